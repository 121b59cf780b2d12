// Any bytes are either refused as a tar or give members, whose data lie one after the other inside the archive.
#include <cstdint>
#include <vector>

#include "core/io/tar.h"
#include "tests/fuzz/memory_stream.h"

using namespace penstock::core;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  MemoryStream stream(data, size);
  TarReader tar(stream, "the input");
  read_or_refuse([&] {
    uint64_t end = 0;
    bool read_data = false;
    std::vector<std::byte> content(4096);
    while (const auto member = tar.next()) {
      if (member->offset < end || member->offset > size) std::abort();
      end = member->offset;
      read_data = !read_data;
      if (read_data && member->kind == TarKind::file)
        for (size_t count = content.size(); count == content.size();) end += count = tar.read(content);
      if (end > size) std::abort();
    }
  });
  return 0;
}
