"""What is wrong with the input is said in one line, with status 1, and nothing is written."""

import json
import os
import pathlib
import platform
import re
import resource
import shutil
import signal
import struct
import subprocess
import time

import numpy as np
import pytest
from conftest import BIN, has_cpu_feature, run_tool

MODEL = pathlib.Path(__file__).parent / "data" / "hgrn-a"


@pytest.fixture
def model(tmp_path: pathlib.Path) -> pathlib.Path:
    copy = tmp_path / "model"
    copy.mkdir()
    for name in ("config.json", "model.safetensors"):
        shutil.copy(MODEL / name, copy / name)
    return copy


def expect_error(result, *parts: str) -> None:
    assert result.returncode == 1, result.stderr
    lines = result.stderr.strip().splitlines()
    assert len(lines) == 1, result.stderr
    for part in parts:
        assert part in lines[0], lines[0]


def compile_badly(model: pathlib.Path, *parts: str, flags: tuple[str, ...] = ()) -> None:
    out = model.parent / "out"
    out.mkdir()
    expect_error(run_tool("ternary-compile", model, "-o", out / "m.so", *flags), *parts)
    assert not list(out.iterdir())


def edit_config(model: pathlib.Path, **fields: object) -> None:
    path = model / "config.json"
    config = json.loads(path.read_text(encoding="utf-8")) | fields
    path.write_text(json.dumps(config), encoding="utf-8")


def edit_header(model: pathlib.Path, edit) -> None:
    path = model / "model.safetensors"
    data = path.read_bytes()
    size = struct.unpack("<Q", data[:8])[0]
    header = json.loads(data[8 : 8 + size])
    edit(header)
    text = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + data[8 + size :])


def test_unknown_model_type(model):
    edit_config(model, model_type="gpt2")
    compile_badly(model, "config.json", "gpt2", "hgrn_bit")


def test_config_contradicts_tensors(model):
    edit_config(model, hidden_size=128)
    compile_badly(model, "model.safetensors", "128", "64")


def test_truncated_header(model):
    path = model / "model.safetensors"
    path.write_bytes(path.read_bytes()[:100])
    compile_badly(model, "model.safetensors")


def test_oversized_header(model):
    path = model / "model.safetensors"
    path.write_bytes(struct.pack("<Q", 1 << 60) + path.read_bytes()[8:])
    compile_badly(model, "model.safetensors", "header")


def test_missing_tensor(model):
    edit_header(
        model,
        lambda header: header.update({"other": header.pop("model.layers.1.attn_norm.weight")}),
    )
    compile_badly(model, "model.layers.1.attn_norm.weight")


def test_wrong_shape(model):
    def edit(header):
        header["model.layers.1.attn.i_proj.weight"]["shape"] = [32, 128]

    edit_header(model, edit)
    compile_badly(model, "model.layers.1.attn.i_proj.weight", "[64, 64]", "[32, 128]")


def test_offsets_beyond_the_file(model):
    def edit(header):
        header["model.norm.weight"]["data_offsets"] = [1 << 40, (1 << 40) + 256]

    edit_header(model, edit)
    compile_badly(model, "model.safetensors", "model.norm.weight")


def test_unknown_dtype(model):
    def edit(header):
        header["model.norm.weight"]["dtype"] = "F8_E9M9"

    edit_header(model, edit)
    compile_badly(model, "model.norm.weight", "F8_E9M9")


def test_weights_that_are_not_finite(model):
    path = model / "model.safetensors"
    data = bytearray(path.read_bytes())
    data[-4:] = np.float32(np.nan).tobytes()
    path.write_bytes(bytes(data))
    compile_badly(model, "model.safetensors", "model.norm.weight")


def test_no_weights(model):
    (model / "model.safetensors").unlink()
    compile_badly(model, "model.safetensors")


@pytest.mark.parametrize(
    ("flags", "parts"),
    [
        (("--mcpu=i486sx99",), ("i486sx99",)),
        (("--mattr=+warp",), ("+warp",)),
        (("--mtriple=nonsense",), ("nonsense",)),
        (("--target=abacus",), ("abacus", "reference")),
        (("--kernel=abacus",), ("abacus",)),
        (("--kernel=avx512vnni", "--mcpu=x86-64"), ("avx512f", "x86-64")),
        (("--kernel=avx2", "--mtriple=aarch64-linux-gnu", "--emit=obj"), ("x86", "aarch64")),
        (("--mtriple=x86_64-apple-darwin",), ("ELF",)),
        (("--mcpu=i386",), ("+64bit", "i386")),
        (("--symbol-prefix=a b",), ("identifier", "a b")),
        (("--target=reference", "--fuse"), ("--fuse", "reference")),
        (("--random-weights=x",), ("--random-weights", "x")),
        (("--epsilon=1e-50",), ("--epsilon",)),
        (("--self-test=-1",), ("--self-test",)),
        (("--batch=abc",), ("--batch", "abc")),
        (("--nonsense",), ("--nonsense",)),
        (("--batch=0",), ("--batch",)),
        (("--epsilon=-1",), ("--epsilon",)),
        (("--compile-to=nowhere",), ("nowhere",)),
        (("--memory-budget=1GB",), ("--function=train",)),
        (("--function=train", "--memory-budget=4"), ("4GiB", "'4'")),
        (("--function=train", "--memory-budget=0GB"), ("4GiB", "'0GB'")),
        (("--function=train", "--memory-budget=1kB"), ("at least", "512 tokens", "got 0.0 MB")),
        (("--function=train", "--memory-budget=1GB", "--recompute=rows"), ("got both",)),
        (("--function=train", "--memory-budget=1GB", "--target=reference"), ("keeps all",)),
        (("--function=train", "--recompute=blocks", "--target=reference"), ("keeps all",)),
        (("--function=train", "--recompute=some"), ("some",)),
        (("--activations=bf16",), ("--function=train",)),
        (("--gradient-precision=int8",), ("--function=train",)),
        (("--function=train", "--gradient-precision=low"), ("low",)),
        (("--function=train", "--activations=f16"), ("f16",)),
        (("--function=train", "--sequence-length=0"), ("--sequence-length", "0")),
    ],
)
def test_bad_options(model, flags, parts):
    compile_badly(model, *parts, flags=flags)


def test_no_such_input(tmp_path):
    result = run_tool("ternary-compile", tmp_path / "nothing", "-o", tmp_path / "m.so")
    expect_error(result, "nothing")


def test_graph_that_does_not_verify(tmp_path):
    graph = tmp_path / "graph.mlir"
    graph.write_text(
        "func.func @f(%x: tensor<2xf32>) -> tensor<3xf32> { return %x : tensor<2xf32> }"
    )
    result = run_tool("ternary-compile", graph, "-o", tmp_path / "m.so")
    assert result.returncode == 1
    assert "tensor<2xf32>" in result.stderr
    assert not (tmp_path / "m.so").exists()


def limit_files(size: int):
    """Lets a process write files of at most `size` bytes, as if the disk were full then."""
    return lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))


@pytest.mark.parametrize("suffix", ["mlir", "ll", "s", "o", "so"])
@pytest.mark.parametrize("size", [0, 10_000, 60_000, 300_000])
def test_full_disk(model, tmp_path, suffix, size):
    """Files that cannot be written to their end: an error, and nothing is left of them."""
    out = tmp_path / "out"
    out.mkdir()
    command = [str(BIN / "ternary-compile"), str(model), "-o", str(out / f"m.{suffix}")]
    result = subprocess.run(
        command, capture_output=True, text=True, check=False, preexec_fn=limit_files(size)
    )
    if result.returncode == 0:
        assert all(path.stat().st_size <= size for path in out.iterdir())
    else:
        expect_error(result, "File too large" if suffix != "so" else "")
        assert not list(out.iterdir())


def find_child(process: subprocess.Popen) -> int | None:
    """The first process that this one has started and not waited for."""
    try:
        text = pathlib.Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text("ascii")
    except FileNotFoundError:
        return None
    return int(text.split()[0]) if text else None


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signal_while_linking(tmp_path, number):
    """The linker outlives the compiler here, and has nowhere to write."""
    graph = tmp_path / "f.mlir"
    graph.write_text(
        """func.func @f(%x: tensor<1x4096xf32>,
                        %w: tensor<16384x4096xf32> {ternary.parameter = "w"})
            -> tensor<1x16384xf32> {
          %y = ternary.bit_linear %x, %w : tensor<1x4096xf32>, tensor<16384x4096xf32>
            -> tensor<1x16384xf32>
          return %y : tensor<1x16384xf32>
        }""",
        encoding="utf-8",
    )
    out = tmp_path / "out"
    for _ in range(5):  # it may have linked before it is stopped
        out.mkdir()
        command = [BIN / "ternary-compile", graph, "--random-weights=1", "-o", out / "f.so"]
        process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
        while (linker := find_child(process)) is None and process.poll() is None:
            time.sleep(0.001)
        if linker is not None:
            os.kill(linker, signal.SIGSTOP)
            process.send_signal(number)
            assert process.wait(timeout=60) == -number
            os.kill(linker, signal.SIGCONT)
            while pathlib.Path(f"/proc/{linker}").exists():
                time.sleep(0.01)
            assert not list(out.iterdir())
            return
        assert process.wait(timeout=60) == 0
        shutil.rmtree(out)
    pytest.fail("the linker was never seen")


def test_full_standard_output(model):
    with open("/dev/full", "w", encoding="utf-8") as full:
        command = [str(BIN / "ternary-compile"), str(model), "--emit=mlir", "-o", "-"]
        result = subprocess.run(
            command, stdout=full, stderr=subprocess.PIPE, text=True, check=False
        )
    assert result.returncode == 1
    assert result.stderr.count("\n") == 1 and "standard output" in result.stderr


@pytest.fixture(scope="session")
def graph(tmp_path_factory) -> str:
    path = tmp_path_factory.mktemp("graph") / "graph.mlir"
    result = run_tool("ternary-compile", MODEL, "--compile-to=graph", "-o", path)
    assert result.returncode == 0, result.stderr
    return path.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("old", "new", "part"),
    [
        ("vocab = 97", "vocab = 5", "'vocab' in 'ternary.model' to be 97"),
        ("vocab = 97", "vocab = 1000", "'vocab' in 'ternary.model' to be 97"),
        ("batch = 1 ", "batch = -1 ", "'batch' in 'ternary.model' to be 1"),
        ("bos = 1 ", "bos = 500 ", "'bos' in 'ternary.model' from -1 to 96"),
        (
            "ternary.step = #ternary.step<prefill>",
            "ternary.step = 5",
            "a step such as #ternary.step<",
        ),
        ("ternary.role = #ternary.role<ids>", "ternary.role = #ternary.role<seed>", "ids of i32"),
        ("tensor<97x64xf32> {", "tensor<96x64xf32> {", "96"),
    ],
)
def test_graph_that_contradicts_itself(tmp_path, graph, old, new, part):
    assert old in graph
    path = tmp_path / "graph.mlir"
    path.write_text(graph.replace(old, new), encoding="utf-8")
    result = run_tool("ternary-compile", path, "--random-weights=1", "-o", tmp_path / "m.so")
    expect_error(result, part)
    assert not (tmp_path / "m.so").exists()


LOSS = """
func.func @loss(%ids: tensor<1x?xi32> {{ternary.role = #ternary.role<ids>}},
                %targets: tensor<1x?xi32> {{ternary.role = #ternary.role<targets>}},
                %table: tensor<7x7xf32> {{ternary.parameter = "table"}},
                %more: {type} {{ternary.parameter = "more"}})
    -> (tensor<f32> {{ternary.role = #ternary.role<loss>}})
    attributes {{ternary.step = #ternary.step<loss>}} {{
  %logits = ternary.embedding %ids, %table
    : tensor<1x?xi32>, tensor<7x7xf32> -> tensor<1x?x7xf32>
  %loss = ternary.cross_entropy %logits, %targets
    : tensor<1x?x7xf32>, tensor<1x?xi32> -> tensor<f32>
  return %loss : tensor<f32>
}}
"""


@pytest.mark.parametrize("kind", ["f32", "tensor<?xf32>", "tensor<7xf16>"])
def test_graph_with_parameters_that_cannot_be_trained(tmp_path, kind):
    path = tmp_path / "graph.mlir"
    path.write_text(LOSS.format(type=kind), encoding="utf-8")
    flags = ("--function=train", "--random-weights=1", "-o", tmp_path / "m.so")
    expect_error(run_tool("ternary-compile", path, *flags), "'more'", "static shape", kind)
    assert not (tmp_path / "m.so").exists()


def test_graph_without_a_loss_is_not_trained(tmp_path, graph):
    path = tmp_path / "graph.mlir"
    path.write_text(graph, encoding="utf-8")
    flags = ("--function=train", "--random-weights=1", "-o", tmp_path / "m.so")
    expect_error(run_tool("ternary-compile", path, *flags), "'loss'", "--compile-to=graph")


def test_graph_without_model_attributes(tmp_path, graph):
    path = tmp_path / "graph.mlir"
    path.write_text(re.sub(r"ternary.model = \{[^}]*\}, ", "", graph), encoding="utf-8")
    library = tmp_path / "m.so"
    result = run_tool("ternary-compile", path, "--random-weights", "-o", library)
    assert result.returncode == 0, result.stderr
    assert run_tool("ternary-run", library, "--self-test").returncode == 0


# Each of them makes MLIR's own tools overflow their stack, or go on without an end.
NESTED = {
    "brackets": "module attributes {a = " + "[" * 50000 + "]" * 50000 + "} {}",
    "brackets-in-strings-end": 'module attributes {a = "]", b = ' + "[" * 50000 + "} {}",
    "brackets-after-a-quote-in-a-comment": '// "\nmodule attributes {a = ' + "[" * 50000 + "} {}",
    "regions": "module {\n" * 50000,
    "types": "func.func private @f(" + "tuple<" * 50000 + ">" * 50000 + ")",
    "types-around-an-arrow": "func.func private @f(" + "tuple<() -> " * 50000 + ">" * 50000 + ")",
    "signs": "#map = affine_map<(d0) -> (" + "-" * 50000 + "d0)>",
    "sums": "#map = affine_map<(d0, d1) -> (d0" + " + d1" * 50000 + ")>",
    "remainders": "#map = affine_map<(d0, d1) -> (d0" + " mod d1" * 50000 + ")>",
    "aliases": "#a0 = [1]\n" + "".join(f"#a{i + 1} = [#a{i}]\n" for i in range(50000)),
}


@pytest.mark.parametrize("kind", NESTED)
def test_graph_that_nests_too_deeply(tmp_path, kind):
    path = tmp_path / "graph.mlir"
    path.write_text(NESTED[kind], encoding="utf-8")
    expect_error(
        run_tool("ternary-compile", path, "-o", tmp_path / "m.so"), "graph.mlir", "nesting", "1000"
    )


def test_long_graph_that_does_not_nest(tmp_path, graph):
    numbers = ", ".join(["-1"] * 5000)
    aliases = "".join(f"#a{i} = [{i} : i64, 'a\\22[('] // (\"\n" for i in range(3000))
    path, out = tmp_path / "graph.mlir", tmp_path / "out.mlir"
    path.write_text(
        aliases.replace("'", '"') + graph.replace("{", f"{{ternary.numbers = [{numbers}], ", 1),
        encoding="utf-8",
    )
    result = run_tool("ternary-compile", path, "--random-weights", "--compile-to=graph", "-o", out)
    assert result.returncode == 0, result.stderr
    assert "ternary.numbers = [-1, -1" in out.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "dimensions", ["0", "[0", "[0 1]", "[a]", "[99999999999999999999]", "", "[0,]", "array<i64: 0>"]
)
def test_lists_of_dimensions(tmp_path, dimensions):
    """Upstream's parser crashes on what is none."""
    graph = tmp_path / "f.mlir"
    text = """func.func @f(%v: tensor<4xf32>, %e: tensor<2x4xf32>) -> tensor<2x4xf32> {{
  // dimensions = none) dimensions =
  %b = linalg.broadcast ins(%v : tensor<4xf32>) outs(%e : tensor<2x4xf32>) dimensions = {}
  return %b : tensor<2x4xf32>
}}"""
    graph.write_text(text.format(dimensions), encoding="utf-8")
    result = run_tool("ternary-compile", graph, "-o", tmp_path / "f.so")
    expect_error(result, "f.mlir:", "expected a list of dimensions such as [0, 1]")
    graph.write_text(text.format("[ // the first\n 0x0 ]"), encoding="utf-8")
    assert run_tool("ternary-compile", graph, "-o", tmp_path / "f.so").returncode == 0


def test_graph_as_bytecode(tmp_path, graph):
    text, path = tmp_path / "text.mlir", tmp_path / "graph.mlir"
    text.write_text(graph, encoding="utf-8")
    assert run_tool("ternary-opt", text, "--emit-bytecode", "-o", path).returncode == 0
    expect_error(run_tool("ternary-compile", path, "-o", tmp_path / "m.so"), "text", "bytecode")


@pytest.mark.parametrize(
    ("ids", "part"),
    [
        ([[0, 97]], "97"),
        ([[-1]], "-1"),
        ([[1], [2]], "expected 1 sequence"),
        (np.zeros((1, 0)), ""),
    ],
)
def test_ids_that_do_not_fit(tmp_path, compile_model, ids, part):
    library = compile_model(MODEL)
    np.save(tmp_path / "ids.npy", np.array(ids, dtype=np.int64))
    logits = tmp_path / "logits.npy"
    result = run_tool(
        "ternary-run", library, "--input-ids", tmp_path / "ids.npy", "--logits", logits
    )
    expect_error(result, part)
    assert not logits.exists()


def test_weights_of_another_model(tmp_path):
    """Archives of one shape are exchangeable, but the self-test knows whose weights it wants."""
    for seed in (1, 2):
        out = tmp_path / str(seed) / "m.so"
        out.parent.mkdir()
        flags = ("--weights=external", f"--random-weights={seed}")
        result = run_tool("ternary-compile", MODEL, "-o", out, *flags)
        assert result.returncode == 0, result.stderr
    shutil.copy(tmp_path / "2" / "m.weights", tmp_path / "1" / "m.weights")
    result = run_tool("ternary-run", tmp_path / "1" / "m.so", "--self-test")
    expect_error(result, "self-test failed", "checksum")


def test_output_that_is_no_file(model, tmp_path):
    pipe = tmp_path / "pipe.so"
    os.mkfifo(pipe)
    result = run_tool("ternary-compile", model, "-o", pipe)
    expect_error(result, "pipe.so", "regular file")
    assert pipe.is_fifo()


def test_damaged_archive(tmp_path):
    library = tmp_path / "m.so"
    result = run_tool("ternary-compile", MODEL, "-o", library, "--weights=external")
    assert result.returncode == 0, result.stderr
    archive = tmp_path / "m.weights"
    data = bytearray(archive.read_bytes())
    data[-100] ^= 1
    archive.write_bytes(bytes(data))
    expect_error(run_tool("ternary-run", library, "--self-test"), "m.weights")


def test_truncated_model(tmp_path, compile_model):
    data = compile_model(MODEL).read_bytes()
    library = tmp_path / "part.so"
    for size in (0, 100, 5000, len(data) // 2, len(data) - 1):
        library.write_bytes(data[:size])
        expect_error(run_tool("ternary-run", library, "--self-test"), "part.so", "cannot load")


def test_model_for_another_architecture(compile_model):
    library = compile_model(MODEL, "--mtriple=riscv64-linux-gnu")
    result = run_tool("ternary-run", library, "--self-test")
    expect_error(result, library.name, "expected a shared object for ", "found one for riscv")


@pytest.mark.skipif(
    platform.machine() != "x86_64" or has_cpu_feature("avx10_2"), reason="another processor"
)
def test_model_for_another_processor(compile_model):
    library = compile_model(MODEL, "--mcpu=diamondrapids", "--kernel=portable")
    result = run_tool("ternary-run", library, "--self-test")
    expect_error(result, library.name, "diamondrapids", "avx10.", "this machine has not")


def test_weights_are_kept_with_their_library_alone(tmp_path):
    library = tmp_path / "model.so"
    library.mkdir()
    result = run_tool("ternary-compile", MODEL, "-o", library, "--weights=external")
    assert result.returncode == 1
    assert list(tmp_path.iterdir()) == [library]
