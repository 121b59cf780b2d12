// Samples in tar shards, beside what the webdataset library reads of the same files.
#include <algorithm>
#include <fstream>
#include <map>
#include <set>
#include <sstream>

#include "core/base/text.h"
#include "core/io/deflate.h"
#include "core/io/utf8.h"
#include "core/loader/samples/webdataset.h"
#include "core/loader/saved_index.h"
#include "tests/cpp/engine/file_tree.h"
#include "tests/cpp/engine/samples_testing.h"

namespace penstock::core {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// Of each file the lines of its samples, each as words: the key, then the fields with their CRC-32s, sorted.
using Words = std::vector<std::string>;
std::map<std::string, std::vector<Words>> as_webdataset_reads() {
  std::ifstream file(sample_file("as_webdataset_reads.txt"));
  std::map<std::string, std::vector<Words>> read;
  std::string name;
  for (std::string line; std::getline(file, line);) {
    if (!line.starts_with("  ")) {
      read[name = line];
      continue;
    }
    std::istringstream stream(line);
    Words words{std::istream_iterator<std::string>(stream), {}};
    std::sort(words.begin() + 1, words.end());
    read[name].push_back(words);
  }
  return read;
}

std::vector<Words> as_we_read(const std::string &name, const std::vector<Words> &expected) {
  std::set<std::string> names;
  for (const Words &words : expected)
    for (size_t word = 1; word < words.size(); ++word) names.insert(words[word].substr(0, words[word].find('=')));
  std::vector<FieldLayout> fields;
  for (const std::string &field : names)
    if (!field.empty()) fields.push_back({field, {}, {}, true});
  const auto set = open_samples({sample_file(name)}, SampleFormat::webdataset, fields);
  std::vector<Words> lines;
  for (const KeptSample &sample : read_all(*set)) {
    Words words{in_quotes(sample.key)};
    for (const KeptField &field : sample.fields)
      words.push_back(text(field.name, '=', crc32(0, bytes_of(field.bytes))));
    if (sample.key == "trailing") words.emplace_back("=4062847959");  // a field without a name cannot be asked for
    std::sort(words.begin() + 1, words.end());
    lines.push_back(words);
  }
  return lines;
}

TEST(Webdataset, GroupsMembersAsTheLibraryDoesWhateverToolWroteTheShard) {
  const auto read = as_webdataset_reads();
  EXPECT_EQ(read.size(), 9U);
  for (const auto &[name, lines] : read) {
    if (lines.empty()) continue;
    EXPECT_EQ(as_we_read(name, lines), lines) << name;
  }
}

TEST(Webdataset, ReadsShardsOneAfterTheOtherWithTheFieldsOfTheFirstSample) {
  const auto set = open_samples({sample_file("written-{000000..000001}.tar")}, SampleFormat::webdataset);
  EXPECT_THAT(keys_of(*set),
              ElementsAre("sample0000", "sample0001", "sample0002", "sample0003", "sample0004", "sample0005"));
  const KeptSample fifth = read_sample(*set, 4);
  ASSERT_EQ(fifth.fields.size(), 3U);
  EXPECT_EQ(fifth.fields[0].name, "cls");
  EXPECT_EQ(fifth.fields[0].bytes, "1");
  EXPECT_EQ(fifth.fields[1].name, "jpg");
  EXPECT_THAT(fifth.fields[1].bytes, HasSubstr("image 4:"));
  EXPECT_THAT(fifth.fields[2].bytes, HasSubstr("\"number\""));
  EXPECT_FALSE(fifth.fields[1].is_elements);
}

TEST(Webdataset, ReadsCompressedShardsAsPlainOnesWhateverTheyAreCalled) {
  const auto plain = open_samples({sample_file("by_gnu_tar.tar")}, SampleFormat::webdataset);
  FileTree tree;
  tree.write("misnamed.tar", read_bytes(sample_file("by_gnu_tar.tar.zst")));
  for (const std::string &path :
       {sample_file("by_gnu_tar.tar.gz"), sample_file("by_gnu_tar.tar.zst"), tree.path("misnamed.tar")})
    EXPECT_EQ(read_all(*open_samples({path}, SampleFormat::webdataset)), read_all(*plain)) << path;
}

TEST(Webdataset, ReadsOnlyTheFieldsThatAreWanted) {
  const auto set =
      open_samples({sample_file("written-000000.tar")}, SampleFormat::webdataset, {{"jpg", {}, {}, false}});
  EXPECT_EQ(read_sample(*set, 0).fields.size(), 1U);
}

TEST(Webdataset, TakesMembersOfADtypeAsElementsAndRefusesOtherSizes) {
  FileTree tree;
  tree.write("in/a.x", std::string(12, '\1'));
  tree.write("in/b.x", std::string(11, '\1'));
  ASSERT_EQ(std::system(("tar -C " + tree.path("in") + " -cf " + tree.path("x.tar") + " a.x b.x").c_str()), 0);
  const auto set = open_samples({tree.path("x.tar")}, SampleFormat::webdataset, {{"x", DType::int16, {2, 3}, false}});
  const KeptSample first = read_sample(*set, 0);
  EXPECT_TRUE(first.fields[0].is_elements);
  EXPECT_EQ(first.fields[0].dtype, DType::int16);
  EXPECT_EQ(first.fields[0].shape, (Extents{2, 3}));
  EXPECT_THAT(values_of<int16_t>(first.fields[0]), ::testing::Each(257));
  expect_failure(Status::data_error, {"x.tar", "\"b.x\"", "has 11 bytes", "needs 12"}, [&] { read_sample(*set, 1); });
}

TEST(Webdataset, NamesSampleAndFieldOfAMissingMember) {
  const auto set = open_samples({sample_file("missing.tar")}, SampleFormat::webdataset);
  ASSERT_EQ(set->count(), 3U);
  read_sample(*set, 0);
  expect_failure(Status::data_error, {"missing.tar", "sample \"b\"", "field \"cls\"", "\"b.jpg\""},
                 [&] { read_sample(*set, 1); });
  read_sample(*set, 2);
  const auto lenient = open_samples({sample_file("missing.tar")}, SampleFormat::webdataset,
                                    {{"jpg", {}, {}, false}, {"cls", {}, {}, true}});
  EXPECT_EQ(read_sample(*lenient, 1).fields.size(), 1U);
}

TEST(Webdataset, NamesBothMembersThatClaimOneField) {
  const auto set = open_samples({sample_file("twin.tar")}, SampleFormat::webdataset);
  expect_failure(Status::data_error, {"member \"a.JPG\" at byte", "member \"a.jpg\" at byte"},
                 [&] { read_sample(*set, 0); });
  EXPECT_EQ(read_sample(*set, 1).key, "b");
}

// Of 3 samples of 3 members: an extended header of two blocks, a header and a block of data each, then the end.
constexpr size_t written_sample_size = size_t{3} * 4 * 512, end_of_written = 3 * written_sample_size;

// How many are whole in so many bytes: those behind which the archive goes on, or ends as it should.
uint64_t whole_samples(size_t size) {
  constexpr size_t headers = size_t{3} * 512;
  if (size == end_of_written + 512 || size >= end_of_written + 1024) return 3;
  return std::min<uint64_t>(size < headers ? 0 : (size - headers) / written_sample_size, 2);
}

TEST(Webdataset, GivesWhatLiesBeforeTheCutAndAnErrorForTheRest) {
  FileTree tree;
  const std::string whole = read_bytes(sample_file("written-000000.tar"));
  const auto all = read_all(*open_samples({sample_file("written-000000.tar")}, SampleFormat::webdataset));
  for (size_t size = 0; size < end_of_written + 1024; size += 128) {
    tree.write("cut.tar", whole.substr(0, size));
    const auto set = open_samples({tree.path("cut.tar")}, SampleFormat::webdataset,
                                  {{"cls", {}, {}, false}, {"jpg", {}, {}, false}, {"json", {}, {}, false}});
    const uint64_t readable = whole_samples(size);
    for (uint64_t number = 0; number < readable; ++number) EXPECT_EQ(read_sample(*set, number), all[number]) << size;
    if (readable == 3) continue;
    ASSERT_GT(set->count(), readable) << size;
    for (uint64_t number = readable; number < set->count(); ++number)
      expect_failure(Status::data_error, {"cut.tar"}, [&] { read_sample(*set, number); });
    expect_failure(Status::data_error, {"cut short"}, [&] { read_sample(*set, set->count() - 1); });
  }
}

TEST(Webdataset, SaysWhereAFlippedHeaderLies) {
  FileTree tree;
  std::string bytes = read_bytes(sample_file("written-000000.tar"));
  bytes[written_sample_size + 5] ^= 1;  // the name of the second sample's first header
  tree.write("flipped.tar", bytes);
  const auto set = open_samples({tree.path("flipped.tar")}, SampleFormat::webdataset);
  expect_failure(Status::data_error, {"flipped.tar", "byte 6144", "sum"}, [&] { read_sample(*set, set->count() - 1); });
}

TEST(Webdataset, RefusesAShardWithoutSamples) {
  expect_failure(Status::data_error, {"no sample in", "empty.tar"},
                 [] { open_samples({sample_file("empty.tar")}, SampleFormat::webdataset); });
  const auto set = open_samples({sample_file("empty.tar"), sample_file("missing.tar")}, SampleFormat::webdataset);
  EXPECT_EQ(set->count(), 3U);
}

TEST(Webdataset, KeepsNamesThatLeadOutOfTheFolderAsMereNames) {
  EXPECT_EQ(split_webdataset_name("../../etc/passwd.txt")->key, "../../etc/passwd");
  EXPECT_EQ(split_webdataset_name("/etc/passwd.txt")->field, "txt");
  EXPECT_FALSE(split_webdataset_name("__meta__/x.json"));
  EXPECT_FALSE(split_webdataset_name(""));
  EXPECT_FALSE(split_webdataset_name("/"));
}

TEST(Webdataset, TakesASavedIndexOnlyWhileTheShardIsTheSame) {
  FileTree tree;
  tree.write("a.tar", read_bytes(sample_file("written-000000.tar")));
  SampleSource source = source_of({tree.path("a.tar")}, SampleFormat::webdataset);
  source.save_index = true;
  const auto first = read_all(*open_sample_set(source));
  const std::string index_path = path_of_saved_index(tree.path("a.tar"));
  ASSERT_TRUE(std::filesystem::exists(index_path));
  EXPECT_EQ(read_all(*open_sample_set(source)), first);

  // What is taken from the index shows in what comes out: here the archive's second sample alone.
  const SourceFile shard = describe_file(tree.path("a.tar"), "a.tar");
  ChunkTable table = *read_saved_index(shard, IndexPurpose::samples);
  table.chunks = {table.chunks.begin() + 3, table.chunks.begin() + 6};
  save_index(shard, IndexPurpose::samples, table);
  EXPECT_THAT(keys_of(*open_sample_set(source)), ElementsAre("sample0001"));

  // One for the chunks of the other loader is as good as none.
  save_index(shard, IndexPurpose::chunks, table);
  EXPECT_EQ(read_all(*open_sample_set(source)), first);

  tree.write("a.tar", read_bytes(sample_file("written-000001.tar")));
  EXPECT_EQ(keys_of(*open_sample_set(source)).front(), "sample0003");
}

TEST(Webdataset, RefusesASavedIndexThatPointsOutsideTheShard) {
  FileTree tree;
  tree.write("a.tar", read_bytes(sample_file("written-000000.tar")));
  const SourceFile shard = describe_file(tree.path("a.tar"), "a.tar");
  save_index(shard, IndexPurpose::samples, {{{UINT64_MAX - 3, 100, 0, 5, false}}, "a.jpg"});
  SampleSource source = source_of({tree.path("a.tar")}, SampleFormat::webdataset);
  source.save_index = true;
  expect_failure(Status::data_error, {"a.tar", "is cut short"}, [&] { read_sample(*open_sample_set(source), 0); });
}

TEST(Webdataset, CountsShardsAndStopsWhenAskedTo) {
  const std::vector<std::string> shards(8, sample_file("written-000000.tar"));
  ProgressRecord record;
  open_sample_set(source_of(shards, SampleFormat::webdataset), record.progress());
  EXPECT_EQ(record.total, 8U);
  EXPECT_EQ(record.done.back(), 8U);
  ProgressRecord stopping;
  stopping.stop_at = 0;
  expect_failure(Status::cancelled, {"cancelled"},
                 [&] { open_sample_set(source_of(shards, SampleFormat::webdataset), stopping.progress()); });
}

TEST(Webdataset, HasAFingerprintOfItsContentsAndNotOfItsFolder) {
  FileTree tree;
  const std::string bytes = read_bytes(sample_file("written-000000.tar"));
  tree.write("one/a.tar", bytes);
  tree.write("two/a.tar", bytes);
  tree.write("three/a.tar", read_bytes(sample_file("written-000001.tar")));
  const auto fingerprint = [&](const std::string &folder) {
    return open_samples({tree.path(folder)}, SampleFormat::webdataset)->fingerprint();
  };
  EXPECT_EQ(fingerprint("one"), fingerprint("two"));
  EXPECT_NE(fingerprint("one"), fingerprint("three"));
}

}  // namespace
}  // namespace penstock::core
