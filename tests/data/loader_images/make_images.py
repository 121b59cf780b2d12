"""Makes the images that the loader's tests read; needs Pillow and NumPy."""

from pathlib import Path

import numpy
from PIL import Image

FOLDER = Path(__file__).parent


def gradient(height: int, width: int, first: int) -> Image.Image:
    """Each channel counts up from a level of its own."""
    levels = first + numpy.arange(height * width * 3).reshape(height, width, 3)
    return Image.fromarray((levels % 256).astype(numpy.uint8))


gradient(4, 5, 0).save(FOLDER / "cat" / "a.png")
gradient(4, 5, 100).save(FOLDER / "cat" / "b.png")
gradient(4, 5, 200).save(FOLDER / "dog" / "c.png")
gradient(64, 48, 0).save(FOLDER / "large.jpg", quality=90)
