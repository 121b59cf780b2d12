"""How fast the KPU's tiers are, beside SCALE-Sim's recorded runs and beside their bars in seconds.

    scripts/bench kpu            all rows, kept in bench/results/kpu.json
    python bench/kpu.py ROW...   only these, kept nowhere

SCALE-Sim's runs take minutes, and it needs a NumPy of its own: its cycles and seconds are those that scalesim/record.py
has kept, with its version.  Each row first sees that ours gives the same cycles in every layer.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import measure
import numpy as np
from penstock import kpu

DATA = Path(__file__).resolve().parents[1] / "tests" / "data" / "kpu"
PACKAGES = ("penstock", "numpy")
AS_FAST = 1 / 500  # of SCALE-Sim's time
SECOND = "one second, the bar"
PE_ROW = "PE tier, 32 x 32, 256 cubed"
RESNET50_ROW = "event tier, resnet50, timeline"
RECORD: list[dict[str, Any]] = json.loads((DATA / "scalesim.json").read_text())
PEERS = {
    f"{run['topology']} {run['dataflow']} {run['rows']}x{run['columns']}": run for run in RECORD if "layers" not in run
}

ROWS = (
    *(
        measure.Row(name, "Simulator.run, event tier", f"SCALE-Sim {run['scalesim']}, recorded", bar=AS_FAST)
        for name, run in PEERS.items()
    ),
    measure.Row(RESNET50_ROW, "Simulator.run, event tier", SECOND, bar=1.0, strict=True),
    measure.Row(PE_ROW, "Simulator.matmul, PE tier", SECOND, bar=1.0, strict=True),
)


def run_beside(run: dict[str, Any]) -> Callable[[], object]:
    """The same run as SCALE-Sim's, seen to take the same cycles."""
    config = kpu.KpuConfig(rows=run["rows"], columns=run["columns"], dataflow=run["dataflow"], scalesim_compatible=True)
    path = DATA / f"{run['topology']}.csv"

    def simulate() -> None:
        with kpu.Simulator(config) as simulator:
            layers = simulator.run(path).layers
        if [layer.compute_cycles for layer in layers] != run["cycles"]:
            raise SystemExit(f"{path.name} takes other cycles than SCALE-Sim says: there is nothing to compare")

    return simulate


def run_resnet50() -> None:
    """ResNet-50 as events on 128 x 128, with its timeline."""
    with kpu.Simulator("128x128") as simulator:
        simulator.run(DATA / "resnet50.csv")
        simulator.timeline()


def run_pe_tier() -> None:
    """A product of 256 x 256 by 256 x 256, every register every cycle."""
    operand = np.arange(256 * 256, dtype=np.float32).reshape(256, 256) % 7
    with kpu.Simulator(rows=32, columns=32, tier="pe") as simulator:
        simulator.matmul(operand, operand)


def measured(row: measure.Row, rounds: int) -> measure.Result:
    """The best of a few rounds of ours, beside the peer's seconds."""
    if row.name in PEERS:
        ours, peer_seconds = run_beside(PEERS[row.name]), float(PEERS[row.name]["seconds"])
    else:
        ours, peer_seconds = (run_pe_tier if row.name == PE_ROW else run_resnet50), 1.0
    best = float("inf")
    for _ in range(rounds):
        began = time.perf_counter()
        ours()
        best = min(best, time.perf_counter() - began)
    ratio = (best * 1e9) / (peer_seconds * 1e9)
    verdict = measure.verdict(row, ratio)
    return measure.Result(row.name, row.ours, row.peer, best * 1e9, peer_seconds * 1e9, ratio, row.bar, verdict)


def main() -> int:
    """Measures the rows asked for, prints them, and keeps them where --output says."""
    options, rows = measure.command_line(__doc__ or "", ROWS)
    effort = measure.Effort(rounds=1 if options.quick else 5, seconds=0)
    results = [measured(row, effort.rounds) for row in rows]
    print(f"{'ratio':>9}  {'bar':>8}  {'verdict':<8}  {'ours, s':>9}  {'peer, s':>9}  what")
    for result in results:
        print(
            f"{result.ratio:9.6f}  {result.bar:8.3f}  {result.verdict:<8}  {result.ours_nanoseconds * 1e-9:9.4f}  "
            f"{result.peer_nanoseconds * 1e-9:9.2f}  {result.name}: {result.ours}  beside  {result.peer}"
        )
    if options.output is not None:
        measure.write(options.output, "kpu", results, PACKAGES, effort)
    return 0


if __name__ == "__main__":
    sys.exit(main())
