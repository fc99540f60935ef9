// Layers of floats alone take f64 as well.

func.func @f(%x: tensor<2x?x67xf64>, %g: tensor<67xf64>, %w: tensor<24x67xf64>)
    -> (tensor<2x?x67xf64>, tensor<2x?x24xf64>) {
  %0 = ternary.layer_norm %x, %g, %g {epsilon = 1.0e-5 : f32} : tensor<2x?x67xf64>, tensor<67xf64>
  %1 = ternary.linear %0, %w : tensor<2x?x67xf64>, tensor<24x67xf64> -> tensor<2x?x24xf64>
  %2 = ternary.rotary_embedding %1 {head_size = 8 : i64, theta = 1.0e4 : f64} : tensor<2x?x24xf64>
  %3, %4 = ternary.attention %2, %1, %1 {heads = 3 : i64, kv_heads = 3 : i64}
    : tensor<2x?x24xf64>, tensor<2x?x24xf64> -> tensor<2x?x24xf64>, tensor<2x?x3xf64>
  %5 = ternary.activate silu %3 : tensor<2x?x24xf64>
  return %0, %5 : tensor<2x?x67xf64>, tensor<2x?x24xf64>
}
