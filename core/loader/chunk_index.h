// Where the chunks of a file lie: one in a plain or gzipped file, many in an archive.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/error.h"
#include "core/io/file.h"
#include "core/io/file_list.h"
#include "core/io/gzip.h"
#include "core/io/tar.h"
#include "core/loader/archive_file.h"
#include "core/loader/saved_index.h"

namespace penstock::core {

// A file and its chunks.  Any number of threads may read from one at once.
class IndexedFile {
 public:
  using Chunk = IndexedChunk;

  explicit IndexedFile(const SourceFile &source)
      : IndexedFile(source, kind_of_file(source.path), IndexPurpose::chunks) {}

  // kind: what it is, whatever its name says.  purpose: of chunks, members that are hidden or still being written are passed
  // over; of samples, none.
  IndexedFile(SourceFile source, FileKind kind, IndexPurpose purpose)
      : source_(std::move(source)), kind_(kind), purpose_(purpose) {}

  // Two steps, each once and before all else, on any thread.  open() inflates a compressed archive into a temporary file;
  // index() reads an archive from front to back.  Neither throws for what is wrong with the file: chunks() has what was
  // found before, and failures() says what was wrong.  With save, index() takes a saved index that is there and sound, and
  // otherwise saves its own where nothing was wrong and the folder can be written to.
  void open();
  void index(bool save);

  const SourceFile &source() const { return source_; }
  const std::vector<Chunk> &chunks() const { return table_.chunks; }
  const std::vector<Error> &failures() const { return failures_; }  // of the file or of members that cannot be read

  // A member's own name; empty where the file is no archive.
  std::string_view member_name(const Chunk &chunk) const {
    const std::string_view names = table_.names;
    return names.substr(chunk.name_begin, chunk.name_size);
  }

  // What a compressed archive was inflated to: handed over once, and then no chunk is read here any more.
  std::optional<File> take_inflated() { return std::exchange(inflated_, std::nullopt); }

  // A chunk's name in messages: the file, and the member where it is an archive.
  std::string place(const Chunk &chunk) const;

  // A chunk's bytes, inflated where they are packed: the first of room.  packed_size receives how many were read.
  // Throws data_error, not_found or io_error with the place.
  std::span<const std::byte> read(const Chunk &chunk, InflationRoom &packed, InflationRoom &room,
                                  uint64_t &packed_size) const;

 private:
  void read_archive();
  void index_archive(ByteStream &stream);
  void add_member(const TarMember &member);

  SourceFile source_;
  FileKind kind_;
  IndexPurpose purpose_;
  std::optional<File> inflated_;
  ChunkTable table_;
  std::vector<Error> failures_;
};

}  // namespace penstock::core
