#include <penstock/safetensors.h>

#include <cstdint>
#include <iterator>
#include <utility>
#include <vector>

#include "capi/src/file_arguments.h"
#include "capi/src/guard.h"
#include "capi/src/handles.h"
#include "core/base/reference.h"
#include "core/io/safetensors.h"
#include "core/io/utf8.h"

using namespace penstock;

namespace {

struct SafetensorsHandle : core::Counted<SafetensorsHandle> {
  explicit SafetensorsHandle(core::Safetensors opened) : file(std::move(opened)) {}
  core::Safetensors file;
};

SafetensorsHandle *handle_of(ps_safetensors *file) { return reinterpret_cast<SafetensorsHandle *>(file); }
const core::Safetensors &unwrap(const ps_safetensors *file) {
  return reinterpret_cast<const SafetensorsHandle *>(file)->file;
}

void require_index(int64_t index, int64_t count, const char *what) {
  if (index < 0 || index >= count)
    core::fail(core::Status::out_of_range, "index ", index, " is outside the ", count, " ", what, " of this file");
}

const core::Metadata::value_type &metadata_at(const ps_safetensors *file, int64_t index) {
  require_not_null(file, "file");
  const core::Metadata &metadata = unwrap(file).metadata();
  require_index(index, static_cast<int64_t>(metadata.size()), "texts");
  return *std::next(metadata.begin(), index);
}

core::Metadata read_metadata(int64_t count, const char *const *keys, const char *const *values) {
  require_texts(count, "metadata_count", keys, "keys");
  require_texts(count, "metadata_count", values, "values");
  core::Metadata metadata;
  for (int64_t index = 0; index < count; ++index)
    if (!metadata.emplace(keys[index], values[index]).second)
      core::fail(core::Status::invalid_argument, "the key ", core::in_quotes(keys[index]), " stands twice");
  return metadata;
}

}  // namespace

ps_status ps_safetensors_open(ps_safetensors **out, const char *path) {
  return guarded([&] {
    require_not_null(out, "out");
    require_not_null(path, "path");
    *out = reinterpret_cast<ps_safetensors *>(new SafetensorsHandle(core::Safetensors::open(path)));
  });
}

ps_safetensors *ps_safetensors_retain(ps_safetensors *file) { return retained(file, handle_of(file), "file"); }

void ps_safetensors_release(ps_safetensors *file) {
  if (file != nullptr) handle_of(file)->release();
}

int64_t ps_safetensors_count(const ps_safetensors *file) {
  return guarded_getter<int64_t>(-1, [&] {
    require_not_null(file, "file");
    return unwrap(file).count();
  });
}

const char *ps_safetensors_name(const ps_safetensors *file, int64_t index) {
  return guarded_getter<const char *>(nullptr, [&] {
    require_not_null(file, "file");
    require_index(index, unwrap(file).count(), "tensors");
    return unwrap(file).name(index).c_str();
  });
}

int64_t ps_safetensors_metadata_count(const ps_safetensors *file) {
  return guarded_getter<int64_t>(-1, [&] {
    require_not_null(file, "file");
    return static_cast<int64_t>(unwrap(file).metadata().size());
  });
}

const char *ps_safetensors_metadata_key(const ps_safetensors *file, int64_t index) {
  return guarded_getter<const char *>(nullptr, [&] { return metadata_at(file, index).first.c_str(); });
}

const char *ps_safetensors_metadata_value(const ps_safetensors *file, int64_t index) {
  return guarded_getter<const char *>(nullptr, [&] { return metadata_at(file, index).second.c_str(); });
}

ps_status ps_safetensors_read(ps_tensor **out, const ps_safetensors *file, const char *name,
                              const ps_load_options *options) {
  return guarded([&] {
    require_not_null(out, "out");
    require_not_null(file, "file");
    require_not_null(name, "name");
    *out = wrap(unwrap(file).read(name, read_load_options(options)));
  });
}

ps_status ps_safetensors_save(const char *path, int64_t count, const char *const *names, ps_tensor *const *tensors,
                              int64_t metadata_count, const char *const *keys, const char *const *values,
                              const ps_save_options *options) {
  return guarded([&] {
    require_not_null(path, "path");
    const std::vector<core::NamedTensor> named = read_named_tensors(count, names, tensors);
    core::save_safetensors(path, named, read_metadata(metadata_count, keys, values), read_save_options(options));
  });
}
