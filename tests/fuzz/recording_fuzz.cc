// Any file is either refused as a recording or replayed; with every checksum mended, too, which a fuzzer would not hit upon.
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "core/base/error.h"
#include "core/worlds/recording_format.h"
#include "core/worlds/replay.h"
#include "memory_file.h"

namespace {

using namespace penstock::core;

void replay_or_refuse(std::span<const std::byte> bytes) {
  const MemoryFile file(bytes.data(), bytes.size());
  try {
    const ReplayReport report = replay_recording(file.path(), {1, 1, WorldsKernel::automatic, {}});
    require(report.num_worlds > 0 && report.steps >= 0);
    require(!(report.difference && report.is_complete && report.difference->world_count > report.num_worlds));
  } catch (const Error &error) {
    require(error.status() == Status::data_error && !error.sentence().empty());
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  const auto input = std::as_bytes(std::span(data, size));
  replay_or_refuse(input);
  std::vector<std::byte> mended(input.begin(), input.end());
  seal_recording(mended);
  replay_or_refuse(mended);
  return 0;
}
