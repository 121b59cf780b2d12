#include "core/base/random.h"

#include <cstddef>

namespace penstock::core {
namespace {

// Makes each block once and reads all of its values that lie in the range; its ends may cut a block.
template <uint64_t values_per_block, typename Value, typename BlockOf, typename InBlock>
void fill(std::span<Value> values, uint64_t first, BlockOf block_of, InBlock in_block) {
  size_t filled = 0;
  while (filled < values.size()) {
    const Words<4> block = block_of(first + filled);
    do {
      values[filled] = in_block(block, first + filled);
      ++filled;
    } while (filled < values.size() && (first + filled) % values_per_block != 0);
  }
}

template <typename Value, typename InBlock>
void fill_from_u32_blocks(std::span<Value> values, RandomStream stream, uint64_t first, InBlock in_block) {
  fill<4>(
      values, first, [stream](uint64_t index) { return random_block_of_u32(stream, index); }, in_block);
}

template <typename Value, typename InBlock>
void fill_from_u64_blocks(std::span<Value> values, RandomStream stream, uint64_t first, InBlock in_block) {
  fill<2>(
      values, first, [stream](uint64_t index) { return random_block_of_u64(stream, index); }, in_block);
}

}  // namespace

void fill_random_u32(std::span<uint32_t> values, RandomStream stream, uint64_t first) {
  fill_from_u32_blocks(values, stream, first, u32_in_block);
}

void fill_random_u64(std::span<uint64_t> values, RandomStream stream, uint64_t first) {
  fill_from_u64_blocks(values, stream, first, u64_in_block);
}

void fill_uniform_f32(std::span<float> values, RandomStream stream, uint64_t first) {
  fill_from_u32_blocks(values, stream, first,
                       [](Words<4> block, uint64_t index) { return unit_f32(u32_in_block(block, index)); });
}

void fill_uniform_f64(std::span<double> values, RandomStream stream, uint64_t first) {
  fill_from_u64_blocks(values, stream, first,
                       [](Words<4> block, uint64_t index) { return unit_f64(u64_in_block(block, index)); });
}

void fill_uniform_below(std::span<uint64_t> values, RandomStream stream, uint64_t first, uint64_t n) {
  fill_from_u64_blocks(values, stream, first,
                       [stream, n](Words<4> block, uint64_t index) { return below_in_block(stream, block, index, n); });
}

}  // namespace penstock::core
