"""The exceptions: one class for each status of the C ABI, each also the built-in exception that fits."""

from __future__ import annotations

__all__ = [
    "CancelledError",
    "DataError",
    "DoesNotFitError",
    "Error",
    "InternalError",
    "InvalidArgumentError",
    "IoError",
    "NotExportableError",
    "NotFoundError",
    "OutOfMemoryError",
    "OutOfRangeError",
    "ReadOnlyError",
    "TimedOutError",
    "TypeMismatchError",
    "UnavailableError",
]


class Error(Exception):
    """What every exception of penstock derives from; its text says what was wrong, the value seen, and what was due.

    >>> import penstock
    >>> try:
    ...     penstock.zeros((2, 3))[5]
    ... except penstock.Error as error:
    ...     print(error)
    index 5 is outside axis 0 of size 2 of shape (2, 3)
    """

    def __str__(self) -> str:
        return str(self.args[0]) if self.args else ""  # KeyError would quote it


class InvalidArgumentError(Error, ValueError):
    """An argument breaks its contract.

    >>> import penstock
    >>> issubclass(penstock.InvalidArgumentError, ValueError)
    True
    """


class DoesNotFitError(InvalidArgumentError, OverflowError):
    """A Python number beyond the limits of the dtype it is to become.

    >>> import penstock
    >>> try:
    ...     penstock.Tensor([300], dtype="int8")
    ... except OverflowError as error:
    ...     print(error)
    300 does not fit int8
    """


class OutOfRangeError(Error, IndexError):
    """An index, an axis or a value lies outside its limits.

    >>> import penstock
    >>> issubclass(penstock.OutOfRangeError, IndexError)
    True
    """


class TypeMismatchError(Error, TypeError):
    """A dtype does not fit.

    >>> import penstock
    >>> issubclass(penstock.TypeMismatchError, TypeError)
    True
    """


class NotFoundError(Error, KeyError, FileNotFoundError):
    """No file, member or name like that.

    >>> import penstock
    >>> issubclass(penstock.NotFoundError, FileNotFoundError)
    True
    """


class IoError(Error, OSError):
    """The operating system refused to open, read or write.

    >>> import penstock
    >>> issubclass(penstock.IoError, OSError)
    True
    """


class OutOfMemoryError(Error, MemoryError):
    """An allocation failed.

    >>> import penstock
    >>> issubclass(penstock.OutOfMemoryError, MemoryError)
    True
    """


class ReadOnlyError(Error, ValueError):
    """A write through a read-only tensor.

    >>> import penstock
    >>> issubclass(penstock.ReadOnlyError, ValueError)
    True
    """


class DataError(Error, ValueError):
    """What was read is damaged, truncated, or not of the kind it should be.

    >>> import penstock
    >>> issubclass(penstock.DataError, ValueError)
    True
    """


class UnavailableError(Error, RuntimeError):
    """This build or machine lacks what was asked for.

    >>> import penstock
    >>> issubclass(penstock.UnavailableError, RuntimeError)
    True
    """


class CancelledError(Error, RuntimeError):
    """A progress callback asked to stop.

    >>> import penstock
    >>> issubclass(penstock.CancelledError, RuntimeError)
    True
    """


class TimedOutError(Error, TimeoutError):
    """A wait ended before what it waited for.

    >>> import penstock
    >>> issubclass(penstock.TimedOutError, TimeoutError)
    True
    """


class NotExportableError(Error, BufferError):
    """Another library could not take this memory as it is, or lends what penstock cannot take.

    >>> import penstock
    >>> issubclass(penstock.NotExportableError, BufferError)
    True
    """


class InternalError(Error, RuntimeError):
    """A defect in penstock: please report the message.

    >>> import penstock
    >>> issubclass(penstock.InternalError, RuntimeError)
    True
    """


# By status, in the order of ps_status.
CLASSES: tuple[type[Error], ...] = (
    Error,
    InvalidArgumentError,
    OutOfRangeError,
    TypeMismatchError,
    NotFoundError,
    IoError,
    OutOfMemoryError,
    ReadOnlyError,
    DataError,
    UnavailableError,
    CancelledError,
    TimedOutError,
    NotExportableError,
    InternalError,
)
