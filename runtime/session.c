/*===- session.c - Running a compiled model -----------------------*- C -*-===*
 *
 * Part of the Ternary project, under the Apache License v2.0 with LLVM
 * Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * The compiler carries this file as LLVM bitcode for every architecture it can
 * compile for and links it into each object. Hence C99 without system headers:
 * the few functions it needs from the C library are declared here, and their
 * binary interface is the same on all 64-bit Linux systems. It uses no more than
 * what every processor of its architecture has, whatever the steps use: here it is
 * found out whether this one can run them.
 *
 *===----------------------------------------------------------------------===*/

#include "ternary/session.h"
#include "ternary/archive_format.h"
#include "ternary/crc32.h"
#include "ternary/features.h"
#include "ternary/team.h"

/*===----------------------------------------------------------------------===*
 * From the C library
 *===----------------------------------------------------------------------===*/

void *malloc(size_t bytes);
void *calloc(size_t count, size_t bytes);
void free(void *block);
void *memcpy(void *to, const void *from, size_t bytes);
void *memset(void *to, int value, size_t bytes);
int memcmp(const void *a, const void *b, size_t bytes);

int open(const char *path, int flags, ...);
int close(int file);
long read(int file, void *to, size_t bytes);
long lseek(int file, long offset, int whence);
void *mmap(void *address, size_t bytes, int protection, int flags, int file, long offset);
int munmap(void *address, size_t bytes);
int madvise(void *address, size_t bytes, int advice);

enum {
  OPEN_READ_ONLY = 0,
  OPEN_WITHOUT_WAITING = 04000, /* or a pipe would be waited for */
  OPEN_CLOSE_ON_EXEC = 02000000,
  SEEK_FROM_START = 0,
  SEEK_FROM_END = 2,
  MAP_READABLE = 1,
  MAP_PRIVATELY = 2,
  ADVISE_RANDOM = 1,
  ADVISE_DROP = 4,
  ADVISE_HUGE_PAGES = 14,
  ADVISE_NO_HUGE_PAGES = 15,
  HUGE_PAGE = 1 << 21
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
  int gives_back; /* whether pages of lookup tables may be dropped */
};

enum { BUFFER_BYTES = 1 << 16, READ_ATTEMPTS = 100 };
enum {
  LARGEST_PAGE = 1 << 16, /* of the base pages that systems use */
  WORTHWHILE_TABLE = 1 << 22,
  LOOKUPS_TO_GIVE_BACK = 16
};

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

/* Whether [start, end) lies in one mapping of a file, by the list of mappings that
 * Linux keeps. Its lines are "start-end permissions offset device inode ...", in hex but
 * for the inode, which is 0 for memory that is no file's. */
static int is_file_mapping(archive_reader *reader, uintptr_t start, uintptr_t end) {
  enum { FROM, TO, PERMISSIONS, OFFSET, DEVICE, INODE, REST };
  uintptr_t fields[REST] = {0};
  int field = FROM, found = 0;
  long count;
  int file = open("/proc/self/maps", OPEN_READ_ONLY | OPEN_CLOSE_ON_EXEC);
  if (file < 0)
    return 0;
  while (!found && (count = read(file, reader->buffer, BUFFER_BYTES)) > 0)
    for (long i = 0; i < count && !found; ++i) {
      uint8_t c = reader->buffer[i];
      if (c == '\n') {
        memset(fields, 0, sizeof(fields));
        field = FROM;
      } else if (field < REST && (c == ' ' || (field == FROM && c == '-'))) {
        found = ++field == REST && fields[FROM] <= start && end <= fields[TO] && fields[INODE];
      } else if (field < REST) {
        fields[field] = fields[field] << 4 | (uintptr_t)(c <= '9' ? c - '0' : c - 'a' + 10);
      }
    }
  close(file);
  return found;
}

/* Of a table that is looked up, only the rows that are used should take memory. The
 * system brings in pages around them as well, up to 2 MB at a time. It is advised not to,
 * and what it brought in nevertheless is given back now and then, which costs nothing
 * that matters: the file stays in the system's cache. Small tables are not worth it. */
static int lookup_table_pages(const ternary_model *model, uint64_t table, uintptr_t *start,
                              size_t *bytes) {
  const ternary_range *range = &ternary_descriptor_instance.lookup_tables[table];
  uintptr_t end = (uintptr_t)model->payload + range->offset + range->bytes;
  *start =
      ((uintptr_t)model->payload + range->offset + LARGEST_PAGE - 1) / LARGEST_PAGE * LARGEST_PAGE;
  end = end / LARGEST_PAGE * LARGEST_PAGE;
  *bytes = *start < end ? end - *start : 0;
  return *bytes >= WORTHWHILE_TABLE;
}

static void advise_lookup_tables(archive_reader *reader, ternary_model *model) {
  uintptr_t start;
  size_t bytes;
  for (uint64_t i = 0; i < ternary_descriptor_instance.lookup_table_count; ++i)
    if (lookup_table_pages(model, i, &start, &bytes)) {
      madvise((void *)start, bytes, ADVISE_NO_HUGE_PAGES);
      madvise((void *)start, bytes, ADVISE_RANDOM);
      /* Other memory than a file's would lose its contents with its pages. */
      model->gives_back = model->mapping || is_file_mapping(reader, start, start + bytes);
      if (!model->gives_back)
        return;
    }
}

static void give_back_lookup_tables(const ternary_model *model) {
  uintptr_t start;
  size_t bytes;
  for (uint64_t i = 0; i < ternary_descriptor_instance.lookup_table_count; ++i)
    if (lookup_table_pages(model, i, &start, &bytes))
      madvise((void *)start, bytes, ADVISE_DROP);
}

/* Whether the processor has the instructions that steps use. */
static int has_instructions(void) {
  const ternary_machine machine = ternary_ask_machine();
  size_t length;
  return !ternary_find_missing_feature(&machine, ternary_descriptor_instance.features, &length);
}

/* Linux saves registers of matrices only for programs that ask for them. Code that uses them does
 * when it is loaded; here is seen whether they were given. */
static int may_run_kernel(void) {
#if defined(__x86_64__)
  const char *kernel = ternary_descriptor_instance.kernel, *amx = "amx-int8";
  long result = 158; /* arch_prctl */
  for (; *amx; ++amx, ++kernel)
    if (*kernel != *amx)
      return 1;
  __asm__ volatile("syscall"
                   : "+a"(result)
                   : "D"(0x1023L), "S"(18L) /* ARCH_REQ_XCOMP_PERM, XFEATURE_XTILEDATA */
                   : "rcx", "r11", "memory");
  return result == 0;
#else
  return 1;
#endif
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
  if (!has_instructions())
    return TERNARY_MACHINE_UNSUPPORTED;
  if (!may_run_kernel())
    return TERNARY_KERNEL_REFUSED;
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
      advise_lookup_tables(reader, model);
  }
  free(reader);
  if (status != TERNARY_OK) {
    free(model);
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
  if (model && model->mapping)
    munmap(model->mapping, model->mapping_bytes);
  free(model);
}

/*===----------------------------------------------------------------------===*
 * Sessions
 *===----------------------------------------------------------------------===*/

enum { ALIGNMENT = 64 };

/* Stands at the start of its allocation, followed by what it points to. */
struct ternary_session {
  void *allocation;
  const ternary_model *model;
  void *state;
  void *workspace;
  int32_t *ids;  /* [batch, chunk]: part of a longer prompt, or null if batch is 1 */
  int64_t chunk; /* the most tokens that one step takes */
  int64_t position;
  int64_t lookups;    /* since pages of lookup tables were given back */
  ternary_team *team; /* null: the caller alone */
};

static int64_t round_up(int64_t value, int64_t multiple) {
  return (value + multiple - 1) / multiple * multiple;
}

int64_t ternary_workspace_bytes(const ternary_descriptor *descriptor, int64_t tokens) {
  return descriptor->workspace_fixed_bytes +
         descriptor->workspace_bytes_per_token * round_up(tokens, descriptor->token_block);
}

/* Steps stream through their workspace; virtual machines can read huge pages almost
 * twice as fast. */
static void advise_huge_pages(const uint8_t *from, int64_t bytes) {
  uintptr_t first = round_up((int64_t)(uintptr_t)from, HUGE_PAGE);
  uintptr_t last = ((uintptr_t)from + (uintptr_t)bytes) / HUGE_PAGE * HUGE_PAGE;
  if (first < last)
    madvise((void *)first, last - first, ADVISE_HUGE_PAGES);
}

ternary_status ternary_session_new(const ternary_model *model, int32_t threads,
                                   ternary_session **result) {
  const ternary_descriptor *info = &ternary_descriptor_instance;
  ternary_session *session;
  void *allocation;
  uint8_t *next;
  int64_t chunk, header, state, workspace, ids;

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
  header = round_up((int64_t)sizeof(ternary_session), ALIGNMENT);
  state = round_up(info->state_bytes, ALIGNMENT);
  workspace = round_up(ternary_workspace_bytes(info, chunk), ALIGNMENT);
  ids = info->batch > 1 ? info->batch * chunk * (int64_t)sizeof(int32_t) : 0;

  /* calloc takes large blocks from the system already zero, so that memory
   * which is never used, such as that of a long context, never becomes
   * resident. */
  allocation = calloc(1, (size_t)(header + state + workspace + ids + ALIGNMENT - 1));
  if (!allocation)
    return TERNARY_OUT_OF_MEMORY;
  next = (uint8_t *)allocation + (ALIGNMENT - (uintptr_t)allocation % ALIGNMENT) % ALIGNMENT;

  session = (ternary_session *)(void *)next;
  session->allocation = allocation;
  session->model = model;
  session->state = next += header;
  session->workspace = next += state;
  advise_huge_pages(next, workspace);
  session->ids = ids ? (int32_t *)(void *)(next + workspace) : NULL;
  session->chunk = chunk;
  if (threads > 1 && info->threads && !(session->team = ternary_team_new(threads))) {
    free(allocation);
    return TERNARY_NO_THREADS;
  }
  *result = session;
  return TERNARY_OK;
}

void ternary_session_free(ternary_session *session) {
  if (!session)
    return;
  /* Objects without threads refer to none of their functions. */
  if (ternary_descriptor_instance.threads)
    ternary_team_free(session->team);
  free(session->allocation);
}

void ternary_reset(ternary_session *session) {
  if (!session)
    return;
  memset(session->state, 0, (size_t)ternary_descriptor_instance.state_bytes);
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

static void step(ternary_session *session, const int32_t *ids, int64_t tokens, int64_t logits_from,
                 float *logits) {
  const ternary_descriptor *info = &ternary_descriptor_instance;
  ternary_step compiled = tokens == 1 ? info->decode : info->prefill;
  ternary_step_arguments arguments = {
      .weights = session->model->payload,
      .workspace = session->workspace,
      .state = session->state,
      .ids = ids,
      .tokens = tokens,
      .logits_from = logits_from,
      .logits = logits,
      .team = session->team,
  };
  compiled(&arguments);
  session->position += tokens;
  session->lookups += tokens;
  if (session->lookups >= LOOKUPS_TO_GIVE_BACK && session->model->gives_back) {
    give_back_lookup_tables(session->model);
    session->lookups = 0;
  }
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
  for (int64_t from = 0; from < tokens; from += session->chunk) {
    int64_t count = min(session->chunk, tokens - from);
    int wanted = logits && from + count == tokens;
    step(session, part_of_ids(session, ids, tokens, from, count), count, wanted ? count - 1 : count,
         wanted ? logits : NULL);
  }
  return TERNARY_OK;
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

  for (int64_t from = 0; from < tokens; from += session->chunk) {
    int64_t count = min(session->chunk, tokens - from);
    const int32_t *part = part_of_ids(session, ids, tokens, from, count);
    step(session, part, count, 0, buffer ? buffer : logits + from * info->vocab);
    for (int64_t b = 0; buffer && b < info->batch; ++b)
      memcpy(logits + (b * tokens + from) * info->vocab, buffer + b * count * info->vocab,
             (size_t)(count * info->vocab) * sizeof(float));
  }
  free(buffer);
  return TERNARY_OK;
}

ternary_status ternary_decode(ternary_session *session, const int32_t *ids, float *logits) {
  ternary_status status = check_ids(session, ids, 1);
  if (status == TERNARY_OK)
    step(session, ids, 1, logits ? 0 : 1, logits);
  return status;
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
  if (!session || !to || bytes != ternary_saved_bytes(session))
    return TERNARY_BAD_ARGUMENT;
  memset(saved, 0, SAVED_HEADER_BYTES);
  memcpy(saved, SAVED_MAGIC, 8);
  ternary_store_little_endian(saved + 8, 4, SAVED_VERSION);
  ternary_store_little_endian(saved + 16, 4, info->archive_header_crc32);
  ternary_store_little_endian(saved + 20, 4, session->model->payload_crc32);
  ternary_store_little_endian(saved + 24, 8, (uint64_t)info->batch);
  ternary_store_little_endian(saved + 32, 8, (uint64_t)session->position);
  ternary_store_little_endian(saved + 40, 8, (uint64_t)info->state_bytes);
  ternary_store_little_endian(saved + 48, 8, info->state_layout);
  memcpy(saved + SAVED_HEADER_BYTES, session->state, (size_t)info->state_bytes);
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
  memcpy(session->state, saved + SAVED_HEADER_BYTES, (size_t)info->state_bytes);
  session->position = position;
  return TERNARY_OK;
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
