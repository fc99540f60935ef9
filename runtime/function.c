/*===- function.c - What functions of no model ask the machine -----*- C -*-===*
 *
 * Part of the Ternary project, under the Apache License v2.0 with LLVM
 * Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 *===----------------------------------------------------------------------===*/

#include "machine.h"

/* Of the code that this is linked into, by the compiler. */
extern const char ternary_function_features[], ternary_function_kernel[];

/* The status of the machine. Asking takes longer than a small function does, so it is kept. */
int32_t ternary_function_check(void) {
  static int32_t known = -1;
  int32_t status = __atomic_load_n(&known, __ATOMIC_RELAXED);
  if (status < 0) {
    status = (int32_t)ternary_machine_check(ternary_function_features, ternary_function_kernel);
    __atomic_store_n(&known, status, __ATOMIC_RELAXED);
  }
  return status;
}
