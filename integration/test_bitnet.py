"""Transformers with ternary layers, against what the library Transformers computes.

data/bitnet-a has logits of both rows of ids; data/bitnet-odd, from make_bitnet_golden.py, also the
loss and every gradient: their weights are floats that become ternary as the model is compiled.
data/packed-*, from make_packed_golden.py, store trits: BitNetForCausalLM with scales that multiply,
LlamaForCausalLM with scales that divide, without and with norms in its layers.
"""

import pathlib

import numpy as np
import pytest
from conftest import SELF_TEST, run_tool
from family_checks import expect_reference_logits, halve
from safetensors.numpy import load_file
from test_training import TARGETS, compile_training, expect_gradients
from training_object import compute_gradients

DATA = pathlib.Path(__file__).parent / "data"
MODELS = ("bitnet-a", "bitnet-odd", "packed-bitnet", "packed-llama", "packed-norms")


def load_expected(name: str) -> dict[str, np.ndarray]:
    return load_file(DATA / name / "expected.safetensors")


@pytest.mark.parametrize("target", ["reference", "cpu"])
@pytest.mark.parametrize("name", MODELS)
def test_logits_agree_with_transformers(compile_model, compute_logits, name, target):
    """A prompt at once, and token by token with keys and values carried on."""
    expected = load_expected(name)
    library = compile_model(DATA / name, *TARGETS[target])
    for row, logits in zip(expected["input_ids"], expected["logits"], strict=True):
        for step in (False, True):
            for threads in (1, 2):
                got = compute_logits(library, row[None], threads, step)
                assert np.abs(got[0] - logits).max() <= 1e-4


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("target", ["cpu", "unfused", "no-threads", "portable", "avx2"])
def test_same_logits_as_reference(compile_model, compute_logits, name, target):
    ids = load_expected(name)["input_ids"][:1]
    expect_reference_logits(compile_model, compute_logits, DATA / name, target, ids)


@pytest.mark.parametrize("name", ["bitnet-odd", "packed-llama"])
@pytest.mark.parametrize("target", ["cpu", "unfused", "portable", "avx2"])
@pytest.mark.parametrize(("cache", "tolerance"), [("f16", 2e-2), ("int8", 5e-2)])
def test_narrow_cache(compile_model, compute_logits, name, target, cache, tolerance):
    """Near what they are with f32, and the same bits on all targets."""
    expected = load_expected(name)
    ids, logits = expected["input_ids"][:1], expected["logits"][:1]
    flags = (f"--kv-cache={cache}", SELF_TEST)
    reference = expect_reference_logits(
        compile_model, compute_logits, DATA / name, target, ids, *flags
    )
    error = np.abs(reference - logits).max()
    assert 0 < error < tolerance * np.abs(logits).max()
    library = compile_model(DATA / name, *TARGETS[target], *flags)
    result = run_tool("ternary-run", library, "--self-test")  # in pieces, too
    assert result.returncode == 0, result.stderr


def test_batch(compile_model, compute_logits):
    ids = load_expected("bitnet-odd")["input_ids"]
    one = compile_model(DATA / "bitnet-odd")
    three = compile_model(DATA / "bitnet-odd", "--batch=3")
    expected = np.concatenate([compute_logits(one, row[None]) for row in ids])
    for step in (False, True):
        assert compute_logits(three, ids, 2, step).tobytes() == expected.tobytes(), step


def test_batch_of_codes(compile_model, compute_logits):
    """Each sequence has codes and scales of its own."""
    ids = load_expected("bitnet-odd")["input_ids"][:2]
    one = compile_model(DATA / "bitnet-odd", "--kv-cache=int8")
    expected = np.concatenate([compute_logits(one, row[None]) for row in ids])
    for target in ("reference", "cpu"):
        two = compile_model(DATA / "bitnet-odd", "--kv-cache=int8", "--batch=2", *TARGETS[target])
        for step in (False, True):
            got = compute_logits(two, ids, 2, step)
            assert got.tobytes() == expected.tobytes(), (target, step)


@pytest.mark.parametrize("target", ["reference", "cpu", "recompute-blocks"])
def test_gradients_agree_with_transformers(compile_model, target):
    expected = load_expected("bitnet-odd")
    library = compile_training(compile_model, DATA / "bitnet-odd", *TARGETS[target])
    got = compute_gradients(library, expected["input_ids"], threads=2)
    np.testing.assert_allclose(got["loss"], expected["loss"], rtol=1e-6)
    expect_gradients(got, expected, "grad.", 1e-4)


def test_half_precision_is_read(tmp_path, compile_model, compute_logits):
    """A checkpoint in float16 has the logits of the values it holds."""
    ids = load_expected("bitnet-odd")["input_ids"][:1]
    half, single = (
        compute_logits(compile_model(model), ids) for model in halve(DATA / "bitnet-odd", tmp_path)
    )
    assert half.tobytes() == single.tobytes()


def test_what_has_no_meaning_is_refused(tmp_path):
    library = tmp_path / "model.so"
    result = run_tool("ternary-compile", DATA / "bitnet-odd", "-o", library, "--epsilon=1e-6")
    assert result.returncode == 1
    assert "expected no --epsilon for model_type bitnet" in result.stderr
    flags = ("--kv-cache=f16", "--function=train")
    result = run_tool("ternary-compile", DATA / "bitnet-odd", "-o", library, *flags)
    assert result.returncode == 1
    assert "expected no --kv-cache for training" in result.stderr
    result = run_tool("ternary-compile", DATA / "bitnet-odd", "-o", library, "--kv-cache=int4")
    assert result.returncode == 1
    assert "int4" in result.stderr
    assert not library.exists()


def test_trits_stay_out_of_training(tmp_path):
    """There is nothing behind them that could learn."""
    library = tmp_path / "model.so"
    result = run_tool("ternary-compile", DATA / "packed-llama", "-o", library, "--function=train")
    assert result.returncode == 1
    assert result.stderr.count("\n") == 1
    assert "expected latent weights to train" in result.stderr
    assert not library.exists()


def test_random_weights_are_latent(compile_model, compute_logits):
    """A packed checkpoint's config.json alone will do to try a shape."""
    library = compile_model(DATA / "packed-norms", "--random-weights")
    logits = compute_logits(library, load_expected("packed-norms")["input_ids"][:1])
    assert np.isfinite(logits).all()
