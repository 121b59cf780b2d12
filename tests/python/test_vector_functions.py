"""The vectorised functions beside a wider type: errors in ulp, special values as NumPy's, one result in any layout."""

from typing import Any

import numpy as np
import penstock
import pytest

WIDER: dict[str, Any] = {"float32": np.float64, "float64": np.longdouble}
BITS: dict[str, Any] = {"float32": np.uint32, "float64": np.uint64}

# The bound that stands above each function, for float32 and float64, and the largest size of operand that is tried.
BOUNDS = {
    "exp": (1.5, 1.5, np.inf),
    "expm1": (2.0, 2.0, np.inf),
    "log": (1.0, 1.0, np.inf),
    "log10": (1.5, 1.5, np.inf),
    "log1p": (1.5, 1.5, np.inf),
    "log2": (1.5, 1.5, np.inf),
    "sin": (2.0, 1.0, 2.0**24),
    "cos": (2.0, 1.0, 2.0**24),
    "tan": (3.5, 2.5, 2.0**24),
    "tanh": (2.5, 2.5, np.inf),
}
SPECIAL = [
    0.0,
    -0.0,
    1.0,
    -1.0,
    2.0,
    10.0,
    1000.0,
    -2.0,
    0.5,
    np.inf,
    -np.inf,
    np.nan,
    1e-300,
    1e300,
    -1e300,
    88.8,
    710.0,
]


def operands(dtype: str, count: int = 400_000) -> Any:
    """Numbers of every size and sign, more of them near 1, and each power of two with its neighbours."""
    random = np.random.default_rng(7)
    bits = random.integers(0, np.iinfo(BITS[dtype]).max, count, dtype=BITS[dtype]).view(dtype)
    ordinary = np.concatenate([random.uniform(-4, 4, count), random.uniform(-750, 750, count)]).astype(dtype)
    info = np.finfo(dtype)
    powers = np.ldexp(np.ones(1, dtype), np.arange(info.minexp - info.nmant, info.maxexp)).astype(dtype)
    near = [powers, np.nextafter(powers, dtype_of(dtype)(0)), np.nextafter(powers, dtype_of(dtype)(np.inf))]
    multiples = (np.arange(1, 20_000) * (np.pi / 2)).astype(dtype)
    return np.concatenate([bits, ordinary, *near, *(-part for part in near), multiples])


def dtype_of(name: str) -> Any:
    return np.dtype(name).type


def ulps(found: Any, exact: Any, dtype: str) -> Any:
    """How far results are from exact ones, in the distance between neighbours there."""
    rounded = np.abs(exact).astype(dtype)
    spacing = np.spacing(np.minimum(rounded, np.finfo(dtype).max)).astype(exact.dtype)
    return np.abs(found.astype(exact.dtype) - exact) / spacing


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", BOUNDS)
def test_a_function_keeps_its_bound(name: str, dtype: str) -> None:
    bound, limit = BOUNDS[name][0 if dtype == "float32" else 1], BOUNDS[name][2]
    with np.errstate(all="ignore"):
        x = operands(dtype)
        x = x[np.abs(x) <= limit]
        exact = getattr(np, name)(x.astype(WIDER[dtype]))
        found = getattr(penstock, name)(penstock.Tensor(x)).numpy()
        rounded = exact.astype(dtype)
        finite = np.isfinite(rounded) & np.isfinite(found)
        worst = ulps(found[finite], exact[finite], dtype)
    assert worst.max() <= bound, f"{worst.max()} ulp at {x[finite][worst.argmax()]}"
    # Only the last number before infinity may fall on either side of it.
    others = ~finite & ~(np.abs(exact) >= np.finfo(dtype).max)
    np.testing.assert_array_equal(found[others], rounded[others])


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
@pytest.mark.parametrize("name", BOUNDS)
def test_special_values_are_numpys(name: str, dtype: str) -> None:
    with np.errstate(all="ignore"):
        x = np.array(SPECIAL).astype(dtype)
        expected = getattr(np, name)(x)
    found = getattr(penstock, name)(penstock.Tensor(x)).numpy()
    np.testing.assert_array_equal(np.isnan(found), np.isnan(expected))
    there = ~np.isnan(expected)
    np.testing.assert_array_max_ulp(found[there], expected[there], 4)
    np.testing.assert_array_equal(np.signbit(found[there]), np.signbit(expected[there]))


def test_logarithms_of_powers_are_whole() -> None:
    tens, twos = 10.0 ** np.arange(0, 23), 2.0 ** np.arange(-1074, 1024)
    assert penstock.log10(penstock.Tensor(tens)).tolist() == list(range(23))
    assert penstock.log2(penstock.Tensor(twos)).tolist() == list(range(-1074, 1024))
    assert penstock.log10(penstock.Tensor(tens[:11].astype("float32"))).tolist() == list(range(11))
    assert penstock.log2(penstock.Tensor(twos[1000:1200].astype("float32"))).tolist() == list(range(-74, 126))


def test_a_power_of_floats_is_rounded_once() -> None:
    random = np.random.default_rng(9)
    x = np.abs(operands("float32", 200_000))
    y = np.concatenate([random.uniform(-3, 3, x.size // 2), random.uniform(-60, 60, x.size - x.size // 2)])
    x, y = np.where(np.isnan(x), 1, x).astype("float32"), y.astype("float32")
    with np.errstate(all="ignore"):
        exact = np.power(x.astype("float64"), y.astype("float64"))
        found = penstock.pow(penstock.Tensor(x), penstock.Tensor(y)).numpy()
        finite = np.isfinite(exact.astype("float32")) & np.isfinite(found)
        worst = ulps(found[finite], exact[finite], "float32")
    assert worst.max() <= 0.6
    np.testing.assert_array_equal(found[~finite], exact.astype("float32")[~finite])


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_special_powers_are_numpys(dtype: str) -> None:
    bases = np.array([*SPECIAL, 3.0, -3.0, 1e-40, 0.999], dtype=dtype)
    exponents = np.array([*SPECIAL, 3.0, -3.0, 1 / 3, 2.0**23, 2.0**23 + 1, 2.0**24 + 2, -0.5], dtype=dtype)
    with np.errstate(all="ignore"):
        expected = np.power(bases[:, None], exponents)
    found = penstock.pow(penstock.Tensor(bases[:, None]), penstock.Tensor(exponents)).numpy()
    np.testing.assert_array_equal(np.isnan(found), np.isnan(expected))
    there = ~np.isnan(expected)
    np.testing.assert_array_max_ulp(found[there], expected[there], 2)
    np.testing.assert_array_equal(np.signbit(found[there]), np.signbit(expected[there]))


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32", "float64"])
@pytest.mark.parametrize("name", BOUNDS)
def test_neighbours_and_layout_change_no_bit(name: str, dtype: str) -> None:
    random = np.random.default_rng(3)
    x = random.uniform(0.01, 9, 1237)
    x[700] = min(1e10, penstock.finfo(dtype).max)  # an angle that the C library serves, in the midst of others
    tensor = penstock.Tensor(x).astype(dtype)
    function = getattr(penstock, name)
    whole = function(tensor)
    strided = penstock.zeros((1237, 3), dtype=dtype)
    strided[:, 1] = tensor
    assert function(strided[:, 1]).tolist() == whole.tolist()
    assert [function(tensor[index : index + 1]).item() for index in range(690, 710)] == whole.tolist()[690:710]
