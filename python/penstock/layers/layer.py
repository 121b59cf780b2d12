"""What every layer is: a kind and settings, parameters, and a call."""

from __future__ import annotations

import inspect
import itertools
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, ClassVar

from penstock import creation, dtypes
from penstock._native import call, ffi, lib, text
from penstock.base import is_tensor, made
from penstock.dtypes import DType, as_dtype
from penstock.errors import InvalidArgumentError, TypeMismatchError, UnavailableError
from penstock.json_texts import as_json, read_text, without_none
from penstock.recording_modes import no_grad

if TYPE_CHECKING:
    from typing import Self

    from penstock.tensor import Tensor

__all__ = ["Layer"]

# Layers without a seed of their own begin differently from each other, and alike in each run of a program.
own_seeds = itertools.count()


class Layer:
    """A part of a network: it has parameters, and is called with a batch.

    The classes beside it are the engine's own kinds. For a layer of your own, derive from Layer, make parameters with
    add_parameter(), and write forward() in penstock's operations; gradients flow through it by themselves. Layers that
    it has as attributes, in lists and dicts too, are trained with it. A Model takes it as any other.

    >>> import penstock as ps
    >>> class Scale(ps.layers.Layer):
    ...     def __init__(self, features):
    ...         super().__init__()
    ...         self.factor = self.add_parameter("factor", ps.ones(features))
    ...
    ...     def forward(self, x):
    ...         return x * self.factor
    >>> scale = Scale(2)
    >>> ps.sum(scale(ps.Tensor([[1.0, 2.0], [3.0, 4.0]]))).backward()
    >>> scale.factor.grad.tolist()
    [4.0, 6.0]
    """

    #: The engine's name of it.
    kind: ClassVar[str] = "custom"

    def __init__(
        self, settings: Mapping[str, Any] | None = None, *, seed: int | None = None, dtype: Any = None
    ) -> None:
        self._native: Any
        self._begin(settings, seed, dtype)
        if self.kind != "custom":
            self._native = self._created(self._seed if self._seed is not None else next(own_seeds))

    def _begin(self, settings: Mapping[str, Any] | None, seed: int | None, dtype: Any) -> None:
        self._settings = without_none(settings or {})
        self._dtype = as_float(dtype)
        self._seed = seed
        self._is_training = False
        self._calls = 0
        self._own: dict[str, Tensor] = {}
        self._part_of: tuple[Layer, str] | None = None  # what it is inside, and what its names begin with there
        self._is_touched = False  # whether somebody may have seen or changed the parameters
        self._is_in_model = False
        self._native = None  # the engine's layer; none inside another one, which has the parameters

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        if "kind" in vars(cls):
            KINDS[cls.kind] = cls

    def _created(self, seed: int) -> Any:
        out = ffi.new("ps_layer **")
        settings = as_json(self._settings, self.kind)
        call(lib.ps_layer_create, out, self.kind.encode(), settings, self._dtype.number, seed % 2**64)
        return ffi.gc(out[0], lib.ps_layer_release)

    def _take(self, native: Any) -> None:
        """Stands for another layer of the engine's from now on, as one that a model has drawn."""
        self._native = native
        self._is_touched = True

    @classmethod
    def _of(cls, native: Any, dtype: DType) -> Layer:
        """The layer of Python for one of the engine's."""
        description = json.loads(read_text(lib.ps_layer_description, native))
        layer = KINDS[description["kind"]]._undrawn(without_defaults(description["settings"]), dtype)
        layer._take(native)
        return layer

    @classmethod
    def _undrawn(cls, settings: dict[str, Any], dtype: Any) -> Self:
        """A layer without parameters of its own yet."""
        layer = cls.__new__(cls)
        layer._begin(settings, None, dtype)
        return layer

    @classmethod
    def _from_settings(cls, settings: dict[str, Any], dtype: Any = None) -> Self:
        layer = cls._undrawn(settings, dtype)
        layer._native = layer._created(next(own_seeds))
        return layer

    def _handle(self) -> Any:
        """The engine's layer, of which something is read or written now."""
        if self.kind == "custom":
            raise UnavailableError(
                f"{type(self).__name__} has a forward() in Python: the engine has it in a Model alone"
            )
        if self._part_of is not None:
            raise InvalidArgumentError(
                f"{type(self).__name__} is inside a {type(self._part_of[0]).__name__}, which has its parameters: "
                f"call that one"
            )
        self._is_touched = True
        return self._native

    # ---- Calling ----

    def __call__(self, *inputs: Any) -> Tensor:
        """What the layer makes of a batch; where gradients are recorded, the result remembers how it was made."""
        if self.kind == "custom":
            result: Any = self.forward(*(as_input(each, self._dtype) for each in inputs))
            if not is_tensor(result):
                raise TypeMismatchError(
                    f"forward() of {type(self).__name__} gave a {type(result).__name__}: expected a tensor"
                )
            return result
        layer = self._handle()
        tensors = [as_input(each, self._dtype) for each in inputs]
        self._calls += 1
        return made(lib.ps_layer_call, layer, len(tensors), tensors, int(self._is_training), self._call_seed())

    def _call_seed(self) -> int:
        """What dropout draws: another mask at each call, the same ones in each run of a program."""
        return ((self._seed or 0) * 0x9E3779B97F4A7C15 + self._calls) % 2**64

    def forward(self, *inputs: Any, **named: Any) -> Any:  # by which mypy takes any parameters of yours
        """What a layer of your own computes; those of the engine are computed there.

        >>> import penstock as ps
        >>> class Twice(ps.layers.Layer):
        ...     def forward(self, x):
        ...         return 2 * x
        >>> Twice()(ps.ones(2)).tolist()
        [2.0, 2.0]
        """
        if self.kind == "custom":
            raise UnavailableError(f"{type(self).__name__} has no forward(): write what it computes there")
        return self(*inputs, **named)

    def add_parameter(self, name: str, value: Any, *, trained: bool = True) -> Tensor:
        """A parameter of a layer of your own, with these first values; gives the tensor, which requires gradients.

        trained=False: one that no gradient reaches and that is kept with the others, as running statistics are; in
        training forward() may write to it.

        >>> import penstock as ps
        >>> layer = ps.layers.Layer()
        >>> layer.add_parameter("factor", [1.0, 2.0]).requires_grad
        True
        >>> list(layer.parameters())
        ['factor']
        """
        if self.kind != "custom":
            raise InvalidArgumentError(
                f"{type(self).__name__} has the engine's parameters: derive from Layer for others"
            )
        if not name or "." in name or name in self._own:
            raise InvalidArgumentError(f"a parameter's name is {name!r}: expected one without a dot that is not taken")
        if self._is_in_model:
            raise InvalidArgumentError(f"{type(self).__name__} is in a model: add {name!r} before it is added there")
        tensor = creation.tensor(value, None, None)
        self._own[name] = tensor.requires_grad_() if trained else tensor.detach()
        return self._own[name]

    def config(self) -> dict[str, Any]:
        """What a layer of your own is made of again when a model is loaded: the arguments of its class, by name.

        The settings given to Layer.__init__(), unless your class has a config() of its own: numbers, texts, lists and
        dicts, as JSON has them.

        >>> import penstock as ps
        >>> class Scale(ps.layers.Layer):
        ...     def __init__(self, features):
        ...         super().__init__({"features": features})
        >>> Scale(3).config()
        {'features': 3}
        """
        return dict(self._settings)

    def output_shape(self, input_shape: tuple[int, ...]) -> tuple[int, ...]:
        """The shape of what the layer makes of a batch of a shape, the samples first.

        It is found by a call on zeros that records nothing; a layer of your own may have a shorter way to it.

        >>> import penstock as ps
        >>> ps.layers.Dense(2, 3).output_shape((5, 2))
        (5, 3)
        """
        dtype = dtypes.int64 if self.kind == "embedding" else self._dtype
        return self._shape_of(creation.zeros(input_shape, dtype=dtype))

    def _shape_of(self, zeros: Tensor) -> tuple[int, ...]:
        """The shape of what it makes of zeros, called as not in training."""
        with called_as(self, False), no_grad():
            return self(zeros).shape

    # ---- How it is called ----

    @property
    def training(self) -> bool:
        """Whether it is called as in training: dropout drops, batch normalization looks at the batch.

        >>> import penstock as ps
        >>> ps.layers.Dropout(0.5).training
        False
        """
        return self._is_training

    @training.setter
    def training(self, is_training: bool) -> None:
        self.train(is_training)

    def train(self, is_training: bool = True) -> Self:
        """Calls are as in training from now on; returns the layer.

        >>> import penstock as ps
        >>> sorted(set(ps.layers.Dropout(0.75).train()(ps.ones((1, 100)))[0].tolist()))
        [0.0, 4.0]
        """
        self._is_training = bool(is_training)
        for layer in self._inside():
            layer.train(is_training)
        return self

    def eval(self) -> Self:
        """Calls are not as in training from now on; returns the layer.

        >>> import penstock as ps
        >>> ps.layers.Dropout(0.5).eval()(ps.ones((1, 3))).tolist()
        [[1.0, 1.0, 1.0]]
        """
        return self.train(False)

    def _inside(self) -> Iterator[Layer]:
        """The layers that this one is made of, with their names."""
        return iter(self._within().values())

    def _within(self) -> dict[str, Layer]:
        """The same by what their parameters' names begin with: attributes, and what stands in lists and dicts of them.

        Each once; layers whose parameters another of them has are that one's.
        """
        if self.kind != "custom":
            return {}
        found: dict[str, Layer] = {}
        for name, value in vars(self).items():
            if name == "_part_of":
                continue
            for key, each in layers_of(name, value):
                if not any(each is other for other in found.values()):
                    found[key] = each
        wholes = [id(each) for each in found.values()]
        return {
            name: each for name, each in found.items() if each._part_of is None or id(each._part_of[0]) not in wholes
        }

    def _walk(self) -> Iterator[Layer]:
        """It and all layers inside."""
        yield self
        for layer in self._inside():
            yield from layer._walk()

    # ---- What it has ----

    @property
    def dtype(self) -> DType:
        """The type of its parameters and results.

        >>> import penstock as ps
        >>> ps.layers.Dense(2, 3).dtype
        penstock.float32
        """
        return self._dtype

    @property
    def settings(self) -> dict[str, Any]:
        """Every setting by the engine's name, those left out with their defaults.

        >>> import penstock as ps
        >>> ps.layers.Dense(2, 3).settings["use_bias"]
        True
        """
        if self._part_of is not None:
            whole, prefix = self._part_of
            return dict(whole.settings["layers"][int(prefix[:-1])]["settings"])
        if self._native is None:
            return dict(self._settings)
        return dict(json.loads(read_text(lib.ps_layer_description, self._native))["settings"])

    def parameters(self) -> dict[str, Tensor]:
        """Its parameters by name, those of layers inside as "0.weight": tensors over the layer's own memory.

        Those that are trained require gradients. A model moves them when it is first compiled or used: ask again then.

        >>> import penstock as ps
        >>> {name: each.shape for name, each in ps.layers.Dense(2, 3).parameters().items()}
        {'weight': (3, 2), 'bias': (3,)}
        """
        if self._part_of is not None:
            whole, prefix = self._part_of
            found = whole.parameters().items()
            return {name.removeprefix(prefix): each for name, each in found if name.startswith(prefix)}
        if self.kind == "custom":
            within = self._within().items()
            inside = {f"{name}.{key}": each for name, layer in within for key, each in layer.parameters().items()}
            return self._own | inside
        layer = self._handle()
        count = lib.ps_layer_parameter_count(layer)
        return {
            text(lib.ps_layer_parameter_name(layer, index)): made(lib.ps_layer_parameter, layer, index)
            for index in range(count)
        }

    def set_parameters(self, values: Mapping[str, Any]) -> None:
        """Copies values into parameters by name; the shapes must be the same, and nothing changes where they are not.

        >>> import penstock as ps
        >>> layer = ps.layers.Dense(2, 1)
        >>> layer.set_parameters({"weight": [[1.0, 2.0]], "bias": [3.0]})
        >>> layer([[1.0, 1.0]]).tolist()
        [[6.0]]
        """
        copy_into(self.parameters(), values, repr(self))

    def __getattr__(self, name: str) -> Any:
        if not name.startswith("_") and "_native" in vars(self) and (self.kind != "custom" or self._own):
            found = self.parameters()
            if name in found:
                return found[name]
            raise AttributeError(f"{type(self).__name__} has no attribute {name!r}: its parameters are {list(found)}")
        raise AttributeError(f"{type(self).__name__} has no attribute {name!r}")

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *self.parameters()]

    def __repr__(self) -> str:
        defaults = inspect.signature(type(self).__init__).parameters
        shown = [
            f"{key}={value!r}"
            for key, value in self._settings.items()
            if key not in defaults or not is_same(defaults[key].default, value)
        ]
        return f"{type(self).__name__}({', '.join(shown)})"

    # ---- torch's ----

    @classmethod
    def from_torch(cls, module: Any) -> Layer:
        """The layer of a torch module, with copies of its parameters; UnavailableError where there is no counterpart.

        >>> import penstock as ps, torch
        >>> ps.layers.Layer.from_torch(torch.nn.Linear(2, 3))
        Dense(in_features=2, out_features=3)
        """
        from penstock.torch_modules import layer_of

        layer = layer_of(module)
        if not isinstance(layer, cls):
            raise TypeMismatchError(
                f"{type(module).__name__} is a {type(layer).__name__}, no {cls.__name__}: call {type(layer).__name__}."
                f"from_torch"
            )
        return layer

    def to_torch(self) -> Any:
        """A torch module with copies of the parameters; UnavailableError where there is no counterpart.

        >>> import penstock as ps
        >>> ps.layers.Dense(2, 3).to_torch()
        Linear(in_features=2, out_features=3, bias=True)
        """
        from penstock.torch_modules import module_of

        return module_of(self)


KINDS: dict[str, type[Layer]] = {}


def layers_of(name: str, value: Any) -> Iterator[tuple[str, Layer]]:
    """The layers that an attribute is or has, with their names."""
    if isinstance(value, Layer):
        yield name, value
    elif isinstance(value, (list, tuple)):
        yield from ((f"{name}.{place}", each) for place, each in enumerate(value) if isinstance(each, Layer))
    elif isinstance(value, dict):
        yield from ((f"{name}.{key}", each) for key, each in value.items() if isinstance(each, Layer))


@contextmanager
def called_as(layer: Layer, is_training: bool, seed: int | None = None) -> Iterator[None]:
    """While it lasts, a layer and those inside are called as in training, or not.

    seed: what they draw follows from it, for each call on its own.
    """
    before = [(each, each._is_training) for each in layer._walk()]
    try:
        layer.train(is_training)
        if seed is not None:
            for number, (each, _) in enumerate(before):
                each._calls = seed + number * 0x9E3779B97F4A7C15
        yield
    finally:
        for each, was_training in before:
            each._is_training = was_training


def from_description(description: Mapping[str, Any], dtype: Any = None) -> Layer:
    """A layer from {"kind", "settings"}, as files and the engine have it."""
    kind = description["kind"]
    if kind not in KINDS:
        raise InvalidArgumentError(f"there is no layer {kind!r}: expected one of {', '.join(sorted(KINDS))}")
    return KINDS[kind]._from_settings(dict(description.get("settings") or {}), dtype)


def without_defaults(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Settings for showing: without initializers by which layers begin unless others are named, and inside too."""
    kept = {
        key: each
        for key, each in settings.items()
        if not (key.endswith("_initializer") and is_default_initializer(each))
        and not (key == "activation" and each == "linear")
    }
    if "layers" in kept:
        kept["layers"] = [each | {"settings": without_defaults(each["settings"])} for each in kept["layers"]]
    return kept


def is_default_initializer(initializer: Any) -> bool:
    """Whether a layer begins by this one unless another is named."""
    names = initializer.get("name") if isinstance(initializer, Mapping) else None
    return names == "fan_in_uniform" or initializer == {"name": "normal", "mean": 0.0, "deviation": 1.0}


def as_float(dtype: Any) -> DType:
    """A layer's or a model's dtype: float32 unless named."""
    found = as_dtype(dtype or dtypes.float32)
    if found not in (dtypes.float32, dtypes.float64):
        raise TypeMismatchError(f"dtype is {found}: a network computes in float32 or float64")
    return found


def as_input(data: Any, dtype: DType) -> Tensor:
    """What a network is given as a tensor: lists of Python's floats in the network's dtype, arrays as they are."""
    if is_tensor(data):
        return data
    tensor = creation.as_tensor(data)
    if tensor.dtype is dtypes.float32 and dtype is dtypes.float64 and not creation.is_array(data):
        return creation.tensor(data, dtype, None)
    return tensor


def is_same(one: Any, other: Any) -> bool:
    """Whether two settings are of one type and equal."""
    return type(one) is type(other) and bool(one == other)


def copy_into(parameters: Mapping[str, Tensor], values: Mapping[str, Any], owner: str) -> None:
    """Copies arrays into the parameters of their names: all of them, or nothing where one does not fit."""
    unknown = [name for name in values if name not in parameters]
    if unknown:
        raise InvalidArgumentError(f"{owner} has no parameter {unknown[0]!r}: it has {', '.join(parameters) or 'none'}")
    tensors = {name: creation.as_tensor(value) for name, value in values.items()}
    for name, tensor in tensors.items():
        if tensor.shape != parameters[name].shape:
            raise InvalidArgumentError(
                f"{owner}: {name!r} has shape {parameters[name].shape}, and the values given have {tensor.shape}"
            )
    for name, tensor in tensors.items():
        parameters[name].detach().copy_(tensor.detach(), casting="unsafe")
