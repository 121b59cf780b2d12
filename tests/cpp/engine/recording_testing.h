// What the tests of recordings share: worlds that are played by a fixed rule, and recordings taken apart.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/random.h"
#include "core/io/little_endian.h"
#include "core/worlds/recording_format.h"
#include "core/worlds/worlds.h"
#include "io_testing.h"

namespace penstock::core {

// Actions that depend on nothing but the world and the step, spread over all that the game takes.
inline void write_actions(const Worlds &worlds, int64_t step) {
  const Tensor action = worlds.tensor("action");
  const Field &field = worlds.find_field("action");
  for (int64_t world = 0; world < worlds.num_worlds(); ++world) {
    const RandomStream stream{static_cast<uint64_t>(world), static_cast<uint64_t>(step)};
    const double share = uniform_f64(stream, 0), low = field.low[0], high = field.high[0];
    const int64_t at = world * action.strides[0];
    if (action.dtype == DType::float32)
      reinterpret_cast<float *>(action.data)[at] = static_cast<float>(low + share * (high - low));
    else
      reinterpret_cast<int32_t *>(action.data)[at] = static_cast<int32_t>(low + share * (high - low + 1));
  }
}

inline void play(Worlds &worlds, int64_t first_step, int64_t last_step) {
  for (int64_t step = first_step; step < last_step; ++step) {
    write_actions(worlds, step);
    worlds.step();
  }
}

inline WorldsOptions options_of(int64_t num_worlds, uint64_t seed = 1) {
  WorldsOptions options;
  options.num_worlds = num_worlds;
  options.seeds = {seed};
  return options;
}

// Where an event lies in a recording.
struct EventPlace {
  EventKind kind;
  size_t head, payload, payload_size;
};

inline std::span<std::byte> writable_bytes(std::string &text) { return std::as_writable_bytes(std::span(text)); }

inline size_t header_end(const std::string &recording) {
  return recording_prefix_size + load_little_endian<uint64_t>(bytes_of(recording).data() + 8);
}

inline std::vector<EventPlace> events_of(const std::string &recording) {
  const std::span<const std::byte> bytes = bytes_of(recording);
  std::vector<EventPlace> places;
  for (size_t at = header_end(recording); at < bytes.size();) {
    const auto kind = static_cast<EventKind>(load_little_endian<uint32_t>(bytes.data() + at));
    const auto size = static_cast<size_t>(load_little_endian<uint64_t>(bytes.data() + at + 16));
    places.push_back({kind, at, at + event_head_size, size});
    at += event_head_size + size + checksum_size;
  }
  return places;
}

// The events of one kind.
inline std::vector<EventPlace> events_of(const std::string &recording, EventKind kind) {
  std::vector<EventPlace> places = events_of(recording);
  std::erase_if(places, [&](const EventPlace &place) { return place.kind != kind; });
  return places;
}

}  // namespace penstock::core
