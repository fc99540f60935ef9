// RUN: ternary-opt %s -ternary-build-optimizer -split-input-file | FileCheck %s

// The update stands next to the gradient. It takes every parameter that has a gradient with
// its gradient and its moments, and the numbers that are known at run time; returned are
// parameters and moments, the rate, and the norm of all gradients together. Of the clipping,
// the corrections and the decay of weights, what is the same for all parameters is computed
// once, in f64. Vectors and lower bounds do not decay.
// CHECK-LABEL: func.func @gradient(
// CHECK-LABEL: func.func @update(
// CHECK-SAME:    %[[W:[^:, ]*]]: tensor<6x8xf32> {ternary.parameter = "w"}, %[[DW:[^:, ]*]]: tensor<6x8xf32> {ternary.gradient = "w"}, %[[MW:[^:, ]*]]: tensor<6x8xf32> {ternary.first_moment = "w"}, %[[VW:[^:, ]*]]: tensor<6x8xf32> {ternary.second_moment = "w"},
// CHECK-SAME:    %[[G:[^:, ]*]]: tensor<8xf32> {ternary.parameter = "g"}, %[[DG:[^:, ]*]]: tensor<8xf32> {ternary.gradient = "g"}, %[[MG:[^:, ]*]]: tensor<8xf32> {ternary.first_moment = "g"}, %[[VG:[^:, ]*]]: tensor<8xf32> {ternary.second_moment = "g"},
// CHECK-SAME:    %[[B:[^:, ]*]]: tensor<3x8xf32> {ternary.parameter = "b"}, %[[DB:[^:, ]*]]: tensor<3x8xf32> {ternary.gradient = "b"}, %[[MB:[^:, ]*]]: tensor<3x8xf32> {ternary.first_moment = "b"}, %[[VB:[^:, ]*]]: tensor<3x8xf32> {ternary.second_moment = "b"},
// CHECK-SAME:    %[[BASE:[^:, ]*]]: f32 {ternary.role = #ternary.role<learning_rate>}, %[[FINAL:[^:, ]*]]: f32 {ternary.role = #ternary.role<final_fraction>},
// CHECK-SAME:    %[[BETA1:[^:, ]*]]: f32 {ternary.role = #ternary.role<beta1>}, %[[BETA2:[^:, ]*]]: f32 {ternary.role = #ternary.role<beta2>}, %[[EPSILON:[^:, ]*]]: f32 {ternary.role = #ternary.role<epsilon>},
// CHECK-SAME:    %[[DECAY:[^:, ]*]]: f32 {ternary.role = #ternary.role<weight_decay>}, %[[CLIP:[^:, ]*]]: f32 {ternary.role = #ternary.role<clip_norm>},
// CHECK-SAME:    %[[WARMUP:[^:, ]*]]: i64 {ternary.role = #ternary.role<warmup_steps>}, %[[TOTAL:[^:, ]*]]: i64 {ternary.role = #ternary.role<total_steps>}, %[[HALVE:[^:, ]*]]: i64 {ternary.role = #ternary.role<halve_at>}, %[[STEP:[^:, ]*]]: i64 {ternary.role = #ternary.role<step_number>})
// CHECK-SAME:    -> (tensor<6x8xf32> {ternary.parameter = "w"}, tensor<6x8xf32> {ternary.first_moment = "w"}, tensor<6x8xf32> {ternary.second_moment = "w"},
// CHECK-SAME:        tensor<8xf32> {ternary.parameter = "g"}, tensor<8xf32> {ternary.first_moment = "g"}, tensor<8xf32> {ternary.second_moment = "g"},
// CHECK-SAME:        tensor<3x8xf32> {ternary.parameter = "b"}, tensor<3x8xf32> {ternary.first_moment = "b"}, tensor<3x8xf32> {ternary.second_moment = "b"},
// CHECK-SAME:        tensor<f32> {ternary.role = #ternary.role<rate>}, tensor<f32> {ternary.role = #ternary.role<gradient_norm>})
// CHECK-SAME:    attributes {ternary.step = #ternary.step<update>} {
// CHECK-NEXT:    %[[RATE:.*]] = ternary.learning_rate %[[STEP]] of %[[TOTAL]], base %[[BASE]], final_fraction %[[FINAL]], warmup %[[WARMUP]], halve_at %[[HALVE]]
// CHECK-NEXT:    %[[SW:.*]] = ternary.square_sum %[[DW]] : tensor<6x8xf32>
// CHECK-NEXT:    %[[SG:.*]] = ternary.square_sum %[[DG]] : tensor<8xf32>
// CHECK-NEXT:    %[[S2:.*]] = arith.addf %[[SW]], %[[SG]] : tensor<f64>
// CHECK-NEXT:    %[[SB:.*]] = ternary.square_sum %[[DB]] : tensor<3x8xf32>
// CHECK-NEXT:    %[[S3:.*]] = arith.addf %[[S2]], %[[SB]] : tensor<f64>
// CHECK-NEXT:    %[[SUM:.*]] = tensor.extract %[[S3]][] : tensor<f64>
// CHECK-NEXT:    %[[NORM:.*]] = math.sqrt %[[SUM]] : f64

// CHECK:         %[[CLIP64:.*]] = arith.extf %[[CLIP]] : f32 to f64
// CHECK:         %[[TINY:.*]] = arith.constant {{9.9999999999999995E-7|1.0+e-06}} : f64
// CHECK:         %[[AT_LEAST:.*]] = arith.addf %[[NORM]], %[[TINY]] : f64
// CHECK:         %[[SHARE:.*]] = arith.divf %[[CLIP64]], %[[AT_LEAST]] : f64
// CHECK:         %[[CLIPS:.*]] = arith.cmpf ogt, %[[CLIP]], %{{.*}} : f32
// CHECK:         %[[EXCEEDS:.*]] = arith.cmpf olt, %[[SHARE]], %{{.*}} : f64
// CHECK:         %[[BOTH:.*]] = arith.andi %[[CLIPS]], %[[EXCEEDS]] : i1
// CHECK:         %[[SHARE32:.*]] = arith.truncf %[[SHARE]] : f64 to f32
// CHECK:         %[[SCALE:.*]] = arith.select %[[BOTH]], %[[SHARE32]], %{{.*}} : f32

// CHECK:         %[[NEXT:.*]] = arith.addi %[[STEP]], %{{.*}} : i64
// CHECK:         %[[REST1:.*]] = arith.truncf
// CHECK:         %[[POWER1:.*]] = math.fpowi %{{.*}}, %[[NEXT]] : f64, i64
// CHECK:         %[[CORRECTION1:.*]] = arith.truncf
// CHECK:         %[[REST2:.*]] = arith.truncf
// CHECK:         %[[POWER2:.*]] = math.fpowi %{{.*}}, %[[NEXT]] : f64, i64
// CHECK:         %[[CORRECTION2:.*]] = arith.truncf
// CHECK:         %[[KEEP:.*]] = arith.truncf
// CHECK:         %[[ALL:.*]] = arith.constant 1.000000e+00 : f32

// CHECK-NEXT:    %[[W1:.*]], %[[MW1:.*]], %[[VW1:.*]] = ternary.adamw %[[W]], %[[DW]] scale %[[SCALE]] keep %[[KEEP]] rate %[[RATE]] first %[[MW]](%[[BETA1]], %[[REST1]], %[[CORRECTION1]]) second %[[VW]](%[[BETA2]], %[[REST2]], %[[CORRECTION2]]) epsilon %[[EPSILON]] : tensor<6x8xf32>
// CHECK-NEXT:    %[[G1:.*]], %[[MG1:.*]], %[[VG1:.*]] = ternary.adamw %[[G]], %[[DG]] scale %[[SCALE]] keep %[[ALL]] rate %[[RATE]] first %[[MG]]({{.*}}) second %[[VG]]({{.*}}) epsilon %[[EPSILON]] : tensor<8xf32>
// CHECK-NEXT:    %[[B1:.*]], %[[MB1:.*]], %[[VB1:.*]] = ternary.adamw %[[B]], %[[DB]] scale %[[SCALE]] keep %[[ALL]] rate %[[RATE]] first %[[MB]]({{.*}}) second %[[VB]]({{.*}}) epsilon %[[EPSILON]] : tensor<3x8xf32>
// CHECK:         %[[RATE_OUT:.*]] = tensor.insert %[[RATE]] into
// CHECK:         %[[NORM32:.*]] = arith.truncf %[[NORM]] : f64 to f32
// CHECK:         %[[NORM_OUT:.*]] = tensor.insert %[[NORM32]] into
// CHECK-NEXT:    return %[[W1]], %[[MW1]], %[[VW1]], %[[G1]], %[[MG1]], %[[VG1]], %[[B1]], %[[MB1]], %[[VB1]], %[[RATE_OUT]], %[[NORM_OUT]]
func.func @gradient(%w: tensor<6x8xf32> {ternary.parameter = "w"}, %g: tensor<8xf32> {ternary.parameter = "g"}, %b: tensor<3x8xf32> {ternary.parameter = "b"},
                    %dw: tensor<6x8xf32> {ternary.gradient = "w"}, %dg: tensor<8xf32> {ternary.gradient = "g"}, %db: tensor<3x8xf32> {ternary.gradient = "b"})
    -> (tensor<6x8xf32> {ternary.gradient = "w"}, tensor<3x8xf32> {ternary.gradient = "b"}, tensor<8xf32> {ternary.gradient = "g"}) attributes {ternary.step = #ternary.step<gradient>} {
  %bounds = ternary.lower_bounds %b : tensor<3x8xf32> -> tensor<3x8xf32>
  %next = arith.addf %db, %bounds : tensor<3x8xf32>
  return %dw, %next, %dg : tensor<6x8xf32>, tensor<3x8xf32>, tensor<8xf32>
}

// -----

// What is one vector, however many dimensions a checkpoint gives it, does not decay either.
// CHECK-LABEL: func.func @update(
// CHECK-COUNT-2: math.fpowi
// CHECK:         %[[ALL:.*]] = arith.constant 1.000000e+00 : f32
// CHECK-NEXT:    ternary.adamw %{{.*}} keep %[[ALL]] {{.*}} : tensor<1x1x8xf32>
func.func @gradient(%m: tensor<1x1x8xf32> {ternary.parameter = "m"}, %dm: tensor<1x1x8xf32> {ternary.gradient = "m"})
    -> (tensor<1x1x8xf32> {ternary.gradient = "m"}) attributes {ternary.step = #ternary.step<gradient>} {
  return %dm : tensor<1x1x8xf32>
}

// -----

// A parameter that the loss does not depend on is not touched.
// CHECK-LABEL: func.func @update(
// CHECK-SAME:    ternary.parameter = "w"
// CHECK-NOT:     "unused"
// CHECK:         return
func.func @gradient(%u: tensor<8xf32> {ternary.parameter = "unused"}, %w: tensor<8xf32> {ternary.parameter = "w"}, %dw: tensor<8xf32> {ternary.gradient = "w"})
    -> (tensor<8xf32> {ternary.gradient = "w"}) attributes {ternary.step = #ternary.step<gradient>} {
  return %dw : tensor<8xf32>
}

// -----

// Without a gradient there is nothing to update with.
// CHECK-LABEL: func.func @loss(
// CHECK-NOT:   @update
func.func @loss(%w: tensor<f32> {ternary.parameter = "w"}) -> (tensor<f32> {ternary.role = #ternary.role<loss>}) attributes {ternary.step = #ternary.step<loss>} {
  return %w : tensor<f32>
}

// -----

// CHECK-LABEL: func.func @gradient(
// CHECK-NOT:   @update
func.func @gradient(%w: tensor<f32> {ternary.role = #ternary.role<seed>}) -> (tensor<f32> {ternary.role = #ternary.role<loss>}) attributes {ternary.step = #ternary.step<gradient>} {
  return %w : tensor<f32>
}
