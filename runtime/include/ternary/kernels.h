/*===- kernels.h - Instruction sets that kernels are made for ------*- C -*-===*
 *
 * Part of the Ternary project, under the Apache License v2.0 with LLVM
 * Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * One table for the compiler, which chooses by what a processor has, and for those
 * who ask a machine what it could run best.
 *
 *===----------------------------------------------------------------------===*/
#ifndef TERNARY_KERNELS_H
#define TERNARY_KERNELS_H

/* KERNEL(name, architecture, features, permission), best first; the last one runs everywhere.
 *
 * name          value of --kernel and of ternary_descriptor::kernel
 * architecture  LLVM's name of it; "" if any will do
 * features      LLVM's names of what the processor has to have, separated by commas
 * permission    TILES: registers of matrices, which Linux gives to programs that ask; or NONE */
#define TERNARY_KERNELS(KERNEL)                                                                    \
  KERNEL("amx-int8", "x86_64", "avx512f,avx512bw,avx512vl,avx512vnni,amx-tile,amx-int8,f16c",      \
         TILES)                                                                                    \
  KERNEL("avx512vnni", "x86_64", "avx512f,avx512bw,avx512vl,avx512vnni,f16c", NONE)                \
  KERNEL("avxvnni", "x86_64", "avx2,avxvnni,f16c", NONE)                                           \
  KERNEL("avx2", "x86_64", "avx2,f16c", NONE)                                                      \
  KERNEL("portable", "", "", NONE)

#endif /* TERNARY_KERNELS_H */
