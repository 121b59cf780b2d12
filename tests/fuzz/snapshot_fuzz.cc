// Any bytes are either refused as damaged data or open as a snapshot that, written again, gives the same bytes.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <vector>

#include "core/base/error.h"
#include "core/base/snapshot.h"

namespace {

using namespace penstock::core;

// What the snapshots of corpus/snapshot are of.
constexpr const char *kind = "fuzz";
constexpr uint32_t newest_version = 3;
constexpr uint64_t layout_hash = 0x0123456789abcdef;

void require(bool condition) {
  if (!condition) std::abort();
}

void open_and_write_again(std::span<const std::byte> bytes) {
  try {
    const SnapshotReader reader = SnapshotReader::open(bytes, kind, newest_version, layout_hash);
    SnapshotWriter writer(kind, reader.version(), layout_hash);
    for (const auto &section : reader.sections()) {
      require(reader.section(section.name).data() == section.bytes.data());
      writer.add(section.name, section.bytes);
    }
    const std::vector<std::byte> again = writer.finish();
    require(std::equal(again.begin(), again.end(), bytes.begin(), bytes.end()));
  } catch (const Error &error) {
    require(error.status() == Status::data_error && !error.sentence().empty());
  }
}

}  // namespace

// A size and a checksum that fit are beyond a fuzzer's reach, so each input is tried with them mended as well.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  constexpr size_t size_field = 24;
  const auto input = std::as_bytes(std::span(data, size));
  open_and_write_again(input);
  std::vector<std::byte> mended(input.begin(), input.end());
  seal_snapshot(mended);
  open_and_write_again(mended);
  if (size < size_field + 8) return 0;
  for (int byte = 0; byte < 8; ++byte) mended[size_field + byte] = static_cast<std::byte>(uint64_t{size} >> (8 * byte));
  seal_snapshot(mended);
  open_and_write_again(mended);
  return 0;
}
