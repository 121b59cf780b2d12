"""Layers behind eval(): as torch's, they hand gradients back, of what they compute out of training."""

import warnings
from typing import Any

import numpy
import penstock as ps
import pytest
import torch

DOUBLE = torch.float64


def moved_statistics(module: torch.nn.Module, *shape: int) -> torch.nn.Module:
    """A module of which each batch_norm has seen a batch, and behind eval()."""
    module = module.to(DOUBLE)
    for norm in module.modules():
        if isinstance(norm, torch.nn.BatchNorm1d | torch.nn.BatchNorm2d) and norm.affine:
            norm.weight.data.uniform_(0.5, 2)
            norm.bias.data.uniform_(-1, 1)
    module.train()(torch.randn(*shape, dtype=DOUBLE) * 3 + 1)
    return module.eval()


def network() -> torch.nn.Module:
    return torch.nn.Sequential(
        torch.nn.Conv2d(2, 4, 3),
        torch.nn.BatchNorm2d(4),
        torch.nn.ReLU(),
        torch.nn.Dropout(0.5),
        torch.nn.Flatten(),
        torch.nn.Linear(64, 5),
        torch.nn.BatchNorm1d(5),
        torch.nn.Dropout(0.2),
        torch.nn.GELU(),
        torch.nn.Dropout(0.2),
    )


MODULES: dict[str, tuple[Any, tuple[int, ...]]] = {
    "BatchNorm1d": (lambda: torch.nn.BatchNorm1d(3), (6, 3)),
    "BatchNorm2d": (lambda: torch.nn.BatchNorm2d(3), (4, 3, 5, 2)),
    "BatchNorm2d without weights": (
        lambda: torch.nn.Sequential(torch.nn.BatchNorm2d(3, affine=False), torch.nn.Conv2d(3, 2, 2)),
        (4, 3, 5, 2),
    ),
    "Dropout": (lambda: torch.nn.Sequential(torch.nn.Dropout(0.5), torch.nn.Linear(3, 2)), (4, 3)),
    "Sequential": (network, (4, 2, 6, 6)),
    "Sequential in a Sequential": (
        lambda: torch.nn.Sequential(torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.Dropout(0.5))),
        (4, 3),
    ),
}


def assert_near(found: Any, expected: torch.Tensor, name: str) -> None:
    numpy.testing.assert_allclose(found.numpy(), expected.numpy(), rtol=1e-10, atol=1e-12, err_msg=name)


def assert_as_torch(layer: ps.layers.Layer, module: torch.nn.Module, x: torch.Tensor) -> None:
    """That results and all gradients are those of a torch module with the same parameters."""
    theirs = x.clone().requires_grad_()
    expected = module(theirs)
    weights = torch.randn(expected.shape, dtype=DOUBLE, generator=torch.Generator().manual_seed(1))
    (expected * weights).sum().backward()

    ours = ps.Tensor(x.numpy()).requires_grad_()
    result = layer(ours)
    assert_near(result.detach(), expected.detach(), "result")
    ps.sum(result * ps.Tensor(weights.numpy())).backward()
    assert ours.grad is not None
    assert theirs.grad is not None
    assert_near(ours.grad, theirs.grad, "input")
    found = {name: each.grad for name, each in layer.parameters().items() if each.requires_grad}
    wanted = {name: each.grad for name, each in module.named_parameters()}
    assert found.keys() == wanted.keys()
    for name, gradient in wanted.items():
        assert gradient is not None
        assert_near(found[name], gradient, name)


@pytest.mark.parametrize("name", MODULES)
def test_gradients_behind_eval_are_torchs(name: str) -> None:
    torch.manual_seed(0)
    make, shape = MODULES[name]
    module = moved_statistics(make(), *shape)
    layer = ps.layers.Layer.from_torch(module)
    assert not layer.training
    assert_as_torch(layer, module, torch.randn(*shape, dtype=DOUBLE))


@pytest.mark.parametrize("kind", ["lstm", "gru"])
def test_a_recurrent_layer_between_dropouts_hands_back_torchs_gradients(kind: str) -> None:
    torch.manual_seed(0)

    class Theirs(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            cell = torch.nn.LSTM if kind == "lstm" else torch.nn.GRU
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # that one layer has no use for dropout
                self.cell = cell(3, 4, batch_first=True, dropout=0.5).to(DOUBLE)
            self.before, self.behind = torch.nn.Dropout(0.4), torch.nn.Dropout(0.4)

        def forward(self, x: torch.Tensor) -> Any:
            return self.behind(self.cell(self.before(x))[0])

    module = Theirs().eval()
    cell = ps.layers.LSTM if kind == "lstm" else ps.layers.GRU
    layer = ps.layers.Sequential(
        ps.layers.Dropout(0.4), cell(3, 4, return_sequences=True), ps.layers.Dropout(0.4), dtype="float64"
    )
    layer.set_parameters(
        {f"1.{name.removesuffix('_l0')}": each.detach().numpy() for name, each in module.cell.named_parameters()}
    )
    x = torch.randn(2, 5, 3, dtype=DOUBLE)
    theirs = x.clone().requires_grad_()
    module(theirs).square().sum().backward()
    ours = ps.Tensor(x.numpy()).requires_grad_()
    ps.sum(layer(ours) ** 2).backward()
    assert theirs.grad is not None
    assert_near(ours.grad, theirs.grad, "input")
    for name, each in module.cell.named_parameters():
        assert each.grad is not None
        assert_near(layer.parameters()[f"1.{name.removesuffix('_l0')}"].grad, each.grad, name)


def test_attention_with_dropout_hands_back_torchs_gradients() -> None:
    torch.manual_seed(0)
    module = torch.nn.MultiheadAttention(6, 2, dropout=0.5, batch_first=True).to(DOUBLE).eval()
    layer = ps.layers.MultiHeadAttention(6, 2, dropout=0.5, dtype="float64")
    names = {name: name.replace("out_proj.", "out_proj_") for name, _ in module.named_parameters()}
    layer.set_parameters({names[name]: each.detach().numpy() for name, each in module.named_parameters()})
    x = torch.randn(2, 5, 6, dtype=DOUBLE)
    theirs = x.clone().requires_grad_()
    module(theirs, theirs, theirs)[0].square().sum().backward()
    ours = ps.Tensor(x.numpy()).requires_grad_()
    ps.sum(layer(ours) ** 2).backward()
    assert theirs.grad is not None
    assert_near(ours.grad, theirs.grad, "input")
    for name, each in module.named_parameters():
        assert each.grad is not None
        assert_near(layer.parameters()[names[name]].grad, each.grad, name)


def test_the_way_back_does_not_see_statistics_that_have_moved_since() -> None:
    layer = ps.layers.BatchNorm(1, epsilon=0.0)
    layer.set_parameters({"running_mean": [1.0], "running_var": [4.0]})
    x = ps.Tensor([[3.0], [5.0]]).requires_grad_()
    result = layer(x)
    assert result.tolist() == [[1.0], [2.0]]
    layer.train()(ps.Tensor([[30.0], [50.0]]))
    assert layer.running_mean.tolist() != [1.0]
    layer.set_parameters({"running_var": [9.0]})
    ps.sum(result).backward()
    assert x.grad is not None
    assert x.grad.tolist() == [[0.5], [0.5]]
    assert layer.weight.grad.tolist() == [3.0]


def test_statistics_that_were_set_do_not_stop_the_way_back_in_training() -> None:
    layer = ps.layers.BatchNorm(1).train()
    layer.set_parameters({"running_mean": [1.0]})
    ps.sum(layer(ps.Tensor([[3.0], [5.0]]))).backward()
    assert layer.bias.grad.tolist() == [2.0]


def test_nothing_is_recorded_where_recording_is_off() -> None:
    layer = ps.layers.Sequential(ps.layers.BatchNorm(2), ps.layers.Dropout(0.5))
    with ps.no_grad():
        assert not layer(ps.ones((3, 2))).requires_grad
    assert layer(ps.ones((3, 2))).requires_grad


def test_dropout_of_what_requires_no_gradient_is_not_recorded() -> None:
    assert not ps.layers.Dropout(0.5)(ps.ones((3, 2))).requires_grad
