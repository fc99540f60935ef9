//===- TernaryOpBase.td - Types and classes ops are made of -*- tablegen -*-===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TERNARY_OP_BASE_TD
#define TERNARY_OP_BASE_TD

include "ternary/Dialect/Ternary/IR/TernaryDialect.td"
include "ternary/Dialect/Ternary/IR/TernaryInterfaces.td"
include "ternary/Dialect/Ternary/IR/TernaryTypes.td"
include "mlir/IR/OpBase.td"
include "mlir/Interfaces/InferTypeOpInterface.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

def Ternary_LatentFloat : AnyTypeOf<[F16, BF16, F32]>;
def Ternary_Trit : Type<CPred<"::llvm::isa<::ternary::TritType>($_self)">,
                        "ternary.trit", "::ternary::TritType">;

// What is not quantised is in f32; layers that are all float also work in f64, in which their
// gradients are compared with finite differences.
def Ternary_FloatTensor : RankedTensorOf<[F32, F64]>;
def Ternary_FloatVector : 1DTensorOf<[F32, F64]>;
def Ternary_ParameterMatrix : 2DTensorOf<[F16, BF16, F32, F64]>;
def Ternary_CacheTensor : RankedTensorOf<[I8, F16, F32, F64]>;
def Ternary_I32Scalar : 0DTensorOf<[I32]>;
def Ternary_F32Tensor : RankedTensorOf<[F32]>;
def Ternary_F32Vector : 1DTensorOf<[F32]>;
def Ternary_LatentMatrix : 2DTensorOf<[Ternary_LatentFloat]>;
def Ternary_TritMatrix : 2DTensorOf<[Ternary_Trit]>;
def Ternary_TritMemRef : MemRefRankOf<[Ternary_Trit], [2]>;
def Ternary_LayerMatrix : AnyTypeOf<[Ternary_ParameterMatrix, Ternary_TritMatrix]>;
def Ternary_WeightMatrix : AnyTypeOf<[Ternary_LatentMatrix, Ternary_TritMatrix]>;

// Floats among operands and results are all f32 or all f64.
def Ternary_OneFloatType : NativeOpTrait<"OneFloatType"> {
  let cppNamespace = "::ternary";
}

class Ternary_Op<string mnemonic, list<Trait> traits = []>
    : Op<Ternary_Dialect, mnemonic, traits>;

// An op without side effects whose result types follow from its operands. Its results
// have dynamic sizes among their row dimensions only, which are those of the first operand.
class Ternary_PureOp<string mnemonic, list<Trait> traits = [],
                     Trait inference = InferTypeOpAdaptor>
    : Ternary_Op<mnemonic, !listconcat([
        Pure, Ternary_OneFloatType, inference,
        DeclareOpInterfaceMethods<ReifyRankedShapedTypeOpInterface, ["reifyResultShapes"]>],
        traits)> {
  let extraClassDefinition = [{
    ::llvm::LogicalResult $cppClass::reifyResultShapes(
        ::mlir::OpBuilder &builder, ::mlir::ReifiedRankedShapedTypeDims &shapes) {
      return ::ternary::reifyRowShapes(*this, builder, shapes);
    }
  }];
}

// A layer: pure, and it knows what it consists of.
class Ternary_ModelOp<string mnemonic, list<Trait> traits = []>
    : Ternary_PureOp<mnemonic, !listconcat([
        DeclareOpInterfaceMethods<ModelOpInterface>], traits)>;

#endif // TERNARY_OP_BASE_TD
