// Zip archives put together by hand, so that each field can lie.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/io/deflate.h"
#include "core/io/little_endian.h"
#include "tests/cpp/engine/io_testing.h"

namespace penstock::core {

// One member; what is not set is as it should be.
struct ForgedMember {
  std::string name = "a.npy";
  std::string data = "data";  // as it lies in the archive
  uint16_t method = 0, flags = 0, disk = 0;
  std::optional<uint32_t> crc = {}, packed_size = {}, size = {};                    // in both headers
  std::optional<uint32_t> local_crc = {}, local_packed_size = {}, local_size = {};  // in the local one only
  std::optional<uint16_t> local_method = {}, local_flags = {};
  std::optional<std::string> local_name = {};
  std::optional<uint32_t> offset = {};  // of the local header, as the directory has it
  std::string extra = {}, local_extra = {};
};

struct ForgedEnd {
  std::string before_directory = {}, before_end = {}, comment = {};
  uint16_t disk = 0;
  std::optional<uint16_t> entries_here = {}, entries = {}, comment_size = {};
  std::optional<uint32_t> directory_size = {}, directory_offset = {};
};

inline std::string forged_common_fields(const ForgedMember &member, bool local) {
  const auto size = static_cast<uint32_t>(member.data.size());
  const uint32_t crc = member.crc.value_or(crc32(0, bytes_of(member.data)));
  const uint32_t packed_size = member.packed_size.value_or(size), whole_size = member.size.value_or(size);
  std::string fields;
  append_little_endian(fields, uint16_t{20});
  append_little_endian(fields, local ? member.local_flags.value_or(member.flags) : member.flags);
  append_little_endian(fields, local ? member.local_method.value_or(member.method) : member.method);
  append_little_endian(fields, uint32_t{0});
  append_little_endian(fields, local ? member.local_crc.value_or(crc) : crc);
  append_little_endian(fields, local ? member.local_packed_size.value_or(packed_size) : packed_size);
  append_little_endian(fields, local ? member.local_size.value_or(whole_size) : whole_size);
  const std::string &name = local ? member.local_name.value_or(member.name) : member.name;
  append_little_endian(fields, static_cast<uint16_t>(name.size()));
  append_little_endian(fields, static_cast<uint16_t>((local ? member.local_extra : member.extra).size()));
  return fields;
}

inline std::string forged_local(const ForgedMember &member) {
  return "PK\3\4" + forged_common_fields(member, true) + member.local_name.value_or(member.name) + member.local_extra +
         member.data;
}

inline std::string forged_central(const ForgedMember &member, size_t offset) {
  std::string header = "PK\1\2";
  append_little_endian(header, uint16_t{20});
  header += forged_common_fields(member, false);
  append_little_endian(header, uint16_t{0});  // length of the comment
  append_little_endian(header, member.disk);
  header.append(6, '\0');  // attributes
  append_little_endian(header, member.offset.value_or(static_cast<uint32_t>(offset)));
  return header + member.name + member.extra;
}

inline std::string forged_zip(const std::vector<ForgedMember> &members, const ForgedEnd &end = {}) {
  std::string zip, directory;
  for (const ForgedMember &member : members) {
    directory += forged_central(member, zip.size());
    zip += forged_local(member);
  }
  zip += end.before_directory;
  const auto offset = static_cast<uint32_t>(zip.size()), size = static_cast<uint32_t>(directory.size());
  const auto count = static_cast<uint16_t>(members.size());
  zip += directory + end.before_end + "PK\5\6";
  append_little_endian(zip, end.disk);
  append_little_endian(zip, end.disk);
  append_little_endian(zip, end.entries_here.value_or(end.entries.value_or(count)));
  append_little_endian(zip, end.entries.value_or(count));
  append_little_endian(zip, end.directory_size.value_or(size));
  append_little_endian(zip, end.directory_offset.value_or(offset));
  append_little_endian(zip, end.comment_size.value_or(static_cast<uint16_t>(end.comment.size())));
  return zip + end.comment;
}

// A zip64 extra field of these numbers.
inline std::string forged_wide_extra(const std::vector<uint64_t> &numbers) {
  std::string extra;
  append_little_endian(extra, uint16_t{1});
  append_little_endian(extra, static_cast<uint16_t>(8 * numbers.size()));
  for (const uint64_t number : numbers) append_little_endian(extra, number);
  return extra;
}

// A zip64 end record that will stand at byte position, with its locator.
struct ForgedWideEnd {
  uint64_t entries, directory_size, directory_offset, position;
  uint64_t size_behind = 44;
  std::optional<uint64_t> located_at = {};
};
inline std::string forged_wide_end(const ForgedWideEnd &end) {
  std::string record = "PK\6\6";
  append_little_endian(record, end.size_behind);
  append_little_endian(record, uint32_t{45 << 16 | 45});  // versions
  append_little_endian(record, uint64_t{0});              // disks
  append_little_endian(record, end.entries);
  append_little_endian(record, end.entries);
  append_little_endian(record, end.directory_size);
  append_little_endian(record, end.directory_offset);
  record += "PK\6\7";
  append_little_endian(record, uint32_t{0});
  append_little_endian(record, end.located_at.value_or(end.position));
  append_little_endian(record, uint32_t{1});
  return record;
}

}  // namespace penstock::core
