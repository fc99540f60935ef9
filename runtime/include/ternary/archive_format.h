/*===- archive_format.h - The file of a model's weights ------------*- C -*-===*
 *
 * Part of the Ternary project, under the Apache License v2.0 with LLVM
 * Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * Little-endian:
 *
 *   0   char[8]  "TERNARYW"
 *   8   u32      version, 1
 *   12  u32      crc32 of the JSON header
 *   16  u64      bytes of the JSON header, which starts at 64
 *   24  u64      offset of the payload, a multiple of 4096
 *   32  u64      bytes of the payload
 *   40  u32      crc32 of the payload
 *   44           zero up to 64
 *
 * crc32 is the one of zlib and gzip (polynomial 0xedb88320). The JSON header is an
 * object {"tensors": [{"name", "type", "offset", "bytes"}, ...]}; offsets count
 * from the payload's start and are multiples of 64. The file ends with the payload.
 *
 * The compiler writes the prefix and the runtime reads it by the functions below.
 *
 *===----------------------------------------------------------------------===*/
#ifndef TERNARY_ARCHIVE_FORMAT_H
#define TERNARY_ARCHIVE_FORMAT_H

#include "ternary/abi.h"
#include <stddef.h>

#define TERNARY_ARCHIVE_MAGIC "TERNARYW"

enum {
  TERNARY_ARCHIVE_VERSION = 1,
  TERNARY_ARCHIVE_PREFIX_BYTES = 64,
  TERNARY_ARCHIVE_PAYLOAD_ALIGNMENT = 4096 /* so that a payload can be mapped */
};

typedef struct ternary_archive_prefix {
  uint32_t version;
  uint32_t header_crc32;
  uint64_t header_bytes;
  uint64_t payload_offset;
  uint64_t payload_bytes;
  uint32_t payload_crc32;
} ternary_archive_prefix;

static inline uint64_t ternary_load_little_endian(const uint8_t *p, int bytes) {
  uint64_t value = 0;
  for (int i = bytes - 1; i >= 0; --i)
    value = value << 8 | p[i];
  return value;
}

static inline void ternary_store_little_endian(uint8_t *p, int bytes, uint64_t value) {
  for (int i = 0; i < bytes; ++i, value >>= 8)
    p[i] = (uint8_t)value;
}

static inline void ternary_read_archive_prefix(const uint8_t *start,
                                               ternary_archive_prefix *prefix) {
  prefix->version = (uint32_t)ternary_load_little_endian(start + 8, 4);
  prefix->header_crc32 = (uint32_t)ternary_load_little_endian(start + 12, 4);
  prefix->header_bytes = ternary_load_little_endian(start + 16, 8);
  prefix->payload_offset = ternary_load_little_endian(start + 24, 8);
  prefix->payload_bytes = ternary_load_little_endian(start + 32, 8);
  prefix->payload_crc32 = (uint32_t)ternary_load_little_endian(start + 40, 4);
}

static inline void ternary_write_archive_prefix(uint8_t *start,
                                                const ternary_archive_prefix *prefix) {
  for (int i = 0; i < TERNARY_ARCHIVE_PREFIX_BYTES; ++i)
    start[i] = i < 8 ? (uint8_t)TERNARY_ARCHIVE_MAGIC[i] : 0;
  ternary_store_little_endian(start + 8, 4, prefix->version);
  ternary_store_little_endian(start + 12, 4, prefix->header_crc32);
  ternary_store_little_endian(start + 16, 8, prefix->header_bytes);
  ternary_store_little_endian(start + 24, 8, prefix->payload_offset);
  ternary_store_little_endian(start + 32, 8, prefix->payload_bytes);
  ternary_store_little_endian(start + 40, 4, prefix->payload_crc32);
}

/* Whether the `available` bytes at the start of an archive of `bytes` in all describe the archive
 * of a model that was compiled with one of `expected_bytes` whose header has this checksum. The
 * header lists what the code reads, so that an archive of another size cannot belong to it. */
static inline ternary_status ternary_check_archive_prefix(const uint8_t *start, size_t available,
                                                          uint64_t bytes, uint32_t header_crc32,
                                                          uint64_t expected_bytes,
                                                          ternary_archive_prefix *prefix) {
  for (size_t i = 0; i < 8; ++i)
    if (i >= available || start[i] != (uint8_t)TERNARY_ARCHIVE_MAGIC[i])
      return TERNARY_NOT_AN_ARCHIVE;
  if (available < TERNARY_ARCHIVE_PREFIX_BYTES)
    return TERNARY_ARCHIVE_DAMAGED;
  ternary_read_archive_prefix(start, prefix);
  if (prefix->version != TERNARY_ARCHIVE_VERSION || prefix->header_crc32 != header_crc32)
    return TERNARY_ARCHIVE_MISMATCH;
  if (bytes != expected_bytes || prefix->payload_offset % TERNARY_ARCHIVE_PAYLOAD_ALIGNMENT != 0 ||
      prefix->payload_offset < TERNARY_ARCHIVE_PREFIX_BYTES || prefix->payload_offset > bytes ||
      prefix->header_bytes > prefix->payload_offset - TERNARY_ARCHIVE_PREFIX_BYTES ||
      prefix->payload_bytes != bytes - prefix->payload_offset)
    return TERNARY_ARCHIVE_DAMAGED;
  return TERNARY_OK;
}

#endif /* TERNARY_ARCHIVE_FORMAT_H */
