// RUN: ternary-opt %s -split-input-file -verify-diagnostics

// What verifiers of losses, gradients and their kernels refuse: each constraint of each, and each
// operand of a kernel with a wrong element type and a wrong shape.

func.func @cross_entropy_targets(%x: tensor<2x?x8xf32>, %t: tensor<3x?xi32>) {
  // expected-error @+1 {{expected targets of shape [2, ?], got 'tensor<3x?xi32>'}}
  %0 = ternary.cross_entropy %x, %t : tensor<2x?x8xf32>, tensor<3x?xi32> -> tensor<f32>
  return
}

// -----

func.func @cross_entropy_rank(%x: tensor<2x?x8xf32>, %t: tensor<2xi32>) {
  // expected-error @+1 {{expected targets of shape [2, ?], got 'tensor<2xi32>'}}
  %0 = ternary.cross_entropy %x, %t : tensor<2x?x8xf32>, tensor<2xi32> -> tensor<f32>
  return
}

// -----

func.func @cross_entropy_columns(%x: tensor<2x?xf32>, %t: tensor<2xi32>) {
  // expected-error @+1 {{expected logits with a static last dimension, got 'tensor<2x?xf32>'}}
  %0 = ternary.cross_entropy %x, %t : tensor<2x?xf32>, tensor<2xi32> -> tensor<f32>
  return
}

// -----

func.func @cross_entropy_scalar(%x: tensor<f32>, %t: tensor<i32>) {
  // expected-error @+1 {{expected logits with a static last dimension, got 'tensor<f32>'}}
  %0 = ternary.cross_entropy %x, %t : tensor<f32>, tensor<i32> -> tensor<f32>
  return
}

// -----

func.func @cross_entropy_rows_target(%x: tensor<2x?x8xf32>, %t: tensor<3x?xi32>) {
  // expected-error @+1 {{expected target of shape [2, ?], got 'tensor<3x?xi32>'}}
  %0, %1 = ternary.cross_entropy_rows %x, %t : tensor<2x?x8xf32>, tensor<3x?xi32> -> tensor<2x?xf32>, tensor<2x?xf32>
  return
}

// -----

func.func @cross_entropy_rows_columns(%x: tensor<2x?xf32>, %t: tensor<2xi32>) {
  // expected-error @+1 {{expected logits with a static last dimension, got 'tensor<2x?xf32>'}}
  %0, %1 = ternary.cross_entropy_rows %x, %t : tensor<2x?xf32>, tensor<2xi32> -> tensor<2xf32>, tensor<2xf32>
  return
}

// -----

func.func @mean_targets(%x: tensor<2x3xf32>, %t: tensor<2x4xi32>) {
  // expected-error @+1 {{expected targets of shape [2, 3], got 'tensor<2x4xi32>'}}
  %0, %1 = ternary.mean_over_targets %x, %t : tensor<2x3xf32>, tensor<2x4xi32> -> tensor<f32>, tensor<f32>
  return
}

// -----

func.func @cross_entropy_backward_target(%x: tensor<2x?x8xf32>, %t: tensor<3x?xi32>, %s: tensor<2x?xf32>, %w: tensor<f32>, %g: tensor<f32>) {
  // expected-error @+1 {{expected target of shape [2, ?], got 'tensor<3x?xi32>'}}
  %0 = ternary.cross_entropy_backward %x, %t, %s, %w, %g : tensor<2x?x8xf32>, tensor<3x?xi32>, tensor<2x?xf32>, tensor<f32>, tensor<f32>
  return
}

// -----

func.func @cross_entropy_backward_statistics(%x: tensor<2x?x8xf32>, %t: tensor<2x?xi32>, %s: tensor<3x?xf32>, %w: tensor<f32>, %g: tensor<f32>) {
  // expected-error @+1 {{expected log_sum_exp of shape [2, ?], got 'tensor<3x?xf32>'}}
  %0 = ternary.cross_entropy_backward %x, %t, %s, %w, %g : tensor<2x?x8xf32>, tensor<2x?xi32>, tensor<3x?xf32>, tensor<f32>, tensor<f32>
  return
}

// -----

func.func @cross_entropy_backward_columns(%x: tensor<2x?xf32>, %t: tensor<2xi32>, %s: tensor<2xf32>, %w: tensor<f32>, %g: tensor<f32>) {
  // expected-error @+1 {{expected logits with a static last dimension, got 'tensor<2x?xf32>'}}
  %0 = ternary.cross_entropy_backward %x, %t, %s, %w, %g : tensor<2x?xf32>, tensor<2xi32>, tensor<2xf32>, tensor<f32>, tensor<f32>
  return
}

// -----

func.func @cross_entropy_backward_weight(%x: tensor<2x?x8xf32>, %t: tensor<2x?xi32>, %s: tensor<2x?xf32>, %w: tensor<1xf32>, %g: tensor<f32>) {
  // expected-error @+1 {{operand #3 must be 32-bit float or 64-bit float or 0D tensor of 32-bit float or 64-bit float values, but got 'tensor<1xf32>'}}
  %0 = ternary.cross_entropy_backward %x, %t, %s, %w, %g : tensor<2x?x8xf32>, tensor<2x?xi32>, tensor<2x?xf32>, tensor<1xf32>, tensor<f32>
  return
}

// -----

func.func @cross_entropy_backward_grad(%x: tensor<2x?x8xf32>, %t: tensor<2x?xi32>, %s: tensor<2x?xf32>, %w: tensor<f32>, %g: tensor<2xf32>) {
  // expected-error @+1 {{operand #4 must be 32-bit float or 64-bit float or 0D tensor of 32-bit float or 64-bit float values, but got 'tensor<2xf32>'}}
  %0 = ternary.cross_entropy_backward %x, %t, %s, %w, %g : tensor<2x?x8xf32>, tensor<2x?xi32>, tensor<2x?xf32>, tensor<f32>, tensor<2xf32>
  return
}

// -----

func.func @linear_backward_input_columns(%g: tensor<2x5xf32>, %w: tensor<6x8x!ternary.trit>, %s: tensor<1xf32>) {
  // expected-error @+1 {{expected grad with 6 columns to match the weight, got 'tensor<2x5xf32>'}}
  %0 = ternary.linear_backward_input %g, %w, %s : tensor<2x5xf32>, tensor<6x8x!ternary.trit>, tensor<1xf32> -> tensor<2x8xf32>
  return
}

// -----

func.func @linear_backward_input_scale(%g: tensor<2x6xf32>, %w: tensor<6x8x!ternary.trit>, %s: tensor<6xf32>) {
  // expected-error @+1 {{expected weight scale of shape [1], got 'tensor<6xf32>'}}
  %0 = ternary.linear_backward_input %g, %w, %s : tensor<2x6xf32>, tensor<6x8x!ternary.trit>, tensor<6xf32> -> tensor<2x8xf32>
  return
}

// -----

func.func @linear_backward_input_layout(%g: tensor<2x6xf32>, %w: tensor<6x8x!ternary.trit, #ternary.packed<lanes = 4, depth = 2, planes = 4, vectors = 1>>, %s: tensor<1xf32>) {
  // expected-error @+1 {{expected a plain weight of static shape, got 'tensor<6x8x!ternary.trit, #ternary.packed<lanes = 4, depth = 2, planes = 4, vectors = 1>>'}}
  %0 = ternary.linear_backward_input %g, %w, %s : tensor<2x6xf32>, tensor<6x8x!ternary.trit, #ternary.packed<lanes = 4, depth = 2, planes = 4, vectors = 1>>, tensor<1xf32> -> tensor<2x8xf32>
  return
}

// -----

func.func @linear_backward_input_dynamic(%g: tensor<2x6xf32>, %w: tensor<?x8x!ternary.trit>, %s: tensor<1xf32>) {
  // expected-error @+1 {{expected a plain weight of static shape, got 'tensor<?x8x!ternary.trit>'}}
  %0 = ternary.linear_backward_input %g, %w, %s : tensor<2x6xf32>, tensor<?x8x!ternary.trit>, tensor<1xf32> -> tensor<2x8xf32>
  return
}

// -----

func.func @linear_backward_input_type(%g: tensor<2x6xf32>, %w: tensor<6x8xf32>, %s: tensor<1xf32>) {
  // expected-error @+1 {{operand #1 must be 2D tensor of ternary.trit values, but got 'tensor<6x8xf32>'}}
  %0 = ternary.linear_backward_input %g, %w, %s : tensor<2x6xf32>, tensor<6x8xf32>, tensor<1xf32> -> tensor<2x8xf32>
  return
}

// -----

func.func @linear_backward_weight_rows(%g: tensor<2x6xf32>, %q: tensor<3x8xi8>, %s: tensor<2xf32>) {
  // expected-error @+1 {{expected activations of shape [2, 8], got 'tensor<3x8xi8>'}}
  %0 = ternary.linear_backward_weight %g, %q, %s : tensor<2x6xf32>, tensor<3x8xi8>, tensor<2xf32> -> tensor<6x8xf32>
  return
}

// -----

func.func @linear_backward_weight_rank(%g: tensor<1x2x6xf32>, %q: tensor<2x8xi8>, %s: tensor<1x2xf32>) {
  // expected-error @+1 {{expected activations of shape [1, 2, 8], got 'tensor<2x8xi8>'}}
  %0 = ternary.linear_backward_weight %g, %q, %s : tensor<1x2x6xf32>, tensor<2x8xi8>, tensor<1x2xf32> -> tensor<6x8xf32>
  return
}

// -----

func.func @linear_backward_weight_grad(%g: tensor<2x?xf32>, %q: tensor<2x8xi8>, %s: tensor<2xf32>) {
  // expected-error @+1 {{expected grad with a static last dimension, got 'tensor<2x?xf32>'}}
  %0 = ternary.linear_backward_weight %g, %q, %s : tensor<2x?xf32>, tensor<2x8xi8>, tensor<2xf32> -> tensor<?x8xf32>
  return
}

// -----

func.func @linear_backward_weight_activations(%g: tensor<2x6xf32>, %q: tensor<2x?xi8>, %s: tensor<2xf32>) {
  // expected-error @+1 {{expected activations with a static last dimension, got 'tensor<2x?xi8>'}}
  %0 = ternary.linear_backward_weight %g, %q, %s : tensor<2x6xf32>, tensor<2x?xi8>, tensor<2xf32> -> tensor<6x?xf32>
  return
}

// -----

func.func @linear_backward_weight_scale(%g: tensor<1x2x6xf32>, %q: tensor<1x2x8xi8>, %s: tensor<2xf32>) {
  // expected-error @+1 {{expected activation scale of shape [1, 2], got 'tensor<2xf32>'}}
  %0 = ternary.linear_backward_weight %g, %q, %s : tensor<1x2x6xf32>, tensor<1x2x8xi8>, tensor<2xf32> -> tensor<6x8xf32>
  return
}

// -----

func.func @linear_backward_weight_scale_type(%g: tensor<2x6xf32>, %q: tensor<2x8xi8>, %s: tensor<2xf16>) {
  // expected-error @+1 {{operand #2 must be ranked tensor of 32-bit float values, but got 'tensor<2xf16>'}}
  %0 = ternary.linear_backward_weight %g, %q, %s : tensor<2x6xf32>, tensor<2x8xi8>, tensor<2xf16> -> tensor<6x8xf32>
  return
}

// -----

func.func @scale_rows_scale(%x: tensor<2x?x8xf32>, %s: tensor<3x?xf32>) {
  // expected-error @+1 {{expected scale of shape [2, ?], got 'tensor<3x?xf32>'}}
  %0 = ternary.scale_rows %x, %s : tensor<2x?x8xf32>, tensor<3x?xf32>
  return
}

// -----

func.func @scale_rows_columns(%x: tensor<2x?xf32>, %s: tensor<2xf32>) {
  // expected-error @+1 {{expected input with a static last dimension, got 'tensor<2x?xf32>'}}
  %0 = ternary.scale_rows %x, %s : tensor<2x?xf32>, tensor<2xf32>
  return
}

// -----

func.func @rms_norm_backward_grad(%d: tensor<2x?x7xf32>, %x: tensor<2x?x8xf32>, %r: tensor<2x?xf32>, %g: tensor<8xf32>) {
  // expected-error @+1 {{expected grad of shape [2, ?, 8], got 'tensor<2x?x7xf32>'}}
  %0 = ternary.rms_norm_backward %d, %x, %r, %g : tensor<2x?x7xf32>, tensor<2x?x8xf32>, tensor<2x?xf32>, tensor<8xf32>
  return
}

// -----

func.func @rms_norm_backward_scale(%d: tensor<2x?x8xf32>, %x: tensor<2x?x8xf32>, %r: tensor<3x?xf32>, %g: tensor<8xf32>) {
  // expected-error @+1 {{expected scale of shape [2, ?], got 'tensor<3x?xf32>'}}
  %0 = ternary.rms_norm_backward %d, %x, %r, %g : tensor<2x?x8xf32>, tensor<2x?x8xf32>, tensor<3x?xf32>, tensor<8xf32>
  return
}

// -----

func.func @rms_norm_backward_gain(%d: tensor<2x?x8xf32>, %x: tensor<2x?x8xf32>, %r: tensor<2x?xf32>, %g: tensor<7xf32>) {
  // expected-error @+1 {{expected gain of shape [8], got 'tensor<7xf32>'}}
  %0 = ternary.rms_norm_backward %d, %x, %r, %g : tensor<2x?x8xf32>, tensor<2x?x8xf32>, tensor<2x?xf32>, tensor<7xf32>
  return
}

// -----

func.func @rms_norm_backward_columns(%d: tensor<2x?xf32>, %x: tensor<2x?xf32>, %r: tensor<2xf32>, %g: tensor<8xf32>) {
  // expected-error @+1 {{expected input with a static last dimension, got 'tensor<2x?xf32>'}}
  %0 = ternary.rms_norm_backward %d, %x, %r, %g : tensor<2x?xf32>, tensor<2x?xf32>, tensor<2xf32>, tensor<8xf32>
  return
}

// -----

func.func @sum_rows_columns(%x: tensor<2x?xf32>) {
  // expected-error @+1 {{expected input with a static last dimension, got 'tensor<2x?xf32>'}}
  %0 = ternary.sum_rows %x : tensor<2x?xf32> -> tensor<?xf32>
  return
}

// -----

func.func @linear_scan_backward_rank(%f: tensor<3x8xf32>, %s: tensor<3x8xf32>) {
  // expected-error @+1 {{expected forget gates of shape [B, T, H], got 'tensor<3x8xf32>'}}
  %0, %1, %2 = ternary.linear_scan_backward %f, %f, %s, %f, %s : tensor<3x8xf32>, tensor<3x8xf32>
  return
}

// -----

func.func @linear_scan_backward_columns(%f: tensor<2x3x?xf32>, %s: tensor<2x?xf32>) {
  // expected-error @+1 {{expected forget gates with a static last dimension, got 'tensor<2x3x?xf32>'}}
  %0, %1, %2 = ternary.linear_scan_backward %f, %f, %s, %f, %s : tensor<2x3x?xf32>, tensor<2x?xf32>
  return
}

// -----

func.func @linear_scan_backward_state(%f: tensor<2x?x8xf32>, %s: tensor<3x8xf32>) {
  // expected-error @+1 {{expected state of shape [2, 8], got 'tensor<3x8xf32>'}}
  %0, %1, %2 = ternary.linear_scan_backward %f, %f, %s, %f, %s : tensor<2x?x8xf32>, tensor<3x8xf32>
  return
}

// -----

func.func @embedding_backward_grad(%i: tensor<2x?xi32>, %g: tensor<2x?x7xf32>) {
  // expected-error @+1 {{expected grad of shape [2, ?, 8], got 'tensor<2x?x7xf32>'}}
  %0 = ternary.embedding_backward %i, %g : tensor<2x?xi32>, tensor<2x?x7xf32> -> tensor<9x8xf32>
  return
}

// -----

func.func @embedding_backward_rank(%i: tensor<2x?xi32>, %g: tensor<2x?x8xf32>) {
  // expected-error @+1 {{expected a result of static shape [V, H], got 'tensor<9xf32>'}}
  %0 = ternary.embedding_backward %i, %g : tensor<2x?xi32>, tensor<2x?x8xf32> -> tensor<9xf32>
  return
}

// -----

func.func @embedding_backward_dynamic(%i: tensor<2x?xi32>, %g: tensor<2x?x8xf32>) {
  // expected-error @+1 {{expected a result of static shape [V, H], got 'tensor<?x8xf32>'}}
  %0 = ternary.embedding_backward %i, %g : tensor<2x?xi32>, tensor<2x?x8xf32> -> tensor<?x8xf32>
  return
}

// -----

func.func @lower_bounds_backward_grad(%p: tensor<3x8xf32>, %g: tensor<3x7xf32>) {
  // expected-error @+1 {{expected grad of shape [3, 8], got 'tensor<3x7xf32>'}}
  %0 = ternary.lower_bounds_backward %p, %g : tensor<3x8xf32>, tensor<3x7xf32>
  return
}

// -----

func.func @lower_bounds_backward_rank(%p: tensor<8xf32>, %g: tensor<8xf32>) {
  // expected-error @+1 {{expected an input of static shape [L, H], got 'tensor<8xf32>'}}
  %0 = ternary.lower_bounds_backward %p, %g : tensor<8xf32>, tensor<8xf32>
  return
}

// -----

func.func @lower_bounds_backward_dynamic(%p: tensor<?x8xf32>, %g: tensor<?x8xf32>) {
  // expected-error @+1 {{expected an input of static shape [L, H], got 'tensor<?x8xf32>'}}
  %0 = ternary.lower_bounds_backward %p, %g : tensor<?x8xf32>, tensor<?x8xf32>
  return
}

// -----

func.func @linear_backward_input_ins(%i0: memref<2x6xf32>, %i1: memref<6x8x!ternary.trit>, %i2: memref<1xf32>, %i3: memref<1xf32>, %o0: memref<2x8xf32>) {
  // expected-error @+1 {{expected 3 ins and 1 outs, got 4 and 1}}
  ternary.linear_backward_input_kernel ins(%i0, %i1, %i2, %i3 : memref<2x6xf32>, memref<6x8x!ternary.trit>, memref<1xf32>, memref<1xf32>) outs(%o0 : memref<2x8xf32>)
  return
}

// -----

func.func @linear_backward_input_outs(%i0: memref<2x6xf32>, %i1: memref<6x8x!ternary.trit>, %i2: memref<1xf32>, %o0: memref<2x8xf32>, %o1: memref<2x8xf32>) {
  // expected-error @+1 {{expected 3 ins and 1 outs, got 3 and 2}}
  ternary.linear_backward_input_kernel ins(%i0, %i1, %i2 : memref<2x6xf32>, memref<6x8x!ternary.trit>, memref<1xf32>) outs(%o0, %o1 : memref<2x8xf32>, memref<2x8xf32>)
  return
}

// -----

func.func @linear_backward_weight_ins(%i0: memref<2x6xf32>, %i1: memref<2x8xi8>, %o0: memref<6x8xf32>) {
  // expected-error @+1 {{expected 3 ins and 1 outs, got 2 and 1}}
  ternary.linear_backward_weight_kernel ins(%i0, %i1 : memref<2x6xf32>, memref<2x8xi8>) outs(%o0 : memref<6x8xf32>)
  return
}

// -----

func.func @linear_backward_weight_outs(%i0: memref<2x6xf32>, %i1: memref<2x8xi8>, %i2: memref<2xf32>, %o0: memref<6x8xf32>, %o1: memref<6x8xf32>) {
  // expected-error @+1 {{expected 3 ins and 1 outs, got 3 and 2}}
  ternary.linear_backward_weight_kernel ins(%i0, %i1, %i2 : memref<2x6xf32>, memref<2x8xi8>, memref<2xf32>) outs(%o0, %o1 : memref<6x8xf32>, memref<6x8xf32>)
  return
}

// -----

func.func @sum_rows_ins(%i0: memref<2x8xf32>, %i1: memref<2x8xf32>, %o0: memref<8xf32>) {
  // expected-error @+1 {{expected 1 ins and 1 outs, got 2 and 1}}
  ternary.sum_rows_kernel ins(%i0, %i1 : memref<2x8xf32>, memref<2x8xf32>) outs(%o0 : memref<8xf32>)
  return
}

// -----

func.func @sum_rows_outs(%i0: memref<2x8xf32>, %o0: memref<8xf32>, %o1: memref<8xf32>) {
  // expected-error @+1 {{expected 1 ins and 1 outs, got 1 and 2}}
  ternary.sum_rows_kernel ins(%i0 : memref<2x8xf32>) outs(%o0, %o1 : memref<8xf32>, memref<8xf32>)
  return
}

// -----

func.func @mean_ins(%i0: memref<2x3xf32>, %i1: memref<2x3xi32>, %i2: memref<2x3xi32>, %o0: memref<f32>, %o1: memref<f32>) {
  // expected-error @+1 {{expected 2 ins and 2 outs, got 3 and 2}}
  ternary.mean_kernel ins(%i0, %i1, %i2 : memref<2x3xf32>, memref<2x3xi32>, memref<2x3xi32>) outs(%o0, %o1 : memref<f32>, memref<f32>)
  return
}

// -----

func.func @mean_outs(%i0: memref<2x3xf32>, %i1: memref<2x3xi32>, %o0: memref<f32>, %o1: memref<f32>, %o2: memref<f32>) {
  // expected-error @+1 {{expected 2 ins and 2 outs, got 2 and 3}}
  ternary.mean_kernel ins(%i0, %i1 : memref<2x3xf32>, memref<2x3xi32>) outs(%o0, %o1, %o2 : memref<f32>, memref<f32>, memref<f32>)
  return
}

// -----

func.func @scan_backward_ins(%i0: memref<2x3x8xf32>, %i1: memref<2x3x8xf32>, %i2: memref<2x8xf32>, %i3: memref<2x3x8xf32>, %i4: memref<2x8xf32>, %i5: memref<2x8xf32>, %o0: memref<2x3x8xf32>, %o1: memref<2x3x8xf32>, %o2: memref<2x8xf32>) {
  // expected-error @+1 {{expected 5 ins and 3 outs, got 6 and 3}}
  ternary.scan_backward_kernel ins(%i0, %i1, %i2, %i3, %i4, %i5 : memref<2x3x8xf32>, memref<2x3x8xf32>, memref<2x8xf32>, memref<2x3x8xf32>, memref<2x8xf32>, memref<2x8xf32>) outs(%o0, %o1, %o2 : memref<2x3x8xf32>, memref<2x3x8xf32>, memref<2x8xf32>)
  return
}

// -----

func.func @scan_backward_outs(%i0: memref<2x3x8xf32>, %i1: memref<2x3x8xf32>, %i2: memref<2x8xf32>, %i3: memref<2x3x8xf32>, %i4: memref<2x8xf32>, %o0: memref<2x3x8xf32>, %o1: memref<2x3x8xf32>, %o2: memref<2x8xf32>, %o3: memref<2x8xf32>) {
  // expected-error @+1 {{expected 5 ins and 3 outs, got 5 and 4}}
  ternary.scan_backward_kernel ins(%i0, %i1, %i2, %i3, %i4 : memref<2x3x8xf32>, memref<2x3x8xf32>, memref<2x8xf32>, memref<2x3x8xf32>, memref<2x8xf32>) outs(%o0, %o1, %o2, %o3 : memref<2x3x8xf32>, memref<2x3x8xf32>, memref<2x8xf32>, memref<2x8xf32>)
  return
}

// -----

func.func @scatter_ins(%i0: memref<2x3xi32>, %i1: memref<2x3x8xf32>, %i2: memref<2x3x8xf32>, %o0: memref<9x8xf32>) {
  // expected-error @+1 {{expected 2 ins and 1 outs, got 3 and 1}}
  ternary.scatter_kernel ins(%i0, %i1, %i2 : memref<2x3xi32>, memref<2x3x8xf32>, memref<2x3x8xf32>) outs(%o0 : memref<9x8xf32>)
  return
}

// -----

func.func @scatter_outs(%i0: memref<2x3xi32>, %i1: memref<2x3x8xf32>, %o0: memref<9x8xf32>, %o1: memref<9x8xf32>) {
  // expected-error @+1 {{expected 2 ins and 1 outs, got 2 and 2}}
  ternary.scatter_kernel ins(%i0, %i1 : memref<2x3xi32>, memref<2x3x8xf32>) outs(%o0, %o1 : memref<9x8xf32>, memref<9x8xf32>)
  return
}

// -----

func.func @lower_bounds_ins(%i0: memref<3x8xf32>, %i1: memref<3x8xf32>, %o0: memref<3x8xf32>) {
  // expected-error @+1 {{expected 1 ins and 1 outs, got 2 and 1}}
  ternary.lower_bounds_kernel ins(%i0, %i1 : memref<3x8xf32>, memref<3x8xf32>) outs(%o0 : memref<3x8xf32>)
  return
}

// -----

func.func @lower_bounds_outs(%i0: memref<3x8xf32>, %o0: memref<3x8xf32>, %o1: memref<3x8xf32>) {
  // expected-error @+1 {{expected 1 ins and 1 outs, got 1 and 2}}
  ternary.lower_bounds_kernel ins(%i0 : memref<3x8xf32>) outs(%o0, %o1 : memref<3x8xf32>, memref<3x8xf32>)
  return
}

// -----

func.func @lower_bounds_backward_ins(%i0: memref<3x8xf32>, %i1: memref<3x8xf32>, %i2: memref<3x8xf32>, %o0: memref<3x8xf32>) {
  // expected-error @+1 {{expected 2 ins and 1 outs, got 3 and 1}}
  ternary.lower_bounds_backward_kernel ins(%i0, %i1, %i2 : memref<3x8xf32>, memref<3x8xf32>, memref<3x8xf32>) outs(%o0 : memref<3x8xf32>)
  return
}

// -----

func.func @lower_bounds_backward_outs(%i0: memref<3x8xf32>, %i1: memref<3x8xf32>, %o0: memref<3x8xf32>, %o1: memref<3x8xf32>) {
  // expected-error @+1 {{expected 2 ins and 1 outs, got 2 and 2}}
  ternary.lower_bounds_backward_kernel ins(%i0, %i1 : memref<3x8xf32>, memref<3x8xf32>) outs(%o0, %o1 : memref<3x8xf32>, memref<3x8xf32>)
  return
}

// -----

func.func @quantize_weights_ins(%i0: memref<6x8xf32>, %i1: memref<6x8xf32>, %o0: memref<6x8x!ternary.trit>, %o1: memref<1xf32>, %r: memref<6xf64>) {
  // expected-error @+1 {{expected 1 ins and 3 outs, got 2 and 3}}
  ternary.quantize_weights_kernel ins(%i0, %i1 : memref<6x8xf32>, memref<6x8xf32>) outs(%o0, %o1, %r : memref<6x8x!ternary.trit>, memref<1xf32>, memref<6xf64>)
  return
}

// -----

func.func @quantize_weights_outs(%i0: memref<6x8xf32>, %o0: memref<6x8x!ternary.trit>, %o1: memref<1xf32>) {
  // expected-error @+1 {{expected 1 ins and 3 outs, got 1 and 2}}
  ternary.quantize_weights_kernel ins(%i0 : memref<6x8xf32>) outs(%o0, %o1 : memref<6x8x!ternary.trit>, memref<1xf32>)
  return
}

// -----

func.func @pack_ins(%i0: memref<6x8x!ternary.trit>, %i1: memref<6x8x!ternary.trit>, %o0: memref<6x8x!ternary.trit, #ternary.packed<lanes = 4, depth = 2, planes = 4, vectors = 1>>) {
  // expected-error @+1 {{expected 1 ins and 1 outs, got 2 and 1}}
  ternary.pack_kernel ins(%i0, %i1 : memref<6x8x!ternary.trit>, memref<6x8x!ternary.trit>) outs(%o0 : memref<6x8x!ternary.trit, #ternary.packed<lanes = 4, depth = 2, planes = 4, vectors = 1>>)
  return
}

// -----

func.func @pack_outs(%i0: memref<6x8x!ternary.trit>, %o0: memref<6x8x!ternary.trit, #ternary.packed<lanes = 4, depth = 2, planes = 4, vectors = 1>>, %o1: memref<6x8x!ternary.trit, #ternary.packed<lanes = 4, depth = 2, planes = 4, vectors = 1>>) {
  // expected-error @+1 {{expected 1 ins and 1 outs, got 1 and 2}}
  ternary.pack_kernel ins(%i0 : memref<6x8x!ternary.trit>) outs(%o0, %o1 : memref<6x8x!ternary.trit, #ternary.packed<lanes = 4, depth = 2, planes = 4, vectors = 1>>, memref<6x8x!ternary.trit, #ternary.packed<lanes = 4, depth = 2, planes = 4, vectors = 1>>)
  return
}

// -----

func.func @few_ins(%i0: memref<2x3xi32>, %o0: memref<9x8xf32>) {
  // expected-error @+1 {{expected 2 ins and 1 outs, got 1 and 1}}
  ternary.scatter_kernel ins(%i0 : memref<2x3xi32>) outs(%o0 : memref<9x8xf32>)
  return
}

// -----

func.func @linear_backward_input_grad_element(%i0: memref<2x6xf16>, %i1: memref<6x8x!ternary.trit>, %i2: memref<1xf32>, %o0: memref<2x8xf32>) {
  // expected-error @+1 {{expected grad of 'f32', got 'memref<2x6xf16>'}}
  ternary.linear_backward_input_kernel ins(%i0, %i1, %i2 : memref<2x6xf16>, memref<6x8x!ternary.trit>, memref<1xf32>) outs(%o0 : memref<2x8xf32>)
  return
}

// -----

func.func @linear_backward_input_grad_shape(%i0: memref<2x5xf32>, %i1: memref<6x8x!ternary.trit>, %i2: memref<1xf32>, %o0: memref<2x8xf32>) {
  // expected-error @+1 {{expected grad of shape [2, 6], got 'memref<2x5xf32>'}}
  ternary.linear_backward_input_kernel ins(%i0, %i1, %i2 : memref<2x5xf32>, memref<6x8x!ternary.trit>, memref<1xf32>) outs(%o0 : memref<2x8xf32>)
  return
}

// -----

func.func @linear_backward_input_weight_element(%i0: memref<2x6xf32>, %i1: memref<6x8xi8>, %i2: memref<1xf32>, %o0: memref<2x8xf32>) {
  // expected-error @+1 {{expected weight of '!ternary.trit', got 'memref<6x8xi8>'}}
  ternary.linear_backward_input_kernel ins(%i0, %i1, %i2 : memref<2x6xf32>, memref<6x8xi8>, memref<1xf32>) outs(%o0 : memref<2x8xf32>)
  return
}

// -----

func.func @linear_backward_input_weight_scale_element(%i0: memref<2x6xf32>, %i1: memref<6x8x!ternary.trit>, %i2: memref<1xf16>, %o0: memref<2x8xf32>) {
  // expected-error @+1 {{expected weight scale of 'f32', got 'memref<1xf16>'}}
  ternary.linear_backward_input_kernel ins(%i0, %i1, %i2 : memref<2x6xf32>, memref<6x8x!ternary.trit>, memref<1xf16>) outs(%o0 : memref<2x8xf32>)
  return
}

// -----

func.func @linear_backward_input_weight_scale_shape(%i0: memref<2x6xf32>, %i1: memref<6x8x!ternary.trit>, %i2: memref<6xf32>, %o0: memref<2x8xf32>) {
  // expected-error @+1 {{expected weight scale of shape [1], got 'memref<6xf32>'}}
  ternary.linear_backward_input_kernel ins(%i0, %i1, %i2 : memref<2x6xf32>, memref<6x8x!ternary.trit>, memref<6xf32>) outs(%o0 : memref<2x8xf32>)
  return
}

// -----

func.func @linear_backward_input_outs_element(%i0: memref<2x6xf32>, %i1: memref<6x8x!ternary.trit>, %i2: memref<1xf32>, %o0: memref<2x8xf16>) {
  // expected-error @+1 {{expected outs of 'f32', got 'memref<2x8xf16>'}}
  ternary.linear_backward_input_kernel ins(%i0, %i1, %i2 : memref<2x6xf32>, memref<6x8x!ternary.trit>, memref<1xf32>) outs(%o0 : memref<2x8xf16>)
  return
}

// -----

func.func @linear_backward_input_outs_shape(%i0: memref<2x6xf32>, %i1: memref<6x8x!ternary.trit>, %i2: memref<1xf32>, %o0: memref<2x7xf32>) {
  // expected-error @+1 {{expected outs of shape [2, 8], got 'memref<2x7xf32>'}}
  ternary.linear_backward_input_kernel ins(%i0, %i1, %i2 : memref<2x6xf32>, memref<6x8x!ternary.trit>, memref<1xf32>) outs(%o0 : memref<2x7xf32>)
  return
}

// -----

func.func @linear_backward_weight_grad_element(%i0: memref<2x6xf16>, %i1: memref<2x8xi8>, %i2: memref<2xf32>, %o0: memref<6x8xf32>) {
  // expected-error @+1 {{expected grad of 'f32', got 'memref<2x6xf16>'}}
  ternary.linear_backward_weight_kernel ins(%i0, %i1, %i2 : memref<2x6xf16>, memref<2x8xi8>, memref<2xf32>) outs(%o0 : memref<6x8xf32>)
  return
}

// -----

func.func @linear_backward_weight_grad_shape(%i0: memref<2x5xf32>, %i1: memref<2x8xi8>, %i2: memref<2xf32>, %o0: memref<6x8xf32>) {
  // expected-error @+1 {{expected grad of shape [2, 6], got 'memref<2x5xf32>'}}
  ternary.linear_backward_weight_kernel ins(%i0, %i1, %i2 : memref<2x5xf32>, memref<2x8xi8>, memref<2xf32>) outs(%o0 : memref<6x8xf32>)
  return
}

// -----

func.func @linear_backward_weight_activations_element(%i0: memref<2x6xf32>, %i1: memref<2x8xf16>, %i2: memref<2xf32>, %o0: memref<6x8xf32>) {
  // expected-error @+1 {{expected activations of 'i8', got 'memref<2x8xf16>'}}
  ternary.linear_backward_weight_kernel ins(%i0, %i1, %i2 : memref<2x6xf32>, memref<2x8xf16>, memref<2xf32>) outs(%o0 : memref<6x8xf32>)
  return
}

// -----

func.func @linear_backward_weight_activation_scale_element(%i0: memref<2x6xf32>, %i1: memref<2x8xi8>, %i2: memref<2xf16>, %o0: memref<6x8xf32>) {
  // expected-error @+1 {{expected activation scale of 'f32', got 'memref<2xf16>'}}
  ternary.linear_backward_weight_kernel ins(%i0, %i1, %i2 : memref<2x6xf32>, memref<2x8xi8>, memref<2xf16>) outs(%o0 : memref<6x8xf32>)
  return
}

// -----

func.func @linear_backward_weight_activation_scale_shape(%i0: memref<2x6xf32>, %i1: memref<2x8xi8>, %i2: memref<3xf32>, %o0: memref<6x8xf32>) {
  // expected-error @+1 {{expected activation scale of shape [2], got 'memref<3xf32>'}}
  ternary.linear_backward_weight_kernel ins(%i0, %i1, %i2 : memref<2x6xf32>, memref<2x8xi8>, memref<3xf32>) outs(%o0 : memref<6x8xf32>)
  return
}

// -----

func.func @linear_backward_weight_outs_element(%i0: memref<2x6xf32>, %i1: memref<2x8xi8>, %i2: memref<2xf32>, %o0: memref<6x8xf16>) {
  // expected-error @+1 {{expected outs of 'f32', got 'memref<6x8xf16>'}}
  ternary.linear_backward_weight_kernel ins(%i0, %i1, %i2 : memref<2x6xf32>, memref<2x8xi8>, memref<2xf32>) outs(%o0 : memref<6x8xf16>)
  return
}

// -----

func.func @linear_backward_weight_outs_shape(%i0: memref<2x6xf32>, %i1: memref<2x8xi8>, %i2: memref<2xf32>, %o0: memref<6xf32>) {
  // expected-error @+1 {{expected outs of shape [6, 6], got 'memref<6xf32>'}}
  ternary.linear_backward_weight_kernel ins(%i0, %i1, %i2 : memref<2x6xf32>, memref<2x8xi8>, memref<2xf32>) outs(%o0 : memref<6xf32>)
  return
}

// -----

func.func @sum_rows_input_element(%i0: memref<2x8xf16>, %o0: memref<8xf32>) {
  // expected-error @+1 {{expected input of 'f32', got 'memref<2x8xf16>'}}
  ternary.sum_rows_kernel ins(%i0 : memref<2x8xf16>) outs(%o0 : memref<8xf32>)
  return
}

// -----

func.func @sum_rows_outs_element(%i0: memref<2x8xf32>, %o0: memref<8xf16>) {
  // expected-error @+1 {{expected outs of 'f32', got 'memref<8xf16>'}}
  ternary.sum_rows_kernel ins(%i0 : memref<2x8xf32>) outs(%o0 : memref<8xf16>)
  return
}

// -----

func.func @sum_rows_outs_shape(%i0: memref<2x8xf32>, %o0: memref<7xf32>) {
  // expected-error @+1 {{expected outs of shape [8], got 'memref<7xf32>'}}
  ternary.sum_rows_kernel ins(%i0 : memref<2x8xf32>) outs(%o0 : memref<7xf32>)
  return
}

// -----

func.func @mean_values_element(%i0: memref<2x3xf16>, %i1: memref<2x3xi32>, %o0: memref<f32>, %o1: memref<f32>) {
  // expected-error @+1 {{expected values of 'f32', got 'memref<2x3xf16>'}}
  ternary.mean_kernel ins(%i0, %i1 : memref<2x3xf16>, memref<2x3xi32>) outs(%o0, %o1 : memref<f32>, memref<f32>)
  return
}

// -----

func.func @mean_targets_element(%i0: memref<2x3xf32>, %i1: memref<2x3xf16>, %o0: memref<f32>, %o1: memref<f32>) {
  // expected-error @+1 {{expected targets of 'i32', got 'memref<2x3xf16>'}}
  ternary.mean_kernel ins(%i0, %i1 : memref<2x3xf32>, memref<2x3xf16>) outs(%o0, %o1 : memref<f32>, memref<f32>)
  return
}

// -----

func.func @mean_mean_element(%i0: memref<2x3xf32>, %i1: memref<2x3xi32>, %o0: memref<f16>, %o1: memref<f32>) {
  // expected-error @+1 {{expected mean of 'f32', got 'memref<f16>'}}
  ternary.mean_kernel ins(%i0, %i1 : memref<2x3xf32>, memref<2x3xi32>) outs(%o0, %o1 : memref<f16>, memref<f32>)
  return
}

// -----

func.func @mean_mean_shape(%i0: memref<2x3xf32>, %i1: memref<2x3xi32>, %o0: memref<1xf32>, %o1: memref<f32>) {
  // expected-error @+1 {{expected mean of shape [], got 'memref<1xf32>'}}
  ternary.mean_kernel ins(%i0, %i1 : memref<2x3xf32>, memref<2x3xi32>) outs(%o0, %o1 : memref<1xf32>, memref<f32>)
  return
}

// -----

func.func @mean_weight_element(%i0: memref<2x3xf32>, %i1: memref<2x3xi32>, %o0: memref<f32>, %o1: memref<f16>) {
  // expected-error @+1 {{expected weight of 'f32', got 'memref<f16>'}}
  ternary.mean_kernel ins(%i0, %i1 : memref<2x3xf32>, memref<2x3xi32>) outs(%o0, %o1 : memref<f32>, memref<f16>)
  return
}

// -----

func.func @mean_weight_shape(%i0: memref<2x3xf32>, %i1: memref<2x3xi32>, %o0: memref<f32>, %o1: memref<2xf32>) {
  // expected-error @+1 {{expected weight of shape [], got 'memref<2xf32>'}}
  ternary.mean_kernel ins(%i0, %i1 : memref<2x3xf32>, memref<2x3xi32>) outs(%o0, %o1 : memref<f32>, memref<2xf32>)
  return
}

// -----

func.func @scan_backward_forget_gates_element(%i0: memref<2x3x8xf16>, %i1: memref<2x3x8xf32>, %i2: memref<2x8xf32>, %i3: memref<2x3x8xf32>, %i4: memref<2x8xf32>, %o0: memref<2x3x8xf32>, %o1: memref<2x3x8xf32>, %o2: memref<2x8xf32>) {
  // expected-error @+1 {{expected forget gates of 'f32', got 'memref<2x3x8xf16>'}}
  ternary.scan_backward_kernel ins(%i0, %i1, %i2, %i3, %i4 : memref<2x3x8xf16>, memref<2x3x8xf32>, memref<2x8xf32>, memref<2x3x8xf32>, memref<2x8xf32>) outs(%o0, %o1, %o2 : memref<2x3x8xf32>, memref<2x3x8xf32>, memref<2x8xf32>)
  return
}

// -----

func.func @scan_backward_hidden_element(%i0: memref<2x3x8xf32>, %i1: memref<2x3x8xf16>, %i2: memref<2x8xf32>, %i3: memref<2x3x8xf32>, %i4: memref<2x8xf32>, %o0: memref<2x3x8xf32>, %o1: memref<2x3x8xf32>, %o2: memref<2x8xf32>) {
  // expected-error @+1 {{expected hidden of 'f32', got 'memref<2x3x8xf16>'}}
  ternary.scan_backward_kernel ins(%i0, %i1, %i2, %i3, %i4 : memref<2x3x8xf32>, memref<2x3x8xf16>, memref<2x8xf32>, memref<2x3x8xf32>, memref<2x8xf32>) outs(%o0, %o1, %o2 : memref<2x3x8xf32>, memref<2x3x8xf32>, memref<2x8xf32>)
  return
}

// -----

func.func @scan_backward_hidden_shape(%i0: memref<2x3x8xf32>, %i1: memref<2x4x8xf32>, %i2: memref<2x8xf32>, %i3: memref<2x3x8xf32>, %i4: memref<2x8xf32>, %o0: memref<2x3x8xf32>, %o1: memref<2x3x8xf32>, %o2: memref<2x8xf32>) {
  // expected-error @+1 {{expected hidden of shape [2, 3, 8], got 'memref<2x4x8xf32>'}}
  ternary.scan_backward_kernel ins(%i0, %i1, %i2, %i3, %i4 : memref<2x3x8xf32>, memref<2x4x8xf32>, memref<2x8xf32>, memref<2x3x8xf32>, memref<2x8xf32>) outs(%o0, %o1, %o2 : memref<2x3x8xf32>, memref<2x3x8xf32>, memref<2x8xf32>)
  return
}

// -----

func.func @scan_backward_state_element(%i0: memref<2x3x8xf32>, %i1: memref<2x3x8xf32>, %i2: memref<2x8xf16>, %i3: memref<2x3x8xf32>, %i4: memref<2x8xf32>, %o0: memref<2x3x8xf32>, %o1: memref<2x3x8xf32>, %o2: memref<2x8xf32>) {
  // expected-error @+1 {{expected state of 'f32', got 'memref<2x8xf16>'}}
  ternary.scan_backward_kernel ins(%i0, %i1, %i2, %i3, %i4 : memref<2x3x8xf32>, memref<2x3x8xf32>, memref<2x8xf16>, memref<2x3x8xf32>, memref<2x8xf32>) outs(%o0, %o1, %o2 : memref<2x3x8xf32>, memref<2x3x8xf32>, memref<2x8xf32>)
  return
}

// -----

func.func @scan_backward_state_shape(%i0: memref<2x3x8xf32>, %i1: memref<2x3x8xf32>, %i2: memref<3x8xf32>, %i3: memref<2x3x8xf32>, %i4: memref<2x8xf32>, %o0: memref<2x3x8xf32>, %o1: memref<2x3x8xf32>, %o2: memref<2x8xf32>) {
  // expected-error @+1 {{expected state of shape [2, 8], got 'memref<3x8xf32>'}}
  ternary.scan_backward_kernel ins(%i0, %i1, %i2, %i3, %i4 : memref<2x3x8xf32>, memref<2x3x8xf32>, memref<3x8xf32>, memref<2x3x8xf32>, memref<2x8xf32>) outs(%o0, %o1, %o2 : memref<2x3x8xf32>, memref<2x3x8xf32>, memref<2x8xf32>)
  return
}

// -----

func.func @scan_backward_grad_element(%i0: memref<2x3x8xf32>, %i1: memref<2x3x8xf32>, %i2: memref<2x8xf32>, %i3: memref<2x3x8xf16>, %i4: memref<2x8xf32>, %o0: memref<2x3x8xf32>, %o1: memref<2x3x8xf32>, %o2: memref<2x8xf32>) {
  // expected-error @+1 {{expected grad of 'f32', got 'memref<2x3x8xf16>'}}
  ternary.scan_backward_kernel ins(%i0, %i1, %i2, %i3, %i4 : memref<2x3x8xf32>, memref<2x3x8xf32>, memref<2x8xf32>, memref<2x3x8xf16>, memref<2x8xf32>) outs(%o0, %o1, %o2 : memref<2x3x8xf32>, memref<2x3x8xf32>, memref<2x8xf32>)
  return
}

// -----

func.func @scan_backward_grad_shape(%i0: memref<2x3x8xf32>, %i1: memref<2x3x8xf32>, %i2: memref<2x8xf32>, %i3: memref<2x3x7xf32>, %i4: memref<2x8xf32>, %o0: memref<2x3x8xf32>, %o1: memref<2x3x8xf32>, %o2: memref<2x8xf32>) {
  // expected-error @+1 {{expected grad of shape [2, 3, 8], got 'memref<2x3x7xf32>'}}
  ternary.scan_backward_kernel ins(%i0, %i1, %i2, %i3, %i4 : memref<2x3x8xf32>, memref<2x3x8xf32>, memref<2x8xf32>, memref<2x3x7xf32>, memref<2x8xf32>) outs(%o0, %o1, %o2 : memref<2x3x8xf32>, memref<2x3x8xf32>, memref<2x8xf32>)
  return
}

// -----

func.func @scan_backward_grad_state_element(%i0: memref<2x3x8xf32>, %i1: memref<2x3x8xf32>, %i2: memref<2x8xf32>, %i3: memref<2x3x8xf32>, %i4: memref<2x8xf16>, %o0: memref<2x3x8xf32>, %o1: memref<2x3x8xf32>, %o2: memref<2x8xf32>) {
  // expected-error @+1 {{expected grad_state of 'f32', got 'memref<2x8xf16>'}}
  ternary.scan_backward_kernel ins(%i0, %i1, %i2, %i3, %i4 : memref<2x3x8xf32>, memref<2x3x8xf32>, memref<2x8xf32>, memref<2x3x8xf32>, memref<2x8xf16>) outs(%o0, %o1, %o2 : memref<2x3x8xf32>, memref<2x3x8xf32>, memref<2x8xf32>)
  return
}

// -----

func.func @scan_backward_grad_state_shape(%i0: memref<2x3x8xf32>, %i1: memref<2x3x8xf32>, %i2: memref<2x8xf32>, %i3: memref<2x3x8xf32>, %i4: memref<2x7xf32>, %o0: memref<2x3x8xf32>, %o1: memref<2x3x8xf32>, %o2: memref<2x8xf32>) {
  // expected-error @+1 {{expected grad_state of shape [2, 8], got 'memref<2x7xf32>'}}
  ternary.scan_backward_kernel ins(%i0, %i1, %i2, %i3, %i4 : memref<2x3x8xf32>, memref<2x3x8xf32>, memref<2x8xf32>, memref<2x3x8xf32>, memref<2x7xf32>) outs(%o0, %o1, %o2 : memref<2x3x8xf32>, memref<2x3x8xf32>, memref<2x8xf32>)
  return
}

// -----

func.func @scan_backward_grad_forget_element(%i0: memref<2x3x8xf32>, %i1: memref<2x3x8xf32>, %i2: memref<2x8xf32>, %i3: memref<2x3x8xf32>, %i4: memref<2x8xf32>, %o0: memref<2x3x8xf16>, %o1: memref<2x3x8xf32>, %o2: memref<2x8xf32>) {
  // expected-error @+1 {{expected grad_forget of 'f32', got 'memref<2x3x8xf16>'}}
  ternary.scan_backward_kernel ins(%i0, %i1, %i2, %i3, %i4 : memref<2x3x8xf32>, memref<2x3x8xf32>, memref<2x8xf32>, memref<2x3x8xf32>, memref<2x8xf32>) outs(%o0, %o1, %o2 : memref<2x3x8xf16>, memref<2x3x8xf32>, memref<2x8xf32>)
  return
}

// -----

func.func @scan_backward_grad_forget_shape(%i0: memref<2x3x8xf32>, %i1: memref<2x3x8xf32>, %i2: memref<2x8xf32>, %i3: memref<2x3x8xf32>, %i4: memref<2x8xf32>, %o0: memref<2x3x7xf32>, %o1: memref<2x3x8xf32>, %o2: memref<2x8xf32>) {
  // expected-error @+1 {{expected grad_forget of shape [2, 3, 8], got 'memref<2x3x7xf32>'}}
  ternary.scan_backward_kernel ins(%i0, %i1, %i2, %i3, %i4 : memref<2x3x8xf32>, memref<2x3x8xf32>, memref<2x8xf32>, memref<2x3x8xf32>, memref<2x8xf32>) outs(%o0, %o1, %o2 : memref<2x3x7xf32>, memref<2x3x8xf32>, memref<2x8xf32>)
  return
}

// -----

func.func @scan_backward_grad_input_element(%i0: memref<2x3x8xf32>, %i1: memref<2x3x8xf32>, %i2: memref<2x8xf32>, %i3: memref<2x3x8xf32>, %i4: memref<2x8xf32>, %o0: memref<2x3x8xf32>, %o1: memref<2x3x8xf16>, %o2: memref<2x8xf32>) {
  // expected-error @+1 {{expected grad_input of 'f32', got 'memref<2x3x8xf16>'}}
  ternary.scan_backward_kernel ins(%i0, %i1, %i2, %i3, %i4 : memref<2x3x8xf32>, memref<2x3x8xf32>, memref<2x8xf32>, memref<2x3x8xf32>, memref<2x8xf32>) outs(%o0, %o1, %o2 : memref<2x3x8xf32>, memref<2x3x8xf16>, memref<2x8xf32>)
  return
}

// -----

func.func @scan_backward_grad_input_shape(%i0: memref<2x3x8xf32>, %i1: memref<2x3x8xf32>, %i2: memref<2x8xf32>, %i3: memref<2x3x8xf32>, %i4: memref<2x8xf32>, %o0: memref<2x3x8xf32>, %o1: memref<2x4x8xf32>, %o2: memref<2x8xf32>) {
  // expected-error @+1 {{expected grad_input of shape [2, 3, 8], got 'memref<2x4x8xf32>'}}
  ternary.scan_backward_kernel ins(%i0, %i1, %i2, %i3, %i4 : memref<2x3x8xf32>, memref<2x3x8xf32>, memref<2x8xf32>, memref<2x3x8xf32>, memref<2x8xf32>) outs(%o0, %o1, %o2 : memref<2x3x8xf32>, memref<2x4x8xf32>, memref<2x8xf32>)
  return
}

// -----

func.func @scan_backward_grad_initial_element(%i0: memref<2x3x8xf32>, %i1: memref<2x3x8xf32>, %i2: memref<2x8xf32>, %i3: memref<2x3x8xf32>, %i4: memref<2x8xf32>, %o0: memref<2x3x8xf32>, %o1: memref<2x3x8xf32>, %o2: memref<2x8xf16>) {
  // expected-error @+1 {{expected grad_initial of 'f32', got 'memref<2x8xf16>'}}
  ternary.scan_backward_kernel ins(%i0, %i1, %i2, %i3, %i4 : memref<2x3x8xf32>, memref<2x3x8xf32>, memref<2x8xf32>, memref<2x3x8xf32>, memref<2x8xf32>) outs(%o0, %o1, %o2 : memref<2x3x8xf32>, memref<2x3x8xf32>, memref<2x8xf16>)
  return
}

// -----

func.func @scan_backward_grad_initial_shape(%i0: memref<2x3x8xf32>, %i1: memref<2x3x8xf32>, %i2: memref<2x8xf32>, %i3: memref<2x3x8xf32>, %i4: memref<2x8xf32>, %o0: memref<2x3x8xf32>, %o1: memref<2x3x8xf32>, %o2: memref<1x8xf32>) {
  // expected-error @+1 {{expected grad_initial of shape [2, 8], got 'memref<1x8xf32>'}}
  ternary.scan_backward_kernel ins(%i0, %i1, %i2, %i3, %i4 : memref<2x3x8xf32>, memref<2x3x8xf32>, memref<2x8xf32>, memref<2x3x8xf32>, memref<2x8xf32>) outs(%o0, %o1, %o2 : memref<2x3x8xf32>, memref<2x3x8xf32>, memref<1x8xf32>)
  return
}

// -----

func.func @scatter_ids_element(%i0: memref<2x3xf16>, %i1: memref<2x3x8xf32>, %o0: memref<9x8xf32>) {
  // expected-error @+1 {{expected ids of 'i32', got 'memref<2x3xf16>'}}
  ternary.scatter_kernel ins(%i0, %i1 : memref<2x3xf16>, memref<2x3x8xf32>) outs(%o0 : memref<9x8xf32>)
  return
}

// -----

func.func @scatter_ids_shape(%i0: memref<2x4xi32>, %i1: memref<2x3x8xf32>, %o0: memref<9x8xf32>) {
  // expected-error @+1 {{expected ids of shape [2, 3], got 'memref<2x4xi32>'}}
  ternary.scatter_kernel ins(%i0, %i1 : memref<2x4xi32>, memref<2x3x8xf32>) outs(%o0 : memref<9x8xf32>)
  return
}

// -----

func.func @scatter_grad_element(%i0: memref<2x3xi32>, %i1: memref<2x3x8xf16>, %o0: memref<9x8xf32>) {
  // expected-error @+1 {{expected grad of 'f32', got 'memref<2x3x8xf16>'}}
  ternary.scatter_kernel ins(%i0, %i1 : memref<2x3xi32>, memref<2x3x8xf16>) outs(%o0 : memref<9x8xf32>)
  return
}

// -----

func.func @scatter_grad_shape(%i0: memref<2x3xi32>, %i1: memref<2x3x7xf32>, %o0: memref<9x8xf32>) {
  // expected-error @+1 {{expected grad of shape [2, 3, 8], got 'memref<2x3x7xf32>'}}
  ternary.scatter_kernel ins(%i0, %i1 : memref<2x3xi32>, memref<2x3x7xf32>) outs(%o0 : memref<9x8xf32>)
  return
}

// -----

func.func @scatter_outs_element(%i0: memref<2x3xi32>, %i1: memref<2x3x8xf32>, %o0: memref<9x8xf16>) {
  // expected-error @+1 {{expected outs of 'f32', got 'memref<9x8xf16>'}}
  ternary.scatter_kernel ins(%i0, %i1 : memref<2x3xi32>, memref<2x3x8xf32>) outs(%o0 : memref<9x8xf16>)
  return
}

// -----

func.func @scatter_outs_shape(%i0: memref<2x3xi32>, %i1: memref<2x3x8xf32>, %o0: memref<8xf32>) {
  // expected-error @+1 {{expected outs of shape [8, 8], got 'memref<8xf32>'}}
  ternary.scatter_kernel ins(%i0, %i1 : memref<2x3xi32>, memref<2x3x8xf32>) outs(%o0 : memref<8xf32>)
  return
}

// -----

func.func @lower_bounds_parameters_element(%i0: memref<3x8xf16>, %o0: memref<3x8xf32>) {
  // expected-error @+1 {{expected parameters of 'f32', got 'memref<3x8xf16>'}}
  ternary.lower_bounds_kernel ins(%i0 : memref<3x8xf16>) outs(%o0 : memref<3x8xf32>)
  return
}

// -----

func.func @lower_bounds_parameters_shape(%i0: memref<2x8xf32>, %o0: memref<3x8xf32>) {
  // expected-error @+1 {{expected parameters of shape [3, 8], got 'memref<2x8xf32>'}}
  ternary.lower_bounds_kernel ins(%i0 : memref<2x8xf32>) outs(%o0 : memref<3x8xf32>)
  return
}

// -----

func.func @lower_bounds_outs_element(%i0: memref<3x8xf32>, %o0: memref<3x8xf16>) {
  // expected-error @+1 {{expected outs of 'f32', got 'memref<3x8xf16>'}}
  ternary.lower_bounds_kernel ins(%i0 : memref<3x8xf32>) outs(%o0 : memref<3x8xf16>)
  return
}

// -----

func.func @lower_bounds_backward_parameters_element(%i0: memref<3x8xf16>, %i1: memref<3x8xf32>, %o0: memref<3x8xf32>) {
  // expected-error @+1 {{expected parameters of 'f32', got 'memref<3x8xf16>'}}
  ternary.lower_bounds_backward_kernel ins(%i0, %i1 : memref<3x8xf16>, memref<3x8xf32>) outs(%o0 : memref<3x8xf32>)
  return
}

// -----

func.func @lower_bounds_backward_parameters_shape(%i0: memref<2x8xf32>, %i1: memref<3x8xf32>, %o0: memref<3x8xf32>) {
  // expected-error @+1 {{expected parameters of shape [3, 8], got 'memref<2x8xf32>'}}
  ternary.lower_bounds_backward_kernel ins(%i0, %i1 : memref<2x8xf32>, memref<3x8xf32>) outs(%o0 : memref<3x8xf32>)
  return
}

// -----

func.func @lower_bounds_backward_grad_element(%i0: memref<3x8xf32>, %i1: memref<3x8xf16>, %o0: memref<3x8xf32>) {
  // expected-error @+1 {{expected grad of 'f32', got 'memref<3x8xf16>'}}
  ternary.lower_bounds_backward_kernel ins(%i0, %i1 : memref<3x8xf32>, memref<3x8xf16>) outs(%o0 : memref<3x8xf32>)
  return
}

// -----

func.func @lower_bounds_backward_grad_shape(%i0: memref<3x8xf32>, %i1: memref<3x7xf32>, %o0: memref<3x8xf32>) {
  // expected-error @+1 {{expected grad of shape [3, 8], got 'memref<3x7xf32>'}}
  ternary.lower_bounds_backward_kernel ins(%i0, %i1 : memref<3x8xf32>, memref<3x7xf32>) outs(%o0 : memref<3x8xf32>)
  return
}

// -----

func.func @lower_bounds_backward_outs_element(%i0: memref<3x8xf32>, %i1: memref<3x8xf32>, %o0: memref<3x8xf16>) {
  // expected-error @+1 {{expected outs of 'f32', got 'memref<3x8xf16>'}}
  ternary.lower_bounds_backward_kernel ins(%i0, %i1 : memref<3x8xf32>, memref<3x8xf32>) outs(%o0 : memref<3x8xf16>)
  return
}

// -----

func.func @quantize_weights_weight_element(%i0: memref<6x8xf16>, %o0: memref<6x8x!ternary.trit>, %o1: memref<1xf32>, %r: memref<6xf64>) {
  // expected-error @+1 {{expected weight of 'f32', got 'memref<6x8xf16>'}}
  ternary.quantize_weights_kernel ins(%i0 : memref<6x8xf16>) outs(%o0, %o1, %r : memref<6x8x!ternary.trit>, memref<1xf32>, memref<6xf64>)
  return
}

// -----

func.func @quantize_weights_weight_shape(%i0: memref<6x7xf32>, %o0: memref<6x8x!ternary.trit>, %o1: memref<1xf32>, %r: memref<6xf64>) {
  // expected-error @+1 {{expected weight of shape [6, 8], got 'memref<6x7xf32>'}}
  ternary.quantize_weights_kernel ins(%i0 : memref<6x7xf32>) outs(%o0, %o1, %r : memref<6x8x!ternary.trit>, memref<1xf32>, memref<6xf64>)
  return
}

// -----

func.func @quantize_weights_trits_element(%i0: memref<6x8xf32>, %o0: memref<6x8xi8>, %o1: memref<1xf32>, %r: memref<6xf64>) {
  // expected-error @+1 {{expected trits of '!ternary.trit', got 'memref<6x8xi8>'}}
  ternary.quantize_weights_kernel ins(%i0 : memref<6x8xf32>) outs(%o0, %o1, %r : memref<6x8xi8>, memref<1xf32>, memref<6xf64>)
  return
}

// -----

func.func @quantize_weights_scale_element(%i0: memref<6x8xf32>, %o0: memref<6x8x!ternary.trit>, %o1: memref<1xf16>, %r: memref<6xf64>) {
  // expected-error @+1 {{expected scale of 'f32', got 'memref<1xf16>'}}
  ternary.quantize_weights_kernel ins(%i0 : memref<6x8xf32>) outs(%o0, %o1, %r : memref<6x8x!ternary.trit>, memref<1xf16>, memref<6xf64>)
  return
}

// -----

func.func @quantize_weights_scale_shape(%i0: memref<6x8xf32>, %o0: memref<6x8x!ternary.trit>, %o1: memref<6xf32>, %r: memref<6xf64>) {
  // expected-error @+1 {{expected scale of shape [1], got 'memref<6xf32>'}}
  ternary.quantize_weights_kernel ins(%i0 : memref<6x8xf32>) outs(%o0, %o1, %r : memref<6x8x!ternary.trit>, memref<6xf32>, memref<6xf64>)
  return
}

// -----

func.func @quantize_weights_sums_element(%i0: memref<6x8xf32>, %o0: memref<6x8x!ternary.trit>, %o1: memref<1xf32>, %r: memref<6xf32>) {
  // expected-error @+1 {{expected sums of 'f64', got 'memref<6xf32>'}}
  ternary.quantize_weights_kernel ins(%i0 : memref<6x8xf32>) outs(%o0, %o1, %r : memref<6x8x!ternary.trit>, memref<1xf32>, memref<6xf32>)
  return
}

// -----

func.func @quantize_weights_sums_shape(%i0: memref<6x8xf32>, %o0: memref<6x8x!ternary.trit>, %o1: memref<1xf32>, %r: memref<8xf64>) {
  // expected-error @+1 {{expected sums of shape [6], got 'memref<8xf64>'}}
  ternary.quantize_weights_kernel ins(%i0 : memref<6x8xf32>) outs(%o0, %o1, %r : memref<6x8x!ternary.trit>, memref<1xf32>, memref<8xf64>)
  return
}

// -----

func.func @pack_trits_element(%i0: memref<6x8xi8>, %o0: memref<6x8x!ternary.trit, #ternary.packed<lanes = 4, depth = 2, planes = 4, vectors = 1>>) {
  // expected-error @+1 {{expected trits of '!ternary.trit', got 'memref<6x8xi8>'}}
  ternary.pack_kernel ins(%i0 : memref<6x8xi8>) outs(%o0 : memref<6x8x!ternary.trit, #ternary.packed<lanes = 4, depth = 2, planes = 4, vectors = 1>>)
  return
}

// -----

func.func @pack_trits_shape(%i0: memref<6x7x!ternary.trit>, %o0: memref<6x8x!ternary.trit, #ternary.packed<lanes = 4, depth = 2, planes = 4, vectors = 1>>) {
  // expected-error @+1 {{expected trits of shape [6, 8], got 'memref<6x7x!ternary.trit>'}}
  ternary.pack_kernel ins(%i0 : memref<6x7x!ternary.trit>) outs(%o0 : memref<6x8x!ternary.trit, #ternary.packed<lanes = 4, depth = 2, planes = 4, vectors = 1>>)
  return
}

// -----

func.func @pack_outs_element(%i0: memref<6x8x!ternary.trit>, %o0: memref<6x8xi8>) {
  // expected-error @+1 {{expected outs of '!ternary.trit', got 'memref<6x8xi8>'}}
  ternary.pack_kernel ins(%i0 : memref<6x8x!ternary.trit>) outs(%o0 : memref<6x8xi8>)
  return
}

// -----

func.func @mean_targets_shape(%i0: memref<2x3xf32>, %i1: memref<2x4xi32>, %o0: memref<f32>, %o1: memref<f32>) {
  // expected-error @+1 {{expected values of shape [2, 4], got 'memref<2x3xf32>'}}
  ternary.mean_kernel ins(%i0, %i1 : memref<2x3xf32>, memref<2x4xi32>) outs(%o0, %o1 : memref<f32>, memref<f32>)
  return
}

// -----

func.func @linear_backward_weight_kernel_rows(%i0: memref<3x6xf32>, %i1: memref<2x8xi8>, %i2: memref<3xf32>, %o0: memref<6x8xf32>) {
  // expected-error @+1 {{expected grad of shape [2, 6], got 'memref<3x6xf32>'}}
  ternary.linear_backward_weight_kernel ins(%i0, %i1, %i2 : memref<3x6xf32>, memref<2x8xi8>, memref<3xf32>) outs(%o0 : memref<6x8xf32>)
  return
}

// -----

// There may be fewer columns than activations, not more.
func.func @linear_backward_weight_kernel_columns(%i0: memref<2x6xf32>, %i1: memref<2x4xi8>, %i2: memref<2xf32>, %o0: memref<6x8xf32>) {
  // expected-error @+1 {{expected outs of shape [6, 4], got 'memref<6x8xf32>'}}
  ternary.linear_backward_weight_kernel ins(%i0, %i1, %i2 : memref<2x6xf32>, memref<2x4xi8>, memref<2xf32>) outs(%o0 : memref<6x8xf32>)
  return
}

// -----

func.func @scan_backward_kernel_rank(%i0: memref<2x8xf32>, %i1: memref<2x8xf32>, %i2: memref<2x8xf32>, %i3: memref<2x8xf32>, %i4: memref<2x8xf32>, %o0: memref<2x8xf32>, %o1: memref<2x8xf32>, %o2: memref<2x8xf32>) {
  // expected-error @+1 {{expected forget gates of shape [?, ?, 8], got 'memref<2x8xf32>'}}
  ternary.scan_backward_kernel ins(%i0, %i1, %i2, %i3, %i4 : memref<2x8xf32>, memref<2x8xf32>, memref<2x8xf32>, memref<2x8xf32>, memref<2x8xf32>) outs(%o0, %o1, %o2 : memref<2x8xf32>, memref<2x8xf32>, memref<2x8xf32>)
  return
}

// -----

// There has to be a last dimension.
func.func @scalars(%i0: memref<f32>, %o0: memref<8xf32>) {
  // expected-error @+1 {{expected operands with dimensions}}
  ternary.sum_rows_kernel ins(%i0 : memref<f32>) outs(%o0 : memref<8xf32>)
  return
}

// -----

func.func @both(%i0: memref<6x8xf32>, %o0: memref<6x8x!ternary.trit>, %o1: tensor<1xf32>, %r: memref<6xf64>) {
  // expected-error @+1 {{expected outs to be all tensors or all memrefs, got both}}
  %0 = ternary.quantize_weights_kernel ins(%i0 : memref<6x8xf32>) outs(%o0, %o1, %r : memref<6x8x!ternary.trit>, tensor<1xf32>, memref<6xf64>) -> tensor<1xf32>
  return
}

// -----

func.func @results_of_memory(%i0: memref<3x8xf32>, %o0: memref<3x8xf32>) {
  // expected-error @+1 {{expected results of the types of outs}}
  %0 = ternary.lower_bounds_kernel ins(%i0 : memref<3x8xf32>) outs(%o0 : memref<3x8xf32>) -> tensor<3x8xf32>
  return
}

// -----

func.func @no_results(%i0: tensor<3x8xf32>, %o0: tensor<3x8xf32>) {
  // expected-error @+1 {{expected results of the types of outs}}
  ternary.lower_bounds_kernel ins(%i0 : tensor<3x8xf32>) outs(%o0 : tensor<3x8xf32>)
  return
}

// -----

func.func @other_results(%i0: tensor<3x8xf32>, %o0: tensor<3x8xf32>) {
  // expected-error @+1 {{expected results of the types of outs}}
  %0 = ternary.lower_bounds_kernel ins(%i0 : tensor<3x8xf32>) outs(%o0 : tensor<3x8xf32>) -> tensor<3x?xf32>
  return
}

// -----

func.func @weight_memory_bytes(%b: memref<47xi8>) {
  // expected-error @+1 {{expected a buffer of 48 bytes, got 'memref<47xi8>'}}
  %0 = ternary.weight_memory %b : memref<47xi8> -> memref<6x8x!ternary.trit>
  return
}

// -----

// Two tiles of 4 rows, 4 weights a byte.
func.func @weight_memory_padding(%b: memref<48xi8>) {
  // expected-error @+1 {{expected a buffer of 16 bytes, got 'memref<48xi8>'}}
  %0 = ternary.weight_memory %b : memref<48xi8> -> memref<6x8x!ternary.trit, #ternary.packed<lanes = 4, depth = 2, planes = 4, vectors = 1>>
  return
}

// -----

func.func @weight_memory_dynamic_buffer(%b: memref<?xi8>) {
  // expected-error @+1 {{expected a buffer of 48 bytes, got 'memref<?xi8>'}}
  %0 = ternary.weight_memory %b : memref<?xi8> -> memref<6x8x!ternary.trit>
  return
}

// -----

func.func @weight_memory_dynamic(%b: memref<48xi8>) {
  // expected-error @+1 {{expected a weight of static shape, got 'memref<?x8x!ternary.trit>'}}
  %0 = ternary.weight_memory %b : memref<48xi8> -> memref<?x8x!ternary.trit>
  return
}

// -----

func.func @weight_memory_element(%b: memref<48xf32>) {
  // expected-error @+1 {{operand #0 must be 1D memref of 8-bit signless integer values, but got 'memref<48xf32>'}}
  %0 = ternary.weight_memory %b : memref<48xf32> -> memref<6x8x!ternary.trit>
  return
}

// -----

// A weight is a static matrix, packed by nothing but a pack_kernel; so are bounds.
func.func @pack_dynamic(%t: memref<?x8x!ternary.trit>, %o: memref<6x8x!ternary.trit, #ternary.packed<lanes = 4, depth = 2, planes = 4, vectors = 1>>) {
  // expected-error @+1 {{expected a plain weight of static shape [N, K], got 'memref<?x8x!ternary.trit>'}}
  ternary.pack_kernel ins(%t : memref<?x8x!ternary.trit>) outs(%o : memref<6x8x!ternary.trit, #ternary.packed<lanes = 4, depth = 2, planes = 4, vectors = 1>>)
  return
}

// -----

func.func @pack_packed(%t: memref<6x8x!ternary.trit, #ternary.packed<lanes = 4, depth = 2, planes = 4, vectors = 1>>, %o: memref<6x8x!ternary.trit, #ternary.packed<lanes = 4, depth = 2, planes = 4, vectors = 1>>) {
  // expected-error @+1 {{expected a plain weight of static shape [N, K], got 'memref<6x8x!ternary.trit, #ternary.packed<}}
  ternary.pack_kernel ins(%t : memref<6x8x!ternary.trit, #ternary.packed<lanes = 4, depth = 2, planes = 4, vectors = 1>>) outs(%o : memref<6x8x!ternary.trit, #ternary.packed<lanes = 4, depth = 2, planes = 4, vectors = 1>>)
  return
}

// -----

func.func @pack_to_plain(%t: memref<6x8x!ternary.trit>, %o: memref<6x8x!ternary.trit>) {
  // expected-error @+1 {{expected a packed weight of static shape [N, K], got 'memref<6x8x!ternary.trit>'}}
  ternary.pack_kernel ins(%t : memref<6x8x!ternary.trit>) outs(%o : memref<6x8x!ternary.trit>)
  return
}

// -----

func.func @quantize_packed(%w: memref<6x8xf32>, %o: memref<6x8x!ternary.trit, #ternary.packed<lanes = 4, depth = 2, planes = 4, vectors = 1>>, %s: memref<1xf32>, %r: memref<6xf64>) {
  // expected-error @+1 {{expected a plain weight of static shape [N, K], got 'memref<6x8x!ternary.trit, #ternary.packed<}}
  ternary.quantize_weights_kernel ins(%w : memref<6x8xf32>) outs(%o, %s, %r : memref<6x8x!ternary.trit, #ternary.packed<lanes = 4, depth = 2, planes = 4, vectors = 1>>, memref<1xf32>, memref<6xf64>)
  return
}

// -----

func.func @backward_input_packed(%g: memref<2x6xf32>, %t: memref<6x8x!ternary.trit, #ternary.packed<lanes = 4, depth = 2, planes = 4, vectors = 1>>, %s: memref<1xf32>, %o: memref<2x8xf32>) {
  // expected-error @+1 {{expected a plain weight of static shape [N, K], got 'memref<6x8x!ternary.trit, #ternary.packed<}}
  ternary.linear_backward_input_kernel ins(%g, %t, %s : memref<2x6xf32>, memref<6x8x!ternary.trit, #ternary.packed<lanes = 4, depth = 2, planes = 4, vectors = 1>>, memref<1xf32>) outs(%o : memref<2x8xf32>)
  return
}

// -----

func.func @bounds_dynamic(%l: memref<?x8xf32>, %o: memref<?x8xf32>) {
  // expected-error @+1 {{expected outs of static shape [L, H], got 'memref<?x8xf32>'}}
  ternary.lower_bounds_kernel ins(%l : memref<?x8xf32>) outs(%o : memref<?x8xf32>)
  return
}

// -----

func.func @bounds_rank(%l: memref<8xf32>, %g: memref<8xf32>, %o: memref<8xf32>) {
  // expected-error @+1 {{expected outs of static shape [L, H], got 'memref<8xf32>'}}
  ternary.lower_bounds_backward_kernel ins(%l, %g : memref<8xf32>, memref<8xf32>) outs(%o : memref<8xf32>)
  return
}

// -----

func.func @sum_rows_float_types(%i0: memref<2x8xf32>, %o0: memref<8xf64>) {
  // expected-error @+1 {{expected input of 'f64', got 'memref<2x8xf32>'}}
  ternary.sum_rows_kernel ins(%i0 : memref<2x8xf32>) outs(%o0 : memref<8xf64>)
  return
}

// -----

func.func @linear_backward_is_f32(%i0: memref<2x6xf64>, %i1: memref<2x8xi8>, %i2: memref<2xf32>, %o0: memref<6x8xf64>) {
  // expected-error @+1 {{expected grad of 'f32', got 'memref<2x6xf64>'}}
  ternary.linear_backward_weight_kernel ins(%i0, %i1, %i2 : memref<2x6xf64>, memref<2x8xi8>, memref<2xf32>) outs(%o0 : memref<6x8xf64>)
  return
}
