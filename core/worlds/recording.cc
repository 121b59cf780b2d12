#include "core/worlds/recording.h"

#include <unistd.h>

#include <algorithm>
#include <bit>
#include <new>
#include <utility>

#include "core/base/error.h"
#include "core/io/little_endian.h"
#include "core/io/utf8.h"
#include "core/worlds/recording_format.h"

namespace penstock::core {
namespace {

template <typename Value>
void append_values(std::string &out, std::span<const Value> values) {
  out.append(reinterpret_cast<const char *>(values.data()), values.size_bytes());
}

// Bit by bit, the lowest first.
void append_mask(std::string &out, std::span<const bool> mask) {
  for (size_t begin = 0; begin < mask.size(); begin += 8) {
    uint32_t byte = 0;
    for (size_t bit = 0; bit < std::min<size_t>(8, mask.size() - begin); ++bit)
      byte |= uint32_t{mask[begin + bit]} << bit;
    out += static_cast<char>(byte);
  }
}

}  // namespace

Recorder::Recorder(const std::string &path, const Worlds &worlds)
    : worlds_(worlds),
      packing_(worlds.find_field("action")),
      header_(encode_recording_header(worlds)),
      file_(path),
      process_(::getpid()) {
  file_.append(std::as_bytes(std::span(header_)));
  header_ = {};
}

bool Recorder::is_forked() const { return process_ != ::getpid(); }

// build makes an event's own bytes and gives its flags.
template <typename Build>
void Recorder::write(EventKind kind, std::string_view what, const Build &build) {
  if (has_failed_ || is_forked()) return;
  try {
    std::string payload;
    const uint32_t flags = build(payload);
    const std::string event = encode_event(kind, flags, steps_, payload);
    file_.append(std::as_bytes(std::span(event)));
  } catch (...) {
    has_failed_ = true;
    failure_ = Status::out_of_memory;
    std::string reason = "memory is short";
    try {
      throw;
    } catch (const Error &error) {
      failure_ = error.status();
      reason = error.sentence();
    } catch (const std::bad_alloc &) {
    }
    failure_sentence_ = text(what, " was done, but could not be recorded: ", reason, "; the recording in ",
                             in_quotes(path()), " ends before it, after ", steps_, " steps");
    throw Error(failure_, failure_sentence_);
  }
}

// Of all worlds, one after the other, as the game read them.
std::vector<std::byte> Recorder::read_actions() const {
  const FieldMemory &memory = worlds_.memory_[worlds_.action_];
  const auto size = static_cast<size_t>(memory.bytes_per_world());
  std::vector<std::byte> actions(size * static_cast<size_t>(worlds_.num_worlds()));
  for (int64_t world = 0; world < worlds_.num_worlds(); ++world)
    memory.read_world(actions.data() + static_cast<size_t>(world) * size, world, worlds_.buffer_);
  return actions;
}

void Recorder::step() {
  write(EventKind::step, "the step", [&](std::string &payload) {
    const std::vector<std::byte> actions = read_actions();
    const std::vector<uint64_t> hashes = worlds_.hash_worlds(), field_hashes = worlds_.hash_fields();
    payload.reserve(actions.size() + (hashes.size() + field_hashes.size()) * sizeof(uint64_t));
    const std::span numbers(reinterpret_cast<const int32_t *>(actions.data()), actions.size() / sizeof(int32_t));
    const bool is_packed = packing_.is_possible() && packing_.pack(payload, numbers);
    if (!is_packed) append_values<std::byte>(payload, actions);
    const size_t size = actions.size() / hashes.size();
    for (size_t world = 0; world < hashes.size(); ++world)
      append_little_endian(payload, world_mark(hashes[world], std::span(actions).subspan(world * size, size)));
    append_values<uint64_t>(payload, field_hashes);
    return is_packed ? step_is_packed : 0;
  });
  ++steps_;
}

void Recorder::reset(std::span<const bool> mask, std::span<const uint64_t> seeds) {
  write(EventKind::reset, "the reset", [&](std::string &payload) {
    append_mask(payload, mask);
    append_values(payload, seeds);
    return (mask.empty() ? 0 : reset_has_mask) | (seeds.empty()       ? 0
                                                  : seeds.size() == 1 ? reset_has_one_seed
                                                                      : reset_has_seeds);
  });
}

void Recorder::set_state(int64_t world, std::span<const double> state) {
  write(EventKind::set_state, "the setting of a state", [&](std::string &payload) {
    append_little_endian(payload, static_cast<uint64_t>(world));
    append_values(payload, state);
    return 0U;
  });
}

void Recorder::restore(std::span<const int64_t> worlds) {
  write(EventKind::restore, "the restoring", [&](std::string &payload) {
    append_little_endian(payload, uint64_t{worlds.size()});
    append_values(payload, worlds);
    append_deflated(payload, worlds_.snapshot_of(worlds));
    return 0U;
  });
}

void Recorder::set_parameter(std::string_view name, double value) {
  write(EventKind::set_parameter, "the setting of a parameter", [&](std::string &payload) {
    append_little_endian(payload, static_cast<uint32_t>(name.size()));
    payload += name;
    append_little_endian(payload, std::bit_cast<uint64_t>(value));
    return 0U;
  });
}

void Recorder::finish() {
  write(EventKind::end, "the last step", [&](std::string &payload) {
    append_values<uint64_t>(payload, worlds_.hash_worlds());
    std::vector<uint64_t> hashes = worlds_.hash_fields();
    for (int64_t index = 0; index < worlds_.tensor_count();
         ++index)  // the caller may have written the next actions already
      if (worlds_.tensor_field(index).role == FieldRole::action) hashes[static_cast<size_t>(index)] = 0;
    append_values<uint64_t>(payload, hashes);
    return 0U;
  });
  if (has_failed_) throw Error(failure_, failure_sentence_);
  if (!is_forked()) file_.close();
}

// ---- What the worlds do about it ----

void Worlds::start_recording(const std::string &path) {
  require_idle();
  if (recorder_ != nullptr)
    fail(Status::invalid_argument, "these worlds are being recorded to ", in_quotes(recorder_->path()),
         " already: stop that first");
  recorder_ = std::make_unique<Recorder>(path, *this);
}

void Worlds::stop_recording() {
  require_idle();
  const std::unique_ptr<Recorder> recorder = std::move(recorder_);
  if (recorder != nullptr) recorder->finish();
}

}  // namespace penstock::core
