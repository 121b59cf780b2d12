"""What a network costs, by formulas."""

from __future__ import annotations

import os

from penstock._native import lib, text
from penstock.kpu.configuration import KpuConfig
from penstock.kpu.results import Measures, Results, read_counters, sum_of
from penstock.kpu.topologies import Topology, as_topology

__all__ = ["estimate"]


def estimate(network: Topology | str | os.PathLike[str], config: KpuConfig | None = None, *, batch: int = 1) -> Results:
    r"""The cycles, traffic and energy of a network, by formulas: compute cycles exactly, cycles as what no run beats.

    network is a topology or the path of its file; batch counts images at once.

    >>> import penstock.kpu as kpu
    >>> product = kpu.Topology("name, M, N, K\nonly, 100, 50, 60")
    >>> kpu.estimate(product, kpu.KpuConfig(rows=128, columns=128, dataflow="ws")).layers[0].compute_cycles
    482
    """
    topology, chosen = as_topology(network), KpuConfig() if config is None else config
    handle = topology.handle(compatible=chosen.scalesim_compatible)
    layers = [
        Measures(
            text(lib.ps_kpu_topology_name(handle, index)),
            read_counters(lib.ps_kpu_estimate, chosen._handle, handle, index, batch),
            chosen,
        )
        for index in range(lib.ps_kpu_topology_count(handle))
    ]
    return Results(chosen, layers, sum_of(layers, chosen))
