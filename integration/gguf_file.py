"""GGUF files of any types of tensors, written from the description of the format alone."""

import pathlib
import struct
from dataclasses import dataclass

import numpy as np

UINT32, FLOAT32, BOOL, STRING = 4, 6, 7, 8
ALIGNMENT = 32

# Numbers of types.
F32, TQ2_0, Q2_0, PQ2_0, PTQ1_0 = 0, 35, 42, 142, 143


@dataclass
class Tensor:
    """A tensor as it lies in a file."""

    type: int
    shape: tuple[int, ...]
    data: bytes


def floats(values: np.ndarray) -> Tensor:
    values = np.ascontiguousarray(values, np.float32)
    return Tensor(F32, values.shape, values.tobytes())


def _text(text: str) -> bytes:
    return struct.pack("<Q", len(text.encode())) + text.encode()


def _value(value: object) -> bytes:
    match value:
        case bool():
            return struct.pack("<I?", BOOL, value)
        case int():
            return struct.pack("<II", UINT32, value)
        case float():
            return struct.pack("<If", FLOAT32, value)
        case _:
            return struct.pack("<I", STRING) + _text(value)


def write(path: pathlib.Path, keys: dict[str, object], tensors: dict[str, Tensor]) -> pathlib.Path:
    header = b"GGUF" + struct.pack("<IQQ", 3, len(tensors), len(keys))
    for key, value in keys.items():
        header += _text(key) + _value(value)
    data = b""
    for name, tensor in tensors.items():
        header += _text(name) + struct.pack("<I", len(tensor.shape))
        header += struct.pack(f"<{len(tensor.shape)}Q", *reversed(tensor.shape))
        header += struct.pack("<IQ", tensor.type, len(data))
        data += tensor.data + bytes(-len(tensor.data) % ALIGNMENT)
    path.write_bytes(header + bytes(-len(header) % ALIGNMENT) + data)
    return path


def _split(codes: np.ndarray, scales: np.ndarray, block: int) -> tuple[np.ndarray, np.ndarray]:
    """Codes of blocks and the bytes of their scales."""
    blocks = codes.astype(np.uint8).reshape(-1, block)
    return blocks, scales.astype(np.float16).reshape(-1, 1).view(np.uint8)


def encode_q2(codes: np.ndarray, scales: np.ndarray, block: int) -> bytes:
    """Q2_0 and PQ2_0: weight j in bits 2 (j mod 4) of byte j / 4 behind the scale."""
    blocks, d = _split(codes, scales, block)
    quads = blocks.reshape(len(blocks), -1, 4) << np.array([0, 2, 4, 6], np.uint8)
    return np.concatenate([d, np.bitwise_or.reduce(quads, axis=-1)], axis=1).tobytes()


def encode_ptq1(codes: np.ndarray, scales: np.ndarray) -> bytes:
    """PTQ1_0: the first of up to five digits of base 3 is the most significant."""
    blocks, d = _split(codes, scales, 128)
    out = np.zeros((len(blocks), 26), np.uint8)
    for first, begin, stride, digits in ((0, 0, 16, 5), (16, 80, 8, 5), (24, 120, 2, 4)):
        for m in range(stride):
            value = np.zeros(len(blocks), int)
            for n in range(5):
                digit = blocks[:, begin + m + stride * n] if n < digits else 0
                value = 3 * value + digit
            out[:, first + m] = (256 * value + 242) // 243
    return np.concatenate([out, d], axis=1).tobytes()


def make_llama(
    generator: np.random.Generator, vocabulary: int, hidden: int, feed_forward: int
) -> tuple[dict[str, object], dict[str, np.ndarray]]:
    """The keys and weights of a model of one block."""
    keys = {
        "general.architecture": "llama",
        "llama.block_count": 1,
        "llama.context_length": 64,
        "llama.embedding_length": hidden,
        "llama.feed_forward_length": feed_forward,
        "llama.attention.head_count": 2,
        "llama.attention.layer_norm_rms_epsilon": 1e-5,
    }
    shapes = {
        "token_embd": (vocabulary, hidden),
        "output": (vocabulary, hidden),
        "blk.0.attn_q": (hidden, hidden),
        "blk.0.attn_k": (hidden, hidden),
        "blk.0.attn_v": (hidden, hidden),
        "blk.0.attn_output": (hidden, hidden),
        "blk.0.ffn_gate": (feed_forward, hidden),
        "blk.0.ffn_up": (feed_forward, hidden),
        "blk.0.ffn_down": (hidden, feed_forward),
    }
    weights = {
        f"{name}.weight": 0.1 * generator.normal(size=shape).astype(np.float32)
        for name, shape in shapes.items()
    }
    for name in ("output_norm", "blk.0.attn_norm", "blk.0.ffn_norm"):
        weights[f"{name}.weight"] = np.ones(hidden, np.float32)
    return keys, weights
