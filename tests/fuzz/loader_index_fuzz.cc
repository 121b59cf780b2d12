// Any bytes are refused as an archive's index, or are one whose names lie inside it.
#include "core/loader/saved_index.h"
#include "tests/fuzz/sealed_bytes.h"

using namespace penstock::core;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  read_as_is_and_sealed(data, size, [](std::span<const std::byte> bytes) {
    const auto table =
        parse_saved_index(bytes, SourceFile{}, IndexPurpose::chunks);  // size and time 0, as the corpus has them
    if (!table) return;
    for (const IndexedChunk &chunk : table->chunks)
      if (table->names.substr(chunk.name_begin, chunk.name_size).size() != chunk.name_size) std::abort();
  });
  return 0;
}
