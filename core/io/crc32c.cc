#include "core/io/crc32c.h"

#include <array>

#include "core/io/little_endian.h"

namespace penstock::core {
namespace {

constexpr uint32_t polynomial = 0x82F63B78;  // reflected
constexpr size_t step = 8;                   // bytes that are taken in at once

// tables[k][byte]: what a byte does to the CRC once k zero bytes followed it.
using Tables = std::array<std::array<uint32_t, 256>, step>;

constexpr Tables make_tables() {
  Tables tables{};
  for (uint32_t byte = 0; byte < 256; ++byte) {
    uint32_t crc = byte;
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) != 0 ? polynomial : 0);
    tables[0][byte] = crc;
  }
  for (size_t table = 1; table < step; ++table)
    for (size_t byte = 0; byte < 256; ++byte) {
      const uint32_t before = tables[table - 1][byte];
      tables[table][byte] = (before >> 8) ^ tables[0][before & 0xFF];
    }
  return tables;
}

constexpr Tables tables = make_tables();

#if defined(__x86_64__)

__attribute__((target("sse4.2"))) uint32_t crc32c_by_instruction(uint32_t crc, std::span<const std::byte> bytes) {
  uint64_t wide = ~crc;
  for (; bytes.size() >= step; bytes = bytes.subspan(step))
    wide = __builtin_ia32_crc32di(wide, load_little_endian<uint64_t>(bytes.data()));
  auto narrow = static_cast<uint32_t>(wide);
  for (const std::byte byte : bytes) narrow = __builtin_ia32_crc32qi(narrow, std::to_integer<unsigned char>(byte));
  return ~narrow;
}

bool has_instruction() {
  static const bool has = __builtin_cpu_supports("sse4.2") != 0;
  return has;
}

#endif

}  // namespace

uint32_t crc32c_portable(uint32_t crc, std::span<const std::byte> bytes) {
  crc = ~crc;
  for (; bytes.size() >= step; bytes = bytes.subspan(step)) {
    const uint64_t word = load_little_endian<uint64_t>(bytes.data()) ^ crc;
    crc = 0;
    for (size_t byte = 0; byte < step; ++byte) crc ^= tables[step - 1 - byte][(word >> (8 * byte)) & 0xFF];
  }
  for (const std::byte byte : bytes) crc = (crc >> 8) ^ tables[0][(crc ^ std::to_integer<uint32_t>(byte)) & 0xFF];
  return ~crc;
}

uint32_t crc32c(uint32_t crc, std::span<const std::byte> bytes) {
#if defined(__x86_64__)
  if (has_instruction()) return crc32c_by_instruction(crc, bytes);
#endif
  return crc32c_portable(crc, bytes);
}

}  // namespace penstock::core
