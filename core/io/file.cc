#include "core/io/file.h"

#include <algorithm>
#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/error.h"
#include "core/io/utf8.h"

namespace penstock::core {

Descriptor::~Descriptor() {
  if (number_ >= 0) ::close(number_);
}

void fail_on_path(const char *verb, const std::string &path, int error_number) {
  const Status status = error_number == ENOENT   ? Status::not_found
                        : error_number == ENOMEM ? Status::out_of_memory
                                                 : Status::io_error;
  char room[256];
  fail(status, "cannot ", verb, " ", in_quotes(path), ": ", strerror_r(error_number, room, sizeof(room)));
}

void write_at(const Descriptor &descriptor, const std::string &path, uint64_t offset,
              std::span<const std::byte> bytes) {
  constexpr size_t largest_call = size_t{1} << 30;  // Linux writes no more than some 2 GiB at once
  while (!bytes.empty()) {
    const ssize_t count =
        ::pwrite(descriptor.number(), bytes.data(), std::min(bytes.size(), largest_call), static_cast<off_t>(offset));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) fail_on_path("write", path, errno);
    offset += static_cast<uint64_t>(count);
    bytes = bytes.subspan(static_cast<size_t>(count));
  }
}

File File::open(const std::string &path) {
  // Without O_NONBLOCK the opening of a pipe would wait for a writer.
  Descriptor descriptor(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (descriptor.number() < 0) fail_on_path("open", path, errno);
  struct stat about;
  if (::fstat(descriptor.number(), &about) != 0) fail_on_path("open", path, errno);
  if (!S_ISREG(about.st_mode)) fail(Status::io_error, "cannot read ", in_quotes(path), ": it is not a regular file");
  return File(std::move(descriptor), path, static_cast<uint64_t>(about.st_size));
}

void File::read(uint64_t offset, std::span<std::byte> out) const {
  constexpr size_t largest_call = size_t{1} << 30;  // Linux reads no more than some 2 GiB at once
  while (!out.empty()) {
    const ssize_t count =
        ::pread(descriptor_.number(), out.data(), std::min(out.size(), largest_call), static_cast<off_t>(offset));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) fail_on_path("read", path_, errno);
    if (count == 0)
      fail(Status::data_error, in_quotes(path_), " is cut short: needs ", offset + out.size(), " bytes, has ", offset);
    offset += static_cast<uint64_t>(count);
    out = out.subspan(static_cast<size_t>(count));
  }
}

}  // namespace penstock::core
