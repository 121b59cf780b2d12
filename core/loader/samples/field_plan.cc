#include "core/loader/samples/field_plan.h"

#include <algorithm>
#include <utility>

#include "core/base/error.h"
#include "core/io/utf8.h"
#include "core/tensor/tensor.h"

namespace penstock::core {
namespace {

FieldPlan plan_field(const FieldLayout &layout) {
  if (layout.name.empty()) fail(Status::invalid_argument, "a field has an empty name");
  if (!layout.dtype) {
    if (!layout.shape.empty())
      fail(Status::invalid_argument, "field ", in_quotes(layout.name), " has shape ", layout.shape,
           " but no dtype: give both or neither");
    FieldPlan plan;
    plan.name = layout.name;
    plan.optional = layout.optional;
    return plan;
  }
  if (find_dtype_info(*layout.dtype) == nullptr)
    fail(Status::invalid_argument, "field ", in_quotes(layout.name), " has dtype ", static_cast<int32_t>(*layout.dtype),
         ": that is none");
  FieldPlan plan = elements_plan(layout.name, *layout.dtype, layout.shape);
  plan.optional = layout.optional;
  return plan;
}

}  // namespace

FieldPlan elements_plan(std::string name, DType dtype, const Extents &shape) {
  const int64_t count = checked_element_count(shape, dtype);
  FieldPlan plan;
  plan.name = std::move(name);
  plan.is_elements = true;
  plan.dtype = dtype;
  plan.shape = shape;
  plan.nbytes = static_cast<uint64_t>(count * dtype_size(dtype));
  return plan;
}

std::vector<FieldPlan> plan_fields(std::span<const FieldLayout> fields) {
  std::vector<FieldPlan> plans;
  for (const FieldLayout &layout : fields) {
    if (std::any_of(plans.begin(), plans.end(), [&](const FieldPlan &plan) { return plan.name == layout.name; }))
      fail(Status::invalid_argument, "two fields have the name ", in_quotes(layout.name));
    plans.push_back(plan_field(layout));
  }
  return plans;
}

void fill_field(SampleField &field, const FieldPlan &plan, std::span<const std::byte> bytes) {
  if (plan.is_elements && bytes.size() != plan.nbytes)
    fail(Status::data_error, "field ", in_quotes(plan.name), " has ", bytes.size(), " bytes: shape ", plan.shape,
         " of ", plan.dtype, " needs ", plan.nbytes);
  field.name = plan.name;
  field.bytes = bytes;
  field.is_elements = plan.is_elements;
  field.dtype = plan.dtype;
  field.shape = plan.shape;
}

bool add_stored(std::vector<StoredField> &out, const FieldPlan &plan, const SampleFile *file, uint64_t offset,
                uint64_t size) {
  if (file == nullptr || (plan.is_elements && size != plan.nbytes)) return false;
  out.push_back({&plan, file, offset, size});
  return true;
}

}  // namespace penstock::core
