#!/usr/bin/env python3
"""Records what Transformers computes for tiny checkpoints of packed ternary weights.

    make_packed_golden.py --out DIR

For each model it writes `DIR/NAME/config.json` and `model.safetensors`, whose weights are u8 with
four trits in a byte and come with a `weight_scale`, has Transformers load these files as it loads
published ones, and writes `expected.safetensors`:

    input_ids       i32[rows, tokens]
    logits          f32[rows, tokens, vocabulary]

all in float32, with eager attention.
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
from transformers import (
    AutoModelForCausalLM,
    BitNetConfig,
    BitNetForCausalLM,
    LlamaConfig,
    LlamaForCausalLM,
)
from transformers.integrations.bitnet import pack_weights
from transformers_golden import vary_gains

SHAPE = {
    "num_hidden_layers": 2,
    "max_position_embeddings": 64,
    "bos_token_id": 1,
    "eos_token_id": 2,
    # Large enough for attention to be far from even.
    "initializer_range": 0.2,
}
# What is special about them: scales that multiply, as BitNet b1.58 2B-4T has them; scales that
# divide, as of Falcon3-1.58bit, whose quantization_config says little; a norm in each layer.
MODELS = {
    "packed-bitnet": (
        BitNetForCausalLM,
        BitNetConfig(
            vocab_size=37,
            hidden_size=48,
            intermediate_size=52,
            num_attention_heads=3,
            num_key_value_heads=1,
            tie_word_embeddings=True,
            **SHAPE,
        ),
        {"linear_class": "autobitlinear", "quantization_mode": "offline"},
    ),
    "packed-llama": (
        LlamaForCausalLM,
        LlamaConfig(
            vocab_size=41,
            hidden_size=36,
            intermediate_size=60,
            num_attention_heads=4,
            num_key_value_heads=2,
            head_dim=10,
            rope_parameters={"rope_type": "default", "rope_theta": 1000042.0},
            **SHAPE,
        ),
        {"modules_to_not_convert": ["lm_head"]},
    ),
    "packed-norms": (
        LlamaForCausalLM,
        LlamaConfig(
            vocab_size=31,
            hidden_size=40,
            intermediate_size=28,
            num_attention_heads=2,
            num_key_value_heads=2,
            **SHAPE,
        ),
        {"use_rms_norm": True, "rms_norm_eps": 1e-3},
    ),
}
ROWS, TOKENS = 2, 13


def pack(model: torch.nn.Module, quantization: dict) -> dict[str, torch.Tensor]:
    """The parameters, those of linear layers in blocks packed, with scales of either meaning."""
    linear = {
        name
        for name, module in model.model.named_modules(prefix="model")
        if isinstance(module, torch.nn.Linear)
    }
    tensors = {}
    for name, parameter in model.named_parameters():
        layer = name.removesuffix(".weight")
        if layer not in linear:
            tensors[name] = parameter.detach()
            continue
        mean = parameter.detach().abs().mean()
        trits = (parameter.detach() / mean).round().clamp(-1, 1)
        tensors[name] = pack_weights(trits)
        multiplies = quantization.get("linear_class") == "autobitlinear"
        tensors[f"{layer}.weight_scale"] = (mean if multiplies else 1 / mean).reshape(1)
        if quantization.get("use_rms_norm"):
            gain = 1 + 0.2 * torch.randn(parameter.shape[1])
            tensors[f"{layer}.rms_norm.weight"] = gain
    if model.config.tie_word_embeddings:
        tensors.pop("lm_head.weight", None)
    return tensors


def record(name: str, out: Path) -> None:
    """Writes one model and what is expected of it."""
    model_class, config, quantization = MODELS[name]
    model = model_class(config)
    vary_gains(model)
    config.quantization_config = {"quant_method": "bitnet", **quantization}
    config.architectures = [model_class.__name__]
    out.mkdir(parents=True, exist_ok=True)
    config.to_json_file(out / "config.json")
    save_file(pack(model, quantization), out / "model.safetensors", metadata={"format": "pt"})

    loaded = AutoModelForCausalLM.from_pretrained(
        out, dtype=torch.float32, attn_implementation="eager"
    )
    ids = torch.randint(0, config.vocab_size, (ROWS, TOKENS))
    with torch.no_grad():
        logits = loaded(input_ids=ids).logits
    expected = {"input_ids": ids.int(), "logits": logits.contiguous()}
    save_file(expected, out / "expected.safetensors")
    print(f"{name}: logits up to {logits.abs().max().item():.3f}")


def main() -> int:
    """Writes the models and what is expected of them."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--out", type=Path, required=True, help="directory to write")
    out = parser.parse_args().out
    torch.set_num_threads(1)
    torch.manual_seed(1)
    for name in MODELS:
        record(name, out / name)
    return 0


if __name__ == "__main__":
    sys.exit(main())
