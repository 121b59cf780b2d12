// Log messages through the C ABI.  What makes penstock log here is the pool: at level debug it tells of each start of
// workers, and it starts some whenever a large job may use more of them than before.
#include <gmock/gmock.h>

#include <functional>

#include "support.h"

namespace penstock::test {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

// A job of 24 shards, on one thread more than the job before it.
void make_penstock_log() {
  static int32_t threads = 9;  // more than any other test lets a job have
  require_ok(ps_set_num_threads(++threads));
  constexpr int64_t many = INT64_C(24) << 20;
  const int8_t one = 1;
  ps_tensor *filled = nullptr;
  require_ok(ps_tensor_full(&filled, PS_INT8, 1, &many, &one, PS_INT8, nullptr));
  ps_tensor_release(filled);
}

struct Sink {
  std::vector<std::string> messages;
  std::vector<ps_log_level> levels;
  std::function<void()> when_called = [] {};

  static void receive(void *user, ps_log_level level, const char *message) {
    auto *sink = static_cast<Sink *>(user);
    sink->messages.emplace_back(message);
    sink->levels.push_back(level);
    sink->when_called();
  }
};

class Log : public ::testing::Test {
 protected:
  ~Log() override {
    EXPECT_OK(ps_log_set_sink(nullptr, nullptr, PS_LOG_WARNING));
    EXPECT_OK(ps_set_num_threads(0));
  }

  void send_to(Sink &sink, ps_log_level level) { require_ok(ps_log_set_sink(Sink::receive, &sink, level)); }
};

TEST_F(Log, GoesToTheSinkWithItsLevel) {
  Sink sink;
  send_to(sink, PS_LOG_DEBUG);
  make_penstock_log();
  ASSERT_THAT(sink.messages, SizeIs(1));
  EXPECT_THAT(sink.messages[0], HasSubstr("workers started"));
  EXPECT_EQ(sink.levels[0], PS_LOG_DEBUG);
}

TEST_F(Log, LeavesOutWhatIsLessSevereThanTheLevel) {
  for (const ps_log_level level : {PS_LOG_OFF, PS_LOG_ERROR, PS_LOG_WARNING, PS_LOG_INFO}) {
    Sink sink;
    send_to(sink, level);
    make_penstock_log();
    EXPECT_THAT(sink.messages, IsEmpty()) << level;
  }
}

TEST_F(Log, NoLongerGoesToASinkThatWasReplaced) {
  Sink first, second;
  send_to(first, PS_LOG_DEBUG);
  send_to(second, PS_LOG_DEBUG);
  make_penstock_log();
  EXPECT_THAT(first.messages, IsEmpty());
  EXPECT_THAT(second.messages, SizeIs(1));
}

TEST_F(Log, StaysWithItsSinkWhenAnotherIsRefused) {
  Sink first, second;
  send_to(first, PS_LOG_DEBUG);
  EXPECT_EQ(ps_log_set_sink(Sink::receive, &second, static_cast<ps_log_level>(5)), PS_INVALID_ARGUMENT);
  make_penstock_log();
  EXPECT_THAT(first.messages, SizeIs(1));
  EXPECT_THAT(second.messages, IsEmpty());
}

TEST_F(Log, CannotBeSentElsewhereFromInsideASink) {
  Sink sink;
  ps_status status = PS_OK;
  std::string message;
  sink.when_called = [&] {
    status = ps_log_set_sink(nullptr, nullptr, PS_LOG_WARNING);
    message = ps_last_error();
  };
  send_to(sink, PS_LOG_DEBUG);
  make_penstock_log();
  EXPECT_EQ(status, PS_INVALID_ARGUMENT);
  EXPECT_THAT(message, HasSubstr("inside"));
  make_penstock_log();
  EXPECT_THAT(sink.messages, SizeIs(2));
}

TEST_F(Log, DropsWhatTheSinkItselfMakesPenstockLog) {
  Sink sink;
  sink.when_called = make_penstock_log;
  send_to(sink, PS_LOG_DEBUG);
  make_penstock_log();
  EXPECT_THAT(sink.messages, SizeIs(1));
}

}  // namespace
}  // namespace penstock::test
