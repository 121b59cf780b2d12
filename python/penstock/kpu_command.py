"""`penstock kpu`: a network on a simulated accelerator, from a shell."""

from __future__ import annotations

import argparse
from typing import Any

__all__ = ["add_to", "run"]

FORMATS = ("markdown", "csv", "json")


def add_to(commands: Any, parser_class: type[argparse.ArgumentParser]) -> None:
    """Adds the words of `penstock kpu` to those of `penstock`."""
    asked = commands.add_parser(
        "kpu",
        help="run a network on a simulated accelerator",
        description="Runs networks on a simulated accelerator.",
    )
    kinds = asked.add_subparsers(dest="kpu_command", metavar="COMMAND", required=True, parser_class=parser_class)
    runs = kinds.add_parser(
        "run",
        help="print the cycles, traffic and energy of each layer of a SCALE-Sim topology",
        description="Prints the cycles, traffic and energy of each layer of a SCALE-Sim topology file.",
    )
    runs.add_argument("topology", metavar="TOPOLOGY", help="the topology file (.csv)")
    runs.add_argument(
        "--config", metavar="C", default="default", help="a configuration file (.toml, .json) or the name of a preset"
    )
    runs.add_argument(
        "--set", metavar="NAME=VALUE", action="append", default=[], help="another value, after those of --config"
    )
    runs.add_argument("--batch", type=int, default=1, help="images at once (1)")
    runs.add_argument("--estimate", action="store_true", help="by formulas, without running events")
    runs.add_argument("--format", choices=FORMATS, default="markdown", help="how to print it (markdown)")
    runs.add_argument("--timeline", metavar="FILE", help="write what happened when, as a trace for Perfetto")


def run(options: argparse.Namespace) -> int:
    """Does what the words ask for; the status to end with."""
    from penstock import kpu
    from penstock.errors import InvalidArgumentError

    if options.estimate and options.timeline:
        raise InvalidArgumentError("--timeline has nothing to write with --estimate: leave one out")
    config = configuration(options.config, options.set)
    if options.estimate:
        results = kpu.estimate(options.topology, config, batch=options.batch)
    else:
        with kpu.Simulator(config) as simulator:
            results = simulator.run(options.topology, batch=options.batch)
            if options.timeline:
                simulator.save_timeline(options.timeline)
    written = {"markdown": results.to_markdown, "csv": results.to_csv, "json": results.to_json}[options.format]()
    print(written, end="")
    return 0


def configuration(name: str, changes: list[str]) -> Any:
    """A preset or a file, and single values after it."""
    from penstock import kpu
    from penstock.errors import InvalidArgumentError

    is_file = "." in name or "/" in name
    config = kpu.KpuConfig.from_file(name) if is_file else kpu.KpuConfig(name)
    values = {}
    for change in changes:
        key, equals, value = change.partition("=")
        if not equals:
            raise InvalidArgumentError(f"--set {change}: expected NAME=VALUE")
        values[key] = value
    return config.replace(**values) if values else config
