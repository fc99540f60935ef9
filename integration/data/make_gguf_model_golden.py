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
from gguf_golden import Model, draw_ids, make_tensors, read_floats, save, write


def make_vocabulary() -> list[str]:
    """The pieces of a SentencePiece tokenizer: control tokens, bytes and a few letters."""
    pieces = ["<unk>", "<s>", "</s>"] + [f"<0x{byte:02X}>" for byte in range(256)]
    return pieces + [f"▁{letter}" for letter in "abcdefgh"] + list("abcdefghijklmnopqrstu")


def make_model(architecture: str) -> Model:
    """A model of two layers."""
    return Model(
        architecture,
        vocabulary=len(make_vocabulary()),
        hidden=256,
        feed_forward=512,
        layers=2,
        heads=4,
    )


# What is special about them: keys and values that heads share and a head of its own; norms before
# the last layer of each branch and a tied table.
MODELS = {
    "llama-tq2": (make_model("llama"), llama_cpp.LLAMA_FTYPE_MOSTLY_TQ2_0),
    "bitnet-tq1": (make_model("bitnet"), llama_cpp.LLAMA_FTYPE_MOSTLY_TQ1_0),
}


def add_tokenizer(writer: gguf.GGUFWriter) -> None:
    """The tokenizer."""
    pieces = make_vocabulary()
    writer.add_tokenizer_model("llama")
    writer.add_tokenizer_pre("default")
    writer.add_token_list(pieces)
    writer.add_token_scores([0.0] * 259 + [-float(i) for i in range(len(pieces) - 259)])
    types = [gguf.TokenType.UNKNOWN] + 2 * [gguf.TokenType.CONTROL] + 256 * [gguf.TokenType.BYTE]
    writer.add_token_types(types + (len(pieces) - 259) * [gguf.TokenType.NORMAL])
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)


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
    model, file_type = MODELS[name]
    seed = sorted(MODELS).index(name)
    tensors = make_tensors(model, seed)
    ids = draw_ids(model, seed)
    with tempfile.TemporaryDirectory() as directory:
        floats = Path(directory) / "floats.gguf"
        write(floats, model, tensors, add_tokenizer)
        quantize(floats, out / f"{name}.gguf", file_type)
        rounded = read_floats(out / f"{name}.gguf")
        for tensor, values in tensors.items():
            if tensor.startswith("blk.") or tensor == "token_embd.weight":
                assert np.array_equal(values, rounded[tensor]), tensor
        write(floats, model, rounded, add_tokenizer)
        float_logits = compute_logits(floats, ids)
    logits = compute_logits(out / f"{name}.gguf", ids)
    save(out / f"{name}.safetensors", ids, logits, float_logits)


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
