#include "core/io/zip_writer.h"

#include <string>

#include "core/io/deflate.h"
#include "core/io/zip_reader.h"
#include "tests/cpp/engine/io_testing.h"

namespace penstock::core {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char *wide_end_mark = "PK\6\6";

void add_stored(ZipWriter &zip, const std::string &name, const std::string &content) {
  zip.begin_stored(name, content.size());
  zip.append(bytes_of(content).first(content.size() / 2));
  zip.append(bytes_of(content).subspan(content.size() / 2));
  zip.end_stored();
}

std::string read_member(const ZipReader &zip, const std::string &name) {
  const ZipMember &member = *zip.find(name);
  std::string packed(member.packed_size, '?'), bytes(member.size, '?');
  zip.file().read(zip.find_data(member), std::as_writable_bytes(std::span(packed)));
  if (!member.deflated) return packed;
  inflate(std::as_writable_bytes(std::span(bytes)), bytes_of(packed), name);
  return bytes;
}

// One stored and one deflated member, and what an archive of them holds.
std::string write_two(const TemporaryFolder &folder, ZipLimits limits) {
  AtomicFile file(folder.path("a.zip"));
  ZipWriter zip(file, limits);
  add_stored(zip, "stored", "some stored bytes");
  const std::string content(1000, 'x');
  Buffer stream = deflate(bytes_of(content), 6);
  zip.add_deflated("deflated", stream.span(), content.size(), crc32(0, bytes_of(content)));
  zip.finish();
  file.commit();
  return read_bytes(folder.path("a.zip"));
}

void expect_two(const TemporaryFolder &folder) {
  const ZipReader zip(File::open(folder.path("a.zip")));
  EXPECT_EQ(zip.members().size(), 2u);
  EXPECT_EQ(read_member(zip, "stored"), "some stored bytes");
  EXPECT_EQ(read_member(zip, "deflated"), std::string(1000, 'x'));
  EXPECT_EQ(zip.find("stored")->crc32, crc32(0, bytes_of("some stored bytes")));
}

TEST(ZipWriter, WhatItWritesIsReadBack) {
  const TemporaryFolder folder;
  EXPECT_THAT(write_two(folder, {}), Not(HasSubstr(wide_end_mark)));
  expect_two(folder);
}

TEST(ZipWriter, SizesAtTheLimitAreWrittenWide) {
  const TemporaryFolder folder;
  const std::string bytes = write_two(folder, {.size = 17});  // the stored member's
  EXPECT_EQ(bytes.substr(18, 8), std::string(8, '\xFF'));
  EXPECT_THAT(bytes, HasSubstr(wide_end_mark));
  expect_two(folder);
}

TEST(ZipWriter, EachFieldIsWideOnItsOwn) {
  for (const uint64_t size : {1, 10, 18, 60, 100, 150, 1000, 1001}) {
    const TemporaryFolder folder;
    write_two(folder, {.size = size});
    expect_two(folder);
  }
}

TEST(ZipWriter, CountAtTheLimitIsWrittenWide) {
  const TemporaryFolder folder;
  EXPECT_THAT(write_two(folder, {.count = 2}), HasSubstr(wide_end_mark));
  expect_two(folder);
  EXPECT_THAT(write_two(folder, {.count = 3}), Not(HasSubstr(wide_end_mark)));
}

TEST(ZipWriter, SeventyThousandMembersAreReadBack) {
  const TemporaryFolder folder;
  AtomicFile file(folder.path("a.zip"));
  ZipWriter zip(file);
  for (int number = 0; number < 70'000; ++number) zip.add_deflated(text(number), {}, 0, 0);
  zip.finish();
  file.commit();
  const ZipReader reader(File::open(folder.path("a.zip")));
  EXPECT_EQ(reader.members().size(), 70'000u);
  EXPECT_EQ(reader.members()[69'999].name, "69999");
}

TEST(ZipWriter, NamesBeyondAsciiAreMarkedAsUtf8) {
  const TemporaryFolder folder;
  AtomicFile file(folder.path("a.zip"));
  ZipWriter zip(file);
  add_stored(zip, "\xC3\xB6", "");
  zip.finish();
  file.commit();
  EXPECT_EQ(read_bytes(folder.path("a.zip")).substr(6, 2), std::string("\0\x08", 2));
}

}  // namespace
}  // namespace penstock::core
