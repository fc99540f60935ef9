"""Gradients and training steps of compiled objects, against the original implementation.

data/hgrn-a/expected.safetensors has the loss and every gradient of the released PyTorch code
(epsilon 1e-8 in BitLinear). data/training has the losses of 200 steps of an independent PyTorch
script, make_training_golden.py.
"""

import hashlib
import json
import os
import pathlib
import re

import numpy as np
import pytest
from conftest import (
    KERNEL_FEATURES,
    ROOT,
    UNOPTIMIZED,
    remember_results,
    run_tool,
    skip_without,
)
from safetensors.numpy import load_file
from test_random_models import SHAPES, write_config
from training_object import Optimizer, TrainingObject, compute_gradients
from training_text import make_text

DATA = pathlib.Path(__file__).parent / "data"
SHAKESPEARE = ROOT / "models" / "shakespeare"
EXPECTED = load_file(DATA / "hgrn-a" / "expected.safetensors")
IDS = EXPECTED["input_ids"]

TARGETS = {
    "reference": ["--target=reference"],
    "cpu": [],
    "unfused": ["--fuse=false", UNOPTIMIZED],
    "no-threads": ["--parallel=none"],
    "portable": ["--kernel=portable"],
    **{kernel: [f"--kernel={kernel}"] for kernel in KERNEL_FEATURES},
    "keep-all": ["--recompute=none", UNOPTIMIZED],
    "recompute-blocks": ["--recompute=blocks", UNOPTIMIZED],
    "recompute-blocks-unfused": ["--recompute=blocks", "--fuse=false", UNOPTIMIZED],
}

PRECISIONS = {
    "f32": [],
    "bf16": ["--activations=bf16"],
    "int8": ["--gradient-precision=int8"],
}


def compile_training(compile_model, model: pathlib.Path, *flags: str) -> pathlib.Path:
    return compile_model(model, "--function=train", *flags)


def run_gradients(tmp_path, library, ids, threads=1) -> dict[str, np.ndarray]:
    """`loss` and all gradients, by ternary-train."""
    np.save(tmp_path / "ids.npy", ids)
    out = tmp_path / "gradients.safetensors"
    flags = ("--input-ids", tmp_path / "ids.npy", "--gradients", out, "--threads", threads)
    result = run_tool("ternary-train", library, *flags)
    assert result.returncode == 0, result.stderr
    return load_file(out)


def expect_reference_gradients(
    compile_model, model: pathlib.Path, target: str, ids: np.ndarray, *flags: str
) -> None:
    """Loss and gradients are those of the reference to the bit, on any number of threads."""
    skip_without(target)
    expected = compute_reference_gradients(compile_model, model, ids, *flags)
    library = compile_training(compile_model, model, *flags, *TARGETS[target])
    for threads in (1, 2, 3):
        got = compute_gradients(library, ids, threads)
        assert got.keys() == expected.keys()
        for name, value in expected.items():
            assert got[name].tobytes() == value.tobytes(), (name, threads)


def compute_reference_gradients(
    compile_model, model: pathlib.Path, ids: np.ndarray, *flags: str
) -> dict[str, np.ndarray]:
    """Computed once for all targets that are compared with them."""
    library = compile_training(compile_model, model, *flags, *TARGETS["reference"])
    return remember_results(library, ids, lambda: compute_gradients(library, ids))


def expect_gradients(
    got: dict[str, np.ndarray], expected: dict[str, np.ndarray], prefix: str, tolerance: float
) -> None:
    """Each gradient is within `tolerance` of the largest element of what is expected of it."""
    names = [name for name in expected if name.startswith(prefix)]
    assert len(names) == len(got) - 1
    for name in names:
        want = expected[name].astype(np.float64)
        error = np.abs(got[name.removeprefix(prefix)] - want).max()
        assert error <= tolerance * np.abs(want).max(), name


@pytest.mark.parametrize("batch", [1, 2])
@pytest.mark.parametrize("target", ["reference", "cpu"])
def test_gradients_agree_with_original(tmp_path, compile_model, target, batch):
    flags = (*TARGETS[target], f"--batch={batch}", "--epsilon=1e-8")
    library = compile_training(compile_model, DATA / "hgrn-a", *flags)
    got = run_gradients(tmp_path, library, IDS, threads=2)
    np.testing.assert_allclose(got["loss"], EXPECTED["loss_eager"], rtol=1e-6)
    expect_gradients(got, EXPECTED, "grad_eager.", 1e-4)


@pytest.mark.parametrize("precision", ["bf16", "int8"])
def test_narrow_gradients_are_near_those_of_f32(compile_model, precision):
    """The norm of each gradient's error is at most a tenth of the gradient's.

    Rounding activations to bf16 changes values of deviation s by about d = s / 1000. Where they are
    quantised next, steps are some 3 s / 127 wide, and codes change by one in d of a step: an error
    of sqrt(d * 3 s / 127) = s / 200. On the way through 19 quantised products such errors add up as
    squares, to 2 % of the values, and once more on the way back: 3 to 6 % of the gradients.

    Gradients of 8 bits have steps of some 3 s / 127, an error of s / 150: for 19 products 3 %.
    """
    flags = (*PRECISIONS[precision], "--epsilon=1e-8")
    library = compile_training(compile_model, DATA / "hgrn-a", *flags)
    got = compute_gradients(library, IDS, threads=2)
    np.testing.assert_allclose(got["loss"], EXPECTED["loss_eager"], rtol=1e-3)
    errors = {}
    for name in (name for name in EXPECTED if name.startswith("grad_eager.")):
        expected = EXPECTED[name].astype(np.float64)
        error = np.linalg.norm(got[name.removeprefix("grad_eager.")] - expected)
        errors[name] = error / np.linalg.norm(expected)
    assert max(errors.values()) <= 0.1, errors
    # And those of f32 are nearer by far; what comes before the first narrow product is theirs.
    assert np.median(list(errors.values())) >= 1e-3, errors


# Every target in f32, and the precisions with the schedules that treat their values differently:
# what an instruction set makes of a narrow kernel, the tests of lit execute for every one of them.
TARGETS_AND_PRECISIONS = [(target, "f32") for target in TARGETS if target != "reference"] + [
    (target, precision)
    for target in ("cpu", "portable", "recompute-blocks")
    for precision in PRECISIONS
    if precision != "f32"
]


@pytest.mark.parametrize(("target", "precision"), TARGETS_AND_PRECISIONS)
def test_same_bits_as_reference(compile_model, target, precision):
    expect_reference_gradients(compile_model, DATA / "hgrn-a", target, IDS, *PRECISIONS[precision])


# All pairs of shape, precision and what is computed again: no pass looks at all three.
SHAPES_AND_PRECISIONS = [
    (shape, precision, ("rows", "blocks")[(i + j) % 2])
    for i, shape in enumerate(SHAPES)
    for j, precision in enumerate(PRECISIONS)
]


@pytest.mark.parametrize(("shape", "precision", "recompute"), SHAPES_AND_PRECISIONS)
def test_same_bits_for_odd_shapes(tmp_path, compile_model, shape, recompute, precision):
    model = write_config(tmp_path / "model", shape)
    flags = ("--random-weights=3", "--batch=2", UNOPTIMIZED, *PRECISIONS[precision])
    reference = compile_training(compile_model, model, "--target=reference", *flags)
    library = compile_training(compile_model, model, f"--recompute={recompute}", *flags)
    rng = np.random.default_rng(sum(shape))
    # The last one has more rows than sums of gradients have in a block.
    for length in (1, 2, 7, 30, 130):
        ids = rng.integers(0, shape[3], size=(2, length))
        targets = rng.integers(-1, shape[3], size=(2, length))
        one, other = TrainingObject(reference), TrainingObject(library, threads=2)
        assert one.gradient(ids, targets, 0.5) == other.gradient(ids, targets, 0.5)
        assert np.isfinite(one.gradients).all()
        assert one.gradients.tobytes() == other.gradients.tobytes()
        assert one.loss(ids, targets) == other.loss(ids, targets)


def test_gradients_add_up_and_scale(compile_model):
    library = compile_training(compile_model, DATA / "hgrn-a")
    once, twice = TrainingObject(library), TrainingObject(library)
    ids, targets = IDS[:1, :-1], IDS[:1, 1:]
    loss = once.gradient(ids, targets)
    assert twice.gradient(ids, targets, 0.5) == loss
    assert twice.gradient(ids, targets, 0.5) == loss
    np.testing.assert_allclose(twice.gradients, once.gradients, rtol=1e-5, atol=1e-9)
    assert once.loss(ids, targets) == loss


def test_rows_without_targets_add_nothing(compile_model):
    training = TrainingObject(compile_training(compile_model, DATA / "hgrn-a"))
    ids = IDS[:1]
    assert training.gradient(ids, np.full_like(ids, -1)) == 0
    assert not training.gradients.any()


def test_graph_is_trained_as_its_directory(tmp_path, compile_model):
    """A graph that was written, and perhaps changed, is a model like any other."""
    model = write_config(tmp_path / "model", SHAPES[1])
    graph = tmp_path / "graph.mlir"
    flags = ("--function=train", "--random-weights=3", "--compile-to=graph", "-o", graph)
    result = run_tool("ternary-compile", model, *flags)
    assert result.returncode == 0, result.stderr
    one, other = (
        TrainingObject(compile_training(compile_model, source, "--random-weights=3"))
        for source in (model, graph)
    )
    ids = np.arange(12, dtype=np.int64)[None] % SHAPES[1][3]
    assert one.gradient(ids, ids) == other.gradient(ids, ids)
    assert one.gradients.any()
    assert one.gradients.tobytes() == other.gradients.tobytes()


def golden_optimizer(golden: dict) -> Optimizer:
    names = [name for name, _ in Optimizer._fields_ if name != "reserved"]
    return Optimizer(**{name: golden["steps" if name == "total_steps" else name] for name in names})


@pytest.mark.parametrize("activations", ["f32", "bf16"])
def test_two_hundred_steps(compile_model, activations):
    """The losses of an independent script at every step, from the same weights and data.

    With activations in bf16 they fall as in f32 and stay within the same tolerance: errors of
    rounding are independent from one token to the next, and losses are means over all.
    """
    folder = DATA / "training"
    golden = json.loads((folder / "training.json").read_text(encoding="utf-8"))
    expected = np.load(folder / "expected.npz")
    text = make_text(golden["text_bytes"], golden["text_seed"])
    assert hashlib.sha256(text).hexdigest() == golden["text_sha256"]
    data = np.frombuffer(text, dtype=np.uint8).astype(np.int32)
    tokens, batch = golden["tokens"], golden["batch"]

    flags = (f"--batch={batch}", f"--activations={activations}")
    training = TrainingObject(compile_training(compile_model, folder, *flags), threads=2)
    optimizer = golden_optimizer(golden)
    start = training.parameters.copy()
    losses, norms, rates = [], [], []
    for step in range(golden["steps"]):
        places = expected["order"][step][:, None] * tokens + np.arange(tokens)
        training.gradients[:] = 0
        losses.append(training.gradient(data[places], data[places + 1]))
        report = training.update(optimizer, step)
        norms.append(report.gradient_norm)
        rates.append(report.learning_rate)

    deviation = np.abs(np.array(losses) / expected["losses"] - 1)
    assert deviation[:50].max() <= 1e-3
    assert deviation.max() <= 1e-2
    np.testing.assert_allclose(rates, expected["learning_rates"], rtol=1e-6)
    np.testing.assert_allclose(norms[:50], expected["gradient_norms"][:50], rtol=2e-2)

    # A byte that never occurs has no gradient: its embedding decays and does nothing else.
    absent = next(value for value in range(256) if value not in text)
    shrink = np.prod(1 - np.array(rates, dtype=np.float64) * golden["weight_decay"])
    name = "model.embeddings.weight"
    np.testing.assert_allclose(
        training.views(training.parameters)[name][absent],
        training.views(start)[name][absent] * shrink,
        rtol=1e-5,
    )


def plan_memory(model: pathlib.Path, output: pathlib.Path, *flags: str) -> tuple[str, float]:
    """What the compiler says that is computed again, and how many MB training needs with it."""
    flags = ("--function=train", "--random-weights=1", "--progress", *flags)
    result = run_tool("ternary-compile", model, "-o", output, *flags)
    assert result.returncode == 0, result.stderr
    chosen = re.search(r"the backward pass computes again (.*)", result.stderr)
    total = re.search(r"needs .* ([\d.]+) MB with sequences of", result.stderr)
    assert chosen and total, result.stderr
    return chosen[1], float(total[1])


@pytest.mark.skipif("TERNARY_SANITIZE" in os.environ, reason="sanitizers need memory of their own")
@pytest.mark.parametrize("activations", ["f32", "bf16"])
@pytest.mark.parametrize("recompute", ["none", "rows", "blocks"])
def test_memory_is_what_was_reported(tmp_path, recompute, activations):
    """The peak of a run is within a tenth of what the compiler says that training needs."""
    library = tmp_path / "train.so"
    tokens = "--sequence-length=256"
    flags = ("--batch=8", f"--recompute={recompute}", f"--activations={activations}", tokens)
    _, expected = plan_memory(SHAKESPEARE, library, *flags)
    data = tmp_path / "data.txt"
    data.write_bytes(make_text(20_000, 7))
    flags = ("--data-format=bytes", tokens, "--steps=2")
    # Linux passes a process's peak on to the programs that it starts: this must not count.
    ballast = b"x" * 600_000_000
    result = run_tool("ternary-train", library, "--data", data, "--out", tmp_path / "out", *flags)
    del ballast
    assert result.returncode == 0, result.stderr
    peak = re.search(r"peak memory ([\d,]+) MB", result.stderr)
    assert peak, result.stderr
    assert float(peak[1].replace(",", "")) == pytest.approx(expected, rel=0.1)


@pytest.mark.parametrize("activations", ["f32", "bf16"])
def test_memory_budget(tmp_path, activations):
    """What is computed again grows as the budget shrinks, and the plan is near each budget."""
    kept = f"--activations={activations}"
    flags = ("--batch=8", "--sequence-length=256", "--compile-to=bufferize", kept)
    output = tmp_path / "plan.mlir"
    plans = [
        plan_memory(SHAKESPEARE, output, *flags, f"--recompute={name}")
        for name in ("none", "rows", "blocks")
    ]
    names = [chosen for chosen, _ in plans]
    some, values = re.fullmatch(r"(\d+) of (\d+) values", names[1]).groups()
    assert 0.8 * int(values) < int(some) < int(values)
    assert names == ["nothing", names[1], f"{values} of {values} values and 12 of 12 blocks"]
    none, rows, blocks = (total for _, total in plans)
    assert none > rows > blocks

    last = (-1, -1)
    for budget in (none + 1, (none + rows) / 2, rows + 1, (rows + blocks) / 2, blocks + 1):
        budget = round(budget, 1)
        flag = f"--memory-budget={budget}MB"
        chosen, total = plan_memory(SHAKESPEARE, output, *flags, flag)
        assert 0.94 * min(budget, none) <= total <= budget
        counts = re.fullmatch(
            rf"nothing|(\d+) of {values} values(?: and (\d+) of 12 blocks)?", chosen
        )
        now = tuple(int(count or 0) for count in counts.groups())
        assert now > last
        assert now[1] == 0 or now[0] == int(values)
        last = now

    flags = (
        *flags,
        "--function=train",
        "--random-weights=1",
        f"--memory-budget={blocks - 1:.1f}MB",
    )
    result = run_tool("ternary-compile", SHAKESPEARE, "-o", tmp_path / "no.mlir", *flags)
    assert result.returncode == 1
    assert f"expected --memory-budget of at least {blocks:.1f} MB" in result.stderr
    assert f"got {blocks - 1:.1f} MB" in result.stderr
    assert not (tmp_path / "no.mlir").exists()


def test_train_and_generate(tmp_path):
    """From a configuration to text: compile, train, compile what was trained, run it."""
    model = write_config(tmp_path / "model", (32, 64, 1, 256))
    data = tmp_path / "data.txt"
    data.write_bytes(make_text(20_000, 7))
    flags = ("--function=train", "--batch=4", "--random-weights=1")
    result = run_tool("ternary-compile", model, "-o", tmp_path / "train.so", *flags)
    assert result.returncode == 0, result.stderr
    flags = ("--data-format=bytes", "--sequence-length=64", "--steps=60", "--log-every=1")
    result = run_tool(
        "ternary-train", tmp_path / "train.so", "--data", data, "--out", tmp_path / "out", *flags
    )
    assert result.returncode == 0, result.stderr
    rows = (tmp_path / "out" / "loss.csv").read_text(encoding="utf-8").splitlines()
    column = rows[0].split(",").index("loss")
    losses = [float(row.split(",")[column]) for row in rows[1:]]
    assert losses[-1] < losses[0] - 1
    result = run_tool("ternary-compile", tmp_path / "out", "-o", tmp_path / "trained.so")
    assert result.returncode == 0, result.stderr
    assert run_tool("ternary-run", tmp_path / "trained.so", "--self-test").returncode == 0
