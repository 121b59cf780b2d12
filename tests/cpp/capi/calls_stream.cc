// Valid calls of what penstock/stream.h declares.  A machine without a GPU has the CPU's alone; tests/gpu has the others.
#include "calls.h"

namespace penstock::test {
namespace {

constexpr const char *cpu_streams = "and what it would do to a stream is nothing";

Call refusing_other_devices(Call &&call) {
  return std::move(call)
      .wrong("device_type", "PS_DEVICE_CUDA", PS_UNAVAILABLE, "cuda:0", [](Stage &) { return PS_DEVICE_CUDA; })
      .wrong("device_id", -1, PS_OUT_OF_RANGE)
      .wrong("device_id", 9999, PS_OUT_OF_RANGE);
}

std::vector<Call> device_calls() {
  return {
      Call(NAMED(ps_device_count), [](Stage &stage) { return std::make_tuple(stage.result<int32_t>(), PS_DEVICE_CPU); })
          .wrong("device_type", "PS_DEVICE_CUDA", PS_UNAVAILABLE, "cuda:0", [](Stage &) { return PS_DEVICE_CUDA; }),
      Call(NAMED(ps_device_info_init),
           [](Stage &stage) { return std::make_tuple(stage.result<ps_device_info>(), sizeof(ps_device_info)); }),
      refusing_other_devices(Call(NAMED(ps_device_describe),
                                  [](Stage &stage) {
                                    return std::make_tuple(stage.input<ps_device_info>(PS_DEVICE_INFO_INIT),
                                                           PS_DEVICE_CPU, 0);
                                  })),
  };
}

std::vector<Call> order_calls() {
  return {
      refusing_other_devices(
          Call(NAMED(ps_set_stream), [](Stage &) { return std::make_tuple(PS_DEVICE_CPU, 0, nullptr); }))
          .any("stream", cpu_streams),
      refusing_other_devices(
          Call(NAMED(ps_get_stream),
               [](Stage &stage) { return std::make_tuple(stage.result<void *>(), PS_DEVICE_CPU, 0); })),
      refusing_other_devices(
          Call(NAMED(ps_stream_wait), [](Stage &) { return std::make_tuple(PS_DEVICE_CPU, 0, nullptr, nullptr); }))
          .any("waiting", cpu_streams)
          .any("awaited", cpu_streams),
      refusing_other_devices(Call(NAMED(ps_synchronize), [](Stage &) { return std::make_tuple(PS_DEVICE_CPU, 0); })),
      Call(NAMED(ps_tensor_lend_to_stream), [](Stage &stage) { return std::make_tuple(stage.matrix(), nullptr); })
          .any("stream", "whatever it is for a tensor on the CPU"),
      Call(NAMED(ps_tensor_take_from_stream), [](Stage &stage) { return std::make_tuple(stage.matrix(), nullptr); })
          .any("stream", "whatever it is for a tensor on the CPU"),
  };
}

}  // namespace

std::vector<Call> stream_calls() {
  std::vector<Call> joined;
  for (const auto &part : {device_calls(), order_calls()}) joined.insert(joined.end(), part.begin(), part.end());
  return joined;
}

}  // namespace penstock::test
