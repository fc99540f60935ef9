"""Compiled functions as modules of PyTorch, against what PyTorch computes."""

import numpy as np
import pytest
import ternary
from built import ROOT

torch = pytest.importorskip("torch")

SMOOTH = """
func.func @f(%x: tensor<?x5xf32>, %layers.0.w: tensor<5x3xf32>, %n: index, %b: tensor<3xf32>)
    -> (tensor<?x3xf32>, index, tensor<?x3xf32>) {
  %c0 = arith.constant 0 : index
  %rows = tensor.dim %x, %c0 : tensor<?x5xf32>
  %e = tensor.empty(%rows) : tensor<?x3xf32>
  %bias = linalg.broadcast ins(%b : tensor<3xf32>) outs(%e : tensor<?x3xf32>) dimensions = [0]
  %0 = linalg.matmul ins(%x, %layers.0.w : tensor<?x5xf32>, tensor<5x3xf32>)
    outs(%bias : tensor<?x3xf32>) -> tensor<?x3xf32>
  %1 = math.tanh %0 : tensor<?x3xf32>
  %2 = arith.mulf %1, %0 : tensor<?x3xf32>
  return %1, %n, %2 : tensor<?x3xf32>, index, tensor<?x3xf32>
}
"""


def test_several_results() -> None:
    w = torch.randn(5, 3)
    module = ternary.torch_module(SMOOTH, {"layers.0.w": w, "b": np.ones(3, np.float32)})
    assert dict(module.named_parameters()).keys() == {"layers_0_w", "b"}
    assert "f(x: f32 [?, 5]" in repr(module)
    x = torch.randn(7, 5, requires_grad=True)
    tanh, n, product = module(x, 3)
    assert n == 3
    (tanh.square().sum() + product.sum()).backward()

    w, b = w.clone().requires_grad_(), torch.ones(3, requires_grad=True)
    y = x.detach().requires_grad_()
    expected = torch.tanh(y @ w + b)
    torch.testing.assert_close(tanh, expected)
    (expected.square().sum() + (expected * (y @ w + b)).sum()).backward()
    for got, want in ((x, y), (module.layers_0_w, w), (module.b, b)):
        torch.testing.assert_close(got.grad, want.grad, rtol=1e-4, atol=1e-5)

    # Without gradients, and by the parameters alone.
    with torch.no_grad():
        assert torch.equal(module(x, n=3)[0], tanh)
    module.zero_grad()
    module(x.detach(), 3)[2].sum().backward()
    assert module.b.grad is not None


def test_one_result_that_is_used_twice() -> None:
    module = ternary.torch_module(
        """func.func @f(%x: tensor<4xf32>) -> tensor<4xf32> {
          %0 = arith.mulf %x, %x : tensor<4xf32>
          return %0 : tensor<4xf32>
        }"""
    )
    x = torch.tensor([1.0, 2.0, 3.0, 4.0], requires_grad=True)
    module(module(x)).sum().backward()
    torch.testing.assert_close(x.grad, 4 * x.detach() ** 3)


def test_halves() -> None:
    module = ternary.torch_module(
        """func.func @f(%x: tensor<4xbf16>, %y: tensor<4xf16>) -> tensor<4xf32> {
          %0 = arith.extf %x : tensor<4xbf16> to tensor<4xf32>
          %1 = arith.extf %y : tensor<4xf16> to tensor<4xf32>
          %2 = arith.mulf %0, %1 : tensor<4xf32>
          return %2 : tensor<4xf32>
        }"""
    )
    x = torch.tensor([1.0, 2.0, 3.0, 4.0], dtype=torch.bfloat16, requires_grad=True)
    y = torch.tensor([0.5, 2.0, -1.0, 4.0], dtype=torch.float16, requires_grad=True)
    module(x, y).sum().backward()
    assert torch.equal(x.grad, y.detach().bfloat16()) and torch.equal(y.grad, x.detach().half())


def test_training() -> None:
    """A loss of ternary layers falls as PyTorch's optimisers and schedules have it."""
    path = ROOT / "integration" / "data" / "functions" / "loss.mlir"
    generator = torch.Generator().manual_seed(1)
    weights = {
        name: torch.randn(shape, generator=generator) * 0.3
        for name, shape in {"w": (67, 67), "v": (10, 67)}.items()
    }
    module = ternary.torch_module(path, {"g": torch.ones(67), **weights})
    bias = torch.zeros(10, dtype=torch.bfloat16)
    x = torch.randn(64, 67, generator=generator)
    targets = torch.randint(10, (64,), generator=generator, dtype=torch.int32)
    optimizer = torch.optim.Adam(module.parameters(), lr=3e-3)
    losses = []
    for _ in range(60):
        loss = module(x, targets, bias)
        optimizer.zero_grad()
        (2 * loss).backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 0.2 * losses[0], losses
    # The gradient of twice the loss is twice that of the loss.
    module.zero_grad()
    module(x, targets, bias).backward()
    single = module.w.grad.clone()
    module.zero_grad()
    (2 * module(x, targets, bias)).backward()
    torch.testing.assert_close(module.w.grad, 2 * single)


def test_what_is_refused() -> None:
    with pytest.raises(ternary.Error, match="expected a parameter of it, got 'v'"):
        ternary.torch_module(SMOOTH, {"v": torch.ones(1)})
    module = ternary.torch_module(SMOOTH, {"b": torch.ones(3)})
    with pytest.raises(TypeError, match="expected x, layers_0_w, n"):
        module(torch.ones(1, 5))
    with pytest.raises(ternary.Error, match="expected function=NAME, one of f, g"):
        ternary.torch_module(
            "func.func @f(%x: f32) -> f32 { return %x : f32 }\n"
            "func.func @g(%x: f32) -> f32 { return %x : f32 }"
        )
