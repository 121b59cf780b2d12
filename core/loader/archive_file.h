// What a file's name says that it is, and what a compressed archive inflates to.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/io/file.h"

namespace penstock::core {

enum class FileKind { plain, gzip, tar, tar_gzip, tar_zstd };
FileKind kind_of_file(std::string_view name);

// The tar that a compressed one inflates to, in a temporary file; nothing for another kind.  Throws as File::open(), open_gzip()
// and spool() do.
std::optional<File> inflate_archive(const std::string &path, FileKind kind);

}  // namespace penstock::core
