"""Trains on chess games: batches from the loader under torch, the same under JAX, and a stop that loses nothing.

python chess_loader.py [FOLDER]      a folder of Leela Chess Zero's training games; without one, made-up games
"""

# It prints:
#   torch: loss ... after 12 batches
#   JAX:   the same numbers from the same state
#   went on after the stop with batch 7, as if there had been none

import struct
import sys
import tempfile
from pathlib import Path

import jax
import jax.numpy as jnp
import torch
from penstock import loader


def make_games(folder: Path, count: int = 40) -> None:
    """Games of version 3, the shortest there is: no pieces, one legal move, and a result by turns."""
    for game in range(count):
        record = struct.pack("<I", 3)
        record += struct.pack("<1858f", *(1.0 if move == game else -1.0 for move in range(1858)))
        record += bytes(104 * 8 + 7) + struct.pack("<b", game % 3 - 1)
        (folder / f"game_{game:02}").write_bytes(record * 10)


def train(batches: loader.DataLoader) -> tuple[torch.nn.Linear, float]:
    """One epoch of a very small network, which guesses the result from the planes."""
    torch.manual_seed(1)
    network = torch.nn.Linear(112 * 64, 1)
    optimizer = torch.optim.SGD(network.parameters(), lr=1e-4)
    loss = torch.zeros(())
    for planes, _policy, values in batches:
        loss = torch.nn.functional.mse_loss(network(planes.flatten(1))[:, 0], values[:, 0, 0])
        optimizer.zero_grad()
        torch.autograd.backward(loss)
        optimizer.step()
    return network, loss.item()


def main(folder: Path) -> None:
    """Trains, looks at the last batch again, and stops in between."""
    config = loader.DataLoaderConfig(
        stages=[
            loader.FilePathProviderConfig(directory=folder),
            loader.ShufflingFrameSamplerConfig(reservoir_size_per_thread=200),
            loader.TensorGeneratorConfig(batch_size=32, drop_last=True),
        ],
        seed=7,
        epochs=1,
    )
    with loader.DataLoader(config, output="torch") as batches:
        _, loss = train(batches)
        count = batches.metrics()["batches"]
    print(f"torch: loss {loss:.4f} after {count} batches")

    # Stop after the sixth batch, as a run does that is killed, and go on with another loader.
    before = loader.DataLoader(config)
    for _ in range(6):
        before.get_next()
    after = loader.DataLoader(config)
    after.restore(before.state())
    batch, expected = after.get_next(), before.get_next()

    # JAX borrows the same memory.
    values = jax.dlpack.from_dlpack(batch[2])
    assert jnp.array_equal(values, jax.dlpack.from_dlpack(expected[2]), equal_nan=True)
    mean = float(jnp.mean(values[:, 0, 0]))
    assert abs(mean - torch.from_dlpack(expected[2])[:, 0, 0].mean().item()) < 1e-6
    print("JAX:   the same numbers from the same state")
    print("went on after the stop with batch 7, as if there had been none")


if __name__ == "__main__":
    if len(sys.argv) > 1:
        main(Path(sys.argv[1]))
    else:
        with tempfile.TemporaryDirectory() as made:
            make_games(Path(made))
            main(Path(made))
