// Softmax and its logarithm: layers, and what other layers end with.
#pragma once

#include <memory>
#include <string_view>

#include "core/nn/activation.h"
#include "core/nn/layer.h"
#include "core/nn/settings.h"

namespace penstock::core::nn {

// {axis -1}: any axis but the first, the batch.
std::shared_ptr<Layer> make_log_softmax(Settings &settings, DType dtype);
std::shared_ptr<Layer> make_softmax(Settings &settings, DType dtype);

// Adds a normalisation other than none behind value.  layer is named in sentences.
Value trace_softmax(Tracer &tracer, const Value &value, ActivationChoice::Normalisation normalisation, int32_t axis,
                    std::string_view layer);

}  // namespace penstock::core::nn
