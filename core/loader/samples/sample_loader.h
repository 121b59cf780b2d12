// A loader of samples of any kind: from a set in storage to batches of tensors, always in the same order for the same seed,
// and able to go on anywhere.  ps_sample_loader in penstock/samples.h is this class; what each function throws stands there.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/base/progress.h"
#include "core/loader/loader_fork.h"
#include "core/loader/samples/assembly_line.h"
#include "core/loader/samples/sample_loader_state.h"

namespace penstock::core {

// Any number of threads.
class SampleLoader final : public ForkedLoader {
 public:
  // Opens the set; called again where it was torn down or a fork left it behind.
  using OpenSet = std::function<std::unique_ptr<SampleSet>(const Progress &progress)>;

  SampleLoader(OpenSet open_set, SampleLoaderOptions options, const Progress &progress = {});
  ~SampleLoader() override;
  SampleLoader(const SampleLoader &) = delete;
  SampleLoader &operator=(const SampleLoader &) = delete;

  const SampleLoaderOptions &options() const { return options_; }

  uint64_t samples_an_epoch() const;
  uint64_t batches_an_epoch() const { return batches_an_epoch_; }
  uint64_t set_count() const { return set_count_; }
  const std::vector<std::string> &class_names() const { return class_names_; }
  std::string address(uint64_t sample) const;

  void start();  // does nothing where it runs
  void stop();

  // The next batch; one of size 0 is the end of an epoch that gave none; nothing at the end of the last epoch.  A timeout
  // below 0 waits as the options say.
  std::optional<SampleBatch> next(std::chrono::milliseconds timeout);

  void seek(uint64_t epoch, uint64_t batch);
  std::vector<std::byte> state() const;
  void restore(std::span<const std::byte> state);

  // As JSON, in one line.
  std::string metrics() const;

  void hold_for_fork() noexcept override;
  void release_after_fork() noexcept override;
  void abandon_threads() noexcept override;

 private:
  struct Running;  // a line, and the set it reads
  using SharedSet = std::shared_ptr<const SampleSet>;

  void prepare(const Progress &progress);
  void read_first_sample();
  void choose_memory();
  SharedSet opened_set() const;
  std::shared_ptr<Running> start_running();
  bool is_over(const SamplePlace &place) const;
  void move_to(const SamplePlace &place);
  std::optional<SampleBatch> take(const std::shared_ptr<Running> &from, const AssemblyLine::Deadline &deadline,
                                  std::chrono::milliseconds timeout);
  void note(const std::shared_ptr<Running> &from, SampleBatch &batch);
  void count_bad(SampleBatch &batch);
  void leave(const Running &from);
  SampleBatch end_of_empty_epoch();

  const OpenSet open_set_;
  const SampleLoaderOptions options_;
  const ImageTransforms no_transforms_;
  BatchPlan plan_;
  std::optional<SampleOrder> order_;
  uint64_t set_count_ = 0, set_fingerprint_ = 0, options_fingerprint_ = 0, batches_an_epoch_ = 0;
  std::vector<std::string> class_names_;
  bool is_pinned_ = false, copies_to_device_ = false;  // what was asked for and is possible

  std::mutex control_mutex_;      // held by start(), stop(), seek() and restore() as a whole
  mutable std::mutex set_mutex_;  // held while a set is opened; guards set_
  mutable SharedSet set_;
  mutable std::mutex mutex_;  // guards what follows
  std::shared_ptr<Running> running_;
  std::shared_ptr<StoragePool> storages_;  // of batches, used again by each line; null before the first one
  SamplePlace place_;                      // behind the last batch that was handed out
  std::optional<Error> error_;             // what ended the order of batches
  bool is_stopped_ = false;
  uint64_t batches_ = 0, samples_ = 0, bytes_ = 0;  // handed out, since the loader was made
  std::chrono::duration<double> waited_{0};
  std::vector<std::string> bad_examples_;
  std::optional<AssemblyLine::Figures> last_figures_;                                        // of the line before
  alignas(std::shared_ptr<Running>) std::byte abandoned_[sizeof(std::shared_ptr<Running>)];  // never destroyed
  alignas(SharedSet) std::byte abandoned_set_[sizeof(SharedSet)];
  const LoaderForks forks_{*this};  // the last member: it uses the others
};

}  // namespace penstock::core
