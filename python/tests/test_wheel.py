"""The package as a wheel, in an environment of its own.

The wheel's extension is built against the libraries of the build under test, installed. All of it
stays in the build folder, so that the next run has less to do.
"""

import os
import shutil
import subprocess
import sys
import sysconfig
import venv

import pytest
from built import BUILD, ROOT, SHAKESPEARE

pytest.importorskip("scikit_build_core")

USE = """
import importlib.metadata, pathlib, sys, ternary
assert pathlib.Path(ternary.__file__).is_relative_to(sys.prefix), ternary.__file__
assert pathlib.Path(ternary.__file__).with_name("py.typed").exists()
assert ternary.__version__ == importlib.metadata.version("ternary")
model = ternary.load(sys.argv[1]).compile(self_test=0)
print(model.generate("ROMEO:", max_new_tokens=20), end="")
"""


def run(*command: object) -> str:
    environment = {name: os.environ[name] for name in os.environ if name != "PYTHONPATH"}
    result = subprocess.run(
        list(map(str, command)), capture_output=True, text=True, check=False, env=environment
    )
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


@pytest.mark.slow
def test_wheel(tmp_path, shakespeare):
    prefix = BUILD / "wheel" / "prefix"
    run("cmake", "--install", BUILD, "--prefix", prefix)
    launcher = shutil.which("ccache") or ""
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check"]
    run(
        *[*pip, "wheel", ROOT, "--no-deps", "--no-build-isolation", "--wheel-dir", tmp_path],
        "--config-settings=cmake.source-dir=python",
        f"--config-settings=cmake.define.CMAKE_PREFIX_PATH={prefix}",
        f"--config-settings=cmake.define.CMAKE_CXX_COMPILER_LAUNCHER={launcher}",
        f"--config-settings=build-dir={BUILD}/wheel/extension",
    )
    (wheel,) = tmp_path.glob("ternary-*.whl")
    environment = tmp_path / "environment"
    venv.create(environment)
    python = environment / "bin" / "python"
    (site,) = environment.glob("lib/python*/site-packages")
    # NumPy is that of the tests, since there may be no network.
    (site / "tests.pth").write_text(sysconfig.get_path("purelib"))
    run(*pip, "--python", python, "install", "--no-deps", "--no-index", wheel)
    assert run(python, "-c", USE, SHAKESPEARE) == shakespeare.generate("ROMEO:", max_new_tokens=20)
