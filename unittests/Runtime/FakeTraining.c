/*===- FakeTraining.c - A compiled training object by hand --------*- C -*-===*
 *
 * Part of the Ternary project, under the Apache License v2.0 with LLVM
 * Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * Stands in for what the compiler emits, to test ternary-train: a bigram model,
 * logits = bias + table[id], with the exact gradient of its cross-entropy, and
 * AdamW as training.h has it. Variables of the environment make the N-th gradient
 * of the process, from 1, go wrong:
 *
 *   FAKE_NAN_AT=N     it and the loss are NaN; with FAKE_NAN_HIDES, it alone
 *   FAKE_SIGNAL_AT=N  it raises the signal FAKE_SIGNAL, FAKE_SIGNAL_TIMES times
 *
 *===----------------------------------------------------------------------===*/

#include "ternary/archive_format.h"
#include "ternary/crc32.h"
#include "ternary/training.h"

#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#ifdef FAKE_TOKENIZER
__asm__(".section .rodata\n"
        ".balign 64\n"
        "fake_tokenizer:\n"
        ".incbin \"" FAKE_TOKENIZER "\"\n"
        "fake_tokenizer_end:\n"
        ".previous\n");
extern const char fake_tokenizer[] __attribute__((visibility("hidden")));
extern const char fake_tokenizer_end[] __attribute__((visibility("hidden")));
#endif

#ifndef FAKE_VOCAB
#define FAKE_VOCAB 256
#endif
#ifndef FAKE_BATCH
#define FAKE_BATCH 2
#endif
#ifndef FAKE_MAX_TOKENS
#define FAKE_MAX_TOKENS 0
#endif
#ifndef FAKE_NAME
#define FAKE_NAME "bigram"
#endif

/* There are floats before and after the table that belong to no parameter. */
enum {
  VOCAB = FAKE_VOCAB,
  BATCH = FAKE_BATCH,
  TABLE = (VOCAB + 15) / 16 * 16 + 16,
  FLOATS = (TABLE + VOCAB * VOCAB + 15) / 16 * 16 + 16
};

static const int64_t bias_shape[] = {VOCAB}, table_shape[] = {VOCAB, VOCAB};
static const ternary_parameter parameters[] = {
    {"model.bias", bias_shape, 1, 0, VOCAB, 0, 0},
    {"model.table.weight", table_shape, 2, TABLE, (uint64_t)VOCAB * VOCAB, 1, 0},
};

/*===----------------------------------------------------------------------===*
 * Steps
 *===----------------------------------------------------------------------===*/

static void check_alignment(const void *a, const void *b, const void *c) {
  if (((uintptr_t)a | (uintptr_t)b | (uintptr_t)c) % 64 != 0)
    abort();
}

/* Adds scale times the gradient, if `gradients` is not null; the workspace holds
 * one row of logits. */
static float run(const float *block, float *gradients, float *row, const int32_t *ids,
                 const int32_t *targets, int64_t tokens, float scale) {
  const float *bias = block, *table = block + TABLE;
  int64_t count = 0;
  double loss = 0;
  for (int64_t i = 0; i < BATCH * tokens; ++i)
    count += targets[i] >= 0;
  for (int64_t i = 0; i < BATCH * tokens; ++i) {
    double sum = 0, largest = -INFINITY;
    if (ids[i] < 0 || ids[i] >= VOCAB || targets[i] >= VOCAB)
      abort();
    if (targets[i] < 0)
      continue;
    for (int v = 0; v < VOCAB; ++v) {
      row[v] = bias[v] + table[(int64_t)ids[i] * VOCAB + v];
      largest = fmax(largest, row[v]);
    }
    for (int v = 0; v < VOCAB; ++v)
      sum += exp(row[v] - largest);
    loss += (log(sum) + largest - row[targets[i]]) / (double)count;
    for (int v = 0; gradients && v < VOCAB; ++v) {
      double d = (exp(row[v] - largest) / sum - (v == targets[i])) / (double)count;
      gradients[v] += (float)(scale * d);
      gradients[TABLE + (int64_t)ids[i] * VOCAB + v] += (float)(scale * d);
    }
  }
  return (float)loss;
}

static int environment(const char *name) {
  const char *value = getenv(name);
  return value ? atoi(value) : 0;
}

static float gradient(const float *block, float *gradients, void *workspace, const int32_t *ids,
                      const int32_t *targets, int64_t tokens, float scale, int32_t threads) {
  static int calls = 0;
  (void)threads;
  check_alignment(block, gradients, workspace);
  memset(workspace, 0x55, (size_t)(VOCAB * 4 + 8 * ((tokens + 15) / 16 * 16)));
  float loss = run(block, gradients, workspace, ids, targets, tokens, scale);
  ++calls;
  if (calls == environment("FAKE_NAN_AT")) {
    gradients[TABLE + 5] = NAN;
    if (!getenv("FAKE_NAN_HIDES"))
      loss = NAN;
  }
  if (calls == environment("FAKE_SIGNAL_AT"))
    for (int i = 0; i < environment("FAKE_SIGNAL_TIMES"); ++i)
      raise(environment("FAKE_SIGNAL"));
  return loss;
}

static float loss(const float *block, void *workspace, const int32_t *ids, const int32_t *targets,
                  int64_t tokens, int32_t threads) {
  (void)threads;
  check_alignment(block, workspace, workspace);
  memset(workspace, 0x55, (size_t)(2 * VOCAB * 4));
  return run(block, NULL, workspace, ids, targets, tokens, 0);
}

static float rate_of(const ternary_optimizer *o, int64_t step) {
  double s = (double)step, warmup = (double)o->warmup_steps, total = (double)o->total_steps;
  double t = warmup >= total ? 1 : fmax(0, fmin(1, (s - warmup) / (total - warmup)));
  double peak =
      o->learning_rate *
      (o->final_fraction + (1 - o->final_fraction) * (1 + cos(3.14159265358979323846 * t)) / 2);
  double warm = o->warmup_steps ? fmin(1, (s + 1) / warmup) : 1;
  return (float)(peak * warm * (o->halve_at >= 0 && step >= o->halve_at ? 0.5 : 1));
}

static void update(float *block, const float *gradients, float *first, float *second,
                   const ternary_optimizer *o, int64_t step, ternary_update_report *report,
                   int32_t threads) {
  double squares = 0, rate = rate_of(o, step);
  (void)threads;
  check_alignment(block, gradients, first);
  check_alignment(second, second, second);
  for (int64_t i = 0; i < FLOATS; ++i)
    squares += (double)gradients[i] * gradients[i];
  double norm = sqrt(squares);
  double clip = o->clip_norm > 0 ? fmin(1, o->clip_norm / (norm + 1e-6)) : 1;
  double correction1 = 1 - pow(o->beta1, (double)(step + 1));
  double correction2 = 1 - pow(o->beta2, (double)(step + 1));
  for (int p = 0; p < 2; ++p)
    for (uint64_t i = parameters[p].offset; i < parameters[p].offset + parameters[p].count; ++i) {
      double g = clip * gradients[i];
      double decayed = block[i] * (1 - (parameters[p].decays ? rate * o->weight_decay : 0));
      first[i] = (float)(o->beta1 * first[i] + (1 - o->beta1) * g);
      second[i] = (float)(o->beta2 * second[i] + (1 - o->beta2) * g * g);
      block[i] = (float)(decayed - rate * (first[i] / correction1) /
                                       (sqrt(second[i] / correction2) + o->epsilon));
    }
  report->learning_rate = (float)rate;
  report->gradient_norm = (float)norm;
}

/*===----------------------------------------------------------------------===*
 * Descriptor
 *===----------------------------------------------------------------------===*/

#define HEADER "{\"tensors\":[]}"

static struct {
  char magic[8];
  uint32_t version, header_crc32;
  uint64_t header_bytes, payload_offset, payload_bytes;
  uint32_t payload_crc32;
  char reserved[20];
  char header[4096 - 64];
  float payload[FLOATS];
} archive __attribute__((aligned(4096))) = {{'T', 'E', 'R', 'N', 'A', 'R', 'Y', 'W'},
                                            TERNARY_ARCHIVE_VERSION,
                                            0,
                                            sizeof(HEADER) - 1,
                                            4096,
                                            FLOATS * 4,
                                            0,
                                            {0},
                                            HEADER,
                                            {0}};

static const char config[] = "{\"model_type\": \"bigram\", \"vocab_size\": 256}\n";

/* Not const, so that what follows can fill it in. */
ternary_training_descriptor ternary_training_descriptor_instance = {
    .abi_version = TERNARY_TRAINING_ABI_VERSION,
    .descriptor_bytes = sizeof(ternary_training_descriptor),
    .name = FAKE_NAME,
    .model_type = "bigram",
    .target = "reference",
    .triple = "unknown",
    .cpu = "generic",
    .kernel = "portable",
    .batch = BATCH,
    .max_tokens = FAKE_MAX_TOKENS,
    .vocab = VOCAB,
#ifdef FAKE_TOKENIZER
    .bos_id = 1,
    .eos_id = 2,
    .tokenizer = fake_tokenizer,
#else
    .bos_id = -1,
    .eos_id = -1,
#endif
    .parameters = parameters,
    .parameter_count = 2,
    .block_floats = FLOATS,
    .gradient_workspace = {VOCAB * 4, 8},
    .loss_workspace = {2 * VOCAB * 4, 0},
#ifndef FAKE_EXTERNAL
    .archive = &archive,
#endif
    .archive_bytes = sizeof(archive),
    .archive_file = "bigram.weights",
    .config_json = config,
    .config_json_bytes = sizeof(config) - 1,
    .gradient = gradient,
    .loss = loss,
    .update = update,
};

__attribute__((constructor)) static void complete(void) {
  static ternary_crc32_tables tables;
  ternary_training_descriptor *info = &ternary_training_descriptor_instance;
  uint32_t state = 1;
  for (int p = 0; p < 2; ++p)
    for (uint64_t i = 0; i < parameters[p].count; ++i) {
      state = state * 1664525u + 1013904223u;
      archive.payload[parameters[p].offset + i] = (float)(state >> 16) / 65536.0f - 0.5f;
    }
  ternary_crc32_build(&tables);
  archive.header_crc32 = ternary_crc32_update(&tables, 0, HEADER, sizeof(HEADER) - 1);
  archive.payload_crc32 =
      ternary_crc32_update(&tables, 0, archive.payload, sizeof(archive.payload));
  info->archive_header_crc32 = archive.header_crc32;
#ifdef FAKE_TOKENIZER
  info->tokenizer_bytes = (uint64_t)(fake_tokenizer_end - fake_tokenizer);
#endif
}
