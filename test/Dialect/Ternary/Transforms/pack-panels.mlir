// RUN: ternary-opt %s --pass-pipeline='builtin.module(ternary-set-target{kernel=avx2},func.func(ternary-pack))' | FileCheck %s
// RUN: ternary-opt %s --pass-pipeline='builtin.module(ternary-set-target{kernel=avx2},func.func(ternary-pack{floats=false}))' | FileCheck %s --check-prefix=PLAIN
// RUN: ternary-opt %s --pass-pipeline='builtin.module(ternary-set-target{target=reference},func.func(ternary-pack))' | FileCheck %s --check-prefix=PLAIN

// A float weight of a product is in panels in place of its transpose, and the embeddings of the
// same table are read from those: it is there once.
// CHECK-LABEL: func.func @tied(
// CHECK-SAME:    %[[IDS:[^:]*]]: tensor<2xi32>, %[[X:[^:]*]]: tensor<2x40xf32>, %[[W:[^:]*]]: tensor<97x40xbf16> {ternary.parameter = "w"}
// CHECK:         %[[PANELS:.*]] = ternary.pack %[[W]] : tensor<97x40xbf16> -> tensor<97x40xbf16, #ternary.panels<64>>
// CHECK-NOT:     %[[W]]
// CHECK:         ternary.gather_kernel ins(%[[IDS]], %[[PANELS]] : tensor<2xi32>, tensor<97x40xbf16, #ternary.panels<64>>)
// CHECK-NOT:     ternary.transpose
// CHECK:         ternary.matmul_kernel ins(%[[X]], %[[PANELS]] : tensor<2x40xf32>, tensor<97x40xbf16, #ternary.panels<64>>)
// PLAIN-LABEL: func.func @tied(
// PLAIN:         ternary.transpose
// PLAIN-NOT:     ternary.pack 
func.func @tied(%ids: tensor<2xi32>, %x: tensor<2x40xf32>, %w: tensor<97x40xbf16> {ternary.parameter = "w"}, %a: tensor<2x40xf32>,
                %b: tensor<2x97xf32>) -> (tensor<2x40xf32>, tensor<2x97xf32>) {
  %0 = ternary.gather_kernel ins(%ids, %w : tensor<2xi32>, tensor<97x40xbf16>) outs(%a : tensor<2x40xf32>) -> tensor<2x40xf32>
  %1 = ternary.transpose %w : tensor<97x40xbf16> -> tensor<40x97xbf16>
  %2 = ternary.matmul_kernel ins(%x, %1 : tensor<2x40xf32>, tensor<40x97xbf16>) outs(%b : tensor<2x97xf32>) -> tensor<2x97xf32>
  return %0, %2 : tensor<2x40xf32>, tensor<2x97xf32>
}

// A table that no product reads stays as it is.
// CHECK-LABEL: func.func @untied(
// CHECK-NOT:     ternary.pack 
// CHECK:         ternary.gather_kernel ins(%{{.*}}, %{{.*}} : tensor<2xi32>, tensor<97x40xbf16>)
func.func @untied(%ids: tensor<2xi32>, %w: tensor<97x40xbf16> {ternary.parameter = "w"}, %a: tensor<2x40xf32>) -> tensor<2x40xf32> {
  %0 = ternary.gather_kernel ins(%ids, %w : tensor<2xi32>, tensor<97x40xbf16>) outs(%a : tensor<2x40xf32>) -> tensor<2x40xf32>
  return %0 : tensor<2x40xf32>
}
