#!/usr/bin/env python3
"""Times one variant of training in PyTorch, in this process, and prints it as JSON.

`train_speed.py` runs this once for each variant, and says what they are.
"""

from __future__ import annotations

import argparse
import json
import math
import statistics
import sys
import time
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor

REPOSITORY = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(REPOSITORY / "models"))

from hgrn_eager import (  # noqa: E402
    Config,
    HGRNBit,
    Scan,
    initialise,
    is_matrix,
    loop_scan,
    loss_of,
)

COMPILE_MODES = {"compiled": "default", "autotuned": "max-autotune-no-cudagraphs"}


def parse_arguments() -> argparse.Namespace:
    """The command line; `train_speed.py` documents it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--config", type=Path, required=True)
    parser.add_argument("--mode", choices=("eager", *COMPILE_MODES), required=True)
    parser.add_argument("--scan", choices=SCANS, required=True)
    for option in ("--batch", "--tokens", "--steps", "--warmup", "--threads"):
        parser.add_argument(option, type=int, required=True)
    return parser.parse_args()


def resident(field: str) -> int:
    """Bytes that /proc reports: VmRSS now, VmHWM at most since the last `forget_peak`."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(f"{field}:"):
            return int(line.split()[1]) * 1024
    raise ValueError(f"expected {field} in /proc/self/status")


def forget_peak() -> None:
    """Lets VmHWM start anew from what is resident now."""
    Path("/proc/self/clear_refs").write_text("5")


def scan_vectors(f: Tensor, i: Tensor) -> Tensor:
    """One vector operation a step, into memory that is there already."""
    h = torch.empty_like(i, memory_format=torch.contiguous_format)
    f_t, i_t, h_t = f.unbind(1), i.unbind(1), h.unbind(1)
    h_t[0].copy_(i_t[0])
    for t in range(1, len(h_t)):
        torch.addcmul(i_t[t], f_t[t], h_t[t - 1], out=h_t[t])
    return h


def scan_chunked(f: Tensor, i: Tensor) -> Tensor:
    """All chunks side by side, then the state carried from each to the next."""
    batch, length, size = f.shape
    chunk = 1 << (math.isqrt(length).bit_length() - 1)
    pad = (0, 0, 0, -length % chunk)
    decay = F.pad(f, pad).view(batch, -1, chunk, size).clone()
    h = F.pad(i, pad).view(batch, -1, chunk, size).clone()
    # From here h is right within each chunk, and decay the product of f since its start.
    decays, states = decay.unbind(2), h.unbind(2)
    for t in range(1, chunk):
        states[t].addcmul_(decays[t], states[t - 1])
        decays[t].mul_(decays[t - 1])
    last = h[:, :, -1:].unbind(1)
    for n, (decay_n, h_n) in enumerate(zip(decay.unbind(1), h.unbind(1), strict=True)):
        if n:
            h_n.addcmul_(decay_n, last[n - 1])
    return h.view(batch, -1, size)[:, :length].contiguous()


def differentiable(name: str, scan: Scan) -> Scan:
    """The scan as an operator that torch.compile leaves whole; reverse time is its gradient."""

    @torch.library.custom_op(f"train_speed::{name}", mutates_args=())
    def forward(f: Tensor, i: Tensor) -> Tensor:
        return scan(f, i)

    @torch.library.custom_op(f"train_speed::{name}_backward", mutates_args=())
    def backward(f: Tensor, d_h: Tensor) -> Tensor:
        later = F.pad(f[:, 1:], (0, 0, 0, 1))
        return scan(later.flip(1), d_h.flip(1)).flip(1).contiguous()

    def like_first(f: Tensor, _: Tensor) -> Tensor:
        return torch.empty_like(f, memory_format=torch.contiguous_format)

    def save(ctx, inputs: tuple[Tensor, Tensor], output: Tensor) -> None:
        ctx.save_for_backward(inputs[0], output)

    def gradient(ctx, d_h: Tensor) -> tuple[Tensor, Tensor]:
        f, h = ctx.saved_tensors
        d_i = backward(f, d_h)
        return d_i * F.pad(h[:, :-1], (0, 0, 1, 0)), d_i

    forward.register_fake(like_first)
    backward.register_fake(like_first)
    forward.register_autograd(gradient, setup_context=save)
    return forward


SCANS: dict[str, Scan] = {
    "loop": torch.compiler.disable(loop_scan),
    "vectors": differentiable("vectors", scan_vectors),
    "chunked": differentiable("chunked", scan_chunked),
}


def measure(arguments: argparse.Namespace) -> dict[str, object]:
    """Times one variant in this process."""
    torch.set_num_threads(arguments.threads)
    imported = resident("VmRSS")
    config = Config.from_json(json.loads(arguments.config.read_text("utf-8")))
    model = HGRNBit(config, scan=SCANS[arguments.scan])
    initialise(model, seed=1, matrix_std=0.02, embedding_std=0.02)
    named = list(model.named_parameters())
    groups = [
        {"params": [p for n, p in named if is_matrix(n, p)], "weight_decay": 0.01},
        {"params": [p for n, p in named if not is_matrix(n, p)], "weight_decay": 0.0},
    ]
    optimizer = torch.optim.AdamW(groups, lr=1e-3, betas=(0.9, 0.95), eps=1e-8, fused=True)
    shape = (arguments.warmup + arguments.steps, arguments.batch, arguments.tokens + 1)
    ids = torch.randint(
        config.vocab_size, shape, generator=torch.Generator().manual_seed(1), dtype=torch.long
    )

    def forward(inputs: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        return loss_of(model(inputs), targets)

    if arguments.mode != "eager":
        forward = torch.compile(forward, mode=COMPILE_MODES[arguments.mode])
    seconds, losses, first_step, cpu, warmup_peak = [], [], 0.0, 0.0, 0
    for step, batch in enumerate(ids):
        if step == arguments.warmup:
            warmup_peak = resident("VmHWM")
            forget_peak()
            cpu = time.process_time()
        start = time.perf_counter()
        loss = forward(batch[:, :-1], batch[:, 1:])
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        losses.append(loss.item())
        elapsed = time.perf_counter() - start
        first_step = first_step or elapsed
        if step >= arguments.warmup:
            seconds.append(elapsed)
    # Well below one: something else was running.
    share = (time.process_time() - cpu) / (sum(seconds) * arguments.threads)
    peak = resident("VmHWM")
    tokens = arguments.batch * arguments.tokens
    return {
        "mode": arguments.mode,
        "scan": arguments.scan,
        "threads": arguments.threads,
        "tokens_per_second": round(tokens / statistics.median(seconds), 1),
        "seconds_per_step": round(statistics.median(seconds), 4),
        "fastest_step": round(min(seconds), 4),
        "slowest_step": round(max(seconds), 4),
        "cpu_share": round(share, 3),
        "first_step": round(first_step, 2),
        "peak_rss_bytes": peak,
        "peak_rss_bytes_with_warmup": max(warmup_peak, peak),
        "rss_bytes_after_import": imported,
        "first_loss": losses[0],
        "last_loss": losses[-1],
        "torch": torch.__version__,
    }


if __name__ == "__main__":
    print(json.dumps(measure(parse_arguments())))
