/*===- team.h - Threads that share the loops of a step -------------*- C -*-===*
 *
 * Part of the Ternary project, under the Apache License v2.0 with LLVM
 * Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * Compiled code calls this, with the caller's team or none. The functions are linked into every
 * object whose steps use threads. Plain C99.
 *
 *===----------------------------------------------------------------------===*/
#ifndef TERNARY_TEAM_H
#define TERNARY_TEAM_H

#include "ternary/abi.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The iterations [from, to) of a loop, which may run in any order and at the same time. */
typedef void (*ternary_loop)(void *context, int64_t from, int64_t to);

/* A team of the caller and `threads` - 1 threads of its own, which sleep while there is nothing to
 * do; null if they cannot be started. */
ternary_team *ternary_team_new(int32_t threads);

/* Ends the threads and waits for that. Null is allowed. */
void ternary_team_free(ternary_team *team);

/* Runs all iterations [0, count) of a loop and returns when they have ended: what they wrote is
 * seen by the caller, and by whatever the team runs next. The caller alone runs them if `team` is
 * null. The caller takes part in the work and waits for nobody who has not begun a part of it. */
void ternary_team_share(ternary_team *team, ternary_loop loop, void *context, int64_t count);

#ifdef __cplusplus
}
#endif

#endif /* TERNARY_TEAM_H */
