// Weights are bytes wherever they go, and lie row by row.

// RUN: ternary-opt %s -convert-ternary-to-linalg | FileCheck %s --implicit-check-not='!ternary' --implicit-check-not='#ternary'
// RUN: ternary-opt %s -convert-ternary-to-linalg -ternary-strip-attributes | mlir-opt -o /dev/null

// CHECK-LABEL: func.func private @external(tensor<4x8xi8>) -> tensor<4x8xi8>
func.func private @external(tensor<4x8x!ternary.trit>) -> tensor<4x8x!ternary.trit>

// CHECK-LABEL: func.func @passed_on(
// CHECK-SAME:    %[[T:.*]]: tensor<4x8xi8> {ternary.parameter = "w"}, %[[C:.*]]: i1) -> tensor<4x8xi8>
func.func @passed_on(%t: tensor<4x8x!ternary.trit> {ternary.parameter = "w"}, %c: i1) -> tensor<4x8x!ternary.trit> {
  // CHECK:         %[[IF:.*]] = scf.if %[[C]] -> (tensor<4x8xi8>)
  %0 = scf.if %c -> tensor<4x8x!ternary.trit> {
    // CHECK:         call @external(%[[T]]) : (tensor<4x8xi8>) -> tensor<4x8xi8>
    %1 = func.call @external(%t) : (tensor<4x8x!ternary.trit>) -> tensor<4x8x!ternary.trit>
    scf.yield %1 : tensor<4x8x!ternary.trit>
  } else {
    scf.yield %t : tensor<4x8x!ternary.trit>
  }
  // CHECK:         return %[[IF]] : tensor<4x8xi8>
  return %0 : tensor<4x8x!ternary.trit>
}

// CHECK-LABEL: func.func @packed(
// CHECK-SAME:    %[[T:.*]]: tensor<4x8xi8>) -> tensor<4x8xi8>
func.func @packed(%t: tensor<4x8x!ternary.trit>)
    -> tensor<4x8x!ternary.trit, #ternary.packed<lanes = 16, depth = 4, planes = 4, vectors = 2>> {
  // CHECK-NEXT:    return %[[T]]
  %0 = ternary.pack %t : tensor<4x8x!ternary.trit>
    -> tensor<4x8x!ternary.trit, #ternary.packed<lanes = 16, depth = 4, planes = 4, vectors = 2>>
  return %0 : tensor<4x8x!ternary.trit, #ternary.packed<lanes = 16, depth = 4, planes = 4, vectors = 2>>
}

// CHECK-LABEL: func.func @stacked(
// CHECK-SAME:    %[[A:.*]]: tensor<4x8xi8>, %[[SA:.*]]: tensor<1xf32>, %[[B:.*]]: tensor<2x8xi8>, %[[SB:.*]]: tensor<2xf32>)
func.func @stacked(%a: tensor<4x8x!ternary.trit>, %sa: tensor<1xf32>, %b: tensor<2x8x!ternary.trit>, %sb: tensor<2xf32>)
    -> (tensor<6x8x!ternary.trit>, tensor<6xf32>) {
  // CHECK:         %[[EACH:.*]] = linalg.generic {{.*}} ins(%[[SA]] : tensor<1xf32>) outs(%{{.*}} : tensor<4xf32>)
  // CHECK:         tensor.insert_slice %[[A]] into %{{.*}}[0, 0] [4, 8]
  // CHECK:         tensor.insert_slice %[[B]] into %{{.*}}[4, 0] [2, 8]
  // CHECK:         tensor.insert_slice %[[EACH]] into %{{.*}}[0] [4]
  // CHECK:         tensor.insert_slice %[[SB]] into %{{.*}}[4] [2]
  %t, %s = ternary.stack_rows %a, %b scales(%sa, %sb)
    : tensor<4x8x!ternary.trit>, tensor<2x8x!ternary.trit> scales tensor<1xf32>, tensor<2xf32>
    -> tensor<6x8x!ternary.trit>, tensor<6xf32>
  return %t, %s : tensor<6x8x!ternary.trit>, tensor<6xf32>
}
