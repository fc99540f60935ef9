// RUN: ternary-opt %s -ternary-bind-parameters -split-input-file -verify-diagnostics

// expected-error @+1 {{expected no symbol @weights before parameters are bound}}
module {
  func.func private @weights()
  func.func @step(%x: tensor<4xf32> {ternary.role = "x"}) attributes {ternary.step = "decode"} {
    return
  }
}

// -----

// expected-error @+1 {{expected argument 1 of a step to have a 'ternary.parameter' or a 'ternary.role', got neither}}
func.func @argument(%x: tensor<4xf32> {ternary.role = "x"}, %y: tensor<4xf32>) attributes {ternary.step = "decode"} {
  return
}

// -----

// expected-error @+1 {{expected argument 0 of a step to have a 'ternary.parameter' or a 'ternary.role', got neither}}
func.func @scalar_argument(%x: index) attributes {ternary.step = "decode"} {
  return
}

// -----

// expected-error @+1 {{expected result 1 of a step to be a tensor with a 'ternary.role', got 'tensor<4xf32>'}}
func.func @result_without_role(%x: tensor<4xf32> {ternary.role = "x"}) -> (tensor<4xf32> {ternary.role = "y"}, tensor<4xf32>)
    attributes {ternary.step = "decode"} {
  return %x, %x : tensor<4xf32>, tensor<4xf32>
}

// -----

// expected-error @+1 {{expected result 0 of a step to be a tensor with a 'ternary.role', got 'index'}}
func.func @scalar_result(%x: index {ternary.role = "x"}) -> (index {ternary.role = "y"}) attributes {ternary.step = "decode"} {
  return %x : index
}

// -----

// expected-error @+1 {{expected argument 1 of a step to have a 'ternary.parameter' or a 'ternary.role', got neither}}
func.func @behind_a_parameter(%w: tensor<64xf32> {ternary.parameter = "w"}, %x: tensor<4xf32>) attributes {ternary.step = "prefill"} {
  return
}

// -----

// expected-error @+1 {{expected results of a step in different roles, got two of 'a'}}
func.func @same_role(%w: tensor<64xf32> {ternary.parameter = "w"}) -> (tensor<64xf32> {ternary.role = "a"}, tensor<64xf32> {ternary.role = "a"})
    attributes {ternary.step = "prefill"} {
  return %w, %w : tensor<64xf32>, tensor<64xf32>
}

// -----

func.func @prefill(%w: tensor<64xf32> {ternary.parameter = "w"}) -> (tensor<64xf32> {ternary.role = "a"}) attributes {ternary.step = "prefill"} {
  return %w : tensor<64xf32>
}
// expected-error @+1 {{expected parameter 'w' of one type, got 'tensor<64xf32>' and 'tensor<64xf16>'}}
func.func @decode(%w: tensor<64xf16> {ternary.parameter = "w"}) -> (tensor<64xf16> {ternary.role = "a"}) attributes {ternary.step = "decode"} {
  return %w : tensor<64xf16>
}

// -----

// Parameters and what belongs to them change in training only.
// expected-error @+1 {{expected result 0 of a step to be a tensor with a 'ternary.role', got 'tensor<6x64xf32>'}}
func.func @changed(%w: tensor<6x64xf32> {ternary.parameter = "w"}) -> (tensor<6x64xf32> {ternary.parameter = "w"}) attributes {ternary.step = "prefill"} {
  return %w : tensor<6x64xf32>
}

// -----

// expected-error @+1 {{expected argument 0 of a step to have a 'ternary.parameter' or a 'ternary.role', got neither}}
func.func @gradient(%g: tensor<6x64xf32> {ternary.gradient = "w"}) attributes {ternary.step = "prefill"} {
  return
}
