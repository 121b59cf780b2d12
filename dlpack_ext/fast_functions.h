// The package's functions of tensors once more, as built-in ones: for tensors and Python's numbers they call the engine at
// once, for anything else the Python function that they stand for.
#pragma once

#include "dlpack_ext/python.h"

namespace penstock::ext {

// fast_function(number, function, signature): a built-in function with the name and docstring of a Python function, for the
// ps_operation of a number, or the product of matrices for 0; signature is as in "(x, /)".  The Python function serves all
// that this one does not know.
PyObject *fast_function(PyObject *module, PyObject *arguments);

}  // namespace penstock::ext
