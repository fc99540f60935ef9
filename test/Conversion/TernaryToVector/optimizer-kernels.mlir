// RUN: ternary-opt %s -ternary-to-vector -split-input-file | FileCheck %s

// Threads share the parts of a sum, each of which has lanes of its own; then these are added.
// CHECK-LABEL: func.func @square_sum(
// CHECK-SAME:    %[[G:[^:]+]]: memref<97x64xf32>, %[[PARTS:[^:]+]]: memref<64xf64>, %[[SUM:[^:]+]]: memref<f64>)
// CHECK:         %[[FLAT:.+]] = memref.collapse_shape %[[G]] {{.*}} into memref<6208xf32>
// CHECK:         scf.parallel (%[[PART:.+]]) = ({{.+}}) to (%c64{{.*}}) step
// CHECK:           %[[LANES:.+]] = scf.for {{.*}} iter_args(%[[CARRIED:.+]] = {{.*}}) -> (vector<32xf64>) {
// CHECK-NEXT:        %[[X:.+]] = vector.load %[[FLAT]]
// CHECK-NEXT:        %[[WIDE:.+]] = arith.extf %[[X]] : vector<32xf32> to vector<32xf64>
// CHECK-NEXT:        %[[SQUARE:.+]] = arith.mulf %[[WIDE]], %[[WIDE]]
// CHECK-NEXT:        %[[NEXT:.+]] = arith.addf %[[CARRIED]], %[[SQUARE]]
// CHECK-NEXT:        scf.yield %[[NEXT]]
// CHECK:           memref.store %{{.*}}, %[[PARTS]][%[[PART]]]
// CHECK:         vector.load %[[PARTS]]
// CHECK-NOT:     scf.parallel
// CHECK:         %[[OLD:.+]] = memref.load %[[SUM]][]
// CHECK:         %[[NEW:.+]] = arith.addf %[[OLD]], %{{.*}} : f64
// CHECK:         memref.store %[[NEW]], %[[SUM]][]
func.func @square_sum(%g: memref<97x64xf32>, %parts: memref<64xf64>, %sum: memref<f64>) {
  ternary.square_sum_kernel ins(%g : memref<97x64xf32>) outs(%parts, %sum : memref<64xf64>, memref<f64>) {accumulate}
  return
}

// -----

// One pass over memory: four vectors are read and three written, in place.
// CHECK-LABEL: func.func @adamw(
// CHECK:         scf.parallel {{.*}} to (%c388{{.*}}) step
// CHECK-COUNT-4:   vector.load
// CHECK-COUNT-3:   vector.store
// CHECK-NOT:       vector.{{load|store}}
// CHECK:           scf.reduce
// CHECK-NOT:     scf.parallel
func.func @adamw(%g: memref<97x64xf32>, %p: memref<97x64xf32>, %m: memref<97x64xf32>, %v: memref<97x64xf32>, %s: f32) {
  ternary.adamw_kernel ins(%g : memref<97x64xf32>) scale %s keep %s rate %s first(%s, %s, %s) second(%s, %s, %s) epsilon %s
      outs(%p, %m, %v : memref<97x64xf32>, memref<97x64xf32>, memref<97x64xf32>)
  return
}

// -----

// What is left of a vector is masked.
// CHECK-LABEL: func.func @odd(
// CHECK:         scf.parallel {{.*}} to (%c3{{.*}}) step
// CHECK:           vector.create_mask
// CHECK-COUNT-4:   vector.maskedload
// CHECK-COUNT-3:   vector.maskedstore
func.func @odd(%g: memref<5x7xf32>, %p: memref<5x7xf32>, %m: memref<5x7xf32>, %v: memref<5x7xf32>, %s: f32) {
  ternary.adamw_kernel ins(%g : memref<5x7xf32>) scale %s keep %s rate %s first(%s, %s, %s) second(%s, %s, %s) epsilon %s
      outs(%p, %m, %v : memref<5x7xf32>, memref<5x7xf32>, memref<5x7xf32>)
  return
}
