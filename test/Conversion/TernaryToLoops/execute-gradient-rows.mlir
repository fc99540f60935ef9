// Row kernels of losses and gradients, run. The expected values follow the equations of the dialect, in NumPy.

// RUN: ternary-opt %s -ternary-to-loops -ternary-expand-math %lower_to_llvm | %run_mlir | FileCheck %s

memref.global "private" constant @x : memref<1x2x20xf32> = dense<[[[-2.75, -1.0, 0.75, 2.5, -1.5, 0.25, 2.0,
  -2.0, -0.25, 1.5, -2.5, -0.75, 1.0, 2.75, -1.25, 0.5, 2.25, -1.75, 0.0, 1.75], [-1.5, 0.25, 2.0, -2.0,
  -0.25, 1.5, -2.5, -0.75, 1.0, 2.75, -1.25, 0.5, 2.25, -1.75, 0.0, 1.75, -2.25, -0.5, 1.25, -2.75]]]>
memref.global "private" constant @s : memref<1x2xf32> = dense<[[0.5, -3.0]]>
memref.global "private" constant @garbage_1x2x20f32 : memref<1x2x20xf32> = dense<77.0>
memref.global "private" constant @grad : memref<1x2x70xf32> = dense<[[[-1.125, 0.0, 1.125, -0.125, 1.0,
  -0.25, 0.875, -0.375, 0.75, -0.5, 0.625, -0.625, 0.5, -0.75, 0.375, -0.875, 0.25, -1.0, 0.125, -1.125, 0.0,
  1.125, -0.125, 1.0, -0.25, 0.875, -0.375, 0.75, -0.5, 0.625, -0.625, 0.5, -0.75, 0.375, -0.875, 0.25, -1.0,
  0.125, -1.125, 0.0, 1.125, -0.125, 1.0, -0.25, 0.875, -0.375, 0.75, -0.5, 0.625, -0.625, 0.5, -0.75, 0.375,
  -0.875, 0.25, -1.0, 0.125, -1.125, 0.0, 1.125, -0.125, 1.0, -0.25, 0.875, -0.375, 0.75, -0.5, 0.625,
  -0.625, 0.5], [-0.625, 0.5, -0.75, 0.375, -0.875, 0.25, -1.0, 0.125, -1.125, 0.0, 1.125, -0.125, 1.0,
  -0.25, 0.875, -0.375, 0.75, -0.5, 0.625, -0.625, 0.5, -0.75, 0.375, -0.875, 0.25, -1.0, 0.125, -1.125, 0.0,
  1.125, -0.125, 1.0, -0.25, 0.875, -0.375, 0.75, -0.5, 0.625, -0.625, 0.5, -0.75, 0.375, -0.875, 0.25, -1.0,
  0.125, -1.125, 0.0, 1.125, -0.125, 1.0, -0.25, 0.875, -0.375, 0.75, -0.5, 0.625, -0.625, 0.5, -0.75, 0.375,
  -0.875, 0.25, -1.0, 0.125, -1.125, 0.0, 1.125, -0.125, 1.0]]]>
memref.global "private" constant @input : memref<1x2x70xf32> = dense<[[[-3.5, -0.75, 2.0, -2.5, 0.25, 3.0,
  -1.5, 1.25, -3.25, -0.5, 2.25, -2.25, 0.5, 3.25, -1.25, 1.5, -3.0, -0.25, 2.5, -2.0, 0.75, 3.5, -1.0, 1.75,
  -2.75, 0.0, 2.75, -1.75, 1.0, -3.5, -0.75, 2.0, -2.5, 0.25, 3.0, -1.5, 1.25, -3.25, -0.5, 2.25, -2.25, 0.5,
  3.25, -1.25, 1.5, -3.0, -0.25, 2.5, -2.0, 0.75, 3.5, -1.0, 1.75, -2.75, 0.0, 2.75, -1.75, 1.0, -3.5, -0.75,
  2.0, -2.5, 0.25, 3.0, -1.5, 1.25, -3.25, -0.5, 2.25, -2.25], [-2.0, 0.75, 3.5, -1.0, 1.75, -2.75, 0.0,
  2.75, -1.75, 1.0, -3.5, -0.75, 2.0, -2.5, 0.25, 3.0, -1.5, 1.25, -3.25, -0.5, 2.25, -2.25, 0.5, 3.25,
  -1.25, 1.5, -3.0, -0.25, 2.5, -2.0, 0.75, 3.5, -1.0, 1.75, -2.75, 0.0, 2.75, -1.75, 1.0, -3.5, -0.75, 2.0,
  -2.5, 0.25, 3.0, -1.5, 1.25, -3.25, -0.5, 2.25, -2.25, 0.5, 3.25, -1.25, 1.5, -3.0, -0.25, 2.5, -2.0, 0.75,
  3.5, -1.0, 1.75, -2.75, 0.0, 2.75, -1.75, 1.0, -3.5, -0.75]]]>
memref.global "private" constant @inverse : memref<1x2xf32> = dense<[[0.25, 0.375]]>
memref.global "private" constant @gain : memref<70xf32> = dense<[1.0, 1.25, 1.5, 1.75, 2.0, 1.0, 1.25, 1.5,
  1.75, 2.0, 1.0, 1.25, 1.5, 1.75, 2.0, 1.0, 1.25, 1.5, 1.75, 2.0, 1.0, 1.25, 1.5, 1.75, 2.0, 1.0, 1.25, 1.5,
  1.75, 2.0, 1.0, 1.25, 1.5, 1.75, 2.0, 1.0, 1.25, 1.5, 1.75, 2.0, 1.0, 1.25, 1.5, 1.75, 2.0, 1.0, 1.25, 1.5,
  1.75, 2.0, 1.0, 1.25, 1.5, 1.75, 2.0, 1.0, 1.25, 1.5, 1.75, 2.0, 1.0, 1.25, 1.5, 1.75, 2.0, 1.0, 1.25, 1.5,
  1.75, 2.0]>
memref.global "private" constant @garbage_1x2x70f32 : memref<1x2x70xf32> = dense<77.0>
memref.global "private" constant @logits : memref<1x4x37xf32> = dense<[[[-1.5, 0.25, -1.25, 0.5, -1.0, 0.75,
  -0.75, 1.0, -0.5, 1.25, -0.25, 1.5, 0.0, -1.5, 0.25, -1.25, 0.5, -1.0, 0.75, -0.75, 1.0, -0.5, 1.25, -0.25,
  1.5, 0.0, -1.5, 0.25, -1.25, 0.5, -1.0, 0.75, -0.75, 1.0, -0.5, 1.25, -0.25], [-5.75, -4.0, -5.5, -3.75,
  -5.25, -3.5, -5.0, -6.5, -4.75, -6.25, -4.5, -6.0, -4.25, -5.75, -4.0, -5.5, -3.75, -5.25, -3.5, -5.0,
  -6.5, -4.75, -6.25, -4.5, -6.0, -4.25, -5.75, -4.0, -5.5, -3.75, -5.25, -3.5, -5.0, -6.5, -4.75, -6.25,
  -4.5], [0.0, -1.5, 0.25, -1.25, 0.5, -1.0, 0.75, -0.75, 1.0, -0.5, 1.25, -0.25, 1.5, 0.0, -1.5, 0.25,
  -1.25, 0.5, -1.0, 0.75, -0.75, 1.0, -0.5, 1.25, -0.25, 1.5, 0.0, -1.5, 0.25, -1.25, 0.5, -1.0, 0.75, -0.75,
  1.0, -0.5, 1.25], [200.75, 199.25, 201.0, 199.5, 201.25, 199.75, 201.5, 200.0, 198.5, 200.25, 198.75,
  200.5, 199.0, 200.75, 199.25, 201.0, 199.5, 201.25, 199.75, 201.5, 200.0, 198.5, 200.25, 198.75, 200.5,
  199.0, 200.75, 199.25, 201.0, 199.5, 201.25, 199.75, 201.5, 200.0, 198.5, 200.25, 198.75]]]>
memref.global "private" constant @target : memref<1x4xi32> = dense<[[5, 36, -1, 0]]>
memref.global "private" constant @garbage_1x4f32 : memref<1x4xf32> = dense<77.0>
memref.global "private" constant @share : memref<f32> = dense<0.25>
memref.global "private" constant @seed : memref<f32> = dense<-2.0>
memref.global "private" constant @garbage_1x4x37f32 : memref<1x4x37xf32> = dense<77.0>

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

  // Rows times a number of their own.
  %x_static = memref.get_global @x : memref<1x2x20xf32>
  %x = memref.cast %x_static : memref<1x2x20xf32> to memref<1x?x20xf32>
  %s_static = memref.get_global @s : memref<1x2xf32>
  %s = memref.cast %s_static : memref<1x2xf32> to memref<1x?xf32>
  %scaled_static = memref.alloc() : memref<1x2x20xf32>
  %garbage_1x2x20f32 = memref.get_global @garbage_1x2x20f32 : memref<1x2x20xf32>
  memref.copy %garbage_1x2x20f32, %scaled_static : memref<1x2x20xf32> to memref<1x2x20xf32>
  %scaled = memref.cast %scaled_static : memref<1x2x20xf32> to memref<1x?x20xf32>
  ternary.row_kernel rows 2 ins(%x, %s : memref<1x?x20xf32>, memref<1x?xf32>) outs(%scaled : memref<1x?x20xf32>) {
  ^bb0(%row: vector<20xf32>, %factor: f32):
    %0 = ternary.scale_rows %row, %factor : vector<20xf32>, f32
    ternary.yield %0 : vector<20xf32>
  }
  // CHECK:      -1.375, -0.5, 0.375, 1.25, -0.75, 0.125, 1, -1, -0.125, 0.75, -1.25, -0.375, 0.5, 1.375,
  // CHECK-SAME: -0.625, 0.25, 1.125, -0.875, 0, 0.875
  // CHECK-NEXT: 4.5, -0.75, -6, 6, 0.75, -4.5, 7.5, 2.25, -3, -8.25, 3.75, -1.5, -6.75, 5.25, -0, -5.25,
  // CHECK-SAME: 6.75, 1.5, -3.75, 8.25
  %any_scaled = memref.cast %scaled : memref<1x?x20xf32> to memref<*xf32>
  func.call @printMemrefF32(%any_scaled) : (memref<*xf32>) -> ()

  // The gradient of a norm over 70 columns: two blocks of the sum, and 6 columns more. Bits, in f32 as the equations say; the sum itself is exact.
  %grad_static = memref.get_global @grad : memref<1x2x70xf32>
  %grad = memref.cast %grad_static : memref<1x2x70xf32> to memref<1x?x70xf32>
  %input_static = memref.get_global @input : memref<1x2x70xf32>
  %input = memref.cast %input_static : memref<1x2x70xf32> to memref<1x?x70xf32>
  %inverse_static = memref.get_global @inverse : memref<1x2xf32>
  %inverse = memref.cast %inverse_static : memref<1x2xf32> to memref<1x?xf32>
  %gain = memref.get_global @gain : memref<70xf32>
  %by_norm_static = memref.alloc() : memref<1x2x70xf32>
  %garbage_1x2x70f32 = memref.get_global @garbage_1x2x70f32 : memref<1x2x70xf32>
  memref.copy %garbage_1x2x70f32, %by_norm_static : memref<1x2x70xf32> to memref<1x2x70xf32>
  %by_norm = memref.cast %by_norm_static : memref<1x2x70xf32> to memref<1x?x70xf32>
  ternary.row_kernel rows 2 ins(%grad, %input, %inverse, %gain : memref<1x?x70xf32>, memref<1x?x70xf32>, memref<1x?xf32>, memref<70xf32>) outs(%by_norm : memref<1x?x70xf32>) {
  ^bb0(%g: vector<70xf32>, %row: vector<70xf32>, %scale: f32, %w: vector<70xf32>):
    %0 = ternary.rms_norm_backward %g, %row, %scale, %w : vector<70xf32>, vector<70xf32>, f32, vector<70xf32>
    ternary.yield %0 : vector<70xf32>
  }
  // CHECK:      [-1097984410, 978441245, 1054271547, -1118498231, 1056955655, -1115255135, 1049416148,
  // CHECK-SAME: -1106158153,
  // CHECK-SAME: 1051313825, -1098943459, 1042123396, -1102738812, 1044345885, -1096169823, 1044471223,
  // CHECK-SAME: -1100897368,
  // CHECK-SAME: 1034325665, -1094722297, 1028985417, -1089506275, -1169042403, 1051858534, -1120165654,
  // CHECK-SAME: 1054804787,
  // CHECK-SAME: -1107690174, 1046478848, -1107950914, 1049687245, -1100933179, 1050798490, -1105252820,
  // CHECK-SAME: 1042141301,
  // CHECK-SAME: -1097948599, 1042790927, -1092508760, 1032013648, -1096765733, 1028535559, -1090799089,
  // CHECK-SAME: -1155703018,
  // CHECK-SAME: 1049705150, -1121833077, 1052653919, -1109572462, 1054813740, -1111920289, 1047545329,
  // CHECK-SAME: -1102922898,
  // CHECK-SAME: 1049434053, -1096783638, 1039686042, -1100027845, 1041110630, -1094549680, 1040187392,
  // CHECK-SAME: -1098809168,
  // CHECK-SAME: 1026008678, -1093104669, 997510348, 1058026613, -1123500500, 1050762679, -1111454749,
  // CHECK-SAME: 1052925016,
  // CHECK-SAME: -1103209384, 1044292169, -1105431874, 1047563235, -1098040642, 1048656574, -1098780233,
  // CHECK-SAME: 1048016200,
  // CHECK-SAME: -1094280960, 1047662152, -1088182720, 1032408722, -1091567616, 1036431726, -1086236224,
  // CHECK-SAME: 1008671598,
  // CHECK-SAME: 1053202688, -1115231598, 1058339036, -1103045558, 1059626780, -1109109322, 1051495095,
  // CHECK-SAME: -1098266386,
  // CHECK-SAME: 1052890936, -1091404690, 1045848027, -1094766610, 1046280411, -1089803364, 1043567067,
  // CHECK-SAME: -1095202121,
  // CHECK-SAME: 1022449371, -1088250084, 1019667018, 1062405925, -1121834277, 1057010560, -1105595977,
  // CHECK-SAME: 1058494912,
  // CHECK-SAME: -1096962980, 1049624576, -1101748408, 1051413632, -1093859547, 1051629824, -1097614684,
  // CHECK-SAME: 1044898670,
  // CHECK-SAME: -1090242798, 1042971758, -1086813513, 1023694263, -1090263945, -1123989943, 1060880841,
  // CHECK-SAME: -1114423223,
  // CHECK-SAME: 1052037138, -1108996536, 1057363044, -1098631406, 1058257572, -1101146843, 1049936329,
  // CHECK-SAME: -1096314405,
  // CHECK-SAME: 1050545737, -1089592658, 1043516928, -1093207845, 1042376448, -1087449554, 1035993088,
  // CHECK-SAME: -1094036571,
  // CHECK-SAME: -1131726848, 1059355758, -1108501504, 1061036718]
  %by_norm_flat = memref.collapse_shape %by_norm_static [[0, 1, 2]] : memref<1x2x70xf32> into memref<140xf32>
  %by_norm_any = memref.cast %by_norm_flat : memref<140xf32> to memref<?xf32>
  func.call @print_bits(%by_norm_any) : (memref<?xf32>) -> ()

  // Several ops in one kernel: the gradient of a norm is read by another row op, and yielded as well.
  %by_norm_again_static = memref.alloc() : memref<1x2x70xf32>
  memref.copy %garbage_1x2x70f32, %by_norm_again_static : memref<1x2x70xf32> to memref<1x2x70xf32>
  %by_norm_again = memref.cast %by_norm_again_static : memref<1x2x70xf32> to memref<1x?x70xf32>
  %twice_static = memref.alloc() : memref<1x2x70xf32>
  memref.copy %garbage_1x2x70f32, %twice_static : memref<1x2x70xf32> to memref<1x2x70xf32>
  %twice = memref.cast %twice_static : memref<1x2x70xf32> to memref<1x?x70xf32>
  ternary.row_kernel rows 2 ins(%grad, %input, %inverse, %gain : memref<1x?x70xf32>, memref<1x?x70xf32>, memref<1x?xf32>, memref<70xf32>) outs(%by_norm_again, %twice : memref<1x?x70xf32>, memref<1x?x70xf32>) {
  ^bb0(%g: vector<70xf32>, %row: vector<70xf32>, %scale: f32, %w: vector<70xf32>):
    %0 = ternary.rms_norm_backward %g, %row, %scale, %w : vector<70xf32>, vector<70xf32>, f32, vector<70xf32>
    %1 = arith.negf %0 : vector<70xf32>
    %2 = ternary.scale_rows %1, %scale : vector<70xf32>, f32
    %3 = ternary.rms_norm_backward %2, %0, %scale, %w : vector<70xf32>, vector<70xf32>, f32, vector<70xf32>
    ternary.yield %0, %2 : vector<70xf32>, vector<70xf32>
  }
  // CHECK:      [-1097984410, 978441245, 1054271547, -1118498231, 1056955655, -1115255135, 1049416148,
  // CHECK-SAME: -1106158153,
  // CHECK-SAME: 1051313825, -1098943459, 1042123396, -1102738812, 1044345885, -1096169823, 1044471223,
  // CHECK-SAME: -1100897368,
  // CHECK-SAME: 1034325665, -1094722297, 1028985417, -1089506275, -1169042403, 1051858534, -1120165654,
  // CHECK-SAME: 1054804787,
  // CHECK-SAME: -1107690174, 1046478848, -1107950914, 1049687245, -1100933179, 1050798490, -1105252820,
  // CHECK-SAME: 1042141301,
  // CHECK-SAME: -1097948599, 1042790927, -1092508760, 1032013648, -1096765733, 1028535559, -1090799089,
  // CHECK-SAME: -1155703018,
  // CHECK-SAME: 1049705150, -1121833077, 1052653919, -1109572462, 1054813740, -1111920289, 1047545329,
  // CHECK-SAME: -1102922898,
  // CHECK-SAME: 1049434053, -1096783638, 1039686042, -1100027845, 1041110630, -1094549680, 1040187392,
  // CHECK-SAME: -1098809168,
  // CHECK-SAME: 1026008678, -1093104669, 997510348, 1058026613, -1123500500, 1050762679, -1111454749,
  // CHECK-SAME: 1052925016,
  // CHECK-SAME: -1103209384, 1044292169, -1105431874, 1047563235, -1098040642, 1048656574, -1098780233,
  // CHECK-SAME: 1048016200,
  // CHECK-SAME: -1094280960, 1047662152, -1088182720, 1032408722, -1091567616, 1036431726, -1086236224,
  // CHECK-SAME: 1008671598,
  // CHECK-SAME: 1053202688, -1115231598, 1058339036, -1103045558, 1059626780, -1109109322, 1051495095,
  // CHECK-SAME: -1098266386,
  // CHECK-SAME: 1052890936, -1091404690, 1045848027, -1094766610, 1046280411, -1089803364, 1043567067,
  // CHECK-SAME: -1095202121,
  // CHECK-SAME: 1022449371, -1088250084, 1019667018, 1062405925, -1121834277, 1057010560, -1105595977,
  // CHECK-SAME: 1058494912,
  // CHECK-SAME: -1096962980, 1049624576, -1101748408, 1051413632, -1093859547, 1051629824, -1097614684,
  // CHECK-SAME: 1044898670,
  // CHECK-SAME: -1090242798, 1042971758, -1086813513, 1023694263, -1090263945, -1123989943, 1060880841,
  // CHECK-SAME: -1114423223,
  // CHECK-SAME: 1052037138, -1108996536, 1057363044, -1098631406, 1058257572, -1101146843, 1049936329,
  // CHECK-SAME: -1096314405,
  // CHECK-SAME: 1050545737, -1089592658, 1043516928, -1093207845, 1042376448, -1087449554, 1035993088,
  // CHECK-SAME: -1094036571,
  // CHECK-SAME: -1131726848, 1059355758, -1108501504, 1061036718]
  %by_norm_again_flat = memref.collapse_shape %by_norm_again_static [[0, 1, 2]] : memref<1x2x70xf32> into memref<140xf32>
  %by_norm_again_any = memref.cast %by_norm_again_flat : memref<140xf32> to memref<?xf32>
  func.call @print_bits(%by_norm_again_any) : (memref<?xf32>) -> ()
  // CHECK:      [1032722022, -1185819619, -1109989317, 1012208201, -1107305209, 1015451297, -1114844716,
  // CHECK-SAME: 1024548279,
  // CHECK-SAME: -1112947039, 1031762973, -1122137468, 1027967620, -1119914979, 1034536609, -1119789641,
  // CHECK-SAME: 1029809064,
  // CHECK-SAME: -1129935199, 1035984135, -1135275447, 1041200157, 961664029, -1112402330, 1010540778,
  // CHECK-SAME: -1109456077,
  // CHECK-SAME: 1023016258, -1117782016, 1022755518, -1114573619, 1029773253, -1113462374, 1025453612,
  // CHECK-SAME: -1122119563,
  // CHECK-SAME: 1032757833, -1121469937, 1038197672, -1132247216, 1033940699, -1135725305, 1039907343,
  // CHECK-SAME: 975003414,
  // CHECK-SAME: -1114555714, 1008873355, -1111606945, 1021133970, -1109447124, 1018786143, -1116715535,
  // CHECK-SAME: 1027783534,
  // CHECK-SAME: -1114826811, 1033922794, -1124574822, 1030678587, -1123150234, 1036156752, -1124073472,
  // CHECK-SAME: 1031897264,
  // CHECK-SAME: -1138252186, 1037601763, -1166750516, -1106234251, 1007205932, -1113498185, 1019251683,
  // CHECK-SAME: -1111335848,
  // CHECK-SAME: 1027497048, -1119968695, 1025274558, -1116697629, 1032665790, -1115604290, 1036184210,
  // CHECK-SAME: -1111910410,
  // CHECK-SAME: 1041560256, -1112175946, 1047886176, -1127352869, 1043595264, -1122695918, 1049690960,
  // CHECK-SAME: -1150375643,
  // CHECK-SAME: -1105923392, 1019895771, -1101040310, 1032889656, -1099108694, 1026244680, -1107204087,
  // CHECK-SAME: 1036954981,
  // CHECK-SAME: -1106157206, 1043717458, -1113536540, 1041196018, -1113212252, 1045455210, -1115247260,
  // CHECK-SAME: 1040869385,
  // CHECK-SAME: -1137376988, 1047785130, -1139463752, -1096923812, 1014186056, -1103033024, 1030154898,
  // CHECK-SAME: -1100806496,
  // CHECK-SAME: 1038910090, -1109917696, 1033862518, -1107265184, 1041876316, -1107103040, 1037932534,
  // CHECK-SAME: -1114248558,
  // CHECK-SAME: 1044796059, -1115702619, 1049257993, -1136230254, 1044764338, 1010952558, -1098067625,
  // CHECK-SAME: 1021108334,
  // CHECK-SAME: -1106797554, 1026329270, -1102504298, 1036407451, -1101162506, 1034313692, -1109450066,
  // CHECK-SAME: 1039882952,
  // CHECK-SAME: -1108535954, 1045771269, -1115284864, 1042365092, -1116595584, 1048780962, -1123024896,
  // CHECK-SAME: 1041743548,
  // CHECK-SAME: 1003541504, -1099515227, 1026700544, -1097950718]
  %twice_flat = memref.collapse_shape %twice_static [[0, 1, 2]] : memref<1x2x70xf32> into memref<140xf32>
  %twice_any = memref.cast %twice_flat : memref<140xf32> to memref<?xf32>
  func.call @print_bits(%twice_any) : (memref<?xf32>) -> ()

  // Cross-entropy over 37 logits: a target in the first chunk, one in the last, and none, which counts as zero and still has its statistic.
  // Large logits do not overflow. Double precision, rounded to f32 where a logarithm is taken.
  %logits_static = memref.get_global @logits : memref<1x4x37xf32>
  %logits = memref.cast %logits_static : memref<1x4x37xf32> to memref<1x?x37xf32>
  %target_static = memref.get_global @target : memref<1x4xi32>
  %target = memref.cast %target_static : memref<1x4xi32> to memref<1x?xi32>
  %loss_static = memref.alloc() : memref<1x4xf32>
  %garbage_1x4f32 = memref.get_global @garbage_1x4f32 : memref<1x4xf32>
  memref.copy %garbage_1x4f32, %loss_static : memref<1x4xf32> to memref<1x4xf32>
  %loss = memref.cast %loss_static : memref<1x4xf32> to memref<1x?xf32>
  %log_sum_exp_static = memref.alloc() : memref<1x4xf32>
  memref.copy %garbage_1x4f32, %log_sum_exp_static : memref<1x4xf32> to memref<1x4xf32>
  %log_sum_exp = memref.cast %log_sum_exp_static : memref<1x4xf32> to memref<1x?xf32>
  ternary.row_kernel rows 2 ins(%logits, %target : memref<1x?x37xf32>, memref<1x?xi32>) outs(%loss, %log_sum_exp : memref<1x?xf32>, memref<1x?xf32>) {
  ^bb0(%row: vector<37xf32>, %at: i32):
    %0, %1 = ternary.cross_entropy_rows %row, %at : vector<37xf32>, i32 -> f32, f32
    ternary.yield %0, %1 : f32, f32
  }
  // CHECK:      3.21924, 3.5243, 0, 3.28264
  %any_loss = memref.cast %loss : memref<1x?xf32> to memref<*xf32>
  func.call @printMemrefF32(%any_loss) : (memref<*xf32>) -> ()
  // CHECK:      3.96924, {{-0\.975703|-0\.975704}}, 3.97341, 204.033
  %any_log_sum_exp = memref.cast %log_sum_exp : memref<1x?xf32> to memref<*xf32>
  func.call @printMemrefF32(%any_log_sum_exp) : (memref<*xf32>) -> ()

  // Its gradient, by that statistic, times weight and gradient: the target's is less by both, and a row without one is zero.
  %share = memref.get_global @share : memref<f32>
  %seed = memref.get_global @seed : memref<f32>
  %by_logits_static = memref.alloc() : memref<1x4x37xf32>
  %garbage_1x4x37f32 = memref.get_global @garbage_1x4x37f32 : memref<1x4x37xf32>
  memref.copy %garbage_1x4x37f32, %by_logits_static : memref<1x4x37xf32> to memref<1x4x37xf32>
  %by_logits = memref.cast %by_logits_static : memref<1x4x37xf32> to memref<1x?x37xf32>
  ternary.row_kernel rows 2 ins(%logits, %target, %log_sum_exp, %share, %seed : memref<1x?x37xf32>, memref<1x?xi32>, memref<1x?xf32>, memref<f32>, memref<f32>) outs(%by_logits : memref<1x?x37xf32>) {
  ^bb0(%row: vector<37xf32>, %at: i32, %statistic: f32, %w: f32, %g: f32):
    %0 = ternary.cross_entropy_backward %row, %at, %statistic, %w, %g : vector<37xf32>, i32, f32, f32, f32
    ternary.yield %0 : vector<37xf32>
  }
  // CHECK:      -0.00210722, -0.0121262, -0.00270573, -0.0155704, -0.00347422, 0.480007, -0.00446099,
  // CHECK-SAME: -0.0256712, {{-0\.00572802|-0\.00572803}}, -0.0329625, -0.00735493, -0.0423247, -0.00944392,
  // CHECK-SAME: -0.00210722, -0.0121262, -0.00270573, -0.0155704, -0.00347422, -0.0199928, -0.00446099,
  // CHECK-SAME: -0.0256712, {{-0\.00572802|-0\.00572803}}, -0.0329625, -0.00735493, -0.0423247, -0.00944392,
  // CHECK-SAME: -0.00210722, -0.0121262, -0.00270573, -0.0155704, -0.00347422, -0.0199928, -0.00446099,
  // CHECK-SAME: -0.0256712, {{-0\.00572802|-0\.00572803}}, -0.0329625, -0.00735493
  // CHECK-NEXT: -0.00422201, -0.024296, -0.00542117, -0.0311967, -0.00696092, -0.0400573,
  // CHECK-SAME: {{-0\.00893799|-0\.008938}}, -0.00199434, -0.0114766, -0.00256078, -0.0147363,
  // CHECK-SAME: {{-0\.0032881|-0\.00328811}}, -0.0189217, -0.00422201, -0.024296, -0.00542117, -0.0311967,
  // CHECK-SAME: -0.00696092, -0.0400573, {{-0\.00893799|-0\.008938}}, -0.00199434, -0.0114766, -0.00256078,
  // CHECK-SAME: -0.0147363, {{-0\.0032881|-0\.00328811}}, -0.0189217, -0.00422201, -0.024296, -0.00542117,
  // CHECK-SAME: -0.0311967, -0.00696092, -0.0400573, {{-0\.00893799|-0\.008938}}, -0.00199434, -0.0114766,
  // CHECK-SAME: -0.00256078, 0.485264
  // CHECK-NEXT: 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
  // CHECK-SAME: 0, 0, 0, 0, 0, 0
  // CHECK-NEXT: {{0\.481235|0\.481236}}, -0.00418694, -0.0240942, {{-0\.00537613|-0\.00537614}}, -0.0309375,
  // CHECK-SAME: -0.00690309, {{-0\.0397245|-0\.0397246}}, {{-0\.00886374|-0\.00886375}}, -0.00197777,
  // CHECK-SAME: -0.0113813, -0.00253951, {{-0\.0146138|-0\.0146139}}, -0.00326079,
  // CHECK-SAME: {{-0\.0187645|-0\.0187646}}, -0.00418694, -0.0240942, {{-0\.00537613|-0\.00537614}},
  // CHECK-SAME: -0.0309375, -0.00690309, {{-0\.0397245|-0\.0397246}}, {{-0\.00886374|-0\.00886375}},
  // CHECK-SAME: -0.00197777, -0.0113813, -0.00253951, {{-0\.0146138|-0\.0146139}}, -0.00326079,
  // CHECK-SAME: {{-0\.0187645|-0\.0187646}}, -0.00418694, -0.0240942, {{-0\.00537613|-0\.00537614}},
  // CHECK-SAME: -0.0309375, -0.00690309, {{-0\.0397245|-0\.0397246}}, {{-0\.00886374|-0\.00886375}},
  // CHECK-SAME: -0.00197777, -0.0113813, -0.00253951
  %any_by_logits = memref.cast %by_logits : memref<1x?x37xf32> to memref<*xf32>
  func.call @printMemrefF32(%any_by_logits) : (memref<*xf32>) -> ()

  // So does a kernel that computes the logits: a target's is read from memory, where the row has to be put.
  %loss_of_sum_static = memref.alloc() : memref<1x4xf32>
  %loss_of_sum = memref.cast %loss_of_sum_static : memref<1x4xf32> to memref<1x?xf32>
  ternary.row_kernel rows 2 ins(%logits, %target : memref<1x?x37xf32>, memref<1x?xi32>) outs(%loss_of_sum, %log_sum_exp : memref<1x?xf32>, memref<1x?xf32>) {
  ^bb0(%row: vector<37xf32>, %at: i32):
    %sum = arith.addf %row, %row : vector<37xf32>
    %0, %1 = ternary.cross_entropy_rows %sum, %at : vector<37xf32>, i32 -> f32, f32
    ternary.yield %0, %1 : f32, f32
  }
  // CHECK:      3.38148, 3.9992, 0, 3.51102
  %any_loss_of_sum = memref.cast %loss_of_sum : memref<1x?xf32> to memref<*xf32>
  func.call @printMemrefF32(%any_loss_of_sum) : (memref<*xf32>) -> ()
  return
}
