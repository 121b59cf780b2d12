#include "core/loader/archive_file.h"

#include <memory>
#include <utility>

#include "core/io/byte_stream.h"
#include "core/io/gzip.h"
#include "core/io/spool.h"
#include "core/io/utf8.h"
#include "core/io/zstd.h"

namespace penstock::core {

FileKind kind_of_file(std::string_view name) {
  if (name.ends_with(".tar")) return FileKind::tar;
  if (name.ends_with(".tar.gz") || name.ends_with(".tgz")) return FileKind::tar_gzip;
  if (name.ends_with(".tar.zst")) return FileKind::tar_zstd;
  if (name.ends_with(".gz")) return FileKind::gzip;
  return FileKind::plain;
}

std::optional<File> inflate_archive(const std::string &path, FileKind kind) {
  if (kind != FileKind::tar_gzip && kind != FileKind::tar_zstd) return std::nullopt;
  auto packed = std::make_unique<FileStream>(File::open(path));
  const auto inflating = kind == FileKind::tar_gzip
                             ? open_gzip(std::move(packed), limit_of_an_archive, in_quotes(path))
                             : open_zstd(std::move(packed), limit_of_an_archive, in_quotes(path));
  return spool(*inflating, path);
}

}  // namespace penstock::core
