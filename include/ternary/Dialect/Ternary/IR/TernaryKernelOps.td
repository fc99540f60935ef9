//===- TernaryKernelOps.td - One op, one loop nest ----------*- tablegen -*-===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TERNARY_KERNEL_OPS_TD
#define TERNARY_KERNEL_OPS_TD

include "ternary/Dialect/Ternary/IR/TernaryOpBase.td"
include "mlir/Interfaces/ControlFlowInterfaces.td"
include "mlir/Interfaces/DestinationStyleOpInterface.td"
include "mlir/IR/SymbolInterfaces.td"

def Ternary_PerElement : AnyTypeOf<[AnyRankedTensor, AnyMemRef]>;

// A kernel, which defines those methods of its interface that `methods` names.
class Ternary_KernelOp<string mnemonic, list<Trait> traits = [], list<string> methods = []>
    : Ternary_Op<mnemonic, !listconcat([
        DeclareOpInterfaceMethods<MemoryEffectsOpInterface>, DestinationStyleOpInterface,
        DeclareOpInterfaceMethods<KernelOpInterface, methods>], traits)> {
  code dpsDeclaration = [{
    ::mlir::MutableOperandRange getDpsInitsMutable() { return getOutsMutable(); }
  }];
  let extraClassDeclaration = dpsDeclaration;
  code effectsDefinition = [{
    void $cppClass::getEffects(
        ::llvm::SmallVectorImpl<::mlir::MemoryEffects::EffectInstance> &effects) {
      ::ternary::op_utils::getKernelEffects(*this, effects);
    }
  }];
  let extraClassDefinition = effectsDefinition;
  // For a kernel whose last of `outs` is a state, which it updates in place.
  code updatesStateDefinition = [{
    bool $cppClass::readsInit(::mlir::OpOperand &init) {
      return init.getOperandNumber() + 1 == getOperation()->getNumOperands();
    }
  }];
}

def Ternary_RowKernelOp : Ternary_KernelOp<"row_kernel", [
    AttrSizedOperandSegments, IsolatedFromAbove, SingleBlockImplicitTerminator<"YieldOp">],
    ["getShortName"]> {
  let summary = "a chain of row ops";
  let description = [{
    The region computes one row of every result; a row is a vector, a value per row a
    scalar. It runs once for each index of the leading `row_rank` dimensions, which
    all rows share; rows are independent.

    An operand whose leading dimensions are those of the rows is passed row by row:
    the block argument has the type of what remains. An operand of the block
    argument's own shape is passed whole to every row.

    The last `sums` results hold no rows but the sums of the rows yielded for them, in 64
    parts, which are those of `sum_rows`.

    Constraints:
    - (C1) the leading `row_rank` dimensions of all `outs` but the sums agree; if all are sums,
      there is an operand that is passed row by row
    - (C2) operand i is `rows ++ shape` or `shape` of block argument i
    - (C3) yielded value i has the shape of `outs` i without its row dimensions; for a sum,
      `outs` i is `[64, K]` and a vector of K is yielded
    - (C4) results have the types of `outs`, or there are none and `outs` are memrefs;
      memory of `outs` is not that of `ins`

    Example:

    ```mlir
    func.func @f(%x: tensor<1x?x64xf32>, %g: tensor<64xf32>, %out: tensor<1x?x64xf32>) -> tensor<1x?x64xf32> {
      %0 = ternary.row_kernel rows 2 ins(%x, %g : tensor<1x?x64xf32>, tensor<64xf32>)
          outs(%out : tensor<1x?x64xf32>) {
      ^bb0(%row: vector<64xf32>, %gain: vector<64xf32>):
        %s = ternary.square_sums %row : vector<64xf32> -> vector<2xf32>
        %r = ternary.inverse_rms %s {epsilon = 1.0e-6 : f32, size = 64 : i64} : vector<2xf32> -> f32
        %y = ternary.normalize %row, %r, %gain : vector<64xf32>, f32, vector<64xf32>
        ternary.yield %y : vector<64xf32>
      } -> tensor<1x?x64xf32>
      return %0 : tensor<1x?x64xf32>
    }
    ```
  }];
  let arguments = (ins I64Attr:$row_rank, DefaultValuedAttr<I64Attr, "0">:$sums,
                       Variadic<Ternary_PerElement>:$ins,
                       Variadic<Ternary_PerElement>:$outs);
  let results = (outs Variadic<AnyRankedTensor>:$results);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = [{
    `rows` $row_rank (`sums` $sums^)? `ins` `(` ($ins^ `:` type($ins))? `)` `outs` `(` $outs `:` type($outs) `)`
    attr-dict-with-keyword $body (`->` type($results)^)?
  }];
  let hasVerifier = 1;
  let extraClassDeclaration = dpsDeclaration # [{
    /// Whether operand `index` of `ins` is passed row by row.
    bool isPassedByRow(unsigned index);
    YieldOp getYield();
    /// Whether the rows for `outs` `index` are added up.
    bool isSum(unsigned index) { return index >= getOuts().size() - getSums(); }
    /// What has the rows as its leading dimensions, or null.
    ::mlir::Value getRowsOperand();
  }];
}

def Ternary_LinearKernelOp : Ternary_KernelOp<"linear_kernel", [
    AttrSizedOperandSegments, IsolatedFromAbove, SingleBlockImplicitTerminator<"YieldOp">],
    ["getShortName", "getMACsPerToken"]> {
  let summary = "accumulate, dequantise and what follows, element by element";
  let description = [{
    ```
    v[..., n]   = f32(Σ_k activations[..., k] · weight[n, k]) · (scale[...] · weight_scale[n or 0])
    outs[..., n] = region(v[..., n], extras[..., n] or extras[n])
    ```

    With a `weight_scale` for each of G groups of columns, `[G, N]`,

    ```
    v[..., n]   = Σ_g f32(Σ_(k of g) activations[..., k] · weight[n, k]) · (scale[...] · weight_scale[g, n])
    ```

    a blocked sum over g of products that are rounded.

    Activations of f32 are summed as `accumulate` does it; there is no `scale` then, and
    `weight_scale` is the whole scale.

    A region that takes one value more than there are `extras` is over two *halves*: it
    gets `v[..., n]` and `v[..., N/2 + n]`, and `outs` have N/2 columns. That is a gated
    linear unit.

    With `square_sums` the last of `outs` holds `square_sums` of the first, for
    the norm that follows.

    A weight whose layout stores t + 1 needs `sums` (see `quantize_activations`) to
    correct for it where activations are integers. On tensors a weight that is bound already is a memref.

    Constraints:
    - (C1) `activations` is `[..., P]` of i8, `weight` is `[N, K]`, P ≥ K; for a packed
      weight P is at least its padded number of columns. Or `activations` is `[..., K]` of f32
    - (C2) `scales` and `sums` are `[...]`, `weight_scale` is `[1]`, `[N]` or `[G, N]` with a G that
      divides K; for f32, K / G is a multiple of 4
    - (C3) `extras` are `[..., C]` or `[C]`, `outs` are `[..., C]`, all f32, bf16 or f16, where C is
      N divided by the halves; a last `outs` for `square_sums` is `[..., ceil(C / 32)]`, and
      then the first is f32
    - (C4) the region takes one f32, or two for halves, then an element of each of `extras`,
      and yields an element for each of `outs` less that of `square_sums`; a packed weight
      has as many halves
    - (C5) `scales` is given exactly for activations of i8; `sums` is given for these unless the
      layout is one byte a trit

    Example:

    ```mlir
    func.func @f(%q: tensor<1x?x64xi8>, %a: tensor<1x?xf32>, %c: tensor<1x?xi32>,
                 %w: tensor<64x64x!ternary.trit, #ternary.packed<lanes = 16, depth = 4, planes = 4, vectors = 2>>,
                 %s: tensor<1xf32>, %x: tensor<1x?x64xf32>, %out: tensor<1x?x64xf32>) -> tensor<1x?x64xf32> {
      %0 = ternary.linear_kernel
          ins(%q, %w : tensor<1x?x64xi8>, tensor<64x64x!ternary.trit, #ternary.packed<lanes = 16, depth = 4, planes = 4, vectors = 2>>)
          scales(%a, %s : tensor<1x?xf32>, tensor<1xf32>) sums(%c : tensor<1x?xi32>)
          extras(%x : tensor<1x?x64xf32>) outs(%out : tensor<1x?x64xf32>) {
      ^bb0(%v: f32, %residual: f32):
        %r = arith.addf %residual, %v : f32
        ternary.yield %r : f32
      } -> tensor<1x?x64xf32>
      return %0 : tensor<1x?x64xf32>
    }
    ```
  }];
  let arguments = (ins Ternary_PerElement:$activations,
                       AnyTypeOf<[Ternary_TritMatrix, Ternary_TritMemRef]>:$weight,
                       Optional<Ternary_PerElement>:$scales, Ternary_PerElement:$weight_scale,
                       Optional<Ternary_PerElement>:$sums,
                       Variadic<Ternary_PerElement>:$extras,
                       Variadic<Ternary_PerElement>:$outs,
                       UnitAttr:$square_sums);
  let results = (outs Variadic<AnyRankedTensor>:$results);
  let regions = (region SizedRegion<1>:$epilogue);
  let assemblyFormat = [{
    (`square_sums` $square_sums^)?
    `ins` `(` $activations `,` $weight `:` type($activations) `,` type($weight) `)`
    `scales` `(` custom<Scales>($scales, $weight_scale)
             `:` custom<ScaleTypes>(type($scales), type($weight_scale)) `)`
    (`sums` `(` $sums^ `:` type($sums) `)`)?
    (`extras` `(` $extras^ `:` type($extras) `)`)? `outs` `(` $outs `:` type($outs) `)`
    attr-dict-with-keyword $epilogue (`->` type($results)^)?
  }];
  let hasVerifier = 1;
  let extraClassDeclaration = dpsDeclaration # [{
    /// Layout of the weight; one byte a trit if the type does not say.
    WeightLayoutAttrInterface getLayout();
    /// Whether activations are floats.
    bool hasFloatActivations();
    /// Two if the region reads both halves of the result at once, otherwise one.
    int64_t getHalves();
    /// Shape [N, K] of the weight.
    ::llvm::ArrayRef<int64_t> getWeightShape();
    /// Columns that share a scale, if not all do.
    std::optional<int64_t> getGroupSize();
    YieldOp getYield();
  }];
}

def Ternary_GatherKernelOp : Ternary_KernelOp<"gather_kernel", [],
    ["getShortName", "getLookupRows"]> {
  let summary = "embedding in destination style";
  let description = [{
    `outs[..., k] = f32(table[ids[...], k])`, and for trits as `embedding` has it

    On tensors a table of trits that is bound already is a memref.

    Constraints:
    - (C1) `outs` is `[ids..., H]` of f32, or of f64 as the table is, for a table `[V, H]`
    - (C2) `scale` is given exactly for trits, and is `[1]`, `[V]` or `[G, V]` with a G that divides H;
      the layout of trits has one half

    Example:

    ```mlir
    func.func @f(%ids: tensor<1x?xi32>, %table: tensor<97x64xf16>, %out: tensor<1x?x64xf32>) -> tensor<1x?x64xf32> {
      %0 = ternary.gather_kernel ins(%ids, %table : tensor<1x?xi32>, tensor<97x64xf16>)
          outs(%out : tensor<1x?x64xf32>) -> tensor<1x?x64xf32>
      return %0 : tensor<1x?x64xf32>
    }
    ```
  }];
  let arguments = (ins Ternary_PerElement:$ids, Ternary_PerElement:$table,
                       Optional<Ternary_PerElement>:$scale, Ternary_PerElement:$outs);
  let results = (outs Optional<AnyRankedTensor>:$result);
  let assemblyFormat = [{
    `ins` `(` $ids `,` $table `:` type($ids) `,` type($table) `)`
    (`scale` `(` $scale^ `:` type($scale) `)`)? `outs` `(` $outs `:` type($outs) `)` attr-dict (`->` type($result)^)?
  }];
  let hasVerifier = 1;
  let extraClassDeclaration = dpsDeclaration # [{
    bool hasTernaryTable() { return static_cast<bool>(getScale()); }
  }];
}

def Ternary_ScanKernelOp : Ternary_KernelOp<"scan_kernel", [], ["getShortName", "readsInit"]> {
  let summary = "linear scan in destination style";
  let description = [{
    `linear_scan` whose state is updated in place: `outs` are `hidden` and `state`.

    Constraints:
    - (C1) `forget`, `input` and `outs` 0 are `[B, T, H]`, `outs` 1 is `[B, H]`, all f32 or all f64

    Example:

    ```mlir
    func.func @f(%f: tensor<1x?x64xf32>, %i: tensor<1x?x64xf32>, %h: tensor<1x?x64xf32>,
                 %s: tensor<1x64xf32>) -> (tensor<1x?x64xf32>, tensor<1x64xf32>) {
      %0:2 = ternary.scan_kernel ins(%f, %i : tensor<1x?x64xf32>, tensor<1x?x64xf32>)
          outs(%h, %s : tensor<1x?x64xf32>, tensor<1x64xf32>) -> tensor<1x?x64xf32>, tensor<1x64xf32>
      return %0#0, %0#1 : tensor<1x?x64xf32>, tensor<1x64xf32>
    }
    ```
  }];
  let arguments = (ins Ternary_PerElement:$forget, Ternary_PerElement:$input,
                       Variadic<Ternary_PerElement>:$outs);
  let results = (outs Variadic<AnyRankedTensor>:$results);
  let assemblyFormat = [{
    `ins` `(` $forget `,` $input `:` type($forget) `,` type($input) `)`
    `outs` `(` $outs `:` type($outs) `)` attr-dict (`->` type($results)^)?
  }];
  let hasVerifier = 1;
  let extraClassDefinition = effectsDefinition # updatesStateDefinition;
}

def Ternary_YieldOp : Ternary_Op<"yield", [
    Pure, ReturnLike, Terminator,
    ParentOneOf<["RowKernelOp", "LinearKernelOp"]>]> {
  let summary = "ends the region of a kernel";
  let description = [{
    Its operands are what the kernel writes, in the order of `outs`.
  }];
  let arguments = (ins Variadic<AnyType>:$values);
  let assemblyFormat = "($values^ `:` type($values))? attr-dict";
  let builders = [OpBuilder<(ins), [{ }]>];
}

#endif // TERNARY_KERNEL_OPS_TD
