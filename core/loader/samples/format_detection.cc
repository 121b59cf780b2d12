#include "core/loader/samples/format_detection.h"

#include <algorithm>
#include <array>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/error.h"
#include "core/io/byte_stream.h"
#include "core/io/gzip.h"
#include "core/io/utf8.h"
#include "core/io/zstd.h"
#include "core/loader/samples/image_folders.h"
#include "core/loader/samples/source_list.h"
#include "core/loader/samples/tfrecord_set.h"
#include "core/loader/samples/webdataset.h"

namespace penstock::core {
namespace {

constexpr size_t start_size = 512;  // a tar's first header

std::string_view name_of(SampleFormat format) {
  switch (format) {
    case SampleFormat::webdataset: return "webdataset";
    case SampleFormat::images: return "images";
    case SampleFormat::tfrecord: return "tfrecord";
    case SampleFormat::npz: return "npz";
    case SampleFormat::npy: return "npy";
    default: return "files";
  }
}

std::optional<SampleFormat> format_of_name(std::string_view name) {
  if (is_webdataset_shard(name)) return SampleFormat::webdataset;
  if (is_tfrecord_file(name)) return SampleFormat::tfrecord;
  if (name.ends_with(".npz")) return SampleFormat::npz;
  if (name.ends_with(".npy")) return SampleFormat::npy;
  if (is_image(name)) return SampleFormat::images;
  return std::nullopt;
}

std::optional<SampleFormat> format_of_plain_start(std::span<const std::byte> start) {
  const std::string_view bytes(reinterpret_cast<const char *>(start.data()), start.size());
  constexpr size_t tar_magic_at = 257;
  if (bytes.size() > tar_magic_at && bytes.substr(tar_magic_at).starts_with("ustar")) return SampleFormat::webdataset;
  if (bytes.starts_with("PK\3\4")) return SampleFormat::npz;
  if (bytes.starts_with("\x93NUMPY")) return SampleFormat::npy;
  if (begins_like_tfrecord(start)) return SampleFormat::tfrecord;
  return std::nullopt;
}

// The first bytes of what a file inflates to; none where it is not compressed, or damaged.
std::vector<std::byte> inflated_start(const std::string &path, std::span<const std::byte> start) {
  const std::string_view bytes(reinterpret_cast<const char *>(start.data()), start.size());
  std::vector<std::byte> inflated(start_size);
  try {
    auto packed = std::make_unique<FileStream>(File::open(path));
    std::unique_ptr<ByteStream> stream;
    if (bytes.starts_with("\x1F\x8B"))
      stream = open_gzip(std::move(packed), limit_of_an_archive, path);
    else if (bytes.starts_with("\x28\xB5\x2F\xFD"))
      stream = open_zstd(std::move(packed), limit_of_an_archive, path);
    else if (bytes.starts_with('\x78'))
      stream = open_zlib(std::move(packed), limit_of_an_archive, path);
    inflated.resize(stream == nullptr ? 0 : stream->read(inflated));
  } catch (const Error &) {
    inflated.clear();
  }
  return inflated;
}

std::optional<SampleFormat> format_of_content(const std::string &path) {
  const File file = File::open(path);
  std::vector<std::byte> start(static_cast<size_t>(std::min<uint64_t>(file.size(), start_size)));
  file.read(0, start);
  if (const auto format = format_of_plain_start(start)) return format;
  return format_of_plain_start(inflated_start(path, start));
}

// An image below a folder that is below the source: only those have a class.
bool has_class_folder(const SourceFile &file) { return file.name.find('/') != std::string::npos; }

}  // namespace

SampleFormat detect_format(const SampleSource &source) {
  const std::vector<SourceFile> files = list_shards(source, [](std::string_view) { return true; });
  std::map<SampleFormat, const SourceFile *> examples;
  for (const SourceFile &file : files)
    if (const auto format = format_of_name(file.name)) examples.emplace(*format, &file);
  if (examples.size() > 1)
    fail(Status::invalid_argument, "the sources have files of several formats: ",
         listed(examples,
                [](const auto &example) {
                  return text(name_of(example.first), " (", in_quotes(example.second->path), ")");
                }),
         "; say which is meant");
  if (examples.empty()) {
    const auto format = format_of_content(files.front().path);
    if (!format)
      fail(Status::invalid_argument, "neither the name nor the first bytes of ", in_quotes(files.front().path),
           " say of which format the samples are; say it: \"files\" takes each file as a sample, \"records\" cuts them "
           "into "
           "records of the fields given");
    return *format;
  }
  const auto &[format, example] = *examples.begin();
  if (format == SampleFormat::images && !has_class_folder(*example))
    fail(Status::invalid_argument, "there are images, but not in a folder for each class, as ",
         in_quotes(example->path), ": format \"files\" takes each as a sample");
  return format;
}

}  // namespace penstock::core
