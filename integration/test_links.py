"""What objects ask for is in a C library, whatever the processor lacks: no compiler's runtime.

Objects are made and linked for processors that this machine need not have. Conversions between
floats are where a code generator calls functions of its runtime: to bf16 and f16, in vectors and in
what is left of rows of odd width.
"""

import json
import pathlib
import subprocess

import pytest
from conftest import ROOT, find_llvm_tool
from test_objects import C_LIBRARY, LIBM, THREADS_OF_C_LIBRARY, undefined

DATA = ROOT / "integration" / "data"


def read_config(name: str) -> dict:
    return json.loads((DATA / name / "config.json").read_text(encoding="utf-8"))


# Models whose rows leave something over in every vector. One layer has all kinds of code.
FAMILIES = {
    "hgrn_bit": read_config("hgrn-a") | {"hidden_size": 17, "intermediate_size": 45},
    "bitnet": read_config("bitnet-odd"),
    "llama": read_config("llama-tied"),
    "qwen3": read_config("qwen3-heads") | {"hidden_size": 37, "intermediate_size": 51},
    "rwkv": read_config("rwkv-odd"),
}
TRAINING = ["--function=train"]
MODES = {
    "f32": [],
    "training": TRAINING,
    "bf16": [*TRAINING, "--activations=bf16"],
    "int8": [*TRAINING, "--gradient-precision=int8"],
    "cache-f16": ["--kv-cache=f16"],
    "cache-int8": ["--kv-cache=int8"],
}
# Only attention has a cache, and only ternary layers round gradients.
WITHOUT = {
    "hgrn_bit": {"cache-f16", "cache-int8"},
    "bitnet": set(),
    "llama": {"int8"},
    "qwen3": {"int8"},
    "rwkv": {"int8", "cache-f16", "cache-int8"},
}
X86_CPUS = ("x86-64-v2", "x86-64-v3", "x86-64-v4", "znver3", "sapphirerapids")
PROCESSORS = {
    **{cpu: ("x86_64", [f"--mcpu={cpu}"]) for cpu in X86_CPUS},
    "aarch64": ("aarch64", []),
    "riscv64": ("riscv64", []),
    "riscv64-v": ("riscv64", ["--mattr=+v"]),
}


# In which values are narrowed, for which not every processor has instructions.
NARROW = {"bf16", "cache-f16"}


def find_pairs(case: tuple[str, str, str]) -> set[tuple[str, str]]:
    family, mode, cpu = case
    pairs = {(family, mode), (family, cpu)}
    return pairs | {(mode, cpu)} if mode in NARROW else pairs


def choose_cases() -> list[tuple[str, str, str]]:
    """All pairs of family and mode, of family and processor, and of processor and a mode that
    narrows: how a value is narrowed depends on no more than two of them. One by one, what has most
    new pairs, of these what compiles fastest."""
    cases = [
        (family, mode, cpu)
        for cpu in PROCESSORS
        for mode in MODES
        for family in FAMILIES
        if mode not in WITHOUT[family]
    ]
    left = set().union(*map(find_pairs, cases))
    chosen = []
    while left:
        chosen.append(
            max(cases, key=lambda c: (len(find_pairs(c) & left), TRAINING[0] not in MODES[c[1]]))
        )
        left -= find_pairs(chosen[-1])
    return chosen


def write_model(folder: pathlib.Path, family: str) -> pathlib.Path:
    config = FAMILIES[family] | {"num_hidden_layers": 1}
    if "layer_types" in config:
        config["layer_types"] = config["layer_types"][:1]
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")
    return folder


def find_c_library(architecture: str) -> pathlib.Path:
    """A folder of Debian's libc6, or of its packages libc6-dev-arm64-cross and -riscv64-cross."""
    native = pathlib.Path(f"/lib/{architecture}-linux-gnu")
    return native if native.exists() else pathlib.Path(f"/usr/{architecture}-linux-gnu/lib")


@pytest.mark.slow
@pytest.mark.parametrize(("family", "mode", "cpu"), choose_cases())
def test_object_links(tmp_path, compile_model, family, mode, cpu):
    architecture, flags = PROCESSORS[cpu]
    model = write_model(tmp_path / family, family)
    flags = [*flags, *MODES[mode], f"--mtriple={architecture}-linux-gnu", "--random-weights=1"]
    compiled = compile_model(model, *flags, name="m.o")
    assert undefined(compiled) <= C_LIBRARY | THREADS_OF_C_LIBRARY | LIBM
    # Where there is a C library to link, it has these symbols, and code fits into a library.
    libraries = find_c_library(architecture)
    if (libraries / "libc.so.6").exists():
        command = [find_llvm_tool("ld.lld"), "-shared", "--no-undefined", compiled]
        command += [f"-L{libraries}", "-l:libc.so.6", "-l:libm.so.6", "-o", tmp_path / "m.so"]
        result = subprocess.run(command, capture_output=True, text=True, check=False)
        assert result.returncode == 0, result.stderr
