"""Devices: their names, what is known of them, and each thread's default."""

import pickle
import threading
from typing import Any

import penstock
import pytest
from penstock import devices


@pytest.mark.parametrize(
    ("name", "kind", "number", "full_name"), [("cpu", "cpu", 0, "cpu"), ("cuda", "cuda", 0, "cuda:0"),
                                              ("cuda:3", "cuda", 3, "cuda:3")],
)  # fmt: skip
def test_a_device_is_made_of_its_name(name: str, kind: str, number: int, full_name: str) -> None:
    device = penstock.Device(name)
    assert (device.kind, device.id, device.name, str(device)) == (kind, number, full_name, full_name)


@pytest.mark.parametrize("name", ["", "gpu", "cuda:", "cuda:-1", "cuda:x", "CPU", "cpu ", " cuda:0"])
def test_what_names_no_device_is_a_value_error(name: str) -> None:
    with pytest.raises(ValueError, match="is no device: expected 'cpu', 'cuda' or 'cuda:'"):
        penstock.Device(name)


@pytest.mark.parametrize("wanted", [1, 2.0, b"cpu", ("cpu", 0)])
def test_what_is_no_name_of_a_device_is_a_value_error(wanted: Any) -> None:
    with pytest.raises(ValueError, match="is no device"):
        penstock.zeros(3, device=wanted)


def test_a_device_equals_its_name_and_hashes_like_it() -> None:
    device = penstock.Device("cuda:1")
    assert device == "cuda:1" == device.name
    assert device == penstock.Device("cuda:1")
    assert device != "cuda:0"
    assert device != "nonsense"
    assert {"cuda:1": 5}[device] == 5  # type: ignore[index]


def test_the_repr_makes_the_device_again() -> None:
    assert repr(penstock.Device("cuda")) == "Device('cuda:0')"


def test_a_device_can_be_pickled() -> None:
    assert pickle.loads(pickle.dumps(penstock.Device("cuda:1"))) == "cuda:1"


def test_the_cpu_is_there_with_its_memory() -> None:
    cpu = penstock.get_devices()[0]
    assert (cpu.name, cpu.kind, cpu.compute_capability) == ("cpu", "cpu", None)
    assert 0.1 < cpu.memory_gb < 1e6
    assert cpu.numbers == (1, 0)


def test_the_memory_of_a_gpu_without_a_plug_in_is_unavailable() -> None:
    with pytest.raises(penstock.UnavailableError, match="cuda:0"):
        _ = penstock.Device("cuda:0").memory_gb


# ---- The default ----


def test_each_thread_starts_on_the_cpu() -> None:
    seen = []
    thread = threading.Thread(target=lambda: seen.append(penstock.get_device()))
    thread.start()
    thread.join()
    assert seen == ["cpu"]


def test_a_default_that_is_not_there_is_unavailable_and_changes_nothing() -> None:
    with pytest.raises(penstock.UnavailableError, match="cuda:0"):
        penstock.set_device("cuda:0")
    assert penstock.get_device() == "cpu"


def test_a_context_with_a_device_that_is_not_there_is_unavailable_and_changes_nothing() -> None:
    with pytest.raises(penstock.UnavailableError, match="cuda:0"), penstock.device("cuda:0"):
        pytest.fail("the body of the context ran")
    assert penstock.get_device() == "cpu"


def test_a_context_gives_its_device_and_may_be_entered_again() -> None:
    context = penstock.device(penstock.Device("cpu"))
    with context as outer, context as inner:
        assert outer == inner == penstock.get_device() == "cpu"


def test_a_context_puts_back_what_was_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    set_to: list[penstock.Device] = []
    monkeypatch.setattr(devices, "set_device", set_to.append)  # one that is not there could not be seen otherwise
    monkeypatch.setattr(devices, "get_device", lambda: penstock.Device("cuda:7"))
    with penstock.device("cuda:1"):
        assert set_to == ["cuda:1"]
    assert set_to == ["cuda:1", "cuda:7"]


def test_a_context_lets_exceptions_through() -> None:
    with pytest.raises(KeyError), penstock.device("cpu"):
        raise KeyError("mine")


def test_set_device_takes_a_device() -> None:
    penstock.set_device(device=penstock.Device("cpu"))
    assert penstock.zeros(1).device == "cpu"
