"""Gradients of ternary-differentiate in f64, against finite differences.

Each case is a loss of a few ops. All of them are differentiated and lowered at once, by the
reference's passes, and called through ctypes. Ops whose rule is a straight-through estimator
have none: their rule is defined, not derived.
"""

import ctypes
import dataclasses
import functools
import re
import subprocess

import numpy as np
import pytest
from conftest import BIN, ROOT, find_llvm_tool

STEP = 1e-5
TOLERANCE = 1e-7
# What `?` stands for.
DYNAMIC = 5

LOWERING = [
    "ternary-differentiate",
    "func.func(ternary-decompose)",
    "canonicalize",
    "cse",
    "func.func(ternary-form-kernels{accumulate=true})",
    "func.func(ternary-fuse-rows{fuse=false})",
    "func.func(ternary-form-kernels{bind-time=true})",
    # Numbers and what has dynamic columns are not in rows.
    "convert-elementwise-to-linalg",
    "one-shot-bufferize{allow-return-allocs-from-loops=true bufferize-function-boundaries=true"
    " function-boundary-type-conversion=identity-layout-map}",
    "convert-linalg-to-loops",
    "ternary-to-loops",
    "ternary-expand-math",
    "func.func(llvm-request-c-wrappers)",
    "convert-scf-to-cf",
    "expand-strided-metadata",
    "lower-affine",
    "finalize-memref-to-llvm",
    "convert-math-to-llvm",
    "convert-math-to-libm",
    "convert-arith-to-llvm",
    "convert-index-to-llvm",
    "convert-cf-to-llvm",
    "convert-func-to-llvm",
    "reconcile-unrealized-casts",
]


@dataclasses.dataclass
class Case:
    """A loss: parameters and other arguments, by their types, and ops that compute %y.

    Of `y` that is not a number the cross-entropy is taken.
    """

    parameters: dict[str, str]
    body: str
    y: str = "tensor<f64>"
    arguments: dict[str, str] = dataclasses.field(default_factory=dict)
    values: dict[str, object] = dataclasses.field(default_factory=dict)


def shape_of(type_: str) -> tuple[int, ...]:
    sizes = re.findall(r"(\d+|\?)x", type_)
    return tuple(DYNAMIC if size == "?" else int(size) for size in sizes)


def elementwise(op: str, y: str = "tensor<2x3x7xf64>", operands: str = "%a, %b") -> Case:
    """An op on tensors of one type; what is divided by, or a root taken of, is positive."""
    names = re.findall(r"%(\w+)", operands)
    positive = {name: (0.5, 2.0) for name in names}
    return Case({name: y for name in names}, f"%y = {op} {operands} : {y}", y, values=positive)


def activation(name: str, y: str = "tensor<2x?x7xf64>") -> Case:
    body = f"""
      %0 = ternary.activate {name} %x : {y}
      %y = arith.mulf %0, %x : {y}"""
    return Case({"x": y}, body, y)


def glu(name: str, columns: int) -> Case:
    x, y = f"tensor<2x?x{2 * columns}xf64>", f"tensor<2x?x{columns}xf64>"
    return Case({"x": x}, f"%y = ternary.glu {name} %x : {x} -> {y}", y)


def rms_norm(rows: str, columns: int) -> Case:
    x, g = f"tensor<{rows}{columns}xf64>", f"tensor<{columns}xf64>"
    body = f"%y = ternary.rms_norm %x, %g {{epsilon = 1.0e-6 : f32}} : {x}, {g}"
    return Case({"x": x, "g": g}, body, x)


def layer_norm(columns: int) -> Case:
    x, g = f"tensor<2x?x{columns}xf64>", f"tensor<{columns}xf64>"
    body = f"%y = ternary.layer_norm %x, %g, %b {{epsilon = 1.0e-2 : f32}} : {x}, {g}"
    return Case({"x": x, "g": g, "b": g}, body, x)


def output_gate(order: str) -> Case:
    x, g = "tensor<2x?x33xf64>", "tensor<33xf64>"
    body = f"%y = ternary.output_gate {order} %a, %b, %g {{epsilon = 1.0e-6 : f32}} : {x}, {g}"
    return Case({"a": x, "b": x, "g": g}, body, x)


def recurrence(op: str, h: str, s: str, more: dict[str, str], flags: str = "") -> Case:
    """A recurrence whose states at all times and at the end are both read."""
    columns = shape_of(h)[-1]
    body = f"""
      %h, %n = ternary.{op} %f, %i, %s {flags} : {h}, {s}
      %c0 = arith.constant 0 : index
      %y = tensor.insert_slice %n into %h[0, 0, 0] [2, 1, {columns}] [1, 1, 1] : {s} into {h}
    """
    return Case({"f": h, "i": h, "s": s, **more}, body, h)


def token_shift(flags: str) -> Case:
    """Tokens and the state at the end are both read."""
    x, s = "tensor<2x?x3xf64>", "tensor<2x3xf64>"
    body = f"""
      %h, %n = ternary.token_shift %x, %s {flags} : {x}, {s}
      %0 = arith.mulf %h, %x : {x}
      %y = tensor.insert_slice %n into %0[0, 0, 0] [2, 1, 3] [1, 1, 1] : {s} into {x}"""
    return Case({"x": x, "s": s}, body, x)


def wkv(columns: int, spread: float, **values: object) -> Case:
    """Keys and decays that differ by as much as `spread`."""
    k, w, s = f"tensor<2x?x{columns}xf64>", f"tensor<{columns}xf64>", f"tensor<2x3x{columns}xf64>"
    body = f"%y, %n = ternary.wkv %k, %v, %w, %u, %s : {k}, {w}, {s}"
    ranges = {name: (-spread, spread) for name in ("k", "w", "u")}
    return Case({"k": k, "v": k, "w": w, "u": w}, body, k, {"s": s}, {**ranges, **values})


def attention(heads: int, kv_heads: int) -> Case:
    size = 3
    q, k = f"tensor<2x?x{heads * size}xf64>", f"tensor<2x?x{kv_heads * size}xf64>"
    body = f"""
      %y, %s = ternary.attention %q, %k, %v {{heads = {heads} : i64, kv_heads = {kv_heads} : i64}}
        : {q}, {k} -> {q}, tensor<2x?x{heads}xf64>"""
    return Case({"q": q, "k": k, "v": k}, body, q)


X = "tensor<3x5xf64>"
C = """
      %c0 = arith.constant 0 : index
      %c1 = arith.constant 1 : index
      %c2 = arith.constant 2 : index
      %c3 = arith.constant 3 : index
      %c4 = arith.constant 4 : index
"""


def loop(trips: str, **values: object) -> Case:
    """A carried tensor and a carried number, captured tensors, a counter, the index."""
    lower, upper, step = trips.split()
    body = f"""{C}
      %s0 = tensor.extract %w[%c1, %c2] : {X}
      %k0 = arith.constant 1 : i32
      %r:3 = scf.for %i = {lower} to {upper} step {step}
          iter_args(%a = %x, %s = %s0, %k = %k0) -> ({X}, f64, i32) {{
        %0 = arith.mulf %a, %w : {X}
        %1 = ternary.activate sigmoid %0 : {X}
        %2 = tensor.insert %s into %1[%c0, %c1] : {X}
        %3 = arith.subf %2, %a : {X}
        %4 = tensor.extract %v[%i] : tensor<11xf64>
        %5 = arith.mulf %4, %s : f64
        %6 = arith.sitofp %k : i32 to f64
        %7 = arith.divf %5, %6 : f64
        %8 = tensor.extract %a[%c2, %c3] : {X}
        %9 = arith.addf %7, %8 : f64
        %10 = arith.addi %k, %k0 : i32
        scf.yield %3, %9, %10 : {X}, f64, i32
      }}
      %y = tensor.insert %r#1 into %r#0[%c2, %c4] : {X}"""
    names = [name for name in ("n", "m") if f"%{name}" in trips]
    return Case(
        {"x": X, "w": X, "v": "tensor<11xf64>"}, body, X, {name: "index" for name in names}, values
    )


def slice_in_a_branch(is_true: int) -> Case:
    """Two slices side by side, of which one is read in a branch."""
    whole, half = "tensor<3x8xf64>", "tensor<3x4xf64>"
    body = f"""{C}
      %isTrue = arith.cmpi eq, %c, %c1 : index
      %x = math.exp %a : {whole}
      %s = scf.if %isTrue -> {half} {{
        %0 = tensor.extract_slice %x[0, 4] [3, 4] [1, 1] : {whole} to {half}
        scf.yield %0 : {half}
      }} else {{
        scf.yield %z : {half}
      }}
      %1 = tensor.extract_slice %x[0, 0] [3, 4] [1, 1] : {whole} to {half}
      %y = arith.mulf %s, %1 : {half}"""
    return Case({"a": whole, "z": half}, body, half, {"c": "index"}, {"c": is_true})


def branches(is_true: int) -> Case:
    """A value that both branches read, values that one of them does, one that is yielded."""
    body = f"""{C}
      %isTrue = arith.cmpi eq, %c, %c1 : index
      %r:2 = scf.if %isTrue -> ({X}, {X}) {{
        %0 = arith.mulf %a, %b : {X}
        scf.yield %0, %b : {X}, {X}
      }} else {{
        %0 = math.exp %a : {X}
        %1 = arith.addf %0, %d : {X}
        scf.yield %1, %a : {X}, {X}
      }}
      %0 = arith.mulf %r#0, %a : {X}
      %y = arith.subf %0, %r#1 : {X}"""
    return Case({"a": X, "b": X, "d": X}, body, X, {"c": "index"}, {"c": is_true})


CASES = {
    "add": elementwise("arith.addf"),
    "subtract": elementwise("arith.subf"),
    "multiply": elementwise("arith.mulf"),
    "square": elementwise("arith.mulf", operands="%a, %a"),
    "divide": elementwise("arith.divf"),
    "negate": elementwise("arith.negf", operands="%a"),
    "exponential": elementwise("math.exp", operands="%a"),
    "root": elementwise("math.sqrt", operands="%a"),
    **{
        f"math_{name}": elementwise(f"math.{name}", "tensor<3x5xf64>", "%a")
        for name in (
            *("absf", "asinh", "atan", "cbrt", "cos", "cosh", "erf", "erfc", "exp2", "expm1"),
            *("log", "log10", "log1p", "log2", "rsqrt", "sin", "sinh", "tan", "tanh"),
        )
    },
    # Of what lies from 0.5 to 2: less than 1, or more.
    **{
        f"math_{name}": Case(
            {"a": X},
            f"""
      %h = arith.constant dense<{by}> : {X}
      %0 = arith.mulf %a, %h : {X}
      %y = math.{name} %0 : {X}""",
            X,
            values={"a": (0.5, 2.0)},
        )
        for name, by in (("acos", 0.4), ("acosh", 4.0), ("asin", 0.4), ("atanh", 0.4))
    },
    "math_powf": elementwise("math.powf", X),
    "math_atan2": elementwise("math.atan2", X),
    "math_fma": elementwise("math.fma", X, "%a, %b, %c"),
    **{
        f"math_{name}": Case(
            {"a": X}, f"%0 = math.{name} %a : {X}\n%y = arith.addf %0, %a : {X}", X
        )
        for name in ("ceil", "floor", "round", "roundeven", "trunc")
    },
    **{
        f"extremum_{name}": Case({"a": X, "b": X}, f"%y = arith.{name} %a, %b : {X}", X)
        for name in ("maximumf", "maxnumf", "minimumf", "minnumf")
    },
    "numbers": Case(
        {"x": X},
        f"""{C}
      %0 = tensor.extract %x[%c1, %c1] : {X}
      %1 = math.tanh %0 : f64
      %2 = tensor.splat %1 : {X}
      %3 = arith.mulf %2, %x : {X}
      %4 = tensor.from_elements %0, %1, %0, %0 : tensor<2x2xf64>
      %y = tensor.insert_slice %4 into %3[0, 1] [2, 2] [1, 2] : tensor<2x2xf64> into {X}""",
        X,
    ),
    "concat": Case(
        {"a": "tensor<3x?xf64>", "b": "tensor<3x2xf64>"},
        """
      %0 = tensor.concat dim(1) %a, %b, %a
        : (tensor<3x?xf64>, tensor<3x2xf64>, tensor<3x?xf64>) -> tensor<3x?xf64>
      %y = tensor.cast %0 : tensor<3x?xf64> to tensor<3x12xf64>""",
        "tensor<3x12xf64>",
    ),
    "pad": Case(
        {"x": X},
        f"""
      %one = arith.constant 1.0 : f64
      %0 = tensor.pad %x low[1, 0] high[0, 2] {{
      ^bb0(%i: index, %j: index):
        tensor.yield %one : f64
      }} : {X} to tensor<4x7xf64>
      %y = arith.mulf %0, %0 : tensor<4x7xf64>""",
        "tensor<4x7xf64>",
    ),
    "matmul": Case(
        {"a": "tensor<3x?xf64>", "b": "tensor<?x4xf64>", "c": "tensor<3x4xf64>"},
        """
      %y = linalg.matmul ins(%a, %b : tensor<3x?xf64>, tensor<?x4xf64>)
        outs(%c : tensor<3x4xf64>) -> tensor<3x4xf64>""",
        "tensor<3x4xf64>",
    ),
    "batch_matmul": Case(
        {"a": "tensor<2x3x5xf64>", "b": "tensor<2x5x4xf64>"},
        """
      %zero = arith.constant 0.0 : f64
      %e = tensor.empty() : tensor<2x3x4xf64>
      %f = linalg.fill ins(%zero : f64) outs(%e : tensor<2x3x4xf64>) -> tensor<2x3x4xf64>
      %y = linalg.batch_matmul ins(%a, %b : tensor<2x3x5xf64>, tensor<2x5x4xf64>)
        outs(%f : tensor<2x3x4xf64>) -> tensor<2x3x4xf64>""",
        "tensor<2x3x4xf64>",
    ),
    "transpose": Case(
        {"x": "tensor<2x?x7xf64>"},
        """
      %c1 = arith.constant 1 : index
      %n = tensor.dim %x, %c1 : tensor<2x?x7xf64>
      %e = tensor.empty(%n) : tensor<7x2x?xf64>
      %0 = linalg.transpose ins(%x : tensor<2x?x7xf64>) outs(%e : tensor<7x2x?xf64>)
        permutation = [2, 0, 1]
      %1 = arith.mulf %0, %0 : tensor<7x2x?xf64>
      %y = tensor.cast %1 : tensor<7x2x?xf64> to tensor<7x2x5xf64>""",
        "tensor<7x2x5xf64>",
    ),
    "sum": Case(
        {"x": "tensor<2x3x7xf64>", "z": "tensor<3xf64>"},
        """
      %0 = linalg.reduce ins(%x : tensor<2x3x7xf64>) outs(%z : tensor<3xf64>)
        dimensions = [0, 2] (%in: f64, %out: f64) {
          %1 = arith.addf %in, %out : f64
          linalg.yield %1 : f64
        }
      %e = tensor.empty() : tensor<3x7xf64>
      %2 = linalg.broadcast ins(%0 : tensor<3xf64>) outs(%e : tensor<3x7xf64>) dimensions = [1]
      %y = math.sin %2 : tensor<3x7xf64>""",
        "tensor<3x7xf64>",
    ),
    "one_column": elementwise("arith.divf", "tensor<4x1xf64>"),
    "number": elementwise("arith.divf", "tensor<f64>"),
    "select": Case(
        {"a": X, "b": X},
        f"""
      %c = arith.cmpf ogt, %r, %s : {X}
      %y = arith.select %c, %a, %b : tensor<3x5xi1>, {X}""",
        X,
        {"r": X, "s": X},
    ),
    "select_one": Case(
        {"a": X, "b": X},
        f"""{C}
      %c = arith.cmpi eq, %n, %c2 : index
      %0 = arith.select %c, %a, %b : {X}
      %y = arith.mulf %0, %b : {X}""",
        X,
        {"n": "index"},
        {"n": 2},
    ),
    # Slices that overlap, with strides, of lower rank; of a value that is read as a whole too.
    "extract_slice": Case(
        {"x": "tensor<4x9xf64>"},
        """
      %0 = tensor.extract_slice %x[1, 2] [3, 5] [1, 1] : tensor<4x9xf64> to tensor<3x5xf64>
      %1 = tensor.extract_slice %x[0, 0] [3, 5] [1, 2] : tensor<4x9xf64> to tensor<3x5xf64>
      %2 = tensor.extract_slice %x[2, 3] [1, 5] [1, 1] : tensor<4x9xf64> to tensor<5xf64>
      %3 = arith.mulf %0, %1 : tensor<3x5xf64>
      %4 = tensor.insert_slice %2 into %3[1, 0] [1, 5] [1, 1] : tensor<5xf64> into tensor<3x5xf64>
      %5 = math.exp %x : tensor<4x9xf64>
      %y = tensor.insert_slice %4 into %5[1, 1] [3, 5] [1, 1]
        : tensor<3x5xf64> into tensor<4x9xf64>""",
        "tensor<4x9xf64>",
    ),
    # Heads, each normed by itself.
    "shape": Case(
        {"x": "tensor<3x8xf64>", "g": "tensor<4xf64>"},
        """
      %0 = tensor.expand_shape %x [[0], [1, 2]] output_shape [3, 2, 4]
        : tensor<3x8xf64> into tensor<3x2x4xf64>
      %1 = ternary.rms_norm %0, %g {epsilon = 1.0e-2 : f32} : tensor<3x2x4xf64>, tensor<4xf64>
      %2 = tensor.collapse_shape %1 [[0], [1, 2]] : tensor<3x2x4xf64> into tensor<3x8xf64>
      %y = arith.mulf %2, %x : tensor<3x8xf64>""",
        "tensor<3x8xf64>",
    ),
    # Slices side by side, whose gradients are put together, while the sum of what came before is
    # another value's gradient as well, or what a branch that is not taken returns.
    "slices_of_a_sum": Case(
        {"a": "tensor<3x8xf64>", "b": "tensor<3x8xf64>"},
        """
      %0 = tensor.extract_slice %a[0, 4] [3, 4] [1, 1] : tensor<3x8xf64> to tensor<3x4xf64>
      %x = arith.addf %a, %b : tensor<3x8xf64>
      %1 = tensor.extract_slice %x[0, 0] [3, 4] [1, 1] : tensor<3x8xf64> to tensor<3x4xf64>
      %y = arith.mulf %0, %1 : tensor<3x4xf64>""",
        "tensor<3x4xf64>",
    ),
    "slice_in_a_branch_taken": slice_in_a_branch(1),
    "slice_in_a_branch_not_taken": slice_in_a_branch(0),
    "insert_slice": Case(
        {"x": "tensor<2x3xf64>", "z": X},
        f"""
      %y = tensor.insert_slice %x into %z[0, 0] [2, 3] [2, 2] : tensor<2x3xf64> into {X}""",
        X,
    ),
    "elements": Case(
        {"x": X},
        f"""{C}
      %0 = tensor.extract %x[%c1, %n] : {X}
      %1 = tensor.extract %x[%c1, %n] : {X}
      %2 = arith.mulf %0, %1 : f64
      %y = tensor.insert %2 into %x[%c2, %c4] : {X}""",
        X,
        {"n": "index"},
        {"n": 3},
    ),
    "broadcast": Case(
        {"b": "tensor<7xf64>", "x": "tensor<2x3x7xf64>"},
        """
      %e = tensor.empty() : tensor<2x3x7xf64>
      %0 = linalg.broadcast ins(%b : tensor<7xf64>) outs(%e : tensor<2x3x7xf64>) dimensions = [0, 1]
      %y = arith.mulf %0, %x : tensor<2x3x7xf64>""",
        "tensor<2x3x7xf64>",
    ),
    "embedding": Case(
        {"table": "tensor<9x7xf64>"},
        """
      %y = ternary.embedding %ids, %table
        : tensor<2x?xi32>, tensor<9x7xf64> -> tensor<2x?x7xf64>""",
        "tensor<2x?x7xf64>",
        {"ids": "tensor<2x?xi32>"},
        {"ids": [[3, 0, 8, 3, 3], [8, 1, 2, 0, 3]]},
    ),
    "cross_entropy": Case(
        {"x": "tensor<3x?x37xf64>"},
        "%y = arith.mulf %x, %x : tensor<3x?x37xf64>",
        "tensor<3x?x37xf64>",
    ),
    "cross_entropy_one_row": Case(
        {"x": "tensor<1x2xf64>"}, "%y = arith.negf %x : tensor<1x2xf64>", "tensor<1x2xf64>"
    ),
    "lower_bounds": Case(
        {"p": "tensor<5x7xf64>"},
        "%y = ternary.lower_bounds %p : tensor<5x7xf64> -> tensor<5x7xf64>",
        "tensor<5x7xf64>",
    ),
    "lower_bounds_one_layer": Case(
        {"p": "tensor<1x3xf64>"},
        """
      %0 = ternary.lower_bounds %p : tensor<1x3xf64> -> tensor<1x3xf64>
      %y = arith.addf %0, %p : tensor<1x3xf64>""",
        "tensor<1x3xf64>",
    ),
    **{f"rms_norm_{columns}": rms_norm("2x?x", columns) for columns in (1, 7, 33, 70)},
    "rms_norm_one_row": rms_norm("", 7),
    **{
        f"activate_{name}": activation(name)
        for name in ("identity", "sigmoid", "silu", "relu", "squared_relu", "step")
    },
    **{f"glu_{name}": glu(name, 7) for name in ("identity", "sigmoid", "silu", "relu")},
    "glu_one_column": glu("silu", 1),
    "norm_gate": output_gate("norm_gate"),
    "norm_state": output_gate("norm_state"),
    "linear_scan": recurrence("linear_scan", "tensor<2x?x7xf64>", "tensor<2x7xf64>", {}),
    "linear_scan_one_step": recurrence("linear_scan", "tensor<2x1x3xf64>", "tensor<2x3xf64>", {}),
    "mlgru": recurrence("mlgru", "tensor<2x?x7xf64>", "tensor<2x7xf64>", {}),
    "mlgru_with_bound": recurrence(
        "mlgru",
        "tensor<2x?x7xf64>",
        "tensor<2x7xf64>",
        {"b": "tensor<7xf64>"},
        "lower_bound(%b : tensor<7xf64>)",
    ),
    "linear": Case(
        {"x": "tensor<2x?x7xf64>", "w": "tensor<5x7xf64>"},
        """
      %y = ternary.linear %x, %w
        : tensor<2x?x7xf64>, tensor<5x7xf64> -> tensor<2x?x5xf64>""",
        "tensor<2x?x5xf64>",
    ),
    "linear_twice": Case(
        {"x": X, "w": "tensor<5x5xf64>"},
        f"""
      %0 = ternary.linear %x, %w : {X}, tensor<5x5xf64> -> {X}
      %y = ternary.linear %0, %w : {X}, tensor<5x5xf64> -> {X}""",
        X,
    ),
    "rotary_embedding": Case(
        {"x": "tensor<2x?x12xf64>"},
        """
      %y = ternary.rotary_embedding %x {head_size = 6 : i64, theta = 1.0e2 : f64}
        : tensor<2x?x12xf64>""",
        "tensor<2x?x12xf64>",
    ),
    "rotary_embedding_inverse": Case(
        {"x": "tensor<2x?x4xf64>"},
        """
      %y = ternary.rotary_embedding %x past(%past : tensor<i32>)
        {head_size = 2 : i64, theta = 1.0e4 : f64, inverse} : tensor<2x?x4xf64>""",
        "tensor<2x?x4xf64>",
        {"past": "tensor<i32>"},
        {"past": 3},
    ),
    "attention": attention(heads=2, kv_heads=2),
    "attention_with_groups": attention(heads=4, kv_heads=2),
    "attention_one_group": attention(heads=3, kv_heads=1),
    "token_shift": token_shift(""),
    "token_shift_inverse": token_shift("{inverse}"),
    # From a state, and from that of no tokens.
    "wkv": wkv(3, 1.0, s=(0.5, 2.0)),
    "wkv_from_nothing": wkv(1, 2.0, s=(0.0, 0.0)),
    "center": Case({"x": X}, f"%y = ternary.center %x : {X}", X),
    **{f"layer_norm_{columns}": layer_norm(columns) for columns in (2, 33)},
    "time_mix": Case(
        {"x": X, "p": X, "m": "tensor<5xf64>"},
        f"%y = ternary.time_mix %x, %p, %m : {X}, tensor<5xf64>",
        X,
    ),
    "branch_taken": branches(1),
    "branch_not_taken": branches(0),
    "loop": loop("%c0 %c4 %c1"),
    "loop_with_step": loop("%c1 %c4 %c2"),
    "loop_once": loop("%c2 %c3 %c4"),
    "loop_never": loop("%c3 %c3 %c1"),
    "loop_backwards_never": loop("%c4 %c1 %c2"),
    "loop_dynamic": loop("%n %m %c3", n=2, m=11),
    "loop_dynamic_once": loop("%n %m %c3", n=8, m=9),
    "loop_dynamic_never": loop("%n %m %c3", n=9, m=2),
    # Of 32-bit integers that are negative when signed.
    "loop_unsigned": Case(
        {"x": X},
        f"""
      %from = arith.constant -6 : i32
      %to = arith.constant -2 : i32
      %two = arith.constant 2 : i32
      %y = scf.for unsigned %i = %from to %to step %two iter_args(%a = %x) -> ({X}) : i32 {{
        %0 = arith.sitofp %i : i32 to f64
        %1 = tensor.splat %0 : {X}
        %2 = arith.divf %a, %1 : {X}
        %3 = arith.mulf %2, %a : {X}
        scf.yield %3 : {X}
      }}""",
        X,
    ),
    # The value that is carried is replaced, so all but the last iteration count for nothing.
    "loop_overwrites": Case(
        {"x": X, "v": "tensor<4x3x5xf64>"},
        f"""{C}
      %r = scf.for %i = %c0 to %n step %c1 iter_args(%a = %x) -> ({X}) {{
        %0 = tensor.extract_slice %v[%i, 0, 0] [1, 3, 5] [1, 1, 1] : tensor<4x3x5xf64> to {X}
        %1 = arith.mulf %0, %0 : {X}
        scf.yield %1 : {X}
      }}
      %y = arith.addf %r, %x : {X}""",
        X,
        {"n": "index"},
        {"n": 4},
    ),
    # Values that change places.
    "loop_swaps": Case(
        {"a": X, "b": X},
        f"""{C}
      %r:2 = scf.for %i = %c0 to %c3 step %c1 iter_args(%p = %a, %q = %b) -> ({X}, {X}) {{
        %0 = arith.mulf %p, %q : {X}
        scf.yield %q, %0 : {X}, {X}
      }}
      %y = arith.addf %r#0, %a : {X}""",
        X,
    ),
    # Layers of one shape in a loop, each with a slice of the parameters.
    "loop_over_layers": Case(
        {"x": "tensor<2x?x7xf64>", "g": "tensor<3x7xf64>", "w": "tensor<3x2x7xf64>"},
        f"""{C}
      %y = scf.for %l = %c0 to %c3 step %c1 iter_args(%a = %x) -> (tensor<2x?x7xf64>) {{
        %g0 = tensor.extract_slice %g[%l, 0] [1, 7] [1, 1] : tensor<3x7xf64> to tensor<7xf64>
        %s0 = tensor.extract_slice %w[%l, 0, 0] [1, 2, 7] [1, 1, 1]
          : tensor<3x2x7xf64> to tensor<2x7xf64>
        %0 = ternary.rms_norm %a, %g0 {{epsilon = 1.0e-6 : f32}} : tensor<2x?x7xf64>, tensor<7xf64>
        %h, %n = ternary.mlgru %0, %a, %s0 lower_bound(%g0 : tensor<7xf64>)
          : tensor<2x?x7xf64>, tensor<2x7xf64>
        %1 = arith.addf %a, %h : tensor<2x?x7xf64>
        scf.yield %1 : tensor<2x?x7xf64>
      }}""",
        "tensor<2x?x7xf64>",
    ),
    # Loops and branches in each other, inner bounds that depend on the outer loop.
    "nested": Case(
        {"x": X, "w": X, "v": X},
        f"""{C}
      %y = scf.for %i = %c0 to %n step %c1 iter_args(%a = %x) -> ({X}) {{
        %isOdd = arith.remui %i, %c2 : index
        %c = arith.cmpi eq, %isOdd, %c1 : index
        %r = scf.if %c -> ({X}) {{
          %0 = scf.for %j = %c0 to %i step %c1 iter_args(%b = %a) -> ({X}) {{
            %isFirst = arith.cmpi eq, %j, %c0 : index
            %1 = scf.if %isFirst -> ({X}) {{
              %2 = arith.mulf %b, %w : {X}
              scf.yield %2 : {X}
            }} else {{
              %2 = arith.mulf %b, %a : {X}
              %3 = ternary.activate silu %2 : {X}
              scf.yield %3 : {X}
            }}
            scf.yield %1 : {X}
          }}
          scf.yield %0 : {X}
        }} else {{
          %0 = arith.mulf %a, %v : {X}
          %1 = ternary.activate sigmoid %0 : {X}
          scf.yield %1 : {X}
        }}
        scf.yield %r : {X}
      }}""",
        X,
        {"n": "index"},
        {"n": 4},
    ),
}


def get_arguments(case: Case) -> dict[str, str]:
    types = {**case.parameters, **case.arguments}
    if shape_of(case.y):
        rows = case.y.removeprefix("tensor<").split("x")[:-2]
        types["targets"] = f"tensor<{'x'.join([*rows, 'i32'])}>"
    return types


def write_loss(name: str, case: Case) -> str:
    types = get_arguments(case)
    arguments = []
    for argument, type_ in types.items():
        attributes = "bufferization.writable = false"
        if argument in case.parameters:
            attributes += f', ternary.parameter = "{argument}"'
        arguments.append(f"%{argument}: {type_} {{{attributes}}}")
    loss = "%y"
    body = case.body
    if "targets" in types:
        loss = "%loss"
        body += f"""
      %loss = ternary.cross_entropy %y, %targets : {case.y}, {types["targets"]} -> tensor<f64>"""
    return f"""
    func.func @loss_{name}({", ".join(arguments)})
        -> (tensor<f64> {{ternary.role = #ternary.role<loss>}})
        attributes {{ternary.step = #ternary.step<loss>}} {{
      {body}
      return {loss} : tensor<f64>
    }}"""


@functools.cache
def make_memref(rank: int) -> type[ctypes.Structure]:
    class MemRef(ctypes.Structure):
        _fields_ = (
            ("allocated", ctypes.c_void_p),
            ("aligned", ctypes.c_void_p),
            ("offset", ctypes.c_int64),
            ("sizes", ctypes.c_int64 * rank),
            ("strides", ctypes.c_int64 * rank),
        )

    return MemRef


def to_memref(array: np.ndarray) -> ctypes.Structure:
    strides = [stride // array.itemsize for stride in array.strides]
    data, integers = array.ctypes.data, ctypes.c_int64 * array.ndim
    return make_memref(array.ndim)(data, data, 0, integers(*array.shape), integers(*strides))


def to_array(memref: ctypes.Structure) -> np.ndarray:
    shape = tuple(memref.sizes)
    data = ctypes.cast(memref.aligned, ctypes.POINTER(ctypes.c_double))
    count = memref.offset + int(np.prod(shape))
    flat = np.ctypeslib.as_array(data, (count,)) if count else np.empty(0)
    return flat[memref.offset :].reshape(shape).copy()


def call(function, arguments: list, shapes: list[tuple[int, ...]]) -> list[np.ndarray]:
    """Calls a function of MLIR's C interface that returns tensors of f64."""
    fields = [(f"r{i}", make_memref(len(shape))) for i, shape in enumerate(shapes)]
    results = type("Results", (ctypes.Structure,), {"_fields_": fields})()
    passed = [
        ctypes.byref(to_memref(a)) if isinstance(a, np.ndarray) else ctypes.c_int64(a)
        for a in arguments
    ]
    function(ctypes.byref(results), *passed)
    return [to_array(getattr(results, name)) for name, _ in fields]


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> ctypes.CDLL:
    """All losses and their gradients: `gradient`, `gradient_0`, ... in the order of cases."""
    folder = tmp_path_factory.mktemp("finite-differences")
    source = "\n".join(write_loss(name, case) for name, case in CASES.items())
    (folder / "losses.mlir").write_text(source, encoding="utf-8")
    commands = [
        [
            BIN / "ternary-opt",
            "losses.mlir",
            f"--pass-pipeline=builtin.module({','.join(LOWERING)})",
        ]
        + ["-o", "lowered.mlir"],
        # LLVM's tools do not know the dialect, of which nothing but names of steps is left.
        ["sed", "-E", "-i", 's/#ternary\\.(step|role)<(\\w+)>/"\\2"/g', "lowered.mlir"],
        [find_llvm_tool("mlir-translate"), "--mlir-to-llvmir", "lowered.mlir", "-o", "losses.ll"],
        [find_llvm_tool("llc"), "-O0", "-filetype=obj", "-relocation-model=pic", "losses.ll"]
        + ["-o", "losses.o"],
        ["cc", "-shared", "losses.o", "-lm", "-o", "losses.so"],
    ]
    for command in commands:
        result = subprocess.run(
            list(map(str, command)), cwd=folder, capture_output=True, text=True, check=False
        )
        assert result.returncode == 0, result.stderr
    return ctypes.CDLL(str(folder / "losses.so"))


def make_values(case: Case, rng: np.random.Generator) -> dict:
    """A pair of numbers says between which values of a parameter lie."""
    values = {}
    for name, type_ in get_arguments(case).items():
        given = case.values.get(name)
        if type_ == "index":
            values[name] = given
        elif type_.endswith("i32>"):
            classes = shape_of(case.y)[-1]
            drawn = rng.integers(-1, classes, shape_of(type_))
            drawn.flat[0] = 0
            values[name] = np.array(drawn if given is None else given, np.int32)
        elif given is None:
            values[name] = rng.normal(size=shape_of(type_))
        else:
            values[name] = np.array(rng.uniform(*given, shape_of(type_)))
    return values


@pytest.mark.parametrize("name", CASES)
def test_gradient(library, name):
    case, index = CASES[name], list(CASES).index(name)
    rng = np.random.default_rng(index)
    values = make_values(case, rng)
    loss = getattr(library, f"_mlir_ciface_loss_{name}")
    gradient = getattr(library, "_mlir_ciface_gradient" + (f"_{index - 1}" if index else ""))

    def evaluate() -> float:
        return call(loss, list(values.values()), [()])[0].item()

    seed = np.array(0.75)
    sums = {p: rng.normal(size=shape_of(type_)) for p, type_ in case.parameters.items()}
    shapes = [(), *(a.shape for a in sums.values())]
    arguments = [*values.values(), seed.copy(), *(a.copy() for a in sums.values())]
    value, *gradients = call(gradient, arguments, shapes)
    assert value.item() == evaluate()
    for (parameter, before), got in zip(sums.items(), gradients, strict=True):
        got = (got - before) / seed
        expected = np.zeros_like(got)
        flat = values[parameter].reshape(-1)
        for i, x in enumerate(flat.copy()):
            flat[i] = x + STEP
            above = evaluate()
            flat[i] = x - STEP
            below = evaluate()
            flat[i] = x
            expected.flat[i] = (above - below) / (2 * STEP)
        scale = np.abs(expected).max()
        np.testing.assert_allclose(got, expected, rtol=0, atol=TOLERANCE * max(scale, 1e-3))


def test_every_rule_has_a_case():
    """All ops with a backward rule but the straight-through estimator's."""
    rules = set()
    for file in (ROOT / "include").rglob("*.td"):
        for op in file.read_text(encoding="utf-8").split("\ndef ")[1:]:
            if "DeclareOpInterfaceMethods<DifferentiableOpInterface>" in op:
                rules.add("ternary." + re.search(r'<"(\w+)"', op)[1])
    for file in (ROOT / "lib").rglob("Differentiable*.cpp"):
        _, attached = file.read_text(encoding="utf-8").split(
            "\nvoid ternary::registerDifferentiable"
        )
        for dialect, op in re.findall(r"\b([a-z]+)::(\w+)Op\b", attached):
            rules.add(f"{dialect}.{op.lower()}")
    assert {"ternary.rms_norm", "arith.addf", "scf.for"} <= rules
    used = set(re.findall(r"\b\w+\.\w+\b", " ".join(map(write_loss, CASES, CASES.values()))))
    # Names of classes have no underscores.
    known = used | {op.replace("_", "") for op in used}
    # Straight through, or of a type that finite differences are too coarse for.
    assert rules - known == {"ternary.dequantize", "arith.extf", "arith.truncf"}
