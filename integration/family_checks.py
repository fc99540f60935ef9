"""What the tests of several model families check in the same way."""

import json
import pathlib
from collections.abc import Callable, Iterator

import numpy as np
import pytest
from conftest import remember_results, run_tool, skip_without
from safetensors.numpy import load_file, save_file
from test_training import TARGETS
from training_object import TrainingObject
from training_text import make_text

DATA = pathlib.Path(__file__).parent / "data"
LAYERS = {"quant_method": "bitnet", "linear_class": "autobitlinear", "quantization_mode": "online"}


def draw_latent(
    directory: pathlib.Path, like: str, sizes: dict[int, int], members: dict
) -> pathlib.Path:
    """A model of latent weights, with values distributed as in the one that it is like, other sizes
    and other members of config.json."""
    config = json.loads((DATA / like / "config.json").read_text(encoding="utf-8"))
    config |= members | {"quantization_config": LAYERS}
    directory.mkdir()
    (directory / "config.json").write_text(json.dumps(config), encoding="utf-8")
    generator = np.random.default_rng(1)
    tensors = {
        name: generator.normal(
            tensor.mean(), tensor.std(), [sizes.get(size, size) for size in tensor.shape]
        ).astype(np.float32)
        for name, tensor in load_file(DATA / like / "model.safetensors").items()
    }
    save_file(tensors, directory / "model.safetensors", {"format": "pt"})
    return directory


def halve(model: pathlib.Path, tmp_path: pathlib.Path) -> Iterator[pathlib.Path]:
    """A checkpoint with its values rounded to float16, stored as such and as float32."""
    for dtype in (np.float16, np.float32):
        folder = tmp_path / dtype.__name__
        folder.mkdir()
        config = (model / "config.json").read_text(encoding="utf-8")
        (folder / "config.json").write_text(config, encoding="utf-8")
        source = load_file(model / "model.safetensors")
        halved = {name: value.astype(np.float16).astype(dtype) for name, value in source.items()}
        save_file(halved, folder / "model.safetensors")
        yield folder


def expect_reference_logits(
    compile_model: Callable,
    compute_logits: Callable,
    model: pathlib.Path,
    target: str,
    ids: np.ndarray,
    *flags: str,
) -> np.ndarray:
    """The logits of the reference, which are those of a target to the bit: at once or token by
    token, on any number of threads."""
    skip_without(target)
    reference = compute_reference_logits(compile_model, compute_logits, model, ids, *flags)
    library = compile_model(model, *TARGETS[target], *flags)
    expect_same_logits(compute_logits, library, ids, reference)
    return reference


def compute_reference_logits(
    compile_model: Callable,
    compute_logits: Callable,
    model: pathlib.Path,
    ids: np.ndarray,
    *flags: str,
) -> np.ndarray:
    """Computed once for all targets that are compared with them."""
    library = compile_model(model, *TARGETS["reference"], *flags)
    results = remember_results(library, ids, lambda: {"logits": compute_logits(library, ids)})
    return results["logits"]


def expect_same_logits(
    compute_logits: Callable, library: pathlib.Path, ids: np.ndarray, expected: np.ndarray
) -> None:
    """The same bits at once and token by token, on any number of threads."""
    for step in (False, True):
        for threads in (1, 2, 3):
            got = compute_logits(library, ids, threads, step)
            assert got.tobytes() == expected.tobytes(), (step, threads)


def expect_logits(
    compute_logits: Callable, library: pathlib.Path, expected: dict, tolerance: float
) -> None:
    """Logits, relative to the largest, of a prompt at once and token by token."""
    for row, logits in zip(expected["input_ids"], expected["logits"], strict=True):
        for step in (False, True):
            for threads in (1, 2):
                got = compute_logits(library, row[None], threads, step)
                assert np.abs(got[0] - logits).max() <= tolerance * np.abs(logits).max()


def train_from_scratch(
    tmp_path: pathlib.Path, config: dict, check_initial_values: Callable[[dict], None]
) -> None:
    """A loss that falls from that of guessing bytes, and a model that compiles."""
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")
    data = tmp_path / "data.txt"
    data.write_bytes(make_text(20_000, 7))
    library = tmp_path / "train.so"
    flags = ("--function=train", "--batch=4", "--random-weights=1")
    result = run_tool("ternary-compile", folder, "-o", library, *flags)
    assert result.returncode == 0, result.stderr
    training = TrainingObject(library)
    values = training.views(training.parameters)
    check_initial_values(values)

    flags = ("--data-format=bytes", "--sequence-length=64", "--steps=60", "--log-every=1")
    flags += ("--learning-rate=0.01",)
    out = tmp_path / "out"
    result = run_tool("ternary-train", library, "--data", data, "--out", out, *flags)
    assert result.returncode == 0, result.stderr
    rows = (out / "loss.csv").read_text(encoding="utf-8").splitlines()
    column = rows[0].split(",").index("loss")
    losses = [float(row.split(",")[column]) for row in rows[1:]]
    assert losses[0] == pytest.approx(np.log(256), abs=0.2)
    assert losses[-1] < losses[0] - 1
    trained = load_file(out / "model.safetensors")
    assert {name: value.shape for name, value in trained.items()} == {
        name: value.shape for name, value in values.items()
    }
    assert json.loads((out / "config.json").read_text(encoding="utf-8")) == config
    result = run_tool("ternary-compile", out, "-o", tmp_path / "trained.so")
    assert result.returncode == 0, result.stderr
    assert run_tool("ternary-run", tmp_path / "trained.so", "--self-test").returncode == 0
