// How levels of GridWorld are read from text, and what each mistake in one is refused with.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/worlds/games/grid_world/level.h"
#include "tests/cpp/engine/expect_failure.h"

namespace penstock::core::grid_world {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;

LevelSet compile(const std::string &content) {
  const LevelText text = {"the level", content};
  return compile_levels({&text, 1});
}

void expect_refused(const std::string &content, const std::string &place, const std::string &part) {
  SCOPED_TRACE(content);
  expect_failure(Status::data_error, AllOf(StartsWith(text("the level, ", place, ": ")), HasSubstr(part)),
                 [&] { compile(content); });
}

TEST(GridWorldLevel, HasACellForEachCharacter) {
  const LevelSet set = compile("#.G\n@aA\n");
  ASSERT_EQ(set.levels.size(), 1U);
  EXPECT_EQ(set.levels[0].rows, 2);
  EXPECT_EQ(set.levels[0].columns, 3);
  EXPECT_THAT(set.levels[0].cells,
              ElementsAre(wall_cell, floor_cell, goal_cell, floor_cell, uint8_t{first_key}, uint8_t{first_door}));
  EXPECT_THAT(set.levels[0].agents, ElementsAre(Place{1, 0}));
  EXPECT_EQ(set.agents, 1);
  EXPECT_TRUE(set.has_letter[0]);
  EXPECT_FALSE(set.has_letter[1]);
}

TEST(GridWorldLevel, TakesOptionsNamesAndComments) {
  const LevelSet set = compile(
      "; about all of them\nstep_limit: 7\nstep_cost : 0.25\ngoal_reward:3\n\n"
      "name: One: the first\n@G\n\n; the second has no name\n.@G\n");
  EXPECT_EQ(set.step_limit, 7);
  EXPECT_EQ(set.step_cost, 0.25);
  EXPECT_EQ(set.goal_reward, 3);
  ASSERT_EQ(set.levels.size(), 2U);
  EXPECT_EQ(set.levels[0].name, "One: the first");
  EXPECT_EQ(set.levels[1].name, "");
  EXPECT_EQ(set.columns, 3);
}

TEST(GridWorldLevel, EndsAtAnEmptyLineAndAtAnOption) {
  EXPECT_EQ(compile("@G\n\n\n  \n@G\nname: third\n@G").levels.size(), 3U);
}

TEST(GridWorldLevel, TakesWindowsLineEndsIndentationAndAByteOrderMark) {
  const LevelSet set = compile("\xEF\xBB\xBFname: caf\xC3\xA9\r\n    @.\r\n    .G  \r\n");
  EXPECT_EQ(set.levels[0].name, "caf\xC3\xA9");
  EXPECT_EQ(set.levels[0].rows, 2);
  EXPECT_EQ(set.levels[0].columns, 2);
}

TEST(GridWorldLevel, RefusesWhatIsNoCellByLineAndColumn) {
  expect_refused("@.G\n.x.\n", "line 2, column 2", "\"x\" is no cell: expected #");
  expect_refused("  @.G\n  ..g\n", "line 2, column 5", "\"g\" is no cell");
  expect_refused("@ G\n", "line 1, column 2", "\" \" is no cell");
  expect_refused("@\xC3\xA9G\n", "line 1, column 2", "\"\xC3\xA9\" is no cell");
  expect_refused("@.\tG\n", "line 1, column 3", "a tab");
  expect_refused("; \xC3\xA9\n@.\xFFG\n", "line 2, column 3", "is not UTF-8");
  expect_refused(std::string("@.\0G\n", 5), "line 1, column 3", "is no cell");
}

TEST(GridWorldLevel, RefusesLinesOfDifferentLengths) {
  expect_refused("@..G\n...\n", "line 2, column 4", "this line has 3 cells: expected 4, as line 1 has");
  expect_refused("@..G\n.....\n", "line 2, column 5", "this line has 5 cells: expected 4, as line 1 has");
}

TEST(GridWorldLevel, RefusesALevelWithoutAgentOrGoal) {
  expect_refused("\n\n..G\n", "line 3, column 1", "no agent: expected at least one @");
  expect_refused("@G\n\n@..\n", "line 3, column 1", "no goal: expected at least one G");
}

TEST(GridWorldLevel, RefusesADoorWithoutItsKey) {
  expect_refused("@bG\n..A\n", "line 2, column 3", "the door A has no key: expected the key a in this level");
  expect_refused("@aG\n\n@AG\n", "line 3, column 2", "the door A has no key");
}

TEST(GridWorldLevel, RefusesAnAgentThatCanGetToNoGoal) {
  expect_refused("@#G\n", "line 1, column 1", "this agent can get to no goal");
  expect_refused("@AaG\n", "line 1, column 1", "this agent can get to no goal");  // the key lies behind its door
  expect_refused("@G#@\n", "line 1, column 4", "this agent can get to no goal");
  expect_refused("@bAG\n##.#\n##a#\n", "line 1, column 1", "this agent can get to no goal");
  expect_refused("@G.a#@A.G\n", "line 1, column 6", "this agent can get to no goal");  // nobody passes a goal
}

TEST(GridWorldLevel, CountsWhatOthersCanOpen) {
  EXPECT_EQ(compile("a@.A@#\n.#.G..\n").levels.size(), 1U);
  EXPECT_EQ(compile("@baBAG\n").levels.size(), 1U);
}

TEST(GridWorldLevel, RefusesAnotherNumberOfAgents) {
  expect_refused("@G\n\n@@G\n", "line 3, column 2", "this level has 2 agents: expected 1, as the first level has");
  expect_refused("@@G\n\n.@G\n", "line 3, column 2", "this level has 1 agents: expected 2");
}

TEST(GridWorldLevel, RefusesOptionsThatItDoesNotKnowOrThatContradict) {
  expect_refused("size: 3\n@G\n", "line 1, column 1", "there is no option \"size\": expected one of name, step_limit");
  expect_refused("step_limit: ten\n@G\n", "line 1, column 13", "step_limit is \"ten\": expected a number, 1 to");
  expect_refused("step_limit: 0\n@G\n", "line 1, column 13", "expected a number, 1 to 2147483647");
  expect_refused("step_limit: 1.5\n@G\n", "line 1, column 13", "expected a whole number");
  expect_refused("step_cost: nan\n@G\n", "line 1, column 12", "step_cost is \"nan\"");
  expect_refused("step_cost: 1\n@G\n\nstep_cost: 2\n@G\n", "line 4, column 12", "step_cost is 2, and was 1 before");
  expect_refused("name:\n@G\n", "line 1, column 6", "a name is missing");
  expect_refused("@G\n\nname: lost\n", "line 3, column 1", "the name \"lost\" is followed by no level");
}

TEST(GridWorldLevel, RefusesMoreCellsAndAgentsThanItHolds) {
  const std::string wide(largest_side + 1, '.');
  expect_refused(text("@G", wide, "\n"), "line 1, column 1", "more than 128 cells a side");
  std::string high = "@G\n";
  for (int32_t row = 1; row <= largest_side; ++row) high += "..\n";
  expect_refused(high, "line 129, column 1", "more than 128 cells a side");
  expect_refused(text(std::string(most_agents + 1, '@'), "G\n"), "line 1, column 17", "expected 16 at most");
}

TEST(GridWorldLevel, RefusesTextWithoutALevel) {
  for (const char *content : {"", "\n\n", "; nothing\n", "step_limit: 5\n"})
    expect_failure(Status::data_error, HasSubstr("the level has no level"), [&] { compile(content); });
}

TEST(GridWorldLevel, NamesTheTextThatIsWrong) {
  const LevelText texts[] = {{"\"one.txt\"", "@G\n"}, {"\"two.txt\"", "@?G\n"}};
  expect_failure(Status::data_error, StartsWith("\"two.txt\", line 1, column 2: "), [&] { compile_levels(texts); });
}

TEST(GridWorldLevel, ComparesOptionsOverAllTexts) {
  const LevelText texts[] = {{"\"one.txt\"", "step_limit: 4\n@G\n"}, {"\"two.txt\"", "step_limit: 5\n@G\n"}};
  expect_failure(Status::data_error, HasSubstr("\"two.txt\", line 1, column 13: step_limit is 5, and was 4 before"),
                 [&] { compile_levels(texts); });
}

}  // namespace
}  // namespace penstock::core::grid_world
