// RUN: ternary-opt %s -ternary-bind-training-blocks -split-input-file | FileCheck %s

!packed = tensor<6x64x!ternary.trit, #ternary.packed<lanes = 4, depth = 4, planes = 4, vectors = 2>>

// The archive has every parameter of any step once, as it is, in order of first mention,
// each at a multiple of 64 bytes; gradients have no entries of their own.
// CHECK-LABEL: ternary.archive @parameters bytes 2308 {
// CHECK-NEXT:    %[[W:.*]] = ternary.read_parameter "w" : tensor<6x64xf32>
// CHECK-NEXT:    ternary.archive_entry "w" at 0, %[[W]] : tensor<6x64xf32>
// CHECK-NEXT:    %[[G:.*]] = ternary.read_parameter "g" : tensor<1xf32>
// CHECK-NEXT:    ternary.archive_entry "g" at 1536, %[[G]] : tensor<1xf32>
// CHECK-NEXT:    %[[P:.*]] = ternary.read_parameter "p" : tensor<3x59xf32>
// CHECK-NEXT:    ternary.archive_entry "p" at 1600, %[[P]] : tensor<3x59xf32>
// CHECK-NEXT:  }

// Parameters become views of one argument, which is added, whether they are used or not;
// a step without gradients gets no block of them.
// CHECK-LABEL: func.func @loss(
// CHECK-SAME:    %[[X:[^:]*]]: memref<2x?x64xf32>, %[[BLOCK:[^:]*]]: memref<?xi8> {ternary.role = #ternary.role<parameters>}, %[[Y:[^:]*]]: memref<2x?x64xf32>)
// CHECK-SAME:    attributes {ternary.step = #ternary.step<loss>}
// CHECK:         %[[X_TENSOR:.*]] = bufferization.to_tensor %[[X]] restrict : memref<2x?x64xf32>
// CHECK:         ternary.parameter @parameters "w" of %[[BLOCK]] : memref<?xi8> -> memref<6x64xf32>
// CHECK:         ternary.parameter @parameters "g" of %[[BLOCK]] : memref<?xi8> -> memref<1xf32>
// CHECK:         bufferization.materialize_in_destination %[[X_TENSOR]] in restrict writable %[[Y]]
// CHECK-NEXT:    return
func.func @loss(%x: tensor<2x?x64xf32>, %w: tensor<6x64xf32> {ternary.parameter = "w"}, %g: tensor<1xf32> {ternary.parameter = "g"})
    -> tensor<2x?x64xf32> attributes {ternary.step = #ternary.step<loss>} {
  return %x : tensor<2x?x64xf32>
}

// Weights are quantised and packed at the start of the step, in their order, into memory
// that it allocates: the scale and the trits as they are, what is summed up for the scale,
// packed trits as many bytes as their layout takes. Parameters themselves are never written; sums of gradients are, and
// each result goes to the place of its own name.
// CHECK-LABEL: func.func @gradient(
// CHECK-SAME:    %[[SEED:[^:]*]]: memref<f32> {ternary.role = #ternary.role<seed>}, %[[O:[^:]*]]: memref<2x6xf32> {ternary.role = #ternary.role<state>}, %[[Q:[^:]*]]: memref<2x64xi8>,
// CHECK-SAME:    %[[S:[^:]*]]: memref<2xf32>, %[[C:[^:]*]]: memref<2xi32>,
// CHECK-SAME:    %[[BLOCK:[^:]*]]: memref<?xi8> {ternary.role = #ternary.role<parameters>}, %[[GRADIENTS:[^:]*]]: memref<?xi8> {ternary.role = #ternary.role<gradients>}, %[[LOSS:[^:]*]]: memref<f32> {ternary.role = #ternary.role<loss>})
// CHECK-SAME:    attributes {ternary.step = #ternary.step<gradient>}
// CHECK:         %[[W:.*]] = ternary.parameter @parameters "w" of %[[BLOCK]] : memref<?xi8> -> memref<6x64xf32>
// CHECK-NEXT:    %[[W_TENSOR:.*]] = bufferization.to_tensor %[[W]] restrict : memref<6x64xf32>
// CHECK-NEXT:    %[[P:.*]] = ternary.parameter @parameters "p" of %[[BLOCK]]
// CHECK-NEXT:    bufferization.to_tensor %[[P]] restrict : memref<3x59xf32>
// CHECK-NEXT:    %[[DP:.*]] = ternary.parameter @parameters "p" of %[[GRADIENTS]] : memref<?xi8> -> memref<3x59xf32>
// CHECK-NEXT:    %[[DP_TENSOR:.*]] = bufferization.to_tensor %[[DP]] restrict writable : memref<3x59xf32>
// CHECK-NEXT:    %[[DW:.*]] = ternary.parameter @parameters "w" of %[[GRADIENTS]]
// CHECK-NEXT:    %[[DW_TENSOR:.*]] = bufferization.to_tensor %[[DW]] restrict writable : memref<6x64xf32>
// CHECK-NEXT:    %[[BYTES:.*]] = memref.alloc() : memref<384xi8>
// CHECK-NEXT:    %[[TRITS:.*]] = ternary.weight_memory %[[BYTES]] : memref<384xi8> -> memref<6x64x!ternary.trit>
// CHECK-NEXT:    %[[SCALE:.*]] = memref.alloc() : memref<1xf32>
// CHECK-NEXT:    %[[SUMS:.*]] = memref.alloc() : memref<6xf64>
// CHECK-NEXT:    ternary.quantize_weights_kernel ins(%[[W]] : memref<6x64xf32>) outs(%[[TRITS]], %[[SCALE]], %[[SUMS]] : memref<6x64x!ternary.trit>, memref<1xf32>, memref<6xf64>)
// CHECK-NEXT:    %[[PACKED_BYTES:.*]] = memref.alloc() : memref<128xi8>
// CHECK-NEXT:    %[[PACKED:.*]] = ternary.weight_memory %[[PACKED_BYTES]] : memref<128xi8> -> memref<6x64x!ternary.trit, #ternary.packed<lanes = 4, depth = 4, planes = 4, vectors = 2>>
// CHECK-NEXT:    ternary.pack_kernel ins(%[[TRITS]] : memref<6x64x!ternary.trit>) outs(%[[PACKED]] :
// CHECK-NEXT:    %[[BOUNDS:.*]] = memref.alloc() : memref<3x59xf32>
// CHECK-NEXT:    ternary.lower_bounds_kernel ins(%[[P]] : memref<3x59xf32>) outs(%[[BOUNDS]] : memref<3x59xf32>)
// CHECK-NOT:     memref.alloc
// CHECK-DAG:     %[[BOUNDS_TENSOR:.*]] = bufferization.to_tensor %[[BOUNDS]] restrict :
// CHECK-DAG:     %[[SCALE_TENSOR:.*]] = bufferization.to_tensor %[[SCALE]] restrict :
// CHECK:         %[[NEXT_P:.*]] = arith.addf %[[DP_TENSOR]], %[[BOUNDS_TENSOR]]
// CHECK-NEXT:    %[[NEXT_W:.*]] = arith.addf %[[DW_TENSOR]], %[[W_TENSOR]]
// CHECK-NEXT:    %[[RESULT:.*]] = ternary.linear_kernel ins(%{{.*}}, %[[PACKED]] : tensor<2x64xi8>, memref<6x64x!ternary.trit,
// CHECK-SAME:      scales(%{{.*}}, %[[SCALE_TENSOR]] : tensor<2xf32>, tensor<1xf32>)
// CHECK:         bufferization.materialize_in_destination %[[NEXT_W]] in restrict writable %[[DW]]
// CHECK-NEXT:    bufferization.materialize_in_destination %[[NEXT_P]] in restrict writable %[[DP]]
// CHECK-NEXT:    bufferization.materialize_in_destination %{{.*}} in restrict writable %[[LOSS]]
// CHECK-NEXT:    bufferization.materialize_in_destination %[[RESULT]] in restrict writable %[[O]]
// CHECK-NEXT:    return
func.func @gradient(%w: tensor<6x64xf32> {ternary.parameter = "w"}, %p: tensor<3x59xf32> {ternary.parameter = "p"}, %seed: tensor<f32> {ternary.role = #ternary.role<seed>},
                    %dp: tensor<3x59xf32> {ternary.gradient = "p"}, %dw: tensor<6x64xf32> {ternary.gradient = "w"}, %o: tensor<2x6xf32> {ternary.role = #ternary.role<state>},
                    %q: tensor<2x64xi8>, %s: tensor<2xf32>, %c: tensor<2xi32>)
    -> (tensor<6x64xf32> {ternary.gradient = "w"}, tensor<f32> {ternary.role = #ternary.role<loss>}, tensor<3x59xf32> {ternary.gradient = "p"}, tensor<2x6xf32> {ternary.role = #ternary.role<state>})
    attributes {ternary.step = #ternary.step<gradient>} {
  %t, %scale = ternary.quantize_weights %w : tensor<6x64xf32> -> tensor<6x64x!ternary.trit>, tensor<1xf32>
  %packed = ternary.pack %t : tensor<6x64x!ternary.trit> -> !packed
  %bounds = ternary.lower_bounds %p : tensor<3x59xf32> -> tensor<3x59xf32>
  %next_p = arith.addf %dp, %bounds : tensor<3x59xf32>
  %next_w = arith.addf %dw, %w : tensor<6x64xf32>
  %y = ternary.linear_kernel ins(%q, %packed : tensor<2x64xi8>, !packed)
      scales(%s, %scale : tensor<2xf32>, tensor<1xf32>) sums(%c : tensor<2xi32>) outs(%o : tensor<2x6xf32>) {
  ^bb0(%v: f32):
    ternary.yield %v : f32
  } -> tensor<2x6xf32>
  return %next_w, %seed, %next_p, %y : tensor<6x64xf32>, tensor<f32>, tensor<3x59xf32>, tensor<2x6xf32>
}

// A function that is no step keeps its arguments.
// CHECK-LABEL: func.func @no_step(
// CHECK-SAME:    %[[W:[^:]*]]: tensor<6x64xf32> {ternary.parameter = "other"}) -> tensor<6x64xf32> {
// CHECK-NEXT:    return %[[W]]
func.func @no_step(%w: tensor<6x64xf32> {ternary.parameter = "other"}) -> tensor<6x64xf32> {
  return %w : tensor<6x64xf32>
}

// -----

// Trits that nothing has packed are read as they are, by what reads weights in memory.
// CHECK-LABEL: func.func @gradient(
// CHECK-SAME:    %[[G:[^:]*]]: memref<2x6xf32>
// CHECK:         %[[TRITS:.*]] = ternary.weight_memory
// CHECK:         ternary.quantize_weights_kernel
// CHECK:         ternary.linear_backward_input_kernel ins(%{{.*}}, %[[TRITS]], %{{.*}} : tensor<2x6xf32>, memref<6x8x!ternary.trit>, tensor<1xf32>)
func.func @gradient(%w: tensor<6x8xf32> {ternary.parameter = "w"}, %g: tensor<2x6xf32>) -> (tensor<2x8xf32>)
    attributes {ternary.step = #ternary.step<gradient>} {
  %t, %s = ternary.quantize_weights %w : tensor<6x8xf32> -> tensor<6x8x!ternary.trit>, tensor<1xf32>
  %e = tensor.empty() : tensor<2x8xf32>
  %y = ternary.linear_backward_input_kernel ins(%g, %t, %s : tensor<2x6xf32>, tensor<6x8x!ternary.trit>, tensor<1xf32>) outs(%e : tensor<2x8xf32>) -> tensor<2x8xf32>
  return %y : tensor<2x8xf32>
}

// -----

// Moments have blocks of their own. What is returned is written to its place: parameters and
// moments here, while gradients are read only.
// CHECK-LABEL: ternary.archive @parameters bytes 32 {
// CHECK-LABEL: func.func @update(
// CHECK-SAME:    %[[RATE:[^:]*]]: f32 {ternary.role = #ternary.role<learning_rate>}, %[[P:[^:]*]]: memref<?xi8> {ternary.role = #ternary.role<parameters>}, %[[G:[^:]*]]: memref<?xi8> {ternary.role = #ternary.role<gradients>},
// CHECK-SAME:    %[[M:[^:]*]]: memref<?xi8> {ternary.role = #ternary.role<first_moments>}, %[[V:[^:]*]]: memref<?xi8> {ternary.role = #ternary.role<second_moments>})
// CHECK:         %[[PV:.*]] = ternary.parameter @parameters "w" of %[[P]]
// CHECK-NEXT:    %[[PT:.*]] = bufferization.to_tensor %[[PV]] restrict writable :
// CHECK-NEXT:    %[[GV:.*]] = ternary.parameter @parameters "w" of %[[G]]
// CHECK-NEXT:    %[[GT:.*]] = bufferization.to_tensor %[[GV]] restrict :
// CHECK-NEXT:    %[[MV:.*]] = ternary.parameter @parameters "w" of %[[M]]
// CHECK-NEXT:    %[[MT:.*]] = bufferization.to_tensor %[[MV]] restrict writable :
// CHECK-NEXT:    %[[VV:.*]] = ternary.parameter @parameters "w" of %[[V]]
// CHECK-NEXT:    %[[VT:.*]] = bufferization.to_tensor %[[VV]] restrict writable :
// CHECK:         %[[P1:.*]] = arith.addf %[[PT]], %[[GT]]
// CHECK:         %[[M1:.*]] = arith.addf %[[MT]], %[[GT]]
// CHECK:         %[[V1:.*]] = arith.addf %[[VT]], %[[GT]]
// CHECK:         bufferization.materialize_in_destination %[[P1]] in restrict writable %[[PV]]
// CHECK-NEXT:    bufferization.materialize_in_destination %[[M1]] in restrict writable %[[MV]]
// CHECK-NEXT:    bufferization.materialize_in_destination %[[V1]] in restrict writable %[[VV]]
// CHECK-NEXT:    return
func.func @update(%w: tensor<8xf32> {ternary.parameter = "w"}, %g: tensor<8xf32> {ternary.gradient = "w"}, %m: tensor<8xf32> {ternary.first_moment = "w"},
                  %v: tensor<8xf32> {ternary.second_moment = "w"}, %rate: f32 {ternary.role = #ternary.role<learning_rate>})
    -> (tensor<8xf32> {ternary.parameter = "w"}, tensor<8xf32> {ternary.first_moment = "w"}, tensor<8xf32> {ternary.second_moment = "w"})
    attributes {ternary.step = #ternary.step<update>} {
  %p1 = arith.addf %w, %g : tensor<8xf32>
  %m1 = arith.addf %m, %g : tensor<8xf32>
  %v1 = arith.addf %v, %g : tensor<8xf32>
  return %p1, %m1, %v1 : tensor<8xf32>, tensor<8xf32>, tensor<8xf32>
}

// -----

// Without steps there is nothing to bind, and no archive.
// CHECK-LABEL: func.func private @parameters()
// CHECK-NOT:   ternary.archive
// CHECK:       func.func @no_step(%{{.*}}: tensor<64xf32> {ternary.parameter = "x"})
func.func private @parameters()
func.func @no_step(%x: tensor<64xf32> {ternary.parameter = "x"}) {
  return
}
