// Models in safetensors files: the parameters by name, the description in the metadata, and where training is saved too, the
// optimizer's buffers and what else it needs to go on as if it had never stopped.
#include <bit>
#include <utility>

#include "core/base/error.h"
#include "core/io/safetensors.h"
#include "core/io/utf8.h"
#include "core/nn/model.h"
#include "core/nn/model_plans.h"
#include "core/nn/settings.h"
#include "core/tensor/copy.h"
#include "core/tensor/view.h"

namespace penstock::core::nn {
namespace {

constexpr std::string_view model_key = "penstock.model", state_key = "penstock.training",
                           position_key = "penstock.position", version_key = "penstock.version";
constexpr std::string_view newest_version = "1";
constexpr std::string_view optimizer_prefix = "optimizer.";

std::string state_name(std::string_view state, const std::string &parameter) {
  return text(optimizer_prefix, state, ".", parameter);
}

// The part of a flat buffer that belongs to a parameter.
Tensor part_of(const Tensor &flat, const StoredParameter &stored) {
  const Extents &shape = stored.parameter->value.shape;
  return reshape(narrow(flat, 0, stored.begin, element_count(shape)), shape);
}

const std::string &metadata_of(const Safetensors &file, const std::string &path, std::string_view key) {
  const auto found = file.metadata().find(std::string(key));
  if (found == file.metadata().end())
    fail(Status::data_error, in_quotes(path), " is no saved model: its metadata has no ", key);
  return found->second;
}

// A tensor that must have a parameter's shape and dtype.
Tensor read_as(const Safetensors &file, const std::string &path, const std::string &name, const Tensor &like) {
  if (!file.has(name)) fail(Status::data_error, in_quotes(path), " has no tensor ", in_quotes(name));
  Tensor tensor = file.read(name, {});
  if (tensor.dtype != like.dtype || !(tensor.shape == like.shape))
    fail(Status::data_error, in_quotes(path), ": tensor ", in_quotes(name), " has dtype ", tensor.dtype, " and shape ",
         tensor.shape, ", where the model needs ", like.dtype, " and ", like.shape);
  return tensor;
}

// A learning rate may have been changed by hand since compile(): it is a part of what is restored.
Json without_rate(const Json &training) {
  Json::Object rest;
  if (training.if_object() == nullptr) return rest;
  for (const auto &[key, value] : *training.if_object()) {
    if (key != "optimizer" || value.if_object() == nullptr) {
      append(rest, key, value);
      continue;
    }
    Json::Object optimizer;
    for (const auto &[name, setting] : *value.if_object())
      if (name != "learning_rate") append(optimizer, name, setting);
    append(rest, key, std::move(optimizer));
  }
  return rest;
}

const Json *saved_rate(const Json &description) {
  const Json *training = description.find("training");
  const Json *optimizer = training == nullptr ? nullptr : training->find("optimizer");
  return optimizer == nullptr ? nullptr : optimizer->find("learning_rate");
}

// What the file says of itself is the file's fault where it is wrong, not the caller's.
template <typename Make>
auto of_file(const std::string &path, const Make &make) {
  try {
    return make();
  } catch (const Error &error) {
    // Another status is that of the caller's own layers.
    const bool is_of_description = error.status() == Status::invalid_argument ||
                                   error.status() == Status::type_mismatch || error.status() == Status::out_of_range;
    if (!is_of_description) throw;
    fail(Status::data_error, in_quotes(path), ": ", error.sentence());
  }
}

}  // namespace

// A file, read and found to be whole.
struct Model::Saved {
  std::string path;
  Safetensors file;
  Json description;
  Json state;  // null where training was not saved
  std::string position;
};

Json Model::state_description() const {
  Json::Object state;
  append(state, "step", step_);
  append(state, "epoch", epoch_);
  append(state, "schedule", training_.optimizer->schedule().state());
  append(state, "samples", samples_);
  // As bits: a sum may be no finite number, which JSON lacks.
  const auto bits = [](double value) { return std::bit_cast<uint64_t>(value); };
  append(state, "loss_sum_bits", bits(loss_sum_));
  Json::Array metrics;
  for (const std::unique_ptr<Metric> &metric : training_.metrics)
    metrics.push_back(Json::Array{bits(metric->sum()), bits(metric->weight())});
  append(state, "metric_bits", std::move(metrics));
  return state;
}

void Model::save(const std::string &path, bool with_training, std::string_view position) const {
  if (with_training) require_compiled();
  std::vector<std::string> names;
  std::vector<Tensor> tensors;
  for (const StoredParameter &stored : store_ ? store_->parameters() : parameter_list()) {
    names.push_back(stored.name);
    tensors.push_back(stored.parameter->value);
    for (size_t index = 0; with_training && stored.parameter->is_trained && index < states_.size(); ++index) {
      names.push_back(state_name(training_.optimizer->state_names()[index], stored.name));
      tensors.push_back(part_of(states_[index], stored));
    }
  }
  std::vector<NamedTensor> named;
  for (size_t index = 0; index < names.size(); ++index) named.push_back({names[index], tensors[index]});
  Metadata metadata;
  metadata.emplace(version_key, newest_version);
  metadata.emplace(model_key, describe().dump());
  if (with_training) metadata.emplace(state_key, state_description().dump());
  if (!position.empty()) metadata.emplace(position_key, position);
  save_safetensors(path, named, metadata, {});
}

Model::Saved Model::read(const std::string &path) {
  Saved saved{path, Safetensors::open(path), {}, {}, {}};
  if (const std::string &version = metadata_of(saved.file, path, version_key); version != newest_version)
    fail(Status::data_error, in_quotes(path), " is of version ", in_quotes(version), ": this library reads version ",
         newest_version);
  saved.description = parse_json(metadata_of(saved.file, path, model_key), text(in_quotes(path), ": ", model_key));
  if (!saved.description.if_object()) fail(Status::data_error, in_quotes(path), ": ", model_key, " is no object");
  const Metadata &metadata = saved.file.metadata();
  if (const auto state = metadata.find(std::string(state_key)); state != metadata.end())
    saved.state = parse_json(state->second, text(in_quotes(path), ": ", state_key));
  if (const auto position = metadata.find(std::string(position_key)); position != metadata.end())
    saved.position = position->second;
  return saved;
}

namespace {

// The training's numbers, all read before any is taken.
struct TrainingState {
  int64_t step = 0, epoch = 0, samples = 0;
  double loss_sum = 0;
  std::vector<std::pair<double, double>> metrics;
  Json schedule;
};

TrainingState read_state(const Json &json, size_t metric_count) {
  Settings settings(json, "training");
  TrainingState state;
  state.step = settings.required_integer("step", 0, INT64_MAX - 1);
  state.epoch = settings.required_integer("epoch", 0, INT64_MAX - 1);
  state.samples = settings.required_integer("samples", 0, INT64_MAX - 1);
  const auto number = [&](std::string_view key, const Json *value) {
    if (value == nullptr || !value->if_unsigned())
      settings.refuse(key, value == nullptr ? Json() : *value, "the bits of a number");
    return std::bit_cast<double>(*value->if_unsigned());
  };
  state.loss_sum = number("loss_sum_bits", settings.value("loss_sum_bits"));
  const Json *metrics = settings.value("metric_bits");
  const Json::Array *list = metrics == nullptr ? nullptr : metrics->if_array();
  if (list == nullptr || list->size() != metric_count)
    settings.refuse("metric_bits", metrics == nullptr ? Json() : *metrics, text("a list of ", metric_count));
  for (const Json &each : *list) {
    const Json::Array *pair = each.if_array();
    if (pair == nullptr || pair->size() != 2) settings.refuse("metric_bits", each, "two numbers");
    state.metrics.emplace_back(number("metric_bits", &(*pair)[0]), number("metric_bits", &(*pair)[1]));
  }
  if (const Json *schedule = settings.value("schedule")) state.schedule = *schedule;
  settings.finish();
  return state;
}

}  // namespace

// Copies a file's numbers into a model of the file's own description; all is read first.
void Model::take(const Saved &saved) {
  const std::vector<StoredParameter> &stored = parameters().parameters();
  std::vector<std::pair<Tensor, Tensor>> copies;
  const bool has_state = is_compiled() && !saved.state.is_null();
  for (const StoredParameter &each : stored) {
    copies.emplace_back(each.parameter->value, read_as(saved.file, saved.path, each.name, each.parameter->value));
    for (size_t index = 0; has_state && each.parameter->is_trained && index < states_.size(); ++index) {
      const Tensor part = part_of(states_[index], each);
      copies.emplace_back(part, read_as(saved.file, saved.path,
                                        state_name(training_.optimizer->state_names()[index], each.name), part));
    }
  }
  if (has_state) {
    of_file(saved.path, [&] {
      const TrainingState state = read_state(saved.state, training_.metrics.size());
      const Json *rate = saved_rate(saved.description);
      const bool has_rate = rate != nullptr && rate->if_double() != nullptr;
      set_optimizer(has_rate ? *rate->if_double() : training_.optimizer->learning_rate(0), state.schedule);
      step_ = state.step;
      epoch_ = state.epoch;
      samples_ = state.samples;
      loss_sum_ = state.loss_sum;
      for (size_t index = 0; index < state.metrics.size(); ++index)
        training_.metrics[index]->set_sums(state.metrics[index].first, state.metrics[index].second);
      return 0;
    });
  }
  for (const auto &[to, from] : copies) copy(to, from, Casting::same_kind);
  position_ = saved.position;
}

std::unique_ptr<Model> Model::load(const std::string &path) {
  const Saved saved = read(path);
  std::unique_ptr<Model> model = of_file(path, [&] {
    Json::Object network;
    for (const auto &[key, value] : *saved.description.if_object())
      if (key != "training") append(network, key, value);
    const ParameterLimit limit(saved.file.data_nbytes());  // a damaged description must not ask for more
    std::unique_ptr<Model> made(new Model(Json(std::move(network)), FirstValues::unset));
    const Json *training = saved.description.find("training");
    if (training != nullptr && !training->is_null()) made->compile(*training);
    return made;
  });
  model->take(saved);
  return model;
}

void Model::check_saved(const Saved &saved) const {
  const Json *layers = saved.description.find("layers");
  const Json::Array *list = layers == nullptr ? nullptr : layers->if_array();
  const Json own = describe();
  const Json::Array &own_list = *own.find("layers")->if_array();
  if (list == nullptr || list->size() != own_list.size())
    fail(Status::invalid_argument, in_quotes(saved.path), " has ", list == nullptr ? 0 : list->size(),
         " layers, the model ", own_list.size());
  for (size_t index = 0; index < list->size(); ++index)
    if ((*list)[index].dump() != own_list[index].dump())
      fail(Status::invalid_argument, in_quotes(saved.path), ": layer ", index, " is ", (*list)[index].dump(),
           ", the model's ", own_list[index].dump());
  const Json *training = saved.description.find("training");
  if (is_compiled() && !saved.state.is_null() && training != nullptr &&
      without_rate(*training).dump() != without_rate(training_.description).dump())
    fail(Status::invalid_argument, in_quotes(saved.path), " was trained with ", training->dump(),
         ", the model is with ", training_.description.dump());
}

void Model::restore(const std::string &path) {
  require_idle();
  require_layers();
  const Saved saved = read(path);
  check_saved(saved);
  take(saved);
}

}  // namespace penstock::core::nn
