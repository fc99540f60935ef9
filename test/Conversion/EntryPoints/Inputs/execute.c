/* Calls the entry points of execute.mlir as the runtime does and checks what comes out. */
#include "ternary/team.h"
#include <stdio.h>
#include <stdlib.h>

enum { BATCH = 2, TOKENS = 1000, VOCAB = 3 };

extern void toy_prefill(const ternary_step_arguments *arguments);
extern void toy_decode(const ternary_step_arguments *arguments);

#ifdef SEQUENTIAL
ternary_team *ternary_team_new(int32_t threads) {
  (void)threads;
  return NULL;
}
void ternary_team_free(ternary_team *team) { (void)team; }
#endif

typedef struct {
  int32_t *allocated, *aligned;
  int64_t offset, size, stride;
} memref_1d;

/* What stands between loops runs once, whatever the team. */
static int calls;
void _mlir_ciface_count_calls(memref_1d *out) { out->aligned[out->offset] = ++calls; }

static int expect(const char *what, double expected, double got) {
  if (expected != got)
    fprintf(stderr, "%s: expected %g, got %g\n", what, expected, got);
  return expected != got;
}

int main(int argc, char **argv) {
  ternary_step prefill = toy_prefill, decode = toy_decode;
  int threads = argc > 1 ? atoi(argv[1]) : 0, errors = 0;
  static int32_t ids[BATCH][TOKENS], workspace[TOKENS + 1], state[4];
  static float logits[BATCH][TOKENS][VOCAB];
  const int8_t weights[2] = {100, -7};
  ternary_team *team = threads ? ternary_team_new(threads) : NULL;
  for (int t = 0; t < TOKENS; ++t) {
    ids[0][t] = 10 * t;
    ids[1][t] = 10000 * t;
  }
  for (int from = 0; from <= TOKENS; from += TOKENS / 4) {
    int wanted = TOKENS - from;
    prefill(&(ternary_step_arguments){weights, workspace, state, &ids[0][0], TOKENS, from,
                                      &logits[0][0][0], team});
    for (int b = 0; b < BATCH; ++b)
      for (int t = 0; t < wanted; ++t)
        for (int k = 0; k < VOCAB; ++k)
          errors += expect("logit", 10010 * (TOKENS - 1 - t) - 7 + 3 * b + k,
                           (&logits[0][0][0])[(b * wanted + t) * VOCAB + k]);
    errors += expect("calls", from / (TOKENS / 4) + 1, state[2]);
  }
  decode(&(ternary_step_arguments){weights, workspace, state, &ids[0][1], 1, 0, 0, team});
  errors += expect("state", 20, state[1]);
  ternary_team_free(team);
  return errors != 0;
}
