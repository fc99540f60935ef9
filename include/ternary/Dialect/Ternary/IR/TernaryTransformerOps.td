//===- TernaryTransformerOps.td - Float layers and attention -*- tablegen -*-===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What a float Transformer has and a MatMul-free model has not: products with float
// weights, rotary positions, causal attention; and their gradients and kernels.
//
//===----------------------------------------------------------------------===//

#ifndef TERNARY_TRANSFORMER_OPS_TD
#define TERNARY_TRANSFORMER_OPS_TD

include "ternary/Dialect/Ternary/IR/TernaryTrainingKernelOps.td"

//===----------------------------------------------------------------------===//
// Linear layers
//===----------------------------------------------------------------------===//

def Ternary_LinearOp : Ternary_ModelOp<"linear", [
    DeclareOpInterfaceMethods<DifferentiableOpInterface>]> {
  let summary = "linear layer with floats for its input";
  let description = [{
    `result = matmul(input, transpose(weight))`

    Of trits, `result = dequantize(accumulate(input, weight), weight_scale)`, in groups of columns if
    these have scales. The input is not quantised, and trits cannot learn.

    Constraints:
    - (C1) `input` is `[..., K]`, `weight` is `[N, K]`, static, `result` is `[..., N]`
    - (C2) `weight_scale` is given exactly for trits, and is `[1]`, `[N]` or `[N, G]` with a G that
      divides K; `input` is f32 then

    Example:

    ```mlir
    func.func @f(%x: tensor<1x?x64xf32>, %w: tensor<97x64xf32>) -> tensor<1x?x97xf32> {
      %0 = ternary.linear %x, %w : tensor<1x?x64xf32>, tensor<97x64xf32> -> tensor<1x?x97xf32>
      return %0 : tensor<1x?x97xf32>
    }
    ```
  }];
  let arguments = (ins Ternary_FloatTensor:$input, Ternary_LayerMatrix:$weight,
                       Optional<Ternary_F32Tensor>:$weight_scale);
  let results = (outs Ternary_FloatTensor:$result);
  let assemblyFormat = [{
    $input `,` $weight (`scale` `(` $weight_scale^ `:` type($weight_scale) `)`)? attr-dict
    `:` type($input) `,` type($weight) `->` type($result)
  }];
  let hasVerifier = 1;
}

def Ternary_MatmulOp : Ternary_PureOp<"matmul"> {
  let summary = "rows times a float matrix";
  let description = [{
    `result[..., n] = Σ_k input[..., k] · f32(matrix[k, n])`

    The sum is blocked; every product is added with one rounding (fused multiply-add).

    Constraints:
    - (C1) `input` is `[..., K]`, `matrix` is `[K, N]`, static, `result` is `[..., N]`

    Example:

    ```mlir
    func.func @f(%x: tensor<1x?x64xf32>, %w: tensor<64x97xf32>) -> tensor<1x?x97xf32> {
      %0 = ternary.matmul %x, %w : tensor<1x?x64xf32>, tensor<64x97xf32> -> tensor<1x?x97xf32>
      return %0 : tensor<1x?x97xf32>
    }
    ```
  }];
  let arguments = (ins Ternary_FloatTensor:$input, Ternary_ParameterMatrix:$matrix);
  let results = (outs Ternary_FloatTensor:$result);
  let assemblyFormat = [{
    $input `,` $matrix attr-dict `:` type($input) `,` type($matrix) `->` type($result)
  }];
  let hasVerifier = 1;
}

def Ternary_MatmulTransposeAOp : Ternary_PureOp<"matmul_transpose_a"> {
  let summary = "transposed rows times rows";
  let description = [{
    `result[n, k] = Σ_rows a[row, n] · b[row, k]`

    The sum is blocked, over rows as they are counted through all leading dimensions; every
    product is added with one rounding (fused multiply-add). With the gradient of a linear
    layer's result and its input it is the gradient of the weight.

    Constraints:
    - (C1) `a` is `[..., N]`, `b` is `[..., K]`, `result` is `[N, K]`, N and K are static

    Example:

    ```mlir
    func.func @f(%g: tensor<1x?x97xf32>, %x: tensor<1x?x64xf32>) -> tensor<97x64xf32> {
      %0 = ternary.matmul_transpose_a %g, %x
        : tensor<1x?x97xf32>, tensor<1x?x64xf32> -> tensor<97x64xf32>
      return %0 : tensor<97x64xf32>
    }
    ```
  }];
  let arguments = (ins Ternary_FloatTensor:$a, Ternary_FloatTensor:$b);
  let results = (outs Ternary_FloatTensor:$result);
  let assemblyFormat = "$a `,` $b attr-dict `:` type($a) `,` type($b) `->` type($result)";
  let hasVerifier = 1;
}

def Ternary_TransposeOp : Ternary_PureOp<"transpose", [
    DeclareOpInterfaceMethods<BindTimeOpInterface>]> {
  let summary = "a weight with its columns as rows";
  let description = [{
    `result[k, n] = input[n, k]`

    Products read a weight along its rows, so that of a linear layer is transposed once: when
    it is bound to the archive or, in training, in every step.

    Constraints:
    - (C1) `input` is `[N, K]`, static, `result` is `[K, N]` of its element type

    Example:

    ```mlir
    func.func @f(%w: tensor<97x64xf32>) -> tensor<64x97xf32> {
      %0 = ternary.transpose %w : tensor<97x64xf32> -> tensor<64x97xf32>
      return %0 : tensor<64x97xf32>
    }
    ```
  }];
  let arguments = (ins Ternary_ParameterMatrix:$input);
  let results = (outs Ternary_ParameterMatrix:$result);
  let assemblyFormat = "$input attr-dict `:` type($input) `->` type($result)";
  let hasVerifier = 1;
}

//===----------------------------------------------------------------------===//
// Positions and attention
//===----------------------------------------------------------------------===//

def Ternary_RotaryEmbeddingOp : Ternary_PureOp<"rotary_embedding", [
    DeclareOpInterfaceMethods<DifferentiableOpInterface>]> {
  let summary = "pairs of channels turned by an angle that grows with the position";
  let description = [{
    With D = `head_size`, for every head h and i < D / 2, x and y the elements
    `[b, t, D h + i]` and `[b, t, D h + D / 2 + i]` of the input:

    ```
    angle                      = f32(past + t) · frequency[i]
    result[b, t, D h + i]          = x · cos(angle) - y · sin(angle)
    result[b, t, D h + D / 2 + i]  = y · cos(angle) + x · sin(angle)
    frequency[i]               = 1 / f32(θ ^ f32(2 i / D))
    ```

    `past` is the number of tokens before those of the input, 0 if it is not given. With
    `inverse` the angle is -angle: that is the gradient.

    Constraints:
    - (C1) `input` and `result` are `[B, T, H D]` of one type
    - (C2) D is even and from 2 to 1024
    - (C3) θ is positive and finite

    Example:

    ```mlir
    func.func @f(%x: tensor<1x?x64xf32>) -> tensor<1x?x64xf32> {
      %0 = ternary.rotary_embedding %x {head_size = 16 : i64, theta = 1.0e4 : f64} : tensor<1x?x64xf32>
      return %0 : tensor<1x?x64xf32>
    }
    ```
  }];
  let arguments = (ins Ternary_FloatTensor:$input, Optional<Ternary_I32Scalar>:$past,
                       I64Attr:$head_size, F64Attr:$theta, UnitAttr:$inverse);
  let results = (outs Ternary_FloatTensor:$result);
  let assemblyFormat = [{
    $input (`past` `(` $past^ `:` type($past) `)`)? attr-dict `:` type($input)
  }];
  let hasVerifier = 1;
}

def Ternary_AttentionOp : Ternary_PureOp<"attention", [
    AttrSizedOperandSegments, AllTypesMatch<["k", "v"]>,
    DeclareOpInterfaceMethods<DifferentiableOpInterface>]> {
  let summary = "causal attention of several heads";
  let description = [{
    With D the columns of q over `heads`, g = h · `kv_heads` / `heads` for head h, and j over
    the tokens up to `past` + t, `past` being the number of tokens before those of q (0 if it
    is not given):

    ```
    s[j]                     = (Σ_d q[b, t, D h + d] · k[b, j, D g + d]) · f32(1 / sqrt(D))
    result[b, t, D h + d]    = (Σ_j exp(s[j]) · v[b, j, D g + d]) / Σ_j exp(s[j])
    log_sum_exp[b, t, h]     = log(Σ_j exp(s[j]))
    ```

    The sum over d is blocked. The sums over j are, too, by the same blocks and pairs, j being
    counted from the first key, but each part has a maximum of its own, which its exponentials
    are in units of. With c(m) = m, but 0 for m = -inf, a block of 64 keys has

    ```
    m    = max_j s[j]                   from -inf; what is not greater, as NaN, does not count
    p[j] = exp(s[j] - c(m))
    l    = Σ_j p[j],   o[d] = Σ_j p[j] · v[b, j, D g + d]       from +0 in order of j
    ```

    and a pair of parts, the second being (m', l', o'),

    ```
    m''   = max(m, m'),   x = exp(m - c(m'')),   y = exp(m' - c(m''))
    l''   = l · x + l' · y,   o''[d] = o[d] · x + o'[d] · y
    ```

    In the end `result` is o / l and `log_sum_exp` m + log(l). Products are added with one
    rounding (fused multiply-add): l · x and o · x are rounded, the other products are not.
    A score of -inf gives its key no weight, among others. If all scores are -inf, or one is
    +inf or NaN, the result is NaN.

    Keys and values may be kept in f16; they are extended to f32. They may
    also be codes in i8, as `quantize_activations` makes them of each head of each token, with
    the `scales` of keys and of values. The codes are what is added up:

    ```
    s[j]                     = ((Σ_d q[b, t, D h + d] · f32(k[b, j, D g + d])) · scales₀[b, j, g]) · f32(1 / sqrt(D))
    o[d]                     = Σ_j (p[j] · scales₁[b, j, g]) · f32(v[b, j, D g + d])
    ```

    Constraints:
    - (C1) `q` and `result` are `[B, T, heads · D]`, `k` and `v` are `[B, S, kv_heads · D]` of
      one type, `log_sum_exp` is `[B, T, heads]`
    - (C2) `kv_heads` divides `heads`, at most 256 of which share keys
    - (C3) S is at least `past` + T
    - (C4) there are two `scales`, `[B, S, kv_heads]`, if k is of i8, otherwise none

    Example:

    ```mlir
    func.func @f(%q: tensor<1x?x64xf32>, %k: tensor<1x?x32xf32>, %v: tensor<1x?x32xf32>)
        -> (tensor<1x?x64xf32>, tensor<1x?x4xf32>) {
      %0, %1 = ternary.attention %q, %k, %v {heads = 4 : i64, kv_heads = 2 : i64}
        : tensor<1x?x64xf32>, tensor<1x?x32xf32> -> tensor<1x?x64xf32>, tensor<1x?x4xf32>
      return %0, %1 : tensor<1x?x64xf32>, tensor<1x?x4xf32>
    }
    ```
  }];
  let arguments = (ins Ternary_FloatTensor:$q, Ternary_CacheTensor:$k, Ternary_CacheTensor:$v,
                       Variadic<Ternary_F32Tensor>:$scales, Optional<Ternary_I32Scalar>:$past,
                       I64Attr:$heads, I64Attr:$kv_heads);
  let results = (outs Ternary_FloatTensor:$result, Ternary_FloatTensor:$log_sum_exp);
  let assemblyFormat = [{
    $q `,` $k `,` $v (`scales` `(` $scales^ `:` type($scales) `)`)?
    (`past` `(` $past^ `:` type($past) `)`)? attr-dict
    `:` type($q) `,` type($k) `->` type($result) `,` type($log_sum_exp)
  }];
  let hasVerifier = 1;
  let extraClassDeclaration = [{
    /// Kernels have memory of a thread for each of them.
    static constexpr int64_t kMaxHeadsOfGroup = 256;
  }];
}

def Ternary_AttentionBackwardOp : Ternary_PureOp<"attention_backward", [
    AllTypesMatch<["q", "result", "grad"]>, AllTypesMatch<["k", "v"]>]> {
  let summary = "gradient of attention by queries, keys and values";
  let description = [{
    With the names of `attention`, x[t, h, d] for the element `[b, t, D h + d]` of x, and j
    up to t:

    ```
    p[t, j]            = exp(s[t, j] - log_sum_exp[t])
    δ[t]               = Σ_d grad[t, h, d] · result[t, h, d]
    e[t, j]            = p[t, j] · ((Σ_d grad[t, h, d] · v[j, g, d]) - δ[t])
    grad_q[t, h, d]    = (Σ_j e[t, j] · k[j, g, d]) · f32(1 / sqrt(D))
    grad_k[j, g, d]    = (Σ_h,t e[t, j] · q[t, h, d]) · f32(1 / sqrt(D))
    grad_v[j, g, d]    = Σ_h,t p[t, j] · grad[t, h, d]
    ```

    Sums are blocked, by the index of d, j or t; those over h and t are blocked sums over the
    heads of the group g of blocked sums over t. Products are added by fused multiply-add.

    Constraints:
    - (C1) `q`, `result`, `grad` and `grad_q` are `[B, T, heads · D]` of one type, `k`, `v`,
      `grad_k` and `grad_v` `[B, T, kv_heads · D]`, `log_sum_exp` is `[B, T, heads]`
    - (C2) `kv_heads` divides `heads`

    Example:

    ```mlir
    func.func @f(%q: tensor<1x?x64xf32>, %k: tensor<1x?x32xf32>, %l: tensor<1x?x4xf32>)
        -> (tensor<1x?x64xf32>, tensor<1x?x32xf32>, tensor<1x?x32xf32>) {
      %0, %1, %2 = ternary.attention_backward %q, %k, %k, %q, %l, %q {heads = 4 : i64, kv_heads = 2 : i64}
        : tensor<1x?x64xf32>, tensor<1x?x32xf32>, tensor<1x?x4xf32>
      return %0, %1, %2 : tensor<1x?x64xf32>, tensor<1x?x32xf32>, tensor<1x?x32xf32>
    }
    ```
  }];
  let arguments = (ins Ternary_FloatTensor:$q, Ternary_FloatTensor:$k, Ternary_FloatTensor:$v,
                       Ternary_FloatTensor:$result, Ternary_FloatTensor:$log_sum_exp,
                       Ternary_FloatTensor:$grad, I64Attr:$heads, I64Attr:$kv_heads);
  let results = (outs Ternary_FloatTensor:$grad_q, Ternary_FloatTensor:$grad_k,
                      Ternary_FloatTensor:$grad_v);
  let assemblyFormat = [{
    $q `,` $k `,` $v `,` $result `,` $log_sum_exp `,` $grad attr-dict
    `:` type($q) `,` type($k) `,` type($log_sum_exp)
  }];
  let hasVerifier = 1;
}

//===----------------------------------------------------------------------===//
// Kernels
//===----------------------------------------------------------------------===//

def Ternary_MatmulKernelOp : Ternary_InsOutsKernelOp<"matmul_kernel", ["getMACsPerToken"]> {
  let summary = "`matmul` in destination style";
  let description = [{
    `ins` are the input `[..., K]` and the matrix `[K, N]`, or, with a layout, memory of the
    weight `[N, K]` of which that is the transpose; `outs` is `[..., N]`.

    Constraints:
    - (C1) shapes are those of `matmul`

    Example:

    ```mlir
    func.func @f(%x: tensor<1x?x64xf32>, %w: tensor<64x97xf32>, %out: tensor<1x?x97xf32>) -> tensor<1x?x97xf32> {
      %0 = ternary.matmul_kernel ins(%x, %w : tensor<1x?x64xf32>, tensor<64x97xf32>)
          outs(%out : tensor<1x?x97xf32>) -> tensor<1x?x97xf32>
      return %0 : tensor<1x?x97xf32>
    }
    ```
  }];
}

def Ternary_MatmulTransposeAKernelOp
    : Ternary_AccumulatingKernelOp<"matmul_transpose_a_kernel"> {
  let summary = "`matmul_transpose_a` in destination style";
  let description = [{
    `ins` are a `[..., N]` and b `[..., K]`, `outs` is `[N, K]`. With `accumulate` the sum is
    added to what `outs` holds.

    Constraints:
    - (C1) shapes are those of `matmul_transpose_a`

    Example:

    ```mlir
    func.func @f(%g: tensor<1x?x97xf32>, %x: tensor<1x?x64xf32>, %out: tensor<97x64xf32>) -> tensor<97x64xf32> {
      %0 = ternary.matmul_transpose_a_kernel ins(%g, %x : tensor<1x?x97xf32>, tensor<1x?x64xf32>)
          outs(%out : tensor<97x64xf32>) {accumulate} -> tensor<97x64xf32>
      return %0 : tensor<97x64xf32>
    }
    ```
  }];
}

def Ternary_TransposeKernelOp : Ternary_InsOutsKernelOp<"transpose_kernel"> {
  let summary = "`transpose` at run time";
  let description = [{
    `ins` is a weight `[N, K]`, `outs` is `[K, N]`.

    Constraints:
    - (C1) both are of static shape and of one type of float

    Example:

    ```mlir
    func.func @f(%w: memref<97x64xf32>, %out: memref<64x97xf32>) {
      ternary.transpose_kernel ins(%w : memref<97x64xf32>) outs(%out : memref<64x97xf32>)
      return
    }
    ```
  }];
}

def Ternary_RotaryKernelOp : Ternary_InsOutsKernelOp<"rotary_kernel"> {
  let summary = "`rotary_embedding` in destination style";
  let description = [{
    `ins` are the input and, if there is one, `past`; `outs` is the result.

    Constraints:
    - (C1) shapes and attributes are those of `rotary_embedding`

    Example:

    ```mlir
    func.func @f(%x: tensor<1x?x64xf32>, %out: tensor<1x?x64xf32>) -> tensor<1x?x64xf32> {
      %0 = ternary.rotary_kernel ins(%x : tensor<1x?x64xf32>) outs(%out : tensor<1x?x64xf32>)
          {head_size = 16 : i64, theta = 1.0e4 : f64} -> tensor<1x?x64xf32>
      return %0 : tensor<1x?x64xf32>
    }
    ```
  }];
  let arguments = (ins Variadic<Ternary_PerElement>:$ins, Variadic<Ternary_PerElement>:$outs,
                       I64Attr:$head_size, F64Attr:$theta, UnitAttr:$inverse);
  let extraClassDeclaration = dpsDeclaration # [{
    /// The frequency of every pair of channels.
    ::llvm::SmallVector<float> getFrequencies();
  }];
}

def Ternary_AttentionKernelOp : Ternary_InsOutsKernelOp<"attention_kernel"> {
  let summary = "`attention` in destination style";
  let description = [{
    `ins` are q, k, v, the scales, if k and v are codes, and, if there is one, `past`; `outs`
    are the result and log_sum_exp.

    Constraints:
    - (C1) shapes and attributes are those of `attention`

    Example:

    ```mlir
    func.func @f(%q: tensor<1x?x64xf32>, %k: tensor<1x?x32xf32>, %out: tensor<1x?x64xf32>, %l: tensor<1x?x4xf32>)
        -> tensor<1x?x64xf32> {
      %0:2 = ternary.attention_kernel ins(%q, %k, %k : tensor<1x?x64xf32>, tensor<1x?x32xf32>, tensor<1x?x32xf32>)
          outs(%out, %l : tensor<1x?x64xf32>, tensor<1x?x4xf32>) {heads = 4 : i64, kv_heads = 2 : i64}
          -> tensor<1x?x64xf32>, tensor<1x?x4xf32>
      return %0#0 : tensor<1x?x64xf32>
    }
    ```
  }];
  let arguments = (ins Variadic<Ternary_PerElement>:$ins, Variadic<Ternary_PerElement>:$outs,
                       I64Attr:$heads, I64Attr:$kv_heads);
  let extraClassDeclaration = dpsDeclaration # [{
    /// Whether keys and values are codes, whose scales are the next two of `ins`.
    bool hasScales();
    /// Whether the last of `ins` is `past`.
    bool hasPast() { return getIns().size() > (hasScales() ? 5 : 3); }
  }];
}

def Ternary_AttentionBackwardKernelOp : Ternary_InsOutsKernelOp<"attention_backward_kernel"> {
  let summary = "`attention_backward` in destination style";
  let description = [{
    `ins` are q, k, v, result, log_sum_exp and grad, `outs` are grad_q, grad_k, grad_v and δ,
    which keys and values read after it is known for all queries.

    Constraints:
    - (C1) shapes and attributes are those of `attention_backward`, δ is of the shape of
      log_sum_exp

    Example:

    ```mlir
    func.func @f(%q: tensor<1x?x64xf32>, %k: tensor<1x?x32xf32>, %l: tensor<1x?x4xf32>)
        -> tensor<1x?x64xf32> {
      %0:4 = ternary.attention_backward_kernel
          ins(%q, %k, %k, %q, %l, %q : tensor<1x?x64xf32>, tensor<1x?x32xf32>, tensor<1x?x32xf32>,
              tensor<1x?x64xf32>, tensor<1x?x4xf32>, tensor<1x?x64xf32>)
          outs(%q, %k, %k, %l : tensor<1x?x64xf32>, tensor<1x?x32xf32>, tensor<1x?x32xf32>, tensor<1x?x4xf32>)
          {heads = 4 : i64, kv_heads = 2 : i64}
          -> tensor<1x?x64xf32>, tensor<1x?x32xf32>, tensor<1x?x32xf32>, tensor<1x?x4xf32>
      return %0#0 : tensor<1x?x64xf32>
    }
    ```
  }];
  let arguments = (ins Variadic<Ternary_PerElement>:$ins, Variadic<Ternary_PerElement>:$outs,
                       I64Attr:$heads, I64Attr:$kv_heads);
}

#endif // TERNARY_TRANSFORMER_OPS_TD
