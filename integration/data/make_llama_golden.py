#!/usr/bin/env python3
"""Records what Transformers computes for tiny float Transformers (Llama and Qwen3).

    make_llama_golden.py --out DIR

For each model it writes `DIR/NAME/config.json` and `model.safetensors` as `save_pretrained` does,
and `expected.safetensors`:

    input_ids       i32[rows, tokens]
    logits          f32[rows, tokens, vocabulary]
    loss            f32[]                           of every token but the first of a row
    grad.PARAMETER  f32[...]                        of the loss

all in float32, with eager attention.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import torch
from transformers import AutoModelForCausalLM, LlamaConfig, Qwen3Config
from transformers_golden import record_expected, vary_gains

# What is special about them: grouped heads; a tied table and odd sizes, of heads that are no
# part of the hidden size; one group and several blocks of keys and queries; norms of heads.
MODELS = {
    "llama-grouped": {
        "vocab_size": 61,
        "hidden_size": 64,
        "intermediate_size": 96,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "rms_norm_eps": 1e-5,
        "rope_parameters": {"rope_type": "default", "rope_theta": 500000.0},
    },
    "llama-tied": {
        "vocab_size": 37,
        "hidden_size": 39,
        "intermediate_size": 53,
        "num_hidden_layers": 2,
        "num_attention_heads": 3,
        "num_key_value_heads": 3,
        "head_dim": 10,
        "tie_word_embeddings": True,
    },
    "llama-long": {
        "vocab_size": 29,
        "hidden_size": 32,
        "intermediate_size": 40,
        "num_hidden_layers": 1,
        "num_attention_heads": 2,
        "num_key_value_heads": 1,
    },
    "qwen3-heads": {
        "vocab_size": 43,
        "hidden_size": 36,
        "intermediate_size": 50,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "head_dim": 14,
        "rope_parameters": {"rope_type": "default", "rope_theta": 1000000.0},
    },
}
TOKENS = {
    "llama-grouped": (2, 19),
    "llama-tied": (3, 7),
    "llama-long": (1, 150),
    "qwen3-heads": (2, 17),
}


def record(name: str, out: Path) -> None:
    """Writes one model and what is expected of it."""
    torch.manual_seed(sorted(MODELS).index(name))
    config_class = Qwen3Config if name.startswith("qwen3") else LlamaConfig
    config = config_class(
        max_position_embeddings=256,
        # Large enough for attention to be far from even.
        initializer_range=0.2,
        attn_implementation="eager",
        **MODELS[name],
    )
    model = AutoModelForCausalLM.from_config(config)
    vary_gains(model)
    model.save_pretrained(out / name)
    (out / name / "generation_config.json").unlink()
    rows, tokens = TOKENS[name]
    ids = torch.randint(0, config.vocab_size, (rows, tokens))
    record_expected(model, ids, out / name)


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
