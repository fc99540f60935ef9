/*===- FakeModel.c - A compiled model by hand ---------------------*- C -*-===*
 *
 * Part of the Ternary project, under the Apache License v2.0 with LLVM
 * Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * Stands in for what the compiler emits, to test the session code and the
 * tools. Its logits are a hash of all ids so far and of the weights.
 *
 *===----------------------------------------------------------------------===*/

#include "FakeModel.h"
#include "ternary/archive_format.h"

/* The shared object for the tools has a real tokenizer, FAKE_TOKENIZER. */
#ifdef FAKE_TOKENIZER
__asm__(".section .rodata\n"
        ".balign 64\n"
        "fake_tokenizer:\n"
        ".incbin \"" FAKE_TOKENIZER "\"\n"
        "fake_tokenizer_end:\n"
        ".previous\n");
extern const char fake_tokenizer[] __attribute__((visibility("hidden")));
extern const char fake_tokenizer_end[] __attribute__((visibility("hidden")));
#define VOCAB 1024
#else
#define VOCAB 6
#endif

#ifndef FAKE_KERNEL
#define FAKE_KERNEL "portable"
#endif

#define HEADER_CRC32 0x211f6654u
#define PAYLOAD_CRC32 0xadec207eu
#define HEADER "{\"tensors\":[{\"name\":\"w\",\"type\":\"i8\",\"offset\":0,\"bytes\":64}]}"
#define PAYLOAD "the quick brown fox jumps over the lazy dog, then it rests well"

static const struct {
  char magic[8];
  uint32_t version, header_crc32;
  uint64_t header_bytes, payload_offset, payload_bytes;
  uint32_t payload_crc32;
  char reserved[20];
  char header[4096 - 64];
  char payload[64];
} archive __attribute__((aligned(4096))) = {{'T', 'E', 'R', 'N', 'A', 'R', 'Y', 'W'},
                                            TERNARY_ARCHIVE_VERSION,
                                            HEADER_CRC32,
                                            sizeof(HEADER) - 1,
                                            4096,
                                            64,
                                            PAYLOAD_CRC32,
                                            {0},
                                            HEADER,
                                            PAYLOAD};

fake_log fake_model_log;

#ifndef FAKE_TOKENIZER
static const char piece_text[] = "a\xc3\xa4"
                                 "bc";
static const uint32_t piece_offset[] = {0, 0, 0, 1, 3, 4, 5};
#endif

static void prefill(const ternary_step_arguments *arguments);
static void decode(const ternary_step_arguments *arguments);

static const int64_t eos_ids[] = {2};

/* Not const here, so that tests can change it. */
ternary_descriptor ternary_descriptor_instance = {
    .abi_version = TERNARY_ABI_VERSION,
    .descriptor_bytes = sizeof(ternary_descriptor),
    .name = "fake",
    .model_type = "hash",
    .target = "reference",
    .triple = "unknown",
    .cpu = "generic",
    .kernel = FAKE_KERNEL,
    .batch = 1,
    .vocab = VOCAB,
    .hidden = 1,
    .layers = 1,
#ifdef FAKE_MAX_TOKENS
    .max_tokens = FAKE_MAX_TOKENS,
#endif
    .bos_id = 1,
    .eos_id = 2,
    .eos_ids = eos_ids,
    .eos_id_count = sizeof(eos_ids) / sizeof(*eos_ids),
    .state_bytes = sizeof(uint64_t),
    .position_offset = -1,
    .workspace_fixed_bytes = 64,
    .workspace_bytes_per_token = 8,
    .prefill_chunk = 16,
#ifndef FAKE_EXTERNAL
    .archive = &archive,
#endif
    .archive_bytes = sizeof(archive),
    .archive_file = "fake.weights",
    .archive_header_crc32 = HEADER_CRC32,
    .threads = 1,
    .packed_weight_bytes = 64,
    .weight_bytes_per_token = 64,
    .macs_per_token = 256,
    .macs_per_logits = 64,
#ifdef FAKE_TOKENIZER
    .tokenizer = fake_tokenizer,
#else
    .piece_text = piece_text,
    .piece_offset = piece_offset,
#endif
    .prefill = prefill,
    .decode = decode,
    .payload_bytes = sizeof(archive.payload),
    .token_block = TERNARY_TOKEN_BLOCK,
#ifdef FAKE_FEATURES
    .features = FAKE_FEATURES,
#endif
};

#ifdef FAKE_TOKENIZER
__attribute__((constructor)) static void measure_tokenizer(void) {
  ternary_descriptor_instance.tokenizer_bytes = (uint64_t)(fake_tokenizer_end - fake_tokenizer);
}
#endif

ternary_descriptor *fake_model_descriptor(void) { return &ternary_descriptor_instance; }

const void *fake_model_archive(size_t *bytes) {
  *bytes = sizeof(archive);
  return &archive;
}

uint64_t fake_model_hash(uint64_t hash, const void *weights, int32_t id) {
  const uint8_t *w = (const uint8_t *)weights;
  return (hash + (uint64_t)id + 1 + w[hash % 64]) * 0x9e3779b97f4a7c15u;
}

float fake_model_logit(uint64_t hash, int64_t token) {
  uint64_t mixed = (hash ^ (uint64_t)token) * 0xbf58476d1ce4e5b9u;
  return (float)(mixed >> 48) / 8192.0f - 4.0f;
}

static void step(const ternary_step_arguments *arguments) {
  const void *weights = arguments->weights;
  void *workspace = arguments->workspace, *state = arguments->state;
  const int32_t *ids = arguments->ids;
  int64_t tokens = arguments->tokens, logits_from = arguments->logits_from;
  float *logits = arguments->logits;
  const ternary_descriptor *info = &ternary_descriptor_instance;
  uint64_t *hashes = (uint64_t *)state;
  int64_t rows = tokens - logits_from;
  uint8_t *scratch = (uint8_t *)workspace;
  int64_t scratch_bytes =
      info->workspace_fixed_bytes +
      info->workspace_bytes_per_token *
          ((tokens + TERNARY_TOKEN_BLOCK - 1) / TERNARY_TOKEN_BLOCK * TERNARY_TOKEN_BLOCK);

  if (((uintptr_t)weights | (uintptr_t)workspace | (uintptr_t)state) % 64 != 0)
    fake_model_log.misaligned = 1;
  if (tokens > fake_model_log.longest)
    fake_model_log.longest = tokens;
  fake_model_log.logits_rows += rows;
  fake_model_log.teams += arguments->team != NULL;
  for (int64_t i = 0; i < scratch_bytes; ++i)
    scratch[i] = (uint8_t)tokens;

  for (int64_t b = 0; b < info->batch; ++b)
    for (int64_t t = 0; t < tokens; ++t) {
      hashes[b] = fake_model_hash(hashes[b], weights, ids[b * tokens + t]);
      if (t < logits_from)
        continue;
      for (int64_t v = 0; v < info->vocab; ++v)
        logits[(b * rows + t - logits_from) * info->vocab + v] = fake_model_logit(hashes[b], v);
    }
}

static void prefill(const ternary_step_arguments *arguments) {
  ++fake_model_log.prefills;
  step(arguments);
}

static void decode(const ternary_step_arguments *arguments) {
  ++fake_model_log.decodes;
  step(arguments);
}
