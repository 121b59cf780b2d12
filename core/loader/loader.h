// A loader of chess games: from files of Leela Chess Zero's training chunks to batches of tensors, always in the same
// order for the same seed, and able to go on anywhere.  ps_loader in penstock/loader.h is this class; what each function
// throws stands there.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/loader/loader_fork.h"
#include "core/loader/loader_state.h"
#include "core/loader/options.h"
#include "core/loader/pipeline.h"

namespace penstock::core {

// Any number of threads.
class Loader final : public ForkedLoader {
 public:
  explicit Loader(LoaderOptions options);  // starts nothing yet
  ~Loader() override;
  Loader(const Loader &) = delete;
  Loader &operator=(const Loader &) = delete;

  const LoaderOptions &options() const { return options_; }

  void start();  // does nothing where it runs
  void stop();

  // The next batch, or the end of an epoch that gave none; nothing at the end of the last epoch.  Starts the loader where
  // it was never started.  A timeout below 0 waits for ever.
  std::optional<TensorBatch> next(std::chrono::milliseconds timeout);

  std::vector<std::byte> state() const;
  void restore(std::span<const std::byte> state);

  // As JSON, in one line.
  std::string metrics() const;

  void hold_for_fork() noexcept override;
  void release_after_fork() noexcept override;
  void abandon_threads() noexcept override;

 private:
  struct Running;  // a catalog and its pipeline
  std::shared_ptr<Running> running() const;
  std::shared_ptr<Running> start_running();
  LoaderState whole_place() const;
  void note_delivered(const std::shared_ptr<Running> &running, const TensorBatch &batch);

  void note_place();

  const LoaderOptions options_;
  const uint64_t fingerprint_;
  std::mutex control_mutex_;  // held by start(), stop() and restore() as a whole
  mutable std::mutex mutex_;  // guards what follows
  std::shared_ptr<Running> running_;
  LoaderState place_;           // behind the last batch that was handed out
  std::optional<Error> error_;  // what ended the order of batches
  bool is_stopped_ = false;
  uint64_t batches_ = 0, samples_ = 0, bytes_ = 0;  // handed out, since the loader was made
  std::chrono::duration<double> waited_{0};
  alignas(std::shared_ptr<Running>) std::byte abandoned_[sizeof(std::shared_ptr<Running>)];  // never destroyed
  const LoaderForks forks_{*this};  // the last member: it uses the others
};

}  // namespace penstock::core
