"""Makes the tables of docs/dlpack.md: what each library takes of penstock's memory, by trying each pair.

    python tests/python/exchange_table.py            prints them
    python tests/python/exchange_table.py --write    puts them into docs/dlpack.md

test_exchange_table.py goes red when the committed tables say anything else.
"""

import re
import sys
from collections.abc import Callable, Iterable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import penstock
from consumers import ALL, ALL_DTYPES, JAX, NUMPY, TORCH, TVM_FFI, Consumer, content, pattern

PAGE = Path(__file__).resolve().parents[2] / "docs" / "dlpack.md"
PACKAGES = {TORCH: "torch", NUMPY: "numpy", JAX: "jax", TVM_FFI: "apache-tvm-ffi"}
NEW: dict[Consumer, Callable[[], Any]] = {
    TORCH: lambda: TORCH.take(penstock.arange(3)).clone(),
    NUMPY: lambda: np.arange(3),
    JAX: lambda: JAX.take(penstock.arange(3)) + 0,
    TVM_FFI: lambda: TVM_FFI.take(np.arange(3)),
}


def heading(consumer: Consumer) -> str:
    """A library with the version that was tried, without what a build adds to it."""
    return f"{PACKAGES[consumer]} {version(PACKAGES[consumer]).partition('+')[0]}"


def lent(consumer: Consumer, tensor: object, expected: penstock.Tensor) -> str:
    """What happens when a library is lent a tensor: one cell of a table."""
    before = content(expected)
    try:
        taken = consumer.take(tensor)
    except Exception as error:
        assert content(expected) == before
        ours = isinstance(error, penstock.Error)
        return "penstock raises BufferError" if ours else f"raises {builtin_name(error)}"
    assert tuple(taken.shape) == expected.shape
    assert consumer.content(taken) == content(expected) == before
    if not expected.size:
        return "taken"
    return "shared" if consumer.address(taken) == expected.data_ptr else "copied"


def builtin_name(error: Exception) -> str:
    """The name that an except clause in user code would have: the built-in exception."""
    return next(kind.__name__ for kind in type(error).__mro__ if kind.__module__ == "builtins")


def read_only(consumer: Consumer) -> str:
    """As lent(), for memory that may not be written, and whether the library would write it."""
    array = np.arange(6)
    array.flags.writeable = False
    tensor = penstock.from_numpy(array)
    cell = lent(consumer, tensor, tensor)
    if cell != "shared":
        return cell
    taken = consumer.take(tensor)
    if not hasattr(taken, "__setitem__"):
        return "shared, has no way to write"
    try:
        taken[0] = 7
    except ValueError:
        return "shared, stays read-only"
    assert array[0] == 7
    return "shared, **writes go through**"


class Producer:
    """A tensor behind Python's protocol alone, that remembers what it was asked, or that is from before DLPack 1.0."""

    def __init__(self, tensor: penstock.Tensor, *, only_legacy: bool = False) -> None:
        self.tensor, self.only_legacy, self.asked = tensor, only_legacy, dict[str, Any]()

    def __dlpack__(self, **arguments: object) -> object:
        """A capsule; a legacy one where that is all there is."""
        self.asked = arguments
        lend: Callable[..., object] = self.tensor.__dlpack__
        return lend(**({} if self.only_legacy else arguments))

    def __dlpack_device__(self) -> tuple[int, int]:
        """The tensor's device."""
        return self.tensor.__dlpack_device__()


def way_in(consumer: Consumer) -> str:
    """How a library takes a penstock.Tensor: with or without a call into Python."""
    calls: list[dict[str, object]] = []

    def counting(self: penstock.Tensor, **arguments: object) -> object:
        calls.append(arguments)
        return inherited(self, **arguments)

    inherited: Callable[..., object] = penstock.Tensor.__dlpack__
    penstock.Tensor.__dlpack__ = counting  # type: ignore[method-assign, assignment]
    try:
        consumer.take(penstock.arange(3))
    finally:
        del penstock.Tensor.__dlpack__
    return "`__dlpack__`" if calls else "the C exchange table"


def capsule_asked_for(consumer: Consumer) -> str:
    """The capsule a library asks of Python's protocol."""
    producer = Producer(penstock.arange(3))
    consumer.take(producer)
    asked = producer.asked.get("max_version")
    return "legacy" if asked is None else f"versioned, {asked[0]}.{asked[1]}"


def legacy_capsule(consumer: Consumer) -> str:
    """Whether a library takes the capsule from before DLPack 1.0."""
    tensor = penstock.arange(3)
    return lent(consumer, Producer(tensor, only_legacy=True), tensor)


def borrowed(consumer: Consumer) -> str:
    """What penstock.from_dlpack makes of a library's own array."""
    array = NEW[consumer]()
    tensor = penstock.from_dlpack(array)
    assert tensor.tolist() == [0, 1, 2]
    assert tensor.data_ptr == consumer.address(array)
    return "shared, read-only" if tensor.is_readonly else "shared, writable"


def each_rank(consumer: Consumer) -> str:
    """One cell for the ranks 0 to 8."""
    cells = [lent(consumer, tensor, tensor) for tensor in (pattern("float32", (2,) * rank) for rank in range(9))]
    return one_of(cells)


def sizes_of_0(consumer: Consumer) -> str:
    """One cell for shapes without elements."""
    cells = [lent(consumer, tensor, tensor) for tensor in map(penstock.zeros, [(0,), (0, 3), (3, 0), (2, 0, 3)])]
    return one_of(cells)


def one_of(cells: list[str]) -> str:
    """What all the cells say; they must agree."""
    assert len(set(cells)) == 1, cells
    return cells[0]


def of_tensor(make: Callable[[], penstock.Tensor]) -> Callable[[Consumer], str]:
    """A row whose cells come from lending what make() makes."""

    def cell(consumer: Consumer) -> str:
        tensor = make()
        return lent(consumer, tensor, tensor)

    return cell


DTYPE_ROWS = {dtype: of_tensor(lambda dtype=dtype: pattern(dtype, (2, 3))) for dtype in ALL_DTYPES}  # type: ignore[misc]
LAYOUT_ROWS: dict[str, Callable[[Consumer], str]] = {
    "ranks 0 to 8": each_rank,
    "sizes of 0": sizes_of_0,
    "a transposed tensor": of_tensor(lambda: pattern("int32", (2, 3)).T),
    "a skipping stride, `t[::2]`": of_tensor(lambda: pattern("int32", (8,))[::2]),
    "a stride of 0, `expand`": of_tensor(lambda: pattern("int32", (3,)).expand(2, 3)),
    "a negative stride, `t[::-1]`": of_tensor(lambda: pattern("int32", (8,))[::-1]),
    "read-only memory": read_only,
}
PROTOCOL_ROWS: dict[str, Callable[[Consumer], str]] = {
    "takes a `penstock.Tensor` by": way_in,
    "asks `__dlpack__` for a capsule": capsule_asked_for,
    "is lent a legacy capsule": legacy_capsule,
    "its own array in `penstock.from_dlpack`": borrowed,
}
TABLES = {"dtypes": DTYPE_ROWS, "layouts": LAYOUT_ROWS, "protocol": PROTOCOL_ROWS}
FIRST_HEADINGS = {"dtypes": "dtype", "layouts": "what is lent", "protocol": ""}


def line(cells: Iterable[str]) -> str:
    """One line of a table."""
    return f"| {' | '.join(cells)} |\n"


def table(name: str) -> str:
    """One of the tables, in Markdown, every cell tried now."""
    made = line([FIRST_HEADINGS[name], *(heading(consumer) for consumer in ALL)])
    made += line(["---"] * (1 + len(ALL)))
    for row, cell in TABLES[name].items():
        made += line([row, *(cell(consumer) for consumer in ALL)])
    return made


def with_tables(page: str) -> str:
    """A page with its tables made anew; they stand between marks."""
    for name in TABLES:
        marks = re.compile(rf"(<!-- exchange_table.py makes: {name} -->\n\n)[^<]*?(<!-- end -->)")
        made = table(name)
        page, count = marks.subn(lambda match, made=made: match[1] + made + "\n" + match[2], page)  # type: ignore[misc]
        if count != 1:
            raise ValueError(f"the marks of the table {name!r} stand {count} times in the page, expected once")
    return page


def main(arguments: list[str]) -> None:
    """Prints or writes the tables."""
    if arguments == ["--write"]:
        PAGE.write_text(with_tables(PAGE.read_text()))
    else:
        print(__doc__ if arguments else "\n".join(map(table, TABLES)))


if __name__ == "__main__":
    main(sys.argv[1:])
