"""Runs every registered pass and pipeline of ours on the modules of a file, each by itself.

usage: run_every_pass.py TERNARY_OPT [OPTION...] FILE.mlir

Each has to end with a result, or with an error that it reports: never by a signal.
"""

import re
import subprocess
import sys

*tool, path = sys.argv[1:]
text = subprocess.run([*tool, "--help"], check=True, capture_output=True, text=True).stdout
names = sorted(set(re.findall(r"^\s+--(ternary-[a-z0-9-]+)\s", text, re.MULTILINE)))
assert "ternary-fuse-rows" in names and "ternary-to-cpu" in names, names

failures = []
for name in names:
    run = subprocess.run(
        [*tool, f"--{name}", "--split-input-file", path, "-o", "/dev/null"],
        check=False,
        capture_output=True,
        text=True,
    )
    reported = run.returncode == 1 and "error: " in run.stderr
    if run.returncode != 0 and not reported:
        failures.append(f"--{name}: {run.returncode}\n{run.stderr}")
sys.exit("\n".join(failures) or 0)
