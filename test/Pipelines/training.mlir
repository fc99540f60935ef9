// RUN: ternary-opt %s --ternary-to-cpu='training=true prefix=m' --dump-pass-pipeline 2>&1 >/dev/null | FileCheck %s --check-prefixes=ALL,FUSED
// RUN: ternary-opt %s --ternary-to-cpu='training=true fuse=false prefix=m' --dump-pass-pipeline 2>&1 >/dev/null | FileCheck %s --check-prefixes=ALL,UNFUSED
// RUN: ternary-opt %s --ternary-to-differentiate=training=true --dump-pass-pipeline 2>&1 | FileCheck %s --check-prefix=DIFFERENTIATE
// RUN: ternary-opt %s --ternary-to-differentiate='training=true gradient-precision=int8' --dump-pass-pipeline 2>&1 | FileCheck %s --check-prefix=INT8
// RUN: ternary-opt %s --ternary-to-pack --dump-pass-pipeline 2>&1 >/dev/null | FileCheck %s --check-prefix=INFERENCE
// RUN: ternary-opt %s --ternary-to-quantize='training=true' --dump-pass-pipeline 2>&1 >/dev/null | FileCheck %s --check-prefix=RECOMPUTE '-D$OPTIONS=budget=0 recompute=rows tokens=512'
// RUN: ternary-opt %s --ternary-to-quantize='training=true recompute=blocks workspace-budget=9000 tokens=64' --dump-pass-pipeline 2>&1 >/dev/null | FileCheck %s --check-prefix=RECOMPUTE '-D$OPTIONS=budget=9000 recompute=blocks tokens=64'
// RUN: ternary-opt %s --ternary-to-quantize='training=true recompute=none' --dump-pass-pipeline 2>&1 >/dev/null | FileCheck %s --check-prefix=KEEP
// RUN: ternary-opt %s --ternary-to-quantize='training=true target=reference' --dump-pass-pipeline 2>&1 >/dev/null | FileCheck %s --check-prefix=KEEP
// RUN: ternary-opt %s --ternary-to-quantize='training=true activations=bf16 recompute=none' --dump-pass-pipeline 2>&1 >/dev/null | FileCheck %s --check-prefix=NARROW
// RUN: ternary-opt %s --ternary-to-quantize='training=true activations=bf16 target=reference' --dump-pass-pipeline 2>&1 >/dev/null | FileCheck %s --check-prefix=NARROW
// RUN: ternary-opt %s --ternary-to-quantize='training=true activations=bf16' --dump-pass-pipeline 2>&1 >/dev/null | FileCheck %s --check-prefix=NARROW-FIRST
// RUN: ternary-opt %s --ternary-to-fuse=training=true | FileCheck %s --check-prefix=KERNELS
// RUN: ternary-opt %s --ternary-to-bufferize=training=true | FileCheck %s --check-prefix=MEMORY
// RUN: ternary-opt %s --ternary-to-cpu='training=true prefix=m' | FileCheck %s --check-prefix=LLVM

// Gradients are derived from layers, before these are taken apart; sums of gradients are
// formed after linear kernels and before row kernels, which would take them. Projections
// stay apart, for each has a weight of its own to be changed; parameters are bound to
// blocks, not to the archive of an inference.
// ALL:         ternary-check-phase{phase=graph}
// ALL-NEXT:    inline{
// ALL:         ternary-differentiate
// ALL-NEXT:    ternary-build-optimizer
// ALL-NEXT:    ternary-check-phase{phase=differentiate}
// INT8:        ternary-differentiate
// INT8:        ternary-narrow-gradients
// INT8-NEXT:   )
// INT8-NEXT:   ternary-build-optimizer
// ALL:         ternary-decompose
// ALL-NOT:     ternary-merge-projections
// ALL:         ternary-check-phase{phase=quantize}
// FUSED:       ternary-fuse-linear{epilogue=true square-sums=true}
// UNFUSED:     ternary-fuse-linear{epilogue=false square-sums=false}
// ALL:         ternary-form-kernels{accumulate=true bind-time=false}
// FUSED:       ternary-fuse-rows{fuse=true}
// UNFUSED:     ternary-fuse-rows{fuse=false}
// ALL:         ternary-form-kernels{accumulate=false bind-time=false}
// ALL:         ternary-check-phase{phase=fuse}
// ALL:         ternary-pack{
// ALL-NOT:     ternary-bind-parameters
// ALL:         ternary-bind-training-blocks
// ALL-NEXT:    ternary-check-phase{phase=pack}
// ALL-NOT:     ternary-bind-parameters
// ALL:         arith-emulate-unsupported-floats
// ALL-NEXT:    ternary-keep-roundings
// ALL-NEXT:    ternary-expand-math
// ALL-NEXT:    convert-math-to-funcs
// ALL-NEXT:    ternary-emit-entry-points
// ALL-NEXT:    ternary-emulate-half-floats
// ALL:         ternary-check-phase{phase=lower}

// DIFFERENTIATE:      ternary-check-phase{phase=graph}
// DIFFERENTIATE-NEXT: inline{
// DIFFERENTIATE:      ternary-differentiate
// DIFFERENTIATE-NEXT: ternary-build-optimizer
// DIFFERENTIATE-NEXT: ternary-check-phase{phase=differentiate}
// DIFFERENTIATE-NOT:  ternary-decompose

// After layers are taken apart, and what is equal has been merged.
// RECOMPUTE:      cse
// RECOMPUTE-NOT:  ternary-narrow-activations
// RECOMPUTE:      ternary-rematerialise{[[$OPTIONS]]}
// RECOMPUTE:      ternary-check-phase{phase=quantize}
// KEEP-NOT:       ternary-rematerialise
// KEEP:           ternary-check-phase{phase=quantize}

// What is rounded does not depend on what is computed again.
// NARROW:            cse
// NARROW-NEXT:       func.func(
// NARROW-NEXT:       ternary-narrow-activations
// NARROW-NOT:        ternary-rematerialise
// NARROW:            ternary-check-phase{phase=quantize}
// NARROW-FIRST:      ternary-narrow-activations
// NARROW-FIRST:      ternary-rematerialise

// Without the option nothing is derived, and nothing but the archive is bound.
// INFERENCE-NOT: ternary-differentiate
// INFERENCE-NOT: ternary-build-optimizer
// INFERENCE-NOT: phase=differentiate
// INFERENCE-NOT: accumulate=true
// INFERENCE-NOT: ternary-bind-training-blocks
// INFERENCE:     ternary-bind-parameters
// INFERENCE-NOT: ternary-bind-training-blocks
// INFERENCE:     ternary-check-phase{phase=pack}

// The statistics of norm and cross-entropy that the gradient takes are those of the loss:
// each is computed once. Gradients of the weight and the table are added in place, with no
// sum left.
// KERNELS-LABEL: func.func @gradient(
// KERNELS-SAME:    %[[SUM_TABLE:[^:, ]*]]: tensor<9x64xf32> {ternary.gradient = "table"}, %[[SUM_W:[^:]*]]: tensor<9x64xf32> {ternary.gradient = "w"}, %{{[^:]*}}: tensor<64xf32> {ternary.gradient = "g"})
// KERNELS-COUNT-1: ternary.inverse_rms
// KERNELS-NOT:     ternary.inverse_rms
// KERNELS-COUNT-1: ternary.cross_entropy_rows
// KERNELS-NOT:     ternary.cross_entropy_rows
// KERNELS:         %[[DW:.*]] = ternary.linear_backward_weight_kernel ins({{.*}}) outs(%[[SUM_W]] : tensor<9x64xf32>) {accumulate}
// KERNELS:         %[[DTABLE:.*]] = ternary.scatter_kernel ins({{.*}}) outs(%[[SUM_TABLE]] : tensor<9x64xf32>) {accumulate}
// KERNELS:         return %{{.*}}, %[[DTABLE]], %[[DW]], %{{.*}}

// The update is one kernel for each parameter, which changes it where it is: nothing is copied,
// and all memory beside is that of a sum and its parts.
// MEMORY-LABEL: func.func @update(
// MEMORY-SAME:    ternary.workspace = array<i64: 576, 0>
// MEMORY-NOT:     memref.copy
// MEMORY:         call @square_sum_9x64(
// MEMORY:         call @square_sum_9x64_{{[0-9]+}}(
// MEMORY:         call @square_sum_64(
// MEMORY:         memref.load %{{.*}}[] : memref<f64>
// MEMORY-COUNT-2: call @adamw_9x64(
// MEMORY:         call @adamw_64(
// MEMORY-NOT:     call
// MEMORY-NOT:     memref.copy
// MEMORY:         return

// LLVM-DAG: llvm.func @m_update({{.*}}) {
// LLVM-DAG: llvm.func @m_loss({{.*}}) -> f32
// LLVM-DAG: llvm.func @m_gradient({{.*}}) -> f32
func.func @loss(%ids: tensor<1x?xi32> {ternary.role = #ternary.role<ids>}, %targets: tensor<1x?xi32> {ternary.role = #ternary.role<targets>},
                %table: tensor<9x64xf32> {ternary.parameter = "table"}, %w: tensor<9x64xf32> {ternary.parameter = "w"}, %g: tensor<64xf32> {ternary.parameter = "g"})
    -> (tensor<f32> {ternary.role = #ternary.role<loss>}) attributes {ternary.step = #ternary.step<loss>} {
  %x = ternary.embedding %ids, %table : tensor<1x?xi32>, tensor<9x64xf32> -> tensor<1x?x64xf32>
  %y = ternary.bit_linear %x, %w norm(%g : tensor<64xf32>) : tensor<1x?x64xf32>, tensor<9x64xf32> -> tensor<1x?x9xf32>
  %l = ternary.cross_entropy %y, %targets : tensor<1x?x9xf32>, tensor<1x?xi32> -> tensor<f32>
  return %l : tensor<f32>
}
