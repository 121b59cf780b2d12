r"""Training data from disk to batches, always in the same order for the same seed.

open() takes samples of any kind, with LoaderOptions; DataLoader chess games of Leela Chess Zero, stage by stage:

>>> import pathlib, tempfile
>>> from penstock import loader
>>> folder = pathlib.Path(tempfile.mkdtemp())
>>> for name in ("first", "second"):
...     _ = (folder / name).write_bytes((b"\3" + bytes(8275)) * 5)  # a game of five positions, version 3
>>> config = loader.DataLoaderConfig(
...     file_path_provider=loader.FilePathProviderConfig(directory=folder),
...     tensor_generator=loader.TensorGeneratorConfig(batch_size=4),
...     epochs=1,
... )
>>> with loader.DataLoader(config) as batches:
...     for planes, policy, values in batches:
...         print(planes.shape, policy.shape, values.shape)
(4, 112, 8, 8) (4, 1858) (4, 6, 4)
(4, 112, 8, 8) (4, 1858) (4, 6, 4)
(2, 112, 8, 8) (2, 1858) (2, 6, 4)
"""

from penstock.loader.batches import RaggedBytes
from penstock.loader.config import (
    ChunkSourceLoaderConfig,
    ChunkUnpackerConfig,
    DataLoaderConfig,
    FilePathProviderConfig,
    ShufflingChunkPoolConfig,
    ShufflingFrameSamplerConfig,
    TensorGeneratorConfig,
)
from penstock.loader.data_loader import DataLoader, EndOfData
from penstock.loader.options import LoaderOptions, PyLoaderOptions
from penstock.loader.python_transforms import TransformError, per_batch
from penstock.loader.sample_loader import SampleLoader, open  # noqa: A004 - it reads loader.open()
from penstock.loader.source import Field

__all__ = [
    "ChunkSourceLoaderConfig",
    "ChunkUnpackerConfig",
    "DataLoader",
    "DataLoaderConfig",
    "EndOfData",
    "Field",
    "FilePathProviderConfig",
    "LoaderOptions",
    "PyLoaderOptions",
    "RaggedBytes",
    "SampleLoader",
    "ShufflingChunkPoolConfig",
    "ShufflingFrameSamplerConfig",
    "TensorGeneratorConfig",
    "TransformError",
    "open",
    "per_batch",
]
