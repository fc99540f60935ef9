"""RWKV-4 (RwkvForCausalLM), against what Transformers computes: training and text.

data/rwkv-*/expected.safetensors has logits, the loss and every gradient, from make_rwkv_golden.py.
The layers of rwkv-ternary become ternary as it is compiled.
"""

import json
import pathlib

import numpy as np
import pytest
from conftest import SELF_TEST, UNOPTIMIZED, run_tool
from family_checks import expect_reference_logits, halve, train_from_scratch
from safetensors.numpy import load_file, save_file
from test_training import (
    TARGETS,
    compile_training,
    expect_gradients,
    expect_reference_gradients,
)
from training_object import TrainingObject, compute_gradients

DATA = pathlib.Path(__file__).parent / "data"
MODELS = ("rwkv-plain", "rwkv-odd", "rwkv-ternary")
# Every target for one model, those whose loops differ for the others.
VARIANTS = [("rwkv-ternary", target) for target in TARGETS if target != "reference"] + [
    (name, target) for name in ("rwkv-plain", "rwkv-odd") for target in ("cpu", "portable")
]


def load_expected(name: str) -> dict[str, np.ndarray]:
    return load_file(DATA / name / "expected.safetensors")


@pytest.mark.parametrize("target", ["reference", "cpu"])
@pytest.mark.parametrize("name", MODELS)
def test_logits_agree_with_transformers(compile_model, compute_logits, name, target):
    """A prompt at once, and token by token with the state carried on."""
    expected = load_expected(name)
    library = compile_model(DATA / name, *TARGETS[target])
    for row, logits in zip(expected["input_ids"], expected["logits"], strict=True):
        for step in (False, True):
            for threads in (1, 2):
                got = compute_logits(library, row[None], threads, step)
                assert np.abs(got[0] - logits).max() <= 1e-4


@pytest.mark.parametrize(
    ("name", "target"),
    [each for each in VARIANTS if "--recompute" not in " ".join(TARGETS[each[1]])],
)
def test_same_logits_as_reference(compile_model, compute_logits, name, target):
    ids = load_expected(name)["input_ids"][:1]
    expect_reference_logits(compile_model, compute_logits, DATA / name, target, ids)


@pytest.mark.parametrize("target", ["reference", "cpu"])
@pytest.mark.parametrize("name", ["rwkv-odd", "rwkv-ternary"])
def test_batch(compile_model, compute_logits, name, target):
    """Sequences have states of their own."""
    ids = load_expected(name)["input_ids"]
    one = compile_model(DATA / name, *TARGETS[target])
    three = compile_model(DATA / name, "--batch=3", *TARGETS[target])
    expected = np.concatenate([compute_logits(one, row[None]) for row in ids])
    for step in (False, True):
        assert compute_logits(three, ids, 2, step).tobytes() == expected.tobytes(), step


@pytest.mark.parametrize("name", MODELS)
def test_self_test(compile_model, name):
    """Prompts in chunks, tokens one by one and sequences after a reset: all the same bits."""
    result = run_tool("ternary-run", compile_model(DATA / name, SELF_TEST), "--self-test")
    assert result.returncode == 0, result.stderr


def test_large_keys(tmp_path, compile_model, compute_logits):
    """Exponentials of keys that f32 cannot hold: WKV is still a mean of values."""
    weights = load_file(DATA / "rwkv-odd" / "model.safetensors")
    for name in weights:
        if name.endswith("attention.key.weight"):
            weights[name] *= 100
    config = (DATA / "rwkv-odd" / "config.json").read_text(encoding="utf-8")
    (tmp_path / "config.json").write_text(config, encoding="utf-8")
    save_file(weights, tmp_path / "model.safetensors")
    ids = load_expected("rwkv-odd")["input_ids"][:1]
    reference = compute_logits(compile_model(tmp_path, "--target=reference"), ids)
    assert np.isfinite(reference).all()
    assert compute_logits(compile_model(tmp_path), ids, 2).tobytes() == reference.tobytes()
    library = compile_training(compile_model, tmp_path)
    for gradient in compute_gradients(library, ids).values():
        assert np.isfinite(gradient).all()


@pytest.mark.parametrize("target", ["reference", "cpu", "recompute-blocks"])
@pytest.mark.parametrize("name", MODELS)
def test_gradients_agree_with_transformers(compile_model, name, target):
    expected = load_expected(name)
    library = compile_training(compile_model, DATA / name, *TARGETS[target])
    got = compute_gradients(library, expected["input_ids"], threads=2)
    np.testing.assert_allclose(got["loss"], expected["loss"], rtol=1e-6)
    expect_gradients(got, expected, "grad.", 1e-4 if name == "rwkv-ternary" else 1e-5)


@pytest.mark.parametrize(("name", "target"), VARIANTS)
def test_same_gradients_as_reference(compile_model, name, target):
    ids = load_expected(name)["input_ids"]
    expect_reference_gradients(compile_model, DATA / name, target, ids)


def test_same_gradients_for_lengths(compile_model):
    flags = ("--batch=2",)
    reference = compile_training(compile_model, DATA / "rwkv-odd", "--target=reference", *flags)
    library = compile_training(compile_model, DATA / "rwkv-odd", *flags)
    rng = np.random.default_rng(1)
    for length in (1, 2, 33, 100):
        ids = rng.integers(0, 37, size=(2, length))
        targets = rng.integers(-1, 37, size=(2, length))
        one, other = TrainingObject(reference), TrainingObject(library, threads=2)
        assert one.gradient(ids, targets, 0.5) == other.gradient(ids, targets, 0.5)
        assert np.isfinite(one.gradients).all()
        assert one.gradients.tobytes() == other.gradients.tobytes()
        assert one.loss(ids, targets) == other.loss(ids, targets)


# Channels of tokens and of WKV, of the MLP, layers; whether they are ternary.
@pytest.mark.parametrize(
    "shape", [(1, 3, 2, 2, True), (33, 17, 15, 2, True), (16, 32, 64, 1, False)]
)
def test_same_bits_for_odd_shapes(tmp_path, compile_model, compute_logits, shape):
    sizes = ("hidden_size", "attention_hidden_size", "intermediate_size", "num_hidden_layers")
    config = {"model_type": "rwkv", "vocab_size": 23, "rescale_every": 1}
    config |= dict(zip(sizes, shape[:4], strict=True))
    if shape[4]:
        source = json.loads((DATA / "rwkv-ternary" / "config.json").read_text(encoding="utf-8"))
        config["quantization_config"] = source["quantization_config"]
    (tmp_path / "config.json").write_text(json.dumps(config), encoding="utf-8")
    ids = np.random.default_rng(sum(shape)).integers(0, 23, (2, 37)).astype(np.int32)
    flags = ("--random-weights=3", "--batch=2", UNOPTIMIZED)
    reference = compile_model(tmp_path, *TARGETS["reference"], *flags)
    expected = compute_logits(reference, ids)
    assert np.isfinite(expected).all()
    library = compile_model(tmp_path, *flags)
    for step in (False, True):
        assert compute_logits(library, ids, 2, step).tobytes() == expected.tobytes(), step
    reference = compile_training(compile_model, tmp_path, *TARGETS["reference"], *flags)
    library = compile_training(compile_model, tmp_path, *flags)
    got = compute_gradients(library, ids, threads=2)
    for name, value in compute_gradients(reference, ids).items():
        assert np.isfinite(value).all()
        assert got[name].tobytes() == value.tobytes(), name


def test_half_precision_is_read(tmp_path, compile_model, compute_logits):
    """A checkpoint in float16 has the logits of the values it holds."""
    ids = load_expected("rwkv-plain")["input_ids"][:1]
    half, single = (
        compute_logits(compile_model(model), ids) for model in halve(DATA / "rwkv-plain", tmp_path)
    )
    assert half.tobytes() == single.tobytes()


def test_trains_from_scratch(tmp_path):
    """Ternary layers, initial values as Transformers makes them, and a loss that falls."""
    config = json.loads((DATA / "rwkv-ternary" / "config.json").read_text(encoding="utf-8"))
    config |= {"vocab_size": 256, "hidden_size": 64, "attention_hidden_size": 64}
    config |= {"intermediate_size": 128, "num_hidden_layers": 2}

    def check(values: dict[str, np.ndarray]) -> None:
        assert (values["rwkv.ln_out.weight"] == 1).all()
        assert not values["rwkv.blocks.1.ln2.bias"].any()
        decay = values["rwkv.blocks.1.attention.time_decay"]
        np.testing.assert_allclose(decay, -5 + 8 * (np.arange(64) / 63) ** 2, rtol=1e-6)
        value = values["rwkv.blocks.0.feed_forward.value.weight"]
        assert value.std() == pytest.approx(128**-0.5, rel=0.03)

    train_from_scratch(tmp_path, config, check)


def test_what_has_no_meaning_is_refused(tmp_path):
    library = tmp_path / "model.so"
    result = run_tool("ternary-compile", DATA / "rwkv-ternary", "-o", library, "--epsilon=1e-6")
    assert result.returncode == 1
    assert "expected no --epsilon for model_type rwkv" in result.stderr
    flags = ("--function=train", "--gradient-precision=int8")
    result = run_tool("ternary-compile", DATA / "rwkv-plain", "-o", library, *flags)
    assert result.returncode == 1
    assert "expected no --gradient-precision for model_type rwkv" in result.stderr
    assert not library.exists()


def pack(weight: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The weight as trits, four in a byte, and the scale that multiplies."""
    scale = np.float32(np.abs(weight).mean(dtype=np.float64))
    codes = np.clip(np.round(weight * (np.float32(1) / scale)), -1, 1).astype(np.uint8) + 1
    rows = codes.reshape(4, -1, codes.shape[1])
    packed = rows[0] | rows[1] << 2 | rows[2] << 4 | rows[3] << 6
    return packed, np.full(1, scale, np.float32)


def test_packed_weights_have_the_same_bits(tmp_path, compile_model, compute_logits):
    """Made ternary before or while the model is compiled."""
    weights = load_file(DATA / "rwkv-plain" / "model.safetensors")
    packed = {}
    for name, weight in weights.items():
        packed[name] = weight
        if ".blocks." in name and weight.ndim == 2:
            packed[name], packed[f"{name}_scale"] = pack(weight)
    ids = load_expected("rwkv-plain")["input_ids"][:1]
    logits = []
    for mode, tensors in (("online", weights), ("offline", packed)):
        folder = tmp_path / mode
        folder.mkdir()
        config = json.loads((DATA / "rwkv-plain" / "config.json").read_text(encoding="utf-8"))
        config["quantization_config"] = {
            "quant_method": "bitnet",
            "linear_class": "autobitlinear",
            "quantization_mode": mode,
        }
        (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")
        save_file(tensors, folder / "model.safetensors")
        logits.append(compute_logits(compile_model(folder), ids))
    assert logits[0].tobytes() == logits[1].tobytes()
