// RUN: ternary-opt %s -split-input-file -verify-diagnostics '-ternary-differentiate=function=f with-respect-to=x'

// expected-error @+1 {{expected an argument of @f to differentiate by, got 'x'}}
func.func @f(%x: tensor<4xf32>) -> tensor<4xf32> {
  return %x : tensor<4xf32>
}

// -----

// expected-error @+1 {{expected 'x' to consist of floats to differentiate by, got 'tensor<4xi32>'}}
func.func @f(%x: tensor<4xi32> {ternary.name = "x"}) -> tensor<4xi32> {
  return %x : tensor<4xi32>
}

// -----

// expected-error @+1 {{expected a function with a result of floats to differentiate, got '(tensor<4xf32>) -> index'}}
func.func @f(%x: tensor<4xf32> {ternary.name = "x"}) -> index {
  %c0 = arith.constant 0 : index
  return %c0 : index
}

// -----

// expected-error @+1 {{expected a function @f to differentiate, which is no step, got none}}
module {
}

// -----

func.func @f(%x: tensor<4xf32> {ternary.name = "x"}) -> tensor<4xf32> {
  return %x : tensor<4xf32>
}
// expected-error @+1 {{expected no symbol @f_gradient, which is to be the gradient of @f}}
func.func private @f_gradient()

// -----

// expected-error @+1 {{expected a function of one block to differentiate, got several}}
func.func @f(%x: tensor<4xf32> {ternary.name = "x"}) -> tensor<4xf32> {
  cf.br ^next
^next:
  return %x : tensor<4xf32>
}
