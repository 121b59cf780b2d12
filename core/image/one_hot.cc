#include "core/image/one_hot.h"

#include <cstring>

#include "core/base/error.h"
#include "core/tensor/convert.h"
#include "core/tensor/copy.h"
#include "core/tensor/create.h"

namespace penstock::core {

Tensor one_hot(const Tensor &labels, int64_t class_count, DType dtype) {
  if (class_count < 1) fail(Status::invalid_argument, "class_count is ", class_count, ": expected 1 and up");
  const DTypeKind kind = dtype_kind(labels.dtype);
  if (kind != DTypeKind::signed_integer && kind != DTypeKind::unsigned_integer)
    fail(Status::type_mismatch, "labels are of ", dtype_name(labels.dtype), ": expected integers");
  if (dtype_kind(dtype) == DTypeKind::storage_only)
    fail(Status::type_mismatch, "dtype is ", dtype_name(dtype),
         ", which only stores: expected one that is computed with");
  if (labels.device().type != DeviceType::cpu) fail(Status::unavailable, "labels are on a GPU: expected the CPU");
  if (labels.ndim() == max_ndim)
    fail(Status::invalid_argument, "labels have ", max_ndim, " axes: one more does not fit");
  Extents shape = labels.shape;
  shape.push_back(class_count);
  Tensor rows = zeros(dtype, shape, {});
  const Tensor numbers = contiguous(astype(labels, DType::int64, Casting::unsafe));
  const auto *label = reinterpret_cast<const int64_t *>(numbers.data);
  const int64_t one = 1, size = dtype_size(dtype), count = labels.element_count();
  std::byte element[16];
  find_conversion(dtype, DType::int64)(element, size, reinterpret_cast<const std::byte *>(&one), sizeof(one), 1);
  for (int64_t index = 0; index < count; ++index) {
    if (label[index] < 0 || label[index] >= class_count)
      fail(Status::out_of_range, "label ", index, " is ", label[index], ": expected 0 to ", class_count - 1);
    std::memcpy(rows.data + (index * class_count + label[index]) * size, element, static_cast<size_t>(size));
  }
  return rows;
}

}  // namespace penstock::core
