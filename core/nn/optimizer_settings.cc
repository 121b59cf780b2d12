#include "core/nn/optimizer_settings.h"

#include "core/base/error.h"
#include "core/nn/described.h"
#include "core/nn/optimizer.h"
#include "core/nn/schedule.h"
#include "core/nn/settings.h"

namespace penstock::core::nn {
namespace {

constexpr double largest = 1e30;

// One number under its name, or under a shorter one.
double number_by_names(Settings &settings, std::string_view key, std::string_view short_key, double fallback) {
  const Json *given = settings.value(key), *short_given = settings.value(short_key);
  if (given != nullptr && short_given != nullptr)
    settings.refuse(short_key, *short_given, text("one of ", key, " and ", short_key));
  return settings.number(short_given != nullptr ? short_key : key, fallback, 0, largest);
}

double share_below_one(Settings &settings, std::string_view key, double fallback) {
  const double share = settings.number(key, fallback, 0, 1);
  if (share == 1) settings.refuse(key, share, "a number from 0 to below 1");
  return share;
}

// 0 where it is not given.
double limit(Settings &settings, std::string_view key) {
  const Json *given = settings.value(key);
  const double number = settings.number(key, 0, 0, largest);
  if (given != nullptr && number == 0) settings.refuse(key, *given, text("a number above 0, up to ", largest));
  return number;
}

Json limit_or_null(double limit) { return limit == 0 ? Json() : Json(limit); }

void read_sgd(Settings &settings, OptimizerSettings &to) {
  to.learning_rate = number_by_names(settings, "learning_rate", "lr", 0.01);
  to.momentum = settings.number("momentum", 0, 0, largest);
  to.dampening = settings.number("dampening", 0, -largest, largest);
  to.nesterov = settings.boolean("nesterov", false);
  if (to.nesterov && (to.momentum == 0 || to.dampening != 0))
    settings.refuse("nesterov", true, "a momentum above 0 and no dampening beside it");
  to.rule = to.momentum == 0 ? UpdateRule::sgd : to.nesterov ? UpdateRule::sgd_nesterov : UpdateRule::sgd_momentum;
}

void describe_sgd(const OptimizerSettings &from, Json::Object &settings) {
  append(settings, "momentum", from.momentum);
  append(settings, "dampening", from.dampening);
  append(settings, "nesterov", from.nesterov);
}

void read_adam(Settings &settings, OptimizerSettings &to) {
  to.learning_rate = number_by_names(settings, "learning_rate", "lr", 0.001);
  to.beta1 = share_below_one(settings, "beta1", 0.9);
  to.beta2 = share_below_one(settings, "beta2", 0.999);
  to.epsilon = settings.number("epsilon", 1e-8, 0, largest);
  to.amsgrad = settings.boolean("amsgrad", false);
  to.rule = to.amsgrad ? UpdateRule::adam_amsgrad : UpdateRule::adam;
}

void describe_adam(const OptimizerSettings &from, Json::Object &settings) {
  append(settings, "beta1", from.beta1);
  append(settings, "beta2", from.beta2);
  append(settings, "epsilon", from.epsilon);
  append(settings, "amsgrad", from.amsgrad);
}

void read_rmsprop(Settings &settings, OptimizerSettings &to) {
  to.learning_rate = number_by_names(settings, "learning_rate", "lr", 0.01);
  to.alpha = settings.number("alpha", 0.99, 0, 1);
  to.epsilon = settings.number("epsilon", 1e-8, 0, largest);
  to.momentum = settings.number("momentum", 0, 0, largest);
  to.centered = settings.boolean("centered", false);
  if (to.momentum == 0)
    to.rule = to.centered ? UpdateRule::rmsprop_centered : UpdateRule::rmsprop;
  else
    to.rule = to.centered ? UpdateRule::rmsprop_centered_momentum : UpdateRule::rmsprop_momentum;
}

void describe_rmsprop(const OptimizerSettings &from, Json::Object &settings) {
  append(settings, "alpha", from.alpha);
  append(settings, "epsilon", from.epsilon);
  append(settings, "momentum", from.momentum);
  append(settings, "centered", from.centered);
}

void read_adagrad(Settings &settings, OptimizerSettings &to) {
  to.learning_rate = number_by_names(settings, "learning_rate", "lr", 0.01);
  to.learning_rate_decay = number_by_names(settings, "learning_rate_decay", "lr_decay", 0);
  to.initial_accumulator = settings.number("initial_accumulator", 0, 0, largest);
  to.epsilon = settings.number("epsilon", 1e-10, 0, largest);
  to.rule = UpdateRule::adagrad;
}

void describe_adagrad(const OptimizerSettings &from, Json::Object &settings) {
  append(settings, "learning_rate_decay", from.learning_rate_decay);
  append(settings, "initial_accumulator", from.initial_accumulator);
  append(settings, "epsilon", from.epsilon);
}

void read_lion(Settings &settings, OptimizerSettings &to) {
  to.learning_rate = number_by_names(settings, "learning_rate", "lr", 1e-4);
  to.beta1 = share_below_one(settings, "beta1", 0.9);
  to.beta2 = share_below_one(settings, "beta2", 0.99);
  to.rule = UpdateRule::lion;
}

void describe_lion(const OptimizerSettings &from, Json::Object &settings) {
  append(settings, "beta1", from.beta1);
  append(settings, "beta2", from.beta2);
}

struct OptimizerKind {
  std::string_view name;
  void (*read)(Settings &settings, OptimizerSettings &to);
  void (*describe)(const OptimizerSettings &from, Json::Object &settings);
};

constexpr OptimizerKind kinds[] = {
    {"adagrad", read_adagrad, describe_adagrad}, {"adam", read_adam, describe_adam},
    {"adamw", read_adam, describe_adam},         {"lion", read_lion, describe_lion},
    {"rmsprop", read_rmsprop, describe_rmsprop}, {"sgd", read_sgd, describe_sgd},
};

OptimizerGroup read_group(const Json &description, const OptimizerSettings &all) {
  Settings settings(description, core::text("optimizer ", all.name, ": a group"));
  constexpr std::string_view expected = "a list of parameters' names, with * and ? for what varies";
  OptimizerGroup group;
  const Json *given = settings.value("parameters");
  if (given == nullptr) settings.refuse("parameters", Json(), expected);
  const Json::Array single = {*given};
  const Json::Array &list = given->if_array() != nullptr ? *given->if_array() : single;
  for (const Json &each : list) {
    if (each.if_text() == nullptr) settings.refuse("parameters", *given, expected);
    group.patterns.push_back(*each.if_text());
  }
  group.learning_rate = number_by_names(settings, "learning_rate", "lr", all.learning_rate);
  group.weight_decay = settings.number("weight_decay", all.weight_decay, 0, largest);
  settings.finish();
  return group;
}

}  // namespace

OptimizerSettings read_optimizer_settings(const Json &description) {
  const OptimizerKind &kind = find_described(kinds, description, "optimizer");
  OptimizerSettings read;
  read.name = kind.name;
  Settings settings = described_settings(description, core::text("optimizer ", kind.name));
  kind.read(settings, read);
  read.weight_decay = settings.number("weight_decay", kind.name == "adamw" ? 0.01 : 0, 0, largest);
  read.clip_norm = limit(settings, "clip_norm");
  read.clip_value = limit(settings, "clip_value");
  if (const Json *groups = settings.value("groups")) {
    if (groups->if_array() == nullptr) settings.refuse("groups", *groups, "a list of objects");
    for (const Json &each : *groups->if_array()) read.groups.push_back(read_group(each, read));
  }
  if (const Json *schedule = settings.value("schedule")) read.schedule = make_schedule(*schedule)->description();
  settings.finish();
  return read;
}

Json describe(const OptimizerSettings &settings) {
  Json::Object description;
  append(description, "name", settings.name);
  append(description, "learning_rate", settings.learning_rate);
  for (const OptimizerKind &kind : kinds)
    if (kind.name == settings.name) kind.describe(settings, description);
  append(description, "weight_decay", settings.weight_decay);
  append(description, "clip_norm", limit_or_null(settings.clip_norm));
  append(description, "clip_value", limit_or_null(settings.clip_value));
  Json::Array groups;
  for (const OptimizerGroup &group : settings.groups) {
    Json::Object each;
    append(each, "parameters", Json::Array(group.patterns.begin(), group.patterns.end()));
    append(each, "learning_rate", group.learning_rate);
    append(each, "weight_decay", group.weight_decay);
    groups.emplace_back(std::move(each));
  }
  append(description, "groups", std::move(groups));
  append(description, "schedule", settings.schedule);
  return Json(std::move(description));
}

std::span<const std::string_view> optimizer_names() {
  static const auto names = names_of(kinds);
  return names;
}

}  // namespace penstock::core::nn
