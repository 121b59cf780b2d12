// A zip archive that is written: members one after the other, then the directory.  The same members give the same
// bytes: each is dated 1980-01-01, the first day the format knows.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/io/atomic_file.h"
#include "core/io/zip_format.h"

namespace penstock::core {

// From which values on a number is written in zip64's wider fields.  Only tests set others than the format's own.
struct ZipLimits {
  uint64_t size = zip::wide_32;
  uint64_t count = zip::wide_16;
};

class ZipWriter {
 public:
  // Appends to file, which outlives this and is empty; finish() does not commit it.
  explicit ZipWriter(AtomicFile &file, ZipLimits limits = {}) : file_(file), limits_(limits) {}

  // A member stored as it is: begun, its size bytes appended in as many calls as it likes, ended.
  void begin_stored(std::string_view name, uint64_t size);
  void append(std::span<const std::byte> bytes);
  void end_stored();

  // A member whose bytes, size of them with that CRC-32, have been deflated to stream.
  void add_deflated(std::string_view name, std::span<const std::byte> stream, uint64_t size, uint32_t crc);

  void finish();  // the last call: writes the directory

 private:
  struct Entry {
    std::string name;  // at most 65,535 bytes
    uint16_t method;
    uint32_t crc;
    uint64_t size, packed_size, header_offset;
  };

  bool is_wide(uint64_t number) const { return number >= limits_.size; }
  uint32_t narrow(uint64_t number) const;
  void append_text(const std::string &bytes);
  void begin_member(Entry entry);
  std::string common_fields(const Entry &entry, bool wide) const;
  std::string local_header(const Entry &entry) const;
  std::string central_header(const Entry &entry) const;
  std::string wide_end_records(uint64_t directory_offset, uint64_t directory_size) const;

  AtomicFile &file_;
  ZipLimits limits_;
  std::vector<Entry> entries_;
};

}  // namespace penstock::core
