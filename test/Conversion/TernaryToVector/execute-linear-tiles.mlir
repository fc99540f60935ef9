// A linear kernel with tokens for every way that AMX's registers of matrices are used, run: of 51,
// thirty-two and sixteen are multiplied by tiles, which three do not fill. Of 80 columns 16 do not
// fill a register. Its results are compared with sums of the products of single elements; the
// microkernel that packs weights alike and has no tiles says that these are right.

// RUN: %execute_avx512vnni
// RUN: %execute_amx_int8
// RUN: %emulate_amx_int8

!packed = memref<64x80x!ternary.trit, #ternary.packed<lanes = 16, depth = 4, planes = 4, vectors = 2>>

ternary.archive @weights bytes 1280 {
  %latent = ternary.read_parameter "latent" : tensor<64x80xf32>
  %trits, %scale = ternary.quantize_weights %latent : tensor<64x80xf32> -> tensor<64x80x!ternary.trit>, tensor<1xf32>
  %packed = ternary.pack %trits : tensor<64x80x!ternary.trit> -> tensor<64x80x!ternary.trit, #ternary.packed<lanes = 16, depth = 4, planes = 4, vectors = 2>>
  ternary.archive_entry "packed" at 0, %packed : tensor<64x80x!ternary.trit, #ternary.packed<lanes = 16, depth = 4, planes = 4, vectors = 2>>
}

memref.global "private" constant @weight_scale : memref<1xf32> = dense<0.5>

func.func private @printMemrefI32(memref<*xi32>) attributes {llvm.emit_c_interface}

/// Something of -127 ... 127 for a token and a column.
func.func @activation(%token: index, %column: index) -> i32 {
  %c7 = arith.constant 7 : index
  %c29 = arith.constant 29 : index
  %c31 = arith.constant 31 : index
  %c255 = arith.constant 255 : index
  %c127 = arith.constant 127 : i32
  %by_column = arith.muli %column, %c29 : index
  %by_token = arith.muli %token, %c31 : index
  %both = arith.muli %column, %token : index
  %more = arith.muli %both, %c7 : index
  %sum = arith.addi %by_column, %by_token : index
  %all = arith.addi %sum, %more : index
  %rest = arith.remui %all, %c255 : index
  %wide = arith.index_cast %rest : index to i32
  %value = arith.subi %wide, %c127 : i32
  return %value : i32
}

/// A trit plus 1 for a row and a column.
func.func @code(%row: index, %column: index) -> i32 {
  %c3 = arith.constant 3 : index
  %c5 = arith.constant 5 : index
  %c11 = arith.constant 11 : index
  %c13 = arith.constant 13 : index
  %row_11 = arith.muli %row, %c11 : index
  %column_13 = arith.muli %column, %c13 : index
  %both = arith.muli %row, %column : index
  %sum = arith.addi %row_11, %column_13 : index
  %all = arith.addi %sum, %both : index
  %fifth = arith.divui %all, %c5 : index
  %rest = arith.remui %fifth, %c3 : index
  %code = arith.index_cast %rest : index to i32
  return %code : i32
}

/// Tiles of 2 · 16 rows; a byte has a column of each quarter of them, four neighbours are together.
func.func @pack(%payload: memref<1280xi8>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %c4 = arith.constant 4 : index
  %c5 = arith.constant 5 : index
  %c32 = arith.constant 32 : index
  %zero = arith.constant 0 : i32
  scf.for %tile = %c0 to %c2 step %c1 {
    scf.for %group = %c0 to %c5 step %c1 {
      scf.for %in_tile = %c0 to %c32 step %c1 {
        scf.for %in_depth = %c0 to %c4 step %c1 {
          %row = affine.apply affine_map<(t, r) -> (32 * t + r)>(%tile, %in_tile)
          %byte = scf.for %plane = %c0 to %c4 step %c1 iter_args(%so_far = %zero) -> (i32) {
            %column = affine.apply affine_map<(g, p, d) -> (20 * p + 4 * g + d)>(%group, %plane, %in_depth)
            %code = func.call @code(%row, %column) : (index, index) -> i32
            %shift = arith.muli %plane, %c2 : index
            %bits = arith.index_cast %shift : index to i32
            %shifted = arith.shli %code, %bits : i32
            %next = arith.ori %so_far, %shifted : i32
            scf.yield %next : i32
          }
          %narrow = arith.trunci %byte : i32 to i8
          %at = affine.apply affine_map<(t, g, r, d) -> (640 * t + 128 * g + 4 * r + d)>(%tile, %group, %in_tile, %in_depth)
          memref.store %narrow, %payload[%at] : memref<1280xi8>
        }
      }
    }
  }
  return
}

func.func @linear(%q: memref<?x80xi8>, %scales: memref<?xf32>, %sums: memref<?xi32>, %weight: !packed,
                  %out: memref<?x64xf32>) {
  %scale = memref.get_global @weight_scale : memref<1xf32>
  ternary.linear_kernel ins(%q, %weight : memref<?x80xi8>, !packed)
      scales(%scales, %scale : memref<?xf32>, memref<1xf32>) sums(%sums : memref<?xi32>)
      outs(%out : memref<?x64xf32>) {
  ^bb0(%v: f32):
    ternary.yield %v : f32
  }
  return
}

func.func @main() {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c51 = arith.constant 51 : index
  %c64 = arith.constant 64 : index
  %c80 = arith.constant 80 : index
  %zero = arith.constant 0 : i32
  %one = arith.constant 1 : i32
  %quarter = arith.constant 0.25 : f32
  %eighth = arith.constant 0.125 : f32
  %nan = arith.constant 0x7FC00000 : f32
  %bytes = memref.alloc() {alignment = 64 : i64} : memref<1280xi8>
  func.call @pack(%bytes) : (memref<1280xi8>) -> ()
  %payload = memref.cast %bytes : memref<1280xi8> to memref<?xi8>
  %weight = ternary.parameter @weights "packed" of %payload : memref<?xi8> -> !packed
  %q = memref.alloc(%c51) : memref<?x80xi8>
  %scales = memref.alloc(%c51) : memref<?xf32>
  %sums = memref.alloc(%c51) : memref<?xi32>
  %out = memref.alloc(%c51) : memref<?x64xf32>
  scf.for %t = %c0 to %c51 step %c1 {
    memref.store %quarter, %scales[%t] : memref<?xf32>
    scf.for %n = %c0 to %c64 step %c1 {
      memref.store %nan, %out[%t, %n] : memref<?x64xf32>
    }
    %sum = scf.for %k = %c0 to %c80 step %c1 iter_args(%so_far = %zero) -> (i32) {
      %value = func.call @activation(%t, %k) : (index, index) -> i32
      %narrow = arith.trunci %value : i32 to i8
      memref.store %narrow, %q[%t, %k] : memref<?x80xi8>
      %next = arith.addi %so_far, %value : i32
      scf.yield %next : i32
    }
    memref.store %sum, %sums[%t] : memref<?xi32>
  }
  func.call @linear(%q, %scales, %sums, %weight, %out)
      : (memref<?x80xi8>, memref<?xf32>, memref<?xi32>, !packed, memref<?x64xf32>) -> ()

  // How many results there are, are not 0, and are as they should be.
  %counts = memref.alloc() : memref<3xi32>
  %results:3 = scf.for %t = %c0 to %c51 step %c1
      iter_args(%all = %zero, %some = %zero, %right = %zero) -> (i32, i32, i32) {
    %row:3 = scf.for %n = %c0 to %c64 step %c1
        iter_args(%all_here = %all, %some_here = %some, %right_here = %right) -> (i32, i32, i32) {
      %dot = scf.for %k = %c0 to %c80 step %c1 iter_args(%so_far = %zero) -> (i32) {
        %value = func.call @activation(%t, %k) : (index, index) -> i32
        %code = func.call @code(%n, %k) : (index, index) -> i32
        %trit = arith.subi %code, %one : i32
        %product = arith.muli %value, %trit : i32
        %next = arith.addi %so_far, %product : i32
        scf.yield %next : i32
      }
      %float = arith.sitofp %dot : i32 to f32
      %expected = arith.mulf %float, %eighth : f32
      %got = memref.load %out[%t, %n] : memref<?x64xf32>
      %is_some = arith.cmpi ne, %dot, %zero : i32
      %is_right = arith.cmpf oeq, %got, %expected : f32
      %one_more_some = arith.extui %is_some : i1 to i32
      %one_more_right = arith.extui %is_right : i1 to i32
      %next_all = arith.addi %all_here, %one : i32
      %next_some = arith.addi %some_here, %one_more_some : i32
      %next_right = arith.addi %right_here, %one_more_right : i32
      scf.yield %next_all, %next_some, %next_right : i32, i32, i32
    }
    scf.yield %row#0, %row#1, %row#2 : i32, i32, i32
  }
  %c2 = arith.constant 2 : index
  memref.store %results#0, %counts[%c0] : memref<3xi32>
  memref.store %results#1, %counts[%c1] : memref<3xi32>
  memref.store %results#2, %counts[%c2] : memref<3xi32>
  %printed = memref.cast %counts : memref<3xi32> to memref<*xi32>
  // CHECK: [3264, 3009, 3264]
  func.call @printMemrefI32(%printed) : (memref<*xi32>) -> ()
  return
}
