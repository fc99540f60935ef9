#!/usr/bin/env python3
"""Records what Transformers computes for tiny RWKV-4 models (RwkvForCausalLM).

    make_rwkv_golden.py --out DIR

For each model it writes `DIR/NAME/config.json`, `model.safetensors` and `expected.safetensors`:

    input_ids       i32[rows, tokens]
    logits          f32[rows, tokens, vocabulary]   with hidden states rescaled, as for text
    loss            f32[]                           of every token but the first of a row
    grad.PARAMETER  f32[...]                        of the loss

all in float32. Layers of blocks are float or, where a model says so, ones that make their weights
ternary as they run (AutoBitLinear).
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
from transformers import BitNetQuantConfig, RwkvConfig, RwkvForCausalLM
from transformers_golden import make_ternary, record_expected

# What is special about them: sizes that are not said; odd ones, others for WKV, and a tied table;
# ternary layers. Where ε is large, it shows that hidden states are rescaled.
MODELS = {
    "rwkv-plain": {
        "vocab_size": 61,
        "hidden_size": 48,
        "num_hidden_layers": 3,
        "layer_norm_epsilon": 1e-2,
        "rescale_every": 2,
    },
    "rwkv-odd": {
        "vocab_size": 37,
        "hidden_size": 39,
        "attention_hidden_size": 53,
        "intermediate_size": 70,
        "num_hidden_layers": 2,
        "rescale_every": 0,
        "tie_word_embeddings": True,
    },
    "rwkv-ternary": {
        "vocab_size": 41,
        "hidden_size": 42,
        "attention_hidden_size": 35,
        "intermediate_size": 67,
        "num_hidden_layers": 3,
        "layer_norm_epsilon": 1e-3,
        "rescale_every": 1,
    },
}
TERNARY = {"rwkv-ternary"}
TOKENS = {"rwkv-plain": (2, 23), "rwkv-odd": (3, 12), "rwkv-ternary": (3, 8)}
# One for which no activation is so close to the middle between two codes that the order of sums
# decides which of them it becomes.
SEEDS = {"rwkv-plain": 1, "rwkv-odd": 2, "rwkv-ternary": 6}


def draw(model: RwkvForCausalLM) -> None:
    """Draws parameters so that each of them matters."""
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            noise = torch.randn_like(parameter)
            if "time_mix" in name:
                parameter.copy_(torch.rand_like(parameter))
            elif "time_" in name:
                parameter.copy_(noise)
            elif name.endswith("bias"):
                parameter.copy_(0.2 * noise)
            elif parameter.dim() == 1:
                parameter.copy_(1 + 0.2 * noise)
            else:
                parameter.copy_(0.3 * noise)


def record(name: str, out: Path) -> None:
    """Writes one model and what is expected of it."""
    torch.manual_seed(SEEDS[name])
    # Without a cache: that of Transformers has no place for other sizes of WKV.
    config = RwkvConfig(use_cache=False, bos_token_id=1, eos_token_id=2, **MODELS[name])
    config.architectures = ["RwkvForCausalLM"]
    model = RwkvForCausalLM(config)
    draw(model)
    if name in TERNARY:
        make_ternary(model.rwkv)
        model.config.quantization_config = BitNetQuantConfig(
            linear_class="autobitlinear", quantization_mode="online"
        )
    ids = torch.randint(0, config.vocab_size, TOKENS[name])
    out.mkdir(parents=True, exist_ok=True)
    model.config.to_json_file(out / "config.json")
    weights = {name: tensor.detach() for name, tensor in model.named_parameters()}
    save_file(weights, out / "model.safetensors", metadata={"format": "pt"})
    model.eval()
    with torch.no_grad():
        logits = model(input_ids=ids).logits
    model.train()
    record_expected(model, ids, out, logits)


def main() -> int:
    """Runs what the command line asks for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--out", type=Path, required=True, help="directory to write")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    for name in MODELS:
        record(name, arguments.out / name)
    return 0


if __name__ == "__main__":
    sys.exit(main())
