"""penstock.kpu: a simulated matrix accelerator, real values and real timing from one run, and estimates by formulas.

>>> import penstock.kpu as kpu
>>> with kpu.Simulator(main_memory_size=1 << 20, scratchpad_size=1 << 16) as sim:
...     sim.matmul([[1.0, 2.0]], [[3.0], [4.0]]).tolist()
[[11.0]]
"""

from penstock.kpu import analysis, utilities, visualization
from penstock.kpu.configuration import KpuConfig, MemoryTiming
from penstock.kpu.estimates import estimate
from penstock.kpu.results import Measures, Results
from penstock.kpu.simulator import Memory, Simulator
from penstock.kpu.topologies import Layer, Topology

__all__ = [
    "KpuConfig",
    "Layer",
    "Measures",
    "Memory",
    "MemoryTiming",
    "Results",
    "Simulator",
    "Topology",
    "analysis",
    "estimate",
    "utilities",
    "visualization",
]
