#include "core/io/file_list.h"

#include <dirent.h>
#include <glob.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <memory>

#include "core/base/error.h"
#include "core/io/file.h"
#include "core/io/utf8.h"

namespace penstock::core {
namespace {

struct CloseFolder {
  void operator()(DIR *folder) const { closedir(folder); }
};
struct FreeMatches {
  void operator()(glob_t *matches) const { globfree(matches); }
};

std::string joined(const std::string &folder, const std::string &name) {
  if (folder.empty()) return name;
  return folder.back() == '/' ? folder + name : folder + "/" + name;
}

SourceFile description(const struct stat &about, std::string path, std::string name) {
  constexpr int64_t second = 1'000'000'000;
  return {std::move(path), std::move(name), static_cast<uint64_t>(about.st_size),
          about.st_mtim.tv_sec * second + about.st_mtim.tv_nsec};
}

// The files below a folder; name is the folder's own below the one that was named.
void list_folder(const std::string &path, const std::string &name, bool recursive, std::vector<SourceFile> &found) {
  const std::unique_ptr<DIR, CloseFolder> folder(opendir(path.c_str()));
  if (folder == nullptr) fail_on_path("list", path, errno);
  while (true) {
    errno = 0;
    const dirent *entry = readdir(folder.get());
    if (entry == nullptr && errno != 0) fail_on_path("list", path, errno);
    if (entry == nullptr) return;
    const std::string entry_name = entry->d_name;
    if (is_passed_over(entry_name)) continue;
    const std::string entry_path = joined(path, entry_name);
    struct stat about;
    if (lstat(entry_path.c_str(), &about) != 0) continue;  // gone since
    if (S_ISDIR(about.st_mode)) {
      if (recursive) list_folder(entry_path, joined(name, entry_name), recursive, found);
      continue;
    }
    if (S_ISLNK(about.st_mode) && stat(entry_path.c_str(), &about) != 0) fail_on_path("follow", entry_path, errno);
    if (S_ISREG(about.st_mode)) found.push_back(description(about, entry_path, joined(name, entry_name)));
  }
}

void list_path(const std::string &path, bool recursive, std::vector<SourceFile> &found) {
  struct stat about;
  if (stat(path.c_str(), &about) != 0) fail_on_path("open", path, errno);
  if (!S_ISDIR(about.st_mode)) {
    found.push_back(describe_file(path, path.substr(path.rfind('/') + 1)));
    return;
  }
  const size_t first = found.size();
  list_folder(path, "", recursive, found);
  std::sort(found.begin() + static_cast<int64_t>(first), found.end(),
            [](const SourceFile &one, const SourceFile &other) { return one.name < other.name; });
}

void list_pattern(const std::string &pattern, bool recursive, std::vector<SourceFile> &found) {
  glob_t matches{};
  const std::unique_ptr<glob_t, FreeMatches> freed(&matches);
  const int result = glob(pattern.c_str(), 0, nullptr, &matches);
  if (result == GLOB_NOMATCH) fail(Status::not_found, "no file matches ", in_quotes(pattern));
  if (result == GLOB_NOSPACE) fail(Status::out_of_memory, "no memory to list ", in_quotes(pattern));
  if (result != 0) fail(Status::io_error, "cannot list ", in_quotes(pattern));
  for (size_t index = 0; index < matches.gl_pathc; ++index) list_path(matches.gl_pathv[index], recursive, found);
}

}  // namespace

bool is_passed_over(std::string_view name) {
  return name.starts_with('.') || name.ends_with(".tmp") || name.ends_with(".part");
}

bool is_folder(const std::string &path) {
  struct stat about;
  return stat(path.c_str(), &about) == 0 && S_ISDIR(about.st_mode);
}

SourceFile describe_file(std::string path, std::string name) {
  struct stat about;
  if (stat(path.c_str(), &about) != 0) fail_on_path("open", path, errno);
  if (!S_ISREG(about.st_mode)) fail(Status::io_error, "cannot read ", in_quotes(path), ": it is not a regular file");
  return description(about, std::move(path), std::move(name));
}

std::vector<SourceFile> list_files(const std::vector<std::string> &sources, bool recursive) {
  std::vector<SourceFile> found;
  for (const std::string &source : sources) {
    struct stat about;
    const bool is_there = stat(source.c_str(), &about) == 0;
    if (!is_there && source.find_first_of("*?[") != std::string::npos)
      list_pattern(source, recursive, found);
    else
      list_path(source, recursive, found);
  }
  return found;
}

}  // namespace penstock::core
