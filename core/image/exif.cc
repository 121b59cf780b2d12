#include "core/image/exif.h"

#include "core/io/big_endian.h"
#include "core/io/little_endian.h"

namespace penstock::core {
namespace {

constexpr uint16_t orientation_tag = 0x0112, type_short = 3;
constexpr size_t entry_size = 12;

// The data in the byte order that their first two bytes name; what lies outside is 0.
struct Tiff {
  std::span<const std::byte> bytes;
  bool big_endian;

  template <std::unsigned_integral Number>
  Number load(size_t offset) const {
    if (offset > bytes.size() || bytes.size() - offset < sizeof(Number)) return 0;
    const std::byte *at = bytes.data() + offset;
    return big_endian ? load_big_endian<Number>(at) : load_little_endian<Number>(at);
  }
};

}  // namespace

int32_t exif_orientation(std::span<const std::byte> exif) {
  if (exif.size() < 8 || exif[0] != exif[1]) return 1;
  const bool big_endian = exif[0] == std::byte{'M'};
  if (!big_endian && exif[0] != std::byte{'I'}) return 1;
  const Tiff tiff{exif, big_endian};
  const size_t directory = tiff.load<uint32_t>(4);
  const size_t count = tiff.load<uint16_t>(directory);
  for (size_t index = 0; index < count; ++index) {
    const size_t entry = directory + 2 + index * entry_size;
    if (entry + entry_size > exif.size()) return 1;
    if (tiff.load<uint16_t>(entry) != orientation_tag || tiff.load<uint16_t>(entry + 2) != type_short) continue;
    const uint16_t orientation = tiff.load<uint16_t>(entry + 8);
    return orientation >= 1 && orientation <= 8 ? orientation : 1;
  }
  return 1;
}

}  // namespace penstock::core
