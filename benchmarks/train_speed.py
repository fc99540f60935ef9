#!/usr/bin/env python3
"""Measures how fast a MatMul-free language model is trained on the CPU: here and by PyTorch.

    benchmarks/train_speed.py --config models/shakespeare/config.json --install build/pytorch

A step is forward, backward, clipping and AdamW, of the same model, batch and tokens in one run.
ternary-train runs a compiled training object, PyTorch the model in float32 with BitLinear quantised
in floats, as the released code has it. Ours is compiled as by default, and rounds gradients as
--gradient-precision=high and =int8 have it. Every variant is a process of its own,
and JSON lists them all, with the ratios of ours to the best of PyTorch's:

    eager       as PyTorch runs it
    compiled    by torch.compile; every layer's recurrence is one opaque operator in it
    autotuned   the same with mode="max-autotune-no-cudagraphs"
    loop        the recurrence as the released code has it: a loop over time, left to autograd
    vectors     the same loop with its gradient written out, a vector operation a step
    chunked     the same, in chunks side by side: of the order of 2 sqrt(T) operations

The loop is left out of the compiled graph: unrolled, it compiles for many minutes. With --install
DIR, a virtual environment with PyTorch is made there, and does the measuring; peak memory counts
what importing PyTorch takes, which differs between its builds and is listed as well.
"""

from __future__ import annotations

import argparse
import array
import csv
import json
import os
import platform
import random
import statistics
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

STEP = Path(__file__).with_name("train_step_pytorch.py")
BUILD = Path(__file__).resolve().parent.parent / "build"
PRECISIONS = ("high", "int8")
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
    parser.add_argument("--index-url", help="where from, if not as pip is configured")
    parser.add_argument(
        "--build", type=Path, default=BUILD, help=f"folder with our tools in bin/ {show}"
    )
    parser.add_argument("--only-ternary", action="store_true", help="leave PyTorch out")
    return parser.parse_args()


def install(directory: Path, index_url: str | None) -> Path:
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


def run_ternary(arguments: argparse.Namespace, precision: str, threads: int) -> dict[str, object]:
    """Measures ternary-train on random ids: the median step, and its peak memory."""
    vocab = json.loads(arguments.config.read_text("utf-8"))["vocab_size"]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        model = folder / "model"
        model.mkdir()
        (model / "config.json").write_bytes(arguments.config.read_bytes())
        flags = ["--function=train", "--random-weights=1", f"--batch={arguments.batch}"]
        flags += [f"--gradient-precision={precision}"]
        compiler = arguments.build / "bin" / "ternary-compile"
        subprocess.run([compiler, model, "-o", folder / "train.so", *flags], check=True)
        steps = arguments.warmup + arguments.steps
        count = steps * arguments.batch * arguments.tokens + 1
        ids = array.array("H", random.Random(1).choices(range(vocab), k=count))
        (folder / "ids").write_bytes(ids.tobytes())
        command = [arguments.build / "bin" / "ternary-train", folder / "train.so"]
        command += ["--data", folder / "ids", "--data-format=uint16", "--out", folder / "out"]
        command += [f"--sequence-length={arguments.tokens}", f"--steps={steps}"]
        command += [f"--threads={threads}", f"--save-every={steps}", "--weight-decay=0.01"]
        process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            sys.exit(f"train_speed: ternary-train failed with status {process.returncode}")
        with (folder / "out" / "loss.csv").open(encoding="utf-8") as log:
            times = [float(row["seconds"]) for row in csv.DictReader(log)]
    # The time of a step is that since the one before, so the first has none.
    seconds = [b - a for a, b in zip(times[:-1], times[1:], strict=True)]
    seconds = seconds[max(arguments.warmup - 1, 0) :]
    tokens = arguments.batch * arguments.tokens
    return {
        "mode": "ternary",
        "gradient_precision": precision,
        "threads": threads,
        "seconds_per_step": statistics.median(seconds),
        "tokens_per_second": tokens / statistics.median(seconds),
        "peak_rss_bytes": usage.ru_maxrss * 1024,
    }


def main() -> int:
    """Measures everything that the command line asks for."""
    arguments = parse_arguments()
    python = Path(sys.executable)
    if arguments.install and not arguments.only_ternary:
        python = install(arguments.install, arguments.index_url)
    results, ours = [], []
    for threads in arguments.threads:
        for precision in PRECISIONS:
            ours.append(run_ternary(arguments, precision, threads))
            speed = f"{ours[-1]['tokens_per_second']:,.0f} tokens/s"
            print(f"ternary {precision}, {threads} threads: {speed}", file=sys.stderr)
        if arguments.only_ternary:
            continue
        for mode in arguments.modes:
            for scan in arguments.scans:
                result = run_variant(python, arguments, mode, scan, threads)
                results.append(result)
                speed = f"{result['tokens_per_second']:,.0f} tokens/s"
                print(f"{mode} {scan}, {threads} threads: {speed}", file=sys.stderr)

    def fastest(variants: list[dict[str, object]]) -> dict[str, object]:
        return max(variants, key=lambda variant: variant["tokens_per_second"])

    record = {
        "model": json.loads(arguments.config.read_text("utf-8")),
        "batch": arguments.batch,
        "tokens": arguments.tokens,
        "machine": platform.machine(),
        "cores": os.cpu_count(),
        "ternary": ours,
        "pytorch": results,
    }
    if results:
        best = fastest(results)
        record["best_pytorch"] = best
        for precision in PRECISIONS:
            mine = fastest([run for run in ours if run["gradient_precision"] == precision])
            ratio = mine["tokens_per_second"] / best["tokens_per_second"]
            record[f"speed_ratio_{precision}"] = ratio
    print(json.dumps(record, indent=2))
    return 0


if __name__ == "__main__":
    sys.exit(main())
