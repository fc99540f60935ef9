// Keys that are kept in f16, more than are read, with channels in two blocks.

func.func @f(%q: tensor<1x?x140xf32>, %p: tensor<i32>, %k: tensor<1x210x70xf16>, %v: tensor<1x210x70xf16>)
    -> (tensor<1x?x140xf32>, tensor<1x?x2xf32>, tensor<i32>) {
  %c1 = arith.constant 1 : index
  %n = tensor.dim %q, %c1 : tensor<1x?x140xf32>
  %e = tensor.extract_slice %q[0, 0, 0] [1, %n, 70] [1, 1, 1]
    : tensor<1x?x140xf32> to tensor<1x?x70xf32>
  %kn = ternary.append %e, %p into %k : tensor<1x?x70xf32>, tensor<i32> into tensor<1x210x70xf16>
  %0, %1 = ternary.attention %q, %kn, %v past(%p : tensor<i32>) {heads = 2 : i64, kv_heads = 1 : i64}
    : tensor<1x?x140xf32>, tensor<1x210x70xf16> -> tensor<1x?x140xf32>, tensor<1x?x2xf32>
  %2 = ternary.advance %p by %q : tensor<i32> by tensor<1x?x140xf32>
  return %0, %1, %2 : tensor<1x?x140xf32>, tensor<1x?x2xf32>, tensor<i32>
}
