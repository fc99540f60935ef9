// Odd sizes, a dynamic one, and an op of linalg between two layers.

func.func @f(%x: tensor<?x67xf32>, %g: tensor<67xf32>, %w: tensor<33x67xf32>, %v: tensor<10x33xf32>)
    -> (tensor<?x10xf32>, tensor<?x33xf32>) {
  %0 = ternary.bit_linear %x, %w norm(%g : tensor<67xf32>) : tensor<?x67xf32>, tensor<33x67xf32> -> tensor<?x33xf32>
  %zero = arith.constant 0.0 : f32
  %c0 = arith.constant 0 : index
  %n = tensor.dim %x, %c0 : tensor<?x67xf32>
  %e = tensor.empty(%n) : tensor<?x33xf32>
  %1 = linalg.map ins(%0 : tensor<?x33xf32>) outs(%e : tensor<?x33xf32>) (%in: f32, %out: f32) {
    %m = arith.maximumf %in, %zero : f32
    linalg.yield %m : f32
  }
  %2 = ternary.bit_linear %1, %v : tensor<?x33xf32>, tensor<10x33xf32> -> tensor<?x10xf32>
  return %2, %1 : tensor<?x10xf32>, tensor<?x33xf32>
}
