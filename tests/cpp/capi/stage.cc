#include "stage.h"

namespace penstock::test {
namespace {

constexpr int poison = 0xA5;

ps_npz *open_npz(const char *path) {
  ps_npz *npz = nullptr;
  require_ok(ps_npz_open(&npz, path));
  return npz;
}

ps_worlds *make_worlds() {
  ps_worlds_options options = PS_WORLDS_OPTIONS_INIT;
  options.num_worlds = 3;
  ps_worlds *worlds = nullptr;
  require_ok(ps_worlds_create(&worlds, "CartPole-v1", &options));
  require_ok(ps_worlds_step(worlds));
  return worlds;
}

// What a call that fails leaves as it was, of the worlds themselves.
std::string printed_hashes(const ps_worlds *worlds) {
  ps_tensor *hashes = nullptr;
  if (ps_worlds_hash(&hashes, worlds) != PS_OK) return ps_last_error();
  return printed(TensorHold(hashes).get());
}

TensorHold transposed(ps_tensor *tensor) {
  ps_tensor *view = nullptr;
  require_ok(ps_tensor_transpose(&view, tensor, 0, 1));
  return TensorHold(view);
}

}  // namespace

std::string Observation::difference(const Observation &later) const {
  if (!(memory == later.memory))
    return "memory: " + ::testing::PrintToString(memory) + " became " + ::testing::PrintToString(later.memory);
  if (num_threads != later.num_threads) return "the number of threads changed";
  if (device_type != later.device_type || device_id != later.device_id) return "the default device changed";
  for (size_t index = 0; index < watched.size(); ++index)
    if (watched[index] != later.watched[index])
      return "block " + std::to_string(index) + " of the memory given to the call changed";
  if (worlds != later.worlds)
    return "worlds: " + ::testing::PrintToString(worlds) + " became " + ::testing::PrintToString(later.worlds);
  if (files != later.files) return "the files in the folder changed";
  return "";
}

Stage::~Stage() {
  for (auto action = at_end_.rbegin(); action != at_end_.rend(); ++action) (*action)();
}

ps_tensor *Stage::tensor(TensorHold hold) {
  ps_tensor *kept = hold.release();
  at_end([kept] { ps_tensor_release(kept); });
  if (ps_tensor_is_contiguous(kept) == 1)
    watched_.push_back({ps_tensor_data(kept), static_cast<size_t>(ps_tensor_nbytes(kept))});
  return kept;
}

ps_tensor *Stage::matrix() { return tensor(make_matrix()); }

ps_tensor *Stage::leaf() {
  ps_tensor *made = matrix();
  require_ok(ps_tensor_set_requires_grad(made, 1));
  return made;
}

ps_tensor *Stage::row() { return tensor(make_tensor<float>(PS_FLOAT32, {1, 3}, {0, 1, 2})); }

ps_tensor *Stage::read_only_matrix() {
  ps_wrap_options options = PS_WRAP_OPTIONS_INIT;
  options.read_only = 1;
  const std::vector<int64_t> shape = {2, 3};
  ps_tensor *wrapped = nullptr;
  require_ok(ps_tensor_wrap(&wrapped, inputs<float>({0, 1, 2, 3, 4, 5}), PS_FLOAT32, 2, shape.data(), nullptr, nullptr,
                            nullptr, &options));
  return tensor(TensorHold(wrapped));
}

ps_tensor *Stage::transposed_matrix() { return tensor(transposed(matrix())); }

ps_tensor *Stage::transposed_tall_matrix() {
  return tensor(transposed(tensor(make_tensor<float>(PS_FLOAT32, {3, 2}, {0, 1, 2, 3, 4, 5}))));
}

ps_tensor *Stage::tensor_to_release() { return make_matrix().release(); }

// A place whose handle is released at the end if the call has put one there.
ps_tensor **Stage::tensor_result() { return handle_result<ps_tensor>(ps_tensor_release); }

ps_npz **Stage::npz_result() { return handle_result<ps_npz>(ps_npz_release); }
ps_safetensors **Stage::safetensors_result() { return handle_result<ps_safetensors>(ps_safetensors_release); }
ps_kpu_config **Stage::kpu_config_result() { return handle_result<ps_kpu_config>(ps_kpu_config_release); }
ps_kpu_topology **Stage::kpu_topology_result() { return handle_result<ps_kpu_topology>(ps_kpu_topology_release); }
ps_kpu **Stage::kpu_result() { return handle_result<ps_kpu>(ps_kpu_release); }
ps_image_transforms **Stage::image_transforms_result() {
  return handle_result<ps_image_transforms>(ps_image_transforms_release);
}

ps_worlds **Stage::worlds_result() { return handle_result<ps_worlds>(ps_worlds_release); }

DLManagedTensorVersioned **Stage::dlpack_result() {
  return handle_result<DLManagedTensorVersioned>([](DLManagedTensorVersioned *lent) { lent->deleter(lent); });
}

DLManagedTensor **Stage::legacy_dlpack_result() {
  return handle_result<DLManagedTensor>([](DLManagedTensor *lent) { lent->deleter(lent); });
}

DLTensor Stage::lent_matrix_description() {
  return {inputs<float>({0, 1, 2, 3, 4, 5}),
          {kDLCPU, 0},
          2,
          {kDLFloat, 32, 1},
          inputs<int64_t>({2, 3}),
          inputs<int64_t>({3, 1}),
          0};
}

const char *Stage::string(const std::string &text) {
  return static_cast<const char *>(memory_with(text.c_str(), text.size() + 1));
}

void *Stage::memory(size_t nbytes) {
  blocks_.push_back(std::make_unique<std::byte[]>(nbytes));
  void *block = blocks_.back().get();
  std::memset(block, poison, nbytes);
  watched_.push_back({block, nbytes});
  return block;
}

void *Stage::memory_with(const void *bytes, size_t nbytes) {
  void *block = memory(nbytes);
  if (nbytes != 0) std::memcpy(block, bytes, nbytes);
  return block;
}

const char *Stage::path(const std::string &name) {
  if (!folder_) folder_.emplace();
  return string(folder_->path(name));
}

const char *Stage::npy_file() {
  const char *file = path("matrix.npy");
  require_ok(ps_npy_save(file, make_matrix().get(), nullptr));
  return file;
}

const char *Stage::npz_file() {
  const char *file = path("arrays.npz");
  const TensorHold weights = make_matrix(), steps = make_range(4);
  const char *const names[] = {"weights", "steps"};
  ps_tensor *const tensors[] = {weights.get(), steps.get()};
  ps_save_options options = PS_SAVE_OPTIONS_INIT;
  options.compression = 1;
  require_ok(ps_npz_save(file, 2, names, tensors, &options));
  return file;
}

ps_npz *Stage::npz() {
  ps_npz *npz = open_npz(npz_file());
  at_end([npz] { ps_npz_release(npz); });
  return npz;
}

ps_npz *Stage::npz_to_release() { return open_npz(npz_file()); }

const char *Stage::safetensors_file() {
  const char *file = path("model.safetensors");
  const TensorHold weights = make_matrix(), steps = make_range(4);
  const char *const names[] = {"weights", "steps"}, *const keys[] = {"format", "step"}, *const values[] = {"ps", "4"};
  ps_tensor *const tensors[] = {weights.get(), steps.get()};
  require_ok(ps_safetensors_save(file, 2, names, tensors, 2, keys, values, nullptr));
  return file;
}

ps_safetensors *Stage::safetensors() {
  ps_safetensors *file = safetensors_to_release();
  at_end([file] { ps_safetensors_release(file); });
  return file;
}

ps_safetensors *Stage::safetensors_to_release() {
  ps_safetensors *file = nullptr;
  require_ok(ps_safetensors_open(&file, safetensors_file()));
  return file;
}

ps_worlds *Stage::worlds() {
  ps_worlds *worlds = make_worlds();
  at_end([worlds] { ps_worlds_release(worlds); });
  watched_worlds_.push_back(worlds);
  return worlds;
}

ps_worlds *Stage::running_worlds() {
  ps_worlds *running = worlds();
  require_ok(ps_worlds_step_async(running));
  return running;
}

ps_worlds *Stage::worlds_to_release() { return make_worlds(); }

ps_tensor *Stage::snapshot() {
  ps_worlds *stepped = worlds();
  require_ok(ps_worlds_step(stepped));
  ps_tensor *snapshot = nullptr;
  require_ok(ps_worlds_snapshot(&snapshot, stepped));
  return tensor(TensorHold(snapshot));
}

Observation Stage::observe() const {
  Observation observation{live_memory(), ps_get_num_threads(), PS_DEVICE_DEFAULT, 0, {}, {}, {}};
  require_ok(ps_get_device(&observation.device_type, &observation.device_id));
  for (const Watched &block : watched_)
    observation.watched.emplace_back(static_cast<const char *>(block.begin), block.nbytes);
  for (const ps_worlds *worlds : watched_worlds_) observation.worlds.push_back(printed_hashes(worlds));
  if (folder_) observation.files = folder_->files();
  return observation;
}

}  // namespace penstock::test
