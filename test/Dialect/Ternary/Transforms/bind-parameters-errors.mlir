// RUN: ternary-opt %s -ternary-bind-parameters -split-input-file -verify-diagnostics

// expected-error @+1 {{expected no symbol @weights before parameters are bound}}
module {
  func.func private @weights()
  func.func @step(%x: tensor<4xf32>) attributes {ternary.step = #ternary.step<decode>} {
    return
  }
}

// -----

// expected-error @+1 {{expected result 0 of a step to be a tensor, got 'index'}}
func.func @scalar_result(%x: index) -> index attributes {ternary.step = #ternary.step<decode>} {
  return %x : index
}

// -----

// expected-error @+1 {{expected results of a step in different roles, got two of 'state'}}
func.func @same_role(%w: tensor<64xf32> {ternary.parameter = "w"}) -> (tensor<64xf32> {ternary.role = #ternary.role<state>}, tensor<64xf32> {ternary.role = #ternary.role<state>})
    attributes {ternary.step = #ternary.step<prefill>} {
  return %w, %w : tensor<64xf32>, tensor<64xf32>
}

// -----

func.func @prefill(%w: tensor<64xf32> {ternary.parameter = "w"}) -> tensor<64xf32> attributes {ternary.step = #ternary.step<prefill>} {
  return %w : tensor<64xf32>
}
// expected-error @+1 {{expected parameter 'w' of one type, got 'tensor<64xf32>' and 'tensor<64xf16>'}}
func.func @decode(%w: tensor<64xf16> {ternary.parameter = "w"}) -> tensor<64xf16> attributes {ternary.step = #ternary.step<decode>} {
  return %w : tensor<64xf16>
}

// -----

// Parameters and what belongs to them change in training only.
// expected-error @+1 {{expected no parameter among results of a step outside of training, got that of 'w'}}
func.func @changed(%w: tensor<6x64xf32> {ternary.parameter = "w"}) -> (tensor<6x64xf32> {ternary.parameter = "w"}) attributes {ternary.step = #ternary.step<prefill>} {
  return %w : tensor<6x64xf32>
}

// -----

// expected-error @+1 {{expected no gradient among arguments of a step outside of training, got that of 'w'}}
func.func @gradient(%g: tensor<6x64xf32> {ternary.gradient = "w"}) attributes {ternary.step = #ternary.step<prefill>} {
  return
}
