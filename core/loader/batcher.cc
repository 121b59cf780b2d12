#include "core/loader/batcher.h"

#include <utility>

namespace penstock::core {

Batcher::Batcher(const LoaderOptions &options, const Checkpoint &start, std::function<void(Batch)> emit)
    : options_(options),
      emit_(std::move(emit)),
      start_(start),
      reservoir_(options.seed, static_cast<uint64_t>(options.reservoir_size)),
      bad_chunks_(start.bad_chunks) {
  begin_epoch(start.epoch);
  reservoir_.begin(start.epoch, start.first_position);
  chunk_ = start.first_chunk;
  skip_ = start.first_skipped;
  delivered_ = start.delivered;
  batches_ = start.batches;
  chunks_seen_ = start.chunks_seen;
  rounds_ = {{start.first_position, start.first_chunk, start.first_skipped}};
}

void Batcher::begin_epoch(uint64_t epoch) {
  epoch_ = epoch;
  reservoir_.begin(epoch, 0);
  chunk_ = in_chunk_ = skip_ = delivered_ = batches_ = chunks_seen_ = 0;
  rounds_ = {{0, 0, 0}};
}

void Batcher::take(UnpackedChunk chunk) {
  if (has_failed_) return;
  chunk_ = chunk.place;
  in_chunk_ = 0;
  if (chunk.error && chunk.place >= chunks_seen_) {
    report(*chunk.error);
    if (has_failed_) return;
  }
  if (chunk.place >= chunks_seen_) chunks_seen_ = chunk.place + 1;
  for (Lc0Position &position : chunk.positions) {
    if (skip_ > 0)
      --skip_;
    else
      take_position(std::move(position));
    ++in_chunk_;
  }
  skip_ = 0;
  if (chunk.is_last) end_epoch();
}

void Batcher::report(const Error &error) {
  const bool is_about_data =
      error.status() == Status::data_error || error.status() == Status::io_error || error.status() == Status::not_found;
  Error reported = error;
  if (options_.skip_bad && is_about_data) {
    ++bad_chunks_;
    if (options_.bad_limit == 0 || bad_chunks_ <= static_cast<uint64_t>(options_.bad_limit)) return;
    reported = Error(error.status(),
                     text(error.sentence(), "; it is bad chunk ", bad_chunks_, ", the limit is ", options_.bad_limit));
  }
  has_failed_ = true;
  if (held_) emit_held(false);
  Batch failed;
  failed.epoch = epoch_;
  failed.index = batches_;
  failed.error = std::move(reported);
  emit_(std::move(failed));
}

void Batcher::take_position(Lc0Position position) {
  const uint64_t number = reservoir_.items_in();
  const auto slots = static_cast<uint64_t>(options_.reservoir_size);
  if (slots > 0 && number % slots == 0 && rounds_.back().position != number) {
    rounds_.push_back({number, chunk_, in_chunk_});
    constexpr size_t most_rounds_open = 4;
    if (rounds_.size() > most_rounds_open) rounds_.pop_front();
  }
  if (auto out = reservoir_.put(std::move(position))) deliver(out->place, std::move(out->item));
}

void Batcher::deliver(uint64_t place, Lc0Position position) {
  if (place < delivered_) return;  // before the start
  if (held_ && !options_.drop_last) emit_held(false);
  filling_.push_back(std::move(position));
  ++delivered_;
  if (filling_.size() == static_cast<size_t>(options_.batch_size)) finish_batch();
}

// With no reservoir the next position is the one behind the current; otherwise reading begins anew at the round that the
// next delivered position came in with.
Checkpoint Batcher::checkpoint() const {
  Checkpoint here{epoch_, batches_, delivered_, chunk_, in_chunk_ + 1, delivered_, chunks_seen_, bad_chunks_};
  if (options_.reservoir_size == 0) return here;
  for (const RoundStart &round : rounds_)
    if (round.position <= delivered_) {
      here.first_position = round.position;
      here.first_chunk = round.chunk;
      here.first_skipped = round.skipped;
    }
  return here;
}

void Batcher::finish_batch() {
  if (held_) emit_held(false);
  Batch batch;
  batch.positions = std::exchange(filling_, {});
  batch.epoch = epoch_;
  batch.index = batches_++;
  batch.after = checkpoint();
  held_ = std::move(batch);
}

void Batcher::emit_held(bool is_last) {
  held_->is_last = is_last;
  if (is_last) {
    held_->after = {};
    held_->after.epoch = epoch_ + 1;
    held_->after.bad_chunks = bad_chunks_;
  }
  emit_(std::move(*held_));
  held_.reset();
}

void Batcher::end_epoch() {
  for (auto &out : reservoir_.drain()) deliver(out.place, std::move(out.item));
  if (!filling_.empty() && !options_.drop_last) finish_batch();
  filling_.clear();
  if (!held_) {
    held_.emplace();
    held_->epoch = epoch_;
    held_->index = batches_;
  }
  emit_held(true);
  begin_epoch(epoch_ + 1);
}

}  // namespace penstock::core
