#include "core/io/deflate.h"

#include <libdeflate.h>

#include "core/base/error.h"

namespace penstock::core {
namespace {

struct FreeCodec {
  void operator()(libdeflate_decompressor *decompressor) const { libdeflate_free_decompressor(decompressor); }
  void operator()(libdeflate_compressor *compressor) const { libdeflate_free_compressor(compressor); }
};

}  // namespace

uint32_t crc32(uint32_t crc, std::span<const std::byte> bytes) {
  // Given NULL, libdeflate starts afresh: an empty span's address may be that.
  return bytes.empty() ? crc : libdeflate_crc32(crc, bytes.data(), bytes.size());
}

void inflate(std::span<std::byte> out, std::span<const std::byte> stream, std::string_view place) {
  const std::unique_ptr<libdeflate_decompressor, FreeCodec> decompressor(libdeflate_alloc_decompressor());
  if (decompressor == nullptr) fail(Status::out_of_memory, "no memory to inflate ", place);
  size_t stream_used = 0, out_used = 0;
  switch (libdeflate_deflate_decompress_ex(decompressor.get(), stream.data(), stream.size(), out.data(), out.size(),
                                           &stream_used, &out_used)) {
    case LIBDEFLATE_SUCCESS: break;
    case LIBDEFLATE_INSUFFICIENT_SPACE:
      fail(Status::data_error, place, " holds more than the ", out.size(), " bytes that it is stated to");
    default: fail(Status::data_error, place, " is not a deflate stream: damaged or cut short");
  }
  if (out_used != out.size()) fail(Status::data_error, place, " holds ", out_used, " bytes, stated are ", out.size());
  if (stream_used != stream.size())
    fail(Status::data_error, place, " has ", stream.size() - stream_used, " bytes left over behind its deflate stream");
}

Buffer deflate(std::span<const std::byte> bytes, int32_t level) {
  const std::unique_ptr<libdeflate_compressor, FreeCodec> compressor(libdeflate_alloc_compressor(level));
  if (compressor == nullptr) fail(Status::out_of_memory, "no memory to deflate ", bytes.size(), " bytes");
  Buffer stream(libdeflate_deflate_compress_bound(compressor.get(), bytes.size()));
  stream.size =
      libdeflate_deflate_compress(compressor.get(), bytes.data(), bytes.size(), stream.bytes.get(), stream.size);
  if (stream.size == 0) fail(Status::internal, "deflate found no room for ", bytes.size(), " bytes");
  return stream;
}

}  // namespace penstock::core
