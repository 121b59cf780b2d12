// How often this thread has asked operator new for memory: the tests' own, so that the engine's calls are counted.
#pragma once

#include <cstdint>

namespace penstock::core {

int64_t allocations_of_this_thread();

}  // namespace penstock::core
