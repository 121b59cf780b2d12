#include "sized_structs.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <utility>

#define FIELD(Struct, field) \
  Field { #field, offsetof(Struct, field), sizeof(Struct::field) }

namespace penstock::test {
namespace {

template <typename Struct>
SizedStruct describe(const char *name, const Struct &by_macro, const char *init_name,
                     ps_status (*init)(Struct *, uint32_t), std::vector<Field> fields) {
  SizedStruct described;
  described.name = name;
  described.size = sizeof(Struct);
  described.by_macro.resize(sizeof(Struct));
  // Gaps between fields have no value in a struct: here they are 0, as the init function leaves them.
  for (const Field &field : fields)
    std::memcpy(described.by_macro.data() + field.offset, reinterpret_cast<const std::byte *>(&by_macro) + field.offset,
                field.size);
  described.init_name = init_name;
  described.init = [init](void *options, uint32_t struct_size) {
    return init(static_cast<Struct *>(options), struct_size);
  };
  described.fields = std::move(fields);
  return described;
}

// Adds a wrong field whose value is a number, which the refusal must name.
template <typename Struct, typename Number, typename Value>
void wrong(SizedStruct &described, const char *name, Number Struct::*field, Value value, ps_status status) {
  const std::string digits = std::to_string(value);
  described.wrong_fields.push_back({name, digits, status, digits, [field, value](void *options) {
                                      static_cast<Struct *>(options)->*field = static_cast<Number>(value);
                                    }});
}

// The device a struct asks for.  An id is only looked at beside a device type.
template <typename Struct>
void wrong_devices(SizedStruct &described) {
  for (const int32_t type : {-1, 9999})
    wrong(described, "device_type", &Struct::device_type, type, PS_INVALID_ARGUMENT);
  described.wrong_fields.push_back({"device_type", "PS_DEVICE_CUDA", PS_UNAVAILABLE, "cuda:0", [](void *options) {
                                      static_cast<Struct *>(options)->device_type = PS_DEVICE_CUDA;
                                    }});
  for (const int32_t id : {-1, 9999})
    described.wrong_fields.push_back(
        {"device_id", std::to_string(id), PS_OUT_OF_RANGE, std::to_string(id), [id](void *options) {
           static_cast<Struct *>(options)->device_type = PS_DEVICE_CPU;
           static_cast<Struct *>(options)->device_id = id;
         }});
}

// A struct that functions fill: whatever lies behind struct_size is right.
SizedStruct filled(SizedStruct described) {
  for (const Field &field : described.fields)
    if (field.name != "struct_size") described.free_fields.push_back({field.name, "filled up to there"});
  return described;
}

SizedStruct memory_usage() {
  return filled(
      describe<ps_memory_usage>("ps_memory_usage", PS_MEMORY_USAGE_INIT, "ps_memory_usage_init", ps_memory_usage_init,
                                {FIELD(ps_memory_usage, struct_size), FIELD(ps_memory_usage, reserved),
                                 FIELD(ps_memory_usage, live_bytes), FIELD(ps_memory_usage, peak_bytes),
                                 FIELD(ps_memory_usage, live_storages), FIELD(ps_memory_usage, wrapped_bytes)}));
}

SizedStruct tensor_options() {
  SizedStruct options = describe<ps_tensor_options>(
      "ps_tensor_options", PS_TENSOR_OPTIONS_INIT, "ps_tensor_options_init", ps_tensor_options_init,
      {FIELD(ps_tensor_options, struct_size), FIELD(ps_tensor_options, device_type),
       FIELD(ps_tensor_options, device_id), FIELD(ps_tensor_options, pinned), FIELD(ps_tensor_options, alignment)});
  wrong_devices<ps_tensor_options>(options);
  for (const int32_t pinned : {-1, 2})
    wrong(options, "pinned", &ps_tensor_options::pinned, pinned, PS_INVALID_ARGUMENT);
  options.wrong_fields.push_back({"pinned", "1", PS_UNAVAILABLE, "pinned",
                                  [](void *given) { static_cast<ps_tensor_options *>(given)->pinned = 1; }});
  for (const uint64_t alignment : {UINT64_C(3), UINT64_C(1) << 22, UINT64_C(1) << 62, UINT64_C(1) << 63, UINT64_MAX})
    wrong(options, "alignment", &ps_tensor_options::alignment, alignment, PS_INVALID_ARGUMENT);
  return options;
}

SizedStruct wrap_options() {
  SizedStruct options =
      describe<ps_wrap_options>("ps_wrap_options", PS_WRAP_OPTIONS_INIT, "ps_wrap_options_init", ps_wrap_options_init,
                                {FIELD(ps_wrap_options, struct_size), FIELD(ps_wrap_options, device_type),
                                 FIELD(ps_wrap_options, device_id), FIELD(ps_wrap_options, read_only)});
  wrong_devices<ps_wrap_options>(options);
  for (const int32_t read_only : {-1, 2})
    wrong(options, "read_only", &ps_wrap_options::read_only, read_only, PS_INVALID_ARGUMENT);
  return options;
}

SizedStruct format_options() {
  SizedStruct options = describe<ps_format_options>(
      "ps_format_options", PS_FORMAT_OPTIONS_INIT, "ps_format_options_init", ps_format_options_init,
      {FIELD(ps_format_options, struct_size), FIELD(ps_format_options, edge_items), FIELD(ps_format_options, threshold),
       FIELD(ps_format_options, precision), FIELD(ps_format_options, line_width)});
  for (const int32_t items : {-1, INT32_MIN})
    wrong(options, "edge_items", &ps_format_options::edge_items, items, PS_INVALID_ARGUMENT);
  for (const int64_t threshold : {INT64_C(-1), INT64_MIN})
    wrong(options, "threshold", &ps_format_options::threshold, threshold, PS_INVALID_ARGUMENT);
  for (const int32_t precision : {-1, 18, INT32_MAX})
    wrong(options, "precision", &ps_format_options::precision, precision, PS_INVALID_ARGUMENT);
  for (const int32_t width : {0, -1, INT32_MIN})
    wrong(options, "line_width", &ps_format_options::line_width, width, PS_INVALID_ARGUMENT);
  return options;
}

SizedStruct reduce_options() {
  SizedStruct options = describe<ps_reduce_options>(
      "ps_reduce_options", PS_REDUCE_OPTIONS_INIT, "ps_reduce_options_init", ps_reduce_options_init,
      {FIELD(ps_reduce_options, struct_size), FIELD(ps_reduce_options, keep_axes), FIELD(ps_reduce_options, correction),
       FIELD(ps_reduce_options, dtype), FIELD(ps_reduce_options, reserved)});
  for (const int32_t flag : {-1, 2})
    wrong(options, "keep_axes", &ps_reduce_options::keep_axes, flag, PS_INVALID_ARGUMENT);
  options.wrong_fields.push_back({"correction", "NaN", PS_INVALID_ARGUMENT, "nan", [](void *given) {
                                    static_cast<ps_reduce_options *>(given)->correction =
                                        std::numeric_limits<double>::quiet_NaN();
                                  }});
  for (const int32_t dtype : {-1, 9999}) wrong(options, "dtype", &ps_reduce_options::dtype, dtype, PS_INVALID_ARGUMENT);
  for (const int32_t reserved : {-1, 1})
    wrong(options, "reserved", &ps_reduce_options::reserved, reserved, PS_INVALID_ARGUMENT);
  return options;
}

SizedStruct load_options() {
  SizedStruct options = describe<ps_load_options>(
      "ps_load_options", PS_LOAD_OPTIONS_INIT, "ps_load_options_init", ps_load_options_init,
      {FIELD(ps_load_options, struct_size), FIELD(ps_load_options, device_type), FIELD(ps_load_options, device_id),
       FIELD(ps_load_options, reserved), FIELD(ps_load_options, progress), FIELD(ps_load_options, user)});
  wrong_devices<ps_load_options>(options);
  for (const int32_t reserved : {-1, 1})
    wrong(options, "reserved", &ps_load_options::reserved, reserved, PS_INVALID_ARGUMENT);
  options.free_fields = {{"progress", "optional; in bytes of the file"}, {"user", "handed to progress"}};
  return options;
}

SizedStruct save_options() {
  SizedStruct options =
      describe<ps_save_options>("ps_save_options", PS_SAVE_OPTIONS_INIT, "ps_save_options_init", ps_save_options_init,
                                {FIELD(ps_save_options, struct_size), FIELD(ps_save_options, compression),
                                 FIELD(ps_save_options, progress), FIELD(ps_save_options, user)});
  for (const int32_t compression : {-1, 13, INT32_MAX})
    wrong(options, "compression", &ps_save_options::compression, compression, PS_INVALID_ARGUMENT);
  options.free_fields = {{"progress", "optional; in bytes of the tensors"}, {"user", "handed to progress"}};
  return options;
}

SizedStruct device_info() {
  return filled(describe<ps_device_info>(
      "ps_device_info", PS_DEVICE_INFO_INIT, "ps_device_info_init", ps_device_info_init,
      {FIELD(ps_device_info, struct_size), FIELD(ps_device_info, compute_major), FIELD(ps_device_info, compute_minor),
       FIELD(ps_device_info, reserved), FIELD(ps_device_info, memory_bytes), FIELD(ps_device_info, name)}));
}

// A number that the refusal names as it is printed without needless digits.
void wrong_number(SizedStruct &described, const char *name, double ps_loader_options::*field, double value,
                  const char *digits) {
  described.wrong_fields.push_back({name, digits, PS_OUT_OF_RANGE, digits, [field, value](void *options) {
                                      static_cast<ps_loader_options *>(options)->*field = value;
                                    }});
}

void wrong_loader_counts(SizedStruct &options) {
  const std::pair<const char *, int64_t ps_loader_options::*> counts[] = {
      {"path_queue_capacity", &ps_loader_options::path_queue_capacity},
      {"source_queue_capacity", &ps_loader_options::source_queue_capacity},
      {"chunk_pool_size", &ps_loader_options::chunk_pool_size},
      {"pool_queue_capacity", &ps_loader_options::pool_queue_capacity},
      {"unpacking_queue_capacity", &ps_loader_options::unpacking_queue_capacity},
      {"sampling_queue_capacity", &ps_loader_options::sampling_queue_capacity},
      {"batch_size", &ps_loader_options::batch_size},
      {"batch_queue_capacity", &ps_loader_options::batch_queue_capacity}};
  for (const auto &[name, field] : counts)
    for (const int64_t value : {INT64_C(0), INT64_C(-1), INT64_MIN})
      wrong(options, name, field, value, PS_OUT_OF_RANGE);
  const std::pair<const char *, int64_t ps_loader_options::*> naturals[] = {
      {"epochs", &ps_loader_options::epochs},
      {"position_count", &ps_loader_options::position_count},
      {"reservoir_size", &ps_loader_options::reservoir_size},
      {"bad_limit", &ps_loader_options::bad_limit}};
  for (const auto &[name, field] : naturals) wrong(options, name, field, INT64_C(-1), PS_OUT_OF_RANGE);
  const std::pair<const char *, int32_t ps_loader_options::*> threads[] = {
      {"source_threads", &ps_loader_options::source_threads},
      {"indexing_threads", &ps_loader_options::indexing_threads},
      {"loading_threads", &ps_loader_options::loading_threads},
      {"unpacking_threads", &ps_loader_options::unpacking_threads},
      {"tensor_threads", &ps_loader_options::tensor_threads}};
  for (const auto &[name, field] : threads)
    for (const int32_t value : {0, -1, 1025}) wrong(options, name, field, value, PS_OUT_OF_RANGE);
  const std::pair<const char *, int32_t ps_loader_options::*> flags[] = {
      {"watch", &ps_loader_options::watch},         {"diff_focus", &ps_loader_options::diff_focus},
      {"drop_last", &ps_loader_options::drop_last}, {"skip_bad", &ps_loader_options::skip_bad},
      {"recursive", &ps_loader_options::recursive}, {"save_index", &ps_loader_options::save_index}};
  for (const auto &[name, field] : flags)
    for (const int32_t value : {-1, 2}) wrong(options, name, field, value, PS_INVALID_ARGUMENT);
}

SizedStruct loader_options() {
  SizedStruct options = describe<ps_loader_options>("ps_loader_options", PS_LOADER_OPTIONS_INIT,
                                                    "ps_loader_options_init", ps_loader_options_init,
                                                    {FIELD(ps_loader_options, struct_size),
                                                     FIELD(ps_loader_options, watch),
                                                     FIELD(ps_loader_options, seed),
                                                     FIELD(ps_loader_options, epochs),
                                                     FIELD(ps_loader_options, anchor),
                                                     FIELD(ps_loader_options, path_queue_capacity),
                                                     FIELD(ps_loader_options, source_queue_capacity),
                                                     FIELD(ps_loader_options, chunk_pool_size),
                                                     FIELD(ps_loader_options, pool_queue_capacity),
                                                     FIELD(ps_loader_options, source_threads),
                                                     FIELD(ps_loader_options, indexing_threads),
                                                     FIELD(ps_loader_options, loading_threads),
                                                     FIELD(ps_loader_options, unpacking_threads),
                                                     FIELD(ps_loader_options, hanse_threshold),
                                                     FIELD(ps_loader_options, hanse_gamma),
                                                     FIELD(ps_loader_options, unpacking_queue_capacity),
                                                     FIELD(ps_loader_options, position_rate),
                                                     FIELD(ps_loader_options, position_count),
                                                     FIELD(ps_loader_options, diff_focus),
                                                     FIELD(ps_loader_options, drop_last),
                                                     FIELD(ps_loader_options, diff_focus_min),
                                                     FIELD(ps_loader_options, diff_focus_slope),
                                                     FIELD(ps_loader_options, diff_focus_q_weight),
                                                     FIELD(ps_loader_options, diff_focus_policy_scale),
                                                     FIELD(ps_loader_options, reservoir_size),
                                                     FIELD(ps_loader_options, sampling_queue_capacity),
                                                     FIELD(ps_loader_options, batch_size),
                                                     FIELD(ps_loader_options, batch_queue_capacity),
                                                     FIELD(ps_loader_options, tensor_threads),
                                                     FIELD(ps_loader_options, dtype),
                                                     FIELD(ps_loader_options, overflow),
                                                     FIELD(ps_loader_options, skip_bad),
                                                     FIELD(ps_loader_options, bad_limit),
                                                     FIELD(ps_loader_options, share_begin),
                                                     FIELD(ps_loader_options, share_end),
                                                     FIELD(ps_loader_options, recursive),
                                                     FIELD(ps_loader_options, save_index)});
  wrong_loader_counts(options);
  const std::pair<const char *, double ps_loader_options::*> numbers[] = {
      {"hanse_threshold", &ps_loader_options::hanse_threshold},
      {"hanse_gamma", &ps_loader_options::hanse_gamma},
      {"position_rate", &ps_loader_options::position_rate},
      {"diff_focus_min", &ps_loader_options::diff_focus_min},
      {"diff_focus_slope", &ps_loader_options::diff_focus_slope},
      {"diff_focus_q_weight", &ps_loader_options::diff_focus_q_weight},
      {"diff_focus_policy_scale", &ps_loader_options::diff_focus_policy_scale},
      {"share_begin", &ps_loader_options::share_begin},
      {"share_end", &ps_loader_options::share_end}};
  for (const auto &[name, field] : numbers) {
    wrong_number(options, name, field, -0.5, "-0.5");
    wrong_number(options, name, field, std::numeric_limits<double>::quiet_NaN(), "nan");
  }
  for (const int32_t overflow : {-1, 3, 9999})
    wrong(options, "overflow", &ps_loader_options::overflow, overflow, PS_INVALID_ARGUMENT);
  options.wrong_fields.push_back({"dtype", "PS_INT8", PS_INVALID_ARGUMENT, "int8",
                                  [](void *given) { static_cast<ps_loader_options *>(given)->dtype = PS_INT8; }});
  options.wrong_fields.push_back({"dtype", "9999", PS_INVALID_ARGUMENT, "9999", [](void *given) {
                                    static_cast<ps_loader_options *>(given)->dtype = static_cast<ps_dtype>(9999);
                                  }});
  options.free_fields = {{"seed", "any number; it decides the order"}, {"anchor", "not used; optional"}};
  return options;
}

SizedStruct batch_info() {
  return filled(
      describe<ps_batch_info>("ps_batch_info", PS_BATCH_INFO_INIT, "ps_batch_info_init", ps_batch_info_init,
                              {FIELD(ps_batch_info, struct_size), FIELD(ps_batch_info, tensor_count),
                               FIELD(ps_batch_info, epoch), FIELD(ps_batch_info, index), FIELD(ps_batch_info, size),
                               FIELD(ps_batch_info, last_of_epoch), FIELD(ps_batch_info, end_of_data)}));
}

// What a text of parameters that is wrong is refused with.
void wrong_parameters(SizedStruct &described, const char *text, ps_status status, const char *message_part) {
  described.wrong_fields.push_back({"parameters", text, status, message_part, [text](void *options) {
                                      static_cast<ps_worlds_options *>(options)->parameters = text;
                                    }});
}

void wrong_enums_of_worlds(SizedStruct &options) {
  for (const int32_t value : {-1, 9999}) {
    wrong(options, "autoreset", &ps_worlds_options::autoreset, value, PS_INVALID_ARGUMENT);
    wrong(options, "actions", &ps_worlds_options::actions, value, PS_INVALID_ARGUMENT);
    wrong(options, "precision", &ps_worlds_options::precision, value, PS_INVALID_ARGUMENT);
    wrong(options, "random", &ps_worlds_options::random, value, PS_INVALID_ARGUMENT);
    wrong(options, "kernel", &ps_worlds_options::kernel, value, PS_INVALID_ARGUMENT);
  }
  wrong(options, "autoreset", &ps_worlds_options::autoreset, PS_AUTORESET_DISABLED + 1, PS_INVALID_ARGUMENT);
  wrong(options, "actions", &ps_worlds_options::actions, PS_ACTIONS_GAME + 1, PS_INVALID_ARGUMENT);
  wrong(options, "precision", &ps_worlds_options::precision, PS_PRECISION_F64 + 1, PS_INVALID_ARGUMENT);
  wrong(options, "random", &ps_worlds_options::random, PS_RANDOM_GYMNASIUM + 1, PS_INVALID_ARGUMENT);
  wrong(options, "kernel", &ps_worlds_options::kernel, PS_KERNEL_64_BYTES + 1, PS_INVALID_ARGUMENT);
}

SizedStruct worlds_options() {
  SizedStruct options = describe<ps_worlds_options>(
      "ps_worlds_options", PS_WORLDS_OPTIONS_INIT, "ps_worlds_options_init", ps_worlds_options_init,
      {FIELD(ps_worlds_options, struct_size), FIELD(ps_worlds_options, autoreset), FIELD(ps_worlds_options, num_worlds),
       FIELD(ps_worlds_options, seed), FIELD(ps_worlds_options, seeds), FIELD(ps_worlds_options, parameters),
       FIELD(ps_worlds_options, episode_length), FIELD(ps_worlds_options, device_type),
       FIELD(ps_worlds_options, device_id), FIELD(ps_worlds_options, threads), FIELD(ps_worlds_options, buffers),
       FIELD(ps_worlds_options, actions), FIELD(ps_worlds_options, precision), FIELD(ps_worlds_options, random),
       FIELD(ps_worlds_options, kernel), FIELD(ps_worlds_options, level), FIELD(ps_worlds_options, level_files),
       FIELD(ps_worlds_options, level_file_count)});
  wrong_enums_of_worlds(options);
  wrong_devices<ps_worlds_options>(options);
  for (const int64_t num_worlds : {INT64_C(0), INT64_C(-1), INT64_C(2147483649), INT64_MIN, INT64_MAX})
    wrong(options, "num_worlds", &ps_worlds_options::num_worlds, num_worlds, PS_OUT_OF_RANGE);
  for (const int64_t length : {INT64_C(-1), INT64_C(2147483648), INT64_MIN, INT64_MAX})
    wrong(options, "episode_length", &ps_worlds_options::episode_length, length, PS_OUT_OF_RANGE);
  for (const int32_t threads : {-1, 1025, INT32_MAX})
    wrong(options, "threads", &ps_worlds_options::threads, threads, PS_OUT_OF_RANGE);
  for (const int32_t buffers : {-1, 0, 3})
    wrong(options, "buffers", &ps_worlds_options::buffers, buffers, PS_OUT_OF_RANGE);
  for (const char *text : {"reset_low", "=1", "reset_low=", "reset_low=1x", "reset_low=1,,reset_high=2", "reset_low=1,",
                           ",", " reset_low=1 ", "reset_low=0x1p3"})
    wrong_parameters(options, text, PS_INVALID_ARGUMENT, "name=number");
  wrong_parameters(options, "gravity=1", PS_NOT_FOUND, "reset_low");
  for (const char *text : {"reset_low=1e7", "reset_low=-inf", "reset_low=nan"})
    wrong_parameters(options, text, PS_OUT_OF_RANGE, "reset_low");
  options.wrong_fields.push_back({"level", "for a game without levels", PS_INVALID_ARGUMENT, "GridWorld",
                                  [](void *given) { static_cast<ps_worlds_options *>(given)->level = "@G"; }});
  for (const int64_t count : {INT64_C(-1), INT64_C(65537), INT64_MIN, INT64_MAX})
    wrong(options, "level_file_count", &ps_worlds_options::level_file_count, count, PS_OUT_OF_RANGE);
  options.wrong_fields.push_back({"level_file_count", "1 without level_files", PS_INVALID_ARGUMENT, "level_files",
                                  [](void *given) { static_cast<ps_worlds_options *>(given)->level_file_count = 1; }});
  options.free_fields = {{"seed", "modulo 2^64"},
                         {"seeds", "optional; num_worlds of them, read during the call"},
                         {"level_files", "optional; paths of files that have more of them, read during the call"}};
  return options;
}

SizedStruct replay_page_options() {
  SizedStruct options = describe<ps_replay_page_options>(
      "ps_replay_page_options", PS_REPLAY_PAGE_OPTIONS_INIT, "ps_replay_page_options_init", ps_replay_page_options_init,
      {FIELD(ps_replay_page_options, struct_size), FIELD(ps_replay_page_options, worlds),
       FIELD(ps_replay_page_options, world_count), FIELD(ps_replay_page_options, first_step),
       FIELD(ps_replay_page_options, step_count)});
  for (const int64_t count : {INT64_C(-1), INT64_C(65), INT64_MIN, INT64_MAX})
    wrong(options, "world_count", &ps_replay_page_options::world_count, count, PS_OUT_OF_RANGE);
  for (const int64_t step : {INT64_C(-1), INT64_C(2), INT64_MIN, INT64_MAX})
    wrong(options, "first_step", &ps_replay_page_options::first_step, step, PS_OUT_OF_RANGE);
  for (const int64_t count : {INT64_C(0), INT64_C(-1), INT64_C(100001), INT64_MIN, INT64_MAX})
    wrong(options, "step_count", &ps_replay_page_options::step_count, count, PS_OUT_OF_RANGE);
  options.free_fields = {{"worlds", "optional; world_count of them, each once, read during the call"}};
  return options;
}

SizedStruct replay_options() {
  SizedStruct options = describe<ps_replay_options>(
      "ps_replay_options", PS_REPLAY_OPTIONS_INIT, "ps_replay_options_init", ps_replay_options_init,
      {FIELD(ps_replay_options, struct_size), FIELD(ps_replay_options, threads), FIELD(ps_replay_options, buffers),
       FIELD(ps_replay_options, kernel), FIELD(ps_replay_options, progress), FIELD(ps_replay_options, user)});
  for (const int32_t threads : {-1, 1025, INT32_MAX})
    wrong(options, "threads", &ps_replay_options::threads, threads, PS_OUT_OF_RANGE);
  for (const int32_t buffers : {-1, 0, 3})
    wrong(options, "buffers", &ps_replay_options::buffers, buffers, PS_OUT_OF_RANGE);
  for (const int32_t kernel : {-1, PS_KERNEL_64_BYTES + 1})
    wrong(options, "kernel", &ps_replay_options::kernel, kernel, PS_INVALID_ARGUMENT);
  options.free_fields = {{"progress", "optional; in bytes of the file"}, {"user", "handed to progress"}};
  return options;
}

SizedStruct replay_report() {
  return filled(describe<ps_replay_report>(
      "ps_replay_report", PS_REPLAY_REPORT_INIT, "ps_replay_report_init", ps_replay_report_init,
      {FIELD(ps_replay_report, struct_size), FIELD(ps_replay_report, is_same), FIELD(ps_replay_report, is_complete),
       FIELD(ps_replay_report, follows_libm), FIELD(ps_replay_report, num_worlds), FIELD(ps_replay_report, steps),
       FIELD(ps_replay_report, differing_step), FIELD(ps_replay_report, differing_world),
       FIELD(ps_replay_report, differing_world_count), FIELD(ps_replay_report, differing_field),
       FIELD(ps_replay_report, game)}));
}

SizedStruct kpu_memory_timing() {
  return filled(describe<ps_kpu_memory_timing>(
      "ps_kpu_memory_timing", PS_KPU_MEMORY_TIMING_INIT, "ps_kpu_memory_timing_init", ps_kpu_memory_timing_init,
      {FIELD(ps_kpu_memory_timing, struct_size), FIELD(ps_kpu_memory_timing, reserved),
       FIELD(ps_kpu_memory_timing, closed_nanoseconds), FIELD(ps_kpu_memory_timing, hit_nanoseconds),
       FIELD(ps_kpu_memory_timing, conflict_nanoseconds), FIELD(ps_kpu_memory_timing, streaming_bandwidth),
       FIELD(ps_kpu_memory_timing, random_bandwidth), FIELD(ps_kpu_memory_timing, peak_bandwidth)}));
}

SizedStruct kpu_layer() {
  return filled(describe<ps_kpu_layer>(
      "ps_kpu_layer", PS_KPU_LAYER_INIT, "ps_kpu_layer_init", ps_kpu_layer_init,
      {FIELD(ps_kpu_layer, struct_size), FIELD(ps_kpu_layer, reserved), FIELD(ps_kpu_layer, height),
       FIELD(ps_kpu_layer, width), FIELD(ps_kpu_layer, filter_height), FIELD(ps_kpu_layer, filter_width),
       FIELD(ps_kpu_layer, channels), FIELD(ps_kpu_layer, filters), FIELD(ps_kpu_layer, stride),
       FIELD(ps_kpu_layer, groups)}));
}

SizedStruct kpu_counters() {
  return filled(describe<ps_kpu_counters>("ps_kpu_counters", PS_KPU_COUNTERS_INIT, "ps_kpu_counters_init",
                                          ps_kpu_counters_init,
                                          {FIELD(ps_kpu_counters, struct_size),
                                           FIELD(ps_kpu_counters, reserved),
                                           FIELD(ps_kpu_counters, cycles),
                                           FIELD(ps_kpu_counters, compute_cycles),
                                           FIELD(ps_kpu_counters, stall_cycles),
                                           FIELD(ps_kpu_counters, bank_conflict_cycles),
                                           FIELD(ps_kpu_counters, vector_cycles),
                                           FIELD(ps_kpu_counters, macs),
                                           FIELD(ps_kpu_counters, folds),
                                           FIELD(ps_kpu_counters, least_cycles),
                                           FIELD(ps_kpu_counters, most_cycles),
                                           FIELD(ps_kpu_counters, dram_read_input),
                                           FIELD(ps_kpu_counters, dram_read_weight),
                                           FIELD(ps_kpu_counters, dram_read_partial),
                                           FIELD(ps_kpu_counters, dram_written_output),
                                           FIELD(ps_kpu_counters, dram_written_partial),
                                           FIELD(ps_kpu_counters, scratchpad_written_input),
                                           FIELD(ps_kpu_counters, scratchpad_written_weight),
                                           FIELD(ps_kpu_counters, scratchpad_read_input),
                                           FIELD(ps_kpu_counters, scratchpad_read_weight),
                                           FIELD(ps_kpu_counters, array_read_input),
                                           FIELD(ps_kpu_counters, array_read_weight),
                                           FIELD(ps_kpu_counters, array_written_output),
                                           FIELD(ps_kpu_counters, accumulator_written),
                                           FIELD(ps_kpu_counters, accumulator_read),
                                           FIELD(ps_kpu_counters, vector_operations),
                                           FIELD(ps_kpu_counters, transfers),
                                           FIELD(ps_kpu_counters, critical_transfers),
                                           FIELD(ps_kpu_counters, transfer_cycles),
                                           FIELD(ps_kpu_counters, worst_latency),
                                           FIELD(ps_kpu_counters, dram_hits),
                                           FIELD(ps_kpu_counters, dram_closed),
                                           FIELD(ps_kpu_counters, dram_conflicts),
                                           FIELD(ps_kpu_counters, dram_refreshes),
                                           FIELD(ps_kpu_counters, energy_mac),
                                           FIELD(ps_kpu_counters, energy_accumulator),
                                           FIELD(ps_kpu_counters, energy_scratchpad),
                                           FIELD(ps_kpu_counters, energy_dram),
                                           FIELD(ps_kpu_counters, energy_vector)}));
}

SizedStruct kpu_conv_options() {
  SizedStruct options = describe<ps_kpu_conv_options>(
      "ps_kpu_conv_options", PS_KPU_CONV_OPTIONS_INIT, "ps_kpu_conv_options_init", ps_kpu_conv_options_init,
      {FIELD(ps_kpu_conv_options, struct_size), FIELD(ps_kpu_conv_options, reserved),
       FIELD(ps_kpu_conv_options, stride), FIELD(ps_kpu_conv_options, padding), FIELD(ps_kpu_conv_options, groups)});
  wrong(options, "reserved", &ps_kpu_conv_options::reserved, 1, PS_INVALID_ARGUMENT);
  for (const int64_t stride : {INT64_C(0), INT64_C(-1), INT64_MIN, INT64_MAX})
    wrong(options, "stride", &ps_kpu_conv_options::stride, stride, PS_INVALID_ARGUMENT);
  for (const int64_t padding : {INT64_C(-1), INT64_MIN, INT64_MAX})
    wrong(options, "padding", &ps_kpu_conv_options::padding, padding, PS_INVALID_ARGUMENT);
  for (const int64_t groups : {INT64_C(0), INT64_C(-1), INT64_C(3), INT64_MIN, INT64_MAX})
    wrong(options, "groups", &ps_kpu_conv_options::groups, groups, PS_INVALID_ARGUMENT);
  return options;
}

void wrong_sample_loader_numbers(SizedStruct &options) {
  using Options = ps_sample_loader_options;
  const std::pair<const char *, int32_t Options::*> flags[] = {{"recursive", &Options::recursive},
                                                               {"save_index", &Options::save_index},
                                                               {"drop_last", &Options::drop_last},
                                                               {"decode", &Options::decode},
                                                               {"apply_orientation", &Options::apply_orientation},
                                                               {"scaled_decode", &Options::scaled_decode},
                                                               {"skip_bad", &Options::skip_bad},
                                                               {"persistent_workers", &Options::persistent_workers},
                                                               {"auto_tune", &Options::auto_tune}};
  for (const auto &[name, field] : flags)
    for (const int32_t value : {-1, 2}) wrong(options, name, field, value, PS_INVALID_ARGUMENT);
  const std::pair<const char *, int32_t Options::*> from_one[] = {{"max_inflight_parts", &Options::max_inflight_parts},
                                                                  {"world_size", &Options::world_size},
                                                                  {"worker_count", &Options::worker_count},
                                                                  {"shard_world_size", &Options::shard_world_size},
                                                                  {"prefetch", &Options::prefetch}};
  for (const auto &[name, field] : from_one)
    for (const int32_t value : {0, -1, INT32_MIN}) wrong(options, name, field, value, PS_OUT_OF_RANGE);
  const std::pair<const char *, int32_t Options::*> ranks[] = {
      {"rank", &Options::rank}, {"worker_id", &Options::worker_id}, {"shard_rank", &Options::shard_rank}};
  for (const auto &[name, field] : ranks)
    for (const int32_t value : {-1, 1}) wrong(options, name, field, value, PS_OUT_OF_RANGE);
  for (const int32_t workers : {-1, 1025})
    wrong(options, "num_workers", &Options::num_workers, workers, PS_OUT_OF_RANGE);
  for (const int32_t size : {-1, 65537})
    wrong(options, "collate_buffer_size", &Options::collate_buffer_size, size, PS_OUT_OF_RANGE);
  for (const uint64_t size : {UINT64_C(0), UINT64_C(4095)})
    wrong(options, "part_size", &Options::part_size, size, PS_OUT_OF_RANGE);
  const std::pair<const char *, int64_t Options::*> naturals[] = {{"num_samples", &Options::num_samples},
                                                                  {"batch_size", &Options::batch_size},
                                                                  {"epochs", &Options::epochs},
                                                                  {"bad_limit", &Options::bad_limit},
                                                                  {"timeout_ms", &Options::timeout_ms}};
  for (const auto &[name, field] : naturals)
    for (const int64_t value : {INT64_C(-1), INT64_MIN}) wrong(options, name, field, value, PS_OUT_OF_RANGE);
  wrong(options, "batch_size", &Options::batch_size, 0, PS_OUT_OF_RANGE);
  wrong(options, "field_count", &Options::field_count, -1, PS_INVALID_ARGUMENT);
  wrong(options, "weight_count", &Options::weight_count, -1, PS_INVALID_ARGUMENT);
}

// An enum's field, which takes 0 to largest.
template <typename Enum>
void wrong_enum(SizedStruct &options, const char *name, Enum ps_sample_loader_options::*field, Enum largest) {
  for (const int32_t value : {-1, static_cast<int32_t>(largest) + 1}) {
    const std::string digits = std::to_string(value);
    options.wrong_fields.push_back({name, digits, PS_INVALID_ARGUMENT, digits, [field, value](void *given) {
                                      std::memcpy(&(static_cast<ps_sample_loader_options *>(given)->*field), &value,
                                                  sizeof(value));
                                    }});
  }
}

SizedStruct sample_loader_options() {
  using Options = ps_sample_loader_options;
  SizedStruct options = describe<Options>("ps_sample_loader_options", PS_SAMPLE_LOADER_OPTIONS_INIT,
                                          "ps_sample_loader_options_init", ps_sample_loader_options_init,
                                          {FIELD(ps_sample_loader_options, struct_size),
                                           FIELD(ps_sample_loader_options, format),
                                           FIELD(ps_sample_loader_options, fields),
                                           FIELD(ps_sample_loader_options, field_count),
                                           FIELD(ps_sample_loader_options, recursive),
                                           FIELD(ps_sample_loader_options, save_index),
                                           FIELD(ps_sample_loader_options, reader_mode),
                                           FIELD(ps_sample_loader_options, part_size),
                                           FIELD(ps_sample_loader_options, max_inflight_parts),
                                           FIELD(ps_sample_loader_options, page_cache),
                                           FIELD(ps_sample_loader_options, sampler),
                                           FIELD(ps_sample_loader_options, drop_last),
                                           FIELD(ps_sample_loader_options, seed),
                                           FIELD(ps_sample_loader_options, generator_seed),
                                           FIELD(ps_sample_loader_options, num_samples),
                                           FIELD(ps_sample_loader_options, weights),
                                           FIELD(ps_sample_loader_options, weight_count),
                                           FIELD(ps_sample_loader_options, rank),
                                           FIELD(ps_sample_loader_options, world_size),
                                           FIELD(ps_sample_loader_options, worker_id),
                                           FIELD(ps_sample_loader_options, worker_count),
                                           FIELD(ps_sample_loader_options, shard_rank),
                                           FIELD(ps_sample_loader_options, shard_world_size),
                                           FIELD(ps_sample_loader_options, batch_size),
                                           FIELD(ps_sample_loader_options, epochs),
                                           FIELD(ps_sample_loader_options, bad_limit),
                                           FIELD(ps_sample_loader_options, transforms),
                                           FIELD(ps_sample_loader_options, colour),
                                           FIELD(ps_sample_loader_options, decode),
                                           FIELD(ps_sample_loader_options, apply_orientation),
                                           FIELD(ps_sample_loader_options, scaled_decode),
                                           FIELD(ps_sample_loader_options, memory_format),
                                           FIELD(ps_sample_loader_options, skip_bad),
                                           FIELD(ps_sample_loader_options, num_workers),
                                           FIELD(ps_sample_loader_options, prefetch),
                                           FIELD(ps_sample_loader_options, collate_buffer_size),
                                           FIELD(ps_sample_loader_options, persistent_workers),
                                           FIELD(ps_sample_loader_options, loading_mode),
                                           FIELD(ps_sample_loader_options, auto_tune),
                                           FIELD(ps_sample_loader_options, memory_limit),
                                           FIELD(ps_sample_loader_options, timeout_ms),
                                           FIELD(ps_sample_loader_options, pin_memory),
                                           FIELD(ps_sample_loader_options, non_blocking),
                                           FIELD(ps_sample_loader_options, device_type),
                                           FIELD(ps_sample_loader_options, device_id),
                                           FIELD(ps_sample_loader_options, progress),
                                           FIELD(ps_sample_loader_options, user)});
  wrong_sample_loader_numbers(options);
  wrong_enum(options, "format", &Options::format, PS_SAMPLES_FILES);
  wrong_enum(options, "reader_mode", &Options::reader_mode, PS_READER_RANGE);
  wrong_enum(options, "page_cache", &Options::page_cache, PS_PAGE_CACHE_DIRECT);
  wrong_enum(options, "sampler", &Options::sampler, PS_SAMPLER_WEIGHTED_ONCE);
  wrong_enum(options, "colour", &Options::colour, PS_IMAGE_STORED);
  wrong_enum(options, "memory_format", &Options::memory_format, PS_MEMORY_FORMAT_CHANNELS_LAST);
  wrong_enum(options, "loading_mode", &Options::loading_mode, PS_LOADING_ASYNC_POOL);
  wrong_enum(options, "pin_memory", &Options::pin_memory, PS_CHOICE_AUTO);
  wrong_enum(options, "non_blocking", &Options::non_blocking, PS_CHOICE_AUTO);
  wrong_devices<Options>(options);
  for (const auto &[name, field] :
       {std::pair("pin_memory", &Options::pin_memory), std::pair("non_blocking", &Options::non_blocking)})
    options.wrong_fields.push_back({name, "on without CUDA", PS_UNAVAILABLE, name, [field = field](void *given) {
                                      static_cast<Options *>(given)->*field = PS_CHOICE_ON;
                                    }});
  options.wrong_fields.push_back({"weight_count", "1 without weights", PS_INVALID_ARGUMENT, "weights",
                                  [](void *given) { static_cast<Options *>(given)->weight_count = 1; }});
  options.wrong_fields.push_back({"field_count", "1 without fields", PS_INVALID_ARGUMENT, "fields",
                                  [](void *given) { static_cast<Options *>(given)->field_count = 1; }});
  options.free_fields = {{"fields", "optional when field_count is 0"},
                         {"seed", "of the order; any number"},
                         {"generator_seed", "of random transforms; any number"},
                         {"weights", "optional when weight_count is 0"},
                         {"transforms", "optional: levels stay as they are"},
                         {"memory_limit", "bytes of batches ahead, one batch at least"},
                         {"progress", "optional; counts the shards that are indexed"},
                         {"user", "handed to progress"}};
  return options;
}

SizedStruct sample_batch_info() {
  return filled(describe<ps_sample_batch_info>(
      "ps_sample_batch_info", PS_SAMPLE_BATCH_INFO_INIT, "ps_sample_batch_info_init", ps_sample_batch_info_init,
      {FIELD(ps_sample_batch_info, struct_size), FIELD(ps_sample_batch_info, field_count),
       FIELD(ps_sample_batch_info, epoch), FIELD(ps_sample_batch_info, index), FIELD(ps_sample_batch_info, size),
       FIELD(ps_sample_batch_info, bad), FIELD(ps_sample_batch_info, last_of_epoch),
       FIELD(ps_sample_batch_info, end_of_data)}));
}

SizedStruct image_info() {
  SizedStruct info = describe<ps_image_info>(
      "ps_image_info", PS_IMAGE_INFO_INIT, "ps_image_info_init", ps_image_info_init,
      {FIELD(ps_image_info, struct_size), FIELD(ps_image_info, format), FIELD(ps_image_info, width),
       FIELD(ps_image_info, height), FIELD(ps_image_info, channels), FIELD(ps_image_info, bits),
       FIELD(ps_image_info, orientation), FIELD(ps_image_info, reserved)});
  for (const Field &field : info.fields)
    if (field.name != "struct_size") info.free_fields.push_back({field.name, "fills no more than that"});
  return info;
}

SizedStruct image_decode_options() {
  SizedStruct options = describe<ps_image_decode_options>(
      "ps_image_decode_options", PS_IMAGE_DECODE_OPTIONS_INIT, "ps_image_decode_options_init",
      ps_image_decode_options_init,
      {FIELD(ps_image_decode_options, struct_size), FIELD(ps_image_decode_options, colour),
       FIELD(ps_image_decode_options, apply_orientation), FIELD(ps_image_decode_options, shrink),
       FIELD(ps_image_decode_options, largest_pixels)});
  for (const int32_t colour : {-1, 3, 9999})
    wrong(options, "colour", &ps_image_decode_options::colour, colour, PS_INVALID_ARGUMENT);
  for (const int32_t flag : {-1, 2})
    wrong(options, "apply_orientation", &ps_image_decode_options::apply_orientation, flag, PS_INVALID_ARGUMENT);
  for (const int32_t shrink : {0, -1, 3, 16})
    wrong(options, "shrink", &ps_image_decode_options::shrink, shrink, PS_INVALID_ARGUMENT);
  for (const int64_t pixels : {INT64_C(0), INT64_C(-1), INT64_MAX})
    wrong(options, "largest_pixels", &ps_image_decode_options::largest_pixels, pixels, PS_INVALID_ARGUMENT);
  return options;
}

SizedStruct image_apply_options() {
  SizedStruct options = describe<ps_image_apply_options>(
      "ps_image_apply_options", PS_IMAGE_APPLY_OPTIONS_INIT, "ps_image_apply_options_init", ps_image_apply_options_init,
      {FIELD(ps_image_apply_options, struct_size), FIELD(ps_image_apply_options, layout),
       FIELD(ps_image_apply_options, seed), FIELD(ps_image_apply_options, epoch), FIELD(ps_image_apply_options, sample),
       FIELD(ps_image_apply_options, scaled_decode), FIELD(ps_image_apply_options, reserved)});
  for (const int32_t layout : {-1, 2, 9999})
    wrong(options, "layout", &ps_image_apply_options::layout, layout, PS_INVALID_ARGUMENT);
  for (const int32_t flag : {-1, 2})
    wrong(options, "scaled_decode", &ps_image_apply_options::scaled_decode, flag, PS_INVALID_ARGUMENT);
  wrong(options, "reserved", &ps_image_apply_options::reserved, 1, PS_INVALID_ARGUMENT);
  for (const char *field : {"seed", "epoch", "sample"})
    options.free_fields.push_back({field, "what is random is a function of these three"});
  return options;
}

// A field that the step of a kind reads, and its value there.
template <typename Set>
void wrong_step(SizedStruct &step, const char *field, ps_image_step_kind kind, const char *value, Set set) {
  step.wrong_fields.push_back({field, value, PS_INVALID_ARGUMENT, value, [kind, set](void *bytes) {
                                 auto *given = static_cast<ps_image_step *>(bytes);
                                 given->kind = kind;
                                 set(*given);
                               }});
}

void wrong_fields_of_steps(SizedStruct &step) {
  wrong_step(step, "padding", PS_IMAGE_PAD, "-7", [](ps_image_step &given) { given.padding[3] = -7; });
  wrong_step(step, "dtype", PS_IMAGE_TO_DTYPE, "int8", [](ps_image_step &given) { given.dtype = PS_INT8; });
  wrong_step(step, "dtype", PS_IMAGE_TO_DTYPE, "unknown",
             [](ps_image_step &given) { given.dtype = static_cast<ps_dtype>(9999); });
  wrong_step(step, "channels", PS_IMAGE_NORMALIZE, "5", [](ps_image_step &given) { given.channels = 5; });
  wrong_step(step, "probability", PS_IMAGE_VERTICAL_FLIP, "1.5", [](ps_image_step &given) { given.probability = 1.5; });
  wrong_step(step, "probability", PS_IMAGE_HORIZONTAL_FLIP, "nan",
             [](ps_image_step &given) { given.probability = std::numeric_limits<double>::quiet_NaN(); });
  const auto crop = PS_IMAGE_RANDOM_RESIZED_CROP;
  wrong_step(step, "scale_lowest", crop, "-0.5", [](ps_image_step &given) { given.scale_lowest = -0.5; });
  wrong_step(step, "scale_highest", crop, "1.5", [](ps_image_step &given) { given.scale_highest = 1.5; });
  wrong_step(step, "ratio_lowest", crop, "2.5", [](ps_image_step &given) { given.ratio_lowest = 2.5; });
  wrong_step(step, "ratio_highest", crop, "0.5", [](ps_image_step &given) { given.ratio_highest = 0.5; });
  wrong_step(step, "mean", PS_IMAGE_NORMALIZE, "nan",
             [](ps_image_step &given) { given.mean[0] = std::numeric_limits<double>::quiet_NaN(); });
  wrong_step(step, "standard_deviation", PS_IMAGE_NORMALIZE, "0",
             [](ps_image_step &given) { given.standard_deviation[0] = 0; });
}

SizedStruct image_step() {
  SizedStruct step = describe<ps_image_step>(
      "ps_image_step", PS_IMAGE_STEP_INIT, "ps_image_step_init", ps_image_step_init,
      {FIELD(ps_image_step, struct_size), FIELD(ps_image_step, kind), FIELD(ps_image_step, height),
       FIELD(ps_image_step, width), FIELD(ps_image_step, filter), FIELD(ps_image_step, antialias),
       FIELD(ps_image_step, padding), FIELD(ps_image_step, fill), FIELD(ps_image_step, dtype),
       FIELD(ps_image_step, scale_levels), FIELD(ps_image_step, channels), FIELD(ps_image_step, probability),
       FIELD(ps_image_step, scale_lowest), FIELD(ps_image_step, scale_highest), FIELD(ps_image_step, ratio_lowest),
       FIELD(ps_image_step, ratio_highest), FIELD(ps_image_step, mean), FIELD(ps_image_step, standard_deviation)});
  for (const int32_t kind : {-1, 0, 11, 9999}) wrong(step, "kind", &ps_image_step::kind, kind, PS_INVALID_ARGUMENT);
  for (const int32_t side : {-1, 65536, INT32_MIN}) {
    wrong(step, "height", &ps_image_step::height, side, PS_INVALID_ARGUMENT);
    wrong(step, "width", &ps_image_step::width, side, PS_INVALID_ARGUMENT);
  }
  for (const int32_t filter : {-1, 3}) wrong(step, "filter", &ps_image_step::filter, filter, PS_INVALID_ARGUMENT);
  for (const int32_t flag : {-1, 2}) {
    wrong(step, "antialias", &ps_image_step::antialias, flag, PS_INVALID_ARGUMENT);
    wrong(step, "scale_levels", &ps_image_step::scale_levels, flag, PS_INVALID_ARGUMENT);
  }
  wrong_fields_of_steps(step);
  step.free_fields = {{"fill", "the level of each channel in what is padded"}};
  return step;
}

SizedStruct batch_options() {
  SizedStruct options = describe<ps_batch_options>(
      "ps_batch_options", PS_BATCH_OPTIONS_INIT, "ps_batch_options_init", ps_batch_options_init,
      {FIELD(ps_batch_options, struct_size), FIELD(ps_batch_options, reserved), FIELD(ps_batch_options, rows),
       FIELD(ps_batch_options, weights)});
  wrong(options, "reserved", &ps_batch_options::reserved, 1, PS_INVALID_ARGUMENT);
  options.free_fields = {{"rows", "optional: all are"}, {"weights", "multiplied by its own; optional"}};
  return options;
}

SizedStruct batch_result() {
  return filled(describe<ps_batch_result>(
      "ps_batch_result", PS_BATCH_RESULT_INIT, "ps_batch_result_init", ps_batch_result_init,
      {FIELD(ps_batch_result, struct_size), FIELD(ps_batch_result, stopped), FIELD(ps_batch_result, samples),
       FIELD(ps_batch_result, loss), FIELD(ps_batch_result, mean_loss), FIELD(ps_batch_result, learning_rate)}));
}

SizedStruct fit_options() {
  SizedStruct options = describe<ps_fit_options>(
      "ps_fit_options", PS_FIT_OPTIONS_INIT, "ps_fit_options_init", ps_fit_options_init,
      {FIELD(ps_fit_options, struct_size), FIELD(ps_fit_options, shuffle), FIELD(ps_fit_options, epochs),
       FIELD(ps_fit_options, batch_size), FIELD(ps_fit_options, weights), FIELD(ps_fit_options, validation_x),
       FIELD(ps_fit_options, validation_y), FIELD(ps_fit_options, on_epoch), FIELD(ps_fit_options, user)});
  for (const int32_t shuffle : {-1, 2})
    wrong(options, "shuffle", &ps_fit_options::shuffle, shuffle, PS_INVALID_ARGUMENT);
  wrong(options, "epochs", &ps_fit_options::epochs, INT64_C(-1), PS_OUT_OF_RANGE);
  for (const int64_t size : {INT64_C(0), INT64_C(-1)})
    wrong(options, "batch_size", &ps_fit_options::batch_size, size, PS_OUT_OF_RANGE);
  options.free_fields = {{"weights", "of the samples; optional"},
                         {"validation_x", "optional, both or none"},
                         {"validation_y", "optional, both or none"},
                         {"on_epoch", "Called behind each epoch"},
                         {"user", "handed to on_epoch"}};
  return options;
}

SizedStruct custom_layer_options() {
  SizedStruct options = describe<ps_custom_layer_options>(
      "ps_custom_layer_options", PS_CUSTOM_LAYER_OPTIONS_INIT, "ps_custom_layer_options_init",
      ps_custom_layer_options_init,
      {FIELD(ps_custom_layer_options, struct_size), FIELD(ps_custom_layer_options, parameter_count),
       FIELD(ps_custom_layer_options, parameter_names), FIELD(ps_custom_layer_options, parameters),
       FIELD(ps_custom_layer_options, layer_names), FIELD(ps_custom_layer_options, layers),
       FIELD(ps_custom_layer_options, layer_count), FIELD(ps_custom_layer_options, reserved),
       FIELD(ps_custom_layer_options, output_shape)});
  for (const int32_t count : {-1, INT32_MIN}) {
    wrong(options, "parameter_count", &ps_custom_layer_options::parameter_count, count, PS_INVALID_ARGUMENT);
    wrong(options, "layer_count", &ps_custom_layer_options::layer_count, count, PS_INVALID_ARGUMENT);
  }
  options.wrong_fields.push_back(
      {"parameter_count", "1 without names", PS_INVALID_ARGUMENT, "parameter_names is NULL", [](void *given) {
         static_cast<ps_custom_layer_options *>(given)->parameter_count = 1;
         static_cast<ps_custom_layer_options *>(given)->parameter_names = NULL;
       }});
  options.wrong_fields.push_back(
      {"layer_count", "1 without names", PS_INVALID_ARGUMENT, "layer_names is NULL", [](void *given) {
         static_cast<ps_custom_layer_options *>(given)->layer_count = 1;
         static_cast<ps_custom_layer_options *>(given)->layer_names = NULL;
       }});
  wrong(options, "reserved", &ps_custom_layer_options::reserved, 1, PS_INVALID_ARGUMENT);
  options.free_fields = {{"parameter_names", "optional when there are none"},
                         {"parameters", "those that require gradients are trained"},
                         {"layer_names", "optional when there are none"},
                         {"layers", "layers inside, of the same dtype"},
                         {"output_shape", "optional: NULL is the input's shape"}};
  return options;
}

}  // namespace

std::vector<uint32_t> SizedStruct::sizes_at_a_field_end() const {
  std::vector<uint32_t> sizes;
  for (const Field &field : fields) sizes.push_back(static_cast<uint32_t>(field.end()));
  return sizes;
}

std::vector<uint32_t> SizedStruct::sizes_inside_a_field() const {
  const std::vector<uint32_t> ends = sizes_at_a_field_end();
  std::vector<uint32_t> sizes;
  for (uint32_t candidate = 0; candidate < size; ++candidate)
    if (std::find(ends.begin(), ends.end(), candidate) == ends.end()) sizes.push_back(candidate);
  return sizes;
}

std::vector<std::byte> SizedStruct::with_size(uint32_t struct_size) const {
  std::vector<std::byte> bytes = by_macro;
  bytes.resize(struct_size);
  write_struct_size(bytes.data(), struct_size);
  return bytes;
}

const std::vector<SizedStruct> &sized_structs() {
  static const std::vector<SizedStruct> structs = {memory_usage(),          tensor_options(),    wrap_options(),
                                                   format_options(),        load_options(),      save_options(),
                                                   device_info(),           loader_options(),    batch_info(),
                                                   worlds_options(),        replay_options(),    replay_report(),
                                                   replay_page_options(),   kpu_memory_timing(), kpu_layer(),
                                                   kpu_counters(),          kpu_conv_options(),  reduce_options(),
                                                   sample_loader_options(), sample_batch_info(), image_info(),
                                                   image_decode_options(),  image_step(),        image_apply_options(),
                                                   batch_options(),         batch_result(),      fit_options(),
                                                   custom_layer_options()};
  return structs;
}

const SizedStruct *find_sized_struct(const std::string &name) {
  const auto &structs = sized_structs();
  const auto found = std::find_if(structs.begin(), structs.end(), [&](const SizedStruct &s) { return s.name == name; });
  return found == structs.end() ? nullptr : &*found;
}

void write_struct_size(void *options, uint32_t struct_size) { std::memcpy(options, &struct_size, sizeof(struct_size)); }

}  // namespace penstock::test
