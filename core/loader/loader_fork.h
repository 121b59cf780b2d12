// Lets loaders work in both processes after fork(): the child has none of the threads, and goes on with new ones.
#pragma once

namespace penstock::core {

// What a loader does around a fork().  None of these throws or, but for the first, allocates.
class ForkedLoader {
 public:
  ForkedLoader() = default;
  ForkedLoader(const ForkedLoader &) = delete;
  ForkedLoader &operator=(const ForkedLoader &) = delete;
  virtual ~ForkedLoader() = default;

  virtual void hold_for_fork() noexcept = 0;  // takes its locks
  virtual void release_after_fork() noexcept = 0;

  // In the child, before release_after_fork(): what the parent's threads own is left where it is, since they may be in the
  // midst of anything.
  virtual void abandon_threads() noexcept = 0;
};

// While one of these lives, no lock of its loader is held by another thread when the process forks, and the child's loader
// stands behind the last batch that was handed out before.
class LoaderForks {
 public:
  explicit LoaderForks(ForkedLoader &loader);
  ~LoaderForks();
  LoaderForks(const LoaderForks &) = delete;
  LoaderForks &operator=(const LoaderForks &) = delete;

 private:
  ForkedLoader &loader_;
};

}  // namespace penstock::core
