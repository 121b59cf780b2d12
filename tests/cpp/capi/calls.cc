#include "calls.h"

#include "function_list.h"

namespace penstock::test {

const std::vector<Call> &all_calls() {
  static const std::vector<Call> calls = [] {
    std::vector<Call> joined;
    for (const auto &part :
         {base_calls(), tensor_making_calls(), tensor_view_calls(), tensor_element_calls(), tensor_file_calls()})
      joined.insert(joined.end(), part.begin(), part.end());
    return joined;
  }();
  return calls;
}

std::vector<const Call *> calls_of(const std::string &function) {
  std::vector<const Call *> found;
  for (const Call &call : all_calls())
    if (call.function() == function) found.push_back(&call);
  return found;
}

bool succeeds(const Call &call, const std::vector<Word> &arguments) {
  const Function &function = public_headers().function(call.function());
  ps_clear_error();
  const Word result = call(arguments);
  if (function.gives_status()) return static_cast<ps_status>(result) == PS_OK;
  if (function.return_type == "ps_tensor *") ps_tensor_release(from_word<ps_tensor *>(result));
  if (function.return_type == "ps_npz *") ps_npz_release(from_word<ps_npz *>(result));
  // ps_last_error() itself tells of the call before it; every other getter leaves no message when it succeeds.
  return *ps_last_error() == '\0';
}

}  // namespace penstock::test
