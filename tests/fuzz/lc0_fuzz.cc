// Any bytes are refused as a chunk, or each of its positions becomes tensors of each dtype.
#include <cstdint>
#include <vector>

#include "core/loader/lc0_tensors.h"
#include "tests/fuzz/memory_stream.h"

using namespace penstock::core;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  read_or_refuse([&] {
    const Lc0Chunk chunk(std::as_bytes(std::span(data, size)), "the input");
    for (int64_t position = 0; position < chunk.size(); ++position) {
      const Lc0Position unpacked(chunk, position);
      for (const DType dtype : {DType::float32, DType::float16, DType::bfloat16}) {
        const auto width = static_cast<size_t>(dtype_size(dtype));
        std::vector<std::byte> planes(lc0_planes * 64 * width), policy(lc0_policy_size * width),
            values(lc0_values * width);
        expand_lc0_positions({planes.data(), policy.data(), values.data()}, {&unpacked, 1}, dtype);
      }
    }
  });
  return 0;
}
