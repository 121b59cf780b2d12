"""Optimizers, losses, schedules and initializers: descriptions, and what the learning rate then does."""

from collections.abc import Callable
from typing import Any

import penstock as ps
import pytest
import torch
from penstock.descriptions import Description

MODULES = [ps.optimizers, ps.losses, ps.schedules, ps.initializers]
EXAMPLES: list[Description] = [
    ps.optimizers.SGD(0.1, momentum=0.9),
    ps.optimizers.Adam(beta1=0.8),
    ps.losses.CrossEntropy(label_smoothing=0.1, class_weight=[1.0, 2.0]),
    ps.schedules.WarmUp(10, then=ps.schedules.Cosine(90)),
    ps.initializers.Normal(deviation=0.1),
]


def model_with(optimizer: Any, loss: Any = "mse") -> ps.Model:
    model = ps.Model([ps.layers.Dense(1, 1)])
    model.compile(optimizer, loss)
    return model


@pytest.mark.parametrize("description", EXAMPLES, ids=repr)
def test_a_repr_makes_it_again(description: Description) -> None:
    names = {name: getattr(module, name) for module in MODULES for name in module.__all__}
    names["Cosine"] = ps.schedules.Cosine
    assert eval(repr(description), names) == description


@pytest.mark.parametrize("name", ps.optimizers.__all__)
def test_each_optimizer_is_known_to_the_engine_by_name_too(name: str) -> None:
    by_object, by_name = model_with(getattr(ps.optimizers, name)()), model_with(getattr(ps.optimizers, name).name)
    assert by_object.description()["training"]["optimizer"] == by_name.description()["training"]["optimizer"]


@pytest.mark.parametrize("name", ps.losses.__all__)
def test_each_loss_is_known_to_the_engine(name: str) -> None:
    kind = getattr(ps.losses, name)
    assert model_with("sgd", kind()).description()["training"]["loss"]["name"] == kind.name


@pytest.mark.parametrize("name", ps.initializers.__all__)
def test_each_initializer_is_known_to_the_engine(name: str) -> None:
    kind = getattr(ps.initializers, name)
    layer = ps.layers.Dense(4, 3, weight_initializer=kind(0.5) if name == "Constant" else kind())
    assert layer.settings["weight_initializer"]["name"] == kind.name


def test_lr_is_the_learning_rate() -> None:
    assert ps.optimizers.Adam(lr=0.1) == ps.optimizers.Adam(learning_rate=0.1)
    with pytest.raises(ValueError, match="are the same"):
        ps.optimizers.Adam(0.1, lr=0.1)


def test_an_unknown_setting_says_what_there_is() -> None:
    with pytest.raises(TypeError, match=r"'momentun'.*momentum"):
        ps.optimizers.SGD(momentun=0.9)


def test_a_number_beyond_its_limits_is_named() -> None:
    with pytest.raises(ValueError, match="beta1"):
        model_with(ps.optimizers.Adam(beta1=2.0))


@pytest.mark.parametrize(("kind", "given"), [("optimizer", "adan"), ("loss", "mse2")])
def test_an_unknown_name_lists_the_known_ones(kind: str, given: str) -> None:
    words = {"optimizer": "adam", "loss": "mse"} | {kind: given}
    with pytest.raises(ValueError, match=rf"there is no {kind} '{given}', perhaps .*expected one of"):
        model_with(words["optimizer"], words["loss"])


def test_an_unknown_metric_or_schedule_lists_the_known_ones() -> None:
    with pytest.raises(ValueError, match=r"accuracyy.*expected one of.*accuracy"):
        ps.Model([ps.layers.Dense(1, 1)]).compile("sgd", "mse", metrics=["accuracyy"])
    with pytest.raises(ValueError, match="there is no schedule 'stepp'"):
        ps.optimizers.SGD(schedule="stepp")


def test_a_class_in_place_of_an_object_says_what_to_write() -> None:
    with pytest.raises(TypeError, match=r"write Adam\(\.\.\.\)"):
        model_with(ps.optimizers.Adam)
    with pytest.raises(TypeError, match="optimizer is MSE"):
        model_with(ps.losses.MSE())


def test_weight_groups_have_rates_of_their_own() -> None:
    model = ps.Model([ps.layers.Dense(1, 1, weight_initializer="zeros", bias_initializer="zeros")])
    groups = [{"parameters": ["*.bias"], "learning_rate": 0.0}]
    model.compile(ps.optimizers.SGD(0.5, groups=groups), "mse")
    model.train_on_batch([[1.0]], [[1.0]])
    assert [each.item() for each in model.get_weights()] == [1.0, 0.0]


def test_gradients_are_clipped() -> None:
    model = ps.Model([ps.layers.Dense(1, 1, weight_initializer="zeros", bias_initializer="zeros")])
    model.compile(ps.optimizers.SGD(1.0, clip_value=0.25), "mse")
    model.train_on_batch([[1.0]], [[100.0]])
    assert [each.item() for each in model.get_weights()] == [0.25, 0.25]
    model.compile(ps.optimizers.SGD(1.0, clip_norm=0.5), "mse")
    model.set_weights([[[0.0]], [0.0]])
    model.train_on_batch([[1.0]], [[100.0]])
    assert sum(each.item() ** 2 for each in model.get_weights()) == pytest.approx(0.25)


SCHEDULES: dict[str, tuple[Description, Callable[[Any], Any]]] = {
    "step": (ps.schedules.Step(2, 0.5), lambda o: torch.optim.lr_scheduler.StepLR(o, 2, 0.5)),
    "multistep": (ps.schedules.MultiStep([1, 4]), lambda o: torch.optim.lr_scheduler.MultiStepLR(o, [1, 4])),
    "exponential": (ps.schedules.Exponential(0.9), lambda o: torch.optim.lr_scheduler.ExponentialLR(o, 0.9)),
    "cosine": (ps.schedules.Cosine(5, 0.01), lambda o: torch.optim.lr_scheduler.CosineAnnealingLR(o, 5, 0.01)),
}


@pytest.mark.parametrize("name", SCHEDULES)
def test_a_schedule_changes_the_rate_as_torchs(name: str) -> None:
    ours, make = SCHEDULES[name]
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.1)
    schedule = make(optimizer)
    expected = []
    for _ in range(6):
        expected.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        schedule.step()
    model = model_with(ps.optimizers.SGD(0.1, schedule=ours))
    found = model.fit([[1.0]], [[1.0]], epochs=6, verbose=0).history["learning_rate"]
    assert found == pytest.approx(expected)


def test_one_cycle_goes_by_steps() -> None:
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.1)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 0.5, total_steps=8)
    model = model_with(ps.optimizers.SGD(0.1, schedule=ps.schedules.OneCycle(0.5, 8)))
    for _ in range(7):
        assert model.learning_rate == pytest.approx(optimizer.param_groups[0]["lr"])
        model.train_on_batch([[1.0]], [[1.0]])
        optimizer.step()
        schedule.step()


def test_a_plateau_lowers_the_rate() -> None:
    model = ps.Model([ps.layers.Dense(1, 1, weight_initializer="zeros", bias_initializer="zeros")])
    model.compile(ps.optimizers.SGD(1.0, schedule=ps.schedules.ReduceOnPlateau(factor=0.5, patience=1)), "mse")
    rates = model.fit([[1.0]], [[0.0]], epochs=5, verbose=0).history["learning_rate"]
    assert rates == [1.0, 1.0, 1.0, 0.5, 0.5]


def test_compiling_again_begins_anew_and_keeps_the_parameters() -> None:
    model = model_with(ps.optimizers.Adam(0.1))
    model.train_on_batch([[1.0]], [[2.0]])
    before = [each.tolist() for each in model.get_weights()]
    model.compile(ps.optimizers.SGD(0.1), "mae")
    assert [each.tolist() for each in model.get_weights()] == before
    assert model.learning_rate == 0.1
