// Training chunks of Leela Chess Zero, versions 3 to 7: a game as fixed-size little-endian records, one a position.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

namespace penstock::core {

inline constexpr int64_t lc0_policy_size = 1858;
inline constexpr int64_t lc0_bit_planes = 104;  // of the 112 planes, those stored as bits
inline constexpr int64_t lc0_planes = 112;
inline constexpr int64_t lc0_value_rows = 6;  // result, best, played, orig, root, short-term
inline constexpr int64_t lc0_value_columns = 4;
inline constexpr int64_t lc0_values = lc0_value_rows * lc0_value_columns;

// Where the fields of a version lie; -1 for one it has not.
struct Lc0Layout {
  int64_t record_size;
  int64_t input_format, probabilities, planes, castling, result_byte, floats;
  int64_t float_count;  // from floats on: root_q, best_q, root_d, best_d, root_m, best_m, plies_left, result_q, ...
  int64_t policy_kld, short_term;
};

// A whole game, found to be sound.  Refers to the bytes it was made from.
class Lc0Chunk {
 public:
  // Throws data_error with the place where the bytes are none: empty, of an unknown version or input format, no whole
  // number of records, or another version inside.
  Lc0Chunk(std::span<const std::byte> bytes, std::string_view place);

  int64_t size() const { return size_; }  // positions
  uint32_t version() const { return version_; }

  // |best_q - orig_q| and policy_kld, which diff focus weighs; the first is NaN where orig_q is.
  struct Focus {
    float q_difference, policy_kld;
  };
  Focus focus(int64_t position) const;

 private:
  friend class Lc0Position;
  std::span<const std::byte> record(int64_t position) const;
  uint8_t rule50(int64_t position) const;
  uint8_t invariance(int64_t position) const;
  int64_t float_at(int64_t index) const;
  float plies_until_progress(int64_t position) const;

  std::span<const std::byte> bytes_;
  const Lc0Layout *layout_;
  uint32_t version_;
  int64_t size_;
};

// One position with all that its tensors need and no more, some 1.1 kB: planes as bits, the policy without the moves that
// are not legal.  Nothing is lost: each number keeps its bits.
class Lc0Position {
 public:
  struct Fixed {
    std::array<uint64_t, lc0_bit_planes> planes;
    std::array<uint32_t, lc0_values> values;  // as bits: a NaN may have a payload
    uint32_t input_format;
    std::array<uint8_t, 4> castling;  // us_ooo, us_oo, them_ooo, them_oo
    uint8_t side_to_move_or_enpassant, rule50, invariance, reserved;
    uint32_t move_count;
  };

  Lc0Position() = default;
  Lc0Position(const Lc0Chunk &chunk, int64_t position);

  const Fixed &fixed() const { return *reinterpret_cast<const Fixed *>(bytes_.get()); }
  // The policy's numbers that are not -1, as bits, and where they stand.
  std::span<const uint32_t> probabilities() const;
  std::span<const uint16_t> moves() const;

 private:
  std::unique_ptr<std::byte[]> bytes_;
};

// Throws data_error, naming the place and the number, for an input format that there is not.
void require_lc0_input_format(uint32_t input_format, int64_t position, std::string_view place);

}  // namespace penstock::core
