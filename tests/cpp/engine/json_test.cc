// JSON read strictly, and written.
#include "core/io/json.h"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/base/error.h"

namespace penstock::core {
namespace {

using testing::HasSubstr;

std::string refusal(std::string_view text) {
  try {
    parse_json(text, "it");
  } catch (const Error &error) {
    return error.sentence();
  }
  return "";
}

TEST(Json, EveryKindOfValueIsReadAsItIs) {
  const Json read =
      parse_json(R"({"none":null,"yes":true,"up":18446744073709551615,"down":-7,"part":1.5,"words":"a\u00e9"})", "it");
  EXPECT_TRUE(read.find("none")->is_null());
  EXPECT_TRUE(*read.find("yes")->if_bool());
  EXPECT_EQ(*read.find("up")->if_unsigned(), 18446744073709551615u);
  EXPECT_EQ(*read.find("down")->if_signed(), -7);
  EXPECT_EQ(*read.find("part")->if_double(), 1.5);
  EXPECT_EQ(*read.find("words")->if_text(), "a\xC3\xA9");
  EXPECT_EQ(read.find("other"), nullptr);
}

TEST(Json, WhatWasWrittenIsReadTheSame) {
  const std::string words =
      R"({"b":[1,-2,0.1,1e+300,3.0,[],{}],"a":{"quote\"\\":"line\nend\u0001\u001f","deep":[[null,true,false]]}})";
  EXPECT_EQ(parse_json(words, "it").dump(), words);
}

TEST(Json, AKeyMayStandAgainInAnotherObjectOnly) {
  EXPECT_EQ(refusal(R"({"a":{"a":1},"b":{"a":2}})"), "");
  EXPECT_THAT(refusal(R"({"a":{"b":1,"b":2}})"), HasSubstr("the key \"b\" twice"));
}

TEST(Json, ValuesMayLieSixtyFourDeep) {
  EXPECT_EQ(refusal(std::string(64, '[') + std::string(64, ']')), "");
  EXPECT_THAT(refusal(std::string(65, '[') + std::string(65, ']')), HasSubstr("more than 64 deep"));
}

TEST(Json, WhatIsNoJsonIsRefusedByItsByte) {
  EXPECT_THAT(refusal("{\"a\":}"), HasSubstr("is no JSON at its byte 6 of 6"));
  EXPECT_THAT(refusal("[1] 2"), HasSubstr("is no JSON at its byte 5 of 5"));
  EXPECT_THAT(refusal(""), HasSubstr("is no JSON"));
  EXPECT_THAT(refusal("\"\xff\""), HasSubstr("is no JSON"));
  EXPECT_THAT(refusal("NaN"), HasSubstr("is no JSON"));
  EXPECT_THAT(refusal("1e999"), HasSubstr("a number that is too large"));
}

}  // namespace
}  // namespace penstock::core
