// A file that takes its path's place only when it is whole: what was there before stays until then.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "core/io/file.h"

namespace penstock::core {

// Written under a temporary name in the target's folder, which goes when this does, unless commit() renamed it.
//
// A path that is a symbolic link has the file it leads to replaced.  The new file's permissions are those of any new
// file (the umask's).  The bytes are handed to the system, not forced to the disk: a crash of this process loses
// nothing that was committed, a crash of the machine may.
//
// Each function throws not_found where the folder is missing, otherwise io_error with the system's reason.
class AtomicFile {
 public:
  // Throws io_error too where path is there and no regular file: a folder or a device is never replaced.
  explicit AtomicFile(const std::string &path);
  AtomicFile(const AtomicFile &) = delete;
  AtomicFile &operator=(const AtomicFile &) = delete;
  ~AtomicFile();

  uint64_t size() const { return size_; }                                   // bytes appended so far
  void append(std::span<const std::byte> bytes);                            // at the end
  void overwrite(uint64_t offset, std::span<const std::byte> bytes) const;  // inside what was appended
  void commit();                                                            // the last call

 private:
  void create_temporary();

  std::string path_;       // as the caller named it, for messages
  std::string target_;     // the file to replace, links followed
  std::string temporary_;  // empty once nothing is left to remove
  Descriptor descriptor_;
  uint64_t size_ = 0;
};

}  // namespace penstock::core
