"""Writes functions/exported.mlir, a classifier as torch-mlir exports it, and in exported/ inputs
with what PyTorch computes for them. Needs torch and torch-mlir.

    python integration/data/make_exported_golden.py
"""

import pathlib

import numpy as np
import torch
from torch import nn
from torch_mlir import fx

DATA = pathlib.Path(__file__).parent


class BitLinear(nn.Module):
    """BitNet b1.58's layer with straight-through quantisation, as it is trained."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.norm = nn.RMSNorm(inputs, eps=1e-6)
        self.weight = nn.Parameter(torch.randn(outputs, inputs) * 0.1)
        nn.init.uniform_(self.norm.weight, 0.5, 1.5)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.norm(x)
        scale = 127.0 / x.abs().max(dim=-1, keepdim=True).values.clamp_(min=1e-5)
        x = x + ((x * scale).round().clamp_(-128, 127) / scale - x).detach()
        scale = 1.0 / self.weight.abs().mean().clamp_(min=1e-5)
        quantized = (self.weight * scale).round().clamp_(-1, 1) / scale
        return nn.functional.linear(x, self.weight + (quantized - self.weight).detach())


def main() -> None:
    torch.manual_seed(1)
    module = nn.Sequential(
        BitLinear(20, 12),
        nn.GELU(),
        nn.LayerNorm(12),
        BitLinear(12, 12),
        nn.SiLU(),
        BitLinear(12, 6),
    ).eval()
    x = torch.randn(3, 5, 20)
    text = fx.export_and_import(module, x, output_type="linalg-on-tensors", func_name="f")
    (DATA / "functions" / "exported.mlir").write_text(
        "// Made by make_exported_golden.py: layers as torch-mlir exports them.\n" + str(text)
    )
    folder = DATA / "exported"
    folder.mkdir(exist_ok=True)
    np.save(folder / "x.npy", x.numpy())
    np.save(folder / "y.npy", module(x).detach().numpy())


if __name__ == "__main__":
    main()
