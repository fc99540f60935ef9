// A quantised layer with a norm; rows of an odd size, as many as there are.

func.func @f(%x: tensor<?x67xf32>, %g: tensor<67xf32>, %w: tensor<33x67xbf16>) -> (tensor<?x33xf32>) {
  %0 = ternary.bit_linear %x, %w norm(%g : tensor<67xf32>)
    : tensor<?x67xf32>, tensor<33x67xbf16> -> tensor<?x33xf32>
  return %0 : tensor<?x33xf32>
}
