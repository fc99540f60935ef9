"""PyTorch models that are no language models, exported by torch-mlir, against PyTorch."""

import numpy as np
import pytest
import ternary

torch = pytest.importorskip("torch")
pytest.importorskip("torch_mlir")

from test_torch import BitLinear  # noqa: E402
from torch import nn  # noqa: E402


class StraightThrough(BitLinear):
    """The layer as it is trained: quantisation that gradients do not see."""

    def forward(self, x):
        x = self.norm(x)
        scale = 127.0 / x.abs().max(dim=-1, keepdim=True).values.clamp_(min=1e-5)
        x = x + ((x * scale).round().clamp_(-128, 127) / scale - x).detach()
        scale = 1.0 / self.weight.abs().mean().clamp_(min=1e-5)
        w = self.weight
        w = w + ((w * scale).round().clamp_(-1, 1) / scale - w).detach()
        return nn.functional.linear(x, w)


class Integers(nn.Module):
    """Trits that are stored as such, scaled behind the product."""

    def __init__(self, inputs, outputs):
        super().__init__()
        self.register_buffer("trits", torch.randint(-1, 2, (outputs, inputs)).float())
        self.bias = nn.Parameter(torch.randn(outputs))

    def forward(self, x):
        scale = x.abs().amax(-1, keepdim=True).clamp(min=1e-5) / 127
        y = (x / scale).round() @ self.trits.T
        return y * scale * 0.05 + self.bias


class Packed(nn.Module):
    """As Transformers infers with trits that are stored in integers."""

    def __init__(self, inputs, outputs):
        super().__init__()
        trits = torch.randint(-1, 2, (outputs, inputs)).to(torch.int8)
        self.register_buffer("weight", trits)
        self.register_buffer("weight_scale", torch.tensor([9.5]))

    def forward(self, x):
        scale = 127 / x.abs().max(dim=-1, keepdim=True).values.clamp(min=1e-5)
        quantized = (x * scale).round().clamp(-128, 127).to(torch.int8)
        y = nn.functional.linear(quantized.to(x.dtype), self.weight.to(x.dtype))
        return y / (scale * self.weight_scale)


class MLP(nn.Sequential):
    def __init__(self, layer=BitLinear):
        super().__init__(
            layer(48, 96), nn.ReLU(), layer(96, 40), nn.SiLU(), Integers(40, 24), Packed(24, 10)
        )


class Attention(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.q, self.k, self.v = (BitLinear(width, width) for _ in range(3))
        self.out = BitLinear(width, width)
        self.heads = heads

    def forward(self, x):
        b, t, width = x.shape
        q, k, v = (
            layer(x).reshape(b, t, self.heads, width // self.heads).transpose(1, 2)
            for layer in (self.q, self.k, self.v)
        )
        y = nn.functional.scaled_dot_product_attention(q, k, v)
        return self.out(y.transpose(1, 2).reshape(b, t, width))


class VisionTransformer(nn.Module):
    def __init__(self, width=32, heads=2):
        super().__init__()
        self.patch = nn.Conv2d(3, width, 4, 4)
        self.position = nn.Parameter(torch.randn(16, width) * 0.1)
        self.attention = Attention(width, heads)
        self.norms = nn.ModuleList(nn.LayerNorm(width) for _ in range(3))
        self.mlp = nn.Sequential(BitLinear(width, 64), nn.GELU(), BitLinear(64, width))
        self.head = nn.Linear(width, 10)

    def forward(self, image):
        x = self.patch(image).flatten(2).transpose(1, 2) + self.position
        x = x + self.attention(self.norms[0](x))
        x = x + self.mlp(self.norms[1](x))
        return self.head(self.norms[2](x).mean(1))


class Mixer(nn.Module):
    def __init__(self, tokens=16, width=32):
        super().__init__()
        self.norms = nn.ModuleList(nn.LayerNorm(width) for _ in range(2))
        self.tokens = nn.Sequential(BitLinear(tokens, 24), nn.GELU(), BitLinear(24, tokens))
        self.channels = nn.Sequential(BitLinear(width, 48), nn.GELU(), BitLinear(48, width))
        self.head = BitLinear(width, 10, norm=False)

    def forward(self, x):
        x = x + self.tokens(self.norms[0](x).transpose(1, 2)).transpose(1, 2)
        x = x + self.channels(self.norms[1](x))
        return self.head(x.mean(1))


class GRU(nn.Module):
    def __init__(self, inputs=24, hidden=32):
        super().__init__()
        self.reset, self.update, self.new = (BitLinear(inputs + hidden, hidden) for _ in range(3))

    def forward(self, x, state):
        both = torch.cat([x, state], -1)
        reset, update = self.reset(both).sigmoid(), self.update(both).sigmoid()
        new = torch.tanh(self.new(torch.cat([x, reset * state], -1)))
        state = (1 - update) * new + update * state
        return state, update


class Pointwise(nn.Module):
    """A ternary 1x1 convolution."""

    def __init__(self, inputs, outputs):
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, 1)

    def forward(self, x):
        scale = 127 / x.abs().amax(1, keepdim=True).clamp(min=1e-5)
        x = (x * scale).round().clamp(-128, 127) / scale
        scale = 1 / self.conv.weight.abs().mean().clamp(min=1e-5)
        weight = (self.conv.weight * scale).round().clamp(-1, 1) / scale
        return nn.functional.conv2d(x, weight, self.conv.bias)


class Convolutional(nn.Module):
    """Depthwise convolutions of floats and ternary 1x1 layers on channels."""

    def __init__(self, channels=16):
        super().__init__()
        self.stem = nn.Conv2d(3, channels, 3, padding=1)
        self.depthwise = nn.Conv2d(channels, channels, 3, padding=1, groups=channels)
        self.pointwise = nn.ModuleList([BitLinear(channels, 48), BitLinear(48, channels)])
        self.mix = Pointwise(channels, channels)
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.head = BitLinear(channels, 10)

    def forward(self, x):
        x = torch.relu(self.stem(x))
        y = self.depthwise(x).permute(0, 2, 3, 1)
        y = self.pointwise[1](nn.functional.relu(self.pointwise[0](y)))
        x = x + self.mix(y.permute(0, 3, 1, 2))
        return self.head(self.pool(x).flatten(1))


def mlp():
    return MLP()


def trained_mlp():
    return MLP(StraightThrough)


MODELS = {
    mlp: ([48], 4),
    trained_mlp: ([48], 4),
    VisionTransformer: ([3, 16, 16], 6),
    Mixer: ([16, 32], 5),
    GRU: ([24], 3),
    Convolutional: ([3, 8, 8], 4),
}


def count(graph, name):
    return sum(operation.name == name for operation in graph.operations)


@pytest.mark.parametrize("batch", [1, 7])
@pytest.mark.parametrize("make", MODELS, ids=lambda make: make.__name__)
def test_against_torch(make, batch):
    torch.manual_seed(0)
    module = make().eval()
    for parameter in module.parameters():
        if parameter.dim() == 1:  # norms that are not all ones
            torch.nn.init.uniform_(parameter, 0.5, 1.5)
    shape, layers = MODELS[make]
    inputs = [torch.randn(batch, *shape)]
    if make is GRU:
        inputs.append(torch.randn(batch, 32))
    with torch.no_grad():
        expected = module(*inputs)
    graph = ternary.from_torch(module, inputs)
    assert graph.name == type(module).__name__
    assert count(graph.phase("quantize", fuse=False), "ternary.accumulate") == layers
    got = ternary.compile(graph).forward(*inputs)
    loops = ternary.compile(graph, raise_linalg=False).forward(*inputs)
    if not isinstance(expected, tuple):
        expected, got, loops = (expected,), (got,), (loops,)
    # Sums are added in another order, and what is near a half may be rounded the other way.
    for want, raised, plain in zip(expected, got, loops, strict=True):
        np.testing.assert_allclose(raised, want.numpy(), rtol=5e-3, atol=5e-3)
        np.testing.assert_allclose(plain, want.numpy(), rtol=5e-3, atol=5e-3)


def test_batches_of_any_size():
    torch.manual_seed(0)
    # One tensor, whose first dimension is the batch.
    module, shapes = MLP().eval(), [{0: torch.export.Dim("batch", min=1, max=64)}]
    graph = ternary.from_torch(module, torch.randn(2, 48), dynamic_shapes=shapes)
    forward = ternary.compile(graph).forward
    assert forward.inputs[0].shape == (None, 48)
    assert count(graph.phase("quantize", fuse=False), "ternary.quantize_activations") == 4
    for batch in (1, 7):
        x = torch.randn(batch, 48)
        want = module(x).detach().numpy()
        np.testing.assert_allclose(forward(x), want, rtol=5e-3, atol=5e-3)


def test_what_is_not_ternary_compiles():
    torch.manual_seed(0)
    module = nn.Sequential(nn.Linear(8, 16), nn.Tanh(), nn.Linear(16, 4)).eval()
    x = torch.randn(3, 8)
    graph = ternary.from_torch(module, x, name="floats")
    assert (
        graph.name == "floats"
        and count(graph.phase("quantize", fuse=False), "ternary.accumulate") == 0
    )
    got = ternary.compile(graph).forward(x)
    np.testing.assert_allclose(got, module(x).detach().numpy(), rtol=1e-4, atol=1e-5)


def test_what_is_refused():
    class Branch(nn.Module):
        def forward(self, x):
            return x if x.sum() > 0 else -x

    with pytest.raises(ternary.Error, match="cannot export Branch"):
        ternary.from_torch(Branch(), torch.ones(3))
