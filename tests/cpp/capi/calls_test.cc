// The table of calls covers the public headers, and every call in it is a valid one.
#include "calls.h"

#include <gmock/gmock.h>

#include "function_list.h"
#include "sized_structs.h"
#include "wrong_values.h"

namespace penstock::test {
namespace {

using ::testing::IsEmpty;
using ::testing::Not;

class EveryFunction : public ::testing::TestWithParam<Function> {};

std::string name_of(const ::testing::TestParamInfo<Function> &info) { return info.param.name; }

INSTANTIATE_TEST_SUITE_P(Headers, EveryFunction, ::testing::ValuesIn(public_headers().functions), name_of);

TEST_P(EveryFunction, HasACallInTheTable) { EXPECT_THAT(calls_of(GetParam().name), Not(IsEmpty())); }

TEST_P(EveryFunction, HasAWrongValueForEachParameterThatCannotTakeAny) {
  for (const Call *call : calls_of(GetParam().name))
    EXPECT_THAT(uncovered_parameters(*call, GetParam()), IsEmpty()) << call->name();
}

TEST_P(EveryFunction, TakesAnyValueOnlyWhereAHeaderSaysSo) {
  for (const Call *call : calls_of(GetParam().name)) EXPECT_THAT(invented_quotes(*call), IsEmpty()) << call->name();
}

TEST_P(EveryFunction, SucceedsWithTheArgumentsInTheTableAndLeavesNothingBehind) {
  for (const Call *call : calls_of(GetParam().name)) {
    const LiveMemory before = live_memory();
    {
      Stage stage;
      EXPECT_TRUE(succeeds(*call, call->arguments(stage))) << call->name() << ": " << ps_last_error();
    }
    EXPECT_EQ(live_memory(), before) << call->name();
  }
}

TEST(SizedStructs, HaveTheFieldsThatTheHeadersDeclare) {
  const auto names = [](const auto &fields) {
    std::vector<std::string> found;
    for (const auto &field : fields) found.push_back(field.name);
    return found;
  };
  for (const Struct &declared : public_headers().sized_structs) {
    const SizedStruct *known = find_sized_struct(declared.name);
    ASSERT_NE(known, nullptr) << declared.name;
    EXPECT_EQ(names(known->fields), names(declared.fields)) << declared.name;
  }
  EXPECT_EQ(sized_structs().size(), public_headers().sized_structs.size());
}

TEST(SizedStructs, HaveAWrongValueForEachFieldThatCannotTakeAny) {
  for (const SizedStruct &known : sized_structs())
    for (const Field &field : known.fields) {
      const auto is_this = [&](const auto &other) { return other.field == field.name; };
      EXPECT_TRUE(field.name == "struct_size" ||
                  std::any_of(known.wrong_fields.begin(), known.wrong_fields.end(), is_this) ||
                  std::any_of(known.free_fields.begin(), known.free_fields.end(), is_this))
          << known.name << "." << field.name;
    }
}

TEST(SizedStructs, TakeAnyValueInAFieldOnlyWhereAHeaderSaysSo) {
  for (const SizedStruct &known : sized_structs())
    for (const FreeField &field : known.free_fields)
      EXPECT_NE(public_headers().comments.find(field.quote), std::string::npos) << known.name << ": " << field.quote;
}

}  // namespace
}  // namespace penstock::test
