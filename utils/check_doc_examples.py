"""Runs every MLIR example of the generated documentation through ternary-opt.

An example is a fenced block marked ```mlir. It has to parse and verify as it stands, so it is
a complete piece of IR: functions around the ops it shows. Blocks of another kind are not run, nor
are those marked ```mlir fragment: the lines before and after a pass, say, with things left out.
With --require-op-examples, each op must be used by at least one example.
"""

import argparse
import dataclasses
import pathlib
import re
import subprocess
import sys

FENCE = re.compile(r"^( *)```([^`]*)$")
HEADING = re.compile(r"^#+ +(.*)$")
OP_HEADING = re.compile(r"^`(\w+\.[\w.]+)` \(")


@dataclasses.dataclass
class Example:
    """A fenced block: where it stands, under which heading, and what it says."""

    path: pathlib.Path
    line: int
    heading: str
    code: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: the example of {self.heading}"


def read_page(path: pathlib.Path) -> tuple[list[Example], list[str]]:
    """Returns the examples of a page and the ops it documents."""
    examples, ops = [], []
    heading, block, indent = str(path.name), None, ""
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        fence = FENCE.match(line)
        if block is not None:
            if fence and not fence[2].strip():
                if block[0] == "mlir":
                    examples.append(Example(path, block[1], heading, "\n".join(block[2]) + "\n"))
                block = None
            else:
                block[2].append(line.removeprefix(indent))
        elif fence:
            indent = fence[1]
            block = (fence[2].strip(), number, [])
        elif title := HEADING.match(line):
            op = OP_HEADING.match(title[1])
            # The subheadings of an op (Operands, Results, ...) keep its name.
            if op:
                ops.append(op[1])
                heading = op[1]
            elif line.startswith(("# ", "## ", "### ")):
                heading = title[1]
    return examples, ops


def run_opt(opt: str, code: str) -> str:
    """Verifies code and its round trip; returns the error messages, or nothing."""
    command = [opt, "--split-input-file", "--verify-roundtrip", "-o", "/dev/null"]
    result = subprocess.run(command, input=code, text=True, capture_output=True, check=False)
    return "" if result.returncode == 0 else result.stderr.strip() or f"exit {result.returncode}"


def check_examples(opt: str, examples: list[Example]) -> list[str]:
    """Returns a message for each example that fails."""
    if not run_opt(opt, "// -----\n".join(example.code for example in examples)):
        return []
    # One of them failed; find out which.
    failures = ((example, run_opt(opt, example.code)) for example in examples)
    return [f"{example} does not verify:\n{error}" for example, error in failures if error]


def check_op_examples(examples: list[Example], ops: list[str]) -> list[str]:
    """Returns a message for each op that no example uses; that of an enclosing op will do."""
    return [
        f"{op} has no ```mlir example that uses it"
        for op in ops
        if not any(re.search(rf"\b{re.escape(op)}\b", example.code) for example in examples)
    ]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "pages", nargs="+", type=pathlib.Path, help="files, or folders of .md files"
    )
    parser.add_argument("--opt", default="ternary-opt", help="the ternary-opt to run")
    parser.add_argument("--require-op-examples", action="store_true")
    args = parser.parse_args()

    files = []
    for page in args.pages:
        files += sorted(page.rglob("*.md")) if page.is_dir() else [page]

    examples, ops = [], []
    for file in files:
        page_examples, page_ops = read_page(file)
        examples += page_examples
        ops += page_ops

    errors = check_examples(args.opt, examples)
    if args.require_op_examples:
        errors += check_op_examples(examples, ops)
    if not examples:
        errors.append(f"no example found in {len(files)} pages")
    for error in errors:
        print(f"error: {error}", file=sys.stderr)
    print(f"{len(examples)} examples, {len(ops)} ops, {len(errors)} errors")
    return 1 if errors else 0


if __name__ == "__main__":
    sys.exit(main())
