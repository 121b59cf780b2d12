// Valid calls of what penstock/loader.h declares.
#include <unistd.h>

#include <fstream>

#include "calls.h"

namespace penstock::test {
namespace {

constexpr size_t record_size = 8276;  // of version 3

// A game of five positions of version 3.
const char *game_file(Stage &stage) {
  const char *path = stage.path("game");
  std::string game;
  for (int position = 0; position < 5; ++position) {
    game += '\3';
    game.resize(game.size() + record_size - 1);
  }
  std::ofstream(path, std::ios::binary) << game;
  return path;
}

ps_loader_options small_options() {
  ps_loader_options options = PS_LOADER_OPTIONS_INIT;
  options.batch_size = 2;
  options.reservoir_size = 3;
  options.epochs = 1;
  return options;
}

ps_loader *opened(Stage &stage) {
  const char *const sources[] = {game_file(stage)};
  const ps_loader_options options = small_options();
  ps_loader *loader = nullptr;
  require_ok(ps_loader_open(&loader, 1, sources, &options));
  return loader;
}

ps_loader *loader(Stage &stage) {
  ps_loader *made = opened(stage);
  stage.at_end([made] { ps_loader_release(made); });
  return made;
}

// One whose batches all lie ready, so that nothing moves while it is watched.
ps_loader *full_loader(Stage &stage) {
  ps_loader *made = loader(stage);
  require_ok(ps_loader_start(made));
  for (std::string metrics(4096, '\0'); metrics.find("\"batches\",\"threads\":1,\"items\":3") == std::string::npos;) {
    uint64_t length = 0;
    require_ok(ps_loader_metrics(&length, metrics.data(), metrics.size(), made));
    usleep(200);
  }
  usleep(2000);
  return made;
}

ps_loader **loader_result(Stage &stage) {
  ps_loader **place = stage.result<ps_loader *>();
  ps_loader *const untouched = *place;
  stage.at_end([=] {
    if (*place != untouched) ps_loader_release(*place);
  });
  return place;
}

ps_tensor **tensor_results(Stage &stage) {
  auto **places = static_cast<ps_tensor **>(stage.memory(PS_LOADER_TENSOR_COUNT * sizeof(ps_tensor *)));
  ps_tensor *const untouched = *places;
  stage.at_end([=] {
    for (int index = 0; index < PS_LOADER_TENSOR_COUNT; ++index)
      if (places[index] != untouched) ps_tensor_release(places[index]);
  });
  return places;
}

std::string state_of(ps_loader *from) {
  std::string state(4096, '\0');
  uint64_t size = 0;
  require_ok(ps_loader_state(&size, state.data(), state.size(), from));
  state.resize(size);
  return state;
}

const void *bytes(Stage &stage, const std::string &content) {
  return stage.memory_with(content.data(), content.size());
}

Call open_call() {
  return Call(NAMED(ps_loader_open),
              [](Stage &stage) {
                return std::make_tuple(loader_result(stage), 1, stage.inputs<const char *>({game_file(stage)}),
                                       stage.input(small_options()));
              })
      .wrong("source_count", INT64_C(0), PS_INVALID_ARGUMENT)
      .wrong("source_count", INT64_C(-1), PS_INVALID_ARGUMENT)
      .wrong("source_count", INT64_MIN, PS_INVALID_ARGUMENT)
      .wrong("sources", "one is NULL", PS_INVALID_ARGUMENT, "sources[0]",
             [](Stage &stage) { return stage.inputs<const char *>({nullptr}); })
      .wrong("sources", "one is empty", PS_INVALID_ARGUMENT, "empty",
             [](Stage &stage) { return stage.inputs<const char *>({""}); })
      .wrong("sources", "one with a scheme", PS_UNAVAILABLE, "s3://bucket",
             [](Stage &stage) { return stage.inputs<const char *>({"s3://bucket/games"}); })
      .optional("options", "options optional");
}

std::vector<Call> making_calls() {
  return {
      Call(NAMED(ps_loader_options_init),
           [](Stage &stage) { return std::make_tuple(stage.result<ps_loader_options>(), sizeof(ps_loader_options)); }),
      Call(NAMED(ps_batch_info_init),
           [](Stage &stage) { return std::make_tuple(stage.result<ps_batch_info>(), sizeof(ps_batch_info)); }),
      open_call(),
      Call(NAMED(ps_loader_retain), [](Stage &stage) { return std::make_tuple(loader(stage)); }),
      Call(NAMED(ps_loader_release), [](Stage &stage) { return std::make_tuple(opened(stage)); })
          .any("loader", "NULL is accepted and does nothing")
          .once_a_stage(),
      Call(NAMED(ps_loader_release), [](Stage &) { return std::make_tuple(nullptr); })
          .named("NULL")
          .any("loader", "NULL is accepted and does nothing"),
  };
}

std::vector<Call> running_calls() {
  return {
      Call(NAMED(ps_loader_start), [](Stage &stage) { return std::make_tuple(loader(stage)); }),
      Call(NAMED(ps_loader_stop), [](Stage &stage) { return std::make_tuple(full_loader(stage)); }),
      Call(NAMED(ps_loader_next),
           [](Stage &stage) {
             ps_batch_info info = PS_BATCH_INFO_INIT;
             return std::make_tuple(tensor_results(stage), stage.input(info), full_loader(stage), INT64_C(60000));
           })
          .any("timeout_ms", "how long to wait at most; any number below 0 waits for ever")
          .wrong("loader", "one that is stopped", PS_CANCELLED, "stopped",
                 [](Stage &stage) {
                   ps_loader *stopped = loader(stage);
                   require_ok(ps_loader_stop(stopped));
                   return stopped;
                 })
          .wrong("loader", "one of a file that is not there", PS_NOT_FOUND, "missing",
                 [](Stage &stage) {
                   const char *const sources[] = {stage.path("missing")};
                   ps_loader *missing = nullptr;
                   require_ok(ps_loader_open(&missing, 1, sources, nullptr));
                   stage.at_end([missing] { ps_loader_release(missing); });
                   return missing;
                 })
          .once_a_stage(),
  };
}

std::vector<Call> state_calls() {
  return {
      Call(NAMED(ps_loader_state),
           [](Stage &stage) {
             return std::make_tuple(stage.result<uint64_t>(), stage.memory(4096), UINT64_C(4096), full_loader(stage));
           })
          .any("capacity", "receives the state where it fits, and is untouched otherwise"),
      Call(NAMED(ps_loader_state),
           [](Stage &stage) { return std::make_tuple(stage.result<uint64_t>(), nullptr, UINT64_C(0), loader(stage)); })
          .named("the size alone")
          .any("capacity", "receives the state where it fits, and is untouched otherwise")
          .optional("bytes", "optional when capacity is 0"),
      Call(NAMED(ps_loader_restore),
           [](Stage &stage) {
             ps_loader *target = full_loader(stage);
             const std::string state = state_of(target);
             return std::make_tuple(target, bytes(stage, state), state.size());
           })
          .wrong("bytes", "no state", PS_DATA_ERROR, "snapshot",
                 [](Stage &stage) { return bytes(stage, std::string(4096, 'x')); })
          .wrong("size", UINT64_C(0), PS_DATA_ERROR, "cut short")
          .wrong("size", UINT64_C(50), PS_DATA_ERROR, "cut short"),
      Call(NAMED(ps_loader_metrics),
           [](Stage &stage) {
             return std::make_tuple(stage.result<uint64_t>(), stage.text(4096), UINT64_C(4096), full_loader(stage));
           })
          .any("capacity", "receives as much of the text as fits"),
      Call(NAMED(ps_loader_metrics),
           [](Stage &stage) { return std::make_tuple(stage.result<uint64_t>(), nullptr, UINT64_C(0), loader(stage)); })
          .named("the length alone")
          .any("capacity", "receives as much of the text as fits")
          .optional("text", "optional when capacity is 0"),
  };
}

}  // namespace

std::vector<Call> loader_calls() {
  std::vector<Call> joined;
  for (const auto &part : {making_calls(), running_calls(), state_calls()})
    joined.insert(joined.end(), part.begin(), part.end());
  return joined;
}

}  // namespace penstock::test
