// Any bytes are either refused as a tar shard or give samples, each of which is read or refused.
#include <cstdint>

#include "tests/fuzz/sample_set_reading.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  penstock::core::read_all_samples(penstock::core::SampleFormat::webdataset, data, size);
  return 0;
}
