// Kernels of a float Transformer, run on inputs whose results can be told by hand.

// RUN: ternary-opt %s -ternary-to-loops -ternary-expand-math %lower_to_llvm | %run_mlir | FileCheck %s

memref.global "private" constant @input : memref<1x2x3xf32> = dense<[[[1.0, 2.0, 3.0], [-1.0, 0.5, 4.0]]]>
memref.global "private" constant @matrix : memref<3x2xf16> = dense<[[1.0, 10.0], [2.0, -2.0], [0.5, 0.0]]>
memref.global "private" constant @weight : memref<2x3xf32> = dense<[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]>
memref.global "private" constant @units : memref<1x2x8xf32> = dense<[[[1.0, 0.0, 0.0, 1.0, 0.0, 0.0, 2.0, 0.0],
  [1.0, 0.0, 0.0, 1.0, 0.0, 0.0, 2.0, 0.0]]]>
memref.global "private" constant @one : memref<i32> = dense<1>
memref.global "private" constant @q : memref<1x2x8xf32> = dense<[[[2.0, 7.0, 7.0, 7.0, 0.0, 0.0, 0.0, 0.0],
  [0.0, 7.0, 7.0, 7.0, 2.0, 1.0, 1.0, 1.0]]]>
memref.global "private" constant @k : memref<1x4x4xf32> = dense<[[[0.0, 0.0, 0.0, 0.0], [1.0, 0.0, 0.0, 0.0],
  [2.0, 0.0, 0.0, 0.0], [99.0, 99.0, 99.0, 99.0]]]>
memref.global "private" constant @v : memref<1x4x4xf32> = dense<[[[0.0, 1.0, 10.0, 1.0], [1.0, 3.0, 20.0, 0.0],
  [0.0, 8.0, 60.0, 0.0], [99.0, 99.0, 99.0, 99.0]]]>

memref.global "private" constant @k16 : memref<1x4x4xf16> = dense<[[[0.0, 0.0, 0.0, 0.0], [1.0, 0.0, 0.0, 0.0],
  [2.0, 0.0, 0.0, 0.0], [99.0, 99.0, 99.0, 99.0]]]>
memref.global "private" constant @v16 : memref<1x4x4xf16> = dense<[[[0.0, 1.0, 10.0, 1.0], [1.0, 3.0, 20.0, 0.0],
  [0.0, 8.0, 60.0, 0.0], [99.0, 99.0, 99.0, 99.0]]]>
memref.global "private" constant @k8 : memref<1x4x4xi8> = dense<[[[0, 0, 0, 0], [2, 0, 0, 0], [8, 0, 0, 0], [99, 99, 99, 99]]]>
memref.global "private" constant @v8 : memref<1x4x4xi8> = dense<[[[0, 1, 10, 1], [2, 6, 40, 0], [0, 2, 15, 0], [99, 99, 99, 99]]]>
memref.global "private" constant @k_scale : memref<1x4x1xf32> = dense<[[[9.0], [0.5], [0.25], [9.0]]]>
memref.global "private" constant @v_scale : memref<1x4x1xf32> = dense<[[[1.0], [0.5], [4.0], [9.0]]]>
memref.global "private" constant @two : memref<i32> = dense<2>

func.func private @printMemrefF32(memref<*xf32>) attributes {llvm.emit_c_interface}

func.func @main() {
  // Rows times a matrix of half floats.
  // CHECK:      6.5, 6
  // CHECK-NEXT: 2, -11
  %input_static = memref.get_global @input : memref<1x2x3xf32>
  %input = memref.cast %input_static : memref<1x2x3xf32> to memref<1x?x3xf32>
  %matrix = memref.get_global @matrix : memref<3x2xf16>
  %product_static = memref.alloc() : memref<1x2x2xf32>
  %product = memref.cast %product_static : memref<1x2x2xf32> to memref<1x?x2xf32>
  ternary.matmul_kernel ins(%input, %matrix : memref<1x?x3xf32>, memref<3x2xf16>) outs(%product : memref<1x?x2xf32>)
  %any_product = memref.cast %product_static : memref<1x2x2xf32> to memref<*xf32>
  func.call @printMemrefF32(%any_product) : (memref<*xf32>) -> ()

  // Columns of the input times those of the product; then the same added to that.
  // CHECK:      4.5, 17
  // CHECK-NEXT: 14, 6.5
  // CHECK-NEXT: 27.5, -26
  %columns = memref.alloc() : memref<3x2xf32>
  %any_columns = memref.cast %columns : memref<3x2xf32> to memref<*xf32>
  ternary.matmul_transpose_a_kernel ins(%input, %product : memref<1x?x3xf32>, memref<1x?x2xf32>) outs(%columns : memref<3x2xf32>)
  func.call @printMemrefF32(%any_columns) : (memref<*xf32>) -> ()
  // CHECK:      9, 34
  // CHECK-NEXT: 28, 13
  // CHECK-NEXT: 55, -52
  ternary.matmul_transpose_a_kernel ins(%input, %product : memref<1x?x3xf32>, memref<1x?x2xf32>) outs(%columns : memref<3x2xf32>) {accumulate}
  func.call @printMemrefF32(%any_columns) : (memref<*xf32>) -> ()

  // CHECK:      1, 4
  // CHECK-NEXT: 2, 5
  // CHECK-NEXT: 3, 6
  %weight = memref.get_global @weight : memref<2x3xf32>
  %transposed = memref.alloc() : memref<3x2xf32>
  ternary.transpose_kernel ins(%weight : memref<2x3xf32>) outs(%transposed : memref<3x2xf32>)
  %any_transposed = memref.cast %transposed : memref<3x2xf32> to memref<*xf32>
  func.call @printMemrefF32(%any_transposed) : (memref<*xf32>) -> ()

  // Two heads of two pairs, which turn by the position and by a hundredth of it; the tokens are
  // the second and the third.
  // CHECK:      0.540302, -0.00999983, 0.841471, 0.99995, -1.68294, 0, 1.0806, 0
  // CHECK-NEXT: -0.416147, -0.0199987, 0.909297, 0.9998, -1.81859, 0, -0.832294, 0
  %units_static = memref.get_global @units : memref<1x2x8xf32>
  %units = memref.cast %units_static : memref<1x2x8xf32> to memref<1x?x8xf32>
  %past = memref.get_global @one : memref<i32>
  %turned_static = memref.alloc() : memref<1x2x8xf32>
  %turned = memref.cast %turned_static : memref<1x2x8xf32> to memref<1x?x8xf32>
  ternary.rotary_kernel ins(%units, %past : memref<1x?x8xf32>, memref<i32>) outs(%turned : memref<1x?x8xf32>)
    {head_size = 4 : i64, theta = 1.0e4 : f64}
  %any_turned = memref.cast %turned_static : memref<1x2x8xf32> to memref<*xf32>
  func.call @printMemrefF32(%any_turned) : (memref<*xf32>) -> ()

  // Without a past the first token stays as it is; the inverse turns the other way.
  // CHECK:      1, 0, 0, 1, 0, 0, 2, 0
  // CHECK-NEXT: 0.540302, 0.00999983, -0.841471, 0.99995, 1.68294, 0, 1.0806, 0
  ternary.rotary_kernel ins(%units : memref<1x?x8xf32>) outs(%turned : memref<1x?x8xf32>)
    {head_size = 4 : i64, theta = 1.0e4 : f64, inverse}
  func.call @printMemrefF32(%any_turned) : (memref<*xf32>) -> ()

  // Two heads share keys and values; two queries follow one key of the past, and what lies
  // beyond the second is not looked at. The first head's first query has the scores 0 and 1,
  // the second head's second 0, 1 and 2; the other two see all alike.
  // CHECK:      0.731059, 2.46212, 17.3106, 0.268941, 0.5, 2, 15, 0.5
  // CHECK-NEXT: 0.333333, 4, 30, 0.333333, 0.244728, 6.14614, 45.7093, 0.0900306
  %q_static = memref.get_global @q : memref<1x2x8xf32>
  %q = memref.cast %q_static : memref<1x2x8xf32> to memref<1x?x8xf32>
  %k_static = memref.get_global @k : memref<1x4x4xf32>
  %k = memref.cast %k_static : memref<1x4x4xf32> to memref<1x?x4xf32>
  %v_static = memref.get_global @v : memref<1x4x4xf32>
  %v = memref.cast %v_static : memref<1x4x4xf32> to memref<1x?x4xf32>
  %result_static = memref.alloc() : memref<1x2x8xf32>
  %result = memref.cast %result_static : memref<1x2x8xf32> to memref<1x?x8xf32>
  %sums_static = memref.alloc() : memref<1x2x2xf32>
  %sums = memref.cast %sums_static : memref<1x2x2xf32> to memref<1x?x2xf32>
  ternary.attention_kernel ins(%q, %k, %v, %past : memref<1x?x8xf32>, memref<1x?x4xf32>, memref<1x?x4xf32>, memref<i32>)
    outs(%result, %sums : memref<1x?x8xf32>, memref<1x?x2xf32>) {heads = 2 : i64, kv_heads = 1 : i64}
  %any_result = memref.cast %result_static : memref<1x2x8xf32> to memref<*xf32>
  func.call @printMemrefF32(%any_result) : (memref<*xf32>) -> ()

  // The logarithms of Σ exp(score): log(1 + e), log 2, log 3, log(1 + e + e²).
  // CHECK:      1.31326, 0.693147
  // CHECK-NEXT: 1.09861, 2.40761
  %any_sums = memref.cast %sums_static : memref<1x2x2xf32> to memref<*xf32>
  func.call @printMemrefF32(%any_sums) : (memref<*xf32>) -> ()

  // The same with keys and values in half floats, and the second query alone.
  // CHECK:      0.731059, 2.46212, 17.3106, 0.268941, 0.5, 2, 15, 0.5
  // CHECK-NEXT: 0.333333, 4, 30, 0.333333, 0.244728, 6.14614, 45.7093, 0.0900306
  %k16_static = memref.get_global @k16 : memref<1x4x4xf16>
  %k16 = memref.cast %k16_static : memref<1x4x4xf16> to memref<1x?x4xf16>
  %v16_static = memref.get_global @v16 : memref<1x4x4xf16>
  %v16 = memref.cast %v16_static : memref<1x4x4xf16> to memref<1x?x4xf16>
  ternary.attention_kernel ins(%q, %k16, %v16, %past : memref<1x?x8xf32>, memref<1x?x4xf16>, memref<1x?x4xf16>, memref<i32>)
    outs(%result, %sums : memref<1x?x8xf32>, memref<1x?x2xf32>) {heads = 2 : i64, kv_heads = 1 : i64}
  func.call @printMemrefF32(%any_result) : (memref<*xf32>) -> ()
  // CHECK:      0.333333, 4, 30, 0.333333, 0.244728, 6.14614, 45.7093, 0.0900306
  // CHECK:      1.09861, 2.40761
  // CHECK:      0.333333, 4, 30, 0.333333, 0.244728, 6.14614, 45.7093, 0.0900306
  %two = memref.get_global @two : memref<i32>
  %last_strided = memref.subview %q_static[0, 1, 0] [1, 1, 8] [1, 1, 1] : memref<1x2x8xf32> to memref<1x1x8xf32, strided<[16, 8, 1], offset: 8>>
  %last = memref.alloc() : memref<1x1x8xf32>
  memref.copy %last_strided, %last : memref<1x1x8xf32, strided<[16, 8, 1], offset: 8>> to memref<1x1x8xf32>
  %result_of_last = memref.alloc() : memref<1x1x8xf32>
  %sums_of_last = memref.alloc() : memref<1x1x2xf32>
  %any_last = memref.cast %result_of_last : memref<1x1x8xf32> to memref<*xf32>
  %any_sums_of_last = memref.cast %sums_of_last : memref<1x1x2xf32> to memref<*xf32>
  ternary.attention_kernel ins(%last, %k, %v, %two : memref<1x1x8xf32>, memref<1x?x4xf32>, memref<1x?x4xf32>, memref<i32>)
    outs(%result_of_last, %sums_of_last : memref<1x1x8xf32>, memref<1x1x2xf32>) {heads = 2 : i64, kv_heads = 1 : i64}
  func.call @printMemrefF32(%any_last) : (memref<*xf32>) -> ()
  func.call @printMemrefF32(%any_sums_of_last) : (memref<*xf32>) -> ()
  ternary.attention_kernel ins(%last, %k16, %v16, %two : memref<1x1x8xf32>, memref<1x?x4xf16>, memref<1x?x4xf16>, memref<i32>)
    outs(%result_of_last, %sums_of_last : memref<1x1x8xf32>, memref<1x1x2xf32>) {heads = 2 : i64, kv_heads = 1 : i64}
  func.call @printMemrefF32(%any_last) : (memref<*xf32>) -> ()

  // The same as codes of which each token has its scales.
  // CHECK:      0.731059, 2.46212, 17.3106, 0.268941, 0.5, 2, 15, 0.5
  // CHECK-NEXT: 0.333333, 4, 30, 0.333333, 0.244728, 6.14614, 45.7093, 0.0900306
  // CHECK:      0.333333, 4, 30, 0.333333, 0.244728, 6.14614, 45.7093, 0.0900306
  // CHECK:      1.09861, 2.40761
  %k8 = memref.get_global @k8 : memref<1x4x4xi8>
  %v8 = memref.get_global @v8 : memref<1x4x4xi8>
  %k_scale = memref.get_global @k_scale : memref<1x4x1xf32>
  %v_scale = memref.get_global @v_scale : memref<1x4x1xf32>
  ternary.attention_kernel
    ins(%q, %k8, %v8, %k_scale, %v_scale, %past : memref<1x?x8xf32>, memref<1x4x4xi8>, memref<1x4x4xi8>, memref<1x4x1xf32>, memref<1x4x1xf32>, memref<i32>)
    outs(%result, %sums : memref<1x?x8xf32>, memref<1x?x2xf32>) {heads = 2 : i64, kv_heads = 1 : i64}
  func.call @printMemrefF32(%any_result) : (memref<*xf32>) -> ()
  ternary.attention_kernel
    ins(%last, %k8, %v8, %k_scale, %v_scale, %two : memref<1x1x8xf32>, memref<1x4x4xi8>, memref<1x4x4xi8>, memref<1x4x1xf32>, memref<1x4x1xf32>, memref<i32>)
    outs(%result_of_last, %sums_of_last : memref<1x1x8xf32>, memref<1x1x2xf32>) {heads = 2 : i64, kv_heads = 1 : i64}
  func.call @printMemrefF32(%any_last) : (memref<*xf32>) -> ()
  func.call @printMemrefF32(%any_sums_of_last) : (memref<*xf32>) -> ()

  // The first token sees itself alone: whatever the scores, nothing flows to them, and its
  // value gets the gradient of both heads. The second head's second query looks at both keys.
  %two_k = memref.subview %k_static[0, 0, 0] [1, 2, 4] [1, 1, 1] : memref<1x4x4xf32> to memref<1x2x4xf32, strided<[16, 4, 1]>>
  %keys_static = memref.alloc() : memref<1x2x4xf32>
  memref.copy %two_k, %keys_static : memref<1x2x4xf32, strided<[16, 4, 1]>> to memref<1x2x4xf32>
  %two_v = memref.subview %v_static[0, 0, 0] [1, 2, 4] [1, 1, 1] : memref<1x4x4xf32> to memref<1x2x4xf32, strided<[16, 4, 1]>>
  %values_static = memref.alloc() : memref<1x2x4xf32>
  memref.copy %two_v, %values_static : memref<1x2x4xf32, strided<[16, 4, 1]>> to memref<1x2x4xf32>
  %keys = memref.cast %keys_static : memref<1x2x4xf32> to memref<1x?x4xf32>
  %values = memref.cast %values_static : memref<1x2x4xf32> to memref<1x?x4xf32>
  ternary.attention_kernel ins(%q, %keys, %values : memref<1x?x8xf32>, memref<1x?x4xf32>, memref<1x?x4xf32>)
    outs(%result, %sums : memref<1x?x8xf32>, memref<1x?x2xf32>) {heads = 2 : i64, kv_heads = 1 : i64}
  %by_q_static = memref.alloc() : memref<1x2x8xf32>
  %by_q = memref.cast %by_q_static : memref<1x2x8xf32> to memref<1x?x8xf32>
  %by_k_static = memref.alloc() : memref<1x2x4xf32>
  %by_k = memref.cast %by_k_static : memref<1x2x4xf32> to memref<1x?x4xf32>
  %by_v_static = memref.alloc() : memref<1x2x4xf32>
  %by_v = memref.cast %by_v_static : memref<1x2x4xf32> to memref<1x?x4xf32>
  %delta_static = memref.alloc() : memref<1x2x2xf32>
  %delta = memref.cast %delta_static : memref<1x2x2xf32> to memref<1x?x2xf32>
  ternary.attention_backward_kernel
    ins(%q, %keys, %values, %result, %sums, %units : memref<1x?x8xf32>, memref<1x?x4xf32>, memref<1x?x4xf32>, memref<1x?x8xf32>, memref<1x?x2xf32>, memref<1x?x8xf32>)
    outs(%by_q, %by_k, %by_v, %delta : memref<1x?x8xf32>, memref<1x?x4xf32>, memref<1x?x4xf32>, memref<1x?x2xf32>)
    {heads = 2 : i64, kv_heads = 1 : i64}
  // Half of p (1 - p) times what a value more of the key brings: 0 for the first head, whose
  // grad weighs 0 + 1 and 1 + 0 alike; 20 times 0.196612 / 2 for the second.
  // CHECK:      0, 0, 0, 0, 0, 0, 0, 0
  // CHECK-NEXT: 0, 0, 0, 0, 1.96612, 0, 0, 0
  // CHECK:      -3.93224, -1.96612, -1.96612, -1.96612
  // CHECK-NEXT: 3.93224, 1.96612, 1.96612, 1.96612
  // CHECK:      1.5, 0, 2.53788, 1.5
  // CHECK-NEXT: 0.5, 0, 1.46212, 0.5
  %any_by_q = memref.cast %by_q_static : memref<1x2x8xf32> to memref<*xf32>
  func.call @printMemrefF32(%any_by_q) : (memref<*xf32>) -> ()
  %any_by_k = memref.cast %by_k_static : memref<1x2x4xf32> to memref<*xf32>
  func.call @printMemrefF32(%any_by_k) : (memref<*xf32>) -> ()
  %any_by_v = memref.cast %by_v_static : memref<1x2x4xf32> to memref<*xf32>
  func.call @printMemrefF32(%any_by_v) : (memref<*xf32>) -> ()
  return
}
