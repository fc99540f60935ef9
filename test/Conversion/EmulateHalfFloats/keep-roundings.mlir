// RUN: ternary-opt %s --pass-pipeline='builtin.module(arith-emulate-unsupported-floats{source-types=f16 target-type=f32},ternary-keep-roundings,canonicalize)' | FileCheck %s
// RUN: ternary-opt %s --pass-pipeline='builtin.module(arith-emulate-unsupported-floats{source-types=f16 target-type=f32},canonicalize)' | FileCheck %s --check-prefix=WITHOUT

// A product that is rounded to f16 before it is added to stays so.
// CHECK-LABEL: func.func @f(
// CHECK:         %[[PRODUCT:.*]] = arith.mulf %{{.*}} : f32
// CHECK:         %[[ROUNDED:.*]] = arith.truncf %[[PRODUCT]] : f32 to f16
// CHECK:         arith.extf %[[ROUNDED]] {{.*}}: f16 to f32
// WITHOUT:       %[[PRODUCT:.*]] = arith.mulf %{{.*}} : f32
// WITHOUT:       arith.addf %[[PRODUCT]], %{{.*}} : f32
func.func @f(%x: f16) -> f16 {
  %0 = arith.mulf %x, %x : f16
  %1 = arith.addf %0, %x : f16
  return %1 : f16
}
