// The loop that steps a stretch of worlds, several side by side: one source for the scalar kernel and for each vector
// width.
#pragma once

#include "core/worlds/games/classic_control/acrobot.h"
#include "core/worlds/games/classic_control/cart_pole.h"
#include "core/worlds/games/classic_control/mountain_car.h"
#include "core/worlds/games/classic_control/pendulum.h"

namespace penstock::core {

inline constexpr int most_parameters = 4;

// The memory that a step works on.  A column is num_worlds numbers.
struct ClassicMemory {
  void *state = nullptr;  // columns of float or double, as the precision says
  const void *action = nullptr;
  float *observation = nullptr;  // rows
  float *reward = nullptr;
  bool *terminated = nullptr;
  const bool *previously_terminated = nullptr;
  int64_t num_worlds = 0;
  double parameters[most_parameters] = {};
};

// False when the state of one of the worlds may not be finite.
using ClassicStep = bool (*)(const ClassicMemory &memory, Range worlds, const bool *active);

// The step of each game in one width: those of f32 and those of f64.
struct ClassicKernels {
  ClassicStep cart_pole[2], mountain_car[2], mountain_car_continuous[2], pendulum[2], acrobot[2];
};

// Null where this processor, or what the library was built for, lacks the instructions.
const ClassicKernels *scalar_kernels();
const ClassicKernels *kernels_of_16_bytes();
const ClassicKernels *kernels_of_32_bytes();
const ClassicKernels *kernels_of_64_bytes();
ClassicKernels gymnasium_kernels();  // f64 alone

// ---------------------------------------------------------------------------------------------------------------------

// Writes one number of each lane after another's: (a, b)[lane] becomes a row (a[lane], b[lane]) of memory.
template <int count, int width>
PS_LANES_INLINE void store_rows(float *rows, const Lanes<float, width> (&columns)[count]) {
  if constexpr (width >= 4 && (count == 4 || count == 2)) {
    using Four = typename VectorOf<float, 4>::type;
    for (int first = 0; first < width; first += 4) {
      Four part[count];
      for (int column = 0; column < count; ++column)
        std::memcpy(&part[column], reinterpret_cast<const float *>(&columns[column].vector) + first, sizeof(Four));
      Four row[count];
      if constexpr (count == 2) {
        row[0] = __builtin_shufflevector(part[0], part[1], 0, 4, 1, 5);
        row[1] = __builtin_shufflevector(part[0], part[1], 2, 6, 3, 7);
      } else {
        const Four low02 = __builtin_shufflevector(part[0], part[2], 0, 4, 1, 5);
        const Four low13 = __builtin_shufflevector(part[1], part[3], 0, 4, 1, 5);
        const Four high02 = __builtin_shufflevector(part[0], part[2], 2, 6, 3, 7);
        const Four high13 = __builtin_shufflevector(part[1], part[3], 2, 6, 3, 7);
        row[0] = __builtin_shufflevector(low02, low13, 0, 4, 1, 5);
        row[1] = __builtin_shufflevector(low02, low13, 2, 6, 3, 7);
        row[2] = __builtin_shufflevector(high02, high13, 0, 4, 1, 5);
        row[3] = __builtin_shufflevector(high02, high13, 2, 6, 3, 7);
      }
      // One store each: joined into one wider, they would go through the stack first and wait for it.
      for (int index = 0; index < count; ++index) {
        float *place = rows + (first * count + index * 4);
        std::memcpy(place, &row[index], sizeof(Four));
      }
    }
  } else {
    for (int column = 0; column < count; ++column) {
      float numbers[width];
      columns[column].store(numbers);
      for (int lane = 0; lane < width; ++lane) rows[lane * count + column] = numbers[lane];
    }
  }
}

// Steps the worlds from first on, as many as there are lanes.  What is not active keeps its state.
template <typename Game, typename Arithmetic, typename Number, int width, bool has_inactive>
PS_LANES_INLINE LaneMask<Number, width> step_lanes(const ClassicMemory &memory, const Number *parameters, int64_t first,
                                                   [[maybe_unused]] const bool *active) {
  using L = Lanes<Number, width>;
  auto *columns = static_cast<Number *>(memory.state) + first;
  L state[Game::state_count];
  for (int index = 0; index < Game::state_count; ++index) state[index] = L::load(columns + index * memory.num_worlds);
  [[maybe_unused]] L old_state[Game::state_count];
  if constexpr (has_inactive)
    for (int index = 0; index < Game::state_count; ++index) old_state[index] = state[index];

  const auto *actions = static_cast<const typename Game::Action *>(memory.action) + first;
  StepResult<Number, width> result;
  Game::template step<Arithmetic>(state, L::load_as(actions), parameters, &result);
  if constexpr (has_inactive) {
    const auto *bytes = reinterpret_cast<const int8_t *>(active) + first;
    const auto *old_flags = reinterpret_cast<const int8_t *>(memory.previously_terminated) + first;
    const LaneMask<Number, width> is_active = L::load_as(bytes) != L(0);
    for (int index = 0; index < Game::state_count; ++index)
      state[index] = select(is_active, state[index], old_state[index]);
    result.reward = select(is_active, result.reward, L(0));
    result.terminated = (is_active & result.terminated) | ((!is_active) & (L::load_as(old_flags) != L(0)));
  }

  Lanes<float, width> observation[Game::observation_count];
  Game::template observe<Arithmetic>(state, observation);
  for (int index = 0; index < Game::state_count; ++index) state[index].store(columns + index * memory.num_worlds);
  result.reward.template store_as<float>(memory.reward + first);
  result.terminated.store(memory.terminated + first);
  store_rows<Game::observation_count, width>(memory.observation + first * Game::observation_count, observation);
  L sum = state[0];
  for (int index = 1; index < Game::state_count; ++index) sum = sum + state[index];
  return sum * L(0) != L(0);  // NaN, of what is infinite or NaN
}

template <typename Game, typename Arithmetic, typename Number, int width, bool has_inactive>
bool step_stretch(const ClassicMemory &memory, Range worlds, const bool *active) {
  Number parameters[most_parameters];
  for (int index = 0; index < most_parameters; ++index)
    parameters[index] = static_cast<Number>(memory.parameters[index]);
  const Number *numbers = parameters;
  LaneMask<Number, width> is_unsound = Lanes<Number, width>(0) != Lanes<Number, width>(0);
  int64_t world = worlds.begin;
  for (; world + width <= worlds.end; world += width)
    is_unsound = is_unsound | step_lanes<Game, Arithmetic, Number, width, has_inactive>(memory, numbers, world, active);
  bool is_sound = !is_unsound.any();
  for (; world < worlds.end; ++world)
    is_sound &= !step_lanes<Game, Arithmetic, Number, 1, has_inactive>(memory, numbers, world, active).any();
  return is_sound;
}

template <typename Game, typename Arithmetic, typename Number, int width>
bool step_worlds(const ClassicMemory &memory, Range worlds, const bool *active) {
  return active == nullptr ? step_stretch<Game, Arithmetic, Number, width, false>(memory, worlds, active)
                           : step_stretch<Game, Arithmetic, Number, width, true>(memory, worlds, active);
}

// bytes: of a vector; 0 means one number at a time.
template <int bytes>
ClassicKernels make_kernels() {
  constexpr int floats = bytes == 0 ? 1 : bytes / 4, doubles = bytes == 0 ? 1 : bytes / 8;
  using Own = OwnArithmetic;
  return {{step_worlds<CartPole, Own, float, floats>, step_worlds<CartPole, Own, double, doubles>},
          {step_worlds<MountainCar, Own, float, floats>, step_worlds<MountainCar, Own, double, doubles>},
          {step_worlds<MountainCarContinuous, Own, float, floats>,
           step_worlds<MountainCarContinuous, Own, double, doubles>},
          {step_worlds<Pendulum, Own, float, floats>, step_worlds<Pendulum, Own, double, doubles>},
          {step_worlds<Acrobot, Own, float, floats>, step_worlds<Acrobot, Own, double, doubles>}};
}

}  // namespace penstock::core
