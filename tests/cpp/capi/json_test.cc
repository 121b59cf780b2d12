#include "json.h"

#include <gtest/gtest.h>

namespace penstock::test {
namespace {

TEST(Json, IsReadWithItsStructure) {
  const Json value = parse_json(" {\"list\": [1, -2.50, true, null], \"text\": \"a\\\"b\"} ");
  EXPECT_EQ(value.at("list").items.size(), 4u);
  EXPECT_EQ(value.at("list").items[1].number, -2.5);
  EXPECT_EQ(value.at("text").text, "a\\\"b");
}

TEST(Json, IsRefusedWhenBroken) {
  for (const char *broken : {"", "{", "[1,]", "[1 2]", "{\"a\":1,}", "{\"a\" 1}", "\"open", "01", "tru", "1 2",
                             "\"a\nb\"", "{\"a\":1,\"a\":2}", "1."})
    EXPECT_THROW(parse_json(broken), std::runtime_error) << broken;
}

}  // namespace
}  // namespace penstock::test
