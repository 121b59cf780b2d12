// Keeps the engine usable after fork(): the parts of core/base that hold a lock or own threads say here what they do
// around a fork, and one pthread_atfork registration calls them in a fixed order.
#pragma once

namespace penstock::core {

// A part's turn.  Locks are taken in this order before the fork and given back in the opposite one after it.  A part
// that holds its lock must not call one with an earlier turn.
enum class ForkTurn { loaders, log, trace, thread_pool };

struct ForkHandlers {
  void (*before)();     // takes the part's locks, so that no other thread holds them in the child
  void (*in_parent)();  // gives them back
  void (*in_child)();   // sets the part to what a process of one thread needs, then gives them back; must not allocate
};

// To be called once a part, while the library is loaded: not from several threads at once.
void set_fork_handlers(ForkTurn turn, ForkHandlers handlers) noexcept;

}  // namespace penstock::core
