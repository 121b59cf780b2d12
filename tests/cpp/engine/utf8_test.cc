#include "core/io/utf8.h"

#include <gtest/gtest.h>

namespace penstock::core {
namespace {

TEST(Utf8, AcceptsEachLengthAtItsLimits) {
  for (const char *text : {"", "a\x7F", "\xC2\x80\xDF\xBF", "\xE0\xA0\x80\xEF\xBF\xBF", "\xED\x9F\xBF\xEE\x80\x80",
                           "\xF0\x90\x80\x80\xF4\x8F\xBF\xBF"})
    EXPECT_TRUE(is_utf8(text)) << in_quotes(text);
}

TEST(Utf8, RefusesOverlongFormsSurrogatesAndWhatIsCut) {
  for (const char *text : {"\x80", "\xC1\xBF", "\xE0\x9F\xBF", "\xF0\x8F\xBF\xBF", "\xED\xA0\x80", "\xF4\x90\x80\x80",
                           "\xF5\x80\x80\x80", "\xFF", "a\xC3", "\xE2\x82", "\xF0\x9F\x98", "\xC3z", "\xE2\x82z"})
    EXPECT_FALSE(is_utf8(text)) << in_quotes(text);
}

TEST(InQuotes, KeepsTextAndEscapesWhatWouldSpoilASentence) {
  EXPECT_EQ(in_quotes("gr\xC3\xB6\xC3\x9F"
                      "e.npy"),
            "\"gr\xC3\xB6\xC3\x9F"
            "e.npy\"");
  EXPECT_EQ(in_quotes("a\nb\x7F\xFF"), "\"a\\x0ab\\x7f\\xff\"");
}

TEST(InQuotes, CutsWhatIsLong) {
  const std::string shown = in_quotes(std::string(70'000, 'x'));
  EXPECT_LT(shown.size(), 520u);
  EXPECT_EQ(shown.substr(shown.size() - 5), "x...\"");
}

}  // namespace
}  // namespace penstock::core
