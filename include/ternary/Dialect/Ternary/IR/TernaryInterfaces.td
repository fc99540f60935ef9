//===- TernaryInterfaces.td - What ops of the dialect share -*- tablegen -*-===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TERNARY_INTERFACES_TD
#define TERNARY_INTERFACES_TD

include "mlir/IR/OpBase.td"
include "mlir/IR/BuiltinAttributeInterfaces.td"
include "mlir/IR/TensorEncoding.td"

def ModelOpInterface : OpInterface<"ModelOpInterface"> {
  let cppNamespace = "::ternary";
  let description = [{
    A layer of a model. It says what it consists of; `ternary-decompose` asks until
    no such op is left. A new layer needs no change to that pass.
  }];
  let methods = [
    InterfaceMethod<[{
      Build what the op consists of at the builder's insertion point and return one
      value for each result, with the result's type.
    }], "::llvm::SmallVector<::mlir::Value>", "decompose",
    (ins "::mlir::OpBuilder &":$builder)>
  ];
}

def RowOpInterface : OpInterface<"RowOpInterface"> {
  let cppNamespace = "::ternary";
  let description = [{
    An op on `[..., K]` that treats every row on its own, so that a chain of such ops
    becomes one `row_kernel`. Operands are either indexed by row, as the first
    operand is, or the same for all rows.
  }];
  let methods = [
    InterfaceMethod<"Whether every row reads the whole of the operand.",
      "bool", "isSharedByRows", (ins "::mlir::OpOperand &":$operand),
      /*methodBody=*/[{}], /*defaultImplementation=*/[{ return false; }]>
  ];
}

def BindTimeOpInterface : OpInterface<"BindTimeOpInterface"> {
  let cppNamespace = "::ternary";
  let description = [{
    An op that the compiler can carry out on the values of parameters, when they are
    bound to the weight archive. Ops of this kind that depend on parameters alone
    cost nothing at run time.
  }];
  let methods = [
    InterfaceMethod<[{
      Carry out the op on the host: one tensor for each operand in, one for each
      result out. Returns an error for values that have no result, such as NaN.
    }], "::llvm::Expected<::llvm::SmallVector<::ternary::HostTensor>>", "evaluate",
    (ins "::llvm::ArrayRef<::ternary::HostTensor>":$operands)>
  ];
}

def DifferentiableOpInterface : OpInterface<"DifferentiableOpInterface"> {
  let cppNamespace = "::ternary";
  let description = [{
    An op whose gradient is known. `ternary-differentiate` asks every op that the loss
    depends on, from the last to the first; a new op needs no change to that pass.
  }];
  let methods = [
    InterfaceMethod<[{
      Build the gradients of the operands from those of the results, which `gradients`
      holds, and add them to it. Only operands that `gradients` wants need one. The
      builder stands where the gradients of all results are complete.
    }], "::llvm::LogicalResult", "buildBackward",
    (ins "::mlir::OpBuilder &":$builder, "::ternary::Gradients &":$gradients)>
  ];
}

def KernelOpInterface : OpInterface<"KernelOpInterface"> {
  let cppNamespace = "::ternary";
  let description = [{
    An op that becomes one loop nest (CPU), one kernel (GPU) or one process (FPGA). It
    is in destination style: on tensors the results take the place of `outs`, on
    memrefs there are no results. Weights are memory in both forms.

    A kernel op says itself what passes have to know of it, so that a new one needs no change to
    them.
  }];
  let methods = [
    InterfaceMethod<[{
      The kind of kernel, and the sizes that people know it by who meet it in a profile: part of
      the name of the function that holds it.
    }], "::std::string", "getShortName", (ins),
      /*methodBody=*/[{}], /*defaultImplementation=*/[{
      return $_op->getName().stripDialect().str();
    }]>,
    InterfaceMethod<"Whether the kernel reads what one of its `outs` holds before it writes it.",
      "bool", "readsInit", (ins "::mlir::OpOperand &":$init),
      /*methodBody=*/[{}], /*defaultImplementation=*/[{ return false; }]>,
    InterfaceMethod<[{
      Multiplications with a weight, as many as one token takes; none for a kernel without a
      weight.
    }], "int64_t", "getMACsPerToken", (ins),
      /*methodBody=*/[{}], /*defaultImplementation=*/[{ return 0; }]>,
    InterfaceMethod<[{
      Of how many rows of an operand one token reads one; 0 for an operand that is read whole.
    }], "int64_t", "getLookupRows", (ins "::mlir::OpOperand &":$operand),
      /*methodBody=*/[{}], /*defaultImplementation=*/[{ return 0; }]>
  ];
}

def TargetAttrInterface : AttrInterface<"TargetAttrInterface"> {
  let cppNamespace = "::ternary";
  let description = [{
    What a module is compiled for, as its attribute `ternary.target` says. Passes ask the
    module instead of taking options, so that a module in any phase is whole by itself.
  }];
  let methods = [
    InterfaceMethod<"The name under which the target is registered.",
      "::llvm::StringRef", "getTargetName">,
    InterfaceMethod<"What kernels are made of, in a word.",
      "::llvm::StringRef", "getKernelName">,
    InterfaceMethod<"How the loops of a step are shared among threads.",
      "::ternary::Threads", "getLoopThreads">
  ];
}

def WeightLayoutAttrInterface : AttrInterface<"WeightLayoutAttrInterface", [
    MemRefLayoutAttrInterface, VerifiableTensorEncoding]> {
  let cppNamespace = "::ternary";
  let description = [{
    How the elements of a weight [N, K] lie in memory: the encoding of a tensor, the layout of a
    memref. It packs a weight on the host and reads an element in scalar code, so that a new
    layout needs no change to passes; lowerings of kernels multiply by those that they know and
    read others element by element.
  }];
  let methods = [
    InterfaceMethod<[{
      The memory of a weight of this shape: below the kernels a memref of identity layout.
    }], "::mlir::MemRefType", "getStorageType",
    (ins "::llvm::ArrayRef<int64_t>":$shape, "::mlir::Type":$element)>,
    InterfaceMethod<[{
      On the host, the weight as it lies in memory, a tensor of the shape of the storage type.
    }], "::ternary::HostTensor", "pack", (ins "const ::ternary::HostTensor &":$weight)>,
    InterfaceMethod<[{
      Build the load of element `[row, column]` of a weight of this shape from its storage: a
      trit as an i32, a float in the type that it is stored in.
    }], "::mlir::Value", "buildRead",
    (ins "::mlir::OpBuilder &":$builder, "::mlir::Location":$loc, "::mlir::Value":$storage,
         "::llvm::ArrayRef<int64_t>":$shape, "::mlir::Value":$row, "::mlir::Value":$column)>,
    InterfaceMethod<"Columns of activations that kernels read for a weight with so many.",
      "int64_t", "getPaddedColumns", (ins "int64_t":$columns),
      /*methodBody=*/[{}], /*defaultImplementation=*/[{ return columns; }]>,
    InterfaceMethod<"How many parts of the rows are side by side.", "int64_t", "getHalves", (ins),
      /*methodBody=*/[{}], /*defaultImplementation=*/[{ return 1; }]>,
    InterfaceMethod<[{
      This layout with the rows of both operands of a gated linear unit side by side, if `halves`
      is 2, for kernels that want them so; null if there is no such layout.
    }], "::ternary::WeightLayoutAttrInterface", "withHalves", (ins "int64_t":$halves),
      /*methodBody=*/[{}], /*defaultImplementation=*/[{
        return halves == 1 ? ::ternary::WeightLayoutAttrInterface($_attr) : nullptr;
      }]>,
    InterfaceMethod<[{
      Whether kernels may multiply by what is stored as it is, t + 1 for a trit t, and need the
      sums of activations therefore.
    }], "bool", "needsSums", (ins),
      /*methodBody=*/[{}], /*defaultImplementation=*/[{ return false; }]>
  ];
}

#endif // TERNARY_INTERFACES_TD
