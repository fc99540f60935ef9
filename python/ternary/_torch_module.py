"""Compiled functions as modules of PyTorch, with compiled gradients."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch.autograd.function import once_differentiable

from ternary._functions import Array, ArraySpec, Function, Functions, compile
from ternary._ternary import Error


class CompiledModule(torch.nn.Module):
    """A function whose forward and backward are compiled; see `ternary.torch_module`."""

    def __init__(
        self,
        text: str,
        function: str | None,
        parameters: Mapping[str, Any],
        options: dict[str, Any],
    ) -> None:
        super().__init__()
        self._text, self._options = text, options
        self.functions: Functions = compile(text, **options)
        """What the module calls."""
        if function is None and len(self.functions) != 1:
            names = ", ".join(each.name for each in self.functions)
            raise Error(f"expected function=NAME, one of {names}")
        self._function = self.functions[function] if function else next(iter(self.functions))
        self._gradients: dict[tuple[str, ...], Function] = {}
        specs = {spec.name: spec for spec in self._function.inputs}
        for name, values in parameters.items():
            if name.replace(".", "_") not in specs:
                raise Error(f"{self._function.__doc__}: expected a parameter of it, got '{name}'")
            tensor = torch.as_tensor(values).detach().clone()
            self.register_parameter(name.replace(".", "_"), torch.nn.Parameter(tensor))
        self._inputs = [name for name in specs if name not in self._parameters]

    def extra_repr(self) -> str:
        return str(self._function.__doc__)

    def forward(self, *inputs: Any, **named: Any) -> Any:
        values = dict(zip(self._inputs, inputs, strict=False))
        missing = [name for name in self._inputs[len(inputs) :] if name not in named]
        if missing or len(inputs) + len(named) != len(self._inputs):
            raise TypeError(f"{self._function.__doc__}: expected {', '.join(self._inputs)}")
        values |= named | self._parameters
        arguments = [values[spec.name] for spec in self._function.inputs]
        results = _Call.apply(self, *arguments)
        return results[0] if len(results) == 1 else results

    def _gradient(self, names: Sequence[str]) -> Function:
        """The gradient by exactly these arguments, compiled when it is first asked for."""
        key = tuple(names)
        if key not in self._gradients:
            name = self._function.name
            numbers = [i for i, spec in enumerate(self._function.inputs) if spec.name in key]
            compiled = compile(
                self._text, differentiate=name, with_respect_to=numbers, **self._options
            )
            self._gradients[key] = compiled[f"{name}_gradient"]
        return self._gradients[key]


class _Call(torch.autograd.Function):
    """A call that PyTorch can differentiate. Of a loss, value and gradients are computed at once;
    otherwise the gradient is a second call."""

    @staticmethod
    def forward(ctx: Any, module: CompiledModule, *arguments: Any) -> tuple[Any, ...]:
        function = module._function
        needed = [
            spec.name
            for spec, needs in zip(function.inputs, ctx.needs_input_grad[1:], strict=True)
            if needs
        ]
        arrays = [_to_array(spec, v) for spec, v in zip(function.inputs, arguments, strict=True)]
        ctx.module, ctx.needed, ctx.arrays, ctx.gradients = module, needed, arrays, None
        gradient = module._gradient(needed) if needed else function
        if needed and len(gradient.inputs) == len(function.inputs):
            results = gradient(*arrays)
            ctx.gradients = results[len(function.results) :]
        else:
            results = function(*arrays)
        results = results if isinstance(results, tuple) else (results,)
        tensors = [_to_tensor(s, r) for s, r in zip(function.results, results, strict=False)]
        ctx.mark_non_differentiable(*(t for t in tensors if not t.is_floating_point()))
        return tuple(tensors)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *grads: Any) -> tuple[Any, ...]:
        function = ctx.module._function
        gradient = ctx.module._gradient(ctx.needed)
        if ctx.gradients is not None:
            factor = next(grad for grad in grads if grad.is_floating_point())
            found = [value * factor for value in _to_tensors(gradient, ctx.gradients)]
        else:
            seeds = gradient.inputs[len(function.inputs) :]
            given = [
                grad for grad, spec in zip(grads, function.results, strict=True) if _is_float(spec)
            ]
            results = gradient(
                *ctx.arrays, *(_to_array(s, g) for s, g in zip(seeds, given, strict=True))
            )
            found = _to_tensors(gradient, results[len(function.results) :])
        by_name = dict(zip(ctx.needed, found, strict=True))
        return None, *(by_name.get(spec.name) for spec in function.inputs)


def _is_float(spec: ArraySpec) -> bool:
    return spec.type in ("f32", "f64", "f16", "bf16")


def _to_array(spec: ArraySpec, value: Any) -> Any:
    """What a function takes; PyTorch shares no tensors that it differentiates."""
    if not isinstance(value, torch.Tensor):
        return value
    value = value.detach().contiguous()
    return value.view(torch.uint16) if value.dtype == torch.bfloat16 else value


def _to_tensor(spec: ArraySpec, value: Array) -> torch.Tensor:
    tensor = torch.as_tensor(value)
    return tensor.view(torch.bfloat16) if spec.type == "bf16" else tensor


def _to_tensors(gradient: Function, values: Sequence[Array]) -> list[torch.Tensor]:
    specs = gradient.results[len(gradient.results) - len(values) :]
    return [_to_tensor(spec, value) for spec, value in zip(specs, values, strict=True)]
