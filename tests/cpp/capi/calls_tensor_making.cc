// Valid calls of the functions of penstock/tensor.h about dtypes, making tensors, holds and reading what a tensor is.
#include <limits>

#include "calls.h"

namespace penstock::test {
namespace {

constexpr int64_t two_to_62 = INT64_C(1) << 62;
const std::vector<int64_t> two_by_three = {2, 3}, two_by_none = {2, 0};

void ignore(void *) {}

const ps_tensor_options *options(Stage &stage) { return stage.input<ps_tensor_options>(PS_TENSOR_OPTIONS_INIT); }

const int64_t *shape(Stage &stage) { return stage.inputs(two_by_three); }

// A getter of a tensor: NULL gives its failure value.
template <typename Result>
Call getter(const char *name, Result (*function)(const ps_tensor *), int64_t when_null) {
  return Call(name, function, [](Stage &stage) { return std::make_tuple(stage.matrix()); }).fails_with(when_null);
}

std::vector<Call> dtype_calls() {
  return {
      Call(NAMED(ps_dtype_size), [](Stage &) { return std::make_tuple(PS_FLOAT32); }),
      Call(NAMED(ps_dtype_name), [](Stage &) { return std::make_tuple(PS_FLOAT32); }),
      Call(NAMED(ps_dtype_from_name),
           [](Stage &stage) { return std::make_tuple(stage.result<ps_dtype>(), stage.string("int16")); })
          .wrong("name", "a short code", PS_NOT_FOUND, "f4", [](Stage &stage) { return stage.string("f4"); }),
      Call(NAMED(ps_tensor_options_init),
           [](Stage &stage) { return std::make_tuple(stage.result<ps_tensor_options>(), sizeof(ps_tensor_options)); }),
      Call(NAMED(ps_wrap_options_init),
           [](Stage &stage) { return std::make_tuple(stage.result<ps_wrap_options>(), sizeof(ps_wrap_options)); }),
  };
}

std::vector<Call> allocating_calls() {
  return {
      Call(NAMED(ps_tensor_empty),
           [](Stage &stage) {
             return std::make_tuple(stage.tensor_result(), PS_FLOAT32, 2, shape(stage), options(stage));
           })
          .optional("options", "options optional"),
      Call(
          NAMED(ps_tensor_empty),
          [](Stage &stage) { return std::make_tuple(stage.tensor_result(), PS_INT8, 0, shape(stage), options(stage)); })
          .named("rank 0")
          .optional("shape", "the array may be NULL when ndim is 0")
          .optional("options", "options optional"),
      Call(NAMED(ps_tensor_zeros),
           [](Stage &stage) {
             return std::make_tuple(stage.tensor_result(), PS_COMPLEX64, 2, shape(stage), options(stage));
           })
          .optional("options", "Otherwise as ps_tensor_empty()"),
      Call(NAMED(ps_tensor_full),
           [](Stage &stage) {
             return std::make_tuple(stage.tensor_result(), PS_FLOAT64, 2, shape(stage), stage.input<int32_t>(7),
                                    PS_INT32, options(stage));
           })
          .wrong("value_dtype", "complex64", PS_TYPE_MISMATCH, "complex64", [](Stage &) { return PS_COMPLEX64; })
          .optional("options", "Otherwise as ps_tensor_empty()"),
      Call(NAMED(ps_tensor_from_data),
           [](Stage &stage) {
             return std::make_tuple(stage.tensor_result(), PS_INT16, 2, shape(stage),
                                    stage.inputs<int16_t>({0, 1, 2, 3, 4, 5}), 12, options(stage));
           })
          .wrong("data_nbytes", UINT64_C(0), PS_INVALID_ARGUMENT)
          .wrong("data_nbytes", UINT64_C(11), PS_INVALID_ARGUMENT)
          .wrong("data_nbytes", static_cast<uint64_t>(two_to_62), PS_INVALID_ARGUMENT)
          .wrong("data_nbytes", UINT64_MAX, PS_INVALID_ARGUMENT)
          .optional("options", "Otherwise as ps_tensor_empty()"),
      Call(NAMED(ps_tensor_from_data),
           [](Stage &stage) {
             return std::make_tuple(stage.tensor_result(), PS_INT16, 2, stage.inputs(two_by_none), stage.memory(1), 0,
                                    options(stage));
           })
          .named("no elements")
          .wrong("data_nbytes", UINT64_C(2), PS_INVALID_ARGUMENT)
          .optional("data", "data may be NULL when data_nbytes is 0")
          .optional("options", "Otherwise as ps_tensor_empty()"),
  };
}

std::vector<Call> range_calls() {
  const double infinity = std::numeric_limits<double>::infinity(), nan = std::numeric_limits<double>::quiet_NaN();
  return {
      Call(NAMED(ps_tensor_arange_int64),
           [](Stage &stage) { return std::make_tuple(stage.tensor_result(), 0, 6, 2, PS_INT64, options(stage)); })
          .wrong("start", -two_to_62, PS_INVALID_ARGUMENT)
          .wrong("start", INT64_MIN, PS_INVALID_ARGUMENT)
          .wrong("stop", two_to_62, PS_INVALID_ARGUMENT)
          .wrong("stop", INT64_MAX, PS_INVALID_ARGUMENT)
          .wrong("step", INT64_C(0), PS_INVALID_ARGUMENT)
          .wrong("dtype", "bool", PS_TYPE_MISMATCH, "bool", [](Stage &) { return PS_BOOL; })
          .optional("options", "options optional"),
      Call(NAMED(ps_tensor_arange_int64),
           [](Stage &stage) { return std::make_tuple(stage.tensor_result(), 0, 300, 100, PS_INT16, options(stage)); })
          .named("an integer dtype of fewer bits")
          .wrong("start", INT64_C(-32769), PS_OUT_OF_RANGE)
          .wrong("stop", INT64_C(32869), PS_OUT_OF_RANGE, "32800")
          .wrong("step", INT64_C(0), PS_INVALID_ARGUMENT)
          .wrong("dtype", "int8", PS_OUT_OF_RANGE, "200", [](Stage &) { return PS_INT8; })
          .optional("options", "options optional"),
      Call(NAMED(ps_tensor_arange_float64),
           [](Stage &stage) {
             return std::make_tuple(stage.tensor_result(), 0.0, 1.0, 0.25, PS_FLOAT32, options(stage));
           })
          .wrong("start", "infinite", PS_INVALID_ARGUMENT, "inf", [=](Stage &) { return -infinity; })
          .wrong("stop", "infinite", PS_INVALID_ARGUMENT, "inf", [=](Stage &) { return infinity; })
          .wrong("stop", "2^62", PS_INVALID_ARGUMENT, std::to_string(two_to_62), [](Stage &) { return 0x1p62; })
          .wrong("step", "NaN", PS_INVALID_ARGUMENT, "nan", [=](Stage &) { return nan; })
          .wrong("step", "0", PS_INVALID_ARGUMENT, "0", [](Stage &) { return 0.0; })
          .wrong("dtype", "int32", PS_TYPE_MISMATCH, "int32", [](Stage &) { return PS_INT32; })
          .optional("options", "Otherwise as ps_tensor_arange_int64()"),
  };
}

std::vector<Call> wrap_calls() {
  const auto wrapped = [](Stage &stage, void *data, const std::vector<int64_t> &sizes) {
    return std::make_tuple(stage.tensor_result(), data, PS_FLOAT32, 2, stage.inputs(sizes),
                           stage.inputs<int64_t>({3, 1}), ignore, nullptr,
                           stage.input<ps_wrap_options>(PS_WRAP_OPTIONS_INIT));
  };
  return {
      Call(NAMED(ps_tensor_wrap),
           [=](Stage &stage) {
             return wrapped(stage, stage.inputs<float>({0, 1, 2, 3, 4, 5}), two_by_three);
           })
          .wrong("data", "one byte off", PS_INVALID_ARGUMENT, "align",
                 [](Stage &stage) { return stage.inputs<char>(std::vector<char>(25)) + 1; })
          .wrong("strides", "2^62", PS_INVALID_ARGUMENT, std::to_string(two_to_62),
                 [](Stage &stage) {
                   return stage.inputs<int64_t>({two_to_62, 1});
                 })
          .wrong("strides", "INT64_MAX", PS_INVALID_ARGUMENT, std::to_string(INT64_MAX),
                 [](Stage &stage) {
                   return stage.inputs<int64_t>({INT64_MAX, 1});
                 })
          .wrong("strides", "INT64_MIN", PS_INVALID_ARGUMENT, std::to_string(INT64_MIN),
                 [](Stage &stage) {
                   return stage.inputs<int64_t>({3, INT64_MIN});
                 })
          .optional("strides", "strides optional: NULL means row-major")
          .optional("deleter", "deleter optional: called exactly once")
          .any("user", "user handed to deleter")
          .optional("options", "options optional"),
      Call(NAMED(ps_tensor_wrap), [=](Stage &stage) { return wrapped(stage, stage.memory(4), two_by_none); })
          .named("no elements")
          .optional("data", "optional when a size is 0")
          .optional("strides", "strides optional: NULL means row-major")
          .optional("deleter", "deleter optional: called exactly once")
          .any("user", "user handed to deleter")
          .optional("options", "options optional"),
  };
}

std::vector<Call> hold_calls() {
  return {
      Call(NAMED(ps_tensor_retain), [](Stage &stage) { return std::make_tuple(stage.matrix()); }),
      Call(NAMED(ps_tensor_release), [](Stage &stage) { return std::make_tuple(stage.tensor_to_release()); })
          .any("tensor", "NULL is accepted and does nothing")
          .once_a_stage(),
      Call(NAMED(ps_tensor_release), [](Stage &) { return std::make_tuple(nullptr); })
          .named("NULL")
          .any("tensor", "NULL is accepted and does nothing"),
  };
}

std::vector<Call> getter_calls() {
  return {
      getter(NAMED(ps_tensor_ndim), -1),
      getter(NAMED(ps_tensor_shape), 0),
      getter(NAMED(ps_tensor_strides), 0),
      getter(NAMED(ps_tensor_element_count), -1),
      getter(NAMED(ps_tensor_nbytes), -1),
      getter(NAMED(ps_tensor_dtype), 0),
      getter(NAMED(ps_tensor_device_type), 0),
      getter(NAMED(ps_tensor_device_id), -1),
      getter(NAMED(ps_tensor_data), 0),
      getter(NAMED(ps_tensor_mutable_data), 0)
          .wrong("tensor", "a read-only one", PS_READ_ONLY, "read-only",
                 [](Stage &stage) { return stage.read_only_matrix(); }),
      getter(NAMED(ps_tensor_is_contiguous), -1),
      getter(NAMED(ps_tensor_is_readonly), -1),
      getter(NAMED(ps_tensor_is_pinned), -1),
  };
}

}  // namespace

std::vector<Call> tensor_making_calls() {
  std::vector<Call> joined;
  for (const auto &part :
       {dtype_calls(), allocating_calls(), range_calls(), wrap_calls(), hold_calls(), getter_calls()})
    joined.insert(joined.end(), part.begin(), part.end());
  return joined;
}

}  // namespace penstock::test
