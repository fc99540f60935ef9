"""Float Transformers (LlamaForCausalLM, Qwen3ForCausalLM), against what Transformers computes:
training and text.

data/{llama,qwen3}-*/expected.safetensors has logits, the loss and every gradient, from
make_llama_golden.py.
"""

import json
import pathlib

import numpy as np
import pytest
from conftest import ROOT, SELF_TEST, run_tool
from family_checks import (
    expect_logits,
    expect_reference_logits,
    halve,
    train_from_scratch,
)
from safetensors.numpy import load_file
from test_training import (
    TARGETS,
    compile_training,
    expect_gradients,
    expect_reference_gradients,
    plan_memory,
)
from training_object import TrainingObject, compute_gradients

DATA = pathlib.Path(__file__).parent / "data"
MODELS = ("llama-grouped", "llama-tied", "llama-long", "qwen3-heads")
# Every target for one model, those whose loops differ for the others.
VARIANTS = [("llama-grouped", target) for target in TARGETS if target != "reference"] + [
    (name, target) for name in MODELS[1:] for target in ("cpu", "portable")
]


@pytest.mark.parametrize("target", ["reference", "cpu"])
@pytest.mark.parametrize("name", MODELS)
def test_gradients_agree_with_transformers(compile_model, name, target):
    expected = load_file(DATA / name / "expected.safetensors")
    library = compile_training(compile_model, DATA / name, *TARGETS[target])
    got = compute_gradients(library, expected["input_ids"], threads=2)
    np.testing.assert_allclose(got["loss"], expected["loss"], rtol=1e-5)
    expect_gradients(got, expected, "grad.", 1e-5)


@pytest.mark.parametrize(("name", "target"), VARIANTS)
def test_same_bits_as_reference(compile_model, name, target):
    ids = load_file(DATA / name / "expected.safetensors")["input_ids"]
    expect_reference_gradients(compile_model, DATA / name, target, ids)


def test_memory_budget(tmp_path, compile_model):
    """Less is kept the smaller the budget is; gradients do not depend on it."""
    model, output = DATA / "llama-grouped", tmp_path / "plan.mlir"
    flags = ("--batch=16", "--sequence-length=256")
    stop = "--compile-to=bufferize"
    totals = [
        plan_memory(model, output, *flags, stop, f"--recompute={name}")[1]
        for name in ("none", "rows", "blocks")
    ]
    assert totals[0] > totals[1] > totals[2]
    ids = load_file(model / "expected.safetensors")["input_ids"]
    everything = compile_training(compile_model, model, "--recompute=none", *flags)
    expected = compute_gradients(everything, ids)
    for budget in (sum(totals[:2]) / 2, sum(totals[1:]) / 2):
        budget = round(budget, 1)
        flag = f"--memory-budget={budget}MB"
        chosen, total = plan_memory(model, output, *flags, stop, flag)
        assert chosen != "nothing"
        assert total <= budget
        got = compute_gradients(compile_training(compile_model, model, *flags, flag), ids)
        for parameter, value in expected.items():
            assert got[parameter].tobytes() == value.tobytes(), (parameter, chosen)


def test_same_bits_for_lengths(compile_model):
    """Blocks of queries and keys that are whole, cut short and missing."""
    flags = ("--batch=2",)
    model = DATA / "llama-grouped"
    reference = compile_training(compile_model, model, "--target=reference", *flags)
    library = compile_training(compile_model, model, *flags)
    rng = np.random.default_rng(1)
    for length in (1, 2, 31, 32, 33, 64, 65, 100):
        ids = rng.integers(0, 61, size=(2, length))
        targets = rng.integers(-1, 61, size=(2, length))
        one, other = TrainingObject(reference), TrainingObject(library, threads=2)
        assert one.gradient(ids, targets, 0.5) == other.gradient(ids, targets, 0.5)
        assert np.isfinite(one.gradients).all()
        assert one.gradients.tobytes() == other.gradients.tobytes()
        assert one.loss(ids, targets) == other.loss(ids, targets)


@pytest.mark.parametrize("target", ["reference", "cpu"])
@pytest.mark.parametrize("name", MODELS)
def test_logits_agree_with_transformers(compile_model, compute_logits, name, target):
    """A prompt at once, and token by token with keys and values carried on."""
    library = compile_model(DATA / name, *TARGETS[target])
    expect_logits(compute_logits, library, load_file(DATA / name / "expected.safetensors"), 1e-5)


@pytest.mark.parametrize(
    ("name", "target"),
    [each for each in VARIANTS if "--recompute" not in " ".join(TARGETS[each[1]])],
)
def test_same_logits_as_reference(compile_model, compute_logits, name, target):
    ids = load_file(DATA / name / "expected.safetensors")["input_ids"][:1]
    expect_reference_logits(compile_model, compute_logits, DATA / name, target, ids)


@pytest.mark.parametrize("batch", [1, 2])
@pytest.mark.parametrize("name", MODELS)
def test_self_test(compile_model, name, batch):
    library = compile_model(DATA / name, SELF_TEST, f"--batch={batch}")
    result = run_tool("ternary-run", library, "--self-test", "--threads=2")
    assert result.returncode == 0, result.stderr
    assert "8 tokens agree with the reference" in result.stdout


@pytest.mark.parametrize("target", ["reference", "cpu"])
def test_batch(compile_model, compute_logits, target):
    model = DATA / "llama-grouped"
    ids = load_file(model / "expected.safetensors")["input_ids"]
    one = compile_model(model, *TARGETS[target])
    two = compile_model(model, "--batch=2", *TARGETS[target])
    expected = np.concatenate([compute_logits(one, row[None]) for row in ids])
    for step in (False, True):
        got = compute_logits(two, ids, 2, step)
        assert got.tobytes() == expected.tobytes(), step


def test_no_step_past_the_capacity(tmp_path, compile_model):
    """Keys and values are kept for `max_position_embeddings` tokens, 256 here."""
    library = compile_model(DATA / "llama-tied")
    for length, code in ((256, 0), (257, 1)):
        np.save(tmp_path / "ids.npy", np.zeros((1, length), dtype=np.int32))
        flags = ("--input-ids", tmp_path / "ids.npy", "--logits", tmp_path / "logits.npy")
        result = run_tool("ternary-run", library, *flags)
        assert result.returncode == code, result.stderr
    assert "expected at most 256 tokens" in result.stderr


def test_what_has_no_meaning_is_refused(tmp_path):
    library = tmp_path / "model.so"
    result = run_tool("ternary-compile", DATA / "llama-tied", "-o", library, "--epsilon=1e-6")
    assert result.returncode == 1
    assert "expected no --epsilon for model_type llama" in result.stderr
    flags = ("--function=train", "--gradient-precision=int8")
    result = run_tool("ternary-compile", DATA / "llama-tied", "-o", library, *flags)
    assert result.returncode == 1
    assert "expected no --gradient-precision for model_type llama" in result.stderr
    assert not library.exists()


def test_half_precision_is_read(tmp_path, compile_model, compute_logits):
    """A checkpoint in float16 has the gradients and logits of the values it holds."""
    ids = load_file(DATA / "llama-tied" / "expected.safetensors")["input_ids"]
    gradients, logits = [], []
    for model in halve(DATA / "llama-tied", tmp_path):
        library = compile_training(compile_model, model)
        gradients.append(compute_gradients(library, ids))
        logits.append(compute_logits(compile_model(model), ids[:1]))
    for name, value in gradients[0].items():
        assert value.tobytes() == gradients[1][name].tobytes(), name
    assert logits[0].tobytes() == logits[1].tobytes()


def test_trains_from_scratch(tmp_path):
    """Initial values as Transformers makes them, and a loss that falls."""
    model = ROOT / "models" / "shakespeare-transformer"
    config = json.loads((model / "config.json").read_text(encoding="utf-8"))
    config |= {"hidden_size": 64, "head_dim": 16, "intermediate_size": 96, "num_hidden_layers": 1}
    config |= {"vocab_size": 256, "initializer_range": 0.05}

    def check(values: dict[str, np.ndarray]) -> None:
        assert (values["model.norm.weight"] == 1).all()
        assert values["lm_head.weight"].std() == pytest.approx(0.05, rel=0.02)

    train_from_scratch(tmp_path, config, check)


@pytest.mark.parametrize(
    ("name", "flags"),
    [
        ("llama-tied", []),
        ("bitnet-odd", ["--kv-cache=int8"]),
        ("rwkv-odd", []),
        ("hgrn-a", []),
    ],
)
def test_steps_read_no_state_themselves(tmp_path, name, flags):
    """What a step carries is in the hands of kernels: it may lie where the host cannot read."""
    output = tmp_path / "plan.mlir"
    flags = (
        [*flags, "--random-weights=1"] if not list((DATA / name).glob("*.safetensors")) else flags
    )
    result = run_tool(
        "ternary-compile", DATA / name, "-o", output, "--compile-to=bufferize", *flags
    )
    assert result.returncode == 0, result.stderr
    text = output.read_text(encoding="utf-8")
    assert "ternary.step = #ternary.step<decode>" in text
    assert "call @" in text
    for op in ("memref.load", "memref.store", "memref.copy", "tensor."):
        assert op not in text
