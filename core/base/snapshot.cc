#include "core/base/snapshot.h"

#include <xxhash.h>

#include <algorithm>
#include <optional>

#include "core/base/checked.h"
#include "core/base/error.h"
#include "core/base/text.h"

namespace penstock::core {
namespace {

constexpr std::string_view magic("\x89PSSNAP\n", 8);
constexpr uint32_t container_version = 1;
constexpr size_t longest_name = 255;
constexpr uint64_t header_size = 40;       // up to the kind
constexpr uint64_t table_entry_size = 20;  // without the name
constexpr uint64_t checksum_size = 8;
constexpr uint64_t smallest_size = header_size + 1 + checksum_size;

bool is_name(std::string_view name) {
  const bool printable = std::all_of(name.begin(), name.end(), [](char c) { return c >= '\x21' && c <= '\x7e'; });
  return printable && !name.empty() && name.size() <= longest_name;
}

uint64_t checksum(std::span<const std::byte> bytes) { return XXH3_64bits(bytes.data(), bytes.size()); }

// ---------------------------------------------------------------------------------------------------------------------
// Writing.

void append_integer(std::vector<std::byte> &out, uint64_t value, int size) {
  for (int byte = 0; byte < size; ++byte) out.push_back(static_cast<std::byte>(value >> (8 * byte)));
}

void append_characters(std::vector<std::byte> &out, std::string_view characters) {
  for (const char character : characters) out.push_back(static_cast<std::byte>(character));
}

void require_name(std::string_view name, const char *what) {
  if (!is_name(name))
    fail(Status::invalid_argument, "a snapshot's ", what, " is \"", name, "\": expected 1 to ", longest_name,
         " printable ASCII characters and no space");
}

}  // namespace

SnapshotWriter::SnapshotWriter(std::string_view kind, uint32_t version, uint64_t layout_hash)
    : kind_(kind), version_(version), layout_hash_(layout_hash) {
  require_name(kind, "kind");
  if (version == 0)
    fail(Status::invalid_argument, "a snapshot of kind ", kind, " has version 0: versions count from 1");
}

void SnapshotWriter::add(std::string_view name, std::span<const std::byte> bytes) {
  require_name(name, "section name");
  for (const Entry &entry : entries_)
    if (entry.name == name)
      fail(Status::invalid_argument, "a snapshot of kind ", kind_, " was given section ", name, " twice");
  entries_.push_back({std::string(name), {bytes.begin(), bytes.end()}});
}

std::vector<std::byte> SnapshotWriter::finish() const {
  uint64_t table_end = header_size + kind_.size(), content_size = 0;
  for (const Entry &entry : entries_) {
    table_end += table_entry_size + entry.name.size();
    content_size += entry.bytes.size();
  }
  const uint64_t size = table_end + content_size + checksum_size;

  std::vector<std::byte> out;
  out.reserve(size);
  append_characters(out, magic);
  append_integer(out, container_version, 4);
  append_integer(out, version_, 4);
  append_integer(out, layout_hash_, 8);
  append_integer(out, size, 8);
  append_integer(out, entries_.size(), 4);
  append_integer(out, kind_.size(), 4);
  append_characters(out, kind_);
  uint64_t offset = table_end;
  for (const Entry &entry : entries_) {
    append_integer(out, offset, 8);
    append_integer(out, entry.bytes.size(), 8);
    append_integer(out, entry.name.size(), 4);
    append_characters(out, entry.name);
    offset += entry.bytes.size();
  }
  for (const Entry &entry : entries_) out.insert(out.end(), entry.bytes.begin(), entry.bytes.end());
  out.resize(size);
  seal_snapshot(out);
  return out;
}

void seal_snapshot(std::span<std::byte> bytes) {
  if (bytes.size() < checksum_size) return;
  const size_t end = bytes.size() - checksum_size;
  const uint64_t value = checksum(bytes.first(end));
  for (size_t byte = 0; byte < checksum_size; ++byte) bytes[end + byte] = static_cast<std::byte>(value >> (8 * byte));
}

// ---------------------------------------------------------------------------------------------------------------------
// Reading.

namespace {

std::string_view as_characters(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char *>(bytes.data()), bytes.size()};
}

uint64_t integer_at(std::span<const std::byte> bytes, uint64_t offset, int size) {
  uint64_t value = 0;
  for (int byte = 0; byte < size; ++byte) value |= static_cast<uint64_t>(bytes[offset + byte]) << (8 * byte);
  return value;
}

std::string hexadecimal(uint64_t value) {
  std::string digits(16, '0');
  for (int place = 0; place < 16; ++place) digits[15 - place] = "0123456789abcdef"[value >> (4 * place) & 15];
  return digits;
}

// Reads kind and table from front to back; end is where the checksum begins.
class Cursor {
 public:
  Cursor(std::span<const std::byte> bytes, uint64_t begin, uint64_t end) : bytes_(bytes), at_(begin), end_(end) {}

  uint64_t at() const { return at_; }

  uint64_t integer(int size, std::string_view what) {
    require(static_cast<uint64_t>(size), what);
    at_ += static_cast<uint64_t>(size);
    return integer_at(bytes_, at_ - static_cast<uint64_t>(size), size);
  }

  std::string_view name(uint64_t length, std::string_view what) {
    require(length, what);
    const std::string_view name = as_characters(bytes_.subspan(at_, length));
    if (!is_name(name))
      fail(Status::data_error, "damaged snapshot: ", what, " at byte ", at_, " is not 1 to ", longest_name,
           " printable ASCII characters");
    at_ += length;
    return name;
  }

 private:
  void require(uint64_t size, std::string_view what) const {
    if (size > end_ - at_)
      fail(Status::data_error, "damaged snapshot: ", what, " at byte ", at_, " needs ", size, " bytes, but ",
           end_ - at_, " are left");
  }

  std::span<const std::byte> bytes_;
  uint64_t at_, end_;
};

// That these are the bytes of one whole snapshot, of any kind.
void require_whole(std::span<const std::byte> bytes) {
  const std::string_view first = as_characters(bytes.first(std::min(bytes.size(), magic.size())));
  if (first != magic.substr(0, first.size()))
    fail(Status::data_error, "not a penstock snapshot: it does not begin with the bytes 89 50 53 53 4E 41 50 0A");
  if (bytes.size() < smallest_size)
    fail(Status::data_error, "snapshot cut short: ", bytes.size(), " of at least ", smallest_size, " bytes");
  const uint64_t size = integer_at(bytes, 24, 8);
  if (bytes.size() < size) fail(Status::data_error, "snapshot cut short: ", bytes.size(), " of ", size, " bytes");
  if (bytes.size() > size)
    fail(Status::data_error, "snapshot of ", size, " bytes with ", bytes.size() - size, " bytes left over");
  const uint64_t end = size - checksum_size, recorded = integer_at(bytes, end, 8), seen = checksum(bytes.first(end));
  if (recorded != seen)
    fail(Status::data_error, "damaged snapshot: checksum ", hexadecimal(seen), " of its ", end, " bytes, but ",
         hexadecimal(recorded), " is recorded");
}

void require_version(std::string_view what, uint64_t version, uint64_t newest) {
  if (version > newest)
    fail(Status::data_error, "snapshot was written by a newer version: ", what, " version ", version,
         ", this library reads up to ", newest);
  if (version == 0) fail(Status::data_error, "damaged snapshot: ", what, " version 0, versions count from 1");
}

// Every section of the table, each of which lies somewhere before end.
std::vector<SnapshotReader::Section> read_table(std::span<const std::byte> bytes, Cursor &cursor, uint64_t end) {
  const uint64_t count = integer_at(bytes, 32, 4), most = (end - cursor.at()) / (table_entry_size + 1);
  if (count > most)
    fail(Status::data_error, "damaged snapshot: ", count, " sections, but its size has room for ", most);
  std::vector<SnapshotReader::Section> sections;
  sections.reserve(count);
  for (uint64_t number = 0; number < count; ++number) {
    const uint64_t offset = cursor.integer(8, "a section's offset"), size = cursor.integer(8, "a section's size");
    const uint64_t name_length = cursor.integer(4, "a section's name length");
    const std::string_view name = cursor.name(name_length, "a section's name");
    const std::optional<uint64_t> section_end = checked_add(offset, size);
    if (!section_end || *section_end > end)
      fail(Status::data_error, "damaged snapshot: section ", name, " of ", size, " bytes from byte ", offset,
           " reaches past byte ", end, " where the sections end");
    sections.push_back({name, bytes.subspan(offset, size)});
  }
  return sections;
}

// That the sections fill the bytes from begin to end, in order: so none overlaps another, the header or the table.
void require_end_to_end(const std::vector<SnapshotReader::Section> &sections, std::span<const std::byte> bytes,
                        uint64_t begin, uint64_t end) {
  uint64_t expected = begin;
  for (const auto &section : sections) {
    const auto offset = static_cast<uint64_t>(section.bytes.data() - bytes.data());
    if (offset != expected)
      fail(Status::data_error, "damaged snapshot: section ", section.name, " begins at byte ", offset, ", expected ",
           expected, " where what lies before it ends");
    expected += section.bytes.size();
  }
  if (expected != end)
    fail(Status::data_error, "damaged snapshot: ", end - expected, " bytes after the last section belong to none");
}

void require_unique_names(const std::vector<SnapshotReader::Section> &sections) {
  std::vector<std::string_view> names;
  names.reserve(sections.size());
  for (const auto &section : sections) names.push_back(section.name);
  std::sort(names.begin(), names.end());
  const auto twice = std::adjacent_find(names.begin(), names.end());
  if (twice != names.end()) fail(Status::data_error, "damaged snapshot: two sections are named ", *twice);
}

}  // namespace

SnapshotReader SnapshotReader::open(std::span<const std::byte> bytes, std::string_view kind, uint32_t newest_version,
                                    uint64_t layout_hash) {
  require_whole(bytes);
  require_version("container", integer_at(bytes, 8, 4), container_version);
  const uint64_t end = bytes.size() - checksum_size;
  Cursor cursor(bytes, header_size, end);
  SnapshotReader reader;
  reader.kind_ = cursor.name(integer_at(bytes, 36, 4), "the kind");
  if (reader.kind_ != kind) fail(Status::data_error, "snapshot is of kind ", reader.kind_, ", expected ", kind);
  reader.version_ = static_cast<uint32_t>(integer_at(bytes, 12, 4));
  require_version(kind, reader.version_, newest_version);
  const uint64_t recorded_layout = integer_at(bytes, 16, 8);
  if (recorded_layout != layout_hash)
    fail(Status::data_error, "snapshot of kind ", kind, " whose layout differs: hash ", hexadecimal(recorded_layout),
         ", expected ", hexadecimal(layout_hash));
  reader.sections_ = read_table(bytes, cursor, end);
  require_end_to_end(reader.sections_, bytes, cursor.at(), end);
  require_unique_names(reader.sections_);
  return reader;
}

std::span<const std::byte> SnapshotReader::section(std::string_view name) const {
  for (const Section &section : sections_)
    if (section.name == name) return section.bytes;
  fail(Status::not_found, "snapshot of kind ", kind_, " has no section ", name);
}

}  // namespace penstock::core
