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
      `time_mix`, `wkv`; of what a session keeps `append` and `advance`;
    - *quantised* ops say what a layer computes: `square_sums`, `inverse_rms`,
      `normalize`, `center`, `quantize_activations`, `quantize_weights`, `accumulate`,
      `dequantize`, `linear_scan`; of a float layer `transpose`, `matmul`, or, with ternary
      weights, `accumulate` and `dequantize` as well;
    - *kernel* ops group them, each one loop nest: `row_kernel`, `linear_kernel`,
      `gather_kernel`, `scan_kernel`; `matmul_kernel`, `rotary_kernel`,
      `attention_kernel`; `append_kernel`, `advance_kernel`; `token_shift_kernel`, `wkv_kernel`;
    - *packed* weights carry their layout in the type, and `archive`,
      `read_parameter`, `archive_entry` and `parameter` tie them to the file that
      holds them.

    A shape is written `[..., K]` where the op treats all leading dimensions
    alike, as *rows*; rows are usually batch and time. `K` is always static, the
    leading dimensions may be dynamic.

    All float arithmetic is f32 (ops of floats alone also take f64, which the
    reference target lowers, to compare gradients with finite differences), each
    operation rounded to nearest even on its own (fused multiply-add only where an
    op says so), in the order that an op's equation gives. The order of a sum depends
    neither on vector width nor on the number of threads. There are two.

    A *blocked* sum over e[0], ..., e[n - 1] has blocks of 64 neighbours, by their index,
    that are added in order from +0, products by fused multiply-add. What blocks add up to
    is added in pairs, by index, until one is left:

    ```
    part(0, b)     = +0 + e[64 b] + e[64 b + 1] + ... + e[64 b + 63]
    part(j + 1, i) = part(j, 2 i) + part(j, 2 i + 1)
    sum(e)         = part(j, 0)                       for the first j at which there is no other
    ```

    Elements that do not exist are left out. Of a pair that lacks one, the other one is the
    result as it is, -0 included; with no elements at all the sum is +0. So sums may be split
    at any multiple of a power of two of blocks, and who goes from front to back keeps at most
    one part for each power of two. All sums over k, channels, keys, queries and groups of
    columns are blocked.

    Statistics of rows and what `rowsum` is said of are sums over lanes:

    ```
    lane(l, b) = e[32 b + l] + e[32 b + 16 + l]     for l < 16; missing e are +0
    fold(v)    = halves of v added lane by lane until one lane is left: l and l + 8,
                 then l and l + 4, l + 2, l + 1
    block(b)   = fold(lane(., b))
    rowsum(e)  = fold(s),  s[l] = block(l) + block(16 + l) + block(32 + l) + ...
    ```

    Rounding to an integer is to nearest, ties to even.

    Infinity and NaN are what IEEE 754 makes of them, in elements that an equation names: what
    it does not, as keys after a query, has no influence whatever it is. Which NaN it is (its
    sign and payload) is not specified.
  }];
  let cppNamespace = "::ternary";
  let useDefaultAttributePrinterParser = 1;
  let useDefaultTypePrinterParser = 1;
  let hasOperationAttrVerify = 1;
  let hasRegionArgAttrVerify = 1;
  let hasRegionResultAttrVerify = 1;
}

#endif // TERNARY_DIALECT_TD
