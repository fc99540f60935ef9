// Positions, from the start, from a later token, and backwards.

func.func @f(%x: tensor<2x?x24xf32>, %p: tensor<i32>)
    -> (tensor<2x?x24xf32>, tensor<2x?x24xf32>, tensor<2x?x24xf32>) {
  %0 = ternary.rotary_embedding %x {head_size = 8 : i64, theta = 1.0e4 : f64} : tensor<2x?x24xf32>
  %1 = ternary.rotary_embedding %x past(%p : tensor<i32>) {head_size = 12 : i64, theta = 5.0e5 : f64}
    : tensor<2x?x24xf32>
  %2 = ternary.rotary_embedding %x {head_size = 24 : i64, inverse, theta = 1.0e4 : f64}
    : tensor<2x?x24xf32>
  return %0, %1, %2 : tensor<2x?x24xf32>, tensor<2x?x24xf32>, tensor<2x?x24xf32>
}
