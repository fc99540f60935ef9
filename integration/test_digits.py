"""The example of digits, from training to the program in C, as its page says."""

import os
import re
import shutil
import subprocess
import sys

import pytest
from built import HAS_EXTENSION, PACKAGE
from conftest import BIN, ROOT, find_llvm_tool

EXAMPLE = ROOT / "examples" / "digits"


@pytest.mark.skipif(not HAS_EXTENSION, reason="the extension of the Python package is not built")
def test_digits(tmp_path) -> None:
    folder = shutil.copytree(EXAMPLE, tmp_path / "digits")
    commands = re.findall(r"^    (.+)$", (EXAMPLE / "README.md").read_text("utf-8"), re.MULTILINE)
    assert commands == [
        "PYTHONPATH=../../build/python ../../build/venv/bin/python train.py",
        "make run",
    ]
    environment = dict(os.environ, PYTHONPATH=str(PACKAGE))
    command = [sys.executable, "train.py", "--epochs=15"]
    trained = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    assert trained.returncode == 0, trained.stderr
    lines = re.findall(
        r"^(\w+): epoch +(\d+), .* accuracy ([\d.]+)%$", trained.stdout, re.MULTILINE
    )
    assert [line[:2] for line in lines] == [
        (name, epoch) for name in ("ternary", "float") for epoch in ("5", "10", "15")
    ]
    accuracies = {name: float(accuracy) for name, _, accuracy in lines}
    assert accuracies["ternary"] > 94 and accuracies["float"] > 94

    command = ["make", "run", f"TERNARY={BIN.parent}"]
    ran = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    # The same numbers, of images one at a time, from an object.
    assert f"right, {accuracies['ternary']:.1f} %" in ran.stdout
    assert int(re.search(r"classify.o: (\d+) bytes", ran.stdout)[1]) < 64_000
    command = [find_llvm_tool("llvm-nm"), "--undefined-only", folder / "classify.o"]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout == ""
