// A private function in a loop with branches; numbers in and out.

func.func private @layer(%x: tensor<4x16xf32>, %w: tensor<16x16xf32>) -> tensor<4x16xf32> {
  %0 = ternary.bit_linear %x, %w : tensor<4x16xf32>, tensor<16x16xf32> -> tensor<4x16xf32>
  %1 = ternary.activate silu %0 : tensor<4x16xf32>
  return %1 : tensor<4x16xf32>
}
func.func @f(%x: tensor<4x16xf32>, %w: tensor<16x16xf32>, %n: index, %scale: f32) -> (tensor<4x16xf32>, index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %0 = scf.for %i = %c0 to %n step %c1 iter_args(%h = %x) -> tensor<4x16xf32> {
    %1 = func.call @layer(%h, %w) : (tensor<4x16xf32>, tensor<16x16xf32>) -> tensor<4x16xf32>
    %even = arith.remui %i, %c2 : index
    %is_even = arith.cmpi eq, %even, %c0 : index
    %2 = scf.if %is_even -> tensor<4x16xf32> {
      %3 = tensor.splat %scale : tensor<4x16xf32>
      %4 = arith.mulf %1, %3 : tensor<4x16xf32>
      scf.yield %4 : tensor<4x16xf32>
    } else {
      %5 = arith.addf %1, %h : tensor<4x16xf32>
      scf.yield %5 : tensor<4x16xf32>
    }
    scf.yield %2 : tensor<4x16xf32>
  }
  %m = arith.addi %n, %c1 : index
  return %0, %m : tensor<4x16xf32>, index
}
