"""One training run: AdamW, warm-up and cosine decay, keeping the best held-out weights."""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .data import HeldOutText, TrainingText


@dataclass(frozen=True)
class Schedule:
    """What is the same for every run of both models."""

    steps: int
    warmup: int
    batch: int
    length: int
    weight_decay: float
    clip: float
    evaluate_every: int
    seed: int

    def rate(self, step: int, peak: float) -> float:
        """Learning rate of a step: linear up to the peak, then a cosine down to zero."""
        if step < self.warmup:
            return peak * (step + 1) / self.warmup
        progress = (step - self.warmup) / max(1, self.steps - self.warmup)
        return peak * 0.5 * (1 + math.cos(math.pi * progress))


@dataclass
class Run:
    """A finished run: its held-out curve, and the weights at the curve's lowest point.

    `best_loss` is as measured while training, with TF32 products on a GPU; `best_loss_float32`
    is the same weights measured once more without.
    """

    model: str
    peak_rate: float
    curve: list[tuple[int, float]] = field(default_factory=list)
    best_step: int = 0
    best_loss: float = math.inf
    best_weights: dict[str, Tensor] = field(default_factory=dict, repr=False)
    tokens_per_second: float = 0.0
    best_loss_float32: float | None = None

    def to_json(self) -> dict[str, object]:
        """All but the weights."""
        return {name: value for name, value in vars(self).items() if name != "best_weights"}

    @classmethod
    def from_json(cls, fields: dict) -> Run:
        """A run as `to_json` gave it."""
        return cls(**fields | {"curve": [(step, loss) for step, loss in fields["curve"]]})


def initialise(model: nn.Module, seed: int) -> None:
    """Draws all weights anew, in place: matrices N(0, 0.02), smaller where a branch joins."""
    config = model.config
    generator = torch.Generator().manual_seed(seed)
    for name, parameter in model.named_parameters():
        with torch.no_grad():
            if name.endswith("lower_bounds"):
                parameter.zero_()
            elif parameter.dim() == 1:
                parameter.fill_(1)
            else:
                scale = config.initializer_range
                if name.endswith(("o_proj.weight", "down_proj.weight")):
                    scale /= math.sqrt(2 * config.num_hidden_layers)
                parameter.copy_(torch.randn(parameter.shape, generator=generator) * scale)


def optimiser_for(model: nn.Module, weight_decay: float) -> torch.optim.Optimizer:
    """AdamW that decays the matrices and leaves norms and lower bounds alone."""
    decayed, kept = [], []
    for name, parameter in model.named_parameters():
        is_matrix = parameter.dim() == 2 and not name.endswith("lower_bounds")
        (decayed if is_matrix else kept).append(parameter)
    groups = [{"params": decayed, "weight_decay": weight_decay}, {"params": kept}]
    fused = next(model.parameters()).is_cuda
    return torch.optim.AdamW(groups, betas=(0.9, 0.95), weight_decay=0.0, fused=fused)


def progress(line: str, last: bool) -> None:
    """Rewrites one line on a terminal; elsewhere prints whole lines."""
    terminal = sys.stderr.isatty()
    start, end = ("\r\033[K", "\n" if last else "") if terminal else ("", "\n")
    print(f"{start}{line}", end=end, file=sys.stderr, flush=True)


def train(
    name: str,
    model: nn.Module,
    logits_of: Callable[[Tensor], Tensor],
    text: TrainingText,
    held_out: HeldOutText,
    schedule: Schedule,
    peak_rate: float,
) -> Run:
    """Trains `model` from scratch; `logits_of` is the model itself or its compiled form."""
    initialise(model, schedule.seed)
    torch.manual_seed(schedule.seed)
    optimiser = optimiser_for(model, schedule.weight_decay)
    batches = text.batches(schedule.batch, schedule.length, schedule.seed)
    run = Run(name, peak_rate)
    start, training_loss = time.monotonic(), 0.0
    for step in range(schedule.steps):
        model.train()
        for group in optimiser.param_groups:
            group["lr"] = schedule.rate(step, peak_rate)
        inputs, targets = next(batches)
        loss = F.cross_entropy(logits_of(inputs).flatten(0, 1), targets.flatten())
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), schedule.clip)
        optimiser.step()
        optimiser.zero_grad(set_to_none=True)

        done, last = step + 1, step + 1 == schedule.steps
        if done % schedule.evaluate_every and not last:
            continue
        training_loss = loss.item()
        if not math.isfinite(training_loss):
            progress(f"{name}  rate {peak_rate:g}  step {done}: the loss is {training_loss}", True)
            break
        model.eval()
        score = held_out.nats_per_character(logits_of, schedule.batch)
        run.curve.append((done, score))
        if score < run.best_loss:
            run.best_step, run.best_loss = done, score
            run.best_weights = {k: v.detach().clone() for k, v in model.state_dict().items()}
        seconds = time.monotonic() - start
        run.tokens_per_second = done * schedule.batch * schedule.length / seconds
        progress(
            f"{name}  rate {peak_rate:g}  step {done}/{schedule.steps}  "
            f"train {training_loss:.3f} nats/token  held-out {score:.4f} nats/char  "
            f"best {run.best_loss:.4f} at {run.best_step}  "
            f"{run.tokens_per_second / 1e6:.2f} M tokens/s  "
            f"{seconds / done * (schedule.steps - done):.0f} s left",
            last,
        )
    return run
