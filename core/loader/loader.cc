#include "core/loader/loader.h"

#include <algorithm>
#include <system_error>
#include <utility>

#include "core/loader/metrics.h"

namespace penstock::core {

struct Loader::Running {
  Running(const LoaderOptions &options, const LoaderState &from)
      : catalog(options, from.arrivals, from.files_fingerprint),
        pipeline(options, catalog, from.checkpoint, from.sizes) {}

  Catalog catalog;
  Pipeline pipeline;
  const std::chrono::steady_clock::time_point began = std::chrono::steady_clock::now();
};

Loader::Loader(LoaderOptions options) : options_(std::move(options)), fingerprint_(order_fingerprint(options_)) {
  require_valid(options_);
  place_.options_fingerprint = fingerprint_;
}

Loader::~Loader() {
  if (running_ != nullptr) running_->pipeline.stop();
}

std::shared_ptr<Loader::Running> Loader::running() const {
  const std::lock_guard lock(mutex_);
  return running_;
}

void Loader::start() {
  const std::lock_guard control(control_mutex_);
  start_running();
}

// With control_mutex_ held.
std::shared_ptr<Loader::Running> Loader::start_running() {
  LoaderState from;
  {
    const std::lock_guard lock(mutex_);
    if (running_ != nullptr) return running_;
    from = place_;
  }
  std::shared_ptr<Running> started;
  try {
    started = std::make_shared<Running>(options_, from);
  } catch (const std::system_error &error) {
    fail(Status::out_of_memory, "the loader's threads cannot be started: ", error.what());
  }
  const std::lock_guard lock(mutex_);
  is_stopped_ = false;
  error_.reset();
  running_ = started;
  return started;
}

void Loader::stop() {
  const std::lock_guard control(control_mutex_);
  note_place();
  std::shared_ptr<Running> stopped;
  {
    const std::lock_guard lock(mutex_);
    stopped = std::exchange(running_, nullptr);
    is_stopped_ = true;
  }
  if (stopped != nullptr) stopped->pipeline.stop();  // its threads end with its last user, who may be in next() still
}

// With control_mutex_ held.
void Loader::note_place() {
  LoaderState place = whole_place();
  const std::lock_guard lock(mutex_);
  place.checkpoint = place_.checkpoint;
  place_ = std::move(place);
}

std::optional<TensorBatch> Loader::next(std::chrono::milliseconds timeout) {
  const auto asked = std::chrono::steady_clock::now();
  std::optional<std::chrono::steady_clock::time_point> end;
  constexpr std::chrono::hours for_ever(24 * 365);
  if (timeout.count() >= 0 && timeout < for_ever) end = asked + timeout;
  std::shared_ptr<Running> from;
  {
    const std::lock_guard lock(mutex_);
    if (is_stopped_) fail(Status::cancelled, "the loader was stopped: start() makes it go on");
    if (error_) throw Error(*error_);
    from = running_;
  }
  if (from == nullptr) {
    const std::lock_guard control(control_mutex_);
    from = start_running();
  }
  bool timed_out = false;
  std::optional<TensorBatch> batch = from->pipeline.next(end, timed_out);
  if (timed_out)
    fail(Status::timed_out, "no batch within ", timeout.count(), " ms: ", slowest_stage(from->pipeline.figures()));
  if (!batch && from->pipeline.is_stopped())
    fail(Status::cancelled, "the loader was stopped while a batch was waited for");
  const std::lock_guard lock(mutex_);
  waited_ += std::chrono::steady_clock::now() - asked;
  if (!batch) return std::nullopt;
  if (batch->about.error) {
    if (running_ == from) error_ = batch->about.error;
    throw Error(*batch->about.error);
  }
  note_delivered(from, *batch);
  return batch;
}

// With mutex_ held.
void Loader::note_delivered(const std::shared_ptr<Running> &running, const TensorBatch &batch) {
  if (running_ == running) place_.checkpoint = batch.about.after;
  if (!batch.tensors) return;
  ++batches_;
  samples_ += static_cast<uint64_t>((*batch.tensors)[0].shape[0]);
  for (const Tensor &tensor : *batch.tensors) bytes_ += static_cast<uint64_t>(tensor.nbytes());
}

// ---------------------------------------------------------------------------------------------------------------------
// States.

std::vector<std::byte> Loader::state() const { return save_loader_state(whole_place()); }

LoaderState Loader::whole_place() const {
  std::shared_ptr<Running> running;
  LoaderState state;
  {
    const std::lock_guard lock(mutex_);
    running = running_;
    state = place_;
  }
  if (running == nullptr) return state;
  EpochSizes sizes = running->pipeline.sizes(state.checkpoint.epoch);
  if (sizes.empty()) return state;
  state.sizes = std::move(sizes);
  if (options_.watch) state.arrivals = running->catalog.arrivals(state.sizes.rbegin()->second);
  if (!options_.watch) state.files_fingerprint = running->catalog.fingerprint();
  return state;
}

void Loader::restore(std::span<const std::byte> bytes) {
  LoaderState state = read_loader_state(bytes);
  if (state.options_fingerprint != fingerprint_)
    fail(Status::data_error, "the state is of a loader with other options: seed, sampling, sizes, dtype, drop_last, ",
         "what is skipped, shares, anchor and whether folders are watched must be the same");
  const std::lock_guard control(control_mutex_);
  std::shared_ptr<Running> before;
  const std::lock_guard lock(mutex_);
  before = std::exchange(running_, nullptr);
  if (before != nullptr) before->pipeline.stop();
  place_ = std::move(state);
  error_.reset();
  is_stopped_ = false;
}

// ---------------------------------------------------------------------------------------------------------------------
// Forks.

void Loader::hold_for_fork() noexcept {
  control_mutex_.lock();
  try {
    note_place();
  } catch (const std::exception
               &) {  // NOLINT(bugprone-empty-catch): without memory the child knows less of the epoch's files
  }
  mutex_.lock();
  if (running_ != nullptr) running_->pipeline.hold_storages();
}

void Loader::release_after_fork() noexcept {
  if (running_ != nullptr) running_->pipeline.release_storages();
  mutex_.unlock();
  control_mutex_.unlock();
}

void Loader::abandon_threads() noexcept {
  if (running_ == nullptr) return;
  running_->pipeline.release_storages();
  new (abandoned_) std::shared_ptr<Running>(std::move(running_));
}

std::string Loader::metrics() const {
  LoaderFigures figures;
  std::shared_ptr<Running> running;
  {
    const std::lock_guard lock(mutex_);
    running = running_;
    figures.epoch = place_.checkpoint.epoch;
    figures.batches_of_epoch = place_.checkpoint.batches;
    figures.chunks_of_epoch = place_.checkpoint.chunks_seen;
    figures.batches = batches_;
    figures.samples = samples_;
    figures.bytes = bytes_;
    figures.waited_seconds = waited_.count();
    figures.bad_chunks = place_.checkpoint.bad_chunks;
  }
  if (running != nullptr) {
    figures.is_running = true;
    figures.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - running->began).count();
    figures.stages = running->pipeline.figures();
    figures.counts = running->catalog.counts();
    figures.bad_chunks = std::max(figures.bad_chunks, running->pipeline.bad_chunks());
    figures.bad_samples = running->pipeline.bad_samples();
  }
  return as_json(figures);
}

}  // namespace penstock::core
