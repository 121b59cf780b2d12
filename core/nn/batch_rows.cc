#include "core/nn/batch_rows.h"

#include <cstring>

#include "core/base/error.h"
#include "core/base/thread_pool.h"
#include "core/tensor/copy.h"
#include "core/tensor/view.h"

namespace penstock::core::nn {
namespace {

// Numbers to numbers of the plan: anything real to floats, but only integers to indices.
bool converts(DType from, DType to) {
  if (dtype_kind(from) == DTypeKind::complex || dtype_kind(from) == DTypeKind::storage_only) return false;
  return dtype_kind(to) == DTypeKind::floating || dtype_kind(from) != DTypeKind::floating;
}

int64_t row_number(const Tensor &rows, int64_t index) {
  int64_t number = 0;
  std::memcpy(&number, rows.data + index * rows.strides[0] * dtype_size(DType::int64), sizeof(number));
  return number;
}

// A tensor over memory that somebody else keeps.
Tensor over(std::byte *memory, DType dtype, const Extents &shape, const Tensor &holder) {
  Tensor tensor = holder;  // its storage stands in: nobody keeps the view
  tensor.data = memory;
  tensor.dtype = dtype;
  tensor.read_only = false;
  tensor.shape = shape;
  tensor.strides = row_major_strides(shape);
  return tensor;
}

void copy_rows(std::byte *buffer, const Tensor &source, const Tensor &rows) {
  const int64_t row_nbytes = source.nbytes() / std::max<int64_t>(source.shape[0], 1);
  const int64_t grain = std::max<int64_t>(1, (int64_t{1} << 18) / std::max<int64_t>(row_nbytes, 1));
  parallel_for(rows.shape[0], grain, [&](Range range) {
    for (int64_t index = range.begin; index < range.end; ++index)
      std::memcpy(buffer + index * row_nbytes, source.data + row_number(rows, index) * row_nbytes,
                  static_cast<size_t>(row_nbytes));
  });
}

}  // namespace

Extents batch_shape(const Tensor &source, const Tensor *rows) {
  Extents shape = source.shape;
  if (rows != nullptr) shape[0] = rows->shape[0];
  return shape;
}

void require_rows(const Tensor &rows, int64_t count, std::string_view what) {
  if (rows.dtype != DType::int64 || rows.ndim() != 1)
    fail(Status::invalid_argument, "rows have dtype ", rows.dtype, " and shape ", rows.shape,
         ": expected int64 and one axis");
  for (int64_t index = 0; index < rows.shape[0]; ++index)
    if (const int64_t row = row_number(rows, index); row < 0 || row >= count)
      fail(Status::out_of_range, "row ", row, " at index ", index, " of rows: ", what, " has rows 0 to ", count - 1);
}

const std::byte *gather_rows(const Tensor &source, const Tensor *rows, DType dtype, std::byte *buffer,
                             std::string_view what) {
  if (!converts(source.dtype, dtype))
    fail(Status::type_mismatch, what, " has dtype ", source.dtype, ", which does not convert to ", dtype);
  const Extents shape = batch_shape(source, rows);
  if (element_count(shape) == 0) return buffer;
  if (rows == nullptr) {
    if (source.dtype == dtype && source.is_contiguous()) return source.data;
    copy(over(buffer, dtype, shape, source), source, Casting::unsafe);
    return buffer;
  }
  if (source.dtype == dtype && source.is_contiguous()) {
    copy_rows(buffer, source, *rows);
    return buffer;
  }
  const Tensor whole = over(buffer, dtype, shape, source);
  for (int64_t index = 0; index < rows->shape[0]; ++index)
    copy(select(whole, 0, index), select(source, 0, row_number(*rows, index)), Casting::unsafe);
  return buffer;
}

}  // namespace penstock::core::nn
