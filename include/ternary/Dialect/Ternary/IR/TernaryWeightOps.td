//===- TernaryWeightOps.td - Weights and where they live ----*- tablegen -*-===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TERNARY_WEIGHT_OPS_TD
#define TERNARY_WEIGHT_OPS_TD

include "ternary/Dialect/Ternary/IR/TernaryOpBase.td"
include "mlir/IR/SymbolInterfaces.td"

def Ternary_PackOp : Ternary_Op<"pack", [
    Pure, DeclareOpInterfaceMethods<BindTimeOpInterface>]> {
  let summary = "a weight in a target's layout";
  let description = [{
    The same weight in the layout that the result type's encoding states.

    Constraints:
    - (C1) `input` is without encoding, `result` is of the same shape and element type with a
      layout for its encoding

    Example:

    ```mlir
    func.func @f(%t: tensor<97x64x!ternary.trit>)
        -> tensor<97x64x!ternary.trit, #ternary.packed<lanes = 16, depth = 4, planes = 4, vectors = 2>> {
      %0 = ternary.pack %t : tensor<97x64x!ternary.trit>
        -> tensor<97x64x!ternary.trit, #ternary.packed<lanes = 16, depth = 4, planes = 4, vectors = 2>>
      return %0 : tensor<97x64x!ternary.trit, #ternary.packed<lanes = 16, depth = 4, planes = 4, vectors = 2>>
    }
    ```
  }];
  let arguments = (ins Ternary_WeightMatrix:$input);
  let results = (outs Ternary_WeightMatrix:$result);
  let assemblyFormat = "$input attr-dict `:` type($input) `->` type($result)";
  let hasVerifier = 1;
}

def Ternary_StackRowsOp : Ternary_PureOp<"stack_rows", [
    SameVariadicOperandSize,
    DeclareOpInterfaceMethods<BindTimeOpInterface>]> {
  let summary = "weights of projections that share their input, one above the other";
  let description = [{
    `trits = [input 0; input 1; ...]` along the rows, and one scale for each row of
    it, or for each of G groups of its columns, so that several projections become one
    wider accumulate.

    Constraints:
    - (C1) `inputs` are `[N_i, K]` without encoding, `scales` are as many, each `[1]` or
      `[N_i]`, or all `[N_i, G]` with a G that divides K
    - (C2) `trits` is `[Σ N_i, K]`, `scale` is `[Σ N_i]` or `[Σ N_i, G]`

    Example:

    ```mlir
    func.func @f(%a: tensor<64x32x!ternary.trit>, %sa: tensor<1xf32>, %b: tensor<16x32x!ternary.trit>,
                 %sb: tensor<1xf32>) -> (tensor<80x32x!ternary.trit>, tensor<80xf32>) {
      %t, %s = ternary.stack_rows %a, %b scales(%sa, %sb)
        : tensor<64x32x!ternary.trit>, tensor<16x32x!ternary.trit> scales tensor<1xf32>, tensor<1xf32>
        -> tensor<80x32x!ternary.trit>, tensor<80xf32>
      return %t, %s : tensor<80x32x!ternary.trit>, tensor<80xf32>
    }
    ```
  }];
  let arguments = (ins Variadic<Ternary_TritMatrix>:$inputs, Variadic<Ternary_F32Tensor>:$scales);
  let results = (outs Ternary_TritMatrix:$trits, Ternary_F32Tensor:$scale);
  let assemblyFormat = [{
    $inputs `scales` `(` $scales `)` attr-dict
    `:` type($inputs) `scales` type($scales) `->` type($trits) `,` type($scale)
  }];
  let hasVerifier = 1;
}

def Ternary_ArchiveOp : Ternary_Op<"archive", [
    Symbol, SymbolTable, IsolatedFromAbove, NoTerminator, SingleBlock]> {
  let summary = "what a weight archive holds and how it is made";
  let description = [{
    The region reads parameters from the checkpoint, carries out ops that implement
    `BindTimeOpInterface`, and says what is stored where. Entries are symbols of it.

    Constraints:
    - (C1) the region holds `read_parameter`, `archive_entry` and bind-time ops only
    - (C2) entries have different names, do not overlap, start at multiples of 64 and
      lie within `bytes`

    Example:

    ```mlir
    ternary.archive @weights bytes 256 {
      %w = ternary.read_parameter "norm.weight" : tensor<64xf32>
      ternary.archive_entry "norm.weight" at 0, %w : tensor<64xf32>
    }
    ```
  }];
  let arguments = (ins SymbolNameAttr:$sym_name, I64Attr:$bytes);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = "$sym_name `bytes` $bytes attr-dict-with-keyword $body";
  let hasRegionVerifier = 1;
}

def Ternary_ReadParameterOp : Ternary_Op<"read_parameter", [Pure, HasParent<"ArchiveOp">]> {
  let summary = "a tensor of the checkpoint";
  let description = [{
    The tensor `name` of the checkpoint. Floats are converted if that is exact, that is
    from f16 or bf16 to f32.
  }];
  let arguments = (ins StrAttr:$name);
  let results = (outs AnyStaticShapeTensor:$result);
  let assemblyFormat = "$name attr-dict `:` type($result)";
}

def Ternary_ArchiveEntryOp : Ternary_Op<"archive_entry", [Symbol, HasParent<"ArchiveOp">]> {
  let summary = "a tensor in the weight archive";
  let description = [{
    Store `value` under the name, `offset` bytes from the payload's start.
  }];
  let arguments = (ins StrAttr:$sym_name, I64Attr:$offset, AnyStaticShapeTensor:$value);
  let assemblyFormat = "$sym_name `at` $offset `,` $value attr-dict `:` type($value)";
  let extraClassDeclaration = "int64_t getBytes();";
}

def Ternary_ParameterOp : Ternary_Op<"parameter", [
    Pure, DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "a tensor of the weight archive, as memory";
  let description = [{
    The memory of entry `name` of archive `archive`, whose payload starts at `base`.

    Constraints:
    - (C1) the archive has the entry, with the shape, element type and layout of `result`

    Example:

    ```mlir
    ternary.archive @weights bytes 256 {
      %w = ternary.read_parameter "norm.weight" : tensor<64xf32>
      ternary.archive_entry "norm.weight" at 0, %w : tensor<64xf32>
    }
    func.func @f(%base: memref<?xi8>) -> memref<64xf32> {
      %0 = ternary.parameter @weights "norm.weight" of %base : memref<?xi8> -> memref<64xf32>
      return %0 : memref<64xf32>
    }
    ```
  }];
  let arguments = (ins FlatSymbolRefAttr:$archive, StrAttr:$name,
                       MemRefRankOf<[I8], [1]>:$base);
  let results = (outs AnyMemRef:$result);
  let assemblyFormat = "$archive $name `of` $base attr-dict `:` type($base) `->` type($result)";
  let extraClassDeclaration = [{
    /// The archive's entry, or null.
    ArchiveEntryOp lookupEntry(::mlir::SymbolTableCollection &symbols);
  }];
}

#endif // TERNARY_WEIGHT_OPS_TD
