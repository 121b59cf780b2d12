"""What the program `penstock loader` does: look into a data set, time a loader, and show one at work."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from penstock.errors import InvalidArgumentError, NotFoundError
from penstock.loader.config import DataLoaderConfig
from penstock.loader.data_loader import DataLoader, EndOfData

__all__ = ["add_commands", "run"]

BAR = 20
CLEAR = "\x1b[H\x1b[J"


def add_commands(commands: Any) -> None:
    """Adds `loader` and what stands behind it to a program's commands."""
    described = "CONFIG is a .toml or .json file of a DataLoaderConfig, or a folder of games."
    asked = commands.add_parser("loader", help="look into, time or watch the loading of games", description=described)
    kinds = asked.add_subparsers(dest="loader_command", metavar="KIND", required=True)
    for name, help_text in (
        ("index", "say what files and chunks there are, and which cannot be read"),
        ("bench", "time the loader and say which stage limits it"),
        ("top", "show the stages at work"),
    ):
        kind = kinds.add_parser(name, help=help_text, description=described)
        kind.add_argument("config", metavar="CONFIG")
        kind.add_argument("--json", action="store_true", help="print JSON")
        if name != "index":
            kind.add_argument("--seconds", type=float, default=10.0, help="how long to load (10)")


def run(options: argparse.Namespace) -> int:
    """Does what the words ask for; the status to end with."""
    config = read_config(options.config)
    commands = {"index": run_index, "bench": run_bench, "top": run_top}
    return commands[options.loader_command](config, options)


def read_config(path: str) -> DataLoaderConfig:
    """The configuration that a path names."""
    named = Path(path)
    if named.is_dir():
        return DataLoaderConfig.from_dict({"file_path_provider": {"directory": path}})
    if not named.exists():
        raise NotFoundError(f"there is no configuration {path}")
    if named.suffix == ".toml":
        return DataLoaderConfig.from_toml(named.read_text())
    if named.suffix == ".json":
        return DataLoaderConfig.from_json(named.read_text())
    raise InvalidArgumentError(f"{path} is no configuration: expected a .toml or .json file, or a folder")


def with_fields(config: DataLoaderConfig, **fields: Any) -> DataLoaderConfig:
    """The same configuration with other fields."""
    return DataLoaderConfig.from_dict({**config.to_dict(), **fields})


def run_index(config: DataLoaderConfig, options: argparse.Namespace) -> int:
    """Reads every chunk once, without making tensors of all, and says what was found; 1 where something is bad."""
    thin = {**config.chunk_unpacker.to_dict(), "position_sampling_rate": 1.0, "position_count": 1}
    provider = {**config.file_path_provider.to_dict(), "watch": False}
    whole = with_fields(
        config, chunk_unpacker=thin, file_path_provider=provider, epochs=1, on_bad_sample="skip", bad_sample_limit=None,
        outputs=None, shuffling_frame_sampler={"reservoir_size_per_thread": 0}, output="tensor",
    )  # fmt: skip
    with DataLoader(whole, progress=True) as batches:
        for _ in batches:
            pass
        metrics = batches.metrics()
    found = {name: metrics[name] for name in ("files", "chunks", "bad_samples", "bad_sample_examples")}
    found["bytes"] = metrics["stages"][2]["bytes"]
    if options.json:
        print(json.dumps(found))
    else:
        good = found["chunks"] - found["bad_samples"]
        print(f"{found['files']} files, {good} chunks in {found['bytes'] / 1e6:.1f} MB, {found['bad_samples']} bad")
        print("".join(f"  {sentence}\n" for sentence in found["bad_sample_examples"]), end="")
    return 1 if found["bad_samples"] else 0


def loading(config: DataLoaderConfig, seconds: float) -> Iterator[tuple[DataLoader, float]]:
    """A loader that is asked for batches for so long, without an end of its own; and when the first batch came."""
    with DataLoader(with_fields(config, epochs=None, outputs=None, output="tensor")) as batches:
        try:
            batches.get_next()
            begin = time.perf_counter()
            while time.perf_counter() - begin < seconds:
                batches.get_next()
                yield batches, begin
        except EndOfData:
            return


def run_bench(config: DataLoaderConfig, options: argparse.Namespace) -> int:
    """Loads for a while and says how fast that was."""
    samples = first = 0
    rate = 0.0
    metrics: dict[str, Any] = {}
    for batches, begin in loading(config, options.seconds):
        metrics = batches.metrics()
        first = first or metrics["samples"]
        samples = metrics["samples"] - first
        rate = samples / (time.perf_counter() - begin)
    if not metrics:
        raise InvalidArgumentError(f"no batch came within {options.seconds:g} seconds after the first")
    slowest = bottleneck(metrics)
    found = {
        "positions_per_second": rate,
        "bytes_per_second": rate * metrics["bytes"] / metrics["samples"],
        "limit": slowest,
    }
    if options.json:
        print(json.dumps({**found, "metrics": metrics}))
    else:
        print(f"{rate:.0f} positions/s, {found['bytes_per_second'] / 1e9:.2f} GB/s of tensors; {slowest} limits")
        print(stages_as_text(metrics))
    return 0


def run_top(config: DataLoaderConfig, options: argparse.Namespace) -> int:
    """Shows the stages about twice a second: in place on a terminal, one below the other elsewhere."""
    shown = 0.0
    for batches, _ in loading(config, options.seconds):
        if time.perf_counter() - shown < 0.5:
            continue
        shown = time.perf_counter()
        metrics = batches.metrics()
        text = json.dumps(metrics) if options.json else f"{heading(metrics)}\n{stages_as_text(metrics)}"
        print((CLEAR if sys.stdout.isatty() and not options.json else "") + text, flush=True)
    return 0


def heading(metrics: dict[str, Any]) -> str:
    """What all stages together have done."""
    rate = metrics["samples"] / metrics["seconds"] if metrics["seconds"] else 0
    return (
        f"epoch {metrics['epoch']}, {metrics['samples']} positions, {rate:.0f}/s, {metrics['chunks']} chunks, "
        f"{metrics['bad_samples']} bad, {metrics['drops']} dropped"
    )


def bottleneck(metrics: dict[str, Any]) -> str:
    """The stage whose threads have the least rest; the consumer where none is busy for half of the time."""
    busiest = max(metrics["stages"], key=lambda stage: stage["load"])
    waited = metrics["wait_seconds"] / metrics["seconds"] if metrics["seconds"] else 1.0
    return "the consumer" if waited < 0.1 else str(busiest["name"])


def stages_as_text(metrics: dict[str, Any]) -> str:
    """A box for each stage, and its queue as a bar; the one that limits is marked."""
    slowest = bottleneck(metrics)
    lines = []
    for stage in metrics["stages"]:
        queue = stage["queue"]
        mark = "  <- limits" if stage["name"] == slowest else ""
        what = f"{stage['rate']:10.1f} {stage['unit']}/s"
        lines.append(f"[ {stage['name']:<23} x{stage['threads']:<3} load {stage['load']:4.0%} {what:<23} ]{mark}")
        fill = f"{queue['fill_now']} of {queue['capacity']}, mean {queue['fill_mean']:.1f}"
        lines.append(f"    {bar(queue['fill_mean'] / queue['capacity'])} {fill}")
    return "\n".join(lines)


def bar(share: float) -> str:
    """A bar that is filled to a share."""
    filled = round(min(max(share, 0.0), 1.0) * BAR)
    return "|" + "#" * filled + "." * (BAR - filled) + "|"
