// Worlds as bytes: hashes that prove two runs equal, and snapshots that one run leaves for another.
#include <algorithm>
#include <cstring>
#include <numeric>

#include <xxhash.h>

#include "core/base/error.h"
#include "core/base/snapshot.h"
#include "core/worlds/recording.h"
#include "core/worlds/worlds.h"

namespace penstock::core {
namespace {

constexpr std::string_view snapshot_kind = "worlds";
constexpr uint32_t snapshot_version = 1;

// What the engine keeps of a world beside the fields.
struct WorldRecord {
  uint64_t seed = 0, episode = 0;
  GymnasiumRandom generator{};
};
static_assert(sizeof(WorldRecord) == 48, "no padding: it is hashed and written as bytes");

template <typename Value>
std::span<const std::byte> bytes_of(std::span<const Value> values) {
  return std::as_bytes(values);
}

// What the sections of a snapshot mean: two managers whose layouts differ cannot exchange worlds.
uint64_t layout_hash(const Game &game, const GameOptions &options, std::span<const FieldMemory> memory) {
  std::string layout =
      text(game.name(), ' ', static_cast<int32_t>(options.precision), ' ', static_cast<int32_t>(options.randomness));
  for (const FieldMemory &field : memory)
    layout += text('\n', field.field().name, ' ', dtype_name(field.field().dtype), ' ', field.field().shape);
  for (const LevelText &level : options.levels) layout += text("\nlevels ", level.content.size(), ' ', level.content);
  return XXH3_64bits(layout.data(), layout.size());
}

std::span<const std::byte> section_of(const SnapshotReader &reader, std::string_view name) {
  for (const SnapshotReader::Section &section : reader.sections())
    if (section.name == name) return section.bytes;
  fail(Status::data_error, "the snapshot has no section ", name);
}

// A bool that is neither 0 nor 1 would be undefined behaviour later on.
void check_values(const Field &field, std::span<const std::byte> bytes) {
  if (field.dtype == DType::bool8)
    for (const std::byte byte : bytes)
      if (byte > std::byte{1})
        fail(Status::data_error, "the snapshot's ", field.name, " has a byte ", static_cast<int32_t>(byte),
             ": expected 0 or 1");
  if (field.name == "steps")
    for (size_t at = 0; at < bytes.size(); at += sizeof(int32_t)) {
      int32_t steps;
      std::memcpy(&steps, bytes.data() + at, sizeof(steps));
      if (steps < 0 || steps == INT32_MAX)
        fail(Status::data_error, "the snapshot's steps has ", steps, ": expected 0 to ", INT32_MAX - 1);
    }
}

// Which world of a snapshot goes where.
void check_places(std::span<const int64_t> places, int64_t num_worlds, const char *whose) {
  for (const int64_t place : places)
    if (place < 0 || place >= num_worlds)
      fail(Status::out_of_range, "world ", place, " is outside ", whose, " 0 to ", num_worlds - 1);
}

void check_no_place_twice(std::span<const int64_t> places, int64_t num_worlds) {
  std::vector<bool> is_taken(static_cast<size_t>(num_worlds));
  for (const int64_t place : places) {
    if (is_taken[static_cast<size_t>(place)])
      fail(Status::invalid_argument, "world ", place, " is to be restored twice at once");
    is_taken[static_cast<size_t>(place)] = true;
  }
}

}  // namespace

std::vector<uint64_t> Worlds::hashes() const {
  require_idle();
  return hash_worlds();
}

std::vector<uint64_t> Worlds::hash_worlds() const {
  std::vector<uint64_t> hashes(static_cast<size_t>(num_worlds()));
  const auto hash_world = [&](int64_t world, std::vector<std::byte> &bytes) {
    const auto index = static_cast<size_t>(world);
    WorldRecord record{seeds_[index], episodes_[index]};
    if (!generators_.empty()) record.generator = generators_[index];
    bytes.resize(sizeof(record));
    std::memcpy(bytes.data(), &record, sizeof(record));
    for (size_t field = 0; field < memory_.size(); ++field) {
      if (memory_[field].field().role == FieldRole::action || (is_final(field) && !is_finished(world, buffer_)))
        continue;
      const size_t end = bytes.size();
      bytes.resize(end + static_cast<size_t>(memory_[field].bytes_per_world()));
      memory_[field].read_world(bytes.data() + end, world, buffer_);
    }
    hashes[index] = XXH3_64bits(bytes.data(), bytes.size());
  };
  parallel_for(own_pool_ ? *own_pool_ : process_pool(), num_worlds(), 1024, [&](Range range) {
    std::vector<std::byte> bytes;
    for (int64_t world = range.begin; world < range.end; ++world) hash_world(world, bytes);
  });
  return hashes;
}

// Whether a field is the last observation of an episode: of a world in the midst of one it is of no meaning.
bool Worlds::is_final(size_t field) const {
  return std::any_of(finals_.begin(), finals_.end(), [&](const auto &pair) { return pair.second == field; });
}

std::vector<uint64_t> Worlds::field_hashes() const {
  require_idle();
  return hash_fields();
}

std::vector<uint64_t> Worlds::hash_fields() const {
  std::vector<uint64_t> hashes;
  std::vector<std::byte> bytes;
  for (const size_t field : shown_) {
    const int64_t size = memory_[field].bytes_per_world();
    bytes.assign(static_cast<size_t>(size * num_worlds()), std::byte{0});
    for (int64_t world = 0; world < num_worlds(); ++world)
      if (!is_final(field) || is_finished(world, buffer_))
        memory_[field].read_world(bytes.data() + world * size, world, buffer_);
    hashes.push_back(XXH3_64bits(bytes.data(), bytes.size()));
  }
  return hashes;
}

std::vector<std::byte> Worlds::snapshot() const {
  require_idle();
  std::vector<int64_t> all(static_cast<size_t>(num_worlds()));
  std::iota(all.begin(), all.end(), 0);
  return snapshot_of(all);
}

std::vector<std::byte> Worlds::snapshot_of(std::span<const int64_t> worlds) const {
  SnapshotWriter writer(snapshot_kind, snapshot_version, layout_hash(*game_, options_.game, memory_));
  std::vector<std::byte> bytes;
  const auto add_values = [&]<typename Value>(const char *name, const std::vector<Value> &values) {
    if (values.empty()) return writer.add(name, {});
    bytes.resize(worlds.size() * sizeof(Value));
    for (size_t index = 0; index < worlds.size(); ++index)
      std::memcpy(bytes.data() + index * sizeof(Value), &values[static_cast<size_t>(worlds[index])], sizeof(Value));
    writer.add(name, bytes);
  };
  std::vector<double> values;
  for (const GameParameter &parameter : game_->parameters()) values.push_back(parameter.value);
  writer.add("parameters", bytes_of<double>(values));
  add_values("seeds", seeds_);
  add_values("episodes", episodes_);
  add_values("generators", generators_);
  for (const FieldMemory &memory : memory_) {
    const auto size = static_cast<size_t>(memory.bytes_per_world());
    bytes.resize(size * worlds.size());
    for (size_t index = 0; index < worlds.size(); ++index)
      memory.read_world(bytes.data() + index * size, worlds[index], buffer_);
    writer.add("field:" + memory.field().name, bytes);
  }
  return writer.finish();
}

// The worlds of a snapshot, whose sections were found to be of the sizes that they must be.
struct Worlds::KeptWorlds {
  int64_t count;
  std::span<const std::byte> seeds, episodes, generators;
  std::vector<std::span<const std::byte>> fields;
};

Worlds::KeptWorlds Worlds::read_worlds(const SnapshotReader &reader) const {
  KeptWorlds kept{static_cast<int64_t>(section_of(reader, "seeds").size() / sizeof(uint64_t)), {}, {}, {}, {}};
  const auto section = [&](std::string_view name, int64_t size) {
    const std::span<const std::byte> bytes = section_of(reader, name);
    if (static_cast<int64_t>(bytes.size()) != size * kept.count)
      fail(Status::data_error, "the snapshot's ", name, " has ", bytes.size(), " bytes: expected ", size * kept.count,
           ", ", size, " for each of its ", kept.count, " worlds");
    return bytes;
  };
  kept.seeds = section("seeds", sizeof(uint64_t));
  kept.episodes = section("episodes", sizeof(uint64_t));
  kept.generators = section("generators", generators_.empty() ? 0 : int64_t{sizeof(GymnasiumRandom)});
  for (const FieldMemory &memory : memory_) {
    kept.fields.push_back(section("field:" + memory.field().name, memory.bytes_per_world()));
    check_values(memory.field(), kept.fields.back());
  }
  return kept;
}

void Worlds::restore(std::span<const std::byte> snapshot, std::span<const int64_t> from, std::span<const int64_t> to) {
  require_idle();
  const SnapshotReader reader =
      SnapshotReader::open(snapshot, snapshot_kind, snapshot_version, layout_hash(*game_, options_.game, memory_));
  check_parameters(section_of(reader, "parameters"));
  const KeptWorlds kept = read_worlds(reader);
  std::vector<int64_t> own_places;
  if (from.empty() && to.empty()) {
    if (kept.count != num_worlds())
      fail(Status::invalid_argument, "the snapshot has ", kept.count, " worlds, these are ", num_worlds(),
           ": say which go where");
    own_places.resize(static_cast<size_t>(kept.count));
    std::iota(own_places.begin(), own_places.end(), 0);
    from = to = own_places;
  }
  if (from.size() != to.size())
    fail(Status::invalid_argument, from.size(), " worlds are to go into ", to.size(), ": expected as many");
  check_places(from, kept.count, "the snapshot's worlds");
  check_places(to, num_worlds(), "these worlds");
  check_no_place_twice(to, num_worlds());
  if (!active_) active_ = std::make_unique<bool[]>(static_cast<size_t>(num_worlds()));
  suspects_.reserve(suspects_.size() + to.size());  // nothing below can fail
  for (size_t index = 0; index < from.size(); ++index) restore_world(kept, from[index], to[index]);
  if (recorder_) recorder_->restore(to);
}

void Worlds::restore_world(const KeptWorlds &kept, int64_t from, int64_t to) {
  const auto source = static_cast<size_t>(from), target = static_cast<size_t>(to);
  std::memcpy(&seeds_[target], kept.seeds.data() + source * sizeof(uint64_t), sizeof(uint64_t));
  std::memcpy(&episodes_[target], kept.episodes.data() + source * sizeof(uint64_t), sizeof(uint64_t));
  if (!generators_.empty())
    std::memcpy(&generators_[target], kept.generators.data() + source * sizeof(GymnasiumRandom),
                sizeof(GymnasiumRandom));
  for (size_t field = 0; field < memory_.size(); ++field)
    memory_[field].write_world(kept.fields[field].data() + from * memory_[field].bytes_per_world(), to, buffer_);
  suspect(to);
}

// Worlds under other parameters would not go on as they did.
void Worlds::check_parameters(std::span<const std::byte> values) const {
  const std::span<const GameParameter> parameters = game_->parameters();
  if (values.size() != parameters.size() * sizeof(double))
    fail(Status::data_error, "the snapshot's parameters has ", values.size(), " bytes: expected ",
         parameters.size() * sizeof(double));
  for (size_t index = 0; index < parameters.size(); ++index) {
    double value;
    std::memcpy(&value, values.data() + index * sizeof(double), sizeof(value));
    if (!(value == parameters[index].value))
      fail(Status::invalid_argument, "the snapshot was taken with ", parameters[index].name, "=", value,
           ", these worlds have ", parameters[index].value);
  }
}

}  // namespace penstock::core
