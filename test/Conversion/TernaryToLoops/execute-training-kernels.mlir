// Kernels of gradients, run. The expected values follow the equations of the dialect, in NumPy float32 and integers;
// inputs are such that the result is exact, shows the order in which it was summed, or is compared to the bit.

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
memref.global "private" constant @weight_grad : memref<1x3x37xf32> = dense<[[[-3.0, -1.5, 0.0, 1.5, 3.0,
  -2.0, -0.5, 1.0, 2.5, -2.5, -1.0, 0.5, 2.0, -3.0, -1.5, 0.0, 1.5, 3.0, -2.0, -0.5, 1.0, 2.5, -2.5, -1.0,
  0.5, 2.0, -3.0, -1.5, 0.0, 1.5, 3.0, -2.0, -0.5, 1.0, 2.5, -2.5, -1.0], [0.5, 2.5, -2.0, 0.0, 2.0, -2.5,
  -0.5, 1.5, -3.0, -1.0, 1.0, 3.0, -1.5, 0.5, 2.5, -2.0, 0.0, 2.0, -2.5, -0.5, 1.5, -3.0, -1.0, 1.0, 3.0,
  -1.5, 0.5, 2.5, -2.0, 0.0, 2.0, -2.5, -0.5, 1.5, -3.0, -1.0, 1.0], [-2.5, 0.0, 2.5, -1.5, 1.0, -3.0, -0.5,
  2.0, -2.0, 0.5, 3.0, -1.0, 1.5, -2.5, 0.0, 2.5, -1.5, 1.0, -3.0, -0.5, 2.0, -2.0, 0.5, 3.0, -1.0, 1.5,
  -2.5, 0.0, 2.5, -1.5, 1.0, -3.0, -0.5, 2.0, -2.0, 0.5, 3.0]]]>
memref.global "private" constant @activation_scales : memref<1x3xf32> = dense<[[0.5, 1.5, 0.7]]>
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
memref.global "private" constant @order_by_input : memref<2x769xf32> = sparse<[[0, 20], [0, 300], [0, 600],
  [0, 768], [1, 0], [1, 1], [1, 2], [1, 3], [1, 4], [1, 5], [1, 6], [1, 7], [1, 8], [1, 9], [1, 10], [1,
  11], [1, 12], [1, 13], [1, 14], [1, 15], [1, 16]], [16777216.0, 1.0, -16777216.0, 1.0, 1.0, 1.0, 1.0, 1.0,
  1.0, 1.0, 1.0, 1.0, 2.3841863594498136e-07, -1.0, -1.0, -1.0, -1.0, -1.0, -1.0, -1.0, -1.0]>
memref.global "private" constant @twos : memref<769xi8> = dense<2>
memref.global "private" constant @one : memref<1xf32> = dense<1.0>
memref.global "private" constant @garbage_2x1f32 : memref<2x1xf32> = dense<77.0>
memref.global "private" constant @order_by_weight : memref<769x3xf32> = sparse<[[0, 1], [1, 1], [2, 1], [3,
  1], [4, 1], [5, 1], [6, 1], [7, 1], [8, 1], [9, 1], [10, 1], [11, 1], [12, 1], [13, 1], [14, 1], [15, 1],
  [16, 1], [20, 0], [21, 2], [300, 0], [301, 2], [600, 0], [768, 0]], [1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0,
  1.0, 3.0518509447574615e-05, -1.0, -1.0, -1.0, -1.0, -1.0, -1.0, -1.0, -1.0, 16777216.0, 1.0, 1.0, 1.0,
  -16777216.0, 1.0]>
memref.global "private" constant @order_activations : memref<769x1xi8> = sparse<[[0, 0], [1, 0], [2, 0], [3,
  0], [4, 0], [5, 0], [6, 0], [7, 0], [8, 0], [9, 0], [10, 0], [11, 0], [12, 0], [13, 0], [14, 0], [15, 0],
  [16, 0], [20, 0], [21, 0], [300, 0], [301, 0], [600, 0], [768, 0]], [127, 127, 127, 127, 127, 127, 127,
  127, 1, 127, 127, 127, 127, 127, 127, 127, 127, 1, 1, 1, 1, 1, 1]>
memref.global "private" constant @ones : memref<769xf32> = dense<1.0>
memref.global "private" constant @order_before : memref<3x1xf32> = dense<[[0.0], [0.0], [16777216.0]]>
memref.global "private" constant @garbage_67x533f32 : memref<67x533xf32> = dense<77.0>
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

// x[i] = ((i · 7919) mod 2003 - 1001) · scale
func.func @fill(%x: memref<?xf32>, %scale: f32) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %multiplier = arith.constant 7919 : i32
  %modulus = arith.constant 2003 : i32
  %offset = arith.constant 1001 : i32
  %size = memref.dim %x, %c0 : memref<?xf32>
  scf.for %i = %c0 to %size step %c1 {
    %integer = arith.index_cast %i : index to i32
    %product = arith.muli %integer, %multiplier : i32
    %rest = arith.remui %product, %modulus : i32
    %difference = arith.subi %rest, %offset : i32
    %float = arith.sitofp %difference : i32 to f32
    %value = arith.mulf %float, %scale : f32
    memref.store %value, %x[%i] : memref<?xf32>
  }
  return
}

// x[i] = ((i · 7919) mod 1009) mod modulus - offset
func.func @fill_bytes(%x: memref<?xi8>, %modulus: i32, %offset: i32) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %multiplier = arith.constant 7919 : i32
  %prime = arith.constant 1009 : i32
  %size = memref.dim %x, %c0 : memref<?xi8>
  scf.for %i = %c0 to %size step %c1 {
    %integer = arith.index_cast %i : index to i32
    %product = arith.muli %integer, %multiplier : i32
    %rest = arith.remui %product, %prime : i32
    %smaller = arith.remui %rest, %modulus : i32
    %difference = arith.subi %smaller, %offset : i32
    %value = arith.trunci %difference : i32 to i8
    memref.store %value, %x[%i] : memref<?xi8>
  }
  return
}

func.func @clear(%x: memref<?xf32>, %from: index, %to: index, %step: index) {
  %zero = arith.constant 0.0 : f32
  scf.for %i = %from to %to step %step {
    memref.store %zero, %x[%i] : memref<?xf32>
  }
  return
}

// Columns between two threads and the last ones, of some rows; all columns of row 64.
func.func @print_parts(%x: memref<67x533xf32>) {
  %part = memref.alloc() : memref<8xf32>
  %part_any = memref.cast %part : memref<8xf32> to memref<?xf32>
  %columns = arith.constant dense<[316, 525]> : vector<2xindex>
  %rows = arith.constant dense<[0, 1, 2, 63, 65, 66]> : vector<6xindex>
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %c6 = arith.constant 6 : index
  scf.for %i = %c0 to %c6 step %c1 {
    scf.for %j = %c0 to %c2 step %c1 {
      %row = vector.extract %rows[%i] : index from vector<6xindex>
      %column = vector.extract %columns[%j] : index from vector<2xindex>
      %view = memref.subview %x[%row, %column] [1, 8] [1, 1] : memref<67x533xf32> to memref<8xf32, strided<[1], offset: ?>>
      memref.copy %view, %part : memref<8xf32, strided<[1], offset: ?>> to memref<8xf32>
      func.call @print_bits(%part_any) : (memref<?xf32>) -> ()
    }
  }
  %row_64 = memref.subview %x[64, 0] [1, 533] [1, 1] : memref<67x533xf32> to memref<533xf32, strided<[1], offset: 34112>>
  %whole = memref.alloc() : memref<533xf32>
  memref.copy %row_64, %whole : memref<533xf32, strided<[1], offset: 34112>> to memref<533xf32>
  %any = memref.cast %whole : memref<533xf32> to memref<*xf32>
  func.call @printMemrefF32(%any) : (memref<*xf32>) -> ()
  return
}

func.func @main() {

  // The gradient by the input: 37 rows are neither whole blocks of rows nor whole chunks of them, 11 columns no
  // whole vectors. The six digits are those of exact sums.
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
  %weight_grad_static = memref.get_global @weight_grad : memref<1x3x37xf32>
  %weight_grad = memref.cast %weight_grad_static : memref<1x3x37xf32> to memref<1x?x37xf32>
  %activations_static = memref.get_global @activations : memref<1x3x16xi8>
  %activations = memref.cast %activations_static : memref<1x3x16xi8> to memref<1x?x16xi8>
  %activation_scales_static = memref.get_global @activation_scales : memref<1x3xf32>
  %activation_scales = memref.cast %activation_scales_static : memref<1x3xf32> to memref<1x?xf32>
  %by_weight = memref.alloc() : memref<37x13xf32>
  %by_weight_before = memref.get_global @by_weight_before : memref<37x13xf32>
  memref.copy %by_weight_before, %by_weight : memref<37x13xf32> to memref<37x13xf32>
  ternary.linear_backward_weight_kernel ins(%weight_grad, %activations, %activation_scales : memref<1x?x37xf32>, memref<1x?x16xi8>, memref<1x?xf32>)
      outs(%by_weight : memref<37x13xf32>) {accumulate}
  // CHECK:      270.75, 200.25, 129.75, 59.25, -18.25, -88.75, -159.25, -236.75, 139, 259.75, 189.25, 111.75, 41.25
  // CHECK-NEXT: -316.256, -227.254, -138.253, -56.2518, 32.7495, 121.751, 210.752, 292.753, 381.755, -294.256, -212.254,
  // CHECK-SAME: -123.253, -34.2516
  // CHECK-NEXT: 169.251, 135, 100.75, 59.5, 25.2498, -9.0004, -50.2506, -84.5008, -564.999, 165.751, 124.5, 90.2502, 56
  // CHECK-NEXT: 5.4, -1.3, -15, -21.7, -28.4, -35.1, -48.8, -55.5, 205.55, 0.6, -6.1, -12.8, -19.5
  // CHECK-NEXT: -581.609, -428.807, -283.004, -130.202, 22.6003, 168.403, 321.205, 474.007, 448.301, -553.408, -400.606,
  // CHECK-SAME: -247.804, -102.002
  // CHECK-NEXT: 739.807, 536.155, 339.503, 142.851, -53.8011, -257.453, -454.105, -650.757, -318.895, 695.707, 499.055,
  // CHECK-SAME: 302.403, 98.7505
  // CHECK-NEXT: 152.798, 108.649, 71.4993, 34.3497, -9.79994, -46.9495, -84.0991, -121.249, -76.1499, 141.699, 104.549,
  // CHECK-SAME: 60.3993, 23.2497
  // CHECK-NEXT: -441.202, -318.851, -196.501, -74.1511, 41.1991, 163.549, 285.899, 401.25, 166.606, -412.302, -289.951,
  // CHECK-SAME: -174.601, -52.251
  // CHECK-NEXT: 467.447, 334.598, 201.749, 61.8995, -70.9495, -203.799, -336.648, -476.497, -252.352, 443.547, 303.698,
  // CHECK-SAME: 170.849, 37.9997
  // CHECK-NEXT: 293.199, 225.6, 158, 83.4002, 15.8005, -51.7993, -126.399, -193.999, -350.853, 282.799, 208.2, 140.6,
  // CHECK-SAME: 73.0003
  // CHECK-NEXT: -293.797, -201.898, -116.999, -25.0991, 66.8002, 158.7, 243.599, 335.498, -108.102, -278.197, -186.298,
  // CHECK-SAME: -94.3987, -2.49927
  // CHECK-NEXT: -457.644, -338.196, -225.747, -106.298, 13.1509, 125.6, 245.048, 364.497, 662.443, -436.345, -316.896,
  // CHECK-SAME: -197.447, -84.9982
  // CHECK-NEXT: 27.8527, 17.0519, 13.2512, 9.45041, 5.64966, -5.15109, -8.95184, -12.7526, -291.299, 23.6525, 19.8518,
  // CHECK-SAME: 16.051, 5.25026
  // CHECK-NEXT: 276.75, 199.25, 128.75, 58.25, -19.25, -89.75, -160.25, -230.75, 138, 258.75, 188.25, 110.75, 40.25
  // CHECK-NEXT: -317.256, -228.254, -139.253, -50.2518, 31.7495, 120.751, 209.752, 291.753, 380.755, -295.256, -206.254,
  // CHECK-SAME: -124.253, -35.2516
  // CHECK-NEXT: 168.251, 134, 99.7503, 58.5, 24.2498, -10.0004, -44.2506, -85.5008, -565.999, 164.751, 123.5, 89.2502,
  // CHECK-SAME: 55
  // CHECK-NEXT: 4.4, -2.3, -9, -22.7, -29.4, -36.1, -49.8, -56.5, 204.55, 6.6, -7.1, -13.8, -20.5
  // CHECK-NEXT: -582.609, -429.807, -284.004, -131.202, 21.6003, 174.403, 320.205, 473.007, 447.301, -554.408, -401.606,
  // CHECK-SAME: -248.804, -96.0016
  // CHECK-NEXT: 738.807, 542.155, 338.503, 141.851, -54.8011, -258.453, -455.105, -651.757, -312.895, 694.707, 498.055,
  // CHECK-SAME: 301.403, 97.7505
  // CHECK-NEXT: 151.798, 107.649, 70.4993, 33.3497, -3.79994, -47.9495, -85.0991, -122.249, -77.1499, 140.699, 103.549,
  // CHECK-SAME: 66.3993, 22.2497
  // CHECK-NEXT: -435.202, -319.851, -197.501, -75.1511, 40.1991, 162.549, 284.899, 407.25, 165.606, -413.302, -290.951,
  // CHECK-SAME: -175.601, -53.251
  // CHECK-NEXT: 466.447, 333.598, 200.749, 67.8996, -71.9495, -204.799, -337.648, -477.497, -253.352, 442.547, 309.698,
  // CHECK-SAME: 169.849, 36.9997
  // CHECK-NEXT: 292.199, 224.6, 157, 82.4002, 14.8005, -52.7993, -120.399, -194.999, -351.853, 281.799, 207.2, 139.6,
  // CHECK-SAME: 72.0003
  // CHECK-NEXT: -294.797, -202.898, -110.999, -26.0991, 65.8002, 157.7, 242.599, 334.498, -109.102, -272.197, -187.298,
  // CHECK-SAME: -95.3987, -3.49927
  // CHECK-NEXT: -458.644, -339.196, -226.747, -107.298, 12.1509, 131.6, 244.048, 363.497, 661.443, -437.345, -317.896,
  // CHECK-SAME: -198.447, -78.9982
  // CHECK-NEXT: 26.8527, 23.0519, 12.2512, 8.45041, 4.64966, -6.15109, -9.95184, -13.7526, -285.299, 22.6525, 18.8518,
  // CHECK-SAME: 15.051, 4.25026
  // CHECK-NEXT: 275.75, 198.25, 127.75, 57.25, -13.25, -90.75, -161.25, -231.75, 137, 257.75, 187.25, 116.75, 39.25
  // CHECK-NEXT: -311.256, -229.254, -140.253, -51.2518, 30.7495, 119.751, 208.752, 297.753, 379.755, -296.256, -207.254,
  // CHECK-SAME: -125.253, -36.2516
  // CHECK-NEXT: 167.251, 133, 98.7503, 64.5, 23.2498, -11.0004, -45.2506, -86.5008, -566.999, 163.751, 129.5, 88.2502,
  // CHECK-SAME: 54
  // CHECK-NEXT: 3.4, -3.3, -10, -23.7, -30.4, -37.1, -43.8, -57.5, 203.55, 5.6, -8.1, -14.8, -21.5
  // CHECK-NEXT: -583.609, -430.807, -278.004, -132.202, 20.6003, 173.403, 319.205, 472.007, 446.301, -548.408, -402.606,
  // CHECK-SAME: -249.804, -97.0016
  // CHECK-NEXT: 737.807, 541.155, 337.503, 140.851, -55.8011, -252.453, -456.105, -652.757, -313.895, 693.707, 497.055,
  // CHECK-SAME: 300.403, 103.751
  // CHECK-NEXT: 150.798, 113.649, 69.4993, 32.3497, -4.79994, -48.9495, -86.0991, -123.249, -71.1499, 139.699, 102.549,
  // CHECK-SAME: 65.3993, 21.2497
  // CHECK-NEXT: -436.202, -320.851, -198.501, -76.1511, 46.1991, 161.549, 283.899, 406.25, 164.606, -414.302, -291.951,
  // CHECK-SAME: -169.601, -54.251
  // CHECK-NEXT: 472.447, 332.598, 199.749, 66.8996, -72.9495, -205.799, -338.648, -471.497, -254.352, 441.547, 308.698,
  // CHECK-SAME: 168.849, 35.9997
  // CHECK-NEXT: 291.199, 223.6, 156, 88.4002, 13.8005, -53.7993, -121.399, -195.999, -352.853, 280.799, 213.2, 138.6,
  // CHECK-SAME: 71.0003
  // CHECK-NEXT: -295.797, -203.898, -111.999, -27.0991, 64.8002, 156.7, 248.599, 333.498, -110.102, -273.197, -188.298,
  // CHECK-SAME: -96.3987, -4.49927
  %any_by_weight = memref.cast %by_weight : memref<37x13xf32> to memref<*xf32>
  func.call @printMemrefF32(%any_by_weight) : (memref<*xf32>) -> ()

  // Sums of a block are exact, whatever their order: up to 8 (8 · 127), a code of 1, for which f32 has no room there,
  // and down again leave that code. Blocks are added in order: 2^24 + 1 - 2^24 + 1 is 1, for 2^24 + 1 is 2^24. With
  // `accumulate` they are added to what is there one by one: 2^24 + 1 + 1 stays 2^24.
  %order_by_input = memref.get_global @order_by_input : memref<2x769xf32>
  %twos = memref.get_global @twos : memref<769xi8>
  %one = memref.get_global @one : memref<1xf32>
  %twos_memory = memref.alloc() : memref<769xi8>
  memref.copy %twos, %twos_memory : memref<769xi8> to memref<769xi8>
  %plus = ternary.weight_memory %twos_memory : memref<769xi8> -> memref<769x1x!ternary.trit>
  %by_input_order = memref.alloc() : memref<2x1xf32>
  %garbage_2x1f32 = memref.get_global @garbage_2x1f32 : memref<2x1xf32>
  memref.copy %garbage_2x1f32, %by_input_order : memref<2x1xf32> to memref<2x1xf32>
  ternary.linear_backward_input_kernel ins(%order_by_input, %plus, %one : memref<2x769xf32>, memref<769x1x!ternary.trit>, memref<1xf32>)
      outs(%by_input_order : memref<2x1xf32>)
  // CHECK:      [1065353216, 880803842]
  %by_input_order_flat = memref.collapse_shape %by_input_order [[0, 1]] : memref<2x1xf32> into memref<2xf32>
  %by_input_order_any = memref.cast %by_input_order_flat : memref<2xf32> to memref<?xf32>
  func.call @print_bits(%by_input_order_any) : (memref<?xf32>) -> ()
  %order_by_weight = memref.get_global @order_by_weight : memref<769x3xf32>
  %order_activations = memref.get_global @order_activations : memref<769x1xi8>
  %ones = memref.get_global @ones : memref<769xf32>
  %by_weight_order = memref.alloc() : memref<3x1xf32>
  %order_before = memref.get_global @order_before : memref<3x1xf32>
  memref.copy %order_before, %by_weight_order : memref<3x1xf32> to memref<3x1xf32>
  ternary.linear_backward_weight_kernel ins(%order_by_weight, %order_activations, %ones : memref<769x3xf32>, memref<769x1xi8>, memref<769xf32>)
      outs(%by_weight_order : memref<3x1xf32>) {accumulate}
  // CHECK:      [1065353216, 939524352, 1266679808]
  %by_weight_order_flat = memref.collapse_shape %by_weight_order [[0, 1]] : memref<3x1xf32> into memref<3xf32>
  %by_weight_order_any = memref.cast %by_weight_order_flat : memref<3xf32> to memref<?xf32>
  func.call @print_bits(%by_weight_order_any) : (memref<?xf32>) -> ()

  // 259 addends are two blocks, 67 rows two tiles, 533 columns those of two threads. Bits are compared; what is there is
  // not read. Row 1 has a block of zeros, row 2 nothing else; a NaN makes all of row 64 NaN, and no other row.
  %long_memory = memref.alloc() : memref<17353xf32>
  %long_any = memref.cast %long_memory : memref<17353xf32> to memref<?xf32>
  %thousandth = arith.constant 0.001 : f32
  %nan = arith.constant 0x7FC00000 : f32
  %c1 = arith.constant 1 : index
  %c67 = arith.constant 67 : index
  func.call @fill(%long_any, %thousandth) : (memref<?xf32>, f32) -> ()
  %row_1 = arith.constant 259 : index
  %row_1_block = arith.constant 515 : index
  func.call @clear(%long_any, %row_1, %row_1_block, %c1) : (memref<?xf32>, index, index, index) -> ()
  %row_2 = arith.constant 518 : index
  %row_3 = arith.constant 777 : index
  func.call @clear(%long_any, %row_2, %row_3, %c1) : (memref<?xf32>, index, index, index) -> ()
  %row_64_column_257 = arith.constant 16833 : index
  memref.store %nan, %long_memory[%row_64_column_257] : memref<17353xf32>
  %input_grad = memref.expand_shape %long_memory [[0, 1]] output_shape [67, 259] : memref<17353xf32> into memref<67x259xf32>
  %many_codes = memref.alloc() : memref<138047xi8>
  %many_codes_any = memref.cast %many_codes : memref<138047xi8> to memref<?xi8>
  %three = arith.constant 3 : i32
  %zero = arith.constant 0 : i32
  func.call @fill_bytes(%many_codes_any, %three, %zero) : (memref<?xi8>, i32, i32) -> ()
  %many_trits = ternary.weight_memory %many_codes : memref<138047xi8> -> memref<259x533x!ternary.trit>
  %product = memref.alloc() : memref<67x533xf32>
  %garbage_67x533f32 = memref.get_global @garbage_67x533f32 : memref<67x533xf32>
  memref.copy %garbage_67x533f32, %product : memref<67x533xf32> to memref<67x533xf32>
  ternary.linear_backward_input_kernel ins(%input_grad, %many_trits, %scale : memref<67x259xf32>, memref<259x533x!ternary.trit>, memref<1xf32>)
      outs(%product : memref<67x533xf32>)
  // CHECK:      [1077932988, -1079817285, 1051738540, 1051184876, -1105215896, -1078898719, -1063376650, -1068128793]
  // CHECK:      [-1073492258, -1073715606, -1079225869, 1077618408, 1082383138, 1068578639, 1061284746, 1071416088]
  // CHECK:      [1073953637, 1057988019, 1057988019, 1057988019, 1057988019, -1117161265, -1117161265, -1086412816]
  // CHECK:      [0, -1088539328, -1079565614, -1089495629, -1089495629, -1089495629, -1089495629, 1059900621]
  // CHECK:      [0, 0, 0, 0, 0, 0, 0, 0]
  // CHECK:      [0, 0, 0, 0, 0, 0, 0, 0]
  // CHECK:      [1074255628, 1077722218, 1052770312, 1079458658, 1085425058, 1089803911, 1091452796, 1079049714]
  // CHECK:      [-1075608294, -1076054986, -1062649987, -1062154536, -1066596828, -1067723000, -1068899498, -1070582464]
  // CHECK:      [1081839975, 1078684810, 1084781756, 1087897600, 1089056801, 1092137779, 1089556971, 1071114088]
  // CHECK:      [-1067411570, -1063343621, -1061687397, -1058041496, -1062503710, -1073382164, -1068578636, -1072186786]
  // CHECK:      [1085456516, 1086949165, 1085182837, 1081865142, 1086147002, 1084706258, 1078401695, 1070793224]
  // CHECK:      [-1073231169, -1067153622, -1061206098, -1054111956, -1059192831, -1073061298, -1075696369, 1062417200]
  // CHECK:      {{\[-?nan(, -?nan)*\]}}
  func.call @print_parts(%product) : (memref<67x533xf32>) -> ()

  // The same for the weight: columns of the gradient become rows, its rows are the addends and have a scale each; the
  // activations have 3 columns of padding.
  func.call @fill(%long_any, %thousandth) : (memref<?xf32>, f32) -> ()
  %column_1_block = arith.constant 17152 : index
  func.call @clear(%long_any, %c1, %column_1_block, %c67) : (memref<?xf32>, index, index, index) -> ()
  %c2 = arith.constant 2 : index
  %end = arith.constant 17353 : index
  func.call @clear(%long_any, %c2, %end, %c67) : (memref<?xf32>, index, index, index) -> ()
  %row_257_column_64 = arith.constant 17283 : index
  memref.store %nan, %long_memory[%row_257_column_64] : memref<17353xf32>
  %many_rows = memref.expand_shape %long_memory [[0, 1, 2]] output_shape [1, 259, 67] : memref<17353xf32> into memref<1x259x67xf32>
  %bytes = memref.alloc() : memref<138824xi8>
  %bytes_any = memref.cast %bytes : memref<138824xi8> to memref<?xi8>
  %many = arith.constant 255 : i32
  %half = arith.constant 127 : i32
  func.call @fill_bytes(%bytes_any, %many, %half) : (memref<?xi8>, i32, i32) -> ()
  %many_activations = memref.expand_shape %bytes [[0, 1, 2]] output_shape [1, 259, 536] : memref<138824xi8> into memref<1x259x536xi8>
  %many_scales_memory = memref.alloc() : memref<259xf32>
  %many_scales_any = memref.cast %many_scales_memory : memref<259xf32> to memref<?xf32>
  %less = arith.constant 0.0003 : f32
  func.call @fill(%many_scales_any, %less) : (memref<?xf32>, f32) -> ()
  %many_scales = memref.expand_shape %many_scales_memory [[0, 1]] output_shape [1, 259] : memref<259xf32> into memref<1x259xf32>
  memref.copy %garbage_67x533f32, %product : memref<67x533xf32> to memref<67x533xf32>
  ternary.linear_backward_weight_kernel ins(%many_rows, %many_activations, %many_scales : memref<1x259x67xf32>, memref<1x259x536xi8>, memref<1x259xf32>)
      outs(%product : memref<67x533xf32>)
  // CHECK:      [1111123539, -1047595074, 1115174151, 1098067154, 1115419344, 1113609222, 1107064467, 1111983651]
  // CHECK:      [1108792915, 1114785360, 1092754248, -1031375438, -1051125490, 1104334634, 1083241072, 1119516006]
  // CHECK:      [1093249062, -1064892418, 1075016483, -1059343852, -1086281770, 1092557801, -1063875490, 1067315850]
  // CHECK:      [-1061354792, -1087343435, 1093563271, -1065688458, 1076273320, -1059972271, -1092099196, 1092872011]
  // CHECK:      [0, 0, 0, 0, 0, 0, 0, 0]
  // CHECK:      [0, 0, 0, 0, 0, 0, 0, 0]
  // CHECK:      [-1032066108, 1093089421, 1118815700, 1105081560, 1117686282, -1044232284, 1099814455, 1119572293]
  // CHECK:      [1103917627, -1062808608, -1045186410, -1046659430, 1118574754, 1111106106, 1100473051, 1091397550]
  // CHECK:      [1114312509, 1113697763, 1124209946, -1071296921, -1034536368, 1116453738, -1045716498, 1121560021]
  // CHECK:      [1091996571, 1102266205, 1104156354, -1080897192, 1112634608, 1078586739, -1025092182, 1120978963]
  // CHECK:      [1123078917, 1115185848, 1112917558, -1055918888, -1045970033, 1119744074, -1067179627, 1113803203]
  // CHECK:      [-1033735247, -1034360253, 1109985471, -1093260256, -1051252932, -1082279296, -1030427314, 1116575516]
  // CHECK:      {{\[-?nan(, -?nan)*\]}}
  func.call @print_parts(%product) : (memref<67x533xf32>) -> ()

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
  %garbage_2x2f32 = memref.get_global @garbage_2x2f32 : memref<2x2xf32>
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
