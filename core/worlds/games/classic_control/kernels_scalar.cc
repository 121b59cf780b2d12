// The kernels that step one world at a time: the reference for all others, and the one that follows Gymnasium.
#include "core/worlds/games/classic_control/kernel.h"

namespace penstock::core {

const ClassicKernels *scalar_kernels() {
  static const ClassicKernels kernels = make_kernels<0>();
  return &kernels;
}

ClassicKernels gymnasium_kernels() {
  using Followed = GymnasiumArithmetic;
  return {{nullptr, step_worlds<CartPole, Followed, double, 1>},
          {nullptr, step_worlds<MountainCar, Followed, double, 1>},
          {nullptr, step_worlds<MountainCarContinuous, Followed, double, 1>},
          {nullptr, step_worlds<Pendulum, Followed, double, 1>},
          {nullptr, step_worlds<Acrobot, Followed, double, 1>}};
}

}  // namespace penstock::core
