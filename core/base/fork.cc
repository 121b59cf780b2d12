#include "core/base/fork.h"

#include <pthread.h>

#include <cstddef>

namespace penstock::core {
namespace {

constexpr size_t turn_count = 4;

// Set while the library is loaded, in whatever order its files come: so nothing here may need to be constructed first.
constinit ForkHandlers handlers_by_turn[turn_count] = {};
constinit bool registered = false;

void before_fork() {
  for (size_t turn = 0; turn < turn_count; ++turn)
    if (handlers_by_turn[turn].before != nullptr) handlers_by_turn[turn].before();
}

void after_fork_in_parent() {
  for (size_t turn = turn_count; turn-- > 0;)
    if (handlers_by_turn[turn].in_parent != nullptr) handlers_by_turn[turn].in_parent();
}

void after_fork_in_child() {
  for (size_t turn = turn_count; turn-- > 0;)
    if (handlers_by_turn[turn].in_child != nullptr) handlers_by_turn[turn].in_child();
}

}  // namespace

void set_fork_handlers(ForkTurn turn, ForkHandlers handlers) noexcept {
  handlers_by_turn[static_cast<size_t>(turn)] = handlers;
  // It can only fail for want of memory; the next part then tries again, and without any a fork is as unsafe as in a
  // program that never asked.
  if (!registered) registered = pthread_atfork(before_fork, after_fork_in_parent, after_fork_in_child) == 0;
}

}  // namespace penstock::core
