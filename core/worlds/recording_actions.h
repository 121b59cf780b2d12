// The actions of a step in as few bits as their bounds allow, as recording_format.h describes it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "core/worlds/field.h"

namespace penstock::core {

// Of one game's actions: of int32 with whole numbers as bounds; others cannot be packed.
class ActionPacking {
 public:
  explicit ActionPacking(const Field &action);

  bool is_possible() const { return !elements_.empty(); }
  uint64_t packed_size(int64_t num_worlds) const;
  std::string section() const;  // "packing" of the header

  // Appends the packed actions of worlds, one after the other; false, and nothing is appended, where one is out of its
  // bounds.
  bool pack(std::string &out, std::span<const int32_t> actions) const;
  // The inverse; packed has packed_size() bytes.  Throws data_error for what pack() does not write.
  void unpack(std::span<int32_t> actions, std::span<const std::byte> packed) const;

 private:
  struct Element {
    int64_t lowest;
    uint64_t largest_code;
    uint32_t width;
  };
  std::vector<Element> elements_;
};

}  // namespace penstock::core
