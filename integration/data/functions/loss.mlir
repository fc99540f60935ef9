// A loss of two ternary layers with a skip connection, odd sizes, a dynamic number of rows, and weights as arguments.

func.func @f(%x: tensor<?x67xf32>, %targets: tensor<?xi32>, %g: tensor<67xf32>, %w: tensor<67x67xf32>, %v: tensor<10x67xf32>, %b: tensor<10xbf16>)
    -> tensor<f32> {
  %0 = ternary.bit_linear %x, %w norm(%g : tensor<67xf32>) : tensor<?x67xf32>, tensor<67x67xf32> -> tensor<?x67xf32>
  %1 = ternary.activate silu %0 : tensor<?x67xf32>
  %2 = math.tanh %1 : tensor<?x67xf32>
  %3 = arith.addf %2, %x : tensor<?x67xf32>
  %4 = ternary.bit_linear %3, %v : tensor<?x67xf32>, tensor<10x67xf32> -> tensor<?x10xf32>
  %c0 = arith.constant 0 : index
  %n = tensor.dim %x, %c0 : tensor<?x67xf32>
  %e = tensor.empty(%n) : tensor<?x10xf32>
  %wide = arith.extf %b : tensor<10xbf16> to tensor<10xf32>
  %bias = linalg.broadcast ins(%wide : tensor<10xf32>) outs(%e : tensor<?x10xf32>) dimensions = [0]
  %5 = arith.addf %4, %bias : tensor<?x10xf32>
  %6 = ternary.cross_entropy %5, %targets : tensor<?x10xf32>, tensor<?xi32> -> tensor<f32>
  return %6 : tensor<f32>
}
