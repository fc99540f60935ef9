"""PyTorch models as graphs, against what PyTorch computes."""

import numpy as np
import pytest
import ternary

torch = pytest.importorskip("torch")


class BitLinear(torch.nn.Module):
    """The layer's definition, without what is only of use to training."""

    def __init__(self, inputs, outputs, norm=True):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.randn(outputs, inputs) * 0.05)
        self.norm = torch.nn.RMSNorm(inputs, eps=1e-6) if norm else torch.nn.Identity()

    def forward(self, x):
        x = self.norm(x)
        scale = 127 / x.abs().amax(-1, keepdim=True).clamp(min=1e-5)
        x = (x * scale).round().clamp(-128, 127) / scale
        scale = 1 / self.weight.abs().mean().clamp(min=1e-5)
        return x @ ((self.weight * scale).round().clamp(-1, 1) / scale).T


class MLGRU(torch.nn.Module):
    def __init__(self, hidden):
        super().__init__()
        for name in ("f_proj", "i_proj", "g_proj", "o_proj"):
            setattr(self, name, BitLinear(hidden, hidden))
        self.g_norm = torch.nn.RMSNorm(hidden, eps=1e-6)

    def forward(self, x):
        forget = self.f_proj(x).sigmoid()
        input = torch.nn.functional.silu(self.i_proj(x)) * (1 - forget)
        state = torch.zeros_like(input[:, 0])
        states = []
        for step in range(x.shape[1]):
            state = forget[:, step] * state + input[:, step]
            states.append(state)
        hidden = torch.nn.functional.silu(torch.stack(states, 1))
        return self.o_proj(self.g_norm(self.g_proj(x)) * hidden)


class Model(torch.nn.Module):
    def __init__(self, vocab=61, hidden=32):
        super().__init__()
        self.embed = torch.nn.Embedding(vocab, hidden)
        self.norm = torch.nn.RMSNorm(hidden, eps=1e-5)
        self.mixer = MLGRU(hidden)
        self.gate = BitLinear(hidden, 48)
        self.up = BitLinear(hidden, 48, norm=False)
        self.act = torch.nn.SiLU()
        self.down = torch.nn.Sequential(torch.nn.Dropout(), BitLinear(48, hidden))
        self.head = torch.nn.Linear(hidden, vocab, bias=False)
        self.head.weight = self.embed.weight

    def forward(self, ids):
        x = self.embed(ids)
        x = x + self.mixer(self.norm(x))
        x = x + self.down(self.act(self.gate(x)) * torch.relu(self.up(x)))
        return self.head(x)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_against_torch(dtype):
    torch.manual_seed(0)
    model = Model().to(dtype).eval()
    graph = ternary.from_torch(model, batch=2)
    assert "head.weight" not in str(graph) and '"embed.weight"' in str(graph)
    ids = torch.randint(0, 61, (2, 19))
    with torch.no_grad():
        expected = model.float()(ids).numpy()
    compiled = graph.compile(self_test=0)
    np.testing.assert_allclose(compiled.logits(ids.numpy()), expected, rtol=1e-3, atol=2e-5)
    assert compiled.logits(ids).tobytes() == compiled.logits(ids.numpy()).tobytes()
    shared = torch.from_dlpack(compiled.session()._step(ids))
    assert shared.shape == (2, 61)


def test_what_is_refused():
    class Wrapped(torch.nn.Module):
        def __init__(self, layer, forward=None):
            super().__init__()
            self.embed = torch.nn.Embedding(8, 8)
            self.layer = layer
            self.run = forward or (lambda self, ids: self.layer(self.embed(ids)))

        def forward(self, ids):
            return self.run(self, ids)

    linear = torch.nn.Linear(8, 8, bias=False)
    for model, message in [
        (Wrapped(torch.nn.Linear(8, 8)), "layer 'layer': expected no bias"),
        (Wrapped(torch.nn.GELU()), "gelu"),
        (Wrapped(linear, lambda self, ids: self.embed(ids).sum(1)), "got 'sum'"),
        (Wrapped(linear, lambda self, ids: ids if ids.sum() > 0 else ids), "without branches"),
        (Wrapped(linear, lambda self, ids: self.embed(ids) * self.layer.weight), "belong to"),
    ]:
        with pytest.raises(ternary.Error, match=message):
            ternary.from_torch(model)
