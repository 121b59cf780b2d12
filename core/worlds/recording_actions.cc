#include "core/worlds/recording_actions.h"

#include <bit>

#include "core/base/error.h"
#include "core/io/little_endian.h"

namespace penstock::core {

ActionPacking::ActionPacking(const Field &action) {
  if (action.dtype != DType::int32) return;
  const auto bound = [](const std::vector<double> &bounds, size_t element) {
    return static_cast<int64_t>(bounds.size() == 1 ? bounds[0] : bounds[element]);
  };
  for (size_t element = 0; element < static_cast<size_t>(element_count(action.shape)); ++element) {
    const int64_t lowest = bound(action.low, element);
    const auto largest_code = static_cast<uint64_t>(bound(action.high, element) - lowest);
    elements_.push_back({lowest, largest_code, static_cast<uint32_t>(std::bit_width(largest_code))});
  }
}

uint64_t ActionPacking::packed_size(int64_t num_worlds) const {
  uint64_t bits = 0;  // no overflow: at most 2^31 worlds, whose actions were allocated
  for (const Element &element : elements_) bits += element.width;
  return (bits * static_cast<uint64_t>(num_worlds) + 7) / 8;
}

std::string ActionPacking::section() const {
  std::string section;
  for (const Element &element : elements_) {
    append_little_endian(section, element.width);
    append_little_endian(section, static_cast<uint64_t>(element.lowest));
  }
  return section;
}

bool ActionPacking::pack(std::string &out, std::span<const int32_t> actions) const {
  const size_t begin = out.size();
  uint64_t pending = 0;  // bits that do not fill a byte yet, fewer than 8 of them between two elements
  uint32_t pending_bits = 0;
  for (size_t first = 0; first < actions.size(); first += elements_.size()) {
    for (size_t index = 0; index < elements_.size(); ++index) {
      const Element &element = elements_[index];
      const auto code = static_cast<uint64_t>(actions[first + index] - element.lowest);  // huge for what is below
      if (code > element.largest_code) {
        out.resize(begin);
        return false;
      }
      pending |= code << pending_bits;
      for (pending_bits += element.width; pending_bits >= 8; pending_bits -= 8, pending >>= 8)
        out += static_cast<char>(pending & 0xFF);
    }
  }
  if (pending_bits != 0) out += static_cast<char>(pending);
  return true;
}

void ActionPacking::unpack(std::span<int32_t> actions, std::span<const std::byte> packed) const {
  uint64_t pending = 0;
  uint32_t pending_bits = 0;
  size_t next = 0;
  for (size_t first = 0; first < actions.size(); first += elements_.size()) {
    for (size_t index = 0; index < elements_.size(); ++index) {
      const Element &element = elements_[index];
      for (; pending_bits < element.width; pending_bits += 8)
        pending |= static_cast<uint64_t>(packed[next++]) << pending_bits;
      const uint64_t code = pending & ((uint64_t{1} << element.width) - 1);
      if (code > element.largest_code)
        fail(Status::data_error, "the action of world ", first / elements_.size(), " is ",
             element.lowest + static_cast<int64_t>(code), ": expected ", element.lowest, " to ",
             element.lowest + static_cast<int64_t>(element.largest_code));
      actions[first + index] = static_cast<int32_t>(element.lowest + static_cast<int64_t>(code));
      pending >>= element.width;
      pending_bits -= element.width;
    }
  }
  if (pending != 0) fail(Status::data_error, "the bits after the last action are not 0");
}

}  // namespace penstock::core
