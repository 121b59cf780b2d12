#include "core/loader/samples/batch_plan.h"

#include <algorithm>

#include "core/base/error.h"

namespace penstock::core {
namespace {

std::string_view ending_of(std::string_view name) {
  const size_t dot = name.rfind('.');
  return dot == std::string_view::npos ? name : name.substr(dot + 1);
}

bool equal_but_for_case(std::string_view one, std::string_view lower) {
  return std::equal(one.begin(), one.end(), lower.begin(), lower.end(), [](char upper, char wanted) {
    return (upper >= 'A' && upper <= 'Z' ? static_cast<char>(upper - 'A' + 'a') : upper) == wanted;
  });
}

bool is_image_ending(std::string_view ending) {
  return equal_but_for_case(ending, "jpg") || equal_but_for_case(ending, "jpeg") || equal_but_for_case(ending, "png");
}

// Names under which an image of any ending may come: only its first bytes tell.
bool is_image_by_content(const SampleField &field) {
  if (field.name != "image" && !field.name.ends_with("/encoded")) return false;
  constexpr std::string_view jpeg = "\xFF\xD8\xFF", png = "\x89PNG";
  const std::string_view bytes(reinterpret_cast<const char *>(field.bytes.data()), field.bytes.size());
  return bytes.starts_with(jpeg) || bytes.starts_with(png);
}

BatchFieldKind kind_of(const SampleField &field, bool decode) {
  if (field.is_elements) return BatchFieldKind::elements;
  const std::string_view ending = ending_of(field.name);
  if (ending == "npy") return BatchFieldKind::array;
  if (ending == "cls") return BatchFieldKind::number;
  return decode && (is_image_ending(ending) || is_image_by_content(field)) ? BatchFieldKind::image
                                                                           : BatchFieldKind::bytes;
}

BatchFieldPlan plan_batch_field(const WantedField &wanted, const SampleLoaderOptions &options, const Sample &first,
                                const std::string &address) {
  if (wanted.name == key_field) return {wanted.name, BatchFieldKind::key, false};
  const SampleField *field = find_field(first, wanted.name);
  SampleField by_name;
  by_name.name = wanted.name;
  const BatchFieldPlan planned{wanted.name, kind_of(field == nullptr ? by_name : *field, options.decode),
                               wanted.optional};
  if (planned.optional && !becomes_bytes(planned.kind))
    fail(Status::invalid_argument, "the field \"", planned.name,
         "\" is optional, but it does not become bytes: a sample without it would leave a row undefined");
  if (field == nullptr && !planned.optional)
    fail(Status::not_found, "the first sample, ", address, ", has no field \"", planned.name, "\": it has ",
         listed(first.fields, [](const SampleField &had) { return had.name; }));
  return planned;
}

}  // namespace

BatchPlan plan_batches(const SampleLoaderOptions &options, const Sample &first, const std::string &address) {
  BatchPlan plan;
  for (const WantedField &wanted : options.fields) plan.push_back(plan_batch_field(wanted, options, first, address));
  if (options.fields.empty())
    for (const SampleField &field : first.fields)
      plan.push_back({std::string(field.name), kind_of(field, options.decode)});
  if (plan.empty()) fail(Status::data_error, "the first sample, ", address, ", has no fields");
  return plan;
}

const SampleField *find_field(const Sample &sample, std::string_view name) {
  for (const SampleField &field : sample.fields)
    if (field.name == name) return &field;
  return nullptr;
}

}  // namespace penstock::core
