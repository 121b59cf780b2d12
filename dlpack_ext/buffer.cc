#include "dlpack_ext/buffer.h"

#include <penstock/tensor.h>

#include <array>

#include "dlpack_ext/errors.h"
#include "dlpack_ext/tensor_base.h"

namespace penstock::ext {
namespace {

// The struct module's codes, and its extension for complex numbers, in the order of ps_dtype.  None for what it lacks.
// 64-bit integers are C's long, which is what NumPy calls int64 on every platform of ours.
constexpr std::array<const char *, PS_FLOAT8_E5M2 + 1> formats = {
    nullptr, "?", "b", "h", "i", "l", "B", "H", "I", "L", "e", nullptr, "f", "d", "Zf", "Zd", nullptr, nullptr};

bool asks(int flags, int what) { return (flags & what) == what; }

// Fills view->shape and view->strides (in bytes) from memory kept in view->internal.
bool fill_extents(Py_buffer *view, const ps_tensor *tensor) {
  const int32_t ndim = ps_tensor_ndim(tensor);
  auto *extents = static_cast<Py_ssize_t *>(PyMem_Malloc(2 * sizeof(Py_ssize_t) * static_cast<size_t>(ndim + 1)));
  if (extents == nullptr) {
    PyErr_NoMemory();
    return false;
  }
  const int64_t *shape = ps_tensor_shape(tensor), *strides = ps_tensor_strides(tensor);
  for (int32_t axis = 0; axis < ndim; ++axis) {
    extents[axis] = static_cast<Py_ssize_t>(shape[axis]);
    extents[ndim + axis] = static_cast<Py_ssize_t>(strides[axis] * view->itemsize);
  }
  view->internal = extents;
  view->shape = extents;
  view->strides = extents + ndim;
  return true;
}

const char *why_not(const Py_buffer &view, int flags) {
  const bool any_order = PyBuffer_IsContiguous(&view, 'A') != 0;
  if (asks(flags, PyBUF_C_CONTIGUOUS) && !PyBuffer_IsContiguous(&view, 'C')) return "is not row-major contiguous";
  if (asks(flags, PyBUF_F_CONTIGUOUS) && !PyBuffer_IsContiguous(&view, 'F')) return "is not column-major contiguous";
  if (asks(flags, PyBUF_ANY_CONTIGUOUS) && !any_order) return "is not contiguous";
  if (!asks(flags, PyBUF_STRIDES) && !PyBuffer_IsContiguous(&view, 'C')) return "has strides, which were not asked for";
  return nullptr;
}

}  // namespace

int get_buffer(PyObject *self, Py_buffer *view, int flags) {
  const ps_tensor *tensor = tensor_of(self);
  view->obj = nullptr;
  if (ps_tensor_device_type(tensor) != PS_DEVICE_CPU) {
    raise_not_exportable("the tensor lies on cuda:%d, which no buffer reaches: copy it with .to('cpu') first",
                         static_cast<int>(ps_tensor_device_id(tensor)));
    return -1;
  }
  if (!expect_no_gradients(tensor)) return -1;
  const ps_dtype dtype = ps_tensor_dtype(tensor);
  const char *format = formats[static_cast<size_t>(dtype)];
  if (format == nullptr) {
    raise_not_exportable("the buffer protocol has no %s: convert with .astype('float32') or lend through DLPack",
                         ps_dtype_name(dtype));
    return -1;
  }
  const bool read_only = ps_tensor_is_readonly(tensor) == 1;
  if (read_only && asks(flags, PyBUF_WRITABLE)) {
    raise_not_exportable("the tensor is read-only and a writable buffer was asked for");
    return -1;
  }
  view->buf = const_cast<void *>(ps_tensor_data(tensor));
  view->len = static_cast<Py_ssize_t>(ps_tensor_nbytes(tensor));
  view->itemsize = static_cast<Py_ssize_t>(ps_dtype_size(dtype));
  view->readonly = read_only;
  view->ndim = ps_tensor_ndim(tensor);
  view->format = asks(flags, PyBUF_FORMAT) ? const_cast<char *>(format) : nullptr;
  view->suboffsets = nullptr;
  if (!fill_extents(view, tensor)) return -1;
  if (const char *reason = why_not(*view, flags)) {
    release_buffer(self, view);
    raise_not_exportable("the tensor %s", reason);
    return -1;
  }
  if (!asks(flags, PyBUF_ND)) view->shape = nullptr;
  if (!asks(flags, PyBUF_STRIDES)) view->strides = nullptr;
  Py_INCREF(self);
  view->obj = self;
  return 0;
}

void release_buffer(PyObject *, Py_buffer *view) { PyMem_Free(view->internal); }

}  // namespace penstock::ext
