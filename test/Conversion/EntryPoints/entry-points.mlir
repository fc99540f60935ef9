// RUN: ternary-opt %s -ternary-emit-entry-points -split-input-file | FileCheck %s --check-prefixes=CHECK,NAME
// RUN: ternary-opt %s -ternary-emit-entry-points=prefix=bit -split-input-file | FileCheck %s --check-prefixes=CHECK,PREFIX
// RUN: ternary-opt %s -ternary-emit-entry-points -split-input-file -finalize-memref-to-llvm -convert-arith-to-llvm \
// RUN:   -convert-func-to-llvm -reconcile-unrealized-casts | FileCheck %s --check-prefix=LLVM

module attributes {ternary.model = {name = "BitNet-1.58 \22x\22", vocab = 7 : i64}} {
  // Declarations stay as they are, functions with a body are internal from here on.

  // CHECK:       func.func private @outside(memref<4xf32>)
  // LLVM:        llvm.func @outside(
  func.func private @outside(memref<4xf32>)

  // CHECK-LABEL: func.func private @scan_4(
  // CHECK-SAME:    attributes {llvm.linkage = #llvm.linkage<internal>, no_inline, passthrough = ["noinline"], ternary.kernel}
  // LLVM:        llvm.func internal @scan_4(
  // LLVM-SAME:     passthrough = ["noinline"]
  func.func private @scan_4(%state: memref<4xf32>) attributes {no_inline, ternary.kernel} {
    return
  }

  // CHECK-LABEL: func.func private @helper(
  // CHECK-SAME:    passthrough = ["cold", "noinline"]
  func.func private @helper() attributes {no_inline, passthrough = ["cold"]} {
    return
  }

  // CHECK-LABEL: func.func private @prefill(
  // CHECK-SAME:    llvm.linkage = #llvm.linkage<internal>
  // LLVM:        llvm.func internal @prefill(
  func.func @prefill(%weights: memref<?xi8> {ternary.role = #ternary.role<weights>}, %state: memref<2x3x64xf32> {ternary.role = #ternary.role<state>},
                     %ids: memref<3x?xi32> {ternary.role = #ternary.role<ids>}, %from: index {ternary.role = #ternary.role<logits_from>},
                     %logits: memref<3x?x7xf32> {ternary.role = #ternary.role<logits>}, %workspace: memref<?xi8> {ternary.role = #ternary.role<workspace>},
                     %team: !llvm.ptr {ternary.role = #ternary.role<team>}) attributes {ternary.step = #ternary.step<prefill>} {
    return
  }

  // NAME-LABEL:   func.func @BitNet_1_58__x__prefill(
  // PREFIX-LABEL: func.func @bit_prefill(
  // CHECK-SAME:     %[[ARGUMENTS:[^:]+]]: !llvm.ptr) {
  // CHECK:        llvm.getelementptr %[[ARGUMENTS]][0] : (!llvm.ptr) -> !llvm.ptr, i8
  // CHECK-NEXT:   %[[WEIGHTS:.+]] = llvm.load %{{.+}} : !llvm.ptr -> !llvm.ptr
  // CHECK:        llvm.getelementptr %[[ARGUMENTS]][8] : (!llvm.ptr) -> !llvm.ptr, i8
  // CHECK-NEXT:   %[[WORKSPACE:.+]] = llvm.load %{{.+}} : !llvm.ptr -> !llvm.ptr
  // CHECK:        llvm.getelementptr %[[ARGUMENTS]][16] : (!llvm.ptr) -> !llvm.ptr, i8
  // CHECK-NEXT:   %[[STATE:.+]] = llvm.load %{{.+}} : !llvm.ptr -> !llvm.ptr
  // CHECK:        llvm.getelementptr %[[ARGUMENTS]][24] : (!llvm.ptr) -> !llvm.ptr, i8
  // CHECK-NEXT:   %[[IDS:.+]] = llvm.load %{{.+}} : !llvm.ptr -> !llvm.ptr
  // CHECK:        llvm.getelementptr %[[ARGUMENTS]][32] : (!llvm.ptr) -> !llvm.ptr, i8
  // CHECK-NEXT:   %[[TOKENS:.+]] = llvm.load %{{.+}} : !llvm.ptr -> i64
  // CHECK:        llvm.getelementptr %[[ARGUMENTS]][40] : (!llvm.ptr) -> !llvm.ptr, i8
  // CHECK-NEXT:   %[[FROM:.+]] = llvm.load %{{.+}} : !llvm.ptr -> i64
  // CHECK:        llvm.getelementptr %[[ARGUMENTS]][48] : (!llvm.ptr) -> !llvm.ptr, i8
  // CHECK-NEXT:   %[[LOGITS:.+]] = llvm.load %{{.+}} : !llvm.ptr -> !llvm.ptr
  // CHECK:        llvm.getelementptr %[[ARGUMENTS]][56] : (!llvm.ptr) -> !llvm.ptr, i8
  // CHECK-NEXT:   %[[TEAM:.+]] = llvm.load %{{.+}} : !llvm.ptr -> !llvm.ptr

  // CHECK:        %[[ALL:.+]] = llvm.mlir.constant(9223372036854775807 : i64) : i64
  // CHECK:        llvm.insertvalue %[[WEIGHTS]], %{{.+}}[0]
  // CHECK-NEXT:   llvm.insertvalue %[[WEIGHTS]], %{{.+}}[1]
  // CHECK:        llvm.insertvalue %[[ALL]], %{{.+}}[3, 0]
  // CHECK:        %[[W:.+]] = builtin.unrealized_conversion_cast %{{.+}} : !llvm.struct<(ptr, ptr, i64, array<1 x i64>, array<1 x i64>)> to memref<?xi8>

  // CHECK:        llvm.insertvalue %[[STATE]], %{{.+}}[0]
  // CHECK:        llvm.mlir.constant(1 : i64)
  // CHECK:        llvm.insertvalue %{{.+}}, %{{.+}}[4, 2]
  // CHECK:        llvm.mlir.constant(64 : index)
  // CHECK:        llvm.insertvalue %{{.+}}, %{{.+}}[3, 2]
  // CHECK:        llvm.mlir.constant(64 : i64)
  // CHECK:        llvm.insertvalue %{{.+}}, %{{.+}}[4, 1]
  // CHECK:        llvm.mlir.constant(3 : index)
  // CHECK:        llvm.insertvalue %{{.+}}, %{{.+}}[3, 1]
  // CHECK:        llvm.mlir.constant(192 : i64)
  // CHECK:        llvm.insertvalue %{{.+}}, %{{.+}}[4, 0]
  // CHECK:        llvm.mlir.constant(2 : index)
  // CHECK:        llvm.insertvalue %{{.+}}, %{{.+}}[3, 0]
  // CHECK:        %[[S:.+]] = builtin.unrealized_conversion_cast %{{.+}} to memref<2x3x64xf32>

  // CHECK:        llvm.insertvalue %[[IDS]], %{{.+}}[0]
  // CHECK:        llvm.insertvalue %[[TOKENS]], %{{.+}}[3, 1]
  // CHECK:        %[[STRIDE:.+]] = llvm.mul %{{.+}}, %[[TOKENS]] : i64
  // CHECK:        llvm.insertvalue %[[STRIDE]], %{{.+}}[4, 0]
  // CHECK:        llvm.mlir.constant(3 : index)
  // CHECK:        llvm.insertvalue %{{.+}}, %{{.+}}[3, 0]
  // CHECK:        %[[I:.+]] = builtin.unrealized_conversion_cast %{{.+}} to memref<3x?xi32>

  // CHECK:        %[[F:.+]] = arith.index_cast %[[FROM]] : i64 to index

  // CHECK:        %[[WANTED:.+]] = llvm.sub %[[TOKENS]], %[[FROM]] : i64
  // CHECK:        llvm.insertvalue %[[LOGITS]], %{{.+}}[0]
  // CHECK:        llvm.insertvalue %[[WANTED]], %{{.+}}[3, 1]
  // CHECK:        %[[SEVEN:.+]] = llvm.mlir.constant(7 : i64)
  // CHECK:        %[[STRIDE:.+]] = llvm.mul %[[SEVEN]], %[[WANTED]] : i64
  // CHECK:        llvm.insertvalue %[[STRIDE]], %{{.+}}[4, 0]
  // CHECK:        %[[L:.+]] = builtin.unrealized_conversion_cast %{{.+}} to memref<3x?x7xf32>

  // CHECK:        llvm.insertvalue %[[WORKSPACE]], %{{.+}}[0]
  // CHECK:        %[[WS:.+]] = builtin.unrealized_conversion_cast %{{.+}} to memref<?xi8>
  // CHECK:        call @prefill(%[[W]], %[[S]], %[[I]], %[[F]], %[[L]], %[[WS]], %[[TEAM]])
  // CHECK-NEXT:   return

  // LLVM:         llvm.func @BitNet_1_58__x__prefill(
  // LLVM-NOT:     unrealized_conversion_cast
  // LLVM:         llvm.call @prefill(

  // A decode step has one token and need not take all there is.

  // CHECK-LABEL:  func.func private @decode(
  func.func @decode(%ids: memref<3x1xi32> {ternary.role = #ternary.role<ids>}, %logits: memref<3x1x7xf32> {ternary.role = #ternary.role<logits>})
      attributes {ternary.step = #ternary.step<decode>} {
    return
  }

  // NAME-LABEL:   func.func @BitNet_1_58__x__decode(
  // PREFIX-LABEL: func.func @bit_decode(
  // CHECK:          %[[I:.+]] = builtin.unrealized_conversion_cast %{{.+}} to memref<3x1xi32>
  // CHECK:          %[[L:.+]] = builtin.unrealized_conversion_cast %{{.+}} to memref<3x1x7xf32>
  // CHECK-NEXT:     call @decode(%[[I]], %[[L]])
}

// -----

// The number of tokens before the step lies behind the rest of the state, however much that is.

module attributes {ternary.model = {name = "cached"}} {
  func.func @decode(%position: memref<i32> {ternary.role = #ternary.role<position>}, %state: memref<2x3x200000000xf32> {ternary.role = #ternary.role<state>})
      attributes {ternary.step = #ternary.step<decode>} {
    return
  }

  // NAME-LABEL:   func.func @cached_decode(
  // PREFIX-LABEL: func.func @bit_decode(
  // CHECK-SAME:     %[[ARGUMENTS:[^:]+]]: !llvm.ptr) {
  // CHECK:        llvm.getelementptr %[[ARGUMENTS]][16] : (!llvm.ptr) -> !llvm.ptr, i8
  // CHECK-NEXT:   %[[STATE:.+]] = llvm.load %{{.+}} : !llvm.ptr -> !llvm.ptr
  // CHECK:          %[[BYTES:.+]] = llvm.mlir.constant(4800000000 : i64)
  // CHECK:          %[[PLACE:.+]] = llvm.getelementptr %[[STATE]][%[[BYTES]]] : (!llvm.ptr, i64) -> !llvm.ptr, i8
  // CHECK:          llvm.insertvalue %[[PLACE]], %{{.+}}[1]
  // CHECK:          %[[P:.+]] = builtin.unrealized_conversion_cast %{{.+}} to memref<i32>
  // CHECK:          %[[S:.+]] = builtin.unrealized_conversion_cast %{{.+}} to memref<2x3x200000000xf32>
  // CHECK-NEXT:     call @decode(%[[P]], %[[S]])
}

// -----

// Scales of codes lie between these and the position, and 32-bit numbers where they can be read.

module attributes {ternary.model = {name = "codes"}} {
  func.func @decode(%scales: memref<2x3xf32> {ternary.role = #ternary.role<scales>}, %state: memref<2x3x1xi8> {ternary.role = #ternary.role<state>},
                    %position: memref<i32> {ternary.role = #ternary.role<position>}) attributes {ternary.step = #ternary.step<decode>} {
    return
  }

  // NAME-LABEL:   func.func @codes_decode(
  // PREFIX-LABEL: func.func @bit_decode(
  // CHECK-SAME:     %[[ARGUMENTS:[^:]+]]: !llvm.ptr) {
  // CHECK:        llvm.getelementptr %[[ARGUMENTS]][16] : (!llvm.ptr) -> !llvm.ptr, i8
  // CHECK-NEXT:   %[[STATE:.+]] = llvm.load %{{.+}} : !llvm.ptr -> !llvm.ptr
  // CHECK:          %[[CODES:.+]] = llvm.mlir.constant(8 : i64)
  // CHECK:          llvm.getelementptr %[[STATE]][%[[CODES]]] : (!llvm.ptr, i64) -> !llvm.ptr, i8
  // CHECK:          %[[BOTH:.+]] = llvm.mlir.constant(32 : i64)
  // CHECK:          llvm.getelementptr %[[STATE]][%[[BOTH]]] : (!llvm.ptr, i64) -> !llvm.ptr, i8
}
