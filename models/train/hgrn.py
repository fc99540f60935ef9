"""The MatMul-free language model (HGRNBit) of arXiv 2406.02528, with straight-through gradients.

Module names are the names of the checkpoint's tensors, so that `state_dict()` is the checkpoint.
No multiplication by a weight is in the model but those by -1, 0 and +1: each linear layer is a
`BitLinear`, and the recurrence that takes the place of attention is elementwise.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .scan import linear_scan

# Floors of the two scales, so that an all-zero row or matrix divides by no zero.
SCALE_FLOOR = 1e-5


@dataclass(frozen=True)
class HGRNBitConfig:
    """Sizes and constants; the fields of a Hugging Face `config.json` with model_type hgrn_bit."""

    vocab_size: int
    max_position_embeddings: int
    hidden_size: int
    num_hidden_layers: int
    attn_mode: str = "fused_recurrent"
    num_heads: int = 1
    expand_ratio: int = 1
    use_short_conv: bool = False
    conv_size: int = 4
    share_conv_kernel: bool = True
    use_lower_bound: bool = True
    hidden_ratio: int = 4
    intermediate_size: int | None = None
    hidden_act: str = "swish"
    rms_norm_eps: float = 1e-6
    use_cache: bool = True
    initializer_range: float = 0.02
    fuse_cross_entropy: bool = False
    bos_token_id: int = 1
    eos_token_id: int = 2
    tie_word_embeddings: bool = False

    @property
    def mlp_size(self) -> int:
        """Width of the MLP: two thirds of hidden_ratio times H, rounded up to 256."""
        if self.intermediate_size is not None:
            return self.intermediate_size
        return 256 * -(-int(self.hidden_size * self.hidden_ratio * 2 / 3) // 256)

    def to_json(self, torch_dtype: str) -> dict[str, object]:
        """The contents of `config.json` for weights stored as `torch_dtype`."""
        return asdict(self) | {
            "model_type": "hgrn_bit",
            "architectures": ["HGRNBitForCausalLM"],
            "torch_dtype": torch_dtype,
        }

    @classmethod
    def from_json(cls, fields: dict) -> HGRNBitConfig:
        """The configuration in a `config.json`; fields that no size depends on are left out."""
        known = cls.__dataclass_fields__
        return cls(**{name: value for name, value in fields.items() if name in known})


def quantize_activations(y: Tensor) -> tuple[Tensor, Tensor]:
    """Rows of `y` as whole numbers in [-128, 127], and the scale of each row: q = round(s_a y)."""
    scale = 127 / y.abs().amax(-1, keepdim=True).clamp_min(SCALE_FLOOR)
    return (y * scale).round().clamp(-128, 127), scale


def quantize_weight(weight: Tensor) -> tuple[Tensor, Tensor]:
    """The matrix as trits, and its one scale: t = round(s_w W), with s_w = 1 / mean|W|.

    The mean is taken in float64: in float32 its last bit, and with it the trits of weights next
    to a threshold, would hang on the order of the sum, which differs between devices and between
    a compiled model and a plain one.
    """
    mean = weight.abs().mean(dtype=torch.float64)
    scale = (1 / mean.clamp_min(SCALE_FLOOR)).to(weight.dtype)
    return (weight * scale).round().clamp(-1, 1), scale


class _BitLinearFunction(torch.autograd.Function):
    """x -> norm -> quantise -> accumulate -> dequantise, with the straight-through gradient.

    q and t are whole numbers held as floats. Their sums stay under 128 K, far below 2^24, so a
    float32 product is the exact integer one, whichever order it is summed in. (That holds for
    TF32 too: it represents every q and t, and accumulates in float32.)
    """

    @staticmethod
    def forward(ctx, x: Tensor, gain: Tensor, weight: Tensor, eps: float) -> Tensor:
        r = torch.rsqrt(x.square().mean(-1, keepdim=True) + eps)
        q, s_a = quantize_activations(x * r * gain)
        t, s_w = quantize_weight(weight)
        # x and r are all that is kept per token: the rest is cheap to compute again.
        ctx.save_for_backward(x, r, gain, weight)
        return q @ t.T / (s_a * s_w)

    @staticmethod
    def backward(ctx, d_out: Tensor) -> tuple[Tensor, Tensor, Tensor, None]:
        x, r, gain, weight = ctx.saved_tensors
        x_hat = x * r
        q, s_a = quantize_activations(x_hat * gain)
        t, s_w = quantize_weight(weight)
        d_weight = d_out.flatten(0, -2).T @ (q / s_a).flatten(0, -2)
        d_y = d_out @ t / s_w
        d_gain = (d_y * x_hat).flatten(0, -2).sum(0)
        scaled = d_y * gain
        d_x = r * (scaled - x_hat * (x_hat * scaled).mean(-1, keepdim=True))
        return d_x, d_gain, d_weight, None


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
        return _BitLinearFunction.apply(x, self.norm.weight, self.weight, self.norm.eps)


class TokenMixer(nn.Module):
    """MLGRU: h_t = f_t h_(t-1) + i_t, each channel for itself, gated on the way out."""

    def __init__(self, config: HGRNBitConfig) -> None:
        super().__init__()
        size, eps = config.hidden_size, config.rms_norm_eps
        self.i_proj = BitLinear(size, size, eps)
        self.f_proj = BitLinear(size, size, eps)
        self.g_proj = BitLinear(size, size, eps)
        self.g_norm = RMSNorm(size, eps)
        self.o_proj = BitLinear(size, size, eps)

    def forward(
        self, u: Tensor, lower_bound: Tensor | None, state: Tensor | None
    ) -> tuple[Tensor, Tensor]:
        forget = torch.sigmoid(self.f_proj(u))
        if lower_bound is not None:
            forget = lower_bound + (1 - lower_bound) * forget
        entering = F.silu(self.i_proj(u)) * (1 - forget)
        if state is not None:
            first = entering[:, :1] + forget[:, :1] * state[:, None]
            entering = torch.cat([first, entering[:, 1:]], dim=1)
        h = linear_scan(forget, entering)
        return self.o_proj(self.g_norm(self.g_proj(u)) * F.silu(h)), h[:, -1]


class ChannelMixer(nn.Module):
    """Gated MLP: down(SiLU(a) b), where a and b are the halves of gate_proj's output."""

    def __init__(self, config: HGRNBitConfig) -> None:
        super().__init__()
        self.gate_proj = BitLinear(config.hidden_size, 2 * config.mlp_size, config.rms_norm_eps)
        self.down_proj = BitLinear(config.mlp_size, config.hidden_size, config.rms_norm_eps)

    def forward(self, v: Tensor) -> Tensor:
        a, b = self.gate_proj(v).chunk(2, dim=-1)
        return self.down_proj(F.silu(a) * b)


class Block(nn.Module):
    """One layer: token mixer and channel mixer, each behind a norm and added to its input."""

    def __init__(self, config: HGRNBitConfig, dropout: float) -> None:
        super().__init__()
        self.attn_norm = RMSNorm(config.hidden_size, config.rms_norm_eps)
        self.attn = TokenMixer(config)
        self.mlp_norm = RMSNorm(config.hidden_size, config.rms_norm_eps)
        self.mlp = ChannelMixer(config)
        self.dropout = nn.Dropout(dropout)

    def forward(
        self, x: Tensor, lower_bound: Tensor | None, state: Tensor | None
    ) -> tuple[Tensor, Tensor]:
        mixed, state = self.attn(self.attn_norm(x), lower_bound, state)
        x = x + self.dropout(mixed)
        return x + self.dropout(self.mlp(self.mlp_norm(x))), state


class Backbone(nn.Module):
    """Embedding, layers and the last norm; the lower bounds of all forget gates live here."""

    def __init__(self, config: HGRNBitConfig, dropout: float) -> None:
        super().__init__()
        self.embeddings = nn.Embedding(config.vocab_size, config.hidden_size)
        self.lower_bounds = nn.Parameter(torch.zeros(config.num_hidden_layers, config.hidden_size))
        self.layers = nn.ModuleList(Block(config, dropout) for _ in range(config.num_hidden_layers))
        self.norm = RMSNorm(config.hidden_size, config.rms_norm_eps)
        self.dropout = nn.Dropout(dropout)

    def forward(self, ids: Tensor, states: list[Tensor] | None) -> tuple[Tensor, list[Tensor]]:
        x = self.dropout(self.embeddings(ids))
        share = self.lower_bounds.softmax(0)
        bounds = share.cumsum(0) - share[0]
        last = []
        for n, layer in enumerate(self.layers):
            x, state = layer(x, bounds[n] if n else None, states[n] if states else None)
            last.append(state)
        return self.norm(x), last


class HGRNBitForCausalLM(nn.Module):
    """The language model; `forward` gives the logits, and with `states` it carries on from them."""

    def __init__(self, config: HGRNBitConfig, dropout: float = 0.0) -> None:
        super().__init__()
        self.config = config
        self.model = Backbone(config, dropout)
        self.lm_head = BitLinear(config.hidden_size, config.vocab_size, config.rms_norm_eps)

    def step(self, ids: Tensor, states: list[Tensor] | None = None) -> tuple[Tensor, list[Tensor]]:
        """Logits [B,T,V] of `ids` [B,T], and each layer's state [B,H] after the last of them."""
        x, states = self.model(ids, states)
        return self.lm_head(x), states

    def forward(self, ids: Tensor) -> Tensor:
        return self.step(ids)[0]
