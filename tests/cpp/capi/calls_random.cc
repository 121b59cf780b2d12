// Valid calls of what penstock/random.h declares.
#include <penstock/random.h>

#include <cmath>

#include "calls.h"

namespace penstock::test {
namespace {

const ps_random_key *key(Stage &stage) { return stage.input<ps_random_key>({7, 1}); }
const int64_t *shape(Stage &stage) { return stage.inputs<int64_t>({2, 3}); }
const ps_tensor_options *options(Stage &stage) { return stage.input<ps_tensor_options>(PS_TENSOR_OPTIONS_INIT); }
ps_tensor *probabilities(Stage &stage, std::vector<double> values) {
  return stage.tensor(make_tensor<double>(PS_FLOAT64, {static_cast<int64_t>(values.size())}, std::move(values)));
}

Call with_default_options(Call call) {
  return std::move(call).optional("options", "options are those of ps_tensor_empty(), NULL for the defaults");
}

// Numbers that are not finite, where one must be.
Call with_endless(Call call, const char *parameter) {
  return std::move(call)
      .wrong(parameter, static_cast<double>(INFINITY), PS_INVALID_ARGUMENT, "inf")
      .wrong(parameter, static_cast<double>(NAN), PS_INVALID_ARGUMENT, "nan");
}

Call with_wrong_dtype(Call call, const char *name, ps_dtype dtype) {
  return std::move(call).wrong("dtype", name, PS_TYPE_MISMATCH, name, [dtype](Stage &) { return dtype; });
}

std::vector<Call> key_calls() {
  return {
      Call(NAMED(ps_random_fold_in),
           [](Stage &stage) { return std::make_tuple(stage.result<ps_random_key>(), key(stage), UINT64_C(3)); })
          .any("number", "A key made of another and a number"),
      Call(NAMED(ps_random_next),
           [](Stage &stage) {
             return std::make_tuple(stage.result<ps_random_key>(), stage.input<ps_random_generator>({{7, 1}, 5}));
           })
          .wrong("generator", "one that is used up", PS_OUT_OF_RANGE, "18446744073709551615",
                 [](Stage &stage) {
                   return stage.input<ps_random_generator>({{7, 1}, UINT64_MAX});
                 }),
  };
}

std::vector<Call> number_calls() {
  return {
      with_default_options(with_wrong_dtype(
          with_endless(with_endless(Call(NAMED(ps_random_uniform),
                                         [](Stage &stage) {
                                           return std::make_tuple(stage.tensor_result(), key(stage), PS_FLOAT32, 2,
                                                                  shape(stage), -1.0, 1.0, options(stage));
                                         }),
                                    "low"),
                       "high")
              .wrong("high", -1.0, PS_INVALID_ARGUMENT, "-1"),
          "int8", PS_INT8)),
      with_default_options(with_wrong_dtype(
          with_endless(with_endless(Call(NAMED(ps_random_normal),
                                         [](Stage &stage) {
                                           return std::make_tuple(stage.tensor_result(), key(stage), PS_FLOAT64, 2,
                                                                  shape(stage), 0.0, 1.0, options(stage));
                                         }),
                                    "mean"),
                       "deviation")
              .wrong("deviation", -1.0, PS_INVALID_ARGUMENT, "-1"),
          "complex64", PS_COMPLEX64)),
      with_default_options(with_wrong_dtype(Call(NAMED(ps_random_integers),
                                                 [](Stage &stage) {
                                                   return std::make_tuple(stage.tensor_result(), key(stage), PS_INT8, 2,
                                                                          shape(stage), -5, 5, options(stage));
                                                 })
                                                .wrong("low", INT64_C(5), PS_INVALID_ARGUMENT)
                                                .wrong("low", INT64_C(-129), PS_OUT_OF_RANGE)
                                                .wrong("high", INT64_C(-5), PS_INVALID_ARGUMENT)
                                                .wrong("high", INT64_C(129), PS_OUT_OF_RANGE, "128"),
                                            "bool", PS_BOOL)),
      with_default_options(Call(NAMED(ps_random_bernoulli),
                                [](Stage &stage) {
                                  return std::make_tuple(stage.tensor_result(), key(stage), 2, shape(stage), 0.5,
                                                         options(stage));
                                })
                               .wrong("probability", -0.5, PS_INVALID_ARGUMENT, "-0.5")
                               .wrong("probability", 1.5, PS_INVALID_ARGUMENT, "1.5")
                               .wrong("probability", static_cast<double>(NAN), PS_INVALID_ARGUMENT, "nan")),
  };
}

std::vector<Call> order_calls() {
  return {
      Call(NAMED(ps_random_permutation),
           [](Stage &stage) { return std::make_tuple(stage.tensor_result(), key(stage), INT64_C(5)); })
          .wrong("count", INT64_C(-1), PS_INVALID_ARGUMENT)
          .wrong("count", INT64_MAX, PS_INVALID_ARGUMENT),
      Call(NAMED(ps_random_choice),
           [](Stage &stage) {
             return std::make_tuple(stage.tensor_result(), key(stage), INT64_C(8), 2, shape(stage), 0,
                                    probabilities(stage, {1, 2, 3, 1, 2, 3, 4, 0.5}));
           })
          .wrong("population", INT64_C(0), PS_INVALID_ARGUMENT)
          .wrong("population", INT64_C(7), PS_INVALID_ARGUMENT, "(8,)")
          .wrong("probabilities", "negative ones", PS_INVALID_ARGUMENT, "-1",
                 [](Stage &stage) {
                   return probabilities(stage, {1, -1, 1, 1, 1, 1, 1, 1});
                 })
          .wrong("probabilities", "too few above 0", PS_INVALID_ARGUMENT, "only 2",
                 [](Stage &stage) {
                   return probabilities(stage, {1, 0, 1, 0, 0, 0, 0, 0});
                 })
          .wrong("probabilities", "a sum of 0", PS_INVALID_ARGUMENT, "sum 0",
                 [](Stage &stage) { return probabilities(stage, std::vector<double>(8)); })
          .wrong("replace", 2, PS_INVALID_ARGUMENT)
          .optional("probabilities", "probabilities optional"),
      Call(NAMED(ps_random_shuffle),
           [](Stage &stage) { return std::make_tuple(stage.transposed_tall_matrix(), key(stage), 1); })
          .wrong("tensor", "a read-only one", PS_READ_ONLY, "read-only",
                 [](Stage &stage) { return stage.read_only_matrix(); })
          .wrong("tensor", "one that requires gradients", PS_INVALID_ARGUMENT, "no_grad()",
                 [](Stage &stage) { return stage.leaf(); }),
  };
}

}  // namespace

std::vector<Call> random_calls() {
  std::vector<Call> joined = key_calls();
  for (const auto &part : {number_calls(), order_calls()}) joined.insert(joined.end(), part.begin(), part.end());
  return joined;
}

}  // namespace penstock::test
