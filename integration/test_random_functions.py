"""Random functions of ops from all dialects and their gradients: every kernel, fused and not, is
the reference, as is the functions' linalg form.

TERNARY_RANDOM_FUNCTIONS says how many are tried, TERNARY_RANDOM_SEED from which on. Of one that
fails ops are left out as long as it does, and what is left is shown.
"""

import dataclasses
import os
import pathlib
import random

import numpy as np
import pytest
from conftest import KERNEL_FEATURES, UNOPTIMIZED, run_tool, supports_kernel
from test_functions import Function

COUNT = int(os.environ.get("TERNARY_RANDOM_FUNCTIONS", "24"))
FIRST = int(os.environ.get("TERNARY_RANDOM_SEED", "0"))
KERNELS = [name for name in ("portable", *KERNEL_FEATURES) if supports_kernel(name)]
VARIANTS = [*([f"--kernel={name}"] for name in KERNELS), ["--fuse=false"]]

# Values stay within bounds: what is computed of NaNs has no specified bits.
UNARY = ["math.tanh", "arith.negf", "math.absf"]
BINARY = ["arith.addf", "arith.subf", "arith.mulf", "arith.maximumf", "arith.minimumf"]
ACTIVATIONS = ["sigmoid", "silu", "squared_relu"]
WIDTHS = [8, 16, 33, 67]


@dataclasses.dataclass
class Value:
    """An SSA value: `rows` x `columns` floats; rows are dynamic where they are the function's."""

    name: str
    columns: int
    type: str


class Maker:
    """Writes a function of up to 30 ops. `skip` leaves out those steps of its way."""

    def __init__(self, seed: int, skip: frozenset[int] = frozenset()):
        self.random = random.Random(seed)
        self.dynamic = self.random.random() < 0.5
        self.rows = self.random.choice([1, 2, 5])
        self.lines: list[str] = []
        self.arguments: list[tuple[str, str, tuple[int, ...]]] = []
        self.count = 0
        self.values = [self.add_input() for _ in range(self.random.randint(1, 3))]
        self.steps = self.random.randint(1, 30)
        for step in range(self.steps):
            # What is chosen does not depend on what is left out.
            choice = random.Random(seed * 1000 + step)
            if step not in skip:
                self.add_step(choice)
        self.results = self.values[-2:]

    def type_of(self, columns: int) -> str:
        return f"tensor<{'?' if self.dynamic else self.rows}x{columns}xf32>"

    def new_name(self) -> str:
        self.count += 1
        return f"%v{self.count}"

    def emit(self, columns: int, text: str) -> Value:
        value = Value(self.new_name(), columns, self.type_of(columns))
        self.lines.append(f"{value.name} = {text}")
        return value

    def add_argument(self, kind: str, shape: tuple[int, ...]) -> str:
        name = f"%x{len(self.arguments)}"
        self.arguments.append((name, kind, shape))
        return name

    def add_input(self) -> Value:
        columns = self.random.choice(WIDTHS)
        name = self.add_argument(self.type_of(columns), (self.rows, columns))
        return Value(name, columns, self.type_of(columns))

    def empty(self, columns: int) -> str:
        name = self.new_name()
        if self.dynamic:
            first = self.values[0]
            self.lines.append(f"{name}c = arith.constant 0 : index")
            self.lines.append(f"{name}d = tensor.dim {first.name}, {name}c : {first.type}")
        size = f"{name}d" if self.dynamic else ""
        self.lines.append(f"{name} = tensor.empty({size}) : {self.type_of(columns)}")
        return name

    def add_step(self, choice: random.Random) -> None:
        x = choice.choice(self.values)
        alike = [value for value in self.values if value.columns == x.columns]
        y = choice.choice(alike)
        kinds = [self.unary, self.binary, self.activate, self.norm, self.linear, self.select]
        kinds += [self.map, self.matmul, self.slice, self.branch, self.loop, self.splat]
        kinds += [self.row, self.sum]
        self.values.append(choice.choice(kinds)(choice, x, y))

    def unary(self, choice, x, _) -> Value:
        return self.emit(x.columns, f"{choice.choice(UNARY)} {x.name} : {x.type}")

    def bound(self, x: Value) -> Value:
        return self.emit(x.columns, f"math.tanh {x.name} : {x.type}")

    def binary(self, choice, x, y) -> Value:
        return self.bound(
            self.emit(x.columns, f"{choice.choice(BINARY)} {x.name}, {y.name} : {x.type}")
        )

    def activate(self, choice, x, _) -> Value:
        kind = choice.choice(ACTIVATIONS)
        return self.bound(self.emit(x.columns, f"ternary.activate {kind} {x.name} : {x.type}"))

    def weight(self, choice, rows: int, columns: int) -> tuple[str, str]:
        """A weight that is an argument or a constant."""
        kind = f"tensor<{rows}x{columns}xf32>"
        if choice.random() < 0.5:
            return self.add_argument(kind, (rows, columns)), kind
        numbers = [[round(choice.uniform(-1, 1), 3) for _ in range(columns)] for _ in range(rows)]
        name = self.new_name()
        self.lines.append(f"{name} = arith.constant dense<{numbers}> : {kind}")
        return name, kind

    def norm(self, choice, x, _) -> Value:
        gain = self.new_name()
        kind = f"tensor<{x.columns}xf32>"
        self.lines.append(
            f"{gain} = arith.constant dense<{choice.choice([0.5, 1.0, 1.5])}> : {kind}"
        )
        text = f"ternary.rms_norm {x.name}, {gain} {{epsilon = 1.0e-6 : f32}} : {x.type}, {kind}"
        return self.bound(self.emit(x.columns, text))

    def linear(self, choice, x, _) -> Value:
        columns = choice.choice(WIDTHS)
        weight, kind = self.weight(choice, columns, x.columns)
        text = (
            f"ternary.bit_linear {x.name}, {weight} : {x.type}, {kind} -> {self.type_of(columns)}"
        )
        return self.bound(self.emit(columns, text))

    def select(self, _, x, y) -> Value:
        kind = x.type.replace("f32", "i1")
        name = self.new_name()
        self.lines.append(f"{name} = arith.cmpf olt, {x.name}, {y.name} : {x.type}")
        text = f"arith.select {name}, {x.name}, {y.name} : {kind}, {x.type}"
        return self.emit(x.columns, text)

    def map(self, choice, x, y) -> Value:
        out = self.empty(x.columns)
        op = choice.choice(BINARY)
        text = (
            f"linalg.map ins({x.name}, {y.name} : {x.type}, {x.type}) outs({out} : {x.type}) "
            f"(%a: f32, %b: f32, %o: f32) {{ %s = {op} %a, %b : f32\n linalg.yield %s : f32 }}"
        )
        return self.bound(self.emit(x.columns, text))

    def matmul(self, choice, x, _) -> Value:
        columns = choice.choice(WIDTHS)
        weight, kind = self.weight(choice, x.columns, columns)
        zero = self.new_name()
        self.lines.append(f"{zero} = arith.constant 0.0 : f32")
        out = self.empty(columns)
        result = self.type_of(columns)
        filled = self.emit(
            columns, f"linalg.fill ins({zero} : f32) outs({out} : {result}) -> {result}"
        )
        text = (
            f"linalg.matmul ins({x.name}, {weight} : {x.type}, {kind}) "
            f"outs({filled.name} : {result}) -> {result}"
        )
        return self.bound(self.emit(columns, text))

    def slice(self, choice, x, _) -> Value:
        columns = choice.choice([c for c in WIDTHS if c <= x.columns])
        offset = choice.randint(0, x.columns - columns)
        rows = str(self.rows)
        if self.dynamic:
            rows = self.new_name()
            self.lines.append(f"{rows}c = arith.constant 0 : index")
            self.lines.append(f"{rows} = tensor.dim {x.name}, {rows}c : {x.type}")
        text = (
            f"tensor.extract_slice {x.name}[0, {offset}] [{rows}, {columns}] [1, 1] "
            f": {x.type} to {self.type_of(columns)}"
        )
        return self.emit(columns, text)

    def branch(self, choice, x, y) -> Value:
        condition = self.new_name()
        self.lines.append(f"{condition} = arith.constant {choice.choice(['true', 'false'])}")
        ops = [choice.choice(BINARY) for _ in range(2)]
        text = (
            f"scf.if {condition} -> {x.type} {{\n"
            f"  %t = {ops[0]} {x.name}, {y.name} : {x.type}\n"
            f"  scf.yield %t : {x.type}\n}} else {{\n"
            f"  %e = {ops[1]} {y.name}, {x.name} : {x.type}\n"
            f"  scf.yield %e : {x.type}\n}}"
        )
        return self.bound(self.emit(x.columns, text))

    def loop(self, choice, x, y) -> Value:
        bounds = self.new_name()
        for name, number in (("l", 0), ("u", choice.randint(0, 3)), ("s", 1)):
            self.lines.append(f"{bounds}{name} = arith.constant {number} : index")
        op = choice.choice(BINARY)
        text = (
            f"scf.for %i = {bounds}l to {bounds}u step {bounds}s iter_args(%h = {x.name}) "
            f"-> {x.type} {{\n"
            f"  %t = {op} %h, {y.name} : {x.type}\n  %b = math.tanh %t : {x.type}\n"
            f"  scf.yield %b : {x.type}\n}}"
        )
        return self.emit(x.columns, text)

    def splat(self, choice, x, _) -> Value:
        if self.dynamic:
            return self.unary(choice, x, None)
        constant = self.new_name()
        number = choice.choice([0.25, -1.5, 3.0])
        self.lines.append(f"{constant} = arith.constant dense<{number}> : {x.type}")
        return self.bound(self.emit(x.columns, f"arith.mulf {x.name}, {constant} : {x.type}"))

    def row(self, choice, x, _) -> Value:
        """A vector that is repeated for every row, in an op of linalg."""
        vector = self.add_argument(f"tensor<{x.columns}xf32>", (x.columns,))
        out = self.empty(x.columns)
        whole, row = "affine_map<(i, j) -> (i, j)>", "affine_map<(i, j) -> (j)>"
        text = (
            f"linalg.generic {{indexing_maps = [{whole}, {row}, {whole}], "
            f'iterator_types = ["parallel", "parallel"]}} '
            f"ins({x.name}, {vector} : {x.type}, tensor<{x.columns}xf32>) "
            f"outs({out} : {x.type}) {{\n"
            f"^bb0(%a: f32, %b: f32, %o: f32):\n  %s = {choice.choice(BINARY)} %a, %b : f32\n"
            f"  %t = math.tanh %s : f32\n  linalg.yield %t : f32\n}} -> {x.type}"
        )
        return self.emit(x.columns, text)

    def sum(self, choice, x, _) -> Value:
        """The sums of rows, repeated along them."""
        vector = x.type.replace(f"x{x.columns}x", "x")
        first, out = self.empty(x.columns), self.empty(x.columns)
        name, zero = self.new_name(), self.new_name()
        size = f"{first}d" if self.dynamic else ""
        self.lines.append(f"{zero} = arith.constant 0.0 : f32")
        self.lines.append(f"{name}e = tensor.empty({size}) : {vector}")
        filled = f"linalg.fill ins({zero} : f32) outs({name}e : {vector}) -> {vector}"
        self.lines.append(f"{name}z = {filled}")
        self.lines.append(
            f"{name} = linalg.reduce ins({x.name} : {x.type}) outs({name}z : {vector}) "
            "dimensions = [1] (%a: f32, %b: f32) "
            "{ %s = arith.addf %a, %b : f32\n linalg.yield %s : f32 }"
        )
        text = f"linalg.broadcast ins({name} : {vector}) outs({out} : {x.type}) dimensions = [1]"
        return self.bound(self.emit(x.columns, text))

    def write_gradient(self) -> str:
        """The signature of the gradient."""
        inputs = [f"{name}: {kind}" for name, kind, _ in self.arguments]
        inputs += [f"%dy{i}: {value.type}" for i, value in enumerate(self.results)]
        results = [value.type for value in self.results]
        results += [kind for _, kind, _ in self.arguments]
        return f"@f_gradient({', '.join(inputs)}) -> ({', '.join(results)}) {{"

    def write(self) -> str:
        arguments = ", ".join(f"{name}: {kind}" for name, kind, _ in self.arguments)
        types = ", ".join(value.type for value in self.results)
        names = ", ".join(value.name for value in self.results)
        body = "\n".join(f"  {line}" for line in self.lines)
        return (
            f"func.func @f({arguments}) -> ({types}) {{\n{body}\n  return {names} : {types}\n}}\n"
        )


def compare(maker: Maker, folder: pathlib.Path) -> str:
    """What is wrong with what the compiler makes of a function; empty if nothing is."""
    text = maker.write()
    source = folder / "f.mlir"
    source.write_text(text, encoding="utf-8")
    numbers = np.random.default_rng(1)
    inputs = [numbers.uniform(-1, 1, shape).astype(np.float32) for _, _, shape in maker.arguments]
    outputs = [((maker.rows, value.columns), np.float32) for value in maker.results]
    expected = None
    converted = folder / "linalg.mlir"
    result = run_tool("ternary-opt", source, "--convert-ternary-to-linalg", "-o", converted)
    if result.returncode != 0:
        return f"linalg form: {result.stderr}"
    seeds = [numbers.uniform(-1, 1, shape).astype(np.float32) for shape, _ in outputs]
    gradients = [(shape, np.float32) for _, _, shape in maker.arguments]
    reference, gradient = "--target=reference", "--function=gradient"
    variants = [(source, [reference, gradient]), (converted, [reference])]
    variants += [(source, [gradient, *flags]) for flags in VARIANTS]
    for i, (module, flags) in enumerate(variants):
        # A library is loaded once by its name.
        library = folder / f"{len(list(folder.iterdir()))}-{i}.so"
        result = run_tool("ternary-compile", module, "-o", library, UNOPTIMIZED, *flags)
        if result.returncode != 0:
            return f"{module.name} {flags}: {result.stderr}"
        got = [array.tobytes() for array in Function(library, text)(inputs, outputs)]
        if gradient in flags:
            function = Function(library, maker.write_gradient(), "f_gradient")
            all_outputs = [*outputs, *gradients]
            got += [array.tobytes() for array in function([*inputs, *seeds], all_outputs)]
        expected = expected or got
        if got != expected[: len(got)]:
            return f"{module.name} {flags}: other bits than the reference"
    return ""


def shrink(seed: int, folder: pathlib.Path) -> Maker:
    """The function of `seed` with as few steps as it fails with."""
    skip: frozenset[int] = frozenset()
    for step in reversed(range(Maker(seed).steps)):
        if compare(Maker(seed, skip | {step}), folder):
            skip |= {step}
    return Maker(seed, skip)


@pytest.mark.parametrize("seed", range(FIRST, FIRST + COUNT))
def test_random_function(seed: int, tmp_path: pathlib.Path) -> None:
    problem = compare(Maker(seed), tmp_path)
    if problem:
        smallest = shrink(seed, tmp_path)
        pytest.fail(f"{compare(smallest, tmp_path)}\n{smallest.write()}")
