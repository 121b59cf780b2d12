// Progress of a long job, told to a callback that may cancel it.
#pragma once

#include <cstdint>

#include "core/base/error.h"

namespace penstock::core {

// A callback and its user pointer; empty means that nobody asked.  Non-zero from the callback cancels.
struct Progress {
  int32_t (*function)(void *user, uint64_t done, uint64_t total) = nullptr;
  void *user = nullptr;

  // Reports, and throws Status::cancelled when the callback asks to stop.
  void report(uint64_t done, uint64_t total) const {
    if (function != nullptr && function(user, done, total) != 0)
      fail(Status::cancelled, "cancelled by the progress callback after ", done, " of ", total);
  }
};

}  // namespace penstock::core
