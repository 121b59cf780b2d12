#include "capi/src/samples_options.h"

#include <string>

#include "capi/src/guard.h"
#include "capi/src/image_handle.h"
#include "capi/src/options.h"
#include "core/loader/samples/batch_plan.h"
#include "core/loader/samples/format_detection.h"

namespace penstock {

#define PS_END(field) PS_FIELD_END(ps_sample_loader_options, field)
template <>
struct OptionsLayout<ps_sample_loader_options> {
  static constexpr ps_sample_loader_options defaults = PS_SAMPLE_LOADER_OPTIONS_INIT;
  static constexpr const char *name = "ps_sample_loader_options";
  static constexpr uint32_t field_ends[] = {PS_END(struct_size),
                                            PS_END(format),
                                            PS_END(fields),
                                            PS_END(field_count),
                                            PS_END(recursive),
                                            PS_END(save_index),
                                            PS_END(reader_mode),
                                            PS_END(part_size),
                                            PS_END(max_inflight_parts),
                                            PS_END(page_cache),
                                            PS_END(sampler),
                                            PS_END(drop_last),
                                            PS_END(seed),
                                            PS_END(generator_seed),
                                            PS_END(num_samples),
                                            PS_END(weights),
                                            PS_END(weight_count),
                                            PS_END(rank),
                                            PS_END(world_size),
                                            PS_END(worker_id),
                                            PS_END(worker_count),
                                            PS_END(shard_rank),
                                            PS_END(shard_world_size),
                                            PS_END(batch_size),
                                            PS_END(epochs),
                                            PS_END(bad_limit),
                                            PS_END(transforms),
                                            PS_END(colour),
                                            PS_END(decode),
                                            PS_END(apply_orientation),
                                            PS_END(scaled_decode),
                                            PS_END(memory_format),
                                            PS_END(skip_bad),
                                            PS_END(num_workers),
                                            PS_END(prefetch),
                                            PS_END(collate_buffer_size),
                                            PS_END(persistent_workers),
                                            PS_END(loading_mode),
                                            PS_END(auto_tune),
                                            PS_END(memory_limit),
                                            PS_END(timeout_ms),
                                            PS_END(pin_memory),
                                            PS_END(non_blocking),
                                            PS_END(device_type),
                                            PS_END(device_id),
                                            PS_END(progress),
                                            PS_END(user)};
};
#undef PS_END

namespace {

using core::fail;
using core::Status;

static_assert(PS_SAMPLES_FILES == static_cast<int32_t>(core::SampleFormat::files));
static_assert(PS_READER_RANGE == static_cast<int32_t>(core::ReaderMode::range));
static_assert(PS_PAGE_CACHE_DIRECT == static_cast<int32_t>(core::PageCacheMode::direct));
static_assert(PS_SAMPLER_WEIGHTED_ONCE == static_cast<int32_t>(core::Sampler::weighted_once));
static_assert(PS_LOADING_ASYNC_POOL == static_cast<int32_t>(core::LoadingMode::async_pool));
static_assert(PS_MEMORY_FORMAT_CHANNELS_LAST == static_cast<int32_t>(core::MemoryFormat::channels_last));
static_assert(PS_CHOICE_AUTO == static_cast<int32_t>(core::Choice::automatic));
static_assert(PS_IMAGE_STORED == static_cast<int32_t>(core::ImageColour::stored));

std::vector<std::string> read_sources(int64_t count, const char *const *sources) {
  if (count < 1) fail(Status::invalid_argument, "source_count is ", count, ": expected 1 and up");
  require_not_null(sources, "sources");
  require_elements_not_null(count, sources, "sources");
  for (int64_t index = 0; index < count; ++index)
    if (*sources[index] == '\0') fail(Status::invalid_argument, "sources[", index, "] is empty");
  return {sources, sources + count};
}

core::FieldLayout read_field(const ps_sample_field &field, int32_t index) {
  if (field.name == nullptr) fail(Status::invalid_argument, "fields[", index, "].name is NULL");
  require_reserved_is_zero(field, "fields[", index, "].");
  if (field.ndim < 0 || field.ndim > core::max_ndim)
    fail(Status::invalid_argument, "fields[", index, "].ndim is ", field.ndim, ": expected 0 to ", core::max_ndim);
  if (field.ndim > 0 && field.shape == nullptr) fail(Status::invalid_argument, "fields[", index, "].shape is NULL");
  core::FieldLayout layout;
  layout.name = field.name;
  layout.optional = require_flag(field.optional, "optional");
  if (field.ndim > 0) layout.shape = core::Extents(field.shape, field.ndim);
  if (field.dtype == 0) return layout;
  layout.dtype = static_cast<core::DType>(field.dtype);
  if (core::find_dtype_info(*layout.dtype) == nullptr)
    fail(Status::invalid_argument, "fields[", index, "].dtype is ", field.dtype, ": no such ps_dtype");
  return layout;
}

// Which fields the batches have, and what the source is told of them: folders of images have theirs, and a sample's name is
// no field of any.
void read_fields(SampleLoaderRequest &request, const ps_sample_loader_options &options) {
  if (options.field_count < 0)
    fail(Status::invalid_argument, "field_count is ", options.field_count, ": expected 0 and up");
  if (options.field_count > 0) require_not_null(options.fields, "fields");
  core::SampleSource &source = request.source;
  if (options.field_count > 0 && source.format == core::SampleFormat::automatic)
    source.format = core::detect_format(source);
  for (int32_t index = 0; index < options.field_count; ++index) {
    core::FieldLayout field = read_field(options.fields[index], index);
    request.options.fields.push_back({field.name, field.optional});
    if (source.format != core::SampleFormat::images && field.name != core::key_field)
      source.fields.push_back(std::move(field));
  }
}

void read_source(core::SampleSource &source, const ps_sample_loader_options &options) {
  require_enum(options.format, PS_SAMPLES_FILES, "format");
  require_enum(options.reader_mode, PS_READER_RANGE, "reader_mode");
  require_enum(options.page_cache, PS_PAGE_CACHE_DIRECT, "page_cache");
  constexpr uint64_t least_part = 4096;
  if (options.part_size < least_part)
    fail(Status::out_of_range, "part_size is ", options.part_size, ": expected ", least_part, " and up");
  constexpr int32_t most_parts = 1024;
  if (options.max_inflight_parts < 1 || options.max_inflight_parts > most_parts)
    fail(Status::out_of_range, "max_inflight_parts is ", options.max_inflight_parts, ": expected 1 to ", most_parts);
  source.format = static_cast<core::SampleFormat>(options.format);
  source.recursive = require_flag(options.recursive, "recursive");
  source.save_index = require_flag(options.save_index, "save_index");
  source.read.reader = static_cast<core::ReaderMode>(options.reader_mode);
  source.read.part_size = options.part_size;
  source.read.max_inflight_parts = options.max_inflight_parts;
  source.read.page_cache = static_cast<core::PageCacheMode>(options.page_cache);
}

void read_order(core::SampleLoaderOptions &read, const ps_sample_loader_options &options) {
  require_enum(options.sampler, PS_SAMPLER_WEIGHTED_ONCE, "sampler");
  if (options.weight_count < 0)
    fail(Status::invalid_argument, "weight_count is ", options.weight_count, ": expected 0 and up");
  if (options.weight_count > 0) require_not_null(options.weights, "weights");
  read.sampler = static_cast<core::Sampler>(options.sampler);
  read.drop_last = require_flag(options.drop_last, "drop_last");
  read.seed = options.seed;
  read.generator_seed = options.generator_seed;
  read.num_samples = options.num_samples;
  read.weights.assign(options.weights, options.weights + options.weight_count);
  read.distributed = {options.rank, options.world_size};
  read.worker = {options.worker_id, options.worker_count};
  read.shard = {options.shard_rank, options.shard_world_size};
  read.batch_size = options.batch_size;
  read.epochs = options.epochs;
  read.skip_bad = require_flag(options.skip_bad, "skip_bad");
  read.bad_limit = options.bad_limit;
}

void read_images(core::SampleLoaderOptions &read, const ps_sample_loader_options &options) {
  require_enum(options.colour, PS_IMAGE_STORED, "colour");
  require_enum(options.memory_format, PS_MEMORY_FORMAT_CHANNELS_LAST, "memory_format");
  if (options.transforms != nullptr)
    read.transforms = std::make_shared<const core::ImageTransforms>(unwrap(options.transforms));
  read.colour = static_cast<core::ImageColour>(options.colour);
  read.decode = require_flag(options.decode, "decode");
  read.apply_orientation = require_flag(options.apply_orientation, "apply_orientation");
  read.scaled_decode = require_flag(options.scaled_decode, "scaled_decode");
  read.memory_format = static_cast<core::MemoryFormat>(options.memory_format);
}

void read_work(core::SampleLoaderOptions &read, const ps_sample_loader_options &options) {
  require_enum(options.loading_mode, PS_LOADING_ASYNC_POOL, "loading_mode");
  require_enum(options.pin_memory, PS_CHOICE_AUTO, "pin_memory");
  require_enum(options.non_blocking, PS_CHOICE_AUTO, "non_blocking");
  read.num_workers = options.num_workers;
  read.prefetch = options.prefetch;
  read.collate_buffer_size = options.collate_buffer_size;
  read.persistent_workers = require_flag(options.persistent_workers, "persistent_workers");
  read.loading_mode = static_cast<core::LoadingMode>(options.loading_mode);
  read.auto_tune = require_flag(options.auto_tune, "auto_tune");
  read.memory_limit = options.memory_limit;
  read.timeout_ms = options.timeout_ms;
  read.pin_memory = static_cast<core::Choice>(options.pin_memory);
  read.non_blocking = static_cast<core::Choice>(options.non_blocking);
  if (options.device_type != PS_DEVICE_DEFAULT)
    read.device = core::resolve_device(static_cast<int32_t>(options.device_type), options.device_id);
}

}  // namespace

SampleLoaderRequest read_sample_loader_request(int64_t source_count, const char *const *sources,
                                               const ps_sample_loader_options *given) {
  const ps_sample_loader_options options = read_options(given);
  SampleLoaderRequest request;
  request.source.sources = read_sources(source_count, sources);
  request.progress = {options.progress, options.user};
  read_source(request.source, options);
  read_order(request.options, options);
  read_images(request.options, options);
  read_work(request.options, options);
  core::require_valid(request.options);
  read_fields(request, options);
  return request;
}

}  // namespace penstock

ps_status ps_sample_loader_options_init(ps_sample_loader_options *options, uint32_t struct_size) {
  return penstock::guarded([&] { penstock::init_options(options, struct_size); });
}
