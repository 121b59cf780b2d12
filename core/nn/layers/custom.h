// Layers that the engine's caller computes: in a plan they are an operation like any other.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/io/json.h"
#include "core/nn/layer.h"
#include "core/nn/settings.h"
#include "core/tensor/tensor.h"

namespace penstock::core::nn {

// What a layer computes by.  All tensors are dense, and over memory that is lent for the call alone; a call may allocate.
// Whatever a function throws leaves the step that called it undone.
class CustomFunctions {
 public:
  virtual ~CustomFunctions() = default;
  CustomFunctions(const CustomFunctions &) = delete;
  CustomFunctions &operator=(const CustomFunctions &) = delete;

  virtual Extents output_shape(const ValueOutline &input) = 0;

  struct Forward {
    Tensor output, input;                // the input is read-only
    std::span<const Tensor> parameters;  // those that are not trained may be written in training
    bool is_training;
    uint64_t seed;  // for this operation in this step alone
  };
  virtual void forward(const Forward &call) = 0;

  // Gradients are zeros when it is called; a storage that is null stands for one that nobody asks for.
  struct Backward {
    Tensor input_gradient;
    std::span<const Tensor> parameter_gradients;
    Tensor output_gradient, input, output;
    std::span<const Tensor> parameters;
    uint64_t seed;  // the one that forward() was given
  };
  virtual bool has_backward() const = 0;
  virtual void backward(const Backward &call) = 0;

  // A model has moved the layer's own parameters into memory of its own.
  virtual void parameters_moved(std::span<const Parameter> parameters) = 0;

 protected:
  CustomFunctions() = default;
};

struct CustomDescription {
  std::string type;  // how its owner calls it
  Json config;       // an object that its owner makes it of again
  struct OwnParameter {
    std::string name;
    Tensor value;  // dense, of the layer's dtype
    bool is_trained = true;
  };
  std::vector<OwnParameter> parameters;
  struct Inside {
    std::string name;
    std::shared_ptr<Layer> layer;
  };
  // Layers whose parameters are trained with its own; its functions call them.
  std::vector<Inside> layers;
};

// Throws invalid_argument for names that are empty, for a parameter's with a dot, for parameters that would have one name,
// and for a layer that is in a model.
std::shared_ptr<Layer> make_custom(CustomDescription description, DType dtype,
                                   std::unique_ptr<CustomFunctions> functions);

// Makes layers of a type again from their config.
using CustomFactory = std::function<std::shared_ptr<Layer>(const std::string &type, const Json &config, DType dtype)>;

// While one lives, layers of the kind "custom" that are described on its thread are made by its factory.
class CustomFactoryScope {
 public:
  explicit CustomFactoryScope(CustomFactory factory);
  ~CustomFactoryScope();
  CustomFactoryScope(const CustomFactoryScope &) = delete;
  CustomFactoryScope &operator=(const CustomFactoryScope &) = delete;

 private:
  friend std::shared_ptr<Layer> make_described_custom(Settings &settings, DType dtype);
  static thread_local const CustomFactoryScope *current;
  const CustomFactoryScope *const outer_;
  const CustomFactory factory_;
};

// {"type", "config"}.  Throws unavailable, naming the type, where there is no factory.
std::shared_ptr<Layer> make_described_custom(Settings &settings, DType dtype);

inline constexpr std::string_view custom_kind = "custom";

}  // namespace penstock::core::nn
