// Kernels of RWKV, run on inputs whose results can be told by hand.

// RUN: ternary-opt %s -ternary-to-loops -ternary-expand-math %lower_to_llvm | %run_mlir | FileCheck %s

memref.global "private" constant @tokens : memref<1x3x2xf32> = dense<[[[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]]>
memref.global "private" constant @rows : memref<2x3xf32> = dense<[[1.0, 2.0, 6.0], [0.5, 0.5, 0.5]]>
// log 2 twice; the keys of the last channel are far beyond what exp can be taken of.
memref.global "private" constant @k : memref<1x3x3xf32> = dense<[[[0.0, 0.0, 1000.0],
  [0.0, 0.69314718, -1000.0], [0.0, 0.69314718, 1000.0]]]>
memref.global "private" constant @v : memref<1x3x3xf32> = dense<[[[1.0, 7.0, 2.0], [3.0, 0.0, 50.0], [5.0, 5.0, 4.0]]]>
// Sums become half of what they were, half, 1/e; the token on top counts once, thrice, once.
memref.global "private" constant @decay : memref<3xf32> = dense<[-0.36651292, -0.36651292, 0.0]>
memref.global "private" constant @first : memref<3xf32> = dense<[0.0, 1.0986123, 0.0]>
memref.global "private" constant @grad : memref<1x3x3xf32> = dense<[[[0.0, 0.0, 1.0], [0.0, 0.0, 1.0], [1.0, 0.0, 0.0]]]>
// States before the first token, p and m of which do not count.
memref.global "private" @token : memref<1x2xf32> = dense<9.0>
memref.global "private" @state : memref<1x3x3xf32> = dense<[[[9.0, 9.0, 9.0], [0.0, 0.0, 0.0], [9.0, 9.0, 9.0]]]>
memref.global "private" constant @none : memref<1x3x3xf32> = dense<0.0>

func.func private @printMemrefF32(memref<*xf32>) attributes {llvm.emit_c_interface}

func.func @main() {
  // Every token gives way to the one before, the last one is the state; and the other way.
  // CHECK:      9, 9
  // CHECK-NEXT: 1, 2
  // CHECK-NEXT: 3, 4
  // CHECK:      5, 6
  %tokens_static = memref.get_global @tokens : memref<1x3x2xf32>
  %tokens = memref.cast %tokens_static : memref<1x3x2xf32> to memref<1x?x2xf32>
  %shifted_static = memref.alloc() : memref<1x3x2xf32>
  %shifted = memref.cast %shifted_static : memref<1x3x2xf32> to memref<1x?x2xf32>
  %token = memref.get_global @token : memref<1x2xf32>
  %any_shifted = memref.cast %shifted_static : memref<1x3x2xf32> to memref<*xf32>
  %any_token = memref.cast %token : memref<1x2xf32> to memref<*xf32>
  ternary.token_shift_kernel ins(%tokens : memref<1x?x2xf32>) outs(%shifted, %token : memref<1x?x2xf32>, memref<1x2xf32>)
  func.call @printMemrefF32(%any_shifted) : (memref<*xf32>) -> ()
  func.call @printMemrefF32(%any_token) : (memref<*xf32>) -> ()
  // CHECK:      3, 4
  // CHECK-NEXT: 5, 6
  // CHECK-NEXT: 5, 6
  // CHECK:      1, 2
  ternary.token_shift_kernel ins(%tokens : memref<1x?x2xf32>) outs(%shifted, %token : memref<1x?x2xf32>, memref<1x2xf32>) {inverse}
  func.call @printMemrefF32(%any_shifted) : (memref<*xf32>) -> ()
  func.call @printMemrefF32(%any_token) : (memref<*xf32>) -> ()

  // CHECK:      -2, -1, 3
  // CHECK-NEXT: 0, 0, 0
  %rows_static = memref.get_global @rows : memref<2x3xf32>
  %rows = memref.cast %rows_static : memref<2x3xf32> to memref<?x3xf32>
  %centered_static = memref.alloc() : memref<2x3xf32>
  %centered = memref.cast %centered_static : memref<2x3xf32> to memref<?x3xf32>
  ternary.row_kernel rows 1 ins(%rows : memref<?x3xf32>) outs(%centered : memref<?x3xf32>) {
  ^bb0(%row: vector<3xf32>):
    %0 = ternary.center %row : vector<3xf32>
    ternary.yield %0 : vector<3xf32>
  }
  %any_centered = memref.cast %centered_static : memref<2x3xf32> to memref<*xf32>
  func.call @printMemrefF32(%any_centered) : (memref<*xf32>) -> ()

  // From no tokens.
  // CHECK:      1, 7, 2
  // CHECK-NEXT: 2, 1, 2
  // CHECK-NEXT: 3.4, 3.94118, 3.46212
  // CHECK:      6.75, 5.875, 4.27067
  // CHECK-NEXT: 1.75, 1.625, 1.13534
  // CHECK-NEXT: 0, 0.693147, 1000
  %k_static = memref.get_global @k : memref<1x3x3xf32>
  %v_static = memref.get_global @v : memref<1x3x3xf32>
  %k = memref.cast %k_static : memref<1x3x3xf32> to memref<1x?x3xf32>
  %v = memref.cast %v_static : memref<1x3x3xf32> to memref<1x?x3xf32>
  %decay = memref.get_global @decay : memref<3xf32>
  %first = memref.get_global @first : memref<3xf32>
  %result_static = memref.alloc() : memref<1x3x3xf32>
  %result = memref.cast %result_static : memref<1x3x3xf32> to memref<1x?x3xf32>
  %state = memref.get_global @state : memref<1x3x3xf32>
  %any_result = memref.cast %result_static : memref<1x3x3xf32> to memref<*xf32>
  %any_state = memref.cast %state : memref<1x3x3xf32> to memref<*xf32>
  ternary.wkv_kernel ins(%k, %v, %decay, %first : memref<1x?x3xf32>, memref<1x?x3xf32>, memref<3xf32>, memref<3xf32>)
    outs(%result, %state : memref<1x?x3xf32>, memref<1x3x3xf32>)
  func.call @printMemrefF32(%any_result) : (memref<*xf32>) -> ()
  func.call @printMemrefF32(%any_state) : (memref<*xf32>) -> ()

  // The gradient of the last token of the first channel; where a result is one value, it is that
  // value's alone.
  // CHECK:      -0.48, 0, 0
  // CHECK-NEXT: -0.16, 0, 0
  // CHECK-NEXT: 0.64, 0, 0
  // CHECK:      0.2, 0, 2
  // CHECK-NEXT: 0.4, 0, 0
  // CHECK-NEXT: 0.4, 0, 0
  // CHECK:      0.332711, -0, -0
  // CHECK:      0.64, 0, 0
  %grad_static = memref.get_global @grad : memref<1x3x3xf32>
  %grad = memref.cast %grad_static : memref<1x3x3xf32> to memref<1x?x3xf32>
  %start = memref.get_global @none : memref<1x3x3xf32>
  %grad_k_static = memref.alloc() : memref<1x3x3xf32>
  %grad_k = memref.cast %grad_k_static : memref<1x3x3xf32> to memref<1x?x3xf32>
  %grad_v_static = memref.alloc() : memref<1x3x3xf32>
  %grad_v = memref.cast %grad_v_static : memref<1x3x3xf32> to memref<1x?x3xf32>
  %grad_decay = memref.alloc() : memref<1x3xf32>
  %grad_first = memref.alloc() : memref<1x3xf32>
  ternary.wkv_backward_kernel
    ins(%k, %v, %decay, %first, %start, %result, %grad : memref<1x?x3xf32>, memref<1x?x3xf32>, memref<3xf32>, memref<3xf32>,
        memref<1x3x3xf32>, memref<1x?x3xf32>, memref<1x?x3xf32>)
    outs(%grad_k, %grad_v, %grad_decay, %grad_first : memref<1x?x3xf32>, memref<1x?x3xf32>, memref<1x3xf32>, memref<1x3xf32>)
  %any_grad_k = memref.cast %grad_k_static : memref<1x3x3xf32> to memref<*xf32>
  %any_grad_v = memref.cast %grad_v_static : memref<1x3x3xf32> to memref<*xf32>
  %any_grad_decay = memref.cast %grad_decay : memref<1x3xf32> to memref<*xf32>
  %any_grad_first = memref.cast %grad_first : memref<1x3xf32> to memref<*xf32>
  func.call @printMemrefF32(%any_grad_k) : (memref<*xf32>) -> ()
  func.call @printMemrefF32(%any_grad_v) : (memref<*xf32>) -> ()
  func.call @printMemrefF32(%any_grad_decay) : (memref<*xf32>) -> ()
  func.call @printMemrefF32(%any_grad_first) : (memref<*xf32>) -> ()

  // The same tokens once more, with those before.
  // CHECK:      2.81818, 5.24, 2.93662
  // CHECK-NEXT: 2.56522, 1.49275, 2.51899
  // CHECK-NEXT: 3.46809, 3.91275, 3.49236
  ternary.wkv_kernel ins(%k, %v, %decay, %first : memref<1x?x3xf32>, memref<1x?x3xf32>, memref<3xf32>, memref<3xf32>)
    outs(%result, %state : memref<1x?x3xf32>, memref<1x3x3xf32>)
  func.call @printMemrefF32(%any_result) : (memref<*xf32>) -> ()
  return
}
