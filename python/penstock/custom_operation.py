"""Operations written in Python, with a gradient of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from penstock import creation
from penstock._native import call, ffi, lib, note_exception
from penstock.base import adopt, is_tensor
from penstock.errors import InvalidArgumentError, TypeMismatchError
from penstock.recording_modes import no_grad

if TYPE_CHECKING:
    from penstock.tensor import Tensor

__all__ = ["Function", "record"]

kept: set[Any] = set()  # handles of what C holds: cffi's own would not keep them


class Context:
    """What an operation's forward hands to its backward: tensors, and anything set as an attribute."""

    def __init__(self, name: str, needs: tuple[bool, ...]) -> None:
        self.name = name
        self.needs_input_grad = needs
        self.saved: list[tuple[Tensor, int]] = []

    def save_for_backward(self, *tensors: Tensor) -> None:
        """Keeps tensors, and notices if they are changed in place before backward reads them."""
        self.saved = [(tensor, tensor._version) for tensor in tensors]

    @property
    def saved_tensors(self) -> tuple[Tensor, ...]:
        """What save_for_backward() kept."""
        for tensor, version in self.saved:
            if tensor._version != version:
                raise InvalidArgumentError(
                    f"{self.name}: a saved tensor of shape {tensor.shape} was changed in place since"
                )
        return tuple(tensor for tensor, _ in self.saved)


class Function:
    """An operation with a gradient of its own: derive, write forward and backward, and call apply().

    forward(context, *arguments) computes; its results are tensors, one or a tuple of them. backward(context,
    *gradients) gets the gradient of each result and returns one for each argument of forward: None for those that have
    none. Neither is recorded. context keeps what forward wants backward to know, by save_for_backward() or as
    attributes; context.needs_input_grad says for which arguments a gradient is asked.

    >>> import penstock
    >>> class Cube(penstock.Function):
    ...     @staticmethod
    ...     def forward(context, x):
    ...         context.save_for_backward(x)
    ...         return x * x * x
    ...     @staticmethod
    ...     def backward(context, gradient):
    ...         (x,) = context.saved_tensors
    ...         return gradient * 3 * x * x
    >>> x = penstock.Tensor(2.0, requires_grad=True)
    >>> Cube.apply(x).backward()
    >>> x.grad.item()
    12.0
    """

    @staticmethod
    def forward(context: Any, *arguments: Any) -> Any:
        """Computes the operation: to be written.

        >>> import penstock
        >>> penstock.Function.forward(None)
        Traceback (most recent call last):
            ...
        NotImplementedError: a Function needs a static method forward(context, *arguments)
        """
        raise NotImplementedError("a Function needs a static method forward(context, *arguments)")

    @staticmethod
    def backward(context: Any, *gradients: Any) -> Any:
        """Computes the arguments' gradients: to be written.

        >>> import penstock
        >>> penstock.Function.backward(None)
        Traceback (most recent call last):
            ...
        NotImplementedError: a Function needs a static method backward(context, *gradients)
        """
        raise NotImplementedError("a Function needs a static method backward(context, *gradients)")

    @classmethod
    def apply(cls, *arguments: Any) -> Any:
        """Runs forward, and remembers how to go back.

        >>> import penstock
        >>> class Halved(penstock.Function):
        ...     @staticmethod
        ...     def forward(context, x):
        ...         return x / 2
        ...     @staticmethod
        ...     def backward(context, gradient):
        ...         return gradient / 2
        >>> Halved.apply(penstock.Tensor(3.0)).item()
        1.5
        """
        places = [place for place, argument in enumerate(arguments) if is_tensor(argument)]
        context = Context(cls.__name__, tuple(is_tensor(each) and each.requires_grad for each in arguments))
        with no_grad():
            result = cls.forward(context, *arguments)
        outputs = result if isinstance(result, tuple) else (result,)
        for output in outputs:
            if not is_tensor(output):
                raise TypeMismatchError(f"{cls.__name__}.forward gave a {type(output).__name__}: expected tensors")
        if not places or not outputs:
            return result

        def backward(*gradients: Tensor) -> list[Any]:
            found = cls.backward(context, *gradients)
            given = found if isinstance(found, tuple) else (found,)
            if len(given) != len(arguments):
                raise InvalidArgumentError(
                    f"{cls.__name__}.backward gave {len(given)} gradients for {len(arguments)} arguments"
                )
            return [given[place] for place in places]

        made = record(cls.__name__, list(outputs), [arguments[place] for place in places], backward)
        return tuple(made) if isinstance(result, tuple) else made[0]


class Operation:
    """What C holds of a recorded operation."""

    def __init__(self, backward: Any, input_count: int, output_count: int) -> None:
        self.backward = backward
        self.input_count = input_count
        self.output_count = output_count


def record(name: str, outputs: list[Tensor], inputs: list[Tensor], backward: Any) -> list[Tensor]:
    """Tensors over the outputs' memory that lead back to the inputs by way of a function of the gradients."""
    out = ffi.new("ps_tensor *[]", len(outputs))
    handle = ffi.new_handle(Operation(backward, len(inputs), len(outputs)))
    kept.add(handle)
    try:
        call(
            lib.ps_record_custom, out, name.encode(), len(outputs), outputs, len(inputs), inputs,
            lib.penstock_on_backward, handle, lib.penstock_on_released,
        )  # fmt: skip
    except BaseException:
        kept.discard(handle)
        raise
    return [adopt(int(ffi.cast("intptr_t", tensor))) for tensor in out]


@ffi.def_extern(name="penstock_on_backward", error=lib.PS_CANCELLED)  # type: ignore[untyped-decorator]
def on_backward(input_gradients: Any, output_gradients: Any, user: Any) -> int:
    """What the C ABI calls on a walk back."""
    operation: Operation = ffi.from_handle(user)
    try:
        lent = [
            adopt(int(ffi.cast("intptr_t", lib.ps_tensor_retain(output_gradients[index]))))
            for index in range(operation.output_count)
        ]
        for index, gradient in enumerate(operation.backward(*lent)):
            if gradient is not None:
                tensor = creation.as_tensor(gradient)
                input_gradients[index] = lib.ps_tensor_retain(ffi.cast("ps_tensor *", tensor._handle))
    except BaseException as error:  # KeyboardInterrupt too: it must not get lost in C
        note_exception(error)
        return int(lib.PS_CANCELLED)
    return int(lib.PS_OK)


@ffi.def_extern(name="penstock_on_released")  # type: ignore[untyped-decorator]
def on_released(user: Any) -> None:
    """What the C ABI calls when nothing leads to an operation any more."""
    kept.discard(user)
