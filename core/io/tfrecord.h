// TFRecord files: records of any length, each between a header and a trailer with their CRC-32Cs.
//
//   8 bytes  the length, little endian
//   4 bytes  the masked CRC-32C of those eight
//   length   the data
//   4 bytes  the masked CRC-32C of the data
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "core/io/byte_stream.h"

namespace penstock::core {

inline constexpr uint64_t tfrecord_header_size = 12;
inline constexpr uint64_t tfrecord_trailer_size = 4;

// A CRC-32C as such files have it: turned and moved, so that the CRC of data that has CRCs in it stays a good one.
inline uint32_t masked_crc32c(uint32_t crc) { return ((crc >> 15) | (crc << 17)) + 0xA282EAD8U; }

// The length that a header states.  Throws data_error, naming both CRCs, where they differ.
uint64_t parse_tfrecord_header(std::span<const std::byte, tfrecord_header_size> header, std::string_view place);

// Throws data_error, naming both CRCs, where that in the trailer is not the data's.
void require_tfrecord_data(std::span<const std::byte> data, std::span<const std::byte, tfrecord_trailer_size> trailer);

// Finds the records of a stream, without a look at their data.
class TfrecordReader {
 public:
  TfrecordReader(ByteStream &stream, std::string place) : stream_(stream), place_(std::move(place)) {}

  struct Record {
    uint64_t offset, size;  // of the data
  };
  // The next record; nothing at the end.  Throws data_error with the record and its offset where the file is cut short or a
  // header is damaged: nothing can be found behind that.
  std::optional<Record> next();

 private:
  ByteStream &stream_;
  const std::string place_;
  uint64_t offset_ = 0, number_ = 0;
};

}  // namespace penstock::core
