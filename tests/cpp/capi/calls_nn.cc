// Valid calls of what penstock/nn.h declares.
#include "calls.h"

namespace penstock::test {
namespace {

constexpr const char *dense = "{\"in_features\":3,\"out_features\":2}";
constexpr const char *training = "{\"loss\":\"mse\",\"optimizer\":\"adam\",\"metrics\":[\"mae\"]}";
constexpr const char *description =
    "{\"seed\":7,\"layers\":[{\"kind\":\"dense\",\"settings\":{\"in_features\":3,\"out_features\":2},\"name\":\"only\"}"
    "]}";

ps_layer *layer_to_release(Stage &) {
  ps_layer *made = nullptr;
  require_ok(ps_layer_create(&made, "dense", dense, PS_FLOAT32, 1));
  return made;
}

ps_layer *layer(Stage &stage) {
  ps_layer *made = layer_to_release(stage);
  stage.at_end([made] { ps_layer_release(made); });
  return made;
}

ps_tensor *targets(Stage &stage) {
  ps_tensor *made = nullptr;
  const int64_t shape[] = {2, 2};
  const float elements[] = {1, 0, 0, 1};
  require_ok(ps_tensor_from_data(&made, PS_FLOAT32, 2, shape, elements, sizeof(elements), NULL));
  return stage.tensor(TensorHold(made));
}

ps_model *bare_model(Stage &stage) {
  ps_model *made = nullptr;
  require_ok(ps_model_create(&made, description));
  stage.at_end([made] { ps_model_release(made); });
  return made;
}

// With plans for the batches below, so that a call makes none.
ps_model *model(Stage &stage) {
  ps_model *made = bare_model(stage);
  require_ok(ps_model_compile(made, training));
  ps_tensor *x = stage.matrix(), *y = targets(stage);
  ps_batch_result result = PS_BATCH_RESULT_INIT;
  require_ok(ps_model_train_on_batch(&result, made, x, y, NULL));
  require_ok(ps_model_test_on_batch(&result, made, x, y, NULL));
  ps_tensor *predicted = nullptr;
  require_ok(ps_model_predict(&predicted, made, x, 2));
  ps_tensor_release(predicted);
  return made;
}

const char *model_file(Stage &stage) {
  const char *path = stage.path("saved.safetensors");
  require_ok(ps_model_save(path, model(stage), 1, "{}"));
  return path;
}

ps_tensor *const *one_input(Stage &stage) { return stage.inputs<ps_tensor *>({stage.matrix()}); }

std::vector<Call> layer_calls() {
  return {
      Call(NAMED(ps_layer_create),
           [](Stage &stage) {
             return std::make_tuple(stage.handle_result(ps_layer_release), stage.string("relu"), stage.string("{}"),
                                    PS_FLOAT32, UINT64_C(3));
           })
          .wrong("kind", "no kind", PS_INVALID_ARGUMENT, "\"dens\"", [](Stage &stage) { return stage.string("dens"); })
          .wrong("settings", "no JSON", PS_DATA_ERROR, "settings", [](Stage &stage) { return stage.string("{"); })
          .wrong("settings", "an unknown key", PS_INVALID_ARGUMENT, "\"units\"",
                 [](Stage &stage) { return stage.string("{\"units\":3}"); })
          .optional("settings", "Optional: NULL is \"{}\"")
          .wrong("dtype", static_cast<int32_t>(PS_INT32), PS_TYPE_MISMATCH, "int32")
          .wrong("dtype", 99, PS_INVALID_ARGUMENT)
          .any("seed", "any number: the same one gives the same parameters"),
      Call(NAMED(ps_layer_retain), [](Stage &stage) { return std::make_tuple(layer(stage)); }),
      Call(NAMED(ps_layer_release), [](Stage &stage) { return std::make_tuple(layer_to_release(stage)); })
          .any("layer", "NULL is accepted and does nothing")
          .once_a_stage(),
      Call(NAMED(ps_layer_release), [](Stage &) { return std::make_tuple(nullptr); })
          .named("NULL")
          .any("layer", "NULL is accepted and does nothing"),
      Call(NAMED(ps_layer_kind_count), [](Stage &) { return std::make_tuple(); }),
      Call(NAMED(ps_layer_kind_name), [](Stage &) { return std::make_tuple(0); })
          .wrong("index", -1, PS_OUT_OF_RANGE)
          .wrong("index", 1000, PS_OUT_OF_RANGE),
      Call(NAMED(ps_layer_description),
           [](Stage &stage) {
             return std::make_tuple(stage.result<uint64_t>(), stage.text(4096), UINT64_C(4096), layer(stage));
           })
          .any("capacity", "receives as much of it as fits"),
      Call(NAMED(ps_layer_description),
           [](Stage &stage) { return std::make_tuple(stage.result<uint64_t>(), nullptr, UINT64_C(0), layer(stage)); })
          .named("the size alone")
          .any("capacity", "receives as much of it as fits")
          .optional("text", "optional when capacity is 0"),
      Call(NAMED(ps_layer_parameter_count), [](Stage &stage) { return std::make_tuple(layer(stage)); }).fails_with(-1),
      Call(NAMED(ps_layer_parameter_name), [](Stage &stage) { return std::make_tuple(layer(stage), 1); })
          .wrong("index", -1, PS_OUT_OF_RANGE)
          .wrong("index", 2, PS_OUT_OF_RANGE),
      Call(NAMED(ps_layer_parameter),
           [](Stage &stage) { return std::make_tuple(stage.tensor_result(), layer(stage), 0); })
          .wrong("index", -1, PS_OUT_OF_RANGE)
          .wrong("index", 2, PS_OUT_OF_RANGE),
      Call(NAMED(ps_layer_call),
           [](Stage &stage) {
             return std::make_tuple(stage.tensor_result(), layer(stage), 1, one_input(stage), 1, UINT64_C(5));
           })
          .wrong("input_count", 0, PS_OUT_OF_RANGE)
          .wrong("input_count", -1, PS_OUT_OF_RANGE)
          .wrong("inputs", "one is NULL", PS_INVALID_ARGUMENT, "an input is NULL",
                 [](Stage &stage) { return stage.inputs<ps_tensor *>({nullptr}); })
          .wrong("inputs", "another shape", PS_INVALID_ARGUMENT, "(3, 2)",
                 [](Stage &stage) { return stage.inputs<ps_tensor *>({stage.transposed_matrix()}); })
          .wrong("is_training", 2, PS_INVALID_ARGUMENT)
          .any("seed", "of what dropout draws; any number"),
  };
}

ps_status doubled(ps_tensor *output, const ps_tensor *input, ps_tensor *const *, int32_t, uint64_t, void *) {
  return ps_ops_binary_into(output, PS_OP_ADD, input, input);
}

ps_status doubled_back(ps_tensor *input_gradient, ps_tensor *const *, const ps_tensor *output_gradient,
                       const ps_tensor *, const ps_tensor *, ps_tensor *const *, uint64_t, void *) {
  return input_gradient == nullptr ? PS_OK
                                   : ps_ops_binary_into(input_gradient, PS_OP_ADD, output_gradient, output_gradient);
}

ps_layer *custom_layer(Stage &stage) {
  ps_layer *made = nullptr;
  require_ok(ps_layer_create_custom(&made, "doubled", NULL, PS_FLOAT32, doubled, doubled_back, NULL, NULL, NULL));
  stage.at_end([made] { ps_layer_release(made); });
  return made;
}

ps_status make_doubled(ps_layer **out, const char *type, const char *config, ps_dtype dtype, void *) {
  return ps_layer_create_custom(out, type, config, dtype, doubled, doubled_back, NULL, NULL, NULL);
}

const char *custom_model_file(Stage &stage) {
  const char *path = stage.path("custom.safetensors");
  ps_model *made = bare_model(stage);
  require_ok(ps_model_add_layer(made, custom_layer(stage), "twice"));
  require_ok(ps_model_save(path, made, 0, NULL));
  return path;
}

// A parameter, and a layer inside.
ps_custom_layer_options custom_options(Stage &stage) {
  ps_custom_layer_options options = PS_CUSTOM_LAYER_OPTIONS_INIT;
  options.parameter_count = 1;
  options.parameter_names = stage.inputs<const char *>({"factor"});
  options.parameters = stage.inputs<ps_tensor *>({stage.matrix()});
  options.layer_count = 1;
  options.layer_names = stage.inputs<const char *>({"inner"});
  options.layers = stage.inputs<ps_layer *>({layer(stage)});
  return options;
}

// An options struct that is wrong as the callers' arrays are.
template <typename Change>
auto changed_options(Change change) {
  return [change](Stage &stage) {
    ps_custom_layer_options options = custom_options(stage);
    change(stage, options);
    return stage.input(options);
  };
}

Call custom_call(Call call) {
  using Options = ps_custom_layer_options;
  const auto any_user = "user any value: handed to the functions";
  return std::move(call)
      .wrong("type", "an empty one", PS_INVALID_ARGUMENT, "type is", [](Stage &stage) { return stage.string(""); })
      .wrong("config", "no JSON", PS_DATA_ERROR, "config", [](Stage &stage) { return stage.string("{"); })
      .wrong("config", "no object", PS_INVALID_ARGUMENT, "[1]", [](Stage &stage) { return stage.string("[1]"); })
      .wrong("dtype", static_cast<int32_t>(PS_INT32), PS_TYPE_MISMATCH, "int32")
      .wrong("dtype", 99, PS_INVALID_ARGUMENT)
      .wrong("options", "a name with a dot", PS_INVALID_ARGUMENT, "\"a.b\"",
             changed_options(
                 [](Stage &stage, Options &options) { options.parameter_names = stage.inputs<const char *>({"a.b"}); }))
      .wrong("options", "a name that is there twice", PS_INVALID_ARGUMENT, "\"factor\"",
             changed_options([](Stage &stage, Options &options) {
               options.parameter_count = 2;
               options.parameter_names = stage.inputs<const char *>({"factor", "factor"});
               options.parameters = stage.inputs<ps_tensor *>({stage.matrix(), stage.matrix()});
             }))
      .wrong("options", "a name that is NULL", PS_INVALID_ARGUMENT, "parameter_names is NULL",
             changed_options([](Stage &stage, Options &options) {
               options.parameter_names = stage.inputs<const char *>({nullptr});
             }))
      .wrong("options", "a parameter that is NULL", PS_INVALID_ARGUMENT, "parameters is NULL",
             changed_options(
                 [](Stage &stage, Options &options) { options.parameters = stage.inputs<ps_tensor *>({nullptr}); }))
      .wrong(
          "options", "a layer that is NULL", PS_INVALID_ARGUMENT, "layers is NULL",
          changed_options([](Stage &stage, Options &options) { options.layers = stage.inputs<ps_layer *>({nullptr}); }))
      .wrong("options", "a parameter of another dtype", PS_TYPE_MISMATCH, "int64",
             changed_options([](Stage &stage, Options &options) {
               options.parameters = stage.inputs<ps_tensor *>({stage.tensor(make_tensor<int64_t>(PS_INT64, {1}, {1}))});
             }))
      .wrong("options", "a layer that is inside another", PS_INVALID_ARGUMENT, "in a model or another layer",
             changed_options([](Stage &stage, Options &options) {
               ps_layer *whole = nullptr;
               require_ok(ps_layer_create_custom(&whole, "whole", NULL, PS_FLOAT32, doubled, doubled_back, NULL, NULL,
                                                 &options));
               stage.at_end([whole] { ps_layer_release(whole); });
             }))
      .optional("config", "Optional: NULL is \"{}\"")
      .optional("backward", "backward optional: NULL for a layer")
      .any("user", any_user)
      .optional("user", any_user)
      .optional("deleter", "deleter optional: called once with user")
      .optional("options", "options optional: NULL is a layer without parameters");
}

std::vector<Call> custom_calls() {
  const auto create = [](auto options) {
    return [options](Stage &stage) {
      return std::make_tuple(stage.handle_result(ps_layer_release), stage.string("doubled"),
                             stage.string("{\"times\":2}"), PS_FLOAT32, &doubled, &doubled_back,
                             static_cast<void *>(nullptr), static_cast<ps_deleter>(nullptr), options(stage));
    };
  };
  return {
      Call(NAMED(ps_custom_layer_options_init),
           [](Stage &stage) {
             return std::make_tuple(stage.result<ps_custom_layer_options>(), sizeof(ps_custom_layer_options));
           }),
      custom_call(Call(NAMED(ps_layer_create_custom), create([](Stage &stage) {
                         const ps_custom_layer_options options = PS_CUSTOM_LAYER_OPTIONS_INIT;
                         return stage.input(options);
                       }))),
      custom_call(
          Call(NAMED(ps_layer_create_custom), create([](Stage &stage) { return stage.input(custom_options(stage)); })))
          .named("with a parameter and a layer inside")
          .once_a_stage(),
      Call(NAMED(ps_layer_call),
           [](Stage &stage) {
             return std::make_tuple(stage.tensor_result(), custom_layer(stage), 1, one_input(stage), 1, UINT64_C(5));
           })
          .named("of a layer of one's own")
          .wrong("input_count", 0, PS_OUT_OF_RANGE)
          .wrong("is_training", 2, PS_INVALID_ARGUMENT)
          .any("seed", "of what dropout draws; any number"),
      Call(NAMED(ps_model_load_with),
           [](Stage &stage) {
             return std::make_tuple(stage.handle_result(ps_model_release), custom_model_file(stage), &make_doubled,
                                    static_cast<void *>(nullptr));
           })
          .wrong("path", "a file that is not there", PS_NOT_FOUND, "missing",
                 [](Stage &stage) { return stage.path("missing.safetensors"); })
          .wrong("path", "a file of something else", PS_DATA_ERROR, "no saved model",
                 [](Stage &stage) { return stage.safetensors_file(); })
          .any("user", "user any value: handed to factory")
          .optional("user", "user any value: handed to factory"),
  };
}

std::vector<Call> making_calls() {
  return {
      Call(NAMED(ps_model_create),
           [](Stage &stage) {
             return std::make_tuple(stage.handle_result(ps_model_release), stage.string(description));
           })
          .wrong("description", "no JSON", PS_DATA_ERROR, "description", [](Stage &stage) { return stage.string("["); })
          .wrong("description", "an unknown key", PS_INVALID_ARGUMENT, "\"layer\"",
                 [](Stage &stage) { return stage.string("{\"layer\":[]}"); })
          .optional("description", "Optional: NULL is \"{}\""),
      Call(NAMED(ps_model_retain), [](Stage &stage) { return std::make_tuple(bare_model(stage)); }),
      Call(NAMED(ps_model_release),
           [](Stage &) {
             ps_model *made = nullptr;
             require_ok(ps_model_create(&made, description));
             return std::make_tuple(made);
           })
          .any("model", "NULL is accepted and does nothing")
          .once_a_stage(),
      Call(NAMED(ps_model_release), [](Stage &) { return std::make_tuple(nullptr); })
          .named("NULL")
          .any("model", "NULL is accepted and does nothing"),
      Call(NAMED(ps_model_add),
           [](Stage &stage) {
             return std::make_tuple(bare_model(stage), stage.string("relu"), stage.string("{}"), stage.string("last"));
           })
          .wrong("kind", "no kind", PS_INVALID_ARGUMENT, "\"rely\"", [](Stage &stage) { return stage.string("rely"); })
          .wrong("settings", "no JSON", PS_DATA_ERROR, "settings", [](Stage &stage) { return stage.string("x"); })
          .wrong("name", "one that there is", PS_INVALID_ARGUMENT, "\"only\"",
                 [](Stage &stage) { return stage.string("only"); })
          .wrong("name", "one with a dot", PS_INVALID_ARGUMENT, "\"a.b\"",
                 [](Stage &stage) { return stage.string("a.b"); })
          .optional("settings", "optional: NULL is \"{}\"")
          .optional("name", "optional: NULL is its place")
          .once_a_stage(),
      Call(NAMED(ps_model_add_layer),
           [](Stage &stage) { return std::make_tuple(bare_model(stage), layer(stage), stage.string("last")); })
          .optional("name", "optional: NULL is its place")
          .once_a_stage(),
      Call(NAMED(ps_model_layer_count), [](Stage &stage) { return std::make_tuple(bare_model(stage)); }).fails_with(-1),
      Call(NAMED(ps_model_layer),
           [](Stage &stage) { return std::make_tuple(stage.handle_result(ps_layer_release), bare_model(stage), 0); })
          .wrong("index", -1, PS_OUT_OF_RANGE)
          .wrong("index", 1, PS_OUT_OF_RANGE),
      Call(NAMED(ps_model_compile), [](Stage &stage) { return std::make_tuple(model(stage), stage.string(training)); })
          .wrong("training", "no loss", PS_INVALID_ARGUMENT, "loss is missing",
                 [](Stage &stage) { return stage.string("{}"); })
          .wrong("training", "an unknown optimizer", PS_INVALID_ARGUMENT, "\"adm\"",
                 [](Stage &stage) { return stage.string("{\"loss\":\"mse\",\"optimizer\":\"adm\"}"); }),
  };
}

// What all calls on a batch refuse.
Call on_batch(Call call) {
  return std::move(call)
      .wrong("model", "one that is not compiled", PS_INVALID_ARGUMENT, "not compiled", bare_model)
      .wrong("x", "another shape", PS_INVALID_ARGUMENT, "(3, 2)",
             [](Stage &stage) { return stage.transposed_matrix(); })
      .wrong("y", "another shape", PS_INVALID_ARGUMENT, "(1, 3)", [](Stage &stage) { return stage.row(); });
}

template <typename Function>
Call batch_call(const char *name, Function function) {
  return on_batch(Call(name, function, [](Stage &stage) {
                    const ps_batch_result result = PS_BATCH_RESULT_INIT;
                    const ps_batch_options options = PS_BATCH_OPTIONS_INIT;
                    return std::make_tuple(stage.input(result), model(stage), stage.matrix(), targets(stage),
                                           stage.input(options));
                  }).optional("options", "optional: NULL is all rows, without weights"));
}

std::vector<Call> training_calls() {
  return {
      Call(NAMED(ps_batch_options_init),
           [](Stage &stage) { return std::make_tuple(stage.result<ps_batch_options>(), sizeof(ps_batch_options)); }),
      Call(NAMED(ps_batch_result_init),
           [](Stage &stage) { return std::make_tuple(stage.result<ps_batch_result>(), sizeof(ps_batch_result)); }),
      Call(NAMED(ps_fit_options_init),
           [](Stage &stage) { return std::make_tuple(stage.result<ps_fit_options>(), sizeof(ps_fit_options)); }),
      batch_call(NAMED(ps_model_train_on_batch)),
      batch_call(NAMED(ps_model_compute_gradients)),
      batch_call(NAMED(ps_model_test_on_batch)),
      Call(NAMED(ps_model_apply_gradients), [](Stage &stage) { return std::make_tuple(model(stage)); })
          .wrong("model", "one that is not compiled", PS_INVALID_ARGUMENT, "not compiled", bare_model),
      Call(NAMED(ps_model_metric_count), [](Stage &stage) { return std::make_tuple(model(stage)); }).fails_with(-1),
      Call(NAMED(ps_model_metric_name), [](Stage &stage) { return std::make_tuple(model(stage), 0); })
          .wrong("index", -1, PS_OUT_OF_RANGE)
          .wrong("index", 1, PS_OUT_OF_RANGE),
      Call(NAMED(ps_model_metric),
           [](Stage &stage) { return std::make_tuple(stage.result<double>(), model(stage), 0); })
          .wrong("index", -1, PS_OUT_OF_RANGE)
          .wrong("index", 1, PS_OUT_OF_RANGE),
      Call(NAMED(ps_model_reset_metrics), [](Stage &stage) { return std::make_tuple(model(stage)); }),
      Call(
          NAMED(ps_model_predict),
          [](Stage &stage) { return std::make_tuple(stage.tensor_result(), model(stage), stage.matrix(), INT64_C(2)); })
          .wrong("x", "another shape", PS_INVALID_ARGUMENT, "(2, 2)",
                 [](Stage &stage) { return stage.transposed_matrix(); })
          .wrong("batch_size", INT64_C(0), PS_OUT_OF_RANGE)
          .wrong("batch_size", INT64_MIN, PS_OUT_OF_RANGE),
      Call(NAMED(ps_model_fit),
           [](Stage &stage) {
             const ps_fit_options options = PS_FIT_OPTIONS_INIT;
             return std::make_tuple(model(stage), stage.matrix(), targets(stage), stage.input(options));
           })
          .wrong("model", "one that is not compiled", PS_INVALID_ARGUMENT, "not compiled", bare_model)
          .wrong("x", "another shape", PS_INVALID_ARGUMENT, "(3, 2)",
                 [](Stage &stage) { return stage.transposed_matrix(); })
          .wrong("y", "another shape", PS_INVALID_ARGUMENT, "(1, 3)", [](Stage &stage) { return stage.row(); })
          .optional("options", "optional: NULL is one epoch")
          .once_a_stage(),
      Call(NAMED(ps_model_epoch_order),
           [](Stage &stage) {
             return std::make_tuple(stage.tensor_result(), bare_model(stage), INT64_C(1), INT64_C(10));
           })
          .wrong("epoch", INT64_C(-1), PS_OUT_OF_RANGE)
          .wrong("count", INT64_C(-1), PS_INVALID_ARGUMENT),
      Call(NAMED(ps_model_epoch), [](Stage &stage) { return std::make_tuple(model(stage)); }).fails_with(-1),
      Call(NAMED(ps_model_step), [](Stage &stage) { return std::make_tuple(model(stage)); }).fails_with(-1),
      Call(NAMED(ps_model_end_epoch), [](Stage &stage) { return std::make_tuple(model(stage), 0.5); })
          .wrong("model", "one that is not compiled", PS_INVALID_ARGUMENT, "not compiled", bare_model)
          .any("metric", "any number: what"),
      Call(NAMED(ps_model_learning_rate),
           [](Stage &stage) { return std::make_tuple(stage.result<double>(), model(stage)); })
          .wrong("model", "one that is not compiled", PS_INVALID_ARGUMENT, "not compiled", bare_model),
      Call(NAMED(ps_model_set_learning_rate), [](Stage &stage) { return std::make_tuple(model(stage), 0.25); })
          .wrong("model", "one that is not compiled", PS_INVALID_ARGUMENT, "not compiled", bare_model)
          .wrong("learning_rate", -1.0, PS_INVALID_ARGUMENT, "-1"),
  };
}

std::vector<Call> memory_calls() {
  return {
      Call(NAMED(ps_model_parameter_count), [](Stage &stage) { return std::make_tuple(model(stage)); }).fails_with(-1),
      Call(NAMED(ps_model_parameter_name), [](Stage &stage) { return std::make_tuple(model(stage), 1); })
          .wrong("index", -1, PS_OUT_OF_RANGE)
          .wrong("index", 2, PS_OUT_OF_RANGE),
      Call(NAMED(ps_model_parameter),
           [](Stage &stage) { return std::make_tuple(stage.tensor_result(), model(stage), 1); })
          .wrong("index", -1, PS_OUT_OF_RANGE)
          .wrong("index", 2, PS_OUT_OF_RANGE),
      Call(NAMED(ps_model_gradient),
           [](Stage &stage) { return std::make_tuple(stage.tensor_result(), model(stage), 1); })
          .wrong("index", -1, PS_OUT_OF_RANGE)
          .wrong("index", 2, PS_OUT_OF_RANGE),
      Call(NAMED(ps_model_flat_parameters),
           [](Stage &stage) { return std::make_tuple(stage.tensor_result(), model(stage)); }),
      Call(NAMED(ps_model_flat_gradients),
           [](Stage &stage) { return std::make_tuple(stage.tensor_result(), model(stage)); }),
  };
}

std::vector<Call> describing_calls() {
  return {
      Call(NAMED(ps_model_description),
           [](Stage &stage) {
             return std::make_tuple(stage.result<uint64_t>(), stage.text(4096), UINT64_C(4096), model(stage));
           })
          .any("capacity", "receives as much of it as fits"),
      Call(NAMED(ps_model_description),
           [](Stage &stage) { return std::make_tuple(stage.result<uint64_t>(), nullptr, UINT64_C(0), model(stage)); })
          .named("the size alone")
          .any("capacity", "receives as much of it as fits")
          .optional("text", "optional when capacity is 0"),
      Call(NAMED(ps_model_plan),
           [](Stage &stage) {
             return std::make_tuple(stage.result<uint64_t>(), stage.text(4096), UINT64_C(4096), model(stage), 1,
                                    stage.inputs<int64_t>({2, 3}), 2);
           })
          .any("capacity", "receives as much of it as fits")
          .wrong("is_training", 2, PS_INVALID_ARGUMENT)
          .wrong("shape", "no samples", PS_INVALID_ARGUMENT, "(0, 3)",
                 [](Stage &stage) {
                   return stage.inputs<int64_t>({0, 3});
                 })
          .wrong("shape", "another one", PS_INVALID_ARGUMENT, "(2, 4)",
                 [](Stage &stage) {
                   return stage.inputs<int64_t>({2, 4});
                 })
          .wrong("ndim", -1, PS_INVALID_ARGUMENT)
          .wrong("ndim", 17, PS_INVALID_ARGUMENT),
      Call(NAMED(ps_model_plan),
           [](Stage &stage) {
             return std::make_tuple(stage.result<uint64_t>(), nullptr, UINT64_C(0), model(stage), 0,
                                    stage.inputs<int64_t>({2, 3}), 2);
           })
          .named("the size alone")
          .wrong("is_training", 2, PS_INVALID_ARGUMENT)
          .any("capacity", "receives as much of it as fits")
          .wrong("ndim", -1, PS_INVALID_ARGUMENT)
          .optional("text", "optional when capacity is 0"),
      Call(NAMED(ps_model_set_profiling), [](Stage &stage) { return std::make_tuple(model(stage), 1); })
          .wrong("profiling", 2, PS_INVALID_ARGUMENT),
  };
}

std::vector<Call> file_calls() {
  return {
      Call(NAMED(ps_model_save),
           [](Stage &stage) {
             return std::make_tuple(stage.path("model.safetensors"), model(stage), 1, stage.string("epoch 3"));
           })
          .wrong("path", "a folder that is not there", PS_NOT_FOUND, "nowhere",
                 [](Stage &stage) { return stage.path("nowhere/model.safetensors"); })
          .wrong("with_training", 2, PS_INVALID_ARGUMENT)
          .optional("position", "Optional"),
      Call(NAMED(ps_model_save),
           [](Stage &stage) { return std::make_tuple(stage.path("model.safetensors"), model(stage), 0, nullptr); })
          .named("the network alone")
          .wrong("with_training", 2, PS_INVALID_ARGUMENT)
          .optional("position", "Optional"),
      Call(NAMED(ps_model_load),
           [](Stage &stage) { return std::make_tuple(stage.handle_result(ps_model_release), model_file(stage)); })
          .wrong("path", "a file that is not there", PS_NOT_FOUND, "missing",
                 [](Stage &stage) { return stage.path("missing.safetensors"); })
          .wrong("path", "a file with a layer of one's own", PS_UNAVAILABLE, "\"doubled\"", custom_model_file)
          .wrong("path", "a file of something else", PS_DATA_ERROR, "no saved model",
                 [](Stage &stage) { return stage.safetensors_file(); }),
      Call(NAMED(ps_model_restore), [](Stage &stage) { return std::make_tuple(model(stage), model_file(stage)); })
          .wrong("path", "a file that is not there", PS_NOT_FOUND, "missing",
                 [](Stage &stage) { return stage.path("missing.safetensors"); })
          .wrong("path", "a file of something else", PS_DATA_ERROR, "no saved model",
                 [](Stage &stage) { return stage.safetensors_file(); }),
      Call(NAMED(ps_model_position),
           [](Stage &stage) {
             return std::make_tuple(stage.result<uint64_t>(), stage.text(64), UINT64_C(64), model(stage));
           })
          .any("capacity", "receives as much of it as fits"),
      Call(NAMED(ps_model_position),
           [](Stage &stage) { return std::make_tuple(stage.result<uint64_t>(), nullptr, UINT64_C(0), model(stage)); })
          .named("the size alone")
          .any("capacity", "receives as much of it as fits")
          .optional("text", "optional when capacity is 0"),
  };
}

}  // namespace

std::vector<Call> nn_calls() {
  std::vector<Call> joined;
  for (const auto &part : {layer_calls(), custom_calls(), making_calls(), training_calls(), memory_calls(),
                           describing_calls(), file_calls()})
    joined.insert(joined.end(), part.begin(), part.end());
  return joined;
}

}  // namespace penstock::test
