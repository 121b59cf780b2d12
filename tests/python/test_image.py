"""penstock.image beside Pillow, which gives the same levels, and beside NumPy."""

import dataclasses
import importlib
import io
import struct
import threading
import zlib
from collections.abc import Sequence
from typing import Any

import numpy as np
import penstock
import PIL.Image
import PIL.ImageOps
import pytest
from penstock import image

Array = np.ndarray[Any, np.dtype[Any]]


def picture(height: int, width: int, seed: int = 0) -> PIL.Image.Image:
    """Waves and noise: what has edges, flat parts and every level."""
    rows, columns = np.mgrid[0:height, 0:width]
    noise = np.random.default_rng(seed).normal(0, 12, (height, width, 3))
    waves = [np.sin(columns / 17 + rows / 31), np.cos(columns / 11), np.sin(rows / 13)]
    return PIL.Image.fromarray(np.clip(127 + 110 * np.stack(waves, -1) + noise, 0, 255).astype(np.uint8))


def encoded(of: PIL.Image.Image, file_format: str, **options: Any) -> bytes:
    file = io.BytesIO()
    of.save(file, file_format, **options)
    return file.getvalue()


def by_pillow(data: bytes, mode: str = "RGB") -> Array:
    return np.asarray(PIL.Image.open(io.BytesIO(data)).convert(mode))


def difference(ours: penstock.Tensor, theirs: Array) -> int:
    """The largest difference in levels."""
    levels = np.asarray(ours)
    assert levels.shape == (theirs.shape if theirs.ndim == 3 else (*theirs.shape, 1))
    return int(np.abs(levels.astype(int) - theirs.reshape(levels.shape).astype(int)).max())


# ---- JPEG ----


@pytest.mark.parametrize("progressive", [False, True])
@pytest.mark.parametrize("subsampling", [0, 1, 2])
@pytest.mark.parametrize("quality", [1, 50, 95])
@pytest.mark.parametrize("size", [(1, 1), (7, 9), (16, 16), (101, 67)])
def test_a_jpeg_decodes_within_one_level_of_pillow(
    size: tuple[int, int], quality: int, subsampling: int, progressive: bool
) -> None:
    options = {"quality": quality, "subsampling": subsampling, "progressive": progressive}
    data = encoded(picture(*size), "JPEG", **options)
    assert difference(image.decode(data), by_pillow(data)) <= 1
    assert difference(image.decode(data, colour="grey"), by_pillow(data, "L")) <= 1


@pytest.mark.parametrize("size", [(3, 65500), (65500, 3)])
def test_a_jpeg_may_be_as_long_as_the_format_allows(size: tuple[int, int]) -> None:
    data = encoded(PIL.Image.new("RGB", size[::-1], (200, 100, 50)), "JPEG")
    assert difference(image.decode(data), by_pillow(data)) <= 1


def test_a_grey_jpeg_keeps_its_one_channel_or_repeats_it() -> None:
    data = encoded(picture(33, 21).convert("L"), "JPEG")
    assert difference(image.decode(data, colour="stored"), by_pillow(data, "L")) <= 1
    assert difference(image.decode(data), by_pillow(data)) <= 1


def test_a_jpeg_of_cmyk_is_refused() -> None:
    data = encoded(picture(8, 8).convert("CMYK"), "JPEG")
    with pytest.raises(penstock.DataError, match="CMYK or YCCK"):
        image.decode(data)


@pytest.mark.parametrize("progressive", [False, True])
def test_a_jpeg_cut_anywhere_is_an_error(progressive: bool) -> None:
    data = encoded(picture(24, 24), "JPEG", quality=40, progressive=progressive)
    for size in range(len(data)):
        with pytest.raises(penstock.DataError, match=r"cut short|neither a JPEG|0 bytes|JPEG: "):
            image.decode(data[:size])
    image.decode(data + b"what lies behind is not read")


def test_a_damaged_jpeg_is_an_error_or_decodes_to_its_size() -> None:
    data = encoded(picture(40, 40), "JPEG")
    generator = np.random.default_rng(7)
    refused = 0
    for _ in range(300):
        damaged = bytearray(data)
        damaged[int(generator.integers(len(data)))] ^= 1 << int(generator.integers(8))
        try:
            image.decode(bytes(damaged))
        except penstock.DataError:
            refused += 1
    assert refused > 20


def test_sizes_that_the_bytes_cannot_hold_are_refused_before_memory_is_taken() -> None:
    data = bytearray(encoded(picture(8, 8), "JPEG"))
    frame = data.index(b"\xff\xc0")
    data[frame + 5 : frame + 9] = b"\xff\xff\xff\xff"
    with pytest.raises(penstock.DataError, match=r"65535 x 65535 pixels: more than 178956970"):
        image.decode(bytes(data))
    with pytest.raises(penstock.DataError, match="take more than its"):
        image.decode(bytes(data), largest_pixels=2**40)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_the_orientation_is_applied_on_request(orientation: int) -> None:
    exif = PIL.Image.Exif()
    exif[0x112] = orientation
    data = encoded(picture(30, 50), "JPEG", exif=exif)
    assert image.info(data).orientation == orientation
    upright = PIL.ImageOps.exif_transpose(PIL.Image.open(io.BytesIO(data)))
    assert difference(image.decode(data, apply_orientation=True), np.asarray(upright)) <= 1
    assert difference(image.decode(data), by_pillow(data)) <= 1


@pytest.mark.parametrize("shrink", [2, 4, 8])
def test_a_jpeg_is_decoded_smaller(shrink: int) -> None:
    data = encoded(picture(101, 67), "JPEG")
    theirs = PIL.Image.open(io.BytesIO(data))
    theirs.draft("RGB", (67 // shrink, 101 // shrink))
    assert difference(image.decode(data, shrink=shrink), np.asarray(theirs)) <= 1


# ---- PNG ----


def chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def png(
    width: int, height: int, bits: int, colour: int, raw: bytes, *, interlaced: bool = False, before: bytes = b""
) -> bytes:
    header = struct.pack(">IIBBBBB", width, height, bits, colour, 0, 0, int(interlaced))
    pixels = chunk(b"IDAT", zlib.compress(raw))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + before + pixels + chunk(b"IEND", b"")


SAMPLES = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
PASSES = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))


def raw_rows(width: int, height: int, bits: int, colour: int, interlaced: bool) -> bytes:
    """Random rows with every filter; where bytes are filtered any of them stands for some picture."""
    generator = np.random.default_rng(bits * 10 + colour)
    raw = b""
    for first_x, first_y, step_x, step_y in PASSES if interlaced else ((0, 0, 1, 1),):
        columns, rows = len(range(first_x, width, step_x)), len(range(first_y, height, step_y))
        size = (columns * SAMPLES[colour] * bits + 7) // 8
        for row in range(rows if columns else 0):
            kind = 0 if colour == 3 else row % 5
            raw += bytes([kind]) + generator.integers(0, 256, size).astype(np.uint8).tobytes()
    return raw


KINDS = [(0, 1), (0, 2), (0, 4), (0, 8), (0, 16), (2, 8), (2, 16), (3, 1), (3, 2), (3, 4), (3, 8), (4, 8), (6, 8)]


@pytest.mark.parametrize("interlaced", [False, True])
@pytest.mark.parametrize(("colour", "bits"), KINDS)
@pytest.mark.parametrize("size", [(1, 1), (5, 3), (13, 20)])
def test_a_png_decodes_as_pillow_does(size: tuple[int, int], colour: int, bits: int, interlaced: bool) -> None:
    palette = chunk(b"PLTE", np.random.default_rng(3).integers(0, 256, 3 << bits).astype(np.uint8).tobytes())
    raw = raw_rows(*size, bits, colour, interlaced)
    data = png(*size, bits, colour, raw, interlaced=interlaced, before=palette if colour == 3 else b"")
    theirs = PIL.Image.open(io.BytesIO(data))
    if theirs.mode.startswith("I"):  # 16 bits of grey: the upper 8 are kept
        levels = (np.asarray(theirs) >> 8).astype(np.uint8)
    else:
        levels = np.asarray(theirs.convert({0: "L", 2: "RGB", 3: "RGB", 4: "LA", 6: "RGBA"}[colour]))
    assert difference(image.decode(data, colour="stored"), levels) == 0
    if bits != 16:
        assert difference(image.decode(data), by_pillow(data)) == 0
        assert difference(image.decode(data, colour="grey"), by_pillow(data, "L")) <= 1


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA"])
def test_a_png_that_pillow_writes_decodes_as_it_was(mode: str) -> None:
    written = picture(37, 51).convert(mode)
    assert difference(image.decode(encoded(written, "PNG")), np.asarray(written.convert("RGB"))) == 0


def test_a_png_with_a_transparent_colour_has_alpha() -> None:
    data = png(2, 1, 8, 0, bytes([0, 5, 9]), before=chunk(b"tRNS", struct.pack(">H", 9)))
    assert image.info(data).channels == 2
    assert image.decode(data, colour="stored").tolist() == [[[5, 255], [9, 0]]]


def test_a_png_cut_anywhere_is_an_error() -> None:
    data = encoded(picture(12, 12), "PNG")
    for size in range(len(data)):
        with pytest.raises(penstock.DataError, match=r"cut short|neither a JPEG|0 bytes"):
            image.decode(data[:size])


def test_a_flipped_bit_anywhere_in_a_png_is_an_error() -> None:
    data = encoded(picture(6, 6), "PNG")
    for position in range(len(data)):
        damaged = bytearray(data)
        damaged[position] ^= 0x10
        with pytest.raises(penstock.DataError):
            image.decode(bytes(damaged))


WRONG_PNGS = {
    "a palette of 2": png(2, 1, 8, 3, bytes([0, 0, 7]), before=chunk(b"PLTE", bytes(6))),
    "it has none": png(1, 1, 8, 3, bytes(2)),
    "filter 9: expected 0 to 4": png(1, 1, 8, 0, bytes([9, 0])),
    "1 bytes, its sizes make 2": png(1, 1, 8, 0, bytes(1)),
    "more than the 2 bytes": png(1, 1, 8, 0, bytes(3)),
    "3 bits a sample do not go with colour type 0": png(1, 1, 3, 0, bytes(2)),
    "none in a grey image": png(1, 1, 8, 0, bytes(2), before=chunk(b"PLTE", bytes(3))),
    "does not go with colour type 2": png(1, 1, 8, 2, bytes(4), before=chunk(b"tRNS", bytes(2))),
    "CgBI .* marked as critical": png(1, 1, 8, 0, bytes(2), before=chunk(b"CgBI", b"")),
    "take more than its": png(10_000, 10_000, 8, 2, b""),
}


@pytest.mark.parametrize("message", WRONG_PNGS)
def test_a_png_that_contradicts_itself_is_refused_with_what_is_wrong(message: str) -> None:
    with pytest.raises(penstock.DataError, match=message):
        image.decode(WRONG_PNGS[message])


# ---- Resizing ----


SIZES = [(224, 224), (100, 300), (300, 400), (200, 150), (30, 150), (1, 1), (200, 40), (300, 40), (190, 151)]
PILLOWS = {"bilinear": PIL.Image.Resampling.BILINEAR, "bicubic": PIL.Image.Resampling.BICUBIC}


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", PILLOWS)
@pytest.mark.parametrize("mode", ["L", "RGB"])
def test_a_resize_gives_pillows_levels(mode: str, name: image.Filter, size: tuple[int, int]) -> None:
    source = picture(200, 150).convert(mode)
    theirs = np.asarray(source.resize(size[::-1], PILLOWS[name]))
    levels = np.asarray(source).reshape(200, 150, -1)
    assert difference(image.apply(levels, [image.Resize(size, filter=name)]), theirs) == 0


def covered(levels: Array, size: int) -> Array:
    """The mean over the exact areas, along the first axis."""
    scale = len(levels) / size
    weights = np.zeros((size, len(levels)))
    for new in range(size):
        for old in range(len(levels)):
            weights[new, old] = max(0, min(old + 1, (new + 1) * scale) - max(old, new * scale)) / scale
    means: Array = np.floor(np.clip(np.tensordot(weights, levels, 1), 0, 255) + 0.5)
    return means


@pytest.mark.parametrize("size", [(10, 15), (7, 11), (40, 60), (20, 30)])
def test_area_is_the_mean_over_what_a_pixel_covers(size: tuple[int, int]) -> None:
    levels = np.asarray(picture(20, 30))
    expected = covered(covered(levels.transpose(1, 0, 2), size[1]).transpose(1, 0, 2), size[0])
    assert difference(image.apply(levels, [image.Resize(size, filter="area")]), expected) <= 1


@pytest.mark.parametrize("name", ["bilinear", "bicubic"])
@pytest.mark.parametrize("size", [(11, 17), (64, 80)])
def test_without_antialias_a_resize_samples_as_torch_does(name: image.Filter, size: tuple[int, int]) -> None:
    torch: Any = importlib.import_module("torch")  # only here: it takes seconds
    levels = np.asarray(picture(40, 50))
    planes = torch.from_numpy(levels.astype(np.float32)).permute(2, 0, 1)[None]
    sampled = torch.nn.functional.interpolate(planes, size, mode=name, align_corners=False)[0]
    expected = sampled.permute(1, 2, 0).clamp(0, 255).round().numpy()
    ours = image.apply(levels, [image.Resize(size, filter=name, antialias=False)])
    # Between its two passes ours holds levels to 0 to 255: what overshoots at an edge comes out a little lower.
    assert difference(ours, expected) <= (1 if name == "bilinear" else 8)


def test_a_crop_behind_a_resize_is_what_the_whole_resize_has_there() -> None:
    levels = np.asarray(picture(90, 120))
    whole = np.asarray(image.apply(levels, [image.Resize(64)]))
    cropped = np.asarray(image.apply(levels, [image.Resize(64), image.CenterCrop(40, 30)]))
    left = round((whole.shape[1] - 30) / 2)
    assert (cropped == whole[12:52, left : left + 30]).all()


def test_a_scaled_decode_stays_near_the_whole_one() -> None:
    smooth = picture(600, 800).resize((1600, 1200), PIL.Image.Resampling.BICUBIC)
    data = encoded(smooth, "JPEG", quality=90)
    steps = [image.Resize(200)]
    whole, scaled = (np.asarray(image.decode(data, steps, scaled_decode=each)).astype(int) for each in (False, True))
    assert whole.shape == scaled.shape == (200, 266, 3)
    assert np.abs(whole - scaled).mean() < 1
    assert 0 < np.abs(whole - scaled).max() <= 12


# ---- Other steps ----


def test_levels_become_the_numbers_that_torchvision_documents() -> None:
    levels = np.asarray(picture(9, 8))
    mean, std = np.array([0.485, 0.456, 0.406]), np.array([0.229, 0.224, 0.225])
    steps = [image.ToDType("float32", scale=True), image.Normalize(tuple(mean), tuple(std))]
    expected = ((levels / 255 - mean) / std).astype(np.float32)
    assert (np.asarray(image.apply(levels, steps)) == expected).all()
    assert (np.asarray(image.apply(levels, steps, channels_first=True)) == expected.transpose(2, 0, 1)).all()


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_each_dtype_is_rounded_to_once(dtype: str) -> None:
    levels = np.arange(256, dtype=np.uint8).reshape(16, 16, 1)
    ours = np.asarray(image.apply(levels, [image.ToDType(dtype, scale=True)]))
    assert (ours == (levels / 255).astype(dtype)).all()


def test_bfloat16_is_rounded_as_the_engine_rounds() -> None:
    levels = np.arange(256, dtype=np.uint8).reshape(16, 16, 1)
    ours = image.apply(levels, [image.ToDType("bfloat16", scale=True)])
    assert ours.tolist() == penstock.astype(penstock.Tensor(levels / 255), "bfloat16").tolist()


def test_flips_crops_and_pads_are_numpys() -> None:
    levels = np.asarray(picture(20, 31))
    flips: list[image.Transform] = [image.RandomHorizontalFlip(1.0), image.RandomVerticalFlip(1.0)]
    assert (np.asarray(image.apply(levels, flips)) == levels[::-1, ::-1]).all()
    turned = levels[::-1, ::-1]
    cropped = np.asarray(
        image.apply(levels, [*flips, image.CenterCrop(11, 8), image.Pad((1, 2, 3, 4), fill=(9, 8, 7))])
    )
    top, left = round((20 - 11) / 2), round((31 - 8) / 2)
    assert (cropped[2:13, 1:9] == turned[top : top + 11, left : left + 8]).all()
    assert cropped.shape == (17, 12, 3)
    assert (cropped[0] == [9, 8, 7]).all()


def test_steps_at_once_give_what_they_give_one_by_one() -> None:
    steps = [
        image.RandomHorizontalFlip(1.0),
        image.Resize(40),
        image.CenterCrop(36),
        image.RandomVerticalFlip(1.0),
        image.Resize((30, 50), filter="bicubic"),
        image.Grey(),
        image.Pad(2),
        image.ToDType("float32"),
    ]
    one_by_one: Any = np.asarray(picture(50, 70))
    at_once = np.asarray(image.apply(one_by_one, steps))
    for step in steps:
        one_by_one = image.apply(one_by_one, [step])
    assert (np.asarray(one_by_one) == at_once).all()


def test_arrays_of_any_strides_are_read() -> None:
    levels = np.asarray(picture(20, 30))
    steps = [image.Resize(8)]
    for view in (levels[::-1], levels[:, ::-1], levels[::2, ::3], levels[..., ::-1], levels.transpose(1, 0, 2)):
        ours = np.asarray(image.apply(view, steps))
        assert (ours == np.asarray(image.apply(view.copy(), steps))).all()


# ---- What is random ----


AUGMENT = [image.RandomResizedCrop(16), image.RandomHorizontalFlip(), image.ToDType("float32", scale=True)]


def test_random_steps_are_a_function_of_seed_epoch_and_sample() -> None:
    levels = np.asarray(picture(40, 60))
    seen = {}
    for seed, epoch, sample in [(0, 0, 0), (1, 0, 0), (0, 1, 0), (0, 0, 1)]:
        numbers = [
            np.asarray(image.apply(levels, AUGMENT, seed=seed, epoch=epoch, sample=sample)).tobytes() for _ in range(2)
        ]
        assert numbers[0] == numbers[1]
        seen[numbers[0]] = True
    assert len(seen) == 4


def test_a_batch_gives_what_its_images_give_one_by_one_on_any_number_of_threads() -> None:
    levels = np.stack([np.asarray(picture(30, 40, seed)) for seed in range(9)])
    one_by_one = [np.asarray(image.apply(each, AUGMENT, seed=5, sample=100 + i)) for i, each in enumerate(levels)]
    for threads in (1, 2, 5):
        penstock.set_num_threads(threads)
        assert (np.asarray(image.apply(levels, AUGMENT, seed=5, sample=100)) == np.stack(one_by_one)).all()
    penstock.set_num_threads(0)


def test_random_resized_crops_have_the_shares_and_ratios_that_are_asked_for() -> None:
    rows, columns = np.mgrid[0:200, 0:250]
    places = np.stack([rows, columns, rows * 0], -1).astype(np.uint8)
    shares, ratios = [], []
    for sample in range(400):
        step = image.RandomResizedCrop(64, scale=(0.2, 0.6), ratio=(0.5, 2.0), antialias=False)
        found = np.asarray(image.apply(places, [step], sample=sample)).astype(float)
        height, width = (np.ptp(found[..., axis]) * 64 / 63 for axis in (0, 1))
        shares.append(height * width / 50_000)
        ratios.append(width / height)
    assert 0.17 < min(shares) < 0.25
    assert 0.55 < max(shares) < 0.65
    assert 0.37 < np.mean(shares) < 0.43
    assert 0.45 < min(ratios) < 0.6
    assert 1.7 < max(ratios) < 2.2
    assert abs(np.mean(np.log(ratios))) < 0.08


def test_flips_happen_as_often_as_their_probability() -> None:
    levels = np.array([[[0], [1]]], np.uint8)
    flipped = [image.apply(levels, [image.RandomHorizontalFlip(0.25)], sample=i)[0, 0, 0].item() for i in range(4000)]
    assert 0.22 < np.mean(flipped) < 0.28


# ---- What is refused ----


unchecked: Any = image  # for arguments of types that a type checker would refuse


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: unchecked.Resize(0), "size is 0 x 0"),
        (lambda: unchecked.Resize((1, 2, 3)), r"expected \(height, width\)"),
        (lambda: unchecked.Resize(3, filter="best"), "filter is 'best'"),
        (lambda: unchecked.CenterCrop(-1), "size is -1 x -1"),
        (lambda: unchecked.Resize("big"), "expected integers"),
        (lambda: unchecked.RandomCrop(3, padding=(1, 2, 3)), "expected one number, two, or four"),
        (lambda: unchecked.Pad(1, fill=300), "fill is 300"),
        (lambda: unchecked.RandomResizedCrop(3, scale=(0.5, 0.1)), "scale is 0.5 to 0.1"),
        (lambda: unchecked.RandomResizedCrop(3, ratio=(0, 1)), "ratio is 0 to 1"),
        (lambda: unchecked.RandomHorizontalFlip(1.5), "probability is 1.5"),
        (lambda: unchecked.Normalize((0, 0), 1), "as many of one as of the other"),
        (lambda: unchecked.Normalize(0, 0), r"standard_deviation\[0\] is 0"),
        (lambda: unchecked.ToDType("int8"), "dtype is int8"),
        (lambda: unchecked.ToDType(scale=1), "scale is 1: expected True or False"),
        (lambda: unchecked.OneHot(0), "class_count is 0"),
    ],
)
def test_a_transform_that_cannot_be_is_refused_when_it_is_made(make: Any, message: str) -> None:
    with pytest.raises(penstock.Error, match=message):
        make()


@pytest.mark.parametrize(
    ("steps", "message"),
    [
        ([image.Normalize(0.5, 0.5)], r"step 0 \(normalize\): levels are no numbers yet"),
        ([image.ToDType(), image.Resize(3)], r"step 1 \(resize\): it works on levels: put it before to_dtype"),
        ([image.CenterCrop(99)], "a crop of 99 x 99 does not fit into an image of 4 x 5"),
        ([image.ToDType(), image.Normalize((1, 2), (1, 2))], "numbers for 2 channels, but the image has 3"),
        (["flip"], r"transforms\[0\] is 'flip'"),
        ([image.OneHot(3)], r"transforms\[0\] is OneHot"),
    ],
)
def test_a_list_that_cannot_be_applied_is_refused(steps: Sequence[Any], message: str) -> None:
    with pytest.raises(penstock.Error, match=message):
        image.apply(np.zeros((4, 5, 3), np.uint8), steps)


def test_what_is_no_image_is_refused() -> None:
    with pytest.raises(penstock.TypeMismatchError, match="float64"):
        image.apply(np.zeros((4, 5, 3)), [])
    with pytest.raises(penstock.InvalidArgumentError, match=r"\(4, 5\)"):
        image.apply(np.zeros((4, 5), np.uint8), [])
    with pytest.raises(penstock.TypeMismatchError, match="expected an image's bytes"):
        image.decode("picture.jpg")
    with pytest.raises(penstock.DataError, match="begin with 71 73 70"):
        image.decode(b"GIF89a....")


def test_transforms_are_values() -> None:
    assert image.Resize((3, 4)) == image.Resize(3, 4)
    assert dataclasses.asdict(image.CenterCrop(5)) == {"height": 5, "width": 5}
    with pytest.raises(dataclasses.FrozenInstanceError):
        image.Grey().kind = 1  # type: ignore[attr-defined]


# ---- Labels ----


def test_labels_become_rows() -> None:
    labels = np.array([[0, 2], [1, 1]])
    assert (np.asarray(image.one_hot(labels, 3)) == np.eye(3, dtype=np.float32)[labels]).all()
    for wrong in (-1, 3):
        with pytest.raises(penstock.OutOfRangeError, match=f"label 1 is {wrong}: expected 0 to 2"):
            image.one_hot([0, wrong], 3)


# ---- Threads and memory ----


def test_many_threads_decode_at_once(nothing_stays: None) -> None:
    files = [encoded(picture(60 + i, 80), kind, **({"quality": 80} if kind == "JPEG" else {}))
             for i, kind in enumerate(["JPEG", "PNG"] * 4)]  # fmt: skip
    expected = [by_pillow(file).tobytes() for file in files]
    wrong: list[int] = []

    def decode_all() -> None:
        for _ in range(10):
            for place, file in enumerate(files):
                if np.asarray(image.decode(file)).tobytes() != expected[place]:
                    wrong.append(place)
                with pytest.raises(penstock.DataError):
                    image.decode(file[:-20])

    threads = [threading.Thread(target=decode_all) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
