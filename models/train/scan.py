"""h_t = f_t h_(t-1) + i_t along time, for all channels at once, and its gradient.

A loop over T steps would launch T small kernels. Time is cut into chunks instead: a first loop
walks all chunks side by side, a second one carries the state from each chunk to the next, so that
there are about 2 sqrt(T) steps. It is an operator of its own so that torch.compile leaves the
loops alone instead of unrolling them.
"""

from __future__ import annotations

import itertools
import math

import torch
from torch import Tensor


def _scan(f: Tensor, i: Tensor) -> Tensor:
    batch, length, size = f.shape
    chunk = 1 << (math.isqrt(length).bit_length() - 1)
    padding = -length % chunk
    # Steps of padding come last and touch nothing that is kept.
    decay = torch.nn.functional.pad(f, (0, 0, 0, padding)).view(batch, -1, chunk, size).clone()
    h = torch.nn.functional.pad(i, (0, 0, 0, padding)).view(batch, -1, chunk, size).clone()
    # From here h is right within each chunk, and decay is the product of f since its start.
    steps = list(zip(decay.unbind(2), h.unbind(2), strict=True))
    for (decay_before, h_before), (decay_here, h_here) in itertools.pairwise(steps):
        h_here.addcmul_(decay_here, h_before)
        decay_here.mul_(decay_before)
    chunks, last = list(zip(decay.unbind(1), h.unbind(1), strict=True)), h[:, :, -1:].unbind(1)
    for (decay_here, h_here), carried in zip(chunks[1:], last, strict=False):
        h_here.addcmul_(decay_here, carried)
    return h.view(batch, -1, size)[:, :length].contiguous()


@torch.library.custom_op("ternary::linear_scan", mutates_args=())
def linear_scan(f: Tensor, i: Tensor) -> Tensor:
    """All states h [B,T,H] of the recurrence, from a state of zero before the first step."""
    return _scan(f, i)


@torch.library.custom_op("ternary::linear_scan_backward", mutates_args=())
def linear_scan_backward(f: Tensor, d_h: Tensor) -> Tensor:
    """The scan in reverse time: g_t = d_h_t + f_(t+1) g_(t+1)."""
    later = torch.cat([f[:, 1:], torch.zeros_like(f[:, :1])], dim=1)
    return _scan(later.flip(1), d_h.flip(1)).flip(1).contiguous()


@linear_scan.register_fake
def _(f: Tensor, i: Tensor) -> Tensor:
    return torch.empty_like(f, memory_format=torch.contiguous_format)


@linear_scan_backward.register_fake
def _(f: Tensor, d_h: Tensor) -> Tensor:
    return torch.empty_like(f, memory_format=torch.contiguous_format)


def _save(ctx, inputs: tuple[Tensor, Tensor], output: Tensor) -> None:
    ctx.save_for_backward(inputs[0], output)


def _backward(ctx, d_h: Tensor) -> tuple[Tensor, Tensor]:
    f, h = ctx.saved_tensors
    d_i = linear_scan_backward(f, d_h)
    before = torch.cat([torch.zeros_like(h[:, :1]), h[:, :-1]], dim=1)
    return d_i * before, d_i


linear_scan.register_autograd(_backward, setup_context=_save)
