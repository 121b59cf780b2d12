"""Plots of results, with matplotlib; nothing needs a display."""

from __future__ import annotations

import os
from typing import Any

from penstock.errors import InvalidArgumentError, UnavailableError
from penstock.kpu.results import Results
from penstock.kpu.simulator import Simulator

__all__ = ["memory_heatmap", "plot_performance"]


def figure() -> Any:
    """A figure that is drawn without a display and belongs to nobody else."""
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ImportError as error:
        raise UnavailableError("plots need matplotlib: pip install matplotlib") from error
    made = Figure(figsize=(9, 5), layout="constrained")
    FigureCanvasAgg(made)
    return made


def finished(made: Any, path: str | os.PathLike[str] | None) -> Any:
    """The figure, saved where a path was given."""
    if path is not None:
        made.savefig(path)
    return made


def plot_performance(results: Results, path: str | os.PathLike[str] | None = None) -> Any:
    r"""Bars of the cycles of each layer, computing and waiting, with the array's utilization over them.

    Gives matplotlib's Figure, and saves it where path is given (.png, .svg, .pdf).

    >>> import os, tempfile, penstock.kpu as kpu
    >>> results = kpu.estimate(kpu.Topology("name, M, N, K\nonly, 32, 32, 32"))
    >>> path = os.path.join(tempfile.mkdtemp(), "cycles.png")
    >>> figure = kpu.visualization.plot_performance(results, path)
    >>> os.path.getsize(path) > 0, len(figure.axes)
    (True, 2)
    """
    if not results.layers:
        raise InvalidArgumentError("the results have no layers: run something first")
    made = figure()
    bars = made.add_subplot()
    positions = range(len(results.layers))
    computing = [layer.compute_cycles for layer in results.layers]
    waiting = [layer.cycles - layer.compute_cycles for layer in results.layers]
    bars.bar(positions, computing, label="computing")
    bars.bar(positions, waiting, bottom=computing, label="waiting")
    bars.set_ylabel("cycles")
    bars.set_xticks(positions, [layer.name for layer in results.layers], rotation=90)
    bars.legend(loc="upper left")
    line = bars.twinx()
    line.plot(positions, [100 * layer.utilization for layer in results.layers], "k.-")
    line.set_ylabel("utilization, %")
    line.set_ylim(0, 100)
    made.suptitle(repr(results.config))
    return finished(made, path)


def memory_heatmap(sim: Simulator, path: str | os.PathLike[str] | None = None, *, memory: str = "main_memory") -> Any:
    r"""The bytes that each bank of a memory moved over time, as colours: main_memory or scratchpad.

    Gives matplotlib's Figure, and saves it where path is given.

    >>> import penstock.kpu as kpu
    >>> with kpu.Simulator() as sim:
    ...     _ = sim.run(kpu.Topology("name, M, N, K\nonly, 256, 256, 256"))
    ...     figure = kpu.visualization.memory_heatmap(sim, memory="scratchpad")
    >>> figure.axes[0].get_ylabel()
    'bank'
    """
    activity, cycles = sim.bank_activity(memory)
    if activity.shape[0] == 0:
        raise InvalidArgumentError(f"nothing has moved in the {memory}: run something first")
    made = figure()
    axes = made.add_subplot()
    intervals, banks = activity.shape
    extent = (0, intervals * cycles, banks - 0.5, -0.5)
    image = axes.imshow(activity.numpy().T, aspect="auto", extent=extent, interpolation="nearest")
    axes.set_xlabel("cycle")
    axes.set_ylabel("bank")
    axes.set_title(memory.replace("_", " "))
    made.colorbar(image, label=f"bytes in {cycles} cycles")
    return finished(made, path)
