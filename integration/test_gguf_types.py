"""Types of tensors in GGUF files whose weights are read as floats."""

import pathlib

import gguf
import gguf_file
import numpy as np
import pytest
from conftest import run_tool
from gguf import GGMLQuantizationType as Type
from gguf_file import PQ2_0, PTQ1_0, Q2_0, TQ2_0, Tensor, floats
from safetensors.numpy import load_file

# Where blocks have numbers in f16.
SCALES = {
    Type.Q4_0: (0,),
    Type.Q4_1: (0, 2),
    Type.Q5_0: (0,),
    Type.Q5_1: (0, 2),
    Type.Q8_0: (0,),
    Type.Q2_K: (80, 82),
    Type.Q3_K: (108,),
    Type.Q4_K: (0, 2),
    Type.Q5_K: (0, 2),
    Type.Q6_K: (208,),
    Type.IQ4_NL: (0,),
    Type.IQ4_XS: (0,),
}


def draw_blocks(generator: np.random.Generator, kind: Type, rows: int, columns: int) -> np.ndarray:
    """Any bytes, with scales that are finite: all codes of all types have a meaning."""
    weights, size = gguf.GGML_QUANT_SIZES[kind]
    blocks = generator.integers(0, 256, (rows * columns // weights, size), dtype=np.uint8)
    for place in SCALES[kind]:
        scale = generator.normal(size=len(blocks)).astype(np.float16)
        blocks[:, place : place + 2] = scale.reshape(-1, 1).view(np.uint8)
    return blocks.reshape(rows, -1)


@pytest.mark.parametrize("kind", SCALES, ids=lambda kind: kind.name)
def test_blocks_of_floats(tmp_path, kind):
    """As the package gguf reads them, which has ggml's order of operations, to the bit."""
    generator = np.random.default_rng(kind.value)
    keys, weights = gguf_file.make_llama(generator, 24, 256, 256)
    blocks = draw_blocks(generator, kind, 24, 256)
    tensors = {name: floats(values) for name, values in weights.items()}
    tensors["token_embd.weight"] = Tensor(kind, (24, 256), blocks.tobytes())
    model = gguf_file.write(tmp_path / "model.gguf", keys, tensors)
    result = run_tool("ternary-export", model, "-o", tmp_path / "model")
    assert result.returncode == 0, result.stderr
    read = load_file(tmp_path / "model" / "model.safetensors")["model.embed_tokens.weight"]
    assert read.tobytes() == gguf.dequantize(blocks, kind).tobytes()


def draw_trits(
    generator: np.random.Generator, shape: tuple[int, int], block: int
) -> tuple[np.ndarray, np.ndarray]:
    """Codes 0 to 2 and a scale for each block, which differ."""
    codes = generator.integers(0, 3, shape)
    scales = generator.uniform(0.01, 0.2, codes.size // block).astype(np.float16)
    return codes, scales


def to_floats(codes: np.ndarray, scales: np.ndarray, block: int) -> np.ndarray:
    values = (codes.reshape(-1, block) - 1) * scales.astype(np.float32)[:, None]
    return values.reshape(codes.shape).astype(np.float32)


ENCODINGS = {
    "q2_0": (Q2_0, 64, lambda *weights: gguf_file.encode_q2(*weights, 64)),
    "q2_0-128": (Q2_0, 128, lambda *weights: gguf_file.encode_q2(*weights, 128)),
    "pq2_0": (PQ2_0, 128, lambda *weights: gguf_file.encode_q2(*weights, 128)),
    "ptq1_0": (PTQ1_0, 128, gguf_file.encode_ptq1),
}


def write_pair(
    folder: pathlib.Path, encoding: str, change_codes=lambda _name, _codes: None
) -> tuple[pathlib.Path, pathlib.Path]:
    """A model with all matrices in a type, and the same in floats."""
    kind, block, encode = ENCODINGS[encoding]
    generator = np.random.default_rng(len(encoding))
    keys, weights = gguf_file.make_llama(generator, 96, 128, 256)
    packed, plain = {}, {}
    for name, values in weights.items():
        plain[name] = packed[name] = floats(values)
        if values.ndim == 2:
            codes, scales = draw_trits(generator, values.shape, block)
            change_codes(name, codes)
            packed[name] = Tensor(kind, values.shape, encode(codes, scales))
            plain[name] = floats(to_floats(codes, scales, block))
    return (
        gguf_file.write(folder / "packed.gguf", keys, packed),
        gguf_file.write(folder / "plain.gguf", keys, plain),
    )


IDS = np.arange(1, 12, dtype=np.int32)[None]


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_trits_with_float_activations(tmp_path, compile_model, compute_logits, encoding):
    """All matrices are trits, and logits are those of the same weights in floats."""
    packed, plain = write_pair(tmp_path, encoding)
    result = run_tool("ternary-compile", packed, "-o", tmp_path / "m.so", "--progress")
    assert result.returncode == 0, result.stderr
    assert "recognised 9 of 9 float weights as ternary" in result.stderr
    expected = compute_logits(compile_model(plain), IDS)
    assert compute_logits(tmp_path / "m.so", IDS).tobytes() == expected.tobytes()


@pytest.mark.parametrize("encoding", ["q2_0", "q2_0-128", "pq2_0"])
def test_codes_of_two(tmp_path, compile_model, compute_logits, encoding):
    """Code 3 is no trit: such a weight is a float one."""

    def change(name: str, codes: np.ndarray) -> None:
        if name == "blk.0.ffn_up.weight":
            codes[100, 77] = 3

    packed, plain = write_pair(tmp_path, encoding, change)
    result = run_tool("ternary-compile", packed, "-o", tmp_path / "m.so", "--progress")
    assert result.returncode == 0, result.stderr
    assert "recognised 8 of 9 float weights as ternary" in result.stderr
    expected = compute_logits(compile_model(plain), IDS)
    assert compute_logits(tmp_path / "m.so", IDS).tobytes() == expected.tobytes()


def expect_error(model: pathlib.Path, message: str) -> None:
    result = run_tool("ternary-compile", model, "--compile-to=graph", "-o", "-")
    assert result.returncode == 1
    assert result.stderr.count("\n") == 1
    assert message in result.stderr


def test_layers_with_other_weights_than_trits(tmp_path):
    """BitNet's layers are ternary, and blocks are no latent weights that could be made so."""
    generator = np.random.default_rng(0)
    keys, weights = gguf_file.make_llama(generator, 32, 256, 256)
    keys = {key.replace("llama.", "bitnet-b1.58."): value for key, value in keys.items()}
    keys["general.architecture"] = "bitnet-b1.58"
    weights["blk.0.attn_sub_norm.weight"] = np.ones(256, np.float32)
    weights["blk.0.ffn_sub_norm.weight"] = np.ones(256, np.float32)
    tensors = {name: floats(values) for name, values in weights.items()}
    blocks = draw_blocks(generator, Type.Q4_K, 256, 256)
    tensors["blk.0.attn_v.weight"] = Tensor(Type.Q4_K, (256, 256), blocks.tobytes())
    model = gguf_file.write(tmp_path / "model.gguf", keys, tensors)
    result = run_tool("ternary-compile", model, "-o", tmp_path / "model.so")
    assert result.returncode == 1
    assert (
        "tensor 'blk.0.attn_v.weight': expected trits with scales for a ternary layer, got other "
        "weights in Q4_K" in result.stderr
    )


def test_q2_0_of_neither_size(tmp_path):
    keys, weights = gguf_file.make_llama(np.random.default_rng(0), 32, 256, 256)
    tensors = {name: floats(values) for name, values in weights.items()}
    tensors["blk.0.attn_q.weight"] = Tensor(Q2_0, (256, 256), bytes(66 * 256))
    expect_error(
        gguf_file.write(tmp_path / "model.gguf", keys, tensors),
        "blocks of 128 weights of Q2_0 do not fit either",
    )


def test_q2_0_of_either_size(tmp_path):
    """Tensors that are so small that padding hides what they take."""
    tensors = {"a": Tensor(Q2_0, (128,), bytes(36))}
    expect_error(
        gguf_file.write(tmp_path / "model.gguf", {"general.architecture": "llama"}, tensors),
        "expected tensors of Q2_0 whose sizes tell blocks of 64 weights from blocks of 128",
    )


def test_rotated_weights_are_refused(tmp_path):
    keys, weights = gguf_file.make_llama(np.random.default_rng(0), 32, 64, 64)
    keys["prism.hadamard.version"] = 1
    tensors = {name: floats(values) for name, values in weights.items()}
    expect_error(
        gguf_file.write(tmp_path / "model.gguf", keys, tensors),
        "expected no key 'prism.hadamard.version': rotated weights are not supported",
    )


def test_what_llama_quantize_writes(tmp_path, compile_model, compute_logits):
    """Layers in TQ2_0, the table in Q4_K and the head in Q6_K."""
    generator = np.random.default_rng(5)
    keys, weights = gguf_file.make_llama(generator, 32, 256, 512)
    tensors, plain = {}, {}
    for name, values in weights.items():
        tensors[name] = plain[name] = floats(values)
        if values.ndim == 2:
            trits = np.sign(values).astype(np.float32) * np.float32(0.125)
            data = gguf.quantize(trits, Type.TQ2_0)
            tensors[name] = plain[name] = Tensor(TQ2_0, values.shape, data.tobytes())
    for name, kind in (("token_embd.weight", Type.Q4_K), ("output.weight", Type.Q6_K)):
        blocks = draw_blocks(generator, kind, 32, 256)
        tensors[name] = Tensor(kind, (32, 256), blocks.tobytes())
        plain[name] = floats(gguf.dequantize(blocks, kind))
    logits = [
        compute_logits(compile_model(gguf_file.write(tmp_path / name, keys, each)), IDS)
        for name, each in (("blocks.gguf", tensors), ("plain.gguf", plain))
    ]
    assert logits[0].tobytes() == logits[1].tobytes()
