#include "core/tensor/copy.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <cstring>
#include <limits>

#include "core/base/error.h"
#include "core/base/thread_pool.h"
#include "core/base/trace.h"
#include "core/tensor/convert.h"
#include "core/tensor/create.h"
#include "core/tensor/cuda_device.h"
#include "core/tensor/device_copy.h"
#include "core/tensor/strided_loop.h"

namespace penstock::core {
namespace {

// What is queued next touches the tensor's memory on its device's current stream.
void note_use(const Tensor &tensor) { tensor.storage->note_use(current_stream(tensor.device())); }

// One element, read at every index.
StridedMemory<const std::byte> repeated(const std::byte *element, int32_t ndim) {
  return {element, Extents::filled(ndim, 0)};
}

// The part of a strided memory from index first of an axis on.
template <typename Byte>
StridedMemory<Byte> from_index(const StridedMemory<Byte> &memory, int32_t axis, int64_t first) {
  return {memory.data + first * memory.strides[axis], memory.strides};
}

// The axis along which a large move is cut into shards: of those long enough for many shards the one that lies furthest
// apart in the destination, so that a shard is one piece of memory where it can be; without any, the longest.
int32_t axis_to_split(const Extents &shape, const Extents &to_strides) {
  constexpr int64_t long_enough = 64;
  int32_t chosen = 0;
  for (int32_t axis = 1; axis < shape.size(); ++axis) {
    const bool both_long = shape[axis] >= long_enough && shape[chosen] >= long_enough;
    if (both_long ? std::abs(to_strides[axis]) > std::abs(to_strides[chosen]) : shape[axis] > shape[chosen])
      chosen = axis;
  }
  return chosen;
}

// The one place where elements move.  Large moves are split in shards that depend on shape and strides alone; below a few
// megabytes handing them out costs more than it brings.
void move_elements(const Extents &shape, const StridedMemory<std::byte> &to, DType to_dtype,
                   const StridedMemory<const std::byte> &from, DType from_dtype, Device device = {}) {
  if (device.type == DeviceType::cuda) return move_on_device(shape, to, to_dtype, from, from_dtype, device);
  const TraceSpan span("move elements");
  constexpr int64_t shard_nbytes = int64_t{1} << 20, break_even_nbytes = 4 * shard_nbytes;
  const ConvertRun run = find_conversion(to_dtype, from_dtype);
  const int64_t count = element_count(shape), nbytes = count * dtype_size(to_dtype);
  if (nbytes < break_even_nbytes) return for_each_run(shape, to, from, run);
  const int32_t axis = axis_to_split(shape, to.strides);
  const int64_t index_nbytes = nbytes / shape[axis];
  parallel_for(shape[axis], std::max<int64_t>(1, shard_nbytes / index_nbytes), [&](Range range) {
    Extents part = shape;
    part[axis] = range.end - range.begin;
    for_each_run(part, from_index(to, axis, range.begin), from_index(from, axis, range.begin), run);
  });
}

// source seen under another shape, by NumPy's rules for broadcasting.
Tensor broadcast(const Tensor &source, const Extents &shape) {
  Tensor view = source;
  view.shape = shape;
  view.strides = Extents::filled(shape.size(), 0);
  const int32_t new_axes = shape.size() - source.ndim();
  bool fits = new_axes >= 0;
  for (int32_t axis = 0; fits && axis < source.ndim(); ++axis) {
    fits = source.shape[axis] == 1 || source.shape[axis] == shape[axis + new_axes];
    if (source.shape[axis] != 1) view.strides[axis + new_axes] = source.strides[axis];
  }
  if (!fits)
    fail(Status::invalid_argument, "cannot copy shape ", source.shape, " into shape ", shape,
         ": it does not broadcast to it");
  return view;
}

struct AddressRange {
  const std::byte *begin, *end;
};
AddressRange address_range(const Tensor &tensor) {
  const ByteSpan span = byte_span(tensor.shape, tensor.strides, tensor.dtype);
  return {tensor.data + span.lowest, tensor.data + span.highest};
}

bool memory_overlaps(const Tensor &first, const Tensor &second) {
  const AddressRange one = address_range(first), other = address_range(second);
  return one.begin < other.end && other.begin < one.end;
}

// Whether both, of one shape, show the same elements at the same indices.
bool is_same_view(const Tensor &first, const Tensor &second) {
  if (first.data != second.data || first.dtype != second.dtype) return false;
  for (int32_t axis = 0; axis < first.ndim(); ++axis)
    if (first.shape[axis] != 1 && first.strides[axis] != second.strides[axis]) return false;
  return true;
}

// A number of any integer dtype.  What int64 cannot hold only uint64 can.
struct IntegerValue {
  int64_t value = 0;
  uint64_t too_large = 0;  // the value when it exceeds int64
};

IntegerValue read_integer(const void *value, DType dtype) {
  IntegerValue integer;
  if (dtype == DType::uint64) {
    std::memcpy(&integer.too_large, value, sizeof(uint64_t));
    if (integer.too_large > static_cast<uint64_t>(std::numeric_limits<int64_t>::max())) return integer;
    integer.too_large = 0;
  }
  find_conversion(DType::int64, dtype)(reinterpret_cast<std::byte *>(&integer.value), 0,
                                       static_cast<const std::byte *>(value), 0, 1);
  return integer;
}

struct IntegerLimits {
  int64_t lowest;
  uint64_t highest;
};
IntegerLimits integer_limits(DType dtype) {
  const auto bits = static_cast<int32_t>(8 * dtype_size(dtype));
  if (dtype_kind(dtype) == DTypeKind::unsigned_integer) return {0, ~uint64_t{0} >> (64 - bits)};
  const uint64_t highest = ~uint64_t{0} >> (65 - bits);
  return {-static_cast<int64_t>(highest) - 1, highest};
}

bool is_integer(DType dtype) {
  const DTypeKind kind = dtype_kind(dtype);
  return kind == DTypeKind::signed_integer || kind == DTypeKind::unsigned_integer;
}

template <typename Integer>
[[noreturn]] void fail_integer_limits(Integer value, DType dtype) {
  const IntegerLimits limits = integer_limits(dtype);
  fail(Status::out_of_range, value, " does not fit ", dtype, ", which holds ", limits.lowest, " to ", limits.highest);
}

void require_value_fits(const void *value, DType value_dtype, DType dtype) {
  const DTypeKind value_kind = dtype_kind(value_dtype), kind = dtype_kind(dtype);
  bool fits = value_dtype == dtype;
  if (!fits && value_kind != DTypeKind::storage_only && kind != DTypeKind::storage_only) {
    // Signed and unsigned alike: the value decides.
    const DTypeKind lowest = is_integer(value_dtype) ? DTypeKind::unsigned_integer : value_kind;
    fits = kind >= lowest;
  }
  if (!fits) fail(Status::type_mismatch, "cannot fill a tensor of ", dtype, " with a value of ", value_dtype);
  if (!is_integer(value_dtype)) return;
  const IntegerValue integer = read_integer(value, value_dtype);
  if (integer.too_large == 0)
    require_integer_fits(integer.value, dtype);
  else if (is_integer(dtype) && dtype != DType::uint64)
    fail_integer_limits(integer.too_large, dtype);
}

// Source's elements on another device, in destination's dtype; conversions and gathering are the source's device's work.
void copy_between_devices(const Tensor &destination, const Tensor &source) {
  const bool is_packed = source.dtype == destination.dtype && source.is_contiguous();
  const Tensor packed = is_packed ? source : astype(source, destination.dtype, Casting::unsafe);
  const bool lands_in_place = destination.is_contiguous() && destination.shape == source.shape;
  const Tensor landed =
      lands_in_place ? destination : empty(destination.dtype, source.shape, {.device = destination.device()});
  note_use(packed);
  note_use(landed);
  copy_dense(landed.data, landed.device(), packed.data, packed.device(), packed.nbytes());
  if (!lands_in_place) copy(destination, landed, Casting::unsafe);
}

// Fills a tensor of one axis with numbers made a block at a time, in main memory.
template <typename Number, typename NumberAt>
void fill_in_blocks(const Tensor &destination, DType number_dtype, NumberAt number_at) {
  require_writable(destination);
  if (destination.device().type != DeviceType::cpu) {
    const Tensor made = empty(destination.dtype, destination.shape, {});
    fill_in_blocks<Number>(made, number_dtype, number_at);
    return copy(destination, made, Casting::unsafe);
  }
  constexpr int64_t block = 256;
  std::array<Number, block> numbers;
  const ConvertRun run = find_conversion(destination.dtype, number_dtype);
  const int64_t length = destination.shape[0], stride = memory_of(destination).strides[0];
  for (int64_t first = 0; first < length; first += block) {
    const int64_t count = std::min(block, length - first);
    for (int64_t index = 0; index < count; ++index) numbers[static_cast<size_t>(index)] = number_at(first + index);
    run(destination.data + first * stride, stride, reinterpret_cast<const std::byte *>(numbers.data()), sizeof(Number),
        count);
  }
}

}  // namespace

void copy(const Tensor &destination, const Tensor &source, Casting casting) {
  require_writable(destination);
  require_cast(source.dtype, destination.dtype, casting);
  Tensor from = broadcast(source, destination.shape);
  if (destination.element_count() == 0 || is_same_view(destination, from)) return;
  if (destination.device() != source.device()) return copy_between_devices(destination, source);
  if (memory_overlaps(destination, from)) from = broadcast(clone(source), destination.shape);
  note_use(destination);
  note_use(source);
  move_elements(destination.shape, memory_of(destination), destination.dtype, elements_of(from), from.dtype,
                destination.device());
}

void fill(const Tensor &destination, const void *value, DType value_dtype) {
  require_writable(destination);
  require_value_fits(value, value_dtype, destination.dtype);
  std::array<std::byte, 16> element{};
  const auto *first = static_cast<const std::byte *>(value);
  const std::byte truth{*first != std::byte{0}};  // a byte that reads as true is written as 1
  if (value_dtype == DType::bool8)
    find_conversion(destination.dtype, DType::uint8)(element.data(), 0, &truth, 0, 1);
  else
    find_conversion(destination.dtype, value_dtype)(element.data(), 0, first, 0, 1);
  note_use(destination);
  const StridedMemory<const std::byte> from = repeated(element.data(), destination.ndim());
  if (destination.device().type == DeviceType::cuda)
    fill_on_device(destination.shape, memory_of(destination), from, destination.dtype, destination.device());
  else
    move_elements(destination.shape, memory_of(destination), destination.dtype, from, destination.dtype);
}

void fill_with_range(const Tensor &destination, int64_t start, int64_t step) {
  // Modulo 2^64: i * step may leave int64 where the sum does not.
  fill_in_blocks<int64_t>(destination, DType::int64, [=](int64_t index) {
    return static_cast<int64_t>(static_cast<uint64_t>(start) +
                                static_cast<uint64_t>(index) * static_cast<uint64_t>(step));
  });
}

void fill_with_range(const Tensor &destination, double start, double step) {
  fill_in_blocks<double>(destination, DType::float64,
                         [=](int64_t index) { return start + static_cast<double>(index) * step; });
}

void require_integer_fits(int64_t value, DType dtype) {
  if (!is_integer(dtype)) return;
  const IntegerLimits limits = integer_limits(dtype);
  if (value < limits.lowest || (value > 0 && static_cast<uint64_t>(value) > limits.highest))
    fail_integer_limits(value, dtype);
}

Tensor clone(const Tensor &tensor) {
  Tensor copied = empty(tensor.dtype, tensor.shape, {.device = tensor.device()});
  note_use(tensor);
  move_elements(tensor.shape, memory_of(copied), copied.dtype, elements_of(tensor), tensor.dtype, tensor.device());
  return copied;
}

Tensor contiguous(const Tensor &tensor) { return tensor.is_contiguous() ? tensor : clone(tensor); }

Tensor astype(const Tensor &tensor, DType dtype, Casting casting) {
  require_cast(tensor.dtype, dtype, casting);
  Tensor converted = empty(dtype, tensor.shape, {.device = tensor.device()});
  note_use(tensor);
  move_elements(tensor.shape, memory_of(converted), dtype, elements_of(tensor), tensor.dtype, tensor.device());
  return converted;
}

void to_data(void *data, uint64_t data_nbytes, const Tensor &tensor) {
  const auto needed = static_cast<uint64_t>(tensor.nbytes());
  if (data_nbytes != needed)
    fail(Status::invalid_argument, "room for ", data_nbytes, " bytes given, but the elements of shape ", tensor.shape,
         " of ", tensor.dtype, " take ", needed);
  if (tensor.device().type != DeviceType::cpu) {
    const Tensor dense = contiguous(tensor);
    note_use(dense);
    return copy_dense(data, {}, dense.data, dense.device(), dense.nbytes());
  }
  const StridedMemory<std::byte> to{static_cast<std::byte *>(data),
                                    byte_strides(tensor.shape, row_major_strides(tensor.shape), tensor.dtype)};
  move_elements(tensor.shape, to, tensor.dtype, elements_of(tensor), tensor.dtype);
}

}  // namespace penstock::core
