// Scales of groups, more than 64 of them, of codes and of floats.

func.func @f(%x: tensor<?x4480xf32>, %w: tensor<9x4480x!ternary.trit>, %s: tensor<9x140xf32>)
    -> (tensor<?x9xf32>, tensor<?x9xf32>) {
  %0 = ternary.bit_linear %x, %w scale(%s : tensor<9x140xf32>)
    {granularity = #ternary<granularity group>, group_size = 32 : i64}
    : tensor<?x4480xf32>, tensor<9x4480x!ternary.trit> -> tensor<?x9xf32>
  %1 = ternary.linear %x, %w scale(%s : tensor<9x140xf32>)
    : tensor<?x4480xf32>, tensor<9x4480x!ternary.trit> -> tensor<?x9xf32>
  return %0, %1 : tensor<?x9xf32>, tensor<?x9xf32>
}
