// The threads that load, unpack, shuffle and expand: from chunks in the order of the epochs to batches in theirs.
#pragma once

#include <array>
#include <chrono>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <semaphore>
#include <string>
#include <thread>
#include <vector>

#include "core/base/thread_pool.h"
#include "core/loader/batch_tensors.h"
#include "core/loader/batcher.h"
#include "core/loader/catalog.h"
#include "core/loader/checkpoint.h"
#include "core/loader/chunk_order.h"
#include "core/loader/options.h"
#include "core/loader/ordered_queue.h"
#include "core/loader/stage_figures.h"
#include "core/loader/stage_meter.h"

namespace penstock::core {

// How many chunks there were when an epoch began.
using EpochSizes = std::map<uint64_t, uint64_t>;

struct TensorBatch {
  Batch about;                        // without its positions
  std::optional<Lc0Tensors> tensors;  // none where the epoch ended without a batch, or where it was dropped
};

class Pipeline {
 public:
  // Starts the threads.  sizes: of the epochs that had begun when start was taken.  The catalog outlives this.
  Pipeline(const LoaderOptions &options, Catalog &catalog, const Checkpoint &start, EpochSizes sizes);
  ~Pipeline();  // stops them
  Pipeline(const Pipeline &) = delete;
  Pipeline &operator=(const Pipeline &) = delete;

  // The next batch; nothing at the end of the last epoch, after stop(), and when the time is over (timed_out is set).
  // Any thread, several at once too: each batch goes to one.
  std::optional<TensorBatch> next(std::optional<std::chrono::steady_clock::time_point> end, bool &timed_out);

  // Makes next() return at once, now and from now on.  Any thread.
  void stop();
  bool is_stopped() const { return batches_.is_closed(); }

  // Around a fork: so that the child can give back the batches it holds.
  void hold_storages() { storages_.hold(); }
  void release_storages() { storages_.release(); }

  EpochSizes sizes(uint64_t from_epoch) const;  // of the epochs that have begun
  std::vector<StageFigures> figures() const;
  uint64_t bad_chunks() const { return bad_chunks_; }
  std::vector<std::string> bad_samples() const;  // what was wrong with the first few

 private:
  struct Claim {  // a chunk to load
    uint64_t number = 0, epoch = 0, place = 0;
    bool is_last = false;
    uint64_t chunk_number = 0;
    ChunkAddress address;
  };
  struct LoadedChunk {
    Claim claim;
    std::unique_ptr<InflationRoom> room;
    std::span<const std::byte> bytes;
    std::optional<Error> error;
  };
  class Planner;
  class RoomShelf;

  void start_threads();
  void run(void (Pipeline::*work)());
  void load();
  void unpack();
  void sample();
  void make_tensors();
  LoadedChunk load_chunk(Claim claim, InflationRoom &packed);
  void read_chunk(LoadedChunk &loaded, InflationRoom &packed);
  bool hand_on(uint64_t number, LoadedChunk loaded);
  UnpackedChunk unpack_acquired(LoadedChunk loaded);
  UnpackedChunk unpack_chunk(LoadedChunk loaded);
  TensorBatch make_tensor_batch(Batch batch);
  void note_bad(const UnpackedChunk &chunk);
  void fail_with(Error error);

  const LoaderOptions &options_;
  Catalog &catalog_;
  const Checkpoint start_;
  const std::unique_ptr<Planner> planner_;
  const std::unique_ptr<RoomShelf> rooms_;
  StoragePool storages_;

  std::counting_semaphore<ThreadPool::most_threads> idle_unpackers_;  // so many chunks more may be unpacked at a time
  OrderedQueue<LoadedChunk> loaded_;
  OrderedQueue<UnpackedChunk> unpacked_;
  OrderedQueue<Batch> sampled_;
  OrderedQueue<TensorBatch> batches_;

  StageMeter load_meter_, unpack_meter_, sample_meter_, tensor_meter_;
  std::atomic<uint64_t> bad_chunks_;
  mutable std::mutex mutex_;  // guards what follows
  std::vector<std::string> bad_samples_;
  std::optional<Error> error_;

  std::vector<std::thread> threads_;
};

}  // namespace penstock::core
