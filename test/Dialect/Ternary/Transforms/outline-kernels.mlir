// RUN: ternary-opt %s -ternary-outline-kernels -split-input-file | FileCheck %s

// Two layers, one function: their states differ in the offset only. The function stands
// before the steps, and the step's order of ops is kept.

// CHECK-LABEL: module
// CHECK:       func.func private @scan_64(
// CHECK-SAME:    %[[F:[^:]+]]: memref<1x?x64xf32>, %[[I:[^:]+]]: memref<1x?x64xf32>, %[[H:[^:]+]]: memref<1x?x64xf32>,
// CHECK-SAME:    %[[S:[^:]+]]: memref<1x64xf32, strided<[64, 1], offset: ?>>) attributes {no_inline, ternary.kernel} {
// CHECK-NEXT:    ternary.scan_kernel ins(%[[F]], %[[I]] : memref<1x?x64xf32>, memref<1x?x64xf32>)
// CHECK-SAME:      outs(%[[H]], %[[S]] : memref<1x?x64xf32>, memref<1x64xf32, strided<[64, 1], offset: ?>>)
// CHECK-NEXT:    return

// CHECK:       func.func private @scan_64_0(
// CHECK-SAME:    memref<1x1x64xf32>

// CHECK-LABEL: func.func @prefill
// CHECK-SAME:    %[[X:[^:]+]]: memref<1x?x64xf32>, %[[STATE:[^:]+]]: memref<2x1x64xf32>
// CHECK:         %[[S0:.+]] = memref.subview %[[STATE]][0, 0, 0]
// CHECK:         %[[S1:.+]] = memref.subview %[[STATE]][1, 0, 0]
// CHECK:         %[[C0:.+]] = memref.cast %[[S0]] : memref<1x64xf32, strided<[64, 1]>> to memref<1x64xf32, strided<[64, 1], offset: ?>>
// CHECK:         call @scan_64(%[[X]], %[[X]], %[[X]], %[[C0]])
// CHECK:         %[[C1:.+]] = memref.cast %[[S1]] : memref<1x64xf32, strided<[64, 1], offset: 64>> to
// CHECK:         call @scan_64(%[[X]], %[[X]], %[[X]], %[[C1]])
// CHECK-NEXT:    return

// A kernel of another shape has its own function.

// CHECK-LABEL: func.func @decode
// CHECK:         call @scan_64_0(

func.func @prefill(%x: memref<1x?x64xf32>, %state: memref<2x1x64xf32>) attributes {ternary.step = #ternary.step<prefill>} {
  %0 = memref.subview %state[0, 0, 0] [1, 1, 64] [1, 1, 1] : memref<2x1x64xf32> to memref<1x64xf32, strided<[64, 1]>>
  %1 = memref.subview %state[1, 0, 0] [1, 1, 64] [1, 1, 1] : memref<2x1x64xf32> to memref<1x64xf32, strided<[64, 1], offset: 64>>
  ternary.scan_kernel ins(%x, %x : memref<1x?x64xf32>, memref<1x?x64xf32>)
      outs(%x, %0 : memref<1x?x64xf32>, memref<1x64xf32, strided<[64, 1]>>)
  ternary.scan_kernel ins(%x, %x : memref<1x?x64xf32>, memref<1x?x64xf32>)
      outs(%x, %1 : memref<1x?x64xf32>, memref<1x64xf32, strided<[64, 1], offset: 64>>)
  return
}
func.func @decode(%x: memref<1x1x64xf32>, %state: memref<1x64xf32>) attributes {ternary.step = #ternary.step<decode>} {
  ternary.scan_kernel ins(%x, %x : memref<1x1x64xf32>, memref<1x1x64xf32>)
      outs(%x, %state : memref<1x1x64xf32>, memref<1x64xf32>)
  return
}

// -----

// Regions count, locations and the names of values do not. Names are those of the kernel,
// made unique.

// CHECK-LABEL: module
// CHECK:       func.func private @row_64(
// CHECK:         arith.addf
// CHECK:       func.func private @row_64_0(
// CHECK:         arith.mulf
// CHECK:       func.func private @row_64_1(
// CHECK-SAME:    memref<?x64xf32>
// CHECK:         arith.addf
// CHECK-NOT:   func.func private
// CHECK-LABEL: func.func @prefill
// CHECK-SAME:    %[[X:[^:]+]]: memref<1x?x64xf32>, %[[G:[^:]+]]: memref<64xf32>
// CHECK-NEXT:    call @row_64(%[[X]], %[[G]], %[[X]])
// CHECK-NEXT:    call @row_64_0(%[[X]], %[[G]], %[[X]])
// CHECK-NEXT:    call @row_64(%[[X]], %[[G]], %[[X]])
// CHECK-NEXT:    call @row_64_1(
// CHECK-NEXT:    return
func.func @prefill(%x: memref<1x?x64xf32>, %g: memref<64xf32>, %y: memref<?x64xf32>) attributes {ternary.step = #ternary.step<prefill>} {
  ternary.row_kernel rows 2 ins(%x, %g : memref<1x?x64xf32>, memref<64xf32>) outs(%x : memref<1x?x64xf32>) {
  ^bb0(%row: vector<64xf32>, %gain: vector<64xf32>):
    %0 = arith.addf %row, %gain : vector<64xf32>
    ternary.yield %0 : vector<64xf32>
  }
  ternary.row_kernel rows 2 ins(%x, %g : memref<1x?x64xf32>, memref<64xf32>) outs(%x : memref<1x?x64xf32>) {
  ^bb0(%row: vector<64xf32>, %gain: vector<64xf32>):
    %0 = arith.mulf %row, %gain : vector<64xf32>
    ternary.yield %0 : vector<64xf32>
  }
  ternary.row_kernel rows 2 ins(%x, %g : memref<1x?x64xf32>, memref<64xf32>) outs(%x : memref<1x?x64xf32>) {
  ^bb0(%a: vector<64xf32>, %b: vector<64xf32>):
    %sum = arith.addf %a, %b : vector<64xf32>
    ternary.yield %sum : vector<64xf32>
  }
  ternary.row_kernel rows 1 ins(%y, %g : memref<?x64xf32>, memref<64xf32>) outs(%y : memref<?x64xf32>) {
  ^bb0(%row: vector<64xf32>, %gain: vector<64xf32>):
    %0 = arith.addf %row, %gain : vector<64xf32>
    ternary.yield %0 : vector<64xf32>
  }
  return
}

// -----

// Weights are operands: both layers of each kind share a function. Parameters stay in the
// step. A name that is taken already is left alone.

// CHECK-LABEL: ternary.archive
// CHECK:       func.func private @linear_8x16(memref<1xf32>)
// CHECK:       func.func private @gather_97x8(
// CHECK:       func.func private @linear_8x16_0(
// CHECK-SAME:    %{{.+}}: memref<1x?x16xi8>, %{{.+}}: memref<8x16x!ternary.trit>,
// CHECK:         ternary.linear_kernel
// CHECK-LABEL: func.func @prefill
// CHECK:         call @gather_97x8(
// CHECK:         %[[W0:.+]] = ternary.parameter @weights "0" of
// CHECK:         %[[W1:.+]] = ternary.parameter @weights "1" of
// CHECK:         call @linear_8x16_0(%{{.+}}, %[[W0]],
// CHECK:         call @linear_8x16_0(%{{.+}}, %[[W1]],
ternary.archive @weights bytes 256 {
  %0 = ternary.read_parameter "0" : tensor<8x16x!ternary.trit>
  ternary.archive_entry "0" at 0, %0 : tensor<8x16x!ternary.trit>
  %1 = ternary.read_parameter "1" : tensor<8x16x!ternary.trit>
  ternary.archive_entry "1" at 128, %1 : tensor<8x16x!ternary.trit>
}
func.func private @linear_8x16(memref<1xf32>)
func.func @prefill(%base: memref<?xi8>, %ids: memref<1x?xi32>, %table: memref<97x8xf16>, %q: memref<1x?x16xi8>,
                   %a: memref<1x?xf32>, %s: memref<1xf32>, %out: memref<1x?x8xf32>) attributes {ternary.step = #ternary.step<prefill>} {
  ternary.gather_kernel ins(%ids, %table : memref<1x?xi32>, memref<97x8xf16>) outs(%out : memref<1x?x8xf32>)
  %w0 = ternary.parameter @weights "0" of %base : memref<?xi8> -> memref<8x16x!ternary.trit>
  %w1 = ternary.parameter @weights "1" of %base : memref<?xi8> -> memref<8x16x!ternary.trit>
  ternary.linear_kernel ins(%q, %w0 : memref<1x?x16xi8>, memref<8x16x!ternary.trit>)
      scales(%a, %s : memref<1x?xf32>, memref<1xf32>) outs(%out : memref<1x?x8xf32>) {
  ^bb0(%v: f32):
    ternary.yield %v : f32
  }
  ternary.linear_kernel ins(%q, %w1 : memref<1x?x16xi8>, memref<8x16x!ternary.trit>)
      scales(%a, %s : memref<1x?xf32>, memref<1xf32>) outs(%out : memref<1x?x8xf32>) {
  ^bb0(%v: f32):
    ternary.yield %v : f32
  }
  return
}

// -----

// Functions that are no steps have kernels of their own: threads share those of steps.

// CHECK:       func.func private @[[$SHARED:gather[^(]*]](
// CHECK:         ternary.gather_kernel
// CHECK-LABEL: func.func @a_step(
// CHECK:         call @[[$SHARED]](
// CHECK:       func.func private @[[$OWN:gather[^(]*_0]](
// CHECK:         ternary.gather_kernel
// CHECK-LABEL: func.func @no_step(
// CHECK:         call @[[$OWN]](
func.func @a_step(%ids: memref<1x?xi32>, %table: memref<97x8xf16>, %out: memref<1x?x8xf32>) attributes {ternary.step = #ternary.step<decode>} {
  ternary.gather_kernel ins(%ids, %table : memref<1x?xi32>, memref<97x8xf16>) outs(%out : memref<1x?x8xf32>)
  return
}
func.func @no_step(%ids: memref<1x?xi32>, %table: memref<97x8xf16>, %out: memref<1x?x8xf32>) {
  ternary.gather_kernel ins(%ids, %table : memref<1x?xi32>, memref<97x8xf16>) outs(%out : memref<1x?x8xf32>)
  return
}

// -----

// Numbers are handed over as they are, and keep no kernels apart.
// CHECK:       func.func private @adamw_6x8(%{{[^:]*}}: memref<6x8xf32>, %{{[^:]*}}: f32,
// CHECK-NOT:   func.func private
// CHECK-LABEL: func.func @update(
// CHECK-SAME:    %[[G:[^:]*]]: memref<6x8xf32>, %[[P:[^:]*]]: memref<6x8xf32>, %[[A:[^:]*]]: f32, %[[B:[^:]*]]: f32)
// CHECK:         call @adamw_6x8(%[[G]], %[[A]], %[[A]], %[[A]], %[[A]], %[[A]], %[[A]], %[[A]], %[[A]], %[[A]], %[[A]], %[[P]], %[[P]], %[[P]])
// CHECK:         call @adamw_6x8(%[[G]], %[[A]], %[[B]], %[[A]], %[[A]], %[[A]], %[[A]], %[[A]], %[[A]], %[[A]], %[[A]], %[[P]], %[[P]], %[[P]])
func.func @update(%g: memref<6x8xf32>, %p: memref<6x8xf32>, %a: f32, %b: f32) attributes {ternary.step = #ternary.step<update>} {
  ternary.adamw_kernel ins(%g : memref<6x8xf32>) scale %a keep %a rate %a first(%a, %a, %a) second(%a, %a, %a) epsilon %a
      outs(%p, %p, %p : memref<6x8xf32>, memref<6x8xf32>, memref<6x8xf32>)
  ternary.adamw_kernel ins(%g : memref<6x8xf32>) scale %a keep %b rate %a first(%a, %a, %a) second(%a, %a, %a) epsilon %a
      outs(%p, %p, %p : memref<6x8xf32>, memref<6x8xf32>, memref<6x8xf32>)
  return
}
