"""Copies on a GPU and to and from it, beside torch's, and what an exchange of a GPU's memory costs.

    scripts/bench --gpu          all rows, kept in bench/results/gpu.json
    python bench/gpu.py ROW...   only these, kept nowhere

Every statement that copies waits for the GPU at its end, so that a time is that of the work and not of queueing it;
what a copy moves stands in its row's name.  The statements of an exchange do not wait: nor does an exchange.
"""

from __future__ import annotations

import sys
from typing import Any

import measure
import penstock
import torch

GPU = "cuda:0"
SIDE = 8192  # of a square matrix: 256 MiB of float32, several times what the caches hold
PACKAGES = ("penstock", "torch")
WAIT_OURS, WAIT_PEER = "penstock.synchronize(GPU)", "torch.cuda.synchronize()"


def copying(name: str, ours: str, peer: str) -> measure.Row:
    """A row whose statements wait for the GPU."""
    return measure.Row(name, f"{ours}; {WAIT_OURS}", f"{peer}; {WAIT_PEER}")


ROWS = (
    copying("copy of 256 MiB", "target.copy_(tensor)", "torch_target.copy_(torch_tensor)"),
    copying("copy of 256 MiB, transposed", "target.copy_(tensor.T)", "torch_target.copy_(torch_tensor.T)"),
    copying("copy of 256 MiB, every other row", "half.copy_(tensor[::2])", "torch_half.copy_(torch_tensor[::2])"),
    copying("float32 to float16, 256 MiB read", "tensor.astype('float16')", "torch_tensor.half()"),
    copying("float32 to int64, 256 MiB read", "tensor.astype('int64')", "torch_tensor.long()"),
    copying("fill of 256 MiB", "target.fill_(1.5)", "torch_target.fill_(1.5)"),
    copying("equal, 512 MiB read", "tensor.equal(same)", "torch.equal(torch_tensor, torch_same)"),
    copying("allocate and free 256 MiB", "penstock.empty(SHAPE, device=GPU)", "torch.empty(SHAPE, device=GPU)"),
    copying("to the GPU, 256 MiB", "target.copy_(host)", "torch_target.copy_(torch_host)"),
    copying("to the GPU, 256 MiB pinned", "target.copy_(pinned)", "torch_target.copy_(torch_pinned)"),
    copying("from the GPU, 256 MiB", "host.copy_(tensor)", "torch_host.copy_(torch_tensor)"),
    copying("from the GPU, 256 MiB pinned", "pinned.copy_(tensor)", "torch_pinned.copy_(torch_tensor)"),
    measure.Row("torch.from_dlpack", "torch.from_dlpack(tensor)", "torch.from_dlpack(torch_tensor)"),
    measure.Row("to_torch", "tensor.to_torch()", "torch.from_dlpack(torch_tensor)"),
    measure.Row("penstock.from_dlpack", "penstock.from_dlpack(torch_tensor)", "torch.from_dlpack(torch_tensor)"),
)


def namespace() -> dict[str, Any]:
    """What the statements of the rows mention."""
    shape = (SIDE, SIDE)
    tensor, torch_tensor = penstock.ones(shape, device=GPU), torch.ones(shape, device=GPU)
    return {
        "torch": torch, "penstock": penstock, "GPU": GPU, "SHAPE": shape,
        "tensor": tensor, "same": tensor.clone(), "target": tensor.clone(), "half": tensor[::2].clone(),
        "host": penstock.ones(shape), "pinned": penstock.ones(shape, pinned=True),
        "torch_tensor": torch_tensor, "torch_same": torch_tensor.clone(), "torch_target": torch_tensor.clone(),
        "torch_half": torch_tensor[::2].clone(), "torch_host": torch.ones(shape),
        "torch_pinned": torch.ones(shape, pin_memory=True),
    }  # fmt: skip


def main() -> int:
    """Measures and prints; the status does not depend on the figures."""
    options, rows = measure.command_line(__doc__, ROWS)
    if len(penstock.get_devices()) < 2:
        print("there is no GPU to measure: penstock doctor says why", file=sys.stderr)
        return 2
    effort = measure.QUICK if options.quick else measure.Effort(rounds=30, seconds=0.02)
    names = namespace()
    results = measure.measure_each(rows, names, effort)
    print(penstock.Device(GPU).model)
    measure.report(options, "gpu", results, rows, PACKAGES, effort, gpu=penstock.Device(GPU).model)
    return 0


if __name__ == "__main__":
    sys.exit(main())
