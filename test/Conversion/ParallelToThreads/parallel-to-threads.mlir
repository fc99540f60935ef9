// RUN: ternary-opt %s -ternary-parallel-to-threads -split-input-file | FileCheck %s --check-prefixes=CHECK,THREADS
// RUN: ternary-opt %s -ternary-parallel-to-threads=threads=true -split-input-file | FileCheck %s --check-prefixes=CHECK,THREADS
// RUN: ternary-opt %s -ternary-parallel-to-threads=threads=false -split-input-file | FileCheck %s --check-prefixes=CHECK,SEQ

// THREADS: llvm.func @ternary_team_share(!llvm.ptr, !llvm.ptr, !llvm.ptr, i64)
// SEQ-NOT: ternary_team_share

// A loop becomes a function of a range of its iterations, which loads what they use.

// THREADS-LABEL: func.func private @kernel_loop0(
// THREADS-SAME:    %[[CONTEXT:[^:]+]]: !llvm.ptr, %[[FROM:[^:]+]]: i64, %[[TO:[^:]+]]: i64) {
// THREADS:         %[[PLACE:.+]] = llvm.getelementptr %[[CONTEXT]][0, 0]
// THREADS-NEXT:    %[[LOADED:.+]] = llvm.load %[[PLACE]]
// THREADS-NEXT:    %[[X:.+]] = builtin.unrealized_conversion_cast %[[LOADED]] : {{.+}} to memref<?xf32>
// THREADS:         %[[FIRST:.+]] = arith.index_cast %[[FROM]]
// THREADS:         %[[END:.+]] = arith.index_cast %[[TO]]
// THREADS:         scf.for %[[I:.+]] = %[[FIRST]] to %[[END]] step %{{.+}} {
// THREADS-NEXT:      %[[V:.+]] = memref.load %[[X]][%[[I]]]
// THREADS-NEXT:      memref.store %[[V]], %[[X]][%[[I]]]
// THREADS-NEXT:    }
// THREADS-NEXT:    return

// Parallel loops inside parallel loops are sequential. A range need not start at zero.

// THREADS-LABEL: func.func private @kernel_loop1(
// THREADS:         %[[STEPS:.+]] = arith.muli %{{.+}}, %c2
// THREADS-NEXT:    %[[FIRST:.+]] = arith.addi %[[STEPS]], %c3
// THREADS:         scf.for %[[I:.+]] = %[[FIRST]] to %{{.+}} step %c2
// THREADS-NEXT:      scf.for %[[J:.+]] = %c0{{.*}} to %[[I]] step %c1

// The kernel hands loops to the team, the last argument, in their order.

// CHECK-LABEL: func.func private @kernel(
// THREADS-SAME:  %[[X:[^:]+]]: memref<?xf32>, %[[Y:[^:]+]]: memref<?xf32>, %[[TEAM:[^:]+]]: !llvm.ptr)
// SEQ-SAME:      %[[X:[^:]+]]: memref<?xf32>, %[[Y:[^:]+]]: memref<?xf32>)
// THREADS:       %[[SECOND:.+]] = llvm.alloca
// THREADS:       %[[FIRST:.+]] = llvm.alloca
// CHECK:         %[[N:.+]] = memref.dim %[[X]],
// THREADS:       llvm.store %{{.+}}, %{{.+}} :
// THREADS:       %[[FUNCTION:.+]] = constant @kernel_loop0 : (!llvm.ptr, i64, i64) -> ()
// THREADS:       %[[POINTER:.+]] = builtin.unrealized_conversion_cast %[[FUNCTION]]
// THREADS:       %[[COUNT:.+]] = arith.index_cast %[[N]] : index to i64
// THREADS:       llvm.call @ternary_team_share(%[[TEAM]], %[[POINTER]], %[[FIRST]], %[[COUNT]])
// THREADS:       constant @kernel_loop1
// THREADS:       llvm.call @ternary_team_share(%[[TEAM]], %{{.+}}, %[[SECOND]], %{{.+}})
// SEQ-NEXT:      scf.for %{{.+}} = %c0 to %[[N]] step %c1 {
// SEQ:           scf.for %{{.+}} = %c3 to %{{.+}} step %c2 {
// SEQ-NEXT:        scf.for
// CHECK:         return
func.func private @kernel(%x: memref<?xf32>, %y: memref<?xf32>) attributes {ternary.kernel} {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %c3 = arith.constant 3 : index
  %n = memref.dim %x, %c0 : memref<?xf32>
  scf.parallel (%i) = (%c0) to (%n) step (%c1) {
    %v = memref.load %x[%i] : memref<?xf32>
    memref.store %v, %x[%i] : memref<?xf32>
  }
  %m = memref.dim %y, %c0 : memref<?xf32>
  scf.parallel (%i) = (%c3) to (%m) step (%c2) {
    scf.parallel (%j) = (%c0) to (%i) step (%c1) {
      %v = memref.load %y[%j] : memref<?xf32>
      memref.store %v, %y[%i] : memref<?xf32>
    }
  }
  return
}

// A step hands its team to kernels, and runs all else once.

// CHECK-LABEL: func.func private @other(
func.func private @other(memref<?xf32>)

// CHECK-LABEL: func.func @decode(
// THREADS-SAME:  %[[X:[^:]+]]: memref<?xf32>, %[[Y:[^:]+]]: memref<?xi8>, %[[TEAM:[^:]+]]: !llvm.ptr {ternary.role = #ternary.role<team>})
// SEQ-SAME:      %[[X:[^:]+]]: memref<?xf32>, %[[Y:[^:]+]]: memref<?xi8>)
// CHECK:         %[[VIEW:.+]] = memref.view
// THREADS-NEXT:  call @kernel(%[[X]], %[[VIEW]], %[[TEAM]])
// SEQ-NEXT:      call @kernel(%[[X]], %[[VIEW]])
// CHECK-NEXT:    memref.copy %[[VIEW]], %[[VIEW]]
// CHECK-NEXT:    call @other(%[[VIEW]])
// CHECK-NEXT:    call @kernel(%[[X]], %[[VIEW]]
// CHECK-NEXT:    return
func.func @decode(%x: memref<?xf32>, %w: memref<?xi8>) attributes {ternary.step = #ternary.step<decode>} {
  %c0 = arith.constant 0 : index
  %view = memref.view %w[%c0][%c0] : memref<?xi8> to memref<?xf32>
  call @kernel(%x, %view) : (memref<?xf32>, memref<?xf32>) -> ()
  memref.copy %view, %view : memref<?xf32> to memref<?xf32>
  call @other(%view) : (memref<?xf32>) -> ()
  call @kernel(%x, %view) : (memref<?xf32>, memref<?xf32>) -> ()
  return
}

// Other functions are not touched.

// CHECK-LABEL: func.func @neither(
// CHECK:         scf.parallel
func.func @neither(%x: memref<8xf32>, %v: f32) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c8 = arith.constant 8 : index
  scf.parallel (%i) = (%c0) to (%c8) step (%c1) {
    memref.store %v, %x[%i] : memref<8xf32>
  }
  return
}

// -----

// Stack memory of an iteration is allocated once for the iterations of a range. Memory of the
// function may be read by all of them.

// THREADS-LABEL: func.func private @stack_loop0(
// THREADS-DAG:     memref.alloca() : memref<2xf32>
// THREADS-DAG:     %[[SCRATCH:.+]] = memref.alloca() : memref<4xf32>
// THREADS:         scf.for
// THREADS-NOT:       memref.alloca
// THREADS:           memref.store %{{.+}}, %[[SCRATCH]]

// CHECK-LABEL: func.func private @stack(
// SEQ-DAG:       memref.alloca() : memref<2xf32>
// SEQ-DAG:       %[[SCRATCH:.+]] = memref.alloca() : memref<4xf32>
// CHECK-DAG:     memref.alloca() : memref<8xf32>
// CHECK:         memref.store
// SEQ:           scf.for
// SEQ-NOT:         memref.alloca
// SEQ:             memref.store %{{.+}}, %[[SCRATCH]]
func.func private @stack(%x: memref<?xf32>, %n: index, %v: f32) attributes {ternary.kernel} {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %table = memref.alloca() : memref<8xf32>
  memref.store %v, %table[%c0] : memref<8xf32>
  scf.parallel (%i) = (%c0) to (%n) step (%c1) {
    %scratch = memref.alloca() : memref<4xf32>
    scf.parallel (%j) = (%c0) to (%c2) step (%c1) {
      %inner = memref.alloca() : memref<2xf32>
      memref.store %v, %inner[%j] : memref<2xf32>
    }
    %first = memref.load %table[%c0] : memref<8xf32>
    memref.store %first, %scratch[%c0] : memref<4xf32>
    %0 = memref.load %scratch[%c0] : memref<4xf32>
    memref.store %0, %x[%i] : memref<?xf32>
  }
  return
}

// -----

// Loops that are not parallel are run by the caller, who shares the parallel ones in them; their
// context is not allocated again.

// CHECK-LABEL: func.func private @sequential(
// THREADS:       %[[CONTEXT:.+]] = llvm.alloca
// CHECK:         scf.for
// CHECK-NEXT:      memref.store
// THREADS-NOT:     llvm.alloca
// THREADS:         llvm.call @ternary_team_share(%{{.+}}, %{{.+}}, %[[CONTEXT]], %{{.+}})
// SEQ:             scf.for
func.func private @sequential(%x: memref<8xf32>, %n: index, %v: f32) attributes {ternary.kernel} {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c8 = arith.constant 8 : index
  scf.for %i = %c0 to %c8 step %c1 {
    memref.store %v, %x[%i] : memref<8xf32>
    scf.parallel (%j) = (%c0) to (%n) step (%c1) {
      memref.store %v, %x[%j] : memref<8xf32>
    }
  }
  return
}

// -----

// What takes less time than to share it is left to the caller: here 32 iterations of 1000 additions,
// but not 128.

// THREADS-LABEL: func.func private @small_loop0(
// CHECK-LABEL: func.func private @small(
// CHECK:         scf.for %{{.+}} = %c0 to %c32 step %c1 {
// CHECK-NEXT:      scf.for
// THREADS-NOT:   scf.for
// THREADS:       llvm.call @ternary_team_share
// THREADS-NOT:   llvm.call
// SEQ:           scf.for %{{.+}} = %c0 to %c128 step %c1 {
func.func private @small(%x: memref<128xf32>) attributes {ternary.kernel} {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c32 = arith.constant 32 : index
  %c1000 = arith.constant 1000 : index
  %c128 = arith.constant 128 : index
  %one = arith.constant 1.0 : f32
  scf.parallel (%i) = (%c0) to (%c32) step (%c1) {
    %sum = scf.for %j = %c0 to %c1000 step %c1 iter_args(%before = %one) -> f32 {
      %after = arith.addf %before, %one : f32
      scf.yield %after : f32
    }
    memref.store %sum, %x[%i] : memref<128xf32>
  }
  scf.parallel (%i) = (%c0) to (%c128) step (%c1) {
    %sum = scf.for %j = %c0 to %c1000 step %c1 iter_args(%before = %one) -> f32 {
      %after = arith.addf %before, %one : f32
      scf.yield %after : f32
    }
    memref.store %sum, %x[%i] : memref<128xf32>
  }
  return
}
