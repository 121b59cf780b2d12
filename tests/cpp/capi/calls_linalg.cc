// Valid calls of what penstock/linalg.h declares.
#include "calls.h"

namespace penstock::test {
namespace {

ps_tensor *float8(Stage &stage) { return stage.tensor(make_tensor<uint8_t>(PS_FLOAT8_E4M3FN, {3}, {0, 1, 2})); }
ps_tensor *number(Stage &stage) { return stage.tensor(make_tensor<float>(PS_FLOAT32, {}, {1})); }
ps_tensor *four_numbers(Stage &stage) { return stage.tensor(make_tensor<float>(PS_FLOAT32, {4}, {1, 2, 3, 4})); }
ps_tensor *square(Stage &stage) { return stage.tensor(make_tensor<float>(PS_FLOAT32, {2, 2}, {1, 2, 3, 4})); }

ps_tensor *zeros(Stage &stage, ps_dtype dtype, int64_t rows, int64_t columns) {
  ps_tensor *made = nullptr;
  const int64_t shape[] = {rows, columns};
  require_ok(ps_tensor_zeros(&made, dtype, 2, shape, nullptr));
  return stage.tensor(TensorHold(made));
}

// Operands that none of these functions takes beside another of three elements.
Call with_wrong_operand(Call call, const char *parameter) {
  return std::move(call)
      .wrong(parameter, "one of float8", PS_TYPE_MISMATCH, "float8_e4m3fn", float8)
      .wrong(parameter, "one of another shape", PS_INVALID_ARGUMENT, "(4,)", four_numbers);
}

std::vector<Call> matmul_calls() {
  return {
      with_wrong_operand(with_wrong_operand(Call(NAMED(ps_ops_matmul),
                                                 [](Stage &stage) {
                                                   return std::make_tuple(stage.tensor_result(), stage.matrix(),
                                                                          stage.transposed_matrix());
                                                 })
                                                .wrong("first", "one without axes", PS_INVALID_ARGUMENT, "()", number),
                                            "first"),
                         "second"),
      with_wrong_operand(
          with_wrong_operand(Call(NAMED(ps_ops_matmul_into),
                                  [](Stage &stage) {
                                    return std::make_tuple(square(stage), stage.matrix(), stage.transposed_matrix());
                                  })
                                 .wrong("destination", "a read-only one", PS_READ_ONLY, "read-only",
                                        [](Stage &stage) { return stage.read_only_matrix(); })
                                 .wrong("destination", "one of another shape", PS_INVALID_ARGUMENT, "(2, 3)",
                                        [](Stage &stage) { return stage.matrix(); })
                                 .wrong("destination", "one of int32", PS_TYPE_MISMATCH, "int32",
                                        [](Stage &stage) {
                                          return stage.tensor(make_tensor<int32_t>(PS_INT32, {2, 2}, {0, 0, 0, 0}));
                                        }),
                             "first"),
          "second"),
      Call(NAMED(ps_ops_matmul_into),
           [](Stage &stage) {
             ps_tensor *both = square(stage);
             return std::make_tuple(both, both, square(stage));
           })
          .named("over an operand"),
      Call(NAMED(ps_ops_matmul),
           [](Stage &stage) {
             return std::make_tuple(stage.tensor_result(), zeros(stage, PS_FLOAT16, 100, 600),
                                    zeros(stage, PS_FLOAT16, 600, 150));
           })
          .named("blocks with workspaces"),
      Call(NAMED(ps_ops_matmul),
           [](Stage &stage) {
             return std::make_tuple(stage.tensor_result(), zeros(stage, PS_FLOAT16, 1, 600'000),
                                    zeros(stage, PS_FLOAT16, 600'000, 1));
           })
          .named("a long row by a column"),
  };
}

std::vector<Call> contraction_calls() {
  return {
      with_wrong_operand(with_wrong_operand(Call(NAMED(ps_ops_tensordot),
                                                 [](Stage &stage) {
                                                   return std::make_tuple(
                                                       stage.tensor_result(), stage.matrix(), stage.transposed_matrix(),
                                                       1, stage.inputs<int32_t>({-1}), stage.inputs<int32_t>({0}));
                                                 })
                                                .wrong("first_axes", "one too large", PS_OUT_OF_RANGE, "axis 2",
                                                       [](Stage &stage) { return stage.inputs<int32_t>({2}); }),
                                            "second"),
                         "second"),
      Call(NAMED(ps_ops_tensordot),
           [](Stage &stage) {
             return std::make_tuple(stage.tensor_result(), stage.matrix(), stage.matrix(), 2,
                                    stage.inputs<int32_t>({0, 1}), stage.inputs<int32_t>({0, 1}));
           })
          .named("over all axes")
          .wrong("second_axes", "one twice", PS_INVALID_ARGUMENT, "axis -1",
                 [](Stage &stage) {
                   return stage.inputs<int32_t>({1, -1});
                 }),
      Call(NAMED(ps_ops_tensordot),
           [](Stage &stage) {
             return std::make_tuple(stage.tensor_result(), stage.matrix(), stage.row(), 0, stage.inputs<int32_t>({0}),
                                    stage.inputs<int32_t>({0}));
           })
          .named("over no axes")
          .optional("first_axes", "Both are optional when axis_count is 0")
          .optional("second_axes", "Both are optional when axis_count is 0"),
      with_wrong_operand(
          with_wrong_operand(
              Call(NAMED(ps_ops_vecdot),
                   [](Stage &stage) { return std::make_tuple(stage.tensor_result(), stage.matrix(), stage.row(), -1); })
                  .wrong("axis", 0, PS_OUT_OF_RANGE, "axis is 0")
                  .wrong("axis", -3, PS_OUT_OF_RANGE, "axis is -3"),
              "first"),
          "second"),
  };
}

}  // namespace

std::vector<Call> linalg_calls() {
  std::vector<Call> joined;
  for (const auto &part : {matmul_calls(), contraction_calls()}) joined.insert(joined.end(), part.begin(), part.end());
  return joined;
}

}  // namespace penstock::test
