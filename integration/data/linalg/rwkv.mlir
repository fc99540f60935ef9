// Tokens before and after, and WKV.

func.func @f(%x: tensor<2x?x9xf32>, %s: tensor<2x9xf32>, %w: tensor<9xf32>, %u: tensor<9xf32>, %p: tensor<2x3x9xf32>)
    -> (tensor<2x?x9xf32>, tensor<2x9xf32>, tensor<2x?x9xf32>, tensor<2x3x9xf32>, tensor<2x?x9xf32>, tensor<2x9xf32>) {
  %0, %1 = ternary.token_shift %x, %s : tensor<2x?x9xf32>, tensor<2x9xf32>
  %2, %3 = ternary.wkv %0, %x, %w, %u, %p : tensor<2x?x9xf32>, tensor<9xf32>, tensor<2x3x9xf32>
  %4, %5 = ternary.token_shift %x, %s {inverse} : tensor<2x?x9xf32>, tensor<2x9xf32>
  return %0, %1, %2, %3, %4, %5
    : tensor<2x?x9xf32>, tensor<2x9xf32>, tensor<2x?x9xf32>, tensor<2x3x9xf32>, tensor<2x?x9xf32>, tensor<2x9xf32>
}
