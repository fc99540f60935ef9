// RUN: ternary-opt %s -ternary-expand-math -split-input-file | FileCheck %s

// CHECK-LABEL: func @exp(
// CHECK-SAME:    %[[X:.*]]: f32) -> f32
func.func @exp(%x: f32) -> f32 {
  // NaN is neither below nor above a bound and stays.
  // CHECK: %[[LOW:.*]] = arith.constant -87.3365402 : f32
  // CHECK: %[[BELOW:.*]] = arith.cmpf ogt, %[[LOW]], %[[X]] : f32
  // CHECK: %[[X1:.*]] = arith.select %[[BELOW]], %[[LOW]], %[[X]] : f32
  // CHECK: %[[HIGH:.*]] = arith.constant 8.900000e+01 : f32
  // CHECK: %[[ABOVE:.*]] = arith.cmpf olt, %[[HIGH]], %[[X1]] : f32
  // CHECK: %[[X2:.*]] = arith.select %[[ABOVE]], %[[HIGH]], %[[X1]] : f32

  // n and its bits.
  // CHECK: %[[LOG2E:.*]] = arith.constant 1.44269502 : f32
  // CHECK: %[[SCALED:.*]] = arith.mulf %[[X2]], %[[LOG2E]] : f32
  // CHECK: %[[ROUNDER:.*]] = arith.constant 0x4B400000 : f32
  // CHECK: %[[SHIFTED:.*]] = arith.addf %[[SCALED]], %[[ROUNDER]] : f32
  // CHECK: %[[N:.*]] = arith.subf %[[SHIFTED]], %{{.*}} : f32
  // CHECK: %[[BITS:.*]] = arith.bitcast %[[SHIFTED]] : f32 to i32
  // CHECK: %[[EXPONENT:.*]] = arith.subi %[[BITS]], %{{.*}} : i32

  // r
  // CHECK: %[[LN2_HIGH:.*]] = arith.constant 0.693359375 : f32
  // CHECK: %[[N_HIGH:.*]] = arith.mulf %[[N]], %[[LN2_HIGH]] : f32
  // CHECK: %[[R1:.*]] = arith.subf %[[X2]], %[[N_HIGH]] : f32
  // CHECK: %[[LN2_LOW:.*]] = arith.constant -2.12194442E-4 : f32
  // CHECK: %[[N_LOW:.*]] = arith.mulf %[[N]], %[[LN2_LOW]] : f32
  // CHECK: %[[R:.*]] = arith.subf %[[R1]], %[[N_LOW]] : f32

  // The polynomial.
  // CHECK: %[[P0:.*]] = arith.constant 1.98756912E-4 : f32
  // CHECK: %[[P0R:.*]] = arith.mulf %[[P0]], %[[R]] : f32
  // CHECK: %[[C1:.*]] = arith.constant 0.00139819994 : f32
  // CHECK: %[[P1:.*]] = arith.addf %[[P0R]], %[[C1]] : f32
  // CHECK-COUNT-4: arith.mulf %{{.*}}, %[[R]] : f32
  // CHECK: %[[P5:.*]] = arith.addf
  // CHECK: %[[PR:.*]] = arith.mulf %[[P5]], %[[R]] : f32
  // CHECK: %[[PRR:.*]] = arith.mulf %[[PR]], %[[R]] : f32
  // CHECK: %[[Y1:.*]] = arith.addf %[[PRR]], %[[R]] : f32
  // CHECK: %[[ONE:.*]] = arith.constant 1.000000e+00 : f32
  // CHECK: %[[Y:.*]] = arith.addf %[[Y1]], %[[ONE]] : f32

  // 2^n in two factors.
  // CHECK: %[[HALF:.*]] = arith.shrsi %[[EXPONENT]], %{{.*}} : i32
  // CHECK: %[[REST:.*]] = arith.subi %[[EXPONENT]], %[[HALF]] : i32
  // CHECK: %[[BIASED1:.*]] = arith.addi %[[HALF]], %{{.*}} : i32
  // CHECK: %[[POWER1_BITS:.*]] = arith.shli %[[BIASED1]], %{{.*}} : i32
  // CHECK: %[[POWER1:.*]] = arith.bitcast %[[POWER1_BITS]] : i32 to f32
  // CHECK: %[[Y2:.*]] = arith.mulf %[[Y]], %[[POWER1]] : f32
  // CHECK: %[[BIASED2:.*]] = arith.addi %[[REST]], %{{.*}} : i32
  // CHECK: %[[POWER2_BITS:.*]] = arith.shli %[[BIASED2]], %{{.*}} : i32
  // CHECK: %[[POWER2:.*]] = arith.bitcast %[[POWER2_BITS]] : i32 to f32
  // CHECK: %[[Y3:.*]] = arith.mulf %[[Y2]], %[[POWER2]] : f32

  // No subnormal result.
  // CHECK: %[[ZERO:.*]] = arith.constant 0.000000e+00 : f32
  // CHECK: %[[RESULT:.*]] = arith.select %[[BELOW]], %[[ZERO]], %[[Y3]] : f32
  // CHECK: return %[[RESULT]]
  %0 = math.exp %x : f32
  return %0 : f32
}

// -----

// CHECK-LABEL: func @vectors(
// CHECK-NOT:     math.
// CHECK:         arith.constant dense<0x4B400000> : vector<2x16xf32>
// CHECK:         arith.bitcast %{{.*}} : vector<2x16xf32> to vector<2x16xi32>
// CHECK-NOT:     math.
// CHECK:         arith.constant dense<0x4B400000> : vector<[4]xf32>
// CHECK:         arith.bitcast %{{.*}} : vector<[4]xf32> to vector<[4]xi32>
// CHECK-NOT:     math.
// CHECK:         return
func.func @vectors(%x: vector<2x16xf32>, %y: vector<[4]xf32>) -> (vector<2x16xf32>, vector<[4]xf32>) {
  %0 = math.exp %x : vector<2x16xf32>
  %1 = math.exp %y : vector<[4]xf32>
  return %0, %1 : vector<2x16xf32>, vector<[4]xf32>
}

// -----

// CHECK-LABEL: func @sigmoid(
// CHECK-SAME:    %[[X:.*]]: vector<16xf32>)
// CHECK:         %[[ONE:.*]] = arith.constant dense<1.000000e+00> : vector<16xf32>
// CHECK:         %[[NEGATED:.*]] = arith.negf %[[X]] : vector<16xf32>
// CHECK:         arith.cmpf ogt, %{{.*}}, %[[NEGATED]] : vector<16xf32>
// CHECK:         %[[SUM:.*]] = arith.addf %[[ONE]], %{{.*}} : vector<16xf32>
// CHECK-NEXT:    %[[RESULT:.*]] = arith.divf %[[ONE]], %[[SUM]] : vector<16xf32>
// CHECK-NEXT:    return %[[RESULT]]
func.func @sigmoid(%x: vector<16xf32>) -> vector<16xf32> {
  %0 = ternary.activate sigmoid %x : vector<16xf32>
  return %0 : vector<16xf32>
}

// -----

// CHECK-LABEL: func @silu(
// CHECK-SAME:    %[[X:.*]]: f32)
// CHECK:         %[[SIGMOID:.*]] = arith.divf
// CHECK-NEXT:    %[[RESULT:.*]] = arith.mulf %[[X]], %[[SIGMOID]] : f32
// CHECK-NEXT:    return %[[RESULT]]
func.func @silu(%x: f32) -> f32 {
  %0 = ternary.activate silu %x : f32
  return %0 : f32
}

// -----

// CHECK-LABEL: func @squared_relu(
// CHECK-SAME:    %[[X:.*]]: f32)
// CHECK-NEXT:    %[[ZERO:.*]] = arith.constant 0.000000e+00 : f32
// CHECK-NEXT:    %[[NEGATIVE:.*]] = arith.cmpf ogt, %[[ZERO]], %[[X]] : f32
// CHECK-NEXT:    %[[RELU:.*]] = arith.select %[[NEGATIVE]], %[[ZERO]], %[[X]] : f32
// CHECK-NEXT:    %[[RESULT:.*]] = arith.mulf %[[RELU]], %[[RELU]] : f32
// CHECK-NEXT:    return %[[RESULT]]
func.func @squared_relu(%x: f32) -> f32 {
  %0 = ternary.activate squared_relu %x : f32
  return %0 : f32
}

// -----

// What the identity leaves, and what is not f32, is left alone.

// CHECK-LABEL: func @others(
// CHECK-SAME:    %[[X:.*]]: f32, %[[Y:.*]]: f64, %[[Z:.*]]: tensor<?xf32>)
// CHECK-NEXT:    %[[EXP:.*]] = math.exp %[[Y]] : f64
// CHECK-NEXT:    %[[RELU:.*]] = ternary.activate relu %[[Z]] : tensor<?xf32>
// CHECK-NEXT:    return %[[X]], %[[EXP]], %[[RELU]]
func.func @others(%x: f32, %y: f64, %z: tensor<?xf32>) -> (f32, f64, tensor<?xf32>) {
  %0 = "ternary.activate"(%x) {activation = 0 : i32} : (f32) -> f32
  %1 = math.exp %y : f64
  %2 = ternary.activate relu %z : tensor<?xf32>
  return %0, %1, %2 : f32, f64, tensor<?xf32>
}

// -----

// Activations of f64 keep the exponential.

// CHECK-LABEL: func @double(
// CHECK-SAME:    %[[X:.*]]: f64)
// CHECK-NEXT:    %[[ONE:.*]] = arith.constant 1.000000e+00 : f64
// CHECK-NEXT:    %[[NEGATIVE:.*]] = arith.negf %[[X]] : f64
// CHECK-NEXT:    %[[EXP:.*]] = math.exp %[[NEGATIVE]] : f64
// CHECK-NEXT:    %[[SUM:.*]] = arith.addf %[[ONE]], %[[EXP]] : f64
// CHECK-NEXT:    %[[RESULT:.*]] = arith.divf %[[ONE]], %[[SUM]] : f64
// CHECK-NEXT:    return %[[RESULT]]
func.func @double(%x: f64) -> f64 {
  %0 = ternary.activate sigmoid %x : f64
  return %0 : f64
}
