// Valid calls of the functions of penstock/tensor.h that make views.
#include "calls.h"

namespace penstock::test {
namespace {

constexpr int64_t two_to_62 = INT64_C(1) << 62;

auto axes(std::vector<int32_t> numbers) {
  return [numbers](Stage &stage) { return stage.inputs(numbers); };
}

auto sizes(std::vector<int64_t> numbers) {
  return [numbers](Stage &stage) { return stage.inputs(numbers); };
}

std::vector<Call> index_calls() {
  return {
      Call(NAMED(ps_tensor_slice),
           [](Stage &stage) { return std::make_tuple(stage.tensor_result(), stage.matrix(), 1, 0, 3, 2); })
          .any("start", "what lies outside is cut to the axis")
          .any("stop", "what lies outside is cut to the axis")
          .wrong("step", INT64_C(0), PS_INVALID_ARGUMENT),
      Call(NAMED(ps_tensor_slice),
           [](Stage &stage) {
             return std::make_tuple(stage.tensor_result(), stage.matrix(), -1, two_to_62, INT64_MIN + 1, INT64_MIN);
           })
          .named("far outside, backwards")
          .any("start", "what lies outside is cut to the axis")
          .any("stop", "what lies outside is cut to the axis")
          .wrong("step", INT64_C(0), PS_INVALID_ARGUMENT),
      Call(NAMED(ps_tensor_select),
           [](Stage &stage) { return std::make_tuple(stage.tensor_result(), stage.matrix(), 0, 1); })
          .wrong("index", INT64_C(2), PS_OUT_OF_RANGE)
          .wrong("index", INT64_C(-3), PS_OUT_OF_RANGE)
          .wrong("index", two_to_62, PS_OUT_OF_RANGE)
          .wrong("index", INT64_MIN, PS_OUT_OF_RANGE)
          .wrong("index", INT64_MAX, PS_OUT_OF_RANGE),
      Call(NAMED(ps_tensor_narrow),
           [](Stage &stage) { return std::make_tuple(stage.tensor_result(), stage.matrix(), 1, 1, 2); })
          .wrong("start", INT64_C(-1), PS_OUT_OF_RANGE)
          .wrong("start", INT64_C(2), PS_OUT_OF_RANGE)
          .wrong("start", two_to_62, PS_OUT_OF_RANGE)
          .wrong("start", INT64_MIN, PS_OUT_OF_RANGE)
          .wrong("start", INT64_MAX, PS_OUT_OF_RANGE)
          .wrong("length", INT64_C(-1), PS_OUT_OF_RANGE)
          .wrong("length", INT64_C(3), PS_OUT_OF_RANGE)
          .wrong("length", two_to_62, PS_OUT_OF_RANGE)
          .wrong("length", INT64_MIN, PS_OUT_OF_RANGE)
          .wrong("length", INT64_MAX, PS_OUT_OF_RANGE),
  };
}

std::vector<Call> axis_calls() {
  return {
      Call(NAMED(ps_tensor_permute),
           [](Stage &stage) {
             return std::make_tuple(stage.tensor_result(), stage.matrix(), 2, stage.inputs<int32_t>({1, 0}));
           })
          .wrong("axis_count", 1, PS_INVALID_ARGUMENT)
          .wrong("axes", "an axis too large", PS_OUT_OF_RANGE, "99", axes({99, 0}))
          .wrong("axes", "an axis too small", PS_OUT_OF_RANGE, std::to_string(INT32_MIN), axes({0, INT32_MIN}))
          .wrong("axes", "an axis twice", PS_INVALID_ARGUMENT, "twice", axes({1, -1})),
      Call(NAMED(ps_tensor_transpose),
           [](Stage &stage) { return std::make_tuple(stage.tensor_result(), stage.matrix(), 0, -1); }),
      Call(NAMED(ps_tensor_squeeze),
           [](Stage &stage) {
             return std::make_tuple(stage.tensor_result(), stage.row(), 1, stage.inputs<int32_t>({0, 0}));
           })
          .wrong("axis_count", 2, PS_INVALID_ARGUMENT, "twice")
          .wrong("axes", "an axis too large", PS_OUT_OF_RANGE, "99", axes({99}))
          .wrong("axes", "an axis too small", PS_OUT_OF_RANGE, std::to_string(INT32_MIN), axes({INT32_MIN}))
          .wrong("axes", "an axis of size 3", PS_INVALID_ARGUMENT, "3", axes({1})),
      Call(NAMED(ps_tensor_squeeze),
           [](Stage &stage) {
             return std::make_tuple(stage.tensor_result(), stage.row(), 0, stage.inputs<int32_t>({0}));
           })
          .named("no axes named")
          .optional("axes", "axis_count 0 (axes is then optional)"),
      Call(NAMED(ps_tensor_unsqueeze),
           [](Stage &stage) { return std::make_tuple(stage.tensor_result(), stage.matrix(), 2); })
          .wrong("axis", 3, PS_OUT_OF_RANGE)
          .wrong("axis", -4, PS_OUT_OF_RANGE),
  };
}

std::vector<Call> shape_calls() {
  return {
      Call(NAMED(ps_tensor_reshape),
           [](Stage &stage) {
             return std::make_tuple(stage.tensor_result(), stage.matrix(), 2, stage.inputs<int64_t>({3, 2}));
           })
          .wrong("shape", "another count", PS_INVALID_ARGUMENT, "7", sizes({7, 1}))
          .wrong("shape", "two open sizes", PS_INVALID_ARGUMENT, "-1", sizes({-1, -1}))
          .wrong("shape", "an open size beside 0", PS_INVALID_ARGUMENT, "-1", sizes({-1, 0}))
          .wrong("tensor", "one without such a view", PS_INVALID_ARGUMENT, "contiguous",
                 [](Stage &stage) { return stage.transposed_tall_matrix(); }),
      Call(NAMED(ps_tensor_expand),
           [](Stage &stage) {
             return std::make_tuple(stage.tensor_result(), stage.row(), 2, stage.inputs<int64_t>({4, -1}));
           })
          .wrong("shape", "another size than 3", PS_INVALID_ARGUMENT, "7", sizes({4, 7})),
      Call(NAMED(ps_tensor_flatten),
           [](Stage &stage) { return std::make_tuple(stage.tensor_result(), stage.matrix()); })
          .wrong("tensor", "one without such a view", PS_INVALID_ARGUMENT, "contiguous",
                 [](Stage &stage) { return stage.transposed_matrix(); }),
      Call(NAMED(ps_tensor_reinterpret),
           [](Stage &stage) { return std::make_tuple(stage.tensor_result(), stage.matrix(), PS_INT16); })
          .wrong("dtype", "one of 8 bytes for rows of 12", PS_INVALID_ARGUMENT, "float64",
                 [](Stage &) { return PS_FLOAT64; })
          .wrong("tensor", "one whose last axis is not dense", PS_INVALID_ARGUMENT, "dense",
                 [](Stage &stage) { return stage.transposed_matrix(); }),
  };
}

}  // namespace

std::vector<Call> tensor_view_calls() {
  std::vector<Call> joined;
  for (const auto &part : {index_calls(), axis_calls(), shape_calls()})
    joined.insert(joined.end(), part.begin(), part.end());
  return joined;
}

}  // namespace penstock::test
