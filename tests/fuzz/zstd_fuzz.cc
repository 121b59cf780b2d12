// Any bytes are refused as Zstandard, or inflate within the limit.
#include <cstdint>
#include <cstdlib>

#include "core/io/zstd.h"
#include "tests/fuzz/memory_stream.h"

using namespace penstock::core;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  read_or_refuse([&] {
    const auto stream = open_zstd(std::make_unique<MemoryStream>(data, size), limit_of_a_fuzzer, "the input");
    std::byte piece[777];
    uint64_t total = 0;
    for (size_t count = sizeof(piece); count == sizeof(piece);) total += count = stream->read(piece);
    if (total > limit_of_a_fuzzer.most_bytes) std::abort();
  });
  return 0;
}
