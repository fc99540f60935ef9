// RUN: ternary-opt %s -split-input-file -ternary-to-loops | FileCheck %s

// CHECK-LABEL: func @gather(
// CHECK-SAME:    %[[IDS:.*]]: memref<1x?xi32>, %[[TABLE:.*]]: memref<97x64xf16>, %[[OUT:.*]]: memref<1x?x64xf32>)
// CHECK-DAG:     %[[C0:.*]] = arith.constant 0 : index
// CHECK-DAG:     %[[C1:.*]] = arith.constant 1 : index
// CHECK-DAG:     %[[C64:.*]] = arith.constant 64 : index
// CHECK:         %[[T:.*]] = memref.dim %[[OUT]], %[[C1]]
// CHECK:         scf.for %[[I:.*]] = %[[C0]] to %[[C1]] step %[[C1]] {
// CHECK-NEXT:      scf.for %[[J:.*]] = %[[C0]] to %[[T]] step %[[C1]] {
// CHECK-NEXT:        scf.for %[[K:.*]] = %[[C0]] to %[[C64]] step %[[C1]] {
// CHECK-NEXT:          %[[ID:.*]] = memref.load %[[IDS]][%[[I]], %[[J]]]
// CHECK-NEXT:          %[[ROW:.*]] = arith.index_cast %[[ID]] : i32 to index
// CHECK-NEXT:          %[[VALUE:.*]] = memref.load %[[TABLE]][%[[ROW]], %[[K]]]
// CHECK-NEXT:          %[[WIDE:.*]] = arith.extf %[[VALUE]] : f16 to f32
// CHECK-NEXT:          memref.store %[[WIDE]], %[[OUT]][%[[I]], %[[J]], %[[K]]]
func.func @gather(%ids: memref<1x?xi32>, %table: memref<97x64xf16>, %out: memref<1x?x64xf32>) {
  ternary.gather_kernel ins(%ids, %table : memref<1x?xi32>, memref<97x64xf16>) outs(%out : memref<1x?x64xf32>)
  return
}

// -----

// CHECK-LABEL: func @gather_f32(
// CHECK:         %[[VALUE:.*]] = memref.load
// CHECK:         %[[VALUE:.*]] = memref.load
// CHECK-NEXT:    memref.store %[[VALUE]]
func.func @gather_f32(%ids: memref<4xi64>, %table: memref<97x64xf32>, %out: memref<4x64xf32>) {
  ternary.gather_kernel ins(%ids, %table : memref<4xi64>, memref<97x64xf32>) outs(%out : memref<4x64xf32>)
  return
}

// -----

// CHECK-LABEL: func @scan(
// CHECK-SAME:    %[[F:.*]]: memref<2x?x64xf32>, %[[I:.*]]: memref<2x?x64xf32>, %[[H:.*]]: memref<2x?x64xf32>, %[[S:.*]]: memref<2x64xf32>)
// CHECK-DAG:     %[[C0:.*]] = arith.constant 0 : index
// CHECK-DAG:     %[[C1:.*]] = arith.constant 1 : index
// CHECK-DAG:     %[[C2:.*]] = arith.constant 2 : index
// CHECK-DAG:     %[[C64:.*]] = arith.constant 64 : index
// CHECK:         %[[STEPS:.*]] = memref.dim %[[H]], %[[C1]]
// CHECK:         scf.for %[[B:.*]] = %[[C0]] to %[[C2]] step %[[C1]] {
// CHECK-NEXT:      scf.for %[[N:.*]] = %[[C0]] to %[[C64]] step %[[C1]] {
// CHECK-NEXT:        %[[FIRST:.*]] = memref.load %[[S]][%[[B]], %[[N]]]
// CHECK-NEXT:        %[[LAST:.*]] = scf.for %[[T:.*]] = %[[C0]] to %[[STEPS]] step %[[C1]] iter_args(%[[PREVIOUS:.*]] = %[[FIRST]]) -> (f32) {
// CHECK-NEXT:          %[[FORGET:.*]] = memref.load %[[F]][%[[B]], %[[T]], %[[N]]]
// CHECK-NEXT:          %[[KEPT:.*]] = arith.mulf %[[FORGET]], %[[PREVIOUS]]
// CHECK-NEXT:          %[[INPUT:.*]] = memref.load %[[I]][%[[B]], %[[T]], %[[N]]]
// CHECK-NEXT:          %[[NEXT:.*]] = arith.addf %[[KEPT]], %[[INPUT]]
// CHECK-NEXT:          memref.store %[[NEXT]], %[[H]][%[[B]], %[[T]], %[[N]]]
// CHECK-NEXT:          scf.yield %[[NEXT]]
// CHECK:             memref.store %[[LAST]], %[[S]][%[[B]], %[[N]]]
func.func @scan(%f: memref<2x?x64xf32>, %i: memref<2x?x64xf32>, %h: memref<2x?x64xf32>, %s: memref<2x64xf32>) {
  ternary.scan_kernel ins(%f, %i : memref<2x?x64xf32>, memref<2x?x64xf32>)
      outs(%h, %s : memref<2x?x64xf32>, memref<2x64xf32>)
  return
}
