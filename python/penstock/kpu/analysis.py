"""What holds a run back, and what would relieve it."""

from __future__ import annotations

from typing import NamedTuple

from penstock.kpu.results import Measures, Results

__all__ = ["Bottleneck", "PerformanceAnalyzer", "PerformanceReport"]


class Bottleneck(NamedTuple):
    r"""What holds one layer back.

    layer is its name; kind is memory, fill, conflicts or compute; cycles is what it costs; remedy is a sentence with
    figures.

    >>> import penstock.kpu as kpu
    >>> results = kpu.estimate(kpu.Topology("name, M, N, K\nonly, 1, 1, 8"))
    >>> kpu.analysis.PerformanceAnalyzer().analyze(results).bottlenecks[0].layer
    'only'
    """

    layer: str
    kind: str
    cycles: int
    remedy: str


class PerformanceReport(NamedTuple):
    r"""The bottlenecks, the costliest first; the utilization in all; its text is the whole.

    >>> import penstock.kpu as kpu
    >>> results = kpu.estimate(kpu.Topology("name, M, N, K\nonly, 1, 1, 8"))
    >>> 0 < kpu.analysis.PerformanceAnalyzer().analyze(results).utilization < 0.01
    True
    """

    bottlenecks: list[Bottleneck]
    utilization: float

    def __str__(self) -> str:
        lines = [f"{self.utilization:.1%} of the array's multiplications were useful"]
        lines += [f"{each.layer}: {each.kind} costs {each.cycles} cycles; {each.remedy}" for each in self.bottlenecks]
        return "\n".join(lines)


class PerformanceAnalyzer:
    r"""Finds the bottleneck of each layer.

    >>> import penstock.kpu as kpu
    >>> results = kpu.estimate(kpu.Topology("name, M, N, K\nlast, 1, 4096, 4096"))
    >>> kpu.analysis.PerformanceAnalyzer().analyze(results).bottlenecks[0].kind
    'fill'
    """

    def analyze(self, results: Results) -> PerformanceReport:
        r"""What costs each layer the most cycles beyond its multiplications.

        >>> import penstock.kpu as kpu
        >>> results = kpu.estimate(kpu.Topology("name, M, N, K\nwide, 64, 64, 64"), kpu.KpuConfig(clock_mhz=20000))
        >>> kpu.analysis.PerformanceAnalyzer().analyze(results).bottlenecks[0].kind
        'memory'
        """
        found = [self._bottleneck(layer, results) for layer in results.layers]
        return PerformanceReport(sorted(found, key=lambda each: -each.cycles), results.total.utilization)

    def _bottleneck(self, layer: Measures, results: Results) -> Bottleneck:
        elements = results.config.rows * results.config.columns
        useful = -(-layer.macs // elements)
        costs = {
            "memory": max(layer.cycles - layer.compute_cycles - layer.bank_conflict_cycles - layer.vector_cycles, 0),
            "conflicts": layer.bank_conflict_cycles,
            "fill": max(layer.compute_cycles - useful, 0),
        }
        kind, cycles = max(costs.items(), key=lambda item: item[1])
        if cycles <= useful // 20:
            kind, cycles = "compute", useful
        return Bottleneck(layer.name, kind, cycles, self._remedy(kind, layer, results))

    def _remedy(self, kind: str, layer: Measures, results: Results) -> str:
        config = results.config
        if kind == "memory":
            needed = layer.cycles / max(layer.compute_cycles, 1)
            moved = sum(layer.traffic["dram"].values())
            return (
                f"{moved} bytes of external memory: {needed:.2f} times the bandwidth, or a scratchpad above "
                f"{config.scratchpad_size} bytes so that less is fetched again"
            )
        if kind == "conflicts":
            return (
                f"{config.scratchpad_banks} banks of {config.scratchpad_width} bytes a cycle are too narrow for "
                f"{config.rows} rows: widen the banks"
            )
        if kind == "fill":
            used = layer.macs / max(layer.compute_cycles * config.rows * config.columns, 1)
            return (
                f"{layer.folds} folds fill and drain {config.rows} x {config.columns} elements of which {used:.1%} "
                f"work: a smaller array, a larger batch or another dataflow than {config.dataflow}"
            )
        return f"the array is busy: more than {config.rows} x {config.columns} elements or {config.clock_mhz} MHz"
