// One of a device's memories: bytes at addresses from 0 on, all 0 at first.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace penstock::core::kpu {

// Pages of it are taken from the system when they are first written.
class Memory {
 public:
  // Throws out_of_memory when the system does not lend the address space.
  Memory(std::string_view name, int64_t size);
  ~Memory();
  Memory(const Memory &) = delete;
  Memory &operator=(const Memory &) = delete;

  int64_t size() const { return size_; }

  // The bytes of a range.  Throws out_of_range with address, count and size where it is not inside.
  std::span<std::byte> range(int64_t address, int64_t nbytes) const;

  void clear();  // all 0 again, its pages given back

 private:
  std::string_view name_;
  int64_t size_;
  std::byte *data_;
};

}  // namespace penstock::core::kpu
