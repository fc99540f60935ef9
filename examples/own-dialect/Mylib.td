//===- Mylib.td - A dialect with one op, and a pass ------*- tablegen -*-===//

include "mlir/IR/OpBase.td"
include "mlir/Interfaces/InferTypeOpInterface.td"
include "mlir/Interfaces/SideEffectInterfaces.td"
include "mlir/Pass/PassBase.td"
include "ternary/Dialect/Ternary/IR/TernaryInterfaces.td"

def Mylib_Dialect : Dialect {
  let name = "mylib";
  let cppNamespace = "::mylib";
  // What its ops consist of.
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::tensor::TensorDialect"];
}

// A layer like those of `ternary`: pipelines ask it what it consists of.
def Mylib_ClipOp : Op<Mylib_Dialect, "clip", [
    Pure, SameOperandsAndResultType, DeclareOpInterfaceMethods<ModelOpInterface>]> {
  let summary = "y = min(max(x, -limit), limit)";
  let arguments = (ins RankedTensorOf<[F32]>:$x, F32Attr:$limit);
  let results = (outs RankedTensorOf<[F32]>:$y);
  let assemblyFormat = "$x `to` $limit attr-dict `:` type($x)";
}

def MylibClipInputs : Pass<"mylib-clip-inputs", "::mlir::func::FuncOp"> {
  let summary = "Clip what is multiplied by ternary weights";
  let options = [Option<"limit", "limit", "double", /*default=*/"1.0", "The largest magnitude">];
  let dependentDialects = ["::mylib::MylibDialect"];
}
