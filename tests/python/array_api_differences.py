"""Where penstock's namespace is not the array API standard's, 2024.12: the one list, which docs/array-api.md shows.

Each entry is a name of the standard's namespace or a subject, and the reason.
"""

from __future__ import annotations

LEFT_OUT = {
    "fft": "the extension of Fourier transforms; nothing that trains here needs one",
    "linalg": "the extension of linear algebra; the main namespace's functions are what networks need",
}

DIFFERENT = {
    "default dtypes": "a Python float makes float32, a complex complex64: what networks are trained in",
    "promotion across kinds": "the standard leaves it open; here the higher kind decides, and integers beside "
    "float32 make float32",
    "uint64 beside a signed integer": "an error here; the standard leaves it open, and no integer holds both",
    "float16 and bfloat16": "there beyond the standard's dtypes; __array_namespace_info__().dtypes() "
    "names the standard's",
    "broadcast_to, broadcast_arrays": "read-only views: writing to them would write to several elements at once",
    "flip, permute_dims, expand_dims, squeeze, unstack": "views of the same memory, as with NumPy; the standard leaves "
    "it open",
    "sort, argsort": "always stable, also with stable=False; take bool too; a NaN is above all numbers, so that it "
    "comes "
    "first in a descending order",
    "searchsorted": "takes bool too",
    "unique_*": "values are in ascending order, which the standard does not ask for",
    "take": "indices may have any number of axes, where the standard asks for one",
    "linspace": "takes integer dtypes too, rounded down as NumPy does",
    "data-dependent shapes": "nonzero, unique_* and masks have them; capabilities() says so",
    "asarray": "nested lists hold numbers, not arrays of one axis or more: stack() joins those",
}
