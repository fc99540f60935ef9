#!/usr/bin/env python3
"""Records a training run in PyTorch that any implementation of the same model must reproduce.

    make_training_golden.py golden --out DIR       the model, the batches and the losses
    make_training_golden.py verify --fixture DIR   this reference against the released code
    make_training_golden.py chaos                  how far two correct runs drift apart

`golden` writes `config.json`, `model.safetensors` (initial weights, float32), `training.json`
(the hyper-parameters) and `expected.npz`:

    order               int64[steps, batch]  numbers of the sequences in each batch
    losses              f32[steps]           before each update
    gradient_norms      f32[steps]           before clipping
    learning_rates      f32[steps]
    losses_float64      f64[steps]           the same run in float64
    losses_perturbed    f32[runs, steps]     the run from weights that are off by one part in 10^7

Sequence n has the bytes [T n, T n + T) of the text as its ids and the bytes [T n + 1, T n + T + 1)
as its targets, T being the length of a sequence.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import math
import sys
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file, save

REPOSITORY = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(REPOSITORY / "models"), str(REPOSITORY / "integration")]

from training_text import make_text  # noqa: E402

from hgrn_eager import (  # noqa: E402
    EAGER_EPSILON,
    FUSED_EPSILON,
    Config,
    HGRNBit,
    initialise,
    is_matrix,
    loss_of,
    next_tokens,
)

CONFIG = {
    "vocab_size": 256,
    "max_position_embeddings": 2048,
    "hidden_size": 64,
    "num_hidden_layers": 2,
    "attn_mode": "fused_recurrent",
    "num_heads": 1,
    "expand_ratio": 1,
    "use_short_conv": False,
    "conv_size": 4,
    "share_conv_kernel": True,
    "use_lower_bound": True,
    "hidden_ratio": 4,
    "intermediate_size": 192,
    "hidden_act": "swish",
    "rms_norm_eps": 1e-06,
    "use_cache": True,
    "initializer_range": 0.02,
    "fuse_cross_entropy": False,
    "bos_token_id": 1,
    "eos_token_id": 2,
    "tie_word_embeddings": False,
    "model_type": "hgrn_bit",
    "architectures": ["HGRNBitForCausalLM"],
    "torch_dtype": "float32",
}


@dataclass(frozen=True)
class Recipe:
    """Everything that a run depends on besides the sizes in `CONFIG`.

    Rounding makes training chaotic: a float that is off by its last bit moves an activation's
    code, that moves a gradient, and after some steps a trit flips, which the loss shows at once.
    How much it shows grows with the learning rate, and with the step that a trit stands for
    (mean|W|). The peak rate, and the spread of the initial weights, are chosen small enough for
    correct implementations to stay together; without any rounding, they would to 1e-6.
    """

    # The data.
    text_bytes: int = 65537
    text_seed: int = 1
    tokens: int = 64
    batch: int = 8
    # Sequence `stride * k mod sequences` is the k-th to be read.
    stride: int = 389
    # The model.
    seed: int = 1
    matrix_std: float = 0.02
    embedding_std: float = 1.0
    bit_linear_eps: float = FUSED_EPSILON
    # The optimiser.
    steps: int = 200
    learning_rate: float = 4e-4
    final_fraction: float = 0.1
    warmup_steps: int = 20
    halve_at: int = 100
    beta1: float = 0.9
    beta2: float = 0.95
    epsilon: float = 1e-8
    weight_decay: float = 0.01
    clip_norm: float = 1.0

    def rate(self, step: int) -> float:
        """Learning rate of a step: warm-up, a cosine down to a fraction, halved midway."""
        t = min(max((step - self.warmup_steps) / (self.steps - self.warmup_steps), 0.0), 1.0)
        cosine = (1 + math.cos(math.pi * t)) / 2
        peak = self.learning_rate * (self.final_fraction + (1 - self.final_fraction) * cosine)
        warm = min(1.0, (step + 1) / self.warmup_steps) if self.warmup_steps else 1.0
        return peak * warm * (0.5 if step >= self.halve_at >= 0 else 1.0)

    def order(self) -> np.ndarray:
        """Numbers of the sequences in each batch, [steps, batch]."""
        sequences = (self.text_bytes - 1) // self.tokens
        if math.gcd(self.stride, sequences) != 1:
            raise ValueError(f"expected a stride that has no divisor in common with {sequences}")
        position = np.arange(self.steps * self.batch, dtype=np.int64)
        return (self.stride * position % sequences).reshape(self.steps, self.batch)


@dataclass
class Run:
    """What a training run reports of each step."""

    losses: np.ndarray
    gradient_norms: np.ndarray
    learning_rates: np.ndarray


class AdamW:
    """AdamW with decoupled weight decay, written out."""

    def __init__(self, model: HGRNBit, recipe: Recipe) -> None:
        self.recipe = recipe
        self.parameters = [
            (parameter, recipe.weight_decay if is_matrix(name, parameter) else 0.0)
            for name, parameter in model.named_parameters()
        ]
        self.first = [torch.zeros_like(parameter) for parameter, _ in self.parameters]
        self.second = [torch.zeros_like(parameter) for parameter, _ in self.parameters]

    def gradient_norm(self) -> float:
        """Of all gradients together; squares are summed in float64."""
        squares = (p.grad.double().square().sum().item() for p, _ in self.parameters)
        return math.sqrt(sum(squares))

    @torch.no_grad()
    def update(self, step: int, rate: float, gradient_norm: float) -> None:
        """One step, counted from 0, with the parameters' gradients, which it clips."""
        recipe = self.recipe
        clip = 1.0
        if recipe.clip_norm > 0 and gradient_norm > recipe.clip_norm:
            clip = recipe.clip_norm / gradient_norm
        correction1 = 1 - recipe.beta1 ** (step + 1)
        correction2 = math.sqrt(1 - recipe.beta2 ** (step + 1))
        for (parameter, decay), m, v in zip(self.parameters, self.first, self.second, strict=True):
            gradient = parameter.grad * clip
            parameter.mul_(1 - rate * decay)
            m.mul_(recipe.beta1).add_(gradient, alpha=1 - recipe.beta1)
            v.mul_(recipe.beta2).addcmul_(gradient, gradient, value=1 - recipe.beta2)
            denominator = v.sqrt().div_(correction2).add_(recipe.epsilon)
            parameter.addcdiv_(m, denominator, value=-rate / correction1)


def train(model: HGRNBit, recipe: Recipe) -> Run:
    """Trains `model` in place, in the type of its weights."""
    text = torch.frombuffer(
        bytearray(make_text(recipe.text_bytes, recipe.text_seed)), dtype=torch.uint8
    ).long()
    windows = text.unfold(0, recipe.tokens + 1, recipe.tokens)
    optimizer = AdamW(model, recipe)
    losses, norms, rates = [], [], []
    for step, numbers in enumerate(recipe.order()):
        batch = windows[torch.from_numpy(numbers)]
        model.zero_grad(set_to_none=False)
        loss = loss_of(model(batch[:, :-1]), batch[:, 1:])
        loss.backward()
        norm, rate = optimizer.gradient_norm(), recipe.rate(step)
        optimizer.update(step, rate, norm)
        losses.append(loss.item())
        norms.append(norm)
        rates.append(rate)
    return Run(np.array(losses), np.array(norms), np.array(rates))


def initial_model(recipe: Recipe) -> HGRNBit:
    """The model that a run starts from."""
    model = HGRNBit(Config.from_json(CONFIG), recipe.bit_linear_eps)
    initialise(model, recipe.seed, recipe.matrix_std, recipe.embedding_std)
    return model


def perturb(model: HGRNBit, relative: float, seed: int) -> HGRNBit:
    """Multiplies each weight by 1 + relative * N(0, 1), in place."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in model.parameters():
            noise = torch.randn(parameter.shape, generator=generator, dtype=torch.float64)
            parameter.copy_(parameter.double() * (1 + relative * noise))
    return model


def deviation(losses: np.ndarray, expected: np.ndarray, split: int = 50) -> tuple[float, float]:
    """Largest relative deviation in the first `split` steps, and in those after."""
    relative = np.abs(losses - expected) / np.abs(expected)
    return float(relative[:split].max()), float(relative[split:].max(initial=0))


def reference_runs(recipe: Recipe, perturbed: int) -> tuple[Run, Run, np.ndarray]:
    """The run in float32, in float64, and losses of runs from perturbed weights."""
    base = train(initial_model(recipe), recipe)
    double = train(initial_model(recipe).double(), recipe)
    others = [
        train(perturb(initial_model(recipe), 1e-7, seed), recipe).losses
        for seed in range(perturbed)
    ]
    return base, double, np.array(others)


def report(base: Run, double: Run, others: np.ndarray) -> None:
    """Prints how far the runs drift from the one in float32."""
    for name, losses in (("float64", double.losses), *enumerate(others)):
        early, late = deviation(losses, base.losses)
        print(f"{name:>8}: {early:.2e} in the first 50 steps, {late:.2e} after")
    print(f"loss {base.losses[0]:.4f}, {base.losses[49]:.4f} at 50, {base.losses[-1]:.4f} at last")


def golden(out: Path, recipe: Recipe, perturbed: int) -> None:
    """Writes the initial model and the recorded run."""
    out.mkdir(parents=True, exist_ok=True)
    weights = {k: v.contiguous() for k, v in initial_model(recipe).state_dict().items()}
    base, double, others = reference_runs(recipe, perturbed)
    (out / "config.json").write_text(json.dumps(CONFIG, indent=2) + "\n")
    (out / "model.safetensors").write_bytes(save(weights, metadata={"format": "pt"}))
    text = make_text(recipe.text_bytes, recipe.text_seed)
    record = asdict(recipe) | {"text_sha256": hashlib.sha256(text).hexdigest()}
    (out / "training.json").write_text(json.dumps(record, indent=2) + "\n")
    np.savez(
        out / "expected.npz",
        order=recipe.order(),
        losses=base.losses.astype(np.float32),
        gradient_norms=base.gradient_norms.astype(np.float32),
        learning_rates=base.learning_rates.astype(np.float32),
        losses_float64=double.losses,
        losses_perturbed=others.astype(np.float32),
    )
    report(base, double, others)


def verify(fixture: Path, eps: tuple[float, float], dtype: torch.dtype) -> None:
    """Compares logits, loss and gradients with those that the released code gave."""
    expected = load_file(fixture / "expected.safetensors")
    weights = load_file(fixture / "model.safetensors")
    ids = expected["input_ids"]

    def build(epsilon: float) -> HGRNBit:
        model = HGRNBit(Config.load(fixture), epsilon)
        model.load_state_dict(weights)
        return model.to(dtype)

    for name, epsilon in zip(("eager", "fused"), eps, strict=True):
        with torch.no_grad():
            error = (build(epsilon)(ids) - expected[f"logits_{name}"]).abs()
        print(f"logits_{name}: largest error {error.max():.2e}, mean {error.mean():.2e}")
    model = build(eps[0])
    loss = loss_of(model(ids), next_tokens(ids))
    loss.backward()
    print(f"loss_eager: {loss.item():.9g}, expected {expected['loss_eager'].item():.9g}")
    print(f"{'gradient':48} {'norm-wise':>10} {'max-wise':>10}")
    for name, parameter in model.named_parameters():
        target = expected[f"grad_eager.{name}"].double()
        error = parameter.grad.double() - target
        by_norm = float(error.norm() / target.norm())
        by_max = float(error.abs().max() / target.abs().max())
        print(f"{name:48} {by_norm:10.2e} {by_max:10.2e}")


def parse_arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(dest="command", required=True)
    command = commands.add_parser("verify", help="compare with what the released code gave")
    command.add_argument("--fixture", type=Path, required=True, help="model and expected tensors")
    command.add_argument("--float64", action="store_true", help="compute in float64")
    for name in ("golden", "chaos"):
        command = commands.add_parser(name)
        if name == "golden":
            command.add_argument("--out", type=Path, required=True, help="directory to write")
        command.add_argument("--perturbed", type=int, default=4, help="runs from perturbed weights")
        for field, default in asdict(Recipe()).items():
            option = f"--{field.replace('_', '-')}"
            command.add_argument(option, type=type(default), default=default)
    return parser.parse_args()


def main() -> int:
    """Runs what the command line asks for."""
    arguments = parse_arguments()
    torch.set_num_threads(1)
    if arguments.command == "verify":
        dtype = torch.float64 if arguments.float64 else torch.float32
        verify(arguments.fixture, (EAGER_EPSILON, FUSED_EPSILON), dtype)
        return 0
    chosen = {name: getattr(arguments, name) for name in asdict(Recipe())}
    recipe = replace(Recipe(), **chosen)
    if arguments.command == "golden":
        golden(arguments.out, recipe, arguments.perturbed)
        return 0
    base, double, others = reference_runs(recipe, arguments.perturbed)
    report(base, double, others)
    return 0


if __name__ == "__main__":
    sys.exit(main())
