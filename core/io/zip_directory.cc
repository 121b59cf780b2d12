#include "core/io/zip_directory.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <vector>

#include "core/base/error.h"
#include "core/io/little_endian.h"
#include "core/io/utf8.h"
#include "core/io/zip_format.h"

namespace penstock::core {
namespace {

// What the record at the end states (4.3.16), or its zip64 sibling (4.3.14).
struct EndRecord {
  uint64_t position;  // of the record itself
  uint64_t disk, directory_disk, entries_here, entries, directory_size, directory_offset;
};

// The record stands last but for a comment of a length that it states: the last place where the two agree is it.
EndRecord find_end_record(const File &file) {
  const uint64_t tail_size = std::min(file.size(), zip::end_size + zip::longest_comment);
  std::vector<std::byte> tail(static_cast<size_t>(tail_size));
  file.read(file.size() - tail_size, tail);
  for (uint64_t comment_size = 0; comment_size + zip::end_size <= tail_size; ++comment_size) {
    const uint64_t start = tail_size - zip::end_size - comment_size;
    RecordReader record(std::span<const std::byte>(tail).subspan(start, zip::end_size), "the end record");
    if (record.u32() != zip::end_signature) continue;
    EndRecord end{};
    end.position = file.size() - tail_size + start;
    end.disk = record.u16();
    end.directory_disk = record.u16();
    end.entries_here = record.u16();
    end.entries = record.u16();
    end.directory_size = record.u32();
    end.directory_offset = record.u32();
    if (record.u16() == comment_size) return end;
  }
  fail(Status::data_error, in_quotes(file.path()), " is not a zip archive, or cut short: none of its last ", tail_size,
       " bytes begin an end of central directory that fits");
}

// Where the zip64 record lies, if a locator (4.3.15) stands before the end record.
std::optional<uint64_t> find_wide_end_record(const File &file, const EndRecord &end) {
  if (end.position < zip::wide_locator_size) return std::nullopt;
  std::array<std::byte, zip::wide_locator_size> bytes;
  file.read(end.position - zip::wide_locator_size, bytes);
  RecordReader locator(bytes, "the zip64 locator");
  if (locator.u32() != zip::wide_locator_signature) return std::nullopt;
  const uint32_t disk = locator.u32();
  const uint64_t position = locator.u64();
  const uint32_t disk_count = locator.u32();
  if (disk != 0 || disk_count > 1)
    fail(Status::data_error, in_quotes(file.path()), " is one of ", disk_count, " disks of a zip archive");
  return position;
}

EndRecord read_wide_end_record(const File &file, uint64_t position, uint64_t locator_position) {
  if (position > locator_position || locator_position - position < zip::wide_end_size)
    fail(Status::data_error, in_quotes(file.path()), " has no room for the zip64 end record stated at byte ", position,
         ": its locator stands at byte ", locator_position);
  std::array<std::byte, zip::wide_end_size> bytes;
  file.read(position, bytes);
  RecordReader record(bytes, "the zip64 end record");
  if (record.u32() != zip::wide_end_signature)
    fail(Status::data_error, in_quotes(file.path()), " has no zip64 end record at byte ", position);
  const uint64_t size_behind = record.u64();  // of what follows this field
  if (size_behind != locator_position - position - 12)
    fail(Status::data_error, in_quotes(file.path()), " has a zip64 end record of ", size_behind, " bytes at byte ",
         position, ": expected ", locator_position - position - 12);
  record.skip(4);  // versions
  EndRecord end{};
  end.position = position;
  end.disk = record.u32();
  end.directory_disk = record.u32();
  end.entries_here = record.u64();
  end.entries = record.u64();
  end.directory_size = record.u64();
  end.directory_offset = record.u64();
  return end;
}

// A field of the short record either points to the zip64 one or says the same: readers that look at either agree.
void require_agreement(const EndRecord &narrow, const EndRecord &wide, const File &file) {
  const auto agree = [](uint64_t narrow_field, uint64_t wide_field, uint64_t see_wide) {
    return narrow_field == wide_field || narrow_field == see_wide;
  };
  if (!agree(narrow.disk, wide.disk, zip::wide_16) || !agree(narrow.entries, wide.entries, zip::wide_16) ||
      !agree(narrow.directory_disk, wide.directory_disk, zip::wide_16) ||
      !agree(narrow.entries_here, wide.entries_here, zip::wide_16) ||
      !agree(narrow.directory_size, wide.directory_size, zip::wide_32) ||
      !agree(narrow.directory_offset, wide.directory_offset, zip::wide_32))
    fail(Status::data_error, in_quotes(file.path()), " has end records at bytes ", wide.position, " and ",
         narrow.position, " that contradict each other");
}

}  // namespace

ZipDirectory find_zip_directory(const File &file) {
  EndRecord end = find_end_record(file);
  if (const auto position = find_wide_end_record(file, end)) {
    const EndRecord wide = read_wide_end_record(file, *position, end.position - zip::wide_locator_size);
    require_agreement(end, wide, file);
    end = wide;
  }
  if (end.disk != 0 || end.directory_disk != 0 || end.entries_here != end.entries)
    fail(Status::data_error, in_quotes(file.path()), " is one of several disks of a zip archive");
  // Written so that no sum of stated numbers can overflow.
  if (end.directory_size > end.position || end.directory_offset != end.position - end.directory_size)
    fail(Status::data_error, in_quotes(file.path()), " has a central directory of ", end.directory_size,
         " bytes stated at byte ", end.directory_offset, ", but its end record at byte ", end.position,
         ": they must meet");
  if (end.entries > end.directory_size / zip::central_size)
    fail(Status::data_error, in_quotes(file.path()), " states ", end.entries, " members in a central directory of ",
         end.directory_size, " bytes");
  return {end.directory_offset, end.directory_size, end.entries};
}

}  // namespace penstock::core
