// RUN: ternary-opt %s --ternary-raise-linalg | FileCheck %s -enable-var-scope
// RUN: ternary-opt %s --ternary-raise-linalg --remarks-filter=ternary --remark-policy=all -verify-diagnostics -o /dev/null
// Spellings of a layer, and what is none. Rows are quantised by a generic for each step.

#map = affine_map<(d0, d1) -> (d0, d1)>
#row = affine_map<(d0, d1) -> (d0)>
#none = affine_map<(d0, d1) -> ()>
#map3 = affine_map<(d0, d1, d2) -> (d0, d1, d2)>
#row3 = affine_map<(d0, d1, d2) -> (d0, d1)>
#map4 = affine_map<(d0, d1, d2, d3) -> (d0, d1, d2, d3)>
#row4 = affine_map<(d0, d1, d2, d3) -> (d0, 0, d2, d3)>
#d = affine_map<(d0) -> (d0)>
#in = affine_map<(d0, d1, d2) -> (d0, d2)>
#weight = affine_map<(d0, d1, d2) -> (d1, d2)>
#out = affine_map<(d0, d1, d2) -> (d0, d1)>

// CHECK-LABEL: func @contraction
// CHECK-NOT: linalg
// CHECK: ternary.bit_linear %arg0, %{{.*}} scale(%{{.*}} : tensor<1xf32>) : tensor<2x4xf32>, tensor<3x4x!ternary.trit> -> tensor<2x3xf32>
// CHECK-NOT: linalg
func.func @contraction(%x: tensor<2x4xf32>) -> tensor<2x3xf32> {
  %lowest = arith.constant 0xFF800000 : f32
  %least = arith.constant 1.0e-5 : f32
  %c127 = arith.constant 127.0 : f32
  %e1 = tensor.empty() : tensor<2xf32>
  %e2 = tensor.empty() : tensor<2x4xf32>
  %m0 = linalg.fill ins(%lowest : f32) outs(%e1 : tensor<2xf32>) -> tensor<2xf32>
  %max = linalg.generic {indexing_maps = [#map, #row], iterator_types = ["parallel", "reduction"]} ins(%x : tensor<2x4xf32>) outs(%m0 : tensor<2xf32>) {
  ^bb0(%a: f32, %o: f32):
    %0 = math.absf %a : f32
    %1 = arith.maximumf %o, %0 : f32
    linalg.yield %1 : f32
  } -> tensor<2xf32>
  %s = linalg.generic {indexing_maps = [#d, #d], iterator_types = ["parallel"]} ins(%max : tensor<2xf32>) outs(%e1 : tensor<2xf32>) {
  ^bb0(%a: f32, %o: f32):
    %0 = arith.maxnumf %a, %least : f32
    %1 = arith.divf %0, %c127 : f32
    linalg.yield %1 : f32
  } -> tensor<2xf32>
  %q = linalg.generic {indexing_maps = [#map, #row, #map], iterator_types = ["parallel", "parallel"]} ins(%x, %s : tensor<2x4xf32>, tensor<2xf32>) outs(%e2 : tensor<2x4xf32>) {
  ^bb0(%a: f32, %b: f32, %o: f32):
    %0 = arith.divf %a, %b : f32
    %1 = math.roundeven %0 : f32
    %2 = arith.mulf %1, %b : f32
    linalg.yield %2 : f32
  } -> tensor<2x4xf32>
  %w = arith.constant dense<[[0.5, 0.0, -0.5, 0.5], [0.5, 0.5, 0.0, 0.0], [-0.5, 0.0, 0.0, 0.0]]> : tensor<3x4xf32>
  %zero = arith.constant 0.0 : f32
  %ye = tensor.empty() : tensor<2x3xf32>
  %y0 = linalg.fill ins(%zero : f32) outs(%ye : tensor<2x3xf32>) -> tensor<2x3xf32>
  // expected-remark @+1 {{raised to bit_linear of 3 rows and 4 columns}}
  %y = linalg.generic {indexing_maps = [#in, #weight, #out], iterator_types = ["parallel", "parallel", "reduction"]} ins(%q, %w : tensor<2x4xf32>, tensor<3x4xf32>) outs(%y0 : tensor<2x3xf32>) {
  ^bb0(%a: f32, %b: f32, %o: f32):
    %0 = arith.mulf %a, %b : f32
    %1 = arith.addf %o, %0 : f32
    linalg.yield %1 : f32
  } -> tensor<2x3xf32>
  return %y : tensor<2x3xf32>
}

// CHECK-LABEL: func @integers_in_between
// CHECK-NOT: linalg
// CHECK: ternary.bit_linear %arg0, %{{.*}} scale(%{{.*}} : tensor<1xf32>) : tensor<2x4xf32>, tensor<3x4x!ternary.trit> -> tensor<2x3xf32>
// CHECK-NOT: linalg
func.func @integers_in_between(%x: tensor<2x4xf32>) -> tensor<2x3xf32> {
  %lowest = arith.constant 0xFF800000 : f32
  %least = arith.constant 1.0e-5 : f32
  %c127 = arith.constant 127.0 : f32
  %e1 = tensor.empty() : tensor<2xf32>
  %e2 = tensor.empty() : tensor<2x4xf32>
  %m0 = linalg.fill ins(%lowest : f32) outs(%e1 : tensor<2xf32>) -> tensor<2xf32>
  %max = linalg.generic {indexing_maps = [#map, #row], iterator_types = ["parallel", "reduction"]} ins(%x : tensor<2x4xf32>) outs(%m0 : tensor<2xf32>) {
  ^bb0(%a: f32, %o: f32):
    %0 = math.absf %a : f32
    %1 = arith.maximumf %o, %0 : f32
    linalg.yield %1 : f32
  } -> tensor<2xf32>
  %s = linalg.generic {indexing_maps = [#d, #d], iterator_types = ["parallel"]} ins(%max : tensor<2xf32>) outs(%e1 : tensor<2xf32>) {
  ^bb0(%a: f32, %o: f32):
    %0 = arith.maxnumf %a, %least : f32
    %1 = arith.divf %0, %c127 : f32
    linalg.yield %1 : f32
  } -> tensor<2xf32>
  %q = linalg.generic {indexing_maps = [#map, #row, #map], iterator_types = ["parallel", "parallel"]} ins(%x, %s : tensor<2x4xf32>, tensor<2xf32>) outs(%e2 : tensor<2x4xf32>) {
  ^bb0(%a: f32, %b: f32, %o: f32):
    %0 = arith.divf %a, %b : f32
    %1 = math.roundeven %0 : f32
    %c_top = arith.constant 127.0 : f32
    %c_bottom = arith.constant -128.0 : f32
    %2 = arith.minimumf %1, %c_top : f32
    %3 = arith.maximumf %2, %c_bottom : f32
    %4 = arith.fptosi %3 : f32 to i8
    %5 = arith.sitofp %4 : i8 to f32
    %6 = arith.mulf %5, %b : f32
    linalg.yield %6 : f32
  } -> tensor<2x4xf32>
  %trits = arith.constant dense<[[1, 0, -1, 1], [1, 1, 0, 0], [-1, 0, 0, 0]]> : tensor<3x4xi8>
  %we = tensor.empty() : tensor<3x4xf32>
  %w = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel"]} ins(%trits : tensor<3x4xi8>) outs(%we : tensor<3x4xf32>) {
  ^bb0(%a: i8, %o: f32):
    %0 = arith.sitofp %a : i8 to f32
    linalg.yield %0 : f32
  } -> tensor<3x4xf32>
  %zero = arith.constant 0.0 : f32
  %ye = tensor.empty() : tensor<2x3xf32>
  %y0 = linalg.fill ins(%zero : f32) outs(%ye : tensor<2x3xf32>) -> tensor<2x3xf32>
  // expected-remark @+1 {{raised to bit_linear of 3 rows and 4 columns}}
  %y = linalg.generic {indexing_maps = [#in, #weight, #out], iterator_types = ["parallel", "parallel", "reduction"]} ins(%q, %w : tensor<2x4xf32>, tensor<3x4xf32>) outs(%y0 : tensor<2x3xf32>) {
  ^bb0(%a: f32, %b: f32, %o: f32):
    %0 = arith.mulf %a, %b : f32
    %1 = arith.addf %o, %0 : f32
    linalg.yield %1 : f32
  } -> tensor<2x3xf32>
  return %y : tensor<2x3xf32>
}

// CHECK-LABEL: func @onto_a_bias
// CHECK: %[[Y:.*]] = ternary.bit_linear
// CHECK-NEXT: arith.addf %[[Y]], %arg1 : tensor<2x3xf32>
func.func @onto_a_bias(%x: tensor<2x4xf32>, %bias: tensor<2x3xf32>) -> tensor<2x3xf32> {
  %lowest = arith.constant 0xFF800000 : f32
  %least = arith.constant 1.0e-5 : f32
  %c127 = arith.constant 127.0 : f32
  %e1 = tensor.empty() : tensor<2xf32>
  %e2 = tensor.empty() : tensor<2x4xf32>
  %m0 = linalg.fill ins(%lowest : f32) outs(%e1 : tensor<2xf32>) -> tensor<2xf32>
  %max = linalg.generic {indexing_maps = [#map, #row], iterator_types = ["parallel", "reduction"]} ins(%x : tensor<2x4xf32>) outs(%m0 : tensor<2xf32>) {
  ^bb0(%a: f32, %o: f32):
    %0 = math.absf %a : f32
    %1 = arith.maximumf %o, %0 : f32
    linalg.yield %1 : f32
  } -> tensor<2xf32>
  %s = linalg.generic {indexing_maps = [#d, #d], iterator_types = ["parallel"]} ins(%max : tensor<2xf32>) outs(%e1 : tensor<2xf32>) {
  ^bb0(%a: f32, %o: f32):
    %0 = arith.maxnumf %a, %least : f32
    %1 = arith.divf %0, %c127 : f32
    linalg.yield %1 : f32
  } -> tensor<2xf32>
  %q = linalg.generic {indexing_maps = [#map, #row, #map], iterator_types = ["parallel", "parallel"]} ins(%x, %s : tensor<2x4xf32>, tensor<2xf32>) outs(%e2 : tensor<2x4xf32>) {
  ^bb0(%a: f32, %b: f32, %o: f32):
    %0 = arith.divf %a, %b : f32
    %1 = math.roundeven %0 : f32
    %2 = arith.mulf %1, %b : f32
    linalg.yield %2 : f32
  } -> tensor<2x4xf32>
  %w = arith.constant dense<[[0.5, 0.0, -0.5, 0.5], [0.5, 0.5, 0.0, 0.0], [-0.5, 0.0, 0.0, 0.0]]> : tensor<3x4xf32>
  // expected-remark @+1 {{raised to bit_linear of 3 rows and 4 columns}}
  %y = linalg.generic {indexing_maps = [#in, #weight, #out], iterator_types = ["parallel", "parallel", "reduction"]} ins(%q, %w : tensor<2x4xf32>, tensor<3x4xf32>) outs(%bias : tensor<2x3xf32>) {
  ^bb0(%a: f32, %b: f32, %o: f32):
    %0 = arith.mulf %a, %b : f32
    %1 = arith.addf %o, %0 : f32
    linalg.yield %1 : f32
  } -> tensor<2x3xf32>
  return %y : tensor<2x3xf32>
}

// CHECK-LABEL: func @scale_for_each_row
// CHECK: %[[S:.*]] = arith.constant dense<[5.000000e-01, 2.500000e-01, 5.000000e-01]> : tensor<3xf32>
// CHECK: ternary.bit_linear %arg0, %{{.*}} scale(%[[S]] : tensor<3xf32>) {granularity = #ternary<granularity row>}
func.func @scale_for_each_row(%x: tensor<2x4xf32>) -> tensor<2x3xf32> {
  %lowest = arith.constant 0xFF800000 : f32
  %least = arith.constant 1.0e-5 : f32
  %c127 = arith.constant 127.0 : f32
  %e1 = tensor.empty() : tensor<2xf32>
  %e2 = tensor.empty() : tensor<2x4xf32>
  %m0 = linalg.fill ins(%lowest : f32) outs(%e1 : tensor<2xf32>) -> tensor<2xf32>
  %max = linalg.generic {indexing_maps = [#map, #row], iterator_types = ["parallel", "reduction"]} ins(%x : tensor<2x4xf32>) outs(%m0 : tensor<2xf32>) {
  ^bb0(%a: f32, %o: f32):
    %0 = math.absf %a : f32
    %1 = arith.maximumf %o, %0 : f32
    linalg.yield %1 : f32
  } -> tensor<2xf32>
  %s = linalg.generic {indexing_maps = [#d, #d], iterator_types = ["parallel"]} ins(%max : tensor<2xf32>) outs(%e1 : tensor<2xf32>) {
  ^bb0(%a: f32, %o: f32):
    %0 = arith.maxnumf %a, %least : f32
    %1 = arith.divf %0, %c127 : f32
    linalg.yield %1 : f32
  } -> tensor<2xf32>
  %q = linalg.generic {indexing_maps = [#map, #row, #map], iterator_types = ["parallel", "parallel"]} ins(%x, %s : tensor<2x4xf32>, tensor<2xf32>) outs(%e2 : tensor<2x4xf32>) {
  ^bb0(%a: f32, %b: f32, %o: f32):
    %0 = arith.divf %a, %b : f32
    %1 = math.roundeven %0 : f32
    %2 = arith.mulf %1, %b : f32
    linalg.yield %2 : f32
  } -> tensor<2x4xf32>
  %w = arith.constant dense<[[0.5, 0.0, -0.5, 0.5], [0.25, 0.25, 0.0, 0.0], [-0.5, 0.0, 0.0, 0.0]]> : tensor<3x4xf32>
  %zero = arith.constant 0.0 : f32
  %ye = tensor.empty() : tensor<2x3xf32>
  %y0 = linalg.fill ins(%zero : f32) outs(%ye : tensor<2x3xf32>) -> tensor<2x3xf32>
  // expected-remark @+1 {{raised to bit_linear of 3 rows and 4 columns}}
  %y = linalg.generic {indexing_maps = [#in, #weight, #out], iterator_types = ["parallel", "parallel", "reduction"]} ins(%q, %w : tensor<2x4xf32>, tensor<3x4xf32>) outs(%y0 : tensor<2x3xf32>) {
  ^bb0(%a: f32, %b: f32, %o: f32):
    %0 = arith.mulf %a, %b : f32
    %1 = arith.addf %o, %0 : f32
    linalg.yield %1 : f32
  } -> tensor<2x3xf32>
  return %y : tensor<2x3xf32>
}

// CHECK-LABEL: func @scaled_behind
// CHECK: %[[S:.*]] = arith.constant dense<2.000000e+00> : tensor<1xf32>
// CHECK: %[[Y:.*]] = ternary.bit_linear %arg0, %{{.*}} scale(%[[S]] : tensor<1xf32>)
// CHECK-NEXT: return %[[Y]]
func.func @scaled_behind(%x: tensor<2x4xf32>) -> tensor<2x3xf32> {
  %lowest = arith.constant 0xFF800000 : f32
  %least = arith.constant 1.0e-5 : f32
  %c127 = arith.constant 127.0 : f32
  %e1 = tensor.empty() : tensor<2xf32>
  %e2 = tensor.empty() : tensor<2x4xf32>
  %m0 = linalg.fill ins(%lowest : f32) outs(%e1 : tensor<2xf32>) -> tensor<2xf32>
  %max = linalg.generic {indexing_maps = [#map, #row], iterator_types = ["parallel", "reduction"]} ins(%x : tensor<2x4xf32>) outs(%m0 : tensor<2xf32>) {
  ^bb0(%a: f32, %o: f32):
    %0 = math.absf %a : f32
    %1 = arith.maximumf %o, %0 : f32
    linalg.yield %1 : f32
  } -> tensor<2xf32>
  %s = linalg.generic {indexing_maps = [#d, #d], iterator_types = ["parallel"]} ins(%max : tensor<2xf32>) outs(%e1 : tensor<2xf32>) {
  ^bb0(%a: f32, %o: f32):
    %0 = arith.maxnumf %a, %least : f32
    %1 = arith.divf %0, %c127 : f32
    linalg.yield %1 : f32
  } -> tensor<2xf32>
  %q = linalg.generic {indexing_maps = [#map, #row, #map], iterator_types = ["parallel", "parallel"]} ins(%x, %s : tensor<2x4xf32>, tensor<2xf32>) outs(%e2 : tensor<2x4xf32>) {
  ^bb0(%a: f32, %b: f32, %o: f32):
    %0 = arith.divf %a, %b : f32
    %1 = math.roundeven %0 : f32
    linalg.yield %1 : f32
  } -> tensor<2x4xf32>
  %w = arith.constant dense<[[0.5, 0.0, -0.5, 0.5], [0.5, 0.5, 0.0, 0.0], [-0.5, 0.0, 0.0, 0.0]]> : tensor<3x4xf32>
  %zero = arith.constant 0.0 : f32
  %ye = tensor.empty() : tensor<2x3xf32>
  %y0 = linalg.fill ins(%zero : f32) outs(%ye : tensor<2x3xf32>) -> tensor<2x3xf32>
  // expected-remark @+1 {{raised to bit_linear of 3 rows and 4 columns}}
  %y = linalg.generic {indexing_maps = [#in, #weight, #out], iterator_types = ["parallel", "parallel", "reduction"]} ins(%q, %w : tensor<2x4xf32>, tensor<3x4xf32>) outs(%y0 : tensor<2x3xf32>) {
  ^bb0(%a: f32, %b: f32, %o: f32):
    %0 = arith.mulf %a, %b : f32
    %1 = arith.addf %o, %0 : f32
    linalg.yield %1 : f32
  } -> tensor<2x3xf32>
  %z = linalg.generic {indexing_maps = [#map, #row, #map], iterator_types = ["parallel", "parallel"]} ins(%y, %s : tensor<2x3xf32>, tensor<2xf32>) outs(%ye : tensor<2x3xf32>) {
  ^bb0(%a: f32, %b: f32, %o: f32):
    %c4 = arith.constant 4.0 : f32
    %0 = arith.mulf %b, %c4 : f32
    %1 = arith.mulf %a, %0 : f32
    linalg.yield %1 : f32
  } -> tensor<2x3xf32>
  return %z : tensor<2x3xf32>
}

// CHECK-LABEL: func @straight_through
// CHECK: arith.constant dense<5.000000e-01> : tensor<1xf32>
// CHECK: ternary.bit_linear
func.func @straight_through(%x: tensor<2x4xf32>) -> tensor<2x3xf32> {
  %lowest = arith.constant 0xFF800000 : f32
  %least = arith.constant 1.0e-5 : f32
  %c127 = arith.constant 127.0 : f32
  %e1 = tensor.empty() : tensor<2xf32>
  %e2 = tensor.empty() : tensor<2x4xf32>
  %m0 = linalg.fill ins(%lowest : f32) outs(%e1 : tensor<2xf32>) -> tensor<2xf32>
  %max = linalg.generic {indexing_maps = [#map, #row], iterator_types = ["parallel", "reduction"]} ins(%x : tensor<2x4xf32>) outs(%m0 : tensor<2xf32>) {
  ^bb0(%a: f32, %o: f32):
    %0 = math.absf %a : f32
    %1 = arith.maximumf %o, %0 : f32
    linalg.yield %1 : f32
  } -> tensor<2xf32>
  %s = linalg.generic {indexing_maps = [#d, #d], iterator_types = ["parallel"]} ins(%max : tensor<2xf32>) outs(%e1 : tensor<2xf32>) {
  ^bb0(%a: f32, %o: f32):
    %0 = arith.maxnumf %a, %least : f32
    %1 = arith.divf %0, %c127 : f32
    linalg.yield %1 : f32
  } -> tensor<2xf32>
  %q = linalg.generic {indexing_maps = [#map, #row, #map], iterator_types = ["parallel", "parallel"]} ins(%x, %s : tensor<2x4xf32>, tensor<2xf32>) outs(%e2 : tensor<2x4xf32>) {
  ^bb0(%a: f32, %b: f32, %o: f32):
    %0 = arith.divf %a, %b : f32
    %1 = math.roundeven %0 : f32
    %2 = arith.mulf %1, %b : f32
    linalg.yield %2 : f32
  } -> tensor<2x4xf32>
  %w = arith.constant dense<[[0.5, 0.0, -0.5, 0.5], [0.5, 0.5, 0.0, 0.0], [-0.5, 0.0, 0.0, 0.0]]> : tensor<3x4xf32>
  %t = linalg.generic {indexing_maps = [#map, #map, #map], iterator_types = ["parallel", "parallel"]} ins(%x, %q : tensor<2x4xf32>, tensor<2x4xf32>) outs(%e2 : tensor<2x4xf32>) {
  ^bb0(%a: f32, %b: f32, %o: f32):
    %0 = arith.subf %b, %a : f32
    %1 = arith.addf %a, %0 : f32
    linalg.yield %1 : f32
  } -> tensor<2x4xf32>
  %third = arith.constant dense<0.3> : tensor<3x4xf32>
  %we = tensor.empty() : tensor<3x4xf32>
  // 0.3 + (w - 0.3) is no multiple of 0.5.
  %tw = linalg.generic {indexing_maps = [#map, #map, #map], iterator_types = ["parallel", "parallel"]} ins(%third, %w : tensor<3x4xf32>, tensor<3x4xf32>) outs(%we : tensor<3x4xf32>) {
  ^bb0(%a: f32, %b: f32, %o: f32):
    %0 = arith.subf %b, %a : f32
    %1 = arith.addf %a, %0 : f32
    linalg.yield %1 : f32
  } -> tensor<3x4xf32>
  %zero = arith.constant 0.0 : f32
  %ye = tensor.empty() : tensor<2x3xf32>
  %y0 = linalg.fill ins(%zero : f32) outs(%ye : tensor<2x3xf32>) -> tensor<2x3xf32>
  // expected-remark @+1 {{raised to bit_linear of 3 rows and 4 columns}}
  %y = linalg.generic {indexing_maps = [#in, #weight, #out], iterator_types = ["parallel", "parallel", "reduction"]} ins(%t, %tw : tensor<2x4xf32>, tensor<3x4xf32>) outs(%y0 : tensor<2x3xf32>) {
  ^bb0(%a: f32, %b: f32, %o: f32):
    %0 = arith.mulf %a, %b : f32
    %1 = arith.addf %o, %0 : f32
    linalg.yield %1 : f32
  } -> tensor<2x3xf32>
  return %y : tensor<2x3xf32>
}

// CHECK-LABEL: func @broadcast_to_a_batch
// CHECK: %[[Y:.*]] = ternary.bit_linear %arg0
// CHECK-NEXT: %[[E:.*]] = tensor.expand_shape %[[Y]] {{\[\[}}0, 1], [2]] output_shape [1, 2, 3]
// CHECK-NEXT: return %[[E]]
func.func @broadcast_to_a_batch(%x: tensor<2x4xf32>) -> tensor<1x2x3xf32> {
  %lowest = arith.constant 0xFF800000 : f32
  %least = arith.constant 1.0e-5 : f32
  %c127 = arith.constant 127.0 : f32
  %e1 = tensor.empty() : tensor<2xf32>
  %e2 = tensor.empty() : tensor<2x4xf32>
  %m0 = linalg.fill ins(%lowest : f32) outs(%e1 : tensor<2xf32>) -> tensor<2xf32>
  %max = linalg.generic {indexing_maps = [#map, #row], iterator_types = ["parallel", "reduction"]} ins(%x : tensor<2x4xf32>) outs(%m0 : tensor<2xf32>) {
  ^bb0(%a: f32, %o: f32):
    %0 = math.absf %a : f32
    %1 = arith.maximumf %o, %0 : f32
    linalg.yield %1 : f32
  } -> tensor<2xf32>
  %s = linalg.generic {indexing_maps = [#d, #d], iterator_types = ["parallel"]} ins(%max : tensor<2xf32>) outs(%e1 : tensor<2xf32>) {
  ^bb0(%a: f32, %o: f32):
    %0 = arith.maxnumf %a, %least : f32
    %1 = arith.divf %0, %c127 : f32
    linalg.yield %1 : f32
  } -> tensor<2xf32>
  %q = linalg.generic {indexing_maps = [#map, #row, #map], iterator_types = ["parallel", "parallel"]} ins(%x, %s : tensor<2x4xf32>, tensor<2xf32>) outs(%e2 : tensor<2x4xf32>) {
  ^bb0(%a: f32, %b: f32, %o: f32):
    %0 = arith.divf %a, %b : f32
    %1 = math.roundeven %0 : f32
    %2 = arith.mulf %1, %b : f32
    linalg.yield %2 : f32
  } -> tensor<2x4xf32>
  %w = arith.constant dense<[[0.5, 0.0, -0.5, 0.5], [0.5, 0.5, 0.0, 0.0], [-0.5, 0.0, 0.0, 0.0]]> : tensor<3x4xf32>
  %bx = tensor.expand_shape %q [[0, 1], [2]] output_shape [1, 2, 4] : tensor<2x4xf32> into tensor<1x2x4xf32>
  %be = tensor.empty() : tensor<1x4x3xf32>
  %bw = linalg.generic {indexing_maps = [affine_map<(d0, d1, d2) -> (d2, d1)>, affine_map<(d0, d1, d2) -> (d0, d1, d2)>], iterator_types = ["parallel", "parallel", "parallel"]} ins(%w : tensor<3x4xf32>) outs(%be : tensor<1x4x3xf32>) {
  ^bb0(%a: f32, %o: f32):
    linalg.yield %a : f32
  } -> tensor<1x4x3xf32>
  %zero = arith.constant 0.0 : f32
  %ye = tensor.empty() : tensor<1x2x3xf32>
  %y0 = linalg.fill ins(%zero : f32) outs(%ye : tensor<1x2x3xf32>) -> tensor<1x2x3xf32>
  // expected-remark @+1 {{raised to bit_linear of 3 rows and 4 columns}}
  %y = linalg.batch_matmul ins(%bx, %bw : tensor<1x2x4xf32>, tensor<1x4x3xf32>) outs(%y0 : tensor<1x2x3xf32>) -> tensor<1x2x3xf32>
  return %y : tensor<1x2x3xf32>
}

// CHECK-LABEL: func @floats
// CHECK: math.roundeven
// CHECK: %[[W:.*]] = arith.constant dense<{{.*}}> : tensor<3x4xf32>
// CHECK: ternary.linear %{{.*}}, %[[W]] : tensor<2x4xf32>, tensor<3x4xf32> -> tensor<2x3xf32>
func.func @floats(%x: tensor<2x4xf32>) -> tensor<2x3xf32> {
  %lowest = arith.constant 0xFF800000 : f32
  %least = arith.constant 1.0e-5 : f32
  %c127 = arith.constant 127.0 : f32
  %e1 = tensor.empty() : tensor<2xf32>
  %e2 = tensor.empty() : tensor<2x4xf32>
  %m0 = linalg.fill ins(%lowest : f32) outs(%e1 : tensor<2xf32>) -> tensor<2xf32>
  %max = linalg.generic {indexing_maps = [#map, #row], iterator_types = ["parallel", "reduction"]} ins(%x : tensor<2x4xf32>) outs(%m0 : tensor<2xf32>) {
  ^bb0(%a: f32, %o: f32):
    %0 = math.absf %a : f32
    %1 = arith.maximumf %o, %0 : f32
    linalg.yield %1 : f32
  } -> tensor<2xf32>
  %s = linalg.generic {indexing_maps = [#d, #d], iterator_types = ["parallel"]} ins(%max : tensor<2xf32>) outs(%e1 : tensor<2xf32>) {
  ^bb0(%a: f32, %o: f32):
    %0 = arith.maxnumf %a, %least : f32
    %1 = arith.divf %0, %c127 : f32
    linalg.yield %1 : f32
  } -> tensor<2xf32>
  %q = linalg.generic {indexing_maps = [#map, #row, #map], iterator_types = ["parallel", "parallel"]} ins(%x, %s : tensor<2x4xf32>, tensor<2xf32>) outs(%e2 : tensor<2x4xf32>) {
  ^bb0(%a: f32, %b: f32, %o: f32):
    %0 = arith.divf %a, %b : f32
    %1 = math.roundeven %0 : f32
    %2 = arith.mulf %1, %b : f32
    linalg.yield %2 : f32
  } -> tensor<2x4xf32>
  %w = arith.constant dense<[[0.5, 0.0, -0.5, 0.7], [0.5, 0.5, 0.0, 0.0], [-0.5, 0.0, 0.0, 0.0]]> : tensor<3x4xf32>
  %zero = arith.constant 0.0 : f32
  %ye = tensor.empty() : tensor<2x3xf32>
  %y0 = linalg.fill ins(%zero : f32) outs(%ye : tensor<2x3xf32>) -> tensor<2x3xf32>
  // expected-remark @+1 {{[Missed] raise-linalg | Category:ternary | Remark="expected a weight of 0, s and -s, one s for all or for each row"}}
  %y = linalg.generic {indexing_maps = [#in, #weight, #out], iterator_types = ["parallel", "parallel", "reduction"]} ins(%q, %w : tensor<2x4xf32>, tensor<3x4xf32>) outs(%y0 : tensor<2x3xf32>) {
  ^bb0(%a: f32, %b: f32, %o: f32):
    %0 = arith.mulf %a, %b : f32
    %1 = arith.addf %o, %0 : f32
    linalg.yield %1 : f32
  } -> tensor<2x3xf32>
  return %y : tensor<2x3xf32>
}

// CHECK-LABEL: func @not_quantized
// CHECK: ternary.linear %arg0, %{{.*}} scale(%{{.*}} : tensor<1xf32>) : tensor<2x4xf32>, tensor<3x4x!ternary.trit> -> tensor<2x3xf32>
func.func @not_quantized(%x: tensor<2x4xf32>) -> tensor<2x3xf32> {
  %w = arith.constant dense<[[0.5, 0.0, -0.5, 0.5], [0.5, 0.5, 0.0, 0.0], [-0.5, 0.0, 0.0, 0.0]]> : tensor<3x4xf32>
  %zero = arith.constant 0.0 : f32
  %ye = tensor.empty() : tensor<2x3xf32>
  %y0 = linalg.fill ins(%zero : f32) outs(%ye : tensor<2x3xf32>) -> tensor<2x3xf32>
  // expected-remark @+1 {{expected inputs quantised to 8 bits}}
  %y = linalg.generic {indexing_maps = [#in, #weight, #out], iterator_types = ["parallel", "parallel", "reduction"]} ins(%x, %w : tensor<2x4xf32>, tensor<3x4xf32>) outs(%y0 : tensor<2x3xf32>) {
  ^bb0(%a: f32, %b: f32, %o: f32):
    %0 = arith.mulf %a, %b : f32
    %1 = arith.addf %o, %0 : f32
    linalg.yield %1 : f32
  } -> tensor<2x3xf32>
  return %y : tensor<2x3xf32>
}

// CHECK-LABEL: func @another_least_magnitude
// CHECK: math.roundeven
// CHECK: ternary.linear
func.func @another_least_magnitude(%x: tensor<2x4xf32>) -> tensor<2x3xf32> {
  %lowest = arith.constant 0xFF800000 : f32
  %least = arith.constant 1.0e-3 : f32
  %c127 = arith.constant 127.0 : f32
  %e1 = tensor.empty() : tensor<2xf32>
  %e2 = tensor.empty() : tensor<2x4xf32>
  %m0 = linalg.fill ins(%lowest : f32) outs(%e1 : tensor<2xf32>) -> tensor<2xf32>
  %max = linalg.generic {indexing_maps = [#map, #row], iterator_types = ["parallel", "reduction"]} ins(%x : tensor<2x4xf32>) outs(%m0 : tensor<2xf32>) {
  ^bb0(%a: f32, %o: f32):
    %0 = math.absf %a : f32
    %1 = arith.maximumf %o, %0 : f32
    linalg.yield %1 : f32
  } -> tensor<2xf32>
  %s = linalg.generic {indexing_maps = [#d, #d], iterator_types = ["parallel"]} ins(%max : tensor<2xf32>) outs(%e1 : tensor<2xf32>) {
  ^bb0(%a: f32, %o: f32):
    %0 = arith.maxnumf %a, %least : f32
    %1 = arith.divf %0, %c127 : f32
    linalg.yield %1 : f32
  } -> tensor<2xf32>
  %q = linalg.generic {indexing_maps = [#map, #row, #map], iterator_types = ["parallel", "parallel"]} ins(%x, %s : tensor<2x4xf32>, tensor<2xf32>) outs(%e2 : tensor<2x4xf32>) {
  ^bb0(%a: f32, %b: f32, %o: f32):
    %0 = arith.divf %a, %b : f32
    %1 = math.roundeven %0 : f32
    %2 = arith.mulf %1, %b : f32
    linalg.yield %2 : f32
  } -> tensor<2x4xf32>
  %w = arith.constant dense<[[0.5, 0.0, -0.5, 0.5], [0.5, 0.5, 0.0, 0.0], [-0.5, 0.0, 0.0, 0.0]]> : tensor<3x4xf32>
  %zero = arith.constant 0.0 : f32
  %ye = tensor.empty() : tensor<2x3xf32>
  %y0 = linalg.fill ins(%zero : f32) outs(%ye : tensor<2x3xf32>) -> tensor<2x3xf32>
  // expected-remark @+1 {{expected max |x| of a row to be at least 1e-5 when inputs are quantised}}
  %y = linalg.generic {indexing_maps = [#in, #weight, #out], iterator_types = ["parallel", "parallel", "reduction"]} ins(%q, %w : tensor<2x4xf32>, tensor<3x4xf32>) outs(%y0 : tensor<2x3xf32>) {
  ^bb0(%a: f32, %b: f32, %o: f32):
    %0 = arith.mulf %a, %b : f32
    %1 = arith.addf %o, %0 : f32
    linalg.yield %1 : f32
  } -> tensor<2x3xf32>
  return %y : tensor<2x3xf32>
}

// CHECK-LABEL: func @another_range
// CHECK: math.roundeven
// CHECK: ternary.linear
func.func @another_range(%x: tensor<2x4xf32>) -> tensor<2x3xf32> {
  %lowest = arith.constant 0xFF800000 : f32
  %least = arith.constant 1.0e-5 : f32
  %c127 = arith.constant 7.0 : f32
  %e1 = tensor.empty() : tensor<2xf32>
  %e2 = tensor.empty() : tensor<2x4xf32>
  %m0 = linalg.fill ins(%lowest : f32) outs(%e1 : tensor<2xf32>) -> tensor<2xf32>
  %max = linalg.generic {indexing_maps = [#map, #row], iterator_types = ["parallel", "reduction"]} ins(%x : tensor<2x4xf32>) outs(%m0 : tensor<2xf32>) {
  ^bb0(%a: f32, %o: f32):
    %0 = math.absf %a : f32
    %1 = arith.maximumf %o, %0 : f32
    linalg.yield %1 : f32
  } -> tensor<2xf32>
  %s = linalg.generic {indexing_maps = [#d, #d], iterator_types = ["parallel"]} ins(%max : tensor<2xf32>) outs(%e1 : tensor<2xf32>) {
  ^bb0(%a: f32, %o: f32):
    %0 = arith.maxnumf %a, %least : f32
    %1 = arith.divf %0, %c127 : f32
    linalg.yield %1 : f32
  } -> tensor<2xf32>
  %q = linalg.generic {indexing_maps = [#map, #row, #map], iterator_types = ["parallel", "parallel"]} ins(%x, %s : tensor<2x4xf32>, tensor<2xf32>) outs(%e2 : tensor<2x4xf32>) {
  ^bb0(%a: f32, %b: f32, %o: f32):
    %0 = arith.divf %a, %b : f32
    %1 = math.roundeven %0 : f32
    %2 = arith.mulf %1, %b : f32
    linalg.yield %2 : f32
  } -> tensor<2x4xf32>
  %w = arith.constant dense<[[0.5, 0.0, -0.5, 0.5], [0.5, 0.5, 0.0, 0.0], [-0.5, 0.0, 0.0, 0.0]]> : tensor<3x4xf32>
  %zero = arith.constant 0.0 : f32
  %ye = tensor.empty() : tensor<2x3xf32>
  %y0 = linalg.fill ins(%zero : f32) outs(%ye : tensor<2x3xf32>) -> tensor<2x3xf32>
  // expected-remark @+1 {{expected inputs that are rounded after 127 / max(max |x|, 1e-5) of the row}}
  %y = linalg.generic {indexing_maps = [#in, #weight, #out], iterator_types = ["parallel", "parallel", "reduction"]} ins(%q, %w : tensor<2x4xf32>, tensor<3x4xf32>) outs(%y0 : tensor<2x3xf32>) {
  ^bb0(%a: f32, %b: f32, %o: f32):
    %0 = arith.mulf %a, %b : f32
    %1 = arith.addf %o, %0 : f32
    linalg.yield %1 : f32
  } -> tensor<2x3xf32>
  return %y : tensor<2x3xf32>
}

// CHECK-LABEL: func @another_rounding
// CHECK: math.floor
// CHECK: ternary.linear
func.func @another_rounding(%x: tensor<2x4xf32>) -> tensor<2x3xf32> {
  %lowest = arith.constant 0xFF800000 : f32
  %least = arith.constant 1.0e-5 : f32
  %c127 = arith.constant 127.0 : f32
  %e1 = tensor.empty() : tensor<2xf32>
  %e2 = tensor.empty() : tensor<2x4xf32>
  %m0 = linalg.fill ins(%lowest : f32) outs(%e1 : tensor<2xf32>) -> tensor<2xf32>
  %max = linalg.generic {indexing_maps = [#map, #row], iterator_types = ["parallel", "reduction"]} ins(%x : tensor<2x4xf32>) outs(%m0 : tensor<2xf32>) {
  ^bb0(%a: f32, %o: f32):
    %0 = math.absf %a : f32
    %1 = arith.maximumf %o, %0 : f32
    linalg.yield %1 : f32
  } -> tensor<2xf32>
  %s = linalg.generic {indexing_maps = [#d, #d], iterator_types = ["parallel"]} ins(%max : tensor<2xf32>) outs(%e1 : tensor<2xf32>) {
  ^bb0(%a: f32, %o: f32):
    %0 = arith.maxnumf %a, %least : f32
    %1 = arith.divf %0, %c127 : f32
    linalg.yield %1 : f32
  } -> tensor<2xf32>
  %q = linalg.generic {indexing_maps = [#map, #row, #map], iterator_types = ["parallel", "parallel"]} ins(%x, %s : tensor<2x4xf32>, tensor<2xf32>) outs(%e2 : tensor<2x4xf32>) {
  ^bb0(%a: f32, %b: f32, %o: f32):
    %0 = arith.divf %a, %b : f32
    %1 = math.floor %0 : f32
    %2 = arith.mulf %1, %b : f32
    linalg.yield %2 : f32
  } -> tensor<2x4xf32>
  %w = arith.constant dense<[[0.5, 0.0, -0.5, 0.5], [0.5, 0.5, 0.0, 0.0], [-0.5, 0.0, 0.0, 0.0]]> : tensor<3x4xf32>
  %zero = arith.constant 0.0 : f32
  %ye = tensor.empty() : tensor<2x3xf32>
  %y0 = linalg.fill ins(%zero : f32) outs(%ye : tensor<2x3xf32>) -> tensor<2x3xf32>
  // expected-remark @+1 {{expected inputs quantised to 8 bits}}
  %y = linalg.generic {indexing_maps = [#in, #weight, #out], iterator_types = ["parallel", "parallel", "reduction"]} ins(%q, %w : tensor<2x4xf32>, tensor<3x4xf32>) outs(%y0 : tensor<2x3xf32>) {
  ^bb0(%a: f32, %b: f32, %o: f32):
    %0 = arith.mulf %a, %b : f32
    %1 = arith.addf %o, %0 : f32
    linalg.yield %1 : f32
  } -> tensor<2x3xf32>
  return %y : tensor<2x3xf32>
}

// CHECK-LABEL: func @not_scaled_behind
// CHECK: math.roundeven
// CHECK: ternary.linear
func.func @not_scaled_behind(%x: tensor<2x4xf32>) -> tensor<2x3xf32> {
  %lowest = arith.constant 0xFF800000 : f32
  %least = arith.constant 1.0e-5 : f32
  %c127 = arith.constant 127.0 : f32
  %e1 = tensor.empty() : tensor<2xf32>
  %e2 = tensor.empty() : tensor<2x4xf32>
  %m0 = linalg.fill ins(%lowest : f32) outs(%e1 : tensor<2xf32>) -> tensor<2xf32>
  %max = linalg.generic {indexing_maps = [#map, #row], iterator_types = ["parallel", "reduction"]} ins(%x : tensor<2x4xf32>) outs(%m0 : tensor<2xf32>) {
  ^bb0(%a: f32, %o: f32):
    %0 = math.absf %a : f32
    %1 = arith.maximumf %o, %0 : f32
    linalg.yield %1 : f32
  } -> tensor<2xf32>
  %s = linalg.generic {indexing_maps = [#d, #d], iterator_types = ["parallel"]} ins(%max : tensor<2xf32>) outs(%e1 : tensor<2xf32>) {
  ^bb0(%a: f32, %o: f32):
    %0 = arith.maxnumf %a, %least : f32
    %1 = arith.divf %0, %c127 : f32
    linalg.yield %1 : f32
  } -> tensor<2xf32>
  %q = linalg.generic {indexing_maps = [#map, #row, #map], iterator_types = ["parallel", "parallel"]} ins(%x, %s : tensor<2x4xf32>, tensor<2xf32>) outs(%e2 : tensor<2x4xf32>) {
  ^bb0(%a: f32, %b: f32, %o: f32):
    %0 = arith.divf %a, %b : f32
    %1 = math.roundeven %0 : f32
    linalg.yield %1 : f32
  } -> tensor<2x4xf32>
  %w = arith.constant dense<[[0.5, 0.0, -0.5, 0.5], [0.5, 0.5, 0.0, 0.0], [-0.5, 0.0, 0.0, 0.0]]> : tensor<3x4xf32>
  %zero = arith.constant 0.0 : f32
  %ye = tensor.empty() : tensor<2x3xf32>
  %y0 = linalg.fill ins(%zero : f32) outs(%ye : tensor<2x3xf32>) -> tensor<2x3xf32>
  // expected-remark @+1 {{expected a product of quantised inputs to be multiplied by max |x| / 127}}
  %y = linalg.generic {indexing_maps = [#in, #weight, #out], iterator_types = ["parallel", "parallel", "reduction"]} ins(%q, %w : tensor<2x4xf32>, tensor<3x4xf32>) outs(%y0 : tensor<2x3xf32>) {
  ^bb0(%a: f32, %b: f32, %o: f32):
    %0 = arith.mulf %a, %b : f32
    %1 = arith.addf %o, %0 : f32
    linalg.yield %1 : f32
  } -> tensor<2x3xf32>
  return %y : tensor<2x3xf32>
}

// CHECK-LABEL: func @weight_is_an_argument
// CHECK: linalg.generic
// CHECK-NOT: ternary
func.func @weight_is_an_argument(%x: tensor<2x4xf32>, %w: tensor<3x4xf32>) -> tensor<2x3xf32> {
  %lowest = arith.constant 0xFF800000 : f32
  %least = arith.constant 1.0e-5 : f32
  %c127 = arith.constant 127.0 : f32
  %e1 = tensor.empty() : tensor<2xf32>
  %e2 = tensor.empty() : tensor<2x4xf32>
  %m0 = linalg.fill ins(%lowest : f32) outs(%e1 : tensor<2xf32>) -> tensor<2xf32>
  %max = linalg.generic {indexing_maps = [#map, #row], iterator_types = ["parallel", "reduction"]} ins(%x : tensor<2x4xf32>) outs(%m0 : tensor<2xf32>) {
  ^bb0(%a: f32, %o: f32):
    %0 = math.absf %a : f32
    %1 = arith.maximumf %o, %0 : f32
    linalg.yield %1 : f32
  } -> tensor<2xf32>
  %s = linalg.generic {indexing_maps = [#d, #d], iterator_types = ["parallel"]} ins(%max : tensor<2xf32>) outs(%e1 : tensor<2xf32>) {
  ^bb0(%a: f32, %o: f32):
    %0 = arith.maxnumf %a, %least : f32
    %1 = arith.divf %0, %c127 : f32
    linalg.yield %1 : f32
  } -> tensor<2xf32>
  %q = linalg.generic {indexing_maps = [#map, #row, #map], iterator_types = ["parallel", "parallel"]} ins(%x, %s : tensor<2x4xf32>, tensor<2xf32>) outs(%e2 : tensor<2x4xf32>) {
  ^bb0(%a: f32, %b: f32, %o: f32):
    %0 = arith.divf %a, %b : f32
    %1 = math.roundeven %0 : f32
    %2 = arith.mulf %1, %b : f32
    linalg.yield %2 : f32
  } -> tensor<2x4xf32>
  %zero = arith.constant 0.0 : f32
  %ye = tensor.empty() : tensor<2x3xf32>
  %y0 = linalg.fill ins(%zero : f32) outs(%ye : tensor<2x3xf32>) -> tensor<2x3xf32>
  // expected-remark @+1 {{expected a product of rows with a constant matrix or one that is quantised by the mean of |w|}}
  %y = linalg.generic {indexing_maps = [#in, #weight, #out], iterator_types = ["parallel", "parallel", "reduction"]} ins(%q, %w : tensor<2x4xf32>, tensor<3x4xf32>) outs(%y0 : tensor<2x3xf32>) {
  ^bb0(%a: f32, %b: f32, %o: f32):
    %0 = arith.mulf %a, %b : f32
    %1 = arith.addf %o, %0 : f32
    linalg.yield %1 : f32
  } -> tensor<2x3xf32>
  return %y : tensor<2x3xf32>
}

// CHECK-LABEL: func @weight_quantized_at_run_time
// CHECK-NOT: linalg
// CHECK: ternary.bit_linear %arg0, %arg1 : tensor<2x4xf32>, tensor<3x4xf32> -> tensor<2x3xf32>
// CHECK-NOT: linalg
func.func @weight_quantized_at_run_time(%x: tensor<2x4xf32>, %w: tensor<3x4xf32>) -> tensor<2x3xf32> {
  %lowest = arith.constant 0xFF800000 : f32
  %least = arith.constant 1.0e-5 : f32
  %c127 = arith.constant 127.0 : f32
  %e1 = tensor.empty() : tensor<2xf32>
  %e2 = tensor.empty() : tensor<2x4xf32>
  %m0 = linalg.fill ins(%lowest : f32) outs(%e1 : tensor<2xf32>) -> tensor<2xf32>
  %max = linalg.generic {indexing_maps = [#map, #row], iterator_types = ["parallel", "reduction"]} ins(%x : tensor<2x4xf32>) outs(%m0 : tensor<2xf32>) {
  ^bb0(%a: f32, %o: f32):
    %0 = math.absf %a : f32
    %1 = arith.maximumf %o, %0 : f32
    linalg.yield %1 : f32
  } -> tensor<2xf32>
  %s = linalg.generic {indexing_maps = [#d, #d], iterator_types = ["parallel"]} ins(%max : tensor<2xf32>) outs(%e1 : tensor<2xf32>) {
  ^bb0(%a: f32, %o: f32):
    %0 = arith.maxnumf %a, %least : f32
    %1 = arith.divf %0, %c127 : f32
    linalg.yield %1 : f32
  } -> tensor<2xf32>
  %q = linalg.generic {indexing_maps = [#map, #row, #map], iterator_types = ["parallel", "parallel"]} ins(%x, %s : tensor<2x4xf32>, tensor<2xf32>) outs(%e2 : tensor<2x4xf32>) {
  ^bb0(%a: f32, %b: f32, %o: f32):
    %0 = arith.divf %a, %b : f32
    %1 = math.roundeven %0 : f32
    %2 = arith.mulf %1, %b : f32
    linalg.yield %2 : f32
  } -> tensor<2x4xf32>
  %one = arith.constant 1.0 : f32
  %minus = arith.constant -1.0 : f32
  %c12 = arith.constant 12.0 : f32
  %zero = arith.constant 0.0 : f32
  %we = tensor.empty() : tensor<3x4xf32>
  %se = tensor.empty() : tensor<f32>
  %s0 = linalg.fill ins(%zero : f32) outs(%se : tensor<f32>) -> tensor<f32>
  %total = linalg.generic {indexing_maps = [#map, #none], iterator_types = ["reduction", "reduction"]} ins(%w : tensor<3x4xf32>) outs(%s0 : tensor<f32>) {
  ^bb0(%a: f32, %o: f32):
    %0 = math.absf %a : f32
    %1 = arith.addf %0, %o : f32
    linalg.yield %1 : f32
  } -> tensor<f32>
  %qw = linalg.generic {indexing_maps = [#map, #none, #map], iterator_types = ["parallel", "parallel"]} ins(%w, %total : tensor<3x4xf32>, tensor<f32>) outs(%we : tensor<3x4xf32>) {
  ^bb0(%a: f32, %b: f32, %o: f32):
    %0 = arith.divf %b, %c12 : f32
    %1 = arith.maximumf %0, %least : f32
    %2 = arith.divf %a, %1 : f32
    %3 = math.roundeven %2 : f32
    %4 = arith.minimumf %3, %one : f32
    %5 = arith.maximumf %4, %minus : f32
    %6 = arith.mulf %5, %1 : f32
    linalg.yield %6 : f32
  } -> tensor<3x4xf32>
  %ye = tensor.empty() : tensor<2x3xf32>
  %y0 = linalg.fill ins(%zero : f32) outs(%ye : tensor<2x3xf32>) -> tensor<2x3xf32>
  // expected-remark @+1 {{raised to bit_linear of 3 rows and 4 columns}}
  %y = linalg.generic {indexing_maps = [#in, #weight, #out], iterator_types = ["parallel", "parallel", "reduction"]} ins(%q, %qw : tensor<2x4xf32>, tensor<3x4xf32>) outs(%y0 : tensor<2x3xf32>) {
  ^bb0(%a: f32, %b: f32, %o: f32):
    %0 = arith.mulf %a, %b : f32
    %1 = arith.addf %o, %0 : f32
    linalg.yield %1 : f32
  } -> tensor<2x3xf32>
  return %y : tensor<2x3xf32>
}

// CHECK-LABEL: func @weight_quantized_by_another_mean
// CHECK-NOT: ternary
func.func @weight_quantized_by_another_mean(%x: tensor<2x4xf32>, %w: tensor<3x4xf32>) -> tensor<2x3xf32> {
  %lowest = arith.constant 0xFF800000 : f32
  %least = arith.constant 1.0e-5 : f32
  %c127 = arith.constant 127.0 : f32
  %e1 = tensor.empty() : tensor<2xf32>
  %e2 = tensor.empty() : tensor<2x4xf32>
  %m0 = linalg.fill ins(%lowest : f32) outs(%e1 : tensor<2xf32>) -> tensor<2xf32>
  %max = linalg.generic {indexing_maps = [#map, #row], iterator_types = ["parallel", "reduction"]} ins(%x : tensor<2x4xf32>) outs(%m0 : tensor<2xf32>) {
  ^bb0(%a: f32, %o: f32):
    %0 = math.absf %a : f32
    %1 = arith.maximumf %o, %0 : f32
    linalg.yield %1 : f32
  } -> tensor<2xf32>
  %s = linalg.generic {indexing_maps = [#d, #d], iterator_types = ["parallel"]} ins(%max : tensor<2xf32>) outs(%e1 : tensor<2xf32>) {
  ^bb0(%a: f32, %o: f32):
    %0 = arith.maxnumf %a, %least : f32
    %1 = arith.divf %0, %c127 : f32
    linalg.yield %1 : f32
  } -> tensor<2xf32>
  %q = linalg.generic {indexing_maps = [#map, #row, #map], iterator_types = ["parallel", "parallel"]} ins(%x, %s : tensor<2x4xf32>, tensor<2xf32>) outs(%e2 : tensor<2x4xf32>) {
  ^bb0(%a: f32, %b: f32, %o: f32):
    %0 = arith.divf %a, %b : f32
    %1 = math.roundeven %0 : f32
    %2 = arith.mulf %1, %b : f32
    linalg.yield %2 : f32
  } -> tensor<2x4xf32>
  %one = arith.constant 1.0 : f32
  %minus = arith.constant -1.0 : f32
  %c12 = arith.constant 11.0 : f32
  %zero = arith.constant 0.0 : f32
  %we = tensor.empty() : tensor<3x4xf32>
  %se = tensor.empty() : tensor<f32>
  %s0 = linalg.fill ins(%zero : f32) outs(%se : tensor<f32>) -> tensor<f32>
  %total = linalg.generic {indexing_maps = [#map, #none], iterator_types = ["reduction", "reduction"]} ins(%w : tensor<3x4xf32>) outs(%s0 : tensor<f32>) {
  ^bb0(%a: f32, %o: f32):
    %0 = math.absf %a : f32
    %1 = arith.addf %0, %o : f32
    linalg.yield %1 : f32
  } -> tensor<f32>
  %qw = linalg.generic {indexing_maps = [#map, #none, #map], iterator_types = ["parallel", "parallel"]} ins(%w, %total : tensor<3x4xf32>, tensor<f32>) outs(%we : tensor<3x4xf32>) {
  ^bb0(%a: f32, %b: f32, %o: f32):
    %0 = arith.divf %b, %c12 : f32
    %1 = arith.maximumf %0, %least : f32
    %2 = arith.divf %a, %1 : f32
    %3 = math.roundeven %2 : f32
    %4 = arith.minimumf %3, %one : f32
    %5 = arith.maximumf %4, %minus : f32
    %6 = arith.mulf %5, %1 : f32
    linalg.yield %6 : f32
  } -> tensor<3x4xf32>
  %ye = tensor.empty() : tensor<2x3xf32>
  %y0 = linalg.fill ins(%zero : f32) outs(%ye : tensor<2x3xf32>) -> tensor<2x3xf32>
  // expected-remark @+1 {{expected a product of rows with a constant matrix or one that is quantised by the mean of |w|}}
  %y = linalg.generic {indexing_maps = [#in, #weight, #out], iterator_types = ["parallel", "parallel", "reduction"]} ins(%q, %qw : tensor<2x4xf32>, tensor<3x4xf32>) outs(%y0 : tensor<2x3xf32>) {
  ^bb0(%a: f32, %b: f32, %o: f32):
    %0 = arith.mulf %a, %b : f32
    %1 = arith.addf %o, %0 : f32
    linalg.yield %1 : f32
  } -> tensor<2x3xf32>
  return %y : tensor<2x3xf32>
}

// CHECK-LABEL: func @scaled_behind_in_three_dimensions
// CHECK: %[[Y:.*]] = ternary.bit_linear %arg0, %{{.*}} : tensor<2x2x4xf32>, tensor<3x4x!ternary.trit> -> tensor<2x2x3xf32>
// CHECK-NEXT: return %[[Y]]
func.func @scaled_behind_in_three_dimensions(%x: tensor<2x2x4xf32>) -> tensor<2x2x3xf32> {
  %lowest = arith.constant 0xFF800000 : f32
  %least = arith.constant 1.0e-5 : f32
  %c127 = arith.constant 127.0 : f32
  %zero = arith.constant 0.0 : f32
  %w = arith.constant dense<[[0.5, 0.0, -0.5, 0.5], [0.5, 0.5, 0.0, 0.0], [-0.5, 0.0, 0.0, 0.0]]> : tensor<3x4xf32>
  %e1 = tensor.empty() : tensor<2x2xf32>
  %e2 = tensor.empty() : tensor<2x2x4xf32>
  %m0 = linalg.fill ins(%lowest : f32) outs(%e1 : tensor<2x2xf32>) -> tensor<2x2xf32>
  %m = linalg.generic {indexing_maps = [#map3, #row3], iterator_types = ["parallel", "parallel", "reduction"]} ins(%x : tensor<2x2x4xf32>) outs(%m0 : tensor<2x2xf32>) {
  ^bb0(%a: f32, %o: f32):
    %0 = math.absf %a : f32
    %1 = arith.maximumf %0, %o : f32
    linalg.yield %1 : f32
  } -> tensor<2x2xf32>
  %q = linalg.generic {indexing_maps = [#map3, #row3, #map3], iterator_types = ["parallel", "parallel", "parallel"]} ins(%x, %m : tensor<2x2x4xf32>, tensor<2x2xf32>) outs(%e2 : tensor<2x2x4xf32>) {
  ^bb0(%a: f32, %b: f32, %o: f32):
    %0 = arith.maximumf %b, %least : f32
    %1 = arith.divf %c127, %0 : f32
    %2 = arith.mulf %a, %1 : f32
    %3 = math.roundeven %2 : f32
    linalg.yield %3 : f32
  } -> tensor<2x2x4xf32>
  %c = tensor.collapse_shape %q [[0, 1], [2]] : tensor<2x2x4xf32> into tensor<4x4xf32>
  %te = tensor.empty() : tensor<4x3xf32>
  %t = linalg.transpose ins(%w : tensor<3x4xf32>) outs(%te : tensor<4x3xf32>) permutation = [1, 0]
  %ye = tensor.empty() : tensor<4x3xf32>
  %y0 = linalg.fill ins(%zero : f32) outs(%ye : tensor<4x3xf32>) -> tensor<4x3xf32>
  // expected-remark @+1 {{raised to bit_linear of 3 rows and 4 columns}}
  %y = linalg.matmul ins(%c, %t : tensor<4x4xf32>, tensor<4x3xf32>) outs(%y0 : tensor<4x3xf32>) -> tensor<4x3xf32>
  %expanded = tensor.expand_shape %y [[0, 1], [2]] output_shape [2, 2, 3] : tensor<4x3xf32> into tensor<2x2x3xf32>
  %ze = tensor.empty() : tensor<2x2x3xf32>
  %z = linalg.generic {indexing_maps = [#map3, #row3, #map3], iterator_types = ["parallel", "parallel", "parallel"]} ins(%expanded, %m : tensor<2x2x3xf32>, tensor<2x2xf32>) outs(%ze : tensor<2x2x3xf32>) {
  ^bb0(%a: f32, %b: f32, %o: f32):
    %0 = arith.maximumf %b, %least : f32
    %1 = arith.divf %c127, %0 : f32
    %2 = arith.divf %a, %1 : f32
    linalg.yield %2 : f32
  } -> tensor<2x2x3xf32>
  return %z : tensor<2x2x3xf32>
}

// A convolution of one point is a product for each of them.
// CHECK-LABEL: func @convolution
// CHECK: %[[X:.*]] = linalg.transpose ins(%arg0 : tensor<1x4x2x5xf32>) outs(%{{.*}} : tensor<1x2x5x4xf32>) permutation = [0, 2, 3, 1]
// CHECK: %[[Y:.*]] = ternary.bit_linear %[[X]], %{{.*}} : tensor<1x2x5x4xf32>, tensor<3x4x!ternary.trit> -> tensor<1x2x5x3xf32>
// CHECK: %[[R:.*]] = linalg.transpose ins(%[[Y]] : tensor<1x2x5x3xf32>) outs(%{{.*}} : tensor<1x3x2x5xf32>) permutation = [0, 3, 1, 2]
// CHECK: arith.addf %[[R]], %arg1
func.func @convolution(%x: tensor<1x4x2x5xf32>, %bias: tensor<1x3x2x5xf32>) -> tensor<1x3x2x5xf32> {
  %lowest = arith.constant 0xFF800000 : f32
  %least = arith.constant 1.0e-5 : f32
  %c127 = arith.constant 127.0 : f32
  %w = arith.constant dense<[[[[0.5]], [[0.0]], [[-0.5]], [[0.5]]], [[[0.5]], [[0.5]], [[0.0]], [[0.0]]], [[[-0.5]], [[0.0]], [[0.0]], [[0.0]]]]> : tensor<3x4x1x1xf32>
  %e1 = tensor.empty() : tensor<1x1x2x5xf32>
  %e2 = tensor.empty() : tensor<1x4x2x5xf32>
  %m0 = linalg.fill ins(%lowest : f32) outs(%e1 : tensor<1x1x2x5xf32>) -> tensor<1x1x2x5xf32>
  %m = linalg.generic {indexing_maps = [#map4, #row4], iterator_types = ["parallel", "reduction", "parallel", "parallel"]} ins(%x : tensor<1x4x2x5xf32>) outs(%m0 : tensor<1x1x2x5xf32>) {
  ^bb0(%a: f32, %o: f32):
    %0 = math.absf %a : f32
    %1 = arith.maximumf %0, %o : f32
    linalg.yield %1 : f32
  } -> tensor<1x1x2x5xf32>
  %q = linalg.generic {indexing_maps = [#map4, #row4, #map4], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%x, %m : tensor<1x4x2x5xf32>, tensor<1x1x2x5xf32>) outs(%e2 : tensor<1x4x2x5xf32>) {
  ^bb0(%a: f32, %b: f32, %o: f32):
    %0 = arith.maximumf %b, %least : f32
    %1 = arith.divf %c127, %0 : f32
    %2 = arith.mulf %a, %1 : f32
    %3 = math.roundeven %2 : f32
    %4 = arith.divf %3, %1 : f32
    linalg.yield %4 : f32
  } -> tensor<1x4x2x5xf32>
  // expected-remark @+1 {{raised to bit_linear of 3 rows and 4 columns}}
  %y = linalg.conv_2d_nchw_fchw {dilations = dense<1> : vector<2xi64>, strides = dense<1> : vector<2xi64>} ins(%q, %w : tensor<1x4x2x5xf32>, tensor<3x4x1x1xf32>) outs(%bias : tensor<1x3x2x5xf32>) -> tensor<1x3x2x5xf32>
  return %y : tensor<1x3x2x5xf32>
}

// CHECK-LABEL: func @convolution_of_several_points
// CHECK-NOT: ternary
func.func @convolution_of_several_points(%x: tensor<1x4x2x5xf32>, %y: tensor<1x3x2x3xf32>) -> tensor<1x3x2x3xf32> {
  %w = arith.constant dense<0.5> : tensor<3x4x1x3xf32>
  // expected-remark @+1 {{expected a product of rows with a constant matrix or one that is quantised by the mean of |w|}}
  %0 = linalg.conv_2d_nchw_fchw {dilations = dense<1> : vector<2xi64>, strides = dense<1> : vector<2xi64>} ins(%x, %w : tensor<1x4x2x5xf32>, tensor<3x4x1x3xf32>) outs(%y : tensor<1x3x2x3xf32>) -> tensor<1x3x2x3xf32>
  return %0 : tensor<1x3x2x3xf32>
}
