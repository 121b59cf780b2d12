#include "core/loader/loader_state.h"

#include <string>
#include <string_view>

#include "core/base/error.h"
#include "core/base/snapshot.h"
#include "core/io/little_endian.h"

namespace penstock::core {
namespace {

constexpr std::string_view kind = "loader-lc0";
constexpr uint32_t version = 1;
constexpr uint64_t layout = 0x6C63305F31;  // "lc0_1"

std::string read_text(RecordReader &reader) {
  const auto bytes = reader.bytes(reader.u32());
  return {reinterpret_cast<const char *>(bytes.data()), bytes.size()};
}

// The fields of a checkpoint, in the order in which they are saved.
constexpr uint64_t Checkpoint::*checkpoint_fields[] = {
    &Checkpoint::epoch,         &Checkpoint::batches,        &Checkpoint::delivered,   &Checkpoint::first_chunk,
    &Checkpoint::first_skipped, &Checkpoint::first_position, &Checkpoint::chunks_seen, &Checkpoint::bad_chunks};

void require_sound(const Checkpoint &checkpoint) {
  if (checkpoint.first_position > checkpoint.delivered)
    fail(Status::data_error, "damaged state: it begins at position ", checkpoint.first_position, ", but ",
         checkpoint.delivered, " are delivered");
}

}  // namespace

std::vector<std::byte> save_loader_state(const LoaderState &state) {
  SnapshotWriter writer(kind, version, layout);
  std::string place;
  append_little_endian(place, state.options_fingerprint);
  append_little_endian(place, state.files_fingerprint);
  for (const auto field : checkpoint_fields) append_little_endian(place, state.checkpoint.*field);
  writer.add("place", bytes_of(place));
  std::string sizes;
  for (const auto &[epoch, size] : state.sizes) {
    append_little_endian(sizes, epoch);
    append_little_endian(sizes, size);
  }
  writer.add("epochs", bytes_of(sizes));
  std::string arrivals;
  for (const SourceFile &file : state.arrivals) {
    append_text(arrivals, file.path);
    append_text(arrivals, file.name);
    append_little_endian(arrivals, file.size);
    append_little_endian(arrivals, static_cast<uint64_t>(file.modified_ns));
  }
  writer.add("arrivals", bytes_of(arrivals));
  return writer.finish();
}

LoaderState read_loader_state(std::span<const std::byte> bytes) {
  const SnapshotReader snapshot = SnapshotReader::open(bytes, kind, version, layout);
  LoaderState state;
  RecordReader place(snapshot.section("place"), "the state's place");
  state.options_fingerprint = place.u64();
  state.files_fingerprint = place.u64();
  for (const auto field : checkpoint_fields) state.checkpoint.*field = place.u64();
  require_sound(state.checkpoint);
  RecordReader sizes(snapshot.section("epochs"), "the state's list of epochs");
  while (sizes.remaining() > 0) {
    const uint64_t epoch = sizes.u64();
    state.sizes[epoch] = sizes.u64();
  }
  RecordReader arrivals(snapshot.section("arrivals"), "the state's list of files");
  while (arrivals.remaining() > 0) {
    SourceFile file;
    file.path = read_text(arrivals);
    file.name = read_text(arrivals);
    file.size = arrivals.u64();
    file.modified_ns = static_cast<int64_t>(arrivals.u64());
    state.arrivals.push_back(std::move(file));
  }
  return state;
}

}  // namespace penstock::core
