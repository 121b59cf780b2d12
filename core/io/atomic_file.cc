#include "core/io/atomic_file.h"

#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <memory>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/error.h"
#include "core/base/text.h"
#include "core/io/utf8.h"

namespace penstock::core {
namespace {

// The file that a rename has to replace.  Throws where that would not be a regular file.
std::string resolve_target(const std::string &path) {
  struct stat about;
  if (::stat(path.c_str(), &about) != 0) {
    if (errno == ENOENT) return path;  // nothing there yet, or a link that leads nowhere: it is replaced itself
    fail_on_path("write", path, errno);
  }
  if (!S_ISREG(about.st_mode))
    fail(Status::io_error, "cannot write ", in_quotes(path), ": what is there is not a regular file");
  const std::unique_ptr<char, decltype(&std::free)> resolved(::realpath(path.c_str(), nullptr), std::free);
  if (resolved == nullptr) fail_on_path("write", path, errno);
  return resolved.get();
}

// A name that no one else in this process has, short enough wherever the target's own name is allowed.
std::string temporary_name(const std::string &target) {
  static std::atomic<uint64_t> counter{0};
  const size_t slash = target.rfind('/');
  const std::string folder = slash == std::string::npos ? "" : target.substr(0, slash + 1);
  return text(folder, ".penstock-", ::getpid(), "-", counter.fetch_add(1), ".tmp");
}

}  // namespace

AtomicFile::AtomicFile(const std::string &path) : path_(path), target_(resolve_target(path)) { create_temporary(); }

AtomicFile::~AtomicFile() {
  if (!temporary_.empty()) ::unlink(temporary_.c_str());
}

void AtomicFile::create_temporary() {
  constexpr mode_t any_new_file = 0666;  // less what the umask takes
  // A name may be taken by what a process that crashed left behind, or one of the same number on another machine.
  for (int tries_left = 1000;; --tries_left) {
    std::string name = temporary_name(target_);
    descriptor_ = Descriptor(::open(name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, any_new_file));
    if (descriptor_.number() >= 0) {
      temporary_ = std::move(name);
      return;
    }
    if (errno != EEXIST || tries_left == 0) fail_on_path("write", path_, errno);
  }
}

void AtomicFile::append(std::span<const std::byte> bytes) {
  overwrite(size_, bytes);
  size_ += bytes.size();
}

void AtomicFile::overwrite(uint64_t offset, std::span<const std::byte> bytes) const {
  write_at(descriptor_, path_, offset, bytes);
}

void AtomicFile::commit() {
  // Some file systems tell only here that the disk is full.  After EINTR Linux has closed the file all the same.
  if (::close(descriptor_.give_away()) != 0 && errno != EINTR) fail_on_path("write", path_, errno);
  if (::rename(temporary_.c_str(), target_.c_str()) != 0) fail_on_path("write", path_, errno);
  temporary_.clear();
}

}  // namespace penstock::core
