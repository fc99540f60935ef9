// RUN: ternary-opt %s -ternary-build-optimizer -verify-diagnostics

func.func @first(%w: tensor<8xf32> {ternary.parameter = "w"}, %dw: tensor<8xf32> {ternary.gradient = "w"})
    -> (tensor<8xf32> {ternary.gradient = "w"}) attributes {ternary.step = #ternary.step<gradient>} {
  return %dw : tensor<8xf32>
}

// expected-error @+1 {{expected one step 'gradient' to update parameters with, got a second}}
func.func @second(%w: tensor<8xf32> {ternary.parameter = "w"}, %dw: tensor<8xf32> {ternary.gradient = "w"})
    -> (tensor<8xf32> {ternary.gradient = "w"}) attributes {ternary.step = #ternary.step<gradient>} {
  return %dw : tensor<8xf32>
}
