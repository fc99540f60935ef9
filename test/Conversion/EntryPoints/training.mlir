// RUN: ternary-opt %s -ternary-emit-entry-points=prefix=bit | FileCheck %s
// RUN: ternary-opt %s -ternary-emit-entry-points=prefix=bit -finalize-memref-to-llvm -convert-arith-to-llvm \
// RUN:   -convert-func-to-llvm -reconcile-unrealized-casts | FileCheck %s --check-prefix=LLVM

// A loss takes parameters, a workspace, ids, targets, how many tokens these are, and how many threads
// it may use, whatever the order in its step, which gets a team of that size; what the step puts in
// the place for its loss is returned.
// CHECK-LABEL: func.func private @loss(
// CHECK-LABEL: func.func @bit_loss(
// CHECK-SAME:    %[[PARAMETERS:[^:]+]]: !llvm.ptr, %[[WORKSPACE:[^:]+]]: !llvm.ptr, %[[IDS:[^:]+]]: !llvm.ptr, %[[TARGETS:[^:]+]]: !llvm.ptr,
// CHECK-SAME:    %[[TOKENS:[^:]+]]: i64, %[[THREADS:[^:]+]]: i32) -> f32 {

// CHECK:         llvm.insertvalue %[[TARGETS]], %{{.+}}[0]
// CHECK:         llvm.insertvalue %[[TOKENS]], %{{.+}}[3, 1]
// CHECK:         %[[STRIDE:.+]] = llvm.mul %{{.+}}, %[[TOKENS]] : i64
// CHECK:         llvm.insertvalue %[[STRIDE]], %{{.+}}[4, 0]
// CHECK:         %[[T:.+]] = builtin.unrealized_conversion_cast %{{.+}} to memref<3x?xi32>

// CHECK:         %[[ALL:.+]] = llvm.mlir.constant(9223372036854775807 : i64) : i64
// CHECK:         llvm.insertvalue %[[PARAMETERS]], %{{.+}}[0]
// CHECK:         llvm.insertvalue %[[ALL]], %{{.+}}[3, 0]
// CHECK:         %[[P:.+]] = builtin.unrealized_conversion_cast %{{.+}} to memref<?xi8>

// CHECK:         %[[ONE:.+]] = llvm.mlir.constant(1 : i64) : i64
// CHECK:         %[[PLACE:.+]] = llvm.alloca %[[ONE]] x f32 : (i64) -> !llvm.ptr
// CHECK:         llvm.insertvalue %[[PLACE]], %{{.+}}[0] : !llvm.struct<(ptr, ptr, i64)>
// CHECK-NEXT:    llvm.insertvalue %[[PLACE]], %{{.+}}[1] : !llvm.struct<(ptr, ptr, i64)>
// CHECK:         %[[L:.+]] = builtin.unrealized_conversion_cast %{{.+}} : !llvm.struct<(ptr, ptr, i64)> to memref<f32>

// CHECK:         %[[TEAM:.+]] = llvm.call @ternary_team_new(%[[THREADS]]) : (i32) -> !llvm.ptr
// CHECK:         llvm.insertvalue %[[IDS]], %{{.+}}[0]
// CHECK:         %[[I:.+]] = builtin.unrealized_conversion_cast %{{.+}} to memref<3x?xi32>
// CHECK:         llvm.insertvalue %[[WORKSPACE]], %{{.+}}[0]
// CHECK:         %[[WS:.+]] = builtin.unrealized_conversion_cast %{{.+}} to memref<?xi8>

// CHECK:         call @loss(%[[T]], %[[P]], %[[L]], %[[TEAM]], %[[I]], %[[WS]])
// CHECK-NEXT:    llvm.call @ternary_team_free(%[[TEAM]]) : (!llvm.ptr) -> ()
// CHECK-NEXT:    %[[RESULT:.+]] = llvm.load %[[PLACE]] : !llvm.ptr -> f32
// CHECK-NEXT:    return %[[RESULT]] : f32

// LLVM-LABEL:  llvm.func @bit_loss(
// LLVM-SAME:     -> f32
// LLVM-NOT:      unrealized_conversion_cast
// LLVM:          llvm.call @loss(
// LLVM-NEXT:     llvm.call @ternary_team_free
// LLVM-NEXT:     %[[RESULT:.+]] = llvm.load
// LLVM-NEXT:     llvm.return %[[RESULT]] : f32
func.func @loss(%targets: memref<3x?xi32> {ternary.role = #ternary.role<targets>}, %parameters: memref<?xi8> {ternary.role = #ternary.role<parameters>},
                %loss: memref<f32> {ternary.role = #ternary.role<loss>}, %team: !llvm.ptr {ternary.role = #ternary.role<team>}, %ids: memref<3x?xi32> {ternary.role = #ternary.role<ids>},
                %workspace: memref<?xi8> {ternary.role = #ternary.role<workspace>}) attributes {ternary.step = #ternary.step<loss>} {
  return
}

// A gradient takes the gradients so far and the seed too, a number that the step reads from
// memory.
// CHECK-LABEL: func.func private @gradient(
// CHECK-LABEL: func.func @bit_gradient(
// CHECK-SAME:    %[[PARAMETERS:[^:]+]]: !llvm.ptr, %[[GRADIENTS:[^:]+]]: !llvm.ptr, %[[WORKSPACE:[^:]+]]: !llvm.ptr, %[[IDS:[^:]+]]: !llvm.ptr, %[[TARGETS:[^:]+]]: !llvm.ptr,
// CHECK-SAME:    %[[TOKENS:[^:]+]]: i64, %[[SEED:[^:]+]]: f32, %[[THREADS:[^:]+]]: i32) -> f32 {

// CHECK:         llvm.insertvalue %[[GRADIENTS]], %{{.+}}[0]
// CHECK:         %[[G:.+]] = builtin.unrealized_conversion_cast %{{.+}} to memref<?xi8>

// CHECK:         %[[SEED_PLACE:.+]] = llvm.alloca %{{.+}} x f32 : (i64) -> !llvm.ptr
// CHECK-NEXT:    llvm.store %[[SEED]], %[[SEED_PLACE]] : f32, !llvm.ptr
// CHECK:         llvm.insertvalue %[[SEED_PLACE]], %{{.+}}[1]
// CHECK:         %[[S:.+]] = builtin.unrealized_conversion_cast %{{.+}} to memref<f32>

// CHECK:         %[[PLACE:.+]] = llvm.alloca %{{.+}} x f32 : (i64) -> !llvm.ptr
// CHECK:         llvm.insertvalue %[[PLACE]], %{{.+}}[1]
// CHECK:         %[[L:.+]] = builtin.unrealized_conversion_cast %{{.+}} to memref<f32>

// CHECK:         llvm.insertvalue %[[PARAMETERS]], %{{.+}}[1]
// CHECK:         %[[P:.+]] = builtin.unrealized_conversion_cast %{{.+}} to memref<?xi8>

// CHECK-NOT:     team
// CHECK:         call @gradient(%[[G]], %[[S]], %[[L]], %[[P]])
// CHECK-NEXT:    %[[RESULT:.+]] = llvm.load %[[PLACE]] : !llvm.ptr -> f32
// CHECK-NEXT:    return %[[RESULT]] : f32

// LLVM-LABEL:  llvm.func @bit_gradient(
// LLVM:          llvm.store %{{.+}}, %{{.+}} : f32, !llvm.ptr
// LLVM:          llvm.call @gradient(
// LLVM:          llvm.return %{{.+}} : f32
func.func @gradient(%gradients: memref<?xi8> {ternary.role = #ternary.role<gradients>}, %seed: memref<f32> {ternary.role = #ternary.role<seed>}, %loss: memref<f32> {ternary.role = #ternary.role<loss>},
                    %parameters: memref<?xi8> {ternary.role = #ternary.role<parameters>}) attributes {ternary.step = #ternary.step<gradient>} {
  return
}

// Other steps take a structure and return nothing.
// CHECK-LABEL: func.func @bit_decode(
// CHECK-SAME:    %{{[^:]+}}: !llvm.ptr) {
// CHECK:         return
// LLVM-LABEL:  llvm.func @bit_decode(
// LLVM:          llvm.return
func.func @decode(%weights: memref<?xi8> {ternary.role = #ternary.role<weights>}) attributes {ternary.step = #ternary.step<decode>} {
  return
}

// An update takes the blocks, the optimiser's numbers, of which the step gets those that it
// asks for, the number of the step, and a report to fill in. The little memory that it works
// with is its own.
// CHECK-LABEL: func.func private @update(
// CHECK-LABEL: func.func @bit_update(
// CHECK-SAME:    %[[PARAMETERS:[^:]+]]: !llvm.ptr, %[[GRADIENTS:[^:]+]]: !llvm.ptr, %[[FIRST:[^:]+]]: !llvm.ptr, %[[SECOND:[^:]+]]: !llvm.ptr,
// CHECK-SAME:    %[[OPTIMIZER:[^:]+]]: !llvm.ptr, %[[STEP:[^:]+]]: i64, %[[REPORT:[^:]+]]: !llvm.ptr, %[[THREADS:[^:]+]]: i32) {
// CHECK:         llvm.insertvalue %[[SECOND]], %{{.+}}[0]
// CHECK:         %[[V:.+]] = builtin.unrealized_conversion_cast %{{.+}} to memref<?xi8>
// CHECK:         %[[BETA1_PLACE:.+]] = llvm.getelementptr %[[OPTIMIZER]][8] : (!llvm.ptr) -> !llvm.ptr, i8
// CHECK-NEXT:    %[[BETA1:.+]] = llvm.load %[[BETA1_PLACE]] : !llvm.ptr -> f32
// CHECK:         %[[HALVE_PLACE:.+]] = llvm.getelementptr %[[OPTIMIZER]][48] : (!llvm.ptr) -> !llvm.ptr, i8
// CHECK-NEXT:    %[[HALVE:.+]] = llvm.load %[[HALVE_PLACE]] : !llvm.ptr -> i64
// CHECK:         %[[NORM_PLACE:.+]] = llvm.getelementptr %[[REPORT]][4] : (!llvm.ptr) -> !llvm.ptr, i8
// CHECK:         llvm.insertvalue %[[NORM_PLACE]], %{{.+}}[0]
// CHECK:         %[[NORM:.+]] = builtin.unrealized_conversion_cast %{{.+}} to memref<f32>
// CHECK:         %[[SIZE:.+]] = llvm.mlir.constant(576 : i64) : i64
// CHECK-NEXT:    %[[STACK:.+]] = llvm.alloca %[[SIZE]] x i8 {alignment = 64 : i64} : (i64) -> !llvm.ptr
// CHECK:         llvm.insertvalue %[[STACK]], %{{.+}}[0]
// CHECK:         %[[WS:.+]] = builtin.unrealized_conversion_cast %{{.+}} to memref<?xi8>
// CHECK:         %[[TEAM:.+]] = llvm.call @ternary_team_new(%[[THREADS]])
// CHECK-NEXT:    call @update(%[[V]], %[[BETA1]], %[[HALVE]], %[[STEP]], %[[NORM]], %[[WS]], %[[TEAM]])
// CHECK-NEXT:    llvm.call @ternary_team_free(%[[TEAM]])
// CHECK-NEXT:    return
func.func @update(%v: memref<?xi8> {ternary.role = #ternary.role<second_moments>}, %beta1: f32 {ternary.role = #ternary.role<beta1>}, %halve: i64 {ternary.role = #ternary.role<halve_at>},
                  %step: i64 {ternary.role = #ternary.role<step_number>}, %norm: memref<f32> {ternary.role = #ternary.role<gradient_norm>}, %workspace: memref<?xi8> {ternary.role = #ternary.role<workspace>},
                  %team: !llvm.ptr {ternary.role = #ternary.role<team>}) attributes {ternary.step = #ternary.step<update>, ternary.workspace = array<i64: 576, 0>} {
  return
}
