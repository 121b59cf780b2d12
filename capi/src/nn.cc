#include <penstock/nn.h>

#include <cmath>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "capi/src/custom_layer.h"
#include "capi/src/guard.h"
#include "capi/src/handles.h"
#include "capi/src/network_handles.h"
#include "capi/src/options.h"
#include "capi/src/recording.h"
#include "capi/src/text_result.h"
#include "core/nn/fit.h"
#include "core/nn/layer_call.h"
#include "core/nn/model.h"

namespace penstock {
namespace {

nn::Model &unwrap(ps_model *model) {
  require_not_null(model, "model");
  return *handle_of(model)->model;
}
const nn::Model &unwrap(const ps_model *model) {
  require_not_null(model, "model");
  return *handle_of(model)->model;
}

core::DType layer_dtype(ps_dtype dtype) { return static_cast<core::DType>(dtype); }

size_t require_index(int32_t index, size_t count, const char *what) {
  if (index < 0 || static_cast<size_t>(index) >= count)
    core::fail(core::Status::out_of_range, "index is ", index, ": there are ", count, " ", what);
  return static_cast<size_t>(index);
}

size_t count_parameters(const nn::Model &model) {
  size_t count = 0;
  for (const nn::NamedLayer &layer : model.layers()) count += layer.parameter_names.size();
  return count;
}

nn::BatchOptions read_batch(const ps_batch_options *given) {
  const ps_batch_options options = read_options(given);
  if (options.reserved != 0)
    core::fail(core::Status::invalid_argument, "reserved is ", options.reserved, ": expected 0");
  return {.rows = options.rows == nullptr ? nullptr : &penstock::unwrap(options.rows),
          .weights = options.weights == nullptr ? nullptr : &penstock::unwrap(options.weights)};
}

ps_batch_result describe(const nn::BatchResult &result) {
  ps_batch_result described = PS_BATCH_RESULT_INIT;
  described.stopped = result.stopped ? 1 : 0;
  described.samples = result.samples;
  described.loss = result.loss;
  described.mean_loss = result.mean_loss;
  described.learning_rate = result.learning_rate;
  return described;
}

using BatchFunction = nn::BatchResult (nn::Model::*)(const core::Tensor &x, const core::Tensor &y,
                                                     const nn::BatchOptions &options);

ps_status run_batch(BatchFunction function, ps_batch_result *result, ps_model *model, const ps_tensor *x,
                    const ps_tensor *y, const ps_batch_options *options) {
  return guarded([&] {
    require_not_null(result, "result");
    require_not_null(model, "model");
    require_not_null(x, "x");
    require_not_null(y, "y");
    const uint32_t struct_size = result->struct_size;
    require_options_size(struct_size, describe_options<ps_batch_result>());
    const nn::BatchOptions read = read_batch(options);
    write_options(result, struct_size,
                  describe((unwrap(model).*function)(penstock::unwrap(x), penstock::unwrap(y), read)));
  });
}

}  // namespace

// NOLINTBEGIN(bugprone-sizeof-expression): of a field that is a pointer the size is meant, not what it points to
template <>
struct OptionsLayout<ps_batch_options> {
  static constexpr ps_batch_options defaults = PS_BATCH_OPTIONS_INIT;
  static constexpr const char *name = "ps_batch_options";
  static constexpr uint32_t field_ends[] = {
      PS_FIELD_END(ps_batch_options, struct_size), PS_FIELD_END(ps_batch_options, reserved),
      PS_FIELD_END(ps_batch_options, rows), PS_FIELD_END(ps_batch_options, weights)};
};

template <>
struct OptionsLayout<ps_batch_result> {
  static constexpr ps_batch_result defaults = PS_BATCH_RESULT_INIT;
  static constexpr const char *name = "ps_batch_result";
  static constexpr uint32_t field_ends[] = {
      PS_FIELD_END(ps_batch_result, struct_size), PS_FIELD_END(ps_batch_result, stopped),
      PS_FIELD_END(ps_batch_result, samples),     PS_FIELD_END(ps_batch_result, loss),
      PS_FIELD_END(ps_batch_result, mean_loss),   PS_FIELD_END(ps_batch_result, learning_rate)};
};

template <>
struct OptionsLayout<ps_fit_options> {
  static constexpr ps_fit_options defaults = PS_FIT_OPTIONS_INIT;
  static constexpr const char *name = "ps_fit_options";
  static constexpr uint32_t field_ends[] = {
      PS_FIELD_END(ps_fit_options, struct_size),  PS_FIELD_END(ps_fit_options, shuffle),
      PS_FIELD_END(ps_fit_options, epochs),       PS_FIELD_END(ps_fit_options, batch_size),
      PS_FIELD_END(ps_fit_options, weights),      PS_FIELD_END(ps_fit_options, validation_x),
      PS_FIELD_END(ps_fit_options, validation_y), PS_FIELD_END(ps_fit_options, on_epoch),
      PS_FIELD_END(ps_fit_options, user)};
};
// NOLINTEND(bugprone-sizeof-expression)

}  // namespace penstock

using namespace penstock;  // NOLINT(google-build-using-namespace): the shims below are C's

// ---------------------------------------------------------------------------------------------------------------------
// Layers.

ps_status ps_layer_create(ps_layer **out, const char *kind, const char *settings, ps_dtype dtype, uint64_t seed) {
  return guarded([&] {
    require_not_null(out, "out");
    require_not_null(kind, "kind");
    if (core::find_dtype_info(layer_dtype(dtype)) == nullptr)
      core::fail(core::Status::invalid_argument, "dtype is ", static_cast<int32_t>(dtype), ": expected a ps_dtype");
    std::shared_ptr<nn::Layer> layer = nn::make_layer(kind, read_json(settings, "settings"), layer_dtype(dtype));
    nn::initialize(*layer, seed);
    *out = wrap_layer(std::move(layer));
  });
}

ps_layer *ps_layer_retain(ps_layer *layer) { return retained(layer, handle_of(layer), "layer"); }

void ps_layer_release(ps_layer *layer) {
  if (layer != nullptr) handle_of(layer)->release();
}

int32_t ps_layer_kind_count(void) { return static_cast<int32_t>(nn::layer_kinds().size()); }

const char *ps_layer_kind_name(int32_t index) {
  return guarded_getter<const char *>(
      nullptr, [&] { return nn::layer_kinds()[require_index(index, nn::layer_kinds().size(), "kinds")].data(); });
}

ps_status ps_layer_description(uint64_t *size, char *text, uint64_t capacity, const ps_layer *layer) {
  return guarded([&] {
    require_text_result(size, text, capacity);
    require_not_null(layer, "layer");
    core::Json::Object description;
    core::append(description, "kind", handle_of(layer)->layer->kind());
    core::append(description, "settings", handle_of(layer)->layer->settings());
    give_text(size, text, capacity, core::Json(std::move(description)).dump());
  });
}

int32_t ps_layer_parameter_count(const ps_layer *layer) {
  return guarded_getter(-1, [&] {
    require_not_null(layer, "layer");
    return static_cast<int32_t>(handle_of(layer)->names.size());
  });
}

const char *ps_layer_parameter_name(const ps_layer *layer, int32_t index) {
  return guarded_getter<const char *>(nullptr, [&] {
    require_not_null(layer, "layer");
    const std::vector<std::string> &names = handle_of(layer)->names;
    return names[require_index(index, names.size(), "parameters")].c_str();
  });
}

ps_status ps_layer_parameter(ps_tensor **out, ps_layer *layer, int32_t index) {
  return guarded([&] {
    require_not_null(out, "out");
    require_not_null(layer, "layer");
    const LayerHandle &handle = *handle_of(layer);
    const size_t place = require_index(index, handle.names.size(), "parameters");
    *out = wrap(nn::all_parameters(*handle.layer)[place]->value, handle.sources[place]);
  });
}

ps_status ps_layer_call(ps_tensor **out, ps_layer *layer, int32_t input_count, ps_tensor *const *inputs,
                        int32_t is_training, uint64_t seed) {
  return guarded([&] {
    require_not_null(out, "out");
    require_not_null(layer, "layer");
    require_not_null(inputs, "inputs");
    if (input_count < 1) core::fail(core::Status::out_of_range, "input_count is ", input_count, ": expected 1 and up");
    const bool trains = require_flag(is_training, "is_training");
    const LayerHandle &handle = *handle_of(layer);
    std::vector<core::autograd::Variable> variables, parameters;
    bool requires_gradient = false;
    for (int32_t index = 0; index < input_count; ++index) {
      require_not_null(inputs[index], "an input");
      variables.push_back(variable_of(inputs[index]));
      requires_gradient |= requires_gradients(inputs[index]);
    }
    const std::vector<nn::Parameter *> all = nn::all_parameters(*handle.layer);
    for (size_t index = 0; index < all.size(); ++index) {
      parameters.push_back({all[index]->value, handle.sources[index]});
      requires_gradient |= static_cast<bool>(handle.sources[index].node);
    }
    const bool is_recorded = requires_gradient && core::autograd::is_recording();
    nn::CalledLayer called =
        nn::call_layer(handle.layer, variables, parameters, trains, is_recorded, {.seed = seed, .number = 0});
    *out = wrap(std::move(called.result), core::autograd::Source{std::move(called.node), 0});
  });
}

// ---------------------------------------------------------------------------------------------------------------------
// Models.

ps_status ps_model_create(ps_model **out, const char *description) {
  return guarded([&] {
    require_not_null(out, "out");
    *out = wrap_model(std::make_unique<nn::Model>(read_json(description, "description")));
  });
}

ps_model *ps_model_retain(ps_model *model) { return retained(model, handle_of(model), "model"); }

void ps_model_release(ps_model *model) {
  if (model != nullptr) handle_of(model)->release();
}

ps_status ps_model_add(ps_model *model, const char *kind, const char *settings, const char *name) {
  return guarded([&] {
    require_not_null(model, "model");
    require_not_null(kind, "kind");
    unwrap(model).add(kind, read_json(settings, "settings"), name == nullptr ? "" : name);
  });
}

ps_status ps_model_add_layer(ps_model *model, ps_layer *layer, const char *name) {
  return guarded([&] {
    require_not_null(model, "model");
    require_not_null(layer, "layer");
    unwrap(model).add(handle_of(layer)->layer, name == nullptr ? "" : name);
  });
}

int32_t ps_model_layer_count(const ps_model *model) {
  return guarded_getter(-1, [&] { return static_cast<int32_t>(unwrap(model).layers().size()); });
}

ps_status ps_model_layer(ps_layer **out, ps_model *model, int32_t index) {
  return guarded([&] {
    require_not_null(out, "out");
    const std::vector<nn::NamedLayer> &layers = unwrap(model).layers();
    *out = wrap_layer(layers[require_index(index, layers.size(), "layers")].layer);
  });
}

ps_status ps_model_compile(ps_model *model, const char *training) {
  return guarded([&] {
    require_not_null(model, "model");
    require_not_null(training, "training");
    unwrap(model).compile(core::parse_json(training, "training"));
  });
}

ps_status ps_batch_options_init(ps_batch_options *options, uint32_t struct_size) {
  return guarded([&] { init_options(options, struct_size); });
}
ps_status ps_batch_result_init(ps_batch_result *result, uint32_t struct_size) {
  return guarded([&] {
    require_not_null(result, "result");
    init_options(result, struct_size);
  });
}
ps_status ps_fit_options_init(ps_fit_options *options, uint32_t struct_size) {
  return guarded([&] { init_options(options, struct_size); });
}

ps_status ps_model_train_on_batch(ps_batch_result *result, ps_model *model, const ps_tensor *x, const ps_tensor *y,
                                  const ps_batch_options *options) {
  return run_batch(&nn::Model::train_on_batch, result, model, x, y, options);
}

ps_status ps_model_compute_gradients(ps_batch_result *result, ps_model *model, const ps_tensor *x, const ps_tensor *y,
                                     const ps_batch_options *options) {
  return run_batch(&nn::Model::compute_gradients, result, model, x, y, options);
}

ps_status ps_model_apply_gradients(ps_model *model) {
  return guarded([&] { unwrap(model).apply_gradients(); });
}

ps_status ps_model_test_on_batch(ps_batch_result *result, ps_model *model, const ps_tensor *x, const ps_tensor *y,
                                 const ps_batch_options *options) {
  return run_batch(&nn::Model::test_on_batch, result, model, x, y, options);
}

int32_t ps_model_metric_count(const ps_model *model) {
  return guarded_getter(-1, [&] { return static_cast<int32_t>(unwrap(model).training().metrics.size()); });
}

const char *ps_model_metric_name(const ps_model *model, int32_t index) {
  return guarded_getter<const char *>(nullptr, [&] {
    const auto &metrics = unwrap(model).training().metrics;
    return metrics[require_index(index, metrics.size(), "metrics")]->name().data();
  });
}

ps_status ps_model_metric(double *out, const ps_model *model, int32_t index) {
  return guarded([&] {
    require_not_null(out, "out");
    const auto &metrics = unwrap(model).training().metrics;
    *out = metrics[require_index(index, metrics.size(), "metrics")]->result();
  });
}

ps_status ps_model_reset_metrics(ps_model *model) {
  return guarded([&] { unwrap(model).reset_metrics(); });
}

ps_status ps_model_predict(ps_tensor **out, ps_model *model, const ps_tensor *x, int64_t batch_size) {
  return guarded([&] {
    require_not_null(out, "out");
    require_not_null(model, "model");
    require_not_null(x, "x");
    *out = wrap(unwrap(model).predict(unwrap(x), batch_size));
  });
}

ps_status ps_model_fit(ps_model *model, const ps_tensor *x, const ps_tensor *y, const ps_fit_options *given) {
  return guarded([&] {
    require_not_null(model, "model");
    require_not_null(x, "x");
    require_not_null(y, "y");
    const ps_fit_options options = read_options(given);
    const auto optional = [](const ps_tensor *tensor) { return tensor == nullptr ? nullptr : &unwrap(tensor); };
    if (options.epochs < 0) core::fail(core::Status::out_of_range, "epochs is ", options.epochs, ": expected 0 and up");
    nn::FitOptions fit{.shuffles = require_flag(options.shuffle, "shuffle"),
                       .epochs = options.epochs,
                       .batch_size = options.batch_size,
                       .weights = optional(options.weights),
                       .validation_x = optional(options.validation_x),
                       .validation_y = optional(options.validation_y),
                       .on_epoch = {}};
    if (options.on_epoch != nullptr)
      fit.on_epoch = [&](int64_t epoch, const nn::BatchResult &result, const nn::BatchResult *validation) {
        const ps_batch_result described = describe(result);
        const ps_batch_result other = validation == nullptr ? described : describe(*validation);
        return options.on_epoch(epoch, &described, validation == nullptr ? nullptr : &other, options.user) != 0;
      };
    nn::fit(unwrap(model), unwrap(x), unwrap(y), fit);
  });
}

ps_status ps_model_epoch_order(ps_tensor **out, const ps_model *model, int64_t epoch, int64_t count) {
  return guarded([&] {
    require_not_null(out, "out");
    *out = wrap(unwrap(model).epoch_order(epoch, count));
  });
}

int64_t ps_model_epoch(const ps_model *model) {
  return guarded_getter<int64_t>(-1, [&] { return unwrap(model).epoch(); });
}

int64_t ps_model_step(const ps_model *model) {
  return guarded_getter<int64_t>(-1, [&] { return unwrap(model).step(); });
}

ps_status ps_model_end_epoch(ps_model *model, double metric) {
  return guarded([&] { unwrap(model).end_epoch(metric); });
}

ps_status ps_model_learning_rate(double *out, const ps_model *model) {
  return guarded([&] {
    require_not_null(out, "out");
    *out = unwrap(model).learning_rate();
  });
}

ps_status ps_model_set_learning_rate(ps_model *model, double learning_rate) {
  return guarded([&] { unwrap(model).set_learning_rate(learning_rate); });
}

int32_t ps_model_parameter_count(const ps_model *model) {
  return guarded_getter(-1, [&] { return static_cast<int32_t>(count_parameters(unwrap(model))); });
}

const char *ps_model_parameter_name(const ps_model *model, int32_t index) {
  return guarded_getter<const char *>(nullptr, [&] {
    size_t place = require_index(index, count_parameters(unwrap(model)), "parameters");
    const nn::NamedLayer *layer = unwrap(model).layers().data();
    for (; place >= layer->parameter_names.size(); ++layer) place -= layer->parameter_names.size();
    return layer->parameter_names[place].c_str();
  });
}

ps_status ps_model_parameter(ps_tensor **out, ps_model *model, int32_t index) {
  return guarded([&] {
    require_not_null(out, "out");
    const std::vector<nn::StoredParameter> &list = unwrap(model).parameters().parameters();
    *out = wrap(list[require_index(index, list.size(), "parameters")].parameter->value);
  });
}

ps_status ps_model_gradient(ps_tensor **out, ps_model *model, int32_t index) {
  return guarded([&] {
    require_not_null(out, "out");
    const nn::ParameterStore &store = unwrap(model).parameters();
    const nn::StoredParameter &stored =
        store.parameters()[require_index(index, store.parameters().size(), "parameters")];
    if (!stored.parameter->is_trained)
      core::fail(core::Status::invalid_argument, stored.name, " has no gradient: it is not trained");
    *out = wrap(store.gradient(stored));
  });
}

ps_status ps_model_flat_parameters(ps_tensor **out, ps_model *model) {
  return guarded([&] {
    require_not_null(out, "out");
    *out = wrap(unwrap(model).parameters().trained());
  });
}

ps_status ps_model_flat_gradients(ps_tensor **out, ps_model *model) {
  return guarded([&] {
    require_not_null(out, "out");
    *out = wrap(unwrap(model).parameters().gradients());
  });
}

ps_status ps_model_description(uint64_t *size, char *text, uint64_t capacity, const ps_model *model) {
  return guarded([&] {
    require_text_result(size, text, capacity);
    give_text(size, text, capacity, unwrap(model).describe().dump());
  });
}

ps_status ps_model_plan(uint64_t *size, char *text, uint64_t capacity, ps_model *model, int32_t is_training,
                        const int64_t *shape, int32_t ndim) {
  return guarded([&] {
    require_text_result(size, text, capacity);
    require_not_null(model, "model");
    if (ndim < 0 || ndim > core::max_ndim)
      core::fail(core::Status::invalid_argument, "ndim is ", ndim, ": expected 0 to ", core::max_ndim);
    if (ndim > 0) require_not_null(shape, "shape");
    const bool trains = require_flag(is_training, "is_training");
    give_text(size, text, capacity, unwrap(model).describe_plan(trains, core::Extents(shape, ndim)).dump());
  });
}

ps_status ps_model_set_profiling(ps_model *model, int32_t profiling) {
  return guarded([&] {
    require_not_null(model, "model");
    unwrap(model).set_profiling(require_flag(profiling, "profiling"));
  });
}

ps_status ps_model_save(const char *path, const ps_model *model, int32_t with_training, const char *position) {
  return guarded([&] {
    require_not_null(path, "path");
    require_not_null(model, "model");
    unwrap(model).save(path, require_flag(with_training, "with_training"), position == nullptr ? "" : position);
  });
}

ps_status ps_model_load(ps_model **out, const char *path) {
  return guarded([&] {
    require_not_null(out, "out");
    require_not_null(path, "path");
    *out = wrap_model(nn::Model::load(path));
  });
}

ps_status ps_model_load_with(ps_model **out, const char *path, ps_layer_factory_function factory, void *user) {
  return guarded([&] {
    require_not_null(out, "out");
    require_not_null(path, "path");
    require_not_null(reinterpret_cast<const void *>(factory), "factory");
    const nn::CustomFactoryScope scope(custom_factory(factory, user));
    *out = wrap_model(nn::Model::load(path));
  });
}

ps_status ps_model_restore(ps_model *model, const char *path) {
  return guarded([&] {
    require_not_null(model, "model");
    require_not_null(path, "path");
    unwrap(model).restore(path);
  });
}

ps_status ps_model_position(uint64_t *size, char *text, uint64_t capacity, const ps_model *model) {
  return guarded([&] {
    require_text_result(size, text, capacity);
    give_text(size, text, capacity, unwrap(model).position());
  });
}
