"""Samples of any kind as a dataset of torch: batches of penstock's loader, alone or under torch's DataLoader.

>>> import numpy, pathlib, tempfile, torch
>>> import penstock.torch
>>> from penstock import loader
>>> path = pathlib.Path(tempfile.mkdtemp(), "train.npz")
>>> numpy.savez(path, x=numpy.zeros((10, 3), numpy.float32), y=numpy.arange(10))
>>> options = loader.LoaderOptions().with_batch_size(4).shuffle(True, seed=42)
>>> dataset = penstock.torch.IterableDataset(path, options, fields=["x", "y"])
>>> [y.numel() for x, y in torch.utils.data.DataLoader(dataset, batch_size=None, num_workers=2)]
[4, 4, 1, 1]
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from penstock.errors import DataError, InvalidArgumentError, UnavailableError
from penstock.loader.knobs import integer
from penstock.loader.options import LoaderOptions
from penstock.loader.sample_loader import SampleLoader, as_options
from penstock.loader.sample_loader import open as open_loader

try:
    import torch
    from torch.utils.data import get_worker_info
except ImportError:
    raise UnavailableError("penstock.torch needs torch, which is not installed: pip install torch") from None

__all__ = ["IterableDataset"]

if TYPE_CHECKING:
    Base = torch.utils.data.IterableDataset[Any]
else:
    Base = torch.utils.data.IterableDataset


class IterableDataset(Base):
    """Batches of samples as a dataset of torch: sources, options and all else are loader.open()'s, output is torch's.

    It makes whole batches: iterate over it, or give it to torch's DataLoader or torchdata's StatefulDataLoader with
    batch_size=None. Native threads decode in any case; with num_workers=n each of the n processes delivers its share of
    this rank's samples, disjoint from the others', and all with them.

    Each iteration is an epoch: the next one, set_epoch()'s, or, behind load_state_dict(), the rest of the one that the
    state was taken in. Processes that torch starts anew for each epoch know of it by set_epoch() alone; with
    persistent_workers=True of torch's they count themselves. len() is the batches of an epoch; with several processes
    each may have one more that is not full.

    >>> import numpy, pathlib, tempfile
    >>> import penstock.torch
    >>> numpy.save(pathlib.Path(folder := tempfile.mkdtemp(), "rows.npy"), numpy.arange(6))
    >>> dataset = penstock.torch.IterableDataset(folder, {"batch_size": 4}, fields=["rows"])
    >>> len(dataset), [rows for rows, in dataset]
    (2, [tensor([0, 1, 2, 3]), tensor([4, 5])])
    """

    def __init__(
        self,
        sources: str | os.PathLike[str] | Sequence[str | os.PathLike[str]],
        options: LoaderOptions | Mapping[str, Any] | None = None,
        **arguments: Any,
    ) -> None:
        self._sources = sources
        self._options = as_options(options)
        if self._options["epochs"] is not None:
            raise InvalidArgumentError(
                f"with_epochs({self._options['epochs']}) ends get_next(): each iteration over this dataset "
                f"is one epoch, so leave it out"
            )
        self._arguments = {"output": "torch", **arguments}
        self._loader: SampleLoader | None = None
        self._owner: tuple[int, int, int] | None = None  # the process and torch's worker that the loader was made for
        self._next_epoch = 0
        self._taken_up: dict[str, Any] | None = None  # what load_state_dict() was given, until an iteration begins
        self._current: Epoch | None = None
        # How often set_epoch() was called, and the last epoch, in memory that torch's workers share.
        self._chosen = torch.zeros(2, dtype=torch.int64)
        self._chosen.share_memory_()  # type: ignore[no-untyped-call]
        self._seen = 0

    def _opened(self) -> SampleLoader:
        """This process's loader, of the share of the torch worker that it is."""
        worker = get_worker_info()
        worker_id, count = (0, 1) if worker is None else (worker.id, worker.num_workers)
        owner = os.getpid(), worker_id, count
        if self._loader is None or self._owner != owner:
            options = self._options if worker is None else self._options.with_pytorch_worker(worker_id, count)
            self._loader = open_loader(self._sources, options, **self._arguments)
            self._owner = owner
        return self._loader

    def __len__(self) -> int:
        return len(self._opened())

    def __iter__(self) -> Iterator[Any]:
        calls, epoch = self._chosen.tolist()
        if calls != self._seen:
            self._seen, self._next_epoch = calls, epoch
        begun = Epoch(self, self._opened(), self._next_epoch)
        if self._taken_up is not None:
            state, self._taken_up = self._taken_up, None
            if not state["finished"]:
                begun.load_state_dict(state)
        self._current = begun
        return begun

    def set_epoch(self, epoch: int) -> None:
        """The epoch, from 0, that the next iteration is of; torch's persistent workers learn of it too.

        >>> import numpy, pathlib, tempfile
        >>> import penstock.torch
        >>> numpy.save(pathlib.Path(folder := tempfile.mkdtemp(), "rows.npy"), numpy.arange(6))
        >>> options = penstock.LoaderOptions().with_batch_size(6).shuffle(True, seed=1)
        >>> dataset = penstock.torch.IterableDataset(folder, options, fields=["rows"])
        >>> first, second = next(iter(dataset)), next(iter(dataset))
        >>> dataset.set_epoch(0)
        >>> next(iter(dataset))[0].tolist() == first[0].tolist() != second[0].tolist()
        True
        """
        chosen = integer(0)(epoch, "epoch")
        self._chosen[1] = chosen
        self._chosen[0] += 1
        self._taken_up = None

    def state_dict(self) -> dict[str, Any]:
        """Where the last iteration stands, behind its last batch; torchdata's StatefulDataLoader calls it.

        >>> import numpy, pathlib, tempfile
        >>> import penstock.torch
        >>> numpy.save(pathlib.Path(folder := tempfile.mkdtemp(), "rows.npy"), numpy.arange(6))
        >>> dataset = penstock.torch.IterableDataset(folder, {"batch_size": 4}, fields=["rows"])
        >>> _ = next(iter(dataset))
        >>> later = penstock.torch.IterableDataset(folder, {"batch_size": 4}, fields=["rows"])
        >>> later.load_state_dict(dataset.state_dict())
        >>> [rows for rows, in later]
        [tensor([4, 5])]
        """
        if self._taken_up is not None:
            return dict(self._taken_up)
        if self._current is not None:
            return self._current.state_dict()
        return {"epoch": self._next_epoch, "state": None, "finished": False}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Makes the next iteration go on where a state was taken; of a finished epoch's, begin with the next epoch.

        >>> import numpy, pathlib, tempfile
        >>> import penstock.torch
        >>> numpy.save(pathlib.Path(folder := tempfile.mkdtemp(), "rows.npy"), numpy.arange(6))
        >>> dataset = penstock.torch.IterableDataset(folder, {"batch_size": 4})
        >>> dataset.load_state_dict(dataset.state_dict())
        """
        self._taken_up = checked_state(state)
        self._next_epoch = self._taken_up["epoch"] + self._taken_up["finished"]
        self._seen = int(self._chosen[0])

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_loader": None, "_owner": None, "_current": None, "_taken_up": self._taken_up}

    def __repr__(self) -> str:
        return f"IterableDataset({self._sources!r}, {self._options!r})"


class Epoch(Iterator[Any]):
    """The batches of one epoch; torchdata saves and restores it by itself, ended or not."""

    def __init__(self, dataset: IterableDataset, loader: SampleLoader, epoch: int) -> None:
        self._dataset = dataset
        self._loader = loader
        self._begun = False
        self._finished = False
        self._stand(epoch)

    def _stand(self, epoch: int) -> None:
        self._epoch = epoch
        self._dataset._next_epoch = epoch + 1

    def __next__(self) -> Any:
        if self._finished:
            raise StopIteration
        if not self._begun:
            self._loader.set_epoch(self._epoch)
            self._begun = True
        native, batch = self._loader._take()
        self._finished = native.last_of_epoch
        if native.batch is None:
            raise StopIteration
        return batch

    def state_dict(self) -> dict[str, Any]:
        """What load_state_dict() takes: the epoch, the loader's state behind its last batch, whether it ended."""
        goes_on = self._begun and not self._finished
        return {"epoch": self._epoch, "state": self._loader.state() if goes_on else None, "finished": self._finished}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Goes on where the state was taken; where that was behind the epoch's last batch, there are none."""
        found = checked_state(state)
        self._stand(found["epoch"])
        self._finished = found["finished"]
        self._begun = found["state"] is not None
        if self._begun:
            self._loader.restore(found["state"])


def checked_state(state: Any) -> dict[str, Any]:
    """What state_dict() gave; anything else is refused."""
    expected: dict[str, Any] = {"epoch": int, "state": (bytes, type(None)), "finished": bool}
    if not isinstance(state, Mapping) or not all(isinstance(state.get(name), kind) for name, kind in expected.items()):
        raise DataError(f"{state!r} is no state of an IterableDataset: expected what state_dict() gives")
    return {name: state[name] for name in expected}
