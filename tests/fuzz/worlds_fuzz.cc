// Any bytes are either refused, and then nothing has changed, or are taken as worlds, which can be stepped and kept again.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <span>
#include <vector>

#include "core/base/error.h"
#include "core/base/snapshot.h"
#include "core/worlds/worlds.h"

namespace {

using namespace penstock::core;

void require(bool condition) {
  if (!condition) std::abort();
}

// What the snapshots of corpus/worlds are of: two worlds, the autoreset being no part of a snapshot.
Worlds make_worlds(Autoreset autoreset) {
  WorldsOptions options;
  options.num_worlds = 2;
  options.seeds = {7};
  options.autoreset = autoreset;
  options.episode_length = 3;
  options.actions = ActionRule::clamp;
  options.game.randomness = Randomness::gymnasium;
  return Worlds("MountainCarContinuous-v0", options);
}

void restore_and_step(std::span<const std::byte> bytes, Autoreset autoreset) {
  Worlds worlds = make_worlds(autoreset);
  const std::vector<uint64_t> before = worlds.hashes();
  try {
    worlds.restore(bytes, {}, {});
  } catch (const Error &error) {
    require(error.status() == Status::data_error || error.status() == Status::invalid_argument);
    require(!error.sentence().empty() && worlds.hashes() == before);
    return;
  }
  const std::vector<std::byte> again = worlds.snapshot();
  for (int step = 0; step < 5; ++step) worlds.step();
  worlds.restore(again, {}, {});
  require(worlds.snapshot() == again);
}

}  // namespace

// A size, a layout and a checksum that fit are beyond a fuzzer's reach, so each input is tried with them mended as well.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  constexpr size_t layout_field = 16, size_field = 24;
  static const std::vector<std::byte> valid = make_worlds(Autoreset::same_step).snapshot();
  const auto input = std::as_bytes(std::span(data, size));
  restore_and_step(input, Autoreset::same_step);
  if (size < size_field + 8) return 0;
  std::vector<std::byte> mended(input.begin(), input.end());
  std::memcpy(mended.data() + layout_field, valid.data() + layout_field, 8);
  for (size_t byte = 0; byte < 8; ++byte)
    mended[size_field + byte] = static_cast<std::byte>(uint64_t{size} >> (8 * byte));
  seal_snapshot(mended);
  for (const Autoreset autoreset : {Autoreset::next_step, Autoreset::same_step, Autoreset::disabled})
    restore_and_step(mended, autoreset);
  return 0;
}
