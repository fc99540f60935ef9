/*===- optimizer.c - A step of AdamW over blocks of parameters ----*- C -*-===*
 *
 * Part of the Ternary project, under the Apache License v2.0 with LLVM
 * Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * The compiler carries this file as LLVM bitcode, as it does session.c, and links it into
 * every training object. Hence C99 without a C library: the few functions of mathematics
 * that it needs are here, and give the same bits everywhere.
 *
 *===----------------------------------------------------------------------===*/

#include "ternary/training.h"

extern const ternary_training_descriptor ternary_training_descriptor_instance;

/* cos(pi * t) for t in [0, 1]: the Taylor series around pi / 2, which is exact to the last
 * bits there and symmetric. */
static double cos_pi(double t) {
  const double x = (0.5 - t) * 3.14159265358979323846, square = x * x;
  double term = x, sum = x;
  for (int k = 1; k <= 12; ++k) {
    term *= -square / (double)((2 * k) * (2 * k + 1));
    sum += term;
  }
  return sum;
}

/* base^exponent by squaring. */
static double power(double base, int64_t exponent) {
  double result = 1;
  for (; exponent > 0; exponent >>= 1, base *= base)
    if (exponent & 1)
      result *= base;
  return result;
}

static float learning_rate(const ternary_optimizer *o, int64_t step) {
  double t = 1, warm = 1, peak;
  if (o->total_steps > o->warmup_steps) {
    t = (double)(step - o->warmup_steps) / (double)(o->total_steps - o->warmup_steps);
    t = t < 0 ? 0 : t > 1 ? 1 : t;
  }
  if (step < o->warmup_steps)
    warm = (double)(step + 1) / (double)o->warmup_steps;
  peak = o->learning_rate *
         (o->final_fraction + (1 - (double)o->final_fraction) * (1 + cos_pi(t)) / 2);
  return (float)(peak * warm * (o->halve_at >= 0 && step >= o->halve_at ? 0.5 : 1));
}

/* The root of the sum of squares; lanes keep the order of the sum. */
static double norm(const float *values, uint64_t count) {
  enum { LANES = 16 };
  double sums[LANES] = {0}, sum = 0;
  for (uint64_t i = 0; i < count; i += LANES)
    for (uint64_t l = 0; l < LANES; ++l)
      sums[l] += (double)values[i + l] * values[i + l];
  for (int l = 0; l < LANES; ++l)
    sum += sums[l];
  return __builtin_sqrt(sum);
}

void ternary_update(float *parameters, const float *gradients, float *first_moments,
                    float *second_moments, const ternary_optimizer *o, int64_t step,
                    ternary_update_report *report, int32_t threads) {
  const ternary_training_descriptor *info = &ternary_training_descriptor_instance;
  const float rate = learning_rate(o, step);
  const double total = norm(gradients, info->block_floats);
  const double share = o->clip_norm / (total + 1e-6);
  const float clip = o->clip_norm > 0 && share < 1 ? (float)share : 1.0f;
  const float beta1 = o->beta1, beta2 = o->beta2, epsilon = o->epsilon;
  const float rest1 = (float)(1 - (double)beta1), rest2 = (float)(1 - (double)beta2);
  const float correct1 = (float)(1 / (1 - power(beta1, step + 1)));
  const float correct2 = (float)(1 / (1 - power(beta2, step + 1)));
  (void)threads;
  for (int64_t p = 0; p < info->parameter_count; ++p) {
    const ternary_parameter *parameter = &info->parameters[p];
    const float keep = parameter->decays ? (float)(1 - (double)rate * o->weight_decay) : 1.0f;
    const uint64_t end = parameter->offset + parameter->count;
    for (uint64_t i = parameter->offset; i < end; ++i) {
      const float g = gradients[i] * clip;
      const float m = beta1 * first_moments[i] + rest1 * g;
      const float v = beta2 * second_moments[i] + rest2 * g * g;
      first_moments[i] = m;
      second_moments[i] = v;
      parameters[i] =
          parameters[i] * keep - rate * (m * correct1) / (__builtin_sqrtf(v * correct2) + epsilon);
    }
  }
  report->learning_rate = rate;
  report->gradient_norm = (float)total;
}
