// RUN: ternary-opt %s -ternary-differentiate -split-input-file -verify-diagnostics

// The op that stands in the way is named.
func.func @rule(%x: tensor<f32> {ternary.parameter = "x"})
    -> (tensor<f32> {ternary.role = #ternary.role<loss>}) attributes {ternary.step = #ternary.step<loss>} {
  // expected-error @+1 {{'math.copysign' op expected an op with a backward rule, on which the loss depends}}
  %0 = math.copysign %x, %x : tensor<f32>
  %l = math.exp %0 : tensor<f32>
  return %l : tensor<f32>
}

// -----

// expected-error @+1 {{expected a loss of one block and one result of 'tensor<f32>' or 'tensor<f64>', got '(tensor<1xf32>) -> tensor<1xf32>'}}
func.func @type(%x: tensor<1xf32> {ternary.parameter = "x"})
    -> (tensor<1xf32> {ternary.role = #ternary.role<loss>}) attributes {ternary.step = #ternary.step<loss>} {
  return %x : tensor<1xf32>
}

// -----

// expected-error @+1 {{expected a loss of one block and one result of 'tensor<f32>' or 'tensor<f64>', got '(tensor<f16>) -> tensor<f16>'}}
func.func @element(%x: tensor<f16> {ternary.parameter = "x"})
    -> (tensor<f16> {ternary.role = #ternary.role<loss>}) attributes {ternary.step = #ternary.step<loss>} {
  return %x : tensor<f16>
}

// -----

// expected-error @+1 {{expected a loss of one block and one result of 'tensor<f32>' or 'tensor<f64>', got '(tensor<f32>) -> ()'}}
func.func @none(%x: tensor<f32> {ternary.parameter = "x"}) attributes {ternary.step = #ternary.step<loss>} {
  return
}

// -----

// expected-error @+1 {{expected a loss of one block and one result of 'tensor<f32>' or 'tensor<f64>', got '(tensor<f32>) -> (tensor<f32>, tensor<f32>)'}}
func.func @two(%x: tensor<f32> {ternary.parameter = "x"})
    -> (tensor<f32> {ternary.role = #ternary.role<loss>}, tensor<f32>) attributes {ternary.step = #ternary.step<loss>} {
  return %x, %x : tensor<f32>, tensor<f32>
}

// -----

// expected-error @+1 {{expected a loss of one block and one result of 'tensor<f32>' or 'tensor<f64>', got '(tensor<f32>) -> tensor<f32>'}}
func.func @blocks(%x: tensor<f32> {ternary.parameter = "x"})
    -> (tensor<f32> {ternary.role = #ternary.role<loss>}) attributes {ternary.step = #ternary.step<loss>} {
  cf.br ^end
^end:
  return %x : tensor<f32>
}

// -----

func.func @groups(%x: tensor<2x8xf32>, %t: tensor<2xi32> {ternary.role = #ternary.role<targets>}, %w: tensor<6x8xf32> {ternary.parameter = "w"})
    -> (tensor<f32> {ternary.role = #ternary.role<loss>}) attributes {ternary.step = #ternary.step<loss>} {
  // expected-error @+1 {{'ternary.dequantize' op expected the accumulator of an 'accumulate' without groups to differentiate by}}
  %y = ternary.bit_linear %x, %w {granularity = #ternary<granularity group>, group_size = 4 : i64} : tensor<2x8xf32>, tensor<6x8xf32> -> tensor<2x6xf32>
  %l = ternary.cross_entropy %y, %t : tensor<2x6xf32>, tensor<2xi32> -> tensor<f32>
  return %l : tensor<f32>
}

// -----

func.func @row_scales(%x: tensor<2x8xf32> {ternary.parameter = "x"}, %t: tensor<2xi32> {ternary.role = #ternary.role<targets>}, %w: tensor<6x8xf32> {ternary.parameter = "w"})
    -> (tensor<f32> {ternary.role = #ternary.role<loss>}) attributes {ternary.step = #ternary.step<loss>} {
  // expected-error @+1 {{'ternary.dequantize' op expected one weight scale to differentiate by the input, got 'tensor<6xf32>'}}
  %y = ternary.bit_linear %x, %w {granularity = #ternary<granularity row>} : tensor<2x8xf32>, tensor<6x8xf32> -> tensor<2x6xf32>
  %l = ternary.cross_entropy %y, %t : tensor<2x6xf32>, tensor<2xi32> -> tensor<f32>
  return %l : tensor<f32>
}

// -----

func.func @activations(%q: tensor<2x8xi8>, %s: tensor<2xf32>, %t: tensor<2xi32> {ternary.role = #ternary.role<targets>}, %w: tensor<6x8xf32> {ternary.parameter = "w"})
    -> (tensor<f32> {ternary.role = #ternary.role<loss>}) attributes {ternary.step = #ternary.step<loss>} {
  %trits, %scale = ternary.quantize_weights %w : tensor<6x8xf32> -> tensor<6x8x!ternary.trit>, tensor<1xf32>
  %sum = ternary.accumulate %q, %trits : tensor<2x8xi8>, tensor<6x8x!ternary.trit> -> tensor<2x6xi32>
  // expected-error @+1 {{'ternary.dequantize' op expected activations of 'quantize_activations' to differentiate by}}
  %y = ternary.dequantize %sum, %s, %scale : tensor<2x6xi32>, tensor<2xf32>, tensor<1xf32> -> tensor<2x6xf32>
  %l = ternary.cross_entropy %y, %t : tensor<2x6xf32>, tensor<2xi32> -> tensor<f32>
  return %l : tensor<f32>
}

// -----

func.func @accumulator(%a: tensor<2x6xi32>, %s: tensor<2xf32>, %t: tensor<2xi32> {ternary.role = #ternary.role<targets>}, %w: tensor<1xf32> {ternary.parameter = "w"})
    -> (tensor<f32> {ternary.role = #ternary.role<loss>}) attributes {ternary.step = #ternary.step<loss>} {
  // expected-error @+1 {{'ternary.dequantize' op expected the accumulator of an 'accumulate' without groups to differentiate by}}
  %y = ternary.dequantize %a, %s, %w : tensor<2x6xi32>, tensor<2xf32>, tensor<1xf32> -> tensor<2x6xf32>
  %l = ternary.cross_entropy %y, %t : tensor<2x6xf32>, tensor<2xi32> -> tensor<f32>
  return %l : tensor<f32>
}

// -----

func.func @product(%b: tensor<2x8xf32> {ternary.parameter = "b"}, %z: tensor<f32>)
    -> (tensor<f32> {ternary.role = #ternary.role<loss>}) attributes {ternary.step = #ternary.step<loss>} {
  // expected-error @+1 {{'linalg.reduce' op expected a sum to differentiate by}}
  %l = linalg.reduce ins(%b : tensor<2x8xf32>) outs(%z : tensor<f32>) dimensions = [0, 1] (%in: f32, %out: f32) {
    %0 = arith.mulf %in, %out : f32
    linalg.yield %0 : f32
  }
  return %l : tensor<f32>
}

// -----

// Inside regions too, and however deep.
func.func @region(%x: tensor<f32> {ternary.parameter = "x"}, %n: index, %c: i1)
    -> (tensor<f32> {ternary.role = #ternary.role<loss>}) attributes {ternary.step = #ternary.step<loss>} {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %l = scf.for %i = %c0 to %n step %c1 iter_args(%a = %x) -> (tensor<f32>) {
    %0 = scf.if %c -> (tensor<f32>) {
      // expected-error @+1 {{'math.copysign' op expected an op with a backward rule, on which the loss depends}}
      %1 = math.copysign %a, %a : tensor<f32>
      scf.yield %1 : tensor<f32>
    } else {
      scf.yield %a : tensor<f32>
    }
    scf.yield %0 : tensor<f32>
  }
  return %l : tensor<f32>
}

// -----

// What hands nothing over to its results depends on all that its region reads.
func.func @while(%x: tensor<f32> {ternary.parameter = "x"}, %c: i1)
    -> (tensor<f32> {ternary.role = #ternary.role<loss>}) attributes {ternary.step = #ternary.step<loss>} {
  // expected-error @+1 {{'scf.while' op expected an op with a backward rule, on which the loss depends}}
  %l = scf.while (%a = %x) : (tensor<f32>) -> tensor<f32> {
    scf.condition(%c) %a : tensor<f32>
  } do {
  ^bb0(%a: tensor<f32>):
    scf.yield %a : tensor<f32>
  }
  return %l : tensor<f32>
}

// -----

func.func @forall(%x: tensor<f32> {ternary.parameter = "x"}, %e: tensor<1xf32>)
    -> (tensor<f32> {ternary.role = #ternary.role<loss>}) attributes {ternary.step = #ternary.step<loss>} {
  // expected-error @+1 {{'scf.forall' op expected an op with a backward rule, on which the loss depends}}
  %0 = scf.forall (%i) in (1) shared_outs(%o = %e) -> (tensor<1xf32>) {
    scf.forall.in_parallel {
      tensor.parallel_insert_slice %x into %o[%i] [1] [1] : tensor<f32> into tensor<1xf32>
    }
  }
  %l = tensor.extract_slice %0[0] [1] [1] : tensor<1xf32> to tensor<f32>
  return %l : tensor<f32>
}

// -----

func.func @sizes(%x: tensor<f32> {ternary.parameter = "x"}, %y: tensor<?xf32>, %n: index)
    -> (tensor<f32> {ternary.role = #ternary.role<loss>}) attributes {ternary.step = #ternary.step<loss>} {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  // expected-error @+1 {{'scf.for' op expected to carry tensors whose sizes no iteration changes to differentiate by, got 'tensor<?xf32>'}}
  %0:2 = scf.for %i = %c0 to %n step %c1 iter_args(%a = %x, %b = %y) -> (tensor<f32>, tensor<?xf32>) {
    %1 = tensor.extract_slice %b[0] [1] [1] : tensor<?xf32> to tensor<f32>
    %2 = arith.mulf %a, %1 : tensor<f32>
    %3 = tensor.extract_slice %b[0] [%i] [1] : tensor<?xf32> to tensor<?xf32>
    scf.yield %2, %3 : tensor<f32>, tensor<?xf32>
  }
  return %0#0 : tensor<f32>
}

// -----

func.func @memory(%x: tensor<f32> {ternary.parameter = "x"}, %y: tensor<*xf32>, %n: index)
    -> (tensor<f32> {ternary.role = #ternary.role<loss>}) attributes {ternary.step = #ternary.step<loss>} {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  // expected-error @+1 {{'scf.for' op expected to carry numbers and ranked tensors of them to differentiate by, got 'tensor<*xf32>'}}
  %0:2 = scf.for %i = %c0 to %n step %c1 iter_args(%a = %x, %b = %y) -> (tensor<f32>, tensor<*xf32>) {
    %1 = tensor.cast %b : tensor<*xf32> to tensor<f32>
    %2 = arith.mulf %a, %1 : tensor<f32>
    scf.yield %2, %b : tensor<f32>, tensor<*xf32>
  }
  return %0#0 : tensor<f32>
}

// -----

func.func @trits(%x: tensor<1x1xf32> {ternary.parameter = "x"}, %w: tensor<1x1x!ternary.trit>,
                 %s: tensor<1xf32>) -> (tensor<f32> {ternary.role = #ternary.role<loss>}) attributes {ternary.step = #ternary.step<loss>} {
  // expected-error @+1 {{'ternary.linear' op expected float weights to differentiate by, got 'tensor<1x1x!ternary.trit>'}}
  %0 = ternary.linear %x, %w scale(%s : tensor<1xf32>) : tensor<1x1xf32>, tensor<1x1x!ternary.trit> -> tensor<1x1xf32>
  %1 = tensor.collapse_shape %0 [] : tensor<1x1xf32> into tensor<f32>
  return %1 : tensor<f32>
}
