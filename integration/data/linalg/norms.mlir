// Sums over lanes: more than 16 blocks, and the last one not full.

func.func @f(%x: tensor<2x?x1059xf32>, %g: tensor<1059xf32>)
    -> (tensor<2x?x1059xf32>, tensor<2x?x1059xf32>, tensor<2x?x1104xi8>, tensor<2x?xf32>, tensor<2x?xi32>) {
  %0 = ternary.layer_norm %x, %g, %g {epsilon = 1.0e-5 : f32}
    : tensor<2x?x1059xf32>, tensor<1059xf32>
  %1 = ternary.output_gate norm_gate %0, %x, %g {epsilon = 1.0e-6 : f32}
    : tensor<2x?x1059xf32>, tensor<1059xf32>
  %2, %3, %4 = ternary.quantize_activations %1
    : tensor<2x?x1059xf32> -> tensor<2x?x1104xi8>, tensor<2x?xf32>, tensor<2x?xi32>
  return %0, %1, %2, %3, %4
    : tensor<2x?x1059xf32>, tensor<2x?x1059xf32>, tensor<2x?x1104xi8>, tensor<2x?xf32>, tensor<2x?xi32>
}
