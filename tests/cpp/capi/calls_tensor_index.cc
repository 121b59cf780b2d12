// Valid calls of what penstock/tensor_index.h declares.
#include "calls.h"

namespace penstock::test {
namespace {

ps_tensor *index_of(Stage &stage, const std::vector<int64_t> &values) {
  return stage.tensor(make_tensor<int64_t>(PS_INT64, {static_cast<int64_t>(values.size())}, values));
}

// Indices into a matrix() that pick two elements, and room for one more than it has axes.
ps_tensor *const *two_indices(Stage &stage) {
  return stage.inputs<ps_tensor *>({index_of(stage, {1, -2}), index_of(stage, {2, 0}), nullptr});
}

auto replaced(std::vector<int64_t> first, std::vector<int64_t> second) {
  return [=](Stage &stage) { return stage.inputs<ps_tensor *>({index_of(stage, first), index_of(stage, second)}); };
}

Call with_wrong_indices(Call call) {
  return std::move(call)
      .wrong("index_count", -1, PS_INVALID_ARGUMENT)
      .wrong("index_count", 3, PS_INVALID_ARGUMENT)
      .wrong("index_count", 17, PS_INVALID_ARGUMENT)
      .wrong("index_count", INT32_MIN, PS_INVALID_ARGUMENT)
      .wrong("index_count", INT32_MAX, PS_INVALID_ARGUMENT)
      .wrong("indices", "one too large", PS_OUT_OF_RANGE, "index 3", replaced({1, 0}, {2, 3}))
      .wrong("indices", "one too small", PS_OUT_OF_RANGE, "index -3", replaced({-3, 0}, {2, 0}))
      .wrong("indices", "the smallest number", PS_OUT_OF_RANGE, std::to_string(INT64_MIN),
             replaced({1, INT64_MIN}, {2, 0}))
      .wrong("indices", "of two and three numbers", PS_INVALID_ARGUMENT, "broadcast", replaced({1, 0}, {2, 0, 1}))
      .wrong("indices", "of float32", PS_TYPE_MISMATCH, "float32", [](Stage &stage) {
        return stage.inputs<ps_tensor *>({stage.matrix(), stage.matrix()});
      });
}

std::vector<Call> take_calls() {
  return {
      with_wrong_indices(Call(
          NAMED(ps_tensor_take),
          [](Stage &stage) { return std::make_tuple(stage.tensor_result(), stage.matrix(), 2, two_indices(stage)); })),
      Call(NAMED(ps_tensor_take),
           [](Stage &stage) {
             return std::make_tuple(stage.tensor_result(), stage.transposed_matrix(), 2,
                                    stage.inputs<ps_tensor *>({nullptr, index_of(stage, {1, 1, 0}), nullptr}));
           })
          .named("the whole of an axis")
          .wrong("index_count", 3, PS_INVALID_ARGUMENT),
      Call(NAMED(ps_tensor_take),
           [](Stage &stage) {
             return std::make_tuple(stage.tensor_result(), stage.matrix(), 0, stage.inputs<ps_tensor *>({nullptr}));
           })
          .named("no indices")
          .wrong("index_count", -1, PS_INVALID_ARGUMENT)
          .optional("indices", "indices optional when index_count is 0"),
  };
}

ps_tensor *two_integers(Stage &stage) { return stage.tensor(make_tensor<int32_t>(PS_INT32, {2}, {8, 9})); }

std::vector<Call> put_calls() {
  return {
      with_wrong_indices(Call(NAMED(ps_tensor_put),
                              [](Stage &stage) {
                                return std::make_tuple(stage.matrix(), 2, two_indices(stage), two_integers(stage),
                                                       PS_CAST_SAME_KIND);
                              })
                             .wrong("destination", "a read-only one", PS_READ_ONLY, "read-only",
                                    [](Stage &stage) { return stage.read_only_matrix(); })
                             .wrong("destination", "one of bool", PS_TYPE_MISMATCH, "bool",
                                    [](Stage &stage) {
                                      return stage.tensor(make_tensor<int8_t>(PS_BOOL, {2, 3}, {0, 1, 0, 1, 0, 1}));
                                    })
                             .wrong("source", "one of another shape", PS_INVALID_ARGUMENT, "(2, 3)",
                                    [](Stage &stage) { return stage.matrix(); })
                             .wrong("source", "one of complex64", PS_TYPE_MISMATCH, "complex64",
                                    [](Stage &stage) {
                                      return stage.tensor(make_tensor<float>(PS_COMPLEX64, {2}, {0, 1, 2, 3}));
                                    })),
      Call(NAMED(ps_tensor_put),
           [](Stage &stage) {
             ps_tensor *matrix = stage.matrix();
             return std::make_tuple(matrix, 1, stage.inputs<ps_tensor *>({index_of(stage, {1, 0})}), matrix,
                                    PS_CAST_UNSAFE);
           })
          .named("a tensor into itself")
          .wrong("index_count", -1, PS_INVALID_ARGUMENT),
      Call(NAMED(ps_tensor_put),
           [](Stage &stage) {
             return std::make_tuple(stage.matrix(), 0, stage.inputs<ps_tensor *>({nullptr}), stage.row(),
                                    PS_CAST_SAME_KIND);
           })
          .named("no indices")
          .wrong("index_count", -1, PS_INVALID_ARGUMENT)
          .optional("indices", "indices optional when index_count is 0"),
  };
}

std::vector<Call> nonzero_calls() {
  return {
      Call(NAMED(ps_tensor_nonzero),
           [](Stage &stage) { return std::make_tuple(stage.tensor_result(), stage.transposed_matrix()); })
          .wrong("tensor", "one of float8", PS_TYPE_MISMATCH, "float8",
                 [](Stage &stage) {
                   return stage.tensor(make_tensor<uint8_t>(PS_FLOAT8_E4M3FN, {2}, {0, 1}));
                 }),
  };
}

}  // namespace

std::vector<Call> tensor_index_calls() {
  std::vector<Call> joined;
  for (const auto &part : {take_calls(), put_calls(), nonzero_calls()})
    joined.insert(joined.end(), part.begin(), part.end());
  return joined;
}

}  // namespace penstock::test
