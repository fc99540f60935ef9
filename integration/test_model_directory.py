"""What a model directory says beside its weights: ends of texts, tied tables, packed weights."""

import json
import pathlib
import shutil

import numpy as np
import pytest
from conftest import ROOT, run_tool
from safetensors.numpy import load_file, save_file

DATA = ROOT / "integration" / "data"
SHAKESPEARE = ROOT / "models" / "shakespeare"


def write_shakespeare(folder: pathlib.Path, config_eos, generation_eos=None) -> pathlib.Path:
    """The demo model without its weights."""
    folder.mkdir()
    shutil.copy(SHAKESPEARE / "tokenizer.model", folder)
    config = json.loads((SHAKESPEARE / "config.json").read_text(encoding="utf-8"))
    config |= {"eos_token_id": config_eos, "num_hidden_layers": 1}
    (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")
    generation = json.dumps({"eos_token_id": generation_eos})
    (folder / "generation_config.json").write_text(generation, encoding="utf-8")
    return folder


def generate(compile_model, model: pathlib.Path) -> str:
    library = compile_model(model, "--random-weights=1", "--self-test=0")
    result = run_tool("ternary-run", library, "--prompt=Now", "--tokens=20", "--seed=3")
    assert result.returncode == 0, result.stderr
    return result.stdout


def test_any_of_several_tokens_ends_a_text(tmp_path, compile_model):
    config = json.loads((SHAKESPEARE / "config.json").read_text(encoding="utf-8"))
    tokens = list(range(config["vocab_size"]))
    endless = generate(compile_model, write_shakespeare(tmp_path / "none", None))
    assert len(endless) > len("Now\n")
    for name, lists in {"config": (tokens, None), "generation": (None, tokens)}.items():
        assert generate(compile_model, write_shakespeare(tmp_path / name, *lists)) == "Now\n"
    halves = write_shakespeare(tmp_path / "halves", tokens[::2], tokens[1::2])
    assert generate(compile_model, halves) == "Now\n"


def test_tokens_that_end_a_text_that_are_none(tmp_path):
    model = write_shakespeare(tmp_path / "model", 2, [3, 1 << 20])
    flags = ("--random-weights", "--compile-to=graph", "-o", "-")
    result = run_tool("ternary-compile", model, *flags)
    assert result.returncode == 0, result.stderr
    assert "eos = array<i64: 2, 3>" in result.stdout
    assert "generation_config.json: ignoring 1048576 in eos_token_id" in result.stderr
    model = write_shakespeare(tmp_path / "text", 2, "3")
    result = run_tool("ternary-compile", model, *flags)
    assert result.returncode == 1
    assert "generation_config.json: expected eos_token_id to be one id or a list" in result.stderr


def write_llama(folder: pathlib.Path, ties: bool, head: np.ndarray | None) -> pathlib.Path:
    """The golden with a tied table, maybe with a head as well."""
    folder.mkdir()
    config = json.loads((DATA / "llama-tied" / "config.json").read_text(encoding="utf-8"))
    assert config["tie_word_embeddings"]
    config["tie_word_embeddings"] = ties
    (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")
    tensors = load_file(DATA / "llama-tied" / "model.safetensors")
    if head is not None:
        tensors["lm_head.weight"] = head
    save_file(tensors, folder / "model.safetensors")
    return folder


def test_a_head_beside_a_tied_table(tmp_path, compute_logits):
    table = load_file(DATA / "llama-tied" / "model.safetensors")["model.embed_tokens.weight"]
    ids = np.arange(1, 9, dtype=np.int32)[None]

    def compute(name: str, ties: bool, head: np.ndarray | None) -> tuple[bytes, str]:
        model, library = write_llama(tmp_path / name, ties, head), tmp_path / f"{name}.so"
        result = run_tool("ternary-compile", model, "-o", library, "--self-test=0")
        assert result.returncode == 0, result.stderr
        return compute_logits(library, ids).tobytes(), result.stderr

    tied, said = compute("tied", True, None)
    assert said == ""
    assert compute("twice", True, table) == (tied, "")
    assert compute("wide", True, table.astype(np.float32)) == (tied, "")
    other, said = compute("other", True, -table)
    assert "keeping 'lm_head.weight' apart from 'model.embed_tokens.weight'" in said
    assert said.count("\n") == 1
    assert other != tied
    assert compute("apart", False, -table) == (other, "")

    result = run_tool("ternary-export", tmp_path / "other", "-o", tmp_path / "exported")
    assert result.returncode == 0, result.stderr
    config = json.loads((tmp_path / "exported" / "config.json").read_text(encoding="utf-8"))
    assert config["tie_word_embeddings"] is False


BITNET = {
    "architectures": ["BitNetForCausalLM"],
    "model_type": "bitnet",
    "hidden_size": 16,
    "intermediate_size": 16,
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
    "num_key_value_heads": 1,
    "vocab_size": 256,
    "max_position_embeddings": 64,
    "hidden_act": "relu2",
}


@pytest.mark.parametrize(
    "quantization",
    [
        {"linear_class": "autobitlinear", "quantization_mode": "offline"},
        {"linear_class": "autobitlinear"},
        {},
    ],
    ids=["offline", "no-mode", "defaults"],
)
def test_training_from_a_configuration_of_packed_weights(tmp_path, quantization):
    """What comes out is floats, and says so."""
    model = tmp_path / "model"
    model.mkdir()
    config = BITNET | {"quantization_config": {"quant_method": "bitnet"} | quantization}
    (model / "config.json").write_text(json.dumps(config), encoding="utf-8")
    (tmp_path / "data").write_bytes(bytes(range(256)) * 4)
    flags = ("--function=train", "--random-weights=1", "--batch=2", "-o", tmp_path / "train.so")
    result = run_tool("ternary-compile", model, *flags)
    assert result.returncode == 0, result.stderr
    options = ("--data", tmp_path / "data", "--data-format=bytes", "--sequence-length=16")
    run = tmp_path / "run"
    result = run_tool("ternary-train", tmp_path / "train.so", *options, "--steps=2", "--out", run)
    assert result.returncode == 0, result.stderr
    for folder in (run, run / "checkpoint-2"):
        written = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        assert written["quantization_config"]["quantization_mode"] == "online"
        assert written["quantization_config"]["linear_class"] == "autobitlinear"
        result = run_tool("ternary-compile", folder, "-o", tmp_path / "model.so")
        assert result.returncode == 0, result.stderr


def test_dropout_concerns_training_alone(tmp_path):
    model = tmp_path / "model"
    model.mkdir()
    online = {
        "quant_method": "bitnet",
        "linear_class": "autobitlinear",
        "quantization_mode": "online",
    }
    config = BITNET | {"attention_dropout": 0.1, "quantization_config": online}
    (model / "config.json").write_text(json.dumps(config), encoding="utf-8")
    flags = ("--random-weights=1", "--compile-to=graph", "-o", "-")
    assert run_tool("ternary-compile", model, *flags).returncode == 0
    result = run_tool("ternary-compile", model, "--function=train", *flags)
    assert result.returncode == 1
    assert "expected attention_dropout to be 0 to train, got 0.1" in result.stderr


def test_sizes_that_no_memory_holds(tmp_path):
    model = tmp_path / "model"
    model.mkdir()
    config = {
        "model_type": "hgrn_bit",
        "hidden_size": 65535,
        "intermediate_size": 1,
        "num_hidden_layers": 1,
        "vocab_size": 16777216,
    }
    (model / "config.json").write_text(json.dumps(config), encoding="utf-8")
    result = run_tool("ternary-compile", model, "--random-weights", "-o", tmp_path / "model.so")
    assert result.returncode == 1
    assert result.stderr.count("\n") == 1
    assert "within the memory of this machine" in result.stderr
    assert not (tmp_path / "model.so").exists()


@pytest.mark.parametrize(
    "name", ["model.safetensors", "tokenizer.model", "config.json", "tokenizer.json"]
)
def test_pointers_in_place_of_files(tmp_path, name):
    model = write_llama(tmp_path / "model", True, None)
    pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 123\n"
    (model / name).write_text(pointer, encoding="utf-8")
    result = run_tool("ternary-compile", model, "-o", tmp_path / "model.so")
    assert result.returncode == 1
    assert f"{name}: expected the file itself, got a pointer of Git LFS" in result.stderr
