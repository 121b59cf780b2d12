#include "core/worlds/games/classic_control/classic_control.h"

#include <algorithm>
#include <cmath>

#include "core/worlds/draw_classic_control.h"
#include "core/worlds/games/classic_control/kernel.h"
#include "core/worlds/games/classic_control/processor.h"

namespace penstock::core {
namespace {

// How each game looks; last_action is 0 at the start of an episode.
template <typename Rules>
struct Looks;
template <>
struct Looks<CartPole> {
  static constexpr PictureSize size = cart_pole_picture;
  static void draw(Canvas &canvas, const double *state, double) { draw_cart_pole(canvas, state); }
};
template <>
struct Looks<MountainCar> {
  static constexpr PictureSize size = mountain_car_picture;
  static void draw(Canvas &canvas, const double *state, double) { draw_mountain_car(canvas, state); }
};
template <>
struct Looks<MountainCarContinuous> {
  static constexpr PictureSize size = mountain_car_picture;
  static void draw(Canvas &canvas, const double *state, double) { draw_mountain_car_continuous(canvas, state); }
};
template <>
struct Looks<Pendulum> {
  static constexpr PictureSize size = pendulum_picture;
  static void draw(Canvas &canvas, const double *state, double last_action) {
    draw_pendulum(canvas, state, std::clamp(last_action, -2.0, 2.0));
  }
};
template <>
struct Looks<Acrobot> {
  static constexpr PictureSize size = acrobot_picture;
  static void draw(Canvas &canvas, const double *state, double) { draw_acrobot(canvas, state); }
};

// A game of the table, in the precision and with the arithmetic that was asked for.
template <typename Rules, typename Number, typename Arithmetic>
class ClassicGame final : public Game {
 public:
  explicit ClassicGame(ClassicStep step) : facts_(Rules::facts()), step_(step) {}

  std::string_view name() const override { return facts_.name; }
  int64_t episode_length() const override { return facts_.episode_length; }
  int64_t worlds_a_shard() const override { return facts_.worlds_a_shard; }
  bool clips_actions() const override { return facts_.clips_actions; }
  std::span<GameParameter> parameters() override { return facts_.parameters; }

  std::vector<Field> fields() const override {
    constexpr bool is_discrete = std::is_integral_v<typename Rules::Action>;
    std::vector<double> lowest = facts_.lowest_observations;
    if (lowest.empty())
      for (const double bound : facts_.observation_bounds) lowest.push_back(-bound);
    return {{"action",
             is_discrete ? DType::int32 : DType::float32,
             is_discrete ? Extents{} : Extents{1},
             FieldRole::action,
             false,
             {facts_.action.low},
             {facts_.action.high}},
            {"observation",
             DType::float32,
             {Rules::observation_count},
             FieldRole::observation,
             false,
             lowest,
             facts_.observation_bounds},
            {"reward", DType::float32, {}, FieldRole::outcome, false, {-infinity}, {infinity}},
            {"terminated", DType::bool8, {}, FieldRole::outcome, false, {0}, {1}},
            {"state",
             sizeof(Number) == 4 ? DType::float32 : DType::float64,
             {Rules::state_count},
             FieldRole::state,
             true,
             {-infinity},
             {infinity}}};
  }

  void bind(std::span<const FieldMemory> memory) override {
    memory_ = memory;
    num_worlds_ = memory[state_field].tensor(0).shape[0];
  }

  void reset(int64_t world, const EpisodeRandom &random, int32_t buffer) override {
    Number state[Rules::state_count];
    Draws<Number> draws(random);
    Rules::template reset<Arithmetic>(state, draws, facts_.parameters);
    write(world, state, buffer);
  }

  bool step(Range worlds, const StepView &view) override {
    ClassicMemory memory;
    memory.state = memory_[state_field].data(0);
    memory.action = memory_[action_field].data(0);
    memory.observation = reinterpret_cast<float *>(memory_[observation_field].data(view.buffer));
    memory.reward = reinterpret_cast<float *>(memory_[reward_field].data(view.buffer));
    memory.terminated = reinterpret_cast<bool *>(memory_[terminated_field].data(view.buffer));
    memory.previously_terminated = reinterpret_cast<const bool *>(memory_[terminated_field].data(view.previous_buffer));
    memory.num_worlds = num_worlds_;
    for (size_t index = 0; index < facts_.parameters.size(); ++index)
      memory.parameters[index] = facts_.parameters[index].value;
    return step_(memory, worlds, view.active);
  }

  bool is_finite(int64_t world) const override {
    for (int64_t index = 0; index < Rules::state_count; ++index)
      if (!std::isfinite(number(world, index))) return false;
    return true;
  }

  int64_t state_count() const override { return Rules::state_count; }
  void get_state(int64_t world, std::span<double> state) const override {
    for (int64_t index = 0; index < Rules::state_count; ++index)
      state[static_cast<size_t>(index)] = static_cast<double>(number(world, index));
  }
  void set_state(int64_t world, std::span<const double> state, int32_t buffer) override {
    Number numbers[Rules::state_count];
    for (size_t index = 0; index < Rules::state_count; ++index) numbers[index] = static_cast<Number>(state[index]);
    write(world, numbers, buffer);
  }

  PictureSize picture_size() const override { return Looks<Rules>::size; }
  void draw(Canvas &canvas, int64_t world, bool in_midst) const override {
    double state[Rules::state_count];
    get_state(world, state);
    const auto *actions = reinterpret_cast<const typename Rules::Action *>(memory_[action_field].data(0));
    Looks<Rules>::draw(canvas, state, in_midst ? static_cast<double>(actions[world]) : 0.0);
  }

 private:
  enum : size_t { action_field, observation_field, reward_field, terminated_field, state_field };

  Number &number(int64_t world, int64_t index) const {
    return reinterpret_cast<Number *>(memory_[state_field].data(0))[index * num_worlds_ + world];
  }

  void write(int64_t world, const Number *state, int32_t buffer) {
    Lanes<Number, 1> lanes[Rules::state_count];
    for (int index = 0; index < Rules::state_count; ++index) number(world, index) = lanes[index].vector = state[index];
    Lanes<float, 1> observation[Rules::observation_count];
    Rules::template observe<Arithmetic>(lanes, observation);
    float *row = reinterpret_cast<float *>(memory_[observation_field].data(buffer)) + world * Rules::observation_count;
    for (int index = 0; index < Rules::observation_count; ++index) row[index] = observation[index].vector;
  }

  ClassicFacts facts_;
  ClassicStep step_;
  std::span<const FieldMemory> memory_;
  int64_t num_worlds_ = 0;
};

template <typename Rules>
std::unique_ptr<Game> make(ClassicStep const (&own)[2], ClassicStep const (&followed)[2], const GameOptions &options) {
  if (options.precision == Precision::float32)
    return std::make_unique<ClassicGame<Rules, float, OwnArithmetic>>(own[0]);
  if (options.randomness == Randomness::gymnasium)
    return std::make_unique<ClassicGame<Rules, double, GymnasiumArithmetic>>(followed[1]);
  return std::make_unique<ClassicGame<Rules, double, OwnArithmetic>>(own[1]);
}

}  // namespace

std::unique_ptr<Game> make_classic_control(std::string_view name, const GameOptions &options) {
  const ClassicKernels own = classic_kernels(options.kernel), followed = gymnasium_kernels();
  if (name == CartPole::facts().name) return make<CartPole>(own.cart_pole, followed.cart_pole, options);
  if (name == MountainCar::facts().name) return make<MountainCar>(own.mountain_car, followed.mountain_car, options);
  if (name == MountainCarContinuous::facts().name)
    return make<MountainCarContinuous>(own.mountain_car_continuous, followed.mountain_car_continuous, options);
  if (name == Pendulum::facts().name) return make<Pendulum>(own.pendulum, followed.pendulum, options);
  if (name == Acrobot::facts().name) return make<Acrobot>(own.acrobot, followed.acrobot, options);
  return nullptr;
}

}  // namespace penstock::core
