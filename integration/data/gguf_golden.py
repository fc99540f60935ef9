"""What scripts that record GGUF models share: tiny Transformers with ternary layers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import gguf
import numpy as np
from safetensors.numpy import save_file

TOKENS = 17


@dataclass(frozen=True)
class Model:
    """The configuration of a model, and whether its layers have a scale for each row."""

    architecture: str
    vocabulary: int
    hidden: int
    feed_forward: int
    layers: int
    heads: int
    key_value_heads: int = 2
    head_size: int = 64
    has_row_scales: bool = False

    def is_bitnet(self) -> bool:
        """With norms before the last layer of each branch and a tied table."""
        return self.architecture != "llama"


def add_keys(writer: gguf.GGUFWriter, model: Model) -> None:
    """The configuration."""
    writer.add_context_length(256)
    writer.add_embedding_length(model.hidden)
    writer.add_block_count(model.layers)
    writer.add_feed_forward_length(model.feed_forward)
    writer.add_head_count(model.heads)
    writer.add_head_count_kv(model.key_value_heads)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_rope_dimension_count(model.head_size)
    writer.add_rope_freq_base(10000.0)
    writer.add_vocab_size(model.vocabulary)


def is_ternary(name: str, tensor: np.ndarray) -> bool:
    """Whether a tensor is the weight of a ternary layer."""
    return name.startswith("blk.") and tensor.ndim == 2


def make_tensors(model: Model, seed: int) -> dict[str, np.ndarray]:
    """Weights as floats: ternary ones have a scale that f16 holds, and no 256 of them are zero."""
    generator = np.random.default_rng(seed)
    tensors = {}

    def add_ternary(name: str, rows: int, columns: int) -> None:
        scales = generator.uniform(0.05, 0.1, (rows if model.has_row_scales else 1, 1))
        trits = generator.integers(-1, 2, (rows, columns))
        tensors[name] = trits.astype(np.float32) * scales.astype(np.float16).astype(np.float32)

    def add_gain(name: str, size: int) -> None:
        tensors[name] = (1 + 0.2 * generator.normal(size=size)).astype(np.float32)

    hidden = model.hidden
    table = generator.normal(size=(model.vocabulary, hidden)).astype(np.float16)
    tensors["token_embd.weight"] = table.astype(np.float32)
    add_gain("output_norm.weight", hidden)
    if not model.is_bitnet():
        tensors["output.weight"] = (0.1 * generator.normal(size=table.shape)).astype(np.float32)
    for i in range(model.layers):
        block = f"blk.{i}."
        add_gain(block + "attn_norm.weight", hidden)
        add_gain(block + "ffn_norm.weight", hidden)
        if model.is_bitnet():
            add_gain(block + "attn_sub_norm.weight", hidden)
            add_gain(block + "ffn_sub_norm.weight", model.feed_forward)
        add_ternary(block + "attn_q.weight", model.heads * model.head_size, hidden)
        add_ternary(block + "attn_k.weight", model.key_value_heads * model.head_size, hidden)
        add_ternary(block + "attn_v.weight", model.key_value_heads * model.head_size, hidden)
        add_ternary(block + "attn_output.weight", hidden, model.heads * model.head_size)
        add_ternary(block + "ffn_gate.weight", model.feed_forward, hidden)
        add_ternary(block + "ffn_up.weight", model.feed_forward, hidden)
        add_ternary(block + "ffn_down.weight", hidden, model.feed_forward)
    return tensors


def draw_ids(model: Model, seed: int) -> np.ndarray:
    """Ids of which none is a control token."""
    return np.random.default_rng(seed).integers(3, model.vocabulary, TOKENS).astype(np.int32)


def write(
    path: Path,
    model: Model,
    tensors: dict[str, np.ndarray],
    add_tokenizer: Callable[[gguf.GGUFWriter], None],
    add_tensor: Callable[[gguf.GGUFWriter, str, np.ndarray], None] = gguf.GGUFWriter.add_tensor,
) -> None:
    """Writes a model with all weights as floats, or as `add_tensor` has it."""
    writer = gguf.GGUFWriter(path, model.architecture)
    add_keys(writer, model)
    add_tokenizer(writer)
    for name, tensor in tensors.items():
        add_tensor(writer, name, tensor)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def read_floats(path: Path) -> dict[str, np.ndarray]:
    """The weights of a model in types that gguf knows."""
    return {
        tensor.name: np.array(
            gguf.quants.dequantize(tensor.data, tensor.tensor_type), np.float32
        ).reshape([int(size) for size in reversed(tensor.shape)])
        for tensor in gguf.GGUFReader(path).tensors
    }


def save(path: Path, ids: np.ndarray, logits: np.ndarray, float_logits: np.ndarray) -> None:
    """Writes what is expected of a model."""
    save_file({"input_ids": ids, "logits": logits, "float_logits": float_logits}, path)
    difference = abs(logits - float_logits).max() / abs(float_logits).max()
    print(f"{path.stem}: 8-bit activations change logits by {difference:.2%} of the largest")
