// A recurrence and its lower bounds.

func.func @f(%f: tensor<2x?x17xf32>, %s: tensor<2x17xf32>, %b: tensor<3x17xf16>)
    -> (tensor<2x?x17xf32>, tensor<2x17xf32>, tensor<3x17xf32>) {
  %2 = ternary.lower_bounds %b : tensor<3x17xf16> -> tensor<3x17xf32>
  %b2 = tensor.extract_slice %2[2, 0] [1, 17] [1, 1] : tensor<3x17xf32> to tensor<17xf32>
  %0, %1 = ternary.mlgru %f, %f, %s lower_bound(%b2 : tensor<17xf32>)
    : tensor<2x?x17xf32>, tensor<2x17xf32>
  return %0, %1, %2 : tensor<2x?x17xf32>, tensor<2x17xf32>, tensor<3x17xf32>
}
