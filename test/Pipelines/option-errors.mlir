// What an option does not know is refused in each pipeline that has it.

// RUN: not ternary-opt %s --ternary-to-quantize=kernel=abacus 2>&1 | FileCheck %s --check-prefix=KERNEL
// RUN: not ternary-opt %s --ternary-to-pack=kernel=abacus 2>&1 | FileCheck %s --check-prefix=KERNEL
// RUN: not ternary-opt %s --ternary-to-lower=kernel=abacus 2>&1 | FileCheck %s --check-prefix=KERNEL
// RUN: not ternary-opt %s --ternary-to-cpu=kernel=abacus 2>&1 | FileCheck %s --check-prefix=KERNEL
// RUN: not ternary-opt %s --pass-pipeline='builtin.module(ternary-to-pack{kernel=abacus})' 2>&1 | FileCheck %s --check-prefix=KERNEL
// KERNEL: error: expected a microkernel of 'amx-int8', 'avx512vnni', 'avxvnni', 'avx2', 'portable', got 'abacus'

// RUN: not ternary-opt %s --ternary-to-reference=kernel=abacus 2>&1 | FileCheck %s --check-prefix=REFERENCE
// REFERENCE: error: expected no microkernel and no threads for target reference

// RUN: not ternary-opt %s --ternary-to-pack=target=abacus 2>&1 | FileCheck %s --check-prefix=TARGET
// TARGET: error: expected target cpu, reference, got 'abacus'

// RUN: not ternary-opt %s --ternary-to-differentiate=gradient-precision=int7 2>&1 | FileCheck %s --check-prefix=PRECISION
// PRECISION: for the --gradient-precision option: Cannot find option named 'int7'

// RUN: not ternary-opt %s --ternary-to-quantize='training recompute=columns' 2>&1 | FileCheck %s --check-prefix=RECOMPUTE
// RECOMPUTE: for the --recompute option: Cannot find option named 'columns'

// RUN: not ternary-opt %s --ternary-to-quantize='training activations=f8' 2>&1 | FileCheck %s --check-prefix=ACTIVATIONS
// ACTIVATIONS: for the --activations option: Cannot find option named 'f8'

// RUN: not ternary-opt %s --ternary-to-cpu=fuse=maybe 2>&1 | FileCheck %s --check-prefix=FUSE
// FUSE: for the --fuse option: 'maybe' is invalid value for boolean argument

// RUN: not ternary-opt %s --ternary-to-cpu=tokens=many 2>&1 | FileCheck %s --check-prefix=TOKENS
// TOKENS: for the --tokens option: 'many' value invalid

// RUN: not ternary-opt %s --ternary-to-cpu=colour=red 2>&1 | FileCheck %s --check-prefix=UNKNOWN
// UNKNOWN: no such option colour
module {}
