// One valid call, or several, of every public function, and what its header says about each argument: the table behind
// the tests of wrong arguments, of options and of failing allocations.  calls_test.cc holds it against the headers.
//
// An argument is kept as the bytes of one machine word, so that any of them can be exchanged for a wrong one.
#pragma once

#include <cstdint>
#include <cstring>
#include <functional>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "stage.h"

// A public function's name as a string and the function itself.
#define NAMED(function) #function, function

namespace penstock::test {

using Word = uint64_t;

template <typename Value>
Word to_word(Value value) {
  static_assert(sizeof(Value) <= sizeof(Word));
  Word word = 0;
  std::memcpy(&word, &value, sizeof(Value));
  return word;
}

template <typename Value>
Value from_word(Word word) {
  Value value;
  std::memcpy(&value, &word, sizeof(Value));
  return value;
}

// A wrong value of one parameter, and how the function refuses it.
struct WrongValue {
  std::string parameter, description;
  std::function<Word(Stage &, Word valid)> make;
  ps_status status;          // of a function that returns one
  std::string message_part;  // what ps_last_error() must contain
};

// A parameter that takes any value, or may be NULL, in the header's words.
struct Allowed {
  std::string parameter, quote;
};

class Call {
 public:
  // arguments gives a tuple of what the function takes, from a stage.
  template <typename Result, typename... Parameters, typename Arguments>
  Call(const char *name, Result (*function)(Parameters...), Arguments arguments) : function_(name) {
    make_arguments_ = [arguments](Stage &stage) {
      const std::tuple<Parameters...> made = arguments(stage);
      return std::apply([](const auto &...values) { return std::vector<Word>{to_word(values)...}; }, made);
    };
    invoke_ = [function](const std::vector<Word> &words) {
      return invoke(function, words, std::index_sequence_for<Parameters...>());
    };
  }

  // What a getter returns for a wrong argument; 0 or NULL unless said here.
  Call &&fails_with(int64_t value) && { return failure_ = static_cast<Word>(value), std::move(*this); }
  // What sets this call of the function apart from its others.
  Call &&named(const char *variant) && { return variant_ = variant, std::move(*this); }
  // A parameter, or "options.compression" for a field of one, of which the header says that it takes anything.
  Call &&any(const char *parameter, const char *quote) && {
    return any_.push_back({parameter, quote}), std::move(*this);
  }
  Call &&optional(const char *parameter, const char *quote) && {
    return optional_.push_back({parameter, quote}), std::move(*this);
  }
  // Two calls with the same arguments do different things: what the first began the second finds begun or over.
  Call &&once_a_stage() && { return once_a_stage_ = true, std::move(*this); }
  // A parameter whose argument is used up, after a failure too; times says how often that has happened to one.
  Call &&consumes(const char *parameter, int32_t (*times)(Word)) && {
    return consumed_ = parameter, times_consumed_ = times, std::move(*this);
  }

  // A number, which the refusal must name, or message_part in its place.
  template <typename Number>
  Call &&wrong(const char *parameter, Number value, ps_status status, std::string message_part = "") && {
    const std::string digits = std::to_string(value);
    wrong_.push_back({parameter, digits, [value](Stage &, Word) { return to_word(value); }, status,
                      message_part.empty() ? digits : std::move(message_part)});
    return std::move(*this);
  }
  // Anything else; make gives the argument from a stage.
  template <typename Make>
  Call &&wrong(const char *parameter, const char *description, ps_status status, std::string message_part,
               Make make) && {
    wrong_.push_back({parameter, description, [make](Stage &stage, Word) { return to_word(make(stage)); }, status,
                      std::move(message_part)});
    return std::move(*this);
  }

  const std::string &function() const { return function_; }
  std::string name() const { return variant_.empty() ? function_ : function_ + ", " + variant_; }
  Word failure() const { return failure_; }
  bool is_once_a_stage() const { return once_a_stage_; }
  const std::string &consumed() const { return consumed_; }  // "" where nothing is
  int32_t times_consumed(Word argument) const { return times_consumed_(argument); }
  const std::vector<Allowed> &any() const { return any_; }
  const std::vector<Allowed> &optional() const { return optional_; }
  const std::vector<WrongValue> &wrong() const { return wrong_; }

  std::vector<Word> arguments(Stage &stage) const { return make_arguments_(stage); }
  Word operator()(const std::vector<Word> &arguments) const { return invoke_(arguments); }  // allocates nothing itself

 private:
  template <typename Result, typename... Parameters, size_t... Index>
  static Word invoke(Result (*function)(Parameters...), [[maybe_unused]] const std::vector<Word> &words,
                     std::index_sequence<Index...>) {
    if constexpr (std::is_void_v<Result>) {
      function(from_word<Parameters>(words[Index])...);
      return 0;
    } else if constexpr (std::is_pointer_v<Result>) {
      return to_word(function(from_word<Parameters>(words[Index])...));
    } else {
      return static_cast<Word>(function(from_word<Parameters>(words[Index])...));  // -1 in any width is the same word
    }
  }

  std::string function_, variant_, consumed_;
  std::function<std::vector<Word>(Stage &)> make_arguments_;
  std::function<Word(const std::vector<Word> &)> invoke_;
  int32_t (*times_consumed_)(Word) = nullptr;
  Word failure_ = 0;
  bool once_a_stage_ = false;
  std::vector<Allowed> any_, optional_;
  std::vector<WrongValue> wrong_;
};

std::vector<Call> autograd_calls();
std::vector<Call> base_calls();
std::vector<Call> tensor_making_calls();
std::vector<Call> tensor_view_calls();
std::vector<Call> tensor_element_calls();
std::vector<Call> tensor_file_calls();
std::vector<Call> safetensors_calls();
std::vector<Call> tensor_index_calls();
std::vector<Call> dlpack_calls();
std::vector<Call> stream_calls();
std::vector<Call> image_calls();
std::vector<Call> loader_calls();
std::vector<Call> nn_calls();
std::vector<Call> samples_calls();
std::vector<Call> worlds_calls();
std::vector<Call> worlds_state_calls();
std::vector<Call> worlds_record_calls();
std::vector<Call> kpu_calls();
std::vector<Call> ops_calls();
std::vector<Call> ops_arrange_calls();
std::vector<Call> linalg_calls();
std::vector<Call> random_calls();

const std::vector<Call> &all_calls();
std::vector<const Call *> calls_of(const std::string &function);

// Whether a call that gave this result succeeded: PS_OK from a function that returns a status, no message from any
// other.  Gives back the hold that a function like ps_tensor_retain returns.
bool succeeded(const Call &call, Word result);

// Clears ps_last_error(), makes the call, and says whether it succeeded.
bool succeeds(const Call &call, const std::vector<Word> &arguments);

// Whether a call that failed has consumed, once, what its header says that it always consumes.  NULL is consumed by
// nothing.
bool has_consumed(const Call &call, const std::vector<Word> &arguments);

}  // namespace penstock::test
