"""Data that lies in pandas and NumPy: taken over without a copy where that can be, computed on, and given back."""

import numpy as np
import pandas as pd
import penstock as ps

frame = pd.DataFrame(
    {"length": [5.1, 7.0, 6.3, 4.9], "width": [3.5, 3.2, 3.3, 3.0], "kind": ["a", "b", "b", "a"]},
)

# A column of numbers is one array: borrowed, it is the very memory, read-only where pandas says so.
length = ps.from_numpy(frame["length"].to_numpy())
print(length, length.is_readonly)

# Several columns become a table of one dtype; a tensor of its own may be written.
table = ps.Tensor(frame[["length", "width"]].to_numpy())
centred = table - ps.mean(table, axis=0)
print(np.asarray(centred).round(3).tolist())

# Text becomes numbers by pandas' own categories.
kinds = ps.Tensor(frame["kind"].astype("category").cat.codes.to_numpy())
print(kinds.dtype, [float(ps.mean(length[kinds == kind])) for kind in (0, 1)])

# The way back: a frame over the tensor's memory, which shows what is written into the tensor later.
shown = pd.DataFrame(centred.numpy(), columns=["length", "width"], copy=False)
centred[0, 0] = 100
print(shown.loc[0, "length"])

# NumPy's functions take tensors as they take arrays, and give arrays.
print(type(np.linalg.norm(table, axis=1)).__name__, np.concatenate([table, np.ones((4, 1))], axis=1).shape)

# It prints:
#   tensor([5.1, 7. , 6.3, 4.9], shape=(4,), dtype=float64, device=cpu) True
#   [[-0.725, 0.25], [1.175, -0.05], [0.475, 0.05], [-0.925, -0.25]]
#   int8 [5.0, 6.65]
#   100.0
#   ndarray (4, 3)
