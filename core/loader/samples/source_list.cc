#include "core/loader/samples/source_list.h"

#include <sys/stat.h>

#include <algorithm>
#include <charconv>
#include <functional>
#include <iterator>
#include <optional>
#include <utility>

#include "core/base/error.h"
#include "core/io/utf8.h"

namespace penstock::core {
namespace {

constexpr size_t most_names = 1'000'000;

void require_not_too_many(uint64_t count, std::string_view name) {
  if (count > most_names)
    fail(Status::invalid_argument, in_quotes(name), " stands for more than ", most_names, " names");
}

// The brace that closes the one at begin; npos where there is none.
size_t closing_brace(std::string_view name, size_t begin) {
  int64_t depth = 0;
  for (size_t at = begin; at < name.size(); ++at) {
    if (name[at] == '{') ++depth;
    if (name[at] == '}' && --depth == 0) return at;
  }
  return std::string_view::npos;
}

// The alternatives between two braces, parted by the commas that are inside no others.
std::vector<std::string_view> alternatives(std::string_view inside) {
  std::vector<std::string_view> found;
  size_t begin = 0;
  int64_t depth = 0;
  for (size_t at = 0; at < inside.size(); ++at) {
    if (inside[at] == '{') ++depth;
    if (inside[at] == '}') --depth;
    if (inside[at] != ',' || depth != 0) continue;
    found.push_back(inside.substr(begin, at - begin));
    begin = at + 1;
  }
  found.push_back(inside.substr(begin));
  return found;
}

std::optional<int64_t> whole_number(std::string_view digits) {
  int64_t value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (error != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
  return value;
}

bool has_leading_zero(std::string_view digits) {
  if (digits.starts_with('-')) digits.remove_prefix(1);
  return digits.size() > 1 && digits[0] == '0';
}

std::string padded(int64_t number, size_t width) {
  std::string digits = text(number < 0 ? -number : number);
  const size_t sign = number < 0 ? 1 : 0;
  if (digits.size() + sign < width) digits.insert(0, width - digits.size() - sign, '0');
  return number < 0 ? "-" + digits : digits;
}

// FIRST..LAST or FIRST..LAST..STEP; nothing where it is neither.
std::optional<std::vector<std::string>> number_range(std::string_view inside, std::string_view name) {
  const size_t dots = inside.find("..");
  if (dots == std::string_view::npos) return std::nullopt;
  std::string_view first_digits = inside.substr(0, dots), last_digits = inside.substr(dots + 2);
  int64_t step = 1;
  if (const size_t more = last_digits.find(".."); more != std::string_view::npos) {
    const auto stated = whole_number(last_digits.substr(more + 2));
    if (!stated || *stated == 0) return std::nullopt;
    step = *stated < 0 ? -*stated : *stated;
    last_digits = last_digits.substr(0, more);
  }
  constexpr int64_t largest = int64_t{1} << 60;
  const auto first = whole_number(first_digits), last = whole_number(last_digits);
  if (!first || !last) return std::nullopt;
  if (std::max({*first, *last, -*first, -*last, step}) > largest) return std::nullopt;
  const int64_t distance = *first < *last ? *last - *first : *first - *last;
  require_not_too_many(static_cast<uint64_t>(distance / step) + 1, name);
  const bool pads = has_leading_zero(first_digits) || has_leading_zero(last_digits);
  const size_t width = pads ? std::max(first_digits.size(), last_digits.size()) : 0;
  std::vector<std::string> numbers;
  for (int64_t passed = 0; passed <= distance; passed += step)
    numbers.push_back(padded(*first < *last ? *first + passed : *first - passed, width));
  return numbers;
}

// What the part between two braces stands for; nothing where it is no list and no range.
std::optional<std::vector<std::string>> expand_inside(std::string_view inside, std::string_view name) {
  const std::vector<std::string_view> parts = alternatives(inside);
  if (parts.size() == 1) return number_range(inside, name);
  std::vector<std::string> expanded;
  for (const std::string_view part : parts) {
    std::vector<std::string> of_part = expand_braces(part);
    std::move(of_part.begin(), of_part.end(), std::back_inserter(expanded));
    require_not_too_many(expanded.size(), name);
  }
  return expanded;
}

bool is_there(const std::string &path) {
  struct stat about;
  return stat(path.c_str(), &about) == 0;
}

std::string without_file_scheme(const std::string &source) {
  const size_t colon = source.find("://");
  if (colon == std::string::npos) return source;
  const std::string scheme = source.substr(0, colon);
  if (scheme == "file") return source.substr(colon + 3);
  if (scheme == "s3" || scheme == "http" || scheme == "https")
    fail(Status::unavailable, in_quotes(source), " cannot be read yet: ", scheme,
         ":// comes with a later version; until then copy it to a local disk");
  return source;
}

}  // namespace

std::vector<std::string> expand_braces(std::string_view name) {
  for (size_t begin = name.find('{'); begin != std::string_view::npos; begin = name.find('{', begin + 1)) {
    const size_t end = closing_brace(name, begin);
    if (end == std::string_view::npos) continue;
    const auto inside = expand_inside(name.substr(begin + 1, end - begin - 1), name);
    if (!inside) continue;
    const std::vector<std::string> behind = expand_braces(name.substr(end + 1));
    require_not_too_many(inside->size() * behind.size(), name);
    std::vector<std::string> expanded;
    for (const std::string &middle : *inside)
      for (const std::string &rest : behind) expanded.push_back(text(name.substr(0, begin), middle, rest));
    return expanded;
  }
  return {std::string(name)};
}

std::vector<std::string> resolve_sources(const std::vector<std::string> &sources) {
  if (sources.empty()) fail(Status::invalid_argument, "no source is given: expected files, folders or patterns");
  std::vector<std::string> resolved;
  for (const std::string &source : sources) {
    if (source.empty()) fail(Status::invalid_argument, "source ", resolved.size(), " is empty: expected a path");
    std::string path = without_file_scheme(source);
    if (path.find('{') == std::string::npos || is_there(path)) {
      resolved.push_back(std::move(path));
      continue;
    }
    std::vector<std::string> expanded = expand_braces(path);
    std::move(expanded.begin(), expanded.end(), std::back_inserter(resolved));
  }
  return resolved;
}

std::vector<SourceFile> list_shards(const SampleSource &source, bool (*is_one)(std::string_view name)) {
  const std::vector<std::string> paths = resolve_sources(source.sources);
  std::vector<SourceFile> shards;
  for (const std::string &path : paths) {
    std::vector<SourceFile> listed = list_files({path}, source.recursive);
    const auto is_wanted = [&](const SourceFile &file) { return is_one(file.name); };
    if (is_folder(path) && std::any_of(listed.begin(), listed.end(), is_wanted))
      listed.erase(std::remove_if(listed.begin(), listed.end(), std::not_fn(is_wanted)), listed.end());
    std::move(listed.begin(), listed.end(), std::back_inserter(shards));
  }
  if (shards.empty())
    fail(Status::not_found, "there is no file to read in ", in_quotes(paths.front()),
         paths.size() > 1 ? text(" and the other ", paths.size() - 1, " sources") : std::string());
  return shards;
}

}  // namespace penstock::core
