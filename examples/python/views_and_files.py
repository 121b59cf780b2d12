"""Views share memory and outlive their parent; files are NumPy's."""

import tempfile
from pathlib import Path

import numpy as np
import penstock

grid = penstock.arange(12, dtype="float32").reshape(3, 4)
middle = grid[1]  # one row
every_other = grid[:, ::2]  # two columns
middle[0] = 40
print(every_other)

del grid, middle  # the memory stays: a view still shows it
print("held:", penstock.memory_stats().live_bytes, "bytes for", every_other.nbytes, "in view")

folder = Path(tempfile.mkdtemp())
penstock.save(folder / "columns.npy", every_other)
penstock.save_npz(folder / "both.npz", {"columns": every_other, "sums": np.array([1.5, 2.5])})
print("NumPy reads:", np.load(folder / "columns.npy").tolist())
print("penstock reads:", penstock.load(folder / "both.npz")["sums"].tolist())

# It prints:
#   tensor([[ 0.,  2.],
#           [40.,  6.],
#           [ 8., 10.]], shape=(3, 2), dtype=float32, device=cpu)
#   held: 48 bytes for 24 in view
#   NumPy reads: [[0.0, 2.0], [40.0, 6.0], [8.0, 10.0]]
#   penstock reads: [1.5, 2.5]
