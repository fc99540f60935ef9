// Ops that become calls of the C library.

func.func @f(%x: tensor<4x9xf32>, %y: tensor<4x9xf64>) -> (tensor<4x9xf32>, tensor<4x9xf32>, tensor<?xf64>) {
  %0 = math.erf %x : tensor<4x9xf32>
  %1 = math.expm1 %x : tensor<4x9xf32>
  %c0 = arith.constant 0 : index
  %c9 = arith.constant 9 : index
  %2 = tensor.generate %c9 {
  ^bb0(%i: index):
    %v = tensor.extract %y[%c0, %i] : tensor<4x9xf64>
    %r = math.cbrt %v : f64
    tensor.yield %r : f64
  } : tensor<?xf64>
  return %0, %1, %2 : tensor<4x9xf32>, tensor<4x9xf32>, tensor<?xf64>
}
