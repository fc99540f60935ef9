// A layer with ternary weights, which are quantised and packed when the function runs.
func.func @classify(%x: tensor<4x64xf32>, %g: tensor<64xf32>, %w: tensor<10x64xf32>) -> tensor<4x10xf32> {
  %0 = ternary.bit_linear %x, %w norm(%g : tensor<64xf32>) : tensor<4x64xf32>, tensor<10x64xf32> -> tensor<4x10xf32>
  return %0 : tensor<4x10xf32>
}
