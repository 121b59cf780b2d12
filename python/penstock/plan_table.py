"""Tables of models: what summary() and plan() print."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING, Any

from penstock import creation, dtypes
from penstock.errors import Error
from penstock.layers.containers import is_native
from penstock.layers.custom import shape_made
from penstock.recording_modes import no_grad

if TYPE_CHECKING:
    from penstock.dtypes import DType
    from penstock.layers.layer import Layer

__all__ = ["Plan", "summary_lines"]


def table(header: list[str], rows: list[list[str]], right: int) -> list[str]:
    """Lines of columns, the last `right` of which stand at their right."""
    widths = [max(len(row[column]) for row in [header, *rows]) for column in range(len(header))]
    left = len(header) - right

    def line(row: list[str]) -> str:
        cells = [
            cell.ljust(width) if column < left else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        return "  ".join(cells).rstrip()

    rule = "-" * (sum(widths) + 2 * (len(widths) - 1))
    return [line(header), rule, *map(line, rows), rule]


def summary_lines(layers: list[tuple[str, Layer]], sample: tuple[int, ...] | None, dtype: DType) -> list[str]:
    """What summary() prints."""
    shape, rows, total, trained = sample, [], 0, 0
    for place, (name, layer) in enumerate(layers):
        shape = None if shape is None else output_shape(layer, shape, dtype, is_first=place == 0)
        found = layer.parameters().values()
        count = sum(each.size for each in found)
        total, trained = total + count, trained + sum(each.size for each in found if each.requires_grad)
        shown = "?" if shape is None else f"({', '.join(['None', *map(str, shape)])})"
        rows.append([f"{name} ({type(layer).__name__})", shown, f"{count:,}"])
    lines = table(["Layer", "Output shape", "Parameters"], rows, 1)
    return [*lines, f"Parameters: {total:,} ({bytes_text(total * dtype.itemsize)}), {trained:,} of them trained"]


def output_shape(layer: Layer, sample: tuple[int, ...], dtype: DType, *, is_first: bool) -> tuple[int, ...] | None:
    """The shape of a sample that a layer makes of one; None where it does not take such a one."""
    if not is_native(layer):
        return own_output_shape(layer, sample, dtype, is_first=is_first)
    takes_indices = is_first and layer.kind == "embedding"
    try:
        with no_grad():
            return layer(creation.zeros((0, *sample), dtype=dtypes.int64 if takes_indices else dtype)).shape[1:]
    except Error:
        return None


def own_output_shape(layer: Layer, sample: tuple[int, ...], dtype: DType, *, is_first: bool) -> tuple[int, ...] | None:
    """The same of a layer whose forward() is in Python: where it stands first, whole numbers may be what it takes."""
    for given in (dtype, dtypes.int64) if is_first else (dtype,):
        try:
            return shape_made(layer, (1, *sample), given)[1:]
        except Exception:
            continue
    return None


class Plan:
    """The operations of a batch in their order; print it.

    steps: a dict for each: "name", "inputs" (shapes), "output" (a shape), "parameters" (how many numbers), "flops",
    "nbytes", and "seconds" where times were taken. arena_nbytes: the memory for all that they write;
    parameters_nbytes: that of the parameters.

    >>> import penstock as ps
    >>> plan = ps.Model([ps.layers.Dense(2, 3)]).plan((1, 2))
    >>> plan.steps[0]["inputs"], plan.parameters_nbytes > 0
    ([[1, 2]], True)
    """

    def __init__(self, described: dict[str, Any]) -> None:
        self.steps: list[dict[str, Any]] = described["steps"]
        self.arena_nbytes = int(described["arena_nbytes"])
        self.parameters_nbytes = int(described["parameters_nbytes"])

    def _cells(self) -> tuple[list[str], list[list[str]]]:
        is_timed = any(step.get("seconds") for step in self.steps)
        header = ["Operation", "Inputs", "Output", "Parameters", "FLOPs", "Bytes", *(["Time"] if is_timed else [])]
        rows = []
        for step in self.steps:
            inputs = ", ".join("x".join(map(str, shape)) for shape in step["inputs"])
            row = [step["name"], inputs, "x".join(map(str, step["output"]))]
            row += [f"{step['parameters']:,}", count_text(step["flops"]), bytes_text(step["nbytes"])]
            rows.append(row + ([f"{1e6 * (step.get('seconds') or 0):.1f} us"] if is_timed else []))
        return header, rows

    def __str__(self) -> str:
        header, rows = self._cells()
        lines = table(header, rows, len(header) - 3)
        memory = (
            f"Memory: {bytes_text(self.arena_nbytes)} for a batch, {bytes_text(self.parameters_nbytes)} of parameters"
        )
        return "\n".join([*lines, memory])

    __repr__ = __str__

    def _repr_html_(self) -> str:
        header, rows = self._cells()
        head = "".join(f"<th>{html.escape(cell)}</th>" for cell in header)
        body = "".join(f"<tr>{''.join(f'<td>{html.escape(cell)}</td>' for cell in row)}</tr>" for row in rows)
        return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def count_text(number: float) -> str:
    """A count, with a letter for thousands."""
    for unit in ("", " k", " M", " G"):
        if number < 1000:
            return f"{number:.3g}{unit}" if unit else f"{number:.0f}"
        number /= 1000
    return f"{number:.3g} T"


def bytes_text(count: int) -> str:
    """Bytes in the unit that suits them."""
    size = float(count)
    for unit in ("bytes", "KiB", "MiB"):
        if size < 1024:
            return f"{size:.0f} bytes" if unit == "bytes" else f"{size:.1f} {unit}"
        size /= 1024
    return f"{size:.1f} GiB"
