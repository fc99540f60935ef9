"""What the scripts that record models of Transformers share."""

from __future__ import annotations

from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import Tensor, nn
from transformers.integrations.bitnet import AutoBitLinear


def vary_gains(model: nn.Module) -> None:
    """Draws the gains of norms around 1, so that a gain that is left out shows."""
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.dim() == 1:
                parameter.copy_(1 + 0.2 * torch.randn_like(parameter))


def make_ternary(model: nn.Module) -> None:
    """Replaces the linear layers of `model` by ones that make the same weights ternary."""
    for name, module in list(model.named_modules()):
        if isinstance(module, nn.Linear):
            layer = AutoBitLinear(
                module.in_features, module.out_features, bias=False, online_quant=True
            )
            layer.weight = module.weight
            model.set_submodule(name, layer)


def record_expected(model: nn.Module, ids: Tensor, out: Path, logits: Tensor | None = None) -> None:
    """Writes `expected.safetensors`: ids, logits, loss and the gradient of every parameter.

    `logits` are those of text, where they are not what the loss is computed from.
    """
    result = model(input_ids=ids, labels=ids)
    result.loss.backward()
    expected = {
        "input_ids": ids.int(),
        "logits": (result.logits.detach() if logits is None else logits).contiguous(),
        "loss": result.loss.detach(),
    }
    for name, parameter in model.named_parameters():
        expected[f"grad.{name}"] = parameter.grad.contiguous()
    save_file(expected, out / "expected.safetensors")
    print(f"{out.name}: loss {result.loss.item():.6f}")
