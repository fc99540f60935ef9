// A gain and a weight that are constants.

func.func @f(%x: tensor<2x?x8xf32>) -> tensor<2x?x3xf32> {
  %g = arith.constant dense<1.5> : tensor<8xf32>
  %w = arith.constant dense<[[0.3, -0.2, 0.01, 0.5, 1.0, -1.0, 0.0, 0.25],
                             [-0.6, 0.4, 0.2, -0.05, 0.7, 0.1, -0.9, 0.3],
                             [0.02, 0.7, -0.3, 0.1, -0.4, 0.6, 0.8, -0.2]]> : tensor<3x8xf32>
  %0 = ternary.rms_norm %x, %g {epsilon = 1.0e-6 : f32} : tensor<2x?x8xf32>, tensor<8xf32>
  %1 = arith.addf %0, %x : tensor<2x?x8xf32>
  %2 = ternary.bit_linear %1, %w : tensor<2x?x8xf32>, tensor<3x8xf32> -> tensor<2x?x3xf32>
  return %2 : tensor<2x?x3xf32>
}
