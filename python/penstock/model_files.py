"""The part of a model that is about files and other libraries' networks."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Self

from penstock import creation, files
from penstock._native import call, ffi, lib
from penstock.errors import DataError, InvalidArgumentError, UnavailableError
from penstock.json_texts import read_text
from penstock.layers.containers import is_native
from penstock.layers.custom import Makers
from penstock.layers.layer import Layer

if TYPE_CHECKING:
    from penstock.dtypes import DType
    from penstock.tensor import Tensor
    from penstock.training.run import Run

__all__ = ["ModelFiles"]

DESCRIPTION = "penstock.model"  # the name of a model's description in an .npz file


class ModelFiles:
    """Saving, loading, exporting."""

    if TYPE_CHECKING:
        _dtype: DType
        _layers: list[Layer]
        _names: list[str]
        _position: str | None
        _run: Run | None

        def __init__(self, layers: Sequence[Layer] = (), *, dtype: Any = None, seed: int = 0) -> None: ...
        def _handle(self) -> Any: ...
        def _is_compiled(self) -> bool: ...
        @classmethod
        def _of(cls, native: Any, own: Iterable[Layer] = ()) -> Self: ...
        def add(self, layer: Layer, name: str | None = None) -> None: ...  # noqa: D102
        def description(self) -> dict[str, Any]: ...  # noqa: D102
        def named_parameters(self) -> dict[str, Tensor]: ...  # noqa: D102
        def set_weights(self, weights: Sequence[Any] | Mapping[str, Any]) -> None: ...  # noqa: D102

    def save(self, path: str | os.PathLike[str], *, with_training: bool | None = None) -> None:
        """Writes the model to a .safetensors or .npz file, which appears whole or not at all.

        with_training: the optimizer's state too, so that training goes on as if it had never stopped; in safetensors
        alone, where it is the default for a compiled model.

        >>> import os, tempfile
        >>> import penstock as ps
        >>> path = os.path.join(tempfile.mkdtemp(), "model.safetensors")
        >>> ps.Model([ps.layers.Dense(2, 3)]).save(path)
        >>> ps.Model.load(path)
        Model([Dense(in_features=2, out_features=3)])
        """
        suffix = suffix_of(path, "save()")
        if suffix == ".npz":
            if with_training:
                raise InvalidArgumentError(f"{os.fspath(path)!r}: training is saved in .safetensors files alone")
            words = json.dumps(without_training(self.description())).encode()
            tensors = {name: each.detach() for name, each in self.named_parameters().items()}
            files.save_npz(path, tensors | {DESCRIPTION: creation.tensor(bytearray(words), "uint8", None)})
            return
        training = self._is_compiled() if with_training is None else with_training
        call(lib.ps_model_save, os.fsencode(path), self._handle(), int(training), ffi.NULL)

    def _save_checkpoint(self, path: str | os.PathLike[str]) -> None:
        """The model, its training, and where the run is."""
        position = ffi.NULL if self._run is None else self._run.position().encode()
        call(lib.ps_model_save, os.fsencode(path), self._handle(), 1, position)

    @classmethod
    def load(
        cls, path: str | os.PathLike[str], *, custom_layers: Mapping[str, Callable[..., Layer]] | None = None
    ) -> Self:
        """A model from a file that save() or ModelCheckpoint wrote.

        custom_layers: for layers of your own, by the names of their classes: the class, or what makes such a layer of
        its config() as keyword arguments; the parameters' values then come from the file.

        DataError for one that is damaged, cut or of something else, naming the place; NotFoundError. With training it
        is compiled, and goes on where it was.

        >>> import os, tempfile
        >>> import penstock as ps
        >>> path = os.path.join(tempfile.mkdtemp(), "model.npz")
        >>> ps.Model([ps.layers.Dense(2, 3), ps.layers.ReLU()]).save(path)
        >>> len(ps.Model.load(path).layers)
        2
        """
        if suffix_of(path, "load()") == ".npz":
            return cls._load_npz(path, custom_layers or {})
        out = ffi.new("ps_model **")
        makers = Makers(os.fspath(path), custom_layers or {})
        handle = ffi.new_handle(makers)
        call(lib.ps_model_load_with, out, os.fsencode(path), lib.penstock_on_layer_wanted, handle)
        native = ffi.gc(out[0], lib.ps_model_release)
        model = cls._of(native, makers.made)
        model._position = read_text(lib.ps_model_position, native) or None
        return model

    @classmethod
    def _load_npz(cls, path: str | os.PathLike[str], custom_layers: Mapping[str, Callable[..., Layer]]) -> Self:
        arrays = files.load(path)
        if DESCRIPTION not in arrays:
            raise DataError(f"{os.fspath(path)!r} is no saved model: it has no array {DESCRIPTION!r}")
        try:
            description = json.loads(bytes(memoryview(arrays.pop(DESCRIPTION).contiguous())))
        except ValueError as error:
            raise DataError(f"{os.fspath(path)!r}: {DESCRIPTION!r} is no JSON: {error}") from None
        if any(each.get("kind") == "custom" for each in description.get("layers", [])):
            makers = Makers(os.fspath(path), custom_layers)
            model = cls(dtype=description.get("dtype"), seed=description.get("seed", 0))
            for each in description["layers"]:
                model.add(makers.layer_of(each, model._dtype), each.get("name"))
        else:
            out = ffi.new("ps_model **")
            call(lib.ps_model_create, out, json.dumps(without_training(description)).encode())
            model = cls._of(ffi.gc(out[0], lib.ps_model_release))
        missing = [name for name in model.named_parameters() if name not in arrays]
        if missing:
            raise DataError(f"{os.fspath(path)!r} has no array {missing[0]!r}")
        model.set_weights(arrays)
        return model

    def save_weights(self, path: str | os.PathLike[str]) -> None:
        """Writes the parameters alone, by name, to a .safetensors or .npz file.

        >>> import os, tempfile
        >>> import penstock as ps
        >>> path = os.path.join(tempfile.mkdtemp(), "weights.safetensors")
        >>> model = ps.Model([ps.layers.Dense(2, 3)])
        >>> model.save_weights(path)
        >>> sorted(ps.load(path))
        ['0.bias', '0.weight']
        """
        tensors = {name: each.detach() for name, each in self.named_parameters().items()}
        if suffix_of(path, "save_weights()") == ".npz":
            files.save_npz(path, tensors)
        else:
            files.save_safetensors(path, tensors)

    def load_weights(self, path: str | os.PathLike[str]) -> None:
        """Reads all parameters by name; nothing changes where one is missing or has another shape.

        A torch.nn.Sequential's state_dict in a safetensors file has the same names.

        >>> import os, tempfile
        >>> import penstock as ps
        >>> path = os.path.join(tempfile.mkdtemp(), "weights.npz")
        >>> model = ps.Model([ps.layers.Dense(2, 3)])
        >>> model.save_weights(path)
        >>> model.load_weights(path)
        """
        suffix_of(path, "load_weights()")
        arrays, mine = files.load(path), self.named_parameters()
        wanted = {name: each for name, each in arrays.items() if name in mine or is_parameter(name)}
        missing = [name for name in mine if name not in wanted]
        if missing:
            raise InvalidArgumentError(f"{os.fspath(path)!r} has no array {missing[0]!r}: it has {', '.join(arrays)}")
        self.set_weights(wanted)

    # ---- Others' ----

    def export_onnx(self, path: str | os.PathLike[str], input_shape: Sequence[int | None]) -> None:
        """Writes the network as an ONNX model, which others run.

        input_shape: of a sample; None for sizes that may differ from call to call, as the batch's always may.

        >>> import os, tempfile
        >>> import penstock as ps
        >>> path = os.path.join(tempfile.mkdtemp(), "model.onnx")
        >>> ps.Model([ps.layers.Dense(2, 3, activation="relu")]).export_onnx(path, (2,))
        >>> os.path.getsize(path) > 0
        True
        """
        from penstock.onnx_export import export_layers, write_onnx

        for name, layer in zip(self._names, self._layers, strict=True):
            if not is_native(layer):
                raise UnavailableError(
                    f"layer {name} is {layer!r}, whose forward() is in Python: ONNX has no such layer"
                )
        layers = [(layer.kind, layer.settings, detached(layer)) for layer in self._layers]
        write_onnx(path, *export_layers(layers, input_shape, self._dtype.name))

    @classmethod
    def from_torch(cls, module: Any, *, dtype: Any = None, seed: int = 0) -> Self:
        """The network of a torch.nn.Sequential, with copies of its parameters.

        UnavailableError names a module that has no counterpart. dtype is the module's unless named.

        >>> import penstock as ps, torch
        >>> network = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.ReLU())
        >>> ps.Model.from_torch(network)
        Model([Dense(in_features=2, out_features=3), ReLU()])
        """
        from penstock.torch_modules import dtype_of, layers_of

        layers = layers_of(module)
        model = cls(dtype=dtype_of(module) if dtype is None else dtype, seed=seed)
        for name, layer in layers:
            model.add(layer, name)
        model.load_torch(module)
        return model

    def load_torch(self, module: Any) -> None:
        """Copies a torch module's parameters: those of the same place, name and shape; names the first that differs.

        >>> import penstock as ps, torch
        >>> model = ps.Model([ps.layers.Dense(2, 3)])
        >>> model.load_torch(torch.nn.Sequential(torch.nn.Linear(2, 3)))
        """
        from penstock.torch_modules import parameters_of

        self.set_weights(matched(self.named_parameters(), parameters_of(module), type(module).__name__))

    def to_torch(self) -> Any:
        """A torch.nn.Sequential with copies of the parameters; UnavailableError names a layer without a counterpart.

        >>> import penstock as ps
        >>> ps.Model([ps.layers.Dense(2, 3), ps.layers.ReLU()]).to_torch()
        Sequential(
          (0): Linear(in_features=2, out_features=3, bias=True)
          (1): ReLU()
        )
        """
        from penstock.torch_modules import sequential_of

        return sequential_of(self._layers, self._names)


def detached(layer: Layer) -> dict[str, Tensor]:
    """A layer's parameters as plain tensors."""
    return {name: each.detach() for name, each in layer.parameters().items()}


def suffix_of(path: str | os.PathLike[str], method: str) -> str:
    """What a path ends in, where that is known."""
    suffix = os.path.splitext(os.fspath(path))[1]
    if suffix not in (".safetensors", ".npz"):
        raise InvalidArgumentError(f"{method}: {os.fspath(path)!r}: expected a path that ends in .safetensors or .npz")
    return suffix


def is_parameter(name: str) -> bool:
    """Whether a name in a file is one of a parameter; others are of an optimizer, and of torch's counters."""
    return not name.startswith("optimizer.") and not name.endswith("num_batches_tracked")


def without_training(description: dict[str, Any]) -> dict[str, Any]:
    """A description as ps_model_create() takes it."""
    return {key: each for key, each in description.items() if key != "training"}


def matched(mine: Mapping[str, Tensor], theirs: Mapping[str, Any], owner: str) -> dict[str, Any]:
    """Arrays by name, where names and shapes are the same."""
    for name, parameter in mine.items():
        if name not in theirs:
            raise InvalidArgumentError(f"{owner} has no parameter {name!r}: it has {', '.join(theirs) or 'none'}")
        if tuple(theirs[name].shape) != parameter.shape:
            raise InvalidArgumentError(
                f"parameter {name!r} has shape {parameter.shape}, and {owner}'s has {tuple(theirs[name].shape)}"
            )
    others = [name for name in theirs if name not in mine]
    if others:
        raise InvalidArgumentError(f"the model has no parameter {others[0]!r}, which {owner} has")
    return dict(theirs)
