//===- TernaryModelOps.td - Layers --------------------------*- tablegen -*-===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TERNARY_MODEL_OPS_TD
#define TERNARY_MODEL_OPS_TD

include "ternary/Dialect/Ternary/IR/TernaryOpBase.td"

def Ternary_EmbeddingOp : Ternary_PureOp<"embedding", [
    DeclareOpInterfaceMethods<DifferentiableOpInterface>]> {
  let summary = "rows of a table, chosen by token ids";
  let description = [{
    `result[..., k] = f32(table[ids[...], k])`, or f64 for a table of it

    Of a table of trits, `result[..., k] = f32(table[ids[...], k]) · scale[s]`, where s is 0, the row
    or the row and the group of columns, for one scale, one for each row or one for each group.

    Ids outside `[0, V)` are the caller's error: whoever feeds the model checks them.

    Constraints:
    - (C1) `result` is `[ids..., H]` for a table `[V, H]`
    - (C2) `table_scale` is given exactly for trits, and is `[1]`, `[V]` or `[V, G]` with a G that
      divides H

    Example:

    ```mlir
    func.func @f(%ids: tensor<1x?xi32>, %table: tensor<32000x1024xf16>) -> tensor<1x?x1024xf32> {
      %0 = ternary.embedding %ids, %table
        : tensor<1x?xi32>, tensor<32000x1024xf16> -> tensor<1x?x1024xf32>
      return %0 : tensor<1x?x1024xf32>
    }
    ```
  }];
  let arguments = (ins RankedTensorOf<[I32]>:$ids, Ternary_LayerMatrix:$table,
                       Optional<Ternary_F32Tensor>:$table_scale);
  let results = (outs Ternary_FloatTensor:$result);
  let assemblyFormat = [{
    $ids `,` $table (`scale` `(` $table_scale^ `:` type($table_scale) `)`)? attr-dict
    `:` type($ids) `,` type($table) `->` type($result)
  }];
  let hasVerifier = 1;
}

def Ternary_RMSNormOp : Ternary_ModelOp<"rms_norm", [
    DeclareOpInterfaceMethods<DifferentiableOpInterface>]> {
  let summary = "root mean square norm of each row";
  let description = [{
    ```
    r = 1 / sqrt(rowsum(x²) / K + ε)
    result[..., k] = (x[..., k] · r) · gain[k]
    ```

    Constraints:
    - (C1) `input` is `[..., K]` with static K, `gain` is `[K]`
    - (C2) ε is positive and finite

    Example:

    ```mlir
    func.func @f(%x: tensor<1x?x1024xf32>, %g: tensor<1024xf32>) -> tensor<1x?x1024xf32> {
      %0 = ternary.rms_norm %x, %g {epsilon = 1.0e-6 : f32}
        : tensor<1x?x1024xf32>, tensor<1024xf32>
      return %0 : tensor<1x?x1024xf32>
    }
    ```
  }];
  let arguments = (ins Ternary_FloatTensor:$input, Ternary_FloatVector:$gain,
                       F32Attr:$epsilon);
  let results = (outs Ternary_FloatTensor:$result);
  let assemblyFormat = "$input `,` $gain attr-dict `:` type($input) `,` type($gain)";
  let hasVerifier = 1;
}

def Ternary_LayerNormOp : Ternary_ModelOp<"layer_norm"> {
  let summary = "rows of mean 0 and variance 1, then a gain and a bias";
  let description = [{
    `result[..., k] = rms_norm(center(input), gain)[..., k] + bias[k]`

    Constraints:
    - (C1) `input` is `[..., K]` with static K, `gain` and `bias` are `[K]`
    - (C2) ε is positive and finite

    Example:

    ```mlir
    func.func @f(%x: tensor<1x?x64xf32>, %g: tensor<64xf32>, %b: tensor<64xf32>) -> tensor<1x?x64xf32> {
      %0 = ternary.layer_norm %x, %g, %b {epsilon = 1.0e-5 : f32}
        : tensor<1x?x64xf32>, tensor<64xf32>
      return %0 : tensor<1x?x64xf32>
    }
    ```
  }];
  let arguments = (ins Ternary_FloatTensor:$input, Ternary_FloatVector:$gain,
                       Ternary_FloatVector:$bias, F32Attr:$epsilon);
  let results = (outs Ternary_FloatTensor:$result);
  let assemblyFormat = [{
    $input `,` $gain `,` $bias attr-dict
    `:` type($input) `,` custom<SameTypes>(type($gain), type($bias))
  }];
  let hasVerifier = 1;
}

def Ternary_TimeMixOp : Ternary_ModelOp<"time_mix"> {
  let summary = "each channel between a token and the one before";
  let description = [{
    `result[..., k] = input[..., k] · mix[k] + previous[..., k] · (1 - mix[k])`

    Constraints:
    - (C1) `input`, `previous` and `result` are `[..., K]` of one type, `mix` is `[K]`

    Example:

    ```mlir
    func.func @f(%x: tensor<1x?x64xf32>, %p: tensor<1x?x64xf32>, %m: tensor<64xf32>) -> tensor<1x?x64xf32> {
      %0 = ternary.time_mix %x, %p, %m : tensor<1x?x64xf32>, tensor<64xf32>
      return %0 : tensor<1x?x64xf32>
    }
    ```
  }];
  let arguments = (ins Ternary_FloatTensor:$input, Ternary_FloatTensor:$previous,
                       Ternary_FloatVector:$mix);
  let results = (outs Ternary_FloatTensor:$result);
  let assemblyFormat = [{
    $input `,` $previous `,` $mix attr-dict
    `:` custom<SameTypes>(type($input), type($previous)) `,` type($mix)
  }];
  let hasVerifier = 1;
}

def Ternary_BitLinearOp : Ternary_ModelOp<"bit_linear", [AttrSizedOperandSegments]> {
  let summary = "linear layer with ternary weights and 8-bit activations";
  let description = [{
    ```
    y           = rms_norm(input, norm_gain)            (input, without norm_gain)
    (q, a, _)   = quantize_activations(y)
    (t, w)      = quantize_weights(weight)              (weight, weight_scale if given)
    result      = dequantize(accumulate(q, t), a, w)
    ```

    A latent weight (float) is made ternary with one scale per tensor, per row or per
    `group_size` columns, as `granularity` says. A weight that is ternary already
    comes with its `weight_scale`, which multiplies.

    Constraints:
    - (C1) `input` is `[..., K]`, `weight` is `[N, K]`, `norm_gain` is `[K]`
    - (C2) `weight_scale` is given exactly if `weight` is of trits; it is `[1]`, `[N]`
      or `[N, K / group_size]`, as `granularity` says
    - (C3) ε is positive and finite
    - (C4) `group_size` is given exactly for granularity `group`, is positive and
      divides K

    Example:

    ```mlir
    func.func @f(%x: tensor<1x?x64xf32>, %g: tensor<64xf32>, %w: tensor<97x64xf16>) -> tensor<1x?x97xf32> {
      %0 = ternary.bit_linear %x, %w norm(%g : tensor<64xf32>) {epsilon = 1.0e-6 : f32}
        : tensor<1x?x64xf32>, tensor<97x64xf16> -> tensor<1x?x97xf32>
      return %0 : tensor<1x?x97xf32>
    }
    ```
  }];
  let arguments = (ins Ternary_F32Tensor:$input, Ternary_WeightMatrix:$weight,
                       Optional<Ternary_F32Vector>:$norm_gain,
                       Optional<Ternary_F32Tensor>:$weight_scale,
                       DefaultValuedAttr<F32Attr, "1.0e-6f">:$epsilon,
                       DefaultValuedAttr<Ternary_GranularityAttr,
                                         "::ternary::Granularity::Tensor">:$granularity,
                       OptionalAttr<I64Attr>:$group_size);
  let results = (outs Ternary_F32Tensor:$result);
  let assemblyFormat = [{
    $input `,` $weight (`norm` `(` $norm_gain^ `:` type($norm_gain) `)`)?
    (`scale` `(` $weight_scale^ `:` type($weight_scale) `)`)? attr-dict
    `:` type($input) `,` type($weight) `->` type($result)
  }];
  let hasVerifier = 1;
}

def Ternary_MLGRUOp : Ternary_ModelOp<"mlgru"> {
  let summary = "gated recurrence without matrix products";
  let description = [{
    ```
    f   = σ(forget);  with lower_bound:  f = lb + (1 - lb) · f
    i   = SiLU(input) · (1 - f)
    (hidden, new_state) = linear_scan(f, i, state)
    ```

    `forget` and `input` are the outputs of the two projections. The equations are
    those of the released HGRNBit models.

    Constraints:
    - (C1) `forget`, `input` and `hidden` are `[B, T, H]` of one type
    - (C2) `state` and `new_state` are `[B, H]`, `lower_bound` is `[H]`

    Example:

    ```mlir
    func.func @f(%f: tensor<1x?x64xf32>, %i: tensor<1x?x64xf32>, %s: tensor<1x64xf32>,
                 %lb: tensor<64xf32>) -> (tensor<1x?x64xf32>, tensor<1x64xf32>) {
      %h, %n = ternary.mlgru %f, %i, %s lower_bound(%lb : tensor<64xf32>)
        : tensor<1x?x64xf32>, tensor<1x64xf32>
      return %h, %n : tensor<1x?x64xf32>, tensor<1x64xf32>
    }
    ```
  }];
  let arguments = (ins Ternary_FloatTensor:$forget, Ternary_FloatTensor:$input,
                       Ternary_FloatTensor:$state, Optional<Ternary_FloatVector>:$lower_bound);
  let results = (outs Ternary_FloatTensor:$hidden, Ternary_FloatTensor:$new_state);
  let assemblyFormat = [{
    $forget `,` $input `,` $state
    (`lower_bound` `(` $lower_bound^ `:` type($lower_bound) `)`)? attr-dict
    `:` custom<SameTypes>(type($forget), type($input)) `,` type($state)
  }];
  let hasVerifier = 1;
}

def Ternary_GLUOp : Ternary_ModelOp<"glu"> {
  let summary = "gated linear unit over the halves of a row";
  let description = [{
    `result[..., j] = activation(input[..., j]) · input[..., I + j]` for `j < I`

    `silu` makes it a SwiGLU, `sigmoid` the original GLU, `relu` a ReGLU, `identity`
    a bilinear unit.

    Constraints:
    - (C1) `input` is `[..., 2I]` and `result` is `[..., I]`

    Example:

    ```mlir
    func.func @f(%x: tensor<1x?x512xf32>) -> tensor<1x?x256xf32> {
      %0 = ternary.glu silu %x : tensor<1x?x512xf32> -> tensor<1x?x256xf32>
      return %0 : tensor<1x?x256xf32>
    }
    ```
  }];
  let arguments = (ins Ternary_FloatTensor:$input, Ternary_Activation:$activation);
  let results = (outs Ternary_FloatTensor:$result);
  let assemblyFormat = "$activation $input attr-dict `:` type($input) `->` type($result)";
  let hasVerifier = 1;
}

def Ternary_OutputGateOp : Ternary_ModelOp<"output_gate"> {
  let summary = "norm and gate between a recurrence and its output projection";
  let description = [{
    ```
    norm_gate:   result = rms_norm(gate, gain) · SiLU(hidden)
    norm_state:  result = rms_norm(hidden, gain) · SiLU(gate)
    ```

    The released MatMul-free models use `norm_gate`; checkpoints of a later
    re-implementation use `norm_state`.

    Constraints:
    - (C1) `gate`, `hidden` and `result` are `[..., H]` of one type, `gain` is `[H]`
    - (C2) ε is positive and finite

    Example:

    ```mlir
    func.func @f(%g: tensor<1x?x64xf32>, %h: tensor<1x?x64xf32>, %n: tensor<64xf32>) -> tensor<1x?x64xf32> {
      %0 = ternary.output_gate norm_gate %g, %h, %n {epsilon = 1.0e-6 : f32}
        : tensor<1x?x64xf32>, tensor<64xf32>
      return %0 : tensor<1x?x64xf32>
    }
    ```
  }];
  let arguments = (ins Ternary_FloatTensor:$gate, Ternary_FloatTensor:$hidden,
                       Ternary_FloatVector:$gain, Ternary_GateOrder:$order,
                       F32Attr:$epsilon);
  let results = (outs Ternary_FloatTensor:$result);
  let assemblyFormat = [{
    $order $gate `,` $hidden `,` $gain attr-dict
    `:` custom<SameTypes>(type($gate), type($hidden)) `,` type($gain)
  }];
  let hasVerifier = 1;
}

def Ternary_LowerBoundsOp : Ternary_PureOp<"lower_bounds", [
    DeclareOpInterfaceMethods<BindTimeOpInterface>,
    DeclareOpInterfaceMethods<DifferentiableOpInterface>]> {
  let summary = "forget gates' lower bounds of all layers";
  let description = [{
    ```
    β = softmax(input, axis 0)
    result[l, h] = (β[0, h] + ... + β[l, h]) - β[0, h]
    ```

    so that row 0 is zero and the bounds grow from layer to layer. It depends on
    parameters alone and is carried out when they are bound.

    Constraints:
    - (C1) `input` is `[L, H]` with static L and H

    Example:

    ```mlir
    func.func @f(%p: tensor<24x1024xf16>) -> tensor<24x1024xf32> {
      %0 = ternary.lower_bounds %p : tensor<24x1024xf16> -> tensor<24x1024xf32>
      return %0 : tensor<24x1024xf32>
    }
    ```
  }];
  let arguments = (ins Ternary_ParameterMatrix:$input);
  let results = (outs Ternary_FloatTensor:$result);
  let assemblyFormat = "$input attr-dict `:` type($input) `->` type($result)";
  let hasVerifier = 1;
}

def Ternary_ActivateOp : Ternary_Op<"activate", [
    Pure, SameOperandsAndResultType, RowOpInterface,
    DeclareOpInterfaceMethods<DifferentiableOpInterface>] # ElementwiseMappable.traits> {
  let summary = "elementwise activation function";
  let description = [{
    ```
    identity      x
    sigmoid       1 / (1 + exp(-x))
    silu          x · sigmoid(x)
    relu          max(x, 0)
    squared_relu  relu(x) · relu(x)
    step          1 if x > 0, else 0
    ```

    Works on f32 and f64 and on tensors and vectors of them.

    Example:

    ```mlir
    func.func @f(%x: tensor<?x64xf32>) -> tensor<?x64xf32> {
      %0 = ternary.activate silu %x : tensor<?x64xf32>
      return %0 : tensor<?x64xf32>
    }
    ```
  }];
  let arguments = (ins AnyTypeOf<[F32, F64, RankedTensorOf<[F32, F64]>, VectorOfAnyRankOf<[F32, F64]>]>:$input,
                       Ternary_Activation:$activation);
  let results = (outs AnyTypeOf<[F32, F64, RankedTensorOf<[F32, F64]>, VectorOfAnyRankOf<[F32, F64]>]>:$result);
  let assemblyFormat = "$activation $input attr-dict `:` type($input)";
  let hasFolder = 1;
}

#endif // TERNARY_MODEL_OPS_TD
