// RUN: ternary-opt %s --pass-pipeline='builtin.module(func.func(ternary-fuse-linear))' | FileCheck %s
// RUN: ternary-opt %s --pass-pipeline='builtin.module(func.func(ternary-fuse-linear{epilogue=true square-sums=true}))' | FileCheck %s
// RUN: ternary-opt %s --pass-pipeline='builtin.module(func.func(ternary-fuse-linear{epilogue=false square-sums=false}))' | FileCheck %s --check-prefixes=BARE,NO-SUMS
// RUN: ternary-opt %s --pass-pipeline='builtin.module(func.func(ternary-fuse-linear{epilogue=false}))' | FileCheck %s --check-prefixes=BARE,SUMS
// RUN: ternary-opt %s --pass-pipeline='builtin.module(func.func(ternary-fuse-linear{square-sums=false}))' | FileCheck %s --check-prefix=EPILOGUE
// RUN: ternary-opt %s --pass-pipeline='builtin.module(func.func(ternary-fuse-linear))' --remarks-filter=ternary --remark-policy=all -verify-diagnostics -o /dev/null

// The last RUN line checks all remarks: any that the comments below do not expect is an error.
// Without `epilogue` nothing but accumulate and dequantise is in a kernel; `square-sums`
// is independent of it.

// The kernel reads what quantises its activations: codes, scales and sums.
// CHECK-LABEL: func.func @bare(
// CHECK-SAME:    %[[X:[^:]*]]: tensor<2x64xf32>, %[[T:[^:]*]]: tensor<97x64x!ternary.trit>, %[[S:[^:]*]]: tensor<1xf32>)
// CHECK-NEXT:    %[[Q:.*]], %[[A:.*]], %[[C:.*]] = ternary.quantize_activations %[[X]]
// CHECK-NEXT:    %[[E:.*]] = tensor.empty() : tensor<2x97xf32>
// CHECK-NEXT:    %[[R:.*]] = ternary.linear_kernel ins(%[[Q]], %[[T]] : tensor<2x64xi8>, tensor<97x64x!ternary.trit>)
// CHECK-SAME:      scales(%[[A]], %[[S]] : tensor<2xf32>, tensor<1xf32>) sums(%[[C]] : tensor<2xi32>) outs(%[[E]] : tensor<2x97xf32>) {
// CHECK-NEXT:    ^bb0(%[[V:.*]]: f32):
// CHECK-NEXT:      ternary.yield %[[V]] : f32
// CHECK-NEXT:    } -> tensor<2x97xf32>
// CHECK-NEXT:    return %[[R]]
func.func @bare(%x: tensor<2x64xf32>, %t: tensor<97x64x!ternary.trit>, %s: tensor<1xf32>) -> tensor<2x97xf32> {
  %q, %a, %c = ternary.quantize_activations %x : tensor<2x64xf32> -> tensor<2x64xi8>, tensor<2xf32>, tensor<2xi32>
  %acc = ternary.accumulate %q, %t : tensor<2x64xi8>, tensor<97x64x!ternary.trit> -> tensor<2x97xi32>
  // expected-remark @+1 {{[Missed] fuse-epilogue | Category:ternary | Remark="no elementwise op fused: what follows is no elementwise op, or several values of it are needed elsewhere"}}
  %d = ternary.dequantize %acc, %a, %s : tensor<2x97xi32>, tensor<2xf32>, tensor<1xf32> -> tensor<2x97xf32>
  return %d : tensor<2x97xf32>
}

// Scales of groups of columns, with those of neighbouring rows together.
// CHECK-LABEL: func.func @groups(
// CHECK-SAME:    tensor<2x64xf32>, %[[T:.*]]: tensor<8x64x!ternary.trit>, %[[S:.*]]: tensor<8x4xf32>)
// CHECK:         %[[TURNED:.*]] = ternary.transpose %[[S]] : tensor<8x4xf32> -> tensor<4x8xf32>
// CHECK:         ternary.linear_kernel
// CHECK-SAME:      scales(%{{.*}}, %[[TURNED]] : tensor<2xf32>, tensor<4x8xf32>)
func.func @groups(%x: tensor<2x64xf32>, %t: tensor<8x64x!ternary.trit>, %s: tensor<8x4xf32>) -> tensor<2x8xf32> {
  %q, %a, %c = ternary.quantize_activations %x : tensor<2x64xf32> -> tensor<2x64xi8>, tensor<2xf32>, tensor<2xi32>
  %acc = ternary.accumulate %q, %t {group_size = 16 : i64} : tensor<2x64xi8>, tensor<8x64x!ternary.trit> -> tensor<2x8x4xi32>
  // expected-remark @+1 {{[Missed] fuse-epilogue | Category:ternary | Remark="no elementwise op fused: what follows is no elementwise op, or several values of it are needed elsewhere"}}
  %d = ternary.dequantize %acc, %a, %s : tensor<2x8x4xi32>, tensor<2xf32>, tensor<8x4xf32> -> tensor<2x8xf32>
  return %d : tensor<2x8xf32>
}

// A residual addition moves into the kernel, and the statistics of the next norm are
// taken in it: they are its last result. The other readers of the sum read the first.
// CHECK-LABEL: func.func @residual(
// CHECK-SAME:    %[[X:[^:]*]]: tensor<1x?x64xf32>, %[[T:[^:]*]]: tensor<64x64x!ternary.trit>, %[[S:[^:]*]]: tensor<64xf32>
// CHECK:         %[[Q:.*]], %[[A:.*]], %[[C:.*]] = ternary.quantize_activations %[[X]]
// CHECK:         %[[ROWS:.*]] = tensor.dim %[[Q]], %c1
// CHECK-DAG:     %[[E:.*]] = tensor.empty(%[[ROWS]]) : tensor<1x?x64xf32>
// CHECK-DAG:     %[[ES:.*]] = tensor.empty(%[[ROWS]]) : tensor<1x?x2xf32>
// CHECK-NOT:     ternary.dequantize
// CHECK:         %[[R:.*]]:2 = ternary.linear_kernel square_sums ins(%[[Q]], %[[T]] :
// CHECK-SAME:      scales(%[[A]], %[[S]] : tensor<1x?xf32>, tensor<64xf32>) sums(%[[C]] : tensor<1x?xi32>)
// CHECK-SAME:      extras(%[[X]] : tensor<1x?x64xf32>) outs(%[[E]], %[[ES]] : tensor<1x?x64xf32>, tensor<1x?x2xf32>) {
// CHECK-NEXT:    ^bb0(%[[V:.*]]: f32, %[[RESIDUAL:.*]]: f32):
// CHECK-NEXT:      %[[SUM:.*]] = arith.addf %[[RESIDUAL]], %[[V]] : f32
// CHECK-NEXT:      ternary.yield %[[SUM]] : f32
// CHECK-NEXT:    } -> tensor<1x?x64xf32>, tensor<1x?x2xf32>
// CHECK-NEXT:    %[[I:.*]] = ternary.inverse_rms %[[R]]#1
// CHECK-NEXT:    %[[N:.*]] = ternary.normalize %[[R]]#0, %[[I]]
// CHECK-NEXT:    return %[[R]]#0, %[[N]]

// BARE-LABEL:    func.func @residual(
// BARE-SAME:       %[[X:[^:]*]]: tensor<1x?x64xf32>,
// BARE-NOT:      ternary.dequantize
// BARE:          %[[D:.*]] = ternary.linear_kernel ins(
// BARE-NEXT:     ^bb0(%[[V:.*]]: f32):
// BARE-NEXT:       ternary.yield %[[V]] : f32
// BARE:          %[[SUM:.*]] = arith.addf %[[X]], %[[D]] : tensor<1x?x64xf32>
// BARE-NEXT:     ternary.square_sums %[[SUM]]

// EPILOGUE-LABEL: func.func @residual(
// EPILOGUE:       %[[R:.*]] = ternary.linear_kernel ins(
// EPILOGUE-NEXT:  ^bb0(%[[V:.*]]: f32, %[[RESIDUAL:.*]]: f32):
// EPILOGUE-NEXT:    arith.addf %[[RESIDUAL]], %[[V]] : f32
// EPILOGUE:       } -> tensor<1x?x64xf32>
// EPILOGUE-NEXT:  ternary.square_sums %[[R]]
func.func @residual(%x: tensor<1x?x64xf32>, %t: tensor<64x64x!ternary.trit>, %s: tensor<64xf32>, %g: tensor<64xf32>) -> (tensor<1x?x64xf32>, tensor<1x?x64xf32>) {
  %q, %a, %c = ternary.quantize_activations %x : tensor<1x?x64xf32> -> tensor<1x?x64xi8>, tensor<1x?xf32>, tensor<1x?xi32>
  %acc = ternary.accumulate %q, %t : tensor<1x?x64xi8>, tensor<64x64x!ternary.trit> -> tensor<1x?x64xi32>
  // expected-remark @+1 {{[Passed] fuse-epilogue | Category:ternary | Remark="fused 1 elementwise ops"}}
  %d = ternary.dequantize %acc, %a, %s : tensor<1x?x64xi32>, tensor<1x?xf32>, tensor<64xf32> -> tensor<1x?x64xf32>
  %y = arith.addf %x, %d : tensor<1x?x64xf32>
  %sums = ternary.square_sums %y : tensor<1x?x64xf32> -> tensor<1x?x2xf32>
  %r = ternary.inverse_rms %sums {epsilon = 1.0e-6 : f32, size = 64 : i64} : tensor<1x?x2xf32> -> tensor<1x?xf32>
  %n = ternary.normalize %y, %r, %g : tensor<1x?x64xf32>, tensor<1x?xf32>, tensor<64xf32>
  return %y, %n : tensor<1x?x64xf32>, tensor<1x?x64xf32>
}

// Statistics of the bare product are taken with and without `epilogue`, but not without
// `square-sums`.
// CHECK-LABEL:   func.func @statistics(
// CHECK:         %[[R:.*]]:2 = ternary.linear_kernel square_sums ins(
// CHECK:         return %[[R]]#0, %[[R]]#1
// SUMS-LABEL:    func.func @statistics(
// SUMS:          %[[R:.*]]:2 = ternary.linear_kernel square_sums ins(
// SUMS:          return %[[R]]#0, %[[R]]#1
// NO-SUMS-LABEL: func.func @statistics(
// NO-SUMS:       %[[R:.*]] = ternary.linear_kernel ins(
// NO-SUMS:       %[[Z:.*]] = ternary.square_sums %[[R]] : tensor<2x97xf32> -> tensor<2x4xf32>
// NO-SUMS-NEXT:  return %[[R]], %[[Z]]
// EPILOGUE-LABEL: func.func @statistics(
// EPILOGUE:       %[[R:.*]] = ternary.linear_kernel ins(
// EPILOGUE:       ternary.square_sums %[[R]] : tensor<2x97xf32> -> tensor<2x4xf32>
func.func @statistics(%x: tensor<2x64xf32>, %t: tensor<97x64x!ternary.trit>, %s: tensor<1xf32>) -> (tensor<2x97xf32>, tensor<2x4xf32>) {
  %q, %a, %c = ternary.quantize_activations %x : tensor<2x64xf32> -> tensor<2x64xi8>, tensor<2xf32>, tensor<2xi32>
  %acc = ternary.accumulate %q, %t : tensor<2x64xi8>, tensor<97x64x!ternary.trit> -> tensor<2x97xi32>
  // expected-remark @+1 {{[Missed] fuse-epilogue}}
  %d = ternary.dequantize %acc, %a, %s : tensor<2x97xi32>, tensor<2xf32>, tensor<1xf32> -> tensor<2x97xf32>
  %sums = ternary.square_sums %d : tensor<2x97xf32> -> tensor<2x4xf32>
  return %d, %sums : tensor<2x97xf32>, tensor<2x4xf32>
}

// Gates: constants are repeated in the region, a broadcast vector is passed once, as a
// vector, and elementwise ops on other operands that nothing else reads move in as well.
// CHECK-LABEL: func.func @gate(
// CHECK-SAME:    %[[X:[^:]*]]: tensor<1x?x64xf32>, {{.*}}, %[[B:[^:]*]]: tensor<64xf32>, %{{[^:]*}}: index
// CHECK:         ternary.linear_kernel ins(
// CHECK-SAME:      extras(%[[X]], %[[B]] : tensor<1x?x64xf32>, tensor<64xf32>)
// CHECK-NEXT:    ^bb0(%[[V:.*]]: f32, %[[ROW:.*]]: f32, %[[BOUND:.*]]: f32):
// CHECK-DAG:       %[[ONE:.*]] = arith.constant 1.000000e+00 : f32
// CHECK-DAG:       %[[NEGATIVE:.*]] = arith.negf %[[ROW]] : f32
// CHECK-DAG:       %[[SIGMOID:.*]] = ternary.activate {{ ?}}sigmoid %[[V]] : f32
// CHECK-DAG:       %[[REST:.*]] = arith.subf %[[ONE]], %[[BOUND]] : f32
// CHECK:           %[[SCALED:.*]] = arith.mulf %[[REST]], %[[SIGMOID]] : f32
// CHECK:           %[[GATE:.*]] = arith.addf %[[BOUND]], %[[SCALED]] : f32
// CHECK:           %[[RESULT:.*]] = arith.mulf %[[NEGATIVE]], %[[GATE]] : f32
// CHECK:           ternary.yield %[[RESULT]] : f32
// CHECK:         } -> tensor<1x?x64xf32>
// CHECK-NEXT:    return
func.func @gate(%x: tensor<1x?x64xf32>, %t: tensor<64x64x!ternary.trit>, %s: tensor<1xf32>, %b: tensor<64xf32>, %rows: index) -> tensor<1x?x64xf32> {
  %q, %a, %c = ternary.quantize_activations %x : tensor<1x?x64xf32> -> tensor<1x?x64xi8>, tensor<1x?xf32>, tensor<1x?xi32>
  %one = arith.constant 1.0 : f32
  %ones = tensor.splat %one[%rows] : tensor<1x?x64xf32>
  %empty = tensor.empty(%rows) : tensor<1x?x64xf32>
  %bound = linalg.broadcast ins(%b : tensor<64xf32>) outs(%empty : tensor<1x?x64xf32>) dimensions = [0, 1]
  %rest = arith.subf %ones, %bound : tensor<1x?x64xf32>
  %acc = ternary.accumulate %q, %t : tensor<1x?x64xi8>, tensor<64x64x!ternary.trit> -> tensor<1x?x64xi32>
  // expected-remark @+1 {{fused 6 elementwise ops"}}
  %d = ternary.dequantize %acc, %a, %s : tensor<1x?x64xi32>, tensor<1x?xf32>, tensor<1xf32> -> tensor<1x?x64xf32>
  %negative = arith.negf %x : tensor<1x?x64xf32>
  %sigmoid = ternary.activate sigmoid %d : tensor<1x?x64xf32>
  %scaled = arith.mulf %rest, %sigmoid : tensor<1x?x64xf32>
  %gate = arith.addf %bound, %scaled : tensor<1x?x64xf32>
  %y = arith.mulf %negative, %gate : tensor<1x?x64xf32>
  return %y : tensor<1x?x64xf32>
}

// An operand that something else reads too is computed outside, and passed.
// CHECK-LABEL: func.func @operand_needed_elsewhere(
// CHECK-SAME:    %[[X:[^:]*]]: tensor<2x64xf32>
// CHECK:         %[[N:.*]] = arith.negf %[[X]] : tensor<2x64xf32>
// CHECK:         %[[R:.*]] = ternary.linear_kernel {{.*}} extras(%[[N]] : tensor<2x64xf32>)
// CHECK-NEXT:    ^bb0(%[[V:.*]]: f32, %[[EXTRA:.*]]: f32):
// CHECK-NEXT:      arith.mulf %[[EXTRA]], %[[V]] : f32
// CHECK:         return %[[R]], %[[N]]
func.func @operand_needed_elsewhere(%x: tensor<2x64xf32>, %t: tensor<64x64x!ternary.trit>, %s: tensor<1xf32>) -> (tensor<2x64xf32>, tensor<2x64xf32>) {
  %q, %a, %c = ternary.quantize_activations %x : tensor<2x64xf32> -> tensor<2x64xi8>, tensor<2xf32>, tensor<2xi32>
  %acc = ternary.accumulate %q, %t : tensor<2x64xi8>, tensor<64x64x!ternary.trit> -> tensor<2x64xi32>
  // expected-remark @+1 {{fused 1 elementwise ops"}}
  %d = ternary.dequantize %acc, %a, %s : tensor<2x64xi32>, tensor<2xf32>, tensor<1xf32> -> tensor<2x64xf32>
  %n = arith.negf %x : tensor<2x64xf32>
  %y = arith.mulf %n, %d : tensor<2x64xf32>
  return %y, %n : tensor<2x64xf32>, tensor<2x64xf32>
}

// Both halves of a gated linear unit meet in one kernel: its region takes both. The
// statistics of the norm that follows stay, since a tile of such a kernel has fewer columns
// than a block of them; a remark says so.
// CHECK-LABEL: func.func @swiglu(
// CHECK-NOT:     tensor.extract_slice
// CHECK:         %[[R:.*]] = ternary.linear_kernel ins({{.*}} tensor<512x64x!ternary.trit>)
// CHECK-SAME:      outs(%{{.*}} : tensor<2x256xf32>) {
// CHECK-NEXT:    ^bb0(%[[U:.*]]: f32, %[[V:.*]]: f32):
// CHECK-NEXT:      %[[SILU:.*]] = ternary.activate {{ ?}}silu %[[U]] : f32
// CHECK-NEXT:      %[[PRODUCT:.*]] = arith.mulf %[[SILU]], %[[V]] : f32
// CHECK-NEXT:      ternary.yield %[[PRODUCT]] : f32
// CHECK-NEXT:    } -> tensor<2x256xf32>
// CHECK-NEXT:    ternary.square_sums %[[R]]
// BARE-LABEL:  func.func @swiglu(
// BARE:          ternary.linear_kernel ins({{.*}} outs(%{{.*}} : tensor<2x512xf32>) {
// BARE-NEXT:     ^bb0(%{{[^,]*}}: f32):
// BARE:          tensor.extract_slice
// BARE:          tensor.extract_slice
// BARE:          ternary.activate
func.func @swiglu(%x: tensor<2x64xf32>, %t: tensor<512x64x!ternary.trit>, %s: tensor<1xf32>) -> (tensor<2x256xf32>, tensor<2x8xf32>) {
  %q, %a, %c = ternary.quantize_activations %x : tensor<2x64xf32> -> tensor<2x64xi8>, tensor<2xf32>, tensor<2xi32>
  %acc = ternary.accumulate %q, %t : tensor<2x64xi8>, tensor<512x64x!ternary.trit> -> tensor<2x512xi32>
  // expected-remark @+1 {{[Passed] fuse-epilogue | Category:ternary | Remark="fused 2 elementwise ops over the halves of the result"}}
  %d = ternary.dequantize %acc, %a, %s : tensor<2x512xi32>, tensor<2xf32>, tensor<1xf32> -> tensor<2x512xf32>
  %v = tensor.extract_slice %d[0, 256] [2, 256] [1, 1] : tensor<2x512xf32> to tensor<2x256xf32>
  %u = tensor.extract_slice %d[0, 0] [2, 256] [1, 1] : tensor<2x512xf32> to tensor<2x256xf32>
  %silu = ternary.activate silu %u : tensor<2x256xf32>
  %y = arith.mulf %silu, %v : tensor<2x256xf32>
  // expected-remark @+1 {{[Missed] fuse-square-sums | Category:ternary | Remark="a tile of a gated linear unit has fewer columns than a block of square sums"}}
  %sums = ternary.square_sums %y : tensor<2x256xf32> -> tensor<2x8xf32>
  return %y, %sums : tensor<2x256xf32>, tensor<2x8xf32>
}

// Slices that are no halves (unequal, or one half of two) are not fused, nor is what
// follows halves of which one is needed elsewhere.
// CHECK-LABEL: func.func @no_halves(
// CHECK-COUNT-3: ternary.yield %{{.*}} : f32
// CHECK:         arith.mulf %{{.*}} : tensor<2x16xf32>
// CHECK:         arith.negf %{{.*}} : tensor<2x32xf32>
// CHECK:         arith.mulf %{{.*}} : tensor<2x32xf32>
func.func @no_halves(%x: tensor<2x64xf32>, %t: tensor<64x64x!ternary.trit>, %s: tensor<1xf32>)
    -> (tensor<2x16xf32>, tensor<2x32xf32>, tensor<2x32xf32>, tensor<2x32xf32>) {
  %q, %a, %c = ternary.quantize_activations %x : tensor<2x64xf32> -> tensor<2x64xi8>, tensor<2xf32>, tensor<2xi32>
  %acc0 = ternary.accumulate %q, %t : tensor<2x64xi8>, tensor<64x64x!ternary.trit> -> tensor<2x64xi32>
  %acc1 = ternary.accumulate %q, %t : tensor<2x64xi8>, tensor<64x64x!ternary.trit> -> tensor<2x64xi32>
  %acc2 = ternary.accumulate %q, %t : tensor<2x64xi8>, tensor<64x64x!ternary.trit> -> tensor<2x64xi32>
  // expected-remark @+1 {{[Missed] fuse-epilogue}}
  %d0 = ternary.dequantize %acc0, %a, %s : tensor<2x64xi32>, tensor<2xf32>, tensor<1xf32> -> tensor<2x64xf32>
  // expected-remark @+1 {{[Missed] fuse-epilogue}}
  %d1 = ternary.dequantize %acc1, %a, %s : tensor<2x64xi32>, tensor<2xf32>, tensor<1xf32> -> tensor<2x64xf32>
  // expected-remark @+1 {{[Missed] fuse-epilogue}}
  %d2 = ternary.dequantize %acc2, %a, %s : tensor<2x64xi32>, tensor<2xf32>, tensor<1xf32> -> tensor<2x64xf32>
  %u0 = tensor.extract_slice %d0[0, 0] [2, 16] [1, 1] : tensor<2x64xf32> to tensor<2x16xf32>
  %v0 = tensor.extract_slice %d0[0, 48] [2, 16] [1, 1] : tensor<2x64xf32> to tensor<2x16xf32>
  %y0 = arith.mulf %u0, %v0 : tensor<2x16xf32>
  %u1 = tensor.extract_slice %d1[0, 0] [2, 32] [1, 1] : tensor<2x64xf32> to tensor<2x32xf32>
  %y1 = arith.negf %u1 : tensor<2x32xf32>
  %u2 = tensor.extract_slice %d2[0, 0] [2, 32] [1, 1] : tensor<2x64xf32> to tensor<2x32xf32>
  %v2 = tensor.extract_slice %d2[0, 32] [2, 32] [1, 1] : tensor<2x64xf32> to tensor<2x32xf32>
  %y2 = arith.mulf %u2, %v2 : tensor<2x32xf32>
  return %y0, %y1, %y2, %u2 : tensor<2x16xf32>, tensor<2x32xf32>, tensor<2x32xf32>, tensor<2x32xf32>
}

// Two values of the result are needed: nothing moves in.
// CHECK-LABEL: func.func @two_values(
// CHECK:         %[[R:.*]] = ternary.linear_kernel
// CHECK-NEXT:    ^bb0(%[[V:.*]]: f32):
// CHECK-NEXT:      ternary.yield %[[V]]
// CHECK:         %[[Y:.*]] = ternary.activate {{ ?}}silu %[[R]] : tensor<2x64xf32>
// CHECK-NEXT:    return %[[R]], %[[Y]]
func.func @two_values(%x: tensor<2x64xf32>, %t: tensor<64x64x!ternary.trit>, %s: tensor<1xf32>) -> (tensor<2x64xf32>, tensor<2x64xf32>) {
  %q, %a, %c = ternary.quantize_activations %x : tensor<2x64xf32> -> tensor<2x64xi8>, tensor<2xf32>, tensor<2xi32>
  %acc = ternary.accumulate %q, %t : tensor<2x64xi8>, tensor<64x64x!ternary.trit> -> tensor<2x64xi32>
  // expected-remark @+1 {{several values of it are needed elsewhere}}
  %d = ternary.dequantize %acc, %a, %s : tensor<2x64xi32>, tensor<2xf32>, tensor<1xf32> -> tensor<2x64xf32>
  %y = ternary.activate silu %d : tensor<2x64xf32>
  return %d, %y : tensor<2x64xf32>, tensor<2x64xf32>
}

// Only as much moves in as leaves one value: the sum, which two ops read, not those.
// CHECK-LABEL: func.func @up_to_a_fork(
// CHECK-SAME:    %[[X:[^:]*]]: tensor<2x64xf32>
// CHECK:         %[[R:.*]] = ternary.linear_kernel {{.*}} extras(%[[X]] : tensor<2x64xf32>)
// CHECK-NEXT:    ^bb0(%[[V:.*]]: f32, %[[E:.*]]: f32):
// CHECK-NEXT:      %[[N:.*]] = arith.negf %[[V]] : f32
// CHECK-NEXT:      %[[SUM:.*]] = arith.addf %[[E]], %[[N]] : f32
// CHECK-NEXT:      ternary.yield %[[SUM]]
// CHECK:         %[[Y:.*]] = ternary.activate {{ ?}}silu %[[R]] : tensor<2x64xf32>
// CHECK-NEXT:    %[[Z:.*]] = math.absf %[[R]] : tensor<2x64xf32>
// CHECK-NEXT:    return %[[Y]], %[[Z]]
func.func @up_to_a_fork(%x: tensor<2x64xf32>, %t: tensor<64x64x!ternary.trit>, %s: tensor<1xf32>) -> (tensor<2x64xf32>, tensor<2x64xf32>) {
  %q, %a, %c = ternary.quantize_activations %x : tensor<2x64xf32> -> tensor<2x64xi8>, tensor<2xf32>, tensor<2xi32>
  %acc = ternary.accumulate %q, %t : tensor<2x64xi8>, tensor<64x64x!ternary.trit> -> tensor<2x64xi32>
  // expected-remark @+1 {{fused 2 elementwise ops"}}
  %d = ternary.dequantize %acc, %a, %s : tensor<2x64xi32>, tensor<2xf32>, tensor<1xf32> -> tensor<2x64xf32>
  %n = arith.negf %d : tensor<2x64xf32>
  %sum = arith.addf %x, %n : tensor<2x64xf32>
  %y = ternary.activate silu %sum : tensor<2x64xf32>
  %z = math.absf %sum : tensor<2x64xf32>
  return %y, %z : tensor<2x64xf32>, tensor<2x64xf32>
}

// The product of two kernels: the first reads what the second computes, which is moved
// before it.
// CHECK-LABEL: func.func @two_products(
// CHECK:         %[[B:.*]] = ternary.linear_kernel
// CHECK-NEXT:    ^bb0(%[[V:.*]]: f32):
// CHECK-NEXT:      ternary.yield %[[V]]
// CHECK:         %[[R:.*]] = ternary.linear_kernel {{.*}} extras(%[[B]] : tensor<2x64xf32>)
// CHECK-NEXT:    ^bb0(%[[V:.*]]: f32, %[[E:.*]]: f32):
// CHECK-NEXT:      arith.mulf %[[V]], %[[E]] : f32
// CHECK:         return %[[R]]
func.func @two_products(%x: tensor<2x64xf32>, %t: tensor<64x64x!ternary.trit>, %u: tensor<64x64x!ternary.trit>, %s: tensor<1xf32>) -> tensor<2x64xf32> {
  %q, %a, %c = ternary.quantize_activations %x : tensor<2x64xf32> -> tensor<2x64xi8>, tensor<2xf32>, tensor<2xi32>
  %acc0 = ternary.accumulate %q, %t : tensor<2x64xi8>, tensor<64x64x!ternary.trit> -> tensor<2x64xi32>
  // expected-remark @+1 {{fused 1 elementwise ops"}}
  %d0 = ternary.dequantize %acc0, %a, %s : tensor<2x64xi32>, tensor<2xf32>, tensor<1xf32> -> tensor<2x64xf32>
  %acc1 = ternary.accumulate %q, %u : tensor<2x64xi8>, tensor<64x64x!ternary.trit> -> tensor<2x64xi32>
  // expected-remark @+1 {{[Missed] fuse-epilogue}}
  %d1 = ternary.dequantize %acc1, %a, %s : tensor<2x64xi32>, tensor<2xf32>, tensor<1xf32> -> tensor<2x64xf32>
  %y = arith.mulf %d0, %d1 : tensor<2x64xf32>
  return %y : tensor<2x64xf32>
}

// What is read and written in bf16 is converted in the kernel, which takes no statistics of it:
// those are of the rounded values.
// CHECK-LABEL: func.func @narrow(
// CHECK-SAME:    %{{[^:]*}}: tensor<1x?x64xf32>, %[[X:[^:]*]]: tensor<1x?x64xbf16>,
// CHECK:         %[[R:.*]] = ternary.linear_kernel ins(
// CHECK-SAME:      extras(%[[X]] : tensor<1x?x64xbf16>) outs(%{{.*}} : tensor<1x?x64xbf16>) {
// CHECK-NEXT:    ^bb0(%[[V:.*]]: f32, %[[NARROW:.*]]: bf16):
// CHECK-NEXT:      %[[WIDE:.*]] = arith.extf %[[NARROW]] : bf16 to f32
// CHECK-NEXT:      %[[SUM:.*]] = arith.addf %[[WIDE]], %[[V]] : f32
// CHECK-NEXT:      %[[ROUNDED:.*]] = arith.truncf %[[SUM]] : f32 to bf16
// CHECK-NEXT:      ternary.yield %[[ROUNDED]] : bf16
// CHECK-NEXT:    } -> tensor<1x?x64xbf16>
// CHECK-NEXT:    %[[AGAIN:.*]] = arith.extf %[[R]] : tensor<1x?x64xbf16> to tensor<1x?x64xf32>
// CHECK-NEXT:    ternary.square_sums %[[AGAIN]]
func.func @narrow(%y: tensor<1x?x64xf32>, %x: tensor<1x?x64xbf16>, %t: tensor<64x64x!ternary.trit>, %s: tensor<64xf32>) -> (tensor<1x?x64xbf16>, tensor<1x?x2xf32>) {
  %q, %a, %c = ternary.quantize_activations %y : tensor<1x?x64xf32> -> tensor<1x?x64xi8>, tensor<1x?xf32>, tensor<1x?xi32>
  %acc = ternary.accumulate %q, %t : tensor<1x?x64xi8>, tensor<64x64x!ternary.trit> -> tensor<1x?x64xi32>
  // expected-remark @+1 {{fused 3 elementwise ops"}}
  %d = ternary.dequantize %acc, %a, %s : tensor<1x?x64xi32>, tensor<1x?xf32>, tensor<64xf32> -> tensor<1x?x64xf32>
  %wide = arith.extf %x : tensor<1x?x64xbf16> to tensor<1x?x64xf32>
  %sum = arith.addf %wide, %d : tensor<1x?x64xf32>
  %rounded = arith.truncf %sum : tensor<1x?x64xf32> to tensor<1x?x64xbf16>
  %again = arith.extf %rounded : tensor<1x?x64xbf16> to tensor<1x?x64xf32>
  %sums = ternary.square_sums %again : tensor<1x?x64xf32> -> tensor<1x?x2xf32>
  return %rounded, %sums : tensor<1x?x64xbf16>, tensor<1x?x2xf32>
}

// Floats are read as they are.
// CHECK-LABEL: func.func @floats(
// CHECK-SAME:    %[[X:[^:]*]]: tensor<2x64xf32>, %[[T:[^:]*]]: tensor<97x64x!ternary.trit>, %[[S:[^:]*]]: tensor<97xf32>)
// CHECK-NEXT:    %[[E:.*]] = tensor.empty() : tensor<2x97xf32>
// CHECK-NEXT:    ternary.linear_kernel ins(%[[X]], %[[T]] : tensor<2x64xf32>, tensor<97x64x!ternary.trit>)
// CHECK-SAME:      scales(%[[S]] : tensor<97xf32>) outs(%[[E]] : tensor<2x97xf32>) {
func.func @floats(%x: tensor<2x64xf32>, %t: tensor<97x64x!ternary.trit>, %s: tensor<97xf32>) -> tensor<2x97xf32> {
  %acc = ternary.accumulate %x, %t : tensor<2x64xf32>, tensor<97x64x!ternary.trit> -> tensor<2x97xf32>
  // expected-remark @+1 {{[Missed] fuse-epilogue | Category:ternary | Remark="no elementwise op fused: what follows is no elementwise op, or several values of it are needed elsewhere"}}
  %d = ternary.dequantize %acc, %s : tensor<2x97xf32>, tensor<97xf32> -> tensor<2x97xf32>
  return %d : tensor<2x97xf32>
}

// In a loop, constants from outside of it are repeated in the kernel, and values from outside are
// its extras, though nothing else reads them.
// CHECK-LABEL: func.func @in_a_loop(
// CHECK:         %[[Z:.*]] = arith.negf
// CHECK:         scf.for
// CHECK:           ternary.linear_kernel {{.*}} extras(%[[Z]] : tensor<2x16xf32>)
// CHECK-NEXT:      ^bb0(%[[V:.*]]: f32, %[[EXTRA:.*]]: f32):
// CHECK-NEXT:        %[[HALF:.*]] = arith.constant 5.000000e-01 : f32
// CHECK-NEXT:        %[[A:.*]] = arith.mulf %[[V]], %[[HALF]] : f32
// CHECK-NEXT:        %[[B:.*]] = arith.addf %[[A]], %[[EXTRA]] : f32
// CHECK-NEXT:        ternary.yield %[[B]] : f32
func.func @in_a_loop(%n: index, %q: tensor<2x64xf32>, %t: tensor<16x64x!ternary.trit>, %s: tensor<1xf32>, %y: tensor<2x16xf32>) -> tensor<2x16xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %z = arith.negf %y : tensor<2x16xf32>
  %half = arith.constant dense<0.5> : tensor<2x16xf32>
  %0 = scf.for %i = %c0 to %n step %c1 iter_args(%x = %y) -> tensor<2x16xf32> {
    %acc = ternary.accumulate %q, %t : tensor<2x64xf32>, tensor<16x64x!ternary.trit> -> tensor<2x16xf32>
    // expected-remark @+1 {{fused 2 elementwise ops}}
    %d = ternary.dequantize %acc, %s : tensor<2x16xf32>, tensor<1xf32> -> tensor<2x16xf32>
    %a = arith.mulf %d, %half : tensor<2x16xf32>
    %b = arith.addf %a, %z : tensor<2x16xf32>
    scf.yield %b : tensor<2x16xf32>
  }
  return %0 : tensor<2x16xf32>
}
