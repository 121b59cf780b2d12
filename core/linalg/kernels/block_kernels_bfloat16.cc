// Products of bfloat16 by the processor's own instruction, which multiplies two pairs and adds both products to a float;
// its portable twin is PlainScheme<BFloat16, float>.  Compiled for processors that have it (cmake/PenstockLibrary.cmake).
//
// The instruction takes subnormal numbers as 0, and gives 0 for them.  A row times a column is summed without it.
#include "core/linalg/block.h"

#ifdef __AVX512BF16__

#include <immintrin.h>

#include <bit>

#include "core/linalg/kernels/multiply_block.h"

namespace penstock::core {
namespace {

// A unit is a pair of neighbours along inner, the first in the low half; behind an odd last one stands a zero.
struct PairScheme {
  using Element = BFloat16;
  using Unit = uint32_t;
  using Number = float;
  using Stored = BFloat16;
  static constexpr bool units_are_elements = false;
  static constexpr bool units_lie_in_inner = true;
  static constexpr int64_t unit_elements = 2;

  static int64_t steps(int64_t inner) { return (inner + 1) / 2; }
  static int64_t lanes(int64_t columns) { return columns; }

  static PS_LANES_INLINE Number to_number(Element element) { return convert<Number>(element); }
  static PS_LANES_INLINE Unit pair(BFloat16 first, BFloat16 second) {
    return first.bits | static_cast<uint32_t>(second.bits) << 16;
  }
  static PS_LANES_INLINE Unit left_unit(const Block &block, int64_t row, int64_t step) {
    const auto first = element_at<BFloat16>(block.left, row, 2 * step);
    if (2 * step + 1 == block.inner) return first.bits;
    return pair(first, element_at<BFloat16>(block.left, row, 2 * step + 1));
  }
  static PS_LANES_INLINE Unit right_unit(const Block &block, int64_t step, int64_t lane) {
    const auto first = element_at<BFloat16>(block.right, 2 * step, lane);
    if (2 * step + 1 == block.inner) return first.bits;
    return pair(first, element_at<BFloat16>(block.right, 2 * step + 1, lane));
  }
  static PS_LANES_INLINE void read_right_row(const Block &block, int64_t step, int64_t first_lane, int64_t count,
                                             Unit *__restrict to) {
    const BFloat16 *__restrict first = row_at<BFloat16>(block.right, 2 * step, first_lane);
    if (2 * step + 1 == block.inner) {
      for (int64_t lane = 0; lane < count; ++lane) to[lane] = read_unaligned(first + lane).bits;
      return;
    }
    const BFloat16 *__restrict second = first + block.right.row_stride;
    for (int64_t lane = 0; lane < count; ++lane)
      to[lane] = pair(read_unaligned(first + lane), read_unaligned(second + lane));
  }
  static PS_LANES_INLINE void store_row(const Number *sums, int64_t count, Stored *to) {
    constexpr int64_t lanes = 16;
    for (int64_t first = 0; first < count; first += lanes) {
      const __m512 row = _mm512_maskz_loadu_ps(mask_of(count - first), sums + first);
      _mm256_mask_storeu_epi16(to + first, mask_of(count - first), std::bit_cast<__m256i>(_mm512_cvtneps_pbh(row)));
    }
  }
  static PS_LANES_INLINE __mmask16 mask_of(int64_t count) {
    return static_cast<__mmask16>(count >= 16 ? 0xffff : (1 << count) - 1);
  }

  template <typename Numbers, typename Units>
  static PS_LANES_INLINE Numbers multiply_add(Units first, Units second, Numbers sum) {
    return _mm512_dpbf16_ps(sum, std::bit_cast<__m512bh>(first), std::bit_cast<__m512bh>(second));
  }
};

}  // namespace

BlockKernel block_kernel_bfloat16(DType dtype) {
  return dtype == DType::bfloat16 ? block_kernel<PairScheme, 64>() : BlockKernel{};
}

}  // namespace penstock::core

#else

namespace penstock::core {

BlockKernel block_kernel_bfloat16(DType) { return {}; }

}  // namespace penstock::core

#endif
