// A weight whose trits come when the function runs.

func.func @f(%x: tensor<3x64xf32>, %t: tensor<5x64x!ternary.trit>, %s: tensor<1xf32>) -> tensor<3x5xf32> {
  %0 = ternary.bit_linear %x, %t scale(%s : tensor<1xf32>) : tensor<3x64xf32>, tensor<5x64x!ternary.trit> -> tensor<3x5xf32>
  return %0 : tensor<3x5xf32>
}
