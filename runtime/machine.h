/*===- machine.h - Whether this processor can run compiled code ----*- C -*-===*
 *
 * Part of the Ternary project, under the Apache License v2.0 with LLVM
 * Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 *===----------------------------------------------------------------------===*/
#ifndef TERNARY_RUNTIME_MACHINE_H
#define TERNARY_RUNTIME_MACHINE_H

#include "ternary/abi.h"

/* Whether the processor has all `features`, a list as in ternary_descriptor, and the system lets
 * `kernel` run: TERNARY_MACHINE_UNSUPPORTED or TERNARY_KERNEL_REFUSED if not. */
ternary_status ternary_machine_check(const char *features, const char *kernel);

#endif /* TERNARY_RUNTIME_MACHINE_H */
