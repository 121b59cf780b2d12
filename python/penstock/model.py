"""Networks that are built, trained, saved and run."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from penstock._native import call, ffi, lib, text
from penstock.base import made
from penstock.callbacks.history import History
from penstock.dtypes import DType
from penstock.errors import InvalidArgumentError
from penstock.json_texts import as_json, described, read_text
from penstock.layers.containers import is_native, require_layer, set_dtype
from penstock.layers.custom import engine_layer, note_in_model
from penstock.layers.layer import Layer, as_float, as_input, copy_into
from penstock.losses import loss_described
from penstock.model_files import ModelFiles
from penstock.model_training import ModelTraining
from penstock.optimizers import optimizer_described
from penstock.plan_table import Plan, summary_lines

if TYPE_CHECKING:
    from penstock.tensor import Tensor
    from penstock.training.run import Run

__all__ = ["Model"]


class Model(ModelTraining, ModelFiles):
    """Layers in a row, and what trains them.

    dtype is "float32" or "float64"; the same seed, data and settings give the same numbers. history is that of the last
    fit(); stop_training, set by a callback, ends it.

    >>> import penstock as ps
    >>> model = ps.Model(seed=1)
    >>> model.add(ps.layers.Dense(2, 8, activation="tanh"))
    >>> model.add(ps.layers.Dense(8, 2, activation="softmax"))
    >>> model.compile(optimizer=ps.optimizers.Adam(learning_rate=0.1), loss="cross_entropy", metrics=["accuracy"])
    >>> x = ps.Tensor([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
    >>> history = model.fit(x, [0, 1, 1, 0], epochs=100, verbose=0)
    >>> history.history["accuracy"][-1]
    1.0
    >>> ps.argmax(model.predict(x), axis=1).tolist()
    [0, 1, 1, 0]
    """

    def __init__(self, layers: Iterable[Layer] = (), *, dtype: Any = None, seed: int = 0) -> None:
        self._begin(as_float(dtype))
        out = ffi.new("ps_model **")
        description = {"dtype": self._dtype.name, "seed": seed % 2**64}
        call(lib.ps_model_create, out, as_json(description, "model"))
        self._native = ffi.gc(out[0], lib.ps_model_release)
        for layer in layers:
            self.add(layer)

    def _begin(self, dtype: DType) -> None:
        self._dtype = dtype
        self._layers: list[Layer] = []
        self._names: list[str] = []
        self._input_shape: tuple[int, ...] | None = None
        self._position: str | None = None
        self._run: Run | None = None
        self._step: Any = lib.ps_model_train_on_batch
        self.history = History()
        self.stop_training = False

    @classmethod
    def _of(cls, native: Any, own: Iterable[Layer] = ()) -> Model:
        """The model of Python for one of the engine's, with the layers of Python's own in it."""
        others = iter(own)
        model = cls.__new__(cls)
        description = json.loads(read_text(lib.ps_model_description, native))
        model._begin(as_float(description["dtype"]))
        model._native = native
        for index, described_layer in enumerate(description["layers"]):
            out = ffi.new("ps_layer **")
            call(lib.ps_model_layer, out, native, index)
            held = ffi.gc(out[0], lib.ps_layer_release)
            is_own = described_layer["kind"] == "custom"
            layer = next(others) if is_own else Layer._of(held, model._dtype)
            note_in_model(layer)
            model._layers.append(layer)
            model._names.append(described_layer.get("name") or str(index))
        return model

    def _handle(self) -> Any:
        return self._native

    # ---- Building ----

    def add(self, layer: Layer, name: str | None = None) -> None:
        """Adds a layer behind the others.  Its parameters are called "name.weight"; the name is its place unless given.

        A layer without a seed, which nobody has looked into, is drawn by the model's seed and its place. One of your
        own keeps the values it has; its forward() is called for each batch.

        >>> import penstock as ps
        >>> model = ps.Model()
        >>> model.add(ps.layers.Dense(2, 3), name="head")
        >>> list(model.named_parameters())
        ['head.weight', 'head.bias']
        """
        place = len(self._layers)
        require_layer(layer, f"layer {place}")
        if any(each._is_in_model for each in layer._walk()) or layer._part_of is not None:
            raise InvalidArgumentError(
                f"layer {place} is {layer!r}, which is in a model or another layer: make one more"
            )
        called = ffi.NULL if name is None else name.encode()
        if not is_native(layer):
            call(lib.ps_model_add_layer, self._native, engine_layer(layer, self._dtype), called)
        elif layer._is_touched:
            call(lib.ps_model_add_layer, self._native, layer._native, called)
        elif layer._seed is not None:
            set_dtype(layer, self._dtype)
            layer._native = layer._created(layer._seed)
            call(lib.ps_model_add_layer, self._native, layer._native, called)
        else:
            set_dtype(layer, self._dtype)
            settings = as_json(layer._settings, layer.kind)
            call(lib.ps_model_add, self._native, layer.kind.encode(), settings, called)
            out = ffi.new("ps_layer **")
            call(lib.ps_model_layer, out, self._native, place)
            layer._take(ffi.gc(out[0], lib.ps_layer_release))
        note_in_model(layer)
        self._layers.append(layer)
        self._names.append(str(place) if name is None else name)

    def compile(
        self,
        optimizer: Any = "adam",
        loss: Any = None,
        metrics: Sequence[Any] = (),
        *,
        on_nan: str = "raise",
    ) -> None:
        """Says how the model is trained; may be called again: the parameters stay, the optimizer begins anew.

        optimizer, loss: an object of penstock.optimizers and penstock.losses, or its name. metrics: "accuracy",
        "binary_accuracy", "top_k_accuracy", "mse", "mae", "rmse", "perplexity", or dicts with "name" and settings;
        targets that the loss ignores (its ignore_index) do not count in "accuracy", "top_k_accuracy" and "perplexity".
        on_nan: what a loss that is no finite number does: "raise" (InvalidArgumentError), "stop" (the training ends,
        and the parameters are as before that batch) or "ignore".

        A softmax at the end is folded into "cross_entropy", which takes logits, a sigmoid into "binary_cross_entropy";
        predictions are still probabilities.

        >>> import penstock as ps
        >>> model = ps.Model([ps.layers.Dense(2, 3)])
        >>> model.compile("sgd", "mse", metrics=["mae"])
        >>> try:
        ...     model.compile("sgd", "crossentropy")
        ... except ValueError as error:
        ...     print(str(error).split(":")[0])
        there is no loss 'crossentropy', perhaps 'cross_entropy'
        """
        if loss is None:
            raise InvalidArgumentError('compile() needs a loss, as loss="cross_entropy"')
        if isinstance(metrics, (str, dict)):
            raise InvalidArgumentError(f"metrics is {metrics!r}: expected a list, as metrics=[{metrics!r}]")
        named = ["accuracy" if each == "acc" else described(each, "metrics") for each in metrics]
        training = {
            "loss": loss_described(loss),
            "optimizer": optimizer_described(optimizer),
            "metrics": named,
            "on_nan": on_nan,
        }
        call(lib.ps_model_compile, self._native, as_json(training, "compile()"))
        self._position = None

    # ---- Looking at it ----

    @property
    def layers(self) -> tuple[Layer, ...]:
        """The layers in their order.

        >>> import penstock as ps
        >>> ps.Model([ps.layers.Dense(2, 3), ps.layers.ReLU()]).layers
        (Dense(in_features=2, out_features=3), ReLU())
        """
        return tuple(self._layers)

    @property
    def dtype(self) -> DType:
        """What it computes in.

        >>> import penstock as ps
        >>> ps.Model(dtype="float64").dtype
        penstock.float64
        """
        return self._dtype

    @property
    def seed(self) -> int:
        """What its parameters, dropout and the order of rows follow from.

        >>> import penstock as ps
        >>> ps.Model(seed=7).seed
        7
        """
        return int(self.description()["seed"])

    @property
    def epoch(self) -> int:
        """How many epochs have been done.

        >>> import penstock as ps
        >>> ps.Model().epoch
        0
        """
        return int(lib.ps_model_epoch(self._native))

    @property
    def step(self) -> int:
        """How many steps of training have been done.

        >>> import penstock as ps
        >>> ps.Model().step
        0
        """
        return int(lib.ps_model_step(self._native))

    @property
    def learning_rate(self) -> float:
        """The learning rate of the next step; settable, the schedule then starts from it.

        >>> import penstock as ps
        >>> model = ps.Model([ps.layers.Dense(1, 1)])
        >>> model.compile("sgd", "mse")
        >>> model.learning_rate = 0.5
        >>> model.learning_rate
        0.5
        """
        rate = ffi.new("double *")
        call(lib.ps_model_learning_rate, rate, self._native)
        return float(rate[0])

    @learning_rate.setter
    def learning_rate(self, rate: float) -> None:
        call(lib.ps_model_set_learning_rate, self._native, float(rate))

    def description(self) -> dict[str, Any]:
        """All that describes the model, as files have it: {"dtype", "seed", "layers", "training"}.

        >>> import penstock as ps
        >>> ps.Model([ps.layers.ReLU()]).description()["layers"][0]["kind"]
        'relu'
        """
        return dict(json.loads(read_text(lib.ps_model_description, self._native)))

    # ---- Parameters ----

    @property
    def parameters(self) -> Tensor:
        """All trained parameters as one tensor of one axis, over the model's own memory.

        Each begins at a multiple of 64 bytes; what lies between is 0. named_parameters() has them one by one.

        >>> import penstock as ps
        >>> model = ps.Model([ps.layers.Dense(2, 3)])
        >>> model.parameters.ndim
        1
        """
        return made(lib.ps_model_flat_parameters, self._native)

    @property
    def gradients(self) -> Tensor:
        """The gradients of all trained parameters, laid out as parameters, as the last batch left them.

        >>> import penstock as ps, torch
        >>> model = ps.Model([ps.layers.Dense(1, 1, weight_initializer="zeros", bias_initializer="zeros")])
        >>> model.compile("sgd", "mse")
        >>> _ = model.train_on_batch([[1.0]], [[3.0]])
        >>> torch.from_dlpack(model.gradients)[0]
        tensor(-6.)
        """
        return made(lib.ps_model_flat_gradients, self._native)

    def named_parameters(self) -> dict[str, Tensor]:
        """All parameters by name, running statistics too, over the model's own memory.

        They move once, when the model is first compiled or used: ask again then.

        >>> import penstock as ps
        >>> {name: each.shape for name, each in ps.Model([ps.layers.Dense(2, 3)]).named_parameters().items()}
        {'0.weight': (3, 2), '0.bias': (3,)}
        """
        return {name: made(lib.ps_model_parameter, self._native, index) for index, name in enumerate(self._names_of())}

    def named_gradients(self) -> dict[str, Tensor]:
        """The gradients of the trained parameters by name, as the last batch left them.

        >>> import penstock as ps
        >>> model = ps.Model([ps.layers.Dense(1, 1)])
        >>> model.compile("sgd", "mse")
        >>> _ = model.train_on_batch([[1.0]], [[3.0]])
        >>> sorted(model.named_gradients())
        ['0.bias', '0.weight']
        """
        trained = {
            f"{name}.{key}"
            for name, layer in zip(self._names, self._layers, strict=True)
            for key, parameter in layer.parameters().items()
            if parameter.requires_grad
        }
        return {
            name: made(lib.ps_model_gradient, self._native, index)
            for index, name in enumerate(self._names_of())
            if name in trained
        }

    def _names_of(self) -> list[str]:
        count = lib.ps_model_parameter_count(self._native)
        return [text(lib.ps_model_parameter_name(self._native, index)) for index in range(count)]

    def get_weights(self) -> list[Tensor]:
        """Copies of all parameters in their order.

        >>> import penstock as ps
        >>> [each.shape for each in ps.Model([ps.layers.Dense(2, 3)]).get_weights()]
        [(3, 2), (3,)]
        """
        return [each.detach().clone() for each in self.named_parameters().values()]

    def set_weights(self, weights: Sequence[Any] | Mapping[str, Any]) -> None:
        """Copies values into all parameters in their order, or by name; nothing changes where one does not fit.

        >>> import penstock as ps
        >>> model = ps.Model([ps.layers.Dense(2, 1)])
        >>> model.set_weights([[[1.0, 2.0]], [3.0]])
        >>> model.predict([[1.0, 1.0]]).tolist()
        [[6.0]]
        """
        parameters = self.named_parameters()
        if not isinstance(weights, Mapping):
            if len(weights) != len(parameters):
                raise InvalidArgumentError(f"{len(weights)} arrays were given for {len(parameters)} parameters")
            weights = dict(zip(parameters, weights, strict=True))
        copy_into(parameters, weights, "the model")

    def _weight_bytes(self) -> list[bytes]:
        """The parameters as bytes, for callbacks."""
        return [bytes(memoryview(each.detach().contiguous()).cast("B")) for each in self.named_parameters().values()]

    def _set_weight_bytes(self, weights: list[bytes]) -> None:
        for parameter, data in zip(self.named_parameters().values(), weights, strict=True):
            memoryview(parameter.detach()).cast("B")[:] = data

    # ---- Printing ----

    def __call__(self, x: Any) -> Tensor:
        """What the layers make of a batch; gradients are recorded, as where layers are called by themselves."""
        value = as_input(x, self._dtype)
        for layer in self._layers:
            value = layer(value)
        return value

    def _sample_shape(self) -> tuple[int, ...] | None:
        """The shape of a sample, where one was seen or follows from the first layer."""
        if self._input_shape is not None or not self._layers:
            return self._input_shape
        settings = self._layers[0].settings
        return (settings["in_features"],) if self._layers[0].kind == "dense" else None

    def summary(self, *, print_fn: Callable[[str], object] = print) -> None:
        """Prints the layers with the shapes that come out of them, and how many parameters they have.

        Shapes are known once the model has seen data, or where the first layer says them.

        >>> import penstock as ps
        >>> ps.Model([ps.layers.Dense(2, 3), ps.layers.ReLU()]).summary()
        Layer      Output shape  Parameters
        -----------------------------------
        0 (Dense)  (None, 3)              9
        1 (ReLU)   (None, 3)              0
        -----------------------------------
        Parameters: 9 (36 bytes), 9 of them trained
        """
        for line in summary_lines(list(zip(self._names, self._layers, strict=True)), self._sample_shape(), self._dtype):
            print_fn(line)

    def plan(self, shape: Sequence[int] | None = None, *, training: bool | None = None) -> Plan:
        """The operations of a batch in their order: shapes, FLOPs, bytes, and times where profile() is on.

        shape is a batch's; 32 samples unless named. training: of a step of training, as unless the model is not
        compiled, or of a prediction.

        >>> import penstock as ps
        >>> plan = ps.Model([ps.layers.Dense(2, 3), ps.layers.ReLU()]).plan()
        >>> plan.steps[0]["output"]
        [32, 3]
        """
        sizes = list(shape) if shape is not None else None
        if sizes is None:
            sample = self._sample_shape()
            if sample is None:
                raise InvalidArgumentError("plan() needs the shape of a batch: the model has seen none")
            sizes = [32, *sample]
        is_training = self._is_compiled() if training is None else training
        return Plan(json.loads(read_text(lib.ps_model_plan, self._native, int(is_training), tuple(sizes), len(sizes))))

    def profile(self, on: bool = True) -> None:
        """Times the operations from now on, for plan(); False ends that.

        >>> import penstock as ps
        >>> model = ps.Model([ps.layers.Dense(2, 3)])
        >>> model.profile()
        >>> _ = model.predict(ps.zeros((32, 2)))
        >>> model.plan().steps[0]["seconds"] > 0
        True
        """
        call(lib.ps_model_set_profiling, self._native, int(on))

    def _is_compiled(self) -> bool:
        return bool(self.description().get("training"))

    def __repr__(self) -> str:
        seed = self.seed
        words = ([f"dtype={self._dtype.name!r}"] if self._dtype.name != "float32" else []) + (
            [f"seed={seed}"] if seed else []
        )
        return f"Model({', '.join([repr(list(self._layers)), *words])})"
