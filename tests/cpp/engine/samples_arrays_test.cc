// Samples that are rows of NumPy's arrays.
#include "core/base/text.h"
#include "tests/cpp/engine/file_tree.h"
#include "tests/cpp/engine/samples_testing.h"

namespace penstock::core {
namespace {

using ::testing::ElementsAre;

// Four samples: a row of x, [[0, 1, 2], ..., [9, 10, 11]], and an element of y, [3, 1, 2, 0].
void expect_rows(const SampleSet &set, size_t first = 0) {
  const std::vector<int64_t> y = {3, 1, 2, 0};
  for (size_t row = 0; row < 4; ++row) {
    const KeptSample sample = read_sample(set, first + row);
    ASSERT_EQ(sample.fields.size(), 2U);
    const auto start = static_cast<float>(3 * row);
    EXPECT_EQ(sample.fields[0].name, "x");
    EXPECT_EQ(sample.fields[0].shape, (Extents{3}));
    EXPECT_THAT(values_of<float>(sample.fields[0]), ElementsAre(start, start + 1, start + 2));
    EXPECT_EQ(sample.fields[1].dtype, DType::int64);
    EXPECT_TRUE(sample.fields[1].shape.empty());
    EXPECT_THAT(values_of<int64_t>(sample.fields[1]), ElementsAre(y[row]));
  }
}

TEST(NpzRows, AreTheSameStoredDeflatedAndTurned) {
  for (const std::string name : {"rows.npz", "rows_deflated.npz", "rows_turned.npz"}) {
    const auto set = open_samples({sample_file(name)}, SampleFormat::npz);
    ASSERT_EQ(set->count(), 4U) << name;
    expect_rows(*set);
    EXPECT_EQ(read_sample(*set, 2).key, name + ":2");
  }
}

TEST(NpzRows, FollowEachOtherThroughSeveralFiles) {
  const auto set = open_samples({sample_file("rows.npz"), sample_file("rows_deflated.npz")}, SampleFormat::npz);
  ASSERT_EQ(set->count(), 8U);
  expect_rows(*set, 0);
  expect_rows(*set, 4);
}

TEST(NpzRows, NeedArraysOfOneLengthThatHaveRows) {
  const auto uneven = open_samples({sample_file("rows_uneven.npz")}, SampleFormat::npz);
  expect_failure(Status::data_error, {"rows_uneven.npz", "\"y.npy\" has 3 rows", "\"x\"", "has 4"},
                 [&] { read_sample(*uneven, 0); });
  const auto scalar = open_samples({sample_file("rows_with_scalar.npz")}, SampleFormat::npz);
  expect_failure(Status::data_error, {"\"scale.npy\" has rank 0"}, [&] { read_sample(*scalar, 0); });
  expect_rows(*open_samples({sample_file("rows_with_scalar.npz")}, SampleFormat::npz,
                            {{"x", {}, {}, false}, {"y", {}, {}, false}}));
}

TEST(NpzRows, RefuseWhatIsNotAsWanted) {
  const auto open = [](FieldLayout field) {
    return open_samples({sample_file("rows.npz")}, SampleFormat::npz, {std::move(field)});
  };
  expect_failure(Status::data_error, {"rows.npz", "no array \"z\""}, [&] {
    read_sample(*open({"z", {}, {}, false}), 0);
  });
  expect_failure(Status::type_mismatch, {"\"x\"", "(3,) of float32", "(4,) of float32"}, [&] {
    open({"x", DType::float32, {4}, false});
  });
  expect_failure(Status::invalid_argument, {"optional"}, [&] { open({"x", {}, {}, true}); });
  expect_failure(Status::invalid_argument, {"2 fields are given"}, [] {
    open_samples({sample_file("rows.npy")}, SampleFormat::npy, {{"x", {}, {}, false}, {"y", {}, {}, false}});
  });
}

TEST(NpzRows, GiveAnErrorInPlaceOfADamagedFile) {
  FileTree tree;
  tree.write("a.npz", read_bytes(sample_file("rows.npz")));
  std::string flipped = read_bytes(sample_file("rows_deflated.npz"));
  flipped[120] ^= 4;
  tree.write("b.npz", flipped);
  tree.write("c.npz", read_bytes(sample_file("rows.npz")).substr(0, 300));
  tree.write("d.npz", read_bytes(sample_file("rows.npz")));
  const auto set = open_samples({tree.root()}, SampleFormat::npz);
  ASSERT_EQ(set->count(), 10U);
  expect_rows(*set, 0);
  expect_failure(Status::data_error, {"b.npz"}, [&] { read_sample(*set, 4); });
  expect_failure(Status::data_error, {"c.npz"}, [&] { read_sample(*set, 5); });
  expect_rows(*set, 6);
}

TEST(NpzRows, RefuseFilesOfOtherArrays) {
  FileTree tree;
  tree.write("a.npz", read_bytes(sample_file("rows.npz")));
  tree.write("b.npz", read_bytes(sample_file("rows_wide.npz")));
  expect_failure(Status::data_error, {"b.npz", "\"x\" (3,) of float64", "the files before it \"x\" (3,) of float32"},
                 [&] { read_sample(*open_samples({tree.root()}, SampleFormat::npz), 4); });
}

TEST(NpyRows, AreReadFromFilesOfEitherOrder) {
  const auto set = open_samples(
      {sample_file("rows.npy"), sample_file("rows_big.npy"), sample_file("rows_column_major.npy")}, SampleFormat::npy);
  ASSERT_EQ(set->count(), 12U);
  for (uint64_t row = 0; row < 12; ++row) {
    const KeptSample sample = read_sample(*set, row);
    const auto start = static_cast<float>(3 * (row % 4));
    EXPECT_EQ(sample.fields[0].name, "data");
    EXPECT_THAT(values_of<float>(sample.fields[0]), ElementsAre(start, start + 1, start + 2));
  }
  EXPECT_EQ(read_sample(*open_samples({sample_file("rows.npy")}, SampleFormat::npy, {{"x", {}, {}, false}}), 0)
                .fields[0]
                .name,
            "x");
}

TEST(NpyRows, RefuseAFileThatIsCutAnywhere) {
  FileTree tree;
  const std::string whole = read_bytes(sample_file("rows.npy"));
  for (size_t size = 0; size < whole.size(); size += 5) {
    tree.write("cut.npy", whole.substr(0, size));
    const auto set = open_samples({tree.path("cut.npy")}, SampleFormat::npy);
    ASSERT_EQ(set->count(), 1U);
    expect_failure(Status::data_error, {"cut.npy"}, [&] { read_sample(*set, 0); });
  }
}

TEST(NpyRows, SayWhichDtypeIsNotRead) {
  expect_failure(Status::type_mismatch, {"unsupported_text.npy", "text is not supported"},
                 [] { open_samples({numpy_file("unsupported_text.npy")}, SampleFormat::npy); });
}

}  // namespace
}  // namespace penstock::core
