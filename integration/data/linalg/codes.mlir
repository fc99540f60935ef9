// Keys and values that are kept as codes.

func.func @f(%q: tensor<1x2x16xf32>, %k: tensor<1x130x8xi8>, %s: tensor<1x130x1xf32>, %p: tensor<i32>)
    -> (tensor<1x2x16xf32>, tensor<1x2x2xf32>) {
  %0, %1 = ternary.attention %q, %k, %k scales(%s, %s : tensor<1x130x1xf32>, tensor<1x130x1xf32>)
    past(%p : tensor<i32>) {heads = 2 : i64, kv_heads = 1 : i64}
    : tensor<1x2x16xf32>, tensor<1x130x8xi8> -> tensor<1x2x16xf32>, tensor<1x2x2xf32>
  return %0, %1 : tensor<1x2x16xf32>, tensor<1x2x2xf32>
}
