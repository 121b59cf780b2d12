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

// The lines that are filled from end to end past the caches, those shared with a neighbour through them: two halves of a line,
// each stored past the caches, would cost two lines and more.
void store_past_caches(std::byte *to, const std::byte *from, size_t size) {
  constexpr size_t line = 64;
  const size_t begins_at = reinterpret_cast<uintptr_t>(to) % line;
  const size_t head = std::min(size, (line - begins_at) % line), whole = (size - head) / line * line;
  std::memcpy(to, from, head);
  for (size_t offset = head; offset < head + whole; offset += 16) store_16_bytes(to + offset, from + offset);
  std::memcpy(to + head + whole, from + head + whole, size - head - whole);
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
  void put_row(uint64_t byte) { put(table_.row(byte)); }
  void put(const std::byte *row) {
    for (size_t offset = 0; offset < columns * sizeof(Element); offset += 16)
      store_16_bytes(out_ + offset, row + offset);
    out_ += columns * sizeof(Element);
  }

  static const Rows<Element> &table() {
    static const Rows<Element> made;
    return made;
  }

  std::byte *out_;
  const Rows<Element> &table_ = table();
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
void put(Element &to, uint32_t bits) {
  if constexpr (AnySmallFloat<Element>)
    to = element_of<Element>(std::bit_cast<float>(bits));
  else
    std::memcpy(&to, &bits, sizeof(bits));  // as bits: loading a signalling NaN as a float may change it
}

// A policy in the making, whose moves are all illegal but while expand() writes.
template <typename Element>
class Policy {
 public:
  Policy() { elements_.fill(illegal); }

  void expand(std::byte *out, const Lc0Position &position) {
    const auto probabilities = position.probabilities();
    const auto moves = position.moves();
    for (size_t index = 0; index < moves.size(); ++index) put(elements_[moves[index]], probabilities[index]);
    store_past_caches(out, reinterpret_cast<const std::byte *>(elements_.data()), sizeof(elements_));
    for (const uint16_t move : moves) elements_[move] = illegal;
  }

 private:
  const Element illegal = element_of<Element>(-1.0f);
  std::array<Element, lc0_policy_size> elements_;
};

template <typename Element>
void expand(Lc0Row row, std::span<const Lc0Position> positions) {
  Policy<Element> policy;
  for (const Lc0Position &position : positions) {
    expand_planes<Element>(row.planes, position.fixed());
    policy.expand(row.policy, position);
    auto *values = reinterpret_cast<Element *>(row.values);
    for (size_t index = 0; index < lc0_values; ++index) put(values[index], position.fixed().values[index]);
    row.planes += lc0_planes * 64 * sizeof(Element);
    row.policy += lc0_policy_size * sizeof(Element);
    row.values += lc0_values * sizeof(Element);
  }
  finish_stores();
}

}  // namespace

void expand_lc0_positions(const Lc0Row &first, std::span<const Lc0Position> positions, DType dtype) {
  switch (dtype) {
    case DType::float16: return expand<Float16>(first, positions);
    case DType::bfloat16: return expand<BFloat16>(first, positions);
    default: return expand<float>(first, positions);
  }
}

}  // namespace penstock::core
