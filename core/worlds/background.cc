#include "core/worlds/background.h"

#include <unistd.h>

#include <memory>
#include <system_error>
#include <utility>

#include "core/base/error.h"

namespace penstock::core {

struct Background::Worker {
  std::mutex mutex;
  std::condition_variable changed;
  std::function<void()> task;  // what is to be done; empty once it is done
  std::exception_ptr failure;
  bool is_ending = false;
  std::thread thread;

  void run() {
    std::unique_lock lock(mutex);
    for (;;) {
      changed.wait(lock, [&] { return task != nullptr || is_ending; });
      if (task == nullptr) return;
      lock.unlock();
      std::exception_ptr caught;
      try {
        task();
      } catch (...) {
        caught = std::current_exception();
      }
      lock.lock();
      failure = std::move(caught);
      task = nullptr;
      changed.notify_all();
    }
  }
};

bool Background::is_forked() const { return worker_ != nullptr && process_ != getpid(); }

Background::~Background() {
  if (worker_ == nullptr || is_forked()) return;
  {
    const std::lock_guard lock(worker_->mutex);
    worker_->is_ending = true;
  }
  worker_->changed.notify_all();
  worker_->thread.join();  // a task that runs is finished first
  delete worker_;
}

void Background::start(std::function<void()> task) {
  if (worker_ == nullptr || is_forked()) {
    auto made = std::make_unique<Worker>();
    Worker *worker = made.get();
    try {
      worker->thread = std::thread([worker] { worker->run(); });
    } catch (const std::system_error &error) {
      fail(Status::unavailable, "no thread could be started: ", error.what());
    }
    worker_ = made.release();
    process_ = getpid();
  }
  {
    const std::lock_guard lock(worker_->mutex);
    worker_->task = std::move(task);
  }
  worker_->changed.notify_all();
  is_running_ = true;
}

void Background::wait() {
  if (!is_running_) return;
  is_running_ = false;
  if (is_forked())
    fail(Status::unavailable,
         "what was started before fork() cannot be waited for in the child: its thread is the parent's");
  std::unique_lock lock(worker_->mutex);
  worker_->changed.wait(lock, [&] { return worker_->task == nullptr; });
  if (const std::exception_ptr failure = std::exchange(worker_->failure, nullptr)) std::rethrow_exception(failure);
}

}  // namespace penstock::core
