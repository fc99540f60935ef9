// RUN: split-file %s %t
// RUN: ternary-opt %t/linear.mlir -ternary-to-vector=kernel=amx-int8 -cse -canonicalize | FileCheck %t/linear.mlir
// RUN: ternary-opt %t/gradients.mlir -ternary-to-vector=kernel=amx-int8 -cse -canonicalize | FileCheck %t/gradients.mlir

//--- linear.mlir
// Linux is asked when the code is loaded.
// CHECK:       llvm.func internal @[[REQUEST:.*]]() {
// CHECK-DAG:     %[[CALL:.*]] = llvm.mlir.constant(158 : i64)
// CHECK-DAG:     %[[WHAT:.*]] = llvm.mlir.constant(4131 : i64)
// CHECK-DAG:     %[[TILES:.*]] = llvm.mlir.constant(18 : i64)
// CHECK:         llvm.inline_asm has_side_effects "syscall", {{.*}} %[[CALL]], %[[WHAT]], %[[TILES]]
// CHECK:       llvm.mlir.global_ctors ctors = [@[[REQUEST]]], priorities = [65535

// A group of tiles is unpacked into bytes, one plane of codes after the other; then thirty-two
// tokens, and sixteen, are multiplied with each tile. Of 80 columns 16 do not fill a register: the
// last 64 are multiplied once more, with zeros in place of what is counted already. What is left
// of tokens goes through vectors.
// CHECK-LABEL: func.func @linear(
// CHECK-SAME:    %[[Q:[^:]*]]: memref<?x80xi8>, {{.*}}, %[[W:[^:]*]]: memref<{{.*}}xi8>, %[[OUT:[^:]*]]: memref<?x64xf32>)
// CHECK:         scf.parallel
// CHECK-DAG:       %[[PANELS:.*]] = memref.alloca() {alignment = 64 : i64} : memref<2x36x128xi8>
// CHECK-DAG:       %[[SUMS:.*]] = memref.alloca() {alignment = 64 : i64} : memref<2x32x32xi32>
// CHECK:           scf.for %[[TILE:.*]] = %c0 to %c2 step %c1 {
// CHECK:             scf.for %[[GROUP:.*]] = %c0 to %c5 step %c1 {
// CHECK:               vector.store %{{.*}}, %[[PANELS]][%[[TILE]], %[[GROUP]], %c0]
// CHECK:             scf.for %[[QUAD:.*]] = %c0 to %c16 step %c1 {
// CHECK-NEXT:          %[[IS_LEFT:.*]] = arith.cmpi uge, %[[QUAD]], %c12 : index
// CHECK:               %[[CODES:.*]] = vector.load %[[PANELS]][%[[TILE]], %{{.*}}, %c0]
// CHECK-NEXT:          %[[LEFT:.*]] = arith.select %[[IS_LEFT]], %[[CODES]], %{{.*}} : vector<64xi8>
// CHECK:               %[[AT:.*]] = arith.addi %[[QUAD]], %c20 : index
// CHECK-NEXT:          vector.store %[[LEFT]], %[[PANELS]][%[[TILE]], %[[AT]], %c0]
// CHECK:           scf.for %[[TOKEN:.*]] = %{{.*}} to %{{.*}} step %c32 {
// CHECK:             scf.for %[[PLACE:.*]] = %c0 to %c2 step %c1 {
// CHECK-COUNT-4:       amx.tile_zero : !amx.tile<16x16xi32>
// CHECK:               memref.prefetch %[[PANELS]][%[[PLACE]], %c32, %c0], read, locality<3>
// CHECK:               %[[B:.*]] = amx.tile_load %[[PANELS]][%[[PLACE]], %c0, %c0] : memref<2x36x128xi8> into !amx.tile<16x64xi8>
// CHECK:               %[[A:.*]] = amx.tile_load %[[Q]][%[[TOKEN]], %c0] : memref<?x80xi8> into !amx.tile<16x64xi8>
// CHECK:               amx.tile_muli %[[A]], %[[B]] zext, %{{.*}}
// CHECK:               amx.tile_store %[[SUMS]][%[[PLACE]], %c16, %c16]
// CHECK:             scf.for %[[PLACE:.*]] = %c0 to %c2 step %c1 {
// CHECK-COUNT-4:       amx.tile_load %[[SUMS]]
// CHECK:               amx.tile_load %[[PANELS]][%[[PLACE]], %c20, %c0] : memref<2x36x128xi8> into !amx.tile<16x64xi8>
// CHECK:               amx.tile_load %[[Q]][%[[TOKEN]], %c16] : memref<?x80xi8> into !amx.tile<16x64xi8>
// CHECK:             scf.for %[[PLACE:.*]] = %c0 to %c2 step %c1 {
// CHECK:               vector.load %[[SUMS]][%[[PLACE]],
// CHECK:               vector.store %{{.*}}, %[[OUT]]
// CHECK:           scf.for %{{.*}} = %{{.*}} to %{{.*}} step %c16 {
// CHECK-COUNT-2:       amx.tile_zero
// CHECK-NOT:           amx.tile_zero
// CHECK:         scf.parallel
// CHECK-NOT:       amx
// CHECK:         return
func.func @linear(%q: memref<?x80xi8>, %scale: memref<?xf32>, %sum: memref<?xi32>, %w_scale: memref<1xf32>,
                  %w: memref<64x80x!ternary.trit, #ternary.packed<lanes = 16, depth = 4, planes = 4, vectors = 2>>,
                  %out: memref<?x64xf32>) {
  ternary.linear_kernel ins(%q, %w : memref<?x80xi8>, memref<64x80x!ternary.trit, #ternary.packed<lanes = 16, depth = 4, planes = 4, vectors = 2>>)
      scales(%scale, %w_scale : memref<?xf32>, memref<1xf32>) sums(%sum : memref<?xi32>) outs(%out : memref<?x64xf32>) {
  ^bb0(%y: f32):
    ternary.yield %y : f32
  }
  return
}

// CHECK-LABEL: func.func @one_token(
// CHECK-NOT:     amx
// CHECK:         return
func.func @one_token(%q: memref<1x80xi8>, %scale: memref<1xf32>, %sum: memref<1xi32>, %w_scale: memref<1xf32>,
                     %w: memref<64x80x!ternary.trit, #ternary.packed<lanes = 16, depth = 4, planes = 4, vectors = 2>>,
                     %out: memref<1x64xf32>) {
  ternary.linear_kernel ins(%q, %w : memref<1x80xi8>, memref<64x80x!ternary.trit, #ternary.packed<lanes = 16, depth = 4, planes = 4, vectors = 2>>)
      scales(%scale, %w_scale : memref<1xf32>, memref<1xf32>) sums(%sum : memref<1xi32>) outs(%out : memref<1x64xf32>) {
  ^bb0(%y: f32):
    ternary.yield %y : f32
  }
  return
}

//--- gradients.mlir
// The three bytes of a code are factors of their own, the lower ones unsigned; their sums are put
// together.
// CHECK-LABEL: func.func @input(
// CHECK:         scf.parallel
// CHECK-DAG:       %[[CODES:.*]] = memref.alloca() {alignment = 64 : i64} : memref<3x128x256xi8>
// CHECK-DAG:       %[[SUMS:.*]] = memref.alloca() {alignment = 64 : i64} : memref<3x32x32xi32>
// CHECK-DAG:       %[[PANEL:.*]] = memref.alloca() {alignment = 64 : i64} : memref<64x256xi8>
// CHECK:           amx.tile_load %[[PANEL]]
// CHECK:           amx.tile_load %[[CODES]][%c0,
// CHECK:           amx.tile_muli %{{.*}} zext, %{{.*}}, %{{.*}} :
// CHECK:           amx.tile_store %[[SUMS]][%c0, %c0, %c0]
// CHECK:           amx.tile_load %[[CODES]][%c1,
// CHECK:           amx.tile_muli %{{.*}} zext, %{{.*}}, %{{.*}} :
// CHECK:           amx.tile_load %[[CODES]][%c2,
// CHECK:           amx.tile_muli %{{[^ ]*}}, %{{[^ ]*}}, %{{[^ ]*}} :
// CHECK:           amx.tile_store %[[SUMS]][%c2, %c0, %c0]
// CHECK:           %[[HIGH:.*]] = vector.load %[[SUMS]][%c2, %[[R:.*]], %c0]
// CHECK:           %[[SHIFTED:.*]] = arith.shli %[[HIGH]],
// CHECK:           %[[MIDDLE:.*]] = vector.load %[[SUMS]][%c1, %[[R]], %c0]
// CHECK:           arith.addi %[[SHIFTED]], %[[MIDDLE]]
func.func @input(%grad: memref<200x96xf32>, %w: memref<96x70x!ternary.trit>, %scale: memref<1xf32>, %out: memref<200x70xf32>) {
  ternary.linear_backward_input_kernel ins(%grad, %w, %scale : memref<200x96xf32>, memref<96x70x!ternary.trit>, memref<1xf32>) outs(%out : memref<200x70xf32>)
  return
}

// Codes of four rows are put into words as they come, and these are transposed.
// CHECK-LABEL: func.func @weight(
// CHECK-DAG:     %[[WORDS:.*]] = memref.alloca() {alignment = 64 : i64} : memref<2x64x128xi32>
// CHECK-DAG:     %[[CODES:.*]] = memref.alloca() {alignment = 64 : i64} : memref<2x128x256xi8>
// CHECK:         vector.store %{{.*}}, %[[WORDS]]
// CHECK-COUNT-16: vector.load %[[WORDS]]
// CHECK-COUNT-16: vector.store %{{.*}}, %[[CODES]]
// CHECK:         amx.tile_muli
func.func @weight(%grad: memref<40x200xf32>, %q: memref<40x70xi8>, %scale: memref<40xf32>, %out: memref<200x70xf32>) {
  ternary.linear_backward_weight_kernel ins(%grad, %q, %scale : memref<40x200xf32>, memref<40x70xi8>, memref<40xf32>) outs(%out : memref<200x70xf32>)
  return
}
