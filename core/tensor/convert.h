// Conversion of elements from one dtype to another, a run at a time.
#pragma once

#include <cstddef>
#include <cstdint>

#include "core/tensor/dtype.h"

namespace penstock::core {

// Writes count elements that lie to_stride bytes apart from count that lie from_stride bytes apart; either may be negative
// or 0, and no address need be aligned.  The two must not overlap.
using ConvertRun = void (*)(std::byte *to, int64_t to_stride, const std::byte *from, int64_t from_stride,
                            int64_t count);

// The conversion of Casting::unsafe, which gives the same bits on every CPU:
// - between one dtype: the bits as they are;
// - to bool: anything but 0 is true (NaN too, and a complex number of which a part is not 0), written as 1; from bool:
//   any byte but 0 is 1;
// - integer to integer: the low bits;
// - floating to integer: the fraction is dropped, what lies outside the limits becomes the nearer one, NaN 0;
// - to floating: rounded once, to nearest, ties to even; what is too large becomes infinite; a NaN stays a NaN of the same
//   sign, and becomes quiet where the format changes;
// - complex to real: the imaginary part is dropped; real to complex: it is 0.
// from and to are such that can_cast(from, to, Casting::unsafe).
ConvertRun find_conversion(DType to, DType from);

}  // namespace penstock::core
