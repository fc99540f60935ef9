"""A graph may keep its layers in loops: the same bits as with the loops unrolled."""

import pathlib

import numpy as np
import pytest

HIDDEN, VOCAB, LAYERS = 40, 23, 3
X = f"tensor<1x?x{HIDDEN}xf32>"
IDS = "tensor<1x?xi32>"
# As many as are asked for, in either step.
LAST, LOGITS = f"tensor<1xNx{HIDDEN}xf32>", f"tensor<1xNx{VOCAB}xf32>"
GAIN, WEIGHT = f"tensor<{HIDDEN}xf32>", f"tensor<{HIDDEN}x{HIDDEN}xf32>"
TABLE = f"tensor<{VOCAB}x{HIDDEN}xf32>"


def write_layer(x: str, y: str) -> str:
    """A residual branch, by the same weights each time."""
    return f"""
    {y}_n = ternary.rms_norm {x}, %gain {{epsilon = 1.0e-6 : f32}} : {X}, {GAIN}
    {y}_l = ternary.bit_linear {y}_n, %weight norm(%gain : {GAIN}) {{epsilon = 1.0e-6 : f32}}
      : {X}, {WEIGHT} -> {X}
    {y}_a = ternary.activate silu {y}_l : {X}
    {y} = arith.addf {x}, {y}_a : {X}"""


def write_step(step: str, has_loop: bool) -> str:
    if has_loop:
        layers = f"""
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %n = arith.constant {LAYERS} : index
    %x{LAYERS} = scf.for %i = %c0 to %n step %c1 iter_args(%a = %x0) -> ({X}) {{
      {write_layer("%a", "%b")}
      scf.yield %b : {X}
    }}"""
    else:
        layers = "".join(write_layer(f"%x{i}", f"%x{i + 1}") for i in range(LAYERS))
    text = f"""
  func.func @{step}(%ids: {IDS} {{ternary.role = #ternary.role<ids>}},
      %from: index {{ternary.role = #ternary.role<logits_from>}},
      %table: {TABLE} {{ternary.parameter = "table"}},
      %gain: {GAIN} {{ternary.parameter = "gain"}},
      %weight: {WEIGHT} {{ternary.parameter = "weight"}})
      -> ({LOGITS} {{ternary.role = #ternary.role<logits>}})
      attributes {{ternary.step = #ternary.step<{step}>}} {{
    %x0 = ternary.embedding %ids, %table : {IDS}, {TABLE} -> {X}{layers}
    %one = arith.constant 1 : index
    %count = tensor.dim %ids, %one : {IDS}
    %left = arith.subi %count, %from : index
    %last = tensor.extract_slice %x{LAYERS}[0, %from, 0] [1, %left, {HIDDEN}] [1, 1, 1]
      : {X} to {LAST}
    %logits = ternary.linear %last, %table : {LAST}, {TABLE} -> {LOGITS}
    return %logits : {LOGITS}
  }}"""
    if step == "decode":
        text = text.replace("x?x", "x1x")
    return text.replace("xNx", "x?x")


def write_graph(path: pathlib.Path, has_loop: bool) -> pathlib.Path:
    model = f'ternary.model = {{name = "loops", model_type = "hgrn_bit", vocab = {VOCAB} : i64}}'
    steps = "".join(write_step(step, has_loop) for step in ("prefill", "decode"))
    path.write_text(f"module attributes {{{model}}} {{{steps}\n}}\n", encoding="utf-8")
    return path


@pytest.mark.parametrize("target", ["cpu", "reference"])
def test_loop_over_layers(tmp_path, compile_model, compute_logits, target):
    ids = np.array([[3, 0, 22, 7, 7, 1, 14, 9, 2, 21, 5, 18, 4, 11, 6, 20, 8]], np.int32)
    flags = ["--random-weights=1", f"--target={target}"]
    results = []
    for has_loop in (True, False):
        graph = write_graph(tmp_path / f"{has_loop}.mlir", has_loop)
        library = compile_model(graph, *flags)
        for threads, step in ((1, False), (2, False), (2, True)):
            if target == "cpu" or threads == 1:
                results.append(compute_logits(library, ids, threads=threads, step=step))
    assert np.isfinite(results[0]).all() and np.ptp(results[0]) > 0
    for result in results[1:]:
        assert result.tobytes() == results[0].tobytes()
