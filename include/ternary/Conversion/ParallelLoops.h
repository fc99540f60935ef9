//===- ParallelLoops.h - What holds for parallel loops of kernels -*- C++ -*-===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TERNARY_CONVERSION_PARALLELLOOPS_H
#define TERNARY_CONVERSION_PARALLELLOOPS_H

#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace ternary {

/// Reports what keeps iterations of the function's `scf.parallel` loops from running at the same
/// time, each with memory of its own. A loop has one dimension and no reduction, so that its end is
/// the only barrier. The scratch memory of an iteration is `memref.alloca` of static size inside of
/// the loop; an iteration writes to no such memory of outside, which all iterations share.
llvm::LogicalResult verifyParallelLoops(mlir::func::FuncOp func);

} // namespace ternary

#endif // TERNARY_CONVERSION_PARALLELLOOPS_H
