"""Trains classify.mlir on scikit-learn's digits by its compiled gradient, and the same layers with
float weights beside it.

Writes the weights, digits.safetensors, and the images that were held out, digits.bin.
"""

import argparse
import pathlib

import numpy as np
import ternary
from safetensors.numpy import save_file
from sklearn.datasets import load_digits

GRAPH = pathlib.Path(__file__).parent / "classify.mlir"
SHAPES = {"g1": 64, "w1": (128, 64), "g2": 128, "w2": (128, 128), "g3": 128, "w3": (10, 128)}

# The loss of the classifier, whose weights are arguments in training.
LOSS = """
func.func @loss(%x: tensor<?x64xf32>, %digits: tensor<?xi32>, %g1: tensor<64xf32>, %w1: tensor<128x64xf32>,
                %g2: tensor<128xf32>, %w2: tensor<128x128xf32>, %g3: tensor<128xf32>, %w3: tensor<10x128xf32>) -> tensor<f32> {
  %0 = call @classify(%x, %g1, %w1, %g2, %w2, %g3, %w3)
    : (tensor<?x64xf32>, tensor<64xf32>, tensor<128x64xf32>, tensor<128xf32>, tensor<128x128xf32>, tensor<128xf32>, tensor<10x128xf32>)
      -> tensor<?x10xf32>
  %1 = ternary.cross_entropy %0, %digits : tensor<?x10xf32>, tensor<?xi32> -> tensor<f32>
  return %1 : tensor<f32>
}
"""  # noqa: E501


class Adam:
    """The optimiser (Kingma and Ba, 2015), with a rate that falls to zero as half a cosine."""

    def __init__(self, weights: dict[str, np.ndarray], rate: float, steps: int) -> None:
        self.weights, self.rate, self.steps, self.step = weights, rate, steps, 0
        self.first = {name: np.zeros_like(w) for name, w in weights.items()}
        self.second = {name: np.zeros_like(w) for name, w in weights.items()}

    def update(self, gradients: dict[str, np.ndarray]) -> None:
        self.step += 1
        rate = self.rate * (1 + np.cos(np.pi * self.step / self.steps)) / 2
        for name, gradient in gradients.items():
            self.first[name] += 0.1 * (gradient - self.first[name])
            self.second[name] += 0.01 * (gradient * gradient - self.second[name])
            first = self.first[name] / (1 - 0.9**self.step)
            second = self.second[name] / (1 - 0.99**self.step)
            self.weights[name] -= rate * first / (np.sqrt(second) + 1e-8)


def train(name: str, graph: str, data: dict[str, np.ndarray], epochs: int) -> dict[str, np.ndarray]:
    """The weights after training, whose accuracy on images that were held out is printed."""
    # Not compiled in: they change.
    text = graph.replace("ternary.parameter", "ternary.name") + LOSS
    functions = ternary.compile(text, differentiate="loss", with_respect_to=list(SHAPES))
    random = np.random.default_rng(0)
    weights = {
        key: np.ones(shape, np.float32)
        if key.startswith("g")
        else (random.standard_normal(shape) / np.sqrt(shape[1])).astype(np.float32)
        for key, shape in SHAPES.items()
    }
    images, digits, batch = data["images"], data["digits"], 64
    optimizer = Adam(weights, rate=3e-3, steps=epochs * (len(images) // batch))
    for epoch in range(1, epochs + 1):
        losses = []
        order = random.permutation(len(images))[: len(images) // batch * batch]
        for part in order.reshape(-1, batch):
            loss, *gradients = functions.loss_gradient(images[part], digits[part], **weights)
            optimizer.update(dict(zip(SHAPES, gradients, strict=True)))
            losses.append(loss)
        guesses = functions.classify(data["test_images"], **weights).argmax(axis=1)
        accuracy = (guesses == data["test_digits"]).mean()
        if epoch % 5 == 0 or epoch == epochs:
            print(
                f"{name}: epoch {epoch:3}, loss {np.mean(losses):.4f}, accuracy {accuracy:.1%}",
                flush=True,
            )
    return weights


def load() -> dict[str, np.ndarray]:
    """Four fifths of the images to learn from, the others to test with; pixels from 0 to 1."""
    digits = load_digits()
    images = (digits.data / 16).astype(np.float32)
    order = np.random.default_rng(1).permutation(len(images))
    train, test = np.split(order, [len(images) * 4 // 5])
    names = digits.target.astype(np.int32)
    return {
        "images": images[train],
        "digits": names[train],
        "test_images": images[test],
        "test_digits": names[test],
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--epochs", type=int, default=60)
    parser.add_argument("--output", type=pathlib.Path, default=pathlib.Path())
    args = parser.parse_args()
    data, graph = load(), GRAPH.read_text(encoding="utf-8")
    weights = train("ternary", graph, data, args.epochs)
    train("float", graph.replace("ternary.bit_linear", "ternary.linear"), data, args.epochs)
    save_file(weights, args.output / "digits.safetensors")
    count = np.array([len(data["test_images"])], np.int32)
    parts = (count, data["test_images"], data["test_digits"])
    (args.output / "digits.bin").write_bytes(b"".join(part.tobytes() for part in parts))


if __name__ == "__main__":
    main()
