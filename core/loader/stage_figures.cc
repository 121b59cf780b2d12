#include "core/loader/stage_figures.h"

#include <algorithm>
#include <cstdio>

#include "core/base/text.h"
#include "core/io/utf8.h"

namespace penstock::core {
namespace {

double busy_share(const StageFigures &stage, double seconds) {
  return seconds > 0 ? std::clamp(stage.busy_seconds / (seconds * stage.threads), 0.0, 1.0) : 0;
}

}  // namespace

// Paths may hold anything; JSON is UTF-8.
std::string quoted_json(std::string_view text) {
  const bool is_plain = is_utf8(text);
  std::string out = "\"";
  for (const char character : text) {
    const auto byte = static_cast<unsigned char>(character);
    if (character == '"' || character == '\\') {
      out += '\\';
      out += character;
    } else if (byte < 0x20 || (byte >= 0x80 && !is_plain)) {
      char escaped[8];
      std::snprintf(escaped, sizeof(escaped), "\\u%04x", byte);
      out += escaped;
    } else {
      out += character;
    }
  }
  return out += '"';
}

std::string stage_json(const StageFigures &stage, double seconds) {
  const double load = busy_share(stage, seconds);
  return text("{\"name\":\"", stage.name, "\",\"unit\":\"", stage.unit, "\",\"threads\":", stage.threads,
              ",\"items\":", stage.items, ",\"bytes\":", stage.bytes,
              ",\"rate\":", seconds > 0 ? static_cast<double>(stage.items) / seconds : 0.0, ",\"load\":", load,
              ",\"wait\":", 1 - load, ",\"queue\":{\"capacity\":", stage.queue.capacity,
              ",\"fill_now\":", stage.queue.fill, ",\"fill_mean\":", stage.queue.mean_fill,
              ",\"drops\":", stage.queue.dropped, "}}");
}

std::string slowest_stage(const std::vector<StageFigures> &stages) {
  const auto busy = [](const StageFigures &stage) { return stage.busy_seconds / stage.threads; };
  const auto slowest = std::max_element(stages.begin(), stages.end(),
                                        [&](const auto &one, const auto &other) { return busy(one) < busy(other); });
  if (slowest == stages.end() || busy(*slowest) == 0) return "no stage has begun its work";
  return text("the stage ", slowest->name, " is the busiest, with ", slowest->items, " ", slowest->unit, " done");
}

}  // namespace penstock::core
