#include "core/tensor/dtype.h"

#include <array>

#include "core/base/error.h"

namespace penstock::core {
namespace {

constexpr std::array<DTypeInfo, dtype_count> infos = {{
    {DType::bool8, "bool", 1, 1, DTypeKind::boolean},
    {DType::int8, "int8", 1, 1, DTypeKind::signed_integer},
    {DType::int16, "int16", 2, 2, DTypeKind::signed_integer},
    {DType::int32, "int32", 4, 4, DTypeKind::signed_integer},
    {DType::int64, "int64", 8, 8, DTypeKind::signed_integer},
    {DType::uint8, "uint8", 1, 1, DTypeKind::unsigned_integer},
    {DType::uint16, "uint16", 2, 2, DTypeKind::unsigned_integer},
    {DType::uint32, "uint32", 4, 4, DTypeKind::unsigned_integer},
    {DType::uint64, "uint64", 8, 8, DTypeKind::unsigned_integer},
    {DType::float16, "float16", 2, 2, DTypeKind::floating},
    {DType::bfloat16, "bfloat16", 2, 2, DTypeKind::floating},
    {DType::float32, "float32", 4, 4, DTypeKind::floating},
    {DType::float64, "float64", 8, 8, DTypeKind::floating},
    {DType::complex64, "complex64", 8, 4, DTypeKind::complex},
    {DType::complex128, "complex128", 16, 8, DTypeKind::complex},
    {DType::float8_e4m3fn, "float8_e4m3fn", 1, 1, DTypeKind::storage_only},
    {DType::float8_e5m2, "float8_e5m2", 1, 1, DTypeKind::storage_only},
}};

constexpr bool listed_in_order_of_their_numbers() {
  for (size_t index = 0; index < infos.size(); ++index)
    if (static_cast<size_t>(infos[index].dtype) != index + 1) return false;
  return true;
}
static_assert(listed_in_order_of_their_numbers());

}  // namespace

const DTypeInfo *find_dtype_info(DType dtype) {
  const auto number = static_cast<int32_t>(dtype);
  return number < 1 || number > dtype_count ? nullptr : &infos[static_cast<size_t>(number - 1)];
}

const DTypeInfo &dtype_info(DType dtype) { return infos[static_cast<size_t>(dtype) - 1]; }

std::optional<DType> find_dtype(std::string_view name) {
  for (const DTypeInfo &info : infos)
    if (info.name == name) return info.dtype;
  return std::nullopt;
}

void append_part(std::string &out, DType dtype) { out += dtype_name(dtype); }

bool can_cast(DType from, DType to, Casting casting) {
  if (from == to) return true;
  const DTypeKind from_kind = dtype_kind(from), to_kind = dtype_kind(to);
  if (from_kind == DTypeKind::storage_only || to_kind == DTypeKind::storage_only) return false;
  return casting == Casting::unsafe || from_kind <= to_kind;
}

void require_cast(DType from, DType to, Casting casting) {
  if (can_cast(from, to, casting)) return;
  const bool storage_only = dtype_kind(from) == DTypeKind::storage_only || dtype_kind(to) == DTypeKind::storage_only;
  fail(Status::type_mismatch, "cannot convert ", from, " to ", to,
       storage_only ? ": float8 dtypes are for storage only; reinterpret as uint8 to reach the bits"
                    : " by the same_kind rule; ask for an unsafe conversion to allow it");
}

}  // namespace penstock::core
