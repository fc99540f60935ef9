// Embeddings and scans, run.

// RUN: ternary-opt %s -ternary-to-loops %lower_to_llvm | %run_mlir | FileCheck %s

func.func private @printMemrefF32(memref<*xf32>) attributes {llvm.emit_c_interface}

memref.global "private" constant @ids : memref<1x3xi32> = dense<[[2, 0, 2]]>
memref.global "private" constant @wide_ids : memref<2xi64> = dense<[1, 2]>
memref.global "private" constant @halves : memref<3x2xf16> = dense<[[1.0, -2.5], [0.5, 3.0], [65504.0, -0.125]]>
memref.global "private" constant @brains : memref<3x2xbf16> = dense<[[1.0, -2.5], [0.5, 3.0], [7.0, -0.125]]>
memref.global "private" constant @forget : memref<1x3x2xf32> = dense<[[[0.5, 1.0], [0.25, 0.0], [2.0, -1.0]]]>
memref.global "private" constant @input : memref<1x3x2xf32> = dense<[[[1.0, 2.0], [0.5, 3.0], [-1.0, 0.25]]]>

func.func @main() {
  %c3 = arith.constant 3 : index

  // CHECK: [65504, -0.125]
  // CHECK: [1, -2.5]
  // CHECK: [65504, -0.125]
  %ids = memref.get_global @ids : memref<1x3xi32>
  %dynamic_ids = memref.cast %ids : memref<1x3xi32> to memref<1x?xi32>
  %halves = memref.get_global @halves : memref<3x2xf16>
  %rows = memref.alloc(%c3) : memref<1x?x2xf32>
  ternary.gather_kernel ins(%dynamic_ids, %halves : memref<1x?xi32>, memref<3x2xf16>) outs(%rows : memref<1x?x2xf32>)
  %any_rows = memref.cast %rows : memref<1x?x2xf32> to memref<*xf32>
  func.call @printMemrefF32(%any_rows) : (memref<*xf32>) -> ()

  // CHECK: [0.5, 3]
  // CHECK: [7, -0.125]
  %wide_ids = memref.get_global @wide_ids : memref<2xi64>
  %brains = memref.get_global @brains : memref<3x2xbf16>
  %two_rows = memref.alloc() : memref<2x2xf32>
  ternary.gather_kernel ins(%wide_ids, %brains : memref<2xi64>, memref<3x2xbf16>) outs(%two_rows : memref<2x2xf32>)
  %any_two_rows = memref.cast %two_rows : memref<2x2xf32> to memref<*xf32>
  func.call @printMemrefF32(%any_two_rows) : (memref<*xf32>) -> ()

  // From 4 and 8: 0.5 · 4 + 1 = 3, 0.25 · 3 + 0.5 = 1.25, 2 · 1.25 - 1 = 1.5, and
  // 8 + 2 = 10, 3, -3 + 0.25 = -2.75.
  // CHECK: [3, 10]
  // CHECK: [1.25, 3]
  // CHECK: [1.5, -2.75]
  // CHECK: [1.5, -2.75]
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %four = arith.constant 4.0 : f32
  %eight = arith.constant 8.0 : f32
  %forget = memref.get_global @forget : memref<1x3x2xf32>
  %input = memref.get_global @input : memref<1x3x2xf32>
  %dynamic_forget = memref.cast %forget : memref<1x3x2xf32> to memref<1x?x2xf32>
  %dynamic_input = memref.cast %input : memref<1x3x2xf32> to memref<1x?x2xf32>
  %hidden = memref.alloc(%c3) : memref<1x?x2xf32>
  %state = memref.alloc() : memref<1x2xf32>
  memref.store %four, %state[%c0, %c0] : memref<1x2xf32>
  memref.store %eight, %state[%c0, %c1] : memref<1x2xf32>
  ternary.scan_kernel ins(%dynamic_forget, %dynamic_input : memref<1x?x2xf32>, memref<1x?x2xf32>)
      outs(%hidden, %state : memref<1x?x2xf32>, memref<1x2xf32>)
  %any_hidden = memref.cast %hidden : memref<1x?x2xf32> to memref<*xf32>
  func.call @printMemrefF32(%any_hidden) : (memref<*xf32>) -> ()
  %any_state = memref.cast %state : memref<1x2xf32> to memref<*xf32>
  func.call @printMemrefF32(%any_state) : (memref<*xf32>) -> ()
  return
}
