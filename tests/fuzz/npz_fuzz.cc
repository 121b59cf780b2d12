// Any file is either refused as an archive or opens, and then each of its arrays is refused or read whole.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include <sys/mman.h>
#include <unistd.h>

#include "core/base/error.h"
#include "core/base/text.h"
#include "core/io/npz.h"

namespace {

using namespace penstock::core;

void require(bool condition) {
  if (!condition) std::abort();
}

// Archives are read from files: this one lies in memory and has a path all the same.
class MemoryFile {
 public:
  MemoryFile(const uint8_t *data, size_t size) : number_(memfd_create("input", MFD_CLOEXEC)) {
    require(number_ >= 0 && write(number_, data, size) == static_cast<ssize_t>(size));
  }
  MemoryFile(const MemoryFile &) = delete;
  MemoryFile &operator=(const MemoryFile &) = delete;
  ~MemoryFile() { close(number_); }
  std::string path() const { return text("/proc/self/fd/", number_); }

 private:
  int number_;
};

template <typename Read>
void read_or_refuse(Read read) {
  try {
    read();
  } catch (const Error &error) {
    require(error.status() == Status::data_error || error.status() == Status::type_mismatch);
    require(!error.sentence().empty());
  }
}

void read_whole(const Npz &npz, const std::string &name) {
  const Tensor tensor = npz.read(name, {});
  uint8_t all = 0;
  for (int64_t index = 0; index < tensor.nbytes(); ++index) all |= static_cast<uint8_t>(tensor.data[index]);
  volatile uint8_t keep = all;  // so that every byte is looked at
  (void)keep;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  const MemoryFile file(data, size);
  read_or_refuse([&] {
    const Npz npz = Npz::open(file.path());
    for (int64_t index = 0; index < npz.count(); ++index) read_or_refuse([&] { read_whole(npz, npz.name(index)); });
  });
  return 0;
}
