#include "core/io/npz.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "core/base/error.h"
#include "core/base/trace.h"
#include "core/io/atomic_file.h"
#include "core/io/deflate.h"
#include "core/io/dense_blocks.h"
#include "core/io/npy_header.h"
#include "core/io/save_meter.h"
#include "core/io/utf8.h"
#include "core/io/zip_writer.h"
#include "core/tensor/transfer.h"

namespace penstock::core {
namespace {

constexpr std::string_view suffix = ".npy";

std::string member_name(std::string_view name) { return std::string(name).append(suffix); }

void require_crc32(uint32_t seen, const ZipMember &member, std::string_view place) {
  if (seen != member.crc32)
    fail(Status::data_error, place, " is damaged: its bytes have CRC-32 ", seen, ", expected ", member.crc32);
}

Tensor read_stored(const FilePart &part, const ZipMember &member, std::string_view place, const LoadOptions &options) {
  uint32_t crc = 0;
  Tensor tensor = read_npy(part, place, options, &crc);
  require_crc32(crc, member, place);
  return tensor;
}

// The stream is read in blocks, so that progress can be told and the call be cancelled between them; the last block is
// told by the caller, when it is inflated too.
Buffer read_stream(const FilePart &part, const Progress &progress) {
  Buffer stream(part.size);
  for (uint64_t done = 0; done < part.size;) {
    const uint64_t block_size = std::min<uint64_t>(largest_block_nbytes, part.size - done);
    part.file.read(part.offset + done, stream.span().subspan(done, block_size));
    done += block_size;
    if (done < part.size) progress.report(done, part.size);
  }
  return stream;
}

// The member is inflated into what becomes the tensor's own memory: header and all, which saves a copy.
Tensor read_deflated(const FilePart &part, const ZipMember &member, std::string_view place,
                     const LoadOptions &options) {
  Buffer stream = read_stream(part, options.progress);
  auto storage = Storage::allocate(static_cast<int64_t>(member.size), Storage::default_alignment, Device{});
  const std::span<std::byte> bytes(storage->data(), member.size);
  inflate(bytes, stream.span(), place);
  require_crc32(crc32(0, bytes), member, place);
  Tensor tensor = adopt_npy(std::move(storage), place);
  options.progress.report(part.size, part.size);
  return on_device(tensor, options.device);
}

void require_names(std::span<const NamedTensor> tensors) {
  constexpr size_t longest = 65'000;
  std::vector<std::string_view> names;
  for (const NamedTensor &named : tensors) {
    if (named.name.empty()) fail(Status::invalid_argument, "array ", names.size(), " has an empty name");
    if (named.name.size() > longest)
      fail(Status::invalid_argument, "array ", names.size(), " has a name of ", named.name.size(), " bytes, ",
           in_quotes(named.name), ": at most ", longest, " can be");
    if (!is_utf8(named.name) || named.name.find('\0') != std::string_view::npos)
      fail(Status::invalid_argument, "array ", names.size(), " has a name that is not UTF-8: ", in_quotes(named.name));
    names.push_back(named.name);
  }
  std::sort(names.begin(), names.end());
  const auto twin = std::adjacent_find(names.begin(), names.end());
  if (twin != names.end()) fail(Status::invalid_argument, "two arrays have the name ", in_quotes(*twin));
}

void add_stored(ZipWriter &zip, const NamedTensor &named, const std::string &header, SaveMeter &meter) {
  zip.begin_stored(member_name(named.name), header.size() + static_cast<uint64_t>(named.tensor.nbytes()));
  zip.append(std::as_bytes(std::span(header)));
  for_each_dense_block(named.tensor, [&](std::span<const std::byte> block) {
    zip.append(block);
    meter.advance(block.size());
  });
  zip.end_stored();
}

void add_deflated(ZipWriter &zip, const NamedTensor &named, const std::string &header, int32_t level,
                  SaveMeter &meter) {
  Buffer bytes(header.size() + static_cast<uint64_t>(named.tensor.nbytes()));
  std::memcpy(bytes.bytes.get(), header.data(), header.size());
  uint64_t filled = header.size();
  for_each_dense_block(named.tensor, [&](std::span<const std::byte> block) {
    std::memcpy(bytes.bytes.get() + filled, block.data(), block.size());
    filled += block.size();
  });
  Buffer stream = deflate(bytes.span(), level);
  zip.add_deflated(member_name(named.name), stream.span(), bytes.size, crc32(0, bytes.span()));
  meter.advance(static_cast<uint64_t>(named.tensor.nbytes()));
}

}  // namespace

Npz::Npz(ZipReader zip) : zip_(std::move(zip)) {
  for (const ZipMember &member : zip_.members()) {
    const std::string_view name = member.name;
    if (name.size() >= suffix.size() && name.substr(name.size() - suffix.size()) == suffix)
      names_.emplace_back(name.substr(0, name.size() - suffix.size()));
  }
}

Npz Npz::open(const std::string &path) { return Npz(ZipReader(File::open(path))); }

const ZipMember *Npz::find(std::string_view name) const { return zip_.find(member_name(name)); }

Tensor Npz::read(std::string_view name, const LoadOptions &options) const {
  const TraceSpan span("read npz");
  const ZipMember *member = find(name);
  if (member == nullptr) fail(Status::not_found, in_quotes(zip_.file().path()), " has no array ", in_quotes(name));
  const std::string place = zip_.place_of(*member);
  const FilePart part{zip_.file(), zip_.find_data(*member), member->packed_size};
  return member->deflated ? read_deflated(part, *member, place, options) : read_stored(part, *member, place, options);
}

void save_npz(const std::string &path, std::span<const NamedTensor> tensors, const SaveOptions &options) {
  const TraceSpan span("save npz");
  if (options.compression < 0 || options.compression > 12)
    fail(Status::invalid_argument, "compression ", options.compression, " is outside 0 to 12");
  require_names(tensors);
  std::vector<std::string> headers;
  uint64_t total = 0;
  for (const NamedTensor &named : tensors) {
    headers.push_back(format_npy_header(named.tensor.dtype, named.tensor.shape, in_quotes(named.name)));
    total += static_cast<uint64_t>(named.tensor.nbytes());
  }
  AtomicFile file(path);
  ZipWriter zip(file);
  SaveMeter meter(options.progress, total);
  for (size_t index = 0; index < tensors.size(); ++index) {
    if (options.compression == 0)
      add_stored(zip, tensors[index], headers[index], meter);
    else
      add_deflated(zip, tensors[index], headers[index], options.compression, meter);
  }
  zip.finish();
  meter.finish();
  file.commit();
}

}  // namespace penstock::core
