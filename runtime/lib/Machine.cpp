//===- Machine.cpp - What this machine can run ----------------------------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ternary/Runtime/Machine.h"

#include <algorithm>
#include <fstream>
#include <sched.h>
#include <sys/syscall.h>
#include <thread>
#include <unistd.h>
#if defined(__x86_64__)
#include <cpuid.h>
#endif

using namespace ternary::runtime;

#if defined(__x86_64__)
// Not all compilers have a name for AVX-VNNI in __builtin_cpu_supports.
static bool hasAVXVNNI() {
  unsigned eax, ebx, ecx, edx;
  return __builtin_cpu_supports("avx2") && __get_cpuid_count(7, 1, &eax, &ebx, &ecx, &edx) &&
         (eax >> 4 & 1);
}

static bool hasAVX2() { return __builtin_cpu_supports("avx2"); }

static bool hasAVX512VNNI() {
  return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
         __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512vnni");
}

/// Registers of matrices are so large that Linux gives them only to programs that ask; asking
/// tells whether it can.
static bool hasAMX() {
  constexpr unsigned kRequest = 0x1023, kTileData = 18; // ARCH_REQ_XCOMP_PERM, XFEATURE_XTILEDATA
  unsigned eax, ebx, ecx, edx;
  return hasAVX512VNNI() && __get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx) && (edx >> 24 & 1) &&
         (edx >> 25 & 1) && syscall(SYS_arch_prctl, kRequest, kTileData) == 0;
}
#endif

static bool isAlwaysThere() { return true; }

const std::vector<Kernel> &ternary::runtime::kernels() {
  static const std::vector<Kernel> all = {
#if defined(__x86_64__)
      {"amx-int8", hasAMX},        {"avx512vnni", hasAVX512VNNI},
      {"avxvnni", hasAVXVNNI},     {"avx2", hasAVX2},
#endif
      {"portable", isAlwaysThere}, {"scalar", isAlwaysThere},
  };
  return all;
}

const Kernel &ternary::runtime::bestKernel() {
  return *std::find_if(kernels().begin(), kernels().end(),
                       [](const Kernel &kernel) { return kernel.isSupported(); });
}

const Kernel *ternary::runtime::findKernel(const std::string &name) {
  for (const Kernel &kernel : kernels())
    if (kernel.name == name)
      return &kernel;
  return nullptr;
}

int ternary::runtime::availableThreads() {
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof(set), &set) == 0)
    return std::max(1, CPU_COUNT(&set));
  return static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));
}

/// The number of kB after `key` in a file of /proc, in bytes; 0 if there is
/// none.
static int64_t readProcBytes(const char *path, const std::string &key) {
  std::ifstream file(path);
  std::string word;
  int64_t kilobytes = 0;
  while (file >> word)
    if (word == key && file >> kilobytes)
      return kilobytes * 1024;
  return 0;
}

int64_t ternary::runtime::residentBytes() { return readProcBytes("/proc/self/status", "VmRSS:"); }

// Not of getrusage, whose peak is at least that of the program that started this one.
int64_t ternary::runtime::peakResidentBytes() {
  return readProcBytes("/proc/self/status", "VmHWM:");
}

int64_t ternary::runtime::availableMemoryBytes() {
  return readProcBytes("/proc/meminfo", "MemAvailable:");
}
