"""Tensors: made, looked at, cut into views that share memory, converted, compared and lent."""

import numpy as np
import penstock as ps

# From numbers, nested lists or any array; or by what is to be in them.
grid = ps.Tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
print(grid)
print(ps.zeros((2, 2), dtype="int8").tolist(), ps.arange(0, 10, 3).tolist(), ps.full(3, 7).dtype)

# shape, ndim, size, nbytes, dtype and device are properties.
print(grid.shape, grid.ndim, grid.size, grid.nbytes, grid.dtype, grid.device)

# Indices make views: what is written through one is seen in all.
last_column = grid[:, -1]
last_column[0] = 30
print(grid.tolist())

# Masks and arrays of indices pick elements, as a copy.
print(grid[grid > 4].tolist(), grid[:, [2, 0]].tolist())

# Other shapes of the same memory, and other types, which are copies.
print(grid.reshape(3, 2).T.shape, grid.astype("int32").tolist())

# Lent to NumPy, and borrowed from it: nothing is copied.
under_numpy = np.asarray(grid)
under_numpy[1, 1] = 50
back = ps.from_dlpack(under_numpy)
print(grid[1].tolist(), back.data_ptr == grid.data_ptr)

# A mistake is a sentence, and changes nothing.
try:
    grid[:, 3] = 0
except IndexError as error:
    print(f"{type(error).__name__}: {error}")

# It prints:
#   tensor([[1., 2., 3.],
#           [4., 5., 6.]], shape=(2, 3), dtype=float32, device=cpu)
#   [[0, 0], [0, 0]] [0, 3, 6, 9] int64
#   (2, 3) 2 6 24 float32 cpu
#   [[1.0, 2.0, 30.0], [4.0, 5.0, 6.0]]
#   [30.0, 5.0, 6.0] [[30.0, 1.0], [6.0, 4.0]]
#   (2, 3) [[1, 2, 30], [4, 5, 6]]
#   [4.0, 50.0, 6.0] True
#   OutOfRangeError: index 3 is outside axis 1 of size 3 of shape (2, 3)
