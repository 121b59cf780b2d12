// The fields of a set of samples as its user wants them, checked.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/loader/samples/sample_set.h"
#include "core/loader/samples/sample_source.h"

namespace penstock::core {

struct FieldPlan {
  std::string name;
  bool is_elements = false;
  DType dtype = DType::uint8;
  Extents shape;
  uint64_t nbytes = 0;  // of the elements
  bool optional = false;
};

// Throws invalid_argument for two fields of one name, an empty name, a shape without a dtype or with a size below 0, and
// elements beyond every memory.
std::vector<FieldPlan> plan_fields(std::span<const FieldLayout> fields);

// Sets a field's bytes as planned.  Throws data_error, without a place, where they are not as many as its elements have.
void fill_field(SampleField &field, const FieldPlan &plan, std::span<const std::byte> bytes);

// Adds where a field's bytes lie.  False where there is no such file, or they are not as many as its elements have.
bool add_stored(std::vector<StoredField> &out, const FieldPlan &plan, const SampleFile *file, uint64_t offset,
                uint64_t size);

// A field of elements.  Throws invalid_argument for a shape as checked_element_count() does.
FieldPlan elements_plan(std::string name, DType dtype, const Extents &shape);

}  // namespace penstock::core
