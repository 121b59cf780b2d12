// Dtypes in DLPack's numbers, for what DLPack's structs ask of the extension itself.
#pragma once

#include <dlpack/dlpack.h>
#include <penstock/tensor.h>

#include <array>
#include <cstdint>

namespace penstock::ext {

// DLPack's type codes in the order of ps_dtype; the bits follow from ps_dtype_size().
inline constexpr std::array<uint8_t, PS_FLOAT8_E5M2 + 1> dlpack_codes = {
    255,     kDLBool,  kDLInt,    kDLInt,   kDLInt,   kDLInt,     kDLUInt,    kDLUInt,          kDLUInt,
    kDLUInt, kDLFloat, kDLBfloat, kDLFloat, kDLFloat, kDLComplex, kDLComplex, kDLFloat8_e4m3fn, kDLFloat8_e5m2};

inline DLDataType dlpack_dtype(ps_dtype dtype) {
  return {dlpack_codes[static_cast<size_t>(dtype)], static_cast<uint8_t>(8 * ps_dtype_size(dtype)), 1};
}

// 0, which is no dtype, where there is none.
inline ps_dtype dtype_of(DLDataType wanted) {
  for (int32_t number = PS_BOOL; number <= PS_FLOAT8_E5M2; ++number) {
    const DLDataType known = dlpack_dtype(static_cast<ps_dtype>(number));
    if (known.code == wanted.code && known.bits == wanted.bits && wanted.lanes == 1)
      return static_cast<ps_dtype>(number);
  }
  return ps_dtype{};
}

}  // namespace penstock::ext
