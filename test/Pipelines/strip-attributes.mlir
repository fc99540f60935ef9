// RUN: split-file %s %t
// RUN: ternary-opt %t/plain.mlir -ternary-strip-attributes | FileCheck %t/plain.mlir
// RUN: ternary-opt %t/archive.mlir -ternary-strip-attributes | FileCheck %t/archive.mlir

//--- plain.mlir
// CHECK:       module {
// CHECK-NEXT:    func.func @f(%{{.*}}: memref<4xf32> {llvm.noalias}) -> (i32, i32 {llvm.noundef}) attributes {llvm.emit_c_interface} {
module attributes {ternary.target = #ternary.reference} {
  func.func @f(%x: memref<4xf32> {llvm.noalias, ternary.role = #ternary.role<state>})
      -> (i32 {ternary.role = #ternary.role<position>}, i32 {llvm.noundef}) attributes {llvm.emit_c_interface, ternary.kernel} {
    %0 = arith.constant 0 : i32
    return %0, %0 : i32, i32
  }
}

//--- archive.mlir
// What only ternary-compile can go on with keeps what it needs.
// CHECK: module attributes {ternary.target = #ternary.reference}
module attributes {ternary.target = #ternary.reference} {
  ternary.archive @weights bytes 0 {
  }
}
