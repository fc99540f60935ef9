/*===- half.h - Floats of 16 bits ----------------------------------*- C -*-===*
 *
 * Part of the Ternary project, under the Apache License v2.0 with LLVM
 * Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 *===----------------------------------------------------------------------===*/
#ifndef TERNARY_HALF_H
#define TERNARY_HALF_H

#include <stdint.h>
#include <string.h>

static inline float ternary_float_of_bits(uint32_t bits) {
  float value;
  memcpy(&value, &bits, sizeof(value));
  return value;
}

/* The f32 that equals a bf16. */
static inline float ternary_float_of_bf16(uint16_t bits) {
  return ternary_float_of_bits((uint32_t)bits << 16);
}

/* The f32 that equals a f16. Free of branches, so that loops over it become vector code on any
 * machine. */
static inline float ternary_float_of_f16(uint16_t half) {
  /* Exponent and mantissa move to their places in f32, 13 bits up, where the exponent has a bias of
   * 127 instead of 15. */
  const uint32_t magnitude = (uint32_t)(half & 0x7fff) << 13;
  const uint32_t normal = magnitude + ((127u - 15u) << 23);
  /* Infinity and NaN: the exponent is all ones again. */
  const uint32_t special = magnitude + ((255u - 31u) << 23);
  /* Subnormal: m * 2^-24 is (1 + m * 2^-10) * 2^-14 - 2^-14, which is exact. */
  const uint32_t smallest = (127u - 14u) << 23;
  const float difference =
      ternary_float_of_bits(magnitude + smallest) - ternary_float_of_bits(smallest);
  uint32_t subnormal, bits;
  memcpy(&subnormal, &difference, sizeof(subnormal));
  bits = magnitude >= (31u << 23) ? special : magnitude < (1u << 23) ? subnormal : normal;
  return ternary_float_of_bits(bits | (uint32_t)(half & 0x8000) << 16);
}

#endif /* TERNARY_HALF_H */
