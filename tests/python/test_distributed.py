"""Two processes that share each batch train as one does with the whole of it."""

import os
import socket
import subprocess
import sys
import textwrap
from pathlib import Path

import numpy
import penstock as ps
import pytest

PROGRAM = """
    import os, sys, numpy, torch, penstock as ps

    torch.distributed.init_process_group("gloo")
    rank, buckets, folder = torch.distributed.get_rank(), int(sys.argv[1]), sys.argv[2]
    x, y = numpy.load(folder + "/x.npy"), numpy.load(folder + "/y.npy")
    layers = [ps.layers.Dense(5, 8, activation="tanh"), ps.layers.Dense(8, 3)]
    model = ps.Model(layers, dtype="float64", seed=rank)  # all begin as process 0 does
    model.compile(ps.optimizers.Adam(0.01), "cross_entropy", metrics=["accuracy"])
    parallel = ps.distributed.DataParallel(model, bucket_bytes=buckets)
    for step in range(10):
        rows = slice(step * 16 + rank * 8, step * 16 + rank * 8 + 8)
        parallel.train_on_batch(x[rows], y[rows])
    history = parallel.fit(x[:16][rank::2], y[:16][rank::2], batch_size=8, shuffle=False, verbose=0)
    assert len(history.history["accuracy"]) == 1
    model.save_weights(f"{folder}/rank{rank}.npz")
    torch.distributed.destroy_process_group()
"""


def run_two(folder: Path, buckets: int) -> None:
    """Runs the program as two processes."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    where = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port), "WORLD_SIZE": "2"}
    command = [sys.executable, "-c", textwrap.dedent(PROGRAM), str(buckets), str(folder)]
    started = [
        subprocess.Popen(command, env=os.environ | where | {"RANK": str(rank)}, stderr=subprocess.PIPE, text=True)
        for rank in range(2)
    ]
    for process in started:
        _, errors = process.communicate(timeout=300)
        assert process.returncode == 0, errors


@pytest.mark.parametrize("buckets", [25 << 20, 100])
def test_two_ranks_equal_one_with_the_doubled_batch(buckets: int, tmp_path: Path) -> None:
    generator = numpy.random.default_rng(3)
    x, y = generator.standard_normal((160, 5)), generator.integers(0, 3, 160)
    numpy.save(tmp_path / "x.npy", x)
    numpy.save(tmp_path / "y.npy", y)
    run_two(tmp_path, buckets)
    layers = [ps.layers.Dense(5, 8, activation="tanh"), ps.layers.Dense(8, 3)]
    expected = ps.Model(layers, dtype="float64", seed=0)
    expected.compile(ps.optimizers.Adam(0.01), "cross_entropy")
    for step in range(10):
        expected.train_on_batch(x[step * 16 : step * 16 + 16], y[step * 16 : step * 16 + 16])
    expected.train_on_batch(x[:16], y[:16])
    first, second = (ps.load(tmp_path / f"rank{rank}.npz") for rank in range(2))
    for name, parameter in expected.named_parameters().items():
        assert first[name].equal(second[name], bitwise=True)
        assert first[name].all_close(parameter.detach(), relative=1e-12, absolute=1e-14)


def test_without_a_process_group_it_says_what_to_call() -> None:
    with pytest.raises(ps.UnavailableError, match="init_process_group"):
        ps.distributed.DataParallel(ps.Model())
