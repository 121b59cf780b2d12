// Any file is either refused or opens, and then each of its tensors is refused or read whole.
#include "core/io/safetensors.h"

#include <cstddef>
#include <cstdint>
#include <string>

#include "memory_file.h"

namespace {

using namespace penstock::core;

void read_whole(const Safetensors &file, const std::string &name) {
  const Tensor tensor = file.read(name, {});
  look_at_all({tensor.data, static_cast<size_t>(tensor.nbytes())});
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  const MemoryFile input(data, size);
  read_arrays_or_refuse([&] {
    const Safetensors file = Safetensors::open(input.path());
    for (int64_t index = 0; index < file.count(); ++index)
      read_arrays_or_refuse([&] { read_whole(file, file.name(index)); });
  });
  return 0;
}
