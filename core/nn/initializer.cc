#include "core/nn/initializer.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <vector>

#include "core/base/error.h"
#include "core/io/utf8.h"
#include "core/nn/settings.h"
#include "core/ops/random_tensors.h"
#include "core/tensor/copy.h"
#include "core/tensor/create.h"

namespace penstock::core::nn {
namespace {

constexpr double largest = 1e30;

struct NameOf {
  std::string_view name, meaning;
};
constexpr NameOf aliases[] = {{"xavier_uniform", "glorot_uniform"},
                              {"xavier_normal", "glorot_normal"},
                              {"kaiming_uniform", "he_uniform"},
                              {"kaiming_normal", "he_normal"}};
constexpr std::string_view names[] = {
    "zeros",         "ones",      "constant",   "uniform",       "normal",       "truncated_normal", "glorot_uniform",
    "glorot_normal", "he_normal", "he_uniform", "lecun_uniform", "lecun_normal", "orthogonal",       "fan_in_uniform",
};

// What a description says, checked.
struct Scheme {
  std::string name;
  double first = 0;   // value, low, mean
  double second = 1;  // high, deviation
  double gain = 1;
  int64_t fan_in = 0;  // 0: the tensor's own
};

std::string read_name(const Json &description, std::string_view place) {
  const Json *given = description.if_object() ? description.find("name") : &description;
  if (given == nullptr || given->if_text() == nullptr)
    fail(Status::invalid_argument, place, " is ", description.dump(), ": expected a name, or an object with a name");
  std::string name = *given->if_text();
  for (const NameOf &alias : aliases)
    if (name == alias.name) name = alias.meaning;
  if (std::find(std::begin(names), std::end(names), name) == std::end(names))
    fail(Status::invalid_argument, place, " is ", in_quotes(name), ": expected one of ",
         listed(names, [](std::string_view each) { return each; }));
  return name;
}

Scheme read(const Json &description, std::string_view place) {
  Scheme scheme;
  scheme.name = read_name(description, place);
  static const Json none = Json::Object();
  Settings settings(description.if_object() ? description : none, text(place, " ", scheme.name));
  settings.value("name");
  const bool is_uniform = scheme.name == "uniform", is_constant = scheme.name == "constant";
  const bool has_deviation = scheme.name == "normal" || scheme.name == "truncated_normal";
  if (is_constant) scheme.first = settings.number("value", 0, -largest, largest);
  if (is_uniform) {
    scheme.first = settings.number("low", -0.05, -largest, largest);
    scheme.second = settings.number("high", 0.05, -largest, largest);
    if (!(scheme.first < scheme.second))
      fail(Status::invalid_argument, place, ": low is ", scheme.first, ", high ", scheme.second,
           ": expected low below high");
  }
  if (has_deviation) {
    scheme.first = settings.number("mean", 0, -largest, largest);
    scheme.second = settings.number("deviation", 0.05, 0, largest);
  }
  if (scheme.name == "fan_in_uniform") scheme.fan_in = settings.integer("fan_in", 0, 0, largest_nbytes);
  if (scheme.name.find("glorot") == 0 || scheme.name.find("he_") == 0 || scheme.name.find("lecun") == 0 ||
      scheme.name == "orthogonal")
    scheme.gain = settings.number("gain", 1, 0, largest);
  settings.finish();
  return scheme;
}

void copy_into(const Tensor &tensor, const Tensor &values) { copy(tensor, values, Casting::unsafe); }

void fill_uniform(const Tensor &tensor, RandomStream stream, double low, double high) {
  if (low < high) return copy_into(tensor, random_uniform(stream, DType::float64, tensor.shape, low, high, {}));
  copy_into(tensor, full(DType::float64, tensor.shape, &low, DType::float64, {}));
}

// Values beyond two deviations are drawn again, from further streams.
void fill_truncated(const Tensor &tensor, RandomStream stream, double mean, double deviation) {
  const Tensor values = random_normal(stream, DType::float64, tensor.shape, 0, 1, {});
  const std::span numbers(reinterpret_cast<double *>(values.data), static_cast<size_t>(values.element_count()));
  for (uint64_t round = 1; std::any_of(numbers.begin(), numbers.end(), [](double each) { return std::abs(each) > 2; });
       ++round) {
    const Tensor more = random_normal(fold_in(stream, round), DType::float64, tensor.shape, 0, 1, {});
    const auto *others = reinterpret_cast<const double *>(more.data);
    for (size_t index = 0; index < numbers.size(); ++index)
      if (std::abs(numbers[index]) > 2) numbers[index] = others[index];
  }
  for (double &number : numbers) number = mean + deviation * number;
  copy_into(tensor, values);
}

// Rows that are orthonormal where there are no more of them than columns, otherwise columns: Gram and Schmidt's method,
// twice, on normal numbers.
void fill_orthogonal(const Tensor &tensor, RandomStream stream, double gain) {
  const int64_t count = tensor.element_count(), rows = tensor.ndim() == 0 ? 1 : tensor.shape[0];
  const int64_t columns = rows == 0 ? 0 : count / rows;
  const bool by_rows = rows <= columns;
  const int64_t vectors = by_rows ? rows : columns, length = by_rows ? columns : rows;
  const Tensor drawn = random_normal(stream, DType::float64, {vectors, length}, 0, 1, {});
  auto *numbers = reinterpret_cast<double *>(drawn.data);
  const auto dot = [&](int64_t one, int64_t other) {
    double sum = 0;
    for (int64_t index = 0; index < length; ++index)
      sum += numbers[one * length + index] * numbers[other * length + index];
    return sum;
  };
  for (int64_t vector = 0; vector < vectors; ++vector) {
    for (int64_t earlier = 0; earlier < 2 * vector; ++earlier) {
      const int64_t other = earlier % vector;
      const double share = dot(vector, other);
      for (int64_t index = 0; index < length; ++index)
        numbers[vector * length + index] -= share * numbers[other * length + index];
    }
    const double size = std::sqrt(dot(vector, vector));
    for (int64_t index = 0; index < length; ++index) numbers[vector * length + index] /= size;
  }
  const Tensor values = empty(DType::float64, tensor.shape, {});
  auto *to = reinterpret_cast<double *>(values.data);
  for (int64_t row = 0; row < rows; ++row)
    for (int64_t column = 0; column < columns; ++column)
      to[row * columns + column] = gain * (by_rows ? numbers[row * length + column] : numbers[column * length + row]);
  copy_into(tensor, values);
}

// Of the variance-scaling schemes.
double variance(const Scheme &scheme, const Fans &fans) {
  const auto in = static_cast<double>(std::max<int64_t>(fans.in, 1)), out = static_cast<double>(fans.out);
  if (scheme.name.find("glorot") == 0) return scheme.gain * scheme.gain * 2 / std::max(in + out, 1.0);
  return scheme.gain * scheme.gain * (scheme.name.find("he_") == 0 ? 2 : 1) / in;
}

}  // namespace

Fans fans_of(const Extents &shape) {
  if (shape.empty()) return {1, 1};
  if (shape.size() == 1) return {shape[0], shape[0]};
  int64_t window = 1;
  for (int32_t axis = 2; axis < shape.size(); ++axis) window *= shape[axis];
  return {shape[1] * window, shape[0] * window};
}

Initializer::Initializer(const Json &description, std::string_view place) : description_(description) {
  read(description, place);
}

Initializer Initializer::fan_in_uniform(int64_t fan_in) {
  Json::Object description;
  append(description, "name", "fan_in_uniform");
  append(description, "fan_in", static_cast<uint64_t>(fan_in));
  return Initializer(Json(std::move(description)), "initializer");
}

void Initializer::fill(const Tensor &tensor, RandomStream stream) const {
  const Scheme scheme = read(description_, "initializer");
  const std::string &name = scheme.name;
  if (name == "zeros" || name == "ones" || name == "constant") {
    const double value = name == "zeros" ? 0 : name == "ones" ? 1 : scheme.first;
    return copy_into(tensor, full(DType::float64, tensor.shape, &value, DType::float64, {}));
  }
  if (name == "uniform") return fill_uniform(tensor, stream, scheme.first, scheme.second);
  if (name == "normal")
    return copy_into(tensor, random_normal(stream, DType::float64, tensor.shape, scheme.first, scheme.second, {}));
  if (name == "truncated_normal") return fill_truncated(tensor, stream, scheme.first, scheme.second);
  if (name == "orthogonal") return fill_orthogonal(tensor, stream, scheme.gain);
  const Fans fans = fans_of(tensor.shape);
  if (name == "fan_in_uniform") {
    const int64_t fan_in = scheme.fan_in > 0 ? scheme.fan_in : fans.in;
    const double bound = 1 / std::sqrt(static_cast<double>(std::max<int64_t>(fan_in, 1)));
    return fill_uniform(tensor, stream, -bound, bound);
  }
  if (name.find("uniform") != std::string::npos) {
    const double bound = std::sqrt(3 * variance(scheme, fans));
    return fill_uniform(tensor, stream, -bound, bound);
  }
  constexpr double deviation_after_cut = 0.87962566103423978;  // of a normal distribution cut at two deviations
  fill_truncated(tensor, stream, 0, std::sqrt(variance(scheme, fans)) / deviation_after_cut);
}

}  // namespace penstock::core::nn
