// DLPack, in: other libraries' arrays, and Python buffers, as tensors over the same memory.
#pragma once

#include <dlpack/dlpack.h>

#include "dlpack_ext/python.h"

namespace penstock::ext {

// borrow_array(x): a tensor over the memory of an array, or of a DLPack capsule.
PyObject *borrow_array(PyObject *module, PyObject *object);

// borrow_array_as(x, device, copy): the same, asking the array for a device (None, or a pair of DLPack's numbers) and a
// copy (None, True or False).
PyObject *borrow_array_as(PyObject *module, PyObject *arguments);

// borrow_buffer(x): a tensor over the memory of an object with the buffer protocol.
PyObject *borrow_buffer(PyObject *module, PyObject *object);

// A new tensor object that takes over managed, on failure too.
PyObject *take_over(DLManagedTensorVersioned *managed);

}  // namespace penstock::ext
