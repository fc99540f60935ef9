"""Graphs: importing, looking at them, editing them, compiling them."""

import ast
import pathlib
import signal
import subprocess
import sys
import threading
import time
import xml.etree.ElementTree

import numpy as np
import pytest
import ternary
from built import HGRN, ROOT
from safetensors.numpy import load_file

EXPECTED = load_file(HGRN / "expected.safetensors")
IDS = EXPECTED["input_ids"]


def test_walk(hgrn_graph):
    module = hgrn_graph.module
    assert module.name == "builtin.module"
    assert module.attributes["ternary.model"]["model_type"] == "hgrn_bit"
    functions = [op for op in hgrn_graph.walk() if op.name == "func.func"]
    assert [op.attributes["sym_name"] for op in functions] == ["prefill", "decode"]
    (block,) = functions[1].regions[0]
    embedding = next(op for op in block.operations if op.name == "ternary.embedding")
    assert embedding.operands[0] is block.arguments[0]
    assert embedding.operands[0].type == "tensor<1x1xi32>"
    assert embedding.results[0].type.startswith("tensor<1x1x")
    layer = next(op for op in block.operations if op.name == "ternary.bit_linear")
    assert layer.attributes["epsilon"] == pytest.approx(1e-6)
    assert str(layer).startswith(f"{layer.results[0].name} = ternary.bit_linear(%")


def test_names_are_those_of_the_text(hgrn_graph):
    text = str(hgrn_graph)
    for operation in hgrn_graph.walk():
        for value in operation.results:
            name = value.name.partition("#")[0]
            assert any(name + after in text for after in (" = ", ", ", ":"))


@pytest.mark.parametrize("phase", [p for p in ternary.phases() if p != "differentiate"])
def test_phases(hgrn_graph, phase):
    graph = hgrn_graph.phase(phase)
    assert graph.operations
    assert str(ternary.Graph.parse(str(hgrn_graph))) == str(hgrn_graph)


def test_phases_as_participles(hgrn_graph):
    fused = hgrn_graph.phase("fused")
    assert str(fused) == str(hgrn_graph.phase("fuse"))
    assert "ternary.linear_kernel" in {op.name for op in fused.walk()}
    assert str(hgrn_graph.phase("packed")) == str(hgrn_graph.phase("pack"))
    assert str(hgrn_graph.phase("quantized")) == str(hgrn_graph.phase("quantize"))


def test_phase_takes_the_options_of_compile(hgrn_graph):
    assert str(hgrn_graph.phase("fuse", fuse=False)) != str(hgrn_graph.phase("fuse"))
    assert "tensor<3x?xi32>" in str(hgrn_graph.phase("graph", batch=3))
    with pytest.raises(ternary.Error, match="expected a microkernel"):
        hgrn_graph.phase("pack", kernel="sse9")


def test_training_graph():
    graph = ternary.load(HGRN, function="train")
    names = [op.attributes.get("sym_name") for op in graph.phase("differentiate").walk()]
    assert {"loss", "gradient"} <= set(names)
    with pytest.raises(ternary.Error, match="expected a graph that generates text"):
        graph.compile()


def test_logits_of_the_original(hgrn):
    for row, expected in zip(IDS, EXPECTED["logits_fused"], strict=True):
        assert np.abs(hgrn.logits(row) - expected).max() <= 1e-5


def test_edited_text(hgrn_graph, hgrn):
    edited = hgrn_graph.replace(str(hgrn_graph).replace("norm_gate", "norm_state"))
    assert edited.has_weights
    logits = edited.compile("reference", self_test=0).logits(IDS[0])
    assert np.abs(logits - hgrn.logits(IDS[0])).max() > 1e-3


def test_parsed_text_with_arrays(hgrn_graph, hgrn):
    arrays = load_file(HGRN / "model.safetensors")
    # Not contiguous, which is no matter.
    arrays = {name: np.repeat(array, 2, axis=0)[::2] for name, array in arrays.items()}
    graph = ternary.Graph.parse(str(hgrn_graph), weights=arrays)
    logits = graph.compile("reference", self_test=0).logits(IDS[0])
    assert logits.tobytes() == hgrn.logits(IDS[0]).tobytes()


def test_random_weights(tmp_path, hgrn_graph):
    (tmp_path / "config.json").write_bytes((HGRN / "config.json").read_bytes())
    first = (
        ternary.load(tmp_path, random_weights=7).compile("reference", self_test=0).logits(IDS[0])
    )
    again = (
        ternary.load(tmp_path, random_weights=7).compile("reference", self_test=0).logits(IDS[0])
    )
    assert first.tobytes() == again.tobytes()
    graph = ternary.Graph.parse(str(hgrn_graph), weights=7)
    assert graph.has_weights and not ternary.Graph.parse(str(hgrn_graph)).has_weights


def test_gguf():
    data = ROOT / "integration" / "data" / "gguf"
    expected = load_file(data / "llama-tq2.safetensors")
    model = ternary.load(data / "llama-tq2.gguf", max_tokens=32).compile(self_test=0)
    ids = expected["input_ids"]
    logits = model.logits(ids)
    error = np.abs(logits - expected["float_logits"]).max()
    assert error < 0.1 * np.abs(expected["float_logits"]).max()
    for cache in ("f16", "int8"):
        narrow = ternary.load(data / "llama-tq2.gguf", max_tokens=32, kv_cache=cache)
        narrow = narrow.compile(self_test=0)
        assert 0 < np.abs(narrow.logits(ids) - logits).max() < 2 * error
        assert narrow.info["state_bytes"] < model.info["state_bytes"] * 0.51
    for options, message in (
        ({"kv_cache": "int4"}, "expected kv_cache to be f32, f16 or int8, got 'int4'"),
        ({"i2s_blocks": 32}, "expected i2s_blocks to be 128 or 64, got 32"),
        ({"max_tokens": 0}, "expected --max-tokens from 1 to 256, got 0"),
    ):
        with pytest.raises(ternary.Error, match=message):
            ternary.load(data / "llama-tq2.gguf", **options)


def test_recognize_ternary():
    model = ROOT / "integration" / "data" / "bonsai-tied"
    expected = load_file(model / "expected.safetensors")
    for recognized in (None, True, False):
        graph = ternary.load(model, recognize_ternary=recognized)
        assert ("!ternary.trit" in str(graph)) == (recognized is not False)
        logits = graph.compile(self_test=0).logits(expected["input_ids"][0])
        error = np.abs(logits - expected["logits"][0]).max()
        assert error <= 1e-5 * np.abs(expected["logits"]).max()


def test_graph_file(tmp_path, hgrn_graph):
    path = tmp_path / "graph.mlir"
    path.write_text(str(hgrn_graph))
    graph = ternary.load(path, random_weights=1)
    assert str(graph) == str(hgrn_graph)
    with pytest.raises(ternary.Error, match="expected no batch"):
        graph.compile(batch=2)
    with pytest.raises(ternary.Error, match="expected no --batch"):
        ternary.load(path, batch=2)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"target": "tpu"}, "expected --target cpu"),
        ({"parallel": "mpi"}, "expected parallel='threads' or 'none', got 'mpi'"),
        ({"weights": "cloud"}, "expected weights='embed' or 'external'"),
        ({"batch": 0}, "expected --batch from 1"),
        ({"kernel": "sse9"}, "expected a microkernel"),
        ({"mcpu": "z80"}, "z80"),
        ({"threads": 0}, "expected from 1 to 1024 threads, got 0"),
        ({"output": "/no/such/folder/model.so"}, "cannot write"),
        ({"output": "model.exe"}, "expected --emit, or an output that ends in"),
    ],
)
def test_wrong_options(hgrn_graph, options, message):
    with pytest.raises(ternary.Error, match=message):
        hgrn_graph.compile(**options)


def test_wrong_text(hgrn_graph):
    text = str(hgrn_graph)
    with pytest.raises(ternary.Error, match="mine:1:"):
        ternary.Graph.parse("what is this", name="mine")
    with pytest.raises(ternary.Error, match=r"graph:\d+:\d+: .*must be ranked tensor"):
        ternary.Graph.parse(text.replace("tensor<1x1xi32>", "tensor<1x1xf32>"))
    with pytest.raises(ternary.Error, match="expected at most 1000 levels of nesting"):
        ternary.Graph.parse("(" * 100000)
    with pytest.raises(ternary.Error, match="expected text in Unicode"):
        ternary.Graph.parse("\udc80")
    with pytest.raises(ternary.Error, match="expected a seed from 0"):
        ternary.Graph.parse(text, weights=-1)
    with pytest.raises(ternary.Error, match="expected a phase of graph, "):
        hgrn_graph.phase("melted")
    with pytest.raises(ternary.Error, match="expected weights for"):
        ternary.Graph.parse(text).compile()


def test_wrong_weights(hgrn_graph):
    arrays = load_file(HGRN / "model.safetensors")
    text = str(hgrn_graph)
    name = "model.norm.weight"
    size = arrays[name].size

    def compile_with(array):
        ternary.Graph.parse(text, weights={**arrays, name: array}).compile(self_test=0)

    with pytest.raises(ternary.Error, match=rf"'{name}': expected shape \[{size}\], got \[3\]"):
        compile_with(np.ones(3, np.float32))
    with pytest.raises(ternary.Error, match="expected dtype float32, float16 or bfloat16"):
        compile_with(np.ones(size, np.int64))
    with pytest.raises(ternary.Error, match=f"tensor '{name}'"):
        compile_with(np.full(size, np.nan, np.float32))
    del arrays[name]
    with pytest.raises(ternary.Error, match=f"expected tensor '{name}' of shape"):
        ternary.Graph.parse(text, weights=arrays).compile(self_test=0)


def test_missing_model():
    with pytest.raises(ternary.Error, match="no such file or directory"):
        ternary.load("/no/such/model")


def test_output_stays_and_temporary_goes(tmp_path, hgrn_graph):
    kept = tmp_path / "kept.so"
    model = hgrn_graph.compile("reference", output=kept, weights="external", self_test=0)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["kept.so", "kept.weights"]
    assert model.path == str(kept)
    with pytest.raises(ternary.Error, match="expected weights inside the model"):
        model.save(tmp_path / "copy.so")
    assert not model.info["embeds_weights"]

    model = hgrn_graph.compile("reference", self_test=0)
    path = pathlib.Path(model.path)
    model.save(tmp_path / "copy.so")
    logits = model.logits(IDS[0])
    assert path.exists()
    del model
    assert not path.parent.exists()
    copy = ternary.Model.load(tmp_path / "copy.so")
    assert copy.logits(IDS[0]).tobytes() == logits.tobytes()


def test_saved_over_another(tmp_path, hgrn_graph):
    """Which is loaded and goes on, as does what it is saved to under another name."""
    edited = hgrn_graph.replace(str(hgrn_graph).replace("norm_gate", "norm_state"))
    first = hgrn_graph.compile("reference", output=tmp_path / "first.so", self_test=0)
    second = edited.compile("reference", output=tmp_path / "second.so", self_test=0)
    expected = second.logits(IDS[0]).tobytes()
    mode = (tmp_path / "first.so").stat().st_mode
    (tmp_path / "link.so").symlink_to("second.so")
    (tmp_path / "first.weights").write_text("of something else")
    first.save(tmp_path / "link.so")
    assert second.logits(IDS[0]).tobytes() == expected
    again = ternary.Model.load(tmp_path / "second.so")
    assert again.logits(IDS[0]).tobytes() == first.logits(IDS[0]).tobytes() != expected
    assert (tmp_path / "second.so").stat().st_mode == mode
    first.save(first.path)
    for bad in (tmp_path, tmp_path / "none" / "model.so"):
        with pytest.raises(ternary.Error, match="cannot save the model: .* directory"):
            first.save(bad)
    names = ["first.so", "first.weights", "link.so", "second.so"]
    assert sorted(path.name for path in tmp_path.iterdir()) == names


def test_compiled_again_to_the_same_file(tmp_path, hgrn_graph):
    output = tmp_path / "model.so"
    first = hgrn_graph.compile("reference", output=output, self_test=0)
    edited = hgrn_graph.replace(str(hgrn_graph).replace("norm_gate", "norm_state"))
    second = edited.compile("reference", output=output, self_test=0)
    assert first.logits(IDS[0]).tobytes() != second.logits(IDS[0]).tobytes()
    third = ternary.Model.load(output)
    assert third.logits(IDS[0]).tobytes() == second.logits(IDS[0]).tobytes()


def test_reference_target_has_the_same_bits(hgrn_graph, hgrn):
    reference = hgrn_graph.compile("reference", self_test=0)
    assert reference.info["kernel"] == "scalar"
    assert reference.logits(IDS[0]).tobytes() == hgrn.logits(IDS[0]).tobytes()


def test_picture(hgrn_graph):
    for graph in (hgrn_graph, hgrn_graph.phase("fuse"), hgrn_graph.phase("lower")):
        root = xml.etree.ElementTree.fromstring(graph.svg())
        assert len(root.findall(".//{*}rect")) > 5
    assert "mlgru" in hgrn_graph.svg("prefill")
    with pytest.raises(ternary.Error, match="expected a function of prefill, decode"):
        hgrn_graph.svg("nothing")


COMPILING = """
import sys, ternary
graph = ternary.load(sys.argv[1])
print("ready", flush=True)
try:
    while True:
        graph.compile("reference", output=sys.argv[2])
except KeyboardInterrupt:
    print("stopped", flush=True)
"""


def test_interrupted_compilation(tmp_path, environment):
    output = tmp_path / "model.so"
    process = subprocess.Popen(
        [sys.executable, "-c", COMPILING, HGRN, output],
        stdout=subprocess.PIPE,
        text=True,
        env=environment,
    )
    assert process.stdout.readline() == "ready\n"
    time.sleep(1)
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=120)
    assert out == "stopped\n"
    assert process.returncode == 0
    assert {path.name for path in tmp_path.iterdir()} <= {"model.so"}


AT_ONCE = """
import sys, threading, ternary
path, what, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
start = threading.Barrier(count)
results = []
def work():
    start.wait()
    graph = ternary.load(path)
    if what == "load":
        results.append(str(graph))
        return
    for _ in range(2):
        model = graph.compile("reference", self_test=0)
        results.append(model.logits([1, 2, 3]).tobytes())
threads = [threading.Thread(target=work) for _ in range(count)]
for thread in threads: thread.start()
for thread in threads: thread.join()
print(len(results), len(set(results)))
"""


@pytest.mark.parametrize(
    ("what", "threads", "processes"), [("load", 8, 6), ("compile", 3, 2)], ids=["load", "compile"]
)
def test_first_compilations_of_a_process_at_once(environment, what, threads, processes):
    """What LLVM sets up once, and the signals that it takes, are the whole process's: a crash or an
    end that never comes would show that two threads were at it."""
    expected = f"{threads if what == 'load' else 2 * threads} 1\n"
    for _ in range(processes):
        result = subprocess.run(
            [sys.executable, "-c", AT_ONCE, HGRN, what, str(threads)],
            capture_output=True,
            text=True,
            env=environment,
            timeout=300,
        )
        assert (result.returncode, result.stdout) == (0, expected), result.stderr


SIGNALS_AFTER = """
import signal, sys, threading, ternary
before = {number: signal.getsignal(number) for number in signal.valid_signals()}
graph = ternary.load(sys.argv[1])
threads = [threading.Thread(target=graph.compile, args=("reference",)) for _ in range(3)]
for thread in threads: thread.start()
for thread in threads: thread.join()
signal.raise_signal(signal.SIGUSR2)
"""


def test_signals_are_given_back(environment):
    """Such as SIGUSR2, which LLVM takes: it would remove files and go on."""
    command = [sys.executable, "-c", SIGNALS_AFTER, HGRN]
    result = subprocess.run(command, env=environment, timeout=300)
    assert result.returncode == -signal.SIGUSR2


def test_compilations_at_once(hgrn_graph, hgrn):
    """Each has a context of its own."""
    models = [None] * 2

    def compile_one(index: int) -> None:
        models[index] = hgrn_graph.compile("reference", self_test=0)

    threads = [threading.Thread(target=compile_one, args=(index,)) for index in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for model in models:
        assert model.logits(IDS[0]).tobytes() == hgrn.logits(IDS[0]).tobytes()


def test_stub_names_what_the_extension_has():
    stub = pathlib.Path(ternary.__file__).with_name("_ternary.pyi").read_text(encoding="utf-8")
    for item in ast.parse(stub).body:
        if isinstance(item, ast.ClassDef):
            real = getattr(ternary._ternary, item.name)
            named = {part.name for part in item.body if isinstance(part, ast.FunctionDef)}
            named |= {part.target.id for part in item.body if isinstance(part, ast.AnnAssign)}
            assert named <= set(dir(real)), item.name
            assert {n for n in vars(real) if n[0] != "_"} <= named, item.name
    stubbed = {item.name for item in ast.parse(stub).body if hasattr(item, "name")}
    assert {name for name in dir(ternary._ternary) if name[0] != "_"} == stubbed


def test_version():
    cmake = (ROOT / "CMakeLists.txt").read_text(encoding="utf-8")
    assert f"VERSION {ternary.__version__}\n" in cmake
    assert issubclass(ternary.Error, RuntimeError)
    assert ternary.Error.__module__ == "ternary"
