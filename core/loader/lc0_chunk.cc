#include "core/loader/lc0_chunk.h"

#include <bit>
#include <cmath>
#include <cstring>
#include <limits>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#include "core/base/error.h"
#include "core/io/little_endian.h"

namespace penstock::core {
namespace {

// By version, from 3 on.
constexpr std::array<Lc0Layout, 5> layouts = {{
    {8276, -1, 4, 7436, 8268, 8275, 8276, 0, -1, -1},
    {8292, -1, 4, 7436, 8268, 8275, 8276, 4, -1, -1},
    {8308, 4, 8, 7440, 8272, 8279, 8280, 7, -1, -1},
    {8356, 4, 8, 7440, 8272, -1, 8280, 15, 8348, -1},
    {8396, 4, 8, 7440, 8272, -1, 8280, 15, 8348, 8352},
}};
constexpr uint32_t oldest_version = 3, newest_version = 7;

// In the order in which records have them.
enum FloatField {
  root_q,
  best_q,
  root_d,
  best_d,
  root_m,
  best_m,
  plies_left,
  result_q,
  result_d,
  played_q,
  played_d,
  played_m,
  orig_q,
  orig_d,
  orig_m
};

constexpr uint32_t nan_bits = 0x7FC00000;
constexpr uint32_t illegal_bits = std::bit_cast<uint32_t>(-1.0f);
constexpr uint8_t adjudicated = 1 << 5;
constexpr int64_t most_plies_until_progress = 254;

uint8_t byte_at(std::span<const std::byte> record, int64_t offset) {
  return std::to_integer<uint8_t>(record[static_cast<size_t>(offset)]);
}

uint32_t word_at(std::span<const std::byte> record, int64_t offset) {
  return load_little_endian<uint32_t>(record.data() + offset);
}

uint32_t bits_of(float value) { return std::bit_cast<uint32_t>(value); }

const Lc0Layout &layout_of(std::span<const std::byte> bytes, std::string_view place) {
  if (bytes.size() < 4)
    fail(Status::data_error, place, " is no lc0 chunk: it has ", bytes.size(), " bytes, a record has 8276 and more");
  const uint32_t version = word_at(bytes, 0);
  if (version < oldest_version || version > newest_version)
    fail(Status::data_error, place, " is of lc0 version ", version, ": expected ", oldest_version, " to ",
         newest_version);
  return layouts[version - oldest_version];
}

}  // namespace

void require_lc0_input_format(uint32_t input_format, int64_t position, std::string_view place) {
  const bool known = (input_format >= 1 && input_format <= 5) || input_format == 132 || input_format == 133;
  if (!known)
    fail(Status::data_error, place, ", position ", position, " has input format ", input_format,
         ": expected 1 to 5, 132 or 133");
}

Lc0Chunk::Lc0Chunk(std::span<const std::byte> bytes, std::string_view place)
    : bytes_(bytes), layout_(&layout_of(bytes, place)), version_(word_at(bytes, 0)) {
  const auto record_size = static_cast<size_t>(layout_->record_size);
  if (bytes.size() % record_size != 0)
    fail(Status::data_error, place, " has ", bytes.size(), " bytes: no multiple of the ", record_size,
         " of a record of version ", version_);
  size_ = static_cast<int64_t>(bytes.size() / record_size);
  for (int64_t position = 0; position < size_; ++position) {
    const uint32_t version = word_at(record(position), 0);
    if (version != version_)
      fail(Status::data_error, place, ", position ", position, " is of version ", version, ", position 0 is of ",
           version_);
    if (layout_->input_format >= 0)
      require_lc0_input_format(word_at(record(position), layout_->input_format), position, place);
  }
}

std::span<const std::byte> Lc0Chunk::record(int64_t position) const {
  return bytes_.subspan(static_cast<size_t>(position * layout_->record_size),
                        static_cast<size_t>(layout_->record_size));
}

uint8_t Lc0Chunk::rule50(int64_t position) const { return byte_at(record(position), layout_->castling + 5); }
uint8_t Lc0Chunk::invariance(int64_t position) const { return byte_at(record(position), layout_->castling + 6); }
int64_t Lc0Chunk::float_at(int64_t index) const { return layout_->floats + 4 * index; }

Lc0Chunk::Focus Lc0Chunk::focus(int64_t position) const {
  if (layout_->float_count <= orig_q) return {std::numeric_limits<float>::quiet_NaN(), 0};
  const auto value = [&](int64_t offset) { return std::bit_cast<float>(word_at(record(position), offset)); };
  return {std::abs(value(float_at(best_q)) - value(float_at(orig_q))), value(layout_->policy_kld)};
}

float Lc0Chunk::plies_until_progress(int64_t position) const {
  constexpr float unknown = std::bit_cast<float>(nan_bits);
  for (int64_t later = position + 1; later < size_ && later - position <= most_plies_until_progress; ++later)
    if (rule50(later) == 0) return static_cast<float>(later - position);
  const int64_t until_end = size_ - position;
  if (until_end > most_plies_until_progress) return unknown;
  const bool is_cut_off = version_ >= 6 && (invariance(size_ - 1) & adjudicated) != 0;
  return is_cut_off ? unknown : static_cast<float>(until_end);
}

namespace {

// The rows of the values tensor: what each field of an old version becomes where it is missing is 0, but orig_* are NaN.
std::array<uint32_t, lc0_values> values_of(std::span<const std::byte> record, const Lc0Layout &layout,
                                           float plies_until_progress) {
  const auto field = [&](FloatField index) {
    if (index < layout.float_count) return word_at(record, layout.floats + int64_t{4} * index);
    return index >= orig_q ? nan_bits : 0;
  };
  uint32_t result[2] = {field(result_q), field(result_d)}, left = field(plies_left);
  if (layout.result_byte >= 0) {
    const auto outcome = static_cast<int8_t>(byte_at(record, layout.result_byte));
    result[0] = bits_of(outcome);
    result[1] = bits_of(outcome == 0 ? 1.0f : 0.0f);
    if (std::bit_cast<float>(left) == 0.0f) left = bits_of(byte_at(record, layout.castling + 6));
  }
  const bool has_short_term = layout.short_term >= 0;
  return {result[0],
          result[1],
          left,
          bits_of(plies_until_progress),
          field(best_q),
          field(best_d),
          field(best_m),
          nan_bits,
          field(played_q),
          field(played_d),
          field(played_m),
          nan_bits,
          field(orig_q),
          field(orig_d),
          field(orig_m),
          nan_bits,
          field(root_q),
          field(root_d),
          field(root_m),
          nan_bits,
          has_short_term ? word_at(record, layout.short_term) : nan_bits,
          has_short_term ? word_at(record, layout.short_term + 4) : nan_bits,
          nan_bits,
          nan_bits};
}

struct LegalMoves {
  uint32_t count = 0;
  std::array<uint16_t, lc0_policy_size> moves;
};

constexpr int64_t group = 16;

// Of a group of moves: bit i says that move i is legal.
uint32_t legal_bits(const std::byte *probabilities) {
#if defined(__SSE2__)
  const auto illegal = [&](int quarter) {
    const __m128i bits = _mm_loadu_si128(reinterpret_cast<const __m128i *>(probabilities + ptrdiff_t{16} * quarter));
    return _mm_cmpeq_epi32(bits, _mm_set1_epi32(static_cast<int>(illegal_bits)));
  };
  const __m128i first = _mm_packs_epi32(illegal(0), illegal(1)), second = _mm_packs_epi32(illegal(2), illegal(3));
  return static_cast<uint32_t>(_mm_movemask_epi8(_mm_packs_epi16(first, second))) ^ 0xFFFF;
#else
  uint32_t bits = 0;
  for (int64_t move = 0; move < group; ++move)
    bits |= static_cast<uint32_t>(load_little_endian<uint32_t>(probabilities + 4 * move) != illegal_bits) << move;
  return bits;
#endif
}

// Few of the groups have a legal move.
void find_legal_moves(LegalMoves &found, const std::byte *probabilities) {
  constexpr int64_t whole_groups = lc0_policy_size / group * group;
  for (int64_t first = 0; first < whole_groups; first += group)
    for (uint32_t bits = legal_bits(probabilities + 4 * first); bits != 0; bits &= bits - 1)
      found.moves[found.count++] = static_cast<uint16_t>(first + std::countr_zero(bits));
  for (int64_t move = whole_groups; move < lc0_policy_size; ++move)
    if (load_little_endian<uint32_t>(probabilities + 4 * move) != illegal_bits)
      found.moves[found.count++] = static_cast<uint16_t>(move);
}

}  // namespace

Lc0Position::Lc0Position(const Lc0Chunk &chunk, int64_t position) {
  const std::span<const std::byte> record = chunk.record(position);
  const Lc0Layout &layout = *chunk.layout_;
  const std::byte *probabilities = record.data() + layout.probabilities;
  LegalMoves legal;
  find_legal_moves(legal, probabilities);
  bytes_ =
      std::make_unique_for_overwrite<std::byte[]>(sizeof(Fixed) + legal.count * (sizeof(uint32_t) + sizeof(uint16_t)));

  auto &fixed = *new (bytes_.get()) Fixed;
  for (size_t plane = 0; plane < lc0_bit_planes; ++plane)
    fixed.planes[plane] = load_little_endian<uint64_t>(record.data() + layout.planes + 8 * static_cast<int64_t>(plane));
  fixed.values = values_of(record, layout, chunk.plies_until_progress(position));
  fixed.input_format = layout.input_format < 0 ? 1 : word_at(record, layout.input_format);
  for (size_t right = 0; right < fixed.castling.size(); ++right)
    fixed.castling[right] = byte_at(record, layout.castling + static_cast<int64_t>(right));
  fixed.side_to_move_or_enpassant = byte_at(record, layout.castling + 4);
  fixed.rule50 = chunk.rule50(position);
  fixed.invariance = chunk.invariance(position);
  fixed.reserved = 0;
  fixed.move_count = legal.count;

  std::byte *values = bytes_.get() + sizeof(Fixed), *moves = values + legal.count * sizeof(uint32_t);
  for (uint32_t index = 0; index < legal.count; ++index) {
    const auto value = load_little_endian<uint32_t>(probabilities + int64_t{4} * legal.moves[index]);
    std::memcpy(values + index * sizeof(value), &value, sizeof(value));
  }
  std::memcpy(moves, legal.moves.data(), legal.count * sizeof(uint16_t));
}

std::span<const uint32_t> Lc0Position::probabilities() const {
  return {reinterpret_cast<const uint32_t *>(bytes_.get() + sizeof(Fixed)), fixed().move_count};
}

std::span<const uint16_t> Lc0Position::moves() const {
  return {reinterpret_cast<const uint16_t *>(bytes_.get() + sizeof(Fixed) + fixed().move_count * sizeof(uint32_t)),
          fixed().move_count};
}

}  // namespace penstock::core
