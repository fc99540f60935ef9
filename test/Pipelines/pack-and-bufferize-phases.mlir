// RUN: ternary-opt %s --ternary-to-pack=kernel=avx512vnni | FileCheck %s --check-prefix=BIND
// RUN: ternary-opt %s --ternary-to-bufferize=kernel=avx512vnni | FileCheck %s --check-prefix=MEMORY

// What the passes of the phases `pack` and `bufferize` make of a model together; each has
// a test of its own in test/Dialect/Ternary/Transforms.

// What both steps use is stored once.
// BIND: ternary.archive @weights bytes
// BIND: ternary.archive_entry "table" at 0
// BIND: %[[W:.*]] = ternary.read_parameter "w" : tensor<64x40xf32>
// BIND: %[[T:.*]], %[[S:.*]] = ternary.quantize_weights %[[W]]
// BIND: ternary.archive_entry "w.quantize_weights.1" at {{.*}}, %[[S]] : tensor<1xf32>
// BIND: %[[P:.*]] = ternary.pack %[[T]]
// BIND: ternary.archive_entry "w.pack" at {{.*}}, %[[P]]
// BIND-NOT: ternary.archive_entry "w
// BIND: func.func @prefill(%{{.*}}: memref<1x?xi32> {ternary.role = #ternary.role<ids>}, %{{.*}}: memref<?xi8> {ternary.role = #ternary.role<weights>}, %{{.*}}: memref<1x?x32xf32> {ternary.role = #ternary.role<logits>}) attributes
// BIND: ternary.parameter @weights "w.pack"
// BIND: ternary.linear_kernel ins({{.*}} memref<64x40x!ternary.trit, #ternary.packed<lanes = 16, depth = 4, planes = 4, vectors = 2, halves = 2>>)
// BIND: func.func @decode

// Logits are written where the caller wants them.
// MEMORY: func.func private @linear_64x40
// MEMORY: func.func @prefill
// MEMORY-SAME: %[[LOGITS:[a-z0-9]*]]: memref<1x?x32xf32> {ternary.role = #ternary.role<logits>}
// MEMORY-NOT: memref.copy
// MEMORY: call @linear_64x40{{.*}}%[[LOGITS]])
module {
  func.func @prefill(%ids: tensor<1x?xi32> {ternary.role = #ternary.role<ids>}, %t: tensor<9x40xf32> {ternary.parameter = "table"}, %w: tensor<64x40xf32> {ternary.parameter = "w"})
      -> (tensor<1x?x32xf32> {ternary.role = #ternary.role<logits>}) attributes {ternary.step = #ternary.step<prefill>} {
    %x = ternary.embedding %ids, %t : tensor<1x?xi32>, tensor<9x40xf32> -> tensor<1x?x40xf32>
    %0 = ternary.bit_linear %x, %w : tensor<1x?x40xf32>, tensor<64x40xf32> -> tensor<1x?x64xf32>
    %1 = ternary.glu silu %0 : tensor<1x?x64xf32> -> tensor<1x?x32xf32>
    return %1 : tensor<1x?x32xf32>
  }
  func.func @decode(%ids: tensor<1x1xi32> {ternary.role = #ternary.role<ids>}, %t: tensor<9x40xf32> {ternary.parameter = "table"}, %w: tensor<64x40xf32> {ternary.parameter = "w"})
      -> (tensor<1x1x32xf32> {ternary.role = #ternary.role<logits>}) attributes {ternary.step = #ternary.step<decode>} {
    %x = ternary.embedding %ids, %t : tensor<1x1xi32>, tensor<9x40xf32> -> tensor<1x1x40xf32>
    %0 = ternary.bit_linear %x, %w : tensor<1x1x40xf32>, tensor<64x40xf32> -> tensor<1x1x64xf32>
    %1 = ternary.glu silu %0 : tensor<1x1x64xf32> -> tensor<1x1x32xf32>
    return %1 : tensor<1x1x32xf32>
  }
}
