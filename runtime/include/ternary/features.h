/*===- features.h - Which instructions this machine has -----------*- C -*-===*
 *
 * Part of the Ternary project, under the Apache License v2.0 with LLVM
 * Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * One table for the compiler, which says what an object needs, and for all who
 * ask a machine before they run one. Names are LLVM's. Listed are the extensions
 * whose instructions a compiler chooses on its own for what models compute; those
 * that only an operating system or a cryptographic library would ask for are left
 * out, so that a virtual machine that hides one of them runs the model all the same.
 *
 * C99 without headers of a C library, since session.c is compiled for every
 * architecture. Everything here runs before it is known what the machine has.
 *
 *===----------------------------------------------------------------------===*/
#ifndef TERNARY_FEATURES_H
#define TERNARY_FEATURES_H

#include <stddef.h>
#include <stdint.h>

/* FEATURE(name, word, bit, registers): bit `bit` of `word` of what cpuid says (TERNARY_CPUID_...),
 * and the registers, by their bits in XCR0, that the system has to save as well. */
#define TERNARY_X86_64_FEATURES(FEATURE)                                                           \
  FEATURE("sse3", 1_ECX, 0, NONE)                                                                  \
  FEATURE("ssse3", 1_ECX, 9, NONE)                                                                 \
  FEATURE("fma", 1_ECX, 12, YMM)                                                                   \
  FEATURE("sse4.1", 1_ECX, 19, NONE)                                                               \
  FEATURE("sse4.2", 1_ECX, 20, NONE)                                                               \
  FEATURE("movbe", 1_ECX, 22, NONE)                                                                \
  FEATURE("popcnt", 1_ECX, 23, NONE)                                                               \
  FEATURE("avx", 1_ECX, 28, YMM)                                                                   \
  FEATURE("f16c", 1_ECX, 29, YMM)                                                                  \
  FEATURE("bmi", 7_EBX, 3, NONE)                                                                   \
  FEATURE("avx2", 7_EBX, 5, YMM)                                                                   \
  FEATURE("bmi2", 7_EBX, 8, NONE)                                                                  \
  FEATURE("avx512f", 7_EBX, 16, ZMM)                                                               \
  FEATURE("avx512dq", 7_EBX, 17, ZMM)                                                              \
  FEATURE("adx", 7_EBX, 19, NONE)                                                                  \
  FEATURE("avx512ifma", 7_EBX, 21, ZMM)                                                            \
  FEATURE("avx512cd", 7_EBX, 28, ZMM)                                                              \
  FEATURE("avx512bw", 7_EBX, 30, ZMM)                                                              \
  FEATURE("avx512vl", 7_EBX, 31, ZMM)                                                              \
  FEATURE("avx512vbmi", 7_ECX, 1, ZMM)                                                             \
  FEATURE("avx512vbmi2", 7_ECX, 6, ZMM)                                                            \
  FEATURE("gfni", 7_ECX, 8, NONE)                                                                  \
  FEATURE("avx512vnni", 7_ECX, 11, ZMM)                                                            \
  FEATURE("avx512bitalg", 7_ECX, 12, ZMM)                                                          \
  FEATURE("avx512vpopcntdq", 7_ECX, 14, ZMM)                                                       \
  FEATURE("avx512fp16", 7_EDX, 23, ZMM)                                                            \
  FEATURE("avxvnni", 71_EAX, 4, YMM)                                                               \
  FEATURE("avx512bf16", 71_EAX, 5, ZMM)                                                            \
  FEATURE("cmpccxadd", 71_EAX, 7, NONE)                                                            \
  FEATURE("avxifma", 71_EAX, 23, YMM)                                                              \
  FEATURE("avxvnniint8", 71_EDX, 4, YMM)                                                           \
  FEATURE("avxneconvert", 71_EDX, 5, YMM)                                                          \
  FEATURE("avxvnniint16", 71_EDX, 10, YMM)                                                         \
  FEATURE("avx10.1", AVX10, 1, ZMM)                                                                \
  FEATURE("avx10.2", AVX10, 2, ZMM)                                                                \
  FEATURE("ccmp", 71_EDX, 21, EGPR)                                                                \
  FEATURE("cf", 71_EDX, 21, EGPR)                                                                  \
  FEATURE("egpr", 71_EDX, 21, EGPR)                                                                \
  FEATURE("ndd", 71_EDX, 21, EGPR)                                                                 \
  FEATURE("nf", 71_EDX, 21, EGPR)                                                                  \
  FEATURE("ppx", 71_EDX, 21, EGPR)                                                                 \
  FEATURE("push2pop2", 71_EDX, 21, EGPR)                                                           \
  FEATURE("zu", 71_EDX, 21, EGPR)                                                                  \
  FEATURE("lzcnt", EXTENDED_ECX, 5, NONE)                                                          \
  FEATURE("sse4a", EXTENDED_ECX, 6, NONE)                                                          \
  FEATURE("xop", EXTENDED_ECX, 11, YMM)                                                            \
  FEATURE("fma4", EXTENDED_ECX, 16, YMM)                                                           \
  FEATURE("tbm", EXTENDED_ECX, 21, NONE)

/* FEATURE(name, word, bit): a bit of AT_HWCAP or AT_HWCAP2, by which Linux says what programs may
 * use. */
#define TERNARY_AARCH64_FEATURES(FEATURE)                                                          \
  FEATURE("crc", HWCAP, 7)                                                                         \
  FEATURE("lse", HWCAP, 8)                                                                         \
  FEATURE("fullfp16", HWCAP, 10)                                                                   \
  FEATURE("rdm", HWCAP, 12)                                                                        \
  FEATURE("jsconv", HWCAP, 13)                                                                     \
  FEATURE("complxnum", HWCAP, 14)                                                                  \
  FEATURE("rcpc", HWCAP, 15)                                                                       \
  FEATURE("sha3", HWCAP, 17)                                                                       \
  FEATURE("dotprod", HWCAP, 20)                                                                    \
  FEATURE("sve", HWCAP, 22)                                                                        \
  FEATURE("fp16fml", HWCAP, 23)                                                                    \
  FEATURE("lse2", HWCAP, 25)                                                                       \
  FEATURE("rcpc-immo", HWCAP, 26)                                                                  \
  FEATURE("flagm", HWCAP, 27)                                                                      \
  FEATURE("sve2", HWCAP2, 1)                                                                       \
  FEATURE("altnzcv", HWCAP2, 7)                                                                    \
  FEATURE("fptoint", HWCAP2, 8)                                                                    \
  FEATURE("i8mm", HWCAP2, 13)                                                                      \
  FEATURE("bf16", HWCAP2, 14)                                                                      \
  FEATURE("cssc", HWCAP2, 34)                                                                      \
  FEATURE("sve2p1", HWCAP2, 36)                                                                    \
  FEATURE("mops", HWCAP2, 43)

/* FEATURE(name, word, bit): a letter of AT_HWCAP, a bit of what riscv_hwprobe says of extensions,
 * or the binary logarithm of the bits in a vector register. */
#define TERNARY_RISCV64_FEATURES(FEATURE)                                                          \
  FEATURE("v", HWCAP, 21)                                                                          \
  FEATURE("zba", HWPROBE, 3)                                                                       \
  FEATURE("zbb", HWPROBE, 4)                                                                       \
  FEATURE("zbs", HWPROBE, 5)                                                                       \
  FEATURE("zbc", HWPROBE, 7)                                                                       \
  FEATURE("zbkb", HWPROBE, 8)                                                                      \
  FEATURE("zvbb", HWPROBE, 17)                                                                     \
  FEATURE("zvbc", HWPROBE, 18)                                                                     \
  FEATURE("zvkb", HWPROBE, 19)                                                                     \
  FEATURE("zfh", HWPROBE, 27)                                                                      \
  FEATURE("zfhmin", HWPROBE, 28)                                                                   \
  FEATURE("zvfh", HWPROBE, 30)                                                                     \
  FEATURE("zvfhmin", HWPROBE, 31)                                                                  \
  FEATURE("zfa", HWPROBE, 32)                                                                      \
  FEATURE("zacas", HWPROBE, 34)                                                                    \
  FEATURE("zicond", HWPROBE, 35)                                                                   \
  FEATURE("zvl256b", VECTOR, 8)                                                                    \
  FEATURE("zvl512b", VECTOR, 9)                                                                    \
  FEATURE("zvl1024b", VECTOR, 10)                                                                  \
  FEATURE("zvl2048b", VECTOR, 11)                                                                  \
  FEATURE("zvl4096b", VECTOR, 12)

typedef struct ternary_feature {
  char name[16]; /* no pointer, which would need a relocation */
  uint8_t word, bit;
  uint32_t registers;
} ternary_feature;

#if defined(__x86_64__)

#include <cpuid.h>

enum {
  TERNARY_CPUID_1_ECX,
  TERNARY_CPUID_7_EBX,
  TERNARY_CPUID_7_ECX,
  TERNARY_CPUID_7_EDX,
  TERNARY_CPUID_71_EAX,
  TERNARY_CPUID_71_EDX,
  TERNARY_CPUID_EXTENDED_ECX,
  TERNARY_CPUID_AVX10, /* bit n: version n and those before */
  TERNARY_MACHINE_WORDS
};
enum {
  TERNARY_SAVES_NONE = 0,
  TERNARY_SAVES_YMM = 0x6,
  TERNARY_SAVES_ZMM = 0xe6,
  TERNARY_SAVES_EGPR = 0x80000
};

#define TERNARY_FEATURE(name, word, bit, registers)                                                \
  {name, TERNARY_CPUID_##word, bit, TERNARY_SAVES_##registers},
#define TERNARY_FEATURES TERNARY_X86_64_FEATURES(TERNARY_FEATURE)

#elif defined(__aarch64__) || (defined(__riscv) && __riscv_xlen == 64)

#ifdef __cplusplus
extern "C"
#endif
    unsigned long getauxval(unsigned long type);

enum {
  TERNARY_WORD_HWCAP,
  TERNARY_WORD_HWCAP2,
  TERNARY_WORD_HWPROBE,
  TERNARY_WORD_VECTOR,
  TERNARY_MACHINE_WORDS
};

#define TERNARY_FEATURE(name, word, bit) {name, TERNARY_WORD_##word, bit, 0},
#if defined(__aarch64__)
#define TERNARY_FEATURES TERNARY_AARCH64_FEATURES(TERNARY_FEATURE)
#else
#define TERNARY_FEATURES TERNARY_RISCV64_FEATURES(TERNARY_FEATURE)
#endif

#else /* another architecture, of which nothing is known */

enum { TERNARY_MACHINE_WORDS = 1 };
#define TERNARY_FEATURES {"", 0, 0, 0},

#endif

/* What a machine says of itself. */
typedef struct ternary_machine {
  uint64_t words[TERNARY_MACHINE_WORDS];
  uint64_t known; /* bit n: words[n] could be asked for */
  uint32_t saved_registers;
} ternary_machine;

#if defined(__riscv) && __riscv_xlen == 64
/* The extensions by riscv_hwprobe's key 4, which Linux has from 6.4 on; 0: it has not. */
static inline int ternary_probe_riscv(uint64_t *extensions) {
  struct {
    int64_t key;
    uint64_t value;
  } pair = {4, 0};
  register long a0 __asm__("a0") = (long)(intptr_t)&pair;
  register long a1 __asm__("a1") = 1;
  register long a2 __asm__("a2") = 0;
  register long a3 __asm__("a3") = 0;
  register long a4 __asm__("a4") = 0;
  register long a7 __asm__("a7") = 258;
  __asm__ volatile("ecall" : "+r"(a0) : "r"(a1), "r"(a2), "r"(a3), "r"(a4), "r"(a7) : "memory");
  *extensions = pair.value;
  return a0 == 0 && pair.key == 4;
}
#endif

static inline ternary_machine ternary_ask_machine(void) {
  ternary_machine machine = {{0}, 0, 0};
#if defined(__x86_64__)
  uint32_t a, b, c, d;
  machine.known = ~(uint64_t)0;
  if (__get_cpuid(1, &a, &b, &c, &d)) {
    machine.words[TERNARY_CPUID_1_ECX] = c;
    if (c >> 27 & 1) /* the system uses XCR0 */
      __asm__ volatile("xgetbv" : "=a"(machine.saved_registers), "=d"(d) : "c"(0));
  }
  if (__get_cpuid_count(7, 0, &a, &b, &c, &d)) {
    machine.words[TERNARY_CPUID_7_EBX] = b;
    machine.words[TERNARY_CPUID_7_ECX] = c;
    machine.words[TERNARY_CPUID_7_EDX] = d;
    if (a >= 1 && __get_cpuid_count(7, 1, &a, &b, &c, &d)) {
      machine.words[TERNARY_CPUID_71_EAX] = a;
      machine.words[TERNARY_CPUID_71_EDX] = d;
    }
  }
  if ((machine.words[TERNARY_CPUID_71_EDX] >> 19 & 1) && __get_cpuid_count(0x24, 0, &a, &b, &c, &d))
    machine.words[TERNARY_CPUID_AVX10] = ((uint64_t)2 << (b & 0x1f)) - 1;
  if (__get_cpuid(0x80000001, &a, &b, &c, &d))
    machine.words[TERNARY_CPUID_EXTENDED_ECX] = c;
#elif defined(__aarch64__)
  machine.words[TERNARY_WORD_HWCAP] = getauxval(16);  /* AT_HWCAP */
  machine.words[TERNARY_WORD_HWCAP2] = getauxval(26); /* AT_HWCAP2 */
  machine.known = 1u << TERNARY_WORD_HWCAP | 1u << TERNARY_WORD_HWCAP2;
#elif defined(__riscv) && __riscv_xlen == 64
  uint64_t vector_bytes;
  machine.words[TERNARY_WORD_HWCAP] = getauxval(16);
  machine.known = 1u << TERNARY_WORD_HWCAP | 1u << TERNARY_WORD_VECTOR;
  if (ternary_probe_riscv(&machine.words[TERNARY_WORD_HWPROBE]))
    machine.known |= 1u << TERNARY_WORD_HWPROBE;
  if (machine.words[TERNARY_WORD_HWCAP] >> 21 & 1) {
    __asm__ volatile("csrr %0, 0xc22" : "=r"(vector_bytes)); /* vlenb, a power of two */
    machine.words[TERNARY_WORD_VECTOR] = vector_bytes * 16 - 1;
  }
#endif
  return machine;
}

/* The first of `features`, a list separated by commas, that the machine lacks, and its length;
 * null if it lacks none. What it cannot be asked for is taken to be there. */
static inline const char *ternary_find_missing_feature(const ternary_machine *machine,
                                                       const char *features, size_t *length) {
  static const ternary_feature table[] = {TERNARY_FEATURES};
  while (features && *features) {
    size_t count = 0;
    while (features[count] && features[count] != ',')
      ++count;
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); ++i) {
      const ternary_feature *feature = &table[i];
      size_t same = 0;
      while (same < count && same < sizeof(feature->name) && feature->name[same] == features[same])
        ++same;
      if (same < count || feature->name[same] || !(machine->known >> feature->word & 1))
        continue;
      if ((machine->words[feature->word] >> feature->bit & 1) &&
          (machine->saved_registers & feature->registers) == feature->registers)
        continue;
      *length = count;
      return features;
    }
    features += count + (features[count] == ',');
  }
  return NULL;
}

#endif /* TERNARY_FEATURES_H */
