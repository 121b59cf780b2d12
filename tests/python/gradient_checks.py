"""Gradients beside central differences: what the tests of single operations share."""

from collections.abc import Callable
from typing import Any

import numpy
import penstock

STEP = 1e-6


def central_differences(function: Callable[..., float], arrays: list[Any], place: int) -> Any:
    """The gradient of a function by one of its arrays; of a complex one d/dx + i d/dy."""
    array = arrays[place]
    slope = numpy.zeros_like(array)
    directions = (1, 1j) if numpy.iscomplexobj(array) else (1,)
    for index in numpy.ndindex(array.shape):
        for direction in directions:
            moved = []
            for sign in (1, -1):
                changed = [each.copy() for each in arrays]
                changed[place][index] += sign * STEP * direction
                moved.append(function(*changed))
            slope[index] += direction * (moved[0] - moved[1]) / (2 * STEP)
    return slope


def weighted_sum(function: Callable[..., Any], weights: dict[str, Any]) -> Callable[..., Any]:
    """A real number made of all that a function gives, each element with another weight."""

    def summed(*tensors: Any) -> Any:
        result = function(*tensors)
        if "weights" not in weights:
            generator = numpy.random.default_rng(7)
            drawn = generator.uniform(0.5, 1.5, result.shape) * generator.choice((-1, 1), result.shape)
            if result.dtype.name == "complex128":
                drawn = drawn + 1j * generator.uniform(0.5, 1.5, result.shape)
            weights["weights"] = penstock.Tensor(drawn)
        total = penstock.sum(result * weights["weights"])
        return penstock.real(total) if total.dtype.name == "complex128" else total

    return summed


def assert_gradients(function: Callable[..., Any], *arrays: Any, tolerance: float = 2e-6) -> None:
    """That penstock's gradients of a function of float64 and complex128 arrays are those of central differences."""
    given = [numpy.asarray(array) for array in arrays]
    summed = weighted_sum(function, {})
    places = [place for place, array in enumerate(given) if array.dtype.kind in "fc"]
    found = penstock.grad(summed, argnums=places)(*map(penstock.Tensor, given))

    def value(*changed: Any) -> float:
        return float(summed(*map(penstock.Tensor, changed)).item())

    for place, gradient in zip(places, found, strict=True):
        expected = central_differences(value, given, place)
        numpy.testing.assert_allclose(gradient.numpy(), expected, rtol=tolerance, atol=tolerance)
