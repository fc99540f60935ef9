"""What the README tells one to type works, typed as it stands there.

Commands run in order in a folder that has of a checkout what they use. Tables below say which of
them do not run and why, what stands for names in capitals, and what is made smaller. A command that
starts with none of the programs in RUN has to be in one of them.
"""

import json
import pathlib
import re
import shutil
import subprocess

import pytest
from conftest import BIN, ROOT, run_tool

README = (ROOT / "README.md").read_text(encoding="utf-8")

RUN = ("build/bin/", "cc examples/", "mkdir ")

SKIPPED = {
    "make demo": "installs packages; builds, and then does what other blocks do",
    "make check": "installs packages; runs this test among others",
    "python3 -m venv venv && venv/bin/pip install '.[serve]'": (
        "needs the network, and builds the compiler; python/tests/test_wheel.py installs a wheel"
    ),
    "venv/bin/python": "reads the block of Python that python/tests/test_examples.py runs",
    "python -m ternary chat MODEL.gguf": "waits for a user; python/tests/test_command.py is one",
    "venv/bin/python -m ternary chat models/shakespeare": "as above",
    "venv/bin/python -m ternary serve models/shakespeare": (
        "serves for ever; python/tests/test_server.py starts, asks and stops it"
    ),
}

# Fenced blocks by language.
FENCES = {
    "": "a drawing of the phases",
    "c": "calls that examples/c/generate.c makes, which is compiled and run here",
    "python": "run by python/tests/test_examples.py",
}

# Gigabytes become kilobytes, minutes seconds, and a pager that may not be there what it is for a
# pipe.
SMALLER = {
    '"hidden_size": 2560, "num_hidden_layers": 32,': '"hidden_size": 64, "num_hidden_layers": 2,',
    '"intermediate_size": 6912, "vocab_size": 32000}': '"intermediate_size": 96, "vocab_size": 96}',
    "--steps 300": "--steps 30",
    "| less": "| cat",
}


def copy_model(folder: pathlib.Path) -> None:
    shutil.copytree(ROOT / "models" / "shakespeare", folder / "MODEL_DIR")


GGUF = ROOT / "integration" / "data" / "gguf" / "llama-tq2.gguf"


def write_model(folder: pathlib.Path) -> None:
    """Packed weights, with columns and scales as the default type of GGUF files has them."""
    shutil.rmtree(folder / "MODEL_DIR")
    result = run_tool("ternary-export", GGUF, "-o", folder / "MODEL_DIR")
    assert result.returncode == 0, result.stderr


def copy_latent_model(folder: pathlib.Path) -> None:
    shutil.rmtree(folder / "MODEL_DIR")
    (folder / "model.gguf").unlink()
    copy_model(folder)


def copy_gguf(folder: pathlib.Path) -> None:
    """To be written to a folder that is not there yet."""
    shutil.rmtree(folder / "MODEL_DIR")
    shutil.copy(GGUF, folder / "MODEL.gguf")


# What names in capitals stand for, from a command on.
STANDS_FOR = {
    "build/bin/ternary-compile MODEL_DIR -o model.so": copy_model,
    "build/bin/ternary-export MODEL_DIR -o model.gguf": write_model,
    "build/bin/ternary-export MODEL_DIR -o model.gguf --type=iq2_bn": copy_latent_model,
    "build/bin/ternary-export MODEL.gguf -o MODEL_DIR": copy_gguf,
}


def split_blocks(page: str) -> tuple[list[str], list[str]]:
    """The commands of blocks that are indented, without comments, and the languages of fences."""
    languages = re.findall(r"^```(.*)\n(?:.*\n)*?```$", page, re.MULTILINE)
    rest = re.sub(r"^```.*\n(?:.*\n)*?```$", "", page, flags=re.MULTILINE)
    commands: list[str] = []
    for line in re.findall(r"^    .+$", rest, re.MULTILINE):
        if commands and commands[-1].count("'") % 2:
            commands[-1] += "\n" + line
        else:
            commands.append(re.sub(r"\s+# .*$", "", line.strip()))
    return commands, languages


def test_tables_are_about_what_is_there():
    commands, languages = split_blocks(README)
    assert set(languages) == set(FENCES)
    for command in [*SKIPPED, *STANDS_FOR]:
        assert command in commands
    for text in SMALLER:
        assert text in " ".join(" ".join(commands).split())
    for command in commands:
        assert (command in SKIPPED) != command.startswith(RUN), command


@pytest.mark.slow
def test_commands(tmp_path):
    (tmp_path / "build").mkdir()
    (tmp_path / "build" / "bin").symlink_to(BIN)
    for name in ("README.md", "examples", "models"):
        (tmp_path / name).symlink_to(ROOT / name)
    for command in split_blocks(README)[0]:
        if command in SKIPPED:
            continue
        if command in STANDS_FOR:
            STANDS_FOR[command](tmp_path)
        for text, other in SMALLER.items():
            command = command.replace(text, other)
        result = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", command],
            cwd=tmp_path,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
        )
        assert result.returncode == 0, f"{command}\n{result.stderr}"
        for output in re.findall(r" (?:-o|--out|--dump-phases)[ =](\w[\w./]*)", command):
            assert (tmp_path / output).exists(), command
    assert json.loads((tmp_path / "2.7B" / "config.json").read_text())["hidden_size"] == 64
