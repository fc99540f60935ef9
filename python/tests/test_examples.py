"""The notebook runs: its cells, one after the other."""

import json

import pytest
from built import ROOT

NOTEBOOK = ROOT / "examples" / "python" / "look_inside.ipynb"


def test_notebook(monkeypatch, capsys):
    matplotlib = pytest.importorskip("matplotlib")
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
