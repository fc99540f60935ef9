#!/usr/bin/env python3
"""Records what ik_llama.cpp computes for tiny ternary models.

    make_ik_model_golden.py --out DIR

It needs the packages gguf, ik-llama-cpp-python, numpy and safetensors, and writes the same as
make_gguf_model_golden.py, in IQ1_BN and IQ2_BN as ik_llama.cpp quantises them, and in I2_S. No
package writes I2_S: it is laid out here. ik_llama.cpp reads it, but what it computes with it is
wrong without an error, so that `logits` are those of the model that it makes of the file in IQ2_BN.

`float_logits` are those of the weights before they are quantised, or as ik_llama.cpp reads them
from I2_S; both are asked of it. It rounds what is multiplied with ternary weights to 8 bits with
four scales for each token (columns with the same j / 4 mod 4 share one), and values to f16, as it
has none in f32. Its ternary layers have at least 512 columns: hence one layer and few ids, which
keep files small.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

import gguf
import ik_llama_cpp
import numpy as np
from gguf import GGMLQuantizationType
from gguf_golden import Model, draw_ids, is_ternary, make_tensors, read_floats, save, write
from ik_llama_cpp import _ctypes_api as api
from make_gguf_golden import I2_S, add_raw, encode_i2s


def make_model(architecture: str, has_row_scales: bool) -> Model:
    """A model of one layer."""
    return Model(
        architecture,
        vocabulary=48,
        hidden=512,
        feed_forward=640,
        layers=1,
        heads=8,
        has_row_scales=has_row_scales,
    )


# Each type and each architecture once.
MODELS = {
    "bitnet-iq1": (make_model("bitnet", has_row_scales=True), "IQ1_BN"),
    "bitnet25-iq2": (make_model("bitnet-25", has_row_scales=True), "IQ2_BN"),
    "bitnet158-i2s": (make_model("bitnet-b1.58", has_row_scales=False), "I2_S"),
}


def add_tokenizer(writer: gguf.GGUFWriter) -> None:
    """None: the model takes ids."""
    writer.add_tokenizer_model("no_vocab")


def add_i2s_tensor(writer: gguf.GGUFWriter, name: str, tensor: np.ndarray) -> None:
    """Ternary layers in I2_S and the table in F16."""
    if is_ternary(name, tensor):
        trits = np.sign(tensor).astype(np.int8)
        add_raw(writer, name, tensor.shape, I2_S, encode_i2s(trits, abs(tensor).max(), 128))
    elif tensor.ndim == 2:
        writer.add_tensor(name, tensor.astype(np.float16))
    else:
        writer.add_tensor(name, tensor)


def convert(source: Path, target: Path, file_type: str) -> None:
    """Lets ik_llama.cpp turn a model into another type."""
    program = ik_llama_cpp.find_quantize_bin()
    types = [] if file_type == "F32" else ["--token-embedding-type", "f16"]
    command = [program, "--allow-requantize", *types, source, target, file_type, "1"]
    subprocess.run(command, check=True, capture_output=True)


def compute_logits(path: Path, model: Model, ids: np.ndarray) -> np.ndarray:
    """What ik_llama.cpp computes, for all tokens at once."""
    api.llama_backend_init()
    loaded = api.llama_model_load_from_file(str(path).encode(), api.llama_model_default_params())
    assert loaded
    parameters = api.llama_context_default_params()
    parameters.n_ctx = parameters.n_batch = 256
    parameters.n_threads = parameters.n_threads_batch = 1
    parameters.type_k = GGMLQuantizationType.F32
    parameters.type_v = GGMLQuantizationType.F16
    parameters.flash_attn = False
    context = api.llama_init_from_model(loaded, parameters)
    assert context
    batch = api.llama_batch_init(len(ids), 0, 1)
    batch.n_tokens = len(ids)
    for i, token in enumerate(ids.tolist()):
        batch.token[i] = token
        batch.pos[i] = i
        batch.n_seq_id[i] = 1
        batch.seq_id[i][0] = 0
        batch.logits[i] = 1
    status = api.llama_decode(context, batch)
    assert status == 0
    logits = [api.llama_get_logits_ith(context, i)[: model.vocabulary] for i in range(len(ids))]
    api.llama_batch_free(batch)
    api.llama_free(context)
    api.llama_free_model(loaded)
    return np.array(logits, np.float32)


def record(name: str, out: Path) -> None:
    """Writes one model and what is expected of it."""
    model, file_type = MODELS[name]
    seed = sorted(MODELS).index(name)
    tensors = make_tensors(model, seed)
    ids = draw_ids(model, seed)
    path = out / f"{name}.gguf"
    with tempfile.TemporaryDirectory() as directory:
        floats = Path(directory) / "floats.gguf"
        if file_type == "I2_S":
            quantized = Path(directory) / "quantized.gguf"
            write(path, model, tensors, add_tokenizer, add_i2s_tensor)
            convert(path, quantized, "IQ2_BN")
            convert(path, floats, "F32")
            for tensor, values in read_floats(floats).items():
                assert np.array_equal(values, tensors[tensor]), tensor
        else:
            quantized = path
            write(floats, model, tensors, add_tokenizer)
            convert(floats, path, file_type)
        float_logits = compute_logits(floats, model, ids)
        logits = compute_logits(quantized, model, ids)
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
