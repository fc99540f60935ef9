"""Tokenizers of byte pairs from GGUF files to model directories and back."""

import json
import pathlib
import shutil

import gguf
import numpy as np
import pytest
import tokenizers
from conftest import ROOT, run_tool
from safetensors.numpy import save_file

TOKENIZERS = ROOT / "integration" / "data" / "gguf-tokenizers"
RECORDED = json.loads((TOKENIZERS / "tokens.json").read_text(encoding="utf-8"))
CONFIG = {
    "model_type": "llama",
    "architectures": ["LlamaForCausalLM"],
    "hidden_size": 64,
    "intermediate_size": 64,
    "max_position_embeddings": 256,
    "num_attention_heads": 1,
    "num_hidden_layers": 1,
    "rms_norm_eps": 1e-5,
    "rope_theta": 10000.0,
    "vocab_size": 603,
    "bos_token_id": 594,
    "eos_token_id": 595,
}
ALPHABET = tokenizers.pre_tokenizers.ByteLevel.alphabet()


def write_directory(directory: pathlib.Path, **config) -> pathlib.Path:
    """A model without a tokenizer; tensors are all zero."""
    directory.mkdir()
    config = CONFIG | config
    (directory / "config.json").write_text(json.dumps(config), encoding="utf-8")
    layer = "model.layers.0."
    shapes = {
        "model.embed_tokens.weight": [config["vocab_size"], 64],
        "lm_head.weight": [config["vocab_size"], 64],
        "model.norm.weight": [64],
        layer + "input_layernorm.weight": [64],
        layer + "post_attention_layernorm.weight": [64],
    }
    for name in ("self_attn.q", "self_attn.k", "self_attn.v", "self_attn.o"):
        shapes[f"{layer}{name}_proj.weight"] = [64, 64]
    for name in ("mlp.gate", "mlp.up", "mlp.down"):
        shapes[f"{layer}{name}_proj.weight"] = [64, 64]
    tensors = {name: np.zeros(shape, np.float32) for name, shape in shapes.items()}
    save_file(tensors, directory / "model.safetensors")
    return directory


def export(source: pathlib.Path, target: pathlib.Path) -> str:
    """Writes a model in the other layout; what is said."""
    result = run_tool("ternary-export", source, "-o", target)
    assert result.returncode == 0, result.stderr
    return result.stderr


def read_keys(path: pathlib.Path) -> dict:
    fields = gguf.GGUFReader(path).fields
    return {
        name: field.contents() for name, field in fields.items() if name.startswith("tokenizer.")
    }


@pytest.fixture(scope="module")
def files(tmp_path_factory) -> dict[str, pathlib.Path]:
    """A model for each of llama.cpp's tokenizers."""
    folder = tmp_path_factory.mktemp("files")
    bare = folder / "bare.gguf"
    export(write_directory(folder / "bare"), bare)
    result = {}
    for name in RECORDED:
        writer = gguf.GGUFWriter(folder / f"{name}.gguf", "llama")
        reader = gguf.GGUFReader(bare)
        fields = [
            *(field for field in reader.fields.values() if field.name.startswith("llama.")),
            *(
                field
                for field in gguf.GGUFReader(TOKENIZERS / f"{name}.gguf").fields.values()
                if field.name.startswith("tokenizer.")
            ),
        ]
        for field in fields:
            value, kind = field.contents(), field.types[0]
            if kind == gguf.GGUFValueType.ARRAY:
                writer.add_array(field.name, value)
            else:
                writer.add_key_value(field.name, value, kind)
        for tensor in reader.tensors:
            writer.add_tensor(tensor.name, tensor.data)
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_tensors_to_file()
        writer.close()
        result[name] = folder / f"{name}.gguf"
    return result


@pytest.mark.parametrize("name", [name for name in RECORDED if name != "none"])
def test_there_and_back(files, tmp_path, name):
    directory, back = tmp_path / "model", tmp_path / "back.gguf"
    assert export(files[name], directory) == ""
    assert {path.name for path in directory.iterdir()} == {
        "config.json",
        "generation_config.json",
        "model.safetensors",
        "tokenizer.json",
        "tokenizer_config.json",
    }
    tokenizer = tokenizers.Tokenizer.from_file(str(directory / "tokenizer.json"))
    for text, _, ids in RECORDED[name]["texts"]:
        assert tokenizer.encode(text, add_special_tokens=False).ids == ids
        assert tokenizer.encode(text).ids == RECORDED[name]["start"] + ids
    assert export(directory, back) == ""
    first, second = read_keys(files[name]), read_keys(back)
    tokens, types = first["tokenizer.ggml.tokens"], first["tokenizer.ggml.token_type"]
    # One that is not used is a token like any other in tokenizer.json.
    assert tokens[599] == "[UNUSED]" and types[599] == gguf.TokenType.UNUSED
    types[599] = gguf.TokenType.NORMAL
    # There are as many tokens as the model has.
    assert second["tokenizer.ggml.tokens"][600:] == ["[PAD600]", "[PAD601]", "[PAD602]"]
    first["tokenizer.ggml.tokens"] += second["tokenizer.ggml.tokens"][600:]
    types += 3 * [gguf.TokenType.UNUSED]
    first["tokenizer.ggml.add_bos_token"] = RECORDED[name]["start"] != []
    first["tokenizer.ggml.add_eos_token"] = False
    if name == "falcon3":
        first["tokenizer.ggml.pre"] = "llama-bpe"
    assert second == first


def test_a_way_to_cut_text_that_is_not_said(files, tmp_path):
    message = export(files["none"], tmp_path / "model")
    assert "expected the name of a way to cut text, got none; taking 'default'" in message
    assert message.count("\n") == 1
    assert (tmp_path / "model" / "tokenizer.json").exists()


def test_compiles_without_a_tokenizer(files, tmp_path):
    """It takes ids, and a prompt is an error that says what to do."""
    library = tmp_path / "model.so"
    result = run_tool("ternary-compile", files["qwen2"], "-o", library, "--self-test=0")
    assert (result.returncode, result.stderr) == (0, "")
    result = run_tool("ternary-run", library, "--prompt=a")
    assert result.returncode == 1
    assert result.stderr.count("\n") == 1
    assert "expected a SentencePiece tokenizer in the model, found none" in result.stderr
    assert f"python -m ternary chat {library} --tokenizer MODEL" in result.stderr

    unknown = tmp_path / "unknown.gguf"
    data = files["qwen2"].read_bytes()
    assert data.count(b"\x05\0\0\0\0\0\0\0qwen2") == 1
    unknown.write_bytes(data.replace(b"qwen2", b"tekke"))
    result = run_tool("ternary-compile", unknown, "-o", library, "--self-test=0")
    assert result.returncode == 0
    assert result.stderr.count("\n") == 1
    assert "leaving out the tokenizer: expected one of llama-bpe, " in result.stderr
    assert "got 'tekke'" in result.stderr


def make_tokenizer(**changes) -> tokenizers.Tokenizer:
    """A tokenizer of GPT-2's kind as the package makes it; `changes` are parts of it."""
    tokenizer = tokenizers.Tokenizer(tokenizers.models.BPE())
    tokenizer.pre_tokenizer = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = tokenizers.decoders.ByteLevel()
    trainer = tokenizers.trainers.BpeTrainer(
        vocab_size=400,
        special_tokens=["<|begin|>"],
        initial_alphabet=ALPHABET,
        show_progress=False,
    )
    tokenizer.train_from_iterator([text for text, _, _ in RECORDED["gpt-2"]["texts"]], trainer)
    tokenizer.add_tokens(["<think>"])
    for name, value in changes.items():
        setattr(tokenizer, name, value)
    return tokenizer


def begin_with(token: str, id: int, template: str = "{} $A"):
    return tokenizers.processors.TemplateProcessing(
        single=template.format(token), special_tokens=[(token, id)]
    )


PRE = tokenizers.pre_tokenizers


@pytest.mark.parametrize(
    ("changes", "pre", "start"),
    [
        ({}, "gpt-2", []),
        ({"post_processor": begin_with("<|begin|>", 0)}, "gpt-2", [0]),
        (
            {
                "pre_tokenizer": PRE.Sequence(
                    [PRE.Digits(individual_digits=True), PRE.ByteLevel(add_prefix_space=False)]
                ),
                "post_processor": tokenizers.processors.ByteLevel(),
            },
            "smollm",
            [],
        ),
    ],
)
def test_from_a_directory(tmp_path, changes, pre, start):
    """Files of the package say the same in other ways than ours."""
    source = write_directory(tmp_path / "source", bos_token_id=0, eos_token_id=None)
    tokenizer = make_tokenizer(**changes)
    tokenizer.save(str(source / "tokenizer.json"))
    (source / "tokenizer_config.json").write_text('{"chat_template": "{{ messages }}"}')
    assert export(source, tmp_path / "model.gguf") == ""
    keys = read_keys(tmp_path / "model.gguf")
    assert keys["tokenizer.ggml.model"] == "gpt2"
    assert keys["tokenizer.ggml.pre"] == pre
    assert keys["tokenizer.ggml.add_bos_token"] is bool(start)
    assert keys["tokenizer.chat_template"] == "{{ messages }}"
    assert keys["tokenizer.ggml.token_type"][0] == gguf.TokenType.CONTROL
    assert keys["tokenizer.ggml.token_type"][400] == gguf.TokenType.USER_DEFINED
    export(tmp_path / "model.gguf", tmp_path / "back")
    back = tokenizers.Tokenizer.from_file(str(tmp_path / "back" / "tokenizer.json"))
    for text, _, _ in RECORDED["gpt-2"]["texts"]:
        text += "<think>"
        ids = back.encode(text).ids
        assert ids == tokenizer.encode(text).ids
        assert ids[: len(start)] == start
        assert back.decode(ids, skip_special_tokens=True) == text


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"pre_tokenizer": PRE.ByteLevel()}, "a pre_tokenizer and ignore_merges as of llama-bpe,"),
        ({"pre_tokenizer": PRE.Whitespace()}, "a pre_tokenizer and ignore_merges as of"),
        (
            {"pre_tokenizer": PRE.Sequence([PRE.ByteLevel(add_prefix_space=False), PRE.Digits()])},
            "a pre_tokenizer and ignore_merges as of",
        ),
        ({"model": tokenizers.models.WordLevel({"a": 0}, "a")}, "a model of type BPE"),
        (
            {"model": tokenizers.models.BPE({"a": 0}, [], byte_fallback=True)},
            "no byte_fallback",
        ),
        ({"model": tokenizers.models.BPE({"a": 5}, [])}, "tokens with ids one after the other"),
        ({"model": tokenizers.models.BPE({"a": 603}, [])}, "tokens with ids below 603"),
        ({"post_processor": begin_with("<|begin|>", 0, "$A {}")}, "a post_processor that adds"),
        ({"post_processor": begin_with("a", 1)}, "a post_processor that adds nothing, or the"),
    ],
)
def test_what_keys_cannot_say(tmp_path, changes, message):
    source = write_directory(tmp_path / "source", bos_token_id=0)
    make_tokenizer(**changes).save(str(source / "tokenizer.json"))
    said = export(source, tmp_path / "model.gguf")
    assert said.count("\n") == 1
    assert f"writing no tokenizer: tokenizer.json: expected {message}" in said
    assert read_keys(tmp_path / "model.gguf")["tokenizer.ggml.model"] == "none"


def test_normalisation_is_lost(tmp_path):
    source = write_directory(tmp_path / "source")
    tokenizer = make_tokenizer(normalizer=tokenizers.normalizers.NFC())
    tokenizer.save(str(source / "tokenizer.json"))
    said = export(source, tmp_path / "model.gguf")
    assert "warning: writing a tokenizer that takes text as it is" in said
    assert read_keys(tmp_path / "model.gguf")["tokenizer.ggml.model"] == "gpt2"


def test_damaged(tmp_path):
    source = write_directory(tmp_path / "source")
    for text in ("{", "{}", '{"model": {"type": "BPE"}}'):
        (source / "tokenizer.json").write_text(text)
        said = export(source, tmp_path / "model.gguf")
        assert said.count("\n") == 1
        assert "writing no tokenizer: tokenizer.json: " in said
    shutil.rmtree(source)
