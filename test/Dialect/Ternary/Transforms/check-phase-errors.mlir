// RUN: split-file %s %t
// RUN: ternary-opt %t/name.mlir -ternary-set-target -ternary-check-phase=phase=tune -verify-diagnostics
// RUN: not ternary-opt %t/name.mlir -ternary-check-phase 2>&1 | FileCheck %s
// RUN: ternary-opt %t/graph.mlir -ternary-check-phase=phase=graph -split-input-file -verify-diagnostics
// RUN: ternary-opt %t/quantize.mlir -ternary-check-phase=phase=quantize -split-input-file -verify-diagnostics
// RUN: ternary-opt %t/fuse.mlir -ternary-check-phase=phase=fuse -split-input-file -verify-diagnostics
// RUN: ternary-opt %t/pack.mlir -ternary-set-target -ternary-check-phase=phase=pack -split-input-file -verify-diagnostics
// RUN: ternary-opt %t/bufferize.mlir -ternary-set-target -ternary-check-phase=phase=bufferize -split-input-file -verify-diagnostics
// RUN: ternary-opt %t/expand.mlir -ternary-set-target -ternary-check-phase=phase=expand -split-input-file -verify-diagnostics
// RUN: ternary-opt %t/lower.mlir -ternary-set-target -ternary-check-phase=phase=lower -split-input-file -verify-diagnostics

// The phases behind the common ones are those of the module's target.
// CHECK: expected a phase of 'graph', 'differentiate', 'quantize', 'fuse', got ''

//--- name.mlir
// expected-error @+1 {{expected a phase of 'graph', 'differentiate', 'quantize', 'fuse', 'pack', 'bufferize', 'expand', 'lower', got 'tune'}}
module {}

//--- graph.mlir
// expected-error @+1 {{expected ops of a graph after phase 'graph', got 'ternary.archive'}}
ternary.archive @weights bytes 0 {
}

// -----

func.func @vector(%x: f32) -> vector<4xf32> {
  // expected-error @+1 {{expected ops of a graph after phase 'graph', got 'vector.broadcast'}}
  %0 = vector.broadcast %x : f32 to vector<4xf32>
  return %0 : vector<4xf32>
}

// -----

func.func @assertion(%c: i1) {
  cf.assert %c, "of upstream's dialect of control flow this alone"
  // expected-error @+1 {{expected ops of a graph after phase 'graph', got 'cf.br'}}
  cf.br ^next
^next:
  return
}

//--- quantize.mlir
func.func @layer(%x: tensor<1x?x64xf32>, %g: tensor<64xf32>) -> tensor<1x?x64xf32> {
  // expected-error @+1 {{expected ops of a graph other than layers after phase 'quantize', got 'ternary.rms_norm'}}
  %y = ternary.rms_norm %x, %g {epsilon = 1.0e-6 : f32} : tensor<1x?x64xf32>, tensor<64xf32>
  return %y : tensor<1x?x64xf32>
}

// -----

func.func @recursive(%n: index) -> index {
  // expected-error @+1 {{expected functions that can be inlined after phase 'quantize', got a call of @recursive, which calls itself, is not to be inlined or has several blocks}}
  %0 = call @recursive(%n) : (index) -> index
  return %0 : index
}

// -----

func.func private @external(tensor<4xf32>)
func.func @tensors(%x: tensor<4xf32>) {
  // expected-error @+1 {{expected calls of external functions on memory and numbers, got @external of type '(tensor<4xf32>) -> ()'}}
  call @external(%x) : (tensor<4xf32>) -> ()
  return
}

//--- fuse.mlir
func.func @row_op(%x: tensor<1x?x64xf32>) -> tensor<1x?x2xf32> {
  // expected-error @+1 {{expected kernels, bind-time ops and upstream's ops, none elementwise on tensors, after phase 'fuse', got 'ternary.square_sums'}}
  %y = ternary.square_sums %x : tensor<1x?x64xf32> -> tensor<1x?x2xf32>
  return %y : tensor<1x?x2xf32>
}

// -----

func.func @elementwise(%x: tensor<4xf32>) -> tensor<4xf32> {
  // expected-error @+1 {{expected kernels, bind-time ops and upstream's ops, none elementwise on tensors, after phase 'fuse', got 'arith.addf'}}
  %y = arith.addf %x, %x : tensor<4xf32>
  return %y : tensor<4xf32>
}

// -----

func.func @exponential(%x: tensor<4xf32>) -> tensor<4xf32> {
  // expected-error @+1 {{expected kernels, bind-time ops and upstream's ops, none elementwise on tensors, after phase 'fuse', got 'math.exp'}}
  %y = math.exp %x : tensor<4xf32>
  return %y : tensor<4xf32>
}

//--- pack.mlir
// expected-error @+1 {{expected parameters in the archive after phase 'pack', got 'norm' as argument 1}}
func.func @argument(%x: tensor<4xf32>, %y: tensor<4xf32> {ternary.parameter = "norm"}) {
  return
}

// -----

func.func @bind_time(%x: tensor<2x64xf32>) -> tensor<2x64xf32> {
  // expected-error @+1 {{expected kernels, memory and upstream's ops after phase 'pack', got 'ternary.lower_bounds'}}
  %y = ternary.lower_bounds %x : tensor<2x64xf32> -> tensor<2x64xf32>
  return %y : tensor<2x64xf32>
}

//--- bufferize.mlir
// expected-error @+1 {{expected memory in place of tensors after phase 'bufferize', got 'func.func'}}
func.func @argument(%x: tensor<4xf32>) {
  return
}

// -----

func.func @value(%x: memref<4xf32>) {
  // expected-error @+1 {{expected memory in place of tensors after phase 'bufferize', got 'bufferization.to_tensor'}}
  %0 = bufferization.to_tensor %x : memref<4xf32> to tensor<4xf32>
  return
}

// -----

func.func @decode(%x: memref<4xf32>, %y: memref<4xf32>) attributes {ternary.step = #ternary.step<decode>} {
  // expected-error @+1 {{expected no copies in a decode step after phase 'bufferize', got 'memref.copy'}}
  memref.copy %x, %y : memref<4xf32> to memref<4xf32>
  return
}

// -----

func.func @decode(%x: memref<4xf32>, %y: memref<4xf32>) attributes {ternary.step = #ternary.step<decode>} {
  // expected-error @+1 {{expected no copies in a decode step after phase 'bufferize', got 'linalg.copy'}}
  linalg.copy ins(%x : memref<4xf32>) outs(%y : memref<4xf32>)
  return
}

// -----

func.func @prefill() attributes {ternary.step = #ternary.step<prefill>} {
  // expected-error @+1 {{expected all memory of a step in its workspace after phase 'bufferize', got 'memref.alloc'}}
  %0 = memref.alloc() : memref<4xf32>
  return
}

//--- expand.mlir
func.func private @left(%x: memref<1x4x8xf32>, %past: memref<i32>) attributes {ternary.kernel} {
  // expected-error @+1 {{expected loops, vectors and scalars in place of kernels after phase 'expand', got 'ternary.advance_kernel'}}
  ternary.advance_kernel ins(%x : memref<1x4x8xf32>) outs(%past : memref<i32>)
  return
}

// -----

func.func private @shared(%x: memref<8xf32>, %v: f32) attributes {ternary.kernel} {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c8 = arith.constant 8 : index
  // expected-note @+1 {{allocated here}}
  %scratch = memref.alloca() : memref<1xf32>
  scf.parallel (%i) = (%c0) to (%c8) step (%c1) {
    // expected-error @+1 {{expected an iteration to write to stack memory of its own, got memory that all iterations share}}
    memref.store %v, %scratch[%c0] : memref<1xf32>
  }
  return
}

//--- lower.mlir
llvm.func @left(%x: i32) {
  // expected-error @+1 {{expected ops that translate to LLVM IR after phase 'lower', got 'arith.addi'}}
  %0 = arith.addi %x, %x : i32
  llvm.return
}

// -----

llvm.func @cast(%x: i64) {
  // expected-error @+1 {{expected ops that translate to LLVM IR after phase 'lower', got 'builtin.unrealized_conversion_cast'}}
  %0 = builtin.unrealized_conversion_cast %x : i64 to index
  llvm.return
}
