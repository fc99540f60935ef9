// RUN: split-file %s %t
// RUN: ternary-opt %t/rows.mlir --pass-pipeline='builtin.module(ternary-set-target{kernel=avx512vnni},func.func(ternary-pack))' \
// RUN:   | FileCheck %t/rows.mlir '-D$LAYOUT=lanes = 16, depth = 4, planes = 4, vectors = 2' '-D$COLUMNS=48'
// RUN: ternary-opt %t/halves.mlir --pass-pipeline='builtin.module(ternary-set-target{kernel=avx512vnni},func.func(ternary-pack))' \
// RUN:   | FileCheck %t/halves.mlir '-D$LAYOUT=lanes = 16, depth = 4, planes = 4, vectors = 2'
// RUN: ternary-opt %t/rows.mlir --pass-pipeline='builtin.module(ternary-set-target{kernel=avx2},func.func(ternary-pack))' \
// RUN:   | FileCheck %t/rows.mlir '-D$LAYOUT=lanes = 8, depth = 4, planes = 4, vectors = 4' '-D$COLUMNS=48'
// RUN: ternary-opt %t/halves.mlir --pass-pipeline='builtin.module(ternary-set-target{kernel=avx2},func.func(ternary-pack))' \
// RUN:   | FileCheck %t/halves.mlir '-D$LAYOUT=lanes = 8, depth = 4, planes = 4, vectors = 4'
// RUN: ternary-opt %t/rows.mlir --pass-pipeline='builtin.module(ternary-set-target{kernel=portable},func.func(ternary-pack))' \
// RUN:   | FileCheck %t/rows.mlir '-D$LAYOUT=lanes = 4, depth = 4, planes = 4, vectors = 8' '-D$COLUMNS=48'
// RUN: ternary-opt %t/halves.mlir --pass-pipeline='builtin.module(ternary-set-target{kernel=portable},func.func(ternary-pack))' \
// RUN:   | FileCheck %t/halves.mlir '-D$LAYOUT=lanes = 4, depth = 4, planes = 4, vectors = 8'
// RUN: ternary-opt %t/rows.mlir --pass-pipeline='builtin.module(func.func(ternary-pack{layout={#ternary.packed<lanes = 16, depth = 8, planes = 4, vectors = 2>}}))' \
// RUN:   | FileCheck %t/rows.mlir '-D$LAYOUT=lanes = 16, depth = 8, planes = 4, vectors = 2' '-D$COLUMNS=64'
// RUN: ternary-opt %t/halves.mlir --pass-pipeline='builtin.module(func.func(ternary-pack{layout={#ternary.packed<lanes = 16, depth = 8, planes = 4, vectors = 2>}}))' \
// RUN:   | FileCheck %t/halves.mlir '-D$LAYOUT=lanes = 16, depth = 8, planes = 4, vectors = 2'
// RUN: ternary-opt %t/rows.mlir --pass-pipeline='builtin.module(func.func(ternary-pack{layout={#ternary.packed<lanes = 16, depth = 4, planes = 1, vectors = 2>}}))' \
// RUN:   | FileCheck %t/rows.mlir '-D$LAYOUT=lanes = 16, depth = 4, planes = 1, vectors = 2' '-D$COLUMNS=40'
// RUN: ternary-opt %t/halves.mlir --pass-pipeline='builtin.module(func.func(ternary-pack{layout={#ternary.packed<lanes = 16, depth = 4, planes = 1, vectors = 2>}}))' \
// RUN:   | FileCheck %t/halves.mlir '-D$LAYOUT=lanes = 16, depth = 4, planes = 1, vectors = 2'
// RUN: ternary-opt %t/rows.mlir --pass-pipeline='builtin.module(ternary-set-target{target=reference},func.func(ternary-pack))' \
// RUN:   | FileCheck %t/rows.mlir '-D$LAYOUT=lanes = 1, depth = 1, planes = 1, vectors = 1' '-D$COLUMNS=40'
// RUN: ternary-opt %t/halves.mlir --pass-pipeline='builtin.module(ternary-set-target{target=reference},func.func(ternary-pack))' \
// RUN:   | FileCheck %t/halves.mlir '-D$LAYOUT=lanes = 1, depth = 1, planes = 1, vectors = 1' --check-prefix=PLAIN

//--- rows.mlir

// The layout is that of the module's target, or that of the option. 40 columns are padded to a multiple of `depth` times
// `planes`: the row kernel that quantises writes so many, into an empty tensor of that
// size. Its other results stay as they are.
// CHECK-LABEL: func.func @padded(
// CHECK-SAME:    %[[X:[^:]*]]: tensor<1x?x40xf32>, %[[T:[^:]*]]: tensor<97x40x!ternary.trit>
// CHECK-NOT:     tensor<1x?x{{[0-9]*}}xi8>
// CHECK:         %[[EQ:.*]] = tensor.empty(%{{.*}}) : tensor<1x?x[[$COLUMNS]]xi8>
// CHECK-NOT:     tensor<1x?x{{[0-9]*}}xi8>
// CHECK:         %[[Q:.*]]:3 = ternary.row_kernel rows 2 ins(%[[X]] : tensor<1x?x40xf32>) outs(%[[EQ]], %{{.*}}, %{{.*}} : tensor<1x?x[[$COLUMNS]]xi8>, tensor<1x?xf32>, tensor<1x?xi32>) {
// CHECK:           ternary.quantize_activations %{{.*}} : vector<40xf32> -> vector<[[$COLUMNS]]xi8>, f32, i32
// CHECK-NEXT:      ternary.yield %{{.*}} : vector<[[$COLUMNS]]xi8>, f32, i32
// CHECK-NEXT:    } -> tensor<1x?x[[$COLUMNS]]xi8>, tensor<1x?xf32>, tensor<1x?xi32>
// CHECK:         %[[W:.*]] = ternary.pack %[[T]] : tensor<97x40x!ternary.trit> -> tensor<97x40x!ternary.trit, #ternary.packed<[[$LAYOUT]]>>
// CHECK:         ternary.linear_kernel ins(%[[Q]]#0, %[[W]] : tensor<1x?x[[$COLUMNS]]xi8>, tensor<97x40x!ternary.trit, #ternary.packed<
func.func @padded(%x: tensor<1x?x40xf32>, %t: tensor<97x40x!ternary.trit>, %s: tensor<1xf32>, %rows: index) -> tensor<1x?x97xf32> {
  %eq = tensor.empty(%rows) : tensor<1x?x40xi8>
  %ea = tensor.empty(%rows) : tensor<1x?xf32>
  %ec = tensor.empty(%rows) : tensor<1x?xi32>
  %q:3 = ternary.row_kernel rows 2 ins(%x : tensor<1x?x40xf32>) outs(%eq, %ea, %ec : tensor<1x?x40xi8>, tensor<1x?xf32>, tensor<1x?xi32>) {
  ^bb0(%row: vector<40xf32>):
    %codes, %scale, %sum = ternary.quantize_activations %row : vector<40xf32> -> vector<40xi8>, f32, i32
    ternary.yield %codes, %scale, %sum : vector<40xi8>, f32, i32
  } -> tensor<1x?x40xi8>, tensor<1x?xf32>, tensor<1x?xi32>
  %out = tensor.empty(%rows) : tensor<1x?x97xf32>
  %y = ternary.linear_kernel ins(%q#0, %t : tensor<1x?x40xi8>, tensor<97x40x!ternary.trit>) scales(%q#1, %s : tensor<1x?xf32>, tensor<1xf32>) sums(%q#2 : tensor<1x?xi32>) outs(%out : tensor<1x?x97xf32>) {
  ^bb0(%v: f32):
    ternary.yield %v : f32
  } -> tensor<1x?x97xf32>
  return %y : tensor<1x?x97xf32>
}

// Activations with columns enough may come from anywhere.
// CHECK-LABEL: func.func @wide_enough(
// CHECK-SAME:    %[[Q:[^:]*]]: tensor<2x64xi8>
// CHECK:         %[[W:.*]] = ternary.pack %{{.*}} : tensor<97x40x!ternary.trit> -> tensor<97x40x!ternary.trit, #ternary.packed<[[$LAYOUT]]>>
// CHECK-NEXT:    ternary.linear_kernel ins(%[[Q]], %[[W]] : tensor<2x64xi8>,
func.func @wide_enough(%q: tensor<2x64xi8>, %a: tensor<2xf32>, %c: tensor<2xi32>, %t: tensor<97x40x!ternary.trit>, %s: tensor<1xf32>) -> tensor<2x97xf32> {
  %out = tensor.empty() : tensor<2x97xf32>
  %y = ternary.linear_kernel ins(%q, %t : tensor<2x64xi8>, tensor<97x40x!ternary.trit>) scales(%a, %s : tensor<2xf32>, tensor<1xf32>) sums(%c : tensor<2xi32>) outs(%out : tensor<2x97xf32>) {
  ^bb0(%v: f32):
    ternary.yield %v : f32
  } -> tensor<2x97xf32>
  return %y : tensor<2x97xf32>
}

// Two kernels that read the same activations: padded once, for the wider weight.
// CHECK-LABEL: func.func @shared_activations(
// CHECK:         %[[EQ:.*]] = tensor.empty() : tensor<2x[[$COLUMNS]]xi8>
// CHECK:         %[[Q:.*]] = ternary.row_kernel rows 1 ins(%{{.*}} : tensor<2x40xf32>) outs(%[[EQ]] : tensor<2x[[$COLUMNS]]xi8>)
// CHECK:         ternary.pack %{{.*}} : tensor<32x1x!ternary.trit> ->
// CHECK:         ternary.linear_kernel ins(%[[Q]], %{{.*}} : tensor<2x[[$COLUMNS]]xi8>,
// CHECK:         ternary.pack %{{.*}} : tensor<32x40x!ternary.trit> ->
// CHECK:         ternary.linear_kernel ins(%[[Q]], %{{.*}} : tensor<2x[[$COLUMNS]]xi8>,
func.func @shared_activations(%x: tensor<2x40xf32>, %a: tensor<2xf32>, %c: tensor<2xi32>, %t: tensor<32x1x!ternary.trit>, %u: tensor<32x40x!ternary.trit>, %s: tensor<1xf32>)
    -> (tensor<2x32xf32>, tensor<2x32xf32>) {
  %eq = tensor.empty() : tensor<2x40xi8>
  %q = ternary.row_kernel rows 1 ins(%x : tensor<2x40xf32>) outs(%eq : tensor<2x40xi8>) {
  ^bb0(%row: vector<40xf32>):
    %codes, %scale, %sum = ternary.quantize_activations %row : vector<40xf32> -> vector<40xi8>, f32, i32
    ternary.yield %codes : vector<40xi8>
  } -> tensor<2x40xi8>
  %out = tensor.empty() : tensor<2x32xf32>
  %y = ternary.linear_kernel ins(%q, %t : tensor<2x40xi8>, tensor<32x1x!ternary.trit>) scales(%a, %s : tensor<2xf32>, tensor<1xf32>) sums(%c : tensor<2xi32>) outs(%out : tensor<2x32xf32>) {
  ^bb0(%v: f32):
    ternary.yield %v : f32
  } -> tensor<2x32xf32>
  %z = ternary.linear_kernel ins(%q, %u : tensor<2x40xi8>, tensor<32x40x!ternary.trit>) scales(%a, %s : tensor<2xf32>, tensor<1xf32>) sums(%c : tensor<2xi32>) outs(%out : tensor<2x32xf32>) {
  ^bb0(%v: f32):
    ternary.yield %v : f32
  } -> tensor<2x32xf32>
  return %y, %z : tensor<2x32xf32>, tensor<2x32xf32>
}

!packed = tensor<32x16x!ternary.trit, #ternary.packed<lanes = 2, depth = 2, planes = 4, vectors = 2>>
!bound = memref<32x16x!ternary.trit, #ternary.packed<lanes = 2, depth = 2, planes = 4, vectors = 2>>

// A weight that has its layout already keeps it, be it a tensor or memory of an archive.
// CHECK-LABEL: func.func @packed(
// CHECK-SAME:    %[[W:[^:]*]]: tensor<32x16x!ternary.trit, #ternary.packed<lanes = 2, depth = 2, planes = 4, vectors = 2>>, %[[M:[^:]*]]: memref<
// CHECK-NOT:     = ternary.pack
// CHECK:         ternary.linear_kernel ins(%{{.*}}, %[[W]] : tensor<2x16xi8>, tensor<32x16x!ternary.trit, #ternary.packed<lanes = 2, depth = 2, planes = 4, vectors = 2>>)
// CHECK-NOT:     = ternary.pack
// CHECK:         ternary.linear_kernel ins(%{{.*}}, %[[M]] : tensor<2x16xi8>, memref<32x16x!ternary.trit, #ternary.packed<lanes = 2, depth = 2, planes = 4, vectors = 2>>)
func.func @packed(%w: !packed, %m: !bound, %q: tensor<2x16xi8>, %a: tensor<2xf32>, %c: tensor<2xi32>, %s: tensor<1xf32>) -> (tensor<2x32xf32>, tensor<2x32xf32>) {
  %out = tensor.empty() : tensor<2x32xf32>
  %y = ternary.linear_kernel ins(%q, %w : tensor<2x16xi8>, !packed) scales(%a, %s : tensor<2xf32>, tensor<1xf32>) sums(%c : tensor<2xi32>) outs(%out : tensor<2x32xf32>) {
  ^bb0(%v: f32):
    ternary.yield %v : f32
  } -> tensor<2x32xf32>
  %z = ternary.linear_kernel ins(%q, %m : tensor<2x16xi8>, !bound) scales(%a, %s : tensor<2xf32>, tensor<1xf32>) sums(%c : tensor<2xi32>) outs(%out : tensor<2x32xf32>) {
  ^bb0(%v: f32):
    ternary.yield %v : f32
  } -> tensor<2x32xf32>
  return %y, %z : tensor<2x32xf32>, tensor<2x32xf32>
}

// Kernels that read one weight in one layout share it.
// CHECK-LABEL: func.func @shared_weight(
// CHECK:         %[[W:.*]] = ternary.pack
// CHECK:         ternary.linear_kernel ins(%{{.*}}, %[[W]] :
// CHECK-NOT:     = ternary.pack
// CHECK:         ternary.linear_kernel ins(%{{.*}}, %[[W]] :
// CHECK:         return
func.func @shared_weight(%q: tensor<2x64xi8>, %a: tensor<2xf32>, %c: tensor<2xi32>, %t: tensor<32x40x!ternary.trit>, %w: tensor<1xf32>) -> (tensor<2x32xf32>, tensor<2x32xf32>) {
  %e0 = tensor.empty() : tensor<2x32xf32>
  %0 = ternary.linear_kernel ins(%q, %t : tensor<2x64xi8>, tensor<32x40x!ternary.trit>) scales(%a, %w : tensor<2xf32>, tensor<1xf32>) sums(%c : tensor<2xi32>) outs(%e0 : tensor<2x32xf32>) {
  ^bb0(%v: f32):
    ternary.yield %v : f32
  } -> tensor<2x32xf32>
  %e1 = tensor.empty() : tensor<2x32xf32>
  %1 = ternary.linear_kernel ins(%q, %t : tensor<2x64xi8>, tensor<32x40x!ternary.trit>) scales(%a, %w : tensor<2xf32>, tensor<1xf32>) sums(%c : tensor<2xi32>) outs(%e1 : tensor<2x32xf32>) {
  ^bb0(%v: f32):
    %n = arith.negf %v : f32
    ternary.yield %n : f32
  } -> tensor<2x32xf32>
  return %0, %1 : tensor<2x32xf32>, tensor<2x32xf32>
}

// Floats need no padding, and a table that is the head's weight is packed once.
// CHECK-LABEL: func.func @tied(
// CHECK-SAME:    %[[IDS:[^:]*]]: tensor<2xi32>, %[[X:[^:]*]]: tensor<2x40xf32>, %[[T:[^:]*]]: tensor<97x40x!ternary.trit>
// CHECK:         %[[W:.*]] = ternary.pack %[[T]] : tensor<97x40x!ternary.trit> -> tensor<97x40x!ternary.trit, #ternary.packed<[[$LAYOUT]]>>
// CHECK-NOT:     = ternary.pack
// CHECK:         ternary.gather_kernel ins(%[[IDS]], %[[W]] :
// CHECK-NOT:     = ternary.pack
// CHECK:         ternary.linear_kernel ins(%[[X]], %[[W]] :
func.func @tied(%ids: tensor<2xi32>, %x: tensor<2x40xf32>, %t: tensor<97x40x!ternary.trit>, %s: tensor<1xf32>,
                %a: tensor<2x40xf32>, %b: tensor<2x97xf32>) -> (tensor<2x40xf32>, tensor<2x97xf32>) {
  %0 = ternary.gather_kernel ins(%ids, %t : tensor<2xi32>, tensor<97x40x!ternary.trit>) scale(%s : tensor<1xf32>)
      outs(%a : tensor<2x40xf32>) -> tensor<2x40xf32>
  %1 = ternary.linear_kernel ins(%x, %t : tensor<2x40xf32>, tensor<97x40x!ternary.trit>) scales(%s : tensor<1xf32>) outs(%b : tensor<2x97xf32>) {
  ^bb0(%v: f32):
    ternary.yield %v : f32
  } -> tensor<2x97xf32>
  return %0, %1 : tensor<2x40xf32>, tensor<2x97xf32>
}

//--- halves.mlir

// A kernel over both halves of its result gets a layout in which they meet in one tile;
// with one code to a byte, row-major, there is no need for one.
// CHECK-LABEL: func.func @halves(
// PLAIN-LABEL: func.func @halves(
// CHECK:         ternary.pack %{{.*}} : tensor<64x16x!ternary.trit> -> tensor<64x16x!ternary.trit, #ternary.packed<[[$LAYOUT]], halves = 2>>
// PLAIN:         ternary.pack %{{.*}} : tensor<64x16x!ternary.trit> -> tensor<64x16x!ternary.trit, #ternary.packed<[[$LAYOUT]]>>
func.func @halves(%q: tensor<2x64xi8>, %a: tensor<2xf32>, %c: tensor<2xi32>, %t: tensor<64x16x!ternary.trit>, %s: tensor<1xf32>) -> tensor<2x32xf32> {
  %out = tensor.empty() : tensor<2x32xf32>
  %y = ternary.linear_kernel ins(%q, %t : tensor<2x64xi8>, tensor<64x16x!ternary.trit>) scales(%a, %s : tensor<2xf32>, tensor<1xf32>) sums(%c : tensor<2xi32>) outs(%out : tensor<2x32xf32>) {
  ^bb0(%u: f32, %v: f32):
    %product = arith.mulf %u, %v : f32
    ternary.yield %product : f32
  } -> tensor<2x32xf32>
  return %y : tensor<2x32xf32>
}
