#include "core/io/tfrecord.h"

#include <array>

#include "core/base/checked.h"
#include "core/base/error.h"
#include "core/io/crc32c.h"
#include "core/io/little_endian.h"

namespace penstock::core {

uint64_t parse_tfrecord_header(std::span<const std::byte, tfrecord_header_size> header, std::string_view place) {
  const uint32_t stated = load_little_endian<uint32_t>(&header[8]);
  const uint32_t seen = masked_crc32c(crc32c(0, header.first<8>()));
  if (seen != stated)
    fail(Status::data_error, place, " has a damaged header: its length has masked CRC-32C ", seen, ", expected ",
         stated);
  return load_little_endian<uint64_t>(header.data());
}

void require_tfrecord_data(std::span<const std::byte> data, std::span<const std::byte, tfrecord_trailer_size> trailer) {
  const uint32_t stated = load_little_endian<uint32_t>(trailer.data());
  const uint32_t seen = masked_crc32c(crc32c(0, data));
  if (seen != stated) fail(Status::data_error, "damaged: its data have masked CRC-32C ", seen, ", expected ", stated);
}

std::optional<TfrecordReader::Record> TfrecordReader::next() {
  std::array<std::byte, tfrecord_header_size> header;
  const size_t count = stream_.read(header);
  if (count == 0) return std::nullopt;
  const auto place = [&] { return text(place_, ", record ", number_, " at byte ", offset_); };
  if (count < header.size())
    fail(Status::data_error, place(), " is cut short: its header has ", count, " bytes, needs ", header.size());
  const uint64_t size = parse_tfrecord_header(header, place());
  const auto needed = checked_add(size, tfrecord_trailer_size);
  const uint64_t passed = needed ? stream_.skip(*needed) : 0;
  if (!needed || passed < *needed)
    fail(Status::data_error, place(), " is cut short: it states ", size, " bytes of data, the file ends after ", passed,
         " with its checksum");
  const Record record{offset_ + tfrecord_header_size, size};
  offset_ += tfrecord_header_size + *needed;
  ++number_;
  return record;
}

}  // namespace penstock::core
