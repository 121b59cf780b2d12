#include "core/io/spool.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <vector>

#include "core/base/error.h"

namespace penstock::core {
namespace {

Descriptor unnamed_file() {
  const char *chosen = std::getenv("TMPDIR");  // NOLINT(concurrency-mt-unsafe): nobody here sets it
  std::string pattern = std::string(chosen == nullptr || *chosen == '\0' ? "/tmp" : chosen) + "/penstock-XXXXXX";
  Descriptor file(mkostemp(pattern.data(), O_CLOEXEC));
  if (file.number() < 0) fail_on_path("make", pattern, errno);
  unlink(pattern.c_str());
  return file;
}

void write_all(int number, std::span<const std::byte> bytes, const std::string &name) {
  while (!bytes.empty()) {
    const ssize_t count = ::write(number, bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) fail_on_path("inflate into a temporary file", name, errno);
    bytes = bytes.subspan(static_cast<size_t>(count));
  }
}

}  // namespace

File spool(ByteStream &stream, const std::string &name) {
  Descriptor file = unnamed_file();
  std::vector<std::byte> block(size_t{1} << 20);
  uint64_t size = 0;
  while (true) {
    const size_t count = stream.read(block);
    if (count == 0) break;
    write_all(file.number(), std::span(block).first(count), name);
    size += count;
  }
  return File::adopt(std::move(file), name, size);
}

}  // namespace penstock::core
