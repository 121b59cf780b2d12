// Models and data that tests of models share.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "core/nn/fit.h"
#include "core/nn/model.h"
#include "core/ops/random_tensors.h"
#include "core/tensor/create.h"
#include "io_testing.h"

namespace penstock::core::nn {

inline std::unique_ptr<Model> model_of(std::string_view layers, std::string_view dtype = "float32") {
  return std::make_unique<Model>(
      parse_json(text(R"({"seed":5,"dtype":")", dtype, R"(","layers":)", layers, "}"), "model"));
}

inline void compile(Model &model, std::string_view training) { model.compile(parse_json(training, "training")); }

inline Tensor normal(const Extents &shape, uint64_t number = 1, DType dtype = DType::float32) {
  return random_normal({.seed = 11, .number = number}, dtype, shape, 0, 1, {});
}

inline Tensor filled(const Extents &shape, float number) {
  return full(DType::float32, shape, &number, DType::float32, {});
}

// 0, 1, ..., classes - 1, 0, 1, ...
inline Tensor classes(int64_t count, int64_t class_count) {
  const Tensor tensor = empty(DType::int64, {count}, {});
  for (int64_t index = 0; index < count; ++index) reinterpret_cast<int64_t *>(tensor.data)[index] = index % class_count;
  return tensor;
}

// Of all parameters, statistics too.
inline std::string parameter_bytes(Model &model) {
  std::string bytes;
  for (const StoredParameter &stored : model.parameters().parameters())
    bytes += row_major_bytes(stored.parameter->value);
  return bytes;
}

}  // namespace penstock::core::nn
