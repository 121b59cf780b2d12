// Tar archives, read from front to back: v7, ustar, PAX with extended and global headers, GNU with long names, long links
// and numbers in base 256, star.  What the fields mean is as Python's tarfile and GNU tar read them; what neither can
// be sure of is an error here.  Nothing is ever written to disk under a member's name.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "core/io/byte_stream.h"

namespace penstock::core {

enum class TarKind {
  file,    // regular, of any dialect
  sparse,  // a file with holes, in any of GNU's ways: its data cannot be read as it lies there
  other,   // a folder, a link, a device: no data
};

struct TarMember {
  std::string name;
  TarKind kind = TarKind::other;
  uint64_t size = 0;    // bytes of data
  uint64_t offset = 0;  // where in the archive the data begins
};

// Throws data_error with the archive, the member and the offset where the archive is damaged, cut short (the zero block
// that ends every tar counts), or states a size that cannot be.
class TarReader {
 public:
  // place names the archive in messages.
  TarReader(ByteStream &stream, std::string place) : stream_(stream), place_(std::move(place)) {}

  // The next member; nothing at the end.  What was not read of the one before is passed over.
  std::optional<TarMember> next();

  // Reads the member's data from where the last call stopped: fewer than asked for only at its end.
  size_t read(std::span<std::byte> out);

 private:
  struct Overrides {  // what headers before a member's own say of it
    std::optional<std::string> name;
    std::optional<uint64_t> size;
    bool sparse = false;
  };
  using Block = std::span<std::byte, 512>;

  bool read_block(Block block, const char *what);
  bool read_header(Block block);
  void read_end();
  void require_checksum(std::span<const std::byte> block) const;
  uint64_t number(std::span<const std::byte> field, const char *what) const;
  std::string read_text(uint64_t size, const char *what);
  void read_extended(uint64_t size, Overrides &overrides, const char *what);
  void require_record(std::string_view key, std::string_view value) const;
  void apply_record(std::string_view key, std::string_view value, Overrides &overrides) const;
  void read_extension(Block block, Overrides &overrides);
  void pass_over_sparse_map(Block block);
  TarMember begin(Block block, const Overrides &overrides);
  TarMember member(std::span<const std::byte> block, const Overrides &overrides) const;
  void pass_over(uint64_t count);
  std::string at() const;

  ByteStream &stream_;
  const std::string place_;
  Overrides global_;
  std::string name_;            // of the current member
  uint64_t offset_ = 0;         // where stream_ is
  uint64_t header_offset_ = 0;  // of the header that was read last
  uint64_t data_left_ = 0;      // of the current member
  uint64_t padding_ = 0;        // behind it
  bool ended_ = false;
};

}  // namespace penstock::core
