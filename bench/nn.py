"""What training a small network and running it cost, beside torch, torch.compile, JAX and ONNX Runtime.

    scripts/bench nn            all rows, kept in bench/results/nn.json
    python bench/nn.py ROW...   only these, kept nowhere

A row's name says the work, the rows of a batch, the threads, and beside whom. "mlp" is 784-128-10, "lenet" LeNet-5,
both with Adam. Each number of threads has a process of its own, on as many cores: that is how JAX is given it. Sides
run in turns, each when the threads of the other have gone to sleep. Memory is what the process grew by at most, from
before the network was made to the end of 20 steps, after a few steps of one before; each side in a process of its own.
"""

from __future__ import annotations

import ctypes
import functools
import gc
import logging
import multiprocessing
import os
import re
import shutil
import statistics
import sys
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import measure
import nn_sides
import penstock
import torch

PACKAGES = ("penstock", "torch", "jax", "jaxlib", "onnxruntime", "numpy")
EFFORT = measure.Effort(rounds=20, seconds=0.004, settling_seconds=0.03)
QUICK = measure.Effort(rounds=2, seconds=0.0)
MEMORY_RUNS = 3

# The most that ours / peer may be, by the work and the peer; what is not here is reported only.
BARS: dict[tuple[str, int], dict[str, float | None]] = {
    ("mlp step", 32): {"torch": 1 / 3, "torch compiled": 1 / 3, "torch fused": None, "jax": 1.0},
    ("mlp step", 256): {"torch": 1 / 1.5, "torch compiled": 1 / 1.5, "torch fused": None, "jax": 1.0},
    ("lenet step", 32): {"torch": 1 / 1.5, "torch compiled": None, "torch fused": None, "jax": None},
    ("mlp forward", 1): {"torch": 1 / 3, "onnxruntime": 1 / 1.3},
    ("mlp forward", 32): {"torch": 1 / 1.8, "onnxruntime": 1 / 1.3},
}
MEMORY_WORKS = (("mlp", 256), ("lenet", 32))
OURS = {"step": "model.train_on_batch(x, y)", "forward": "model.predict_on_batch(x)"}
PEERS = {
    "torch": "zero_grad, loss, backward, step of torch",
    "torch compiled": "the same, torch.compile",
    "torch fused": "the same, not compiled, Adam(fused=True)",
    "jax": "a jitted step of JAX",
    "onnxruntime": "session.run()",
}


def rows(cores: int) -> list[measure.Row]:
    """All works on 1 thread and, where there are as many cores, on 2; then memory."""
    found = []
    for threads in range(1, min(cores, 2) + 1):
        for (work, size), bars in BARS.items():
            for peer, bar in bars.items():
                name = f"{work} {size}, {threads} {'thread' if threads == 1 else 'threads'}, beside {peer}"
                side = "torch's network(x)" if (work, peer) == ("mlp forward", "torch") else PEERS[peer]
                found.append(measure.Row(name, OURS[work.split()[1]], side, bar=bar, strict=peer == "jax"))
    for network, size in MEMORY_WORKS:
        name = f"{network} memory {size}, beside torch"
        found.append(measure.Row(name, "bytes of model.train_on_batch(x, y)", "bytes of a step of torch", bar=1.0))
    return found


# ---- In processes of their own ----


def measured(wanted: list[measure.Row], threads: int, quick: bool) -> list[measure.Result]:
    """The results of rows, in a process that has as many cores as threads."""
    logging.getLogger("torch").setLevel(logging.ERROR)  # what torch.compile leaves out of a graph does no harm here
    penstock.set_num_threads(threads)
    torch.set_num_threads(threads)
    backend = "aot_eager" if quick else "inductor"  # without a compiler of C++, which takes its time
    sides: dict[str, Callable[[str, int], nn_sides.Statement]] = {
        "torch": nn_sides.torch_step,
        "torch compiled": functools.partial(nn_sides.torch_step, backend=backend),
        "torch fused": functools.partial(nn_sides.torch_step, fused=True),
        "jax": nn_sides.jax_step,
    }
    results = []
    for row in wanted:
        network, kind, size, peer = parts_of(row)
        ours = (nn_sides.our_step if kind == "step" else nn_sides.our_forward)(network, size)
        if kind == "step":
            theirs = sides[peer](network, size)
        elif peer == "torch":
            theirs = nn_sides.torch_forward(network, size)
        else:
            theirs = nn_sides.onnx_forward(network, size, threads)
        results.append(timed(row, ours, theirs, QUICK if quick else EFFORT))
    return results


def timed(row: measure.Row, ours: Callable[[], Any], theirs: Callable[[], Any], effort: measure.Effort) -> Any:
    """One row; the first calls, which plan and compile, are not timed.  The row keeps the statements it shows."""
    for _ in range(3):
        ours()
        theirs()
    called = measure.Row(row.name, "ours()", "theirs()", bar=row.bar, strict=row.strict)
    result = measure.measure(called, {"ours": ours, "theirs": theirs}, effort)
    return measure.Result(**(vars(result) | {"ours": row.ours, "peer": row.peer}))


def parts_of(row: measure.Row) -> tuple[str, str, int, str]:
    """Network, kind of work, rows of a batch, and peer."""
    words = re.fullmatch(r"(\w+) (\w+) (\d+),.* beside (.+)", row.name)
    assert words is not None
    return words[1], words[2], int(words[3]), words[4]


def grown(side: str, network: str, size: int) -> int:
    """The bytes that a process grows by in its peak, for a network and 20 steps."""
    made = nn_sides.our_step if side == "ours" else nn_sides.torch_step
    tiny = made(network, 1)
    for _ in range(3):
        tiny()  # code is loaded, and what is made once a process
    del tiny
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)  # or else the network would be made in what the tiny one has left
    nn_sides.batch(network, size)  # the data is not the step's
    Path("/proc/self/clear_refs").write_text("5")  # the peak begins anew
    before = kilobytes("VmRSS")
    step = made(network, size)
    for _ in range(20):
        step()
    return 1024 * (kilobytes("VmHWM") - before)


def kilobytes(key: str) -> int:
    """What Linux says of this process's memory."""
    words = re.search(rf"{key}:\s+(\d+)", Path("/proc/self/status").read_text())
    assert words is not None
    return int(words[1])


def in_process(cores: set[int], function: Callable[..., Any], *arguments: Any) -> Any:
    """What a function gives in a new process on some cores."""
    all_cores = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores)
    try:
        with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
            return pool.submit(function, *arguments).result()
    finally:
        os.sched_setaffinity(0, all_cores)


# ---- All of it ----


def memory_result(row: measure.Row, quick: bool) -> measure.MemoryResult:
    """The median of some runs of each side, on one core."""
    network, _, size, _ = parts_of(row)
    core = {max(os.sched_getaffinity(0))}
    runs = range(1 if quick else MEMORY_RUNS)
    ours, peer = (
        round(statistics.median(in_process(core, grown, side, network, size) for _ in runs))
        for side in ("ours", "peer")
    )
    ratio = ours / peer
    return measure.MemoryResult(row.name, row.ours, row.peer, ours, peer, ratio, row.bar, measure.verdict(row, ratio))


def main() -> int:
    """Measures and prints; the status does not depend on the figures."""
    cores = sorted(os.sched_getaffinity(0))
    options, wanted = measure.command_line(__doc__, rows(len(cores)))
    if shutil.which(os.environ.get("CXX", "g++")) is None:
        wanted = [row for row in wanted if not row.name.endswith("torch compiled")]
        print("torch.compile is left out: it needs a compiler of C++, and there is no g++")
    results: list[measure.Result] = []
    for threads in (1, 2):
        these = [row for row in wanted if f", {threads} thread" in row.name]
        if these:
            results += in_process(set(cores[-threads:]), measured, these, threads, options.quick)
    memory = [memory_result(row, options.quick) for row in wanted if " memory " in row.name]
    print(measure.table(results, wanted))
    for each in memory:
        size = f"{each.ours_bytes} bytes beside {each.peer_bytes}"
        print(f"{each.ratio:6.2f}  {f'<= {each.bar:g}':>6}  {each.verdict:<8}  {size}  {each.name}")
    if options.output:
        effort = QUICK if options.quick else EFFORT
        measure.write(options.output, "nn", [*results, *memory], PACKAGES, effort)
    return 0


if __name__ == "__main__":
    sys.exit(main())
