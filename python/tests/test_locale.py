"""The same numbers, whatever locale the process has set."""

import os
import pathlib
import shutil
import subprocess
import sys

import pytest
from built import BUILD, HGRN, PACKAGE, SHAKESPEARE

LOCALE = """\
comment_char %
escape_char /
LC_NUMERIC
decimal_point ","
thousands_sep "."
grouping 3;3
END LC_NUMERIC
"""
CHARACTERS = "".join(f"<U{code:04X}> /x{code:02x}\n" for code in range(128))

# Twice the same, and in between a locale that writes 1.5 as "1,5".
COMPARE = """
import json, locale, pathlib, sys
import ternary

model, folder = sys.argv[1], pathlib.Path(sys.argv[2])

def look(name):
    graph = ternary.load(model)
    options = {"weights": "external", "self_test": 2, "threads": 1}
    compiled = graph.compile(output=folder / f"{name}.so", **options)
    epsilons = [op.attributes.get("epsilon") for op in graph.walk()]
    text = str(graph)
    loaded = ternary.Model.load(folder / f"{name}.so")
    return text, epsilons, compiled.logits([1, 2, 3]).tobytes(), loaded.info["layers"]

plain = look("plain")
locale.setlocale(locale.LC_ALL, "comma")
assert locale.str(1.5) == "1,5"
assert look("comma") == plain
assert any(isinstance(epsilon, float) for epsilon in plain[1])
for name in ("so", "weights"):
    assert (folder / f"comma.{name}").stat().st_size == (folder / f"plain.{name}").stat().st_size
"""


@pytest.fixture(scope="module")
def comma(tmp_path_factory) -> dict[str, str]:
    """An environment with a locale of that name, which needs no package but the C library's."""
    if shutil.which("localedef") is None:
        pytest.skip("expected localedef of the C library")
    folder = tmp_path_factory.mktemp("locale")
    (folder / "comma.src").write_text(LOCALE)
    (folder / "characters").write_text(
        f"<code_set_name> ASCII\n<mb_cur_max> 1\nCHARMAP\n{CHARACTERS}END CHARMAP\n"
    )
    command = ["localedef", "-c", "-f", "./characters", "-i", "./comma.src", "./comma"]
    subprocess.run(command, cwd=folder, capture_output=True)
    assert (folder / "comma" / "LC_NUMERIC").exists()
    return dict(os.environ, PYTHONPATH=str(PACKAGE), LOCPATH=str(folder))


@pytest.fixture(scope="module")
def gguf(tmp_path_factory) -> pathlib.Path:
    """A GGUF file, whose keys become the text of a configuration."""
    path = tmp_path_factory.mktemp("gguf") / "model.gguf"
    command = [BUILD / "bin" / "ternary-export", SHAKESPEARE, "--round-scales", "-o", path]
    subprocess.run(command, check=True)
    return path


@pytest.mark.parametrize("kind", ["safetensors", "gguf", "demo"])
def test_decimal_comma(comma, gguf, tmp_path, kind):
    model = {"safetensors": HGRN, "gguf": gguf, "demo": SHAKESPEARE}[kind]
    command = [sys.executable, "-c", COMPARE, model, tmp_path]
    result = subprocess.run(command, env=comma, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
