"""Models from scratch."""

import numpy as np
import pytest
import ternary
from built import HGRN, SHAKESPEARE
from safetensors.numpy import load_file
from ternary import nn

WEIGHTS = load_file(HGRN / "model.safetensors")
IDS = load_file(HGRN / "expected.safetensors")["input_ids"]


class Block(nn.Module):
    def __init__(self, hidden, intermediate):
        self.attn_norm, self.mlp_norm = nn.RMSNorm(hidden), nn.RMSNorm(hidden)
        self.attn = nn.MLGRU(hidden)
        self.mlp = nn.GLU(hidden, intermediate)

    def forward(self, x, bound):
        x = x + self.attn(self.attn_norm(x), bound)
        return x + self.mlp(self.mlp_norm(x))


class Body(nn.Module):
    def __init__(self, vocab, hidden, layers, intermediate):
        self.embeddings = nn.Embedding(vocab, hidden)
        self.lower_bounds = nn.Parameter(np.zeros((layers, hidden)), matrix=False)
        self.layers = nn.ModuleList([Block(hidden, intermediate) for _ in range(layers)])
        self.norm = nn.RMSNorm(hidden)

    def forward(self, ids):
        x = self.embeddings(ids)
        bounds = nn.lower_bounds(self.lower_bounds)
        for index, layer in enumerate(self.layers):
            x = layer(x, bounds[index] if index else None)
        return self.norm(nn.wanted_tokens(x))


class MatMulFree(nn.Module):
    """The model of the checkpoint hgrn-a."""

    def __init__(self):
        vocab, hidden = WEIGHTS["model.embeddings.weight"].shape
        layers = WEIGHTS["model.lower_bounds"].shape[0]
        intermediate = WEIGHTS["model.layers.0.mlp.down_proj.weight"].shape[1]
        self.model = Body(vocab, hidden, layers, intermediate)
        self.lm_head = nn.BitLinear(hidden, vocab)

    def forward(self, ids):
        return self.lm_head(self.model(ids))


def layer_ops(graph):
    """The model's ops in order; slices and constants may stand elsewhere."""
    return [op.name for op in graph.walk() if op.name.startswith(("ternary.", "arith.addf"))]


def test_same_graph_and_bits_as_the_importer(hgrn_graph, hgrn):
    model = MatMulFree()
    assert {name for name, _ in model.named_parameters()} == set(WEIGHTS)
    model.load_arrays(WEIGHTS)
    graph = model.graph()
    assert sorted(layer_ops(graph)) == sorted(layer_ops(hgrn_graph))
    compiled = graph.compile(self_test=0)
    assert compiled.info["layers"] == 3 and compiled.info["model_type"] == "custom"
    assert compiled.logits(IDS[0]).tobytes() == hgrn.logits(IDS[0]).tobytes()
    with compiled.session() as session:
        steps = np.stack([session.decode(int(id)) for id in IDS[0]])
    assert steps.tobytes() == hgrn.logits(IDS[0]).tobytes()


class Small(nn.Module):
    """Twenty lines, no recurrence, tied weights."""

    def __init__(self, vocab=50, hidden=32):
        self.embed = nn.Embedding(vocab, hidden)
        self.up = nn.BitLinear(hidden, 3 * hidden, norm=False)
        self.down = nn.Linear(3 * hidden, hidden)
        self.head = nn.Linear(hidden, vocab)
        self.head.weight = self.embed.weight

    def forward(self, ids):
        x = self.embed(ids)
        y = self.up(x)
        return self.head(x + self.down(nn.activate(y, "squared_relu") * y))


def quantise(x):
    scale = np.float32(127) / np.maximum(np.abs(x).max(-1, keepdims=True), np.float32(1e-5))
    return np.clip(np.round(x * scale), -128, 127) / scale


def ternarise(w):
    scale = 1 / max(np.abs(w).mean(), 1e-5)
    return np.clip(np.round(w * scale), -1, 1) / scale


def test_against_numpy():
    model = Small()
    weights = {name: parameter.array for name, parameter in model.named_parameters()}
    ids = np.array([3, 1, 4, 1, 5, 9])
    x = weights["embed.weight"][ids]
    y = quantise(x) @ ternarise(weights["up.weight"]).T
    hidden = x + (np.maximum(y, 0) ** 2 * y) @ weights["down.weight"].T
    expected = hidden @ weights["embed.weight"].T
    compiled = model.graph(eos_id=7).compile("reference", batch=2, self_test=0)
    assert compiled.info["eos_id"] == 7
    logits = compiled.logits(np.stack([ids, ids]))
    np.testing.assert_allclose(logits[0], expected, rtol=1e-4, atol=1e-6)
    assert logits[0].tobytes() == logits[1].tobytes()


def arrays_of(model):
    return {name: parameter.array for name, parameter in model.named_parameters()}


def test_new_weights():
    """Every layer's are its own, by name and seed; what was set stays."""
    first, second = MatMulFree(), MatMulFree()
    second.graph(seed=0)
    first.graph()
    drawn = arrays_of(first)
    matrices = [array.tobytes() for array in drawn.values() if array.ndim == 2 and array.any()]
    assert len(matrices) == len(set(matrices)) > 15
    assert all((array == arrays_of(second)[name]).all() for name, array in drawn.items())
    first.graph()
    assert all(array is arrays_of(first)[name] for name, array in drawn.items())

    ones = np.ones_like(first.lm_head.weight.array)
    first.lm_head.weight.array = ones
    first.graph(seed=2)
    changed = {name for name, array in arrays_of(first).items() if (array != drawn[name]).any()}
    assert len(changed) == len(matrices) and first.lm_head.weight.array is ones
    with pytest.raises(ternary.Error, match="expected a seed from 0"):
        first.graph(seed=-1)

    # Looked at before they have a name.
    one, other = nn.BitLinear(8, 8), nn.BitLinear(8, 8)
    assert one.weight.shape == (8, 8)
    assert (one.weight.array != other.weight.array).any()
    assert one.weight.array is one.weight.array


def test_tokenizer():
    graph = Small(vocab=1024).graph(tokenizer=SHAKESPEARE, bos_id=1)
    for batch in (1, 2):
        model = graph.compile("reference", batch=batch, self_test=0)
        assert isinstance(model.tokenizer, ternary.SentencePieceTokenizer)
        prompt = "ROMEO:" if batch == 1 else ["ROMEO:"] * 2
        assert len(model.generate_ids(prompt, max_new_tokens=3)) == (3 if batch == 1 else 2)


def test_half_precision_weights():
    model = Small()
    for _, parameter in model.named_parameters():
        parameter.array = parameter.array.astype(np.float16)
    assert "tensor<50x32xf16>" in str(model.graph())
    half = model.graph().compile("reference", self_test=0).logits([1, 2])
    for _, parameter in model.named_parameters():
        parameter.array = parameter.array.astype(np.float32)
    assert (
        model.graph().compile("reference", self_test=0).logits([1, 2]).tobytes() == half.tobytes()
    )


def test_what_is_refused():
    model = MatMulFree()
    with pytest.raises(ternary.Error, match=r"array 'model.norm.weight': expected shape \[64\]"):
        model.load_arrays({**WEIGHTS, "model.norm.weight": np.ones(3)})
    with pytest.raises(ternary.Error, match="expected an array 'model.embeddings.weight'"):
        model.load_arrays({})
    with pytest.raises(ternary.Error, match="expected weights of a float type, got int64"):
        nn.Parameter(np.arange(3))
    with pytest.raises(ternary.Error, match="expected layers to be called by forward"):
        nn.activate(nn.Tensor("%0", (1, 2)))

    class Bad(Small):
        def __init__(self, forward):
            super().__init__()
            self.run = forward

        def forward(self, ids):
            return self.run(self, ids)

    with pytest.raises(ternary.Error, match="expected no epsilon with a model made of layers"):
        Small().graph().compile(epsilon=1e-5)
    stray = nn.RMSNorm(32)
    for forward, message in [
        (lambda self, ids: None, "expected forward to return logits"),
        (lambda self, ids: stray(self.embed(ids)), "expected parameters that are attributes"),
        (lambda self, ids: self.embed(ids) + self.up(self.embed(ids)), "of one type"),
        (lambda self, ids: self.down(self.embed(ids)), "expected"),
        (lambda self, ids: nn.activate(self.embed(ids), "gelu"), "activate' expected"),
        (lambda self, ids: nn.MLGRU(32)(self.embed(ids)), "expected parameters that are"),
    ]:
        with pytest.raises(ternary.Error, match=message):
            Bad(forward).graph()
    with pytest.raises(NotImplementedError):
        nn.Module()(1)
