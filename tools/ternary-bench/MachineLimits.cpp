//===- MachineLimits.cpp - How fast this machine can be -------------------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "MachineLimits.h"
#include "ternary/Runtime/Error.h"
#include "ternary/Runtime/Machine.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <functional>
#include <string_view>
#include <sys/mman.h>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

using namespace ternary;
using Clock = std::chrono::steady_clock;

/// Keeps the compiler from dropping the computation of `value`.
template <typename T> static void keep(const T &value) {
  asm volatile("" : : "m"(value) : "memory");
}

/// Seconds from when all threads start `body(thread)` until the last has ended.
static double timeThreads(int threads, const std::function<void(int)> &body) {
  std::atomic<int> ready{0};
  std::atomic<bool> go{false}, cancelled{false};
  auto wait = [&](int thread) {
    ++ready;
    while (!go)
      std::this_thread::yield();
    if (!cancelled)
      body(thread);
  };
  std::vector<std::thread> others;
  others.reserve(static_cast<size_t>(threads));
  try {
    for (int thread = 1; thread < threads; ++thread)
      others.emplace_back(wait, thread);
  } catch (const std::system_error &error) {
    cancelled = true;
    go = true;
    for (std::thread &other : others)
      other.join();
    runtime::fail("cannot start ", threads, " threads: ", error.code().message());
  }
  while (ready < threads - 1)
    std::this_thread::yield();

  auto start = Clock::now();
  go = true;
  body(0);
  for (std::thread &other : others)
    other.join();
  return std::chrono::duration<double>(Clock::now() - start).count();
}

//===----------------------------------------------------------------------===//
// Memory
//===----------------------------------------------------------------------===//

// Reads [from, from + bytes) with vector registers of type V, where `bytes` is
// a multiple of 1024: the or of everything, so that nothing can be skipped.
#define TERNARY_READ_BODY(V)                                                                       \
  const V *at = reinterpret_cast<const V *>(from);                                                 \
  const V *end = at + bytes / sizeof(V);                                                           \
  V a = {}, b = {}, c = {}, d = {};                                                                \
  for (; at != end; at += 4) {                                                                     \
    a |= at[0];                                                                                    \
    b |= at[1];                                                                                    \
    c |= at[2];                                                                                    \
    d |= at[3];                                                                                    \
  }                                                                                                \
  a |= b | c | d;                                                                                  \
  keep(a);

typedef uint64_t Vector128 __attribute__((vector_size(16)));
static void readPortable(const char *from, size_t bytes) { TERNARY_READ_BODY(Vector128) }

#if defined(__x86_64__)
typedef uint64_t Vector256 __attribute__((vector_size(32)));
__attribute__((target("avx2"))) static void readAVX2(const char *from, size_t bytes) {
  TERNARY_READ_BODY(Vector256)
}

typedef uint64_t Vector512 __attribute__((vector_size(64)));
__attribute__((target("avx512f"))) static void readAVX512(const char *from, size_t bytes) {
  TERNARY_READ_BODY(Vector512)
}
#endif

static auto selectRead() {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512f"))
    return readAVX512;
  if (__builtin_cpu_supports("avx2"))
    return readAVX2;
#endif
  return readPortable;
}

double bench::measureMemoryRead(int threads) {
  constexpr int64_t kMost = int64_t(1) << 30, kPasses = 6;
  constexpr int64_t kPage = int64_t(2) << 20; // a huge one
  int64_t wanted = std::min(kMost, runtime::availableMemoryBytes() / 4);
  int64_t share = std::max(wanted / threads / kPage, int64_t(1)) * kPage;
  size_t bytes = static_cast<size_t>(share * threads);
  void *mapping =
      mmap(nullptr, bytes + kPage, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (mapping == MAP_FAILED)
    runtime::fail("cannot measure memory: expected ", bytes, " free bytes");
  char *buffer = static_cast<char *>(mapping);
  buffer += (kPage - reinterpret_cast<uintptr_t>(buffer) % kPage) % kPage;
  madvise(buffer, bytes, MADV_HUGEPAGE);
  auto share_of = [&](int thread) { return buffer + thread * share; };
  timeThreads(threads, [&](int thread) { std::fill_n(share_of(thread), share, char(thread + 1)); });

  auto read = selectRead();
  double best = 0;
  for (int pass = 0; pass < kPasses; ++pass) {
    double seconds = timeThreads(
        threads, [&](int thread) { read(share_of(thread), static_cast<size_t>(share)); });
    best = std::max(best, static_cast<double>(bytes) / seconds * 1e-9);
  }
  munmap(mapping, bytes + kPage);
  return best;
}

//===----------------------------------------------------------------------===//
// Dot products
//===----------------------------------------------------------------------===//

// Each function computes products `steps` times, at least once, and returns how
// many these were.

static int64_t dotPortable(int64_t steps) {
  alignas(64) int8_t a[2048], b[2048];
  for (int i = 0; i < 2048; ++i) {
    a[i] = static_cast<int8_t>(i);
    b[i] = static_cast<int8_t>(3 * i);
  }
  int32_t sum = 0;
  for (int64_t step = 0; step < steps; ++step) {
    asm volatile("" : : "r"(a), "r"(b) : "memory"); // could have changed
    for (int i = 0; i < 2048; ++i)
      sum += a[i] * b[i];
  }
  keep(sum);
  return steps * 2048;
}

#if defined(__x86_64__)
// In assembly, since compilers move the accumulators about. There are 12 of
// them, named by \n: more than the instructions' latency times their number per
// clock, and few enough to leave some of 16 registers. What the registers hold
// does not matter.
#define TERNARY_DOT_LOOP(INSTRUCTIONS)                                                             \
  asm volatile("1:\n"                                                                              \
               ".irp n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11\n" INSTRUCTIONS ".endr\n"             \
               "dec %0\n"                                                                          \
               "jnz 1b\n"                                                                          \
               "vzeroupper\n"                                                                      \
               : "+r"(steps)                                                                       \
               :                                                                                   \
               : "cc", "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8",     \
                 "xmm9", "xmm10", "xmm11", "xmm12", "xmm13", "xmm14", "xmm15")

static int64_t dotAVX2(int64_t steps) {
  int64_t products = steps * 12 * 32;
  TERNARY_DOT_LOOP("vpmaddubsw %%ymm13, %%ymm12, %%ymm15\n"
                   "vpmaddwd %%ymm14, %%ymm15, %%ymm15\n"
                   "vpaddd %%ymm15, %%ymm\\n, %%ymm\\n\n");
  return products;
}

static int64_t dotAVXVNNI(int64_t steps) {
  int64_t products = steps * 12 * 32;
  TERNARY_DOT_LOOP("%{vex%} vpdpbusd %%ymm13, %%ymm12, %%ymm\\n\n");
  return products;
}

static int64_t dotAVX512VNNI(int64_t steps) {
  int64_t products = steps * 12 * 64;
  TERNARY_DOT_LOOP("vpdpbusd %%zmm13, %%zmm12, %%zmm\\n\n");
  return products;
}

/// Four sums in registers of matrices, 16 rows of 64 bytes each, by two factors on either side.
static int64_t dotAMX(int64_t steps) {
  struct alignas(64) {
    uint8_t palette = 1, start = 0, reserved[14] = {};
    uint16_t columnBytes[16] = {64, 64, 64, 64, 64, 64, 64, 64};
    uint8_t rows[16] = {16, 16, 16, 16, 16, 16, 16, 16};
  } configuration;
  int64_t products = steps * 4 * 16 * 16 * 64;
  asm volatile("ldtilecfg %1\n"
               ".irp n, 0, 1, 2, 3, 4, 5, 6, 7\n tilezero %%tmm\\n\n .endr\n"
               "1:\n"
               "tdpbsud %%tmm6, %%tmm4, %%tmm0\n"
               "tdpbsud %%tmm7, %%tmm4, %%tmm1\n"
               "tdpbsud %%tmm6, %%tmm5, %%tmm2\n"
               "tdpbsud %%tmm7, %%tmm5, %%tmm3\n"
               "dec %0\n"
               "jnz 1b\n"
               "tilerelease\n"
               : "+r"(steps)
               : "m"(configuration)
               : "cc", "memory");
  return products;
}
#endif

/// By the kernel that the machine can run best.
static auto selectDot() {
#if defined(__x86_64__)
  static const std::pair<std::string_view, int64_t (*)(int64_t)> dots[] = {
      {"amx-int8", dotAMX},
      {"avx512vnni", dotAVX512VNNI},
      {"avxvnni", dotAVXVNNI},
      {"avx2", dotAVX2},
  };
  for (auto [kernel, dot] : dots)
    if (kernel == runtime::bestKernel().name)
      return dot;
#endif
  return dotPortable;
}

double bench::measureInt8Peak(int threads) {
  constexpr int kPasses = 5;
  constexpr double kSeconds = 0.1;
  auto dot = selectDot();

  // How many steps take that long.
  int64_t steps = 1000;
  double seconds;
  while ((seconds = timeThreads(1, [&](int) { dot(steps); })) < kSeconds / 4)
    steps *= 2;
  steps = static_cast<int64_t>(static_cast<double>(steps) * kSeconds / seconds);

  double best = 0;
  for (int pass = 0; pass < kPasses; ++pass) {
    std::atomic<int64_t> products{0};
    seconds = timeThreads(threads, [&](int) { products += dot(steps); });
    best = std::max(best, static_cast<double>(products) / seconds * 1e-9);
  }
  return best;
}
