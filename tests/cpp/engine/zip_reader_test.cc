#include "core/io/zip_reader.h"

#include <string>

#include "tests/cpp/engine/zip_forging.h"

namespace penstock::core {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;

class Zip : public ::testing::Test {
 protected:
  ZipReader open(const std::string &bytes) {
    write_bytes(path(), bytes);
    return ZipReader(File::open(path()));
  }
  std::string path() const { return folder_.path("a.npz"); }

  // What the first member's packed bytes are.
  std::string first_data(const std::string &bytes) {
    const ZipReader zip = open(bytes);
    const ZipMember &member = zip.members()[0];
    std::string data(member.packed_size, '?');
    zip.file().read(zip.find_data(member), std::as_writable_bytes(std::span(data)));
    return data;
  }

  void expect_refused(const std::string &bytes, const std::vector<std::string> &words) {
    expect_failure(Status::data_error, words, [&] { open(bytes); });
  }
  // The directory is fine; what it says of the member is found to be wrong when the member is looked for.
  void expect_member_refused(const std::string &bytes, const std::vector<std::string> &words) {
    const ZipReader zip = open(bytes);
    expect_failure(Status::data_error, words, [&] { zip.find_data(zip.members()[0]); });
  }

 private:
  TemporaryFolder folder_;
};

// An archive whose end record points to a zip64 one, and that one.  Its only member is as it should be.
struct WideZip {
  ForgedMember member;
  ForgedEnd end;
  ForgedWideEnd wide;

  WideZip() {
    const uint64_t directory_offset = forged_local(member).size(), directory_size = forged_central(member, 0).size();
    wide = {1, directory_size, directory_offset, directory_offset + directory_size};
    end.entries = 0xFFFF;
    end.directory_size = 0xFFFFFFFF;
    end.directory_offset = 0xFFFFFFFF;
  }
  std::string bytes() {
    end.before_end = forged_wide_end(wide);
    return forged_zip({member}, end);
  }
};

TEST_F(Zip, MembersAreReadInTheDirectorysOrder) {
  const ZipReader zip = open(forged_zip({{.name = "b"}, {.name = "a", .data = "other"}}));
  ASSERT_THAT(zip.members(), SizeIs(2));
  EXPECT_EQ(zip.members()[0].name, "b");
  EXPECT_EQ(zip.members()[1].name, "a");
  EXPECT_EQ(zip.find("a")->size, 5u);
  EXPECT_EQ(zip.find("c"), nullptr);
}

TEST_F(Zip, DataLieBehindTheLocalHeader) {
  EXPECT_EQ(first_data(forged_zip({{.name = "name", .data = "these", .local_extra = "ABCD"}})), "these");
}

TEST_F(Zip, NoMembersAreAnArchiveToo) { EXPECT_THAT(open(forged_zip({})).members(), IsEmpty()); }

TEST_F(Zip, CommentsOfAnyLengthAreSteppedOver) {
  for (const size_t length : {size_t{1}, size_t{22}, size_t{65'535}})
    EXPECT_THAT(open(forged_zip({{}}, {.comment = std::string(length, 'c')})).members(), SizeIs(1)) << length;
}

TEST_F(Zip, EndRecordInsideTheCommentIsNotTaken) {
  const std::string decoy = forged_zip({}) + "more";
  EXPECT_THAT(open(forged_zip({{}}, {.comment = decoy})).members(), SizeIs(1));
}

TEST_F(Zip, OtherFilesAreNoArchives) {
  for (const std::string &bytes :
       {std::string(), std::string("PK\5\6"), std::string(21, 'x'), std::string(100'000, 'x')})
    expect_refused(bytes, {path(), "not a zip archive"});
}

TEST_F(Zip, CutAnywhereIsRefused) {
  const std::string whole = forged_zip({{.name = "a"}, {.name = "b"}}, {.comment = "comment"});
  for (size_t size = 0; size < whole.size(); ++size) expect_refused(whole.substr(0, size), {path()});
}

TEST_F(Zip, BytesBeforeBetweenOrBehindTheRecordsAreRefused) {
  expect_refused("#!/bin/sh\n" + forged_zip({{}}), {"must meet"});
  expect_refused(forged_zip({{}}, {.before_end = "gap"}), {"must meet"});
  expect_refused(forged_zip({{}}) + "tail", {"not a zip archive"});
}

TEST_F(Zip, BytesBetweenMembersAndDirectoryAreSteppedOver) {
  EXPECT_THAT(open(forged_zip({{}}, {.before_directory = "alignment"})).members(), SizeIs(1));
}

TEST_F(Zip, OneOfSeveralDisksIsRefused) {
  expect_refused(forged_zip({{}}, {.disk = 1}), {"disks"});
  expect_refused(forged_zip({{}, {.name = "b"}}, {.entries_here = 1}), {"disks"});
  expect_refused(forged_zip({{.disk = 1}}), {"\"a.npy\"", "disk 1"});
}

TEST_F(Zip, DirectoryThatDoesNotFitTheFileIsRefused) {
  expect_refused(forged_zip({{}}, {.directory_size = 0x7FFFFFFF}), {"must meet", "2147483647"});
  expect_refused(forged_zip({{}}, {.directory_offset = 0x7FFFFFFF}), {"must meet", "2147483647"});
  expect_refused(forged_zip({{}}, {.directory_offset = 0}), {"must meet"});
}

TEST_F(Zip, CountOfMembersThatDoesNotFitTheDirectoryIsRefused) {
  expect_refused(forged_zip({{}}, {.entries = 0xFFFF}), {"65535 members"});
  expect_refused(forged_zip({{}}, {.entries = 0}), {"51 bytes left over"});
  // So many would fit by size alone.
  expect_refused(forged_zip({{.name = std::string(100, 'n')}}, {.entries = 2}), {"cut short"});
}

TEST_F(Zip, EntriesAreNamedWithTheirOffset) {
  const std::string first = forged_local({.name = "a"}), second = forged_local({.name = "b"});
  const size_t entry = first.size() + second.size() + forged_central({.name = "a"}, 0).size();
  expect_refused(forged_zip({{.name = "a"}, {.name = "b", .method = 12}}),
                 {"at byte " + std::to_string(entry), "\"b\""});
}

TEST_F(Zip, OtherSignaturesInTheDirectoryAreRefused) {
  std::string bytes = forged_zip({{}});
  bytes[forged_local({}).size()] = 'Q';
  expect_refused(bytes, {"signature"});
}

TEST_F(Zip, EncryptedMembersAndPatchesAreRefused) {
  for (const int bit : {0, 5, 6, 13}) {
    expect_refused(forged_zip({{.flags = static_cast<uint16_t>(1 << bit)}}), {"\"a.npy\"", "encrypted"});
    expect_member_refused(forged_zip({{.local_flags = static_cast<uint16_t>(1 << bit)}}), {"\"a.npy\"", "encrypted"});
  }
}

TEST_F(Zip, OtherCompressionsAreRefused) {
  for (const uint16_t method : {1, 9, 12, 14, 93, 99})
    expect_refused(forged_zip({{.method = method}}), {"\"a.npy\"", "method " + std::to_string(method)});
}

TEST_F(Zip, TwoMembersOfOneNameAreRefused) {
  expect_refused(forged_zip({{.name = "a"}, {.name = "b"}, {.name = "a"}}), {"\"a\"", "twice"});
}

TEST_F(Zip, NamesThatACStringCannotSayAreRefused) {
  expect_refused(forged_zip({{.name = std::string("a\0b", 3)}}), {"a\\x00b", "zero byte"});
  expect_refused(forged_zip({{.name = "a\xFF"}}), {"a\\xff", "not UTF-8"});
}

TEST_F(Zip, OverlappingMembersAreRefused) {
  const ForgedMember first{.name = "a", .data = std::string(100, 'x')};
  expect_refused(forged_zip({first, {.name = "b", .offset = 0}}), {"\"a\"", "overlaps"});
  expect_refused(forged_zip({first, {.name = "b", .offset = 50}}), {"overlaps", "byte 50"});
}

TEST_F(Zip, MembersThatReachIntoTheDirectoryAreRefused) {
  expect_refused(forged_zip({{.packed_size = 5, .size = 5}}), {"\"a.npy\"", "overlaps"});
  expect_refused(forged_zip({{.packed_size = 0xFFFFFFFE, .size = 0xFFFFFFFE}}), {"overlaps"});
  expect_refused(forged_zip({{.offset = 0x7FFFFFFF}}), {"2147483647", "overlaps"});
}

TEST_F(Zip, LocalHeadersThatMoveTheDataIntoTheDirectoryAreRefused) {
  std::string bytes = forged_zip({{}});
  bytes[28] = 1;  // the local extra field's length
  expect_member_refused(bytes, {"\"a.npy\"", "overlaps"});
}

TEST_F(Zip, StoredMembersHaveOneSize) { expect_refused(forged_zip({{.size = 5}}), {"stored in 4 bytes", "of 5"}); }

TEST_F(Zip, DeflatedMembersLargerThanDeflateCanMakeThemAreRefused) {
  EXPECT_THAT(open(forged_zip({{.method = 8, .size = 4 * 1032}})).members(), SizeIs(1));
  expect_refused(forged_zip({{.method = 8, .size = 5 * 1032}}), {"5160 bytes", "4 deflated"});
  expect_refused(forged_zip({{.method = 8, .size = 0xFFFFFFFE}}), {"4294967294 bytes"});
}

TEST_F(Zip, LocalHeadersMustAgreeWithTheDirectory) {
  expect_member_refused(forged_zip({{.local_name = "b.npy"}}), {"\"a.npy\"", "no local header at byte 0"});
  expect_member_refused(forged_zip({{.local_crc = 1}}), {"CRC-32 or sizes differ"});
  expect_member_refused(forged_zip({{.local_packed_size = 3}}), {"CRC-32 or sizes differ"});
  expect_member_refused(forged_zip({{.local_size = 3}}), {"CRC-32 or sizes differ"});
  expect_member_refused(forged_zip({{.local_method = 8}}), {"compression 8"});
  std::string bytes = forged_zip({{}});
  bytes[3] = 5;
  expect_member_refused(bytes, {"no local header at byte 0"});
}

TEST_F(Zip, SizesBehindTheDataAreTakenFromTheDirectory) {
  EXPECT_EQ(first_data(forged_zip(
                {{.data = "these", .flags = 1 << 3, .local_crc = 0, .local_packed_size = 0, .local_size = 0}},
                {.before_directory = "descriptor"})),
            "these");
}

TEST_F(Zip, WideSizesAndOffsetsAreReadFromTheExtraField) {
  const ForgedMember wide{.data = "these",
                          .packed_size = 0xFFFFFFFF,
                          .size = 0xFFFFFFFF,
                          .offset = 0xFFFFFFFF,
                          .extra = "XX" + std::string("\0\0", 2) + forged_wide_extra({5, 5, 0}),
                          .local_extra = forged_wide_extra({5, 5})};
  EXPECT_EQ(first_data(forged_zip({wide})), "these");
}

TEST_F(Zip, WideFieldsThatLieAreRefused) {
  ForgedMember member{.packed_size = 0xFFFFFFFF, .size = 0xFFFFFFFF};
  expect_refused(forged_zip({member}), {"zip64 extra field", "none"});
  member.extra = forged_wide_extra({4});
  expect_refused(forged_zip({member}), {"cut short"});
  member.extra = forged_wide_extra({UINT64_MAX, UINT64_MAX});
  expect_refused(forged_zip({member}), {"18446744073709551615", "overlaps"});
  member.extra = forged_wide_extra({4, 4});
  member.extra[2] = 40;  // longer than the extra field itself
  expect_refused(forged_zip({member}), {"cut short"});
  member.extra = forged_wide_extra({4, 4, UINT64_MAX});
  member.offset = 0xFFFFFFFF;
  expect_refused(forged_zip({member}), {"from byte 18446744073709551615", "overlaps"});
}

TEST_F(Zip, WideLocalSizesMustAgreeToo) {
  const ForgedMember member{
      .local_packed_size = 0xFFFFFFFF, .local_size = 0xFFFFFFFF, .local_extra = forged_wide_extra({4, 5})};
  expect_member_refused(forged_zip({member}), {"CRC-32 or sizes differ"});
}

TEST_F(Zip, WideEndRecordIsTaken) { EXPECT_THAT(open(WideZip().bytes()).members(), SizeIs(1)); }

TEST_F(Zip, WideEndRecordsThatLieAreRefused) {
  const struct {
    const char *reason;
    void (*lie)(ForgedWideEnd &wide);
  } cases[] = {
      {"members in a central", [](ForgedWideEnd &wide) { wide.entries = UINT64_MAX; }},
      {"members in a central", [](ForgedWideEnd &wide) { wide.entries = 2; }},
      {"must meet", [](ForgedWideEnd &wide) { wide.directory_size = UINT64_MAX; }},
      {"must meet", [](ForgedWideEnd &wide) { wide.directory_offset = UINT64_MAX; }},
      {"must meet", [](ForgedWideEnd &wide) { wide.directory_size += 1, wide.directory_offset -= 2; }},
      {"no room", [](ForgedWideEnd &wide) { wide.located_at = UINT64_MAX; }},
      {"no room", [](ForgedWideEnd &wide) { wide.located_at = wide.position + 1; }},
      {"no zip64 end record", [](ForgedWideEnd &wide) { wide.located_at = 0; }},
      {"45 bytes", [](ForgedWideEnd &wide) { wide.size_behind = 45; }},
      {"18446744073709551615 bytes", [](ForgedWideEnd &wide) { wide.size_behind = UINT64_MAX; }},
  };
  for (const auto &forged : cases) {
    WideZip zip;
    forged.lie(zip.wide);
    expect_refused(zip.bytes(), {path(), forged.reason});
  }
}

TEST_F(Zip, EndRecordsThatContradictEachOtherAreRefused) {
  WideZip zip;
  zip.end.entries = 2;
  expect_refused(zip.bytes(), {"contradict"});
  zip.end.entries = 1;
  zip.end.directory_offset = 7;
  expect_refused(zip.bytes(), {"contradict"});
}

TEST_F(Zip, EveryChangedByteIsRefusedOrLeavesTheDataReadable) {
  const std::string good = WideZip().bytes();
  for (size_t position = 0; position < good.size(); ++position) {
    for (const int change : {0x01, 0x80, 0xFF}) {
      std::string changed = good;
      changed[position] = static_cast<char>(changed[position] ^ change);
      const Error failure = failure_of([&] { EXPECT_EQ(first_data(changed).size(), 4u) << position; });
      EXPECT_TRUE(failure.status() == Status::ok || failure.status() == Status::data_error) << failure.sentence();
    }
  }
}

}  // namespace
}  // namespace penstock::core
