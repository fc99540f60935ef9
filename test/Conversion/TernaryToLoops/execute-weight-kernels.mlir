// Weights, quantised and packed at run time. The expected values follow the equations of the dialect and of its
// layouts, in NumPy.

// RUN: ternary-opt %s -ternary-to-loops -ternary-expand-math %lower_to_llvm | %run_mlir | FileCheck %s

memref.global "private" constant @ties : memref<3x5xf32> = dense<[[0.125, -0.125, 0.375, -0.375, 0.0],
  [0.12500010430812836, -0.12500010430812836, 0.25, -0.25, -0.0], [0.5, -0.75, 0.375, 0.24999989569187164,
  0.12499989569187164]]>
memref.global "private" constant @garbage_1f32 : memref<1xf32> = dense<77.0>
memref.global "private" constant @blocks : memref<35x37xf32> = dense<[[-1.25, -0.4375, 0.375, 1.1875,
  -0.5625, 0.25, 1.0625, -0.6875, 0.125, 0.9375, -0.8125, 0.0, 0.8125, -0.9375, -0.125, 0.6875, -1.0625,
  -0.25, 0.5625, -1.1875, -0.375, 0.4375, 1.25, -0.5, 0.3125, 1.125, -0.625, 0.1875, 1.0, -0.75, 0.0625,
  0.875, -0.875, -0.0625, 0.75, -1.0, -0.1875], [-0.8125, 0.0625, 0.9375, -0.75, 0.125, 1.0, -0.6875, 0.1875,
  1.0625, -0.625, 0.25, 1.125, -0.5625, 0.3125, 1.1875, -0.5, 0.375, 1.25, -0.4375, 0.4375, -1.25, -0.375,
  0.5, -1.1875, -0.3125, 0.5625, -1.125, -0.25, 0.625, -1.0625, -0.1875, 0.6875, -1.0, -0.125, 0.75, -0.9375,
  -0.0625], [-0.375, 0.5625, -1.0625, -0.125, 0.8125, -0.8125, 0.125, 1.0625, -0.5625, 0.375, -1.25, -0.3125,
  0.625, -1.0, -0.0625, 0.875, -0.75, 0.1875, 1.125, -0.5, 0.4375, -1.1875, -0.25, 0.6875, -0.9375, 0.0,
  0.9375, -0.6875, 0.25, 1.1875, -0.4375, 0.5, -1.125, -0.1875, 0.75, -0.875, 0.0625], [0.0625, 1.0625, -0.5,
  0.5, -1.0625, -0.0625, 0.9375, -0.625, 0.375, -1.1875, -0.1875, 0.8125, -0.75, 0.25, 1.25, -0.3125, 0.6875,
  -0.875, 0.125, 1.125, -0.4375, 0.5625, -1.0, 0.0, 1.0, -0.5625, 0.4375, -1.125, -0.125, 0.875, -0.6875,
  0.3125, -1.25, -0.25, 0.75, -0.8125, 0.1875], [0.5, -1.0, 0.0625, 1.125, -0.375, 0.6875, -0.8125, 0.25,
  -1.25, -0.1875, 0.875, -0.625, 0.4375, -1.0625, 0.0, 1.0625, -0.4375, 0.625, -0.875, 0.1875, 1.25, -0.25,
  0.8125, -0.6875, 0.375, -1.125, -0.0625, 1.0, -0.5, 0.5625, -0.9375, 0.125, 1.1875, -0.3125, 0.75, -0.75,
  0.3125], [0.9375, -0.5, 0.625, -0.8125, 0.3125, -1.125, 0.0, 1.125, -0.3125, 0.8125, -0.625, 0.5, -0.9375,
  0.1875, -1.25, -0.125, 1.0, -0.4375, 0.6875, -0.75, 0.375, -1.0625, 0.0625, 1.1875, -0.25, 0.875, -0.5625,
  0.5625, -0.875, 0.25, -1.1875, -0.0625, 1.0625, -0.375, 0.75, -0.6875, 0.4375], [-1.1875, 0.0, 1.1875,
  -0.1875, 1.0, -0.375, 0.8125, -0.5625, 0.625, -0.75, 0.4375, -0.9375, 0.25, -1.125, 0.0625, 1.25, -0.125,
  1.0625, -0.3125, 0.875, -0.5, 0.6875, -0.6875, 0.5, -0.875, 0.3125, -1.0625, 0.125, -1.25, -0.0625, 1.125,
  -0.25, 0.9375, -0.4375, 0.75, -0.625, 0.5625], [-0.75, 0.5, -0.8125, 0.4375, -0.875, 0.375, -0.9375,
  0.3125, -1.0, 0.25, -1.0625, 0.1875, -1.125, 0.125, -1.1875, 0.0625, -1.25, 0.0, 1.25, -0.0625, 1.1875,
  -0.125, 1.125, -0.1875, 1.0625, -0.25, 1.0, -0.3125, 0.9375, -0.375, 0.875, -0.4375, 0.8125, -0.5, 0.75,
  -0.5625, 0.6875], [-0.3125, 1.0, -0.25, 1.0625, -0.1875, 1.125, -0.125, 1.1875, -0.0625, 1.25, 0.0, -1.25,
  0.0625, -1.1875, 0.125, -1.125, 0.1875, -1.0625, 0.25, -1.0, 0.3125, -0.9375, 0.375, -0.875, 0.4375,
  -0.8125, 0.5, -0.75, 0.5625, -0.6875, 0.625, -0.625, 0.6875, -0.5625, 0.75, -0.5, 0.8125], [0.125, -1.0625,
  0.3125, -0.875, 0.5, -0.6875, 0.6875, -0.5, 0.875, -0.3125, 1.0625, -0.125, 1.25, 0.0625, -1.125, 0.25,
  -0.9375, 0.4375, -0.75, 0.625, -0.5625, 0.8125, -0.375, 1.0, -0.1875, 1.1875, 0.0, -1.1875, 0.1875, -1.0,
  0.375, -0.8125, 0.5625, -0.625, 0.75, -0.4375, 0.9375], [0.5625, -0.5625, 0.875, -0.25, 1.1875, 0.0625,
  -1.0625, 0.375, -0.75, 0.6875, -0.4375, 1.0, -0.125, -1.25, 0.1875, -0.9375, 0.5, -0.625, 0.8125, -0.3125,
  1.125, 0.0, -1.125, 0.3125, -0.8125, 0.625, -0.5, 0.9375, -0.1875, 1.25, 0.125, -1.0, 0.4375, -0.6875,
  0.75, -0.375, 1.0625], [1.0, -0.0625, -1.125, 0.375, -0.6875, 0.8125, -0.25, 1.25, 0.1875, -0.875, 0.625,
  -0.4375, 1.0625, 0.0, -1.0625, 0.4375, -0.625, 0.875, -0.1875, -1.25, 0.25, -0.8125, 0.6875, -0.375, 1.125,
  0.0625, -1.0, 0.5, -0.5625, 0.9375, -0.125, -1.1875, 0.3125, -0.75, 0.75, -0.3125, 1.1875], [-1.125,
  0.4375, -0.5625, 1.0, 0.0, -1.0, 0.5625, -0.4375, 1.125, 0.125, -0.875, 0.6875, -0.3125, 1.25, 0.25, -0.75,
  0.8125, -0.1875, -1.1875, 0.375, -0.625, 0.9375, -0.0625, -1.0625, 0.5, -0.5, 1.0625, 0.0625, -0.9375,
  0.625, -0.375, 1.1875, 0.1875, -0.8125, 0.75, -0.25, -1.25], [-0.6875, 0.9375, 0.0, -0.9375, 0.6875, -0.25,
  -1.1875, 0.4375, -0.5, 1.125, 0.1875, -0.75, 0.875, -0.0625, -1.0, 0.625, -0.3125, -1.25, 0.375, -0.5625,
  1.0625, 0.125, -0.8125, 0.8125, -0.125, -1.0625, 0.5625, -0.375, 1.25, 0.3125, -0.625, 1.0, 0.0625, -0.875,
  0.75, -0.1875, -1.125], [-0.25, -1.125, 0.5625, -0.3125, -1.1875, 0.5, -0.375, -1.25, 0.4375, -0.4375,
  1.25, 0.375, -0.5, 1.1875, 0.3125, -0.5625, 1.125, 0.25, -0.625, 1.0625, 0.1875, -0.6875, 1.0, 0.125,
  -0.75, 0.9375, 0.0625, -0.8125, 0.875, 0.0, -0.875, 0.8125, -0.0625, -0.9375, 0.75, -0.125, -1.0], [0.1875,
  -0.625, 1.125, 0.3125, -0.5, 1.25, 0.4375, -0.375, -1.1875, 0.5625, -0.25, -1.0625, 0.6875, -0.125,
  -0.9375, 0.8125, 0.0, -0.8125, 0.9375, 0.125, -0.6875, 1.0625, 0.25, -0.5625, 1.1875, 0.375, -0.4375,
  -1.25, 0.5, -0.3125, -1.125, 0.625, -0.1875, -1.0, 0.75, -0.0625, -0.875], [0.625, -0.125, -0.875, 0.9375,
  0.1875, -0.5625, 1.25, 0.5, -0.25, -1.0, 0.8125, 0.0625, -0.6875, 1.125, 0.375, -0.375, -1.125, 0.6875,
  -0.0625, -0.8125, 1.0, 0.25, -0.5, -1.25, 0.5625, -0.1875, -0.9375, 0.875, 0.125, -0.625, 1.1875, 0.4375,
  -0.3125, -1.0625, 0.75, 0.0, -0.75], [1.0625, 0.375, -0.3125, -1.0, 0.875, 0.1875, -0.5, -1.1875, 0.6875,
  0.0, -0.6875, 1.1875, 0.5, -0.1875, -0.875, 1.0, 0.3125, -0.375, -1.0625, 0.8125, 0.125, -0.5625, -1.25,
  0.625, -0.0625, -0.75, 1.125, 0.4375, -0.25, -0.9375, 0.9375, 0.25, -0.4375, -1.125, 0.75, 0.0625, -0.625],
  [-1.0625, 0.875, 0.25, -0.375, -1.0, 0.9375, 0.3125, -0.3125, -0.9375, 1.0, 0.375, -0.25, -0.875, 1.0625,
  0.4375, -0.1875, -0.8125, 1.125, 0.5, -0.125, -0.75, 1.1875, 0.5625, -0.0625, -0.6875, 1.25, 0.625, 0.0,
  -0.625, -1.25, 0.6875, 0.0625, -0.5625, -1.1875, 0.75, 0.125, -0.5], [-0.625, -1.1875, 0.8125, 0.25,
  -0.3125, -0.875, 1.125, 0.5625, 0.0, -0.5625, -1.125, 0.875, 0.3125, -0.25, -0.8125, 1.1875, 0.625, 0.0625,
  -0.5, -1.0625, 0.9375, 0.375, -0.1875, -0.75, 1.25, 0.6875, 0.125, -0.4375, -1.0, 1.0, 0.4375, -0.125,
  -0.6875, -1.25, 0.75, 0.1875, -0.375], [-0.1875, -0.6875, -1.1875, 0.875, 0.375, -0.125, -0.625, -1.125,
  0.9375, 0.4375, -0.0625, -0.5625, -1.0625, 1.0, 0.5, 0.0, -0.5, -1.0, 1.0625, 0.5625, 0.0625, -0.4375,
  -0.9375, 1.125, 0.625, 0.125, -0.375, -0.875, 1.1875, 0.6875, 0.1875, -0.3125, -0.8125, 1.25, 0.75, 0.25,
  -0.25], [0.25, -0.1875, -0.625, -1.0625, 1.0625, 0.625, 0.1875, -0.25, -0.6875, -1.125, 1.0, 0.5625, 0.125,
  -0.3125, -0.75, -1.1875, 0.9375, 0.5, 0.0625, -0.375, -0.8125, -1.25, 0.875, 0.4375, 0.0, -0.4375, -0.875,
  1.25, 0.8125, 0.375, -0.0625, -0.5, -0.9375, 1.1875, 0.75, 0.3125, -0.125], [0.6875, 0.3125, -0.0625,
  -0.4375, -0.8125, -1.1875, 1.0, 0.625, 0.25, -0.125, -0.5, -0.875, -1.25, 0.9375, 0.5625, 0.1875, -0.1875,
  -0.5625, -0.9375, 1.25, 0.875, 0.5, 0.125, -0.25, -0.625, -1.0, 1.1875, 0.8125, 0.4375, 0.0625, -0.3125,
  -0.6875, -1.0625, 1.125, 0.75, 0.375, 0.0], [1.125, 0.8125, 0.5, 0.1875, -0.125, -0.4375, -0.75, -1.0625,
  1.1875, 0.875, 0.5625, 0.25, -0.0625, -0.375, -0.6875, -1.0, 1.25, 0.9375, 0.625, 0.3125, 0.0, -0.3125,
  -0.625, -0.9375, -1.25, 1.0, 0.6875, 0.375, 0.0625, -0.25, -0.5625, -0.875, -1.1875, 1.0625, 0.75, 0.4375,
  0.125], [-1.0, -1.25, 1.0625, 0.8125, 0.5625, 0.3125, 0.0625, -0.1875, -0.4375, -0.6875, -0.9375, -1.1875,
  1.125, 0.875, 0.625, 0.375, 0.125, -0.125, -0.375, -0.625, -0.875, -1.125, 1.1875, 0.9375, 0.6875, 0.4375,
  0.1875, -0.0625, -0.3125, -0.5625, -0.8125, -1.0625, 1.25, 1.0, 0.75, 0.5, 0.25], [-0.5625, -0.75, -0.9375,
  -1.125, 1.25, 1.0625, 0.875, 0.6875, 0.5, 0.3125, 0.125, -0.0625, -0.25, -0.4375, -0.625, -0.8125, -1.0,
  -1.1875, 1.1875, 1.0, 0.8125, 0.625, 0.4375, 0.25, 0.0625, -0.125, -0.3125, -0.5, -0.6875, -0.875, -1.0625,
  -1.25, 1.125, 0.9375, 0.75, 0.5625, 0.375], [-0.125, -0.25, -0.375, -0.5, -0.625, -0.75, -0.875, -1.0,
  -1.125, -1.25, 1.1875, 1.0625, 0.9375, 0.8125, 0.6875, 0.5625, 0.4375, 0.3125, 0.1875, 0.0625, -0.0625,
  -0.1875, -0.3125, -0.4375, -0.5625, -0.6875, -0.8125, -0.9375, -1.0625, -1.1875, 1.25, 1.125, 1.0, 0.875,
  0.75, 0.625, 0.5], [0.3125, 0.25, 0.1875, 0.125, 0.0625, 0.0, -0.0625, -0.125, -0.1875, -0.25, -0.3125,
  -0.375, -0.4375, -0.5, -0.5625, -0.625, -0.6875, -0.75, -0.8125, -0.875, -0.9375, -1.0, -1.0625, -1.125,
  -1.1875, -1.25, 1.25, 1.1875, 1.125, 1.0625, 1.0, 0.9375, 0.875, 0.8125, 0.75, 0.6875, 0.625], [0.75, 0.75,
  0.75, 0.75, 0.75, 0.75, 0.75, 0.75, 0.75, 0.75, 0.75, 0.75, 0.75, 0.75, 0.75, 0.75, 0.75, 0.75, 0.75, 0.75,
  0.75, 0.75, 0.75, 0.75, 0.75, 0.75, 0.75, 0.75, 0.75, 0.75, 0.75, 0.75, 0.75, 0.75, 0.75, 0.75, 0.75],
  [1.1875, 1.25, -1.25, -1.1875, -1.125, -1.0625, -1.0, -0.9375, -0.875, -0.8125, -0.75, -0.6875, -0.625,
  -0.5625, -0.5, -0.4375, -0.375, -0.3125, -0.25, -0.1875, -0.125, -0.0625, 0.0, 0.0625, 0.125, 0.1875, 0.25,
  0.3125, 0.375, 0.4375, 0.5, 0.5625, 0.625, 0.6875, 0.75, 0.8125, 0.875], [-0.9375, -0.8125, -0.6875,
  -0.5625, -0.4375, -0.3125, -0.1875, -0.0625, 0.0625, 0.1875, 0.3125, 0.4375, 0.5625, 0.6875, 0.8125,
  0.9375, 1.0625, 1.1875, -1.25, -1.125, -1.0, -0.875, -0.75, -0.625, -0.5, -0.375, -0.25, -0.125, 0.0,
  0.125, 0.25, 0.375, 0.5, 0.625, 0.75, 0.875, 1.0], [-0.5, -0.3125, -0.125, 0.0625, 0.25, 0.4375, 0.625,
  0.8125, 1.0, 1.1875, -1.1875, -1.0, -0.8125, -0.625, -0.4375, -0.25, -0.0625, 0.125, 0.3125, 0.5, 0.6875,
  0.875, 1.0625, 1.25, -1.125, -0.9375, -0.75, -0.5625, -0.375, -0.1875, 0.0, 0.1875, 0.375, 0.5625, 0.75,
  0.9375, 1.125], [-0.0625, 0.1875, 0.4375, 0.6875, 0.9375, 1.1875, -1.125, -0.875, -0.625, -0.375, -0.125,
  0.125, 0.375, 0.625, 0.875, 1.125, -1.1875, -0.9375, -0.6875, -0.4375, -0.1875, 0.0625, 0.3125, 0.5625,
  0.8125, 1.0625, -1.25, -1.0, -0.75, -0.5, -0.25, 0.0, 0.25, 0.5, 0.75, 1.0, 1.25], [0.375, 0.6875, 1.0,
  -1.25, -0.9375, -0.625, -0.3125, 0.0, 0.3125, 0.625, 0.9375, 1.25, -1.0, -0.6875, -0.375, -0.0625, 0.25,
  0.5625, 0.875, 1.1875, -1.0625, -0.75, -0.4375, -0.125, 0.1875, 0.5, 0.8125, 1.125, -1.125, -0.8125, -0.5,
  -0.1875, 0.125, 0.4375, 0.75, 1.0625, -1.1875], [0.8125, 1.1875, -1.0, -0.625, -0.25, 0.125, 0.5, 0.875,
  1.25, -0.9375, -0.5625, -0.1875, 0.1875, 0.5625, 0.9375, -1.25, -0.875, -0.5, -0.125, 0.25, 0.625, 1.0,
  -1.1875, -0.8125, -0.4375, -0.0625, 0.3125, 0.6875, 1.0625, -1.125, -0.75, -0.375, 0.0, 0.375, 0.75, 1.125,
  -1.0625]]>
memref.global "private" constant @zeros : memref<2x3xf32> = dense<[[0.0, 0.0, 0.0], [0.0, 0.0, 0.0]]>
memref.global "private" constant @six_codes : memref<60xi8> = dense<[0, 0, 0, 1, 1, 0, 1, 1, 0, 1, 0, 2, 0,
  0, 2, 0, 0, 1, 2, 1, 1, 1, 1, 0, 0, 0, 1, 1, 1, 2, 2, 1, 0, 0, 2, 0, 0, 2, 0, 0, 1, 2, 2, 1, 2, 1, 0, 1, 0,
  1, 0, 0, 2, 2, 2, 0, 0, 0, 1, 1]>
memref.global "private" constant @eight_codes : memref<128xi8> = dense<[0, 2, 1, 0, 2, 1, 0, 2, 1, 0, 2, 1,
  0, 2, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 1, 2, 0,
  0, 2, 1, 0, 2, 1, 0, 2, 1, 0, 2, 1, 0, 2, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 0,
  1, 2, 0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 0, 2, 1, 0, 2, 1, 0, 2, 1, 0, 2, 1, 0, 2, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0,
  0, 0, 0, 0, 0, 0, 0, 0]>
memref.global "private" constant @odd_codes : memref<35xi8> = dense<[0, 2, 1, 0, 2, 1, 0, 2, 2, 2, 2, 2, 2,
  2, 1, 2, 0, 1, 2, 0, 1, 0, 2, 1, 0, 2, 1, 0, 2, 2, 2, 2, 2, 2, 2]>

func.func private @printMemrefF32(memref<*xf32>) attributes {llvm.emit_c_interface}
func.func private @printMemrefI32(memref<*xi32>) attributes {llvm.emit_c_interface}

func.func @print_bits(%x: memref<?xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %size = memref.dim %x, %c0 : memref<?xf32>
  %bits = memref.alloc(%size) : memref<?xi32>
  scf.for %i = %c0 to %size step %c1 {
    %value = memref.load %x[%i] : memref<?xf32>
    %integer = arith.bitcast %value : f32 to i32
    memref.store %integer, %bits[%i] : memref<?xi32>
  }
  %any = memref.cast %bits : memref<?xi32> to memref<*xi32>
  func.call @printMemrefI32(%any) : (memref<*xi32>) -> ()
  return
}

func.func @print_bytes(%x: memref<?xi8>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %size = memref.dim %x, %c0 : memref<?xi8>
  %words = memref.alloc(%size) : memref<?xi32>
  scf.for %i = %c0 to %size step %c1 {
    %byte = memref.load %x[%i] : memref<?xi8>
    %word = arith.extui %byte : i8 to i32
    memref.store %word, %words[%i] : memref<?xi32>
  }
  %any = memref.cast %words : memref<?xi32> to memref<*xi32>
  func.call @printMemrefI32(%any) : (memref<*xi32>) -> ()
  return
}

func.func @main() {

  // The scale is 0.25: what is half of it goes to the even neighbour, 0, what is 1.5 times it to 1, as all that is larger.
  %ties = memref.get_global @ties : memref<3x5xf32>
  %ties_bytes = memref.alloc() : memref<15xi8>
  %ties_trits = ternary.weight_memory %ties_bytes : memref<15xi8> -> memref<3x5x!ternary.trit>
  %ties_scale = memref.alloc() : memref<1xf32>
  %garbage_1f32 = memref.get_global @garbage_1f32 : memref<1xf32>
  memref.copy %garbage_1f32, %ties_scale : memref<1xf32> to memref<1xf32>
  %ties_sums = memref.alloc() : memref<3xf64>
  ternary.quantize_weights_kernel ins(%ties : memref<3x5xf32>) outs(%ties_trits, %ties_scale, %ties_sums : memref<3x5x!ternary.trit>, memref<1xf32>, memref<3xf64>)
  // CHECK:      [1048576000]
  %ties_scale_any = memref.cast %ties_scale : memref<1xf32> to memref<?xf32>
  func.call @print_bits(%ties_scale_any) : (memref<?xf32>) -> ()
  // CHECK:      [1, 1, 2, 0, 1, 2, 0, 2, 0, 1, 2, 0, 2, 2, 1]
  %any_ties_bytes = memref.cast %ties_bytes : memref<15xi8> to memref<?xi8>
  func.call @print_bytes(%any_ties_bytes) : (memref<?xi8>) -> ()

  // 35 rows and 37 columns: blocks of 32, and what is left.
  %blocks = memref.get_global @blocks : memref<35x37xf32>
  %blocks_bytes = memref.alloc() : memref<1295xi8>
  %blocks_trits = ternary.weight_memory %blocks_bytes : memref<1295xi8> -> memref<35x37x!ternary.trit>
  %blocks_scale = memref.alloc() : memref<1xf32>
  memref.copy %garbage_1f32, %blocks_scale : memref<1xf32> to memref<1xf32>
  %blocks_sums = memref.alloc() : memref<35xf64>
  ternary.quantize_weights_kernel ins(%blocks : memref<35x37xf32>) outs(%blocks_trits, %blocks_scale, %blocks_sums : memref<35x37x!ternary.trit>, memref<1xf32>, memref<35xf64>)
  // CHECK:      [1059358924]
  %blocks_scale_any = memref.cast %blocks_scale : memref<1xf32> to memref<?xf32>
  func.call @print_bits(%blocks_scale_any) : (memref<?xf32>) -> ()
  // CHECK:      [0, 0, 2, 2, 0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 1, 2, 0,
  // CHECK-SAME: 0, 2, 2, 0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 1, 0, 1, 2,
  // CHECK-SAME: 0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 2, 2, 0, 2, 0, 0, 2,
  // CHECK-SAME: 0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 1, 0, 2, 0, 1, 2, 0,
  // CHECK-SAME: 1, 2, 0, 2, 0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 2, 0, 1, 2, 0, 1,
  // CHECK-SAME: 2, 0, 1, 2, 0, 2, 0, 1, 2, 0, 1, 1, 2, 0, 2, 0, 1, 2, 0, 2,
  // CHECK-SAME: 0, 1, 2, 0, 1, 2, 1, 2, 0, 1, 2, 0, 2, 0, 1, 2, 0, 2, 0, 1,
  // CHECK-SAME: 2, 0, 1, 0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 2, 0, 1, 0, 1, 2, 0,
  // CHECK-SAME: 2, 0, 1, 2, 0, 2, 0, 1, 2, 1, 2, 0, 2, 0, 1, 2, 0, 2, 0, 1,
  // CHECK-SAME: 2, 1, 2, 0, 1, 2, 0, 2, 0, 1, 0, 1, 2, 1, 2, 0, 2, 0, 1, 0,
  // CHECK-SAME: 1, 2, 0, 2, 0, 2, 0, 1, 2, 1, 2, 0, 2, 0, 1, 0, 1, 2, 0, 2,
  // CHECK-SAME: 0, 2, 0, 1, 2, 1, 2, 0, 2, 0, 2, 0, 2, 0, 1, 0, 1, 2, 1, 2,
  // CHECK-SAME: 1, 2, 0, 2, 0, 2, 0, 1, 0, 1, 0, 1, 2, 1, 2, 0, 2, 0, 2, 0,
  // CHECK-SAME: 2, 0, 2, 0, 2, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 2, 1, 2,
  // CHECK-SAME: 1, 2, 1, 2, 1, 2, 1, 2, 0, 2, 0, 2, 0, 2, 0, 2, 1, 2, 1, 2,
  // CHECK-SAME: 1, 2, 1, 2, 1, 2, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 2, 0,
  // CHECK-SAME: 2, 0, 2, 0, 2, 0, 2, 0, 2, 0, 2, 0, 2, 1, 0, 1, 0, 2, 0, 2,
  // CHECK-SAME: 0, 2, 1, 2, 1, 2, 1, 0, 1, 0, 2, 0, 2, 0, 2, 0, 2, 1, 2, 1,
  // CHECK-SAME: 0, 1, 0, 2, 0, 2, 0, 2, 0, 2, 2, 0, 2, 1, 2, 1, 0, 2, 0, 2,
  // CHECK-SAME: 0, 2, 1, 0, 1, 0, 2, 0, 2, 1, 2, 1, 0, 1, 0, 2, 0, 2, 1, 2,
  // CHECK-SAME: 1, 0, 2, 0, 2, 0, 2, 2, 1, 0, 2, 0, 2, 1, 2, 1, 0, 2, 0, 2,
  // CHECK-SAME: 1, 0, 2, 0, 2, 1, 0, 1, 0, 2, 0, 2, 1, 0, 2, 0, 2, 1, 0, 1,
  // CHECK-SAME: 0, 2, 1, 2, 0, 2, 0, 2, 1, 0, 2, 0, 2, 1, 0, 2, 1, 2, 1, 0,
  // CHECK-SAME: 2, 1, 0, 2, 0, 2, 1, 0, 2, 0, 2, 1, 0, 2, 0, 2, 1, 0, 2, 1,
  // CHECK-SAME: 0, 0, 2, 1, 0, 2, 1, 0, 2, 0, 2, 1, 0, 2, 1, 0, 2, 1, 0, 2,
  // CHECK-SAME: 0, 2, 1, 0, 2, 1, 0, 2, 0, 2, 1, 0, 2, 1, 0, 2, 1, 0, 1, 0,
  // CHECK-SAME: 2, 1, 0, 2, 0, 0, 2, 0, 2, 2, 0, 2, 1, 0, 2, 1, 0, 2, 1, 0,
  // CHECK-SAME: 2, 1, 0, 2, 1, 0, 2, 1, 0, 2, 1, 0, 2, 1, 0, 1, 0, 2, 1, 0,
  // CHECK-SAME: 2, 2, 0, 0, 2, 1, 0, 2, 1, 0, 2, 1, 0, 2, 1, 0, 2, 1, 0, 2,
  // CHECK-SAME: 2, 0, 0, 2, 1, 0, 2, 1, 0, 2, 1, 0, 2, 1, 0, 2, 1, 0, 2, 2,
  // CHECK-SAME: 1, 0, 2, 1, 0, 2, 2, 0, 0, 2, 1, 0, 2, 1, 0, 0, 2, 1, 0, 2,
  // CHECK-SAME: 1, 0, 2, 2, 1, 0, 2, 1, 0, 2, 2, 1, 0, 2, 1, 0, 0, 2, 1, 0,
  // CHECK-SAME: 2, 2, 1, 0, 2, 1, 0, 0, 2, 1, 0, 0, 2, 1, 0, 2, 2, 1, 0, 2,
  // CHECK-SAME: 1, 0, 0, 2, 1, 0, 0, 2, 1, 0, 0, 2, 1, 1, 0, 2, 2, 1, 0, 2,
  // CHECK-SAME: 2, 1, 0, 2, 2, 1, 0, 2, 2, 1, 0, 2, 2, 1, 0, 0, 2, 1, 0, 0,
  // CHECK-SAME: 2, 1, 0, 0, 0, 2, 1, 1, 0, 2, 2, 1, 0, 0, 2, 1, 1, 0, 2, 2,
  // CHECK-SAME: 1, 0, 0, 2, 2, 1, 0, 2, 2, 1, 0, 0, 2, 2, 1, 0, 0, 2, 1, 0,
  // CHECK-SAME: 1, 0, 0, 2, 2, 1, 0, 0, 2, 2, 1, 0, 0, 2, 2, 1, 0, 0, 2, 2,
  // CHECK-SAME: 1, 0, 0, 2, 2, 1, 0, 0, 2, 2, 1, 1, 0, 2, 2, 1, 1, 1, 1, 0,
  // CHECK-SAME: 0, 2, 2, 1, 1, 0, 0, 2, 2, 1, 1, 0, 0, 2, 2, 1, 0, 0, 0, 2,
  // CHECK-SAME: 2, 1, 0, 0, 2, 2, 2, 1, 0, 0, 2, 2, 1, 1, 2, 1, 1, 0, 0, 0,
  // CHECK-SAME: 2, 2, 1, 1, 0, 0, 0, 2, 2, 1, 1, 0, 0, 2, 2, 2, 1, 1, 0, 0,
  // CHECK-SAME: 2, 2, 2, 1, 1, 0, 0, 2, 2, 2, 1, 2, 2, 2, 1, 1, 0, 0, 0, 2,
  // CHECK-SAME: 2, 2, 1, 1, 0, 0, 0, 2, 2, 2, 1, 1, 1, 0, 0, 0, 2, 2, 2, 1,
  // CHECK-SAME: 1, 0, 0, 0, 2, 2, 2, 1, 0, 0, 2, 2, 2, 1, 1, 1, 0, 0, 0, 0,
  // CHECK-SAME: 2, 2, 2, 2, 1, 1, 0, 0, 0, 0, 2, 2, 2, 2, 1, 1, 1, 0, 0, 0,
  // CHECK-SAME: 2, 2, 2, 2, 1, 0, 0, 0, 0, 2, 2, 2, 2, 2, 1, 1, 1, 1, 0, 0,
  // CHECK-SAME: 0, 0, 0, 2, 2, 2, 2, 2, 1, 1, 1, 1, 0, 0, 0, 0, 0, 2, 2, 2,
  // CHECK-SAME: 2, 2, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 2, 2, 2, 2, 2, 2, 2, 1,
  // CHECK-SAME: 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 2, 2, 2, 2, 2, 2, 2, 1,
  // CHECK-SAME: 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
  // CHECK-SAME: 0, 0, 0, 0, 0, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2,
  // CHECK-SAME: 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2,
  // CHECK-SAME: 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 0, 0, 0, 0, 0,
  // CHECK-SAME: 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
  // CHECK-SAME: 1, 2, 2, 2, 2, 2, 2, 2, 2, 2, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1,
  // CHECK-SAME: 1, 2, 2, 2, 2, 2, 2, 2, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1,
  // CHECK-SAME: 1, 2, 2, 2, 2, 2, 2, 0, 1, 1, 1, 1, 2, 2, 2, 2, 2, 0, 0, 0,
  // CHECK-SAME: 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 2, 0, 0, 0, 0, 0, 1, 1, 1, 2,
  // CHECK-SAME: 2, 2, 2, 2, 1, 1, 2, 2, 2, 2, 0, 0, 0, 0, 1, 1, 2, 2, 2, 2,
  // CHECK-SAME: 0, 0, 0, 0, 1, 1, 1, 2, 2, 2, 0, 0, 0, 0, 1, 1, 1, 2, 2, 2,
  // CHECK-SAME: 2, 2, 2, 2, 0, 0, 0, 1, 1, 1, 2, 2, 2, 0, 0, 0, 1, 1, 2, 2,
  // CHECK-SAME: 2, 0, 0, 0, 1, 1, 2, 2, 2, 0, 0, 0, 1, 1, 2, 2, 2, 0, 2, 2,
  // CHECK-SAME: 0, 0, 1, 1, 2, 2, 2, 0, 0, 1, 1, 2, 2, 0, 0, 0, 1, 1, 2, 2,
  // CHECK-SAME: 0, 0, 0, 1, 1, 2, 2, 0, 0, 0, 1, 2, 2, 2, 0]
  %any_blocks_bytes = memref.cast %blocks_bytes : memref<1295xi8> to memref<?xi8>
  func.call @print_bytes(%any_blocks_bytes) : (memref<?xi8>) -> ()

  // A weight of zeros has the least scale there is, 1e-5, and no other trits.
  %zeros = memref.get_global @zeros : memref<2x3xf32>
  %zeros_bytes = memref.alloc() : memref<6xi8>
  %zeros_trits = ternary.weight_memory %zeros_bytes : memref<6xi8> -> memref<2x3x!ternary.trit>
  %zeros_scale = memref.alloc() : memref<1xf32>
  memref.copy %garbage_1f32, %zeros_scale : memref<1xf32> to memref<1xf32>
  %zeros_sums = memref.alloc() : memref<2xf64>
  ternary.quantize_weights_kernel ins(%zeros : memref<2x3xf32>) outs(%zeros_trits, %zeros_scale, %zeros_sums : memref<2x3x!ternary.trit>, memref<1xf32>, memref<2xf64>)
  // CHECK:      [925353388]
  %zeros_scale_any = memref.cast %zeros_scale : memref<1xf32> to memref<?xf32>
  func.call @print_bits(%zeros_scale_any) : (memref<?xf32>) -> ()
  // CHECK:      [1, 1, 1, 1, 1, 1]
  %any_zeros_bytes = memref.cast %zeros_bytes : memref<6xi8> to memref<?xi8>
  func.call @print_bytes(%any_zeros_bytes) : (memref<?xi8>) -> ()

  // The weight of the linear kernels' test, 6 by 10, packed: the bytes that the archive of that test has. Tiles of 4 rows
  // and groups of 8 columns are padded with code 1.
  %six_codes = memref.get_global @six_codes : memref<60xi8>
  %six_memory = memref.alloc() : memref<60xi8>
  memref.copy %six_codes, %six_memory : memref<60xi8> to memref<60xi8>
  %six = ternary.weight_memory %six_memory : memref<60xi8> -> memref<6x10x!ternary.trit>
  %packed_bytes = memref.alloc() : memref<32xi8>
  %packed = ternary.weight_memory %packed_bytes : memref<32xi8> -> memref<6x10x!ternary.trit, #ternary.packed<lanes = 2, depth = 2, planes = 4, vectors = 2>>
  ternary.pack_kernel ins(%six : memref<6x10x!ternary.trit>)
      outs(%packed : memref<6x10x!ternary.trit, #ternary.packed<lanes = 2, depth = 2, planes = 4, vectors = 2>>)
  // CHECK:      [68, 80, 104, 82, 81, 97, 74, 65, 84, 85, 80, 84, 85, 84, 80, 88, 73, 86, 88, 80,
  // CHECK-SAME: 85, 85, 85, 85, 82, 85, 82, 82, 85, 85, 85, 85]
  %any_packed_bytes = memref.cast %packed_bytes : memref<32xi8> to memref<?xi8>
  func.call @print_bytes(%any_packed_bytes) : (memref<?xi8>) -> ()

  // In two halves, each padded on its own.
  %halves_bytes = memref.alloc() : memref<32xi8>
  %halves = ternary.weight_memory %halves_bytes : memref<32xi8> -> memref<6x10x!ternary.trit, #ternary.packed<lanes = 2, depth = 2, planes = 4, vectors = 2, halves = 2>>
  ternary.pack_kernel ins(%six : memref<6x10x!ternary.trit>)
      outs(%halves : memref<6x10x!ternary.trit, #ternary.packed<lanes = 2, depth = 2, planes = 4, vectors = 2, halves = 2>>)
  // CHECK:      [68, 80, 104, 82, 74, 65, 73, 86, 84, 85, 80, 84, 80, 88, 82, 85, 81, 97, 85, 85,
  // CHECK-SAME: 88, 80, 85, 85, 85, 84, 85, 85, 82, 82, 85, 85]
  %any_halves_bytes = memref.cast %halves_bytes : memref<32xi8> to memref<?xi8>
  func.call @print_bytes(%any_halves_bytes) : (memref<?xi8>) -> ()

  // Nothing is left over, in one part and in halves; there may be one code a byte.
  %eight_codes = memref.get_global @eight_codes : memref<128xi8>
  %eight_memory = memref.alloc() : memref<128xi8>
  memref.copy %eight_codes, %eight_memory : memref<128xi8> to memref<128xi8>
  %eight = ternary.weight_memory %eight_memory : memref<128xi8> -> memref<8x16x!ternary.trit>
  %whole_bytes = memref.alloc() : memref<32xi8>
  %whole = ternary.weight_memory %whole_bytes : memref<32xi8> -> memref<8x16x!ternary.trit, #ternary.packed<lanes = 2, depth = 2, planes = 4, vectors = 2>>
  ternary.pack_kernel ins(%eight : memref<8x16x!ternary.trit>)
      outs(%whole : memref<8x16x!ternary.trit, #ternary.packed<lanes = 2, depth = 2, planes = 4, vectors = 2>>)
  // CHECK:      [24, 134, 0, 0, 36, 73, 24, 134, 97, 24, 0, 0, 146, 36, 97, 24, 0, 0, 36, 73,
  // CHECK-SAME: 24, 134, 0, 0, 0, 0, 146, 36, 97, 24, 0, 0]
  %any_whole_bytes = memref.cast %whole_bytes : memref<32xi8> to memref<?xi8>
  func.call @print_bytes(%any_whole_bytes) : (memref<?xi8>) -> ()
  %whole_halves_bytes = memref.alloc() : memref<32xi8>
  %whole_halves = ternary.weight_memory %whole_halves_bytes : memref<32xi8> -> memref<8x16x!ternary.trit, #ternary.packed<lanes = 2, depth = 2, planes = 4, vectors = 4, halves = 2>>
  ternary.pack_kernel ins(%eight : memref<8x16x!ternary.trit>)
      outs(%whole_halves : memref<8x16x!ternary.trit, #ternary.packed<lanes = 2, depth = 2, planes = 4, vectors = 4, halves = 2>>)
  // CHECK:      [24, 134, 0, 0, 36, 73, 24, 134, 0, 0, 36, 73, 24, 134, 0, 0, 97, 24, 0, 0,
  // CHECK-SAME: 146, 36, 97, 24, 0, 0, 146, 36, 97, 24, 0, 0]
  %any_whole_halves_bytes = memref.cast %whole_halves_bytes : memref<32xi8> to memref<?xi8>
  func.call @print_bytes(%any_whole_halves_bytes) : (memref<?xi8>) -> ()
  %bytes_bytes = memref.alloc() : memref<128xi8>
  %bytes = ternary.weight_memory %bytes_bytes : memref<128xi8> -> memref<8x16x!ternary.trit, #ternary.packed<lanes = 2, depth = 4, planes = 1, vectors = 2>>
  ternary.pack_kernel ins(%eight : memref<8x16x!ternary.trit>)
      outs(%bytes : memref<8x16x!ternary.trit, #ternary.packed<lanes = 2, depth = 4, planes = 1, vectors = 2>>)
  // CHECK:      [0, 2, 1, 0, 0, 0, 0, 0, 0, 1, 2, 0, 0, 2, 1, 0, 2, 1, 0, 2,
  // CHECK-SAME: 0, 0, 0, 0, 1, 2, 0, 1, 2, 1, 0, 2, 1, 0, 2, 1, 0, 0, 0, 0,
  // CHECK-SAME: 2, 0, 1, 2, 1, 0, 2, 1, 0, 2, 1, 0, 0, 0, 0, 0, 0, 1, 2, 0,
  // CHECK-SAME: 0, 2, 1, 0, 0, 0, 0, 0, 0, 1, 2, 0, 0, 2, 1, 0, 0, 0, 0, 0,
  // CHECK-SAME: 0, 0, 0, 0, 1, 2, 0, 1, 2, 1, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0,
  // CHECK-SAME: 2, 0, 1, 2, 1, 0, 2, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 0,
  // CHECK-SAME: 0, 2, 1, 0, 0, 0, 0, 0]
  %any_bytes_bytes = memref.cast %bytes_bytes : memref<128xi8> to memref<?xi8>
  func.call @print_bytes(%any_bytes_bytes) : (memref<?xi8>) -> ()

  // Nothing fits: 5 by 7.
  %odd_codes = memref.get_global @odd_codes : memref<35xi8>
  %odd_memory = memref.alloc() : memref<35xi8>
  memref.copy %odd_codes, %odd_memory : memref<35xi8> to memref<35xi8>
  %odd = ternary.weight_memory %odd_memory : memref<35xi8> -> memref<5x7x!ternary.trit>
  %odd_packed_bytes = memref.alloc() : memref<12xi8>
  %odd_packed = ternary.weight_memory %odd_packed_bytes : memref<12xi8> -> memref<5x7x!ternary.trit, #ternary.packed<lanes = 2, depth = 1, planes = 4, vectors = 1>>
  ternary.pack_kernel ins(%odd : memref<5x7x!ternary.trit>)
      outs(%odd_packed : memref<5x7x!ternary.trit, #ternary.packed<lanes = 2, depth = 1, planes = 4, vectors = 1>>)
  // CHECK:      [36, 170, 82, 106, 97, 36, 70, 82, 170, 85, 106, 85]
  %any_odd_packed_bytes = memref.cast %odd_packed_bytes : memref<12xi8> to memref<?xi8>
  func.call @print_bytes(%any_odd_packed_bytes) : (memref<?xi8>) -> ()

  // One byte a trit, row-major, is what trits are already.
  %plain_bytes = memref.alloc() : memref<35xi8>
  %plain = ternary.weight_memory %plain_bytes : memref<35xi8> -> memref<5x7x!ternary.trit, #ternary.packed<lanes = 1, depth = 1, planes = 1, vectors = 1>>
  ternary.pack_kernel ins(%odd : memref<5x7x!ternary.trit>)
      outs(%plain : memref<5x7x!ternary.trit, #ternary.packed<lanes = 1, depth = 1, planes = 1, vectors = 1>>)
  // CHECK:      [0, 2, 1, 0, 2, 1, 0, 2, 2, 2, 2, 2, 2, 2, 1, 2, 0, 1, 2, 0,
  // CHECK-SAME: 1, 0, 2, 1, 0, 2, 1, 0, 2, 2, 2, 2, 2, 2, 2]
  %any_plain_bytes = memref.cast %plain_bytes : memref<35xi8> to memref<?xi8>
  func.call @print_bytes(%any_plain_bytes) : (memref<?xi8>) -> ()
  return
}
