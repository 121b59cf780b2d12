// Activations as layers, and as what other layers end with.
#pragma once

#include <memory>

#include "core/nn/activation.h"
#include "core/nn/layer.h"
#include "core/nn/settings.h"

namespace penstock::core::nn {

// One pointwise function, applied to each element; settings as read_pointwise() says.
std::shared_ptr<Layer> make_elu(Settings &settings, DType dtype);
std::shared_ptr<Layer> make_gelu(Settings &settings, DType dtype);
std::shared_ptr<Layer> make_leaky_relu(Settings &settings, DType dtype);
std::shared_ptr<Layer> make_linear(Settings &settings, DType dtype);
std::shared_ptr<Layer> make_mish(Settings &settings, DType dtype);
std::shared_ptr<Layer> make_relu(Settings &settings, DType dtype);
std::shared_ptr<Layer> make_sigmoid(Settings &settings, DType dtype);
std::shared_ptr<Layer> make_silu(Settings &settings, DType dtype);
std::shared_ptr<Layer> make_softplus(Settings &settings, DType dtype);
std::shared_ptr<Layer> make_tanh(Settings &settings, DType dtype);

// Adds what choice says behind value; nothing for linear.  A normalisation runs along axis, which may count from the end.
// layer is named in sentences.
Value trace_activation(Tracer &tracer, const Value &value, const ActivationChoice &choice, std::string_view layer,
                       int32_t axis = -1);

}  // namespace penstock::core::nn
