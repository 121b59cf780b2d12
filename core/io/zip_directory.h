// Where the central directory of a zip archive lies: found from the end of the file, zip64 or not.
#pragma once

#include <cstdint>

#include "core/io/file.h"

namespace penstock::core {

struct ZipDirectory {
  uint64_t offset;  // inside the file, with size bytes
  uint64_t size;
  uint64_t entry_count;  // no more than size has room for
};

// Throws data_error where the file is no zip archive, one of several disks, cut short, has bytes before or between its
// parts that no record accounts for, or states sizes that do not fit it.
ZipDirectory find_zip_directory(const File &file);

}  // namespace penstock::core
