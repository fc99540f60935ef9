"""What a graph consists of: operations, blocks and values."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from typing import Any


@dataclasses.dataclass(frozen=True)
class Value:
    """What an operation computes or a block is given."""

    name: str
    """As in the text: "%3", "%arg0"."""
    type: str
    """As in the text: "tensor<1x?x256xf32>"."""

    def __str__(self) -> str:
        return f"{self.name} : {self.type}"


@dataclasses.dataclass(frozen=True)
class Block:
    """Operations in order, and the values that they are given."""

    arguments: tuple[Value, ...]
    operations: tuple[Operation, ...]


@dataclasses.dataclass(frozen=True)
class Operation:
    """One operation of the IR with all that is nested in it."""

    name: str
    operands: tuple[Value, ...]
    results: tuple[Value, ...]
    attributes: Mapping[str, Any]
    """Numbers, strings, lists and dictionaries where Python has them, otherwise text."""
    regions: tuple[tuple[Block, ...], ...]

    def walk(self) -> Iterator[Operation]:
        """This operation and, in order, all that are nested in it."""
        yield self
        for region in self.regions:
            for block in region:
                for operation in block.operations:
                    yield from operation.walk()

    def __str__(self) -> str:
        results = ", ".join(value.name for value in self.results)
        operands = ", ".join(value.name for value in self.operands)
        return f"{results}{' = ' if results else ''}{self.name}({operands})"


def read_operation(description: dict[str, Any], values: dict[str, Value]) -> Operation:
    """An operation from its description; `values` holds those that are in scope."""

    def define(items: list[dict[str, str]]) -> tuple[Value, ...]:
        defined = tuple(Value(item["name"], item["type"]) for item in items)
        values.update((value.name, value) for value in defined)
        return defined

    results = define(description["results"])
    # Blocks may use what one further down defines, so a name alone has to do until then.
    operands = tuple(values.get(name, Value(name, "")) for name in description["operands"])
    regions = []
    for region in description["regions"]:
        inner = dict(values)
        blocks = []
        for block in region:
            values, outer = inner, values
            arguments = define(block["arguments"])
            operations = tuple(read_operation(op, inner) for op in block["operations"])
            values = outer
            blocks.append(Block(arguments, operations))
        regions.append(tuple(blocks))
    return Operation(
        description["name"], operands, results, description["attributes"], tuple(regions)
    )
