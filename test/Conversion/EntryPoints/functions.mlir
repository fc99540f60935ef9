// RUN: ternary-opt %s -ternary-emit-entry-points -split-input-file | FileCheck %s --check-prefixes=CHECK,MLIR
// RUN: ternary-opt %s -ternary-emit-entry-points=for-c -split-input-file | FileCheck %s --check-prefixes=CHECK,C

// A function that takes memory for its results and a workspace becomes internal. For MLIR a
// function of its name allocates both; for C its caller does, who asks for their sizes.

// MLIR-LABEL: func.func @f(
// MLIR-SAME:    %[[N:[^:]*]]: index, %[[X:[^:]*]]: memref<?x4xf32>) -> (index, memref<?x4xf32>)
// MLIR-SAME:    attributes {llvm.emit_c_interface}
// MLIR:         %[[ROWS:.*]] = call @f_result_sizes(%[[N]], %[[X]])
// MLIR:         %[[Y:.*]] = memref.alloc(%[[ROWS]]) : memref<?x4xf32>
// MLIR:         %[[BYTES:.*]] = call @f_workspace_size(%[[N]], %[[X]], %[[Y]])
// MLIR:         %[[W:.*]] = memref.alloc(%[[BYTES]]) {alignment = 64 : i64} : memref<?xi8>
// MLIR:         %[[RESULT:.*]] = call @f_0(%[[N]], %[[X]], %[[Y]], %[[W]])
// MLIR:         memref.dealloc %[[W]]
// MLIR:         return %[[RESULT]], %[[Y]]

// C-LABEL: func.func @f_workspace(
// C-SAME:    %[[N:[^:]*]]: i64, %[[ROWS:[^:]*]]: i64, %[[SHAPE:[^:]*]]: !llvm.ptr) -> i64
// C-SAME:    int64_t f_workspace(int64_t x0, int64_t x1_d0, int64_t *y1_shape);
// C:         call @f_result_sizes
// C:         llvm.icmp "ne" %[[SHAPE]]
// C:         scf.if
// C-COUNT-2:   llvm.store
// C:         call @f_workspace_size
// C:         %[[PAD:.*]] = llvm.mlir.constant(63 : i64)
// C:         arith.addi %{{.*}}, %[[PAD]]

// C-LABEL: func.func @f(
// C-SAME:    %[[N:[^:]*]]: i64, %[[X:[^:]*]]: !llvm.ptr, %[[ROWS:[^:]*]]: i64, %[[Y0:[^:]*]]: !llvm.ptr, %[[Y1:[^:]*]]: !llvm.ptr, %[[W:[^:]*]]: !llvm.ptr) -> i32
// C-SAME:    f(x0: index, x1: f32 [?, 4]) -> (y0: index, y1: f32 [?, 4])
// C-SAME:    int f(int64_t x0, const float *x1, int64_t x1_d0, int64_t *y0, float *y1, void *workspace);
// C:         %[[STATUS:.*]] = llvm.call @ternary_function_check() : () -> i32
// C-COUNT-4: llvm.icmp "ne"
// C:         arith.cmpi sge, %[[ROWS]]
// C:         call @f_result_sizes
// C:         %[[RESULT:.*]] = func.call @f_0(
// C:         %[[I64:.*]] = arith.index_cast %[[RESULT]]
// C:         llvm.store %[[I64]], %[[Y0]]

// CHECK: func.func private @f_0(
// CHECK-SAME: llvm.linkage = #llvm.linkage<internal>
func.func @f(%n: index, %x: memref<?x4xf32>, %y: memref<?x4xf32> {ternary.result = 1 : i64},
             %workspace: memref<?xi8> {ternary.role = #ternary.role<workspace>}) -> index
    attributes {ternary.result_sizes = @f_result_sizes, ternary.workspace_size = @f_workspace_size} {
  return %n : index
}
func.func private @f_result_sizes(%n: index, %x: memref<?x4xf32>) -> index {
  return %n : index
}
func.func private @f_workspace_size(%n: index, %x: memref<?x4xf32>, %y: memref<?x4xf32>) -> index {
  return %n : index
}

// -----

// What needs neither is what others call in MLIR.
// MLIR: func.func @memory(%{{[^:]*}}: memref<4xf32>) attributes {llvm.emit_c_interface}
// MLIR-NOT: func.func
// C: int memory(const float *x0, void *workspace);
func.func @memory(%x: memref<4xf32>) {
  return
}

// -----

// C finds the weights at a symbol that whoever emits the object defines.
// MLIR: func.func @weights(%{{[^:]*}}: memref<?xi8> {ternary.role = #ternary.role<weights>})
// C: llvm.mlir.global external constant @ternary_function_weights()
// C: int weights(float *y0, void *workspace);
// C: llvm.mlir.addressof @ternary_function_weights
func.func @weights(%w: memref<?xi8> {ternary.role = #ternary.role<weights>}, %y: memref<4xf32> {ternary.result = 0 : i64}) {
  return
}
