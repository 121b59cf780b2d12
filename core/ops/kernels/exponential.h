// e to the power of a float, written so that compilers make vectors of it.
#pragma once

#include <bit>
#include <cstdint>

#include "core/base/lanes.h"

namespace penstock::core {

// Within 2 ulp of the true value for every float, subnormal results included (tests/python/test_operations.py); 0 and
// infinity beyond, NaN of NaN.
//
// x = n log(2) + rest, |rest| < 0.35: the Taylor series of exp(rest) ends at rest^7 / 7!, whose successor is below a
// tenth of an ulp.  log(2) is taken in two parts, of which the first has so few bits that its product with n is exact.
struct ExponentialFloat {
  static PS_LANES_INLINE float apply(float x) {
    constexpr float rounder = 0x1.8p23f;
    x = x > 89.0f ? 89.0f : x;  // a NaN stays
    x = x < -104.0f ? -104.0f : x;
    const float shifted = x * 0x1.715476p0f + rounder;
    const float whole = shifted - rounder;
    const float rest = (x - whole * 0x1.62e4p-1f) - whole * 0x1.7f7d1cp-20f;
    float series = 1.0f / 5040;
    series = series * rest + 1.0f / 720;
    series = series * rest + 1.0f / 120;
    series = series * rest + 1.0f / 24;
    series = series * rest + 1.0f / 6;
    series = series * rest + 0.5f;
    series = series * rest * rest + rest + 1.0f;
    // 2^n in two factors: one alone would leave the range of floats near both ends.
    const int32_t exponent = std::bit_cast<int32_t>(shifted) - std::bit_cast<int32_t>(rounder);
    const int32_t half = exponent >> 1;
    return series * std::bit_cast<float>((half + 127) << 23) * std::bit_cast<float>((exponent - half + 127) << 23);
  }
};

}  // namespace penstock::core
