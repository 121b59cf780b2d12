// Makes allocations of the calling thread fail.  malloc and its kin are this executable's own (failing_malloc.cc), so that
// libcore.so, libstdc++ and the C library's own functions all meet the failures; the shipped library has no hook for it.
#pragma once

#include <cstdint>

namespace penstock::test {

enum class Shortage { once, from_then_on };

// While it lives, allocation number first_failing of this thread fails, counted from 1, and with from_then_on all later ones.
class FailingAllocations {
 public:
  FailingAllocations(int64_t first_failing, Shortage shortage);
  ~FailingAllocations();
  FailingAllocations(const FailingAllocations &) = delete;
  FailingAllocations &operator=(const FailingAllocations &) = delete;

  bool has_failed() const;  // whether the allocation that was to fail has been asked for
  int64_t count() const;    // allocations asked for so far
};

}  // namespace penstock::test
