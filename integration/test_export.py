"""Models written in another layout compute the same, to the bit.

Small models of suitable sizes are drawn here: K has to be a multiple of 64 or 256 in GGUF's ternary
types. The package `gguf`, llama.cpp's own, reads the files as well.
"""

import json
import os
import pathlib
import resource
import shutil
import subprocess

import gguf
import numpy as np
import pytest
import sentencepiece
from conftest import BIN, ROOT, run_tool
from family_checks import DATA, draw_latent
from safetensors.numpy import load_file, save_file

TYPES = ("tq1_0", "tq2_0", "i2_s", "iq1_bn", "iq2_bn")

# Models to draw: which one they are like, what sizes become, members of config.json that change.
FAMILIES = {
    "llama": (
        "llama-grouped",
        {64: 256, 96: 512, 32: 128},
        {"hidden_size": 256, "intermediate_size": 512, "head_dim": 64},
    ),
    "qwen3": (
        "qwen3-heads",
        {36: 256, 50: 256, 56: 256, 28: 128, 14: 64},
        {"hidden_size": 256, "intermediate_size": 256, "head_dim": 64},
    ),
    "bitnet": (
        "bitnet-a",
        {128: 256, 64: 128, 352: 256},
        {"hidden_size": 256, "intermediate_size": 256},
    ),
    "rwkv": (
        "rwkv-plain",
        {48: 256, 192: 512},
        {"hidden_size": 256, "attention_hidden_size": 256, "intermediate_size": 512},
    ),
}


def export(source: pathlib.Path, target: pathlib.Path, *flags: str) -> pathlib.Path:
    result = run_tool("ternary-export", source, "-o", target, *flags)
    assert result.returncode == 0, result.stderr
    assert result.stderr == ""
    return target


def get_flags(kind: str) -> list[str]:
    """What it takes to write a type."""
    return [f"--type={kind}"] + (["--i2s-blocks=128"] if kind == "i2_s" else [])


@pytest.fixture(scope="session")
def latent(tmp_path_factory: pytest.TempPathFactory) -> dict[str, pathlib.Path]:
    directory = tmp_path_factory.mktemp("latent")
    return {family: draw_latent(directory / family, *how) for family, how in FAMILIES.items()}


@pytest.fixture(scope="session")
def packed(latent, tmp_path_factory: pytest.TempPathFactory) -> dict[str, pathlib.Path]:
    """The same packed, with scales that f16 holds."""
    directory = tmp_path_factory.mktemp("packed")
    for family, model in latent.items():
        path = export(model, directory / family) / "model.safetensors"
        tensors = {
            name: tensor.astype(np.float16).astype(np.float32)
            if name.endswith("weight_scale")
            else tensor
            for name, tensor in load_file(path).items()
        }
        save_file(tensors, path, {"format": "pt"})
    return {family: directory / family for family in latent}


@pytest.fixture
def compute(compile_model, compute_logits):
    """The bits of a model's logits for a few tokens; all targets have the same."""

    def run(model: pathlib.Path, *flags: str) -> bytes:
        ids = np.random.default_rng(2).integers(0, 29, (1, 11)).astype(np.int32)
        library = compile_model(model, "--target=reference", *flags)
        return compute_logits(library, ids).tobytes()

    return run


def load(model: pathlib.Path) -> dict[str, np.ndarray]:
    return load_file(model / "model.safetensors")


def assert_same_tensors(model: pathlib.Path, expected: pathlib.Path) -> None:
    tensors, others = load(model), load(expected)
    assert tensors.keys() == others.keys()
    for name, tensor in tensors.items():
        assert tensor.dtype == others[name].dtype, name
        assert np.array_equal(tensor, others[name]), name


@pytest.mark.parametrize("kind", TYPES)
@pytest.mark.parametrize("family", FAMILIES)
def test_trits_and_scales_survive(packed, compute, tmp_path, family, kind):
    flags = get_flags(kind)
    file = export(packed[family], tmp_path / "model.gguf", *flags)
    assert compute(file, *flags[1:]) == compute(packed[family])
    assert_same_tensors(export(file, tmp_path / "back", *flags[1:]), packed[family])


@pytest.mark.parametrize("family", FAMILIES)
def test_latent_weights_become_ternary(latent, compute, tmp_path, family):
    """As the compiler makes them: with the scales that these have, in f32."""
    expected = compute(latent[family])
    file = export(latent[family], tmp_path / "model.gguf", "--type=iq2_bn")
    assert compute(file) == expected
    directory = export(latent[family], tmp_path / "packed")
    assert compute(directory) == expected
    assert_same_tensors(export(file, tmp_path / "back"), directory)
    quantization = json.loads((directory / "config.json").read_text())["quantization_config"]
    assert quantization["linear_class"] == "autobitlinear"
    assert quantization["quantization_mode"] == "offline"


def test_scales_are_rounded_when_told_so(latent, tmp_path):
    result = run_tool("ternary-export", latent["llama"], "-o", tmp_path / "model.gguf")
    assert result.returncode == 1
    assert "tensor 'blk.0.attn_q.weight': expected scales that f16 holds for TQ2_0" in result.stderr
    assert "--round-scales" in result.stderr
    assert not list(tmp_path.iterdir())
    exact = load(export(latent["llama"], tmp_path / "exact"))
    file = export(latent["llama"], tmp_path / "model.gguf", "--round-scales")
    for name, tensor in load(export(file, tmp_path / "back")).items():
        if name.endswith("weight_scale"):
            assert np.array_equal(tensor, exact[name].astype(np.float16).astype(np.float32))
        else:
            assert np.array_equal(tensor, exact[name])


@pytest.mark.parametrize("model", [DATA / "hgrn-a", ROOT / "models" / "shakespeare"])
def test_matmul_free_models(compute, tmp_path, model):
    """They have no packed form: latent weights are found that the same trits and scales come of."""
    expected = compute(model)
    file = export(model, tmp_path / "model.gguf", "--type=iq2_bn")
    assert compute(file) == expected
    back = export(file, tmp_path / "back")
    assert compute(back) == expected
    again = export(back, tmp_path / "again.gguf", "--type=iq2_bn")
    assert again.read_bytes() == file.read_bytes()
    assert_same_tensors(export(model, tmp_path / "copy"), model)


GGUF_NAMES = {
    "model.embeddings": "token_embd",
    "model.lower_bounds": "lower_bounds",
    "model.norm": "output_norm",
    "lm_head": "output",
    "model.layers": "blk",
    "attn.o_proj": "attn_output",
    "_proj": "",
    "attn.": "attn_",
    "mlp.": "ffn_",
    "mlp_norm": "ffn_norm",
}


def test_half_floats_that_are_ternary(compute, tmp_path):
    """A directory has weights in f32, of which the same trits and scales come."""
    config = json.loads((DATA / "hgrn-a" / "config.json").read_text(encoding="utf-8"))
    writer = gguf.GGUFWriter(tmp_path / "model.gguf", "hgrn_bit")
    writer.add_embedding_length(config["hidden_size"])
    writer.add_block_count(config["num_hidden_layers"])
    tensors = load(DATA / "hgrn-a")
    writer.add_feed_forward_length(tensors["model.layers.0.mlp.down_proj.weight"].shape[1])
    writer.add_layer_norm_rms_eps(1e-6)
    for name, value in tensors.items():
        is_layer = name.endswith("_proj.weight") or name == "lm_head.weight"
        for ours, theirs in GGUF_NAMES.items():
            name = name.replace(ours, theirs)
        writer.add_tensor(name, np.sign(value).astype(np.float16) / 2 if is_layer else value)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    expected = compute(tmp_path / "model.gguf")
    assert compute(export(tmp_path / "model.gguf", tmp_path / "back")) == expected


@pytest.mark.parametrize(
    "name",
    ["llama-grouped", "llama-long", "llama-tied", "qwen3-heads", "rwkv-odd", "rwkv-plain"],
)
def test_float_models(compute, tmp_path, name):
    file = export(DATA / name, tmp_path / "model.gguf")
    back = export(file, tmp_path / "back")
    assert_same_tensors(back, DATA / name)
    assert compute(file) == compute(back) == compute(DATA / name)


@pytest.mark.parametrize(
    "name", ["bitnet-a", "packed-bitnet", "packed-llama", "packed-norms", "rwkv-plain"]
)
def test_directories_of_other_directories(compute, tmp_path, name):
    assert compute(export(DATA / name, tmp_path / "model")) == compute(DATA / name)


@pytest.mark.parametrize("name", ["llama-tq2", "bitnet-tq1"])
def test_files_of_llama_cpp(compute, tmp_path, name):
    source = DATA / "gguf" / f"{name}.gguf"
    directory = export(source, tmp_path / "model")
    assert compute(directory) == compute(source)
    file = export(directory, tmp_path / "model.gguf")
    assert compute(file) == compute(source)
    theirs, ours = gguf.GGUFReader(source), gguf.GGUFReader(file)
    ours_by_name = {tensor.name: tensor for tensor in ours.tensors}
    assert {tensor.name for tensor in theirs.tensors} == ours_by_name.keys()
    for tensor in theirs.tensors:
        values = [
            gguf.quants.dequantize(one.data, one.tensor_type)
            for one in (tensor, ours_by_name[tensor.name])
        ]
        assert np.array_equal(*values), tensor.name
    for key in ("tokens", "scores", "token_type", "bos_token_id", "eos_token_id"):
        field = f"tokenizer.ggml.{key}"
        assert ours.fields[field].contents() == theirs.fields[field].contents()


def test_another_reader(packed, tmp_path):
    """What the package of llama.cpp finds in a file."""
    file = export(packed["llama"], tmp_path / "model.gguf", "--float-type=f16")
    reader = gguf.GGUFReader(file)
    keys = {name: field.contents() for name, field in reader.fields.items()}
    assert keys["general.architecture"] == "llama"
    assert keys["llama.block_count"] == 2
    assert keys["llama.attention.head_count_kv"] == 2
    assert keys["llama.rope.dimension_count"] == keys["llama.attention.key_length"] == 64
    assert keys["llama.rope.freq_base"] == 500000
    assert keys["llama.vocab_size"] == 61
    types = {tensor.name: tensor.tensor_type.name for tensor in reader.tensors}
    assert types["token_embd.weight"] == types["output.weight"] == "F16"
    assert types["blk.1.attn_norm.weight"] == "F32"
    tensors = load(packed["llama"])
    (down,) = [one for one in reader.tensors if one.name == "blk.1.ffn_down.weight"]
    weight = tensors["model.layers.1.mlp.down_proj.weight"]
    trits = np.concatenate([(weight >> 2 * part & 3).astype(np.float32) - 1 for part in range(4)])
    values = gguf.quants.dequantize(down.data, down.tensor_type)
    scale = tensors["model.layers.1.mlp.down_proj.weight_scale"]
    assert np.array_equal(values.reshape(trits.shape), trits * scale)


def test_tokenizer(compile_model, tmp_path):
    model = ROOT / "models" / "shakespeare"
    file = export(model, tmp_path / "model.gguf", "--type=iq2_bn")
    texts = [
        run_tool(
            "ternary-run",
            compile_model(one, "--target=reference"),
            "--prompt=ROMEO:\nIf  I ü",
            "--tokens=8",
        ).stdout
        for one in (model, file)
    ]
    assert texts[0] and texts[0] == texts[1]
    back = export(file, tmp_path / "back")
    first, second = (
        sentencepiece.SentencePieceProcessor(model_file=str(one / "tokenizer.model"))
        for one in (model, back)
    )
    text = "What's in a  name?\nThat which we call a rose — ü"
    assert first.encode(text) == second.encode(text)
    assert first.vocab_size() == second.vocab_size()


def write_tokenizer(directory: pathlib.Path, kind: str, **options) -> None:
    """A SentencePiece model of 50 pieces, fewer than models have tokens."""
    with (directory / "tokenizer.model").open("wb") as file:
        sentencepiece.SentencePieceTrainer.train(
            sentence_iterator=iter(30 * ["the cat sat on the mat", "a rose is a rose", "abcxyz"]),
            model_writer=file,
            model_type=kind,
            vocab_size=50,
            hard_vocab_limit=False,
            minloglevel=2,
            **options,
        )


def test_tokenizer_of_fewer_tokens(packed, tmp_path):
    source = tmp_path / "source"
    shutil.copytree(packed["llama"], source)
    write_tokenizer(
        source, "bpe", normalization_rule_name="identity", remove_extra_whitespaces=False, pad_id=3
    )
    before = sentencepiece.SentencePieceProcessor(model_file=str(source / "tokenizer.model"))
    file = export(source, tmp_path / "model.gguf")
    fields = gguf.GGUFReader(file).fields
    assert fields["tokenizer.ggml.padding_token_id"].contents() == 3
    assert fields["tokenizer.ggml.add_space_prefix"].contents() is True
    tokens = fields["tokenizer.ggml.tokens"].contents()
    assert tokens[: before.vocab_size()] == [before.id_to_piece(i) for i in range(len(before))]
    assert len(tokens) == 61 and tokens[-1] == "[PAD60]"
    back = export(file, tmp_path / "back") / "tokenizer.model"
    after = sentencepiece.SentencePieceProcessor(model_file=str(back))
    assert after.encode("the rose  sat") == before.encode("the rose  sat")


def test_tokenizers_that_keys_cannot_describe(packed, tmp_path):
    """What is lost is said."""
    source = tmp_path / "source"
    shutil.copytree(packed["llama"], source)
    for kind, kept, message in (
        ("unigram", "none", "writing no tokenizer: GGUF has keys for SentencePiece models of byte"),
        ("bpe", "llama", "writing a tokenizer that takes text as it is"),
    ):
        write_tokenizer(source, kind)  # by default with normalisation
        result = run_tool("ternary-export", source, "-o", tmp_path / "model.gguf")
        assert result.returncode == 0
        assert result.stderr.count("\n") == 1
        assert f"warning: {message}" in result.stderr
        fields = gguf.GGUFReader(tmp_path / "model.gguf").fields
        assert fields["tokenizer.ggml.model"].contents() == kept
        assert fields["tokenizer.ggml.bos_token_id"].contents() == 1


def test_what_goes_with_a_directory_stays_with_it(packed, tmp_path):
    source = tmp_path / "source"
    shutil.copytree(packed["bitnet"], source)
    (source / "tokenizer.json").write_text("{}", encoding="utf-8")
    copy = export(source, tmp_path / "copy")
    assert {path.name for path in copy.iterdir()} == {path.name for path in source.iterdir()}
    assert (copy / "tokenizer.json").read_text(encoding="utf-8") == "{}"
    assert copy.stat().st_mode == source.stat().st_mode


@pytest.mark.parametrize("name", ["bitnet-b1.58", "bitnet-25"])
def test_architecture(packed, compute, tmp_path, name):
    file = export(packed["bitnet"], tmp_path / "model.gguf", f"--architecture={name}")
    assert gguf.GGUFReader(file).fields["general.architecture"].contents() == name
    assert compute(file) == compute(packed["bitnet"])


@pytest.mark.parametrize(
    ("name", "flags", "message"),
    [
        (
            "bitnet-a",
            ["--type=tq2_0"],
            "tensor 'blk.0.attn_q.weight': expected a multiple of 256 columns for TQ2_0, got 128",
        ),
        (
            "bitnet-a",
            [],
            "tensor 'blk.0.ffn_down.weight': expected a multiple of 64 columns for IQ2_BN, got 352",
        ),
        ("bitnet-a", ["--type=i2_s"], "expected --i2s-blocks, the layout of I2_S"),
        (
            "bitnet-a",
            ["--architecture=bitnet"],
            "expected --architecture to be one of bitnet-b1.58, bitnet-25 for this model, "
            "got 'bitnet'",
        ),
        ("packed-norms", [], "expected layers without norms of their own (use_rms_norm)"),
        ("llama-tied", ["--type=tq2_0"], "expected no --type for a model whose layers take floats"),
        (
            "llama-tied",
            ["--float-type=q8_0"],
            "tensor 'token_embd.weight': expected rows of whole blocks of Q8_0, got shape [37, 39]",
        ),
        (
            "bitnet-odd",
            ["--to=hf"],
            "tensor 'model.layers.0.self_attn.q_proj.weight': expected a multiple of 4 rows to "
            "pack, got 42",
        ),
        ("bitnet-a", ["--to=hf", "--type=tq2_0"], "expected no --type, --float-type"),
        ("bitnet-a", ["--to=hf", "--i2s-blocks=64"], "expected no --i2s-blocks without"),
        ("nothing", [], "no such file or directory"),
        ("make_llama_golden.py", [], "expected a model directory or a .gguf file"),
    ],
)
def test_what_cannot_be_written_is_refused(tmp_path, name, flags, message):
    result = run_tool("ternary-export", DATA / name, "-o", tmp_path / "model.gguf", *flags)
    assert result.returncode == 1
    assert result.stderr.count("\n") == 1
    assert message in result.stderr
    assert not list(tmp_path.iterdir())


def test_where_to_write_has_to_be_said():
    result = run_tool("ternary-export", DATA / "bitnet-a")
    assert result.returncode == 1
    assert result.stderr == (
        "ternary-export: error: expected -o, where to write the model; see --help\n"
    )


def test_scales_that_directories_have_no_place_for(packed, tmp_path):
    """One for each row, in a model that is packed and one that is not."""
    for source, name, message in (
        (packed["bitnet"], "blk.0.attn_q.weight", "expected one scale, as packed weights have it"),
        (
            ROOT / "models" / "shakespeare",
            "blk.0.attn_i.weight",
            "expected one scale, as latent weights have it",
        ),
    ):
        file = export(source, tmp_path / "model.gguf", "--type=tq2_0", "--round-scales")
        (tensor,) = [one for one in gguf.GGUFReader(file).tensors if one.name == name]
        data = bytearray(file.read_bytes())
        scale = int(tensor.data_offset) + 64  # behind the codes of the first block, which is a row
        data[scale : scale + 2] = np.float16(0.5).tobytes()
        file.write_bytes(data)
        result = run_tool("ternary-export", file, "-o", tmp_path / "back")
        assert result.returncode == 1
        assert f"{message}, got [256]" in result.stderr
        assert [path.name for path in tmp_path.iterdir()] == ["model.gguf"]


def test_existing_outputs(packed, tmp_path):
    file = tmp_path / "model.gguf"
    file.write_text("something else", encoding="utf-8")
    assert gguf.GGUFReader(export(packed["bitnet"], file)).tensors
    directory = tmp_path / "model"
    directory.mkdir()
    export(packed["bitnet"], directory)
    for target, flags, message in (
        (directory, [], "expected a new or empty directory"),
        (file, ["--to=hf"], "expected a new or empty directory"),
        (directory, ["--to=gguf"], "expected a regular file"),
        (tmp_path / "nowhere" / "model", [], "No such file or directory"),
        (tmp_path / "nowhere" / "model.gguf", [], "No such file or directory"),
        (file / "model", [], "Not a directory"),
    ):
        result = run_tool("ternary-export", packed["bitnet"], "-o", target, *flags)
        assert result.returncode == 1
        assert result.stderr.count("\n") == 1
        assert message in result.stderr
        assert {path.name for path in tmp_path.iterdir()} == {"model", "model.gguf"}


@pytest.mark.parametrize("name", ["model.gguf", "model"])
def test_full_disk(packed, tmp_path, name):
    """A limit on the size of files fails the same way."""
    result = subprocess.run(
        [BIN / "ternary-export", packed["bitnet"], "-o", tmp_path / name],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (40000, 40000)),
    )
    assert result.returncode == 1
    assert result.stderr.count("\n") == 1
    assert f"cannot write '{os.fspath(tmp_path / name)}" in result.stderr
    assert not list(tmp_path.iterdir())
