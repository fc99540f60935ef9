#!/usr/bin/env python3
"""Measures how fast PyTorch trains a MatMul-free language model on the CPU.

    benchmarks/train_speed_pytorch.py --config models/shakespeare/config.json

A step is forward, backward, clipping and AdamW, in float32, with BitLinear quantised in floats as
the released code has it. Every variant runs in a process of its own, and JSON lists them all:

    eager       as PyTorch runs it
    compiled    by torch.compile; every layer's recurrence is one opaque operator in it
    autotuned   the same with mode="max-autotune-no-cudagraphs"
    loop        the recurrence as the released code has it: a loop over time, left to autograd
    vectors     the same loop with its gradient written out, a vector operation a step
    chunked     the same, in chunks side by side: of the order of 2 sqrt(T) operations

The loop is left out of the compiled graph: unrolled, it compiles for many minutes. With --install
DIR, a virtual environment with the CPU build of PyTorch is made there, and does the measuring.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import venv
from pathlib import Path

STEP = Path(__file__).with_name("train_step_pytorch.py")
CPU_INDEX = "https://download.pytorch.org/whl/cpu"
MODES, SCANS = ("eager", "compiled", "autotuned"), ("loop", "vectors", "chunked")


def parse_arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    show = "(default: %(default)s)"
    parser.add_argument("--config", type=Path, required=True, help="config.json of the model")
    parser.add_argument("--batch", type=int, default=8, help=f"sequences in a step {show}")
    parser.add_argument("--tokens", type=int, default=256, help=f"of each sequence {show}")
    parser.add_argument("--steps", type=int, default=8, help=f"that are timed {show}")
    parser.add_argument("--warmup", type=int, default=3, help=f"steps before them {show}")
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2], help=show)
    parser.add_argument("--modes", nargs="+", choices=MODES, default=MODES, help=show)
    parser.add_argument("--scans", nargs="+", choices=SCANS, default=SCANS, help=show)
    parser.add_argument("--install", type=Path, metavar="DIR", help="install PyTorch there first")
    parser.add_argument(
        "--index-url", default=CPU_INDEX, help=f"where from; empty: as pip is configured {show}"
    )
    return parser.parse_args()


def install(directory: Path, index_url: str) -> Path:
    """Makes a virtual environment with PyTorch, unless there is one; returns its Python."""
    python = directory / "bin" / "python"
    if not python.exists():
        venv.create(directory, with_pip=True)
    pip = [python, "-m", "pip", "install", "--quiet"]
    subprocess.run([*pip, "numpy"], check=True)
    index = ["--index-url", index_url] if index_url else []
    subprocess.run([*pip, *index, "torch"], check=True)
    return python


def run_variant(
    python: Path, arguments: argparse.Namespace, mode: str, scan: str, threads: int
) -> dict[str, object]:
    """Measures one variant in a process of its own."""
    options = {
        "--config": arguments.config,
        "--batch": arguments.batch,
        "--tokens": arguments.tokens,
        "--steps": arguments.steps,
        "--warmup": arguments.warmup,
        "--threads": threads,
        "--mode": mode,
        "--scan": scan,
    }
    words = [str(word) for option in options.items() for word in option]
    done = subprocess.run(
        [python, STEP, *words],
        env=os.environ | {"OMP_NUM_THREADS": str(threads)},
        stdout=subprocess.PIPE,
        check=True,
    )
    return json.loads(done.stdout)


def main() -> int:
    """Measures everything that the command line asks for."""
    arguments = parse_arguments()
    python = Path(sys.executable)
    if arguments.install:
        python = install(arguments.install, arguments.index_url)
    results = []
    for threads in arguments.threads:
        for mode in arguments.modes:
            for scan in arguments.scans:
                result = run_variant(python, arguments, mode, scan, threads)
                results.append(result)
                speed = f"{result['tokens_per_second']:,.0f} tokens/s"
                print(f"{mode} {scan}, {threads} threads: {speed}", file=sys.stderr)
    record = {
        "model": json.loads(arguments.config.read_text("utf-8")),
        "batch": arguments.batch,
        "tokens": arguments.tokens,
        "machine": platform.machine(),
        "cores": os.cpu_count(),
        "best": max(results, key=lambda result: result["tokens_per_second"]),
        "variants": results,
    }
    print(json.dumps(record, indent=2))
    return 0


if __name__ == "__main__":
    sys.exit(main())
