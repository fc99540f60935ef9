/*===- team.c - Threads that share the loops of a step ------------*- C -*-===*
 *
 * Part of the Ternary project, under the Apache License v2.0 with LLVM
 * Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * A step is some hundred loops of a few microseconds each, run one after the other by the caller,
 * who shares each with the threads of the team. Four properties matter:
 *
 * Nobody is waited for who has not begun. A loop is cut into chunks, and each member owns a range
 * of them. A member takes chunks of its own range first, so that it meets the same part of a weight
 * at every token, then those that others have not taken. If another process has the processor of a
 * thread, the rest of the team does its share.
 *
 * There is no hot counter. Each member's range is one word on a cache line of its own, and so is
 * the count of chunks that it has finished. The caller adds up the counts.
 *
 * Who has nothing to do spins for some microseconds, then sleeps in the kernel, which can give the
 * processor to a thread that has something to do.
 *
 * A thread that loses its processor in the middle of a chunk is waited for, for as long as a time
 * slice of the system. It then gets no work for a multiple of that time, so that such waiting is a
 * small part of the whole, however busy the machine is.
 *
 * Only what is claimed may be run: a claim is an atomic change of a range, a range is filled when
 * its loop is published, and the caller publishes the next loop when all chunks of this one are
 * finished. So whoever has a claim reads the loop that the claim belongs to, however late it is.
 *
 *===----------------------------------------------------------------------===*/

#include "ternary/team.h"
#include "libc.h"

/*===----------------------------------------------------------------------===*
 * From the C library
 *===----------------------------------------------------------------------===*/

/* Types of the C library, at least as large as on any 64-bit Linux. */
typedef struct thread_attributes {
  uint64_t opaque[16];
} thread_attributes;
typedef struct signal_set {
  uint64_t opaque[16];
} signal_set;
typedef struct time_value {
  long seconds, nanoseconds;
} time_value;
typedef void *thread_handle;

int sched_getcpu(void);
int getpid(void);
long syscall(long number, ...);
int clock_gettime(int clock, time_value *now);
int pthread_attr_init(thread_attributes *attributes);
int pthread_attr_setstacksize(thread_attributes *attributes, size_t bytes);
int pthread_attr_destroy(thread_attributes *attributes);
int pthread_create(thread_handle *thread, const thread_attributes *attributes,
                   void *(*start)(void *), void *argument);
int pthread_join(thread_handle thread, void **result);
int pthread_sigmask(int how, const signal_set *set, signal_set *old);

enum {
#if defined(__x86_64__)
  CALL_FUTEX = 202,
#else
  CALL_FUTEX = 98,
#endif
  FUTEX_WAIT_PRIVATE = 128,
  FUTEX_WAKE_PRIVATE = 129,
  MONOTONIC_CLOCK = 1,
  REPLACE_SIGNAL_MASK = 2
};

/*===----------------------------------------------------------------------===*
 * The team
 *===----------------------------------------------------------------------===*/

enum {
  LINE = 128, /* bytes that processors fetch together */
  CHUNKS_OF_MEMBER = 8,
  LARGEST_TEAM = 4096,
  STACK_BYTES = 16 << 20, /* address space; memory is what a kernel touches of it */

  /* Nanoseconds. The time between two loops is spun through; a thread that sleeps costs the caller
   * a system call and comes some ten microseconds late. */
  SPIN_OF_MEMBER = 50000,
  SPIN_OF_CALLER = 20000,
  SPINS_BETWEEN_LOOKS_AT_CLOCK = 16,

  /* A member is late if the caller waits so much longer for it than it has worked on the loop. It
   * rests for a multiple of that. */
  LATE = 50000,
  REST_OF_LATE = 16,
  REST_ON_PROCESSOR_OF_CALLER = 4000000
};

/* A range of chunks, [next, end), as one word. */
static uint64_t range(uint64_t next, uint64_t end) { return next << 32 | end; }

typedef struct member {
  /* Written by the caller when a loop is published, then by who takes a chunk. */
  uint64_t left;
  uint32_t sleeps;
  char apart[LINE - sizeof(uint64_t) - sizeof(uint32_t)];

  /* Written by the member alone. */
  uint64_t finished; /* chunks of all loops so far */
  uint32_t works;    /* it may have claimed a chunk that is not finished */
  char alone[LINE - sizeof(uint64_t) - sizeof(uint32_t)];

  /* Seldom written. */
  struct ternary_team *team;
  thread_handle thread;
  uint64_t rests_until; /* by the clock; until then it gets no work */
  char quiet[LINE - 3 * sizeof(uint64_t)];
} member;

struct ternary_team {
  /* The loop, written by the caller between loops. */
  ternary_loop loop;
  void *context;
  uint64_t count, chunk; /* iterations, and how many a chunk has */
  uint64_t expected;     /* chunks of all loops so far */
  void *allocation;
  int32_t members;
  int32_t process;
  uint32_t ends;
  int32_t processor; /* of the caller when it woke somebody */
  char apart[LINE];

  uint32_t generation; /* of the loop; what members wait for */
  char alone[LINE - sizeof(uint32_t)];

  uint32_t caller_sleeps;
  char quiet[LINE - sizeof(uint32_t)];

  member all[]; /* the caller is the first */
};

static void pause_briefly(void) {
#if defined(__x86_64__)
  __asm__ volatile("pause");
#elif defined(__aarch64__)
  __asm__ volatile("isb");
#else
  __asm__ volatile(".4byte 0x0100000f"); /* pause of Zihintpause, a hint elsewhere */
#endif
}

static uint64_t now(void) {
  time_value value = {0, 0};
  clock_gettime(MONOTONIC_CLOCK, &value);
  return (uint64_t)value.seconds * 1000000000u + (uint64_t)value.nanoseconds;
}

/* Sleeps while `*sleeps` is 1; may return early. */
static void sleep_on(uint32_t *sleeps) {
  syscall(CALL_FUTEX, sleeps, FUTEX_WAIT_PRIVATE, 1, NULL, NULL, 0);
}

static void wake(uint32_t *sleeps) {
  __atomic_store_n(sleeps, 0, __ATOMIC_SEQ_CST);
  syscall(CALL_FUTEX, sleeps, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}

static int rests(const member *one, uint64_t time) {
  return __atomic_load_n(&one->rests_until, __ATOMIC_RELAXED) > time;
}

static void rest(member *one, uint64_t until) {
  __atomic_store_n(&one->rests_until, until, __ATOMIC_RELAXED);
}

static void publish_range(member *owner, uint64_t next, uint64_t end) {
  __atomic_store_n(&owner->left, range(next, end), __ATOMIC_RELEASE);
}

/* Takes the next chunk of a range, if there is one left. */
static int claim(member *owner, uint64_t *chunk) {
  uint64_t left = __atomic_load_n(&owner->left, __ATOMIC_RELAXED);
  for (;;) {
    uint64_t next = left >> 32, end = left & UINT32_MAX;
    if (next >= end)
      return 0;
    if (__atomic_compare_exchange_n(&owner->left, &left, range(next + 1, end), 1, __ATOMIC_ACQUIRE,
                                    __ATOMIC_RELAXED)) {
      *chunk = next;
      return 1;
    }
  }
}

/* Runs chunks until none is left in any range; returns how many. */
static uint64_t work(ternary_team *team, int32_t self) {
  uint64_t done = 0, chunk;
  int32_t owner = self;
  do {
    for (; claim(&team->all[owner], &chunk); ++done) {
      uint64_t from = chunk * team->chunk, to = from + team->chunk;
      team->loop(team->context, (int64_t)from, (int64_t)(to < team->count ? to : team->count));
    }
    owner = owner + 1 < team->members ? owner + 1 : 0;
  } while (owner != self);
  return done;
}

/* Returns the generation after `seen`. */
static uint32_t await_generation(member *self, uint32_t seen) {
  ternary_team *team = self->team;
  uint64_t start = 0;
  for (;;) {
    for (int i = 0; i < SPINS_BETWEEN_LOOKS_AT_CLOCK; ++i) {
      uint32_t generation = __atomic_load_n(&team->generation, __ATOMIC_ACQUIRE);
      if (generation != seen)
        return generation;
      pause_briefly();
    }
    if (!start) {
      start = now();
    } else if (now() - start > SPIN_OF_MEMBER) {
      /* Either the caller sees that this one sleeps, or this one the new generation. */
      __atomic_store_n(&self->sleeps, 1, __ATOMIC_SEQ_CST);
      if (__atomic_load_n(&team->generation, __ATOMIC_SEQ_CST) == seen) {
        sleep_on(&self->sleeps);
        /* On the caller's processor nothing can be gained: the caller has to wait meanwhile. */
        if (sched_getcpu() == __atomic_load_n(&team->processor, __ATOMIC_RELAXED))
          rest(self, now() + REST_ON_PROCESSOR_OF_CALLER);
      }
      __atomic_store_n(&self->sleeps, 0, __ATOMIC_SEQ_CST);
      start = 0;
    }
  }
}

static void *run_member(void *argument) {
  member *self = (member *)argument;
  ternary_team *team = self->team;
  uint32_t generation = 0;
  for (;;) {
    uint64_t done;
    generation = await_generation(self, generation);
    if (__atomic_load_n(&team->ends, __ATOMIC_RELAXED))
      return NULL;
    if (self->rests_until && rests(self, now()))
      continue;
    __atomic_store_n(&self->works, 1, __ATOMIC_RELAXED);
    done = work(team, (int32_t)(self - team->all));
    __atomic_store_n(&self->works, 0, __ATOMIC_RELAXED);
    if (done) {
      __atomic_fetch_add(&self->finished, done, __ATOMIC_SEQ_CST);
      if (__atomic_load_n(&team->caller_sleeps, __ATOMIC_SEQ_CST))
        wake(&team->caller_sleeps);
    }
  }
}

static int all_finished(const ternary_team *team) {
  uint64_t finished = 0;
  for (int32_t i = 0; i < team->members; ++i)
    finished += __atomic_load_n(&team->all[i].finished, __ATOMIC_SEQ_CST);
  return finished == team->expected;
}

/* Waits for those who have begun; the caller has worked since `start`. */
static void await_members(ternary_team *team, uint64_t start) {
  uint64_t from = 0, waited = 0;
  int is_late = 0;
  for (int spins = 1; !all_finished(team); ++spins) {
    if (spins % SPINS_BETWEEN_LOOKS_AT_CLOCK != 0) {
      pause_briefly();
      continue;
    }
    if (!from)
      from = now();
    waited = now() - from;
    if (!is_late && waited > from - start + LATE) {
      is_late = 1;
      for (int32_t i = 1; i < team->members; ++i)
        if (__atomic_load_n(&team->all[i].works, __ATOMIC_RELAXED))
          rest(&team->all[i], UINT64_MAX);
    }
    if (waited > SPIN_OF_CALLER) {
      __atomic_store_n(&team->caller_sleeps, 1, __ATOMIC_SEQ_CST);
      if (!all_finished(team))
        sleep_on(&team->caller_sleeps);
      __atomic_store_n(&team->caller_sleeps, 0, __ATOMIC_SEQ_CST);
    }
  }
  if (!is_late)
    return;
  waited = now() - from;
  for (int32_t i = 1; i < team->members; ++i)
    if (rests(&team->all[i], UINT64_MAX - 1))
      rest(&team->all[i], from + waited + REST_OF_LATE * waited);
}

/* Shows the others a new loop, or that the team ends. Those who rest sleep on. */
static void publish(ternary_team *team, uint64_t time) {
  __atomic_store_n(&team->generation, team->generation + 1, __ATOMIC_SEQ_CST);
  for (int32_t i = 1; i < team->members; ++i)
    if (__atomic_load_n(&team->all[i].sleeps, __ATOMIC_SEQ_CST) && !rests(&team->all[i], time)) {
      __atomic_store_n(&team->processor, sched_getcpu(), __ATOMIC_RELAXED);
      wake(&team->all[i].sleeps);
    }
}

void ternary_team_share(ternary_team *team, ternary_loop loop, void *context, int64_t count) {
  uint64_t members = 1, owner = 0, chunks, start = 0;
  if (team && team->members > 1 && count > 1) {
    start = now();
    for (int32_t i = 1; i < team->members; ++i)
      members += !rests(&team->all[i], start);
  }
  if (members == 1) {
    if (count > 0)
      loop(context, 0, count);
    return;
  }
  team->loop = loop;
  team->context = context;
  team->count = (uint64_t)count;
  team->chunk = (team->count + members * CHUNKS_OF_MEMBER - 1) / (members * CHUNKS_OF_MEMBER);
  chunks = (team->count + team->chunk - 1) / team->chunk;
  team->expected += chunks;
  /* A member may have gone to rest since they were counted. The caller has what is left. */
  for (int32_t i = 1; i < team->members; ++i)
    if (!rests(&team->all[i], start)) {
      publish_range(&team->all[i], owner * chunks / members, (owner + 1) * chunks / members);
      ++owner;
    }
  publish_range(&team->all[0], owner * chunks / members, chunks);
  publish(team, start);
  team->all[0].finished += work(team, 0);
  await_members(team, start);
}

/*===----------------------------------------------------------------------===*
 * Its threads
 *===----------------------------------------------------------------------===*/

/* The other threads' starts; fewer than asked for are an error. */
static int start_members(ternary_team *team, int32_t threads) {
  thread_attributes attributes;
  signal_set all, before;
  int started = pthread_attr_init(&attributes) == 0;
  if (!started)
    return 0;
  started = pthread_attr_setstacksize(&attributes, STACK_BYTES) == 0;
  /* Signals are for the threads of the program, which may expect them. */
  for (size_t i = 0; i < sizeof(all.opaque) / sizeof(all.opaque[0]); ++i)
    all.opaque[i] = UINT64_MAX;
  pthread_sigmask(REPLACE_SIGNAL_MASK, &all, &before);
  for (; started && team->members < threads; team->members += started) {
    member *next = &team->all[team->members];
    next->team = team;
    started = pthread_create(&next->thread, &attributes, run_member, next) == 0;
  }
  pthread_sigmask(REPLACE_SIGNAL_MASK, &before, NULL);
  pthread_attr_destroy(&attributes);
  return started;
}

ternary_team *ternary_team_new(int32_t threads) {
  ternary_team *team;
  void *allocation;
  if (threads < 1 || threads > LARGEST_TEAM)
    return NULL;
  allocation = calloc(1, sizeof(ternary_team) + (size_t)threads * sizeof(member) + LINE);
  if (!allocation)
    return NULL;
  team = (ternary_team *)(((uintptr_t)allocation + LINE - 1) / LINE * LINE);
  team->allocation = allocation;
  team->process = getpid();
  team->members = 1;
  if (!start_members(team, threads)) {
    ternary_team_free(team);
    return NULL;
  }
  return team;
}

void ternary_team_free(ternary_team *team) {
  if (!team)
    return;
  /* A child that a process forks has its memory, but not its threads. */
  if (team->process == getpid()) {
    __atomic_store_n(&team->ends, 1, __ATOMIC_RELAXED);
    publish(team, UINT64_MAX);
    for (int32_t i = 1; i < team->members; ++i)
      pthread_join(team->all[i].thread, NULL);
  }
  free(team->allocation);
}
