"""The float model of equal size to compare with: RMSNorm, rotary attention, SwiGLU.

Same widths, depth, vocabulary and untied head as the MatMul-free model, and the same places for
dropout. With an MLP of the same width the matrices hold exactly as many weights.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .hgrn import HGRNBitConfig, RMSNorm

HEAD_SIZE = 64
ROTARY_BASE = 10000.0


def rotate(x: Tensor) -> Tensor:
    """Rotary position embedding of [B, heads, T, HEAD_SIZE], the two halves forming the pairs."""
    half = x.shape[-1] // 2
    speed = ROTARY_BASE ** (-torch.arange(half, device=x.device, dtype=torch.float32) / half)
    angle = torch.arange(x.shape[-2], device=x.device, dtype=torch.float32)[:, None] * speed
    a, b = x.chunk(2, dim=-1)
    cos, sin = angle.cos(), angle.sin()
    return torch.cat([a * cos - b * sin, a * sin + b * cos], dim=-1)


class Attention(nn.Module):
    """Causal attention over heads of HEAD_SIZE channels."""

    def __init__(self, size: int) -> None:
        super().__init__()
        if size % HEAD_SIZE:
            raise ValueError(f"expected a hidden size that {HEAD_SIZE} divides, got {size}")
        self.q_proj = nn.Linear(size, size, bias=False)
        self.k_proj = nn.Linear(size, size, bias=False)
        self.v_proj = nn.Linear(size, size, bias=False)
        self.o_proj = nn.Linear(size, size, bias=False)

    def forward(self, u: Tensor) -> Tensor:
        batch, length, size = u.shape
        q, k, v = (
            proj(u).view(batch, length, -1, HEAD_SIZE).transpose(1, 2)
            for proj in (self.q_proj, self.k_proj, self.v_proj)
        )
        mixed = F.scaled_dot_product_attention(rotate(q), rotate(k), v, is_causal=True)
        return self.o_proj(mixed.transpose(1, 2).reshape(batch, length, size))


class SwiGLU(nn.Module):
    """down(SiLU(a) b), where a and b are the halves of gate_proj's output."""

    def __init__(self, size: int, inner: int) -> None:
        super().__init__()
        self.gate_proj = nn.Linear(size, 2 * inner, bias=False)
        self.down_proj = nn.Linear(inner, size, bias=False)

    def forward(self, v: Tensor) -> Tensor:
        a, b = self.gate_proj(v).chunk(2, dim=-1)
        return self.down_proj(F.silu(a) * b)


class TransformerBlock(nn.Module):
    """One layer: attention and MLP, each behind a norm and added to its input."""

    def __init__(self, config: HGRNBitConfig, dropout: float) -> None:
        super().__init__()
        self.attn_norm = RMSNorm(config.hidden_size, config.rms_norm_eps)
        self.attn = Attention(config.hidden_size)
        self.mlp_norm = RMSNorm(config.hidden_size, config.rms_norm_eps)
        self.mlp = SwiGLU(config.hidden_size, config.mlp_size)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.dropout(self.attn(self.attn_norm(x)))
        return x + self.dropout(self.mlp(self.mlp_norm(x)))


class Transformer(nn.Module):
    """The language model; `forward` gives the logits [B,T,V] of ids [B,T]."""

    def __init__(self, config: HGRNBitConfig, dropout: float = 0.0) -> None:
        super().__init__()
        self.config = config
        self.embeddings = nn.Embedding(config.vocab_size, config.hidden_size)
        self.layers = nn.ModuleList(
            TransformerBlock(config, dropout) for _ in range(config.num_hidden_layers)
        )
        self.norm = RMSNorm(config.hidden_size, config.rms_norm_eps)
        self.lm_head = nn.Linear(config.hidden_size, config.vocab_size, bias=False)
        self.dropout = nn.Dropout(dropout)

    def forward(self, ids: Tensor) -> Tensor:
        x = self.dropout(self.embeddings(ids))
        for layer in self.layers:
            x = layer(x)
        return self.lm_head(self.norm(x))
