// Any bytes are either refused as a TFRecord file or give records that lie one after the other inside it.  Since their checksums
// refuse nearly everything, the lengths are read once more with mended ones.
#include <cstdint>
#include <string>

#include "core/io/crc32c.h"
#include "core/io/little_endian.h"
#include "core/io/tfrecord.h"
#include "tests/fuzz/memory_stream.h"

using namespace penstock::core;

namespace {

void read_records(const uint8_t *data, size_t size) {
  MemoryStream stream(data, size);
  TfrecordReader reader(stream, "the input");
  read_or_refuse([&] {
    uint64_t end = 0;
    while (const auto record = reader.next()) {
      if (record->offset != end + tfrecord_header_size || record->size > size - record->offset) std::abort();
      end = record->offset + record->size + tfrecord_trailer_size;
      if (end > size) std::abort();
    }
    if (end != size) std::abort();
  });
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  read_records(data, size);
  std::string mended;
  const std::string_view input(reinterpret_cast<const char *>(data), size);
  for (size_t at = 0; at + tfrecord_header_size <= size;) {
    const std::string_view length = input.substr(at, 8);
    mended += length;
    append_little_endian(mended, masked_crc32c(crc32c(0, bytes_of(length))));
    const auto stated = load_little_endian<uint64_t>(bytes_of(length).data());
    const std::string_view rest = input.substr(at + tfrecord_header_size);
    const size_t taken = stated > rest.size() ? rest.size() : std::min(rest.size(), static_cast<size_t>(stated) + 4);
    mended += rest.substr(0, taken);
    at += tfrecord_header_size + taken;
  }
  read_records(reinterpret_cast<const uint8_t *>(mended.data()), mended.size());
  return 0;
}
