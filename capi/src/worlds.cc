#include <penstock/worlds.h>

#include <charconv>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "capi/src/guard.h"
#include "capi/src/handles.h"
#include "capi/src/options.h"
#include "capi/src/worlds_handle.h"
#include "core/tensor/create.h"
#include "core/worlds/worlds.h"

using namespace penstock;
using core::fail;
using core::Status;

namespace penstock {

template <>
struct OptionsLayout<ps_worlds_options> {
  static constexpr ps_worlds_options defaults = PS_WORLDS_OPTIONS_INIT;
  static constexpr const char *name = "ps_worlds_options";
  static constexpr uint32_t field_ends[] = {
      PS_FIELD_END(ps_worlds_options, struct_size),    PS_FIELD_END(ps_worlds_options, autoreset),
      PS_FIELD_END(ps_worlds_options, num_worlds),     PS_FIELD_END(ps_worlds_options, seed),
      PS_FIELD_END(ps_worlds_options, seeds),          PS_FIELD_END(ps_worlds_options, parameters),
      PS_FIELD_END(ps_worlds_options, episode_length), PS_FIELD_END(ps_worlds_options, device_type),
      PS_FIELD_END(ps_worlds_options, device_id),      PS_FIELD_END(ps_worlds_options, threads),
      PS_FIELD_END(ps_worlds_options, buffers),        PS_FIELD_END(ps_worlds_options, actions),
      PS_FIELD_END(ps_worlds_options, precision),      PS_FIELD_END(ps_worlds_options, random),
      PS_FIELD_END(ps_worlds_options, kernel),         PS_FIELD_END(ps_worlds_options, level),
      PS_FIELD_END(ps_worlds_options, level_files),    PS_FIELD_END(ps_worlds_options, level_file_count)};
};

}  // namespace penstock

namespace {

// "g=9.81"
std::pair<std::string, double> read_parameter(std::string_view item) {
  const size_t equals = item.find('=');
  double value = 0;
  const char *end = item.data() + item.size();
  const char *digits = equals == std::string_view::npos ? end : item.data() + equals + 1;
  const std::from_chars_result result = std::from_chars(digits, end, value);
  if (result.ec != std::errc() || result.ptr != end || equals == 0)
    fail(Status::invalid_argument, "parameters has \"", item, "\": expected name=number, with commas between");
  return {std::string(item.substr(0, equals)), value};
}

// "g=9.81,x_init=0.5"
std::vector<std::pair<std::string, double>> read_parameters(const char *text) {
  std::vector<std::pair<std::string, double>> parameters;
  std::string_view rest = text == nullptr ? "" : text;
  if (rest.empty()) return parameters;
  for (size_t comma = rest.find(','); comma != std::string_view::npos; comma = rest.find(',')) {
    parameters.push_back(read_parameter(rest.substr(0, comma)));
    rest.remove_prefix(comma + 1);
  }
  parameters.push_back(read_parameter(rest));
  return parameters;
}

std::vector<core::LevelText> read_levels(const ps_worlds_options &options) {
  constexpr int64_t most_files = 65536;
  if (options.level_file_count < 0 || options.level_file_count > most_files)
    fail(Status::out_of_range, "level_file_count is ", options.level_file_count, ": expected 0 to ", most_files);
  std::vector<core::LevelText> levels;
  if (options.level != nullptr) levels.push_back({"the level", options.level});
  if (options.level_file_count != 0) require_not_null(options.level_files, "level_files");
  for (int64_t index = 0; index < options.level_file_count; ++index) {
    require_not_null(options.level_files[index], "a path of level_files");
    levels.push_back(core::read_level_file(options.level_files[index]));
  }
  return levels;
}

core::WorldsOptions read_worlds_options(const ps_worlds_options *given) {
  const ps_worlds_options options = read_options(given);
  require_enum(options.autoreset, PS_AUTORESET_DISABLED, "autoreset");
  require_enum(options.actions, PS_ACTIONS_GAME, "actions");
  require_enum(options.precision, PS_PRECISION_F64, "precision");
  require_enum(options.random, PS_RANDOM_GYMNASIUM, "random");
  require_enum(options.kernel, PS_KERNEL_64_BYTES, "kernel");
  const core::Device device = core::resolve_device(options.device_type, options.device_id);
  if (device.type != core::DeviceType::cpu)
    fail(Status::unavailable, "games do not run on ", device, " yet: expected the CPU");
  core::WorldsOptions read;
  read.num_worlds = options.num_worlds;
  if (options.num_worlds < 1 || options.num_worlds > core::Worlds::most_worlds)
    fail(Status::out_of_range, "num_worlds is ", options.num_worlds, ": expected 1 to ", core::Worlds::most_worlds);
  if (options.seeds != nullptr)
    read.seeds.assign(options.seeds, options.seeds + options.num_worlds);
  else
    read.seeds = {options.seed};
  read.autoreset = static_cast<core::Autoreset>(options.autoreset);
  read.actions = static_cast<core::ActionRule>(options.actions);
  read.threads = options.threads;
  read.buffers = options.buffers;
  read.episode_length = options.episode_length;
  read.game = {static_cast<core::Precision>(options.precision), static_cast<core::Randomness>(options.random),
               static_cast<core::WorldsKernel>(options.kernel), 0, read_levels(options)};
  read.parameters = read_parameters(options.parameters);
  return read;
}

// Values as a new tensor of one axis, or of the shape given.
template <typename Value>
core::Tensor tensor_of(core::DType dtype, const core::Extents &shape, const std::vector<Value> &values) {
  return core::from_data(dtype, shape, values.data(), values.size() * sizeof(Value), {});
}

template <typename Value>
core::Tensor tensor_of(core::DType dtype, const std::vector<Value> &values) {
  return tensor_of(dtype, {static_cast<int64_t>(values.size())}, values);
}

core::Tensor bounds_of(const core::Field &field, const std::vector<double> &bounds) {
  if (bounds.size() == 1) return core::full(core::DType::float64, field.shape, bounds.data(), core::DType::float64, {});
  return tensor_of(core::DType::float64, field.shape, bounds);
}

std::span<const bool> read_mask(const ps_tensor *mask, int64_t num_worlds) {
  if (mask == nullptr) return {};
  const core::Tensor &tensor = unwrap(mask);
  const core::Extents expected{num_worlds};
  if (tensor.dtype != core::DType::bool8 || !(tensor.shape == expected) || !tensor.is_contiguous() ||
      tensor.device().type != core::DeviceType::cpu)
    fail(Status::invalid_argument, "mask is ", tensor.dtype, " of shape ", tensor.shape, " on ", tensor.device(),
         ": expected bool of shape ", expected, ", contiguous, on the CPU");
  return {reinterpret_cast<const bool *>(tensor.data), static_cast<size_t>(num_worlds)};
}

std::span<const std::byte> read_snapshot(const ps_tensor *snapshot) {
  const core::Tensor &tensor = unwrap(snapshot);
  if (tensor.dtype != core::DType::uint8 || tensor.ndim() != 1 || !tensor.is_contiguous() ||
      tensor.device().type != core::DeviceType::cpu)
    fail(Status::invalid_argument, "snapshot is ", tensor.dtype, " of shape ", tensor.shape, " on ", tensor.device(),
         ": expected uint8 of one axis, contiguous, on the CPU");
  return {tensor.data, static_cast<size_t>(tensor.nbytes())};
}

std::span<const int64_t> read_places(const int64_t *places, int64_t count, const char *name) {
  if (count < 0 || count > core::Worlds::most_worlds)
    fail(Status::invalid_argument, "count is ", count, ": expected 0 to ", core::Worlds::most_worlds);
  if (count == 0) return {};
  require_not_null(places, name);
  return {places, static_cast<size_t>(count)};
}

void require_state_count(int64_t count, const core::Worlds &worlds) {
  if (count != worlds.game().state_count())
    fail(Status::invalid_argument, "count is ", count, ": the state of ", worlds.game().name(), " has ",
         worlds.game().state_count(), " numbers");
}

}  // namespace

ps_status ps_worlds_options_init(ps_worlds_options *options, uint32_t struct_size) {
  return guarded([&] { init_options(options, struct_size); });
}

int64_t ps_game_count(void) { return static_cast<int64_t>(core::game_names().size()); }

const char *ps_game_name(int64_t index) {
  return guarded_getter<const char *>(nullptr, [&] {
    if (index < 0 || index >= ps_game_count())
      fail(Status::out_of_range, "index is ", index, ": there are ", ps_game_count(), " games");
    return core::game_names()[static_cast<size_t>(index)].data();
  });
}

ps_status ps_worlds_create(ps_worlds **out, const char *game, const ps_worlds_options *options) {
  return guarded([&] {
    require_not_null(out, "out");
    require_not_null(game, "game");
    *out = reinterpret_cast<ps_worlds *>(new WorldsHandle(game, read_worlds_options(options)));
  });
}

ps_worlds *ps_worlds_retain(ps_worlds *worlds) { return retained(worlds, handle_of(worlds), "worlds"); }

void ps_worlds_release(ps_worlds *worlds) {
  if (worlds != nullptr) handle_of(worlds)->release();
}

const char *ps_worlds_game(const ps_worlds *worlds) {
  return guarded_getter<const char *>(nullptr, [&] {
    require_not_null(worlds, "worlds");
    return unwrap(worlds).game().name().data();
  });
}

int64_t ps_worlds_num_worlds(const ps_worlds *worlds) {
  return worlds_number(worlds, [](const core::Worlds &of) { return of.num_worlds(); });
}
int64_t ps_worlds_episode_length(const ps_worlds *worlds) {
  return worlds_number(worlds, [](const core::Worlds &of) { return of.episode_length(); });
}
int64_t ps_worlds_state_count(const ps_worlds *worlds) {
  return worlds_number(worlds, [](const core::Worlds &of) { return of.game().state_count(); });
}
int64_t ps_worlds_tensor_count(const ps_worlds *worlds) {
  return worlds_number(worlds, [](const core::Worlds &of) { return of.tensor_count(); });
}
int64_t ps_worlds_step_count(const ps_worlds *worlds) {
  return worlds_number(worlds, [](const core::Worlds &of) { return of.step_count(); });
}
int64_t ps_worlds_fault_count(const ps_worlds *worlds) {
  return worlds_number(worlds, [](const core::Worlds &of) { return of.fault_count(); });
}
int64_t ps_worlds_parameter_count(const ps_worlds *worlds) {
  return worlds_number(worlds, [](const core::Worlds &of) { return static_cast<int64_t>(of.parameters().size()); });
}

const char *ps_worlds_tensor_name(const ps_worlds *worlds, int64_t index) {
  return guarded_getter<const char *>(nullptr, [&] {
    require_not_null(worlds, "worlds");
    const int64_t count = unwrap(worlds).tensor_count();
    if (index < 0 || index >= count)
      fail(Status::out_of_range, "index is ", index, ": these worlds have ", count, " tensors");
    return unwrap(worlds).tensor_field(index).name.c_str();
  });
}

ps_status ps_worlds_tensor(ps_tensor **out, const ps_worlds *worlds, const char *name) {
  return guarded([&] {
    require_not_null(out, "out");
    require_not_null(worlds, "worlds");
    require_not_null(name, "name");
    *out = wrap(unwrap(worlds).tensor(name));
  });
}

ps_status ps_worlds_bounds(ps_tensor **low, ps_tensor **high, const ps_worlds *worlds, const char *name) {
  return guarded([&] {
    require_not_null(low, "low");
    require_not_null(high, "high");
    require_not_null(worlds, "worlds");
    require_not_null(name, "name");
    const core::Field &field = unwrap(worlds).find_field(name);
    core::Tensor lowest = bounds_of(field, field.low);
    ps_tensor *highest = wrap(bounds_of(field, field.high));
    try {
      *low = wrap(std::move(lowest));
    } catch (...) {
      ps_tensor_release(highest);
      throw;
    }
    *high = highest;
  });
}

ps_status ps_worlds_reset(ps_worlds *worlds, const ps_tensor *mask, int64_t seed_count, const uint64_t *seeds) {
  return guarded([&] {
    require_not_null(worlds, "worlds");
    core::Worlds &of = unwrap(worlds);
    if (seed_count != 0 && seed_count != 1 && seed_count != of.num_worlds())
      fail(Status::invalid_argument, "seed_count is ", seed_count, ": expected 0, 1 or ", of.num_worlds());
    if (seed_count != 0) require_not_null(seeds, "seeds");
    of.reset(read_mask(mask, of.num_worlds()), {seeds, static_cast<size_t>(seed_count)});
  });
}

ps_status ps_worlds_step(ps_worlds *worlds) {
  return guarded([&] {
    require_not_null(worlds, "worlds");
    unwrap(worlds).step();
  });
}

ps_status ps_worlds_step_async(ps_worlds *worlds) {
  return guarded([&] {
    require_not_null(worlds, "worlds");
    unwrap(worlds).step_async();
  });
}

ps_status ps_worlds_wait(ps_worlds *worlds) {
  return guarded([&] {
    require_not_null(worlds, "worlds");
    unwrap(worlds).wait();
  });
}

ps_status ps_worlds_faults(ps_tensor **out, const ps_worlds *worlds) {
  return guarded([&] {
    require_not_null(out, "out");
    require_not_null(worlds, "worlds");
    std::vector<int64_t> rows;
    for (const core::WorldFault &fault : unwrap(worlds).faults()) rows.insert(rows.end(), {fault.world, fault.step});
    *out = wrap(tensor_of(core::DType::int64, {static_cast<int64_t>(rows.size() / 2), 2}, rows));
  });
}

ps_status ps_worlds_hash(ps_tensor **out, const ps_worlds *worlds) {
  return guarded([&] {
    require_not_null(out, "out");
    require_not_null(worlds, "worlds");
    *out = wrap(tensor_of(core::DType::uint64, unwrap(worlds).hashes()));
  });
}

ps_status ps_worlds_snapshot(ps_tensor **out, const ps_worlds *worlds) {
  return guarded([&] {
    require_not_null(out, "out");
    require_not_null(worlds, "worlds");
    *out = wrap(tensor_of(core::DType::uint8, unwrap(worlds).snapshot()));
  });
}

ps_status ps_worlds_restore(ps_worlds *worlds, const ps_tensor *snapshot, int64_t count, const int64_t *from,
                            const int64_t *to) {
  return guarded([&] {
    require_not_null(worlds, "worlds");
    require_not_null(snapshot, "snapshot");
    unwrap(worlds).restore(read_snapshot(snapshot), read_places(from, count, "from"), read_places(to, count, "to"));
  });
}

ps_status ps_worlds_get_state(const ps_worlds *worlds, int64_t world, int64_t count, double *state) {
  return guarded([&] {
    require_not_null(worlds, "worlds");
    require_not_null(state, "state");
    require_state_count(count, unwrap(worlds));
    unwrap(worlds).get_state(world, {state, static_cast<size_t>(count)});
  });
}

ps_status ps_worlds_set_state(ps_worlds *worlds, int64_t world, int64_t count, const double *state) {
  return guarded([&] {
    require_not_null(worlds, "worlds");
    require_not_null(state, "state");
    require_state_count(count, unwrap(worlds));
    unwrap(worlds).set_state(world, {state, static_cast<size_t>(count)});
  });
}

ps_status ps_worlds_render(ps_tensor **out, const ps_worlds *worlds, int64_t world, int32_t width, int32_t height) {
  return guarded([&] {
    require_not_null(out, "out");
    require_not_null(worlds, "worlds");
    *out = wrap(unwrap(worlds).render(world, width, height));
  });
}

const char *ps_worlds_parameter_name(const ps_worlds *worlds, int64_t index) {
  return guarded_getter<const char *>(nullptr, [&] {
    require_not_null(worlds, "worlds");
    const auto parameters = unwrap(worlds).parameters();
    if (index < 0 || index >= static_cast<int64_t>(parameters.size()))
      fail(Status::out_of_range, "index is ", index, ": ", unwrap(worlds).game().name(), " has ", parameters.size(),
           " parameters");
    return parameters[static_cast<size_t>(index)].name.c_str();
  });
}

ps_status ps_worlds_get_parameter(double *value, const ps_worlds *worlds, const char *name) {
  return guarded([&] {
    require_not_null(value, "value");
    require_not_null(worlds, "worlds");
    require_not_null(name, "name");
    *value = unwrap(worlds).parameter(name);
  });
}

ps_status ps_worlds_set_parameter(ps_worlds *worlds, const char *name, double value) {
  return guarded([&] {
    require_not_null(worlds, "worlds");
    require_not_null(name, "name");
    unwrap(worlds).set_parameter(name, value);
  });
}
