// Lowered functions are called as those that upstream lowers: memrefs go in, and memrefs that the
// caller frees come out, of sizes that follow from the inputs.

// RUN: split-file %s %t
// RUN: ternary-opt %t/layers.mlir --ternary-to-cpu -o %t/layers.ll.mlir
// RUN: mlir-opt %t/main.mlir -convert-to-llvm -reconcile-unrealized-casts -o %t/main.ll.mlir
// RUN: mlir-translate --mlir-to-llvmir %t/layers.ll.mlir -o %t/layers.ll
// RUN: mlir-translate --mlir-to-llvmir %t/main.ll.mlir -o %t/main.ll
// RUN: llvm-link -S %t/layers.ll %t/main.ll -o %t/all.ll
// RUN: lli -load=%mlir_runner_utils %t/all.ll | FileCheck %s

// CHECK: sizes = [2, 3]
// CHECK: {{\[}}[3,{{ *}}3,{{ *}}3],
// CHECK-NEXT: [3,{{ *}}3,{{ *}}3]]

//--- layers.mlir
func.func @twice_and_norm(%x: tensor<?x3xf32>) -> (index, tensor<?x3xf32>) {
  %c0 = arith.constant 0 : index
  %g = arith.constant dense<1.0> : tensor<3xf32>
  %n = tensor.dim %x, %c0 : tensor<?x3xf32>
  %0 = arith.addf %x, %x : tensor<?x3xf32>
  %1 = ternary.rms_norm %0, %g {epsilon = 1.0e-12 : f32} : tensor<?x3xf32>, tensor<3xf32>
  %2 = arith.addf %0, %1 : tensor<?x3xf32>
  return %n, %2 : index, tensor<?x3xf32>
}

//--- main.mlir
func.func private @printMemrefF32(memref<*xf32>)
func.func private @twice_and_norm(memref<?x3xf32>) -> (index, memref<?x3xf32>) attributes {llvm.emit_c_interface}
memref.global "private" constant @ones : memref<2x3xf32> = dense<1.0>
func.func @main() {
  %ones = memref.get_global @ones : memref<2x3xf32>
  %x = memref.cast %ones : memref<2x3xf32> to memref<?x3xf32>
  %n, %y = call @twice_and_norm(%x) : (memref<?x3xf32>) -> (index, memref<?x3xf32>)
  %u = memref.cast %y : memref<?x3xf32> to memref<*xf32>
  call @printMemrefF32(%u) : (memref<*xf32>) -> ()
  memref.dealloc %y : memref<?x3xf32>
  return
}
