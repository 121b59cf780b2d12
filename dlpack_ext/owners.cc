#include "dlpack_ext/owners.h"

#include <atomic>

#include "dlpack_ext/python.h"

namespace penstock::ext {
namespace {

std::atomic<Owner *> waiting{nullptr};
std::atomic<bool> interpreter_is_ending{false};
thread_local int scopes_that_give_back = 0;

int give_back_pending(void *) {
  give_back_owners();
  return 0;
}

}  // namespace

void give_back_later(Owner *owner) noexcept {
  Owner *first = waiting.load(std::memory_order_relaxed);
  do {
    owner->next = first;
  } while (!waiting.compare_exchange_weak(first, owner, std::memory_order_release, std::memory_order_relaxed));
  // Whoever finds the list empty asks for it to be emptied; a failure to ask leaves it to the next entry.
  if (first == nullptr && scopes_that_give_back == 0 && !interpreter_is_ending.load())
    Py_AddPendingCall(give_back_pending, nullptr);
}

void give_back_owners() {
  if (waiting.load(std::memory_order_relaxed) == nullptr || interpreter_is_ending.load()) return;
  PyObject *type, *value, *traceback;
  PyErr_Fetch(&type, &value, &traceback);
  Owner *owner = waiting.exchange(nullptr, std::memory_order_acquire);
  while (owner != nullptr) {
    Owner *next = owner->next;
    owner->give_back(owner);
    owner = next;
  }
  PyErr_Restore(type, value, traceback);
}

GivesBackAfterwards::GivesBackAfterwards() { ++scopes_that_give_back; }

GivesBackAfterwards::~GivesBackAfterwards() {
  if (--scopes_that_give_back == 0) give_back_owners();
}

void leave_owners_alone() { interpreter_is_ending.store(true); }

}  // namespace penstock::ext
