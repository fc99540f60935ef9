// RUN: ternary-opt %s -ternary-plan-workspace -split-input-file -verify-diagnostics

// expected-error @+1 {{expected the argument of role 'ids' to have a batch and a token dimension, got 'memref<?xi32>'}}
func.func @no_batch(%ids: memref<?xi32> {ternary.role = #ternary.role<ids>}) attributes {ternary.step = #ternary.step<decode>} {
  return
}

// -----

// Without ids there are no tokens.
func.func @no_ids(%x: memref<?xf32>) attributes {ternary.step = #ternary.step<update>} {
  %c0 = arith.constant 0 : index
  %n = memref.dim %x, %c0 : memref<?xf32>
  // expected-error @+1 {{expected a dynamic size bounded by the number of tokens}}
  %0 = memref.alloc(%n) : memref<?xf32>
  return
}

// -----

func.func @unknown_size(%ids: memref<1x?xi32> {ternary.role = #ternary.role<ids>}, %n: index) attributes {ternary.step = #ternary.step<prefill>} {
  // expected-error @+1 {{expected a dynamic size bounded by the number of tokens}}
  %0 = memref.alloc(%n) : memref<?xf32>
  return
}

// -----

func.func @more_than_tokens(%ids: memref<1x?xi32> {ternary.role = #ternary.role<ids>}) attributes {ternary.step = #ternary.step<prefill>} {
  %c1 = arith.constant 1 : index
  %tokens = memref.dim %ids, %c1 : memref<1x?xi32>
  %n = arith.addi %tokens, %c1 : index
  // expected-error @+1 {{expected a dynamic size bounded by the number of tokens}}
  %0 = memref.alloc(%n) : memref<?xf32>
  return
}

// -----

func.func @from_start(%ids: memref<1x?xi32> {ternary.role = #ternary.role<ids>}, %from: index {ternary.role = #ternary.role<logits_from>})
    attributes {ternary.step = #ternary.step<prefill>} {
  // expected-error @+1 {{expected a dynamic size bounded by the number of tokens}}
  %0 = memref.alloc(%from) : memref<?xf32>
  return
}

// -----

func.func @square(%ids: memref<1x?xi32> {ternary.role = #ternary.role<ids>}) attributes {ternary.step = #ternary.step<prefill>} {
  %c1 = arith.constant 1 : index
  %tokens = memref.dim %ids, %c1 : memref<1x?xi32>
  // expected-error @+1 {{expected at most one dynamic dimension, got 'memref<?x?xf32>'}}
  %0 = memref.alloc(%tokens, %tokens) : memref<?x?xf32>
  return
}

// -----

func.func @layout(%ids: memref<1x1xi32> {ternary.role = #ternary.role<ids>}) attributes {ternary.step = #ternary.step<decode>} {
  // expected-error @+1 {{expected a buffer of identity layout in the default memory space, got 'memref<4x4xf32, strided<[8, 1]>>'}}
  %0 = memref.alloc() : memref<4x4xf32, strided<[8, 1]>>
  return
}

// -----

func.func @space(%ids: memref<1x1xi32> {ternary.role = #ternary.role<ids>}) attributes {ternary.step = #ternary.step<decode>} {
  // expected-error @+1 {{expected a buffer of identity layout in the default memory space, got 'memref<4xf32, 3>'}}
  %0 = memref.alloc() : memref<4xf32, 3>
  return
}

// -----

func.func @element(%ids: memref<1x1xi32> {ternary.role = #ternary.role<ids>}) attributes {ternary.step = #ternary.step<decode>} {
  // expected-error @+1 {{expected a buffer of integers, indices or floats, got 'memref<4x!ternary.trit>'}}
  %0 = memref.alloc() : memref<4x!ternary.trit>
  return
}

// -----

func.func @alignment(%ids: memref<1x1xi32> {ternary.role = #ternary.role<ids>}) attributes {ternary.step = #ternary.step<decode>} {
  // expected-error @+1 {{expected an alignment of at most 64, got 128}}
  %0 = memref.alloc() {alignment = 128 : i64} : memref<4xf32>
  return
}

// -----

func.func @carried(%ids: memref<1x1xi32> {ternary.role = #ternary.role<ids>}, %x: memref<4xf32>, %n: index) attributes {ternary.step = #ternary.step<decode>} {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %0 = scf.for %i = %c0 to %n step %c1 iter_args(%a = %x) -> (memref<4xf32>) {
    // expected-error @+1 {{expected a buffer of a loop that is not read in the next iteration}}
    %1 = memref.alloc() : memref<4xf32>
    memref.copy %a, %1 : memref<4xf32> to memref<4xf32>
    scf.yield %1 : memref<4xf32>
  }
  return
}

// -----

func.func @escape(%ids: memref<1x1xi32> {ternary.role = #ternary.role<ids>}) -> memref<2x2xf32> attributes {ternary.step = #ternary.step<decode>} {
  // expected-error @+1 {{expected a buffer that does not leave the step}}
  %0 = memref.alloc() : memref<4xf32>
  %1 = memref.expand_shape %0 [[0, 1]] output_shape [2, 2] : memref<4xf32> into memref<2x2xf32>
  return %1 : memref<2x2xf32>
}

// -----

func.func @of_values(%x: memref<4xindex>) {
  %c0 = arith.constant 0 : index
  %n = memref.load %x[%c0] : memref<4xindex>
  // expected-error @+1 {{expected dynamic sizes that follow from those of arguments}}
  %0 = memref.alloc(%n) : memref<?xindex>
  memref.store %n, %0[%c0] : memref<?xindex>
  return
}
