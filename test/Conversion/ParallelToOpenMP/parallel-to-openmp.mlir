// RUN: ternary-opt %s -ternary-parallel-to-openmp -split-input-file | FileCheck %s --check-prefixes=CHECK,OMP
// RUN: ternary-opt %s -ternary-parallel-to-openmp=openmp=true -split-input-file | FileCheck %s --check-prefixes=CHECK,OMP
// RUN: ternary-opt %s -ternary-parallel-to-openmp=openmp=false -split-input-file | FileCheck %s --check-prefixes=CHECK,SEQ

// Loops of a kernel are shared in their order; what is between them every thread repeats.
// Parallel loops inside parallel loops are sequential.

// CHECK-LABEL: func.func private @kernel(
// CHECK-SAME:    %[[X:[^:]+]]: memref<?xf32>, %[[Y:[^:]+]]: memref<8xf32>)
// CHECK:         %[[N:.+]] = memref.dim %[[X]],
// OMP-NEXT:      omp.wsloop schedule(static) {
// OMP-NEXT:        omp.loop_nest (%[[I:.+]]) : index = (%c0) to (%[[N]]) step (%c1) {
// OMP-NEXT:          %[[V:.+]] = memref.load %[[X]][%[[I]]]
// OMP-NEXT:          memref.store %[[V]], %[[X]][%[[I]]]
// OMP-NEXT:          omp.yield
// OMP:           %[[C8:.+]] = arith.constant 8 : index
// OMP:           omp.wsloop schedule(static) {
// OMP-NEXT:        omp.loop_nest (%[[I:.+]]) : index = (%c0) to (%[[C8]]) step (%c1) {
// OMP-NEXT:          scf.for %[[J:.+]] = %c0 to %[[I]] step %c1 {
// OMP-NEXT:            %[[V:.+]] = memref.load %[[Y]][%[[J]]]
// OMP:           return
// SEQ-NEXT:      scf.for %{{.+}} = %c0 to %[[N]] step %c1 {
// SEQ:           scf.for %{{.+}} = %c0 to %{{.+}} step %c1 {
// SEQ-NEXT:        scf.for
// SEQ-NOT:       omp
func.func private @kernel(%x: memref<?xf32>, %y: memref<8xf32>) attributes {ternary.kernel} {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %n = memref.dim %x, %c0 : memref<?xf32>
  scf.parallel (%i) = (%c0) to (%n) step (%c1) {
    %v = memref.load %x[%i] : memref<?xf32>
    memref.store %v, %x[%i] : memref<?xf32>
  }
  %c8 = arith.constant 8 : index
  scf.parallel (%i) = (%c0) to (%c8) step (%c1) {
    scf.parallel (%j) = (%c0) to (%i) step (%c1) {
      %v = memref.load %y[%j] : memref<8xf32>
      memref.store %v, %y[%i] : memref<8xf32>
    }
  }
  return
}

// A step starts its threads once. Views are taken by every thread; a copy, and a call of
// what is no kernel, are left to one of them.

// CHECK-LABEL: func.func private @other(
func.func private @other(memref<8xf32>)

// CHECK-LABEL: func.func @decode(
// CHECK-SAME:    %[[X:[^:]+]]: memref<?xf32>, %[[Y:[^:]+]]: memref<?xi8>, %[[THREADS:[^:]+]]: i32 {ternary.role = "threads"})
// OMP-NEXT:      omp.parallel num_threads(%[[THREADS]] : i32) {
// CHECK:         %[[VIEW:.+]] = memref.view
// CHECK-NEXT:    call @kernel(%[[X]], %[[VIEW]])
// OMP-NEXT:      omp.single {
// CHECK-NEXT:    memref.copy %[[VIEW]], %[[VIEW]]
// OMP-NEXT:        omp.terminator
// OMP-NEXT:      }
// OMP-NEXT:      omp.single {
// CHECK-NEXT:    call @other(%[[VIEW]])
// OMP-NEXT:        omp.terminator
// OMP-NEXT:      }
// CHECK-NEXT:    call @kernel(%[[X]], %[[VIEW]])
// OMP-NEXT:      omp.terminator
// OMP-NEXT:    }
// CHECK-NEXT:    return
func.func @decode(%x: memref<?xf32>, %w: memref<?xi8>) attributes {ternary.step = "decode"} {
  %c0 = arith.constant 0 : index
  %view = memref.view %w[%c0][] : memref<?xi8> to memref<8xf32>
  call @kernel(%x, %view) : (memref<?xf32>, memref<8xf32>) -> ()
  memref.copy %view, %view : memref<8xf32> to memref<8xf32>
  call @other(%view) : (memref<8xf32>) -> ()
  call @kernel(%x, %view) : (memref<?xf32>, memref<8xf32>) -> ()
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

// Stack memory of an iteration is freed by it; that of the function is every thread's own,
// so every thread fills it.

// CHECK-LABEL: func.func private @stack(
// CHECK:         %[[OWN:.+]] = memref.alloca() : memref<8xf32>
// CHECK:         %[[PART:.+]] = memref.subview %[[OWN]]
// CHECK-NEXT:    memref.store %{{.+}}, %[[PART]]
// OMP:           omp.loop_nest
// SEQ:           scf.for
// CHECK-NEXT:      memref.alloca_scope  {
// CHECK-NEXT:        memref.alloca() : memref<4xf32>
// CHECK:             memref.store %{{.+}}, %{{.+}} : memref<8xf32>
// CHECK-NEXT:      }
// OMP-NEXT:        omp.yield
func.func private @stack(%x: memref<8xf32>, %v: f32) attributes {ternary.kernel} {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c8 = arith.constant 8 : index
  %own = memref.alloca() : memref<8xf32>
  %part = memref.subview %own[4] [4] [1] : memref<8xf32> to memref<4xf32, strided<[1], offset: 4>>
  memref.store %v, %part[%c0] : memref<4xf32, strided<[1], offset: 4>>
  scf.parallel (%i) = (%c0) to (%c8) step (%c1) {
    %scratch = memref.alloca() : memref<4xf32>
    memref.store %v, %scratch[%c0] : memref<4xf32>
    %0 = memref.load %scratch[%c0] : memref<4xf32>
    memref.store %0, %x[%i] : memref<8xf32>
  }
  return
}

// -----

// Loops that are not parallel are for one thread, unless they surround parallel ones.

// CHECK-LABEL: func.func private @sequential(
// CHECK:         scf.for
// OMP-NEXT:        omp.single {
// CHECK:             memref.store
// OMP:             omp.wsloop
// CHECK:             memref.store
// OMP:           omp.single {
// CHECK:           scf.for
// CHECK-NEXT:        memref.store
func.func private @sequential(%x: memref<8xf32>, %v: f32) attributes {ternary.kernel} {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c8 = arith.constant 8 : index
  scf.for %i = %c0 to %c8 step %c1 {
    memref.store %v, %x[%i] : memref<8xf32>
    scf.parallel (%j) = (%c0) to (%c8) step (%c1) {
      memref.store %v, %x[%j] : memref<8xf32>
    }
  }
  scf.for %i = %c0 to %c8 step %c1 {
    memref.store %v, %x[%i] : memref<8xf32>
  }
  return
}
