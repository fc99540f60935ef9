"""A module as torch-mlir exports it, against PyTorch: with its layers recognised, and as it is."""

import pathlib

import numpy as np
import pytest
from conftest import ROOT, run_tool

DATA = ROOT / "integration" / "data"
SOURCE = DATA / "functions" / "exported.mlir"


def count_products(tmp_path: pathlib.Path, *flags: str) -> int:
    file = tmp_path / "quantize.mlir"
    compiled = run_tool("ternary-compile", SOURCE, "--compile-to=quantize", *flags, "-o", file)
    assert compiled.returncode == 0, compiled.stderr
    return file.read_text().count("ternary.accumulate")


@pytest.mark.parametrize("flags", [[], ["--raise-linalg=false"]], ids=["raised", "as-it-is"])
def test_against_torch(flags: list[str], compile_model, tmp_path: pathlib.Path) -> None:
    assert count_products(tmp_path, *flags) == (0 if flags else 3)
    library, output = compile_model(SOURCE, *flags), tmp_path / "y.npy"
    given = f"arg0={DATA / 'exported' / 'x.npy'}"
    called = run_tool("ternary-run", library, "--input", given, "--output", output)
    assert called.returncode == 0, called.stderr
    # Sums are added in another order, which moves no rounding of these inputs to 8 bits.
    expected = np.load(DATA / "exported" / "y.npy")
    np.testing.assert_allclose(np.load(output), expected, rtol=1e-4, atol=1e-5)
