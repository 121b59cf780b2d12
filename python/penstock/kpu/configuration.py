"""What a KPU is made of."""

from __future__ import annotations

import os
from typing import Any, NamedTuple

from penstock._native import call, ffi, lib, struct, text
from penstock.errors import NotFoundError

__all__ = ["KpuConfig", "MemoryTiming"]

ENERGY_PARTS = ("mac", "accumulator", "scratchpad", "dram", "vector")


class MemoryTiming(NamedTuple):
    """What external memory does, found by running its model.

    closed_nanoseconds, hit_nanoseconds and conflict_nanoseconds go from a request to the end of its burst, in a closed
    bank, an open row, and a bank with another row open; streaming_bandwidth, random_bandwidth and peak_bandwidth are
    bytes a second.

    >>> import penstock.kpu as kpu
    >>> kpu.KpuConfig(dram="ddr4-3200").memory_timing().closed_nanoseconds
    30.0
    """

    closed_nanoseconds: float
    hit_nanoseconds: float
    conflict_nanoseconds: float
    streaming_bandwidth: float
    random_bandwidth: float
    peak_bandwidth: float


class KpuConfig:
    """The sizes, speeds and energies of a KPU, by name: a preset, and what differs from it.

    >>> import penstock.kpu as kpu
    >>> config = kpu.KpuConfig("128x128", dataflow="os", clock_mhz=700)
    >>> config.rows, config.dataflow, config.dram
    (128, 'os', 'hbm2e')

    `names()` lists the values. NotFoundError for a name that there is not; ValueError for a value outside its limits.
    """

    _handle: Any

    def __init__(self, preset: str = "default", **values: object) -> None:
        out = ffi.new("ps_kpu_config **")
        call(lib.ps_kpu_config_create, out, preset.encode())
        self._hold(out[0])
        self._set(values)

    def _hold(self, handle: Any) -> None:
        object.__setattr__(self, "_handle", ffi.gc(handle, lib.ps_kpu_config_release))

    def _set(self, values: dict[str, object]) -> None:
        # A memory as a whole comes before its single timings, as in a file.
        for name, value in sorted(values.items(), key=lambda item: item[0] != "dram"):
            written = str(value).lower() if isinstance(value, bool) else str(value)
            call(lib.ps_kpu_config_set, self._handle, name.encode(), written.encode())

    @classmethod
    def from_text(cls, content: str, place: str = "configuration") -> KpuConfig:
        r"""Reads TOML or JSON; place names it in errors.

        >>> import penstock.kpu as kpu
        >>> kpu.KpuConfig.from_text("[array]\nrows = 8").rows
        8

        DataError for what does not parse, is unknown or outside its limits, with the line.
        """
        out = ffi.new("ps_kpu_config **")
        call(lib.ps_kpu_config_parse, out, content.encode(), place.encode())
        made = cls.__new__(cls)
        made._hold(out[0])
        return made

    @classmethod
    def from_file(cls, path: str | os.PathLike[str]) -> KpuConfig:
        """Reads a TOML or JSON file.

        >>> import pathlib, tempfile, penstock.kpu as kpu
        >>> path = pathlib.Path(tempfile.mkdtemp(), "kpu.toml")
        >>> _ = path.write_text('preset = "edge"')
        >>> kpu.KpuConfig.from_file(path).columns
        8
        """
        out = ffi.new("ps_kpu_config **")
        call(lib.ps_kpu_config_load, out, os.fsencode(path))
        made = cls.__new__(cls)
        made._hold(out[0])
        return made

    @staticmethod
    def names() -> list[str]:
        """The names of all values.

        >>> import penstock.kpu as kpu
        >>> kpu.KpuConfig.names()[:3]
        ['rows', 'columns', 'dataflow']
        """
        found: list[str] = []
        while (name := lib.ps_kpu_config_name(len(found))) != ffi.NULL:
            found.append(text(name))
        return found

    def _text(self, name: Any) -> str:
        length = ffi.new("uint64_t *")
        call(lib.ps_kpu_config_get, length, ffi.NULL, 0, self._handle, name)
        room = ffi.new("char[]", length[0] + 1)
        call(lib.ps_kpu_config_get, length, room, length[0] + 1, self._handle, name)
        return text(room)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        try:
            written = self._text(name.encode())
        except NotFoundError as error:
            raise AttributeError(str(error)) from None
        if (name.startswith(("dram_t", "energy_")) and not name.endswith("_source")) or name == "dram_burst":
            return float(written)
        if written in ("true", "false"):
            return written == "true"
        return int(written) if written.isdecimal() else written

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"a KpuConfig does not change: make another with replace({name}={value!r})")

    def replace(self, **values: object) -> KpuConfig:
        """A copy in which some values are others.

        >>> import penstock.kpu as kpu
        >>> kpu.KpuConfig(rows=8).replace(columns=4).columns
        4
        """
        made = KpuConfig.from_text(self.to_json())
        made._set(values)
        return made

    def to_json(self) -> str:
        """All values as JSON, which from_text() reads.

        >>> import json, penstock.kpu as kpu
        >>> json.loads(kpu.KpuConfig(rows=8).to_json())["rows"]
        8
        """
        return self._text(ffi.NULL)

    def energy_table(self) -> dict[str, tuple[float, str]]:
        """The pJ of each operation, and where the figure comes from.

        >>> import penstock.kpu as kpu
        >>> kpu.KpuConfig(dtype="int8").energy_table()["mac"]
        (0.3, 'Horowitz, ISSCC 2014, 45 nm: 8-bit integer multiply 0.2 pJ, 32-bit integer add 0.1 pJ')
        """
        return {
            part: (
                round(float(self._text(f"energy_{part}".encode())), 9),
                self._text(f"energy_{part}_source".encode()),
            )
            for part in ENERGY_PARTS
        }

    def memory_timing(self) -> MemoryTiming:
        """What the external memory does, measured on the model.

        >>> import penstock.kpu as kpu
        >>> round(kpu.KpuConfig().memory_timing().streaming_bandwidth / 1e9, 1)  # of 25.6, for refresh takes its share
        24.4
        """
        timing = struct("ps_kpu_memory_timing")
        call(lib.ps_kpu_config_measure_memory, timing, self._handle)
        return MemoryTiming(*(float(getattr(timing, name)) for name in MemoryTiming._fields))

    def __repr__(self) -> str:
        return (
            f"KpuConfig({self.rows} x {self.columns}, {self.dataflow}, {self.dtype}, {self.clock_mhz} MHz, {self.dram})"
        )
