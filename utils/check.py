"""Runs every test and adds up the results.

The runners are lit (the files in test/ and the GoogleTest programs) and pytest. The last line of
output is `N passed, N failed`; the exit status is 0 only if nothing failed and every
runner ran at least one test.
"""

import argparse
import dataclasses
import json
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import xml.etree.ElementTree

ROOT = pathlib.Path(__file__).resolve().parent.parent

PASSED_CODES = {"PASS", "FLAKYPASS", "XFAIL"}
SKIPPED_CODES = {"UNSUPPORTED", "SKIPPED", "EXCLUDED"}


@dataclasses.dataclass
class Counts:
    """How many tests passed, failed and were skipped."""

    passed: int = 0
    failed: int = 0
    skipped: int = 0

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(
            self.passed + other.passed, self.failed + other.failed, self.skipped + other.skipped
        )

    def __str__(self) -> str:
        return f"{self.passed} passed, {self.failed} failed"


def read_lit_results(path: pathlib.Path) -> Counts:
    """Counts the results in the file that lit writes for --output."""
    counts = Counts()
    for test in json.loads(path.read_text(encoding="utf-8"))["tests"]:
        if test["code"] in PASSED_CODES:
            counts.passed += 1
        elif test["code"] in SKIPPED_CODES:
            counts.skipped += 1
        else:
            counts.failed += 1
    return counts


def read_junit_results(path: pathlib.Path) -> Counts:
    """Counts the results in a JUnit XML file, as pytest writes it."""
    counts = Counts()
    for suite in xml.etree.ElementTree.parse(path).getroot().iter("testsuite"):
        failed = int(suite.get("failures", 0)) + int(suite.get("errors", 0))
        skipped = int(suite.get("skipped", 0))
        counts.failed += failed
        counts.skipped += skipped
        counts.passed += int(suite.get("tests", 0)) - failed - skipped
    return counts


def read_cmake_cache(build_dir: pathlib.Path) -> dict[str, str]:
    """The variables of a configured build folder."""
    cache = {}
    for line in (build_dir / "CMakeCache.txt").read_text(encoding="utf-8").splitlines():
        key, separator, value = line.partition("=")
        if separator and not line.startswith(("#", "/")):
            cache[key.split(":")[0]] = value
    return cache


def run(name: str, command: list[str], results: pathlib.Path, reader, env=None) -> Counts:
    """Runs one runner and returns its counts; no counts at all are a failure."""
    print(f"== {name}", flush=True)
    results.unlink(missing_ok=True)
    status = subprocess.run(command, cwd=ROOT, env=env, check=False).returncode
    counts = reader(results) if results.exists() else Counts()
    if counts.passed + counts.failed == 0:
        print(f"error: {name} ran no test (exit status {status})", flush=True)
        counts.failed += 1
    elif status != 0 and counts.failed == 0:
        print(f"error: {name} failed outside of its tests (exit status {status})", flush=True)
        counts.failed += 1
    return counts


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build-dir", type=pathlib.Path, default=ROOT / "build")
    args = parser.parse_args()
    build_dir = (ROOT / args.build_dir).resolve()
    cache = read_cmake_cache(build_dir)
    results_dir = build_dir / "test-results"
    results_dir.mkdir(exist_ok=True)

    lit_results = results_dir / "lit.json"
    lit = [cache["LLVM_EXTERNAL_LIT"], "-sv", "--no-progress-bar", "--time-tests"]
    lit += ["--output", str(lit_results)]
    lit += [str(build_dir / "test"), str(build_dir / "test" / "Unit")]

    pytest_results = results_dir / "pytest.xml"
    pytest = [sys.executable, "-m", "pytest", "-q", f"--junitxml={pytest_results}"]
    pytest += ["--numprocesses=auto", "--maxprocesses=16", "--dist=worksteal", "--durations=25"]
    environment = dict(os.environ, TERNARY_BUILD_DIR=str(build_dir))
    if cache.get("TERNARY_SANITIZE"):
        # LLVM's allocators poison what only code with sanitizers unpoisons; libMLIR.so has none.
        # LLVM also gives threads a stack for signals, which AddressSanitizer would unmap.
        environment["ASAN_OPTIONS"] = "allow_user_poisoning=0:use_sigaltstack=0"
        environment["TERNARY_SANITIZE"] = cache["TERNARY_SANITIZE"]

    # Whoever is told to stop still removes what tests wrote.
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    with tempfile.TemporaryDirectory(prefix="ternary-check-") as folder:
        environment["TMPDIR"] = folder
        results = {
            name: run(name, command, path, reader, environment)
            for name, command, path, reader in (
                ("lit and GoogleTest", lit, lit_results, read_lit_results),
                ("pytest", pytest, pytest_results, read_junit_results),
            )
        }

    total = sum(results.values(), Counts())
    print()
    for name, counts in results.items():
        print(f"{name}: {counts}, {counts.skipped} skipped")
    print(total)
    return 1 if total.failed else 0


if __name__ == "__main__":
    sys.exit(main())
