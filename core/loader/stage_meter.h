// What a stage has done so far, counted by its threads.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>

namespace penstock::core {

struct StageMeter {
  std::atomic<uint64_t> items{0};
  std::atomic<uint64_t> bytes{0};
  std::atomic<uint64_t> busy_ns{0};  // over all of its threads
};

class Stopwatch {
 public:
  uint64_t passed_ns() const {
    const auto passed = std::chrono::steady_clock::now() - begin_;
    return static_cast<uint64_t>(std::chrono::duration_cast<std::chrono::nanoseconds>(passed).count());
  }

 private:
  const std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
};

// Counts the time from here to the end of the scope as busy.
class BusyTime {
 public:
  explicit BusyTime(StageMeter &meter) : meter_(meter) {}
  BusyTime(const BusyTime &) = delete;
  BusyTime &operator=(const BusyTime &) = delete;
  ~BusyTime() { meter_.busy_ns += watch_.passed_ns(); }

 private:
  StageMeter &meter_;
  const Stopwatch watch_;
};

// Takes the time from here to the end of the scope out of a busy time around it.
class WaitingTime {
 public:
  explicit WaitingTime(StageMeter &meter) : meter_(meter) {}
  WaitingTime(const WaitingTime &) = delete;
  WaitingTime &operator=(const WaitingTime &) = delete;
  ~WaitingTime() { meter_.busy_ns -= watch_.passed_ns(); }

 private:
  StageMeter &meter_;
  const Stopwatch watch_;
};

}  // namespace penstock::core
