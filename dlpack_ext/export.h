// DLPack, out: the capsules of __dlpack__, and capsules over memory of any origin.
#pragma once

#include "dlpack_ext/python.h"

namespace penstock::ext {

PyObject *dlpack_method(PyObject *self, PyObject *const *arguments, Py_ssize_t count, PyObject *names);
PyObject *dlpack_device_method(PyObject *self, PyObject *unused);

// create_dlpack_capsule(data_ptr, shape, dtype number, device_type, device_id, owner, versioned): a row-major array in memory
// of any origin; owner is kept until the deleter has run.
PyObject *create_dlpack_capsule(PyObject *module, PyObject *arguments);

}  // namespace penstock::ext
