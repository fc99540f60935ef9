// A product with a matrix in panels and rows of that, run. Panels have 64 columns, of which three
// in the second one exist: element (k, n) of the matrix is n + 1000 k.

// RUN: ternary-opt %s -ternary-to-loops %lower_to_llvm | %run_mlir | FileCheck %s

func.func private @printMemrefF32(memref<*xf32>) attributes {llvm.emit_c_interface}

func.func @panels() -> memref<67x2xf32, #ternary.panels<64>> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %c64 = arith.constant 64 : index
  %c67 = arith.constant 67 : index
  %c1000 = arith.constant 1000 : index
  %bytes = memref.alloc() : memref<1024xi8>
  %panels = memref.view %bytes[%c0][] : memref<1024xi8> to memref<2x2x64xf32>
  scf.for %p = %c0 to %c2 step %c1 {
    scf.for %k = %c0 to %c2 step %c1 {
      scf.for %j = %c0 to %c64 step %c1 {
        %from = arith.muli %p, %c64 : index
        %n = arith.addi %from, %j : index
        %exists = arith.cmpi ult, %n, %c67 : index
        %row = arith.muli %k, %c1000 : index
        %sum = arith.addi %row, %n : index
        %value = arith.select %exists, %sum, %c0 : index
        %integer = arith.index_cast %value : index to i32
        %float = arith.sitofp %integer : i32 to f32
        memref.store %float, %panels[%p, %k, %j] : memref<2x2x64xf32>
      }
    }
  }
  %weight = ternary.weight_memory %bytes : memref<1024xi8> -> memref<67x2xf32, #ternary.panels<64>>
  return %weight : memref<67x2xf32, #ternary.panels<64>>
}

memref.global "private" constant @one : memref<1x2xf32> = dense<[[1.0, 2.0]]>
memref.global "private" constant @three : memref<3x2xf32> = dense<[[1.0, 0.0], [0.0, 1.0], [2.0, -1.0]]>
memref.global "private" constant @ids : memref<3xi32> = dense<[0, 66, 63]>

func.func @main() {
  %panels = call @panels() : () -> memref<67x2xf32, #ternary.panels<64>>

  // One row: n + 2 (n + 1000).
  // CHECK: 2000, 2003, 2006,
  // CHECK-SAME: 2189, 2192, 2195, 2198]
  %one = memref.get_global @one : memref<1x2xf32>
  %product = memref.alloc() : memref<1x67xf32>
  ternary.matmul_kernel ins(%one, %panels : memref<1x2xf32>, memref<67x2xf32, #ternary.panels<64>>) outs(%product : memref<1x67xf32>)
  %any_product = memref.cast %product : memref<1x67xf32> to memref<*xf32>
  call @printMemrefF32(%any_product) : (memref<*xf32>) -> ()

  // CHECK: {{\[\[}}0, 1, 2,
  // CHECK-SAME: 64, 65, 66]
  // CHECK-NEXT: [1000, 1001, 1002,
  // CHECK-SAME: 1064, 1065, 1066]
  // CHECK-NEXT: [-1000, -999, -998,
  // CHECK-SAME: -936, -935, -934]
  %three = memref.get_global @three : memref<3x2xf32>
  %products = memref.alloc() : memref<3x67xf32>
  ternary.matmul_kernel ins(%three, %panels : memref<3x2xf32>, memref<67x2xf32, #ternary.panels<64>>) outs(%products : memref<3x67xf32>)
  %any_products = memref.cast %products : memref<3x67xf32> to memref<*xf32>
  call @printMemrefF32(%any_products) : (memref<*xf32>) -> ()

  // CHECK: {{\[\[}}0, 1000]
  // CHECK-NEXT: [66, 1066]
  // CHECK-NEXT: [63, 1063]
  %ids = memref.get_global @ids : memref<3xi32>
  %rows = memref.alloc() : memref<3x2xf32>
  ternary.gather_kernel ins(%ids, %panels : memref<3xi32>, memref<67x2xf32, #ternary.panels<64>>) outs(%rows : memref<3x2xf32>)
  %any_rows = memref.cast %rows : memref<3x2xf32> to memref<*xf32>
  call @printMemrefF32(%any_rows) : (memref<*xf32>) -> ()
  return
}
