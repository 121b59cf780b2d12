// What losses and metrics ask of their outputs' and targets' shapes.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "core/nn/operation.h"

namespace penstock::core::nn {

// Throws type_mismatch unless outputs are float32 or float64.  who: "loss mse".
void require_floating(std::string_view who, const ValueOutline &outputs);

// Throws invalid_argument, naming both shapes.
[[noreturn]] void refuse_shapes(std::string_view who, const ValueOutline &outputs, const ValueOutline &targets,
                                std::string_view expected);

// Whether two shapes are the same, but that one may lack a last axis of size 1: (3, 1) and (3,).
bool is_same_shape(const Extents &first, const Extents &second);

// Outputs of shape (samples, classes, ...): where classes and positions (a sample's, each with a class of its own) lie.
struct ClassLayout {
  int64_t samples = 0, classes = 0, inner = 0;  // inner: positions of one sample

  explicit ClassLayout(const Extents &outputs);
  int64_t positions() const { return samples * inner; }
  int64_t position_offset(int64_t position) const { return position / inner * (classes * inner) + position % inner; }
};

// Whether targets are class numbers beside such outputs: their shape without the axis of the classes.
bool are_class_numbers(const Extents &outputs, const Extents &targets);

// Throws out_of_range for a class number that is none, naming it, its place and how many there are.  ignored: a number that
// may stand there too.
void require_class_numbers(std::string_view who, const int64_t *numbers, const ValueOutline &targets,
                           const ClassLayout &layout, std::optional<int64_t> ignored);

}  // namespace penstock::core::nn
