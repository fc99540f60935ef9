// RUN: ternary-opt %s --ternary-bufferize | FileCheck %s
// RUN: ternary-opt %s --ternary-bufferize --canonicalize | FileCheck %s --check-prefix=COPIES

// An archive is left alone: its tensors never become memory of the program.
// CHECK-LABEL: ternary.archive @weights bytes 256 {
// CHECK-NEXT:    %[[W:.*]] = ternary.read_parameter "w" : tensor<64xf32>
// CHECK-NEXT:    ternary.archive_entry "w" at 0, %[[W]] : tensor<64xf32>
ternary.archive @weights bytes 256 {
  %w = ternary.read_parameter "w" : tensor<64xf32>
  ternary.archive_entry "w" at 0, %w : tensor<64xf32>
}

!packed = memref<64x48x!ternary.trit, #ternary.packed<lanes = 16, depth = 4, planes = 4, vectors = 2>>

// Kernels become kernels on memory, regions and attributes as they were; what is between
// them is allocated, what is an argument is used where it is. A kernel whose destination is
// the caller's memory writes there. Nothing is copied (but memory to itself, which
// canonicalisation removes).
// CHECK-LABEL: func.func @kernels(
// CHECK-SAME:    %[[IDS:[^:]*]]: memref<1x?xi32>, %[[TABLE:[^:]*]]: memref<9x48xf16>, %[[W:[^:]*]]: memref<64x48x!ternary.trit, {{.*}}>>, %[[S:[^:]*]]: memref<1xf32>, %[[Y:[^:]*]]: memref<1x?x64xf32>, %[[Z:[^:]*]]: memref<1x?x2xf32>)
// CHECK:         %[[ROWS:.*]] = memref.dim %[[IDS]], %{{.*}}
// CHECK-NEXT:    %[[X:.*]] = memref.alloc(%[[ROWS]]) {alignment = 64 : i64} : memref<1x?x48xf32>
// CHECK-NEXT:    ternary.gather_kernel ins(%[[IDS]], %[[TABLE]] : memref<1x?xi32>, memref<9x48xf16>) outs(%[[X]] : memref<1x?x48xf32>)
// CHECK-NEXT:    %[[Q:.*]] = memref.alloc(%[[ROWS]]) {{.*}} : memref<1x?x48xi8>
// CHECK-NEXT:    %[[A:.*]] = memref.alloc(%[[ROWS]]) {{.*}} : memref<1x?xf32>
// CHECK-NEXT:    %[[C:.*]] = memref.alloc(%[[ROWS]]) {{.*}} : memref<1x?xi32>
// CHECK-NEXT:    ternary.row_kernel rows 2 ins(%[[X]] : memref<1x?x48xf32>) outs(%[[Q]], %[[A]], %[[C]] : memref<1x?x48xi8>, memref<1x?xf32>, memref<1x?xi32>) {
// CHECK-NEXT:    ^bb0(%[[ROW:.*]]: vector<48xf32>):
// CHECK-NEXT:      %[[RQ:.*]], %[[RA:.*]], %[[RC:.*]] = ternary.quantize_activations %[[ROW]] : vector<48xf32> -> vector<48xi8>, f32, i32
// CHECK-NEXT:      ternary.yield %[[RQ]], %[[RA]], %[[RC]]
// CHECK-NEXT:    }
// CHECK-NEXT:    ternary.linear_kernel square_sums ins(%[[Q]], %[[W]] : memref<1x?x48xi8>, memref<64x48x!ternary.trit, #ternary.packed<lanes = 16, depth = 4, planes = 4, vectors = 2>>)
// CHECK-SAME:      scales(%[[A]], %[[S]] : memref<1x?xf32>, memref<1xf32>) sums(%[[C]] : memref<1x?xi32>) outs(%[[Y]], %[[Z]] : memref<1x?x64xf32>, memref<1x?x2xf32>) {
// CHECK-NEXT:    ^bb0(%[[V:.*]]: f32):
// CHECK-NEXT:      ternary.yield %[[V]]
// CHECK-NEXT:    }
// CHECK-NOT:     memref.alloc
// CHECK:         return{{$}}
// COPIES-LABEL: func.func @kernels(
// COPIES-NOT:     memref.copy
// COPIES:         return{{$}}
func.func @kernels(%ids: memref<1x?xi32>, %table: memref<9x48xf16>, %w: !packed, %s: memref<1xf32>, %y: memref<1x?x64xf32>, %z: memref<1x?x2xf32>) {
  %ids_tensor = bufferization.to_tensor %ids restrict : memref<1x?xi32> to tensor<1x?xi32>
  %table_tensor = bufferization.to_tensor %table restrict : memref<9x48xf16> to tensor<9x48xf16>
  %s_tensor = bufferization.to_tensor %s restrict : memref<1xf32> to tensor<1xf32>
  %c1 = arith.constant 1 : index
  %rows = tensor.dim %ids_tensor, %c1 : tensor<1x?xi32>
  %ex = tensor.empty(%rows) : tensor<1x?x48xf32>
  %x = ternary.gather_kernel ins(%ids_tensor, %table_tensor : tensor<1x?xi32>, tensor<9x48xf16>) outs(%ex : tensor<1x?x48xf32>) -> tensor<1x?x48xf32>
  %eq = tensor.empty(%rows) : tensor<1x?x48xi8>
  %ea = tensor.empty(%rows) : tensor<1x?xf32>
  %ec = tensor.empty(%rows) : tensor<1x?xi32>
  %q:3 = ternary.row_kernel rows 2 ins(%x : tensor<1x?x48xf32>) outs(%eq, %ea, %ec : tensor<1x?x48xi8>, tensor<1x?xf32>, tensor<1x?xi32>) {
  ^bb0(%row: vector<48xf32>):
    %codes, %a, %sum = ternary.quantize_activations %row : vector<48xf32> -> vector<48xi8>, f32, i32
    ternary.yield %codes, %a, %sum : vector<48xi8>, f32, i32
  } -> tensor<1x?x48xi8>, tensor<1x?xf32>, tensor<1x?xi32>
  %ey = bufferization.to_tensor %y restrict writable : memref<1x?x64xf32> to tensor<1x?x64xf32>
  %ez = bufferization.to_tensor %z restrict writable : memref<1x?x2xf32> to tensor<1x?x2xf32>
  %r:2 = ternary.linear_kernel square_sums ins(%q#0, %w : tensor<1x?x48xi8>, !packed) scales(%q#1, %s_tensor : tensor<1x?xf32>, tensor<1xf32>) sums(%q#2 : tensor<1x?xi32>) outs(%ey, %ez : tensor<1x?x64xf32>, tensor<1x?x2xf32>) {
  ^bb0(%v: f32):
    ternary.yield %v : f32
  } -> tensor<1x?x64xf32>, tensor<1x?x2xf32>
  bufferization.materialize_in_destination %r#0 in restrict writable %y : (tensor<1x?x64xf32>, memref<1x?x64xf32>) -> ()
  bufferization.materialize_in_destination %r#1 in restrict writable %z : (tensor<1x?x2xf32>, memref<1x?x2xf32>) -> ()
  return
}

// State that may be written is updated in place, each layer's slice of it, in turn.
// CHECK-LABEL: func.func @state(
// CHECK-SAME:    %[[F:[^:]*]]: memref<1x?x64xf32>, %[[I:[^:]*]]: memref<1x?x64xf32>, %[[S:[^:]*]]: memref<2x1x64xf32>)
// CHECK:         %[[S0:.*]] = memref.subview %[[S]][0, 0, 0]
// CHECK:         %[[H0:.*]] = memref.alloc
// CHECK:         ternary.scan_kernel ins(%[[F]], %[[I]] : memref<1x?x64xf32>, memref<1x?x64xf32>) outs(%[[H0]], %[[S0]] : memref<1x?x64xf32>, memref<1x64xf32, strided<[64, 1]>>)
// CHECK:         %[[S1:.*]] = memref.subview %[[S]][1, 0, 0]
// CHECK:         %[[H1:.*]] = memref.alloc
// CHECK:         ternary.scan_kernel ins(%[[F]], %[[H0]] : memref<1x?x64xf32>, memref<1x?x64xf32>) outs(%[[H1]], %[[S1]] : memref<1x?x64xf32>, memref<1x64xf32, strided<[64, 1], offset: 64>>)
// CHECK-NOT:     memref.alloc
// CHECK:         return{{$}}
func.func @state(%f: memref<1x?x64xf32>, %i: memref<1x?x64xf32>, %s: memref<2x1x64xf32>) {
  %f_tensor = bufferization.to_tensor %f restrict : memref<1x?x64xf32> to tensor<1x?x64xf32>
  %i_tensor = bufferization.to_tensor %i restrict : memref<1x?x64xf32> to tensor<1x?x64xf32>
  %old = bufferization.to_tensor %s restrict writable : memref<2x1x64xf32> to tensor<2x1x64xf32>
  %c1 = arith.constant 1 : index
  %rows = tensor.dim %f_tensor, %c1 : tensor<1x?x64xf32>
  %old0 = tensor.extract_slice %old[0, 0, 0] [1, 1, 64] [1, 1, 1] : tensor<2x1x64xf32> to tensor<1x64xf32>
  %e0 = tensor.empty(%rows) : tensor<1x?x64xf32>
  %h0:2 = ternary.scan_kernel ins(%f_tensor, %i_tensor : tensor<1x?x64xf32>, tensor<1x?x64xf32>) outs(%e0, %old0 : tensor<1x?x64xf32>, tensor<1x64xf32>) -> tensor<1x?x64xf32>, tensor<1x64xf32>
  %new0 = tensor.insert_slice %h0#1 into %old[0, 0, 0] [1, 1, 64] [1, 1, 1] : tensor<1x64xf32> into tensor<2x1x64xf32>
  %old1 = tensor.extract_slice %new0[1, 0, 0] [1, 1, 64] [1, 1, 1] : tensor<2x1x64xf32> to tensor<1x64xf32>
  %e1 = tensor.empty(%rows) : tensor<1x?x64xf32>
  %h1:2 = ternary.scan_kernel ins(%f_tensor, %h0#0 : tensor<1x?x64xf32>, tensor<1x?x64xf32>) outs(%e1, %old1 : tensor<1x?x64xf32>, tensor<1x64xf32>) -> tensor<1x?x64xf32>, tensor<1x64xf32>
  %new1 = tensor.insert_slice %h1#1 into %new0[1, 0, 0] [1, 1, 64] [1, 1, 1] : tensor<1x64xf32> into tensor<2x1x64xf32>
  bufferization.materialize_in_destination %new1 in restrict writable %s : (tensor<2x1x64xf32>, memref<2x1x64xf32>) -> ()
  return
}

// A state that must not be written is copied before the scan, which reads it.
// CHECK-LABEL: func.func @read_only_state(
// CHECK-SAME:    %[[F:[^:]*]]: memref<1x3x64xf32>, %[[S:[^:]*]]: memref<1x64xf32>, %[[OUT:[^:]*]]: memref<1x64xf32>)
// CHECK:         %[[COPY:.*]] = memref.alloc() {{.*}} : memref<1x64xf32>
// CHECK:         memref.copy %[[S]], %[[COPY]]
// CHECK:         ternary.scan_kernel {{.*}} outs(%{{.*}}, %[[COPY]] : memref<1x3x64xf32>, memref<1x64xf32>)
// CHECK:         memref.copy %[[COPY]], %[[OUT]]
func.func @read_only_state(%f: memref<1x3x64xf32>, %s: memref<1x64xf32>, %out: memref<1x64xf32>) {
  %f_tensor = bufferization.to_tensor %f restrict : memref<1x3x64xf32> to tensor<1x3x64xf32>
  %s_tensor = bufferization.to_tensor %s restrict : memref<1x64xf32> to tensor<1x64xf32>
  %e = tensor.empty() : tensor<1x3x64xf32>
  %h:2 = ternary.scan_kernel ins(%f_tensor, %f_tensor : tensor<1x3x64xf32>, tensor<1x3x64xf32>) outs(%e, %s_tensor : tensor<1x3x64xf32>, tensor<1x64xf32>) -> tensor<1x3x64xf32>, tensor<1x64xf32>
  bufferization.materialize_in_destination %h#1 in restrict writable %out : (tensor<1x64xf32>, memref<1x64xf32>) -> ()
  return
}

// Of other kernels what an out held is not read: a new buffer takes its place, uncopied,
// where it must not be written. Nor is it written where the kernel still reads it: an
// element may be written before another operand is read.
// CHECK-LABEL: func.func @in_and_out(
// CHECK-SAME:    %[[X:[^:]*]]: memref<2x64xf32>)
// CHECK-NEXT:    %[[Y:.*]] = memref.alloc() {{.*}} : memref<2x64xf32>
// CHECK-NEXT:    ternary.row_kernel rows 1 ins(%[[X]] : memref<2x64xf32>) outs(%[[Y]] : memref<2x64xf32>) {
// CHECK:         }
// CHECK-NEXT:    memref.copy %[[Y]], %[[X]]
// CHECK-NEXT:    return
func.func @in_and_out(%x: memref<2x64xf32>) {
  %t = bufferization.to_tensor %x restrict writable : memref<2x64xf32> to tensor<2x64xf32>
  %y = ternary.row_kernel rows 1 ins(%t : tensor<2x64xf32>) outs(%t : tensor<2x64xf32>) {
  ^bb0(%row: vector<64xf32>):
    %n = arith.negf %row : vector<64xf32>
    ternary.yield %n : vector<64xf32>
  } -> tensor<2x64xf32>
  bufferization.materialize_in_destination %y in restrict writable %x : (tensor<2x64xf32>, memref<2x64xf32>) -> ()
  return
}

// CHECK-LABEL: func.func @read_only_out(
// CHECK-SAME:    %[[X:[^:]*]]: memref<2x64xf32>, %[[OUT:[^:]*]]: memref<2x64xf32>)
// CHECK-NEXT:    %[[Y:.*]] = memref.alloc() {{.*}} : memref<2x64xf32>
// CHECK-NEXT:    ternary.row_kernel rows 1 ins(%[[X]] : memref<2x64xf32>) outs(%[[Y]] : memref<2x64xf32>) {
// CHECK:         }
// CHECK-NEXT:    memref.copy %[[Y]], %[[X]]
// CHECK-NEXT:    return
func.func @read_only_out(%x: memref<2x64xf32>, %out: memref<2x64xf32>) {
  %t = bufferization.to_tensor %x restrict : memref<2x64xf32> to tensor<2x64xf32>
  %o = bufferization.to_tensor %out restrict : memref<2x64xf32> to tensor<2x64xf32>
  %y = ternary.row_kernel rows 1 ins(%t : tensor<2x64xf32>) outs(%o : tensor<2x64xf32>) {
  ^bb0(%row: vector<64xf32>):
    %n = arith.negf %row : vector<64xf32>
    ternary.yield %n : vector<64xf32>
  } -> tensor<2x64xf32>
  bufferization.materialize_in_destination %y in restrict writable %x : (tensor<2x64xf32>, memref<2x64xf32>) -> ()
  return
}
