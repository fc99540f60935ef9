// Floats of 16 bits become integers: in memory, in vectors, in constants and in signatures.

// RUN: ternary-opt %s --ternary-emulate-half-floats | FileCheck %s --check-prefixes=CHECK,EMULATED
// RUN: ternary-opt %s --ternary-emulate-half-floats=f16-conversions=true | FileCheck %s --check-prefixes=CHECK,NATIVE

// CHECK: memref.global "private" constant @brains : memref<2xi16> = dense<[16256, -16384]>
memref.global "private" constant @brains : memref<2xbf16> = dense<[1.0, -2.0]>
// EMULATED: memref.global "private" constant @halves : memref<2xi16> = dense<[15360, -16384]>
// NATIVE: memref.global "private" constant @halves : memref<2xf16> = dense<[1.000000e+00, -2.000000e+00]>
memref.global "private" constant @halves : memref<2xf16> = dense<[1.0, -2.0]>

// CHECK-LABEL: func.func @extend_brain(
// CHECK-SAME:  %[[X:.*]]: i16) -> f32 {
func.func @extend_brain(%x: bf16) -> f32 {
  // CHECK: %[[WIDE:.*]] = arith.extui %[[X]] : i16 to i32
  // CHECK: %[[BITS:.*]] = arith.shli %[[WIDE]]
  // CHECK: arith.bitcast %[[BITS]] : i32 to f32
  %0 = arith.extf %x : bf16 to f32
  return %0 : f32
}

// Nothing of a vector that lies half beyond the end is taken apart as floats.

// CHECK-LABEL: func.func @round_to_brain(
// CHECK-SAME:  %{{.*}}: memref<?xi16>,
func.func @round_to_brain(%m: memref<?xbf16>, %x: vector<16xf32>, %mask: vector<16xi1>) {
  %c0 = arith.constant 0 : index
  // CHECK-NOT: bf16
  // NaN is 0x7FC0.
  // CHECK-DAG: arith.constant dense<32704> : vector<16xi16>
  // CHECK-DAG: arith.cmpf une
  // CHECK: arith.select
  // CHECK-NOT: bf16
  // CHECK: vector.maskedstore %{{.*}} : memref<?xi16>, vector<16xi1>, vector<16xi16>
  %0 = arith.truncf %x : vector<16xf32> to vector<16xbf16>
  vector.maskedstore %m[%c0], %mask, %0 : memref<?xbf16>, vector<16xi1>, vector<16xbf16>
  return
}

// CHECK-LABEL: func.func @halves_through_memory(
// EMULATED-NOT: f16
// NATIVE: arith.extf %{{.*}} : vector<4xf16> to vector<4xf32>
// NATIVE: arith.truncf %{{.*}} : vector<4xf32> to vector<4xf16>
// CHECK: return
func.func @halves_through_memory(%m: memref<8xf16>) {
  %c0 = arith.constant 0 : index
  %c4 = arith.constant 4 : index
  %0 = vector.load %m[%c0] : memref<8xf16>, vector<4xf16>
  %1 = arith.extf %0 : vector<4xf16> to vector<4xf32>
  %2 = arith.addf %1, %1 : vector<4xf32>
  %3 = arith.truncf %2 : vector<4xf32> to vector<4xf16>
  vector.store %3, %m[%c4] : memref<8xf16>, vector<4xf16>
  return
}

// CHECK-LABEL: func.func @constants(
// CHECK-SAME:  -> (vector<2xi16>, i16)
func.func @constants() -> (vector<2xbf16>, bf16) {
  // CHECK-DAG: arith.constant dense<[16256, 16384]> : vector<2xi16>
  // CHECK-DAG: arith.constant 16256 : i16
  %0 = arith.constant dense<[1.0, 2.0]> : vector<2xbf16>
  %1 = arith.constant 1.0 : bf16
  return %0, %1 : vector<2xbf16>, bf16
}

// What is computed once by the compiler keeps its types.

// CHECK-LABEL: ternary.archive @weights
ternary.archive @weights bytes 64 {
  // CHECK: ternary.read_parameter "norm.weight" : tensor<8xbf16>
  %0 = ternary.read_parameter "norm.weight" : tensor<8xbf16>
  ternary.archive_entry "norm.weight" at 0, %0 : tensor<8xbf16>
}
