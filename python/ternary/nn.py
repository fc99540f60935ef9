"""Models from scratch: layers with NumPy weights that become the graph an importer would make.

    class Block(nn.Module):
        def __init__(self, hidden):
            self.norm = nn.RMSNorm(hidden)
            self.mixer = nn.MLGRU(hidden)

        def forward(self, x):
            return x + self.mixer(self.norm(x))

`Module.graph` calls forward once for a prompt and once for a single token, and records the ops.
Nothing is computed until the graph is compiled.
"""

from __future__ import annotations

import contextlib
import contextvars
import dataclasses
import functools
import itertools
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from ternary._arguments import check_seed
from ternary._graph import Graph, Path
from ternary._ternary import Error
from ternary._tokenizer import Tokenizer

__all__ = [
    "GLU",
    "MLGRU",
    "BitLinear",
    "Embedding",
    "Linear",
    "Module",
    "ModuleList",
    "Parameter",
    "RMSNorm",
    "Tensor",
    "activate",
    "glu",
    "lower_bounds",
    "wanted_tokens",
]

Array = npt.NDArray[Any]
_ELEMENTS = {"float32": "f32", "float16": "f16", "bfloat16": "bf16"}
_DYNAMIC = -1


def _type(shape: Sequence[int], element: str) -> str:
    sizes = "".join("?x" if size == _DYNAMIC else f"{size}x" for size in shape)
    return f"tensor<{sizes}{element}>"


def _quote(text: str) -> str:
    """A string of MLIR."""
    return '"' + re.sub(r'[\x00-\x1f"\\\x7f]', lambda c: f"\\{ord(c[0]):02X}", text) + '"'


def _role(name: str) -> str:
    """The attribute that says what an argument or a result is to the runtime."""
    return f"ternary.role = #ternary.role<{name}>"


# ----------------------------------------------------------------------------------------------
# Recording
# ----------------------------------------------------------------------------------------------


@dataclasses.dataclass(frozen=True)
class Tensor:
    """A value of the graph: its name in the text, and its type."""

    name: str
    shape: tuple[int, ...]
    element: str = "f32"

    @property
    def type(self) -> str:
        return _type(self.shape, self.element)

    def __add__(self, other: Tensor) -> Tensor:
        return self._combine("arith.addf", other)

    def __mul__(self, other: Tensor) -> Tensor:
        return self._combine("arith.mulf", other)

    def __getitem__(self, index: int) -> Tensor:
        """Row `index` of the first dimension, which is dropped."""
        if not 0 <= index < self.shape[0]:
            raise IndexError(f"expected an index from 0 to {self.shape[0] - 1}, got {index}")
        row = self.shape[1:]
        return _recorder().record(
            f"tensor.extract_slice {self.name}{_row(index, row)} : {self.type} to "
            f"{_type(row, self.element)}",
            row,
        )

    def _combine(self, op: str, other: Tensor) -> Tensor:
        if not isinstance(other, Tensor):
            return NotImplemented
        if other.type != self.type:
            raise Error(f"expected tensors of one type, got {self.type} and {other.type}")
        return _recorder().record(f"{op} {self.name}, {other.name} : {self.type}", self.shape)


def _row(index: int, row: Sequence[int]) -> str:
    """Offsets, sizes and strides of row `index` of a tensor."""
    offsets = [index] + [0] * len(row)
    return f"{offsets} {[1, *row]} {[1] * (len(row) + 1)}"


class _Recorder:
    """Writes one step function. Its state, a row for each layer that has one, gets its type when
    all layers have been seen."""

    STATE_TYPE = "!state"

    def __init__(self, step: str, batch: int, tokens: int, names: Mapping[int, str]) -> None:
        self._step = step
        self._batch = batch
        self._tokens = tokens
        self._names = names
        self._lines: list[str] = []
        self._count = 0
        self._parameters: dict[str, Tensor] = {}
        self._state = "%state"
        self._row: tuple[int, ...] | None = None
        self._rows = 0
        self._dropped = False
        self.ids = Tensor("%ids", (batch, tokens), "i32")

    def record_all(self, text: str, *shapes: Sequence[int]) -> list[Tensor]:
        """Records an op, and returns its results."""
        results = [Tensor(f"%{self._count + i}", tuple(s)) for i, s in enumerate(shapes)]
        self._count += len(shapes)
        self._lines.append(f"{', '.join(result.name for result in results)} = {text}")
        return results

    def record(self, text: str, shape: Sequence[int]) -> Tensor:
        return self.record_all(text, shape)[0]

    def parameter(self, parameter: Parameter) -> Tensor:
        name = self._names.get(id(parameter))
        if name is None:
            raise Error("expected parameters that are attributes of the model or of its layers")
        if name not in self._parameters:
            self._parameters[name] = Tensor(
                f"%arg{len(self._parameters)}",
                parameter.shape,
                _ELEMENTS[parameter.array.dtype.name],
            )
        return self._parameters[name]

    def take_state(self, width: int) -> tuple[int, Tensor]:
        """The next layer's row of the state, and its number."""
        row = (self._batch, width)
        if self._row not in (None, row):
            raise Error(f"expected layers with states of one width, got {self._row[1]} and {width}")
        index, self._row, self._rows = self._rows, row, self._rows + 1
        return index, self.record(
            f"tensor.extract_slice {self._state}{_row(index, row)} : {self.STATE_TYPE} to "
            f"{_type(row, 'f32')}",
            row,
        )

    def put_state(self, index: int, value: Tensor) -> None:
        self._state = self.record(
            f"tensor.insert_slice {value.name} into {self._state}{_row(index, value.shape)} : "
            f"{value.type} into {self.STATE_TYPE}",
            (),
        ).name

    def wanted_tokens(self, x: Tensor) -> Tensor:
        if self._dropped:
            raise Error("expected wanted_tokens once in forward")
        self._dropped = True
        if self._tokens != _DYNAMIC:
            return x
        one = self.record("arith.constant 1 : index", ())
        tokens = self.record(f"tensor.dim {x.name}, {one.name} : {x.type}", ())
        count = self.record(f"arith.subi {tokens.name}, %logits_from : index", ())
        batch, _, columns = x.shape
        return self.record(
            f"tensor.extract_slice {x.name}[0, %logits_from, 0] "
            f"[{batch}, {count.name}, {columns}] [1, 1, 1] : {x.type} to {x.type}",
            x.shape,
        )

    def finish(self, logits: Any) -> str:
        """The function that returns these logits."""
        if not isinstance(logits, Tensor) or len(logits.shape) != 3:
            raise Error("expected forward to return logits [B, T, V]")
        if not self._dropped:
            logits = self.wanted_tokens(logits)
        arguments = [("%ids", self.ids.type, _role("ids"))]
        results = [(logits.name, logits.type, "logits")]
        state_type = ""
        if self._row is not None:
            state_type = _type((self._rows, *self._row), "f32")
            arguments.append(("%state", state_type, _role("state")))
            results.append((self._state, state_type, "state"))
        arguments.append(("%logits_from", "index", _role("logits_from")))
        for name, tensor in self._parameters.items():
            arguments.append((tensor.name, tensor.type, f"ternary.parameter = {_quote(name)}"))
        declared = ", ".join(f"{name}: {type} {{{attr}}}" for name, type, attr in arguments)
        outcome = ", ".join(f"{type} {{{_role(role)}}}" for _, type, role in results)
        lines = [line.replace(self.STATE_TYPE, state_type) for line in self._lines]
        names = ", ".join(name for name, _, _ in results)
        types = ", ".join(type for _, type, _ in results)
        return "\n".join(
            [
                f"  func.func @{self._step}({declared}) -> ({outcome})"
                f" attributes {{ternary.step = #ternary.step<{self._step}>}} {{",
                *(f"    {line}" for line in lines),
                f"    return {names} : {types}",
                "  }",
            ]
        )

    @property
    def state_count(self) -> int:
        return self._rows


_current: contextvars.ContextVar[_Recorder | None] = contextvars.ContextVar(
    "ternary_recorder", default=None
)


def _recorder() -> _Recorder:
    recorder = _current.get()
    if recorder is None:
        raise Error("expected layers to be called by forward, while a graph is made")
    return recorder


@contextlib.contextmanager
def _recording(recorder: _Recorder) -> Iterator[None]:
    token = _current.set(recorder)
    try:
        yield
    finally:
        _current.reset(token)


def wanted_tokens(x: Tensor) -> Tensor:
    """Of x [B, T, H] the tokens whose logits are wanted. Before the last layer of a model, it
    saves what a prompt would have computed for nothing."""
    return _recorder().wanted_tokens(x)


def activate(x: Tensor, activation: str = "silu") -> Tensor:
    """silu, sigmoid, relu, squared_relu or identity of each element."""
    return _recorder().record(f"ternary.activate {activation} {x.name} : {x.type}", x.shape)


def glu(x: Tensor, activation: str = "silu") -> Tensor:
    """activation(first half of each row) times the second half."""
    shape = (*x.shape[:-1], x.shape[-1] // 2)
    return _recorder().record(
        f"ternary.glu {activation} {x.name} : {x.type} -> {_type(shape, 'f32')}", shape
    )


def lower_bounds(parameter: Parameter) -> Tensor:
    """Lower bounds of forget gates that grow from layer to layer, of a parameter [layers, hidden]
    that is no matrix. Index them by layer; those of layer 0 are zero."""
    bounds = _recorder().parameter(parameter)
    return _recorder().record(
        f"ternary.lower_bounds {bounds.name} : {bounds.type} -> {bounds.type}", bounds.shape
    )


# ----------------------------------------------------------------------------------------------
# Modules
# ----------------------------------------------------------------------------------------------


class Parameter:
    """An array of weights. Matrices are float32, float16 or bfloat16, all else float32."""

    def __init__(self, array: npt.ArrayLike, *, matrix: bool = True) -> None:
        array = np.asarray(array)
        if array.dtype.name not in (*_ELEMENTS, "float64"):
            raise Error(f"expected weights of a float type, got {array.dtype}")
        if not matrix or array.dtype == np.float64:
            array = array.astype(np.float32)
        self.matrix = matrix
        self.array: Array = np.ascontiguousarray(array)

    @property
    def shape(self) -> tuple[int, ...]:
        return self.array.shape


class _RandomMatrix(Parameter):
    """New weights. They are drawn when a graph is made, which is when they have a name; whoever
    looks at them before gets some that nothing but the order of creation tells apart."""

    _created = itertools.count()

    def __init__(self, rows: int, columns: int) -> None:
        self.matrix = True
        self._size = (rows, columns)
        self._number = next(self._created)
        self._array: Array | None = None
        self._is_given = False

    def draw(self, name: str, seed: int | None) -> None:
        """By name and seed, 0 if that is None; what was given stays, and without a seed also what
        was drawn before."""
        if not self._is_given and (self._array is None or seed is not None):
            self._draw(seed or 0, *name.encode())

    def _draw(self, *key: int) -> None:
        values = np.random.default_rng([*key, *self._size]).normal(0.0, 0.02, self._size)
        self._array = values.astype(np.float32)

    @property
    def array(self) -> Array:  # type: ignore[override]
        if self._array is None:
            self._draw(self._number)
        assert self._array is not None
        return self._array

    @array.setter
    def array(self, array: Array) -> None:
        self._array, self._is_given = array, True

    @property
    def shape(self) -> tuple[int, ...]:
        return self._size if self._array is None else self._array.shape


class Module:
    """A layer, or a model made of layers: its attributes are its parameters and its parts."""

    def __call__(self, *arguments: Any, **keywords: Any) -> Any:
        return self.forward(*arguments, **keywords)

    def forward(self, *arguments: Any, **keywords: Any) -> Any:
        raise NotImplementedError(f"{type(self).__name__} has no forward")

    def named_parameters(self, prefix: str = "") -> Iterator[tuple[str, Parameter]]:
        """All parameters with their names: the way to them through attributes."""
        for name, value in self._children():
            if isinstance(value, Parameter):
                yield prefix + name, value
            elif isinstance(value, Module):
                yield from value.named_parameters(f"{prefix}{name}.")

    def _children(self) -> Iterator[tuple[str, Any]]:
        yield from vars(self).items()

    def load_arrays(self, arrays: Mapping[str, npt.ArrayLike]) -> None:
        """Sets every parameter to the array of its name."""
        for name, parameter in self.named_parameters():
            if name not in arrays:
                raise Error(f"expected an array '{name}', got none")
            new = Parameter(arrays[name], matrix=parameter.matrix)
            if new.shape != parameter.shape:
                raise Error(
                    f"array '{name}': expected shape {list(parameter.shape)}, got {list(new.shape)}"
                )
            parameter.array = new.array

    def graph(
        self,
        *,
        batch: int = 1,
        name: str = "model",
        max_tokens: int = 0,
        bos_id: int = -1,
        eos_id: int = -1,
        tokenizer: Tokenizer | Path | None = None,
        seed: int | None = None,
    ) -> Graph:
        """The graph of a model whose forward takes ids [B, T] and returns logits [B, T, V].

        `tokenizer` is as for `Model.load`. Matrices that nobody has set are random, by their names
        and `seed`; with a seed they are drawn anew.
        """
        if seed is not None:
            seed = check_seed(seed)
        names: dict[int, str] = {}
        arrays: dict[str, Array] = {}
        for path, parameter in self.named_parameters():
            if id(parameter) not in names:
                names[id(parameter)] = path
                if isinstance(parameter, _RandomMatrix):
                    parameter.draw(path, seed)
                arrays[path] = parameter.array
        steps = []
        for step, tokens in (("prefill", _DYNAMIC), ("decode", 1)):
            recorder = _Recorder(step, batch, tokens, names)
            with _recording(recorder):
                logits = self.forward(recorder.ids)
                steps.append(recorder.finish(logits))
        numbers = {
            "batch": batch,
            "vocab": logits.shape[2],
            "layers": recorder.state_count,
            "max_tokens": max_tokens,
            "bos": bos_id,
            "eos": eos_id,
        }
        members = [f"name = {_quote(name)}", 'model_type = "custom"']
        members += [f"{key} = {value} : i64" for key, value in numbers.items()]
        opening = f"module attributes {{ternary.model = {{{', '.join(members)}}}}} {{"
        return Graph.parse(
            "\n".join([opening, *steps, "}", ""]),
            name=name,
            weights=arrays,
            tokenizer=tokenizer,
            rebuild=functools.partial(
                self._graph_of_shape,
                name=name,
                max_tokens=max_tokens,
                bos_id=bos_id,
                eos_id=eos_id,
                tokenizer=tokenizer,
                seed=seed,
            ),
        )

    def _graph_of_shape(
        self, *, batch: int = 1, epsilon: float | None = None, **rest: Any
    ) -> Graph:
        if epsilon is not None:
            raise Error("expected no epsilon with a model made of layers, which have their own")
        return self.graph(batch=batch, **rest)


class ModuleList(Module, Sequence[Any]):
    """Layers in order, named by their number."""

    def __init__(self, modules: Sequence[Module] = ()) -> None:
        self._modules = list(modules)

    def _children(self) -> Iterator[tuple[str, Any]]:
        for index, module in enumerate(self._modules):
            yield str(index), module

    def __getitem__(self, index: Any) -> Any:
        return self._modules[index]

    def __len__(self) -> int:
        return len(self._modules)


# ----------------------------------------------------------------------------------------------
# Layers
# ----------------------------------------------------------------------------------------------


def _epsilon(value: float) -> str:
    return f"{{epsilon = {value:.9e} : f32}}"


class Embedding(Module):
    """Rows of a table, chosen by token ids."""

    def __init__(self, vocab: int, hidden: int) -> None:
        self.weight = _RandomMatrix(vocab, hidden)

    def forward(self, ids: Tensor) -> Tensor:
        table = _recorder().parameter(self.weight)
        shape = (*ids.shape, table.shape[1])
        return _recorder().record(
            f"ternary.embedding {ids.name}, {table.name} : {ids.type}, {table.type} -> "
            f"{_type(shape, 'f32')}",
            shape,
        )


class RMSNorm(Module):
    """Root mean square norm of each row, times a gain."""

    def __init__(self, size: int, *, epsilon: float = 1e-6) -> None:
        self.weight = Parameter(np.ones(size, np.float32), matrix=False)
        self.epsilon = epsilon

    def forward(self, x: Tensor) -> Tensor:
        gain = _recorder().parameter(self.weight)
        return _recorder().record(
            f"ternary.rms_norm {x.name}, {gain.name} {_epsilon(self.epsilon)} : "
            f"{x.type}, {gain.type}",
            x.shape,
        )


class Linear(Module):
    """A float layer without bias: weight [outputs, inputs]."""

    def __init__(self, inputs: int, outputs: int) -> None:
        self.weight = _RandomMatrix(outputs, inputs)

    def forward(self, x: Tensor) -> Tensor:
        weight = _recorder().parameter(self.weight)
        shape = (*x.shape[:-1], weight.shape[0])
        return _recorder().record(
            f"ternary.linear {x.name}, {weight.name} : {x.type}, {weight.type} -> "
            f"{_type(shape, 'f32')}",
            shape,
        )


class BitLinear(Module):
    """A layer whose weight [outputs, inputs] becomes ternary when it is compiled, and whose inputs
    are 8-bit; with a norm of its own, as MatMul-free models have it, unless `norm` is false."""

    def __init__(
        self, inputs: int, outputs: int, *, norm: bool = True, epsilon: float = 1e-6
    ) -> None:
        self.weight = _RandomMatrix(outputs, inputs)
        self.norm = RMSNorm(inputs, epsilon=epsilon) if norm else None
        self.epsilon = epsilon

    def forward(self, x: Tensor) -> Tensor:
        weight = _recorder().parameter(self.weight)
        norm = ""
        if self.norm is not None:
            gain = _recorder().parameter(self.norm.weight)
            norm = f" norm({gain.name} : {gain.type})"
        shape = (*x.shape[:-1], weight.shape[0])
        return _recorder().record(
            f"ternary.bit_linear {x.name}, {weight.name}{norm} {_epsilon(self.epsilon)} : "
            f"{x.type}, {weight.type} -> {_type(shape, 'f32')}",
            shape,
        )


class GLU(Module):
    """The channel mixer of MatMul-free models: a gated linear unit between two ternary layers."""

    def __init__(self, hidden: int, intermediate: int, *, activation: str = "silu") -> None:
        self.gate_proj = BitLinear(hidden, 2 * intermediate)
        self.down_proj = BitLinear(intermediate, hidden)
        self.activation = activation

    def forward(self, x: Tensor) -> Tensor:
        return self.down_proj(glu(self.gate_proj(x), self.activation))


class MLGRU(Module):
    """The token mixer of MatMul-free models: a gated recurrence between ternary layers."""

    def __init__(self, hidden: int, *, epsilon: float = 1e-6) -> None:
        self.f_proj = BitLinear(hidden, hidden)
        self.i_proj = BitLinear(hidden, hidden)
        self.g_proj = BitLinear(hidden, hidden)
        self.g_norm = RMSNorm(hidden, epsilon=epsilon)
        self.o_proj = BitLinear(hidden, hidden)

    def forward(self, x: Tensor, lower_bound: Tensor | None = None) -> Tensor:
        recorder = _recorder()
        index, state = recorder.take_state(x.shape[-1])
        forget, input, gate = self.f_proj(x), self.i_proj(x), self.g_proj(x)
        bound = ""
        if lower_bound is not None:
            bound = f" lower_bound({lower_bound.name} : {lower_bound.type})"
        hidden, after = recorder.record_all(
            f"ternary.mlgru {forget.name}, {input.name}, {state.name}{bound} : "
            f"{forget.type}, {state.type}",
            forget.shape,
            state.shape,
        )
        recorder.put_state(index, after)
        gain = recorder.parameter(self.g_norm.weight)
        gated = recorder.record(
            f"ternary.output_gate norm_gate {gate.name}, {hidden.name}, {gain.name} "
            f"{_epsilon(self.g_norm.epsilon)} : {gate.type}, {gain.type}",
            gate.shape,
        )
        return self.o_proj(gated)
