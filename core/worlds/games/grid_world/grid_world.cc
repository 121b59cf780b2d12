#include "core/worlds/games/grid_world/grid_world.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "core/base/error.h"
#include "core/worlds/games/grid_world/draw_grid_world.h"
#include "core/worlds/games/grid_world/observe.h"

namespace penstock::core {
namespace {

using grid_world::Agent;
using grid_world::LevelSet;
using grid_world::World;

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr int32_t numbers_an_agent = 4;

constexpr std::string_view default_level =
    "name: A key, a door\n"
    "########\n"
    "#@..#.G#\n"
    "#...#..#\n"
    "#...A..#\n"
    "#.a.#..#\n"
    "########\n";

class GridWorld final : public Game {
 public:
  explicit GridWorld(LevelSet set)
      : set_(std::move(set)),
        planes_(make_planes(set_)),
        parameters_{{"level_index", -1, -1, static_cast<double>(set_.levels.size()) - 1},
                    {"step_cost", set_.step_cost, 0, 1e6},
                    {"goal_reward", set_.goal_reward, 0, 1e6}} {}

  std::string_view name() const override { return grid_world_name; }
  int64_t episode_length() const override { return set_.step_limit; }
  int64_t worlds_a_shard() const override { return 64; }
  bool clips_actions() const override { return false; }
  std::span<GameParameter> parameters() override { return parameters_; }

  std::vector<Field> fields() const override {
    const Extents agents = set_.agents == 1 ? Extents{} : Extents{set_.agents};
    const Extents rewards = set_.agents == 1 ? Extents{} : Extents{set_.agents, 1};
    Extents observation = agents;
    for (const int32_t extent : {planes_.count, set_.rows, set_.columns}) observation.push_back(extent);
    const double last_level = static_cast<double>(set_.levels.size()) - 1;
    std::vector<double> highest_agent;
    for (int32_t agent = 0; agent < set_.agents; ++agent)
      for (const int32_t highest : {set_.rows - 1, set_.columns - 1, (1 << grid_world::letter_count) - 1, 1})
        highest_agent.push_back(highest);
    return {
        {"action", DType::int32, agents, FieldRole::action, false, {grid_world::stay}, {grid_world::left}},
        {"observation", DType::float32, observation, FieldRole::observation, false, {0}, {1}},
        {"reward", DType::float32, rewards, FieldRole::outcome, false, {-infinity}, {infinity}},
        {"terminated", DType::bool8, {}, FieldRole::outcome, false, {0}, {1}},
        {"level", DType::int32, {}, FieldRole::state, false, {0}, {last_level}},
        {"agents", DType::int32, {set_.agents, numbers_an_agent}, FieldRole::state, false, {0}, highest_agent},
        {"cells", DType::uint8, {set_.rows, set_.columns}, FieldRole::state, false, {0}, {grid_world::cell_codes - 1}}};
  }

  void bind(std::span<const FieldMemory> memory) override { memory_ = memory; }

  void reset(int64_t world, const EpisodeRandom &random, int32_t buffer) override {
    const double chosen = parameters_[level_parameter].value;
    const size_t level =
        chosen >= 0 ? static_cast<size_t>(chosen) : uniform_below(random.stream, 0, set_.levels.size());
    place(world, level);
    observe(world, buffer);
  }

  bool step(Range worlds, const StepView &view) override {
    const grid_world::Rewards pay = {static_cast<float>(parameters_[cost_parameter].value),
                                     static_cast<float>(parameters_[goal_parameter].value)};
    bool is_sound = true;
    for (int64_t world = worlds.begin; world < worlds.end; ++world) {
      if (view.active != nullptr && !view.active[world]) {
        keep(world, view);
        continue;
      }
      bool &terminated = element<bool>(terminated_field, world, view.buffer)[0];
      terminated = false;
      if (!is_finite(world)) {
        is_sound = false;
        continue;
      }
      terminated = step_world(world_at(world), element<int32_t>(action_field, world, 0), pay,
                              element<float>(reward_field, world, view.buffer));
      observe(world, view.buffer);
    }
    return is_sound;
  }

  // Whole numbers are finite; but an agent outside the grid is of no more use.
  bool is_finite(int64_t world) const override {
    const int32_t level = level_of(world);
    return level >= 0 && static_cast<size_t>(level) < set_.levels.size() && is_sound(world_at(world));
  }

  int64_t state_count() const override {
    return 1 + int64_t{numbers_an_agent} * set_.agents + int64_t{set_.rows} * set_.columns;
  }
  void get_state(int64_t world, std::span<double> state) const override;
  void set_state(int64_t world, std::span<const double> state, int32_t buffer) override;

  PictureSize picture_size() const override { return grid_world::picture_size(set_.rows, set_.columns); }
  void draw(Canvas &canvas, int64_t world, bool /*in_midst*/) const override {
    const World drawn = world_at(world);
    if (is_sound(drawn)) draw_grid_world(canvas, drawn);
  }
  std::string caption(int64_t world) const override {
    return is_finite(world) ? set_.levels[static_cast<size_t>(level_of(world))].name : std::string();
  }

 private:
  enum : size_t {
    action_field,
    observation_field,
    reward_field,
    terminated_field,
    level_field,
    agents_field,
    cells_field
  };
  enum : size_t { level_parameter, cost_parameter, goal_parameter };

  template <typename Element>
  Element *element(size_t field, int64_t world, int32_t buffer) const {
    return reinterpret_cast<Element *>(memory_[field].data(buffer) + world * memory_[field].bytes_per_world());
  }
  int32_t &level_of(int64_t world) const { return *element<int32_t>(level_field, world, 0); }
  World world_at(int64_t world) const {
    return {set_.rows, set_.columns, set_.agents, element<uint8_t>(cells_field, world, 0),
            element<Agent>(agents_field, world, 0)};
  }

  // Puts a level into the upper left corner of a world; what is left over is wall.
  void place(int64_t world, size_t index) const {
    const grid_world::Level &level = set_.levels[index];
    const World into = world_at(world);
    level_of(world) = static_cast<int32_t>(index);
    std::fill_n(into.cells, int64_t{into.rows} * into.columns, grid_world::wall_cell);
    for (int32_t row = 0; row < level.rows; ++row)
      std::copy_n(&level.cells[static_cast<size_t>(row) * static_cast<size_t>(level.columns)], level.columns,
                  &into.cell({row, 0}));
    for (size_t agent = 0; agent < level.agents.size(); ++agent)
      into.agents[agent] = {level.agents[agent].row, level.agents[agent].column, 0, 0};
  }

  void observe(int64_t world, int32_t buffer) const {
    grid_world::observe(world_at(world), planes_, element<float>(observation_field, world, buffer));
  }

  // A world that takes no part: what it shows stays, in whichever buffer is written, and its reward is 0.
  void keep(int64_t world, const StepView &view) const {
    for (const size_t field : {observation_field, terminated_field})
      memory_[field].copy_world(world, view.buffer, memory_[field], view.previous_buffer);
    memory_[reward_field].clear_world(world, view.buffer);
  }

  LevelSet set_;
  grid_world::Planes planes_;
  std::vector<GameParameter> parameters_;
  std::span<const FieldMemory> memory_;
};

void GridWorld::get_state(int64_t world, std::span<double> state) const {
  const World read = world_at(world);
  auto next = state.begin();
  *next++ = level_of(world);
  for (int32_t index = 0; index < set_.agents; ++index) {
    const Agent &agent = read.agents[index];
    for (const int32_t number : {agent.row, agent.column, agent.keys, agent.arrived}) *next++ = number;
  }
  std::copy_n(read.cells, int64_t{set_.rows} * set_.columns, next);
}

int32_t whole_number(double number, int32_t last, const char *what) {
  if (!(number >= 0 && number <= last && number == std::floor(number)))
    fail(Status::out_of_range, "the state's ", what, " is ", number, ": expected 0 to ", last);
  return static_cast<int32_t>(number);
}

void GridWorld::set_state(int64_t world, std::span<const double> state, int32_t buffer) {
  const int32_t level = whole_number(state[0], static_cast<int32_t>(set_.levels.size()) - 1, "level");
  std::vector<Agent> agents;
  const double *next = state.data() + 1;
  for (int32_t index = 0; index < set_.agents; ++index, next += numbers_an_agent)
    agents.push_back({whole_number(next[0], set_.rows - 1, "row of an agent"),
                      whole_number(next[1], set_.columns - 1, "column of an agent"),
                      whole_number(next[2], (1 << grid_world::letter_count) - 1, "keys of an agent"),
                      whole_number(next[3], 1, "arrival of an agent")});
  std::vector<uint8_t> cells;
  for (const double *end = state.data() + state.size(); next != end; ++next)
    cells.push_back(static_cast<uint8_t>(whole_number(*next, grid_world::cell_codes - 1, "cell")));
  const World into = world_at(world);
  level_of(world) = level;
  std::copy(agents.begin(), agents.end(), into.agents);
  std::copy(cells.begin(), cells.end(), into.cells);
  observe(world, buffer);
}

}  // namespace

std::unique_ptr<Game> make_grid_world(const GameOptions &options) {
  if (options.randomness != Randomness::counter)
    fail(Status::invalid_argument, grid_world_name, " is not a game of Gymnasium's: its rng is counter, not gymnasium");
  if (options.precision != Precision::float32)
    fail(Status::invalid_argument, grid_world_name, " has no numbers in float64: its precision is f32, not f64");
  std::vector<LevelText> texts = options.levels;
  if (texts.empty()) texts.push_back({"the level", std::string(default_level)});
  return std::make_unique<GridWorld>(grid_world::compile_levels(texts));
}

}  // namespace penstock::core
