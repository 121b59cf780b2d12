#include <penstock/tensor_file.h>

#include <cstdint>
#include <limits>
#include <new>
#include <utility>
#include <vector>

#include "capi/src/file_arguments.h"
#include "capi/src/guard.h"
#include "capi/src/handles.h"
#include "capi/src/options.h"
#include "core/io/npy.h"
#include "core/io/npz.h"

using namespace penstock;

namespace penstock {

template <>
struct OptionsLayout<ps_load_options> {
  static constexpr ps_load_options defaults = PS_LOAD_OPTIONS_INIT;
  static constexpr const char *name = "ps_load_options";
  static constexpr uint32_t field_ends[] = {
      PS_FIELD_END(ps_load_options, struct_size), PS_FIELD_END(ps_load_options, device_type),
      PS_FIELD_END(ps_load_options, device_id),   PS_FIELD_END(ps_load_options, reserved),
      PS_FIELD_END(ps_load_options, progress),    PS_FIELD_END(ps_load_options, user)};
};

template <>
struct OptionsLayout<ps_save_options> {
  static constexpr ps_save_options defaults = PS_SAVE_OPTIONS_INIT;
  static constexpr const char *name = "ps_save_options";
  static constexpr uint32_t field_ends[] = {
      PS_FIELD_END(ps_save_options, struct_size), PS_FIELD_END(ps_save_options, compression),
      PS_FIELD_END(ps_save_options, progress), PS_FIELD_END(ps_save_options, user)};
};

core::LoadOptions read_load_options(const ps_load_options *given) {
  const ps_load_options options = read_options(given);
  require_reserved_is_zero(options);
  return {core::resolve_device(options.device_type, options.device_id), {options.progress, options.user}};
}

core::SaveOptions read_save_options(const ps_save_options *given) {
  const ps_save_options options = read_options(given);
  return {options.compression, {options.progress, options.user}};
}

void require_texts(int64_t count, const char *what, const char *const *texts, const char *name) {
  if (count < 0 || count > std::numeric_limits<int32_t>::max())
    core::fail(core::Status::invalid_argument, what, " is ", count, ": expected 0 to 2147483647");
  if (count == 0) return;
  require_not_null(texts, name);
  require_elements_not_null(count, texts, name);
}

std::vector<core::NamedTensor> read_named_tensors(int64_t count, const char *const *names, ps_tensor *const *tensors) {
  require_texts(count, "count", names, "names");
  if (count > 0) require_not_null(tensors, "tensors");
  require_elements_not_null(count, tensors, "tensors");
  std::vector<core::NamedTensor> named;
  for (int64_t index = 0; index < count; ++index) named.push_back({names[index], unwrap(tensors[index])});
  return named;
}

}  // namespace penstock

namespace {

struct NpzHandle : core::Counted<NpzHandle> {
  explicit NpzHandle(core::Npz opened) : npz(std::move(opened)) {}
  core::Npz npz;
};

NpzHandle *handle_of(ps_npz *npz) { return reinterpret_cast<NpzHandle *>(npz); }
const core::Npz &unwrap(const ps_npz *npz) { return reinterpret_cast<const NpzHandle *>(npz)->npz; }

}  // namespace

ps_status ps_load_options_init(ps_load_options *options, uint32_t struct_size) {
  return guarded([&] { init_options(options, struct_size); });
}

ps_status ps_save_options_init(ps_save_options *options, uint32_t struct_size) {
  return guarded([&] { init_options(options, struct_size); });
}

ps_status ps_npy_load(ps_tensor **out, const char *path, const ps_load_options *options) {
  return guarded([&] {
    require_not_null(out, "out");
    require_not_null(path, "path");
    *out = wrap(core::load_npy(path, read_load_options(options)));
  });
}

ps_status ps_npy_save(const char *path, const ps_tensor *tensor, const ps_save_options *options) {
  return guarded([&] {
    require_not_null(path, "path");
    require_not_null(tensor, "tensor");
    core::save_npy(path, penstock::unwrap(tensor), read_save_options(options));
  });
}

ps_status ps_npz_open(ps_npz **out, const char *path) {
  return guarded([&] {
    require_not_null(out, "out");
    require_not_null(path, "path");
    *out = reinterpret_cast<ps_npz *>(new NpzHandle(core::Npz::open(path)));
  });
}

ps_npz *ps_npz_retain(ps_npz *npz) { return retained(npz, handle_of(npz), "npz"); }

void ps_npz_release(ps_npz *npz) {
  if (npz != nullptr) handle_of(npz)->release();
}

int64_t ps_npz_count(const ps_npz *npz) {
  return guarded_getter<int64_t>(-1, [&] {
    require_not_null(npz, "npz");
    return unwrap(npz).count();
  });
}

const char *ps_npz_name(const ps_npz *npz, int64_t index) {
  return guarded_getter<const char *>(nullptr, [&] {
    require_not_null(npz, "npz");
    const int64_t count = unwrap(npz).count();
    if (index < 0 || index >= count)
      core::fail(core::Status::out_of_range, "index ", index, " is outside the ", count, " arrays of this file");
    return unwrap(npz).name(index).c_str();
  });
}

ps_status ps_npz_read(ps_tensor **out, const ps_npz *npz, const char *name, const ps_load_options *options) {
  return guarded([&] {
    require_not_null(out, "out");
    require_not_null(npz, "npz");
    require_not_null(name, "name");
    *out = wrap(unwrap(npz).read(name, read_load_options(options)));
  });
}

ps_status ps_npz_save(const char *path, int64_t count, const char *const *names, ps_tensor *const *tensors,
                      const ps_save_options *options) {
  return guarded([&] {
    require_not_null(path, "path");
    const std::vector<core::NamedTensor> named = read_named_tensors(count, names, tensors);
    core::save_npz(path, named, read_save_options(options));
  });
}
