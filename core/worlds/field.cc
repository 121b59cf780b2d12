#include "core/worlds/field.h"

#include <cstring>
#include <numeric>
#include <utility>

#include "core/tensor/create.h"
#include "core/tensor/view.h"

namespace penstock::core {
namespace {

// [num_worlds, shape...], its first axis innermost in memory where a field lies in columns.
Tensor field_tensor(const Field &field, int64_t num_worlds) {
  Extents shape = field.shape;
  if (!field.in_columns) {
    shape.insert(0, num_worlds);
    return zeros(field.dtype, shape, {});
  }
  shape.push_back(num_worlds);
  std::vector<int32_t> worlds_first(static_cast<size_t>(shape.size()));
  std::iota(worlds_first.begin() + 1, worlds_first.end(), 0);
  worlds_first[0] = field.shape.size();
  return permute(zeros(field.dtype, shape, {}), worlds_first);
}

}  // namespace

FieldMemory::FieldMemory(Field field, int64_t num_worlds, int32_t buffers)
    : field_(std::move(field)), num_worlds_(num_worlds), element_count_(core::element_count(field_.shape)) {
  for (int32_t buffer = 0; buffer < buffers; ++buffer) tensors_.push_back(field_tensor(field_, num_worlds));
}

// Calls body(offset in the field's memory, offset in the world's elements, bytes) for each stretch of bytes of one world that
// lie together: the whole row, or one element of each column.
template <typename Body>
void FieldMemory::over_world(int64_t world, Body body) const {
  if (!field_.in_columns) return body(world * bytes_per_world(), 0, static_cast<size_t>(bytes_per_world()));
  const int64_t size = dtype_size(field_.dtype);
  for (int64_t index = 0; index < element_count_; ++index)
    body((index * num_worlds_ + world) * size, index * size, static_cast<size_t>(size));
}

void FieldMemory::read_world(std::byte *to, int64_t world, int32_t buffer) const {
  over_world(world, [&](int64_t at, int64_t in_world, size_t nbytes) {
    std::memcpy(to + in_world, data(buffer) + at, nbytes);
  });
}

void FieldMemory::write_world(const std::byte *from, int64_t world, int32_t buffer) const {
  over_world(world, [&](int64_t at, int64_t in_world, size_t nbytes) {
    std::memcpy(data(buffer) + at, from + in_world, nbytes);
  });
}

void FieldMemory::copy_world(int64_t world, int32_t buffer, const FieldMemory &from, int32_t from_buffer) const {
  if (data(buffer) == from.data(from_buffer)) return;
  over_world(world, [&](int64_t at, int64_t, size_t nbytes) {
    std::memcpy(data(buffer) + at, from.data(from_buffer) + at, nbytes);
  });
}

void FieldMemory::clear_world(int64_t world, int32_t buffer) const {
  over_world(world, [&](int64_t at, int64_t, size_t nbytes) { std::memset(data(buffer) + at, 0, nbytes); });
}

}  // namespace penstock::core
