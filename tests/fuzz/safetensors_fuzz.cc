// Any file is either refused or opens, and then each of its tensors is refused or read whole.
#include "core/io/safetensors.h"

#include <cstddef>
#include <cstdint>
#include <string>

#include "core/base/error.h"
#include "memory_file.h"

namespace {

using namespace penstock::core;

template <typename Read>
void read_or_refuse(Read read) {
  try {
    read();
  } catch (const Error &error) {
    require(error.status() == Status::data_error || error.status() == Status::type_mismatch);
    require(!error.sentence().empty());
  }
}

void read_whole(const Safetensors &file, const std::string &name) {
  const Tensor tensor = file.read(name, {});
  uint8_t all = 0;
  for (int64_t index = 0; index < tensor.nbytes(); ++index) all |= static_cast<uint8_t>(tensor.data[index]);
  volatile uint8_t keep = all;  // so that every byte is looked at
  (void)keep;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  const MemoryFile input(data, size);
  read_or_refuse([&] {
    const Safetensors file = Safetensors::open(input.path());
    for (int64_t index = 0; index < file.count(); ++index) read_or_refuse([&] { read_whole(file, file.name(index)); });
  });
  return 0;
}
