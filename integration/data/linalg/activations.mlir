// What is elementwise.

func.func @f(%x: tensor<?x34xf32>, %l: tensor<?x17xf32>, %h: tensor<17xf32>)
    -> (tensor<?x17xf32>, tensor<?x17xf32>, tensor<?x34xf32>, tensor<?x34xf32>, tensor<?x34xf32>, tensor<?x17xf32>) {
  %0 = ternary.glu silu %x : tensor<?x34xf32> -> tensor<?x17xf32>
  %1 = ternary.glu sigmoid %x : tensor<?x34xf32> -> tensor<?x17xf32>
  %2 = ternary.activate squared_relu %x : tensor<?x34xf32>
  %3 = ternary.activate step %x : tensor<?x34xf32>
  %4 = ternary.activate relu %x : tensor<?x34xf32>
  %5 = ternary.time_mix %0, %l, %h : tensor<?x17xf32>, tensor<17xf32>
  return %0, %1, %2, %3, %4, %5
    : tensor<?x17xf32>, tensor<?x17xf32>, tensor<?x34xf32>, tensor<?x34xf32>, tensor<?x34xf32>, tensor<?x17xf32>
}
