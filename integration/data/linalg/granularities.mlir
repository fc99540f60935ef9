// Weights that are made when the function runs, one above the other.

func.func @f(%w: tensor<9x96xf32>, %v: tensor<3x96xf32>) -> (tensor<12x96x!ternary.trit>, tensor<12xf32>) {
  %a, %b = ternary.quantize_weights %w
    : tensor<9x96xf32> -> tensor<9x96x!ternary.trit>, tensor<1xf32>
  %c, %d = ternary.quantize_weights %v
    : tensor<3x96xf32> -> tensor<3x96x!ternary.trit>, tensor<1xf32>
  %0, %1 = ternary.stack_rows %a, %c scales(%b, %d)
    : tensor<9x96x!ternary.trit>, tensor<3x96x!ternary.trit> scales tensor<1xf32>, tensor<1xf32>
    -> tensor<12x96x!ternary.trit>, tensor<12xf32>
  return %0, %1 : tensor<12x96x!ternary.trit>, tensor<12xf32>
}
