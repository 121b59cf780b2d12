#include "core/worlds/games/grid_world/level.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <optional>
#include <utility>

#include "core/base/error.h"
#include "core/io/utf8.h"

namespace penstock::core::grid_world {
namespace {

constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";

// The characters of a line: their count is that of UTF-8's leading bytes.
int32_t characters_in(std::string_view line) {
  return static_cast<int32_t>(
      std::count_if(line.begin(), line.end(), [](char byte) { return (static_cast<uint8_t>(byte) & 0xC0U) != 0x80U; }));
}

// How many bytes the character takes that text begins with.
size_t character_size(std::string_view text) {
  size_t size = 1;
  while (size < text.size() && (static_cast<uint8_t>(text[size]) & 0xC0U) == 0x80U) ++size;
  return size;
}

template <typename... Parts>
[[noreturn]] void fail_at(std::string_view source, Position at, const Parts &...parts) {
  fail(Status::data_error, source, ", line ", at.line, ", column ", at.column, ": ", parts...);
}

std::optional<uint8_t> cell_of(char character) {
  if (character == '#') return wall_cell;
  if (character == '.' || character == '@') return floor_cell;
  if (character == 'G') return goal_cell;
  if (character >= 'a' && character < 'a' + letter_count) return static_cast<uint8_t>(first_key + (character - 'a'));
  if (character >= 'A' && character < 'A' + letter_count) return static_cast<uint8_t>(first_door + (character - 'A'));
  return {};
}

// A line without what does not count, and where in the text it begins.
struct Line {
  std::string_view text;
  Position at;
};

// A level that is being read, and where its things are for messages.
struct Draft {
  Level level;
  Position first;  // its first cell
  std::vector<Position> agents, doors;
  bool has_goal = false;
  bool has_key[letter_count] = {};
};

// Which options were said, in whichever text.
struct Said {
  bool step_limit = false, step_cost = false, goal_reward = false;
};

class Compiler {
 public:
  Compiler(LevelSet &set, Said &said, const LevelText &text)
      : set_(set), said_(said), source_(text.source), content_(text.content) {}
  void run();

 private:
  Line take_line();
  void read_line(const Line &line);
  void read_option(const Line &line, size_t colon);
  void read_row(const Line &line);
  void read_cell(char character, Position at, int32_t column);
  void end_level();
  double number_in(std::string_view name, std::string_view value, Position at, double lowest, double highest) const;
  template <typename Value>
  void set_once(std::string_view name, Value &option, Value value, bool &is_set, Position at);

  LevelSet &set_;
  Said &said_;
  std::string_view source_, content_;
  int32_t line_ = 0;
  std::string name_;
  Position name_at_{};
  std::optional<Draft> draft_;
};

void Compiler::run() {
  if (content_.size() > most_level_bytes)
    fail(Status::data_error, source_, " has ", content_.size(), " bytes: expected ", most_level_bytes, " at most");
  if (content_.starts_with(byte_order_mark)) content_.remove_prefix(byte_order_mark.size());
  while (!content_.empty()) read_line(take_line());
  end_level();
  if (!name_.empty()) fail_at(source_, name_at_, "the name ", in_quotes(name_), " is followed by no level");
}

// Without its end, "\r" included, and the spaces around it.
Line Compiler::take_line() {
  ++line_;
  const size_t end = std::min(content_.find('\n'), content_.size());
  std::string_view line = content_.substr(0, end);
  content_.remove_prefix(std::min(end + 1, content_.size()));
  if (line.ends_with('\r')) line.remove_suffix(1);
  for (size_t at = 0; at < line.size(); at += character_size(line.substr(at)))
    if (!is_utf8(line.substr(at, character_size(line.substr(at)))))
      fail_at(source_, {line_, characters_in(line.substr(0, at)) + 1}, in_quotes(line.substr(at, 1)), " is not UTF-8");
  if (const size_t tab = line.find('\t'); tab != std::string_view::npos)
    fail_at(source_, {line_, characters_in(line.substr(0, tab)) + 1}, "a tab: expected spaces, or none");
  const size_t begin = std::min(line.find_first_not_of(' '), line.size());
  line.remove_prefix(begin);
  line.remove_suffix(line.size() - std::min(line.find_last_not_of(' ') + 1, line.size()));
  return {line, {line_, static_cast<int32_t>(begin) + 1}};
}

void Compiler::read_line(const Line &line) {
  if (line.text.starts_with(';')) return;
  if (line.text.empty()) return end_level();
  const size_t colon = line.text.find(':');
  if (colon == std::string_view::npos) return read_row(line);
  end_level();
  read_option(line, colon);
}

double Compiler::number_in(std::string_view name, std::string_view value, Position at, double lowest,
                           double highest) const {
  double number = 0;
  const char *end = value.data() + value.size();
  const std::from_chars_result result = std::from_chars(value.data(), end, number);
  if (result.ec != std::errc() || result.ptr != end || !(number >= lowest && number <= highest))
    fail_at(source_, at, name, " is ", in_quotes(value), ": expected a number, ", lowest, " to ", highest);
  return number;
}

template <typename Value>
void Compiler::set_once(std::string_view name, Value &option, Value value, bool &is_set, Position at) {
  if (is_set && option != value)
    fail_at(source_, at, name, " is ", value, ", and was ", option, " before: all levels of a batch have the same");
  option = value;
  is_set = true;
}

void Compiler::read_option(const Line &line, size_t colon) {
  const std::string_view name = line.text.substr(0, std::min(line.text.find_last_not_of(' ', colon - 1) + 1, colon));
  const size_t begin = std::min(line.text.find_first_not_of(' ', colon + 1), line.text.size());
  const std::string_view value = line.text.substr(begin);
  const Position at = {line.at.line, line.at.column + characters_in(line.text.substr(0, begin))};
  if (name == "name") {
    if (value.empty()) fail_at(source_, at, "a name is missing");
    name_ = value;
    name_at_ = line.at;
  } else if (name == "step_limit") {
    const double limit = number_in(name, value, at, 1, std::numeric_limits<int32_t>::max());
    if (limit != std::floor(limit)) fail_at(source_, at, "step_limit is ", limit, ": expected a whole number");
    set_once(name, set_.step_limit, static_cast<int32_t>(limit), said_.step_limit, at);
  } else if (name == "step_cost") {
    set_once(name, set_.step_cost, number_in(name, value, at, 0, 1e6), said_.step_cost, at);
  } else if (name == "goal_reward") {
    set_once(name, set_.goal_reward, number_in(name, value, at, 0, 1e6), said_.goal_reward, at);
  } else {
    fail_at(source_, line.at, "there is no option ", in_quotes(name),
            ": expected one of name, step_limit, step_cost, goal_reward");
  }
}

void Compiler::read_row(const Line &line) {
  if (!draft_) {
    draft_.emplace();
    draft_->first = line.at;
    draft_->level.name = std::exchange(name_, {});
  }
  Level &level = draft_->level;
  if (characters_in(line.text) > largest_side || level.rows == largest_side)
    fail_at(source_, line.at, "a level of more than ", largest_side, " cells a side");
  Position at = line.at;
  for (std::string_view rest = line.text; !rest.empty(); ++at.column) {
    const size_t size = character_size(rest);
    if (!cell_of(rest[0]) || size != 1)
      fail_at(source_, at, in_quotes(rest.substr(0, size)),
              " is no cell: expected # (wall), . (floor), G (goal), @ (agent), a to f (key) or A to F (door)");
    read_cell(rest[0], at, at.column - line.at.column);
    rest.remove_prefix(size);
  }
  const auto length = static_cast<int32_t>(line.text.size());
  if (level.rows == 0) level.columns = length;
  if (length != level.columns)
    fail_at(source_, {line.at.line, line.at.column + std::min(length, level.columns)}, "this line has ", length,
            " cells: expected ", level.columns, ", as line ", draft_->first.line, " has");
  ++level.rows;
}

void Compiler::read_cell(char character, Position at, int32_t column) {
  Level &level = draft_->level;
  const uint8_t cell = *cell_of(character);
  level.cells.push_back(cell);
  if (character == '@') {
    if (level.agents.size() == most_agents)
      fail_at(source_, at, "an agent too many: expected ", most_agents, " at most");
    level.agents.push_back({level.rows, column});
    draft_->agents.push_back(at);
  }
  draft_->has_goal |= cell == goal_cell;
  if (cell >= first_key && cell < first_door) draft_->has_key[cell - first_key] = true;
  if (cell >= first_door) draft_->doors.push_back(at);
}

void Compiler::end_level() {
  if (!draft_) return;
  Draft draft = std::move(*draft_);
  draft_.reset();
  Level &level = draft.level;
  if (draft.agents.empty()) fail_at(source_, draft.first, "this level has no agent: expected at least one @");
  if (!draft.has_goal) fail_at(source_, draft.first, "this level has no goal: expected at least one G");
  size_t door = 0;
  for (const uint8_t cell : level.cells) {
    if (cell < first_door) continue;
    const int32_t letter = cell - first_door;
    if (!draft.has_key[letter])
      fail_at(source_, draft.doors[door], "the door ", static_cast<char>('A' + letter),
              " has no key: expected the key ", static_cast<char>('a' + letter), " in this level");
    ++door;
  }
  require_ways_to_goals(level, source_, draft.agents);
  const auto agents = static_cast<int32_t>(level.agents.size());
  if (set_.levels.empty()) set_.agents = agents;
  if (agents != set_.agents)
    fail_at(source_, draft.agents[static_cast<size_t>(std::min(agents, set_.agents + 1) - 1)], "this level has ",
            agents, " agents: expected ", set_.agents, ", as the first level has");
  for (int32_t letter = 0; letter < letter_count; ++letter) set_.has_letter[letter] |= draft.has_key[letter];
  set_.rows = std::max(set_.rows, level.rows);
  set_.columns = std::max(set_.columns, level.columns);
  set_.levels.push_back(std::move(level));
}

}  // namespace

LevelSet compile_levels(std::span<const LevelText> texts) {
  LevelSet set;
  Said said;
  for (const LevelText &text : texts) {
    const size_t before = set.levels.size();
    Compiler(set, said, text).run();
    if (set.levels.size() == before) fail(Status::data_error, text.source, " has no level");
  }
  if (set.levels.empty()) fail(Status::invalid_argument, "there is no level");
  return set;
}

}  // namespace penstock::core::grid_world
