"""What the scripts that record models of Transformers share."""

from __future__ import annotations

from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import Tensor, nn


def vary_gains(model: nn.Module) -> None:
    """Draws the gains of norms around 1, so that a gain that is left out shows."""
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.dim() == 1:
                parameter.copy_(1 + 0.2 * torch.randn_like(parameter))


def record_expected(model: nn.Module, ids: Tensor, out: Path) -> None:
    """Writes `expected.safetensors`: ids, logits, loss and the gradient of every parameter."""
    result = model(input_ids=ids, labels=ids)
    result.loss.backward()
    expected = {
        "input_ids": ids.int(),
        "logits": result.logits.detach().contiguous(),
        "loss": result.loss.detach(),
    }
    for name, parameter in model.named_parameters():
        expected[f"grad.{name}"] = parameter.grad.contiguous()
    save_file(expected, out / "expected.safetensors")
    print(f"{out.name}: loss {result.loss.item():.6f}")
