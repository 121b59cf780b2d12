// How parameters begin.  Names and formulas are those of Keras and torch, which agree where both have one.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/base/random.h"
#include "core/io/json.h"
#include "core/tensor/tensor.h"

namespace penstock::core::nn {

// What variance scaling counts: of a dense weight of shape (outputs, inputs) those, of a convolution's weight (outputs,
// inputs of a group, window...) both times the window's size.
struct Fans {
  int64_t in = 0;
  int64_t out = 0;
};
Fans fans_of(const Extents &shape);

// By name, or by an object with "name" and the initializer's own settings; as it stands in a layer's settings.
//
//   zeros, ones, constant {value}
//   uniform {low, high}, normal {mean, deviation}, truncated_normal {mean, deviation}: cut at two deviations, as Keras's
//   glorot_uniform, glorot_normal (xavier_*), he_uniform, he_normal (kaiming_*), lecun_uniform, lecun_normal {gain}:
//                        variance gain^2 * {2 / (in + out), 2 / in, 1 / in}; the normal ones truncated as Keras's
//   orthogonal {gain}    of the matrix that has the first axis as rows
//   fan_in_uniform       between -1 / sqrt(in) and 1 / sqrt(in), as torch's layers begin; where "in" is not the
//                        parameter's own (a bias, a recurrent weight) the layer gives {"fan_in"}
class Initializer {
 public:
  Initializer() = default;  // zeros
  // place stands in sentences: "bias_initializer".  Throws invalid_argument for what it does not know.
  explicit Initializer(const Json &description, std::string_view place);

  static Initializer fan_in_uniform(int64_t fan_in);

  const Json &description() const { return description_; }
  // tensor: dense, float32 or float64.
  void fill(const Tensor &tensor, RandomStream stream) const;

 private:
  Json description_ = "zeros";
};

}  // namespace penstock::core::nn
