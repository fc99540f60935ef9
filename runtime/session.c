/*===- session.c - Running a compiled model -----------------------*- C -*-===*
 *
 * Part of the Ternary project, under the Apache License v2.0 with LLVM
 * Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * Opening weights, dividing prompts into steps, and saving sessions, for any device (device.h). The
 * compiler carries this file as LLVM bitcode and links it into each object; see libc.h.
 *
 *===----------------------------------------------------------------------===*/

#include "ternary/session.h"
#include "libc.h"
#include "ternary/archive_format.h"
#include "ternary/crc32.h"
#include "ternary/device.h"

/*===----------------------------------------------------------------------===*
 * From the C library
 *===----------------------------------------------------------------------===*/

void *malloc(size_t bytes);
int memcmp(const void *a, const void *b, size_t bytes);
long lseek(int file, long offset, int whence);
void *mmap(void *address, size_t bytes, int protection, int flags, int file, long offset);
int munmap(void *address, size_t bytes);

enum {
  OPEN_WITHOUT_WAITING = 04000, /* or a pipe would be waited for */
  SEEK_FROM_START = 0,
  SEEK_FROM_END = 2,
  MAP_READABLE = 1,
  MAP_PRIVATELY = 2
};

/*===----------------------------------------------------------------------===*
 * The weight archive
 *===----------------------------------------------------------------------===*/

struct ternary_model {
  const uint8_t *payload;
  uint64_t payload_bytes;
  uint32_t payload_crc32;
  void *mapping; /* null: the archive is inside the object */
  size_t mapping_bytes;
  ternary_device_model *device;
};

enum { BUFFER_BYTES = 1 << 16, READ_ATTEMPTS = 100 };

/* What it takes to read a file and compute checksums; too large for a small
 * stack. */
typedef struct archive_reader {
  ternary_crc32_tables crc32;
  uint8_t buffer[BUFFER_BYTES];
} archive_reader;

/* Whether the start of an archive of `bytes` in all is that of this model's. */
static ternary_status check_prefix(const uint8_t *start, size_t available, uint64_t bytes,
                                   ternary_archive_prefix *prefix) {
  const ternary_descriptor *info = &ternary_descriptor_instance;
  ternary_status status = ternary_check_archive_prefix(
      start, available, bytes, info->archive_header_crc32, info->archive_bytes, prefix);
  if (status == TERNARY_OK && prefix->payload_bytes != info->payload_bytes)
    return TERNARY_ARCHIVE_DAMAGED;
  return status;
}

/* Fewer bytes than asked for mean the end of the file; -1 a failure. A signal may
 * interrupt a call, which is made again; how C libraries say that it was one differs. */
static long read_fully(int file, uint8_t *to, size_t bytes) {
  size_t done = 0;
  int failures = 0;
  while (done < bytes) {
    long count = read(file, to + done, bytes - done);
    if (count == 0)
      break;
    if (count > 0)
      done += (size_t)count;
    else if (++failures == READ_ATTEMPTS)
      return -1;
  }
  return (long)done;
}

/* Compares `bytes` of the file from `offset` on with their checksum. Reads the
 * file instead of its mapping: pages of weights that are never used stay out of
 * memory. */
static ternary_status check_file_range(archive_reader *reader, int file, uint64_t offset,
                                       uint64_t bytes, uint32_t expected) {
  uint32_t crc = 0;
  if (lseek(file, (long)offset, SEEK_FROM_START) < 0)
    return TERNARY_ARCHIVE_UNREADABLE;
  while (bytes > 0) {
    size_t part = bytes < BUFFER_BYTES ? (size_t)bytes : BUFFER_BYTES;
    long count = read_fully(file, reader->buffer, part);
    if (count < 0)
      return TERNARY_ARCHIVE_UNREADABLE;
    if ((size_t)count < part)
      return TERNARY_ARCHIVE_DAMAGED;
    crc = ternary_crc32_update(&reader->crc32, crc, reader->buffer, part);
    bytes -= part;
  }
  return crc == expected ? TERNARY_OK : TERNARY_ARCHIVE_DAMAGED;
}

static ternary_status check_file(archive_reader *reader, int file, uint64_t bytes,
                                 ternary_archive_prefix *prefix) {
  ternary_status status;
  long available = -1;
  if (lseek(file, 0, SEEK_FROM_START) == 0)
    available = read_fully(file, reader->buffer, TERNARY_ARCHIVE_PREFIX_BYTES);
  if (available < 0)
    return TERNARY_ARCHIVE_UNREADABLE;
  status = check_prefix(reader->buffer, (size_t)available, bytes, prefix);
  if (status == TERNARY_OK)
    status = check_file_range(reader, file, TERNARY_ARCHIVE_PREFIX_BYTES, prefix->header_bytes,
                              prefix->header_crc32);
  if (status == TERNARY_OK)
    status = check_file_range(reader, file, prefix->payload_offset, prefix->payload_bytes,
                              prefix->payload_crc32);
  return status;
}

static ternary_status open_file(archive_reader *reader, const char *path, ternary_model *model,
                                ternary_archive_prefix *prefix) {
  ternary_status status;
  long bytes;
  int file = open(path, OPEN_READ_ONLY | OPEN_WITHOUT_WAITING | OPEN_CLOSE_ON_EXEC);
  if (file < 0)
    return TERNARY_ARCHIVE_UNREADABLE;

  bytes = lseek(file, 0, SEEK_FROM_END); /* fails for what is no file, such as a pipe */
  status =
      bytes < 0 ? TERNARY_ARCHIVE_UNREADABLE : check_file(reader, file, (uint64_t)bytes, prefix);
  if (status == TERNARY_OK) {
    void *mapping = mmap(NULL, (size_t)bytes, MAP_READABLE, MAP_PRIVATELY, file, 0);
    if (mapping == (void *)-1) {
      status = TERNARY_OUT_OF_MEMORY;
    } else {
      model->mapping = mapping;
      model->mapping_bytes = (size_t)bytes;
      model->payload = (const uint8_t *)mapping + prefix->payload_offset;
    }
  }
  close(file);
  return status;
}

static ternary_status open_embedded(archive_reader *reader, ternary_model *model,
                                    ternary_archive_prefix *prefix) {
  const ternary_descriptor *info = &ternary_descriptor_instance;
  const uint8_t *archive = (const uint8_t *)info->archive;
  size_t available = info->archive_bytes < TERNARY_ARCHIVE_PREFIX_BYTES
                         ? (size_t)info->archive_bytes
                         : TERNARY_ARCHIVE_PREFIX_BYTES;
  ternary_status status = check_prefix(archive, available, info->archive_bytes, prefix);
  if (status != TERNARY_OK)
    return status;
  if (ternary_crc32_update(&reader->crc32, 0, archive + TERNARY_ARCHIVE_PREFIX_BYTES,
                           (size_t)prefix->header_bytes) != prefix->header_crc32)
    return TERNARY_ARCHIVE_DAMAGED;
  model->payload = archive + prefix->payload_offset;
  return TERNARY_OK;
}

ternary_status ternary_open(const char *archive_file, ternary_model **result) {
  const ternary_descriptor *info = &ternary_descriptor_instance;
  ternary_status status;
  ternary_archive_prefix prefix;
  archive_reader *reader;
  ternary_model *model;

  if (!result)
    return TERNARY_BAD_ARGUMENT;
  *result = NULL;
  if (info->abi_version != TERNARY_ABI_VERSION ||
      info->descriptor_bytes < sizeof(ternary_descriptor))
    return TERNARY_ABI_MISMATCH;
  status = ternary_device_check();
  if (status != TERNARY_OK)
    return status;
  if (!archive_file && !info->archive && !info->archive_file)
    return TERNARY_ARCHIVE_UNREADABLE;

  model = (ternary_model *)calloc(1, sizeof(ternary_model));
  reader = (archive_reader *)malloc(sizeof(archive_reader));
  if (!model || !reader) {
    status = TERNARY_OUT_OF_MEMORY;
  } else {
    ternary_crc32_build(&reader->crc32);
    if (!archive_file && info->archive)
      status = open_embedded(reader, model, &prefix);
    else
      status = open_file(reader, archive_file ? archive_file : info->archive_file, model, &prefix);
    if (status == TERNARY_OK)
      status = ternary_device_load(model->payload, model->mapping != NULL, &model->device);
  }
  free(reader);
  if (status != TERNARY_OK) {
    ternary_close(model);
    return status;
  }
  model->payload_bytes = prefix.payload_bytes;
  model->payload_crc32 = prefix.payload_crc32;
  *result = model;
  return TERNARY_OK;
}

ternary_status ternary_verify(const ternary_model *model) {
  ternary_crc32_tables tables;
  if (!model)
    return TERNARY_BAD_ARGUMENT;
  ternary_crc32_build(&tables);
  return ternary_crc32_update(&tables, 0, model->payload, (size_t)model->payload_bytes) ==
                 model->payload_crc32
             ? TERNARY_OK
             : TERNARY_ARCHIVE_DAMAGED;
}

void ternary_close(ternary_model *model) {
  if (!model)
    return;
  ternary_device_unload(model->device);
  if (model->mapping)
    munmap(model->mapping, model->mapping_bytes);
  free(model);
}

/*===----------------------------------------------------------------------===*
 * Sessions
 *===----------------------------------------------------------------------===*/

struct ternary_session {
  const ternary_model *model;
  ternary_device_session *device;
  int64_t chunk; /* the most tokens that one step takes */
  int64_t position;
  int32_t ids[]; /* [batch, chunk] if batch is more than 1: part of a longer prompt */
};

int64_t ternary_workspace_bytes(const ternary_descriptor *descriptor, int64_t tokens) {
  int64_t block = descriptor->token_block;
  return descriptor->workspace_fixed_bytes +
         descriptor->workspace_bytes_per_token * ((tokens + block - 1) / block * block);
}

ternary_status ternary_session_new(const ternary_model *model, int32_t threads,
                                   ternary_session **result) {
  const ternary_descriptor *info = &ternary_descriptor_instance;
  ternary_status status;
  ternary_session *session;
  int64_t chunk, ids;

  if (!result)
    return TERNARY_BAD_ARGUMENT;
  *result = NULL;
  if (!model || threads < 1)
    return TERNARY_BAD_ARGUMENT;

  chunk = info->prefill_chunk;
  if (info->max_tokens > 0 && info->max_tokens < chunk)
    chunk = info->max_tokens;
  if (chunk < 1)
    chunk = 1;
  ids = info->batch > 1 ? info->batch * chunk : 0;
  session = (ternary_session *)calloc(1, sizeof(ternary_session) + (size_t)ids * sizeof(int32_t));
  if (!session)
    return TERNARY_OUT_OF_MEMORY;
  session->model = model;
  session->chunk = chunk;
  status = ternary_device_allocate(model->device, chunk, threads, &session->device);
  if (status != TERNARY_OK) {
    free(session);
    return status;
  }
  *result = session;
  return TERNARY_OK;
}

void ternary_session_free(ternary_session *session) {
  if (!session)
    return;
  ternary_device_free(session->device);
  free(session);
}

void ternary_reset(ternary_session *session) {
  if (!session)
    return;
  ternary_device_clear_state(session->device);
  session->position = 0;
}

int64_t ternary_position(const ternary_session *session) { return session ? session->position : 0; }

/* Whether the session can consume ids[batch, tokens]. */
static ternary_status check_ids(const ternary_session *session, const int32_t *ids,
                                int64_t tokens) {
  const ternary_descriptor *info = &ternary_descriptor_instance;
  if (!session || !ids || tokens < 1)
    return TERNARY_BAD_ARGUMENT;
  if (tokens > (info->max_tokens > 0 ? info->max_tokens : INT64_MAX) - session->position ||
      tokens > INT64_MAX / info->batch)
    return TERNARY_SEQUENCE_TOO_LONG;
  for (int64_t i = 0; i < info->batch * tokens; ++i)
    if (ids[i] < 0 || ids[i] >= info->vocab)
      return TERNARY_BAD_TOKEN;
  return TERNARY_OK;
}

static ternary_status step(ternary_session *session, const int32_t *ids, int64_t tokens,
                           int64_t logits_from, float *logits) {
  const ternary_descriptor *info = &ternary_descriptor_instance;
  ternary_status status =
      ternary_device_run(session->device, tokens == 1 ? info->decode : info->prefill, ids, tokens,
                         logits_from, logits);
  if (status == TERNARY_OK)
    session->position += tokens;
  return status;
}

/* The part [from, from + count) of ids[batch, tokens], contiguous. */
static const int32_t *part_of_ids(ternary_session *session, const int32_t *ids, int64_t tokens,
                                  int64_t from, int64_t count) {
  int64_t batch = ternary_descriptor_instance.batch;
  if (batch == 1 || count == tokens)
    return ids + from;
  for (int64_t b = 0; b < batch; ++b)
    memcpy(session->ids + b * count, ids + b * tokens + from, (size_t)count * sizeof(int32_t));
  return session->ids;
}

static int64_t min(int64_t a, int64_t b) { return a < b ? a : b; }

ternary_status ternary_prefill(ternary_session *session, const int32_t *ids, int64_t tokens,
                               float *logits) {
  ternary_status status = check_ids(session, ids, tokens);
  if (status != TERNARY_OK)
    return status;
  for (int64_t from = 0; status == TERNARY_OK && from < tokens; from += session->chunk) {
    int64_t count = min(session->chunk, tokens - from);
    int wanted = logits && from + count == tokens;
    status = step(session, part_of_ids(session, ids, tokens, from, count), count,
                  wanted ? count - 1 : count, wanted ? logits : NULL);
  }
  return status == TERNARY_OK ? ternary_device_wait(session->device) : status;
}

ternary_status ternary_prefill_all(ternary_session *session, const int32_t *ids, int64_t tokens,
                                   float *logits) {
  const ternary_descriptor *info = &ternary_descriptor_instance;
  ternary_status status = check_ids(session, ids, tokens);
  float *buffer = NULL;
  if (status != TERNARY_OK)
    return status;
  if (!logits)
    return TERNARY_BAD_ARGUMENT;
  if (info->batch > 1 && tokens > session->chunk) {
    buffer = (float *)malloc((size_t)(info->batch * session->chunk * info->vocab) * sizeof(float));
    if (!buffer)
      return TERNARY_OUT_OF_MEMORY;
  }

  for (int64_t from = 0; status == TERNARY_OK && from < tokens; from += session->chunk) {
    int64_t count = min(session->chunk, tokens - from);
    const int32_t *part = part_of_ids(session, ids, tokens, from, count);
    status = step(session, part, count, 0, buffer ? buffer : logits + from * info->vocab);
    if (status == TERNARY_OK)
      status = ternary_device_wait(session->device);
    for (int64_t b = 0; status == TERNARY_OK && buffer && b < info->batch; ++b)
      memcpy(logits + (b * tokens + from) * info->vocab, buffer + b * count * info->vocab,
             (size_t)(count * info->vocab) * sizeof(float));
  }
  free(buffer);
  return status;
}

ternary_status ternary_decode(ternary_session *session, const int32_t *ids, float *logits) {
  ternary_status status = check_ids(session, ids, 1);
  if (status == TERNARY_OK)
    status = step(session, ids, 1, logits ? 0 : 1, logits);
  return status == TERNARY_OK ? ternary_device_wait(session->device) : status;
}

/*===----------------------------------------------------------------------===*
 * Saved sessions
 *===----------------------------------------------------------------------===*/

/* Little-endian, the state as the steps have it:
 *
 *   0   char[8]  "TERNARYS"
 *   8   u32      version, 1
 *   12  u32      crc32 of all that follows
 *   16  u32      crc32 of the weight archive's header
 *   20  u32      crc32 of its payload
 *   24  u64      batch
 *   32  u64      position
 *   40  u64      bytes of the state, which starts at 64
 *   48  u64      its layout
 */
#define SAVED_MAGIC "TERNARYS"
enum { SAVED_VERSION = 1, SAVED_HEADER_BYTES = 64, SAVED_CHECKED_FROM = 16 };

static uint32_t saved_crc32(const uint8_t *saved, size_t bytes) {
  ternary_crc32_tables tables;
  ternary_crc32_build(&tables);
  return ternary_crc32_update(&tables, 0, saved + SAVED_CHECKED_FROM, bytes - SAVED_CHECKED_FROM);
}

size_t ternary_saved_bytes(const ternary_session *session) {
  (void)session;
  return SAVED_HEADER_BYTES + (size_t)ternary_descriptor_instance.state_bytes;
}

ternary_status ternary_save(const ternary_session *session, void *to, size_t bytes) {
  const ternary_descriptor *info = &ternary_descriptor_instance;
  uint8_t *saved = (uint8_t *)to;
  ternary_status status;
  if (!session || !to || bytes != ternary_saved_bytes(session))
    return TERNARY_BAD_ARGUMENT;
  status = ternary_device_read_state(session->device, saved + SAVED_HEADER_BYTES);
  if (status != TERNARY_OK)
    return status;
  memset(saved, 0, SAVED_HEADER_BYTES);
  memcpy(saved, SAVED_MAGIC, 8);
  ternary_store_little_endian(saved + 8, 4, SAVED_VERSION);
  ternary_store_little_endian(saved + 16, 4, info->archive_header_crc32);
  ternary_store_little_endian(saved + 20, 4, session->model->payload_crc32);
  ternary_store_little_endian(saved + 24, 8, (uint64_t)info->batch);
  ternary_store_little_endian(saved + 32, 8, (uint64_t)session->position);
  ternary_store_little_endian(saved + 40, 8, (uint64_t)info->state_bytes);
  ternary_store_little_endian(saved + 48, 8, info->state_layout);
  ternary_store_little_endian(saved + 12, 4, saved_crc32(saved, bytes));
  return TERNARY_OK;
}

/* Whether the bytes are a whole saved session. */
static ternary_status check_saved(const uint8_t *saved, size_t bytes) {
  if (bytes < 8 || memcmp(saved, SAVED_MAGIC, 8) != 0)
    return TERNARY_NOT_A_SESSION;
  if (bytes < SAVED_HEADER_BYTES)
    return TERNARY_SESSION_DAMAGED;
  if (ternary_load_little_endian(saved + 8, 4) != SAVED_VERSION)
    return TERNARY_NOT_A_SESSION;
  if (ternary_load_little_endian(saved + 40, 8) != bytes - SAVED_HEADER_BYTES ||
      ternary_load_little_endian(saved + 12, 4) != saved_crc32(saved, bytes) ||
      ternary_load_little_endian(saved + 32, 8) > INT64_MAX)
    return TERNARY_SESSION_DAMAGED;
  return TERNARY_OK;
}

ternary_status ternary_saved_position(const void *from, size_t bytes, int64_t *position) {
  ternary_status status;
  if (!from || !position)
    return TERNARY_BAD_ARGUMENT;
  status = check_saved((const uint8_t *)from, bytes);
  if (status == TERNARY_OK)
    *position = (int64_t)ternary_load_little_endian((const uint8_t *)from + 32, 8);
  return status;
}

ternary_status ternary_restore(ternary_session *session, const void *from, size_t bytes) {
  const ternary_descriptor *info = &ternary_descriptor_instance;
  const uint8_t *saved = (const uint8_t *)from;
  ternary_status status;
  int64_t position;
  if (!session)
    return TERNARY_BAD_ARGUMENT;
  status = ternary_saved_position(from, bytes, &position);
  if (status != TERNARY_OK)
    return status;
  if (ternary_load_little_endian(saved + 16, 4) != info->archive_header_crc32 ||
      ternary_load_little_endian(saved + 20, 4) != session->model->payload_crc32 ||
      ternary_load_little_endian(saved + 24, 8) != (uint64_t)info->batch ||
      ternary_load_little_endian(saved + 48, 8) != info->state_layout ||
      bytes != ternary_saved_bytes(session) ||
      (info->max_tokens > 0 && position > info->max_tokens))
    return TERNARY_SESSION_MISMATCH;
  /* Code writes keys and values where the state says that they end. */
  if (info->position_offset >= 0 &&
      (int64_t)ternary_load_little_endian(saved + SAVED_HEADER_BYTES + info->position_offset, 4) !=
          position)
    return TERNARY_SESSION_DAMAGED;
  status = ternary_device_write_state(session->device, saved + SAVED_HEADER_BYTES);
  if (status == TERNARY_OK)
    session->position = position;
  return status;
}

/*===----------------------------------------------------------------------===*
 * Facts and texts
 *===----------------------------------------------------------------------===*/

const ternary_descriptor *ternary_info(void) { return &ternary_descriptor_instance; }

const char *ternary_token_text(int64_t id, size_t *length) {
  const ternary_descriptor *info = &ternary_descriptor_instance;
  if (!length || !info->piece_text || id < 0 || id >= info->vocab)
    return NULL;
  *length = info->piece_offset[id + 1] - info->piece_offset[id];
  return info->piece_text + info->piece_offset[id];
}

const char *ternary_error_string(ternary_status status) {
  /* Not a switch: a table of pointers would need relocations. */
  static const char text[][52] = {"no error",
                                  "bad argument",
                                  "token id outside the vocabulary",
                                  "sequence longer than the model allows",
                                  "out of memory",
                                  "model and session code differ in version",
                                  "cannot read the weight archive",
                                  "not a weight archive",
                                  "weight archive belongs to another model",
                                  "weight archive is damaged",
                                  "not a saved session",
                                  "saved session belongs to another model",
                                  "saved session is damaged",
                                  "the system refuses what the kernels need",
                                  "processor lacks instructions that the model uses",
                                  "cannot start the threads"};
  size_t count = sizeof(text) / sizeof(text[0]);
  return (size_t)status < count ? text[status] : "unknown error";
}
