"""Layers whose forward() is in Python, inside a Model: trained, saved, loaded, and refused where they must be."""

import gc
import weakref
from pathlib import Path
from typing import Any

import numpy as np
import penstock as ps
import pytest
from penstock.callbacks import Callback, ModelCheckpoint


class OwnDense(ps.layers.Layer):
    """What layers.Dense computes, written by hand."""

    def __init__(self, inputs: int, outputs: int, seed: int = 0) -> None:
        super().__init__({"inputs": inputs, "outputs": outputs, "seed": seed})
        like = ps.layers.Dense(inputs, outputs, seed=seed)
        self.weight = self.add_parameter("weight", like.weight.detach())
        self.bias = self.add_parameter("bias", like.bias.detach())

    def forward(self, x: Any) -> Any:
        return x @ self.weight.T + self.bias


class Scale(ps.layers.Layer):
    """A factor for each feature."""

    def __init__(self, features: int) -> None:
        super().__init__({"features": features})
        self.factor = self.add_parameter("factor", ps.ones(features))

    def forward(self, x: Any) -> Any:
        return x * self.factor


class Twice(ps.layers.Layer):
    """Without parameters."""

    def forward(self, x: Any) -> Any:
        return 2 * x


class Block(ps.layers.Layer):
    """Layers inside, with modes and statistics."""

    def __init__(self, features: int) -> None:
        super().__init__({"features": features})
        self.first = ps.layers.Dense(features, features, seed=5)
        self.others = [ps.layers.BatchNorm(features), Scale(features)]
        self.drop = ps.layers.Dropout(0.5)

    def forward(self, x: Any) -> Any:
        value = self.first(x)
        for layer in self.others:
            value = layer(value)
        return x + self.drop(value)


class Lookup(ps.layers.Layer):
    """Indices become rows of a table."""

    def __init__(self, count: int, features: int) -> None:
        super().__init__({"count": count, "features": features})
        self.table = self.add_parameter("table", ps.arange(count * features, dtype="float32").reshape(count, features))

    def forward(self, x: Any) -> Any:
        return ps.mean(ps.take(self.table, x.reshape(-1), axis=0).reshape(*x.shape, -1), axis=1)


class Gate(ps.layers.Layer):
    """Raises when it is told to."""

    failing: str | None = None

    def forward(self, x: Any) -> Any:
        if self.failing == "forward" and self.training:
            raise ZeroDivisionError("forward was told to")
        return BackwardGate.apply(x, self)


class BackwardGate(ps.Function):
    """Gate's way back."""

    @staticmethod
    def forward(context: Any, x: Any, owner: Any) -> Any:
        context.owner = owner
        return x.clone()

    @staticmethod
    def backward(context: Any, gradient: Any) -> Any:
        if context.owner.failing == "backward":
            raise KeyError("backward was told to") from ValueError("why")
        return gradient, None


OWN = {each.__name__: each for each in (OwnDense, Scale, Twice, Block, Lookup, Gate)}


def data(count: int = 50, features: int = 4, classes: int = 3, seed: int = 0) -> tuple[Any, Any]:
    draw = np.random.default_rng(seed)
    return draw.normal(size=(count, features)).astype("float32"), draw.integers(0, classes, count)


def weights(model: ps.Model) -> list[Any]:
    return [np.array(each) for each in model.get_weights()]


def assert_same(one: ps.Model, other: ps.Model) -> None:
    for mine, theirs in zip(weights(one), weights(other), strict=True):
        np.testing.assert_array_equal(mine, theirs)


@pytest.mark.parametrize(("dtype", "tolerance"), [("float32", 1e-6), ("float64", 1e-14)])
def test_is_trained_as_the_engines_layer_is(dtype: str, tolerance: float) -> None:
    x, y = data()
    x = x.astype(dtype)
    models = []
    for kind in (OwnDense, ps.layers.Dense):
        model = ps.Model(dtype=dtype)
        model.add(kind(4, 8, seed=1))
        model.add(ps.layers.Tanh())
        model.add(kind(8, 3, seed=2))
        models.append(model)
    models[1].set_weights([np.array(each) for each in models[0].get_weights()])
    for model in models:
        model.compile(ps.optimizers.Adam(0.01), "cross_entropy", metrics=["accuracy"])
        model.history = model.fit(x, y, epochs=3, batch_size=16, verbose=0)  # the last batch has 2 rows
    assert models[0].parameters.dtype == getattr(ps, dtype)
    for mine, theirs in zip(weights(models[0]), weights(models[1]), strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=0, atol=tolerance)
    np.testing.assert_allclose(models[0].predict(x), models[1].predict(x), rtol=0, atol=10 * tolerance)
    assert models[0].evaluate(x, y, verbose=0) == pytest.approx(models[1].evaluate(x, y, verbose=0), abs=1e-6)


def test_parameters_are_views_of_the_models_memory() -> None:
    scale = Scale(4)
    model = ps.Model([ps.layers.Dense(4, 4), scale, ps.layers.Dense(4, 3)])
    model.compile("sgd", "cross_entropy")
    x, y = data()
    before = np.array(scale.factor.detach())
    model.train_on_batch(x, y)
    assert not np.array_equal(np.array(scale.factor.detach()), before)
    np.testing.assert_array_equal(scale.factor.detach(), model.named_parameters()["1.factor"].detach())
    model.set_weights([np.full(each.shape, 3.0, "float32") for each in model.get_weights()])
    assert scale.factor.tolist() == scale.parameters()["factor"].tolist() == [3.0] * 4
    assert scale.factor.requires_grad
    assert set(model.named_gradients()) == {"0.weight", "0.bias", "1.factor", "2.weight", "2.bias"}
    assert model(x).shape == (50, 3)  # eagerly, by the same parameters


def test_summary_plan_and_counts() -> None:
    model = ps.Model([ps.layers.Dense(4, 6), Scale(6), Block(6)])
    lines: list[str] = []
    model.summary(print_fn=lines.append)
    assert "1 (Scale)  (None, 6)              6" in lines
    assert "2 (Block)  (None, 6)             72" in lines
    assert lines[-1] == "Parameters: 108 (432 bytes), 96 of them trained"
    steps = model.plan((5, 4)).steps
    assert [step["name"] for step in steps] == ["dense", "custom Scale", "custom Block"]
    assert steps[1]["output"] == [5, 6]


def test_gradients_reach_what_stands_before() -> None:
    model = ps.Model([ps.layers.Dense(2, 2, weight_initializer="ones", bias_initializer="zeros"), Twice()])
    model.compile("sgd", "mse")
    model.compute_gradients([[1.0, 1.0]], [[0.0, 0.0]])
    assert model.named_gradients()["0.bias"].tolist() == [8.0, 8.0]  # d mean((2 h)^2) / dh = 4 h, h = 2


def test_first_with_whole_numbers() -> None:
    model = ps.Model([Lookup(5, 2), ps.layers.Dense(2, 1, weight_initializer="ones", bias_initializer="zeros")])
    x = np.array([[0, 1], [4, 4]])
    assert model.predict(x).tolist() == [[3.0], [17.0]]
    model.compile("sgd", "mse")
    model.train_on_batch(x, [[0.0], [0.0]])
    assert [any(row) for row in model.named_gradients()["0.table"].tolist()] == [True, True, False, False, True]
    lines: list[str] = []
    model.summary(print_fn=lines.append)
    assert lines[2].split("  ")[1].strip() == "(None, 2)"


def test_modes_and_statistics_inside_follow_the_model() -> None:
    block = Block(4)
    model = ps.Model([block, ps.layers.Dense(4, 3)])
    model.compile("adam", "cross_entropy")
    x, y = data()
    names = list(model.named_parameters())
    assert "0.others.0.running_mean" in names
    assert "0.others.1.factor" in names
    model.train_on_batch(x, y)
    moved = np.array(model.named_parameters()["0.others.0.running_mean"])
    assert np.abs(moved).max() > 0
    assert not block.training
    first, second = np.array(model.predict(x)), np.array(model.predict(x))
    np.testing.assert_array_equal(first, second)  # nothing drops, and statistics stay
    np.testing.assert_array_equal(moved, model.named_parameters()["0.others.0.running_mean"])
    assert block.others[0].running_mean.tolist() == moved.tolist()


def test_same_seeds_give_same_numbers() -> None:
    x, y = data()
    models = [ps.Model([Block(4), ps.layers.Dense(4, 3)], seed=4) for _ in range(2)]
    for model in models:
        model.compile("adam", "cross_entropy")
        model.fit(x, y, epochs=2, batch_size=16, verbose=0)
    assert_same(*models)


@pytest.mark.parametrize("where", ["forward", "backward"])
def test_what_it_raises_comes_out_and_nothing_has_happened(where: str) -> None:
    gate, block, x, y = Gate(), Block(4), *data()
    model = ps.Model([block, gate, ps.layers.Dense(4, 3)], seed=3)
    same = ps.Model([Block(4), Gate(), ps.layers.Dense(4, 3)], seed=3)
    for each in (model, same):
        each.compile("adam", "cross_entropy", metrics=["accuracy"])
        for _ in range(2):
            each.train_on_batch(x, y, reset_metrics=False)
    gate.failing = where
    with pytest.raises((ZeroDivisionError, KeyError), match=f"{where} was told to") as caught:
        model.train_on_batch(x, y, reset_metrics=False)
    assert isinstance(caught.value.__cause__, ValueError) == (where == "backward")
    gate.failing = None
    assert model.step == 2
    assert_same(model, same)
    assert model.train_on_batch(x, y, reset_metrics=False) == same.train_on_batch(x, y, reset_metrics=False)
    assert_same(model, same)


def test_what_it_raises_comes_out_of_fit_and_predict() -> None:
    class Broken(ps.layers.Layer):
        def forward(self, x: Any) -> Any:
            raise LookupError("broken")

    model = ps.Model([Broken()])
    with pytest.raises(LookupError, match="broken"):
        model.predict([[1.0]])
    model.compile("sgd", "mse")
    with pytest.raises(LookupError, match="broken"):
        model.fit([[1.0]], [[1.0]], verbose=0)


def test_callbacks_of_fit_see_it() -> None:
    seen: list[tuple[int, list[str]]] = []

    class Watch(Callback):
        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            seen.append((epoch, sorted(logs)))

    x, y = data()
    model = ps.Model([Scale(4), ps.layers.Dense(4, 3)])
    model.compile("adam", "cross_entropy", metrics=["accuracy"])
    model.fit(x, y, epochs=2, validation_split=0.2, callbacks=[Watch()], verbose=0)
    assert [epoch for epoch, _ in seen] == [0, 1]
    assert "val_accuracy" in seen[0][1]


@pytest.mark.parametrize("suffix", [".safetensors", ".npz"])
def test_comes_back_from_files(tmp_path: Path, suffix: str) -> None:
    x, y = data()
    inner = ps.layers.Sequential(OwnDense(4, 4), ps.layers.ReLU(), Twice())
    model = ps.Model([Block(4), inner, ps.layers.Residual(Scale(4), activation="tanh"), OwnDense(4, 3)])
    model.compile("adam", "cross_entropy")
    model.fit(x, y, epochs=1, verbose=0)
    path = tmp_path / f"model{suffix}"
    model.save(path)
    loaded = ps.Model.load(path, custom_layers=OWN)
    assert_same(model, loaded)
    assert [type(each) for each in loaded.layers] == [type(each) for each in model.layers]
    np.testing.assert_array_equal(model.predict(x), loaded.predict(x))
    with pytest.raises(ps.InvalidArgumentError, match=r"custom_layers=\{'Block': Block\}"):
        ps.Model.load(path)
    with pytest.raises(ps.InvalidArgumentError, match=r"config\(\) must give"):
        ps.Model.load(path, custom_layers={**OWN, "Block": Twice})
    with pytest.raises(ps.TypeMismatchError, match="made Dense"):
        ps.Model.load(path, custom_layers={**OWN, "Block": lambda features: ps.layers.Dense(features, features)})


def test_what_makes_it_from_a_file_may_be_any_function(tmp_path: Path) -> None:
    class Power(ps.layers.Layer):
        def __init__(self, exponent: float) -> None:
            super().__init__()
            self.exponent = exponent

        def config(self) -> dict[str, Any]:
            return {"exponent": self.exponent}

        def forward(self, x: Any) -> Any:
            return x**self.exponent

    path = tmp_path / "model.safetensors"
    ps.Model([Power(3.0)]).save(path)
    loaded = ps.Model.load(path, custom_layers={"Power": lambda exponent: Power(exponent - 1)})
    assert loaded.predict([[2.0]]).tolist() == [[4.0]]
    with pytest.raises(ps.TypeMismatchError, match=r"config\(\) of Power"):
        ps.Model([Power(object())])  # type: ignore[arg-type]


def test_an_error_of_what_makes_it_comes_out(tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    ps.Model([Scale(3)]).save(path)

    def fail(features: int) -> ps.layers.Layer:
        raise RuntimeError(f"no scale of {features}")

    with pytest.raises(RuntimeError, match="no scale of 3"):
        ps.Model.load(path, custom_layers={"Scale": fail})


def test_a_killed_run_ends_as_one_that_was_not(tmp_path: Path) -> None:
    x, y = data()

    def model() -> ps.Model:
        made = ps.Model([Block(4), ps.layers.Dropout(0.3), OwnDense(4, 3)], seed=2)
        made.compile("adam", "cross_entropy", metrics=["accuracy"])
        return made

    whole, killed = model(), model()
    path, other = tmp_path / "checkpoint.safetensors", tmp_path / "other.safetensors"
    whole.fit(x, y, epochs=4, batch_size=16, verbose=0)
    killed.fit(x, y, epochs=2, batch_size=16, callbacks=[ModelCheckpoint(path)], verbose=0)
    loaded = ps.Model.load(path, custom_layers=OWN)
    restored = model()
    restored.fit(x, y, epochs=4, batch_size=16, callbacks=[ModelCheckpoint(other)], verbose=0, resume=path)
    loaded.fit(x, y, epochs=4, batch_size=16, callbacks=[ModelCheckpoint(other)], verbose=0)
    assert_same(whole, loaded)
    assert_same(whole, restored)


def test_own_statistics_are_kept_and_not_trained() -> None:
    class Center(ps.layers.Layer):
        def __init__(self, features: int) -> None:
            super().__init__({"features": features})
            self.mean = self.add_parameter("mean", ps.zeros(features), trained=False)

        def forward(self, x: Any) -> Any:
            if self.training:
                with ps.no_grad():
                    self.mean.copy_(0.5 * self.mean + 0.5 * ps.mean(x.detach(), axis=0))
            return x - self.mean

    model = ps.Model([Center(2), ps.layers.Dense(2, 1)])
    model.compile("sgd", "mse")
    model.train_on_batch([[2.0, 4.0]], [[0.0]])
    assert model.named_parameters()["0.mean"].tolist() == [1.0, 2.0]
    assert "0.mean" not in model.named_gradients()


def test_what_forward_gives_is_checked() -> None:
    class Odd(ps.layers.Layer):
        gives: Any = staticmethod(lambda x: x)

        def forward(self, x: Any) -> Any:
            return self.gives(x)

    layer = Odd()
    model = ps.Model([layer])
    model.predict([[1.0, 2.0]])
    for gives, error, message in (
        (lambda x: x[:, :1], ps.InvalidArgumentError, r"gave shape \(1, 1\): expected \(1, 2\)"),
        (lambda x: x > 0, ps.TypeMismatchError, "gave bool: expected floats"),
        (lambda x: 3.0, ps.TypeMismatchError, "gave a float: expected a tensor"),
    ):
        layer.gives = gives
        with pytest.raises(error, match=message):
            model.predict([[1.0, 2.0]])
    layer.gives = ps.sum
    with pytest.raises(ps.InvalidArgumentError, match="samples"):
        model.predict([[1.0, 2.0], [3.0, 4.0]])


def test_must_not_use_its_own_model() -> None:
    class Selfish(ps.layers.Layer):
        model: ps.Model | None = None

        def forward(self, x: Any) -> Any:
            return x if self.model is None else self.model.predict(x)

    layer = Selfish()
    model = ps.Model([layer])
    layer.model = model
    with pytest.raises(ps.InvalidArgumentError, match="in the middle of a batch"):
        model.predict([[1.0]])
    layer.model = None
    assert model.predict([[1.0]]).tolist() == [[1.0]]


def test_stands_in_one_model_and_grows_no_more() -> None:
    scale = Scale(2)
    ps.Model([scale])
    with pytest.raises(ps.InvalidArgumentError, match="in a model or another layer"):
        ps.Model([scale])
    with pytest.raises(ps.InvalidArgumentError, match="is in a model"):
        scale.add_parameter("other", 1.0)
    block = Block(2)
    ps.Model([block])
    with pytest.raises(ps.InvalidArgumentError, match="in a model or another layer"):
        ps.Model([block.others[1]])


def test_output_shape_is_found_or_said() -> None:
    class Said(Twice):
        calls = 0

        def output_shape(self, input_shape: Any) -> Any:
            return input_shape

        def forward(self, x: Any) -> Any:
            self.calls += 1
            return super().forward(x)

    assert Block(3).output_shape((5, 3)) == (5, 3)
    layer = Said()
    ps.Model([layer]).predict([[1.0]])
    assert layer.calls == 1


def test_others_formats_refuse_it(tmp_path: Path) -> None:
    model = ps.Model([ps.layers.Sequential(Scale(2), ps.layers.ReLU())])
    with pytest.raises(ps.UnavailableError, match="ONNX has no such layer"):
        model.export_onnx(tmp_path / "model.onnx", (2,))
    with pytest.raises(ps.UnavailableError, match="no counterpart in torch"):
        model.to_torch()
    with pytest.raises(ps.UnavailableError, match="no counterpart in torch"):
        ps.Model([Scale(2)]).to_torch()


def test_goes_when_its_model_goes() -> None:
    layer = Block(2)
    model = ps.Model([layer])
    model.compile("sgd", "mse")
    model.train_on_batch([[1.0, 2.0], [2.0, 1.0]], [[1.0, 2.0], [0.0, 1.0]])
    gone = weakref.ref(layer)
    del layer, model
    gc.collect()
    assert gone() is None
