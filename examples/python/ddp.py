"""One network trained by two processes, each on its half of every batch.

    torchrun --nproc-per-node 2 examples/python/ddp.py

Without torchrun it starts two processes itself.
"""

import os
import socket

import penstock as ps
import torch
import torch.distributed
import torch.multiprocessing


def train() -> None:
    """What each process does."""
    torch.distributed.init_process_group("gloo")
    rank, world_size = torch.distributed.get_rank(), torch.distributed.get_world_size()

    model = ps.Model([ps.layers.Dense(4, 16, activation="tanh"), ps.layers.Dense(16, 1)], seed=1)
    model.compile(optimizer=ps.optimizers.Adam(learning_rate=0.02), loss="mse")
    parallel = ps.distributed.DataParallel(model)

    x = ps.random.normal(ps.random.key(1), (512, 4))
    y = ps.sum(x * x, axis=1, keepdims=True)
    mine = slice(rank, None, world_size)
    history = parallel.fit(x[mine], y[mine], epochs=100, batch_size=32 // world_size, verbose=0)

    ours = torch.from_dlpack(model.parameters.detach()).clone()
    theirs = ours.clone()
    torch.distributed.broadcast(theirs, 0)
    if rank == world_size - 1:
        losses = history.history["loss"]
        print("processes:", world_size, "learned:", losses[-1] < losses[0] / 4, "alike:", bool((ours == theirs).all()))
    torch.distributed.destroy_process_group()


def start(rank: int, port: int) -> None:
    """What stands in for torchrun."""
    os.environ |= {"RANK": str(rank), "WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port)}
    train()


if __name__ == "__main__":
    if "RANK" in os.environ:
        train()
    else:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        torch.multiprocessing.spawn(start, args=(port,), nprocs=2)  # type: ignore[no-untyped-call] # torch's

# It prints:
#   processes: 2 learned: True alike: True
