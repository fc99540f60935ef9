// RUN: ternary-opt %s -ternary-to-vector -cse | FileCheck %s

// Tokens in parallel, a row of the table in chunks of 16; a table of f16 is extended.
// CHECK-LABEL: func.func @gather(
// CHECK-SAME:    %[[IDS:[^:]*]]: memref<2x?xi32>, %[[TABLE:[^:]*]]: memref<97x64xf16>, %[[OUT:[^:]*]]: memref<2x?x64xf32>)
// CHECK:         %[[TOKENS:.*]] = memref.dim %[[IDS]], %c1
// CHECK-NEXT:    %[[ALL:.*]] = arith.muli %[[TOKENS]], %c2
// CHECK:         scf.parallel (%[[I:.*]]) = (%c0) to (%[[ALL]]) step (%c1) {
// CHECK-NEXT:      %[[T:.*]] = arith.remui %[[I]], %[[TOKENS]]
// CHECK-NEXT:      %[[B:.*]] = arith.divui %[[I]], %[[TOKENS]]
// CHECK-NEXT:      %[[ID:.*]] = memref.load %[[IDS]][%[[B]], %[[T]]]
// CHECK-NEXT:      %[[ROW:.*]] = arith.index_cast %[[ID]] : i32 to index
// CHECK:           scf.for %[[K:.*]] = %c0 to %c64 step %c16 {
// CHECK-NEXT:        %[[VALUES:.*]] = vector.load %[[TABLE]][%[[ROW]], %[[K]]] : memref<97x64xf16>, vector<16xf16>
// CHECK-NEXT:        %[[WIDE:.*]] = arith.extf %[[VALUES]] : vector<16xf16> to vector<16xf32>
// CHECK-NEXT:        vector.store %[[WIDE]], %[[OUT]][%[[B]], %[[T]], %[[K]]] : memref<2x?x64xf32>, vector<16xf32>
// CHECK-NEXT:      }
// CHECK-NEXT:      scf.reduce
func.func @gather(%ids: memref<2x?xi32>, %table: memref<97x64xf16>, %out: memref<2x?x64xf32>) {
  ternary.gather_kernel ins(%ids, %table : memref<2x?xi32>, memref<97x64xf16>) outs(%out : memref<2x?x64xf32>)
  return
}

// A table of f32 is copied as it is. What does not fill a chunk is masked: of each chunk,
// as many lanes as there are columns left.
// CHECK-LABEL: func.func @gather_f32(
// CHECK-SAME:    %[[IDS:[^:]*]]: memref<4xi64>, %[[TABLE:[^:]*]]: memref<97x40xf32>, %[[OUT:[^:]*]]: memref<4x40xf32>)
// CHECK:         scf.parallel (%[[I:.*]]) = (%c0) to (%c4) step (%c1) {
// CHECK:           %[[ROW:.*]] = arith.index_cast %{{.*}} : i64 to index
// CHECK:           scf.for %[[K:.*]] = %c0 to %c40 step %c16 {
// CHECK-NEXT:        %[[LEFT:.*]] = arith.subi %c40, %[[K]]
// CHECK-NEXT:        %[[MASK:.*]] = vector.create_mask %[[LEFT]] : vector<16xi1>
// CHECK-NEXT:        %[[ZEROS:.*]] = arith.constant dense<0.000000e+00> : vector<16xf32>
// CHECK-NEXT:        %[[VALUES:.*]] = vector.maskedload %[[TABLE]][%[[ROW]], %[[K]]], %[[MASK]], %[[ZEROS]]
// CHECK-NEXT:        vector.maskedstore %[[OUT]][%[[I]], %[[K]]], %[[MASK]], %[[VALUES]]
func.func @gather_f32(%ids: memref<4xi64>, %table: memref<97x40xf32>, %out: memref<4x40xf32>) {
  ternary.gather_kernel ins(%ids, %table : memref<4xi64>, memref<97x40xf32>) outs(%out : memref<4x40xf32>)
  return
}

// Sequences and blocks of 64 channels in parallel, time in order; what is to come is asked for
// ahead. The state stays in registers, is read before and written after.
// CHECK-LABEL: func.func @scan(
// CHECK-SAME:    %[[F:[^:]*]]: memref<2x?x128xf32>, %[[I:[^:]*]]: memref<2x?x128xf32>, %[[H:[^:]*]]: memref<2x?x128xf32>, %[[S:[^:]*]]: memref<2x128xf32>)
// CHECK:         scf.parallel (%[[P:.*]]) = (%c0) to (%c4) step (%c1) {
// CHECK-NEXT:      %[[BLOCK:.*]] = arith.remui %[[P]], %c2
// CHECK-NEXT:      %[[B:.*]] = arith.divui %[[P]], %c2
// CHECK:           %[[K:.*]] = arith.muli %[[BLOCK]], %c64
// CHECK:           %[[K48:.*]] = arith.addi %[[K]], %c48
// CHECK:           %[[FIRST:.*]] = vector.load %[[S]][%[[B]], %[[K]]] : memref<2x128xf32>, vector<16xf32>
// CHECK:           %[[FOURTH:.*]] = vector.load %[[S]][%[[B]], %[[K48]]] : memref<2x128xf32>, vector<16xf32>
// CHECK-NEXT:      %[[STEPS:.*]] = memref.dim %[[F]], %c1
// CHECK-NEXT:      %[[LAST:.*]]:4 = scf.for %[[T:.*]] = %c0 to %[[STEPS]] step %c1 iter_args(%[[PREVIOUS:[^ ]*]] = %[[FIRST]], {{.*}} = %[[FOURTH]])
// CHECK:             %[[AHEAD:.*]] = arith.addi %[[T]], %c8
// CHECK-NEXT:        memref.prefetch %[[F]][%[[B]], %[[AHEAD]], %[[K]]], read
// CHECK-NEXT:        memref.prefetch %[[I]][%[[B]], %[[AHEAD]], %[[K]]], read
// CHECK-NEXT:        %[[FORGET:.*]] = vector.load %[[F]][%[[B]], %[[T]], %[[K]]]
// CHECK-NEXT:        %[[INPUT:.*]] = vector.load %[[I]][%[[B]], %[[T]], %[[K]]]
// CHECK-NEXT:        %[[REMEMBERED:.*]] = arith.mulf %[[FORGET]], %[[PREVIOUS]]
// CHECK-NEXT:        %[[NEXT:.*]] = arith.addf %[[REMEMBERED]], %[[INPUT]]
// CHECK-NEXT:        vector.store %[[NEXT]], %[[H]][%[[B]], %[[T]], %[[K]]]
// CHECK:             scf.yield %[[NEXT]],
// CHECK-NEXT:      }
// CHECK-NEXT:      vector.store %[[LAST]]#0, %[[S]][%[[B]], %[[K]]]
// CHECK:           vector.store %[[LAST]]#3, %[[S]][%[[B]], %[[K48]]]
// CHECK-NEXT:      scf.reduce
func.func @scan(%f: memref<2x?x128xf32>, %i: memref<2x?x128xf32>, %h: memref<2x?x128xf32>, %s: memref<2x128xf32>) {
  ternary.scan_kernel ins(%f, %i : memref<2x?x128xf32>, memref<2x?x128xf32>)
      outs(%h, %s : memref<2x?x128xf32>, memref<2x128xf32>)
  return
}

// Channels that do not fill a block: for each chunk, one mask for all that it reads and writes.
// CHECK-LABEL: func.func @scan_masked(
// CHECK-SAME:    %[[F:[^:]*]]: memref<1x3x20xf32>, %[[I:[^:]*]]: memref<1x3x20xf32>, %[[H:[^:]*]]: memref<1x3x20xf32>, %[[S:[^:]*]]: memref<1x20xf32>)
// CHECK:         scf.parallel (%{{.*}}) = (%c0) to (%c1) step
// CHECK:           %[[LEFT:.*]] = arith.subi %c20, %c16
// CHECK-NEXT:      %[[MASK:.*]] = vector.create_mask %[[LEFT]] : vector<16xi1>
// CHECK:           vector.maskedload %[[S]][%c0, %c16], %[[MASK]],
// CHECK:           scf.for %[[T:.*]] = %c0 to %c3
// CHECK:             vector.maskedload %[[F]][%c0, %[[T]], %c16], %[[MASK]],
// CHECK:             vector.maskedload %[[I]][%c0, %[[T]], %c16], %[[MASK]],
// CHECK:             vector.maskedstore %[[H]][%c0, %[[T]], %c16], %[[MASK]],
// CHECK:           vector.maskedstore %[[S]][%c0, %c16], %[[MASK]],
func.func @scan_masked(%f: memref<1x3x20xf32>, %i: memref<1x3x20xf32>, %h: memref<1x3x20xf32>, %s: memref<1x20xf32>) {
  ternary.scan_kernel ins(%f, %i : memref<1x3x20xf32>, memref<1x3x20xf32>)
      outs(%h, %s : memref<1x3x20xf32>, memref<1x20xf32>)
  return
}
