"""Models: what they are made of, what they print, their files, and torch's networks."""

import importlib
import json
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy
import penstock as ps
import pytest
import torch


def small_model(dtype: str = "float32", seed: int = 0) -> ps.Model:
    layers = [
        ps.layers.Dense(4, 8, activation="relu"),
        ps.layers.Dropout(0.2),
        ps.layers.Dense(8, 3, activation="softmax"),
    ]
    return ps.Model(layers, dtype=dtype, seed=seed)


def trained_model() -> ps.Model:
    model = small_model()
    model.compile("adam", "cross_entropy", metrics=["accuracy"])
    model.fit(*samples(), epochs=2, verbose=0)
    return model


def samples(count: int = 50) -> tuple[Any, Any]:
    generator = numpy.random.default_rng(1)
    return generator.standard_normal((count, 4)).astype("float32"), generator.integers(0, 3, count)


def words_of(model: ps.Model) -> list[bytes]:
    return [bytes(memoryview(each)) for each in model.get_weights()]


# ---- What it is made of ----


def test_a_seed_decides_the_parameters() -> None:
    assert words_of(small_model(seed=1)) == words_of(small_model(seed=1))
    assert words_of(small_model(seed=1)) != words_of(small_model(seed=2))


def test_a_layer_with_a_seed_of_its_own_keeps_its_parameters() -> None:
    layer = ps.layers.Dense(4, 4, seed=9)
    before = ps.layers.Dense(4, 4, seed=9).weight.tolist()
    model = ps.Model([layer], seed=1)
    assert model.named_parameters()["0.weight"].tolist() == before


def test_a_layer_that_was_changed_keeps_its_parameters() -> None:
    layer = ps.layers.Dense(1, 1)
    layer.set_parameters({"weight": [[7.0]], "bias": [1.0]})
    assert ps.Model([layer]).predict([[1.0]]).tolist() == [[8.0]]


def test_a_layer_of_a_model_shares_its_parameters() -> None:
    model = trained_model()
    assert model.layers[0].weight.tolist() == model.named_parameters()["0.weight"].tolist()


def test_a_layer_takes_the_dtype_of_its_model() -> None:
    model = ps.Model([ps.layers.Sequential(ps.layers.Dense(2, 2), ps.layers.ReLU())], dtype="float64")
    assert model.predict([[1.0, 2.0]]).dtype is ps.float64


def test_a_layer_is_in_one_model() -> None:
    layer = ps.layers.Dense(2, 2)
    ps.Model([layer])
    with pytest.raises(ValueError, match="which is in a model"):
        ps.Model([layer])


def test_what_is_no_layer_is_refused() -> None:
    with pytest.raises(TypeError, match=r"write ReLU\(\.\.\.\)"):
        ps.Model([ps.layers.ReLU])  # type: ignore[list-item] # that is what is shown
    with pytest.raises(TypeError, match="from_torch"):
        ps.Model([torch.nn.ReLU()])  # type: ignore[list-item] # likewise


def test_gradients_are_lent_to_torch_and_may_be_changed() -> None:
    model = ps.Model([ps.layers.Dense(1, 1, weight_initializer="zeros")])
    model.compile(ps.optimizers.SGD(1.0), "mse")
    model.compute_gradients([[1.0]], [[3.0]])
    torch.from_dlpack(model.gradients).zero_()
    before = words_of(model)
    model.apply_gradients()
    assert words_of(model) == before


def test_flat_parameters_are_over_the_models_memory() -> None:
    model = trained_model()
    ps.from_dlpack(model.parameters.detach()).fill_(0.0)
    assert model.named_parameters()["0.weight"].detach().tolist() == [[0.0] * 4] * 8


def test_weights_are_given_and_taken() -> None:
    model, other = small_model(seed=1), small_model(seed=2)
    other.set_weights(model.get_weights())
    assert words_of(model) == words_of(other)


def test_weights_of_another_shape_change_nothing() -> None:
    model = small_model()
    before = words_of(model)
    with pytest.raises(ValueError, match=r"'2.bias' has shape \(3,\), and the values given have \(4,\)"):
        model.set_weights({"0.bias": ps.ones(8), "2.bias": ps.ones(4)})
    with pytest.raises(ValueError, match="1 arrays were given for 4"):
        model.set_weights([ps.ones(8)])
    assert words_of(model) == before


def test_it_is_called_as_a_function_that_records() -> None:
    model = ps.Model([ps.layers.Dense(2, 1), ps.layers.Tanh()])
    x = ps.ones((3, 2))
    assert model(x).requires_grad
    assert model(x).detach().all_close(model.predict(x))


# ---- What it prints ----


def test_a_summary_has_shapes_and_counts() -> None:
    lines: list[str] = []
    small_model().summary(print_fn=lines.append)
    assert lines == [
        "Layer        Output shape  Parameters",
        "-------------------------------------",
        "0 (Dense)    (None, 8)             40",
        "1 (Dropout)  (None, 8)              0",
        "2 (Dense)    (None, 3)             27",
        "-------------------------------------",
        "Parameters: 67 (268 bytes), 67 of them trained",
    ]


def test_a_summary_of_images_knows_shapes_after_the_first_batch() -> None:
    model = ps.Model([ps.layers.Conv2D(1, 2, 3), ps.layers.BatchNorm(2), ps.layers.Flatten()])
    lines: list[str] = []
    model.summary(print_fn=lines.append)
    assert "?" in lines[2]
    model.predict(ps.zeros((1, 1, 6, 6)))
    lines.clear()
    model.summary(print_fn=lines.append)
    assert [line[line.index("(None") :].rpartition(" ")[0].strip() for line in lines[2:5]] == [
        "(None, 2, 4, 4)",
        "(None, 2, 4, 4)",
        "(None, 32)",
    ]
    assert lines[-1] == "Parameters: 28 (112 bytes), 24 of them trained"


def test_a_plan_has_the_operations() -> None:
    model = trained_model()
    plan = model.plan()
    assert plan.steps[0]["inputs"] == [[32, 4]]
    assert plan.arena_nbytes > 0
    assert plan.parameters_nbytes >= 67 * 4
    assert "Operation" in str(plan)
    assert plan._repr_html_().startswith("<table>")


def test_a_plan_of_nothing_seen_asks_for_the_shape() -> None:
    with pytest.raises(ValueError, match="needs the shape of a batch"):
        ps.Model([ps.layers.Flatten()]).plan()


def test_a_profiled_plan_has_times() -> None:
    model = trained_model()
    model.profile()
    model.fit(*samples(), epochs=1, verbose=0)
    assert "Time" in str(model.plan())
    assert "Time" not in str(trained_model().plan())


def test_a_repr_can_be_read() -> None:
    assert repr(ps.Model([ps.layers.ReLU()], dtype="float64", seed=3)) == "Model([ReLU()], dtype='float64', seed=3)"


# ---- Its files ----


@pytest.mark.parametrize("name", ["model.safetensors", "model.npz"])
def test_a_saved_model_predicts_the_same(name: str, tmp_path: Path) -> None:
    model, (x, _) = trained_model(), samples()
    model.save(tmp_path / name)
    loaded = ps.Model.load(tmp_path / name)
    assert loaded.predict(x).equal(model.predict(x), bitwise=True)
    assert [repr(each) for each in loaded.layers] == [
        "Dense(in_features=4, out_features=8, activation='relu')",
        "Dropout(rate=0.2)",
        "Dense(in_features=8, out_features=3, activation='softmax')",
    ]


def test_a_loaded_model_goes_on_as_if_it_had_never_stopped(tmp_path: Path) -> None:
    model = trained_model()
    model.save(tmp_path / "model.safetensors")
    loaded = ps.Model.load(tmp_path / "model.safetensors")
    for each in (model, loaded):
        each.fit(*samples(), epochs=2, verbose=0)
    assert words_of(loaded) == words_of(model)


def test_weights_go_by_files_of_their_own(tmp_path: Path) -> None:
    model, other = trained_model(), small_model(seed=5)
    for name in ("weights.safetensors", "weights.npz"):
        model.save_weights(tmp_path / name)
        other.load_weights(tmp_path / name)
        assert words_of(other) == words_of(model)


def test_weights_of_another_network_are_refused_by_name(tmp_path: Path) -> None:
    ps.Model([ps.layers.Dense(4, 8)]).save_weights(tmp_path / "weights.npz")
    with pytest.raises(ValueError, match=r"no array '2.weight'"):
        small_model().load_weights(tmp_path / "weights.npz")


def test_another_ending_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"\.safetensors or \.npz"):
        small_model().save(tmp_path / "model.h5")
    with pytest.raises(ValueError, match=r"\.safetensors or \.npz"):
        ps.Model.load(tmp_path / "model.pkl")


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"nothing.safetensors"):
        ps.Model.load(tmp_path / "nothing.safetensors")


def cut(data: bytes) -> bytes:
    return data[:-20]


def emptied(_: bytes) -> bytes:
    return b""


def with_long_header(data: bytes) -> bytes:
    return struct.pack("<Q", 2**60) + data[8:]


def with_header(change: Callable[[dict[str, Any]], None]) -> Callable[[bytes], bytes]:
    """A file whose header was changed."""

    def changed(data: bytes) -> bytes:
        (length,) = struct.unpack("<Q", data[:8])
        header = json.loads(data[8 : 8 + length])
        change(header)
        words = json.dumps(header).encode()
        return struct.pack("<Q", len(words)) + words + data[8 + length :]

    return changed


def overlap(header: dict[str, Any]) -> None:
    header["0.weight"]["data_offsets"] = header["2.weight"]["data_offsets"]


def other_dtype(header: dict[str, Any]) -> None:
    header["0.weight"] |= {"dtype": "F64", "shape": [2, 8]}


def other_model(header: dict[str, Any]) -> None:
    header["__metadata__"]["penstock.model"] = header["__metadata__"]["penstock.model"].replace("dense", "tense")


def no_model(header: dict[str, Any]) -> None:
    del header["__metadata__"]["penstock.model"]


DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "cut": cut,
    "header length": with_long_header,
    "overlap": with_header(overlap),
    "dtype": with_header(other_dtype),
    "layers": with_header(other_model),
    "no description": with_header(no_model),
    "empty": emptied,
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_file_is_refused_naming_it(damage: str, tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    trained_model().save(path)
    path.write_bytes(DAMAGES[damage](path.read_bytes()))
    with pytest.raises(ps.DataError, match=r"model\.safetensors"):
        ps.Model.load(path)


def test_an_npz_of_something_else_is_refused(tmp_path: Path) -> None:
    ps.save_npz(tmp_path / "numbers.npz", {"x": ps.zeros(3)})
    with pytest.raises(ps.DataError, match="no saved model"):
        ps.Model.load(tmp_path / "numbers.npz")
    ps.save_npz(tmp_path / "numbers.npz", {"penstock.model": ps.zeros(3, dtype="uint8")})
    with pytest.raises(ps.DataError, match="no JSON"):
        ps.Model.load(tmp_path / "numbers.npz")


# ---- Other libraries ----


def test_an_exported_model_runs_in_onnx_runtime(tmp_path: Path) -> None:
    runtime: Any = importlib.import_module("onnxruntime")
    model, (x, _) = trained_model(), samples()
    model.export_onnx(tmp_path / "model.onnx", (4,))
    session = runtime.InferenceSession(str(tmp_path / "model.onnx"), providers=["CPUExecutionProvider"])
    numpy.testing.assert_allclose(session.run(None, {"input": x})[0], model.predict(x).numpy(), rtol=1e-5, atol=1e-6)


def networks() -> Any:
    return torch.nn.Sequential(torch.nn.Linear(4, 5), torch.nn.BatchNorm1d(5), torch.nn.GELU(), torch.nn.Linear(5, 2))


def test_a_network_goes_from_torch_and_back() -> None:
    network = networks().double().eval()
    x = torch.randn(6, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    model = ps.Model.from_torch(network)
    assert model.dtype is ps.float64
    expected = network(x).detach().numpy()
    numpy.testing.assert_allclose(model.predict(x).numpy(), expected, rtol=1e-12, atol=1e-14)
    numpy.testing.assert_allclose(model.to_torch().eval()(x).detach().numpy(), expected, rtol=1e-12, atol=1e-14)


def test_torchs_weights_come_in_by_name() -> None:
    model, network = ps.Model.from_torch(networks()), networks()
    model.load_torch(network)
    assert model.named_parameters()["3.bias"].tolist() == network[3].bias.tolist()


def test_the_first_of_torchs_parameters_that_differs_is_named() -> None:
    model = ps.Model([ps.layers.Dense(4, 5), ps.layers.Dense(5, 2)])
    before = words_of(model)
    with pytest.raises(ValueError, match=r"'1.weight' has shape \(2, 5\), and Sequential's has \(3, 5\)"):
        model.load_torch(torch.nn.Sequential(torch.nn.Linear(4, 5), torch.nn.Linear(5, 3)))
    with pytest.raises(ValueError, match=r"no parameter '1.weight'"):
        model.load_torch(torch.nn.Sequential(torch.nn.Linear(4, 5), torch.nn.ReLU()))
    assert words_of(model) == before


def test_another_module_than_a_sequential_is_refused() -> None:
    with pytest.raises(ValueError, match=r"expected a torch.nn.Sequential"):
        ps.Model.from_torch(torch.nn.Linear(2, 2))


def test_a_state_dict_in_a_safetensors_file_is_loaded(tmp_path: Path) -> None:
    save: Any = importlib.import_module("safetensors.torch").save_file
    network = networks()
    save(network.state_dict(), tmp_path / "torch.safetensors")
    model = ps.Model.from_torch(networks())
    model.load_weights(tmp_path / "torch.safetensors")
    assert model.named_parameters()["0.weight"].tolist() == network[0].weight.tolist()


def test_accuracy_leaves_out_what_the_loss_ignores() -> None:
    model = ps.Model([ps.layers.Dense(2, 2, weight_initializer=ps.initializers.Constant(0.0))])
    model.layers[0].set_parameters({"bias": [1.0, 0.0]})
    model.compile("sgd", ps.losses.CrossEntropy(ignore_index=-100), metrics=["accuracy"])
    results = model.evaluate(ps.zeros((4, 2)), ps.Tensor([0, -100, 1, -100]), verbose=0, return_dict=True)
    assert results["accuracy"] == 0.5
