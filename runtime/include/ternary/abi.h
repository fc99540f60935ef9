/*===- abi.h - What a compiled model exports ----------------------*- C -*-===*
 *
 * Part of the Ternary project, under the Apache License v2.0 with LLVM
 * Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * The compiler emits one constant of type `ternary_descriptor`, named
 * `ternary_descriptor_instance`, into every object. The session functions of
 * session.c, linked into the same object, are written against it, and so is
 * everything that loads a model at run time. Plain C99, no includes beyond
 * <stdint.h>.
 *
 *===----------------------------------------------------------------------===*/
#ifndef TERNARY_ABI_H
#define TERNARY_ABI_H

#include <stdint.h>

/* Raised by one whenever the layout or the meaning of anything below changes. */
#define TERNARY_ABI_VERSION 4

/* Threads that work for one caller at a time; see team.h. */
typedef struct ternary_team ternary_team;

/* Scratch memory of a step grows by blocks of so many tokens. */
#define TERNARY_TOKEN_BLOCK 16

/* What functions of a model return. */
typedef enum ternary_status {
  TERNARY_OK = 0,
  TERNARY_BAD_ARGUMENT,      /* null pointer, no tokens, no threads */
  TERNARY_BAD_TOKEN,         /* an id outside the vocabulary */
  TERNARY_SEQUENCE_TOO_LONG, /* the session would exceed max_tokens */
  TERNARY_OUT_OF_MEMORY,
  TERNARY_ABI_MISMATCH,        /* model and session code are of different versions */
  TERNARY_ARCHIVE_UNREADABLE,  /* no such file, or reading it failed */
  TERNARY_NOT_AN_ARCHIVE,      /* a file of another kind */
  TERNARY_ARCHIVE_MISMATCH,    /* the weights of another model */
  TERNARY_ARCHIVE_DAMAGED,     /* truncated, or a checksum does not match */
  TERNARY_NOT_A_SESSION,       /* bytes of another kind, or of another version */
  TERNARY_SESSION_MISMATCH,    /* saved by another model, or for another batch */
  TERNARY_SESSION_DAMAGED,     /* truncated, or the checksum does not match */
  TERNARY_KERNEL_REFUSED,      /* the system does not let the model's kernels run */
  TERNARY_MACHINE_UNSUPPORTED, /* the processor lacks one of the descriptor's `features` */
  TERNARY_NO_THREADS           /* the system does not start so many threads */
} ternary_status;

/* What one compiled step of the model works on. All pointers are 64-byte aligned except
 * `ids` and `logits`, which need only their element's alignment. */
typedef struct ternary_step_arguments {
  const void *weights; /* payload of the weight archive */
  void *workspace;     /* scratch, at least ternary_workspace_bytes(descriptor, tokens) */
  void *state;         /* [state_bytes], read and replaced; all zero before the first token */
  const int32_t *ids;  /* [batch, tokens], each in [0, vocab); checked by the caller */
  int64_t tokens;
  int64_t logits_from; /* first position whose logits are wanted, 0 <= logits_from <= tokens */
  float *logits;       /* [batch, tokens - logits_from, vocab]; may be null if that is empty */
  ternary_team *team;  /* threads that share the work; null: the caller does all of it */
} ternary_step_arguments;

typedef void (*ternary_step)(const ternary_step_arguments *arguments);

/* A part of the weight archive's payload. */
typedef struct ternary_range {
  uint64_t offset, bytes;
} ternary_range;

typedef struct ternary_descriptor {
  uint32_t abi_version;
  uint32_t descriptor_bytes; /* sizeof(ternary_descriptor) of the writer */

  const char *name;       /* the model's name, from its directory */
  const char *model_type; /* as in config.json: "hgrn_bit", ... */
  const char *target;     /* "cpu" or "reference" */
  const char *triple;     /* LLVM target triple */
  const char *cpu;        /* as resolved from --mcpu */
  const char *kernel;     /* which microkernels: a name of ternary/kernels.h, or "scalar" for the
                             reference target */

  int64_t batch; /* sequences per session */
  int64_t vocab;
  int64_t hidden;
  int64_t layers;
  int64_t max_tokens; /* longest sequence; 0: unbounded */
  int64_t bos_id;     /* -1: none */
  int64_t eos_id;     /* the first of eos_ids; -1: none */

  int64_t state_bytes;               /* carried state of one session */
  int64_t position_offset;           /* in it, of the i32 that counts tokens; -1: none does */
  uint64_t state_layout;             /* equal for equal shapes and types of state */
  int64_t workspace_fixed_bytes;     /* scratch of a step over T tokens: fixed + */
  int64_t workspace_bytes_per_token; /*   per_token * (T rounded up to a block) */
  int64_t prefill_chunk;             /* longest `tokens` of one prefill call */

  /* The weight archive: embedded (archive != NULL) or a file. A file is accepted
   * only when it has this size and its header this checksum: the header lists every
   * tensor's name, shape, layout and place, so equal headers mean that the code fits
   * the data. */
  const void *archive;
  uint64_t archive_bytes;
  const char *archive_file; /* default path, relative to the model's file */
  uint32_t archive_header_crc32;
  uint32_t threads; /* 1: steps share their work with a team; 0: they ignore it */

  int64_t packed_weight_bytes;    /* ternary weights, as packed */
  int64_t weight_bytes_per_token; /* bytes of the archive one decode step reads */
  int64_t macs_per_token;         /* multiply-accumulates with weights per token,
                                     padding not counted */

  /* SentencePiece model as in the checkpoint, or null. */
  const void *tokenizer;
  uint64_t tokenizer_bytes;
  /* Text of each token, UTF-8, not terminated: piece i is
   * piece_text[piece_offset[i] .. piece_offset[i + 1]). Null if no tokenizer. */
  const char *piece_text;
  const uint32_t *piece_offset;

  ternary_step prefill; /* any number of tokens up to prefill_chunk */
  ternary_step decode;  /* exactly one token */

  int64_t macs_per_logits; /* of macs_per_token, those that only a token whose logits
                              are wanted needs */

  /* Tables of which a step reads a few rows only, such as embeddings. */
  const ternary_range *lookup_tables;
  uint64_t lookup_table_count;

  /* crc32 of the logits [self_test_tokens, batch, vocab] that the reference computes
   * for the ids of selftest.h; 0 tokens: it was not asked. */
  uint32_t self_test_crc32;
  uint32_t self_test_tokens;

  /* Comma-separated LLVM names of the instruction set extensions that the code may use and
   * that not every machine of its architecture has; null or empty: none are known. */
  const char *features;

  /* Tokens any of which ends a text. */
  const int64_t *eos_ids;
  uint64_t eos_id_count;

  uint64_t payload_bytes; /* of the weight archive: what steps may read */
  int64_t token_block;    /* TERNARY_TOKEN_BLOCK of the writer */
} ternary_descriptor;

/* Whether a token ends a text. */
static inline int ternary_ends_text(const ternary_descriptor *info, int64_t id) {
  for (uint64_t i = 0; i < info->eos_id_count; ++i)
    if (info->eos_ids[i] == id)
      return 1;
  return 0;
}

#endif /* TERNARY_ABI_H */
