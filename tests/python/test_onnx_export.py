"""Exported networks, run by ONNX Runtime, give what torch or NumPy compute from the same settings and parameters."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import penstock
import pytest
import torch
from penstock.onnx_export import Node, Outline, export_layers, write_onnx
from torch.nn import functional

Parameters = dict[str, Any]
RANDOM = np.random.default_rng(20260101)


def drawn(*shape: int) -> Any:
    return RANDOM.standard_normal(shape).astype("float32")


def session_of(path: Path) -> Any:
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])


def run_exported(path: Path, layers: Any, x: Any, dtype: str = "float32", input_shape: Any = None) -> Any:
    write_onnx(path, *export_layers(layers, x.shape[1:] if input_shape is None else input_shape, dtype))
    return session_of(path).run(None, {"input": x})[0]


def expect_same(path: Path, layer: Any, x: Any, expected: Any, tolerance: float = 2e-5) -> None:
    """Also of a batch of another size, by the same file, since each sample stands for itself."""
    out = run_exported(path, [layer], x)
    wanted = np.asarray(expected.detach() if isinstance(expected, torch.Tensor) else expected)
    assert out.shape == wanted.shape
    assert x.dtype in (out.dtype, np.int64)
    np.testing.assert_allclose(out, wanted, rtol=tolerance, atol=tolerance)
    session = session_of(path)
    np.testing.assert_allclose(session.run(None, {"input": x[:1]})[0], wanted[:1], rtol=tolerance, atol=tolerance)
    declared = session.get_outputs()[0].shape
    assert declared == ["batch", *wanted.shape[1:]]


def parameters_of(module: torch.nn.Module) -> Parameters:
    return {name: tensor.detach().numpy() for name, tensor in module.state_dict().items() if tensor.ndim > 0}


ACTIVATIONS: dict[str, Callable[[torch.Tensor], torch.Tensor]] = {
    "relu": functional.relu,
    "sigmoid": torch.sigmoid,
    "tanh": torch.tanh,
    "gelu": functional.gelu,
    "silu": functional.silu,
    "mish": functional.mish,
    "elu": functional.elu,
    "leaky_relu": functional.leaky_relu,
    "softplus": functional.softplus,
    "softmax": lambda x: functional.softmax(x, -1),
    "log_softmax": lambda x: functional.log_softmax(x, -1),
    "linear": lambda x: x,
}


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_activations_as_layers_and_behind_a_dense_layer(name: str, tmp_path: Path) -> None:
    x = 4 * drawn(5, 7)
    x[0, :2] = [-50, 50]
    expect_same(tmp_path / "a.onnx", (name, {}, {}), x, ACTIVATIONS[name](torch.from_numpy(x)))
    module = torch.nn.Linear(7, 4)
    settings = {"in_features": 7, "out_features": 4, "activation": name}
    expected = ACTIVATIONS[name](module(torch.from_numpy(x)))
    expect_same(tmp_path / "b.onnx", ("dense", settings, parameters_of(module)), x, expected)


def test_activations_with_settings_of_their_own(tmp_path: Path) -> None:
    x = 4 * drawn(5, 7)
    given = torch.from_numpy(x)
    cases: list[tuple[dict[str, Any], torch.Tensor]] = [
        ({"name": "gelu", "approximate": "tanh"}, functional.gelu(given, approximate="tanh")),
        ({"name": "elu", "alpha": 0.3}, functional.elu(given, 0.3)),
        ({"name": "leaky_relu", "negative_slope": 0.2}, functional.leaky_relu(given, 0.2)),
        ({"name": "softplus", "beta": 2.0, "threshold": 1.0}, functional.softplus(given, 2.0, 1.0)),
    ]
    for settings, expected in cases:
        own = {key: value for key, value in settings.items() if key != "name"}
        expect_same(tmp_path / "a.onnx", (settings["name"], own, {}), x, expected)
        dense = {"in_features": 7, "out_features": 7, "use_bias": False, "activation": settings}
        expect_same(tmp_path / "b.onnx", ("dense", dense, {"weight": np.eye(7, dtype="float32")}), x, expected)


def test_softmax_runs_along_another_axis(tmp_path: Path) -> None:
    x = drawn(2, 3, 4)
    expect_same(tmp_path / "a.onnx", ("softmax", {"axis": 1}, {}), x, functional.softmax(torch.from_numpy(x), 1))


@pytest.mark.parametrize("use_bias", [True, False])
@pytest.mark.parametrize("shape", [(5, 7), (5, 3, 7), (5, 2, 3, 7)])
def test_dense_works_along_the_last_axis(shape: tuple[int, ...], use_bias: bool, tmp_path: Path) -> None:
    module = torch.nn.Linear(7, 4, bias=use_bias)
    x = drawn(*shape)
    settings = {"in_features": 7, "out_features": 4, "use_bias": use_bias, "activation": None}
    expect_same(tmp_path / "a.onnx", ("dense", settings, parameters_of(module)), x, module(torch.from_numpy(x)))


CONVOLUTIONS: list[tuple[str, dict[str, Any], tuple[int, ...]]] = [
    ("conv_1d", {"kernel_size": 3}, (4, 9)),
    ("conv_1d", {"kernel_size": 4, "padding": "same", "dilation": 2, "groups": 2}, (4, 9)),
    ("conv_1d", {"kernel_size": [3], "stride": [2], "padding": [1], "use_bias": False}, (4, 9)),
    ("conv_2d", {"kernel_size": 3}, (4, 8, 9)),
    ("conv_2d", {"kernel_size": [2, 3], "stride": [3, 2], "padding": [1, 2], "dilation": [1, 2]}, (4, 8, 9)),
    ("conv_2d", {"kernel_size": [4, 3], "padding": "same", "groups": 4}, (4, 8, 9)),
    ("conv_transpose_2d", {"kernel_size": 3}, (4, 5, 6)),
    (
        "conv_transpose_2d",
        {"kernel_size": [2, 3], "stride": 3, "padding": [0, 1], "output_padding": [1, 2], "dilation": 2, "groups": 2},
        (4, 5, 6),
    ),
]


@pytest.mark.parametrize(("kind", "settings", "shape"), CONVOLUTIONS)
def test_convolutions(kind: str, settings: dict[str, Any], shape: tuple[int, ...], tmp_path: Path) -> None:
    made = {"conv_1d": torch.nn.Conv1d, "conv_2d": torch.nn.Conv2d, "conv_transpose_2d": torch.nn.ConvTranspose2d}
    forms = {key: tuple(value) if isinstance(value, list) else value for key, value in settings.items()}
    module = made[kind](4, 8, bias=forms.pop("use_bias", True), **forms)
    x = drawn(3, *shape)
    whole = {"in_channels": 4, "out_channels": 8, "activation": "relu", **settings}
    expected = torch.relu(module(torch.from_numpy(x)))
    expect_same(tmp_path / "a.onnx", (kind, whole, parameters_of(module)), x, expected)


def test_a_convolutions_softmax_runs_over_the_channels(tmp_path: Path) -> None:
    module = torch.nn.Conv2d(2, 3, 1)
    x = drawn(2, 2, 4, 5)
    settings = {"in_channels": 2, "out_channels": 3, "kernel_size": 1, "activation": "softmax"}
    expected = functional.softmax(module(torch.from_numpy(x)), 1)
    expect_same(tmp_path / "a.onnx", ("conv_2d", settings, parameters_of(module)), x, expected)


POOLS: list[dict[str, Any]] = [
    {"kernel_size": 2},
    {"kernel_size": 3, "stride": 2, "padding": 1},
    {"kernel_size": [3, 2], "stride": [2, 3], "padding": [1, 0]},
    {"kernel_size": 3, "stride": 2, "ceil_mode": True},
    {"kernel_size": [2, 3], "stride": 3, "padding": [1, 1], "ceil_mode": True},
    {"kernel_size": 2, "stride": 5, "padding": 1, "ceil_mode": True},
]


@pytest.mark.parametrize("settings", POOLS)
@pytest.mark.parametrize("size", [(7, 8), (8, 9), (10, 11)])
def test_pools(settings: dict[str, Any], size: tuple[int, int], tmp_path: Path) -> None:
    x = drawn(2, 3, *size)
    given = torch.from_numpy(x)
    forms: dict[str, Any] = {key: tuple(value) if isinstance(value, list) else value for key, value in settings.items()}
    expect_same(tmp_path / "m.onnx", ("max_pool_2d", settings, {}), x, torch.nn.MaxPool2d(**forms)(given))
    for counts in (True, False):
        pool = torch.nn.AvgPool2d(**forms, count_include_pad=counts)
        whole = {**settings, "count_include_pad": counts}
        expect_same(tmp_path / "a.onnx", ("avg_pool_2d", whole, {}), x, pool(given))


@pytest.mark.parametrize(
    "settings", [{"stride": 1}, {"stride": 3, "padding": 1, "ceil_mode": True}, {"stride": 5, "ceil_mode": True}]
)
def test_max_pools_with_dilation(settings: dict[str, Any], tmp_path: Path) -> None:
    x = drawn(2, 3, 9, 10)
    whole = {"kernel_size": 2, "dilation": 4, **settings}
    expect_same(tmp_path / "m.onnx", ("max_pool_2d", whole, {}), x, torch.nn.MaxPool2d(**whole)(torch.from_numpy(x)))


def test_the_global_pool_gives_one_number_a_channel(tmp_path: Path) -> None:
    x = drawn(2, 3, 4, 5)
    expect_same(tmp_path / "a.onnx", ("global_avg_pool_2d", {}, {}), x, x.mean((2, 3)))


@pytest.mark.parametrize("shape", [(6, 5), (6, 5, 4), (6, 5, 3, 4)])
@pytest.mark.parametrize("affine", [True, False])
def test_batch_norm_predicts_by_its_running_statistics(shape: tuple[int, ...], affine: bool, tmp_path: Path) -> None:
    x = drawn(*shape)
    parameters = {"running_mean": drawn(5), "running_var": drawn(5) ** 2}
    if affine:
        parameters |= {"weight": drawn(5), "bias": drawn(5)}
    tensors: Parameters = {name: torch.from_numpy(value) for name, value in parameters.items()}
    expected = functional.batch_norm(torch.from_numpy(x), **tensors, eps=0.01)
    settings = {"features": 5, "epsilon": 0.01, "momentum": 0.1, "affine": affine}
    expect_same(tmp_path / "a.onnx", ("batch_norm", settings, parameters), x, expected)


@pytest.mark.parametrize("shape", [[4], [3, 4]])
@pytest.mark.parametrize("affine", [True, False])
def test_norms_of_the_last_axes(shape: list[int], affine: bool, tmp_path: Path) -> None:
    x = drawn(5, 3, 4)
    given = torch.from_numpy(x)
    weight, bias = drawn(*shape), drawn(*shape)
    settings: dict[str, Any] = {"shape": shape, "epsilon": 0.01, "affine": affine}
    parameters = {"weight": weight, "bias": bias} if affine else {}
    tensors: Parameters = {name: torch.from_numpy(value) for name, value in parameters.items()}
    expected = functional.layer_norm(given, shape, **tensors, eps=0.01)
    expect_same(tmp_path / "a.onnx", ("layer_norm", settings, parameters), x, expected)
    tensors.pop("bias", None)
    expected = functional.layer_norm(given, shape, **tensors)
    whole = {**settings, "use_bias": False, "epsilon": None}
    expect_same(tmp_path / "b.onnx", ("layer_norm", whole, parameters), x, expected)
    parameters.pop("bias", None)
    expected = functional.rms_norm(given, shape, **tensors, eps=0.01)
    expect_same(tmp_path / "c.onnx", ("rms_norm", settings, parameters), x, expected)
    expected = functional.rms_norm(given, shape, **tensors)
    expect_same(tmp_path / "d.onnx", ("rms_norm", {**settings, "epsilon": None}, parameters), x, expected)


def test_shapes_change_without_touching_elements(tmp_path: Path) -> None:
    x = drawn(5, 3, 4)
    expect_same(tmp_path / "a.onnx", ("flatten", {}, {}), x, x.reshape(5, 12))
    expect_same(tmp_path / "b.onnx", ("reshape", {"shape": [2, -1]}, {}), x, x.reshape(5, 2, 6))
    expect_same(tmp_path / "c.onnx", ("reshape", {"shape": [12]}, {}), x, x.reshape(5, 12))
    expect_same(tmp_path / "d.onnx", ("dropout", {"rate": 0.5}, {}), x, x)


def test_embedding_reads_whole_numbers(tmp_path: Path) -> None:
    table = drawn(10, 4)
    x = RANDOM.integers(0, 10, (5, 3))
    layer = ("embedding", {"count": 10, "features": 4}, {"weight": table})
    expect_same(tmp_path / "a.onnx", layer, x, table[x])
    inside = {"layers": [{"kind": "embedding", "settings": layer[1]}, {"kind": "flatten", "settings": {}}]}
    expect_same(tmp_path / "b.onnx", ("sequential", inside, {"0.weight": table}), x, table[x].reshape(5, 12))


@pytest.mark.parametrize("kind", ["lstm", "gru"])
@pytest.mark.parametrize("use_bias", [True, False])
@pytest.mark.parametrize("return_sequences", [True, False])
@pytest.mark.parametrize("reverse", [True, False])
def test_recurrent_layers(kind: str, use_bias: bool, return_sequences: bool, reverse: bool, tmp_path: Path) -> None:
    module = {"lstm": torch.nn.LSTM, "gru": torch.nn.GRU}[kind](3, 5, bias=use_bias, batch_first=True)
    x = drawn(4, 6, 3)
    given = torch.from_numpy(x)
    steps = module(given.flip(1))[0].flip(1) if reverse else module(given)[0]
    expected = steps if return_sequences else steps[:, 0 if reverse else -1]
    parameters = {name.removesuffix("_l0"): value for name, value in parameters_of(module).items()}
    settings = {
        "in_features": 3,
        "units": 5,
        "use_bias": use_bias,
        "return_sequences": return_sequences,
        "reverse": reverse,
    }
    expect_same(tmp_path / "a.onnx", (kind, settings, parameters), x, expected)


@pytest.mark.parametrize("causal", [True, False])
@pytest.mark.parametrize("use_bias", [True, False])
def test_attention_of_a_sequence_to_itself(causal: bool, use_bias: bool, tmp_path: Path) -> None:
    module = torch.nn.MultiheadAttention(8, 2, bias=use_bias, batch_first=True)
    for parameter in module.parameters():
        torch.nn.init.normal_(parameter)
    x = drawn(3, 5, 8)
    given = torch.from_numpy(x)
    mask = torch.triu(torch.ones(5, 5, dtype=torch.bool), 1) if causal else None
    expected = module(given, given, given, attn_mask=mask, need_weights=False)[0]
    parameters = {name.replace(".", "_"): value for name, value in parameters_of(module).items()}
    settings = {"features": 8, "heads": 2, "use_bias": use_bias, "causal": causal}
    expect_same(tmp_path / "a.onnx", ("multi_head_attention", settings, parameters), x, expected)


def test_sequences_of_any_length(tmp_path: Path) -> None:
    """One file serves each number of steps, where the shape leaves it open."""
    attention, lstm = torch.nn.MultiheadAttention(8, 2, batch_first=True), torch.nn.LSTM(8, 4, batch_first=True)
    layers = [
        (
            "multi_head_attention",
            {"features": 8, "heads": 2, "causal": True},
            {name.replace(".", "_"): value for name, value in parameters_of(attention).items()},
        ),
        (
            "lstm",
            {"in_features": 8, "units": 4},
            {name.removesuffix("_l0"): value for name, value in parameters_of(lstm).items()},
        ),
    ]
    path = tmp_path / "a.onnx"
    write_onnx(path, *export_layers(layers, (None, 8)))
    session = session_of(path)
    for steps in (1, 4, 9):
        x = drawn(2, steps, 8)
        given = torch.from_numpy(x)
        mask = torch.triu(torch.ones(steps, steps, dtype=torch.bool), 1)
        expected = lstm(attention(given, given, given, attn_mask=mask, need_weights=False)[0])[0][:, -1]
        np.testing.assert_allclose(session.run(None, {"input": x})[0], expected.detach(), rtol=1e-5, atol=1e-5)


def test_layers_inside_of_layers(tmp_path: Path) -> None:
    first, second = torch.nn.Linear(6, 6), torch.nn.Linear(6, 6)
    dense = {"in_features": 6, "out_features": 6}
    inner = {"layers": [{"kind": "dense", "settings": dense}, {"kind": "tanh", "settings": {}}]}
    added = {**inner, "activation": "relu"}
    outer = {"layers": [{"kind": "residual", "settings": added}, {"kind": "dense", "settings": dense}]}
    parameters = {f"0.0.{name}": value for name, value in parameters_of(first).items()}
    parameters |= {f"1.{name}": value for name, value in parameters_of(second).items()}
    x = drawn(5, 6)
    given = torch.from_numpy(x)
    expected = second(torch.relu(given + torch.tanh(first(given))))
    expect_same(tmp_path / "a.onnx", ("sequential", outer, parameters), x, expected)


def test_float64_and_parameters_of_other_libraries(tmp_path: Path) -> None:
    weight, bias = RANDOM.standard_normal((4, 7)), RANDOM.standard_normal(4)
    settings = {"in_features": 7, "out_features": 4, "activation": "tanh"}
    x = RANDOM.standard_normal((5, 7))
    parameters = {"weight": penstock.Tensor(weight), "bias": torch.from_numpy(bias)}
    out = run_exported(tmp_path / "a.onnx", [("dense", settings, parameters)], x, "float64")
    assert out.dtype == np.float64
    np.testing.assert_allclose(out, np.tanh(x @ weight.T + bias), rtol=1e-14)


def test_a_layer_that_has_no_form_is_named_with_its_place() -> None:
    dense = ("dense", {"in_features": 2, "out_features": 3}, {"weight": drawn(3, 2)})
    with pytest.raises(penstock.InvalidArgumentError, match=r"layer 1 \(unheard_of\) cannot be exported"):
        export_layers([("relu", {}, {}), ("unheard_of", {}, {})], (2,))
    with pytest.raises(
        penstock.InvalidArgumentError, match=r"layer 0 \(dense\).*parameter bias is missing: there are weight"
    ):
        export_layers([dense], (2,))
    with pytest.raises(penstock.InvalidArgumentError, match=r"parameter weight has shape \(3, 2\): expected \(3, 9\)"):
        export_layers([("dense", {**dense[1], "in_features": 9}, dense[2])], (9,))
    with pytest.raises(penstock.InvalidArgumentError, match=r"activation 'steep' is not one of elu, gelu"):
        export_layers([("dense", {**dense[1], "use_bias": False, "activation": "steep"}, dense[2])], (2,))
    with pytest.raises(penstock.InvalidArgumentError, match=r"settings {'alpha': 2}"):
        export_layers([("relu", {"alpha": 2}, {})], (2,))
    with pytest.raises(penstock.InvalidArgumentError, match=r"layer 0 \(sequential\), layer 0 \(far\)"):
        export_layers([("sequential", {"layers": [{"kind": "far"}]}, {})], (2,))
    with pytest.raises(penstock.InvalidArgumentError, match="must be known"):
        export_layers([("max_pool_2d", {"kernel_size": 2, "ceil_mode": True}, {})], (3, None, None))
    with pytest.raises(TypeError, match="dtype is int32: expected float32 or float64"):
        export_layers([], (2,), "int32")


def test_a_file_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "a.onnx"
    path.write_text("before")
    half = np.zeros(2, "complex64")
    with pytest.raises(penstock.TypeMismatchError, match="complex64 has no place in an ONNX file"):
        write_onnx(path, [], {"weight": half}, [], [])
    with pytest.raises(OSError, match="nowhere"):
        write_onnx(tmp_path / "nowhere" / "a.onnx", [], {}, [], [])
    assert path.read_text() == "before"
    assert [each.name for each in tmp_path.iterdir()] == ["a.onnx"]
    write_onnx(
        path, [Node("Neg", ["x"], ["y"])], {}, [Outline("x", "float32", [2])], [Outline("y", "float32", ["any"])]
    )
    assert session_of(path).run(None, {"x": np.ones(2, "float32")})[0].tolist() == [-1, -1]
