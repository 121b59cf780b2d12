#include "core/nn/optimizer.h"

#include <fnmatch.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "core/base/error.h"
#include "core/base/processor.h"
#include "core/base/thread_pool.h"
#include "core/io/utf8.h"

namespace penstock::core::nn {
namespace {

// Elements that one thread works on: so many that handing them over pays, so few that two threads end together.
constexpr int64_t piece_elements = 16384;
constexpr int64_t most_pieces = 1024;

UpdateKernels choose_kernels(UpdateRule rule, DType dtype) {
  if (processor_has_64_byte_vectors()) return update_kernels_64(rule, dtype);
  if (processor_has_32_byte_vectors()) return update_kernels_32(rule, dtype);
  return update_kernels_16(rule, dtype);
}

// Calls body(piece, begin, count, group) for what each piece of the buffers has of each segment; the pieces follow from
// where the last segment ends.
template <typename Body>
void for_each_piece(std::span<const OptimizerSegment> segments, const Body &body) {
  if (segments.empty()) return;
  const int64_t end = segments.back().begin + segments.back().count;
  const int64_t grain = std::max(piece_elements, shard_count(end, most_pieces));
  parallel_for(end, grain, [&](Range range) {
    auto segment = std::partition_point(segments.begin(), segments.end(), [&](const OptimizerSegment &each) {
      return each.begin + each.count <= range.begin;
    });
    for (; segment != segments.end() && segment->begin < range.end; ++segment) {
      const int64_t begin = std::max(segment->begin, range.begin);
      const int64_t count = std::min(segment->begin + segment->count, range.end) - begin;
      if (count > 0) body(range.begin / grain, begin, count, segment->group);
    }
  });
}

// What a step's number makes of an optimizer's settings; rate is what a group's learning rate is multiplied by.
UpdateNumbers numbers_of(const OptimizerSettings &settings, int64_t number) {
  const auto steps = static_cast<double>(number);
  UpdateNumbers numbers;
  numbers.rate = 1;
  numbers.epsilon = settings.epsilon;
  numbers.momentum = settings.momentum;
  numbers.keep1 = settings.beta1;
  numbers.take1 = 1 - settings.beta1;
  numbers.keep2 = settings.beta2;
  numbers.take2 = 1 - settings.beta2;
  if (settings.name == "sgd") {
    // The first gradient is taken whole.
    numbers.keep1 = settings.momentum;
    numbers.take1 = number == 1 ? 1 : 1 - settings.dampening;
  } else if (settings.name == "adam" || settings.name == "adamw") {
    numbers.rate = 1 / (1 - std::pow(settings.beta1, steps));
    numbers.root_scale = 1 / std::sqrt(1 - std::pow(settings.beta2, steps));
  } else if (settings.name == "rmsprop") {
    numbers.keep2 = settings.alpha;
    numbers.take2 = 1 - settings.alpha;
  } else if (settings.name == "adagrad") {
    numbers.rate = 1 / (1 + (steps - 1) * settings.learning_rate_decay);
  }
  if (settings.clip_value > 0) numbers.gradient_limit = settings.clip_value;
  return numbers;
}

}  // namespace

Optimizer::Optimizer(OptimizerSettings settings, DType dtype)
    : settings_(std::move(settings)),
      dtype_(dtype),
      schedule_(make_schedule(settings_.schedule)),
      kernels_(choose_kernels(settings_.rule, dtype)) {}

Json Optimizer::description() const { return describe(settings_); }

std::span<const std::string_view> Optimizer::state_names() const {
  static constexpr std::string_view momentum[] = {"momentum"};
  static constexpr std::string_view moments[] = {"first_moment", "second_moment", "largest_second_moment"};
  static constexpr std::string_view squares[] = {"square_mean", "momentum", "gradient_mean"};
  static constexpr std::string_view squares_and_mean[] = {"square_mean", "gradient_mean"};
  static constexpr std::string_view sum[] = {"square_sum"};
  const std::span<const std::string_view> all_moments = moments, all_squares = squares;
  switch (settings_.rule) {
    case UpdateRule::sgd: return {};
    case UpdateRule::sgd_momentum:
    case UpdateRule::sgd_nesterov: return momentum;
    case UpdateRule::adam: return all_moments.first(2);
    case UpdateRule::adam_amsgrad: return all_moments;
    case UpdateRule::rmsprop: return all_squares.first(1);
    case UpdateRule::rmsprop_momentum: return all_squares.first(2);
    case UpdateRule::rmsprop_centered: return squares_and_mean;
    case UpdateRule::rmsprop_centered_momentum: return all_squares;
    case UpdateRule::adagrad: return sum;
    case UpdateRule::lion: return all_moments.first(1);
  }
  return {};
}

void Optimizer::fill_state(size_t, std::byte *to, int64_t element_count) const {
  const double value = settings_.rule == UpdateRule::adagrad ? settings_.initial_accumulator : 0;
  if (dtype_ == DType::float32)
    std::fill_n(reinterpret_cast<float *>(to), element_count, static_cast<float>(value));
  else
    std::fill_n(reinterpret_cast<double *>(to), element_count, value);
}

std::vector<int32_t> Optimizer::resolve(std::span<const std::string> names) const {
  const auto matches = [](const std::string &pattern, const std::string &name) {
    return fnmatch(pattern.c_str(), name.c_str(), 0) == 0;
  };
  for (const OptimizerGroup &group : settings_.groups)
    for (const std::string &pattern : group.patterns)
      if (std::none_of(names.begin(), names.end(), [&](const std::string &name) { return matches(pattern, name); }))
        fail(Status::invalid_argument, "optimizer ", settings_.name, ": a group has the pattern ", in_quotes(pattern),
             ", which no parameter matches: there are ", listed(names, [](const std::string &name) { return name; }));
  std::vector<int32_t> groups;
  for (const std::string &name : names) {
    const auto found = std::find_if(settings_.groups.begin(), settings_.groups.end(), [&](const auto &group) {
      return std::any_of(group.patterns.begin(), group.patterns.end(),
                         [&](const std::string &pattern) { return matches(pattern, name); });
    });
    groups.push_back(found == settings_.groups.end() ? 0 : static_cast<int32_t>(found - settings_.groups.begin()) + 1);
  }
  return groups;
}

double Optimizer::learning_rate(int32_t group) const {
  return group == 0 ? settings_.learning_rate : settings_.groups[static_cast<size_t>(group) - 1].learning_rate;
}

double Optimizer::weight_decay(int32_t group) const {
  return group == 0 ? settings_.weight_decay : settings_.groups[static_cast<size_t>(group) - 1].weight_decay;
}

void Optimizer::learning_rates_at(const TrainingPosition &position, std::span<double> rates) const {
  for (size_t group = 0; group < rates.size(); ++group)
    rates[group] = schedule_->rate(learning_rate(static_cast<int32_t>(group)), position);
}

void Optimizer::step(const OptimizerStep &step) const {
  const int64_t size = dtype_size(dtype_);
  UpdateNumbers numbers = numbers_of(settings_, step.number);
  if (settings_.clip_norm > 0) {
    std::array<double, most_pieces> sums{};
    for_each_piece(step.segments, [&](int64_t piece, int64_t begin, int64_t count, int32_t) {
      sums[static_cast<size_t>(piece)] +=
          kernels_.square_sum(step.gradients + begin * size, count, numbers.gradient_limit);
    });
    double sum = 0;
    for (const double each : sums) sum += each;
    const double scale = settings_.clip_norm / (std::sqrt(sum) + 1e-6);
    numbers.gradient_scale = scale > 1 ? 1 : scale;  // a NaN stays
  }
  for_each_piece(step.segments, [&](int64_t, int64_t begin, int64_t count, int32_t group) {
    const double rate = step.learning_rates[static_cast<size_t>(group)], decay = weight_decay(group);
    UpdateNumbers own = numbers;
    own.rate *= rate;
    if (settings_.decouples_weight_decay())
      own.parameter_scale = 1 - rate * decay;
    else
      own.weight_decay = decay;
    UpdateStretch stretch{step.parameters + begin * size, step.gradients + begin * size, {}, count};
    for (size_t state = 0; state < step.states.size(); ++state)
      stretch.states[state] = step.states[state] + begin * size;
    kernels_.update(stretch, own);
  });
}

std::unique_ptr<Optimizer> make_optimizer(const Json &description, DType dtype) {
  if (dtype != DType::float32 && dtype != DType::float64)
    fail(Status::type_mismatch, "an optimizer's dtype is ", dtype, ": expected float32 or float64");
  return std::make_unique<Optimizer>(read_optimizer_settings(description), dtype);
}

}  // namespace penstock::core::nn
