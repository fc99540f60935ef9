// RUN: ternary-opt %s --pass-pipeline='builtin.module(func.func(ternary-merge-projections))' | FileCheck %s
// RUN: ternary-opt %s --pass-pipeline='builtin.module(func.func(ternary-merge-projections))' --remarks-filter=ternary --remark-policy=all -verify-diagnostics -o /dev/null

// The second line checks all remarks: any that the comments below do not expect is an error.

// Projections of the same quantised activations become one accumulate over stacked
// weights, with one scale for each of their rows; what was read of each is a slice.
// CHECK-LABEL: func.func @three(
// CHECK-SAME:    %[[Q:[^:]*]]: tensor<1x?x64xi8>, %[[A:[^:]*]]: tensor<1x?xf32>,
// CHECK-SAME:    %[[T0:[^:]*]]: tensor<64x64x!ternary.trit> {ternary.parameter = "t0"}, %[[T1:[^:]*]]: tensor<16x64x!ternary.trit> {ternary.parameter = "t1"}, %[[T2:[^:]*]]: tensor<3x64x!ternary.trit> {ternary.parameter = "t2"},
// CHECK-SAME:    %[[S0:[^:]*]]: tensor<1xf32> {ternary.parameter = "s0"}, %[[S1:[^:]*]]: tensor<16xf32> {ternary.parameter = "s1"}, %[[S2:[^:]*]]: tensor<1xf32> {ternary.parameter = "s2"})
// CHECK-NEXT:    %[[T:.*]], %[[S:.*]] = ternary.stack_rows %[[T0]], %[[T1]], %[[T2]] scales(%[[S0]], %[[S1]], %[[S2]])
// CHECK-NEXT:    %[[ACC:.*]] = ternary.accumulate %[[Q]], %[[T]] : tensor<1x?x64xi8>, tensor<83x64x!ternary.trit> -> tensor<1x?x83xi32>
// CHECK-NEXT:    %[[D:.*]] = ternary.dequantize %[[ACC]], %[[A]], %[[S]] : tensor<1x?x83xi32>, tensor<1x?xf32>, tensor<83xf32> -> tensor<1x?x83xf32>
// CHECK-NOT:     ternary.accumulate
// CHECK-NOT:     ternary.dequantize
// CHECK:         %[[ROWS:.*]] = tensor.dim %[[D]], %c1
// CHECK-NEXT:    %[[D0:.*]] = tensor.extract_slice %[[D]][0, 0, 0] [1, %[[ROWS]], 64] [1, 1, 1]
// CHECK:         %[[ROWS:.*]] = tensor.dim %[[D]], %c1
// CHECK-NEXT:    %[[D1:.*]] = tensor.extract_slice %[[D]][0, 0, 64] [1, %[[ROWS]], 16] [1, 1, 1]
// CHECK:         %[[ROWS:.*]] = tensor.dim %[[D]], %c1
// CHECK-NEXT:    %[[D2:.*]] = tensor.extract_slice %[[D]][0, 0, 80] [1, %[[ROWS]], 3] [1, 1, 1]
// CHECK-NEXT:    return %[[D0]], %[[D1]], %[[D2]]
func.func @three(%q: tensor<1x?x64xi8>, %a: tensor<1x?xf32>, %t0: tensor<64x64x!ternary.trit> {ternary.parameter = "t0"}, %t1: tensor<16x64x!ternary.trit> {ternary.parameter = "t1"}, %t2: tensor<3x64x!ternary.trit> {ternary.parameter = "t2"},
                 %s0: tensor<1xf32> {ternary.parameter = "s0"}, %s1: tensor<16xf32> {ternary.parameter = "s1"}, %s2: tensor<1xf32> {ternary.parameter = "s2"}) -> (tensor<1x?x64xf32>, tensor<1x?x16xf32>, tensor<1x?x3xf32>) {
  // expected-remark @+1 {{[Passed] merge-projections | Category:ternary | Remark="merged 3 projections into one accumulate of 83 rows"}}
  %acc0 = ternary.accumulate %q, %t0 : tensor<1x?x64xi8>, tensor<64x64x!ternary.trit> -> tensor<1x?x64xi32>
  %acc1 = ternary.accumulate %q, %t1 : tensor<1x?x64xi8>, tensor<16x64x!ternary.trit> -> tensor<1x?x16xi32>
  %acc2 = ternary.accumulate %q, %t2 : tensor<1x?x64xi8>, tensor<3x64x!ternary.trit> -> tensor<1x?x3xi32>
  %d2 = ternary.dequantize %acc2, %a, %s2 : tensor<1x?x3xi32>, tensor<1x?xf32>, tensor<1xf32> -> tensor<1x?x3xf32>
  %d1 = ternary.dequantize %acc1, %a, %s1 : tensor<1x?x16xi32>, tensor<1x?xf32>, tensor<16xf32> -> tensor<1x?x16xf32>
  %d0 = ternary.dequantize %acc0, %a, %s0 : tensor<1x?x64xi32>, tensor<1x?xf32>, tensor<1xf32> -> tensor<1x?x64xf32>
  return %d0, %d1, %d2 : tensor<1x?x64xf32>, tensor<1x?x16xf32>, tensor<1x?x3xf32>
}

// Projections of another input are merged among themselves; a single one is left alone.
// CHECK-LABEL: func.func @three_inputs(
// CHECK-SAME:    %[[Q:[^:]*]]: tensor<2x64xi8>, %[[R:[^:]*]]: tensor<2x64xi8>, %[[P:[^:]*]]: tensor<2x64xi8>, %{{[^:]*}}: tensor<2xf32>, %[[T:[^:]*]]: tensor<16x64x!ternary.trit> {ternary.parameter = "t"}
// CHECK-NEXT:    %[[QT:.*]], %{{.*}} = ternary.stack_rows
// CHECK-NEXT:    ternary.accumulate %[[Q]], %[[QT]] : tensor<2x64xi8>, tensor<32x64x!ternary.trit> -> tensor<2x32xi32>
// CHECK:         %[[RT:.*]], %{{.*}} = ternary.stack_rows
// CHECK-NEXT:    ternary.accumulate %[[R]], %[[RT]] : tensor<2x64xi8>, tensor<32x64x!ternary.trit> -> tensor<2x32xi32>
// CHECK:         %[[ALONE:.*]] = ternary.accumulate %[[P]], %[[T]] :
// CHECK-NEXT:    ternary.dequantize %[[ALONE]]
// CHECK-NOT:     ternary.accumulate
// CHECK:         return
func.func @three_inputs(%q: tensor<2x64xi8>, %r: tensor<2x64xi8>, %p: tensor<2x64xi8>, %a: tensor<2xf32>, %t: tensor<16x64x!ternary.trit> {ternary.parameter = "t"}, %s: tensor<1xf32> {ternary.parameter = "s"})
    -> (tensor<2x16xf32>, tensor<2x16xf32>, tensor<2x16xf32>, tensor<2x16xf32>, tensor<2x16xf32>) {
  // expected-remark @+1 {{merged 2 projections into one accumulate of 32 rows}}
  %acc0 = ternary.accumulate %q, %t : tensor<2x64xi8>, tensor<16x64x!ternary.trit> -> tensor<2x16xi32>
  // expected-remark @+1 {{merged 2 projections into one accumulate of 32 rows}}
  %acc1 = ternary.accumulate %r, %t : tensor<2x64xi8>, tensor<16x64x!ternary.trit> -> tensor<2x16xi32>
  %acc2 = ternary.accumulate %p, %t : tensor<2x64xi8>, tensor<16x64x!ternary.trit> -> tensor<2x16xi32>
  %acc3 = ternary.accumulate %r, %t : tensor<2x64xi8>, tensor<16x64x!ternary.trit> -> tensor<2x16xi32>
  %acc4 = ternary.accumulate %q, %t : tensor<2x64xi8>, tensor<16x64x!ternary.trit> -> tensor<2x16xi32>
  %d0 = ternary.dequantize %acc0, %a, %s : tensor<2x16xi32>, tensor<2xf32>, tensor<1xf32> -> tensor<2x16xf32>
  %d1 = ternary.dequantize %acc1, %a, %s : tensor<2x16xi32>, tensor<2xf32>, tensor<1xf32> -> tensor<2x16xf32>
  %d2 = ternary.dequantize %acc2, %a, %s : tensor<2x16xi32>, tensor<2xf32>, tensor<1xf32> -> tensor<2x16xf32>
  %d3 = ternary.dequantize %acc3, %a, %s : tensor<2x16xi32>, tensor<2xf32>, tensor<1xf32> -> tensor<2x16xf32>
  %d4 = ternary.dequantize %acc4, %a, %s : tensor<2x16xi32>, tensor<2xf32>, tensor<1xf32> -> tensor<2x16xf32>
  return %d0, %d1, %d2, %d3, %d4 : tensor<2x16xf32>, tensor<2x16xf32>, tensor<2x16xf32>, tensor<2x16xf32>, tensor<2x16xf32>
}

// Those with a scale for each group of columns are merged where groups are of one size.
// CHECK-LABEL: func.func @groups(
// CHECK-SAME:    %[[Q:[^:]*]]: tensor<1x?x64xi8>, %[[A:[^:]*]]: tensor<1x?xf32>,
// CHECK-SAME:    %[[T0:[^:]*]]: tensor<64x64x!ternary.trit> {ternary.parameter = "t0"}, %[[T1:[^:]*]]: tensor<16x64x!ternary.trit> {ternary.parameter = "t1"}, %[[S0:[^:]*]]: tensor<64x4xf32> {ternary.parameter = "s0"}, %[[S1:[^:]*]]: tensor<16x4xf32> {ternary.parameter = "s1"}, %[[S2:[^:]*]]: tensor<16x2xf32> {ternary.parameter = "s2"})
// CHECK-NEXT:    %[[T:.*]], %[[S:.*]] = ternary.stack_rows %[[T0]], %[[T1]] scales(%[[S0]], %[[S1]]) : {{.*}} -> tensor<80x64x!ternary.trit>, tensor<80x4xf32>
// CHECK-NEXT:    %[[ACC:.*]] = ternary.accumulate %[[Q]], %[[T]] {group_size = 16 : i64} : tensor<1x?x64xi8>, tensor<80x64x!ternary.trit> -> tensor<1x?x80x4xi32>
// CHECK-NEXT:    %[[D:.*]] = ternary.dequantize %[[ACC]], %[[A]], %[[S]] : tensor<1x?x80x4xi32>, tensor<1x?xf32>, tensor<80x4xf32> -> tensor<1x?x80xf32>
// CHECK:         %[[D0:.*]] = tensor.extract_slice %[[D]][0, 0, 0] [1, %{{.*}}, 64] [1, 1, 1]
// CHECK:         %[[D1:.*]] = tensor.extract_slice %[[D]][0, 0, 64] [1, %{{.*}}, 16] [1, 1, 1]
// CHECK:         %[[OTHER:.*]] = ternary.accumulate %[[Q]], %[[T1]] {group_size = 32 : i64}
// CHECK-NEXT:    %[[D2:.*]] = ternary.dequantize %[[OTHER]], %[[A]], %[[S2]]
// CHECK-NEXT:    return %[[D0]], %[[D1]], %[[D2]]
func.func @groups(%q: tensor<1x?x64xi8>, %a: tensor<1x?xf32>, %t0: tensor<64x64x!ternary.trit> {ternary.parameter = "t0"}, %t1: tensor<16x64x!ternary.trit> {ternary.parameter = "t1"},
                  %s0: tensor<64x4xf32> {ternary.parameter = "s0"}, %s1: tensor<16x4xf32> {ternary.parameter = "s1"}, %s2: tensor<16x2xf32> {ternary.parameter = "s2"}) -> (tensor<1x?x64xf32>, tensor<1x?x16xf32>, tensor<1x?x16xf32>) {
  // expected-remark @+1 {{merged 2 projections into one accumulate of 80 rows}}
  %acc0 = ternary.accumulate %q, %t0 {group_size = 16 : i64} : tensor<1x?x64xi8>, tensor<64x64x!ternary.trit> -> tensor<1x?x64x4xi32>
  %acc1 = ternary.accumulate %q, %t1 {group_size = 16 : i64} : tensor<1x?x64xi8>, tensor<16x64x!ternary.trit> -> tensor<1x?x16x4xi32>
  %acc2 = ternary.accumulate %q, %t1 {group_size = 32 : i64} : tensor<1x?x64xi8>, tensor<16x64x!ternary.trit> -> tensor<1x?x16x2xi32>
  %d0 = ternary.dequantize %acc0, %a, %s0 : tensor<1x?x64x4xi32>, tensor<1x?xf32>, tensor<64x4xf32> -> tensor<1x?x64xf32>
  %d1 = ternary.dequantize %acc1, %a, %s1 : tensor<1x?x16x4xi32>, tensor<1x?xf32>, tensor<16x4xf32> -> tensor<1x?x16xf32>
  %d2 = ternary.dequantize %acc2, %a, %s2 : tensor<1x?x16x2xi32>, tensor<1x?xf32>, tensor<16x2xf32> -> tensor<1x?x16xf32>
  return %d0, %d1, %d2 : tensor<1x?x64xf32>, tensor<1x?x16xf32>, tensor<1x?x16xf32>
}

// Not merged, though they read the same activations: an accumulator that something else
// reads too, the only result per group of columns, a weight that has its layout already. That
// leaves one projection.
// CHECK-LABEL: func.func @others(
// CHECK-NOT:     ternary.stack_rows
// CHECK-COUNT-4: ternary.accumulate
// CHECK-NOT:     ternary.stack_rows
// CHECK:         return
func.func @others(%q: tensor<2x64xi8>, %a: tensor<2xf32>, %t: tensor<16x64x!ternary.trit> {ternary.parameter = "t"}, %s: tensor<1xf32> {ternary.parameter = "s"}, %g: tensor<16x4xf32> {ternary.parameter = "g"},
                  %p: tensor<16x64x!ternary.trit, #ternary.packed<lanes = 4, depth = 4, planes = 4, vectors = 8>>)
    -> (tensor<2x16xf32>, tensor<2x16xf32>, tensor<2x16xf32>, tensor<2x16xf32>, tensor<2x16xi32>) {
  %acc0 = ternary.accumulate %q, %t : tensor<2x64xi8>, tensor<16x64x!ternary.trit> -> tensor<2x16xi32>
  %acc1 = ternary.accumulate %q, %t : tensor<2x64xi8>, tensor<16x64x!ternary.trit> -> tensor<2x16xi32>
  %acc2 = ternary.accumulate %q, %t {group_size = 16 : i64} : tensor<2x64xi8>, tensor<16x64x!ternary.trit> -> tensor<2x16x4xi32>
  %acc3 = ternary.accumulate %q, %p : tensor<2x64xi8>, tensor<16x64x!ternary.trit, #ternary.packed<lanes = 4, depth = 4, planes = 4, vectors = 8>> -> tensor<2x16xi32>
  %d0 = ternary.dequantize %acc0, %a, %s : tensor<2x16xi32>, tensor<2xf32>, tensor<1xf32> -> tensor<2x16xf32>
  %d1 = ternary.dequantize %acc1, %a, %s : tensor<2x16xi32>, tensor<2xf32>, tensor<1xf32> -> tensor<2x16xf32>
  %d2 = ternary.dequantize %acc2, %a, %g : tensor<2x16x4xi32>, tensor<2xf32>, tensor<16x4xf32> -> tensor<2x16xf32>
  %d3 = ternary.dequantize %acc3, %a, %s : tensor<2x16xi32>, tensor<2xf32>, tensor<1xf32> -> tensor<2x16xf32>
  return %d0, %d1, %d2, %d3, %acc1 : tensor<2x16xf32>, tensor<2x16xf32>, tensor<2x16xf32>, tensor<2x16xf32>, tensor<2x16xi32>
}

// A weight that comes later, from what the first projection gave, cannot be stacked; nor
// can a scale.
// CHECK-LABEL: func.func @later(
// CHECK-NOT:     ternary.stack_rows
// CHECK-COUNT-2: ternary.accumulate
// CHECK-NOT:     ternary.stack_rows
// CHECK:         return
func.func @later(%q: tensor<2x2xi8>, %a: tensor<2xf32>, %t: tensor<2x2x!ternary.trit> {ternary.parameter = "t"}, %s: tensor<1xf32> {ternary.parameter = "s"}) -> (tensor<2x2xf32>, tensor<2x2xf32>) {
  %acc0 = ternary.accumulate %q, %t : tensor<2x2xi8>, tensor<2x2x!ternary.trit> -> tensor<2x2xi32>
  %d0 = ternary.dequantize %acc0, %a, %s : tensor<2x2xi32>, tensor<2xf32>, tensor<1xf32> -> tensor<2x2xf32>
  %u, %v = ternary.quantize_weights %d0 : tensor<2x2xf32> -> tensor<2x2x!ternary.trit>, tensor<1xf32>
  // expected-remark @+1 {{[Missed] merge-projections | Category:ternary | Remark="weight or scale is computed after the first projection of the same input"}}
  %acc1 = ternary.accumulate %q, %u : tensor<2x2xi8>, tensor<2x2x!ternary.trit> -> tensor<2x2xi32>
  %d1 = ternary.dequantize %acc1, %a, %s : tensor<2x2xi32>, tensor<2xf32>, tensor<1xf32> -> tensor<2x2xf32>
  return %d0, %d1 : tensor<2x2xf32>, tensor<2x2xf32>
}

// CHECK-LABEL: func.func @later_scale(
// CHECK-NOT:     ternary.stack_rows
// CHECK-COUNT-2: ternary.accumulate
// CHECK-NOT:     ternary.stack_rows
// CHECK:         return
func.func @later_scale(%q: tensor<2x2xi8>, %a: tensor<2xf32>, %t: tensor<2x2x!ternary.trit> {ternary.parameter = "t"}, %s: tensor<1xf32> {ternary.parameter = "s"}) -> (tensor<2x2xf32>, tensor<2x2xf32>) {
  %acc0 = ternary.accumulate %q, %t : tensor<2x2xi8>, tensor<2x2x!ternary.trit> -> tensor<2x2xi32>
  // expected-remark @+1 {{weight or scale is computed after the first projection of the same input}}
  %acc1 = ternary.accumulate %q, %t : tensor<2x2xi8>, tensor<2x2x!ternary.trit> -> tensor<2x2xi32>
  %d0 = ternary.dequantize %acc0, %a, %s : tensor<2x2xi32>, tensor<2xf32>, tensor<1xf32> -> tensor<2x2xf32>
  %half = arith.mulf %s, %s : tensor<1xf32>
  %d1 = ternary.dequantize %acc1, %a, %half : tensor<2x2xi32>, tensor<2xf32>, tensor<1xf32> -> tensor<2x2xf32>
  return %d0, %d1 : tensor<2x2xf32>, tensor<2x2xf32>
}

// Codes of other scales, or of which fewer columns count, are another input.
// CHECK-LABEL: func.func @other_scales(
// CHECK-NOT: ternary.stack_rows
// CHECK: return
func.func @other_scales(%q: tensor<1x?x64xi8>, %a: tensor<1x?xf32>, %b: tensor<1x?xf32>, %t: tensor<64x64x!ternary.trit> {ternary.parameter = "t"},
                        %u: tensor<16x64x!ternary.trit> {ternary.parameter = "u"}, %v: tensor<16x60x!ternary.trit> {ternary.parameter = "v"}, %s: tensor<1xf32> {ternary.parameter = "s"})
    -> (tensor<1x?x64xf32>, tensor<1x?x16xf32>, tensor<1x?x16xf32>) {
  %0 = ternary.accumulate %q, %t : tensor<1x?x64xi8>, tensor<64x64x!ternary.trit> -> tensor<1x?x64xi32>
  %1 = ternary.dequantize %0, %a, %s : tensor<1x?x64xi32>, tensor<1x?xf32>, tensor<1xf32> -> tensor<1x?x64xf32>
  %2 = ternary.accumulate %q, %u : tensor<1x?x64xi8>, tensor<16x64x!ternary.trit> -> tensor<1x?x16xi32>
  %3 = ternary.dequantize %2, %b, %s : tensor<1x?x16xi32>, tensor<1x?xf32>, tensor<1xf32> -> tensor<1x?x16xf32>
  %4 = ternary.accumulate %q, %v : tensor<1x?x64xi8>, tensor<16x60x!ternary.trit> -> tensor<1x?x16xi32>
  %5 = ternary.dequantize %4, %a, %s : tensor<1x?x16xi32>, tensor<1x?xf32>, tensor<1xf32> -> tensor<1x?x16xf32>
  return %1, %3, %5 : tensor<1x?x64xf32>, tensor<1x?x16xf32>, tensor<1x?x16xf32>
}

// A weight that is made of a parameter is made earlier. What is put into memory that is there
// already is a slice like the others.
// CHECK-LABEL: func.func @keys_and_values(
// CHECK:         %[[TQ:.*]], %[[SQ:.*]] = ternary.quantize_weights
// CHECK-NEXT:    %[[TK:.*]], %[[SK:.*]] = ternary.quantize_weights
// CHECK-NEXT:    %[[TV:.*]], %[[SV:.*]] = ternary.quantize_weights
// CHECK-NEXT:    ternary.stack_rows %[[TQ]], %[[TK]], %[[TV]] scales(%[[SQ]], %[[SK]], %[[SV]])
// CHECK:         %[[V:.*]] = tensor.extract_slice %{{.*}}[0, 0, 80] [1, 4, 16] [1, 1, 1]
// CHECK:         tensor.insert_slice %[[V]] into
func.func @keys_and_values(%q: tensor<1x4x64xi8>, %a: tensor<1x4xf32>, %wq: tensor<64x64xf32> {ternary.parameter = "wq"}, %wk: tensor<16x64xf32> {ternary.parameter = "wk"}, %wv: tensor<16x64xf32> {ternary.parameter = "wv"},
                           %cache: tensor<1x9x16xf32>) -> (tensor<1x4x64xf32>, tensor<1x4x16xf32>, tensor<1x9x16xf32>) {
  %t0, %s0 = ternary.quantize_weights %wq : tensor<64x64xf32> -> tensor<64x64x!ternary.trit>, tensor<1xf32>
  // expected-remark @+1 {{merged 3 projections into one accumulate of 96 rows}}
  %acc0 = ternary.accumulate %q, %t0 : tensor<1x4x64xi8>, tensor<64x64x!ternary.trit> -> tensor<1x4x64xi32>
  %d0 = ternary.dequantize %acc0, %a, %s0 : tensor<1x4x64xi32>, tensor<1x4xf32>, tensor<1xf32> -> tensor<1x4x64xf32>
  %t1, %s1 = ternary.quantize_weights %wk : tensor<16x64xf32> -> tensor<16x64x!ternary.trit>, tensor<1xf32>
  %acc1 = ternary.accumulate %q, %t1 : tensor<1x4x64xi8>, tensor<16x64x!ternary.trit> -> tensor<1x4x16xi32>
  %d1 = ternary.dequantize %acc1, %a, %s1 : tensor<1x4x16xi32>, tensor<1x4xf32>, tensor<1xf32> -> tensor<1x4x16xf32>
  %t2, %s2 = ternary.quantize_weights %wv : tensor<16x64xf32> -> tensor<16x64x!ternary.trit>, tensor<1xf32>
  %acc2 = ternary.accumulate %q, %t2 : tensor<1x4x64xi8>, tensor<16x64x!ternary.trit> -> tensor<1x4x16xi32>
  %d2 = ternary.dequantize %acc2, %a, %s2 : tensor<1x4x16xi32>, tensor<1x4xf32>, tensor<1xf32> -> tensor<1x4x16xf32>
  %v = tensor.insert_slice %d2 into %cache[0, 3, 0] [1, 4, 16] [1, 1, 1] : tensor<1x4x16xf32> into tensor<1x9x16xf32>
  return %d0, %d1, %v : tensor<1x4x64xf32>, tensor<1x4x16xf32>, tensor<1x9x16xf32>
}

// So do projections of floats.
// CHECK-LABEL: func.func @floats(
// CHECK-SAME:    %[[X:[^:]*]]: tensor<1x?x64xf32>
// CHECK-NEXT:    %[[T:.*]], %[[S:.*]] = ternary.stack_rows
// CHECK-NEXT:    %[[ACC:.*]] = ternary.accumulate %[[X]], %[[T]] : tensor<1x?x64xf32>, tensor<80x64x!ternary.trit> -> tensor<1x?x80xf32>
// CHECK-NEXT:    ternary.dequantize %[[ACC]], %[[S]] : tensor<1x?x80xf32>, tensor<80xf32>
// CHECK-NOT:     ternary.accumulate
func.func @floats(%x: tensor<1x?x64xf32>, %t: tensor<64x64x!ternary.trit> {ternary.parameter = "t"}, %u: tensor<16x64x!ternary.trit> {ternary.parameter = "u"}, %s: tensor<1xf32> {ternary.parameter = "s"})
    -> (tensor<1x?x64xf32>, tensor<1x?x16xf32>) {
  // expected-remark @+1 {{merged 2 projections into one accumulate of 80 rows}}
  %0 = ternary.accumulate %x, %t : tensor<1x?x64xf32>, tensor<64x64x!ternary.trit> -> tensor<1x?x64xf32>
  %1 = ternary.dequantize %0, %s : tensor<1x?x64xf32>, tensor<1xf32> -> tensor<1x?x64xf32>
  %2 = ternary.accumulate %x, %u : tensor<1x?x64xf32>, tensor<16x64x!ternary.trit> -> tensor<1x?x16xf32>
  %3 = ternary.dequantize %2, %s : tensor<1x?x16xf32>, tensor<1xf32> -> tensor<1x?x16xf32>
  return %1, %3 : tensor<1x?x64xf32>, tensor<1x?x16xf32>
}

// Of two branches one is run: what they project is not merged across them, nor with what is
// before them, but within each.
// CHECK-LABEL: func.func @branches(
// CHECK-NEXT:    ternary.accumulate %{{.*}} : tensor<2x64xi8>, tensor<16x64x!ternary.trit> -> tensor<2x16xi32>
// CHECK:         scf.if
// CHECK:           ternary.accumulate %{{.*}} -> tensor<2x32xi32>
// CHECK-NOT:       ternary.accumulate
// CHECK:         } else {
// CHECK-NEXT:      ternary.accumulate %{{.*}} -> tensor<2x16xi32>
// CHECK-NOT:     ternary.accumulate
func.func @branches(%c: i1, %q: tensor<2x64xi8>, %a: tensor<2xf32>, %t: tensor<16x64x!ternary.trit> {ternary.parameter = "t"}, %s: tensor<1xf32> {ternary.parameter = "s"})
    -> (tensor<2x16xf32>, tensor<2x16xf32>) {
  %acc0 = ternary.accumulate %q, %t : tensor<2x64xi8>, tensor<16x64x!ternary.trit> -> tensor<2x16xi32>
  %d0 = ternary.dequantize %acc0, %a, %s : tensor<2x16xi32>, tensor<2xf32>, tensor<1xf32> -> tensor<2x16xf32>
  %0 = scf.if %c -> tensor<2x16xf32> {
    // expected-remark @+1 {{merged 2 projections into one accumulate of 32 rows}}
    %acc1 = ternary.accumulate %q, %t : tensor<2x64xi8>, tensor<16x64x!ternary.trit> -> tensor<2x16xi32>
    %d1 = ternary.dequantize %acc1, %a, %s : tensor<2x16xi32>, tensor<2xf32>, tensor<1xf32> -> tensor<2x16xf32>
    %acc2 = ternary.accumulate %q, %t : tensor<2x64xi8>, tensor<16x64x!ternary.trit> -> tensor<2x16xi32>
    %d2 = ternary.dequantize %acc2, %a, %s : tensor<2x16xi32>, tensor<2xf32>, tensor<1xf32> -> tensor<2x16xf32>
    %sum = arith.addf %d1, %d2 : tensor<2x16xf32>
    scf.yield %sum : tensor<2x16xf32>
  } else {
    %acc3 = ternary.accumulate %q, %t : tensor<2x64xi8>, tensor<16x64x!ternary.trit> -> tensor<2x16xi32>
    %d3 = ternary.dequantize %acc3, %a, %s : tensor<2x16xi32>, tensor<2xf32>, tensor<1xf32> -> tensor<2x16xf32>
    scf.yield %d3 : tensor<2x16xf32>
  }
  return %d0, %0 : tensor<2x16xf32>, tensor<2x16xf32>
}

// A scale of the input that is there only after the first projection keeps them apart.
// CHECK-LABEL: func.func @late_scale(
// CHECK-COUNT-2: ternary.accumulate %{{.*}} -> tensor<2x16xi32>
func.func @late_scale(%q: tensor<2x64xi8>, %a: tensor<2xf32>, %t: tensor<16x64x!ternary.trit> {ternary.parameter = "t"}, %s: tensor<1xf32> {ternary.parameter = "s"})
    -> (tensor<2x16xf32>, tensor<2x16xf32>) {
  // expected-remark @+1 {{scale of the input is computed after the first projection of the same input}}
  %acc0 = ternary.accumulate %q, %t : tensor<2x64xi8>, tensor<16x64x!ternary.trit> -> tensor<2x16xi32>
  %b = arith.negf %a : tensor<2xf32>
  %d0 = ternary.dequantize %acc0, %b, %s : tensor<2x16xi32>, tensor<2xf32>, tensor<1xf32> -> tensor<2x16xf32>
  %acc1 = ternary.accumulate %q, %t : tensor<2x64xi8>, tensor<16x64x!ternary.trit> -> tensor<2x16xi32>
  %d1 = ternary.dequantize %acc1, %b, %s : tensor<2x16xi32>, tensor<2xf32>, tensor<1xf32> -> tensor<2x16xf32>
  return %d0, %d1 : tensor<2x16xf32>, tensor<2x16xf32>
}

// Weights that come when the function runs are packed by kernels, each on its own.
// CHECK-LABEL: func.func @arguments(
// CHECK-NOT:     ternary.stack_rows
// CHECK-COUNT-2: ternary.accumulate
func.func @arguments(%q: tensor<2x64xi8>, %a: tensor<2xf32>, %t: tensor<16x64x!ternary.trit>, %s: tensor<1xf32>)
    -> (tensor<2x16xf32>, tensor<2x16xf32>) {
  // expected-remark @+1 {{[Missed] merge-projections | Category:ternary | Remark="weight or scale is neither a parameter nor a constant"}}
  %acc0 = ternary.accumulate %q, %t : tensor<2x64xi8>, tensor<16x64x!ternary.trit> -> tensor<2x16xi32>
  %acc1 = ternary.accumulate %q, %t : tensor<2x64xi8>, tensor<16x64x!ternary.trit> -> tensor<2x16xi32>
  %d0 = ternary.dequantize %acc0, %a, %s : tensor<2x16xi32>, tensor<2xf32>, tensor<1xf32> -> tensor<2x16xf32>
  %d1 = ternary.dequantize %acc1, %a, %s : tensor<2x16xi32>, tensor<2xf32>, tensor<1xf32> -> tensor<2x16xf32>
  return %d0, %d1 : tensor<2x16xf32>, tensor<2x16xf32>
}
