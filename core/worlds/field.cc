#include "core/worlds/field.h"

#include <cstring>
#include <utility>

#include "core/tensor/create.h"

namespace penstock::core {
namespace {

// [num_worlds, shape...], its first axis innermost in memory where a field lies in columns.
Tensor field_tensor(const Field &field, int64_t num_worlds) {
  Extents shape = field.in_columns ? field.shape : Extents::filled(field.shape.size() + 1, num_worlds);
  if (!field.in_columns) {
    for (int32_t axis = 0; axis < field.shape.size(); ++axis) shape[axis + 1] = field.shape[axis];
    return zeros(field.dtype, shape, {});
  }
  Extents columns = Extents::filled(field.shape.size() + 1, num_worlds);
  for (int32_t axis = 0; axis < field.shape.size(); ++axis) columns[axis] = field.shape[axis];
  const Tensor in_memory = zeros(field.dtype, columns, {});
  Tensor tensor = in_memory;
  tensor.shape[0] = num_worlds;
  tensor.strides[0] = 1;
  for (int32_t axis = 0; axis < field.shape.size(); ++axis) {
    tensor.shape[axis + 1] = field.shape[axis];
    tensor.strides[axis + 1] = in_memory.strides[axis];
  }
  return tensor;
}

}  // namespace

FieldMemory::FieldMemory(Field field, int64_t num_worlds, int32_t buffers)
    : field_(std::move(field)), num_worlds_(num_worlds), element_count_(core::element_count(field_.shape)) {
  for (int32_t buffer = 0; buffer < buffers; ++buffer) tensors_.push_back(field_tensor(field_, num_worlds));
}

std::byte *FieldMemory::element(int64_t world, int64_t index, int32_t buffer) const {
  return data(buffer) + (index * num_worlds_ + world) * dtype_size(field_.dtype);
}

void FieldMemory::read_world(std::byte *to, int64_t world, int32_t buffer) const {
  if (!field_.in_columns) {
    std::memcpy(to, data(buffer) + world * bytes_per_world(), static_cast<size_t>(bytes_per_world()));
    return;
  }
  const int64_t size = dtype_size(field_.dtype);
  for (int64_t index = 0; index < element_count_; ++index)
    std::memcpy(to + index * size, element(world, index, buffer), static_cast<size_t>(size));
}

void FieldMemory::write_world(const std::byte *from, int64_t world, int32_t buffer) const {
  if (!field_.in_columns) {
    std::memcpy(data(buffer) + world * bytes_per_world(), from, static_cast<size_t>(bytes_per_world()));
    return;
  }
  const int64_t size = dtype_size(field_.dtype);
  for (int64_t index = 0; index < element_count_; ++index)
    std::memcpy(element(world, index, buffer), from + index * size, static_cast<size_t>(size));
}

void FieldMemory::copy_world(int64_t world, int32_t buffer, const FieldMemory &from, int32_t from_buffer) const {
  if (data(buffer) == from.data(from_buffer)) return;
  const int64_t elements = field_.in_columns ? element_count_ : 1;
  const int64_t size = field_.in_columns ? dtype_size(field_.dtype) : bytes_per_world();
  for (int64_t index = 0; index < elements; ++index) {
    const int64_t at = (index * num_worlds_ + world) * size;
    std::memcpy(data(buffer) + at, from.data(from_buffer) + at, static_cast<size_t>(size));
  }
}

void FieldMemory::clear_world(int64_t world, int32_t buffer) const {
  if (!field_.in_columns) {
    std::memset(data(buffer) + world * bytes_per_world(), 0, static_cast<size_t>(bytes_per_world()));
    return;
  }
  for (int64_t index = 0; index < element_count_; ++index)
    std::memset(element(world, index, buffer), 0, static_cast<size_t>(dtype_size(field_.dtype)));
}

}  // namespace penstock::core
