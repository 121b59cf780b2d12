// One thread that does one thing at a time for its owner, who may go on meanwhile.
#pragma once

#include <sys/types.h>

#include <condition_variable>
#include <exception>
#include <functional>
#include <mutex>
#include <thread>

namespace penstock::core {

// One owner's thread at a time.  The thread is started at first use.  After fork() the child has none: what ran is lost
// to it, and wait() throws unavailable there; start() begins anew.
class Background {
 public:
  Background() = default;
  ~Background();  // waits
  Background(const Background &) = delete;
  Background &operator=(const Background &) = delete;

  // The task must not call this object; nothing may be running.  Throws unavailable where no thread can be started.
  void start(std::function<void()> task);
  void wait();  // throws what the task threw; does nothing when none was started since
  bool is_running() const { return is_running_; }  // from start() to wait()

 private:
  struct Worker;
  bool is_forked() const;

  // Owned, but never deleted in a forked child: its thread, and whoever holds its lock, are not there.
  Worker *worker_ = nullptr;
  pid_t process_ = 0;
  bool is_running_ = false;
};

}  // namespace penstock::core
