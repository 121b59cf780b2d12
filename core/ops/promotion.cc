#include "core/ops/promotion.h"

#include <algorithm>
#include <utility>

#include "core/base/error.h"

namespace penstock::core {
namespace {

[[noreturn]] void fail_to_promote(DType first, DType second, std::string_view reason) {
  fail(Status::type_mismatch, first, " and ", second, " have no common dtype: ", reason);
}

DType signed_of_size(int64_t size) {
  if (size == 2) return DType::int16;
  return size == 4 ? DType::int32 : DType::int64;
}

bool is_half(DType dtype) { return dtype == DType::float16 || dtype == DType::bfloat16; }

DType promote_integers(DType lower, DType higher) {
  if (dtype_kind(lower) == dtype_kind(higher)) return dtype_size(lower) > dtype_size(higher) ? lower : higher;
  // lower is unsigned, not uint64; higher is signed
  if (dtype_size(lower) < dtype_size(higher)) return higher;
  return signed_of_size(2 * dtype_size(lower));
}

DType promote_floats(DType first, DType second) {
  if (is_half(first) && is_half(second)) return DType::float32;
  return dtype_size(first) > dtype_size(second) ? first : second;
}

}  // namespace

DType promote(DType first, DType second) {
  if (first == second) return first;
  if (dtype_kind(first) == DTypeKind::storage_only || dtype_kind(second) == DTypeKind::storage_only)
    fail_to_promote(first, second, "float8 dtypes are for storage only");
  if ((first == DType::uint64 && dtype_kind(second) == DTypeKind::signed_integer) ||
      (second == DType::uint64 && dtype_kind(first) == DTypeKind::signed_integer))
    fail_to_promote(first, second, "no integer holds both; convert one of them");
  const auto [lower, higher] =
      dtype_kind(first) <= dtype_kind(second) ? std::pair(first, second) : std::pair(second, first);
  switch (dtype_kind(higher)) {
    case DTypeKind::unsigned_integer:
    case DTypeKind::signed_integer:
      return dtype_kind(lower) == DTypeKind::boolean ? higher : promote_integers(lower, higher);
    case DTypeKind::floating: return dtype_kind(lower) == DTypeKind::floating ? promote_floats(lower, higher) : higher;
    case DTypeKind::complex: return lower == DType::float64 || lower == DType::complex128 ? DType::complex128 : higher;
    default: return higher;
  }
}

Extents broadcast_shape(std::string_view wanted_by, std::span<const Tensor *const> operands) {
  Extents common;
  for (const Tensor *operand : operands) {
    const Extents &shape = operand->shape;
    while (common.size() < shape.size()) common.insert(0, 1);
    const int32_t offset = common.size() - shape.size();
    for (int32_t axis = 0; axis < shape.size(); ++axis) {
      int64_t &size = common[offset + axis];
      if (size != shape[axis] && size != 1 && shape[axis] != 1)
        fail(Status::invalid_argument, wanted_by, ": shapes ",
             listed(operands, [](const Tensor *each) { return each->shape; }), " do not broadcast together");
      if (size == 1) size = shape[axis];
    }
  }
  return common;
}

}  // namespace penstock::core
