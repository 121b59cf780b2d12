"""penstock.torch.IterableDataset: alone, in torch's DataLoader, and in torchdata's StatefulDataLoader."""

import os
import pickle
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import penstock
import penstock.torch
import pytest
import torch
from penstock import loader
from torch.utils.data import DataLoader
from torchdata.stateful_dataloader import StatefulDataLoader

ROWS = 103
OPTIONS = loader.LoaderOptions().with_batch_size(8).shuffle(True, seed=5).num_workers(1)


@pytest.fixture
def rows(tmp_path: Path) -> Path:
    """Rows whose number is what y says, and ten times which x has."""
    path = tmp_path / "train.npz"
    numbers = np.arange(ROWS)
    np.savez(path, x=np.stack([numbers * 10, numbers], axis=1).astype(np.float32), y=numbers)
    return path


def dataset_of(rows: Path, options: loader.LoaderOptions = OPTIONS) -> penstock.torch.IterableDataset:
    return penstock.torch.IterableDataset(rows, options, fields=["x", "y"])


def numbers_of(batches: Iterable[Any]) -> list[int]:
    found: list[int] = []
    for x, y in batches:
        assert isinstance(x, torch.Tensor)
        assert x[:, 0].tolist() == [number * 10 for number in y.tolist()]
        found += y.tolist()
    return found


def test_each_iteration_is_an_epoch_of_all_samples_in_another_order(rows: Path) -> None:
    dataset = dataset_of(rows)
    first, second = numbers_of(dataset), numbers_of(dataset)
    assert sorted(first) == sorted(second) == list(range(ROWS))
    assert first != second
    assert len(dataset) == 13


def test_its_batches_are_those_of_the_loader_itself(rows: Path) -> None:
    own = loader.open(rows, OPTIONS, fields=["x", "y"], output="torch")
    dataset = dataset_of(rows)
    assert [numbers_of(own) for _ in range(3)] == [numbers_of(dataset) for _ in range(3)]


@pytest.mark.parametrize("context", ["fork", "spawn", "forkserver"])
def test_two_workers_of_torch_share_all_samples_between_them(rows: Path, context: str) -> None:
    batches = DataLoader(dataset_of(rows), batch_size=None, num_workers=2, multiprocessing_context=context)
    assert sorted(numbers_of(batches)) == list(range(ROWS))


def test_workers_share_what_a_rank_has(rows: Path) -> None:
    found = []
    for rank in range(3):
        dataset = dataset_of(rows, OPTIONS.distributed_sampling(rank, 3))
        found += numbers_of(DataLoader(dataset, batch_size=None, num_workers=2))
    assert sorted(found) == list(range(ROWS))


def test_workers_work_after_the_parent_has_taken_batches_itself(rows: Path) -> None:
    dataset = dataset_of(rows)
    next(iter(dataset))
    assert sorted(numbers_of(DataLoader(dataset, batch_size=None, num_workers=2))) == list(range(ROWS))
    assert len(numbers_of(dataset)) == ROWS


def test_workers_that_stay_go_on_with_the_next_epoch_and_hear_of_set_epoch(rows: Path) -> None:
    dataset = dataset_of(rows)
    batches = DataLoader(dataset, batch_size=None, num_workers=2, persistent_workers=True)
    first, second = numbers_of(batches), numbers_of(batches)
    assert sorted(first) == sorted(second)
    assert first != second
    dataset.set_epoch(0)
    assert numbers_of(batches) == first


def test_workers_that_start_anew_are_told_the_epoch(rows: Path) -> None:
    dataset = dataset_of(rows)
    batches = DataLoader(dataset, batch_size=None, num_workers=2)
    first = numbers_of(batches)
    dataset.set_epoch(1)
    second = numbers_of(batches)
    dataset.set_epoch(0)
    assert numbers_of(batches) == first != second


def test_what_was_left_in_the_middle_begins_with_the_next_epoch(rows: Path) -> None:
    dataset, whole = dataset_of(rows), dataset_of(rows)
    next(iter(dataset))
    numbers_of(whole)
    assert numbers_of(dataset) == numbers_of(whole)


@pytest.mark.parametrize("taken", [0, 1, 6, 12, 13])
def test_a_state_goes_on_behind_the_batch_that_it_was_taken_after(rows: Path, taken: int) -> None:
    dataset = dataset_of(rows)
    numbers_of(dataset)
    epoch = iter(dataset)
    for _ in range(taken):
        next(epoch)
    state = pickle.loads(pickle.dumps(dataset.state_dict()))
    later = dataset_of(rows)
    later.load_state_dict(state)
    expected = numbers_of(epoch) or numbers_of(dataset)
    assert numbers_of(later) == expected
    assert numbers_of(later) == numbers_of(dataset)


def test_a_state_that_is_none_is_refused(rows: Path) -> None:
    with pytest.raises(penstock.DataError, match="no state of an IterableDataset"):
        dataset_of(rows).load_state_dict({"epoch": "first"})


@pytest.mark.parametrize("workers", [0, 2])
@pytest.mark.parametrize("taken", [1, 5, 12])
def test_a_stateful_data_loader_goes_on_where_it_stood(rows: Path, workers: int, taken: int) -> None:
    def made() -> StatefulDataLoader:
        return StatefulDataLoader(dataset_of(rows), batch_size=None, num_workers=workers)

    before = made()
    batches = iter(before)
    for _ in range(taken):
        next(batches)
    state = pickle.loads(pickle.dumps(before.state_dict()))
    rest = numbers_of(batches)
    later = made()
    later.load_state_dict(state)
    assert numbers_of(later) == rest


@pytest.mark.parametrize("workers", [0, 2])
def test_a_stateful_data_loader_at_an_epochs_end_goes_on_with_the_next(rows: Path, workers: int) -> None:
    def made() -> StatefulDataLoader:
        staying = {"persistent_workers": True} if workers else {}
        return StatefulDataLoader(dataset_of(rows), batch_size=None, num_workers=workers, **staying)

    before = made()
    numbers_of(before)
    state = before.state_dict()
    expected = numbers_of(before)
    later = made()
    later.load_state_dict(state)
    assert sorted(expected) == list(range(ROWS))
    assert numbers_of(later) == expected


def test_epochs_are_refused_with_what_to_do(rows: Path) -> None:
    with pytest.raises(ValueError, match=r"each iteration over this dataset is one epoch"):
        dataset_of(rows, OPTIONS.with_epochs(2))


def test_an_error_of_a_worker_reaches_who_iterates(tmp_path: Path) -> None:
    missing = penstock.torch.IterableDataset(tmp_path / "none.npz", OPTIONS)
    with pytest.raises(FileNotFoundError, match=r"none\.npz"):
        list(DataLoader(missing, batch_size=None, num_workers=1))


def test_a_worker_has_its_share_of_the_cores(rows: Path) -> None:
    cores = len(os.sched_getaffinity(0))
    for workers, threads in ((1, cores), (cores, 1)):
        options = OPTIONS.num_workers("auto").with_pytorch_worker(0, workers)  # what a worker process has
        with loader.open(rows, options) as batches:
            batches.get_next()
            assert batches.metrics()["workers"] == threads
