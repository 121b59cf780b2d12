// Counted references to objects that several holders share, on any threads.
#pragma once

#include <atomic>
#include <cstdint>
#include <utility>

namespace penstock::core {

// Base of an object that counts its holders and deletes itself with the last one, on that one's thread.
template <typename Object>
class Counted {
 public:
  void retain() const { holders_.fetch_add(1, std::memory_order_relaxed); }

  void release() const {
    // Every holder's writes happen before the deletion: release on each decrement, acquire on the last.
    if (holders_.fetch_sub(1, std::memory_order_acq_rel) == 1) delete static_cast<const Object *>(this);
  }

  // Whether the caller's hold is the only one: then nobody else can see the object, nor come to.
  bool is_held_once() const { return holders_.load(std::memory_order_acquire) == 1; }

 protected:
  Counted() = default;
  ~Counted() = default;
  Counted(const Counted &) = delete;
  Counted &operator=(const Counted &) = delete;

 private:
  mutable std::atomic<int64_t> holders_{1};
};

// One hold on a counted object, given back when this goes.
template <typename Object>
class Reference {
 public:
  Reference() = default;
  static Reference adopt(Object *object) { return Reference(object); }  // takes over the hold a new object begins with

  Reference(const Reference &other) : object_(other.object_) {
    // NOLINTNEXTLINE(clang-analyzer-cplusplus.NewDelete): the analyzer does not count holders
    if (object_ != nullptr) object_->retain();
  }
  Reference(Reference &&other) noexcept : object_(std::exchange(other.object_, nullptr)) {}
  Reference &operator=(Reference other) noexcept {
    std::swap(object_, other.object_);
    return *this;
  }
  ~Reference() {
    // NOLINTNEXTLINE(clang-analyzer-cplusplus.NewDelete): as above
    if (object_ != nullptr) object_->release();
  }

  Object *get() const { return object_; }
  Object *operator->() const { return object_; }
  Object &operator*() const { return *object_; }
  explicit operator bool() const { return object_ != nullptr; }
  Object *give_away() { return std::exchange(object_, nullptr); }  // the caller now owns the hold

 private:
  explicit Reference(Object *object) : object_(object) {}
  Object *object_ = nullptr;
};

}  // namespace penstock::core
