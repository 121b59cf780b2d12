#include "core/io/zip_reader.h"

#include <algorithm>
#include <array>
#include <initializer_list>
#include <numeric>

#include "core/base/error.h"
#include "core/base/text.h"
#include "core/io/deflate.h"
#include "core/io/little_endian.h"
#include "core/io/utf8.h"
#include "core/io/zip_format.h"

namespace penstock::core {
namespace {

std::string_view as_text(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char *>(bytes.data()), bytes.size()};
}

// Replaces those of the fields that say so by the numbers in the zip64 extra field (4.5.3), which has them in the order
// of fields.
void widen(std::initializer_list<uint64_t *> fields, std::span<const std::byte> extra, std::string_view place) {
  const auto is_wide = [](const uint64_t *field) { return *field == zip::wide_32; };
  if (std::none_of(fields.begin(), fields.end(), is_wide)) return;
  RecordReader blocks(extra, place);
  while (blocks.remaining() >= 4) {
    const uint16_t id = blocks.u16(), size = blocks.u16();
    RecordReader block(blocks.bytes(size), place);
    if (id != zip::wide_extra_id) continue;
    for (uint64_t *field : fields)
      if (is_wide(field)) *field = block.u64();
    return;
  }
  fail(Status::data_error, place, " states that its sizes are in a zip64 extra field, but has none");
}

void require_supported(uint16_t flags, uint16_t method, std::string_view place) {
  if ((flags & zip::flags_refused) != 0)
    fail(Status::data_error, place, " is encrypted or a patch (flags ", flags, "): neither can be read");
  if (method != zip::method_stored && method != zip::method_deflated)
    fail(Status::data_error, place, " is compressed by method ", method, ": expected 0 (stored) or 8 (deflated)");
}

void require_plausible_sizes(const ZipMember &member, std::string_view place) {
  if (!member.deflated && member.size != member.packed_size)
    fail(Status::data_error, place, " is stored in ", member.packed_size, " bytes, but stated to be of ", member.size);
  if (member.size / largest_inflation > member.packed_size)
    fail(Status::data_error, place, " is stated to be of ", member.size, " bytes, more than its ", member.packed_size,
         " deflated ones can hold");
}

// Messages about a record of the directory name its offset, until the member's name is known to be fit to print.
std::string record_place(const File &file, std::string_view record, uint64_t offset) {
  return text(in_quotes(file.path()), ", ", record, " at byte ", offset);
}

// One entry of the central directory (4.3.12).
ZipMember read_member(RecordReader &directory, const std::string &place) {
  if (directory.u32() != zip::central_signature)
    fail(Status::data_error, place, " has not the signature of a central directory's entry");
  directory.skip(4);  // versions
  const uint16_t flags = directory.u16(), method = directory.u16();
  directory.skip(4);  // time and date
  ZipMember member{};
  member.deflated = method == zip::method_deflated;
  member.crc32 = directory.u32();
  member.packed_size = directory.u32();
  member.size = directory.u32();
  const uint16_t name_size = directory.u16(), extra_size = directory.u16(), comment_size = directory.u16();
  const uint16_t disk = directory.u16();
  directory.skip(6);  // attributes
  member.header_offset = directory.u32();
  member.name = as_text(directory.bytes(name_size));
  const std::string member_place = text(place, ", member ", in_quotes(member.name));
  if (!is_utf8(member.name) || member.name.find('\0') != std::string::npos)
    fail(Status::data_error, member_place, " has a name that is not UTF-8 or has a zero byte");
  widen({&member.size, &member.packed_size, &member.header_offset}, directory.bytes(extra_size), member_place);
  directory.skip(comment_size);
  if (disk != 0) fail(Status::data_error, member_place, " lies on disk ", disk, " of several");
  require_supported(flags, method, member_place);
  require_plausible_sizes(member, member_place);
  return member;
}

// What a local header (4.3.7) must repeat; one without sizes has them behind the data instead.
void require_same(const ZipMember &member, RecordReader &header, std::span<const std::byte> name_and_extra,
                  const std::string &place) {
  const bool signature_fits = header.u32() == zip::local_signature;
  header.skip(2);  // version
  const uint16_t flags = header.u16(), method = header.u16();
  header.skip(4);  // time and date
  const uint32_t crc = header.u32();
  uint64_t packed_size = header.u32(), size = header.u32();
  const uint16_t name_size = header.u16();
  const std::string_view name = as_text(name_and_extra.first(name_size));
  if (!signature_fits || name != member.name)
    fail(Status::data_error, place, " has no local header at byte ", member.header_offset,
         ", where the directory says");
  require_supported(flags, method, place);
  if ((method == zip::method_deflated) != member.deflated)
    fail(Status::data_error, place, " has a local header of compression ", method, " at byte ", member.header_offset,
         ", and another one in the directory");
  if ((flags & zip::flag_sizes_follow) != 0) return;
  widen({&size, &packed_size}, name_and_extra.subspan(name_size), place);
  if (crc != member.crc32 || packed_size != member.packed_size || size != member.size)
    fail(Status::data_error, place, " has a local header at byte ", member.header_offset,
         " whose CRC-32 or sizes differ from the directory's");
}

}  // namespace

ZipReader::ZipReader(File file) : file_(std::move(file)) {
  const ZipDirectory directory = find_zip_directory(file_);
  read_members(directory);
  set_end_limits(directory.offset);
  index_by_name();
}

void ZipReader::read_members(const ZipDirectory &directory) {
  Buffer bytes(directory.size);
  file_.read(directory.offset, bytes.span());
  const std::string place = text(in_quotes(file_.path()), ", the central directory");
  RecordReader records(bytes.span(), place);
  members_.reserve(directory.entry_count);
  for (uint64_t index = 0; index < directory.entry_count; ++index) {
    const uint64_t offset = directory.offset + directory.size - records.remaining();
    members_.push_back(read_member(records, record_place(file_, "directory entry", offset)));
  }
  if (records.remaining() != 0)
    fail(Status::data_error, place, " has ", records.remaining(), " bytes left over behind its ", directory.entry_count,
         " entries");
}

// A member may only reach to where the next one begins: one that reached further would show bytes twice, which is how
// a small archive becomes an endless one.
void ZipReader::set_end_limits(uint64_t directory_offset) {
  std::vector<size_t> by_offset(members_.size());
  std::iota(by_offset.begin(), by_offset.end(), size_t{0});
  std::sort(by_offset.begin(), by_offset.end(),
            [&](size_t a, size_t b) { return members_[a].header_offset < members_[b].header_offset; });
  uint64_t limit = directory_offset;
  for (size_t index = by_offset.size(); index-- > 0;) {
    ZipMember &member = members_[by_offset[index]];
    const uint64_t header_size = zip::local_size + member.name.size();
    if (member.header_offset > limit || limit - member.header_offset < header_size ||
        limit - member.header_offset - header_size < member.packed_size)
      fail(Status::data_error, place_of(member), " of ", member.packed_size, " bytes from byte ", member.header_offset,
           " on overlaps what begins at byte ", limit);
    member.end_limit = limit;
    limit = member.header_offset;
  }
}

void ZipReader::index_by_name() {
  by_name_.resize(members_.size());
  std::iota(by_name_.begin(), by_name_.end(), size_t{0});
  std::sort(by_name_.begin(), by_name_.end(), [&](size_t a, size_t b) { return members_[a].name < members_[b].name; });
  const auto twin = std::adjacent_find(by_name_.begin(), by_name_.end(),
                                       [&](size_t a, size_t b) { return members_[a].name == members_[b].name; });
  if (twin != by_name_.end()) fail(Status::data_error, place_of(members_[*twin]), " stands twice in the directory");
}

const ZipMember *ZipReader::find(std::string_view name) const {
  const auto found =
      std::lower_bound(by_name_.begin(), by_name_.end(), name,
                       [&](size_t index, std::string_view wanted) { return members_[index].name < wanted; });
  return found != by_name_.end() && members_[*found].name == name ? &members_[*found] : nullptr;
}

uint64_t ZipReader::find_data(const ZipMember &member) const {
  const std::string place = place_of(member);
  std::array<std::byte, zip::local_size> bytes;
  file_.read(member.header_offset, bytes);
  const uint64_t name_size = load_little_endian<uint16_t>(&bytes[26]),
                 extra_size = load_little_endian<uint16_t>(&bytes[28]);
  const uint64_t data_offset = member.header_offset + zip::local_size + name_size + extra_size;
  if (data_offset > member.end_limit || member.end_limit - data_offset < member.packed_size)
    fail(Status::data_error, place, " of ", member.packed_size, " bytes from byte ", data_offset,
         " on overlaps what begins at byte ", member.end_limit);
  std::vector<std::byte> name_and_extra(static_cast<size_t>(name_size + extra_size));
  file_.read(member.header_offset + zip::local_size, name_and_extra);
  RecordReader header(bytes, place);
  require_same(member, header, name_and_extra, place);
  return data_offset;
}

std::string ZipReader::place_of(const ZipMember &member) const {
  return text(in_quotes(file_.path()), ", member ", in_quotes(member.name));
}

}  // namespace penstock::core
