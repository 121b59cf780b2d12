"""What goes with the KPU: reading topology files."""

from __future__ import annotations

import os

from penstock.errors import DataError, IoError, NotFoundError
from penstock.kpu.topologies import Topology

__all__ = ["load_topology"]


def load_topology(path: str | os.PathLike[str]) -> Topology:
    r"""Reads a SCALE-Sim topology file.

    >>> import pathlib, tempfile, penstock.kpu as kpu
    >>> path = pathlib.Path(tempfile.mkdtemp(), "network.csv")
    >>> _ = path.write_text("name, M, N, K\nlast, 1, 1000, 512\n")
    >>> kpu.utilities.load_topology(path).layers[0].name
    'last'

    NotFoundError for no such file, DataError with file, line and column for what is wrong in it.
    """
    try:
        with open(path, encoding="utf-8") as file:
            content = file.read()
    except FileNotFoundError as error:
        raise NotFoundError(f"there is no file {os.fspath(path)}") from error
    except UnicodeDecodeError as error:
        raise DataError(f"{os.fspath(path)} is no text: {error.reason} at byte {error.start}") from error
    except OSError as error:
        raise IoError(f"{os.fspath(path)} cannot be read: {error.strerror}") from error
    if "\0" in content:
        raise DataError(f"{os.fspath(path)} is no text: it has a zero byte")
    return Topology(content, os.fspath(path))
