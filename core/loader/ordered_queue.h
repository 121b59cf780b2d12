// A queue of limited length whose entries come out in the order of their numbers, whatever the order they were put in.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <utility>

#include "core/loader/options.h"

namespace penstock::core {

struct QueueFigures {
  int64_t capacity = 0;
  int64_t fill = 0;      // entries in it now
  double mean_fill = 0;  // over the time since the queue was made
  uint64_t dropped = 0;
};

// Any number of threads.
template <typename Entry>
class OrderedQueue {
 public:
  struct Numbered {
    uint64_t number;  // counted from 0 in the order of taking
    Entry entry;
  };

  // Makes an entry that is to be dropped hold nothing, and says whether it must stay in the queue all the same.
  using EmptyOut = bool (*)(Entry &entry);

  explicit OrderedQueue(int64_t capacity) : capacity_(capacity) {}
  OrderedQueue(int64_t capacity, Overflow overflow, EmptyOut empty_out)
      : capacity_(capacity), overflow_(overflow), empty_out_(empty_out) {}

  // Puts the entry of that number, each number from 0 on once.  With Overflow::block it waits until no more than capacity
  // entries lie between it and the next one to be taken; the next one itself never waits.  False when the queue was closed.
  bool put(uint64_t number, Entry entry) {
    std::unique_lock lock(mutex_);
    if (overflow_ == Overflow::block) room_.wait(lock, [&] { return closed_ || has_room(number); });
    if (closed_) return false;
    measure();
    waiting_.emplace(number, Slot{std::move(entry)});
    find_ready();
    while (overflow_ != Overflow::block && full_ > capacity_) drop_one();
    wake_takers();
    return true;
  }

  // Says that no entry of that number will come, as if it had been put and taken.  It waits as put() does.  For
  // Overflow::block.
  bool skip(uint64_t number) {
    std::unique_lock lock(mutex_);
    room_.wait(lock, [&] { return closed_ || has_room(number); });
    if (closed_) return false;
    measure();
    waiting_.emplace(number, Slot{{}, false, true});
    find_ready();
    pass_skipped();
    wake_takers();
    return true;
  }

  // The next entry, waited for; nothing when the queue was closed, or ended and is empty.
  std::optional<Numbered> take() {
    std::unique_lock lock(mutex_);
    ready_.wait(lock, [&] { return closed_ || is_ready() || is_over(); });
    return take_ready();
  }

  // The same, but gives up at a point in time: then timed_out is set.
  template <typename Clock, typename Duration>
  std::optional<Numbered> take_until(std::chrono::time_point<Clock, Duration> end, bool &timed_out) {
    std::unique_lock lock(mutex_);
    timed_out = !ready_.wait_until(lock, end, [&] { return closed_ || is_ready() || is_over(); });
    return timed_out ? std::nullopt : take_ready();
  }

  // No entry of that number or a later one will come.
  void end(uint64_t number) {
    const std::lock_guard lock(mutex_);
    end_ = number;
    ready_.notify_all();
  }

  // Wakes all that wait; nothing goes in or comes out any more.
  void close() {
    const std::lock_guard lock(mutex_);
    closed_ = true;
    ready_.notify_all();
    room_.notify_all();
  }

  bool is_closed() const {
    const std::lock_guard lock(mutex_);
    return closed_;
  }

  QueueFigures figures() const {
    const std::lock_guard lock(mutex_);
    const double lived = seconds(Clock::now() - made_);
    const double area = area_ + static_cast<double>(waiting_.size()) * seconds(Clock::now() - measured_);
    return {capacity_, static_cast<int64_t>(waiting_.size()), lived > 0 ? area / lived : 0, dropped_};
  }

 private:
  using Clock = std::chrono::steady_clock;
  static double seconds(Clock::duration duration) { return std::chrono::duration<double>(duration).count(); }

  struct Slot {
    Entry entry;
    bool is_full = true;
    bool is_skipped = false;
  };

  bool has_room(uint64_t number) const { return number < taken_ + static_cast<uint64_t>(capacity_); }
  bool is_ready() const { return !waiting_.empty() && waiting_.begin()->first < next_ready_; }
  bool is_over() const { return end_ && waiting_.empty() && next_ready_ >= *end_; }

  void find_ready() {
    while (waiting_.contains(next_ready_)) {
      ++next_ready_;
      ++full_;
    }
  }

  void pass_skipped() {
    const uint64_t before = taken_;
    while (is_ready() && waiting_.begin()->second.is_skipped) {
      waiting_.erase(waiting_.begin());
      ++taken_;
    }
    if (taken_ != before) room_.notify_all();
  }

  void wake_takers() {
    if (is_ready() || is_over()) ready_.notify_all();
  }

  void measure() {
    const auto now = Clock::now();
    area_ += static_cast<double>(waiting_.size()) * seconds(now - measured_);
    measured_ = now;
  }

  std::optional<Numbered> take_ready() {
    if (closed_ || !is_ready()) return std::nullopt;
    measure();
    const auto first = waiting_.begin();
    if (first->second.is_full) --full_;
    Numbered taken{taken_++, std::move(first->second.entry)};
    waiting_.erase(first);
    pass_skipped();
    room_.notify_all();
    if (is_over()) ready_.notify_all();
    return taken;
  }

  // The oldest or the newest of the entries that can be taken.
  void drop_one() {
    auto victim = overflow_ == Overflow::keep_newest ? waiting_.begin() : waiting_.find(next_ready_ - 1);
    while (!victim->second.is_full) overflow_ == Overflow::keep_newest ? ++victim : --victim;
    ++dropped_;
    --full_;
    victim->second.is_full = false;
    if (!empty_out_(victim->second.entry)) waiting_.erase(victim);
  }

  const int64_t capacity_;
  const Overflow overflow_ = Overflow::block;
  const EmptyOut empty_out_ = nullptr;
  mutable std::mutex mutex_;
  std::condition_variable ready_, room_;  // waited for by take() and by put()
  std::map<uint64_t, Slot> waiting_;
  std::optional<uint64_t> end_;
  uint64_t taken_ = 0;       // how many have come out
  uint64_t next_ready_ = 0;  // the first number that has not come in order
  int64_t full_ = 0;         // entries that can be taken and hold something
  uint64_t dropped_ = 0;
  bool closed_ = false;
  const Clock::time_point made_ = Clock::now();
  Clock::time_point measured_ = made_;
  double area_ = 0;  // entries times seconds
};

}  // namespace penstock::core
