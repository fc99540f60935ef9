// A whole layer: nothing of the dialect is left, orders of sums are dimensions, and trits are bytes.

// RUN: ternary-opt %s -convert-ternary-to-linalg | FileCheck %s --implicit-check-not=ternary
// RUN: ternary-opt %s -convert-ternary-to-linalg | mlir-opt -o /dev/null

// CHECK-LABEL: func.func @norm(
// CHECK-SAME:    %[[X:.*]]: tensor<?x67xf32>, %[[GAIN:.*]]: tensor<67xf32>)
func.func @norm(%x: tensor<?x67xf32>, %g: tensor<67xf32>) -> tensor<?x67xf32> {
  // Squares, padded to blocks of 32, each of two halves of 16 lanes.
  // CHECK:         linalg.generic {{.*}}ins(%[[X]] :
  // CHECK:           arith.mulf
  // CHECK:         tensor.insert_slice {{.*}} tensor<?x67xf32> into tensor<?x96xf32>
  // CHECK:         tensor.expand_shape {{.*}} into tensor<?x3x2x16xf32>
  // Pairs of lanes, until one is left.
  // CHECK:         outs({{.*}} : tensor<?x3x16xf32>)
  // CHECK:         outs({{.*}} : tensor<?x3x8xf32>)
  // CHECK:         outs({{.*}} : tensor<?x3x4xf32>)
  // CHECK:         outs({{.*}} : tensor<?x3x2xf32>)
  // CHECK:         outs({{.*}} : tensor<?x3xf32>)
  // Blocks l, 16 + l, ... in order, and lanes again.
  // CHECK:         tensor.expand_shape {{.*}} into tensor<?x1x16xf32>
  // CHECK:         iterator_types = ["parallel", "parallel", "reduction"]
  // CHECK:         outs({{.*}} : tensor<?x8xf32>)
  // CHECK:         math.sqrt
  // CHECK:         linalg.generic {{.*}}ins(%[[X]], %{{.*}}, %[[GAIN]] :
  %0 = ternary.rms_norm %x, %g {epsilon = 1.0e-6 : f32} : tensor<?x67xf32>, tensor<67xf32>
  return %0 : tensor<?x67xf32>
}

// CHECK-LABEL: func.func @quantize(
func.func @quantize(%x: tensor<?x5xf32>) -> (tensor<?x8xi8>, tensor<?xf32>, tensor<?xi32>) {
  // CHECK-DAG:     %[[LEAST:.*]] = arith.constant 9.99999974E-6 : f32
  // CHECK:         math.absf
  // CHECK:         arith.cmpf ogt, %{{.*}}, %[[LEAST]] : f32
  // CHECK:         math.roundeven
  // CHECK:         arith.fptosi %{{.*}} : f32 to i8
  // CHECK:         arith.extsi %{{.*}} : i8 to i32
  // CHECK:         tensor.insert_slice {{.*}} tensor<?x5xi8> into tensor<?x8xi8>
  %q, %s, %c = ternary.quantize_activations %x : tensor<?x5xf32> -> tensor<?x8xi8>, tensor<?xf32>, tensor<?xi32>
  return %q, %s, %c : tensor<?x8xi8>, tensor<?xf32>, tensor<?xi32>
}

// A weight that is an argument, its scale beside it.
// CHECK-LABEL: func.func @layer(
// CHECK-SAME:    %{{.*}}: tensor<1x?x5xf32>, %[[TRITS:.*]]: tensor<3x5xi8>, %[[SCALE:.*]]: tensor<1xf32>)
func.func @layer(%x: tensor<1x?x5xf32>, %t: tensor<3x5x!ternary.trit>, %s: tensor<1xf32>) -> tensor<1x?x3xf32> {
  // CHECK:         linalg.generic {{.*}}iterator_types = ["parallel", "parallel", "parallel", "reduction"]
  // CHECK-SAME:      ins(%{{.*}}, %[[TRITS]] : tensor<1x?x5xi8>, tensor<3x5xi8>) outs(%{{.*}} : tensor<1x?x3xi32>)
  // CHECK:           arith.muli
  // CHECK:           arith.addi
  // CHECK:         linalg.generic {{.*}}ins(%{{.*}}, %[[SCALE]], %{{.*}} : tensor<1x?x3xi32>, tensor<1xf32>, tensor<1x?xf32>)
  // CHECK:           arith.sitofp
  %0 = ternary.bit_linear %x, %t scale(%s : tensor<1xf32>) : tensor<1x?x5xf32>, tensor<3x5x!ternary.trit> -> tensor<1x?x3xf32>
  return %0 : tensor<1x?x3xf32>
}

// A latent weight: the mean of magnitudes in f64, of a row and then of rows.
// CHECK-LABEL: func.func @latent(
func.func @latent(%w: tensor<3x40xbf16>) -> (tensor<3x40x!ternary.trit>, tensor<1xf32>) {
  // CHECK:         arith.extf %{{.*}} : bf16 to f32
  // CHECK:         arith.extf %{{.*}} : f32 to f64
  // CHECK:         math.absf
  // CHECK:         tensor.expand_shape {{.*}} into tensor<3x2x2x16xf64>
  // CHECK:         tensor.expand_shape {{.*}} into tensor<1x2x16xf64>
  // CHECK:         arith.truncf %{{.*}} : f64 to f32
  // CHECK:         arith.fptosi %{{.*}} : f32 to i8
  // CHECK:         return %{{.*}}, %{{.*}} : tensor<3x40xi8>, tensor<1xf32>
  %t, %s = ternary.quantize_weights %w : tensor<3x40xbf16> -> tensor<3x40x!ternary.trit>, tensor<1xf32>
  return %t, %s : tensor<3x40x!ternary.trit>, tensor<1xf32>
}

// CHECK-LABEL: func.func @groups(
func.func @groups(%w: tensor<3x40xf32>) -> (tensor<3x40x!ternary.trit>, tensor<3x5xf32>) {
  // CHECK:         tensor.expand_shape {{.*}} into tensor<3x5x8xf32>
  // CHECK:         tensor.collapse_shape {{.*}} tensor<3x5x8xi8> into tensor<3x40xi8>
  %t, %s = ternary.quantize_weights %w {granularity = #ternary<granularity group>, group_size = 8 : i64}
    : tensor<3x40xf32> -> tensor<3x40x!ternary.trit>, tensor<3x5xf32>
  return %t, %s : tensor<3x40x!ternary.trit>, tensor<3x5xf32>
}

// Whoever computed wider than the weight multiplies no more than that.
// CHECK-LABEL: func.func @padded(
func.func @padded(%q: tensor<?x8xi8>, %t: tensor<3x5x!ternary.trit>) -> tensor<?x3xi32> {
  // CHECK:         tensor.extract_slice {{.*}} tensor<?x8xi8> to tensor<?x5xi8>
  %0 = ternary.accumulate %q, %t : tensor<?x8xi8>, tensor<3x5x!ternary.trit> -> tensor<?x3xi32>
  return %0 : tensor<?x3xi32>
}

// One row and no dimension of rows, and rows without columns.
// CHECK-LABEL: func.func @one_row(
func.func @one_row(%x: tensor<67xf32>, %g: tensor<67xf32>, %t: tensor<3x67x!ternary.trit>, %s: tensor<1xf32>) -> tensor<3xf32> {
  // CHECK:         outs(%{{.*}} : tensor<f32>)
  // CHECK:         return %{{.*}} : tensor<3xf32>
  %0 = ternary.bit_linear %x, %t norm(%g : tensor<67xf32>) scale(%s : tensor<1xf32>)
    : tensor<67xf32>, tensor<3x67x!ternary.trit> -> tensor<3xf32>
  return %0 : tensor<3xf32>
}

// CHECK-LABEL: func.func @no_columns(
func.func @no_columns(%x: tensor<?x0xf32>, %g: tensor<0xf32>, %m: tensor<0x7xf32>) -> (tensor<?x0xf32>, tensor<?x7xf32>) {
  // CHECK:         return %{{.*}}, %{{.*}} : tensor<?x0xf32>, tensor<?x7xf32>
  %0 = ternary.rms_norm %x, %g {epsilon = 1.0e-6 : f32} : tensor<?x0xf32>, tensor<0xf32>
  %1 = ternary.matmul %0, %m : tensor<?x0xf32>, tensor<0x7xf32> -> tensor<?x7xf32>
  return %0, %1 : tensor<?x0xf32>, tensor<?x7xf32>
}
