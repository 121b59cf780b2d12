"""Callbacks: what they are called with, what they do, and runs that go on where they were killed."""

import csv
import json
import struct
import warnings
from pathlib import Path
from typing import Any

import children
import numpy
import penstock as ps
import pytest
from penstock.callbacks.event_files import crc32c


def samples(count: int = 50) -> tuple[Any, Any]:
    generator = numpy.random.default_rng(1)
    return generator.standard_normal((count, 4)).astype("float32"), generator.integers(0, 3, count)


def small_model(optimizer: Any = None) -> ps.Model:
    layers = [
        ps.layers.Dense(4, 8),
        ps.layers.BatchNorm(8),
        ps.layers.ReLU(),
        ps.layers.Dropout(0.3),
        ps.layers.Dense(8, 3),
    ]
    model = ps.Model(layers, seed=2)
    model.compile(optimizer or ps.optimizers.Adam(0.01), "cross_entropy", metrics=["accuracy"])
    return model


def words_of(model: ps.Model) -> list[bytes]:
    return [bytes(memoryview(each)) for each in model.get_weights()]


class Noting(ps.callbacks.Callback):
    """Writes down how it is called."""

    def __init__(self) -> None:
        self.calls: list[str] = []

    def on_train_begin(self, logs: Any) -> None:
        self.calls.append("train")

    def on_epoch_begin(self, epoch: int, logs: Any) -> None:
        self.calls.append(f"epoch {epoch}")

    def on_batch_begin(self, batch: int, logs: Any) -> None:
        self.calls.append(f"batch {batch}")

    def on_train_batch_end(self, batch: int, logs: Any) -> None:
        self.calls.append(f"batch {batch} over, {sorted(logs)}")

    def on_test_begin(self, logs: Any) -> None:
        self.calls.append("test")

    def on_test_end(self, logs: Any) -> None:
        self.calls.append(f"test over, {sorted(logs)}")

    def on_epoch_end(self, epoch: int, logs: Any) -> None:
        self.calls.append(f"epoch {epoch} over, {sorted(logs)}")

    def on_train_end(self, logs: Any) -> None:
        self.calls.append("train over")


def test_a_callback_is_called_in_order() -> None:
    noting, (x, y) = Noting(), samples(6)
    small_model().fit(x, y, batch_size=3, validation_data=(x, y), callbacks=[noting], verbose=0)
    assert noting.params == {"epochs": 1, "steps": 2, "batch_size": 3}
    figures = "['accuracy', 'loss']"
    assert noting.calls == [
        "train", "epoch 0", "batch 0", f"batch 0 over, {figures}", "batch 1", f"batch 1 over, {figures}", "test",
        f"test over, {figures}", "epoch 0 over, ['accuracy', 'learning_rate', 'loss', 'val_accuracy', 'val_loss']",
        "train over",
    ]  # fmt: skip


def test_what_is_no_callback_is_refused() -> None:
    with pytest.raises(TypeError, match="make one of the class"):
        small_model().fit(*samples(), callbacks=[ps.callbacks.TerminateOnNaN], verbose=0)  # type: ignore[list-item]
    with pytest.raises(TypeError, match="takes no 'on_epoch_ende'"):
        ps.callbacks.LambdaCallback(on_epoch_ende=print)


class Feeding(ps.callbacks.Callback):
    """Says what the figures of each epoch are."""

    def __init__(self, values: list[float]) -> None:
        self.values = values

    def on_epoch_end(self, epoch: int, logs: Any) -> None:
        logs["figure"] = self.values[epoch]


def stopped_at(values: list[float], **settings: Any) -> int:
    stop = ps.callbacks.EarlyStopping("figure", **settings)
    history = small_model().fit(*samples(8), epochs=len(values), callbacks=[Feeding(values), stop], verbose=0)
    return len(history.epoch)


def test_early_stopping_waits_for_patience() -> None:
    assert stopped_at([5, 4, 4, 4, 3, 3, 3], patience=2) == 4
    assert stopped_at([5, 4, 4, 4, 3, 3, 3], patience=3) == 7
    assert stopped_at([1, 2, 3, 3, 3], patience=1, mode="max") == 4
    assert stopped_at([5.0, 4.95, 4.9, 4.0], patience=2, min_delta=0.5) == 3


def test_early_stopping_goes_by_the_figures_name() -> None:
    stop = ps.callbacks.EarlyStopping("val_accuracy")
    assert stop._watch.is_rising
    assert not ps.callbacks.EarlyStopping("val_loss")._watch.is_rising
    with pytest.raises(ValueError, match="mode is 'up'"):
        ps.callbacks.EarlyStopping(mode="up")


def test_early_stopping_restores_the_best_weights() -> None:
    model, kept = small_model(), {}

    class Keep(ps.callbacks.Callback):
        def on_epoch_end(self, epoch: int, logs: Any) -> None:
            kept[epoch] = words_of(self.model)

    stop = ps.callbacks.EarlyStopping("figure", patience=2, restore_best_weights=True)
    model.fit(*samples(), epochs=9, callbacks=[Feeding([3, 1, 2, 2, 2]), Keep(), stop], verbose=0)
    assert (stop.best_epoch, stop.stopped_epoch) == (1, 3)
    assert words_of(model) == kept[1]


def test_a_figure_that_is_not_there_is_warned_of() -> None:
    with pytest.warns(UserWarning, match=r"watches 'val_los': there are only loss, accuracy"):
        small_model().fit(*samples(), callbacks=[ps.callbacks.EarlyStopping("val_los")], verbose=0)


def test_the_learning_rate_follows_a_function_and_a_plateau() -> None:
    model = small_model(ps.optimizers.SGD(0.5))
    halve = ps.callbacks.LearningRateScheduler(lambda epoch, rate: rate / 2 if epoch else rate)
    assert model.fit(*samples(), epochs=3, callbacks=[halve], verbose=0).history["learning_rate"] == [0.5, 0.25, 0.125]
    plateau = ps.callbacks.ReduceLROnPlateau("figure", factor=0.5, patience=2, cooldown=1, minimum=0.1)
    feeding = Feeding([1, 1, 1, 1, 1, 1, 1, 1])
    model = small_model(ps.optimizers.SGD(0.5))
    rates = model.fit(*samples(), epochs=8, callbacks=[feeding, plateau], verbose=0).history["learning_rate"]
    assert rates == [0.5, 0.5, 0.5, 0.25, 0.25, 0.125, 0.125, 0.1]


def test_nan_ends_the_training_behind_its_batch() -> None:
    x, y = samples()
    x[15] = numpy.nan
    model = small_model()
    model.compile("sgd", "cross_entropy", on_nan="ignore")
    model.fit(x, y, epochs=3, batch_size=10, shuffle=False, callbacks=[ps.callbacks.TerminateOnNaN()], verbose=0)
    assert model.step == 2


# ---- Tables and event files ----


def test_a_table_has_a_line_an_epoch(tmp_path: Path) -> None:
    path = tmp_path / "new" / "log.csv"
    history = small_model().fit(*samples(), epochs=2, callbacks=[ps.callbacks.CSVLogger(path)], verbose=0)
    rows = list(csv.DictReader(path.open()))
    assert [row["epoch"] for row in rows] == ["0", "1"]
    assert [float(row["loss"]) for row in rows] == history.history["loss"]
    small_model().fit(*samples(), callbacks=[ps.callbacks.CSVLogger(path, append=True)], verbose=0)
    assert len(list(csv.DictReader(path.open()))) == 3


def fields(data: bytes) -> list[tuple[int, Any]]:
    """The fields of a message of protocol buffers: an independent reader."""

    def varint(at: int) -> tuple[int, int]:
        value = shift = 0
        while True:
            value |= (data[at] & 0x7F) << shift
            at, shift = at + 1, shift + 7
            if data[at - 1] < 0x80:
                return value, at

    found: list[tuple[int, Any]] = []
    value: Any
    at = 0
    while at < len(data):
        key, at = varint(at)
        if key & 7 == 0:
            value, at = varint(at)
        elif key & 7 == 2:
            length, at = varint(at)
            value, at = data[at : at + length], at + length
        else:
            form = {1: "<d", 5: "<f"}[key & 7]
            value = struct.unpack_from(form, data, at)[0]
            at += struct.calcsize(form)
        found.append((key >> 3, value))
    return found


def records(path: Path) -> list[bytes]:
    """The records of a TFRecord file, whose checksums are right."""
    data, found = path.read_bytes(), []
    while data:
        (length,) = struct.unpack("<Q", data[:8])
        for part, checksum in ((data[:8], data[8:12]), (data[12 : 12 + length], data[12 + length : 16 + length])):
            value = crc32c(part)
            assert struct.unpack("<I", checksum)[0] == ((value >> 15 | value << 17) + 0xA282EAD8) % 2**32
        found.append(data[12 : 12 + length])
        data = data[16 + length :]
    return found


def scalars(path: Path) -> dict[str, list[tuple[int, float]]]:
    """The numbers of an event file by tag, with their steps."""
    found: dict[str, list[tuple[int, float]]] = {}
    for record in records(path)[1:]:
        event = dict(fields(record))
        for _, value in fields(event[5]):
            parts = dict(fields(value))
            found.setdefault(parts[1].decode(), []).append((event.get(2, 0), parts[2]))
    return found


def test_the_checksum_is_castagnolis() -> None:
    assert crc32c(b"123456789") == 0xE3069283  # the check value of CRC-32C in the catalogue of its parameters


def test_event_files_have_the_figures(tmp_path: Path) -> None:
    x, y = samples()
    board = ps.callbacks.TensorBoard(tmp_path, update_freq=2)
    history = small_model().fit(x, y, epochs=3, validation_data=(x, y), callbacks=[board], verbose=0)
    (train,), (validation,) = (list((tmp_path / name).iterdir()) for name in ("train", "validation"))
    assert dict(fields(records(train)[0]))[3] == b"brain.Event:2"
    found = scalars(train)
    assert [step for step, _ in found["epoch_loss"]] == [0, 1, 2]
    assert [value for _, value in found["epoch_loss"]] == pytest.approx(history.history["loss"], rel=1e-6)
    assert [step for step, _ in found["batch_loss"]] == [2, 4, 6]
    values = [value for _, value in scalars(validation)["epoch_accuracy"]]
    assert values == pytest.approx(history.history["val_accuracy"], rel=1e-6)


# ---- Checkpoints ----


def test_checkpoints_have_figures_in_their_names(tmp_path: Path) -> None:
    save = ps.callbacks.ModelCheckpoint(tmp_path / "at{epoch:02}-{loss:.1f}.safetensors")
    history = small_model().fit(*samples(), epochs=2, callbacks=[save], verbose=0)
    expected = [f"at{epoch + 1:02}-{loss:.1f}.safetensors" for epoch, loss in enumerate(history.history["loss"])]
    assert sorted(path.name for path in tmp_path.iterdir()) == expected


def test_an_unknown_field_says_which_there_are(tmp_path: Path) -> None:
    save = ps.callbacks.ModelCheckpoint(tmp_path / "{val_los}.safetensors")
    with pytest.raises(ValueError, match="its fields are epoch, batch, loss, accuracy"):
        small_model().fit(*samples(), callbacks=[save], verbose=0)


def test_the_best_alone_is_saved_where_that_was_asked_for(tmp_path: Path) -> None:
    save = ps.callbacks.ModelCheckpoint(tmp_path / "{epoch}.safetensors", monitor="figure", save_best_only=True)
    small_model().fit(*samples(), epochs=4, callbacks=[Feeding([3, 4, 2, 5]), save], verbose=0)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["1.safetensors", "3.safetensors"]


class Killed(BaseException):
    """What stands for a process that ends."""


class KillAt(ps.callbacks.Callback):
    """Ends a run in the middle."""

    def __init__(self, step: int | None) -> None:
        self.at_step = step

    def on_batch_begin(self, batch: int, logs: Any) -> None:
        if self.model.step == self.at_step:
            raise Killed


def run(folder: Path, kill_at: int | None, **more: Any) -> tuple[ps.Model, Any]:
    """Trains for some epochs of seven batches, with all that has a state; a checkpoint every three batches."""
    model = more.pop("model", None) or small_model(
        ps.optimizers.Adam(0.01, schedule=ps.schedules.WarmUp(10, then=ps.schedules.Exponential(0.9)))
    )
    callbacks = [
        ps.callbacks.EarlyStopping("loss", patience=10, restore_best_weights=True),
        ps.callbacks.ReduceLROnPlateau("loss", patience=2, min_delta=0.5),
        ps.callbacks.CSVLogger(folder / "log.csv"),
        KillAt(kill_at),
        ps.callbacks.ModelCheckpoint(folder / "last.safetensors", every=more.pop("every", 3)),
    ]
    data = more.pop("data", samples())
    history = model.fit(*data, epochs=6, batch_size=8, validation_split=more.pop("split", 0.0), callbacks=callbacks,
                        verbose=0, **more)  # fmt: skip
    return model, history


@pytest.mark.parametrize("kill_at", [5, 14, 22, 30, 41])
@pytest.mark.parametrize("way", ["resume", "load"])
def test_a_run_that_was_killed_ends_as_one_that_was_not(kill_at: int, way: str, tmp_path: Path) -> None:
    (tmp_path / "whole").mkdir()
    expected, history = run(tmp_path / "whole", None)
    with pytest.raises(Killed):
        run(tmp_path, kill_at)
    if way == "resume":
        model, found = run(tmp_path, None, resume=tmp_path / "last.safetensors")
    else:
        model, found = run(tmp_path, None, model=ps.Model.load(tmp_path / "last.safetensors"))
    assert words_of(model) == words_of(expected)
    assert found.history == history.history
    assert found.epoch == history.epoch
    assert (tmp_path / "log.csv").read_text() == (tmp_path / "whole" / "log.csv").read_text()
    assert model.step == expected.step


def test_a_run_that_was_killed_behind_an_epoch_goes_on_with_validation(tmp_path: Path) -> None:
    (tmp_path / "whole").mkdir()
    expected, history = run(tmp_path / "whole", None, every="epoch", split=0.2)
    with pytest.raises(Killed):
        run(tmp_path, 13, every="epoch", split=0.2)
    model, found = run(tmp_path, None, every="epoch", split=0.2, resume=tmp_path / "last.safetensors")
    assert words_of(model) == words_of(expected)
    assert found.history == history.history


def test_a_run_over_batches_goes_on(tmp_path: Path) -> None:
    x, y = samples()
    batches = [(x[start : start + 8], y[start : start + 8]) for start in range(0, 50, 8)]
    (tmp_path / "whole").mkdir()
    expected, _ = run(tmp_path / "whole", None, data=(batches,))
    with pytest.raises(Killed):
        run(tmp_path, 25, data=(batches,))
    model, _ = run(tmp_path, None, data=(batches,), resume=tmp_path / "last.safetensors")
    assert words_of(model) == words_of(expected)


def test_a_run_over_a_loader_goes_on(tmp_path: Path) -> None:
    x, y = samples()
    numpy.savez(tmp_path / "train.npz", x=x, y=y)
    options = ps.LoaderOptions().with_batch_size(8).shuffle(True, seed=3)

    def loader() -> Any:
        return ps.loader.open(tmp_path / "train.npz", options, fields=["x", "y"])

    (tmp_path / "whole").mkdir()
    expected, _ = run(tmp_path / "whole", None, data=(loader(),))
    with pytest.raises(Killed):
        run(tmp_path, 25, data=(loader(),))
    model, _ = run(tmp_path, None, data=(loader(),), resume=tmp_path / "last.safetensors")
    assert words_of(model) == words_of(expected)


def test_a_run_that_was_stopped_early_does_not_go_on(tmp_path: Path) -> None:
    def stopped(**more: Any) -> Any:
        callbacks = [Feeding([1.0] * 9), ps.callbacks.EarlyStopping("figure", patience=2),
                     ps.callbacks.ModelCheckpoint(tmp_path / "last.safetensors")]  # fmt: skip
        return small_model().fit(*samples(), epochs=9, callbacks=callbacks, verbose=0, **more)

    assert stopped().epoch == stopped(resume=tmp_path / "last.safetensors").epoch == [0, 1, 2]


def test_a_loaded_model_may_begin_anew(tmp_path: Path) -> None:
    with pytest.raises(Killed):
        run(tmp_path, 30)
    model = ps.Model.load(tmp_path / "last.safetensors")
    assert model.fit(*samples(), epochs=2, resume=False, verbose=0).epoch == [0, 1]


def test_a_run_with_other_callbacks_or_layers_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Killed):
        run(tmp_path, 30)
    path = tmp_path / "last.safetensors"
    with pytest.raises(ps.DataError, match="callbacks"):
        ps.Model.load(path).fit(*samples(), epochs=6, verbose=0)
    other = ps.Model([ps.layers.Dense(4, 3)])
    other.compile("adam", "cross_entropy")
    with pytest.raises(ValueError, match=r"layer|training|optimizer"):
        other.fit(*samples(), resume=path, verbose=0)
    with pytest.raises(FileNotFoundError):
        small_model().fit(*samples(), resume=tmp_path / "nothing.safetensors", verbose=0)


def test_a_position_of_somebody_else_is_refused(tmp_path: Path) -> None:
    model = small_model()
    model._position = json.dumps({"place": 3})
    with pytest.raises(ps.DataError, match="position"):
        model.fit(*samples(), verbose=0)


def test_a_killed_process_goes_on(tmp_path: Path) -> None:
    program = f"""
        import os, pathlib, numpy, penstock as ps
        path = pathlib.Path({str(tmp_path)!r}, "last.safetensors")
        generator = numpy.random.default_rng(1)
        x, y = generator.standard_normal((64, 4)).astype("float32"), generator.integers(0, 3, 64)

        def train(killed, resume=None):
            model = ps.Model([ps.layers.Dense(4, 8, activation="relu"), ps.layers.Dropout(0.2), ps.layers.Dense(8, 3)])
            model.compile("adam", "cross_entropy")
            kill = ps.callbacks.LambdaCallback(
                on_batch_begin=lambda batch, logs: os._exit(0) if killed and model.step == 13 else None)
            save = ps.callbacks.ModelCheckpoint(path, every=4)
            model.fit(x, y, epochs=4, batch_size=8, callbacks=[kill, save], verbose=0, resume=resume)
            return model
    """
    children.run(program + "\n        train(True)")
    compared = """
        resumed = train(False, resume=path).get_weights()
        whole = train(False).get_weights()
        print(all(each.equal(other, bitwise=True) for each, other in zip(resumed, whole)))
    """
    assert children.run(program + compared) == "True\n"


def test_warnings_are_none_where_all_is_well() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        small_model().fit(*samples(), callbacks=[ps.callbacks.EarlyStopping("loss")], verbose=0)
