#!/usr/bin/env python3
"""Records what Transformers computes for a tiny BitNet b1.58 (BitNetForCausalLM).

    make_bitnet_golden.py --out DIR

It writes `DIR/bitnet-odd/config.json` and `model.safetensors` as `save_pretrained` does, and
`expected.safetensors`:

    input_ids       i32[rows, tokens]
    logits          f32[rows, tokens, vocabulary]
    loss            f32[]                           of every token but the first of a row
    grad.PARAMETER  f32[...]                        of the loss, straight through the rounding

all in float32, with eager attention and layers (AutoBitLinear) that make their weights ternary as
they run.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

# Rounding as it is written, not as a compiler fuses it.
os.environ["TORCHDYNAMO_DISABLE"] = "1"

import torch
from safetensors.torch import save_file
from transformers import BitNetConfig, BitNetForCausalLM, BitNetQuantConfig
from transformers_golden import make_ternary, record_expected, vary_gains

NAME = "bitnet-odd"
ROWS, TOKENS = 3, 11


def main() -> int:
    """Writes the model and what is expected of it."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--out", type=Path, required=True, help="directory to write")
    out = parser.parse_args().out / NAME
    torch.set_num_threads(1)
    torch.manual_seed(1)
    config = BitNetConfig(
        vocab_size=37,
        hidden_size=42,
        intermediate_size=53,
        num_hidden_layers=2,
        num_attention_heads=3,
        num_key_value_heads=1,
        max_position_embeddings=64,
        bos_token_id=1,
        eos_token_id=2,
        # Large enough for attention to be far from even.
        initializer_range=0.2,
        attn_implementation="eager",
    )
    model = BitNetForCausalLM(config)
    make_ternary(model.model)
    vary_gains(model)
    model.config.quantization_config = BitNetQuantConfig(
        linear_class="autobitlinear", quantization_mode="online"
    )
    ids = torch.randint(0, config.vocab_size, (ROWS, TOKENS))
    out.mkdir(parents=True, exist_ok=True)
    model.config.to_json_file(out / "config.json")
    weights = {name: tensor.detach() for name, tensor in model.named_parameters()}
    save_file(weights, out / "model.safetensors", metadata={"format": "pt"})
    record_expected(model, ids, out)
    return 0


if __name__ == "__main__":
    sys.exit(main())
