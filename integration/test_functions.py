"""Functions of one's own: compiled for C, called, and equal to the reference on every kernel."""

import ctypes
import math
import os
import pathlib
import re
import subprocess
import sys

import numpy as np
import pytest
from built import HAS_EXTENSION, PACKAGE
from conftest import (
    BIN,
    KERNEL_FEATURES,
    ROOT,
    UNOPTIMIZED,
    find_llvm_tool,
    run_tool,
    supports_kernel,
)

FUNCTIONS = ROOT / "integration" / "data" / "functions"

f32, i8, i32 = np.float32, np.int8, np.int32

CLASSIFIER_WEIGHTS = [(67,), (33, 67), (10, 33)]

# The file in FUNCTIONS, the inputs of a call (a shape and perhaps a type, or a number), and what
# comes out (a shape and a type).
CASES = {
    "classifier": (
        "classifier",
        [(3, 67), *CLASSIFIER_WEIGHTS],
        [((3, 10), f32), ((3, 33), f32)],
    ),
    "one-row": (
        "classifier",
        [(1, 67), *CLASSIFIER_WEIGHTS],
        [((1, 10), f32), ((1, 33), f32)],
    ),
    "no-rows": (
        "classifier",
        [(0, 67), *CLASSIFIER_WEIGHTS],
        [((0, 10), f32), ((0, 33), f32)],
    ),
    "constants": ("constants", [(2, 5, 8)], [((2, 5, 3), f32)]),
    "trits": ("trits", [(3, 64), (5, 64, "trits"), (1,)], [((3, 5), f32)]),
    "no-turns": ("control", [(4, 16), (16, 16), 0, 0.5], [((4, 16), f32), ((), np.int64)]),
    "turns": ("control", [(4, 16), (16, 16), 5, 0.5], [((4, 16), f32), ((), np.int64)]),
    "quantize": ("quantize", [(33, 67), (5, 67, "bf16")], [((38, 67), i8), ((38,), f32)]),
    "halves": (
        "halves",
        [(4, 9, "f16"), (4, 9, "bf16"), (4, 9)],
        [((4, 9), np.float16), ((4, 9), np.uint16), ((4, 9), f32)],
    ),
    "doubles": ("doubles", [(3, 4, "f64"), (4, "f64")], [((3, 4), np.float64)]),
    "exported": ("exported", [(3, 5, 20)], [((3, 5, 6), f32)]),
    "upstream": ("upstream", [(3, 5), (5, 7)], [((3, 7), f32), ((3,), i32)]),
}


class Function:
    """A function of a shared library, with the interface that the headers declare. `text` has its
    signature."""

    def __init__(self, library: pathlib.Path, text: str, name: str = "f"):
        self.library = ctypes.CDLL(str(library))
        self.function = getattr(self.library, name)
        self.workspace = getattr(self.library, f"{name}_workspace")
        self.workspace.restype = ctypes.c_int64
        signature = text[text.rindex(f"@{name}(") :]
        signature = signature[: signature.index("{")]
        inputs, results = signature.split("->")
        self.inputs = self.dynamic_sizes(inputs)
        self.results = [part for part in self.dynamic_sizes(results) if part is not None]

    @staticmethod
    def dynamic_sizes(text: str) -> list[list[int] | None]:
        """The dynamic dimensions of each type in `text`, a list; none for a number."""
        parts = [part.split(":")[-1].strip(" ()\n") for part in text.replace(", ", ",").split(",")]
        shapes = (part[7:].split("x") if part.startswith("tensor<") else None for part in parts)
        return [s and [i for i, size in enumerate(s) if size == "?"] for s in shapes]

    def __call__(self, inputs: list, outputs: list) -> list[np.ndarray]:
        arguments, sizes = [], []
        for value, dynamic in zip(inputs, self.inputs, strict=True):
            if dynamic is None:
                is_index = isinstance(value, int)
                arguments.append(ctypes.c_int64(value) if is_index else ctypes.c_float(value))
                sizes.append(arguments[-1])
                continue
            arguments.append(ctypes.c_void_p(value.ctypes.data))
            shape = [ctypes.c_int64(value.shape[d]) for d in dynamic]
            arguments += shape
            sizes += shape
        shapes = [(ctypes.c_int64 * len(shape))() for shape, _ in outputs if shape]
        needed = self.workspace(*sizes, *shapes)
        assert [tuple(shape) for shape in shapes] == [shape for shape, _ in outputs if shape]
        assert needed == self.workspace(*sizes, *[None] * len(shapes))
        # One byte off alignment, and guarded behind.
        workspace = np.full(needed + 65, 0x5A, dtype=np.uint8)
        results = [np.zeros(shape, dtype) for shape, dtype in outputs]
        pointers = [ctypes.c_void_p(result.ctypes.data) for result in results]
        start = workspace.ctypes.data + 1
        assert self.function(*arguments, *pointers, ctypes.c_void_p(start)) == 0
        assert (workspace[needed + 1 :] == 0x5A).all()
        return results


def make_input(random: np.random.Generator, kind: tuple):
    """Values of a shape, behind which their type may stand: trits, small numbers, or halves as
    their bits."""
    *shape, name = kind if isinstance(kind[-1], str) else (*kind, "f32")
    if name == "trits":
        return random.integers(-1, 2, shape).astype(i8)
    if name == "ids":
        return np.asarray(random.integers(0, 7, shape), dtype=i32)
    values = random.standard_normal(shape).astype(np.float64 if name == "f64" else f32)
    if name == "f16":
        return values.astype(np.float16).view(np.uint16)
    return (values.view(np.uint32) >> 16).astype(np.uint16) if name == "bf16" else values


def make_inputs(kinds: list) -> list:
    random = np.random.default_rng(len(kinds))
    return [make_input(random, kind) if isinstance(kind, tuple) else kind for kind in kinds]


@pytest.fixture
def compile_function(compile_model):
    def compile_file(name: str, *flags: str) -> Function:
        path = FUNCTIONS / f"{name}.mlir"
        library = compile_model(path, UNOPTIMIZED, *flags)
        return Function(library, path.read_text(encoding="utf-8"))

    return compile_file


@pytest.mark.parametrize("case", CASES)
def test_every_kernel_is_the_reference(case: str, compile_function) -> None:
    name, kinds, outputs = CASES[case]
    inputs = make_inputs(kinds)
    expected = compile_function(name, "--target=reference")(inputs, outputs)
    variants = [
        [f"--kernel={name}"] for name in ["portable", *KERNEL_FEATURES] if supports_kernel(name)
    ]
    for flags in [*variants, ["--fuse=false"]]:
        for got, want in zip(
            compile_function(name, *flags)(inputs, outputs), expected, strict=True
        ):
            assert got.tobytes() == want.tobytes(), flags


def test_upstream_ops_are_what_numpy_says(compile_function) -> None:
    name, kinds, outputs = CASES["upstream"]
    x, y = make_inputs(kinds)
    tanh, twos = compile_function(name)([x, y], outputs)
    np.testing.assert_allclose(tanh, np.tanh(x @ y), rtol=1e-5, atol=1e-6)
    assert (twos == 2).all()


def test_trits_are_what_numpy_says(compile_function) -> None:
    name, kinds, outputs = CASES["trits"]
    x, trits, scale = make_inputs(kinds)
    most = np.abs(x).max(axis=1, keepdims=True)
    codes = np.round(x * (127 / most))
    expected = codes @ trits.T.astype(f32) * (most / 127) * scale
    (got,) = compile_function(name)([x, trits, scale], outputs)
    np.testing.assert_allclose(got, expected, rtol=1e-5, atol=1e-5)


def test_weights_are_what_numpy_says(compile_function) -> None:
    name, kinds, outputs = CASES["quantize"]
    latent, half = make_inputs(kinds)
    trits, scales = compile_function(name)([latent, half], outputs)
    wide = (half.astype(np.uint32) << 16).view(f32)
    row = 0
    for weight in (latent, wide):
        scale = np.abs(weight.astype(np.float64)).mean()
        rows = slice(row, row + len(weight))
        np.testing.assert_allclose(scales[rows], scale, rtol=1e-6)
        np.testing.assert_array_equal(trits[rows], np.clip(np.round(weight / scale), -1, 1))
        row += len(weight)


def test_halves_are_what_numpy_says(compile_function) -> None:
    name, kinds, outputs = CASES["halves"]
    x, y, z = make_inputs(kinds)
    sums, tanh, softmax = compile_function(name)([x, y, z], outputs)
    halves = x.view(np.float16)
    np.testing.assert_array_equal(sums, halves * halves + halves)
    wide = (y.astype(np.uint32) << 16).view(f32)
    got = (tanh.astype(np.uint32) << 16).view(f32)
    np.testing.assert_allclose(got, np.tanh(wide), rtol=2**-8)
    powers = np.exp(z - z.max(axis=1, keepdims=True))
    np.testing.assert_allclose(softmax, powers / powers.sum(axis=1, keepdims=True), rtol=1e-5)


@pytest.mark.parametrize("target", ["cpu", "reference"])
def test_state_is_carried(target: str, compile_model) -> None:
    library = ctypes.CDLL(str(compile_model(FUNCTIONS / "state.mlir", f"--target={target}")))
    x, total, product = np.full((3, 5), 2, f32), np.zeros((3, 5), f32), np.zeros((3, 5), f32)
    library.f_workspace.restype = ctypes.c_int64
    workspace = np.zeros(library.f_workspace(None), np.uint8)
    pointers = [ctypes.c_void_p(a.ctypes.data) for a in (x, total, product, workspace)]
    for turn in range(1, 4):
        assert library.f(*pointers[:3], pointers[3] if workspace.size else None) == 0
        assert (total == 2 * turn).all()
        assert (product == 4 * turn).all()


@pytest.mark.parametrize("flags", [[], ["--fuse=false"], ["--target=reference"]])
def test_results_that_others_overwrite(flags: list[str], compile_model) -> None:
    """Each is what it was where it was computed."""
    library = ctypes.CDLL(str(compile_model(FUNCTIONS / "overwritten.mlir", UNOPTIMIZED, *flags)))
    library.f_workspace.restype = ctypes.c_int64
    x = np.random.default_rng(0).standard_normal((3, 5)).astype(f32)
    total = np.full((3, 5), 2, f32)
    results = [np.zeros((3, columns), f32) for columns in (5, 5, 5, 2)]
    rows = ctypes.c_int64(3)
    workspace = np.zeros(library.f_workspace(rows, rows, *[None] * 4) + 1, np.uint8)
    pointers = [ctypes.c_void_p(array.ctypes.data) for array in (x, total, *results, workspace)]
    assert library.f(pointers[0], rows, pointers[1], rows, *pointers[2:]) == 0
    least, negative, before, columns = results
    np.testing.assert_array_equal(least, np.minimum(x, -x))
    np.testing.assert_array_equal(negative, -x)
    np.testing.assert_array_equal(before, np.full((3, 5), 2, f32))
    np.testing.assert_array_equal(columns, -x[:, 1:3])
    np.testing.assert_array_equal(total, 2 + x)


def test_a_library_asks_for_libm(compile_model) -> None:
    path = FUNCTIONS / "libm.mlir"
    library = compile_model(path, UNOPTIMIZED)
    command = [find_llvm_tool("llvm-readelf"), "--needed-libs", library]
    assert "libm.so.6" in subprocess.run(command, capture_output=True, text=True, check=True).stdout
    random = np.random.default_rng(1)
    x, y = random.standard_normal((4, 9)).astype(f32), random.standard_normal((4, 9))
    outputs = [((4, 9), f32), ((4, 9), f32), ((9,), np.float64)]
    erf, expm1, cbrt = Function(library, path.read_text(encoding="utf-8"))([x, y], outputs)
    np.testing.assert_allclose(erf, np.vectorize(math.erf)(x), rtol=1e-6)
    # Upstream computes exp(x) - 1.
    np.testing.assert_allclose(expm1, np.expm1(x), atol=1e-7)
    np.testing.assert_allclose(cbrt, np.cbrt(y[0]), rtol=1e-12)


def test_bad_calls_are_refused(compile_function) -> None:
    name, _, _ = CASES["constants"]
    f = compile_function(name).library.f
    x, y, workspace = (np.zeros(4096, f32) for _ in range(3))
    pointers = [ctypes.c_void_p(array.ctypes.data) for array in (x, y, workspace)]
    call = [pointers[0], ctypes.c_int64(2), *pointers[1:]]
    assert f(*call) == 0
    for missing in (0, 2, 3):
        assert f(*(None if i == missing else value for i, value in enumerate(call))) == 1
    assert f(pointers[0], ctypes.c_int64(-1), *pointers[1:]) == 1


def test_a_program_calls_functions(compile_model, tmp_path) -> None:
    """By names, in order, with numbers, and the results as files or text."""
    text = (FUNCTIONS / "control.mlir").read_text(encoding="utf-8")
    library = compile_model(FUNCTIONS / "control.mlir", UNOPTIMIZED)
    x, w, turns, scale = make_inputs(CASES["turns"][1])
    np.save(tmp_path / "x.npy", x)
    np.save(tmp_path / "w.npy", w)
    listed = run_tool("ternary-run", library)
    assert listed.stdout == (
        "f(x: f32 [4, 16], w: f32 [16, 16], n: index, scale: f32) -> (y0: f32 [4, 16], y1: index)\n"
    )
    inputs = ["--input", f"w={tmp_path / 'w.npy'}", "--input", tmp_path / "x.npy"]
    inputs += ["--input", f"scale={scale}", "--input", turns]
    result = run_tool(
        "ternary-run", library, "--function=f", *inputs, "--output", tmp_path / "y.npy"
    )
    assert result.returncode == 0, result.stderr
    assert result.stdout == "y1: index\n6\n"
    expected, _ = Function(library, text)([x, w, turns, scale], CASES["turns"][2])
    got = np.load(tmp_path / "y.npy")
    assert got.tobytes() == expected.tobytes()
    printed = run_tool("ternary-run", library, *inputs).stdout.splitlines()
    assert printed[0] == "y0: f32 [4, 16]" and printed[5:] == ["y1: index", "6"]
    np.testing.assert_array_equal(np.loadtxt(printed[1:5], f32), expected)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--function=g"], "expected a function of f; found 'g'"),
        (["--function=f"], "expected --input for x: f32 [4, 16] of f"),
        (["--input=n=1.5"], "expected n: index, found '1.5'"),
        (["--input=w=X"], "expected w: f32 [16, 16], found shape [4, 16]"),
        (["--input=w=I"], "expected elements '<f4' for w: f32 [16, 16], found '<i8'"),
        (["--input=w=W", "--input=w=W"], "expected one for each of x, w, n, scale; found 'w="),
        (["--prompt=a", "--function=f"], "expected neither a prompt"),
    ],
)
def test_a_program_refuses_calls(compile_model, tmp_path, arguments, message) -> None:
    library = compile_model(FUNCTIONS / "control.mlir", UNOPTIMIZED)
    files = {"X": np.zeros((4, 16), f32), "W": np.zeros((16, 16), f32), "I": np.zeros(3, np.int64)}
    for name, array in files.items():
        np.save(tmp_path / f"{name}.npy", array)
    given = [
        f"--input={name}={value}"
        for name, value in (("x", "X"), ("w", "W"), ("n", "1"), ("scale", "1"))
        if not any(f"={name}=" in argument for argument in arguments)
    ]
    arguments = [*arguments, *(given if "--function" not in arguments[-1] else [])]
    arguments = [re.sub(r"=([XWI])$", rf"={tmp_path}/\1.npy", argument) for argument in arguments]
    result = run_tool("ternary-run", library, *arguments)
    assert result.returncode == 1
    assert message in result.stderr and result.stderr.count("\n") == 1


MAIN = """
#include "f.h"
#include <stdio.h>
#include <stdlib.h>
int main(void) {
  float x[4 * 64], y[4 * 10], z[2 * 64];
  for (int i = 0; i < 256; ++i)
    x[i] = (float)(i * 37 % 101) / 50 - 1;
  int64_t shape[2], bytes = classify_workspace(shape), other = first_workspace(0);
  void *workspace = malloc((size_t)(bytes > other ? bytes : other) + 1);
  if (shape[0] != 4 || shape[1] != 10 || classify(x, y, workspace) || first(x, z, workspace))
    return 1;
  for (int i = 0; i < 40; ++i)
    printf("%a ", y[i]);
  for (int i = 0; i < 128; ++i)
    printf("%a ", z[i]);
  free(workspace);
  return 0;
}
"""


def test_a_c_program_has_the_weights(compile_model, tmp_path: pathlib.Path) -> None:
    (tmp_path / "main.c").write_text(MAIN, encoding="utf-8")
    printed = []
    for target in ("cpu", "reference"):
        flags = ("--random-weights=1", f"--target={target}")
        made = compile_model(FUNCTIONS / "parameters.mlir", *flags, name="f.o").parent
        program = tmp_path / target
        warnings = ("-std=c99", "-Wall", "-Wextra", "-Werror")
        command = ["cc", *warnings, f"-I{made}", tmp_path / "main.c", made / "f.o", "-o", program]
        subprocess.run(command, check=True)
        printed.append(subprocess.run([program], capture_output=True, text=True, check=True).stdout)
    assert len(set(printed[0].split())) > 20
    assert printed[0] == printed[1]


@pytest.mark.parametrize(
    "flags, message",
    [
        ([], "parameters.mlir', or --random-weights"),
        (["--random-weights=1", "--weights=external"], "expected no --weights=external"),
        (["--random-weights=1", "--emit=llvm"], "and no LLVM IR for functions with parameters"),
    ],
)  # fmt: skip
def test_weights_are_needed(flags: list[str], message: str, tmp_path: pathlib.Path) -> None:
    path = FUNCTIONS / "parameters.mlir"
    result = run_tool("ternary-compile", path, "-o", tmp_path / "f.o", *flags)
    assert result.returncode == 1
    assert message in result.stderr
    assert not list(tmp_path.iterdir())


def test_a_module_without_functions_is_refused(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "f.mlir"
    path.write_text("func.func private @f()", encoding="utf-8")
    result = run_tool("ternary-compile", path, "-o", tmp_path / "f.o")
    assert result.returncode == 1
    assert "or public functions and no step" in result.stderr


def test_the_page_says_what_happens(tmp_path: pathlib.Path) -> None:
    page = (ROOT / "docs" / "own-graphs.md").read_text(encoding="utf-8")
    fences = dict(re.findall(r"^```(\w+)\n((?:.*\n)*?)```$", page, re.MULTILINE))
    assert set(fences) == {"mlir", "c", "python"}
    assert fences["mlir"] == (ROOT / "examples/functions/classify.mlir").read_text(encoding="utf-8")
    (tmp_path / "build").mkdir()
    for name in ("bin", "lib"):
        (tmp_path / "build" / name).symlink_to(BIN.parent / name)
    for name in ("examples", "integration", "models"):
        (tmp_path / name).symlink_to(ROOT / name)
    if HAS_EXTENSION:
        environment = dict(os.environ, PYTHONPATH=str(PACKAGE))
        command = [sys.executable, "-c", fences["python"]]
        subprocess.run(command, cwd=tmp_path, env=environment, check=True)
    else:  # it makes the files for the commands
        np.save(tmp_path / "x.npy", np.ones((4, 64), f32))
        np.save(tmp_path / "ones.npy", np.ones(64, f32))
        np.save(tmp_path / "w.npy", np.ones((10, 64), f32))
    page = re.sub(r"^```(?:.*\n)*?```$", "", page, flags=re.MULTILINE)
    script = "\n".join(re.findall(r"^    (.+)$", page, re.MULTILINE))
    script = script.replace("/usr/lib/llvm-22", str(find_llvm_tool("mlir-runner").parents[1]))
    command = ["bash", "-euo", "pipefail", "-c", script]
    result = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    header = (tmp_path / "classify.h").read_text(encoding="utf-8")
    for declaration in fences["c"].split("\n\n"):
        assert declaration.strip() in header
    for text in ("3.6467", "sizes = [2, 2]", "define"):
        assert text in result.stdout
