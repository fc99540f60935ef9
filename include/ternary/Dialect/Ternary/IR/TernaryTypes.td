//===- TernaryTypes.td - Types and attributes --------------*- tablegen -*-===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TERNARY_TYPES_TD
#define TERNARY_TYPES_TD

include "ternary/Dialect/Ternary/IR/TernaryDialect.td"
include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/BuiltinAttributeInterfaces.td"
include "mlir/IR/BuiltinTypeInterfaces.td"
include "mlir/IR/EnumAttr.td"
include "mlir/IR/TensorEncoding.td"
include "ternary/Dialect/Ternary/IR/TernaryInterfaces.td"

def Ternary_TritType : TypeDef<Ternary_Dialect, "Trit", [MemRefElementTypeInterface]> {
  let mnemonic = "trit";
  let summary = "a weight: -1, 0 or +1";
  let description = [{
    The element type of ternary weights. `tensor<NxKx!ternary.trit>` is a plain
    weight; with a `#ternary.packed` encoding it says how trits lie in memory.
  }];
}

def Ternary_PackedAttr : AttrDef<Ternary_Dialect, "Packed", [
    DeclareAttrInterfaceMethods<VerifiableTensorEncoding>,
    DeclareAttrInterfaceMethods<MemRefLayoutAttrInterface,
        ["isIdentity", "verifyLayout",
         "getStridesAndOffset"]>,
    DeclareAttrInterfaceMethods<WeightLayoutAttrInterface,
        ["getPaddedColumns", "withHalves", "needsSums"]>]> {
  let mnemonic = "packed";
  let summary = "how the trits of a weight [N, K] lie in memory";
  let description = [{
    Every trit is stored as the code `t + 1` in two bits. `planes` codes share a
    byte, from the lowest bits up.

    - Columns are padded to a multiple of `depth * planes` with code 1 (trit 0) and
      cut into `planes` equal parts of `Q` columns: part `p` lies in the bits
      `2p, 2p + 1`.
    - Rows are padded to a multiple of a tile, `lanes * vectors` rows. A tile is
      contiguous: `[Q / depth][vectors][lanes][depth]` bytes, so that a dot product
      instruction of `lanes` lanes that adds `depth` products each meets its
      operand as it lies.
    - With `halves = 2` the first half of a tile's vectors holds rows of the first
      half of the weight, the others the corresponding rows of the second half: both
      operands of a gated linear unit meet in one tile. Each half is padded on its
      own.

    `lanes = 1, depth = 1, planes = 1, vectors = 1` is one byte a trit in row-major
    order.

    Constraints:
    - (C1) lanes, depth and vectors are positive; `planes` is 1 or 4
    - (C2) `halves` is 1, or 2 with an even number of vectors
    - (C3) the tensor is `[N, K]` of `!ternary.trit` with static N and K, and
      `halves` divides N
  }];
  let parameters = (ins "int64_t":$lanes, "int64_t":$depth, "int64_t":$planes,
                        "int64_t":$vectors, DefaultValuedParameter<"int64_t", "1">:$halves);
  let assemblyFormat = "`<` struct(params) `>`";
  let genVerifyDecl = 1;
  let extraClassDeclaration = [{
    /// Rows of the weight in one tile.
    int64_t getTileRows() const { return getLanes() * getVectors(); }
    /// Number of tiles of a weight with `rows` rows.
    int64_t getNumTiles(int64_t rows) const {
      return ::llvm::divideCeil(rows / getHalves(), getTileRows() / getHalves());
    }
    /// Bytes of one tile.
    int64_t getTileBytes(int64_t columns) const {
      return getTileRows() * getPaddedColumns(columns) / getPlanes();
    }
    /// Bytes of a whole weight.
    int64_t getStorageBytes(int64_t rows, int64_t columns) const {
      return getNumTiles(rows) * getTileBytes(columns);
    }
    /// One byte a trit, row-major.
    static PackedAttr getPlain(::mlir::MLIRContext *context) {
      return get(context, 1, 1, 1, 1, 1);
    }
    bool isPlain() const { return *this == getPlain(getContext()); }
  }];
}

def Ternary_PanelsAttr : AttrDef<Ternary_Dialect, "Panels", [
    DeclareAttrInterfaceMethods<VerifiableTensorEncoding>,
    DeclareAttrInterfaceMethods<MemRefLayoutAttrInterface,
        ["isIdentity", "verifyLayout",
         "getStridesAndOffset"]>,
    DeclareAttrInterfaceMethods<WeightLayoutAttrInterface>]> {
  let mnemonic = "panels";
  let summary = "how the floats of a weight [N, K] lie in memory";
  let description = [{
    Element `[P p + j, k]` is `[p, k, j]` of memory `[⌈N / P⌉, K, P]` with P `rows` to a panel; rows
    that do not exist are 0.

    A product reads the columns of the transpose, panel by panel, from front to back; and the
    rows of the weight, which are embeddings where it is a table as well, are within a panel each.

    Constraints:
    - (C1) `rows` is positive
    - (C2) the tensor is `[N, K]` of floats with static N and K
  }];
  let parameters = (ins "int64_t":$rows);
  let assemblyFormat = "`<` $rows `>`";
  let genVerifyDecl = 1;
  let extraClassDeclaration = [{
    /// Where element `[row, column]` is in memory.
    ::llvm::SmallVector<::mlir::Value> getIndices(::mlir::OpBuilder &builder, ::mlir::Location loc,
                                                  ::mlir::Value row, ::mlir::Value column) const;
  }];
}

def Ternary_Granularity : I32EnumAttr<"Granularity", "what shares one weight scale", [
    I32EnumAttrCase<"Tensor", 0, "tensor">,
    I32EnumAttrCase<"Row", 1, "row">,
    I32EnumAttrCase<"Group", 2, "group">]> {
  let cppNamespace = "::ternary";
  let genSpecializedAttr = 0;
}
def Ternary_GranularityAttr
    : EnumAttr<Ternary_Dialect, Ternary_Granularity, "granularity">;

def Ternary_Activation : I32EnumAttr<"Activation", "an elementwise function", [
    I32EnumAttrCase<"Identity", 0, "identity">,
    I32EnumAttrCase<"Sigmoid", 1, "sigmoid">,
    I32EnumAttrCase<"Silu", 2, "silu">,
    I32EnumAttrCase<"Relu", 3, "relu">,
    I32EnumAttrCase<"SquaredRelu", 4, "squared_relu">,
    I32EnumAttrCase<"Step", 5, "step">]> {
  let cppNamespace = "::ternary";
}

def Ternary_GateOrder : I32EnumAttr<"GateOrder", "which side of an output gate is normalised", [
    I32EnumAttrCase<"NormGate", 0, "norm_gate">,
    I32EnumAttrCase<"NormState", 1, "norm_state">]> {
  let cppNamespace = "::ternary";
}

//===----------------------------------------------------------------------===//
// Functions that a runtime calls
//===----------------------------------------------------------------------===//

def Ternary_Step : I32EnumAttr<"Step", "what a runtime calls a function for", [
    I32EnumAttrCase<"Prefill", 0, "prefill">,
    I32EnumAttrCase<"Decode", 1, "decode">,
    I32EnumAttrCase<"Loss", 2, "loss">,
    I32EnumAttrCase<"Gradient", 3, "gradient">,
    I32EnumAttrCase<"Update", 4, "update">]> {
  let cppNamespace = "::ternary";
  let genSpecializedAttr = 0;
}
// `ternary.step = #ternary.step<decode>` on a function.
def Ternary_StepAttr : EnumAttr<Ternary_Dialect, Ternary_Step, "step"> {
  let assemblyFormat = "`<` $value `>`";
}

def Ternary_Role : I32EnumAttr<"Role", "what an argument or a result of a step is to the runtime", [
    // Steps that generate.
    I32EnumAttrCase<"Ids", 0, "ids">,
    I32EnumAttrCase<"State", 1, "state">,
    I32EnumAttrCase<"Scales", 2, "scales">,
    I32EnumAttrCase<"Position", 3, "position">,
    I32EnumAttrCase<"LogitsFrom", 4, "logits_from">,
    I32EnumAttrCase<"Logits", 5, "logits">,
    // Memory and threads.
    I32EnumAttrCase<"Weights", 6, "weights">,
    I32EnumAttrCase<"Workspace", 7, "workspace">,
    I32EnumAttrCase<"Team", 8, "team">,
    // Losses and gradients.
    I32EnumAttrCase<"Targets", 9, "targets">,
    I32EnumAttrCase<"Loss", 10, "loss">,
    I32EnumAttrCase<"Seed", 11, "seed">,
    I32EnumAttrCase<"Parameters", 12, "parameters">,
    I32EnumAttrCase<"Gradients", 13, "gradients">,
    // Updates.
    I32EnumAttrCase<"FirstMoments", 14, "first_moments">,
    I32EnumAttrCase<"SecondMoments", 15, "second_moments">,
    I32EnumAttrCase<"StepNumber", 16, "step_number">,
    I32EnumAttrCase<"LearningRate", 17, "learning_rate">,
    I32EnumAttrCase<"FinalFraction", 18, "final_fraction">,
    I32EnumAttrCase<"Beta1", 19, "beta1">,
    I32EnumAttrCase<"Beta2", 20, "beta2">,
    I32EnumAttrCase<"Epsilon", 21, "epsilon">,
    I32EnumAttrCase<"WeightDecay", 22, "weight_decay">,
    I32EnumAttrCase<"ClipNorm", 23, "clip_norm">,
    I32EnumAttrCase<"WarmupSteps", 24, "warmup_steps">,
    I32EnumAttrCase<"TotalSteps", 25, "total_steps">,
    I32EnumAttrCase<"HalveAt", 26, "halve_at">,
    I32EnumAttrCase<"Rate", 27, "rate">,
    I32EnumAttrCase<"GradientNorm", 28, "gradient_norm">]> {
  let cppNamespace = "::ternary";
  let genSpecializedAttr = 0;
}
// `ternary.role = #ternary.role<ids>` on an argument or a result.
def Ternary_RoleAttr : EnumAttr<Ternary_Dialect, Ternary_Role, "role"> {
  let assemblyFormat = "`<` $value `>`";
}

#endif // TERNARY_TYPES_TD
