/*===- device.h - Where steps run, and their memory ----------------*- C -*-===*
 *
 * Part of the Ternary project, under the Apache License v2.0 with LLVM
 * Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * What session.c asks of the machine that a model's steps run on. A target links one file that
 * defines these functions into its objects: runtime/host_device.c for steps that are functions of
 * the processor that calls them, whose memory is the caller's. No other code touches the memory of
 * a device. Plain C99; in an object the names start with the model's prefix and are not exported.
 *
 *===----------------------------------------------------------------------===*/
#ifndef TERNARY_DEVICE_H
#define TERNARY_DEVICE_H

#include "ternary/abi.h"
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The weights of a model, where steps read them. */
typedef struct ternary_device_model ternary_device_model;
/* State and scratch memory of a session, and what runs its steps. */
typedef struct ternary_device_session ternary_device_session;

/* Whether this machine can run the model's steps: TERNARY_MACHINE_UNSUPPORTED or
 * TERNARY_KERNEL_REFUSED if not. Everything else is called only where it can. */
ternary_status ternary_device_check(void);

/* Brings the payload of the weight archive to where steps read it. The payload stays as it is until
 * the model is unloaded. `is_file` says that it lies in a mapping of a file; it may nevertheless if
 * that is 0. */
ternary_status ternary_device_load(const void *payload, int is_file, ternary_device_model **model);
/* Null is fine. */
void ternary_device_unload(ternary_device_model *model);

/* Allocates the state, all zero, and scratch memory for steps of up to `tokens` tokens. The caller
 * is one of the `threads`, if steps use them. */
ternary_status ternary_device_allocate(const ternary_device_model *model, int64_t tokens,
                                       int32_t threads, ternary_device_session **session);
/* Null is fine. */
void ternary_device_free(ternary_device_session *session);

/* Copies the state, descriptor.state_bytes, to and from memory of the host, or makes it all zero.
 * Each waits for the steps before; if it cannot be made zero, no step runs any more. */
ternary_status ternary_device_read_state(const ternary_device_session *session, void *to);
ternary_status ternary_device_write_state(ternary_device_session *session, const void *from);
void ternary_device_clear_state(ternary_device_session *session);

/* Starts a step over ids[batch, tokens], after the one that was started before, and moves its ids
 * and logits, which are memory of the host. `ids` may change as soon as this returns, logits are
 * there after ternary_device_wait. */
ternary_status ternary_device_run(ternary_device_session *session, ternary_step step,
                                  const int32_t *ids, int64_t tokens, int64_t logits_from,
                                  float *logits);

/* Waits until all steps have ended. */
ternary_status ternary_device_wait(ternary_device_session *session);

#ifdef __cplusplus
}
#endif

#endif /* TERNARY_DEVICE_H */
