#include "dlpack_ext/import.h"

#include <penstock/dlpack.h>

#include <cstdlib>
#include <new>
#include <string_view>

#include "dlpack_ext/capsules.h"
#include "dlpack_ext/errors.h"
#include "dlpack_ext/owners.h"
#include "dlpack_ext/tables.h"
#include "dlpack_ext/tensor_base.h"
#include "dlpack_ext/torch.h"

namespace penstock::ext {
namespace {

// ---- Structs of other libraries ----

// What the engine is given in place of another library's struct: the same description, with a deleter that needs no GIL.
// Until armed it gives nothing back, so that a struct the engine refuses stays its producer's.
template <typename Managed>
struct Borrowed : Owner {
  Managed description;
  Managed *original;
  bool armed = false;
};

template <typename Managed>
void give_back_borrowed(Owner *owner) {
  auto *borrowed = static_cast<Borrowed<Managed> *>(owner);
  Managed *original = borrowed->original;
  delete borrowed;
  if (original->deleter != nullptr) original->deleter(original);
}

template <typename Managed>
void delete_description(Managed *description) {
  auto *borrowed = static_cast<Borrowed<Managed> *>(description->manager_ctx);
  if (borrowed->armed)
    give_back_later(borrowed);
  else
    delete borrowed;
}

ps_status import_description(ps_tensor **out, DLManagedTensorVersioned *description) {
  return ps_tensor_from_dlpack(out, description);
}
ps_status import_description(ps_tensor **out, DLManagedTensor *description) {
  return ps_tensor_from_dlpack_legacy(out, description);
}

// Nothing but the version of a struct of another major may be read.
bool is_readable(const DLManagedTensorVersioned &managed) {
  if (managed.version.major == DLPACK_MAJOR_VERSION) return true;
  raise_not_exportable("DLPack version %u.%u is not one penstock knows: expected major %d", managed.version.major,
                       managed.version.minor, DLPACK_MAJOR_VERSION);
  return false;
}
bool is_readable(const DLManagedTensor &) { return true; }

// Borrows a struct; on failure (null, with an exception set) it is still its owner's.
template <typename Managed>
ps_tensor *borrow(Managed *original) {
  if (!is_readable(*original)) return nullptr;
  auto *borrowed = new (std::nothrow) Borrowed<Managed>;
  if (borrowed == nullptr) {
    PyErr_NoMemory();
    return nullptr;
  }
  borrowed->give_back = give_back_borrowed<Managed>;
  borrowed->original = original;
  borrowed->description = *original;
  borrowed->description.manager_ctx = borrowed;
  borrowed->description.deleter = delete_description<Managed>;
  ps_tensor *tensor = nullptr;
  const ps_status status = import_description(&tensor, &borrowed->description);
  if (status != PS_OK) {
    raise_as_buffer_error(status);
    return nullptr;
  }
  borrowed->armed = true;
  return tensor;
}

// Gives a struct back that was not taken.  The exception that says why stays set.
PyObject *refuse(DLManagedTensorVersioned *managed) {
  PyObject *type, *value, *traceback;
  PyErr_Fetch(&type, &value, &traceback);
  if (managed->deleter != nullptr) managed->deleter(managed);
  PyErr_Restore(type, value, traceback);
  return nullptr;
}

// ---- The ways in ----

PyObject *import_by_table(PyObject *object, const DLPackExchangeAPI &table, bool is_torch) {
  DLManagedTensorVersioned *managed = nullptr;
  if (table.managed_tensor_from_py_object_no_sync(object, &managed) != 0) return nullptr;
  if (is_torch && !is_no_lazy_view(object, managed->dl_tensor.dtype.code)) return refuse(managed);
  return take_over(managed);
}

template <typename Managed>
PyObject *import_capsule_as(PyObject *capsule) {
  auto *managed = static_cast<Managed *>(PyCapsule_GetPointer(capsule, capsule_name<Managed>));
  if (managed == nullptr) return nullptr;
  ps_tensor *tensor = borrow(managed);
  if (tensor == nullptr) return nullptr;  // the capsule keeps its name, and its destructor frees the struct
  PyCapsule_SetName(capsule, used_capsule_name<Managed>);
  return new_tensor_object(tensor);
}

PyObject *import_capsule(PyObject *capsule) {
  if (PyCapsule_IsValid(capsule, capsule_name<DLManagedTensorVersioned>))
    return import_capsule_as<DLManagedTensorVersioned>(capsule);
  if (PyCapsule_IsValid(capsule, capsule_name<DLManagedTensor>)) return import_capsule_as<DLManagedTensor>(capsule);
  return raise_not_exportable("%R is no DLPack capsule that can still be used: one can be imported once", capsule);
}

// Calls x.__dlpack__ with what is asked for, or without arguments where the producer is older than they are.
Object ask_for_capsule(PyObject *object, PyObject *device, PyObject *copy) {
  Object method(PyObject_GetAttrString(object, "__dlpack__"));
  if (!method) {
    if (PyErr_ExceptionMatches(PyExc_AttributeError)) raise_type_mismatch("%R has no __dlpack__ to borrow by", object);
    return Object();
  }
  Object names(Py_BuildValue("{s(ii)}", "max_version", DLPACK_MAJOR_VERSION, DLPACK_MINOR_VERSION));
  if (!names) return Object();
  if (device != Py_None && PyDict_SetItemString(names.get(), "dl_device", device) < 0) return Object();
  if (copy != Py_None && PyDict_SetItemString(names.get(), "copy", copy) < 0) return Object();
  Object none(PyTuple_New(0));
  Object capsule(PyObject_Call(method.get(), none.get(), names.get()));
  const bool is_plain = device == Py_None && copy == Py_None;
  if (!capsule && is_plain && PyErr_ExceptionMatches(PyExc_TypeError)) {
    PyErr_Clear();
    return Object(PyObject_Call(method.get(), none.get(), nullptr));
  }
  return capsule;
}

// ---- Python buffers ----

struct BufferOwner : Owner {
  Py_buffer view;
};

void give_back_buffer(Owner *owner) {
  auto *buffer = static_cast<BufferOwner *>(owner);
  PyBuffer_Release(&buffer->view);
  delete buffer;
}

// The dtype of a struct-module format and an item size; PS_DTYPE 0 where there is none.
ps_dtype dtype_of_format(std::string_view format, Py_ssize_t itemsize) {
  if (!format.empty() && (format[0] == '@' || format[0] == '=' || format[0] == '<' || format[0] == '|'))
    format.remove_prefix(1);
  const auto sized = [itemsize](ps_dtype one, ps_dtype two, ps_dtype four, ps_dtype eight) {
    return itemsize == 1 ? one : itemsize == 2 ? two : itemsize == 4 ? four : itemsize == 8 ? eight : ps_dtype{};
  };
  if (format == "Zf") return PS_COMPLEX64;
  if (format == "Zd") return PS_COMPLEX128;
  if (format.size() != 1) return ps_dtype{};
  switch (format[0]) {
    case '?': return PS_BOOL;
    case 'b':
    case 'h':
    case 'i':
    case 'l':
    case 'q':
    case 'n': return sized(PS_INT8, PS_INT16, PS_INT32, PS_INT64);
    case 'B':
    case 'H':
    case 'I':
    case 'L':
    case 'Q':
    case 'N':
    case 'c': return sized(PS_UINT8, PS_UINT16, PS_UINT32, PS_UINT64);
    case 'e':
    case 'f':
    case 'd': return sized(ps_dtype{}, PS_FLOAT16, PS_FLOAT32, PS_FLOAT64);
    default: return ps_dtype{};
  }
}

ps_status wrap_buffer(ps_tensor **out, BufferOwner *owner, ps_dtype dtype) {
  const Py_buffer &view = owner->view;
  int64_t shape[PS_MAX_NDIM], strides[PS_MAX_NDIM];
  for (int axis = 0; axis < view.ndim; ++axis) {
    shape[axis] = view.shape[axis];
    strides[axis] = view.strides[axis] / view.itemsize;
  }
  ps_wrap_options options = PS_WRAP_OPTIONS_INIT;
  options.device_type = PS_DEVICE_CPU;
  options.read_only = view.readonly != 0;
  const auto later = [](void *user) { give_back_later(static_cast<BufferOwner *>(user)); };
  return ps_tensor_wrap(out, view.buf, dtype, view.ndim, shape, strides, later, owner, &options);
}

bool accept_buffer(const Py_buffer &view, ps_dtype dtype) {
  if (dtype == ps_dtype{}) {
    raise_not_exportable("a buffer of format '%s' has no dtype of penstock's", view.format ? view.format : "B");
    return false;
  }
  if (view.ndim > PS_MAX_NDIM) {
    raise_not_exportable("a buffer of rank %d: at most %d", view.ndim, PS_MAX_NDIM);
    return false;
  }
  for (int axis = 0; axis < view.ndim; ++axis) {
    if (view.shape[axis] > 1 && view.strides[axis] % view.itemsize != 0) {
      raise_not_exportable("a buffer whose axis %d steps over %zd bytes, no multiple of its item size %zd", axis,
                           view.strides[axis], view.itemsize);
      return false;
    }
  }
  return true;
}

// ---- from_dlpack ----

PyObject *borrow_array(PyObject *object) {
  const bool is_torch = is_torch_tensor(object);
  if (is_torch && !is_free_of_grad(object)) return nullptr;
  if (const DLPackExchangeAPI *table = exchange_table_of(Py_TYPE(object)))
    return import_by_table(object, *table, is_torch);
  if (is_torch && !is_no_lazy_view(object, any_dtype)) return nullptr;
  if (PyCapsule_CheckExact(object)) return import_capsule(object);
  Object capsule = ask_for_capsule(object, Py_None, Py_None);
  return capsule ? import_capsule(capsule.get()) : nullptr;
}

// A device as the package takes it, a Device or its name, as DLPack's pair of numbers.
Object device_numbers(PyObject *device) {
  Object devices(PyImport_ImportModule("penstock.devices"));
  Object known(devices ? PyObject_CallMethod(devices.get(), "as_device", "O", device) : nullptr);
  return Object(known ? PyObject_GetAttrString(known.get(), "numbers") : nullptr);
}

PyObject *borrow_array_as(PyObject *object, PyObject *device, PyObject *copy) {
  if (is_torch_tensor(object) && !(is_free_of_grad(object) && is_no_lazy_view(object, any_dtype))) return nullptr;
  Object numbers = device == Py_None ? Object::borrowed(Py_None) : device_numbers(device);
  if (!numbers) return nullptr;
  Object capsule = ask_for_capsule(object, numbers.get(), copy);
  return capsule ? import_capsule(capsule.get()) : nullptr;
}

bool read_wishes(PyObject *&device, PyObject *&copy, PyObject *const *values, PyObject *names) {
  static PyObject *const device_name = PyUnicode_InternFromString("device");
  static PyObject *const copy_name = PyUnicode_InternFromString("copy");
  for (Py_ssize_t index = 0; index < PyTuple_Size(names); ++index) {
    PyObject *name = PyTuple_GetItem(names, index);
    if (is_name(name, device_name))
      device = values[index];
    else if (is_name(name, copy_name))
      copy = values[index];
    else {
      PyErr_Format(PyExc_TypeError, "from_dlpack() got an unexpected keyword argument '%U'", name);
      return false;
    }
  }
  return true;
}

}  // namespace

PyObject *take_over(DLManagedTensorVersioned *managed) {
  ps_tensor *tensor = borrow(managed);
  return tensor != nullptr ? new_tensor_object(tensor) : refuse(managed);
}

const char from_dlpack_contract[] =
    "from_dlpack($module, x, /, *, device=None, copy=None)\n--\n\n"
    "Borrows another library's array as a tensor over the same memory.\n\n"
    ">>> import numpy, penstock\n"
    ">>> penstock.from_dlpack(numpy.arange(3)).tolist()\n"
    "[0, 1, 2]\n\n"
    "x is anything with ``__dlpack__``, or a DLPack capsule. The memory lives until the last tensor over it is gone. "
    "device names another device to have it on, copy=True asks for memory of its own, copy=False forbids that. "
    "BufferError when it cannot be shared as asked: the message says why, and what would work.";

PyObject *from_dlpack(PyObject *, PyObject *const *arguments, Py_ssize_t count, PyObject *names) {
  give_back_owners();
  if (count != 1) return PyErr_Format(PyExc_TypeError, "from_dlpack() takes 1 positional argument, got %zd", count);
  PyObject *device = Py_None, *copy = Py_None;
  if (names != nullptr && !read_wishes(device, copy, arguments + 1, names)) return nullptr;
  return device == Py_None && copy == Py_None ? borrow_array(arguments[0])
                                              : borrow_array_as(arguments[0], device, copy);
}

PyObject *borrow_buffer(PyObject *, PyObject *object) {
  give_back_owners();
  auto *owner = new (std::nothrow) BufferOwner;
  if (owner == nullptr) return PyErr_NoMemory();
  owner->give_back = give_back_buffer;
  if (PyObject_GetBuffer(object, &owner->view, PyBUF_FULL_RO) < 0) {
    delete owner;
    return nullptr;
  }
  const char *format = owner->view.format == nullptr ? "B" : owner->view.format;
  const ps_dtype dtype = dtype_of_format(format, owner->view.itemsize);
  ps_tensor *tensor = nullptr;
  ps_status status = PS_OK;
  if (!accept_buffer(owner->view, dtype) || (status = wrap_buffer(&tensor, owner, dtype)) != PS_OK) {
    if (status != PS_OK) raise_as_buffer_error(status);
    PyObject *type, *value, *traceback;
    PyErr_Fetch(&type, &value, &traceback);
    give_back_buffer(owner);
    PyErr_Restore(type, value, traceback);
    return nullptr;
  }
  return new_tensor_object(tensor);
}

}  // namespace penstock::ext
