#include "core/loader/samples/sample_loader_state.h"

#include <string>
#include <string_view>

#include "core/base/snapshot.h"
#include "core/io/little_endian.h"

namespace penstock::core {
namespace {

constexpr std::string_view kind = "loader-samples";
constexpr uint32_t version = 1;
constexpr uint64_t layout = 0x73616D706C65735F;  // "samples_"

}  // namespace

std::vector<std::byte> save_sample_loader_state(const SampleLoaderState &state) {
  SnapshotWriter writer(kind, version, layout);
  std::string place;
  for (const uint64_t number : {state.options_fingerprint, state.set_fingerprint, state.place.epoch, state.place.batch,
                                state.place.bad_samples})
    append_little_endian(place, number);
  writer.add("place", bytes_of(place));
  return writer.finish();
}

SampleLoaderState read_sample_loader_state(std::span<const std::byte> bytes) {
  const SnapshotReader snapshot = SnapshotReader::open(bytes, kind, version, layout);
  RecordReader reader(snapshot.section("place"), "the state's place");
  SampleLoaderState state;
  for (uint64_t *const number : {&state.options_fingerprint, &state.set_fingerprint, &state.place.epoch,
                                 &state.place.batch, &state.place.bad_samples})
    *number = reader.u64();
  return state;
}

}  // namespace penstock::core
