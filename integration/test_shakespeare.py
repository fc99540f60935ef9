"""The shipped model continues a prompt as its training program says it does."""

import ctypes
import json
import pathlib
import subprocess

import numpy as np
import pytest
from conftest import BIN, ROOT, SELF_TEST, run_tool

MODEL = ROOT / "models" / "shakespeare"
GOLDEN = json.loads((MODEL / "golden.json").read_text(encoding="utf-8"))


def test_greedy_continuation(compile_model, compute_logits):
    library = compile_model(MODEL)
    prompt = GOLDEN["prompt_ids"]
    continuation = GOLDEN["greedy_ids"]
    ids = np.array([prompt + continuation])
    logits = compute_logits(library, ids, 2)[0]
    predicted = logits[len(prompt) - 1 : -1].argmax(axis=-1)
    assert predicted.tolist() == continuation


def test_text(compile_model):
    library = compile_model(MODEL)
    count = len(GOLDEN["greedy_ids"])
    result = run_tool("ternary-run", library, "--prompt", GOLDEN["prompt"], "--tokens", count)
    assert result.returncode == 0, result.stderr
    assert result.stdout.startswith(GOLDEN["prompt"])
    assert result.stdout.rstrip("\n") == (GOLDEN["prompt"] + GOLDEN["greedy_text"]).rstrip("\n")


def test_seed_decides(compile_model):
    library = compile_model(MODEL)
    flags = ["--prompt", "ROMEO:", "--tokens", 40, "--temperature", 0.8]
    first, again, other = (
        run_tool("ternary-run", library, *flags, "--seed", seed).stdout for seed in (1, 1, 2)
    )
    assert first == again
    assert first != other


def test_self_test(compile_model):
    library = compile_model(MODEL, SELF_TEST)
    result = run_tool("ternary-run", library, "--self-test", "--threads", 2)
    assert result.returncode == 0, result.stderr


def test_c_program(tmp_path):
    """An object and its header, linked by a C compiler alone."""
    result = run_tool("ternary-compile", MODEL, "-o", tmp_path / "shakespeare.o", "--parallel=none")
    assert result.returncode == 0, result.stderr
    program = tmp_path / "generate"
    source = ROOT / "examples" / "c" / "generate.c"
    command = ["cc", "-std=c99", "-Wall", "-Werror", f"-I{tmp_path}", source]
    subprocess.run([*command, tmp_path / "shakespeare.o", "-lm", "-o", program], check=True)
    text = subprocess.run([program], capture_output=True, check=True, timeout=60).stdout
    assert len(text.decode()) > 20


@pytest.mark.skipif(not (BIN / "ternary-bench").exists(), reason="ternary-bench is not built")
def test_bench_reports_json(compile_model):
    result = run_tool(
        "ternary-bench",
        compile_model(MODEL),
        "--json",
        "--prompt-tokens=32",
        "--generate-tokens=8",
        "--repeats=1",
    )
    assert result.returncode == 0, result.stderr
    report = json.loads(result.stdout)
    keys = {
        "kernel",
        "threads",
        "memory_read_gb_per_s",
        "int8_peak_gmac_per_s",
        "generate_tokens_per_s",
        "generate_share_of_memory",
        "prompt_tokens_per_s",
        "prompt_share_of_int8",
        "packed_weight_bytes",
        "resident_bytes",
    }
    assert keys <= report.keys()


def test_object_needs_only_libc(compile_model):
    """A library with threads loads where nothing but libc is."""
    library = compile_model(MODEL)
    ctypes.CDLL(str(pathlib.Path(library)))
