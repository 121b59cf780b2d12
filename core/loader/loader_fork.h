// Lets loaders work in both processes after fork(): the child has none of the threads, and goes on with new ones.
#pragma once

namespace penstock::core {

class Loader;

// While one of these lives, no lock of its loader is held by another thread when the process forks, and the child's loader
// stands behind the last batch that was handed out before.
class LoaderForks {
 public:
  explicit LoaderForks(Loader &loader);
  ~LoaderForks();
  LoaderForks(const LoaderForks &) = delete;
  LoaderForks &operator=(const LoaderForks &) = delete;

 private:
  Loader &loader_;
};

}  // namespace penstock::core
