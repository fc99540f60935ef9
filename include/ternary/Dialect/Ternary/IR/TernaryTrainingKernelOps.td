//===- TernaryTrainingKernelOps.td - Kernels of gradients ---*- tablegen -*-===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The ops of TernaryGradientOps.td in destination style, and what a step of training does
// to weights that the compiler would otherwise have done once.
//
//===----------------------------------------------------------------------===//

#ifndef TERNARY_TRAINING_KERNEL_OPS_TD
#define TERNARY_TRAINING_KERNEL_OPS_TD

include "ternary/Dialect/Ternary/IR/TernaryKernelOps.td"
include "mlir/Interfaces/ViewLikeInterface.td"

// Operands in, memory out; `outs` are written, never read, unless the op says so.
class Ternary_InsOutsKernelOp<string mnemonic, list<string> methods = []>
    : Ternary_KernelOp<mnemonic, [AttrSizedOperandSegments], methods> {
  let arguments = (ins Variadic<Ternary_PerElement>:$ins, Variadic<Ternary_PerElement>:$outs);
  let results = (outs Variadic<AnyRankedTensor>:$results);
  let assemblyFormat = [{
    `ins` `(` $ins `:` type($ins) `)` `outs` `(` $outs `:` type($outs) `)` attr-dict
    (`->` type($results)^)?
  }];
  let hasVerifier = 1;
}

// With `accumulate` it adds to what `outs` hold.
class Ternary_AccumulatingKernelOp<string mnemonic, list<string> methods = []>
    : Ternary_InsOutsKernelOp<mnemonic, !listconcat(["readsInit"], methods)> {
  let arguments = (ins Variadic<Ternary_PerElement>:$ins, Variadic<Ternary_PerElement>:$outs,
                       UnitAttr:$accumulate);
  let extraClassDefinition = effectsDefinition # [{
    bool $cppClass::readsInit(::mlir::OpOperand &) { return getAccumulate(); }
  }];
}

def Ternary_LinearBackwardInputKernelOp
    : Ternary_InsOutsKernelOp<"linear_backward_input_kernel"> {
  let summary = "`linear_backward_input` in destination style";
  let description = [{
    `ins` are the gradient `[..., N]`, the weight `[N, K]` in trits, row-major, and its scale
    `[1]`; `outs` is `[..., K]`. On tensors a weight that is memory already is a memref.

    Constraints:
    - (C1) shapes are those of `linear_backward_input`

    Example:

    ```mlir
    func.func @f(%g: tensor<1x?x97xf32>, %t: memref<97x64x!ternary.trit>, %s: tensor<1xf32>, %out: tensor<1x?x64xf32>) -> tensor<1x?x64xf32> {
      %0 = ternary.linear_backward_input_kernel ins(%g, %t, %s : tensor<1x?x97xf32>, memref<97x64x!ternary.trit>, tensor<1xf32>)
          outs(%out : tensor<1x?x64xf32>) -> tensor<1x?x64xf32>
      return %0 : tensor<1x?x64xf32>
    }
    ```
  }];
  let arguments = (ins Variadic<Ternary_PerElement>:$ins, Variadic<Ternary_PerElement>:$outs,
                       UnitAttr:$int8);
}

def Ternary_LinearBackwardWeightKernelOp
    : Ternary_AccumulatingKernelOp<"linear_backward_weight_kernel"> {
  let summary = "`linear_backward_weight` in destination style";
  let description = [{
    `ins` are the gradient `[..., N]`, the quantised activations `[..., P]` and their scales
    `[...]`; `outs` is `[N, K]` with K ≤ P. With `accumulate` the blocks' sums are added to what
    `outs` holds.

    Constraints:
    - (C1) shapes are those of `linear_backward_weight`

    Example:

    ```mlir
    func.func @f(%g: tensor<1x?x97xf32>, %q: tensor<1x?x64xi8>, %s: tensor<1x?xf32>, %out: tensor<97x64xf32>)
        -> tensor<97x64xf32> {
      %0 = ternary.linear_backward_weight_kernel ins(%g, %q, %s : tensor<1x?x97xf32>, tensor<1x?x64xi8>, tensor<1x?xf32>)
          outs(%out : tensor<97x64xf32>) {accumulate} -> tensor<97x64xf32>
      return %0 : tensor<97x64xf32>
    }
    ```
  }];
  let arguments = (ins Variadic<Ternary_PerElement>:$ins, Variadic<Ternary_PerElement>:$outs,
                       UnitAttr:$accumulate, UnitAttr:$int8);
}

def Ternary_SumRowsKernelOp : Ternary_InsOutsKernelOp<"sum_rows_kernel"> {
  let summary = "the sum of the parts of `sum_rows`";
  let description = [{
    `ins` is `[..., K]`, the sums of a `row_kernel`, and `outs` is `[K]`. Rows are added from +0
    in order.

    Constraints:
    - (C1) both have the same number of columns

    Example:

    ```mlir
    func.func @f(%x: tensor<1x?x64xf32>, %out: tensor<64xf32>) -> tensor<64xf32> {
      %0 = ternary.sum_rows_kernel ins(%x : tensor<1x?x64xf32>) outs(%out : tensor<64xf32>) -> tensor<64xf32>
      return %0 : tensor<64xf32>
    }
    ```
  }];
}

def Ternary_MeanKernelOp : Ternary_InsOutsKernelOp<"mean_kernel"> {
  let summary = "`mean_over_targets` in destination style";
  let description = [{
    `ins` are the values and the targets, `outs` the mean and the weight of a row.

    Constraints:
    - (C1) shapes are those of `mean_over_targets`

    Example:

    ```mlir
    func.func @f(%l: tensor<1x?xf32>, %t: tensor<1x?xi32>, %m: tensor<f32>, %w: tensor<f32>) -> (tensor<f32>, tensor<f32>) {
      %0:2 = ternary.mean_kernel ins(%l, %t : tensor<1x?xf32>, tensor<1x?xi32>)
          outs(%m, %w : tensor<f32>, tensor<f32>) -> tensor<f32>, tensor<f32>
      return %0#0, %0#1 : tensor<f32>, tensor<f32>
    }
    ```
  }];
}

def Ternary_ScanBackwardKernelOp : Ternary_InsOutsKernelOp<"scan_backward_kernel"> {
  let summary = "`linear_scan_backward` in destination style";
  let description = [{
    `ins` are forget, hidden, state, grad and grad_state, `outs` grad_forget, grad_input and
    grad_initial.

    Constraints:
    - (C1) shapes are those of `linear_scan_backward`

    Example:

    ```mlir
    func.func @f(%x: tensor<1x?x64xf32>, %s: tensor<1x64xf32>, %f: tensor<1x?x64xf32>, %i: tensor<1x?x64xf32>,
                 %n: tensor<1x64xf32>) -> tensor<1x64xf32> {
      %0:3 = ternary.scan_backward_kernel
          ins(%x, %x, %s, %x, %s : tensor<1x?x64xf32>, tensor<1x?x64xf32>, tensor<1x64xf32>, tensor<1x?x64xf32>, tensor<1x64xf32>)
          outs(%f, %i, %n : tensor<1x?x64xf32>, tensor<1x?x64xf32>, tensor<1x64xf32>)
          -> tensor<1x?x64xf32>, tensor<1x?x64xf32>, tensor<1x64xf32>
      return %0#2 : tensor<1x64xf32>
    }
    ```
  }];
}

def Ternary_ScatterKernelOp : Ternary_AccumulatingKernelOp<"scatter_kernel"> {
  let summary = "`embedding_backward` in destination style";
  let description = [{
    `ins` are ids `[...]` and the gradient `[..., H]`, `outs` is `[V, H]`. With `accumulate`
    rows are added to what `outs` holds, one by one; otherwise to zeros.

    Constraints:
    - (C1) shapes are those of `embedding_backward`

    Example:

    ```mlir
    func.func @f(%ids: tensor<1x?xi32>, %g: tensor<1x?x64xf32>, %out: tensor<97x64xf32>) -> tensor<97x64xf32> {
      %0 = ternary.scatter_kernel ins(%ids, %g : tensor<1x?xi32>, tensor<1x?x64xf32>) outs(%out : tensor<97x64xf32>)
          -> tensor<97x64xf32>
      return %0 : tensor<97x64xf32>
    }
    ```
  }];
}

def Ternary_LowerBoundsKernelOp : Ternary_InsOutsKernelOp<"lower_bounds_kernel"> {
  let summary = "`lower_bounds` at run time";
  let description = [{
    `ins` and `outs` are `[L, H]`.

    Constraints:
    - (C1) both are of one static shape

    Example:

    ```mlir
    func.func @f(%p: memref<3x64xf32>, %out: memref<3x64xf32>) {
      ternary.lower_bounds_kernel ins(%p : memref<3x64xf32>) outs(%out : memref<3x64xf32>)
      return
    }
    ```
  }];
}

def Ternary_LowerBoundsBackwardKernelOp
    : Ternary_InsOutsKernelOp<"lower_bounds_backward_kernel"> {
  let summary = "`lower_bounds_backward` in destination style";
  let description = [{
    `ins` are the parameters and the gradient, all are `[L, H]`.

    Constraints:
    - (C1) all are of one static shape

    Example:

    ```mlir
    func.func @f(%p: tensor<3x64xf32>, %out: tensor<3x64xf32>) -> tensor<3x64xf32> {
      %0 = ternary.lower_bounds_backward_kernel ins(%p, %p : tensor<3x64xf32>, tensor<3x64xf32>)
          outs(%out : tensor<3x64xf32>) -> tensor<3x64xf32>
      return %0 : tensor<3x64xf32>
    }
    ```
  }];
}

def Ternary_QuantizeWeightsKernelOp : Ternary_InsOutsKernelOp<"quantize_weights_kernel"> {
  let summary = "`quantize_weights` with one scale, at run time";
  let description = [{
    `ins` is a latent weight `[N, K]`, `outs` are its trits, row-major, its scale `[1]`, and
    memory for the sum of magnitudes of each row `[N]`: the bits that `quantize_weights`
    computes on the host.

    Constraints:
    - (C1) the weight is f32 and static, the trits are of its shape, the sums are f64

    Example:

    ```mlir
    func.func @f(%w: memref<97x64xf32>, %t: memref<97x64x!ternary.trit>, %s: memref<1xf32>, %r: memref<97xf64>) {
      ternary.quantize_weights_kernel ins(%w : memref<97x64xf32>) outs(%t, %s, %r : memref<97x64x!ternary.trit>, memref<1xf32>, memref<97xf64>)
      return
    }
    ```
  }];
}

def Ternary_PackKernelOp : Ternary_InsOutsKernelOp<"pack_kernel"> {
  let summary = "`pack` at run time";
  let description = [{
    `ins` is a weight in trits, row-major, `outs` the same in the layout of its type.

    Constraints:
    - (C1) both are trits of one static shape; `outs` has a `#ternary.packed` layout

    Example:

    ```mlir
    func.func @f(%t: memref<97x64x!ternary.trit>, %p: memref<97x64x!ternary.trit, #ternary.packed<lanes = 16, depth = 4, planes = 4, vectors = 2>>) {
      ternary.pack_kernel ins(%t : memref<97x64x!ternary.trit>)
          outs(%p : memref<97x64x!ternary.trit, #ternary.packed<lanes = 16, depth = 4, planes = 4, vectors = 2>>)
      return
    }
    ```
  }];
}

def Ternary_SquareSumKernelOp
    : Ternary_AccumulatingKernelOp<"square_sum_kernel", ["getShortName"]> {
  let summary = "`square_sum` in destination style";
  let description = [{
    `ins` is a tensor, `outs` are memory for the parts of the sum, and the sum. With
    `accumulate` it is added to what `outs` holds.

    Constraints:
    - (C1) `ins` is of static shape, the parts are `[64]`, the sum is a scalar

    Example:

    ```mlir
    func.func @f(%g: tensor<97x64xf32>, %parts: tensor<64xf64>, %sum: tensor<f64>) -> tensor<f64> {
      %0:2 = ternary.square_sum_kernel ins(%g : tensor<97x64xf32>) outs(%parts, %sum : tensor<64xf64>, tensor<f64>)
          {accumulate} -> tensor<64xf64>, tensor<f64>
      return %0#1 : tensor<f64>
    }
    ```
  }];
}

def Ternary_AdamWKernelOp
    : Ternary_KernelOp<"adamw_kernel", [], ["getShortName", "readsInit"]> {
  let summary = "`adamw` in place";
  let description = [{
    `outs` are the parameter and its moments, which are updated; the scalars are those of
    `adamw`.

    Constraints:
    - (C1) `gradient` and `outs`, three of them, are f32 of one static shape

    Example:

    ```mlir
    func.func @f(%g: memref<97x64xf32>, %p: memref<97x64xf32>, %m: memref<97x64xf32>, %v: memref<97x64xf32>,
                 %scale: f32, %keep: f32, %rate: f32, %beta1: f32, %rest1: f32, %correction1: f32,
                 %beta2: f32, %rest2: f32, %correction2: f32, %epsilon: f32) {
      ternary.adamw_kernel ins(%g : memref<97x64xf32>) scale %scale keep %keep rate %rate
          first(%beta1, %rest1, %correction1) second(%beta2, %rest2, %correction2) epsilon %epsilon
          outs(%p, %m, %v : memref<97x64xf32>, memref<97x64xf32>, memref<97x64xf32>)
      return
    }
    ```
  }];
  let arguments = (ins Ternary_PerElement:$gradient, F32:$gradient_scale, F32:$keep, F32:$rate,
                       F32:$beta1, F32:$rest1, F32:$correction1, F32:$beta2, F32:$rest2,
                       F32:$correction2, F32:$epsilon, Variadic<Ternary_PerElement>:$outs);
  let results = (outs Variadic<AnyRankedTensor>:$results);
  let assemblyFormat = [{
    `ins` `(` $gradient `:` type($gradient) `)` `scale` $gradient_scale `keep` $keep `rate` $rate
    `first` `(` $beta1 `,` $rest1 `,` $correction1 `)`
    `second` `(` $beta2 `,` $rest2 `,` $correction2 `)` `epsilon` $epsilon
    `outs` `(` $outs `:` type($outs) `)` attr-dict (`->` type($results)^)?
  }];
  let hasVerifier = 1;
  let extraClassDefinition = effectsDefinition # [{
    bool $cppClass::readsInit(::mlir::OpOperand &) { return true; }
  }];
}

def Ternary_WeightMemoryOp : Ternary_Op<"weight_memory", [
    Pure, DeclareOpInterfaceMethods<ViewLikeOpInterface>]> {
  let summary = "bytes as a weight";
  let description = [{
    Memory of a weight in the bytes of `buffer`.

    Constraints:
    - (C1) `buffer` has as many bytes as `result` takes

    Example:

    ```mlir
    func.func @f(%b: memref<6208xi8>) -> memref<97x64x!ternary.trit> {
      %0 = ternary.weight_memory %b : memref<6208xi8> -> memref<97x64x!ternary.trit>
      return %0 : memref<97x64x!ternary.trit>
    }
    ```
  }];
  let arguments = (ins MemRefRankOf<[I8], [1]>:$buffer);
  let results = (outs MemRefRankOf<[Ternary_Trit, F16, BF16, F32], [2]>:$result);
  let assemblyFormat = "$buffer attr-dict `:` type($buffer) `->` type($result)";
  let hasVerifier = 1;
}

#endif // TERNARY_TRAINING_KERNEL_OPS_TD
