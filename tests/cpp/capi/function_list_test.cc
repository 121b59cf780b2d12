#include "function_list.h"

#include <gmock/gmock.h>

namespace penstock::test {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Not;

TEST(FunctionList, HasEachFunctionWithItsTypesAndItsComment) {
  PublicHeaders headers{};
  read_header(headers, "made.h",
              "#define PS_API /* not a declaration */\n"
              "/* About another. */\n"
              "/* Makes\n * a thing. */\n"
              "PS_API ps_status ps_thing_make(ps_thing **out,\n    const int64_t *shape, double size);\n"
              "PS_API const char *ps_nothing(void);\n");
  ASSERT_EQ(headers.functions.size(), 2u);
  const Function &make = headers.functions[0];
  EXPECT_EQ(make.name, "ps_thing_make");
  EXPECT_EQ(make.return_type, "ps_status");
  EXPECT_EQ(make.comment, "Makes a thing.");
  ASSERT_EQ(make.parameters.size(), 3u);
  EXPECT_EQ(make.parameters[0].type, "ps_thing **");
  EXPECT_EQ(make.parameters[1].type, "const int64_t *");
  EXPECT_EQ(make.parameters[2].name, "size");
  EXPECT_EQ(headers.functions[1].return_type, "const char *");
  EXPECT_THAT(headers.functions[1].parameters, IsEmpty());
}

TEST(FunctionList, HasSizedStructsAndEnumsButNoOtherStructs) {
  PublicHeaders headers{};
  read_header(headers, "made.h",
              "typedef struct ps_hidden ps_hidden;\n"
              "typedef struct ps_pair { int32_t first, second; } ps_pair;\n"
              "typedef struct ps_made_options {\n  uint32_t struct_size; /* why; not */\n  void *user;\n} "
              "ps_made_options;\n"
              "typedef enum ps_kind PS_ENUM_BASE { PS_ONE = 1, /* one, two */ PS_MINUS = -2 } ps_kind;\n");
  ASSERT_EQ(headers.sized_structs.size(), 1u);
  EXPECT_EQ(headers.sized_structs[0].name, "ps_made_options");
  ASSERT_EQ(headers.sized_structs[0].fields.size(), 2u);
  EXPECT_EQ(headers.sized_structs[0].fields[1].type, "void *");
  ASSERT_EQ(headers.enums.size(), 1u);
  EXPECT_EQ(headers.enums[0].name, "ps_kind");
  EXPECT_THAT(headers.enums[0].values, ElementsAre(1, -2));
}

TEST(FunctionList, EveryExportedDeclarationOfThePublicHeadersIsAFunctionWithAContract) {
  const PublicHeaders &headers = public_headers();
  EXPECT_EQ(static_cast<int64_t>(headers.functions.size()), headers.export_marks);
  EXPECT_GE(headers.functions.size(), 70u);
  for (const Function &function : headers.functions) EXPECT_THAT(function.comment, Not(IsEmpty())) << function.name;
}

}  // namespace
}  // namespace penstock::test
