// The base type of penstock.Tensor: one hold on one tensor of the engine, with the protocols through which others borrow it.
#pragma once

#include <penstock/tensor.h>

#include "dlpack_ext/python.h"

namespace penstock::ext {

struct TensorObject {
  PyObject_HEAD ps_tensor *tensor;  // one hold; never null in an object that Python sees
};

// Makes the type and adds it to the module as TensorBase.  False with an exception set.
bool add_tensor_base(PyObject *module);

// Which subclass new tensors get: penstock.Tensor, told by the package.
PyObject *set_tensor_class(PyObject *module, PyObject *tensor_class);

// adopt(address): a new tensor that takes over one hold on the ps_tensor at an address.
PyObject *adopt(PyObject *module, PyObject *address);

// adopt_as(cls, tensor): a new object of a subclass of TensorBase, with a hold of its own on the tensor of another.
PyObject *adopt_as(PyObject *module, PyObject *arguments);

bool is_tensor(PyObject *object);

// The tensor of an object known to be one.
inline ps_tensor *tensor_of(PyObject *object) { return reinterpret_cast<TensorObject *>(object)->tensor; }

// A new penstock.Tensor that takes over one hold on tensor, on failure too.
PyObject *new_tensor_object(ps_tensor *tensor);

}  // namespace penstock::ext
