// RUN: ternary-opt %s --ternary-to-fuse | FileCheck %s
// RUN: ternary-opt %s --ternary-to-fuse=fuse=false | FileCheck %s --check-prefix=UNFUSED

// What the passes up to the phase `fuse` make of layers together; each has a test of its
// own in test/Dialect/Ternary/Transforms.

// A residual addition moves into the kernel, and the next norm's statistics are taken in it.
// CHECK-LABEL: func.func @residual(
// CHECK-SAME: %[[X:.*]]: tensor<1x?x64xf32>
// CHECK: %[[Q:.*]]:3 = ternary.row_kernel rows 2
// CHECK: ternary.quantize_activations
// CHECK: %[[R:.*]]:2 = ternary.linear_kernel square_sums ins(%[[Q]]#0
// CHECK-SAME: extras(%[[X]] : tensor<1x?x64xf32>)
// CHECK: ^bb0(%[[V:.*]]: f32, %[[E:.*]]: f32):
// CHECK: %[[SUM:.*]] = arith.addf %[[E]], %[[V]] : f32
// CHECK: ternary.yield %[[SUM]]
// CHECK: ternary.row_kernel rows 2 ins(%[[R]]#1, %[[R]]#0
// CHECK: ternary.inverse_rms
// CHECK-NOT: ternary.square_sums
// UNFUSED-LABEL: func.func @residual(
// UNFUSED: ternary.linear_kernel ins(
// UNFUSED: ^bb0(%[[V:.*]]: f32):
// UNFUSED-NEXT: ternary.yield %[[V]]
// UNFUSED: ternary.row_kernel
// UNFUSED: arith.addf %{{.*}}, %{{.*}} : vector<64xf32>
func.func @residual(%x: tensor<1x?x64xf32>, %g: tensor<64xf32>, %w: tensor<64x64xf32>) -> tensor<1x?x64xf32> {
  %0 = ternary.bit_linear %x, %w norm(%g : tensor<64xf32>) : tensor<1x?x64xf32>, tensor<64x64xf32> -> tensor<1x?x64xf32>
  %1 = arith.addf %x, %0 : tensor<1x?x64xf32>
  %2 = ternary.rms_norm %1, %g {epsilon = 1.0e-6 : f32} : tensor<1x?x64xf32>, tensor<64xf32>
  %3 = arith.addf %1, %2 : tensor<1x?x64xf32>
  return %3 : tensor<1x?x64xf32>
}

// Both halves of a gated linear unit meet in one kernel.
// CHECK-LABEL: func.func @swiglu(
// CHECK: ternary.linear_kernel ins({{.*}} tensor<512x64x!ternary.trit>)
// CHECK: ^bb0(%[[A:.*]]: f32, %[[B:.*]]: f32):
// CHECK: %[[S:.*]] = ternary.activate {{ ?}}silu %[[A]] : f32
// CHECK: arith.mulf %[[S]], %[[B]] : f32
// CHECK: -> tensor<1x?x256xf32>
func.func @swiglu(%x: tensor<1x?x64xf32>, %w: tensor<512x64xf32>) -> tensor<1x?x256xf32> {
  %0 = ternary.bit_linear %x, %w : tensor<1x?x64xf32>, tensor<512x64xf32> -> tensor<1x?x512xf32>
  %1 = ternary.glu silu %0 : tensor<1x?x512xf32> -> tensor<1x?x256xf32>
  return %1 : tensor<1x?x256xf32>
}

// Two values of the result are needed: nothing moves in, and a remark says why.
// CHECK-LABEL: func.func @two_values(
// CHECK: ternary.linear_kernel
// CHECK: ^bb0(%[[V:.*]]: f32):
// CHECK-NEXT: ternary.yield %[[V]]
// CHECK: ternary.row_kernel
// CHECK: ternary.activate
func.func @two_values(%x: tensor<1x?x64xf32>, %w: tensor<64x64xf32>) -> (tensor<1x?x64xf32>, tensor<1x?x64xf32>) {
  %0 = ternary.bit_linear %x, %w : tensor<1x?x64xf32>, tensor<64x64xf32> -> tensor<1x?x64xf32>
  %1 = ternary.activate silu %0 : tensor<1x?x64xf32>
  return %0, %1 : tensor<1x?x64xf32>, tensor<1x?x64xf32>
}

// A weight that a loop multiplies by is quantised before it.
// CHECK-LABEL: func.func @loop(
// CHECK: ternary.quantize_weights
// CHECK: scf.for
// CHECK-NOT: ternary.quantize_weights
// CHECK: ternary.linear_kernel
func.func @loop(%x: tensor<4x16xf32>, %w: tensor<16x16xf32>, %n: index) -> tensor<4x16xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %0 = scf.for %i = %c0 to %n step %c1 iter_args(%h = %x) -> tensor<4x16xf32> {
    %1 = ternary.bit_linear %h, %w : tensor<4x16xf32>, tensor<16x16xf32> -> tensor<4x16xf32>
    scf.yield %1 : tensor<4x16xf32>
  }
  return %0 : tensor<4x16xf32>
}

// Projections of one input share its quantisation and become one wider accumulate.
// CHECK-LABEL: func.func @projections(
// CHECK-COUNT-1: ternary.quantize_activations
// CHECK: ternary.stack_rows %{{.*}}, %{{.*}} scales(%{{.*}}, %{{.*}})
// CHECK-COUNT-1: ternary.linear_kernel ins({{.*}} tensor<80x64x!ternary.trit>) scales({{.*}} tensor<80xf32>)
// CHECK-NOT: ternary.linear_kernel
// CHECK: tensor.extract_slice %{{.*}}[0, 0, 0] [1, %{{.*}}, 64]
// CHECK: tensor.extract_slice %{{.*}}[0, 0, 64] [1, %{{.*}}, 16]
func.func @projections(%x: tensor<1x?x64xf32>, %g: tensor<64xf32>, %a: tensor<64x64xf32> {ternary.parameter = "a"}, %b: tensor<16x64xf32> {ternary.parameter = "b"}) -> (tensor<1x?x64xf32>, tensor<1x?x16xf32>) {
  %ta, %sa = ternary.quantize_weights %a : tensor<64x64xf32> -> tensor<64x64x!ternary.trit>, tensor<1xf32>
  %tb, %sb = ternary.quantize_weights %b : tensor<16x64xf32> -> tensor<16x64x!ternary.trit>, tensor<1xf32>
  %0 = ternary.bit_linear %x, %ta norm(%g : tensor<64xf32>) scale(%sa : tensor<1xf32>) : tensor<1x?x64xf32>, tensor<64x64x!ternary.trit> -> tensor<1x?x64xf32>
  %1 = ternary.bit_linear %x, %tb norm(%g : tensor<64xf32>) scale(%sb : tensor<1xf32>) : tensor<1x?x64xf32>, tensor<16x64x!ternary.trit> -> tensor<1x?x16xf32>
  return %0, %1 : tensor<1x?x64xf32>, tensor<1x?x16xf32>
}

// CHECK-LABEL: func.func @state_in_place(
// CHECK: ternary.gather_kernel
// CHECK: ternary.scan_kernel ins(%{{.*}}, %{{.*}} : tensor<1x?x64xf32>, tensor<1x?x64xf32>) outs(%{{.*}}, %arg2 : tensor<1x?x64xf32>, tensor<1x64xf32>)
func.func @state_in_place(%ids: tensor<1x?xi32>, %t: tensor<8x64xf16>, %s: tensor<1x64xf32>) -> (tensor<1x?x64xf32>, tensor<1x64xf32>) {
  %x = ternary.embedding %ids, %t : tensor<1x?xi32>, tensor<8x64xf16> -> tensor<1x?x64xf32>
  %h, %n = ternary.linear_scan %x, %x, %s : tensor<1x?x64xf32>, tensor<1x64xf32>
  return %h, %n : tensor<1x?x64xf32>, tensor<1x64xf32>
}

// Who asks for a size of what is fused gets it from elsewhere.
// CHECK-LABEL: func.func @size(
// CHECK-SAME: %[[X:.*]]: tensor<1x?x64xf32>
// CHECK: tensor.dim
// CHECK: ternary.linear_kernel
// CHECK-NOT: ternary.accumulate
func.func @size(%x: tensor<1x?x64xf32>, %w: tensor<64x64xf32>) -> (tensor<1x?x64xf32>, index) {
  %0 = ternary.bit_linear %x, %w : tensor<1x?x64xf32>, tensor<64x64xf32> -> tensor<1x?x64xf32>
  %c1 = arith.constant 1 : index
  %n = tensor.dim %0, %c1 : tensor<1x?x64xf32>
  %1 = arith.addf %x, %0 : tensor<1x?x64xf32>
  return %1, %n : tensor<1x?x64xf32>, index
}

// Slices of some rows, or of every other column, are no halves.
// CHECK-LABEL: func.func @no_halves(
// CHECK-COUNT-2: ternary.linear_kernel
// CHECK-NOT: ^bb0(%{{.*}}: f32, %{{.*}}: f32)
// CHECK: return
func.func @no_halves(%x: tensor<1x?x64xf32>, %y: tensor<2x64xf32>, %w: tensor<64x64xf32>, %n: index) -> (tensor<1x?x32xf32>, tensor<2x32xf32>) {
  %0 = ternary.bit_linear %x, %w : tensor<1x?x64xf32>, tensor<64x64xf32> -> tensor<1x?x64xf32>
  %u = tensor.extract_slice %0[0, 0, 0] [1, %n, 32] [1, 1, 1] : tensor<1x?x64xf32> to tensor<1x?x32xf32>
  %v = tensor.extract_slice %0[0, 0, 32] [1, %n, 32] [1, 1, 1] : tensor<1x?x64xf32> to tensor<1x?x32xf32>
  %1 = arith.mulf %u, %v : tensor<1x?x32xf32>
  %2 = ternary.bit_linear %y, %w : tensor<2x64xf32>, tensor<64x64xf32> -> tensor<2x64xf32>
  %s = tensor.extract_slice %2[0, 0] [2, 32] [1, 2] : tensor<2x64xf32> to tensor<2x32xf32>
  %t = tensor.extract_slice %2[0, 32] [2, 32] [1, 1] : tensor<2x64xf32> to tensor<2x32xf32>
  %3 = arith.mulf %s, %t : tensor<2x32xf32>
  return %1, %3 : tensor<1x?x32xf32>, tensor<2x32xf32>
}
