/*===- session.h - Running a compiled model -----------------------*- C -*-===*
 *
 * Part of the Ternary project, under the Apache License v2.0 with LLVM
 * Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * The functions that every compiled model exports. In an object file, and in
 * the header that the compiler writes next to it, the model's own name stands
 * in place of the prefix `ternary`, so that one program can link several
 * models; a shared object keeps the prefix, so that one program can load any
 * model.
 *
 *   ternary_model *model;
 *   ternary_session *session;
 *   if (ternary_open(NULL, &model) == TERNARY_OK &&
 *       ternary_session_new(model, 1, &session) == TERNARY_OK) {
 *     ternary_prefill(session, prompt, prompt_tokens, logits);
 *     for (;;)
 *       ternary_decode(session, &next, logits);
 *   }
 *
 * Nothing here prints, exits, or keeps global state. A model may be shared
 * between threads; a session belongs to one thread at a time. A call that does
 * not return TERNARY_OK has changed nothing.
 *
 *===----------------------------------------------------------------------===*/
#ifndef TERNARY_SESSION_H
#define TERNARY_SESSION_H

#include "ternary/abi.h"
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What the compiler emits. */
extern const ternary_descriptor ternary_descriptor_instance;

/* An opened weight archive. */
typedef struct ternary_model ternary_model;
/* `batch` sequences in progress: their state, and scratch memory for a step. */
typedef struct ternary_session ternary_session;

/* Sizes, ids of special tokens, and what the model was compiled for. */
const ternary_descriptor *ternary_info(void);

/* Opens the weights: `archive_file`, or if that is null, those inside the
 * object, or if there are none, the file under its default name as seen from
 * the working directory. A file is checked against all its checksums and then
 * mapped: if someone cuts it later, what is read beyond its end is a bus error, as with
 * any mapped file. Of weights inside the object only the header is checked: see
 * ternary_verify.
 *
 * Before anything else it is seen whether this machine has what the model was compiled
 * for. All functions here run on every machine of the architecture. */
ternary_status ternary_open(const char *archive_file, ternary_model **model);

/* Compares all weights in memory with their checksum. */
ternary_status ternary_verify(const ternary_model *model);

/* To be called after the last of its sessions is freed. Null is fine. */
void ternary_close(ternary_model *model);

/* All that a session needs is allocated here; decode and prefill allocate nothing (but see
 * prefill_all). They take up to a megabyte of the caller's stack. The caller is one of the
 * `threads`; the others are the session's own, sleep while there is nothing to do and end with it.
 * A model compiled without threads starts none. */
ternary_status ternary_session_new(const ternary_model *model, int32_t threads,
                                   ternary_session **session);
void ternary_session_free(ternary_session *session);

/* Back to the empty sequence. Null is fine. */
void ternary_reset(ternary_session *session);

/* How many tokens the session has consumed; none if it is null. */
int64_t ternary_position(const ternary_session *session);

/* Consumes ids[batch, tokens], any number of them, and writes the logits that
 * follow the last of them to logits[batch, vocab], unless that is null. */
ternary_status ternary_prefill(ternary_session *session, const int32_t *ids, int64_t tokens,
                               float *logits);

/* The same with the logits at every position, [batch, tokens, vocab]. Allocates
 * a buffer when batch > 1 and tokens > prefill_chunk. */
ternary_status ternary_prefill_all(ternary_session *session, const int32_t *ids, int64_t tokens,
                                   float *logits);

/* Consumes ids[batch], one token each; logits as for ternary_prefill. */
ternary_status ternary_decode(ternary_session *session, const int32_t *ids, float *logits);

/* Saving what a session has consumed: how many bytes that takes, writing them to
 * `to`, and going on from them, in any session of the same model compiled in the
 * same way. What is not what it says it is, or not of that model, is refused. */
size_t ternary_saved_bytes(const ternary_session *session);
ternary_status ternary_save(const ternary_session *session, void *to, size_t bytes);
ternary_status ternary_restore(ternary_session *session, const void *from, size_t bytes);
/* How many tokens a saved session of any model had consumed. */
ternary_status ternary_saved_position(const void *from, size_t bytes, int64_t *position);

/* UTF-8 text of a token and its length in bytes: not terminated, and part of a
 * character if the vocabulary has such tokens. Null if the model has no
 * tokenizer or no such token. */
const char *ternary_token_text(int64_t id, size_t *length);

/* A constant string, such as "token id outside the vocabulary". */
const char *ternary_error_string(ternary_status status);

/* Scratch memory that one compiled step over `tokens` tokens needs. */
int64_t ternary_workspace_bytes(const ternary_descriptor *descriptor, int64_t tokens);

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif /* TERNARY_SESSION_H */
