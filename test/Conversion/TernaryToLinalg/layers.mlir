// What is elementwise, what goes from token to token, and what is looked up.

// RUN: ternary-opt %s -convert-ternary-to-linalg | FileCheck %s --implicit-check-not=ternary
// RUN: ternary-opt %s -convert-ternary-to-linalg | mlir-opt -o /dev/null

// CHECK-LABEL: func.func @activations(
func.func @activations(%x: tensor<?x4xf32>, %y: f64) -> (tensor<?x4xf32>, f64) {
  // CHECK:         linalg.generic
  // CHECK:           arith.negf
  // CHECK-NEXT:      math.exp
  // CHECK-NEXT:      arith.addf
  // CHECK-NEXT:      arith.divf
  // CHECK-NEXT:      arith.mulf
  %0 = ternary.activate silu %x : tensor<?x4xf32>
  // CHECK:           arith.cmpf ogt
  // CHECK-NEXT:      arith.select
  // CHECK-NEXT:      arith.mulf
  %1 = ternary.activate squared_relu %0 : tensor<?x4xf32>
  // CHECK:           arith.cmpf ogt
  // CHECK-NEXT:      arith.select
  %2 = ternary.activate step %1 : tensor<?x4xf32>
  // CHECK:         math.exp %{{.*}} : f64
  %3 = ternary.activate sigmoid %y : f64
  return %2, %3 : tensor<?x4xf32>, f64
}

// CHECK-LABEL: func.func @scan(
func.func @scan(%f: tensor<1x?x8xf32>, %s: tensor<1x8xf32>) -> (tensor<1x?x8xf32>, tensor<1x8xf32>) {
  // CHECK:         scf.for %[[T:.*]] = %{{.*}} to %{{.*}} step %{{.*}} iter_args(%[[HIDDEN:.*]] = %{{.*}}, %[[STATE:.*]] = %{{.*}})
  // CHECK-DAG:       tensor.extract_slice %{{.*}}[0, %[[T]], 0] [1, 1, 8]
  // CHECK:           %[[NEXT:.*]] = linalg.generic {{.*}} outs(%[[STATE]] :
  // CHECK:           %[[ALL:.*]] = tensor.insert_slice %[[NEXT]] into %[[HIDDEN]][0, %[[T]], 0]
  // CHECK:           scf.yield %[[ALL]], %[[NEXT]]
  %h, %n = ternary.linear_scan %f, %f, %s : tensor<1x?x8xf32>, tensor<1x8xf32>
  return %h, %n : tensor<1x?x8xf32>, tensor<1x8xf32>
}

// Of sizes that are the same, one may be known and the other one not.
// CHECK-LABEL: func.func @scan_of_a_known_batch(
func.func @scan_of_a_known_batch(%f: tensor<1x?x8xf32>, %s: tensor<?x8xf32>) -> tensor<1x?x8xf32> {
  // CHECK:         tensor.cast %{{.*}} : tensor<?x8xf32> to tensor<1x8xf32>
  %h, %n = ternary.linear_scan %f, %f, %s : tensor<1x?x8xf32>, tensor<?x8xf32>
  return %h : tensor<1x?x8xf32>
}

// CHECK-LABEL: func.func @wkv(
func.func @wkv(%k: tensor<1x?x8xf32>, %w: tensor<8xf32>, %s: tensor<1x3x8xf32>) -> (tensor<1x?x8xf32>, tensor<1x3x8xf32>) {
  // CHECK:         arith.cmpf oeq
  // CHECK:         scf.for
  // CHECK-COUNT-4:   math.exp
  // CHECK:         tensor.insert_slice {{.*}} into tensor<1x3x8xf32>
  %0, %1 = ternary.wkv %k, %k, %w, %w, %s : tensor<1x?x8xf32>, tensor<8xf32>, tensor<1x3x8xf32>
  return %0, %1 : tensor<1x?x8xf32>, tensor<1x3x8xf32>
}

// CHECK-LABEL: func.func @shift(
// CHECK-SAME:    %[[X:.*]]: tensor<1x4x8xf32>, %[[S:.*]]: tensor<1x8xf32>)
func.func @shift(%x: tensor<1x4x8xf32>, %s: tensor<1x8xf32>) -> (tensor<1x4x8xf32>, tensor<1x8xf32>) {
  // CHECK:         %[[OTHERS:.*]] = tensor.extract_slice %[[X]][0, 0, 0] [1, 3, 8]
  // CHECK:         %[[REST:.*]] = tensor.insert_slice %[[OTHERS]] into %{{.*}}[0, 1, 0] [1, 3, 8]
  // CHECK:         %[[ALL:.*]] = tensor.insert_slice %[[S]] into %[[REST]][0, 0, 0] [1, 1, 8]
  // CHECK:         %[[LAST:.*]] = tensor.extract_slice %[[X]][0, 3, 0] [1, 1, 8]
  // CHECK:         return %[[ALL]], %[[LAST]]
  %0, %1 = ternary.token_shift %x, %s : tensor<1x4x8xf32>, tensor<1x8xf32>
  return %0, %1 : tensor<1x4x8xf32>, tensor<1x8xf32>
}

// CHECK-LABEL: func.func @shift_back(
func.func @shift_back(%x: tensor<1x4x8xf32>, %s: tensor<1x8xf32>) -> (tensor<1x4x8xf32>, tensor<1x8xf32>) {
  // CHECK:         tensor.extract_slice %{{.*}}[0, 1, 0] [1, 3, 8]
  // CHECK:         tensor.insert_slice %{{.*}} into %{{.*}}[0, 0, 0] [1, 3, 8]
  // CHECK:         tensor.insert_slice %{{.*}} into %{{.*}}[0, 3, 0] [1, 1, 8]
  // CHECK:         tensor.extract_slice %{{.*}}[0, 0, 0] [1, 1, 8]
  %0, %1 = ternary.token_shift %x, %s {inverse} : tensor<1x4x8xf32>, tensor<1x8xf32>
  return %0, %1 : tensor<1x4x8xf32>, tensor<1x8xf32>
}

// CHECK-LABEL: func.func @embedding(
// CHECK-SAME:    tensor<7x8xi8>
func.func @embedding(%ids: tensor<1x?xi32>, %t: tensor<7x8x!ternary.trit>, %s: tensor<7x2xf32>) -> tensor<1x?x8xf32> {
  // CHECK:         %[[ROW:.*]] = arith.index_cast %{{.*}} : i32 to index
  // CHECK:         %[[COLUMN:.*]] = linalg.index 2
  // CHECK:         tensor.extract %{{.*}}[%[[ROW]], %[[COLUMN]]] : tensor<7x8xi8>
  // CHECK:         %[[GROUP:.*]] = arith.divui %[[COLUMN]]
  // CHECK:         tensor.extract %{{.*}}[%[[ROW]], %[[GROUP]]] : tensor<7x2xf32>
  %0 = ternary.embedding %ids, %t scale(%s : tensor<7x2xf32>) : tensor<1x?xi32>, tensor<7x8x!ternary.trit> -> tensor<1x?x8xf32>
  return %0 : tensor<1x?x8xf32>
}

// CHECK-LABEL: func.func @bounds(
func.func @bounds(%p: tensor<3x8xf16>) -> tensor<3x8xf32> {
  // CHECK:         math.exp
  // CHECK:         arith.divf
  // CHECK:         scf.for
  // CHECK:           arith.subf
  %0 = ternary.lower_bounds %p : tensor<3x8xf16> -> tensor<3x8xf32>
  return %0 : tensor<3x8xf32>
}

// CHECK-LABEL: func.func @positions(
func.func @positions(%x: tensor<1x?x8xf32>, %past: tensor<i32>) -> tensor<1x?x8xf32> {
  // CHECK:         arith.constant dense<[1.000000e+00, 0.00999999977]> : tensor<2xf32>
  // CHECK:         tensor.expand_shape {{.*}} into tensor<1x?x2x2x2xf32>
  // CHECK:         tensor.collapse_shape {{.*}} into tensor<1x?x8xf32>
  %0 = ternary.rotary_embedding %x past(%past : tensor<i32>) {head_size = 4 : i64, theta = 1.0e4 : f64} : tensor<1x?x8xf32>
  return %0 : tensor<1x?x8xf32>
}

// CHECK-LABEL: func.func @append(
func.func @append(%k: tensor<1x2x8xf32>, %past: tensor<i32>, %keys: tensor<1x16x8xf16>) -> (tensor<1x16x8xf16>, tensor<i32>) {
  // CHECK:         arith.truncf
  // CHECK:         %[[PAST:.*]] = arith.index_cast
  // CHECK:         tensor.insert_slice %{{.*}} into %{{.*}}[0, %[[PAST]], 0] [1, 2, 8]
  %0 = ternary.append %k, %past into %keys : tensor<1x2x8xf32>, tensor<i32> into tensor<1x16x8xf16>
  // CHECK:         arith.addi %{{.*}} : i32
  // CHECK:         tensor.from_elements
  %1 = ternary.advance %past by %k : tensor<i32> by tensor<1x2x8xf32>
  return %0, %1 : tensor<1x16x8xf16>, tensor<i32>
}
