// Files that appear in folders, as they are closed by their writer or renamed into place.
#pragma once

#include <functional>
#include <map>
#include <string>

#include "core/io/file.h"
#include "core/io/file_list.h"

namespace penstock::core {

// One thread at a time, but for stop().
class FolderWatch {
 public:
  // recursive: folders below those that are added are watched too.  Throws io_error where the system has no more watches to
  // give.
  explicit FolderWatch(bool recursive);
  FolderWatch(const FolderWatch &) = delete;
  FolderWatch &operator=(const FolderWatch &) = delete;

  // Watches a folder, and all below it, now and later, where that was asked for; files that are there already are not reported.
  void add(const std::string &folder);

  // Calls found with each file that appears (one that is_passed_over() is not), until stop() is called.  A folder that
  // appears is watched, and the files in it are reported; one that is written while it appears may be reported twice.
  // Throws io_error where events were lost, because the system's queue of them was full.
  void run(const std::function<void(SourceFile)> &found);

  // Makes run() return.  Any thread.
  void stop();

 private:
  struct Watched {
    std::string path, name;  // name: below the folder that was added
  };
  void watch(const std::string &path, const std::string &name);
  void read_events(const std::function<void(SourceFile)> &found);
  void report(const std::string &path, const std::string &name, const std::function<void(SourceFile)> &found);
  void enter(const std::string &path, const std::string &name, const std::function<void(SourceFile)> &found);

  const bool recursive_;
  Descriptor events_, wake_;
  std::map<int, Watched> watched_;
};

}  // namespace penstock::core
