"""Functions of one's own in MLIR, compiled and called."""

from __future__ import annotations

import dataclasses
import os
import pathlib
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from ternary import _ternary
from ternary._arguments import as_array, as_weights, check_seed, check_text
from ternary._graph import Graph, make_options

Path = str | os.PathLike[str]
Array = npt.NDArray[Any]

_DTYPES = {
    "f32": np.float32,
    "f64": np.float64,
    "f16": np.float16,
    "bf16": np.uint16,  # their bits: NumPy has no such type
    "i1": np.bool_,
    "i8": np.int8,
    "i16": np.int16,
    "i32": np.int32,
    "i64": np.int64,
    "index": np.int64,
}


@dataclasses.dataclass(frozen=True)
class ArraySpec:
    """A tensor or a number that a function takes or returns."""

    name: str
    type: str
    """Of its elements, as MLIR spells it: f32, bf16, i8, index, ..."""
    shape: tuple[int | None, ...]
    """None where a size is dynamic."""
    is_number: bool
    is_state: bool
    """Whether the function updates the array."""

    @property
    def dtype(self) -> np.dtype[Any]:
        return np.dtype(_DTYPES[self.type])

    def __str__(self) -> str:
        sizes = ", ".join("?" if size is None else str(size) for size in self.shape)
        return f"{self.name}: {self.type}" + ("" if self.is_number else f" [{sizes}]")


def _read_specs(values: list[dict[str, Any]]) -> tuple[ArraySpec, ...]:
    return tuple(
        ArraySpec(
            value["name"],
            value["type"],
            tuple(None if size < 0 else size for size in value["shape"]),
            value["number"],
            value["state"],
        )
        for value in values
    )


class Function:
    """A compiled function. It takes arrays of NumPy or of whatever shares its memory by DLPack, by
    position or name, and returns an array of NumPy for its result, a tuple for several, None for
    none. Arrays of state are updated. Dynamic sizes that have to agree, such as the rows of two
    inputs, are not compared: see to them. Threads may share it."""

    def __init__(self, compiled: _ternary.CompiledFunctions, info: dict[str, Any]) -> None:
        """For `Functions`."""
        self._compiled = compiled
        self.__name__: str = info["name"]
        self.__doc__ = info["signature"]
        self.inputs = _read_specs(info["inputs"])
        self.results = _read_specs(info["results"])

    @property
    def name(self) -> str:
        return self.__name__

    def __repr__(self) -> str:
        return f"<ternary.Function {self.__doc__}>"

    def __call__(self, *values: Any, **named: Any) -> Any:
        arrays = [
            _as_input(spec, value)
            for spec, value in zip(self.inputs, self._order(values, named), strict=True)
        ]
        results: list[Array] = []

        def allocate(shapes: list[list[int]], workspace: int) -> list[Array]:
            results.extend(
                np.empty(shape, spec.dtype)
                for spec, shape in zip(self.results, shapes, strict=True)
            )
            return [*results, np.empty(max(workspace, 1), np.uint8)]

        self._compiled.call(self.name, arrays, allocate)
        given = [r[()] if s.is_number else r for s, r in zip(self.results, results, strict=True)]
        return given[0] if len(given) == 1 else tuple(given) if given else None

    def _order(self, values: tuple[Any, ...], named: dict[str, Any]) -> list[Any]:
        names = [spec.name for spec in self.inputs]
        for name in named:
            if name not in names[len(values) :]:
                raise TypeError(f"{self.name}() got an unexpected or second value for '{name}'")
        missing = [name for name in names[len(values) :] if name not in named]
        if missing or len(values) > len(names):
            got = len(values) + len(named)
            raise TypeError(f"{self.__doc__}: expected {len(names)} inputs, got {got}")
        return [*values, *(named[name] for name in names[len(values) :])]


def _as_input(spec: ArraySpec, value: Any) -> Array:
    """An array that the function can read, or for state, write."""
    is_array = hasattr(value, "__dlpack__") or hasattr(value, "__array__")
    if is_array:
        array = as_array(value, spec.name)
    else:
        try:
            array = np.array(value, spec.dtype)
        except (TypeError, ValueError, OverflowError) as error:
            raise _ternary.Error(f"expected {spec}: {error}") from error
    if spec.type == "bf16" and array.dtype.name == "bfloat16":
        array = array.view(np.uint16)
    if array.dtype != spec.dtype:
        raise _ternary.Error(f"expected {spec} as {spec.dtype}, got {array.dtype}")
    fits = len(array.shape) == len(spec.shape) and all(
        want in (None, got) for want, got in zip(spec.shape, array.shape, strict=True)
    )
    if not fits:
        raise _ternary.Error(f"expected {spec}, got shape {list(array.shape)}")
    if spec.is_state:
        if not is_array or not array.flags.c_contiguous or not array.flags.writeable:
            raise _ternary.Error(f"expected {spec} as a contiguous array that can be updated")
        return array
    return np.ascontiguousarray(array).reshape(array.shape)


class Functions:
    """Compiled functions, by their names: `functions.classify(x)` or `functions["classify"](x)`."""

    def __init__(
        self,
        compiled: _ternary.CompiledFunctions,
        folder: tempfile.TemporaryDirectory[str] | None = None,
    ) -> None:
        """For `compile` and `Functions.load`."""
        self._compiled = compiled
        self._folder = folder  # goes with the functions
        self.info: dict[str, Any] = compiled.info()
        """What the compiler says of them: name, target, kernel, ..."""
        self._functions = {
            function["name"]: Function(compiled, function) for function in self.info["functions"]
        }

    @classmethod
    def load(cls, path: Path) -> Functions:
        """Loads a shared object that ternary-compile made of functions."""
        return cls(_ternary.CompiledFunctions(os.path.abspath(path)))

    @property
    def path(self) -> str:
        """The shared object's."""
        return self._compiled.path

    def __getitem__(self, name: str) -> Function:
        try:
            return self._functions[name]
        except KeyError:
            names = ", ".join(self._functions)
            raise KeyError(f"expected a function of {names}, got '{name}'") from None

    def __getattr__(self, name: str) -> Function:
        functions = self.__dict__.get("_functions", {})
        if name not in functions:
            raise AttributeError(f"expected a function of {', '.join(functions)}, got '{name}'")
        return functions[name]

    def __iter__(self) -> Iterator[Function]:
        return iter(self._functions.values())

    def __len__(self) -> int:
        return len(self._functions)

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *self._functions]

    def __repr__(self) -> str:
        return "\n".join(["<ternary.Functions", *(f"  {f.__doc__}" for f in self)]) + ">"


def compile(
    source: Graph | Path,
    *,
    parameters: Mapping[str, Any] | Path | int | None = None,
    differentiate: str | None = None,
    with_respect_to: Sequence[str | int] = (),
    output: Path | None = None,
    target: str = "cpu",
    mtriple: str = "",
    mcpu: str = "",
    mattr: str = "",
    kernel: str = "",
    fuse: bool | None = None,
    raise_linalg: bool = True,
    progress: bool = False,
) -> Functions:
    """Compiles functions in MLIR, a graph, a text or a file of it, and loads the result.

    `parameters` are values of `ternary.parameter` arguments: arrays by their names, a safetensors
    or GGUF file, a model directory, or the seed of random ones. With `differentiate`, the name of a
    function, there is NAME_gradient as well: it returns what the function does and its gradients by
    the arguments `with_respect_to`, names or numbers, by default all of floats. If the function's
    only result of floats is a number, these are that number's gradients; otherwise NAME_gradient
    takes the gradients of a loss by such results, behind its other arguments. The shared object is
    written to `output`, or to a temporary folder that goes with the functions. All else is as for
    `ternary-compile`.

    >>> f = ternary.compile("func.func @f(%x: tensor<?xf32>) -> tensor<?xf32> { ... }").f
    >>> f(np.ones(3, np.float32))
    """
    options = make_options(
        "generate" if differentiate is None else "gradient",
        target=target,
        mtriple=mtriple,
        mcpu=mcpu,
        mattr=mattr,
        kernel=kernel,
        fuse=fuse,
        raise_linalg=raise_linalg,
        progress=progress,
    )
    options.differentiate = differentiate or ""
    options.with_respect_to = [str(argument) for argument in with_respect_to]
    if isinstance(source, Graph):
        compilable = source.source
    else:
        name = pathlib.Path(source).stem if _is_path(source) else "functions"
        compilable = _ternary.Source(name, read_text(source))
    if isinstance(parameters, int):
        compilable = compilable.with_random_weights(check_seed(parameters))
    elif isinstance(parameters, Mapping):
        compilable = compilable.with_arrays({n: as_weights(a) for n, a in parameters.items()})
    elif parameters is not None:
        options.parameters = os.fspath(parameters)
    folder = None
    if output is None:
        folder = tempfile.TemporaryDirectory(prefix="ternary-")
        output = pathlib.Path(folder.name) / "functions.so"
    options.output = os.fspath(output)
    _ternary.compile(options, compilable)
    return Functions(_ternary.CompiledFunctions(os.path.abspath(output)), folder)


def _is_path(source: Path) -> bool:
    return not isinstance(source, str) or source.endswith(".mlir")


def read_text(source: Path) -> str:
    """The text in a file, or the text itself, which does not end in .mlir."""
    if not _is_path(source):
        check_text(str(source))
        return str(source)
    try:
        return pathlib.Path(source).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise _ternary.Error(f"cannot read '{os.fspath(source)}': {error}") from error
