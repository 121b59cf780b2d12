#include "core/io/folder_watch.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <string_view>

#include "core/base/error.h"
#include "core/io/utf8.h"

namespace penstock::core {
namespace {

constexpr uint32_t wanted_events = IN_CLOSE_WRITE | IN_MOVED_TO | IN_CREATE | IN_ONLYDIR;

std::string joined(const std::string &folder, std::string_view name) {
  return folder.empty() ? std::string(name) : text(folder, "/", name);
}

}  // namespace

FolderWatch::FolderWatch(bool recursive)
    : recursive_(recursive), events_(inotify_init1(IN_CLOEXEC | IN_NONBLOCK)), wake_(eventfd(0, EFD_CLOEXEC)) {
  if (events_.number() < 0 || wake_.number() < 0)
    fail(Status::io_error, "cannot watch folders: ", std::strerror(errno));  // NOLINT(concurrency-mt-unsafe)
}

void FolderWatch::add(const std::string &folder) { watch(folder, ""); }

void FolderWatch::watch(const std::string &path, const std::string &name) {
  const int number = inotify_add_watch(events_.number(), path.c_str(), wanted_events);
  if (number < 0) fail_on_path("watch", path, errno);
  watched_[number] = {path, name};
  if (!recursive_) return;
  std::error_code ignored;  // what is gone by now needs no watch
  for (const auto &entry : std::filesystem::directory_iterator(path, ignored)) {
    const std::string entry_name = entry.path().filename();
    if (entry.is_directory(ignored) && !entry.is_symlink(ignored) && !is_passed_over(entry_name))
      watch(entry.path(), joined(name, entry_name));
  }
}

void FolderWatch::stop() {
  const uint64_t one = 1;
  while (write(wake_.number(), &one, sizeof(one)) < 0 && errno == EINTR) continue;
}

void FolderWatch::run(const std::function<void(SourceFile)> &found) {
  while (true) {
    pollfd waited[2] = {{events_.number(), POLLIN, 0}, {wake_.number(), POLLIN, 0}};
    if (poll(waited, 2, -1) < 0 && errno != EINTR) fail(Status::io_error, "cannot wait for files to appear");
    if ((waited[1].revents & POLLIN) != 0) return;
    if ((waited[0].revents & POLLIN) != 0) read_events(found);
  }
}

void FolderWatch::read_events(const std::function<void(SourceFile)> &found) {
  alignas(inotify_event) std::array<char, 65536> buffer;
  const ssize_t size = read(events_.number(), buffer.data(), buffer.size());
  for (ssize_t at = 0; at < size;) {
    const auto &event = *reinterpret_cast<const inotify_event *>(buffer.data() + at);
    at += static_cast<ssize_t>(sizeof(inotify_event) + event.len);
    if ((event.mask & IN_Q_OVERFLOW) != 0)
      fail(Status::io_error, "so many files appeared at once that the system dropped some events");
    const auto folder = watched_.find(event.wd);
    if (folder == watched_.end() || event.len == 0 || is_passed_over(event.name)) continue;
    const Watched inside = folder->second;
    const std::string name = joined(inside.name, event.name), path = joined(inside.path, event.name);
    const bool is_folder = (event.mask & IN_ISDIR) != 0;
    if (is_folder && recursive_)
      enter(path, name, found);
    else if (!is_folder && (event.mask & (IN_CLOSE_WRITE | IN_MOVED_TO)) != 0)
      report(path, name, found);
  }
}

void FolderWatch::report(const std::string &path, const std::string &name,
                         const std::function<void(SourceFile)> &found) {
  SourceFile file;
  try {
    file = describe_file(path, name);
  } catch (const Error &) {
    return;  // gone again, or no regular file
  }
  found(std::move(file));
}

void FolderWatch::enter(const std::string &path, const std::string &name,
                        const std::function<void(SourceFile)> &found) {
  try {
    watch(path, name);
    for (SourceFile file : list_files({path})) {
      file.name = joined(name, file.name);
      found(std::move(file));
    }
  } catch (const Error &error) {
    if (error.status() != Status::not_found) throw;  // gone again
  }
}

}  // namespace penstock::core
