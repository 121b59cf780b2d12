// Valid calls of what penstock/worlds_record.h declares.
#include "calls.h"

namespace penstock::test {
namespace {

int32_t go_on(void *, uint64_t, uint64_t) { return 0; }

ps_worlds *three_worlds(Stage &stage) {
  ps_worlds_options options = PS_WORLDS_OPTIONS_INIT;
  options.num_worlds = 3;
  ps_worlds *worlds = nullptr;
  require_ok(ps_worlds_create(&worlds, "CartPole-v1", &options));
  stage.at_end([worlds] { ps_worlds_release(worlds); });
  return worlds;
}

ps_worlds *recorded_worlds(Stage &stage) {
  ps_worlds *worlds = three_worlds(stage);
  require_ok(ps_worlds_record_start(worlds, stage.path("run.psr")));
  require_ok(ps_worlds_step(worlds));
  return worlds;
}

ps_worlds *running_worlds(Stage &stage) {
  ps_worlds *worlds = three_worlds(stage);
  require_ok(ps_worlds_step_async(worlds));
  return worlds;
}

const char *recording(Stage &stage) {
  require_ok(ps_worlds_record_stop(recorded_worlds(stage)));
  return stage.path("run.psr");
}

const ps_replay_options *replay_options(Stage &stage) {
  ps_replay_options options = PS_REPLAY_OPTIONS_INIT;
  options.progress = go_on;
  return stage.input(options);
}

const ps_replay_page_options *page_options(Stage &stage) {
  static const int64_t worlds[] = {2, 0};
  ps_replay_page_options options = PS_REPLAY_PAGE_OPTIONS_INIT;
  options.worlds = worlds;
  options.world_count = 2;
  return stage.input(options);
}

const ps_replay_page_options *page_of_worlds(Stage &stage, int64_t first, int64_t second) {
  ps_replay_page_options options = PS_REPLAY_PAGE_OPTIONS_INIT;
  options.worlds = stage.inputs(std::vector<int64_t>{first, second});
  options.world_count = 2;
  return stage.input(options);
}

}  // namespace

std::vector<Call> worlds_record_calls() {
  return {
      Call(NAMED(ps_worlds_record_start),
           [](Stage &stage) { return std::make_tuple(three_worlds(stage), stage.path("run.psr")); })
          .once_a_stage()
          .wrong("worlds", "some that are recorded", PS_INVALID_ARGUMENT, "already", recorded_worlds)
          .wrong("worlds", "some whose step runs", PS_INVALID_ARGUMENT, "running", running_worlds)
          .wrong("path", "no such folder", PS_NOT_FOUND, "missing/run.psr",
                 [](Stage &stage) { return stage.path("missing/run.psr"); })
          .wrong("path", "a folder", PS_IO_ERROR, "", [](Stage &stage) { return stage.path("."); }),
      Call(NAMED(ps_worlds_record_stop), [](Stage &stage) { return std::make_tuple(recorded_worlds(stage)); })
          .wrong("worlds", "some whose step runs", PS_INVALID_ARGUMENT, "running", running_worlds),
      Call(NAMED(ps_replay_options_init),
           [](Stage &stage) { return std::make_tuple(stage.result<ps_replay_options>(), sizeof(ps_replay_options)); }),
      Call(NAMED(ps_replay_report_init),
           [](Stage &stage) { return std::make_tuple(stage.result<ps_replay_report>(), sizeof(ps_replay_report)); }),
      Call(NAMED(ps_replay),
           [](Stage &stage) {
             return std::make_tuple(stage.input<ps_replay_report>(PS_REPLAY_REPORT_INIT), recording(stage),
                                    replay_options(stage));
           })
          .wrong("path", "no such file", PS_NOT_FOUND, "missing.psr",
                 [](Stage &stage) { return stage.path("missing.psr"); })
          .wrong("path", "another kind of file", PS_DATA_ERROR, "matrix.npy",
                 [](Stage &stage) { return stage.npy_file(); })
          .wrong("path", "a folder", PS_IO_ERROR, "", [](Stage &stage) { return stage.path("."); })
          .optional("options", "options optional"),
      Call(NAMED(ps_replay_page_options_init),
           [](Stage &stage) {
             return std::make_tuple(stage.result<ps_replay_page_options>(), sizeof(ps_replay_page_options));
           }),
      Call(NAMED(ps_replay_page),
           [](Stage &stage) {
             return std::make_tuple(stage.input<ps_replay_report>(PS_REPLAY_REPORT_INIT), stage.path("run.html"),
                                    recording(stage), replay_options(stage), page_options(stage));
           })
          .wrong("page_path", "no such folder", PS_NOT_FOUND, "missing/run.html",
                 [](Stage &stage) { return stage.path("missing/run.html"); })
          .wrong("page_path", "a folder", PS_IO_ERROR, "", [](Stage &stage) { return stage.path("."); })
          .wrong("path", "no such file", PS_NOT_FOUND, "missing.psr",
                 [](Stage &stage) { return stage.path("missing.psr"); })
          .wrong("path", "another kind of file", PS_DATA_ERROR, "matrix.npy",
                 [](Stage &stage) { return stage.npy_file(); })
          .wrong("page_options", "a world that is not there", PS_OUT_OF_RANGE, "3",
                 [](Stage &stage) { return page_of_worlds(stage, 0, 3); })
          .wrong("page_options", "a world twice", PS_INVALID_ARGUMENT, "twice",
                 [](Stage &stage) { return page_of_worlds(stage, 1, 1); })
          .optional("options", "options optional")
          .optional("page_options", "page_options optional"),
  };
}

}  // namespace penstock::test
