// RUN: ternary-opt %s -ternary-bind-parameters -split-input-file | FileCheck %s

// What both steps use is stored once, at a multiple of 64 bytes: a parameter as it is, a
// scale, and a weight in its layout. Of a parameter that only bind-time ops read, only what
// they make of it is stored; of an op only the results that are read; and what nothing
// reads is not in the archive at all. In the steps parameters are memory of the archive.
// To kernels weights are memory, all else is a tensor that must not be written.
// CHECK-LABEL: module
// CHECK-NEXT:  ternary.archive @weights bytes 1920 {
// CHECK-NEXT:    %[[TABLE:.*]] = ternary.read_parameter "table" : tensor<9x40xf32>
// CHECK-NEXT:    ternary.archive_entry "table" at 0, %[[TABLE]] : tensor<9x40xf32>
// CHECK-NEXT:    %[[W:.*]] = ternary.read_parameter "w" : tensor<32x40xf16>
// CHECK-NEXT:    %[[T:.*]], %[[S:.*]] = ternary.quantize_weights %[[W]] : tensor<32x40xf16> -> tensor<32x40x!ternary.trit>, tensor<1xf32>
// CHECK-NEXT:    ternary.archive_entry "w.quantize_weights.1" at 1472, %[[S]] : tensor<1xf32>
// CHECK-NEXT:    %[[P:.*]] = ternary.pack %[[T]]
// CHECK-NEXT:    ternary.archive_entry "w.pack" at 1536, %[[P]] : tensor<32x40x!ternary.trit, #ternary.packed<lanes = 4, depth = 4, planes = 4, vectors = 2>>
// CHECK-NEXT:  }

// CHECK-LABEL: func.func @prefill(
// CHECK-SAME:    %[[IDS:[^:]*]]: memref<1x?xi32> {ternary.role = #ternary.role<ids>}, %[[FROM:[^:]*]]: index {ternary.role = #ternary.role<logits_from>},
// CHECK-SAME:    %[[BASE:[^:]*]]: memref<?xi8> {ternary.role = #ternary.role<weights>}, %[[LOGITS:[^:]*]]: memref<1x?x32xf32> {ternary.role = #ternary.role<logits>}) attributes {ternary.step = #ternary.step<prefill>} {
// CHECK-NEXT:    %[[IDS_TENSOR:.*]] = bufferization.to_tensor %[[IDS]] restrict : memref<1x?xi32>
// CHECK-NEXT:    %[[TABLE:.*]] = ternary.parameter @weights "table" of %[[BASE]] : memref<?xi8> -> memref<9x40xf32>
// CHECK-NEXT:    %[[TABLE_TENSOR:.*]] = bufferization.to_tensor %[[TABLE]] restrict : memref<9x40xf32>
// CHECK-NEXT:    %[[S:.*]] = ternary.parameter @weights "w.quantize_weights.1" of %[[BASE]] : memref<?xi8> -> memref<1xf32>
// CHECK-NEXT:    %[[S_TENSOR:.*]] = bufferization.to_tensor %[[S]] restrict : memref<1xf32>
// CHECK-NEXT:    %[[W:.*]] = ternary.parameter @weights "w.pack" of %[[BASE]] : memref<?xi8> -> memref<32x40x!ternary.trit, #ternary.packed<lanes = 4, depth = 4, planes = 4, vectors = 2>>
// CHECK-NOT:     ternary.parameter
// CHECK-NOT:     ternary.quantize_weights
// CHECK-NOT:     = ternary.pack
// CHECK:         ternary.gather_kernel ins(%[[IDS_TENSOR]], %[[TABLE_TENSOR]] :
// CHECK:         %[[Y:.*]] = ternary.linear_kernel ins(%{{.*}}, %[[W]] : tensor<1x?x48xi8>, memref<32x40x!ternary.trit, #ternary.packed<lanes = 4, depth = 4, planes = 4, vectors = 2>>)
// CHECK-SAME:      scales(%{{.*}}, %[[S_TENSOR]] :

// A result goes to a new argument of its role, that of the caller's choice.
// CHECK:         bufferization.materialize_in_destination %[[Y]] in restrict writable %[[LOGITS]] : (tensor<1x?x32xf32>, memref<1x?x32xf32>) -> ()
// CHECK-NEXT:    return{{$}}

// CHECK-LABEL: func.func @decode(
// CHECK-SAME:    %{{[^:]*}}: memref<1x1xi32> {ternary.role = #ternary.role<ids>}, %[[BASE:[^:]*]]: memref<?xi8> {ternary.role = #ternary.role<weights>}, %{{[^:]*}}: memref<1x40xf32>)
// CHECK-NOT:     ternary.parameter
// CHECK:         ternary.parameter @weights "table" of %[[BASE]]
// CHECK-NOT:     ternary.parameter
// CHECK:         return{{$}}
!packed = tensor<32x40x!ternary.trit, #ternary.packed<lanes = 4, depth = 4, planes = 4, vectors = 2>>
module {
  func.func @prefill(%ids: tensor<1x?xi32> {ternary.role = #ternary.role<ids>}, %from: index {ternary.role = #ternary.role<logits_from>}, %table: tensor<9x40xf32> {ternary.parameter = "table"},
                     %unused: tensor<64xf32> {ternary.parameter = "unused"}, %w: tensor<32x40xf16> {ternary.parameter = "w"})
      -> (tensor<1x?x32xf32> {ternary.role = #ternary.role<logits>}) attributes {ternary.step = #ternary.step<prefill>} {
    %trits, %scale = ternary.quantize_weights %w : tensor<32x40xf16> -> tensor<32x40x!ternary.trit>, tensor<1xf32>
    %packed = ternary.pack %trits : tensor<32x40x!ternary.trit> -> !packed
    %c1 = arith.constant 1 : index
    %rows = tensor.dim %ids, %c1 : tensor<1x?xi32>
    %ex = tensor.empty(%rows) : tensor<1x?x40xf32>
    %x = ternary.gather_kernel ins(%ids, %table : tensor<1x?xi32>, tensor<9x40xf32>) outs(%ex : tensor<1x?x40xf32>) -> tensor<1x?x40xf32>
    %eq = tensor.empty(%rows) : tensor<1x?x48xi8>
    %ea = tensor.empty(%rows) : tensor<1x?xf32>
    %ec = tensor.empty(%rows) : tensor<1x?xi32>
    %q:3 = ternary.row_kernel rows 2 ins(%x : tensor<1x?x40xf32>) outs(%eq, %ea, %ec : tensor<1x?x48xi8>, tensor<1x?xf32>, tensor<1x?xi32>) {
    ^bb0(%row: vector<40xf32>):
      %codes, %a, %sum = ternary.quantize_activations %row : vector<40xf32> -> vector<48xi8>, f32, i32
      ternary.yield %codes, %a, %sum : vector<48xi8>, f32, i32
    } -> tensor<1x?x48xi8>, tensor<1x?xf32>, tensor<1x?xi32>
    %ey = tensor.empty(%rows) : tensor<1x?x32xf32>
    %y = ternary.linear_kernel ins(%q#0, %packed : tensor<1x?x48xi8>, !packed) scales(%q#1, %scale : tensor<1x?xf32>, tensor<1xf32>) sums(%q#2 : tensor<1x?xi32>) outs(%ey : tensor<1x?x32xf32>) {
    ^bb0(%v: f32):
      ternary.yield %v : f32
    } -> tensor<1x?x32xf32>
    return %y : tensor<1x?x32xf32>
  }
  func.func @decode(%ids: tensor<1x1xi32> {ternary.role = #ternary.role<ids>}, %t: tensor<9x40xf32> {ternary.parameter = "table"})
      -> (tensor<1x40xf32>) attributes {ternary.step = #ternary.step<decode>} {
    %row = tensor.extract_slice %t[0, 0] [1, 40] [1, 1] : tensor<9x40xf32> to tensor<1x40xf32>
    return %row : tensor<1x40xf32>
  }
}

// -----

// State is memory that the step may write: the new state goes where the old one came from,
// to the argument of its role, and to no new one.
// CHECK-LABEL: func.func @state(
// CHECK-SAME:    %[[X:[^:]*]]: memref<2x64xf32>, %[[STATE:[^:]*]]: memref<2x64xf32> {ternary.role = #ternary.role<state>}, %{{[^:]*}}: memref<?xi8> {ternary.role = #ternary.role<weights>}) attributes
// CHECK-NEXT:    %[[X_TENSOR:.*]] = bufferization.to_tensor %[[X]] restrict : memref
// CHECK-NEXT:    %[[OLD:.*]] = bufferization.to_tensor %[[STATE]] restrict writable : memref
// CHECK-NEXT:    %[[NEW:.*]] = arith.addf %[[OLD]], %[[X_TENSOR]]
// CHECK-NEXT:    bufferization.materialize_in_destination %[[NEW]] in restrict writable %[[STATE]]
// CHECK-NEXT:    return{{$}}
func.func @state(%x: tensor<2x64xf32>, %old: tensor<2x64xf32> {ternary.role = #ternary.role<state>}) -> (tensor<2x64xf32> {ternary.role = #ternary.role<state>})
    attributes {ternary.step = #ternary.step<decode>} {
  %new = arith.addf %old, %x : tensor<2x64xf32>
  return %new : tensor<2x64xf32>
}

// -----

// Entries differ if anything about how they are made does: layouts, attributes, operands.
// Names are those of the first parameter that goes in. What comes of one parameter is
// together. The same ops twice make one entry.
// CHECK-LABEL: ternary.archive @weights bytes 704 {
// CHECK-NEXT:    %[[A:.*]] = ternary.read_parameter "a" : tensor<4x8xf32>
// CHECK-NEXT:    %[[TA:.*]], %[[SA:.*]] = ternary.quantize_weights %[[A]] : tensor<4x8xf32> -> tensor<4x8x!ternary.trit>, tensor<1xf32>
// CHECK-NEXT:    ternary.archive_entry "a.quantize_weights.1" at 0, %[[SA]]
// CHECK-NEXT:    %[[RA:.*]], %[[SRA:.*]] = ternary.quantize_weights %[[A]] {granularity = #ternary<granularity row>}
// CHECK-NEXT:    ternary.archive_entry "a.quantize_weights.1.2" at 64, %[[SRA]] : tensor<4xf32>
// CHECK-NEXT:    %[[B:.*]] = ternary.read_parameter "b" : tensor<2x8xf32>
// CHECK-NEXT:    %[[TB:.*]], %[[SB:.*]] = ternary.quantize_weights %[[B]]
// CHECK-NEXT:    %[[T:.*]], %[[S:.*]] = ternary.stack_rows %[[TA]], %[[TB]] scales(%[[SA]], %[[SB]])
// CHECK-NEXT:    ternary.archive_entry "a.stack_rows.1" at 128, %[[S]] : tensor<6xf32>
// CHECK-NEXT:    %[[P1:.*]] = ternary.pack %[[TA]] : {{.*}}<lanes = 1,
// CHECK-NEXT:    ternary.archive_entry "a.pack" at 192, %[[P1]]
// CHECK-NEXT:    %[[P2:.*]] = ternary.pack %[[TA]] : {{.*}}<lanes = 2,
// CHECK-NEXT:    ternary.archive_entry "a.pack.2" at 256, %[[P2]]
// CHECK-NEXT:    %[[P:.*]] = ternary.pack %[[T]]
// CHECK-NEXT:    ternary.archive_entry "a.pack.3" at 320, %[[P]] : tensor<6x8x!ternary.trit, #ternary.packed<lanes = 1, depth = 1, planes = 1, vectors = 1>>
// CHECK-NEXT:    ternary.archive_entry "b" at 384, %[[B]]
// CHECK-NEXT:    %[[LB:.*]] = ternary.read_parameter "bounds" : tensor<2x32xf32>
// CHECK-NEXT:    %[[BOUNDS:.*]] = ternary.lower_bounds %[[LB]]
// CHECK-NEXT:    ternary.archive_entry "bounds.lower_bounds" at 448, %[[BOUNDS]]
// CHECK-NEXT:  }
// CHECK-LABEL: func.func @entries(
// CHECK:         %[[P1:.*]] = ternary.parameter @weights "a.pack" of
// CHECK:         %[[P2:.*]] = ternary.parameter @weights "a.pack.2" of
// CHECK:         %[[P:.*]] = ternary.parameter @weights "a.pack.3" of
// CHECK:         %[[P3:.*]] = ternary.parameter @weights "a.pack" of
// CHECK:         ternary.linear_kernel ins(%{{.*}}, %[[P1]] :
// CHECK:         ternary.linear_kernel ins(%{{.*}}, %[[P2]] :
// CHECK:         ternary.linear_kernel ins(%{{.*}}, %[[P]] :
// CHECK:         ternary.linear_kernel ins(%{{.*}}, %[[P3]] :
!plain4 = tensor<4x8x!ternary.trit, #ternary.packed<lanes = 1, depth = 1, planes = 1, vectors = 1>>
!other4 = tensor<4x8x!ternary.trit, #ternary.packed<lanes = 2, depth = 1, planes = 1, vectors = 1>>
!plain6 = tensor<6x8x!ternary.trit, #ternary.packed<lanes = 1, depth = 1, planes = 1, vectors = 1>>
func.func @entries(%a: tensor<4x8xf32> {ternary.parameter = "a"}, %b: tensor<2x8xf32> {ternary.parameter = "b"}, %l: tensor<2x32xf32> {ternary.parameter = "bounds"},
                   %q: tensor<2x8xi8>, %s: tensor<2xf32> {ternary.role = #ternary.role<scales>}, %c: tensor<2xi32>,
                   %e: tensor<2x4xf32>, %f: tensor<2x6xf32>)
    -> (tensor<2x4xf32>, tensor<2x4xf32>, tensor<2x6xf32>, tensor<2x32xf32>,
        tensor<4xf32>, tensor<2x8xf32>) attributes {ternary.step = #ternary.step<decode>} {
  %ta, %sa = ternary.quantize_weights %a : tensor<4x8xf32> -> tensor<4x8x!ternary.trit>, tensor<1xf32>
  %ra, %sra = ternary.quantize_weights %a {granularity = #ternary<granularity row>} : tensor<4x8xf32> -> tensor<4x8x!ternary.trit>, tensor<4xf32>
  %tb, %sb = ternary.quantize_weights %b : tensor<2x8xf32> -> tensor<2x8x!ternary.trit>, tensor<1xf32>
  %t, %st = ternary.stack_rows %ta, %tb scales(%sa, %sb) : tensor<4x8x!ternary.trit>, tensor<2x8x!ternary.trit> scales tensor<1xf32>, tensor<1xf32> -> tensor<6x8x!ternary.trit>, tensor<6xf32>
  %p0 = ternary.pack %ta : tensor<4x8x!ternary.trit> -> !plain4
  %p1 = ternary.pack %ta : tensor<4x8x!ternary.trit> -> !other4
  %p2 = ternary.pack %t : tensor<6x8x!ternary.trit> -> !plain6
  %p3 = ternary.pack %ta : tensor<4x8x!ternary.trit> -> !plain4
  %bounds = ternary.lower_bounds %l : tensor<2x32xf32> -> tensor<2x32xf32>
  %y0 = ternary.linear_kernel ins(%q, %p0 : tensor<2x8xi8>, !plain4) scales(%s, %sa : tensor<2xf32>, tensor<1xf32>) sums(%c : tensor<2xi32>) outs(%e : tensor<2x4xf32>) {
  ^bb0(%v: f32):
    ternary.yield %v : f32
  } -> tensor<2x4xf32>
  %y1 = ternary.linear_kernel ins(%q, %p1 : tensor<2x8xi8>, !other4) scales(%s, %sra : tensor<2xf32>, tensor<4xf32>) sums(%c : tensor<2xi32>) outs(%y0 : tensor<2x4xf32>) {
  ^bb0(%v: f32):
    ternary.yield %v : f32
  } -> tensor<2x4xf32>
  %y2 = ternary.linear_kernel ins(%q, %p2 : tensor<2x8xi8>, !plain6) scales(%s, %st : tensor<2xf32>, tensor<6xf32>) sums(%c : tensor<2xi32>) outs(%f : tensor<2x6xf32>) {
  ^bb0(%v: f32):
    ternary.yield %v : f32
  } -> tensor<2x6xf32>
  %y3 = ternary.linear_kernel ins(%q, %p3 : tensor<2x8xi8>, !plain4) scales(%s, %sa : tensor<2xf32>, tensor<1xf32>) sums(%c : tensor<2xi32>) outs(%e : tensor<2x4xf32>) {
  ^bb0(%v: f32):
    ternary.yield %v : f32
  } -> tensor<2x4xf32>
  return %y1, %y3, %y2, %bounds, %sra, %b : tensor<2x4xf32>, tensor<2x4xf32>, tensor<2x6xf32>, tensor<2x32xf32>, tensor<4xf32>, tensor<2x8xf32>
}

// -----

// A function that is no step takes memory for its results behind what comes in, in their order, and
// has the weights if it reads parameters. What is no tensor stays a result.
// CHECK-LABEL: ternary.archive @weights bytes 256 {
// CHECK-NEXT:    %[[W:.*]] = ternary.read_parameter "w" : tensor<64xf32>
// CHECK-NEXT:    ternary.archive_entry "w" at 0, %[[W]]
// CHECK-NEXT:  }
// CHECK-LABEL: func.func @parameters(
// CHECK-SAME:    %{{[^:]*}}: memref<?xi8> {ternary.role = #ternary.role<weights>},
// CHECK-SAME:    %[[Y:[^:]*]]: memref<64xf32> {ternary.result = 0 : i64})
// CHECK:         bufferization.materialize_in_destination %{{.*}} in restrict writable %[[Y]]
func.func @parameters(%w: tensor<64xf32> {ternary.parameter = "w"}) -> tensor<64xf32> {
  return %w : tensor<64xf32>
}
// CHECK-LABEL: func.func @results(
// CHECK-SAME:    %[[X:[^:]*]]: memref<64xf32>, %[[N:[^:]*]]: index,
// CHECK-SAME:    %{{[^:]*}}: memref<64xf32> {ternary.result = 1 : i64}) -> index {
// CHECK:         return %[[N]] : index
func.func @results(%x: tensor<64xf32>, %n: index) -> (index, tensor<64xf32>) {
  return %n, %x : index, tensor<64xf32>
}

// -----

// Without parameters there is no archive, and a symbol of its name may be there.
// CHECK-LABEL: func.func private @weights()
// CHECK-NOT:   ternary.archive
func.func private @weights()
func.func @no_parameters(%x: tensor<64xf32>) {
  return
}

// -----

// The sizes of results follow from those of arguments, by a function of these.
// CHECK-LABEL: func.func @dynamic(
// CHECK-SAME:    %{{[^:]*}}: memref<?x8xf32>, %{{[^:]*}}: memref<?x8xf32> {ternary.result = 0 : i64})
// CHECK-SAME:    attributes {ternary.result_sizes = @dynamic_result_sizes}
// CHECK-LABEL: func.func private @dynamic_result_sizes(
// CHECK-SAME:    %[[X:[^:]*]]: memref<?x8xf32>) -> index {
// CHECK:         %[[TENSOR:.*]] = bufferization.to_tensor %[[X]]
// CHECK:         %[[N:.*]] = tensor.dim %[[TENSOR]], %c0
// CHECK:         return %[[N]]
func.func @dynamic(%x: tensor<?x8xf32>) -> tensor<?x8xf32> {
  %c0 = arith.constant 0 : index
  %n = tensor.dim %x, %c0 : tensor<?x8xf32>
  %e = tensor.empty(%n) : tensor<?x8xf32>
  %0 = linalg.copy ins(%x : tensor<?x8xf32>) outs(%e : tensor<?x8xf32>) -> tensor<?x8xf32>
  return %0 : tensor<?x8xf32>
}

// -----

// What bind-time ops make of constants is computed now: floats are constants, weights bytes.
// CHECK-LABEL: memref.global "private" constant @__weight : memref<4xi8> = dense<[2, 0, 1, 2]> {alignment = 64 : i64}
// CHECK-LABEL: func.func @constant(
// CHECK:         %[[BYTES:.*]] = memref.get_global @__weight : memref<4xi8>
// CHECK:         %[[W:.*]] = ternary.weight_memory %[[BYTES]] : memref<4xi8> -> memref<2x2x!ternary.trit>
// CHECK:         arith.constant dense<1.187500e+00> : tensor<1xf32>
// CHECK-NOT:     ternary.quantize_weights
func.func @constant(%q: tensor<3x2xi8>, %a: tensor<3xf32>, %n: tensor<3xi32>, %out: tensor<3x2xf32>) -> tensor<3x2xf32> {
  %w = arith.constant dense<[[1.5, -2.0], [0.25, 1.0]]> : tensor<2x2xf32>
  %t, %s = ternary.quantize_weights %w : tensor<2x2xf32> -> tensor<2x2x!ternary.trit>, tensor<1xf32>
  %y = ternary.linear_kernel ins(%q, %t : tensor<3x2xi8>, tensor<2x2x!ternary.trit>) scales(%a, %s : tensor<3xf32>, tensor<1xf32>)
      sums(%n : tensor<3xi32>) outs(%out : tensor<3x2xf32>) {
  ^bb0(%v: f32):
    ternary.yield %v : f32
  } -> tensor<3x2xf32>
  return %y : tensor<3x2xf32>
}

// -----

// Of what comes when the function runs kernels make weights, then and there.
// CHECK-LABEL: func.func @arguments(
// CHECK-SAME:    %[[W:[^:]*]]: memref<2x2xf32>, %[[T:[^:]*]]: memref<2x2xi8>,
// CHECK:         %[[BYTES:.*]] = memref.collapse_shape %[[T]]
// CHECK:         %[[CODES:.*]] = memref.alloc() : memref<4xi8>
// CHECK:         linalg.generic {{.*}} ins(%[[BYTES]] : memref<4xi8>) outs(%[[CODES]] : memref<4xi8>)
// CHECK:           arith.addi
// CHECK:         %[[TRITS:.*]] = ternary.weight_memory %[[CODES]] : memref<4xi8> -> memref<2x2x!ternary.trit>
// CHECK:         %[[LATENT:.*]] = bufferization.to_buffer %{{.*}} read_only
// CHECK:         ternary.quantize_weights_kernel ins(%[[LATENT]] : memref<2x2xf32>) outs(%[[MADE:.*]], %{{.*}}, %{{.*}} : memref<2x2x!ternary.trit>, memref<1xf32>, memref<2xf64>)
// CHECK:         ternary.linear_kernel ins(%{{.*}}, %[[MADE]] :
// CHECK:         ternary.linear_kernel ins(%{{.*}}, %[[TRITS]] :
func.func @arguments(%w: tensor<2x2xf32>, %t: tensor<2x2x!ternary.trit>, %q: tensor<3x2xi8>, %a: tensor<3xf32>, %n: tensor<3xi32>,
                     %out: tensor<3x2xf32>) -> (tensor<3x2xf32>, tensor<3x2xf32>) {
  %trits, %s = ternary.quantize_weights %w : tensor<2x2xf32> -> tensor<2x2x!ternary.trit>, tensor<1xf32>
  %y = ternary.linear_kernel ins(%q, %trits : tensor<3x2xi8>, tensor<2x2x!ternary.trit>) scales(%a, %s : tensor<3xf32>, tensor<1xf32>)
      sums(%n : tensor<3xi32>) outs(%out : tensor<3x2xf32>) {
  ^bb0(%v: f32):
    ternary.yield %v : f32
  } -> tensor<3x2xf32>
  %z = ternary.linear_kernel ins(%q, %t : tensor<3x2xi8>, tensor<2x2x!ternary.trit>) scales(%a, %s : tensor<3xf32>, tensor<1xf32>)
      sums(%n : tensor<3xi32>) outs(%out : tensor<3x2xf32>) {
  ^bb0(%v: f32):
    ternary.yield %v : f32
  } -> tensor<3x2xf32>
  return %y, %z : tensor<3x2xf32>, tensor<3x2xf32>
}
