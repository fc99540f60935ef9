"""What tests make once for all processes and runs: folders in build/test-cache.

The name of a folder is a hash of everything that what is in it depends on: the program that made
it, the files that this read, its flags and the processor. What is there is never out of date.
"""

import fcntl
import functools
import hashlib
import os
import pathlib
import platform
import re
import shutil
import subprocess
from collections.abc import Callable

# What is kept at most when a run starts.
MOST_BYTES = 1 << 30


def digest(*parts: object) -> str:
    return hashlib.sha256(repr(parts).encode()).hexdigest()


@functools.cache
def _digest_file(path: str, size: int, modified: int) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def digest_files(path: pathlib.Path) -> str:
    """Names and contents of a file, or of all files in a folder."""
    found = []
    for file in [path] if path.is_file() else sorted(path.rglob("*")):
        if file.is_file():
            status = file.stat()
            content = _digest_file(str(file), status.st_size, status.st_mtime_ns)
            found.append((str(file.relative_to(path)), content))
    return digest(path.name, *found)


@functools.cache
def digest_machine() -> str:
    """The processor, for which the compiler generates code by default."""
    lines = pathlib.Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    kinds = ("model name", "cpu family", "model", "stepping", "flags", "Features", "CPU part")
    return digest(platform.machine(), sorted({x for x in lines if x.split("\t")[0] in kinds}))


@functools.cache
def digest_program(program: pathlib.Path) -> str:
    """A program and its shared libraries, of which those of LLVM are too large to read."""
    command = ["ldd", str(program)]
    listing = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    libraries = []
    for path in re.findall(r"(/\S+)", listing):
        status = os.stat(path)
        libraries.append((path, status.st_size, status.st_mtime_ns))
    return digest(digest_files(program), sorted(libraries))


class Cache:
    def __init__(self, directory: pathlib.Path):
        self.directory = directory

    def get(self, key: str, make: Callable[[pathlib.Path], None]) -> pathlib.Path:
        """The folder of a key, which `make` fills unless a process has done so before."""
        entry = self.directory / key
        entry.mkdir(parents=True, exist_ok=True)
        result = entry / "result"
        with open(entry / "lock", "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not result.exists():
                work = entry / "work"
                shutil.rmtree(work, ignore_errors=True)
                work.mkdir()
                make(work)
                work.rename(result)
        os.utime(entry)
        return result

    def trim(self, most_bytes: int = MOST_BYTES) -> None:
        """Removes what was not used for longest, until the rest is no larger than that."""
        entries = []
        for entry in self.directory.glob("*"):
            size = sum(file.stat().st_size for file in entry.rglob("*") if file.is_file())
            entries.append((entry.stat().st_mtime_ns, size, entry))
        total = sum(size for _, size, _ in entries)
        for _, size, entry in sorted(entries):
            if total <= most_bytes:
                break
            shutil.rmtree(entry)
            total -= size
