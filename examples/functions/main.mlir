// The same layer with a main of its own, for mlir-runner.
func.func private @printMemrefF32(memref<*xf32>)

func.func @main() {
  %x = arith.constant dense<0.5> : tensor<2x4xf32>
  %w = arith.constant dense<[[0.3, -0.2, 0.01, 0.5], [-0.6, 0.4, 0.2, -0.05]]> : tensor<2x4xf32>
  %y = ternary.bit_linear %x, %w : tensor<2x4xf32>, tensor<2x4xf32> -> tensor<2x2xf32>
  %memory = bufferization.to_buffer %y : tensor<2x2xf32> to memref<2x2xf32>
  %any = memref.cast %memory : memref<2x2xf32> to memref<*xf32>
  call @printMemrefF32(%any) : (memref<*xf32>) -> ()
  return
}
