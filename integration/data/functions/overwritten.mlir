// Results in whose memory others are computed, and state as it was.

#state = #ternary.role<state>

func.func @f(%x: tensor<?x5xf32>, %sum: tensor<?x5xf32> {ternary.role = #state})
    -> (tensor<?x5xf32>, tensor<?x5xf32>, tensor<?x5xf32> {ternary.role = #state}, tensor<?x5xf32>, tensor<?x2xf32>) {
  %c0 = arith.constant 0 : index
  %n = tensor.dim %x, %c0 : tensor<?x5xf32>
  %0 = arith.negf %x : tensor<?x5xf32>
  %1 = arith.cmpf olt, %0, %x : tensor<?x5xf32>
  %2 = arith.select %1, %0, %x : tensor<?x5xi1>, tensor<?x5xf32>
  %3 = arith.addf %sum, %x : tensor<?x5xf32>
  %4 = tensor.extract_slice %0[0, 1] [%n, 2] [1, 1] : tensor<?x5xf32> to tensor<?x2xf32>
  return %2, %0, %3, %sum, %4 : tensor<?x5xf32>, tensor<?x5xf32>, tensor<?x5xf32>, tensor<?x5xf32>, tensor<?x2xf32>
}
