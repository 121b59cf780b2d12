#include "core/loader/pipeline.h"

#include <new>
#include <utility>

#include "core/base/trace.h"

namespace penstock::core {

// Deals the chunks of one epoch after the other, in their order.  Any number of threads.
class Pipeline::Planner {
 public:
  Planner(const LoaderOptions &options, Catalog &catalog, const Checkpoint &start, EpochSizes sizes)
      : options_(options),
        catalog_(catalog),
        epoch_(start.epoch),
        place_(start.first_chunk),
        sizes_(std::move(sizes)) {}

  // The next chunk; nothing when all epochs are dealt, and when the catalog was closed.
  std::optional<Claim> claim() {
    const std::lock_guard lock(mutex_);
    if (options_.epochs > 0 && epoch_ >= static_cast<uint64_t>(options_.epochs)) return std::nullopt;
    if (!order_ && !begin_epoch()) return std::nullopt;
    const uint64_t chunk = (*order_)(place_);
    Claim claim{number_++, epoch_, place_, place_ + 1 == order_->size(), chunk, catalog_.chunk(chunk)};
    ++place_;
    if (claim.is_last) {
      ++epoch_;
      place_ = 0;
      order_.reset();
    }
    return claim;
  }

  uint64_t claimed() const {
    const std::lock_guard lock(mutex_);
    return number_;
  }

  EpochSizes sizes(uint64_t from_epoch) const {
    const std::lock_guard lock(sizes_mutex_);
    return {sizes_.lower_bound(from_epoch), sizes_.end()};
  }

 private:
  bool begin_epoch() {
    const std::optional<uint64_t> known = known_size(), indexed = catalog_.wait_until_indexed();
    if (!indexed) return false;
    if (known && *known > *indexed)
      fail(Status::data_error, "the state is of ", *known, " chunks, but the sources have ", *indexed);
    const uint64_t size = known.value_or(*indexed);
    order_.emplace(options_, epoch_, size);
    if (order_->size() == 0)
      fail(Status::data_error, "none of the ", size, " chunks falls into the share from ", options_.share_begin, " to ",
           options_.share_end);
    if (place_ >= order_->size())
      fail(Status::data_error, "the state is of an epoch of more than ", place_, " chunks, but there are ",
           order_->size());
    const std::lock_guard lock(sizes_mutex_);
    sizes_[epoch_] = size;
    return true;
  }

  std::optional<uint64_t> known_size() const {
    const std::lock_guard lock(sizes_mutex_);
    const auto found = sizes_.find(epoch_);
    return found == sizes_.end() ? std::nullopt : std::optional(found->second);
  }

  const LoaderOptions &options_;
  Catalog &catalog_;
  mutable std::mutex mutex_;  // guards the next four
  uint64_t epoch_, place_, number_ = 0;
  std::optional<ChunkOrder> order_;
  mutable std::mutex sizes_mutex_;  // never held while waiting
  EpochSizes sizes_;
};

// Rooms that chunks were inflated into and that are free again.
class Pipeline::RoomShelf {
 public:
  std::unique_ptr<InflationRoom> take() {
    const std::lock_guard lock(mutex_);
    if (free_.empty()) return std::make_unique<InflationRoom>();
    auto room = std::move(free_.back());
    free_.pop_back();
    return room;
  }
  void give_back(std::unique_ptr<InflationRoom> room) {
    const std::lock_guard lock(mutex_);
    if (room != nullptr) free_.push_back(std::move(room));
  }

 private:
  std::mutex mutex_;
  std::vector<std::unique_ptr<InflationRoom>> free_;
};

namespace {

using Unpackers = std::counting_semaphore<ThreadPool::most_threads>;

// Gives back, at the end of the scope, what was acquired before it.
class IdleAgain {
 public:
  explicit IdleAgain(Unpackers &idle) : idle_(idle) {}
  IdleAgain(const IdleAgain &) = delete;
  IdleAgain &operator=(const IdleAgain &) = delete;
  ~IdleAgain() { idle_.release(); }

 private:
  Unpackers &idle_;
};

// A batch that is dropped leaves the end of its epoch behind.
bool empty_out(TensorBatch &batch) {
  batch.tensors.reset();
  return batch.about.is_last || batch.about.error;
}

}  // namespace

Pipeline::Pipeline(const LoaderOptions &options, Catalog &catalog, const Checkpoint &start, EpochSizes sizes)
    : options_(options),
      catalog_(catalog),
      start_(start),
      planner_(std::make_unique<Planner>(options, catalog, start, std::move(sizes))),
      rooms_(std::make_unique<RoomShelf>()),
      storages_(static_cast<size_t>(options.batch_queue) + static_cast<size_t>(options.tensor_threads) + 2),
      idle_unpackers_(options.unpacking_threads),
      loaded_(options.pool_queue),
      unpacked_(options.unpacking_queue),
      sampled_(options.sampling_queue),
      batches_(options.batch_queue, options.overflow, empty_out),
      bad_chunks_(start.bad_chunks) {
  try {
    start_threads();
  } catch (...) {
    stop();
    catalog_.close();
    for (std::thread &thread : threads_) thread.join();
    throw;
  }
}

void Pipeline::start_threads() {
  const auto start = [this](int32_t count, void (Pipeline::*work)()) {
    for (int32_t index = 0; index < count; ++index) threads_.emplace_back([this, work] { run(work); });
  };
  start(options_.loading_threads, &Pipeline::load);
  start(options_.unpacking_threads, &Pipeline::unpack);
  start(1, &Pipeline::sample);
  start(options_.tensor_threads, &Pipeline::make_tensors);
}

Pipeline::~Pipeline() {
  stop();
  catalog_.close();
  for (std::thread &thread : threads_) thread.join();
}

void Pipeline::stop() {
  loaded_.close();
  unpacked_.close();
  sampled_.close();
  batches_.close();
}

// What a thread throws ends the pipeline, and reaches who waits for a batch.
void Pipeline::run(void (Pipeline::*work)()) {
  try {
    (this->*work)();
  } catch (const Error &error) {
    fail_with(error);
  } catch (const std::bad_alloc &) {
    fail_with(Error(Status::out_of_memory, "no memory to load batches"));
  } catch (const std::exception &error) {
    fail_with(Error(Status::internal, error.what()));
  }
}

void Pipeline::fail_with(Error error) {
  {
    const std::lock_guard lock(mutex_);
    if (!error_) error_ = std::move(error);
  }
  stop();
}

// ---------------------------------------------------------------------------------------------------------------------
// The stages.

void Pipeline::load() {
  InflationRoom packed;
  while (auto claim = planner_->claim()) {
    const uint64_t number = claim->number;
    if (!hand_on(number, load_chunk(std::move(*claim), packed))) return;
  }
  loaded_.end(planner_->claimed());
}

// What was inflated just now lies in this core's cache still: it is unpacked here where an unpacker is idle.
bool Pipeline::hand_on(uint64_t number, LoadedChunk loaded) {
  if (!idle_unpackers_.try_acquire()) return loaded_.put(number, std::move(loaded));
  UnpackedChunk unpacked = unpack_acquired(std::move(loaded));
  return loaded_.skip(number) && unpacked_.put(number, std::move(unpacked));
}

Pipeline::LoadedChunk Pipeline::load_chunk(Claim claim, InflationRoom &packed) {
  const TraceSpan span("load chunk");
  const BusyTime busy(load_meter_);
  if (options_.before_work) options_.before_work(claim.number);
  LoadedChunk loaded;
  loaded.claim = std::move(claim);
  try {
    read_chunk(loaded, packed);
  } catch (const Error &error) {
    loaded.error = error;
  }
  return loaded;
}

void Pipeline::read_chunk(LoadedChunk &loaded, InflationRoom &packed) {
  const IndexedFile &file = *loaded.claim.address.file;
  const size_t chunk = loaded.claim.address.chunk, count = file.chunks().size();
  if (chunk >= count) throw Error(file.failures()[chunk - count]);
  uint64_t packed_size = 0;
  loaded.room = rooms_->take();
  loaded.bytes = file.read(file.chunks()[chunk], packed, *loaded.room, packed_size);
  load_meter_.bytes += packed_size;
  ++load_meter_.items;
}

void Pipeline::unpack() {
  while (auto taken = loaded_.take()) {
    idle_unpackers_.acquire();
    if (!unpacked_.put(taken->number, unpack_acquired(std::move(taken->entry)))) return;
  }
  if (!loaded_.is_closed()) unpacked_.end(planner_->claimed());
}

UnpackedChunk Pipeline::unpack_acquired(LoadedChunk loaded) {
  const IdleAgain idle_again(idle_unpackers_);
  return unpack_chunk(std::move(loaded));
}

UnpackedChunk Pipeline::unpack_chunk(LoadedChunk loaded) {
  const TraceSpan span("unpack chunk");
  const BusyTime busy(unpack_meter_);
  const Claim &claim = loaded.claim;
  if (options_.before_work) options_.before_work(claim.number);
  UnpackedChunk unpacked{claim.epoch, claim.place, claim.is_last, {}, std::move(loaded.error)};
  if (!unpacked.error) try {
      const IndexedFile &file = *claim.address.file;
      const Lc0Chunk chunk(loaded.bytes, file.place(file.chunks()[claim.address.chunk]));
      for (const int64_t position : sample_positions(options_, claim.epoch, claim.chunk_number, chunk))
        unpacked.positions.emplace_back(chunk, position);
      unpack_meter_.bytes += loaded.bytes.size();
      unpack_meter_.items += unpacked.positions.size();
    } catch (const Error &error) {
      unpacked.error = error;
    }
  rooms_->give_back(std::move(loaded.room));
  return unpacked;
}

void Pipeline::sample() {
  uint64_t emitted = 0;
  Batcher batcher(options_, start_, [&](Batch batch) {
    const WaitingTime waiting(sample_meter_);
    sampled_.put(emitted++, std::move(batch));
  });
  while (auto taken = unpacked_.take()) {
    const TraceSpan span("sample chunk");
    const BusyTime busy(sample_meter_);
    sample_meter_.items += taken->entry.positions.size();
    if (taken->entry.error) note_bad(taken->entry);
    batcher.take(std::move(taken->entry));
    bad_chunks_ = batcher.bad_chunks();
    if (batcher.has_failed()) break;
  }
  if (unpacked_.is_closed()) return;
  sampled_.end(emitted);
  batches_.end(emitted);
}

void Pipeline::note_bad(const UnpackedChunk &chunk) {
  constexpr size_t most_noted = 10;
  const std::lock_guard lock(mutex_);
  if (bad_samples_.size() < most_noted) bad_samples_.push_back(chunk.error->sentence());
}

std::vector<std::string> Pipeline::bad_samples() const {
  const std::lock_guard lock(mutex_);
  return bad_samples_;
}

void Pipeline::make_tensors() {
  while (auto taken = sampled_.take())
    if (!batches_.put(taken->number, make_tensor_batch(std::move(taken->entry)))) return;
}

TensorBatch Pipeline::make_tensor_batch(Batch batch) {
  const TraceSpan span("make tensors");
  const BusyTime busy(tensor_meter_);
  if (options_.before_work) options_.before_work(batch.index);
  TensorBatch made;
  if (!batch.positions.empty()) {
    made.tensors = make_lc0_tensors(batch, options_, storages_);
    for (const Tensor &tensor : *made.tensors) tensor_meter_.bytes += static_cast<uint64_t>(tensor.nbytes());
    ++tensor_meter_.items;
  }
  batch.positions.clear();
  made.about = std::move(batch);
  return made;
}

// ---------------------------------------------------------------------------------------------------------------------
// The outside.

std::optional<TensorBatch> Pipeline::next(std::optional<std::chrono::steady_clock::time_point> end, bool &timed_out) {
  timed_out = false;
  const TraceSpan span("wait for batch");
  auto taken = end ? batches_.take_until(*end, timed_out) : batches_.take();
  if (taken) return std::move(taken->entry);
  const std::lock_guard lock(mutex_);
  if (error_) throw Error(*error_);
  return std::nullopt;
}

EpochSizes Pipeline::sizes(uint64_t from_epoch) const { return planner_->sizes(from_epoch); }

std::vector<StageFigures> Pipeline::figures() const {
  const auto of = [](const char *name, const char *unit, int32_t threads, const StageMeter &meter,
                     const QueueFigures &queue) {
    return StageFigures{name, unit, threads, meter.items, meter.bytes, static_cast<double>(meter.busy_ns) * 1e-9,
                        queue};
  };
  return {of("file_path_provider", "files", 1, catalog_.provider_meter, catalog_.path_queue_figures()),
          of("chunk_source_loader", "chunks", options_.source_threads, catalog_.loader_meter,
             catalog_.opened_queue_figures()),
          of("shuffling_chunk_pool", "chunks", options_.loading_threads, load_meter_, loaded_.figures()),
          of("chunk_unpacker", "positions", options_.unpacking_threads, unpack_meter_, unpacked_.figures()),
          of("shuffling_frame_sampler", "positions", 1, sample_meter_, sampled_.figures()),
          of("tensor_generator", "batches", options_.tensor_threads, tensor_meter_, batches_.figures())};
}

}  // namespace penstock::core
