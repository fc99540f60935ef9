// Floats times trits, in blocks of which the last one is not full.

func.func @f(%x: tensor<1x?x199xf32>, %w: tensor<13x199x!ternary.trit>, %s: tensor<13xf32>)
    -> (tensor<1x?x13xf32>) {
  %0 = ternary.linear %x, %w scale(%s : tensor<13xf32>)
    : tensor<1x?x199xf32>, tensor<13x199x!ternary.trit> -> tensor<1x?x13xf32>
  return %0 : tensor<1x?x13xf32>
}
