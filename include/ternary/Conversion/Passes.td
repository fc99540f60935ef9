//===- Passes.td - From the ternary dialect to others -------*- tablegen -*-===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TERNARY_CONVERSION_PASSES_TD
#define TERNARY_CONVERSION_PASSES_TD

include "ternary/Dialect/Ternary/Transforms/PassBase.td"

def TernaryRaiseLinalg : TernaryPass<"ternary-raise-linalg", "::mlir::func::FuncOp", [
    "::mlir::arith::ArithDialect", "::mlir::tensor::TensorDialect"]> {
  let summary = "Recognise layers among ops of linalg on tensors";
  let description = [{
    For models that come from elsewhere, such as PyTorch's by way of torch-mlir:

    - A product of rows with a constant matrix that is exactly trits times one scale, or times one for
      each row, is a `bit_linear` if the rows are `clamp(round(x · 127 / m), -128, 127)` with
      `m = max(max |x|, 1e-5)` and are multiplied by `m / 127`, before the product or right behind
      it; a 1x1 convolution is such a product. If they are not, it is a `linear` with trits. Other
      constant matrices are a `linear` of f32. A matrix that is no constant makes a `bit_linear` if it
      is `clamp(round(w / s), -1, 1) · s` with `s = max(mean |w|, 1e-5)`.
    - `x / sqrt(mean(x²) + ε) · gain` is an `rms_norm`, and part of a `bit_linear` that alone needs it.
      Without ε it gets the least positive one, which changes only what there is of a row of zeros.
    - ReLU, its square, SiLU and sigmoid are `activate`.

    Weights are what the ops on constants come to, be they dense or in resources. Spellings do not
    matter: one generic for each operation or one for all, factors in any order, quotients by inverses,
    f64 in between, reshapes, transposes and broadcasts on the way, and straight-through forms such as
    `x + (q - x)`, which stand for q. So results differ from those of the ops by roundings and orders of
    sums, and where those are infinite or no numbers. Assertions that a divisor is not zero go where it
    cannot be. All else stays as it is; remarks say what was missing at a product.

    ```mlir fragment
    %a = linalg.generic ... // %x · rsqrt(mean(%x²) + 1e-5)
    %q = linalg.generic ... // clamp(round(%a · 127 / max |%a|), -128, 127) · max |%a| / 127
    %w = arith.constant dense<[[0.5, 0.0, -0.5, 0.5]]> : tensor<1x4xf32>
    %t = linalg.transpose ins(%w : tensor<1x4xf32>) outs(%e : tensor<4x1xf32>) permutation = [1, 0]
    %y = linalg.matmul ins(%q, %t : tensor<2x4xf32>, tensor<4x1xf32>) outs(%zero : tensor<2x1xf32>) -> tensor<2x1xf32>
    ```
    ⇒
    ```mlir fragment
    %w = arith.constant dense<[[1.0, 0.0, -1.0, 1.0]]> : tensor<1x4xf16>
    %t, %unused = ternary.quantize_weights %w : tensor<1x4xf16> -> tensor<1x4x!ternary.trit>, tensor<1xf32>
    %s = arith.constant dense<0.5> : tensor<1xf32>
    %y = ternary.bit_linear %x, %t norm(%ones : tensor<4xf32>) scale(%s : tensor<1xf32>) {epsilon = 1.0e-5 : f32}
      : tensor<2x4xf32>, tensor<1x4x!ternary.trit> -> tensor<2x1xf32>
    ```
  }];
  let statistics = [
    Statistic<"numLayers", "layers", "Number of ternary layers">,
    Statistic<"numElementwise", "elementwise", "Number of norms and activation functions">,
    Statistic<"numMissed", "missed", "Number of products that are no ternary layer">];
}

def TernaryExpandMath : TernaryPass<"ternary-expand-math", "", [
    "::mlir::arith::ArithDialect", "::mlir::math::MathDialect"]> {
  let summary = "Expand activations and elementary functions into arithmetic";
  let description = [{
    Rewrites `ternary.activate`, `math.exp`, `math.log`, `math.sin` and `math.cos` on f32 and on
    vectors of it into `arith` ops, each rounded on its own, so that every target computes the
    same bits and none calls a library. Other element types are left alone, but for activations
    of f64, which are rewritten with `math.exp`.

    `exp(x)` reduces x to r = x − n·ln 2 with the integer n nearest to x / ln 2, takes a
    polynomial of degree 7 in r and multiplies by 2^n in two steps, since 2^128 is no float.
    Rounding to an integer is an addition and a subtraction of 1.5·2^23. The error is below
    0.992 ulp for every f32 whose result is a normal float (below 2.5 ulp for sigmoid); exp(x) is
    +inf above 88.7228, 0 below −87.33654, where it would be subnormal, and exp(NaN) is NaN.

    `log(x)` takes x apart into m·2^e with m nearest to 1 and a polynomial of degree 9 in
    m − 1; it is −inf for 0, +inf for +inf, NaN for what is negative and for NaN.

    `sin(x)` and `cos(x)` reduce x to r = x − n·π/2 in f64 with the integer n nearest to
    x / (π/2), for |x| up to 2^20, and take a polynomial of degree 7 or 8 in r, rounded to f32.

    ```mlir fragment
    %y = ternary.activate sigmoid %x : f32
    ```
    ⇒
    ```mlir fragment
    %0 = arith.negf %x : f32
    %1 = ... exp(%0), 38 arith ops
    %2 = arith.addf %1, %one : f32
    %y = arith.divf %one, %2 : f32
    ```
  }];
}

def TernaryEmulateHalfFloats : TernaryPass<"ternary-emulate-half-floats", "::mlir::ModuleOp", [
    "::mlir::arith::ArithDialect"]> {
  let summary = "Keep floats of 16 bits as integers and convert them by integer arithmetic";
  let description = [{
    Every bf16 and f16, in memory, in vectors and in constants, becomes the i16 of its bits.
    `arith.extf` and `arith.truncf` between them and f32 become integer ops: rounding is to
    nearest with ties to even. Rounded to bf16 a NaN becomes 0x7FC0; conversions of f16 do with
    a NaN what x86's instructions do: it becomes quiet and keeps its sign and the upper bits of
    its payload. So objects compute the same bits on every processor and call no helper of a
    compiler's runtime, which code generators do where a processor has no instructions for
    such floats.

    With `f16-conversions`, or a target that says so, the processor has instructions for f16, and f16 is left alone.
    Arithmetic on floats of 16 bits is an error.

    ```mlir fragment
    %0 = memref.load %m[%i] : memref<8xbf16>
    %1 = arith.extf %0 : bf16 to f32
    ```
    ⇒
    ```mlir fragment
    %0 = memref.load %m[%i] : memref<8xi16>
    %1 = arith.extui %0 : i16 to i32
    %2 = arith.shli %1, %c16 : i32
    %3 = arith.bitcast %2 : i32 to f32
    ```
  }];
  let options = [
    Option<"f16Conversions", "f16-conversions", "bool", /*default=*/"false",
           "The processor converts between f16 and f32, whatever the module's target is.">];
}

def TernaryKeepRoundings : TernaryPass<"ternary-keep-roundings", "", [
    "::mlir::arith::ArithDialect"]> {
  let summary = "Round to floats of 16 bits wherever it is said";
  let description = [{
    Upstream's passes that compute with f32 in place of f16 and bf16 mark their roundings
    `contract`, so that later passes leave out those between two ops. What a function computes
    would depend on what was fused. Here they lose the mark.

    ```mlir fragment
    %1 = arith.truncf %0 fastmath<contract> : f32 to f16
    ```
    ⇒
    ```mlir fragment
    %1 = arith.truncf %0 : f32 to f16
    ```
  }];
}

def TernaryToLoops : TernaryPass<"ternary-to-loops", "::mlir::ModuleOp", [
    "::mlir::arith::ArithDialect", "::mlir::math::MathDialect", "::mlir::memref::MemRefDialect",
    "::mlir::scf::SCFDialect"]> {
  let summary = "Lower kernels to scalar loops, in specification order";
  let description = [{
    The reference: every kernel on memrefs becomes a nest of `scf.for` over
    `memref.load`, `arith` and `memref.store`, one scalar operation for each of its
    equation and in the equation's order. It is slow, obvious, and reads weights in any
    `#ternary.packed` layout: what the other lowerings are tested against.

    Weights become plain bytes, parameters views of the archive's payload. Activation
    functions stay: `ternary-expand-math` comes after.

    ```mlir fragment
    ternary.scan_kernel ins(%f, %i : memref<1x?x64xf32>, memref<1x?x64xf32>)
        outs(%h, %s : memref<1x?x64xf32>, memref<1x64xf32>)
    ```
    ⇒
    ```mlir fragment
    scf.for %b = %c0 to %c1 step %c1 {
      scf.for %n = %c0 to %c64 step %c1 {
        %first = memref.load %s[%b, %n] : memref<1x64xf32>
        %last = scf.for %t = %c0 to %T step %c1 iter_args(%previous = %first) -> (f32) {
          ...
        }
        memref.store %last, %s[%b, %n] : memref<1x64xf32>
      }
    }
    ```
  }];
  let options = [
    Option<"eraseArchives", "erase-archives", "bool", /*default=*/"false",
           "Erase archives afterwards; whoever writes them to a file must have done so.">];
}

def TernaryToVector : TernaryPass<"ternary-to-vector", "::mlir::ModuleOp", [
    "::mlir::amx::AMXDialect", "::mlir::arith::ArithDialect", "::mlir::LLVM::LLVMDialect",
    "::mlir::math::MathDialect", "::mlir::memref::MemRefDialect", "::mlir::scf::SCFDialect",
    "::mlir::vector::VectorDialect"]> {
  let summary = "Lower kernels to parallel vector loops";
  let description = [{
    The CPU backend: every kernel on memrefs becomes an `scf.parallel` over tiles of a
    weight, rows or channels, whose body is loops over vectors. `kernel` names the
    instruction set, whose description parameterises one generator: lanes, dot product
    instruction, registers. Weights have to be packed for it. With `amx-int8`, whose weights
    are packed as those of `avx512vnni`, products of sixteen tokens and more use tile registers,
    and a constructor asks Linux for these when the code is loaded.

    A linear kernel on `avx512vnni`, one token:

    ```mlir fragment
    ternary.linear_kernel ins(%q, %w : ...) scales(%a, %s : ...) sums(%c : ...) outs(%out : ...) {...}
    ```
    ⇒
    ```mlir fragment
    scf.parallel (%tile) = (%c0) to (%tiles) step (%c1) {
      %acc:8 = scf.for %g = ... {
        %codes = vector.load %bytes[%offset] : memref<1024xi8>, vector<64xi8>
        %plane = arith.andi %codes, %mask : vector<64xi8>
        %sum = llvm.call_intrinsic "llvm.x86.avx512.vpdpbusd.512"(%acc, %plane, %activations) : ...
        ...
      }
      ... shift, add, convert, scale, epilogue, store
    }
    ```
  }];
  let options = [
    Option<"kernel", "kernel", "std::string", /*default=*/"\"\"",
           "Microkernels to generate, a name in ternary/kernels.h; by default "
           "those of the module's target, or portable without one.">];
}

def ConvertTernaryToLinalg : TernaryPass<"convert-ternary-to-linalg", "::mlir::ModuleOp", [
    "::mlir::affine::AffineDialect", "::mlir::arith::ArithDialect", "::mlir::linalg::LinalgDialect",
    "::mlir::math::MathDialect", "::mlir::scf::SCFDialect", "::mlir::tensor::TensorDialect"]> {
  let summary = "Write layers as ops of upstream's on tensors, for any compiler";
  let description = [{
    Layers, and the quantised ops that they consist of, become `linalg.generic` with `arith` and
    `math`, slices and reshapes of tensors, and `scf.for` where time passes. No op and no type of the
    dialect is left: trits are i8, -1, 0 or 1, in the types of functions too, and layouts of weights
    are left out. Parameters stay arguments; `ternary-strip-attributes` removes their names, which
    tools without the dialect do not read. Gradients, optimisers and kernels are errors.

    The dialect's orders of sums are written out: blocks of 64 or lanes are dimensions, within a
    block there is one loop, a reduction that is meant in order, and pairs are added by ops of
    their own. So the results are those of `--target=reference` to the bit if what compiles them
    takes reductions in order, contracts nothing, and has the same `math.exp`, `math.log`,
    `math.sin` and `math.cos`: those of `ternary-expand-math`, as any target of ours has.
    `math.fma`, `math.sqrt` and `math.roundeven` are exact. Without these functions, as in norms,
    quantised layers and products, it is any compiler that keeps to IEEE 754.

    ```mlir fragment
    %0 = ternary.accumulate %q, %t : tensor<?x64xi8>, tensor<97x64x!ternary.trit> -> tensor<?x97xi32>
    ```
    ⇒
    ```mlir fragment
    %0 = linalg.generic {indexing_maps = [affine_map<(d0, d1, d2) -> (d0, d2)>,
                                          affine_map<(d0, d1, d2) -> (d1, d2)>,
                                          affine_map<(d0, d1, d2) -> (d0, d1)>],
                         iterator_types = ["parallel", "parallel", "reduction"]}
        ins(%q, %t : tensor<?x64xi8>, tensor<97x64xi8>) outs(%zeros : tensor<?x97xi32>) {
    ^bb0(%code: i8, %trit: i8, %sum: i32):
      %1 = arith.extsi %code : i8 to i32
      %2 = arith.extsi %trit : i8 to i32
      %3 = arith.muli %1, %2 : i32
      %4 = arith.addi %sum, %3 : i32
      linalg.yield %4 : i32
    } -> tensor<?x97xi32>
    ```
  }];
}

def TernaryParallelToThreads : TernaryPass<"ternary-parallel-to-threads", "::mlir::ModuleOp", [
    "::mlir::arith::ArithDialect", "::mlir::func::FuncDialect", "::mlir::LLVM::LLVMDialect",
    "::mlir::scf::SCFDialect"]> {
  let summary = "Have a team of threads share parallel loops";
  let description = [{
    In functions of kernels (`ternary.kernel`) and in steps, the body of an `scf.parallel` becomes a
    function of a range of its iterations, and the loop a call of `ternary_team_share`
    (`ternary/team.h`), which runs all of them and then returns. What the iterations use from
    outside is handed over in memory. A step takes the team as a new last argument and hands it to
    its kernels. All else runs once, by the caller of the step; parallel loops in parallel loops
    are sequential.

    Stack memory that an iteration allocates is its own; since iterations of a range run one after
    the other, it is allocated once for all of them, at most 4 MiB. An iteration must not write
    to stack memory from outside of the loop, which all iterations share.

    ```text
    func.func private @scan_64(%x: memref<?xf32>, ...) attributes {ternary.kernel} {
      scf.parallel (%i) = (%c0) to (%n) step (%c1) {...}
      return
    }
    func.func @decode(...) attributes {ternary.step = #ternary.step<decode>} {
      call @scan_64(...) : (...) -> ()
      return
    }
    ```
    ⇒
    ```text
    func.func private @scan_64_loop0(%context: !llvm.ptr, %from: i64, %to: i64) {
      %x = ... // loaded from %context
      scf.for %i = %from to %to step %c1 {...}
      return
    }
    func.func private @scan_64(%x: memref<?xf32>, ..., %team: !llvm.ptr) attributes {ternary.kernel} {
      %context = llvm.alloca ...
      ... // %x is stored in %context
      llvm.call @ternary_team_share(%team, @scan_64_loop0, %context, %n)
      return
    }
    func.func @decode(..., %team: !llvm.ptr {ternary.role = #ternary.role<team>}) attributes {ternary.step = #ternary.step<decode>} {
      call @scan_64(..., %team) : (..., !llvm.ptr) -> ()
      return
    }
    ```

    Without `threads`, or for a target without threads, parallel loops become `scf.for`.
  }];
  let options = [
    Option<"threads", "threads", "bool", /*default=*/"true",
           "Use threads; otherwise loops are sequential.">];
  let statistics = [
    Statistic<"numLoops", "loops", "Number of loops that threads share">];
}

def TernaryEmitEntryPoints : TernaryPass<"ternary-emit-entry-points", "::mlir::ModuleOp", [
    "::mlir::arith::ArithDialect", "::mlir::func::FuncDialect", "::mlir::LLVM::LLVMDialect",
    "::mlir::memref::MemRefDialect", "::mlir::scf::SCFDialect"]> {
  let summary = "Give steps and functions the interfaces that others call";
  let description = [{
    For each step of the module a function `PREFIX_STEP` with the interface
    `ternary_step` of `ternary/abi.h`: pointers and sizes come in, in a structure, and memrefs
    are made of them, in the order of the step's arguments and by their `ternary.role`. Steps of
    training have the interfaces of `ternary/training.h`, arguments one by one: they are called
    with a number of threads and make a team of them; an update has its fixed workspace on the
    stack.
    It runs before functions are converted to LLVM. All other functions with a body become
    internal to the object.

    A public function that is no step takes memory for its results and a workspace by now. It gets a
    caller of its name: one that allocates both and returns memrefs, with a `_mlir_ciface_`
    function, as upstream's lowering of functions on tensors has it; or, with `for-c`, one of the
    interface `int NAME(const float *x0, int64_t x0_d0, ..., float *y0, ..., void *workspace)`,
    which allocates nothing, and beside it
    `int64_t NAME_workspace(int64_t x0_d0, ..., int64_t *y0_shape, ...)`. There is a size for each
    dynamic dimension of an argument.

    The prefix is the `name` in the module's `ternary.model`, if not given; what C does
    not allow in a name becomes `_`.

    ```text
    func.func @decode(%w: memref<?xi8> {ternary.role = #ternary.role<weights>},
                      %ids: memref<1x1xi32> {ternary.role = #ternary.role<ids>}) attributes {ternary.step = #ternary.step<decode>}
    ```
    ⇒
    ```text
    func.func @m_decode(%arguments: !llvm.ptr) {
      %place = llvm.getelementptr %arguments[0] : (!llvm.ptr) -> !llvm.ptr, i8
      %weights = llvm.load %place : !llvm.ptr -> !llvm.ptr
      ...
      %0 = llvm.mlir.poison : !llvm.struct<(ptr, ptr, i64, array<1 x i64>, array<1 x i64>)>
      %1 = llvm.insertvalue %weights, %0[0] : ...
      ...
      %7 = builtin.unrealized_conversion_cast %6 : ... to memref<?xi8>
      ...
      call @decode(%7, %18) : (memref<?xi8>, memref<1x1xi32>) -> ()
      return
    }
    ```
  }];
  let options = [
    Option<"prefix", "prefix", "std::string", /*default=*/"\"\"",
           "What the names of entry points start with.">,
    Option<"forC", "for-c", "bool", /*default=*/"false",
           "Functions that are no steps are for C, not for MLIR.">];
}

#endif // TERNARY_CONVERSION_PASSES_TD
