#!/usr/bin/env python3
"""Trains what the demo model is compared with: the same model, and a float Transformer of its size.

From one text file it makes a tokenizer, trains both models at each of their learning rates, and
writes the best MatMul-free model as a Hugging Face directory:

    python models/train_shakespeare.py --text tinyshakespeare.txt --out models/pytorch-baseline

A GPU does all of it in minutes. To try the script on a CPU:

    python models/train_shakespeare.py --text tinyshakespeare.txt --out /tmp/try --device cpu \\
        --no-compile --hidden 64 --layers 2 --steps 20 --batch 4 --length 64 \\
        --hgrn-rates 2e-3 --transformer-rates 1e-3
"""

from __future__ import annotations

import argparse
import json
import math
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import torch
from torch import Tensor, nn

from train import data, export, optimise
from train.hgrn import HGRNBitConfig, HGRNBitForCausalLM
from train.transformer import Transformer

TERNARY, FLOAT = "MatMul-free LM, ternary", "Transformer, float"
KINDS = {TERNARY: HGRNBitForCausalLM, FLOAT: Transformer}
RECORD = "training.json"


def parse_arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    show = "(default: %(default)s)"
    files = parser.add_argument_group("files")
    files.add_argument("--text", type=Path, required=True, help="UTF-8 text to learn")
    files.add_argument("--out", type=Path, required=True, help="directory to write the model to")
    files.add_argument(
        "--curves-only", action="store_true", help="write training.json alone, and no model"
    )
    files.add_argument(
        "--measure-only",
        action="store_true",
        help="train nothing: measure the model in --out, and renew its card, plot and golden file",
    )
    model = parser.add_argument_group("models")
    model.add_argument("--vocab", type=int, default=1024, help=f"pieces in the tokenizer {show}")
    model.add_argument("--hidden", type=int, default=256, help=f"channels {show}")
    model.add_argument("--layers", type=int, default=6, help=f"blocks {show}")
    training = parser.add_argument_group("training, the same for both models")
    training.add_argument(
        "--held-out", type=float, default=0.1, help=f"last share kept apart {show}"
    )
    training.add_argument("--steps", type=int, default=2000, help=f"updates of each run {show}")
    training.add_argument("--warmup", type=int, default=100, help=f"steps to the peak rate {show}")
    training.add_argument("--batch", type=int, default=32, help=f"windows in a step {show}")
    training.add_argument("--length", type=int, default=512, help=f"tokens in a window {show}")
    training.add_argument("--dropout", type=float, default=0.4, help=f"on every branch {show}")
    training.add_argument(
        "--merge-dropout", type=float, default=0.1, help=f"share of BPE merges left out {show}"
    )
    training.add_argument(
        "--variants", type=int, default=16, help=f"encodings with merges left out {show}"
    )
    training.add_argument("--weight-decay", type=float, default=0.1, help=f"AdamW's {show}")
    training.add_argument("--clip", type=float, default=1.0, help=f"largest gradient norm {show}")
    training.add_argument(
        "--evaluate-every", type=int, default=100, help=f"steps between held-out losses {show}"
    )
    training.add_argument("--seed", type=int, default=1, help=f"of weights and batches {show}")
    rates = parser.add_argument_group("peak learning rates; none leaves the model out")
    rates.add_argument(
        "--hgrn-rates", type=float, nargs="*", default=[1e-3, 2e-3], help=show, metavar="RATE"
    )
    rates.add_argument(
        "--transformer-rates",
        type=float,
        nargs="*",
        default=[1e-3, 2e-3],
        help=show,
        metavar="RATE",
    )
    machine = parser.add_argument_group("machine")
    default_device = "cuda" if torch.cuda.is_available() else "cpu"
    machine.add_argument("--device", default=default_device, help=f"PyTorch device {show}")
    machine.add_argument("--no-compile", action="store_true", help="leave torch.compile out")
    arguments = parser.parse_args()
    if not (arguments.hgrn_rates or arguments.curves_only or arguments.measure_only):
        parser.error("expected --curves-only where --hgrn-rates names no rate: no model is made")
    return arguments


def train_kind(
    name: str,
    rates: list[float],
    arguments: argparse.Namespace,
    config: HGRNBitConfig,
    text: data.TrainingText,
    held_out: data.HeldOutText,
) -> Iterator[optimise.Run]:
    """One run of a kind of model for each peak learning rate, each as soon as it is finished."""
    schedule = optimise.Schedule(
        steps=arguments.steps,
        warmup=arguments.warmup,
        batch=arguments.batch,
        length=arguments.length,
        weight_decay=arguments.weight_decay,
        clip=arguments.clip,
        evaluate_every=arguments.evaluate_every,
        seed=arguments.seed,
    )
    model: nn.Module = KINDS[name](config, arguments.dropout).to(arguments.device)
    size = sum(parameter.numel() for parameter in model.parameters())
    print(f"{name}: {size:,} parameters", file=sys.stderr)
    # Compiled once: every run draws its weights anew in the same tensors.
    logits_of: Callable[[Tensor], Tensor] = model if arguments.no_compile else torch.compile(model)
    for rate in rates:
        torch.set_float32_matmul_precision("high")
        run = optimise.train(name, model, logits_of, text, held_out, schedule, rate)
        if run.best_weights:
            torch.set_float32_matmul_precision("highest")
            model.load_state_dict(run.best_weights)
            run.best_loss_float32 = held_out.nats_per_character(model.eval(), arguments.batch)
        yield run


def train_all(arguments: argparse.Namespace, train_text: str, held_out_text: str) -> None:
    """Trains everything. What is finished is written at once: a later part may be cut off."""
    proto = data.train_tokenizer(train_text, arguments.vocab)
    tokenizer = data.load_tokenizer(proto)
    if tokenizer.decode(tokenizer.encode(held_out_text)) != held_out_text:
        raise ValueError("expected the tokenizer to give back the text that it encoded")
    device = torch.device(arguments.device)
    text = data.TrainingText.encode(
        tokenizer,
        train_text,
        arguments.length,
        arguments.variants,
        arguments.merge_dropout,
        arguments.seed,
    ).to(device)
    held_out = data.HeldOutText.encode(tokenizer, held_out_text, arguments.length).to(device)
    config = HGRNBitConfig(
        vocab_size=arguments.vocab,
        max_position_embeddings=arguments.length,
        hidden_size=arguments.hidden,
        num_hidden_layers=arguments.layers,
    )
    runs: list[optimise.Run] = []
    for name, rates in ((TERNARY, arguments.hgrn_rates), (FLOAT, arguments.transformer_rates)):
        best_loss = math.inf
        for run in train_kind(name, rates, arguments, config, text, held_out) if rates else ():
            runs.append(run)
            if run.best_loss < best_loss:
                best_loss = run.best_loss
                if name == TERNARY and not arguments.curves_only:
                    export.write_checkpoint(arguments.out, config, run.best_weights, proto)
            record = {
                "arguments": {k: v for k, v in vars(arguments).items() if not isinstance(v, Path)},
                "runs": [run.to_json() for run in runs],
            }
            export.write_atomically(arguments.out / RECORD, export.as_json(record))


def measure(out: Path, held_out_text: str, seed: int) -> None:
    """Measures the files in `out`, in float32 on the CPU, and writes what goes with them."""
    torch.set_float32_matmul_precision("highest")
    model = export.load_checkpoint(out)
    tokenizer = data.load_tokenizer(out / "tokenizer.model")
    held_out = data.HeldOutText.encode(
        tokenizer, held_out_text, model.config.max_position_embeddings
    )
    record = json.loads((out / RECORD).read_text("utf-8"))
    runs = [optimise.Run.from_json(fields) for fields in record["runs"]]
    best = {run.model: run for run in sorted(runs, key=lambda run: -run.best_loss)}
    scores = {
        f"{TERNARY}, this file": held_out.nats_per_character(model, batch=8),
        f"{TERNARY}, this file, one pass with the state carried on": export.carried_loss(
            model, held_out
        ),
    }
    for name, run in sorted(best.items()):
        if run.best_loss_float32 is not None:
            scores[f"{name}, float32 weights"] = run.best_loss_float32
        else:
            scores[f"{name}, float32 weights, TF32 products"] = run.best_loss
    golden = export.golden(model, tokenizer, export.GOLDEN_PROMPTS, 40)
    export.write_atomically(out / "golden.json", export.as_json(golden))
    export.draw_curves(out / "loss.svg", {name: best[name] for name in KINDS if name in best})
    ids, _ = export.generate(
        model, [data.BOS, *tokenizer.encode(export.PROMPT)], 200, temperature=0.8, seed=seed
    )
    sample = export.PROMPT + tokenizer.decode(ids)
    parameters = sum(parameter.numel() for parameter in model.parameters())
    size = (out / "model.safetensors").stat().st_size
    section = export.card_section(runs, parameters, size, scores, sample)
    export.update_card(out / "README.md", section)
    print(section)


def main() -> int:
    """Runs what the command line asks for."""
    arguments = parse_arguments()
    train_text, held_out_text = data.split(arguments.text.read_text("utf-8"), arguments.held_out)
    if not arguments.measure_only:
        train_all(arguments, train_text, held_out_text)
    if not arguments.curves_only:
        measure(arguments.out, held_out_text, arguments.seed)
    return 0


if __name__ == "__main__":
    sys.exit(main())
