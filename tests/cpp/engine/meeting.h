// A place where threads wait for each other, to show that they run at the same time.
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>

namespace penstock::core {

class Meeting {
 public:
  explicit Meeting(int expected) : missing_(expected) {}

  // Returns once all are here; false when that never happens.
  bool arrive_and_wait() {
    std::unique_lock lock(mutex_);
    if (--missing_ == 0) all_here_.notify_all();
    return all_here_.wait_for(lock, std::chrono::minutes(1), [&] { return missing_ <= 0; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable all_here_;
  int missing_;
};

}  // namespace penstock::core
