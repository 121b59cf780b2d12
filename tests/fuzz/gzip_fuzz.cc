// Any bytes are refused or inflate, and where both ways of inflating take them they agree.
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <string>

#include "core/io/gzip.h"
#include "tests/fuzz/memory_stream.h"

using namespace penstock::core;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  std::optional<std::string> at_once;
  InflationRoom room;
  read_or_refuse([&] {
    const auto bytes = gunzip(room, std::as_bytes(std::span(data, size)), limit_of_a_fuzzer, "the input");
    at_once.emplace(reinterpret_cast<const char *>(bytes.data()), bytes.size());
  });
  read_or_refuse([&] {
    const auto stream = open_gzip(std::make_unique<MemoryStream>(data, size), limit_of_a_fuzzer, "the input");
    std::string streamed;
    char piece[777];
    for (size_t count = sizeof(piece); count == sizeof(piece);) {
      count = stream->read(std::as_writable_bytes(std::span(piece)));
      streamed.append(piece, count);
    }
    if (at_once && *at_once != streamed) std::abort();
  });
  return 0;
}
