"""Tests of utils/check_doc_examples.py."""

import check_doc_examples

PAGE = """\
# 'toy' Dialect

### `toy.add` (toy::AddOp)

Adds.

Example:

```mlir
%0 = toy.add %a, %b : i32
```

#### Operands:

```text
not run
```

```mlir fragment
toy.add ...
```

  ```mlir
  toy.add
  ```

### `toy.mul` (toy::MulOp)

```mlir
%0 = toy.add %a, %b : i32
```
"""


def read(tmp_path):
    path = tmp_path / "page.md"
    path.write_text(PAGE)
    return check_doc_examples.read_page(path)


def test_examples_and_ops_are_found(tmp_path):
    examples, ops = read(tmp_path)
    assert ops == ["toy.add", "toy.mul"]
    assert [(e.line, e.heading) for e in examples] == [
        (9, "toy.add"),
        (23, "toy.add"),
        (29, "toy.mul"),
    ]
    assert examples[1].code == "toy.add\n"


def test_an_op_without_an_example_is_reported(tmp_path):
    errors = check_doc_examples.check_op_examples(*read(tmp_path))
    assert errors == ["toy.mul has no ```mlir example that uses it"]


def test_only_the_failing_example_is_reported(tmp_path):
    opt = tmp_path / "opt"
    opt.write_text("#!/bin/sh\nif grep -q '%a'; then echo bad >&2; exit 1; fi\n")
    opt.chmod(0o755)
    examples, _ = read(tmp_path)
    errors = check_doc_examples.check_examples(str(opt), examples)
    assert [error.split(" does")[0] for error in errors] == [str(examples[0]), str(examples[2])]
    assert check_doc_examples.check_examples(str(opt), examples[1:2]) == []
