#include "core/image/jpeg_header.h"

#include <cstring>

#include "core/base/error.h"
#include "core/io/big_endian.h"

namespace penstock::core {
namespace {

enum Marker : uint8_t {
  first_frame = 0xC0,
  huffman_tables = 0xC4,
  extension = 0xC8,
  first_arithmetic_frame = 0xC9,
  arithmetic_conditioning = 0xCC,
  last_frame = 0xCF,
  first_restart = 0xD0,
  start_of_image = 0xD8,
  end_of_image = 0xD9,
  start_of_scan = 0xDA,
  application_1 = 0xE1,
  temporary = 0x01,
};

bool begins_frame(uint8_t marker) {
  return marker >= first_frame && marker <= last_frame && marker != huffman_tables && marker != extension &&
         marker != arithmetic_conditioning;
}

bool stands_alone(uint8_t marker) {
  return marker == temporary || (marker >= first_restart && marker <= start_of_image);
}

[[noreturn]] void fail_cut_short(size_t size) {
  fail(Status::data_error, "JPEG: cut short: its ", size, " bytes end in its header");
}

void read_frame(JpegHeader &header, uint8_t marker, std::span<const std::byte> segment, size_t offset) {
  if (segment.size() < 6)
    fail(Status::data_error, "JPEG: a frame's header of ", segment.size(), " bytes at byte ", offset,
         ": expected 6 at least");
  header.bits = static_cast<int32_t>(segment[0]);
  header.height = load_big_endian<uint16_t>(segment.data() + 1);
  header.width = load_big_endian<uint16_t>(segment.data() + 3);
  header.components = static_cast<int32_t>(segment[5]);
  header.arithmetic = marker >= first_arithmetic_frame;
  if (header.width == 0 || header.height == 0)
    fail(Status::data_error, "JPEG: of ", header.width, " x ", header.height, " pixels at byte ", offset,
         ": expected 1 to 65535 a side");
}

void read_exif(JpegHeader &header, std::span<const std::byte> segment) {
  constexpr char title[6] = {'E', 'x', 'i', 'f', '\0', '\0'};
  const bool is_exif = segment.size() >= sizeof(title) && std::memcmp(segment.data(), title, sizeof(title)) == 0;
  if (is_exif && header.exif.empty()) header.exif = segment.subspan(sizeof(title));
}

}  // namespace

JpegHeader read_jpeg_header(std::span<const std::byte> bytes) {
  JpegHeader header;
  size_t offset = 2;  // behind the marker that begins the image
  while (true) {
    const bool has_sizes = header.width != 0;
    if (offset + 4 > bytes.size()) {
      if (has_sizes) return header;
      fail_cut_short(bytes.size());
    }
    const auto marker = static_cast<uint8_t>(bytes[offset + 1]);
    if (bytes[offset] != std::byte{0xFF} || marker == 0)
      fail(Status::data_error, "JPEG: no marker at byte ", offset, ": found ", static_cast<int32_t>(bytes[offset]), " ",
           int32_t{marker});
    if (marker == 0xFF || stands_alone(marker)) {
      offset += marker == 0xFF ? 1 : 2;
      continue;
    }
    if (marker == start_of_scan || marker == end_of_image) {
      if (has_sizes) return header;
      fail(Status::data_error, "JPEG: no sizes stand before the marker ", int32_t{marker}, " at byte ", offset);
    }
    const size_t size = load_big_endian<uint16_t>(bytes.data() + offset + 2);
    if (size < 2) fail(Status::data_error, "JPEG: a segment of ", size, " bytes at byte ", offset, ": expected 2 up");
    if (bytes.size() - offset - 2 < size) {
      if (has_sizes) return header;
      fail_cut_short(bytes.size());
    }
    const auto segment = bytes.subspan(offset + 4, size - 2);
    if (begins_frame(marker) && !has_sizes) read_frame(header, marker, segment, offset);
    if (marker == application_1) read_exif(header, segment);
    offset += 2 + size;
  }
}

}  // namespace penstock::core
