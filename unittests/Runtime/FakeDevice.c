/*===- FakeDevice.c - A device with memory of its own -------------*- C -*-===*
 *
 * Part of the Ternary project, under the Apache License v2.0 with LLVM
 * Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * Stands in for an accelerator, to test that session code works with any device: while no function
 * of the device runs, its memory cannot be touched, and the logits of a step reach the host no
 * sooner than the host waits for them.
 *
 *===----------------------------------------------------------------------===*/

#include "ternary/device.h"
#include "ternary/session.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

typedef struct device_memory {
  void *start;
  size_t bytes;
} device_memory;

/* Zero, and closed. Mappings are aligned to pages, and none is empty. */
static device_memory allocate(size_t least) {
  const size_t bytes = least + 1;
  device_memory result = {mmap(NULL, bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), bytes};
  if (result.start == MAP_FAILED)
    abort();
  return result;
}

static void protect(device_memory memory, int protection) {
  if (mprotect(memory.start, memory.bytes, protection) != 0)
    abort();
}
static void let(device_memory memory) { protect(memory, PROT_READ | PROT_WRITE); }
static void forbid(device_memory memory) { protect(memory, PROT_NONE); }

struct ternary_device_model {
  device_memory weights;
};

struct ternary_device_session {
  const ternary_device_model *model;
  device_memory state, workspace;
  /* Of the last step that had logits, until the host waits. */
  float *logits, *wanted_at;
  size_t logits_bytes;
};

ternary_status ternary_device_check(void) { return TERNARY_OK; }

ternary_status ternary_device_load(const void *payload, int is_file, ternary_device_model **model) {
  const size_t bytes = ternary_descriptor_instance.payload_bytes;
  (void)is_file;
  *model = (ternary_device_model *)malloc(sizeof(ternary_device_model));
  (*model)->weights = allocate(bytes);
  let((*model)->weights);
  memcpy((*model)->weights.start, payload, bytes);
  forbid((*model)->weights);
  return TERNARY_OK;
}

void ternary_device_unload(ternary_device_model *model) {
  if (model)
    munmap(model->weights.start, model->weights.bytes);
  free(model);
}

ternary_status ternary_device_allocate(const ternary_device_model *model, int64_t tokens,
                                       int32_t threads, ternary_device_session **session) {
  const ternary_descriptor *info = &ternary_descriptor_instance;
  (void)threads;
  *session = (ternary_device_session *)calloc(1, sizeof(ternary_device_session));
  (*session)->model = model;
  (*session)->state = allocate((size_t)info->state_bytes);
  (*session)->workspace = allocate((size_t)ternary_workspace_bytes(info, tokens));
  return TERNARY_OK;
}

void ternary_device_free(ternary_device_session *session) {
  if (!session)
    return;
  munmap(session->state.start, session->state.bytes);
  munmap(session->workspace.start, session->workspace.bytes);
  free(session->logits);
  free(session);
}

ternary_status ternary_device_read_state(const ternary_device_session *session, void *to) {
  let(session->state);
  memcpy(to, session->state.start, (size_t)ternary_descriptor_instance.state_bytes);
  forbid(session->state);
  return TERNARY_OK;
}

ternary_status ternary_device_write_state(ternary_device_session *session, const void *from) {
  let(session->state);
  memcpy(session->state.start, from, (size_t)ternary_descriptor_instance.state_bytes);
  forbid(session->state);
  return TERNARY_OK;
}

void ternary_device_clear_state(ternary_device_session *session) {
  let(session->state);
  memset(session->state.start, 0, session->state.bytes);
  forbid(session->state);
}

ternary_status ternary_device_run(ternary_device_session *session, ternary_step step,
                                  const int32_t *ids, int64_t tokens, int64_t logits_from,
                                  float *logits) {
  const ternary_descriptor *info = &ternary_descriptor_instance;
  const size_t id_bytes = (size_t)(info->batch * tokens) * sizeof(int32_t);
  const size_t count = (size_t)(info->batch * (tokens - logits_from) * info->vocab);
  ternary_step_arguments arguments = {
      .weights = session->model->weights.start,
      .workspace = session->workspace.start,
      .state = session->state.start,
      .tokens = tokens,
      .logits_from = logits_from,
  };
  int32_t *own_ids = (int32_t *)malloc(id_bytes);
  memcpy(own_ids, ids, id_bytes);
  arguments.ids = own_ids;
  if (count > 0) {
    if (session->logits)
      abort(); /* nobody waited for the logits before these */
    session->wanted_at = logits;
    session->logits_bytes = count * sizeof(float);
    session->logits = arguments.logits = (float *)malloc(session->logits_bytes);
  }
  let(session->model->weights);
  let(session->state);
  let(session->workspace);
  step(&arguments);
  forbid(session->model->weights);
  forbid(session->state);
  forbid(session->workspace);
  free(own_ids);
  return TERNARY_OK;
}

ternary_status ternary_device_wait(ternary_device_session *session) {
  if (session->logits)
    memcpy(session->wanted_at, session->logits, session->logits_bytes);
  free(session->logits);
  session->logits = NULL;
  return TERNARY_OK;
}
