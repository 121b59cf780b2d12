"""penstock borrows torch's memory: same address, same strides, and a refusal where torch's own export is wrong."""

import penstock
import torch

weights = torch.arange(6, dtype=torch.float32).reshape(2, 3)
borrowed = penstock.from_dlpack(weights.T)  # a transposed view: strides are kept, nothing is copied
print("same memory:", borrowed.data_ptr == weights.data_ptr(), "- strides:", borrowed.strides)

borrowed[0, 1] = 30  # written by the engine, read by torch
print("torch reads:", weights.tolist())

del weights  # the memory is torch's; the borrower keeps it alive
print("still there:", borrowed.tolist())

try:
    penstock.from_dlpack(torch.ones(2, requires_grad=True))
except BufferError as error:
    print("refused:", error)

# It prints:
#   same memory: True - strides: (1, 3)
#   torch reads: [[0.0, 1.0, 2.0], [30.0, 4.0, 5.0]]
#   still there: [[0.0, 30.0], [1.0, 4.0], [2.0, 5.0]]
#   refused: the torch tensor requires grad: call detach() first
