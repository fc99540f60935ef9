// What each phase allows.

// RUN: split-file %s %t
// RUN: ternary-opt %t/graph.mlir -ternary-check-phase=phase=graph | FileCheck %s
// RUN: ternary-opt %t/quantize.mlir -ternary-check-phase=phase=graph -ternary-check-phase=phase=quantize | FileCheck %s
// RUN: ternary-opt %t/fuse.mlir -ternary-check-phase=phase=fuse | FileCheck %s
// RUN: ternary-opt %t/scalars.mlir -ternary-set-target=target=reference -ternary-check-phase=phase=fuse -ternary-check-phase=phase=pack | FileCheck %s
// RUN: ternary-opt %t/pack.mlir -ternary-set-target -ternary-check-phase=phase=pack | FileCheck %s
// RUN: ternary-opt %t/bufferize.mlir -ternary-set-target -ternary-check-phase=phase=bufferize | FileCheck %s
// RUN: ternary-opt %t/expand.mlir -ternary-set-target -ternary-check-phase=phase=expand | FileCheck %s
// RUN: ternary-opt %t/lower.mlir -ternary-set-target -ternary-check-phase=phase=lower | FileCheck %s
// CHECK: func{{.*}} @prefill

//--- graph.mlir
func.func @prefill(%x: tensor<1x?x64xf32>, %g: tensor<64xf32> {ternary.parameter = "g"}) -> tensor<1x?x64xf32> {
  %y = ternary.rms_norm %x, %g {epsilon = 1.0e-6 : f32} : tensor<1x?x64xf32>, tensor<64xf32>
  %z = arith.addf %x, %y : tensor<1x?x64xf32>
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %e = scf.for %i = %c0 to %c1 step %c1 iter_args(%a = %z) -> (tensor<1x?x64xf32>) {
    %b = math.exp %a : tensor<1x?x64xf32>
    scf.yield %b : tensor<1x?x64xf32>
  }
  return %e : tensor<1x?x64xf32>
}

//--- quantize.mlir
func.func @prefill(%x: tensor<1x?x64xf32>) -> tensor<1x?x2xf32> {
  %y = ternary.square_sums %x : tensor<1x?x64xf32> -> tensor<1x?x2xf32>
  return %y : tensor<1x?x2xf32>
}

//--- fuse.mlir
func.func @prefill(%ids: tensor<1x?xi32>, %t: tensor<97x64xf16> {ternary.parameter = "t"},
                   %w: tensor<8x64xf32> {ternary.parameter = "w"}, %from: index) -> tensor<1x?x64xf32> {
  %c1 = arith.constant 1 : index
  %q, %s = ternary.quantize_weights %w {granularity = #ternary<granularity tensor>} : tensor<8x64xf32> -> tensor<8x64x!ternary.trit>, tensor<1xf32>
  %n = tensor.dim %ids, %c1 : tensor<1x?xi32>
  %wanted = arith.subi %n, %from : index
  %e = tensor.empty(%n) : tensor<1x?x64xf32>
  %x = ternary.gather_kernel ins(%ids, %t : tensor<1x?xi32>, tensor<97x64xf16>) outs(%e : tensor<1x?x64xf32>) -> tensor<1x?x64xf32>
  %y = ternary.row_kernel rows 2 ins(%x : tensor<1x?x64xf32>) outs(%e : tensor<1x?x64xf32>) {
  ^bb0(%row: vector<64xf32>):
    %0 = arith.addf %row, %row : vector<64xf32>
    ternary.yield %0 : vector<64xf32>
  } -> tensor<1x?x64xf32>
  %z = tensor.extract_slice %y[0, %from, 0] [1, %wanted, 64] [1, 1, 1] : tensor<1x?x64xf32> to tensor<1x?x64xf32>
  return %z : tensor<1x?x64xf32>
}

//--- scalars.mlir
// Numbers that a step computes with, and what they are read from and written to.
func.func @prefill(%x: tensor<f64>, %n: i64, %e: tensor<f32>) -> tensor<f32> {
  %0 = tensor.extract %x[] : tensor<f64>
  %1 = math.fpowi %0, %n : f64, i64
  %2 = arith.truncf %1 : f64 to f32
  %3 = tensor.insert %2 into %e[] : tensor<f32>
  return %3 : tensor<f32>
}

//--- pack.mlir
ternary.archive @weights bytes 16384 {
  %0 = ternary.read_parameter "t" : tensor<97x64xf16>
  ternary.archive_entry "t" at 0, %0 : tensor<97x64xf16>
}
func.func @prefill(%base: memref<?xi8>, %ids: memref<1x8xi32>, %out: memref<1x8x64xf32>) {
  %t = ternary.parameter @weights "t" of %base : memref<?xi8> -> memref<97x64xf16>
  %0 = bufferization.to_tensor %ids restrict : memref<1x8xi32> to tensor<1x8xi32>
  %1 = bufferization.to_tensor %t restrict : memref<97x64xf16> to tensor<97x64xf16>
  %e = tensor.empty() : tensor<1x8x64xf32>
  %2 = ternary.gather_kernel ins(%0, %1 : tensor<1x8xi32>, tensor<97x64xf16>) outs(%e : tensor<1x8x64xf32>) -> tensor<1x8x64xf32>
  bufferization.materialize_in_destination %2 in restrict writable %out : (tensor<1x8x64xf32>, memref<1x8x64xf32>) -> ()
  return
}

//--- bufferize.mlir
ternary.archive @weights bytes 16384 {
  %0 = ternary.read_parameter "t" : tensor<97x64xf16>
  ternary.archive_entry "t" at 0, %0 : tensor<97x64xf16>
}
// Copies cost little in a prompt; functions that are no step may do what they like.
func.func @prefill(%x: memref<4xf32>, %y: memref<4xf32>) attributes {ternary.step = #ternary.step<prefill>} {
  memref.copy %x, %y : memref<4xf32> to memref<4xf32>
  return
}
func.func @decode(%base: memref<?xi8>, %ids: memref<1x1xi32>, %out: memref<1x1x64xf32>) attributes {ternary.step = #ternary.step<decode>} {
  %t = ternary.parameter @weights "t" of %base : memref<?xi8> -> memref<97x64xf16>
  ternary.gather_kernel ins(%ids, %t : memref<1x1xi32>, memref<97x64xf16>) outs(%out : memref<1x1x64xf32>)
  return
}
func.func @other(%x: memref<4xf32>) -> memref<4xf32> {
  %0 = memref.alloc() : memref<4xf32>
  memref.copy %x, %0 : memref<4xf32> to memref<4xf32>
  return %0 : memref<4xf32>
}

//--- expand.mlir
func.func @prefill(%x: memref<8x4xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c8 = arith.constant 8 : index
  scf.parallel (%i) = (%c0) to (%c8) step (%c1) {
    %scratch = memref.alloca() : memref<4xf32>
    %row = vector.load %x[%i, %c0] : memref<8x4xf32>, vector<4xf32>
    vector.store %row, %scratch[%c0] : memref<4xf32>, vector<4xf32>
    %same = vector.load %scratch[%c0] : memref<4xf32>, vector<4xf32>
    vector.store %same, %x[%i, %c0] : memref<8x4xf32>, vector<4xf32>
  }
  return
}

//--- lower.mlir
ternary.archive @weights bytes 16384 {
  %0 = ternary.read_parameter "t" : tensor<97x64xf16>
  ternary.archive_entry "t" at 0, %0 : tensor<97x64xf16>
}
llvm.func @prefill(%team: !llvm.ptr) {
  llvm.return
}
