// Attention in parts of 64 keys, joined in pairs.

// RUN: ternary-opt %s -convert-ternary-to-linalg | FileCheck %s --implicit-check-not=ternary
// RUN: ternary-opt %s -convert-ternary-to-linalg | mlir-opt -o /dev/null

// CHECK-LABEL: func.func @one_part(
func.func @one_part(%q: tensor<1x3x16xf32>, %k: tensor<1x3x8xf32>) -> tensor<1x3x16xf32> {
  // CHECK-NOT:     scf.for
  // CHECK:         return
  %0, %1 = ternary.attention %q, %k, %k {heads = 4 : i64, kv_heads = 2 : i64}
    : tensor<1x3x16xf32>, tensor<1x3x8xf32> -> tensor<1x3x16xf32>, tensor<1x3x4xf32>
  return %0 : tensor<1x3x16xf32>
}

// CHECK-LABEL: func.func @cache(
func.func @cache(%q: tensor<1x?x16xf32>, %k: tensor<1x160x8xi8>, %s: tensor<1x160x2xf32>, %past: tensor<i32>) -> (tensor<1x?x16xf32>, tensor<1x?x4xf32>) {
  // CHECK-DAG:     %[[LEVELS:.*]] = arith.constant 2 : index
  // CHECK:         outs(%{{.*}} : tensor<1x?x2x2x160xf32>)
  // CHECK:           arith.sitofp %{{.*}} : i8 to f32
  // CHECK:           math.fma
  // CHECK:         tensor.expand_shape {{.*}} into tensor<1x?x2x2x3x64xf32>
  // Keys after the query are left out.
  // CHECK:           arith.cmpi ule
  // CHECK:         outs(%{{.*}} : tensor<1x?x2x2x3x4xf32>)
  // CHECK:         scf.for %{{.*}} = %{{.*}} to %[[LEVELS]]
  // CHECK:           arith.shli
  // CHECK-COUNT-2:   math.exp
  // CHECK:         math.log
  // CHECK:         tensor.collapse_shape {{.*}} into tensor<1x?x16xf32>
  %0, %1 = ternary.attention %q, %k, %k scales(%s, %s : tensor<1x160x2xf32>, tensor<1x160x2xf32>) past(%past : tensor<i32>)
    {heads = 4 : i64, kv_heads = 2 : i64}
    : tensor<1x?x16xf32>, tensor<1x160x8xi8> -> tensor<1x?x16xf32>, tensor<1x?x4xf32>
  return %0, %1 : tensor<1x?x16xf32>, tensor<1x?x4xf32>
}

// CHECK-LABEL: func.func @any_number_of_keys(
func.func @any_number_of_keys(%q: tensor<1x?x16xf32>) -> tensor<1x?x16xf32> {
  // CHECK:         affine.apply
  // CHECK:         %[[ZEROS:.*]] = math.ctlz
  // CHECK:         arith.subi %{{.*}}, %[[ZEROS]]
  // CHECK:         scf.for
  %0, %1 = ternary.attention %q, %q, %q {heads = 4 : i64, kv_heads = 4 : i64}
    : tensor<1x?x16xf32>, tensor<1x?x16xf32> -> tensor<1x?x16xf32>, tensor<1x?x4xf32>
  return %0 : tensor<1x?x16xf32>
}
