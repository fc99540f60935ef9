#!/usr/bin/env python3
"""Records what the GGUF packages write and read of every type of tensors and keys.

    make_gguf_golden.py --out DIR

It needs the packages gguf, ik-llama-cpp-python (for its libggml), numpy and safetensors, and writes

    DIR/types.gguf            a tensor of each type and a key of each type, by gguf's writer
    DIR/types.safetensors     what they hold: NAME f32[...] for floats as gguf de-quantises them,
                              NAME.trits i8[N, K] and NAME.scale f32[...] for trits
    DIR/split-*-of-*.gguf     three files of one model

TQ1_0, TQ2_0 and Q8_0 are quantised by gguf, IQ1_BN and IQ2_BN by ik_llama.cpp. No package writes
I2_S: it is laid out here, and blocks of 128 weights are read back by ik_llama.cpp.
"""

from __future__ import annotations

import argparse
import ctypes
import sys
from importlib.util import find_spec
from pathlib import Path

import gguf
import numpy as np
from gguf import GGMLQuantizationType, GGUFValueType
from safetensors.numpy import save_file

ROWS, COLUMNS = 5, 512
GROUP = 256

# Numbers that gguf does not know.
I2_S, IQ1_BN, IQ2_BN = 36, 134, 135


class IkGGML:
    """The functions of ik_llama.cpp that quantise and de-quantise ternary types."""

    def __init__(self) -> None:
        package = Path(find_spec("ik_llama_cpp").origin).parent
        self.library = ctypes.CDLL(str(package / "lib" / "libggml.so"))
        self.library.ggml_quantize_chunk.argtypes = [
            ctypes.c_int,
            ctypes.c_void_p,
            ctypes.c_void_p,
            ctypes.c_int64,
            ctypes.c_int64,
            ctypes.c_int64,
            ctypes.c_void_p,
        ]
        self.library.ggml_row_size.argtypes = [ctypes.c_int, ctypes.c_int64]
        self.library.ggml_row_size.restype = ctypes.c_size_t
        self.library.dequantize_row_ms_i2s.argtypes = [
            ctypes.c_void_p,
            ctypes.c_void_p,
            ctypes.c_int64,
        ]

    def quantize(self, number: int, weights: np.ndarray) -> np.ndarray:
        """The bytes of `weights` in a type."""
        rows, columns = weights.shape
        weights = np.ascontiguousarray(weights, np.float32)
        row_bytes = self.library.ggml_row_size(number, columns)
        # It writes beyond the last row.
        data = np.zeros(rows * row_bytes + 64, np.uint8)
        self.library.ggml_quantize_chunk(
            number, weights.ctypes.data, data.ctypes.data, 0, rows, columns, None
        )
        assert not data[rows * row_bytes :].any()
        return data[: rows * row_bytes]

    def dequantize_i2s(self, data: np.ndarray, count: int) -> np.ndarray:
        """The weights of an I2_S tensor as f32."""
        weights = np.empty(count, np.float32)
        self.library.dequantize_row_ms_i2s(data.ctypes.data, weights.ctypes.data, count)
        return weights


def encode_i2s(trits: np.ndarray, scale: np.float32, block: int) -> np.ndarray:
    """I2_S as bitnet.cpp lays it out on x86 (blocks of 128) and on Arm (of 64)."""
    codes = (trits.reshape(-1, 4, block // 4) + 1).astype(np.uint8)
    packed = codes[:, 0] << 6 | codes[:, 1] << 4 | codes[:, 2] << 2 | codes[:, 3]
    # What follows the scale is whatever memory held.
    tail = np.arange(32, dtype=np.uint8)
    tail[:4] = np.array([scale]).view(np.uint8)
    return np.concatenate([packed.reshape(-1), tail])


def draw_trits(generator: np.random.Generator) -> np.ndarray:
    """Trits of which no group is all zero: that would be quantised with a scale of zero."""
    trits = generator.integers(-1, 2, (ROWS, COLUMNS)).astype(np.int8)
    assert abs(trits).reshape(ROWS, -1, GROUP).max(axis=-1).all()
    return trits


def draw_scales(generator: np.random.Generator, *shape: int) -> np.ndarray:
    """Scales that f16 holds."""
    return generator.uniform(0.01, 2, shape).astype(np.float16).astype(np.float32)


def draw_q6(generator: np.random.Generator) -> np.ndarray:
    """Any bytes, but for the f16 scales."""
    data = generator.integers(0, 256, (ROWS, COLUMNS // GROUP, 210)).astype(np.uint8)
    data[..., 208:] = generator.normal(size=data.shape[:2] + (1,)).astype(np.float16).view(np.uint8)
    return data.reshape(ROWS, -1)


def add_raw(
    writer: gguf.GGUFWriter, name: str, shape: tuple, number: int, data: np.ndarray
) -> None:
    """Adds the bytes of a type that gguf does not know."""
    writer.add_tensor_info(name, shape, np.dtype(np.int8), data.nbytes, raw_dtype=number)
    writer.tensors[-1][name].tensor = data


def add_keys(writer: gguf.GGUFWriter) -> None:
    """A key of each type."""
    writer.add_uint8("test.u8", 200)
    writer.add_int8("test.i8", -100)
    writer.add_uint16("test.u16", 60000)
    writer.add_int16("test.i16", -30000)
    writer.add_uint32("test.u32", 4000000000)
    writer.add_int32("test.i32", -2000000000)
    writer.add_float32("test.f32", 1.5)
    writer.add_bool("test.bool", True)
    writer.add_string("test.string", "trits: −1, 0, +1")
    writer.add_uint64("test.u64", 1 << 62)
    writer.add_int64("test.i64", -(1 << 62))
    writer.add_float64("test.f64", 0.1)
    writer.add_array("test.integers", [3, -1, 4])
    writer.add_array("test.floats", [0.5, -0.25])
    writer.add_array("test.strings", ["a", "", "ccc"])
    writer.add_key_value("test.u64s", [1 << 62, 2], GGUFValueType.ARRAY, GGUFValueType.UINT64)
    writer.add_array("test.nested", [[1, 2], [3]])


def make_types(out: Path) -> None:
    """Writes a tensor of each type."""
    generator = np.random.default_rng(1)
    ik = IkGGML()
    writer = gguf.GGUFWriter(out / "types.gguf", "test")
    add_keys(writer)
    expected = {}

    floats = generator.normal(size=(ROWS, COLUMNS)).astype(np.float32)
    vector = generator.normal(size=7).astype(np.float32)
    writer.add_tensor("f32", vector)
    expected["f32"] = vector
    for kind in (
        GGMLQuantizationType.F16,
        GGMLQuantizationType.BF16,
        GGMLQuantizationType.Q8_0,
        GGMLQuantizationType.Q6_K,
    ):
        name = kind.name.lower()
        if kind == GGMLQuantizationType.Q6_K:
            data = draw_q6(generator)
        else:
            data = gguf.quants.quantize(floats, kind)
        writer.add_tensor(name, data, raw_dtype=kind)
        expected[name] = gguf.quants.dequantize(data, kind).astype(np.float32)
    expected["floats"] = floats

    def expect(name: str, trits: np.ndarray, scale: np.ndarray) -> None:
        expected[f"{name}.trits"] = trits
        expected[f"{name}.scale"] = scale

    for kind in (GGMLQuantizationType.TQ1_0, GGMLQuantizationType.TQ2_0):
        trits = draw_trits(generator)
        scale = draw_scales(generator, ROWS, COLUMNS // GROUP)
        weights = trits * np.repeat(scale, GROUP, axis=1)
        writer.add_tensor(kind.name.lower(), gguf.quants.quantize(weights, kind), raw_dtype=kind)
        expect(kind.name.lower(), trits, scale)

    shape = (ROWS, COLUMNS)
    for name, block in (("i2_s_128", 128), ("i2_s_64", 64)):
        trits = draw_trits(generator)
        scale = np.float32(generator.uniform(0.01, 2))
        data = encode_i2s(trits, scale, block)
        if block == 128:
            assert np.array_equal(ik.dequantize_i2s(data, trits.size).reshape(shape), trits * scale)
        add_raw(writer, name, shape, I2_S, data)
        expect(name, trits, scale.reshape(1))

    for name, number in (("iq1_bn", IQ1_BN), ("iq2_bn", IQ2_BN)):
        trits = draw_trits(generator)
        scale = draw_scales(generator, ROWS)
        add_raw(writer, name, shape, number, ik.quantize(number, trits * scale[:, None]))
        expect(name, trits, scale)

    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    save_file(expected, out / "types.safetensors")


def make_split(out: Path) -> None:
    """Writes a model of three files."""
    writer = gguf.GGUFWriter(out / "split.gguf", "test", split_max_tensors=2)
    for i in range(5):
        writer.add_tensor(f"t{i}", np.full(3 + i, i, np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def main() -> int:
    """Runs what the command line asks for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--out", type=Path, required=True, help="directory to write")
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    make_types(arguments.out)
    make_split(arguments.out)
    return 0


if __name__ == "__main__":
    sys.exit(main())
