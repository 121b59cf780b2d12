#include "core/io/tar.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <string_view>

#include "core/base/error.h"
#include "core/io/utf8.h"

namespace penstock::core {
namespace {

constexpr uint64_t block_size = 512;
constexpr uint64_t largest_text = uint64_t{1} << 20;  // of a long name or an extended header; Go's limit too
constexpr uint64_t largest_size = uint64_t{1} << 62;  // beyond every file system
constexpr size_t most_headers_of_a_member = 1000;     // extended ones, before the member's own

// Where the fields of a header lie.
struct FieldPlace {
  size_t offset, size;
};
constexpr FieldPlace name_field{0, 100}, size_field{124, 12}, checksum_field{148, 8}, magic_field{257, 6},
    prefix_field{345, 155};
constexpr size_t type_offset = 156;

std::span<const std::byte> field(std::span<const std::byte> block, FieldPlace place) {
  return block.subspan(place.offset, place.size);
}

// Up to the first zero byte.
std::string_view characters(std::span<const std::byte> bytes) {
  const std::string_view all(reinterpret_cast<const char *>(bytes.data()), bytes.size());
  return all.substr(0, all.find('\0'));
}

std::string_view without_spaces(std::string_view text) {
  const size_t first = text.find_first_not_of(" \t\n\v\f\r");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\n\v\f\r") - first + 1);
}

bool is_zero(std::span<const std::byte> block) {
  return std::all_of(block.begin(), block.end(), [](std::byte byte) { return byte == std::byte{0}; });
}

uint64_t padding_behind(uint64_t size) { return (block_size - size % block_size) % block_size; }

std::optional<uint64_t> parse(std::string_view digits, int base) {
  uint64_t value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value, base);
  if (error != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
  return value;
}

// Seconds with a sign and a fraction, either of which may be missing; nothing at all takes a header's time back.
bool is_decimal(std::string_view text) {
  if (text.starts_with('-')) text.remove_prefix(1);
  const size_t point = text.find('.');
  const auto is_digits = [](std::string_view part) {
    return part.find_first_not_of("0123456789") == std::string_view::npos;
  };
  return is_digits(text.substr(0, point)) && (point == std::string_view::npos || is_digits(text.substr(point + 1)));
}

// A binary number, the first bit of which only says that it is one.  Nothing for one below zero or beyond largest_size.
std::optional<uint64_t> parse_base_256(std::span<const std::byte> bytes) {
  if ((bytes[0] & std::byte{0x40}) != std::byte{0}) return std::nullopt;
  uint64_t value = std::to_integer<uint64_t>(bytes[0] & std::byte{0x3F});
  for (const std::byte byte : bytes.subspan(1)) {
    if (value > largest_size >> 8) return std::nullopt;
    value = value << 8 | std::to_integer<uint64_t>(byte);
  }
  return value;
}

}  // namespace

std::string TarReader::at() const { return text(place_, ", header at byte ", header_offset_); }

// False where the archive ends before the block's first byte.
bool TarReader::read_block(Block block, const char *what) {
  const size_t count = stream_.read(block);
  offset_ += count;
  if (count != 0 && count != block_size)
    fail(Status::data_error, place_, " is cut short: ", what, " at byte ", offset_ - count, " has ", count,
         " bytes, needs ", block_size);
  return count != 0;
}

void TarReader::pass_over(uint64_t count) {
  const uint64_t passed = stream_.skip(count);
  offset_ += passed;
  if (passed < count)
    fail(Status::data_error, place_, ", member ", in_quotes(name_), " is cut short: the archive ends at byte ", offset_,
         ", ", count - passed, " bytes before the member does");
}

// The block behind the first zero one: zero too, or the end of the file.
void TarReader::read_end() {
  ended_ = true;
  std::array<std::byte, block_size> block;
  if (read_block(block, "the last block") && !is_zero(block))
    fail(Status::data_error, place_, " has a lone zero block at byte ", header_offset_,
         ": two of them end an archive, but data follows");
}

// False at the end.
bool TarReader::read_header(Block block) {
  header_offset_ = offset_;
  if (!read_block(block, "the header"))
    fail(Status::data_error, place_, " is cut short: it ends at byte ", offset_,
         " without the zero blocks that end a tar");
  if (is_zero(block)) {
    read_end();
    return false;
  }
  require_checksum(block);
  return true;
}

// Old programs added bytes as signed numbers.
void TarReader::require_checksum(std::span<const std::byte> block) const {
  int64_t unsigned_sum = 0, signed_sum = 0;
  for (size_t index = 0; index < block_size; ++index) {
    const bool inside = index >= checksum_field.offset && index < checksum_field.offset + checksum_field.size;
    const auto byte = inside ? uint8_t{' '} : std::to_integer<uint8_t>(block[index]);
    unsigned_sum += byte;
    signed_sum += static_cast<int8_t>(byte);
  }
  const auto recorded = parse(without_spaces(characters(field(block, checksum_field))), 8);
  const auto sum = static_cast<int64_t>(recorded.value_or(0));
  if (!recorded || (sum != unsigned_sum && sum != signed_sum))
    fail(Status::data_error, at(), " is none, or damaged: its bytes sum up to ", unsigned_sum, ", ",
         recorded ? text(*recorded, " is recorded") : std::string("no number is recorded"));
}

uint64_t TarReader::number(std::span<const std::byte> bytes, const char *what) const {
  std::optional<uint64_t> value;
  if ((bytes[0] & std::byte{0x80}) != std::byte{0}) {
    value = parse_base_256(bytes);
  } else {
    const std::string_view digits = without_spaces(characters(bytes));
    value = digits.empty() ? 0 : parse(digits, 8);
  }
  if (!value || *value > largest_size) fail(Status::data_error, at(), ": its ", what, " is no number from 0 to 2^62");
  return *value;
}

// The data of a header that says something of the next member.
std::string TarReader::read_text(uint64_t size, const char *what) {
  if (size > largest_text)
    fail(Status::data_error, at(), ": ", what, " is stated to be of ", size, " bytes, more than the ", largest_text,
         " that are read");
  std::string text_read(size, '\0');
  const size_t count = stream_.read(std::as_writable_bytes(std::span(text_read)));
  offset_ += count;
  if (count < size) fail(Status::data_error, at(), ": ", what, " of ", size, " bytes is cut short after ", count);
  name_ = what;
  pass_over(padding_behind(size));
  return text_read;
}

// What is not used is judged all the same: a header that does not fit is a damaged one.
void TarReader::require_record(std::string_view key, std::string_view value) const {
  const bool is_text = key == "path" || key == "linkpath" || key == "uname" || key == "gname";
  if (key.find('\0') != std::string_view::npos || (is_text && value.find('\0') != std::string_view::npos))
    fail(Status::data_error, at(), ": the record ", in_quotes(key), " of an extended header has a zero byte in it");
  const bool is_time = key == "mtime" || key == "atime" || key == "ctime";
  if (is_time && !is_decimal(value))
    fail(Status::data_error, at(), ": the ", key, " ", in_quotes(value), " of an extended header is no number");
}

void TarReader::apply_record(std::string_view key, std::string_view value, Overrides &overrides) const {
  require_record(key, value);
  if (key == "path" || key == "GNU.sparse.name") {
    if (value.empty())
      overrides.name.reset();
    else if (key == "path" || !overrides.name)
      overrides.name = value;
  } else if (key == "size") {
    const auto size = parse(value, 10);
    if (!value.empty() && (!size || *size > largest_size))
      fail(Status::data_error, at(), ": the size ", in_quotes(value),
           " of an extended header is no number from 0 to 2^62");
    overrides.size = size;
  }
  if (key.starts_with("GNU.sparse.")) overrides.sparse = true;
}

// Records "LENGTH KEY=VALUE\n", where LENGTH counts the whole record.
void TarReader::read_extended(uint64_t size, Overrides &overrides, const char *what) {
  const std::string records = read_text(size, what);
  std::string_view rest = records;
  while (!rest.empty() && rest[0] != '\0') {
    const size_t space = rest.find(' ');
    const auto length = space == std::string_view::npos ? std::nullopt : parse(rest.substr(0, space), 10);
    if (!length || *length > rest.size() || *length < space + 2 || rest[*length - 1] != '\n')
      fail(Status::data_error, at(), ": the records of ", what, " do not parse from byte ", size - rest.size(), " on");
    const std::string_view record = rest.substr(space + 1, *length - space - 2);
    const size_t equals = record.find('=');
    if (equals == std::string_view::npos || equals == 0)
      fail(Status::data_error, at(), ": the record ", in_quotes(record), " of ", what, " has no key and value");
    apply_record(record.substr(0, equals), record.substr(equals + 1), overrides);
    rest.remove_prefix(*length);
  }
}

TarMember TarReader::member(std::span<const std::byte> block, const Overrides &overrides) const {
  const char type = static_cast<char>(block[type_offset]);
  TarMember made;
  made.name = characters(field(block, name_field));
  const bool is_ustar = std::memcmp(field(block, magic_field).data(), "ustar\0", magic_field.size) == 0;
  const std::string_view prefix = characters(field(block, prefix_field));
  if (is_ustar && !prefix.empty()) made.name = text(prefix, "/", made.name);
  if (overrides.name) made.name = *overrides.name;

  const bool is_old_folder = type == '\0' && made.name.ends_with('/');
  const bool has_no_data = is_old_folder || (type >= '1' && type <= '6');  // links, devices, folders, pipes
  const uint64_t size = overrides.size.value_or(number(field(block, size_field), "size"));
  made.size = has_no_data ? 0 : size;
  if (type == 'S' || overrides.sparse)
    made.kind = TarKind::sparse;
  else if ((type == '\0' && !is_old_folder) || type == '0' || type == '7')
    made.kind = TarKind::file;
  return made;
}

std::optional<TarMember> TarReader::next() {
  if (ended_) return std::nullopt;
  pass_over(data_left_);
  pass_over(padding_);
  data_left_ = padding_ = 0;
  Overrides overrides = global_;
  bool says_something = false;  // a header that needs a member behind it
  for (size_t headers = 0; headers < most_headers_of_a_member; ++headers) {
    std::array<std::byte, block_size> block;
    if (!read_header(block)) {
      if (says_something) fail(Status::data_error, at(), ": the archive ends behind an extended header or a long name");
      return std::nullopt;
    }
    const char type = static_cast<char>(block[type_offset]);
    if (type != 'g' && type != 'x' && type != 'X' && type != 'L' && type != 'K') return begin(block, overrides);
    read_extension(block, overrides);
    says_something |= type != 'g';
  }
  fail(Status::data_error, at(), ": ", most_headers_of_a_member, " extended headers and no member");
}

// A header that is no member's own, and what it says.
void TarReader::read_extension(Block block, Overrides &overrides) {
  const uint64_t size = number(field(block, size_field), "size");
  switch (static_cast<char>(block[type_offset])) {
    case 'g':
      read_extended(size, global_, "a global header");
      if (global_.size || global_.sparse)
        fail(Status::data_error, at(), ": a global header states a size or holes for all members");
      overrides = global_;
      break;
    case 'L': overrides.name = read_text(size, "a long name").c_str(); break;
    case 'K': read_text(size, "a long link"); break;
    default: read_extended(size, overrides, "an extended header");
  }
}

// In GNU's oldest way a map of the holes follows the header: blocks of which each says whether there is one more.
void TarReader::pass_over_sparse_map(Block block) {
  constexpr size_t more_in_header = 482, more_in_map = 504;
  bool more = block[more_in_header] != std::byte{0};
  while (more) {
    if (!read_block(block, "a sparse file's map")) pass_over(block_size);  // which says that the archive ends
    more = block[more_in_map] != std::byte{0};
  }
}

TarMember TarReader::begin(Block block, const Overrides &overrides) {
  TarMember made = member(block, overrides);
  name_ = made.name;
  if (static_cast<char>(block[type_offset]) == 'S') pass_over_sparse_map(block);
  made.offset = offset_;
  data_left_ = made.size;
  padding_ = padding_behind(made.size);
  return made;
}

size_t TarReader::read(std::span<std::byte> out) {
  const auto wanted = static_cast<size_t>(std::min<uint64_t>(out.size(), data_left_));
  const size_t count = stream_.read(out.first(wanted));
  offset_ += count;
  data_left_ -= count;
  if (count < wanted)
    fail(Status::data_error, place_, ", member ", in_quotes(name_), " is cut short: the archive ends at byte ", offset_,
         ", ", data_left_, " bytes before the member does");
  return count;
}

}  // namespace penstock::core
