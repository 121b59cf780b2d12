// Valid calls of what penstock/safetensors.h declares.
#include "calls.h"

#include <utility>

namespace penstock::test {
namespace {

auto texts(std::vector<const char *> given) {
  return [given](Stage &stage) { return stage.inputs(given); };
}

const ps_load_options *load_options(Stage &stage) { return stage.input<ps_load_options>(PS_LOAD_OPTIONS_INIT); }
const ps_save_options *save_options(Stage &stage) { return stage.input<ps_save_options>(PS_SAVE_OPTIONS_INIT); }

Call with_wrong_indices(Call call, int64_t count) {
  return std::move(call)
      .wrong("index", INT64_C(-1), PS_OUT_OF_RANGE)
      .wrong("index", count, PS_OUT_OF_RANGE)
      .wrong("index", INT64_C(1) << 62, PS_OUT_OF_RANGE)
      .wrong("index", INT64_MIN, PS_OUT_OF_RANGE)
      .wrong("index", INT64_MAX, PS_OUT_OF_RANGE);
}

Call with_wrong_counts(Call call, const char *parameter) {
  return std::move(call)
      .wrong(parameter, INT64_C(-1), PS_INVALID_ARGUMENT)
      .wrong(parameter, INT64_C(1) << 62, PS_INVALID_ARGUMENT)
      .wrong(parameter, INT64_MIN, PS_INVALID_ARGUMENT)
      .wrong(parameter, INT64_MAX, PS_INVALID_ARGUMENT);
}

std::vector<Call> reading_calls() {
  return {
      Call(NAMED(ps_safetensors_open),
           [](Stage &stage) { return std::make_tuple(stage.safetensors_result(), stage.safetensors_file()); })
          .wrong("path", "no such file", PS_NOT_FOUND, "missing.safetensors",
                 [](Stage &stage) { return stage.path("missing.safetensors"); })
          .wrong("path", "another kind of file", PS_DATA_ERROR, "matrix.npy",
                 [](Stage &stage) { return stage.npy_file(); }),
      Call(NAMED(ps_safetensors_retain), [](Stage &stage) { return std::make_tuple(stage.safetensors()); }),
      Call(NAMED(ps_safetensors_release), [](Stage &stage) { return std::make_tuple(stage.safetensors_to_release()); })
          .any("file", "NULL is accepted and does nothing")
          .once_a_stage(),
      Call(NAMED(ps_safetensors_release), [](Stage &) { return std::make_tuple(nullptr); })
          .named("NULL")
          .any("file", "NULL is accepted and does nothing"),
      Call(NAMED(ps_safetensors_count), [](Stage &stage) { return std::make_tuple(stage.safetensors()); })
          .fails_with(-1),
      with_wrong_indices(
          Call(NAMED(ps_safetensors_name), [](Stage &stage) { return std::make_tuple(stage.safetensors(), 1); }), 2),
      Call(NAMED(ps_safetensors_metadata_count), [](Stage &stage) { return std::make_tuple(stage.safetensors()); })
          .fails_with(-1),
      with_wrong_indices(Call(NAMED(ps_safetensors_metadata_key),
                              [](Stage &stage) { return std::make_tuple(stage.safetensors(), 1); }),
                         2),
      with_wrong_indices(Call(NAMED(ps_safetensors_metadata_value),
                              [](Stage &stage) { return std::make_tuple(stage.safetensors(), 1); }),
                         2),
      Call(NAMED(ps_safetensors_read),
           [](Stage &stage) {
             return std::make_tuple(stage.tensor_result(), stage.safetensors(), stage.string("weights"),
                                    load_options(stage));
           })
          .wrong("name", "no such tensor", PS_NOT_FOUND, "biases", [](Stage &stage) { return stage.string("biases"); })
          .optional("options", "options optional"),
  };
}

Call save_call() {
  return Call(NAMED(ps_safetensors_save), [](Stage &stage) {
    return std::make_tuple(stage.path("new.safetensors"), 2,
                           stage.inputs<const char *>({stage.string("first"), stage.string("second")}),
                           stage.inputs<ps_tensor *>({stage.transposed_matrix(), stage.matrix()}), 1,
                           stage.inputs<const char *>({stage.string("format")}),
                           stage.inputs<const char *>({stage.string("ps")}), save_options(stage));
  });
}

Call wrong_names_call() {
  return with_wrong_counts(with_wrong_counts(save_call(), "count"), "metadata_count")
      .wrong("path", "no such folder", PS_NOT_FOUND, "missing/new.safetensors",
             [](Stage &stage) { return stage.path("missing/new.safetensors"); })
      .wrong("names", "one is NULL", PS_INVALID_ARGUMENT, "names[1]", texts({"first", nullptr}))
      .wrong("names", "one stands twice", PS_INVALID_ARGUMENT, "again", texts({"again", "again"}))
      .wrong("names", "the format's own", PS_INVALID_ARGUMENT, "__metadata__", texts({"first", "__metadata__"}))
      .wrong("names", "one is not UTF-8", PS_INVALID_ARGUMENT, "UTF-8", texts({"first", "\xff"}))
      .wrong("tensors", "one is NULL", PS_INVALID_ARGUMENT, "tensors[1]",
             [](Stage &stage) {
               return stage.inputs<ps_tensor *>({stage.matrix(), nullptr});
             })
      .wrong("tensors", "one of complex128", PS_TYPE_MISMATCH, "complex128",
             [](Stage &stage) {
               return stage.inputs<ps_tensor *>(
                   {stage.matrix(), stage.tensor(make_tensor<double>(PS_COMPLEX128, {1}, {1, 2}))});
             })
      .wrong("keys", "one is NULL", PS_INVALID_ARGUMENT, "keys[0]", texts({nullptr}))
      .wrong("keys", "one is not UTF-8", PS_INVALID_ARGUMENT, "UTF-8", texts({"\xff"}))
      .wrong("values", "one is NULL", PS_INVALID_ARGUMENT, "values[0]", texts({nullptr}))
      .wrong("values", "one is not UTF-8", PS_INVALID_ARGUMENT, "UTF-8", texts({"\xff"}))
      .any("options.compression", "compression is ignored")
      .optional("options", "options optional");
}

Call empty_save_call() {
  return Call(NAMED(ps_safetensors_save),
              [](Stage &stage) {
                return std::make_tuple(stage.path("new.safetensors"), 0, stage.inputs<const char *>({nullptr}),
                                       stage.inputs<ps_tensor *>({nullptr}), 0, stage.inputs<const char *>({nullptr}),
                                       stage.inputs<const char *>({nullptr}), save_options(stage));
              })
      .named("nothing")
      .wrong("count", INT64_C(-1), PS_INVALID_ARGUMENT)
      .wrong("metadata_count", INT64_C(-1), PS_INVALID_ARGUMENT)
      .optional("names", "the arrays are optional when count is 0")
      .optional("tensors", "the arrays are optional when count is 0")
      .optional("keys", "the arrays are optional when metadata_count is 0")
      .optional("values", "the arrays are optional when metadata_count is 0")
      .any("options.compression", "compression is ignored")
      .optional("options", "options optional");
}

}  // namespace

std::vector<Call> safetensors_calls() {
  std::vector<Call> joined = reading_calls();
  joined.push_back(wrong_names_call());
  joined.push_back(empty_save_call());
  return joined;
}

}  // namespace penstock::test
