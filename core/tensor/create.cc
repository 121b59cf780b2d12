#include "core/tensor/create.h"

#include <cmath>
#include <cstring>
#include <limits>

#include "core/base/checked.h"
#include "core/base/error.h"
#include "core/tensor/copy.h"
#include "core/tensor/cuda_device.h"
#include "core/tensor/device_copy.h"

namespace penstock::core {
namespace {

void require_arange_dtype(DType dtype, DTypeKind lowest_kind) {
  const DTypeKind kind = dtype_kind(dtype);
  if (kind < lowest_kind || kind > DTypeKind::complex)
    fail(Status::type_mismatch, "arange cannot make ", dtype,
         lowest_kind == DTypeKind::floating ? " from floating-point limits" : "");
}

int64_t integer_range_length(int64_t start, int64_t stop, int64_t step) {
  if (step == 0) fail(Status::invalid_argument, "arange with a step of 0");
  if (step > 0 ? start >= stop : start <= stop) return 0;
  // Distances between int64 numbers fit uint64.
  const uint64_t distance = step > 0 ? static_cast<uint64_t>(stop) - static_cast<uint64_t>(start)
                                     : static_cast<uint64_t>(start) - static_cast<uint64_t>(stop);
  const uint64_t stride = step > 0 ? static_cast<uint64_t>(step) : 0 - static_cast<uint64_t>(step);
  const uint64_t length = (distance - 1) / stride + 1;
  if (length > static_cast<uint64_t>(largest_nbytes))
    fail(Status::invalid_argument, "arange from ", start, " to ", stop, " in steps of ", step, " has ", length,
         " elements: more than 2^56 bytes");
  return static_cast<int64_t>(length);
}

// Between start and stop, as the length has it, though the way there may be longer than int64: counted modulo 2^64.
int64_t last_of_range(int64_t start, int64_t step, int64_t length) {
  return static_cast<int64_t>(static_cast<uint64_t>(start) +
                              static_cast<uint64_t>(length - 1) * static_cast<uint64_t>(step));
}

int64_t floating_range_length(double start, double stop, double step) {
  if (!std::isfinite(start) || !std::isfinite(stop) || !std::isfinite(step))
    fail(Status::invalid_argument, "arange from ", start, " to ", stop, " in steps of ", step, " is not finite");
  if (step == 0) fail(Status::invalid_argument, "arange with a step of 0");
  const double length = std::ceil((stop - start) / step);
  if (length <= 0) return 0;
  if (!(length <= static_cast<double>(largest_nbytes)))
    fail(Status::invalid_argument, "arange from ", start, " to ", stop, " in steps of ", step,
         " needs more than 2^56 bytes");
  return static_cast<int64_t>(length);
}

void require_pinned_memory(Device device) {
  if (device.type != DeviceType::cpu)
    fail(Status::invalid_argument, "pinned memory is main memory: device is ", device, ", expected cpu");
  try {
    cuda_device_count();
  } catch (const Error &error) {
    fail(error.status(), "pinned memory is not available: ", error.sentence());
  }
}

}  // namespace

void require_usable(const Allocation &allocation) {
  const int64_t alignment = allocation.alignment;
  if (alignment < 0 || alignment > Storage::largest_alignment || (alignment & (alignment - 1)) != 0)
    fail(Status::invalid_argument, "alignment ", alignment, " is not a power of two up to ",
         Storage::largest_alignment);
  if (allocation.pinned) require_pinned_memory(allocation.device);
}

Tensor empty(DType dtype, const Extents &shape, const Allocation &allocation) {
  require_usable(allocation);
  const int64_t count = checked_element_count(shape, dtype);
  const int64_t alignment = allocation.alignment == 0 ? Storage::default_alignment : allocation.alignment;
  Tensor tensor;
  tensor.storage = Storage::allocate(count * dtype_size(dtype), alignment, allocation.device, allocation.pinned);
  tensor.data = tensor.storage->data();
  tensor.dtype = dtype;
  tensor.shape = shape;
  tensor.strides = row_major_strides(shape);
  return tensor;
}

Tensor zeros(DType dtype, const Extents &shape, const Allocation &allocation) {
  Tensor tensor = empty(dtype, shape, allocation);
  if (tensor.data != nullptr && tensor.device().type == DeviceType::cuda)
    call_cuda(&DeviceFunctions::set_zero, tensor.data, tensor.nbytes(), tensor.device().id,
              current_stream(tensor.device()));
  else if (tensor.data != nullptr)
    std::memset(tensor.data, 0, static_cast<size_t>(tensor.nbytes()));
  return tensor;
}

Tensor full(DType dtype, const Extents &shape, const void *value, DType value_dtype, const Allocation &allocation) {
  Tensor tensor = empty(dtype, shape, allocation);
  fill(tensor, value, value_dtype);
  return tensor;
}

Tensor from_data(DType dtype, const Extents &shape, const void *data, uint64_t data_nbytes,
                 const Allocation &allocation) {
  const auto needed = static_cast<uint64_t>(checked_element_count(shape, dtype) * dtype_size(dtype));
  if (data_nbytes != needed)
    fail(Status::invalid_argument, "data of ", data_nbytes, " bytes given, but shape ", shape, " of ", dtype, " needs ",
         needed);
  Tensor tensor = empty(dtype, shape, allocation);
  if (needed != 0) copy_dense(tensor.data, allocation.device, data, {}, static_cast<int64_t>(needed));
  return tensor;
}

Tensor arange(int64_t start, int64_t stop, int64_t step, DType dtype, const Allocation &allocation) {
  require_arange_dtype(dtype, DTypeKind::unsigned_integer);
  const int64_t length = integer_range_length(start, stop, step);
  if (length > 0) {
    require_integer_fits(start, dtype);
    require_integer_fits(last_of_range(start, step, length), dtype);
  }
  Tensor tensor = empty(dtype, {length}, allocation);
  fill_with_range(tensor, start, step);
  return tensor;
}

Tensor arange(double start, double stop, double step, DType dtype, const Allocation &allocation) {
  require_arange_dtype(dtype, DTypeKind::floating);
  const int64_t length = floating_range_length(start, stop, step);
  Tensor tensor = empty(dtype, {length}, allocation);
  // Two numbers or more lie between start and stop, so start + step is finite; for one alone it need not be.
  fill_with_range(tensor, start, length > 1 ? (start + step) - start : 0.0);
  return tensor;
}

Tensor wrap(void *data, DType dtype, const Extents &shape, const Extents &strides, Device device, bool read_only,
            Deleter deleter, void *user) {
  const int64_t count = checked_element_count(shape, dtype);
  const Extents dense_strides = row_major_strides(shape);
  const bool is_dense = strides == dense_strides;  // most memory is, and is seen through at once
  const ByteSpan span = is_dense ? ByteSpan{0, count * dtype_size(dtype)} : byte_span(shape, strides, dtype);
  const auto address = reinterpret_cast<uintptr_t>(data);
  if (count > 0) {
    if (data == nullptr) fail(Status::invalid_argument, "data is NULL, but shape ", shape, " has ", count, " elements");
    if (address % static_cast<uintptr_t>(dtype_info(dtype).alignment) != 0)
      fail(Status::invalid_argument, "data at address ", address, " is not aligned to the ",
           dtype_info(dtype).alignment, " bytes that ", dtype, " needs");
    const auto below = static_cast<uintptr_t>(-span.lowest), above = static_cast<uintptr_t>(span.highest);
    if (address < below || !checked_add(address, above))
      fail(Status::invalid_argument, "shape ", shape, " with strides ", strides, " from address ", address,
           " leaves the address space");
  }
  Tensor tensor;
  std::byte *first = count > 0 ? static_cast<std::byte *>(data) : nullptr;
  tensor.data = first;
  tensor.dtype = dtype;
  tensor.read_only = read_only || (!is_dense && elements_may_coincide(shape, strides));
  tensor.shape = shape;
  tensor.strides = count > 0 ? strides : dense_strides;  // none were checked where nothing lies
  tensor.storage = Storage::wrap(first == nullptr ? nullptr : first + span.lowest, span.size(), device,
                                 tensor.read_only, deleter, user);
  return tensor;
}

}  // namespace penstock::core
