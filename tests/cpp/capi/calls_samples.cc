// Valid calls of what penstock/samples.h declares.
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "calls.h"

namespace penstock::test {
namespace {

// Of a .npy file of two rows.
ps_sample_loader *opened(Stage &stage) {
  const char *const sources[] = {stage.npy_file()};
  ps_sample_loader_options options = PS_SAMPLE_LOADER_OPTIONS_INIT;
  options.epochs = 2;
  ps_sample_loader *loader = nullptr;
  require_ok(ps_sample_loader_open(&loader, 1, sources, &options));
  return loader;
}

ps_sample_loader *loader(Stage &stage) {
  ps_sample_loader *made = opened(stage);
  stage.at_end([made] { ps_sample_loader_release(made); });
  return made;
}

// Of a folder of images of one class; what stands in the image is not looked at while it stays bytes.
ps_sample_loader *class_loader(Stage &stage) {
  const auto kept = std::make_shared<Folder>();
  stage.at_end([kept] {});
  const std::string folder = kept->path("images");
  std::filesystem::create_directories(folder + "/cat");
  std::ofstream(folder + "/cat/first.png") << "pixels";
  ps_sample_loader_options options = PS_SAMPLE_LOADER_OPTIONS_INIT;
  options.format = PS_SAMPLES_IMAGES;
  options.decode = 0;
  const char *const sources[] = {folder.c_str()};
  ps_sample_loader *made = nullptr;
  require_ok(ps_sample_loader_open(&made, 1, sources, &options));
  stage.at_end([made] { ps_sample_loader_release(made); });
  return made;
}

std::string metrics_of(ps_sample_loader *from) {
  std::string metrics(8192, '\0');
  uint64_t length = 0;
  require_ok(ps_sample_loader_metrics(&length, metrics.data(), metrics.size(), from));
  return metrics.substr(0, length);
}

// One whose batches ahead all lie ready, so that nothing moves while it is watched.
ps_sample_loader *full_loader(Stage &stage) {
  ps_sample_loader *made = loader(stage);
  require_ok(ps_sample_loader_start(made));
  while (metrics_of(made).find("\"fill_now\":2") == std::string::npos) usleep(200);
  usleep(2000);
  return made;
}

ps_sample_batch *taken(ps_sample_loader *from) {
  ps_sample_batch *batch = nullptr;
  ps_sample_batch_info info = PS_SAMPLE_BATCH_INFO_INIT;
  require_ok(ps_sample_loader_next(&batch, &info, from, 60000));
  return batch;
}

// Of a loader that has gone: nothing moves but the batch.
ps_sample_batch *batch_to_release(Stage &stage) {
  ps_sample_loader *from = opened(stage);
  ps_sample_batch *made = taken(from);
  ps_sample_loader_release(from);
  return made;
}

ps_sample_batch *batch(Stage &stage) {
  ps_sample_batch *made = batch_to_release(stage);
  stage.at_end([made] { ps_sample_batch_release(made); });
  return made;
}

const void *bytes(Stage &stage, const std::string &content) {
  return stage.memory_with(content.data(), content.size());
}

std::vector<Call> making_calls() {
  return {
      Call(NAMED(ps_sample_loader_options_init),
           [](Stage &stage) {
             return std::make_tuple(stage.result<ps_sample_loader_options>(), sizeof(ps_sample_loader_options));
           }),
      Call(NAMED(ps_sample_batch_info_init),
           [](Stage &stage) {
             return std::make_tuple(stage.result<ps_sample_batch_info>(), sizeof(ps_sample_batch_info));
           }),
      Call(NAMED(ps_sample_loader_open),
           [](Stage &stage) {
             const ps_sample_loader_options options = PS_SAMPLE_LOADER_OPTIONS_INIT;
             return std::make_tuple(stage.handle_result(ps_sample_loader_release), 1,
                                    stage.inputs<const char *>({stage.npy_file()}), stage.input(options));
           })
          .wrong("source_count", INT64_C(0), PS_INVALID_ARGUMENT)
          .wrong("source_count", INT64_MIN, PS_INVALID_ARGUMENT)
          .wrong("sources", "one is NULL", PS_INVALID_ARGUMENT, "sources[0]",
                 [](Stage &stage) { return stage.inputs<const char *>({nullptr}); })
          .wrong("sources", "one is empty", PS_INVALID_ARGUMENT, "empty",
                 [](Stage &stage) { return stage.inputs<const char *>({""}); })
          .wrong("sources", "one is not there", PS_NOT_FOUND, "missing.npy",
                 [](Stage &stage) { return stage.inputs<const char *>({stage.path("missing.npy")}); })
          .optional("options", "options optional"),
      Call(NAMED(ps_sample_loader_retain), [](Stage &stage) { return std::make_tuple(loader(stage)); }),
      Call(NAMED(ps_sample_loader_release), [](Stage &stage) { return std::make_tuple(opened(stage)); })
          .any("loader", "NULL is accepted and does nothing")
          .once_a_stage(),
      Call(NAMED(ps_sample_loader_release), [](Stage &) { return std::make_tuple(nullptr); })
          .named("NULL")
          .any("loader", "NULL is accepted and does nothing"),
  };
}

std::vector<Call> running_calls() {
  return {
      Call(NAMED(ps_sample_loader_start), [](Stage &stage) { return std::make_tuple(loader(stage)); }),
      Call(NAMED(ps_sample_loader_stop), [](Stage &stage) { return std::make_tuple(full_loader(stage)); }),
      Call(NAMED(ps_sample_loader_next),
           [](Stage &stage) {
             const ps_sample_batch_info info = PS_SAMPLE_BATCH_INFO_INIT;
             return std::make_tuple(stage.handle_result(ps_sample_batch_release), stage.input(info), full_loader(stage),
                                    INT64_C(60000));
           })
          .any("timeout_ms", "how long to wait at most; any number below 0 waits as the options say")
          .wrong("loader", "one that is stopped", PS_CANCELLED, "stopped",
                 [](Stage &stage) {
                   ps_sample_loader *stopped = loader(stage);
                   require_ok(ps_sample_loader_stop(stopped));
                   return stopped;
                 })
          .once_a_stage(),
      Call(NAMED(ps_sample_loader_seek),
           [](Stage &stage) { return std::make_tuple(loader(stage), INT64_C(1), INT64_C(1)); })
          .wrong("epoch", INT64_C(-1), PS_OUT_OF_RANGE)
          .wrong("epoch", INT64_C(3), PS_OUT_OF_RANGE)
          .wrong("batch", INT64_C(-1), PS_OUT_OF_RANGE)
          .wrong("batch", INT64_C(3), PS_OUT_OF_RANGE),
  };
}

std::vector<Call> describing_calls() {
  return {
      Call(NAMED(ps_sample_loader_count),
           [](Stage &stage) {
             return std::make_tuple(stage.result<int64_t>(), stage.result<int64_t>(), stage.result<int64_t>(),
                                    loader(stage));
           }),
      Call(NAMED(ps_sample_loader_class_count), [](Stage &stage) { return std::make_tuple(loader(stage)); })
          .fails_with(-1),
      Call(NAMED(ps_sample_loader_class_name),
           [](Stage &stage) { return std::make_tuple(class_loader(stage), INT64_C(0)); })
          .wrong("index", INT64_C(-1), PS_OUT_OF_RANGE)
          .wrong("index", INT64_C(1), PS_OUT_OF_RANGE),
      Call(NAMED(ps_sample_loader_address),
           [](Stage &stage) {
             return std::make_tuple(stage.result<uint64_t>(), stage.text(4096), UINT64_C(4096), loader(stage),
                                    INT64_C(1));
           })
          .any("capacity", "receives as much of the text as fits")
          .wrong("sample", INT64_C(-1), PS_OUT_OF_RANGE)
          .wrong("sample", INT64_C(2), PS_OUT_OF_RANGE),
      Call(NAMED(ps_sample_loader_address),
           [](Stage &stage) {
             return std::make_tuple(stage.result<uint64_t>(), nullptr, UINT64_C(0), loader(stage), INT64_C(1));
           })
          .named("the length alone")
          .any("capacity", "receives as much of the text as fits")
          .wrong("sample", INT64_C(2), PS_OUT_OF_RANGE)
          .optional("text", "optional when capacity is 0"),
      Call(NAMED(ps_sample_loader_metrics),
           [](Stage &stage) {
             return std::make_tuple(stage.result<uint64_t>(), stage.text(8192), UINT64_C(8192), full_loader(stage));
           })
          .any("capacity", "receives as much of the text as fits"),
      Call(NAMED(ps_sample_loader_metrics),
           [](Stage &stage) { return std::make_tuple(stage.result<uint64_t>(), nullptr, UINT64_C(0), loader(stage)); })
          .named("the length alone")
          .any("capacity", "receives as much of the text as fits")
          .optional("text", "optional when capacity is 0"),
  };
}

std::vector<Call> batch_calls() {
  return {
      Call(NAMED(ps_sample_batch_retain), [](Stage &stage) { return std::make_tuple(batch(stage)); }),
      Call(NAMED(ps_sample_batch_release), [](Stage &stage) { return std::make_tuple(batch_to_release(stage)); })
          .any("batch", "NULL is accepted and does nothing")
          .once_a_stage(),
      Call(NAMED(ps_sample_batch_release), [](Stage &) { return std::make_tuple(nullptr); })
          .named("NULL")
          .any("batch", "NULL is accepted and does nothing"),
      Call(NAMED(ps_sample_batch_field_count), [](Stage &stage) { return std::make_tuple(batch(stage)); })
          .fails_with(-1),
      Call(NAMED(ps_sample_batch_field_name), [](Stage &stage) { return std::make_tuple(batch(stage), 0); })
          .wrong("index", -1, PS_OUT_OF_RANGE)
          .wrong("index", 1, PS_OUT_OF_RANGE),
      Call(NAMED(ps_sample_batch_field),
           [](Stage &stage) { return std::make_tuple(stage.tensor_result(), stage.tensor_result(), batch(stage), 0); })
          .wrong("index", -1, PS_OUT_OF_RANGE)
          .wrong("index", 1, PS_OUT_OF_RANGE),
      Call(NAMED(ps_sample_batch_samples),
           [](Stage &stage) { return std::make_tuple(stage.tensor_result(), batch(stage)); }),
  };
}

std::vector<Call> state_calls() {
  return {
      Call(NAMED(ps_sample_loader_state),
           [](Stage &stage) {
             return std::make_tuple(stage.result<uint64_t>(), stage.memory(4096), UINT64_C(4096), full_loader(stage));
           })
          .any("capacity", "receives the state where it fits, and is untouched otherwise"),
      Call(NAMED(ps_sample_loader_state),
           [](Stage &stage) { return std::make_tuple(stage.result<uint64_t>(), nullptr, UINT64_C(0), loader(stage)); })
          .named("the size alone")
          .any("capacity", "receives the state where it fits, and is untouched otherwise")
          .optional("bytes", "optional when capacity is 0"),
      Call(NAMED(ps_sample_loader_restore),
           [](Stage &stage) {
             ps_sample_loader *target = full_loader(stage);
             std::string state(4096, '\0');
             uint64_t size = 0;
             require_ok(ps_sample_loader_state(&size, state.data(), state.size(), target));
             return std::make_tuple(target, bytes(stage, state.substr(0, size)), size);
           })
          .wrong("bytes", "no state", PS_DATA_ERROR, "snapshot",
                 [](Stage &stage) { return bytes(stage, std::string(4096, 'x')); })
          .wrong("size", UINT64_C(0), PS_DATA_ERROR, "cut short")
          .wrong("size", UINT64_C(50), PS_DATA_ERROR, "cut short"),
  };
}

}  // namespace

std::vector<Call> samples_calls() {
  std::vector<Call> joined;
  for (const auto &part : {making_calls(), running_calls(), describing_calls(), batch_calls(), state_calls()})
    joined.insert(joined.end(), part.begin(), part.end());
  return joined;
}

}  // namespace penstock::test
