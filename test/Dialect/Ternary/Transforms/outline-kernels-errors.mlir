// RUN: ternary-opt %s -ternary-outline-kernels -split-input-file -verify-diagnostics

func.func @prefill(%ids: tensor<1x?xi32>, %table: tensor<97x8xf16>, %out: tensor<1x?x8xf32>) -> tensor<1x?x8xf32>
    attributes {ternary.step = #ternary.step<prefill>} {
  // expected-error @+1 {{expected operands to be memrefs or scalars, got 'tensor<1x?xi32>'}}
  %0 = ternary.gather_kernel ins(%ids, %table : tensor<1x?xi32>, tensor<97x8xf16>)
      outs(%out : tensor<1x?x8xf32>) -> tensor<1x?x8xf32>
  return %0 : tensor<1x?x8xf32>
}
