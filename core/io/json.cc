#include "core/io/json.h"

#include <set>
#include <string>
#include <utility>
#include <vector>

#include "core/base/error.h"
#include "core/io/utf8.h"

namespace penstock::core {
namespace {

// Looks at each part of a text as it is read.
class Strictness {
 public:
  explicit Strictness(std::string_view place) : place_(place) {}

  bool operator()(int depth, Json::parse_event_t event, const Json &parsed) {
    using Event = Json::parse_event_t;
    if (depth > deepest_json) fail(Status::data_error, place_, " has values more than ", deepest_json, " deep");
    if (event == Event::object_start) keys_.emplace_back();
    if (event == Event::object_end) keys_.pop_back();
    if (event == Event::key) note_key(parsed.get_ref<const std::string &>());
    return true;
  }

 private:
  void note_key(const std::string &key) {
    if (!keys_.back().insert(key).second) fail(Status::data_error, place_, " has the key ", in_quotes(key), " twice");
  }

  std::string_view place_;
  std::vector<std::set<std::string>> keys_;  // of the objects around what is being read
};

}  // namespace

Json parse_json(std::string_view text, std::string_view place) {
  try {
    return Json::parse(text.begin(), text.end(), Strictness(place));
  } catch (const Json::parse_error &error) {
    fail(Status::data_error, place, " is no JSON at its byte ", error.byte, " of ", text.size());
  } catch (const Json::out_of_range &) {
    fail(Status::data_error, place, " has a number that is too large");
  }
}

}  // namespace penstock::core
