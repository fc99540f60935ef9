// RUN: split-file %s %t
// RUN: ternary-opt %t/none.mlir -ternary-set-target | FileCheck %t/none.mlir --check-prefix=DEFAULT
// RUN: ternary-opt %t/none.mlir -ternary-set-target='kernel=avx2 threads=none' | FileCheck %t/none.mlir --check-prefix=GIVEN
// RUN: ternary-opt %t/none.mlir -ternary-set-target=target=reference | FileCheck %t/none.mlir --check-prefix=REFERENCE
// RUN: ternary-opt %t/avx2.mlir -ternary-set-target | FileCheck %t/avx2.mlir
// RUN: ternary-opt %t/avx2.mlir -ternary-set-target=kernel=avx2 | FileCheck %t/avx2.mlir
// RUN: ternary-opt %t/avx2.mlir -ternary-set-target=threads=none | FileCheck %t/avx2.mlir
// RUN: not ternary-opt %t/avx2.mlir -ternary-set-target=target=reference 2>&1 | FileCheck %t/avx2.mlir --check-prefix=OTHER
// RUN: not ternary-opt %t/avx2.mlir -ternary-set-target=kernel=portable 2>&1 | FileCheck %t/avx2.mlir --check-prefix=KERNEL
// RUN: not ternary-opt %t/none.mlir -ternary-set-target=target=abacus 2>&1 | FileCheck %t/none.mlir --check-prefix=UNKNOWN
// RUN: not ternary-opt %t/none.mlir -ternary-set-target=kernel=abacus 2>&1 | FileCheck %t/none.mlir --check-prefix=NO-KERNEL
// RUN: not ternary-opt %t/none.mlir -ternary-set-target=threads=many 2>&1 | FileCheck %t/none.mlir --check-prefix=NO-THREADS
// RUN: not ternary-opt %t/none.mlir -ternary-set-target='target=reference kernel=avx2' 2>&1 | FileCheck %t/none.mlir --check-prefix=SCALAR

// What a module was packed for is what it is lowered for.
// RUN: ternary-opt %t/avx2.mlir -ternary-to-vector -ternary-parallel-to-threads | FileCheck %t/avx2.mlir --check-prefix=LOOPS
// RUN: not ternary-opt %t/avx2.mlir -ternary-to-vector=kernel=portable 2>&1 | FileCheck %t/avx2.mlir --check-prefix=LOWER

// Pipelines have the phases of their target, and take a module's target as it is.
// RUN: ternary-opt %t/empty.mlir --ternary-to-expand | FileCheck %t/avx2.mlir
// RUN: not ternary-opt %t/avx2.mlir --ternary-to-reference 2>&1 | FileCheck %t/avx2.mlir --check-prefix=OTHER
// RUN: ternary-opt %t/none.mlir --ternary-to-expand=target=reference | FileCheck %t/none.mlir --check-prefix=REFERENCE
// RUN: not ternary-opt %t/none.mlir --ternary-to-pack=target=abacus 2>&1 | FileCheck %t/none.mlir --check-prefix=UNKNOWN
// RUN: not ternary-opt %t/none.mlir --ternary-to-cpu=kernel=abacus 2>&1 | FileCheck %t/none.mlir --check-prefix=NO-KERNEL

//--- none.mlir
// DEFAULT: module attributes {ternary.target = #ternary.cpu<kernel = "portable", threads = team>}
// GIVEN: module attributes {ternary.target = #ternary.cpu<kernel = "avx2", threads = none>}
// REFERENCE: module attributes {{{.*}}ternary.target = #ternary.reference}
// UNKNOWN: error: expected target cpu, reference, got 'abacus'
// NO-KERNEL: error: expected a microkernel of 'amx-int8', 'avx512vnni', 'avxvnni', 'avx2', 'portable', got 'abacus'
// NO-THREADS: error: expected threads team or none, got 'many'
// SCALAR: error: expected no microkernel and no threads for target reference
module {
}

//--- empty.mlir
module attributes {ternary.target = #ternary.cpu<kernel = "avx2", threads = none>} {
}

//--- avx2.mlir
// CHECK: module attributes {{{.*}}ternary.target = #ternary.cpu<kernel = "avx2", threads = none>}
// OTHER: error: expected the module's target, #ternary.cpu<kernel = "avx2", threads = none>, got #ternary.reference
// KERNEL: error: expected the module's target, #ternary.cpu<kernel = "avx2", threads = none>, got #ternary.cpu<kernel = "portable", threads = none>
// LOOPS-NOT: scf.parallel
// LOOPS: scf.for
// LOOPS-NOT: scf.parallel
// LOWER: error: expected kernel 'avx2' of the module's target, got 'portable'
module attributes {ternary.target = #ternary.cpu<kernel = "avx2", threads = none>} {
  func.func @kernel(%x: memref<?xf32>, %v: f32, %n: index) attributes {ternary.kernel} {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    scf.parallel (%i) = (%c0) to (%n) step (%c1) {
      memref.store %v, %x[%i] : memref<?xf32>
      scf.reduce
    }
    return
  }
}
