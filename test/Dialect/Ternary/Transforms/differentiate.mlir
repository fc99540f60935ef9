// RUN: ternary-opt %s -ternary-differentiate -split-input-file | FileCheck %s

// The gradient stands next to the loss, which stays as it is; it returns the loss too. The
// seed is what the loss's own gradient is, and what was summed up before is added to in
// arguments of the parameters' names.
// CHECK-LABEL: func.func @loss(
// CHECK-SAME:    %[[A:[^:]*]]: tensor<f32> {ternary.parameter = "a"}, %[[B:[^:]*]]: tensor<f32> {ternary.parameter = "b"}) -> (tensor<f32> {ternary.role = #ternary.role<loss>})
// CHECK-SAME:    attributes {ternary.step = #ternary.step<loss>} {
// CHECK-NEXT:    %[[L:.*]] = arith.addf %[[A]], %[[B]] : tensor<f32>
// CHECK-NEXT:    return %[[L]] : tensor<f32>
// CHECK-LABEL: func.func @gradient(
// CHECK-SAME:    %[[A:[^:]*]]: tensor<f32> {ternary.parameter = "a"}, %[[B:[^:]*]]: tensor<f32> {ternary.parameter = "b"},
// CHECK-SAME:    %[[SEED:[^:]*]]: tensor<f32> {ternary.role = #ternary.role<seed>},
// CHECK-SAME:    %[[SUM_A:[^:]*]]: tensor<f32> {ternary.gradient = "a"}, %[[SUM_B:[^:]*]]: tensor<f32> {ternary.gradient = "b"})
// CHECK-SAME:    -> (tensor<f32> {ternary.role = #ternary.role<loss>}, tensor<f32> {ternary.gradient = "a"}, tensor<f32> {ternary.gradient = "b"})
// CHECK-SAME:    attributes {ternary.step = #ternary.step<gradient>} {
// CHECK-NEXT:    %[[L:.*]] = arith.addf %[[A]], %[[B]] : tensor<f32>
// CHECK-NEXT:    %[[DA:.*]] = arith.addf %[[SUM_A]], %[[SEED]] : tensor<f32>
// CHECK-NEXT:    %[[DB:.*]] = arith.addf %[[SUM_B]], %[[SEED]] : tensor<f32>
// CHECK-NEXT:    return %[[L]], %[[DA]], %[[DB]] : tensor<f32>, tensor<f32>, tensor<f32>
func.func @loss(%a: tensor<f32> {ternary.parameter = "a"}, %b: tensor<f32> {ternary.parameter = "b"})
    -> (tensor<f32> {ternary.role = #ternary.role<loss>}) attributes {ternary.step = #ternary.step<loss>} {
  %l = arith.addf %a, %b : tensor<f32>
  return %l : tensor<f32>
}

// -----

// What is subtracted gets the negative.
// CHECK-LABEL: func.func @gradient(
// CHECK-SAME:    %{{[^:]*}}: tensor<f32> {ternary.parameter = "a"}, %{{[^:]*}}: tensor<f32> {ternary.parameter = "b"}, %[[SEED:[^:]*]]: tensor<f32> {ternary.role = #ternary.role<seed>},
// CHECK-SAME:    %[[SUM_A:[^:]*]]: tensor<f32> {ternary.gradient = "a"}, %[[SUM_B:[^:]*]]: tensor<f32> {ternary.gradient = "b"})
// CHECK:         %[[L:.*]] = arith.subf
// CHECK-NEXT:    %[[NEGATIVE:.*]] = arith.negf %[[SEED]] : tensor<f32>
// CHECK-NEXT:    %[[DA:.*]] = arith.addf %[[SUM_A]], %[[SEED]]
// CHECK-NEXT:    %[[DB:.*]] = arith.addf %[[SUM_B]], %[[NEGATIVE]]
// CHECK-NEXT:    return %[[L]], %[[DA]], %[[DB]]
func.func @loss(%a: tensor<f32> {ternary.parameter = "a"}, %b: tensor<f32> {ternary.parameter = "b"})
    -> (tensor<f32> {ternary.role = #ternary.role<loss>}) attributes {ternary.step = #ternary.step<loss>} {
  %l = arith.subf %a, %b : tensor<f32>
  return %l : tensor<f32>
}

// -----

// A factor's gradient is the other factor.
// CHECK-LABEL: func.func @gradient(
// CHECK-SAME:    %[[A:[^:]*]]: tensor<f32> {ternary.parameter = "a"}, %[[B:[^:]*]]: tensor<f32> {ternary.parameter = "b"}, %[[SEED:[^:]*]]: tensor<f32> {ternary.role = #ternary.role<seed>},
// CHECK-SAME:    %[[SUM_A:[^:]*]]: tensor<f32> {ternary.gradient = "a"}, %[[SUM_B:[^:]*]]: tensor<f32> {ternary.gradient = "b"})
// CHECK:         %[[L:.*]] = arith.mulf %[[A]], %[[B]]
// CHECK-NEXT:    %[[TIMES_B:.*]] = arith.mulf %[[SEED]], %[[B]] : tensor<f32>
// CHECK-NEXT:    %[[TIMES_A:.*]] = arith.mulf %[[SEED]], %[[A]] : tensor<f32>
// CHECK-NEXT:    %[[DA:.*]] = arith.addf %[[SUM_A]], %[[TIMES_B]]
// CHECK-NEXT:    %[[DB:.*]] = arith.addf %[[SUM_B]], %[[TIMES_A]]
// CHECK-NEXT:    return %[[L]], %[[DA]], %[[DB]]
func.func @loss(%a: tensor<f32> {ternary.parameter = "a"}, %b: tensor<f32> {ternary.parameter = "b"})
    -> (tensor<f32> {ternary.role = #ternary.role<loss>}) attributes {ternary.step = #ternary.step<loss>} {
  %l = arith.mulf %a, %b : tensor<f32>
  return %l : tensor<f32>
}

// -----

// (a / b)' = a' / b - (a / b) · b' / b.
// CHECK-LABEL: func.func @gradient(
// CHECK-SAME:    %[[A:[^:]*]]: tensor<f32> {ternary.parameter = "a"}, %[[B:[^:]*]]: tensor<f32> {ternary.parameter = "b"}, %[[SEED:[^:]*]]: tensor<f32> {ternary.role = #ternary.role<seed>},
// CHECK-SAME:    %[[SUM_A:[^:]*]]: tensor<f32> {ternary.gradient = "a"}, %[[SUM_B:[^:]*]]: tensor<f32> {ternary.gradient = "b"})
// CHECK:         %[[L:.*]] = arith.divf %[[A]], %[[B]]
// CHECK-NEXT:    %[[QUOTIENT:.*]] = arith.divf %[[SEED]], %[[B]] : tensor<f32>
// CHECK-NEXT:    %[[PRODUCT:.*]] = arith.mulf %[[QUOTIENT]], %[[L]] : tensor<f32>
// CHECK-NEXT:    %[[NEGATIVE:.*]] = arith.negf %[[PRODUCT]] : tensor<f32>
// CHECK-NEXT:    %[[DA:.*]] = arith.addf %[[SUM_A]], %[[QUOTIENT]]
// CHECK-NEXT:    %[[DB:.*]] = arith.addf %[[SUM_B]], %[[NEGATIVE]]
// CHECK-NEXT:    return %[[L]], %[[DA]], %[[DB]]
func.func @loss(%a: tensor<f32> {ternary.parameter = "a"}, %b: tensor<f32> {ternary.parameter = "b"})
    -> (tensor<f32> {ternary.role = #ternary.role<loss>}) attributes {ternary.step = #ternary.step<loss>} {
  %l = arith.divf %a, %b : tensor<f32>
  return %l : tensor<f32>
}

// -----

// The chain rule, from the last op to the first: sqrt' = 1 / (2 sqrt), exp' = exp.
// CHECK-LABEL: func.func @gradient(
// CHECK-SAME:    %[[A:[^:]*]]: tensor<f32> {ternary.parameter = "a"}, %[[SEED:[^:]*]]: tensor<f32> {ternary.role = #ternary.role<seed>}, %[[SUM:[^:]*]]: tensor<f32> {ternary.gradient = "a"})
// CHECK-NEXT:    %[[NEGATIVE:.*]] = arith.negf %[[A]]
// CHECK-NEXT:    %[[EXP:.*]] = math.exp %[[NEGATIVE]]
// CHECK-NEXT:    %[[L:.*]] = math.sqrt %[[EXP]]
// CHECK-NEXT:    %[[HALF:.*]] = arith.constant 5.000000e-01 : f32
// CHECK-NEXT:    %[[SPLAT:.*]] = tensor.splat %[[HALF]] : tensor<f32>
// CHECK-NEXT:    %[[HALVED:.*]] = arith.mulf %[[SEED]], %[[SPLAT]] : tensor<f32>
// CHECK-NEXT:    %[[DEXP:.*]] = arith.divf %[[HALVED]], %[[L]] : tensor<f32>
// CHECK-NEXT:    %[[DNEGATIVE:.*]] = arith.mulf %[[DEXP]], %[[EXP]] : tensor<f32>
// CHECK-NEXT:    %[[DA:.*]] = arith.negf %[[DNEGATIVE]] : tensor<f32>
// CHECK-NEXT:    %[[RESULT:.*]] = arith.addf %[[SUM]], %[[DA]]
// CHECK-NEXT:    return %[[L]], %[[RESULT]]
func.func @loss(%a: tensor<f32> {ternary.parameter = "a"})
    -> (tensor<f32> {ternary.role = #ternary.role<loss>}) attributes {ternary.step = #ternary.step<loss>} {
  %0 = arith.negf %a : tensor<f32>
  %1 = math.exp %0 : tensor<f32>
  %l = math.sqrt %1 : tensor<f32>
  return %l : tensor<f32>
}

// -----

// A value that is used twice gets the sum of both gradients, and what comes before it is
// differentiated once, by that sum.
// CHECK-LABEL: func.func @gradient(
// CHECK-SAME:    %[[A:[^:]*]]: tensor<f32> {ternary.parameter = "a"}, %[[SEED:[^:]*]]: tensor<f32> {ternary.role = #ternary.role<seed>}, %[[SUM:[^:]*]]: tensor<f32> {ternary.gradient = "a"})
// CHECK-NEXT:    %[[E:.*]] = math.exp %[[A]]
// CHECK-NEXT:    %[[N:.*]] = arith.negf %[[E]]
// CHECK-NEXT:    %[[L:.*]] = arith.mulf %[[E]], %[[N]]
// CHECK-NEXT:    %[[DE1:.*]] = arith.mulf %[[SEED]], %[[N]]
// CHECK-NEXT:    %[[DN:.*]] = arith.mulf %[[SEED]], %[[E]]
// CHECK-NEXT:    %[[DE2:.*]] = arith.negf %[[DN]]
// CHECK-NEXT:    %[[DE:.*]] = arith.addf %[[DE1]], %[[DE2]] : tensor<f32>
// CHECK-NEXT:    %[[DA:.*]] = arith.mulf %[[DE]], %[[E]]
// CHECK-NEXT:    %[[RESULT:.*]] = arith.addf %[[SUM]], %[[DA]]
// CHECK-NEXT:    return %[[L]], %[[RESULT]]
func.func @loss(%a: tensor<f32> {ternary.parameter = "a"})
    -> (tensor<f32> {ternary.role = #ternary.role<loss>}) attributes {ternary.step = #ternary.step<loss>} {
  %e = math.exp %a : tensor<f32>
  %n = arith.negf %e : tensor<f32>
  %l = arith.mulf %e, %n : tensor<f32>
  return %l : tensor<f32>
}

// -----

// Both operands are the same value: 2 x, in two parts.
// CHECK-LABEL: func.func @gradient(
// CHECK-SAME:    %[[A:[^:]*]]: tensor<f32> {ternary.parameter = "a"}, %[[SEED:[^:]*]]: tensor<f32> {ternary.role = #ternary.role<seed>}, %[[SUM:[^:]*]]: tensor<f32> {ternary.gradient = "a"})
// CHECK-NEXT:    %[[L:.*]] = arith.mulf %[[A]], %[[A]]
// CHECK-NEXT:    %[[LEFT:.*]] = arith.mulf %[[SEED]], %[[A]]
// CHECK-NEXT:    %[[RIGHT:.*]] = arith.mulf %[[SEED]], %[[A]]
// CHECK-NEXT:    %[[DA:.*]] = arith.addf %[[LEFT]], %[[RIGHT]]
// CHECK-NEXT:    %[[RESULT:.*]] = arith.addf %[[SUM]], %[[DA]]
// CHECK-NEXT:    return %[[L]], %[[RESULT]]
func.func @loss(%a: tensor<f32> {ternary.parameter = "a"})
    -> (tensor<f32> {ternary.role = #ternary.role<loss>}) attributes {ternary.step = #ternary.step<loss>} {
  %l = arith.mulf %a, %a : tensor<f32>
  return %l : tensor<f32>
}

// -----

// Parameters that the loss does not depend on get no gradient, though something else may
// depend on them; nor do arguments without a name, parameters that are not f32, and what
// is computed of constants. Only what leads to a parameter is differentiated: nothing of
// the op without a rule.
// CHECK-LABEL: func.func @gradient(
// CHECK-SAME:    %[[X:[^:]*]]: tensor<f32>, %[[A:[^:]*]]: tensor<f32> {ternary.parameter = "a"},
// CHECK-SAME:    %{{[^:]*}}: tensor<f32> {ternary.parameter = "unused"}, %{{[^:]*}}: tensor<f32> {ternary.parameter = "aside"}, %{{[^:]*}}: tensor<f16> {ternary.parameter = "half"},
// CHECK-SAME:    %[[SEED:[^:]*]]: tensor<f32> {ternary.role = #ternary.role<seed>}, %[[SUM:[^:]*]]: tensor<f32> {ternary.gradient = "a"})
// CHECK-SAME:    -> (tensor<f32> {ternary.role = #ternary.role<loss>}, tensor<f32> {ternary.gradient = "a"})
// CHECK:         %[[SINE:.*]] = math.sin
// CHECK:         %[[L:.*]] = arith.mulf
// CHECK-NEXT:    %[[DA:.*]] = arith.mulf %[[SEED]], %[[SINE]] : tensor<f32>
// CHECK-NEXT:    %[[RESULT:.*]] = arith.addf %[[SUM]], %[[DA]]
// CHECK-NEXT:    return %[[L]], %[[RESULT]] : tensor<f32>, tensor<f32>
func.func @loss(%x: tensor<f32>, %a: tensor<f32> {ternary.parameter = "a"}, %unused: tensor<f32> {ternary.parameter = "unused"},
                %aside: tensor<f32> {ternary.parameter = "aside"}, %half: tensor<f16> {ternary.parameter = "half"})
    -> (tensor<f32> {ternary.role = #ternary.role<loss>}) attributes {ternary.step = #ternary.step<loss>} {
  %nothing = arith.negf %aside : tensor<f32>
  %one = arith.constant dense<1.0> : tensor<f32>
  %wide = arith.extf %half : tensor<f16> to tensor<f32>
  %0 = arith.addf %x, %one : tensor<f32>
  %1 = arith.addf %0, %wide : tensor<f32>
  %2 = math.sin %1 : tensor<f32>
  %l = arith.mulf %a, %2 : tensor<f32>
  return %l : tensor<f32>
}

// -----

// A loss of no parameter has no gradients.
// CHECK-LABEL: func.func @gradient(
// CHECK-SAME:    %[[X:[^:]*]]: tensor<f32>, %{{[^:]*}}: tensor<f32> {ternary.parameter = "a"}, %{{[^:]*}}: tensor<f32> {ternary.role = #ternary.role<seed>})
// CHECK-SAME:    -> (tensor<f32> {ternary.role = #ternary.role<loss>}) attributes {ternary.step = #ternary.step<gradient>}
// CHECK-NEXT:    %[[L:.*]] = math.exp %[[X]]
// CHECK-NEXT:    return %[[L]] : tensor<f32>
func.func @loss(%x: tensor<f32>, %a: tensor<f32> {ternary.parameter = "a"})
    -> (tensor<f32> {ternary.role = #ternary.role<loss>}) attributes {ternary.step = #ternary.step<loss>} {
  %l = math.exp %x : tensor<f32>
  return %l : tensor<f32>
}

// -----

// Functions that are no losses stay alone.
// CHECK-LABEL: func.func @prefill(
// CHECK-NOT:   func.func
// CHECK:       // -----
func.func @prefill(%a: tensor<f32> {ternary.parameter = "a"}) -> (tensor<f32> {ternary.role = #ternary.role<logits>}) attributes {ternary.step = #ternary.step<prefill>} {
  %l = math.exp %a : tensor<f32>
  return %l : tensor<f32>
}

// -----

// Sizes carry no gradient: `a` counts by its values alone, and so nothing is asked of
// the ops on the size.
// CHECK-LABEL: func.func @gradient(
// CHECK-SAME:    %[[A:[^:]*]]: tensor<?x8xf32> {ternary.parameter = "a"}, %[[T:[^:]*]]: tensor<?xi32> {ternary.role = #ternary.role<targets>},
// CHECK-SAME:    %[[SEED:[^:]*]]: tensor<f32> {ternary.role = #ternary.role<seed>}, %[[SUM:[^:]*]]: tensor<?x8xf32> {ternary.gradient = "a"})
// CHECK:         %[[S:.*]] = tensor.splat
// CHECK:         %[[DY:.*]] = ternary.cross_entropy_backward
// CHECK-NEXT:    %[[DA:.*]] = arith.mulf %[[DY]], %[[S]] : tensor<?x8xf32>
// CHECK-NEXT:    %[[RESULT:.*]] = arith.addf %[[SUM]], %[[DA]] : tensor<?x8xf32>
// CHECK-NEXT:    return %{{.*}}, %[[RESULT]]
func.func @loss(%a: tensor<?x8xf32> {ternary.parameter = "a"}, %t: tensor<?xi32> {ternary.role = #ternary.role<targets>})
    -> (tensor<f32> {ternary.role = #ternary.role<loss>}) attributes {ternary.step = #ternary.step<loss>} {
  %c0 = arith.constant 0 : index
  %c2 = arith.constant 2 : index
  %rows = tensor.dim %a, %c0 : tensor<?x8xf32>
  %twice = arith.muli %rows, %c2 : index
  %half = arith.divui %twice, %c2 : index
  %f = arith.constant 3.0 : f32
  %s = tensor.splat %f[%half] : tensor<?x8xf32>
  %y = arith.mulf %a, %s : tensor<?x8xf32>
  %l = ternary.cross_entropy %y, %t : tensor<?x8xf32>, tensor<?xi32> -> tensor<f32>
  return %l : tensor<f32>
}

// -----

// Cross-entropy takes its statistics anew, to be merged with those of the loss.
// CHECK-LABEL: func.func @gradient(
// CHECK-SAME:    %[[A:[^:]*]]: tensor<2x?x8xf32> {ternary.parameter = "a"}, %[[T:[^:]*]]: tensor<2x?xi32> {ternary.role = #ternary.role<targets>},
// CHECK-SAME:    %[[SEED:[^:]*]]: tensor<f32> {ternary.role = #ternary.role<seed>}, %[[SUM:[^:]*]]: tensor<2x?x8xf32> {ternary.gradient = "a"})
// CHECK:         %[[L:.*]] = ternary.cross_entropy %[[A]], %[[T]]
// CHECK-NEXT:    %[[ROWS:.*]], %[[LOG_SUM_EXP:.*]] = ternary.cross_entropy_rows %[[A]], %[[T]]
// CHECK-NEXT:    %{{.*}}, %[[WEIGHT:.*]] = ternary.mean_over_targets %[[ROWS]], %[[T]]
// CHECK-NEXT:    %[[DA:.*]] = ternary.cross_entropy_backward %[[A]], %[[T]], %[[LOG_SUM_EXP]], %[[WEIGHT]], %[[SEED]]
// CHECK-SAME:      : tensor<2x?x8xf32>, tensor<2x?xi32>, tensor<2x?xf32>, tensor<f32>, tensor<f32>
// CHECK-NEXT:    %[[RESULT:.*]] = arith.addf %[[SUM]], %[[DA]]
// CHECK-NEXT:    return %[[L]], %[[RESULT]]
func.func @loss(%a: tensor<2x?x8xf32> {ternary.parameter = "a"}, %t: tensor<2x?xi32> {ternary.role = #ternary.role<targets>})
    -> (tensor<f32> {ternary.role = #ternary.role<loss>}) attributes {ternary.step = #ternary.step<loss>} {
  %l = ternary.cross_entropy %a, %t : tensor<2x?x8xf32>, tensor<2x?xi32> -> tensor<f32>
  return %l : tensor<f32>
}

// -----

// A norm: its gain gets the sum over rows of gradient times normed input, its input the
// norm's own rule, each with the epsilon of that norm. The first input is no parameter and
// gets nothing.
// CHECK-LABEL: func.func @gradient(
// CHECK-SAME:    %[[X:[^:]*]]: tensor<2x?x8xf32>, %{{[^:]*}}: tensor<2x?xi32> {ternary.role = #ternary.role<targets>},
// CHECK-SAME:    %[[G:[^:]*]]: tensor<8xf32> {ternary.parameter = "g"}, %[[H:[^:]*]]: tensor<8xf32> {ternary.parameter = "h"},
// CHECK-SAME:    %{{[^:]*}}: tensor<f32> {ternary.role = #ternary.role<seed>}, %[[SUM_G:[^:]*]]: tensor<8xf32> {ternary.gradient = "g"}, %[[SUM_H:[^:]*]]: tensor<8xf32> {ternary.gradient = "h"})
// CHECK:         %[[Y:.*]] = ternary.rms_norm %[[X]], %[[G]]
// CHECK:         %[[DZ:.*]] = ternary.cross_entropy_backward
// CHECK-NEXT:    %[[SQUARES:.*]] = ternary.square_sums %[[Y]]
// CHECK-NEXT:    %[[SCALE:.*]] = ternary.inverse_rms %[[SQUARES]] {epsilon = 2.500000e-01 : f32, size = 8 : i64}
// CHECK-NEXT:    %[[NORMED:.*]] = ternary.scale_rows %[[Y]], %[[SCALE]]
// CHECK-NEXT:    %[[PRODUCT:.*]] = arith.mulf %[[DZ]], %[[NORMED]]
// CHECK-NEXT:    %[[DH:.*]] = ternary.sum_rows %[[PRODUCT]] : tensor<2x?x8xf32> -> tensor<8xf32>
// CHECK-NEXT:    %[[DY:.*]] = ternary.rms_norm_backward %[[DZ]], %[[Y]], %[[SCALE]], %[[H]]
// CHECK-NEXT:    %[[SQUARES:.*]] = ternary.square_sums %[[X]]
// CHECK-NEXT:    %[[SCALE:.*]] = ternary.inverse_rms %[[SQUARES]] {epsilon = 1.250000e-01 : f32, size = 8 : i64}
// CHECK-NEXT:    %[[NORMED:.*]] = ternary.scale_rows %[[X]], %[[SCALE]]
// CHECK-NEXT:    %[[PRODUCT:.*]] = arith.mulf %[[DY]], %[[NORMED]]
// CHECK-NEXT:    %[[DG:.*]] = ternary.sum_rows %[[PRODUCT]]
// CHECK-NEXT:    %[[RESULT_G:.*]] = arith.addf %[[SUM_G]], %[[DG]]
// CHECK-NEXT:    %[[RESULT_H:.*]] = arith.addf %[[SUM_H]], %[[DH]]
// CHECK-NEXT:    return %{{.*}}, %[[RESULT_G]], %[[RESULT_H]]
func.func @loss(%x: tensor<2x?x8xf32>, %t: tensor<2x?xi32> {ternary.role = #ternary.role<targets>}, %g: tensor<8xf32> {ternary.parameter = "g"},
                %h: tensor<8xf32> {ternary.parameter = "h"})
    -> (tensor<f32> {ternary.role = #ternary.role<loss>}) attributes {ternary.step = #ternary.step<loss>} {
  %y = ternary.rms_norm %x, %g {epsilon = 0.125 : f32} : tensor<2x?x8xf32>, tensor<8xf32>
  %z = ternary.rms_norm %y, %h {epsilon = 0.25 : f32} : tensor<2x?x8xf32>, tensor<8xf32>
  %l = ternary.cross_entropy %z, %t : tensor<2x?x8xf32>, tensor<2x?xi32> -> tensor<f32>
  return %l : tensor<f32>
}

// -----

// A linear layer, straight through: the input's gradient goes through the trits, the latent
// weight's through the quantised activations and their scale, and nothing through either
// scale: neither is multiplied by what `dequantize` made.
// CHECK-LABEL: func.func @gradient(
// CHECK-SAME:    %[[X:[^:]*]]: tensor<2x8xf32> {ternary.parameter = "x"}, %{{[^:]*}}: tensor<2xi32> {ternary.role = #ternary.role<targets>},
// CHECK-SAME:    %[[W:[^:]*]]: tensor<6x8xf32> {ternary.parameter = "w"}, %[[G:[^:]*]]: tensor<8xf32> {ternary.parameter = "g"}, %{{[^:]*}}: tensor<f32> {ternary.role = #ternary.role<seed>},
// CHECK-SAME:    %[[SUM_X:[^:]*]]: tensor<2x8xf32> {ternary.gradient = "x"}, %[[SUM_W:[^:]*]]: tensor<6x8xf32> {ternary.gradient = "w"}, %[[SUM_G:[^:]*]]: tensor<8xf32> {ternary.gradient = "g"})
// CHECK-NEXT:    %[[NORMED:.*]] = ternary.rms_norm %[[X]], %[[G]]
// CHECK-NEXT:    %[[Q:.*]], %[[SCALE:.*]], %{{.*}} = ternary.quantize_activations %[[NORMED]]
// CHECK-NEXT:    %[[TRITS:.*]], %[[WEIGHT_SCALE:.*]] = ternary.quantize_weights %[[W]]
// CHECK:         %[[DY:.*]] = ternary.cross_entropy_backward
// CHECK-NEXT:    %[[DN:.*]] = ternary.linear_backward_input %[[DY]], %[[TRITS]], %[[WEIGHT_SCALE]] : tensor<2x6xf32>, tensor<6x8x!ternary.trit>, tensor<1xf32> -> tensor<2x8xf32>
// CHECK-NEXT:    %[[DW:.*]] = ternary.linear_backward_weight %[[DY]], %[[Q]], %[[SCALE]] : tensor<2x6xf32>, tensor<2x8xi8>, tensor<2xf32> -> tensor<6x8xf32>
// CHECK-NEXT:    ternary.square_sums %[[X]]
// CHECK:         %[[DG:.*]] = ternary.sum_rows
// CHECK-NEXT:    %[[DX:.*]] = ternary.rms_norm_backward %[[DN]], %[[X]], %{{.*}}, %[[G]]
// CHECK-NEXT:    %[[RESULT_X:.*]] = arith.addf %[[SUM_X]], %[[DX]]
// CHECK-NEXT:    %[[RESULT_W:.*]] = arith.addf %[[SUM_W]], %[[DW]]
// CHECK-NEXT:    %[[RESULT_G:.*]] = arith.addf %[[SUM_G]], %[[DG]]
// CHECK-NEXT:    return %{{.*}}, %[[RESULT_X]], %[[RESULT_W]], %[[RESULT_G]]
func.func @loss(%x: tensor<2x8xf32> {ternary.parameter = "x"}, %t: tensor<2xi32> {ternary.role = #ternary.role<targets>}, %w: tensor<6x8xf32> {ternary.parameter = "w"},
                %g: tensor<8xf32> {ternary.parameter = "g"})
    -> (tensor<f32> {ternary.role = #ternary.role<loss>}) attributes {ternary.step = #ternary.step<loss>} {
  %y = ternary.bit_linear %x, %w norm(%g : tensor<8xf32>) : tensor<2x8xf32>, tensor<6x8xf32> -> tensor<2x6xf32>
  %l = ternary.cross_entropy %y, %t : tensor<2x6xf32>, tensor<2xi32> -> tensor<f32>
  return %l : tensor<f32>
}

// -----

// One scale for each row is fine as long as no gradient goes to the input, and a weight
// that is in trits already gets none.
// CHECK-LABEL: func.func @gradient(
// CHECK-SAME:    %[[SUM_W:[^:, ]*]]: tensor<6x8xf32> {ternary.gradient = "w"})
// CHECK-SAME:    -> (tensor<f32> {ternary.role = #ternary.role<loss>}, tensor<6x8xf32> {ternary.gradient = "w"})
// CHECK:         %[[QX:.*]], %[[SX:.*]], %{{.*}} = ternary.quantize_activations %{{.*}} : tensor<2x8xf32>
// CHECK:         %[[DY:.*]] = ternary.cross_entropy_backward
// CHECK-NEXT:    %[[DW:.*]] = ternary.linear_backward_weight %[[DY]], %[[QX]], %[[SX]]
// CHECK-NEXT:    %[[RESULT:.*]] = arith.addf %[[SUM_W]], %[[DW]]
// CHECK-NEXT:    return %{{.*}}, %[[RESULT]]
func.func @loss(%x: tensor<2x8xf32>, %t: tensor<2xi32> {ternary.role = #ternary.role<targets>}, %w: tensor<6x8xf32> {ternary.parameter = "w"},
                %v: tensor<6x8x!ternary.trit> {ternary.parameter = "v"}, %s: tensor<1xf32>)
    -> (tensor<f32> {ternary.role = #ternary.role<loss>}) attributes {ternary.step = #ternary.step<loss>} {
  %a = ternary.bit_linear %x, %w {granularity = #ternary<granularity row>} : tensor<2x8xf32>, tensor<6x8xf32> -> tensor<2x6xf32>
  %b = ternary.bit_linear %x, %v scale(%s : tensor<1xf32>) : tensor<2x8xf32>, tensor<6x8x!ternary.trit> -> tensor<2x6xf32>
  %y = arith.addf %a, %b : tensor<2x6xf32>
  %l = ternary.cross_entropy %y, %t : tensor<2x6xf32>, tensor<2xi32> -> tensor<f32>
  return %l : tensor<f32>
}

// -----

// An embedding's rows go back to where they came from.
// CHECK-LABEL: func.func @gradient(
// CHECK-SAME:    %[[IDS:[^:]*]]: tensor<2x?xi32> {ternary.role = #ternary.role<ids>}, %{{[^:]*}}: tensor<2x?xi32> {ternary.role = #ternary.role<targets>}, %{{[^:]*}}: tensor<7x8xf32> {ternary.parameter = "table"},
// CHECK-SAME:    %{{[^:]*}}: tensor<7x8xf16> {ternary.parameter = "half"}, %{{[^:]*}}: tensor<f32> {ternary.role = #ternary.role<seed>}, %[[SUM:[^:]*]]: tensor<7x8xf32> {ternary.gradient = "table"})
// CHECK:         %[[DY:.*]] = ternary.cross_entropy_backward
// CHECK-NEXT:    %[[DTABLE:.*]] = ternary.embedding_backward %[[IDS]], %[[DY]] : tensor<2x?xi32>, tensor<2x?x8xf32> -> tensor<7x8xf32>
// CHECK-NEXT:    %[[RESULT:.*]] = arith.addf %[[SUM]], %[[DTABLE]]
// CHECK-NEXT:    return %{{.*}}, %[[RESULT]]
func.func @loss(%ids: tensor<2x?xi32> {ternary.role = #ternary.role<ids>}, %t: tensor<2x?xi32> {ternary.role = #ternary.role<targets>}, %table: tensor<7x8xf32> {ternary.parameter = "table"},
                %half: tensor<7x8xf16> {ternary.parameter = "half"})
    -> (tensor<f32> {ternary.role = #ternary.role<loss>}) attributes {ternary.step = #ternary.step<loss>} {
  %a = ternary.embedding %ids, %table : tensor<2x?xi32>, tensor<7x8xf32> -> tensor<2x?x8xf32>
  %b = ternary.embedding %ids, %half : tensor<2x?xi32>, tensor<7x8xf16> -> tensor<2x?x8xf32>
  %y = arith.addf %a, %b : tensor<2x?x8xf32>
  %l = ternary.cross_entropy %y, %t : tensor<2x?x8xf32>, tensor<2x?xi32> -> tensor<f32>
  return %l : tensor<f32>
}

// -----

// Lower bounds.
// CHECK-LABEL: func.func @gradient(
// CHECK-SAME:    %[[P:[^:]*]]: tensor<3x8xf32> {ternary.parameter = "p"},
// CHECK-SAME:    %[[SUM:[^:, ]*]]: tensor<3x8xf32> {ternary.gradient = "p"})
// CHECK:         %[[DY:.*]] = ternary.cross_entropy_backward
// CHECK-NEXT:    %[[DP:.*]] = ternary.lower_bounds_backward %[[P]], %[[DY]] : tensor<3x8xf32>, tensor<3x8xf32>
// CHECK-NEXT:    %[[RESULT:.*]] = arith.addf %[[SUM]], %[[DP]]
// CHECK-NEXT:    return %{{.*}}, %[[RESULT]]
func.func @loss(%p: tensor<3x8xf32> {ternary.parameter = "p"}, %t: tensor<3xi32> {ternary.role = #ternary.role<targets>})
    -> (tensor<f32> {ternary.role = #ternary.role<loss>}) attributes {ternary.step = #ternary.step<loss>} {
  %y = ternary.lower_bounds %p : tensor<3x8xf32> -> tensor<3x8xf32>
  %l = ternary.cross_entropy %y, %t : tensor<3x8xf32>, tensor<3xi32> -> tensor<f32>
  return %l : tensor<f32>
}

// -----

// A scan of which only the hidden states lead to the loss: the state that it leaves has a
// gradient of zero.
// CHECK-LABEL: func.func @gradient(
// CHECK-SAME:    %[[F:[^:]*]]: tensor<2x?x8xf32> {ternary.parameter = "f"}, %[[I:[^:]*]]: tensor<2x?x8xf32> {ternary.parameter = "i"}, %[[S:[^:]*]]: tensor<2x8xf32> {ternary.parameter = "s"},
// CHECK-SAME:    %[[SUM_F:[^:, ]*]]: tensor<2x?x8xf32> {ternary.gradient = "f"}, %[[SUM_I:[^:]*]]: tensor<2x?x8xf32> {ternary.gradient = "i"}, %[[SUM_S:[^:]*]]: tensor<2x8xf32> {ternary.gradient = "s"})
// CHECK:         %[[HIDDEN:.*]], %{{.*}} = ternary.linear_scan %[[F]], %[[I]], %[[S]]
// CHECK:         %[[DH:.*]] = ternary.cross_entropy_backward %[[HIDDEN]]
// CHECK-NEXT:    %[[C0:.*]] = arith.constant 0.000000e+00 : f32
// CHECK-NEXT:    %[[ZERO:.*]] = tensor.splat %[[C0]] : tensor<2x8xf32>
// CHECK-NEXT:    %[[DF:.*]], %[[DI:.*]], %[[DS:.*]] = ternary.linear_scan_backward %[[F]], %[[HIDDEN]], %[[S]], %[[DH]], %[[ZERO]] : tensor<2x?x8xf32>, tensor<2x8xf32>
// CHECK-NEXT:    %[[RESULT_F:.*]] = arith.addf %[[SUM_F]], %[[DF]]
// CHECK-NEXT:    %[[RESULT_I:.*]] = arith.addf %[[SUM_I]], %[[DI]]
// CHECK-NEXT:    %[[RESULT_S:.*]] = arith.addf %[[SUM_S]], %[[DS]]
// CHECK-NEXT:    return %{{.*}}, %[[RESULT_F]], %[[RESULT_I]], %[[RESULT_S]]
func.func @loss(%f: tensor<2x?x8xf32> {ternary.parameter = "f"}, %i: tensor<2x?x8xf32> {ternary.parameter = "i"}, %s: tensor<2x8xf32> {ternary.parameter = "s"},
                %t: tensor<2x?xi32> {ternary.role = #ternary.role<targets>})
    -> (tensor<f32> {ternary.role = #ternary.role<loss>}) attributes {ternary.step = #ternary.step<loss>} {
  %h, %n = ternary.linear_scan %f, %i, %s : tensor<2x?x8xf32>, tensor<2x8xf32>
  %l = ternary.cross_entropy %h, %t : tensor<2x?x8xf32>, tensor<2x?xi32> -> tensor<f32>
  return %l : tensor<f32>
}

// -----

// Of this one only the last state does: hidden states have a gradient of zero, of the size
// that they have at run time.
// CHECK-LABEL: func.func @gradient(
// CHECK:         %[[HIDDEN:.*]], %[[STATE:.*]] = ternary.linear_scan
// CHECK:         %[[DN:.*]] = ternary.cross_entropy_backward %[[STATE]]
// CHECK-NEXT:    %[[C0:.*]] = arith.constant 0.000000e+00 : f32
// CHECK-NEXT:    %[[ONE:.*]] = arith.constant 1 : index
// CHECK-NEXT:    %[[TIME:.*]] = tensor.dim %[[HIDDEN]], %[[ONE]]
// CHECK-NEXT:    %[[ZERO:.*]] = tensor.splat %[[C0]][%[[TIME]]] : tensor<2x?x8xf32>
// CHECK-NEXT:    ternary.linear_scan_backward %{{.*}}, %[[HIDDEN]], %{{.*}}, %[[ZERO]], %[[DN]]
func.func @loss(%f: tensor<2x?x8xf32> {ternary.parameter = "f"}, %s: tensor<2x8xf32>, %t: tensor<2xi32> {ternary.role = #ternary.role<targets>})
    -> (tensor<f32> {ternary.role = #ternary.role<loss>}) attributes {ternary.step = #ternary.step<loss>} {
  %h, %n = ternary.linear_scan %f, %f, %s : tensor<2x?x8xf32>, tensor<2x8xf32>
  %l = ternary.cross_entropy %n, %t : tensor<2x8xf32>, tensor<2xi32> -> tensor<f32>
  return %l : tensor<f32>
}

// -----

// σ' = σ (1 - σ).
// CHECK-LABEL: func.func @gradient(
// CHECK-SAME:    %[[X:[^:]*]]: tensor<f32> {ternary.parameter = "x"}, %[[SEED:[^:]*]]: tensor<f32> {ternary.role = #ternary.role<seed>}, %[[SUM:[^:]*]]: tensor<f32> {ternary.gradient = "x"})
// CHECK-NEXT:    %[[Y:.*]] = ternary.activate sigmoid %[[X]]
// CHECK-NEXT:    %[[C:.*]] = arith.constant 1.000000e+00 : f32
// CHECK-NEXT:    %[[ONE:.*]] = tensor.splat %[[C]]
// CHECK-NEXT:    %[[REST:.*]] = arith.subf %[[ONE]], %[[Y]]
// CHECK-NEXT:    %[[SLOPE:.*]] = arith.mulf %[[Y]], %[[REST]]
// CHECK-NEXT:    %[[DX:.*]] = arith.mulf %[[SEED]], %[[SLOPE]]
// CHECK-NEXT:    %[[RESULT:.*]] = arith.addf %[[SUM]], %[[DX]]
// CHECK-NEXT:    return %[[Y]], %[[RESULT]]
func.func @loss(%x: tensor<f32> {ternary.parameter = "x"})
    -> (tensor<f32> {ternary.role = #ternary.role<loss>}) attributes {ternary.step = #ternary.step<loss>} {
  %l = ternary.activate sigmoid %x : tensor<f32>
  return %l : tensor<f32>
}

// -----

// (x σ)' = σ (1 + x (1 - σ)).
// CHECK-LABEL: func.func @gradient(
// CHECK-SAME:    %[[X:[^:]*]]: tensor<f32> {ternary.parameter = "x"}, %[[SEED:[^:]*]]: tensor<f32> {ternary.role = #ternary.role<seed>}, %[[SUM:[^:]*]]: tensor<f32> {ternary.gradient = "x"})
// CHECK:         %[[SIGMOID:.*]] = ternary.activate sigmoid %[[X]]
// CHECK-DAG:     %[[C1:.*]] = arith.constant 1.000000e+00 : f32
// CHECK-DAG:     %[[C2:.*]] = arith.constant 1.000000e+00 : f32
// CHECK-DAG:     tensor.splat %[[C1]]
// CHECK-DAG:     tensor.splat %[[C2]]
// CHECK-DAG:     %[[REST:.*]] = arith.subf %{{.*}}, %[[SIGMOID]]
// CHECK-DAG:     %[[BEND:.*]] = arith.mulf %[[X]], %[[REST]]
// CHECK:         %[[SLOPE:.*]] = arith.addf %{{.*}}, %[[BEND]]
// CHECK-NEXT:    %[[PRODUCT:.*]] = arith.mulf %[[SIGMOID]], %[[SLOPE]]
// CHECK-NEXT:    %[[DX:.*]] = arith.mulf %[[SEED]], %[[PRODUCT]]
// CHECK-NEXT:    arith.addf %[[SUM]], %[[DX]]
func.func @loss(%x: tensor<f32> {ternary.parameter = "x"})
    -> (tensor<f32> {ternary.role = #ternary.role<loss>}) attributes {ternary.step = #ternary.step<loss>} {
  %l = ternary.activate silu %x : tensor<f32>
  return %l : tensor<f32>
}

// -----

// relu' is a step.
// CHECK-LABEL: func.func @gradient(
// CHECK-SAME:    %[[X:[^:]*]]: tensor<f32> {ternary.parameter = "x"}, %[[SEED:[^:]*]]: tensor<f32> {ternary.role = #ternary.role<seed>}, %[[SUM:[^:]*]]: tensor<f32> {ternary.gradient = "x"})
// CHECK:         %[[STEP:.*]] = ternary.activate step %[[X]]
// CHECK-NEXT:    %[[DX:.*]] = arith.mulf %[[SEED]], %[[STEP]]
// CHECK-NEXT:    arith.addf %[[SUM]], %[[DX]]
func.func @loss(%x: tensor<f32> {ternary.parameter = "x"})
    -> (tensor<f32> {ternary.role = #ternary.role<loss>}) attributes {ternary.step = #ternary.step<loss>} {
  %l = ternary.activate relu %x : tensor<f32>
  return %l : tensor<f32>
}

// -----

// (relu²)' = 2 relu.
// CHECK-LABEL: func.func @gradient(
// CHECK-SAME:    %[[X:[^:]*]]: tensor<f32> {ternary.parameter = "x"}, %[[SEED:[^:]*]]: tensor<f32> {ternary.role = #ternary.role<seed>}, %[[SUM:[^:]*]]: tensor<f32> {ternary.gradient = "x"})
// CHECK-DAG:     %[[RELU:.*]] = ternary.activate relu %[[X]]
// CHECK-DAG:     %[[C:.*]] = arith.constant 2.000000e+00 : f32
// CHECK-DAG:     %[[TWO:.*]] = tensor.splat %[[C]]
// CHECK:         %[[SLOPE:.*]] = arith.mulf %[[TWO]], %[[RELU]]
// CHECK-NEXT:    %[[DX:.*]] = arith.mulf %[[SEED]], %[[SLOPE]]
// CHECK-NEXT:    arith.addf %[[SUM]], %[[DX]]
func.func @loss(%x: tensor<f32> {ternary.parameter = "x"})
    -> (tensor<f32> {ternary.role = #ternary.role<loss>}) attributes {ternary.step = #ternary.step<loss>} {
  %l = ternary.activate squared_relu %x : tensor<f32>
  return %l : tensor<f32>
}

// -----

// The identity changes nothing, and behind a step, which is flat, nothing gets a gradient:
// of these parameters only the first does.
// CHECK-LABEL: func.func @gradient(
// CHECK-SAME:    %[[X:[^:]*]]: tensor<f32> {ternary.parameter = "x"}, %{{[^:]*}}: tensor<f32> {ternary.parameter = "y"},
// CHECK-SAME:    %[[SEED:[^:]*]]: tensor<f32> {ternary.role = #ternary.role<seed>}, %[[SUM:[^:]*]]: tensor<f32> {ternary.gradient = "x"})
// CHECK:         %[[L:.*]] = arith.addf
// CHECK-NEXT:    %[[RESULT:.*]] = arith.addf %[[SUM]], %[[SEED]]
// CHECK-NEXT:    return %[[L]], %[[RESULT]]
func.func @loss(%x: tensor<f32> {ternary.parameter = "x"}, %y: tensor<f32> {ternary.parameter = "y"})
    -> (tensor<f32> {ternary.role = #ternary.role<loss>}) attributes {ternary.step = #ternary.step<loss>} {
  %0 = ternary.activate identity %x : tensor<f32>
  %1 = ternary.activate step %y : tensor<f32>
  %l = arith.addf %0, %1 : tensor<f32>
  return %l : tensor<f32>
}

// -----

// A gated linear unit has no rule and is taken apart; its halves' gradients are put side by
// side into one tensor, without zeros or sums.
// CHECK-LABEL: func.func @gradient(
// CHECK-SAME:    %[[SUM:[^:, ]*]]: tensor<2x?x8xf32> {ternary.gradient = "x"})
// CHECK-NOT:     ternary.glu
// CHECK:         %[[GATE:.*]] = tensor.extract_slice %[[X:.*]][0, 0, 0] [2, %{{.*}}, 4] [1, 1, 1]
// CHECK:         %[[UP:.*]] = tensor.extract_slice %[[X]][0, 0, 4] [2, %{{.*}}, 4] [1, 1, 1]
// CHECK:         %[[ACTIVE:.*]] = ternary.activate silu %[[GATE]]
// CHECK:         %[[DY:.*]] = ternary.cross_entropy_backward
// CHECK-NEXT:    %[[DACTIVE:.*]] = arith.mulf %[[DY]], %[[UP]]
// CHECK-NEXT:    %[[DUP:.*]] = arith.mulf %[[DY]], %[[ACTIVE]]
// CHECK-DAG:     %[[DGATE:.*]] = arith.mulf %[[DACTIVE]], %{{.*}}
// CHECK-DAG:     %[[EMPTY:.*]] = tensor.empty(%{{.*}}) : tensor<2x?x8xf32>
// CHECK-DAG:     %[[DX1:.*]] = tensor.insert_slice %[[DUP]] into %[[EMPTY]][0, 0, 4] [2, %{{.*}}, 4] [1, 1, 1]
// CHECK:         %[[DX:.*]] = tensor.insert_slice %[[DGATE]] into %[[DX1]][0, 0, 0] [2, %{{.*}}, 4] [1, 1, 1]
// CHECK-NEXT:    arith.addf %[[SUM]], %[[DX]]
func.func @loss(%x: tensor<2x?x8xf32> {ternary.parameter = "x"}, %t: tensor<2x?xi32> {ternary.role = #ternary.role<targets>})
    -> (tensor<f32> {ternary.role = #ternary.role<loss>}) attributes {ternary.step = #ternary.step<loss>} {
  %y = ternary.glu silu %x : tensor<2x?x8xf32> -> tensor<2x?x4xf32>
  %l = ternary.cross_entropy %y, %t : tensor<2x?x4xf32>, tensor<2x?xi32> -> tensor<f32>
  return %l : tensor<f32>
}

// -----

// Slices that overlap, of fewer dimensions: the second one's gradient is added where the
// first one's is already.
// CHECK-LABEL: func.func @gradient(
// CHECK-SAME:    %[[SEED:[^:, ]*]]: tensor<f32> {ternary.role = #ternary.role<seed>}, %[[SUM:[^:]*]]: tensor<2x4xf32> {ternary.gradient = "x"})
// CHECK:         %[[L:.*]] = arith.addf
// CHECK-NEXT:    %[[C0:.*]] = arith.constant 0.000000e+00 : f32
// CHECK-NEXT:    %[[ZERO:.*]] = tensor.splat %[[C0]] : tensor<2x4xf32>
// CHECK-NEXT:    %[[DX1:.*]] = tensor.insert_slice %[[SEED]] into %[[ZERO]][1, 2] [1, 1] [1, 1] : tensor<f32> into tensor<2x4xf32>
// CHECK-NEXT:    %[[PART:.*]] = tensor.extract_slice %[[DX1]][1, 2] [1, 1] [1, 1] : tensor<2x4xf32> to tensor<f32>
// CHECK-NEXT:    %[[BOTH:.*]] = arith.addf %[[PART]], %[[SEED]] : tensor<f32>
// CHECK-NEXT:    %[[DX:.*]] = tensor.insert_slice %[[BOTH]] into %[[DX1]][1, 2] [1, 1] [1, 1] : tensor<f32> into tensor<2x4xf32>
// CHECK-NEXT:    %[[RESULT:.*]] = arith.addf %[[SUM]], %[[DX]]
// CHECK-NEXT:    return %[[L]], %[[RESULT]]
func.func @loss(%x: tensor<2x4xf32> {ternary.parameter = "x"})
    -> (tensor<f32> {ternary.role = #ternary.role<loss>}) attributes {ternary.step = #ternary.step<loss>} {
  %0 = tensor.extract_slice %x[1, 2] [1, 1] [1, 1] : tensor<2x4xf32> to tensor<f32>
  %1 = tensor.extract_slice %x[1, 2] [1, 1] [1, 1] : tensor<2x4xf32> to tensor<f32>
  %l = arith.addf %0, %1 : tensor<f32>
  return %l : tensor<f32>
}

// -----

// What is inserted gets its part of the gradient, and the destination the rest: zeros where
// it was overwritten.
// CHECK-LABEL: func.func @gradient(
// CHECK-SAME:    %[[SUM_X:[^:, ]*]]: tensor<2x8xf32> {ternary.gradient = "x"}, %[[SUM_Y:[^:]*]]: tensor<2x3xf32> {ternary.gradient = "y"})
// CHECK:         %[[D:.*]] = ternary.cross_entropy_backward
// CHECK-NEXT:    %[[DY:.*]] = tensor.extract_slice %[[D]][0, 4] [2, 3] [1, 1] : tensor<2x8xf32> to tensor<2x3xf32>
// CHECK-NEXT:    %[[C0:.*]] = arith.constant 0.000000e+00 : f32
// CHECK-NEXT:    %[[ZERO:.*]] = tensor.splat %[[C0]] : tensor<2x3xf32>
// CHECK-NEXT:    %[[DX:.*]] = tensor.insert_slice %[[ZERO]] into %[[D]][0, 4] [2, 3] [1, 1] : tensor<2x3xf32> into tensor<2x8xf32>
// CHECK-NEXT:    %[[RESULT_X:.*]] = arith.addf %[[SUM_X]], %[[DX]]
// CHECK-NEXT:    %[[RESULT_Y:.*]] = arith.addf %[[SUM_Y]], %[[DY]]
// CHECK-NEXT:    return %{{.*}}, %[[RESULT_X]], %[[RESULT_Y]]
func.func @loss(%x: tensor<2x8xf32> {ternary.parameter = "x"}, %y: tensor<2x3xf32> {ternary.parameter = "y"}, %t: tensor<2xi32> {ternary.role = #ternary.role<targets>})
    -> (tensor<f32> {ternary.role = #ternary.role<loss>}) attributes {ternary.step = #ternary.step<loss>} {
  %0 = tensor.insert_slice %y into %x[0, 4] [2, 3] [1, 1] : tensor<2x3xf32> into tensor<2x8xf32>
  %l = ternary.cross_entropy %0, %t : tensor<2x8xf32>, tensor<2xi32> -> tensor<f32>
  return %l : tensor<f32>
}

// -----

// A vector that is repeated for every row gets the sum over rows.
// CHECK-LABEL: func.func @gradient(
// CHECK-SAME:    %[[SUM:[^:, ]*]]: tensor<8xf32> {ternary.gradient = "b"})
// CHECK:         %[[DY:.*]] = ternary.cross_entropy_backward
// CHECK-NEXT:    %[[DB:.*]] = ternary.sum_rows %[[DY]] : tensor<2x3x8xf32> -> tensor<8xf32>
// CHECK-NEXT:    %[[RESULT:.*]] = arith.addf %[[SUM]], %[[DB]]
// CHECK-NEXT:    return %{{.*}}, %[[RESULT]]
func.func @loss(%b: tensor<8xf32> {ternary.parameter = "b"}, %t: tensor<2x3xi32> {ternary.role = #ternary.role<targets>})
    -> (tensor<f32> {ternary.role = #ternary.role<loss>}) attributes {ternary.step = #ternary.step<loss>} {
  %e = tensor.empty() : tensor<2x3x8xf32>
  %y = linalg.broadcast ins(%b : tensor<8xf32>) outs(%e : tensor<2x3x8xf32>) dimensions = [0, 1]
  %l = ternary.cross_entropy %y, %t : tensor<2x3x8xf32>, tensor<2x3xi32> -> tensor<f32>
  return %l : tensor<f32>
}

// -----

// Layers without a rule are taken apart in the gradient alone, down to layers that have
// one: a recurrence to its scan.
// CHECK-LABEL: func.func @loss(
// CHECK:         ternary.mlgru
// CHECK-LABEL: func.func @gradient(
// CHECK-NOT:     ternary.mlgru
// CHECK:         ternary.linear_scan %
// CHECK:         ternary.linear_scan_backward
// CHECK:         ternary.activate sigmoid
// CHECK-NOT:     ternary.mlgru
// CHECK:         return
func.func @loss(%f: tensor<2x?x8xf32> {ternary.parameter = "f"}, %s: tensor<2x8xf32>, %t: tensor<2x?xi32> {ternary.role = #ternary.role<targets>})
    -> (tensor<f32> {ternary.role = #ternary.role<loss>}) attributes {ternary.step = #ternary.step<loss>} {
  %h, %n = ternary.mlgru %f, %f, %s : tensor<2x?x8xf32>, tensor<2x8xf32>
  %l = ternary.cross_entropy %h, %t : tensor<2x?x8xf32>, tensor<2x?xi32> -> tensor<f32>
  return %l : tensor<f32>
}
