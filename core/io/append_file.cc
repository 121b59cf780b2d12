#include "core/io/append_file.h"

#include <cerrno>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/error.h"
#include "core/io/utf8.h"

namespace penstock::core {

AppendFile::AppendFile(const std::string &path) : path_(path) {
  constexpr mode_t any_new_file = 0666;  // less what the umask takes
  // Without O_NONBLOCK the opening of a pipe would wait for a reader.  O_TRUNC would come before the checks below.
  descriptor_ = Descriptor(::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, any_new_file));
  if (descriptor_.number() < 0) fail_on_path("write", path, errno);
  struct stat about;
  if (::fstat(descriptor_.number(), &about) != 0) fail_on_path("write", path, errno);
  if (!S_ISREG(about.st_mode))
    fail(Status::io_error, "cannot write ", in_quotes(path), ": what is there is not a regular file");
  // A file system without locks goes without this check.
  if (::flock(descriptor_.number(), LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK)
    fail(Status::io_error, "cannot write ", in_quotes(path), ": it is being written already");
  if (::ftruncate(descriptor_.number(), 0) != 0) fail_on_path("write", path, errno);
}

void AppendFile::append(std::span<const std::byte> bytes) {
  try {
    write_at(descriptor_, path_, size_, bytes);
  } catch (...) {
    (void)!::ftruncate(descriptor_.number(), static_cast<off_t>(size_));  // half an append would look like damage
    throw;
  }
  size_ += bytes.size();
}

void AppendFile::close() {
  // Some file systems tell only here that the disk is full.  After EINTR Linux has closed the file all the same.
  if (::close(descriptor_.give_away()) != 0 && errno != EINTR) fail_on_path("write", path_, errno);
}

}  // namespace penstock::core
