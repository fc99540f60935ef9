"""Logits of the original implementation, by every target, and the same bits from all of them.

data/hgrn-a is a MatMul-free language model with random weights, and its logits as the released
PyTorch code computes them: fused (epsilon 1e-6 in BitLinear) and eager (epsilon 1e-8).
"""

import pathlib

import numpy as np
import pytest
from conftest import KERNEL_FEATURES, UNOPTIMIZED, skip_without
from family_checks import expect_same_logits
from safetensors.numpy import load_file

MODEL = pathlib.Path(__file__).parent / "data" / "hgrn-a"
EXPECTED = load_file(MODEL / "expected.safetensors")
IDS = EXPECTED["input_ids"]
EPSILONS = {"fused": "1e-6", "eager": "1e-8"}

TARGETS = {
    "reference": ["--target=reference"],
    "cpu": [],
    "unfused": ["--fuse=false", UNOPTIMIZED],
    "portable": ["--kernel=portable"],
    **{kernel: [f"--kernel={kernel}"] for kernel in KERNEL_FEATURES},
    "no-threads": ["--parallel=none"],
    "external": ["--weights=external"],
}


def flags_for(target: str) -> list[str]:
    skip_without(target)
    return TARGETS[target]


@pytest.mark.parametrize("variant", EPSILONS)
@pytest.mark.parametrize("target", ["reference", "cpu"])
def test_agrees_with_original(compile_model, run_logits, target, variant):
    """By ternary-run; other tests run models in their own process."""
    library = compile_model(MODEL, *TARGETS[target], f"--epsilon={EPSILONS[variant]}")
    expected = EXPECTED[f"logits_{variant}"]
    for row, logits in zip(IDS, expected, strict=True):
        for step in (False, True):
            for threads in (1, 2):
                got = run_logits(library, row[None], threads, step)
                assert np.abs(got[0] - logits).max() <= 1e-5


@pytest.mark.parametrize("target", [name for name in TARGETS if name != "reference"])
def test_same_bits_as_reference(compile_model, compute_logits, target):
    flags = flags_for(target)
    ids = IDS[:1]
    reference = compute_logits(compile_model(MODEL, *TARGETS["reference"]), ids)
    expect_same_logits(compute_logits, compile_model(MODEL, *flags), ids, reference)


def test_batch(compile_model, run_logits):
    one = compile_model(MODEL)
    two = compile_model(MODEL, "--batch=2")
    expected = np.concatenate([run_logits(one, row[None]) for row in IDS])
    for step in (False, True):
        for threads in (1, 2):
            got = run_logits(two, IDS, threads, step)
            assert got.tobytes() == expected.tobytes(), (step, threads)
