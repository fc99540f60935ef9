/*===- host_device.c - Steps that run on the caller's processor ---*- C -*-===*
 *
 * Part of the Ternary project, under the Apache License v2.0 with LLVM
 * Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * Weights are read where the archive lies, the state is memory of the process, and a step has ended
 * when its function returns.
 *
 *===----------------------------------------------------------------------===*/

#include "libc.h"
#include "machine.h"
#include "ternary/device.h"
#include "ternary/session.h"
#include "ternary/team.h"

int madvise(void *address, size_t bytes, int advice);

enum {
  ADVISE_RANDOM = 1,
  ADVISE_DROP = 4,
  ADVISE_HUGE_PAGES = 14,
  ADVISE_NO_HUGE_PAGES = 15,
  HUGE_PAGE = 1 << 21,
  LARGEST_PAGE = 1 << 16 /* of the base pages that systems use */
};

/*===----------------------------------------------------------------------===*
 * The machine
 *===----------------------------------------------------------------------===*/

ternary_status ternary_device_check(void) {
  return ternary_machine_check(ternary_descriptor_instance.features,
                               ternary_descriptor_instance.kernel);
}

/*===----------------------------------------------------------------------===*
 * Weights
 *===----------------------------------------------------------------------===*/

struct ternary_device_model {
  const uint8_t *payload;
  int gives_back; /* whether pages of lookup tables may be dropped */
};

enum { WORTHWHILE_TABLE = 1 << 22, LOOKUPS_TO_GIVE_BACK = 16 };

/* Whether [start, end) lies in one mapping of a file, by the list of mappings that
 * Linux keeps. Its lines are "start-end permissions offset device inode ...", in hex but
 * for the inode, which is 0 for memory that is no file's. */
static int is_file_mapping(uintptr_t start, uintptr_t end) {
  enum { FROM, TO, PERMISSIONS, OFFSET, DEVICE, INODE, REST, BUFFER_BYTES = 4096 };
  uint8_t buffer[BUFFER_BYTES];
  uintptr_t fields[REST] = {0};
  int field = FROM, found = 0;
  long count;
  int file = open("/proc/self/maps", OPEN_READ_ONLY | OPEN_CLOSE_ON_EXEC);
  if (file < 0)
    return 0;
  while (!found && (count = read(file, buffer, BUFFER_BYTES)) > 0)
    for (long i = 0; i < count && !found; ++i) {
      uint8_t c = buffer[i];
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
static int lookup_table_pages(const ternary_device_model *model, uint64_t table, uintptr_t *start,
                              size_t *bytes) {
  const ternary_range *range = &ternary_descriptor_instance.lookup_tables[table];
  uintptr_t end = (uintptr_t)model->payload + range->offset + range->bytes;
  *start =
      ((uintptr_t)model->payload + range->offset + LARGEST_PAGE - 1) / LARGEST_PAGE * LARGEST_PAGE;
  end = end / LARGEST_PAGE * LARGEST_PAGE;
  *bytes = *start < end ? end - *start : 0;
  return *bytes >= WORTHWHILE_TABLE;
}

static void advise_lookup_tables(ternary_device_model *model, int is_file) {
  uintptr_t start;
  size_t bytes;
  for (uint64_t i = 0; i < ternary_descriptor_instance.lookup_table_count; ++i)
    if (lookup_table_pages(model, i, &start, &bytes)) {
      madvise((void *)start, bytes, ADVISE_NO_HUGE_PAGES);
      madvise((void *)start, bytes, ADVISE_RANDOM);
      /* Other memory than a file's would lose its contents with its pages. */
      model->gives_back = is_file || is_file_mapping(start, start + bytes);
      if (!model->gives_back)
        return;
    }
}

static void give_back_lookup_tables(const ternary_device_model *model) {
  uintptr_t start;
  size_t bytes;
  for (uint64_t i = 0; i < ternary_descriptor_instance.lookup_table_count; ++i)
    if (lookup_table_pages(model, i, &start, &bytes))
      madvise((void *)start, bytes, ADVISE_DROP);
}

ternary_status ternary_device_load(const void *payload, int is_file, ternary_device_model **model) {
  *model = (ternary_device_model *)calloc(1, sizeof(ternary_device_model));
  if (!*model)
    return TERNARY_OUT_OF_MEMORY;
  (*model)->payload = (const uint8_t *)payload;
  advise_lookup_tables(*model, is_file);
  return TERNARY_OK;
}

void ternary_device_unload(ternary_device_model *model) { free(model); }

/*===----------------------------------------------------------------------===*
 * Sessions
 *===----------------------------------------------------------------------===*/

enum { ALIGNMENT = 64 };

/* Stands at the start of its allocation, followed by what it points to. */
struct ternary_device_session {
  void *allocation;
  const ternary_device_model *model;
  void *state;
  void *workspace;
  int64_t lookups;    /* since pages of lookup tables were given back */
  ternary_team *team; /* null: the caller alone */
};

static int64_t round_up(int64_t value, int64_t multiple) {
  return (value + multiple - 1) / multiple * multiple;
}

/* Steps stream through their workspace; virtual machines can read huge pages almost
 * twice as fast. */
static void advise_huge_pages(const uint8_t *from, int64_t bytes) {
  uintptr_t first = round_up((int64_t)(uintptr_t)from, HUGE_PAGE);
  uintptr_t last = ((uintptr_t)from + (uintptr_t)bytes) / HUGE_PAGE * HUGE_PAGE;
  if (first < last)
    madvise((void *)first, last - first, ADVISE_HUGE_PAGES);
}

ternary_status ternary_device_allocate(const ternary_device_model *model, int64_t tokens,
                                       int32_t threads, ternary_device_session **result) {
  const ternary_descriptor *info = &ternary_descriptor_instance;
  int64_t header = round_up((int64_t)sizeof(ternary_device_session), ALIGNMENT);
  int64_t state = round_up(info->state_bytes, ALIGNMENT);
  int64_t workspace = round_up(ternary_workspace_bytes(info, tokens), ALIGNMENT);
  ternary_device_session *session;
  uint8_t *next;

  /* calloc takes large blocks from the system already zero, so that memory
   * which is never used, such as that of a long context, never becomes
   * resident. */
  void *allocation = calloc(1, (size_t)(header + state + workspace + ALIGNMENT - 1));
  if (!allocation)
    return TERNARY_OUT_OF_MEMORY;
  next = (uint8_t *)allocation + (ALIGNMENT - (uintptr_t)allocation % ALIGNMENT) % ALIGNMENT;

  session = (ternary_device_session *)(void *)next;
  session->allocation = allocation;
  session->model = model;
  session->state = next += header;
  session->workspace = next += state;
  advise_huge_pages(next, workspace);
  if (threads > 1 && info->threads && !(session->team = ternary_team_new(threads))) {
    free(allocation);
    return TERNARY_NO_THREADS;
  }
  *result = session;
  return TERNARY_OK;
}

void ternary_device_free(ternary_device_session *session) {
  if (!session)
    return;
  /* Objects without threads refer to none of their functions. */
  if (ternary_descriptor_instance.threads)
    ternary_team_free(session->team);
  free(session->allocation);
}

ternary_status ternary_device_read_state(const ternary_device_session *session, void *to) {
  memcpy(to, session->state, (size_t)ternary_descriptor_instance.state_bytes);
  return TERNARY_OK;
}

ternary_status ternary_device_write_state(ternary_device_session *session, const void *from) {
  memcpy(session->state, from, (size_t)ternary_descriptor_instance.state_bytes);
  return TERNARY_OK;
}

void ternary_device_clear_state(ternary_device_session *session) {
  memset(session->state, 0, (size_t)ternary_descriptor_instance.state_bytes);
}

ternary_status ternary_device_run(ternary_device_session *session, ternary_step step,
                                  const int32_t *ids, int64_t tokens, int64_t logits_from,
                                  float *logits) {
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
  step(&arguments);
  session->lookups += tokens;
  if (session->lookups >= LOOKUPS_TO_GIVE_BACK && session->model->gives_back) {
    give_back_lookup_tables(session->model);
    session->lookups = 0;
  }
  return TERNARY_OK;
}

ternary_status ternary_device_wait(ternary_device_session *session) {
  (void)session;
  return TERNARY_OK;
}
