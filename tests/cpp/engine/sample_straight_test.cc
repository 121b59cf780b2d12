// Samples that lie in storage as they are handed out are read straight to their rows, many in one call: the same bytes and
// the same errors as by reading one after the other, which is what streaming does.
#include <gmock/gmock.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <filesystem>
#include <set>
#include <string>
#include <vector>

#include "core/image/transform.h"
#include "tests/cpp/engine/allocation_count.h"
#include "tests/cpp/engine/sample_loader_testing.h"
#include "tests/cpp/engine/samples_testing.h"

namespace penstock::core {
namespace {

using ::testing::HasSubstr;

SampleLoader::OpenSet opens(const SampleSource &source) {
  return [source](const Progress &) { return open_sample_set(source); };
}

SampleLoaderOptions plain(int64_t batch_size, int32_t workers, LoadingMode mode = LoadingMode::prefetch) {
  SampleLoaderOptions options;
  options.batch_size = batch_size;
  options.num_workers = workers;
  options.persistent_workers = workers > 0;
  options.loading_mode = mode;
  options.epochs = 2;
  return options;
}

std::string member(const std::string &name, const std::string &content) {
  std::array<char, 512> header{};
  name.copy(header.data(), 100);
  std::snprintf(header.data() + 124, 12, "%011o", static_cast<unsigned>(content.size()));
  header[156] = '0';
  std::fill_n(header.data() + 148, 8, ' ');
  unsigned sum = 0;
  for (const char byte : header) sum += static_cast<unsigned char>(byte);
  std::snprintf(header.data() + 148, 8, "%06o", sum);
  std::string padded = content;
  padded.resize((content.size() + 511) / 512 * 512, '\0');
  return std::string(header.data(), header.size()) + padded;
}

// A tar of samples with one field, each of whose bytes tell its number.
class Archive {
 public:
  Archive(int64_t count, const std::function<size_t(int64_t)> &size_of) {
    std::string tar;
    for (int64_t number = 0; number < count; ++number)
      tar += member(text(1000 + number, ".bin"), std::string(size_of(number), static_cast<char>(number)));
    write_bytes(path(), tar + std::string(1024, '\0'));
  }
  std::string path() const { return folder_.path("shard.tar"); }
  SampleSource source(std::vector<FieldLayout> fields = {}) const {
    return source_of({path()}, SampleFormat::webdataset, std::move(fields));
  }

 private:
  TemporaryFolder folder_;
};

FieldLayout elements(const std::string &name, DType dtype, const Extents &shape) { return {name, dtype, shape, false}; }

void expect_as_streamed(const SampleSource &source) {
  for (const Sampler sampler : {Sampler::sequential, Sampler::shuffle, Sampler::replacement}) {
    for (const int64_t batch_size : {1, 7, 64}) {
      SampleLoaderOptions streamed = plain(batch_size, 1, LoadingMode::streaming);
      streamed.sampler = sampler;
      streamed.seed = 3;
      SampleLoader reference(opens(source), streamed);
      const std::string expected = rest_of(reference);
      for (const LoadingMode mode : {LoadingMode::prefetch, LoadingMode::async_pool}) {
        SampleLoaderOptions options = streamed;
        options.loading_mode = mode;
        options.num_workers = 2;
        SampleLoader loader(opens(source), options);
        EXPECT_EQ(rest_of(loader), expected) << batch_size << " " << static_cast<int32_t>(mode);
      }
    }
  }
}

TEST(StraightReading, GivesTheBytesThatReadingOneByOneGives) {
  const Archive even(50, [](int64_t) { return 700; });
  expect_as_streamed(even.source({elements("bin", DType::uint16, {350})}));
  expect_as_streamed(even.source());
  expect_as_streamed(source_of({sample_file("rows.npz")}, SampleFormat::npz));
  expect_as_streamed(source_of({sample_file("rows_turned.npz")}, SampleFormat::npz));
  expect_as_streamed(source_of({sample_file("rows.npy")}, SampleFormat::npy));
  expect_as_streamed(source_of(
      {even.path()}, SampleFormat::records,
      {elements("a", DType::uint8, {12}), elements("b", DType::float32, {5, 5}), elements("c", DType::uint8, {16})}));
  expect_as_streamed(source_of({sample_file("rows.npy"), sample_file("five.tfrecord")}, SampleFormat::files));
}

TEST(StraightReading, TakesFieldsOfOtherSizesTheOtherWay) {
  const Archive uneven(50, [](int64_t number) { return number % 5 == 3 ? 900 + number : 600; });
  expect_as_streamed(uneven.source());
  const Archive empty_ones(20, [](int64_t number) { return number % 2 == 0 ? 0 : 30; });
  expect_as_streamed(empty_ones.source());
}

TEST(StraightReading, ReadsNeighboursInOneCall) {
  const Archive archive(256, [](int64_t) { return 4096; });
  std::atomic<int64_t> calls{0};
  SampleSource source = archive.source({elements("bin", DType::uint8, {4096})});
  source.read.before_call = [&](const FileCall &) { ++calls; };
  SampleLoaderOptions options = plain(256, 1);
  options.epochs = 1;
  SampleLoader loader(opens(source), options);
  calls = 0;
  rest_of(loader);
  EXPECT_LE(calls, 16);  // pieces of a batch, not samples
}

TEST(StraightReading, SaysOfAShortenedFileWhichSampleIsMissing) {
  const Archive archive(40, [](int64_t) { return 512; });
  const SampleSource source = archive.source({elements("bin", DType::uint8, {512})});
  const std::string whole = read_bytes(archive.path());
  const auto sentence = [&](LoadingMode mode) {
    write_bytes(archive.path(), whole);
    SampleLoader loader(opens(source), plain(8, 1, mode));
    std::filesystem::resize_file(archive.path(), whole.size() / 2);
    return std::string(failure_of([&] { rest_of(loader); }).sentence());
  };
  EXPECT_THAT(sentence(LoadingMode::prefetch), HasSubstr("has changed since"));
  EXPECT_EQ(sentence(LoadingMode::prefetch), sentence(LoadingMode::streaming));
}

TEST(StraightReading, LargeFieldsComeInPartsWhereThatIsAsked) {
  constexpr int64_t mebibyte = int64_t{1} << 20;
  const Archive archive(3, [](int64_t) { return 3 * mebibyte; });
  std::atomic<int64_t> calls{0};
  SampleSource source = archive.source({elements("bin", DType::uint8, {3 * mebibyte})});
  source.read.reader = ReaderMode::range;
  source.read.part_size = mebibyte;
  source.read.page_cache = PageCacheMode::normal;
  source.read.before_call = [&](const FileCall &call) { calls += call.kind == FileCall::Kind::read ? 1 : 0; };
  SampleLoaderOptions options = plain(3, 1);
  options.epochs = 1;
  SampleLoader loader(opens(source), options);
  calls = 0;
  const auto batch = loader.next(until_it_comes);
  EXPECT_EQ(calls, 9);
  EXPECT_EQ(batch->fields[0].values.data[3 * mebibyte], std::byte{1});
}

// Batches take the memory of those before them, also where the loader began anew elsewhere.
TEST(StraightReading, MemoryOfBatchesOutlivesASeek) {
  const Archive archive(8, [](int64_t) { return 65536; });
  SampleLoader loader(opens(archive.source({elements("bin", DType::uint8, {65536})})), plain(4, 1));
  std::set<const std::byte *> places;
  std::vector<Reference<Storage>> elsewhere;  // takes what was given back, so that no new memory lies where old lay
  constexpr int32_t seeks = 40;
  for (int32_t seek = 0; seek < seeks; ++seek) {
    places.insert(loader.next(until_it_comes)->fields[0].values.data);
    loader.seek(0, 0);
    elsewhere.push_back(Storage::allocate(4 * 65536, 64, {}));
  }
  EXPECT_LT(places.size(), seeks / 2);
}

// What a batch takes from operator new, once its loader is warm.
int64_t allocations_a_batch(const SampleLoader::OpenSet &open_set, SampleLoaderOptions options) {
  options.epochs = 0;
  SampleLoader loader(open_set, options);
  int64_t before = 0;
  constexpr int32_t batches = 4;
  for (int32_t batch = 0; batch < 3 * batches; ++batch) {
    if (batch == 2 * batches) before = allocations_of_this_thread();
    loader.next(until_it_comes);
  }
  return (allocations_of_this_thread() - before) / batches;
}

SampleLoaderOptions on_this_thread(int64_t batch_size) {
  SampleLoaderOptions options = plain(batch_size, 0);
  options.persistent_workers = true;
  return options;
}

TEST(WarmLoader, AllocatesNothingForASampleOfElements) {
  const Archive archive(1024, [](int64_t) { return 64; });
  const auto open_set = opens(archive.source({elements("bin", DType::uint8, {64})}));
  const int64_t of_few = allocations_a_batch(open_set, on_this_thread(4));
  EXPECT_GT(of_few, 0);  // a batch itself takes some: they are counted
  EXPECT_EQ(allocations_a_batch(open_set, on_this_thread(64)), of_few);
}

TEST(WarmLoader, AllocatesNothingForAnImage) {
  TemporaryFolder folder;
  std::string tar;
  const std::string image = read_bytes(TEST_DATA_DIR "/loader_images/large.jpg");
  for (int32_t number = 0; number < 384; ++number) tar += member(text(1000 + number, ".jpg"), image);
  write_bytes(folder.path("images.tar"), tar + std::string(1024, '\0'));
  const auto open_set = opens(source_of({folder.path("images.tar")}, SampleFormat::webdataset));
  const auto with_transforms = [](int64_t batch_size) {
    SampleLoaderOptions options = on_this_thread(batch_size);
    ImageStep resize;
    resize.height = resize.width = 32;
    ImageStep cast;
    cast.kind = ImageStepKind::to_dtype;
    cast.scale_levels = true;
    options.transforms = std::make_shared<ImageTransforms>(std::vector{resize, cast});
    options.memory_format = MemoryFormat::channels_first;
    return options;
  };
  EXPECT_EQ(allocations_a_batch(open_set, with_transforms(32)), allocations_a_batch(open_set, with_transforms(4)));
}

}  // namespace
}  // namespace penstock::core
