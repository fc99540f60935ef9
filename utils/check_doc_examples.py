"""Runs every MLIR example of the generated documentation through ternary-opt.

An example is a fenced block marked ```mlir. It has to parse and verify as it stands, so it is
a complete piece of IR: functions around the ops it shows. Blocks of another kind are not run, nor
are those marked ```mlir fragment: the lines before and after a pass, say, with things left out.
With --require-op-examples, each op must be used by at least one example. With --compile, nine
tenths of them have to become objects; each of the others has to be refused in one line.
"""

import argparse
import dataclasses
import pathlib
import re
import subprocess
import sys
import tempfile

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


# Some are about what only the middle of a compilation has, an archive say.
LEAST_COMPILED = 0.9


def compile_examples(compiler: str, examples: list[Example]) -> list[str]:
    """Returns a message if too few become objects, and one for each refusal that is no line."""
    errors, refused = [], []
    with tempfile.TemporaryDirectory() as folder:
        source, output = pathlib.Path(folder, "f.mlir"), pathlib.Path(folder, "f.o")
        for example in examples:
            source.write_text(example.code, encoding="utf-8")
            command = [compiler, source, "-o", output, "--random-weights=1", "-O0"]
            result = subprocess.run(command, text=True, capture_output=True, check=False)
            if result.returncode == 0:
                continue
            refused.append(f"{example.heading}: {result.stderr.strip()}")
            if result.returncode != 1 or len(result.stderr.splitlines()) != 1:
                errors.append(f"{example} ends in {result.returncode}:\n{result.stderr}")
    print(f"{len(examples) - len(refused)} of {len(examples)} examples become objects")
    if len(refused) > len(examples) * (1 - LEAST_COMPILED):
        errors.append(f"expected {LEAST_COMPILED:.0%} to become objects:\n" + "\n".join(refused))
    return errors


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "pages", nargs="+", type=pathlib.Path, help="files, or folders of .md files"
    )
    parser.add_argument("--opt", default="ternary-opt", help="the ternary-opt to run")
    parser.add_argument("--require-op-examples", action="store_true")
    parser.add_argument("--compile", help="the ternary-compile to run")
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
    if args.compile:
        errors += compile_examples(args.compile, examples)
    if not examples:
        errors.append(f"no example found in {len(files)} pages")
    for error in errors:
        print(f"error: {error}", file=sys.stderr)
    print(f"{len(examples)} examples, {len(ops)} ops, {len(errors)} errors")
    return 1 if errors else 0


if __name__ == "__main__":
    sys.exit(main())
