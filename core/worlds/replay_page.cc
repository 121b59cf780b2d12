#include "core/worlds/replay_page.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <numeric>
#include <string_view>
#include <utility>

#include "core/base/error.h"
#include "core/io/atomic_file.h"
#include "core/io/base64.h"
#include "core/io/deflate.h"
#include "core/io/utf8.h"
#include "core/worlds/page/page.h"
#include "core/worlds/shapes.h"
#include "core/worlds/worlds.h"

namespace penstock::core {
namespace {

constexpr int32_t deflate_level = 9;
constexpr int64_t worlds_by_default = 8;

using Layers = std::vector<std::vector<Shape>>;  // the picture, and what is shown on top of it

// What the page has of one world.
struct ShownWorld {
  int64_t world = 0;
  std::string drawing;
  size_t last_frame = 0;                    // where it begins in the drawing
  Layers shown, before;                     // in the last frame, and in the one before
  std::vector<std::vector<float>> rewards;  // by element of a world's reward, by frame
  // By frame: the number of the episode that begins, and its seed; how one ended; what is said beneath from there on.
  std::vector<std::pair<int64_t, std::string>> begins, seeds, ended, captions;
};

struct Frame {
  int64_t step;     // how many were taken
  bool is_changed;  // since then worlds were reset, restored or set
};

class Filming final : public ReplayObserver {
 public:
  explicit Filming(const ReplayPageOptions &options) : options_(options) {}

  void begin(const Worlds &worlds) override;
  void step(const Worlds &worlds) override;
  void change(const Worlds &worlds) override;

  const std::vector<ShownWorld> &worlds() const { return worlds_; }
  const std::vector<Frame> &frames() const { return frames_; }
  std::span<const std::string_view> overlays() const { return overlays_; }
  PictureSize size() const { return size_; }
  int64_t steps() const { return steps_; }

 private:
  bool is_wanted() const {
    return steps_ >= options_.first_step && steps_ - options_.first_step <= options_.step_count;
  }
  void add_frame(const Worlds &worlds, bool is_changed);
  void add_to(ShownWorld &shown, const Worlds &worlds, bool is_first);
  void note_outcome(ShownWorld &shown, const Worlds &worlds, bool is_step);
  void drop_last_frame(ShownWorld &shown);

  ReplayPageOptions options_;
  std::vector<ShownWorld> worlds_;
  std::vector<Frame> frames_;
  std::span<const std::string_view> overlays_;
  PictureSize size_{};
  int64_t steps_ = 0;
};

void Filming::begin(const Worlds &worlds) {
  std::vector<int64_t> chosen = options_.worlds;
  if (chosen.empty()) {
    chosen.resize(static_cast<size_t>(std::min(worlds.num_worlds(), worlds_by_default)));
    std::iota(chosen.begin(), chosen.end(), 0);
  }
  for (const int64_t world : chosen) {
    worlds.require_world(world);
    if (std::any_of(worlds_.begin(), worlds_.end(), [&](const ShownWorld &shown) { return shown.world == world; }))
      fail(Status::invalid_argument, "world ", world, " is to be shown twice");
    ShownWorld shown;
    shown.world = world;
    shown.rewards.resize(static_cast<size_t>(element_count(worlds.find_field("reward").shape)));
    worlds_.push_back(std::move(shown));
  }
  overlays_ = worlds.game().overlays();
  size_ = worlds.game().picture_size();
  if (is_wanted()) add_frame(worlds, false);
}

void Filming::step(const Worlds &worlds) {
  ++steps_;
  if (is_wanted()) add_frame(worlds, false);
}

// What is done between two steps is one frame.
void Filming::change(const Worlds &worlds) {
  if (!is_wanted()) return;
  if (!frames_.empty() && frames_.back().is_changed) {
    frames_.pop_back();
    for (ShownWorld &shown : worlds_) drop_last_frame(shown);
  }
  add_frame(worlds, true);
}

void Filming::drop_last_frame(ShownWorld &shown) {
  shown.drawing.resize(shown.last_frame);
  shown.shown = shown.before;
  for (std::vector<float> &row : shown.rewards) row.pop_back();
  for (auto *list : {&shown.begins, &shown.seeds, &shown.ended, &shown.captions})
    if (!list->empty() && list->back().first == static_cast<int64_t>(frames_.size())) list->pop_back();
}

void Filming::add_frame(const Worlds &worlds, bool is_changed) {
  size_t bytes = 0;
  for (ShownWorld &shown : worlds_) {
    note_outcome(shown, worlds, !is_changed && !frames_.empty());
    add_to(shown, worlds, frames_.empty());
    bytes += shown.drawing.size() + shown.rewards.size() * frames_.size() * sizeof(double);
  }
  frames_.push_back({steps_, is_changed});
  if (bytes > ReplayPageOptions::most_bytes)
    fail(Status::out_of_range, "the page would show more than ", ReplayPageOptions::most_bytes, " bytes after ",
         frames_.size(), " frames of ", worlds_.size(), " worlds: choose fewer worlds or steps");
}

void Filming::add_to(ShownWorld &shown, const Worlds &worlds, bool is_first) {
  Layers layers;
  for (size_t layer = 0; layer <= overlays_.size(); ++layer) {
    ShapeCanvas canvas(size_.width, size_.height);
    if (layer == 0)
      worlds.draw(canvas, shown.world);
    else
      worlds.draw_overlay(canvas, shown.world, layer - 1);
    layers.push_back(canvas.shapes());
  }
  if (is_first) shown.shown.resize(layers.size());
  shown.last_frame = shown.drawing.size();
  for (size_t layer = 0; layer < layers.size(); ++layer)
    append_shapes(shown.drawing, layers[layer], shown.shown[layer]);
  shown.before = std::exchange(shown.shown, std::move(layers));
}

// A frame that no step led to has no reward, and ends no episode.
void Filming::note_outcome(ShownWorld &shown, const Worlds &worlds, bool is_step) {
  const auto frame = static_cast<int64_t>(frames_.size());
  const auto world = static_cast<size_t>(shown.world);
  const auto *rewards = reinterpret_cast<const float *>(worlds.tensor("reward").data) + world * shown.rewards.size();
  for (size_t element = 0; element < shown.rewards.size(); ++element)
    shown.rewards[element].push_back(is_step ? rewards[element] : 0.0f);
  for (const char *flag : {"truncated", "terminated"}) {
    const Tensor flags = worlds.tensor(flag);
    if (is_step && reinterpret_cast<const uint8_t *>(flags.data)[world] != 0) {
      if (!shown.ended.empty() && shown.ended.back().first == frame) shown.ended.pop_back();  // terminated says more
      shown.ended.emplace_back(frame, flag);
    }
  }
  const std::string seed = text(worlds.seed_of(shown.world)), episode = text(worlds.episode_of(shown.world));
  if (shown.begins.empty() || shown.begins.back().second != episode || shown.seeds.back().second != seed) {
    shown.begins.emplace_back(frame, episode);
    shown.seeds.emplace_back(frame, seed);
  }
  const std::string caption = worlds.game().caption(shown.world);
  if (shown.captions.empty() ? !caption.empty() : shown.captions.back().second != caption)
    shown.captions.emplace_back(frame, caption);
}

// ---- As text ----

// Within a script of a page: nothing in it ends the script or begins another.
void append_json(std::string &out, std::string_view value) {
  const std::string shown = is_utf8(value) ? std::string(value) : in_quotes(value);
  constexpr std::string_view digits = "0123456789abcdef";
  out += '"';
  for (const char character : shown) {
    const auto code = static_cast<uint8_t>(character);
    if (code < 0x20 || character == '"' || character == '\\' || character == '<' || character == '>' ||
        character == '&') {
      out += "\\u00";
      out += digits[code >> 4U];
      out += digits[code & 15U];
    } else {
      out += character;
    }
  }
  out += '"';
}

template <typename Items, typename Append>
void append_array(std::string &out, const Items &items, const Append &append) {
  out += '[';
  bool is_first = true;
  for (const auto &item : items) {
    if (!std::exchange(is_first, false)) out += ',';
    append(item);
  }
  out += ']';
}

void append_list(std::string &out, std::string_view name, const std::vector<std::pair<int64_t, std::string>> &list) {
  out += text(",\"", name, "\":");
  append_array(out, list, [&](const auto &entry) {
    out += text('[', entry.first, ',');
    append_json(out, entry.second);
    out += ']';
  });
}

void append_world(std::string &out, const ShownWorld &shown, size_t begin) {
  out += text("{\"world\":", shown.world, ",\"begin\":", begin, ",\"rewards\":");
  append_array(out, shown.rewards, [&](const std::vector<float> &row) {
    append_array(out, row, [&](float reward) { out += std::isfinite(reward) ? text(reward) : "null"; });
  });
  append_list(out, "begins", shown.begins);
  append_list(out, "seeds", shown.seeds);
  append_list(out, "ended", shown.ended);
  append_list(out, "captions", shown.captions);
  out += '}';
}

std::string plural(int64_t count, std::string_view noun) { return text(count, ' ', noun, count == 1 ? "" : "s"); }

std::string verdict_of(const ReplayReport &report) {
  if (!report.difference)
    return report.is_complete
               ? "verified: every hash is the recorded one"
               : text("verified as far as it goes: the recording is cut short after ", plural(report.steps, "step"));
  std::string verdict = text("differs from what was recorded in step ", report.difference->step);
  if (report.difference->world >= 0) verdict += text(", first in world ", report.difference->world);
  return verdict;
}

std::string facts_of(const Filming &film, const ReplayReport &report) {
  std::string facts = "{\"game\":";
  append_json(facts, report.game);
  facts += ",\"about\":";
  append_json(facts, text(plural(report.steps, "step"), " of ", plural(report.num_worlds, "world"),
                          ", recorded by penstock ", report.library));
  facts += ",\"verdict\":";
  append_json(facts, verdict_of(report));
  facts += text(",\"is_same\":", report.difference ? "false" : "true", ",\"width\":", film.size().width,
                ",\"height\":", film.size().height, ",\"overlays\":");
  append_array(facts, film.overlays(), [&](std::string_view name) { append_json(facts, name); });
  facts += ",\"steps\":";
  append_array(facts, film.frames(), [&](const Frame &frame) { facts += text(frame.step); });
  std::vector<size_t> changed;
  for (size_t frame = 0; frame < film.frames().size(); ++frame)
    if (film.frames()[frame].is_changed) changed.push_back(frame);
  facts += ",\"changed\":";
  append_array(facts, changed, [&](size_t frame) { facts += text(frame); });
  facts += ",\"worlds\":";
  size_t begin = 0;
  append_array(facts, film.worlds(), [&](const ShownWorld &shown) {
    append_world(facts, shown, begin);
    begin += shown.drawing.size();
  });
  return facts + '}';
}

std::string drawing_of(const Filming &film) {
  std::string drawing;
  for (const ShownWorld &shown : film.worlds()) drawing += shown.drawing;
  const Buffer packed = deflate(std::as_bytes(std::span(drawing)), deflate_level);
  return as_base64({packed.bytes.get(), packed.size});
}

std::string in_html(std::string_view value) {
  std::string out;
  for (const char character : value) {
    if (character == '<')
      out += "&lt;";
    else if (character == '>')
      out += "&gt;";
    else if (character == '&')
      out += "&amp;";
    else
      out += character;
  }
  return out;
}

// The page with each {{name}} replaced, once: what is put in is not looked through.
std::string fill_in(std::string_view page, std::span<const std::pair<std::string_view, std::string>> parts) {
  std::string out;
  for (size_t place = page.find("{{"); place != std::string_view::npos; place = page.find("{{")) {
    const size_t end = page.find("}}", place);
    const std::string_view name = page.substr(place + 2, end - place - 2);
    out += page.substr(0, place);
    for (const auto &[known, content] : parts)
      if (known == name) out += content;
    page.remove_prefix(end + 2);
  }
  return out += page;
}

void check_options(const ReplayPageOptions &options) {
  if (static_cast<int64_t>(options.worlds.size()) > ReplayPageOptions::most_worlds)
    fail(Status::out_of_range, options.worlds.size(), " worlds are to be shown: expected ",
         ReplayPageOptions::most_worlds, " at most");
  if (options.first_step < 0) fail(Status::out_of_range, "first_step is ", options.first_step, ": expected at least 0");
  if (options.step_count < 1 || options.step_count > ReplayPageOptions::most_steps)
    fail(Status::out_of_range, "step_count is ", options.step_count, ": expected 1 to ", ReplayPageOptions::most_steps);
}

}  // namespace

ReplayReport write_replay_page(const std::string &page_path, const std::string &recording_path,
                               const ReplayOptions &replay, const ReplayPageOptions &page) {
  check_options(page);
  Filming film(page);
  ReplayReport report = replay_recording(recording_path, replay, &film);
  if (film.frames().empty())
    fail(Status::out_of_range, "first_step is ", page.first_step, ": expected 0 to ", film.steps(),
         ", as many steps as the recording has");
  const std::pair<std::string_view, std::string> parts[] = {{"title", in_html(text(report.game, " · replay"))},
                                                            {"style", std::string(page_style)},
                                                            {"facts", facts_of(film, report)},
                                                            {"drawing", drawing_of(film)},
                                                            {"script", std::string(page_script)}};
  const std::string content = fill_in(page_html, parts);
  AtomicFile file(page_path);
  file.append(std::as_bytes(std::span(content)));
  file.commit();
  return report;
}

}  // namespace penstock::core
