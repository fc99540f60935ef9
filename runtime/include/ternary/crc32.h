/*===- crc32.h - CRC-32 of zlib and gzip --------------------------*- C -*-===*
 *
 * Part of the Ternary project, under the Apache License v2.0 with LLVM
 * Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * Eight bytes at a time ("slicing by 8"), several times as fast as one table.
 * The tables belong to the caller, so that there is no global state.
 *
 *===----------------------------------------------------------------------===*/
#ifndef TERNARY_CRC32_H
#define TERNARY_CRC32_H

#include <stddef.h>
#include <stdint.h>

typedef struct ternary_crc32_tables {
  /* entry[k][b]: what byte b adds to the remainder from k bytes further on */
  uint32_t entry[8][256];
} ternary_crc32_tables;

static inline void ternary_crc32_build(ternary_crc32_tables *tables) {
  for (uint32_t byte = 0; byte < 256; ++byte) {
    uint32_t remainder = byte;
    for (int bit = 0; bit < 8; ++bit)
      remainder = (remainder >> 1) ^ (0xedb88320u & (0u - (remainder & 1u)));
    tables->entry[0][byte] = remainder;
  }
  for (int k = 1; k < 8; ++k)
    for (uint32_t byte = 0; byte < 256; ++byte) {
      uint32_t before = tables->entry[k - 1][byte];
      tables->entry[k][byte] = (before >> 8) ^ tables->entry[0][before & 0xff];
    }
}

/* The checksum of some data followed by `bytes`, given that of the data alone;
 * 0 is the checksum of nothing. */
static inline uint32_t ternary_crc32_update(const ternary_crc32_tables *tables, uint32_t crc,
                                            const void *bytes, size_t count) {
  const uint8_t *p = (const uint8_t *)bytes;
  const uint32_t (*entry)[256] = tables->entry;
  crc = ~crc;
  for (; count >= 8; count -= 8, p += 8) {
    uint32_t low =
        crc ^ ((uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24);
    crc = entry[7][low & 0xff] ^ entry[6][low >> 8 & 0xff] ^ entry[5][low >> 16 & 0xff] ^
          entry[4][low >> 24] ^ entry[3][p[4]] ^ entry[2][p[5]] ^ entry[1][p[6]] ^ entry[0][p[7]];
  }
  for (; count > 0; --count, ++p)
    crc = (crc >> 8) ^ entry[0][(crc ^ *p) & 0xff];
  return ~crc;
}

#endif /* TERNARY_CRC32_H */
