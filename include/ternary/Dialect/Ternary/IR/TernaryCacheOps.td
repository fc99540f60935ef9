//===- TernaryCacheOps.td - What a session keeps of its tokens -*- tablegen -*-===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Keys and values of attention, and how many tokens there were: both are changed by kernels, where
// they are, so that whoever starts the kernels need not read them.
//
//===----------------------------------------------------------------------===//

#ifndef TERNARY_CACHE_OPS_TD
#define TERNARY_CACHE_OPS_TD

include "ternary/Dialect/Ternary/IR/TernaryTrainingKernelOps.td"

def Ternary_AppendOp : Ternary_Op<"append", [Pure, AllTypesMatch<["cache", "result"]>]> {
  let summary = "tokens behind those that a cache has";
  let description = [{
    ```
    result[b, t, ...] = tokens[b, t - past, ...]   for past ≤ t < past + T
                        cache[b, t, ...]           elsewhere
    ```

    Floats are rounded to a narrower type of the cache. The cache has to have room: past + T is at
    most C.

    Constraints:
    - (C1) `tokens` is `[B, T, ...]` and `cache` `[B, C, ...]`, alike but in the second dimension
    - (C2) their elements are of one type, or floats of which those of the cache are narrower

    Example:

    ```mlir
    func.func @f(%k: tensor<1x?x64xf32>, %past: tensor<i32>, %keys: tensor<1x256x64xf16>) -> tensor<1x256x64xf16> {
      %0 = ternary.append %k, %past into %keys : tensor<1x?x64xf32>, tensor<i32> into tensor<1x256x64xf16>
      return %0 : tensor<1x256x64xf16>
    }
    ```
  }];
  let arguments = (ins Ternary_CacheTensor:$tokens, Ternary_I32Scalar:$past, Ternary_CacheTensor:$cache);
  let results = (outs Ternary_CacheTensor:$result);
  let assemblyFormat = [{
    $tokens `,` $past `into` $cache attr-dict `:` type($tokens) `,` type($past) `into` type($cache)
  }];
  let hasVerifier = 1;
}

def Ternary_AppendKernelOp : Ternary_InsOutsKernelOp<"append_kernel", ["readsInit"]> {
  let summary = "`append` in destination style";
  let description = [{
    `ins` are the tokens and `past`, `outs` is the cache, of which the other tokens stay.

    Constraints:
    - (C1) shapes and types are those of `append`

    Example:

    ```mlir
    func.func @f(%k: memref<1x?x64xf32>, %past: memref<i32>, %keys: memref<1x256x64xf16>) {
      ternary.append_kernel ins(%k, %past : memref<1x?x64xf32>, memref<i32>) outs(%keys : memref<1x256x64xf16>)
      return
    }
    ```
  }];
  let extraClassDefinition = effectsDefinition # updatesStateDefinition;
}

def Ternary_AdvanceOp : Ternary_Op<"advance", [Pure, AllTypesMatch<["past", "result"]>]> {
  let summary = "how many tokens there are after those of a step";
  let description = [{
    `result = past + T`

    Constraints:
    - (C1) `tokens` is `[B, T, ...]`

    Example:

    ```mlir
    func.func @f(%past: tensor<i32>, %ids: tensor<1x?xi32>) -> tensor<i32> {
      %0 = ternary.advance %past by %ids : tensor<i32> by tensor<1x?xi32>
      return %0 : tensor<i32>
    }
    ```
  }];
  let arguments = (ins AnyRankedTensor:$tokens, Ternary_I32Scalar:$past);
  let results = (outs Ternary_I32Scalar:$result);
  let assemblyFormat = "$past `by` $tokens attr-dict `:` type($past) `by` type($tokens)";
  let hasVerifier = 1;
}

def Ternary_AdvanceKernelOp : Ternary_InsOutsKernelOp<"advance_kernel", ["readsInit"]> {
  let summary = "`advance` in destination style";
  let description = [{
    `ins` are the tokens, of which nothing but the shape is read, `outs` is `past`.

    Constraints:
    - (C1) shapes and types are those of `advance`

    Example:

    ```mlir
    func.func @f(%ids: memref<1x?xi32>, %past: memref<i32>) {
      ternary.advance_kernel ins(%ids : memref<1x?xi32>) outs(%past : memref<i32>)
      return
    }
    ```
  }];
  let extraClassDefinition = effectsDefinition # updatesStateDefinition;
}

#endif // TERNARY_CACHE_OPS_TD
