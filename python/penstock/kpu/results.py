"""What runs and estimates are measured by, and how that is written down."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from typing import Any

from penstock._native import call, struct
from penstock.kpu.configuration import ENERGY_PARTS, KpuConfig

__all__ = ["Measures", "Results"]

# The traffic by level and operand: where each figure stands in ps_kpu_counters.
TRAFFIC: dict[str, dict[str, tuple[str, ...]]] = {
    "dram": {
        "input": ("dram_read_input",),
        "weight": ("dram_read_weight",),
        "partial": ("dram_read_partial", "dram_written_partial"),
        "output": ("dram_written_output",),
    },
    "scratchpad": {
        "input": ("scratchpad_written_input", "scratchpad_read_input"),
        "weight": ("scratchpad_written_weight", "scratchpad_read_weight"),
    },
    "array": {
        "input": ("array_read_input",),
        "weight": ("array_read_weight",),
        "output": ("array_written_output",),
    },
    "accumulator": {"output": ("accumulator_written", "accumulator_read")},
}


class Measures:
    r"""The figures of one layer, product or whole run: the counters of ps_kpu_counters, and what follows from them.

    Counters are attributes: `cycles`, `compute_cycles`, `stall_cycles`, `macs`, `folds`, `least_cycles`, `most_cycles`,
    and the bytes and accesses that the C header lists.

    >>> import penstock.kpu as kpu
    >>> product = kpu.Topology("name, M, N, K\nonly, 32, 32, 32")
    >>> layer = kpu.estimate(product, kpu.KpuConfig(dataflow="os")).layers[0]
    >>> layer.name, layer.compute_cycles, layer.macs
    ('only', 94, 32768)
    """

    def __init__(self, name: str, counters: Any, config: KpuConfig) -> None:
        self.name = name
        self.counters: dict[str, int] = {}
        self.energy_parts: dict[str, float] = {}
        for field in dir(counters):
            if field.startswith("energy_"):
                self.energy_parts[field.removeprefix("energy_")] = float(getattr(counters, field))
            elif field not in ("struct_size", "reserved"):
                self.counters[field] = int(getattr(counters, field))
        self._config = config

    def __getattr__(self, name: str) -> int:
        try:
            return int(self.__dict__["counters"][name])
        except KeyError:
            raise AttributeError(f"Measures has no {name!r}") from None

    @property
    def energy(self) -> float:
        r"""pJ in all: the sum of energy_parts.

        >>> import penstock.kpu as kpu
        >>> layer = kpu.estimate(kpu.Topology("name, M, N, K\nonly, 32, 32, 32")).layers[0]
        >>> layer.energy == sum(layer.energy_parts.values())
        True
        """
        return sum(self.energy_parts[part] for part in ENERGY_PARTS)

    @property
    def traffic(self) -> dict[str, dict[str, int]]:
        r"""Bytes by level and operand, read and written together.

        >>> import penstock.kpu as kpu
        >>> layer = kpu.estimate(kpu.Topology("name, M, N, K\nonly, 32, 32, 32")).layers[0]
        >>> layer.traffic["dram"]
        {'input': 4096, 'weight': 4096, 'partial': 0, 'output': 4096}
        """
        return {
            level: {operand: sum(self.counters[field] for field in fields) for operand, fields in operands.items()}
            for level, operands in TRAFFIC.items()
        }

    @property
    def seconds(self) -> float:
        r"""The time that the cycles take by the clock.

        >>> import penstock.kpu as kpu
        >>> network = kpu.Topology("name, M, N, K\nonly, 32, 32, 32")
        >>> kpu.estimate(network, kpu.KpuConfig(dram="ideal")).layers[0].seconds
        1.26e-07
        """
        return self.counters["cycles"] / (float(self._config.clock_mhz) * 1e6)

    @property
    def utilization(self) -> float:
        r"""The share of the array's multiplications that were useful, of the cycles in all: 0 to 1.

        >>> import penstock.kpu as kpu
        >>> network = kpu.Topology("name, M, N, K\nonly, 32, 32, 4034")
        >>> kpu.estimate(network, kpu.KpuConfig(dataflow="os", dram="ideal")).layers[0].utilization > 0.98
        True
        """
        possible = self.counters["cycles"] * self._config.rows * self._config.columns
        return float(self.counters["macs"] / possible) if possible else 0.0

    @property
    def roofline(self) -> dict[str, float]:
        r"""The point under the roofs.

        intensity is in operations a byte of external memory; performance and the two roofs, peak of the array and
        memory_roof (bandwidth times intensity), in operations a second.

        >>> import penstock.kpu as kpu
        >>> point = kpu.estimate(kpu.Topology("name, M, N, K\nonly, 32, 32, 32")).layers[0].roofline
        >>> round(point["intensity"], 2), point["peak"] / 1e9
        (5.33, 2048.0)
        """
        operations = 2.0 * self.counters["macs"]
        moved = sum(self.traffic["dram"].values())
        intensity = operations / moved if moved else float("inf")
        config = self._config
        bandwidth = config.dram_channels * config.dram_burst_bytes / (config.dram_burst * 1e-9)
        return {
            "intensity": intensity,
            "performance": operations / self.seconds if self.seconds else 0.0,
            "peak": 2.0 * config.rows * config.columns * config.clock_mhz * 1e6,
            "memory_roof": float("inf") if config.dram == "ideal" else intensity * bandwidth,
        }

    def to_dict(self) -> dict[str, Any]:
        r"""All figures, as a dict of plain values.

        >>> import penstock.kpu as kpu
        >>> kpu.estimate(kpu.Topology("name, M, N, K\nonly, 32, 32, 32")).total.to_dict()["macs"]
        32768
        """
        return {
            "name": self.name,
            **self.counters,
            "seconds": self.seconds,
            "utilization": self.utilization,
            "energy": self.energy,
            "energy_parts": dict(self.energy_parts),
            "traffic": self.traffic,
            "roofline": self.roofline,
        }

    def __repr__(self) -> str:
        return f"Measures({self.name!r}, {self.cycles} cycles, {self.utilization:.1%} used, {self.energy / 1e6:.3g} uJ)"


class Results:
    r"""The layers of a run or an estimate, and their total.

    >>> import penstock.kpu as kpu
    >>> results = kpu.estimate(kpu.Topology("name, M, N, K\nfirst, 32, 32, 32\nsecond, 8, 8, 8"))
    >>> [layer.name for layer in results.layers], results.total.macs
    (['first', 'second'], 33280)
    """

    COLUMNS = ("name", "cycles", "compute_cycles", "stall_cycles", "utilization", "dram_bytes", "energy")

    def __init__(self, config: KpuConfig, layers: list[Measures], total: Measures) -> None:
        self.config = config
        self.layers = layers
        self.total = total

    def energy_sources(self) -> dict[str, dict[str, Any]]:
        r"""Which entry of the energy table made which part: pJ for one, its source, pJ in all.

        >>> import penstock.kpu as kpu
        >>> results = kpu.estimate(kpu.Topology("name, M, N, K\nonly, 2, 2, 2"), kpu.KpuConfig(energy_mac=1.5))
        >>> results.energy_sources()["mac"]
        {'picojoules': 1.5, 'source': 'given by the user', 'total': 12.0}
        """
        return {
            part: {"picojoules": picojoules, "source": source, "total": self.total.energy_parts[part]}
            for part, (picojoules, source) in self.config.energy_table().items()
        }

    def _rows(self) -> list[list[Any]]:
        return [
            [
                each.name,
                each.cycles,
                each.compute_cycles,
                each.stall_cycles,
                round(each.utilization, 6),
                sum(each.traffic["dram"].values()),
                each.energy,
            ]
            for each in [*self.layers, self.total]
        ]

    def to_dict(self) -> dict[str, Any]:
        r"""All figures as plain values.

        >>> import penstock.kpu as kpu
        >>> results = kpu.estimate(kpu.Topology("name, M, N, K\nonly, 32, 32, 32"))
        >>> sorted(results.to_dict())
        ['config', 'energy_sources', 'layers', 'total']
        """
        return {
            "config": json.loads(self.config.to_json()),
            "layers": [layer.to_dict() for layer in self.layers],
            "total": self.total.to_dict(),
            "energy_sources": self.energy_sources(),
        }

    def to_json(self) -> str:
        r"""All figures as JSON; what is infinite is null there.

        >>> import json, penstock.kpu as kpu
        >>> results = kpu.estimate(kpu.Topology("name, M, N, K\nonly, 32, 32, 32"))
        >>> json.loads(results.to_json())["total"]["macs"]
        32768
        """
        return json.dumps(finite(self.to_dict()), indent=2, allow_nan=False) + "\n"

    def to_csv(self) -> str:
        r"""A line for each layer and one for the total, below a header.

        >>> import penstock.kpu as kpu
        >>> results = kpu.estimate(kpu.Topology("name, M, N, K\nonly, 32, 32, 32"), kpu.KpuConfig(dram="ideal"))
        >>> results.to_csv().splitlines()[1].split(",")[:3]
        ['only', '126', '126']
        """
        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(self.COLUMNS)
        writer.writerows(self._rows())
        return out.getvalue()

    def to_markdown(self) -> str:
        r"""The same as a table in Markdown.

        >>> import penstock.kpu as kpu
        >>> results = kpu.estimate(kpu.Topology("name, M, N, K\nonly, 32, 32, 32"))
        >>> results.to_markdown().splitlines()[0]
        '| name | cycles | compute_cycles | stall_cycles | utilization | dram_bytes | energy |'
        """
        lines = [list(self.COLUMNS), ["---"] * len(self.COLUMNS), *self._rows()]
        return "".join("| " + " | ".join(str(cell).replace("|", "\\|") for cell in line) + " |\n" for line in lines)

    def __str__(self) -> str:
        total, point = self.total, self.total.roofline
        lines = [
            f"{self.config!r}",
            f"cycles       {total.cycles} ({total.compute_cycles} compute, {total.stall_cycles} stalled), "
            f"{total.seconds * 1e6:.3f} us",
            f"utilisation  {total.utilization:.1%} of {total.macs} multiplications",
            f"traffic      {', '.join(f'{level} {sum(of.values())}' for level, of in total.traffic.items())} bytes",
            f"energy       {total.energy / 1e6:.3f} uJ",
        ]
        lines += [
            f"  {part:<12}{entry['total'] / 1e6:.3f} uJ at {entry['picojoules']} pJ each ({entry['source']})"
            for part, entry in self.energy_sources().items()
        ]
        lines.append(
            f"roofline     {point['intensity']:.2f} operations/byte, {point['performance'] / 1e9:.2f} of "
            f"{min(point['peak'], point['memory_roof']) / 1e9:.2f} G operations/s"
        )
        return "\n".join(lines)

    def __repr__(self) -> str:
        return f"Results({len(self.layers)} layers, {self.total.cycles} cycles)"


def finite(value: Any) -> Any:
    """Plain values with None for what JSON has no number for."""
    if isinstance(value, dict):
        return {key: finite(item) for key, item in value.items()}
    if isinstance(value, list):
        return [finite(item) for item in value]
    return None if isinstance(value, float) and value in (float("inf"), float("-inf")) else value


def read_counters(function: Callable[..., int], *arguments: Any) -> Any:
    """The counters that a function of the C ABI fills."""
    counters = struct("ps_kpu_counters")
    call(function, counters, *arguments)
    return counters


def sum_of(layers: list[Measures], config: KpuConfig, name: str = "total") -> Measures:
    """Several measures, one after the other."""
    counters = struct("ps_kpu_counters")
    for layer in layers:
        for field, count in layer.counters.items():
            before = int(getattr(counters, field))
            setattr(counters, field, max(before, count) if field == "worst_latency" else before + count)
        for part, picojoules in layer.energy_parts.items():
            setattr(counters, f"energy_{part}", getattr(counters, f"energy_{part}") + picojoules)
    return Measures(name, counters, config)
