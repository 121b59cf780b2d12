// Any bytes are refused as an archive's index, or are one whose names lie inside it.
#include <cstdint>
#include <cstdlib>
#include <vector>

#include "core/base/snapshot.h"
#include "core/loader/saved_index.h"
#include "tests/fuzz/memory_stream.h"

using namespace penstock::core;

namespace {

void read_index(std::span<const std::byte> bytes) {
  try {
    const auto table = parse_saved_index(bytes, SourceFile{});  // size and time 0, as the corpus has them
    if (!table) return;
    for (const IndexedChunk &chunk : table->chunks)
      if (table->names.substr(chunk.name_begin, chunk.name_size).size() != chunk.name_size) std::abort();
  } catch (const Error &error) {
    const bool expected = error.status() == Status::data_error || error.status() == Status::not_found;
    if (!expected || error.sentence().empty()) std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  const auto bytes = std::as_bytes(std::span(data, size));
  read_index(bytes);
  std::vector<std::byte> sealed(bytes.begin(), bytes.end());  // so that the checksum does not hide what lies behind it
  seal_snapshot(sealed);
  read_index(sealed);
  return 0;
}
