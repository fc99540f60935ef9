// Keys of any number, shared by heads.

func.func @f(%q: tensor<2x?x24xf32>, %k: tensor<2x?x12xf32>, %v: tensor<2x?x12xf32>)
    -> (tensor<2x?x24xf32>, tensor<2x?x4xf32>) {
  %0, %1 = ternary.attention %q, %k, %v {heads = 4 : i64, kv_heads = 2 : i64}
    : tensor<2x?x24xf32>, tensor<2x?x12xf32> -> tensor<2x?x24xf32>, tensor<2x?x4xf32>
  return %0, %1 : tensor<2x?x24xf32>, tensor<2x?x4xf32>
}
