"""The program `penstock`, also `python -m penstock`: what a person asks of the package from a shell."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from typing import NoReturn

from penstock import doctor, kpu_command, worlds
from penstock.errors import Error
from penstock.loader import program
from penstock.meter import Meter
from penstock.process import __version__
from penstock.world_options import WORDS, Kernel

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
    kpu_command.add_to(commands, Parser)
    return made


def run_doctor(as_json: bool) -> int:
    report = doctor.examine()
    print(doctor.as_json(report) if as_json else doctor.as_text(report))
    return 0 if report["passed"] else 1


def run_replay(file: str, threads: int | None, kernel: Kernel) -> int:
    meter = Meter(sys.stderr)
    try:
        report = worlds.replay(file, threads=threads, kernel=kernel, progress=meter.show)
    finally:
        meter.clear()
    print(f"{file}: {report}")
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
            status = run_replay(options.file, options.threads, options.kernel)
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
