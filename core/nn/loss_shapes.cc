#include "core/nn/loss_shapes.h"

#include "core/base/error.h"

namespace penstock::core::nn {

void require_floating(std::string_view who, const ValueOutline &outputs) {
  if (outputs.dtype != DType::float32 && outputs.dtype != DType::float64)
    fail(Status::type_mismatch, who, ": outputs are ", outputs.dtype, ": expected float32 or float64");
}

void refuse_shapes(std::string_view who, const ValueOutline &outputs, const ValueOutline &targets,
                   std::string_view expected) {
  fail(Status::invalid_argument, who, ": outputs have shape ", outputs.shape, ", targets ", targets.shape,
       ": expected ", expected);
}

bool is_same_shape(const Extents &first, const Extents &second) {
  if (first == second) return true;
  Extents with_one = first.size() < second.size() ? first : second;
  if (with_one.empty() || with_one.size() == max_ndim) return false;
  with_one.push_back(1);
  return with_one == (first.size() < second.size() ? second : first);
}

ClassLayout::ClassLayout(const Extents &outputs) : samples(outputs[0]), classes(outputs[1]), inner(1) {
  for (int32_t axis = 2; axis < outputs.size(); ++axis) inner *= outputs[axis];
}

bool are_class_numbers(const Extents &outputs, const Extents &targets) {
  if (outputs.size() < 2) return false;
  Extents without_classes = outputs;
  without_classes.erase(1);
  if (targets == without_classes) return true;
  return outputs.size() == 2 && outputs[1] != 1 && is_same_shape(targets, without_classes);
}

void require_class_numbers(std::string_view who, const int64_t *numbers, const ValueOutline &targets,
                           const ClassLayout &layout, std::optional<int64_t> ignored) {
  const auto classes = static_cast<uint64_t>(layout.classes);
  const int64_t count = layout.positions();
  for (int64_t position = 0; position < count; ++position) {
    if (static_cast<uint64_t>(numbers[position]) < classes || numbers[position] == ignored) continue;
    Extents place = targets.shape;
    int64_t rest = position;
    for (int32_t axis = place.size() - 1; axis >= 0; --axis) {
      const int64_t size = place[axis];
      place[axis] = rest % size;
      rest /= size;
    }
    fail(Status::out_of_range, who, ": the target at ", place, " is ", numbers[position],
         ": expected a class number from 0 to ", layout.classes - 1, ", as outputs have ", layout.classes, " classes");
  }
}

}  // namespace penstock::core::nn
