// The embedding layer: rows of a table, looked up by number.
#pragma once

#include <memory>

#include "core/nn/layer.h"
#include "core/nn/settings.h"

namespace penstock::core::nn {

// {count, features, weight_initializer normal of mean 0 and deviation 1}: int64 indices of any shape, each from 0 to
// count - 1, become that row of weight (count, features) along a further, last axis.
//
// forward() throws out_of_range, naming the index and its place, and has then written nothing.
std::shared_ptr<Layer> make_embedding(Settings &settings, DType dtype);

}  // namespace penstock::core::nn
