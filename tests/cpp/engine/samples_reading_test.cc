// How files are read: in parts at once, with advice to the page cache, and past it.
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <mutex>

#include "core/base/log.h"
#include "core/base/thread_pool.h"
#include "core/loader/samples/sample_file.h"
#include "tests/cpp/engine/samples_testing.h"

namespace penstock::core {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr uint64_t mebibyte = uint64_t{1} << 20;

// A file of so many bytes, no two stretches alike, that is on the disk and not only in the cache.
class BigFile {
 public:
  explicit BigFile(uint64_t size) : path_(folder_.path("big")), content_(size, '\0') {
    for (uint64_t at = 0; at < size; ++at) content_[at] = static_cast<char>((at * 2654435761U) >> 13);
    write_bytes(path_, content_);
    const int file = open(path_.c_str(), O_RDONLY | O_CLOEXEC);
    fsync(file);
    close(file);
  }

  const std::string &path() const { return path_; }
  const std::string &content() const { return content_; }

  // How many of its pages the page cache holds.
  size_t resident_pages() const {
    const int file = open(path_.c_str(), O_RDONLY | O_CLOEXEC);
    void *mapped = mmap(nullptr, content_.size(), PROT_READ, MAP_SHARED, file, 0);
    close(file);
    std::vector<unsigned char> pages((content_.size() + 4095) / 4096);
    EXPECT_EQ(mincore(mapped, content_.size(), pages.data()), 0);
    munmap(mapped, content_.size());
    return static_cast<size_t>(
        std::count_if(pages.begin(), pages.end(), [](unsigned char page) { return (page & 1) != 0; }));
  }

  void drop_from_cache() const {
    const int file = open(path_.c_str(), O_RDONLY | O_CLOEXEC);
    posix_fadvise(file, 0, 0, POSIX_FADV_DONTNEED);
    close(file);
  }

 private:
  TemporaryFolder folder_;
  std::string path_, content_;
};

// The calls of a set that is read through it.
struct Calls {
  std::mutex mutex;
  std::vector<FileCall> seen;

  ReadOptions watched(ReadOptions options) {
    options.before_call = [this](const FileCall &call) {
      const std::lock_guard lock(mutex);
      seen.push_back(call);
    };
    return options;
  }
  std::vector<int32_t> advices() const {
    std::vector<int32_t> advices;
    for (const FileCall &call : seen)
      if (call.kind == FileCall::Kind::advise) advices.push_back(call.advice);
    return advices;
  }
  std::vector<FileCall> reads() const {
    std::vector<FileCall> reads;
    for (const FileCall &call : seen)
      if (call.kind == FileCall::Kind::read) reads.push_back(call);
    return reads;
  }
};

SampleSource whole_file(const BigFile &file, const ReadOptions &options) {
  SampleSource source = source_of({file.path()}, SampleFormat::files);
  source.read = options;
  return source;
}

std::string read_through(const BigFile &file, const ReadOptions &options) {
  return read_sample(*open_sample_set(whole_file(file, options)), 0).fields[0].bytes;
}

TEST(SampleReading, ReadsInOneGoUnlessPartsAreAskedFor) {
  const BigFile file(3 * mebibyte + 77);
  Calls whole;
  ReadOptions options;
  options.part_size = mebibyte;
  EXPECT_EQ(read_through(file, whole.watched(options)), file.content());
  EXPECT_THAT(whole.reads(), SizeIs(1));

  Calls parts;
  options.reader = ReaderMode::range;
  EXPECT_EQ(read_through(file, parts.watched(options)), file.content());
  EXPECT_THAT(parts.reads(), SizeIs(4));

  Calls small;
  options.part_size = 4 * mebibyte;
  EXPECT_EQ(read_through(file, small.watched(options)), file.content());
  EXPECT_THAT(small.reads(), SizeIs(1));
}

// Two parts wait for each other: they are read at the same time, or never.  A third is never among them.
TEST(SampleReading, KeepsAsManyPartsInFlightAsAllowed) {
  const BigFile file(8 * mebibyte);
  const int32_t threads_before = process_pool().num_threads();
  process_pool().set_num_threads(4);
  for (const int32_t most : {1, 2}) {
    std::atomic<int32_t> in_flight{0}, highest{0};
    ReadOptions options;
    options.reader = ReaderMode::range;
    options.part_size = mebibyte;
    options.max_inflight_parts = most;
    options.before_call = [&](const FileCall &call) {
      if (call.kind != FileCall::Kind::read) return;
      const int32_t now = ++in_flight;
      int32_t seen = highest.load();
      while (seen < now && !highest.compare_exchange_weak(seen, now)) {
      }
      usleep(2000);  // in which others would begin theirs
      --in_flight;
    };
    EXPECT_EQ(read_through(file, options), file.content());
    EXPECT_EQ(highest.load(), most);
  }
  process_pool().set_num_threads(threads_before);
}

TEST(SampleReading, TellsThePageCacheWhatTheModeSays) {
  const BigFile file(2 * mebibyte);
  const auto advices = [&](PageCacheMode mode, ReaderMode reader) {
    Calls calls;
    ReadOptions options;
    options.page_cache = mode;
    options.reader = reader;
    options.part_size = mebibyte;
    EXPECT_EQ(read_through(file, calls.watched(options)), file.content());
    std::vector<int32_t> given = calls.advices();
    given.erase(std::unique(given.begin(), given.end()), given.end());
    return given;
  };
  EXPECT_THAT(advices(PageCacheMode::automatic, ReaderMode::whole), IsEmpty());
  EXPECT_THAT(advices(PageCacheMode::automatic, ReaderMode::range), ElementsAre(POSIX_FADV_WILLNEED));
  EXPECT_THAT(advices(PageCacheMode::normal, ReaderMode::range), IsEmpty());
  EXPECT_THAT(advices(PageCacheMode::sequential, ReaderMode::whole), ElementsAre(POSIX_FADV_SEQUENTIAL));
  EXPECT_THAT(advices(PageCacheMode::random, ReaderMode::whole), ElementsAre(POSIX_FADV_RANDOM));
  EXPECT_THAT(advices(PageCacheMode::dont_need, ReaderMode::whole), ElementsAre(POSIX_FADV_DONTNEED));
}

TEST(SampleReading, LeavesNothingInThePageCacheWithDontNeed) {
  const BigFile file(2 * mebibyte + 5);
  ReadOptions options;
  read_through(file, options);
  EXPECT_GT(file.resident_pages(), 500U);
  options.page_cache = PageCacheMode::dont_need;
  EXPECT_EQ(read_through(file, options), file.content());
  EXPECT_EQ(file.resident_pages(), 0U);
}

// Records that end inside a page: each drops what is behind it, so that reading them in order leaves nothing.
TEST(SampleReading, DropsBehindSamplesThatShareAPage) {
  const BigFile file(1000 * 1024);
  SampleSource source = source_of({file.path()}, SampleFormat::records, {{"x", DType::uint8, {1000}, false}});
  source.read.page_cache = PageCacheMode::dont_need;
  const auto set = open_sample_set(source);
  for (uint64_t number = 0; number < set->count(); ++number)
    EXPECT_EQ(read_sample(*set, number).fields[0].bytes, file.content().substr(number * 1000, 1000));
  EXPECT_EQ(file.resident_pages(), 0U);
}

TEST(SampleReading, GoesPastThePageCacheWithDirect) {
  const BigFile file(2 * mebibyte + 1234);
  file.drop_from_cache();
  for (const ReaderMode reader : {ReaderMode::whole, ReaderMode::range}) {
    Calls calls;
    ReadOptions options;
    options.page_cache = PageCacheMode::direct;
    options.reader = reader;
    options.part_size = mebibyte;
    EXPECT_EQ(read_through(file, calls.watched(options)), file.content());
    for (const FileCall &call : calls.reads()) {
      EXPECT_TRUE(call.direct);
      EXPECT_EQ(call.offset % 4096, 0U);
      EXPECT_EQ(call.size % 4096, 0U);
    }
    EXPECT_EQ(file.resident_pages(), 0U);
  }
}

TEST(SampleReading, ReadsStretchesAtAnyOffsetWithDirect) {
  const BigFile file(1000 * 700);
  SampleSource source = source_of({file.path()}, SampleFormat::records, {{"x", DType::uint8, {700}, false}});
  source.read.page_cache = PageCacheMode::direct;
  const auto set = open_sample_set(source);
  for (uint64_t number = 0; number < set->count(); number += 7)
    EXPECT_EQ(read_sample(*set, number).fields[0].bytes, file.content().substr(number * 700, 700));
}

struct LogLines {
  std::vector<std::string> lines;
  LogLines() {
    set_log_sink(
        [](void *user, LogLevel, const char *message) { static_cast<LogLines *>(user)->lines.emplace_back(message); },
        this, LogLevel::warning);
  }
  ~LogLines() { set_log_sink(nullptr, nullptr, LogLevel::warning); }
};

TEST(SampleReading, SaysOnceWhyItCannotGoPastThePageCache) {
  const LogLines log;
  SampleSource source =
      source_of({sample_file("by_gnu_tar.tar.gz"), sample_file("by_gnu_tar.tar.zst")}, SampleFormat::webdataset);
  source.read.page_cache = PageCacheMode::direct;
  const auto set = open_sample_set(source);
  EXPECT_EQ(read_all(*set).size(), 4U);
  ASSERT_THAT(log.lines, SizeIs(1));
  EXPECT_THAT(log.lines[0], ::testing::HasSubstr("it is compressed"));
}

TEST(SampleReading, RefusesLimitsThatAreNone) {
  const BigFile file(10);
  ReadOptions options;
  options.part_size = 0;
  expect_failure(Status::out_of_range, {"part_size 0"}, [&] { read_through(file, options); });
  options.part_size = 1;
  options.max_inflight_parts = 0;
  expect_failure(Status::out_of_range, {"max_inflight_parts 0"}, [&] { read_through(file, options); });
}

TEST(SampleReading, NoticesThatAnOpenFileHasChanged) {
  const BigFile file(1000);
  const auto set = open_samples({file.path()}, SampleFormat::records, {{"x", DType::uint8, {100}, false}});
  read_sample(*set, 0);
  ASSERT_EQ(truncate(file.path().c_str(), 500), 0);
  for (const uint64_t number : {0, 9})
    expect_failure(Status::data_error, {"big", "has changed"}, [&] { read_sample(*set, number); });
}

}  // namespace
}  // namespace penstock::core
