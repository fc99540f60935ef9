/*===- generate.c - Text from a compiled model --------------------*- C -*-===*
 *
 * Part of the Ternary project, under the Apache License v2.0 with LLVM
 * Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * See README.md. Usage: generate [TOKENS [SEED]]
 *
 *===----------------------------------------------------------------------===*/

#include "shakespeare.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* A token with the probability that its logit gives it: the one whose logit is
 * the largest after noise of the Gumbel distribution is added to each of them.
 */
static int32_t sample(const float *logits, int64_t vocab) {
  double most = -INFINITY;
  int32_t best = 0;
  for (int32_t id = 0; id < vocab; ++id) {
    double uniform = (rand() + 1.0) / (RAND_MAX + 2.0);
    double noisy = logits[id] - log(-log(uniform));
    if (noisy > most) {
      most = noisy;
      best = id;
    }
  }
  return best;
}

int main(int argc, char **argv) {
  const shakespeare_descriptor *info = shakespeare_info();
  shakespeare_model *model = NULL;
  shakespeare_session *session = NULL;
  int32_t id = (int32_t)info->bos_id;
  float *logits = malloc(sizeof(float) * (size_t)info->vocab);
  shakespeare_status status = shakespeare_open(NULL, &model);
  if (status == SHAKESPEARE_OK)
    status = shakespeare_session_new(model, 1, &session);

  srand(argc > 2 ? (unsigned)atoi(argv[2]) : 1);
  for (int left = argc > 1 ? atoi(argv[1]) : 200;
       left > 0 && status == SHAKESPEARE_OK && !shakespeare_ends_text(info, id); --left) {
    status = shakespeare_decode(session, &id, logits);
    if (status == SHAKESPEARE_OK) {
      size_t length = 0;
      id = sample(logits, info->vocab);
      const char *text = shakespeare_token_text(id, &length);
      fwrite(text, 1, length, stdout);
      fflush(stdout);
    }
  }
  putchar('\n');

  if (status != SHAKESPEARE_OK)
    fprintf(stderr, "generate: error: %s\n", shakespeare_error_string(status));
  shakespeare_session_free(session);
  shakespeare_close(model);
  free(logits);
  return status == SHAKESPEARE_OK ? EXIT_SUCCESS : EXIT_FAILURE;
}
