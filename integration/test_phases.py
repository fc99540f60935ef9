"""A compilation goes on from the module that any phase leaves."""

import pathlib
import shutil

import numpy as np
import pytest
from conftest import ROOT, UNOPTIMIZED, run_tool
from safetensors.numpy import save_file

DATA = ROOT / "integration" / "data"
FUNCTION = DATA / "functions" / "parameters.mlir"
MODEL = DATA / "hgrn-a"
BOTH = ["graph", "quantize", "fuse", "pack", "bufferize", "expand", "lower"]
TRAINING = ["graph", "differentiate", *BOTH[1:]]


def compile_to(folder: pathlib.Path, name: str, source: pathlib.Path, *flags: str) -> bytes:
    folder.mkdir(exist_ok=True)
    result = run_tool("ternary-compile", source, "-o", folder / name, UNOPTIMIZED, *flags)
    assert result.returncode == 0, result.stderr
    return (folder / name).read_bytes()


@pytest.mark.parametrize(
    "name, source, flags, going_on, phases",
    [
        ("m.o", MODEL, ["--self-test=0"], [f"--parameters={MODEL}"], BOTH),
        ("m.so", MODEL, ["--function=train"], [f"--parameters={MODEL}"], TRAINING),
        ("m.so", MODEL, ["--self-test=0", "--target=reference"], [f"--parameters={MODEL}"], BOTH),
        ("m.o", FUNCTION, ["--random-weights=1"], [], BOTH),
    ],
    ids=["generate", "train", "reference", "function"],
)
def test_every_phase_goes_on(name, source, flags, going_on, phases, tmp_path) -> None:
    dumps = tmp_path / "dumps"
    expected = compile_to(tmp_path / "whole", name, source, *flags, f"--dump-phases={dumps}")
    found = {path.stem.split("-", 1)[1]: path for path in sorted(dumps.iterdir())}
    assert list(found) == phases
    for phase, path in found.items():
        assert f'ternary.phase = "{phase}"' in path.read_text(encoding="utf-8")
        # A module without a name has that of its file.
        again = shutil.copy(path, tmp_path / f"{source.stem}.mlir")
        assert compile_to(tmp_path / phase, name, again, *flags, *going_on) == expected, phase


@pytest.fixture(scope="module")
def dumps(tmp_path_factory) -> pathlib.Path:
    folder = tmp_path_factory.mktemp("dumps")
    compile_to(folder, "m.so", MODEL, "--self-test=0", f"--dump-phases={folder / 'd'}")
    return folder / "d"


def test_entry_points_get_the_new_name(dumps: pathlib.Path, tmp_path: pathlib.Path) -> None:
    compile_to(tmp_path, "other.o", dumps / "7-lower.mlir", f"--parameters={MODEL}")
    header = (tmp_path / "other.h").read_text(encoding="utf-8")
    assert "other_status other_open(" in header


@pytest.mark.parametrize(
    "phase, flags, message",
    [
        ("4-pack", ["--kernel=no-kernel"], "got 'no-kernel'"),
        ("4-pack", ["--target=reference"], "expected --target=cpu, which the module is for"),
        ("4-pack", ["--parallel=none"], "expected --parallel=threads, which the module is for"),
        ("4-pack", ["--compile-to=fuse"], "expected a phase behind 'pack'"),
        ("6-expand", ["--self-test=2"], "expected no --self-test after phase 'expand'"),
        ("4-pack", ["--batch=2"], "with a graph, which has its own"),
        ("4-pack", ["--i2s-blocks=128"], "expected no --i2s-blocks and --recognize-ternary"),
        ("3-fuse", ["--parameters=nowhere"], "a .safetensors file for --parameters, got 'nowhere'"),
        ("3-fuse", ["--parameters=m.safetensors", "--random-weights"], "got both"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_refused(dumps, phase, flags, message, tmp_path) -> None:
    source = dumps / f"{phase}.mlir"
    result = run_tool("ternary-compile", source, "-o", tmp_path / "m.so", *flags)
    assert result.returncode == 1
    assert message in result.stderr
    assert len(result.stderr.splitlines()) == 1
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "old, new, message",
    [
        ("state_bytes = ", "state_bytes = -", "expected 'state_bytes' in 'ternary.model' to be"),
        ("vocab = ", "vocab = 99999999999", "expected 'vocab' in 'ternary.model' to be"),
        ("macs_per_token = ", "macs = ", "to be an integer of at least 0, got none"),
        ("lookup_tables = array<", "lookup_tables = array<i64: 1>, x = array<", "to be pairs"),
        ('state_types = "', 'state_types = 1 : i64, types = "', "to be a string, got 1"),
        ('phase = "expand"', 'phase = "glue"', "expected a phase of target 'cpu'"),
        ("ternary.target = ", "other.target = ", "expected a target in a module"),
    ],
)  # fmt: skip
def test_a_damaged_summary_is_refused(dumps, old, new, message, tmp_path) -> None:
    text = (dumps / "6-expand.mlir").read_text(encoding="utf-8")
    assert old in text
    (tmp_path / "m.mlir").write_text(text.replace(old, new, 1), encoding="utf-8")
    result = run_tool("ternary-compile", tmp_path / "m.mlir", "-o", tmp_path / "m.so")
    assert result.returncode == 1
    assert message in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_a_function_takes_weights_of_a_file(tmp_path: pathlib.Path) -> None:
    random = np.random.default_rng(1)
    weights = {
        "g": np.ones(64, np.float32),
        "w": random.standard_normal((10, 64)).astype(np.float16),
    }
    save_file(weights, tmp_path / "w.safetensors")
    compile_to(tmp_path, "f.so", FUNCTION, f"--parameters={tmp_path / 'w.safetensors'}")
    del weights["w"]
    save_file(weights, tmp_path / "w.safetensors")
    flags = ("-o", tmp_path / "g.so", f"--parameters={tmp_path / 'w.safetensors'}")
    result = run_tool("ternary-compile", FUNCTION, *flags)
    assert result.returncode == 1
    assert "expected tensor 'w' of shape [10, 64], got none" in result.stderr
