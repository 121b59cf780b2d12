#include "core/worlds/recording_format.h"

#include <algorithm>
#include <cstring>

#include <xxhash.h>

#include "core/base/error.h"
#include "core/base/snapshot.h"
#include "core/base/version.h"
#include "core/io/deflate.h"
#include "core/io/little_endian.h"
#include "core/io/utf8.h"
#include "core/worlds/recording_actions.h"

namespace penstock::core {
namespace {

constexpr std::string_view header_kind = "recording";
constexpr uint32_t header_version = 1;
constexpr uint64_t header_layout = 0;
constexpr int32_t deflate_level = 4;

std::string_view text_of(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char *>(bytes.data()), bytes.size()};
}

std::string options_section(const Worlds &worlds) {
  const WorldsOptions &options = worlds.options();
  std::string section;
  append_little_endian(section, static_cast<uint32_t>(options.autoreset));
  append_little_endian(section, static_cast<uint32_t>(options.actions));
  append_little_endian(section, static_cast<uint32_t>(options.game.precision));
  append_little_endian(section, static_cast<uint32_t>(options.game.randomness));
  append_little_endian(section, static_cast<uint64_t>(worlds.num_worlds()));
  append_little_endian(section, static_cast<uint64_t>(worlds.episode_length()));
  return section;
}

template <typename Enum>
Enum read_enum(RecordReader &record, Enum largest, std::string_view name, std::string_view place) {
  const uint32_t number = record.u32();
  if (number > static_cast<uint32_t>(largest))
    fail(Status::data_error, place, ": ", name, " is ", number, ": expected 0 to ", static_cast<uint32_t>(largest));
  return static_cast<Enum>(number);
}

void require_end(const RecordReader &record, std::string_view place) {
  if (record.remaining() != 0) fail(Status::data_error, place, " has ", record.remaining(), " bytes left over");
}

WorldsOptions read_options(std::span<const std::byte> section, std::string_view place) {
  RecordReader record(section, place);
  WorldsOptions options;
  options.autoreset = read_enum(record, Autoreset::disabled, "autoreset", place);
  options.actions = read_enum(record, ActionRule::game, "actions", place);
  options.game.precision = read_enum(record, Precision::float64, "precision", place);
  options.game.randomness = read_enum(record, Randomness::gymnasium, "random", place);
  const uint64_t num_worlds = record.u64(), episode_length = record.u64();
  if (num_worlds < 1 || num_worlds > static_cast<uint64_t>(Worlds::most_worlds))
    fail(Status::data_error, place, ": the number of worlds is ", num_worlds, ": expected 1 to ", Worlds::most_worlds);
  if (episode_length < 1 || episode_length > INT32_MAX)
    fail(Status::data_error, place, ": the episode's length is ", episode_length, ": expected 1 to ", INT32_MAX);
  require_end(record, place);
  options.num_worlds = static_cast<int64_t>(num_worlds);
  options.episode_length = static_cast<int64_t>(episode_length);
  return options;
}

std::vector<std::pair<std::string, double>> read_parameters(std::span<const std::byte> section,
                                                            std::string_view place) {
  RecordReader record(section, place);
  std::vector<std::pair<std::string, double>> parameters;
  while (record.remaining() != 0) {
    const std::string name(text_of(record.bytes(record.u32())));
    parameters.emplace_back(name, std::bit_cast<double>(record.u64()));
  }
  return parameters;
}

// Absent in what was recorded of games without levels.
std::vector<LevelText> read_levels(std::span<const std::byte> section, std::string_view place) {
  RecordReader record(section, place);
  std::vector<LevelText> levels;
  while (record.remaining() != 0)
    levels.push_back({std::string(place), std::string(text_of(record.bytes(record.u32())))});
  return levels;
}

// A name from a file must not make a library be loaded: only games of this library's own are replayed.
std::string read_game(std::span<const std::byte> section, std::string_view place) {
  const std::string_view name = text_of(section);
  const auto names = game_names();
  if (std::find(names.begin(), names.end(), name) == names.end())
    fail(Status::data_error, place, ": it is a recording of ", in_quotes(name), ", a game that this library has not");
  return std::string(name);
}

// Worlds of that game alone: what a snapshot of them takes is no secret of the file's.
void measure_snapshots(RecordingHeader &header, std::string_view place) {
  const auto size_for = [&](int64_t num_worlds) {
    WorldsOptions options = header.options;
    options.num_worlds = num_worlds;
    try {
      const Worlds probe(header.game, options);
      header.fields = fields_section(probe);
      header.packing = packing_section(probe);
      return uint64_t{probe.snapshot().size()};
    } catch (const Error &error) {
      if (error.status() == Status::out_of_memory) throw;
      fail(Status::data_error, place, ": ", error.sentence());
    }
  };
  header.snapshot_of_one = size_for(1);
  header.snapshot_growth = size_for(2) - header.snapshot_of_one;
}

}  // namespace

std::string fields_section(const Worlds &worlds) {
  std::string section;
  for (int64_t index = 0; index < worlds.tensor_count(); ++index) {
    const Field &field = worlds.tensor_field(index);
    append_text(section, field.name);
    append_text(section, dtype_name(field.dtype));
    append_little_endian(section, static_cast<uint32_t>(field.shape.size()));
    for (int32_t axis = 0; axis < field.shape.size(); ++axis)
      append_little_endian(section, static_cast<uint64_t>(field.shape[axis]));
  }
  return section;
}

std::string packing_section(const Worlds &worlds) { return ActionPacking(worlds.find_field("action")).section(); }

std::string encode_recording_header(const Worlds &worlds) {
  std::string parameters, levels, snapshot;
  for (const GameParameter &parameter : worlds.parameters()) {
    append_text(parameters, parameter.name);
    append_little_endian(parameters, std::bit_cast<uint64_t>(parameter.value));
  }
  append_deflated(snapshot, worlds.snapshot());
  SnapshotWriter writer(header_kind, header_version, header_layout);
  writer.add("library", bytes_of(version()));
  writer.add("game", bytes_of(worlds.game().name()));
  writer.add("options", bytes_of(options_section(worlds)));
  writer.add("parameters", bytes_of(parameters));
  writer.add("fields", bytes_of(fields_section(worlds)));
  writer.add("packing", bytes_of(packing_section(worlds)));
  for (const LevelText &level : worlds.options().game.levels) append_text(levels, level.content);
  if (!levels.empty()) writer.add("levels", bytes_of(levels));
  writer.add("worlds", bytes_of(snapshot));
  const std::vector<std::byte> header = writer.finish();
  std::string out(recording_magic);
  append_little_endian(out, uint64_t{header.size()});
  append_little_endian(out, uint64_t{XXH3_64bits(out.data(), out.size())});
  out += text_of(header);
  return out;
}

RecordingHeader decode_recording_header(std::span<const std::byte> bytes, std::string_view place) {
  const SnapshotReader reader = [&] {
    try {
      return SnapshotReader::open(bytes, header_kind, header_version, header_layout);
    } catch (const Error &error) {
      if (error.status() != Status::data_error) throw;
      fail(Status::data_error, place, ": its header cannot be read: ", error.sentence());
    }
  }();
  const auto section = [&](std::string_view name) {
    for (const auto &[known, content] : reader.sections())
      if (known == name) return content;
    fail(Status::data_error, place, ": its header has no section ", name);
  };
  RecordingHeader header;
  header.library = text_of(section("library"));
  header.game = read_game(section("game"), place);
  header.options = read_options(section("options"), text(place, ": the header's options"));
  header.options.parameters = read_parameters(section("parameters"), text(place, ": the header's parameters"));
  for (const auto &[known, content] : reader.sections())
    if (known == "levels") header.options.game.levels = read_levels(content, text(place, ": the header's levels"));
  measure_snapshots(header, place);
  if (text_of(section("fields")) != header.fields || text_of(section("packing")) != header.packing)
    fail(Status::data_error, place, ": it was recorded by penstock ", in_quotes(header.library), ", whose ",
         header.game, " had other tensors than this one's");
  header.worlds =
      read_inflated(section("worlds"), snapshot_size(header, static_cast<uint64_t>(header.options.num_worlds)),
                    text(place, ": the worlds that it begins with"));
  return header;
}

uint64_t snapshot_size(const RecordingHeader &header, uint64_t num_worlds) {
  return header.snapshot_of_one + (num_worlds - 1) * header.snapshot_growth;
}

void append_deflated(std::string &out, std::span<const std::byte> bytes) {
  const Buffer stream = deflate(bytes, deflate_level);
  append_little_endian(out, uint64_t{bytes.size()});
  out += text_of({stream.bytes.get(), stream.size});
}

std::vector<std::byte> read_inflated(std::span<const std::byte> rest, uint64_t expected_size, std::string_view place) {
  RecordReader record(rest, place);
  const uint64_t size = record.u64();
  const std::span<const std::byte> stream = record.bytes(record.remaining());
  if (size != expected_size)
    fail(Status::data_error, place, " are said to take ", size, " bytes: expected ", expected_size);
  if (size / largest_inflation > stream.size())
    fail(Status::data_error, place, " are said to take ", size, " bytes: ", stream.size(), " cannot hold so much");
  std::vector<std::byte> bytes(size);
  inflate(bytes, stream, place);
  return bytes;
}

std::string encode_event(EventKind kind, uint32_t flags, uint64_t steps, std::string_view payload) {
  std::string event;
  event.reserve(event_head_size + payload.size() + checksum_size);
  append_little_endian(event, static_cast<uint32_t>(kind));
  append_little_endian(event, flags);
  append_little_endian(event, steps);
  append_little_endian(event, uint64_t{payload.size()});
  const uint64_t checksum = XXH3_64bits(event.data(), event.size());
  append_little_endian(event, checksum);
  event += payload;
  append_little_endian(event, uint64_t{XXH3_64bits_withSeed(payload.data(), payload.size(), checksum)});
  return event;
}

uint64_t world_mark(uint64_t world_hash, std::span<const std::byte> action) {
  return XXH3_64bits_withSeed(action.data(), action.size(), world_hash);
}

namespace {

void write_u64(std::byte *to, uint64_t number) { std::memcpy(to, &number, sizeof(number)); }

}  // namespace

void seal_recording(std::span<std::byte> bytes) {
  if (bytes.size() < recording_prefix_size) return;
  const auto header_size = load_little_endian<uint64_t>(bytes.data() + recording_magic.size());
  write_u64(bytes.data() + 16, XXH3_64bits(bytes.data(), 16));
  bytes = bytes.subspan(recording_prefix_size);
  if (header_size > bytes.size()) return;
  seal_snapshot(bytes.first(header_size));
  bytes = bytes.subspan(header_size);
  while (bytes.size() >= event_head_size + checksum_size) {
    const auto size = load_little_endian<uint64_t>(bytes.data() + 16);
    const uint64_t checksum = XXH3_64bits(bytes.data(), event_head_size - checksum_size);
    write_u64(bytes.data() + event_head_size - checksum_size, checksum);
    if (size > bytes.size() - event_head_size - checksum_size) return;
    write_u64(bytes.data() + event_head_size + size,
              XXH3_64bits_withSeed(bytes.data() + event_head_size, size, checksum));
    bytes = bytes.subspan(event_head_size + size + checksum_size);
  }
}

}  // namespace penstock::core
