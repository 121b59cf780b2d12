// Any file is either refused as an archive or opens, and then each of its arrays is refused or read whole.
#include <cstddef>
#include <cstdint>
#include <string>

#include "core/io/npz.h"
#include "memory_file.h"

namespace {

using namespace penstock::core;

void read_whole(const Npz &npz, const std::string &name) {
  const Tensor tensor = npz.read(name, {});
  look_at_all({tensor.data, static_cast<size_t>(tensor.nbytes())});
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  const MemoryFile file(data, size);
  read_arrays_or_refuse([&] {
    const Npz npz = Npz::open(file.path());
    for (int64_t index = 0; index < npz.count(); ++index)
      read_arrays_or_refuse([&] { read_whole(npz, npz.name(index)); });
  });
  return 0;
}
