#include "support.h"

#include <cstdlib>
#include <fstream>
#include <numeric>
#include <stdexcept>

namespace penstock::test {

void require_ok(ps_status status) {
  if (status != PS_OK) throw std::runtime_error(std::string(ps_status_name(status)) + ": " + ps_last_error());
}

LiveMemory live_memory() {
  ps_memory_usage usage = PS_MEMORY_USAGE_INIT;
  require_ok(ps_memory_stats(&usage, PS_DEVICE_CPU, 0));
  return {usage.live_bytes, usage.live_storages, usage.wrapped_bytes};
}

TensorHold make_matrix() { return make_tensor<float>(PS_FLOAT32, {2, 3}, {0, 1, 2, 3, 4, 5}); }

TensorHold make_range(int64_t elements) {
  std::vector<int32_t> values(static_cast<size_t>(elements));
  std::iota(values.begin(), values.end(), 0);
  return make_tensor(PS_INT32, {elements}, values);
}

std::string printed(const ps_tensor *tensor) {
  uint64_t length = 0;
  require_ok(ps_tensor_format(&length, nullptr, 0, tensor, nullptr));
  std::string text(length, ' ');
  require_ok(ps_tensor_format(&length, text.data(), length + 1, tensor, nullptr));
  return text;
}

std::string read_file(const std::filesystem::path &path) {
  std::string bytes(std::filesystem::file_size(path), '\0');
  std::ifstream file(path, std::ios::binary);
  if (!file.read(bytes.data(), static_cast<std::streamsize>(bytes.size())))
    throw std::runtime_error("cannot read " + path.string());
  return bytes;
}

void write_file(const std::filesystem::path &path, const std::string &bytes) {
  std::ofstream file(path, std::ios::binary);
  file << bytes;
  if (!file.flush()) throw std::runtime_error("cannot write " + path.string());
}

Folder::Folder() {
  std::string pattern = (std::filesystem::temp_directory_path() / "penstock-test-XXXXXX").string();
  if (mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("cannot make a folder like " + pattern);
  folder_ = pattern;
}

Folder::~Folder() {
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

std::map<std::string, std::string> Folder::files() const {
  std::map<std::string, std::string> found;
  for (const auto &entry : std::filesystem::directory_iterator(folder_))
    found[entry.path().filename().string()] = read_file(entry.path());
  return found;
}

}  // namespace penstock::test
