"""A graph of ONNX nodes that grows, and what the converters of layers are given."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from penstock.errors import InvalidArgumentError
from penstock.onnx_export.file import Attribute, Node

__all__ = ["Graph", "LayerDescription", "Shape", "Value", "sizes_of"]

Shape: TypeAlias = tuple[int | None, ...]  # None: any size, as the batch's


@dataclass(frozen=True)
class Value:
    """What a node writes, or what the graph is given."""

    name: str
    shape: Shape


@dataclass
class LayerDescription:
    """A layer as the engine describes it; its parameters are NumPy arrays."""

    kind: str
    settings: Mapping[str, Any]
    parameters: Mapping[str, Any]
    place: str  # for sentences: "layer 2 (dense)"

    def refuse(self, reason: str) -> InvalidArgumentError:
        """The error that says why the layer has no form in ONNX."""
        return InvalidArgumentError(f"{self.place} cannot be exported to ONNX: {reason}")

    def parameter(self, name: str, shape: Sequence[int]) -> Any:
        """A parameter, which must be there and have that shape."""
        if name not in self.parameters:
            raise self.refuse(f"its parameter {name} is missing: there are {', '.join(self.parameters) or 'none'}")
        array = self.parameters[name]
        if tuple(array.shape) != tuple(shape):
            raise self.refuse(f"its parameter {name} has shape {tuple(array.shape)}: expected {tuple(shape)}")
        return array

    def required(self, name: str) -> Any:
        """A setting that has no default."""
        if self.settings.get(name) is None:
            raise self.refuse(f"its setting {name} is missing")
        return self.settings[name]

    def setting(self, name: str, default: Any) -> Any:
        """A setting, or its default where it is not given or None."""
        given = self.settings.get(name)
        return default if given is None else given

    def layers_inside(self) -> Iterator[LayerDescription]:
        """The layers of a container, each with its own parameters, which are named "0.weight" in the container's."""
        for number, inside in enumerate(self.setting("layers", [])):
            prefix = f"{number}."
            parameters = {
                name[len(prefix) :]: array for name, array in self.parameters.items() if name.startswith(prefix)
            }
            place = f"{self.place}, layer {number} ({inside['kind']})"
            yield LayerDescription(inside["kind"], inside.get("settings") or {}, parameters, place)


class Graph:
    """Nodes and constants; names are given by counting."""

    def __init__(self, dtype: str) -> None:
        import numpy

        self.numpy = numpy
        self.dtype = dtype
        self.nodes: list[Node] = []
        self.initializers: dict[str, Any] = {}
        self._count = 0

    def add(self, operator: str, *inputs: str, **attributes: Attribute) -> str:
        """Adds a node with one output, and gives that one's name."""
        return self.add_for_outputs(operator, inputs, 1, **attributes)[0]

    def add_for_outputs(self, operator: str, inputs: Sequence[str], count: int, **attributes: Attribute) -> list[str]:
        """Adds a node with so many outputs."""
        names = [self._name(operator) for _ in range(count)]
        self.nodes.append(Node(operator, list(inputs), names, attributes))
        return names

    def constant(self, array: Any, name: str = "constant") -> str:
        """Keeps numbers of the graph's dtype."""
        return self._keep(self.numpy.asarray(array, dtype=self.dtype), name)

    def integers(self, numbers: Sequence[int] | int) -> str:
        """Keeps whole numbers: a shape, or axes; or one number."""
        return self._keep(self.numpy.asarray(numbers, dtype="int64"), "integers")

    def _keep(self, array: Any, name: str) -> str:
        unique = self._name(name)
        self.initializers[unique] = array
        return unique

    def _name(self, stem: str) -> str:
        self._count += 1
        return f"{stem}_{self._count}"


def sizes_of(layer: LayerDescription, value: Value, axes: Sequence[int]) -> list[int]:
    """Sizes that must be known."""
    sizes = []
    for axis in axes:
        size = value.shape[axis]
        if size is None:
            raise layer.refuse(f"axis {axis} of its input's shape {value.shape} must be known")
        sizes.append(size)
    return sizes
