// The operators of a tensor, as slots of its type: for tensors, Python's numbers and slices they call the engine at once, for
// anything else the package's Python methods.
#pragma once

#include <span>

#include "dlpack_ext/python.h"

namespace penstock::ext {

// The slots of all operators, for a type's specification; hashing stays that of the object, beside comparisons of elements.
std::span<const PyType_Slot> operator_slots();

// The product of matrices of two objects known to be tensors: a new one.
PyObject *multiply_matrices(PyObject *first, PyObject *second);

// set_operators(class): tells the Python class whose methods serve what the slots do not know.
PyObject *set_operators(PyObject *module, PyObject *operators);

}  // namespace penstock::ext
