// Products of floats: sums of blocks of 64, added in pairs.

// RUN: ternary-opt %s -convert-ternary-to-linalg | FileCheck %s --implicit-check-not=ternary
// RUN: ternary-opt %s -convert-ternary-to-linalg | mlir-opt -o /dev/null

// CHECK-LABEL: func.func @short(
func.func @short(%x: tensor<?x64xf32>, %w: tensor<7x64xf16>) -> tensor<?x7xf32> {
  // CHECK:         %[[MATRIX:.*]] = linalg.transpose ins(%{{.*}} : tensor<7x64xf16>) outs(%{{.*}} : tensor<64x7xf16>)
  // CHECK:         linalg.generic {{.*}}"reduction"]
  // CHECK:           arith.extf
  // CHECK:           math.fma
  // CHECK-NOT:     linalg.generic
  %0 = ternary.linear %x, %w : tensor<?x64xf32>, tensor<7x64xf16> -> tensor<?x7xf32>
  return %0 : tensor<?x7xf32>
}

// What is missing adds -0, which changes nothing: in a block by a factor, and a block as it is.
// CHECK-LABEL: func.func @long(
func.func @long(%x: tensor<?x131xf32>, %m: tensor<131x7xf32>) -> tensor<?x7xf32> {
  // CHECK-DAG:     %[[ZERO:.*]] = arith.constant 0.000000e+00 : f32
  // CHECK-DAG:     %[[NONE:.*]] = arith.constant -0.000000e+00 : f32
  // CHECK:         linalg.fill ins(%[[NONE]] : f32) outs(%{{.*}} : tensor<?x192xf32>)
  // CHECK:         tensor.expand_shape {{.*}} into tensor<?x3x64xf32>
  // CHECK:         linalg.fill ins(%[[ZERO]] : f32) outs(%{{.*}} : tensor<192x7xf32>)
  // CHECK:         tensor.expand_shape {{.*}} into tensor<3x64x7xf32>
  // CHECK:         linalg.fill ins(%[[ZERO]] : f32) outs(%{{.*}} : tensor<?x7x3xf32>)
  // CHECK:           math.fma
  // CHECK:         linalg.fill ins(%[[NONE]] : f32) outs(%{{.*}} : tensor<?x7x4xf32>)
  // CHECK:         tensor.expand_shape {{.*}} into tensor<?x7x2x2xf32>
  // CHECK:         outs(%{{.*}} : tensor<?x7x2xf32>)
  // CHECK:           arith.addf
  // CHECK:         outs(%{{.*}} : tensor<?x7xf32>)
  // CHECK:           arith.addf
  %0 = ternary.matmul %x, %m : tensor<?x131xf32>, tensor<131x7xf32> -> tensor<?x7xf32>
  return %0 : tensor<?x7xf32>
}

// Of trits in groups: a sum for each group, and one over them.
// CHECK-LABEL: func.func @groups(
func.func @groups(%x: tensor<?x24xf32>, %t: tensor<5x24x!ternary.trit>, %s: tensor<5x3xf32>) -> tensor<?x5xf32> {
  // CHECK:         tensor.expand_shape {{.*}} into tensor<?x3x8xf32>
  // CHECK:         tensor.expand_shape {{.*}} into tensor<5x3x8xi8>
  // CHECK:         outs(%{{.*}} : tensor<?x5x3xf32>)
  // CHECK:           arith.sitofp %{{.*}} : i8 to f32
  // CHECK:         outs(%{{.*}} : tensor<?x5x3xf32>)
  // CHECK:           arith.mulf
  // CHECK:         linalg.generic {{.*}}"reduction"]{{.*}} outs(%{{.*}} : tensor<?x5xf32>)
  %0 = ternary.linear %x, %t scale(%s : tensor<5x3xf32>) : tensor<?x24xf32>, tensor<5x24x!ternary.trit> -> tensor<?x5xf32>
  return %0 : tensor<?x5xf32>
}
