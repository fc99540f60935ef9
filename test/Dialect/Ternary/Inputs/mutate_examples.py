"""Prints the examples of ops, each with one of its types or attributes changed.

usage: mutate_examples.py FILE.td...

What comes out parses, or it does not; nothing in it may crash the parser or a verifier.
"""

import pathlib
import re
import sys

TYPE = re.compile(r"(?:tensor|memref|vector)<[^<>]*(?:<[^<>]*>)?[^<>]*>")
ATTRIBUTE = re.compile(r"\b\w+ = [\w.+-]+(?: : \w+)?,? ?")
OTHER_TYPES = ("f32", "tensor<f32>", "tensor<*xf32>", "tensor<?x?x?x?xf32>", "() -> ()")
OTHER_VALUES = ("0", "-1", "9223372036854775807")

modules = []
for path in sys.argv[1:]:
    text = pathlib.Path(path).read_text(encoding="utf-8")
    for example in re.findall(r"```mlir\n(.*?)```", text, re.DOTALL):
        types = sorted(set(TYPE.findall(example)))
        modules += [example.replace(old, new) for old in types for new in OTHER_TYPES]
        for found in ATTRIBUTE.finditer(example):
            before, after = example[: found.start()], example[found.end() :]
            modules.append(before + after)
            name, rest = found.group().split(" = ")
            for value in OTHER_VALUES:
                modules.append(f"{before}{name} = {re.sub(r'^[^ ,]+', value, rest)}{after}")
assert len(modules) > 1000, len(modules)
print("\n// -----\n".join(modules))
