#include "core/io/npy_header.h"

#include <algorithm>
#include <string>
#include <string_view>

#include "core/io/little_endian.h"
#include "tests/cpp/engine/io_testing.h"

namespace penstock::core {
namespace {

// A header around a dictionary's text, as format 1.0 has it; later formats have two more bytes of length.
std::string header_around(const std::string &dictionary, char major = 1) {
  std::string header = "\x93NUMPY";
  header += major;
  header += '\0';
  append_little_endian(header, static_cast<uint16_t>(dictionary.size()));
  if (major > 1) append_little_endian(header, uint16_t{0});
  return header + dictionary;
}

NpyHeader parse(const std::string &dictionary, int64_t data_nbytes) {
  const std::string header = header_around(dictionary);
  return parse_npy_header(bytes_of(header), header.size() + static_cast<uint64_t>(data_nbytes), "a.npy");
}

std::string with_descr(const std::string &descr) {
  return "{'descr': " + descr + ", 'fortran_order': False, 'shape': (3,), }";
}
std::string with_shape(const std::string &shape) {
  return "{'descr': '<f4', 'fortran_order': False, 'shape': " + shape + ", }";
}

TEST(NpyHeader, IsReadHoweverPythonAllowsItToBeWritten) {
  for (const char *dictionary : {"{'descr': '<f4', 'fortran_order': True, 'shape': (2, 3), }  \n",
                                 "{'descr':'<f4','fortran_order':True,'shape':(2,3)}",
                                 "{\"shape\": (2,3,), \"descr\": \"<f4\", \"fortran_order\": True}",
                                 " \t{ 'shape' : ( 2 , 3 ) , 'descr' : '<f4' ,\n"
                                 "'fortran_order' : True , }\n"}) {
    const NpyHeader header = parse(dictionary, 24);
    EXPECT_EQ(header.dtype, DType::float32) << dictionary;
    EXPECT_EQ(header.shape, (Extents{2, 3})) << dictionary;
    EXPECT_TRUE(header.column_major) << dictionary;
    EXPECT_EQ(header.nbytes, 24) << dictionary;
    EXPECT_EQ(header.data_offset, 10 + std::string(dictionary).size()) << dictionary;
  }
}

TEST(NpyHeader, ReadsTheShapesThatPythonWrites) {
  EXPECT_EQ(parse(with_shape("()"), 4).shape, Extents{});
  EXPECT_EQ(parse(with_shape("( )"), 4).shape, Extents{});
  EXPECT_EQ(parse(with_shape("(3,)"), 12).shape, Extents{3});
  EXPECT_EQ(parse(with_shape("(0, 5)"), 0).shape, (Extents{0, 5}));
}

TEST(NpyHeader, OneByteTypesHaveNoByteOrderAndOthersMayLeaveItOut) {
  for (const char *descr : {"'|i1'", "'<i1'", "'>i1'", "'=i1'", "'i1'"}) {
    EXPECT_EQ(parse(with_descr(descr), 3).dtype, DType::int8) << descr;
  }
  for (const char *descr : {"'<i2'", "'=i2'", "'i2'"}) EXPECT_FALSE(parse(with_descr(descr), 6).big_endian) << descr;
  EXPECT_TRUE(parse(with_descr("'>i2'"), 6).big_endian);
  expect_failure(Status::data_error, {"|i2", "byte order"}, [] { parse(with_descr("'|i2'"), 6); });
}

TEST(NpyHeader, UnsupportedTypesAreNamedWithTheReason) {
  const struct {
    const char *descr, *reason;
  } cases[] = {{"'|O'", "never unpickled"},
               {"'<U5'", "text"},
               {"'|S5'", "text"},
               {"'<M8[ns]'", "times"},
               {"'<m8[D]'", "times"},
               {"'|V2'", "bfloat16"},
               {"'<V2'", "bfloat16"},
               {"'<f16'", "expected bool"},
               {"'<c32'", "expected bool"},
               {"'<i3'", "expected"},
               {"''", "expected"},
               {"'<'", "expected"},
               {"[('a', '<f4')]", "records"},
               {"('<f4', (2,))", "sub-arrays"},
               {"[('a]', [('b', '<f4', (2, 2))])]", "records"}};
  for (const auto &unsupported : cases)
    expect_failure(Status::type_mismatch, {"a.npy", unsupported.reason},
                   [&] { parse(with_descr(unsupported.descr), 6); });
}

TEST(NpyHeader, WordsThatAreNotNumPysAreRefusedWithTheirOffset) {
  const struct {
    const char *dictionary, *reason;
  } cases[] = {
      {"", "byte 10: expected \"{\", found the end"},
      {"{}", "the key descr is missing"},
      {"{'descr': '<f4', 'fortran_order': False}", "the key shape is missing"},
      {"{'descr': '<f4', 'shape': (3,)}", "the key fortran_order is missing"},
      {"{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': (3,)}", "byte 27: a key stands twice"},
      {"{'descr': '<f4', 'fortran_order': False, 'shape': (3,), 'x': 1}", "unknown key \"x\""},
      {"{'descr': '<f4' 'fortran_order': False, 'shape': (3,)}", "expected \"}\""},
      {"{'descr' '<f4', 'fortran_order': False, 'shape': (3,)}", "expected \":\""},
      {"{descr: '<f4', 'fortran_order': False, 'shape': (3,)}", "a string in quotes"},
      {"{'descr': '<f4\", 'fortran_order': False, 'shape': (3,)}", "expected \"}\""},
      {"{'descr': '<f4", "a string that ends"},
      {"{'descr': '<\\x664', 'fortran_order': False, 'shape': (3,)}", "no backslash"},
      {"{'descr': 4, 'fortran_order': False, 'shape': (3,)}", "a string in quotes"},
      {"{'descr': [('a', '<f4'), 'fortran_order': False, 'shape': (3,)}", "a closing bracket"},
      {"{'descr': '<f4', 'fortran_order': 0, 'shape': (3,)}", "True or False"},
      {"{'descr': '<f4', 'fortran_order': false, 'shape': (3,)}", "True or False"},
      {"{'descr': '<f4', 'fortran_order': False, 'shape': (3,)} x", "the end of the header"},
      {"{'descr': '<f4', 'fortran_order': False, 'shape': (3,)", "expected \"}\""},
  };
  for (const auto &refused : cases)
    expect_failure(Status::data_error, {"a.npy", "at byte ", refused.reason}, [&] { parse(refused.dictionary, 12); });
}

TEST(NpyHeader, ShapesThatAreNoTupleOfSizesAreRefused) {
  for (const char *shape : {"3", "[3]", "(3)", "(3", "(,)", "(3,,)", "(-3,)", "(+3,)", "(03,)", "(3L,)", "(3.0,)",
                            "(0x3,)", "(1_0,)", "(None,)", "('3',)", "(3 3,)", "((3,),)", "(9223372036854775808,)"})
    EXPECT_EQ(failure_of([&] { parse(with_shape(shape), 12); }).status(), Status::data_error) << shape;
}

TEST(NpyHeader, ShapesThatNoMemoryCouldHoldAreRefused) {
  for (const char *shape : {"(4294967296, 4294967296)", "(9223372036854775807,)", "(0, 4294967296, 4294967296)"})
    expect_failure(Status::data_error, {"a.npy", "2^56"}, [&] { parse(with_shape(shape), 0); });
}

TEST(NpyHeader, SixteenAxesAreReadAndSeventeenRefused) {
  std::string sizes;
  for (int axis = 0; axis < 16; ++axis) sizes += "1,";
  EXPECT_EQ(parse(with_shape("(" + sizes + ")"), 4).shape.size(), 16);
  expect_failure(Status::data_error, {"more than 16 sizes"}, [&] { parse(with_shape("(" + sizes + "1)"), 4); });
}

TEST(NpyHeader, FileMustHaveExactlyTheBytesThatTheShapeNeeds) {
  const std::string dictionary = with_shape("(3,)");
  const std::string needed = std::to_string(10 + dictionary.size() + 12),
                    has = std::to_string(10 + dictionary.size() + 11);
  expect_failure(Status::data_error, {"cut short", "needs " + needed, "has " + has}, [&] { parse(dictionary, 11); });
  expect_failure(Status::data_error, {"2 bytes left over", "(3,)", "float32"}, [&] { parse(dictionary, 14); });
}

TEST(NpyHeader, LengthIsLimitedAsNumPyLimitsIt) {
  std::string dictionary = with_shape("(3,)");
  dictionary.resize(10'000, ' ');
  EXPECT_EQ(parse(dictionary, 12).shape, Extents{3});
  dictionary += ' ';
  expect_failure(Status::data_error, {"10001", "at most 10000"}, [&] { parse(dictionary, 12); });
}

TEST(NpyHeader, OtherMagicsAndFormatsAreRefused) {
  const std::string good = header_around(with_shape("(3,)"));
  const auto parse_changed = [&](size_t position, char character) {
    std::string header = good;
    header[position] = character;
    parse_npy_header(bytes_of(header), header.size() + 12, "a.npy");
  };
  expect_failure(Status::data_error, {"not a .npy file", "\\x93NUMPX"}, [&] { parse_changed(5, 'X'); });
  expect_failure(Status::data_error, {"format 0.0"}, [&] { parse_changed(6, 0); });
  expect_failure(Status::data_error, {"format 4.0"}, [&] { parse_changed(6, 4); });
  expect_failure(Status::data_error, {"format 1.1"}, [&] { parse_changed(7, 1); });
}

TEST(NpyHeader, LaterFormatsHaveALengthOfFourBytes) {
  for (const char major : {char{2}, char{3}}) {
    const std::string header = header_around(with_shape("(3,)"), major);
    const NpyHeader parsed = parse_npy_header(bytes_of(header), header.size() + 12, "a.npy");
    EXPECT_EQ(parsed.data_offset, header.size());
    EXPECT_EQ(parsed.shape, Extents{3});
  }
}

TEST(NpyHeader, TypesWithoutANumPyNameCannotBeSaved) {
  expect_failure(Status::type_mismatch, {"\"w\"", "bfloat16", "as uint16"},
                 [] { format_npy_header(DType::bfloat16, {2}, "\"w\""); });
  for (const DType dtype : {DType::float8_e4m3fn, DType::float8_e5m2})
    expect_failure(Status::type_mismatch, {std::string(dtype_name(dtype)), "as uint8"},
                   [&] { format_npy_header(dtype, {2}, "a.npy"); });
}

// The dictionary that a header was read from, as far as one changed byte of the one below can make a difference.
std::string dictionary_of(const NpyHeader &header) {
  const char *name = header.dtype == DType::int16     ? "i2"
                     : header.dtype == DType::uint16  ? "u2"
                     : header.dtype == DType::float16 ? "f2"
                                                      : "?";
  return text("{'descr':'", header.big_endian ? '>' : '<', name,
              "','fortran_order':", header.column_major ? "True" : "False", ",'shape':(", header.shape[0], ",",
              header.shape[1], ")}");
}

// Spaces and a last comma mean nothing, and no byte order means the machine's.
std::string normalised(std::string dictionary) {
  std::erase_if(dictionary,
                [](char character) { return std::string_view(" \t\n\r\f").find(character) != std::string_view::npos; });
  std::replace(dictionary.begin(), dictionary.end(), '=', '<');
  if (dictionary.ends_with(",}")) dictionary.erase(dictionary.size() - 2, 1);
  return dictionary;
}

TEST(NpyHeader, EveryChangedByteIsRefusedOrReadAsItStands) {
  const std::string good = header_around("{'descr':'<i2','fortran_order':False,'shape':(2,3),}");
  size_t accepted = 0;
  for (size_t position = 0; position < good.size(); ++position) {
    for (int value = 0; value < 256; ++value) {
      std::string changed = good;
      changed[position] = static_cast<char>(value);
      NpyHeader header;
      const Error failure =
          failure_of([&] { header = parse_npy_header(bytes_of(changed), good.size() + 12, "a.npy"); });
      if (failure.status() != Status::ok) continue;
      ++accepted;
      EXPECT_EQ(dictionary_of(header), normalised(changed.substr(10))) << "byte " << position << " as " << value;
    }
  }
  EXPECT_GT(accepted, good.size());  // each byte as it was, and some more
}

}  // namespace
}  // namespace penstock::core
