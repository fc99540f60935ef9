/*===- selftest.h - What a model proves itself with ---------------*- C -*-===*
 *
 * Part of the Ternary project, under the Apache License v2.0 with LLVM
 * Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * The compiler runs the reference lowering of a model on these ids and puts the
 * checksum of the logits into the descriptor; a machine that runs the model has
 * to arrive at the same.
 *
 *===----------------------------------------------------------------------===*/
#ifndef TERNARY_SELFTEST_H
#define TERNARY_SELFTEST_H

#include "ternary/splitmix64.h"

/* Token `t` of sequence `b` of the test: a mixture of bits (splitmix64), so that ids are
 * the same on every machine and scattered over the vocabulary. */
static inline int32_t ternary_self_test_id(int64_t batch, int64_t vocab, int64_t b, int64_t t) {
  return (int32_t)(ternary_splitmix64(0, (uint64_t)(t * batch + b)) % (uint64_t)vocab);
}

#endif /* TERNARY_SELFTEST_H */
