/*===- machine.c - Whether this processor can run compiled code ----*- C -*-===*
 *
 * Part of the Ternary project, under the Apache License v2.0 with LLVM
 * Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 *===----------------------------------------------------------------------===*/

#include "machine.h"
#include "ternary/features.h"

/* Linux saves registers of matrices only for programs that ask for them. Code that uses them does
 * when it is loaded; here is seen whether they were given. */
static int may_run_kernel(const char *kernel) {
#if defined(__x86_64__)
  const char *amx = "amx-int8";
  long result = 158; /* arch_prctl */
  for (; *amx; ++amx, ++kernel)
    if (*kernel != *amx)
      return 1;
  __asm__ volatile("syscall"
                   : "+a"(result)
                   : "D"(0x1023L), "S"(18L) /* ARCH_REQ_XCOMP_PERM, XFEATURE_XTILEDATA */
                   : "rcx", "r11", "memory");
  return result == 0;
#else
  (void)kernel;
  return 1;
#endif
}

ternary_status ternary_machine_check(const char *features, const char *kernel) {
  const ternary_machine machine = ternary_ask_machine();
  size_t length;
  if (ternary_find_missing_feature(&machine, features, &length))
    return TERNARY_MACHINE_UNSUPPORTED;
  return may_run_kernel(kernel) ? TERNARY_OK : TERNARY_KERNEL_REFUSED;
}
