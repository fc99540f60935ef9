"""The examples in the notebook and in the documentation run."""

import json
import re

import matplotlib
import numpy as np
from built import ROOT

NOTEBOOK = ROOT / "examples" / "python" / "look_inside.ipynb"


def test_notebook(monkeypatch, capsys):
    matplotlib.use("agg")
    monkeypatch.chdir(NOTEBOOK.parent)
    cells = json.loads(NOTEBOOK.read_text(encoding="utf-8"))["cells"]
    names: dict[str, object] = {}
    for cell in cells:
        assert not cell.get("outputs")
        if cell["cell_type"] == "code":
            exec("".join(cell["source"]), names)
    output = capsys.readouterr().out
    assert "linear_kernel" in output and "quantize_activations" in output
    assert len(matplotlib.pyplot.get_fignums()) == 2
    matplotlib.pyplot.close("all")


def read_blocks(page: str) -> list[str]:
    """The Python code in a page."""
    text = (ROOT / page).read_text(encoding="utf-8")
    return re.findall(r"^```python\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


def test_readme(monkeypatch, capsys):
    monkeypatch.chdir(ROOT)
    (code,) = read_blocks("README.md")
    exec(code, {})
    output = capsys.readouterr().out
    assert "ternary.linear_kernel" in output
    assert output.endswith("(3, 1024)\n")


def test_functions_in_the_documentation():
    code = next(block for block in read_blocks("docs/python.md") if "loss_gradient" in block)
    names: dict[str, object] = {}
    exec(code, names)
    np.testing.assert_allclose(names["value"], 24, rtol=1e-5)
    np.testing.assert_allclose(names["gradient"], np.full(8, 6), rtol=1e-5)


def test_model_from_scratch_in_the_documentation():
    code = next(block for block in read_blocks("docs/python.md") if "nn.Module" in block)
    names: dict[str, object] = {}
    exec(code, names)
    assert names["compiled"].logits([1, 2, 3]).shape == (3, 256)
