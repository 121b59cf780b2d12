#include "core/nn/model.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <unordered_map>
#include <utility>

#include "core/base/error.h"
#include "core/base/random_key.h"
#include "core/io/utf8.h"
#include "core/nn/batch_rows.h"
#include "core/nn/layers/custom.h"
#include "core/nn/model_plans.h"
#include "core/nn/settings.h"
#include "core/ops/random_choice.h"
#include "core/ops/random_tensors.h"
#include "core/tensor/create.h"
#include "core/tensor/transfer.h"
#include "core/tensor/view.h"

namespace penstock::core::nn {
namespace {

// What a model's seed is drawn for.
enum SeedUse : uint64_t { seeds_layers = 1, seeds_steps = 2, seeds_orders = 3 };

RandomStream stream_for(uint64_t seed, SeedUse use) { return fold_in({.seed = seed, .number = 0}, use); }

DType read_dtype(Settings &settings) {
  const std::string name = settings.text("dtype", "float32");
  if (name == "float32") return DType::float32;
  if (name != "float64") settings.refuse("dtype", Json(name), "float32 or float64");
  return DType::float64;
}

OnNan read_on_nan(Settings &settings) {
  const std::string name = settings.text("on_nan", "raise");
  if (name == "stop") return OnNan::stop;
  if (name == "ignore") return OnNan::ignore;
  if (name != "raise") settings.refuse("on_nan", Json(name), "raise, stop or ignore");
  return OnNan::raise;
}

std::string_view on_nan_name(OnNan on_nan) {
  return on_nan == OnNan::raise ? "raise" : on_nan == OnNan::stop ? "stop" : "ignore";
}

// A copy of an object with another value under a key.
Json replaced(const Json &object, std::string_view key, const Json &value) {
  Json::Object members = *object.if_object();
  for (Json::Member &member : members)
    if (member.first == key) member.second = value;
  return Json(std::move(members));
}

}  // namespace

// While one lives, what a layer of the caller's calls cannot take away what the model computes on.
class Model::Busy {
 public:
  explicit Busy(Model &model) : is_busy_(model.is_busy_) {
    model.require_idle();
    is_busy_ = true;
  }
  ~Busy() { is_busy_ = false; }
  Busy(const Busy &) = delete;
  Busy &operator=(const Busy &) = delete;

 private:
  bool &is_busy_;
};

void Model::require_idle() const {
  if (is_busy_)
    fail(Status::invalid_argument,
         "the model is in the middle of a batch: a layer of one's own must not use the model that it is in");
}

// ---------------------------------------------------------------------------------------------------------------------
// What a model is made of.

Model::Model(const Json &description, FirstValues first_values) {
  Settings settings(description, "model");
  dtype_ = read_dtype(settings);
  if (const Json *seed = settings.value("seed")) {
    if (!seed->if_unsigned()) settings.refuse("seed", *seed, "a whole number from 0 to 18446744073709551615");
    seed_ = *seed->if_unsigned();
  }
  const Json *layers = settings.value("layers");
  settings.finish();
  if (layers == nullptr) return;
  if (!layers->if_array()) settings.refuse("layers", *layers, "a list");
  for (const Json &each : *layers->if_array()) {
    Settings layer(each, "layer");
    const std::string kind = layer.text("kind", "");
    const Json *values = layer.value("settings");
    const std::string name = layer.text("name", text(layers_.size()));
    layer.finish();
    add(kind, values == nullptr ? Json() : *values, name, first_values);
  }
}

Model::~Model() {
  for (const NamedLayer &named : layers_) named.layer->set_in_model(false);
}

void Model::add(std::shared_ptr<Layer> layer, std::string_view name) {
  require_idle();
  const std::string wanted = name.empty() ? text(layers_.size()) : std::string(name);
  if (wanted.find('.') != std::string::npos || !is_utf8(wanted) || wanted.find('\0') != std::string::npos)
    fail(Status::invalid_argument, "the layer's name is ", in_quotes(wanted), ": expected a text without a dot");
  if (names_.contains(wanted)) fail(Status::invalid_argument, "there is a layer ", in_quotes(wanted), " already");
  if (layer->is_in_model()) {
    for (const NamedLayer &other : layers_)
      if (other.layer == layer)
        fail(Status::invalid_argument, "the layer is in the model already, as ", in_quotes(other.name));
    fail(Status::invalid_argument, "the layer ", in_quotes(wanted), " is in another model: make one for each");
  }
  if (layer->dtype() != dtype_)
    fail(Status::invalid_argument, "the layer ", in_quotes(wanted), " has dtype ", layer->dtype(), ", the model ",
         dtype_);
  NamedLayer named{wanted, std::move(layer), {}};
  for (const StoredParameter &stored : list_parameters({named})) named.parameter_names.push_back(stored.name);
  layers_.push_back(std::move(named));
  try {
    names_.insert(wanted);
  } catch (...) {
    layers_.pop_back();
    throw;
  }
  layers_.back().layer->set_in_model(true);
  forget_plans();
  store_.reset();
  training_ = {};
}

void Model::add(std::string_view kind, const Json &settings, std::string_view name) {
  add(kind, settings, name, FirstValues::drawn);
}

void Model::add(std::string_view kind, const Json &settings, std::string_view name, FirstValues values) {
  std::shared_ptr<Layer> layer = make_layer(kind, settings, dtype_);
  if (values == FirstValues::drawn) initialize(*layer, fold_in(stream_for(seed_, seeds_layers), layers_.size()).seed);
  add(std::move(layer), name);
}

void Model::compile(const Json &description) {
  require_idle();
  require_layers();
  Settings settings(description, "training");
  Training training;
  const Json *loss = settings.value("loss");
  if (loss == nullptr)
    fail(Status::invalid_argument, "training: loss is missing: expected one of ",
         listed(loss_names(), [](std::string_view each) { return each; }));
  training.loss = make_loss(*loss);
  const Json *optimizer = settings.value("optimizer");
  training.optimizer = make_optimizer(optimizer == nullptr ? Json("adam") : *optimizer, dtype_);
  Json::Array metrics;
  if (const Json *given = settings.value("metrics")) {
    if (!given->if_array()) settings.refuse("metrics", *given, "a list");
    for (const Json &each : *given->if_array()) {
      training.metrics.push_back(make_metric(each));
      if (const auto ignored = training.loss->ignored_class()) training.metrics.back()->ignore(*ignored);
      metrics.push_back(training.metrics.back()->description());
    }
  }
  training.on_nan = read_on_nan(settings);
  settings.finish();
  Json::Object all;
  append(all, "loss", training.loss->description());
  append(all, "optimizer", training.optimizer->description());
  append(all, "metrics", std::move(metrics));
  append(all, "on_nan", on_nan_name(training.on_nan));
  training.description = std::move(all);
  OptimizerMemory memory = optimizer_memory(*training.optimizer);  // throws before anything changes
  forget_plans();
  training_ = std::move(training);
  segments_ = std::move(memory.segments);
  states_ = std::move(memory.states);
  step_ = epoch_ = 0;
  reset_metrics();
}

// As it begins.
Model::OptimizerMemory Model::optimizer_memory(const Optimizer &optimizer) {
  const std::vector<StoredParameter> &all = parameters().parameters();
  std::vector<std::string> names;
  for (const StoredParameter &stored : all)
    if (stored.parameter->is_trained) names.push_back(stored.name);
  const std::vector<int32_t> groups = optimizer.resolve(names);
  OptimizerMemory memory;
  for (const StoredParameter &stored : all)
    if (stored.parameter->is_trained)
      memory.segments.push_back(
          {stored.begin, stored.parameter->value.element_count(), groups[memory.segments.size()]});
  for (size_t index = 0; index < optimizer.state_names().size(); ++index) {
    memory.states.push_back(zeros(dtype_, store_->trained().shape, {}));
    optimizer.fill_state(index, memory.states.back().data, memory.states.back().element_count());
  }
  return memory;
}

void Model::require_layers() const {
  if (layers_.empty()) fail(Status::invalid_argument, "the model has no layers: add one");
}

void Model::require_compiled() const {
  require_layers();
  if (!is_compiled()) fail(Status::invalid_argument, "the model is not compiled: say how it is trained by compile()");
}

const ParameterStore &Model::parameters() {
  if (!store_) {
    store_.emplace(layers_, dtype_);
    forget_plans();
  }
  return *store_;
}

Json Model::describe() const {
  Json::Array layers;
  for (const NamedLayer &named : layers_) {
    Json::Object layer;
    append(layer, "kind", named.layer->kind());
    append(layer, "settings", named.layer->settings());
    append(layer, "name", named.name);
    layers.emplace_back(std::move(layer));
  }
  Json::Object description;
  append(description, "dtype", dtype_name(dtype_));
  append(description, "seed", seed_);
  append(description, "layers", std::move(layers));
  append(description, "training", is_compiled() ? training_.description : Json());
  return description;
}

// ---------------------------------------------------------------------------------------------------------------------
// Plans.

void Model::forget_plans() { plans_.clear(); }

// What the first layer reads: indices where it is an embedding; a layer of the caller's is given whole numbers as such.
DType Model::input_dtype(DType given) const {
  require_layers();
  const Layer *first = layers_.front().layer.get();
  while (first->kind() != custom_kind && !first->layers_inside().empty()) first = first->layers_inside().front().get();
  if (first->kind() == "embedding") return DType::int64;
  const DTypeKind kind = dtype_kind(given);
  const bool is_whole = kind == DTypeKind::signed_integer || kind == DTypeKind::unsigned_integer;
  return first->kind() == custom_kind && is_whole ? DType::int64 : dtype_;
}

void Model::make_room(const Plan &plan) {
  if (arena_ && arena_->nbytes() >= plan.arena_nbytes()) return;
  arena_ = Storage::allocate(std::max<int64_t>(plan.arena_nbytes(), 64), 64, {});
  try {
    for (const std::unique_ptr<Prepared> &each : plans_) bind(*each);
  } catch (...) {
    forget_plans();  // some are in the memory that is gone
    throw;
  }
}

void Model::bind(Prepared &prepared) {
  PlanMemory memory;
  memory.arena = arena_->data();
  memory.inputs = {prepared.input->data()};
  memory.input_gradients = {nullptr};
  std::unordered_map<const Parameter *, std::byte *> gradients;
  for (const StoredParameter &stored : store_->parameters())
    if (stored.parameter->is_trained) gradients.emplace(stored.parameter, store_->gradient(stored).data);
  for (const Parameter *parameter : prepared.plan->parameters()) {
    memory.parameters.push_back(parameter->value.data);
    memory.parameter_gradients.push_back(parameter->is_trained ? gradients.at(parameter) : nullptr);
  }
  if (prepared.run) return prepared.run->bind(memory);
  prepared.run = std::make_unique<PlanRun>(*prepared.plan, memory);
  prepared.run->set_profiling(is_profiling_);
}

std::unique_ptr<Plan> Model::make_plan(Purpose purpose, const ValueOutline &input) {
  const Busy busy(*this);
  PlanOptions options{.dtype = dtype_, .is_training = purpose == Purpose::training};
  if (purpose != Purpose::predicting) {
    options.folded_end = training_.loss->name() == "cross_entropy"          ? "softmax"
                         : training_.loss->name() == "binary_cross_entropy" ? "sigmoid"
                                                                            : "";
  }
  auto plan = std::make_unique<Plan>(std::span(&input, 1), options, [&](Tracer &tracer, std::span<const Value> inputs) {
    Value value = inputs[0];
    for (const NamedLayer &named : layers_) value = named.layer->trace(tracer, std::span(&value, 1));
    return value;
  });
  if (plan->folded() != nullptr && options.folded_end == "softmax" && plan->output().shape.size() != 2)
    fail(Status::invalid_argument, "the model ends in a softmax of results of shape ", plan->output().shape,
         ", which cross_entropy cannot take over: leave it out, the loss takes logits");
  return plan;
}

Model::Prepared &Model::prepared(Purpose purpose, const ValueOutline &input) {
  require_idle();
  last_input_dtype_ = input.dtype;
  const auto found = std::find_if(plans_.begin(), plans_.end(), [&](const std::unique_ptr<Prepared> &each) {
    return each->purpose == purpose && each->outline == input;
  });
  if (found != plans_.end()) {
    std::rotate(found, found + 1, plans_.end());
    return *plans_.back();
  }
  require_layers();
  parameters();
  constexpr size_t most_plans = 8;
  auto made = std::make_unique<Prepared>();
  made->purpose = purpose;
  made->outline = input;
  made->plan = make_plan(purpose, input);
  made->input = Storage::allocate(std::max<int64_t>(input.nbytes(), 64), 64, {});
  if (plans_.size() >= most_plans) plans_.erase(plans_.begin());
  make_room(*made->plan);
  bind(*made);
  plans_.push_back(std::move(made));
  return *plans_.back();
}

// ---------------------------------------------------------------------------------------------------------------------
// Batches.

void Model::require_batch(const Tensor &x, const Tensor &y, const BatchOptions &options) const {
  if (x.ndim() == 0 || y.ndim() == 0)
    fail(Status::invalid_argument, "x has shape ", x.shape, ", y ", y.shape, ": expected a first axis of samples");
  if (x.shape[0] != y.shape[0])
    fail(Status::invalid_argument, "x has shape ", x.shape, ", y ", y.shape, ": expected as many rows in both");
  if (options.weights != nullptr && !(options.weights->shape == Extents{x.shape[0]}))
    fail(Status::invalid_argument, "weights have shape ", options.weights->shape, ": expected one for each of ",
         x.shape[0], " samples");
  if (options.rows != nullptr) require_rows(*options.rows, x.shape[0], "x");
  if (batch_shape(x, options.rows)[0] == 0)
    fail(Status::invalid_argument, "the batch has no samples: x has shape ", x.shape);
}

// Targets and weights are gathered before anything runs: what is wrong with them is found before anything has changed.
void Model::gather_targets(Prepared &prepared, const Tensor &y, const BatchOptions &options) {
  const ValueOutline &outputs = prepared.plan->output();
  const ValueOutline given{batch_shape(y, options.rows), y.dtype};
  if (!(given.shape == prepared.targets.shape) || !prepared.target_storage) {
    training_.loss->check(outputs, given);
    for (const std::unique_ptr<Metric> &metric : training_.metrics) metric->check(outputs, given);
    const ValueOutline wanted{given.shape, training_.loss->target_dtype(outputs, given)};
    prepared.target_storage = Storage::allocate(std::max<int64_t>(wanted.nbytes(), 64), 64, {});
    prepared.targets = wanted;
  }
  prepared.target_elements = gather_rows(y, options.rows, prepared.targets.dtype, prepared.target_storage->data(), "y");
}

double Model::run_batch(Prepared &prepared, const Tensor &x, const Tensor &y, const BatchOptions &options) {
  gather_targets(prepared, y, options);
  prepared.weight_elements = nullptr;
  if (options.weights != nullptr) {
    if (!prepared.weight_storage)
      prepared.weight_storage = Storage::allocate(prepared.outline.shape[0] * dtype_size(dtype_), 64, {});
    prepared.weight_elements =
        gather_rows(*options.weights, options.rows, dtype_, prepared.weight_storage->data(), "weights");
  }
  prepared.run->set_input(0, gather_rows(x, options.rows, prepared.outline.dtype, prepared.input->data(), "x"));
  const Busy busy(*this);
  prepared.run->forward(fold_in(stream_for(seed_, seeds_steps), static_cast<uint64_t>(step_)));
  return training_.loss->compute({.output_outline = prepared.plan->output(),
                                  .target_outline = prepared.targets,
                                  .outputs = prepared.run->output(),
                                  .targets = prepared.target_elements,
                                  .sample_weights = prepared.weight_elements,
                                  .gradient = prepared.run->output_gradient()});
}

void Model::note(Prepared &prepared, BatchResult &result, double loss) {
  const std::byte *outputs = prepared.run->output();
  const std::byte *finished = training_.metrics.empty() ? outputs : prepared.finished_outputs(outputs);
  for (const std::unique_ptr<Metric> &metric : training_.metrics)
    metric->accumulate({.output_outline = prepared.plan->output(),
                        .target_outline = prepared.targets,
                        .outputs = metric->name() == "perplexity" ? outputs : finished,
                        .targets = prepared.target_elements,
                        .sample_weights = prepared.weight_elements});
  result.samples = prepared.outline.shape[0];
  loss_sum_ += loss * static_cast<double>(result.samples);
  samples_ += result.samples;
  result.loss = loss;
  result.mean_loss = loss_sum_ / static_cast<double>(samples_);
}

// A batch moves the statistics and the metrics' sums before it is known whether it counts.
void Model::keep_state() {
  const Tensor &statistics = parameters().others();
  if (!(kept_statistics_.shape == statistics.shape)) kept_statistics_ = empty(dtype_, statistics.shape, {});
  if (statistics.nbytes() > 0)
    std::memcpy(kept_statistics_.data, statistics.data, static_cast<size_t>(statistics.nbytes()));
  kept_sums_.resize(training_.metrics.size() + 1);
  for (size_t index = 0; index < training_.metrics.size(); ++index)
    kept_sums_[index] = {training_.metrics[index]->sum(), training_.metrics[index]->weight()};
  kept_sums_.back() = {loss_sum_, static_cast<double>(samples_)};
}

void Model::give_state_back() {
  const Tensor &statistics = store_->others();
  if (statistics.nbytes() > 0)
    std::memcpy(statistics.data, kept_statistics_.data, static_cast<size_t>(statistics.nbytes()));
  for (size_t index = 0; index < training_.metrics.size(); ++index)
    training_.metrics[index]->set_sums(kept_sums_[index].first, kept_sums_[index].second);
  loss_sum_ = kept_sums_.back().first;
  samples_ = static_cast<int64_t>(kept_sums_.back().second);
}

BatchResult Model::compute_gradients(const Tensor &given_x, const Tensor &given_y, const BatchOptions &options) {
  require_compiled();
  const Tensor x = in_main_memory(given_x), y = in_main_memory(given_y);
  require_batch(x, y, options);
  Prepared &batch = prepared(Purpose::training, {batch_shape(x, options.rows), input_dtype(x.dtype)});
  BatchResult result{.learning_rate = learning_rate()};
  bool counts = true;
  keep_state();
  try {
    result.loss = run_batch(batch, x, y, options);
    counts = std::isfinite(result.loss) || training_.on_nan == OnNan::ignore;
    if (counts) {
      note(batch, result, result.loss);
      const Busy busy(*this);
      batch.run->backward();
    }
  } catch (...) {
    give_state_back();
    throw;
  }
  if (counts) return result;
  give_state_back();
  if (training_.on_nan == OnNan::raise)
    fail(Status::invalid_argument, "the loss is ", result.loss, " in step ", step_,
         ": look at the data and the learning rate, or compile with on_nan \"stop\" or \"ignore\"; nothing was "
         "updated");
  result.stopped = true;
  return result;
}

void Model::apply_gradients() {
  require_idle();
  require_compiled();
  constexpr size_t most_groups = 64;
  double rates[most_groups];
  const auto groups = static_cast<size_t>(training_.optimizer->group_count());
  if (groups > most_groups)
    fail(Status::invalid_argument, "the optimizer has ", groups, " groups: at most ", most_groups);
  training_.optimizer->learning_rates_at({.epoch = epoch_, .step = step_}, std::span(rates, groups));
  std::byte *states[4];
  for (size_t index = 0; index < states_.size(); ++index) states[index] = states_[index].data;
  training_.optimizer->step({.parameters = store_->trained().data,
                             .gradients = store_->gradients().data,
                             .states = std::span(states, states_.size()),
                             .segments = segments_,
                             .learning_rates = std::span<const double>(rates, groups),
                             .number = step_ + 1});
  store_->trained().storage->note_write();
  ++step_;
}

BatchResult Model::train_on_batch(const Tensor &x, const Tensor &y, const BatchOptions &options) {
  const BatchResult result = compute_gradients(x, y, options);
  if (!result.stopped) apply_gradients();
  return result;
}

BatchResult Model::test_on_batch(const Tensor &given_x, const Tensor &given_y, const BatchOptions &options) {
  require_compiled();
  const Tensor x = in_main_memory(given_x), y = in_main_memory(given_y);
  require_batch(x, y, options);
  Prepared &batch = prepared(Purpose::testing, {batch_shape(x, options.rows), input_dtype(x.dtype)});
  BatchResult result{.learning_rate = learning_rate()};
  note(batch, result, run_batch(batch, x, y, options));
  return result;
}

void Model::reset_metrics() {
  for (const std::unique_ptr<Metric> &metric : training_.metrics) metric->reset();
  loss_sum_ = 0;
  samples_ = 0;
}

Tensor Model::predict(const Tensor &given, int64_t batch_size) {
  require_layers();
  if (batch_size < 1) fail(Status::out_of_range, "batch_size is ", batch_size, ": expected 1 and up");
  const Tensor x = in_main_memory(given);
  if (x.ndim() == 0) fail(Status::invalid_argument, "x has shape ", x.shape, ": expected a first axis of samples");
  const int64_t count = x.shape[0];
  Extents shape = x.shape;
  shape[0] = std::min(count, batch_size);
  Prepared *batch = &prepared(Purpose::predicting, {shape, input_dtype(x.dtype)});
  Extents result_shape = batch->plan->output().shape;
  result_shape[0] = count;
  Tensor result = empty(batch->plan->output().dtype, result_shape, {});
  const int64_t row_nbytes = count == 0 ? 0 : result.nbytes() / count;
  for (int64_t begin = 0; begin < count; begin += shape[0]) {
    const int64_t rows = std::min(batch_size, count - begin);
    if (rows != shape[0]) {
      shape[0] = rows;
      batch = &prepared(Purpose::predicting, {shape, input_dtype(x.dtype)});
    }
    const Tensor part = rows == count ? x : narrow(x, 0, begin, rows);
    batch->run->set_input(0, gather_rows(part, nullptr, batch->outline.dtype, batch->input->data(), "x"));
    {
      const Busy busy(*this);
      batch->run->forward({});
    }
    if (row_nbytes > 0)
      std::memcpy(result.data + begin * row_nbytes, batch->run->output(), static_cast<size_t>(rows * row_nbytes));
  }
  return result;
}

// ---------------------------------------------------------------------------------------------------------------------
// Epochs.

Tensor Model::epoch_order(int64_t epoch, int64_t count) const {
  if (epoch < 0) fail(Status::out_of_range, "epoch is ", epoch, ": expected 0 and up");
  return random_permutation(fold_in(stream_for(seed_, seeds_orders), static_cast<uint64_t>(epoch)), count);
}

void Model::end_epoch(double metric) {
  require_compiled();
  training_.optimizer->schedule().note(metric);
  ++epoch_;
}

double Model::learning_rate() const {
  require_compiled();
  return training_.optimizer->schedule().rate(training_.optimizer->learning_rate(0), {.epoch = epoch_, .step = step_});
}

void Model::set_learning_rate(double rate) {
  require_compiled();
  set_optimizer(rate, training_.optimizer->schedule().state());
}

// The same one with another rate, its schedule where it was or will have been; throws before anything changes.
void Model::set_optimizer(double rate, const Json &schedule_state) {
  std::unique_ptr<Optimizer> made =
      make_optimizer(replaced(training_.optimizer->description(), "learning_rate", Json(rate)), dtype_);
  if (!schedule_state.is_null()) made->schedule().restore(schedule_state);
  training_.optimizer = std::move(made);
  training_.description = replaced(training_.description, "optimizer", training_.optimizer->description());
}

void Model::set_profiling(bool profiling) {
  require_idle();
  is_profiling_ = profiling;
  for (const std::unique_ptr<Prepared> &each : plans_) each->run->set_profiling(profiling);
}

}  // namespace penstock::core::nn
