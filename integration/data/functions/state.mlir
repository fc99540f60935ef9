// A sum that is carried from call to call, before another result.

#state = #ternary.role<state>

func.func @f(%x: tensor<3x5xf32>, %sum: tensor<3x5xf32> {ternary.role = #state})
    -> (tensor<3x5xf32> {ternary.role = #state}, tensor<3x5xf32>) {
  %0 = arith.addf %sum, %x : tensor<3x5xf32>
  %1 = arith.mulf %0, %x : tensor<3x5xf32>
  return %0, %1 : tensor<3x5xf32>, tensor<3x5xf32>
}
