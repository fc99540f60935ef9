// Ternary weights and floats, run. The weight is 2 by 6:
//
//   1  0 -1  1  1 -1
//   1  1  1  0  1  1
//
// one byte a trit. Sums go in order of columns, so that what is added between 2^24 and -2^24, in the
// columns 0 and 4, is rounded to multiples of two; exactly, the results would be -3 and 5.

// RUN: ternary-opt %s -ternary-to-loops=erase-archives %lower_to_llvm | %run_mlir | FileCheck %s

!weight = memref<2x6x!ternary.trit>

ternary.archive @weights bytes 64 {
  %w = ternary.read_parameter "w" : tensor<2x6x!ternary.trit>
  ternary.archive_entry "w" at 0, %w : tensor<2x6x!ternary.trit>
}

memref.global "private" constant @payload : memref<12xi8> = dense<[2, 1, 0, 2, 2, 0, 2, 2, 2, 1, 2, 2]>
memref.global "private" constant @x : memref<1x6xf32> = dense<[[16777216.0, 1.0, -1.0, 1.0, -16777216.0, 5.0]]>
memref.global "private" constant @row_scales : memref<2xf32> = dense<[0.5, 2.0]>
memref.global "private" constant @group_scales : memref<3x2xf32> = dense<[[1.0, 2.0], [10.0, 20.0], [100.0, 200.0]]>
memref.global "private" constant @ids : memref<3xi32> = dense<[1, 0, 1]>

func.func private @printMemrefF32(memref<*xf32>) attributes {llvm.emit_c_interface}

func.func @linear(%x: memref<1x6xf32>, %weight: !weight, %out: memref<1x2xf32>) {
  %scale = memref.get_global @row_scales : memref<2xf32>
  ternary.linear_kernel ins(%x, %weight : memref<1x6xf32>, !weight) scales(%scale : memref<2xf32>) outs(%out : memref<1x2xf32>) {
  ^bb0(%v: f32):
    ternary.yield %v : f32
  }
  return
}

func.func @gather(%ids: memref<3xi32>, %weight: !weight, %out: memref<3x6xf32>) {
  %scale = memref.get_global @row_scales : memref<2xf32>
  ternary.gather_kernel ins(%ids, %weight : memref<3xi32>, !weight) scale(%scale : memref<2xf32>) outs(%out : memref<3x6xf32>)
  return
}

func.func @gather_groups(%ids: memref<3xi32>, %weight: !weight, %out: memref<3x6xf32>) {
  %scale = memref.get_global @group_scales : memref<3x2xf32>
  ternary.gather_kernel ins(%ids, %weight : memref<3xi32>, !weight) scale(%scale : memref<3x2xf32>) outs(%out : memref<3x6xf32>)
  return
}

func.func @main() {
  %c0 = arith.constant 0 : index
  %payload = memref.get_global @payload : memref<12xi8>
  %base = memref.cast %payload : memref<12xi8> to memref<?xi8>
  %weight = ternary.parameter @weights "w" of %base : memref<?xi8> -> !weight
  %x = memref.get_global @x : memref<1x6xf32>
  %ids = memref.get_global @ids : memref<3xi32>

  // CHECK: {{\[\[}}-2.5, 8]]
  %out = memref.alloc() : memref<1x2xf32>
  func.call @linear(%x, %weight, %out) : (memref<1x6xf32>, !weight, memref<1x2xf32>) -> ()
  %cast = memref.cast %out : memref<1x2xf32> to memref<*xf32>
  func.call @printMemrefF32(%cast) : (memref<*xf32>) -> ()

  // CHECK: {{\[\[}}2, 2, 2, 0, 2, 2],
  // CHECK-NEXT: [0.5, 0, -0.5, 0.5, 0.5, -0.5],
  // CHECK-NEXT: [2, 2, 2, 0, 2, 2]]
  %rows = memref.alloc() : memref<3x6xf32>
  %rows_cast = memref.cast %rows : memref<3x6xf32> to memref<*xf32>
  func.call @gather(%ids, %weight, %rows) : (memref<3xi32>, !weight, memref<3x6xf32>) -> ()
  func.call @printMemrefF32(%rows_cast) : (memref<*xf32>) -> ()

  // CHECK: {{\[\[}}2, 2, 20, 0, 200, 200],
  // CHECK-NEXT: [1, 0, -10, 10, 100, -100],
  // CHECK-NEXT: [2, 2, 20, 0, 200, 200]]
  func.call @gather_groups(%ids, %weight, %rows) : (memref<3xi32>, !weight, memref<3x6xf32>) -> ()
  func.call @printMemrefF32(%rows_cast) : (memref<*xf32>) -> ()
  return
}
