//===- Passes.td - Passes on the ternary dialect ------------*- tablegen -*-===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TERNARY_TRANSFORMS_PASSES_TD
#define TERNARY_TRANSFORMS_PASSES_TD

include "ternary/Dialect/Ternary/Transforms/PassBase.td"

def TernaryDecompose : TernaryPass<"ternary-decompose", "::mlir::func::FuncOp", [
    "::mlir::arith::ArithDialect", "::mlir::linalg::LinalgDialect",
    "::mlir::tensor::TensorDialect"]> {
  let summary = "Replace layers by what they consist of";
  let description = [{
    Asks every op that implements `ModelOpInterface` to decompose itself, until none is
    left. Afterwards a `bit_linear` is norm, `quantize_activations`, `accumulate` and
    `dequantize`; nothing float multiplies a weight.

    ```mlir fragment
    %y = ternary.rms_norm %x, %g {epsilon = 1.0e-6 : f32} : tensor<1x?x64xf32>, tensor<64xf32>
    ```
    ⇒
    ```mlir fragment
    %s = ternary.square_sums %x : tensor<1x?x64xf32> -> tensor<1x?x2xf32>
    %r = ternary.inverse_rms %s {epsilon = 1.0e-6 : f32, size = 64 : i64} : tensor<1x?x2xf32> -> tensor<1x?xf32>
    %y = ternary.normalize %x, %r, %g : tensor<1x?x64xf32>, tensor<1x?xf32>, tensor<64xf32>
    ```
  }];
  let statistics = [Statistic<"numDecomposed", "decomposed", "Number of layers decomposed">];
}

def TernaryLinalgToElementwise : TernaryPass<"ternary-linalg-to-elementwise",
    "::mlir::func::FuncOp", [
    "::mlir::arith::ArithDialect", "::mlir::linalg::LinalgDialect", "::mlir::math::MathDialect",
    "::mlir::tensor::TensorDialect"]> {
  let summary = "Write linalg's loops over elements as ops of arith and math on tensors";
  let description = [{
    An op of linalg on tensors without reductions whose region has nothing but elementwise ops of
    `arith` and `math` on floats, each element of its result being computed of those in the same
    place, of a row that is repeated or of numbers. Row kernels and products absorb what comes of
    it (`ternary-fuse-rows`, `ternary-fuse-linear`) and gradients have rules for it; upstream's
    `convert-elementwise-to-linalg` takes what is left. A remark says why an op stays as it is.

    ```mlir fragment
    %1 = linalg.map ins(%0 : tensor<4x8xf32>) outs(%e : tensor<4x8xf32>) (%in: f32, %out: f32) {
      %m = arith.maximumf %in, %zero : f32
      linalg.yield %m : f32
    }
    ```
    ⇒
    ```mlir fragment
    %z = arith.constant dense<0.0> : tensor<4x8xf32>
    %1 = arith.maximumf %0, %z : tensor<4x8xf32>
    ```
  }];
  let statistics = [Statistic<"numUnpacked", "unpacked", "Number of ops of linalg that went">];
}

def TernaryOrderLoops : TernaryPass<"ternary-order-loops", "::mlir::func::FuncOp", [
    "::mlir::linalg::LinalgDialect"]> {
  let summary = "Let linalg's reductions go along what vectors can do";
  let description = [{
    Makes the loop over the last dimension of what an op of linalg on memory writes its innermost
    one, if it has reductions and reads neighbours along that loop. Other loops keep their order,
    and so do the addends of each sum: the bits are the same, and LLVM vectorises the loop.

    ```mlir fragment
    linalg.matmul ins(%a, %b : memref<?x?xf32>, memref<?x?xf32>) outs(%c : memref<?x?xf32>)
    ```
    ⇒ loops over rows, addends and columns instead of rows, columns and addends:
    ```mlir fragment
    linalg.generic {indexing_maps = [affine_map<(d0, d1, d2) -> (d0, d1)>, affine_map<(d0, d1, d2) -> (d1, d2)>,
                                     affine_map<(d0, d1, d2) -> (d0, d2)>],
                    iterator_types = ["parallel", "reduction", "parallel"]} ...
    ```
  }];
  let statistics = [Statistic<"numOrdered", "ordered", "Number of ops whose loops changed order">];
}

def TernaryDifferentiate : TernaryPass<"ternary-differentiate", "::mlir::ModuleOp", [
    "::mlir::affine::AffineDialect", "::mlir::arith::ArithDialect", "::mlir::func::FuncDialect",
    "::mlir::linalg::LinalgDialect", "::mlir::math::MathDialect", "::mlir::scf::SCFDialect",
    "::mlir::tensor::TensorDialect"]> {
  let summary = "Derive the gradient of a loss";
  let description = [{
    For every function whose `ternary.step` is `loss` a function whose step is `gradient`:
    the loss, and the gradient of `seed` times the loss by every argument that has a
    `ternary.parameter` name and is of f32 or f64. Reverse mode: ops are asked for their backward
    rule (`DifferentiableOpInterface`), from the last one that the loss depends on to the
    first; layers without one are taken apart first. What does not depend on a parameter
    gets no gradient. Gradients of quantised weights and activations go straight through.
    The gradient of an `scf.if` is one, that of an `scf.for` is a loop over its iterations
    from the last to the first; the loop forward keeps what each of them starts from.

    The loss is the first result, a scalar.

    With `function=NAME` also, for that function, `NAME_gradient`: it returns what NAME does and,
    behind that, gradients by the arguments `with-respect-to` names, in this order. These are
    names of parameters or arguments (`ternary.name`) or numbers of arguments, and by default all
    that consist of floats. If the only result of floats is a scalar, a loss, its gradients are
    returned. Otherwise the function takes what a loss has as gradients by its results of floats,
    behind its other arguments, and returns the loss's gradients.

    ```mlir fragment
    func.func @loss(%x: tensor<4x8xf32>, %g: tensor<8xf32> {ternary.parameter = "g"})
        -> (tensor<f32> {ternary.role = #ternary.role<loss>}) attributes {ternary.step = #ternary.step<loss>} {
      %y = ternary.rms_norm %x, %g {epsilon = 1.0e-6 : f32} : tensor<4x8xf32>, tensor<8xf32>
      ...
    }
    ```
    ⇒
    ```mlir fragment
    func.func @gradient(%x: ..., %g: ..., %seed: tensor<f32> {ternary.role = #ternary.role<seed>})
        -> (tensor<f32> {ternary.role = #ternary.role<loss>}, tensor<8xf32> {ternary.gradient = "g"})
        attributes {ternary.step = #ternary.step<gradient>} {
      ...
      %n = ternary.scale_rows %x, %r : tensor<4x8xf32>, tensor<4xf32>
      %p = arith.mulf %dy, %n : tensor<4x8xf32>
      %dg = ternary.sum_rows %p : tensor<4x8xf32> -> tensor<8xf32>
      return %l, %dg : tensor<f32>, tensor<8xf32>
    }
    ```
  }];
  let statistics = [
    Statistic<"numDifferentiated", "differentiated", "Number of ops differentiated">,
    Statistic<"numGradients", "gradients", "Number of parameters with a gradient">];
  let options = [
    Option<"function", "function", "std::string", /*default=*/"\"\"",
           "The function to differentiate beside steps">,
    ListOption<"withRespectTo", "with-respect-to", "std::string",
               "By which of its arguments (default: all of floats)">];
}

def TernaryBuildOptimizer : TernaryPass<"ternary-build-optimizer", "::mlir::ModuleOp", [
    "::mlir::arith::ArithDialect", "::mlir::func::FuncDialect", "::mlir::math::MathDialect",
    "::mlir::tensor::TensorDialect"]> {
  let summary = "Build the step that updates parameters by their gradients";
  let description = [{
    For the function whose `ternary.step` is `gradient` a function whose step is `update`:
    AdamW for every parameter that has a gradient, with clipping by the norm of all gradients
    together and a schedule of the learning rate (`learning_rate`). Weight decay leaves out
    vectors and lower bounds. Hyper-parameters are scalar arguments, named by their role as in
    `ternary_optimizer` of `ternary/training.h`, `step` is the number of the step, from 0. Beside
    parameters and moments the step's rate and the norm before clipping are results.

    ```mlir fragment
    func.func @gradient(%w: tensor<9x64xf32> {ternary.parameter = "w"}, ...)
        -> (tensor<f32> {ternary.role = #ternary.role<loss>}, tensor<9x64xf32> {ternary.gradient = "w"})
        attributes {ternary.step = #ternary.step<gradient>}
    ```
    ⇒
    ```mlir fragment
    func.func @update(%w: tensor<9x64xf32> {ternary.parameter = "w"}, %g: tensor<9x64xf32> {ternary.gradient = "w"},
                      %m: tensor<9x64xf32> {ternary.first_moment = "w"}, %v: tensor<9x64xf32> {ternary.second_moment = "w"},
                      %base: f32 {ternary.role = #ternary.role<learning_rate>}, ..., %step: i64 {ternary.role = #ternary.role<step_number>})
        -> (tensor<9x64xf32> {ternary.parameter = "w"}, tensor<9x64xf32> {ternary.first_moment = "w"},
            tensor<9x64xf32> {ternary.second_moment = "w"}, tensor<f32> {ternary.role = #ternary.role<rate>},
            tensor<f32> {ternary.role = #ternary.role<gradient_norm>}) attributes {ternary.step = #ternary.step<update>} {
      %rate = ternary.learning_rate %step of %total, base %base, ...
      %square = ternary.square_sum %g : tensor<9x64xf32>
      %sum = tensor.extract %square[] : tensor<f64>
      %norm = math.sqrt %sum : f64
      ...
      %0:3 = ternary.adamw %w, %g scale %scale keep %keep rate %rate first %m(...) second %v(...)
          epsilon %epsilon : tensor<9x64xf32>
      return %0#0, %0#1, %0#2, ...
    }
    ```
  }];
  let statistics = [
    Statistic<"numParameters", "parameters", "Number of parameters that are updated">];
}

def TernaryNarrowGradients : TernaryPass<"ternary-narrow-gradients", "::mlir::func::FuncOp"> {
  let summary = "Round gradients to 8 bits in the products of linear layers";
  let description = [{
    Sets `int8` of `linear_backward_input` and `linear_backward_weight`: half the time and less,
    for codes with 127 steps from zero to the largest gradient of a block. Where the gradient
    is that of logits by cross-entropy it is left as it is: what is not the target would vanish
    beside it.

    ```mlir fragment
    %dx = ternary.linear_backward_input %d, %t, %s : ...
    ```
    ⇒
    ```mlir fragment
    %dx = ternary.linear_backward_input %d, %t, %s {int8} : ...
    ```
  }];
  let statistics = [Statistic<"numNarrowed", "narrowed", "Number of products narrowed">];
}

def TernaryNarrowActivations : TernaryPass<"ternary-narrow-activations", "::mlir::func::FuncOp", [
    "::mlir::arith::ArithDialect", "::mlir::tensor::TensorDialect"]> {
  let summary = "Keep activations for the backward pass in bf16";
  let description = [{
    In a gradient, f32 values that have to be kept from the forward to the backward pass are
    rounded to bf16 (to nearest, ties to even) where they are computed: results of products,
    scans, embeddings, and sums of residuals. All that read them, in both passes, read the
    rounded value, each through an `arith.extf` of its own: kernels extend what they read, and
    what lives on is the narrow value. What is computed again from kept values, and all
    arithmetic, stays f32. The choice is the same whether `ternary-rematerialise` follows or
    not.

    bf16 has the exponents of f32, so no loss has to be scaled for it.

    ```mlir fragment
    %y = ternary.dequantize %acc, %s, %w : ...
    %z = ternary.activate silu %y : tensor<1x?x64xf32>
    ```
    ⇒
    ```mlir fragment
    %y = ternary.dequantize %acc, %s, %w : ...
    %narrow = arith.truncf %y : tensor<1x?x64xf32> to tensor<1x?x64xbf16>
    %wide = arith.extf %narrow : tensor<1x?x64xbf16> to tensor<1x?x64xf32>
    %z = ternary.activate silu %wide : tensor<1x?x64xf32>
    ```
  }];
  let statistics = [Statistic<"numNarrowed", "narrowed", "Number of values kept in bf16">];
}

def TernaryRematerialise : TernaryPass<"ternary-rematerialise", "::mlir::func::FuncOp", [
    "::mlir::arith::ArithDialect", "::mlir::tensor::TensorDialect"]> {
  let summary = "Compute values again for the backward pass instead of keeping them";
  let description = [{
    In a gradient, what the backward pass reads of the forward pass is computed again before
    its first use there, instead of being kept from one to the other. What depends on the
    argument of role `seed` is the backward pass.

    - `recompute=rows`: values that row ops compute (norms, activations, gates, quantised
      inputs), from what is kept anyway: results of products, scans and sums of residuals, and
      a number per row. A value is kept that takes longer to compute than to read: where less
      than 0.3 bytes are saved for an operation.
    - `recompute=blocks`: all these, and all else within a block, from the value at its start. A
      block is what lies between two points of the forward pass where one value alone, of
      those that depend on parameters, is still to be read: as between an attention and an MLP
      with residuals.

    With a `budget` no more is computed again than it takes to bring the workspace, estimated
    for so many `tokens`, below it: values first, in the order of bytes saved for an operation,
    then blocks. What was chosen is said by a remark and by the attribute
    `ternary.recomputed`.

    Copies read what is kept through an `optimization_barrier`, so that they are not merged
    with what they are copies of.

    ```mlir fragment
    %y = ternary.activate silu %x : tensor<1x?x64xf32>
    ...
    %d = arith.mulf %grad, %y : tensor<1x?x64xf32>
    ```
    ⇒
    ```mlir fragment
    %y = ternary.activate silu %x : tensor<1x?x64xf32>
    ...
    %x2 = ternary.optimization_barrier %x after %grad : tensor<1x?x64xf32>, tensor<1x?x64xf32>
    %again = ternary.activate silu %x2 : tensor<1x?x64xf32>
    %d = arith.mulf %grad, %again : tensor<1x?x64xf32>
    ```
  }];
  let options = [
    Option<"recompute", "recompute", "::ternary::Recompute",
           /*default=*/"::ternary::Recompute::Rows", "What may be computed again:",
           "::ternary::getRecomputeValues()">,
    Option<"budget", "budget", "int64_t", /*default=*/"0",
           "Bytes of workspace that are enough; 0: do not look at them.">,
    Option<"tokens", "tokens", "int64_t", /*default=*/"512",
           "Tokens of a sequence that the budget is for.">];
  let statistics = [
    Statistic<"numRecomputed", "recomputed", "Number of values computed again">,
    Statistic<"numBlocks", "blocks", "Number of blocks computed again">];
}

def TernaryMergeProjections : TernaryPass<"ternary-merge-projections", "::mlir::func::FuncOp", [
    "::mlir::arith::ArithDialect", "::mlir::tensor::TensorDialect"]> {
  let summary = "Make one wider accumulate of projections of the same input";
  let description = [{
    Accumulates that read the same quantised activations become one, over the weights
    stacked along their rows, with one scale for each row, or for each group of its columns
    where they are of one size; the results are slices of its result. Weights are stacked when parameters are bound, not at run time.

    ```mlir fragment
    %a = ternary.accumulate %q, %ta : tensor<1x?x64xi8>, tensor<64x64x!ternary.trit> -> tensor<1x?x64xi32>
    %b = ternary.accumulate %q, %tb : tensor<1x?x64xi8>, tensor<16x64x!ternary.trit> -> tensor<1x?x16xi32>
    ```
    ⇒
    ```mlir fragment
    %t, %s = ternary.stack_rows %ta, %tb scales(%sa, %sb) : ...
    %c = ternary.accumulate %q, %t : tensor<1x?x64xi8>, tensor<80x64x!ternary.trit> -> tensor<1x?x80xi32>
    ```
  }];
  let statistics = [Statistic<"numMerged", "merged", "Number of accumulates merged away">];
}

def TernaryFuseLinear : TernaryPass<"ternary-fuse-linear", "::mlir::func::FuncOp", [
    "::mlir::arith::ArithDialect", "::mlir::tensor::TensorDialect"]> {
  let summary = "Form linear kernels: accumulate, dequantise and an epilogue";
  let description = [{
    Every accumulate with its dequantise becomes a `linear_kernel`. With `epilogue` the
    elementwise ops that follow (residual addition, gates, gated linear units) move
    into its region as far as one value leaves it. With `square-sums` the statistics
    of a norm that reads the result are taken on the side.

    ```mlir fragment
    %acc = ternary.accumulate %q, %t : ...
    %d = ternary.dequantize %acc, %a, %w : ...
    %y = arith.addf %x, %d : tensor<1x?x64xf32>
    ```
    ⇒
    ```mlir fragment
    %y = ternary.linear_kernel ins(%q, %t : ...) scales(%a, %w : ...) extras(%x : ...) outs(%e : ...) {
    ^bb0(%v: f32, %r: f32):
      %0 = arith.addf %r, %v : f32
      ternary.yield %0 : f32
    } -> tensor<1x?x64xf32>
    ```
  }];
  let options = [
    Option<"epilogue", "epilogue", "bool", /*default=*/"true",
           "Move elementwise ops that follow into the kernel.">,
    Option<"squareSums", "square-sums", "bool", /*default=*/"true",
           "Take the statistics of a following norm in the kernel.">];
  let statistics = [
    Statistic<"numKernels", "kernels", "Number of linear kernels formed">,
    Statistic<"numEpilogueOps", "epilogue-ops", "Number of elementwise ops fused">,
    Statistic<"numSquareSums", "square-sums", "Number of norm statistics fused">];
}

def TernaryFuseRows : TernaryPass<"ternary-fuse-rows", "::mlir::func::FuncOp", [
    "::mlir::arith::ArithDialect", "::mlir::tensor::TensorDialect"]> {
  let summary = "Form row kernels: norms, quantisation and what is between";
  let description = [{
    Ops that treat rows on their own become `row_kernel`s; with `fuse` connected ones
    become one kernel, so that a row is read once and statistics that several norms
    share are computed once. Without it each op is a kernel of its own.

    ```mlir fragment
    %y = ternary.normalize %x, %r, %g : tensor<1x?x64xf32>, tensor<1x?xf32>, tensor<64xf32>
    %q, %s, %c = ternary.quantize_activations %y : ...
    ```
    ⇒
    ```mlir fragment
    %q, %s, %c = ternary.row_kernel rows 2 ins(%x, %r, %g : ...) outs(...) {
    ^bb0(%row: vector<64xf32>, %scale: f32, %gain: vector<64xf32>):
      %y = ternary.normalize %row, %scale, %gain : vector<64xf32>, f32, vector<64xf32>
      ...
    }
    ```
  }];
  let options = [Option<"fuse", "fuse", "bool", /*default=*/"true",
                        "Put connected row ops into one kernel.">];
  let statistics = [
    Statistic<"numKernels", "kernels", "Number of row kernels formed">,
    Statistic<"numOps", "ops", "Number of ops in them">];
}

def TernaryFormKernels : TernaryPass<"ternary-form-kernels", "::mlir::func::FuncOp", [
    "::mlir::arith::ArithDialect", "::mlir::tensor::TensorDialect"]> {
  let summary = "Put what is not in rows in destination style";
  let description = [{
    `embedding` becomes `gather_kernel`; `linear_scan` becomes `scan_kernel`, whose state is
    updated in place; float products, rotations, attention and what gradients consist of become
    the kernels of their names; `adamw` changes a parameter and its moments in place; constant
    tensors become row kernels, and so does a slice of a kernel's result that is inserted
    elsewhere: it is copied. With `accumulate` it is only done to gradients of parameters and
    sums of squares that are added to a sum: the kernel adds to it in place. `lower_bounds` and
    `transpose` are left to be carried out when parameters are bound, unless `bind-time` says
    otherwise.
  }];
  let options = [
    Option<"accumulate", "accumulate", "bool", /*default=*/"false",
           "Form only kernels that add to a sum, before others take the sums.">,
    Option<"bindTime", "bind-time", "bool", /*default=*/"false",
           "Form kernels of bind-time ops as well, where no parameters are bound.">];
}

def TernaryPack : TernaryPass<"ternary-pack", "::mlir::func::FuncOp", [
    "::mlir::tensor::TensorDialect"]> {
  let summary = "Choose the layout of weights";
  let description = [{
    Gives the weight of every `linear_kernel` the target's layout, by a `pack` that is
    carried out when parameters are bound, and pads the quantised activations it reads
    to the layout's number of columns. A kernel over the two halves of a gated linear
    unit gets a layout in which they meet.

    With `floats`, weights of float products get the target's layout for floats, if it has one, in
    place of their transpose; a table that is embedding and head is stored once.
  }];
  let options = [
    Option<"layout", "layout", "std::string", /*default=*/"\"\"",
           "Layout of ternary weights, such as #ternary.packed<...>, instead of the target's.">,
    Option<"floats", "floats", "bool", /*default=*/"true",
           "Pack weights of float products as well.">];
  let statistics = [Statistic<"numPacked", "packed", "Number of weights packed">];
}

def TernaryBindParameters : TernaryPass<"ternary-bind-parameters", "::mlir::ModuleOp", [
    "::mlir::arith::ArithDialect", "::mlir::bufferization::BufferizationDialect",
    "::mlir::linalg::LinalgDialect", "::mlir::memref::MemRefDialect",
    "::mlir::tensor::TensorDialect"]> {
  let summary = "Tie parameters to a weight archive";
  let description = [{
    Function arguments with a `ternary.parameter` name are replaced by memory of a
    weight archive. Bind-time ops that depend on parameters alone (ternary weights,
    packing, lower bounds) move into `ternary.archive @weights`, so that they are
    carried out once, by the compiler; what the functions share is stored once. State
    and logits become memory too: steps take and fill buffers, and return nothing.

    Functions that are no steps are bound alike, if they are one block. Memory of a result has
    its number as `ternary.result`; what is no tensor is returned as before. Where results have
    dynamic sizes, a private function that `ternary.result_sizes` names computes these from the
    inputs. Bind-time ops on constants are carried out here, those on anything else when the
    function runs, by kernels. Trits among the arguments are bytes, -1, 0 and 1.
  }];
  let statistics = [Statistic<"numEntries", "entries", "Number of archive entries">];
}

def TernaryBindTrainingBlocks : TernaryPass<"ternary-bind-training-blocks", "::mlir::ModuleOp", [
    "::mlir::bufferization::BufferizationDialect", "::mlir::memref::MemRefDialect"]> {
  let summary = "Tie parameters and gradients to blocks of memory that change";
  let description = [{
    The counterpart of `ternary-bind-parameters` for training, where parameters change from
    step to step. Arguments with a `ternary.parameter` name become views of a block of
    parameters, those with a `ternary.gradient`, `ternary.first_moment` or
    `ternary.second_moment` name of blocks of these; the archive `@parameters` says how all are
    laid out and holds the initial values. Bind-time ops become kernels at the start of a step,
    on memory of the step. Results with such a name go to their block.

    ```mlir fragment
    func.func @gradient(%w: tensor<64x64xf32> {ternary.parameter = "w"}, ...) {
      %t, %s = ternary.quantize_weights %w : ...
      %p = ternary.pack %t : ...
    ```
    ⇒
    ```mlir fragment
    func.func @gradient(%base: memref<?xi8> {ternary.role = #ternary.role<parameters>}, ...) {
      %w = ternary.parameter @parameters "w" of %base : memref<?xi8> -> memref<64x64xf32>
      ternary.quantize_weights_kernel ins(%w : ...) outs(%t, %s : ...)
      ternary.pack_kernel ins(%t : ...) outs(%p : ...)
    ```
  }];
  let statistics = [
    Statistic<"numEntries", "entries", "Number of parameters in the block">];
}

def TernaryBufferize : TernaryPass<"ternary-bufferize", "::mlir::ModuleOp", [
    "::mlir::bufferization::BufferizationDialect", "::mlir::memref::MemRefDialect"]> {
  let summary = "Give tensors memory, function by function";
  let description = [{
    One-shot bufferization of the functions of a module. The upstream pass takes all of a
    module, and with it archives, whose tensors never become memory of the program.
  }];
}

def TernaryOutlineKernels : TernaryPass<"ternary-outline-kernels", "::mlir::ModuleOp", [
    "::mlir::func::FuncDialect", "::mlir::memref::MemRefDialect"]> {
  let summary = "Move kernels into functions, each distinct kernel once";
  let description = [{
    Kernels on memrefs that agree in everything but their operands become calls of one
    private function, so that code size and compile time do not grow with the number of
    layers. Offsets of operands become dynamic for that.
  }];
  let statistics = [
    Statistic<"numFunctions", "functions", "Number of functions made">,
    Statistic<"numCalls", "calls", "Number of kernels replaced by calls">];
}

def TernaryPlanWorkspace : TernaryPass<"ternary-plan-workspace", "::mlir::ModuleOp", [
    "::mlir::arith::ArithDialect", "::mlir::memref::MemRefDialect"]> {
  let summary = "Replace allocations by places in one workspace";
  let description = [{
    Every `memref.alloc` of a function becomes a view of a new argument, the
    workspace. Buffers whose lifetimes do not overlap share memory. A dynamic dimension of a
    step is taken to be at most the number of tokens, T. The size that a step
    needs, `fixed + per_token · (T rounded up to 16)` bytes, is put down in the
    function's attribute `ternary.workspace = [fixed, per_token]`.

    Dynamic sizes in other functions have to follow from those of arguments. What such a function
    needs is returned by a private function of the same arguments, which
    `ternary.workspace_size` names. Memory that it returns stays an allocation, and a function
    without others takes no workspace.
  }];
  let statistics = [
    Statistic<"numBuffers", "buffers", "Number of buffers placed">];
}

#endif // TERNARY_TRANSFORMS_PASSES_TD
