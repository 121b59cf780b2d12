"""An array lent by hand, field by field, so that a test can lend what no library would; and capsules looked at."""

import ctypes
from collections.abc import Callable
from typing import Any

DESTRUCTOR = ctypes.CFUNCTYPE(None, ctypes.c_void_p)
DELETER = ctypes.CFUNCTYPE(None, ctypes.c_void_p)


def capsule_function(name: str, result: Any, *arguments: Any) -> Callable[..., Any]:
    return ctypes.PYFUNCTYPE(result, *arguments)((name, ctypes.pythonapi))


new_capsule = capsule_function("PyCapsule_New", ctypes.py_object, ctypes.c_void_p, ctypes.c_char_p, DESTRUCTOR)
capsule_name = capsule_function("PyCapsule_GetName", ctypes.c_char_p, ctypes.py_object)
capsule_pointer = capsule_function("PyCapsule_GetPointer", ctypes.c_void_p, ctypes.py_object, ctypes.c_char_p)
dying_is_valid = capsule_function("PyCapsule_IsValid", ctypes.c_int, ctypes.c_void_p, ctypes.c_char_p)


class DLTensor(ctypes.Structure):
    """DLPack's."""

    _fields_ = (
        ("data", ctypes.c_void_p),
        ("device_type", ctypes.c_int32),
        ("device_id", ctypes.c_int32),
        ("ndim", ctypes.c_int32),
        ("code", ctypes.c_uint8),
        ("bits", ctypes.c_uint8),
        ("lanes", ctypes.c_uint16),
        ("shape", ctypes.POINTER(ctypes.c_int64)),
        ("strides", ctypes.POINTER(ctypes.c_int64)),
        ("byte_offset", ctypes.c_uint64),
    )


class Legacy(ctypes.Structure):
    """DLPack's DLManagedTensor."""

    _fields_ = (("tensor", DLTensor), ("manager_ctx", ctypes.c_void_p), ("deleter", DELETER))


class Versioned(ctypes.Structure):
    """DLPack's DLManagedTensorVersioned."""

    _fields_ = (
        ("major", ctypes.c_uint32),
        ("minor", ctypes.c_uint32),
        ("manager_ctx", ctypes.c_void_p),
        ("deleter", DELETER),
        ("flags", ctypes.c_uint64),
        ("tensor", DLTensor),
    )


READ_ONLY = 1
IS_COPIED = 2


class Producer:
    """Lends six float32 numbers; fields of the struct can be set to anything before it is lent."""

    def __init__(self, *, versioned: bool = True) -> None:
        self.numbers = (ctypes.c_float * 6)(0, 1, 2, 3, 4, 5)
        self.extents = (ctypes.c_int64 * 40)(*[1] * 40)
        self.extents[0] = 6
        self.strides: Any = None
        self.deleted = 0
        self.name = b"dltensor_versioned" if versioned else b"dltensor"
        self.managed: Any = Versioned(major=1, minor=3) if versioned else Legacy()
        self.managed.tensor = DLTensor(ctypes.addressof(self.numbers), 1, 0, 1, 2, 32, 1, self.extents, None, 0)
        self.deleter = DELETER(self.delete)  # kept: the struct has only its address
        self.destructor = DESTRUCTOR(self.destroy)
        self.managed.deleter = self.deleter

    def delete(self, _: int) -> None:
        self.deleted += 1

    def destroy(self, capsule: int) -> None:
        if dying_is_valid(capsule, self.name):
            self.delete(capsule)

    def capsule(self) -> Any:
        return new_capsule(ctypes.addressof(self.managed), self.name, self.destructor)

    def __dlpack__(self, **_: Any) -> Any:
        return self.capsule()

    def __dlpack_device__(self) -> tuple[int, int]:
        return self.managed.tensor.device_type, self.managed.tensor.device_id


def struct_in(capsule: Any) -> Any:
    """What a capsule that nobody has consumed points to."""
    name = capsule_name(capsule)
    kind = {b"dltensor": Legacy, b"dltensor_versioned": Versioned}[name]
    return kind.from_address(capsule_pointer(capsule, name))
