// Samples that are files: images in folders of their class, records, plain files; and which files sources name.
#include <unistd.h>

#include <filesystem>

#include "core/loader/samples/format_detection.h"
#include "core/loader/samples/source_list.h"
#include "tests/cpp/engine/file_tree.h"
#include "tests/cpp/engine/samples_testing.h"

namespace penstock::core {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

TEST(ImageFolders, NumberClassesByNameAndTakeImagesByEnding) {
  FileTree tree;
  for (const std::string name : {"dog/2.jpg", "dog/1.JPG", "dog/deep/er/0.jpg", "cat/b.jpg", "cat/.hidden.jpg",
                                 "cat/notes.txt", "Zebra/z.jpg", "beside.jpg"})
    tree.write(name, name);
  const auto set = open_samples({tree.root()}, SampleFormat::images);
  EXPECT_THAT(set->class_names(), ElementsAre("Zebra", "cat", "dog"));
  EXPECT_THAT(keys_of(*set), ElementsAre("Zebra/z.jpg", "cat/.hidden.jpg", "cat/b.jpg", "dog/1.JPG", "dog/2.jpg",
                                         "dog/deep/er/0.jpg"));
  const KeptSample fourth = read_sample(*set, 3);
  ASSERT_THAT(fourth.fields, SizeIs(2));
  EXPECT_EQ(fourth.fields[0].name, "jpg");
  EXPECT_EQ(fourth.fields[0].bytes, "dog/1.JPG");
  EXPECT_EQ(fourth.fields[1].name, "cls");
  EXPECT_EQ(fourth.fields[1].dtype, DType::int64);
  EXPECT_THAT(values_of<int64_t>(fourth.fields[1]), ElementsAre(2));
}

TEST(ImageFolders, OrderFoldersBeforeTheNamesInThem) {
  FileTree tree;
  for (const std::string name : {"c/z.png", "c/a/2.png", "c/a.png", "c/a/b/1.png", "c/a-b/3.png"}) tree.write(name, "");
  EXPECT_THAT(keys_of(*open_samples({tree.root()}, SampleFormat::images)),
              ElementsAre("c/a.png", "c/z.png", "c/a/2.png", "c/a-b/3.png", "c/a/b/1.png"));
}

TEST(ImageFolders, CallTheFieldImageWhereEndingsDiffer) {
  FileTree tree;
  tree.write("c/a.jpg", "");
  tree.write("c/b.png", "");
  EXPECT_EQ(read_sample(*open_samples({tree.root()}, SampleFormat::images), 0).fields[0].name, "image");
}

TEST(ImageFolders, RefuseAnEmptyClassAndAFolderWithoutClasses) {
  FileTree tree;
  tree.write("full/a.jpg", "");
  tree.write("hollow/readme.txt", "");
  expect_failure(Status::not_found, {"1 of 2 classes without an image", "\"hollow\"", ".jpg"},
                 [&] { open_samples({tree.root()}, SampleFormat::images); });
  expect_failure(Status::not_found, {"full", "has no folder in it"},
                 [&] { open_samples({tree.path("full")}, SampleFormat::images); });
  expect_failure(Status::invalid_argument, {"is no folder"},
                 [&] { open_samples({tree.path("full/a.jpg")}, SampleFormat::images); });
  expect_failure(Status::invalid_argument, {"fields are given"}, [&] {
    open_samples({tree.root()}, SampleFormat::images, {{"x", {}, {}, false}});
  });
}

TEST(ImageFolders, FollowLinksToFoldersButNotInCircles) {
  FileTree tree;
  tree.write("elsewhere/a.jpg", "");
  tree.write("root/c/b.jpg", "");
  std::filesystem::create_directory_symlink(tree.path("elsewhere"), tree.path("root/c/link"));
  std::filesystem::create_directory_symlink(tree.path("root/c"), tree.path("root/c/circle"));
  EXPECT_THAT(keys_of(*open_samples({tree.path("root")}, SampleFormat::images)),
              ElementsAre("c/b.jpg", "c/link/a.jpg"));
}

TEST(Records, AreCutIntoTheirFields) {
  FileTree tree;
  tree.write("a.bin", std::string("\1\0\2\3\4\5", 6));
  tree.write("b.bin", std::string("\6\0\7\7\7\7", 6));
  const auto set = open_samples({tree.root()}, SampleFormat::records,
                                {{"label", DType::uint16, {}, false}, {"pixels", DType::uint8, {2, 2}, false}});
  ASSERT_EQ(set->count(), 2U);
  const KeptSample second = read_sample(*set, 1);
  EXPECT_EQ(second.key, "b.bin:0");
  EXPECT_THAT(values_of<uint16_t>(second.fields[0]), ElementsAre(6));
  EXPECT_EQ(second.fields[1].shape, (Extents{2, 2}));
  EXPECT_THAT(read_sample(*set, 0).fields[1].bytes, "\2\3\4\5");
}

TEST(Records, RefuseAFileThatEndsInsideOne) {
  FileTree tree;
  tree.write("a.bin", "0123456789");
  const auto set = open_samples({tree.root()}, SampleFormat::records, {{"x", DType::uint8, {4}, false}});
  expect_failure(Status::data_error, {"a.bin", "10 bytes", "4 of a record", "2 are left over"},
                 [&] { read_sample(*set, 0); });
}

TEST(Records, NeedFieldsWithBytes) {
  FileTree tree;
  tree.write("a.bin", "0123");
  const auto open = [&](std::vector<FieldLayout> fields) {
    open_samples({tree.root()}, SampleFormat::records, std::move(fields));
  };
  expect_failure(Status::invalid_argument, {"records need fields"}, [&] { open({}); });
  expect_failure(Status::invalid_argument, {"\"x\" has no dtype"}, [&] { open({{"x", {}, {}, false}}); });
  expect_failure(Status::invalid_argument, {"has no bytes"}, [&] { open({{"x", DType::uint8, {0}, false}}); });
  expect_failure(Status::invalid_argument, {"two fields have the name \"x\""}, [&] {
    open({{"x", DType::uint8, {}, false}, {"x", DType::uint8, {}, false}});
  });
  expect_failure(Status::invalid_argument, {"-1"}, [&] { open({{"x", DType::uint8, {-1}, false}}); });
}

TEST(PlainFiles, AreASampleEachInTheOrderOfTheirNames) {
  FileTree tree;
  tree.write("b", "second");
  tree.write("a/c", "first");
  tree.write(".hidden", "not");
  const auto set = open_samples({tree.root()}, SampleFormat::files);
  EXPECT_THAT(keys_of(*set), ElementsAre("a/c", "b"));
  EXPECT_EQ(read_sample(*set, 0).fields[0].name, "bytes");
  EXPECT_EQ(read_sample(*set, 0).fields[0].bytes, "first");
  const auto numbers = open_samples({tree.path("b")}, SampleFormat::files, {{"x", DType::uint16, {3}, false}});
  EXPECT_TRUE(read_sample(*numbers, 0).fields[0].is_elements);
}

TEST(PlainFiles, NoticeAChangeSinceTheyWereListed) {
  FileTree tree;
  tree.write("a", "before");
  const auto set = open_samples({tree.root()}, SampleFormat::files);
  read_sample(*set, 0);
  tree.write("a", "afterwards");
  expect_failure(Status::data_error, {tree.path("a"), "has changed"}, [&] { read_sample(*set, 0); });
}

TEST(SourceList, ExpandsBracesAsTheShellDoes) {
  EXPECT_THAT(expand_braces("s-{008..011}.tar"), ElementsAre("s-008.tar", "s-009.tar", "s-010.tar", "s-011.tar"));
  EXPECT_THAT(expand_braces("{3..1}"), ElementsAre("3", "2", "1"));
  EXPECT_THAT(expand_braces("{0..6..3}"), ElementsAre("0", "3", "6"));
  EXPECT_THAT(expand_braces("{a,b}{1..2}"), ElementsAre("a1", "a2", "b1", "b2"));
  EXPECT_THAT(expand_braces("x{a{1,2},}y"), ElementsAre("xa1y", "xa2y", "xy"));
  EXPECT_THAT(expand_braces("{-01..1}"), ElementsAre("-01", "000", "001"));
  for (const std::string plain : {"plain", "{one}", "{", "}{", "a{b", "{1..}", "{..}"})
    EXPECT_THAT(expand_braces(plain), ElementsAre(plain));
  EXPECT_THAT(expand_braces("{x}{1,2}"), ElementsAre("{x}1", "{x}2"));
  expect_failure(Status::invalid_argument, {"more than 1000000 names"}, [] { expand_braces("{0..999999999999}"); });
  expect_failure(Status::invalid_argument, {"more than 1000000 names"},
                 [] { expand_braces("{1..1000}{1..1000}{1..1000}"); });
}

TEST(SourceList, RefusesWhatIsNoFile) {
  FileTree tree;
  const auto open = [](std::vector<std::string> sources) { open_samples(std::move(sources), SampleFormat::files); };
  for (const std::string source : {"s3://bucket/train/", "https://host/a.tar", "http://host/a.tar"})
    expect_failure(Status::unavailable, {source, "later version"}, [&] { open({source}); });
  expect_failure(Status::invalid_argument, {"no source"}, [&] { open({}); });
  expect_failure(Status::invalid_argument, {"source 1 is empty"}, [&] { open({tree.root(), ""}); });
  expect_failure(Status::not_found, {"no file to read", tree.root()}, [&] { open({tree.root()}); });
  expect_failure(Status::not_found, {"shard-1.tar"}, [&] { open({tree.path("shard-{1..2}.tar")}); });
  tree.write("a{1,2}", "");
  EXPECT_THAT(keys_of(*open_samples({"file://" + tree.path("a{1,2}")}, SampleFormat::files)), ElementsAre("a{1,2}"));
}

TEST(FormatDetection, GoesByNamesAndThenByFirstBytes) {
  FileTree tree;
  const auto detected = [](const std::string &path) {
    return detect_format(source_of({path}, SampleFormat::automatic));
  };
  EXPECT_EQ(detected(sample_file("written-{000000..000001}.tar")), SampleFormat::webdataset);
  EXPECT_EQ(detected(sample_file("five.tfrecord.gz")), SampleFormat::tfrecord);
  EXPECT_EQ(detected(sample_file("rows*.npz")), SampleFormat::npz);
  EXPECT_EQ(detected(sample_file("rows.npy")), SampleFormat::npy);
  const std::vector<std::pair<std::string, SampleFormat>> by_content = {
      {"missing.tar", SampleFormat::webdataset},
      {"by_gnu_tar.tar.gz", SampleFormat::webdataset},
      {"by_gnu_tar.tar.zst", SampleFormat::webdataset},
      {"five.tfrecord", SampleFormat::tfrecord},
      {"five.tfrecord.gz", SampleFormat::tfrecord},
      {"five.tfrecord.zlib", SampleFormat::tfrecord},
      {"rows.npz", SampleFormat::npz},
      {"rows.npy", SampleFormat::npy}};
  for (const auto &[name, format] : by_content) {
    tree.write("unnamed", read_bytes(sample_file(name)));
    EXPECT_EQ(detected(tree.path("unnamed")), format) << name;
    EXPECT_GT(open_samples({tree.path("unnamed")}, SampleFormat::automatic)->count(), 1U) << name;
  }
  tree.write("images/c/a.jpg", "");
  tree.write("images/README", "");
  EXPECT_EQ(detected(tree.path("images")), SampleFormat::images);
}

TEST(FormatDetection, SaysWhatItSawWhereItCannotTell) {
  FileTree tree;
  const auto detect = [&] { detect_format(source_of({tree.root()}, SampleFormat::automatic)); };
  tree.write("data.bin", "who knows");
  expect_failure(Status::invalid_argument, {"data.bin", "\"files\"", "\"records\""}, detect);
  tree.write("a.jpg", "");
  expect_failure(Status::invalid_argument, {"a.jpg", "folder for each class"}, detect);
  tree.write("b.tar", "");
  expect_failure(Status::invalid_argument, {"webdataset", "b.tar", "images", "a.jpg"}, detect);
}

}  // namespace
}  // namespace penstock::core
