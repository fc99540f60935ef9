// Entry points, called from C with teams of different sizes.

// RUN: ternary-opt %s -ternary-parallel-to-threads -ternary-emit-entry-points=prefix=toy -convert-scf-to-cf \
// RUN:   -expand-strided-metadata -lower-affine -finalize-memref-to-llvm -convert-arith-to-llvm \
// RUN:   -convert-index-to-llvm -convert-cf-to-llvm -convert-func-to-llvm -reconcile-unrealized-casts \
// RUN:   | mlir-translate --mlir-to-llvmir | llc -O2 -filetype=obj -relocation-model=pic -o %t.o
// RUN: %host_cc %S/Inputs/execute.c %src_root/runtime/team.c %t.o -I %src_root/runtime/include -o %t
// RUN: %t && %t 1 && %t 2 && %t 3

// The same without threads: no function of a team is left to link.

// RUN: ternary-opt %s -ternary-parallel-to-threads=threads=false -ternary-emit-entry-points=prefix=toy -convert-scf-to-cf \
// RUN:   -expand-strided-metadata -lower-affine -finalize-memref-to-llvm -convert-arith-to-llvm \
// RUN:   -convert-index-to-llvm -convert-cf-to-llvm -convert-func-to-llvm -reconcile-unrealized-casts \
// RUN:   | mlir-translate --mlir-to-llvmir | llc -O2 -filetype=obj -relocation-model=pic -o %t.seq.o
// RUN: %host_cc -DSEQUENTIAL %S/Inputs/execute.c %t.seq.o -I %src_root/runtime/include -o %t.seq
// RUN: %t.seq 3

// Nothing but the entry points is visible.

// RUN: llvm-nm --defined-only --extern-only %t.o | FileCheck %s
// CHECK:     T toy_decode
// CHECK-NEXT: T toy_prefill
// CHECK-NOT: T

func.func private @count_calls(memref<1xi32>) attributes {llvm.emit_c_interface}

// The workspace's byte t counts the batch's tokens; an iteration's own memory is written and read.
func.func private @embed(%ids: memref<2x?xi32>, %scratch: memref<?xi32>, %weights: memref<?xi8>) attributes {ternary.kernel} {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %tokens = memref.dim %ids, %c1 : memref<2x?xi32>
  scf.parallel (%t) = (%c0) to (%tokens) step (%c1) {
    %own = memref.alloca() : memref<1xi32>
    %a = memref.load %ids[%c0, %t] : memref<2x?xi32>
    %b = memref.load %ids[%c1, %t] : memref<2x?xi32>
    %inner = memref.alloca() : memref<64xi32>
    memref.store %a, %inner[%c1] : memref<64xi32>
    memref.store %b, %own[%c0] : memref<1xi32>
    %a2 = memref.load %inner[%c1] : memref<64xi32>
    %b2 = memref.load %own[%c0] : memref<1xi32>
    %sum = arith.addi %a2, %b2 : i32
    %w = memref.load %weights[%c1] : memref<?xi8>
    %bias = arith.extsi %w : i8 to i32
    %value = arith.addi %sum, %bias : i32
    memref.store %value, %scratch[%t] : memref<?xi32>
  }
  return
}

// Reads across all of what @embed wrote, so that a missing barrier shows.
func.func private @reverse(%scratch: memref<?xi32>, %from: index, %logits: memref<2x?x3xf32>, %tokens: index) attributes {ternary.kernel} {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %c3 = arith.constant 3 : index
  %wanted = memref.dim %logits, %c1 : memref<2x?x3xf32>
  scf.parallel (%t) = (%c0) to (%wanted) step (%c1) {
    %back = arith.subi %tokens, %t : index
    %last = arith.subi %back, %c1 : index
    %v = memref.load %scratch[%last] : memref<?xi32>
    scf.for %b = %c0 to %c2 step %c1 {
      scf.for %k = %c0 to %c3 step %c1 {
        %i = affine.apply affine_map<(d0, d1) -> (d0 * 3 + d1)>(%b, %k)
        %i32 = arith.index_cast %i : index to i32
        %sum = arith.addi %v, %i32 : i32
        %f = arith.sitofp %sum : i32 to f32
        memref.store %f, %logits[%b, %t, %k] : memref<2x?x3xf32>
      }
    }
  }
  return
}

func.func @prefill(%weights: memref<?xi8> {ternary.role = #ternary.role<weights>}, %state: memref<1x4xi32> {ternary.role = #ternary.role<state>},
                   %ids: memref<2x?xi32> {ternary.role = #ternary.role<ids>}, %from: index {ternary.role = #ternary.role<logits_from>},
                   %logits: memref<2x?x3xf32> {ternary.role = #ternary.role<logits>}, %workspace: memref<?xi8> {ternary.role = #ternary.role<workspace>})
    attributes {ternary.step = #ternary.step<prefill>} {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c4 = arith.constant 4 : index
  %tokens = memref.dim %ids, %c1 : memref<2x?xi32>
  %scratch = memref.view %workspace[%c4][%tokens] : memref<?xi8> to memref<?xi32>
  func.call @embed(%ids, %scratch, %weights) : (memref<2x?xi32>, memref<?xi32>, memref<?xi8>) -> ()
  func.call @reverse(%scratch, %from, %logits, %tokens) : (memref<?xi32>, index, memref<2x?x3xf32>, index) -> ()
  %size = memref.view %workspace[%c0][] : memref<?xi8> to memref<1xi32>
  func.call @count_calls(%size) : (memref<1xi32>) -> ()
  %first = memref.subview %state[0, 2] [1, 1] [1, 1] : memref<1x4xi32> to memref<1xi32, strided<[1], offset: 2>>
  memref.copy %size, %first : memref<1xi32> to memref<1xi32, strided<[1], offset: 2>>
  return
}

func.func @decode(%ids: memref<2x1xi32> {ternary.role = #ternary.role<ids>}, %logits: memref<2x1x3xf32> {ternary.role = #ternary.role<logits>},
                  %state: memref<1x4xi32> {ternary.role = #ternary.role<state>}) attributes {ternary.step = #ternary.step<decode>} {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %id = memref.load %ids[%c1, %c0] : memref<2x1xi32>
  memref.store %id, %state[%c0, %c1] : memref<1x4xi32>
  return
}
