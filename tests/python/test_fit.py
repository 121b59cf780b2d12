"""Model.fit(), evaluate() and predict(): what they take, what they give, how they end."""

import io
import signal
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import children
import numpy
import penstock as ps
import pytest
import torch
from penstock.training.progress import Progress, clock, short_time


def samples(count: int = 50) -> tuple[Any, Any]:
    generator = numpy.random.default_rng(1)
    x = generator.standard_normal((count, 4)).astype("float32")
    return x, (x @ numpy.array([1.0, -2.0, 0.5, 3.0], "float32") > 0).astype("int64")


def small_model(seed: int = 0, optimizer: Any = "adam", on_nan: str = "raise") -> ps.Model:
    model = ps.Model(
        [ps.layers.Dense(4, 8, activation="relu"), ps.layers.Dropout(0.1), ps.layers.Dense(8, 2)], seed=seed
    )
    model.compile(optimizer, "cross_entropy", metrics=["accuracy"], on_nan=on_nan)
    return model


def words_of(model: ps.Model) -> list[bytes]:
    return [bytes(memoryview(each)) for each in model.get_weights()]


def zero_model(loss: str = "mse") -> ps.Model:
    model = ps.Model([ps.layers.Dense(1, 1, weight_initializer="zeros", bias_initializer="zeros")])
    model.compile(ps.optimizers.SGD(0.0), loss)
    return model


# ---- Arrays ----


def test_history_has_a_list_for_each_figure() -> None:
    x, y = samples()
    history = small_model().fit(x, y, epochs=3, validation_data=(x, y), verbose=0)
    assert history.epoch == [0, 1, 2]
    assert list(history.history) == ["loss", "accuracy", "val_loss", "val_accuracy", "learning_rate"]
    assert {len(values) for values in history.history.values()} == {3}


def test_it_learns() -> None:
    x, y = samples(400)
    history = small_model(optimizer=ps.optimizers.Adam(0.01)).fit(x, y, epochs=20, verbose=0)
    assert history.history["accuracy"][-1] > 0.95


def test_a_seed_makes_runs_equal() -> None:
    runs = [small_model(seed=4) for _ in range(2)]
    figures = [each.fit(*samples(), epochs=3, verbose=0).history for each in runs]
    assert figures[0] == figures[1]
    assert words_of(runs[0]) == words_of(runs[1])


def test_the_number_of_threads_changes_no_bit() -> None:
    results = []
    try:
        for threads in (1, 2):
            ps.set_num_threads(threads)
            model = small_model()
            model.fit(*samples(), epochs=2, verbose=0)
            results.append(words_of(model))
    finally:
        ps.set_num_threads(0)
    assert results[0] == results[1]


@pytest.mark.parametrize("kind", ["lists", "torch", "strided", "float64", "int32 labels"])
def test_arrays_of_any_kind_train_alike(kind: str) -> None:
    x, y = samples()
    given: dict[str, tuple[Any, Any]] = {
        "lists": (x.astype("float64").tolist(), y.tolist()),
        "torch": (torch.from_numpy(x), torch.from_numpy(y)),
        "strided": (numpy.repeat(x, 2, axis=0)[::2], numpy.repeat(y, 3)[::3]),
        "float64": (x.astype("float64"), y),
        "int32 labels": (x, y.astype("int32")),
    }
    expected, model = small_model(), small_model()
    expected.fit(x, y, epochs=2, verbose=0)
    model.fit(*given[kind], epochs=2, verbose=0)
    assert words_of(model) == words_of(expected)


def test_lists_keep_the_digits_of_a_model_of_float64() -> None:
    model = ps.Model([ps.layers.ReLU()], dtype="float64")
    assert model.predict([[0.1]]).tolist() == [[0.1]]


def test_shuffling_takes_the_models_order() -> None:
    x, y = numpy.arange(10.0, dtype="float32").reshape(10, 1), numpy.zeros((10, 1), "float32")
    seen = {True: zero_model(), False: zero_model()}
    losses: dict[bool, list[float]] = {True: [], False: []}
    for shuffle, model in seen.items():
        watch = ps.callbacks.LambdaCallback(on_batch_end=lambda batch, logs: losses[shuffle].append(logs["loss"]))
        model.layers[0].set_parameters({"weight": [[1.0]]})
        model.fit(x, y, batch_size=1, shuffle=shuffle, callbacks=[watch], verbose=0)
    means = [sum(each**2 for each in range(count)) / count for count in range(1, 11)]
    assert losses[False] == pytest.approx(means)
    assert losses[True] != pytest.approx(means)
    assert losses[True][-1] == pytest.approx(means[-1])


def test_the_last_batch_may_be_smaller_and_a_batch_larger_than_the_data() -> None:
    x, y = samples(10)
    sizes = []
    for batch_size in (4, 64):
        model = small_model()
        model.fit(x, y, batch_size=batch_size, verbose=0)
        sizes.append(model.step)
    assert sizes == [3, 1]


def test_epochs_count_from_initial_epoch() -> None:
    history = small_model().fit(*samples(), epochs=5, initial_epoch=3, verbose=0)
    assert history.epoch == [3, 4]


def test_fit_again_goes_on() -> None:
    model = small_model()
    model.fit(*samples(), epochs=2, verbose=0)
    model.fit(*samples(), epochs=3, verbose=0)
    assert model.epoch == 5


def test_steps_per_epoch_ends_an_epoch() -> None:
    model = small_model()
    model.fit(*samples(), epochs=2, batch_size=10, steps_per_epoch=3, verbose=0)
    assert model.step == 6


def test_validation_split_takes_the_last_rows() -> None:
    x = numpy.arange(10.0, dtype="float32").reshape(10, 1)
    history = zero_model().fit(x, x, validation_split=0.2, verbose=0)
    assert history.history["loss"] == pytest.approx([sum(each**2 for each in range(8)) / 8])
    assert history.history["val_loss"] == pytest.approx([(64 + 81) / 2])


def test_sample_weights_multiply_each_samples_loss() -> None:
    x, y = numpy.zeros((4, 1), "float32"), numpy.array([[1.0], [2.0], [3.0], [4.0]], "float32")
    weights = numpy.array([1.0, 0.0, 2.0, 0.0])
    found = zero_model().fit(x, y, sample_weight=weights, verbose=0).history["loss"][0]
    assert found == pytest.approx((1 + 2 * 9) / 4)


def test_class_weights_are_those_of_the_targets_classes() -> None:
    x, y = samples(12)
    by_class, by_sample, one_hot = small_model(), small_model(), small_model()
    by_class.fit(x, y, class_weight={0: 3.0}, verbose=0)
    by_sample.fit(x, y, sample_weight=numpy.where(y == 0, 3.0, 1.0), verbose=0)
    assert words_of(by_class) == words_of(by_sample)
    one_hot.fit(x, numpy.eye(2, dtype="float32")[y], class_weight={0: 3.0}, verbose=0)
    for mine, expected in zip(one_hot.get_weights(), by_sample.get_weights(), strict=True):
        assert mine.all_close(expected, relative=1e-4, absolute=1e-6)


# ---- Batches ----


def in_batches(size: int = 10) -> list[tuple[Any, Any]]:
    x, y = samples()
    return [(x[start : start + size], y[start : start + size]) for start in range(0, len(x), size)]


def test_an_iterable_of_batches_is_as_arrays_in_order() -> None:
    expected, model = small_model(), small_model()
    expected.fit(*samples(), epochs=2, batch_size=10, shuffle=False, verbose=0)
    model.fit(in_batches(), epochs=2, validation_data=in_batches(), verbose=0)
    assert words_of(model) == words_of(expected)


def test_batches_have_weights_and_names() -> None:
    x, y = samples(10)
    weights = numpy.linspace(0, 1, 10)
    models = [small_model() for _ in range(3)]
    models[0].fit(x, y, sample_weight=weights, shuffle=False, verbose=0)
    models[1].fit([(x, y, weights)], verbose=0)
    models[2].fit([{"x": x, "y": y, "weights": weights}], verbose=0)
    assert words_of(models[0]) == words_of(models[1]) == words_of(models[2])


def test_torchs_loader_gives_batches() -> None:
    x, y = (torch.from_numpy(each) for each in samples())
    data: Any = torch.utils.data.DataLoader(torch.utils.data.TensorDataset(x, y), batch_size=10)
    expected, model = small_model(), small_model()
    expected.fit(in_batches(), verbose=0)
    model.fit(data, verbose=0)
    assert words_of(model) == words_of(expected)


def test_penstocks_loader_gives_batches(tmp_path: Path) -> None:
    x, y = samples()
    numpy.savez(tmp_path / "train.npz", x=x, y=y)
    model = small_model()
    with ps.loader.open(tmp_path / "train.npz", {"batch_size": 8}, fields=["x", "y"]) as batches:
        history = model.fit(batches, epochs=2, verbose=0)
        model.evaluate(batches, verbose=0)
    assert (model.step, len(history.epoch)) == (14, 2)


def test_a_generator_goes_on_over_epochs() -> None:
    def forever() -> Iterator[tuple[Any, Any]]:
        while True:
            yield from in_batches()

    model = small_model()
    model.fit(forever(), epochs=3, steps_per_epoch=2, verbose=0)
    assert model.step == 6


def test_a_generator_that_is_used_up_says_what_to_give() -> None:
    model = small_model()
    with pytest.raises(ValueError, match="gives its batches once"):
        model.fit(iter(in_batches()), epochs=2, verbose=0)
    assert model.epoch == 1
    assert len(model.history.epoch) == 1


def test_what_is_no_batch_says_what_is_expected() -> None:
    x, y = samples(4)
    with pytest.raises(TypeError, match=r"batch 0 is a tuple of 1: expected \(x, y\)"):
        small_model().fit([(x,)], verbose=0)
    with pytest.raises(ValueError, match=r"batch 0 has the fields 'image', 'label'.*fields="):
        small_model().fit([{"image": x, "label": y}], verbose=0)
    with pytest.raises(ValueError, match="y is missing"):
        small_model().fit(x, verbose=0)


# ---- Evaluating and predicting ----


def test_figures_are_a_number_a_list_or_a_dict() -> None:
    x, y = samples()
    model = small_model()
    figures = model.evaluate(x, y, batch_size=7, verbose=0)
    assert isinstance(figures, list)
    assert model.evaluate(x, y, batch_size=7, verbose=0, return_dict=True) == dict(
        zip(["loss", "accuracy"], figures, strict=True)
    )
    assert isinstance(zero_model().evaluate([[1.0]], [[1.0]], verbose=0), float)


def test_evaluating_is_a_mean_over_samples_not_batches() -> None:
    x = numpy.arange(5.0, dtype="float32").reshape(5, 1)
    assert zero_model().evaluate(x, x, batch_size=2, verbose=0) == pytest.approx(30 / 5)


def test_predictions_are_probabilities_and_the_loss_takes_logits() -> None:
    x, y = samples()
    model = ps.Model([ps.layers.Dense(4, 2, activation="softmax")])
    model.compile("sgd", "cross_entropy")
    probabilities = model.predict(x).numpy()
    numpy.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-5)
    expected = -numpy.log(probabilities[numpy.arange(len(y)), y]).mean()
    assert model.evaluate(x, y, verbose=0) == pytest.approx(float(expected), rel=1e-5)


def test_predict_takes_batches() -> None:
    model, (x, _) = small_model(), samples()
    expected = model.predict(x, batch_size=10)
    assert model.predict(in_batches()).equal(expected)
    assert model.predict([batch for batch, _ in in_batches()]).equal(expected)
    assert model.predict_on_batch(x).all_close(expected)


def test_train_on_batch_is_a_step_of_fit() -> None:
    by_hand, by_fit = small_model(), small_model()
    for x, y in in_batches():
        by_hand.train_on_batch(x, y)
    by_fit.fit(in_batches(), verbose=0)
    assert words_of(by_hand) == words_of(by_fit)


def test_train_on_batch_gives_the_batchs_own_figures() -> None:
    model = zero_model()
    assert model.train_on_batch([[0.0]], [[1.0]]) == 1.0
    assert model.train_on_batch([[0.0]], [[2.0]]) == 4.0
    assert model.test_on_batch([[0.0]], [[2.0], [4.0]][:1], return_dict=True) == {"loss": 4.0}
    assert model.test_on_batch([[0.0]], [[4.0]], reset_metrics=False) == 10.0


# ---- What can go wrong ----


def test_shapes_that_do_not_fit_are_both_named() -> None:
    with pytest.raises(ValueError, match=r"\(10, 5\)|\(32, 5\)|5.*4"):
        small_model().fit(numpy.zeros((10, 5), "float32"), numpy.zeros(10, "int64"), verbose=0)
    with pytest.raises(ValueError, match="x has 10 rows and y has 9 rows"):
        small_model().fit(numpy.zeros((10, 4)), numpy.zeros(9, "int64"), verbose=0)


def test_a_dtype_that_does_not_convert_is_named() -> None:
    with pytest.raises(TypeError, match="complex64"):
        small_model().fit(ps.zeros((10, 4), dtype="complex64"), numpy.zeros(10, "int64"), verbose=0)


def test_a_label_out_of_range_is_named_with_its_place() -> None:
    x, y = samples()
    y[7] = 5
    model = small_model()
    before = words_of(model)
    with pytest.raises(IndexError, match=r"5.*7|7.*5"):
        model.fit(x, y, batch_size=64, shuffle=False, verbose=0)
    assert words_of(model) == before


def test_a_loss_that_is_not_finite_raises_and_changes_nothing() -> None:
    x, y = samples()
    x[20] = numpy.nan
    model = small_model()
    before = words_of(model)
    with pytest.raises(ValueError, match=r"(?i)nan"):
        model.fit(x, y, batch_size=64, verbose=0)
    assert words_of(model) == before


def test_a_loss_that_is_not_finite_stops_where_that_was_asked_for() -> None:
    x, y = samples()
    x[20] = numpy.nan
    model = small_model(on_nan="stop")
    before = words_of(model)
    history = model.fit(x, y, batch_size=64, epochs=5, verbose=0)
    assert len(history.epoch) == 1
    assert words_of(model) == before


def test_a_loss_that_is_not_finite_may_be_ignored() -> None:
    x, y = samples()
    x[20] = numpy.nan
    assert len(small_model(on_nan="ignore").fit(x, y, epochs=2, verbose=0).epoch) == 2
    with pytest.raises(ValueError, match="on_nan"):
        small_model(on_nan="shrug")


def test_no_data_is_said() -> None:
    with pytest.raises(ValueError, match=r"no data: x has shape \(0, 4\)"):
        small_model().fit(numpy.zeros((0, 4), "float32"), numpy.zeros(0, "int64"), verbose=0)
    with pytest.raises(ValueError, match="gave no batch"):
        small_model().fit([], verbose=0)


def test_predicting_nothing_gives_nothing() -> None:
    assert small_model().predict(numpy.zeros((0, 4), "float32")).shape == (0, 2)


def test_predicting_without_layers_says_so() -> None:
    with pytest.raises(ValueError, match="layer"):
        ps.Model().predict([[1.0]])


def test_training_before_compile_says_what_to_call() -> None:
    model = ps.Model([ps.layers.Dense(4, 2)])
    with pytest.raises(ValueError, match=r"compile\("):
        model.fit(*samples(), verbose=0)
    with pytest.raises(ValueError, match="compile"):
        model.train_on_batch(*samples())
    with pytest.raises(ValueError, match="needs a loss"):
        model.compile("adam")


def test_wrong_numbers_are_named() -> None:
    x, y = samples()
    with pytest.raises(ValueError, match="batch_size is 0"):
        small_model().fit(x, y, batch_size=0, verbose=0)
    with pytest.raises(ValueError, match="epochs is -1"):
        small_model().fit(x, y, epochs=-1, verbose=0)
    with pytest.raises(ValueError, match=r"validation_split is 1.5"):
        small_model().fit(x, y, validation_split=1.5, verbose=0)
    with pytest.raises(ValueError, match="verbose is 7"):
        small_model().fit(x, y, verbose=7)
    with pytest.raises(ValueError, match="class_weight has -1"):
        small_model().fit(x, y, class_weight={-1: 2.0}, verbose=0)


# ---- Ctrl-C ----


class PressCtrlC(ps.callbacks.Callback):
    """Presses Ctrl-C in the middle of a batch."""

    def __init__(self, batch: int) -> None:
        self.batch = batch

    def on_batch_begin(self, batch: int, logs: Any) -> None:
        if self.model.step == self.batch:
            signal.raise_signal(signal.SIGINT)


def test_ctrl_c_ends_between_batches_and_the_model_goes_on() -> None:
    model, expected = small_model(), small_model()
    with pytest.raises(KeyboardInterrupt):
        model.fit(*samples(), epochs=5, batch_size=10, callbacks=[PressCtrlC(7)], verbose=0)
    assert (model.step, model.history.epoch) == (8, [0])
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    with pytest.raises(KeyboardInterrupt):
        expected.fit(*samples(), epochs=5, batch_size=10, callbacks=[PressCtrlC(7)], verbose=0)
    assert words_of(model) == words_of(expected)
    model.fit(*samples(), epochs=1, verbose=0)
    model.predict(samples()[0])


def test_a_killed_program_leaves_whole_files() -> None:
    print_lines = children.run(
        """
        import os, signal, threading, time, numpy, penstock as ps
        model = ps.Model([ps.layers.Dense(4, 2)])
        model.compile("sgd", "cross_entropy")
        threading.Timer(0.3, lambda: os.kill(os.getpid(), signal.SIGINT)).start()
        try:
            model.fit(numpy.zeros((1000, 4), "float32"), numpy.zeros(1000, "int64"), epochs=10**9, verbose=0)
        except KeyboardInterrupt:
            print("stopped", model.step > 0, len(model.history.epoch) <= model.epoch)
        """
    )
    assert print_lines == "stopped True True\n"


def test_fit_runs_on_other_threads() -> None:
    model = small_model()
    thread = threading.Thread(target=lambda: model.fit(*samples(), verbose=0))
    thread.start()
    thread.join()
    assert model.epoch == 1


@pytest.mark.usefixtures("nothing_stays")
def test_training_and_a_failure_in_it_leave_no_memory_behind() -> None:
    model, (x, y) = small_model(), samples()
    model.fit(x, y, epochs=2, validation_split=0.2, verbose=0)
    with pytest.raises(IndexError):
        model.fit(x, y + 7, verbose=0)
    model.fit(in_batches(), verbose=0)
    del model


# ---- What is shown ----


class Terminal(io.StringIO):
    """What a terminal would be sent."""

    def isatty(self) -> bool:
        return True


def test_a_line_an_epoch_where_it_is_no_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    small_model().fit(*samples(), epochs=2, validation_split=0.2)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 2
    assert lines[0].startswith("Epoch 1/2 - ")
    for word in ("/step", "loss: ", "accuracy: ", "val_accuracy: "):
        assert word in lines[1]


def test_a_bar_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stdout", terminal)
    small_model().fit(*samples(), epochs=2)
    shown = terminal.getvalue()
    assert "Epoch 2/2\n" in shown
    assert "2/2 [====================]" in shown
    assert "ETA" in shown
    assert shown.endswith("\n")


def test_nothing_where_that_was_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    small_model().fit(*samples(), verbose=0)
    assert capsys.readouterr() == ("", "")


def test_times_are_short() -> None:
    assert [short_time(each) for each in (2.5, 0.0025, 25e-6)] == ["2.5s", "2.5ms", "25us"]
    assert [clock(each) for each in (5, 65, 3661)] == ["0:05", "1:05", "1:01:01"]
    assert not Progress(0, 1, 1).wants_batches
