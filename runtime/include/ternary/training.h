/*===- training.h - What a compiled training object exports --------*- C -*-===*
 *
 * Part of the Ternary project, under the Apache License v2.0 with LLVM
 * Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * `ternary-compile --function=train` emits one constant of type
 * `ternary_training_descriptor`, named `ternary_training_descriptor_instance`, and the
 * functions that it points to. Plain C99, no includes beyond <stdint.h>.
 *
 * A *block* holds one f32 for each element of each parameter: float[block_floats], aligned
 * to 64 bytes; parameter i starts at `offset` and is row-major. What lies between
 * parameters is zero and stays so. Parameters, gradients and the optimiser's moments are
 * blocks of one layout.
 *
 *===----------------------------------------------------------------------===*/
#ifndef TERNARY_TRAINING_H
#define TERNARY_TRAINING_H

#include <stdint.h>

/* Raised by one whenever the layout or the meaning of anything below changes. */
#define TERNARY_TRAINING_ABI_VERSION 1

typedef struct ternary_parameter {
  const char *name; /* as in the checkpoint */
  const int64_t *shape;
  int64_t rank;
  uint64_t offset; /* of its first element in a block, in floats; a multiple of 16 */
  uint64_t count;  /* its elements */
  uint32_t decays; /* 1: weight decay applies (matrices); 0: not (norms, bounds) */
  uint32_t reserved;
} ternary_parameter;

/* Loss of a batch, the mean of -log p(target) over the targets that are not negative (0 if
 * there are none), and its gradient: gradients += scale * d loss / d parameters.
 *
 *   parameters   block
 *   gradients    block, added to
 *   workspace    scratch, aligned to 64: gradient_workspace.fixed_bytes +
 *                gradient_workspace.bytes_per_token * (tokens rounded up to a block of 16)
 *   ids          [batch, tokens], each in [0, vocab)
 *   targets      [batch, tokens], each in [0, vocab), or negative for none
 *   tokens       at least 1, at most max_tokens if that is not 0
 *   threads      how many threads to use, at least 1
 *
 * A row without targets adds exactly zero to both. The same arguments give the same bits,
 * whatever `threads` is. */
typedef float (*ternary_gradient_step)(const float *parameters, float *gradients, void *workspace,
                                       const int32_t *ids, const int32_t *targets, int64_t tokens,
                                       float scale, int32_t threads);

/* The loss alone; scratch as loss_workspace says, which may be the memory that gradients use:
 * nothing in it lasts from one call to the next. */
typedef float (*ternary_loss_step)(const float *parameters, void *workspace, const int32_t *ids,
                                   const int32_t *targets, int64_t tokens, int32_t threads);

/* AdamW as torch.optim.AdamW has it, after torch.nn.utils.clip_grad_norm_. Step s = 0, 1, ...
 * does for each element p of each parameter on which the loss depends, with its gradient g and
 * moments m and v:
 *
 *   g = gradient * min(1, clip_norm / (gradient_norm + 1e-6))      the gradient if clip_norm is 0
 *   p *= 1 - rate * weight_decay                                   if the parameter decays
 *   m = beta1 * m + (1 - beta1) * g
 *   v = beta2 * v + (1 - beta2) * g * g
 *   p -= rate * (m / (1 - beta1^(s + 1))) / (sqrt(v / (1 - beta2^(s + 1))) + epsilon)
 *
 * The rate is computed in f64 and rounded to f32 once:
 *
 *   rate    = peak(s) * warm(s) * (s >= halve_at >= 0 ? 1/2 : 1)
 *   warm(s) = min(1, (s + 1) / warmup_steps)            1 without warm-up
 *   peak(s) = learning_rate * (final_fraction + (1 - final_fraction) * (1 + cos(pi * t)) / 2),
 *   t       = clamp((s - warmup_steps) / (total_steps - warmup_steps), 0, 1)
 *             1 if warmup_steps >= total_steps
 */
typedef struct ternary_optimizer {
  float learning_rate;
  float final_fraction; /* of the rate, at the end */
  float beta1, beta2, epsilon, weight_decay;
  float clip_norm; /* of all gradients together; 0: no clipping */
  int32_t reserved;
  int64_t warmup_steps, total_steps;
  int64_t halve_at; /* negative: never */
} ternary_optimizer;

typedef struct ternary_update_report {
  float learning_rate; /* of this step */
  float gradient_norm; /* of all gradients together, before clipping; NaN or infinite whenever
                          one of them is */
} ternary_update_report;

/* One step of the optimiser over whole blocks; `step` counts from 0. Changes the parameters and
 * moments, never the gradients. The same arguments give the same bits, whatever `threads` is. */
typedef void (*ternary_update_step)(float *parameters, const float *gradients, float *first_moments,
                                    float *second_moments, const ternary_optimizer *optimizer,
                                    int64_t step, ternary_update_report *report, int32_t threads);

typedef struct ternary_workspace_size {
  int64_t fixed_bytes, bytes_per_token;
} ternary_workspace_size;

typedef struct ternary_training_descriptor {
  uint32_t abi_version;
  uint32_t descriptor_bytes; /* sizeof(ternary_training_descriptor) of the writer */

  const char *name;       /* the model's name, from its directory */
  const char *model_type; /* as in config.json */
  const char *target;     /* "cpu" or "reference" */
  const char *triple;     /* LLVM target triple */
  const char *cpu;        /* as resolved from --mcpu */
  const char *kernel;     /* which microkernels */

  int64_t batch;      /* sequences per step */
  int64_t max_tokens; /* of each sequence; 0: unbounded */
  int64_t vocab;
  int64_t bos_id; /* -1: none */
  int64_t eos_id; /* -1: none */

  const ternary_parameter *parameters; /* by ascending offset, without overlap */
  int64_t parameter_count;
  uint64_t block_floats;
  ternary_workspace_size gradient_workspace, loss_workspace;

  /* Initial values, a weight archive (see abi.h) whose payload starts with a block, up to the end
   * of its last parameter: embedded, or a file that is accepted if its header has this checksum. */
  const void *archive;
  uint64_t archive_bytes;
  const char *archive_file;
  uint32_t archive_header_crc32;
  uint32_t threads; /* 1: steps use as many as they are told; 0: they use one */

  const char *config_json; /* the checkpoint's configuration, as it was */
  uint64_t config_json_bytes;
  const void *tokenizer; /* SentencePiece model as in the checkpoint, or null */
  uint64_t tokenizer_bytes;

  ternary_gradient_step gradient;
  ternary_loss_step loss;
  ternary_update_step update;

  const char *features; /* as in ternary_descriptor */
} ternary_training_descriptor;

#endif /* TERNARY_TRAINING_H */
