// RUN: ternary-opt %s -split-input-file -verify-diagnostics --ternary-to-vector=kernel=avx2
// RUN: not ternary-opt %s -split-input-file --ternary-to-vector=kernel=abacus 2>&1 | FileCheck %s --check-prefix=UNKNOWN

// UNKNOWN: error: expected a microkernel of 'amx-int8', 'avx512vnni', 'avxvnni', 'avx2', 'portable', got 'abacus'

!weight = memref<64x64x!ternary.trit, #ternary.packed<lanes = 16, depth = 4, planes = 4, vectors = 2>>

func.func @layout(%q: memref<1x64xi8>, %a: memref<1xf32>, %c: memref<1xi32>, %s: memref<1xf32>, %w: !weight, %o: memref<1x64xf32>) {
  // expected-error @+2 {{'ternary.linear_kernel' op expected a weight packed for 'avx2' (lanes = 8, depth = 4, planes = 4, vectors = 4), got #ternary.packed<lanes = 16}}
  // expected-error @+1 {{failed to legalize operation 'ternary.linear_kernel' that was explicitly marked illegal}}
  ternary.linear_kernel ins(%q, %w : memref<1x64xi8>, !weight) scales(%a, %s : memref<1xf32>, memref<1xf32>) sums(%c : memref<1xi32>) outs(%o : memref<1x64xf32>) {
  ^bb0(%v: f32):
    ternary.yield %v : f32
  }
  return
}

// -----

func.func @plain(%q: memref<1x64xi8>, %a: memref<1xf32>, %s: memref<1xf32>, %w: memref<64x64x!ternary.trit>, %o: memref<1x64xf32>) {
  // expected-error @+2 {{expected a weight packed for 'avx2' (lanes = 8, depth = 4, planes = 4, vectors = 4), got #ternary.packed<lanes = 1, depth = 1, planes = 1, vectors = 1>}}
  // expected-error @+1 {{failed to legalize operation 'ternary.linear_kernel' that was explicitly marked illegal}}
  ternary.linear_kernel ins(%q, %w : memref<1x64xi8>, memref<64x64x!ternary.trit>) scales(%a, %s : memref<1xf32>, memref<1xf32>) outs(%o : memref<1x64xf32>) {
  ^bb0(%v: f32):
    ternary.yield %v : f32
  }
  return
}

// -----

// Rows of more than two dimensions have to be those of one.

!weight = memref<64x16x!ternary.trit, #ternary.packed<lanes = 8, depth = 4, planes = 4, vectors = 4>>
!strided = memref<2x2x3x64xf32, strided<[2048, 1024, 64, 1]>>

func.func @strided(%q: memref<2x2x3x16xi8>, %a: memref<2x2x3xf32>, %c: memref<2x2x3xi32>, %s: memref<1xf32>, %w: !weight, %o: !strided) {
  // expected-error @+2 {{'ternary.linear_kernel' op expected contiguous rows, got 'memref<2x2x3x64xf32, strided<[2048, 1024, 64, 1]>>'}}
  // expected-error @+1 {{failed to legalize operation 'ternary.linear_kernel' that was explicitly marked illegal}}
  ternary.linear_kernel ins(%q, %w : memref<2x2x3x16xi8>, !weight) scales(%a, %s : memref<2x2x3xf32>, memref<1xf32>) sums(%c : memref<2x2x3xi32>) outs(%o : !strided) {
  ^bb0(%v: f32):
    ternary.yield %v : f32
  }
  return
}

// -----

func.func @no_row_op(%x: memref<?x8xf32>, %y: memref<?xf32>) {
  ternary.row_kernel rows 1 ins(%x : memref<?x8xf32>) outs(%y : memref<?xf32>) {
  ^bb0(%row: vector<8xf32>):
    // expected-error @+1 {{'vector.reduction' op expected a row op or an elementwise op on rows}}
    %sum = vector.reduction <add>, %row : vector<8xf32> into f32
    ternary.yield %sum : f32
  }
  return
}

// -----

func.func @varying_constant(%y: memref<?x2xf32>) {
  ternary.row_kernel rows 1 ins() outs(%y : memref<?x2xf32>) {
    // expected-error @+1 {{'arith.constant' op expected a row op or an elementwise op on rows}}
    %row = arith.constant dense<[1.0, 2.0]> : vector<2xf32>
    ternary.yield %row : vector<2xf32>
  }
  return
}

// -----

func.func @on_tensors(%f: tensor<1x?x64xf32>, %h: tensor<1x?x64xf32>, %s: tensor<1x64xf32>) -> tensor<1x64xf32> {
  // expected-error @+1 {{'ternary.scan_kernel' op expected a kernel on memrefs, got one on tensors}}
  %0:2 = ternary.scan_kernel ins(%f, %f : tensor<1x?x64xf32>, tensor<1x?x64xf32>)
      outs(%h, %s : tensor<1x?x64xf32>, tensor<1x64xf32>) -> tensor<1x?x64xf32>, tensor<1x64xf32>
  return %0#1 : tensor<1x64xf32>
}

// -----

// A tile of 16 columns is half a block of square sums.

!weight = memref<80x16x!ternary.trit, #ternary.packed<lanes = 8, depth = 4, planes = 4, vectors = 4, halves = 2>>
func.func @square_sums_over_halves(%q: memref<2x16xi8>, %a: memref<2xf32>, %c: memref<2xi32>, %s: memref<1xf32>,
                                   %w: !weight, %o: memref<2x40xf32>, %z: memref<2x2xf32>) {
  // expected-error @+2 {{expected at most 16 columns for square_sums over halves, got 40}}
  // expected-error @+1 {{failed to legalize operation}}
  ternary.linear_kernel square_sums ins(%q, %w : memref<2x16xi8>, !weight)
      scales(%a, %s : memref<2xf32>, memref<1xf32>) sums(%c : memref<2xi32>) outs(%o, %z : memref<2x40xf32>, memref<2x2xf32>) {
  ^bb0(%u: f32, %v: f32):
    %product = arith.mulf %u, %v : f32
    ternary.yield %product : f32
  }
  return
}

// -----

func.func @double(%x: memref<2x8xf64>, %o: memref<8xf64>) {
  // expected-error @+1 {{'ternary.sum_rows_kernel' op expected floats of f32, got 'memref<2x8xf64>'}}
  ternary.sum_rows_kernel ins(%x : memref<2x8xf64>) outs(%o : memref<8xf64>)
  return
}

// -----

// Nor do scalar loops take what vector code refuses with an error.

!strided = memref<2x3x64xf32, strided<[1024, 64, 1]>>

func.func @strided_matmul(%x: !strided, %m: memref<64x8xf32>, %o: memref<2x3x8xf32>) {
  // expected-error @+2 {{'ternary.matmul_kernel' op expected contiguous rows}}
  // expected-error @+1 {{failed to legalize operation 'ternary.matmul_kernel' that was explicitly marked illegal}}
  ternary.matmul_kernel ins(%x, %m : !strided, memref<64x8xf32>) outs(%o : memref<2x3x8xf32>)
  return
}

// -----

!strided = memref<2x3x64xf32, strided<[1024, 64, 1]>>

func.func @strided_gradient(%g: !strided, %q: memref<2x3x16xi8>, %s: memref<2x3xf32>, %o: memref<64x16xf32>) {
  // expected-error @+2 {{'ternary.linear_backward_weight_kernel' op expected contiguous rows}}
  // expected-error @+1 {{failed to legalize operation 'ternary.linear_backward_weight_kernel' that was explicitly marked illegal}}
  ternary.linear_backward_weight_kernel ins(%g, %q, %s : !strided, memref<2x3x16xi8>, memref<2x3xf32>) outs(%o : memref<64x16xf32>)
  return
}

// -----

func.func @table(%ids: memref<1x?xi32>, %w: memref<8x64x!ternary.trit>, %s: memref<1xf32>, %o: memref<1x?x64xf32>) {
  // expected-error @+2 {{'ternary.gather_kernel' op expected a table packed with depth = 4 and planes = 4, got #ternary.packed<lanes = 1, depth = 1, planes = 1, vectors = 1>}}
  // expected-error @+1 {{failed to legalize operation 'ternary.gather_kernel' that was explicitly marked illegal}}
  ternary.gather_kernel ins(%ids, %w : memref<1x?xi32>, memref<8x64x!ternary.trit>) scale(%s : memref<1xf32>) outs(%o : memref<1x?x64xf32>)
  return
}

// -----

!table = memref<8x60x!ternary.trit, #ternary.packed<lanes = 8, depth = 4, planes = 4, vectors = 4>>

func.func @table_groups(%ids: memref<1x?xi32>, %w: !table, %s: memref<6x8xf32>, %o: memref<1x?x60xf32>) {
  // expected-error @+2 {{'ternary.gather_kernel' op expected groups of a multiple of 4 columns, got 10}}
  // expected-error @+1 {{failed to legalize operation 'ternary.gather_kernel' that was explicitly marked illegal}}
  ternary.gather_kernel ins(%ids, %w : memref<1x?xi32>, !table) scale(%s : memref<6x8xf32>) outs(%o : memref<1x?x60xf32>)
  return
}
