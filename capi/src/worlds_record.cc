#include <penstock/worlds_record.h>

#include <algorithm>
#include <cstring>
#include <string_view>

#include "capi/src/guard.h"
#include "capi/src/options.h"
#include "capi/src/worlds_handle.h"
#include "core/worlds/replay.h"
#include "core/worlds/replay_page.h"

using namespace penstock;

namespace penstock {

template <>
struct OptionsLayout<ps_replay_options> {
  static constexpr ps_replay_options defaults = PS_REPLAY_OPTIONS_INIT;
  static constexpr const char *name = "ps_replay_options";
  static constexpr uint32_t field_ends[] = {
      PS_FIELD_END(ps_replay_options, struct_size), PS_FIELD_END(ps_replay_options, threads),
      PS_FIELD_END(ps_replay_options, buffers),     PS_FIELD_END(ps_replay_options, kernel),
      PS_FIELD_END(ps_replay_options, progress),    PS_FIELD_END(ps_replay_options, user)};
};

template <>
struct OptionsLayout<ps_replay_page_options> {
  static constexpr ps_replay_page_options defaults = PS_REPLAY_PAGE_OPTIONS_INIT;
  static constexpr const char *name = "ps_replay_page_options";
  static constexpr uint32_t field_ends[] = {
      PS_FIELD_END(ps_replay_page_options, struct_size), PS_FIELD_END(ps_replay_page_options, worlds),
      PS_FIELD_END(ps_replay_page_options, world_count), PS_FIELD_END(ps_replay_page_options, first_step),
      PS_FIELD_END(ps_replay_page_options, step_count)};
};

template <>
struct OptionsLayout<ps_replay_report> {
  static constexpr ps_replay_report defaults = PS_REPLAY_REPORT_INIT;
  static constexpr const char *name = "ps_replay_report";
  static constexpr uint32_t field_ends[] = {PS_FIELD_END(ps_replay_report, struct_size),
                                            PS_FIELD_END(ps_replay_report, is_same),
                                            PS_FIELD_END(ps_replay_report, is_complete),
                                            PS_FIELD_END(ps_replay_report, follows_libm),
                                            PS_FIELD_END(ps_replay_report, num_worlds),
                                            PS_FIELD_END(ps_replay_report, steps),
                                            PS_FIELD_END(ps_replay_report, differing_step),
                                            PS_FIELD_END(ps_replay_report, differing_world),
                                            PS_FIELD_END(ps_replay_report, differing_world_count),
                                            PS_FIELD_END(ps_replay_report, differing_field),
                                            PS_FIELD_END(ps_replay_report, game)};
};

}  // namespace penstock

namespace {

core::ReplayOptions read_replay_options(const ps_replay_options *given) {
  const ps_replay_options options = read_options(given);
  require_enum(options.kernel, PS_KERNEL_64_BYTES, "kernel");
  return {options.threads,
          options.buffers,
          static_cast<core::WorldsKernel>(options.kernel),
          {options.progress, options.user}};
}

core::ReplayPageOptions read_page_options(const ps_replay_page_options *given) {
  const ps_replay_page_options options = read_options(given);
  if (options.world_count < 0 || options.world_count > core::ReplayPageOptions::most_worlds)
    core::fail(core::Status::out_of_range, "world_count is ", options.world_count, ": expected 0 to ",
               core::ReplayPageOptions::most_worlds);
  if (options.world_count != 0) require_not_null(options.worlds, "worlds");
  return {{options.worlds, options.worlds + options.world_count}, options.first_step, options.step_count};
}

// The last character stays 0.
template <size_t size>
void write_text(char (&out)[size], std::string_view text) {
  std::memcpy(out, text.data(), std::min(text.size(), size - 1));
}

ps_replay_report as_report(const core::ReplayReport &found) {
  ps_replay_report report = PS_REPLAY_REPORT_INIT;
  report.is_same = found.difference ? 0 : 1;
  report.is_complete = found.is_complete && !found.difference ? 1 : 0;
  report.follows_libm = found.follows_libm ? 1 : 0;
  report.num_worlds = found.num_worlds;
  report.steps = found.steps;
  write_text(report.game, found.game);
  if (!found.difference) return report;
  report.differing_step = found.difference->step;
  report.differing_world = found.difference->world;
  report.differing_world_count = found.difference->world_count;
  write_text(report.differing_field, found.difference->field);
  return report;
}

}  // namespace

ps_status ps_worlds_record_start(ps_worlds *worlds, const char *path) {
  return guarded([&] {
    require_not_null(worlds, "worlds");
    require_not_null(path, "path");
    unwrap(worlds).start_recording(path);
  });
}

ps_status ps_worlds_record_stop(ps_worlds *worlds) {
  return guarded([&] {
    require_not_null(worlds, "worlds");
    unwrap(worlds).stop_recording();
  });
}

ps_status ps_replay_options_init(ps_replay_options *options, uint32_t struct_size) {
  return guarded([&] { init_options(options, struct_size); });
}

ps_status ps_replay_report_init(ps_replay_report *report, uint32_t struct_size) {
  return guarded([&] { init_options(report, struct_size, "report"); });
}

ps_status ps_replay(ps_replay_report *report, const char *path, const ps_replay_options *options) {
  return guarded([&] {
    require_result(report, "report");
    require_not_null(path, "path");
    write_options(report, report->struct_size, as_report(core::replay_recording(path, read_replay_options(options))));
  });
}

ps_status ps_replay_page_options_init(ps_replay_page_options *options, uint32_t struct_size) {
  return guarded([&] { init_options(options, struct_size); });
}

ps_status ps_replay_page(ps_replay_report *report, const char *page_path, const char *path,
                         const ps_replay_options *options, const ps_replay_page_options *page_options) {
  return guarded([&] {
    require_result(report, "report");
    require_not_null(page_path, "page_path");
    require_not_null(path, "path");
    const core::ReplayPageOptions page = read_page_options(page_options);
    write_options(report, report->struct_size,
                  as_report(core::write_replay_page(page_path, path, read_replay_options(options), page)));
  });
}
