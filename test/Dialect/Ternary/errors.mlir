// RUN: ternary-opt %s -split-input-file -verify-diagnostics

// expected-error @+1 {{expected 1 or 4 planes, got 3}}
func.func private @planes(tensor<4x8x!ternary.trit, #ternary.packed<lanes = 4, depth = 4, planes = 3, vectors = 2>>)

// -----

// expected-error @+1 {{expected positive lanes, depth and vectors, got 0, 4, 2}}
func.func private @lanes(tensor<4x8x!ternary.trit, #ternary.packed<lanes = 0, depth = 4, planes = 4, vectors = 2>>)

// -----

// expected-error @+1 {{expected one half, or two with an even number of vectors, got 2 with 3}}
func.func private @halves(tensor<4x8x!ternary.trit, #ternary.packed<lanes = 4, depth = 4, planes = 4, vectors = 3, halves = 2>>)

// -----

// expected-error @+1 {{expected packed elements to be '!ternary.trit', got 'i8'}}
func.func private @element(tensor<4x8xi8, #ternary.packed<lanes = 4, depth = 4, planes = 4, vectors = 2>>)

// -----

// expected-error @+1 {{expected 2 halves to divide the rows, got 5 rows}}
func.func private @rows(tensor<5x8x!ternary.trit, #ternary.packed<lanes = 4, depth = 4, planes = 4, vectors = 2, halves = 2>>)

// -----

func.func @gain(%x: tensor<2x64xf32>, %g: tensor<32xf32>) -> tensor<2x64xf32> {
  // expected-error @+1 {{expected gain of shape [64], got 'tensor<32xf32>'}}
  %0 = ternary.rms_norm %x, %g {epsilon = 1.0e-6 : f32} : tensor<2x64xf32>, tensor<32xf32>
  return %0 : tensor<2x64xf32>
}

// -----

func.func @epsilon(%x: tensor<2x64xf32>, %g: tensor<64xf32>) -> tensor<2x64xf32> {
  // expected-error @+1 {{expected a positive, finite epsilon, got 0}}
  %0 = ternary.rms_norm %x, %g {epsilon = 0.0 : f32} : tensor<2x64xf32>, tensor<64xf32>
  return %0 : tensor<2x64xf32>
}

// -----

func.func @columns(%x: tensor<2x2560xf32>, %w: tensor<8x2048xf32>) -> tensor<2x8xf32> {
  // expected-error @+1 {{expected a static weight with 2560 columns to match the input, got 'tensor<8x2048xf32>'}}
  %0 = ternary.bit_linear %x, %w : tensor<2x2560xf32>, tensor<8x2048xf32> -> tensor<2x8xf32>
  return %0 : tensor<2x8xf32>
}

// -----

func.func @scale(%x: tensor<2x64xf32>, %w: tensor<8x64x!ternary.trit>) -> tensor<2x8xf32> {
  // expected-error @+1 {{expected a weight scale exactly for a ternary weight, got 'tensor<8x64x!ternary.trit>' without a scale}}
  %0 = ternary.bit_linear %x, %w : tensor<2x64xf32>, tensor<8x64x!ternary.trit> -> tensor<2x8xf32>
  return %0 : tensor<2x8xf32>
}

// -----

func.func @group(%w: tensor<8x64xf32>) -> tensor<8x64x!ternary.trit> {
  // expected-error @+1 {{expected a group_size that divides the 64 columns, got 48}}
  %0, %1 = ternary.quantize_weights %w {granularity = #ternary<granularity group>, group_size = 48 : i64}
    : tensor<8x64xf32> -> tensor<8x64x!ternary.trit>, tensor<8x1xf32>
  return %0 : tensor<8x64x!ternary.trit>
}

// -----

func.func @glu(%x: tensor<2x63xf32>) -> tensor<2x31xf32> {
  // expected-error @+1 {{expected an even number of columns, got 'tensor<2x63xf32>'}}
  %0 = ternary.glu silu %x : tensor<2x63xf32> -> tensor<2x31xf32>
  return %0 : tensor<2x31xf32>
}

// -----

func.func @state(%f: tensor<1x?x64xf32>, %s: tensor<2x64xf32>) -> tensor<1x?x64xf32> {
  // expected-error @+1 {{expected state of shape [1, 64], got 'tensor<2x64xf32>'}}
  %0, %1 = ternary.linear_scan %f, %f, %s : tensor<1x?x64xf32>, tensor<2x64xf32>
  return %0 : tensor<1x?x64xf32>
}

// -----

func.func @block_sums(%s: tensor<2x3xf32>) -> tensor<2xf32> {
  // expected-error @+1 {{expected 2 block sums for size 64, got 'tensor<2x3xf32>'}}
  %0 = ternary.inverse_rms %s {epsilon = 1.0e-6 : f32, size = 64 : i64} : tensor<2x3xf32> -> tensor<2xf32>
  return %0 : tensor<2xf32>
}

// -----

func.func @narrow(%x: tensor<2x64xf32>) -> tensor<2x48xi8> {
  // expected-error @+1 {{expected at least 64 quantized columns, got 'tensor<2x48xi8>'}}
  %0, %1, %2 = ternary.quantize_activations %x : tensor<2x64xf32> -> tensor<2x48xi8>, tensor<2xf32>, tensor<2xi32>
  return %0 : tensor<2x48xi8>
}

// -----

func.func @too_wide(%q: tensor<1x524288xi8>, %t: tensor<1x524288x!ternary.trit>) -> tensor<1x1xi32> {
  // expected-error @+1 {{expected fewer than 524288 columns, got 524288}}
  %0 = ternary.accumulate %q, %t : tensor<1x524288xi8>, tensor<1x524288x!ternary.trit> -> tensor<1x1xi32>
  return %0 : tensor<1x1xi32>
}

// -----

func.func @pack(%t: tensor<8x64x!ternary.trit>) -> tensor<8x64x!ternary.trit> {
  // expected-error @+1 {{expected to pack a weight without a layout into one with a layout such as #ternary.packed, got}}
  %0 = ternary.pack %t : tensor<8x64x!ternary.trit> -> tensor<8x64x!ternary.trit>
  return %0 : tensor<8x64x!ternary.trit>
}

// -----

func.func @row_yield(%x: tensor<2x8xf32>, %o: tensor<2x8xf32>) -> tensor<2x8xf32> {
  // expected-error @+1 {{expected to yield 'vector<8xf32>' for 'tensor<2x8xf32>', got 'f32'}}
  %0 = ternary.row_kernel rows 1 ins(%x : tensor<2x8xf32>) outs(%o : tensor<2x8xf32>) {
  ^bb0(%row: vector<8xf32>):
    %c = arith.constant 1.0 : f32
    ternary.yield %c : f32
  } -> tensor<2x8xf32>
  return %0 : tensor<2x8xf32>
}

// -----

func.func @sums(%q: tensor<2x64xi8>, %w: tensor<8x64x!ternary.trit, #ternary.packed<lanes = 4, depth = 4, planes = 4, vectors = 2>>,
                %a: tensor<2xf32>, %s: tensor<1xf32>, %o: tensor<2x8xf32>) -> tensor<2x8xf32> {
  // expected-error @+1 {{expected sums for a weight stored as t + 1, got none}}
  %0 = ternary.linear_kernel ins(%q, %w : tensor<2x64xi8>, tensor<8x64x!ternary.trit, #ternary.packed<lanes = 4, depth = 4, planes = 4, vectors = 2>>)
      scales(%a, %s : tensor<2xf32>, tensor<1xf32>) outs(%o : tensor<2x8xf32>) {
  ^bb0(%v: f32):
    ternary.yield %v : f32
  } -> tensor<2x8xf32>
  return %0 : tensor<2x8xf32>
}

// -----

func.func @narrow_argument(%q: tensor<2x64xi8>, %w: tensor<8x64x!ternary.trit>, %a: tensor<2xf32>, %s: tensor<1xf32>,
                           %x: tensor<2x8xbf16>, %o: tensor<2x8xf32>) -> tensor<2x8xf32> {
  // expected-error @+1 {{expected f32 block arguments for products and those of the elements of extras}}
  %0 = ternary.linear_kernel ins(%q, %w : tensor<2x64xi8>, tensor<8x64x!ternary.trit>)
      scales(%a, %s : tensor<2xf32>, tensor<1xf32>) extras(%x : tensor<2x8xbf16>) outs(%o : tensor<2x8xf32>) {
  ^bb0(%v: f32, %e: f32):
    ternary.yield %v : f32
  } -> tensor<2x8xf32>
  return %0 : tensor<2x8xf32>
}

// -----

func.func @narrow_out(%q: tensor<2x64xi8>, %w: tensor<8x64x!ternary.trit>, %a: tensor<2xf32>, %s: tensor<1xf32>,
                      %o: tensor<2x8xbf16>) -> tensor<2x8xbf16> {
  // expected-error @+1 {{expected to yield 1 values of the types of elements of outs, got 'f32'}}
  %0 = ternary.linear_kernel ins(%q, %w : tensor<2x64xi8>, tensor<8x64x!ternary.trit>)
      scales(%a, %s : tensor<2xf32>, tensor<1xf32>) outs(%o : tensor<2x8xbf16>) {
  ^bb0(%v: f32):
    ternary.yield %v : f32
  } -> tensor<2x8xbf16>
  return %0 : tensor<2x8xbf16>
}

// -----

func.func @narrow_square_sums(%q: tensor<2x64xi8>, %w: tensor<8x64x!ternary.trit>, %a: tensor<2xf32>, %s: tensor<1xf32>,
                              %o: tensor<2x8xbf16>, %p: tensor<2x1xf32>) -> (tensor<2x8xbf16>, tensor<2x1xf32>) {
  // expected-error @+1 {{expected a first out of f32 for square_sums, got 'tensor<2x8xbf16>'}}
  %0:2 = ternary.linear_kernel square_sums ins(%q, %w : tensor<2x64xi8>, tensor<8x64x!ternary.trit>)
      scales(%a, %s : tensor<2xf32>, tensor<1xf32>) outs(%o, %p : tensor<2x8xbf16>, tensor<2x1xf32>) {
  ^bb0(%v: f32):
    %t = arith.truncf %v : f32 to bf16
    ternary.yield %t : bf16
  } -> tensor<2x8xbf16>, tensor<2x1xf32>
  return %0#0, %0#1 : tensor<2x8xbf16>, tensor<2x1xf32>
}

// -----

ternary.archive @weights bytes 512 {
  %0 = ternary.read_parameter "a" : tensor<64xf32>
  // expected-note @+1 {{see existing symbol definition here}}
  ternary.archive_entry "a" at 0, %0 : tensor<64xf32>
  // expected-error @+1 {{redefinition of symbol named 'a'}}
  ternary.archive_entry "a" at 256, %0 : tensor<64xf32>
}

// -----

// expected-error @+1 {{expected entries within 64 bytes, got 256}}
ternary.archive @weights bytes 64 {
  %0 = ternary.read_parameter "a" : tensor<64xf32>
  ternary.archive_entry "a" at 0, %0 : tensor<64xf32>
}

// -----

ternary.archive @weights bytes 256 {
  %0 = ternary.read_parameter "a" : tensor<64xf32>
  ternary.archive_entry "a" at 0, %0 : tensor<64xf32>
}
func.func @missing(%base: memref<?xi8>) -> memref<64xf32> {
  // expected-error @+1 {{expected archive @weights to have an entry 'b', got none}}
  %0 = ternary.parameter @weights "b" of %base : memref<?xi8> -> memref<64xf32>
  return %0 : memref<64xf32>
}

// -----

// What carries a model through the phases is checked wherever it stands.

// expected-error @+1 {{expected 'ternary.step' on a function with a body}}
func.func private @declared(tensor<64xf32> {ternary.parameter = "w"}) attributes {ternary.step = #ternary.step<prefill>}

// -----

// expected-error @+1 {{expected 'ternary.step' to be a step such as #ternary.step<decode>, got 5 : i64}}
func.func @step() attributes {ternary.step = 5} {
  return
}

// -----

// expected-error @+1 {{expected 'ternary.parameter' to be a string, got 5 : i64}}
func.func @parameter(%w: tensor<4xf32> {ternary.parameter = 5}) {
  return
}

// -----

// expected-error @+1 {{expected 'ternary.role' to be a role such as #ternary.role<ids>, got unit}}
func.func @role(%w: tensor<4xf32>) -> (tensor<4xf32> {ternary.role}) {
  return %w : tensor<4xf32>
}

// -----

// expected-error @+1 {{expected 'ternary.model' to be a dictionary, got 5 : i64}}
module attributes {ternary.model = 5} {}

// -----

// expected-error @+1 {{expected 'vocab' in 'ternary.model' to be a string, a 64-bit integer or an array of them, got 5 : i128}}
module attributes {ternary.model = {vocab = 5 : i128}} {}

// -----

func.func @one_float_type(%x: tensor<2x8xf64>, %g: tensor<8xf32>) {
  // expected-error @+1 {{expected floats of one type, got 'tensor<2x8xf64>' and 'tensor<8xf32>'}}
  %0 = ternary.rms_norm %x, %g {epsilon = 1.0e-6 : f32} : tensor<2x8xf64>, tensor<8xf32>
  return
}

// -----

func.func @one_float_type_of_result(%i: tensor<2xi32>, %g: tensor<2x8xf64>) {
  // expected-error @+1 {{expected floats of one type, got 'tensor<2x8xf64>' and 'tensor<9x8xf32>'}}
  %0 = ternary.embedding_backward %i, %g : tensor<2xi32>, tensor<2x8xf64> -> tensor<9x8xf32>
  return
}

// -----

func.func @quantised_is_f32(%x: tensor<2x8xf64>, %w: tensor<6x8xf32>) {
  // expected-error @+1 {{operand #0 must be ranked tensor of 32-bit float values, but got 'tensor<2x8xf64>'}}
  %0 = ternary.bit_linear %x, %w : tensor<2x8xf64>, tensor<6x8xf32> -> tensor<2x6xf32>
  return
}

// -----

func.func @too_many_sums(%x: tensor<2x8xf32>, %o: tensor<64x8xf32>) -> tensor<64x8xf32> {
  // expected-error @+1 {{expected at most 1 sums, got 2}}
  %0 = ternary.row_kernel rows 1 sums 2 ins(%x : tensor<2x8xf32>) outs(%o : tensor<64x8xf32>) {
  ^bb0(%row: vector<8xf32>):
    ternary.yield %row : vector<8xf32>
  } -> tensor<64x8xf32>
  return %0 : tensor<64x8xf32>
}

// -----

func.func @parts_of_sum(%x: tensor<2x8xf32>, %o: tensor<63x8xf32>) -> tensor<63x8xf32> {
  // expected-error @+1 {{expected a sum of 64 parts of 'vector<8xf32>', got 'tensor<63x8xf32>'}}
  %0 = ternary.row_kernel rows 1 sums 1 ins(%x : tensor<2x8xf32>) outs(%o : tensor<63x8xf32>) {
  ^bb0(%row: vector<8xf32>):
    ternary.yield %row : vector<8xf32>
  } -> tensor<63x8xf32>
  return %0 : tensor<63x8xf32>
}

// -----

func.func @sum_of_scalar(%x: tensor<2x8xf32>, %o: tensor<64xf32>) -> tensor<64xf32> {
  // expected-error @+1 {{expected to yield a vector of floats for a sum, got 'f32'}}
  %0 = ternary.row_kernel rows 1 sums 1 ins(%x : tensor<2x8xf32>) outs(%o : tensor<64xf32>) {
  ^bb0(%row: vector<8xf32>):
    %c = arith.constant 1.0 : f32
    ternary.yield %c : f32
  } -> tensor<64xf32>
  return %0 : tensor<64xf32>
}

// -----

func.func @sum_of_nothing(%x: tensor<8xf32>, %o: tensor<64x8xf32>) -> tensor<64x8xf32> {
  // expected-error @+1 {{expected an operand with rows to add up}}
  %0 = ternary.row_kernel rows 1 sums 1 ins(%x : tensor<8xf32>) outs(%o : tensor<64x8xf32>) {
  ^bb0(%row: vector<8xf32>):
    ternary.yield %row : vector<8xf32>
  } -> tensor<64x8xf32>
  return %0 : tensor<64x8xf32>
}

// -----

func.func @stacked_columns(%t: tensor<4x8x!ternary.trit>, %u: tensor<4x6x!ternary.trit>, %s: tensor<1xf32>) {
  // expected-error @+1 {{expected plain static inputs with 8 columns, got 'tensor<4x6x!ternary.trit>'}}
  %0, %1 = ternary.stack_rows %t, %u scales(%s, %s) : tensor<4x8x!ternary.trit>, tensor<4x6x!ternary.trit> scales tensor<1xf32>, tensor<1xf32> -> tensor<8x8x!ternary.trit>, tensor<8xf32>
  return
}

// -----

func.func @stacked_scale(%t: tensor<4x8x!ternary.trit>, %s: tensor<1xf32>, %r: tensor<3xf32>) {
  // expected-error @+1 {{expected scale of shape [1] or [4], got 'tensor<3xf32>'}}
  %0, %1 = ternary.stack_rows %t, %t scales(%s, %r) : tensor<4x8x!ternary.trit>, tensor<4x8x!ternary.trit> scales tensor<1xf32>, tensor<3xf32> -> tensor<8x8x!ternary.trit>, tensor<8xf32>
  return
}

// -----

func.func @stacked_groups(%t: tensor<4x8x!ternary.trit>, %s: tensor<4x2xf32>, %r: tensor<4x4xf32>) {
  // expected-error @+1 {{expected scale of shape [4, 2], got 'tensor<4x4xf32>'}}
  %0, %1 = ternary.stack_rows %t, %t scales(%s, %r) : tensor<4x8x!ternary.trit>, tensor<4x8x!ternary.trit> scales tensor<4x2xf32>, tensor<4x4xf32> -> tensor<8x8x!ternary.trit>, tensor<8x2xf32>
  return
}

// -----

func.func @stacked_uneven(%t: tensor<4x8x!ternary.trit>, %s: tensor<4x3xf32>) {
  // expected-error @+1 {{expected scales of groups that divide the 8 columns, got 'tensor<8x3xf32>'}}
  %0, %1 = ternary.stack_rows %t, %t scales(%s, %s) : tensor<4x8x!ternary.trit>, tensor<4x8x!ternary.trit> scales tensor<4x3xf32>, tensor<4x3xf32> -> tensor<8x8x!ternary.trit>, tensor<8x3xf32>
  return
}

// -----

func.func @stacked_mixed(%t: tensor<4x8x!ternary.trit>, %s: tensor<4xf32>, %r: tensor<4x4xf32>) {
  // expected-error @+1 {{expected scale of shape [1] or [4], got 'tensor<4x4xf32>'}}
  %0, %1 = ternary.stack_rows %t, %t scales(%s, %r) : tensor<4x8x!ternary.trit>, tensor<4x8x!ternary.trit> scales tensor<4xf32>, tensor<4x4xf32> -> tensor<8x8x!ternary.trit>, tensor<8xf32>
  return
}

// -----

// expected-error @+1 {{expected 'ternary.target' to be a target such as #ternary.reference, got "cpu"}}
module attributes {ternary.target = "cpu"} {
}

// -----

// expected-error @+1 {{expected 'ternary.target' on a module}}
func.func private @target() attributes {ternary.target = #ternary.reference}
