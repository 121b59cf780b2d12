// What the tests of core/io share: a folder that goes away, whole files as strings, and failures to look at.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include "core/base/error.h"
#include "core/base/progress.h"
#include "core/io/little_endian.h"
#include "core/tensor/copy.h"
#include "core/tensor/tensor.h"

namespace penstock::core {

// An empty folder of one test's own.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string pattern = ::testing::TempDir() + "penstock_io_XXXXXX";
    if (mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("no folder can be made like " + pattern);
    path_ = pattern;
  }
  TemporaryFolder(const TemporaryFolder &) = delete;
  TemporaryFolder &operator=(const TemporaryFolder &) = delete;
  ~TemporaryFolder() { std::filesystem::remove_all(path_); }

  std::string path(const std::string &name) const { return path_ + "/" + name; }
  std::vector<std::string> names() const {
    std::vector<std::string> names;
    for (const auto &entry : std::filesystem::directory_iterator(path_)) names.push_back(entry.path().filename());
    return names;
  }

 private:
  std::string path_;
};

inline std::string read_bytes(const std::string &path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw std::runtime_error(path + " cannot be read");
  return {std::istreambuf_iterator<char>(file), {}};
}

inline void write_bytes(const std::string &path, const std::string &bytes) {
  std::filesystem::remove(path);  // some file systems write a file that is emptied to the disk at once, which is slow
  std::ofstream(path, std::ios::binary) << bytes;
}

// A file that NumPy or the script beside it made; see tests/data/npy/make.py.
inline std::string numpy_file(const std::string &name) { return std::string(TEST_DATA_DIR "/npy/") + name; }

// What action throws; ok when it throws nothing.
inline Error failure_of(const std::function<void()> &action) {
  try {
    action();
  } catch (const Error &error) {
    return error;
  }
  return Error(Status::ok, "nothing was thrown");
}

// Passes when action fails with that status and each of those words in its sentence.
inline void expect_failure(Status status, const std::vector<std::string> &words, const std::function<void()> &action) {
  const Error failure = failure_of(action);
  EXPECT_EQ(failure.status(), status) << failure.sentence();
  for (const std::string &word : words) EXPECT_THAT(failure.sentence(), ::testing::HasSubstr(word));
}

// The elements of a tensor as they lie in memory, which they fill densely in some order.
inline std::string element_bytes(const Tensor &tensor) {
  return {reinterpret_cast<const char *>(tensor.data), static_cast<size_t>(tensor.nbytes())};
}

inline std::string row_major_bytes(const Tensor &tensor) {
  std::string bytes(static_cast<size_t>(tensor.nbytes()), '?');
  to_data(bytes.data(), bytes.size(), tensor);
  return bytes;
}

// Keeps what a job reports, and asks it to stop at the report of that number, if any.
struct ProgressRecord {
  std::vector<uint64_t> done = {};
  uint64_t total = 0;
  size_t stop_at = SIZE_MAX;

  Progress progress() { return {&record, this}; }

 private:
  static int32_t record(void *user, uint64_t done, uint64_t total) {
    auto *self = static_cast<ProgressRecord *>(user);
    self->done.push_back(done);
    self->total = total;
    return self->done.size() > self->stop_at ? 1 : 0;
  }
};

}  // namespace penstock::core
