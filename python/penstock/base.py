"""The base of Tensor: the extension that lends and borrows memory, or what stands in where it was not built."""

from __future__ import annotations

from penstock import errors

__all__ = ["HAS_EXTENSION", "TensorBase", "create_capsule", "import_buffer", "import_dlpack", "set_tensor_class"]

try:
    from penstock import _dlpack
except ImportError:
    from penstock.base_without_extension import (
        TensorBase,
        create_capsule,
        import_buffer,
        import_dlpack,
        set_tensor_class,
    )

    HAS_EXTENSION = False
else:
    _dlpack.set_exception_classes(errors.CLASSES)
    TensorBase = _dlpack.TensorBase
    create_capsule = _dlpack.create_dlpack_capsule
    import_buffer = _dlpack.from_buffer
    import_dlpack = _dlpack.from_dlpack
    set_tensor_class = _dlpack.set_tensor_class
    HAS_EXTENSION = True
