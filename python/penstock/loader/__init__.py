r"""Training data from disk to batches: chess games of Leela Chess Zero, always in the same order for the same seed.

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

__all__ = [
    "ChunkSourceLoaderConfig",
    "ChunkUnpackerConfig",
    "DataLoader",
    "DataLoaderConfig",
    "EndOfData",
    "FilePathProviderConfig",
    "ShufflingChunkPoolConfig",
    "ShufflingFrameSamplerConfig",
    "TensorGeneratorConfig",
]
