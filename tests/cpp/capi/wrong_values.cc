#include "wrong_values.h"

#include <algorithm>
#include <cstring>
#include <iterator>

#include "sized_structs.h"

namespace penstock::test {
namespace {

// No header will ever declare a struct this large: base.h's limit, passed by one and by far.
constexpr uint32_t oversized[] = {4097, UINT32_MAX};

bool ends_with(const std::string &text, const std::string &ending) {
  return text.size() >= ending.size() && text.compare(text.size() - ending.size(), ending.size(), ending) == 0;
}

bool is_pointer(const std::string &type) {
  return ends_with(type, "*") || ends_with(type, "_function") || type == "ps_deleter";
}

// "const ps_tensor_options *" without the words around the name.
std::string pointed_to(std::string type) {
  for (const std::string &word : {std::string("const "), std::string(" *")})
    for (size_t at = type.find(word); at != std::string::npos; at = type.find(word)) type.erase(at, word.size());
  return type;
}

bool names(const std::vector<Allowed> &allowed, const std::string &parameter) {
  return std::any_of(allowed.begin(), allowed.end(), [&](const Allowed &one) { return one.parameter == parameter; });
}

WrongValue constant(const std::string &parameter, int64_t value, ps_status status) {
  const std::string digits = std::to_string(value);
  return {parameter, digits, [value](Stage &, Word) { return to_word(value); }, status, digits};
}

WrongValue null_of(const std::string &parameter) {
  return {parameter, "NULL", [](Stage &, Word) { return Word{0}; }, PS_INVALID_ARGUMENT, parameter};
}

void add_enum_values(std::vector<WrongValue> &wrong, const Declaration &parameter, const Enum &known) {
  for (const int64_t value : {-1, 0, 9999})
    if (!known.has(value)) wrong.push_back(constant(parameter.name, value, PS_INVALID_ARGUMENT));
}

// A copy of the struct the valid call gives, in room for tail_nbytes zeros more.
std::byte *copied_struct(Stage &stage, Word valid, const SizedStruct &known, size_t tail_nbytes) {
  std::vector<std::byte> bytes(known.size + tail_nbytes);
  std::memcpy(bytes.data(), from_word<const void *>(valid), known.size);
  write_struct_size(bytes.data(), static_cast<uint32_t>(bytes.size()));
  return stage.inputs(bytes);
}

void add_struct_sizes(std::vector<WrongValue> &wrong, const std::string &parameter, const SizedStruct &known) {
  std::vector<uint32_t> sizes = known.sizes_inside_a_field();
  sizes.insert(sizes.end(), std::begin(oversized), std::end(oversized));
  for (const uint32_t size : sizes)
    wrong.push_back({parameter, "struct_size " + std::to_string(size),
                     [&known, size](Stage &stage, Word valid) {
                       std::byte *copy = copied_struct(stage, valid, known, 0);
                       write_struct_size(copy, size);
                       return to_word(copy);
                     },
                     PS_INVALID_ARGUMENT, std::to_string(size)});
}

void add_unknown_bytes(std::vector<WrongValue> &wrong, const std::string &parameter, const SizedStruct &known) {
  constexpr size_t tail_nbytes = 16;
  for (const size_t position : {size_t{0}, tail_nbytes - 1})
    wrong.push_back({parameter, "byte " + std::to_string(known.size + position) + " set",
                     [&known, position](Stage &stage, Word valid) {
                       std::byte *copy = copied_struct(stage, valid, known, tail_nbytes);
                       copy[known.size + position] = std::byte{1};
                       return to_word(copy);
                     },
                     PS_INVALID_ARGUMENT, "too old"});
}

void add_wrong_fields(std::vector<WrongValue> &wrong, const std::string &parameter, const SizedStruct &known,
                      const Call &call) {
  for (const WrongField &field : known.wrong_fields) {
    if (names(call.any(), parameter + "." + field.field)) continue;
    wrong.push_back({parameter, field.field + " " + field.description,
                     [&known, &field](Stage &stage, Word valid) {
                       std::byte *copy = copied_struct(stage, valid, known, 0);
                       field.write_into(copy);
                       return to_word(copy);
                     },
                     field.status, field.message_part});
  }
}

// Structs that a function reads; ps_memory_usage is filled, so that whatever lies behind struct_size is right.
void add_struct_values(std::vector<WrongValue> &wrong, const Declaration &parameter, const SizedStruct &known,
                       const Call &call) {
  add_struct_sizes(wrong, parameter.name, known);
  if (parameter.type.find("const") == std::string::npos) return;
  add_unknown_bytes(wrong, parameter.name, known);
  add_wrong_fields(wrong, parameter.name, known, call);
}

// The struct_size of an _init function.
void add_init_sizes(std::vector<WrongValue> &wrong, const SizedStruct &known) {
  std::vector<uint32_t> sizes = known.sizes_inside_a_field();
  sizes.insert(sizes.end(), std::begin(oversized), std::end(oversized));
  for (const uint32_t size : sizes) wrong.push_back(constant("struct_size", size, PS_INVALID_ARGUMENT));
}

// Every shape in the table has two axes.
void add_shapes(std::vector<WrongValue> &wrong, bool minus_one_means_open) {
  constexpr int64_t two_to_62 = INT64_C(1) << 62, two_to_32 = INT64_C(1) << 32;
  struct Shape {
    int64_t first, second, named;
  };
  std::vector<Shape> shapes = {{two_to_62, 3, two_to_62},
                               {two_to_62, 4, two_to_62},
                               {two_to_62, two_to_62, two_to_62},
                               {INT64_MAX, 3, INT64_MAX},
                               {INT64_MAX, INT64_MAX, INT64_MAX},
                               {two_to_32, two_to_32, two_to_32},
                               {-2, 3, -2},
                               {INT64_MIN, 3, INT64_MIN},
                               {-two_to_62, -4, -two_to_62}};
  if (!minus_one_means_open) shapes.push_back({-1, 3, -1});
  for (const Shape &shape : shapes)
    wrong.push_back({"shape", std::to_string(shape.first) + " x " + std::to_string(shape.second),
                     [shape](Stage &stage, Word) {
                       return to_word(stage.inputs<int64_t>({shape.first, shape.second}));
                     },
                     PS_INVALID_ARGUMENT, std::to_string(shape.named)});
}

// What a parameter's name says in every function of tensor.h.
void add_values_by_name(std::vector<WrongValue> &wrong, const Declaration &parameter, const Function &function) {
  const std::string &name = parameter.name;
  if (name == "ndim" || name == "axis_count")
    for (const int32_t count : {-1, 17, INT32_MIN, INT32_MAX})
      wrong.push_back(constant(name, count, PS_INVALID_ARGUMENT));
  if (name == "axis" || name == "first_axis" || name == "second_axis")
    for (const int32_t axis : {99, -99, INT32_MIN, INT32_MAX}) wrong.push_back(constant(name, axis, PS_OUT_OF_RANGE));
  if (name == "shape") add_shapes(wrong, function.comment.find("-1") != std::string::npos);
  if (name == "struct_size") add_init_sizes(wrong, *find_sized_struct(pointed_to(function.parameters[0].type)));
}

// A shape is only read where the call gives it axes.
bool reads_shape(const Call &call, const Function &function) {
  Stage stage;
  const std::vector<Word> arguments = call.arguments(stage);
  for (size_t index = 0; index < arguments.size(); ++index)
    if (function.parameters[index].name == "ndim") return from_word<int32_t>(arguments[index]) > 0;
  return true;
}

std::vector<WrongValue> values_of_parameter(const Call &call, const Function &function, const Declaration &parameter) {
  std::vector<WrongValue> wrong;
  const PublicHeaders &headers = public_headers();
  if (is_pointer(parameter.type) && !names(call.optional(), parameter.name)) wrong.push_back(null_of(parameter.name));
  if (const Enum *known = headers.find_enum(parameter.type)) add_enum_values(wrong, parameter, *known);
  if (const SizedStruct *known = find_sized_struct(pointed_to(parameter.type)))
    if (!function.has_parameter("struct_size")) add_struct_values(wrong, parameter, *known, call);
  if (parameter.name != "shape" || reads_shape(call, function)) add_values_by_name(wrong, parameter, function);
  for (const WrongValue &value : call.wrong())
    if (value.parameter == parameter.name) wrong.push_back(value);
  return wrong;
}

}  // namespace

std::vector<WrongValue> wrong_values(const Call &call, const Function &function) {
  std::vector<WrongValue> wrong;
  for (const Declaration &parameter : function.parameters) {
    if (names(call.any(), parameter.name)) continue;
    const std::vector<WrongValue> values = values_of_parameter(call, function, parameter);
    wrong.insert(wrong.end(), values.begin(), values.end());
  }
  return wrong;
}

std::vector<std::string> uncovered_parameters(const Call &call, const Function &function) {
  std::vector<std::string> uncovered;
  for (const Declaration &parameter : function.parameters) {
    const bool said = names(call.any(), parameter.name) || names(call.optional(), parameter.name);
    if (!said && values_of_parameter(call, function, parameter).empty()) uncovered.push_back(parameter.name);
  }
  return uncovered;
}

std::vector<std::string> invented_quotes(const Call &call) {
  std::vector<std::string> invented;
  for (const auto &allowed : {call.any(), call.optional()})
    for (const Allowed &one : allowed)
      if (public_headers().comments.find(one.quote) == std::string::npos) invented.push_back(one.quote);
  return invented;
}

}  // namespace penstock::test
