// All parameters of a network in two pieces of memory: those that are trained, with their gradients and an optimizer's
// state beside them in the same layout, and the others.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/nn/layer.h"

namespace penstock::core::nn {

struct NamedLayer {
  std::string name;
  std::shared_ptr<Layer> layer;
  std::vector<std::string> parameter_names = {};  // as list_parameters() gives them
};

// A parameter with the name it has in its network, "layer.inside.parameter".
struct StoredParameter {
  std::string name;
  Parameter *parameter = nullptr;
  int64_t begin = 0;  // in elements, in the piece it lies in; a multiple of 64 bytes
};

class ParameterStore {
 public:
  ParameterStore() = default;
  // Moves the layers' parameters here.
  ParameterStore(const std::vector<NamedLayer> &layers, DType dtype);

  const std::vector<StoredParameter> &parameters() const { return parameters_; }
  const Tensor &trained() const { return trained_; }  // one axis; what lies between parameters is 0
  const Tensor &gradients() const { return gradients_; }
  const Tensor &others() const { return others_; }
  // Of one of parameters(), which is trained.
  Tensor gradient(const StoredParameter &stored) const;

 private:
  std::vector<StoredParameter> parameters_;
  Tensor trained_, gradients_, others_;
};

// The same without moving anything.
std::vector<StoredParameter> list_parameters(const std::vector<NamedLayer> &layers);

}  // namespace penstock::core::nn
