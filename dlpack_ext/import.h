// DLPack, in: other libraries' arrays, and Python buffers, as tensors over the same memory.
#pragma once

#include <dlpack/dlpack.h>

#include "dlpack_ext/python.h"

namespace penstock::ext {

// from_dlpack(x, /, *, device=None, copy=None): a tensor over the memory of an array, or of a DLPack capsule.
PyObject *from_dlpack(PyObject *module, PyObject *const *arguments, Py_ssize_t count, PyObject *names);
extern const char from_dlpack_contract[];  // for Python's help()

// borrow_buffer(x): a tensor over the memory of an object with the buffer protocol.
PyObject *borrow_buffer(PyObject *module, PyObject *object);

// A new tensor object that takes over managed, on failure too.
PyObject *take_over(DLManagedTensorVersioned *managed);

}  // namespace penstock::ext
