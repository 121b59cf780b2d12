"""What a user's program may write, each public name used once: mypy --strict must know the type of all of it.

tests/python/test_typing.py checks that nothing is left out, has mypy read this file, and runs it.
"""

import base64
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, assert_type

import numpy as np
import penstock
from penstock import image, loader


def make_tensors() -> None:
    """The functions that make tensors."""
    assert_type(penstock.Tensor([[1.0, 2.0]], dtype="float64", device="cpu", alignment=64), penstock.Tensor)
    assert_type(penstock.Tensor((2, 2), [1, 2, 3, 4]), penstock.Tensor)
    assert_type(penstock.empty((2, 3), dtype=penstock.int8), penstock.Tensor)
    assert_type(penstock.zeros(3, device=penstock.Device("cpu")), penstock.Tensor)
    assert_type(penstock.ones([2, 3], dtype="int32", pinned=False), penstock.Tensor)
    assert_type(penstock.full(3, 2.5), penstock.Tensor)
    assert_type(penstock.arange(0, 1, 0.25), penstock.Tensor)


def share_memory(array: Any) -> None:
    """What lends and borrows memory."""
    assert_type(penstock.from_numpy(array), penstock.Tensor)
    tensor = penstock.from_dlpack(array, device="cpu", copy=None)
    assert_type(tensor, penstock.Tensor)
    capsule = penstock.create_dlpack_capsule(tensor.data_ptr, tensor.shape, "float32", 1, 0, owner=tensor)
    penstock.from_dlpack(capsule)
    assert_type(penstock.get_dlpack_device(1, 0), tuple[int, int])
    assert_type(tensor.__dlpack_device__(), tuple[int, int])
    tensor.__dlpack__(max_version=(1, 0), copy=False)
    memoryview(tensor)
    tensor.numpy(), tensor.to_numpy(), tensor.torch(), tensor.to_torch()


def look_at(tensor: penstock.Tensor) -> None:
    """What a tensor says of itself."""
    assert_type(tensor.shape, tuple[int, ...])
    assert_type(tensor.dims(), tuple[int, ...])
    assert_type(tensor.strides, tuple[int, ...])
    assert_type(tensor.ndim, int)
    assert_type(tensor.size, int)
    assert_type(tensor.nbytes, int)
    assert_type(tensor.data_ptr, int)
    assert_type(tensor.dtype, penstock.DType)
    assert_type(tensor.dtype.name, str)
    assert_type(tensor.dtype.itemsize, int)
    assert_type(tensor.dtype.number, int)
    assert_type(tensor.device, penstock.Device)
    assert_type(tensor.is_contiguous, bool)
    assert_type(tensor.is_readonly, bool)
    assert_type(tensor.is_pinned, bool)
    assert_type(tensor.isOnGPU(), bool)
    assert_type(tensor.gpuID(), int)
    assert_type(tensor.format(edge_items=2, threshold=10, precision=3, line_width=60), str)
    assert_type(len(tensor), int)
    assert_type([row for row in tensor], list[penstock.Tensor])  # noqa: C416 - iteration is what is shown
    float(tensor[0, 0]), int(tensor[0, 0]), bool(tensor[0, 0]), tensor[0, 0].item(), tensor.tolist()


def compute(tensor: penstock.Tensor) -> None:
    """The functions that compute."""
    integers = penstock.arange(3)
    new: Sequence[penstock.Tensor] = [
        penstock.abs(tensor),
        penstock.acos(tensor),
        penstock.acosh(tensor),
        penstock.asin(tensor),
        penstock.asinh(tensor),
        penstock.atan(tensor),
        penstock.atanh(tensor),
        penstock.bitwise_invert(integers),
        penstock.ceil(tensor),
        penstock.conj(tensor),
        penstock.cos(tensor),
        penstock.cosh(tensor),
        penstock.exp(tensor),
        penstock.expm1(tensor),
        penstock.floor(tensor),
        penstock.imag(tensor),
        penstock.isfinite(tensor),
        penstock.isinf(tensor),
        penstock.isnan(tensor),
        penstock.log(tensor),
        penstock.log10(tensor),
        penstock.log1p(tensor),
        penstock.log2(tensor),
        penstock.logical_not(tensor),
        penstock.negative(tensor),
        penstock.positive(tensor),
        penstock.real(tensor),
        penstock.reciprocal(tensor),
        penstock.round(tensor),
        penstock.sign(tensor),
        penstock.signbit(tensor),
        penstock.sin(tensor),
        penstock.sinh(tensor),
        penstock.sqrt(tensor),
        penstock.square(tensor),
        penstock.tan(tensor),
        penstock.tanh(tensor),
        penstock.trunc(tensor),
        penstock.add(tensor, tensor),
        penstock.atan2(tensor, tensor),
        penstock.bitwise_and(integers, integers),
        penstock.bitwise_left_shift(integers, integers),
        penstock.bitwise_or(integers, integers),
        penstock.bitwise_right_shift(integers, integers),
        penstock.bitwise_xor(integers, integers),
        penstock.copysign(tensor, tensor),
        penstock.divide(tensor, tensor),
        penstock.equal(tensor, tensor),
        penstock.floor_divide(tensor, tensor),
        penstock.greater(tensor, tensor),
        penstock.greater_equal(tensor, tensor),
        penstock.hypot(tensor, tensor),
        penstock.less(tensor, tensor),
        penstock.less_equal(tensor, tensor),
        penstock.logaddexp(tensor, tensor),
        penstock.logical_and(tensor, tensor),
        penstock.logical_or(tensor, tensor),
        penstock.logical_xor(tensor, tensor),
        penstock.maximum(tensor, tensor),
        penstock.minimum(tensor, tensor),
        penstock.multiply(tensor, tensor),
        penstock.nextafter(tensor, tensor),
        penstock.not_equal(tensor, tensor),
        penstock.pow(tensor, tensor),
        penstock.remainder(tensor, tensor),
        penstock.subtract(tensor, tensor),
        penstock.where(tensor > 0, tensor, 0.0),
        penstock.clip(tensor, min=0, max=1),
        penstock.all(tensor, axis=0, keepdims=True),
        penstock.any(tensor, axis=0, keepdims=True),
        penstock.argmax(tensor, axis=0, keepdims=True),
        penstock.argmin(tensor, axis=0, keepdims=True),
        penstock.count_nonzero(tensor, axis=0, keepdims=True),
        penstock.max(tensor, axis=0, keepdims=True),
        penstock.mean(tensor, axis=0, keepdims=True),
        penstock.min(tensor, axis=0, keepdims=True),
        penstock.prod(tensor, axis=0, keepdims=True),
        penstock.std(tensor, axis=0, keepdims=True),
        penstock.sum(tensor, axis=0, keepdims=True),
        penstock.var(tensor, axis=0, keepdims=True),
        penstock.cumulative_prod(tensor, axis=0, include_initial=True),
        penstock.cumulative_sum(tensor, axis=0, include_initial=True),
    ]
    assert all(isinstance(each, penstock.Tensor) for each in new)


def reduce(tensor: penstock.Tensor) -> None:
    assert_type(tensor.sum(axis=0, keepdims=True), penstock.Tensor)
    tensor.max(), tensor.min(), tensor.mean(), tensor.std(), tensor.var(correction=1), tensor.prod()
    tensor.argmax(), tensor.argmin(), (tensor > 0).any(), (tensor > 0).all()


def ask_dtypes(tensor: penstock.Tensor) -> None:
    """The functions on dtypes."""
    assert_type(penstock.astype(tensor, "float64", copy=False), penstock.Tensor)
    assert_type(penstock.can_cast(tensor, penstock.float64), bool)
    assert_type(penstock.finfo(tensor).eps, float)
    assert_type(penstock.iinfo("int8").max, int)
    assert_type(penstock.isdtype(tensor.dtype, ("integral", "bool")), bool)
    assert_type(penstock.result_type(tensor, "int8", 1), penstock.DType)


def rearrange(tensor: penstock.Tensor) -> None:
    """The functions that move elements."""
    new: Sequence[penstock.Tensor] = [
        penstock.broadcast_to(tensor, (4, 2, 3)),
        penstock.concat([tensor, tensor], axis=1),
        penstock.diff(tensor, axis=0, n=1, prepend=tensor),
        penstock.expand_dims(tensor, axis=0),
        penstock.flip(tensor, axis=1),
        penstock.matrix_transpose(tensor),
        penstock.matmul(tensor, penstock.matrix_transpose(tensor)),
        penstock.tensordot(tensor, tensor, axes=((0, 1), (0, 1))),
        penstock.vecdot(tensor, tensor, axis=-1),
        tensor @ tensor.mT,
        penstock.moveaxis(tensor, 0, 1),
        penstock.permute_dims(tensor, (1, 0)),
        penstock.repeat(tensor, 2, axis=0),
        penstock.reshape(tensor, (6,), copy=True),
        penstock.roll(tensor, 1, axis=0),
        penstock.squeeze(tensor[:1], 0),
        penstock.stack([tensor, tensor]),
        penstock.take(tensor, [0, 1], axis=1),
        penstock.take_along_axis(tensor, penstock.argsort(tensor, axis=1), axis=1),
        penstock.tile(tensor, (2, 2)),
        *penstock.unstack(tensor, axis=0),
        *penstock.broadcast_arrays(tensor, tensor[0]),
    ]
    assert all(isinstance(each, penstock.Tensor) for each in new)


def order(tensor: penstock.Tensor) -> None:
    """The functions that sort, search, and find different elements."""
    new: Sequence[penstock.Tensor] = [
        penstock.sort(tensor, axis=0, descending=True, stable=True),
        penstock.argsort(tensor, axis=0, descending=True, stable=True),
        penstock.searchsorted(tensor[0], tensor, side="right"),
        penstock.unique_values(tensor),
        *penstock.nonzero(tensor),
    ]
    assert all(isinstance(each, penstock.Tensor) for each in new)
    assert_type(penstock.unique_all(tensor).indices, penstock.Tensor)
    assert_type(penstock.unique_counts(tensor).counts, penstock.Tensor)
    assert_type(penstock.unique_inverse(tensor).inverse_indices, penstock.Tensor)


def make(tensor: penstock.Tensor) -> None:
    """Tensors like others, and by rule."""
    new: Sequence[penstock.Tensor] = [
        penstock.asarray([1, 2], dtype="int8", copy=True),
        penstock.empty_like(tensor),
        penstock.zeros_like(tensor, dtype="int8"),
        penstock.ones_like(tensor, device="cpu"),
        penstock.full_like(tensor, 7),
        penstock.eye(2, 3, k=1),
        penstock.linspace(0, 1, 5, endpoint=False),
        penstock.tril(tensor, k=1),
        penstock.triu(tensor, k=-1),
        *penstock.meshgrid(tensor[0], tensor[1], indexing="ij"),
    ]
    assert all(isinstance(each, penstock.Tensor) for each in new)


def ask_namespace() -> None:
    """What the namespace says of itself."""
    info = penstock.__array_namespace_info__()
    assert_type(info.dtypes(kind="integral"), dict[str, penstock.DType])
    assert_type(penstock.__array_api_version__, str)
    assert_type(penstock.e + penstock.inf + penstock.nan + penstock.pi, float)
    assert penstock.newaxis is None


def view(tensor: penstock.Tensor) -> None:
    """Views of a tensor."""
    views: Sequence[penstock.Tensor] = [
        tensor.T,
        tensor.mT,
        tensor.reshape(3, -1),
        tensor.reshape((6,)),
        tensor.permute(1, 0),
        tensor.transpose(0, 1),
        tensor.select(0, 1),
        tensor.narrow(1, 0, 2),
        tensor.unsqueeze(0).squeeze(),
        tensor.expand(4, 2, 3),
        tensor.flatten(),
        tensor.view("uint8"),
        tensor[0],
        tensor[..., None, ::2],
        tensor[[0, 1], [1, 2]],
    ]
    assert_type(views[0], penstock.Tensor)


def move(tensor: penstock.Tensor) -> None:
    """Copies, conversions, comparisons."""
    assert_type(tensor.astype(penstock.float64, casting="same_kind"), penstock.Tensor)
    assert_type(tensor.contiguous(), penstock.Tensor)
    assert_type(tensor.clone(), penstock.Tensor)
    assert_type(tensor.to("cpu"), penstock.Tensor)
    assert_type(tensor.to_device("cpu"), penstock.Tensor)
    assert_type(tensor.copy_([1.0, 2.0, 3.0], casting="unsafe"), penstock.Tensor)
    assert_type(tensor.fill_(7), penstock.Tensor)
    tensor[0, 1] = 5
    tensor[:, 1:] = [[1, 2], [3, 4]]
    assert_type(tensor.equal(tensor, bitwise=True), bool)
    assert_type(tensor.all_close(tensor, relative=1e-6, absolute=0.0, nan_equal=True), bool)


def name_dtypes() -> list[penstock.DType]:
    """Every dtype."""
    return [
        penstock.bool, penstock.int8, penstock.int16, penstock.int32, penstock.int64, penstock.uint8, penstock.uint16,
        penstock.uint32, penstock.uint64, penstock.float16, penstock.bfloat16, penstock.float32, penstock.float64,
        penstock.complex64, penstock.complex128, penstock.float8_e4m3fn, penstock.float8_e5m2,
    ]  # fmt: skip


def choose_device() -> None:
    """Devices, and the thread's default."""
    with penstock.device("cpu") as chosen:
        assert_type(chosen, penstock.Device)
    penstock.set_device("cpu")
    assert_type(penstock.get_device(), penstock.Device)
    for device in penstock.get_devices():
        assert_type(device.name, str)
        assert_type(device.kind, str)
        assert_type(device.id, int)
        assert_type(device.numbers, tuple[int, int])
        assert_type(device.memory_gb, float)
        assert_type(device.model, str)
        assert_type(device.compute_capability, tuple[int, int] | None)


def order_work() -> None:
    """Streams, of which the CPU has none."""
    penstock.set_stream(None, "cpu")
    with penstock.stream(1, device="cpu"):
        assert_type(penstock.get_stream("cpu"), int)
    penstock.synchronize("cpu")


def draw_random_numbers() -> None:
    """By a key, and by a generator."""
    key = penstock.random.key(7)
    assert_type(penstock.random.split(key), list[penstock.random.Key])
    assert_type(penstock.random.uniform(key, (2, 3)), penstock.Tensor)
    assert_type(penstock.random.Generator(7).state, dict[str, int])


def step_worlds() -> None:
    """Many worlds of one game."""
    assert_type(penstock.worlds.games(), list[str])
    worlds = penstock.worlds.make(
        "Pendulum-v1", 3, seed=[1, 2, 3], threads=1, autoreset="next_step", precision="f64", actions="clamp", g=9.81
    )
    with worlds:
        assert_type(worlds, penstock.worlds.Worlds)
        assert_type((worlds.game, worlds.num_worlds, worlds.episode_length), tuple[str, int, int])
        assert_type(worlds.tensors(), list[str])
        assert_type(worlds.tensor("action"), penstock.Tensor)
        assert_type(worlds.observation, penstock.Tensor)
        assert_type(worlds.bounds("action"), tuple[penstock.Tensor, penstock.Tensor])
        worlds.reset([True, False, True], seed=5)
        worlds.step()
        worlds.step_async()
        worlds.wait()
        assert_type(worlds.hash(), penstock.Tensor)
        worlds.restore(worlds.snapshot(), source=[0], into=[2])
        worlds.set_state(1, worlds.get_state(0))
        assert_type(worlds.render(1, width=64, height=64), penstock.Tensor)
        assert_type(worlds.parameters(), dict[str, float])
        worlds.set_parameter("g", worlds.parameter("g"))
        assert_type(worlds.faults(), list[tuple[int, int]])
        assert_type(worlds.fault_count + worlds.step_count + len(worlds), int)
    worlds.close()
    penstock.worlds.make("GridWorld", level="@G", levels=[], level_index=0)


def record_worlds(folder: Path) -> None:
    """What is done to worlds, and done again."""
    worlds = penstock.worlds.make("CartPole-v1")
    with worlds.record(folder / "run.psr") as recording:
        assert_type(recording, penstock.worlds.Recording)
        worlds.step()
    recording.stop()
    report = penstock.worlds.replay(recording.path, threads=1, kernel="scalar", progress=lambda done, total: None)
    assert_type(report, penstock.worlds.Replay)
    shown = penstock.worlds.replay_page(recording.path, folder / "run.html", worlds=[0], first_step=0, steps=1)
    assert_type(shown, penstock.worlds.Replay)
    assert_type((report.game, report.num_worlds, report.steps), tuple[str, int, int])
    assert_type((report.same, report.complete, report.follows_libm), tuple[bool, bool, bool])
    assert_type((report.differing_step, report.differing_world), tuple[int | None, int | None])
    assert_type(report.differing_worlds, int)
    assert_type(report.differing_tensor, str | None)


def use_files(folder: Path) -> None:
    """Files, with progress."""

    def progress(done: int, total: int) -> bool:
        return done > total

    penstock.save(folder / "a.npy", penstock.arange(3), progress=progress)
    penstock.save_npz(folder / "a.npz", {"few": penstock.arange(3)}, compression=6)
    penstock.save_safetensors(folder / "a.safetensors", {"few": penstock.arange(3)}, metadata={"step": "7"})
    assert_type(penstock.safetensors_metadata(folder / "a.safetensors"), dict[str, str])
    penstock.load(folder / "a.npy", progress=progress)


def look_at_the_process(folder: Path) -> None:
    """What holds for the whole process."""
    assert_type(penstock.__version__, str)
    assert_type(penstock.abi_version(), tuple[int, int])
    penstock.set_num_threads(2)
    assert_type(penstock.get_num_threads(), int)
    penstock.set_num_threads(0)
    stats: penstock.MemoryStats = penstock.memory_stats("cpu")
    assert_type(stats.live_bytes + stats.peak_bytes + stats.live_storages + stats.wrapped_bytes, int)
    with penstock.trace(folder / "trace.json"):
        penstock.zeros(10).clone()


def load_samples(folder: Path) -> None:
    """Batches of samples and of games."""
    np.save(folder / "rows.npy", np.zeros((4, 2)))
    options: penstock.LoaderOptions = penstock.LoaderOptions().with_batch_size(2).shuffle(True, seed=1)
    with loader.open(folder / "rows.npy", options, output="numpy") as batches:
        assert_type(len(batches), int)
        assert_type(batches.state(), bytes)
    assert_type(options.to_dict(), dict[str, Any])
    games: penstock.DataLoader = penstock.DataLoader({"file_path_provider": {"directory": folder}})
    assert_type(games.state(), bytes)


def transform_images() -> None:
    """Levels to numbers, and what comes out of a list of transforms."""
    steps = [
        image.Grey(), image.Pad(2), image.Resize(24, 32), image.CenterCrop(20), image.RandomCrop(18),
        image.RandomResizedCrop(16), image.RandomHorizontalFlip(), image.RandomVerticalFlip(),
        image.ToDType("float32", scale=True), image.Normalize(0.5, 0.25),
    ]  # fmt: skip
    assert_type(image.output_shape(steps, 40, 60), tuple[int, int, int])
    assert_type(image.apply(np.zeros((40, 60, 3), np.uint8), steps, seed=1), penstock.Tensor)
    assert_type(image.one_hot([0, 2], 3), penstock.Tensor)
    image.native_transforms(steps)
    pixel = base64.b64decode(
        "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
    )
    assert_type(image.info(pixel), image.Info)
    assert_type(image.decode(pixel), penstock.Tensor)
    assert_type(image.OneHot(3).class_count, int)


def train_networks(folder: Path) -> None:
    """A network, trained, saved and exported."""
    model: penstock.Model = penstock.Model([penstock.layers.Dense(2, 4, activation="relu")], seed=1)
    model.add(penstock.layers.Dense(4, 1, weight_initializer=penstock.initializers.HeNormal()))
    schedule = penstock.schedules.Exponential(0.9)
    model.compile(penstock.optimizers.Adam(lr=0.01, schedule=schedule), penstock.losses.MSE(), metrics=["mae"])
    stop = penstock.callbacks.EarlyStopping("loss", patience=2)
    history = model.fit(np.zeros((8, 2)), np.ones((8, 1)), epochs=2, callbacks=[stop], verbose=0)
    assert_type(history, penstock.callbacks.History)
    assert_type(history.history, dict[str, list[float]])
    assert_type(model.predict([[1.0, 2.0]]), penstock.Tensor)
    assert_type(model.learning_rate, float)
    assert_type(model.layers, tuple[penstock.layers.Layer, ...])
    assert_type(model.layers[0](penstock.ones((1, 2))), penstock.Tensor)
    assert_type(model.named_parameters(), dict[str, penstock.Tensor])
    model.save(folder / "model.safetensors")
    assert_type(penstock.Model.load(folder / "model.safetensors"), penstock.Model)
    print(penstock.distributed.DataParallel.__name__)


def catch() -> list[type[penstock.Error]]:
    """Every exception; the built-in ones catch them too."""
    try:
        penstock.zeros(3)[5]
    except IndexError as error:
        print(error)
    return [
        penstock.CancelledError, penstock.DataError, penstock.DoesNotFitError, penstock.InternalError,
        penstock.InvalidArgumentError, penstock.IoError, penstock.NotExportableError, penstock.NotFoundError,
        penstock.OutOfMemoryError, penstock.OutOfRangeError, penstock.ReadOnlyError, penstock.TimedOutError,
        penstock.TypeMismatchError, penstock.UnavailableError,
    ]  # fmt: skip


class Doubled(penstock.Function):
    """An operation with a gradient of its own."""

    @staticmethod
    def forward(context: Any, x: penstock.Tensor) -> penstock.Tensor:
        """Twice x."""
        context.save_for_backward(x)
        return 2 * x

    @staticmethod
    def backward(context: Any, gradient: penstock.Tensor) -> penstock.Tensor:
        """Twice what comes."""
        return 2 * gradient


@penstock.no_grad
def plain(w: penstock.Tensor) -> bool:
    """Nothing is recorded here."""
    return (2 * w).requires_grad or penstock.is_grad_enabled()


def differentiate() -> None:
    """Gradients."""
    w = penstock.ones(2, requires_grad=True)
    loss = penstock.sum(Doubled.apply(w.requires_grad_()) * w)
    found = penstock.gradients(loss, [w], retain_graph=True)
    loss.backward(penstock.ones(()), retain_graph=False)
    print(found[0], w.grad, w.is_leaf, plain(w), w.detach().requires_grad)
    w.grad = None
    with penstock.no_grad(), penstock.enable_grad():
        value, slope = penstock.value_and_grad(lambda x, y: x * y, argnums=(0, 1))(2.0, 3.0)
    print(value, slope, penstock.grad(lambda x: x * x)(2.0))


def main() -> None:
    """All of it."""
    make_tensors()
    share_memory(np.zeros((2, 3), np.float32))
    look_at(penstock.ones((2, 3)))
    reduce(penstock.ones((2, 2)))
    compute(penstock.full((2, 3), 0.5))
    rearrange(penstock.full((2, 3), 0.5))
    order(penstock.full((2, 3), 0.5))
    make(penstock.full((2, 3), 0.5))
    ask_namespace()
    ask_dtypes(penstock.full((2, 3), 0.5))
    view(penstock.zeros((2, 3)))
    move(penstock.zeros((2, 3)))
    differentiate()
    classes, dtypes = catch(), name_dtypes()
    choose_device()
    order_work()
    draw_random_numbers()
    step_worlds()
    transform_images()
    with tempfile.TemporaryDirectory() as folder:
        use_files(Path(folder))
        record_worlds(Path(folder))
        look_at_the_process(Path(folder))
        load_samples(Path(folder))
        train_networks(Path(folder))
    print(len(dtypes), "dtypes,", len(classes), "exceptions")


if __name__ == "__main__":
    main()
