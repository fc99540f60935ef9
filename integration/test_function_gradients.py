"""Gradients of functions of one's own: of the driver, on every kernel, against NumPy."""

import pathlib

import numpy as np
import pytest
from built import HAS_EXTENSION
from conftest import KERNEL_FEATURES, ROOT, UNOPTIMIZED, run_tool, supports_kernel

if HAS_EXTENSION:
    import ternary
else:
    pytest.skip("the extension of the Python package is not built", allow_module_level=True)

LOSS = ROOT / "integration" / "data" / "functions" / "loss.mlir"

f32, f64 = np.float32, np.float64


def make_inputs(rows: int) -> list[np.ndarray]:
    random = np.random.default_rng(rows)
    x = random.standard_normal((rows, 67)).astype(f32)
    targets = random.integers(0, 10, rows).astype(np.int32)
    gain = random.uniform(0.5, 1.5, 67).astype(f32)
    w = random.standard_normal((67, 67)).astype(f32)
    v = random.standard_normal((10, 67)).astype(f32)
    bias = (random.standard_normal(10).astype(f32).view(np.uint32) >> 16).astype(np.uint16)
    return [x, targets, gain, w, v, bias]


def quantize_rows(y):
    scale = np.abs(y).max(axis=1, keepdims=True) / 127
    return np.clip(np.round(y / scale), -127, 127) * scale


def quantize_weight(w):
    scale = np.abs(w).mean()
    return np.clip(np.round(w / scale), -1, 1) * scale


def differentiate(x, targets, gain, w, v, bias):
    """The loss and its gradients by x, gain, w, v and bias, in f64: straight through what is
    rounded."""
    x, gain, w, v = (array.astype(f64) for array in (x, gain, w, v))
    bias = (bias.astype(np.uint32) << 16).view(f32).astype(f64)
    rows = np.arange(len(x))
    root = np.sqrt((x * x).mean(axis=1, keepdims=True) + 1e-6)
    normed = x / root * gain
    q0, w0 = quantize_rows(normed), quantize_weight(w)
    y0 = q0 @ w0.T
    sigmoid = 1 / (1 + np.exp(-y0))
    y2 = np.tanh(y0 * sigmoid)
    y3 = y2 + x
    q3, v3 = quantize_rows(y3), quantize_weight(v)
    logits = q3 @ v3.T + bias
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    softmax = powers / powers.sum(axis=1, keepdims=True)
    loss = -np.log(softmax[rows, targets]).mean()

    d = softmax
    d[rows, targets] -= 1
    d /= len(x)
    d_bias, d_v, d3 = d.sum(axis=0), d.T @ q3, d @ v3
    d0 = d3 * (1 - y2 * y2) * sigmoid * (1 + y0 * (1 - sigmoid))
    d_w, d_normed = d0.T @ q0, d0 @ w0
    d_gain = (d_normed * x / root).sum(axis=0)
    scaled = d_normed * gain
    mean = (scaled * x).mean(axis=1, keepdims=True)
    d_x = d3 + scaled / root - x * mean / root**3
    return loss, d_x, d_gain, d_w, d_v, d_bias


@pytest.fixture
def compile_gradient(compile_model):
    def compile_file(path: pathlib.Path, *flags: str) -> ternary.Functions:
        library = compile_model(path, UNOPTIMIZED, "--function=gradient", *flags)
        return ternary.Functions.load(library)

    return compile_file


@pytest.mark.parametrize("rows", [1, 7, 64])
def test_every_kernel_is_the_reference(rows: int, compile_gradient) -> None:
    inputs = make_inputs(rows)
    expected = compile_gradient(LOSS, "--target=reference").f_gradient(*inputs)
    variants = [
        [f"--kernel={name}"] for name in ["portable", *KERNEL_FEATURES] if supports_kernel(name)
    ]
    for flags in [*variants, ["--fuse=false"]]:
        got = compile_gradient(LOSS, *flags).f_gradient(*inputs)
        for one, other in zip(got, expected, strict=True):
            assert one.tobytes() == other.tobytes(), flags


@pytest.mark.parametrize("rows", [1, 7])
def test_gradients_are_what_numpy_says(rows: int, compile_gradient) -> None:
    inputs = make_inputs(rows)
    functions = compile_gradient(LOSS)
    loss, *gradients = functions.f_gradient(*inputs)
    assert loss == functions.f(*inputs)
    *_, bias = gradients
    gradients[-1] = (bias.astype(np.uint32) << 16).view(f32)
    expected_loss, *expected = differentiate(*inputs)
    np.testing.assert_allclose(loss, expected_loss, rtol=1e-5)
    for got, want in zip(gradients, expected, strict=True):
        tolerance = 2**-8 if got.size == 10 else 1e-4
        np.testing.assert_allclose(got, want, rtol=0, atol=tolerance * np.abs(want).max())


@pytest.mark.parametrize("level", ["-O0", "-O1"])
def test_tiles_that_loops_carry(level: str, compile_model) -> None:
    """LLVM selects instructions for them, however little it optimises."""
    flags = ["--mtriple=x86_64-linux-gnu", "--mcpu=sapphirerapids", "--kernel=amx-int8"]
    compile_model(LOSS, "--function=gradient", level, *flags, name="m.o")


def test_some_arguments_of_one_of_several_functions(tmp_path) -> None:
    text = """
    func.func @f(%x: tensor<3xf32>, %y: tensor<3xf32>, %n: index) -> (tensor<3xf32>, index) {
      %0 = call @square(%x) : (tensor<3xf32>) -> tensor<3xf32>
      %1 = arith.mulf %0, %y : tensor<3xf32>
      return %1, %n : tensor<3xf32>, index
    }
    func.func @square(%x: tensor<3xf32>) -> tensor<3xf32> {
      %0 = arith.mulf %x, %x : tensor<3xf32>
      return %0 : tensor<3xf32>
    }
    """
    compiled = ternary.compile(text, differentiate="f", with_respect_to=["y", "x"])
    assert [function.name for function in compiled] == ["f", "f_gradient", "square"]
    x, y, dy = (np.array(values, f32) for values in ([1, 2, 3], [4, 5, 6], [1, 1, 2]))
    value, n, by_y, by_x = compiled.f_gradient(x, y, 5, dy)
    np.testing.assert_array_equal(value, x * x * y)
    assert n == 5
    np.testing.assert_array_equal(by_y, dy * x * x)
    np.testing.assert_array_equal(by_x, dy * 2 * x * y)

    (tmp_path / "f.mlir").write_text(text, encoding="utf-8")
    expectations = {
        (): "expected --differentiate=NAME with several functions or none, one of 'f', 'square'",
        ("--differentiate=g",): "expected a function for --differentiate, one of 'f', 'square'",
        ("--differentiate=f", "--with-respect-to=z"): "expected an argument of @f to differentiate",
        ("--differentiate=f", "--with-respect-to=n"): "expected 'n' to consist of floats",
    }
    for flags, message in expectations.items():
        output = tmp_path / "f.so"
        result = run_tool(
            "ternary-compile", tmp_path / "f.mlir", "--function=gradient", *flags, "-o", output
        )
        assert result.returncode == 1 and message in result.stderr
        assert result.stderr.count("\n") == 1 and not output.exists()
    result = run_tool("ternary-compile", tmp_path / "f.mlir", "--differentiate=f", "-o", output)
    assert "expected --function=gradient with --differentiate" in result.stderr


def test_loops_of_linalg_are_differentiated() -> None:
    """What stands for elementwise ops, by their rules."""
    compiled = ternary.compile(
        """
        func.func @f(%x: tensor<3x5xf32>) -> tensor<3x5xf32> {
          %half = arith.constant 0.5 : f32
          %e = tensor.empty() : tensor<3x5xf32>
          %y = linalg.map ins(%x : tensor<3x5xf32>) outs(%e : tensor<3x5xf32>)
              (%in: f32, %out: f32) {
            %0 = arith.mulf %in, %in : f32
            %1 = arith.mulf %0, %half : f32
            linalg.yield %1 : f32
          }
          %z = linalg.exp ins(%y : tensor<3x5xf32>) outs(%e : tensor<3x5xf32>) -> tensor<3x5xf32>
          return %z : tensor<3x5xf32>
        }
        """,
        differentiate="f",
    )
    x = np.linspace(-1, 1, 15, dtype=f32).reshape(3, 5)
    value, gradient = compiled.f_gradient(x, np.ones((3, 5), f32))
    np.testing.assert_allclose(value, np.exp(x * x / 2), rtol=1e-6)
    np.testing.assert_allclose(gradient, x * np.exp(x * x / 2), rtol=1e-6)


def test_phases_go_on(tmp_path, compile_gradient) -> None:
    """Behind `differentiate` a gradient is a function like any other."""
    phases = tmp_path / "phases"
    flags = ["--function=gradient", "--with-respect-to=w,v", f"--dump-phases={phases}", UNOPTIMIZED]
    result = run_tool("ternary-compile", LOSS, *flags, "-o", tmp_path / "whole.s")
    assert result.returncode == 0, result.stderr
    whole = (tmp_path / "whole.s").read_bytes()
    for path in sorted(phases.iterdir())[1:]:
        path.rename(tmp_path / "loss.mlir")  # functions have the name of their file
        result = run_tool(
            "ternary-compile", tmp_path / "loss.mlir", UNOPTIMIZED, "-o", tmp_path / "whole.s"
        )
        assert result.returncode == 0, result.stderr
        assert (tmp_path / "whole.s").read_bytes() == whole, path
