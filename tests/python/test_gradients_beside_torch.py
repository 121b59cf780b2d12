"""Gradients beside torch's: of random programs, at kinks, ties and edges, and of complex numbers."""

import os
from typing import Any

import numpy
import penstock
import pytest
import torch
from gradient_programs import run_program

PROGRAMS = int(os.environ.get("PENSTOCK_GRADIENT_PROGRAMS", "200"))


@pytest.mark.parametrize("seed", range(PROGRAMS))
def test_of_a_random_program(seed: int) -> None:
    """5 to 30 operations; a leaf that torch gives no gradient has none, or zeros."""
    ours, theirs, listing = run_program(seed)
    for mine, other in zip(ours, theirs, strict=True):
        if mine is None or other is None:
            assert all(each is None or not numpy.any(each.numpy()) for each in (mine, other)), listing
            continue
        scale = max(float(other.abs().max()), 1.0)
        numpy.testing.assert_allclose(mine.numpy(), other.numpy(), rtol=1e-9, atol=1e-10 * scale, err_msg=str(listing))


def gradients_of_both(ours: Any, theirs: Any, *arrays: Any) -> list[tuple[Any, Any]]:
    """The gradients of two functions' sums by their arguments."""
    mine: Any = [penstock.Tensor(numpy.asarray(array), requires_grad=True) for array in arrays]
    others: Any = [torch.tensor(numpy.asarray(array), requires_grad=True) for array in arrays]
    penstock.sum(ours(*mine)).backward()
    total: Any = torch.sum(theirs(*others))
    total.backward()
    return [(x.grad.numpy(), t.grad.numpy()) for x, t in zip(mine, others, strict=True)]


def assert_as_torch(ours: Any, theirs: Any, *arrays: Any) -> None:
    """That both have the same gradients, NaN where the other has NaN."""
    for mine, other in gradients_of_both(ours, theirs, *arrays):
        numpy.testing.assert_allclose(mine, other, rtol=1e-12)


EDGES = numpy.array([-2.0, -1.0, -0.0, 0.0, 1.0, 2.0, numpy.inf, -numpy.inf, numpy.nan])


@pytest.mark.parametrize("name", ["sqrt", "log", "reciprocal", "square", "exp", "tanh", "log1p", "asin"])
def test_at_zeros_infinities_and_nans(name: str) -> None:
    """The slope is torch's there, infinite and NaN ones too."""
    assert_as_torch(getattr(penstock, name), getattr(torch, name), EDGES)


def test_at_edges_where_a_nan_stays_nan() -> None:
    """torch has 0 for the magnitude of NaN, and numbers where acosh() is NaN."""
    assert_as_torch(penstock.abs, torch.abs, EDGES[:-1])
    assert_as_torch(penstock.acosh, torch.acosh, EDGES[EDGES >= 1])
    x = penstock.Tensor([float("nan"), 0.5], requires_grad=True)
    penstock.sum(penstock.abs(x[:1]) + penstock.acosh(x[1:])).backward()
    assert x.grad is not None
    assert numpy.isnan(x.grad.numpy()).all()


@pytest.mark.parametrize("name", ["maximum", "minimum"])
def test_equal_operands_share_a_gradient(name: str) -> None:
    """Half each; a NaN hands all of it to both."""
    first, second = [1.0, 2.0, 3.0, numpy.nan, 1.0], [1.0, 3.0, 2.0, 1.0, numpy.nan]
    assert_as_torch(getattr(penstock, name), getattr(torch, name), first, second)


@pytest.mark.parametrize("name", ["max", "min"])
def test_equal_extremes_share_a_gradient(name: str) -> None:
    """In equal parts, along an axis and of all."""
    numbers = numpy.array([[1.0, 3.0, 3.0], [1.0, 1.0, 1.0]])
    ours, theirs = getattr(penstock, name), getattr(torch, "a" + name)
    assert_as_torch(lambda x: ours(x, axis=1), lambda t: theirs(t, 1), numbers)
    assert_as_torch(ours, lambda t: theirs(t, (0, 1)), numbers)
    with_nan = penstock.Tensor([1.0, float("nan"), 2.0], requires_grad=True)
    ours(with_nan).backward()
    assert with_nan.grad is not None
    assert with_nan.grad.tolist() == [0, 1, 0]


def test_powers_at_their_edges() -> None:
    """0 ** 0, 0 ** 2, 0 ** -1, negative bases, an exponent of 0."""
    bases, exponents = numpy.meshgrid([-2.0, 0.0, 2.0, numpy.inf], [-1.0, 0.0, 0.5, 1.0, 2.0])
    assert_as_torch(penstock.pow, torch.pow, bases, exponents)
    for exponent in (0, 1, 2, 3, -1):
        assert_as_torch(lambda x, e=exponent: x**e, lambda t, e=exponent: t**e, [-2.0, 0.0, 3.0])


def test_a_deviation_of_zero_hands_on_zeros() -> None:
    """Where the slope has no one value."""
    assert_as_torch(penstock.std, lambda t: torch.std(t, correction=0), [2.0, 2.0, 2.0])


def test_clipped_operands_hand_on_nothing() -> None:
    """Those on a limit do."""
    assert_as_torch(lambda x: penstock.clip(x, -1, 1), lambda t: torch.clamp(t, -1, 1), [-2.0, -1.0, 0.0, 1.0, 2.0])


def test_the_branch_not_taken_gives_nan_where_its_slope_is_infinite() -> None:
    """As torch's where does: 0 times infinity; the way out is to pick the operand first."""

    def trap(library: Any) -> Any:
        return lambda x: library.where(x > 0, library.sqrt(x), 0 * x)

    assert_as_torch(trap(penstock), trap(torch), [0.0, 4.0])
    x = penstock.Tensor([0.0, 4.0], requires_grad=True)
    safe = penstock.where(x > 0, x, penstock.ones(()))
    penstock.sum(penstock.where(x > 0, penstock.sqrt(safe), 0 * x)).backward()
    assert x.grad is not None
    assert x.grad.tolist() == [0.0, 0.25]


COMPLEX_PROGRAMS = {
    "the square of the magnitude": (
        lambda z: penstock.real(z * penstock.conj(z)),
        lambda z: torch.real(z * torch.conj(z)),
    ),
    "the magnitude": (penstock.abs, torch.abs),
    "parts": (lambda z: penstock.real(z) * penstock.imag(z), lambda z: torch.real(z) * torch.imag(z)),
    "holomorphic ones": (
        lambda z: penstock.real(penstock.exp(penstock.sin(z)) / (z * z + 3)),
        lambda z: torch.real(torch.exp(torch.sin(z)) / (z * z + 3)),
    ),
    "powers": (lambda z: penstock.imag(z**3 + z ** (0.5 + 1j)), lambda z: torch.imag(z**3 + z ** (0.5 + 1j))),
}


@pytest.mark.parametrize("name", COMPLEX_PROGRAMS)
def test_of_complex_numbers(name: str) -> None:
    """By torch's convention, at 0 as well where there is a slope."""
    ours, theirs = COMPLEX_PROGRAMS[name]
    assert_as_torch(ours, theirs, numpy.array([1 + 2j, -0.5 + 0.3j, 2 - 1j]))
    if name in ("the square of the magnitude", "the magnitude"):
        assert_as_torch(ours, theirs, numpy.array([0j]))
