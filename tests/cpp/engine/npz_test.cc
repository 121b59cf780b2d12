#include "core/io/npz.h"

#include <atomic>
#include <cstring>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "core/io/dense_blocks.h"
#include "core/io/npy_header.h"
#include "core/tensor/create.h"
#include "core/tensor/view.h"
#include "tests/cpp/engine/zip_forging.h"

namespace penstock::core {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

Tensor int32_range(const Extents &shape) {
  Tensor tensor = empty(DType::int32, shape, {});
  for (int32_t index = 0; index < tensor.element_count(); ++index) std::memcpy(tensor.data + 4 * index, &index, 4);
  return tensor;
}

std::string int32_bytes(int32_t count) { return element_bytes(int32_range({count})); }

std::vector<std::string> names_of(const Npz &npz) {
  std::vector<std::string> names;
  for (int64_t index = 0; index < npz.count(); ++index) names.push_back(npz.name(index));
  return names;
}

// A .npy file of float32 values in a member that may lie.
ForgedMember array_member(int64_t count) {
  return {.data = format_npy_header(DType::float32, {count}, "a") + std::string(static_cast<size_t>(4 * count), 'x')};
}
ForgedMember deflated_member(const std::string &content) {
  Buffer stream = deflate(bytes_of(content), 6);
  return {.data = {reinterpret_cast<const char *>(stream.bytes.get()), stream.size},
          .method = 8,
          .crc = crc32(0, bytes_of(content)),
          .size = static_cast<uint32_t>(content.size())};
}

Tensor read_forged(const TemporaryFolder &folder, const ForgedMember &member, const LoadOptions &options = {}) {
  write_bytes(folder.path("forged.npz"), forged_zip({member}));
  return Npz::open(folder.path("forged.npz")).read("a", options);
}

TEST(NpzByNumPy, StoredArraysHaveTheirNamesAndValues) {
  const Npz npz = Npz::open(numpy_file("savez.npz"));
  EXPECT_THAT(names_of(npz), ElementsAre("ints",
                                         "gr\xC3\xB6\xC3\x9F"
                                         "e",
                                         "none"));
  EXPECT_EQ(element_bytes(npz.read("ints", {})), int32_bytes(10));
  double value;
  std::memcpy(&value,
              npz.read("gr\xC3\xB6\xC3\x9F"
                       "e",
                       {})
                  .data,
              sizeof(value));
  EXPECT_EQ(value, 1.5);
  EXPECT_EQ(npz.read("none", {}).shape, Extents{0});
}

TEST(NpzByNumPy, CompressedArraysHaveTheirValues) {
  const Npz npz = Npz::open(numpy_file("savez_compressed.npz"));
  EXPECT_EQ(npz.count(), 4);
  EXPECT_EQ(element_bytes(npz.read("ints", {})), int32_bytes(10));
  EXPECT_EQ(element_bytes(npz.read("zeros", {})), std::string(16'000, '\0'));
  EXPECT_EQ(npz.read("none", {}).shape, Extents{0});
}

TEST(NpzByNumPy, ArchiveOfNothingIsEmpty) { EXPECT_EQ(Npz::open(numpy_file("savez_nothing.npz")).count(), 0); }

TEST(Npz, EveryCompressionGivesTheTensorsBack) {
  const TemporaryFolder folder;
  const Tensor first = int32_range({30, 40}), second = transpose(first, 0, 1), scalar = int32_range({});
  for (const int32_t compression : {0, 1, 6, 12}) {
    const NamedTensor tensors[] = {{"first", first}, {"second", second}, {"scalar", scalar}};
    save_npz(folder.path("a.npz"), tensors, {.compression = compression});
    const Npz npz = Npz::open(folder.path("a.npz"));
    EXPECT_THAT(names_of(npz), ElementsAre("first", "second", "scalar"));
    for (const NamedTensor &saved : tensors) {
      const Tensor loaded = npz.read(saved.name, {});
      EXPECT_EQ(loaded.dtype, saved.tensor.dtype);
      EXPECT_EQ(loaded.shape, saved.tensor.shape);
      EXPECT_EQ(element_bytes(loaded), row_major_bytes(saved.tensor)) << compression;
    }
  }
}

TEST(Npz, CompressionMakesRepetitionSmall) {
  const TemporaryFolder folder;
  const Tensor tensor = zeros(DType::float64, {100'000}, {});
  save_npz(folder.path("a.npz"), {{{"a", tensor}}}, {.compression = 1});
  EXPECT_LT(read_bytes(folder.path("a.npz")).size(), 10'000u);
}

TEST(Npz, SameTensorsGiveTheSameBytes) {
  const TemporaryFolder folder;
  const Tensor tensor = int32_range({30, 40});
  for (const int32_t compression : {0, 6}) {
    save_npz(folder.path("a.npz"), {{{"a", tensor}}}, {.compression = compression});
    save_npz(folder.path("b.npz"), {{{"a", tensor}}}, {.compression = compression});
    EXPECT_EQ(read_bytes(folder.path("a.npz")), read_bytes(folder.path("b.npz")));
  }
}

TEST(Npz, NoTensorsAreAnArchiveToo) {
  const TemporaryFolder folder;
  save_npz(folder.path("a.npz"), {}, {});
  EXPECT_EQ(Npz::open(folder.path("a.npz")).count(), 0);
}

TEST(Npz, OnlyMembersThatEndInNpyAreArrays) {
  const TemporaryFolder folder;
  write_bytes(folder.path("a.npz"),
              forged_zip({{.name = "readme.txt"}, array_member(1), {.name = "npy"}, {.name = ".npy"}}));
  EXPECT_THAT(names_of(Npz::open(folder.path("a.npz"))), ElementsAre("a", ""));
}

TEST(Npz, UnknownNameIsNotFound) {
  const Npz npz = Npz::open(numpy_file("savez.npz"));
  for (const char *name : {"no", "ints.npy", "Ints", ""})
    expect_failure(Status::not_found, {numpy_file("savez.npz"), std::string("\"") + name + "\""},
                   [&] { npz.read(name, {}); });
}

TEST(Npz, NamesThatCannotBeSavedAreRefusedBeforeAFileIsMade) {
  const TemporaryFolder folder;
  const Tensor tensor = int32_range({2});
  const std::string longest(65'000, 'n'), too_long(65'001, 'n');
  const auto save = [&](std::string_view first, std::string_view second) {
    save_npz(folder.path("a.npz"), {{{first, tensor}, {second, tensor}}}, {});
  };
  expect_failure(Status::invalid_argument, {"array 1", "empty"}, [&] { save("a", ""); });
  expect_failure(Status::invalid_argument, {"\"a\"", "two arrays"}, [&] { save("a", "a"); });
  expect_failure(Status::invalid_argument, {"array 0", "65001", "nnn"}, [&] { save(too_long, "b"); });
  expect_failure(Status::invalid_argument, {"array 1", "not UTF-8"}, [&] { save("a", "\xFF"); });
  EXPECT_THAT(folder.names(), IsEmpty());
  save(longest, "b");
  EXPECT_EQ(element_bytes(Npz::open(folder.path("a.npz")).read(longest, {})), int32_bytes(2));
}

TEST(Npz, CompressionOutsideItsLimitsIsRefused) {
  const TemporaryFolder folder;
  for (const int32_t compression : {-1, 13})
    expect_failure(Status::invalid_argument, {std::to_string(compression), "0 to 12"},
                   [&] { save_npz(folder.path("a.npz"), {}, {.compression = compression}); });
}

TEST(Npz, TypeWithoutANameIsRefusedByTheArraysName) {
  const TemporaryFolder folder;
  const Tensor weights = empty(DType::bfloat16, {2}, {});
  expect_failure(Status::type_mismatch, {"\"weights\"", "bfloat16"}, [&] {
    save_npz(folder.path("a.npz"), {{{"weights", weights}}}, {});
  });
  EXPECT_THAT(folder.names(), IsEmpty());
}

TEST(Npz, UnsupportedArrayIsRefusedByItsMembersName) {
  const TemporaryFolder folder;
  expect_failure(Status::type_mismatch, {folder.path("forged.npz"), "\"a.npy\"", "never unpickled"},
                 [&] { read_forged(folder, {.data = read_bytes(numpy_file("unsupported_objects.npy"))}); });
}

TEST(Npz, ChangedBytesOfAStoredMemberAreRefused) {
  const TemporaryFolder folder;
  const ForgedMember good = array_member(6);
  const uint32_t crc = crc32(0, bytes_of(good.data));
  for (size_t position = 0; position < good.data.size(); ++position) {
    ForgedMember changed{.data = good.data, .crc = crc};
    changed.data[position] = static_cast<char>(changed.data[position] ^ 1);
    const Error failure = failure_of([&] { read_forged(folder, changed); });
    // A dtype's letter may have become that of another one, which is found first.
    EXPECT_TRUE(failure.status() == Status::data_error || failure.status() == Status::type_mismatch) << position;
    EXPECT_THAT(failure.sentence(), ::testing::HasSubstr("\"a.npy\"")) << position;
  }
}

TEST(Npz, ChangedElementsAreFoundByTheirCrc32) {
  const TemporaryFolder folder;
  ForgedMember changed{.data = array_member(6).data, .crc = crc32(0, bytes_of(array_member(6).data))};
  changed.data.back() = 'y';
  expect_failure(Status::data_error, {"\"a.npy\"", "CRC-32"}, [&] { read_forged(folder, changed); });
}

TEST(Npz, ChangedBitsOfADeflatedMemberAreRefused) {
  const TemporaryFolder folder;
  const ForgedMember good = deflated_member(array_member(6).data);
  EXPECT_EQ(read_forged(folder, good).shape, Extents{6});
  for (size_t bit = 0; bit < 8 * good.data.size(); ++bit) {
    ForgedMember changed = good;
    changed.data[bit / 8] = static_cast<char>(changed.data[bit / 8] ^ (1 << bit % 8));
    const Error failure = failure_of([&] { read_forged(folder, changed); });
    // The bits behind the stream's last symbol mean nothing.
    if (failure.status() == Status::ok) {
      EXPECT_GE(bit, 8 * good.data.size() - 8);
      continue;
    }
    EXPECT_EQ(failure.status(), Status::data_error) << bit;
  }
}

TEST(Npz, EveryChangedByteOfAnArchiveIsRefusedOrChangesNothing) {
  const TemporaryFolder folder;
  const std::string content = array_member(6).data;
  for (const ForgedMember &member : {array_member(6), deflated_member(content)}) {
    const std::string good = forged_zip({member});
    for (size_t position = 0; position < good.size(); ++position) {
      std::string changed = good;
      changed[position] = static_cast<char>(changed[position] ^ 0x10);
      write_bytes(folder.path("a.npz"), changed);
      const Error failure = failure_of([&] {
        const Npz npz = Npz::open(folder.path("a.npz"));
        for (const std::string &name : names_of(npz)) EXPECT_EQ(element_bytes(npz.read(name, {})), content.substr(128));
      });
      EXPECT_THAT(failure.status(), ::testing::AnyOf(Status::ok, Status::data_error, Status::type_mismatch))
          << position;
    }
  }
}

TEST(Npz, DeflatedMemberOfAnotherSizeThanStatedIsRefused) {
  const TemporaryFolder folder;
  ForgedMember member = deflated_member(array_member(6).data);
  *member.size += 1;
  expect_failure(Status::data_error, {"\"a.npy\"", "holds 152 bytes", "stated are 153"},
                 [&] { read_forged(folder, member); });
  *member.size -= 2;
  expect_failure(Status::data_error, {"\"a.npy\"", "more than the 151 bytes"}, [&] { read_forged(folder, member); });
}

TEST(Npz, BytesBehindADeflateStreamAreRefused) {
  const TemporaryFolder folder;
  ForgedMember member = deflated_member(array_member(6).data);
  member.data += "xy";
  expect_failure(Status::data_error, {"\"a.npy\"", "2 bytes left over"}, [&] { read_forged(folder, member); });
}

TEST(Npz, MemberThatIsNoNpyFileIsRefusedByItsName) {
  const TemporaryFolder folder;
  expect_failure(Status::data_error, {"\"a.npy\"", "not a .npy file"},
                 [&] { read_forged(folder, {.data = "some text"}); });
  expect_failure(Status::data_error, {"\"a.npy\"", "cut short"}, [&] { read_forged(folder, deflated_member("")); });
}

TEST(Npz, BytesBehindAMembersElementsAreRefused) {
  const TemporaryFolder folder;
  for (const ForgedMember &member :
       {ForgedMember{.data = array_member(6).data + "x"}, deflated_member(array_member(6).data + "x")})
    expect_failure(Status::data_error, {"\"a.npy\"", "1 bytes left over"}, [&] { read_forged(folder, member); });
}

TEST(Npz, FailedReadsLeaveNoMemory) {
  const TemporaryFolder folder;
  const uint64_t live_before = memory_usage({}).live_bytes;
  ForgedMember deflated = deflated_member(array_member(6).data);
  *deflated.crc ^= 1;
  expect_failure(Status::data_error, {"CRC-32"}, [&] { read_forged(folder, deflated); });
  ForgedMember stored{.data = array_member(6).data, .crc = 1};
  expect_failure(Status::data_error, {"CRC-32"}, [&] { read_forged(folder, stored); });
  EXPECT_EQ(memory_usage({}).live_bytes, live_before);
}

TEST(Npz, ReadingReportsTheBytesOfTheMemberInTheFile) {
  const TemporaryFolder folder;
  ProgressRecord stored_record, deflated_record;
  const ForgedMember stored = array_member(6), deflated = deflated_member(array_member(6).data);
  read_forged(folder, stored, {.progress = stored_record.progress()});
  read_forged(folder, deflated, {.progress = deflated_record.progress()});
  EXPECT_THAT(stored_record.done, ElementsAre(stored.data.size()));
  EXPECT_THAT(deflated_record.done, ElementsAre(deflated.data.size()));
  EXPECT_EQ(deflated_record.total, deflated.data.size());
}

TEST(Npz, LargeDeflatedMemberIsReadInBlocksThatReport) {
  const TemporaryFolder folder;
  std::mt19937 rng(1);
  Tensor noise = empty(DType::uint8, {largest_block_nbytes + 1}, {});
  for (int64_t index = 0; index < noise.nbytes(); ++index) noise.data[index] = static_cast<std::byte>(rng());
  save_npz(folder.path("a.npz"), {{{"a", noise}}}, {.compression = 1});
  ProgressRecord record;
  const Tensor loaded = Npz::open(folder.path("a.npz")).read("a", {.progress = record.progress()});
  EXPECT_THAT(record.done, ElementsAre(static_cast<uint64_t>(largest_block_nbytes), record.total));
  EXPECT_TRUE(element_bytes(loaded) == element_bytes(noise));
}

TEST(Npz, SavingReportsTheBytesOfTheTensors) {
  const TemporaryFolder folder;
  const Tensor first = int32_range({10}), second = int32_range({5});
  for (const int32_t compression : {0, 6}) {
    ProgressRecord record;
    save_npz(folder.path("a.npz"), {{{"a", first}, {"b", second}}},
             {.compression = compression, .progress = record.progress()});
    EXPECT_THAT(record.done, ElementsAre(40, 60));
    EXPECT_EQ(record.total, 60u);
  }
}

TEST(Npz, CancelledSaveLeavesWhatWasThere) {
  const TemporaryFolder folder;
  write_bytes(folder.path("a.npz"), "old");
  const Tensor tensor = int32_range({10});
  for (const size_t stop_at : {0, 1}) {
    ProgressRecord record{.stop_at = stop_at};
    expect_failure(Status::cancelled, {}, [&] {
      save_npz(folder.path("a.npz"), {{{"a", tensor}, {"b", tensor}}}, {.progress = record.progress()});
    });
  }
  EXPECT_EQ(read_bytes(folder.path("a.npz")), "old");
  EXPECT_THAT(folder.names(), ElementsAre("a.npz"));
}

TEST(Npz, ThreadsReadFromOneArchiveAtOnce) {
  const Npz npz = Npz::open(numpy_file("savez_compressed.npz"));
  std::atomic<int> right{0};
  std::vector<std::thread> threads;
  for (int number = 0; number < 4; ++number)
    threads.emplace_back([&] {
      for (int round = 0; round < 50; ++round)
        right += element_bytes(npz.read("ints", {})) == int32_bytes(10) && npz.read("zeros", {}).nbytes() == 16'000;
    });
  for (std::thread &thread : threads) thread.join();
  EXPECT_EQ(right, 200);
}

}  // namespace
}  // namespace penstock::core
