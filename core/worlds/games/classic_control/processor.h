// Which kernels this processor runs.
#pragma once

#include "core/worlds/games/classic_control/kernel.h"

namespace penstock::core {

// The widest there is, or the one that was asked for.  Throws unavailable where this processor lacks it.
ClassicKernels classic_kernels(WorldsKernel kernel);

}  // namespace penstock::core
