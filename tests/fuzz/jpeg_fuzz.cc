// Any bytes are refused or decode as a JPEG, to the sizes that their header says.  The plug-in itself is not watched by the
// fuzzer: it finds its way by what the engine makes of its answers.
#include "tests/fuzz/image_fuzz.h"

using namespace penstock::core;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  fuzz_image(std::as_bytes(std::span(data, size)), ImageFormat::jpeg);
  return 0;
}
