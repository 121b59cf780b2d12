// Each argument of each public function, wrong in each way its type and its header allow.
#include <gmock/gmock.h>

#include "calls.h"
#include "function_list.h"
#include "wrong_values.h"

namespace penstock::test {
namespace {

using ::testing::HasSubstr;

class WrongArgument : public ::testing::TestWithParam<Function> {};

INSTANTIATE_TEST_SUITE_P(Headers, WrongArgument, ::testing::ValuesIn(public_headers().functions),
                         [](const ::testing::TestParamInfo<Function> &info) { return info.param.name; });

// Makes the call with one argument exchanged, and checks that it is refused as the header says and changes nothing.
void expect_refused(const Call &call, const Function &function, const WrongValue &wrong) {
  SCOPED_TRACE(call.name() + ": " + wrong.parameter + " is " + wrong.description);
  Stage stage;
  std::vector<Word> arguments = call.arguments(stage);
  Word &exchanged = arguments[function.position_of(wrong.parameter)];
  exchanged = wrong.make(stage, exchanged);
  const Observation before = stage.observe();
  ps_clear_error();
  const Word result = call(arguments);
  if (function.gives_status())
    EXPECT_STREQ(ps_status_name(static_cast<ps_status>(result)), ps_status_name(wrong.status)) << ps_last_error();
  else
    EXPECT_EQ(result, call.failure());
  EXPECT_STRNE(ps_last_error(), "");
  EXPECT_THAT(ps_last_error(), HasSubstr(wrong.message_part));
  EXPECT_EQ(before.difference(stage.observe()), "");
  EXPECT_TRUE(has_consumed(call, arguments));
}

TEST_P(WrongArgument, IsRefusedAsTheHeaderSaysAndChangesNothing) {
  for (const Call *call : calls_of(GetParam().name))
    for (const WrongValue &wrong : wrong_values(*call, GetParam())) expect_refused(*call, GetParam(), wrong);
}

TEST_P(WrongArgument, MayBeNullWhereTheHeaderCallsItOptional) {
  for (const Call *call : calls_of(GetParam().name))
    for (const Allowed &optional : call->optional()) {
      Stage stage;
      std::vector<Word> arguments = call->arguments(stage);
      arguments[GetParam().position_of(optional.parameter)] = 0;
      EXPECT_TRUE(succeeds(*call, arguments)) << call->name() << ", " << optional.parameter << ": " << ps_last_error();
    }
}

}  // namespace
}  // namespace penstock::test
