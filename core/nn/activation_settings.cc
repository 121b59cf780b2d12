// Activations as settings name them.
#include <algorithm>
#include <iterator>

#include "core/base/error.h"
#include "core/io/utf8.h"
#include "core/nn/activation.h"

namespace penstock::core::nn {
namespace {

constexpr double largest = 1e30;

// In the order of ActivationKind, gelu's second form left out.
struct PointwiseName {
  std::string_view name;
  ActivationKind kind;
};
constexpr PointwiseName pointwise_names[] = {
    {"elu", ActivationKind::elu},         {"gelu", ActivationKind::gelu}, {"leaky_relu", ActivationKind::leaky_relu},
    {"linear", ActivationKind::linear},   {"mish", ActivationKind::mish}, {"relu", ActivationKind::relu},
    {"sigmoid", ActivationKind::sigmoid}, {"silu", ActivationKind::silu}, {"softplus", ActivationKind::softplus},
    {"tanh", ActivationKind::tanh},
};
constexpr std::string_view softmax_name = "softmax", log_softmax_name = "log_softmax";

const PointwiseName *find_name(std::string_view name) {
  const auto *found = std::find_if(std::begin(pointwise_names), std::end(pointwise_names),
                                   [&](const PointwiseName &each) { return each.name == name; });
  return found == std::end(pointwise_names) ? nullptr : found;
}

std::string known_names() {
  return text(listed(pointwise_names, [](const PointwiseName &each) { return each.name; }), ", ", softmax_name, ", ",
              log_softmax_name);
}

}  // namespace

bool is_pointwise_name(std::string_view name) { return find_name(name) != nullptr; }

std::string_view activation_name(const Activation &activation) {
  if (activation.kind == ActivationKind::gelu_tanh) return "gelu";
  return std::find_if(std::begin(pointwise_names), std::end(pointwise_names),
                      [&](const PointwiseName &each) { return each.kind == activation.kind; })
      ->name;
}

Activation read_pointwise(std::string_view name, Settings &settings) {
  Activation activation{.kind = find_name(name)->kind};
  switch (activation.kind) {
    case ActivationKind::leaky_relu: activation.slope = settings.number("negative_slope", 0.01, 0, largest); break;
    case ActivationKind::elu: activation.slope = settings.number("alpha", 1, 0, largest); break;
    case ActivationKind::softplus:
      activation.slope = settings.number("beta", 1, 1 / largest, largest);
      activation.threshold = settings.number("threshold", 20, -largest, largest);
      break;
    case ActivationKind::gelu: {
      const std::string approximate = settings.text("approximate", "none");
      if (approximate != "none" && approximate != "tanh") settings.refuse("approximate", approximate, "none or tanh");
      if (approximate == "tanh") activation.kind = ActivationKind::gelu_tanh;
      break;
    }
    default: break;
  }
  return activation;
}

Json::Object activation_settings(const Activation &activation) {
  Json::Object settings;
  switch (activation.kind) {
    case ActivationKind::leaky_relu: append(settings, "negative_slope", activation.slope); break;
    case ActivationKind::elu: append(settings, "alpha", activation.slope); break;
    case ActivationKind::softplus:
      append(settings, "beta", activation.slope);
      append(settings, "threshold", activation.threshold);
      break;
    case ActivationKind::gelu: append(settings, "approximate", "none"); break;
    case ActivationKind::gelu_tanh: append(settings, "approximate", "tanh"); break;
    default: break;
  }
  return settings;
}

Json ActivationChoice::description() const {
  if (normalisation == Normalisation::softmax) return softmax_name;
  if (normalisation == Normalisation::log_softmax) return log_softmax_name;
  Json::Object settings = activation_settings(pointwise);
  if (settings.empty()) return activation_name(pointwise);
  settings.emplace(settings.begin(), "name", activation_name(pointwise));
  return settings;
}

ActivationChoice read_activation(Settings &settings, std::string_view key) {
  ActivationChoice choice;
  const Json *given = settings.value(key);
  if (given == nullptr) return choice;
  const Json *named = given->if_object() ? given->find("name") : given;
  const std::string *name = named == nullptr ? nullptr : named->if_text();
  const bool is_softmax = name != nullptr && *name == softmax_name;
  const bool is_log_softmax = name != nullptr && *name == log_softmax_name;
  if (name == nullptr || !(is_softmax || is_log_softmax || is_pointwise_name(*name)))
    settings.refuse(key, *given, text("one of ", known_names(), ", or an object with such a name"));
  static const Json none = Json::Object();
  Settings own(given->if_object() ? *given : none, text(key, " ", *name));
  own.value("name");
  if (is_softmax || is_log_softmax)
    choice.normalisation =
        is_softmax ? ActivationChoice::Normalisation::softmax : ActivationChoice::Normalisation::log_softmax;
  else
    choice.pointwise = read_pointwise(*name, own);
  own.finish();
  return choice;
}

}  // namespace penstock::core::nn
