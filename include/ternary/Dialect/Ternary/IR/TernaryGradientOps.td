//===- TernaryGradientOps.td - Losses and gradients ---------*- tablegen -*-===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A loss, and what the gradients of layers consist of. docs/gradients.md derives them.
//
//===----------------------------------------------------------------------===//

#ifndef TERNARY_GRADIENT_OPS_TD
#define TERNARY_GRADIENT_OPS_TD

include "ternary/Dialect/Ternary/IR/TernaryOpBase.td"
include "ternary/Dialect/Ternary/IR/TernaryQuantizedOps.td"

def Ternary_I32Tensor : RankedTensorOf<[I32]>;
def Ternary_FloatScalar : AnyTypeOf<[F32, F64, 0DTensorOf<[F32, F64]>]>;

//===----------------------------------------------------------------------===//
// Cross-entropy
//===----------------------------------------------------------------------===//

def Ternary_CrossEntropyOp : Ternary_ModelOp<"cross_entropy", [
    DeclareOpInterfaceMethods<DifferentiableOpInterface>]> {
  let summary = "mean of -log softmax(logits)[target]";
  let description = [{
    ```
    (l, _)      = cross_entropy_rows(logits, targets)
    (result, _) = mean_over_targets(l, targets)
    ```

    Rows whose target is negative do not count.

    Constraints:
    - (C1) `logits` is `[..., V]` with static V, `targets` is `[...]`

    Example:

    ```mlir
    func.func @f(%l: tensor<1x?x97xf32>, %t: tensor<1x?xi32>) -> tensor<f32> {
      %0 = ternary.cross_entropy %l, %t : tensor<1x?x97xf32>, tensor<1x?xi32> -> tensor<f32>
      return %0 : tensor<f32>
    }
    ```
  }];
  let arguments = (ins Ternary_FloatTensor:$logits, Ternary_I32Tensor:$targets);
  let results = (outs 0DTensorOf<[F32, F64]>:$result);
  let assemblyFormat = [{
    $logits `,` $targets attr-dict `:` type($logits) `,` type($targets) `->` type($result)
  }];
  let hasVerifier = 1;
}

def Ternary_CrossEntropyRowsOp : Ternary_RowOp<"cross_entropy_rows"> {
  let summary = "-log softmax(logits)[target] of each row";
  let description = [{
    ```
    m               = max_v logits[..., v]
    log_sum_exp     = m + log(rowsum(exp(logits[..., v] - m)))
    loss[...]       = log_sum_exp - logits[..., target]     0 where target < 0
    ```

    Constraints:
    - (C1) `logits` is `[..., V]` with static V; `target`, `loss` and `log_sum_exp` are `[...]`

    Example:

    ```mlir
    func.func @f(%l: tensor<1x?x97xf32>, %t: tensor<1x?xi32>) -> (tensor<1x?xf32>, tensor<1x?xf32>) {
      %0, %1 = ternary.cross_entropy_rows %l, %t
        : tensor<1x?x97xf32>, tensor<1x?xi32> -> tensor<1x?xf32>, tensor<1x?xf32>
      return %0, %1 : tensor<1x?xf32>, tensor<1x?xf32>
    }
    ```
  }];
  let arguments = (ins Ternary_FloatRow:$logits, Ternary_I32PerRow:$target);
  let results = (outs Ternary_FloatPerRow:$loss, Ternary_FloatPerRow:$log_sum_exp);
  let assemblyFormat = [{
    $logits `,` $target attr-dict
    `:` type($logits) `,` type($target) `->` type($loss) `,` type($log_sum_exp)
  }];
  let hasVerifier = 1;
}

def Ternary_MeanOverTargetsOp : Ternary_PureOp<"mean_over_targets"> {
  let summary = "mean of the rows that have a target";
  let description = [{
    ```
    n       = number of targets that are not negative
    weight  = 1 / max(n, 1)
    mean    = (Σ values) · weight      a blocked sum over rows
    ```

    Values of rows without a target are 0.

    Constraints:
    - (C1) `values` and `targets` are of one shape

    Example:

    ```mlir
    func.func @f(%l: tensor<1x?xf32>, %t: tensor<1x?xi32>) -> (tensor<f32>, tensor<f32>) {
      %0, %1 = ternary.mean_over_targets %l, %t : tensor<1x?xf32>, tensor<1x?xi32> -> tensor<f32>, tensor<f32>
      return %0, %1 : tensor<f32>, tensor<f32>
    }
    ```
  }];
  let arguments = (ins Ternary_FloatTensor:$values, Ternary_I32Tensor:$targets);
  let results = (outs 0DTensorOf<[F32, F64]>:$mean, 0DTensorOf<[F32, F64]>:$weight);
  let assemblyFormat = [{
    $values `,` $targets attr-dict `:` type($values) `,` type($targets)
    `->` type($mean) `,` type($weight)
  }];
  let hasVerifier = 1;
}

def Ternary_CrossEntropyBackwardOp : Ternary_RowOp<"cross_entropy_backward",
    DeclareOpInterfaceMethods<RowOpInterface, ["isSharedByRows"]>> {
  let summary = "gradient of cross-entropy by the logits";
  let description = [{
    ```
    g                = weight · grad
    result[..., v]   = (exp(logits[..., v] - log_sum_exp[...]) - [v = target[...]]) · g
                       0 where target < 0
    ```

    Constraints:
    - (C1) `logits` and `result` are `[..., V]`, `target` and `log_sum_exp` are `[...]`,
      `weight` and `grad` are scalars

    Example:

    ```mlir
    func.func @f(%l: tensor<1x?x97xf32>, %t: tensor<1x?xi32>, %s: tensor<1x?xf32>, %w: tensor<f32>,
                 %g: tensor<f32>) -> tensor<1x?x97xf32> {
      %0 = ternary.cross_entropy_backward %l, %t, %s, %w, %g
        : tensor<1x?x97xf32>, tensor<1x?xi32>, tensor<1x?xf32>, tensor<f32>, tensor<f32>
      return %0 : tensor<1x?x97xf32>
    }
    ```
  }];
  let arguments = (ins Ternary_FloatRow:$logits, Ternary_I32PerRow:$target,
                       Ternary_FloatPerRow:$log_sum_exp, Ternary_FloatScalar:$weight,
                       Ternary_FloatScalar:$grad);
  let results = (outs Ternary_FloatRow:$result);
  let assemblyFormat = [{
    $logits `,` $target `,` $log_sum_exp `,` $weight `,` $grad attr-dict
    `:` type($logits) `,` type($target) `,` type($log_sum_exp) `,` type($weight) `,` type($grad)
  }];
  let hasVerifier = 1;
}

//===----------------------------------------------------------------------===//
// Linear layers
//===----------------------------------------------------------------------===//

def Ternary_LinearBackwardInputOp : Ternary_PureOp<"linear_backward_input"> {
  let summary = "gradient of a linear layer by its input";
  let description = [{
    `result[..., k] = (Σ_n grad[..., n] · weight[n, k]) · weight_scale[0]`

    in blocks b of 256 columns n, in which a row of the gradient is rounded to 23 bits:

    ```
    a[b]           = max(1e-30, max_{n in b} |grad[..., n]|)
    c[n]           = round(grad[..., n] · (4194303 / a[b]))         to nearest, ties to even
    s[b]           = (a[b] / 4194303) · weight_scale[0]
    result[..., k] = Σ_b (Σ_{n in b} c[n] · weight[n, k]) · s[b]
    ```

    The inner sums are exact, 256 codes of 23 bits fitting into an i32; they are converted to
    f32, multiplied and added from +0 in order of b, with a rounding each. Infinity and
    NaN count as the largest magnitude and make their row NaN. With `int8`, codes have 8 bits:
    127 stands in the place of 4194303.

    Constraints:
    - (C1) `grad` is `[..., N]`, `weight` is `[N, K]`, static, without encoding, `result` is
      `[..., K]`
    - (C2) `weight_scale` is `[1]`

    Example:

    ```mlir
    func.func @f(%g: tensor<1x?x97xf32>, %t: tensor<97x64x!ternary.trit>, %s: tensor<1xf32>) -> tensor<1x?x64xf32> {
      %0 = ternary.linear_backward_input %g, %t, %s
        : tensor<1x?x97xf32>, tensor<97x64x!ternary.trit>, tensor<1xf32> -> tensor<1x?x64xf32>
      return %0 : tensor<1x?x64xf32>
    }
    ```
  }];
  let arguments = (ins Ternary_F32Tensor:$grad, Ternary_TritMatrix:$weight,
                       Ternary_F32Vector:$weight_scale, UnitAttr:$int8);
  let results = (outs Ternary_F32Tensor:$result);
  let assemblyFormat = [{
    $grad `,` $weight `,` $weight_scale attr-dict
    `:` type($grad) `,` type($weight) `,` type($weight_scale) `->` type($result)
  }];
  let hasVerifier = 1;
}

def Ternary_LinearBackwardWeightOp : Ternary_PureOp<"linear_backward_weight"> {
  let summary = "gradient of a linear layer by its weight";
  let description = [{
    `result[n, k] = Σ_rows grad[row, n] · activation_scale[row] · activations[row, k]`

    in blocks b of 256 rows, in which a column of the gradient is rounded to 16 bits:

    ```
    g[row, n]    = grad[row, n] · activation_scale[row]
    a[b, n]      = max(1e-30, max_{row in b} |g[row, n]|)
    c[row, n]    = round(g[row, n] · (32767 / a[b, n]))            to nearest, ties to even
    result[n, k] = Σ_b (Σ_{row in b} c[row, n] · activations[row, k]) · (a[b, n] / 32767)
    ```

    The inner sums are exact, 256 products of 16 and 8 bits fitting into an i32; they are
    converted to f32, multiplied and added from +0 in order of b, with a rounding each.
    Infinity and NaN count as the largest magnitude and make row n of the result NaN. With
    `int8`, codes have 8 bits: 127 stands in the place of 32767.

    Constraints:
    - (C1) `grad` is `[..., N]`, `activations` is `[..., P]` with P ≥ K, `activation_scale` is
      `[...]`, `result` is `[N, K]`

    Example:

    ```mlir
    func.func @f(%g: tensor<1x?x97xf32>, %q: tensor<1x?x64xi8>, %s: tensor<1x?xf32>) -> tensor<97x64xf32> {
      %0 = ternary.linear_backward_weight %g, %q, %s
        : tensor<1x?x97xf32>, tensor<1x?x64xi8>, tensor<1x?xf32> -> tensor<97x64xf32>
      return %0 : tensor<97x64xf32>
    }
    ```
  }];
  let arguments = (ins Ternary_F32Tensor:$grad, RankedTensorOf<[I8]>:$activations,
                       Ternary_F32Tensor:$activation_scale, UnitAttr:$int8);
  let results = (outs Ternary_F32Tensor:$result);
  let assemblyFormat = [{
    $grad `,` $activations `,` $activation_scale attr-dict
    `:` type($grad) `,` type($activations) `,` type($activation_scale) `->` type($result)
  }];
  let hasVerifier = 1;
}

//===----------------------------------------------------------------------===//
// Norms and rows
//===----------------------------------------------------------------------===//

def Ternary_ScaleRowsOp : Ternary_RowOp<"scale_rows"> {
  let summary = "every row times a number of its own";
  let description = [{
    `result[..., k] = input[..., k] · scale[...]`

    Constraints:
    - (C1) `input` and `result` are `[..., K]`, `scale` is `[...]`

    Example:

    ```mlir
    func.func @f(%x: tensor<1x?x64xf32>, %s: tensor<1x?xf32>) -> tensor<1x?x64xf32> {
      %0 = ternary.scale_rows %x, %s : tensor<1x?x64xf32>, tensor<1x?xf32>
      return %0 : tensor<1x?x64xf32>
    }
    ```
  }];
  let arguments = (ins Ternary_FloatRow:$input, Ternary_FloatPerRow:$scale);
  let results = (outs Ternary_FloatRow:$result);
  let assemblyFormat = "$input `,` $scale attr-dict `:` type($input) `,` type($scale)";
  let hasVerifier = 1;
}

def Ternary_RMSNormBackwardOp : Ternary_RowOp<"rms_norm_backward",
    DeclareOpInterfaceMethods<RowOpInterface, ["isSharedByRows"]>> {
  let summary = "gradient of a root mean square norm by its input";
  let description = [{
    ```
    p[k]             = grad[..., k] · gain[k]
    n[k]             = input[..., k] · scale[...]
    c                = rowsum(n · p) / K
    result[..., k]   = scale[...] · (p[k] - n[k] · c)
    ```

    with `scale` the `inverse_rms` of the input.

    Constraints:
    - (C1) `grad`, `input` and `result` are `[..., K]` with static K, `scale` is `[...]`, `gain`
      is `[K]`

    Example:

    ```mlir
    func.func @f(%d: tensor<1x?x64xf32>, %x: tensor<1x?x64xf32>, %r: tensor<1x?xf32>, %g: tensor<64xf32>) -> tensor<1x?x64xf32> {
      %0 = ternary.rms_norm_backward %d, %x, %r, %g
        : tensor<1x?x64xf32>, tensor<1x?x64xf32>, tensor<1x?xf32>, tensor<64xf32>
      return %0 : tensor<1x?x64xf32>
    }
    ```
  }];
  let arguments = (ins Ternary_FloatRow:$grad, Ternary_FloatRow:$input, Ternary_FloatPerRow:$scale,
                       Ternary_FloatRow:$gain);
  let results = (outs Ternary_FloatRow:$result);
  let assemblyFormat = [{
    $grad `,` $input `,` $scale `,` $gain attr-dict
    `:` type($grad) `,` type($input) `,` type($scale) `,` type($gain)
  }];
  let hasVerifier = 1;
}

def Ternary_SumRowsOp : Ternary_PureOp<"sum_rows"> {
  let summary = "sum over all rows";
  let description = [{
    `result[k] = Σ_p Σ_{rows of p} input[row, k]`, over 64 parts of ceil(M / 64) of the M rows
    each (the last ones have fewer, or none), either sum from +0 in order. So rows are added
    while a kernel computes them, whatever the number of threads.

    The gradient of what is repeated for every row.

    Constraints:
    - (C1) `input` is `[..., K]` with static K, `result` is `[K]`

    Example:

    ```mlir
    func.func @f(%x: tensor<1x?x64xf32>) -> tensor<64xf32> {
      %0 = ternary.sum_rows %x : tensor<1x?x64xf32> -> tensor<64xf32>
      return %0 : tensor<64xf32>
    }
    ```
  }];
  let arguments = (ins Ternary_FloatTensor:$input);
  let results = (outs Ternary_FloatVector:$result);
  let assemblyFormat = "$input attr-dict `:` type($input) `->` type($result)";
  let hasVerifier = 1;
  let extraClassDeclaration = [{
    static constexpr int64_t kParts = 64;
  }];
}

//===----------------------------------------------------------------------===//
// Recurrences, embeddings, bounds
//===----------------------------------------------------------------------===//

def Ternary_LinearScanBackwardOp : Ternary_PureOp<"linear_scan_backward"> {
  let summary = "gradient of a linear scan, backwards in time";
  let description = [{
    With `hidden[b, -1, h] = state[b, h]` and `d[T] = grad_state[b, h]`, for t = T - 1, ..., 0:

    ```
    d[t]                  = d[t + 1] + grad[b, t, h]
    grad_input[b, t, h]   = d[t]
    grad_forget[b, t, h]  = d[t] · hidden[b, t - 1, h]
    d[t]                  = d[t] · forget[b, t, h]       carried to t - 1
    grad_initial[b, h]    = d[0]
    ```

    Constraints:
    - (C1) `forget`, `hidden`, `grad`, `grad_forget` and `grad_input` are `[B, T, H]` of one type
    - (C2) `state`, `grad_state` and `grad_initial` are `[B, H]` of one type
    - (C3) T is at least 1

    Example:

    ```mlir
    func.func @f(%f: tensor<1x?x64xf32>, %h: tensor<1x?x64xf32>, %s: tensor<1x64xf32>,
                 %d: tensor<1x?x64xf32>, %e: tensor<1x64xf32>)
        -> (tensor<1x?x64xf32>, tensor<1x?x64xf32>, tensor<1x64xf32>) {
      %0, %1, %2 = ternary.linear_scan_backward %f, %h, %s, %d, %e
        : tensor<1x?x64xf32>, tensor<1x64xf32>
      return %0, %1, %2 : tensor<1x?x64xf32>, tensor<1x?x64xf32>, tensor<1x64xf32>
    }
    ```
  }];
  let arguments = (ins Ternary_FloatTensor:$forget, Ternary_FloatTensor:$hidden,
                       Ternary_FloatTensor:$state, Ternary_FloatTensor:$grad,
                       Ternary_FloatTensor:$grad_state);
  let results = (outs Ternary_FloatTensor:$grad_forget, Ternary_FloatTensor:$grad_input,
                      Ternary_FloatTensor:$grad_initial);
  let assemblyFormat = [{
    $forget `,` $hidden `,` $state `,` $grad `,` $grad_state attr-dict
    `:` custom<GradientTypes>(type($forget), type($hidden), type($grad), type($state),
                              type($grad_state))
  }];
  let hasVerifier = 1;
}

def Ternary_EmbeddingBackwardOp : Ternary_Op<"embedding_backward", [Pure, Ternary_OneFloatType]> {
  let summary = "gradient of an embedding by its table";
  let description = [{
    `result[v, k] = Σ grad[i, k]` over the rows i with `ids[i] = v`, from +0 in order of the
    rows.

    Constraints:
    - (C1) `ids` is `[...]`, `grad` is `[..., H]`, `result` is `[V, H]`, static

    Example:

    ```mlir
    func.func @f(%ids: tensor<1x?xi32>, %g: tensor<1x?x64xf32>) -> tensor<97x64xf32> {
      %0 = ternary.embedding_backward %ids, %g : tensor<1x?xi32>, tensor<1x?x64xf32> -> tensor<97x64xf32>
      return %0 : tensor<97x64xf32>
    }
    ```
  }];
  let arguments = (ins Ternary_I32Tensor:$ids, Ternary_FloatTensor:$grad);
  let results = (outs Ternary_FloatTensor:$result);
  let assemblyFormat = "$ids `,` $grad attr-dict `:` type($ids) `,` type($grad) `->` type($result)";
  let hasVerifier = 1;
}

def Ternary_LowerBoundsBackwardOp : Ternary_PureOp<"lower_bounds_backward"> {
  let summary = "gradient of the forget gates' lower bounds";
  let description = [{
    With `β = softmax(input, axis 0)`:

    ```
    s[l, h]        = grad[L - 1, h] + ... + grad[l, h]     for l > 0;  s[0, h] = 0
    c[h]           = Σ_l β[l, h] · s[l, h]                  in order of l
    result[l, h]   = β[l, h] · (s[l, h] - c[h])
    ```

    Constraints:
    - (C1) `input`, `grad` and `result` are `[L, H]`, static, of one shape

    Example:

    ```mlir
    func.func @f(%p: tensor<24x64xf32>, %g: tensor<24x64xf32>) -> tensor<24x64xf32> {
      %0 = ternary.lower_bounds_backward %p, %g : tensor<24x64xf32>, tensor<24x64xf32>
      return %0 : tensor<24x64xf32>
    }
    ```
  }];
  let arguments = (ins Ternary_FloatTensor:$input, Ternary_FloatTensor:$grad);
  let results = (outs Ternary_FloatTensor:$result);
  let assemblyFormat = "$input `,` $grad attr-dict `:` type($input) `,` type($grad)";
  let hasVerifier = 1;
}

//===----------------------------------------------------------------------===//
// Order
//===----------------------------------------------------------------------===//

def Ternary_OptimizationBarrierOp : Ternary_PureOp<"optimization_barrier"> {
  let summary = "a value that is not read before another one is there";
  let description = [{
    `result = value`

    What is computed from the result is neither merged with what is computed from `value`
    itself nor moved before `after` is computed: that is how the backward pass computes again
    what was not kept. `ternary-fuse-rows`, which fixes the order of kernels, removes it.

    Example:

    ```mlir
    func.func @f(%x: tensor<1x?x64xf32>, %grad: tensor<1x?x8xf32>) -> tensor<1x?x64xf32> {
      %0 = ternary.optimization_barrier %x after %grad : tensor<1x?x64xf32>, tensor<1x?x8xf32>
      return %0 : tensor<1x?x64xf32>
    }
    ```
  }];
  let arguments = (ins AnyRankedTensor:$value, AnyRankedTensor:$after);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = "$value `after` $after attr-dict `:` type($value) `,` type($after)";
}

#endif // TERNARY_GRADIENT_OPS_TD
