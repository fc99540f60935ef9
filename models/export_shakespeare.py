#!/usr/bin/env python3
"""Makes the demo model of a run of ternary-train: 16 bits a weight, measured, with golden values.

    ternary-compile models/shakespeare --function=train --random-weights=1 --batch=16 -o train.so
    ternary-train train.so --data tinyshakespeare.txt --valid-fraction 0.1 --valid-every 20 \\
        --sequence-length 512 --prepend-bos --halve-at none --steps 400 --learning-rate 0.004 \\
        --save-best --out run
    python models/export_shakespeare.py --text tinyshakespeare.txt --run run \\
        --out models/shakespeare

The weights are those of the lowest validation loss. The figures are measured by PyTorch, in the
same way as those of models/pytorch-baseline.
"""

from __future__ import annotations

import argparse
import csv
import json
import sys
from pathlib import Path

import torch

from train import data, export
from train.hgrn import HGRNBitForCausalLM

HELD_OUT = 0.1


def parse_arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--text", type=Path, required=True, help="what the run was trained on")
    parser.add_argument(
        "--run", type=Path, required=True, help="folder of ternary-train, with best/"
    )
    parser.add_argument("--out", type=Path, required=True, help="directory to write the model to")
    parser.add_argument("--seed", type=int, default=1, help="of the sample (default: %(default)s)")
    return parser.parse_args()


def read_losses(log: Path) -> list[tuple[int, float]]:
    """The steps with a validation loss, in nats per token, and that."""
    with log.open(encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["valid_loss"]]
    return [(int(row["step"]), float(row["valid_loss"])) for row in rows]


def describe(
    model: HGRNBitForCausalLM, size: int, scores: dict[str, float], log: Path, sample: str
) -> str:
    """The measured part of the model card, in Markdown."""
    losses = read_losses(log)
    step, lowest = min(losses, key=lambda entry: entry[1])
    parameters = sum(parameter.numel() for parameter in model.parameters())
    return "\n".join(
        [
            f"{parameters:,} parameters; `model.safetensors` is {size / 1e6:.2f} MB. Of "
            f"{losses[-1][0]} steps, the lowest validation loss was {lowest:.4f} nats per token, "
            f"at step {step}.",
            "",
            "| held-out loss | nats per character |",
            "|---|---|",
            *(f"| {name} | {loss:.4f} |" for name, loss in scores.items()),
            "",
            "A sample at temperature 0.8, the first that was drawn:",
            "",
            "```",
            *sample.splitlines(),
            "```",
        ]
    )


def main() -> int:
    """Writes the model and what goes with it."""
    arguments = parse_arguments()
    torch.set_float32_matmul_precision("highest")
    trained = export.load_checkpoint(arguments.run / "best")
    proto = (arguments.run / "best" / "tokenizer.model").read_bytes()
    export.write_checkpoint(arguments.out, trained.config, trained.state_dict(), proto)
    export.write_atomically(arguments.out / "loss.svg", (arguments.run / "loss.svg").read_bytes())

    model = export.load_checkpoint(arguments.out)
    tokenizer = data.load_tokenizer(proto)
    _, held_out_text = data.split(arguments.text.read_text("utf-8"), HELD_OUT)
    held_out = data.HeldOutText.encode(
        tokenizer, held_out_text, model.config.max_position_embeddings
    )
    scores = {
        "this file": held_out.nats_per_character(model, batch=8),
        "this file, one pass with the state carried on": export.carried_loss(model, held_out),
        "float32 weights, as trained": held_out.nats_per_character(trained, batch=8),
    }
    golden = export.golden(model, tokenizer, export.GOLDEN_PROMPTS, 40)
    export.write_atomically(arguments.out / "golden.json", export.as_json(golden))
    ids, _ = export.generate(
        model,
        [data.BOS, *tokenizer.encode(export.PROMPT)],
        200,
        temperature=0.8,
        seed=arguments.seed,
    )
    size = (arguments.out / "model.safetensors").stat().st_size
    sample = export.PROMPT + tokenizer.decode(ids)
    section = describe(model, size, scores, arguments.run / "loss.csv", sample)
    export.update_card(arguments.out / "README.md", section)
    print(json.dumps(scores, indent=2))
    return 0


if __name__ == "__main__":
    sys.exit(main())
