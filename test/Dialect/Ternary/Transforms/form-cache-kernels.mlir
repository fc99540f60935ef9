// RUN: ternary-opt %s -ternary-form-kernels | FileCheck %s
// RUN: ternary-opt %s -ternary-form-kernels -one-shot-bufferize="bufferize-function-boundaries function-boundary-type-conversion=identity-layout-map" \
// RUN:   -cse -canonicalize | FileCheck %s --check-prefix=MEMORY

// The kernels change the cache of a layer and the position where they are.

// CHECK-LABEL: func.func @step(
// CHECK-SAME:    %[[K:[^:]*]]: tensor<1x?x64xf32>, %[[PAST:[^:]*]]: tensor<i32> {{.*}}, %[[STATE:[^:]*]]: tensor<2x1x9x64xf16>
// CHECK:         %[[OLD:.*]] = tensor.extract_slice %[[STATE]][1, 0, 0, 0]
// CHECK:         %[[NEW:.*]] = ternary.append_kernel ins(%[[K]], %[[PAST]] : tensor<1x?x64xf32>, tensor<i32>) outs(%[[OLD]] : tensor<1x9x64xf16>)
// CHECK:         %[[ALL:.*]] = tensor.insert_slice %[[NEW]] into %[[STATE]][1, 0, 0, 0]
// CHECK:         %[[NEXT:.*]] = ternary.advance_kernel ins(%[[K]] : tensor<1x?x64xf32>) outs(%[[PAST]] : tensor<i32>)
// CHECK:         return %[[ALL]], %[[NEXT]]

// MEMORY-LABEL: func.func @step(
// MEMORY-SAME:    %[[K:[^:]*]]: memref<1x?x64xf32>, %[[PAST:[^:]*]]: memref<i32>, %[[STATE:[^:]*]]: memref<2x1x9x64xf16>
// MEMORY-NEXT:    %[[OLD:.*]] = memref.subview %[[STATE]][1, 0, 0, 0]
// MEMORY-NEXT:    ternary.append_kernel ins(%[[K]], %[[PAST]] : {{.*}}) outs(%[[OLD]] :
// MEMORY-NEXT:    ternary.advance_kernel ins(%[[K]] : {{.*}}) outs(%[[PAST]] :
// MEMORY-NEXT:    return
func.func @step(%k: tensor<1x?x64xf32>, %past: tensor<i32> {bufferization.writable = true},
                %state: tensor<2x1x9x64xf16> {bufferization.writable = true}) -> (tensor<2x1x9x64xf16>, tensor<i32>) {
  %old = tensor.extract_slice %state[1, 0, 0, 0] [1, 1, 9, 64] [1, 1, 1, 1] : tensor<2x1x9x64xf16> to tensor<1x9x64xf16>
  %new = ternary.append %k, %past into %old : tensor<1x?x64xf32>, tensor<i32> into tensor<1x9x64xf16>
  %all = tensor.insert_slice %new into %state[1, 0, 0, 0] [1, 1, 9, 64] [1, 1, 1, 1] : tensor<1x9x64xf16> into tensor<2x1x9x64xf16>
  %next = ternary.advance %past by %k : tensor<i32> by tensor<1x?x64xf32>
  return %all, %next : tensor<2x1x9x64xf16>, tensor<i32>
}
