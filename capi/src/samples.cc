#include <penstock/samples.h>

#include <chrono>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "capi/src/guard.h"
#include "capi/src/handles.h"
#include "capi/src/options.h"
#include "capi/src/samples_options.h"
#include "capi/src/text_result.h"
#include "core/loader/samples/open_sample_set.h"
#include "core/loader/samples/sample_loader.h"

using namespace penstock;

namespace penstock {

template <>
struct OptionsLayout<ps_sample_batch_info> {
  static constexpr ps_sample_batch_info defaults = PS_SAMPLE_BATCH_INFO_INIT;
  static constexpr const char *name = "ps_sample_batch_info";
  static constexpr uint32_t field_ends[] = {
      PS_FIELD_END(ps_sample_batch_info, struct_size),   PS_FIELD_END(ps_sample_batch_info, field_count),
      PS_FIELD_END(ps_sample_batch_info, epoch),         PS_FIELD_END(ps_sample_batch_info, index),
      PS_FIELD_END(ps_sample_batch_info, size),          PS_FIELD_END(ps_sample_batch_info, bad),
      PS_FIELD_END(ps_sample_batch_info, last_of_epoch), PS_FIELD_END(ps_sample_batch_info, end_of_data)};
};

}  // namespace penstock

namespace {

struct LoaderHandle : core::Counted<LoaderHandle> {
  LoaderHandle(core::SampleLoader::OpenSet open_set, core::SampleLoaderOptions options, const core::Progress &progress)
      : loader(std::move(open_set), std::move(options), progress) {}
  core::SampleLoader loader;
};

struct BatchHandle : core::Counted<BatchHandle> {
  core::SampleBatch batch;
};

LoaderHandle *handle_of(ps_sample_loader *loader) { return reinterpret_cast<LoaderHandle *>(loader); }
core::SampleLoader &unwrap(ps_sample_loader *loader) { return handle_of(loader)->loader; }
const core::SampleLoader &unwrap(const ps_sample_loader *loader) {
  return reinterpret_cast<const LoaderHandle *>(loader)->loader;
}
BatchHandle *handle_of(ps_sample_batch *batch) { return reinterpret_cast<BatchHandle *>(batch); }
const core::SampleBatch &unwrap(const ps_sample_batch *batch) {
  return reinterpret_cast<const BatchHandle *>(batch)->batch;
}

// A getter's index of count things, named for its message.
size_t require_index(int64_t index, size_t count, const char *name) {
  if (index < 0 || static_cast<uint64_t>(index) >= count)
    core::fail(core::Status::out_of_range, name, " is ", index, ": expected 0 to below ", count);
  return static_cast<size_t>(index);
}

ps_sample_batch_info describe(const std::optional<core::SampleBatch> &batch) {
  ps_sample_batch_info info = PS_SAMPLE_BATCH_INFO_INIT;
  if (!batch) {
    info.end_of_data = 1;
    return info;
  }
  info.field_count = static_cast<int32_t>(batch->fields.size());
  info.epoch = static_cast<int64_t>(batch->epoch);
  info.index = static_cast<int64_t>(batch->index);
  info.size = batch->size;
  info.bad = static_cast<int64_t>(batch->bad.size());
  info.last_of_epoch = batch->is_last ? 1 : 0;
  return info;
}

// A number from 0 up, as the engine counts.
uint64_t require_count(int64_t value, const char *name) {
  if (value < 0) core::fail(core::Status::out_of_range, name, " is ", value, ": expected 0 and up");
  return static_cast<uint64_t>(value);
}

}  // namespace

ps_status ps_sample_loader_open(ps_sample_loader **out, int64_t source_count, const char *const *sources,
                                const ps_sample_loader_options *options) {
  return guarded([&] {
    require_not_null(out, "out");
    SampleLoaderRequest request = read_sample_loader_request(source_count, sources, options);
    auto open_set = [source = std::move(request.source)](const core::Progress &progress) {
      return core::open_sample_set(source, progress);
    };
    *out = reinterpret_cast<ps_sample_loader *>(
        new LoaderHandle(std::move(open_set), std::move(request.options), request.progress));
  });
}

ps_sample_loader *ps_sample_loader_retain(ps_sample_loader *loader) {
  return retained(loader, handle_of(loader), "loader");
}

void ps_sample_loader_release(ps_sample_loader *loader) {
  if (loader != nullptr) handle_of(loader)->release();
}

ps_status ps_sample_loader_start(ps_sample_loader *loader) {
  return guarded([&] {
    require_not_null(loader, "loader");
    unwrap(loader).start();
  });
}

ps_status ps_sample_loader_stop(ps_sample_loader *loader) {
  return guarded([&] {
    require_not_null(loader, "loader");
    unwrap(loader).stop();
  });
}

ps_status ps_sample_loader_count(int64_t *samples, int64_t *batches, int64_t *set_samples,
                                 const ps_sample_loader *loader) {
  return guarded([&] {
    require_not_null(samples, "samples");
    require_not_null(batches, "batches");
    require_not_null(set_samples, "set_samples");
    require_not_null(loader, "loader");
    *samples = static_cast<int64_t>(unwrap(loader).samples_an_epoch());
    *batches = static_cast<int64_t>(unwrap(loader).batches_an_epoch());
    *set_samples = static_cast<int64_t>(unwrap(loader).set_count());
  });
}

int64_t ps_sample_loader_class_count(const ps_sample_loader *loader) {
  return guarded_getter(INT64_C(-1), [&] {
    require_not_null(loader, "loader");
    return static_cast<int64_t>(unwrap(loader).class_names().size());
  });
}

const char *ps_sample_loader_class_name(const ps_sample_loader *loader, int64_t index) {
  return guarded_getter<const char *>(nullptr, [&] {
    require_not_null(loader, "loader");
    const auto &names = unwrap(loader).class_names();
    return names[require_index(index, names.size(), "index")].c_str();
  });
}

ps_status ps_sample_loader_address(uint64_t *length, char *text, uint64_t capacity, const ps_sample_loader *loader,
                                   int64_t sample) {
  return guarded([&] {
    require_length_and_text(length, text, capacity);
    require_not_null(loader, "loader");
    give_length_and_text(length, text, capacity, unwrap(loader).address(require_count(sample, "sample")));
  });
}

ps_status ps_sample_batch_info_init(ps_sample_batch_info *info, uint32_t struct_size) {
  return guarded([&] { init_options(info, struct_size, "info"); });
}

ps_status ps_sample_loader_next(ps_sample_batch **out, ps_sample_batch_info *info, ps_sample_loader *loader,
                                int64_t timeout_ms) {
  return guarded([&] {
    require_not_null(out, "out");
    require_result(info, "info");
    require_not_null(loader, "loader");
    // Made before the batch is taken: after that nothing may fail, or it would be lost.
    auto handle = std::make_unique<BatchHandle>();
    auto batch = unwrap(loader).next(std::chrono::milliseconds(timeout_ms));
    write_options(info, info->struct_size, describe(batch));
    if (!batch || batch->size == 0) return;
    handle->batch = std::move(*batch);
    *out = reinterpret_cast<ps_sample_batch *>(handle.release());
  });
}

ps_sample_batch *ps_sample_batch_retain(ps_sample_batch *batch) { return retained(batch, handle_of(batch), "batch"); }

void ps_sample_batch_release(ps_sample_batch *batch) {
  if (batch != nullptr) handle_of(batch)->release();
}

int32_t ps_sample_batch_field_count(const ps_sample_batch *batch) {
  return guarded_getter(-1, [&] {
    require_not_null(batch, "batch");
    return static_cast<int32_t>(unwrap(batch).fields.size());
  });
}

const char *ps_sample_batch_field_name(const ps_sample_batch *batch, int32_t index) {
  return guarded_getter<const char *>(nullptr, [&] {
    require_not_null(batch, "batch");
    const auto &fields = unwrap(batch).fields;
    return fields[require_index(index, fields.size(), "index")].name.c_str();
  });
}

ps_status ps_sample_batch_field(ps_tensor **values, ps_tensor **offsets, const ps_sample_batch *batch, int32_t index) {
  return guarded([&] {
    require_not_null(values, "values");
    require_not_null(offsets, "offsets");
    require_not_null(batch, "batch");
    const auto &fields = unwrap(batch).fields;
    const core::BatchField &field = fields[require_index(index, fields.size(), "index")];
    auto lent = std::make_unique<TensorHandle>(field.values);
    *offsets = field.offsets ? wrap(*field.offsets) : nullptr;
    *values = reinterpret_cast<ps_tensor *>(lent.release());
  });
}

ps_status ps_sample_batch_samples(ps_tensor **out, const ps_sample_batch *batch) {
  return guarded([&] {
    require_not_null(out, "out");
    require_not_null(batch, "batch");
    *out = wrap(unwrap(batch).samples);
  });
}

ps_status ps_sample_loader_seek(ps_sample_loader *loader, int64_t epoch, int64_t batch) {
  return guarded([&] {
    require_not_null(loader, "loader");
    unwrap(loader).seek(require_count(epoch, "epoch"), require_count(batch, "batch"));
  });
}

ps_status ps_sample_loader_state(uint64_t *size, void *bytes, uint64_t capacity, const ps_sample_loader *loader) {
  return guarded([&] {
    require_bytes_result(size, bytes, capacity);
    require_not_null(loader, "loader");
    give_bytes(size, bytes, capacity, unwrap(loader).state());
  });
}

ps_status ps_sample_loader_restore(ps_sample_loader *loader, const void *bytes, uint64_t size) {
  return guarded([&] {
    require_not_null(loader, "loader");
    unwrap(loader).restore(given_bytes(bytes, size));
  });
}

ps_status ps_sample_loader_metrics(uint64_t *length, char *text, uint64_t capacity, const ps_sample_loader *loader) {
  return guarded([&] {
    require_length_and_text(length, text, capacity);
    require_not_null(loader, "loader");
    give_length_and_text(length, text, capacity, unwrap(loader).metrics());
  });
}
