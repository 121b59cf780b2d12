// Layers made of layers: sequential, residual.
#pragma once

#include <memory>

#include "core/nn/layer.h"
#include "core/nn/settings.h"

namespace penstock::core::nn {

// {"layers": a list of {"kind", "settings"}}: one after the other.  Without layers the input is the result.
std::shared_ptr<Layer> make_sequential(Settings &settings, DType dtype);

// {"layers" as sequential's, "activation"}: the layers' result, which must have the input's shape, plus the input; behind
// that an activation, where there is one.
std::shared_ptr<Layer> make_residual(Settings &settings, DType dtype);

}  // namespace penstock::core::nn
