// RUN: ternary-opt %s -ternary-differentiate -split-input-file -verify-diagnostics

// The op that stands in the way is named.
func.func @rule(%x: tensor<f32> {ternary.parameter = "x"})
    -> (tensor<f32> {ternary.role = "loss"}) attributes {ternary.step = "loss"} {
  // expected-error @+1 {{'math.sin' op expected an op with a backward rule, on which the loss depends}}
  %0 = math.sin %x : tensor<f32>
  %l = math.exp %0 : tensor<f32>
  return %l : tensor<f32>
}

// -----

// expected-error @+1 {{expected a loss of one block and one result of 'tensor<f32>', got '(tensor<1xf32>) -> tensor<1xf32>'}}
func.func @type(%x: tensor<1xf32> {ternary.parameter = "x"})
    -> (tensor<1xf32> {ternary.role = "loss"}) attributes {ternary.step = "loss"} {
  return %x : tensor<1xf32>
}

// -----

// expected-error @+1 {{expected a loss of one block and one result of 'tensor<f32>', got '(tensor<f16>) -> tensor<f16>'}}
func.func @element(%x: tensor<f16> {ternary.parameter = "x"})
    -> (tensor<f16> {ternary.role = "loss"}) attributes {ternary.step = "loss"} {
  return %x : tensor<f16>
}

// -----

// expected-error @+1 {{expected a loss of one block and one result of 'tensor<f32>', got '(tensor<f32>) -> ()'}}
func.func @none(%x: tensor<f32> {ternary.parameter = "x"}) attributes {ternary.step = "loss"} {
  return
}

// -----

// expected-error @+1 {{expected a loss of one block and one result of 'tensor<f32>', got '(tensor<f32>) -> (tensor<f32>, tensor<f32>)'}}
func.func @two(%x: tensor<f32> {ternary.parameter = "x"})
    -> (tensor<f32> {ternary.role = "loss"}, tensor<f32> {ternary.role = "y"}) attributes {ternary.step = "loss"} {
  return %x, %x : tensor<f32>, tensor<f32>
}

// -----

// expected-error @+1 {{expected a loss of one block and one result of 'tensor<f32>', got '(tensor<f32>) -> tensor<f32>'}}
func.func @blocks(%x: tensor<f32> {ternary.parameter = "x"})
    -> (tensor<f32> {ternary.role = "loss"}) attributes {ternary.step = "loss"} {
  cf.br ^end
^end:
  return %x : tensor<f32>
}

// -----

func.func @groups(%x: tensor<2x8xf32> {ternary.role = "x"}, %t: tensor<2xi32> {ternary.role = "targets"}, %w: tensor<6x8xf32> {ternary.parameter = "w"})
    -> (tensor<f32> {ternary.role = "loss"}) attributes {ternary.step = "loss"} {
  // expected-error @+1 {{'ternary.dequantize' op expected the accumulator of an 'accumulate' without groups to differentiate by}}
  %y = ternary.bit_linear %x, %w {granularity = #ternary<granularity group>, group_size = 4 : i64} : tensor<2x8xf32>, tensor<6x8xf32> -> tensor<2x6xf32>
  %l = ternary.cross_entropy %y, %t : tensor<2x6xf32>, tensor<2xi32> -> tensor<f32>
  return %l : tensor<f32>
}

// -----

func.func @row_scales(%x: tensor<2x8xf32> {ternary.parameter = "x"}, %t: tensor<2xi32> {ternary.role = "targets"}, %w: tensor<6x8xf32> {ternary.parameter = "w"})
    -> (tensor<f32> {ternary.role = "loss"}) attributes {ternary.step = "loss"} {
  // expected-error @+1 {{'ternary.dequantize' op expected one weight scale to differentiate by the input, got 'tensor<6xf32>'}}
  %y = ternary.bit_linear %x, %w {granularity = #ternary<granularity row>} : tensor<2x8xf32>, tensor<6x8xf32> -> tensor<2x6xf32>
  %l = ternary.cross_entropy %y, %t : tensor<2x6xf32>, tensor<2xi32> -> tensor<f32>
  return %l : tensor<f32>
}

// -----

func.func @activations(%q: tensor<2x8xi8> {ternary.role = "q"}, %s: tensor<2xf32> {ternary.role = "s"}, %t: tensor<2xi32> {ternary.role = "targets"}, %w: tensor<6x8xf32> {ternary.parameter = "w"})
    -> (tensor<f32> {ternary.role = "loss"}) attributes {ternary.step = "loss"} {
  %trits, %scale = ternary.quantize_weights %w : tensor<6x8xf32> -> tensor<6x8x!ternary.trit>, tensor<1xf32>
  %sum = ternary.accumulate %q, %trits : tensor<2x8xi8>, tensor<6x8x!ternary.trit> -> tensor<2x6xi32>
  // expected-error @+1 {{'ternary.dequantize' op expected activations of 'quantize_activations' to differentiate by}}
  %y = ternary.dequantize %sum, %s, %scale : tensor<2x6xi32>, tensor<2xf32>, tensor<1xf32> -> tensor<2x6xf32>
  %l = ternary.cross_entropy %y, %t : tensor<2x6xf32>, tensor<2xi32> -> tensor<f32>
  return %l : tensor<f32>
}

// -----

func.func @accumulator(%a: tensor<2x6xi32> {ternary.role = "a"}, %s: tensor<2xf32> {ternary.role = "s"}, %t: tensor<2xi32> {ternary.role = "targets"}, %w: tensor<1xf32> {ternary.parameter = "w"})
    -> (tensor<f32> {ternary.role = "loss"}) attributes {ternary.step = "loss"} {
  // expected-error @+1 {{'ternary.dequantize' op expected the accumulator of an 'accumulate' without groups to differentiate by}}
  %y = ternary.dequantize %a, %s, %w : tensor<2x6xi32>, tensor<2xf32>, tensor<1xf32> -> tensor<2x6xf32>
  %l = ternary.cross_entropy %y, %t : tensor<2x6xf32>, tensor<2xi32> -> tensor<f32>
  return %l : tensor<f32>
}

// -----

func.func @columns(%b: tensor<2xf32> {ternary.parameter = "b"}, %t: tensor<2xi32> {ternary.role = "targets"})
    -> (tensor<f32> {ternary.role = "loss"}) attributes {ternary.step = "loss"} {
  %e = tensor.empty() : tensor<2x8xf32>
  // expected-error @+1 {{'linalg.broadcast' op expected a vector that is repeated for every row to differentiate by}}
  %y = linalg.broadcast ins(%b : tensor<2xf32>) outs(%e : tensor<2x8xf32>) dimensions = [1]
  %l = ternary.cross_entropy %y, %t : tensor<2x8xf32>, tensor<2xi32> -> tensor<f32>
  return %l : tensor<f32>
}
