// Kernels of gradients, run. The expected values follow the equations of the dialect, in NumPy; inputs are such that
// the result is exact, or shows the order in which it was summed.

// RUN: ternary-opt %s -ternary-to-loops -ternary-expand-math %lower_to_llvm | %run_mlir | FileCheck %s

memref.global "private" constant @grad : memref<1x37x3xf32> = dense<[[[-1.25, 0.0, 1.25], [-0.5, 1.0, -0.25],
  [0.25, -0.75, 1.0], [1.0, 0.25, -0.5], [-1.0, 1.25, 0.75], [-0.25, -0.5, -0.75], [0.5, 0.5, 0.5], [1.25,
  -1.25, -1.0], [-0.75, -0.25, 0.25], [0.0, 0.75, -1.25], [0.75, -1.0, 0.0], [-1.25, 0.0, 1.25], [-0.5, 1.0,
  -0.25], [0.25, -0.75, 1.0], [1.0, 0.25, -0.5], [-1.0, 1.25, 0.75], [-0.25, -0.5, -0.75], [0.5, 0.5, 0.5],
  [1.25, -1.25, -1.0], [-0.75, -0.25, 0.25], [0.0, 0.75, -1.25], [0.75, -1.0, 0.0], [-1.25, 0.0, 1.25],
  [-0.5, 1.0, -0.25], [0.25, -0.75, 1.0], [1.0, 0.25, -0.5], [-1.0, 1.25, 0.75], [-0.25, -0.5, -0.75], [0.5,
  0.5, 0.5], [1.25, -1.25, -1.0], [-0.75, -0.25, 0.25], [0.0, 0.75, -1.25], [0.75, -1.0, 0.0], [-1.25, 0.0,
  1.25], [-0.5, 1.0, -0.25], [0.25, -0.75, 1.0], [1.0, 0.25, -0.5]]]>
memref.global "private" constant @trit_codes : memref<33xi8> = dense<[0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 1, 2, 0,
  1, 2, 0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 1, 2]>
memref.global "private" constant @scale : memref<1xf32> = dense<[0.75]>
memref.global "private" constant @garbage_1x37x11f32 : memref<1x37x11xf32> = dense<77.0>
memref.global "private" constant @scaled_grad : memref<1x3x37xf32> = dense<[[[-3.0, -1.5, 0.0, 1.5, 3.0,
  -2.0, -0.5, 1.0, 2.5, -2.5, -1.0, 0.5, 2.0, -3.0, -1.5, 0.0, 1.5, 3.0, -2.0, -0.5, 1.0, 2.5, -2.5, -1.0,
  0.5, 2.0, -3.0, -1.5, 0.0, 1.5, 3.0, -2.0, -0.5, 1.0, 2.5, -2.5, -1.0], [0.5, 2.5, -2.0, 0.0, 2.0, -2.5,
  -0.5, 1.5, -3.0, -1.0, 1.0, 3.0, -1.5, 0.5, 2.5, -2.0, 0.0, 2.0, -2.5, -0.5, 1.5, -3.0, -1.0, 1.0, 3.0,
  -1.5, 0.5, 2.5, -2.0, 0.0, 2.0, -2.5, -0.5, 1.5, -3.0, -1.0, 1.0], [-2.5, 0.0, 2.5, -1.5, 1.0, -3.0, -0.5,
  2.0, -2.0, 0.5, 3.0, -1.0, 1.5, -2.5, 0.0, 2.5, -1.5, 1.0, -3.0, -0.5, 2.0, -2.0, 0.5, 3.0, -1.0, 1.5,
  -2.5, 0.0, 2.5, -1.5, 1.0, -3.0, -0.5, 2.0, -2.0, 0.5, 3.0]]]>
memref.global "private" constant @activations : memref<1x3x16xi8> = dense<[[[-127, -98, -69, -40, -11, 18,
  47, 76, 105, -121, -92, -63, -34, -5, 24, 53], [-110, -81, -52, -23, 6, 35, 64, 93, 122, -104, -75, -46,
  -17, 12, 41, 70], [-93, -64, -35, -6, 23, 52, 81, 110, -116, -87, -58, -29, 0, 29, 58, 87]]]>
memref.global "private" constant @by_weight_before : memref<37x13xf32> = dense<[[0.0, 2.0, 4.0, 6.0, 1.0,
  3.0, 5.0, 0.0, 2.0, 4.0, 6.0, 1.0, 3.0], [1.0, 3.0, 5.0, 0.0, 2.0, 4.0, 6.0, 1.0, 3.0, 5.0, 0.0, 2.0, 4.0],
  [2.0, 4.0, 6.0, 1.0, 3.0, 5.0, 0.0, 2.0, 4.0, 6.0, 1.0, 3.0, 5.0], [3.0, 5.0, 0.0, 2.0, 4.0, 6.0, 1.0, 3.0,
  5.0, 0.0, 2.0, 4.0, 6.0], [4.0, 6.0, 1.0, 3.0, 5.0, 0.0, 2.0, 4.0, 6.0, 1.0, 3.0, 5.0, 0.0], [5.0, 0.0,
  2.0, 4.0, 6.0, 1.0, 3.0, 5.0, 0.0, 2.0, 4.0, 6.0, 1.0], [6.0, 1.0, 3.0, 5.0, 0.0, 2.0, 4.0, 6.0, 1.0, 3.0,
  5.0, 0.0, 2.0], [0.0, 2.0, 4.0, 6.0, 1.0, 3.0, 5.0, 0.0, 2.0, 4.0, 6.0, 1.0, 3.0], [1.0, 3.0, 5.0, 0.0,
  2.0, 4.0, 6.0, 1.0, 3.0, 5.0, 0.0, 2.0, 4.0], [2.0, 4.0, 6.0, 1.0, 3.0, 5.0, 0.0, 2.0, 4.0, 6.0, 1.0, 3.0,
  5.0], [3.0, 5.0, 0.0, 2.0, 4.0, 6.0, 1.0, 3.0, 5.0, 0.0, 2.0, 4.0, 6.0], [4.0, 6.0, 1.0, 3.0, 5.0, 0.0,
  2.0, 4.0, 6.0, 1.0, 3.0, 5.0, 0.0], [5.0, 0.0, 2.0, 4.0, 6.0, 1.0, 3.0, 5.0, 0.0, 2.0, 4.0, 6.0, 1.0],
  [6.0, 1.0, 3.0, 5.0, 0.0, 2.0, 4.0, 6.0, 1.0, 3.0, 5.0, 0.0, 2.0], [0.0, 2.0, 4.0, 6.0, 1.0, 3.0, 5.0, 0.0,
  2.0, 4.0, 6.0, 1.0, 3.0], [1.0, 3.0, 5.0, 0.0, 2.0, 4.0, 6.0, 1.0, 3.0, 5.0, 0.0, 2.0, 4.0], [2.0, 4.0,
  6.0, 1.0, 3.0, 5.0, 0.0, 2.0, 4.0, 6.0, 1.0, 3.0, 5.0], [3.0, 5.0, 0.0, 2.0, 4.0, 6.0, 1.0, 3.0, 5.0, 0.0,
  2.0, 4.0, 6.0], [4.0, 6.0, 1.0, 3.0, 5.0, 0.0, 2.0, 4.0, 6.0, 1.0, 3.0, 5.0, 0.0], [5.0, 0.0, 2.0, 4.0,
  6.0, 1.0, 3.0, 5.0, 0.0, 2.0, 4.0, 6.0, 1.0], [6.0, 1.0, 3.0, 5.0, 0.0, 2.0, 4.0, 6.0, 1.0, 3.0, 5.0, 0.0,
  2.0], [0.0, 2.0, 4.0, 6.0, 1.0, 3.0, 5.0, 0.0, 2.0, 4.0, 6.0, 1.0, 3.0], [1.0, 3.0, 5.0, 0.0, 2.0, 4.0,
  6.0, 1.0, 3.0, 5.0, 0.0, 2.0, 4.0], [2.0, 4.0, 6.0, 1.0, 3.0, 5.0, 0.0, 2.0, 4.0, 6.0, 1.0, 3.0, 5.0],
  [3.0, 5.0, 0.0, 2.0, 4.0, 6.0, 1.0, 3.0, 5.0, 0.0, 2.0, 4.0, 6.0], [4.0, 6.0, 1.0, 3.0, 5.0, 0.0, 2.0, 4.0,
  6.0, 1.0, 3.0, 5.0, 0.0], [5.0, 0.0, 2.0, 4.0, 6.0, 1.0, 3.0, 5.0, 0.0, 2.0, 4.0, 6.0, 1.0], [6.0, 1.0,
  3.0, 5.0, 0.0, 2.0, 4.0, 6.0, 1.0, 3.0, 5.0, 0.0, 2.0], [0.0, 2.0, 4.0, 6.0, 1.0, 3.0, 5.0, 0.0, 2.0, 4.0,
  6.0, 1.0, 3.0], [1.0, 3.0, 5.0, 0.0, 2.0, 4.0, 6.0, 1.0, 3.0, 5.0, 0.0, 2.0, 4.0], [2.0, 4.0, 6.0, 1.0,
  3.0, 5.0, 0.0, 2.0, 4.0, 6.0, 1.0, 3.0, 5.0], [3.0, 5.0, 0.0, 2.0, 4.0, 6.0, 1.0, 3.0, 5.0, 0.0, 2.0, 4.0,
  6.0], [4.0, 6.0, 1.0, 3.0, 5.0, 0.0, 2.0, 4.0, 6.0, 1.0, 3.0, 5.0, 0.0], [5.0, 0.0, 2.0, 4.0, 6.0, 1.0,
  3.0, 5.0, 0.0, 2.0, 4.0, 6.0, 1.0], [6.0, 1.0, 3.0, 5.0, 0.0, 2.0, 4.0, 6.0, 1.0, 3.0, 5.0, 0.0, 2.0],
  [0.0, 2.0, 4.0, 6.0, 1.0, 3.0, 5.0, 0.0, 2.0, 4.0, 6.0, 1.0, 3.0], [1.0, 3.0, 5.0, 0.0, 2.0, 4.0, 6.0, 1.0,
  3.0, 5.0, 0.0, 2.0, 4.0]]>
memref.global "private" constant @rounding : memref<4x2xf32> = dense<[[-3.0, 16777216.0],
  [1.0000001192092896, 1.0], [0.0, -16777216.0], [0.0, 1.0]]>
memref.global "private" constant @ones : memref<4x2xi8> = dense<[[1, 1], [3, 1], [0, 1], [0, 1]]>
memref.global "private" constant @garbage_2x2f32 : memref<2x2xf32> = dense<77.0>
memref.global "private" constant @rows : memref<2x2x19xf32> = dense<[[[16777216.0, -0.375, 0.25, 0.875,
  -0.625, 0.0, 0.625, -0.875, -0.25, 0.375, 1.0, -0.5, 0.125, 0.75, -0.75, -0.125, 0.5, -1.0, 1.0], [1.0,
  0.0, 0.625, -0.875, -0.25, 0.375, 1.0, -0.5, 0.125, 0.75, -0.75, -0.125, 0.5, -1.0, -0.375, 0.25, 0.875,
  -0.625, 1.0]], [[-16777216.0, 0.375, 1.0, -0.5, 0.125, 0.75, -0.75, -0.125, 0.5, -1.0, -0.375, 0.25, 0.875,
  -0.625, 0.0, 0.625, -0.875, -0.25, 16777216.0], [1.0, 0.75, -0.75, -0.125, 0.5, -1.0, -0.375, 0.25, 0.875,
  -0.625, 0.0, 0.625, -0.875, -0.25, 0.375, 1.0, -0.5, 0.125, -16777216.0]]]>
memref.global "private" constant @garbage_19f32 : memref<19xf32> = dense<77.0>
memref.global "private" constant @losses : memref<2x3xf32> = dense<[[1.5, 0.0, 3.0], [0.0, 0.5, 0.0]]>
memref.global "private" constant @targets : memref<2x3xi32> = dense<[[4, -1, 0], [-7, 2147483647,
  -2147483648]]>
memref.global "private" constant @garbage_f32 : memref<f32> = dense<77.0>
memref.global "private" constant @no_losses : memref<2xf32> = dense<[0.0, 0.0]>
memref.global "private" constant @no_targets : memref<2xi32> = dense<[-1, -1]>
memref.global "private" constant @long_forget : memref<2x3x17xf32> = dense<[[[-0.5, 0.25, 1.0, -0.25, 0.5,
  1.25, 0.0, 0.75, -0.5, 0.25, 1.0, -0.25, 0.5, 1.25, 0.0, 0.75, -0.5], [0.75, -0.5, 0.25, 1.0, -0.25, 0.5,
  1.25, 0.0, 0.75, -0.5, 0.25, 1.0, -0.25, 0.5, 1.25, 0.0, 0.75], [0.0, 0.75, -0.5, 0.25, 1.0, -0.25, 0.5,
  1.25, 0.0, 0.75, -0.5, 0.25, 1.0, -0.25, 0.5, 1.25, 0.0]], [[1.25, 0.0, 0.75, -0.5, 0.25, 1.0, -0.25, 0.5,
  1.25, 0.0, 0.75, -0.5, 0.25, 1.0, -0.25, 0.5, 1.25], [0.5, 1.25, 0.0, 0.75, -0.5, 0.25, 1.0, -0.25, 0.5,
  1.25, 0.0, 0.75, -0.5, 0.25, 1.0, -0.25, 0.5], [-0.25, 0.5, 1.25, 0.0, 0.75, -0.5, 0.25, 1.0, -0.25, 0.5,
  1.25, 0.0, 0.75, -0.5, 0.25, 1.0, -0.25]]]>
memref.global "private" constant @long_hidden : memref<2x3x17xf32> = dense<[[[-4.0, 1.0, -3.0, 2.0, -2.0,
  3.0, -1.0, 4.0, 0.0, -4.0, 1.0, -3.0, 2.0, -2.0, 3.0, -1.0, 4.0], [-1.0, 4.0, 0.0, -4.0, 1.0, -3.0, 2.0,
  -2.0, 3.0, -1.0, 4.0, 0.0, -4.0, 1.0, -3.0, 2.0, -2.0], [2.0, -2.0, 3.0, -1.0, 4.0, 0.0, -4.0, 1.0, -3.0,
  2.0, -2.0, 3.0, -1.0, 4.0, 0.0, -4.0, 1.0]], [[-2.0, 3.0, -1.0, 4.0, 0.0, -4.0, 1.0, -3.0, 2.0, -2.0, 3.0,
  -1.0, 4.0, 0.0, -4.0, 1.0, -3.0], [1.0, -3.0, 2.0, -2.0, 3.0, -1.0, 4.0, 0.0, -4.0, 1.0, -3.0, 2.0, -2.0,
  3.0, -1.0, 4.0, 0.0], [4.0, 0.0, -4.0, 1.0, -3.0, 2.0, -2.0, 3.0, -1.0, 4.0, 0.0, -4.0, 1.0, -3.0, 2.0,
  -2.0, 3.0]]]>
memref.global "private" constant @long_grad : memref<2x3x17xf32> = dense<[[[-2.0, -1.0, 0.0, 1.0, 2.0, 3.0,
  -2.0, -1.0, 0.0, 1.0, 2.0, 3.0, -2.0, -1.0, 0.0, 1.0, 2.0], [-1.0, 0.0, 1.0, 2.0, 3.0, -2.0, -1.0, 0.0,
  1.0, 2.0, 3.0, -2.0, -1.0, 0.0, 1.0, 2.0, 3.0], [0.0, 1.0, 2.0, 3.0, -2.0, -1.0, 0.0, 1.0, 2.0, 3.0, -2.0,
  -1.0, 0.0, 1.0, 2.0, 3.0, -2.0]], [[1.0, 2.0, 3.0, -2.0, -1.0, 0.0, 1.0, 2.0, 3.0, -2.0, -1.0, 0.0, 1.0,
  2.0, 3.0, -2.0, -1.0], [2.0, 3.0, -2.0, -1.0, 0.0, 1.0, 2.0, 3.0, -2.0, -1.0, 0.0, 1.0, 2.0, 3.0, -2.0,
  -1.0, 0.0], [3.0, -2.0, -1.0, 0.0, 1.0, 2.0, 3.0, -2.0, -1.0, 0.0, 1.0, 2.0, 3.0, -2.0, -1.0, 0.0, 1.0]]]>
memref.global "private" constant @long_state : memref<2x17xf32> = dense<[[-2.0, 0.0, 2.0, -1.0, 1.0, -2.0,
  0.0, 2.0, -1.0, 1.0, -2.0, 0.0, 2.0, -1.0, 1.0, -2.0, 0.0], [-1.0, 1.0, -2.0, 0.0, 2.0, -1.0, 1.0, -2.0,
  0.0, 2.0, -1.0, 1.0, -2.0, 0.0, 2.0, -1.0, 1.0]]>
memref.global "private" constant @long_grad_state : memref<2x17xf32> = dense<[[0.0, 0.5, 1.0, 1.5, 2.0, 2.5,
  3.0, 0.0, 0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 0.0, 0.5, 1.0], [2.0, 2.5, 3.0, 0.0, 0.5, 1.0, 1.5, 2.0, 2.5, 3.0,
  0.0, 0.5, 1.0, 1.5, 2.0, 2.5, 3.0]]>
memref.global "private" constant @garbage_2x3x17f32 : memref<2x3x17xf32> = dense<77.0>
memref.global "private" constant @garbage_2x17f32 : memref<2x17xf32> = dense<77.0>
memref.global "private" constant @short_forget : memref<2x1x2xf32> = dense<[[[-0.5, 0.25]], [[1.25, 0.0]]]>
memref.global "private" constant @short_hidden : memref<2x1x2xf32> = dense<[[[-4.0, 1.0]], [[-2.0, 3.0]]]>
memref.global "private" constant @short_grad : memref<2x1x2xf32> = dense<[[[-2.0, -1.0]], [[1.0, 2.0]]]>
memref.global "private" constant @short_state : memref<2x2xf32> = dense<[[-2.0, 0.0], [-1.0, 1.0]]>
memref.global "private" constant @short_grad_state : memref<2x2xf32> = dense<[[0.0, 0.5], [2.0, 2.5]]>
memref.global "private" constant @garbage_2x1x2f32 : memref<2x1x2xf32> = dense<77.0>
memref.global "private" constant @ids : memref<1x4xi32> = dense<[[2, 0, 2, 2]]>
memref.global "private" constant @rows_grad : memref<1x4x19xf32> = dense<[[[1.0, 1.0, 6.0, 0.0, 5.0, -1.0,
  4.0, -2.0, 3.0, -3.0, 2.0, -4.0, 1.0, 6.0, 0.0, 5.0, -1.0, 4.0, -2.0], [5.0, 4.0, -2.0, 3.0, -3.0, 2.0,
  -4.0, 1.0, 6.0, 0.0, 5.0, -1.0, 4.0, -2.0, 3.0, -3.0, 2.0, -4.0, 1.0], [1.0, -4.0, 1.0, 6.0, 0.0, 5.0,
  -1.0, 4.0, -2.0, 3.0, -3.0, 2.0, -4.0, 1.0, 6.0, 0.0, 5.0, -1.0, 4.0], [1.0, -1.0, 4.0, -2.0, 3.0, -3.0,
  2.0, -4.0, 1.0, 6.0, 0.0, 5.0, -1.0, 4.0, -2.0, 3.0, -3.0, 2.0, -4.0]]]>
memref.global "private" constant @garbage_4x19f32 : memref<4x19xf32> = dense<77.0>
memref.global "private" constant @sum_table_before : memref<4x19xf32> = dense<[[0.0, 1.0, 2.0, 0.0, 1.0, 2.0,
  0.0, 1.0, 2.0, 0.0, 1.0, 2.0, 0.0, 1.0, 2.0, 0.0, 1.0, 2.0, 0.0], [1.0, 2.0, 0.0, 1.0, 2.0, 0.0, 1.0, 2.0,
  0.0, 1.0, 2.0, 0.0, 1.0, 2.0, 0.0, 1.0, 2.0, 0.0, 1.0], [16777216.0, 0.0, 1.0, 2.0, 0.0, 1.0, 2.0, 0.0,
  1.0, 2.0, 0.0, 1.0, 2.0, 0.0, 1.0, 2.0, 0.0, 1.0, 2.0], [0.0, 1.0, 2.0, 0.0, 1.0, 2.0, 0.0, 1.0, 2.0, 0.0,
  1.0, 2.0, 0.0, 1.0, 2.0, 0.0, 1.0, 2.0, 0.0]]>
memref.global "private" constant @parameters : memref<3x5xf32> = dense<[[0.5, -1.0, 2.5, 0.0, 60.0], [1.5,
  -1.0, 0.25, 0.0, -20.0], [-0.75, 2.0, 0.5, 0.0, 1.0]]>
memref.global "private" constant @bounds_grad : memref<3x5xf32> = dense<[[9.0, 9.0, 9.0, 9.0, 9.0], [1.0,
  -2.0, 0.5, 3.0, 1.0], [2.0, 0.25, -1.0, -1.5, 1.0]]>
memref.global "private" constant @garbage_3x5f32 : memref<3x5xf32> = dense<77.0>

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

func.func @main() {

  // The gradient by the input: 37 rows are neither whole blocks of rows nor whole chunks of them, 11 columns no
  // whole vectors. Every value is exact.
  %grad_static = memref.get_global @grad : memref<1x37x3xf32>
  %grad = memref.cast %grad_static : memref<1x37x3xf32> to memref<1x?x3xf32>
  %trit_codes = memref.get_global @trit_codes : memref<33xi8>
  %scale = memref.get_global @scale : memref<1xf32>
  %by_input_static = memref.alloc() : memref<1x37x11xf32>
  %garbage_1x37x11f32 = memref.get_global @garbage_1x37x11f32 : memref<1x37x11xf32>
  memref.copy %garbage_1x37x11f32, %by_input_static : memref<1x37x11xf32> to memref<1x37x11xf32>
  %by_input = memref.cast %by_input_static : memref<1x37x11xf32> to memref<1x?x11xf32>
  %trit_memory = memref.alloc() : memref<33xi8>
  memref.copy %trit_codes, %trit_memory : memref<33xi8> to memref<33xi8>
  %trits = ternary.weight_memory %trit_memory : memref<33xi8> -> memref<3x11x!ternary.trit>
  ternary.linear_backward_input_kernel ins(%grad, %trits, %scale : memref<1x?x3xf32>, memref<3x11x!ternary.trit>, memref<1xf32>)
      outs(%by_input : memref<1x?x11xf32>)
  // CHECK:      0.9375, 0.9375, -1.875, 0.9375, 0.9375, -1.875, 0.9375, 0.9375, -1.875, 0.9375, 0.9375
  // CHECK-NEXT: 1.125, -0.9375, -0.1875, 1.125, -0.9375, -0.1875, 1.125, -0.9375, -0.1875, 1.125, -0.9375
  // CHECK-NEXT: -0.75, 1.3125, -0.5625, -0.75, 1.3125, -0.5625, -0.75, 1.3125, -0.5625, -0.75, 1.3125
  // CHECK-NEXT: -0.5625, -0.5625, 1.125, -0.5625, -0.5625, 1.125, -0.5625, -0.5625, 1.125, -0.5625, -0.5625
  // CHECK-NEXT: 1.6875, -0.375, -1.3125, 1.6875, -0.375, -1.3125, 1.6875, -0.375, -1.3125, 1.6875, -0.375
  // CHECK-NEXT: -0.1875, -0.1875, 0.375, -0.1875, -0.1875, 0.375, -0.1875, -0.1875, 0.375, -0.1875, -0.1875
  // CHECK-NEXT: 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0
  // CHECK-NEXT: -1.875, 0.1875, 1.6875, -1.875, 0.1875, 1.6875, -1.875, 0.1875, 1.6875, -1.875, 0.1875
  // CHECK-NEXT: 0.375, 0.375, -0.75, 0.375, 0.375, -0.75, 0.375, 0.375, -0.75, 0.375, 0.375
  // CHECK-NEXT: 0.5625, -1.5, 0.9375, 0.5625, -1.5, 0.9375, 0.5625, -1.5, 0.9375, 0.5625, -1.5
  // CHECK-NEXT: -1.3125, 0.75, 0.5625, -1.3125, 0.75, 0.5625, -1.3125, 0.75, 0.5625, -1.3125, 0.75
  // CHECK-NEXT: 0.9375, 0.9375, -1.875, 0.9375, 0.9375, -1.875, 0.9375, 0.9375, -1.875, 0.9375, 0.9375
  // CHECK-NEXT: 1.125, -0.9375, -0.1875, 1.125, -0.9375, -0.1875, 1.125, -0.9375, -0.1875, 1.125, -0.9375
  // CHECK-NEXT: -0.75, 1.3125, -0.5625, -0.75, 1.3125, -0.5625, -0.75, 1.3125, -0.5625, -0.75, 1.3125
  // CHECK-NEXT: -0.5625, -0.5625, 1.125, -0.5625, -0.5625, 1.125, -0.5625, -0.5625, 1.125, -0.5625, -0.5625
  // CHECK-NEXT: 1.6875, -0.375, -1.3125, 1.6875, -0.375, -1.3125, 1.6875, -0.375, -1.3125, 1.6875, -0.375
  // CHECK-NEXT: -0.1875, -0.1875, 0.375, -0.1875, -0.1875, 0.375, -0.1875, -0.1875, 0.375, -0.1875, -0.1875
  // CHECK-NEXT: 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0
  // CHECK-NEXT: -1.875, 0.1875, 1.6875, -1.875, 0.1875, 1.6875, -1.875, 0.1875, 1.6875, -1.875, 0.1875
  // CHECK-NEXT: 0.375, 0.375, -0.75, 0.375, 0.375, -0.75, 0.375, 0.375, -0.75, 0.375, 0.375
  // CHECK-NEXT: 0.5625, -1.5, 0.9375, 0.5625, -1.5, 0.9375, 0.5625, -1.5, 0.9375, 0.5625, -1.5
  // CHECK-NEXT: -1.3125, 0.75, 0.5625, -1.3125, 0.75, 0.5625, -1.3125, 0.75, 0.5625, -1.3125, 0.75
  // CHECK-NEXT: 0.9375, 0.9375, -1.875, 0.9375, 0.9375, -1.875, 0.9375, 0.9375, -1.875, 0.9375, 0.9375
  // CHECK-NEXT: 1.125, -0.9375, -0.1875, 1.125, -0.9375, -0.1875, 1.125, -0.9375, -0.1875, 1.125, -0.9375
  // CHECK-NEXT: -0.75, 1.3125, -0.5625, -0.75, 1.3125, -0.5625, -0.75, 1.3125, -0.5625, -0.75, 1.3125
  // CHECK-NEXT: -0.5625, -0.5625, 1.125, -0.5625, -0.5625, 1.125, -0.5625, -0.5625, 1.125, -0.5625, -0.5625
  // CHECK-NEXT: 1.6875, -0.375, -1.3125, 1.6875, -0.375, -1.3125, 1.6875, -0.375, -1.3125, 1.6875, -0.375
  // CHECK-NEXT: -0.1875, -0.1875, 0.375, -0.1875, -0.1875, 0.375, -0.1875, -0.1875, 0.375, -0.1875, -0.1875
  // CHECK-NEXT: 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0
  // CHECK-NEXT: -1.875, 0.1875, 1.6875, -1.875, 0.1875, 1.6875, -1.875, 0.1875, 1.6875, -1.875, 0.1875
  // CHECK-NEXT: 0.375, 0.375, -0.75, 0.375, 0.375, -0.75, 0.375, 0.375, -0.75, 0.375, 0.375
  // CHECK-NEXT: 0.5625, -1.5, 0.9375, 0.5625, -1.5, 0.9375, 0.5625, -1.5, 0.9375, 0.5625, -1.5
  // CHECK-NEXT: -1.3125, 0.75, 0.5625, -1.3125, 0.75, 0.5625, -1.3125, 0.75, 0.5625, -1.3125, 0.75
  // CHECK-NEXT: 0.9375, 0.9375, -1.875, 0.9375, 0.9375, -1.875, 0.9375, 0.9375, -1.875, 0.9375, 0.9375
  // CHECK-NEXT: 1.125, -0.9375, -0.1875, 1.125, -0.9375, -0.1875, 1.125, -0.9375, -0.1875, 1.125, -0.9375
  // CHECK-NEXT: -0.75, 1.3125, -0.5625, -0.75, 1.3125, -0.5625, -0.75, 1.3125, -0.5625, -0.75, 1.3125
  // CHECK-NEXT: -0.5625, -0.5625, 1.125, -0.5625, -0.5625, 1.125, -0.5625, -0.5625, 1.125, -0.5625, -0.5625
  %any_by_input = memref.cast %by_input : memref<1x?x11xf32> to memref<*xf32>
  func.call @printMemrefF32(%any_by_input) : (memref<*xf32>) -> ()

  // The gradient by the weight, added to what is there; the activations have 3 columns of padding, which are not
  // read. The last rows are no whole block.
  %scaled_grad_static = memref.get_global @scaled_grad : memref<1x3x37xf32>
  %scaled_grad = memref.cast %scaled_grad_static : memref<1x3x37xf32> to memref<1x?x37xf32>
  %activations_static = memref.get_global @activations : memref<1x3x16xi8>
  %activations = memref.cast %activations_static : memref<1x3x16xi8> to memref<1x?x16xi8>
  %by_weight = memref.alloc() : memref<37x13xf32>
  %by_weight_before = memref.get_global @by_weight_before : memref<37x13xf32>
  memref.copy %by_weight_before, %by_weight : memref<37x13xf32> to memref<37x13xf32>
  ternary.linear_backward_weight_kernel ins(%scaled_grad, %activations : memref<1x?x37xf32>, memref<1x?x16xi8>)
      outs(%by_weight : memref<37x13xf32>) {accumulate}
  // CHECK:      558.5, 415.5, 272.5, 129.5, -20.5, -163.5, -306.5, -456.5, 38, 532.5, 389.5, 239.5, 96.5
  // CHECK-NEXT: -83.5, -52.5, -21.5, 2.5, 33.5, 64.5, 95.5, 119.5, 150.5, -73.5, -49.5, -18.5, 12.5
  // CHECK-NEXT: -10.5, 6, 22.5, 32, 48.5, 65, 74.5, 91, -530, -3.5, 6, 22.5, 39
  // CHECK-NEXT: -48, -46, -51, -49, -47, -45, -50, -48, 336.5, -51, -49, -47, -45
  // CHECK-NEXT: -690, -514, -345, -169, 7, 176, 352, 528, 449, -657, -481, -305, -136
  // CHECK-NEXT: 813, 590.5, 375, 159.5, -56, -278.5, -494, -709.5, -167, 765, 549.5, 334, 111.5
  // CHECK-NEXT: 171, 122.5, 81, 39.5, -9, -50.5, -92, -133.5, -54.5, 159, 117.5, 69, 27.5
  // CHECK-NEXT: -478, -345.5, -213, -80.5, 45, 177.5, 310, 435.5, 58, -447, -314.5, -189, -56.5
  // CHECK-NEXT: 199.5, 129, 58.5, -19, -89.5, -160, -230.5, -308, 131.5, 188.5, 111, 40.5, -30
  // CHECK-NEXT: 383, 298, 213, 121, 36, -49, -141, -226, -438.5, 369, 277, 192, 107
  // CHECK-NEXT: -259, -170, -88, 1, 90, 179, 261, 350, -326, -244, -155, -66, 23
  // CHECK-NEXT: -296.5, -222, -154.5, -80, -5.5, 62, 136.5, 211, 540.5, -284.5, -210, -135.5, -68
  // CHECK-NEXT: -223.5, -170.5, -110.5, -50.5, 9.5, 62.5, 122.5, 182.5, -147, -214.5, -154.5, -94.5, -41.5
  // CHECK-NEXT: 564.5, 414.5, 271.5, 128.5, -21.5, -164.5, -307.5, -450.5, 37, 531.5, 388.5, 238.5, 95.5
  // CHECK-NEXT: -84.5, -53.5, -22.5, 8.5, 32.5, 63.5, 94.5, 118.5, 149.5, -74.5, -43.5, -19.5, 11.5
  // CHECK-NEXT: -11.5, 5, 21.5, 31, 47.5, 64, 80.5, 90, -531, -4.5, 5, 21.5, 38
  // CHECK-NEXT: -49, -47, -45, -50, -48, -46, -51, -49, 335.5, -45, -50, -48, -46
  // CHECK-NEXT: -691, -515, -346, -170, 6, 182, 351, 527, 448, -658, -482, -306, -130
  // CHECK-NEXT: 812, 596.5, 374, 158.5, -57, -279.5, -495, -710.5, -161, 764, 548.5, 333, 110.5
  // CHECK-NEXT: 170, 121.5, 80, 38.5, -3, -51.5, -93, -134.5, -55.5, 158, 116.5, 75, 26.5
  // CHECK-NEXT: -472, -346.5, -214, -81.5, 44, 176.5, 309, 441.5, 57, -448, -315.5, -190, -57.5
  // CHECK-NEXT: 198.5, 128, 57.5, -13, -90.5, -161, -231.5, -309, 130.5, 187.5, 117, 39.5, -31
  // CHECK-NEXT: 382, 297, 212, 120, 35, -50, -135, -227, -439.5, 368, 276, 191, 106
  // CHECK-NEXT: -260, -171, -82, 0, 89, 178, 260, 349, -327, -238, -156, -67, 22
  // CHECK-NEXT: -297.5, -223, -155.5, -81, -6.5, 68, 135.5, 210, 539.5, -285.5, -211, -136.5, -62
  // CHECK-NEXT: -224.5, -164.5, -111.5, -51.5, 8.5, 61.5, 121.5, 181.5, -141, -215.5, -155.5, -95.5, -42.5
  // CHECK-NEXT: 563.5, 413.5, 270.5, 127.5, -15.5, -165.5, -308.5, -451.5, 36, 530.5, 387.5, 244.5, 94.5
  // CHECK-NEXT: -78.5, -54.5, -23.5, 7.5, 31.5, 62.5, 93.5, 124.5, 148.5, -75.5, -44.5, -20.5, 10.5
  // CHECK-NEXT: -12.5, 4, 20.5, 37, 46.5, 63, 79.5, 89, -532, -5.5, 11, 20.5, 37
  // CHECK-NEXT: -50, -48, -46, -51, -49, -47, -45, -50, 334.5, -46, -51, -49, -47
  // CHECK-NEXT: -692, -516, -340, -171, 5, 181, 350, 526, 447, -652, -483, -307, -131
  // CHECK-NEXT: 811, 595.5, 373, 157.5, -58, -273.5, -496, -711.5, -162, 763, 547.5, 332, 116.5
  // CHECK-NEXT: 169, 127.5, 79, 37.5, -4, -52.5, -94, -135.5, -49.5, 157, 115.5, 74, 25.5
  // CHECK-NEXT: -473, -347.5, -215, -82.5, 50, 175.5, 308, 440.5, 56, -449, -316.5, -184, -58.5
  // CHECK-NEXT: 204.5, 127, 56.5, -14, -91.5, -162, -232.5, -303, 129.5, 186.5, 116, 38.5, -32
  // CHECK-NEXT: 381, 296, 211, 126, 34, -51, -136, -228, -440.5, 367, 282, 190, 105
  // CHECK-NEXT: -261, -172, -83, -1, 88, 177, 266, 348, -328, -239, -157, -68, 21
  %any_by_weight = memref.cast %by_weight : memref<37x13xf32> to memref<*xf32>
  func.call @printMemrefF32(%any_by_weight) : (memref<*xf32>) -> ()

  // Without `accumulate` what is there is not read. Products are not rounded on their own: -3 + 3 (1 + 2^-23) is 3 · 2^-23
  // (4 · 2^-23 with a rounded product). Sums go in order of the rows: (2^24 + 1) - 2^24 + 1 is 1, for 2^24 + 1 is 2^24.
  %rounding = memref.get_global @rounding : memref<4x2xf32>
  %ones = memref.get_global @ones : memref<4x2xi8>
  %rounded = memref.alloc() : memref<2x2xf32>
  %garbage_2x2f32 = memref.get_global @garbage_2x2f32 : memref<2x2xf32>
  memref.copy %garbage_2x2f32, %rounded : memref<2x2xf32> to memref<2x2xf32>
  ternary.linear_backward_weight_kernel ins(%rounding, %ones : memref<4x2xf32>, memref<4x2xi8>) outs(%rounded : memref<2x2xf32>)
  // CHECK:      3.57628e-07, -2
  // CHECK-NEXT: 1.67772e+07, 1
  %any_rounded = memref.cast %rounded : memref<2x2xf32> to memref<*xf32>
  func.call @printMemrefF32(%any_rounded) : (memref<*xf32>) -> ()

  // Sums of 4 rows of 19 columns, a chunk and 3 more, in order of the rows: the first is that of 2^24, 1, -2^24, 1,
  // which is 1, the last that of 1, 1, 2^24, -2^24, which is 2.
  %rows_static = memref.get_global @rows : memref<2x2x19xf32>
  %rows = memref.cast %rows_static : memref<2x2x19xf32> to memref<2x?x19xf32>
  %row_sum = memref.alloc() : memref<19xf32>
  %garbage_19f32 = memref.get_global @garbage_19f32 : memref<19xf32>
  memref.copy %garbage_19f32, %row_sum : memref<19xf32> to memref<19xf32>
  ternary.sum_rows_kernel ins(%rows : memref<2x?x19xf32>) outs(%row_sum : memref<19xf32>)
  // CHECK:      1, 0.75, 1.125, -0.625, -0.25, 0.125, 0.5, -1.25, 1.25, -0.5, -0.125, 0.25, 0.625, -1.125,
  // CHECK-SAME: -0.75, 1.75, 0, -1.75, 2
  %any_row_sum = memref.cast %row_sum : memref<19xf32> to memref<*xf32>
  func.call @printMemrefF32(%any_row_sum) : (memref<*xf32>) -> ()

  // The mean over 3 targets of 6, by their number's reciprocal: 5 · (1 / 3) is 0x3FD55556, and 5 / 3 were 0x3FD55555.
  // Without any target the number is taken for 1.
  %losses_static = memref.get_global @losses : memref<2x3xf32>
  %losses = memref.cast %losses_static : memref<2x3xf32> to memref<2x?xf32>
  %targets_static = memref.get_global @targets : memref<2x3xi32>
  %targets = memref.cast %targets_static : memref<2x3xi32> to memref<2x?xi32>
  %mean = memref.alloc() : memref<f32>
  %garbage_f32 = memref.get_global @garbage_f32 : memref<f32>
  memref.copy %garbage_f32, %mean : memref<f32> to memref<f32>
  %weight = memref.alloc() : memref<f32>
  memref.copy %garbage_f32, %weight : memref<f32> to memref<f32>
  ternary.mean_kernel ins(%losses, %targets : memref<2x?xf32>, memref<2x?xi32>) outs(%mean, %weight : memref<f32>, memref<f32>)
  // CHECK:      [1070945622]
  // CHECK:      [1051372203]
  %mean_flat = memref.expand_shape %mean [] output_shape [1] : memref<f32> into memref<1xf32>
  %mean_any = memref.cast %mean_flat : memref<1xf32> to memref<?xf32>
  func.call @print_bits(%mean_any) : (memref<?xf32>) -> ()
  %weight_flat = memref.expand_shape %weight [] output_shape [1] : memref<f32> into memref<1xf32>
  %weight_any = memref.cast %weight_flat : memref<1xf32> to memref<?xf32>
  func.call @print_bits(%weight_any) : (memref<?xf32>) -> ()
  %no_losses = memref.get_global @no_losses : memref<2xf32>
  %no_targets = memref.get_global @no_targets : memref<2xi32>
  %no_mean = memref.alloc() : memref<f32>
  memref.copy %garbage_f32, %no_mean : memref<f32> to memref<f32>
  %no_weight = memref.alloc() : memref<f32>
  memref.copy %garbage_f32, %no_weight : memref<f32> to memref<f32>
  ternary.mean_kernel ins(%no_losses, %no_targets : memref<2xf32>, memref<2xi32>) outs(%no_mean, %no_weight : memref<f32>, memref<f32>)
  // CHECK:      [0]
  // CHECK:      [1065353216]
  %no_mean_flat = memref.expand_shape %no_mean [] output_shape [1] : memref<f32> into memref<1xf32>
  %no_mean_any = memref.cast %no_mean_flat : memref<1xf32> to memref<?xf32>
  func.call @print_bits(%no_mean_any) : (memref<?xf32>) -> ()
  %no_weight_flat = memref.expand_shape %no_weight [] output_shape [1] : memref<f32> into memref<1xf32>
  %no_weight_any = memref.cast %no_weight_flat : memref<1xf32> to memref<?xf32>
  func.call @print_bits(%no_weight_any) : (memref<?xf32>) -> ()

  // A scan of two batches, backwards over 3 tokens: each takes what the one after it left, times its forget gate.
  // 17 channels are a chunk and one more.
  %long_forget_static = memref.get_global @long_forget : memref<2x3x17xf32>
  %long_forget = memref.cast %long_forget_static : memref<2x3x17xf32> to memref<2x?x17xf32>
  %long_hidden_static = memref.get_global @long_hidden : memref<2x3x17xf32>
  %long_hidden = memref.cast %long_hidden_static : memref<2x3x17xf32> to memref<2x?x17xf32>
  %long_grad_static = memref.get_global @long_grad : memref<2x3x17xf32>
  %long_grad = memref.cast %long_grad_static : memref<2x3x17xf32> to memref<2x?x17xf32>
  %long_state = memref.get_global @long_state : memref<2x17xf32>
  %long_grad_state = memref.get_global @long_grad_state : memref<2x17xf32>
  %long_by_forget_static = memref.alloc() : memref<2x3x17xf32>
  %garbage_2x3x17f32 = memref.get_global @garbage_2x3x17f32 : memref<2x3x17xf32>
  memref.copy %garbage_2x3x17f32, %long_by_forget_static : memref<2x3x17xf32> to memref<2x3x17xf32>
  %long_by_forget = memref.cast %long_by_forget_static : memref<2x3x17xf32> to memref<2x?x17xf32>
  %long_by_input_static = memref.alloc() : memref<2x3x17xf32>
  memref.copy %garbage_2x3x17f32, %long_by_input_static : memref<2x3x17xf32> to memref<2x3x17xf32>
  %long_by_input = memref.cast %long_by_input_static : memref<2x3x17xf32> to memref<2x?x17xf32>
  %long_by_state = memref.alloc() : memref<2x17xf32>
  %garbage_2x17f32 = memref.get_global @garbage_2x17f32 : memref<2x17xf32>
  memref.copy %garbage_2x17f32, %long_by_state : memref<2x17xf32> to memref<2x17xf32>
  ternary.scan_backward_kernel ins(%long_forget, %long_hidden, %long_state, %long_grad, %long_grad_state : memref<2x?x17xf32>, memref<2x?x17xf32>, memref<2x17xf32>, memref<2x?x17xf32>, memref<2x17xf32>)
      outs(%long_by_forget, %long_by_input, %long_by_state : memref<2x?x17xf32>, memref<2x?x17xf32>, memref<2x17xf32>)
  // CHECK:      5.5, -0, -0.25, -4.125, 1.25, -3.625, -0, -2, -0.75, -1.5, -5.625, 0, -4.75, 1.5, 2.5, -2, 0
  // CHECK-NEXT: 4, 1.125, 1.5, 6.25, -6, -7.125, -0.5, 5, 0, -20, 3.25, 5.25, 3, 2, 6, -6.375, 12
  // CHECK-NEXT: -0, 6, 0, -18, 0, -4.5, 6, -2, 7.5, -4, -2, 0, -10, 4, -6, 7, 2
  // CHECK-NEXT: -1.375, 6.0625, -6, -0, -3.125, 0.125, 4.125, -2.5, 0, -2.75, 1, 0.75, 3, 0, 2.5, 2.375, -1.5
  // CHECK-NEXT: -1.5, 9.75, -0.5, -4, 0, 2, 3.125, -9, -4.75, -1, 3.75, -1, 20, 0, 7, 1.5, 3
  // CHECK-NEXT: 5, -1.5, 4, -0, 4.5, -3, 18, 0, -6, 3, -3, 5, -8, -1.5, -1, 10, 0
  // CHECK:      -2.75, -1.5625, -0.125, 4.125, 1.25, 1.8125, -1.375, -1, 0.75, -1.5, 2.8125, 1.25, -2.375,
  // CHECK-SAME: -1.5, 2.5, 1, 4.25
  // CHECK-NEXT: -1, 1.125, -0.5, 3.125, 3, -2.375, 0.5, 1.25, 1, 5, 3.25, -1.75, 1.5, -1, 2, 6.375, 3
  // CHECK-NEXT: 0, 1.5, 3, 4.5, 0, 1.5, 3, 1, 2.5, 4, -0.5, 1, 2.5, 4, 2, 3.5, -1
  // CHECK-NEXT: 1.375, 6.0625, 3, -2.75, -1.5625, -0.125, 4.125, 1.25, 1.8125, -1.375, -1, 0.75, -1.5,
  // CHECK-SAME: 2.8125, 1.25, -2.375, -1.5
  // CHECK-NEXT: 0.75, 3.25, 0.5, -1, 1.125, -0.5, 3.125, 3, -2.375, 0.5, 1.25, 1, 5, 3.25, -1.75, 1.5, -1
  // CHECK-NEXT: 5, 0.5, 2, 0, 1.5, 3, 4.5, 0, 1.5, 3, 1, 2.5, 4, -0.5, 1, 2.5, 4
  // CHECK:      1.375, -0.390625, -0.125, -1.03125, 0.625, 2.26562, -0, -0.75, -0.375, -0.375, 2.8125,
  // CHECK-SAME: -0.3125, -1.1875, -1.875, 0, 0.75, -2.125
  // CHECK-NEXT: 1.71875, 0, 2.25, 1.375, -0.390625, -0.125, -1.03125, 0.625, 2.26562, -0, -0.75, -0.375,
  // CHECK-SAME: -0.375, 2.8125, -0.3125, -1.1875, -1.875
  %any_long_by_forget = memref.cast %long_by_forget : memref<2x?x17xf32> to memref<*xf32>
  func.call @printMemrefF32(%any_long_by_forget) : (memref<*xf32>) -> ()
  %any_long_by_input = memref.cast %long_by_input : memref<2x?x17xf32> to memref<*xf32>
  func.call @printMemrefF32(%any_long_by_input) : (memref<*xf32>) -> ()
  %any_long_by_state = memref.cast %long_by_state : memref<2x17xf32> to memref<*xf32>
  func.call @printMemrefF32(%any_long_by_state) : (memref<*xf32>) -> ()

  // One token has the state before it only.
  %short_forget = memref.get_global @short_forget : memref<2x1x2xf32>
  %short_hidden = memref.get_global @short_hidden : memref<2x1x2xf32>
  %short_grad = memref.get_global @short_grad : memref<2x1x2xf32>
  %short_state = memref.get_global @short_state : memref<2x2xf32>
  %short_grad_state = memref.get_global @short_grad_state : memref<2x2xf32>
  %short_by_forget = memref.alloc() : memref<2x1x2xf32>
  %garbage_2x1x2f32 = memref.get_global @garbage_2x1x2f32 : memref<2x1x2xf32>
  memref.copy %garbage_2x1x2f32, %short_by_forget : memref<2x1x2xf32> to memref<2x1x2xf32>
  %short_by_input = memref.alloc() : memref<2x1x2xf32>
  memref.copy %garbage_2x1x2f32, %short_by_input : memref<2x1x2xf32> to memref<2x1x2xf32>
  %short_by_state = memref.alloc() : memref<2x2xf32>
  memref.copy %garbage_2x2f32, %short_by_state : memref<2x2xf32> to memref<2x2xf32>
  ternary.scan_backward_kernel ins(%short_forget, %short_hidden, %short_state, %short_grad, %short_grad_state : memref<2x1x2xf32>, memref<2x1x2xf32>, memref<2x2xf32>, memref<2x1x2xf32>, memref<2x2xf32>)
      outs(%short_by_forget, %short_by_input, %short_by_state : memref<2x1x2xf32>, memref<2x1x2xf32>, memref<2x2xf32>)
  // CHECK:      4, -0
  // CHECK-NEXT: -3, 4.5
  // CHECK:      -2, -0.5
  // CHECK-NEXT: 3, 4.5
  // CHECK:      1, -0.125
  // CHECK-NEXT: 3.75, 0
  %any_short_by_forget = memref.cast %short_by_forget : memref<2x1x2xf32> to memref<*xf32>
  func.call @printMemrefF32(%any_short_by_forget) : (memref<*xf32>) -> ()
  %any_short_by_input = memref.cast %short_by_input : memref<2x1x2xf32> to memref<*xf32>
  func.call @printMemrefF32(%any_short_by_input) : (memref<*xf32>) -> ()
  %any_short_by_state = memref.cast %short_by_state : memref<2x2xf32> to memref<*xf32>
  func.call @printMemrefF32(%any_short_by_state) : (memref<*xf32>) -> ()

  // Rows of a table, some of them taken more than once, one never. Without `accumulate` sums start at zero.
  %ids_static = memref.get_global @ids : memref<1x4xi32>
  %ids = memref.cast %ids_static : memref<1x4xi32> to memref<1x?xi32>
  %rows_grad_static = memref.get_global @rows_grad : memref<1x4x19xf32>
  %rows_grad = memref.cast %rows_grad_static : memref<1x4x19xf32> to memref<1x?x19xf32>
  %table = memref.alloc() : memref<4x19xf32>
  %garbage_4x19f32 = memref.get_global @garbage_4x19f32 : memref<4x19xf32>
  memref.copy %garbage_4x19f32, %table : memref<4x19xf32> to memref<4x19xf32>
  ternary.scatter_kernel ins(%ids, %rows_grad : memref<1x?xi32>, memref<1x?x19xf32>) outs(%table : memref<4x19xf32>)
  // CHECK:      5, 4, -2, 3, -3, 2, -4, 1, 6, 0, 5, -1, 4, -2, 3, -3, 2, -4, 1
  // CHECK-NEXT: 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0
  // CHECK-NEXT: 3, -4, 11, 4, 8, 1, 5, -2, 2, 6, -1, 3, -4, 11, 4, 8, 1, 5, -2
  // CHECK-NEXT: 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0
  %any_table = memref.cast %table : memref<4x19xf32> to memref<*xf32>
  func.call @printMemrefF32(%any_table) : (memref<*xf32>) -> ()

  // With it rows are added to what is there one by one: 2^24 + 1 + 1 + 1 stays 2^24, and 2^24 + 3 were 16777220.
  %sum_table = memref.alloc() : memref<4x19xf32>
  %sum_table_before = memref.get_global @sum_table_before : memref<4x19xf32>
  memref.copy %sum_table_before, %sum_table : memref<4x19xf32> to memref<4x19xf32>
  ternary.scatter_kernel ins(%ids, %rows_grad : memref<1x?xi32>, memref<1x?x19xf32>) outs(%sum_table : memref<4x19xf32>) {accumulate}
  // CHECK:      5, 5, 0, 3, -2, 4, -4, 2, 8, 0, 6, 1, 4, -1, 5, -3, 3, -2, 1
  // CHECK-NEXT: 1, 2, 0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 1
  // CHECK-NEXT: 1.67772e+07, -4, 12, 6, 8, 2, 7, -2, 3, 8, -1, 4, -2, 11, 5, 10, 1, 6, 0
  // CHECK-NEXT: 0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 1, 2, 0
  %any_sum_table = memref.cast %sum_table : memref<4x19xf32> to memref<*xf32>
  func.call @printMemrefF32(%any_sum_table) : (memref<*xf32>) -> ()
  %third_row = memref.subview %sum_table[2, 0] [1, 1] [1, 1] : memref<4x19xf32> to memref<1xf32, strided<[1], offset: 38>>
  %third_row_copy = memref.alloc() : memref<1xf32>
  memref.copy %third_row, %third_row_copy : memref<1xf32, strided<[1], offset: 38>> to memref<1xf32>
  // CHECK:      [1266679808]
  %third_row_copy_any = memref.cast %third_row_copy : memref<1xf32> to memref<?xf32>
  func.call @print_bits(%third_row_copy_any) : (memref<?xf32>) -> ()

  // Lower bounds: the first layer's are zero. Their gradient, in which that of the first layer has no part. Double precision, rounded.
  %parameters = memref.get_global @parameters : memref<3x5xf32>
  %bounds_grad = memref.get_global @bounds_grad : memref<3x5xf32>
  %bounds = memref.alloc() : memref<3x5xf32>
  %garbage_3x5f32 = memref.get_global @garbage_3x5f32 : memref<3x5xf32>
  memref.copy %garbage_3x5f32, %bounds : memref<3x5xf32> to memref<3x5xf32>
  %by_bounds = memref.alloc() : memref<3x5xf32>
  memref.copy %garbage_3x5f32, %by_bounds : memref<3x5xf32> to memref<3x5xf32>
  ternary.lower_bounds_kernel ins(%parameters : memref<3x5xf32>) outs(%bounds : memref<3x5xf32>)
  ternary.lower_bounds_backward_kernel ins(%parameters, %bounds_grad : memref<3x5xf32>, memref<3x5xf32>) outs(%by_bounds : memref<3x5xf32>)
  // CHECK:      0, 0, 0, 0, 0
  // CHECK-NEXT: 0.678758, 0.0452785, {{0\.084949|0\.0849491}}, 0.333333, 0
  // CHECK-NEXT: 0.750299, {{0\.954721|0\.954722}}, 0.194026, {{0\.666666|0\.666667}}, 0
  %any_bounds = memref.cast %bounds : memref<3x5xf32> to memref<*xf32>
  func.call @printMemrefF32(%any_bounds) : (memref<*xf32>) -> ()
  // CHECK:      -0.544188, {{-0\.0067068|-0\.00670681}}, 0.122146, 0, -2.38027e-26
  // CHECK-NEXT: 0.557019, -0.0859442, -0.0296004, 0.5, 3.6097e-35
  // CHECK-NEXT: -0.0128312, 0.092651, {{-0\.092546|-0\.0925461}}, -0.5, 2.38027e-26
  %any_by_bounds = memref.cast %by_bounds : memref<3x5xf32> to memref<*xf32>
  func.call @printMemrefF32(%any_by_bounds) : (memref<*xf32>) -> ()
  return
}
