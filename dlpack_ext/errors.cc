#include "dlpack_ext/errors.h"

#include <penstock/autograd.h>

#include <cstdarg>

namespace penstock::ext {
namespace {

PyObject *exception_classes = nullptr;

// Before the package has set its classes, and for a status of a newer library: the built-in that always fits.
PyObject *class_of(ps_status status, PyObject *fallback) {
  if (exception_classes == nullptr || status < 0 || status >= PyTuple_Size(exception_classes)) return fallback;
  return PyTuple_GetItem(exception_classes, status);
}

}  // namespace

PyObject *set_exception_classes(PyObject *, PyObject *classes) {
  if (!PyTuple_Check(classes)) return PyErr_Format(PyExc_TypeError, "exception classes must be a tuple");
  Py_INCREF(classes);
  Py_XDECREF(exception_classes);
  exception_classes = classes;
  Py_RETURN_NONE;
}

PyObject *raise_status(ps_status status) {
  PyErr_SetString(class_of(status, PyExc_RuntimeError), ps_last_error());
  return nullptr;
}

PyObject *raise_not_exportable(const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  PyErr_FormatV(class_of(PS_NOT_EXPORTABLE, PyExc_BufferError), format, arguments);
  va_end(arguments);
  return nullptr;
}

bool expect_no_gradients(const ps_tensor *tensor) {
  if (ps_tensor_requires_grad(tensor) != 1) return true;
  raise_not_exportable(
      "a tensor that requires gradients is not lent, since they would be lost: lend what detach() gives");
  return false;
}

PyObject *raise_type_mismatch(const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  PyErr_FormatV(class_of(PS_TYPE_MISMATCH, PyExc_TypeError), format, arguments);
  va_end(arguments);
  return nullptr;
}

PyObject *raise_as_buffer_error(ps_status status) {
  return raise_status(status == PS_OUT_OF_MEMORY ? status : PS_NOT_EXPORTABLE);
}

}  // namespace penstock::ext
