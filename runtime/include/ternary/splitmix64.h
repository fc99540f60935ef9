/*===- splitmix64.h - Numbers that look random --------------------*- C -*-===*
 *
 * Part of the Ternary project, under the Apache License v2.0 with LLVM
 * Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * SplitMix64 (Steele, Lea and Flood, "Fast splittable pseudorandom number generators", 2014):
 * number i of a sequence is the mixture of seed + (i + 1) * gamma. It is the same on every machine.
 *
 *===----------------------------------------------------------------------===*/
#ifndef TERNARY_SPLITMIX64_H
#define TERNARY_SPLITMIX64_H

#include <stdint.h>

#define TERNARY_SPLITMIX64_GAMMA 0x9e3779b97f4a7c15u

/* Every bit of the result depends on every bit of `z`; no two of them have the same. */
static inline uint64_t ternary_splitmix64_mix(uint64_t z) {
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return z ^ (z >> 31);
}

/* Number `index` of the sequence of a seed. */
static inline uint64_t ternary_splitmix64(uint64_t seed, uint64_t index) {
  return ternary_splitmix64_mix(seed + (index + 1) * TERNARY_SPLITMIX64_GAMMA);
}

#endif /* TERNARY_SPLITMIX64_H */
