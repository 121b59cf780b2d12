#include <penstock/loader.h>

#include <chrono>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "capi/src/guard.h"
#include "capi/src/handles.h"
#include "capi/src/options.h"
#include "capi/src/text_result.h"
#include "core/loader/loader.h"

using namespace penstock;

namespace penstock {

#define PS_END(field) PS_FIELD_END(ps_loader_options, field)
template <>
struct OptionsLayout<ps_loader_options> {
  static constexpr ps_loader_options defaults = PS_LOADER_OPTIONS_INIT;
  static constexpr const char *name = "ps_loader_options";
  static constexpr uint32_t field_ends[] = {PS_END(struct_size),
                                            PS_END(watch),
                                            PS_END(seed),
                                            PS_END(epochs),
                                            PS_END(anchor),
                                            PS_END(path_queue_capacity),
                                            PS_END(source_queue_capacity),
                                            PS_END(chunk_pool_size),
                                            PS_END(pool_queue_capacity),
                                            PS_END(source_threads),
                                            PS_END(indexing_threads),
                                            PS_END(loading_threads),
                                            PS_END(unpacking_threads),
                                            PS_END(hanse_threshold),
                                            PS_END(hanse_gamma),
                                            PS_END(unpacking_queue_capacity),
                                            PS_END(position_rate),
                                            PS_END(position_count),
                                            PS_END(diff_focus),
                                            PS_END(drop_last),
                                            PS_END(diff_focus_min),
                                            PS_END(diff_focus_slope),
                                            PS_END(diff_focus_q_weight),
                                            PS_END(diff_focus_policy_scale),
                                            PS_END(reservoir_size),
                                            PS_END(sampling_queue_capacity),
                                            PS_END(batch_size),
                                            PS_END(batch_queue_capacity),
                                            PS_END(tensor_threads),
                                            PS_END(dtype),
                                            PS_END(overflow),
                                            PS_END(skip_bad),
                                            PS_END(bad_limit),
                                            PS_END(share_begin),
                                            PS_END(share_end),
                                            PS_END(recursive),
                                            PS_END(save_index)};
};
#undef PS_END

template <>
struct OptionsLayout<ps_batch_info> {
  static constexpr ps_batch_info defaults = PS_BATCH_INFO_INIT;
  static constexpr const char *name = "ps_batch_info";
  static constexpr uint32_t field_ends[] = {
      PS_FIELD_END(ps_batch_info, struct_size), PS_FIELD_END(ps_batch_info, tensor_count),
      PS_FIELD_END(ps_batch_info, epoch),       PS_FIELD_END(ps_batch_info, index),
      PS_FIELD_END(ps_batch_info, size),        PS_FIELD_END(ps_batch_info, last_of_epoch),
      PS_FIELD_END(ps_batch_info, end_of_data)};
};

}  // namespace penstock

namespace {

static_assert(PS_LOADER_TENSOR_COUNT == core::lc0_tensor_count);
static_assert(PS_OVERFLOW_KEEP_NEWEST == static_cast<int32_t>(core::Overflow::keep_newest));

struct LoaderHandle : core::Counted<LoaderHandle> {
  explicit LoaderHandle(core::LoaderOptions options) : loader(std::move(options)) {}
  core::Loader loader;
};

LoaderHandle *handle_of(ps_loader *loader) { return reinterpret_cast<LoaderHandle *>(loader); }
core::Loader &unwrap(ps_loader *loader) { return handle_of(loader)->loader; }
const core::Loader &unwrap(const ps_loader *loader) { return reinterpret_cast<const LoaderHandle *>(loader)->loader; }

std::vector<std::string> read_sources(int64_t count, const char *const *sources) {
  if (count < 1) core::fail(core::Status::invalid_argument, "source_count is ", count, ": expected 1 and up");
  require_not_null(sources, "sources");
  require_elements_not_null(count, sources, "sources");
  return {sources, sources + count};
}

core::LoaderOptions read_loader_options(const ps_loader_options *given) {
  const ps_loader_options options = read_options(given);
  require_enum(options.overflow, PS_OVERFLOW_KEEP_NEWEST, "overflow");
  if (core::find_dtype_info(static_cast<core::DType>(options.dtype)) == nullptr)
    core::fail(core::Status::invalid_argument, "dtype is ", static_cast<int32_t>(options.dtype), ": no such ps_dtype");
  core::LoaderOptions read;
  read.watch = require_flag(options.watch, "watch");
  read.anchor = options.anchor == nullptr ? "" : options.anchor;
  read.path_queue = options.path_queue_capacity;
  read.source_threads = options.source_threads;
  read.source_queue = options.source_queue_capacity;
  read.pool_size = options.chunk_pool_size;
  read.indexing_threads = options.indexing_threads;
  read.loading_threads = options.loading_threads;
  read.pool_queue = options.pool_queue_capacity;
  read.hanse_threshold = options.hanse_threshold;
  read.hanse_gamma = options.hanse_gamma;
  read.unpacking_threads = options.unpacking_threads;
  read.unpacking_queue = options.unpacking_queue_capacity;
  read.position_rate = options.position_rate;
  read.position_count = options.position_count;
  read.diff_focus = {require_flag(options.diff_focus, "diff_focus"), options.diff_focus_min, options.diff_focus_slope,
                     options.diff_focus_q_weight, options.diff_focus_policy_scale};
  read.reservoir_size = options.reservoir_size;
  read.sampling_queue = options.sampling_queue_capacity;
  read.batch_size = options.batch_size;
  read.tensor_threads = options.tensor_threads;
  read.dtype = static_cast<core::DType>(options.dtype);
  read.drop_last = require_flag(options.drop_last, "drop_last");
  read.batch_queue = options.batch_queue_capacity;
  read.overflow = static_cast<core::Overflow>(options.overflow);
  read.seed = options.seed;
  read.epochs = options.epochs;
  read.skip_bad = require_flag(options.skip_bad, "skip_bad");
  read.bad_limit = options.bad_limit;
  read.share_begin = options.share_begin;
  read.share_end = options.share_end;
  read.recursive = require_flag(options.recursive, "recursive");
  read.save_index = require_flag(options.save_index, "save_index");
  return read;
}

ps_batch_info describe(const std::optional<core::TensorBatch> &batch) {
  ps_batch_info info = PS_BATCH_INFO_INIT;
  if (!batch) {
    info.end_of_data = 1;
    return info;
  }
  info.epoch = static_cast<int64_t>(batch->about.epoch);
  info.index = static_cast<int64_t>(batch->about.index);
  info.last_of_epoch = batch->about.is_last ? 1 : 0;
  if (!batch->tensors) return info;
  info.tensor_count = PS_LOADER_TENSOR_COUNT;
  info.size = batch->tensors->front().shape[0];
  return info;
}

}  // namespace

ps_status ps_loader_options_init(ps_loader_options *options, uint32_t struct_size) {
  return guarded([&] { init_options(options, struct_size); });
}

ps_status ps_loader_open(ps_loader **out, int64_t source_count, const char *const *sources,
                         const ps_loader_options *options) {
  return guarded([&] {
    require_not_null(out, "out");
    core::LoaderOptions read = read_loader_options(options);
    read.sources = read_sources(source_count, sources);
    *out = reinterpret_cast<ps_loader *>(new LoaderHandle(std::move(read)));
  });
}

ps_loader *ps_loader_retain(ps_loader *loader) { return retained(loader, handle_of(loader), "loader"); }

void ps_loader_release(ps_loader *loader) {
  if (loader != nullptr) handle_of(loader)->release();
}

ps_status ps_loader_start(ps_loader *loader) {
  return guarded([&] {
    require_not_null(loader, "loader");
    unwrap(loader).start();
  });
}

ps_status ps_loader_stop(ps_loader *loader) {
  return guarded([&] {
    require_not_null(loader, "loader");
    unwrap(loader).stop();
  });
}

ps_status ps_batch_info_init(ps_batch_info *info, uint32_t struct_size) {
  return guarded([&] { init_options(info, struct_size, "info"); });
}

ps_status ps_loader_next(ps_tensor **tensors, ps_batch_info *info, ps_loader *loader, int64_t timeout_ms) {
  return guarded([&] {
    require_not_null(tensors, "tensors");
    require_result(info, "info");
    require_not_null(loader, "loader");
    // Made before the batch is taken: after that nothing may fail, or it would be lost.
    std::unique_ptr<TensorHandle> handles[PS_LOADER_TENSOR_COUNT];
    for (auto &handle : handles) handle = std::make_unique<TensorHandle>(core::Tensor());
    auto batch = unwrap(loader).next(std::chrono::milliseconds(timeout_ms));
    write_options(info, info->struct_size, describe(batch));
    if (!batch || !batch->tensors) return;
    for (size_t index = 0; index < PS_LOADER_TENSOR_COUNT; ++index) {
      handles[index]->tensor = std::move((*batch->tensors)[index]);
      tensors[index] = reinterpret_cast<ps_tensor *>(handles[index].release());
    }
  });
}

ps_status ps_loader_state(uint64_t *size, void *bytes, uint64_t capacity, const ps_loader *loader) {
  return guarded([&] {
    require_bytes_result(size, bytes, capacity);
    require_not_null(loader, "loader");
    give_bytes(size, bytes, capacity, unwrap(loader).state());
  });
}

ps_status ps_loader_restore(ps_loader *loader, const void *bytes, uint64_t size) {
  return guarded([&] {
    require_not_null(loader, "loader");
    unwrap(loader).restore(given_bytes(bytes, size));
  });
}

ps_status ps_loader_metrics(uint64_t *length, char *text, uint64_t capacity, const ps_loader *loader) {
  return guarded([&] {
    require_length_and_text(length, text, capacity);
    require_not_null(loader, "loader");
    give_length_and_text(length, text, capacity, unwrap(loader).metrics());
  });
}
