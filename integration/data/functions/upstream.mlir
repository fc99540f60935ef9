// Nothing of ours: a product of floats, an elementwise op, integers.

func.func @f(%x: tensor<?x?xf32>, %y: tensor<?x?xf32>) -> (tensor<?x?xf32>, tensor<?xi32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %zero = arith.constant 0.0 : f32
  %n = tensor.dim %x, %c0 : tensor<?x?xf32>
  %m = tensor.dim %y, %c1 : tensor<?x?xf32>
  %e = tensor.empty(%n, %m) : tensor<?x?xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<?x?xf32>) -> tensor<?x?xf32>
  %p = linalg.matmul ins(%x, %y : tensor<?x?xf32>, tensor<?x?xf32>) outs(%f : tensor<?x?xf32>) -> tensor<?x?xf32>
  %t = math.tanh %p : tensor<?x?xf32>
  %i = tensor.empty(%n) : tensor<?xi32>
  %one = arith.constant 1 : i32
  %ones = linalg.fill ins(%one : i32) outs(%i : tensor<?xi32>) -> tensor<?xi32>
  %twos = arith.addi %ones, %ones : tensor<?xi32>
  return %t, %twos : tensor<?x?xf32>, tensor<?xi32>
}
