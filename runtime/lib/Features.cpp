//===- Features.cpp - Does this machine have what a model uses? -----------===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Known are the extensions whose instructions a compiler chooses on its own for
// what models compute. Those that only an operating system or a cryptographic
// library would ask for are left out: a virtual machine that hides one of them
// runs the model all the same.
//
//===----------------------------------------------------------------------===//

#include "ternary/Runtime/Machine.h"

#include <optional>
#include <sstream>
#include <string_view>
#if defined(__x86_64__)
#include <cpuid.h>
#endif

using namespace ternary::runtime;

#if defined(__x86_64__)

namespace {

/// What cpuid says about extensions.
enum Word { k1ECX, k7EBX, k7ECX, k7EDX, k71EAX, k71EDX, kExtendedECX, kWords };

/// Registers that the system has to save as well, by their bits in XCR0.
enum Registers : unsigned { kOld = 0, kYmm = 0x6, kZmm = 0xe6, kEgpr = 0x80000 };

struct Feature {
  std::string_view name; // LLVM's
  Word word;
  int bit;
  Registers registers;
};

constexpr Feature kFeatures[] = {
    {"sse3", k1ECX, 0, kOld},
    {"ssse3", k1ECX, 9, kOld},
    {"fma", k1ECX, 12, kYmm},
    {"sse4.1", k1ECX, 19, kOld},
    {"sse4.2", k1ECX, 20, kOld},
    {"movbe", k1ECX, 22, kOld},
    {"popcnt", k1ECX, 23, kOld},
    {"avx", k1ECX, 28, kYmm},
    {"f16c", k1ECX, 29, kYmm},
    {"bmi", k7EBX, 3, kOld},
    {"avx2", k7EBX, 5, kYmm},
    {"bmi2", k7EBX, 8, kOld},
    {"avx512f", k7EBX, 16, kZmm},
    {"avx512dq", k7EBX, 17, kZmm},
    {"adx", k7EBX, 19, kOld},
    {"avx512ifma", k7EBX, 21, kZmm},
    {"avx512cd", k7EBX, 28, kZmm},
    {"avx512bw", k7EBX, 30, kZmm},
    {"avx512vl", k7EBX, 31, kZmm},
    {"avx512vbmi", k7ECX, 1, kZmm},
    {"avx512vbmi2", k7ECX, 6, kZmm},
    {"gfni", k7ECX, 8, kOld},
    {"avx512vnni", k7ECX, 11, kZmm},
    {"avx512bitalg", k7ECX, 12, kZmm},
    {"avx512vpopcntdq", k7ECX, 14, kZmm},
    {"avx512fp16", k7EDX, 23, kZmm},
    {"avxvnni", k71EAX, 4, kYmm},
    {"avx512bf16", k71EAX, 5, kZmm},
    {"cmpccxadd", k71EAX, 7, kOld},
    {"avxifma", k71EAX, 23, kYmm},
    {"avxvnniint8", k71EDX, 4, kYmm},
    {"avxneconvert", k71EDX, 5, kYmm},
    {"avxvnniint16", k71EDX, 10, kYmm},
    {"avx10.1", k71EDX, 19, kZmm},
    {"avx10.2", k71EDX, 19, kZmm},
    {"ccmp", k71EDX, 21, kEgpr},
    {"cf", k71EDX, 21, kEgpr},
    {"egpr", k71EDX, 21, kEgpr},
    {"ndd", k71EDX, 21, kEgpr},
    {"nf", k71EDX, 21, kEgpr},
    {"ppx", k71EDX, 21, kEgpr},
    {"push2pop2", k71EDX, 21, kEgpr},
    {"zu", k71EDX, 21, kEgpr},
    {"lzcnt", kExtendedECX, 5, kOld},
    {"sse4a", kExtendedECX, 6, kOld},
    {"xop", kExtendedECX, 11, kYmm},
    {"fma4", kExtendedECX, 16, kYmm},
    {"tbm", kExtendedECX, 21, kOld},
};

struct Processor {
  unsigned words[kWords] = {};
  unsigned savedRegisters = 0;
  unsigned avx10Version = 0;

  Processor() {
    unsigned eax, ebx, ecx, edx;
    if (__get_cpuid(1, &eax, &ebx, &ecx, &edx)) {
      words[k1ECX] = ecx;
      if (ecx >> 27 & 1) { // the system uses XCR0
        unsigned high;
        asm volatile("xgetbv" : "=a"(savedRegisters), "=d"(high) : "c"(0));
      }
    }
    if (__get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx)) {
      words[k7EBX] = ebx;
      words[k7ECX] = ecx;
      words[k7EDX] = edx;
      if (eax >= 1 && __get_cpuid_count(7, 1, &eax, &ebx, &ecx, &edx)) {
        words[k71EAX] = eax;
        words[k71EDX] = edx;
      }
    }
    if (__get_cpuid_count(0x24, 0, &eax, &ebx, &ecx, &edx))
      avx10Version = ebx & 0xff;
    if (__get_cpuid(0x80000001, &eax, &ebx, &ecx, &edx))
      words[kExtendedECX] = ecx;
  }

  bool has(const Feature &feature) const {
    return (words[feature.word] >> feature.bit & 1) &&
           (savedRegisters & feature.registers) == feature.registers &&
           (feature.name != "avx10.2" || avx10Version >= 2);
  }
};

} // namespace

static std::optional<bool> hasFeature(std::string_view name) {
  static const Processor processor;
  for (const Feature &feature : kFeatures)
    if (feature.name == name)
      return processor.has(feature);
  return std::nullopt;
}

#else

static std::optional<bool> hasFeature(std::string_view) { return std::nullopt; }

#endif

std::vector<std::string> ternary::runtime::missingFeatures(const char *features) {
  std::istringstream list(features ? features : "");
  std::vector<std::string> missing;
  for (std::string name; std::getline(list, name, ',');)
    if (!hasFeature(name).value_or(true))
      missing.push_back(name);
  return missing;
}
