#include "calls.h"

#include "function_list.h"

namespace penstock::test {

const std::vector<Call> &all_calls() {
  static const std::vector<Call> calls = [] {
    std::vector<Call> joined;
    for (const auto &part : {autograd_calls(),     base_calls(),           tensor_making_calls(),
                             tensor_view_calls(),  tensor_element_calls(), tensor_file_calls(),
                             safetensors_calls(),  tensor_index_calls(),   dlpack_calls(),
                             stream_calls(),       image_calls(),          loader_calls(),
                             nn_calls(),           samples_calls(),        worlds_calls(),
                             worlds_state_calls(), worlds_record_calls(),  kpu_calls(),
                             ops_calls(),          ops_arrange_calls(),    linalg_calls(),
                             random_calls()})
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

bool succeeded(const Call &call, Word result) {
  const Function &function = public_headers().function(call.function());
  if (function.gives_status()) return static_cast<ps_status>(result) == PS_OK;
  if (function.return_type == "ps_tensor *") ps_tensor_release(from_word<ps_tensor *>(result));
  if (function.return_type == "ps_npz *") ps_npz_release(from_word<ps_npz *>(result));
  if (function.return_type == "ps_safetensors *") ps_safetensors_release(from_word<ps_safetensors *>(result));
  if (function.return_type == "ps_loader *") ps_loader_release(from_word<ps_loader *>(result));
  if (function.return_type == "ps_sample_loader *") ps_sample_loader_release(from_word<ps_sample_loader *>(result));
  if (function.return_type == "ps_sample_batch *") ps_sample_batch_release(from_word<ps_sample_batch *>(result));
  if (function.return_type == "ps_worlds *") ps_worlds_release(from_word<ps_worlds *>(result));
  if (function.return_type == "ps_kpu_config *") ps_kpu_config_release(from_word<ps_kpu_config *>(result));
  if (function.return_type == "ps_kpu_topology *") ps_kpu_topology_release(from_word<ps_kpu_topology *>(result));
  if (function.return_type == "ps_kpu *") ps_kpu_release(from_word<ps_kpu *>(result));
  if (function.return_type == "ps_layer *") ps_layer_release(from_word<ps_layer *>(result));
  if (function.return_type == "ps_model *") ps_model_release(from_word<ps_model *>(result));
  if (function.return_type == "ps_image_transforms *")
    ps_image_transforms_release(from_word<ps_image_transforms *>(result));
  return *ps_last_error() == '\0';
}

bool succeeds(const Call &call, const std::vector<Word> &arguments) {
  ps_clear_error();
  return succeeded(call, call(arguments));
}

bool has_consumed(const Call &call, const std::vector<Word> &arguments) {
  if (call.consumed().empty()) return true;
  const Word argument = arguments[public_headers().function(call.function()).position_of(call.consumed())];
  return argument == 0 || call.times_consumed(argument) == 1;
}

}  // namespace penstock::test
