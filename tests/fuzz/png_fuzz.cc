// Any bytes are refused or decode as a PNG, to the sizes that their header says.
#include "tests/fuzz/image_fuzz.h"

using namespace penstock::core;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  fuzz_image(std::as_bytes(std::span(data, size)), ImageFormat::png);
  return 0;
}
