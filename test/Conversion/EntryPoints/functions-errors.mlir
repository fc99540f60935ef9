// RUN: ternary-opt %s -ternary-emit-entry-points=for-c -split-input-file -verify-diagnostics

// expected-error @+1 {{expected a function whose name C allows, got @my-function}}
func.func @"my-function"() {
  return
}

// -----

// expected-error @+1 {{expected argument 0 to be a tensor or a number of a type that C has, got 'memref<4xf32, strided<[2]>>'}}
func.func @strided(%x: memref<4xf32, strided<[2]>>) {
  return
}

// -----

// expected-error @+1 {{expected argument 1 to be a tensor or a number of a type that C has, got 'i128'}}
func.func @wide(%x: f32, %n: i128) {
  return
}

// -----

// expected-error @+1 {{expected result 0 to be a tensor or a number of a type that C has, got 'memref<4xf32>'}}
func.func @memory(%x: memref<4xf32>) -> memref<4xf32> {
  return %x : memref<4xf32>
}

// -----

func.func @f() {
  return
}
// expected-error @+1 {{expected no symbol @f_workspace, which returns the size of the workspace of @f}}
func.func @f_workspace() {
  return
}
