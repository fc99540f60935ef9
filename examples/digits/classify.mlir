// A classifier of images of 8 x 8 pixels with ternary weights.

func.func @classify(%x: tensor<?x64xf32>, %g1: tensor<64xf32> {ternary.parameter = "g1"}, %w1: tensor<128x64xf32> {ternary.parameter = "w1"},
                    %g2: tensor<128xf32> {ternary.parameter = "g2"}, %w2: tensor<128x128xf32> {ternary.parameter = "w2"},
                    %g3: tensor<128xf32> {ternary.parameter = "g3"}, %w3: tensor<10x128xf32> {ternary.parameter = "w3"}) -> tensor<?x10xf32> {
  %0 = ternary.rms_norm %x, %g1 {epsilon = 1.0e-6 : f32} : tensor<?x64xf32>, tensor<64xf32>
  %1 = ternary.bit_linear %0, %w1 : tensor<?x64xf32>, tensor<128x64xf32> -> tensor<?x128xf32>
  %2 = ternary.activate relu %1 : tensor<?x128xf32>
  %3 = ternary.rms_norm %2, %g2 {epsilon = 1.0e-6 : f32} : tensor<?x128xf32>, tensor<128xf32>
  %4 = ternary.bit_linear %3, %w2 : tensor<?x128xf32>, tensor<128x128xf32> -> tensor<?x128xf32>
  %5 = ternary.activate relu %4 : tensor<?x128xf32>
  %6 = ternary.rms_norm %5, %g3 {epsilon = 1.0e-6 : f32} : tensor<?x128xf32>, tensor<128xf32>
  %7 = ternary.bit_linear %6, %w3 : tensor<?x128xf32>, tensor<10x128xf32> -> tensor<?x10xf32>
  return %7 : tensor<?x10xf32>
}
