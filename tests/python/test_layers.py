"""Layers: made with settings, called by themselves, their parameters, and layers of a user's own."""

from typing import Any

import numpy
import penstock as ps
import pytest
import torch
from gradient_checks import assert_gradients
from penstock.layers.layer import KINDS


def numbers(*shape: int) -> Any:
    return ps.Tensor(numpy.random.default_rng(5).standard_normal(shape), dtype="float64")


def engine_kinds() -> set[str]:
    lib: Any = __import__("penstock._native", fromlist=["lib"])
    return {lib.text(lib.lib.ps_layer_kind_name(index)) for index in range(lib.lib.ps_layer_kind_count())}


def test_each_kind_of_the_engine_has_a_class() -> None:
    without_class = {"linear"}  # an activation that does nothing
    assert engine_kinds() - without_class == KINDS.keys()


def test_a_repr_has_the_settings_that_are_not_the_default() -> None:
    assert (
        repr(ps.layers.Conv2D(1, 8, 3, padding=1)) == "Conv2D(in_channels=1, out_channels=8, kernel_size=3, padding=1)"
    )
    assert repr(ps.layers.Sequential(ps.layers.ReLU())) == "Sequential(ReLU())"


def test_settings_have_the_engines_defaults() -> None:
    assert ps.layers.Dense(2, 3).settings["weight_initializer"]["name"] == "fan_in_uniform"


def test_a_wrong_setting_is_named_with_its_limits() -> None:
    with pytest.raises(ValueError, match="dense: in_features is 0: expected a whole number from 1 to"):
        ps.layers.Dense(0, 3)
    with pytest.raises(ValueError, match="rulu"):
        ps.layers.Dense(2, 3, activation="rulu")


def test_a_wrong_input_is_named_with_both_shapes() -> None:
    with pytest.raises(ValueError, match=r"dense.*\(5, 3\).*2"):
        ps.layers.Dense(2, 3)(ps.zeros((5, 3)))


def test_an_input_of_another_dtype_is_refused() -> None:
    with pytest.raises(TypeError, match="float64"):
        ps.layers.Dense(2, 3)(ps.zeros((5, 2), dtype="float64"))


def test_a_network_of_another_dtype_is_refused() -> None:
    with pytest.raises(TypeError, match="float32 or float64"):
        ps.layers.Dense(2, 3, dtype="float16")


def test_an_unknown_parameter_says_which_there_are() -> None:
    with pytest.raises(AttributeError, match=r"'wieght'.*weight.*bias"):
        _ = ps.layers.Dense(2, 3).wieght


def test_the_same_seed_gives_the_same_parameters() -> None:
    first, again, other = (ps.layers.Dense(4, 4, seed=seed).weight.tolist() for seed in (1, 1, 2))
    assert first == again
    assert first != other


def test_layers_without_a_seed_differ() -> None:
    assert ps.layers.Dense(4, 4).weight.tolist() != ps.layers.Dense(4, 4).weight.tolist()


def test_gradients_of_a_layer_are_those_of_differences() -> None:
    layer = ps.layers.Dense(3, 2, activation="tanh", dtype="float64", seed=1)
    assert_gradients(layer, numbers(4, 3).numpy())


def test_backward_fills_the_gradients_of_parameters() -> None:
    layer = ps.layers.Dense(2, 1)
    ps.sum(layer(ps.Tensor([[1.0, 2.0], [3.0, 4.0]]))).backward()
    assert layer.weight.grad is not None
    assert layer.weight.grad.tolist() == [[4.0, 6.0]]
    assert layer.bias.grad.tolist() == [2.0]


def test_dropout_drops_in_training_alone() -> None:
    layer, x = ps.layers.Dropout(0.5, seed=3), ps.ones((1, 1000))
    assert layer(x).tolist() == x.tolist()
    dropped = layer.train()(x)
    assert 400 < ps.count_nonzero(dropped).item() < 600
    assert layer.eval()(x).tolist() == x.tolist()


def test_dropout_draws_anew_at_each_call_and_alike_in_each_run() -> None:
    x = ps.ones((1, 100))
    runs = []
    for _ in range(2):
        layer = ps.layers.Dropout(0.5, seed=3).train()
        runs.append([layer(x).tolist(), layer(x).tolist()])
    assert runs[0] == runs[1]
    assert runs[0][0] != runs[0][1]


def test_batch_normalization_moves_its_statistics_in_training_alone() -> None:
    layer = ps.layers.BatchNorm(2)
    x = ps.Tensor([[1.0, 2.0], [3.0, 6.0]])
    layer(x)
    assert layer.running_mean.tolist() == [0.0, 0.0]
    layer.train()(x)
    assert layer.running_mean.all_close([0.2, 0.4])


def test_a_container_has_the_parameters_of_the_layers_inside() -> None:
    inside = ps.layers.Dense(2, 2, seed=1)
    before = inside.weight.tolist()
    whole = ps.layers.Sequential(inside, ps.layers.ReLU())
    assert whole.parameters()["0.weight"].tolist() == before
    whole.set_parameters({"0.bias": [5.0, 6.0]})
    assert inside.bias.tolist() == [5.0, 6.0]


def test_a_layer_inside_another_is_not_called_by_itself() -> None:
    inside = ps.layers.Dense(2, 2)
    ps.layers.Residual(inside)
    with pytest.raises(ValueError, match="inside a Residual"):
        inside(ps.zeros((1, 2)))


def test_a_residual_adds_and_activates() -> None:
    minus = ps.layers.Dense(2, 2, weight_initializer="zeros", bias_initializer=ps.initializers.Constant(-2))
    assert ps.layers.Residual(minus, activation="relu")([[1.0, 5.0]]).tolist() == [[0.0, 3.0]]


class Scale(ps.layers.Layer):
    """A layer of a user's own."""

    def __init__(self, features: int) -> None:
        super().__init__()
        self.factor = self.add_parameter("factor", ps.ones(features))
        self.dense = ps.layers.Dense(features, features)

    def forward(self, *inputs: Any) -> Any:
        (x,) = inputs
        return self.dense(x * self.factor)


def test_a_layer_of_ones_own_trains_by_backward() -> None:
    layer = Scale(2)
    assert list(layer.parameters()) == ["factor", "dense.weight", "dense.bias"]
    target = ps.Tensor([[1.0, -1.0]])
    losses = []
    for _ in range(50):
        loss = ps.mean((layer([[1.0, 2.0]]) - target) ** 2)
        loss.backward()
        losses.append(loss.item())
        with ps.no_grad():
            for parameter in layer.parameters().values():
                assert parameter.grad is not None
                parameter.copy_(parameter - 0.05 * parameter.grad)
                parameter.grad = None
    assert losses[-1] < 0.01 * losses[0]


def test_a_container_runs_layers_of_ones_own() -> None:
    whole = ps.layers.Sequential(Scale(2), ps.layers.ReLU())
    assert whole(ps.ones((3, 2))).shape == (3, 2)
    assert list(whole.parameters()) == ["0.factor", "0.dense.weight", "0.dense.bias"]


def test_a_model_takes_a_layer_of_ones_own() -> None:  # test_custom_layers.py has the rest
    layer = Scale(2)
    expected = layer(ps.ones((3, 2))).tolist()
    assert ps.Model([layer]).predict(ps.ones((3, 2))).tolist() == expected


def test_a_layer_without_forward_says_so() -> None:
    with pytest.raises(ps.UnavailableError, match=r"has no forward\(\)"):
        ps.layers.Layer()(ps.zeros(1))


TORCHS = {
    "Linear": (torch.nn.Linear(3, 2), (4, 3)),
    "Conv1d": (torch.nn.Conv1d(2, 4, 3, groups=2), (4, 2, 7)),
    "Conv2d": (torch.nn.Conv2d(2, 4, (3, 2), padding="same"), (4, 2, 7, 7)),
    "ConvTranspose2d": (torch.nn.ConvTranspose2d(2, 4, 3, stride=2, output_padding=1), (4, 2, 5, 5)),
    "MaxPool2d": (torch.nn.MaxPool2d(3, 2, 1, ceil_mode=True), (4, 2, 6, 6)),
    "AvgPool2d": (torch.nn.AvgPool2d(2), (4, 2, 6, 6)),
    "BatchNorm2d": (torch.nn.BatchNorm2d(2).eval(), (4, 2, 6, 6)),
    "LayerNorm": (torch.nn.LayerNorm([2, 3], bias=False), (4, 2, 3)),
    "RMSNorm": (torch.nn.RMSNorm(3), (4, 3)),
    "Flatten": (torch.nn.Flatten(), (4, 2, 3)),
    "Unflatten": (torch.nn.Unflatten(1, (2, 3)), (4, 6)),
    "GELU": (torch.nn.GELU("tanh"), (4, 6)),
    "Softmax": (torch.nn.Softmax(1), (4, 6, 2)),
    "Softplus": (torch.nn.Softplus(2.0, 5.0), (4, 6)),
    "Sequential": (torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.ELU(0.5)), (4, 3)),
}


@pytest.mark.parametrize("name", TORCHS)
def test_a_layer_goes_from_torch_and_back(name: str) -> None:
    module, shape = TORCHS[name]
    x = torch.randn(shape, generator=torch.Generator().manual_seed(1))
    expected = module(x).detach().numpy()
    layer = ps.layers.Layer.from_torch(module)
    numpy.testing.assert_allclose(layer(x).detach().numpy(), expected, rtol=1e-5, atol=1e-6)
    numpy.testing.assert_allclose(layer.to_torch().eval()(x).detach().numpy(), expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("kind", [torch.nn.LSTM, torch.nn.GRU])
def test_a_recurrent_layer_goes_from_torch_and_back(kind: Any) -> None:
    module, x = kind(3, 4, batch_first=True), torch.randn(2, 5, 3, generator=torch.Generator().manual_seed(1))
    expected = module(x)[0].detach().numpy()
    layer = ps.layers.Layer.from_torch(module)
    numpy.testing.assert_allclose(layer(x).detach().numpy(), expected, rtol=1e-5, atol=1e-6)
    numpy.testing.assert_allclose(layer.to_torch()(x)[0].detach().numpy(), expected, rtol=1e-5, atol=1e-6)


def test_attention_goes_from_torch_and_back() -> None:
    module = torch.nn.MultiheadAttention(8, 2, batch_first=True)
    q, k = (torch.randn(2, length, 8, generator=torch.Generator().manual_seed(length)) for length in (4, 5))
    expected = module(q, k, k)[0].detach().numpy()
    layer = ps.layers.Layer.from_torch(module)
    numpy.testing.assert_allclose(layer(q, k, k).detach().numpy(), expected, rtol=1e-5, atol=1e-6)
    numpy.testing.assert_allclose(layer.to_torch()(q, k, k)[0].detach().numpy(), expected, rtol=1e-5, atol=1e-6)


def test_what_torch_has_alone_is_refused_by_name() -> None:
    with pytest.raises(ps.UnavailableError, match="Bilinear has no counterpart"):
        ps.layers.Layer.from_torch(torch.nn.Bilinear(2, 2, 2))
    with pytest.raises(ps.UnavailableError, match=r"bidirectional|one direction"):
        ps.layers.Layer.from_torch(torch.nn.LSTM(2, 2, batch_first=True, bidirectional=True))


@pytest.mark.parametrize("layer", [ps.layers.GELU(), ps.layers.Dropout(0.5), ps.layers.Flatten()], ids=repr)
def test_each_call_gives_memory_of_its_own(layer: ps.layers.Layer) -> None:
    x = ps.ones((64, 64))
    with ps.no_grad():
        first, second = layer(x), layer(x)
    before = second.tolist()
    first += 1
    assert second.tolist() == before
    assert x.tolist() == ps.ones((64, 64)).tolist()
    assert first.tolist() == (second + 1).tolist()
