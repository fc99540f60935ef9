"""Models in GGUF files, against what llama.cpp and ik_llama.cpp compute for them.

data/gguf/{llama-tq2,bitnet-tq1} were run by llama.cpp (make_gguf_model_golden.py), the others by
ik_llama.cpp (make_ik_model_golden.py). Both round activations to 8 bits, the one with a scale for
each 256 columns, the other with four for each token; ternary layers have one. None of them has the
logits of the same weights in float, which the goldens hold as well.
"""

import pathlib
import re
import struct
from collections.abc import Callable

import gguf
import numpy as np
import pytest
from conftest import run_tool
from family_checks import draw_latent, expect_reference_logits
from safetensors.numpy import load_file

DATA = pathlib.Path(__file__).parent / "data" / "gguf"
FLAGS = {"bitnet158-i2s": ("--i2s-blocks=128",)}
MODELS = ("llama-tq2", "bitnet-tq1", "bitnet-iq1", "bitnet25-iq2", "bitnet158-i2s")


def compute_error(logits: np.ndarray, expected: np.ndarray) -> float:
    """The root of the mean square difference, as a part of that of the logits."""
    return float(np.sqrt(((logits - expected) ** 2).mean() / (expected**2).mean()))


@pytest.mark.parametrize("name", MODELS)
def test_logits_agree(compile_model, compute_logits, name):
    """As close to the float model as the other program is, or nearly."""
    expected = load_file(DATA / f"{name}.safetensors")
    rounding = compute_error(expected["logits"], expected["float_logits"])
    library = compile_model(DATA / f"{name}.gguf", *FLAGS.get(name, ()))
    logits = compute_logits(library, expected["input_ids"][None])[0]
    assert rounding < 0.03
    assert compute_error(logits, expected["float_logits"]) < 1.5 * rounding
    assert compute_error(logits, expected["logits"]) < 2 * rounding


@pytest.mark.parametrize("name", MODELS)
def test_same_bits(compile_model, compute_logits, name):
    ids = load_file(DATA / f"{name}.safetensors")["input_ids"][None]
    flags = FLAGS.get(name, ())
    reference = compile_model(DATA / f"{name}.gguf", "--target=reference", *flags)
    expected = compute_logits(reference, ids)
    library = compile_model(DATA / f"{name}.gguf", *flags)
    for step in (False, True):
        for threads in (1, 2):
            assert compute_logits(library, ids, threads, step).tobytes() == expected.tobytes()


def test_other_i2s_blocks_are_other_weights(compile_model, compute_logits):
    """No check finds the wrong layout, so that it has to be said."""
    expected = load_file(DATA / "bitnet158-i2s.safetensors")
    library = compile_model(DATA / "bitnet158-i2s.gguf", "--i2s-blocks=64")
    logits = compute_logits(library, expected["input_ids"][None])[0]
    assert compute_error(logits, expected["float_logits"]) > 0.5


def rewrite(
    model: pathlib.Path,
    out: pathlib.Path,
    keys: dict[str, object] | None = None,
    change: Callable[[gguf.ReaderTensor], np.ndarray | None] = lambda tensor: None,
) -> pathlib.Path:
    """The file with other keys, none if a value is None, and tensors that `change` gives."""
    reader = gguf.GGUFReader(model)
    architecture = reader.fields["general.architecture"].contents()
    writer = gguf.GGUFWriter(out, architecture)
    keys = keys or {}
    for field in reader.fields.values():
        if field.name.startswith("GGUF.") or field.name in {"general.architecture", *keys}:
            continue
        element = field.types[-1] if field.types[0] == gguf.GGUFValueType.ARRAY else None
        writer.add_key_value(field.name, field.contents(), field.types[0], element)
    for name, value in keys.items():
        if value is not None:
            writer.add_key_value(name, value, gguf.GGUFValueType.get_type(value))
    for tensor in reader.tensors:
        changed = change(tensor)
        if changed is None:
            writer.add_tensor(tensor.name, tensor.data, raw_dtype=tensor.tensor_type)
        else:
            writer.add_tensor(tensor.name, changed)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return out


def to_floats(tensor: gguf.ReaderTensor) -> np.ndarray | None:
    """The weights of ternary types as F32, as converters write them."""
    if tensor.tensor_type != gguf.GGMLQuantizationType.TQ1_0:
        return None
    return gguf.dequantize(tensor.data, tensor.tensor_type)


def test_floats_that_are_ternary_keep_their_scale(tmp_path, compile_model, compute_logits):
    """Quantising them again would make it smaller."""
    name = "bitnet-tq1"
    model = rewrite(DATA / f"{name}.gguf", tmp_path / "floats.gguf", change=to_floats)
    ids = load_file(DATA / f"{name}.safetensors")["input_ids"][None]
    expected = compute_logits(compile_model(DATA / f"{name}.gguf"), ids)
    got = compute_logits(compile_model(model), ids)
    assert got.tobytes() == expected.tobytes()


def test_tokenizer(compile_model):
    """The SentencePiece model that llama.cpp took apart."""
    result = run_tool(
        "ternary-run", compile_model(DATA / "bitnet-tq1.gguf"), "--prompt=a b", "--tokens=3"
    )
    assert result.returncode == 0, result.stderr
    assert result.stdout


def patch(tmp_path: pathlib.Path, name: str, old: bytes, new: bytes) -> pathlib.Path:
    """A copy of a file with other bytes of the same number."""
    assert len(old) == len(new)
    data = (DATA / f"{name}.gguf").read_bytes()
    assert old in data
    copy = tmp_path / "model.gguf"
    copy.write_bytes(data.replace(old, new, 1))
    return copy


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            b"\x08\0\0\0\x05\0\0\0\0\0\0\0llama",
            b"\x08\0\0\0\x05\0\0\0\0\0\0\0gemma",
            "expected general.architecture to be one of llama, qwen3, bitnet, bitnet-b1.58, "
            "bitnet-25, hgrn_bit, rwkv, got 'gemma'",
        ),
        (
            b"llama.rope.freq_base",
            b"llama.rope.freq_mean",
            "expected no key 'llama.rope.freq_mean'",
        ),
        (
            b"llama.block_count",
            b"llama.block_depth",
            "key 'llama.block_count': expected an integer",
        ),
        (b"blk.1.attn_q.weight", b"blk.1.attn_z.weight", "expected tensor 'blk.1.attn_q.weight'"),
    ],
)
def test_what_is_not_known_is_refused(tmp_path, old, new, message):
    model = patch(tmp_path, "llama-tq2", old, new)
    library = tmp_path / "model.so"
    result = run_tool("ternary-compile", model, "-o", library)
    assert result.returncode == 1
    assert result.stderr.count("\n") == 1
    assert message in result.stderr
    assert not library.exists()


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        (
            {"bitnet.rope.scaling.factor": 8.0},
            "expected no scaling of rotations, which is not supported, got linear by 8",
        ),
        ({"bitnet.attention.causal": False}, "'bitnet.attention.causal' to be true, got false"),
        ({"bitnet.vocab_size": 5}, "key 'bitnet.vocab_size': expected an integer from 288 to 288"),
        ({"tokenizer.ggml.tokens": ["a"] * 289}, "expected from 1 to 288 tokens"),
        (
            {"bitnet.embedding_length": 0},
            "model.gguf: expected key 'bitnet.embedding_length' to be an integer from 1 to 524287",
        ),
        (
            {"bitnet.attention.head_count_kv": 3},
            "model.gguf: expected key 'bitnet.attention.head_count_kv' to divide the 4 attention",
        ),
        (
            {"bitnet.attention.head_count": 1000, "bitnet.attention.key_length": 64},
            "expected key 'bitnet.attention.head_count' of at most 256 times key "
            "'bitnet.attention.head_count_kv', got 1000 and 2",
        ),
        (
            {"tokenizer.ggml.bos_token_id": 288},
            "expected key 'tokenizer.ggml.bos_token_id' to be an integer from 0 to 287, got 288",
        ),
    ],
)
def test_keys_that_change_the_model_are_refused(tmp_path, keys, message):
    model = rewrite(DATA / "bitnet-tq1.gguf", tmp_path / "model.gguf", keys)
    result = run_tool("ternary-compile", model, "-o", tmp_path / "model.so")
    assert result.returncode == 1
    assert result.stderr.count("\n") == 1
    assert message in result.stderr


def test_keys_that_are_not_there(tmp_path):
    """Rotations are those of llama.cpp, whatever config.json of a family leaves out."""
    keys = {"bitnet.rope.freq_base": None, "tokenizer.ggml.add_bos_token": False}
    model = rewrite(DATA / "bitnet-tq1.gguf", tmp_path / "model.gguf", keys)
    result = run_tool("ternary-compile", model, "--compile-to=graph", "-o", "-")
    assert result.returncode == 0, result.stderr
    assert "theta = 1.000000e+04" in result.stdout
    assert "ignoring key 'tokenizer.ggml.add_bos_token', which is false" in result.stderr


def test_weights_that_are_not_finite(tmp_path):
    def change(tensor: gguf.ReaderTensor) -> np.ndarray | None:
        if tensor.name != "blk.0.ffn_up.weight":
            return None
        values = to_floats(tensor)
        values[values != 0] *= np.float32(np.inf)
        return values

    model = rewrite(DATA / "bitnet-tq1.gguf", tmp_path / "model.gguf", change=change)
    result = run_tool("ternary-compile", model, "-o", tmp_path / "model.so")
    assert result.returncode == 1
    assert "tensor 'blk.0.ffn_up.weight': expected finite values" in result.stderr


def test_layout_of_i2s_has_to_be_said(tmp_path):
    result = run_tool(
        "ternary-compile", DATA / "bitnet158-i2s.gguf", "--compile-to=graph", "-o", "-"
    )
    assert result.returncode == 1
    assert "expected --i2s-blocks" in result.stderr


@pytest.mark.parametrize(
    ("flag", "message"),
    [
        ("--function=train", "expected latent weights to train"),
        ("--random-weights", "expected no --random-weights with a GGUF file"),
        ("--epsilon=1e-6", "expected no --epsilon for model_type llama"),
        ("--max-tokens=257", "expected --max-tokens from 1 to 256, got 257"),
    ],
)
def test_what_has_no_meaning_is_refused(tmp_path, flag, message):
    library = tmp_path / "model.so"
    result = run_tool("ternary-compile", DATA / "llama-tq2.gguf", "-o", library, flag)
    assert result.returncode == 1
    assert message in result.stderr
    assert not library.exists()


def find_tensor(data: bytes, name: str) -> tuple[int, tuple[int, ...]]:
    """Where the data of a tensor begins, and its sizes."""
    names = [match.start() for match in re.finditer(rb"[a-z0-9_.]+\.weight", data)]
    ends = {}
    for start in names:
        length = struct.unpack_from("<Q", data, start - 8)[0]
        if not 0 < length < 100:
            continue
        (rank,) = struct.unpack_from("<I", data, start + length)
        *sizes, _, offset = struct.unpack_from(f"<{rank}QIQ", data, start + length + 4)
        end = start + length + 4 + 8 * rank + 12
        ends[data[start : start + length].decode()] = (end, offset, tuple(sizes))
    data_start = -(-max(end for end, _, _ in ends.values()) // 32) * 32
    return data_start + ends[name][1], ends[name][2]


def vary_scales(data: bytearray, name: str) -> None:
    """Gives each 256 weights of a tensor in TQ2_0, with two of them in a row, another scale."""
    start, (columns, rows) = find_tensor(data, name)
    assert columns == 512
    for block in range(2 * rows):
        place = start + 66 * block + 64
        scale = np.frombuffer(data[place : place + 2], np.float16) * (1 + block % 7)
        data[place : place + 2] = scale.astype(np.float16).tobytes()


@pytest.mark.parametrize("target", ["unfused", "portable", "avx2", "cpu"])
def test_scales_of_groups(tmp_path, compile_model, compute_logits, target):
    """TQ2_0 with another scale for each 256 weights, in layers with two of them in a row."""
    data = bytearray((DATA / "llama-tq2.gguf").read_bytes())
    for layer in range(2):
        vary_scales(data, f"blk.{layer}.ffn_down.weight")
    model = tmp_path / "groups.gguf"
    model.write_bytes(data)
    ids = load_file(DATA / "llama-tq2.safetensors")["input_ids"][None]
    plain = compute_logits(compile_model(DATA / "llama-tq2.gguf"), ids)
    logits = expect_reference_logits(compile_model, compute_logits, model, target, ids)
    assert np.abs(logits - plain).max() > 0.1


@pytest.mark.parametrize("target", ["portable", "avx2", "cpu"])
def test_scales_of_groups_of_merged_layers(tmp_path, compile_model, compute_logits, target):
    """Layers that share their input are one product, but for k, which has one scale."""
    sizes = {64: 512, 96: 512, 32: 256}
    members = {"hidden_size": 512, "intermediate_size": 512, "head_dim": 128}
    latent = draw_latent(tmp_path / "latent", "llama-grouped", sizes, members)
    model = tmp_path / "model.gguf"
    flags = ("--type=tq2_0", "--round-scales")
    result = run_tool("ternary-export", latent, "-o", model, *flags)
    assert result.returncode == 0, result.stderr
    data = bytearray(model.read_bytes())
    for layer in range(2):
        for name in ("attn_q", "attn_v", "ffn_gate", "ffn_up"):
            vary_scales(data, f"blk.{layer}.{name}.weight")
    model.write_bytes(data)
    ids = np.random.default_rng(3).integers(3, 29, (1, 11)).astype(np.int32)
    expect_reference_logits(compile_model, compute_logits, model, target, ids)


def test_fewer_tokens_take_less_memory(compile_model, compute_logits):
    ids = load_file(DATA / "llama-tq2.safetensors")["input_ids"][None]
    expected = compute_logits(compile_model(DATA / "llama-tq2.gguf"), ids)
    library = compile_model(DATA / "llama-tq2.gguf", "--max-tokens=17")
    assert compute_logits(library, ids, step=True).tobytes() == expected.tobytes()
    result = run_tool("ternary-run", library, "--prompt", 20 * "a b c ", "--tokens=1")
    assert result.returncode == 1
    assert "17" in result.stderr
