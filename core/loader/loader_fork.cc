#include "core/loader/loader_fork.h"

#include <algorithm>
#include <mutex>
#include <vector>

#include "core/base/fork.h"

namespace penstock::core {
namespace {

struct Registry {
  std::mutex mutex;
  std::vector<ForkedLoader *> loaders;
};

// Never destroyed: threads may fork while the process ends.
Registry &the_registry() {
  static Registry *const made = new Registry;
  return *made;
}

void before_fork() {
  Registry &registry = the_registry();
  registry.mutex.lock();
  for (ForkedLoader *loader : registry.loaders) loader->hold_for_fork();
}

void after_fork_in_parent() {
  Registry &registry = the_registry();
  for (ForkedLoader *loader : registry.loaders) loader->release_after_fork();
  registry.mutex.unlock();
}

void after_fork_in_child() {
  for (ForkedLoader *loader : the_registry().loaders) loader->abandon_threads();
  after_fork_in_parent();
}

const bool ready = [] {
  the_registry();
  set_fork_handlers(ForkTurn::loaders, {before_fork, after_fork_in_parent, after_fork_in_child});
  return true;
}();

}  // namespace

LoaderForks::LoaderForks(ForkedLoader &loader) : loader_(loader) {
  const std::lock_guard lock(the_registry().mutex);
  the_registry().loaders.push_back(&loader_);
}

LoaderForks::~LoaderForks() {
  const std::lock_guard lock(the_registry().mutex);
  auto &loaders = the_registry().loaders;
  loaders.erase(std::find(loaders.begin(), loaders.end(), &loader_));
}

}  // namespace penstock::core
