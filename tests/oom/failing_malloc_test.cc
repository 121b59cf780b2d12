// The failures reach every way of allocating: else the tests beside this one would be green for nothing.
#include "failing_malloc.h"

#include <gtest/gtest.h>
#include <malloc.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <new>
#include <thread>

namespace penstock::test {
namespace {

// Whether the only allocation of a piece of code is seen, and fails.
template <typename Allocate>
void expect_failure(const char *name, Allocate &&allocate) {
  bool failed = false;
  int64_t count = 0;
  {
    const FailingAllocations failing(1, Shortage::once);
    failed = !allocate();
    count = failing.count();
  }
  EXPECT_TRUE(failed) << name;
  EXPECT_GE(count, 1) << name;
}

bool allocates(void *memory) {
  void *volatile kept = memory;  // volatile: else the compiler may leave out a pair of malloc and free
  std::free(kept);
  return kept != nullptr;
}

TEST(FailingMalloc, ReachesTheCLibrarysWays) {
  expect_failure("malloc", [] { return allocates(std::malloc(8)); });
  expect_failure("calloc", [] { return allocates(std::calloc(2, 8)); });
  expect_failure("realloc", [] { return allocates(std::realloc(nullptr, 8)); });
  expect_failure("memalign", [] { return allocates(memalign(64, 64)); });
  expect_failure("aligned_alloc", [] { return allocates(std::aligned_alloc(64, 64)); });
  expect_failure("posix_memalign", [] {
    void *memory = nullptr;
    return posix_memalign(&memory, 64, 64) == 0 && allocates(memory);
  });
  expect_failure("fopen", [] {
    std::FILE *file = std::fopen("/dev/null", "r");
    return file != nullptr && std::fclose(file) == 0;
  });
}

TEST(FailingMalloc, ReachesOperatorNew) {
  struct alignas(128) Wide {
    char bytes[128];
  };
  expect_failure("new", [] {
    int *volatile memory = new (std::nothrow) int(1);
    delete memory;
    return memory != nullptr;
  });
  expect_failure("aligned new", [] {
    Wide *volatile memory = new (std::nothrow) Wide;
    delete memory;
    return memory != nullptr;
  });
  EXPECT_THROW(
      {
        const FailingAllocations failing(1, Shortage::from_then_on);
        ::operator delete(::operator new(100));  // not an expression, which a compiler may leave out
      },
      std::bad_alloc);
}

TEST(FailingMalloc, LeavesOtherThreadsAlone) {
  std::thread other;
  bool other_succeeded = false;
  std::atomic<bool> armed = false, done = false;
  other = std::thread([&] {
    while (!armed) std::this_thread::yield();
    other_succeeded = allocates(std::malloc(8));
    done = true;
  });
  {
    const FailingAllocations failing(1, Shortage::from_then_on);
    armed = true;
    while (!done) std::this_thread::yield();
  }
  other.join();
  EXPECT_TRUE(other_succeeded);
}

}  // namespace
}  // namespace penstock::test
