#include "core/base/snapshot.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <string>
#include <utility>
#include <vector>

#include "core/base/error.h"
#include "core/base/random.h"

namespace penstock::core {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

using Bytes = std::vector<std::byte>;

constexpr uint64_t layout = 0x1122334455667788;

Bytes bytes_of(std::initializer_list<int> values) {
  Bytes bytes;
  for (const int value : values) bytes.push_back(static_cast<std::byte>(value));
  return bytes;
}

SnapshotReader open_worlds(const Bytes &bytes) { return SnapshotReader::open(bytes, "worlds", 2, layout); }

// The snapshot that most tests damage.  Its table has section "first" at byte 46 and "second" at byte 71: offset, size
// and name length at 0, 8 and 16 from there, the name at 20.
constexpr size_t first_entry = 46, second_entry = 71, name_length_field = 16, name_field = 20;
Bytes two_sections() {
  SnapshotWriter writer("worlds", 2, layout);
  writer.add("first", bytes_of({1, 2, 3}));
  writer.add("second", bytes_of({4, 5}));
  return writer.finish();
}

// The snapshot with an integer of `size` bytes replaced, and the checksum that belongs to the result.
Bytes forged(Bytes bytes, size_t offset, uint64_t value, int size) {
  for (int byte = 0; byte < size; ++byte) bytes[offset + byte] = static_cast<std::byte>(value >> (8 * byte));
  seal_snapshot(bytes);
  return bytes;
}

// The sentence with which opening is refused; fails the test where it is not, or with another status.
std::string refusal(const Bytes &bytes) {
  try {
    open_worlds(bytes);
  } catch (const Error &error) {
    EXPECT_EQ(error.status(), Status::data_error) << error.sentence();
    return error.sentence();
  }
  ADD_FAILURE() << "a snapshot of " << bytes.size() << " bytes was opened";
  return "";
}

std::string writer_refusal(const std::function<void()> &write) {
  try {
    write();
  } catch (const Error &error) {
    EXPECT_EQ(error.status(), Status::invalid_argument) << error.sentence();
    return error.sentence();
  }
  ADD_FAILURE() << "the writer took it";
  return "";
}

// Written by a Python program from the table in snapshot.h: the format as other languages see it, pinned forever.
const Bytes golden = bytes_of({
    0x89, 0x50, 0x53, 0x53, 0x4e, 0x41, 0x50, 0x0a, 0x01, 0x00, 0x00, 0x00, 0x02, 0x00, 0x00, 0x00, 0x88, 0x77,
    0x66, 0x55, 0x44, 0x33, 0x22, 0x11, 0x6b, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02, 0x00, 0x00, 0x00,
    0x06, 0x00, 0x00, 0x00, 0x77, 0x6f, 0x72, 0x6c, 0x64, 0x73, 0x60, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
    0x03, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x05, 0x00, 0x00, 0x00, 0x73, 0x74, 0x61, 0x74, 0x65, 0x63,
    0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x05, 0x00, 0x00,
    0x00, 0x65, 0x6d, 0x70, 0x74, 0x79, 0x01, 0x02, 0x03, 0x3d, 0x88, 0x80, 0x3b, 0xee, 0xaf, 0xf6, 0xbc,
});

TEST(Snapshot, IsTheBytesThatTheHeaderDescribes) {
  SnapshotWriter writer("worlds", 2, layout);
  writer.add("state", bytes_of({1, 2, 3}));
  writer.add("empty", {});
  EXPECT_EQ(writer.finish(), golden);
}

TEST(Snapshot, WrittenInAnotherLanguageIsRead) {
  const SnapshotReader reader = open_worlds(golden);
  EXPECT_EQ(reader.version(), 2u);
  EXPECT_THAT(reader.section("state"), ElementsAre(std::byte{1}, std::byte{2}, std::byte{3}));
  EXPECT_THAT(reader.section("empty"), IsEmpty());
}

// Sections of random number, name and size (a quarter of them empty) come back as they were, in their order.
TEST(Snapshot, ReturnsWhatWasWritten) {
  for (uint64_t trial = 0; trial < 200; ++trial) {
    const RandomStream random{trial, 0};
    std::vector<std::pair<std::string, Bytes>> written;
    SnapshotWriter writer("worlds", 1, layout);
    for (uint64_t number = 0; number < uniform_below(random, 0, 12); ++number) {
      std::string name = text(number, std::string(uniform_below(random, 4 * number + 1, 250), 'x'));
      const bool empty = uniform_below(random, 4 * number + 2, 4) == 0;
      Bytes bytes(empty ? 0 : uniform_below(random, 4 * number + 3, 500));
      for (size_t k = 0; k < bytes.size(); ++k) bytes[k] = static_cast<std::byte>(random_u32({trial, number + 1}, k));
      writer.add(name, bytes);
      written.emplace_back(std::move(name), std::move(bytes));
    }
    const Bytes snapshot = writer.finish();
    const SnapshotReader reader = open_worlds(snapshot);
    ASSERT_EQ(reader.sections().size(), written.size());
    for (size_t k = 0; k < written.size(); ++k) {
      EXPECT_EQ(reader.sections()[k].name, written[k].first);
      const auto section = reader.section(written[k].first);
      EXPECT_TRUE(std::equal(section.begin(), section.end(), written[k].second.begin(), written[k].second.end()));
    }
  }
}

TEST(SnapshotWriter, GoesOnAfterFinish) {
  SnapshotWriter writer("worlds", 2, layout);
  writer.add("first", bytes_of({1, 2, 3}));
  EXPECT_EQ(open_worlds(writer.finish()).sections().size(), 1u);
  writer.add("second", bytes_of({4, 5}));
  EXPECT_EQ(writer.finish(), two_sections());
}

TEST(SnapshotWriter, RefusesASecondSectionOfTheSameNameAndKeepsTheFirst) {
  SnapshotWriter writer("worlds", 2, layout);
  writer.add("first", bytes_of({1, 2, 3}));
  EXPECT_THAT(writer_refusal([&] { writer.add("first", bytes_of({9})); }), HasSubstr("section first twice"));
  writer.add("second", bytes_of({4, 5}));
  EXPECT_EQ(writer.finish(), two_sections());
}

TEST(SnapshotWriter, RefusesNamesThatTheFormatCannotHold) {
  SnapshotWriter writer("worlds", 2, layout);
  for (const std::string &name : {std::string(), std::string(256, 'x'), std::string("a b"), std::string("a\n"),
                                  std::string("h\xc3\xb6he"), std::string("a\0b", 3)}) {
    EXPECT_THAT(writer_refusal([&] { writer.add(name, {}); }), HasSubstr("section name")) << name;
    EXPECT_THAT(writer_refusal([&] { SnapshotWriter(name, 1, layout); }), HasSubstr("kind")) << name;
  }
  EXPECT_EQ(writer.finish(), SnapshotWriter("worlds", 2, layout).finish());
}

TEST(SnapshotWriter, RefusesVersionZero) {
  EXPECT_THAT(writer_refusal([] { SnapshotWriter("worlds", 0, layout); }), HasSubstr("version 0"));
}

TEST(SnapshotReader, NamesKindAndSectionThatIsMissing) {
  const Bytes snapshot = two_sections();
  const SnapshotReader reader = open_worlds(snapshot);
  try {
    reader.section("third");
    FAIL() << "there is a third section";
  } catch (const Error &error) {
    EXPECT_EQ(error.status(), Status::not_found);
    EXPECT_EQ(error.sentence(), "snapshot of kind worlds has no section third");
  }
}

TEST(SnapshotReader, RefusesEveryChangeOfOneByte) {
  const Bytes whole = two_sections();
  for (size_t offset = 0; offset < whole.size(); ++offset)
    for (int change = 1; change < 256; ++change) {
      Bytes damaged = whole;
      damaged[offset] ^= static_cast<std::byte>(change);
      ASSERT_FALSE(refusal(damaged).empty()) << "byte " << offset << " changed by " << change;
    }
}

TEST(SnapshotReader, RefusesEveryCut) {
  const Bytes whole = two_sections();
  for (size_t size = 0; size < whole.size(); ++size)
    ASSERT_THAT(refusal(Bytes(whole.begin(), whole.begin() + static_cast<ptrdiff_t>(size))),
                HasSubstr(text("cut short: ", size, " of ")));
}

TEST(SnapshotReader, SaysHowManyBytesAreLeftOver) {
  for (const size_t more : {1, 8, 1000}) {
    Bytes longer = two_sections();
    longer.resize(longer.size() + more);
    EXPECT_THAT(refusal(longer), HasSubstr(text(more, " bytes left over")));
  }
}

TEST(SnapshotReader, TellsAnotherFileFromADamagedSnapshot) {
  EXPECT_THAT(refusal(bytes_of({0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'})), HasSubstr("not a penstock snapshot"));
  EXPECT_THAT(refusal(Bytes(1000)), HasSubstr("not a penstock snapshot"));
}

TEST(SnapshotReader, NamesTheChecksumOfADamagedSnapshot) {
  Bytes damaged = golden;
  damaged[98] ^= std::byte{1};
  EXPECT_THAT(refusal(damaged), HasSubstr("damaged snapshot: checksum "));
  EXPECT_THAT(refusal(damaged), HasSubstr("but bcf6afee3b80883d is recorded"));
}

TEST(SnapshotReader, RefusesAnotherKind) {
  const Bytes loader = SnapshotWriter("loader", 2, layout).finish();
  EXPECT_THAT(refusal(loader), HasSubstr("is of kind loader, expected worlds"));
}

TEST(SnapshotReader, RefusesANewerVersion) {
  EXPECT_THAT(refusal(SnapshotWriter("worlds", 3, layout).finish()),
              HasSubstr("written by a newer version: worlds version 3, this library reads up to 2"));
}

TEST(SnapshotReader, OpensAnOlderVersionAndSaysWhich) {
  const Bytes older = SnapshotWriter("worlds", 1, layout).finish();
  EXPECT_EQ(open_worlds(older).version(), 1u);
}

TEST(SnapshotReader, RefusesAnotherLayout) {
  EXPECT_THAT(refusal(SnapshotWriter("worlds", 2, 0xabc).finish()),
              HasSubstr("layout differs: hash 0000000000000abc, expected 1122334455667788"));
}

TEST(SnapshotReader, RefusesANewerContainer) {
  EXPECT_THAT(refusal(forged(two_sections(), 8, 2, 4)), HasSubstr("newer version: container version 2"));
}

TEST(SnapshotReader, RefusesVersionsOfZero) {
  EXPECT_THAT(refusal(forged(two_sections(), 8, 0, 4)), HasSubstr("container version 0"));
  EXPECT_THAT(refusal(forged(two_sections(), 12, 0, 4)), HasSubstr("worlds version 0"));
}

// The fuzzer's corpus, written in Python too, keeps what its names say: those that begin with "valid" open.
TEST(SnapshotReader, OpensTheValidFilesOfTheCorpusAndNoOther) {
  int files = 0;
  for (const auto &entry : std::filesystem::directory_iterator(TEST_DATA_DIR "/../fuzz/corpus/snapshot")) {
    std::ifstream file(entry.path(), std::ios::binary);
    const std::string content{std::istreambuf_iterator<char>(file), {}};
    bool opened = true;
    try {
      SnapshotReader::open(std::as_bytes(std::span(content)), "fuzz", 3, 0x0123456789abcdef);
    } catch (const Error &) {
      opened = false;
    }
    const std::string name = entry.path().filename();
    EXPECT_EQ(opened, name.rfind("valid", 0) == 0) << name;
    ++files;
  }
  EXPECT_GE(files, 29);
}

// From here on the checksum is right, as whoever forges a snapshot would make it.

TEST(SnapshotReader, RefusesASizeThatIsNotItsOwn) {
  EXPECT_THAT(refusal(forged(two_sections(), 24, uint64_t{1} << 62, 8)), HasSubstr("of 4611686018427387904 bytes"));
  EXPECT_THAT(refusal(forged(two_sections(), 24, 0, 8)), HasSubstr("left over"));
}

TEST(SnapshotReader, RefusesMoreSectionsThanItHas) {
  EXPECT_THAT(refusal(forged(two_sections(), 32, UINT32_MAX, 4)), HasSubstr("4294967295 sections"));
  EXPECT_FALSE(refusal(forged(two_sections(), 32, 3, 4)).empty());
}

TEST(SnapshotReader, RefusesFewerSectionsThanItHas) {
  EXPECT_FALSE(refusal(forged(two_sections(), 32, 1, 4)).empty());
  EXPECT_FALSE(refusal(forged(two_sections(), 32, 0, 4)).empty());
}

TEST(SnapshotReader, RefusesLengthsOfNamesBeyondItsEnd) {
  EXPECT_THAT(refusal(forged(two_sections(), 36, UINT32_MAX, 4)), HasSubstr("the kind at byte 40 needs 4294967295"));
  EXPECT_THAT(refusal(forged(two_sections(), second_entry + name_length_field, 1u << 31, 4)),
              HasSubstr("a section's name at byte 91 needs 2147483648 bytes"));
}

TEST(SnapshotReader, RefusesEmptyNames) {
  EXPECT_THAT(refusal(forged(two_sections(), 36, 0, 4)), HasSubstr("the kind"));
  EXPECT_THAT(refusal(forged(two_sections(), first_entry + name_length_field, 0, 4)), HasSubstr("a section's name"));
}

TEST(SnapshotReader, RefusesNamesThatWouldSpoilASentence) {
  for (const char character : {'\n', '\x1b', ' ', '\x7f', '\xff', '\0'}) {
    const auto value = static_cast<uint64_t>(static_cast<unsigned char>(character));
    EXPECT_THAT(refusal(forged(two_sections(), 40, value, 1)), HasSubstr("printable"));
    EXPECT_THAT(refusal(forged(two_sections(), first_entry + name_field, value, 1)), HasSubstr("printable"));
  }
}

TEST(SnapshotReader, RefusesTwoSectionsOfOneName) {
  SnapshotWriter writer("worlds", 2, layout);
  writer.add("a", bytes_of({1}));
  writer.add("b", bytes_of({2}));
  const Bytes snapshot = writer.finish();
  EXPECT_THAT(refusal(forged(snapshot, 46 + 21 + name_field, 'a', 1)), HasSubstr("two sections are named a"));
}

TEST(SnapshotReader, RefusesSectionsThatReachPastTheEnd) {
  for (const uint64_t size : {uint64_t{3}, uint64_t{1} << 62, UINT64_MAX - 98, UINT64_MAX})
    EXPECT_THAT(refusal(forged(two_sections(), second_entry + 8, size, 8)), HasSubstr("reaches past byte")) << size;
  for (const uint64_t offset : {uint64_t{101}, uint64_t{1} << 62, UINT64_MAX - 1, UINT64_MAX})
    EXPECT_THAT(refusal(forged(two_sections(), second_entry, offset, 8)), HasSubstr("reaches past byte")) << offset;
}

TEST(SnapshotReader, RefusesSectionsThatOverlap) {
  EXPECT_THAT(refusal(forged(two_sections(), second_entry, 99, 8)),
              HasSubstr("section second begins at byte 99, expected 100"));
  EXPECT_THAT(refusal(forged(two_sections(), first_entry + 8, 5, 8)),
              HasSubstr("section second begins at byte 100, expected 102"));
}

TEST(SnapshotReader, RefusesSectionsOverTheHeaderOrTheTable) {
  EXPECT_THAT(refusal(forged(two_sections(), first_entry, 0, 8)), HasSubstr("section first begins at byte 0"));
  EXPECT_THAT(refusal(forged(two_sections(), first_entry, 96, 8)), HasSubstr("expected 97"));
}

TEST(SnapshotReader, RefusesBytesThatBelongToNoSection) {
  EXPECT_THAT(refusal(forged(two_sections(), second_entry + 8, 1, 8)), HasSubstr("1 bytes after the last section"));
  EXPECT_THAT(refusal(forged(two_sections(), first_entry + 8, 2, 8)), HasSubstr("begins at byte 100, expected 99"));
}

}  // namespace
}  // namespace penstock::core
