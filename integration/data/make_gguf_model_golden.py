#!/usr/bin/env python3
"""Records what llama.cpp computes for tiny ternary models.

    make_gguf_model_golden.py --out DIR

It needs the packages gguf, llama-cpp-python, numpy and safetensors. For each model it writes

    DIR/NAME.gguf           quantised by llama.cpp: TQ1_0 or TQ2_0, the rest in Q6_K, F16 and F32
    DIR/NAME.safetensors    input_ids i32[tokens]
                            logits f32[tokens, vocabulary], of the quantised model
                            float_logits f32[tokens, vocabulary], of the same weights as floats

llama.cpp rounds what is multiplied with quantised weights to 8 bits for each 256 columns, so that
`logits` are a little off; `float_logits` are those of a float model with ternary weights, but for
the weights that Q6_K and F16 round in the other one: they are rounded here before.
"""

from __future__ import annotations

import argparse
import ctypes
import sys
import tempfile
from pathlib import Path

import gguf
import llama_cpp
import numpy as np
from gguf import GGMLQuantizationType
from safetensors.numpy import save_file

HIDDEN, FEED_FORWARD, LAYERS = 256, 512, 2
HEADS, KEY_VALUE_HEADS, HEAD_SIZE = 4, 2, 64
TOKENS = 17

# What is special about them: keys and values that heads share and a head of its own; norms before
# the last layer of each branch and a tied table.
MODELS = {
    "llama-tq2": ("llama", llama_cpp.LLAMA_FTYPE_MOSTLY_TQ2_0),
    "bitnet-tq1": ("bitnet", llama_cpp.LLAMA_FTYPE_MOSTLY_TQ1_0),
}


def make_vocabulary() -> list[str]:
    """The pieces of a SentencePiece tokenizer: control tokens, bytes and a few letters."""
    pieces = ["<unk>", "<s>", "</s>"] + [f"<0x{byte:02X}>" for byte in range(256)]
    return pieces + [f"▁{letter}" for letter in "abcdefgh"] + list("abcdefghijklmnopqrstu")


def add_keys(writer: gguf.GGUFWriter, pieces: list[str]) -> None:
    """The configuration and the tokenizer."""
    writer.add_context_length(256)
    writer.add_embedding_length(HIDDEN)
    writer.add_block_count(LAYERS)
    writer.add_feed_forward_length(FEED_FORWARD)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(KEY_VALUE_HEADS)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_rope_dimension_count(HEAD_SIZE)
    writer.add_rope_freq_base(10000.0)
    writer.add_vocab_size(len(pieces))
    writer.add_tokenizer_model("llama")
    writer.add_tokenizer_pre("default")
    writer.add_token_list(pieces)
    writer.add_token_scores([0.0] * 259 + [-float(i) for i in range(len(pieces) - 259)])
    types = [gguf.TokenType.UNKNOWN] + 2 * [gguf.TokenType.CONTROL] + 256 * [gguf.TokenType.BYTE]
    writer.add_token_types(types + (len(pieces) - 259) * [gguf.TokenType.NORMAL])
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)


def make_tensors(architecture: str, vocabulary: int, seed: int) -> dict[str, np.ndarray]:
    """Weights as floats: ternary ones have a scale that f16 holds, and no 256 of them are zero."""
    generator = np.random.default_rng(seed)
    tensors = {}

    def add_ternary(name: str, rows: int, columns: int) -> None:
        scale = np.float32(np.float16(generator.uniform(0.05, 0.1)))
        trits = generator.integers(-1, 2, (rows, columns))
        tensors[name] = trits.astype(np.float32) * scale

    def add_gain(name: str, size: int) -> None:
        tensors[name] = (1 + 0.2 * generator.normal(size=size)).astype(np.float32)

    table = generator.normal(size=(vocabulary, HIDDEN)).astype(np.float16)
    tensors["token_embd.weight"] = table.astype(np.float32)
    add_gain("output_norm.weight", HIDDEN)
    if architecture == "llama":
        tensors["output.weight"] = (0.1 * generator.normal(size=(vocabulary, HIDDEN))).astype(
            np.float32
        )
    for i in range(LAYERS):
        block = f"blk.{i}."
        add_gain(block + "attn_norm.weight", HIDDEN)
        add_gain(block + "ffn_norm.weight", HIDDEN)
        if architecture == "bitnet":
            add_gain(block + "attn_sub_norm.weight", HIDDEN)
            add_gain(block + "ffn_sub_norm.weight", FEED_FORWARD)
        add_ternary(block + "attn_q.weight", HEADS * HEAD_SIZE, HIDDEN)
        add_ternary(block + "attn_k.weight", KEY_VALUE_HEADS * HEAD_SIZE, HIDDEN)
        add_ternary(block + "attn_v.weight", KEY_VALUE_HEADS * HEAD_SIZE, HIDDEN)
        add_ternary(block + "attn_output.weight", HIDDEN, HEADS * HEAD_SIZE)
        add_ternary(block + "ffn_gate.weight", FEED_FORWARD, HIDDEN)
        add_ternary(block + "ffn_up.weight", FEED_FORWARD, HIDDEN)
        add_ternary(block + "ffn_down.weight", HIDDEN, FEED_FORWARD)
    return tensors


def write(path: Path, architecture: str, tensors: dict[str, np.ndarray]) -> None:
    """Writes a model with all weights as floats."""
    writer = gguf.GGUFWriter(path, architecture)
    add_keys(writer, make_vocabulary())
    for name, tensor in tensors.items():
        writer.add_tensor(name, tensor)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def quantize(source: Path, target: Path, file_type: int) -> None:
    """Lets llama.cpp quantise a model."""
    parameters = llama_cpp.llama_model_quantize_default_params()
    parameters.ftype = file_type
    parameters.nthread = 1
    parameters.token_embedding_type = GGMLQuantizationType.F16
    parameters.output_tensor_type = GGMLQuantizationType.Q6_K
    status = llama_cpp.llama_model_quantize(
        str(source).encode(), str(target).encode(), ctypes.byref(parameters)
    )
    assert status == 0


def read_floats(path: Path) -> dict[str, np.ndarray]:
    """The weights of a quantised model."""
    return {
        tensor.name: np.array(
            gguf.quants.dequantize(tensor.data, tensor.tensor_type), np.float32
        ).reshape([int(size) for size in reversed(tensor.shape)])
        for tensor in gguf.GGUFReader(path).tensors
    }


def compute_logits(path: Path, ids: np.ndarray) -> np.ndarray:
    """What llama.cpp computes, for all tokens at once, with keys and values in f32."""
    model = llama_cpp.Llama(
        str(path),
        n_ctx=256,
        logits_all=True,
        n_threads=1,
        n_gpu_layers=0,
        type_k=GGMLQuantizationType.F32,
        type_v=GGMLQuantizationType.F32,
        flash_attn=False,
        verbose=False,
    )
    model.eval(ids.tolist())
    return np.array(model.scores[: len(ids)], np.float32)


def record(name: str, out: Path) -> None:
    """Writes one model and what is expected of it."""
    architecture, file_type = MODELS[name]
    seed = sorted(MODELS).index(name)
    vocabulary = len(make_vocabulary())
    tensors = make_tensors(architecture, vocabulary, seed)
    ids = np.random.default_rng(seed).integers(3, vocabulary, TOKENS).astype(np.int32)
    with tempfile.TemporaryDirectory() as directory:
        floats = Path(directory) / "floats.gguf"
        write(floats, architecture, tensors)
        quantize(floats, out / f"{name}.gguf", file_type)
        rounded = read_floats(out / f"{name}.gguf")
        for tensor, values in tensors.items():
            if tensor.startswith("blk.") or tensor == "token_embd.weight":
                assert np.array_equal(values, rounded[tensor]), tensor
        write(floats, architecture, rounded)
        float_logits = compute_logits(floats, ids)
    logits = compute_logits(out / f"{name}.gguf", ids)
    save_file(
        {"input_ids": ids, "logits": logits, "float_logits": float_logits},
        out / f"{name}.safetensors",
    )
    difference = abs(logits - float_logits).max() / abs(float_logits).max()
    print(f"{name}: 8-bit activations change logits by {difference:.2%} of the largest")


def main() -> int:
    """Runs what the command line asks for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--out", type=Path, required=True, help="directory to write")
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    for name in MODELS:
        record(name, arguments.out)
    return 0


if __name__ == "__main__":
    sys.exit(main())
