#include "core/loader/chunk_index.h"

#include <memory>
#include <utility>

#include "core/io/byte_stream.h"
#include "core/io/tar.h"
#include "core/io/utf8.h"

namespace penstock::core {

void IndexedFile::open() {
  try {
    inflated_ = inflate_archive(source_.path, kind_);
  } catch (const Error &error) {
    failures_.push_back(error);
  }
}

void IndexedFile::index(bool save) {
  if (kind_ == FileKind::plain || kind_ == FileKind::gzip) {
    table_.chunks.push_back({0, source_.size, 0, 0, kind_ == FileKind::gzip});
    return;
  }
  if (!failures_.empty()) return;
  if (save) {
    if (auto saved = read_saved_index(source_, purpose_)) {
      table_ = std::move(*saved);
      return;
    }
  }
  read_archive();
  if (save && failures_.empty()) try_to_save_index(source_, purpose_, table_);
}

void IndexedFile::read_archive() {
  try {
    FileStream stream = inflated_ ? FileStream(FileStream::Borrowed{*inflated_}) : FileStream(File::open(source_.path));
    index_archive(stream);
  } catch (const Error &error) {
    failures_.push_back(error);
  }
}

// A member counts once the archive was seen to go on behind it: one that is cut short is a failure and no chunk.
void IndexedFile::index_archive(ByteStream &stream) {
  TarReader tar(stream, in_quotes(source_.path));
  for (auto member = tar.next(); member;) {
    const TarMember found = *std::exchange(member, std::nullopt);
    member = tar.next();
    add_member(found);
  }
}

void IndexedFile::add_member(const TarMember &member) {
  const std::string_view name = member.name;
  if (member.kind == TarKind::other) return;
  if (purpose_ == IndexPurpose::chunks && is_passed_over(name.substr(name.rfind('/') + 1))) return;
  if (member.kind == TarKind::sparse) {
    failures_.emplace_back(Status::data_error, text(in_quotes(source_.path), ", member ", in_quotes(name),
                                                    " is a sparse file: that is not read"));
    return;
  }
  table_.chunks.push_back(
      {member.offset, member.size, table_.names.size(), static_cast<uint32_t>(name.size()), name.ends_with(".gz")});
  table_.names += name;
}

std::string IndexedFile::place(const Chunk &chunk) const {
  if (chunk.name_size == 0 && kind_ <= FileKind::gzip) return in_quotes(source_.path);
  return text(in_quotes(source_.path), ", member ", in_quotes(member_name(chunk)), " at byte ", chunk.offset);
}

std::span<const std::byte> IndexedFile::read(const Chunk &chunk, InflationRoom &packed, InflationRoom &room,
                                             uint64_t &packed_size) const {
  std::optional<File> opened;
  if (!inflated_) opened = File::open(source_.path);
  const File &file = inflated_ ? *inflated_ : *opened;
  if (!inflated_ && file.size() != source_.size)
    fail(Status::data_error, in_quotes(source_.path), " has ", file.size(), " bytes: it had ", source_.size,
         " when it was listed");
  limit_of_a_chunk.require(chunk.size, chunk.size, place(chunk));
  InflationRoom &target = chunk.is_gzip ? packed : room;
  target.grow(chunk.size, 0);
  const std::span<std::byte> bytes = target.span().first(chunk.size);
  file.read(chunk.offset, bytes);
  packed_size = chunk.size;
  return chunk.is_gzip ? gunzip(room, bytes, limit_of_a_chunk, place(chunk)) : bytes;
}

}  // namespace penstock::core
