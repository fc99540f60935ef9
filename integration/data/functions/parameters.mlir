// Two functions that share a parameter.

func.func @classify(%x: tensor<4x64xf32>, %g: tensor<64xf32> {ternary.parameter = "g"},
                    %w: tensor<10x64xf32> {ternary.parameter = "w"}) -> tensor<4x10xf32> {
  %0 = ternary.bit_linear %x, %w norm(%g : tensor<64xf32>) : tensor<4x64xf32>, tensor<10x64xf32> -> tensor<4x10xf32>
  return %0 : tensor<4x10xf32>
}
func.func @first(%x: tensor<2x64xf32>, %g: tensor<64xf32> {ternary.parameter = "g"}) -> tensor<2x64xf32> {
  %0 = ternary.rms_norm %x, %g {epsilon = 1.0e-6 : f32} : tensor<2x64xf32>, tensor<64xf32>
  return %0 : tensor<2x64xf32>
}
