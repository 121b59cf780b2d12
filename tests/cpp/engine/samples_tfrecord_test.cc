// Samples in TFRecord files that the tfrecord package wrote, and in records put together by hand.
#include <cstring>
#include <limits>
#include <random>

#include "core/io/crc32c.h"
#include "core/io/tf_example.h"
#include "core/io/tfrecord.h"
#include "core/loader/saved_index.h"
#include "tests/cpp/engine/file_tree.h"
#include "tests/cpp/engine/samples_testing.h"

namespace penstock::core {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

uint32_t crc32c_of(std::string_view text) { return crc32c(0, bytes_of(text)); }

TEST(Crc32c, GivesThePublishedAnswers) {  // RFC 3720, B.4
  EXPECT_EQ(crc32c_of("123456789"), 0xE3069283);
  EXPECT_EQ(crc32c_of(std::string(32, '\0')), 0x8A9136AA);
  EXPECT_EQ(crc32c_of(std::string(32, '\xFF')), 0x62A8AB43);
  EXPECT_EQ(crc32c_of(""), 0U);
}

TEST(Crc32c, IsTheSameWithAndWithoutTheInstructionAndInPieces) {
  std::string bytes(1000, '\0');
  std::mt19937 random(1);
  for (char &byte : bytes) byte = static_cast<char>(random());
  for (size_t begin = 0; begin < 9; ++begin)
    for (const size_t size : {0, 1, 7, 8, 9, 63, 64, 65, 900}) {
      const auto part = bytes_of(std::string_view(bytes).substr(begin, size));
      EXPECT_EQ(crc32c(0, part), crc32c_portable(0, part));
      EXPECT_EQ(crc32c(crc32c(0, part.first(size / 3)), part.subspan(size / 3)), crc32c(0, part));
    }
}

// Examples by hand, of fewer than 128 bytes a message.
std::string delimited(int number, const std::string &body) {
  return std::string{static_cast<char>(number << 3 | 2), static_cast<char>(body.size())} + body;
}
std::string entry(const std::string &name, const std::string &feature) {
  return delimited(1, delimited(1, name) + delimited(2, feature));
}
std::string bytes_feature(const std::string &value) { return delimited(1, delimited(1, value)); }
std::string integers_feature(const std::string &packed) { return delimited(3, delimited(1, packed)); }
std::string example(const std::string &entries) { return delimited(1, entries); }

std::string record(const std::string &data) {
  std::string header;
  append_little_endian(header, uint64_t{data.size()});
  std::string whole = header;
  append_little_endian(whole, masked_crc32c(crc32c_of(header)));
  whole += data;
  append_little_endian(whole, masked_crc32c(crc32c_of(data)));
  return whole;
}

std::unique_ptr<SampleSet> five(const std::string &name = "five.tfrecord", std::vector<FieldLayout> fields = {}) {
  return open_samples({sample_file(name)}, SampleFormat::tfrecord, std::move(fields));
}

TEST(Tfrecord, TakesTheFeaturesOfTheFirstRecordByName) {
  const auto set = five();
  ASSERT_EQ(set->count(), 5U);
  const KeptSample fourth = read_sample(*set, 3);
  EXPECT_EQ(fourth.key, "five.tfrecord:3");
  ASSERT_EQ(fourth.fields.size(), 4U);
  EXPECT_EQ(fourth.fields[0].name, "box");
  EXPECT_EQ(fourth.fields[0].shape, (Extents{4}));
  EXPECT_THAT(values_of<float>(fourth.fields[0]),
              ElementsAre(1.5F, -1.5F, 3e38F, -std::numeric_limits<float>::infinity()));
  EXPECT_EQ(fourth.fields[1].name, "image");
  EXPECT_FALSE(fourth.fields[1].is_elements);
  EXPECT_THAT(fourth.fields[1].bytes, ::testing::StartsWith("image 3:"));
  EXPECT_EQ(fourth.fields[2].name, "label");
  EXPECT_TRUE(fourth.fields[2].shape.empty());
  EXPECT_THAT(values_of<int64_t>(fourth.fields[2]), ElementsAre(1));
  EXPECT_THAT(values_of<int64_t>(read_sample(*set, 0).fields[2]), ElementsAre(-2));
  EXPECT_THAT(values_of<int64_t>(fourth.fields[3]),
              ElementsAre(3, std::numeric_limits<int64_t>::min(), std::numeric_limits<int64_t>::max()));
}

TEST(Tfrecord, ReadsCompressedFilesAsPlainOnes) {
  const auto samples = [](const std::string &name) {
    std::vector<KeptSample> all = read_all(*five(name));
    for (KeptSample &sample : all) sample.key.clear();
    return all;
  };
  EXPECT_EQ(samples("five.tfrecord.gz"), samples("five.tfrecord"));
  EXPECT_EQ(samples("five.tfrecord.zlib"), samples("five.tfrecord"));
}

TEST(Tfrecord, GivesWantedFeaturesInTheirShapes) {
  const auto set = five("five.tfrecord", {{"box", DType::float32, {2, 2}, false}, {"none", {}, {}, true}});
  const KeptSample first = read_sample(*set, 0);
  ASSERT_EQ(first.fields.size(), 1U);
  EXPECT_EQ(first.fields[0].shape, (Extents{2, 2}));
}

TEST(Tfrecord, SaysWhichFeatureOfWhichRecordIsNotAsPlanned) {
  const std::vector<std::pair<FieldLayout, std::string>> wrong = {
      {{"absent", {}, {}, false}, "there is no feature \"absent\""},
      {{"box", DType::float32, {3}, false}, "feature \"box\" has 4 values, expected 3"},
      {{"box", DType::float64, {4}, false}, "feature \"box\" holds floats, expected float64"},
      {{"label", {}, {}, false}, "feature \"label\" holds int64s, expected bytes"},
      {{"image", DType::uint8, {3}, false}, "shape (3,) of uint8 needs 3"}};
  for (const auto &[field, words] : wrong) {
    const auto set = five("five.tfrecord", {field});
    expect_failure(Status::data_error, {"five.tfrecord", "record 1 at byte ", words}, [&] { read_sample(*set, 1); });
  }
}

TEST(Tfrecord, ReadsTextsOfADtypeAsElements) {
  FileTree tree;
  tree.write("a.tfrecord", record(example(entry("x", bytes_feature(std::string("\1\0\2\0", 4))))));
  const auto set = open_samples({tree.path("a.tfrecord")}, SampleFormat::tfrecord, {{"x", DType::int16, {2}, false}});
  EXPECT_THAT(values_of<int16_t>(read_sample(*set, 0).fields[0]), ElementsAre(1, 2));
}

TEST(Tfrecord, ReadsNumbersOneByOneAsPackedOnes) {
  FileTree tree;
  const std::string floats = std::string("\x0d\0\0\0\x3f\x0d\0\0\0\xc0", 10);
  const std::string integers = "\x08\x01\x08\xac\x02";
  tree.write("a.tfrecord", record(example(entry("f", delimited(2, floats)) + entry("i", delimited(3, integers)))));
  const KeptSample only = read_sample(*open_samples({tree.path("a.tfrecord")}, SampleFormat::tfrecord), 0);
  EXPECT_THAT(values_of<float>(only.fields[0]), ElementsAre(0.5F, -2.F));
  EXPECT_THAT(values_of<int64_t>(only.fields[1]), ElementsAre(1, 300));
}

TEST(Tfrecord, TakesTheLastOfTwoFeaturesOfOneName) {
  FileTree tree;
  tree.write("a.tfrecord", record(example(entry("x", bytes_feature("first")) + entry("x", bytes_feature("last")))));
  const KeptSample only = read_sample(*open_samples({tree.path("a.tfrecord")}, SampleFormat::tfrecord), 0);
  ASSERT_EQ(only.fields.size(), 1U);
  EXPECT_EQ(only.fields[0].bytes, "last");
}

TEST(Tfrecord, FindsEveryFlippedBit) {
  FileTree tree;
  const std::string whole = read_bytes(sample_file("five.tfrecord"));
  const auto good = read_all(*five());
  for (size_t byte = 0; byte < whole.size(); ++byte) {
    std::string flipped = whole;
    flipped[byte] ^= static_cast<char>(1 << (byte % 8));
    tree.write("five.tfrecord", flipped);
    const auto set =
        open_samples({tree.path("five.tfrecord")}, SampleFormat::tfrecord, {{"label", DType::int64, {}, false}});
    size_t failures = 0;
    for (uint64_t number = 0; number < set->count(); ++number) {
      const Error failure = failure_of([&] { read_sample(*set, number); });
      if (failure.status() == Status::ok) continue;
      ++failures;
      EXPECT_EQ(failure.status(), Status::data_error);
      EXPECT_THAT(failure.sentence(), HasSubstr("five.tfrecord\", record ")) << byte;
      EXPECT_THAT(failure.sentence(), HasSubstr("CRC-32C")) << byte;
    }
    EXPECT_EQ(failures, 1U) << byte;
  }
}

TEST(Tfrecord, GivesWhatLiesBeforeTheCutAndAnErrorForTheRest) {
  FileTree tree;
  const std::string whole = read_bytes(sample_file("five.tfrecord"));
  std::vector<size_t> ends = {0};
  FileStream stream(File::open(sample_file("five.tfrecord")));
  TfrecordReader reader(stream, "five");
  while (const auto found = reader.next()) ends.push_back(found->offset + found->size + tfrecord_trailer_size);
  for (size_t size = 1; size < whole.size(); size += 3) {
    tree.write("cut.tfrecord", whole.substr(0, size));
    const auto set =
        open_samples({tree.path("cut.tfrecord")}, SampleFormat::tfrecord, {{"label", DType::int64, {}, false}});
    const auto readable = static_cast<uint64_t>(std::upper_bound(ends.begin(), ends.end(), size) - ends.begin()) - 1;
    if (ends[readable] == size) continue;  // a shorter file, but a whole one
    ASSERT_EQ(set->count(), readable + 1) << size;
    for (uint64_t number = 0; number < readable; ++number) read_sample(*set, number);
    expect_failure(Status::data_error, {"cut.tfrecord", "cut short", text("record ", readable)},
                   [&] { read_sample(*set, readable); });
  }
}

TEST(Tfrecord, RefusesALengthBeyondTheFile) {
  FileTree tree;
  for (const uint64_t size : {uint64_t{1000}, UINT64_MAX, UINT64_MAX - 3}) {
    std::string header;
    append_little_endian(header, size);
    append_little_endian(header, masked_crc32c(crc32c_of(header)));
    tree.write("a.tfrecord", header + "data");
    const auto set = open_samples({tree.path("a.tfrecord")}, SampleFormat::tfrecord, {{"x", {}, {}, false}});
    expect_failure(Status::data_error, {"cut short", text(size)}, [&] { read_sample(*set, 0); });
  }
}

TEST(Tfrecord, PassesOverABadFirstRecordToFindTheFeatures) {
  FileTree tree;
  std::string bytes = record(example(entry("x", bytes_feature("one"))));
  bytes[14] ^= 1;
  tree.write("a.tfrecord", bytes + record(example(entry("x", bytes_feature("two")))));
  const auto set = open_samples({tree.path("a.tfrecord")}, SampleFormat::tfrecord);
  expect_failure(Status::data_error, {"record 0", "CRC-32C"}, [&] { read_sample(*set, 0); });
  EXPECT_EQ(read_sample(*set, 1).fields[0].bytes, "two");
}

TEST(Tfrecord, RefusesRecordsThatAreNoExamples) {
  FileTree tree;
  const std::vector<std::string> wrong = {std::string("\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", 12),
                                          "\x0a\x05"
                                          "ab",
                                          "\x0b\x0c",
                                          std::string("\0\0", 2),
                                          example(entry("i", integers_feature("\xff"))),
                                          example(entry("f", delimited(2, delimited(1, "abc"))))};
  for (const std::string &data : wrong) {
    tree.write("a.tfrecord", record(data));
    const auto set = open_samples({tree.path("a.tfrecord")}, SampleFormat::tfrecord, {{"i", DType::int64, {}, false}});
    expect_failure(Status::data_error, {"a.tfrecord\", record 0 at byte 0: no tf.train.Example"},
                   [&] { read_sample(*set, 0); });
  }
}

TEST(Tfrecord, TakesASavedIndexOnlyWhileTheFileIsTheSame) {
  FileTree tree;
  tree.write("a.tfrecord", read_bytes(sample_file("five.tfrecord")));
  SampleSource source = source_of({tree.path("a.tfrecord")}, SampleFormat::tfrecord);
  source.save_index = true;
  const auto first = read_all(*open_sample_set(source));
  EXPECT_EQ(read_all(*open_sample_set(source)), first);
  const SourceFile file = describe_file(tree.path("a.tfrecord"), "a.tfrecord");
  ChunkTable table = *read_saved_index(file, IndexPurpose::samples);
  table.chunks.resize(2);
  save_index(file, IndexPurpose::samples, table);
  EXPECT_EQ(open_sample_set(source)->count(), 2U);
  table.chunks[1].size += 1;  // a record that is none
  save_index(file, IndexPurpose::samples, table);
  expect_failure(Status::data_error, {"record 1", "when it was indexed"},
                 [&] { read_sample(*open_sample_set(source), 1); });
}

}  // namespace
}  // namespace penstock::core
