"""Tensors compute: element by element, over axes, as matrices, with random numbers and with gradients."""

import penstock as ps

# Operators and functions work element by element; shapes broadcast as NumPy's do.
grid = ps.arange(6, dtype="float32").reshape(2, 3)
print((grid * 2 + ps.Tensor([10.0, 20.0, 30.0])).tolist())
print(ps.where(grid > 2, ps.sqrt(grid), 0).astype("float16").tolist())

# Over one axis, several, or all.
print(ps.sum(grid, axis=0).tolist(), grid.mean().item(), grid.max(axis=1).tolist())
print(ps.cumulative_sum(grid, axis=1).tolist())

# Sorting and searching.
scores = ps.Tensor([0.3, 0.9, 0.1, 0.9])
print(ps.argsort(scores, descending=True, stable=True).tolist(), ps.unique_values(scores).size)

# Matrices.
print((grid @ grid.T).tolist(), ps.vecdot(grid[0], grid[1]).item())

# Random numbers come from keys: the same key gives the same numbers, on every machine.
first, second = ps.random.split(ps.random.key(7))
print(ps.random.integers(first, 0, 10, 5).shape, ps.random.normal(second, (1000,)).std().item() > 0.9)

# A line through noisy points, found by following the gradient downhill.
x = ps.linspace(-1, 1, 101)
y = 3 * x - 0.5 + 0.1 * ps.random.normal(ps.random.key(1), x.shape)


def loss(weights: ps.Tensor) -> ps.Tensor:
    """How far the line is from the points: the mean square."""
    return ps.mean((weights[0] * x + weights[1] - y) ** 2)


weights = ps.zeros(2)
gradient = ps.grad(loss)
for _ in range(200):
    weights -= 0.2 * gradient(weights)
print(f"y = {weights[0].item():.1f} x {weights[1].item():+.1f}, off by {loss(weights).item():.2f}")

# It prints:
#   [[10.0, 22.0, 34.0], [16.0, 28.0, 40.0]]
#   [[0.0, 0.0, 0.0], [1.732421875, 2.0, 2.236328125]]
#   [3.0, 5.0, 7.0] 2.5 [2.0, 5.0]
#   [[0.0, 1.0, 3.0], [3.0, 7.0, 12.0]]
#   [1, 3, 0, 2] 3
#   [[5.0, 14.0], [14.0, 50.0]] 14.0
#   (5,) True
#   y = 3.0 x -0.5, off by 0.01
