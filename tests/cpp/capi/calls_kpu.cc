// Valid calls of what penstock/kpu.h declares.
#include <string>

#include "calls.h"

namespace penstock::test {
namespace {

constexpr const char *two_layers = "name, M, N, K\nfirst, 8, 6, 4,\nsecond, 3, 5, 7,\n";
constexpr int64_t main_memory_size = 1 << 20, scratchpad_size = 1 << 14;

ps_kpu_config *config_to_release() {
  ps_kpu_config *config = nullptr;
  const std::string values = "preset = \"edge\"\nmain_memory_size = 1_048_576\nscratchpad_size = 16_384\n";
  require_ok(ps_kpu_config_parse(&config, values.c_str(), "values"));
  return config;
}

ps_kpu_config *config(Stage &stage) {
  ps_kpu_config *made = config_to_release();
  stage.at_end([made] { ps_kpu_config_release(made); });
  return made;
}

ps_kpu_config *contradicting_config(Stage &stage) {
  ps_kpu_config *made = config(stage);
  require_ok(ps_kpu_config_set(made, "skip_partial", "true"));
  require_ok(ps_kpu_config_set(made, "scalesim_compatible", "true"));
  return made;
}

ps_kpu_topology *topology_to_release() {
  ps_kpu_topology *topology = nullptr;
  require_ok(ps_kpu_topology_parse(&topology, two_layers, "layers", 0));
  return topology;
}

ps_kpu_topology *topology(Stage &stage) {
  ps_kpu_topology *made = topology_to_release();
  stage.at_end([made] { ps_kpu_topology_release(made); });
  return made;
}

ps_kpu *kpu_to_release() {
  ps_kpu_config *values = config_to_release();
  ps_kpu *kpu = nullptr;
  require_ok(ps_kpu_create(&kpu, values));
  ps_kpu_config_release(values);
  return kpu;
}

// A device that has run one layer.
ps_kpu *kpu(Stage &stage) {
  ps_kpu *made = kpu_to_release();
  stage.at_end([made] { ps_kpu_release(made); });
  require_ok(ps_kpu_simulate(made, topology(stage), 0, 1));
  return made;
}

const char *file_with(Stage &stage, const std::string &name, const std::string &content) {
  const char *path = stage.path(name);
  write_file(path, content);
  return path;
}

ps_tensor *tall_matrix(Stage &stage) {
  return stage.tensor(make_tensor<float>(PS_FLOAT32, {3, 2}, {0, 1, 2, 3, 4, 5}));
}

ps_tensor *images(Stage &stage) {
  return stage.tensor(make_tensor<float>(PS_FLOAT32, {1, 2, 3, 3}, std::vector<float>(18, 1)));
}

ps_tensor *filters(Stage &stage) {
  return stage.tensor(make_tensor<float>(PS_FLOAT32, {2, 2, 2, 2}, std::vector<float>(16, 1)));
}

ps_tensor *of_int32(Stage &stage) { return stage.tensor(make_tensor<int32_t>(PS_INT32, {3, 2}, {0, 1, 2, 3, 4, 5})); }

std::vector<Call> config_making_calls() {
  return {
      Call(NAMED(ps_kpu_config_create),
           [](Stage &stage) { return std::make_tuple(stage.kpu_config_result(), stage.string("edge")); })
          .wrong("preset", "none of that name", PS_NOT_FOUND, "\"huge\"",
                 [](Stage &stage) { return stage.string("huge"); })
          .optional("preset", "optional: \"default\""),
      Call(NAMED(ps_kpu_config_parse),
           [](Stage &stage) {
             return std::make_tuple(stage.kpu_config_result(), stage.string("[array]\nrows = 8 # few\n"),
                                    stage.string("here"));
           })
          .wrong("text", "a value too large", PS_DATA_ERROR, "here, line 2",
                 [](Stage &stage) { return stage.string("columns = 4\nrows = 100_000\n"); })
          .wrong("text", "a contradiction", PS_INVALID_ARGUMENT, "scalesim_compatible",
                 [](Stage &stage) { return stage.string("{\"scalesim_compatible\": true, \"skip_partial\": true}"); })
          .any("place", "names the text in messages"),
      Call(NAMED(ps_kpu_config_load),
           [](Stage &stage) {
             return std::make_tuple(stage.kpu_config_result(), file_with(stage, "kpu.json", "{\"rows\": 8}"));
           })
          .wrong("path", "no such file", PS_NOT_FOUND, "missing.toml",
                 [](Stage &stage) { return stage.path("missing.toml"); })
          .wrong("path", "no configuration", PS_DATA_ERROR, "line 1",
                 [](Stage &stage) { return file_with(stage, "kpu.toml", "rows: 8"); }),
      Call(NAMED(ps_kpu_config_retain), [](Stage &stage) { return std::make_tuple(config(stage)); }),
      Call(NAMED(ps_kpu_config_release), [](Stage &) { return std::make_tuple(config_to_release()); })
          .any("config", "NULL is accepted and does nothing")
          .once_a_stage(),
      Call(NAMED(ps_kpu_config_release), [](Stage &) { return std::make_tuple(nullptr); })
          .named("NULL")
          .any("config", "NULL is accepted and does nothing"),
  };
}

std::vector<Call> config_value_calls() {
  return {
      Call(NAMED(ps_kpu_config_set),
           [](Stage &stage) { return std::make_tuple(config(stage), stage.string("rows"), stage.string("16")); })
          .wrong("name", "none of that name", PS_NOT_FOUND, "\"height\"",
                 [](Stage &stage) { return stage.string("height"); })
          .wrong("value", "zero", PS_INVALID_ARGUMENT, "\"0\"", [](Stage &stage) { return stage.string("0"); }),
      Call(NAMED(ps_kpu_config_get),
           [](Stage &stage) {
             return std::make_tuple(stage.result<uint64_t>(), stage.text(16), 16, config(stage), stage.string("rows"));
           })
          .wrong("name", "none of that name", PS_NOT_FOUND, "\"height\"",
                 [](Stage &stage) { return stage.string("height"); })
          .any("capacity", "as much of the text as fits")
          .optional("name", "optional: all"),
      Call(NAMED(ps_kpu_config_get),
           [](Stage &stage) { return std::make_tuple(stage.result<uint64_t>(), nullptr, 0, config(stage), nullptr); })
          .named("only the length")
          .any("capacity", "as much of the text as fits")
          .optional("text", "optional when capacity is 0")
          .optional("name", "optional: all"),
      Call(NAMED(ps_kpu_config_name), [](Stage &) { return std::make_tuple(0); })
          .any("index", "without an error, behind the last one and below 0"),
      Call(NAMED(ps_kpu_memory_timing_init),
           [](Stage &stage) {
             return std::make_tuple(stage.result<ps_kpu_memory_timing>(), sizeof(ps_kpu_memory_timing));
           }),
      Call(NAMED(ps_kpu_config_measure_memory),
           [](Stage &stage) {
             return std::make_tuple(stage.input<ps_kpu_memory_timing>(PS_KPU_MEMORY_TIMING_INIT), config(stage));
           })
          .wrong("config", "a contradiction", PS_INVALID_ARGUMENT, "skip_partial", contradicting_config),
  };
}

std::vector<Call> topology_making_calls() {
  return {
      Call(NAMED(ps_kpu_topology_parse),
           [](Stage &stage) {
             return std::make_tuple(stage.kpu_topology_result(), stage.string(two_layers), stage.string("here"), 0);
           })
          .wrong("text", "a size of 0", PS_DATA_ERROR, "here, line 2, column 3",
                 [](Stage &stage) { return stage.string("name, M, N, K\nfirst, 8, 0, 4,\n"); })
          .any("place", "names the text in messages")
          .wrong("compatible", -1, PS_INVALID_ARGUMENT)
          .wrong("compatible", 2, PS_INVALID_ARGUMENT),
      Call(NAMED(ps_kpu_topology_load),
           [](Stage &stage) {
             return std::make_tuple(stage.kpu_topology_result(), file_with(stage, "network.csv", two_layers), 1);
           })
          .wrong("path", "no such file", PS_NOT_FOUND, "missing.csv",
                 [](Stage &stage) { return stage.path("missing.csv"); })
          .wrong("path", "no layers", PS_DATA_ERROR, "no layers",
                 [](Stage &stage) { return file_with(stage, "empty.csv", "name, M, N, K\n"); })
          .wrong("compatible", -1, PS_INVALID_ARGUMENT)
          .wrong("compatible", 2, PS_INVALID_ARGUMENT),
      Call(NAMED(ps_kpu_topology_retain), [](Stage &stage) { return std::make_tuple(topology(stage)); }),
      Call(NAMED(ps_kpu_topology_release), [](Stage &) { return std::make_tuple(topology_to_release()); })
          .any("topology", "NULL is accepted and does nothing")
          .once_a_stage(),
      Call(NAMED(ps_kpu_topology_release), [](Stage &) { return std::make_tuple(nullptr); })
          .named("NULL")
          .any("topology", "NULL is accepted and does nothing"),
  };
}

// An index of one of two layers, or of one job.
Call with_index(Call &&call, int64_t count) {
  return std::move(call)
      .wrong("index", INT64_MIN, PS_OUT_OF_RANGE)
      .wrong("index", INT64_C(-2), PS_OUT_OF_RANGE)
      .wrong("index", count, PS_OUT_OF_RANGE)
      .wrong("index", INT64_MAX, PS_OUT_OF_RANGE);
}

Call with_batch(Call &&call) {
  return with_index(std::move(call), 2)
      .wrong("batch", INT64_C(0), PS_INVALID_ARGUMENT)
      .wrong("batch", INT64_C(-1), PS_INVALID_ARGUMENT)
      .wrong("batch", INT64_MAX, PS_INVALID_ARGUMENT);
}

std::vector<Call> topology_reading_calls() {
  return {
      Call(NAMED(ps_kpu_topology_count), [](Stage &stage) { return std::make_tuple(topology(stage)); }).fails_with(-1),
      with_index(Call(NAMED(ps_kpu_topology_name), [](Stage &stage) { return std::make_tuple(topology(stage), 1); }),
                 2),
      Call(NAMED(ps_kpu_layer_init),
           [](Stage &stage) { return std::make_tuple(stage.result<ps_kpu_layer>(), sizeof(ps_kpu_layer)); }),
      with_index(Call(NAMED(ps_kpu_topology_layer),
                      [](Stage &stage) {
                        return std::make_tuple(stage.input<ps_kpu_layer>(PS_KPU_LAYER_INIT), topology(stage), 1);
                      }),
                 2),
      Call(NAMED(ps_kpu_counters_init),
           [](Stage &stage) { return std::make_tuple(stage.result<ps_kpu_counters>(), sizeof(ps_kpu_counters)); }),
      with_batch(Call(NAMED(ps_kpu_estimate),
                      [](Stage &stage) {
                        return std::make_tuple(stage.input<ps_kpu_counters>(PS_KPU_COUNTERS_INIT), config(stage),
                                               topology(stage), 1, 4);
                      }))
          .wrong("config", "a contradiction", PS_INVALID_ARGUMENT, "skip_partial", contradicting_config),
  };
}

std::vector<Call> device_making_calls() {
  return {
      Call(NAMED(ps_kpu_create), [](Stage &stage) { return std::make_tuple(stage.kpu_result(), config(stage)); })
          .wrong("config", "a contradiction", PS_INVALID_ARGUMENT, "skip_partial", contradicting_config),
      Call(NAMED(ps_kpu_retain), [](Stage &stage) { return std::make_tuple(kpu(stage)); }),
      Call(NAMED(ps_kpu_release), [](Stage &) { return std::make_tuple(kpu_to_release()); })
          .any("kpu", "NULL is accepted and does nothing")
          .once_a_stage(),
      Call(NAMED(ps_kpu_release), [](Stage &) { return std::make_tuple(nullptr); })
          .named("NULL")
          .any("kpu", "NULL is accepted and does nothing"),
  };
}

// A range of 16 bytes of a memory.
Call with_range(Call &&call, const char *address, int64_t size) {
  return std::move(call)
      .wrong(address, INT64_C(-1), PS_OUT_OF_RANGE)
      .wrong(address, size - 15, PS_OUT_OF_RANGE)
      .wrong(address, INT64_MIN, PS_OUT_OF_RANGE)
      .wrong(address, INT64_MAX, PS_OUT_OF_RANGE);
}

Call with_nbytes(Call &&call) {
  return std::move(call)
      .wrong("nbytes", INT64_C(-1), PS_INVALID_ARGUMENT)
      .wrong("nbytes", INT64_MIN, PS_INVALID_ARGUMENT)
      .wrong("nbytes", INT64_MAX, PS_OUT_OF_RANGE);
}

std::vector<Call> memory_calls() {
  return {
      with_nbytes(with_range(Call(NAMED(ps_kpu_write),
                                  [](Stage &stage) {
                                    return std::make_tuple(kpu(stage), PS_KPU_MAIN_MEMORY, 4096, stage.memory(16), 16);
                                  }),
                             "address", main_memory_size)),
      with_nbytes(with_range(
          Call(NAMED(ps_kpu_read),
               [](Stage &stage) { return std::make_tuple(stage.memory(16), kpu(stage), PS_KPU_SCRATCHPAD, 0, 16); }),
          "address", scratchpad_size)),
      with_nbytes(with_range(with_range(Call(NAMED(ps_kpu_transfer),
                                             [](Stage &stage) {
                                               return std::make_tuple(kpu(stage), PS_KPU_SCRATCHPAD, 0,
                                                                      PS_KPU_MAIN_MEMORY, 4096, 16);
                                             }),
                                        "to_address", scratchpad_size),
                             "from_address", main_memory_size)),
  };
}

std::vector<Call> running_calls() {
  return {
      Call(NAMED(ps_kpu_matmul),
           [](Stage &stage) {
             return std::make_tuple(stage.tensor_result(), kpu(stage), stage.matrix(), tall_matrix(stage));
           })
          .wrong("a", "another number of columns", PS_INVALID_ARGUMENT, "(3, 2)", tall_matrix)
          .wrong("a", "one that requires gradients", PS_INVALID_ARGUMENT, "no_grad()",
                 [](Stage &stage) { return stage.leaf(); })
          .wrong("b", "of int32", PS_TYPE_MISMATCH, "int32", of_int32),
      Call(NAMED(ps_kpu_conv_options_init),
           [](Stage &stage) {
             return std::make_tuple(stage.result<ps_kpu_conv_options>(), sizeof(ps_kpu_conv_options));
           }),
      Call(NAMED(ps_kpu_conv2d),
           [](Stage &stage) {
             return std::make_tuple(stage.tensor_result(), kpu(stage), images(stage), filters(stage),
                                    stage.input<ps_kpu_conv_options>(PS_KPU_CONV_OPTIONS_INIT));
           })
          .wrong("images", "two axes", PS_INVALID_ARGUMENT, "4 axes", [](Stage &stage) { return stage.matrix(); })
          .wrong("filters", "two axes", PS_INVALID_ARGUMENT, "4 axes", [](Stage &stage) { return stage.matrix(); })
          .optional("options", "options optional"),
      with_batch(Call(NAMED(ps_kpu_simulate),
                      [](Stage &stage) { return std::make_tuple(kpu(stage), topology(stage), 1, 2); })),
      Call(NAMED(ps_kpu_run),
           [](Stage &stage) {
             return std::make_tuple(kpu(stage), stage.string("load to=0 from=64 bytes=256\n"
                                                             "matmul a=0 b=64 c=128 m=4 k=4 n=4\nbarrier\n"
                                                             "activation at=128 count=16 function=relu\n"));
           })
          .wrong("program", "no such instruction", PS_DATA_ERROR, "line 2",
                 [](Stage &stage) { return stage.string("barrier\nmultiply\n"); })
          .wrong("program", "an address outside", PS_OUT_OF_RANGE, "line 1",
                 [](Stage &stage) { return stage.string("load to=16380 from=0 bytes=8"); })
          .wrong("program", "a result over an operand", PS_INVALID_ARGUMENT, "overlaps",
                 [](Stage &stage) { return stage.string("matmul a=0 b=64 c=127 m=4 k=4 n=4"); }),
      Call(NAMED(ps_kpu_reset), [](Stage &stage) { return std::make_tuple(kpu(stage)); }),
  };
}

std::vector<Call> result_calls() {
  return {
      Call(NAMED(ps_kpu_job_count), [](Stage &stage) { return std::make_tuple(kpu(stage)); }).fails_with(-1),
      with_index(Call(NAMED(ps_kpu_job_name), [](Stage &stage) { return std::make_tuple(kpu(stage), 0); }), 1),
      with_index(Call(NAMED(ps_kpu_job_counters),
                      [](Stage &stage) {
                        return std::make_tuple(stage.input<ps_kpu_counters>(PS_KPU_COUNTERS_INIT), kpu(stage), -1);
                      }),
                 1),
      Call(NAMED(ps_kpu_timeline), [](Stage &stage) { return std::make_tuple(stage.tensor_result(), kpu(stage)); }),
      Call(NAMED(ps_kpu_save_timeline),
           [](Stage &stage) { return std::make_tuple(kpu(stage), stage.path("trace.json")); })
          .wrong("path", "no such folder", PS_NOT_FOUND, "missing/trace.json",
                 [](Stage &stage) { return stage.path("missing/trace.json"); }),
      Call(NAMED(ps_kpu_bank_activity),
           [](Stage &stage) {
             return std::make_tuple(stage.tensor_result(), stage.result<int64_t>(), kpu(stage), PS_KPU_SCRATCHPAD);
           }),
  };
}

}  // namespace

std::vector<Call> kpu_calls() {
  std::vector<Call> joined;
  for (const auto &part :
       {config_making_calls(), config_value_calls(), topology_making_calls(), topology_reading_calls(),
        device_making_calls(), memory_calls(), running_calls(), result_calls()})
    joined.insert(joined.end(), part.begin(), part.end());
  return joined;
}

}  // namespace penstock::test
