// Products of gradients at the edge of what floats and shapes allow: what is infinite becomes NaN, in a row and block
// alone, and a sum over no rows is zero.

// RUN: ternary-opt %s -ternary-to-loops -ternary-expand-math %lower_to_llvm | %run_mlir | FileCheck %s

memref.global "private" constant @g : memref<3x2xf32> = dense<[[0x7F800000, 1.0], [2.0, 3.0], [1.0, 0x7F800000]]>
memref.global "private" constant @q : memref<3x2xi8> = dense<[[1, 2], [3, 0], [0, 5]]>
memref.global "private" constant @s : memref<3xf32> = dense<1.0>
memref.global "private" constant @o : memref<1xf32> = dense<1.0>
memref.global "private" constant @c : memref<4xi8> = dense<[0,1,2,2]>
func.func private @printMemrefF32(memref<*xf32>) attributes {llvm.emit_c_interface}
func.func @main() {
  %g = memref.get_global @g : memref<3x2xf32>
  %q = memref.get_global @q : memref<3x2xi8>
  %s = memref.get_global @s : memref<3xf32>
  %o = memref.get_global @o : memref<1xf32>
  %c = memref.get_global @c : memref<4xi8>
  %cc = memref.alloc() : memref<4xi8>
  memref.copy %c, %cc : memref<4xi8> to memref<4xi8>
  %w = ternary.weight_memory %cc : memref<4xi8> -> memref<2x2x!ternary.trit>
  %r = memref.alloc() : memref<2x2xf32>
  %r3 = memref.alloc() : memref<3x2xf32>
  %any = memref.cast %r : memref<2x2xf32> to memref<*xf32>
  %any3 = memref.cast %r3 : memref<3x2xf32> to memref<*xf32>
  ternary.linear_backward_weight_kernel ins(%g, %q, %s : memref<3x2xf32>, memref<3x2xi8>, memref<3xf32>) outs(%r : memref<2x2xf32>)
  // CHECK: {{\[}}{{\[}}{{-?nan}}, {{-?nan}}],
  // CHECK-NEXT: {{\[}}{{-?nan}}, {{-?nan}}]]
  func.call @printMemrefF32(%any) : (memref<*xf32>) -> ()
  ternary.linear_backward_input_kernel ins(%g, %w, %o : memref<3x2xf32>, memref<2x2x!ternary.trit>, memref<1xf32>) outs(%r3 : memref<3x2xf32>)
  // Row 1 is 2 · (-1, 0) + 3 · (1, 1), rounded to 23 bits of 3.
  // CHECK: {{\[}}{{\[}}{{-?nan}}, {{-?nan}}],
  // CHECK-NEXT: [1, 3],
  // CHECK-NEXT: {{\[}}{{-?nan}}, {{-?nan}}]]
  func.call @printMemrefF32(%any3) : (memref<*xf32>) -> ()
  %c0 = arith.constant 0 : index
  %g0 = memref.alloc(%c0) : memref<?x2xf32>
  %q0 = memref.alloc(%c0) : memref<?x2xi8>
  %s0 = memref.alloc(%c0) : memref<?xf32>
  ternary.linear_backward_weight_kernel ins(%g0, %q0, %s0 : memref<?x2xf32>, memref<?x2xi8>, memref<?xf32>) outs(%r : memref<2x2xf32>)
  // CHECK: {{\[}}[0, 0],
  // CHECK-NEXT: [0, 0]]
  func.call @printMemrefF32(%any) : (memref<*xf32>) -> ()
  return
}
