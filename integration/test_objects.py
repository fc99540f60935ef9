"""Objects and libraries by themselves: what they need, and what they do on machines that lack what
they were compiled for, which qemu-user plays."""

import pathlib
import re
import shutil
import subprocess

import pytest
from conftest import ROOT, SELF_TEST, find_llvm_tool, run_tool

MODEL = ROOT / "integration" / "data" / "hgrn-a"
DEMO = ROOT / "models" / "shakespeare"
USE = ROOT / "integration" / "use_object.c"
SELF_TEST_PROGRAM = ROOT / "integration" / "self_test_object.c"
LACKS = "processor lacks instructions that the model uses"

# Of the C library and libm, what steps and session functions call.
C_LIBRARY = {
    "calloc",
    "close",
    "free",
    "getauxval",
    "lseek",
    "madvise",
    "malloc",
    "memcmp",
    "memcpy",
    "memmove",
    "memset",
    "mmap",
    "munmap",
    "open",
    "read",
}
# And what teams of threads do.
THREADS_OF_C_LIBRARY = {
    "clock_gettime",
    "getpid",
    "pthread_attr_destroy",
    "pthread_attr_init",
    "pthread_attr_setstacksize",
    "pthread_create",
    "pthread_join",
    "pthread_sigmask",
    "sched_getcpu",
    "syscall",
}
LIBM = {"fmaf"}  # of processors that have no instruction for it


def compile_object(path: pathlib.Path, *flags: str, model: pathlib.Path = MODEL) -> pathlib.Path:
    command = ["ternary-compile", model, "-o", path, "--parallel=none", "--self-test=0", *flags]
    result = run_tool(*command)
    assert result.returncode == 0, result.stderr
    return path


def run(*command: object) -> subprocess.CompletedProcess[str]:
    words = list(map(str, command))
    return subprocess.run(words, capture_output=True, text=True, timeout=300, check=False)


def link(
    folder: pathlib.Path, arch: str, *arguments: object, source: pathlib.Path = USE
) -> pathlib.Path:
    """A program of a source; for another architecture with what Debian's -cross packages have."""
    program = folder / "use"
    sources = [f"-I{folder}", source, *arguments, "-o", program]
    if arch == "x86_64":
        result = run("cc", "-O1", *sources, "-ldl")
        assert result.returncode == 0, result.stderr
        return program
    root = pathlib.Path(f"/usr/{arch}-linux-gnu")
    if not root.exists():
        pytest.skip(f"no C library for {arch}")
    loader = {"aarch64": "ld-linux-aarch64.so.1", "riscv64": "ld-linux-riscv64-lp64d.so.1"}[arch]
    # What a C library brings is all that an object needs: no libgcc, no compiler-rt.
    start = [root / "lib" / name for name in ("crt1.o", "crti.o", "crtn.o")]
    result = run(
        find_llvm_tool("clang"),
        f"--target={arch}-linux-gnu",
        f"--ld-path={shutil.which('ld.lld-22') or find_llvm_tool('ld.lld')}",
        "-O1",
        "-nostdlib",
        "-isystem",
        root / "include",
        f"-L{root / 'lib'}",
        f"-Wl,--dynamic-linker=/lib/{loader}",
        *start,
        *sources,
        "-lc",
        "-ldl",
    )
    assert result.returncode == 0, result.stderr
    return program


def emulate(arch: str, cpu: str, *command: object) -> subprocess.CompletedProcess[str]:
    emulator = shutil.which(f"qemu-{arch}")
    if not emulator:
        pytest.skip(f"no qemu-{arch}")
    prefix = [] if arch == "x86_64" else ["-L", f"/usr/{arch}-linux-gnu"]
    return run(emulator, "-cpu", cpu, *prefix, *command)


# Code for one machine on another that has what it uses, or not.
MACHINES = [
    ("x86_64", "x86-64", "qemu64", True),
    ("x86_64", "x86-64-v4", "Nehalem", False),
    ("x86_64", "sapphirerapids", "Nehalem", False),
    ("aarch64", "cortex-a53", "cortex-a53", True),
    ("aarch64", "cortex-a76", "max", True),
    ("aarch64", "cortex-a76", "cortex-a53", False),
    ("riscv64", "", "rv64", True),
    ("riscv64", "sifive-x280", "rv64", False),
]


@pytest.mark.parametrize("arch, cpu, machine, fits", MACHINES)
def test_machines_that_lack_instructions(tmp_path, arch, cpu, machine, fits):
    """An object on a machine without its instructions says so, and is not killed for them."""
    flags = [f"--mtriple={arch}-linux-gnu"] + ([f"--mcpu={cpu}"] if cpu else [])
    model = compile_object(tmp_path / "m.o", *flags)
    result = emulate(arch, machine, link(tmp_path, arch, model))
    expected = "no error" if fits else LACKS
    assert (result.returncode, result.stdout.split("\n")[0]) == (0 if fits else 1, expected), result


@pytest.mark.parametrize("arch, cpu, machine, fits", [MACHINES[i] for i in (0, 2, 5)])
def test_libraries_on_machines_that_lack_instructions(tmp_path, arch, cpu, machine, fits):
    """The same for a shared library, whose constructors run when it is loaded."""
    flags = [f"--mtriple={arch}-linux-gnu"] + ([f"--mcpu={cpu}"] if cpu else [])
    compile_object(tmp_path / "m.o", *flags)
    library = compile_object(tmp_path / "m.so", *flags)
    result = emulate(arch, machine, link(tmp_path, arch, "-DLOADS"), library)
    expected = "no error" if fits else LACKS
    assert (result.returncode, result.stdout.split("\n")[0]) == (0 if fits else 1, expected), result


def test_bits_on_another_architecture(tmp_path):
    """Logits of code for other architectures, under emulation, are those of code for this one."""
    printed = {}
    for arch, machine in (("x86_64", "qemu64"), ("aarch64", "cortex-a53"), ("riscv64", "rv64")):
        folder = tmp_path / arch
        folder.mkdir()
        model = compile_object(folder / "m.o", f"--mtriple={arch}-linux-gnu")
        printed[arch] = emulate(arch, machine, link(folder, arch, model)).stdout
    assert printed["x86_64"].startswith("no error\n")
    assert printed["aarch64"] == printed["riscv64"] == printed["x86_64"]


@pytest.mark.slow
@pytest.mark.parametrize("arch, machine", [("aarch64", "cortex-a53"), ("riscv64", "rv64")])
def test_demo_on_another_architecture(tmp_path, compile_model, arch, machine):
    """The demo model passes its self-test on machines of other architectures."""
    flags = [f"--mtriple={arch}-linux-gnu", "--parallel=none", SELF_TEST]
    model = compile_model(DEMO, *flags, name="m.o")
    includes = [f"-I{model.parent}", f"-I{ROOT / 'runtime' / 'include'}"]
    program = link(tmp_path, arch, *includes, model, source=SELF_TEST_PROGRAM)
    result = emulate(arch, machine, program)
    assert (result.returncode, result.stdout) == (0, "whole: 1\ntoken by token: 1\n"), result


def undefined(path: pathlib.Path, *flags: str) -> set[str]:
    result = run(
        find_llvm_tool("llvm-nm"), "--undefined-only", "--format=just-symbols", *flags, path
    )
    assert result.returncode == 0, result.stderr
    return set(result.stdout.split())


@pytest.mark.parametrize("cpu", ["x86-64", "x86-64-v3", "sapphirerapids"])
def test_needs_a_c_library_alone(tmp_path, cpu):
    flags = ["--mtriple=x86_64-linux-gnu", f"--mcpu={cpu}"]
    assert undefined(compile_object(tmp_path / "m.o", *flags)) <= C_LIBRARY
    library = compile_object(tmp_path / "m.so", *flags)
    assert undefined(library, "--dynamic") <= C_LIBRARY
    needed = run(find_llvm_tool("llvm-readelf"), "--needed-libs", library).stdout
    assert needed.split() == ["NeededLibraries", "[", "]"]


def test_library_brings_libm(tmp_path):
    """A program that has not loaded libm can load a library that calls its functions: for want of
    an instruction, the attention of a Transformer calls fmaf."""
    flags = ["--mtriple=x86_64-linux-gnu", "--mcpu=x86-64-v2"]
    model = ROOT / "integration" / "data" / "llama-tied"
    compile_object(tmp_path / "m.o", *flags, model=model)
    library = compile_object(tmp_path / "m.so", *flags, model=model)
    assert undefined(library, "--dynamic") - C_LIBRARY == LIBM
    needed = run(find_llvm_tool("llvm-readelf"), "--needed-libs", library).stdout
    assert needed.split() == ["NeededLibraries", "[", "libm.so.6", "]"]
    program = link(tmp_path, "x86_64", "-DLOADS")
    loads = run(find_llvm_tool("llvm-readelf"), "--needed-libs", program).stdout
    assert "libm" not in loads
    result = emulate("x86_64", "Nehalem", program, library)
    assert (result.returncode, result.stdout.split("\n")[0]) == (0, "no error"), result


@pytest.mark.parametrize("libc, name", [("android", "libm.so"), ("musl", None)])
def test_name_of_libm(tmp_path, libc, name):
    """Other C libraries call theirs differently, or have its functions themselves."""
    model = ROOT / "integration" / "data" / "llama-tied"
    flags = [f"--mtriple=x86_64-linux-{libc}", "--mcpu=x86-64-v2"]
    library = compile_object(tmp_path / "m.so", *flags, model=model)
    needed = run(find_llvm_tool("llvm-readelf"), "--needed-libs", library).stdout
    assert needed.split() == ["NeededLibraries", "[", *([name] if name else []), "]"]


# What a compiler's runtime would do, or code for the baseline would not agree with.
OTHER_ABIS = [
    ("x86_64", "--mattr=-sse2", "+sse2", "'-sse2'"),
    ("x86_64", "--mattr=+soft-float", "-soft-float", "'+soft-float'"),
    ("x86_64", "--mcpu=pentium", "+64bit", "'pentium'"),
    ("aarch64", "--mattr=-fp-armv8", "+neon", "'-fp-armv8'"),
    ("riscv64", "--mattr=+v,-m", "+m", "'+v,-m'"),
    ("riscv64", "--mattr=-d", "+d", "'-d'"),
    ("riscv64", "--mattr=+e", "-e", "'+e'"),
    ("riscv64", "--mcpu=sifive-s21", "+f,+d", "'sifive-s21'"),
    ("riscv64", "--mcpu=rocket-rv64 --mattr=+m", "+a,+f,+d,+c", "'rocket-rv64' with '+m'"),
]


@pytest.mark.parametrize("arch, flags, lacking, got", OTHER_ABIS)
def test_machines_with_another_abi(tmp_path, arch, flags, lacking, got):
    triple = f"--mtriple={arch}-linux-gnu"
    result = run_tool("ternary-compile", MODEL, "-o", tmp_path / "m.o", triple, *flags.split())
    assert (result.returncode, result.stderr) == (
        1,
        f"ternary-compile: error: expected a machine with {lacking}, as C libraries of {arch} are "
        f"compiled for, got {got}\n",
    )
    assert not list(tmp_path.iterdir())


def read_riscv_attributes(path: pathlib.Path) -> list[str]:
    """The ABI of an object and the extensions that its code uses."""
    result = run(find_llvm_tool("llvm-readelf"), "--file-header", "--arch-specific", path)
    return re.findall(r"Flags: .*|rv64\w+", result.stdout)


@pytest.mark.parametrize("ours, clangs", [([], []), (["--mattr=+v"], ["-march=rv64imafdcv"])])
def test_default_machine(tmp_path, ours, clangs):
    """Where no CPU is named, code is for the machines that clang's is for, and features besides."""
    triple = "riscv64-linux-gnu"
    model = compile_object(tmp_path / "m.o", f"--mtriple={triple}", *ours)
    (tmp_path / "c.c").touch()
    flags = [f"--target={triple}", *clangs, "-c", tmp_path / "c.c", "-o", tmp_path / "c.o"]
    assert run(find_llvm_tool("clang"), *flags).returncode == 0
    attributes = read_riscv_attributes(model)
    assert len(attributes) == 2 and "double-float ABI" in attributes[0]
    assert attributes == read_riscv_attributes(tmp_path / "c.o")


@pytest.mark.parametrize("flags", [[], ["--function=train"]])
def test_threads_need_nothing_besides(tmp_path, flags):
    """Threads are those of the C library."""
    library = tmp_path / "m.so"
    result = run_tool("ternary-compile", MODEL, "-o", library, "--self-test=0", *flags)
    assert result.returncode == 0, result.stderr
    others = undefined(library, "--dynamic") - C_LIBRARY
    assert others <= THREADS_OF_C_LIBRARY
    needed = run(find_llvm_tool("llvm-readelf"), "--needed-libs", library).stdout
    assert needed.split() == ["NeededLibraries", "[", "]"]


@pytest.fixture(scope="module")
def llvm_text(tmp_path_factory) -> str:
    """A model in LLVM IR, as its object is generated from."""
    path = tmp_path_factory.mktemp("llvm") / "m.ll"
    compile_object(path, "--mtriple=x86_64-linux-gnu", "--mcpu=x86-64-v3", "--emit=llvm")
    return path.read_text(encoding="utf-8")


def functions_of(text: str) -> dict[str, str]:
    """The bodies of functions in LLVM IR by their names."""
    pattern = r"^define [^@]*@([\w.]+)\((.*?)^}"
    return dict(re.findall(pattern, text, re.MULTILINE | re.DOTALL))


def test_steps_allocate_nothing(llvm_text):
    """Memory is taken when a model or a session is opened, and by what says so."""
    call = re.compile(r"@(malloc|calloc|realloc|aligned_alloc|posix_memalign|mmap)\(")
    allocating = {name for name, body in functions_of(llvm_text).items() if call.search(body)}
    assert "m_session_new" in allocating
    assert allocating <= {"m_open", "m_session_new", "m_prefill_all", "open_file"}


def test_prefetches_may_leave_memory(llvm_text):
    """The address of what is asked for ahead does not promise to be within its memory."""
    found = 0
    for body in functions_of(llvm_text).values():
        for name in re.findall(r"call void @llvm\.prefetch\.p0\(ptr [^%]*(%[\w.]+)", body):
            address = re.search(rf"^ *{re.escape(name)} = getelementptr(.*)$", body, re.MULTILINE)
            if address:
                found += 1
                assert "inbounds" not in address[1], address[0]
    assert found


def test_pointers_of_32_bits(tmp_path):
    result = run_tool(
        "ternary-compile", MODEL, "-o", tmp_path / "m.o", "--mtriple=x86_64-linux-gnux32"
    )
    assert result.returncode == 1
    assert "expected a target with pointers of 64 bits, got 'x86_64-unknown-linux-gnux32'" in (
        result.stderr
    )
    assert not list(tmp_path.iterdir())
