#include "core/worlds/replay.h"

#include <bit>
#include <cstring>
#include <memory>
#include <string_view>
#include <vector>

#include "core/base/error.h"
#include "core/io/little_endian.h"
#include "core/tensor/copy.h"
#include "core/tensor/create.h"
#include "core/worlds/recording_actions.h"
#include "core/worlds/recording_reader.h"
#include "core/worlds/worlds.h"

namespace penstock::core {
namespace {

using Difference = std::optional<ReplayDifference>;

uint64_t number_at(std::span<const std::byte> numbers, size_t index) {
  return load_little_endian<uint64_t>(numbers.data() + index * sizeof(uint64_t));
}

WorldsOptions options_for(const RecordingHeader &header, const ReplayOptions &options) {
  WorldsOptions made = header.options;
  made.threads = options.threads;
  made.buffers = options.buffers;
  made.game.kernel = options.kernel;
  return made;
}

// One bit a world, the lowest first.
std::unique_ptr<bool[]> read_mask(std::span<const std::byte> bits, size_t num_worlds) {
  auto mask = std::make_unique<bool[]>(num_worlds);
  for (size_t world = 0; world < bits.size() * 8; ++world) {
    const bool bit = (bits[world / 8] >> (world % 8) & std::byte{1}) != std::byte{0};
    if (world < num_worlds)
      mask[world] = bit;
    else if (bit)
      fail(Status::data_error, "its mask chooses world ", world, " of ", num_worlds);
  }
  return mask;
}

class Replay {
 public:
  Replay(const std::string &path, const ReplayOptions &options)
      : reader_(path),
        worlds_(reader_.header().game, options_for(reader_.header(), options)),
        packing_(worlds_.find_field("action")),
        action_(worlds_.tensor("action")),
        actions_(empty(action_.dtype, action_.shape, {})),
        progress_(options.progress) {
    in_place("the worlds that it begins with", [&] { worlds_.restore(reader_.header().worlds, {}, {}); });
  }

  ReplayReport run(ReplayObserver *observer);

 private:
  template <typename Body>
  void in_place(const std::string &what, const Body &body) const;
  std::string describe(const RecordedEvent &event) const;
  [[noreturn]] void fail_on_damage(const RecordedEvent &event);
  Difference apply(const RecordedEvent &event);
  Difference apply_step(const RecordedEvent &event);
  Difference apply_end(const RecordedEvent &event) const;
  void clear_reset_requests();
  void apply_reset(const RecordedEvent &event);
  void apply_set_state(std::span<const std::byte> payload);
  void apply_restore(std::span<const std::byte> payload);
  void apply_set_parameter(std::span<const std::byte> payload);
  Difference find_difference(const std::vector<uint64_t> &marks, const std::vector<uint64_t> &fields,
                             std::span<const std::byte> recorded) const;
  void notify(ReplayObserver &observer, EventKind kind) const;
  void report_progress();
  size_t world_count() const { return static_cast<size_t>(worlds_.num_worlds()); }
  size_t hashes_size() const {
    return (world_count() + static_cast<size_t>(worlds_.tensor_count())) * sizeof(uint64_t);
  }

  RecordingReader reader_;
  Worlds worlds_;
  ActionPacking packing_;
  Tensor action_, actions_;  // the worlds' own, and row by row as the recording has them
  Progress progress_;
  uint64_t reported_ = 0;
  int64_t steps_ = 0;
};

// Whatever a recording asks for and cannot be had is its fault, and is told with its place.
template <typename Body>
void Replay::in_place(const std::string &what, const Body &body) const {
  try {
    body();
  } catch (const Error &error) {
    const Status status = error.status();
    if (status != Status::data_error && status != Status::invalid_argument && status != Status::out_of_range &&
        status != Status::not_found)
      throw;
    fail(Status::data_error, reader_.place(), " cannot be replayed at ", what, ": ", error.sentence());
  }
}

std::string Replay::describe(const RecordedEvent &event) const {
  constexpr std::string_view names[] = {
      "", "", "the reset", "the setting of a state", "the restoring", "the setting of a parameter", "the end"};
  const std::string at = text(" (byte ", event.offset, ")");
  if (event.kind == EventKind::step) return text("step ", steps_, at);
  return text(names[static_cast<size_t>(event.kind)], " after ", steps_, " steps", at);
}

// What fails its checksum is tried all the same: which world comes out otherwise is where the damage lies.
void Replay::fail_on_damage(const RecordedEvent &event) {
  const std::string place = describe(event);
  std::string found;
  if (event.kind == EventKind::step || event.kind == EventKind::end) {
    try {
      const Difference difference = apply(event);
      if (difference && difference->world >= 0)
        found = text("; the first world that does not fit is world ", difference->world);
      if (difference && !difference->field.empty())
        found += text("; the first tensor that does not fit is ", difference->field);
    } catch (const Error &error) {
      if (error.status() == Status::out_of_memory) throw;
      found = text("; ", error.sentence());
    }
  }
  fail(Status::data_error, reader_.place(), " is damaged at ", place, ": it fails its checksum", found);
}

ReplayReport Replay::run(ReplayObserver *observer) {
  const RecordingHeader &header = reader_.header();
  ReplayReport report;
  report.game = header.game;
  report.library = header.library;
  report.num_worlds = worlds_.num_worlds();
  report.follows_libm =
      header.options.game.randomness == Randomness::gymnasium && header.options.game.precision == Precision::float64;
  if (observer != nullptr) observer->begin(worlds_);
  RecordedEvent event;
  while (!report.difference && reader_.next(event, static_cast<uint64_t>(steps_))) {
    if (event.is_damaged) fail_on_damage(event);
    in_place(describe(event), [&] { report.difference = apply(event); });
    if (event.kind == EventKind::step) ++steps_;
    report.is_complete = event.kind == EventKind::end;
    if (observer != nullptr) notify(*observer, event.kind);
    report_progress();
  }
  report.steps = steps_;
  if (!report.difference) progress_.report(reader_.size(), reader_.size());
  return report;
}

void Replay::notify(ReplayObserver &observer, EventKind kind) const {
  switch (kind) {
    case EventKind::step: return observer.step(worlds_);
    case EventKind::reset:
    case EventKind::set_state:
    case EventKind::restore: return observer.change(worlds_);
    case EventKind::set_parameter:
    case EventKind::end: return;
  }
}

void Replay::report_progress() {
  const uint64_t done = reader_.offset(), total = reader_.size();
  if (done - reported_ < total / 1000 || done == total) return;
  progress_.report(done, total);
  reported_ = done;
}

Difference Replay::apply(const RecordedEvent &event) {
  if (event.flags != 0 && event.kind != EventKind::step && event.kind != EventKind::reset)
    fail(Status::data_error, "its flags are ", event.flags, ": expected 0");
  switch (event.kind) {
    case EventKind::step: return apply_step(event);
    case EventKind::reset: apply_reset(event); break;
    case EventKind::set_state: apply_set_state(event.payload); break;
    case EventKind::restore: apply_restore(event.payload); break;
    case EventKind::set_parameter: apply_set_parameter(event.payload); break;
    case EventKind::end: return apply_end(event);
  }
  return {};
}

void require_size(std::span<const std::byte> payload, uint64_t expected) {
  if (payload.size() != expected) fail(Status::data_error, "it has ", payload.size(), " bytes: expected ", expected);
}

Difference Replay::apply_step(const RecordedEvent &event) {
  if (event.flags > step_is_packed || (event.flags == step_is_packed && !packing_.is_possible()))
    fail(Status::data_error, "its flags are ", event.flags, ": expected 0", packing_.is_possible() ? " or 1" : "");
  const bool is_packed = event.flags == step_is_packed;
  const auto raw_size = static_cast<size_t>(actions_.nbytes());
  const size_t size = is_packed ? packing_.packed_size(worlds_.num_worlds()) : raw_size;
  require_size(event.payload, size + hashes_size());
  if (is_packed)
    packing_.unpack({reinterpret_cast<int32_t *>(actions_.data), raw_size / sizeof(int32_t)},
                    event.payload.first(size));
  else
    std::memcpy(actions_.data, event.payload.data(), size);
  copy(action_, actions_, Casting::same_kind);
  clear_reset_requests();
  worlds_.step();
  std::vector<uint64_t> marks = worlds_.hashes();
  const size_t world_size = raw_size / marks.size();
  for (size_t world = 0; world < marks.size(); ++world)
    marks[world] = world_mark(marks[world], {actions_.data + world * world_size, world_size});
  return find_difference(marks, worlds_.field_hashes(), event.payload.subspan(size));
}

// The recording has what came of them as resets; those that it began with were in its first snapshot.
void Replay::clear_reset_requests() {
  for (int64_t index = 0; index < worlds_.tensor_count(); ++index)
    if (worlds_.tensor_field(index).name == "reset") {
      const Tensor requests = worlds_.tensor("reset");
      std::memset(requests.data, 0, static_cast<size_t>(requests.nbytes()));
    }
}

Difference Replay::apply_end(const RecordedEvent &event) const {
  require_size(event.payload, hashes_size());
  std::vector<uint64_t> fields = worlds_.field_hashes();
  for (int64_t index = 0; index < worlds_.tensor_count(); ++index)
    if (worlds_.tensor_field(index).role == FieldRole::action) fields[static_cast<size_t>(index)] = 0;
  return find_difference(worlds_.hashes(), fields, event.payload);
}

Difference Replay::find_difference(const std::vector<uint64_t> &marks, const std::vector<uint64_t> &fields,
                                   std::span<const std::byte> recorded) const {
  ReplayDifference difference;
  difference.step = steps_;
  for (size_t world = marks.size(); world-- > 0;) {
    if (marks[world] == number_at(recorded, world)) continue;
    difference.world = static_cast<int64_t>(world);
    ++difference.world_count;
  }
  for (size_t field = fields.size(); field-- > 0;)
    if (fields[field] != number_at(recorded, marks.size() + field))
      difference.field = worlds_.tensor_field(static_cast<int64_t>(field)).name;
  if (difference.world < 0 && difference.field.empty()) return {};
  return difference;
}

void Replay::apply_reset(const RecordedEvent &event) {
  const uint32_t seed_flags = event.flags & ~reset_has_mask;
  if (seed_flags != 0 && seed_flags != reset_has_one_seed && seed_flags != reset_has_seeds)
    fail(Status::data_error, "its flags are ", event.flags,
         ": expected a mask (1), one seed (2) or a seed a world (4)");
  const bool has_mask = (event.flags & reset_has_mask) != 0;
  const size_t mask_size = has_mask ? (world_count() + 7) / 8 : 0;
  const size_t seed_count = seed_flags == 0 ? 0 : seed_flags == reset_has_one_seed ? 1 : world_count();
  require_size(event.payload, mask_size + seed_count * sizeof(uint64_t));
  std::unique_ptr<bool[]> mask;
  if (has_mask) mask = read_mask(event.payload.first(mask_size), world_count());
  std::vector<uint64_t> seeds(seed_count);
  for (size_t index = 0; index < seed_count; ++index) seeds[index] = number_at(event.payload.subspan(mask_size), index);
  worlds_.reset({mask.get(), has_mask ? world_count() : 0}, seeds);
}

void Replay::apply_set_state(std::span<const std::byte> payload) {
  const auto count = static_cast<size_t>(worlds_.game().state_count());
  require_size(payload, (1 + count) * sizeof(uint64_t));
  std::vector<double> state(count);
  for (size_t index = 0; index < count; ++index) state[index] = std::bit_cast<double>(number_at(payload, 1 + index));
  worlds_.set_state(static_cast<int64_t>(number_at(payload, 0)), state);
}

void Replay::apply_restore(std::span<const std::byte> payload) {
  RecordReader record(payload, "it");
  const uint64_t count = record.u64();
  if (count > world_count() || count > record.remaining() / sizeof(uint64_t))
    fail(Status::data_error, "it restores ", count, " worlds of ", world_count());
  std::vector<int64_t> from(count), to(count);
  for (size_t index = 0; index < count; ++index) {
    from[index] = static_cast<int64_t>(index);
    to[index] = static_cast<int64_t>(record.u64());
  }
  if (count == 0) fail(Status::data_error, "it restores no world");
  worlds_.restore(read_inflated(record.bytes(record.remaining()), snapshot_size(reader_.header(), count), "its worlds"),
                  from, to);
}

void Replay::apply_set_parameter(std::span<const std::byte> payload) {
  RecordReader record(payload, "it");
  const std::span<const std::byte> name = record.bytes(record.u32());
  const auto value = std::bit_cast<double>(record.u64());
  require_size(record.bytes(record.remaining()), 0);
  worlds_.set_parameter({reinterpret_cast<const char *>(name.data()), name.size()}, value);
}

}  // namespace

ReplayReport replay_recording(const std::string &path, const ReplayOptions &options, ReplayObserver *observer) {
  return Replay(path, options).run(observer);
}

}  // namespace penstock::core
