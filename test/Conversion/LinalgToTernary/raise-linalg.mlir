// RUN: ternary-opt %s --ternary-raise-linalg --split-input-file | FileCheck %s -enable-var-scope
// RUN: ternary-opt %s --ternary-raise-linalg --split-input-file --remarks-filter=ternary --remark-policy=all -verify-diagnostics -o /dev/null
// The second line checks all remarks: any that the comments below do not expect is an error.

// A layer as torch-mlir exports it: one generic for each operation, an argmax beside the maximum,
// bounds in f64 that are rounded where they are used, assertions. The weight is latent: what
// quantises it is carried out by the compiler. |w| has the mean 0.5 here.

#map = affine_map<(d0, d1, d2) -> (d0, d1, d2)>
#row = affine_map<(d0, d1, d2) -> (d0, d1, 0)>
#rows = affine_map<(d0, d1, d2) -> (d0, d1)>
#column = affine_map<(d0, d1, d2) -> (d2)>
#map2 = affine_map<(d0, d1) -> (d0, d1)>
#none2 = affine_map<(d0, d1) -> ()>
#none = affine_map<() -> ()>

// CHECK-LABEL: func @exported
// CHECK-SAME: %[[X:.*]]: tensor<2x3x4xf32>, %[[G:.*]]: tensor<4xf32>
// CHECK-NEXT: %[[W:.*]] = arith.constant dense<{{\[}}[1.000000e+00, -1.000000e+00, 0.000000e+00, 1.000000e+00], [0.000000e+00, 0.000000e+00, -1.000000e+00, 1.000000e+00]]> : tensor<2x4xf16>
// CHECK-NEXT: %[[T:.*]], %{{.*}} = ternary.quantize_weights %[[W]] : tensor<2x4xf16> -> tensor<2x4x!ternary.trit>, tensor<1xf32>
// CHECK-NEXT: %[[S:.*]] = arith.constant dense<5.000000e-01> : tensor<1xf32>
// CHECK-NEXT: %[[Y:.*]] = ternary.bit_linear %[[X]], %[[T]] norm(%[[G]] : tensor<4xf32>) scale(%[[S]] : tensor<1xf32>) : tensor<2x3x4xf32>, tensor<2x4x!ternary.trit> -> tensor<2x3x2xf32>
// CHECK-NEXT: %[[R:.*]] = tensor.collapse_shape %[[Y]] {{\[}}[0, 1], [2]] : tensor<2x3x2xf32> into tensor<6x2xf32>
// CHECK-NEXT: return %[[R]]
func.func @exported(%x: tensor<2x3x4xf32>, %gain: tensor<4xf32>) -> tensor<6x2xf32> {
  %w = arith.constant dense_resource<w> : tensor<2x4xf32>
  %zero = arith.constant 0.0 : f32
  %zero_i = arith.constant 0 : i64
  %lowest = arith.constant 0xFF800000 : f32
  %one = arith.constant 1.0 : f32
  %minus_one = arith.constant -1.0 : f32
  %four = arith.constant 4.0 : f32
  %eight = arith.constant 8.0 : f32
  %epsilon = arith.constant 1.0e-6 : f64
  %least = arith.constant 1.0e-5 : f64
  %top = arith.constant 127.0 : f32
  %bottom = arith.constant -128.0 : f32
  %e = tensor.empty() : tensor<2x3x4xf32>
  %r = tensor.empty() : tensor<2x3x1xf32>
  %squares = linalg.generic {indexing_maps = [#map, #map, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%x, %x : tensor<2x3x4xf32>, tensor<2x3x4xf32>) outs(%e : tensor<2x3x4xf32>) {
  ^bb0(%a: f32, %b: f32, %o: f32):
    %0 = arith.mulf %a, %b : f32
    linalg.yield %0 : f32
  } -> tensor<2x3x4xf32>
  %zeros = linalg.fill ins(%zero : f32) outs(%r : tensor<2x3x1xf32>) -> tensor<2x3x1xf32>
  %sum = linalg.generic {indexing_maps = [#map, #row], iterator_types = ["parallel", "parallel", "reduction"]} ins(%squares : tensor<2x3x4xf32>) outs(%zeros : tensor<2x3x1xf32>) {
  ^bb0(%a: f32, %o: f32):
    %0 = arith.addf %a, %o : f32
    linalg.yield %0 : f32
  } -> tensor<2x3x1xf32>
  %mean = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%sum : tensor<2x3x1xf32>) outs(%r : tensor<2x3x1xf32>) {
  ^bb0(%a: f32, %o: f32):
    %0 = arith.divf %a, %four : f32
    linalg.yield %0 : f32
  } -> tensor<2x3x1xf32>
  %more = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%mean : tensor<2x3x1xf32>) outs(%r : tensor<2x3x1xf32>) {
  ^bb0(%a: f32, %o: f32):
    %0 = arith.truncf %epsilon : f64 to f32
    %1 = arith.addf %a, %0 : f32
    linalg.yield %1 : f32
  } -> tensor<2x3x1xf32>
  %inverse = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%more : tensor<2x3x1xf32>) outs(%r : tensor<2x3x1xf32>) {
  ^bb0(%a: f32, %o: f32):
    %0 = math.rsqrt %a : f32
    linalg.yield %0 : f32
  } -> tensor<2x3x1xf32>
  %scaled = linalg.generic {indexing_maps = [#map, #row, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%x, %inverse : tensor<2x3x4xf32>, tensor<2x3x1xf32>) outs(%e : tensor<2x3x4xf32>) {
  ^bb0(%a: f32, %b: f32, %o: f32):
    %0 = arith.mulf %a, %b : f32
    linalg.yield %0 : f32
  } -> tensor<2x3x4xf32>
  %normed = linalg.generic {indexing_maps = [#map, #column, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%scaled, %gain : tensor<2x3x4xf32>, tensor<4xf32>) outs(%e : tensor<2x3x4xf32>) {
  ^bb0(%a: f32, %b: f32, %o: f32):
    %0 = arith.mulf %a, %b : f32
    linalg.yield %0 : f32
  } -> tensor<2x3x4xf32>
  %magnitudes = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%normed : tensor<2x3x4xf32>) outs(%e : tensor<2x3x4xf32>) {
  ^bb0(%a: f32, %o: f32):
    %0 = math.absf %a : f32
    linalg.yield %0 : f32
  } -> tensor<2x3x4xf32>
  %ie = tensor.empty() : tensor<2x3xi64>
  %i = linalg.fill ins(%zero_i : i64) outs(%ie : tensor<2x3xi64>) -> tensor<2x3xi64>
  %me = tensor.empty() : tensor<2x3xf32>
  %m = linalg.fill ins(%lowest : f32) outs(%me : tensor<2x3xf32>) -> tensor<2x3xf32>
  %largest:2 = linalg.generic {indexing_maps = [#map, #rows, #rows], iterator_types = ["parallel", "parallel", "reduction"]} ins(%magnitudes : tensor<2x3x4xf32>) outs(%m, %i : tensor<2x3xf32>, tensor<2x3xi64>) {
  ^bb0(%a: f32, %o: f32, %p: i64):
    %0 = linalg.index 2 : index
    %1 = arith.index_cast %0 : index to i64
    %2 = arith.maximumf %a, %o : f32
    %3 = arith.cmpf ogt, %a, %o : f32
    %4 = arith.select %3, %1, %p : i64
    linalg.yield %2, %4 : f32, i64
  } -> (tensor<2x3xf32>, tensor<2x3xi64>)
  %expanded = tensor.expand_shape %largest#0 [[0], [1, 2]] output_shape [2, 3, 1] : tensor<2x3xf32> into tensor<2x3x1xf32>
  %clamped = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%expanded : tensor<2x3x1xf32>) outs(%r : tensor<2x3x1xf32>) {
  ^bb0(%a: f32, %o: f32):
    %0 = arith.truncf %least : f64 to f32
    %1 = arith.cmpf ult, %a, %0 : f32
    %2 = arith.select %1, %0, %a : f32
    linalg.yield %2 : f32
  } -> tensor<2x3x1xf32>
  %reciprocal = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%clamped : tensor<2x3x1xf32>) outs(%r : tensor<2x3x1xf32>) {
  ^bb0(%a: f32, %o: f32):
    %0 = arith.cmpf one, %a, %zero : f32
    cf.assert %0, "unimplemented: tensor with zero element"
    %1 = arith.divf %one, %a : f32
    linalg.yield %1 : f32
  } -> tensor<2x3x1xf32>
  %scale = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%reciprocal : tensor<2x3x1xf32>) outs(%r : tensor<2x3x1xf32>) {
  ^bb0(%a: f32, %o: f32):
    %0 = arith.mulf %a, %top : f32
    linalg.yield %0 : f32
  } -> tensor<2x3x1xf32>
  %stretched = linalg.generic {indexing_maps = [#map, #row, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%normed, %scale : tensor<2x3x4xf32>, tensor<2x3x1xf32>) outs(%e : tensor<2x3x4xf32>) {
  ^bb0(%a: f32, %b: f32, %o: f32):
    %0 = arith.mulf %a, %b : f32
    linalg.yield %0 : f32
  } -> tensor<2x3x4xf32>
  %rounded = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%stretched : tensor<2x3x4xf32>) outs(%e : tensor<2x3x4xf32>) {
  ^bb0(%a: f32, %o: f32):
    %0 = math.roundeven %a : f32
    linalg.yield %0 : f32
  } -> tensor<2x3x4xf32>
  %bounded = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%rounded : tensor<2x3x4xf32>) outs(%e : tensor<2x3x4xf32>) {
  ^bb0(%a: f32, %o: f32):
    %0 = arith.cmpf ult, %a, %bottom : f32
    %1 = arith.select %0, %bottom, %a : f32
    %2 = arith.cmpf ugt, %1, %top : f32
    %3 = arith.select %2, %top, %1 : f32
    linalg.yield %3 : f32
  } -> tensor<2x3x4xf32>
  %dequantized = linalg.generic {indexing_maps = [#map, #row, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%bounded, %scale : tensor<2x3x4xf32>, tensor<2x3x1xf32>) outs(%e : tensor<2x3x4xf32>) {
  ^bb0(%a: f32, %b: f32, %o: f32):
    %0 = arith.divf %a, %b : f32
    linalg.yield %0 : f32
  } -> tensor<2x3x4xf32>
  // The weight.
  %we = tensor.empty() : tensor<2x4xf32>
  %se = tensor.empty() : tensor<f32>
  %w_magnitudes = linalg.generic {indexing_maps = [#map2, #map2], iterator_types = ["parallel", "parallel"]} ins(%w : tensor<2x4xf32>) outs(%we : tensor<2x4xf32>) {
  ^bb0(%a: f32, %o: f32):
    %0 = math.absf %a : f32
    linalg.yield %0 : f32
  } -> tensor<2x4xf32>
  %s0 = linalg.fill ins(%zero : f32) outs(%se : tensor<f32>) -> tensor<f32>
  %w_sum = linalg.generic {indexing_maps = [#map2, #none2], iterator_types = ["reduction", "reduction"]} ins(%w_magnitudes : tensor<2x4xf32>) outs(%s0 : tensor<f32>) {
  ^bb0(%a: f32, %o: f32):
    %0 = arith.addf %a, %o : f32
    linalg.yield %0 : f32
  } -> tensor<f32>
  %w_scale = linalg.generic {indexing_maps = [#none, #none], iterator_types = []} ins(%w_sum : tensor<f32>) outs(%se : tensor<f32>) {
  ^bb0(%a: f32, %o: f32):
    %0 = arith.divf %a, %eight : f32
    %1 = arith.truncf %least : f64 to f32
    %2 = arith.cmpf ult, %0, %1 : f32
    %3 = arith.select %2, %1, %0 : f32
    %4 = arith.cmpf one, %3, %zero : f32
    cf.assert %4, "unimplemented: tensor with zero element"
    %5 = arith.divf %one, %3 : f32
    linalg.yield %5 : f32
  } -> tensor<f32>
  %w_quantized = linalg.generic {indexing_maps = [#map2, #none2, #map2], iterator_types = ["parallel", "parallel"]} ins(%w, %w_scale : tensor<2x4xf32>, tensor<f32>) outs(%we : tensor<2x4xf32>) {
  ^bb0(%a: f32, %b: f32, %o: f32):
    %0 = arith.mulf %a, %b : f32
    %1 = math.roundeven %0 : f32
    %2 = arith.cmpf ult, %1, %minus_one : f32
    %3 = arith.select %2, %minus_one, %1 : f32
    %4 = arith.cmpf ugt, %3, %one : f32
    %5 = arith.select %4, %one, %3 : f32
    %6 = arith.divf %5, %b : f32
    linalg.yield %6 : f32
  } -> tensor<2x4xf32>
  %te = tensor.empty() : tensor<4x2xf32>
  %transposed = linalg.transpose ins(%w_quantized : tensor<2x4xf32>) outs(%te : tensor<4x2xf32>) permutation = [1, 0]
  %collapsed = tensor.collapse_shape %dequantized [[0, 1], [2]] : tensor<2x3x4xf32> into tensor<6x4xf32>
  %ye = tensor.empty() : tensor<6x2xf32>
  %y0 = linalg.fill ins(%zero : f32) outs(%ye : tensor<6x2xf32>) -> tensor<6x2xf32>
  // expected-remark @+1 {{[Passed] raise-linalg | Category:ternary | Remark="raised to bit_linear of 2 rows and 4 columns"}}
  %y = linalg.matmul ins(%collapsed, %transposed : tensor<6x4xf32>, tensor<4x2xf32>) outs(%y0 : tensor<6x2xf32>) -> tensor<6x2xf32>
  return %y : tensor<6x2xf32>
}

{-#
  dialect_resources: {
    builtin: {
      w: "0x040000000000003F000040BF000080BD0000803F0000803D0000003E000040BF0000403F"
    }
  }
#-}
