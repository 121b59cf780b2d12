// Valid calls of what penstock/ops_order.h and penstock/ops_join.h declare.
#include <limits>
#include <utility>

#include "calls.h"

namespace penstock::test {
namespace {

ps_tensor *float8(Stage &stage) {
  return stage.tensor(make_tensor<uint8_t>(PS_FLOAT8_E4M3FN, {2, 3}, {0, 1, 2, 0, 1, 2}));
}
ps_tensor *complex(Stage &stage) { return stage.tensor(make_tensor<float>(PS_COMPLEX64, {2}, {0, 1, 2, 3})); }
ps_tensor *four_numbers(Stage &stage) { return stage.tensor(make_tensor<float>(PS_FLOAT32, {4}, {1, 2, 3, 4})); }
ps_tensor *indices(Stage &stage, const std::vector<int64_t> &numbers) {
  return stage.tensor(make_tensor<int64_t>(PS_INT64, {static_cast<int64_t>(numbers.size())}, numbers));
}
ps_tensor *index_matrix(Stage &stage, const std::vector<int64_t> &numbers) {
  return stage.tensor(make_tensor<int64_t>(PS_INT64, {2, static_cast<int64_t>(numbers.size()) / 2}, numbers));
}
ps_tensor *unsigned_numbers(Stage &stage) {
  return stage.tensor(make_tensor<uint64_t>(PS_UINT64, {2, 3}, {1, 2, 3, 4, 5, 6}));
}
ps_tensor *signed_numbers(Stage &stage) {
  return stage.tensor(make_tensor<int64_t>(PS_INT64, {2, 3}, {1, 2, 3, 4, 5, 6}));
}

std::vector<Call> sorting_calls() {
  std::vector<Call> calls;
  for (const auto &[name, function] : {std::make_pair(NAMED(ps_ops_sort)), std::make_pair(NAMED(ps_ops_argsort))})
    calls.push_back(
        Call(name, function,
             [](Stage &stage) { return std::make_tuple(stage.tensor_result(), stage.transposed_matrix(), 0, 1); })
            .wrong("operand", "one of complex64", PS_TYPE_MISMATCH, "complex64", complex)
            .wrong("operand", "one of float8", PS_TYPE_MISMATCH, "float8_e4m3fn", float8)
            .wrong("descending", 2, PS_INVALID_ARGUMENT)
            .wrong("descending", -1, PS_INVALID_ARGUMENT));
  return calls;
}

std::vector<Call> searching_calls() {
  return {
      Call(NAMED(ps_ops_searchsorted),
           [](Stage &stage) {
             return std::make_tuple(stage.tensor_result(), four_numbers(stage), stage.transposed_matrix(),
                                    PS_SIDE_RIGHT, indices(stage, {3, 2, 1, 0}));
           })
          .optional("sorter", "sorter optional")
          .wrong("sorted", "one of two axes", PS_INVALID_ARGUMENT, "(2, 3)",
                 [](Stage &stage) { return stage.matrix(); })
          .wrong("sorted", "one of complex64", PS_TYPE_MISMATCH, "complex64", complex)
          .wrong("values", "one of float8", PS_TYPE_MISMATCH, "float8_e4m3fn", float8)
          .wrong("sorter", "of three numbers", PS_INVALID_ARGUMENT, "(3,)",
                 [](Stage &stage) {
                   return indices(stage, {0, 1, 2});
                 })
          .wrong("sorter", "of float32", PS_TYPE_MISMATCH, "float32", four_numbers)
          .wrong("sorter", "of a number that is no index", PS_OUT_OF_RANGE, "index 4",
                 [](Stage &stage) {
                   return indices(stage, {0, 1, 2, 4});
                 }),
      Call(NAMED(ps_ops_searchsorted),
           [](Stage &stage) {
             return std::make_tuple(stage.tensor_result(), indices(stage, {1, 2}), signed_numbers(stage), PS_SIDE_LEFT,
                                    indices(stage, {0, 1}));
           })
          .named("of integers")
          .optional("sorter", "sorter optional")
          .wrong("values", "of uint64", PS_TYPE_MISMATCH, "uint64", unsigned_numbers),
      Call(NAMED(ps_ops_unique),
           [](Stage &stage) {
             return std::make_tuple(stage.tensor_result(), stage.tensor_result(), stage.tensor_result(),
                                    stage.tensor_result(), stage.transposed_matrix());
           })
          .optional("indices", "indices optional: receives where each stands first")
          .optional("inverse", "inverse optional: receives, in operand's shape, which of values each element is")
          .optional("counts", "counts optional: receives how often each stands")
          .wrong("operand", "one of float8", PS_TYPE_MISMATCH, "float8_e4m3fn", float8),
      Call(NAMED(ps_ops_take_along_axis),
           [](Stage &stage) {
             return std::make_tuple(stage.tensor_result(), stage.matrix(), index_matrix(stage, {0, -3, 2, 1}), 1);
           })
          .wrong("indices", "one too large", PS_OUT_OF_RANGE, "index 3",
                 [](Stage &stage) {
                   return index_matrix(stage, {0, 1, 3, 0});
                 })
          .wrong("indices", "of one axis", PS_INVALID_ARGUMENT, "(2,)",
                 [](Stage &stage) {
                   return indices(stage, {0, 1});
                 })
          .wrong("indices", "of float32", PS_TYPE_MISMATCH, "float32", [](Stage &stage) { return stage.matrix(); }),
  };
}

// Two tensors that can be joined, and beside the first one of those that cannot.
std::vector<Call> joining_calls() {
  std::vector<Call> calls;
  for (const auto &[name, function] : {std::make_pair(NAMED(ps_ops_concat)), std::make_pair(NAMED(ps_ops_stack))})
    calls.push_back(Call(name, function,
                         [](Stage &stage) {
                           return std::make_tuple(
                               stage.tensor_result(), 2,
                               stage.inputs<ps_tensor *>({stage.matrix(), stage.transposed_tall_matrix()}), -1);
                         })
                        .wrong("count", 0, PS_INVALID_ARGUMENT)
                        .wrong("count", -1, PS_INVALID_ARGUMENT)
                        .wrong("count", INT32_MIN, PS_INVALID_ARGUMENT)
                        .wrong("tensors", "one that is NULL", PS_INVALID_ARGUMENT, "tensors[1]",
                               [](Stage &stage) {
                                 return stage.inputs<ps_tensor *>({stage.matrix(), nullptr});
                               })
                        .wrong("tensors", "one of another shape", PS_INVALID_ARGUMENT, "(4,)",
                               [](Stage &stage) {
                                 return stage.inputs<ps_tensor *>({stage.matrix(), four_numbers(stage)});
                               })
                        .wrong("tensors", "uint64 and int64", PS_TYPE_MISMATCH, "uint64 and int64", [](Stage &stage) {
                          return stage.inputs<ps_tensor *>({unsigned_numbers(stage), signed_numbers(stage)});
                        }));
  return calls;
}

std::vector<Call> repeating_calls() {
  constexpr int64_t far = INT64_C(1) << 62;
  return {
      Call(NAMED(ps_ops_tile),
           [](Stage &stage) {
             return std::make_tuple(stage.tensor_result(), stage.transposed_matrix(), 3,
                                    stage.inputs<int64_t>({2, 1, 2}));
           })
          .wrong("repetition_count", -1, PS_INVALID_ARGUMENT)
          .wrong("repetition_count", 17, PS_INVALID_ARGUMENT)
          .wrong("repetitions", "one below 0", PS_INVALID_ARGUMENT, "(2, -1, 2)",
                 [](Stage &stage) {
                   return stage.inputs<int64_t>({2, -1, 2});
                 })
          .wrong("repetitions", "an axis too long", PS_INVALID_ARGUMENT, std::to_string(far),
                 [](Stage &stage) {
                   return stage.inputs<int64_t>({2, far, 2});
                 })
          .wrong("repetitions", "too many bytes", PS_INVALID_ARGUMENT, std::to_string(far / 8),
                 [](Stage &stage) {
                   return stage.inputs<int64_t>({2, far / 8, 1});
                 }),
      Call(NAMED(ps_ops_tile),
           [](Stage &stage) {
             return std::make_tuple(stage.tensor_result(), stage.matrix(), 0, stage.inputs<int64_t>({0}));
           })
          .named("no repetitions")
          .wrong("repetition_count", -1, PS_INVALID_ARGUMENT)
          .optional("repetitions", "optional when there are none"),
      Call(NAMED(ps_ops_repeat),
           [](Stage &stage) {
             return std::make_tuple(stage.tensor_result(), stage.transposed_matrix(), indices(stage, {0, 2, 1}), 0);
           })
          .wrong("repetitions", "two", PS_INVALID_ARGUMENT, "(2,)",
                 [](Stage &stage) {
                   return indices(stage, {1, 2});
                 })
          .wrong("repetitions", "one below 0", PS_INVALID_ARGUMENT, "-1",
                 [](Stage &stage) {
                   return indices(stage, {1, 2, -1});
                 })
          .wrong("repetitions", "more than an axis can have", PS_INVALID_ARGUMENT, "(3, 2)",
                 [](Stage &stage) {
                   return indices(stage, {far, far, far});
                 })
          .wrong("repetitions", "of float32", PS_TYPE_MISMATCH, "float32", [](Stage &stage) { return stage.matrix(); }),
      Call(NAMED(ps_ops_roll),
           [](Stage &stage) {
             return std::make_tuple(stage.tensor_result(), stage.transposed_matrix(), 2,
                                    stage.inputs<int64_t>({-1, INT64_MAX}), stage.inputs<int32_t>({0, -1}));
           })
          .wrong("shift_count", 0, PS_INVALID_ARGUMENT)
          .wrong("shift_count", 17, PS_INVALID_ARGUMENT)
          .wrong("axes", "one too large", PS_OUT_OF_RANGE, "axis 2",
                 [](Stage &stage) {
                   return stage.inputs<int32_t>({0, 2});
                 }),
      Call(NAMED(ps_ops_roll),
           [](Stage &stage) {
             return std::make_tuple(stage.tensor_result(), stage.transposed_matrix(), 1, stage.inputs<int64_t>({4}),
                                    stage.inputs<int32_t>({0}));
           })
          .named("all in row-major order")
          .wrong("shift_count", -1, PS_INVALID_ARGUMENT)
          .optional("axes", "axes optional"),
      Call(NAMED(ps_ops_diff),
           [](Stage &stage) {
             return std::make_tuple(stage.tensor_result(), stage.matrix(), 0, int64_t{1}, stage.row(), stage.row());
           })
          .optional("prepended", "prepended optional")
          .optional("appended", "appended likewise behind")
          .wrong("operand", "one of bool", PS_TYPE_MISMATCH, "bool",
                 [](Stage &stage) {
                   return stage.tensor(make_tensor<int8_t>(PS_BOOL, {1, 3}, {0, 1, 0}));
                 })
          .wrong("order", int64_t{-1}, PS_INVALID_ARGUMENT)
          .wrong("appended", "one of another shape", PS_INVALID_ARGUMENT, "(4,)", four_numbers),
  };
}

std::vector<Call> making_calls() {
  std::vector<Call> calls;
  for (const auto &[name, function] : {std::make_pair(NAMED(ps_ops_tril)), std::make_pair(NAMED(ps_ops_triu))})
    calls.push_back(
        Call(name, function,
             [](Stage &stage) { return std::make_tuple(stage.tensor_result(), stage.transposed_matrix(), INT64_MIN); })
            .any("diagonal", "any number")
            .wrong("operand", "one of one axis", PS_INVALID_ARGUMENT, "(4,)", four_numbers));
  calls.push_back(Call(NAMED(ps_ops_eye),
                       [](Stage &stage) {
                         return std::make_tuple(stage.tensor_result(), int64_t{3}, int64_t{4}, int64_t{1}, PS_BOOL,
                                                stage.input<ps_tensor_options>(PS_TENSOR_OPTIONS_INIT));
                       })
                      .any("diagonal", "any number")
                      .optional("options", "options optional: where the memory lies")
                      .wrong("rows", int64_t{-1}, PS_INVALID_ARGUMENT)
                      .wrong("rows", INT64_MAX, PS_INVALID_ARGUMENT)
                      .wrong("columns", int64_t{-1}, PS_INVALID_ARGUMENT)
                      .wrong("dtype", static_cast<int32_t>(PS_FLOAT8_E5M2), PS_TYPE_MISMATCH, "float8_e5m2"));
  calls.push_back(Call(NAMED(ps_ops_linspace),
                       [](Stage &stage) {
                         return std::make_tuple(stage.tensor_result(), -1.0, 2.0, int64_t{4}, 1, PS_FLOAT32,
                                                stage.input<ps_tensor_options>(PS_TENSOR_OPTIONS_INIT));
                       })
                      .optional("options", "options optional: where the memory lies")
                      .wrong("start", std::numeric_limits<double>::quiet_NaN(), PS_INVALID_ARGUMENT, "nan")
                      .wrong("stop", std::numeric_limits<double>::infinity(), PS_INVALID_ARGUMENT, "inf")
                      .wrong("count", int64_t{-1}, PS_INVALID_ARGUMENT)
                      .wrong("count", INT64_MAX, PS_INVALID_ARGUMENT)
                      .wrong("with_stop", 2, PS_INVALID_ARGUMENT)
                      .wrong("dtype", static_cast<int32_t>(PS_BOOL), PS_TYPE_MISMATCH, "bool"));
  return calls;
}

}  // namespace

std::vector<Call> ops_arrange_calls() {
  std::vector<Call> joined;
  for (const auto &part : {sorting_calls(), searching_calls(), joining_calls(), repeating_calls(), making_calls()})
    joined.insert(joined.end(), part.begin(), part.end());
  return joined;
}

}  // namespace penstock::test
