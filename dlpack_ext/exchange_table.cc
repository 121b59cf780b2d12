#include "dlpack_ext/exchange_table.h"

#include <dlpack/dlpack.h>
#include <penstock/dlpack.h>
#include <penstock/stream.h>

#include "dlpack_ext/dtypes.h"
#include "dlpack_ext/errors.h"
#include "dlpack_ext/import.h"
#include "dlpack_ext/owners.h"
#include "dlpack_ext/tensor_base.h"

namespace penstock::ext {
namespace {

// A table is called with objects of its type; what else a caller may give is refused all the same.
bool accept_object(void *object) {
  if (is_tensor(static_cast<PyObject *>(object))) return true;
  PyErr_Format(PyExc_TypeError, "penstock's exchange table was given %R, which is no penstock.Tensor", object);
  return false;
}

int from_object(void *object, DLManagedTensorVersioned **out) {
  if (!accept_object(object)) return -1;
  const ps_status status = ps_tensor_to_dlpack(out, tensor_of(static_cast<PyObject *>(object)), 0);
  if (status == PS_OK) return 0;
  raise_as_buffer_error(status);
  return -1;
}

int to_object(DLManagedTensorVersioned *managed, void **out) {
  give_back_owners();
  *out = take_over(managed);
  return *out == nullptr ? -1 : 0;
}

// Shape and strides point into the tensor, which outlives the loan.  A DLTensor cannot say that memory is read-only.
int borrow(void *object, DLTensor *out) {
  if (!accept_object(object)) return -1;
  const ps_tensor *tensor = tensor_of(static_cast<PyObject *>(object));
  const int64_t *shape = ps_tensor_shape(tensor), *strides = ps_tensor_strides(tensor);
  const int32_t ndim = ps_tensor_ndim(tensor);
  if (ps_tensor_is_readonly(tensor) == 1) {
    raise_not_exportable("a read-only tensor cannot be borrowed as a DLTensor, which cannot say so");
    return -1;
  }
  if (!expect_no_gradients(tensor)) return -1;
  for (int32_t axis = 0; axis < ndim; ++axis) {
    if (strides[axis] < 0 && shape[axis] > 1) {
      raise_not_exportable("stride %lld of axis %d is negative, which consumers mishandle: lend .contiguous()",
                           static_cast<long long>(strides[axis]), static_cast<int>(axis));
      return -1;
    }
  }
  *out = {const_cast<void *>(ps_tensor_data(tensor)),
          {static_cast<DLDeviceType>(ps_tensor_device_type(tensor)), ps_tensor_device_id(tensor)},
          ndim,
          dlpack_dtype(ps_tensor_dtype(tensor)),
          const_cast<int64_t *>(shape),
          const_cast<int64_t *>(strides),
          0};
  return 0;
}

int allocate(DLTensor *prototype, DLManagedTensorVersioned **out, void *error_context,
             void (*set_error)(void *, const char *, const char *)) {
  ps_tensor_options options = PS_TENSOR_OPTIONS_INIT;
  options.device_type = static_cast<ps_device_type>(prototype->device.device_type);
  options.device_id = prototype->device.device_id;
  ps_tensor *tensor = nullptr;
  ps_status status = ps_tensor_empty(&tensor, dtype_of(prototype->dtype), prototype->ndim, prototype->shape, &options);
  if (status == PS_OK) status = ps_tensor_to_dlpack(out, tensor, 0);
  ps_tensor_release(tensor);
  if (status == PS_OK) return 0;
  set_error(error_context, status == PS_OUT_OF_MEMORY ? "MemoryError" : "BufferError", ps_last_error());
  return -1;
}

// Null for the CPU and for what penstock does not know: there is nothing to wait for.
int current_work_stream(DLDeviceType device_type, int32_t device_id, void **out) {
  void *stream = nullptr;
  if (device_type == kDLCUDA) {
    const ps_status status = ps_get_stream(&stream, PS_DEVICE_CUDA, device_id);
    if (status != PS_OK) {
      raise_as_buffer_error(status);
      return -1;
    }
  }
  *out = stream;
  return 0;
}

DLPackExchangeAPI table = {{{DLPACK_MAJOR_VERSION, DLPACK_MINOR_VERSION}, nullptr},
                           allocate,
                           from_object,
                           to_object,
                           borrow,
                           current_work_stream};

}  // namespace

PyObject *exchange_table_capsule() { return PyCapsule_New(&table, "dlpack_exchange_api", nullptr); }

}  // namespace penstock::ext
