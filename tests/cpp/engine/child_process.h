// Tests that need a process of their own: they fork one and look at how it ends.
#pragma once

#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <exception>

#include "tests/cpp/engine/sanitizers.h"

// Whether a child may allocate where its parent's other threads did so during the fork.  malloc sees to that; a sanitizer's
// own allocator is locked forever in the child when a thread was in it.
#define PENSTOCK_TEST_CHILD_MAY_ALLOCATE (!PENSTOCK_TEST_ADDRESS_SANITIZER && !PENSTOCK_TEST_THREAD_SANITIZER)

namespace penstock::core {

inline constexpr int child_threw = 99;
inline constexpr unsigned seconds_until_a_child_hangs = 120;

// How a child that runs body ends: with the number body returns, child_threw when it throws, and minus the signal that
// ended it, which is SIGALRM's when it hangs.
template <typename Body>
int child_result(const Body &body) {
  std::fflush(nullptr);
  const pid_t child = fork();
  if (child == 0) {
    alarm(seconds_until_a_child_hangs);
    int result = child_threw;
    try {
      result = body();
    } catch (const std::exception &error) {
      std::fprintf(stderr, "the child threw: %s\n", error.what());
    }
    _exit(result);
  }
  int status = 0;
  if (child < 0 || waitpid(child, &status, 0) != child) return -1;
  return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

}  // namespace penstock::core
