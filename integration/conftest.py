"""What integration tests share: the tools, compiled models, and running them."""

import functools
import os
import pathlib
import re
import subprocess
from collections.abc import Callable

import numpy as np
import pytest
from built import HAS_EXTENSION
from compile_cache import Cache, digest, digest_files, digest_machine, digest_program
from safetensors.numpy import load_file, save_file

if HAS_EXTENSION:
    from ternary import _ternary

ROOT = pathlib.Path(__file__).resolve().parent.parent
BIN = pathlib.Path(os.environ.get("TERNARY_BUILD_DIR", ROOT / "build")).resolve() / "bin"
CACHE = Cache(BIN.parent / "test-cache")


def pytest_configure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):
        CACHE.trim()


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
    """Compiles models to shared libraries, or what the suffix of `name` says, each combination of
    model and flags once.

    They hold no self-test, which takes as long as the rest, unless `flags` ask for one: SELF_TEST.
    """

    def __call__(self, model: pathlib.Path, *flags: str, name: str = "m.so") -> pathlib.Path:
        if not any(flag.startswith("--self-test") for flag in flags):
            flags = (*flags, "--self-test=0")
        # What the compiler chooses anyway need not be compiled twice.
        flags = tuple(flag for flag in flags if flag != f"--kernel={find_default_kernel()}")
        key = digest(self.digest(model, *flags), name)

        def make(folder: pathlib.Path) -> None:
            result = run_tool("ternary-compile", model, "-o", folder / name, *flags)
            assert result.returncode == 0, result.stderr

        return CACHE.get(key, make) / name

    def digest(self, model: pathlib.Path, *flags: str) -> str:
        program = digest_program(BIN / "ternary-compile")
        return digest(program, digest_machine(), digest_files(model), flags)


@functools.cache
def find_default_kernel() -> str:
    """The microkernel that the compiler chooses on this machine, as it says in a module."""
    model = ROOT / "integration" / "data" / "hgrn-a"
    result = run_tool("ternary-compile", model, "--compile-to=pack", "-o", "-")
    assert result.returncode == 0, result.stderr
    return re.search(r'#ternary\.cpu<kernel = "([^"]+)"', result.stdout)[1]


# What the compiler does by default for models as small as those of tests.
SELF_TEST = "--self-test=8"

# For tests of what becomes of many shapes and options before LLVM: it compiles in less than half
# the time. Optimised code has its own tests, of each family, kernel and precision.
UNOPTIMIZED = "-O0"


@pytest.fixture(scope="session")
def compile_model() -> Compiler:
    return Compiler()


def run_model(library: pathlib.Path, ids: np.ndarray, threads: int, step: bool) -> np.ndarray:
    """Logits in this process: a program takes longer to start than a small model to run."""
    session = _ternary.CompiledSession(_ternary.CompiledModel(str(library)), threads)
    ids = np.asarray(ids, dtype=np.int32)
    parts = np.split(ids, ids.shape[1], axis=1) if step else [ids]
    logits = [np.from_dlpack(session.prefill_all(np.ascontiguousarray(part))) for part in parts]
    session.close()
    return np.concatenate(logits, axis=1)


def remember_results(
    library: pathlib.Path, ids: np.ndarray, compute: Callable[[], dict[str, np.ndarray]]
) -> dict[str, np.ndarray]:
    """What a library computes for ids. It is the reference's, with which many others are compared
    and which takes longest."""

    def make(folder: pathlib.Path) -> None:
        save_file(compute(), folder / "results.safetensors")

    runners = [ROOT / "integration" / name for name in ("conftest.py", "training_object.py")]
    if HAS_EXTENSION:
        runners.append(pathlib.Path(_ternary.__file__))
    made_of = [digest_files(path) for path in (library, *runners)]
    key = digest(made_of, ids.dtype, ids.shape, ids.tobytes())
    return load_file(CACHE.get(key, make) / "results.safetensors")


@pytest.fixture
def run_logits(tmp_path: pathlib.Path) -> Callable:
    """Logits [B, T, V] for ids [B, T], at once or token by token, by ternary-run."""

    def compute(library: pathlib.Path, ids: np.ndarray, threads: int = 1, step: bool = False):
        np.save(tmp_path / "ids.npy", ids)
        files = ("--input-ids", tmp_path / "ids.npy", "--logits", tmp_path / "logits.npy")
        flags = ["--step"] if step else []
        result = run_tool("ternary-run", library, *files, "--threads", threads, *flags)
        assert result.returncode == 0, result.stderr
        return np.load(tmp_path / "logits.npy")

    return compute


@pytest.fixture
def compute_logits(run_logits: Callable) -> Callable:
    """The same in this process, if it can load the extension of the Python package."""

    def compute(library: pathlib.Path, ids: np.ndarray, threads: int = 1, step: bool = False):
        return (run_model if HAS_EXTENSION else run_logits)(library, ids, threads, step)

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


def skip_without(target: str) -> None:
    if not supports_kernel(target):
        pytest.skip(f"this machine has no {target}")
