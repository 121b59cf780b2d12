// Python's buffer protocol, out: memoryview(tensor) and numpy.asarray(tensor) over the same memory.
#pragma once

#include "dlpack_ext/python.h"

namespace penstock::ext {

int get_buffer(PyObject *self, Py_buffer *view, int flags);
void release_buffer(PyObject *self, Py_buffer *view);

}  // namespace penstock::ext
