// The members of a zip archive that is read, zip64 included: names, sizes, and where their bytes lie.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/io/file.h"
#include "core/io/zip_directory.h"

namespace penstock::core {

struct ZipMember {
  std::string name;  // UTF-8 without a zero byte
  bool deflated;     // otherwise stored as it is
  uint32_t crc32;
  uint64_t size;           // of its bytes
  uint64_t packed_size;    // of them in the archive: the same where stored
  uint64_t header_offset;  // of its local header
  uint64_t end_limit;      // where the next member or the directory begins: its bytes end before
};

// Threads: any number may use one at once.
class ZipReader {
 public:
  // Reads the central directory, and holds it against the file before memory is allocated for what it states.  Throws
  // data_error for whatever find_zip_directory() refuses, members that overlap each other or the directory, two of one
  // name, and a member that is encrypted, of another compression, larger than its packed bytes can be, or on another
  // disk.
  explicit ZipReader(File file);

  const File &file() const { return file_; }
  const std::vector<ZipMember> &members() const { return members_; }  // in the order of the directory
  const ZipMember *find(std::string_view name) const;                 // null where there is none

  // Where the member's packed bytes begin.  Throws data_error where its local header does not agree with the directory.
  uint64_t find_data(const ZipMember &member) const;

  // How messages name a member: "a.npz", member "x.npy".
  std::string place_of(const ZipMember &member) const;

 private:
  void read_members(const ZipDirectory &directory);
  void set_end_limits(uint64_t directory_offset);
  void index_by_name();

  File file_;
  std::vector<ZipMember> members_;
  std::vector<size_t> by_name_;  // their indices, in the order of their names
};

}  // namespace penstock::core
