#include "core/worlds/games/escape_room/escape_room.h"

#include <cstring>
#include <limits>

#include "core/base/error.h"
#include "core/worlds/games/escape_room/draw_escape_room.h"
#include "core/worlds/games/escape_room/layout.h"
#include "core/worlds/games/escape_room/observe.h"
#include "core/worlds/games/escape_room/plain_state.h"

namespace penstock::core {
namespace {

using escape_room::agent_count;
using escape_room::World;

constexpr size_t lidar_numbers = size_t{2} * agent_count * escape_room::ray_count;
constexpr std::string_view overlay_names[] = {"lidar"};
constexpr double infinity = std::numeric_limits<double>::infinity();

// The bounds of rows that have the same bounds each.
std::vector<double> repeated(const std::vector<double> &row, int32_t times) {
  std::vector<double> all;
  for (int32_t time = 0; time < times; ++time) all.insert(all.end(), row.begin(), row.end());
  return all;
}

Field observation(std::string name, const Extents &shape, const std::vector<double> &low,
                  const std::vector<double> &high) {
  const auto rows = static_cast<int32_t>(element_count(shape)) / static_cast<int32_t>(low.size());
  return {std::move(name),     DType::float32,      shape, FieldRole::observation, false,
          repeated(low, rows), repeated(high, rows)};
}

class EscapeRoom final : public Game {
 public:
  explicit EscapeRoom(const GameOptions &options)
      : episode_length_(options.episode_length != 0 ? options.episode_length : escape_room::default_episode_length),
        is_scalar_(options.kernel == WorldsKernel::scalar) {}

  std::string_view name() const override { return escape_room_name; }
  int64_t episode_length() const override { return escape_room::default_episode_length; }
  int64_t worlds_a_shard() const override { return 16; }
  bool clips_actions() const override { return false; }
  std::span<GameParameter> parameters() override { return {}; }

  std::vector<Field> fields() const override {
    const auto length = static_cast<double>(episode_length_);
    return {
        {"action", DType::int32, {agent_count, 4}, FieldRole::action, false, {0}, repeated({3, 7, 4, 1}, agent_count)},
        {"reset", DType::bool8, {}, FieldRole::action, false, {0}, {1}},
        observation("self", {agent_count, escape_room::self_count},
                    {-infinity, -infinity, -infinity, -infinity, 0, 0, -1, 0},
                    {infinity, infinity, infinity, infinity, 0, 2, 1, 1}),
        observation("partner", {agent_count, 1, 3}, {0, -1, 0}, {infinity, 1, 1}),
        observation("entities", {agent_count, escape_room::entities_a_room, 3}, {0, -1, 0}, {infinity, 1, 1}),
        observation("door", {agent_count, 3}, {0, -1, 0}, {infinity, 1, 1}),
        observation("lidar", {agent_count, escape_room::ray_count, 2}, {0, 0}, {5, 1}),
        {"steps_remaining", DType::int32, {agent_count, 1}, FieldRole::observation, false, {0}, {length}},
        {"agent_id", DType::int32, {agent_count, 1}, FieldRole::observation, false, {0}, {agent_count - 1}},
        {"reward", DType::float32, {agent_count, 1}, FieldRole::outcome, false, {-0.005}, {infinity}},
        {"terminated", DType::bool8, {}, FieldRole::outcome, false, {0}, {1}},
        {"world", DType::uint8, {static_cast<int64_t>(sizeof(World))}, FieldRole::hidden, false, {0}, {255}}};
  }

  void bind(std::span<const FieldMemory> memory) override { memory_ = memory; }

  void reset(int64_t world, const EpisodeRandom &random, int32_t buffer) override {
    begin_episode(&world_at(world), random.stream);
    observe(world, buffer);
  }

  bool step(Range worlds, const StepView &view) override {
    bool is_sound = true;
    for (int64_t world = worlds.begin; world < worlds.end; ++world) {
      if (view.active != nullptr && !view.active[world]) {
        keep(world, view);
        continue;
      }
      element<bool>(terminated_field, world, view.buffer)[0] = false;
      if (!is_finite(world)) {
        is_sound = false;
        continue;
      }
      step_world(&world_at(world), element<escape_room::Action>(action_field, world, 0),
                 element<float>(reward_field, world, view.buffer));
      is_sound &= escape_room::is_finite(world_at(world));
      observe(world, view.buffer);
    }
    return is_sound;
  }

  // A world whose choices are none that there are is of no more use than one that is not finite.
  bool is_finite(int64_t world) const override {
    return escape_room::is_sound(world_at(world)) && escape_room::is_finite(world_at(world));
  }

  int64_t state_count() const override { return escape_room::state_count; }
  void get_state(int64_t world, std::span<double> state) const override { write_plain_state(state, world_at(world)); }
  void set_state(int64_t world, std::span<const double> state, int32_t buffer) override {
    read_plain_state(&world_at(world), state);
    observe(world, buffer);
  }

  PictureSize picture_size() const override { return escape_room::picture_size; }
  void draw(Canvas &canvas, int64_t world, bool /*in_midst*/) const override {
    draw_escape_room(canvas, world_at(world));
  }
  std::span<const std::string_view> overlays() const override { return overlay_names; }
  void draw_overlay(Canvas &canvas, int64_t world, size_t /*overlay*/, int32_t buffer) const override {
    draw_lidar(canvas, world_at(world), {element<float>(lidar_field, world, buffer), lidar_numbers});
  }

 private:
  enum : size_t {
    action_field,
    reset_field,
    self_field,
    partner_field,
    entities_field,
    door_field,
    lidar_field,
    steps_remaining_field,
    agent_id_field,
    reward_field,
    terminated_field,
    world_field
  };

  template <typename Element>
  Element *element(size_t field, int64_t world, int32_t buffer) const {
    return reinterpret_cast<Element *>(memory_[field].data(buffer) + world * memory_[field].bytes_per_world());
  }
  World &world_at(int64_t world) const { return *element<World>(world_field, world, 0); }

  void observe(int64_t world, int32_t buffer) const {
    const auto length = static_cast<int32_t>(episode_length_);
    const escape_room::Observations to = {
        element<float>(self_field, world, buffer),      element<float>(partner_field, world, buffer),
        element<float>(entities_field, world, buffer),  element<float>(door_field, world, buffer),
        element<float>(lidar_field, world, buffer),     element<int32_t>(steps_remaining_field, world, buffer),
        element<int32_t>(agent_id_field, world, buffer)};
    if (is_scalar_)
      escape_room::observe<1>(world_at(world), table_, length, to);
    else
      escape_room::observe<4>(world_at(world), table_, length, to);
  }

  // A world that takes no part: what it shows stays, in whichever buffer is written, and its reward is 0.
  void keep(int64_t world, const StepView &view) const {
    memory_[reward_field].clear_world(world, view.buffer);
    if (view.buffer == view.previous_buffer) return;
    for (size_t field = self_field; field < world_field; ++field) {
      if (field == reward_field) continue;
      std::memcpy(element<std::byte>(field, world, view.buffer), element<std::byte>(field, world, view.previous_buffer),
                  static_cast<size_t>(memory_[field].bytes_per_world()));
    }
  }

  int64_t episode_length_;
  bool is_scalar_;  // one ray at a time; else vectors of 16 bytes, which every CPU has
  escape_room::RayTable table_ = escape_room::make_ray_table();
  std::span<const FieldMemory> memory_;
};

}  // namespace

std::unique_ptr<Game> make_escape_room(const GameOptions &options) {
  if (options.randomness != Randomness::counter)
    fail(Status::invalid_argument, escape_room_name,
         " is not a game of Gymnasium's: its rng is counter, not gymnasium");
  if (options.precision != Precision::float32)
    fail(Status::invalid_argument, escape_room_name, " computes in float32: its precision is f32, not f64");
  return std::make_unique<EscapeRoom>(options);
}

}  // namespace penstock::core
