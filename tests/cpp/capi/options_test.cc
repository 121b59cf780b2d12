// Structs with a struct_size, as callers of older and of newer headers give them.
#include <gmock/gmock.h>

#include <algorithm>
#include <cstring>

#include "calls.h"
#include "function_list.h"
#include "sized_structs.h"

namespace penstock::test {
namespace {

using ::testing::HasSubstr;

constexpr std::byte garbage{0xA5};
constexpr uint32_t longest_tail = 40;

class SizedStructTest : public ::testing::TestWithParam<SizedStruct> {
 protected:
  // Runs check(call, position) for each call in the table that reads a struct of this kind.
  template <typename Check>
  void for_each_reader(Check &&check) {
    const std::string type = "const " + GetParam().name + " *";
    for (const Call &call : all_calls()) {
      const auto &parameters = public_headers().function(call.function()).parameters;
      for (size_t position = 0; position < parameters.size(); ++position)
        if (parameters[position].type == type) check(call, position);
    }
  }

  // Whether a call succeeds when the bytes are what it is given as its struct.
  bool succeeds_with(const Call &call, size_t position, const std::vector<std::byte> &bytes) {
    Stage stage;
    std::vector<Word> arguments = call.arguments(stage);
    arguments[position] = to_word(stage.inputs(bytes));
    return succeeds(call, arguments);
  }
};

INSTANTIATE_TEST_SUITE_P(Headers, SizedStructTest, ::testing::ValuesIn(sized_structs()),
                         [](const ::testing::TestParamInfo<SizedStruct> &info) { return info.param.name; });

TEST_P(SizedStructTest, IsFilledByItsInitFunctionAsByItsMacro) {
  std::vector<std::byte> bytes(GetParam().size, garbage);
  EXPECT_OK(GetParam().init(bytes.data(), static_cast<uint32_t>(bytes.size())));
  EXPECT_EQ(bytes, GetParam().by_macro);
}

TEST_P(SizedStructTest, OfAnOlderHeaderIsFilledUpToItsSize) {
  for (const uint32_t size : GetParam().sizes_at_a_field_end()) {
    std::vector<std::byte> bytes(GetParam().size, garbage), expected = GetParam().with_size(size);
    expected.resize(bytes.size(), garbage);
    EXPECT_OK(GetParam().init(bytes.data(), size));
    EXPECT_EQ(bytes, expected) << size;
  }
}

TEST_P(SizedStructTest, OfANewerHeaderIsFilledWithZerosBehindTheKnownFields) {
  for (uint32_t tail = 1; tail <= longest_tail; ++tail) {
    const auto size = static_cast<uint32_t>(GetParam().size) + tail;
    std::vector<std::byte> bytes(size + 1, garbage), expected = GetParam().with_size(size);
    expected.push_back(garbage);
    EXPECT_OK(GetParam().init(bytes.data(), size));
    EXPECT_EQ(bytes, expected) << size;
  }
}

TEST_P(SizedStructTest, ThatEndsInsideAFieldIsNotFilled) {
  for (const uint32_t size : GetParam().sizes_inside_a_field()) {
    std::vector<std::byte> bytes(GetParam().size, garbage);
    EXPECT_EQ(GetParam().init(bytes.data(), size), PS_INVALID_ARGUMENT) << size;
    EXPECT_EQ(bytes, std::vector<std::byte>(GetParam().size, garbage)) << size;
  }
}

TEST_P(SizedStructTest, IsDeclaredForItsInitFunction) {
  const Function &init = public_headers().function(GetParam().init_name);
  ASSERT_EQ(init.parameters.size(), 2u);
  EXPECT_EQ(init.parameters[0].type, GetParam().name + " *");
  EXPECT_EQ(init.parameters[1].type, "uint32_t");
}

TEST_P(SizedStructTest, OfAnOlderHeaderMeansTheDefaultsForTheRest) {
  for_each_reader([&](const Call &call, size_t position) {
    for (const uint32_t size : GetParam().sizes_at_a_field_end()) {
      std::vector<std::byte> bytes = GetParam().with_size(size);
      bytes.resize(GetParam().size, garbage);  // what would be refused, or followed, if it were read
      EXPECT_TRUE(succeeds_with(call, position, bytes)) << call.name() << ", " << size << ": " << ps_last_error();
    }
  });
}

TEST_P(SizedStructTest, OfAnOlderHeaderIsNotReadBeyondItsEnd) {
  for_each_reader([&](const Call &call, size_t position) {
    for (const uint32_t size : GetParam().sizes_at_a_field_end())  // AddressSanitizer watches the end
      EXPECT_TRUE(succeeds_with(call, position, GetParam().with_size(size))) << call.name() << ", " << size;
  });
}

TEST_P(SizedStructTest, OfANewerHeaderWorksWithZeros) {
  for_each_reader([&](const Call &call, size_t position) {
    for (uint32_t tail = 1; tail <= longest_tail; ++tail) {
      const std::vector<std::byte> bytes = GetParam().with_size(static_cast<uint32_t>(GetParam().size) + tail);
      EXPECT_TRUE(succeeds_with(call, position, bytes)) << call.name() << ", " << tail << ": " << ps_last_error();
    }
  });
}

TEST_P(SizedStructTest, OfANewerHeaderIsRefusedForAnyByteThatIsNotKnown) {
  for_each_reader([&](const Call &call, size_t position) {
    const size_t known = GetParam().size;
    for (size_t set = known; set < known + longest_tail; ++set) {
      std::vector<std::byte> bytes = GetParam().with_size(static_cast<uint32_t>(known) + longest_tail);
      bytes[set] = std::byte{0x80};
      ps_clear_error();
      EXPECT_FALSE(succeeds_with(call, position, bytes)) << call.name() << ", " << set;
      EXPECT_THAT(ps_last_error(), HasSubstr("too old")) << call.name() << ", " << set;
    }
  });
}

TEST(MemoryUsage, OfAnOlderHeaderIsFilledUpToItsSize) {
  const SizedStruct &known = *find_sized_struct("ps_memory_usage");
  const TensorHold held = make_matrix();
  ps_memory_usage whole = PS_MEMORY_USAGE_INIT;
  ASSERT_OK(ps_memory_stats(&whole, PS_DEVICE_CPU, 0));
  for (const uint32_t size : known.sizes_at_a_field_end()) {
    std::vector<std::byte> bytes(known.size, garbage), expected(known.size, garbage);
    write_struct_size(bytes.data(), size);
    std::memcpy(expected.data(), &whole, size);
    write_struct_size(expected.data(), size);
    EXPECT_OK(ps_memory_stats(reinterpret_cast<ps_memory_usage *>(bytes.data()), PS_DEVICE_CPU, 0));
    EXPECT_EQ(bytes, expected) << size;
  }
}

TEST(MemoryUsage, OfANewerHeaderGetsZerosForWhatThisLibraryDoesNotCount) {
  constexpr uint32_t size = sizeof(ps_memory_usage) + longest_tail;
  std::vector<std::byte> bytes(size + 1, garbage);
  write_struct_size(bytes.data(), size);
  ASSERT_OK(ps_memory_stats(reinterpret_cast<ps_memory_usage *>(bytes.data()), PS_DEVICE_CPU, 0));
  const std::vector<std::byte> tail(bytes.begin() + sizeof(ps_memory_usage), bytes.end() - 1);
  EXPECT_EQ(tail, std::vector<std::byte>(longest_tail));
  EXPECT_EQ(bytes.back(), garbage);
}

}  // namespace
}  // namespace penstock::test
