// Weights become bytes across functions, parameters views of the archive.

// RUN: ternary-opt %s -ternary-to-loops | FileCheck %s
// RUN: ternary-opt %s -ternary-to-loops=erase-archives | FileCheck %s --check-prefixes=CHECK,ERASED

!packed = memref<97x64x!ternary.trit, #ternary.packed<lanes = 16, depth = 4, planes = 4, vectors = 2>>

// ERASED-NOT: ternary.archive
ternary.archive @weights bytes 2368 {
  %gain = ternary.read_parameter "gain" : tensor<64xf32>
  %latent = ternary.read_parameter "latent" : tensor<97x64xf32>
  %trits, %scale = ternary.quantize_weights %latent : tensor<97x64xf32> -> tensor<97x64x!ternary.trit>, tensor<1xf32>
  %packed = ternary.pack %trits : tensor<97x64x!ternary.trit>
    -> tensor<97x64x!ternary.trit, #ternary.packed<lanes = 16, depth = 4, planes = 4, vectors = 2>>
  ternary.archive_entry "gain" at 0, %gain : tensor<64xf32>
  ternary.archive_entry "packed" at 256, %packed
    : tensor<97x64x!ternary.trit, #ternary.packed<lanes = 16, depth = 4, planes = 4, vectors = 2>>
}

// CHECK: func.func private @external(memref<2048xi8>, memref<?xf32>) -> memref<15xi8>
func.func private @external(%w: !packed, %x: memref<?xf32>) -> memref<3x5x!ternary.trit>

// CHECK-LABEL: func @identity(
// CHECK-SAME:    %[[W:.*]]: memref<2048xi8>) -> memref<2048xi8>
// CHECK-NEXT:    return %[[W]] : memref<2048xi8>
func.func @identity(%w: !packed) -> !packed {
  return %w : !packed
}

// CHECK-LABEL: func @parameters(
// CHECK-SAME:    %[[BASE:.*]]: memref<?xi8>, %[[X:.*]]: memref<?xf32>) -> memref<64xf32>
// CHECK-DAG:     %[[C0:.*]] = arith.constant 0 : index
// CHECK-DAG:     %[[C256:.*]] = arith.constant 256 : index
// CHECK-DAG:     %[[GAIN:.*]] = memref.view %[[BASE]][%[[C0]]][] : memref<?xi8> to memref<64xf32>
// CHECK-DAG:     %[[PACKED:.*]] = memref.view %[[BASE]][%[[C256]]][] : memref<?xi8> to memref<2048xi8>
// CHECK:         %[[SAME:.*]] = call @identity(%[[PACKED]]) : (memref<2048xi8>) -> memref<2048xi8>
// CHECK:         call @external(%[[SAME]], %[[X]]) : (memref<2048xi8>, memref<?xf32>) -> memref<15xi8>
// CHECK:         return %[[GAIN]]
func.func @parameters(%base: memref<?xi8>, %x: memref<?xf32>) -> memref<64xf32> {
  %gain = ternary.parameter @weights "gain" of %base : memref<?xi8> -> memref<64xf32>
  %packed = ternary.parameter @weights "packed" of %base : memref<?xi8> -> !packed
  %same = func.call @identity(%packed) : (!packed) -> !packed
  %other = func.call @external(%same, %x) : (!packed, memref<?xf32>) -> memref<3x5x!ternary.trit>
  return %gain : memref<64xf32>
}
