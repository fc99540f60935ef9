#!/usr/bin/env python3
"""Records what Transformers computes for tiny models of ternary weights and float activations.

    make_float_activations_golden.py --out DIR

They are LlamaForCausalLM and Qwen3ForCausalLM whose weights are -s, 0 and s alone, in float16: as
TriLM has them, with a scale for each block of rows, the table and the head being floats, and as
Ternary-Bonsai, with a scale for each 128 columns of a row, in the table and the head as well.
For each model it writes `DIR/NAME/config.json` and `model.safetensors` as `save_pretrained` does,
and `expected.safetensors`:

    input_ids       i32[rows, tokens]
    logits          f32[rows, tokens, vocabulary]   in float32, with eager attention
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import Tensor, nn
from transformers import AutoModelForCausalLM, LlamaConfig, Qwen3Config
from transformers_golden import vary_gains

# What is special about them: columns that are no multiple of 16 or 4; a tied table and groups
# that lie across the quarters of a row; groups that do not, and more heads than share keys.
MODELS = {
    "trilm-blocks": {
        "vocab_size": 61,
        "hidden_size": 72,
        "intermediate_size": 102,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "rms_norm_eps": 1e-5,
    },
    "bonsai-tied": {
        "vocab_size": 53,
        "hidden_size": 256,
        "intermediate_size": 384,
        "num_hidden_layers": 1,
        "num_attention_heads": 2,
        "num_key_value_heads": 1,
        "head_dim": 64,
        "tie_word_embeddings": True,
        "rope_parameters": {"rope_type": "default", "rope_theta": 1000000.0},
    },
    "bonsai-untied": {
        "vocab_size": 71,
        "hidden_size": 512,
        "intermediate_size": 128,
        "num_hidden_layers": 1,
        "num_attention_heads": 3,
        "num_key_value_heads": 3,
        "head_dim": 42,
        "rope_parameters": {"rope_type": "default", "rope_theta": 1000000.0},
    },
}
TOKENS = {"trilm-blocks": (2, 23), "bonsai-tied": (2, 19), "bonsai-untied": (1, 16)}
BLOCKS_OF_ROWS = 3
COLUMNS_OF_GROUP = 128


def make_ternary(weight: Tensor, is_grouped: bool) -> None:
    """Replaces values by trits times scales that float16 holds, of columns or blocks of rows."""
    trits = torch.randint(-1, 2, weight.shape)
    deviation = weight.std()

    def draw(*shape: int) -> Tensor:
        return (deviation * (0.5 + torch.rand(shape))).half().float()

    rows, columns = weight.shape
    if is_grouped:
        scales = draw(rows, -(-columns // COLUMNS_OF_GROUP))
        scales = scales.repeat_interleave(COLUMNS_OF_GROUP, dim=1)[:, :columns]
    else:
        block = -(-rows // BLOCKS_OF_ROWS)
        scales = draw(BLOCKS_OF_ROWS, 1).repeat_interleave(block, dim=0)[:rows]
    weight.copy_(trits * scales)


def record(name: str, out: Path) -> None:
    """Writes one model and what is expected of it."""
    torch.manual_seed(sorted(MODELS).index(name))
    is_bonsai = name.startswith("bonsai")
    config_class = Qwen3Config if is_bonsai else LlamaConfig
    config = config_class(
        max_position_embeddings=256,
        # Large enough for attention to be far from even.
        initializer_range=0.1,
        attn_implementation="eager",
        **MODELS[name],
    )
    model = AutoModelForCausalLM.from_config(config)
    vary_gains(model)
    with torch.no_grad():
        for path, module in model.named_modules():
            is_table = isinstance(module, nn.Embedding) or path == "lm_head"
            if isinstance(module, (nn.Embedding, nn.Linear)) and (is_bonsai or not is_table):
                make_ternary(module.weight, is_bonsai)
    model.half().save_pretrained(out / name)
    (out / name / "generation_config.json").unlink()
    ids = torch.randint(0, config.vocab_size, TOKENS[name])
    # Read again, since half() rounds the frequencies of rotations as well.
    model = AutoModelForCausalLM.from_pretrained(
        out / name, dtype=torch.float32, attn_implementation="eager"
    )
    with torch.no_grad():
        logits = model(input_ids=ids).logits
    expected = {"input_ids": ids.int(), "logits": logits.contiguous()}
    save_file(expected, out / name / "expected.safetensors")
    print(f"{name}: logits up to {logits.abs().max().item():.3f}")


def main() -> int:
    """Runs what the command line asks for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--out", type=Path, required=True, help="directory to write")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    for name in MODELS:
        record(name, arguments.out)
    return 0


if __name__ == "__main__":
    sys.exit(main())
