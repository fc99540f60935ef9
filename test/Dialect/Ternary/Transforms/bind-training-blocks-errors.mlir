// RUN: ternary-opt %s -ternary-bind-training-blocks -split-input-file -verify-diagnostics

func.func @row_scales(%w: tensor<6x8xf32> {ternary.parameter = "w"}) -> tensor<6xf32> attributes {ternary.step = #ternary.step<loss>} {
  // expected-error @+1 {{expected one scale for a weight that is no parameter and no constant, got 'row'}}
  %t, %s = ternary.quantize_weights %w {granularity = #ternary<granularity row>} : tensor<6x8xf32> -> tensor<6x8x!ternary.trit>, tensor<6xf32>
  return %s : tensor<6xf32>
}

// -----

func.func @group_scales(%w: tensor<6x8xf32> {ternary.parameter = "w"}) -> tensor<6x2xf32> attributes {ternary.step = #ternary.step<loss>} {
  // expected-error @+1 {{expected one scale for a weight that is no parameter and no constant, got 'group'}}
  %t, %s = ternary.quantize_weights %w {granularity = #ternary<granularity group>, group_size = 4 : i64} : tensor<6x8xf32> -> tensor<6x8x!ternary.trit>, tensor<6x2xf32>
  return %s : tensor<6x2xf32>
}

// -----

func.func @no_parameter(%l: tensor<3x8xf32>) -> tensor<3x8xf32> attributes {ternary.step = #ternary.step<loss>} {
  // expected-error @+1 {{'ternary.lower_bounds' op expected operands that are parameters or depend on them alone}}
  %b = ternary.lower_bounds %l : tensor<3x8xf32> -> tensor<3x8xf32>
  return %b : tensor<3x8xf32>
}

// -----

func.func @computed(%w: tensor<6x8xf32> {ternary.parameter = "w"}) -> tensor<1xf32> attributes {ternary.step = #ternary.step<gradient>} {
  %n = arith.negf %w : tensor<6x8xf32>
  // expected-error @+1 {{'ternary.quantize_weights' op expected operands that are parameters or depend on them alone}}
  %t, %s = ternary.quantize_weights %n : tensor<6x8xf32> -> tensor<6x8x!ternary.trit>, tensor<1xf32>
  return %s : tensor<1xf32>
}

// -----

// What every step has to be, before its buffers are bound.

// expected-error @+1 {{expected parameter 'w' to be a tensor of static shape, got 'index'}}
func.func @scalar(%w: index {ternary.parameter = "w"}) attributes {ternary.step = #ternary.step<loss>} {
  return
}

// -----

// expected-error @+1 {{expected results of a step in different roles, got two of 'state'}}
func.func @roles(%w: tensor<6x64xf32> {ternary.parameter = "w"}) -> (tensor<6x64xf32> {ternary.role = #ternary.role<state>}, tensor<6x64xf32> {ternary.role = #ternary.role<state>}) attributes {ternary.step = #ternary.step<loss>} {
  return %w, %w : tensor<6x64xf32>, tensor<6x64xf32>
}

// -----

// expected-error @+1 {{expected an argument to hold gradient 'w', got none}}
func.func @gradient(%w: tensor<6x64xf32> {ternary.parameter = "w"}) -> (tensor<6x64xf32> {ternary.gradient = "w"}) attributes {ternary.step = #ternary.step<gradient>} {
  return %w : tensor<6x64xf32>
}

// -----

// expected-error @+1 {{expected gradient 'w' of one type, got 'tensor<64xf32>' and 'tensor<6x64xf32>'}}
func.func @gradient_type(%w: tensor<6x64xf32> {ternary.parameter = "w"}, %g: tensor<64xf32> {ternary.gradient = "w"}) -> (tensor<6x64xf32> {ternary.gradient = "w"}) attributes {ternary.step = #ternary.step<gradient>} {
  return %w : tensor<6x64xf32>
}

// -----

func.func @loss(%w: tensor<6x64xf32> {ternary.parameter = "w"}) attributes {ternary.step = #ternary.step<loss>} {
  return
}
// expected-error @+1 {{expected parameter 'w' of one type, got 'tensor<6x64xf32>' and 'tensor<64xf32>'}}
func.func @other_type(%w: tensor<64xf32> {ternary.parameter = "w"}) attributes {ternary.step = #ternary.step<gradient>} {
  return
}

// -----

// expected-error @+1 {{expected an argument to hold first moment 'w', got none}}
func.func @moment(%w: tensor<6x64xf32> {ternary.parameter = "w"}) -> (tensor<6x64xf32> {ternary.first_moment = "w"}) attributes {ternary.step = #ternary.step<update>} {
  return %w : tensor<6x64xf32>
}

// -----

// expected-error @+1 {{expected second moment 'w' of one type, got 'tensor<64xf32>' and 'tensor<6x64xf32>'}}
func.func @moment_type(%w: tensor<6x64xf32> {ternary.parameter = "w"}, %v: tensor<64xf32> {ternary.second_moment = "w"}) -> (tensor<6x64xf32> {ternary.second_moment = "w"}) attributes {ternary.step = #ternary.step<update>} {
  return %w : tensor<6x64xf32>
}

// -----

// expected-error @+1 {{expected an argument to hold parameter 'w', got none}}
func.func @parameter(%x: tensor<64xf32>) -> (tensor<64xf32> {ternary.parameter = "w"}) attributes {ternary.step = #ternary.step<update>} {
  return %x : tensor<64xf32>
}
