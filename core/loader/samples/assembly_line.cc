#include "core/loader/samples/assembly_line.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <new>
#include <span>
#include <utility>

#include "core/base/trace.h"
#include "core/loader/samples/device_batches.h"

namespace penstock::core {
namespace {

using Clock = std::chrono::steady_clock;

double seconds(Clock::duration duration) { return std::chrono::duration<double>(duration).count(); }

uint64_t chosen_memory_limit(const SampleLoaderOptions &options) {
  if (options.memory_limit != 0) return options.memory_limit;
  const auto pages = static_cast<uint64_t>(std::max(sysconf(_SC_PHYS_PAGES), 1L));
  const auto page_size = static_cast<uint64_t>(std::max(sysconf(_SC_PAGESIZE), 1L));
  return pages / 4 * page_size;
}

// So few that all workers share a batch to its end, so many that claiming them costs nothing.
int64_t chosen_grain(const SampleLoaderOptions &options) {
  if (options.num_workers == 0 || options.loading_mode == LoadingMode::streaming) return 1;
  if (options.loading_mode == LoadingMode::async_pool) return options.batch_size;
  constexpr int64_t pieces_a_worker = 8, most = 64;
  return std::clamp(options.batch_size / (pieces_a_worker * options.num_workers), int64_t{1}, most);
}

}  // namespace

struct AssemblyLine::Assembly {
  explicit Assembly(const BatchPlan &plan) : batch(plan) {}

  // Set when it is begun, by the thread that claimed it.
  uint64_t number = 0, first_place = 0;
  std::shared_ptr<const SampleOrder::Epoch> order;
  BatchAssembly batch;
  SampleBatch made;

  // Under the line's mutex.
  int64_t row_count = 0;
  int64_t next_row = 0;  // that nobody has claimed
  int64_t rows_done = 0;
  bool is_open = false;  // its memory is there
  bool is_ready = false;

  std::atomic<int64_t> failed_row{INT64_MAX};  // the first one known to have failed for good: later ones are left out
};

// What a thread needs, and what it is at.
struct AssemblyLine::Worker {
  explicit Worker(const LineSources &sources)
      : writer(sources.options, sources.set, sources.transforms, sources.plan) {}

  void enter(Stage entered, uint64_t at) {
    sample.store(at, std::memory_order_relaxed);
    since.store(Clock::now().time_since_epoch().count(), std::memory_order_relaxed);
    stage.store(entered, std::memory_order_relaxed);
  }

  RowWriter writer;
  std::array<int64_t, 64> rows;  // that are being read straight to their places
  size_t row_count = 0;
  std::optional<int64_t> row_apart;  // that is not like these
  std::atomic<Stage> stage{Stage::idle};
  std::atomic<uint64_t> sample{0};
  std::atomic<Clock::rep> since{0};
};

// Rows of an assembly that one thread does; opens: from the first row on, of a batch that has no memory yet.
struct AssemblyLine::Piece {
  Assembly *assembly;
  int64_t begin, end;
  bool opens;
};

AssemblyLine::AssemblyLine(const LineSources &sources, BatchPlace begin, BatchPlace end, uint64_t batches_an_epoch)
    : sources_(sources),
      options_(sources.options),
      begin_(begin),
      batches_an_epoch_(batches_an_epoch),
      end_number_(end.epoch == UINT64_MAX ? UINT64_MAX
                                          : (end.epoch - begin.epoch) * batches_an_epoch + end.index - begin.index),
      memory_limit_(chosen_memory_limit(sources.options)),
      grain_(chosen_grain(sources.options)),
      storages_(sources.storages),
      active_workers_(options_.num_workers),
      tuned_prefetch_(options_.prefetch) {
  if (options_.auto_tune) {
    tuner_.emplace(options_.num_workers, options_.prefetch);
    active_workers_ = tuner_->setting().workers;
    tuned_prefetch_ = tuner_->setting().prefetch;
  }
  try {
    start_threads();
  } catch (...) {
    stop();
    for (std::thread &thread : threads_) thread.join();
    throw;
  }
}

void AssemblyLine::start_threads() {
  for (int32_t index = 0; index < options_.num_workers; ++index) workers_.push_back(std::make_unique<Worker>(sources_));
  for (int32_t index = 0; index < options_.num_workers; ++index)
    threads_.emplace_back([this, index] { run(*workers_[static_cast<size_t>(index)], index); });
}

AssemblyLine::~AssemblyLine() {
  stop();
  for (std::thread &thread : threads_) thread.join();
}

void AssemblyLine::stop() {
  const std::lock_guard lock(mutex_);
  is_stopped_ = true;
  work_.notify_all();
  ready_.notify_all();
}

// ---------------------------------------------------------------------------------------------------------------------
// Who does what.  All of these but run() are called with the mutex held.

int32_t AssemblyLine::prefetch_now() const {
  const auto fitting = batch_nbytes_ == 0 ? UINT64_MAX : memory_limit_ / batch_nbytes_;
  return static_cast<int32_t>(std::clamp(fitting, uint64_t{1}, static_cast<uint64_t>(tuned_prefetch_)));
}

int32_t AssemblyLine::collate_now() const {
  // Two by default: who finds nothing left to do in the one begins the other.
  const int32_t chosen = options_.loading_mode == LoadingMode::async_pool ? active_workers_ : 2;
  return std::min(options_.collate_buffer_size == 0 ? chosen : options_.collate_buffer_size, prefetch_now());
}

bool AssemblyLine::may_begin() const {
  if (next_number_ >= end_number_) return false;
  const auto begun = static_cast<int32_t>(window_.size());
  if (options_.num_workers == 0 || options_.loading_mode == LoadingMode::sequential) return begun < waiting_;
  return begun < prefetch_now() && unfinished_ < collate_now();
}

bool AssemblyLine::may_work(int32_t index) const {
  if (index >= active_workers_) return false;
  for (const auto &assembly : window_)
    if (assembly->is_open && assembly->next_row < assembly->row_count) return true;
  return may_begin();
}

std::optional<AssemblyLine::Piece> AssemblyLine::claim() {
  for (const auto &assembly : window_) {
    if (!assembly->is_open || assembly->next_row >= assembly->row_count) continue;
    const int64_t begin = assembly->next_row;
    assembly->next_row = std::min(begin + grain_, assembly->row_count);
    return Piece{assembly.get(), begin, assembly->next_row, false};
  }
  if (!may_begin()) return std::nullopt;
  Piece piece{nullptr, 0, 0, true};
  begin_assembly(piece);
  return piece;
}

void AssemblyLine::begin_assembly(Piece &piece) {
  std::unique_ptr<Assembly> begun;
  if (spare_.empty()) {
    begun = std::make_unique<Assembly>(sources_.plan);
  } else {
    begun = std::move(spare_.back());
    spare_.pop_back();
  }
  const uint64_t in_all = begin_.index + next_number_, index = in_all % batches_an_epoch_;
  const auto size = static_cast<uint64_t>(options_.batch_size), samples = sources_.order.size();
  begun->made = {};
  begun->made.epoch = begin_.epoch + in_all / batches_an_epoch_;
  begun->made.index = index;
  begun->made.is_last = index + 1 == batches_an_epoch_;
  begun->number = next_number_;
  begun->first_place = index * size;
  begun->row_count = static_cast<int64_t>(std::min(size, samples - begun->first_place));
  begun->rows_done = 0;
  begun->is_open = begun->is_ready = false;
  begun->failed_row = INT64_MAX;
  // Who opens it has the first rows; in a pool all of them.
  begun->next_row = options_.loading_mode == LoadingMode::async_pool ? begun->row_count : 0;
  piece = {begun.get(), 0, 0, true};
  window_.push_back(std::move(begun));
  ++next_number_;
  ++unfinished_;
}

// What a thread throws is no sample's: it ends the line, and reaches who waits for a batch.
void AssemblyLine::run(Worker &worker, int32_t index) noexcept {
  try {
    work(worker, index);
  } catch (const Error &error) {
    fail_with(error);
  } catch (const std::bad_alloc &) {
    fail_with(Error(Status::out_of_memory, "no memory to load samples"));
  } catch (const std::exception &error) {
    fail_with(Error(Status::internal, error.what()));
  }
}

void AssemblyLine::fail_with(Error error) {
  {
    const std::lock_guard lock(mutex_);
    if (!error_) error_ = std::move(error);
  }
  stop();
}

void AssemblyLine::work(Worker &worker, int32_t index) {
  std::unique_lock<std::mutex> reading(reading_mutex_, std::defer_lock);
  while (true) {
    if (options_.loading_mode == LoadingMode::streaming) reading.lock();
    std::optional<Piece> piece;
    {
      std::unique_lock lock(mutex_);
      worker.stage.store(Stage::idle, std::memory_order_relaxed);
      work_.wait(lock, [&] { return is_stopped_ || may_work(index); });
      if (is_stopped_) return;
      piece = claim();
    }
    if (piece) do_piece(worker, *piece, reading);
    if (reading.owns_lock()) reading.unlock();
  }
}

// ---------------------------------------------------------------------------------------------------------------------
// Rows, without the mutex.

void AssemblyLine::do_piece(Worker &worker, const Piece &piece, std::unique_lock<std::mutex> &reading) {
  Assembly &assembly = *piece.assembly;
  if (piece.opens) {
    const int64_t tried = open(worker, assembly, reading);
    const bool does_all = options_.loading_mode == LoadingMode::async_pool;
    if (does_all) do_rows(worker, assembly, tried, assembly.row_count, reading);
    complete(worker, assembly, does_all ? assembly.row_count : tried);
    return;
  }
  do_rows(worker, assembly, piece.begin, piece.end, reading);
  complete(worker, assembly, piece.end - piece.begin);
}

void AssemblyLine::do_rows(Worker &worker, Assembly &assembly, int64_t begin, int64_t end,
                           std::unique_lock<std::mutex> &reading) {
  for (int64_t row = begin; row < end;) {
    const int64_t next = read_straight(worker, assembly, row, end);
    if (next == row)
      do_row(worker, assembly, row++, reading);
    else
      row = next;
  }
}

// Reads rows from begin on straight to their places, as many as that is possible for, and returns the first one that is not
// done.
int64_t AssemblyLine::read_straight(Worker &worker, Assembly &assembly, int64_t begin, int64_t end) {
  if (!worker.writer.may_locate()) return begin;
  worker.row_count = 0;
  worker.row_apart.reset();
  int64_t row = begin;
  bool is_read = false;
  {
    const TraceSpan span("read samples");
    const BusyTime busy(read_meter_);
    bool goes_on = true;
    while (goes_on && row < end && worker.row_count < worker.rows.size()) goes_on = list_row(worker, assembly, row);
    is_read = worker.writer.read_listed();
  }
  const std::span<const int64_t> rows = std::span(worker.rows).first(worker.row_count);
  if (is_read) {
    read_meter_.items += rows.size();
    read_meter_.bytes += worker.writer.bytes_read();
    write_meter_.items += rows.size();
  } else {
    for (const int64_t unread : rows) read_and_write(worker, assembly, unread);
  }
  if (worker.row_apart) read_and_write(worker, assembly, *worker.row_apart);
  return row;
}

// Goes on to the next row, unless this one is not wanted any more or has to be read by itself: then it is the end.
bool AssemblyLine::list_row(Worker &worker, Assembly &assembly, int64_t &row) {
  const uint64_t number = number_of(assembly, row);
  if (is_stopped_ || row > assembly.failed_row || !worker.writer.locate(number)) return false;
  if (worker.row_count == 0) worker.enter(Stage::read, number);
  try {
    announce(assembly, row);
  } catch (const Error &error) {
    note_failure(assembly, row++, error);
    return true;
  }
  const bool is_listed = worker.writer.list(assembly.batch, row);
  if (is_listed)
    worker.rows[worker.row_count++] = row++;
  else
    worker.row_apart = row++;
  return is_listed;
}

// Reads rows from the first on until one says what the batch is like, lets the others in, and writes that row.  The number
// of rows that are done then.
int64_t AssemblyLine::open(Worker &worker, Assembly &assembly, std::unique_lock<std::mutex> &reading) {
  assembly.order = sources_.order.epoch(assembly.made.epoch);
  assembly.batch.begin(assembly.row_count, options_.batch_size);
  int64_t row = 0;
  bool is_laid_out = false, is_located = false;
  for (; row < assembly.row_count && !is_laid_out && !is_stopped_; ++row) try {
      is_located = worker.writer.locate(number_of(assembly, row));
      if (!is_located) read_row(worker, assembly, row);
      worker.writer.lay_out(assembly.batch, storages_);
      is_laid_out = true;
    } catch (const Error &error) {
      note_failure(assembly, row, error);
      if (assembly.failed_row != INT64_MAX) break;
    } catch (const std::bad_alloc &) {
      note_failure(assembly, row, Error(Status::out_of_memory, "no memory for a batch of samples"));
      break;
    }
  const bool is_over = !is_laid_out;  // no row is left, or none is wanted any more
  {
    const std::lock_guard lock(mutex_);
    assembly.is_open = true;
    const bool is_shared = options_.loading_mode != LoadingMode::async_pool;
    assembly.next_row = is_over || !is_shared ? assembly.row_count : row;
    if (assembly.next_row < assembly.row_count) work_.notify_all();
  }
  if (reading.owns_lock()) reading.unlock();
  if (is_over) return assembly.row_count;
  if (is_located)
    do_rows(worker, assembly, row - 1, row, reading);
  else
    write_row(worker, assembly, row - 1);
  return row;
}

uint64_t AssemblyLine::number_of(const Assembly &assembly, int64_t row) const {
  return (*assembly.order)(assembly.first_place + static_cast<uint64_t>(row));
}

// Before a row is read: once.
void AssemblyLine::announce(Assembly &assembly, int64_t row) {
  assembly.batch.set_sample(row, number_of(assembly, row));
  if (options_.seam.before_read) options_.seam.before_read(assembly.first_place + static_cast<uint64_t>(row));
}

void AssemblyLine::read_row(Worker &worker, Assembly &assembly, int64_t row) {
  worker.enter(Stage::read, number_of(assembly, row));
  const TraceSpan span("read sample");
  const BusyTime busy(read_meter_);
  announce(assembly, row);
  read_announced(worker, assembly, row);
}

void AssemblyLine::read_announced(Worker &worker, Assembly &assembly, int64_t row) {
  worker.writer.read(assembly.batch.sample(row));
  ++read_meter_.items;
  read_meter_.bytes += worker.writer.bytes_read();
}

void AssemblyLine::write_row(Worker &worker, Assembly &assembly, int64_t row) {
  worker.enter(Stage::write, assembly.batch.sample(row));
  const TraceSpan span("write sample");
  const BusyTime busy(write_meter_);
  try {
    const uint64_t place = assembly.first_place + static_cast<uint64_t>(row);
    worker.writer.write(assembly.batch, row, assembly.made.epoch, sources_.order.place_in_all(place));
    ++write_meter_.items;
  } catch (const Error &error) {
    note_failure(assembly, row, error);
  } catch (const std::bad_alloc &) {
    note_failure(assembly, row, Error(Status::out_of_memory, "no memory for a sample"));
  }
}

void AssemblyLine::do_row(Worker &worker, Assembly &assembly, int64_t row, std::unique_lock<std::mutex> &reading) {
  if (is_stopped_ || row > assembly.failed_row) return;
  bool is_read = false;
  try {
    read_row(worker, assembly, row);
    is_read = true;
  } catch (const Error &error) {
    note_failure(assembly, row, error);
  } catch (const std::bad_alloc &) {
    note_failure(assembly, row, Error(Status::out_of_memory, "no memory for a sample"));
  }
  if (reading.owns_lock()) reading.unlock();
  if (is_read) write_row(worker, assembly, row);
}

// A row that was announced, and could not be read straight to its place: now its set says what is wrong with it.
void AssemblyLine::read_and_write(Worker &worker, Assembly &assembly, int64_t row) {
  try {
    {
      const BusyTime busy(read_meter_);
      read_announced(worker, assembly, row);
    }
    write_row(worker, assembly, row);
  } catch (const Error &error) {
    note_failure(assembly, row, error);
  } catch (const std::bad_alloc &) {
    note_failure(assembly, row, Error(Status::out_of_memory, "no memory for a sample"));
  }
}

void AssemblyLine::note_failure(Assembly &assembly, int64_t row, const Error &error) {
  assembly.batch.set_failure(row, error);
  const bool is_about_data =
      error.status() == Status::data_error || error.status() == Status::io_error || error.status() == Status::not_found;
  if (options_.skip_bad && is_about_data) return;
  int64_t first = assembly.failed_row;
  while (row < first && !assembly.failed_row.compare_exchange_weak(first, row)) {
  }
}

void AssemblyLine::complete(Worker &worker, Assembly &assembly, int64_t rows) {
  {
    const std::lock_guard lock(mutex_);
    assembly.rows_done += rows;
    if (assembly.rows_done < assembly.row_count) return;
  }
  finish(worker, assembly);
  const std::lock_guard lock(mutex_);
  measure_queue();
  assembly.is_ready = true;
  --unfinished_;
  ++finished_;
  batch_nbytes_ = std::max(batch_nbytes_, assembly.made.nbytes);
  ready_.notify_all();
  work_.notify_all();
}

// All rows are done, so nobody else is in the assembly.
void AssemblyLine::finish(Worker &worker, Assembly &assembly) {
  if (is_stopped_) return;
  worker.enter(Stage::finish, assembly.batch.sample(0));
  const TraceSpan span("finish batch");
  const BusyTime busy(finish_meter_);
  try {
    if (assembly.failed_row != INT64_MAX) {
      assembly.made.error = assembly.batch.failure(assembly.failed_row);
      return;
    }
    assembly.batch.finish(assembly.made, storages_);
    if (sources_.copies_to_device) copy_on_side_stream(assembly.made, options_.device);
    ++finish_meter_.items;
    finish_meter_.bytes += assembly.made.nbytes;
  } catch (const Error &error) {
    assembly.made.error = error;
  } catch (const std::bad_alloc &) {
    assembly.made.error = Error(Status::out_of_memory, "no memory for a batch of samples");
  }
}

// ---------------------------------------------------------------------------------------------------------------------
// The outside.

std::unique_ptr<AssemblyLine::Worker> AssemblyLine::take_caller() {
  if (callers_.empty()) return std::make_unique<Worker>(sources_);
  auto taken = std::move(callers_.back());
  callers_.pop_back();
  return taken;
}

bool AssemblyLine::is_next_ready() const { return !window_.empty() && window_.front()->is_ready; }

std::optional<SampleBatch> AssemblyLine::next(const Deadline &deadline, bool &timed_out,
                                              FunctionReference<void(SampleBatch &batch)> note) {
  const TraceSpan span("wait for batch");
  timed_out = false;
  std::unique_lock lock(mutex_);
  ++waiting_;
  if (options_.loading_mode == LoadingMode::sequential) work_.notify_all();
  std::optional<SampleBatch> taken;
  while (!is_stopped_ && !timed_out) {
    if (is_next_ready()) {
      spare_.reserve(spare_.size() + 1);
      note(window_.front()->made);  // may throw: then the batch waits for the next call
      taken = hand_out();
      break;
    }
    if (window_.empty() && next_number_ >= end_number_) break;
    if (std::optional<Piece> piece; options_.num_workers == 0 && (piece = claim())) {
      std::unique_ptr<Worker> caller = take_caller();
      lock.unlock();
      std::unique_lock<std::mutex> none;
      do_piece(*caller, *piece, none);
      lock.lock();
      callers_.push_back(std::move(caller));
      timed_out = deadline && Clock::now() >= *deadline && !is_next_ready();
    } else if (deadline) {
      timed_out = ready_.wait_until(lock, *deadline) == std::cv_status::timeout && !is_next_ready();
    } else {
      ready_.wait(lock);
    }
  }
  --waiting_;
  if (error_) throw Error(*error_);
  return taken;
}

// There is room in spare_: nothing here fails.
SampleBatch AssemblyLine::hand_out() {
  measure_queue();
  --finished_;
  ++handed_out_;
  SampleBatch batch = std::move(window_.front()->made);
  spare_.push_back(std::move(window_.front()));
  window_.pop_front();
  if (tuner_) tune(batch);
  work_.notify_all();
  if (!window_.empty() || next_number_ >= end_number_) ready_.notify_all();
  return batch;
}

void AssemblyLine::tune(const SampleBatch &batch) {
  if (!tuner_->note(seconds(Clock::now() - made_), static_cast<uint64_t>(batch.size))) return;
  active_workers_ = tuner_->setting().workers;
  tuned_prefetch_ = tuner_->setting().prefetch;
}

void AssemblyLine::measure_queue() {
  const auto now = Clock::now();
  queue_area_ += static_cast<double>(finished_) * seconds(now - measured_);
  measured_ = now;
}

std::string AssemblyLine::stall() const {
  constexpr const char *names[] = {"idle", "read", "decode", "collate"};
  int32_t counts[std::size(names)] = {};
  const Worker *longest = nullptr;
  for (const auto &worker : workers_) {
    const Stage stage = worker->stage;
    ++counts[static_cast<size_t>(stage)];
    if (stage != Stage::idle && (longest == nullptr || worker->since < longest->since)) longest = worker.get();
  }
  if (workers_.empty()) return "there are no workers, and who asks has not finished it by itself";
  if (longest == nullptr) return "no worker has a sample in hand";
  const uint64_t sample = longest->sample;
  const auto stage = static_cast<size_t>(longest->stage.load());
  const Clock::time_point since{Clock::duration(longest->since)};
  return text("the stage \"", names[stage], "\" is behind: ", counts[stage], " of ", workers_.size(),
              " workers are in it, the longest for ", static_cast<int64_t>(seconds(Clock::now() - since) * 1000),
              " ms with sample ", sample, ", ", sources_.set.address(sample));
}

AssemblyLine::Figures AssemblyLine::figures() const {
  const std::lock_guard lock(mutex_);
  const double lived = seconds(Clock::now() - made_);
  const double area = queue_area_ + static_cast<double>(finished_) * seconds(Clock::now() - measured_);
  const QueueFigures queue{prefetch_now(), finished_, lived > 0 ? area / lived : 0, 0};
  const int32_t threads = std::max(options_.num_workers, 1);
  const auto of = [&](const char *name, const char *unit, const StageMeter &meter, const QueueFigures &behind) {
    return StageFigures{name,  unit, threads, meter.items, meter.bytes, static_cast<double>(meter.busy_ns) * 1e-9,
                        behind};
  };
  Figures figures{{of("read", "samples", read_meter_, {}), of("decode", "samples", write_meter_, {}),
                   of("collate", "batches", finish_meter_, queue)},
                  options_.num_workers,
                  active_workers_,
                  options_.prefetch,
                  prefetch_now(),
                  collate_now(),
                  memory_limit_,
                  batch_nbytes_,
                  tuner_.has_value(),
                  false,
                  {}};
  if (tuner_) {
    figures.is_settled = tuner_->is_settled();
    figures.trials = tuner_->trials();
  }
  return figures;
}

}  // namespace penstock::core
