#include "core/loader/saved_index.h"

#include <string_view>

#include "core/base/error.h"
#include "core/base/log.h"
#include "core/base/snapshot.h"
#include "core/io/atomic_file.h"
#include "core/io/file.h"
#include "core/io/little_endian.h"

namespace penstock::core {
namespace {

std::string_view kind_of(IndexPurpose purpose) {
  return purpose == IndexPurpose::chunks ? "loader-index" : "sample-index";
}
constexpr uint32_t version = 1;
constexpr uint64_t layout = 0x696E6465785F31;  // "index_1"

ChunkTable read_table(const SnapshotReader &snapshot) {
  ChunkTable table;
  const auto names = snapshot.section("names");
  table.names.assign(reinterpret_cast<const char *>(names.data()), names.size());
  RecordReader chunks(snapshot.section("chunks"), "the index's list of chunks");
  while (chunks.remaining() > 0) {
    IndexedChunk chunk{};
    chunk.offset = chunks.u64();
    chunk.size = chunks.u64();
    chunk.name_begin = chunks.u64();
    chunk.name_size = chunks.u32();
    chunk.is_gzip = chunks.u32() != 0;
    if (chunk.name_begin > table.names.size() || chunk.name_size > table.names.size() - chunk.name_begin)
      fail(Status::data_error, "damaged index: a chunk's name lies past the names");
    table.chunks.push_back(chunk);
  }
  return table;
}

bool is_of(const SnapshotReader &snapshot, const SourceFile &archive) {
  RecordReader about(snapshot.section("archive"), "the index's archive");
  const uint64_t size = about.u64(), modified_ns = about.u64();
  return size == archive.size && modified_ns == static_cast<uint64_t>(archive.modified_ns);
}

}  // namespace

std::string path_of_saved_index(const std::string &path) {
  const size_t name_begin = path.rfind('/') + 1;  // 0 where there is no folder
  return path.substr(0, name_begin) + "." + path.substr(name_begin) + ".index";
}

std::optional<ChunkTable> read_saved_index(const SourceFile &archive, IndexPurpose purpose) {
  try {
    const File file = File::open(path_of_saved_index(archive.path));
    std::vector<std::byte> bytes(file.size());
    file.read(0, bytes);
    return parse_saved_index(bytes, archive, purpose);
  } catch (const Error &) {
    return std::nullopt;
  }
}

std::optional<ChunkTable> parse_saved_index(std::span<const std::byte> bytes, const SourceFile &archive,
                                            IndexPurpose purpose) {
  const SnapshotReader snapshot = SnapshotReader::open(bytes, kind_of(purpose), version, layout);
  if (!is_of(snapshot, archive)) return std::nullopt;
  return read_table(snapshot);
}

void save_index(const SourceFile &archive, IndexPurpose purpose, const ChunkTable &table) {
  std::string about, chunks;
  append_little_endian(about, archive.size);
  append_little_endian(about, static_cast<uint64_t>(archive.modified_ns));
  for (const IndexedChunk &chunk : table.chunks) {
    for (const uint64_t number : {chunk.offset, chunk.size, chunk.name_begin}) append_little_endian(chunks, number);
    append_little_endian(chunks, chunk.name_size);
    append_little_endian(chunks, uint32_t{chunk.is_gzip});
  }
  SnapshotWriter writer(kind_of(purpose), version, layout);
  writer.add("archive", bytes_of(about));
  writer.add("chunks", bytes_of(chunks));
  writer.add("names", bytes_of(table.names));
  AtomicFile file(path_of_saved_index(archive.path));
  file.append(writer.finish());
  file.commit();
}

void try_to_save_index(const SourceFile &archive, IndexPurpose purpose, const ChunkTable &table) {
  try {
    save_index(archive, purpose, table);
  } catch (const Error &error) {
    log_message(LogLevel::warning, "the index is not saved: ", error.sentence());
  }
}

}  // namespace penstock::core
