"""Images: JPEG and PNG decoded into tensors, and the steps from pixels to what a network eats.

>>> import io, numpy as np, PIL.Image
>>> from penstock import image
>>> file = io.BytesIO()
>>> PIL.Image.fromarray(np.full((40, 60, 3), 100, np.uint8)).save(file, "PNG")
>>> image.decode(file.getvalue()).shape
(40, 60, 3)

Transforms are small dataclasses, checked when they are made, in a list:

>>> steps = [image.Resize(32), image.CenterCrop(24), image.ToDType("float32", scale=True), image.Normalize(0.5, 0.25)]
>>> image.decode(file.getvalue(), steps, channels_first=True).shape
(3, 24, 24)

The loader's options take the same list, and apply it in the native workers.
"""

from __future__ import annotations

import operator
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from penstock import creation
from penstock._native import call, ffi, lib, struct
from penstock.base import made
from penstock.dtypes import as_dtype
from penstock.errors import InvalidArgumentError, TypeMismatchError

if TYPE_CHECKING:
    from penstock.tensor import Tensor

__all__ = [
    "CenterCrop",
    "Grey",
    "Info",
    "Normalize",
    "OneHot",
    "Pad",
    "RandomCrop",
    "RandomHorizontalFlip",
    "RandomResizedCrop",
    "RandomVerticalFlip",
    "Resize",
    "ToDType",
    "apply",
    "decode",
    "info",
    "native_transforms",
    "one_hot",
    "output_shape",
]

Colour = Literal["rgb", "grey", "stored"]
Filter = Literal["bilinear", "bicubic", "area"]

COLOURS = ("rgb", "grey", "stored")
FILTERS = ("bilinear", "bicubic", "area")
FORMATS = {1: "JPEG", 2: "PNG"}
LARGEST_PIXELS = 178_956_970


# ---- Transforms ----


class Transform:
    """What stands in a list of transforms. Two with the same fields are equal."""

    def _step(self) -> dict[str, Any]:
        """The fields of its ps_image_step."""
        raise NotImplementedError

    def __post_init__(self) -> None:
        """Refuses values that cannot be, as the engine does."""
        native_transforms([self])


@dataclass(frozen=True)
class Resize(Transform):
    """Resizes to (height, width), or so that the shorter side becomes height where width is None.

    Both may be given as one pair. filter: "bilinear" and "bicubic" are Pillow's, bit for bit, with antialias, and
    without it sample as torch.nn.functional.interpolate does; "area" is the mean over the exact area that a new pixel
    covers.

    >>> from penstock import image
    >>> image.output_shape([image.Resize(256)], 400, 500)
    (256, 320, 3)
    >>> image.output_shape([image.Resize((224, 200), filter="bicubic")], 400, 500)
    (224, 200, 3)
    """

    height: int | tuple[int, int]
    width: int | None = None
    filter: Filter = "bilinear"
    antialias: bool = True

    def __post_init__(self) -> None:
        """Takes a pair apart, then checks."""
        split_pair(self, None)
        super().__post_init__()

    def _step(self) -> dict[str, Any]:
        width = 0 if self.width is None else positive(self.width, "width")
        return {"kind": lib.PS_IMAGE_RESIZE, "height": self.height, "width": width, **resampling(self)}


@dataclass(frozen=True)
class CenterCrop(Transform):
    """Keeps (height, width) in the middle; a square where width is None. Both may be given as one pair.

    >>> from penstock import image
    >>> image.output_shape([image.CenterCrop(224)], 400, 500)
    (224, 224, 3)
    """

    height: int | tuple[int, int]
    width: int | None = None

    def __post_init__(self) -> None:
        """Takes a pair apart, then checks."""
        split_pair(self, self.height)
        super().__post_init__()

    def _step(self) -> dict[str, Any]:
        return {"kind": lib.PS_IMAGE_CENTER_CROP, "height": self.height, "width": self.width}


@dataclass(frozen=True)
class RandomCrop(Transform):
    """Keeps (height, width) anywhere, of the image with padding pixels around it.

    padding  one number for all sides, (left and right, top and bottom), or (left, top, right, bottom)
    fill     the level of what is padded, or one a channel

    >>> from penstock import image
    >>> image.output_shape([image.RandomCrop(32, padding=4)], 32, 32)
    (32, 32, 3)
    """

    height: int | tuple[int, int]
    width: int | None = None
    padding: int | tuple[int, ...] = 0
    fill: int | tuple[int, ...] = 0

    def __post_init__(self) -> None:
        """Takes a pair apart, then checks."""
        split_pair(self, self.height)
        super().__post_init__()

    def _step(self) -> dict[str, Any]:
        sides = {"height": self.height, "width": self.width}
        return {"kind": lib.PS_IMAGE_RANDOM_CROP, **sides, "padding": sides_of(self), "fill": fill_of(self)}


@dataclass(frozen=True)
class RandomResizedCrop(Transform):
    """Resizes a crop of the image to (height, width); a square where width is None.

    scale    the crop's share of the image's area, drawn from this range
    ratio    its width to its height, drawn from this range, evenly in the logarithm

    >>> from penstock import image
    >>> image.output_shape([image.RandomResizedCrop(224, scale=(0.25, 1.0))], 400, 500)
    (224, 224, 3)
    """

    height: int | tuple[int, int]
    width: int | None = None
    scale: tuple[float, float] = (0.08, 1.0)
    ratio: tuple[float, float] = (3 / 4, 4 / 3)
    filter: Filter = "bilinear"
    antialias: bool = True

    def __post_init__(self) -> None:
        """Takes a pair apart, then checks."""
        split_pair(self, self.height)
        super().__post_init__()

    def _step(self) -> dict[str, Any]:
        lowest, highest = pair_of(self, "scale")
        lowest_ratio, highest_ratio = pair_of(self, "ratio")
        return {
            "kind": lib.PS_IMAGE_RANDOM_RESIZED_CROP,
            "height": self.height,
            "width": self.width,
            "scale_lowest": lowest,
            "scale_highest": highest,
            "ratio_lowest": lowest_ratio,
            "ratio_highest": highest_ratio,
            **resampling(self),
        }


@dataclass(frozen=True)
class RandomHorizontalFlip(Transform):
    """Mirrors left to right, with a probability.

    >>> from penstock import image
    >>> image.apply([[[1], [2]]], [image.RandomHorizontalFlip(1.0)]).tolist()
    [[[2], [1]]]
    """

    probability: float = 0.5

    def _step(self) -> dict[str, Any]:
        return {"kind": lib.PS_IMAGE_HORIZONTAL_FLIP, "probability": self.probability}


@dataclass(frozen=True)
class RandomVerticalFlip(Transform):
    """Mirrors top to bottom, with a probability.

    >>> from penstock import image
    >>> image.apply([[[1]], [[2]]], [image.RandomVerticalFlip(1.0)]).tolist()
    [[[2]], [[1]]]
    """

    probability: float = 0.5

    def _step(self) -> dict[str, Any]:
        return {"kind": lib.PS_IMAGE_VERTICAL_FLIP, "probability": self.probability}


@dataclass(frozen=True)
class Pad(Transform):
    """Adds pixels around the image.

    padding  one number for all sides, (left and right, top and bottom), or (left, top, right, bottom)
    fill     their level, or one a channel

    >>> from penstock import image
    >>> image.apply([[[1]]], [image.Pad((1, 0), fill=9)]).tolist()
    [[[9], [1], [9]]]
    """

    padding: int | tuple[int, ...]
    fill: int | tuple[int, ...] = 0

    def _step(self) -> dict[str, Any]:
        return {"kind": lib.PS_IMAGE_PAD, "padding": sides_of(self), "fill": fill_of(self)}


@dataclass(frozen=True)
class Grey(Transform):
    """Makes one channel of all: as decode(colour="grey") weighs them.

    >>> from penstock import image
    >>> image.apply([[[255, 0, 0]]], [image.Grey()]).tolist()
    [[[76]]]
    """

    def _step(self) -> dict[str, Any]:
        return {"kind": lib.PS_IMAGE_TO_GREY}


@dataclass(frozen=True)
class ToDType(Transform):
    """Makes numbers of levels: "float16", "bfloat16", "float32" or "float64"; with scale 0 to 255 becomes 0 to 1.

    >>> from penstock import image
    >>> image.apply([[[0], [255]]], [image.ToDType("float32", scale=True)]).tolist()
    [[[0.0], [1.0]]]
    """

    dtype: str = "float32"
    scale: bool = False

    def __post_init__(self) -> None:
        """Takes any dtype by its name, then checks."""
        object.__setattr__(self, "dtype", as_dtype(self.dtype).name)
        super().__post_init__()

    def _step(self) -> dict[str, Any]:
        scale = flag(self.scale, "scale")
        return {"kind": lib.PS_IMAGE_TO_DTYPE, "dtype": as_dtype(self.dtype).number, "scale_levels": scale}


@dataclass(frozen=True)
class Normalize(Transform):
    """Makes (number - mean) / std of each number: one for all channels, or one a channel. Stands behind a ToDType.

    >>> from penstock import image
    >>> image.apply([[[0], [255]]], [image.ToDType(scale=True), image.Normalize(0.5, 0.5)]).tolist()
    [[[-1.0], [1.0]]]
    """

    mean: float | tuple[float, ...]
    std: float | tuple[float, ...]

    def __post_init__(self) -> None:
        """Checks that there are as many of one as of the other, and each of them."""
        numbers_of(self)
        native_transforms([ToDType(), self])

    def _step(self) -> dict[str, Any]:
        mean, deviation = numbers_of(self)
        return {
            "kind": lib.PS_IMAGE_NORMALIZE,
            "channels": len(mean),
            "mean": mean,
            "standard_deviation": deviation,
        }


@dataclass(frozen=True)
class OneHot:
    """Makes a row of each label: 1 at the label and 0 elsewhere. A function of labels, no transform of images.

    >>> from penstock import image
    >>> image.OneHot(3)([2, 0]).tolist()
    [[0.0, 0.0, 1.0], [1.0, 0.0, 0.0]]
    """

    class_count: int
    dtype: str = "float32"

    def __post_init__(self) -> None:
        """Refuses values that cannot be, as the engine does."""
        one_hot([0], self.class_count, dtype=self.dtype)

    def __call__(self, labels: Any) -> Tensor:
        """The rows."""
        return one_hot(labels, self.class_count, dtype=self.dtype)


# ---- What is done with images ----


class Info(NamedTuple):
    """What an image's header says: sizes as stored, before the orientation (EXIF's, 1 to 8) is applied.

    >>> from penstock import image
    >>> found = image.Info(format="PNG", width=60, height=40, channels=3, bits=8, orientation=1)
    >>> found.width * found.height
    2400
    """

    format: str
    width: int
    height: int
    channels: int
    bits: int
    orientation: int


def info(data: Any) -> Info:
    """Reads an image's header, from its bytes or from as many of the first ones as hold it.

    >>> import io, PIL.Image
    >>> from penstock import image
    >>> file = io.BytesIO()
    >>> PIL.Image.new("RGB", (60, 40)).save(file, "PNG")
    >>> image.info(file.getvalue())
    Info(format='PNG', width=60, height=40, channels=3, bits=8, orientation=1)
    """
    found = struct("ps_image_info")
    encoded = bytes_of(data)
    call(lib.ps_image_read_info, found, encoded, len(encoded))
    return Info(FORMATS[found.format], found.width, found.height, found.channels, found.bits, found.orientation)


def decode(  # noqa: PLR0913 each is an option that the C ABI has
    data: Any,
    transforms: Sequence[Transform] | None = None,
    *,
    colour: Colour = "rgb",
    apply_orientation: bool = False,
    shrink: int = 1,
    largest_pixels: int = LARGEST_PIXELS,
    channels_first: bool = False,
    scaled_decode: bool = False,
    seed: int = 0,
    epoch: int = 0,
    sample: int = 0,
) -> Tensor:
    """Decodes a JPEG or a PNG (bytes, or anything with a buffer) and applies transforms: (height, width, channels).

    colour             "rgb"; "grey"; "stored": 1 grey, 2 grey and alpha, 3 RGB, 4 RGB and alpha, as the file has it
    apply_orientation  turn the pixels as EXIF's orientation says
    shrink             a JPEG at 1/2, 1/4 or 1/8 of its size: 2, 4 or 8
    largest_pixels     an image of more is refused before memory is taken
    channels_first     (channels, height, width)
    scaled_decode      a JPEG that the first transform resizes to less than half may be decoded smaller, in less time
    seed, epoch, sample  what is random is a function of these

    DataError where it is damaged, cut short, or of a kind that has no RGB; UnavailableError for a JPEG where the
    plug-in is missing.

    >>> import io, PIL.Image
    >>> from penstock import image
    >>> file = io.BytesIO()
    >>> PIL.Image.new("RGB", (2, 1), (255, 0, 0)).save(file, "PNG")
    >>> image.decode(file.getvalue()).tolist()
    [[[255, 0, 0], [255, 0, 0]]]
    >>> image.decode(file.getvalue(), colour="grey").tolist()
    [[[76], [76]]]
    """
    encoded = bytes_of(data)
    decoding = struct(
        "ps_image_decode_options",
        colour=choice(colour, COLOURS, "colour"),
        apply_orientation=flag(apply_orientation, "apply_orientation"),
        shrink=shrink,
        largest_pixels=largest_pixels,
    )
    options = apply_options(channels_first, seed, epoch, sample, scaled_decode)
    steps = native_transforms(transforms or [])
    return made(lib.ps_image_transforms_decode, steps, encoded, len(encoded), decoding, options)


def apply(
    images: Any,
    transforms: Sequence[Transform],
    *,
    channels_first: bool = False,
    seed: int = 0,
    epoch: int = 0,
    sample: int = 0,
) -> Tensor:
    """Applies transforms to an image (height, width, channels) of uint8, or to each of a batch of them.

    images is any array, or nested lists of levels. Image i of a batch is sample + i: a batch gives what its images give
    one by one.

    >>> from penstock import image
    >>> image.apply([[[10], [20], [30], [40]]], [image.CenterCrop(1, 2)]).tolist()
    [[[20], [30]]]
    """
    levels = creation.tensor(images, "uint8", None) if isinstance(images, (list, tuple)) else creation.as_tensor(images)
    options = apply_options(channels_first, seed, epoch, sample, False)
    return made(lib.ps_image_transforms_apply, native_transforms(transforms), levels, options)


def output_shape(transforms: Sequence[Transform], height: int, width: int, channels: int = 3) -> tuple[int, int, int]:
    """The (height, width, channels) that come out for an image of given sizes.

    >>> from penstock import image
    >>> image.output_shape([image.Resize(20), image.Grey()], 40, 60)
    (20, 30, 1)
    """
    shape = ffi.new("int64_t[3]")
    call(lib.ps_image_transforms_shape, shape, native_transforms(transforms), height, width, channels)
    return shape[0], shape[1], shape[2]


def one_hot(labels: Any, class_count: int, *, dtype: Any = "float32") -> Tensor:
    """Makes a row of each label: 1 at the label and 0 elsewhere. OutOfRangeError names a label that is no class.

    >>> from penstock import image
    >>> image.one_hot([2, 0], 3, dtype="int8").tolist()
    [[0, 0, 1], [1, 0, 0]]
    """
    return made(lib.ps_one_hot, creation.as_tensor(labels), class_count, as_dtype(dtype).number)


def native_transforms(transforms: Sequence[Transform]) -> Any:
    """The ps_image_transforms of a list: for what calls the C ABI. It is released with the last reference to it.

    >>> from penstock import image
    >>> steps = image.native_transforms([image.Resize(224), image.CenterCrop(224)])
    >>> "ps_image_transforms" in repr(steps)
    True
    """
    steps = ffi.new("ps_image_step[]", len(transforms))
    for place, transform in enumerate(transforms):
        if not isinstance(transform, Transform):
            raise TypeMismatchError(
                f"transforms[{place}] is {transform!r}: expected one of penstock.image's, as Resize or Normalize"
            )
        steps[place] = struct("ps_image_step", **transform._step())[0]
    out = ffi.new("ps_image_transforms **")
    call(lib.ps_image_transforms_make, out, steps, len(transforms))
    return ffi.gc(out[0], lib.ps_image_transforms_release)


# ---- Values as the C ABI takes them ----


def bytes_of(data: Any) -> Any:
    """A buffer over something's bytes, which are not copied."""
    try:
        return ffi.from_buffer(data)
    except (TypeError, BufferError) as error:
        raise TypeMismatchError(
            f"data is of {type(data).__name__}: expected an image's bytes, as a file's read() gives them ({error})"
        ) from None


def apply_options(channels_first: bool, seed: int, epoch: int, sample: int, scaled_decode: bool) -> Any:
    """A ps_image_apply_options."""
    layout = lib.PS_IMAGE_CHANNELS_FIRST if flag(channels_first, "channels_first") else lib.PS_IMAGE_CHANNELS_LAST
    numbers = {"seed": seed, "epoch": epoch, "sample": sample}
    return struct(
        "ps_image_apply_options", layout=layout, scaled_decode=flag(scaled_decode, "scaled_decode"), **numbers
    )


def flag(value: Any, name: str) -> int:
    """A truth as C has it."""
    if not isinstance(value, bool):
        raise TypeMismatchError(f"{name} is {value!r}: expected True or False")
    return int(value)


def choice(value: Any, choices: tuple[str, ...], name: str) -> int:
    """The number of one of some words."""
    if value not in choices:
        raise InvalidArgumentError(f"{name} is {value!r}: expected one of {', '.join(choices)}")
    return choices.index(value)


def positive(value: Any, name: str) -> int:
    """A size that is stated, and so is not 0, which the C ABI takes for one that is not."""
    if operator.index(value) < 1:
        raise InvalidArgumentError(f"{name} is {value!r}: expected 1 and up")
    return operator.index(value)


def resampling(transform: Resize | RandomResizedCrop) -> dict[str, Any]:
    """The fields that say how pixels are weighed."""
    return {
        "filter": choice(transform.filter, FILTERS, "filter"),
        "antialias": flag(transform.antialias, "antialias"),
    }


def split_pair(transform: Any, other: Any) -> None:
    """Puts a pair that was given as height into both fields, and other where no width was given."""
    height, width = transform.height, transform.width
    if isinstance(height, (tuple, list)):
        if width is not None or len(height) != 2:
            raise InvalidArgumentError(f"size is {height!r}: expected (height, width), and no width beside it")
        height, width = height
    try:
        height = operator.index(height)
        width = other if width is None else operator.index(width)
    except TypeError:
        raise TypeMismatchError(f"size is {height!r}, {width!r}: expected integers") from None
    object.__setattr__(transform, "height", height)
    object.__setattr__(transform, "width", width)


def sides_of(transform: RandomCrop | Pad) -> tuple[int, ...]:
    """Padding as (left, top, right, bottom)."""
    padding = transform.padding
    given = tuple(padding) if isinstance(padding, (tuple, list)) else (padding,)
    if len(given) not in (1, 2, 4):
        raise InvalidArgumentError(f"padding is {padding!r}: expected one number, two, or four")
    return (given * 4)[:4]


def fill_of(transform: RandomCrop | Pad) -> tuple[int, ...]:
    """The level of each of four channels."""
    fill = transform.fill
    given = tuple(fill) if isinstance(fill, (tuple, list)) else (fill,) * 4
    if not 1 <= len(given) <= 4 or not all(isinstance(level, int) and 0 <= level <= 255 for level in given):
        raise InvalidArgumentError(f"fill is {fill!r}: expected 0 to 255, or one such number a channel")
    return (given + (0,) * 4)[:4]


def pair_of(transform: RandomResizedCrop, name: str) -> tuple[float, float]:
    """The two ends of a range."""
    given = getattr(transform, name)
    if not isinstance(given, (tuple, list)) or len(given) != 2:
        raise InvalidArgumentError(f"{name} is {given!r}: expected (lowest, highest)")
    return given[0], given[1]


def numbers_of(transform: Normalize) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Means and deviations, as many of one as of the other."""
    mean, deviation = per_channel(transform.mean), per_channel(transform.std)
    if len(mean) != len(deviation) or not 1 <= len(mean) <= 4:
        raise InvalidArgumentError(
            f"mean is {transform.mean!r} and std {transform.std!r}: expected as many of one as of the other, 1 to 4"
        )
    return mean, deviation


def per_channel(given: float | tuple[float, ...]) -> tuple[float, ...]:
    """One number, or one a channel."""
    return tuple(given) if isinstance(given, (tuple, list)) else (given,)
