"""HGRNBit, the MatMul-free language model of arXiv 2406.02528, as its released eager code has it.

Written to be compared with, not to be fast: fake quantisation in floats, straight-through
gradients by `x + (quantised(x) - x).detach()`, and everything else left to autograd. Module names
are the names of the checkpoint's tensors, so that `state_dict()` is the checkpoint.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn

# Floor of both scales, so that an all-zero row or matrix divides by no zero.
SCALE_FLOOR = 1e-5
# Epsilon of the norm within BitLinear: 1e-8 in the eager module, 1e-6 in the fused one.
EAGER_EPSILON, FUSED_EPSILON = 1e-8, 1e-6
# The target of a position that has none.
NO_TARGET = -1

Scan = Callable[[Tensor, Tensor], Tensor]


@dataclass(frozen=True)
class Config:
    """Sizes and the one constant of a `config.json` with model_type hgrn_bit."""

    vocab_size: int
    hidden_size: int
    num_hidden_layers: int
    intermediate_size: int
    rms_norm_eps: float

    @classmethod
    def from_json(cls, fields: dict) -> Config:
        """The configuration that a `config.json` holds."""
        size = fields["intermediate_size"]
        if size is None:
            size = int(fields["hidden_size"] * fields["hidden_ratio"] * 2 / 3)
            size = 256 * -(-size // 256)
        return cls(
            fields["vocab_size"],
            fields["hidden_size"],
            fields["num_hidden_layers"],
            size,
            fields["rms_norm_eps"],
        )

    @classmethod
    def load(cls, directory: Path) -> Config:
        """The configuration of a checkpoint."""
        return cls.from_json(json.loads((directory / "config.json").read_text("utf-8")))


def fake_quantize_activations(y: Tensor) -> Tensor:
    """Each row of `y` rounded to whole numbers of [-128, 127] over a scale, ties to even."""
    scale = 127.0 / y.abs().amax(-1, keepdim=True).clamp_min(SCALE_FLOOR)
    return (y * scale).round().clamp(-128, 127) / scale


def fake_quantize_weight(weight: Tensor) -> Tensor:
    """The matrix rounded to -1, 0 and 1 over one scale, ties to even.

    The released code takes the mean in the weight's own type. Here it is taken in float64 and
    rounded once, so that the order of the sum decides no trit.
    """
    mean = weight.abs().mean(dtype=torch.float64).to(weight.dtype)
    scale = 1.0 / mean.clamp_min(SCALE_FLOOR)
    return (weight * scale).round().clamp(-1, 1) / scale


def straight_through(exact: Tensor, quantized: Tensor) -> Tensor:
    """`quantized` on the way forward (but for a rounding), the identity on the way back."""
    return exact + (quantized - exact).detach()


class RMSNorm(nn.Module):
    """x / sqrt(mean(x^2) + eps), times a gain per channel."""

    def __init__(self, size: int, eps: float) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(size))
        self.eps = eps

    def forward(self, x: Tensor) -> Tensor:
        return x * torch.rsqrt(x.square().mean(-1, keepdim=True) + self.eps) * self.weight


class BitLinear(nn.Module):
    """A linear layer with ternary weights, 8-bit activations and a norm of its own."""

    def __init__(self, inputs: int, outputs: int, eps: float) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(outputs, inputs))
        self.norm = RMSNorm(inputs, eps)

    def forward(self, x: Tensor) -> Tensor:
        y = self.norm(x)
        y = straight_through(y, fake_quantize_activations(y))
        weight = straight_through(self.weight, fake_quantize_weight(self.weight))
        return F.linear(y, weight)


def loop_scan(f: Tensor, i: Tensor) -> Tensor:
    """All states of h_t = f_t h_(t-1) + i_t, over dimension 1, from zero: a loop over time."""
    h, states = torch.zeros_like(i[:, 0]), []
    for f_t, i_t in zip(f.unbind(1), i.unbind(1), strict=True):
        h = f_t * h + i_t
        states.append(h)
    return torch.stack(states, dim=1)


class TokenMixer(nn.Module):
    """MLGRU: an elementwise linear recurrence, gated on the way out."""

    def __init__(self, config: Config, eps: float, scan: Scan) -> None:
        super().__init__()
        size = config.hidden_size
        self.i_proj = BitLinear(size, size, eps)
        self.f_proj = BitLinear(size, size, eps)
        self.g_proj = BitLinear(size, size, eps)
        self.g_norm = RMSNorm(size, config.rms_norm_eps)
        self.o_proj = BitLinear(size, size, eps)
        self.scan = scan

    def forward(self, u: Tensor, lower_bound: Tensor | None) -> Tensor:
        forget = torch.sigmoid(self.f_proj(u))
        if lower_bound is not None:
            forget = lower_bound + (1 - lower_bound) * forget
        entering = F.silu(self.i_proj(u)) * (1 - forget)
        h = self.scan(forget, entering)
        return self.o_proj(self.g_norm(self.g_proj(u)) * F.silu(h))


class ChannelMixer(nn.Module):
    """Gated MLP: down(SiLU(a) b), where a and b are the halves of gate_proj's output."""

    def __init__(self, config: Config, eps: float) -> None:
        super().__init__()
        self.gate_proj = BitLinear(config.hidden_size, 2 * config.intermediate_size, eps)
        self.down_proj = BitLinear(config.intermediate_size, config.hidden_size, eps)

    def forward(self, v: Tensor) -> Tensor:
        a, b = self.gate_proj(v).chunk(2, dim=-1)
        return self.down_proj(F.silu(a) * b)


class Block(nn.Module):
    """One layer: token mixer and channel mixer, each behind a norm and added to its input."""

    def __init__(self, config: Config, eps: float, scan: Scan) -> None:
        super().__init__()
        self.attn_norm = RMSNorm(config.hidden_size, config.rms_norm_eps)
        self.attn = TokenMixer(config, eps, scan)
        self.mlp_norm = RMSNorm(config.hidden_size, config.rms_norm_eps)
        self.mlp = ChannelMixer(config, eps)

    def forward(self, x: Tensor, lower_bound: Tensor | None) -> Tensor:
        x = x + self.attn(self.attn_norm(x), lower_bound)
        return x + self.mlp(self.mlp_norm(x))


class Backbone(nn.Module):
    """Embedding, layers and the last norm; the lower bounds of all forget gates live here."""

    def __init__(self, config: Config, eps: float, scan: Scan) -> None:
        super().__init__()
        size, layers = config.hidden_size, config.num_hidden_layers
        self.embeddings = nn.Embedding(config.vocab_size, size)
        self.lower_bounds = nn.Parameter(torch.zeros(layers, size))
        self.layers = nn.ModuleList(Block(config, eps, scan) for _ in range(layers))
        self.norm = RMSNorm(size, config.rms_norm_eps)

    def forward(self, ids: Tensor) -> Tensor:
        x = self.embeddings(ids)
        share = self.lower_bounds.softmax(0)
        bounds = share.cumsum(0) - share[0]
        for n, layer in enumerate(self.layers):
            x = layer(x, bounds[n] if n else None)
        return self.norm(x)


class HGRNBit(nn.Module):
    """The language model: logits [B,T,V] of ids [B,T].

    `eps` is the epsilon of the norms within BitLinear; all other norms take the configuration's.
    """

    def __init__(self, config: Config, eps: float = EAGER_EPSILON, scan: Scan = loop_scan) -> None:
        super().__init__()
        self.model = Backbone(config, eps, scan)
        self.lm_head = BitLinear(config.hidden_size, config.vocab_size, eps)

    def forward(self, ids: Tensor) -> Tensor:
        return self.lm_head(self.model(ids))


def is_matrix(name: str, parameter: Tensor) -> bool:
    """Whether weight decay applies: to matrices, the embedding's too; to no norm and no bound."""
    return parameter.dim() == 2 and not name.endswith("lower_bounds")


def initialise(model: HGRNBit, seed: int, matrix_std: float, embedding_std: float) -> None:
    """Draws all weights anew from normal distributions; norms are one, lower bounds zero."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if is_matrix(name, parameter):
                std = embedding_std if name.endswith("embeddings.weight") else matrix_std
                parameter.copy_(torch.randn(parameter.shape, generator=generator) * std)
            else:
                parameter.fill_(0 if name.endswith("lower_bounds") else 1)


def loss_of(logits: Tensor, targets: Tensor) -> Tensor:
    """Mean of -log p(target) over the positions that have a target."""
    return F.cross_entropy(logits.flatten(0, -2), targets.flatten(), ignore_index=NO_TARGET)


def next_tokens(ids: Tensor) -> Tensor:
    """The targets within `ids` [B,T] itself: each position's next token; the last has none."""
    return F.pad(ids[:, 1:], (0, 1), value=NO_TARGET)
