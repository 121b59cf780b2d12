// Valid calls of what penstock/tensor_file.h declares.
#include "calls.h"

namespace penstock::test {
namespace {

constexpr int64_t two_to_62 = INT64_C(1) << 62;

int32_t go_on(void *, uint64_t, uint64_t) { return 0; }

const ps_load_options *load_options(Stage &stage) {
  ps_load_options options = PS_LOAD_OPTIONS_INIT;
  options.progress = go_on;
  return stage.input(options);
}

const ps_save_options *save_options(Stage &stage, int32_t compression) {
  ps_save_options options = PS_SAVE_OPTIONS_INIT;
  options.progress = go_on;
  options.compression = compression;
  return stage.input(options);
}

ps_tensor *of_bfloat16(Stage &stage) { return stage.tensor(make_tensor<uint16_t>(PS_BFLOAT16, {2}, {1, 2})); }

auto names(std::vector<const char *> given) {
  return [given](Stage &stage) { return stage.inputs(given); };
}

std::vector<Call> npy_calls() {
  return {
      Call(NAMED(ps_load_options_init),
           [](Stage &stage) { return std::make_tuple(stage.result<ps_load_options>(), sizeof(ps_load_options)); }),
      Call(NAMED(ps_save_options_init),
           [](Stage &stage) { return std::make_tuple(stage.result<ps_save_options>(), sizeof(ps_save_options)); }),
      Call(NAMED(ps_npy_load),
           [](Stage &stage) { return std::make_tuple(stage.tensor_result(), stage.npy_file(), load_options(stage)); })
          .wrong("path", "no such file", PS_NOT_FOUND, "missing.npy",
                 [](Stage &stage) { return stage.path("missing.npy"); })
          .wrong("path", "another kind of file", PS_DATA_ERROR, "arrays.npz",
                 [](Stage &stage) { return stage.npz_file(); })
          .wrong("path", "a folder", PS_IO_ERROR, "", [](Stage &stage) { return stage.path("."); })
          .optional("options", "options optional"),
      Call(NAMED(ps_npy_save),
           [](Stage &stage) {
             return std::make_tuple(stage.path("new.npy"), stage.transposed_matrix(), save_options(stage, 0));
           })
          .wrong("path", "no such folder", PS_NOT_FOUND, "missing/new.npy",
                 [](Stage &stage) { return stage.path("missing/new.npy"); })
          .wrong("tensor", "one of bfloat16", PS_TYPE_MISMATCH, "bfloat16", of_bfloat16)
          .any("options.compression", "0 stores members as they are")
          .optional("options", "options optional"),
  };
}

std::vector<Call> npz_reading_calls() {
  return {
      Call(NAMED(ps_npz_open), [](Stage &stage) { return std::make_tuple(stage.npz_result(), stage.npz_file()); })
          .wrong("path", "no such file", PS_NOT_FOUND, "missing.npz",
                 [](Stage &stage) { return stage.path("missing.npz"); })
          .wrong("path", "another kind of file", PS_DATA_ERROR, "matrix.npy",
                 [](Stage &stage) { return stage.npy_file(); }),
      Call(NAMED(ps_npz_retain), [](Stage &stage) { return std::make_tuple(stage.npz()); }),
      Call(NAMED(ps_npz_release), [](Stage &stage) { return std::make_tuple(stage.npz_to_release()); })
          .any("npz", "NULL is accepted and does nothing")
          .once_a_stage(),
      Call(NAMED(ps_npz_release), [](Stage &) { return std::make_tuple(nullptr); })
          .named("NULL")
          .any("npz", "NULL is accepted and does nothing"),
      Call(NAMED(ps_npz_count), [](Stage &stage) { return std::make_tuple(stage.npz()); }).fails_with(-1),
      Call(NAMED(ps_npz_name), [](Stage &stage) { return std::make_tuple(stage.npz(), 1); })
          .wrong("index", INT64_C(-1), PS_OUT_OF_RANGE)
          .wrong("index", INT64_C(2), PS_OUT_OF_RANGE)
          .wrong("index", two_to_62, PS_OUT_OF_RANGE)
          .wrong("index", INT64_MIN, PS_OUT_OF_RANGE)
          .wrong("index", INT64_MAX, PS_OUT_OF_RANGE),
      Call(NAMED(ps_npz_read),
           [](Stage &stage) {
             return std::make_tuple(stage.tensor_result(), stage.npz(), stage.string("weights"), load_options(stage));
           })
          .wrong("name", "no such array", PS_NOT_FOUND, "biases", [](Stage &stage) { return stage.string("biases"); })
          .optional("options", "options optional"),
  };
}

Call npz_save_call(int32_t compression) {
  return Call(NAMED(ps_npz_save),
              [compression](Stage &stage) {
                return std::make_tuple(stage.path("new.npz"), 2,
                                       stage.inputs<const char *>({stage.string("first"), stage.string("second")}),
                                       stage.inputs<ps_tensor *>({stage.transposed_matrix(), stage.matrix()}),
                                       save_options(stage, compression));
              })
      .wrong("path", "no such folder", PS_NOT_FOUND, "missing/new.npz",
             [](Stage &stage) { return stage.path("missing/new.npz"); })
      .wrong("count", INT64_C(-1), PS_INVALID_ARGUMENT)
      .wrong("count", two_to_62, PS_INVALID_ARGUMENT)
      .wrong("count", INT64_MIN, PS_INVALID_ARGUMENT)
      .wrong("count", INT64_MAX, PS_INVALID_ARGUMENT)
      .wrong("names", "one is NULL", PS_INVALID_ARGUMENT, "names[1]", names({"first", nullptr}))
      .wrong("names", "one is empty", PS_INVALID_ARGUMENT, "empty", names({"first", ""}))
      .wrong("names", "one stands twice", PS_INVALID_ARGUMENT, "again", names({"again", "again"}))
      .wrong("names", "one is too long", PS_INVALID_ARGUMENT, "65001",
             [](Stage &stage) {
               return stage.inputs<const char *>({stage.string("first"), stage.string(std::string(65001, 'n'))});
             })
      .wrong("tensors", "one is NULL", PS_INVALID_ARGUMENT, "tensors[1]",
             [](Stage &stage) {
               return stage.inputs<ps_tensor *>({stage.matrix(), nullptr});
             })
      .wrong("tensors", "one of bfloat16", PS_TYPE_MISMATCH, "bfloat16",
             [](Stage &stage) {
               return stage.inputs<ps_tensor *>({stage.matrix(), of_bfloat16(stage)});
             })
      .optional("options", "options optional");
}

std::vector<Call> npz_writing_calls() {
  return {
      npz_save_call(0),
      npz_save_call(6).named("compressed"),
      Call(NAMED(ps_npz_save),
           [](Stage &stage) {
             return std::make_tuple(stage.path("new.npz"), 0, stage.inputs<const char *>({nullptr}),
                                    stage.inputs<ps_tensor *>({nullptr}), save_options(stage, 0));
           })
          .named("no arrays")
          .wrong("count", INT64_C(-1), PS_INVALID_ARGUMENT)
          .optional("names", "the arrays are optional when count is 0")
          .optional("tensors", "the arrays are optional when count is 0")
          .optional("options", "options optional"),
  };
}

}  // namespace

std::vector<Call> tensor_file_calls() {
  std::vector<Call> joined;
  for (const auto &part : {npy_calls(), npz_reading_calls(), npz_writing_calls()})
    joined.insert(joined.end(), part.begin(), part.end());
  return joined;
}

}  // namespace penstock::test
