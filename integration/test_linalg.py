"""The linalg form of layers, --convert-ternary-to-linalg: upstream's ops, the reference's bits."""

import pathlib
import re
import subprocess
from collections.abc import Callable

import numpy as np
import pytest
from conftest import ROOT, UNOPTIMIZED, find_llvm_tool, run_tool
from test_functions import CASES, FUNCTIONS, Function, make_inputs

LAYERS = ROOT / "integration" / "data" / "linalg"

f32, i8, i32 = np.float32, np.int8, np.int32


def of_tokens(counts: tuple[int, ...], make: Callable[[int], tuple[list, list]]) -> list:
    return [make(count) for count in counts]


# Of each file in LAYERS, calls: their inputs, as make_input takes them, and what comes out.
CALLS = {
    "activations": [
        ([(5, 34), (5, 17), (17,)], [((5, 17), f32)] * 2 + [((5, 34), f32)] * 3 + [((5, 17), f32)])
    ],
    "attention": of_tokens(
        (0, 1, 3, 64, 65, 200, 321),
        lambda t: ([(2, t, 24), (2, t, 12), (2, t, 12)], [((2, t, 24), f32), ((2, t, 4), f32)]),
    ),
    "bit-linear": of_tokens(
        (0, 1, 3), lambda t: ([(t, 67), (67,), (33, 67, "bf16")], [((t, 33), f32)])
    ),
    "cache": of_tokens(
        (1, 63, 150),
        lambda t: (
            [(1, t, 140), ("ids",), (1, 210, 70, "f16"), (1, 210, 70, "f16")],
            [((1, t, 140), f32), ((1, t, 2), f32), ((), i32)],
        ),
    ),
    "codes": [
        (
            [(1, 2, 16), (1, 130, 8, "trits"), (1, 130, 1), ("ids",)],
            [((1, 2, 16), f32), ((1, 2, 2), f32)],
        )
    ],
    "constants": [([(3, 40)], [((3, 5), f32)] * 2)],
    "doubles": [
        (
            [(2, 3, 67, "f64"), (67, "f64"), (24, 67, "f64")],
            [((2, 3, 67), np.float64), ((2, 3, 24), np.float64)],
        )
    ],
    "embedding": [
        (
            [(2, 3, "ids"), (7, 64, "bf16"), (7, 64, "trits"), (1,), (7,), (7, 4)],
            [((2, 3, 64), f32)] * 4,
        )
    ],
    "float-trits": [([(1, 3, 199), (13, 199, "trits"), (13,)], [((1, 3, 13), f32)])],
    "granularities": [([(9, 96), (3, 96)], [((12, 96), i8), ((12,), f32)])],
    "group": [([(3, 4480), (9, 4480, "trits"), (9, 140)], [((3, 9), f32)] * 2)],
    "linear": of_tokens((0, 1, 5), lambda t: ([(t, 331), (7, 331)], [((t, 7), f32)])),
    "mlgru": of_tokens(
        (0, 1, 6),
        lambda t: (
            [(2, t, 17), (2, 17), (3, 17, "f16")],
            [((2, t, 17), f32), ((2, 17), f32), ((3, 17), f32)],
        ),
    ),
    "norms": [
        (
            [(2, 3, 1059), (1059,)],
            [((2, 3, 1059), f32)] * 2 + [((2, 3, 1104), i8), ((2, 3), f32), ((2, 3), i32)],
        )
    ],
    "rotary": [([(2, 5, 24), ("ids",)], [((2, 5, 24), f32)] * 3)],
    "rwkv": of_tokens(
        (1, 5),
        lambda t: (
            [(2, t, 9), (2, 9), (9,), (9,), (2, 3, 9)],
            [((2, t, 9), f32), ((2, 9), f32), ((2, t, 9), f32), ((2, 3, 9), f32)]
            + [((2, t, 9), f32), ((2, 9), f32)],
        ),
    ),
}


def convert(source: pathlib.Path, converted: pathlib.Path) -> pathlib.Path:
    """The linalg form of a module, which upstream's mlir-opt reads."""
    result = run_tool("ternary-opt", source, "--convert-ternary-to-linalg", "-o", converted)
    assert result.returncode == 0, result.stderr
    command = [find_llvm_tool("mlir-opt"), converted, "-o", "/dev/null"]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    return converted


def make_ordinary(x: np.ndarray) -> np.ndarray:
    return x


def make_tiny(x: np.ndarray) -> np.ndarray:
    """Products are too small for floats, and so are 0 or, many of them, -0."""
    return x * x.dtype.type(1e-23)


def make_infinite(x: np.ndarray) -> np.ndarray:
    """Some are infinite, and some are no numbers."""
    x = x.copy()
    x.reshape(-1)[3::89] = np.nan
    x.reshape(-1)[7::97] = np.inf
    return x


def get_bits(x: np.ndarray) -> bytes:
    """All that is specified: not which NaN one is."""
    return (np.where(np.isnan(x), x.dtype.type(np.nan), x) if x.dtype.kind == "f" else x).tobytes()


def compare(reference: Function, converted: Function, calls: list, change: Callable) -> None:
    for kinds, outputs in calls:
        inputs = [
            change(x) if isinstance(x, np.ndarray) and x.dtype.kind == "f" else x
            for x in make_inputs(kinds)
        ]
        expected = reference(inputs, outputs)
        assert change is make_infinite or all(np.isfinite(x).all() for x in expected)
        for i, got in enumerate(converted(inputs, outputs)):
            assert get_bits(got) == get_bits(expected[i]), (kinds, i, got, expected[i])


@pytest.fixture
def compile_both(compile_model, tmp_path: pathlib.Path):
    """A function by the reference, and its linalg form by the same."""

    def compile_file(path: pathlib.Path) -> list[Function]:
        text = path.read_text(encoding="utf-8")
        sources = [path, convert(path, tmp_path / path.name)]
        flags = ["--target=reference", UNOPTIMIZED]
        return [Function(compile_model(source, *flags), text) for source in sources]

    return compile_file


@pytest.mark.parametrize("change", [make_ordinary, make_tiny, make_infinite])
@pytest.mark.parametrize("name", CALLS)
def test_layers_are_the_reference(name: str, change: Callable, compile_both) -> None:
    reference, converted = compile_both(LAYERS / f"{name}.mlir")
    compare(reference, converted, CALLS[name], change)


UPSTREAM_PASSES = [
    "convert-elementwise-to-linalg",
    "one-shot-bufferize=bufferize-function-boundaries",
    "convert-linalg-to-loops",
    "expand-strided-metadata",
    "lower-affine",
    "convert-scf-to-cf",
    "convert-math-to-llvm",
    "convert-math-to-libm",
    "convert-to-llvm",
    "reconcile-unrealized-casts",
]


@pytest.mark.parametrize("name", CALLS)
def test_upstream_compiles_layers(name: str, tmp_path: pathlib.Path) -> None:
    converted = convert(LAYERS / f"{name}.mlir", tmp_path / "f.mlir")
    command = [find_llvm_tool("mlir-opt"), converted, *(f"--{name}" for name in UPSTREAM_PASSES)]
    lowered = subprocess.run(command, capture_output=True, check=True)
    command = [find_llvm_tool("mlir-translate"), "--mlir-to-llvmir"]
    result = subprocess.run(command, input=lowered.stdout, capture_output=True, check=True)
    assert b"define" in result.stdout


@pytest.mark.parametrize("case", CASES)
def test_functions_are_the_reference(case: str, compile_both) -> None:
    name, kinds, outputs = CASES[case]
    reference, converted = compile_both(FUNCTIONS / f"{name}.mlir")
    compare(reference, converted, [(kinds, outputs)], make_ordinary)


# One of each family and kind of weight.
MODELS = ["hgrn-a", "bitnet-odd", "llama-grouped", "qwen3-heads", "rwkv-ternary", "packed-bitnet"]


def write_step(model: str, folder: pathlib.Path) -> pathlib.Path:
    """The prefill step of a model as a function that has the parameters as arguments."""
    graph, plain = folder / "graph.mlir", folder / f"{model}.mlir"
    directory = ROOT / "integration" / "data" / model
    result = run_tool("ternary-compile", directory, "--compile-to=graph", "-o", graph)
    assert result.returncode == 0, result.stderr
    result = run_tool("ternary-opt", graph, "--ternary-strip-attributes")
    assert result.returncode == 0, result.stderr
    aliases = re.findall(r"^#.*\n", result.stdout, re.MULTILINE)
    step = re.search(r"^  func\.func @prefill\(.*?^  }$", result.stdout, re.MULTILINE | re.DOTALL)
    plain.write_text("".join(aliases) + step[0].replace("@prefill", "@f"), encoding="utf-8")
    return plain


NAMES = {"!ternary.trit": "trits", "i32": "ids"}
TYPES = {"f32": f32, "i32": i32, "i8": i8, "f16": np.float16}


def read_types(text: str, tokens: int) -> list[tuple[tuple[int, ...], str]]:
    """Shapes and element types of tensors, of which dynamic sizes are the number of tokens."""
    found = []
    for name in re.findall(r"tensor<(.*?)>", text):
        *shape, element = name.split("x")
        found.append((tuple(tokens if size == "?" else int(size) for size in shape), element))
    return found


@pytest.mark.parametrize("model", MODELS)
def test_models_are_the_reference(model: str, compile_both, tmp_path: pathlib.Path) -> None:
    path = write_step(model, tmp_path)
    signature = path.read_text(encoding="utf-8").partition("{")[0]
    arguments, _, results = signature.partition("->")
    # Logits of all tokens.
    kinds = [
        0 if ": index" in argument else read_types(argument, tokens=5)[0]
        for argument in arguments.split(", ")
    ]
    kinds = [kind and (*kind[0], NAMES.get(kind[1], kind[1])) for kind in kinds]
    outputs = [(shape, TYPES[element]) for shape, element in read_types(results, tokens=5)]
    compare(*compile_both(path), [(kinds, outputs)], make_ordinary)
