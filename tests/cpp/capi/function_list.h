// What the public headers declare, read from the headers themselves when the tests run: a test that goes through this list
// cannot forget a function that somebody adds.
#pragma once

#include <cstddef>
#include <cstdint>
#include <ostream>
#include <string>
#include <vector>

namespace penstock::test {

// A parameter of a function or a field of a struct, as "const int64_t *" and "shape".
struct Declaration {
  std::string type, name;
};

struct Function {
  std::string header;  // "tensor.h"
  std::string return_type, name;
  std::vector<Declaration> parameters;
  std::string comment;  // the words of the comment right above it, with single spaces between

  bool has_parameter(const std::string &parameter_name) const;
  size_t position_of(const std::string &parameter_name) const;  // throws std::out_of_range
  bool gives_status() const { return return_type == "ps_status"; }
  friend void PrintTo(const Function &function, std::ostream *out) { *out << function.name; }
};

struct Struct {
  std::string name;
  std::vector<Declaration> fields;
};

struct Enum {
  std::string name;
  std::vector<int64_t> values;

  bool has(int64_t value) const;
};

struct PublicHeaders {
  std::vector<Function> functions;    // each PS_API, in the order of the headers
  std::vector<Struct> sized_structs;  // each struct that begins with struct_size
  std::vector<Enum> enums;
  std::string comments;  // the words of all comments, with single spaces between
  int64_t export_marks;  // how often PS_API stands before a declaration

  const Function &function(const std::string &name) const;  // throws std::out_of_range
  const Struct *find_struct(const std::string &name) const;
  const Enum *find_enum(const std::string &name) const;
};

// The headers in HEADER_DIR, read once.
const PublicHeaders &public_headers();

// What read_headers() makes of one header's text; for public_headers() and the parser's own tests.
void read_header(PublicHeaders &headers, const std::string &file_name, const std::string &text);

}  // namespace penstock::test
