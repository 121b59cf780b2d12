// Which files a list of sources names: paths, folders (with all below them), and patterns.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace penstock::core {

struct SourceFile {
  std::string path;
  std::string name;  // below the folder that was named, or the last part of the path: the same on every machine
  uint64_t size = 0;
  int64_t modified_ns = 0;  // since 1970
  friend bool operator==(const SourceFile &, const SourceFile &) = default;
};

// Whether a file or folder of this name is passed over where it was not named itself: a hidden one, or one that somebody
// is still writing (.tmp, .part).
bool is_passed_over(std::string_view name);

// Whether there is a folder, or a link that leads to one.
bool is_folder(const std::string &path);

// The regular files that sources name, those of one source sorted by name, byte by byte.  A source is a file, a folder (with
// all below it where recursive is set, else only the files in it), or a pattern of the shell for either (*, ?, [...]).  Links to files are followed, links to folders below a source not.
//
// Throws not_found for a source that is not there and for a pattern that nothing matches, io_error where the system
// refuses a folder.  A folder without files adds none.
std::vector<SourceFile> list_files(const std::vector<std::string> &sources, bool recursive = true);

// One file as it is now.  Throws as File::open() does where it is no regular file.
SourceFile describe_file(std::string path, std::string name);

}  // namespace penstock::core
