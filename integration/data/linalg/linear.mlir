// Products of floats, in blocks that make no power of two.

func.func @f(%x: tensor<?x331xf32>, %w: tensor<7x331xf32>) -> (tensor<?x7xf32>) {
  %0 = ternary.linear %x, %w : tensor<?x331xf32>, tensor<7x331xf32> -> tensor<?x7xf32>
  return %0 : tensor<?x7xf32>
}
