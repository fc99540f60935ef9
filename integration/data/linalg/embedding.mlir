// Tables of floats and of trits with each kind of scales.

func.func @f(%i: tensor<2x?xi32>, %t: tensor<7x64xbf16>, %w: tensor<7x64x!ternary.trit>, %s: tensor<1xf32>,
             %r: tensor<7xf32>, %g: tensor<7x4xf32>)
    -> (tensor<2x?x64xf32>, tensor<2x?x64xf32>, tensor<2x?x64xf32>, tensor<2x?x64xf32>) {
  %0 = ternary.embedding %i, %t : tensor<2x?xi32>, tensor<7x64xbf16> -> tensor<2x?x64xf32>
  %1 = ternary.embedding %i, %w scale(%s : tensor<1xf32>)
    : tensor<2x?xi32>, tensor<7x64x!ternary.trit> -> tensor<2x?x64xf32>
  %2 = ternary.embedding %i, %w scale(%r : tensor<7xf32>)
    : tensor<2x?xi32>, tensor<7x64x!ternary.trit> -> tensor<2x?x64xf32>
  %3 = ternary.embedding %i, %w scale(%g : tensor<7x4xf32>)
    : tensor<2x?xi32>, tensor<7x64x!ternary.trit> -> tensor<2x?x64xf32>
  return %0, %1, %2, %3 : tensor<2x?x64xf32>, tensor<2x?x64xf32>, tensor<2x?x64xf32>, tensor<2x?x64xf32>
}
