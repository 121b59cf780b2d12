#include "core/loader/samples/sample_loader.h"

#include <algorithm>
#include <system_error>
#include <utility>

#include "core/base/log.h"
#include "core/loader/samples/device_batches.h"
#include "core/loader/samples/sample_metrics.h"
#include "core/tensor/cuda_device.h"

namespace penstock::core {

struct SampleLoader::Running {
  Running(SharedSet opened, std::shared_ptr<StoragePool> pool, const SampleLoader &loader, const SamplePlace &from,
          const BatchPlace &end)
      : set(std::move(opened)),
        storages(std::move(pool)),
        line({loader.options_, *set, loader.plan_, *loader.order_,
              loader.options_.transforms == nullptr ? loader.no_transforms_ : *loader.options_.transforms, *storages,
              loader.copies_to_device_},
             {from.epoch, from.batch}, end, loader.batches_an_epoch_) {}

  const SharedSet set;
  const std::shared_ptr<StoragePool> storages;
  AssemblyLine line;
  const std::chrono::steady_clock::time_point began = std::chrono::steady_clock::now();
};

SampleLoader::SampleLoader(OpenSet open_set, SampleLoaderOptions options, const Progress &progress)
    : open_set_(std::move(open_set)), options_(std::move(options)), no_transforms_(std::span<const ImageStep>()) {
  require_valid(options_);
  choose_memory();
  prepare(progress);
}

SampleLoader::~SampleLoader() {
  if (running_ != nullptr) running_->line.stop();
}

// ---------------------------------------------------------------------------------------------------------------------
// What is fixed from the start.

void SampleLoader::prepare(const Progress &progress) {
  set_ = open_set_(progress);
  set_count_ = set_->count();
  set_fingerprint_ = set_->fingerprint();
  options_fingerprint_ = order_fingerprint(options_);
  const auto names = set_->class_names();
  class_names_.assign(names.begin(), names.end());
  {
    const std::lock_guard lock(mutex_);  // a fork holds it and the order, or neither
    order_.emplace(options_, set_count_);
  }
  const auto size = static_cast<uint64_t>(options_.batch_size), samples = order_->size();
  batches_an_epoch_ = options_.drop_last ? samples / size : samples / size + (samples % size == 0 ? 0 : 1);
  read_first_sample();
}

void SampleLoader::read_first_sample() {
  SampleRoom room;
  Sample sample;
  for (uint64_t number = 0;; ++number) try {
      set_->read(number, room, sample);
      plan_ = plan_batches(options_, sample, set_->address(number));
      return;
    } catch (const Error &error) {
      // The fields are those of the first sample that can be read; loading counts the others.
      const bool is_bad = error.status() == Status::data_error || error.status() == Status::io_error;
      if (!options_.skip_bad || !is_bad || number + 1 == set_count_) throw;
    }
}

void SampleLoader::choose_memory() {
  const auto choose = [](const char *name, Choice wanted, auto &&require) {
    if (wanted == Choice::off) return false;
    try {
      require();
      return true;
    } catch (const Error &error) {
      if (wanted == Choice::on) fail(error.status(), name, " is on, but cannot be: ", error.sentence());
      log_message(LogLevel::warning, name, " is \"auto\" and stays off: ", error.sentence());
      return false;
    }
  };
  is_pinned_ = choose("pin_memory", options_.pin_memory, [] { cuda_device_count(); });
  copies_to_device_ = choose("non_blocking", options_.non_blocking, [&] {
    cuda_device_count();
    if (options_.device.type != DeviceType::cuda)
      fail(Status::invalid_argument, "batches stay on ", options_.device, ", so that nothing is copied to a GPU");
  });
}

uint64_t SampleLoader::samples_an_epoch() const {
  const uint64_t whole = batches_an_epoch_ * static_cast<uint64_t>(options_.batch_size);
  return std::min(order_->size(), whole);
}

// The set, opened anew where there is none.
SampleLoader::SharedSet SampleLoader::opened_set() const {
  const std::lock_guard lock(set_mutex_);
  if (set_ == nullptr) {
    SharedSet opened = open_set_({});
    if (opened->count() != set_count_ || opened->fingerprint() != set_fingerprint_)
      fail(Status::data_error, "the sources have changed since the loader was made: they had ", set_count_,
           " samples, and have ", opened->count(), opened->count() == set_count_ ? " others" : "");
    set_ = std::move(opened);
  }
  return set_;
}

std::string SampleLoader::address(uint64_t sample) const {
  if (sample >= set_count_) fail(Status::out_of_range, "sample is ", sample, ": expected 0 to ", set_count_ - 1);
  return opened_set()->address(sample);
}

// ---------------------------------------------------------------------------------------------------------------------
// Running.

bool SampleLoader::is_over(const SamplePlace &place) const {
  return options_.epochs > 0 && place.epoch >= static_cast<uint64_t>(options_.epochs);
}

void SampleLoader::start() {
  const std::lock_guard control(control_mutex_);
  {
    const std::lock_guard lock(mutex_);
    is_stopped_ = false;
  }
  start_running();
}

// With control_mutex_ held.  Null where nothing is to be run.
std::shared_ptr<SampleLoader::Running> SampleLoader::start_running() {
  SamplePlace from;
  std::shared_ptr<StoragePool> storages;
  {
    const std::lock_guard lock(mutex_);
    if (running_ != nullptr || is_stopped_ || error_ || is_over(place_) || batches_an_epoch_ == 0) return running_;
    from = place_;
    if (storages_ == nullptr)
      storages_ = std::make_shared<StoragePool>(static_cast<size_t>(options_.prefetch) + 2, is_pinned_);
    storages = storages_;
  }
  BatchPlace end{options_.epochs > 0 ? static_cast<uint64_t>(options_.epochs) : UINT64_MAX, 0};
  if (!options_.persistent_workers) end.epoch = from.epoch + 1;
  std::shared_ptr<Running> started;
  try {
    started = std::make_shared<Running>(opened_set(), storages, *this, from, end);
  } catch (const std::system_error &error) {
    fail(Status::out_of_memory, "the loader's threads cannot be started: ", error.what());
  }
  const std::lock_guard lock(mutex_);
  running_ = started;
  return started;
}

void SampleLoader::stop() {
  const std::lock_guard control(control_mutex_);
  std::shared_ptr<Running> stopped;
  {
    const std::lock_guard lock(mutex_);
    stopped = std::exchange(running_, nullptr);
    storages_ = nullptr;
    is_stopped_ = true;
  }
  if (stopped != nullptr) stopped->line.stop();  // its threads end with its last user, who may be in next() still
}

std::optional<SampleBatch> SampleLoader::next(std::chrono::milliseconds timeout) {
  const auto asked = std::chrono::steady_clock::now();
  if (timeout.count() < 0) timeout = std::chrono::milliseconds(options_.timeout_ms == 0 ? -1 : options_.timeout_ms);
  AssemblyLine::Deadline deadline;
  constexpr std::chrono::hours for_ever(24 * 365);
  if (timeout.count() >= 0 && timeout < for_ever) deadline = asked + timeout;
  while (true) {
    std::shared_ptr<Running> from;
    {
      const std::lock_guard lock(mutex_);
      if (is_stopped_) fail(Status::cancelled, "the loader was stopped: start() makes it go on");
      if (error_) throw Error(*error_);
      if (is_over(place_)) return std::nullopt;
      if (batches_an_epoch_ == 0) return end_of_empty_epoch();
      from = running_;
    }
    if (from == nullptr) {
      const std::lock_guard control(control_mutex_);
      from = start_running();
      if (from == nullptr) continue;  // another thread stopped it, or came to the end, meanwhile
    }
    std::optional<SampleBatch> batch = take(from, deadline, timeout);
    const std::lock_guard lock(mutex_);
    if (batch && (batch->size > 0 || batch->is_last)) {
      waited_ += std::chrono::steady_clock::now() - asked;
      return batch;
    }
  }
}

// With mutex_ held.
SampleBatch SampleLoader::end_of_empty_epoch() {
  SampleBatch end;
  end.epoch = place_.epoch++;
  end.is_last = true;
  return end;
}

// Nothing where the line is at its end, which is the end of all epochs, or of one where threads do not outlive it.
std::optional<SampleBatch> SampleLoader::take(const std::shared_ptr<Running> &from,
                                              const AssemblyLine::Deadline &deadline,
                                              std::chrono::milliseconds timeout) {
  bool timed_out = false;
  auto batch = from->line.next(deadline, timed_out, [&](SampleBatch &taken) { note(from, taken); });
  if (timed_out) fail(Status::timed_out, "no batch within ", timeout.count(), " ms: ", from->line.stall());
  if (!batch && from->line.is_stopped()) fail(Status::cancelled, "the loader was stopped while a batch was waited for");
  if (!batch) return batch;
  if (batch->error) throw Error(*batch->error);
  if (batch->is_last) leave(*from);
  if (options_.device.type == DeviceType::cuda && !copies_to_device_) copy_to_device(*batch, options_.device);
  return batch;
}

// Behind the last batch of an epoch: what goes with it goes, and what a line did is kept for metrics().
void SampleLoader::leave(const Running &from) {
  if (!options_.persistent_workers) {
    const std::lock_guard lock(set_mutex_);
    set_ = nullptr;
  }
  std::optional<AssemblyLine::Figures> figures;
  try {
    figures = from.line.figures();
  } catch (const std::bad_alloc &) {  // the batch that has been taken is worth more than figures
  }
  const std::lock_guard lock(mutex_);
  if (!options_.persistent_workers) storages_ = nullptr;
  if (figures) last_figures_ = std::move(*figures);
}

// Notes that a batch is handed out, or that it is an error; called in the order of batches.
void SampleLoader::note(const std::shared_ptr<Running> &from, SampleBatch &batch) {
  const std::lock_guard lock(mutex_);
  if (running_ != from) return;
  if (!batch.error) count_bad(batch);
  if (batch.error) {
    error_ = batch.error;
    return;
  }
  place_.epoch = batch.is_last ? batch.epoch + 1 : batch.epoch;
  place_.batch = batch.is_last ? 0 : batch.index + 1;
  if (is_over(place_) || (batch.is_last && !options_.persistent_workers)) running_ = nullptr;
  if (batch.size == 0) return;
  ++batches_;
  samples_ += static_cast<uint64_t>(batch.size);
  bytes_ += batch.nbytes;
}

// With mutex_ held.
void SampleLoader::count_bad(SampleBatch &batch) {
  if (batch.bad.empty()) return;
  constexpr size_t most_examples = 10;
  uint64_t count = place_.bad_samples;
  std::vector<std::string> examples = bad_examples_;  // a copy: nothing is noted by half
  for (const Error &bad : batch.bad) {
    ++count;
    if (options_.bad_limit > 0 && count > static_cast<uint64_t>(options_.bad_limit)) {
      batch.error = Error(bad.status(),
                          text(bad.sentence(), "; it is bad sample ", count, ", the limit is ", options_.bad_limit));
      --count;
      break;
    }
    if (examples.size() < most_examples) examples.push_back(bad.sentence());
  }
  place_.bad_samples = count;
  bad_examples_ = std::move(examples);
}

// ---------------------------------------------------------------------------------------------------------------------
// Going on elsewhere.

void SampleLoader::seek(uint64_t epoch, uint64_t batch) {
  if (batch > batches_an_epoch_)
    fail(Status::out_of_range, "batch is ", batch, ": expected 0 to ", batches_an_epoch_, ", the batches of an epoch");
  if (options_.epochs > 0 && epoch > static_cast<uint64_t>(options_.epochs))
    fail(Status::out_of_range, "epoch is ", epoch, ": expected 0 to ", options_.epochs, ", the end of the last one");
  const bool is_end = batch == batches_an_epoch_ && batch > 0;
  const std::lock_guard control(control_mutex_);
  uint64_t bad_samples = 0;
  {
    const std::lock_guard lock(mutex_);
    bad_samples = place_.bad_samples;
  }
  move_to({is_end ? epoch + 1 : epoch, is_end ? 0 : batch, bad_samples});
}

// With control_mutex_ held.
void SampleLoader::move_to(const SamplePlace &place) {
  std::shared_ptr<Running> before;
  {
    const std::lock_guard lock(mutex_);
    before = std::exchange(running_, nullptr);
    place_ = place;
    error_.reset();
    is_stopped_ = false;
  }
  if (before != nullptr) before->line.stop();
}

std::vector<std::byte> SampleLoader::state() const {
  SampleLoaderState state{options_fingerprint_, set_fingerprint_, {}};
  {
    const std::lock_guard lock(mutex_);
    state.place = place_;
  }
  return save_sample_loader_state(state);
}

void SampleLoader::restore(std::span<const std::byte> bytes) {
  const SampleLoaderState state = read_sample_loader_state(bytes);
  if (state.options_fingerprint != options_fingerprint_)
    fail(Status::data_error, "the state is of a loader with other options: sampler, seeds, num_samples, weights, ",
         "shares, batch_size, drop_last, fields, decoding, memory_format and what is skipped must be the same");
  if (state.set_fingerprint != set_fingerprint_)
    fail(Status::data_error, "the state is of another set of samples: its files have changed, or are others");
  if (state.place.batch > 0 && state.place.batch >= batches_an_epoch_)
    fail(Status::data_error, "damaged state: it stands before batch ", state.place.batch, ", but an epoch has ",
         batches_an_epoch_);
  const std::lock_guard control(control_mutex_);
  move_to(state.place);
}

// ---------------------------------------------------------------------------------------------------------------------
// Forks.

void SampleLoader::hold_for_fork() noexcept {
  control_mutex_.lock();
  set_mutex_.lock();
  mutex_.lock();
  if (storages_ != nullptr) storages_->hold();
  if (order_) order_->hold();
}

void SampleLoader::release_after_fork() noexcept {
  if (order_) order_->release();
  if (storages_ != nullptr) storages_->release();
  mutex_.unlock();
  set_mutex_.unlock();
  control_mutex_.unlock();
}

void SampleLoader::abandon_threads() noexcept {
  if (running_ == nullptr) return;
  new (abandoned_) std::shared_ptr<Running>(std::move(running_));
  new (abandoned_set_) SharedSet(std::move(set_));
}

std::string SampleLoader::metrics() const {
  SampleLoaderFigures figures;
  std::shared_ptr<Running> running;
  {
    const std::lock_guard lock(mutex_);
    running = running_;
    figures.epoch = place_.epoch;
    figures.batches_of_epoch = place_.batch;
    figures.bad_samples = place_.bad_samples;
    figures.bad_examples = bad_examples_;
    figures.batches = batches_;
    figures.samples = samples_;
    figures.bytes = bytes_;
    figures.waited_seconds = waited_.count();
    figures.line = last_figures_;
  }
  const auto state_of = [](Choice wanted, bool is_active) {
    return wanted == Choice::off ? "off" : is_active ? "active" : "inactive";
  };
  figures.set_samples = set_count_;
  figures.loading_mode = options_.loading_mode;
  figures.pin_memory = state_of(options_.pin_memory, is_pinned_);
  figures.non_blocking = state_of(options_.non_blocking, copies_to_device_);
  if (running != nullptr) {
    figures.is_running = true;
    figures.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - running->began).count();
    figures.line = running->line.figures();
  }
  return as_json(figures);
}

}  // namespace penstock::core
