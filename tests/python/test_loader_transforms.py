"""Transforms that are Python functions: of samples and batches, here and in processes, and what goes wrong in them."""

import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import penstock
import penstock.torch
import pytest
import torch
from penstock import loader
from sample_functions import (
    a_number,
    doubled,
    dying_at_20,
    endless,
    failing_as_a_whole,
    failing_at_20,
    of_two_shapes,
    slow,
    summed,
    without_x,
)

ROWS = 50
OPTIONS = loader.LoaderOptions().with_batch_size(8).num_workers(1)
PROCESSES = [OPTIONS, OPTIONS.use_fork().with_transform_processes(2), OPTIONS.use_spawn().with_transform_processes(1)]
NAMES = ["here", "fork", "spawn"]


@pytest.fixture
def rows(tmp_path: Path) -> Path:
    """Fifty rows of their number."""
    path = tmp_path / "rows.npz"
    np.savez(path, x=np.repeat(np.arange(ROWS, dtype=np.float32)[:, None], 3, axis=1), y=np.arange(ROWS))
    return path


@pytest.mark.parametrize("options", PROCESSES, ids=NAMES)
def test_functions_of_samples_and_batches_run_in_their_order(rows: Path, options: loader.LoaderOptions) -> None:
    with loader.open(rows, options, transforms=[doubled, loader.per_batch(summed)], output="torch") as batches:
        found = list(batches)
    assert torch.cat([batch["y"] for batch in found]).tolist() == list(range(ROWS))
    assert torch.cat([batch["sum"] for batch in found]).tolist() == [6 * number for number in range(ROWS)]
    assert [word for batch in found for word in batch["word"]] == [f"row {number}" for number in range(ROWS)]
    processes = {process for batch in found for process in batch["process"].tolist()}
    assert (processes == {os.getpid()}) == (options["transform_processes"] == 0)


def test_a_lambda_is_refused_where_it_cannot_be_sent(rows: Path) -> None:
    shifted = [lambda sample: {"y": sample["y"] + 1}]
    with pytest.raises(ValueError, match=r"cannot be sent to a process that use_spawn\(\) starts.*or use_fork\(\)"):
        loader.open(rows, OPTIONS.with_transform_processes(1), transforms=shifted)
    with loader.open(rows, OPTIONS.use_fork().with_transform_processes(1), transforms=shifted) as batches:
        assert batches.get_next()["y"].tolist() == list(range(1, 9))


@pytest.mark.parametrize("options", PROCESSES, ids=NAMES)
def test_what_a_function_raises_comes_with_the_samples_address(rows: Path, options: loader.LoaderOptions) -> None:
    with loader.open(rows, options, transforms=[failing_at_20], output="numpy", fields=["y"]) as batches:
        assert [batches.get_next()[0].tolist()[0] for _ in range(2)] == [0, 8]
        address = batches.address(20)
        for _ in range(2):  # the loader stays where it was
            with pytest.raises(loader.TransformError, match="the transform failing_at_20 raised ValueError") as caught:
                batches.get_next()
            assert str(caught.value).startswith(address)
            assert "twenty is not wanted" in str(caught.value.__cause__)
        assert "rows.npz" in address


@pytest.mark.parametrize("options", PROCESSES[:2], ids=NAMES[:2])
def test_what_a_function_of_batches_raises_names_the_first_sample(rows: Path, options: loader.LoaderOptions) -> None:
    with loader.open(rows, options, transforms=[loader.per_batch(failing_as_a_whole)]) as batches:
        with pytest.raises(loader.TransformError) as caught:
            list(batches)
        assert f"the batch of 8 samples that begins with {batches.address(16)}: the transform" in str(caught.value)
        assert "ZeroDivisionError: no twenty" in str(caught.value)


@pytest.mark.parametrize("context", ["use_fork", "use_spawn"])
def test_a_process_that_is_killed_is_an_error_and_the_next_batch_the_one_that_was_due(
    rows: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, context: str
) -> None:
    monkeypatch.setenv("PENSTOCK_TEST_MARKER", str(tmp_path / "died"))
    options = getattr(OPTIONS, context)().with_transform_processes(1)
    found: list[int] = []
    with loader.open(rows, options, transforms=[dying_at_20], fields=["y"], output="numpy") as batches:
        with pytest.raises(loader.TransformError, match="a process that runs the transforms has ended: it was killed"):
            found.extend(number for (numbers,) in batches for number in numbers.tolist())
        for (numbers,) in batches:
            found += numbers.tolist()
    assert found == list(range(ROWS))


@pytest.mark.parametrize("options", PROCESSES[:2], ids=NAMES[:2])
def test_a_state_is_of_the_last_batch_that_was_handed_out(rows: Path, options: loader.LoaderOptions) -> None:
    shuffled = options.shuffle(True, seed=3)
    with loader.open(rows, shuffled, transforms=[doubled], fields=["y", "x"], output="numpy") as batches:
        for _ in range(3):
            batches.get_next()
        state = batches.state()
        expected = [numbers.tolist() for numbers, _ in batches]
    with loader.open(rows, shuffled, transforms=[doubled], fields=["y", "x"], output="numpy") as later:
        later.restore(state)
        assert [numbers.tolist() for numbers, _ in later] == expected


def test_a_slow_function_in_a_process_is_a_timeout_and_nothing_is_lost(rows: Path) -> None:
    options = OPTIONS.use_fork().with_transform_processes(1).with_timeout(0.3).with_batch_size(2)
    with loader.open(rows, options, transforms=[slow], fields=["y"]) as batches:
        with pytest.raises(TimeoutError, match=r"no batch within 0.3 s: the transforms in processes are behind"):
            batches.get_next()
        while True:
            try:
                assert batches.get_next()[0].tolist() == [0, 1]
                break
            except TimeoutError:
                pass


def test_processes_are_a_childs_own_after_a_fork(rows: Path) -> None:
    options = OPTIONS.use_fork().with_transform_processes(1)
    batches = loader.open(rows, options, transforms=[doubled], output="numpy")
    batches.get_next()
    child = os.fork()
    if child == 0:
        same = [batch["y"].tolist() for batch in batches] == [
            list(range(at, min(at + 8, 50))) for at in range(8, 50, 8)
        ]
        batches.stop()
        os._exit(0 if same else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert batches.get_next()["y"].tolist() == list(range(8, 16))
    batches.stop()


def test_a_worker_of_torch_starts_no_processes(rows: Path) -> None:
    options = OPTIONS.with_transform_processes(1).use_fork()
    dataset = penstock.torch.IterableDataset(rows, options, transforms=[doubled])
    with pytest.raises(ValueError, match=r"which a worker of torch's DataLoader may not"):
        list(torch.utils.data.DataLoader(dataset, batch_size=None, num_workers=1))


def test_stop_ends_a_wait_for_a_process(rows: Path) -> None:
    before = {child.pid for child in multiprocessing.active_children()}
    batches = loader.open(rows, OPTIONS.use_fork().with_transform_processes(1), transforms=[endless])
    threading.Timer(0.3, batches.stop).start()
    with pytest.raises(penstock.CancelledError, match="the loader was stopped"):
        batches.get_next()
    for _ in range(100):
        left = [child for child in multiprocessing.active_children() if child.pid not in before]
        if not left:
            break
        time.sleep(0.1)
    assert left == []


def test_ctrl_c_ends_a_wait_for_a_process_and_the_program(rows: Path, tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text(
        f"""
import time
from penstock import loader

def slow(sample):
    time.sleep(0.2)
    return sample

if __name__ == "__main__":
    options = loader.LoaderOptions().with_batch_size(8).use_fork().with_transform_processes(2)
    with loader.open({str(rows)!r}, options, transforms=[slow]) as batches:
        print("ready", flush=True)
        try:
            list(batches)
        except KeyboardInterrupt:
            print("interrupted", flush=True)
"""
    )
    command = [sys.executable, str(program)]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True, start_new_session=True) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "ready\n"
        time.sleep(0.5)
        os.killpg(child.pid, signal.SIGINT)  # as a terminal does: to all processes at once
        printed, complained = child.communicate(timeout=60)
    assert (printed, complained, child.returncode) == ("interrupted\n", "", 0)


@pytest.mark.parametrize(
    ("transforms", "said"),
    [
        ([of_two_shapes], r"it returned x of shape \(2,\) at sample 3 of the batch, and of \(3,\) before"),
        ([a_number], r"the transform a_number raised TypeMismatchError: it returned int64: expected a dict of fields"),
        ([without_x], r"the transforms gave no field 'x': they gave \['y'\]"),
    ],
)
def test_what_a_function_may_not_return_is_named(rows: Path, transforms: list[Any], said: str) -> None:
    with (
        loader.open(rows, OPTIONS, transforms=transforms, fields=["x", "y"]) as batches,
        pytest.raises(penstock.Error, match=said),
    ):
        batches.get_next()


def test_what_is_no_transform_is_refused(rows: Path) -> None:
    with pytest.raises(TypeError, match=r"transforms\[1\] is 'flip': expected a transform of penstock.image or a func"):
        loader.open(rows, OPTIONS, transforms=[doubled, "flip"])
    with pytest.raises(ValueError, match="transforms are given twice"):
        loader.open(rows, OPTIONS.enable_transforms([doubled]), transforms=[doubled])
