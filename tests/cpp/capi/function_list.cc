#include "function_list.h"

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <stdexcept>

namespace penstock::test {
namespace {

struct Comment {
  size_t begin, end;
  std::string words;
};

// A header with comments and preprocessor lines blanked out, so that offsets into it are offsets into the file.
struct Source {
  std::string code;
  std::vector<Comment> comments;
};

std::string with_single_spaces(const std::string &text) {
  std::istringstream words(text);
  std::string word, joined;
  while (words >> word) joined += (joined.empty() ? "" : " ") + word;
  return joined;
}

// The text between the marks of a comment, without the stars its lines begin with.
std::string words_of_comment(const std::string &text) {
  std::istringstream lines(text);
  std::string line, words;
  while (std::getline(lines, line)) {
    const size_t first = line.find_first_not_of(" \t");
    if (first != std::string::npos && line[first] == '*') line[first] = ' ';
    words += line + ' ';
  }
  return with_single_spaces(words);
}

void blank(std::string &text, size_t begin, size_t end) {
  for (size_t index = begin; index < end; ++index)
    if (text[index] != '\n') text[index] = ' ';
}

void blank_preprocessor_lines(std::string &code) {
  bool continued = false;
  for (size_t begin = 0; begin < code.size();) {
    const size_t end = std::min(code.find('\n', begin), code.size());
    const size_t first = code.find_first_not_of(" \t", begin);
    const bool is_directive = continued || (first < end && code[first] == '#');
    continued = is_directive && end > begin && code[end - 1] == '\\';
    if (is_directive) blank(code, begin, end);
    begin = end + 1;
  }
}

Source separate(const std::string &text) {
  Source source{text, {}};
  for (size_t begin = text.find("/*"); begin != std::string::npos;) {
    const size_t end = text.find("*/", begin + 2);
    if (end == std::string::npos) throw std::runtime_error("a comment does not end");
    source.comments.push_back({begin, end + 2, words_of_comment(text.substr(begin + 2, end - begin - 2))});
    blank(source.code, begin, end + 2);
    begin = text.find("/*", end + 2);
  }
  blank_preprocessor_lines(source.code);
  return source;
}

bool is_name_character(char character) {
  return std::isalnum(static_cast<unsigned char>(character)) != 0 || character == '_';
}

// "const int64_t *shape" as its type and its name, which is the last word.
Declaration split_declaration(const std::string &text) {
  const std::string words =
      with_single_spaces(text.substr(0, text.find('[')));  // an array's name comes before its extent
  size_t name_begin = words.size();
  while (name_begin > 0 && is_name_character(words[name_begin - 1])) --name_begin;
  return {with_single_spaces(words.substr(0, name_begin)), words.substr(name_begin)};
}

std::vector<std::string> split(const std::string &text, char separator) {
  std::vector<std::string> pieces;
  std::istringstream stream(text);
  std::string piece;
  while (std::getline(stream, piece, separator)) pieces.push_back(piece);
  return pieces;
}

std::string comment_right_above(const Source &source, size_t offset) {
  for (const Comment &comment : source.comments) {
    if (comment.end > offset) break;
    const std::string between = source.code.substr(comment.end, offset - comment.end);
    const bool next = between.find_first_not_of(" \n") == std::string::npos;
    const bool later_comment = std::any_of(source.comments.begin(), source.comments.end(), [&](const Comment &other) {
      return other.begin >= comment.end && other.end <= offset;
    });
    if (next && !later_comment) return comment.words;
  }
  return "";
}

Function parse_function(const std::string &declaration) {
  const size_t open = declaration.find('('), close = declaration.rfind(')');
  if (open == std::string::npos || close == std::string::npos)
    throw std::runtime_error("PS_API before something that is no function: " + declaration);
  const Declaration head = split_declaration(declaration.substr(0, open));
  Function function;
  function.return_type = head.type;
  function.name = head.name;
  const std::string parameters = with_single_spaces(declaration.substr(open + 1, close - open - 1));
  if (parameters != "void")
    for (const std::string &parameter : split(parameters, ','))
      function.parameters.push_back(split_declaration(parameter));
  return function;
}

void read_functions(PublicHeaders &headers, const std::string &file_name, const Source &source) {
  const std::string mark = "PS_API";
  for (size_t at = source.code.find(mark); at != std::string::npos; at = source.code.find(mark, at + 1)) {
    ++headers.export_marks;
    const size_t begin = at + mark.size(), end = source.code.find(';', at);
    Function function = parse_function(source.code.substr(begin, end - begin));
    function.header = file_name;
    function.comment = comment_right_above(source, at);
    headers.functions.push_back(std::move(function));
  }
}

// Calls visit(head, body) for each "typedef <keyword> head { body }".
template <typename Visit>
void for_each_body(const std::string &code, const std::string &keyword, Visit &&visit) {
  const std::string mark = "typedef " + keyword + " ";
  for (size_t at = code.find(mark); at != std::string::npos; at = code.find(mark, at + 1)) {
    const size_t open = code.find('{', at);
    if (open > code.find(';', at)) continue;  // only named here
    const size_t close = code.find('}', open), head = at + mark.size();
    visit(with_single_spaces(code.substr(head, open - head)), code.substr(open + 1, close - open - 1));
  }
}

void read_structs(PublicHeaders &headers, const Source &source) {
  for_each_body(source.code, "struct", [&](const std::string &name, const std::string &body) {
    Struct found{name, {}};
    for (const std::string &field : split(body, ';'))
      if (!with_single_spaces(field).empty()) found.fields.push_back(split_declaration(field));
    if (!found.fields.empty() && found.fields.front().name == "struct_size") headers.sized_structs.push_back(found);
  });
}

void read_enums(PublicHeaders &headers, const Source &source) {
  for_each_body(source.code, "enum", [&](const std::string &head, const std::string &body) {
    Enum found{split(head, ' ').front(), {}};
    for (const std::string &item : split(body, ','))
      if (!with_single_spaces(item).empty()) found.values.push_back(std::stoll(item.substr(item.find('=') + 1)));
    headers.enums.push_back(found);
  });
}

PublicHeaders read_all_headers() {
  std::vector<std::filesystem::path> paths;
  for (const auto &entry : std::filesystem::directory_iterator(HEADER_DIR))
    if (entry.path().extension() == ".h") paths.push_back(entry.path());
  std::sort(paths.begin(), paths.end());
  PublicHeaders headers{};
  for (const std::filesystem::path &path : paths) {
    std::ifstream file(path);
    const std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
    read_header(headers, path.filename().string(), text);
  }
  return headers;
}

template <typename Item>
const Item *find_by_name(const std::vector<Item> &items, const std::string &name) {
  const auto found = std::find_if(items.begin(), items.end(), [&](const Item &item) { return item.name == name; });
  return found == items.end() ? nullptr : &*found;
}

}  // namespace

bool Function::has_parameter(const std::string &parameter_name) const {
  return find_by_name(parameters, parameter_name) != nullptr;
}

size_t Function::position_of(const std::string &parameter_name) const {
  const Declaration *found = find_by_name(parameters, parameter_name);
  if (found == nullptr) throw std::out_of_range(name + " has no parameter " + parameter_name);
  return static_cast<size_t>(found - parameters.data());
}

bool Enum::has(int64_t value) const { return std::find(values.begin(), values.end(), value) != values.end(); }

const Function &PublicHeaders::function(const std::string &name) const {
  const Function *found = find_by_name(functions, name);
  if (found == nullptr) throw std::out_of_range("no public header declares " + name);
  return *found;
}

const Struct *PublicHeaders::find_struct(const std::string &name) const { return find_by_name(sized_structs, name); }

const Enum *PublicHeaders::find_enum(const std::string &name) const { return find_by_name(enums, name); }

void read_header(PublicHeaders &headers, const std::string &file_name, const std::string &text) {
  const Source source = separate(text);
  read_functions(headers, file_name, source);
  read_structs(headers, source);
  read_enums(headers, source);
  for (const Comment &comment : source.comments) headers.comments += comment.words + ' ';
}

const PublicHeaders &public_headers() {
  static const PublicHeaders headers = read_all_headers();
  return headers;
}

}  // namespace penstock::test
