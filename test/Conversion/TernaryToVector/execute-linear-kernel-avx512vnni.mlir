// Linear kernels of the avx512vnni microkernel and of that which packs weights like it, run. Weight, activations, scales and expected
// values are those of the loops' test; the weight is packed for the microkernel. The last
// pass only erases the archive.

// RUN: %execute_avx512vnni
// RUN: %execute_amx_int8

!packed = memref<6x10x!ternary.trit, #ternary.packed<lanes = 16, depth = 4, planes = 4, vectors = 2>>
!halves = memref<6x10x!ternary.trit, #ternary.packed<lanes = 16, depth = 4, planes = 4, vectors = 2, halves = 2>>
!packed_tensor = tensor<6x10x!ternary.trit, #ternary.packed<lanes = 16, depth = 4, planes = 4, vectors = 2>>
!halves_tensor = tensor<6x10x!ternary.trit, #ternary.packed<lanes = 16, depth = 4, planes = 4, vectors = 2, halves = 2>>

ternary.archive @weights bytes 256 {
  %latent = ternary.read_parameter "latent" : tensor<6x10xf32>
  %trits, %scale = ternary.quantize_weights %latent : tensor<6x10xf32> -> tensor<6x10x!ternary.trit>, tensor<1xf32>
  %packed = ternary.pack %trits : tensor<6x10x!ternary.trit> -> !packed_tensor
  %halves = ternary.pack %trits : tensor<6x10x!ternary.trit> -> !halves_tensor
  ternary.archive_entry "packed" at 0, %packed : !packed_tensor
  ternary.archive_entry "halves" at 128, %halves : !halves_tensor
}

memref.global "private" constant @payload : memref<256xi8> = dense<[
  68, 80, 84, 85, 104, 82, 80, 84, 81, 97, 85, 84, 74, 65, 80, 88, 73, 86, 82, 85, 88, 80, 82, 82, 85, 85, 85, 85, 85, 85, 85, 85,
  85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85,
  85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85,
  85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85,
  68, 80, 84, 85, 104, 82, 80, 84, 81, 97, 85, 84, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85,
  85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85,
  74, 65, 80, 88, 73, 86, 82, 85, 88, 80, 82, 82, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85,
  85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85, 85]>
memref.global "private" constant @activation_scale : memref<2xf32> = dense<[0.5, 0.25]>
memref.global "private" constant @one_scale : memref<1xf32> = dense<0.5>
memref.global "private" constant @row_scales : memref<6xf32> = dense<[0.25, 0.5, 0.75, 1.0, 1.25, 1.5]>
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
  %global = memref.get_global @payload : memref<256xi8>
  %payload = memref.cast %global : memref<256xi8> to memref<?xi8>
  %q = func.call @activations() : () -> memref<?x16xi8>
  %global_scales = memref.get_global @activation_scale : memref<2xf32>
  %scales = memref.cast %global_scales : memref<2xf32> to memref<?xf32>
  // Codes are trits plus 1: kernels subtract the sum of a row of activations.
  %c16 = arith.constant 16 : index
  %zero = arith.constant 0 : i32
  %sums = memref.alloc(%c2) : memref<?xi32>
  scf.for %t = %c0 to %c2 step %c1 {
    %sum = scf.for %k = %c0 to %c16 step %c1 iter_args(%so_far = %zero) -> (i32) {
      %value = memref.load %q[%t, %k] : memref<?x16xi8>
      %wide = arith.extsi %value : i8 to i32
      %next = arith.addi %so_far, %wide : i32
      scf.yield %next : i32
    }
    memref.store %sum, %sums[%t] : memref<?xi32>
  }

  // 171 · (0.5 · 0.5), ...
  // CHECK:      42.75, 41.75, -22, -0.5, -82.5, -9
  // CHECK-NEXT: 10.75, 16.625, -15.25, -6.625, -39.125, -8.75
  %packed = ternary.parameter @weights "packed" of %payload : memref<?xi8> -> !packed
  %out = memref.alloc(%c2) : memref<?x6xf32>
  %any_out = memref.cast %out : memref<?x6xf32> to memref<*xf32>
  func.call @packed(%q, %scales, %sums, %packed, %out)
    : (memref<?x16xi8>, memref<?xf32>, memref<?xi32>, !packed, memref<?x6xf32>) -> ()
  func.call @printMemrefF32(%any_out) : (memref<*xf32>) -> ()

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
