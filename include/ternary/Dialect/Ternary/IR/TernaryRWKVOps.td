//===- TernaryRWKVOps.td - Token shift and WKV -------------*- tablegen -*-===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What mixes the tokens of RWKV, with gradients and kernels.
//
//===----------------------------------------------------------------------===//

#ifndef TERNARY_RWKV_OPS_TD
#define TERNARY_RWKV_OPS_TD

include "ternary/Dialect/Ternary/IR/TernaryTrainingKernelOps.td"

//===----------------------------------------------------------------------===//
// Token shift
//===----------------------------------------------------------------------===//

def Ternary_TokenShiftOp : Ternary_PureOp<"token_shift", [
    DeclareOpInterfaceMethods<DifferentiableOpInterface>]> {
  let summary = "the token before each";
  let description = [{
    ```
    result[b, t, h]  = input[b, t - 1, h],  result[b, 0, h] = state[b, h]
    new_state[b, h]  = input[b, T - 1, h]
    ```

    With `inverse` it is the other way round, which is the gradient:

    ```
    result[b, t, h]  = input[b, t + 1, h],  result[b, T - 1, h] = state[b, h]
    new_state[b, h]  = input[b, 0, h]
    ```

    Constraints:
    - (C1) `input` and `result` are `[B, T, H]` of one type, H is static
    - (C2) `state` and `new_state` are `[B, H]` of one type
    - (C3) T is at least 1

    Example:

    ```mlir
    func.func @f(%x: tensor<1x?x64xf32>, %s: tensor<1x64xf32>) -> (tensor<1x?x64xf32>, tensor<1x64xf32>) {
      %0, %1 = ternary.token_shift %x, %s : tensor<1x?x64xf32>, tensor<1x64xf32>
      return %0, %1 : tensor<1x?x64xf32>, tensor<1x64xf32>
    }
    ```
  }];
  let arguments = (ins Ternary_FloatTensor:$input, Ternary_FloatTensor:$state, UnitAttr:$inverse);
  let results = (outs Ternary_FloatTensor:$result, Ternary_FloatTensor:$new_state);
  let assemblyFormat = "$input `,` $state attr-dict `:` type($input) `,` type($state)";
  let hasVerifier = 1;
}

def Ternary_TokenShiftKernelOp
    : Ternary_InsOutsKernelOp<"token_shift_kernel", ["readsInit"]> {
  let summary = "`token_shift` in destination style";
  let description = [{
    `ins` is the input, `outs` are the result and the state, which is read and replaced.

    Constraints:
    - (C1) shapes are those of `token_shift`

    Example:

    ```mlir
    func.func @f(%x: tensor<1x?x64xf32>, %out: tensor<1x?x64xf32>, %s: tensor<1x64xf32>) -> tensor<1x?x64xf32> {
      %0:2 = ternary.token_shift_kernel ins(%x : tensor<1x?x64xf32>)
          outs(%out, %s : tensor<1x?x64xf32>, tensor<1x64xf32>) -> tensor<1x?x64xf32>, tensor<1x64xf32>
      return %0#0 : tensor<1x?x64xf32>
    }
    ```
  }];
  let arguments = (ins Variadic<Ternary_PerElement>:$ins, Variadic<Ternary_PerElement>:$outs,
                       UnitAttr:$inverse);
  let extraClassDefinition = effectsDefinition # updatesStateDefinition;
}

//===----------------------------------------------------------------------===//
// WKV
//===----------------------------------------------------------------------===//

def Ternary_WKVOp : Ternary_PureOp<"wkv", [
    AllTypesMatch<["k", "v"]>, AllTypesMatch<["decay", "first"]>,
    DeclareOpInterfaceMethods<DifferentiableOpInterface>]> {
  let summary = "mean of all values so far, weighted by their keys and their age";
  let description = [{
    For every channel of every sequence, with `w = -exp(decay[h])` and `u = first[h]`,

    ```
    result[t] = (Σ_{i<t} exp((t - 1 - i) w + k[i]) v[i] + exp(u + k[t]) v[t])
              / (Σ_{i<t} exp((t - 1 - i) w + k[i])      + exp(u + k[t]))
    ```

    computed with both sums as p and q times exp(m), so that no exponential exceeds 1. The rows
    of the state are p, q and m; where q is 0, there was no token, p counts as 0 and m as -1e38.
    From t = 0 on:

    ```
    x         = k[t] + u
    o         = max(m, x)
    a         = exp(m - o),      c = exp(x - o)
    result[t] = (a · p + c · v[t]) / (a · q + c)
    y         = m + w
    m         = max(y, k[t])
    a         = exp(y - m),      c = exp(k[t] - m)
    p         = a · p + c · v[t]
    q         = a · q + c
    ```

    Constraints:
    - (C1) `k`, `v` and `result` are `[B, T, H]` of one type, H is static
    - (C2) `decay` and `first` are `[H]`
    - (C3) `state` and `new_state` are `[B, 3, H]` of one type

    Example:

    ```mlir
    func.func @f(%k: tensor<1x?x64xf32>, %w: tensor<64xf32>, %s: tensor<1x3x64xf32>)
        -> (tensor<1x?x64xf32>, tensor<1x3x64xf32>) {
      %0, %1 = ternary.wkv %k, %k, %w, %w, %s : tensor<1x?x64xf32>, tensor<64xf32>, tensor<1x3x64xf32>
      return %0, %1 : tensor<1x?x64xf32>, tensor<1x3x64xf32>
    }
    ```
  }];
  let arguments = (ins Ternary_FloatTensor:$k, Ternary_FloatTensor:$v, Ternary_FloatVector:$decay,
                       Ternary_FloatVector:$first, Ternary_FloatTensor:$state);
  let results = (outs Ternary_FloatTensor:$result, Ternary_FloatTensor:$new_state);
  let assemblyFormat = [{
    $k `,` $v `,` $decay `,` $first `,` $state attr-dict
    `:` type($k) `,` type($decay) `,` type($state)
  }];
  let hasVerifier = 1;
  let extraClassDeclaration = [{
    /// The maximum of no tokens.
    static constexpr double kLowest = -1e38;
  }];
}

def Ternary_WKVBackwardOp : Ternary_PureOp<"wkv_backward", [
    AllTypesMatch<["k", "v", "result", "grad"]>, AllTypesMatch<["decay", "first"]>]> {
  let summary = "gradient of WKV by keys, values, decay and first";
  let description = [{
    With the names of `wkv`, o[t], c[t] the first o and c of token t, and r short for `result`:
    first the state again, from t = 0 on, and beside p and q their derivatives by w, which are 0
    at first:

    ```
    g[t]      = grad[t] / (a · q + c)
    s         = s + g[t] · (a · (p' - r[t] · q'))           from +0
    a, c      the second ones of `wkv`
    p'        = a · (p + p'),      q' = a · (q + q')        before p and q
    ```

    then from t = T - 1 back to 0, with α = β = 0 and n = -1e38 at the start:

    ```
    gc        = g[t] · c[t]
    e         = gc · (v[t] - r[t])
    z         = exp(k[t] + n)
    grad_v[t] = gc + z · α
    grad_k[t] = e + z · (v[t] · α + β)
    f         = f + e                                       from +0
    y         = n + w
    n         = max(y, -o[t])
    a         = exp(y - n),        b = exp(-o[t] - n) · g[t]
    α         = a · α + b
    β         = a · β - b · r[t]
    ```

    grad_decay is s · w, grad_first is f, for each sequence.

    Constraints:
    - (C1) shapes are those of `wkv`, `grad` is like `result`
    - (C2) `grad_k` and `grad_v` are like `k`, `grad_decay` and `grad_first` are `[B, H]`

    Example:

    ```mlir
    func.func @f(%k: tensor<1x?x64xf32>, %w: tensor<64xf32>, %s: tensor<1x3x64xf32>) -> tensor<1x64xf32> {
      %0, %1, %2, %3 = ternary.wkv_backward %k, %k, %w, %w, %s, %k, %k
        : tensor<1x?x64xf32>, tensor<64xf32>, tensor<1x3x64xf32>
      return %2 : tensor<1x64xf32>
    }
    ```
  }];
  let arguments = (ins Ternary_FloatTensor:$k, Ternary_FloatTensor:$v, Ternary_FloatVector:$decay,
                       Ternary_FloatVector:$first, Ternary_FloatTensor:$state,
                       Ternary_FloatTensor:$result, Ternary_FloatTensor:$grad);
  let results = (outs Ternary_FloatTensor:$grad_k, Ternary_FloatTensor:$grad_v,
                      Ternary_FloatTensor:$grad_decay, Ternary_FloatTensor:$grad_first);
  let assemblyFormat = [{
    $k `,` $v `,` $decay `,` $first `,` $state `,` $result `,` $grad attr-dict
    `:` type($k) `,` type($decay) `,` type($state)
  }];
  let hasVerifier = 1;
}

def Ternary_WKVKernelOp : Ternary_InsOutsKernelOp<"wkv_kernel", ["readsInit"]> {
  let summary = "`wkv` in destination style";
  let description = [{
    `ins` are k, v, decay and first, `outs` are the result and the state, which is read and
    replaced.

    Constraints:
    - (C1) shapes are those of `wkv`

    Example:

    ```mlir
    func.func @f(%k: tensor<1x?x64xf32>, %w: tensor<64xf32>, %out: tensor<1x?x64xf32>, %s: tensor<1x3x64xf32>)
        -> tensor<1x?x64xf32> {
      %0:2 = ternary.wkv_kernel ins(%k, %k, %w, %w : tensor<1x?x64xf32>, tensor<1x?x64xf32>, tensor<64xf32>, tensor<64xf32>)
          outs(%out, %s : tensor<1x?x64xf32>, tensor<1x3x64xf32>) -> tensor<1x?x64xf32>, tensor<1x3x64xf32>
      return %0#0 : tensor<1x?x64xf32>
    }
    ```
  }];
  let extraClassDefinition = effectsDefinition # updatesStateDefinition;
}

def Ternary_WKVBackwardKernelOp : Ternary_InsOutsKernelOp<"wkv_backward_kernel"> {
  let summary = "`wkv_backward` in destination style";
  let description = [{
    `ins` are k, v, decay, first, state, result and grad, `outs` are grad_k, grad_v, grad_decay
    and grad_first. The first two hold o and g between the passes over time.

    Constraints:
    - (C1) shapes are those of `wkv_backward`

    Example:

    ```mlir
    func.func @f(%k: tensor<1x?x64xf32>, %w: tensor<64xf32>, %s: tensor<1x3x64xf32>, %g: tensor<1x?x64xf32>,
                 %h: tensor<1x?x64xf32>, %d: tensor<1x64xf32>, %e: tensor<1x64xf32>) -> tensor<1x64xf32> {
      %0:4 = ternary.wkv_backward_kernel
          ins(%k, %k, %w, %w, %s, %k, %k : tensor<1x?x64xf32>, tensor<1x?x64xf32>, tensor<64xf32>,
              tensor<64xf32>, tensor<1x3x64xf32>, tensor<1x?x64xf32>, tensor<1x?x64xf32>)
          outs(%g, %h, %d, %e : tensor<1x?x64xf32>, tensor<1x?x64xf32>, tensor<1x64xf32>, tensor<1x64xf32>)
          -> tensor<1x?x64xf32>, tensor<1x?x64xf32>, tensor<1x64xf32>, tensor<1x64xf32>
      return %0#2 : tensor<1x64xf32>
    }
    ```
  }];
}

#endif // TERNARY_RWKV_OPS_TD
