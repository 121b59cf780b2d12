// The types an element can have.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace penstock::core {

// The same numbers as ps_dtype; capi/src asserts it.
enum class DType : int32_t {
  bool8 = 1,
  int8 = 2,
  int16 = 3,
  int32 = 4,
  int64 = 5,
  uint8 = 6,
  uint16 = 7,
  uint32 = 8,
  uint64 = 9,
  float16 = 10,
  bfloat16 = 11,
  float32 = 12,
  float64 = 13,
  complex64 = 14,
  complex128 = 15,
  float8_e4m3fn = 16,
  float8_e5m2 = 17,
};

inline constexpr int32_t dtype_count = 17;

// What a dtype's values are, in the order in which same_kind conversions go up.
enum class DTypeKind : int32_t { boolean, unsigned_integer, signed_integer, floating, complex, storage_only };

struct DTypeInfo {
  DType dtype;
  std::string_view name;
  int64_t size;       // bytes of an element
  int64_t alignment;  // bytes; a complex number aligns as its parts do
  DTypeKind kind;
};

// Null for a number that is no dtype: what comes through the ABI may be anything.
const DTypeInfo *find_dtype_info(DType dtype);
std::optional<DType> find_dtype(std::string_view name);

// For a dtype already known to be one.
const DTypeInfo &dtype_info(DType dtype);
inline int64_t dtype_size(DType dtype) { return dtype_info(dtype).size; }
inline DTypeKind dtype_kind(DType dtype) { return dtype_info(dtype).kind; }
inline std::string_view dtype_name(DType dtype) { return dtype_info(dtype).name; }
void append_part(std::string &out, DType dtype);

// What conversions a call may make; the same numbers as ps_casting.
enum class Casting : int32_t { same_kind = 0, unsafe = 1 };

// NumPy's can_cast(from, to, "same_kind"); unsafe allows all but the storage-only dtypes, which convert only to themselves.
bool can_cast(DType from, DType to, Casting casting);
void require_cast(DType from, DType to, Casting casting);  // type_mismatch, naming both

}  // namespace penstock::core
