// RUN: ternary-opt %s --pass-pipeline='builtin.module(ternary-set-target{kernel=avx512vnni},func.func(ternary-pack))' -split-input-file -verify-diagnostics
// RUN: not ternary-opt %s --pass-pipeline='builtin.module(func.func(ternary-pack{layout={#ternary.packed<lanes = 16, depth = 4, planes = 3, vectors = 2>}}))' -split-input-file 2>&1 | FileCheck %s --check-prefix=PLANES
// RUN: not ternary-opt %s --pass-pipeline='builtin.module(func.func(ternary-pack{layout=rows}))' -split-input-file 2>&1 | FileCheck %s --check-prefix=NAME
// RUN: not ternary-opt %s --pass-pipeline='builtin.module(func.func(ternary-pack))' -split-input-file 2>&1 | FileCheck %s --check-prefix=TARGET
// RUN: not ternary-opt %s --pass-pipeline='builtin.module(func.func(ternary-pack{layout={#ternary.packed<lanes = 16, depth = 4, planes = 4, vectors = 1>}}))' -split-input-file 2>&1 | FileCheck %s --check-prefix=HALVES

// A layout that is none is an error in any function, even one without kernels; an odd number of
// vectors only where there are halves.
// PLANES:  error: expected 1 or 4 planes, got 3
// PLANES:  pack-errors.mlir:[[@LINE+6]]:1: error: expected a layout, got '#ternary.packed<lanes = 16, depth = 4, planes = 3, vectors = 2>'
// NAME:    pack-errors.mlir:[[@LINE+5]]:1: error: expected a layout, got 'rows'
// TARGET:  pack-errors.mlir:[[@LINE+4]]:1: error: expected a module with a target, as ternary-set-target gives it
// HALVES-NOT: error
// HALVES:  pack-errors.mlir:[[@LINE+10]]:8: error: 'ternary.linear_kernel' op expected a layout of 2 halves, got #ternary.packed<lanes = 16, depth = 4, planes = 4, vectors = 1>

func.func @no_kernels() {
  return
}

// -----

func.func @halves(%q: tensor<2x64xi8>, %a: tensor<2xf32>, %c: tensor<2xi32>, %t: tensor<64x16x!ternary.trit>, %s: tensor<1xf32>) -> tensor<2x32xf32> {
  %out = tensor.empty() : tensor<2x32xf32>
  %y = ternary.linear_kernel ins(%q, %t : tensor<2x64xi8>, tensor<64x16x!ternary.trit>) scales(%a, %s : tensor<2xf32>, tensor<1xf32>) sums(%c : tensor<2xi32>) outs(%out : tensor<2x32xf32>) {
  ^bb0(%u: f32, %v: f32):
    %product = arith.mulf %u, %v : f32
    ternary.yield %product : f32
  } -> tensor<2x32xf32>
  return %y : tensor<2x32xf32>
}

// -----

// Only what a row kernel quantises can be padded: not an argument,

func.func @argument(%q: tensor<2x40xi8>, %a: tensor<2xf32>, %c: tensor<2xi32>, %t: tensor<32x40x!ternary.trit>, %s: tensor<1xf32>) -> tensor<2x32xf32> {
  %out = tensor.empty() : tensor<2x32xf32>
  // expected-error @+1 {{'ternary.linear_kernel' op expected activations with 48 columns or from a row kernel, got 'tensor<2x40xi8>'}}
  %y = ternary.linear_kernel ins(%q, %t : tensor<2x40xi8>, tensor<32x40x!ternary.trit>) scales(%a, %s : tensor<2xf32>, tensor<1xf32>) sums(%c : tensor<2xi32>) outs(%out : tensor<2x32xf32>) {
  ^bb0(%v: f32):
    ternary.yield %v : f32
  } -> tensor<2x32xf32>
  return %y : tensor<2x32xf32>
}

// -----

// nor a row that a kernel only hands on,

func.func @handed_on(%q: tensor<2x40xi8>, %a: tensor<2xf32>, %c: tensor<2xi32>, %t: tensor<32x40x!ternary.trit>, %s: tensor<1xf32>) -> tensor<2x32xf32> {
  %eq = tensor.empty() : tensor<2x40xi8>
  %p = ternary.row_kernel rows 1 ins(%q : tensor<2x40xi8>) outs(%eq : tensor<2x40xi8>) {
  ^bb0(%row: vector<40xi8>):
    ternary.yield %row : vector<40xi8>
  } -> tensor<2x40xi8>
  %out = tensor.empty() : tensor<2x32xf32>
  // expected-error @+1 {{'ternary.linear_kernel' op expected activations that a row kernel quantises into an empty tensor}}
  %y = ternary.linear_kernel ins(%p, %t : tensor<2x40xi8>, tensor<32x40x!ternary.trit>) scales(%a, %s : tensor<2xf32>, tensor<1xf32>) sums(%c : tensor<2xi32>) outs(%out : tensor<2x32xf32>) {
  ^bb0(%v: f32):
    ternary.yield %v : f32
  } -> tensor<2x32xf32>
  return %y : tensor<2x32xf32>
}

// -----

// nor what goes where someone else says.

func.func @destination(%x: tensor<2x40xf32>, %eq: tensor<2x40xi8>, %a: tensor<2xf32>, %c: tensor<2xi32>, %t: tensor<32x40x!ternary.trit>, %s: tensor<1xf32>) -> tensor<2x32xf32> {
  %p = ternary.row_kernel rows 1 ins(%x : tensor<2x40xf32>) outs(%eq : tensor<2x40xi8>) {
  ^bb0(%row: vector<40xf32>):
    %codes, %scale, %sum = ternary.quantize_activations %row : vector<40xf32> -> vector<40xi8>, f32, i32
    ternary.yield %codes : vector<40xi8>
  } -> tensor<2x40xi8>
  %out = tensor.empty() : tensor<2x32xf32>
  // expected-error @+1 {{'ternary.linear_kernel' op expected activations that a row kernel quantises into an empty tensor}}
  %y = ternary.linear_kernel ins(%p, %t : tensor<2x40xi8>, tensor<32x40x!ternary.trit>) scales(%a, %s : tensor<2xf32>, tensor<1xf32>) sums(%c : tensor<2xi32>) outs(%out : tensor<2x32xf32>) {
  ^bb0(%v: f32):
    ternary.yield %v : f32
  } -> tensor<2x32xf32>
  return %y : tensor<2x32xf32>
}

// -----

// nor what others read, to whom padding would show.

func.func @other_reader(%x: tensor<2x40xf32>, %a: tensor<2xf32>, %c: tensor<2xi32>, %t: tensor<32x40x!ternary.trit>, %s: tensor<1xf32>) -> (tensor<2x32xf32>, tensor<2x40xi8>) {
  %eq = tensor.empty() : tensor<2x40xi8>
  %p = ternary.row_kernel rows 1 ins(%x : tensor<2x40xf32>) outs(%eq : tensor<2x40xi8>) {
  ^bb0(%row: vector<40xf32>):
    %codes, %scale, %sum = ternary.quantize_activations %row : vector<40xf32> -> vector<40xi8>, f32, i32
    ternary.yield %codes : vector<40xi8>
  } -> tensor<2x40xi8>
  %out = tensor.empty() : tensor<2x32xf32>
  // expected-error @+1 {{'ternary.linear_kernel' op expected activations that only linear kernels read, got 'func.return'}}
  %y = ternary.linear_kernel ins(%p, %t : tensor<2x40xi8>, tensor<32x40x!ternary.trit>) scales(%a, %s : tensor<2xf32>, tensor<1xf32>) sums(%c : tensor<2xi32>) outs(%out : tensor<2x32xf32>) {
  ^bb0(%v: f32):
    ternary.yield %v : f32
  } -> tensor<2x32xf32>
  return %y, %p : tensor<2x32xf32>, tensor<2x40xi8>
}
