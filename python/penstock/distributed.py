"""Training on several processes at once.

>>> import penstock as ps
>>> ps.distributed.DataParallel(ps.Model())
Traceback (most recent call last):
...
penstock.errors.UnavailableError: DataParallel needs a process group: call torch.distributed.init_process_group() first
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from penstock._native import lib
from penstock.errors import InvalidArgumentError, UnavailableError
from penstock.interop import import_optional

if TYPE_CHECKING:
    from penstock.model import Model

__all__ = ["DataParallel"]


class DataParallel:
    """A model whose gradients are averaged with those of the other processes' models, by torch.distributed.

    Each process has a model of the same layers, a compile() of the same words, and its own part of each batch, as large
    as the others'. The parameters become those of process 0. In all else it is the model: fit(), train_on_batch() and
    the others. Gradients go in buckets of bucket_bytes, one under way while the next is being handed over.

    >>> import penstock as ps
    >>> issubclass(ps.distributed.DataParallel, object)
    True
    """

    def __init__(self, model: Model, *, process_group: Any = None, bucket_bytes: int = 25 << 20) -> None:
        torch = import_optional("torch", "torch")
        if bucket_bytes < 1:
            raise InvalidArgumentError(f"bucket_bytes is {bucket_bytes}: expected a number from 1")
        self._torch, self._group = torch, process_group
        if not (torch.distributed.is_available() and torch.distributed.is_initialized()):
            raise UnavailableError(
                "DataParallel needs a process group: call torch.distributed.init_process_group() first"
            )
        self.model = model
        self.world_size = int(torch.distributed.get_world_size(process_group))
        self.bucket_elements = max(1, bucket_bytes // model.dtype.itemsize)
        self._broadcast()
        model._step = self._train

    def _broadcast(self) -> None:
        """All parameters, running statistics too, become process 0's."""
        source = self._torch.distributed.get_process_group_ranks(self._group)[0] if self._group is not None else 0
        for parameter in self.model.named_parameters().values():
            self._torch.distributed.broadcast(self._torch.from_dlpack(parameter.detach()), source, group=self._group)

    def _train(self, result: Any, native: Any, x: Any, y: Any, options: Any) -> int:
        """One step, as ps_model_train_on_batch()."""
        status = lib.ps_model_compute_gradients(result, native, x, y, options)
        if status or result.stopped:
            return int(status)
        self.all_reduce()
        return int(lib.ps_model_apply_gradients(native))

    def all_reduce(self) -> None:
        """Averages the model's gradients with those of the other processes.

        >>> import penstock as ps
        >>> callable(ps.distributed.DataParallel.all_reduce)
        True
        """
        gradients = self._torch.from_dlpack(self.model.gradients)
        gradients /= self.world_size
        under_way = [
            self._torch.distributed.all_reduce(bucket, group=self._group, async_op=True)
            for bucket in gradients.split(self.bucket_elements)
        ]
        for each in under_way:
            each.wait()

    def __getattr__(self, name: str) -> Any:
        if name == "model":
            raise AttributeError(name)
        return getattr(self.model, name)
