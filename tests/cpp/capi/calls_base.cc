// Valid calls of what penstock/base.h declares.
#include "calls.h"

namespace penstock::test {
namespace {

void drop_message(void *, ps_log_level, const char *) {}

std::tuple<> no_arguments(Stage &) { return {}; }

}  // namespace

std::vector<Call> base_calls() {
  return {
      Call(NAMED(ps_version), no_arguments),
      Call(NAMED(ps_abi_version), no_arguments),
      Call(NAMED(ps_last_error), no_arguments),
      Call(NAMED(ps_clear_error), no_arguments),
      Call(NAMED(ps_status_name), [](Stage &) { return std::make_tuple(PS_OUT_OF_RANGE); }),
      Call(NAMED(ps_set_device),
           [](Stage &stage) {
             stage.at_end([] { require_ok(ps_set_device(PS_DEVICE_DEFAULT, 0)); });
             return std::make_tuple(PS_DEVICE_CPU, 0);
           })
          .wrong("device_type", "PS_DEVICE_CUDA", PS_UNAVAILABLE, "cuda:0", [](Stage &) { return PS_DEVICE_CUDA; })
          .wrong("device_id", -1, PS_OUT_OF_RANGE)
          .wrong("device_id", 9999, PS_OUT_OF_RANGE),
      Call(NAMED(ps_get_device),
           [](Stage &stage) { return std::make_tuple(stage.result<ps_device_type>(), stage.result<int32_t>()); }),
      Call(NAMED(ps_memory_usage_init),
           [](Stage &stage) { return std::make_tuple(stage.result<ps_memory_usage>(), sizeof(ps_memory_usage)); }),
      Call(NAMED(ps_memory_stats),
           [](Stage &stage) {
             return std::make_tuple(stage.input<ps_memory_usage>(PS_MEMORY_USAGE_INIT), PS_DEVICE_CPU, 0);
           })
          .wrong("device_type", "PS_DEVICE_CUDA", PS_UNAVAILABLE, "cuda:0", [](Stage &) { return PS_DEVICE_CUDA; })
          .wrong("device_id", -1, PS_OUT_OF_RANGE)
          .wrong("device_id", 9999, PS_OUT_OF_RANGE),
      Call(NAMED(ps_set_num_threads),
           [](Stage &stage) {
             stage.at_end([] { require_ok(ps_set_num_threads(0)); });
             return std::make_tuple(2);
           })
          .wrong("num_threads", -1, PS_OUT_OF_RANGE)
          .wrong("num_threads", 1025, PS_OUT_OF_RANGE)
          .wrong("num_threads", INT32_MIN, PS_OUT_OF_RANGE)
          .wrong("num_threads", INT32_MAX, PS_OUT_OF_RANGE),
      Call(NAMED(ps_get_num_threads), no_arguments),
      Call(NAMED(ps_log_set_sink),
           [](Stage &stage) {
             stage.at_end([] { require_ok(ps_log_set_sink(nullptr, nullptr, PS_LOG_WARNING)); });
             return std::make_tuple(drop_message, nullptr, PS_LOG_INFO);
           })
          .optional("sink", "sink NULL goes back to the start")
          .any("user", "user handed to every call of sink"),
      Call(NAMED(ps_trace_start),
           [](Stage &stage) {
             stage.at_end([] { ps_trace_stop(); });
             return std::make_tuple(stage.path("trace.json"));
           })
          .wrong("path", "a path in a folder that is not there", PS_IO_ERROR, "missing/trace.json",
                 [](Stage &stage) { return stage.path("missing/trace.json"); })
          .once_a_stage(),
      Call(NAMED(ps_trace_stop),
           [](Stage &stage) {
             require_ok(ps_trace_start(stage.path("trace.json")));
             stage.at_end([] { ps_trace_stop(); });
             return std::make_tuple();
           })
          .once_a_stage(),
  };
}

}  // namespace penstock::test
