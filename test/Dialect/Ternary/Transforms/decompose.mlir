// RUN: ternary-opt %s --pass-pipeline='builtin.module(func.func(ternary-decompose))' | FileCheck %s

// CHECK-LABEL: func.func @bit_linear(
// CHECK-SAME: %[[X:.*]]: tensor<1x?x64xf32>, %[[G:.*]]: tensor<64xf32>, %[[W:.*]]: tensor<97x64xf16>
// CHECK: %[[S:.*]] = ternary.square_sums %[[X]]
// CHECK: %[[R:.*]] = ternary.inverse_rms %[[S]] {epsilon = 9.99999993E-9 : f32, size = 64 : i64}
// CHECK: %[[Y:.*]] = ternary.normalize %[[X]], %[[R]], %[[G]]
// CHECK: %[[Q:.*]], %[[A:.*]], %{{.*}} = ternary.quantize_activations %[[Y]]
// CHECK: %[[T:.*]], %[[B:.*]] = ternary.quantize_weights %[[W]]
// CHECK: %[[ACC:.*]] = ternary.accumulate %[[Q]], %[[T]]
// CHECK: ternary.dequantize %[[ACC]], %[[A]], %[[B]]
func.func @bit_linear(%x: tensor<1x?x64xf32>, %g: tensor<64xf32>, %w: tensor<97x64xf16>) -> tensor<1x?x97xf32> {
  %0 = ternary.bit_linear %x, %w norm(%g : tensor<64xf32>) {epsilon = 1.0e-8 : f32}
    : tensor<1x?x64xf32>, tensor<97x64xf16> -> tensor<1x?x97xf32>
  return %0 : tensor<1x?x97xf32>
}

// CHECK-LABEL: func.func @mlgru(
// CHECK-SAME: %[[F:.*]]: tensor<1x?x64xf32>, %[[I:.*]]: tensor<1x?x64xf32>, %[[S:.*]]: tensor<1x64xf32>, %[[LB:.*]]: tensor<64xf32>
// CHECK: %[[ONE:.*]] = tensor.splat
// CHECK: %[[SIG:.*]] = ternary.activate {{ ?}}sigmoid %[[F]]
// CHECK: %[[BOUND:.*]] = linalg.broadcast ins(%[[LB]]
// CHECK: %[[REST:.*]] = arith.subf %[[ONE]], %[[BOUND]]
// CHECK: %[[SCALED:.*]] = arith.mulf %[[REST]], %[[SIG]]
// CHECK: %[[GATE:.*]] = arith.addf %[[BOUND]], %[[SCALED]]
// CHECK: %[[SILU:.*]] = ternary.activate {{ ?}}silu %[[I]]
// CHECK: %[[OPEN:.*]] = arith.subf %[[ONE]], %[[GATE]]
// CHECK: %[[IN:.*]] = arith.mulf %[[SILU]], %[[OPEN]]
// CHECK: ternary.linear_scan %[[GATE]], %[[IN]], %[[S]]
func.func @mlgru(%f: tensor<1x?x64xf32>, %i: tensor<1x?x64xf32>, %s: tensor<1x64xf32>, %lb: tensor<64xf32>) -> (tensor<1x?x64xf32>, tensor<1x64xf32>) {
  %h, %n = ternary.mlgru %f, %i, %s lower_bound(%lb : tensor<64xf32>) : tensor<1x?x64xf32>, tensor<1x64xf32>
  return %h, %n : tensor<1x?x64xf32>, tensor<1x64xf32>
}

// The order decides which side is normalised.
// CHECK-LABEL: func.func @gates(
// CHECK-SAME: %[[G:.*]]: tensor<2x64xf32>, %[[H:.*]]: tensor<2x64xf32>
// CHECK: ternary.square_sums %[[G]]
// CHECK: ternary.activate {{ ?}}silu %[[H]]
// CHECK: ternary.square_sums %[[H]]
// CHECK: ternary.activate {{ ?}}silu %[[G]]
func.func @gates(%g: tensor<2x64xf32>, %h: tensor<2x64xf32>, %n: tensor<64xf32>) -> (tensor<2x64xf32>, tensor<2x64xf32>) {
  %0 = ternary.output_gate norm_gate %g, %h, %n {epsilon = 1.0e-6 : f32} : tensor<2x64xf32>, tensor<64xf32>
  %1 = ternary.output_gate norm_state %g, %h, %n {epsilon = 1.0e-6 : f32} : tensor<2x64xf32>, tensor<64xf32>
  return %0, %1 : tensor<2x64xf32>, tensor<2x64xf32>
}

// CHECK-LABEL: func.func @glu(
// CHECK: %[[A:.*]] = tensor.extract_slice %{{.*}}[0, 0] [2, 256] [1, 1]
// CHECK: %[[B:.*]] = tensor.extract_slice %{{.*}}[0, 256] [2, 256] [1, 1]
// CHECK: %[[S:.*]] = ternary.activate {{ ?}}silu %[[A]]
// CHECK: arith.mulf %[[S]], %[[B]]
func.func @glu(%x: tensor<2x512xf32>) -> tensor<2x256xf32> {
  %0 = ternary.glu silu %x : tensor<2x512xf32> -> tensor<2x256xf32>
  return %0 : tensor<2x256xf32>
}

// A float layer is a product with its weight transposed.
// CHECK-LABEL: func.func @linear(
// CHECK-SAME:    %[[X:[^:]*]]: tensor<1x?x64xf32>, %[[W:[^:]*]]: tensor<97x64xbf16>)
// CHECK-NEXT:    %[[T:.*]] = ternary.transpose %[[W]] : tensor<97x64xbf16> -> tensor<64x97xbf16>
// CHECK-NEXT:    %[[Y:.*]] = ternary.matmul %[[X]], %[[T]] : tensor<1x?x64xf32>, tensor<64x97xbf16> -> tensor<1x?x97xf32>
// CHECK-NEXT:    return %[[Y]]
func.func @linear(%x: tensor<1x?x64xf32>, %w: tensor<97x64xbf16>) -> tensor<1x?x97xf32> {
  %0 = ternary.linear %x, %w : tensor<1x?x64xf32>, tensor<97x64xbf16> -> tensor<1x?x97xf32>
  return %0 : tensor<1x?x97xf32>
}

// CHECK-LABEL: func.func @layer_norm(
// CHECK-SAME:    %[[X:[^:]*]]: tensor<1x?x64xf32>, %[[G:[^:]*]]: tensor<64xf32>, %[[B:[^:]*]]: tensor<64xf32>)
// CHECK:         %[[C:.*]] = ternary.center %[[X]]
// CHECK:         %[[S:.*]] = ternary.square_sums %[[C]]
// CHECK:         %[[R:.*]] = ternary.inverse_rms %[[S]] {epsilon = 9.99999974E-6 : f32, size = 64 : i64}
// CHECK:         %[[Y:.*]] = ternary.normalize %[[C]], %[[R]], %[[G]]
// CHECK:         %[[BIAS:.*]] = linalg.broadcast ins(%[[B]]
// CHECK:         arith.addf %[[Y]], %[[BIAS]]
func.func @layer_norm(%x: tensor<1x?x64xf32>, %g: tensor<64xf32>, %b: tensor<64xf32>) -> tensor<1x?x64xf32> {
  %0 = ternary.layer_norm %x, %g, %b {epsilon = 1.0e-5 : f32} : tensor<1x?x64xf32>, tensor<64xf32>
  return %0 : tensor<1x?x64xf32>
}

// CHECK-LABEL: func.func @time_mix(
// CHECK-SAME:    %[[X:[^:]*]]: tensor<2x64xf32>, %[[P:[^:]*]]: tensor<2x64xf32>, %[[M:[^:]*]]: tensor<64xf32>)
// CHECK:         %[[MIX:.*]] = linalg.broadcast ins(%[[M]]
// CHECK:         %[[REST:.*]] = arith.subf %{{.*}}, %[[MIX]]
// CHECK:         %[[A:.*]] = arith.mulf %[[X]], %[[MIX]]
// CHECK:         %[[B:.*]] = arith.mulf %[[P]], %[[REST]]
// CHECK:         arith.addf %[[A]], %[[B]]
func.func @time_mix(%x: tensor<2x64xf32>, %p: tensor<2x64xf32>, %m: tensor<64xf32>) -> tensor<2x64xf32> {
  %0 = ternary.time_mix %x, %p, %m : tensor<2x64xf32>, tensor<64xf32>
  return %0 : tensor<2x64xf32>
}

// Ternary weights of a layer with floats for its input: nothing is quantised.
// CHECK-LABEL: func.func @linear_of_trits(
// CHECK-SAME: %[[X:.*]]: tensor<1x?x64xf32>, %[[T:.*]]: tensor<97x64x!ternary.trit>, %[[S:[^:]*]]: tensor<97xf32>, %[[G:[^:]*]]: tensor<97x2xf32>
// CHECK-NEXT: %[[ROWS:.*]] = ternary.accumulate %[[X]], %[[T]] : tensor<1x?x64xf32>, tensor<97x64x!ternary.trit> -> tensor<1x?x97xf32>
// CHECK-NEXT: ternary.dequantize %[[ROWS]], %[[S]] : tensor<1x?x97xf32>, tensor<97xf32>
// CHECK-NEXT: %[[GROUPS:.*]] = ternary.accumulate %[[X]], %[[T]] {group_size = 32 : i64} : tensor<1x?x64xf32>, tensor<97x64x!ternary.trit> -> tensor<1x?x97x2xf32>
// CHECK-NEXT: ternary.dequantize %[[GROUPS]], %[[G]] : tensor<1x?x97x2xf32>, tensor<97x2xf32>
func.func @linear_of_trits(%x: tensor<1x?x64xf32>, %t: tensor<97x64x!ternary.trit>, %s: tensor<97xf32>, %g: tensor<97x2xf32>)
    -> (tensor<1x?x97xf32>, tensor<1x?x97xf32>) {
  %0 = ternary.linear %x, %t scale(%s : tensor<97xf32>) : tensor<1x?x64xf32>, tensor<97x64x!ternary.trit> -> tensor<1x?x97xf32>
  %1 = ternary.linear %x, %t scale(%g : tensor<97x2xf32>) : tensor<1x?x64xf32>, tensor<97x64x!ternary.trit> -> tensor<1x?x97xf32>
  return %0, %1 : tensor<1x?x97xf32>, tensor<1x?x97xf32>
}
