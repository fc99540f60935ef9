/*===- FakeModel.h - A compiled model by hand ---------------------*- C -*-===*
 *
 * Part of the Ternary project, under the Apache License v2.0 with LLVM
 * Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 *===----------------------------------------------------------------------===*/
#ifndef TERNARY_UNITTESTS_FAKEMODEL_H
#define TERNARY_UNITTESTS_FAKEMODEL_H

#include "ternary/abi.h"

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What its steps were asked to do. */
typedef struct fake_log {
  int prefills, decodes, misaligned;
  int64_t longest;     /* most tokens in a step */
  int64_t logits_rows; /* how many positions had logits */
  int64_t teams;       /* steps that had one */
} fake_log;
extern fake_log fake_model_log;

/* The descriptor, which tests may change. */
ternary_descriptor *fake_model_descriptor(void);

/* The archive inside, which has 64 bytes of payload at the end. */
const void *fake_model_archive(size_t *bytes);

/* What the model computes: after a sequence with this hash comes a token with
 * the hash below, and the logits are these. The hash of the empty sequence is
 * zero. */
uint64_t fake_model_hash(uint64_t hash, const void *weights, int32_t id);
float fake_model_logit(uint64_t hash, int64_t token);

#ifdef __cplusplus
}
#endif

#endif /* TERNARY_UNITTESTS_FAKEMODEL_H */
