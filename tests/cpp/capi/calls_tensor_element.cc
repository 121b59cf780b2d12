// Valid calls of the functions of penstock/tensor.h that move, compare and print elements.
#include <limits>

#include "calls.h"

namespace penstock::test {
namespace {

constexpr uint64_t two_to_62 = UINT64_C(1) << 62;
constexpr int64_t many = 600'000;  // enough elements for a copy to be split over the pool

ps_tensor *of_integers(Stage &stage) {
  return stage.tensor(make_tensor<int32_t>(PS_INT32, {2, 3}, {0, 1, 2, 3, 4, 5}));
}

ps_tensor *of_another_shape(Stage &stage) { return stage.tensor(make_tensor<float>(PS_FLOAT32, {2, 2}, {0, 1, 2, 3})); }

ps_tensor *of_float8(Stage &stage) {
  return stage.tensor(make_tensor<uint8_t>(PS_FLOAT8_E4M3FN, {2, 3}, {0, 1, 2, 3, 4, 5}));
}

std::vector<Call> moving_calls() {
  const auto read_only = [](Stage &stage) { return stage.read_only_matrix(); };
  return {
      Call(NAMED(ps_tensor_copy),
           [](Stage &stage) { return std::make_tuple(stage.matrix(), of_integers(stage), PS_CAST_SAME_KIND); })
          .wrong("destination", "a read-only one", PS_READ_ONLY, "read-only", read_only)
          .wrong("destination", "one of bool", PS_TYPE_MISMATCH, "bool",
                 [](Stage &stage) {
                   return stage.tensor(make_tensor<int8_t>(PS_BOOL, {2, 3}, {0, 1, 0, 1, 0, 1}));
                 })
          .wrong("source", "one of another shape", PS_INVALID_ARGUMENT, "(2, 2)", of_another_shape)
          .wrong("source", "one of float8", PS_TYPE_MISMATCH, "float8", of_float8),
      Call(NAMED(ps_tensor_copy),
           [](Stage &stage) {
             ps_tensor *destination = nullptr;
             require_ok(ps_tensor_zeros(&destination, PS_FLOAT64, 1, &many, nullptr));
             return std::make_tuple(stage.tensor(TensorHold(destination)), stage.tensor(make_range(many)),
                                    PS_CAST_SAME_KIND);
           })
          .named("many elements"),
      Call(NAMED(ps_tensor_fill),
           [](Stage &stage) { return std::make_tuple(stage.matrix(), stage.input<int32_t>(7), PS_INT32); })
          .wrong("destination", "a read-only one", PS_READ_ONLY, "read-only", read_only)
          .wrong("value_dtype", "complex64", PS_TYPE_MISMATCH, "complex64", [](Stage &) { return PS_COMPLEX64; }),
      Call(NAMED(ps_tensor_fill),
           [](Stage &stage) {
             return std::make_tuple(stage.tensor(make_tensor<int8_t>(PS_INT8, {2}, {1, 2})), stage.input<int32_t>(-128),
                                    PS_INT32);
           })
          .named("an integer dtype of fewer bits")
          .wrong("value", "300", PS_OUT_OF_RANGE, "300", [](Stage &stage) { return stage.input<int32_t>(300); }),
      Call(NAMED(ps_tensor_clone),
           [](Stage &stage) { return std::make_tuple(stage.tensor_result(), stage.transposed_matrix()); }),
      Call(NAMED(ps_tensor_contiguous),
           [](Stage &stage) { return std::make_tuple(stage.tensor_result(), stage.transposed_matrix()); }),
      Call(NAMED(ps_tensor_contiguous),
           [](Stage &stage) { return std::make_tuple(stage.tensor_result(), stage.matrix()); })
          .named("contiguous already"),
      Call(NAMED(ps_tensor_astype),
           [](Stage &stage) {
             return std::make_tuple(stage.tensor_result(), stage.transposed_matrix(), PS_INT8, PS_CAST_UNSAFE);
           })
          .wrong("casting", "same_kind", PS_TYPE_MISMATCH, "int8", [](Stage &) { return PS_CAST_SAME_KIND; })
          .wrong("dtype", "float8_e5m2", PS_TYPE_MISMATCH, "float8_e5m2", [](Stage &) { return PS_FLOAT8_E5M2; })
          .wrong("tensor", "one of float8", PS_TYPE_MISMATCH, "float8", of_float8),
      Call(NAMED(ps_tensor_to_device),
           [](Stage &stage) {
             return std::make_tuple(stage.tensor_result(), stage.matrix(),
                                    stage.input<ps_tensor_options>(PS_TENSOR_OPTIONS_INIT));
           })
          .optional("options", "options optional: NULL means this thread's default device"),
  };
}

std::vector<Call> data_calls() {
  return {
      Call(NAMED(ps_tensor_to_data),
           [](Stage &stage) { return std::make_tuple(stage.memory(24), 24, stage.transposed_matrix()); })
          .wrong("data_nbytes", UINT64_C(0), PS_INVALID_ARGUMENT)
          .wrong("data_nbytes", UINT64_C(23), PS_INVALID_ARGUMENT)
          .wrong("data_nbytes", two_to_62, PS_INVALID_ARGUMENT)
          .wrong("data_nbytes", UINT64_MAX, PS_INVALID_ARGUMENT),
      Call(NAMED(ps_tensor_to_data),
           [](Stage &stage) {
             return std::make_tuple(stage.memory(1), 0, stage.tensor(make_tensor<float>(PS_FLOAT32, {2, 0}, {})));
           })
          .named("no elements")
          .wrong("data_nbytes", UINT64_C(1), PS_INVALID_ARGUMENT)
          .optional("data", "data is optional when that is 0"),
  };
}

std::vector<Call> comparing_calls() {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  return {
      Call(NAMED(ps_tensor_equal),
           [](Stage &stage) {
             return std::make_tuple(stage.result<int32_t>(), stage.matrix(), stage.matrix(), PS_EQUAL_VALUE);
           }),
      Call(NAMED(ps_tensor_all_close),
           [](Stage &stage) {
             return std::make_tuple(stage.result<int32_t>(), stage.matrix(), of_integers(stage), 1e-6, 1e-6, 0);
           })
          .wrong("actual", "one of float8", PS_TYPE_MISMATCH, "float8", of_float8)
          .wrong("expected", "one of another shape", PS_INVALID_ARGUMENT, "(2, 2)", of_another_shape)
          .wrong("relative", "negative", PS_INVALID_ARGUMENT, "-0.5", [](Stage &) { return -0.5; })
          .wrong("relative", "NaN", PS_INVALID_ARGUMENT, "nan", [=](Stage &) { return nan; })
          .wrong("absolute", "negative", PS_INVALID_ARGUMENT, "-0.5", [](Stage &) { return -0.5; })
          .wrong("absolute", "NaN", PS_INVALID_ARGUMENT, "nan", [=](Stage &) { return nan; })
          .wrong("nan_equal", -1, PS_INVALID_ARGUMENT)
          .wrong("nan_equal", 2, PS_INVALID_ARGUMENT),
  };
}

std::vector<Call> printing_calls() {
  const auto format = [](Stage &stage, size_t room) {
    return std::make_tuple(stage.result<uint64_t>(), stage.text(room + 1), room, stage.matrix(),
                           stage.input<ps_format_options>(PS_FORMAT_OPTIONS_INIT));
  };
  return {
      Call(NAMED(ps_format_options_init),
           [](Stage &stage) { return std::make_tuple(stage.result<ps_format_options>(), sizeof(ps_format_options)); }),
      Call(NAMED(ps_tensor_format), [=](Stage &stage) { return format(stage, 200); })
          .any("capacity", "text room for capacity bytes: receives as much of the text as fits")
          .optional("options", "options optional"),
      Call(NAMED(ps_tensor_format), [=](Stage &stage) { return format(stage, 10); })
          .named("too little room")
          .any("capacity", "text room for capacity bytes: receives as much of the text as fits")
          .optional("options", "options optional"),
      Call(NAMED(ps_tensor_format), [=](Stage &stage) { return format(stage, 0); })
          .named("no room")
          .any("capacity", "text room for capacity bytes: receives as much of the text as fits")
          .optional("text", "optional when capacity is 0")
          .optional("options", "options optional"),
  };
}

}  // namespace

std::vector<Call> tensor_element_calls() {
  std::vector<Call> joined;
  for (const auto &part : {moving_calls(), data_calls(), comparing_calls(), printing_calls()})
    joined.insert(joined.end(), part.begin(), part.end());
  return joined;
}

}  // namespace penstock::test
