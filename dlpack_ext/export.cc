#include "dlpack_ext/export.h"

#include <dlpack/dlpack.h>
#include <penstock/dlpack.h>
#include <penstock/stream.h>

#include <cstdint>
#include <cstdlib>
#include <new>

#include "dlpack_ext/capsules.h"
#include "dlpack_ext/dtypes.h"
#include "dlpack_ext/errors.h"
#include "dlpack_ext/owners.h"
#include "dlpack_ext/tensor_base.h"

namespace penstock::ext {
namespace {

// ---- The arguments of __dlpack__ ----

struct Request {
  PyObject *stream = Py_None, *max_version = Py_None, *dl_device = Py_None, *copy = Py_None;
};

// Keyword-only, as the array API has it.
bool read_request(Request &request, PyObject *const *arguments, Py_ssize_t count, PyObject *names) {
  if (count != 0) {
    PyErr_SetString(PyExc_TypeError, "__dlpack__() takes keyword arguments only");
    return false;
  }
  static PyObject *const max_version = PyUnicode_InternFromString("max_version");
  static PyObject *const stream = PyUnicode_InternFromString("stream");
  static PyObject *const dl_device = PyUnicode_InternFromString("dl_device");
  static PyObject *const copy = PyUnicode_InternFromString("copy");
  const Py_ssize_t name_count = names == nullptr ? 0 : PyTuple_Size(names);
  for (Py_ssize_t index = 0; index < name_count; ++index) {
    PyObject *name = PyTuple_GetItem(names, index);
    if (is_name(name, max_version))
      request.max_version = arguments[index];
    else if (is_name(name, stream))
      request.stream = arguments[index];
    else if (is_name(name, dl_device))
      request.dl_device = arguments[index];
    else if (is_name(name, copy))
      request.copy = arguments[index];
    else {
      PyErr_Format(PyExc_TypeError, "__dlpack__() got an unexpected keyword argument '%U'", name);
      return false;
    }
  }
  return true;
}

// The item of a pair of integers (IntEnum members too) at index.  -1 with an exception set when it is none.
long pair_item(PyObject *pair, Py_ssize_t index, const char *what) {
  if (!PyTuple_Check(pair) || PyTuple_Size(pair) != 2) {
    raise_not_exportable("%s must be a tuple of two integers, got %R", what, pair);
    return -1;
  }
  Object number(PyNumber_Index(PyTuple_GetItem(pair, index)));
  const long value = number ? PyLong_AsLong(number.get()) : -1;
  if (value == -1 && PyErr_Occurred() != nullptr) {
    PyErr_Clear();
    raise_not_exportable("%s must be a tuple of two integers, got %R", what, pair);
  }
  return value;
}

enum class Copying { when_needed, always, never };

bool read_copying(Copying &copying, PyObject *copy) {
  if (copy == Py_None) {
    copying = Copying::when_needed;
    return true;
  }
  const int is_true = PyObject_IsTrue(copy);
  copying = is_true == 1 ? Copying::always : Copying::never;
  return is_true >= 0;
}

bool wants_versioned(PyObject *max_version, bool &versioned) {
  versioned = false;
  if (max_version == Py_None) return true;
  const long major = pair_item(max_version, 0, "max_version");
  if (PyErr_Occurred() != nullptr) return false;
  versioned = major >= 1;
  return true;
}

// The stream on which a consumer is going to read: to be waited for, unless it asked for no wait with -1.
struct ConsumerStream {
  void *stream = nullptr;  // null: the legacy default stream
  bool waits = true;
};

// A tensor on the CPU has no stream to wait for: None, or -1.
bool accept_cpu_stream(PyObject *stream) {
  if (stream == Py_None) return true;
  if (PyLong_Check(stream)) {
    const long number = PyLong_AsLong(stream);
    if (number == -1 && PyErr_Occurred() == nullptr) return true;
    PyErr_Clear();
  }
  raise_not_exportable("stream must be None for a tensor on the CPU, got %R", stream);
  return false;
}

// CUDA's: None and 1 are the legacy default stream, 2 the per-thread one, -1 asks for no wait; 0 could be either of two.
bool read_cuda_stream(ConsumerStream &wanted, PyObject *stream) {
  if (stream == Py_None) return true;
  Object number(PyLong_Check(stream) ? PyNumber_Index(stream) : nullptr);
  const long long handle = number ? PyLong_AsLongLong(number.get()) : 0;
  PyErr_Clear();
  if (handle < -1 || handle == 0) {
    raise_not_exportable("stream must be None, -1, 1, 2 or a CUDA stream's handle, got %R: 0 is ambiguous", stream);
    return false;
  }
  wanted.waits = handle != -1;
  if (wanted.waits) wanted.stream = reinterpret_cast<void *>(static_cast<intptr_t>(handle));
  return true;
}

bool read_stream(ConsumerStream &wanted, PyObject *stream, long device_type) {
  return device_type == PS_DEVICE_CUDA ? read_cuda_stream(wanted, stream) : accept_cpu_stream(stream);
}

// ---- Capsules ----

template <typename Managed>
void destroy_capsule(PyObject *capsule) {
  // Renamed means consumed: the consumer calls the deleter.
  if (!PyCapsule_IsValid(capsule, capsule_name<Managed>)) return;
  auto *managed = static_cast<Managed *>(PyCapsule_GetPointer(capsule, capsule_name<Managed>));
  GivesBackAfterwards scope;
  if (managed->deleter != nullptr) managed->deleter(managed);
}

template <typename Managed>
PyObject *new_capsule(Managed *managed) {
  PyObject *capsule = PyCapsule_New(managed, capsule_name<Managed>, destroy_capsule<Managed>);
  if (capsule == nullptr) managed->deleter(managed);
  return capsule;
}

template <typename Managed>
PyObject *lend(ps_tensor *tensor, bool copied, ps_status (*to_dlpack)(Managed **, ps_tensor *, uint32_t)) {
  Managed *managed = nullptr;
  const ps_status status = to_dlpack(&managed, tensor, copied ? PS_DLPACK_COPY : 0);
  return status == PS_OK ? new_capsule(managed) : raise_as_buffer_error(status);
}

PyObject *lend_as(ps_tensor *tensor, bool versioned, bool copied) {
  return versioned ? lend(tensor, copied, ps_tensor_to_dlpack) : lend(tensor, copied, ps_tensor_to_dlpack_legacy);
}

// What a capsule of either kind says of its memory.
DLTensor &described_in(PyObject *capsule, bool versioned) {
  return versioned
             ? static_cast<DLManagedTensorVersioned *>(
                   PyCapsule_GetPointer(capsule, capsule_name<DLManagedTensorVersioned>))
                   ->dl_tensor
             : static_cast<DLManagedTensor *>(PyCapsule_GetPointer(capsule, capsule_name<DLManagedTensor>))->dl_tensor;
}

// Lends a GPU's memory to a consumer that reads on a stream of its own.
PyObject *lend_on_stream(ps_tensor *tensor, bool versioned, const ConsumerStream &consumer) {
  if (consumer.waits) {
    const ps_status status = ps_tensor_lend_to_stream(tensor, consumer.stream);
    if (status != PS_OK) return raise_as_buffer_error(status);
  }
  return lend_as(tensor, versioned, false);
}

PyObject *mark_as_copy(PyObject *capsule, bool versioned) {
  if (capsule != nullptr && versioned)
    static_cast<DLManagedTensorVersioned *>(PyCapsule_GetPointer(capsule, capsule_name<DLManagedTensorVersioned>))
        ->flags |= DLPACK_FLAG_BITMASK_IS_COPIED;
  return capsule;
}

// Lends a new tensor that nobody else has, and lets go of it.
PyObject *lend_copy(ps_tensor *copy, bool versioned, const ConsumerStream &consumer) {
  const bool on_gpu = ps_tensor_device_type(copy) == PS_DEVICE_CUDA;
  PyObject *capsule = on_gpu ? lend_on_stream(copy, versioned, consumer) : lend_as(copy, versioned, false);
  ps_tensor_release(copy);
  return mark_as_copy(capsule, versioned);
}

// Lends where the tensor lies, on a GPU.
PyObject *lend_from_gpu(ps_tensor *tensor, bool versioned, bool copied, const ConsumerStream &consumer) {
  if (!copied) return lend_on_stream(tensor, versioned, consumer);
  ps_tensor *copy = nullptr;
  const ps_status status = ps_tensor_clone(&copy, tensor);
  return status == PS_OK ? lend_copy(copy, versioned, consumer) : raise_as_buffer_error(status);
}

// Lends page-locked main memory under DLPack's own name for it, which is used where a consumer asks for that alone.
PyObject *lend_pinned(ps_tensor *tensor, bool versioned, Copying copying) {
  PyObject *capsule;
  if (ps_tensor_is_pinned(tensor) == 1 && copying != Copying::always) {
    capsule = lend_as(tensor, versioned, false);
  } else if (copying == Copying::never) {
    return raise_not_exportable("the tensor does not lie in pinned memory: lending it there takes a copy");
  } else {
    ps_tensor_options options = PS_TENSOR_OPTIONS_INIT;
    options.device_type = PS_DEVICE_CPU;
    options.pinned = 1;
    ps_tensor *moved = nullptr;
    ps_status status =
        ps_tensor_empty(&moved, ps_tensor_dtype(tensor), ps_tensor_ndim(tensor), ps_tensor_shape(tensor), &options);
    if (status == PS_OK) status = ps_tensor_copy(moved, tensor, PS_CAST_SAME_KIND);
    if (status != PS_OK) {
      ps_tensor_release(moved);
      return raise_as_buffer_error(status);
    }
    capsule = lend_copy(moved, versioned, {});
  }
  if (capsule != nullptr) described_in(capsule, versioned).device = {kDLCUDAHost, 0};
  return capsule;
}

// Lends from another device than the tensor's, which takes a copy.
PyObject *lend_from(long device_type, long device_id, ps_tensor *tensor, bool versioned, Copying copying,
                    const ConsumerStream &consumer) {
  if (copying == Copying::never)
    return raise_not_exportable("the tensor lies on device (%d, %d): lending it on (%ld, %ld) takes a copy",
                                static_cast<int>(ps_tensor_device_type(tensor)),
                                static_cast<int>(ps_tensor_device_id(tensor)), device_type, device_id);
  if (device_type < 1 || device_type > INT32_MAX || device_id < 0 || device_id > INT32_MAX)
    return raise_not_exportable("(%ld, %ld) is no device of DLPack's: types count from 1, ids from 0", device_type,
                                device_id);
  ps_tensor_options options = PS_TENSOR_OPTIONS_INIT;
  options.device_type = static_cast<ps_device_type>(device_type);
  options.device_id = static_cast<int32_t>(device_id);
  ps_tensor *moved = nullptr;
  const ps_status status = ps_tensor_to_device(&moved, tensor, &options);
  if (status != PS_OK) return raise_as_buffer_error(status);
  return lend_copy(moved, versioned, consumer);
}

// ---- Capsules over memory of any origin ----

// What such a capsule points to: the struct, the extents it points to, and the owner it keeps.
template <typename Managed>
struct OwnedLent : Owner {
  Managed managed;
  PyObject *owner;
  int64_t extents[1];  // shape, then strides: as many as allocated
};

template <typename Managed>
void give_back_owned(Owner *owner) {
  auto *lent = static_cast<OwnedLent<Managed> *>(owner);
  Py_XDECREF(lent->owner);
  std::free(lent);
}

template <typename Managed>
void delete_owned(Managed *managed) {
  give_back_later(static_cast<OwnedLent<Managed> *>(managed->manager_ctx));
}

inline void mark_version(DLManagedTensorVersioned &managed) {
  managed.version = {DLPACK_MAJOR_VERSION, DLPACK_MINOR_VERSION};
  managed.flags = 0;
}
inline void mark_version(DLManagedTensor &) {}

struct Foreign {
  void *data;
  DLDevice device;
  DLDataType dtype;
  int32_t ndim;
  int64_t shape[PS_MAX_NDIM], strides[PS_MAX_NDIM];
};

template <typename Managed>
PyObject *lend_foreign(const Foreign &foreign, PyObject *owner) {
  using Lent = OwnedLent<Managed>;
  const size_t axes = static_cast<size_t>(foreign.ndim);
  void *memory = std::malloc(sizeof(Lent) + 2 * axes * sizeof(int64_t));
  if (memory == nullptr) return PyErr_NoMemory();
  auto *lent = new (memory) Lent;
  lent->give_back = give_back_owned<Managed>;
  lent->owner = owner == Py_None ? nullptr : owner;
  Py_XINCREF(lent->owner);
  for (size_t axis = 0; axis < axes; ++axis) {
    lent->extents[axis] = foreign.shape[axis];
    lent->extents[axes + axis] = foreign.strides[axis];
  }
  mark_version(lent->managed);
  lent->managed.dl_tensor = {
      foreign.data, foreign.device, foreign.ndim, foreign.dtype, lent->extents, lent->extents + axes, 0};
  lent->managed.manager_ctx = lent;
  lent->managed.deleter = delete_owned<Managed>;
  return new_capsule(&lent->managed);
}

// shape as any sequence of sizes; strides become row-major.  False with an exception set.
bool read_shape(Foreign &foreign, PyObject *shape, int64_t itemsize) {
  const Py_ssize_t count = PySequence_Size(shape);
  if (count < 0) return false;
  if (count > PS_MAX_NDIM) {
    PyErr_Format(PyExc_ValueError, "shape has %zd axes: at most %d", count, PS_MAX_NDIM);
    return false;
  }
  foreign.ndim = static_cast<int32_t>(count);
  for (Py_ssize_t axis = 0; axis < count; ++axis) {
    Object size(PySequence_GetItem(shape, axis));
    foreign.shape[axis] = size ? PyLong_AsLongLong(size.get()) : -1;
    if (foreign.shape[axis] == -1 && PyErr_Occurred() != nullptr) return false;
  }
  int64_t nbytes = itemsize, stride = 1;
  for (Py_ssize_t axis = count - 1; axis >= 0; --axis) {
    const int64_t size = foreign.shape[axis], step = size > 1 ? size : 1;
    foreign.strides[axis] = stride;
    if (size < 0 || __builtin_mul_overflow(nbytes, step, &nbytes)) {
      PyErr_Format(PyExc_ValueError, "shape %R has a size below 0 or too many bytes", shape);
      return false;
    }
    stride *= step;
  }
  return true;
}

}  // namespace

PyObject *dlpack_device_method(PyObject *self, PyObject *) {
  static PyObject *const cpu = Py_BuildValue("(ii)", static_cast<int>(PS_DEVICE_CPU), 0);  // asked for all the time
  const int device_type = ps_tensor_device_type(tensor_of(self)), device_id = ps_tensor_device_id(tensor_of(self));
  if (device_type == PS_DEVICE_CPU && device_id == 0) {
    Py_XINCREF(cpu);
    return cpu;
  }
  return Py_BuildValue("(ii)", device_type, device_id);
}

PyObject *dlpack_method(PyObject *self, PyObject *const *arguments, Py_ssize_t count, PyObject *names) {
  give_back_owners();
  Request request;
  Copying copying;
  bool versioned;
  if (!read_request(request, arguments, count, names) || !read_copying(copying, request.copy) ||
      !wants_versioned(request.max_version, versioned))
    return nullptr;
  ps_tensor *tensor = tensor_of(self);
  if (!expect_no_gradients(tensor)) return nullptr;  // a copy of it neither
  ConsumerStream consumer;
  if (request.dl_device != Py_None) {
    const long device_type = pair_item(request.dl_device, 0, "dl_device");
    const long device_id = PyErr_Occurred() == nullptr ? pair_item(request.dl_device, 1, "dl_device") : -1;
    if (PyErr_Occurred() != nullptr) return nullptr;
    if (device_type != ps_tensor_device_type(tensor) || device_id != ps_tensor_device_id(tensor)) {
      if (!read_stream(consumer, request.stream, device_type)) return nullptr;
      if (device_type == kDLCUDAHost && device_id == 0) return lend_pinned(tensor, versioned, copying);
      return lend_from(device_type, device_id, tensor, versioned, copying, consumer);
    }
  }
  const ps_device_type lies_on = ps_tensor_device_type(tensor);
  if (!read_stream(consumer, request.stream, lies_on)) return nullptr;
  const bool copied = copying == Copying::always;
  return lies_on == PS_DEVICE_CUDA ? lend_from_gpu(tensor, versioned, copied, consumer)
                                   : lend_as(tensor, versioned, copied);
}

PyObject *create_dlpack_capsule(PyObject *, PyObject *arguments) {
  give_back_owners();
  PyObject *data_pointer, *shape, *owner;
  int dtype, device_type, device_id, versioned;
  if (!PyArg_ParseTuple(arguments, "OOiiiOp", &data_pointer, &shape, &dtype, &device_type, &device_id, &owner,
                        &versioned))
    return nullptr;
  Foreign foreign;
  foreign.data = PyLong_AsVoidPtr(data_pointer);
  if (foreign.data == nullptr && PyErr_Occurred() != nullptr) return nullptr;
  foreign.device = {static_cast<DLDeviceType>(device_type), device_id};
  foreign.dtype = dlpack_dtype(static_cast<ps_dtype>(dtype));
  if (!read_shape(foreign, shape, ps_dtype_size(static_cast<ps_dtype>(dtype)))) return nullptr;
  return versioned ? lend_foreign<DLManagedTensorVersioned>(foreign, owner)
                   : lend_foreign<DLManagedTensor>(foreign, owner);
}

}  // namespace penstock::ext
