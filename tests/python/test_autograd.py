"""Gradients as a user meets them: leaves, walks back, scopes, memory, errors, and operations of one's own."""

import collections
import copy
import functools
import gc
import pickle
import threading
from typing import Any, NamedTuple

import numpy
import penstock
import pytest


@pytest.fixture
def x() -> penstock.Tensor:
    """A leaf of two numbers."""
    return penstock.Tensor([1.0, 2.0], requires_grad=True)


def numbers_of(tensor: penstock.Tensor | None) -> Any:
    """A gradient's elements; that it is there is part of the test."""
    assert tensor is not None
    return tensor.tolist()


# ---- Leaves ----


def test_what_is_made_of_a_leaf_requires_gradients(x: penstock.Tensor) -> None:
    """And is no leaf; what has no derivative does not."""
    y = penstock.exp(x) + 1
    assert (x.is_leaf, y.is_leaf, y.requires_grad) == (True, False, True)
    for plain in (x > 1, penstock.argmax(x), penstock.floor(x), x.astype("int32"), x.detach()):
        assert (plain.requires_grad, plain.is_leaf) == (False, True)


def test_leaves_are_made_by_every_function_that_makes_tensors() -> None:
    """By a keyword, and afterwards."""
    makers = [penstock.zeros, penstock.ones, penstock.empty]
    made = [maker(2, requires_grad=True) for maker in makers]
    made += [penstock.full(2, 1.5, requires_grad=True), penstock.arange(0.0, 2.0, requires_grad=True)]
    made += [penstock.Tensor([1.0], requires_grad=True), penstock.zeros(2).requires_grad_()]
    assert all(each.requires_grad and each.is_leaf for each in made)
    assert not made[0].requires_grad_(False).requires_grad


def test_integers_require_no_gradients() -> None:
    """The message names the dtype."""
    for make in (
        functools.partial(penstock.arange, 3, requires_grad=True),
        penstock.zeros(3, dtype="bool").requires_grad_,
    ):
        with pytest.raises(TypeError, match=r"int64|bool"):
            make()


def test_a_tensor_that_was_made_of_a_leaf_cannot_stop_requiring_gradients(x: penstock.Tensor) -> None:
    """Its detach() can."""
    y = x * 2
    with pytest.raises(ValueError, match=r"multiply made requires gradients.*detach"):
        y.requires_grad = False
    y.requires_grad = True  # as it is
    assert y.detach().data_ptr == y.data_ptr


def test_the_repr_says_that_gradients_are_required(x: penstock.Tensor) -> None:
    """As does that of what was made of a leaf."""
    assert repr(x).endswith("device=cpu, requires_grad=True)")
    assert repr(x * 2).endswith("requires_grad=True)")
    assert "requires_grad" not in repr(x.detach())


# ---- Walks back ----


def test_gradients_add_up(x: penstock.Tensor) -> None:
    """Over the uses of a tensor, and over walks, in the same memory."""
    penstock.sum(x * x + x).backward()
    first = x.grad
    assert numbers_of(first) == [3, 5]
    penstock.sum(x).backward()
    assert numbers_of(x.grad) == numbers_of(first) == [4, 6]


def test_a_shared_expression_is_walked_once(x: penstock.Tensor) -> None:
    """2 to the power of 60 paths lead back."""
    y = x
    for _ in range(60):
        y = (y + y) / 2
    penstock.sum(y).backward()
    assert numbers_of(x.grad) == [1, 1]


def test_a_gradient_to_start_from(x: penstock.Tensor) -> None:
    """It must have the shape, and be there where there is more than one element."""
    y = x * x
    with pytest.raises(ValueError, match=r"\(2,\) needs a gradient to start from"):
        y.backward()
    with pytest.raises(ValueError, match=r"\(3,\) was given for a tensor of shape \(2,\)"):
        y.backward(penstock.ones(3))
    with pytest.raises(TypeError, match="int64"):
        y.backward(penstock.arange(2))
    y.backward(penstock.Tensor([1.0, 10.0], dtype="float64"))
    assert numbers_of(x.grad) == [2, 40]
    complex_one = penstock.Tensor([1j], requires_grad=True)
    with pytest.raises(ValueError, match="only a real one starts from 1"):
        (complex_one * 2).backward()


def test_a_second_walk_needs_the_graph(x: penstock.Tensor) -> None:
    """retain_graph keeps it, for one walk after another."""
    y = penstock.sum(penstock.exp(x) * x)
    y.backward(retain_graph=True)
    y.backward()
    with pytest.raises(ValueError, match="keep the graph"):
        y.backward()
    once = penstock.exp(penstock.Tensor([0.0], requires_grad=True))
    once.backward()


def test_a_walk_that_fails_leaves_the_gradients(x: penstock.Tensor) -> None:
    """All of them, as they were."""
    y = penstock.exp(x)
    z = penstock.sum(y * x)
    x.grad = penstock.Tensor([5.0, 6.0])
    with penstock.no_grad():
        y += 1
    with pytest.raises(ValueError, match=r"multiply: a tensor of shape \(2,\).*changed in place since"):
        z.backward(retain_graph=True)
    assert numbers_of(x.grad) == [5, 6]


def test_without_anything_to_go_back_to(x: penstock.Tensor) -> None:
    """The message says what may be the matter."""
    for y in (penstock.ones(()), penstock.sum(x.detach())):
        with pytest.raises(ValueError, match="has no gradients to go back to"):
            y.backward()


def test_second_derivatives_are_refused(x: penstock.Tensor) -> None:
    """Wherever one is asked for: by create_graph, and by grad() in grad(); not where they are no part of it."""
    with pytest.raises(penstock.UnavailableError, match="second derivatives"):
        penstock.sum(x * x).backward(create_graph=True)
    with pytest.raises(penstock.UnavailableError, match="second derivatives"):
        penstock.grad(penstock.grad(lambda z: z**3))(2.0)
    with pytest.raises(penstock.UnavailableError, match="second derivatives"):
        penstock.grad(lambda y: penstock.grad(lambda z: z * y)(1.0))(2.0)
    constant = penstock.grad(lambda y: y * penstock.grad(lambda z: z**3)(y).detach())(2.0)
    assert constant.item() == 12
    penstock.sum(x * x).backward()
    assert x.grad is not None
    assert not x.grad.requires_grad


def test_gradients_of_tensors_on_the_way(x: penstock.Tensor) -> None:
    """Given to the caller: the leaves gather nothing, and a tensor that is not depended on has None."""
    y, other = x * 3, penstock.ones(2, requires_grad=True)
    of_y, of_x, of_other = penstock.gradients(penstock.sum(y * y), [y, x, other])
    assert (numbers_of(of_y), numbers_of(of_x), of_other, x.grad) == ([6, 12], [18, 36], None, None)
    (seeded,) = penstock.gradients([x * 1, x * 2], x, [penstock.Tensor([1.0, 1.0]), penstock.Tensor([0.0, 1.0])])
    assert numbers_of(seeded) == [1, 3]
    with pytest.raises(ValueError, match=r"inputs\[0\].*does not require gradients"):
        penstock.gradients(penstock.sum(x), penstock.ones(2))
    with pytest.raises(ValueError, match="1 gradients were given for 2 outputs"):
        penstock.gradients([x, x], x, [penstock.ones(2)])


def test_only_what_lies_between_is_walked(x: penstock.Tensor) -> None:
    """What an operation outside would have raised is not raised."""
    y = x * 2
    outside = Refusing.apply(x)
    (found,) = penstock.gradients(penstock.sum(y + outside), y)
    assert numbers_of(found) == [1, 1]


# ---- Scopes ----


def test_under_no_grad_nothing_is_remembered(x: penstock.Tensor) -> None:
    """In a scope, in a function, in a scope within one, and after an exception."""
    with penstock.no_grad():
        assert not (x * 2).requires_grad
        with penstock.enable_grad():
            assert (x * 2).requires_grad
        assert not penstock.is_grad_enabled()
    assert penstock.is_grad_enabled()

    @penstock.no_grad
    def plain() -> bool:
        return (x * 2).requires_grad

    @penstock.no_grad()
    def recursive(depth: int) -> bool:
        return recursive(depth - 1) if depth else (x * 2).requires_grad

    assert (plain(), recursive(3), plain.__name__) == (False, False, "plain")
    with pytest.raises(RuntimeError), penstock.no_grad():
        raise RuntimeError
    assert penstock.is_grad_enabled()


def test_scopes_are_a_threads_own(x: penstock.Tensor) -> None:
    """Another thread records."""
    seen = []
    with penstock.no_grad():
        thread = threading.Thread(target=lambda: seen.append((x * 2).requires_grad))
        thread.start()
        thread.join()
    assert seen == [True]


def test_threads_gather_into_one_leaf(x: penstock.Tensor) -> None:
    """Each with a graph of its own; nothing is lost."""

    def train() -> None:
        for _ in range(200):
            penstock.sum(x * x).backward()

    threads = [threading.Thread(target=train) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert numbers_of(x.grad) == [1600, 3200]


# ---- Writes ----


def test_leaves_are_written_to_only_under_no_grad(x: penstock.Tensor) -> None:
    """By whichever of the ways to write; the message says how."""

    def assign(value: Any) -> None:
        x[0] = value

    def add() -> None:
        y = x
        y += 1

    for write in (
        lambda: assign(1.0),
        lambda: assign(penstock.ones(())),
        add,
        lambda: x.fill_(0),
        lambda: x.copy_([0, 0]),
    ):
        with pytest.raises(ValueError, match=r"no_grad\(\)"):
            write()
    with pytest.raises(ValueError, match="put in place"):
        x[[0]] = 1.0
    with penstock.no_grad():
        x[0] = 5
        x[[1]] = penstock.Tensor([6.0])
        x -= 1
    assert (x.tolist(), x.requires_grad, x.is_leaf) == ([4, 5], True, True)


def test_sums_grow_in_place(x: penstock.Tensor) -> None:
    """In a tensor that nothing else looks at."""
    total = penstock.zeros(())
    for element in x:
        total += element * element
    assert total.requires_grad
    total.backward()
    assert numbers_of(x.grad) == [2, 4]
    total.fill_(0)
    assert not total.requires_grad


def test_writes_that_would_lose_a_gradient_are_refused(x: penstock.Tensor) -> None:
    """Into part of another tensor, or where a view would not know; what requires nothing may be written anywhere."""
    whole = penstock.zeros(2)
    with pytest.raises(ValueError, match="make a new tensor"):
        whole[0] = x[0]
    y = x * 2
    part = y[:1]
    with pytest.raises(ValueError, match="make a new tensor"):
        y += 1
    del part
    y += 1
    whole[0] = x[0].detach()
    whole[1] = 7.0
    assert whole.tolist() == [1, 7]


def test_a_write_to_what_the_way_back_needs_is_noticed(x: penstock.Tensor) -> None:
    """By the operation's name; writes to what no gradient reads are not minded."""
    weights = penstock.ones(2)
    y = penstock.sum(x * weights)
    weights[0] = 3
    with pytest.raises(ValueError, match=r"multiply: .*changed in place since"):
        y.backward()
    z = penstock.sum(x + weights)
    weights[0] = 4
    z.backward()
    assert numbers_of(x.grad) == [1, 1]


def test_a_step_of_worlds_is_a_write_to_what_they_show() -> None:
    """A policy that kept the observation of the step before is told; with two buffers the one before stays."""
    weights = penstock.ones((4, 2), requires_grad=True)
    for buffers in (1, 2):
        worlds = penstock.worlds.make("CartPole-v1", num_worlds=3, buffers=buffers)
        loss = penstock.sum(worlds.observation @ weights)
        worlds.step()
        if buffers == 1:
            with pytest.raises(ValueError, match=r"matmul: .*changed in place since"):
                loss.backward()
        else:
            loss.backward()


# ---- Memory ----


def live_bytes() -> int:
    """What tensors hold on the CPU."""
    gc.collect()
    return penstock.memory_stats().live_bytes


def test_a_graph_is_released_with_its_last_tensor() -> None:
    """And what was kept for a walk, by the walk."""
    before = live_bytes()
    x = penstock.ones(1000, requires_grad=True)
    y = penstock.sum(penstock.exp(penstock.sin(x) * x))
    kept = live_bytes()
    y.backward()
    assert live_bytes() < kept
    x.grad = None
    z = penstock.exp(x) * 2
    del z
    assert live_bytes() == before + x.nbytes + y.nbytes
    del x, y
    assert live_bytes() == before


def test_no_graph_is_kept_where_none_is_recorded(x: penstock.Tensor) -> None:
    """A chain holds one tensor at a time."""
    x = penstock.ones(1000, requires_grad=True)
    before = live_bytes()
    with penstock.no_grad():
        y = x
        for _ in range(10):
            y = penstock.exp(-y)
        assert live_bytes() == before + x.nbytes


def test_chains_of_any_length_take_no_stack(x: penstock.Tensor) -> None:
    """On the way back, and where they are released without having been walked."""
    y = x
    for _ in range(100_000):
        y = y + 1
    penstock.sum(y).backward()
    assert numbers_of(x.grad) == [1, 1]
    del y
    z = x
    for _ in range(100_000):
        z = -z
    del z


# ---- Functions of tensors ----


class Point(NamedTuple):
    """A container of a user's."""

    first: Any
    second: Any


def test_grad_takes_nested_containers() -> None:
    """And gives the same form, with zeros for what has no part in the result."""
    point = Point(penstock.Tensor([1.0, 2.0]), [numpy.array(3.0), None])
    ordered = collections.OrderedDict(a=(2.0,), b={"c": penstock.ones(2, dtype="float64")})

    def function(point: Point, ordered: Any) -> penstock.Tensor:
        return penstock.sum(point.first * point.second[0] * ordered["a"][0])

    of_point, of_ordered = penstock.grad(function, argnums=(0, 1))(point, ordered)
    assert type(of_point) is Point
    assert of_point.second[1] is None
    assert (of_point.first.tolist(), of_point.second[0].item()) == ([6, 6], 6)
    assert type(of_ordered) is collections.OrderedDict
    assert (of_ordered["a"][0].item(), of_ordered["b"]["c"].tolist()) == (9, [0, 0])
    assert of_ordered["b"]["c"].dtype == penstock.float64


def test_grad_of_other_arguments_by_name_and_from_the_end() -> None:
    """argnums counts those given by position."""
    function = lambda x, y, *, scale: scale * x * x * y  # noqa: E731
    assert penstock.grad(function, 1)(3.0, 5.0, scale=2).item() == 18
    assert penstock.grad(function, -1)(3.0, 5.0, scale=2).item() == 18
    with pytest.raises(ValueError, match="argnums names argument 2: 2 were given"):
        penstock.grad(function, 2)(3.0, 5.0, scale=2)


def test_value_and_grad_with_something_beside_the_value() -> None:
    """Without what made it."""

    def function(x: penstock.Tensor) -> tuple[penstock.Tensor, dict[str, Any]]:
        return penstock.sum(x * x), {"twice": x * 2, "n": 1}

    (value, aside), slope = penstock.value_and_grad(function, has_aux=True)(penstock.Tensor([1.0, 2.0]))
    assert (value.item(), slope.tolist(), aside["twice"].tolist(), aside["n"]) == (5, [2, 4], [2, 4], 1)
    assert not value.requires_grad
    assert not aside["twice"].requires_grad
    slope, aside = penstock.grad(function, has_aux=True)(penstock.Tensor([1.0, 2.0]))
    assert (slope.tolist(), aside["n"]) == ([2, 4], 1)
    with pytest.raises(TypeError, match="has_aux"):
        penstock.grad(penstock.sum, has_aux=True)(penstock.ones(2))


def test_grad_leaves_arguments_and_other_leaves_alone(x: penstock.Tensor) -> None:
    """Neither gathers a gradient, and no_grad() outside does not matter."""
    w = penstock.ones(2, requires_grad=True)
    with penstock.no_grad():
        slope = penstock.grad(lambda y: penstock.sum(y * w * y))(x)
    assert (slope.tolist(), x.grad, w.grad) == ([2, 4], None, None)


def test_what_grad_refuses() -> None:
    """Whole numbers, words, results that are no one real number."""
    with pytest.raises(TypeError, match="int64"):
        penstock.grad(penstock.sum)(penstock.arange(3))
    for wrong in (3, "three"):
        with pytest.raises(TypeError, match=f"argument 0 has {wrong!r}"):
            penstock.grad(penstock.sum)(wrong)
    with pytest.raises(ValueError, match=r"shape \(2,\)"):
        penstock.grad(lambda x: x)(penstock.ones(2))
    with pytest.raises(TypeError, match="gave a float"):
        penstock.grad(lambda x: 1.0)(penstock.ones(2))
    with pytest.raises(ValueError, match="only a real one"):
        penstock.grad(lambda x: x * 1j)(1.0)


# ---- Operations of one's own ----


class Scaled(penstock.Function):
    """first * 2 and second * number."""

    @staticmethod
    def forward(context: Any, first: Any, number: float, second: Any) -> Any:
        context.number = number
        context.save_for_backward(first)
        return first * 2, second * number

    @staticmethod
    def backward(context: Any, of_first: Any, of_second: Any) -> Any:
        assert not penstock.is_grad_enabled()
        assert len(context.saved_tensors) == 1
        return of_first * 2, None, of_second * context.number


class Refusing(penstock.Function):
    """One whose way back fails."""

    @staticmethod
    def forward(context: Any, x: Any) -> Any:
        return x * 1

    @staticmethod
    def backward(context: Any, gradient: Any) -> Any:
        raise KeyError("nothing found")


class Doubled(penstock.Function):
    """One that keeps its operand, and says whatever it was told to."""

    answer: Any = None

    @staticmethod
    def forward(context: Any, x: Any) -> Any:
        context.save_for_backward(x)
        return x * 2

    @staticmethod
    def backward(context: Any, gradient: Any) -> Any:
        (x,) = context.saved_tensors
        return gradient * 2 + 0 * x if Doubled.answer is None else Doubled.answer


def test_an_operation_of_ones_own(x: penstock.Tensor) -> None:
    """Several arguments and results, of which one does not count."""
    w = penstock.ones(2, requires_grad=True)
    first, second = Scaled.apply(x, 3.0, w)
    penstock.sum(second).backward(retain_graph=True)
    assert (numbers_of(x.grad), numbers_of(w.grad)) == ([0, 0], [3, 3])
    penstock.sum(first * second).backward()
    assert (numbers_of(x.grad), numbers_of(w.grad)) == ([6, 6], [9, 15])


def test_an_operation_of_ones_own_records_nothing_where_nothing_is(x: penstock.Tensor) -> None:
    """Under no_grad(), of tensors that require nothing."""
    with penstock.no_grad():
        assert not Doubled.apply(x).requires_grad
    assert not Doubled.apply(penstock.ones(2)).requires_grad


def test_what_a_backward_raises_comes_out(x: penstock.Tensor) -> None:
    """As it is; the next walk is not troubled."""
    for walk in (
        lambda: penstock.sum(Refusing.apply(x)).backward(),
        lambda: penstock.grad(lambda y: penstock.sum(Refusing.apply(y)))(x),
    ):
        with pytest.raises(KeyError, match="nothing found"):
            walk()
    penstock.sum(x).backward()
    assert numbers_of(x.grad) == [1, 1]


def test_a_backward_that_answers_wrongly(x: penstock.Tensor, monkeypatch: pytest.MonkeyPatch) -> None:
    """Gradients of another shape or number, of integers; and a tensor it kept that was changed."""
    for answer, message in (
        (penstock.ones(3), r"Doubled gave a float32 gradient of shape \(3,\) for input 0"),
        (penstock.arange(2), "int64"),
        ((None, None), "2 gradients for 1 arguments"),
    ):
        monkeypatch.setattr(Doubled, "answer", answer)
        with pytest.raises(ValueError, match=message):
            penstock.sum(Doubled.apply(x)).backward()
    monkeypatch.setattr(Doubled, "answer", None)
    y = penstock.sum(Doubled.apply(x))
    with penstock.no_grad():
        x += 1
    with pytest.raises(ValueError, match="Doubled: a saved tensor"):
        y.backward()


def test_an_operation_of_ones_own_is_released() -> None:
    """With what its context kept."""
    before = live_bytes()
    x = penstock.ones(1000, requires_grad=True)
    y = Doubled.apply(x * 2)
    penstock.sum(y).backward()
    del x, y
    assert live_bytes() == before


# ---- Beside other libraries, copies, files ----


def test_tensors_that_require_gradients_are_not_lent(x: penstock.Tensor) -> None:
    """To NumPy, by the buffer protocol, by DLPack; their detach() is, and copies of the numbers are."""
    for lend in (x.numpy, lambda: numpy.asarray(x), lambda: memoryview(x), lambda: numpy.from_dlpack(x), x.torch):
        for scope in (penstock.enable_grad, penstock.no_grad):
            with scope(), pytest.raises(BufferError, match="detach"):
                lend()
    copies = (lambda: numpy.array(x), lambda: x.__dlpack__(copy=True), lambda: x.__dlpack__(dl_device=(3, 0)))
    for lend in copies:
        with penstock.no_grad(), pytest.raises(BufferError, match="detach"):
            lend()
    assert x.detach().numpy().tolist() == x.tolist() == [1, 2]
    assert float(penstock.sum(x)) == 3


def test_copies_and_pickles(x: penstock.Tensor) -> None:
    """A deep copy is a leaf with the gradient, a pickle one without; a copy leads back."""
    penstock.sum(x).backward()
    deep = copy.deepcopy(x)
    assert (deep.is_leaf, deep.requires_grad, numbers_of(deep.grad)) == (True, True, [1, 1])
    penstock.sum(deep).backward()
    assert (numbers_of(deep.grad), numbers_of(x.grad)) == ([2, 2], [1, 1])
    undone = pickle.loads(pickle.dumps(x))
    assert (undone.tolist(), undone.requires_grad, undone.grad) == ([1, 2], True, None)
    assert not pickle.loads(pickle.dumps(x * 2)).requires_grad
    assert not copy.copy(x).is_leaf
    with pytest.raises(ValueError, match="detach"):
        copy.deepcopy(x * 2)


def test_gradients_can_be_replaced(x: penstock.Tensor) -> None:
    """By None, and by a copy of a tensor of the same shape and dtype."""
    given = penstock.ones(2)
    x.grad = given
    given[0] = 9
    assert numbers_of(x.grad) == [1, 1]
    x.grad = None
    assert x.grad is None
    with pytest.raises(ValueError, match=r"\(3,\)"):
        x.grad = penstock.ones(3)
    with pytest.raises(TypeError, match="float64"):
        x.grad = penstock.ones(2, dtype="float64")
    with pytest.raises(ValueError, match="gathers no gradient"):
        (x * 2).grad = penstock.ones(2)
    assert (x * 2).grad is None


def test_bits_read_as_another_dtype_have_no_gradient(x: penstock.Tensor) -> None:
    """Integers require none, which is plain; other floats are refused."""
    assert not x.view("int32").requires_grad
    with pytest.raises(ValueError, match="detach"):
        x.view("complex64")
