//===- TernaryQuantizedOps.td - What layers consist of ------*- tablegen -*-===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Ops on rows work on tensors `[..., K]` and, inside a row_kernel, on one row: there
// a row is a vector and a value per row a scalar.
//
//===----------------------------------------------------------------------===//

#ifndef TERNARY_QUANTIZED_OPS_TD
#define TERNARY_QUANTIZED_OPS_TD

include "ternary/Dialect/Ternary/IR/TernaryOpBase.td"

def Ternary_FloatRow : AnyTypeOf<[RankedTensorOf<[F32, F64]>,
                                  VectorOfRankAndType<[1], [F32, F64]>]>;
def Ternary_FloatPerRow : AnyTypeOf<[F32, F64, RankedTensorOf<[F32, F64]>]>;
def Ternary_F32Row : AnyTypeOf<[RankedTensorOf<[F32]>, VectorOfRankAndType<[1], [F32]>]>;
def Ternary_I8Row : AnyTypeOf<[RankedTensorOf<[I8]>, VectorOfRankAndType<[1], [I8]>]>;
def Ternary_F32PerRow : AnyTypeOf<[F32, RankedTensorOf<[F32]>]>;
def Ternary_I32PerRow : AnyTypeOf<[I32, RankedTensorOf<[I32]>]>;

class Ternary_RowOp<string mnemonic, Trait rows = RowOpInterface,
                    Trait inference = InferTypeOpAdaptor>
    : Ternary_PureOp<mnemonic, [rows], inference>;

def Ternary_SquareSumsOp : Ternary_RowOp<"square_sums"> {
  let summary = "sums of squares over blocks of 32 elements";
  let description = [{
    `result[..., b] = block(b)` of `e = input²`, in the blocked order that the
    dialect's description states. An accumulate can produce it on the side.

    Constraints:
    - (C1) `input` is `[..., K]` with static K, `result` is `[..., ceil(K / 32)]`

    Example:

    ```mlir
    func.func @f(%x: tensor<1x?x100xf32>) -> tensor<1x?x4xf32> {
      %0 = ternary.square_sums %x : tensor<1x?x100xf32> -> tensor<1x?x4xf32>
      return %0 : tensor<1x?x4xf32>
    }
    ```
  }];
  let arguments = (ins Ternary_FloatRow:$input);
  let results = (outs Ternary_FloatRow:$result);
  let assemblyFormat = "$input attr-dict `:` type($input) `->` type($result)";
  let extraClassDeclaration = "static constexpr int64_t kBlock = 32;";
}

def Ternary_InverseRMSOp : Ternary_RowOp<"inverse_rms"> {
  let summary = "1 / root mean square, from block sums";
  let description = [{
    `result[...] = 1 / sqrt(fold(s) / f32(size) + ε)` with
    `s[l] = square_sums[..., l] + square_sums[..., 16 + l] + ...` in this order.

    Constraints:
    - (C1) `square_sums` is `[..., ceil(size / 32)]`
    - (C2) ε is positive and finite

    Example:

    ```mlir
    func.func @f(%s: tensor<1x?x4xf32>) -> tensor<1x?xf32> {
      %0 = ternary.inverse_rms %s {epsilon = 1.0e-6 : f32, size = 100 : i64}
        : tensor<1x?x4xf32> -> tensor<1x?xf32>
      return %0 : tensor<1x?xf32>
    }
    ```
  }];
  let arguments = (ins Ternary_FloatRow:$square_sums, I64Attr:$size, F32Attr:$epsilon);
  let results = (outs Ternary_FloatPerRow:$result);
  let assemblyFormat = "$square_sums attr-dict `:` type($square_sums) `->` type($result)";
  let hasVerifier = 1;
}

def Ternary_NormalizeOp : Ternary_RowOp<"normalize",
    DeclareOpInterfaceMethods<RowOpInterface, ["isSharedByRows"]>> {
  let summary = "scale rows, then columns";
  let description = [{
    `result[..., k] = (input[..., k] · scale[...]) · gain[k]`

    Constraints:
    - (C1) `input` and `result` are `[..., K]`, `scale` is `[...]`, `gain` is `[K]`

    Example:

    ```mlir
    func.func @f(%x: tensor<1x?x64xf32>, %r: tensor<1x?xf32>, %g: tensor<64xf32>) -> tensor<1x?x64xf32> {
      %0 = ternary.normalize %x, %r, %g : tensor<1x?x64xf32>, tensor<1x?xf32>, tensor<64xf32>
      return %0 : tensor<1x?x64xf32>
    }
    ```
  }];
  let arguments = (ins Ternary_FloatRow:$input, Ternary_FloatPerRow:$scale, Ternary_FloatRow:$gain);
  let results = (outs Ternary_FloatRow:$result);
  let assemblyFormat = [{
    $input `,` $scale `,` $gain attr-dict
    `:` type($input) `,` type($scale) `,` type($gain)
  }];
  let hasVerifier = 1;
}

def Ternary_CenterOp : Ternary_PureOp<"center", [
    RowOpInterface, DeclareOpInterfaceMethods<DifferentiableOpInterface>]> {
  let summary = "rows less their means";
  let description = [{
    `result[..., k] = input[..., k] - rowsum(input) / K`

    A projection that is its own transpose: its gradient is itself.

    Constraints:
    - (C1) `input` and `result` are `[..., K]` of one type with static K

    Example:

    ```mlir
    func.func @f(%x: tensor<1x?x64xf32>) -> tensor<1x?x64xf32> {
      %0 = ternary.center %x : tensor<1x?x64xf32>
      return %0 : tensor<1x?x64xf32>
    }
    ```
  }];
  let arguments = (ins Ternary_FloatRow:$input);
  let results = (outs Ternary_FloatRow:$result);
  let assemblyFormat = "$input attr-dict `:` type($input)";
  let hasVerifier = 1;
}

def Ternary_QuantizeActivationsOp : Ternary_RowOp<"quantize_activations", RowOpInterface,
    InferTypeOpAdaptorWithIsCompatible> {
  let summary = "8-bit activations with one scale per row";
  let description = [{
    ```
    m             = max(max_k |input[..., k]|, 1e-5)
    quantized     = clamp(round(input · (127 / m)), -128, 127)
    scale[...]    = m / 127
    sum[...]      = Σ_k quantized[..., k]
    ```

    so that `input ≈ quantized · scale`. Kernels that store a trit t as t + 1
    subtract `sum`. `quantized` may have more columns than `input`: they are zero.

    Constraints:
    - (C1) `input` is `[..., K]`, `quantized` is `[..., P]` with P ≥ K
    - (C2) `scale` and `sum` are `[...]`

    Example:

    ```mlir
    func.func @f(%x: tensor<1x?x100xf32>) -> (tensor<1x?x112xi8>, tensor<1x?xf32>, tensor<1x?xi32>) {
      %q, %s, %c = ternary.quantize_activations %x
        : tensor<1x?x100xf32> -> tensor<1x?x112xi8>, tensor<1x?xf32>, tensor<1x?xi32>
      return %q, %s, %c : tensor<1x?x112xi8>, tensor<1x?xf32>, tensor<1x?xi32>
    }
    ```
  }];
  let arguments = (ins Ternary_F32Row:$input);
  let results = (outs Ternary_I8Row:$quantized, Ternary_F32PerRow:$scale,
                      Ternary_I32PerRow:$sum);
  let assemblyFormat = [{
    $input attr-dict
    `:` type($input) `->` type($quantized) `,` type($scale) `,` type($sum)
  }];
  let hasVerifier = 1;
}

def Ternary_QuantizeWeightsOp : Ternary_PureOp<"quantize_weights", [
    DeclareOpInterfaceMethods<BindTimeOpInterface>]> {
  let summary = "ternary weights from latent ones";
  let description = [{
    Over the whole matrix, each row, or each `group_size` columns of a row:

    ```
    scale = max(f32(mean |weight|), 1e-5)
    trits = clamp(round(weight · (1 / scale)), -1, 1)
    ```

    with the mean taken in f64 and rounded once, so that `weight ≈ trits · scale`. 16-bit weights are extended to f32 first.

    Constraints:
    - (C1) `weight` and `trits` are `[N, K]`, static; `scale` is `[1]`, `[N]` or
      `[N, K / group_size]`, as `granularity` says
    - (C2) `group_size` is given exactly for granularity `group`, is positive and
      divides K

    Example:

    ```mlir
    func.func @f(%w: tensor<97x64xbf16>) -> (tensor<97x64x!ternary.trit>, tensor<1xf32>) {
      %t, %s = ternary.quantize_weights %w {granularity = #ternary<granularity tensor>}
        : tensor<97x64xbf16> -> tensor<97x64x!ternary.trit>, tensor<1xf32>
      return %t, %s : tensor<97x64x!ternary.trit>, tensor<1xf32>
    }
    ```
  }];
  let arguments = (ins Ternary_LatentMatrix:$weight,
                       DefaultValuedAttr<Ternary_GranularityAttr,
                                         "::ternary::Granularity::Tensor">:$granularity,
                       OptionalAttr<I64Attr>:$group_size);
  let results = (outs Ternary_TritMatrix:$trits, Ternary_F32Tensor:$scale);
  let assemblyFormat = "$weight attr-dict `:` type($weight) `->` type($trits) `,` type($scale)";
  let hasVerifier = 1;
}

def Ternary_AccumulateOp : Ternary_PureOp<"accumulate"> {
  let summary = "matrix product of activations and trits";
  let description = [{
    `result[..., n] = Σ_k activations[..., k] · weight[n, k]`; with `group_size` G,
    `result[..., n, g]` sums over the columns g·G to (g + 1)·G - 1 only.

    Activations of 8 bits are added in i32, exactly. Floats are added in f32, in a blocked sum
    over k, or over the columns of the group, counted from its first. Products are exact.

    Constraints:
    - (C1) `activations` is `[..., P]`, `weight` is `[N, K]` with P ≥ K; columns from K
      on are zero; P = K for floats
    - (C2) K < 2^19, so that no kernel's intermediate sum leaves i32
    - (C3) `result` is `[..., N]`, with `group_size` G `[..., N, K / G]`; G divides K, and is a
      multiple of 4 for floats; it is of i32 for 8 bits, of f32 for floats

    Example:

    ```mlir
    func.func @f(%q: tensor<1x?x64xi8>, %t: tensor<97x64x!ternary.trit>) -> tensor<1x?x97xi32> {
      %0 = ternary.accumulate %q, %t : tensor<1x?x64xi8>, tensor<97x64x!ternary.trit> -> tensor<1x?x97xi32>
      return %0 : tensor<1x?x97xi32>
    }
    ```
  }];
  let arguments = (ins RankedTensorOf<[I8, F32]>:$activations, Ternary_TritMatrix:$weight,
                       OptionalAttr<I64Attr>:$group_size);
  let results = (outs RankedTensorOf<[I32, F32]>:$result);
  let assemblyFormat = [{
    $activations `,` $weight attr-dict
    `:` type($activations) `,` type($weight) `->` type($result)
  }];
  let hasVerifier = 1;
  let extraClassDeclaration = [{
    static constexpr int64_t kMaxColumns = int64_t(1) << 19;
    /// The sums of products of floats.
    static constexpr int64_t kFloatSums = 4;
  }];
}

def Ternary_DequantizeOp : Ternary_PureOp<"dequantize", [
    DeclareOpInterfaceMethods<DifferentiableOpInterface>]> {
  let summary = "floats from accumulators and their scales";
  let description = [{
    ```
    tensor:  result[..., n] = f32(acc[..., n]) · (activation_scale[...] · weight_scale[0])
    row:     result[..., n] = f32(acc[..., n]) · (activation_scale[...] · weight_scale[n])
    group:   result[..., n] = Σ_g f32(acc[..., n, g]) · (activation_scale[...] · weight_scale[n, g])
    ```

    The sum over groups is blocked, of products that are rounded. Of floats, `weight_scale` is
    the whole scale.

    Constraints:
    - (C1) `accumulator` is `[..., N]`; with groups `[..., N, G]` and `weight_scale`
      `[N, G]`
    - (C2) `activation_scale` is `[...]`, `weight_scale` is `[1]` or `[N]`
    - (C3) `activation_scale` is given exactly for an accumulator of i32

    Example:

    ```mlir
    func.func @f(%acc: tensor<1x?x97xi32>, %a: tensor<1x?xf32>, %w: tensor<1xf32>) -> tensor<1x?x97xf32> {
      %0 = ternary.dequantize %acc, %a, %w
        : tensor<1x?x97xi32>, tensor<1x?xf32>, tensor<1xf32> -> tensor<1x?x97xf32>
      return %0 : tensor<1x?x97xf32>
    }
    ```
  }];
  let arguments = (ins RankedTensorOf<[I32, F32]>:$accumulator,
                       Optional<Ternary_F32Tensor>:$activation_scale,
                       Ternary_F32Tensor:$weight_scale);
  let results = (outs Ternary_F32Tensor:$result);
  let assemblyFormat = [{
    $accumulator `,` custom<Scales>($activation_scale, $weight_scale) attr-dict
    `:` type($accumulator) `,` custom<ScaleTypes>(type($activation_scale), type($weight_scale))
    `->` type($result)
  }];
  let hasVerifier = 1;
}

def Ternary_LinearScanOp : Ternary_PureOp<"linear_scan", [
    DeclareOpInterfaceMethods<DifferentiableOpInterface>]> {
  let summary = "first-order linear recurrence over time";
  let description = [{
    ```
    hidden[b, t, h] = forget[b, t, h] · hidden[b, t - 1, h] + input[b, t, h]
    hidden[b, -1, h] = state[b, h],  new_state[b, h] = hidden[b, T - 1, h]
    ```

    Constraints:
    - (C1) `forget`, `input` and `hidden` are `[B, T, H]` of one type
    - (C2) `state` and `new_state` are `[B, H]`

    Example:

    ```mlir
    func.func @f(%f: tensor<1x?x64xf32>, %i: tensor<1x?x64xf32>, %s: tensor<1x64xf32>)
        -> (tensor<1x?x64xf32>, tensor<1x64xf32>) {
      %h, %n = ternary.linear_scan %f, %i, %s : tensor<1x?x64xf32>, tensor<1x64xf32>
      return %h, %n : tensor<1x?x64xf32>, tensor<1x64xf32>
    }
    ```
  }];
  let arguments = (ins Ternary_FloatTensor:$forget, Ternary_FloatTensor:$input,
                       Ternary_FloatTensor:$state);
  let results = (outs Ternary_FloatTensor:$hidden, Ternary_FloatTensor:$new_state);
  let assemblyFormat = [{
    $forget `,` $input `,` $state attr-dict
    `:` custom<SameTypes>(type($forget), type($input)) `,` type($state)
  }];
  let hasVerifier = 1;
}

#endif // TERNARY_QUANTIZED_OPS_TD
