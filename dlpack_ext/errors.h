// The engine's failures as Python exceptions.
#pragma once

#include <penstock/base.h>
#include <penstock/tensor.h>

#include "dlpack_ext/python.h"

namespace penstock::ext {

// The exception classes by status, from Python; kept for the life of the process.  Raises TypeError for anything but a
// tuple, and returns None.
PyObject *set_exception_classes(PyObject *module, PyObject *classes);

// Raises the exception of a status with ps_last_error() as its text, and returns null.
PyObject *raise_status(ps_status status);

// Raises the class for what cannot be lent or borrowed, a BufferError, with a text as PyErr_Format takes it.
PyObject *raise_not_exportable(const char *format, ...);

// False, with that exception set, for a tensor that requires gradients: what others compute of its memory has none.
bool expect_no_gradients(const ps_tensor *tensor);

// Raises the class for what is of the wrong type, a TypeError, likewise.
PyObject *raise_type_mismatch(const char *format, ...);

// Raises a BufferError for any status but lack of memory: consumers take a TypeError as "this producer is old".
PyObject *raise_as_buffer_error(ps_status status);

}  // namespace penstock::ext
