//===- TernaryOptimizerOps.td - A step of the optimiser -----*- tablegen -*-===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The schedule of the learning rate, the norm of gradients, and AdamW.
//
//===----------------------------------------------------------------------===//

#ifndef TERNARY_OPTIMIZER_OPS_TD
#define TERNARY_OPTIMIZER_OPS_TD

include "ternary/Dialect/Ternary/IR/TernaryOpBase.td"

def Ternary_LearningRateOp : Ternary_Op<"learning_rate", [
    Pure, DeclareOpInterfaceMethods<ModelOpInterface>]> {
  let summary = "learning rate of a step: warm-up, cosine, halved midway";
  let description = [{
    ```
    t       = clamp((step - warmup_steps) / (total_steps - warmup_steps), 0, 1)
              1 if warmup_steps >= total_steps
    peak    = base · (final_fraction + (1 - final_fraction) · (1 + cos(π · t)) / 2)
    warm    = (step + 1) / warmup_steps if step < warmup_steps, else 1
    halved  = 1/2 if step >= halve_at >= 0, else 1
    result  = f32(peak · warm · halved)
    ```

    in f64, rounded to f32 once; the cosine is a polynomial. Steps count from 0.

    Example:

    ```mlir
    func.func @f(%step: i64, %base: f32, %final: f32, %warmup: i64, %total: i64, %halve: i64) -> f32 {
      %0 = ternary.learning_rate %step of %total, base %base, final_fraction %final,
          warmup %warmup, halve_at %halve
      return %0 : f32
    }
    ```
  }];
  let arguments = (ins I64:$step, I64:$total_steps, F32:$base, F32:$final_fraction,
                       I64:$warmup_steps, I64:$halve_at);
  let results = (outs F32:$result);
  let assemblyFormat = [{
    $step `of` $total_steps `,` `base` $base `,` `final_fraction` $final_fraction `,`
    `warmup` $warmup_steps `,` `halve_at` $halve_at attr-dict
  }];
}

def Ternary_SquareSumOp : Ternary_Op<"square_sum", [Pure, InferTypeOpAdaptor]> {
  let summary = "sum of the squares of all elements, in f64";
  let description = [{
    With the elements e in row-major order, of which those that do not exist are +0, and
    c = 32 · ⌈elements / 2048⌉:

    ```
    lane(p, l) = e[p c + l]² + e[p c + 32 + l]² + ...     32 lanes of each of 64 parts
    part(p)    = fold(lane(p, .))
    result     = fold(part)
    ```

    with squares and sums in f64, lanes from +0; `fold` is that of the dialect.

    Constraints:
    - (C1) `input` is of static shape

    Example:

    ```mlir
    func.func @f(%g: tensor<97x64xf32>) -> tensor<f64> {
      %0 = ternary.square_sum %g : tensor<97x64xf32>
      return %0 : tensor<f64>
    }
    ```
  }];
  let arguments = (ins Ternary_F32Tensor:$input);
  let results = (outs 0DTensorOf<[F64]>:$result);
  let assemblyFormat = "$input attr-dict `:` type($input)";
  let hasVerifier = 1;
  let extraClassDeclaration = [{
    /// Parts of the sum, which threads share, and lanes of each.
    static constexpr int64_t kParts = 64, kLanes = 32;
    /// Elements of a part when there are so many in all.
    static int64_t getPartSize(int64_t elements) {
      return ::llvm::divideCeil(elements, kParts * kLanes) * kLanes;
    }
  }];
}

def Ternary_AdamWOp : Ternary_Op<"adamw", [
    Pure, AllTypesMatch<["parameter", "gradient", "first_moment", "second_moment",
                         "new_parameter", "new_first_moment", "new_second_moment"]>]> {
  let summary = "a step of AdamW for one parameter";
  let description = [{
    ```
    g                  = gradient · gradient_scale
    new_first_moment   = beta1 · first_moment + rest1 · g
    new_second_moment  = beta2 · second_moment + rest2 · g · g
    new_parameter      = parameter · keep - rate · (new_first_moment · correction1)
                         / (sqrt(new_second_moment · correction2) + epsilon)
    ```

    element by element, products from left to right. `keep` is what decoupled weight decay
    leaves of a parameter, `rest` is 1 - beta, `correction` is 1 / (1 - beta^(step + 1)).

    Constraints:
    - (C1) all tensors are of one static shape

    Example:

    ```mlir
    func.func @f(%p: tensor<97x64xf32>, %g: tensor<97x64xf32>, %m: tensor<97x64xf32>, %v: tensor<97x64xf32>,
                 %scale: f32, %keep: f32, %rate: f32, %beta1: f32, %rest1: f32, %correction1: f32,
                 %beta2: f32, %rest2: f32, %correction2: f32, %epsilon: f32) -> tensor<97x64xf32> {
      %0:3 = ternary.adamw %p, %g scale %scale keep %keep rate %rate
          first %m(%beta1, %rest1, %correction1) second %v(%beta2, %rest2, %correction2)
          epsilon %epsilon : tensor<97x64xf32>
      return %0#0 : tensor<97x64xf32>
    }
    ```
  }];
  let arguments = (ins Ternary_F32Tensor:$parameter, Ternary_F32Tensor:$gradient,
                       F32:$gradient_scale, F32:$keep, F32:$rate,
                       Ternary_F32Tensor:$first_moment, F32:$beta1, F32:$rest1, F32:$correction1,
                       Ternary_F32Tensor:$second_moment, F32:$beta2, F32:$rest2, F32:$correction2,
                       F32:$epsilon);
  let results = (outs Ternary_F32Tensor:$new_parameter, Ternary_F32Tensor:$new_first_moment,
                      Ternary_F32Tensor:$new_second_moment);
  let assemblyFormat = [{
    $parameter `,` $gradient `scale` $gradient_scale `keep` $keep `rate` $rate
    `first` $first_moment `(` $beta1 `,` $rest1 `,` $correction1 `)`
    `second` $second_moment `(` $beta2 `,` $rest2 `,` $correction2 `)`
    `epsilon` $epsilon attr-dict `:` type($parameter)
  }];
  let hasVerifier = 1;
}

#endif // TERNARY_OPTIMIZER_OPS_TD
