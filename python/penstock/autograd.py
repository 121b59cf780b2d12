"""Gradients of functions of tensors, as JAX's users write them."""

from __future__ import annotations

import operator
import threading
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from penstock import creation
from penstock._native import call, ffi, lib
from penstock.base import adopt, is_tensor
from penstock.containers import flatten, map_leaves
from penstock.custom_operation import record
from penstock.errors import InvalidArgumentError, TypeMismatchError, UnavailableError
from penstock.recording_modes import enable_grad, is_grad_enabled

if TYPE_CHECKING:
    from penstock.tensor import Tensor

__all__ = ["grad", "gradients", "value_and_grad"]


def gradients(
    outputs: Tensor | Sequence[Tensor],
    inputs: Tensor | Sequence[Tensor],
    output_gradients: Sequence[Tensor | None] | None = None,
    *,
    retain_graph: bool = False,
) -> tuple[Tensor | None, ...]:
    """The derivatives of some tensors by tensors that they were made of; the leaves gather nothing.

    output_gradients is what each output is multiplied by and summed before it is differentiated; None stands for 1.
    An input that no output depends on has None.

    >>> import penstock
    >>> x = penstock.Tensor([1.0, 2.0], requires_grad=True)
    >>> penstock.gradients(penstock.sum(x * x), x)[0].tolist()
    [2.0, 4.0]
    """
    made = [outputs] if is_tensor(outputs) else list(outputs)
    wanted = [inputs] if is_tensor(inputs) else list(inputs)
    seeds: Any = ffi.NULL if output_gradients is None else list(output_gradients)
    if output_gradients is not None and len(seeds) != len(made):
        raise InvalidArgumentError(f"{len(seeds)} gradients were given for {len(made)} outputs")
    out = ffi.new("ps_tensor *[]", len(wanted))
    call(lib.ps_gradients, out, len(made), made, seeds, len(wanted), wanted, int(retain_graph))
    return tuple(None if each == ffi.NULL else adopt(int(ffi.cast("intptr_t", each))) for each in out)


def grad(function: Callable[..., Any], argnums: int | Sequence[int] = 0, has_aux: bool = False) -> Callable[..., Any]:
    """A function that gives the gradient of another by its first argument, or by those at argnums.

    function gives one real element, or a pair of it and anything else where has_aux is true; the pair's second part is
    then given beside the gradient. Arguments are tensors, NumPy arrays and floats, or lists, tuples and dicts of them
    at any depth: the gradient has the same form. An argument that the result does not depend on has zeros. Second
    derivatives are not computed: UnavailableError where one is asked for.

    >>> import penstock
    >>> penstock.grad(lambda x: penstock.sum(x**3))(penstock.Tensor([1.0, 2.0])).tolist()
    [3.0, 12.0]
    >>> slope = penstock.grad(lambda p: p["a"] * p["b"])
    >>> {name: each.item() for name, each in slope({"a": 2.0, "b": 3.0}).items()}
    {'a': 3.0, 'b': 2.0}
    """
    both = value_and_grad(function, argnums, has_aux)

    def gradient(*arguments: Any, **named: Any) -> Any:
        value, found = both(*arguments, **named)
        return (found, value[1]) if has_aux else found

    return named_after(gradient, "gradient", function)


def value_and_grad(
    function: Callable[..., Any], argnums: int | Sequence[int] = 0, has_aux: bool = False
) -> Callable[..., Any]:
    """A function that gives what another gives, and its gradient as grad() does.

    >>> import penstock
    >>> value, slope = penstock.value_and_grad(lambda x: x * x)(3.0)
    >>> value.item(), slope.item()
    (9.0, 6.0)
    """
    numbers = (argnums,) if isinstance(argnums, int) else tuple(operator.index(each) for each in argnums)

    def value_and_gradient(*arguments: Any, **named: Any) -> Any:
        places = [resolved(number, len(arguments)) for number in numbers]
        scope = Scope(arguments, places)
        result = scope.run(function, named)
        if has_aux and not (isinstance(result, tuple) and len(result) == 2):
            raise TypeMismatchError("has_aux: the function must give a pair of its value and anything else")
        value, auxiliary = result if has_aux else (result, None)
        found = scope.gradients_of(require_number(value))
        trees = tuple(scope.rebuilt(place, found) for place in places)
        value, auxiliary = scope.given(value), map_leaves(scope.given, auxiliary)
        return (value, auxiliary) if has_aux else value, trees[0] if isinstance(argnums, int) else trees

    return named_after(value_and_gradient, "value and gradient", function)


def named_after(function: Callable[..., Any], what: str, other: Any) -> Callable[..., Any]:
    """A function with a name and a docstring that say which one's gradient it is."""
    name = getattr(other, "__name__", repr(other))
    function.__name__ = name
    function.__doc__ = f"The {what} of {name}."
    return function


def resolved(number: int, count: int) -> int:
    """One of argnums as a place among the arguments."""
    if not -count <= number < count:
        raise InvalidArgumentError(f"argnums names argument {number}: {count} were given by position")
    return number % count


def require_number(value: Any) -> Tensor:
    """What was computed, where it can be differentiated: one real element."""
    if not is_tensor(value):
        raise TypeMismatchError(f"the function gave a {type(value).__name__}: expected a tensor of one element")
    if value.size != 1:
        raise InvalidArgumentError(f"the function gave shape {value.shape}: a gradient is that of one element")
    return value


class Active(threading.local):
    """By what the functions are being differentiated that run on this thread, outermost first."""

    variables: tuple[list[Tensor], ...] = ()


active = Active()


class Scope:
    """One differentiation: the arguments as variables of its own, and what they are tied to outside."""

    def __init__(self, arguments: tuple[Any, ...], places: list[int]) -> None:
        self.arguments = list(arguments)
        self.variables: list[Tensor] = []
        self.spans: dict[int, tuple[int, Any]] = {}
        self.tied = list(active.variables[-1]) if active.variables and is_grad_enabled() else []
        for place in sorted(set(places)):
            leaves, rebuild = flatten(arguments[place])
            self.spans[place] = len(self.variables), (len(leaves), rebuild)
            own = [self.variable(leaf, place) for leaf in leaves]
            self.variables += own
            self.arguments[place] = rebuild(own)

    def variable(self, leaf: Any, place: int) -> Tensor:
        """A leaf of this differentiation's own over an argument's memory."""
        if not is_tensor(leaf) and not isinstance(leaf, float | complex) and not creation.is_array(leaf):
            raise TypeMismatchError(
                f"argument {place} has {leaf!r} of {type(leaf).__name__}: expected tensors, arrays and floats"
            )
        tensor = creation.as_tensor(leaf)
        if tensor.requires_grad and not tensor.is_leaf and is_grad_enabled():
            self.tied.append(tensor)
        return tensor.detach().requires_grad_()

    def run(self, function: Callable[..., Any], named: dict[str, Any]) -> Any:
        """Calls the function on the variables."""
        active.variables = (*active.variables, self.variables)
        try:
            with enable_grad():
                return function(*self.arguments, **named)
        finally:
            active.variables = active.variables[:-1]

    def gradients_of(self, value: Tensor) -> list[Tensor]:
        """The gradients of all variables; zeros of those that the value does not depend on."""
        found: Sequence[Tensor | None] = [None] * len(self.variables)
        if value.requires_grad and self.variables:
            found = gradients(value, self.variables)
        return [
            self.given(creation.zeros(variable.shape, dtype=variable.dtype, device=variable.device))
            if each is None
            else self.given(each)
            for each, variable in zip(found, self.variables, strict=True)
        ]

    def rebuilt(self, place: int, found: list[Tensor]) -> Any:
        """The gradients of one argument, in its form."""
        start, (count, rebuild) = self.spans[place]
        return rebuild(found[start : start + count])

    def given(self, result: Any) -> Any:
        """A result as the caller gets it: without what made it, and in another differentiation one that refuses it."""
        if not is_tensor(result):
            return result
        plain = result.detach()
        if not self.tied:
            return plain
        return record("a gradient", [plain], self.tied, refuse_second_derivative)[0]


def refuse_second_derivative(*_: Tensor) -> Any:
    """The backward of what grad() gave."""
    raise UnavailableError(
        "second derivatives are not computed: take detach() of what grad() gave where it is to count as a constant"
    )
