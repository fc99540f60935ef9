/*===- function.h - What compiled functions export ----------------*- C -*-===*
 *
 * Part of the Ternary project, under the Apache License v2.0 with LLVM
 * Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * An object with functions that are no steps of a model has one constant of type
 * `ternary_functions`, named `ternary_functions_instance` in shared libraries. It is for callers
 * that learn what there is when they run, such as ternary-run and the Python package; others
 * include the header beside the object. Plain C99, no includes beyond <stdint.h>.
 *
 *===----------------------------------------------------------------------===*/
#ifndef TERNARY_FUNCTION_H
#define TERNARY_FUNCTION_H

#include <stdint.h>

/* Raised by one whenever the layout or the meaning of anything below changes. */
#define TERNARY_FUNCTIONS_ABI_VERSION 1

typedef enum ternary_value_kind {
  TERNARY_NUMBER,
  TERNARY_TENSOR,
  TERNARY_STATE /* a tensor among the inputs that the function updates */
} ternary_value_kind;

/* What a function takes or returns. */
typedef struct ternary_value {
  const char *name;
  const char *type; /* of a number or of elements, as MLIR spells it: f32, f64, f16, bf16, i1, i8,
                       i16, i32, i64 or index; trits are i8, i1 is a byte, index is an int64_t */
  const int64_t *shape; /* [rank], -1: dynamic; tensors are row by row */
  uint64_t rank;
  uint64_t kind; /* ternary_value_kind */
} ternary_value;

/* A function as one that takes what it works on from lists. `sizes` are those of the dynamic
 * dimensions of inputs, in order. */
typedef struct ternary_function {
  const char *name;
  const ternary_value *inputs, *results;
  uint64_t input_count, result_count;

  /* Returns the bytes of the workspace. `inputs` point to the numbers among the inputs; what points
   * to tensors is not read. Writes the shapes of all results that are tensors, one behind the
   * other; a negative size is one that the inputs cannot have. */
  int64_t (*workspace)(void *const *inputs, const int64_t *sizes, int64_t *shapes);

  /* Returns a ternary_status. `values` point to the inputs and the results, numbers or the first
   * elements of tensors. */
  int32_t (*call)(void *const *values, const int64_t *sizes, void *workspace);
} ternary_function;

typedef struct ternary_functions {
  uint32_t abi_version;
  uint32_t bytes; /* sizeof(ternary_functions) of the writer */

  const char *name, *target, *triple, *cpu, *kernel, *features; /* as in ternary_descriptor */

  const ternary_function *functions;
  uint64_t function_count;
} ternary_functions;

#endif /* TERNARY_FUNCTION_H */
