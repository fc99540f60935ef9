"""Compiled functions, called from Python."""

import numpy as np
import pytest
import ternary

f32 = np.float32

TEXT = """
func.func @scale(%x: tensor<?x3xf32>, %by: f32) -> tensor<?x3xf32> {
  %c0 = arith.constant 0 : index
  %n = tensor.dim %x, %c0 : tensor<?x3xf32>
  %s = tensor.splat %by[%n] : tensor<?x3xf32>
  %y = arith.mulf %x, %s : tensor<?x3xf32>
  return %y : tensor<?x3xf32>
}
func.func @next(%n: index) -> index {
  %c1 = arith.constant 1 : index
  %m = arith.addi %n, %c1 : index
  return %m : index
}
func.func @halves(%x: tensor<2xbf16>, %y: tensor<2xf16>, %z: tensor<2xi1>)
    -> (tensor<2xbf16>, tensor<2xf16>, tensor<2xi1>) {
  %0 = arith.addf %x, %x : tensor<2xbf16>
  %1 = arith.addf %y, %y : tensor<2xf16>
  return %0, %1, %z : tensor<2xbf16>, tensor<2xf16>, tensor<2xi1>
}
func.func @count(%x: tensor<2xf32>, %sum: tensor<2xf32> {ternary.role = #ternary.role<state>})
    -> (tensor<2xf32> {ternary.role = #ternary.role<state>}) {
  %0 = arith.addf %x, %sum : tensor<2xf32>
  return %0 : tensor<2xf32>
}
"""


@pytest.fixture(scope="module")
def functions() -> ternary.Functions:
    return ternary.compile(TEXT)


def test_names_and_docstrings(functions):
    assert [function.name for function in functions] == ["scale", "next", "halves", "count"]
    assert len(functions) == 4 and "scale" in dir(functions)
    assert functions.scale.__doc__ == "scale(x: f32 [?, 3], by: f32) -> (y0: f32 [?, 3])"
    assert str(functions["scale"].inputs[0]) == "x: f32 [?, 3]"
    assert "next(n: index) -> (y0: index)" in repr(functions)
    assert functions.info["target"] == "cpu"
    with pytest.raises(AttributeError, match="expected a function of scale, next"):
        _ = functions.other
    with pytest.raises(KeyError, match="expected a function of scale, next"):
        _ = functions["other"]


def test_arrays_and_numbers(functions):
    x = np.arange(6, dtype=f32).reshape(2, 3)
    np.testing.assert_array_equal(functions.scale(x, 2), x * 2)
    np.testing.assert_array_equal(functions.scale(by=0.5, x=x), x / 2)
    np.testing.assert_array_equal(functions.scale(x.T.copy().T, 2), x * 2)
    np.testing.assert_array_equal(functions.scale([[1, 2, 3]], 2), [[2, 4, 6]])
    assert functions.scale(np.empty((0, 3), f32), 1).shape == (0, 3)
    assert functions.next(41) == 42 and np.ndim(functions.next(41)) == 0


def test_halves_and_booleans(functions):
    bits = (np.array([1.5, -2], f32).view(np.uint32) >> 16).astype(np.uint16)
    x, y, z = functions.halves(bits, np.array([1.5, -2], np.float16), np.array([True, False]))
    np.testing.assert_array_equal((x.astype(np.uint32) << 16).view(f32), [3, -4])
    np.testing.assert_array_equal(y, np.array([3, -4], np.float16))
    np.testing.assert_array_equal(z, [True, False])


def test_state_is_updated(functions):
    total = np.zeros(2, f32)
    for turn in range(1, 4):
        assert functions.count(np.ones(2, f32), total) is None
        np.testing.assert_array_equal(total, [turn, turn])


def test_tensors_of_torch(functions):
    torch = pytest.importorskip("torch")
    x = torch.arange(6, dtype=torch.float32).reshape(2, 3)
    result = torch.from_dlpack(functions.scale(x, 3))
    assert torch.equal(result, x * 3)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((np.zeros((2, 3)), 1), r"expected x: f32 \[\?, 3\] as float32, got float64"),
        ((np.zeros((2, 4), f32), 1), r"expected x: f32 \[\?, 3\], got shape \[2, 4\]"),
        ((np.zeros(3, f32), 1), r"expected x: f32 \[\?, 3\], got shape \[3\]"),
        (("a", 1), r"expected x: f32 \[\?, 3\]: "),
        ((np.zeros((2, 3), f32), np.zeros(1, f32)), r"expected by: f32, got shape \[1\]"),
    ],
)
def test_arguments_that_do_not_fit(functions, arguments, message):
    with pytest.raises(ternary.Error, match=message):
        functions.scale(*arguments)


def test_calls_that_python_would_refuse(functions):
    x = np.zeros((2, 3), f32)
    with pytest.raises(TypeError, match="expected 2 inputs, got 1"):
        functions.scale(x)
    with pytest.raises(TypeError, match="expected 2 inputs, got 3"):
        functions.scale(x, 1, 2)
    with pytest.raises(TypeError, match="unexpected or second value for 'x'"):
        functions.scale(x, x=x)
    with pytest.raises(ternary.Error, match=r"expected sum: f32 \[2\] as a contiguous array"):
        functions.count(np.ones(2, f32), [0.0, 0.0])


def test_parameters(tmp_path):
    text = """func.func @f(%x: tensor<1x4xf32>, %w: tensor<2x4xf32> {ternary.parameter = "w"})
                  -> tensor<1x2xf32> {
      %0 = ternary.bit_linear %x, %w : tensor<1x4xf32>, tensor<2x4xf32> -> tensor<1x2xf32>
      return %0 : tensor<1x2xf32>
    }"""
    weight = np.array([[1, -1, 1, 1], [-1, -1, 1, -1]], f32)
    x = np.full((1, 4), 127, f32)
    f = ternary.compile(text, parameters={"w": weight}).f
    np.testing.assert_allclose(f(x), x @ weight.T, rtol=1e-6)

    from safetensors.numpy import save_file

    save_file({"w": weight}, tmp_path / "w.safetensors")
    (tmp_path / "f.mlir").write_text(text, encoding="utf-8")
    compiled = ternary.compile(
        tmp_path / "f.mlir", parameters=tmp_path / "w.safetensors", output=tmp_path / "f.so"
    )
    np.testing.assert_array_equal(compiled.f(x), f(x))
    loaded = ternary.Functions.load(tmp_path / "f.so")
    assert loaded.info["name"] == "f"
    np.testing.assert_array_equal(loaded.f(x), f(x))
    assert ternary.compile(text, parameters=7).f(x).shape == (1, 2)
    with pytest.raises(ternary.Error):
        ternary.compile(text)


def test_what_is_no_library_of_functions(tmp_path, shakespeare):
    with pytest.raises(ternary.Error, match="expected a library of functions, found no symbol"):
        ternary.Functions.load(shakespeare.path)
    with pytest.raises(ternary.Error, match="cannot read"):
        ternary.compile(tmp_path / "none.mlir")
    with pytest.raises(ternary.Error, match="expected"):
        ternary.compile("func.func @f(")
