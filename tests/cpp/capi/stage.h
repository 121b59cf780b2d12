// Everything that one call of a public function needs: tensors, files, options and places for results.  Made anew for
// each call, watched for changes, and given back at the end.
#pragma once

#include <dlpack/dlpack.h>
#include <penstock/penstock.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <vector>

#include "support.h"

namespace penstock::test {

// What a call that fails must leave as it was.
struct Observation {
  LiveMemory memory;
  int32_t num_threads;
  ps_device_type device_type;
  int32_t device_id;
  std::vector<std::string> watched;
  std::vector<std::string> worlds;  // the hashes of each one's, or that a step of them is running
  std::map<std::string, std::string> files;

  // The first thing that differs, in words; "" when nothing does.
  std::string difference(const Observation &later) const;
};

class Stage {
 public:
  Stage() = default;
  ~Stage();
  Stage(const Stage &) = delete;
  Stage &operator=(const Stage &) = delete;

  // Tensors: their elements are watched.
  ps_tensor *matrix();                  // 2 x 3, float32: 0, 1, 2, 3, 4, 5
  ps_tensor *leaf();                    // the same, which requires gradients
  ps_tensor *row();                     // 1 x 3, float32: 0, 1, 2
  ps_tensor *read_only_matrix();        // a matrix() over memory that must not be written
  ps_tensor *transposed_matrix();       // 3 x 2, not contiguous
  ps_tensor *transposed_tall_matrix();  // 2 x 3, not contiguous
  ps_tensor *tensor(TensorHold hold);   // one that the caller made
  ps_tensor *tensor_to_release();       // a hold that the call is to give back; the stage does not

  // A matrix() that another library lends, changed as the caller likes; its memory and the struct are watched.
  template <typename Managed>
  Managed *lent_matrix(const std::function<void(Managed &)> &change = [](Managed &) {}) {
    Managed managed{};
    if constexpr (std::is_same_v<Managed, DLManagedTensorVersioned>)
      managed.version = {DLPACK_MAJOR_VERSION, DLPACK_MINOR_VERSION};
    managed.dl_tensor = lent_matrix_description();
    managed.manager_ctx = &times_given_back_.emplace_back(0);
    managed.deleter = [](Managed *given) { ++*static_cast<int32_t *>(given->manager_ctx); };
    change(managed);
    return input(managed);
  }

  // Places for results: filled with a pattern that no result has, and watched.
  ps_tensor **tensor_result();
  ps_npz **npz_result();
  ps_safetensors **safetensors_result();
  ps_worlds **worlds_result();
  ps_kpu_config **kpu_config_result();
  ps_kpu_topology **kpu_topology_result();
  ps_kpu **kpu_result();
  ps_image_transforms **image_transforms_result();
  DLManagedTensorVersioned **dlpack_result();
  DLManagedTensor **legacy_dlpack_result();
  template <typename Value>
  Value *result() {
    return static_cast<Value *>(memory(sizeof(Value)));
  }
  // For a handle, which is given back where the call made one.
  template <typename Handle>
  Handle **handle_result(void (*release)(Handle *)) {
    Handle **place = result<Handle *>();
    Handle *const untouched = *place;
    at_end([=] {
      if (*place != untouched) release(*place);
    });
    return place;
  }
  char *text(size_t capacity) { return static_cast<char *>(memory(capacity)); }

  // Inputs: copied, and watched.
  template <typename Value>
  Value *input(const Value &value) {
    return static_cast<Value *>(memory_with(&value, sizeof(Value)));
  }
  template <typename Value>
  Value *inputs(const std::vector<Value> &values) {
    return static_cast<Value *>(memory_with(values.data(), values.size() * sizeof(Value)));
  }
  const char *string(const std::string &text);
  void *memory(size_t nbytes);
  void *memory_with(const void *bytes, size_t nbytes);

  // Files in a folder of this stage's own, which is watched.
  const char *path(const std::string &name);
  const char *npy_file();
  const char *npz_file();  // arrays "weights" (2 x 3, float32) and "steps" (one axis, int32)
  ps_npz *npz();
  ps_npz *npz_to_release();
  const char *safetensors_file();  // the same tensors, and the metadata "format" and "step"
  ps_safetensors *safetensors();
  ps_safetensors *safetensors_to_release();

  // Worlds of CartPole-v1: their hashes are watched.
  ps_worlds *worlds();             // three of them, stepped once
  ps_worlds *running_worlds();     // a step of theirs was started and not waited for
  ps_worlds *worlds_to_release();  // a hold that the call is to give back; the stage does not
  ps_tensor *snapshot();           // of worlds() that have taken another step

  // Runs when the stage goes, last one first.
  void at_end(std::function<void()> action) { at_end_.push_back(std::move(action)); }

  Observation observe() const;

 private:
  struct Watched {
    const void *begin;
    size_t nbytes;
  };
  DLTensor lent_matrix_description();

  std::vector<Watched> watched_;
  std::vector<const ps_worlds *> watched_worlds_;
  std::deque<int32_t> times_given_back_;  // how often the deleter of each lent_matrix() has run
  std::deque<std::unique_ptr<std::byte[]>> blocks_;
  std::vector<std::function<void()>> at_end_;
  std::optional<Folder> folder_;
};

}  // namespace penstock::test
