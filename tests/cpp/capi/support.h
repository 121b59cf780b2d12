// What the tests of the C ABI share: checked statuses, tensors that release themselves, memory counts, a folder of one's
// own.
#pragma once

#include <gmock/gmock.h>
#include <penstock/penstock.h>

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <ostream>
#include <string>
#include <vector>

#define ASSERT_OK(call) ASSERT_EQ((call), PS_OK) << ps_last_error()
#define EXPECT_OK(call) EXPECT_EQ((call), PS_OK) << ps_last_error()

namespace penstock::test {

// For setting a test up: throws, with penstock's own sentence, where that fails.
void require_ok(ps_status status);

struct TensorRelease {
  void operator()(ps_tensor *tensor) const { ps_tensor_release(tensor); }
};
using TensorHold = std::unique_ptr<ps_tensor, TensorRelease>;

struct NpzRelease {
  void operator()(ps_npz *npz) const { ps_npz_release(npz); }
};
using NpzHold = std::unique_ptr<ps_npz, NpzRelease>;

// What penstock holds on the CPU now, but for the peak, which a call that failed halfway may have moved.
struct LiveMemory {
  uint64_t bytes, storages, wrapped_bytes;
  friend bool operator==(const LiveMemory &, const LiveMemory &) = default;
  friend void PrintTo(const LiveMemory &memory, std::ostream *out) {
    *out << memory.bytes << " bytes in " << memory.storages << " storages, " << memory.wrapped_bytes
         << " bytes wrapped";
  }
};
LiveMemory live_memory();

// A contiguous tensor of values, copied.
template <typename Number>
TensorHold make_tensor(ps_dtype dtype, const std::vector<int64_t> &shape, const std::vector<Number> &values) {
  ps_tensor *tensor = nullptr;
  require_ok(ps_tensor_from_data(&tensor, dtype, static_cast<int32_t>(shape.size()), shape.data(), values.data(),
                                 values.size() * sizeof(Number), nullptr));
  return TensorHold(tensor);
}
TensorHold make_matrix();                 // 2 x 3, float32: 0, 1, 2, 3, 4, 5
TensorHold make_range(int64_t elements);  // one axis, int32: 0, 1, 2, ...

template <typename Number>
std::vector<Number> values_of(const ps_tensor *tensor) {
  std::vector<Number> values(static_cast<size_t>(ps_tensor_element_count(tensor)));
  require_ok(ps_tensor_to_data(values.data(), values.size() * sizeof(Number), tensor));
  return values;
}

// The tensor printed, for a test's messages and for comparing two.
std::string printed(const ps_tensor *tensor);

std::string read_file(const std::filesystem::path &path);
void write_file(const std::filesystem::path &path, const std::string &bytes);

// A folder of this test's own, gone with all its files when this goes.
class Folder {
 public:
  Folder();
  ~Folder();
  Folder(const Folder &) = delete;
  Folder &operator=(const Folder &) = delete;

  std::string path(const std::string &name) const { return (folder_ / name).string(); }
  std::map<std::string, std::string> files() const;  // every file's name and bytes

 private:
  std::filesystem::path folder_;
};

}  // namespace penstock::test
