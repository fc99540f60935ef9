//===- Machine.h - What this machine can run --------------------*- C++ -*-===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TERNARY_RUNTIME_MACHINE_H
#define TERNARY_RUNTIME_MACHINE_H

#include <cstdint>
#include <string>
#include <vector>

namespace ternary::runtime {

/// A family of generated microkernels, as named by ternary_descriptor::kernel.
struct Kernel {
  std::string name;
  /// What the processor has to have, a list as in ternary_descriptor::features, and whether it
  /// uses registers of matrices besides.
  const char *features;
  bool needsTiles;

  /// Whether this machine can run it. Registers of matrices are asked for by that: a program that
  /// has no use for them should not ask.
  bool isSupported() const;
};

/// All that the compiler knows for this architecture, best first.
const std::vector<Kernel> &kernels();

/// The first that this machine supports; asks for all it has.
const Kernel &bestKernel();

/// The kernel of that name, or null.
const Kernel *findKernel(const std::string &name);

/// Those of `features`, a list as in ternary_descriptor::features, that this
/// machine lacks. Names that it cannot be asked about are taken to be there.
std::vector<std::string> missingFeatures(const char *features);

/// How many processors' time this process may use, by the limits of its control group and of all
/// above it, rounded up; INT_MAX if there is no limit. `system` stands before the paths of files
/// that are read.
int processorQuota(const std::string &system = "");

/// Threads that this process may run at a time, and has time for. More would wait for each other.
int availableThreads();

/// Bytes of this process that are in memory now.
int64_t residentBytes();

/// The most bytes of this process that were in memory at a time.
int64_t peakResidentBytes();

/// Bytes of memory that can be had without swapping.
int64_t availableMemoryBytes();

} // namespace ternary::runtime

#endif // TERNARY_RUNTIME_MACHINE_H
