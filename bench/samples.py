"""How fast samples become batches, beside what people use: torch's DataLoader with Pillow, WebDataset, and memcpy.

    scripts/bench samples            all rows, kept in bench/results/samples.json
    python bench/samples.py ROW...   only these, kept nowhere

Images are JPEGs of 500 by 400 pixels in shards, made into 224 by 224 of float32; each side uses its best count of
workers of 0, 1 and 2, tried before. Times are for one image, one byte, or an epoch of one batch, over several epochs,
warm. Everything lies in the page cache, and nothing is made ahead while the peer has its turn: our loaders have as
many epochs as a call takes, and each call sends them back to the first.
"""

from __future__ import annotations

import io
import tarfile
import tempfile
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import measure
import numpy as np
import torch
import webdataset
from penstock import image, loader
from penstock.loader import LoaderOptions
from PIL import Image

BATCH = 32
ROWS, ROW_BYTES = 64, 2**20
PACKAGES = ("penstock", "torch", "webdataset", "pillow")
OPTIONS = LoaderOptions().with_batch_size(BATCH).channels_first()
STEPS = [image.Resize(224, 224), image.ToDType("float32", scale=True)]

CASES = (
    measure.Row("images", "loader.open(), best workers", "torch DataLoader and Pillow, best workers", bar=0.5),
    measure.Row("webdataset", "loader.open(), best workers", "webdataset and Pillow, best workers", bar=0.5),
    measure.Row("scaled", "loader.open(scaled_decode=True)", "loader.open()"),
    measure.Row("raw", "loader.open() of a tar of raw samples", "memcpy of as many bytes", bar=1 / 0.6),
    measure.Row("large", "loader.open() of one large file", "0.2 ns a byte, 5 GB/s", bar=1.0),
    measure.Row("epoch", "an epoch of one batch, persistent workers", "the same without", bar=0.5),
)


@dataclass(frozen=True)
class Work:
    """How much a call does: images in the set, epochs, and the counts of workers that are tried."""

    images: int
    epochs: int
    workers: tuple[int, ...]


FULL = Work(images=256, epochs=4, workers=(0, 1, 2))
QUICK = Work(images=BATCH, epochs=2, workers=(1,))


def write_shards(folder: Path, images: int) -> None:
    """Pictures in four shards, raw samples in one tar, and a large file."""
    noise = np.random.default_rng(0)
    low = noise.integers(0, 256, (images, 25, 20, 3), np.uint8)
    for shard in range(4):
        with tarfile.open(folder / f"images-{shard:06}.tar", "w") as tar:
            for number in range(shard, images, 4):
                file = io.BytesIO()
                Image.fromarray(low[number]).resize((500, 400), Image.Resampling.BICUBIC).save(file, "JPEG", quality=90)
                add(tar, f"{number:05}.jpg", file.getvalue())
                add(tar, f"{number:05}.cls", str(number % 10).encode())
    with tarfile.open(folder / "raw.tar", "w") as tar:
        for number in range(ROWS):
            add(tar, f"{number:05}.bin", noise.bytes(ROW_BYTES))
    (folder / "large.bin").write_bytes(noise.bytes(ROWS * ROW_BYTES))


def add(tar: tarfile.TarFile, name: str, content: bytes) -> None:
    """A member."""
    member = tarfile.TarInfo(name)
    member.size = len(content)
    tar.addfile(member, io.BytesIO(content))


def pixels_of(content: bytes) -> torch.Tensor:
    """What the peers do with one image."""
    picture = Image.open(io.BytesIO(content)).convert("RGB").resize((224, 224), Image.Resampling.BILINEAR)
    return torch.from_numpy(np.array(picture)).permute(2, 0, 1).float().div_(255)


class Pictures(torch.utils.data.Dataset[Any]):
    """All images as a dataset of torch, their bytes in memory: reading costs it nothing."""

    def __init__(self, shards: Iterable[str]) -> None:
        self.items: list[tuple[bytes, int]] = []
        for shard in shards:
            with tarfile.open(shard) as tar:
                content = {name: tar.extractfile(name).read() for name in tar.getnames()}  # type: ignore[union-attr]
            names = [name for name in content if name.endswith(".jpg")]
            self.items += [(content[name], int(content[name[:-3] + "cls"])) for name in names]

    def __len__(self) -> int:
        return len(self.items)

    def __getitem__(self, number: int) -> tuple[torch.Tensor, int]:
        return pixels_of(self.items[number][0]), self.items[number][1]


def seconds_of(epoch: Callable[[], Any]) -> float:
    """One call."""
    begun = time.perf_counter()
    epoch()
    return time.perf_counter() - begun


def drain(batches: Iterable[Any]) -> None:
    """All batches of an epoch."""
    for _ in batches:
        pass


def repeated(batches: Any, epochs: int) -> Callable[[], None]:
    """So many epochs, of ours from the first one on."""

    def call() -> None:
        if hasattr(batches, "set_epoch"):
            batches.set_epoch(0)
        for _ in range(epochs):
            drain(batches)

    return call


def best_workers(made: Callable[[int], Iterable[Any]], work: Work) -> Callable[[], None]:
    """The epochs of a loader with the count of workers that is fastest when all of them have started."""
    times = {}
    for workers in work.workers:
        call = repeated(made(workers), work.epochs)
        call()
        times[workers] = min(seconds_of(call) for _ in range(2))
        del call
    chosen = repeated(made(min(times, key=lambda workers: times[workers])), work.epochs)
    chosen()
    return chosen


def with_workers(options: LoaderOptions, workers: int) -> LoaderOptions:
    """Options with threads that stay, or none."""
    return options.num_workers(workers).persistent_workers(workers > 0)


def peers(shards: list[str]) -> dict[str, Callable[[int], Iterable[Any]]]:
    """The peers' loaders, by row."""

    def of_torch(workers: int) -> Iterable[Any]:
        return torch.utils.data.DataLoader(
            Pictures(shards), batch_size=BATCH, num_workers=workers, persistent_workers=workers > 0
        )

    def of_webdataset(workers: int) -> Iterable[Any]:
        data = webdataset.WebDataset(shards, shardshuffle=False, empty_check=False)
        data = data.to_tuple("jpg", "cls").map_tuple(pixels_of, int).batched(BATCH)
        return torch.utils.data.DataLoader(data, batch_size=None, num_workers=workers, persistent_workers=workers > 0)

    return {"images": of_torch, "webdataset": of_webdataset}


def sides(row: str, folder: Path, work: Work) -> tuple[Callable[[], Any], Callable[[], Any], int]:
    """Ours and the peer's work of a row, and how many items each does."""
    shards = [str(path) for path in sorted(folder.glob("images-*.tar"))]
    nbytes = work.epochs * ROWS * ROW_BYTES

    ours = OPTIONS.with_epochs(work.epochs)

    def images(workers: int, **more: Any) -> Iterable[Any]:
        options = with_workers(ours, workers)
        return loader.open(shards, options, fields=["jpg", "cls"], transforms=STEPS, output="torch", **more)

    def raw(workers: int) -> Iterable[Any]:
        layout = {"bin": ("uint8", (ROW_BYTES,))}
        options = with_workers(ours, workers)
        return loader.open(folder / "raw.tar", options, fields=layout, output="numpy")

    def large(workers: int) -> Iterable[Any]:
        options = with_workers(ours.with_batch_size(1), workers)
        return loader.open(folder / "large.bin", options, format="files")

    if row in ("images", "webdataset"):
        own, peer = best_workers(images, work), best_workers(peers(shards)[row], work)
        return own, peer, work.epochs * work.images
    if row == "scaled":
        scaled = best_workers(lambda workers: images(workers, scaled_decode=True), work)
        return scaled, best_workers(images, work), work.epochs * work.images
    if row == "raw":
        source, target = np.ones(BATCH * ROW_BYTES, np.uint8), np.ones(BATCH * ROW_BYTES, np.uint8)
        copies = work.epochs * ROWS // BATCH
        return best_workers(raw, work), lambda: copied(target, source, copies), nbytes
    if row == "large":
        return best_workers(large, work), lambda: time.sleep(nbytes * 0.2e-9), nbytes
    np.save(folder / "few.npy", np.zeros((BATCH, 1000), np.float32))  # an epoch is one batch
    staying, leaving = (
        loader.open(folder / "few.npy", OPTIONS.num_workers(4).persistent_workers(stay)) for stay in (True, False)
    )
    return lambda: drain(staying), lambda: drain(leaving), 1


def copied(target: Any, source: Any, times: int) -> None:
    """memcpy, so often."""
    for _ in range(times):
        np.copyto(target, source)


def main() -> None:
    """Measures the rows that are asked for."""
    options, rows = measure.command_line(__doc__ or "", CASES)
    effort = measure.QUICK if options.quick else measure.Effort(rounds=3, seconds=0.2)
    work = QUICK if options.quick else FULL
    results = []
    with tempfile.TemporaryDirectory() as folder:
        write_shards(Path(folder), work.images)
        for row in rows:
            own, peer, items = sides(row.name, Path(folder), work)
            timed = measure.Row(row.name, "own()", "peer()", row.bar, ours_items=items, peer_items=items)
            found = measure.measure(timed, {"own": own, "peer": peer}, effort)
            results.append(measure.Result(**{**vars(found), "ours": row.ours, "peer": row.peer}))
    measure.report(options, "samples", results, rows, PACKAGES, effort)


if __name__ == "__main__":
    main()
