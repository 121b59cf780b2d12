// The index of an archive, saved beside it, so that it is read from front to back once and not at every start.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/io/file_list.h"

namespace penstock::core {

// Where a chunk lies: in its file, or in what that inflates to.
struct IndexedChunk {
  uint64_t offset, size;
  uint64_t name_begin;  // its name among those of all chunks
  uint32_t name_size;
  bool is_gzip;
};

// What the index of an archive is for: one made for the other purpose is as good as none.
enum class IndexPurpose { chunks, samples };

struct ChunkTable {
  std::vector<IndexedChunk> chunks;
  std::string names;
};

// FOLDER/.NAME.index for FOLDER/NAME: hidden, so that no loader takes it for a chunk.
std::string path_of_saved_index(const std::string &path);

// The saved index of an archive; nothing where there is none, where it is damaged, of another version or purpose, and where the archive
// has another size or modification time than it had then.
std::optional<ChunkTable> read_saved_index(const SourceFile &archive, IndexPurpose purpose);

// What its bytes say; nothing where they are of an archive with another size or modification time.  Throws data_error where they
// are no index, or damaged.
std::optional<ChunkTable> parse_saved_index(std::span<const std::byte> bytes, const SourceFile &archive,
                                            IndexPurpose purpose);

// Saves one, whole or not at all.  Throws as AtomicFile does.
void save_index(const SourceFile &archive, IndexPurpose purpose, const ChunkTable &table);

// The same, but what is thrown is only logged: the folder need not be one that can be written to.
void try_to_save_index(const SourceFile &archive, IndexPurpose purpose, const ChunkTable &table);

}  // namespace penstock::core
