#include "core/io/spool.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <utility>
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

}  // namespace

Spool::Spool(std::string name) : name_(std::move(name)), file_(unnamed_file()) {}

void Spool::append(std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t count = ::write(file_.number(), bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) fail_on_path("inflate into a temporary file", name_, errno);
    size_ += static_cast<uint64_t>(count);
    bytes = bytes.subspan(static_cast<size_t>(count));
  }
}

File Spool::finish() && { return File::adopt(std::move(file_), std::move(name_), size_); }

File spool(ByteStream &stream, const std::string &name) {
  Spool file(name);
  std::vector<std::byte> block(size_t{1} << 20);
  while (const size_t count = stream.read(block)) file.append(std::span(block).first(count));
  return std::move(file).finish();
}

}  // namespace penstock::core
