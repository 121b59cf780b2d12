#include "core/loader/lc0_tensors.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#include "core/tensor/half.h"

namespace penstock::core {
namespace {

constexpr size_t columns = 8;

// 16 bytes past the caches where the processor can.
void store_16_bytes(std::byte *to, const std::byte *from) {
#if defined(__SSE2__)
  _mm_stream_si128(reinterpret_cast<__m128i *>(to), _mm_loadu_si128(reinterpret_cast<const __m128i *>(from)));
#else
  std::memcpy(to, from, 16);
#endif
}

// Makes the stores past the caches visible to other threads before what is stored afterwards.
void finish_stores() {
#if defined(__SSE2__)
  _mm_sfence();
#endif
}

template <typename Element>
Element element_of(float value) {
  if constexpr (AnySmallFloat<Element>)
    return round_to<Element>(value);
  else
    return value;
}

// The eight elements of each byte of a plane: element c of a row is bit 7 - c.
template <typename Element>
struct Rows {
  alignas(64) std::array<std::array<Element, columns>, 256> rows;

  Rows() {
    for (size_t byte = 0; byte < rows.size(); ++byte)
      for (size_t column = 0; column < columns; ++column)
        rows[byte][column] = element_of<Element>((byte >> (7 - column) & 1) != 0 ? 1.0f : 0.0f);
  }
  const std::byte *row(uint64_t byte) const { return reinterpret_cast<const std::byte *>(rows[byte].data()); }
};

template <typename Element>
class Planes {
 public:
  explicit Planes(std::byte *out) : out_(out) {}

  void bits(uint64_t plane) {
    for (size_t row = 0; row < columns; ++row) put_row(plane >> (8 * row) & 0xFF);
  }
  void constant(float value) {
    std::array<Element, columns> row;
    row.fill(element_of<Element>(value));
    for (size_t index = 0; index < columns; ++index) put(reinterpret_cast<const std::byte *>(row.data()));
  }
  // Rows 0 and 7: element i is bit i; 0 between.
  void first_and_last_row(uint8_t first, uint8_t last) {
    put_row(reversed(first));
    for (size_t row = 1; row < columns - 1; ++row) put_row(0);
    put_row(reversed(last));
  }

 private:
  static uint64_t reversed(uint8_t byte) {
    uint64_t result = 0;
    for (int bit = 0; bit < 8; ++bit) result |= static_cast<uint64_t>(byte >> bit & 1) << (7 - bit);
    return result;
  }
  void put_row(uint64_t byte) {
    static const Rows<Element> table;
    put(table.row(byte));
  }
  void put(const std::byte *row) {
    for (size_t offset = 0; offset < columns * sizeof(Element); offset += 16)
      store_16_bytes(out_ + offset, row + offset);
    out_ += columns * sizeof(Element);
  }

  std::byte *out_;
};

template <typename Element>
void expand_planes(std::byte *out, const Lc0Position::Fixed &position) {
  const uint32_t format = position.input_format;
  const bool is_canonical = format >= 3, counts_hectoplies = format >= 4;
  Planes<Element> planes(out);
  for (const uint64_t plane : position.planes) planes.bits(plane);
  if (format == 1) {
    for (const uint8_t right : position.castling) planes.constant(right);
  } else {
    planes.first_and_last_row(position.castling[0], position.castling[2]);
    planes.first_and_last_row(position.castling[1], position.castling[3]);
    planes.constant(0);
    planes.constant(0);
  }
  if (is_canonical)
    planes.first_and_last_row(0, position.side_to_move_or_enpassant);
  else
    planes.constant(position.side_to_move_or_enpassant);
  planes.constant(static_cast<float>(position.rule50) / (counts_hectoplies ? 100.0f : 99.0f));
  planes.constant(format >= 132 && position.invariance >= 128 ? 1 : 0);
  planes.constant(1);
}

template <typename Element>
void expand(const Lc0Row &row, const Lc0Position &position) {
  expand_planes<Element>(row.planes, position.fixed());
  auto *policy = reinterpret_cast<Element *>(row.policy);
  std::fill_n(policy, lc0_policy_size, element_of<Element>(-1.0f));
  const auto probabilities = position.probabilities();
  const auto moves = position.moves();
  const auto put = [](Element *to, uint32_t bits) {
    if constexpr (AnySmallFloat<Element>)
      *to = element_of<Element>(std::bit_cast<float>(bits));
    else
      std::memcpy(to, &bits, sizeof(bits));  // as bits: loading a signalling NaN as a float may change it
  };
  for (size_t index = 0; index < moves.size(); ++index) put(policy + moves[index], probabilities[index]);
  auto *values = reinterpret_cast<Element *>(row.values);
  for (size_t index = 0; index < lc0_values; ++index) put(values + index, position.fixed().values[index]);
  finish_stores();
}

}  // namespace

void expand_lc0_position(const Lc0Row &row, const Lc0Position &position, DType dtype) {
  switch (dtype) {
    case DType::float16: return expand<Float16>(row, position);
    case DType::bfloat16: return expand<BFloat16>(row, position);
    default: return expand<float>(row, position);
  }
}

}  // namespace penstock::core
