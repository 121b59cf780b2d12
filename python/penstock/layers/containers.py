"""Layers made of layers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from penstock.errors import InvalidArgumentError, TypeMismatchError
from penstock.layers.layer import KINDS, Layer, as_input, copy_into, from_description

if TYPE_CHECKING:
    from typing import Self

    from penstock.dtypes import DType
    from penstock.tensor import Tensor

__all__ = ["Residual", "Sequential"]


class Container(Layer):
    """Layers one behind the other.  The engine's own become one of its layers, which then has their parameters."""

    def __init__(self, *layers: Layer, seed: int | None = None, dtype: Any = None, **settings: Any) -> None:
        given = list(layers[0]) if len(layers) == 1 and isinstance(layers[0], (list, tuple)) else list(layers)
        for place, layer in enumerate(given):
            require_layer(layer, f"{type(self).__name__}: layer {place}")
        self._layers = given
        self._is_native = all(is_native(layer) for layer in given)
        found = dtype if dtype is not None or not given else given[0].dtype
        inside = {"layers": [described(layer) for layer in given]} if self._is_native else {}
        super().__init__(inside | settings, seed=seed, dtype=found)
        if self._is_native:
            self._adopt()

    def _adopt(self) -> None:
        """The parameters of the layers inside are this one's from now on; those that somebody has seen keep values."""
        for place, layer in enumerate(self._layers):
            if layer._is_touched or layer._seed is not None:
                values = {f"{place}.{name}": value.detach().clone() for name, value in layer.parameters().items()}
                copy_into(Layer.parameters(self), values, type(self).__name__)
                self._is_touched = True
            layer._part_of, layer._native = (self, f"{place}."), None

    @classmethod
    def _undrawn(cls, settings: dict[str, Any], dtype: Any) -> Self:
        layer = super()._undrawn(settings, dtype)
        layer._is_native = True
        layer._layers = [KINDS[each["kind"]]._undrawn(each["settings"], dtype) for each in settings["layers"]]
        for place, inside in enumerate(layer._layers):
            inside._part_of = (layer, f"{place}.")
        return layer

    @classmethod
    def _from_settings(cls, settings: dict[str, Any], dtype: Any = None) -> Self:
        others = {key: each for key, each in settings.items() if key != "layers"}
        return cls(*(from_description(each, dtype) for each in settings.get("layers", [])), dtype=dtype, **others)

    @property
    def layers(self) -> tuple[Layer, ...]:
        """The layers inside.

        >>> import penstock as ps
        >>> ps.layers.Sequential(ps.layers.Dense(2, 3), ps.layers.ReLU()).layers
        (Dense(in_features=2, out_features=3), ReLU())
        """
        return tuple(self._layers)

    def _inside(self) -> Iterator[Layer]:
        return iter(self._layers)

    def _within(self) -> dict[str, Layer]:
        return {str(place): layer for place, layer in enumerate(self._layers)}

    def parameters(self) -> dict[str, Tensor]:
        """The parameters of the layers inside, by names as "0.weight".

        >>> import penstock as ps
        >>> list(ps.layers.Residual(ps.layers.Dense(2, 2), ps.layers.ReLU()).parameters())
        ['0.weight', '0.bias']
        """
        if self._is_native:
            return super().parameters()
        within = enumerate(self._layers)
        return {f"{place}.{name}": each for place, layer in within for name, each in layer.parameters().items()}

    def __call__(self, *inputs: Any) -> Tensor:
        return super().__call__(*inputs) if self._is_native else self._in_python(*inputs)

    def _in_python(self, *inputs: Any) -> Tensor:
        if len(inputs) != 1:
            raise InvalidArgumentError(f"{type(self).__name__} was called with {len(inputs)} inputs: expected one")
        value = inputs[0]
        for layer in self._layers:
            value = layer(value)
        return value  # type: ignore[no-any-return] # a tensor where there is a layer

    def _created(self, seed: int) -> Any:
        return super()._created(seed) if self._is_native else None

    def __len__(self) -> int:
        return len(self._layers)

    def __getitem__(self, place: int) -> Layer:
        return self._layers[place]

    def __repr__(self) -> str:
        others = [f"{key}={each!r}" for key, each in self._settings.items() if key != "layers" and each != "linear"]
        return f"{type(self).__name__}({', '.join([*map(repr, self._layers), *others])})"


class Sequential(Container):
    """Layers one behind the other, as one layer.

    >>> import penstock as ps
    >>> layer = ps.layers.Sequential(ps.layers.Dense(2, 3), ps.layers.Tanh(), ps.layers.Dense(3, 1))
    >>> layer(ps.zeros((5, 2))).shape, list(layer.parameters())
    ((5, 1), ['0.weight', '0.bias', '2.weight', '2.bias'])
    """

    kind = "sequential"


class Residual(Container):
    """x + f(x), where f is these layers one behind the other; then an activation, where one is named.

    >>> import penstock as ps
    >>> nothing = ps.layers.Dense(2, 2, weight_initializer="zeros", bias_initializer="zeros")
    >>> ps.layers.Residual(nothing)([[1.0, 2.0]]).tolist()
    [[1.0, 2.0]]
    """

    kind = "residual"

    def __init__(self, *layers: Layer, activation: Any = None, seed: int | None = None, dtype: Any = None) -> None:
        super().__init__(*layers, seed=seed, dtype=dtype, activation=activation)

    def _in_python(self, *inputs: Any) -> Tensor:
        total = as_input(inputs[0], self._dtype) + super()._in_python(*inputs)
        activation = self._settings.get("activation")
        if activation is None:
            return total
        given = {"name": activation} if isinstance(activation, str) else dict(activation)
        return from_description({"kind": given.pop("name"), "settings": given}, self._dtype)(total)


def require_layer(item: Any, place: str) -> None:
    """Refuses what is no layer, saying what is meant where that can be guessed."""
    if isinstance(item, Layer):
        return
    hint = f": write {item.__name__}(...)" if isinstance(item, type) and issubclass(item, Layer) else ""
    if type(item).__module__.startswith("torch."):
        hint = ": see penstock.layers.Layer.from_torch and penstock.Model.from_torch"
    raise TypeMismatchError(f"{place} is {item!r}: expected a layer of penstock.layers{hint}")


def is_native(layer: Layer) -> bool:
    """Whether the engine can run a layer."""
    return layer._native is not None or layer._part_of is not None


def set_dtype(layer: Layer, dtype: DType) -> None:
    """Gives a layer that has not been drawn for good a model's dtype."""
    layer._dtype = dtype
    if isinstance(layer, Container):
        for inside in layer.layers:
            set_dtype(inside, dtype)


def described(layer: Layer) -> dict[str, Any]:
    """A layer as the engine's description."""
    return {"kind": layer.kind, "settings": layer._settings}
