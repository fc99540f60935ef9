"""What integration tests share: the tools, compiled models, and running them."""

import os
import pathlib
import re
import subprocess

import numpy as np
import pytest

ROOT = pathlib.Path(__file__).resolve().parent.parent
BIN = pathlib.Path(os.environ.get("TERNARY_BUILD_DIR", ROOT / "build")) / "bin"


def run_tool(name: str, *args: object) -> subprocess.CompletedProcess[str]:
    """Runs one of our tools to its end and returns what it printed."""
    command = [str(BIN / name), *map(str, args)]
    return subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)


def find_llvm_tool(name: str) -> pathlib.Path:
    """A tool of the LLVM that the build uses."""
    cache = (BIN.parent / "CMakeCache.txt").read_text(encoding="utf-8")
    folder = re.search(r"^LLVM_DIR:.*?=(.*)$", cache, re.MULTILINE)
    return pathlib.Path(folder[1]).parents[2] / "bin" / name


class Compiler:
    """Compiles model directories to shared libraries, each combination of flags once."""

    def __init__(self, directory: pathlib.Path):
        self.directory = directory
        self.libraries: dict[tuple[str, ...], pathlib.Path] = {}

    def __call__(self, model: pathlib.Path, *flags: str) -> pathlib.Path:
        key = (str(model), *flags)
        if key not in self.libraries:
            library = self.directory / f"model{len(self.libraries)}.so"
            result = run_tool("ternary-compile", model, "-o", library, *flags)
            assert result.returncode == 0, result.stderr
            self.libraries[key] = library
        return self.libraries[key]


@pytest.fixture(scope="session")
def compile_model(tmp_path_factory: pytest.TempPathFactory) -> Compiler:
    return Compiler(tmp_path_factory.mktemp("models"))


@pytest.fixture
def compute_logits(tmp_path: pathlib.Path):
    """Logits [B, T, V] of a compiled model for ids [B, T], at once or token by token."""

    def compute(library: pathlib.Path, ids: np.ndarray, threads: int = 1, step: bool = False):
        np.save(tmp_path / "ids.npy", ids)
        flags = ["--step"] if step else []
        result = run_tool(
            "ternary-run",
            library,
            "--input-ids",
            tmp_path / "ids.npy",
            "--logits",
            tmp_path / "logits.npy",
            "--threads",
            threads,
            *flags,
        )
        assert result.returncode == 0, result.stderr
        return np.load(tmp_path / "logits.npy")

    return compute


# What this machine has to have for microkernels, as /proc/cpuinfo spells it.
KERNEL_FEATURES = {
    "amx-int8": "amx_int8",
    "avx512vnni": "avx512_vnni",
    "avxvnni": "avx_vnni",
    "avx2": "avx2",
}


def has_cpu_feature(name: str) -> bool:
    """Whether this machine has a feature, as /proc/cpuinfo spells it."""
    return name in pathlib.Path("/proc/cpuinfo").read_text(encoding="utf-8").split()


def supports_kernel(name: str) -> bool:
    """Whether this machine can run a microkernel of ternary-compile's --kernel."""
    return name not in KERNEL_FEATURES or has_cpu_feature(KERNEL_FEATURES[name])
