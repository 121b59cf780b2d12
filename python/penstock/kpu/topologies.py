"""Networks as SCALE-Sim's topology files describe them."""

from __future__ import annotations

import os
from typing import Any, NamedTuple

from penstock._native import call, ffi, lib, struct, text

__all__ = ["Layer", "Topology"]


class Layer(NamedTuple):
    r"""One layer.

    name; height and width of the image, padding included; filter_height and filter_width; channels and filters of one
    group; stride; groups.

    >>> import penstock.kpu as kpu
    >>> kpu.Topology("name, M, N, K\nlast, 1, 1000, 512").layers[0].filters
    1000
    """

    name: str
    height: int
    width: int
    filter_height: int
    filter_width: int
    channels: int
    filters: int
    stride: int
    groups: int


class Topology:
    r"""A network's layers, read from text in the manner of SCALE-Sim's files.

    >>> import penstock.kpu as kpu
    >>> network = kpu.Topology("name, height, width, fh, fw, channels, filters, stride\nfirst, 8, 8, 3, 3, 4, 16, 1")
    >>> len(network.layers), network.layers[0].filters
    (1, 16)

    A header, then a layer a line: name, image height and width, filter height and width, channels, filters, stride;
    or name, M, N, K where the header's second cell is M. DataError with line and column for what is wrong.
    """

    def __init__(self, content: str, place: str = "topology") -> None:
        self._content = content.encode()
        self._place = place.encode()
        self._handles = {False: self._opened(compatible=False)}

    def _opened(self, *, compatible: bool) -> Any:
        out = ffi.new("ps_kpu_topology **")
        call(lib.ps_kpu_topology_parse, out, self._content, self._place, int(compatible))
        return ffi.gc(out[0], lib.ps_kpu_topology_release)

    def handle(self, *, compatible: bool = False) -> Any:
        r"""The ps_kpu_topology; compatible splits depthwise layers, as SCALE-Sim does.

        >>> import penstock.kpu as kpu
        >>> kpu.Topology("name, M, N, K\nlast, 1, 1000, 512").handle() is not None
        True
        """
        if compatible not in self._handles:
            self._handles[compatible] = self._opened(compatible=compatible)
        return self._handles[compatible]

    @property
    def layers(self) -> list[Layer]:
        r"""The layers, in their order.

        >>> import penstock.kpu as kpu
        >>> [layer.name for layer in kpu.Topology("name, M, N, K\nlast, 1, 1000, 512").layers]
        ['last']
        """
        handle = self.handle()
        found = []
        for index in range(lib.ps_kpu_topology_count(handle)):
            layer = struct("ps_kpu_layer")
            call(lib.ps_kpu_topology_layer, layer, handle, index)
            sizes = [int(getattr(layer, field)) for field in Layer._fields[1:]]
            found.append(Layer(text(lib.ps_kpu_topology_name(handle, index)), *sizes))
        return found

    def __repr__(self) -> str:
        return f"Topology({self._place.decode()!r}, {lib.ps_kpu_topology_count(self.handle())} layers)"


def as_topology(network: Topology | str | os.PathLike[str]) -> Topology:
    """A topology as it is, or the one in a file."""
    from penstock.kpu.utilities import load_topology

    return network if isinstance(network, Topology) else load_topology(network)
