// Batches of outputs and targets for losses and metrics.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/io/json.h"
#include "core/nn/loss.h"

namespace penstock::core::nn {

inline Json json(std::string_view text) { return parse_json(text, "test"); }

template <typename Element>
constexpr DType dtype_of_element = std::is_same_v<Element, float>    ? DType::float32
                                   : std::is_same_v<Element, double> ? DType::float64
                                                                     : DType::int64;

template <typename Element, typename Number>
std::vector<Element> converted(const std::vector<Number> &numbers) {
  std::vector<Element> to;
  for (const Number number : numbers) to.push_back(static_cast<Element>(number));
  return to;
}

template <typename Element>
const std::byte *bytes_of(const std::vector<Element> &numbers) {
  return reinterpret_cast<const std::byte *>(numbers.data());
}

// One batch whose memory its calls point into.
template <typename Element, typename Target>
struct Batch {
  Extents shape;
  std::vector<Element> outputs;
  Extents target_shape;
  std::vector<Target> targets;
  std::vector<Element> sample_weights = {};

  ValueOutline output_outline() const { return {shape, dtype_of_element<Element>}; }
  ValueOutline target_outline() const { return {target_shape, dtype_of_element<Target>}; }

  // Call: LossCall or MetricCall.
  template <typename Call>
  Call call() const {
    Call call;
    call.output_outline = output_outline();
    call.target_outline = target_outline();
    call.outputs = bytes_of(outputs);
    call.targets = bytes_of(targets);
    call.sample_weights = sample_weights.empty() ? nullptr : bytes_of(sample_weights);
    return call;
  }
};

}  // namespace penstock::core::nn
