#include "core/io/zip_writer.h"

#include <algorithm>
#include <initializer_list>
#include <utility>

#include "core/io/deflate.h"
#include "core/io/little_endian.h"

namespace penstock::core {
namespace {

constexpr uint16_t version_plain = 20, version_wide = 45;  // of the format: what a reader needs to know (4.4.3)
constexpr uint16_t made_on_unix = 3 << 8;
constexpr uint32_t plain_file_attributes = 0100644u << 16;
constexpr uint16_t first_date = 1 << 5 | 1;  // 1980-01-01; the time of day is 0

bool is_ascii(std::string_view name) {
  return std::all_of(name.begin(), name.end(), [](char character) { return static_cast<signed char>(character) >= 0; });
}

// The zip64 extra field (4.5.3); nothing where there is no number to put into it.
std::string wide_extra(const std::vector<uint64_t> &numbers) {
  std::string extra;
  if (numbers.empty()) return extra;
  append_little_endian(extra, zip::wide_extra_id);
  append_little_endian(extra, static_cast<uint16_t>(numbers.size() * sizeof(uint64_t)));
  for (const uint64_t number : numbers) append_little_endian(extra, number);
  return extra;
}

}  // namespace

// A number as a field of 32 bits has it: itself, or the mark that the zip64 field does.
uint32_t ZipWriter::narrow(uint64_t number) const {
  return is_wide(number) ? zip::wide_32 : static_cast<uint32_t>(number);
}

void ZipWriter::append_text(const std::string &bytes) { file_.append(std::as_bytes(std::span(bytes))); }

void ZipWriter::begin_member(Entry entry) {
  entry.header_offset = file_.size();
  append_text(local_header(entry));
  entries_.push_back(std::move(entry));
}

void ZipWriter::begin_stored(std::string_view name, uint64_t size) {
  begin_member({std::string(name), zip::method_stored, 0, size, size, 0});
}

void ZipWriter::append(std::span<const std::byte> bytes) {
  file_.append(bytes);
  entries_.back().crc = crc32(entries_.back().crc, bytes);
}

void ZipWriter::end_stored() {
  constexpr uint64_t crc_offset = 14;  // in a local header, which had to be written before the CRC was known
  const Entry &entry = entries_.back();
  std::string crc;
  append_little_endian(crc, entry.crc);
  file_.overwrite(entry.header_offset + crc_offset, std::as_bytes(std::span(crc)));
}

void ZipWriter::add_deflated(std::string_view name, std::span<const std::byte> stream, uint64_t size, uint32_t crc) {
  begin_member({std::string(name), zip::method_deflated, crc, size, stream.size(), 0});
  file_.append(stream);
}

// From "version needed" to "name length": the same in a local header and in the directory, but for what is wide.
std::string ZipWriter::common_fields(const Entry &entry, bool wide) const {
  std::string fields;
  append_little_endian(fields, wide ? version_wide : version_plain);
  append_little_endian(fields, is_ascii(entry.name) ? uint16_t{0} : zip::flag_utf8);
  append_little_endian(fields, entry.method);
  append_little_endian(fields, uint16_t{0});  // time
  append_little_endian(fields, first_date);
  append_little_endian(fields, entry.crc);
  return fields;
}

// 4.3.7.  Where one size is wide both stand in the extra field.
std::string ZipWriter::local_header(const Entry &entry) const {
  const bool wide = is_wide(entry.size) || is_wide(entry.packed_size);
  const std::string extra = wide ? wide_extra({entry.size, entry.packed_size}) : "";
  std::string header;
  append_little_endian(header, zip::local_signature);
  header += common_fields(entry, wide);
  append_little_endian(header, wide ? zip::wide_32 : static_cast<uint32_t>(entry.packed_size));
  append_little_endian(header, wide ? zip::wide_32 : static_cast<uint32_t>(entry.size));
  append_little_endian(header, static_cast<uint16_t>(entry.name.size()));
  append_little_endian(header, static_cast<uint16_t>(extra.size()));
  return header + entry.name + extra;
}

// 4.3.12.  Only the numbers that are wide stand in the extra field.
std::string ZipWriter::central_header(const Entry &entry) const {
  std::vector<uint64_t> wide_numbers;
  for (const uint64_t number : {entry.size, entry.packed_size, entry.header_offset})
    if (is_wide(number)) wide_numbers.push_back(number);
  const bool wide = !wide_numbers.empty();
  const std::string extra = wide_extra(wide_numbers);
  std::string header;
  append_little_endian(header, zip::central_signature);
  append_little_endian(header, static_cast<uint16_t>(made_on_unix | (wide ? version_wide : version_plain)));
  header += common_fields(entry, wide);
  append_little_endian(header, narrow(entry.packed_size));
  append_little_endian(header, narrow(entry.size));
  append_little_endian(header, static_cast<uint16_t>(entry.name.size()));
  append_little_endian(header, static_cast<uint16_t>(extra.size()));
  append_little_endian(header, uint16_t{0});  // length of the comment
  append_little_endian(header, uint16_t{0});  // disk
  append_little_endian(header, uint16_t{0});  // internal attributes
  append_little_endian(header, plain_file_attributes);
  append_little_endian(header, narrow(entry.header_offset));
  return header + entry.name + extra;
}

// The zip64 end record (4.3.14) and its locator (4.3.15).
std::string ZipWriter::wide_end_records(uint64_t directory_offset, uint64_t directory_size) const {
  std::string records;
  append_little_endian(records, zip::wide_end_signature);
  append_little_endian(records, zip::wide_end_size - 12);  // of what follows this field
  append_little_endian(records, static_cast<uint16_t>(made_on_unix | version_wide));
  append_little_endian(records, version_wide);
  append_little_endian(records, uint32_t{0});  // this disk
  append_little_endian(records, uint32_t{0});  // the directory's
  append_little_endian(records, uint64_t{entries_.size()});
  append_little_endian(records, uint64_t{entries_.size()});
  append_little_endian(records, directory_size);
  append_little_endian(records, directory_offset);
  append_little_endian(records, zip::wide_locator_signature);
  append_little_endian(records, uint32_t{0});  // the end record's disk
  append_little_endian(records, directory_offset + directory_size);
  append_little_endian(records, uint32_t{1});  // disks
  return records;
}

void ZipWriter::finish() {
  const uint64_t directory_offset = file_.size();
  for (const Entry &entry : entries_) append_text(central_header(entry));
  const uint64_t directory_size = file_.size() - directory_offset;
  const bool many = entries_.size() >= limits_.count;
  std::string end;
  if (many || is_wide(directory_offset) || is_wide(directory_size))
    end = wide_end_records(directory_offset, directory_size);
  const uint16_t count = many ? zip::wide_16 : static_cast<uint16_t>(entries_.size());
  append_little_endian(end, zip::end_signature);
  append_little_endian(end, uint16_t{0});  // this disk
  append_little_endian(end, uint16_t{0});  // the directory's
  append_little_endian(end, count);
  append_little_endian(end, count);
  append_little_endian(end, narrow(directory_size));
  append_little_endian(end, narrow(directory_offset));
  append_little_endian(end, uint16_t{0});  // length of the comment
  append_text(end);
}

}  // namespace penstock::core
