// Every public struct that begins with struct_size: its fields, its initialiser, and the field values that are wrong.
// sized_structs_test.cc holds this list against the headers.
#pragma once

#include <penstock/penstock.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <ostream>
#include <string>
#include <vector>

namespace penstock::test {

struct Field {
  std::string name;
  size_t offset, size;
  size_t end() const { return offset + size; }
};

// A value of one field that a function refuses, and with what.
struct WrongField {
  std::string field, description;
  ps_status status;
  std::string message_part;                // what the sentence must contain
  std::function<void(void *)> write_into;  // a struct of the library's size
};

// A field of which the header does not limit the value, in the header's words.
struct FreeField {
  std::string field, quote;
};

struct SizedStruct {
  std::string name;
  size_t size;
  std::vector<std::byte> by_macro;  // the bytes its PS_..._INIT macro gives
  std::string init_name;
  std::function<ps_status(void *, uint32_t)> init;
  std::vector<Field> fields;
  std::vector<WrongField> wrong_fields;
  std::vector<FreeField> free_fields;
  friend void PrintTo(const SizedStruct &known, std::ostream *out) { *out << known.name; }

  std::vector<uint32_t> sizes_inside_a_field() const;            // below 4 included
  std::vector<uint32_t> sizes_at_a_field_end() const;            // the whole struct included
  std::vector<std::byte> with_size(uint32_t struct_size) const;  // by_macro, cut or with zeros behind, and its size set
};

const std::vector<SizedStruct> &sized_structs();
const SizedStruct *find_sized_struct(const std::string &name);

// Puts struct_size at the begin of a struct.
void write_struct_size(void *options, uint32_t struct_size);

}  // namespace penstock::test
