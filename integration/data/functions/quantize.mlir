// Weights that are made when the function runs, and returned: -1, 0 and 1, with the scales of their rows.

func.func @f(%w: tensor<33x67xf32>, %h: tensor<5x67xbf16>) -> (tensor<38x67x!ternary.trit>, tensor<38xf32>) {
  %t, %s = ternary.quantize_weights %w : tensor<33x67xf32> -> tensor<33x67x!ternary.trit>, tensor<1xf32>
  %u, %r = ternary.quantize_weights %h : tensor<5x67xbf16> -> tensor<5x67x!ternary.trit>, tensor<1xf32>
  %all, %scales = ternary.stack_rows %t, %u scales(%s, %r)
    : tensor<33x67x!ternary.trit>, tensor<5x67x!ternary.trit> scales tensor<1xf32>, tensor<1xf32>
      -> tensor<38x67x!ternary.trit>, tensor<38xf32>
  return %all, %scales : tensor<38x67x!ternary.trit>, tensor<38xf32>
}
