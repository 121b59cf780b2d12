#include "dlpack_ext/tensor_base.h"

#include <cstdint>
#include <iterator>
#include <span>
#include <vector>

#include "dlpack_ext/buffer.h"
#include "dlpack_ext/errors.h"
#include "dlpack_ext/exchange_table.h"
#include "dlpack_ext/export.h"
#include "dlpack_ext/operators.h"
#include "dlpack_ext/owners.h"

namespace penstock::ext {
namespace {

PyTypeObject *base_type = nullptr;     // kept for the life of the process
PyTypeObject *tensor_class = nullptr;  // base_type until the package sets its own

PyObject *allocate(PyTypeObject *type, ps_tensor *tensor) {
  const auto tp_alloc = reinterpret_cast<allocfunc>(PyType_GetSlot(type, Py_tp_alloc));
  PyObject *object = tp_alloc(type, 0);
  if (object == nullptr) {
    ps_tensor_release(tensor);
    return nullptr;
  }
  reinterpret_cast<TensorObject *>(object)->tensor = tensor;
  return object;
}

void deallocate(PyObject *self) {
  PyTypeObject *type = Py_TYPE(self);
  {
    GivesBackAfterwards scope;
    ps_tensor_release(tensor_of(self));
  }
  reinterpret_cast<freefunc>(PyType_GetSlot(type, Py_tp_free))(self);
  Py_DECREF(reinterpret_cast<PyObject *>(type));
}

PyObject *tuple_of(const int64_t *numbers, int32_t count) {
  Object tuple(PyTuple_New(count));
  if (!tuple) return nullptr;
  for (int32_t index = 0; index < count; ++index) {
    PyObject *number = PyLong_FromLongLong(numbers[index]);
    if (number == nullptr || PyTuple_SetItem(tuple.get(), index, number) < 0) return nullptr;
  }
  return tuple.give_away();
}

PyObject *get_shape(PyObject *self, void *) {
  return tuple_of(ps_tensor_shape(tensor_of(self)), ps_tensor_ndim(tensor_of(self)));
}
PyObject *get_strides(PyObject *self, void *) {
  return tuple_of(ps_tensor_strides(tensor_of(self)), ps_tensor_ndim(tensor_of(self)));
}
PyObject *get_ndim(PyObject *self, void *) { return PyLong_FromLong(ps_tensor_ndim(tensor_of(self))); }
PyObject *get_size(PyObject *self, void *) { return PyLong_FromLongLong(ps_tensor_element_count(tensor_of(self))); }
PyObject *get_nbytes(PyObject *self, void *) { return PyLong_FromLongLong(ps_tensor_nbytes(tensor_of(self))); }
PyObject *get_is_contiguous(PyObject *self, void *) {
  return PyBool_FromLong(ps_tensor_is_contiguous(tensor_of(self)) == 1);
}
PyObject *get_is_readonly(PyObject *self, void *) {
  return PyBool_FromLong(ps_tensor_is_readonly(tensor_of(self)) == 1);
}
PyObject *get_is_pinned(PyObject *self, void *) { return PyBool_FromLong(ps_tensor_is_pinned(tensor_of(self)) == 1); }
PyObject *get_data_ptr(PyObject *self, void *) {
  return PyLong_FromVoidPtr(const_cast<void *>(ps_tensor_data(tensor_of(self))));
}
PyObject *get_handle(PyObject *self, void *) { return PyLong_FromVoidPtr(tensor_of(self)); }
PyObject *get_dtype_number(PyObject *self, void *) { return PyLong_FromLong(ps_tensor_dtype(tensor_of(self))); }
PyObject *get_device_numbers(PyObject *self, void *) { return dlpack_device_method(self, nullptr); }

// A docstring: what something is, then a line of Python and what it shows, which the tests run.
#define EXAMPLE(what, line, shows) what "\n\n>>> import penstock\n>>> " line "\n" shows "\n"

PyGetSetDef getters[] = {
    {"shape", get_shape, nullptr,
     EXAMPLE("The size of each axis, as a tuple.", "penstock.zeros((2, 3)).shape", "(2, 3)"), nullptr},
    {"strides", get_strides, nullptr,
     EXAMPLE("How many elements apart neighbours along each axis lie, as a tuple.", "penstock.zeros((2, 3)).strides",
             "(3, 1)"),
     nullptr},
    {"ndim", get_ndim, nullptr, EXAMPLE("The number of axes.", "penstock.zeros((2, 3)).ndim", "2"), nullptr},
    {"size", get_size, nullptr, EXAMPLE("The number of elements.", "penstock.zeros((2, 3)).size", "6"), nullptr},
    {"nbytes", get_nbytes, nullptr, EXAMPLE("The bytes of the elements.", "penstock.zeros((2, 3)).nbytes", "24"),
     nullptr},
    {"is_contiguous", get_is_contiguous, nullptr,
     EXAMPLE("Whether the elements lie densely in row-major order.", "penstock.zeros((2, 3)).T.is_contiguous", "False"),
     nullptr},
    {"is_readonly", get_is_readonly, nullptr,
     EXAMPLE("Whether nothing may be written through this tensor.", "penstock.zeros(3).expand(2, 3).is_readonly",
             "True"),
     nullptr},
    {"is_pinned", get_is_pinned, nullptr,
     EXAMPLE("Whether the memory is page-locked main memory.", "penstock.zeros(3).is_pinned", "False"), nullptr},
    {"data_ptr", get_data_ptr, nullptr,
     EXAMPLE("The address of the first element; 0 when there are none.", "penstock.zeros(0).data_ptr", "0"), nullptr},
    {"_handle", get_handle, nullptr, "The ps_tensor's address, borrowed: valid as long as this object.", nullptr},
    {"_dtype_number", get_dtype_number, nullptr, "The ps_dtype.", nullptr},
    {"_device_numbers", get_device_numbers, nullptr, "The ps_device_type and the id.", nullptr},
    {nullptr, nullptr, nullptr, nullptr, nullptr},
};

#define PENSTOCK_FASTCALL(function) reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(function))

PyMethodDef methods[] = {
    {"__dlpack__", PENSTOCK_FASTCALL(dlpack_method), METH_FASTCALL | METH_KEYWORDS,
     "__dlpack__($self, /, *, stream=None, max_version=None, dl_device=None, copy=None)\n--\n\n"
     "Lends the memory as a DLPack capsule, as the array API says.  BufferError when it cannot be lent as asked."},
    {"__dlpack_device__", dlpack_device_method, METH_NOARGS,
     "__dlpack_device__($self, /)\n--\n\nWhere the memory lies: (device type, device id) in DLPack's numbers."},
    {nullptr, nullptr, 0, nullptr},
};

const PyType_Slot own_slots[] = {
    {Py_tp_dealloc, reinterpret_cast<void *>(deallocate)},
    {Py_tp_getset, getters},
    {Py_tp_methods, methods},
    {Py_bf_getbuffer, reinterpret_cast<void *>(get_buffer)},
    {Py_bf_releasebuffer, reinterpret_cast<void *>(release_buffer)},
    {Py_tp_doc, const_cast<char *>("A tensor of the engine: memory that others borrow and that cannot dangle.")},
};

}  // namespace

bool add_tensor_base(PyObject *module) {
  std::vector<PyType_Slot> slots(std::begin(own_slots), std::end(own_slots));
  const std::span<const PyType_Slot> operators = operator_slots();
  slots.insert(slots.end(), operators.begin(), operators.end());
  slots.push_back({0, nullptr});
  PyType_Spec spec = {"penstock._dlpack.TensorBase", sizeof(TensorObject), 0,
                      Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_DISALLOW_INSTANTIATION, slots.data()};
  PyObject *type = PyType_FromSpec(&spec);
  if (type == nullptr) return false;
  base_type = tensor_class = reinterpret_cast<PyTypeObject *>(type);
  Object table(exchange_table_capsule());
  return table && PyObject_SetAttrString(type, "__dlpack_c_exchange_api__", table.get()) == 0 &&
         PyModule_AddObjectRef(module, "TensorBase", type) == 0;
}

PyObject *set_tensor_class(PyObject *, PyObject *given) {
  if (!PyType_Check(given) || !PyType_IsSubtype(reinterpret_cast<PyTypeObject *>(given), base_type))
    return PyErr_Format(PyExc_TypeError, "the tensor class must derive from TensorBase");
  Py_INCREF(given);
  tensor_class = reinterpret_cast<PyTypeObject *>(given);
  Py_RETURN_NONE;
}

bool is_tensor(PyObject *object) { return PyType_IsSubtype(Py_TYPE(object), base_type) != 0; }

PyObject *adopt(PyObject *, PyObject *address) {
  void *pointer = PyLong_AsVoidPtr(address);
  if (pointer == nullptr) {
    if (PyErr_Occurred() == nullptr) PyErr_SetString(PyExc_ValueError, "the address of a tensor is 0");
    return nullptr;
  }
  return new_tensor_object(static_cast<ps_tensor *>(pointer));
}

PyObject *adopt_as(PyObject *, PyObject *arguments) {
  PyObject *given, *object;
  if (!PyArg_ParseTuple(arguments, "O!O!", &PyType_Type, &given, base_type, &object)) return nullptr;
  auto *type = reinterpret_cast<PyTypeObject *>(given);
  if (!PyType_IsSubtype(type, base_type))
    return PyErr_Format(PyExc_TypeError, "%R is no subclass of TensorBase", given);
  return allocate(type, ps_tensor_retain(tensor_of(object)));
}

PyObject *new_tensor_object(ps_tensor *tensor) { return allocate(tensor_class, tensor); }

}  // namespace penstock::ext
