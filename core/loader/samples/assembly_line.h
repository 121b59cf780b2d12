// The threads that make batches: which one does what, and how far they run ahead.  What is in a batch is not decided here.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "core/base/function_reference.h"
#include "core/loader/samples/batch_assembly.h"
#include "core/loader/samples/loader_tuner.h"
#include "core/loader/samples/row_writer.h"
#include "core/loader/samples/sample_options.h"
#include "core/loader/samples/sample_order.h"
#include "core/loader/stage_figures.h"
#include "core/loader/stage_meter.h"
#include "core/loader/storage_pool.h"

namespace penstock::core {

// A batch's place: of an epoch, and in it.
struct BatchPlace {
  uint64_t epoch = 0, index = 0;
};

// What a line makes batches of; all of it outlives the line.
struct LineSources {
  const SampleLoaderOptions &options;
  const SampleSet &set;
  const BatchPlan &plan;
  const SampleOrder &order;
  const ImageTransforms &transforms;
  StoragePool &storages;
  bool copies_to_device = false;
};

class AssemblyLine {
 public:
  // Starts the threads.  begin, end: the first batch, and the one behind the last; each epoch has batches_an_epoch.
  AssemblyLine(const LineSources &sources, BatchPlace begin, BatchPlace end, uint64_t batches_an_epoch);
  ~AssemblyLine();  // stops them
  AssemblyLine(const AssemblyLine &) = delete;
  AssemblyLine &operator=(const AssemblyLine &) = delete;

  using Deadline = std::optional<std::chrono::steady_clock::time_point>;

  // The next batch; nothing at the end, after stop(), and when the time is over (timed_out is set).  Any thread, several at
  // once too: each batch goes to one, and note is called with each in their order.  Throws what ended a thread.
  std::optional<SampleBatch> next(const Deadline &deadline, bool &timed_out,
                                  FunctionReference<void(SampleBatch &batch)> note);

  // Makes next() return at once, now and from now on.  Any thread.
  void stop();
  bool is_stopped() const { return is_stopped_; }

  // What the threads are at now, in words: the stage that most of them are in, and where the longest has been.
  std::string stall() const;

  struct Figures {
    std::vector<StageFigures> stages;
    int32_t workers, active_workers, prefetch, active_prefetch, collate;
    uint64_t memory_limit, batch_nbytes;
    bool tunes = false, is_settled = false;
    std::vector<LoaderTuner::Trial> trials;
  };
  Figures figures() const;

 private:
  struct Assembly;
  struct Worker;
  struct Piece;
  struct Counts;
  enum class Stage : int32_t { idle, read, write, finish };

  void start_threads();
  void run(Worker &worker, int32_t index) noexcept;
  void work(Worker &worker, int32_t index);
  void fail_with(Error error);
  bool may_begin() const;
  bool may_work(int32_t index) const;
  std::optional<Piece> claim();
  void begin_assembly(Piece &piece);
  void do_piece(Worker &worker, const Piece &piece, std::unique_lock<std::mutex> &reading);
  int64_t open(Worker &worker, Assembly &assembly, std::unique_lock<std::mutex> &reading);
  void do_rows(Worker &worker, Assembly &assembly, int64_t begin, int64_t end, std::unique_lock<std::mutex> &reading);
  int64_t read_straight(Worker &worker, Assembly &assembly, int64_t begin, int64_t end);
  bool list_row(Worker &worker, Assembly &assembly, int64_t &row);
  uint64_t number_of(const Assembly &assembly, int64_t row) const;
  void announce(Assembly &assembly, int64_t row);
  void read_row(Worker &worker, Assembly &assembly, int64_t row);
  void read_announced(Worker &worker, Assembly &assembly, int64_t row);
  void read_and_write(Worker &worker, Assembly &assembly, int64_t row);
  void write_row(Worker &worker, Assembly &assembly, int64_t row);
  void do_row(Worker &worker, Assembly &assembly, int64_t row, std::unique_lock<std::mutex> &reading);
  void note_failure(Assembly &assembly, int64_t row, const Error &error);
  void complete(Worker &worker, Assembly &assembly, int64_t rows);
  void finish(Worker &worker, Assembly &assembly);
  bool is_next_ready() const;
  SampleBatch hand_out();
  void tune(const SampleBatch &batch);
  int32_t prefetch_now() const;
  int32_t collate_now() const;
  std::unique_ptr<Worker> take_caller();
  void measure_queue();

  const LineSources sources_;
  const SampleLoaderOptions &options_;
  const BatchPlace begin_;
  const uint64_t batches_an_epoch_;
  const uint64_t end_number_;  // numbers count from begin_
  const uint64_t memory_limit_;
  const int64_t grain_;  // rows of a piece
  StoragePool &storages_;

  std::mutex reading_mutex_;  // streaming: held from the claim of a row until it is read
  mutable std::mutex mutex_;  // guards what follows
  std::condition_variable work_, ready_;
  std::deque<std::unique_ptr<Assembly>> window_;  // begun and not handed out, in order
  std::vector<std::unique_ptr<Assembly>> spare_;
  std::vector<std::unique_ptr<Worker>> callers_;  // rooms of threads that work for themselves
  uint64_t next_number_ = 0, handed_out_ = 0;
  int32_t unfinished_ = 0, waiting_ = 0;
  int32_t active_workers_, tuned_prefetch_;
  uint64_t batch_nbytes_ = 0;  // of the largest batch so far
  std::optional<LoaderTuner> tuner_;
  std::optional<Error> error_;
  const std::chrono::steady_clock::time_point made_ = std::chrono::steady_clock::now();
  std::chrono::steady_clock::time_point measured_ = made_;
  double queue_area_ = 0;  // finished batches times seconds
  int64_t finished_ = 0;   // batches that wait to be taken

  std::atomic<bool> is_stopped_{false};
  StageMeter read_meter_, write_meter_, finish_meter_;
  std::vector<std::unique_ptr<Worker>> workers_;
  std::vector<std::thread> threads_;
};

}  // namespace penstock::core
