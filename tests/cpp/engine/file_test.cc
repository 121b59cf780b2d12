#include "core/io/file.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <array>
#include <string>

#include "tests/cpp/engine/io_testing.h"

namespace penstock::core {
namespace {

std::string read_part(const File &file, uint64_t offset, size_t size) {
  std::string text(size, '?');
  file.read(offset, std::as_writable_bytes(std::span(text)));
  return text;
}

TEST(File, GivesItsSizeAndTheBytesFromAnOffset) {
  const TemporaryFolder folder;
  write_bytes(folder.path("ten"), "0123456789");
  const File file = File::open(folder.path("ten"));
  EXPECT_EQ(file.size(), 10u);
  EXPECT_EQ(read_part(file, 3, 4), "3456");
  EXPECT_EQ(read_part(file, 10, 0), "");
}

TEST(File, IsCutShortWhereMoreIsReadThanItHas) {
  const TemporaryFolder folder;
  write_bytes(folder.path("ten"), "0123456789");
  const File file = File::open(folder.path("ten"));
  expect_failure(Status::data_error, {folder.path("ten"), "cut short", "needs 12 bytes", "has 10"},
                 [&] { read_part(file, 8, 4); });
}

TEST(File, MissingIsNotFound) {
  expect_failure(Status::not_found, {"/no/such/file", "No such file"}, [] { File::open("/no/such/file"); });
  expect_failure(Status::not_found, {"\"\""}, [] { File::open(""); });
}

TEST(File, FolderIsRefused) {
  const TemporaryFolder folder;
  expect_failure(Status::io_error, {folder.path(""), "not a regular file"}, [&] { File::open(folder.path("")); });
}

TEST(File, PipeIsRefusedWithoutWaitingForAWriter) {
  const TemporaryFolder folder;
  ASSERT_EQ(mkfifo(folder.path("pipe").c_str(), 0600), 0);
  expect_failure(Status::io_error, {"not a regular file"}, [&] { File::open(folder.path("pipe")); });
}

TEST(File, DeviceIsRefused) {
  for (const char *path : {"/dev/null", "/dev/zero"})
    expect_failure(Status::io_error, {path, "not a regular file"}, [&] { File::open(path); });
}

TEST(File, BelowAnotherFileGivesTheSystemsReason) {
  const TemporaryFolder folder;
  write_bytes(folder.path("file"), "");
  expect_failure(Status::io_error, {folder.path("file/x"), "Not a directory"},
                 [&] { File::open(folder.path("file/x")); });
}

}  // namespace
}  // namespace penstock::core
