// Layers: what a network is described by, and where its parameters are.
//
// A layer is made from a kind and settings in JSON, the form in which files and the C ABI name it; its parameters' shapes
// follow from the settings alone.  For a batch of given shapes it adds operations to a plan (trace()).
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/random.h"
#include "core/base/text.h"
#include "core/io/json.h"
#include "core/nn/initializer.h"
#include "core/nn/operation.h"
#include "core/tensor/tensor.h"

namespace penstock::core::nn {

// A value in a plan that is being made.
struct Value {
  int32_t number = 0;
  ValueOutline outline;
};

struct Parameter {
  std::string name;  // within its layer: "weight"
  Tensor value;      // dense
  Initializer initializer;
  bool is_trained = true;  // not for running statistics, which no gradient reaches
};

// Takes a network's operations in their order.
class Tracer {
 public:
  virtual DType dtype() const = 0;
  virtual bool is_training() const = 0;   // how to compute: whether dropout drops, and the like
  virtual bool has_backward() const = 0;  // whether backward() may be run; always in training
  // An activation of that name must be an operation of its own, not a part of another: it may be left out at the end.
  virtual std::string_view apart() const = 0;
  // Adds an operation on some values and parameters, which live as long as the plan; gives its result.
  virtual Value add(std::unique_ptr<Operation> operation, std::span<const Value> inputs,
                    std::span<const Parameter *const> parameters) = 0;

 protected:
  ~Tracer() = default;
};

class Layer {
 public:
  virtual ~Layer() = default;
  Layer(const Layer &) = delete;
  Layer &operator=(const Layer &) = delete;

  virtual std::string_view kind() const = 0;  // as "dense"
  // All that make_layer() takes, defaults included, in the order of the documentation.
  virtual Json::Object settings() const = 0;
  // Throws invalid_argument, naming the layer, the shape it was given and what it expects.
  virtual Value trace(Tracer &tracer, std::span<const Value> inputs) const = 0;

  // Those of the layers inside are theirs.
  std::span<Parameter> parameters() { return parameters_; }
  std::span<const Parameter> parameters() const { return parameters_; }
  virtual std::span<const std::shared_ptr<Layer>> layers_inside() const { return {}; }
  // What the names of the parameters of one of them begin with.
  virtual std::string inside_name(size_t index) const { return text(index); }
  // Said after a model has moved the parameters into memory of its own.
  virtual void parameters_moved() {}

  DType dtype() const { return dtype_; }
  // A model that a layer belongs to keeps its parameters in memory of its own.
  bool is_in_model() const { return is_in_model_; }
  void set_in_model(bool in_model) { is_in_model_ = in_model; }

 protected:
  explicit Layer(DType dtype) : dtype_(dtype) {}

  // For constructors: not initialised yet.
  void add_parameter(std::string name, const Extents &shape, Initializer initializer, bool is_trained = true);
  // With the values it has.
  void add_given_parameter(std::string name, Tensor value, bool is_trained);
  std::vector<const Parameter *> parameter_list() const;

 private:
  DType dtype_;
  bool is_in_model_ = false;
  std::vector<Parameter> parameters_;
};

// While one lives, all layers that are made on its thread together have parameters of so many bytes at most; one beyond that
// is refused with a data_error, before it takes memory.  For descriptions that a stranger wrote.
class ParameterLimit {
 public:
  explicit ParameterLimit(uint64_t nbytes);
  ~ParameterLimit();
  ParameterLimit(const ParameterLimit &) = delete;
  ParameterLimit &operator=(const ParameterLimit &) = delete;

 private:
  friend class Layer;
  static thread_local ParameterLimit *current;
  ParameterLimit *const outer_;
  const uint64_t nbytes_;
  uint64_t left_;
};

// kind     one of layer_kinds(), or "custom" (layers/custom.h)
// settings an object; what it lacks has the default.  Throws invalid_argument for an unknown key, naming those there are,
//          and for a value of another kind or outside its limits, naming both; the setting's place is in the sentence
// dtype    float32 or float64
//
// Parameters have memory, but are not initialised: initialize() does that.
std::shared_ptr<Layer> make_layer(std::string_view kind, const Json &settings, DType dtype);
std::span<const std::string_view> layer_kinds();

// Draws all parameters anew, those of layers inside too: each from a stream of its own, which depends on seed and on the
// parameter's place in the layer alone.  Layers of the kind "custom" keep what their owner gave them.
void initialize(Layer &layer, uint64_t seed);

}  // namespace penstock::core::nn
