// RUN: ternary-opt %s -ternary-differentiate -split-input-file | FileCheck %s
// RUN: ternary-opt %s -ternary-differentiate -canonicalize -cse -split-input-file | FileCheck %s --check-prefix=CLEAN

// A branch returns the gradient of what it reads, the other one zeros or what was summed up
// before. Branches are computed again, as far as their gradients read it: here not the sum.
// CHECK-LABEL: func.func @gradient(
// CHECK-SAME:    %[[C:[^:]*]]: i1, %[[A:[^:]*]]: tensor<f32> {ternary.parameter = "a"}, %[[B:[^:]*]]: tensor<f32> {ternary.parameter = "b"},
// CHECK-SAME:    %[[SEED:[^:]*]]: tensor<f32> {ternary.role = #ternary.role<seed>}, %[[SUM_A:[^:]*]]: tensor<f32> {ternary.gradient = "a"}, %[[SUM_B:[^:]*]]: tensor<f32> {ternary.gradient = "b"})
// CHECK:         %[[Y:.*]] = scf.if %[[C]] -> (tensor<f32>)
// CHECK:         %[[L:.*]] = arith.mulf %[[Y]], %[[A]]
// CHECK-NEXT:    %[[DY:.*]] = arith.mulf %[[SEED]], %[[A]]
// CHECK-NEXT:    %[[DA:.*]] = arith.mulf %[[SEED]], %[[Y]]
// CHECK-NEXT:    %[[D:.*]]:2 = scf.if %[[C]] -> (tensor<f32>, tensor<f32>) {
// CHECK-NEXT:      %[[TIMES_B:.*]] = arith.mulf %[[DY]], %[[B]]
// CHECK-NEXT:      %[[DA_THEN:.*]] = arith.addf %[[DA]], %[[TIMES_B]]
// CHECK-NEXT:      %[[TIMES_A:.*]] = arith.mulf %[[DY]], %[[A]]
// CHECK-NEXT:      scf.yield %[[DA_THEN]], %[[TIMES_A]]
// CHECK-NEXT:    } else {
// CHECK-NEXT:      %[[DA_ELSE:.*]] = arith.addf %[[DA]], %[[DY]]
// CHECK-NEXT:      %[[C0:.*]] = arith.constant 0.000000e+00 : f32
// CHECK-NEXT:      %[[ZERO:.*]] = tensor.splat %[[C0]] : tensor<f32>
// CHECK-NEXT:      scf.yield %[[DA_ELSE]], %[[ZERO]]
// CHECK-NEXT:    }
// CHECK-NEXT:    %[[RESULT_A:.*]] = arith.addf %[[SUM_A]], %[[D]]#0
// CHECK-NEXT:    %[[RESULT_B:.*]] = arith.addf %[[SUM_B]], %[[D]]#1
// CHECK-NEXT:    return %[[L]], %[[RESULT_A]], %[[RESULT_B]]
// CLEAN-LABEL: func.func @gradient(
func.func @loss(%c: i1, %a: tensor<f32> {ternary.parameter = "a"}, %b: tensor<f32> {ternary.parameter = "b"})
    -> (tensor<f32> {ternary.role = #ternary.role<loss>}) attributes {ternary.step = #ternary.step<loss>} {
  %y = scf.if %c -> (tensor<f32>) {
    %0 = arith.mulf %a, %b : tensor<f32>
    scf.yield %0 : tensor<f32>
  } else {
    %0 = arith.addf %a, %a : tensor<f32>
    %1 = arith.subf %0, %a : tensor<f32>
    scf.yield %a : tensor<f32>
  }
  %l = arith.mulf %y, %a : tensor<f32>
  return %l : tensor<f32>
}

// -----

// The loop keeps what its iterations start from; the gradient is a loop from the last one to
// the first, which computes them again and carries the sum of what comes from outside. A
// counter goes on as it was.
// CHECK-LABEL: func.func @gradient(
// CHECK-SAME:    %[[X:[^:]*]]: tensor<2x3xf32> {ternary.parameter = "x"}, %[[W:[^:]*]]: tensor<2x3xf32> {ternary.parameter = "w"}, %[[T:[^:]*]]: tensor<2xi32>,
// CHECK:         arith.constant 1 : i32
// CHECK-NEXT:    %[[N:.*]] = arith.constant 4 : index
// CHECK-NEXT:    %[[EMPTY:.*]] = tensor.empty() : tensor<4x2x3xf32>
// CHECK-NEXT:    %[[Y:.*]]:3 = scf.for %[[I:.*]] = %{{.*}} to %{{.*}} step %{{.*}} iter_args(%[[XI:.*]] = %[[X]], %[[K:.*]] = %{{.*}}, %[[TAPE:.*]] = %[[EMPTY]]) -> (tensor<2x3xf32>, i32, tensor<4x2x3xf32>) {
// CHECK:           %[[KEPT:.*]] = tensor.insert_slice %[[XI]] into %[[TAPE]][%{{.*}}, 0, 0] [1, 2, 3] [1, 1, 1] : tensor<2x3xf32> into tensor<4x2x3xf32>
// CHECK-NEXT:      %[[PRODUCT:.*]] = arith.mulf %[[XI]], %[[W]]
// CHECK-NEXT:      %[[NEXT:.*]] = math.exp %[[PRODUCT]]
// CHECK-NEXT:      %[[COUNT:.*]] = arith.addi %[[K]]
// CHECK-NEXT:      scf.yield %[[NEXT]], %[[COUNT]], %[[KEPT]]
// CHECK:         %[[DY:.*]] = ternary.cross_entropy_backward
// CHECK:         %[[LAST:.*]] = arith.subi %[[N]], %{{.*}}
// CHECK:         %[[D:.*]]:2 = scf.for %[[J:.*]] = %{{.*}} to %[[N]] step %{{.*}} iter_args(%[[DXI:.*]] = %[[DY]], %[[DW:.*]] = %{{.*}}) -> (tensor<2x3xf32>, tensor<2x3xf32>) {
// CHECK-NEXT:      %[[I:.*]] = arith.subi %[[LAST]], %[[J]]
// CHECK-NEXT:      %[[XI:.*]] = tensor.extract_slice %[[Y]]#2[%[[I]], 0, 0] [1, 2, 3] [1, 1, 1] : tensor<4x2x3xf32> to tensor<2x3xf32>
// CHECK-NEXT:      %[[PRODUCT:.*]] = arith.mulf %[[XI]], %[[W]]
// CHECK-NEXT:      %[[NEXT:.*]] = math.exp %[[PRODUCT]]
// CHECK-NEXT:      %[[DPRODUCT:.*]] = arith.mulf %[[DXI]], %[[NEXT]]
// CHECK-NEXT:      %[[DX:.*]] = arith.mulf %[[DPRODUCT]], %[[W]]
// CHECK-NEXT:      %[[DWI:.*]] = arith.mulf %[[DPRODUCT]], %[[XI]]
// CHECK-NEXT:      %[[SUM:.*]] = arith.addf %[[DW]], %[[DWI]]
// CHECK-NEXT:      scf.yield %[[DX]], %[[SUM]]
// CHECK-NEXT:    }
// CHECK-NEXT:    arith.addf %{{.*}}, %[[D]]#0
// CHECK-NEXT:    arith.addf %{{.*}}, %[[D]]#1
// CLEAN-LABEL: func.func @gradient(
// CLEAN:         scf.for %[[I:.*]] = %c0 to %c4 step %c1
// CLEAN-NEXT:      tensor.insert_slice %{{.*}} into %{{.*}}[%[[I]], 0, 0]
// CLEAN:         scf.for %[[J:.*]] = %c0 to %c4 step %c1
// CLEAN-NEXT:      arith.subi %c3, %[[J]]
func.func @loss(%x: tensor<2x3xf32> {ternary.parameter = "x"}, %w: tensor<2x3xf32> {ternary.parameter = "w"}, %t: tensor<2xi32>)
    -> (tensor<f32> {ternary.role = #ternary.role<loss>}) attributes {ternary.step = #ternary.step<loss>} {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c4 = arith.constant 4 : index
  %one = arith.constant 1 : i32
  %y:2 = scf.for %i = %c0 to %c4 step %c1 iter_args(%xi = %x, %k = %one) -> (tensor<2x3xf32>, i32) {
    %0 = arith.mulf %xi, %w : tensor<2x3xf32>
    %1 = math.exp %0 : tensor<2x3xf32>
    %2 = arith.addi %k, %one : i32
    scf.yield %1, %2 : tensor<2x3xf32>, i32
  }
  %l = ternary.cross_entropy %y#0, %t : tensor<2x3xf32>, tensor<2xi32> -> tensor<f32>
  return %l : tensor<f32>
}

// -----

// A linear loop keeps nothing. Numbers are carried like tensors, and a slice of what comes from
// outside adds to the sum in its place. The trip count is that of the loop: none if it is not
// entered. The induction variable is computed again.
// CHECK-LABEL: func.func @gradient(
// CHECK-SAME:    %[[X:[^:]*]]: tensor<8xf32> {ternary.parameter = "x"}, %[[FROM:[^:]*]]: i32, %[[TO:[^:]*]]: i32,
// CHECK:         %[[C2:.*]] = arith.constant 2 : i32
// CHECK:         %[[C0:.*]] = arith.constant 0 : i32
// CHECK-NEXT:    %[[C1:.*]] = arith.constant 1 : i32
// CHECK-NEXT:    %[[DISTANCE:.*]] = arith.subi %[[TO]], %[[FROM]]
// CHECK-NEXT:    %[[TO_LAST:.*]] = arith.subi %[[DISTANCE]], %[[C1]]
// CHECK-NEXT:    %[[LAST:.*]] = arith.divui %[[TO_LAST]], %[[C2]]
// CHECK-NEXT:    %[[COUNT:.*]] = arith.addi %[[LAST]], %[[C1]]
// CHECK-NEXT:    %[[ENTERED:.*]] = arith.cmpi slt, %[[FROM]], %[[TO]]
// CHECK-NEXT:    %[[SELECTED:.*]] = arith.select %[[ENTERED]], %[[COUNT]], %[[C0]]
// CHECK-NEXT:    %[[N:.*]] = arith.index_castui %[[SELECTED]] : i32 to index
// CHECK-NEXT:    %[[Y:.*]] = scf.for %{{.*}} = %[[FROM]] to %[[TO]] step %[[C2]] iter_args(%{{.*}} = %{{.*}}) -> (f32) : i32 {
// CHECK:         %[[DY:.*]] = tensor.extract %{{.*}}[] : tensor<f32>
// CHECK:         %[[D:.*]]:2 = scf.for %{{.*}} = %{{.*}} to %[[N]] step %{{.*}} iter_args(%[[DS:.*]] = %[[DY]], %[[DX:.*]] = %{{.*}}) -> (f32, tensor<8xf32>) {
// CHECK-NEXT:      %[[ITERATION:.*]] = arith.subi
// CHECK-NEXT:      %[[NUMBER:.*]] = arith.index_castui %[[ITERATION]] : index to i32
// CHECK-NEXT:      %[[OFFSET:.*]] = arith.muli %[[NUMBER]], %[[C2]]
// CHECK-NEXT:      %[[I:.*]] = arith.addi %[[FROM]], %[[OFFSET]]
// CHECK-NEXT:      %[[INDEX:.*]] = arith.index_cast %[[I]] : i32 to index
// CHECK-NEXT:      %[[PART:.*]] = tensor.extract %[[DX]][%[[INDEX]]]
// CHECK-NEXT:      %[[SUM:.*]] = arith.addf %[[PART]], %[[DS]]
// CHECK-NEXT:      %[[INSERTED:.*]] = tensor.insert %[[SUM]] into %[[DX]][%[[INDEX]]]
// CHECK-NEXT:      scf.yield %[[DS]], %[[INSERTED]]
// CLEAN-LABEL: func.func @gradient(
// CLEAN:         scf.for %{{.*}} iter_args(%{{.*}}) -> (f32)
// CLEAN:         scf.for %{{.*}} iter_args(%{{.*}}) -> (tensor<8xf32>)
func.func @loss(%x: tensor<8xf32> {ternary.parameter = "x"}, %from: i32, %to: i32, %e: tensor<f32>)
    -> (tensor<f32> {ternary.role = #ternary.role<loss>}) attributes {ternary.step = #ternary.step<loss>} {
  %zero = arith.constant 0.0 : f32
  %two = arith.constant 2 : i32
  %y = scf.for %i = %from to %to step %two iter_args(%s = %zero) -> (f32) : i32 {
    %k = arith.index_cast %i : i32 to index
    %xi = tensor.extract %x[%k] : tensor<8xf32>
    %0 = arith.addf %s, %xi : f32
    scf.yield %0 : f32
  }
  %l = tensor.insert %y into %e[] : tensor<f32>
  return %l : tensor<f32>
}

// -----

// Sizes that are known at run time: a tape of as many values of these sizes.
// CHECK-LABEL: func.func @gradient(
// CHECK:         %[[N:.*]] = arith.select
// CHECK:         %[[SIZE:.*]] = tensor.dim %[[X:.*]], %{{.*}} : tensor<?x4xf32>
// CHECK-NEXT:    %[[EMPTY:.*]] = tensor.empty(%[[N]], %[[SIZE]]) : tensor<?x?x4xf32>
// CHECK-NEXT:    %[[Y:.*]]:2 = scf.for %{{.*}} = %{{.*}} to %{{.*}} step %{{.*}} iter_args(%[[XI:.*]] = %[[X]], %[[TAPE:.*]] = %[[EMPTY]])
// CHECK:           tensor.insert_slice %[[XI]] into %[[TAPE]]
// CHECK:         scf.for %{{.*}} = %{{.*}} to %[[N]]
// CHECK:           tensor.extract_slice %[[Y]]#1
// CLEAN-LABEL: func.func @gradient(
func.func @loss(%ids: tensor<?xi32> {ternary.role = #ternary.role<ids>}, %table: tensor<9x4xf32> {ternary.parameter = "table"}, %g: tensor<4xf32> {ternary.parameter = "g"}, %w: tensor<4x4xf32> {ternary.parameter = "w"}, %n: index)
    -> (tensor<f32> {ternary.role = #ternary.role<loss>}) attributes {ternary.step = #ternary.step<loss>} {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %x = ternary.embedding %ids, %table : tensor<?xi32>, tensor<9x4xf32> -> tensor<?x4xf32>
  %y = scf.for %i = %c0 to %n step %c1 iter_args(%xi = %x) -> (tensor<?x4xf32>) {
    %isFirst = arith.cmpi eq, %i, %c0 : index
    %0 = scf.if %isFirst -> (tensor<?x4xf32>) {
      %1 = ternary.rms_norm %xi, %g {epsilon = 1.0e-6 : f32} : tensor<?x4xf32>, tensor<4xf32>
      scf.yield %1 : tensor<?x4xf32>
    } else {
      %1 = ternary.bit_linear %xi, %w : tensor<?x4xf32>, tensor<4x4xf32> -> tensor<?x4xf32>
      %2 = scf.for %j = %c0 to %i step %c1 iter_args(%z = %1) -> (tensor<?x4xf32>) {
        %3 = arith.negf %z : tensor<?x4xf32>
        scf.yield %3 : tensor<?x4xf32>
      }
      scf.yield %2 : tensor<?x4xf32>
    }
    scf.yield %0 : tensor<?x4xf32>
  }
  %l = ternary.cross_entropy %y, %ids : tensor<?x4xf32>, tensor<?xi32> -> tensor<f32>
  return %l : tensor<f32>
}

// -----

// A loop and a condition that the gradient does not go through stay as they are, whatever is in
// them; so does what a loop carries beside it, though it depends on the parameter.
// CHECK-LABEL: func.func @gradient(
// CHECK:         %[[N:.*]] = scf.for
// CHECK:           scf.if
// CHECK:             arith.muli
// CHECK:         %[[Y:.*]]:2 = scf.for %{{.*}} iter_args(%{{.*}}, %{{.*}}) -> (tensor<f32>, tensor<f32>) {
// CHECK-NEXT:      arith.addf
// CHECK-NEXT:      math.sin
// CHECK-NEXT:      scf.yield
// CHECK:         scf.for %{{.*}} iter_args(%[[DY:.*]] = %{{.*}}, %[[DX:.*]] = %{{.*}}) -> (tensor<f32>, tensor<f32>) {
// CHECK-NOT:       math.sin
// CHECK:         return
// CHECK-NOT:     scf
// CLEAN-LABEL: func.func @gradient(
func.func @loss(%x: tensor<f32> {ternary.parameter = "x"}, %n: index)
    -> (tensor<f32> {ternary.role = #ternary.role<loss>}) attributes {ternary.step = #ternary.step<loss>} {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %m = scf.for %i = %c0 to %n step %c1 iter_args(%k = %c1) -> (index) {
    %isFirst = arith.cmpi eq, %i, %c0 : index
    %0 = scf.if %isFirst -> (index) {
      %1 = arith.muli %k, %n : index
      scf.yield %1 : index
    } else {
      %1 = arith.remui %k, %n : index
      scf.yield %1 : index
    }
    scf.yield %0 : index
  }
  %y:2 = scf.for %i = %c0 to %m step %c1 iter_args(%a = %x, %b = %x) -> (tensor<f32>, tensor<f32>) {
    %0 = arith.addf %a, %x : tensor<f32>
    %1 = math.sin %b : tensor<f32>
    scf.yield %0, %1 : tensor<f32>, tensor<f32>
  }
  return %y#0 : tensor<f32>
}

// -----

// The sums of elements: where they were chosen, inserted, read.
// CHECK-LABEL: func.func @gradient(
// CHECK-SAME:    %[[C:[^:]*]]: i1
// CHECK-SAME:    %[[SEED:[^:]*]]: tensor<f32> {ternary.role = #ternary.role<seed>}
// CHECK:         %[[DS:.*]] = tensor.extract %[[SEED]][] : tensor<f32>
// CHECK-NEXT:    %[[ZERO:.*]] = arith.constant 0.000000e+00 : f32
// CHECK-NEXT:    %[[D1:.*]] = arith.select %[[C]], %[[DS]], %[[ZERO]] : f32
// CHECK-NEXT:    %[[D2:.*]] = arith.select %[[C]], %[[ZERO]], %[[DS]] : f32
// CHECK:         %[[INTO:.*]] = tensor.insert %[[D2]] into %{{.*}}[%[[AT:.*]]] : tensor<4xf32>
// CHECK-NEXT:    %[[PART:.*]] = tensor.extract %[[INTO]][%[[THERE:.*]]] : tensor<4xf32>
// CHECK-NEXT:    %[[SUM:.*]] = arith.addf %[[PART]], %[[D1]] : f32
// CHECK-NEXT:    tensor.insert %[[SUM]] into %[[INTO]][%[[THERE]]] : tensor<4xf32>
// CLEAN-LABEL: func.func @gradient(
func.func @loss(%c: i1, %x: tensor<4xf32> {ternary.parameter = "x"}, %e: tensor<f32>)
    -> (tensor<f32> {ternary.role = #ternary.role<loss>}) attributes {ternary.step = #ternary.step<loss>} {
  %c1 = arith.constant 1 : index
  %c3 = arith.constant 3 : index
  %1 = tensor.extract %x[%c1] : tensor<4xf32>
  %3 = tensor.extract %x[%c3] : tensor<4xf32>
  %s = arith.select %c, %1, %3 : f32
  %l = tensor.insert %s into %e[] : tensor<f32>
  return %l : tensor<f32>
}

// -----

// What a loop starts from and reads in every iteration gets the sum of both. In f64, like any
// float.
// CHECK-LABEL: func.func @gradient(
// CHECK-SAME:    %[[X:[^:]*]]: tensor<f64> {ternary.parameter = "x"}
// CHECK-SAME:    %[[SEED:[^:]*]]: tensor<f64> {ternary.role = #ternary.role<seed>}, %[[SUM:[^:]*]]: tensor<f64> {ternary.gradient = "x"})
// CHECK:         %[[D:.*]]:2 = scf.for %{{.*}} iter_args(%[[DA:.*]] = %[[SEED]], %[[DX:.*]] = %{{.*}}) -> (tensor<f64>, tensor<f64>) {
// CHECK-NEXT:      %[[NEXT:.*]] = arith.addf %[[DX]], %[[DA]]
// CHECK-NEXT:      scf.yield %[[DA]], %[[NEXT]]
// CHECK-NEXT:    }
// CHECK-NEXT:    %[[BOTH:.*]] = arith.addf %[[D]]#1, %[[D]]#0
// CHECK-NEXT:    %[[RESULT:.*]] = arith.addf %[[SUM]], %[[BOTH]]
// CHECK-NEXT:    return %{{.*}}, %[[RESULT]]
// CLEAN-LABEL: func.func @gradient(
func.func @loss(%x: tensor<f64> {ternary.parameter = "x"}, %n: index)
    -> (tensor<f64> {ternary.role = #ternary.role<loss>}) attributes {ternary.step = #ternary.step<loss>} {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %y = scf.for %i = %c0 to %n step %c1 iter_args(%a = %x) -> (tensor<f64>) {
    %0 = arith.addf %a, %x : tensor<f64>
    scf.yield %0 : tensor<f64>
  }
  return %y : tensor<f64>
}
