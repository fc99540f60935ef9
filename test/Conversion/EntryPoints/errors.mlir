// RUN: ternary-opt %s -ternary-emit-entry-points=prefix=m -split-input-file -verify-diagnostics
// RUN: not ternary-opt %s -ternary-emit-entry-points -split-input-file 2>&1 | FileCheck %s

// CHECK: expected a prefix for entry points, or a 'name' in 'ternary.model', got neither

// expected-error @+1 {{expected argument 0 to have a role that step 'decode' can have, got 'targets'}}
func.func @targets(%x: memref<4xf32> {ternary.role = #ternary.role<targets>}) attributes {ternary.step = #ternary.step<decode>} {
  return
}

// -----

// expected-error @+1 {{expected argument 1 of a step to have a 'ternary.role', got none}}
func.func @missing(%x: memref<4xf32> {ternary.role = #ternary.role<state>}, %y: index) attributes {ternary.step = #ternary.step<decode>} {
  return
}

// -----

// expected-error @+1 {{expected argument 0, team, to be of type '!llvm.ptr', got 'index'}}
func.func @team(%x: index {ternary.role = #ternary.role<team>}) attributes {ternary.step = #ternary.step<decode>} {
  return
}

// -----

// expected-error @+1 {{expected argument 0, logits_from, to be of type 'index', got 'i64'}}
func.func @from(%x: i64 {ternary.role = #ternary.role<logits_from>}) attributes {ternary.step = #ternary.step<decode>} {
  return
}

// -----

// expected-error @+1 {{expected argument 0, ids, to be a memref of identity layout in the default memory space, got 'tensor<1x1xi32>'}}
func.func @tensor(%x: tensor<1x1xi32> {ternary.role = #ternary.role<ids>}) attributes {ternary.step = #ternary.step<decode>} {
  return
}

// -----

// expected-error @+1 {{expected argument 0, state, to be a memref of identity layout in the default memory space, got 'memref<4xf32, strided<[2]>>'}}
func.func @layout(%x: memref<4xf32, strided<[2]>> {ternary.role = #ternary.role<state>}) attributes {ternary.step = #ternary.step<decode>} {
  return
}

// -----

// expected-error @+1 {{expected argument 0, state, to be static in dimension 0, got 'memref<?x4xf32>'}}
func.func @dynamic_state(%x: memref<?x4xf32> {ternary.role = #ternary.role<state>}) attributes {ternary.step = #ternary.step<decode>} {
  return
}

// -----

// expected-error @+1 {{expected argument 0, ids, to be static in dimension 0, got 'memref<?x?xi32>'}}
func.func @dynamic_batch(%x: memref<?x?xi32> {ternary.role = #ternary.role<ids>}) attributes {ternary.step = #ternary.step<decode>} {
  return
}

// -----

// expected-error @+1 {{expected a step without results, got 1}}
func.func @results(%x: index {ternary.role = #ternary.role<logits_from>}) -> index attributes {ternary.step = #ternary.step<decode>} {
  return %x : index
}

// -----

func.func @step() attributes {ternary.step = #ternary.step<decode>} {
  return
}
// expected-error @+1 {{expected no symbol @m_decode, the name of an entry point}}
func.func private @m_decode()

// -----

// expected-error @+1 {{expected argument 0, position, to be of type 'memref<i32>', got 'memref<1xi32>'}}
func.func @position(%x: memref<1xi32> {ternary.role = #ternary.role<position>}) attributes {ternary.step = #ternary.step<decode>} {
  return
}
