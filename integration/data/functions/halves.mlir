// Arithmetic on halves, each op rounded, and an op of linalg that stands for several.

func.func @f(%x: tensor<4x9xf16>, %y: tensor<4x9xbf16>, %z: tensor<4x9xf32>)
    -> (tensor<4x9xf16>, tensor<4x9xbf16>, tensor<4x9xf32>) {
  %0 = arith.mulf %x, %x : tensor<4x9xf16>
  %1 = arith.addf %0, %x : tensor<4x9xf16>
  %2 = math.tanh %y : tensor<4x9xbf16>
  %e = tensor.empty() : tensor<4x9xf32>
  %3 = linalg.softmax dimension(1) ins(%z : tensor<4x9xf32>) outs(%e : tensor<4x9xf32>) -> tensor<4x9xf32>
  return %1, %2, %3 : tensor<4x9xf16>, tensor<4x9xbf16>, tensor<4x9xf32>
}
