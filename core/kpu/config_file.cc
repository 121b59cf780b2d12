#include "core/kpu/config_file.h"

#include <algorithm>
#include <set>
#include <vector>

#include "core/base/error.h"
#include "core/io/file.h"

namespace penstock::core::kpu {
namespace {

constexpr uint64_t largest_text = 16 << 20;

// One name with its value, as it stands in the file.
struct Setting {
  std::string name, value;
  bool quoted = false;
  int64_t line = 0;
};

bool is_space(char character) {
  return character == ' ' || character == '\t' || character == '\r' || character == '\n';
}
bool is_name_character(char character) {
  return (character >= 'a' && character <= 'z') || (character >= 'A' && character <= 'Z') ||
         (character >= '0' && character <= '9') || character == '_' || character == '-';
}

// A position in a text, which knows its line.
class Reader {
 public:
  Reader(std::string_view content, std::string_view place) : content_(content), place_(place) {}

  template <typename... Parts>
  [[noreturn]] void refuse(const Parts &...parts) const {
    fail(Status::data_error, place_, ", line ", line_, ": ", parts...);
  }

  bool at_end() const { return position_ == content_.size(); }
  char peek() const { return at_end() ? '\0' : content_[position_]; }
  int64_t line() const { return line_; }
  char next() {
    const char character = peek();
    if (character == '\n') ++line_;
    if (!at_end()) ++position_;
    return character;
  }
  void skip_spaces(bool over_lines) {
    while (!at_end() && is_space(peek()) && (over_lines || peek() != '\n')) next();
  }
  bool skip(char wanted) {
    if (at_end() || peek() != wanted) return false;
    next();
    return true;
  }
  void expect(char wanted, std::string_view what) {
    if (!skip(wanted)) refuse("expected ", what, ", found ", found());
  }
  std::string found() const {
    if (at_end()) return "the end";
    if (peek() == '\n') return "the end of the line";
    return text('"', peek(), '"');
  }

  // A string in double quotes, with the escapes that names of settings can need.
  std::string quoted() {
    expect('"', "a string in double quotes");
    std::string characters;
    while (peek() != '"') {
      if (at_end() || peek() == '\n') refuse("a string has no end");
      char character = next();
      if (character == '\\') {
        character = next();
        if (character != '"' && character != '\\' && character != '/') refuse("unknown escape in a string");
      }
      characters += character;
    }
    next();
    return characters;
  }

  // What is neither quoted nor a table: a number, true or false.
  std::string bare() {
    std::string characters;
    while (is_name_character(peek()) || peek() == '.' || peek() == '+') characters += next();
    if (characters.empty()) refuse("expected a value: a number, true, false or a string in quotes, found ", found());
    return characters;
  }

  void read_value(Setting &setting) {
    setting.line = line_;
    setting.quoted = peek() == '"';
    setting.value = setting.quoted ? quoted() : bare();
  }

 private:
  std::string_view content_, place_;
  size_t position_ = 0;
  int64_t line_ = 1;
};

std::string in_table(std::string_view table, std::string_view name) {
  const auto names = value_names();
  const std::string joined = text(table, "_", name);
  const bool joined_is_known = std::find(names.begin(), names.end(), joined) != names.end();
  return !table.empty() && joined_is_known ? joined : std::string(name);
}

void read_json_object(Reader &reader, std::string_view table, std::vector<Setting> &settings) {
  reader.expect('{', "an object in braces");
  reader.skip_spaces(true);
  if (reader.skip('}')) return;
  do {
    reader.skip_spaces(true);
    const int64_t line = reader.line();
    const std::string name = reader.quoted();
    reader.skip_spaces(true);
    reader.expect(':', text("\":\" behind \"", name, "\""));
    reader.skip_spaces(true);
    if (reader.peek() == '{') {
      if (!table.empty()) reader.refuse("\"", name, "\" is a table in a table: expected a value");
      read_json_object(reader, name, settings);
    } else {
      Setting setting{in_table(table, name), "", false, line};
      reader.read_value(setting);
      settings.push_back(setting);
    }
    reader.skip_spaces(true);
  } while (reader.skip(','));
  reader.expect('}', "\",\" or \"}\"");
}

std::vector<Setting> read_json(Reader &reader) {
  std::vector<Setting> settings;
  read_json_object(reader, "", settings);
  reader.skip_spaces(true);
  if (!reader.at_end()) reader.refuse("expected nothing behind the object, found ", reader.found());
  return settings;
}

std::string read_toml_name(Reader &reader) {
  if (reader.peek() == '"') return reader.quoted();
  std::string name;
  while (is_name_character(reader.peek())) name += reader.next();
  if (name.empty()) reader.refuse("expected a name, found ", reader.found());
  return name;
}

std::vector<Setting> read_toml(Reader &reader) {
  std::vector<Setting> settings;
  std::string table;
  while (!reader.at_end()) {
    reader.skip_spaces(false);
    if (reader.skip('[')) {
      reader.skip_spaces(false);
      table = read_toml_name(reader);
      reader.skip_spaces(false);
      reader.expect(']', "\"]\"");
    } else if (!reader.at_end() && reader.peek() != '\n' && reader.peek() != '#') {
      Setting setting{in_table(table, read_toml_name(reader)), "", false, 0};
      reader.skip_spaces(false);
      reader.expect('=', text("\"=\" behind \"", setting.name, "\""));
      reader.skip_spaces(false);
      reader.read_value(setting);
      settings.push_back(setting);
    }
    reader.skip_spaces(false);
    if (reader.peek() == '#')
      while (!reader.at_end() && reader.peek() != '\n') reader.next();
    if (!reader.at_end()) reader.expect('\n', "the end of the line");
  }
  return settings;
}

bool is_word_value(std::string_view name) {
  return name == "dataflow" || name == "dtype" || name == "tier" || name == "dram";
}

bool is_default_energy(const Config &config, std::string_view name) {
  for (int32_t part = 0; part < energy_part_count; ++part)
    if (text("energy_", energy_entry(config, static_cast<EnergyPart>(part)).part) == name)
      return config.energy.given[static_cast<size_t>(part)] < 0;
  return false;
}

void apply(Config &config, const Setting &setting, std::string_view place) {
  const auto names = value_names();
  const bool is_known = std::find(names.begin(), names.end(), setting.name) != names.end();
  if (is_known && setting.quoted != is_word_value(setting.name))
    fail(Status::data_error, place, ", line ", setting.line, ": ", setting.name,
         setting.quoted ? " is a string: expected it without quotes" : " is a word: expected it in quotes");
  try {
    set_value(config, setting.name, setting.value);
  } catch (const Error &error) {
    fail(Status::data_error, place, ", line ", setting.line, ": ", error.sentence());
  }
}

Config start_of(std::vector<Setting> &settings, std::string_view place) {
  const auto found =
      std::find_if(settings.begin(), settings.end(), [](const Setting &setting) { return setting.name == "preset"; });
  if (found == settings.end()) return {};
  try {
    Config config = preset(found->value);
    settings.erase(found);
    return config;
  } catch (const Error &error) {
    fail(Status::data_error, place, ", line ", found->line, ": ", error.sentence());
  }
}

}  // namespace

Config parse_config(std::string_view content, std::string_view place) {
  Reader reader(content, place);
  const auto first = std::find_if_not(content.begin(), content.end(), is_space);
  const bool is_json = first != content.end() && *first == '{';
  if (is_json) reader.skip_spaces(true);
  std::vector<Setting> settings = is_json ? read_json(reader) : read_toml(reader);
  std::set<std::string> seen;
  for (const Setting &setting : settings)
    if (!seen.insert(setting.name).second)
      fail(Status::data_error, place, ", line ", setting.line, ": ", setting.name, " stands there twice");
  Config config = start_of(settings, place);
  // The memory as a whole comes before its single timings, wherever they stand.
  for (const bool is_memory : {true, false})
    for (const Setting &setting : settings)
      if ((setting.name == "dram") == is_memory) apply(config, setting, place);
  try {
    validate(config);
  } catch (const Error &error) {
    fail(error.status(), place, ": ", error.sentence());
  }
  return config;
}

Config load_config(const std::string &path) { return parse_config(read_text(path), path); }

std::string config_as_json(const Config &config) {
  std::string json = "{";
  for (const std::string_view name : value_names()) {
    if (is_default_energy(config, name)) continue;  // its source would be lost
    const std::string_view quote = is_word_value(name) ? "\"" : "";
    json += text(json.size() == 1 ? "\n" : ",\n", "  \"", name, "\": ", quote, get_value(config, name), quote);
  }
  return json + "\n}\n";
}

std::string read_text(const std::string &path) {
  const File file = File::open(path);
  if (file.size() > largest_text)
    fail(Status::data_error, path, " has ", file.size(), " bytes: expected a text of at most ", largest_text);
  std::string content(file.size(), '\0');
  file.read(0, std::as_writable_bytes(std::span(content)));
  return content;
}

}  // namespace penstock::core::kpu
