"""The program `penstock`, also `python -m penstock`: what a person asks of the package from a shell."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from typing import Any, NoReturn

from penstock import doctor, kpu_command, worlds
from penstock.errors import Error
from penstock.loader import program
from penstock.meter import Meter
from penstock.process import __version__
from penstock.world_options import WORDS

__all__ = ["main"]

USAGE_ERROR = 2


class Parser(argparse.ArgumentParser):
    """Says in one line what is wrong with the words it was given."""

    def error(self, message: str) -> NoReturn:
        self.exit(USAGE_ERROR, f"penstock: {message}; see penstock --help\n")


def parser() -> Parser:
    made = Parser(prog="penstock", description="Tensors of a native engine, lent to NumPy, torch, JAX and others.")
    made.add_argument("--version", action="version", version=f"penstock {__version__}")
    commands = made.add_subparsers(dest="command", metavar="COMMAND", parser_class=Parser)
    asked = commands.add_parser(
        "doctor",
        help="say what is built in and found, and try an exchange with each framework installed",
        description="Says what is built in and found here, and tries an exchange of memory with each framework "
        "installed. The status is 1 when something installed does not work.",
    )
    asked.add_argument("--json", action="store_true", help="print it as JSON")
    program.add_commands(commands)
    replayed = commands.add_parser(
        "replay",
        help="do again what a recording of worlds says, and compare",
        description="Does again what a recording of worlds says was done, and compares the hashes of every step. The "
        "status is 0 when all are the same, 1 when one differs (the first step, world and tensor are named), "
        "2 when the file cannot be read.",
    )
    replayed.add_argument("file", metavar="FILE", help="a recording, as Worlds.record() writes it")
    replayed.add_argument(
        "--threads", type=int, metavar="N", help="how many threads to use; by default those of the process"
    )
    replayed.add_argument("--kernel", choices=WORDS["kernel"], default="automatic", help="which vectors to step with")
    replayed.add_argument("--page", metavar="FILE", help="also write a page that plays the recording in a browser")
    replayed.add_argument(
        "--worlds", type=world_list, metavar="A,B,...", help="which worlds the page shows; by default the first 8"
    )
    replayed.add_argument(
        "--first-step", type=int, default=0, metavar="N", help="the step before which the page begins; by default 0"
    )
    replayed.add_argument(
        "--steps", type=int, default=1000, metavar="N", help="how many steps the page shows at most; by default 1000"
    )
    kpu_command.add_to(commands, Parser)
    return made


def run_doctor(as_json: bool) -> int:
    report = doctor.examine()
    print(doctor.as_json(report) if as_json else doctor.as_text(report))
    return 0 if report["passed"] else 1


def world_list(text: str) -> list[int]:
    """Numbers with commas between."""
    return [int(number) for number in text.split(",")]


def run_replay(options: argparse.Namespace) -> int:
    meter = Meter(sys.stderr)
    how: dict[str, Any] = {"threads": options.threads, "kernel": options.kernel, "progress": meter.show}
    try:
        if options.page is None:
            report = worlds.replay(options.file, **how)
        else:
            how |= {"worlds": options.worlds, "first_step": options.first_step, "steps": options.steps}
            report = worlds.replay_page(options.file, options.page, **how)
    finally:
        meter.clear()
    print(f"{options.file}: {report}")
    if options.page is not None:
        print(f"{options.page}: open it in a browser")
    return 0 if report.same else 1


def main(arguments: Sequence[str] | None = None) -> int:
    """Does what the words of a command line ask for; the status to end with."""
    try:
        options = parser().parse_args(arguments)
        if options.command is None:
            parser().error("no command was given")
        if options.command == "doctor":
            status = run_doctor(options.json)
        elif options.command == "replay":
            status = run_replay(options)
        elif options.command == "kpu":
            status = kpu_command.run(options)
        else:
            status = program.run(options)
        sys.stdout.flush()
        return status
    except BrokenPipeError:  # the reader has seen enough; nothing more may be written, not even at exit
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        return 130
    except (Error, OSError) as error:
        print(f"penstock: {error}", file=sys.stderr)
        return USAGE_ERROR
