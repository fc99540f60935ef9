"""Pictures of functions of a graph."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator

from ternary._ir import Block, Operation
from ternary._ternary import Error

_WIDTH, _HEIGHT, _GAP_X, _GAP_Y, _MARGIN = 150, 34, 18, 26, 14
_COLOURS = {
    "bit_linear": "#f6c667",
    "linear_kernel": "#f6c667",
    "accumulate": "#f6c667",
    "mlgru": "#8ecae6",
    "linear_scan": "#8ecae6",
    "attention": "#8ecae6",
    "rms_norm": "#cdeac0",
    "quantize_activations": "#cdeac0",
    "row_kernel": "#cdeac0",
    "embedding": "#d7c0ea",
    "gather_kernel": "#d7c0ea",
}
_HIDDEN = ("arith.constant", "tensor.dim", "tensor.empty", "arith.index_cast")


def _functions(module: Operation) -> dict[str, Block]:
    return {
        operation.attributes["sym_name"]: operation.regions[0][0]
        for operation in module.walk()
        if operation.name in ("func.func", "llvm.func") and any(operation.regions)
    }


def _rows(block: Block) -> tuple[list[list[Operation]], dict[str, Operation]]:
    """The operations in rows, each just above the first that needs it, and what defines each
    value."""
    operations = [op for op in block.operations if op.name not in _HIDDEN]
    makers: dict[str, Operation] = {}
    rows: dict[int, int] = {}
    for operation in operations:
        before = [makers[value.name] for value in _inputs(operation) if value.name in makers]
        rows[id(operation)] = 1 + max((rows[id(maker)] for maker in before), default=-1)
        makers.update((value.name, operation) for value in operation.results)
    first_use: dict[int, int] = {}
    for operation in reversed(operations):
        row = first_use.get(id(operation), rows[id(operation)] + 1) - 1
        rows[id(operation)] = row
        for value in _inputs(operation):
            maker = id(makers.get(value.name))
            first_use[maker] = min(first_use.get(maker, row), row)
    result: list[list[Operation]] = [[] for _ in range(1 + max(rows.values(), default=-1))]
    for operation in operations:
        result[rows[id(operation)]].append(operation)
    return result, makers


def _inputs(operation: Operation) -> Iterator:
    """What it reads, nested operations included."""
    for inner in operation.walk():
        yield from inner.operands


def draw(module: Operation, function: str | None) -> str:
    functions = _functions(module)
    if not functions:
        raise Error("expected a graph with a function to draw, got none")
    name = function or list(functions)[-1]
    if name not in functions:
        raise Error(f"expected a function of {', '.join(functions)}, got '{name}'")
    rows, makers = _rows(functions[name])

    # Each stands below the middle of what it reads, in so far as others leave room.
    places: dict[int, tuple[float, float]] = {}
    for depth, row in enumerate(rows):

        def middle(operation: Operation) -> float:
            above = [makers[v.name] for v in _inputs(operation) if v.name in makers]
            known = [places[id(maker)][0] for maker in above if id(maker) in places]
            return sum(known) / len(known) if known else 0.0

        wanted = sorted(((middle(op), index) for index, op in enumerate(row)))
        x = float("-inf")
        for target, index in wanted:
            x = max(target, x + _WIDTH + _GAP_X)
            places[id(row[index])] = (x, depth * (_HEIGHT + _GAP_Y))
        # The row as a whole stays in the middle of what it wants.
        shift = sum(places[id(row[i])][0] - target for target, i in wanted) / len(row)
        for op in row:
            x, y = places[id(op)]
            places[id(op)] = (x - shift, y)

    left = min((x for x, _ in places.values()), default=0.0) - _MARGIN
    right = max((x for x, _ in places.values()), default=0.0) + _WIDTH + _MARGIN
    height = len(rows) * (_HEIGHT + _GAP_Y) + 2 * _MARGIN
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{right - left:.0f}" height="{height}" '
        f'viewBox="{left:.0f} {-_MARGIN} {right - left:.0f} {height}" '
        'font-family="sans-serif" font-size="11">',
        f"<title>{html.escape(name)}</title>",
    ]
    operations = [operation for row in rows for operation in row]
    for operation in operations:
        for maker in {id(makers[v.name]) for v in _inputs(operation) if v.name in makers}:
            if maker != id(operation):
                parts.append(_edge(places[maker], places[id(operation)]))
    parts += [_box(operation, *places[id(operation)]) for operation in operations]
    return "\n".join([*parts, "</svg>"])


def _edge(start: tuple[float, float], end: tuple[float, float]) -> str:
    x0, y0 = start[0] + _WIDTH / 2, start[1] + _HEIGHT
    x1, y1 = end[0] + _WIDTH / 2, end[1]
    bend = max((y1 - y0) / 2, _GAP_Y / 2)
    return (
        f'<path d="M{x0:.0f} {y0:.0f} C{x0:.0f} {y0 + bend:.0f} {x1:.0f} {y1 - bend:.0f} '
        f'{x1:.0f} {y1:.0f}" fill="none" stroke="#999"/>'
    )


def _box(operation: Operation, x: float, y: float) -> str:
    short = operation.name.removeprefix("ternary.")
    shape = ""
    if operation.results:
        type = operation.results[0].type
        found = re.search(r"<([0-9?x]*)x?([^<>]*(<.*>)?)>", type)
        shape = f"{found[1]}{found[2]}" if found else type
    colour = _COLOURS.get(short, "#eee")
    return (
        f'<g><title>{html.escape(str(operation))}</title><rect x="{x:.0f}" y="{y:.0f}" '
        f'width="{_WIDTH}" height="{_HEIGHT}" rx="5" fill="{colour}" stroke="#666"/>'
        f'<text x="{x + _WIDTH / 2:.0f}" y="{y + 14:.0f}" text-anchor="middle">'
        f"{html.escape(short)}</text>"
        f'<text x="{x + _WIDTH / 2:.0f}" y="{y + 27:.0f}" text-anchor="middle" fill="#555" '
        f'font-size="9">{html.escape(shape[:28])}</text></g>'
    )
