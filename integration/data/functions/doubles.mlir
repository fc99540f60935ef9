// Arithmetic on doubles, which no kernel takes.

func.func @f(%x: tensor<?x4xf64>, %v: tensor<4xf64>) -> tensor<?x4xf64> {
  %c0 = arith.constant 0 : index
  %n = tensor.dim %x, %c0 : tensor<?x4xf64>
  %e = tensor.empty(%n) : tensor<?x4xf64>
  %b = linalg.broadcast ins(%v : tensor<4xf64>) outs(%e : tensor<?x4xf64>) dimensions = [0]
  %0 = arith.mulf %x, %b : tensor<?x4xf64>
  %1 = math.exp %0 : tensor<?x4xf64>
  %2 = arith.divf %1, %x : tensor<?x4xf64>
  return %2 : tensor<?x4xf64>
}
