#include "core/io/safetensors.h"

#include <cstring>
#include <string>
#include <vector>

#include "core/base/error.h"
#include "core/io/little_endian.h"
#include "core/tensor/create.h"
#include "core/tensor/view.h"
#include "tests/cpp/engine/io_testing.h"

namespace penstock::core {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;

Tensor range(DType dtype, const Extents &shape) {
  Tensor tensor = empty(dtype, shape, {});
  for (int64_t index = 0; index < tensor.nbytes(); ++index) tensor.data[index] = static_cast<std::byte>(index % 251);
  return tensor;
}

std::string file_of(const std::string &header, const std::string &data = {}) {
  std::string bytes;
  append_little_endian(bytes, static_cast<uint64_t>(header.size()));
  return bytes + header + data;
}

std::string refusal(const std::string &bytes) {
  const TemporaryFolder folder;
  write_bytes(folder.path("forged.safetensors"), bytes);
  try {
    const Safetensors file = Safetensors::open(folder.path("forged.safetensors"));
    for (int64_t index = 0; index < file.count(); ++index) file.read(file.name(index), {});
  } catch (const Error &error) {
    return std::string(error.sentence());
  }
  return "";
}

std::string refused_header(const std::string &header, const std::string &data = {}) {
  return refusal(file_of(header, data));
}

TEST(Safetensors, TensorsOfAnyStridesComeBackAsTheyWere) {
  const TemporaryFolder folder;
  const std::string path = folder.path("model.safetensors");
  const Tensor wide = range(DType::float64, {3, 2}), small = range(DType::bfloat16, {5}),
               none = range(DType::int8, {0, 4});
  const Tensor turned = transpose(wide, 0, 1);
  const std::vector<NamedTensor> tensors = {
      {"small", small}, {"turned", turned}, {"gr\xC3\xB6\xC3\x9F", wide}, {"none", none}};
  save_safetensors(path, tensors, {{"step", "7"}, {"words", "\"quoted\"\n"}}, {});
  const Safetensors file = Safetensors::open(path);
  ASSERT_EQ(file.count(), 4);
  EXPECT_EQ(element_bytes(file.read("turned", {})), row_major_bytes(turned));
  EXPECT_EQ(element_bytes(file.read("gr\xC3\xB6\xC3\x9F", {})), element_bytes(wide));
  EXPECT_EQ(element_bytes(file.read("small", {})), element_bytes(small));
  EXPECT_EQ(file.read("none", {}).shape, (Extents{0, 4}));
  EXPECT_THAT(file.metadata(), ElementsAre(Pair("step", "7"), Pair("words", "\"quoted\"\n")));
}

TEST(Safetensors, WhatIsNoSuchFileIsRefused) {
  EXPECT_THAT(refusal(""), HasSubstr("has 0 bytes"));
  EXPECT_THAT(refusal("1234567"), HasSubstr("has 7 bytes"));
  EXPECT_THAT(refusal(std::string(64, '\xff')), HasSubstr("header of 18446744073709551615 bytes, where 56 are left"));
  EXPECT_THAT(refusal(file_of("")), HasSubstr("does not begin with {"));
  EXPECT_THAT(refusal(file_of("[1]")), HasSubstr("does not begin with {"));
  EXPECT_THAT(refused_header("{\"a\":}"), HasSubstr("is no JSON at its byte 6 of 6"));
  EXPECT_THAT(refused_header("{\"a\":1e999}"), HasSubstr("too large"));
}

TEST(Safetensors, AHeaderThatSaysTwoThingsIsRefused) {
  const std::string entry = R"({"dtype":"U8","shape":[1],"data_offsets":[0,1]})";
  EXPECT_THAT(refused_header("{\"a\":" + entry + ",\"a\":" + entry + "}", "x"), HasSubstr("the key \"a\" twice"));
  const std::string deep = std::string(100, '[') + std::string(100, ']');
  EXPECT_THAT(refused_header("{\"a\":" + deep + "}"), HasSubstr("more than 64 deep"));
}

TEST(Safetensors, SizesThatDoNotFitAreRefused) {
  const auto header = [](const std::string &shape, const std::string &offsets, const std::string &dtype = "F32") {
    return R"({"w":{"dtype":")" + dtype + R"(","shape":)" + shape + R"(,"data_offsets":)" + offsets + "}}";
  };
  const std::string four(4, 'x');
  EXPECT_EQ(refused_header(header("[1]", "[0,4]"), four), "");
  EXPECT_THAT(refused_header(header("[2]", "[0,4]"), four), HasSubstr("needs 8"));
  EXPECT_THAT(refused_header(header("[1]", "[4,0]"), four), HasSubstr("before it begins"));
  EXPECT_THAT(refused_header(header("[1]", "[0,4]"), "xxxxx"), HasSubstr("has 5 bytes behind its header"));
  EXPECT_THAT(refused_header(header("[1]", "[0,4]"), "xxx"), HasSubstr("has 3 bytes behind its header"));
  EXPECT_THAT(refused_header(header("[1]", "[1,5]"), "xxxxx"), HasSubstr("begins at byte 1"));
  EXPECT_THAT(refused_header(header("[-1]", "[0,4]"), four), HasSubstr("\"-1\""));
  EXPECT_THAT(refused_header(header("[1.0]", "[0,4]"), four), HasSubstr("\"1.0\""));
  EXPECT_THAT(refused_header(header("[4294967296,4294967296]", "[0,4]"), four), HasSubstr("tensor \"w\""));
  EXPECT_THAT(refused_header(header("[9223372036854775808]", "[0,4]"), four), HasSubstr("9223372036854775808"));
  EXPECT_THAT(refused_header(header("{}", "[0,4]"), four), HasSubstr("expected a list"));
  EXPECT_THAT(refused_header(header("[1]", "[0]"), four), HasSubstr("expected two numbers"));
  EXPECT_THAT(refused_header(header("[1]", "[0,4]", "F33"), four), HasSubstr("\"F33\""));
  EXPECT_THAT(refused_header(header("[8]", "[0,4]", "F4"), four), HasSubstr("F4, which penstock lacks"));
  EXPECT_THAT(refused_header(R"({"w":{"dtype":"U8","shape":[1]}})"), HasSubstr("has no data_offsets"));
  EXPECT_THAT(refused_header(R"({"w":7})"), HasSubstr("expected an object"));
  EXPECT_THAT(refused_header(R"({"a\u0000b":{}})"), HasSubstr("zero byte"));
  EXPECT_THAT(refused_header(R"({"__metadata__":{"a":7}})"), HasSubstr("expected a text"));
}

TEST(Safetensors, TensorsThatShareBytesAreRefused) {
  const std::string header = R"({"a":{"dtype":"U8","shape":[3],"data_offsets":[0,3]},)"
                             R"("b":{"dtype":"U8","shape":[2],"data_offsets":[2,4]}})";
  EXPECT_THAT(refused_header(header, "wxyz"), HasSubstr("tensor \"b\" begins at byte 2"));
}

TEST(Safetensors, AFileThatIsCutAnywhereIsRefused) {
  const TemporaryFolder folder;
  const std::string path = folder.path("model.safetensors");
  const Tensor numbers = range(DType::int32, {4});
  save_safetensors(path, std::vector<NamedTensor>{{"numbers", numbers}}, {}, {});
  const std::string whole = read_bytes(path);
  EXPECT_EQ(refusal(whole), "");
  for (size_t size = 0; size < whole.size(); ++size) EXPECT_NE(refusal(whole.substr(0, size)), "") << size;
}

}  // namespace
}  // namespace penstock::core
