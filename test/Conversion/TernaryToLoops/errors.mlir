// RUN: ternary-opt %s -split-input-file -verify-diagnostics -ternary-to-loops

func.func @on_tensors(%f: tensor<1x?x64xf32>, %h: tensor<1x?x64xf32>, %s: tensor<1x64xf32>) -> tensor<1x64xf32> {
  // expected-error @+1 {{'ternary.scan_kernel' op expected a kernel on memrefs, got one on tensors}}
  %0:2 = ternary.scan_kernel ins(%f, %f : tensor<1x?x64xf32>, tensor<1x?x64xf32>)
      outs(%h, %s : tensor<1x?x64xf32>, tensor<1x64xf32>) -> tensor<1x?x64xf32>, tensor<1x64xf32>
  return %0#1 : tensor<1x64xf32>
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

func.func @matrix(%x: memref<?x8x8xf32>, %y: memref<?x8x8xf32>) {
  ternary.row_kernel rows 1 ins(%x : memref<?x8x8xf32>) outs(%y : memref<?x8x8xf32>) {
  ^bb0(%row: vector<8x8xf32>):
    // expected-error @+1 {{'ternary.yield' op expected a row op or an elementwise op on rows}}
    ternary.yield %row : vector<8x8xf32>
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

// Memory of trits that is not a weight as it is stored.

// expected-error @+1 {{failed to legalize operation 'func.func' that was explicitly marked illegal}}
func.func @strided(%w: memref<4x8x!ternary.trit, strided<[16, 1]>>) {
  return
}

// -----

func.func @floats_as_trits(%ids: memref<2xi32>, %w: memref<7x8xf32, #ternary.packed<lanes = 4, depth = 4, planes = 4, vectors = 2>>,
                           %out: memref<2x8xf32>) {
  // expected-error @+1 {{expected packed elements to be '!ternary.trit', got 'f32'}}
  ternary.gather_kernel ins(%ids, %w : memref<2xi32>, memref<7x8xf32, #ternary.packed<lanes = 4, depth = 4, planes = 4, vectors = 2>>)
      outs(%out : memref<2x8xf32>)
  return
}

// -----

func.func @integers_in_panels(%x: memref<2x8xf32>, %w: memref<7x8xi32, #ternary.panels<4>>, %out: memref<2x7xf32>) {
  // expected-error @+1 {{expected matrix of 'f32', got 'memref<7x8xi32, #ternary.panels<4>>'}}
  ternary.matmul_kernel ins(%x, %w : memref<2x8xf32>, memref<7x8xi32, #ternary.panels<4>>) outs(%out : memref<2x7xf32>)
  return
}
