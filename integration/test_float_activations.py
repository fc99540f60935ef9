"""Ternary weights with float activations, as TriLM and Ternary-Bonsai have them, against what
Transformers computes for the float checkpoints that they come in.

data/{trilm,bonsai}-*/expected.safetensors has logits, from make_float_activations_golden.py.
"""

import json
import pathlib

import gguf
import numpy as np
import pytest
from conftest import SELF_TEST, run_tool
from family_checks import compute_reference_logits, expect_logits, expect_same_logits
from safetensors.numpy import load_file, save_file
from test_reference_logits import TARGETS, flags_for

DATA = pathlib.Path(__file__).parent / "data"
# Float weights of each model, and how many of them are ternary: TriLM's table and head are not.
MODELS = {"trilm-blocks": (16, 14), "bonsai-tied": (8, 8), "bonsai-untied": (9, 9)}


def compile_with_progress(model: pathlib.Path, library: pathlib.Path, *flags: str) -> str:
    """Compiles a model and returns what --progress says of recognition."""
    result = run_tool("ternary-compile", model, "-o", library, "--progress", *flags)
    assert result.returncode == 0, result.stderr
    said = [line for line in result.stderr.splitlines() if "recognised" in line]
    return said[0].split("recognised")[1].strip() if said else ""


@pytest.mark.parametrize("target", ["reference", "cpu"])
@pytest.mark.parametrize("name", MODELS)
def test_logits_agree_with_transformers(compile_model, compute_logits, name, target):
    library = compile_model(DATA / name, *TARGETS[target])
    expect_logits(compute_logits, library, load_file(DATA / name / "expected.safetensors"), 1e-5)


@pytest.mark.parametrize("target", [name for name in TARGETS if name != "reference"])
@pytest.mark.parametrize("name", MODELS)
def test_same_bits_as_reference(compile_model, compute_logits, name, target):
    flags = flags_for(target)
    ids = load_file(DATA / name / "expected.safetensors")["input_ids"][:1]
    reference = compute_reference_logits(compile_model, compute_logits, DATA / name, ids)
    expect_same_logits(compute_logits, compile_model(DATA / name, *flags), ids, reference)


@pytest.mark.parametrize("name", MODELS)
def test_batch(compile_model, compute_logits, name):
    ids = load_file(DATA / name / "expected.safetensors")["input_ids"]
    ids = np.concatenate([ids, ids[:, ::-1]])[:2]
    one = compile_model(DATA / name)
    expected = np.concatenate([compute_logits(one, row[None]) for row in ids])
    expect_same_logits(compute_logits, compile_model(DATA / name, "--batch=2"), ids, expected)


@pytest.mark.parametrize("name", MODELS)
def test_weights_are_packed(tmp_path, name):
    """Two bits for each, rows padded to whole tiles; a table that is the head's weight once."""
    said = compile_with_progress(DATA / name, tmp_path / "model.so", "--weights=external")
    floats, ternary = MODELS[name]
    assert said == f"{ternary} of {floats} float weights as ternary"
    config = json.loads((DATA / name / "config.json").read_text(encoding="utf-8"))
    least = most = 0
    for tensor in load_file(DATA / name / "model.safetensors").values():
        if tensor.ndim == 1:
            least += 4 * tensor.size
        elif name == "trilm-blocks" and len(tensor) == config["vocab_size"]:
            least += 2 * tensor.size
        else:
            least += tensor.size // 4
            # 31 rows more, and at most a scale for each 128 columns of a row.
            most += 31 * tensor.shape[1] // 4 + 4 * len(tensor) * -(-tensor.shape[1] // 128)
    most += least + 8192  # the archive's header and the start of each entry at a multiple of 64
    assert least <= (tmp_path / "model.weights").stat().st_size <= most


def test_recognition_can_be_switched_off(tmp_path, compute_logits):
    flags = ("--recognize-ternary=false", "--weights=external")
    assert compile_with_progress(DATA / "bonsai-tied", tmp_path / "model.so", *flags) == ""
    expected = load_file(DATA / "bonsai-tied" / "expected.safetensors")
    expect_logits(compute_logits, tmp_path / "model.so", expected, 1e-5)
    size = (tmp_path / "model.weights").stat().st_size
    assert size > (DATA / "bonsai-tied" / "model.safetensors").stat().st_size


def test_one_other_value_makes_a_weight_float(tmp_path, compute_logits):
    """The layer that has it is float, the others stay ternary."""
    model, name = DATA / "trilm-blocks", "model.layers.1.mlp.down_proj.weight"
    tensors = load_file(model / "model.safetensors")
    tensors[name][-1, -1] += np.float16(0.5)
    (tmp_path / "config.json").write_text((model / "config.json").read_text(encoding="utf-8"))
    save_file(tensors, tmp_path / "model.safetensors", {"format": "pt"})
    said = compile_with_progress(tmp_path, tmp_path / "model.so")
    assert said == "13 of 16 float weights as ternary"
    run = run_tool("ternary-compile", tmp_path, "-o", tmp_path / "f.so", "--recognize-ternary=0")
    assert run.returncode == 0, run.stderr
    ids = np.arange(9, dtype=np.int32)[None]
    expected = compute_logits(tmp_path / "f.so", ids)
    got = compute_logits(tmp_path / "model.so", ids)
    assert np.abs(got - expected).max() <= 1e-5 * np.abs(expected).max()


def test_self_test(compile_model):
    for name in MODELS:
        library = compile_model(DATA / name, SELF_TEST)
        assert run_tool("ternary-run", library, "--self-test").returncode == 0


def test_where_it_has_no_meaning(tmp_path):
    model, library = DATA / "trilm-blocks", tmp_path / "model.so"
    flags = ("--function=train", "--recognize-ternary=true")
    result = run_tool("ternary-compile", model, "-o", library, *flags)
    assert result.returncode == 1
    assert "expected no --recognize-ternary for training, which needs floats" in result.stderr
    graph = tmp_path / "graph.mlir"
    result = run_tool("ternary-compile", model, "-o", graph, "--compile-to=graph")
    assert result.returncode == 0, result.stderr
    result = run_tool("ternary-compile", graph, "-o", library, "--recognize-ternary=false")
    assert result.returncode == 1
    assert "--recognize-ternary without --parameters" in result.stderr
    assert not library.exists()


def test_floats_are_trained(compile_model, tmp_path):
    """Without --recognize-ternary as well, training has the floats."""
    compile_model(DATA / "trilm-blocks", "--function=train")


@pytest.mark.parametrize("name", MODELS)
def test_exported(tmp_path, compile_model, compute_logits, name):
    """Either layout holds the floats as they are, so that they are ternary again."""
    model = DATA / name
    ids = load_file(model / "expected.safetensors")["input_ids"][:1]
    expected = compute_logits(compile_model(model), ids)
    for target in ("model.gguf", "directory"):
        result = run_tool("ternary-export", model, "-o", tmp_path / target)
        assert result.returncode == 0, result.stderr
        said = compile_with_progress(tmp_path / target, tmp_path / f"{target}.so")
        floats, ternary = MODELS[name]
        assert said == f"{ternary} of {floats} float weights as ternary"
        assert compute_logits(tmp_path / f"{target}.so", ids).tobytes() == expected.tobytes()
    # And back from GGUF.
    result = run_tool("ternary-export", tmp_path / "model.gguf", "-o", tmp_path / "back")
    assert result.returncode == 0, result.stderr
    tensors = load_file(model / "model.safetensors")
    for folder in ("directory", "back"):
        exported = load_file(tmp_path / folder / "model.safetensors")
        assert exported.keys() == tensors.keys()
        for tensor in tensors:
            np.testing.assert_array_equal(exported[tensor], tensors[tensor])


def rewrite_gguf(source: pathlib.Path, target: pathlib.Path, name: str, data, kind) -> None:
    """The same file with other values, or another type, for one tensor."""
    reader = gguf.GGUFReader(source)
    writer = gguf.GGUFWriter(target, reader.get_field("general.architecture").contents())
    for field in reader.fields.values():
        if not field.name.startswith("GGUF.") and field.name != "general.architecture":
            element = field.types[-1] if field.types[0] == gguf.GGUFValueType.ARRAY else None
            writer.add_key_value(field.name, field.contents(), field.types[0], element)
    for tensor in reader.tensors:
        if tensor.name == name:
            writer.add_tensor(name, data, raw_dtype=kind)
        else:
            writer.add_tensor(tensor.name, tensor.data, raw_dtype=tensor.tensor_type)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def test_ternary_table_of_gguf(tmp_path, compute_logits):
    """A table in a ternary type is what floats of the same values are, and the layers' activations
    have 8 bits as ever."""
    source = DATA / "gguf" / "llama-tq2.gguf"
    shape = next(
        tensor.shape[::-1]
        for tensor in gguf.GGUFReader(source).tensors
        if tensor.name == "token_embd.weight"
    )
    values = np.random.default_rng(1).integers(-1, 2, shape).astype(np.float32) / 4
    kinds = gguf.GGMLQuantizationType
    logits = []
    for kind in (kinds.TQ2_0, kinds.F32):
        path = tmp_path / f"{kind.name}.gguf"
        rewrite_gguf(source, path, "token_embd.weight", gguf.quants.quantize(values, kind), kind)
        for flags in ((), ("--recognize-ternary=false",)):
            said = compile_with_progress(path, tmp_path / "model.so", *flags)
            assert said.split(" ")[0] == ("" if flags else "1")
            ids = np.arange(8, dtype=np.int32)[None]
            logits.append(compute_logits(tmp_path / "model.so", ids))
    assert np.isfinite(logits[0]).all()
    for other in logits[1:]:
        assert np.abs(other - logits[0]).max() <= 1e-5 * np.abs(logits[0]).max()


def test_ternary_types_of_gguf_are_refused(tmp_path):
    flags = ("-o", tmp_path / "model.gguf", "--type=iq2_bn")
    result = run_tool("ternary-export", DATA / "bonsai-tied", *flags)
    assert result.returncode == 1
    assert "expected no --type for a model whose layers take floats" in result.stderr
    assert not (tmp_path / "model.gguf").exists()
