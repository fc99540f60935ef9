// RUN: ternary-opt %s -ternary-emit-entry-points=prefix=m -split-input-file -verify-diagnostics

// Roles that a step of training cannot have, and those that only it can.

// expected-error @+1 {{expected argument 0 to have a role that step 'loss' can have, got 'gradients'}}
func.func @gradients_of_loss(%x: memref<?xi8> {ternary.role = #ternary.role<gradients>}) attributes {ternary.step = #ternary.step<loss>} {
  return
}

// -----

// expected-error @+1 {{expected argument 0 to have a role that step 'loss' can have, got 'seed'}}
func.func @seed_of_loss(%x: memref<f32> {ternary.role = #ternary.role<seed>}) attributes {ternary.step = #ternary.step<loss>} {
  return
}

// -----

// expected-error @+1 {{expected argument 0 to have a role that step 'loss' can have, got 'weights'}}
func.func @weights_of_loss(%x: memref<?xi8> {ternary.role = #ternary.role<weights>}) attributes {ternary.step = #ternary.step<loss>} {
  return
}

// -----

// expected-error @+1 {{expected argument 0 to have a role that step 'loss' can have, got 'state'}}
func.func @state_of_loss(%x: memref<4xf32> {ternary.role = #ternary.role<state>}) attributes {ternary.step = #ternary.step<loss>} {
  return
}

// -----

// expected-error @+1 {{expected argument 0 to have a role that step 'loss' can have, got 'logits'}}
func.func @logits_of_loss(%x: memref<1x?x8xf32> {ternary.role = #ternary.role<logits>}) attributes {ternary.step = #ternary.step<loss>} {
  return
}

// -----

// expected-error @+1 {{expected argument 0 to have a role that step 'loss' can have, got 'logits_from'}}
func.func @logits_from_of_loss(%x: index {ternary.role = #ternary.role<logits_from>}) attributes {ternary.step = #ternary.step<loss>} {
  return
}

// -----

// expected-error @+1 {{expected argument 0 to have a role that step 'gradient' can have, got 'weights'}}
func.func @weights_of_gradient(%x: memref<?xi8> {ternary.role = #ternary.role<weights>}) attributes {ternary.step = #ternary.step<gradient>} {
  return
}

// -----

// expected-error @+1 {{expected argument 0 to have a role that step 'gradient' can have, got 'state'}}
func.func @state_of_gradient(%x: memref<4xf32> {ternary.role = #ternary.role<state>}) attributes {ternary.step = #ternary.step<gradient>} {
  return
}

// -----

// expected-error @+1 {{expected argument 0 to have a role that step 'gradient' can have, got 'logits'}}
func.func @logits_of_gradient(%x: memref<1x?x8xf32> {ternary.role = #ternary.role<logits>}) attributes {ternary.step = #ternary.step<gradient>} {
  return
}

// -----

// expected-error @+1 {{expected argument 0 to have a role that step 'gradient' can have, got 'logits_from'}}
func.func @logits_from_of_gradient(%x: index {ternary.role = #ternary.role<logits_from>}) attributes {ternary.step = #ternary.step<gradient>} {
  return
}

// -----

// expected-error @+1 {{expected argument 0 to have a role that step 'decode' can have, got 'parameters'}}
func.func @parameters_of_decode(%x: memref<?xi8> {ternary.role = #ternary.role<parameters>}) attributes {ternary.step = #ternary.step<decode>} {
  return
}

// -----

// expected-error @+1 {{expected argument 0 to have a role that step 'decode' can have, got 'gradients'}}
func.func @gradients_of_decode(%x: memref<?xi8> {ternary.role = #ternary.role<gradients>}) attributes {ternary.step = #ternary.step<decode>} {
  return
}

// -----

// expected-error @+1 {{expected argument 0 to have a role that step 'prefill' can have, got 'targets'}}
func.func @targets_of_prefill(%x: memref<1x?xi32> {ternary.role = #ternary.role<targets>}) attributes {ternary.step = #ternary.step<prefill>} {
  return
}

// -----

// expected-error @+1 {{expected argument 0 to have a role that step 'prefill' can have, got 'seed'}}
func.func @seed_of_prefill(%x: memref<f32> {ternary.role = #ternary.role<seed>}) attributes {ternary.step = #ternary.step<prefill>} {
  return
}

// -----

// expected-error @+1 {{expected argument 0 to have a role that step 'decode' can have, got 'loss'}}
func.func @loss_of_decode(%x: memref<f32> {ternary.role = #ternary.role<loss>}) attributes {ternary.step = #ternary.step<decode>} {
  return
}

// -----

// expected-error @+1 {{expected argument 0, seed, to be a memref of identity layout in the default memory space, got 'f32'}}
func.func @seed(%x: f32 {ternary.role = #ternary.role<seed>}) attributes {ternary.step = #ternary.step<gradient>} {
  return
}

// -----

// expected-error @+1 {{expected argument 0, loss, to be of type 'memref<f32>', got 'memref<?xf32>'}}
func.func @loss(%x: memref<?xf32> {ternary.role = #ternary.role<loss>}) attributes {ternary.step = #ternary.step<loss>} {
  return
}

// -----

// expected-error @+1 {{expected argument 0, targets, to be static in dimension 0, got 'memref<?x?xi32>'}}
func.func @batch(%x: memref<?x?xi32> {ternary.role = #ternary.role<targets>}) attributes {ternary.step = #ternary.step<loss>} {
  return
}

// -----

// expected-error @+1 {{expected argument 0, gradients, to be static in dimension 1, got 'memref<4x?xi8>'}}
func.func @gradients(%x: memref<4x?xi8> {ternary.role = #ternary.role<gradients>}) attributes {ternary.step = #ternary.step<gradient>} {
  return
}

// -----

// expected-error @+1 {{expected argument 0, seed, to be of type 'memref<f32>', got 'memref<1xf32>'}}
func.func @seed_of_one(%x: memref<1xf32> {ternary.role = #ternary.role<seed>}) attributes {ternary.step = #ternary.step<gradient>} {
  return
}

// -----

// A caller is given the loss: a step has exactly one.
// expected-error @+1 {{expected a step 'loss' with an argument of role 'loss', got none}}
func.func @no_loss(%x: memref<4x?xi32> {ternary.role = #ternary.role<targets>}) attributes {ternary.step = #ternary.step<loss>} {
  return
}

// -----

// expected-error @+1 {{expected argument 1 to have a role of its own, got a second 'loss'}}
func.func @two_losses(%x: memref<f32> {ternary.role = #ternary.role<loss>}, %y: memref<f32> {ternary.role = #ternary.role<loss>}) attributes {ternary.step = #ternary.step<loss>} {
  return
}

// -----

// expected-error @+1 {{expected argument 0 to have a role that step 'gradient' can have, got 'first_moments'}}
func.func @moments_of_gradient(%x: memref<?xi8> {ternary.role = #ternary.role<first_moments>}) attributes {ternary.step = #ternary.step<gradient>} {
  return
}

// -----

// expected-error @+1 {{expected argument 0 to have a role that step 'loss' can have, got 'learning_rate'}}
func.func @rate_of_loss(%x: f32 {ternary.role = #ternary.role<learning_rate>}) attributes {ternary.step = #ternary.step<loss>} {
  return
}

// -----

// expected-error @+1 {{expected argument 0 to have a role that step 'update' can have, got 'ids'}}
func.func @ids_of_update(%x: memref<1x?xi32> {ternary.role = #ternary.role<ids>}) attributes {ternary.step = #ternary.step<update>} {
  return
}

// -----

// expected-error @+1 {{expected argument 0, beta1, to be of type 'f32', got 'f64'}}
func.func @field(%x: f64 {ternary.role = #ternary.role<beta1>}) attributes {ternary.step = #ternary.step<update>} {
  return
}

// -----

// expected-error @+1 {{expected argument 0, halve_at, to be of type 'i64', got 'index'}}
func.func @integer(%x: index {ternary.role = #ternary.role<halve_at>}) attributes {ternary.step = #ternary.step<update>} {
  return
}

// -----

// expected-error @+1 {{expected argument 0, step_number, to be of type 'i64', got 'i32'}}
func.func @step(%x: i32 {ternary.role = #ternary.role<step_number>}) attributes {ternary.step = #ternary.step<update>} {
  return
}

// -----

// expected-error @+1 {{expected argument 0, gradient_norm, to be of type 'memref<f32>', got 'memref<f64>'}}
func.func @report(%x: memref<f64> {ternary.role = #ternary.role<gradient_norm>}) attributes {ternary.step = #ternary.step<update>} {
  return
}

// -----

// The workspace of an update is on the stack, so its size has to be known.
// expected-error @+1 {{expected argument 0 to have a role that step 'update' can have, got 'workspace'}}
func.func @workspace(%x: memref<?xi8> {ternary.role = #ternary.role<workspace>}) attributes {ternary.step = #ternary.step<update>, ternary.workspace = array<i64: 64, 16>} {
  return
}
