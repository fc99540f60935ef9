// RUN: ternary-opt %s -ternary-plan-workspace -split-input-file | FileCheck %s

// A chain: %a is dead when %c is first written, so both have the same place. %b meets
// both. Sizes of a decode step are fixed, places multiples of 64 bytes: 250 bytes are
// counted as 256.

// CHECK-LABEL: func.func @chain(
// CHECK-SAME:    %{{.+}}: memref<1x1xi32> {ternary.role = #ternary.role<ids>},
// CHECK-SAME:    %[[W:[^:]+]]: memref<?xi8> {ternary.role = #ternary.role<workspace>})
// CHECK-SAME:    ternary.step = #ternary.step<decode>
// CHECK-SAME:    ternary.workspace = array<i64: 512, 0>
// CHECK:         %[[P0:.+]] = arith.constant 0 : index
// CHECK:         %[[A:.+]] = memref.view %[[W]][%[[P0]]][] : memref<?xi8> to memref<1x64xf32>
// CHECK:         %[[P1:.+]] = arith.constant 256 : index
// CHECK:         %[[B:.+]] = memref.view %[[W]][%[[P1]]][] : memref<?xi8> to memref<1x1x250xi8>
// CHECK:         %[[P2:.+]] = arith.constant 0 : index
// CHECK:         %[[C:.+]] = memref.view %[[W]][%[[P2]]][] : memref<?xi8> to memref<1x64xf32>
// CHECK-NEXT:    call @f32(%[[A]])
// CHECK-NEXT:    call @both(%[[A]], %[[B]])
// CHECK-NEXT:    call @both(%[[C]], %[[B]])
// CHECK-NOT:     dealloc
func.func private @f32(memref<1x64xf32>)
func.func private @both(memref<1x64xf32>, memref<1x1x250xi8>)
func.func @chain(%ids: memref<1x1xi32> {ternary.role = #ternary.role<ids>}) attributes {ternary.step = #ternary.step<decode>} {
  %a = memref.alloc() {alignment = 64 : i64} : memref<1x64xf32>
  %b = memref.alloc() : memref<1x1x250xi8>
  %c = memref.alloc() : memref<1x64xf32>
  call @f32(%a) : (memref<1x64xf32>) -> ()
  call @both(%a, %b) : (memref<1x64xf32>, memref<1x1x250xi8>) -> ()
  memref.dealloc %a : memref<1x64xf32>
  call @both(%c, %b) : (memref<1x64xf32>, memref<1x1x250xi8>) -> ()
  memref.dealloc %b : memref<1x1x250xi8>
  memref.dealloc %c : memref<1x64xf32>
  return
}

// -----

// Buffers that grow with the number of tokens lie behind the fixed ones. 97 bytes a token
// are counted as 100, so that 16 tokens of it are a multiple of 64 bytes.

// CHECK-LABEL: func.func @tokens(
// CHECK-SAME:    %[[IDS:[^:]+]]: memref<2x?xi32> {ternary.role = #ternary.role<ids>},
// CHECK-SAME:    %[[W:[^:]+]]: memref<?xi8> {ternary.role = #ternary.role<workspace>})
// CHECK-SAME:    ternary.workspace = array<i64: 64, 612>
// CHECK:         %[[C64:.+]] = arith.constant 64 : index
// CHECK:         %[[DIM:.+]] = memref.dim %[[IDS]], %{{.+}}
// CHECK:         %[[C15:.+]] = arith.constant 15 : index
// CHECK:         %[[SUM:.+]] = arith.addi %[[DIM]], %[[C15]] : index
// CHECK:         %[[MASK:.+]] = arith.constant -16 : index
// CHECK:         %[[TOKENS:.+]] = arith.andi %[[SUM]], %[[MASK]] : index
// CHECK:         %[[T:.+]] = memref.dim %[[IDS]], %c1
// CHECK:         memref.view %[[W]][%{{.+}}][] : memref<?xi8> to memref<7xf32>
// CHECK:         %[[C512:.+]] = arith.constant 512 : index
// CHECK:         %[[SCALED:.+]] = arith.muli %[[TOKENS]], %[[C512]] : index
// CHECK:         %[[PLACE:.+]] = arith.addi %[[SCALED]], %[[C64]] : index
// CHECK:         %[[B:.+]] = memref.view %[[W]][%[[PLACE]]][%[[T]]] : memref<?xi8> to memref<1x?x97xi8>
// CHECK:         %[[C0:.+]] = arith.constant 0 : index
// CHECK:         %[[SCALED:.+]] = arith.muli %[[TOKENS]], %[[C0]] : index
// CHECK:         %[[PLACE:.+]] = arith.addi %[[SCALED]], %{{.+}} : index
// CHECK:         memref.view %[[W]][%[[PLACE]]][%[[T]]] : memref<?xi8> to memref<2x?x64xf32>
func.func private @use(memref<7xf32>, memref<1x?x97xi8>, memref<2x?x64xf32>)
func.func @tokens(%ids: memref<2x?xi32> {ternary.role = #ternary.role<ids>}) attributes {ternary.step = #ternary.step<prefill>} {
  %c1 = arith.constant 1 : index
  %tokens = memref.dim %ids, %c1 : memref<2x?xi32>
  %a = memref.alloc() : memref<7xf32>
  %b = memref.alloc(%tokens) : memref<1x?x97xi8>
  %c = memref.alloc(%tokens) : memref<2x?x64xf32>
  call @use(%a, %b, %c) : (memref<7xf32>, memref<1x?x97xi8>, memref<2x?x64xf32>) -> ()
  return
}

// -----

// Views keep a buffer alive, and views of views; that one is taken does not. The size of
// %a is found through %b; %unused goes, with its view.

// CHECK-LABEL: func.func @aliases(
// CHECK-SAME:    %[[W:[^:]+]]: memref<?xi8> {ternary.role = #ternary.role<workspace>})
// CHECK-SAME:    ternary.workspace = array<i64: 0, 512>
// CHECK-NOT:     memref.alloc
// CHECK-COUNT-3: memref.view
// CHECK-NOT:     memref.view
func.func private @use2(memref<?x64xf32>)
func.func private @use3(memref<1x?x64xf32>)
func.func @aliases(%ids: memref<1x?xi32> {ternary.role = #ternary.role<ids>}) attributes {ternary.step = #ternary.step<prefill>} {
  %c1 = arith.constant 1 : index
  %tokens = memref.dim %ids, %c1 : memref<1x?xi32>
  %unused = memref.alloc(%tokens) : memref<1x?x6400xf32>
  %view = memref.collapse_shape %unused [[0, 1], [2]] : memref<1x?x6400xf32> into memref<?x6400xf32>
  %b = memref.alloc(%tokens) : memref<1x?x64xf32>
  %size = memref.dim %b, %c1 : memref<1x?x64xf32>
  %a = memref.alloc(%size) : memref<1x?x64xf32>
  %flat = memref.collapse_shape %a [[0, 1], [2]] : memref<1x?x64xf32> into memref<?x64xf32>
  %cast = memref.cast %flat : memref<?x64xf32> to memref<?x64xf32>
  call @use3(%b) : (memref<1x?x64xf32>) -> ()
  call @use2(%cast) : (memref<?x64xf32>) -> ()
  %c = memref.alloc(%tokens) : memref<1x?x64xf32>
  call @use3(%c) : (memref<1x?x64xf32>) -> ()
  call @use2(%cast) : (memref<?x64xf32>) -> ()
  return
}

// -----

// Tokens from `logits_from` on are at most all of them. An affine size is as good as one
// computed with arith; an upper bound that is a number makes a fixed size.

// CHECK-LABEL: func.func @logits_from(
// CHECK-SAME:    ternary.workspace = array<i64: 256, 12>
// CHECK:         memref.view %{{.+}}[%{{.+}}][%{{.+}}] : memref<?xi8> to memref<1x?xf32>
// CHECK:         memref.view %{{.+}}[%{{.+}}][%{{.+}}] : memref<?xi8> to memref<1x?xf32>
// CHECK:         memref.view %{{.+}}[%{{.+}}][%{{.+}}] : memref<?xi8> to memref<1x?xf32>
// CHECK:         memref.view %{{.+}}[%{{.+}}][%{{.+}}] : memref<?xi8> to memref<4x?xf32>
func.func private @use(memref<1x?xf32>, memref<1x?xf32>, memref<1x?xf32>, memref<4x?xf32>)
func.func @logits_from(%ids: memref<1x?xi32> {ternary.role = #ternary.role<ids>}, %from: index {ternary.role = #ternary.role<logits_from>})
    attributes {ternary.step = #ternary.step<prefill>} {
  %c1 = arith.constant 1 : index
  %c16 = arith.constant 16 : index
  %tokens = memref.dim %ids, %c1 : memref<1x?xi32>
  %wanted = arith.subi %tokens, %from : index
  %same = affine.apply affine_map<()[s0, s1] -> (s0 - s1)>()[%tokens, %from]
  %short = affine.apply affine_map<()[s0] -> (16 - s0)>()[%from]
  %a = memref.alloc(%tokens) : memref<1x?xf32>
  %b = memref.alloc(%wanted) : memref<1x?xf32>
  %c = memref.alloc(%same) : memref<1x?xf32>
  %d = memref.alloc(%short) : memref<4x?xf32>
  call @use(%a, %b, %c, %d) : (memref<1x?xf32>, memref<1x?xf32>, memref<1x?xf32>, memref<4x?xf32>) -> ()
  return
}

// -----

// Larger buffers are placed first: %small shares what %b leaves of the place of %a, and
// %i, which is dead by then, lies where %small does.

// CHECK-LABEL: func.func @gaps(
// CHECK-SAME:    ternary.workspace = array<i64: 384, 0>
// CHECK:         %[[P:.+]] = arith.constant 320 : index
// CHECK-NEXT:    memref.view %{{.+}}[%[[P]]][] : memref<?xi8> to memref<16xf32>
// CHECK:         %[[P:.+]] = arith.constant 0 : index
// CHECK-NEXT:    memref.view %{{.+}}[%[[P]]][] : memref<?xi8> to memref<64xf32>
// CHECK:         %[[P:.+]] = arith.constant 0 : index
// CHECK-NEXT:    memref.view %{{.+}}[%[[P]]][] : memref<?xi8> to memref<48xf32>
// CHECK:         %[[P:.+]] = arith.constant 256 : index
// CHECK-NEXT:    memref.view %{{.+}}[%[[P]]][] : memref<?xi8> to memref<8xi32>
// CHECK:         %[[P:.+]] = arith.constant 192 : index
// CHECK-NEXT:    memref.view %{{.+}}[%[[P]]][] : memref<?xi8> to memref<16xindex>
func.func @gaps(%ids: memref<1x1xi32> {ternary.role = #ternary.role<ids>}, %x: f32, %n: i32) attributes {ternary.step = #ternary.step<decode>} {
  %c0 = arith.constant 0 : index
  %long = memref.alloc() : memref<16xf32>
  %a = memref.alloc() : memref<64xf32>
  %b = memref.alloc() : memref<48xf32>
  %i = memref.alloc() : memref<8xi32>
  %small = memref.alloc() : memref<16xindex>
  memref.store %x, %long[%c0] : memref<16xf32>
  memref.store %n, %i[%c0] : memref<8xi32>
  memref.store %x, %a[%c0] : memref<64xf32>
  memref.store %n, %i[%c0] : memref<8xi32>
  memref.store %x, %b[%c0] : memref<48xf32>
  memref.store %c0, %small[%c0] : memref<16xindex>
  memref.store %x, %b[%c0] : memref<48xf32>
  memref.store %x, %long[%c0] : memref<16xf32>
  return
}

// -----

// A step without buffers takes a workspace too: all steps have the same interface. Memory that a
// function hands to its caller is none of its workspace.

// CHECK-LABEL: func.func @empty(
// CHECK-SAME:    memref<?xi8> {ternary.role = #ternary.role<workspace>})
// CHECK-SAME:    ternary.workspace = array<i64: 0, 0>
func.func @empty(%ids: memref<1x1xi32> {ternary.role = #ternary.role<ids>}) attributes {ternary.step = #ternary.step<decode>} {
  return
}

// CHECK-LABEL: func.func @hands_over() -> memref<4xf32> {
// CHECK:         memref.alloc
func.func @hands_over() -> memref<4xf32> {
  %0 = memref.alloc() : memref<4xf32>
  return %0 : memref<4xf32>
}

// -----

// A step without ids needs a workspace of fixed size.
// CHECK-LABEL: func.func @update(
// CHECK-SAME:    %[[WORKSPACE:[^:]*]]: memref<?xi8> {ternary.role = #ternary.role<workspace>})
// CHECK-SAME:    ternary.workspace = array<i64: 64, 0>
// CHECK:         memref.view %[[WORKSPACE]]
func.func @update() attributes {ternary.step = #ternary.step<update>} {
  %x = arith.constant 1.0 : f64
  %0 = memref.alloc() : memref<f64>
  memref.store %x, %0[] : memref<f64>
  return
}

// -----

// What a loop uses is kept while it runs, what it allocates as well, in places of what is used
// before or after.

// CHECK-LABEL: func.func @loop(
// CHECK-SAME:    %[[W:[^:]+]]: memref<?xi8> {ternary.role = #ternary.role<workspace>})
// CHECK-SAME:    ternary.workspace = array<i64: 512, 0>
// CHECK-NEXT:    arith.constant 0 : index
// CHECK-NEXT:    arith.constant 1 : index
// CHECK-NEXT:    %[[P0:.+]] = arith.constant 0 : index
// CHECK-NEXT:    %[[A:.+]] = memref.view %[[W]][%[[P0]]][]
// CHECK-NEXT:    %[[P1:.+]] = arith.constant 0 : index
// CHECK-NEXT:    %[[B:.+]] = memref.view %[[W]][%[[P1]]][]
// CHECK-NEXT:    call @f32(%[[A]])
// CHECK:         scf.for
// CHECK-NEXT:      %[[P2:.+]] = arith.constant 256 : index
// CHECK-NEXT:      %[[C:.+]] = memref.view %[[W]][%[[P2]]][]
// CHECK-NEXT:      func.call @f32(%[[C]])
// CHECK-NEXT:      func.call @f32(%[[B]])
func.func private @f32(memref<1x64xf32>)
func.func @loop(%ids: memref<1x1xi32> {ternary.role = #ternary.role<ids>}, %n: index) attributes {ternary.step = #ternary.step<decode>} {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %a = memref.alloc() : memref<1x64xf32>
  %b = memref.alloc() : memref<1x64xf32>
  call @f32(%a) : (memref<1x64xf32>) -> ()
  scf.for %i = %c0 to %n step %c1 {
    %c = memref.alloc() : memref<1x64xf32>
    func.call @f32(%c) : (memref<1x64xf32>) -> ()
    func.call @f32(%b) : (memref<1x64xf32>) -> ()
  }
  return
}

// -----

// A function that is no step has a function of its arguments beside it that returns the size of its
// workspace. Sizes that are computed alike are one unit; shares of units lie one behind the other.

// CHECK-LABEL: func.func @sizes(
// CHECK-SAME:    %[[X:[^:]+]]: memref<?x?xf32>, %[[W:[^:]+]]: memref<?xi8> {ternary.role = #ternary.role<workspace>})
// CHECK-SAME:    attributes {ternary.workspace_size = @sizes_workspace_size}
// CHECK:         %[[ROWS:.+]] = memref.dim %[[X]], %c0
// CHECK:         %[[COLUMNS:.+]] = memref.dim %[[X]], %c1
// CHECK:         %[[ALL:.+]] = arith.muli %[[ROWS]], %[[COLUMNS]] : index
// CHECK:         memref.view %[[W]][%{{.+}}][] : memref<?xi8> to memref<3xf32>
// CHECK:         memref.view %[[W]][%{{.+}}][%{{.+}}] : memref<?xi8> to memref<?x5xf32>
// CHECK:         memref.view %[[W]][%{{.+}}][%{{.+}}, %{{.+}}] : memref<?xi8> to memref<?x?xf32>
// CHECK:         memref.view %[[W]][%{{.+}}][%{{.+}}] : memref<?xi8> to memref<?xi8>

// 64 bytes, 24 for each row (5 floats and a byte, each rounded up to 4), 4 for each element.
// CHECK-LABEL: func.func private @sizes_workspace_size(
// CHECK-SAME:    %[[X:[^:]+]]: memref<?x?xf32>) -> index {
// CHECK:         %[[ROWS:.+]] = memref.dim %[[X]], %c0
// CHECK:         %[[COLUMNS:.+]] = memref.dim %[[X]], %c1
// CHECK:         %[[ALL:.+]] = arith.muli %[[ROWS]], %[[COLUMNS]] : index
// CHECK:         arith.constant 64 : index
// CHECK:         arith.addi %[[ROWS]],
// CHECK:         arith.constant 24 : index
// CHECK:         arith.addi %[[ALL]],
// CHECK:         arith.constant 4 : index
// CHECK:         return
func.func @sizes(%x: memref<?x?xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %f = arith.constant 1.0 : f32
  %i = arith.constant 1 : i8
  %rows = memref.dim %x, %c0 : memref<?x?xf32>
  %again = memref.dim %x, %c0 : memref<?x?xf32>
  %columns = memref.dim %x, %c1 : memref<?x?xf32>
  %fixed = memref.alloc() : memref<3xf32>
  %a = memref.alloc(%rows) : memref<?x5xf32>
  %b = memref.alloc(%rows, %columns) : memref<?x?xf32>
  %c = memref.alloc(%again) : memref<?xi8>
  memref.store %f, %fixed[%c0] : memref<3xf32>
  memref.store %f, %a[%c0, %c0] : memref<?x5xf32>
  memref.store %i, %c[%c0] : memref<?xi8>
  memref.store %f, %b[%c0, %c0] : memref<?x?xf32>
  memref.store %f, %a[%c0, %c0] : memref<?x5xf32>
  memref.store %f, %fixed[%c0] : memref<3xf32>
  return
}
