// A layer with ternary weights whose outputs are clipped by an op of one's own.
func.func @layer(%x: tensor<1x4xf32>, %w: tensor<2x4xf32>) -> tensor<1x2xf32> {
  %0 = ternary.bit_linear %x, %w : tensor<1x4xf32>, tensor<2x4xf32> -> tensor<1x2xf32>
  %1 = mylib.clip %0 to 2.0 : tensor<1x2xf32>
  return %1 : tensor<1x2xf32>
}
