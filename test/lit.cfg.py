"""The lit configuration of Ternary's tests.

Set TERNARY_OPT_CHECK_IR_ROUNDTRIP=1 to make every run of ternary-opt also check that its input
survives printing and parsing, in text and in bytecode.
"""

import os
import platform
import sys

import lit.formats
from lit.llvm import llvm_config
from lit.llvm.subst import ToolSubst

config.name = "TERNARY"
config.test_format = lit.formats.ShTest(not llvm_config.use_lit_shell)
config.suffixes = [".mlir", ".test", ".py", ".c"]
config.excludes = ["Inputs", "Unit", "lib", "lit.cfg.py", "CMakeLists.txt"]
config.test_source_root = os.path.dirname(__file__)
config.test_exec_root = os.path.join(config.ternary_obj_root, "test")

config.environment["FILECHECK_OPTS"] = "-enable-var-scope --allow-unused-prefixes=false"

# Tools. Those that the build has not made are left alone, so that a test of a missing tool fails
# with the shell's own message.
llvm_config.use_default_substitutions()
opt_args = ["--verify-roundtrip"] if os.environ.get("TERNARY_OPT_CHECK_IR_ROUNDTRIP") else []
tools = [
    ToolSubst("ternary-opt", extra_args=opt_args),
    "ternary-bench",
    "ternary-capi-test",
    "ternary-compile",
    "ternary-export",
    "ternary-lsp-server",
    "ternary-run",
    "ternary-train",
    "llc",
    "lli",
    "llvm-link",
    "llvm-nm",
    "llvm-objdump",
    "llvm-readelf",
    "mlir-opt",
    "mlir-translate",
    "split-file",
]
tools = [
    tool if isinstance(tool, ToolSubst) else ToolSubst(tool, unresolved="ignore") for tool in tools
]
llvm_config.add_tool_substitutions(tools, [config.ternary_tools_dir, config.llvm_tools_dir])

llvm_config.with_environment(
    "PATH", [config.ternary_tools_dir, config.llvm_tools_dir], append_path=True
)

venv_python = os.path.join(config.ternary_venv, "bin", "python")
if os.path.exists(venv_python):
    config.available_features.add("venv")
else:
    venv_python = sys.executable

runner_libraries = [
    f"{config.llvm_tools_dir}/../lib/lib{name}.{'dylib' if sys.platform == 'darwin' else 'so'}"
    for name in ("mlir_runner_utils", "mlir_c_runner_utils")
]
sanitize_flags = f"-fsanitize={config.ternary_sanitize}" if config.ternary_sanitize else ""
config.substitutions += [
    ("%python", venv_python),
    ("%src_root", config.ternary_src_root),
    ("%obj_root", config.ternary_obj_root),
    ("%tools_dir", config.ternary_tools_dir),
    ("%cmake", config.cmake),
    ("%host_cc", config.host_cc),
    ("%host_cxx", config.host_cxx),
    ("%sanitize_flags", sanitize_flags),
    # As upstream's integration tests run @main of a module in the LLVM dialect.
    (
        "%run_mlir",
        f"{config.llvm_tools_dir}/mlir-runner -e main -entry-point-result=void "
        f"-shared-libs={','.join(runner_libraries)}",
    ),
    ("%mlir_runner_utils", runner_libraries[0]),
    ("%ternary_plugin", os.path.join(config.ternary_lib_dir, "libTernaryPlugin.so")),
]

# Fuzzers run over their corpus, or for TERNARY_FUZZ_SECONDS. New inputs are kept for this run only;
# what is worth keeping goes into fuzz/corpus.
fuzz_seconds = os.environ.get("TERNARY_FUZZ_SECONDS")
fuzz_limit = f"-max_total_time={fuzz_seconds}" if fuzz_seconds else "-runs=0"
fuzz_dir = os.path.join(config.ternary_obj_root, "fuzz")
config.substitutions[:0] = [
    ("%fuzz_flags", f"-timeout=10 -rss_limit_mb=2048 -print_final_stats=1 {fuzz_limit}"),
    ("%fuzz_corpus", os.path.join(config.ternary_src_root, "fuzz", "corpus")),
    ("%fuzz", f"env ASAN_OPTIONS=allow_user_poisoning=0 {fuzz_dir}"),
]

# Features, for REQUIRES: and UNSUPPORTED:.


def cpu_flags():
    """The flags the kernel reports for the first processor, or none where it reports nothing."""
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as info:
            for line in info:
                key, _, value = line.partition(":")
                if key.strip() in ("flags", "Features"):
                    return set(value.split())
    except OSError:
        pass
    return set()


flags = cpu_flags()
for flag, feature in {
    "f16c": "f16c",
    "avx2": "avx2",
    "avx_vnni": "avxvnni",
    "avx512f": "avx512",
    "avx512_vnni": "avx512vnni",
    "amx_int8": "amx-int8",
    "asimddp": "dotprod",
}.items():
    if flag in flags:
        config.available_features.add(feature)
config.available_features.add(platform.machine().replace("_", "-"))
# mlir-opt is built without sanitizers, which a library that it loads would need.
if not config.ternary_sanitize and sys.platform == "linux":
    config.available_features.add("plugin")
if config.ternary_fuzzers:
    config.available_features.add("fuzzers")
if config.ternary_sanitize:
    config.available_features.add("sanitize")
    config.environment["UBSAN_OPTIONS"] = "print_stacktrace=1"
    # As utils/check.py says.
    config.environment["ASAN_OPTIONS"] = "allow_user_poisoning=0:use_sigaltstack=0"
