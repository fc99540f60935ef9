// Linear kernels, run. The weight, 6 by 10:
//
//   -1 -1 -1  0  0 -1  0  0 -1  0
//   -1  1 -1 -1  1 -1 -1  0  1  0
//    0  0  0 -1 -1 -1  0  0  0  1
//    1  0 -1 -1  1 -1 -1  1 -1 -1
//    0  1  1  0  1  0 -1  0 -1  0
//   -1 -1  1  1  1 -1 -1 -1  0  0
//
// is in the archive three times: one byte a trit, packed, and packed in two halves. The
// activations are q[t, k] = 29 k + 17 t modulo 255 less 127, of which the accumulators are
//
//   171  167   -88   -2  -330  -36
//    86  133  -122  -53  -313  -70
//
// and those of the first five columns
//
//   294  127    51  -29  -178  105
//   243  110    17  -29  -127  122

// RUN: ternary-opt %s -ternary-to-loops=erase-archives -ternary-expand-math %lower_to_llvm \
// RUN:   | %run_mlir | FileCheck %s

!plain = memref<6x10x!ternary.trit>
!packed = memref<6x10x!ternary.trit, #ternary.packed<lanes = 2, depth = 2, planes = 4, vectors = 2>>
!halves = memref<6x10x!ternary.trit, #ternary.packed<lanes = 2, depth = 2, planes = 4, vectors = 2, halves = 2>>
!packed_tensor = tensor<6x10x!ternary.trit, #ternary.packed<lanes = 2, depth = 2, planes = 4, vectors = 2>>
!halves_tensor = tensor<6x10x!ternary.trit, #ternary.packed<lanes = 2, depth = 2, planes = 4, vectors = 2, halves = 2>>

ternary.archive @weights bytes 160 {
  %latent = ternary.read_parameter "latent" : tensor<6x10xf32>
  %trits, %scale = ternary.quantize_weights %latent : tensor<6x10xf32> -> tensor<6x10x!ternary.trit>, tensor<1xf32>
  %packed = ternary.pack %trits : tensor<6x10x!ternary.trit> -> !packed_tensor
  %halves = ternary.pack %trits : tensor<6x10x!ternary.trit> -> !halves_tensor
  ternary.archive_entry "plain" at 0, %trits : tensor<6x10x!ternary.trit>
  ternary.archive_entry "packed" at 64, %packed : !packed_tensor
  ternary.archive_entry "halves" at 128, %halves : !halves_tensor
}

memref.global "private" constant @payload : memref<160xi8> = dense<[
  0, 0, 0, 1, 1, 0, 1, 1, 0, 1,  0, 2, 0, 0, 2, 0, 0, 1, 2, 1,  1, 1, 1, 0, 0, 0, 1, 1, 1, 2,
  2, 1, 0, 0, 2, 0, 0, 2, 0, 0,  1, 2, 2, 1, 2, 1, 0, 1, 0, 1,  0, 0, 2, 2, 2, 0, 0, 0, 1, 1,
  0, 0, 0, 0,
  68, 80, 104, 82, 81, 97, 74, 65, 84, 85, 80, 84, 85, 84, 80, 88,
  73, 86, 88, 80, 85, 85, 85, 85, 82, 85, 82, 82, 85, 85, 85, 85,
  0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
  68, 80, 104, 82, 74, 65, 73, 86, 84, 85, 80, 84, 80, 88, 82, 85,
  81, 97, 85, 85, 88, 80, 85, 85, 85, 84, 85, 85, 82, 82, 85, 85]>
memref.global "private" constant @activation_scale : memref<2xf32> = dense<[0.5, 0.25]>
memref.global "private" constant @one_scale : memref<1xf32> = dense<0.5>
memref.global "private" constant @row_scales : memref<6xf32> = dense<[0.25, 0.5, 0.75, 1.0, 1.25, 1.5]>
memref.global "private" constant @group_scales : memref<2x6xf32> = dense<[[0.25, 0.5, 0.75, 1.0, 1.25, 1.5], [2.0, 2.0, 2.0, 2.0, 2.0, 2.0]]>
memref.global "private" constant @residual : memref<2x3xf32> = dense<[[0.0, 1.0, 2.0], [1.0, 2.0, 3.0]]>
memref.global "private" constant @gain : memref<3xf32> = dense<[0.5, 0.25, 0.125]>

func.func private @printMemrefF32(memref<*xf32>) attributes {llvm.emit_c_interface}
func.func private @printMemrefI32(memref<*xi32>) attributes {llvm.emit_c_interface}

func.func @activations() -> memref<?x16xi8> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %c10 = arith.constant 10 : index
  %c16 = arith.constant 16 : index
  %c17 = arith.constant 17 : index
  %c29 = arith.constant 29 : index
  %c127 = arith.constant 127 : index
  %c255 = arith.constant 255 : index
  %zero = arith.constant 0 : i8
  %q = memref.alloc(%c2) : memref<?x16xi8>
  scf.for %t = %c0 to %c2 step %c1 {
    scf.for %k = %c0 to %c16 step %c1 {
      %a = arith.muli %k, %c29 : index
      %b = arith.muli %t, %c17 : index
      %sum = arith.addi %a, %b : index
      %rest = arith.remui %sum, %c255 : index
      %index = arith.subi %rest, %c127 : index
      %value = arith.index_cast %index : index to i8
      %inside = arith.cmpi ult, %k, %c10 : index
      %padded = arith.select %inside, %value, %zero : i8
      memref.store %padded, %q[%t, %k] : memref<?x16xi8>
    }
  }
  return %q : memref<?x16xi8>
}

func.func @plain(%q: memref<?x16xi8>, %scales: memref<?xf32>, %weight: !plain, %out: memref<?x6xf32>) {
  %scale = memref.get_global @one_scale : memref<1xf32>
  ternary.linear_kernel ins(%q, %weight : memref<?x16xi8>, !plain)
      scales(%scales, %scale : memref<?xf32>, memref<1xf32>) outs(%out : memref<?x6xf32>) {
  ^bb0(%v: f32):
    ternary.yield %v : f32
  }
  return
}

func.func @packed(%q: memref<?x16xi8>, %scales: memref<?xf32>, %sums: memref<?xi32>, %weight: !packed,
                  %out: memref<?x6xf32>) {
  %scale = memref.get_global @one_scale : memref<1xf32>
  ternary.linear_kernel ins(%q, %weight : memref<?x16xi8>, !packed)
      scales(%scales, %scale : memref<?xf32>, memref<1xf32>) sums(%sums : memref<?xi32>)
      outs(%out : memref<?x6xf32>) {
  ^bb0(%v: f32):
    ternary.yield %v : f32
  }
  return
}

func.func @groups(%q: memref<?x16xi8>, %scales: memref<?xf32>, %sums: memref<?xi32>, %weight: !packed,
                  %out: memref<?x6xf32>) {
  %scale = memref.get_global @group_scales : memref<2x6xf32>
  ternary.linear_kernel ins(%q, %weight : memref<?x16xi8>, !packed)
      scales(%scales, %scale : memref<?xf32>, memref<2x6xf32>) sums(%sums : memref<?xi32>)
      outs(%out : memref<?x6xf32>) {
  ^bb0(%v: f32):
    ternary.yield %v : f32
  }
  return
}

/// out = (residual + relu(v[c]) · v[3 + c]) · gain, in place of the residual; 512 out.
func.func @halves(%q: memref<?x16xi8>, %scales: memref<?xf32>, %sums: memref<?xi32>, %weight: !halves,
                  %out: memref<?x3xf32>, %scaled: memref<?x3xf32>, %square_sums: memref<?x1xf32>) {
  %row_scales = memref.get_global @row_scales : memref<6xf32>
  %gain = memref.get_global @gain : memref<3xf32>
  ternary.linear_kernel square_sums ins(%q, %weight : memref<?x16xi8>, !halves)
      scales(%scales, %row_scales : memref<?xf32>, memref<6xf32>) sums(%sums : memref<?xi32>)
      extras(%out, %gain : memref<?x3xf32>, memref<3xf32>)
      outs(%out, %scaled, %square_sums : memref<?x3xf32>, memref<?x3xf32>, memref<?x1xf32>) {
  ^bb0(%v: f32, %u: f32, %residual: f32, %g: f32):
    %factor = arith.constant 512.0 : f32
    %relu = ternary.activate relu %v : f32
    %product = arith.mulf %relu, %u : f32
    %sum = arith.addf %residual, %product : f32
    %y = arith.mulf %sum, %g : f32
    %y_scaled = arith.mulf %y, %factor : f32
    ternary.yield %y, %y_scaled : f32, f32
  }
  return
}

func.func @main() {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %c3 = arith.constant 3 : index
  %global = memref.get_global @payload : memref<160xi8>
  %payload = memref.cast %global : memref<160xi8> to memref<?xi8>
  %q = func.call @activations() : () -> memref<?x16xi8>
  %global_scales = memref.get_global @activation_scale : memref<2xf32>
  %scales = memref.cast %global_scales : memref<2xf32> to memref<?xf32>
  // The reference subtracts 1 from codes and needs no sums.
  %sums = memref.alloc(%c2) : memref<?xi32>
  %out = memref.alloc(%c2) : memref<?x6xf32>
  %any_out = memref.cast %out : memref<?x6xf32> to memref<*xf32>

  // 171 · (0.5 · 0.5), ...
  // CHECK:      42.75, 41.75, -22, -0.5, -82.5, -9
  // CHECK-NEXT: 10.75, 16.625, -15.25, -6.625, -39.125, -8.75
  %plain = ternary.parameter @weights "plain" of %payload : memref<?xi8> -> !plain
  func.call @plain(%q, %scales, %plain, %out) : (memref<?x16xi8>, memref<?xf32>, !plain, memref<?x6xf32>) -> ()
  func.call @printMemrefF32(%any_out) : (memref<*xf32>) -> ()

  // CHECK:      42.75, 41.75, -22, -0.5, -82.5, -9
  // CHECK-NEXT: 10.75, 16.625, -15.25, -6.625, -39.125, -8.75
  %packed = ternary.parameter @weights "packed" of %payload : memref<?xi8> -> !packed
  %out2 = memref.alloc(%c2) : memref<?x6xf32>
  %any_out2 = memref.cast %out2 : memref<?x6xf32> to memref<*xf32>
  func.call @packed(%q, %scales, %sums, %packed, %out2)
    : (memref<?x16xi8>, memref<?xf32>, memref<?xi32>, !packed, memref<?x6xf32>) -> ()
  func.call @printMemrefF32(%any_out2) : (memref<*xf32>) -> ()

  // 294 · (0.5 · 0.25) + (171 - 294) · (0.5 · 2), ...
  // CHECK:      -86.25, 71.75, -119.875, 12.5, -263.25, -62.25
  // CHECK-NEXT: -63.3125, 25.25, -66.3125, -19.25, -132.688, -50.25
  func.call @groups(%q, %scales, %sums, %packed, %out2)
    : (memref<?x16xi8>, memref<?xf32>, memref<?xi32>, !packed, memref<?x6xf32>) -> ()
  func.call @printMemrefF32(%any_out2) : (memref<*xf32>) -> ()

  // (0 + 171 · (0.5 · 0.25) · -2 · (0.5 · 1)) · 0.5 = -10.6875, ..., times 512
  // CHECK:      -5472,  -1102072,  128
  // CHECK-NEXT: -17976, -207889, 192
  %halves = ternary.parameter @weights "halves" of %payload : memref<?xi8> -> !halves
  %residual = memref.get_global @residual : memref<2x3xf32>
  %y = memref.alloc(%c2) : memref<?x3xf32>
  memref.copy %residual, %y : memref<2x3xf32> to memref<?x3xf32>
  %scaled = memref.alloc(%c2) : memref<?x3xf32>
  %square_sums = memref.alloc(%c2) : memref<?x1xf32>
  func.call @halves(%q, %scales, %sums, %halves, %y, %scaled, %square_sums)
    : (memref<?x16xi8>, memref<?xf32>, memref<?xi32>, !halves, memref<?x3xf32>, memref<?x3xf32>, memref<?x1xf32>) -> ()
  %integers = memref.alloc() : memref<2x3xi32>
  scf.for %t = %c0 to %c2 step %c1 {
    scf.for %c = %c0 to %c3 step %c1 {
      %value = memref.load %scaled[%t, %c] : memref<?x3xf32>
      %integer = arith.fptosi %value : f32 to i32
      memref.store %integer, %integers[%t, %c] : memref<2x3xi32>
    }
  }
  %any_integers = memref.cast %integers : memref<2x3xi32> to memref<*xi32>
  func.call @printMemrefI32(%any_integers) : (memref<*xi32>) -> ()

  // 4633303.5 and 166095.78125
  // CHECK:      4.6333e+06
  // CHECK-NEXT: 166096
  %any_square_sums = memref.cast %square_sums : memref<?x1xf32> to memref<*xf32>
  func.call @printMemrefF32(%any_square_sums) : (memref<*xf32>) -> ()
  return
}
