// A product and a sum with one rounding, where the processor that a file is compiled for has that: half the rounding errors,
// and twice as fast.  Written out, since compilers that may fuse as they please do so in one loop and not in the next.
#pragma once

#include <type_traits>

#include "core/base/lanes.h"

#if defined(__FMA__)
#include <immintrin.h>
#elif defined(__ARM_FEATURE_FMA)
#include <arm_neon.h>
#endif

namespace penstock::core {

// first * second + sum, in each lane of a vector of floats, doubles or integers.
template <typename Vector>
PS_LANES_INLINE Vector multiply_add(Vector first, Vector second, Vector sum) {
  [[maybe_unused]] constexpr auto bytes = sizeof(Vector);
  using Number = std::remove_cvref_t<decltype(first[0])>;
  [[maybe_unused]] constexpr bool is_float = std::is_same_v<Number, float>, is_double = std::is_same_v<Number, double>;
#if defined(__AVX512F__)
  if constexpr (is_float && bytes == 64) return _mm512_fmadd_ps(first, second, sum);
  if constexpr (is_double && bytes == 64) return _mm512_fmadd_pd(first, second, sum);
#endif
#if defined(__FMA__)
  if constexpr (is_float && bytes == 32) return _mm256_fmadd_ps(first, second, sum);
  if constexpr (is_double && bytes == 32) return _mm256_fmadd_pd(first, second, sum);
#elif defined(__ARM_FEATURE_FMA)
  if constexpr (is_float && bytes == 16) return vfmaq_f32(sum, first, second);
  if constexpr (is_double && bytes == 16) return vfmaq_f64(sum, first, second);
#endif
  return first * second + sum;
}

}  // namespace penstock::core
