// Levels of GridWorld as anybody may write them: each input is compiled, and what compiles is played.
#include <cstddef>
#include <cstdint>
#include <string>

#include "core/base/error.h"
#include "core/worlds/worlds.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  using namespace penstock::core;
  WorldsOptions options;
  options.num_worlds = 2;
  options.threads = 1;
  options.game.levels = {{"input", std::string(reinterpret_cast<const char *>(data), size)}};
  try {
    Worlds worlds("GridWorld", options);
    const Tensor action = worlds.tensor("action");
    auto *actions = reinterpret_cast<int32_t *>(action.data);
    for (int32_t step = 0; step < 20; ++step) {
      for (int64_t index = 0; index < action.element_count(); ++index)
        actions[index] = static_cast<int32_t>((static_cast<size_t>(step) * 7 + static_cast<size_t>(index) + size) % 5);
      worlds.step();
    }
    worlds.restore(worlds.snapshot(), {}, {});
  } catch (const Error &) {  // NOLINT(bugprone-empty-catch): a refusal is what is due
  }
  return 0;
}
