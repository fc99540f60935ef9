//===- TernaryDialect.td - The ternary dialect -------------*- tablegen -*-===//
//
// Part of the Ternary project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TERNARY_DIALECT_TD
#define TERNARY_DIALECT_TD

include "mlir/IR/DialectBase.td"

def Ternary_Dialect : Dialect {
  let name = "ternary";
  let summary = "Language models with weights -1, 0 and +1";
  let description = [{
    The dialect follows a model from its layers down to one loop nest per kernel:

    - *graph* ops are layers on tensors: `embedding`, `rms_norm`, `bit_linear`,
      `mlgru`, `glu`, `output_gate`, `lower_bounds`, `activate`; in a float Transformer
      `linear`, `rotary_embedding`, `attention`; in RWKV `layer_norm`, `token_shift`,
      `time_mix`, `wkv`;
    - *quantised* ops say what a layer computes: `square_sums`, `inverse_rms`,
      `normalize`, `center`, `quantize_activations`, `quantize_weights`, `accumulate`,
      `dequantize`, `linear_scan`; of a float layer `transpose`, `matmul`, or, with ternary
      weights, `accumulate` and `dequantize` as well;
    - *kernel* ops group them, each one loop nest: `row_kernel`, `linear_kernel`,
      `gather_kernel`, `scan_kernel`; `matmul_kernel`, `rotary_kernel`,
      `attention_kernel`; `token_shift_kernel`, `wkv_kernel`;
    - *packed* weights carry their layout in the type, and `archive`,
      `read_parameter`, `archive_entry` and `parameter` tie them to the file that
      holds them.

    A shape is written `[..., K]` where the op treats all leading dimensions
    alike, as *rows*; rows are usually batch and time. `K` is always static, the
    leading dimensions may be dynamic.

    All float arithmetic is f32 (ops of floats alone also take f64, which the
    reference target lowers, to compare gradients with finite differences), each
    operation rounded to nearest even on its own (fused multiply-add only where an
    op says so), in the order that an op's equation gives. Sums of f32 over a row
    are *blocked*, unless the op gives another order, so that their order depends
    neither on vector width nor on the number of threads:

    ```
    lane(l, b) = e[32 b + l] + e[32 b + 16 + l]     for l < 16; missing e are +0
    fold(v)    = halves of v added lane by lane until one lane is left: l and l + 8,
                 then l and l + 4, l + 2, l + 1
    block(b)   = fold(lane(., b))
    rowsum(e)  = fold(s),  s[l] = block(l) + block(16 + l) + block(32 + l) + ...
    ```

    Rounding to an integer is to nearest, ties to even.
  }];
  let cppNamespace = "::ternary";
  let useDefaultAttributePrinterParser = 1;
  let useDefaultTypePrinterParser = 1;
  let hasOperationAttrVerify = 1;
  let hasRegionArgAttrVerify = 1;
  let hasRegionResultAttrVerify = 1;
}

#endif // TERNARY_DIALECT_TD
