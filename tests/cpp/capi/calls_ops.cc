// Valid calls of what penstock/ops.h declares.
#include "calls.h"

namespace penstock::test {
namespace {

ps_tensor *truths(Stage &stage) { return stage.tensor(make_tensor<int8_t>(PS_BOOL, {2, 3}, {0, 1, 0, 1, 0, 1})); }
ps_tensor *four_numbers(Stage &stage) { return stage.tensor(make_tensor<float>(PS_FLOAT32, {4}, {1, 2, 3, 4})); }
ps_tensor *float8(Stage &stage) { return stage.tensor(make_tensor<uint8_t>(PS_FLOAT8_E4M3FN, {3}, {0, 1, 2})); }

// An operation of another family, and operands that none takes.
Call with_wrong_operation(Call call, ps_operation of_another_family) {
  return std::move(call).wrong("operation", static_cast<int32_t>(of_another_family), PS_INVALID_ARGUMENT,
                               ps_operation_name(of_another_family));
}
Call with_wrong_operand(Call call, const char *parameter) {
  return std::move(call).wrong(parameter, "one of float8", PS_TYPE_MISMATCH, "float8_e4m3fn", float8);
}
Call with_wrong_shape(Call call, const char *parameter) {
  return std::move(call).wrong(parameter, "one of another shape", PS_INVALID_ARGUMENT, "(4,)", four_numbers);
}

std::vector<Call> operation_calls() {
  return {
      Call(NAMED(ps_operation_name), [](Stage &) { return std::make_tuple(PS_OP_ADD); }),
      Call(NAMED(ps_operation_find),
           [](Stage &stage) { return std::make_tuple(stage.result<ps_operation>(), stage.string("add")); })
          .wrong("name", "no operation's", PS_NOT_FOUND, "'plus'", [](Stage &stage) { return stage.string("plus"); }),
      Call(NAMED(ps_operation_is_differentiable), [](Stage &) { return std::make_tuple(PS_OP_ADD); }).fails_with(-1),
      Call(NAMED(ps_result_type),
           [](Stage &stage) {
             return std::make_tuple(stage.result<ps_dtype>(), 2, stage.inputs<ps_dtype>({PS_INT8, PS_UINT8}));
           })
          .wrong("count", 0, PS_INVALID_ARGUMENT)
          .wrong("count", INT32_MIN, PS_INVALID_ARGUMENT)
          .wrong("dtypes", "no dtype", PS_INVALID_ARGUMENT, "9999",
                 [](Stage &stage) {
                   return stage.inputs<int32_t>({PS_INT8, 9999});
                 })
          .wrong("dtypes", "uint64 and int8", PS_TYPE_MISMATCH, "uint64 and int8",
                 [](Stage &stage) {
                   return stage.inputs<ps_dtype>({PS_UINT64, PS_INT8});
                 }),
  };
}

std::vector<Call> elementwise_calls() {
  return {
      with_wrong_operand(with_wrong_operation(Call(NAMED(ps_ops_unary),
                                                   [](Stage &stage) {
                                                     return std::make_tuple(stage.tensor_result(), PS_OP_EXP,
                                                                            stage.transposed_matrix());
                                                   }),
                                              PS_OP_ADD),
                         "operand"),
      Call(NAMED(ps_ops_unary),
           [](Stage &stage) { return std::make_tuple(stage.tensor_result(), PS_OP_LOGICAL_NOT, truths(stage)); })
          .named("of truths")
          .wrong("operation", static_cast<int32_t>(PS_OP_SIGNBIT), PS_TYPE_MISMATCH, "signbit does not take bool"),
      with_wrong_shape(with_wrong_operand(with_wrong_operation(Call(NAMED(ps_ops_binary),
                                                                    [](Stage &stage) {
                                                                      return std::make_tuple(stage.tensor_result(),
                                                                                             PS_OP_ADD, stage.matrix(),
                                                                                             stage.row());
                                                                    }),
                                                               PS_OP_SUM),
                                          "first"),
                       "second"),
      with_wrong_operand(
          with_wrong_operation(
              Call(NAMED(ps_ops_unary_into),
                   [](Stage &stage) { return std::make_tuple(stage.matrix(), PS_OP_NEGATIVE, stage.row()); })
                  .wrong("destination", "a read-only one", PS_READ_ONLY, "read-only",
                         [](Stage &stage) { return stage.read_only_matrix(); })
                  .wrong("destination", "one of bool", PS_TYPE_MISMATCH, "bool", truths),
              PS_OP_ADD),
          "operand"),
      with_wrong_shape(with_wrong_operation(
                           Call(NAMED(ps_ops_binary_into),
                                [](Stage &stage) {
                                  return std::make_tuple(stage.matrix(), PS_OP_MULTIPLY, stage.row(), stage.matrix());
                                })
                               .wrong("destination", "a read-only one", PS_READ_ONLY, "read-only",
                                      [](Stage &stage) { return stage.read_only_matrix(); })
                               .wrong("destination", "too small a one", PS_INVALID_ARGUMENT, "(1, 3)",
                                      [](Stage &stage) { return stage.row(); })
                               .wrong("second", "one of complex64", PS_TYPE_MISMATCH, "complex64",
                                      [](Stage &stage) {
                                        return stage.tensor(make_tensor<float>(PS_COMPLEX64, {1}, {1, 2}));
                                      }),
                           PS_OP_EXP),
                       "first"),
      with_wrong_shape(Call(NAMED(ps_ops_where),
                            [](Stage &stage) {
                              return std::make_tuple(stage.tensor_result(), truths(stage), stage.matrix(), stage.row());
                            })
                           .wrong("condition", "one of float32", PS_TYPE_MISMATCH, "float32",
                                  [](Stage &stage) { return stage.matrix(); }),
                       "first"),
      with_wrong_operand(with_wrong_shape(Call(NAMED(ps_ops_clip),
                                               [](Stage &stage) {
                                                 return std::make_tuple(stage.tensor_result(), stage.matrix(),
                                                                        stage.row(), stage.row());
                                               })
                                              .optional("low", "low optional: NULL for no limit")
                                              .optional("high", "high likewise"),
                                          "low"),
                         "operand"),
  };
}

std::vector<Call> reduction_calls() {
  return {
      Call(NAMED(ps_reduce_options_init),
           [](Stage &stage) {
             return std::make_tuple(stage.result<ps_reduce_options>(),
                                    static_cast<uint32_t>(sizeof(ps_reduce_options)));
           }),
      with_wrong_operand(with_wrong_operation(Call(NAMED(ps_ops_reduce),
                                                   [](Stage &stage) {
                                                     ps_reduce_options options = PS_REDUCE_OPTIONS_INIT;
                                                     options.keep_axes = 1;
                                                     return std::make_tuple(
                                                         stage.tensor_result(), PS_OP_SUM, stage.matrix(), 2,
                                                         stage.inputs<int32_t>({0, -1}), stage.input(options));
                                                   })
                                                  .optional("options", "options optional")
                                                  .wrong("axes", "one too large", PS_OUT_OF_RANGE, "axis 2",
                                                         [](Stage &stage) {
                                                           return stage.inputs<int32_t>({0, 2});
                                                         })
                                                  .wrong("axes", "one twice", PS_INVALID_ARGUMENT, "axis -1",
                                                         [](Stage &stage) {
                                                           return stage.inputs<int32_t>({1, -1});
                                                         }),
                                              PS_OP_ADD),
                         "operand"),
      Call(NAMED(ps_ops_reduce),
           [](Stage &stage) {
             return std::make_tuple(stage.tensor_result(), PS_OP_SUM, stage.transposed_matrix(), 0,
                                    stage.inputs<int32_t>({0}), stage.input<ps_reduce_options>(PS_REDUCE_OPTIONS_INIT));
           })
          .named("over all axes")
          .optional("options", "options optional")
          .optional("axes", "axis_count 0 (axes is then optional)"),
      with_wrong_operand(with_wrong_operation(Call(NAMED(ps_ops_accumulate),
                                                   [](Stage &stage) {
                                                     return std::make_tuple(stage.tensor_result(), PS_OP_CUMULATIVE_SUM,
                                                                            stage.matrix(), -1, 0, 1);
                                                   })
                                                  .wrong("dtype", -1, PS_INVALID_ARGUMENT)
                                                  .wrong("dtype", 9999, PS_INVALID_ARGUMENT)
                                                  .wrong("initial", 2, PS_INVALID_ARGUMENT),
                                              PS_OP_SUM),
                         "operand"),
  };
}

}  // namespace

std::vector<Call> ops_calls() {
  std::vector<Call> joined;
  for (const auto &part : {operation_calls(), elementwise_calls(), reduction_calls()})
    joined.insert(joined.end(), part.begin(), part.end());
  return joined;
}

}  // namespace penstock::test
