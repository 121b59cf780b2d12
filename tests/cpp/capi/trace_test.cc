// Traces through the C ABI: a file that Perfetto opens, with the spans of each thread nested on a row of its own.
#include <gmock/gmock.h>

#include <algorithm>
#include <thread>

#include "json.h"
#include "support.h"

namespace penstock::test {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

struct Span {
  std::string name;
  double row, begin, end;  // microseconds
};

std::vector<Span> spans_of(const Json &trace) {
  std::vector<Span> spans;
  for (const Json &event : trace.at("traceEvents").items)
    if (event.at("ph").text == "X") {
      const double begin = event.at("ts").number;
      spans.push_back({event.at("name").text, event.at("tid").number, begin, begin + event.at("dur").number});
    }
  return spans;
}

constexpr int64_t many = 1'000'000;  // enough elements for a conversion to be split into shards

// Conversions and files on this thread, then on another one.
void work(const Folder &folder) {
  const TensorHold numbers = make_range(many);
  const auto convert_and_save = [&](const char *name) {
    ps_tensor *converted = nullptr;
    require_ok(ps_tensor_astype(&converted, numbers.get(), PS_FLOAT64, PS_CAST_SAME_KIND));
    const TensorHold hold(converted);
    require_ok(ps_npy_save(folder.path(name).c_str(), converted, nullptr));
  };
  convert_and_save("first.npy");
  std::thread(convert_and_save, "second.npy").join();
}

Json trace_of_work(const Folder &folder) {
  const std::string path = folder.path("trace.json");
  require_ok(ps_trace_start(path.c_str()));
  work(folder);
  require_ok(ps_trace_stop());
  return parse_json(read_file(path));
}

TEST(Trace, IsAFileThatParses) {
  const Folder folder;
  const Json trace = trace_of_work(folder);
  EXPECT_EQ(trace.at("traceEvents").kind, Json::Kind::array);
}

TEST(Trace, HasTheSpansOfEachThreadThatWorked) {
  const Folder folder;
  std::map<double, int32_t> spans_by_row;
  for (const Span &span : spans_of(trace_of_work(folder))) ++spans_by_row[span.row];
  EXPECT_GE(spans_by_row.size(), 2u);
}

// Times are doubles that count microseconds with three digits behind the point.
constexpr double rounding = 1e-6;

bool is_inside(const Span &inner, const Span &outer) {
  return inner.row == outer.row && inner.begin >= outer.begin - rounding && inner.end <= outer.end + rounding;
}

bool are_apart(const Span &first, const Span &second) {
  return first.row != second.row || first.end <= second.begin + rounding || second.end <= first.begin + rounding;
}

TEST(Trace, ItsSpansLieInsideOneAnotherOrApart) {
  const Folder folder;
  const std::vector<Span> spans = spans_of(trace_of_work(folder));
  EXPECT_THAT(spans, Not(IsEmpty()));
  for (const Span &first : spans)
    for (const Span &second : spans)
      EXPECT_TRUE(are_apart(first, second) || is_inside(first, second) || is_inside(second, first))
          << first.name << " and " << second.name;
}

TEST(Trace, ShowsTheShardsOfAJobInsideTheJob) {
  const Folder folder;
  ASSERT_OK(ps_set_num_threads(1));  // so that the calling thread works on them all
  const std::vector<Span> spans = spans_of(trace_of_work(folder));
  EXPECT_OK(ps_set_num_threads(0));
  for (const Span &shard : spans) {
    if (shard.name != "shard") continue;
    const bool in_a_job = std::any_of(spans.begin(), spans.end(), [&](const Span &job) {
      return job.name == "move elements" && is_inside(shard, job);
    });
    EXPECT_TRUE(in_a_job);
  }
  EXPECT_TRUE(std::any_of(spans.begin(), spans.end(), [](const Span &span) { return span.name == "shard"; }));
}

TEST(Trace, ReplacesTheFileThatWasThere) {
  const Folder folder;
  write_file(folder.path("trace.json"), std::string(1 << 20, 'x'));
  EXPECT_NO_THROW(trace_of_work(folder));
}

TEST(Trace, MayBeRecordedAgain) {
  const Folder folder;
  trace_of_work(folder);
  EXPECT_NO_THROW(trace_of_work(folder));
}

TEST(Trace, IsRefusedWhileAnotherIsRecordedWhichGoesOn) {
  const Folder folder;
  const std::string path = folder.path("trace.json");
  ASSERT_OK(ps_trace_start(path.c_str()));
  EXPECT_EQ(ps_trace_start(folder.path("other.json").c_str()), PS_INVALID_ARGUMENT);
  EXPECT_FALSE(std::filesystem::exists(folder.path("other.json")));
  ASSERT_OK(ps_trace_stop());
  EXPECT_NO_THROW(parse_json(read_file(path)));
}

TEST(Trace, CannotBeStoppedWhenNoneIsRecorded) {
  ps_clear_error();
  EXPECT_EQ(ps_trace_stop(), PS_INVALID_ARGUMENT);
  EXPECT_THAT(ps_last_error(), HasSubstr("trace"));
}

TEST(Trace, ThatCannotBeWrittenIsNotRecorded) {
  const Folder folder;
  EXPECT_EQ(ps_trace_start(folder.path("missing/trace.json").c_str()), PS_IO_ERROR);
  EXPECT_THAT(ps_last_error(), HasSubstr("missing/trace.json"));
  EXPECT_EQ(ps_trace_stop(), PS_INVALID_ARGUMENT);
}

}  // namespace
}  // namespace penstock::test
