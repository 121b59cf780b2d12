// Files that are read: opened, measured, and read at any place by any number of threads; and what writers share.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>

namespace penstock::core {

// An open file's number, closed when this goes.
class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int number) : number_(number) {}
  Descriptor(Descriptor &&other) noexcept : number_(other.give_away()) {}
  Descriptor &operator=(Descriptor &&other) noexcept {
    std::swap(number_, other.number_);
    return *this;
  }
  ~Descriptor();

  int number() const { return number_; }
  int give_away() { return std::exchange(number_, -1); }  // the caller now closes it

 private:
  int number_ = -1;
};

// Throws what errno's value means for a path: not_found, out_of_memory, otherwise io_error, with the system's reason.
[[noreturn]] void fail_on_path(const char *verb, const std::string &path, int error_number);

// Writes all of bytes at an offset of a file that is open for writing; path is for the message, as fail_on_path() has it.
void write_at(const Descriptor &descriptor, const std::string &path, uint64_t offset, std::span<const std::byte> bytes);

// A regular file, open for reading.  Threads: any number may read from one at once.
class File {
 public:
  // Throws not_found where there is no such file, io_error where the system refuses it or it is no regular file: a
  // folder, a pipe or a device is refused at once and never waited for.
  static File open(const std::string &path);

  // A file that is open already; path stands for it in messages.
  static File adopt(Descriptor descriptor, std::string path, uint64_t size) {
    return File(std::move(descriptor), std::move(path), size);
  }

  const std::string &path() const { return path_; }
  uint64_t size() const { return size_; }  // as it was when the file was opened
  int descriptor() const { return descriptor_.number(); }

  // Fills out with the bytes from offset on.  Throws data_error when the file ends before, io_error otherwise.
  void read(uint64_t offset, std::span<std::byte> out) const;

 private:
  File(Descriptor descriptor, std::string path, uint64_t size)
      : descriptor_(std::move(descriptor)), path_(std::move(path)), size_(size) {}

  Descriptor descriptor_;
  std::string path_;
  uint64_t size_ = 0;
};

}  // namespace penstock::core
