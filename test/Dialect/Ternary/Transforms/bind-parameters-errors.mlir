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

// -----

// expected-error @+1 {{expected results whose sizes follow from those of arguments, got another in dimension 0 of result 1}}
func.func @data_dependent(%x: tensor<8xindex>) -> (tensor<8xindex>, tensor<?xf32>) {
  %c0 = arith.constant 0 : index
  %n = tensor.extract %x[%c0] : tensor<8xindex>
  %e = tensor.empty(%n) : tensor<?xf32>
  return %x, %e : tensor<8xindex>, tensor<?xf32>
}

// -----

// expected-error @+1 {{expected a function of one block, got 2}}
func.func @blocks(%x: tensor<8xf32>) -> tensor<8xf32> {
  cf.br ^next
^next:
  return %x : tensor<8xf32>
}

// -----

func.func @rows(%w: tensor<4x4xf32>) -> tensor<4xf32> {
  // expected-error @+1 {{expected one scale for a weight that is no parameter and no constant, got 'row'}}
  %t, %s = ternary.quantize_weights %w {granularity = #ternary<granularity row>} : tensor<4x4xf32> -> tensor<4x4x!ternary.trit>, tensor<4xf32>
  return %s : tensor<4xf32>
}

// -----

func.func @infinite() -> tensor<1xf32> {
  %w = arith.constant dense<0x7F800000> : tensor<4x4xf32>
  // expected-error @+1 {{expected finite}}
  %t, %s = ternary.quantize_weights %w : tensor<4x4xf32> -> tensor<4x4x!ternary.trit>, tensor<1xf32>
  return %s : tensor<1xf32>
}

// -----

// expected-error @+1 {{expected a weight of static shape [N, K] as argument 0, got 'tensor<?x4x!ternary.trit>'}}
func.func @trits(%t: tensor<?x4x!ternary.trit>) {
  return
}
