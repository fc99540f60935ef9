"""Models of PyTorch as graphs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ternary import nn
from ternary._functions import read_text
from ternary._graph import Graph, Path
from ternary._ternary import Error
from ternary._tokenizer import Tokenizer

if TYPE_CHECKING:
    import torch

_BIT_LINEAR = ("BitLinear", "FusedBitLinear")
_MLGRU = ("MLGRU", "HGRNBitAttention")
_ACTIVATIONS = {"SiLU": "silu", "Sigmoid": "sigmoid", "ReLU": "relu"}
_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "silu": lambda x, inplace=False: nn.activate(x, "silu"),
    "sigmoid": lambda x: nn.activate(x, "sigmoid"),
    "relu": lambda x, inplace=False: nn.activate(x, "relu"),
    "add": lambda x, y: x + y,
    "mul": lambda x, y: x * y,
}


def from_torch(
    module: torch.nn.Module,
    example_inputs: Sequence[torch.Tensor] | torch.Tensor | None = None,
    *,
    dynamic_shapes: Any = None,
    batch: int = 1,
    name: str | None = None,
    max_tokens: int = 0,
    bos_id: int = -1,
    eos_id: int = -1,
    tokenizer: Tokenizer | Path | None = None,
) -> Graph:
    """The graph of a PyTorch model that takes ids [B, T] and returns logits [B, T, V], or of any
    other whose `example_inputs` are given.

    With `example_inputs`, a tensor or several, the module is exported by torch-mlir, which has to
    be installed (`pip install ternary[torch-mlir]`), for inputs of their shapes, but for what
    `dynamic_shapes` says, as in `torch.export.export`. The graph is the function `forward` in ops
    of linalg, with the weights as constants; `ternary.compile` takes it and recognises ternary
    layers (`ternary-raise-linalg`). Of the other options, `name` counts.

    >>> mlp = ternary.compile(ternary.from_torch(module, torch.randn(7, 64)))
    >>> mlp.forward(x)

    Without, the model is a language model, and its forward is traced by torch.fx. It may be made of
    layers named BitLinear or FusedBitLinear (`weight`, and `norm` if it has one of its own), of
    MLGRU or HGRNBitAttention (`i_proj`, `f_proj`, `g_proj`, `g_norm`, `o_proj`), of torch's
    Embedding, Linear, RMSNorm, SiLU, Sigmoid, ReLU and Dropout, and of sums and products; weights
    are named as in its state_dict. `tokenizer` is as for `Model.load`.
    """
    if example_inputs is not None:
        return _export(module, example_inputs, dynamic_shapes, name or type(module).__name__)
    import torch.fx

    class Tracer(torch.fx.Tracer):
        def is_leaf_module(self, m: torch.nn.Module, module_qualified_name: str) -> bool:
            return _has_converter(m)

    try:
        graph = Tracer().trace(module)
    except (torch.fx.proxy.TraceError, TypeError) as error:
        raise Error(f"expected a forward without branches on values: {error}") from error
    model = _Model(module, graph)
    return model.graph(
        batch=batch,
        name=name or type(module).__name__,
        max_tokens=max_tokens,
        bos_id=bos_id,
        eos_id=eos_id,
        tokenizer=tokenizer,
    )


def _export(
    module: torch.nn.Module,
    example_inputs: Sequence[torch.Tensor] | torch.Tensor,
    dynamic_shapes: Any,
    name: str,
) -> Graph:
    """The function `forward` in ops of linalg on tensors."""
    import torch

    try:
        from torch_mlir import fx
    except ImportError as error:
        expected = "expected torch-mlir, by which modules with inputs are exported"
        raise Error(f"{expected}: {error}") from error
    inputs = (example_inputs,) if isinstance(example_inputs, torch.Tensor) else example_inputs
    try:
        exported = torch.export.export(module, tuple(inputs), dynamic_shapes=dynamic_shapes)
        text = fx.export_and_import(exported, output_type="linalg-on-tensors", func_name="forward")
    except Exception as error:  # whatever exporters raise
        raise Error(f"cannot export {type(module).__name__}: {error}") from error
    return Graph.parse(str(text), name=name)


def torch_module(
    source: Graph | Path,
    parameters: Mapping[str, Any] | None = None,
    *,
    function: str | None = None,
    **options: Any,
) -> torch.nn.Module:
    """A module of PyTorch whose forward and backward are compiled: a function in MLIR, in a graph,
    a text or a file, and its gradient.

    `parameters` are the initial values of what is to be trained, arrays or tensors by the names of
    arguments; other arguments are what `forward` takes, in order or by name. Names of
    `ternary.parameter` arguments count as well, with `_` for `.`: their values are the module's,
    not the object's. `function` says which one, if there are several. Gradients are compiled when
    they are first asked for; they have no gradients themselves. All else is as for
    `ternary.compile`.

    >>> layer = ternary.torch_module("layer.mlir", {"w": torch.randn(32, 64)})
    >>> layer(x).square().mean().backward()
    """
    from ternary._torch_module import CompiledModule

    text = str(source) if isinstance(source, Graph) else read_text(source)
    # What is trained is not compiled in.
    text = text.replace("ternary.parameter", "ternary.name")
    return CompiledModule(text, function, parameters or {}, options)


def _has_converter(module: torch.nn.Module) -> bool:
    return _find_converter(module) is not None


class _Model(nn.Module):
    """Interprets what torch.fx recorded."""

    def __init__(self, module: torch.nn.Module, graph: torch.fx.Graph) -> None:
        self._graph = graph
        self._shared: dict[int, nn.Parameter] = {}
        self._layers: dict[str, nn.Module] = {}
        modules = dict(module.named_modules())
        for node in graph.nodes:
            if node.op == "call_module" and node.target not in self._layers:
                source = modules[node.target]
                convert = _find_converter(source)
                if convert is None:
                    raise Error(
                        f"layer '{node.target}': expected one that can be converted, "
                        f"got {type(source).__name__}"
                    )
                self._layers[node.target] = convert(self, node.target, source)

    def _children(self) -> Iterator[tuple[str, Any]]:
        yield from self._layers.items()

    def share(self, parameter: torch.Tensor, *, matrix: bool = True) -> nn.Parameter:
        """The parameter's values; one for each, however many layers have it."""
        if id(parameter) not in self._shared:
            values = parameter.detach().cpu()
            if str(values.dtype) not in ("torch.float16", "torch.float32"):
                values = values.float()
            self._shared[id(parameter)] = nn.Parameter(values.numpy(), matrix=matrix)
        return self._shared[id(parameter)]

    def forward(self, ids: nn.Tensor) -> nn.Tensor:
        values: dict[str, Any] = {}

        def lookup(argument: Any) -> Any:
            return values[argument.name] if hasattr(argument, "op") else argument

        for node in self._graph.nodes:
            arguments = [lookup(argument) for argument in node.args]
            keywords = {key: lookup(value) for key, value in node.kwargs.items()}
            if node.op == "placeholder":
                if values:
                    raise Error(f"expected ids as the only argument, got '{node.target}' as well")
                values[node.name] = ids
            elif node.op == "call_module":
                values[node.name] = self._layers[node.target](*arguments, **keywords)
            elif node.op in ("call_function", "call_method"):
                name = getattr(node.target, "__name__", str(node.target))
                if name not in _FUNCTIONS:
                    raise Error(f"expected {', '.join(_FUNCTIONS)} or a layer, got '{name}'")
                values[node.name] = _FUNCTIONS[name](*arguments, **keywords)
            elif node.op == "output":
                return arguments[0]
            else:
                raise Error(f"expected parameters to belong to layers, got '{node.target}'")
        raise Error("expected a forward that returns logits")


def _name_error(path: str, expected: str) -> Error:
    return Error(f"layer '{path}': expected {expected}")


def _refuse_bias(path: str, source: Any) -> None:
    if getattr(source, "bias", None) is not None:
        raise _name_error(path, "no bias")


def _convert_embedding(model: _Model, path: str, source: Any) -> nn.Module:
    layer = nn.Embedding(1, 1)
    layer.weight = model.share(source.weight)
    return layer


def _convert_linear(model: _Model, path: str, source: Any) -> nn.Module:
    _refuse_bias(path, source)
    layer = nn.Linear(1, 1)
    layer.weight = model.share(source.weight)
    return layer


def _convert_norm(model: _Model, path: str, source: Any) -> nn.RMSNorm:
    _refuse_bias(path, source)
    epsilon = getattr(source, "eps", getattr(source, "variance_epsilon", None))
    if not isinstance(epsilon, float) or source.weight is None:
        raise _name_error(path, "a norm with weights and eps")
    layer = nn.RMSNorm(1, epsilon=epsilon)
    layer.weight = model.share(source.weight, matrix=False)
    return layer


def _convert_bit_linear(model: _Model, path: str, source: Any) -> nn.Module:
    _refuse_bias(path, source)
    layer = nn.BitLinear(1, 1, norm=False)
    layer.weight = model.share(source.weight)
    norm = getattr(source, "norm", None)
    if norm is not None and type(norm).__name__ != "Identity":
        layer.norm = _convert_norm(model, f"{path}.norm", norm)
        layer.epsilon = layer.norm.epsilon
    return layer


def _convert_mlgru(model: _Model, path: str, source: Any) -> nn.Module:
    layer = nn.MLGRU(1)
    for name in ("f_proj", "i_proj", "g_proj", "o_proj"):
        part = getattr(source, name, None)
        if type(part).__name__ not in _BIT_LINEAR:
            raise _name_error(path, f"a BitLinear '{name}'")
        setattr(layer, name, _convert_bit_linear(model, f"{path}.{name}", part))
    layer.g_norm = _convert_norm(model, f"{path}.g_norm", source.g_norm)
    return layer


class _Activation(nn.Module):
    def __init__(self, activation: str) -> None:
        self._activation = activation

    def forward(self, x: nn.Tensor) -> nn.Tensor:
        return nn.activate(x, self._activation)


class _Identity(nn.Module):
    def forward(self, x: nn.Tensor) -> nn.Tensor:
        return x


_Converter = Callable[[_Model, str, Any], nn.Module]


def _find_converter(module: torch.nn.Module) -> _Converter | None:
    name = type(module).__name__
    if name in _BIT_LINEAR:
        return _convert_bit_linear
    if name in _MLGRU:
        return _convert_mlgru
    if name.endswith("RMSNorm"):
        return _convert_norm
    if name in _ACTIVATIONS:
        return lambda model, path, source: _Activation(_ACTIVATIONS[name])
    if name in ("Dropout", "Identity"):
        return lambda model, path, source: _Identity()
    return {"Embedding": _convert_embedding, "Linear": _convert_linear}.get(name)
