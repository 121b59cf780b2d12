// What the tables of calls of penstock/worlds.h share.
#pragma once

#include <utility>

#include "calls.h"

namespace penstock::test {

// A call of a function that must not be called on worlds of which a step runs, with that as a wrong value.
inline Call &&refused_while_a_step_runs(Call &&call) {
  return std::move(call).wrong("worlds", "ones of which a step runs", PS_INVALID_ARGUMENT, "running",
                               [](Stage &stage) { return stage.running_worlds(); });
}

}  // namespace penstock::test
